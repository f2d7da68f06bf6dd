//===- Box.cpp - Regions of stages ----------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/schedule/Box.h"

using namespace mlir;
using namespace srcc::sched;

/// The maximum of a and b, or a little more where they compare differently for different sizes
/// (whole tiles of 8 against whole tiles of 24), so that it stays a sum.
static IndexExpr upperBound(const IndexExpr &a, const IndexExpr &b) {
  auto over = (b - a).constantUpper(), under = (a - b).constantUpper();
  if (over && (!under || *over <= *under))
    return a + std::max<int64_t>(*over, 0);
  if (under)
    return b + std::max<int64_t>(*under, 0);
  return IndexExpr::max(a, b);
}

void Box::include(ArrayRef<IndexExpr> l, ArrayRef<IndexExpr> h) {
  if (empty()) {
    low.assign(l.begin(), l.end());
    high.assign(h.begin(), h.end());
    return;
  }
  for (unsigned i = 0; i < low.size(); ++i) {
    low[i] = IndexExpr(0) - upperBound(IndexExpr(0) - low[i], IndexExpr(0) - l[i]);
    high[i] = upperBound(high[i], h[i]);
  }
}

bool srcc::sched::dependsOnLoops(const IndexExpr &e, Block *inner, Block *outer) {
  for (; inner != outer; inner = inner->getParentOp()->getBlock())
    if (llvm::any_of(inner->getArguments(), [&](Value iv) { return e.dependsOn(iv); }))
      return true;
  return false;
}

/// The region of points that `pointOf` finds in operations of a block: their indices, or nothing.
static FailureOr<Box> boxOf(Block *block,
                            function_ref<std::optional<OperandRange>(Operation *)> pointOf) {
  Box box;
  bool bounded = true;
  auto isInner = [&](Value iv) {
    return block->getParentOp()->isProperAncestor(
        cast<BlockArgument>(iv).getOwner()->getParentOp());
  };
  block->walk([&](Operation *op) {
    auto point = pointOf(op);
    if (!point)
      return;
    SmallVector<IndexExpr> low, high;
    for (Value index : *point) {
      IndexExpr e = IndexExpr::get(index);
      low.push_back(e.lower(isInner));
      high.push_back(e.upper(isInner));
      bounded &= !dependsOnLoops(low.back(), op->getBlock(), block) &&
                 !dependsOnLoops(high.back(), op->getBlock(), block);
    }
    box.include(low, high);
  });
  if (!bounded)
    return failure();
  return box;
}

FailureOr<Box> srcc::sched::loadedBox(Block *block, StringRef stage, ProduceOp except) {
  return boxOf(block, [&](Operation *op) -> std::optional<OperandRange> {
    auto load = dyn_cast<LoadOp>(op);
    if (!load || load.getSource() != stage || (except && except->isProperAncestor(load)))
      return std::nullopt;
    return load.getIndices();
  });
}

FailureOr<Box> srcc::sched::storedBox(Block *block, StringRef stage) {
  return boxOf(block, [&](Operation *op) -> std::optional<OperandRange> {
    auto store = dyn_cast<StoreOp>(op);
    if (!store || store.getStage() != stage)
      return std::nullopt;
    return store.getIndices();
  });
}

FailureOr<Box> srcc::sched::requiredBox(ProduceOp produce) {
  // A guard around a stage is part of the loop body it stands in.
  Block *block = produce->getBlock();
  while (!isa<ForOp, ProduceOp>(block->getParentOp()))
    block = block->getParentOp()->getBlock();
  auto box = loadedBox(block, produce.getStage(), produce);
  if (failed(box))
    return produce.emitOpError("cannot bound what is needed of @")
           << produce.getStage() << " here; legal: compute_root";
  if (box->empty())
    return produce.emitOpError("computes @") << produce.getStage() << ", which nothing here loads";
  return box;
}

RealizeOp srcc::sched::realizeOf(ProduceOp produce) {
  for (Operation *op = produce; op; op = op->getParentOp())
    for (auto realize : op->getBlock()->getOps<RealizeOp>())
      if (realize.getStage() == produce.getStage())
        return realize;
  llvm_unreachable("sched-to-loops checks that all that is computed is stored");
}
