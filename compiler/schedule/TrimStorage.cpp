//===- TrimStorage.cpp - No memory for what no tile touches ---------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// sched-infer-bounds stores what all tiles touch. Since sched-partition-loops those outside the
// picture compute nothing: what they alone would have read is not there any more.
//===----------------------------------------------------------------------===//
#include "compiler/schedule/Box.h"
#include "compiler/schedule/IndexExpr.h"
#include "compiler/schedule/Passes.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/MapVector.h"

namespace srcc::sched {
#define GEN_PASS_DEF_SCHEDTRIMSTORAGE
#include "compiler/schedule/Passes.h.inc"
} // namespace srcc::sched

using namespace mlir;
using namespace srcc::sched;

namespace {
bool always(Value) { return true; }

/// What the conditions around an operation say of loop variables.
struct Interval {
  std::optional<IndexExpr> low, high;
};
using Ranges = llvm::SmallMapVector<Value, Interval, 4>;
} // namespace

/// Of a condition a v + rest >= 0, with v the variable of a loop, what it says of v whatever the
/// others are.
static void restrict(const IndexExpr &difference, Ranges &ranges) {
  for (const auto &[product, factor] : difference.terms) {
    if (product.size() != 1 || product[0]->kind != IndexAtom::Value ||
        !isa<BlockArgument>(product[0]->value))
      continue;
    Value v = product[0]->value;
    if (!difference.coefficientOf(v))
      continue;
    IndexExpr rest = difference.substitute(v, 0).upper(always);
    Interval &range = ranges[v];
    if (factor > 0 && !range.low)
      range.low = IndexExpr(0) - rest.floorDiv(factor);
    else if (factor < 0 && !range.high)
      range.high = rest.floorDiv(-factor);
  }
}

/// What the branches around an operation say of the loops around them.
static Ranges rangesAt(Operation *op) {
  Ranges ranges;
  for (Operation *inner = op; Operation *outer = inner->getParentOp(); inner = outer) {
    auto branch = dyn_cast<scf::IfOp>(outer);
    if (!branch || inner->getBlock() != branch.thenBlock())
      continue;
    auto compares = conjuncts(branch.getCondition());
    if (!compares)
      continue;
    for (arith::CmpIOp compare : *compares) {
      IndexExpr left = IndexExpr::get(compare.getLhs()), right = IndexExpr::get(compare.getRhs());
      switch (compare.getPredicate()) {
      case arith::CmpIPredicate::slt:
        restrict(right - left - 1, ranges);
        break;
      case arith::CmpIPredicate::sle:
        restrict(right - left, ranges);
        break;
      case arith::CmpIPredicate::sgt:
        restrict(left - right - 1, ranges);
        break;
      default:
        restrict(left - right, ranges);
      }
    }
  }
  return ranges;
}

/// Whether a bound above is better than another one: for all sizes, or for most, by more than it is
/// worse for others (whole tiles of the width, however they are counted).
static bool isLess(const IndexExpr &a, const IndexExpr &b) {
  auto more = (a - b).constantUpper(), less = (b - a).constantUpper();
  return !(a == b) && more && (*more <= 0 || !less || *more < *less);
}

/// The least value of an index where the conditions hold, or with `upper` the greatest.
static IndexExpr extreme(Value index, bool upper, const Ranges &ranges) {
  auto bound = [&](const IndexExpr &e, llvm::function_ref<bool(Value)> eliminate) {
    return upper ? e.upper(eliminate) : e.lower(eliminate);
  };
  IndexExpr e = IndexExpr::get(index), plain = bound(e, always);
  e = bound(e, [&](Value v) { return !ranges.count(v); });
  for (const auto &entry : ranges) {
    Value v = entry.first;
    auto factor = e.coefficientOf(v);
    if (!factor)
      return plain;
    const auto &end = (*factor > 0) == upper ? entry.second.high : entry.second.low;
    e = end ? e.substitute(v, *end) : bound(e, [&](Value other) { return other == v; });
  }
  e = bound(e, always);
  return (upper ? isLess(e, plain) : isLess(plain, e)) ? e : plain;
}

/// Narrows the storage of a root stage to what is loaded and stored of it.
static void trim(RealizeOp realize, LoopsOp loops) {
  Box touched;
  auto touch = [&](Operation *op, ValueRange indices) {
    Ranges ranges = rangesAt(op);
    SmallVector<IndexExpr> low, high;
    for (Value index : indices) {
      low.push_back(extreme(index, /*upper=*/false, ranges));
      high.push_back(extreme(index, /*upper=*/true, ranges));
    }
    touched.include(low, high);
  };
  loops.walk([&](Operation *op) {
    if (auto load = dyn_cast<LoadOp>(op); load && load.getSource() == realize.getStage())
      touch(op, load.getIndices());
    else if (auto store = dyn_cast<StoreOp>(op); store && store.getStage() == realize.getStage())
      touch(op, store.getIndices());
  });
  if (touched.empty())
    return;
  OpBuilder builder(realize);
  Location loc = realize.getLoc();
  MLIRContext *context = realize.getContext();
  for (unsigned i = 0; i < touched.low.size(); ++i) {
    IndexExpr low = IndexExpr::get(realize.getMins()[i]),
              high = low + IndexExpr::get(realize.getExtents()[i]) - 1;
    bool later = touched.low[i].toAffine(context) && isLess(low, touched.low[i]),
         sooner = touched.high[i].toAffine(context) && isLess(touched.high[i], high);
    if (later)
      low = touched.low[i];
    if (sooner)
      high = touched.high[i];
    if (!later && !sooner)
      continue;
    realize.getMinsMutable()[i].set(low.materialize(builder, loc));
    realize.getExtentsMutable()[i].set((high - low + 1).materialize(builder, loc));
  }
}

namespace {
struct SchedTrimStorage : public srcc::sched::impl::SchedTrimStorageBase<SchedTrimStorage> {
  using Base::Base;
  void runOnOperation() override {
    for (auto loops : getOperation().getOps<LoopsOp>())
      for (auto realize : loops.getBody().getOps<RealizeOp>()) {
        Operation *pipeline = SymbolTable::lookupNearestSymbolFrom(loops, loops.getPipelineAttr());
        auto stage =
            dyn_cast_or_null<StageOp>(SymbolTable::lookupSymbolIn(pipeline, realize.getStage()));
        if (stage && !stage.getOutput())
          trim(realize, loops);
      }
  }
};
} // namespace
