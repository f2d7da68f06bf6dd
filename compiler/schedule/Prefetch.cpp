//===- Prefetch.cpp - Reads of later iterations are asked for early -------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/schedule/Box.h"
#include "compiler/schedule/Passes.h"
#include "compiler/schedule/Schedule.h"

#define DEBUG_TYPE "sched-prefetch"

namespace srcc::sched {
#define GEN_PASS_DEF_SCHEDPREFETCH
#include "compiler/schedule/Passes.h.inc"
} // namespace srcc::sched

using namespace mlir;
using namespace srcc::sched;

/// Elements of each dimension that one line holds, by the layout's innermost dimensions; of one
/// that ends with every n-th element, as many of these.
static SmallVector<int64_t> stepsOf(const Storage &storage, Type type, unsigned rank) {
  constexpr int64_t lineBytes = 64;
  SmallVector<int64_t> steps(rank, 1);
  int64_t left = std::max<int64_t>(1, lineBytes * 8 / type.getIntOrFloatBitWidth());
  for (const StorageDim &d : llvm::reverse(storage.layout)) {
    int64_t here = d.mod ? std::min(d.mod, left) : left;
    steps[d.dim] *= here;
    left /= here;
    if (left <= 1 || !d.mod || d.div > 1)
      break;
  }
  return steps;
}

/// Puts the requests at the start of a loop's body, which reads `box` of the source.
static LogicalResult prefetch(ForOp loop, const Box &box, Prefetch p, Operation *source,
                              const Storage &storage) {
  bool inside =
      loop.walk([&](RealizeOp realize) {
            return realize.getStage() == p.source ? WalkResult::interrupt() : WalkResult::advance();
          })
          .wasInterrupted();
  if (inside)
    return p.directive.emitOpError("@")
           << p.source << " is stored inside loop \"" << p.loop
           << "\"; legal: a stage at the root, or store_at a loop around it";
  OpBuilder builder = OpBuilder::atBlockBegin(&loop.getBody().front());
  Location loc = p.directive.getLoc();
  IndexExpr later = IndexExpr::get(loop.getIv()) + p.offset;
  Type type = storage.type ? storage.type : elementTypeOf(source);
  auto names = dimNames(source);
  SmallVector<int64_t> steps = stepsOf(storage, type, names.size());
  SmallVector<Value> place(names.size());
  // In the order of the storage, as it is read best.
  SmallVector<unsigned> order;
  for (const StorageDim &d : storage.layout)
    if (!llvm::is_contained(order, d.dim))
      order.push_back(d.dim);
  auto loopOver = [&](unsigned dim, IndexExpr count) {
    auto over = ForOp::create(builder, loc, names[dim], LoopKind::Serial,
                              IndexExpr(0).materialize(builder, loc),
                              count.materialize(builder, loc), /*axis=*/int64_t(0));
    builder.setInsertionPointToStart(&over.getBody().front());
    return IndexExpr::get(over.getIv());
  };
  for (unsigned dim : order) {
    IndexExpr low = box.low[dim].substitute(loop.getIv(), later),
              high = box.high[dim].substitute(loop.getIv(), later);
    const StorageDim &inner = storage.layout.back();
    int64_t apart = inner.dim == dim ? inner.div : 1; // neighbours in a line
    IndexExpr at = low + loopOver(dim, (high - low).floorDiv(steps[dim] * apart) + 1) *
                             IndexExpr(steps[dim] * apart);
    if (apart > 1)
      at = at + loopOver(dim, IndexExpr::min(apart, high - low + 1));
    place[dim] = at.materialize(builder, loc);
  }
  TouchOp::create(builder, loc, p.source, place);
  return success();
}

/// At the loops of that name of `stage` which read the source: its pure definition and its updates
/// may have one each.
static LogicalResult prefetchAll(LoopsOp loops, StringRef stage, Prefetch p, Operation *source,
                                 const Storage &storage) {
  SmallVector<std::pair<ForOp, Box>> found;
  bool bounded = true;
  loops.walk([&](ForOp loop) {
    auto produce = loop->getParentOfType<ProduceOp>();
    if (!produce || produce.getStage() != stage || loop.getName() != p.loop ||
        loop.getKind() != LoopKind::Serial)
      return;
    auto box = loadedBox(&loop.getBody().front(), p.source);
    bounded &= succeeded(box);
    if (succeeded(box) && !box->empty())
      found.push_back({loop, *box});
  });
  if (!bounded || found.empty())
    return p.directive.emitOpError("loop \"")
           << p.loop << "\" reads " << (bounded ? "nothing of @" : "no bounded region of @")
           << p.source;
  for (auto &[loop, box] : found)
    if (failed(prefetch(loop, box, p, source, storage)))
      return failure();
  return success();
}

namespace {
struct SchedPrefetch : public srcc::sched::impl::SchedPrefetchBase<SchedPrefetch> {
  using Base::Base;
  void runOnOperation() override {
    for (auto loops : getOperation().getOps<LoopsOp>()) {
      auto pair = scheduleOf(loops);
      if (failed(pair))
        return signalPassFailure();
      PipelineOp pipeline = pair->first;
      const Schedule &schedule = pair->second;
      for (auto &[stage, scheduled] : schedule.stages)
        for (const Prefetch &p : scheduled.prefetches)
          if (failed(prefetchAll(loops, stage, p, SymbolTable::lookupSymbolIn(pipeline, p.source),
                                 schedule.storageOf(p.source))))
            return signalPassFailure();
    }
  }
};
} // namespace
