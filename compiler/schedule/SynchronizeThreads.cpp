//===- SynchronizeThreads.cpp - What a work-group computes together -------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Work-items compute a stage together where its own loops are gpu_threads and it is computed
// outside of those of its consumer. The group is as large as the largest of its loops; they wait
// for each other around such a stage:
//
//   gpu_block xb:                            gpu_block xb:
//     produce f:                               if fi < 4: f(4 fx + fi) = ...   for all fx
//       for fx: gpu_thread fi in [0, 3]:  ->   barrier
//         f(...) = ...                         out(xi) = ...
//     gpu_thread xi in [0, 7]:
//       out(...) = ...
//===----------------------------------------------------------------------===//
#include "compiler/schedule/IndexExpr.h"
#include "compiler/schedule/Passes.h"
#include "compiler/schedule/Schedule.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/SetVector.h"

#define DEBUG_TYPE "sched-synchronize-threads"

namespace srcc::sched {
#define GEN_PASS_DEF_SCHEDSYNCHRONIZETHREADS
#include "compiler/schedule/Passes.h.inc"
} // namespace srcc::sched

using namespace mlir;
using namespace srcc::sched;

/// Whether work-items can compute `produce` together: in one nest at a place that all of them come
/// to, and in memory that all of them see.
static LogicalResult check(ForOp loop, ProduceOp produce, const Schedule &schedule,
                           PipelineOp pipeline) {
  StringRef name = produce.getStage();
  auto refuse = [&](const Twine &rule) {
    return loop.emitOpError("loop \"")
           << loop.getName() << "\" of @" << name << " cannot be gpu_threads: " << rule;
  };
  for (Operation *op = produce->getParentOp(); op; op = op->getParentOp())
    if (auto around = dyn_cast<ForOp>(op); around && around.getKind() == LoopKind::GpuThread)
      return refuse("the stage is computed inside gpu_threads loop \"" + around.getName() +
                    "\", by one work-item");
  if (schedule.storageOf(name).memory == Memory::Private)
    return refuse("what is private belongs to one work-item; legal: store_in local or global");
  auto stage = cast<StageOp>(SymbolTable::lookupSymbolIn(pipeline, name));
  if (!stage.getUpdateOps().empty() || schedule.of(name).root)
    return refuse("only a stage without updates that is not stored at the root is computed "
                  "together; legal: compute the sum at a stage that ends it");
  return success();
}

/// Whether no work-item adds to what others add to as well: a sum in memory that all of them see is
/// computed in loops over work-items.
static LogicalResult checkSums(ProduceOp root, const Schedule &schedule, PipelineOp pipeline) {
  WalkResult found =
      root.walk([&](StoreOp store) {
        StringRef name = store.getStage();
        auto stage = cast<StageOp>(SymbolTable::lookupSymbolIn(pipeline, name));
        if (stage.getUpdateOps().empty() || schedule.storageOf(name).memory == Memory::Private)
          return WalkResult::advance();
        for (Operation *op = store; op != root; op = op->getParentOp())
          if (auto around = dyn_cast<ForOp>(op); around && around.getKind() == LoopKind::GpuThread)
            return WalkResult::advance();
        store.emitOpError("sum @")
            << name
            << " would be computed by each work-item of the group, in memory that "
               "they share; legal: gpu_threads among its loops, or store_in private";
        return WalkResult::interrupt();
      });
  return failure(found.wasInterrupted());
}

/// A loop over work-items that has fewer steps than the group has such: the others do nothing.
static void fillGroup(ForOp loop, int64_t size) {
  IndexExpr extent = IndexExpr::get(loop.getExtent());
  if (extent == IndexExpr(size))
    return;
  Location loc = loop.getLoc();
  OpBuilder before(loop);
  Block &body = loop.getBody().front();
  SmallVector<Operation *> all;
  for (Operation &op : body)
    all.push_back(&op);
  auto builder = OpBuilder::atBlockEnd(&body);
  Value end = (IndexExpr::get(loop.getMin()) + extent).materialize(before, loc);
  Value mine = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, loop.getIv(), end);
  auto guard = scf::IfOp::create(builder, loc, mine, /*withElseRegion=*/false);
  for (Operation *op : all)
    op->moveBefore(guard.thenBlock()->getTerminator());
  loop.getExtentMutable().assign(arith::ConstantIndexOp::create(before, loc, size));
}

/// Work-items wait until all have stored what they compute, and, where a loop comes back to it,
/// until all have read what was there before.
static void addBarriers(ProduceOp produce, ProduceOp root) {
  OpBuilder builder(produce);
  bool again = false;
  for (Operation *op = produce->getParentOp(); op != root; op = op->getParentOp())
    again |= isa<ForOp>(op) && cast<ForOp>(op).getKind() != LoopKind::GpuBlock;
  if (again)
    gpu::BarrierOp::create(builder, produce.getLoc());
  builder.setInsertionPointAfter(produce);
  gpu::BarrierOp::create(builder, produce.getLoc());
}

/// One nest at the root, which becomes one kernel.
static LogicalResult synchronize(ProduceOp root, const Schedule &schedule, PipelineOp pipeline) {
  llvm::SetVector<ProduceOp> shared;
  SmallVector<ForOp> loops;
  SmallVector<int64_t> sizes;
  LogicalResult result = success();
  root.walk([&](ForOp loop) {
    if (loop.getKind() != LoopKind::GpuThread)
      return;
    auto produce = loop->getParentOfType<ProduceOp>();
    if (produce != root) {
      if (failed(check(loop, produce, schedule, pipeline)))
        result = failure();
      shared.insert(produce);
    }
    auto extent = IndexExpr::get(loop.getExtent()).constant();
    if (!extent)
      result = loop.emitOpError("work-group size must be constant, but is ")
               << IndexExpr::get(loop.getExtent()).str() << "; split the loop by a constant";
    if (sizes.size() <= size_t(loop.getAxis()))
      sizes.resize(loop.getAxis() + 1, 1);
    sizes[loop.getAxis()] = std::max(sizes[loop.getAxis()], extent.value_or(1));
    loops.push_back(loop);
  });
  if (failed(result))
    return failure();
  bool several = llvm::any_of(sizes, [](int64_t size) { return size > 1; });
  if (several && failed(checkSums(root, schedule, pipeline)))
    return failure();
  for (ForOp loop : loops)
    fillGroup(loop, sizes[loop.getAxis()]);
  for (ProduceOp produce : shared)
    addBarriers(produce, root);
  return success();
}

namespace {
struct SchedSynchronizeThreads
    : public srcc::sched::impl::SchedSynchronizeThreadsBase<SchedSynchronizeThreads> {
  using Base::Base;
  void runOnOperation() override {
    for (auto loops : getOperation().getOps<LoopsOp>()) {
      auto pair = scheduleOf(loops);
      if (failed(pair))
        return signalPassFailure();
      for (auto root : loops.getBody().getOps<ProduceOp>())
        if (failed(synchronize(root, pair->second, pair->first)))
          return signalPassFailure();
    }
  }
};
} // namespace
