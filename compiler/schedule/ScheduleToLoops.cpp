//===- ScheduleToLoops.cpp - Algorithm and schedule become loop nests -----===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/schedule/IndexExpr.h"
#include "compiler/schedule/Passes.h"
#include "compiler/schedule/Schedule.h"
#include "compiler/schedule/TapLists.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringSet.h"

#define DEBUG_TYPE "sched-to-loops"

namespace srcc::sched {
#define GEN_PASS_DEF_SCHEDTOLOOPS
#include "compiler/schedule/Passes.h.inc"
} // namespace srcc::sched

using namespace mlir;
using namespace srcc::sched;

namespace {

/// What stands for the read of a grouped table: a load from its packed values.
struct TapReader {
  Operation *read = nullptr;
  std::function<Value()> load;
};

/// Builds the loop nests of one pipeline under one schedule.
class NestBuilder {
public:
  NestBuilder(PipelineOp pipeline, const Schedule &schedule, OpBuilder &builder)
      : pipeline(pipeline), schedule(schedule), builder(builder) {}

  LogicalResult run() {
    for (auto stage : pipeline.getOps<StageOp>())
      if (const StageSchedule &s = schedule.of(stage.getSymName()); s.root && !s.with) {
        root = stage.getSymName();
        if (failed(produce(stage)))
          return failure();
      }
    return success();
  }
  /// Everything computed and loaded has storage around it.
  LogicalResult checkStorage(LoopsOp loops);

private:
  LogicalResult produce(StageOp stage);
  LogicalResult nest(StageOp stage, unsigned index, MutableArrayRef<RequiredOp> bounds);
  SmallVector<StageOp> computedWith(StringRef stage, StringRef loop);
  FailureOr<Value> evaluate(StageOp stage, Region &region, ValueRange indices,
                            ArrayRef<Value> rest);
  FailureOr<Value> read(ReadOp op, ValueRange indices);
  /// Whether some stage at this loop nest computes `name` itself.
  bool computesInside(StringRef consumer, StringRef loop, StringRef name) {
    for (auto &[c, l] : schedule.of(name).at)
      if (c == consumer && l == loop)
        return true;
    return false;
  }
  Value constant(int64_t n, Location loc) {
    return arith::ConstantIndexOp::create(builder, loc, n);
  }

  PipelineOp pipeline;
  const Schedule &schedule;
  OpBuilder &builder;
  std::string root;
  TapReader *taps = nullptr;         // of the definition that is being evaluated
  llvm::StringMap<IndexExpr> shared; // loops of the stage that others are computed with
};

} // namespace

/// The value of loop or dimension `name`, relative to its start, where the loops not in `relative`
/// are at their start.
static IndexExpr valueOf(const Definition &definition, StringRef name,
                         const llvm::StringMap<IndexExpr> &relative,
                         const llvm::StringMap<IndexExpr> &extents) {
  auto known = relative.find(name);
  if (known != relative.end())
    return known->second;
  for (const LoopTransform &t : definition.transforms)
    if (!t.isFuse && t.old == name)
      return valueOf(definition, t.outer, relative, extents) * extents.find(t.inner)->second +
             valueOf(definition, t.inner, relative, extents);
  return 0;
}

/// The stages whose nests begin inside `loop` of `stage`; all of its loops if that is empty.
SmallVector<StageOp> NestBuilder::computedWith(StringRef stage, StringRef loop) {
  SmallVector<StageOp> found;
  for (auto other : pipeline.getOps<StageOp>())
    if (auto &with = schedule.of(other.getSymName()).with;
        with && with->other == stage && (loop.empty() || with->loops.back() == loop))
      found.push_back(other);
  return found;
}

/// realize and produce of one stage at the builder's place.
LogicalResult NestBuilder::produce(StageOp stage) {
  const StageSchedule &s = schedule.of(stage.getSymName());
  Location loc = stage.getLoc();
  StringRef target = stage.getInsteadOf() ? *stage.getInsteadOf() : stage.getSymName();
  if (!stage.getInsteadOf() && !s.storeAt && !s.with)
    RealizeOp::create(builder, loc, target, ValueRange(), ValueRange());
  for (StageOp other : computedWith(stage.getSymName(), ""))
    RealizeOp::create(builder, other.getLoc(), other.getSymName(), ValueRange(), ValueRange());
  auto produce = ProduceOp::create(builder, loc, stage.getSymName());
  if (s.repeat)
    produce->setAttr(Repeat::attribute, s.repeat->mark(builder.getContext()));
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&produce.getBody());
  SmallVector<RequiredOp> bounds;
  for (unsigned dim = 0; dim < stage.getRank(); ++dim)
    bounds.push_back(RequiredOp::create(builder, loc, builder.getIndexType(),
                                        builder.getIndexType(), stage.getSymName(), dim,
                                        ValueRange()));
  for (unsigned i = 0; i < s.definitions.size(); ++i)
    if (failed(nest(stage, i, bounds)))
      return failure();
  return success();
}

/// Loops, coordinates and store of definition `index` of `stage`.
LogicalResult NestBuilder::nest(StageOp stage, unsigned index, MutableArrayRef<RequiredOp> bounds) {
  OpBuilder::InsertionGuard guard(builder);
  const StageSchedule &s = schedule.of(stage.getSymName());
  const Definition &definition = s.definitions[index];
  UpdateOp update = index ? stage.getUpdateOps()[index - 1] : UpdateOp();
  Location loc = update ? update.getLoc() : stage.getLoc();
  auto names = dimNames(stage);

  // Extents of all loops, base ones first.
  llvm::StringMap<IndexExpr> extents, offsets;
  llvm::StringSet<> isBase;
  IndexExpr height = IndexExpr::size(0), width = IndexExpr::size(1);
  for (auto [dim, name] : llvm::enumerate(names)) {
    extents[name] = IndexExpr::get(bounds[dim].getExtent());
    offsets[name] = IndexExpr::get(bounds[dim].getMin());
  }
  SmallVector<std::string> rdims;
  if (update)
    for (auto [dim, attr] : llvm::enumerate(update.getRdims().getAsRange<StringAttr>())) {
      rdims.push_back(attr.str());
      extents[attr] = IndexExpr::get(update.getExtents().getResult(dim), height, width);
      offsets[attr] = 0;
    }
  if (definition.group && definition.group->step > 1)
    extents[definition.group->inner] = definition.group->step;
  for (const LoopTransform &t : definition.transforms) {
    if (t.isFuse) {
      extents[t.old] = extents[t.inner] * extents[t.outer];
      continue;
    }
    IndexExpr factor = IndexExpr::get(t.factor.getResult(0), height, width);
    extents[t.outer] = (extents[t.old] + factor - 1).floorDiv(factor);
    extents[t.inner] = factor;
  }

  // The loops, with what is computed at each of them.
  llvm::StringMap<IndexExpr> relative; // value relative to the dimension's min
  llvm::StringSet<> bounded;           // inner loops that end with the dimension
  std::optional<GroupedTaps> grouped;
  // Bodies of loops that others share, and the values of the loops there.
  SmallVector<std::tuple<std::string, Block *, llvm::StringMap<IndexExpr>>> ends;
  for (const Loop &loop : llvm::reverse(definition.loops)) {
    IndexExpr min = 0, extent = extents[loop.name];
    bool plain = llvm::none_of(definition.transforms, [&](auto &t) {
      return t.old == loop.name || t.inner == loop.name || t.outer == loop.name;
    });
    bool isTap = definition.group && definition.group->outer == loop.name;
    if (isTap) {
      grouped.emplace(pipeline, stage, update, definition);
      if (failed(grouped->build()))
        return failure();
      // The first point of `dim` in this place: loops inside are at their start.
      IndexExpr first = valueOf(definition, names[definition.group->dim], relative, extents);
      first = first + offsets[names[definition.group->dim]];
      std::tie(min, extent) = grouped->range(builder, loc, first, relative);
    } else if (plain && offsets.count(loop.name)) {
      min = offsets[loop.name];
    }
    for (const LoopTransform &t : definition.transforms) {
      auto outer = relative.find(t.outer);
      if (t.isFuse || t.inner != loop.name || t.tail != Tail::Guard ||
          loop.kind != LoopKind::Serial || outer == relative.end())
        continue;
      auto whole = extents[t.old].constant(), step = extent.constant();
      if (whole && step && *whole % *step == 0)
        continue;
      extent = IndexExpr::min(extent, extents[t.old] - outer->second * extent);
      bounded.insert(t.inner);
    }
    if (s.with && llvm::is_contained(s.with->loops, loop.name)) {
      relative[loop.name] = shared[loop.name];
    } else {
      auto op = ForOp::create(builder, NameLoc::get(builder.getStringAttr(loop.name), loc),
                              loop.name, loop.kind, min.materialize(builder, loc),
                              extent.materialize(builder, loc), loop.axis);
      builder.setInsertionPointToStart(&op.getBody().front());
      relative[loop.name] = IndexExpr::get(op.getIv()) - (isTap ? IndexExpr(0) : min);
    }
    if (const auto &group = definition.group; group && group->runsOverTaps(loop.name) &&
                                              relative.count(group->outer) &&
                                              (group->step == 1 || relative.count(group->inner)))
      grouped->decode(builder, loc, relative);
    // Only the last definition of a stage has loops that others are computed at.
    if (index + 1 == s.definitions.size()) {
      for (auto other : pipeline.getOps<StageOp>()) {
        auto &place = schedule.of(other.getSymName()).storeAt;
        if (place && place->first == stage.getSymName() && place->second == loop.name)
          RealizeOp::create(builder, other.getLoc(), other.getSymName(), ValueRange(),
                            ValueRange());
      }
      for (auto other : pipeline.getOps<StageOp>())
        if (computesInside(stage.getSymName(), loop.name, other.getSymName()))
          if (failed(produce(other)))
            return failure();
      if (!computedWith(stage.getSymName(), loop.name).empty())
        ends.push_back({loop.name, builder.getBlock(), relative});
    }
  }

  // Coordinates, from the innermost splits outwards.
  Value predicate;
  for (const LoopTransform &t : llvm::reverse(definition.transforms)) {
    if (t.isFuse) {
      Value fused = relative[t.old].materialize(builder, loc);
      Value inner = extents[t.inner].materialize(builder, loc);
      IndexExpr quotient = IndexExpr::get(arith::DivUIOp::create(builder, loc, fused, inner));
      relative[t.outer] = quotient;
      auto whole = extents[t.inner].constant(); // a remainder keeps its bounds
      relative[t.inner] =
          whole ? relative[t.old].mod(*whole) : relative[t.old] - quotient * extents[t.inner];
      continue;
    }
    IndexExpr factor = IndexExpr::get(t.factor.getResult(0), height, width);
    IndexExpr start = relative[t.outer] * factor;
    if (t.tail == Tail::ShiftInwards)
      start = IndexExpr::min(start, extents[t.old] - factor);
    relative[t.old] = start + relative[t.inner];
    auto whole = extents[t.old].constant(), step = factor.constant();
    if (t.tail == Tail::Guard && !bounded.count(t.inner) &&
        !(whole && step && *whole % *step == 0)) {
      Value holds = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt,
                                          relative[t.old].materialize(builder, loc),
                                          extents[t.old].materialize(builder, loc));
      predicate =
          predicate ? arith::AndIOp::create(builder, loc, predicate, holds).getResult() : holds;
    }
  }
  SmallVector<Value> coordinates, reduction;
  for (auto &name : names)
    coordinates.push_back((offsets[name] + relative[name]).materialize(builder, loc));
  for (auto &name : rdims)
    reduction.push_back(relative[name].materialize(builder, loc));

  // The value, and where it goes.
  StringRef target = stage.getInsteadOf() ? *stage.getInsteadOf() : stage.getSymName();
  SmallVector<Value> rest(reduction);
  if (update)
    rest.push_back(LoadOp::create(builder, loc, stage.getType(), target, coordinates,
                                  Exterior::None, FloatAttr(), IntegerAttr()));
  TapReader reader;
  if (grouped) {
    reader.read = grouped->weights;
    reader.load = [&] {
      return grouped->load(builder, loc, IndexExpr::get(coordinates[definition.group->dim]),
                           relative);
    };
  }
  taps = &reader;
  auto value = evaluate(stage, update ? update.getBody() : stage.getPure(), coordinates, rest);
  taps = nullptr;
  if (failed(value))
    return failure();
  StoreOp::create(builder, loc, *value, target, coordinates, predicate);
  for (auto &[loop, body, values] : ends)
    for (StageOp other : computedWith(stage.getSymName(), loop)) {
      builder.setInsertionPointToEnd(body);
      shared = values;
      if (failed(produce(other)))
        return failure();
    }
  return success();
}

LogicalResult NestBuilder::checkStorage(LoopsOp loops) {
  auto realized = [](Operation *op, StringRef name) {
    for (; op->getBlock(); op = op->getParentOp()) {
      for (auto realize : op->getBlock()->getOps<RealizeOp>())
        if (realize.getStage() == name && realize->isBeforeInBlock(op))
          return true;
      if (isa<LoopsOp>(op->getParentOp()))
        break;
    }
    return false;
  };
  auto result = loops.walk([&](Operation *op) -> WalkResult {
    StringRef name;
    if (auto load = dyn_cast<LoadOp>(op))
      name = load.getSource();
    else if (auto produce = dyn_cast<ProduceOp>(op))
      name = produce.getStage();
    auto stage = dyn_cast_or_null<StageOp>(SymbolTable::lookupSymbolIn(pipeline, name));
    if (!stage || schedule.of(name).root || realized(op, name))
      return WalkResult::advance();
    if (isa<ProduceOp>(op))
      return stage.emitOpError("is stored at @")
             << schedule.of(name).storeAt->first << " \"" << schedule.of(name).storeAt->second
             << "\", a loop that is not around the one it is computed at, @"
             << schedule.of(name).at[0].first << " \"" << schedule.of(name).at[0].second << "\"";
    return stage.emitOpError("is read by @")
           << op->getParentOfType<ProduceOp>().getStage() << " where it is not stored; legal: "
           << "compute_root, or compute_at a loop around all that read it";
  });
  return failure(result.wasInterrupted());
}

/// Clones a definition's body at a point.
FailureOr<Value> NestBuilder::evaluate(StageOp stage, Region &region, ValueRange indices,
                                       ArrayRef<Value> rest) {
  IRMapping map;
  Block &block = region.front();
  SmallVector<Value> arguments(indices);
  llvm::append_range(arguments, rest);
  map.map(block.getArguments(), arguments);
  for (Operation &op : block) {
    if (auto yield = dyn_cast<YieldOp>(op))
      return map.lookup(yield.getOperand(0));
    if (taps && taps->read == &op) {
      map.map(op.getResult(0), taps->load());
      continue;
    }
    if (auto readOp = dyn_cast<ReadOp>(op)) {
      SmallVector<Value> at;
      for (Value index : readOp.getIndices())
        at.push_back(IndexExpr::get(map.lookup(index)).materialize(builder, op.getLoc()));
      auto value = read(readOp, at);
      if (failed(value))
        return failure();
      map.map(readOp.getResult(), *value);
      continue;
    }
    builder.clone(op, map);
  }
  return stage.emitOpError("definition has no sched.yield");
}

/// A read of storage is a load; a read of an inlined stage is its definition. Edges that repeat or
/// mirror turn into index arithmetic, so that only constants remain for later passes.
FailureOr<Value> NestBuilder::read(ReadOp op, ValueRange given) {
  FailureOr<Operation *> found = sourceOf(op, pipeline);
  if (failed(found))
    return failure();
  Operation *source = *found;
  AffineMap extents = extentsOf(source);
  Location loc = op.getLoc();
  IndexExpr height = IndexExpr::size(0), width = IndexExpr::size(1);
  SmallVector<Value> indices(given);
  Exterior exterior = op.getExterior();
  // A read that stays inside for every point of the reader's domain needs no exterior value.
  bool inside = true;
  for (unsigned dim = 0; dim < indices.size(); ++dim)
    inside &= staysInside(op, dim, extents.getResult(dim));
  if (inside)
    exterior = Exterior::None;
  if (exterior == Exterior::RepeatEdge || exterior == Exterior::MirrorInterior) {
    for (auto [dim, index] : llvm::enumerate(indices)) {
      if (staysInside(op, dim, extents.getResult(dim)))
        continue;
      IndexExpr i = IndexExpr::get(index),
                last = IndexExpr::get(extents.getResult(dim), height, width) - 1;
      if (exterior == Exterior::MirrorInterior) {
        i = IndexExpr::max(i, IndexExpr(0) - i); // -1 -> 1
        i = IndexExpr::min(i, last + last - i);  // last + 1 -> last - 1
      }
      i = IndexExpr::max(0, IndexExpr::min(i, last));
      index = i.materialize(builder, loc);
    }
    exterior = Exterior::None;
  }
  auto stage = dyn_cast<StageOp>(source);
  if (!stage || !schedule.of(stage.getSymName()).isInline())
    return LoadOp::create(builder, loc, op.getType(), op.getSource(), indices, exterior,
                          op.getValueAttr(), IntegerAttr())
        .getResult();
  auto value = evaluate(stage, stage.getPure(), indices, {});
  if (failed(value) || exterior == Exterior::None)
    return value;
  // Outside its domain an inlined stage has the read's value, whatever its definition says there.
  Value holds;
  for (auto [dim, index] : llvm::enumerate(indices)) {
    IndexExpr i = IndexExpr::get(index),
              extent = IndexExpr::get(extents.getResult(dim), height, width);
    if (auto c = i.constant(), e = extent.constant(); c && e && *c >= 0 && *c < *e)
      continue;
    Value low =
        arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sge, index, constant(0, loc));
    Value high = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, index,
                                       extent.materialize(builder, loc));
    Value both = arith::AndIOp::create(builder, loc, low, high);
    holds = holds ? arith::AndIOp::create(builder, loc, holds, both).getResult() : both;
  }
  if (!holds)
    return value;
  Value outside = arith::ConstantOp::create(
      builder, loc,
      builder.getFloatAttr(op.getType(),
                           op.getValueAttr() ? op.getValueAttr().getValueAsDouble() : 0.0));
  return arith::SelectOp::create(builder, loc, holds, *value, outside).getResult();
}

namespace {
struct SchedToLoops : public srcc::sched::impl::SchedToLoopsBase<SchedToLoops> {
  using Base::Base;
  void runOnOperation() override {
    for (auto pipeline : llvm::to_vector(getOperation().getOps<PipelineOp>())) {
      ScheduleOp scheduleOp;
      for (auto op : getOperation().getOps<ScheduleOp>()) {
        if (op.getPipeline() != pipeline.getSymName())
          continue;
        if (scheduleOp) {
          op.emitOpError("is the second schedule of @") << pipeline.getSymName();
          return signalPassFailure();
        }
        scheduleOp = op;
      }
      auto schedule = readSchedule(pipeline, scheduleOp);
      if (failed(schedule))
        return signalPassFailure();
      OpBuilder builder(&getContext());
      builder.setInsertionPointAfter(scheduleOp ? scheduleOp.getOperation()
                                                : pipeline.getOperation());
      auto loops = LoopsOp::create(builder, pipeline.getLoc(),
                                   (pipeline.getSymName() + "_loops").str(), pipeline.getSymName());
      builder.createBlock(&loops.getBody());
      NestBuilder nests(pipeline, *schedule, builder);
      if (failed(nests.run()) || failed(nests.checkStorage(loops)))
        return signalPassFailure();
    }
  }
};
} // namespace
