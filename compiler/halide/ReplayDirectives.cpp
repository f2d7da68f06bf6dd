//===- ReplayDirectives.cpp - Loops and places of Halide's stages ---------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/halide/Replayer.h"
#include "compiler/schedule/IndexExpr.h"

using namespace mlir;
using namespace srcc::sched;
using namespace srcc::halide;
using Halide::Expr;

/// Whether a loop is one of a dimension, or of a part of it.
static bool comesFrom(const Definition &definition, StringRef name, StringRef dim) {
  if (name == dim)
    return true;
  return llvm::any_of(definition.transforms, [&](const LoopTransform &t) {
    if (t.isFuse)
      return t.old == name &&
             (comesFrom(definition, t.inner, dim) || comesFrom(definition, t.outer, dim));
    return (t.outer == name || t.inner == name) && comesFrom(definition, t.old, dim);
  });
}

/// Constant number of steps of a loop that is a split's inner one; 0 of others.
static int64_t stepsOf(const Definition &definition, StringRef name) {
  for (const LoopTransform &t : definition.transforms)
    if (auto steps = t.isFuse || t.inner != name
                         ? AffineConstantExpr()
                         : dyn_cast<AffineConstantExpr>(t.factor.getResult(0)))
      return steps.getValue();
  return 0;
}

/// How far apart in memory Halide sees lanes of a vectorised loop, which it turns into vectors of
/// as many times the elements: what is read at a multiple of the dimension is a part of a longer
/// vector, and vectors of an unrolled loop that steps through what lies between their elements are
/// woven.
static int64_t lanesApart(StageOp stage, Block &body, const Definition &definition,
                          const Loop &vectorized) {
  int64_t apart = 1;
  for (const Loop &unrolled : definition.loops)
    for (const LoopTransform &t : definition.transforms)
      if (unrolled.kind == LoopKind::Unrolled && !t.isFuse && t.inner == unrolled.name &&
          comesFrom(definition, vectorized.name, t.outer))
        apart = std::max(apart, stepsOf(definition, unrolled.name));
  for (auto [i, dim] : llvm::enumerate(dimNames(stage)))
    if (comesFrom(definition, vectorized.name, dim))
      body.walk([&, argument = body.getArgument(i)](ReadOp read) {
        for (Value index : read.getIndices())
          apart =
              std::max(apart, std::abs(IndexExpr::get(index).coefficientOf(argument).value_or(0)));
      });
  return apart;
}

/// The variable of a loop.
Halide::VarOrRVar Replayer::loop(Instance &instance, unsigned number, StringRef name) {
  SmallVector<StringRef> rdims(instance.names[number].begin(), instance.names[number].end());
  if (hasReduction(instance.definitions[number], rdims, name))
    return Halide::RVar(name.str());
  return Halide::Var(name.str());
}

/// Constant number of steps of a loop that is a split's inner one, or a dimension whose extent our
/// bounds inference knows; 0 of others.
int64_t Replayer::stepsIn(Instance &instance, const Definition &definition, StringRef name) {
  if (int64_t steps = stepsOf(definition, name))
    return steps;
  if (!instance.consumer)
    return 0;
  auto known = options.extents.find(
      {instance.stage.getSymName().str(), instance.consumer->stage.getSymName().str()});
  if (known == options.extents.end())
    return 0;
  for (auto [dim, extent] : llvm::zip(dimNames(instance.stage), known->second))
    if (dim == name)
      return extent;
  return 0;
}

/// The loop of a consumer that something is computed or stored at: of its last definition.
Halide::LoopLevel Replayer::level(Instance &instance, StringRef name) {
  unsigned last = instance.definitions.size() - 1;
  return Halide::LoopLevel(instance.func, loop(instance, last, name));
}

LogicalResult Replayer::apply(Instance &instance) {
  const StageSchedule &s = *instance.schedule;
  Halide::Func &func = instance.func;
  if (!instance.consumer)
    func.compute_root();
  else
    func.compute_at(level(*instance.consumer, instance.loop));
  if (s.storeAt) {
    Instance *around = instance.consumer;
    while (around && around->stage.getSymName() != s.storeAt->first)
      around = around->consumer;
    if (!around)
      return instance.stage.emitOpError("is stored at @")
             << s.storeAt->first << " \"" << s.storeAt->second
             << "\", a loop that is not around the one it is computed at";
    func.store_at(level(*around, s.storeAt->second));
  }
  if (instance.consumer && !s.storeAt) {
    auto names = dimNames(instance.stage);
    auto found = options.extents.find(
        {instance.stage.getSymName().str(), instance.consumer->stage.getSymName().str()});
    if (found != options.extents.end())
      for (auto [name, extent] : llvm::zip(names, found->second))
        if (extent)
          func.bound_extent(Halide::Var(name), int32_t(extent));
  }
  applyStorage(instance);
  for (unsigned number = 0; number < instance.definitions.size(); ++number)
    applyLoops(instance, number);
  return applyPrefetches(instance);
}

void Replayer::applyStorage(Instance &instance) {
  const StageSchedule &s = *instance.schedule;
  Halide::Func &func = instance.func;
  StageOp stage = instance.stage;
  auto names = dimNames(stage);
  // Halide fills a ring in the first iteration, where srcc starts its loop earlier: for that a
  // factor may be too small, and Halide finds its own.
  if (!s.fold.empty())
    leaveOut("fold_storage, whose factors Halide chooses by itself");
  if (s.repeat)
    leaveOut("repeat: each stage keeps its code");
  for (auto &align : s.alignBounds)
    func.align_bounds(Halide::Var(align.getKey().str()), int32_t(align.getValue()));
  for (auto &entry : s.bounds) {
    BoundOp bound = entry.second;
    func.bound(Halide::Var(entry.getKey().str()), affine(bound.getRange(), 0),
               affine(bound.getRange(), 1));
  }
  if (stage.getOutput())
    return;
  const Storage &storage = s.storage;
  bool packed =
      llvm::any_of(storage.layout, [](const StorageDim &d) { return d.mod || d.div > 1; });
  if (packed) {
    leaveOut("layouts that take a dimension apart, as \"c/4\" and \"c%4\"");
  } else {
    std::vector<Halide::Var> order;
    for (const StorageDim &dim : llvm::reverse(storage.layout))
      order.push_back(Halide::Var(names[dim.dim]));
    if (order.size() > 1)
      func.reorder_storage(order);
    if (storage.align > 1)
      func.align_storage(order.front(), int32_t(storage.align));
    if (storage.odd)
      leaveOut("'odd' rows");
  }
  if (!instance.consumer)
    return;
  // What a kernel keeps for itself without saying where is private.
  if (storage.memory == Memory::Local)
    func.store_in(onDevice ? Halide::MemoryType::GPUShared : Halide::MemoryType::Stack);
  else if (storage.memory == Memory::Private)
    func.store_in(onDevice ? Halide::MemoryType::Register : Halide::MemoryType::Stack);
  else if (storage.placed)
    func.store_in(Halide::MemoryType::Heap);
}

void Replayer::applyLoops(Instance &instance, unsigned number) {
  const Definition &definition = instance.definitions[number];
  Halide::Stage stage =
      number ? Halide::Stage(instance.func.update(int(number) - 1)) : Halide::Stage(instance.func);
  auto var = [&](StringRef name) { return loop(instance, number, name); };
  for (auto [variable, name] : llvm::zip(instance.reductions[number], instance.names[number]))
    stage.rename(variable, Halide::RVar(name));
  for (const LoopTransform &t : definition.transforms) {
    if (t.isFuse) {
      stage.fuse(var(t.inner), var(t.outer), var(t.old));
      continue;
    }
    Halide::TailStrategy tail = t.tail == Tail::Guard          ? Halide::TailStrategy::GuardWithIf
                                : t.tail == Tail::ShiftInwards ? Halide::TailStrategy::ShiftInwards
                                                               : Halide::TailStrategy::RoundUp;
    stage.split(var(t.old), var(t.outer), var(t.inner), affine(t.factor, 0), tail);
  }
  std::vector<Halide::VarOrRVar> order, blocks, threads;
  for (const Loop &l : definition.loops)
    order.push_back(var(l.name));
  if (order.size() > 1)
    stage.reorder(order);
  // Code for the edges of a picture is several times the code for its inside. It pays along
  // vectors, whose loads it keeps whole; elsewhere a condition is a scalar.
  auto names = dimNames(instance.stage);
  auto vectorized =
      llvm::find_if(definition.loops, [](const Loop &l) { return l.kind == LoopKind::Vectorized; });
  if (vectorized != definition.loops.end())
    for (const std::string &dim : names)
      if (!comesFrom(definition, vectorized->name, dim))
        for (const Loop &l : definition.loops)
          if (l.kind != LoopKind::Unrolled && comesFrom(definition, l.name, dim))
            stage.never_partition(var(l.name));
  auto byAxis = [](const Loop *a, const Loop *b) { return a->axis < b->axis; };
  std::vector<const Loop *> blockLoops, threadLoops;
  int64_t longest = widestVector;
  Block &body = number ? instance.stage.getUpdateOps()[number - 1].getBody().front()
                       : instance.stage.getPure().front();
  for (const Loop &l : definition.loops) {
    switch (l.kind) {
    case LoopKind::Serial:
      break;
    case LoopKind::Unrolled:
      stage.unroll(var(l.name));
      break;
    case LoopKind::Vectorized:
      // Halide 21 names single elements of OpenCL's vectors in decimal, as "s10", where they are
      // hexadecimal: those of vectors of 8 are right.
      if (int64_t apart = onDevice ? lanesApart(instance.stage, body, definition, l) : 1; apart > 1)
        longest = llvm::isPowerOf2_64(apart) ? std::min<int64_t>(widestVector, 8) / apart : 0;
      if (onDevice && longest < 2)
        leaveOut("on a device, vectors whose elements Halide takes from longer ones of more than " +
                 Twine(widestVector) + " elements");
      else if (onDevice && !options.guardedVectors && instance.stage.getOutput() &&
               llvm::any_of(definition.transforms, [&](const LoopTransform &t) {
                 return t.tail == Tail::Guard && t.inner == l.name;
               }))
        leaveOut("on a device, vectors of an output under conditions that Halide does not write");
      else if (onDevice && stepsIn(instance, definition, l.name) > longest)
        stage.vectorize(var(l.name), int(longest));
      else
        stage.vectorize(var(l.name));
      break;
    case LoopKind::GpuBlock:
      if (onDevice)
        blockLoops.push_back(&l);
      else
        stage.parallel(var(l.name));
      break;
    case LoopKind::GpuThread: // on a CPU the work-items of a group are one loop
      if (onDevice)
        threadLoops.push_back(&l);
      break;
    }
  }
  if (!onDevice)
    return;
  llvm::sort(blockLoops, byAxis);
  llvm::sort(threadLoops, byAxis);
  for (const Loop *l : blockLoops)
    blocks.push_back(var(l->name));
  for (const Loop *l : threadLoops)
    threads.push_back(var(l->name));
  if (blocks.size() == 1)
    stage.gpu_blocks(blocks[0]);
  else if (blocks.size() == 2)
    stage.gpu_blocks(blocks[0], blocks[1]);
  else if (blocks.size() == 3)
    stage.gpu_blocks(blocks[0], blocks[1], blocks[2]);
  if (threads.size() == 1)
    stage.gpu_threads(threads[0]);
  else if (threads.size() == 2)
    stage.gpu_threads(threads[0], threads[1]);
  else if (threads.size() == 3)
    stage.gpu_threads(threads[0], threads[1], threads[2]);
  if (!instance.consumer && blocks.empty() && threads.empty())
    stage.gpu_single_thread();
}

/// Once the loops of both stages are made.
void Replayer::applyComputeWith(Instance &instance) {
  const auto &with = instance.schedule->with;
  if (!with)
    return;
  auto other = places.find({SymbolTable::lookupSymbolIn(pipeline, with->other), nullptr});
  if (other == places.end() || instance.definitions.size() > 1 ||
      other->second->definitions.size() > 1)
    return leaveOut("compute_with of stages with updates");
  Instance &leader = *other->second;
  instance.func.compute_with(Halide::Stage(leader.func), loop(leader, 0, with->loops.back()));
}

LogicalResult Replayer::applyPrefetches(Instance &instance) {
  for (const Prefetch &prefetch : instance.schedule->prefetches) {
    Operation *source = SymbolTable::lookupSymbolIn(pipeline, prefetch.source);
    auto stage = dyn_cast_or_null<StageOp>(source);
    auto place = stage ? places.find({stage.getOperation(), nullptr}) : places.end();
    if (onDevice || place == places.end()) {
      leaveOut("prefetch of what is no stage at the root, or on a device");
      continue;
    }
    if (place->second == &instance) {
      leaveOut("prefetch of what a stage itself writes");
      continue;
    }
    if (!prefetch.over.empty())
      leaveOut("'over' of a prefetch: all requests are made at once");
    auto at = loop(instance, 0, prefetch.loop);
    Halide::Stage(instance.func)
        .prefetch(place->second->func, at, at, int32_t(prefetch.offset),
                  Halide::PrefetchBoundStrategy::GuardWithIf);
  }
  return success();
}
