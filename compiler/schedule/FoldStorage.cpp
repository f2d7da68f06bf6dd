//===- FoldStorage.cpp - Rings of rows --------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A dimension that is folded is stored modulo its factor:
//
//   realize f: [-1, n + 1) rows               realize f: [0, 4) rows
//   f(y + 1) = ..., reads f(y - 1)    ->      f((y + 5) % 4) = ..., reads f((y + 3) % 4)
//===----------------------------------------------------------------------===//
#include "compiler/schedule/Box.h"
#include "compiler/schedule/Passes.h"
#include "compiler/schedule/Schedule.h"

#define DEBUG_TYPE "sched-fold-storage"

namespace srcc::sched {
#define GEN_PASS_DEF_SCHEDFOLDSTORAGE
#include "compiler/schedule/Passes.h.inc"
} // namespace srcc::sched

using namespace mlir;
using namespace srcc::sched;

/// Folds dimension `dim` of the stage that `produce` computes into a ring of `factor`.
static LogicalResult fold(ProduceOp produce, unsigned dim, StringRef name, int64_t factor) {
  RealizeOp realize = realizeOf(produce);
  auto box = requiredBox(produce);
  if (failed(box))
    return failure();
  // What one iteration reads and what it has just computed are alive together; most of all where
  // all stages are at work, after the iterations in which some only get ahead.
  Operation *around = produce->getParentOp();
  while (!isa<ForOp>(around))
    around = around->getParentOp();
  IndexExpr iv = IndexExpr::get(cast<ForOp>(around).getIv());
  auto steady = [&](const IndexExpr &e) {
    return e.rewrite([&](const IndexAtom &a) -> std::optional<IndexExpr> {
      if (a.kind == IndexAtom::Max && (a.a == iv || a.b == iv))
        return iv;
      return std::nullopt;
    });
  };
  for (auto bound : produce.getBody().getOps<RequiredOp>())
    if (bound.getDim() == dim) {
      IndexExpr low = steady(IndexExpr::get(bound.getMin()));
      Box made;
      made.include({steady(box->low[dim])}, {steady(box->high[dim])});
      made.include({low}, {low + steady(IndexExpr::get(bound.getExtent())) - 1});
      auto inside = [&](Value v) {
        return produce->isProperAncestor(cast<BlockArgument>(v).getOwner()->getParentOp());
      };
      produce.walk([&](StoreOp store) { // whole tiles may store more than is asked for
        if (store.getStage() != produce.getStage())
          return;
        IndexExpr at = IndexExpr::get(store.getIndices()[dim]);
        made.include({steady(at.lower(inside))}, {steady(at.upper(inside))});
      });
      auto alive = (made.high[0] - made.low[0] + 1).constantUpper();
      if (!alive || *alive > factor)
        return produce.emitOpError("has ")
               << (alive ? std::to_string(*alive) : (made.high[0] - made.low[0] + 1).str())
               << " elements of \"" << name << "\" alive at once, but is folded by " << factor
               << "; legal: a factor of at least that";
    }
  auto wrap = [&](Operation *op, OperandRange indices) {
    IndexExpr e = IndexExpr::get(indices[dim]);
    OpBuilder builder(op);
    op->setOperand(indices.getBeginOperandIndex() + dim,
                   e.mod(factor).materialize(builder, op->getLoc()));
  };
  realize->getParentOp()->walk([&](Operation *op) {
    if (auto load = dyn_cast<LoadOp>(op); load && load.getSource() == produce.getStage())
      wrap(op, load.getIndices());
    else if (auto touch = dyn_cast<TouchOp>(op); touch && touch.getSource() == produce.getStage())
      wrap(op, touch.getIndices());
    else if (auto store = dyn_cast<StoreOp>(op); store && store.getStage() == produce.getStage())
      wrap(op, store.getIndices());
  });
  OpBuilder builder(realize);
  realize.getMinsMutable()[dim].set(IndexExpr(0).materialize(builder, realize.getLoc()));
  realize.getExtentsMutable()[dim].set(IndexExpr(factor).materialize(builder, realize.getLoc()));
  return success();
}

namespace {
struct SchedFoldStorage : public srcc::sched::impl::SchedFoldStorageBase<SchedFoldStorage> {
  using Base::Base;
  void runOnOperation() override {
    for (auto loops : getOperation().getOps<LoopsOp>()) {
      auto pair = scheduleOf(loops);
      if (failed(pair))
        return signalPassFailure();
      auto &[pipeline, schedule] = *pair;
      SmallVector<ProduceOp> produces;
      loops.walk([&](ProduceOp produce) { produces.push_back(produce); });
      for (ProduceOp produce : produces) {
        auto &folds = schedule.of(produce.getStage()).fold;
        auto names = dimNames(SymbolTable::lookupSymbolIn(pipeline, produce.getStage()));
        for (auto [dim, name] : llvm::enumerate(names))
          if (auto factor = folds.find(name); factor != folds.end())
            if (failed(fold(produce, dim, name, factor->second)))
              return signalPassFailure();
      }
    }
  }
};
} // namespace
