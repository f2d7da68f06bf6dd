//===- Replay.cpp - A pipeline of sched on Halide's C++ API ---------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/halide/Replay.h"

#include "compiler/halide/Bodies.h"
#include "compiler/halide/Replayer.h"
#include "compiler/schedule/IndexExpr.h"

using namespace mlir;
using namespace srcc::sched;
using namespace srcc::halide;
using Halide::Expr;

FailureOr<Replayed> Replayer::run() {
  StageOp output;
  for (auto stage : pipeline.getOps<StageOp>())
    if (stage.getOutput() && *stage.getOutput() == Format::F32Planar)
      output = stage;
  for (auto op : pipeline.getOps<InputOp>())
    if (op.getFormat() == Format::F32Planar)
      inputOp = op;
  if (!output || !inputOp)
    return pipeline.emitOpError("has no ")
           << (output ? "input" : "output") << " of f32_planar, which Halide's code is made for";
  if (output.getRank() != 3)
    return output.emitOpError("is an output of ")
           << output.getRank() << " dimensions; legal: c, y, x";
  input = Halide::ImageParam(Halide::Float(32), 3, funcName(inputOp.getSymName()));
  AffineMap inputExtents = inputOp.getExtents();
  auto channels = [](AffineMap extents) {
    auto constant = dyn_cast<AffineConstantExpr>(extents.getResult(0));
    return constant ? constant.getValue() : 0;
  };
  result.inputChannels = channels(inputExtents);
  result.outputChannels = channels(output.getExtents());
  if (!result.inputChannels || !result.outputChannels)
    return pipeline.emitOpError("has a picture whose number of channels is not constant");
  for (int axis = 0; axis < 3; ++axis)
    input.dim(axis).set_min(0);
  input.dim(2).set_extent(int(result.inputChannels));
  findSurroundings();
  auto made = get(output, nullptr, ReadOp());
  if (failed(made))
    return failure();
  result.input = input;
  result.output = (*made)->func;
  result.outputExtents = output.getExtents();
  for (unsigned dim = 0; dim < 3; ++dim) {
    auto buffer = result.output.output_buffer();
    buffer.dim(2 - dim).set_min(0);
    buffer.dim(2 - dim).set_extent(affine(output.getExtents(), dim));
  }
  if (options.schedule)
    for (auto &instance : instances)
      if (failed(apply(*instance)))
        return failure();
  if (options.schedule)
    for (auto &instance : instances)
      applyComputeWith(*instance);
  return result;
}

/// Which stages store the exterior value that their readers ask for around them, so that the loops
/// of these need no checks: stages without updates, whose readers agree. Not on devices: there
/// Halide leaves out computing what is read outside, and hands the undefined value to select(),
/// which lets PoCL's compiler conclude that nothing is outside.
void Replayer::findSurroundings() {
  if (onDevice)
    return;
  llvm::DenseSet<Operation *> disputed;
  pipeline.walk([&](ReadOp op) {
    FailureOr<Operation *> source = sourceOf(op, pipeline);
    auto stage = succeeded(source) ? dyn_cast<StageOp>(*source) : StageOp();
    if (!stage || !stage.getUpdateOps().empty() || op.getExterior() != Exterior::Constant ||
        (options.schedule && schedule.of(stage.getSymName()).isInline()))
      return;
    AffineMap extents = extentsOf(stage);
    SmallVector<bool> dims;
    for (unsigned dim = 0; dim < extents.getNumResults(); ++dim)
      dims.push_back(!staysInside(op, dim, extents.getResult(dim)));
    if (!llvm::is_contained(dims, true))
      return;
    auto [place, first] = surroundings.try_emplace(stage);
    Surroundings &stored = place->second;
    if (first)
      stored = {exteriorOf(op), dims};
    else if (stored.value != exteriorOf(op))
      disputed.insert(stage);
    for (auto [known, beyond] : llvm::zip(stored.dims, dims))
      known |= beyond;
  });
  for (Operation *stage : disputed)
    surroundings.erase(stage);
}

/// The Func that `reader` reads `stage` from, made at its first read; where a stage is computed at
/// several consumers, that of the consumer around the reader.
FailureOr<Instance *> Replayer::get(StageOp stage, Instance *reader, ReadOp read) {
  const StageSchedule &s = schedule.of(stage.getSymName());
  Instance *consumer = nullptr;
  std::string loop;
  if (options.schedule && !s.at.empty()) {
    for (Instance *around = reader; around && !consumer; around = around->consumer)
      for (auto &[name, at] : s.at)
        if (around->stage.getSymName() == name)
          consumer = around, loop = at;
    if (!consumer)
      return read.emitOpError("of @") << stage.getSymName() << " in @" << reader->stage.getSymName()
                                      << " is not inside a loop that it is computed at";
  }
  Instance *&place = places[{stage, consumer}];
  if (place)
    return place;
  auto instance = std::make_unique<Instance>();
  instance->stage = stage;
  instance->schedule = &s;
  instance->consumer = consumer;
  instance->loop = loop;
  instance->func = Halide::Func(funcName(stage.getSymName()));
  Instance *made = place = instance.get();
  if (failed(define(*made)))
    return failure();
  instances.push_back(std::move(instance));
  return made;
}

LogicalResult Replayer::define(Instance &instance) {
  StageOp stage = instance.stage;
  instance.stored = stage.getType();
  instance.definitions = instance.schedule->definitions;
  if (Type as = instance.schedule->storage.type; as && as != stage.getType() && options.schedule) {
    if (!stage.getUpdateOps().empty())
      return stage.emitOpError("is stored as ")
             << as << " and has updates, which Halide would sum in " << as
             << "; legal: store a stage without updates";
    instance.stored = as;
  }
  auto type = typeOf(instance.stored);
  if (!type)
    return stage.emitOpError("has the type ") << stage.getType() << ", which Halide's code has not";
  std::vector<Halide::Var> variables;
  SmallVector<Expr> at;
  for (const std::string &name : dimNames(stage)) {
    at.push_back(Halide::Var(name));
    variables.insert(variables.begin(), Halide::Var(name)); // Halide's first dimension is innermost
  }
  SmallVector<Expr> point(at);
  Expr outside;
  auto around = surroundings.find(stage);
  if (around != surroundings.end()) {
    AffineMap extents = extentsOf(stage);
    for (unsigned dim = 0; dim < point.size(); ++dim)
      if (around->second.dims[dim])
        goesBeyond(point[dim], affine(extents, dim), outside);
  }
  auto value = evaluate(stage.getPure(), point, &instance);
  if (failed(value))
    return failure();
  if (outside.defined())
    value = Halide::select(outside, Halide::cast(value->type(), Expr(around->second.value)),
                           Halide::likely(*value));
  instance.func(variables) = Halide::cast(*type, *value);
  instance.reductions.emplace_back();
  instance.names.emplace_back();
  for (unsigned number = 1; number <= stage.getUpdateOps().size(); ++number)
    if (failed(update(instance, number, at)))
      return failure();
  return success();
}

Extents srcc::halide::extentsOf(LoopsOp loops) {
  Extents result;
  loops.walk([&](RealizeOp realize) {
    auto consumer = realize->getParentOfType<ProduceOp>();
    if (!consumer)
      return;
    auto &extents = result[{realize.getStage().str(), consumer.getStage().str()}];
    bool first = extents.empty();
    extents.resize(realize.getExtents().size());
    for (auto [known, value] : llvm::zip(extents, realize.getExtents())) {
      int64_t extent = IndexExpr::get(value).constant().value_or(0);
      known = first || known == extent ? extent : 0;
    }
  });
  return result;
}

FailureOr<Replayed> srcc::halide::replay(PipelineOp pipeline, const Schedule &schedule,
                                         const ReplayOptions &options) {
  return Replayer(pipeline, schedule, options).run();
}
