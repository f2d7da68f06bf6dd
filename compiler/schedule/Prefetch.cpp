//===- Prefetch.cpp - Reads of later iterations are asked for early -------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
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

/// Elements of each dimension that one line holds, by the layout's innermost dimensions.
static SmallVector<int64_t> stepsOf(const Storage &storage, Type type, unsigned rank) {
  constexpr int64_t lineBytes = 64;
  SmallVector<int64_t> steps(rank, 1);
  int64_t left = std::max<int64_t>(1, lineBytes * 8 / type.getIntOrFloatBitWidth());
  for (const StorageDim &d : llvm::reverse(storage.layout)) {
    int64_t here = d.mod ? std::min(d.mod, left) : left;
    steps[d.dim] *= here;
    left /= here;
    if (left <= 1 || !d.mod)
      break;
  }
  return steps;
}

static LogicalResult prefetch(ForOp loop, Prefetch p, Operation *source,
                              const Storage &storage) {
  auto box = loadedBox(&loop.getBody().front(), p.source);
  if (failed(box) || box->empty())
    return p.directive.emitOpError("loop \"")
           << p.loop << "\" reads " << (failed(box) ? "no bounded region of @" : "nothing of @")
           << p.source;
  OpBuilder builder = OpBuilder::atBlockBegin(&loop.getBody().front());
  Location loc = p.directive.getLoc();
  IndexExpr later = IndexExpr::get(loop.getIv()) + p.offset;
  Type type = storage.type ? storage.type : elementTypeOf(source);
  auto names = dimNames(source);
  SmallVector<int64_t> steps = stepsOf(storage, type, names.size());
  SmallVector<Value> at(names.size());
  // In the order of the storage, as it is read best.
  SmallVector<unsigned> order;
  for (const StorageDim &d : storage.layout)
    if (!llvm::is_contained(order, d.dim))
      order.push_back(d.dim);
  for (unsigned dim : order) {
    IndexExpr low = box->low[dim].substitute(loop.getIv(), later),
              high = box->high[dim].substitute(loop.getIv(), later);
    IndexExpr count = (high - low).floorDiv(steps[dim]) + 1;
    auto over = ForOp::create(builder, loc, names[dim], LoopKind::Serial,
                              IndexExpr(0).materialize(builder, loc),
                              count.materialize(builder, loc), /*axis=*/int64_t(0));
    builder.setInsertionPointToStart(&over.getBody().front());
    at[dim] = (low + IndexExpr::get(over.getIv()) * IndexExpr(steps[dim])).materialize(builder, loc);
  }
  TouchOp::create(builder, loc, p.source, at);
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
      SmallVector<std::pair<ForOp, const Prefetch *>> found;
      loops.walk([&](ForOp loop) {
        auto produce = loop->getParentOfType<ProduceOp>();
        for (const Prefetch &p : schedule.of(produce.getStage()).prefetches)
          if (p.loop == loop.getName())
            found.push_back({loop, &p});
      });
      for (auto [loop, p] : found)
        if (failed(prefetch(loop, *p, SymbolTable::lookupSymbolIn(pipeline, p->source),
                            schedule.storageOf(p->source))))
          return signalPassFailure();
    }
  }
};
} // namespace
