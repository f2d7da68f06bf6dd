//===- PartitionLoops.cpp - Tiles outside the picture do no work ----------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Where a stage stores exterior values (sched-infer-bounds), the body of the innermost loop that
// is neither vectorised nor unrolled, or of the one in which other stages are computed for it,
// splits in two: tiles that touch the domain compute and select, tiles that do not only store the
// exterior value. Where a stage reads an input, which has nothing around it, tiles wholly inside
// are a third case: there no index is kept in bounds.
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

/// What `index` would be if it lay in bounds: the `e` of max(0, min(e, end)), if the comparisons
/// say that 0 <= e <= end; else null.
static Value unclamped(Value index, ArrayRef<arith::CmpIOp> compares) {
  auto max = index.getDefiningOp<arith::MaxSIOp>();
  auto min = max ? max.getRhs().getDefiningOp<arith::MinSIOp>() : arith::MinSIOp();
  if (!min || IndexExpr::get(max.getLhs()).constant() != 0)
    return {};
  IndexExpr e = IndexExpr::get(min.getLhs()), end = IndexExpr::get(min.getRhs());
  auto all = [](Value) { return true; };
  bool low = e.lower(all).provablyNonNegative(), high = (end - e.upper(all)).provablyNonNegative();
  for (arith::CmpIOp compare : compares) {
    if (!(IndexExpr::get(compare.getLhs()) == e))
      continue;
    IndexExpr bound = IndexExpr::get(compare.getRhs());
    if (compare.getPredicate() == arith::CmpIPredicate::sge)
      low |= bound.provablyNonNegative();
    else if (compare.getPredicate() == arith::CmpIPredicate::slt)
      high |= (end + 1 - bound).provablyNonNegative();
  }
  return low && high ? min.getLhs() : Value();
}

/// If `tile`, in some place of which the comparisons hold, keeps indices in bounds: where they hold
/// for all values of its `inner` loops, neither that nor `select` is needed. A tile of one place is
/// such a one, others split once more.
static void isolateInterior(Block &tile, arith::SelectOp select, ArrayRef<arith::CmpIOp> compares,
                            llvm::function_ref<bool(Value)> inner) {
  SmallVector<std::pair<OpOperand *, Value>> guarded;
  tile.walk([&](LoadOp load) {
    for (OpOperand &index : load.getIndicesMutable())
      if (Value free = unclamped(index.get(), compares))
        guarded.push_back({&index, free});
  });
  if (guarded.empty())
    return;
  Block *interior = &tile;
  bool varies = llvm::any_of(compares, [&](arith::CmpIOp compare) {
    IndexExpr index = IndexExpr::get(compare.getLhs());
    return !(index.lower(inner) == index.upper(inner));
  });
  if (varies) {
    SmallVector<Operation *> old;
    for (Operation &op : tile.without_terminator())
      old.push_back(&op);
    OpBuilder builder(tile.getTerminator());
    Value inside = buildHolds(builder, select.getLoc(), compares, /*everywhere=*/true, inner);
    auto branch = scf::IfOp::create(builder, select.getLoc(), inside, /*withElseRegion=*/true);
    interior = branch.thenBlock();
    IRMapping map;
    builder.setInsertionPoint(branch.elseBlock()->getTerminator());
    for (Operation *op : old)
      builder.clone(*op, map);
    for (Operation *op : old)
      op->moveBefore(interior->getTerminator());
  }
  for (auto [index, free] : guarded)
    index->set(free);
  select.getResult().replaceAllUsesWith(select.getTrueValue());
  select.erase();
  eraseUnused(*interior);
}

static void partition(StoreOp store) {
  auto select = store.getValue().getDefiningOp<arith::SelectOp>();
  if (!select || !select->hasAttr("sched.exterior"))
    return;
  auto found = conjuncts(select.getCondition());
  if (!found)
    return;
  ArrayRef<arith::CmpIOp> compares = *found;
  // The tile: the body of the innermost loop of the stage on which it depends whether the picture
  // is touched, and outside which nothing is unrolled or vectorised; of those with other stages in
  // them, which need not be computed, if there are any.
  Block *tile = nullptr;
  for (Operation *op = store->getParentOp(); !isa<ProduceOp>(op); op = op->getParentOp()) {
    auto loop = dyn_cast<ForOp>(op);
    bool decides = loop && llvm::any_of(compares, [&](arith::CmpIOp compare) {
                     return IndexExpr::get(compare.getLhs()).dependsOn(loop.getIv());
                   });
    if (!decides || loop.getKind() == LoopKind::Unrolled || loop.getKind() == LoopKind::Vectorized)
      continue;
    bool holds = loop.walk([](ProduceOp) { return WalkResult::interrupt(); }).wasInterrupted();
    if (!tile || holds)
      tile = &loop.getBody().front();
    if (holds)
      break;
  }
  if (!tile)
    return;
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
  Value touches = buildHolds(builder, loc, compares, /*everywhere=*/false, inner);
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
  isolateInterior(*then, select, compares, inner);
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
