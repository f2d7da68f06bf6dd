//===- InferBounds.cpp - Bounds inference by interval analysis ------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A stage at the root computes its domain and whatever its readers ask for outside it: there it
// stores the exterior value of those reads, so that inner loops need no checks (halos). A stage
// computed at a loop computes what the rest of that loop's body loads. Storage also covers what
// whole vectors and rounded-up tiles touch beyond that; such values are never used.
//===----------------------------------------------------------------------===//
#include "compiler/schedule/Box.h"
#include "compiler/schedule/IndexExpr.h"
#include "compiler/schedule/Passes.h"
#include "compiler/schedule/Schedule.h"
#include "compiler/schedule/TapLists.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

#define DEBUG_TYPE "sched-infer-bounds"

namespace srcc::sched {
#define GEN_PASS_DEF_SCHEDINFERBOUNDS
#include "compiler/schedule/Passes.h.inc"
} // namespace srcc::sched

using namespace mlir;
using namespace srcc::sched;

namespace {

class BoundsInference {
public:
  BoundsInference(LoopsOp loops, PipelineOp pipeline, const Schedule &schedule)
      : loops(loops), pipeline(pipeline), schedule(schedule) {}
  LogicalResult run();

private:
  LogicalResult computeRegions();
  LogicalResult inferComputedAt(ProduceOp root);
  LogicalResult align(StringRef name, Box &box);
  void includeTogether();
  void setBounds(ProduceOp produce, const Box &box);
  void storeExteriors();
  LogicalResult guardInputs();
  void dropGuards();
  LogicalResult allocate();
  Box domainOf(Operation *source);
  Operation *lookup(StringRef name) { return SymbolTable::lookupSymbolIn(pipeline, name); }
  StringRef targetOf(StageOp stage) {
    return stage.getInsteadOf() ? *stage.getInsteadOf() : stage.getSymName();
  }
  Value inside(OpBuilder &builder, Location loc, ValueRange indices, const Box &box);

  LoopsOp loops;
  PipelineOp pipeline;
  const Schedule &schedule;
  llvm::StringMap<Box> needed;          // by storage: of the algorithm, whatever the loops
  llvm::StringMap<Box> rootRegion;      // by storage: of stages at the root, as aligned
  llvm::StringMap<FloatAttr> exteriors; // by storage: value stored outside the domain
};

bool always(Value) { return true; }

} // namespace

Box BoundsInference::domainOf(Operation *source) {
  Box box;
  for (AffineExpr extent : extentsOf(source).getResults()) {
    box.low.push_back(0);
    box.high.push_back(IndexExpr::get(extent, IndexExpr::size(0), IndexExpr::size(1)) - 1);
  }
  return box;
}

/// What readers need of each stage that is stored: its domain, and what reads with a constant
/// exterior ask for around it.
LogicalResult BoundsInference::computeRegions() {
  for (auto stage : pipeline.getOps<StageOp>())
    if (!schedule.of(stage.getSymName()).isInline() && !stage.getInsteadOf())
      needed[stage.getSymName()] = domainOf(stage);
  MLIRContext *context = pipeline.getContext();
  auto readsOutside = [&](ReadOp read) {
    return isa_and_nonnull<StageOp>(lookup(read.getSource())) &&
           read.getExterior() == Exterior::Constant && !schedule.of(read.getSource()).isInline();
  };
  // Of a stage with a read that is not affine nobody knows how far outside: all its loads check.
  llvm::StringSet<> unbounded;
  pipeline.walk([&](ReadOp read) {
    if (readsOutside(read) && llvm::any_of(read.getIndices(), [&](Value index) {
          IndexExpr e = IndexExpr::get(index);
          return !e.lower(always).toAffine(context) || !e.upper(always).toAffine(context);
        }))
      unbounded.insert(read.getSource());
  });
  pipeline.walk([&](ReadOp read) {
    if (!readsOutside(read) || unbounded.contains(read.getSource()))
      return;
    auto entry = needed.find(read.getSource());
    SmallVector<IndexExpr> low, high;
    for (Value index : read.getIndices()) {
      IndexExpr e = IndexExpr::get(index);
      low.push_back(e.lower(always));
      high.push_back(e.upper(always));
    }
    FloatAttr value =
        read.getValueAttr() ? read.getValueAttr() : FloatAttr::get(Float32Type::get(context), 0.0);
    Box domain = domainOf(lookup(read.getSource()));
    bool outside = false;
    for (unsigned i = 0; i < low.size(); ++i)
      outside |= !low[i].provablyNonNegative() || !(domain.high[i] - high[i]).provablyNonNegative();
    if (!outside)
      return;
    bool stored = exteriors.try_emplace(read.getSource(), value).first->second == value;
    if (stored && entry != needed.end())
      entry->second.include(low, high);
  });
  for (auto &[name, region] : needed)
    if (schedule.of(name).root)
      rootRegion[name] = region;
  for (auto &entry : rootRegion)
    if (failed(align(entry.first(), entry.second)))
      return failure();
  includeTogether();
  return success();
}

/// Stages that share loops are computed over the same points of those.
void BoundsInference::includeTogether() {
  SmallVector<std::pair<StageOp, const ComputeWith *>> pairs;
  for (auto stage : pipeline.getOps<StageOp>())
    if (auto &with = schedule.of(stage.getSymName()).with)
      pairs.push_back({stage, &*with});
  // Twice, so that all that share a stage's loops have what the last of them has.
  for (int round = 0; round < 2; ++round)
    for (auto &[stage, with] : pairs) {
      Box &own = rootRegion[stage.getSymName()], &other = rootRegion[with->other];
      auto names = dimNames(stage), otherNames = dimNames(lookup(with->other));
      for (const std::string &dim : with->dims) {
        size_t i = llvm::find(names, dim) - names.begin(),
               j = llvm::find(otherNames, dim) - otherNames.begin();
        Box hull;
        hull.include({own.low[i]}, {own.high[i]});
        hull.include({other.low[j]}, {other.high[j]});
        own.low[i] = other.low[j] = hull.low[0];
        own.high[i] = other.high[j] = hull.high[0];
      }
    }
}

/// Bounds aligned, or named, by the schedule.
LogicalResult BoundsInference::align(StringRef name, Box &box) {
  auto names = dimNames(lookup(name));
  for (auto &align : schedule.of(name).alignBounds)
    for (auto [dim, dimName] : llvm::enumerate(names))
      if (dimName == align.first()) {
        int64_t n = align.second;
        box.low[dim] = box.low[dim].floorDiv(n) * IndexExpr(n);
        box.high[dim] = (box.high[dim] + 1).ceilDiv(n) * IndexExpr(n) - 1;
      }
  for (auto &entry : schedule.of(name).bounds) {
    BoundOp bound = entry.second;
    size_t dim = llvm::find(names, bound.getDim().str()) - names.begin();
    IndexExpr height = IndexExpr::size(0), width = IndexExpr::size(1);
    IndexExpr low = IndexExpr::get(bound.getRange().getResult(0), height, width);
    IndexExpr high = low + IndexExpr::get(bound.getRange().getResult(1), height, width) - 1;
    if (!(box.low[dim].lower(always) - low).provablyNonNegative() ||
        !(high - box.high[dim].upper(always)).provablyNonNegative())
      return bound.emitOpError("stage @")
             << name << " is computed from " << low.str() << " to " << high.str() << " of \""
             << bound.getDim() << "\", but " << box.low[dim].lower(always).str() << " to "
             << box.high[dim].upper(always).str() << " is asked for";
    box.low[dim] = low;
    box.high[dim] = high;
  }
  return success();
}

void BoundsInference::setBounds(ProduceOp produce, const Box &box) {
  for (auto bound : produce.getBody().getOps<RequiredOp>()) {
    OpBuilder builder(bound);
    unsigned dim = bound.getDim();
    Value values[] = {box.low[dim].materialize(builder, bound.getLoc()),
                      (box.high[dim] - box.low[dim] + 1).materialize(builder, bound.getLoc())};
    bound.getValuesMutable().assign(values);
  }
}

/// Bounds of stages computed inside the nests of `root`, consumers first.
LogicalResult BoundsInference::inferComputedAt(ProduceOp root) {
  SmallVector<ProduceOp> produces;
  root.walk<WalkOrder::PostOrder>([&](ProduceOp op) {
    if (op != root)
      produces.push_back(op);
  });
  for (ProduceOp produce : llvm::reverse(produces)) {
    if (auto root = rootRegion.find(produce.getStage()); root != rootRegion.end()) {
      setBounds(produce, root->second); // computed with another
      continue;
    }
    auto required = requiredBox(produce);
    if (failed(required))
      return failure();
    Box box = *required;
    // Whole tiles read beyond what is needed; their own readers' tiles must not add to it.
    if (auto region = needed.find(produce.getStage()); region != needed.end())
      for (auto [low, high, first, last] :
           llvm::zip(box.low, box.high, region->second.low, region->second.high)) {
        if ((high - low).constant())
          continue;
        if ((first - low).provablyNonNegative())
          low = first;
        if ((high - last).provablyNonNegative())
          high = last;
      }
    if (failed(align(produce.getStage(), box)))
      return failure();
    setBounds(produce, box);
    // Its storage is what it computes and what its stores touch, over all iterations of the loops
    // inside its realize.
    auto realize = realizeOf(produce);
    auto isInner = [&](Value iv) {
      return realize->getBlock()->getParentOp()->isProperAncestor(
          cast<BlockArgument>(iv).getOwner()->getParentOp());
    };
    Box touched;
    bool bounded = true;
    auto include = [&](ArrayRef<IndexExpr> low, ArrayRef<IndexExpr> high, Block *block) {
      for (const IndexExpr &e : llvm::concat<const IndexExpr>(low, high))
        bounded &= !dependsOnLoops(e, block, realize->getBlock());
      touched.include(low, high);
    };
    {
      SmallVector<IndexExpr> low, high;
      for (unsigned i = 0; i < box.low.size(); ++i) {
        low.push_back(box.low[i].lower(isInner));
        high.push_back(box.high[i].upper(isInner));
      }
      include(low, high, produce->getBlock());
      for (auto [l, h, requiredLow, requiredHigh] :
           llvm::zip(low, high, required->low, required->high)) {
        l = requiredLow.lower(isInner);
        h = requiredHigh.upper(isInner);
      }
      include(low, high, produce->getBlock());
    }
    produce.walk([&](StoreOp store) {
      if (store.getStage() != produce.getStage())
        return;
      SmallVector<IndexExpr> low, high;
      for (Value index : store.getIndices()) {
        low.push_back(IndexExpr::get(index).lower(isInner));
        high.push_back(IndexExpr::get(index).upper(isInner));
      }
      include(low, high, store->getBlock());
    });
    if (!bounded)
      return produce.emitOpError("cannot bound what is touched of @")
             << produce.getStage()
             << " here; legal: fused loops of constant extent, or compute_root";
    OpBuilder builder(realize);
    SmallVector<Value> mins, extents;
    for (unsigned i = 0; i < touched.low.size(); ++i) {
      mins.push_back(touched.low[i].materialize(builder, realize.getLoc()));
      extents.push_back(
          (touched.high[i] - touched.low[i] + 1).materialize(builder, realize.getLoc()));
    }
    realize.getMinsMutable().assign(mins);
    realize.getExtentsMutable().assign(extents);
  }
  return success();
}

/// The predicate that `indices` lie in `box`; null if that is provable.
Value BoundsInference::inside(OpBuilder &builder, Location loc, ValueRange indices,
                              const Box &box) {
  Value all;
  auto check = [&](arith::CmpIPredicate predicate, Value index, const IndexExpr &bound) {
    Value holds =
        arith::CmpIOp::create(builder, loc, predicate, index, bound.materialize(builder, loc));
    all = all ? arith::AndIOp::create(builder, loc, all, holds).getResult() : holds;
  };
  for (auto [dim, index] : llvm::enumerate(indices)) {
    IndexExpr e = IndexExpr::get(index);
    if (!e.lower(always).provablyNonNegative())
      check(arith::CmpIPredicate::sge, index, 0);
    if (!(box.high[dim] - e.upper(always)).provablyNonNegative())
      check(arith::CmpIPredicate::slt, index, box.high[dim] + 1);
  }
  return all;
}

/// Whether a later definition of the stage goes on from what is stored here.
static bool isPartial(StoreOp store) {
  auto produce = store->getParentOfType<ProduceOp>();
  Operation *nest = store;
  while (nest->getParentOp() != produce)
    nest = nest->getParentOp();
  for (Operation *next = nest->getNextNode(); next; next = next->getNextNode())
    if (isa<ForOp>(next))
      return true;
  return false;
}

/// Stores of a stage that is computed beyond its domain store the exterior value there.
void BoundsInference::storeExteriors() {
  loops.walk([&](StoreOp store) {
    auto exterior = exteriors.find(store.getStage());
    if (exterior == exteriors.end() || isPartial(store))
      return;
    OpBuilder builder(store);
    Location loc = store.getLoc();
    Value in = inside(builder, loc, store.getIndices(), domainOf(lookup(store.getStage())));
    if (!in)
      return;
    Type type = store.getValue().getType();
    Value outside = arith::ConstantOp::create(
        builder, loc, builder.getFloatAttr(type, exterior->second.getValueAsDouble()));
    auto select = arith::SelectOp::create(builder, loc, in, store.getValue(), outside);
    select->setAttr("sched.exterior", builder.getUnitAttr());
    store.getValueMutable().assign(select);
  });
}

/// Loads that may leave what is stored (inputs, or a second exterior value) stay inside by index
/// arithmetic.
LogicalResult BoundsInference::guardInputs() {
  SmallVector<LoadOp> loads;
  loops.walk([&](LoadOp load) { loads.push_back(load); });
  for (LoadOp load : loads) {
    Operation *source = lookup(load.getSource());
    bool external = isa<InputOp>(source);
    bool constant = load.getExterior() == Exterior::Constant;
    FloatAttr value = load.getValueAttr();
    bool stored =
        constant && exteriors.count(load.getSource()) &&
        exteriors[load.getSource()].getValueAsDouble() == (value ? value.getValueAsDouble() : 0.0);
    OpBuilder builder(load);
    Location loc = load.getLoc();
    Box domain = domainOf(source);
    if (!external && (!constant || stored)) {
      load.setExterior(Exterior::None);
      continue;
    }
    Value in = inside(builder, loc, load.getIndices(), domain);
    load.setExterior(Exterior::None);
    if (!in)
      continue;
    SmallVector<Value> clamped;
    for (auto [dim, index] : llvm::enumerate(load.getIndices())) {
      // Of the index itself: what it is made of are bounds, which later passes move.
      Value low = IndexExpr(0).materialize(builder, loc);
      Value high = domain.high[dim].materialize(builder, loc);
      Value most = arith::MinSIOp::create(builder, loc, index, high);
      clamped.push_back(arith::MaxSIOp::create(builder, loc, low, most));
    }
    load.getIndicesMutable().assign(clamped);
    if (!constant)
      continue;
    builder.setInsertionPointAfter(load);
    Value outside = arith::ConstantOp::create(
        builder, loc, builder.getFloatAttr(load.getType(), value ? value.getValueAsDouble() : 0.0));
    auto select = arith::SelectOp::create(builder, loc, in, load.getResult(), outside);
    load.getResult().replaceAllUsesExcept(select, select);
  }
  return success();
}

/// The constant lower or upper bound of a difference: where a min or max is added to it, of the
/// difference with each of its operands in its place.
static std::optional<int64_t> constantBound(const IndexExpr &e, bool upper) {
  auto known = upper ? e.constantUpper() : e.constantLower();
  if (known)
    return known;
  for (auto &[monomial, coefficient] : e.terms) {
    const IndexAtom *atom = monomial.size() == 1 ? monomial[0].get() : nullptr;
    if (!atom || (atom->kind != IndexAtom::Min && atom->kind != IndexAtom::Max))
      continue;
    IndexExpr rest = e;
    rest.terms.erase(monomial);
    auto a = constantBound(rest + atom->a * IndexExpr(coefficient), upper),
         b = constantBound(rest + atom->b * IndexExpr(coefficient), upper);
    // Of the greater of two both must be below, of the lesser one is enough.
    bool both = (atom->kind == IndexAtom::Max) == (upper == (coefficient > 0));
    if (!a || !b)
      return both ? std::nullopt : (a ? a : b);
    return both == upper ? std::max(*a, *b) : std::min(*a, *b);
  }
  return std::nullopt;
}

/// Bounds of the storage of root stages and tables: all that is touched.
LogicalResult BoundsInference::allocate() {
  llvm::MapVector<StringRef, Box> touched;
  MLIRContext *context = loops.getContext();
  for (auto &op : pipeline.getBody().front())
    if (StringRef name = SymbolTable::getSymbolName(&op).getValue();
        rootRegion.count(name) || isa<TableOp>(op))
      touched[name] = isa<TableOp>(op) ? domainOf(&op) : rootRegion[name];
  LogicalResult result = success();
  auto touch = [&](Operation *op, StringRef name, ValueRange indices, bool guarded) {
    auto entry = touched.find(name);
    if (entry == touched.end() || failed(result))
      return;
    Operation *source = lookup(name);
    auto stage = dyn_cast<StageOp>(source);
    SmallVector<IndexExpr> low, high;
    for (Value index : indices) {
      IndexExpr e = IndexExpr::get(index);
      low.push_back(e.lower(always));
      high.push_back(e.upper(always));
      if (!low.back().toAffine(context) || !high.back().toAffine(context)) {
        // min and max (clamped indices, shifted tails) leave the region by a constant, or it is not
        // known by how much.
        Box region = isa<TableOp>(source) ? domainOf(source) : rootRegion[name];
        const IndexExpr &first = region.low[low.size() - 1], &last = region.high[low.size() - 1];
        auto before = constantBound(low.back() - first, false),
             after = constantBound(high.back() - last, true);
        if (!before || !after) {
          result = op->emitOpError("cannot bound what is touched of @")
                   << name << " in dimension \"" << dimNames(source)[low.size() - 1]
                   << "\": " << low.back().str() << " to " << high.back().str()
                   << "; legal: constant factors, or tail guard";
          return;
        }
        low.back() = first + std::min<int64_t>(*before, 0);
        high.back() = last + std::max<int64_t>(*after, 0);
      }
    }
    if (stage && stage.getOutput()) {
      Box domain = domainOf(stage);
      for (unsigned i = 0; i < low.size(); ++i)
        if (!low[i].provablyNonNegative() || // a guard is no check of the other end
            (!guarded && !(domain.high[i] - high[i]).provablyNonNegative())) {
          result = op->emitOpError("may write outside the output @")
                   << name << " in dimension \"" << dimNames(source)[i]
                   << "\": an extent may be smaller than the factor; legal tail: guard";
          return;
        }
      return;
    }
    entry->second.include(low, high);
  };
  loops.walk([&](Operation *op) {
    auto packed = dyn_cast<LoadOp>(op);
    if (packed && packed.getPacked()) {
      int64_t factor = *packed.getPacked();
      IndexExpr at = IndexExpr::get(packed.getIndices().back());
      auto low = at.lower(always).constantLower(), high = at.upper(always).constantUpper();
      if (!low || !high) // not linear in the loops
        low = at.constantLower(), high = at.constantUpper();
      if (!low || !high || *low < 0 || *high >= factor) {
        op->emitOpError("a list of taps serves ")
            << factor << " points, but the loops inside it cover " << at.str()
            << "; legal: tiles inside the tap loop that are no larger and start at its multiples";
        result = failure();
      }
    }
    if (auto load = dyn_cast<LoadOp>(op))
      touch(op, load.getSource(), load.getIndices(), false);
    else if (auto store = dyn_cast<StoreOp>(op))
      touch(op, store.getStage(), store.getIndices(), bool(store.getPredicate()));
    else if (auto place = dyn_cast<TapOp>(op); place && place.getIndices().size() == 1)
      touch(op, place.getTable(), place.getIndices(), false); // points outside have empty lists
  });
  if (failed(result))
    return failure();
  // In fours beyond the picture: of equal layers one's readers may touch a row more than another's,
  // and their kernels are the same then.
  for (auto &[name, box] : touched)
    if (auto stage = dyn_cast<StageOp>(lookup(name)); stage && !stage.getOutput()) {
      Box domain = domainOf(stage);
      for (unsigned i = 0; i < box.low.size(); ++i) {
        if (domain.high[i].constant()) // channels
          continue;
        if (auto before = box.low[i].constant())
          box.low[i] = llvm::divideFloorSigned(*before, 4) * 4;
        if (auto after = (box.high[i] - domain.high[i]).constant())
          box.high[i] = domain.high[i] + llvm::divideCeilSigned(*after, 4) * 4;
      }
    }
  Block &body = loops.getBody().front();
  for (auto &[name, box] : touched) {
    RealizeOp realize;
    for (auto op : body.getOps<RealizeOp>())
      if (op.getStage() == name)
        realize = op;
    OpBuilder builder = OpBuilder::atBlockBegin(&body);
    if (realize)
      builder.setInsertionPoint(realize);
    SmallVector<Value> mins, extents;
    Location loc = lookup(name)->getLoc();
    for (unsigned i = 0; i < box.low.size(); ++i) {
      mins.push_back(box.low[i].materialize(builder, loc));
      extents.push_back((box.high[i] - box.low[i] + 1).materialize(builder, loc));
    }
    if (realize) {
      realize.getMinsMutable().assign(mins);
      realize.getExtentsMutable().assign(extents);
    } else {
      RealizeOp::create(builder, loc, name, mins, extents);
    }
  }
  return success();
}

/// Guards of tails that cannot occur.
void BoundsInference::dropGuards() {
  loops.walk([&](StoreOp store) {
    if (!store.getPredicate())
      return;
    SmallVector<Value> conjuncts{store.getPredicate()}, kept;
    while (!conjuncts.empty()) {
      Value v = conjuncts.pop_back_val();
      if (auto both = v.getDefiningOp<arith::AndIOp>()) {
        conjuncts.append({both.getRhs(), both.getLhs()});
        continue;
      }
      auto compare = v.getDefiningOp<arith::CmpIOp>();
      bool holds =
          compare && compare.getPredicate() == arith::CmpIPredicate::slt &&
          (IndexExpr::get(compare.getRhs()) - IndexExpr::get(compare.getLhs()).upper(always) - 1)
              .provablyNonNegative();
      if (!holds)
        kept.push_back(v);
    }
    OpBuilder builder(store);
    Value all;
    for (Value v : kept)
      all = all ? arith::AndIOp::create(builder, store.getLoc(), all, v).getResult() : v;
    store.getPredicateMutable().assign(all ? ValueRange(all) : ValueRange());
  });
}

LogicalResult BoundsInference::run() {
  if (failed(computeRegions()))
    return failure();
  SmallVector<ProduceOp> roots(loops.getBody().getOps<ProduceOp>());
  for (ProduceOp root : roots) {
    auto stage = cast<StageOp>(lookup(root.getStage()));
    const Box &box = rootRegion[targetOf(stage)];
    setBounds(root, box);
    if (failed(inferComputedAt(root)))
      return failure();
  }
  dropGuards();
  storeExteriors();
  if (failed(guardInputs()))
    return failure();
  return allocate();
}

namespace {
struct SchedInferBounds : public srcc::sched::impl::SchedInferBoundsBase<SchedInferBounds> {
  using Base::Base;
  void runOnOperation() override {
    for (auto loops : getOperation().getOps<LoopsOp>()) {
      auto pair = scheduleOf(loops);
      if (failed(pair) || failed(BoundsInference(loops, pair->first, pair->second).run()))
        return signalPassFailure();
    }
  }
};
} // namespace
