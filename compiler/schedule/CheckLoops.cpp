//===- CheckLoops.cpp - Loop nests that come from a file -----------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/schedule/IndexExpr.h"
#include "compiler/schedule/Schedule.h"

using namespace mlir;
using namespace srcc::sched;

/// Whether a stage is realized before `op`, in a block around it.
static bool isRealizedAround(Operation *op, StringRef stage, LoopsOp loops) {
  for (Operation *around = op; around != loops; around = around->getParentOp())
    for (auto realize : around->getBlock()->getOps<RealizeOp>())
      if (realize.getStage() == stage && realize->isBeforeInBlock(around))
        return true;
  return false;
}

/// An index out of lists comes from a table of integers; what is to be tabulated is a known column.
static LogicalResult checkTap(TapOp tap, PipelineOp pipeline) {
  auto isOfIntegers = [&](StringRef name, int64_t rank) {
    auto table = dyn_cast_or_null<TableOp>(SymbolTable::lookupSymbolIn(pipeline, name));
    return table && table.getValue().getShapedType().getRank() == rank &&
           isa<DenseIntElementsAttr>(table.getValue());
  };
  if (!isOfIntegers(tap.getTable(), tap.getIndices().size()))
    return tap.emitOpError("@") << tap.getTable() << " is no table of integers with "
                                << tap.getIndices().size() << " dimensions";
  if (!tap.getLists())
    return success();
  if (!isOfIntegers(*tap.getLists(), 1))
    return tap.emitOpError("@") << *tap.getLists()
                                << " is no table of the places where lists start";
  auto column = tap.getIndices().size() == 2 ? IndexExpr::get(tap.getIndices().back()).constant()
                                             : std::optional<int64_t>();
  auto shape = [&](StringRef name) {
    auto table = cast<TableOp>(SymbolTable::lookupSymbolIn(pipeline, name));
    return table.getValue().getShapedType().getShape();
  };
  if (!column || *column < 0 || *column >= shape(tap.getTable())[1])
    return tap.emitOpError("with lists takes a tap and a constant column of @") << tap.getTable();
  // Lists start at steps of taps.
  int64_t step = stepOf(IndexExpr::get(tap.getIndices().front())).second;
  auto lists = cast<TableOp>(SymbolTable::lookupSymbolIn(pipeline, *tap.getLists()));
  for (const APInt &place : cast<DenseIntElementsAttr>(lists.getValue()).getValues<APInt>())
    if (place.isNegative() || place.sgt(shape(tap.getTable())[0] / step))
      return tap.emitOpError("@") << *tap.getLists() << " has a place beyond the "
                                  << shape(tap.getTable())[0] << " taps of @" << tap.getTable();
  return success();
}

/// Loop nests may come from a file: what they name is in the pipeline, and what they compute inside
/// a nest is stored around it.
static LogicalResult checkLoops(LoopsOp loops, PipelineOp pipeline, const Schedule &schedule) {
  auto result = loops.walk([&](Operation *op) -> WalkResult {
    if (auto loop = dyn_cast<ForOp>(op)) {
      Block &body = loop.getBody().front();
      if (body.getNumArguments() != 1 || !body.getArgument(0).getType().isIndex())
        return op->emitOpError("loop \"")
               << loop.getName() << "\" has no variable; legal: ^bb0(%i: index)";
      return WalkResult::advance();
    }
    StringRef name;
    std::optional<size_t> indices;
    if (auto load = dyn_cast<LoadOp>(op))
      name = load.getSource(), indices = load.getIndices().size();
    else if (auto touch = dyn_cast<TouchOp>(op))
      name = touch.getSource(), indices = touch.getIndices().size();
    else if (auto store = dyn_cast<StoreOp>(op))
      name = store.getStage(), indices = store.getIndices().size();
    else if (auto tap = dyn_cast<TapOp>(op))
      name = tap.getTable();
    else if (auto realize = dyn_cast<RealizeOp>(op))
      name = realize.getStage();
    else if (auto produce = dyn_cast<ProduceOp>(op))
      name = produce.getStage();
    else
      return WalkResult::advance();
    Operation *named = SymbolTable::lookupSymbolIn(pipeline, name);
    if (!named || (isa<ProduceOp>(op) && !isa<StageOp>(named)))
      return op->emitOpError("names @")
             << name << ", which pipeline @" << pipeline.getSymName() << " does not have";
    if (size_t rank = dimNames(named).size(); indices && *indices != rank)
      return op->emitOpError("has ")
             << *indices << " indices, but @" << name << " has " << rank << " dimensions";
    if (auto tap = dyn_cast<TapOp>(op))
      return WalkResult(checkTap(tap, pipeline));
    if (!isa<StageOp>(named) || schedule.of(name).root || isa<RealizeOp, TouchOp>(op) ||
        isRealizedAround(op, name, loops))
      return WalkResult::advance();
    return op->emitOpError(isa<LoadOp>(op) ? "reads @" : "computes @")
           << name << ", which has no sched.realize around it";
  });
  return failure(result.wasInterrupted());
}

FailureOr<std::pair<PipelineOp, Schedule>> srcc::sched::scheduleOf(LoopsOp loops) {
  auto module = loops->getParentOfType<ModuleOp>();
  auto pipeline = module.lookupSymbol<PipelineOp>(loops.getPipeline());
  if (!pipeline)
    return loops.emitOpError("names @") << loops.getPipeline() << ", which is no pipeline here";
  ScheduleOp scheduleOp;
  for (auto op : module.getOps<ScheduleOp>())
    if (op.getPipeline() == pipeline.getSymName())
      scheduleOp = op;
  auto schedule = readSchedule(pipeline, scheduleOp);
  if (failed(schedule) || failed(checkLoops(loops, pipeline, *schedule)))
    return failure();
  return std::make_pair(pipeline, std::move(*schedule));
}
