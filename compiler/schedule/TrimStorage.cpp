//===- TrimStorage.cpp - No memory for what no tile touches ---------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// sched-infer-bounds stores what all tiles touch. Since sched-partition-loops those outside the
// picture compute nothing: what they alone would have read is not there any more. Nor do they store
// the vectors of exterior values that nobody reads.
//===----------------------------------------------------------------------===//
#include "compiler/schedule/Box.h"
#include "compiler/schedule/IndexExpr.h"
#include "compiler/schedule/Passes.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/MapVector.h"

#define DEBUG_TYPE "sched-trim-storage"

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
/// others are. What is known already, of a branch further inside, stays.
static void narrow(Ranges &ranges, const IndexExpr &difference) {
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
        narrow(ranges, right - left - 1);
        break;
      case arith::CmpIPredicate::sle:
        narrow(ranges, right - left);
        break;
      case arith::CmpIPredicate::sgt:
        narrow(ranges, left - right - 1);
        break;
      default:
        narrow(ranges, left - right);
      }
    }
  }
  return ranges;
}

/// Whether `a` is the better of two upper bounds: never more than `b`, or more for some sizes
/// (whole tiles of 64 against whole tiles of 80 columns) but by less than it is less for others.
static bool isLess(const IndexExpr &a, const IndexExpr &b) {
  auto more = (a - b).constantUpper(), less = (b - a).constantUpper();
  return !(a == b) && more && (*more <= 0 || !less || *more < *less);
}

/// The least value of an index where the conditions hold, or with `upper` the greatest.
static IndexExpr boundWhere(Value index, bool upper, const Ranges &ranges) {
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

/// What of a tile is not read is worth leaving out. A row or a few are not: of equal layers one's
/// readers may touch a row more than another's, and their kernels are the same with the same
/// storage.
static bool isWorthIt(const IndexExpr &saved) {
  auto rows = saved.constant();
  return !rows || *rows > 4;
}

/// Narrows the storage of a root stage to what is touched of it.
static void trim(RealizeOp realize, const Box &touched) {
  OpBuilder builder(realize);
  Location loc = realize.getLoc();
  MLIRContext *context = realize.getContext();
  for (unsigned i = 0; i < touched.low.size(); ++i) {
    IndexExpr low = IndexExpr::get(realize.getMins()[i]),
              high = low + IndexExpr::get(realize.getExtents()[i]) - 1;
    const IndexExpr &first = touched.low[i], &last = touched.high[i];
    bool later = first.toAffine(context) && isLess(low, first) && isWorthIt(first - low),
         sooner = last.toAffine(context) && isLess(last, high) && isWorthIt(high - last);
    if (later)
      low = first;
    if (sooner)
      high = last;
    if (!later && !sooner)
      continue;
    realize.getMinsMutable()[i].set(low.materialize(builder, loc));
    realize.getExtentsMutable()[i].set((high - low + 1).materialize(builder, loc));
  }
}

/// The outermost loop around a store that is vectorised or unrolled and steps within a vector, so
/// that all it stores is next to each other; null if no loop is vectorised.
static ForOp vectorAround(StoreOp store, unsigned dim) {
  ForOp around;
  int64_t span = 1;
  for (auto loop = dyn_cast<ForOp>(store->getParentOp()); loop;
       loop = dyn_cast<ForOp>(loop->getParentOp())) {
    auto step = IndexExpr::get(store.getIndices()[dim]).coefficientOf(loop.getIv());
    auto extent = IndexExpr::get(loop.getExtent()).constant();
    if (!step || !extent ||
        (around ? loop.getKind() != LoopKind::Unrolled || std::abs(*step) >= span
                : loop.getKind() != LoopKind::Vectorized || !*step))
      break;
    if (!around)
      span = std::abs(*step) * *extent;
    around = loop;
  }
  return around;
}

/// A store of exterior values, of vectors of which nobody reads anything in `read`, leaves these
/// out.
static void guard(StoreOp store, const Box &read) {
  unsigned dim = store.getIndices().size() - 1;
  ForOp around = vectorAround(store, dim);
  if (!around)
    return;
  auto within = [&](Value v) {
    return around->isAncestor(cast<BlockArgument>(v).getOwner()->getParentOp());
  };
  OpBuilder inside(store), builder(around);
  Location loc = store.getLoc();
  SmallVector<arith::CmpIOp> compares;
  for (bool upper : {false, true}) {
    const IndexExpr &end = upper ? read.high[dim] : read.low[dim];
    if (!end.toAffine(store.getContext()))
      return;
    compares.push_back(arith::CmpIOp::create(
        inside, loc, upper ? arith::CmpIPredicate::sle : arith::CmpIPredicate::sge,
        store.getIndices()[dim], end.materialize(inside, loc)));
  }
  Value some = buildHolds(builder, loc, compares, /*everywhere=*/false, within);
  for (arith::CmpIOp compare : compares)
    compare.erase();
  auto branch = scf::IfOp::create(builder, loc, some, /*withElseRegion=*/false);
  around->moveBefore(branch.thenBlock()->getTerminator());
}

namespace {
struct SchedTrimStorage : public srcc::sched::impl::SchedTrimStorageBase<SchedTrimStorage> {
  using Base::Base;
  void runOnOperation() override {
    for (auto loops : getOperation().getOps<LoopsOp>())
      run(loops);
  }

  void run(LoopsOp loops) {
    Operation *pipeline = SymbolTable::lookupNearestSymbolFrom(loops, loops.getPipelineAttr());
    llvm::MapVector<StringRef, Box> touched; // of stages at the root that are no outputs
    llvm::StringMap<Box> reads;
    SmallVector<StoreOp> exterior;
    SmallVector<RealizeOp> realizes;
    for (auto realize : loops.getBody().getOps<RealizeOp>()) {
      auto stage =
          dyn_cast_or_null<StageOp>(SymbolTable::lookupSymbolIn(pipeline, realize.getStage()));
      if (!stage || stage.getOutput())
        continue;
      touched.try_emplace(realize.getStage());
      realizes.push_back(realize);
    }
    {
      IndexMemo memo; // nothing changes while it lives
      llvm::DenseMap<Block *, Ranges> known;
      auto touch = [&](Operation *op, StringRef stage, ValueRange indices) {
        auto entry = touched.find(stage);
        if (entry == touched.end())
          return;
        auto [ranges, isNew] = known.try_emplace(op->getBlock());
        if (isNew)
          ranges->second = rangesAt(op);
        SmallVector<IndexExpr> low, high;
        for (Value index : indices) {
          low.push_back(boundWhere(index, /*upper=*/false, ranges->second));
          high.push_back(boundWhere(index, /*upper=*/true, ranges->second));
        }
        entry->second.include(low, high);
        if (isa<LoadOp>(op))
          reads[stage].include(low, high);
      };
      loops.walk([&](Operation *op) {
        if (auto load = dyn_cast<LoadOp>(op)) {
          touch(op, load.getSource(), load.getIndices());
        } else if (auto store = dyn_cast<StoreOp>(op)) {
          touch(op, store.getStage(), store.getIndices());
          if (store.getValue().getDefiningOp<arith::ConstantOp>())
            exterior.push_back(store);
        }
      });
    }
    for (StoreOp store : exterior)
      if (auto read = reads.find(store.getStage()); read != reads.end())
        guard(store, read->second);
    // What is stored alike stays so: kernels of equal layers are one.
    std::map<std::string, Box> alike;
    auto groupOf = [&](RealizeOp realize) -> Box & {
      std::string key;
      for (Value bound : llvm::concat<Value>(realize.getMins(), realize.getExtents()))
        key += IndexExpr::get(bound).str() + ";";
      return alike[key];
    };
    SmallVector<Box *> groups;
    for (RealizeOp realize : realizes) {
      groups.push_back(&groupOf(realize));
      if (const Box &box = touched[realize.getStage()]; !box.empty())
        groups.back()->include(box.low, box.high);
    }
    for (auto [realize, group] : llvm::zip(realizes, groups))
      if (!group->empty())
        trim(realize, *group);
  }
};
} // namespace
