//===- PartitionLoops.cpp - Tiles outside the picture do no work ----------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Where a stage stores exterior values (sched-infer-bounds), the body of the innermost loop that
// is neither vectorised nor unrolled splits in two: tiles that touch the domain compute and
// select, tiles that do not only store the exterior value.
//===----------------------------------------------------------------------===//
#include "compiler/schedule/IndexExpr.h"
#include "compiler/schedule/Passes.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringSet.h"

#define DEBUG_TYPE "sched-partition-loops"

namespace srcc::sched {
#define GEN_PASS_DEF_SCHEDPARTITIONLOOPS
#include "compiler/schedule/Passes.h.inc"
} // namespace srcc::sched

using namespace mlir;
using namespace srcc::sched;

/// The comparisons whose conjunction `value` is.
static void conjuncts(Value value, SmallVectorImpl<arith::CmpIOp> &all) {
  if (auto both = value.getDefiningOp<arith::AndIOp>()) {
    conjuncts(both.getLhs(), all);
    conjuncts(both.getRhs(), all);
  } else if (auto compare = value.getDefiningOp<arith::CmpIOp>()) {
    all.push_back(compare);
  }
}

/// Drops computations of `block` whose results nobody uses, stages included that are stored in it
/// and not read; what is stored outside slides, and later tiles read it.
static void eraseUnused(Block &block) {
  bool changed = true;
  while (changed) {
    changed = false;
    llvm::StringSet<> loaded;
    block.walk([&](LoadOp load) {
      // A stage's own update does not count as a use.
      auto own = load->getParentOfType<ProduceOp>();
      if (!own || own.getStage() != load.getSource())
        loaded.insert(load.getSource());
    });
    llvm::StringSet<> realized;
    block.walk([&](RealizeOp realize) { realized.insert(realize.getStage()); });
    SmallVector<Operation *> unread;
    block.walk([&](Operation *op) {
      auto produce = dyn_cast<ProduceOp>(op);
      auto realize = dyn_cast<RealizeOp>(op);
      auto touch = dyn_cast<TouchOp>(op);
      if ((produce && realized.count(produce.getStage()) && !loaded.count(produce.getStage())) ||
          (touch && realized.count(touch.getSource()) && !loaded.count(touch.getSource())) ||
          (realize && !loaded.count(realize.getStage())))
        unread.push_back(op); // inner ones first
    });
    for (Operation *op : unread) {
      op->erase();
      changed = true;
    }
    SmallVector<Operation *> dead;
    block.walk([&](Operation *op) {
      if (op->use_empty() && op->getNumResults() && (isPure(op) || isa<LoadOp>(op)))
        dead.push_back(op);
    });
    for (Operation *op : llvm::reverse(dead))
      if (op->use_empty()) {
        op->erase();
        changed = true;
      }
  }
}

static void partition(StoreOp store) {
  auto select = store.getValue().getDefiningOp<arith::SelectOp>();
  if (!select || !select->hasAttr("sched.exterior"))
    return;
  SmallVector<arith::CmpIOp> compares;
  conjuncts(select.getCondition(), compares);
  // The tile: the body of the innermost loop on which it depends whether the picture is touched,
  // and outside which nothing is unrolled or vectorised.
  Block *tile = store->getBlock();
  for (;; tile = tile->getParentOp()->getBlock()) {
    auto loop = dyn_cast<ForOp>(tile->getParentOp());
    if (!loop && !isa<scf::IfOp>(tile->getParentOp()))
      return;
    bool decides = loop && llvm::any_of(compares, [&](arith::CmpIOp compare) {
                     return IndexExpr::get(compare.getLhs()).dependsOn(loop.getIv());
                   });
    if (decides && loop.getKind() != LoopKind::Unrolled && loop.getKind() != LoopKind::Vectorized)
      break;
  }
  auto loop = cast<ForOp>(tile->getParentOp());
  auto inner = [&](Value iv) {
    return loop->isProperAncestor(cast<BlockArgument>(iv).getOwner()->getParentOp());
  };
  OpBuilder builder(loop.getContext());
  builder.setInsertionPointToEnd(tile);
  Location loc = store.getLoc();
  // All operations move into the branches, so the condition is built first.
  SmallVector<Operation *> old;
  for (Operation &op : *tile)
    old.push_back(&op);
  Value touches;
  for (arith::CmpIOp compare : compares) {
    IndexExpr index = IndexExpr::get(compare.getLhs());
    bool low = compare.getPredicate() == arith::CmpIPredicate::sge;
    IndexExpr extreme = low ? index.upper(inner) : index.lower(inner);
    Value holds = arith::CmpIOp::create(builder, loc, compare.getPredicate(),
                                        extreme.materialize(builder, loc),
                                        IndexExpr::get(compare.getRhs()).materialize(builder, loc));
    touches = touches ? arith::AndIOp::create(builder, loc, touches, holds).getResult() : holds;
  }
  if (!touches)
    return;
  auto branch = scf::IfOp::create(builder, loc, touches, /*withElseRegion=*/true);
  Block *then = branch.thenBlock(), *otherwise = branch.elseBlock();
  IRMapping map;
  builder.setInsertionPoint(otherwise->getTerminator());
  for (Operation *op : old)
    builder.clone(*op, map);
  for (Operation *op : old)
    op->moveBefore(then->getTerminator());
  // Its own alone: stages that slide through the tile may be inside the picture where it is not.
  auto outside = map.lookup(select.getResult()).getDefiningOp<arith::SelectOp>();
  outside.getResult().replaceAllUsesWith(outside.getFalseValue());
  outside.erase();
  eraseUnused(*otherwise);
}

/// The last store of each stage, innermost stages first; a branch copied from another is left.
/// Where two stages share loops, tiles are not only one's.
static SmallVector<StoreOp> exteriorStores(LoopsOp loops) {
  llvm::StringSet<> atRoot;
  for (auto realize : loops.getBody().getOps<RealizeOp>())
    atRoot.insert(realize.getStage());
  auto sharesLoops = [&](ProduceOp produce) {
    bool shares = atRoot.count(produce.getStage()) && produce->getParentOp() != loops;
    produce.walk(
        [&](ProduceOp inner) { shares |= inner != produce && atRoot.count(inner.getStage()); });
    return shares;
  };
  SmallVector<StoreOp> all;
  loops.walk([&](ProduceOp produce) {
    if (sharesLoops(produce))
      return;
    SmallVector<StoreOp> stores;
    produce.walk([&](StoreOp store) {
      if (store->getParentOfType<ProduceOp>() == produce)
        stores.push_back(store);
    });
    if (stores.size() == 1)
      all.push_back(stores[0]);
  });
  return llvm::to_vector(llvm::reverse(all));
}

namespace {
struct SchedPartitionLoops
    : public srcc::sched::impl::SchedPartitionLoopsBase<SchedPartitionLoops> {
  using Base::Base;
  void runOnOperation() override {
    for (auto loops : getOperation().getOps<LoopsOp>())
      for (StoreOp store : exteriorStores(loops))
        partition(store);
  }
};
} // namespace
