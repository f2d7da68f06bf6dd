//===- VectorizeLoops.cpp - Vector, straight-line and grid loops ----------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/schedule/IndexExpr.h"
#include "compiler/schedule/Passes.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Threading.h"
#include "mlir/Transforms/RegionUtils.h"

#define DEBUG_TYPE "sched-vectorize-loops"

namespace srcc::sched {
#define GEN_PASS_DEF_SCHEDVECTORIZELOOPS
#include "compiler/schedule/Passes.h.inc"
} // namespace srcc::sched

using namespace mlir;
using namespace srcc::sched;

static Value indexConstant(OpBuilder &builder, Location loc, int64_t n) {
  return arith::ConstantIndexOp::create(builder, loc, n);
}

//===----------------------------------------------------------------------===//
// Vectorise
//===----------------------------------------------------------------------===//

/// Bytes to which a vector in memory is aligned: all of its own, if its place is a multiple of its
/// lanes in a buffer, which begins at a multiple of the largest vector; else an element's.
static llvm::MaybeAlign alignmentOf(Value memory, const IndexExpr &place, int64_t lanes) {
  auto type = cast<MemRefType>(memory.getType());
  bool whole = isa<BlockArgument>(memory) && !type.getMemorySpace() &&
               llvm::all_of(place.terms, [&](auto &term) { return term.second % lanes == 0; });
  if (!whole)
    return std::nullopt;
  return llvm::Align(lanes * type.getElementTypeBitWidth() / 8);
}

namespace {
/// Widens the body of one innermost loop to `lanes` values.
class Vectorizer {
public:
  Vectorizer(ForOp loop, int64_t lanes) : loop(loop), lanes(lanes), builder(loop) {}
  LogicalResult run();

private:
  LogicalResult widen(Operation &op);
  bool varies(Value v) { return varying.count(v); }
  VectorType wide(Type type) {
    return VectorType::get({lanes}, type.isIndex() ? Type(builder.getI32Type()) : type);
  }
  /// The vector for a scalar of the body: widened, or the same in all lanes.
  Value vector(Value v, Location loc);
  Value lane(Value v, int64_t i, Location loc);
  /// How far places of lanes are apart, 2 or 4, in memory whose neighbours are read and written as
  /// vectors: neither texels nor variables nor halves. Fewer than four lanes are not.
  std::optional<int64_t> apartOf(Value memory, Value index) {
    auto type = cast<MemRefType>(memory.getType());
    bool isPrivate = memory.getDefiningOp<memref::AllocaOp>() && !type.getMemorySpace();
    if (lanes < 4 || type.getElementTypeBitWidth() < 32 || srcc::ocl::isImage(type) || isPrivate)
      return std::nullopt;
    auto apart = stepOf(index);
    return apart == 2 || apart == 4 ? apart : std::nullopt;
  }
  /// An index at the first lane.
  IndexExpr first(Value index) { return expr(index).substitute(loop.getIv(), start); }
  IndexExpr expr(Value index) { return IndexExpr::get(index); }
  IndexExpr atLane(Value index, int64_t i) {
    return expr(index).substitute(loop.getIv(), start + i);
  }
  /// How far the places of neighbouring lanes are apart, if all are equally: also where divisions
  /// are in the way, as in the group of channels that a packed layout holds together.
  std::optional<int64_t> stepOf(Value index) {
    if (auto step = expr(index).coefficientOf(loop.getIv()))
      return step;
    std::optional<int64_t> step;
    for (int64_t i = 1; i < lanes; ++i) {
      auto here = (atLane(index, i) - atLane(index, i - 1)).constant();
      if (!here || (step && *step != *here))
        return std::nullopt;
      step = here;
    }
    return step;
  }

  llvm::MaybeAlign alignmentOf(Value memory, Value index) {
    return ::alignmentOf(memory, first(index), lanes);
  }
  Value loadPairs(Value memory, Value index, Type element, Location loc);
  Value loadAcross(Value memory, Value index, Type element, bool half, Location loc);
  void storeParts(Value value, Value memory, Value index, int64_t n, bool half, Location loc);
  /// Whether a store is one of vectors, not of lane by lane.
  bool writesVectors(Value memory, Value index) {
    return stepOf(index) == 1 || apartOf(memory, index) || partsOf(memory, index);
  }
  /// The least n of which every n-th lane goes to neighbouring places, if not all do.
  std::optional<int64_t> partsOf(Value memory, Value index) {
    if (srcc::ocl::isImage(memory.getType()) || stepOf(index))
      return std::nullopt;
    for (int64_t n = 2; 2 * n <= lanes; n *= 2)
      if (llvm::all_of(llvm::seq(n, lanes), [&](int64_t i) {
            return (atLane(index, i) - atLane(index, i - n)).constant() == 1;
          }))
        return n;
    return std::nullopt;
  }
  /// A store to places that are `apart`, which weaveStores() makes vectors of.
  void storeApart(Value value, Value memory, Value index, int64_t apart, Location loc) {
    SmallVector<int32_t> places;
    for (int64_t i = 0; i < lanes; ++i)
      places.push_back(apart * i);
    Value offsets = arith::ConstantOp::create(builder, loc, builder.getI32VectorAttr(places));
    Value all = arith::ConstantOp::create(
        builder, loc, builder.getBoolVectorAttr(SmallVector<bool>(lanes, true)));
    vector::ScatterOp::create(builder, loc, Type(), memory, first(index).materialize(builder, loc),
                              offsets, all, value);
  }

  ForOp loop;
  int64_t lanes;
  OpBuilder builder;
  IndexExpr start;
  IRMapping map;                 // scalar -> vector, and uniform -> clone
  llvm::DenseSet<Value> varying; // scalars that differ by lane
};
} // namespace

Value Vectorizer::vector(Value v, Location loc) {
  if (varies(v) && map.contains(v))
    return map.lookup(v);
  if (v.getType().isIndex() && varies(v)) {
    // base + step * (0, 1, 2, ...)
    auto step = expr(v).coefficientOf(loop.getIv());
    Type i32 = builder.getI32Type();
    if (step) {
      Value base =
          arith::IndexCastOp::create(builder, loc, i32, first(v).materialize(builder, loc));
      Value splat = vector::BroadcastOp::create(builder, loc, wide(i32), base);
      SmallVector<Attribute> offsets;
      for (int64_t i = 0; i < lanes; ++i)
        offsets.push_back(builder.getI32IntegerAttr(*step * i));
      Value ramp =
          arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(wide(i32), offsets));
      return arith::AddIOp::create(builder, loc, splat, ramp);
    }
    SmallVector<Value> values;
    for (int64_t i = 0; i < lanes; ++i)
      values.push_back(
          arith::IndexCastOp::create(builder, loc, i32, atLane(v, i).materialize(builder, loc)));
    return vector::FromElementsOp::create(builder, loc, wide(i32), values);
  }
  Value scalar = map.lookupOrDefault(v);
  if (scalar.getType().isIndex())
    scalar = arith::IndexCastOp::create(builder, loc, builder.getI32Type(), scalar);
  return vector::BroadcastOp::create(builder, loc, wide(v.getType()), scalar);
}

/// A load whose lanes are two apart: every other lane of two vectors, of which the second ends with
/// the last element.
Value Vectorizer::loadPairs(Value memory, Value index, Type element, Location loc) {
  Value vectors[2];
  SmallVector<int64_t> order;
  for (int64_t i : {0, 1}) {
    IndexExpr place = first(index) + i * (lanes - 1);
    vectors[i] =
        vector::LoadOp::create(builder, loc, wide(element), memory, place.materialize(builder, loc),
                               /*nontemporal=*/false, ::alignmentOf(memory, place, lanes));
  }
  for (int64_t i = 0; i < lanes; ++i)
    order.push_back(2 * i < lanes ? 2 * i : 2 * i + 1);
  return vector::ShuffleOp::create(builder, loc, vectors[0], vectors[1], order);
}

/// A load from global memory whose lanes lie in two vectors at multiples of as many, as where the
/// layout takes a dimension apart between them: a shuffle of these. Null if they do not, or if the
/// memory may be of constant size and end within the second.
Value Vectorizer::loadAcross(Value memory, Value index, Type element, bool half, Location loc) {
  bool isGlobal =
      isa<BlockArgument>(memory) && !cast<MemRefType>(memory.getType()).getMemorySpace();
  if (lanes < 4 || !isGlobal)
    return {};
  SmallVector<IndexExpr> vectors;
  SmallVector<int64_t> order;
  for (int64_t i = 0; i < lanes; ++i) {
    IndexExpr place = atLane(index, i);
    auto known = llvm::find_if(vectors, [&](const IndexExpr &vector) {
      auto lane = (place - vector).constant();
      return lane && *lane >= 0 && *lane < lanes;
    });
    if (known == vectors.end()) {
      auto lane = place.mod(lanes).constant();
      if (!lane || vectors.size() == 2 || place.constantUpper())
        return {};
      known = vectors.insert(vectors.end(), place - *lane);
    }
    order.push_back((known - vectors.begin()) * lanes + *(place - *known).constant());
  }
  if (vectors.size() != 2)
    return {};
  SmallVector<Value> loads;
  for (const IndexExpr &vector : vectors) {
    Value at = vector.materialize(builder, loc);
    loads.push_back(
        half ? srcc::ocl::VLoadHalfOp::create(builder, loc, wide(element), memory, at).getResult()
             : vector::LoadOp::create(builder, loc, wide(element), memory, at,
                                      /*nontemporal=*/false, ::alignmentOf(memory, vector, lanes))
                   .getResult());
  }
  return vector::ShuffleOp::create(builder, loc, loads[0], loads[1], order);
}

/// Every n-th lane as a vector of its own, to neighbouring places.
void Vectorizer::storeParts(Value value, Value memory, Value index, int64_t n, bool half,
                            Location loc) {
  for (int64_t first = 0; first < n; ++first) {
    SmallVector<int64_t> order;
    for (int64_t i = first; i < lanes; i += n)
      order.push_back(i);
    Value part = vector::ShuffleOp::create(builder, loc, value, value, order);
    IndexExpr at = atLane(index, first);
    Value place = at.materialize(builder, loc);
    if (half)
      srcc::ocl::VStoreHalfOp::create(builder, loc, part, memory, place);
    else
      vector::StoreOp::create(builder, loc, part, memory, place, /*nontemporal=*/false,
                              ::alignmentOf(memory, at, lanes / n));
  }
}

Value Vectorizer::lane(Value v, int64_t i, Location loc) {
  if (!varies(v))
    return map.lookupOrDefault(v);
  return vector::ExtractOp::create(builder, loc, map.lookup(v), i);
}

LogicalResult Vectorizer::widen(Operation &op) {
  Location loc = op.getLoc();
  bool any = llvm::any_of(op.getOperands(), [&](Value v) { return varies(v); });
  // Index arithmetic is done symbolically by its users.
  if (op.getNumResults() == 1 && op.getResult(0).getType().isIndex()) {
    if (expr(op.getResult(0)).dependsOn(loop.getIv()))
      varying.insert(op.getResult(0));
    else
      map.map(op.getResult(0), expr(op.getResult(0)).materialize(builder, loc));
    return success();
  }
  // Memory: contiguous, uniform, or lane by lane.
  auto place = [&](Value index) { return first(index).materialize(builder, loc); };
  auto laneLoads = [&](Value index, function_ref<Value(Value)> load) -> Value {
    SmallVector<Value> values;
    for (int64_t i = 0; i < lanes; ++i)
      values.push_back(load(atLane(index, i).materialize(builder, loc)));
    return vector::FromElementsOp::create(builder, loc, wide(values[0].getType()), values);
  };
  if (isa<memref::LoadOp, srcc::ocl::VLoadHalfOp>(op)) {
    Value memory = op.getOperand(0), index = op.getOperand(1), result = op.getResult(0);
    auto step = stepOf(index);
    bool half = isa<srcc::ocl::VLoadHalfOp>(op);
    auto scalarLoad = [&](Value at) -> Value {
      if (half)
        return srcc::ocl::VLoadHalfOp::create(builder, loc, result.getType(), memory, at);
      return memref::LoadOp::create(builder, loc, memory, at);
    };
    if (step && *step == 0) {
      map.map(result, scalarLoad(place(index)));
      return success();
    }
    Value value;
    if (apartOf(memory, index) == 2)
      value = loadPairs(memory, index, result.getType(), loc);
    else if (step == 1 && half)
      value = srcc::ocl::VLoadHalfOp::create(builder, loc, wide(result.getType()), memory,
                                             place(index));
    else if (step == 1)
      value = vector::LoadOp::create(builder, loc, wide(result.getType()), memory, place(index),
                                     /*nontemporal=*/false, alignmentOf(memory, index));
    else if (!step)
      value = loadAcross(memory, index, result.getType(), half, loc);
    if (!value)
      value = laneLoads(index, scalarLoad);
    varying.insert(result);
    map.map(result, value);
    return success();
  }
  if (isa<memref::StoreOp, srcc::ocl::VStoreHalfOp>(op)) {
    Value value = op.getOperand(0), memory = op.getOperand(1), index = op.getOperand(2);
    auto step = stepOf(index);
    bool half = isa<srcc::ocl::VStoreHalfOp>(op);
    if (step && *step == 0)
      return op.emitOpError("is the same for all lanes of loop \"")
             << loop.getName() << "\"; a vectorised loop must store to different places";
    if (step && *step == 1) {
      if (half)
        srcc::ocl::VStoreHalfOp::create(builder, loc, vector(value, loc), memory, place(index));
      else
        vector::StoreOp::create(builder, loc, vector(value, loc), memory, place(index),
                                /*nontemporal=*/false, alignmentOf(memory, index));
      return success();
    }
    if (auto apart = apartOf(memory, index)) {
      storeApart(vector(value, loc), memory, index, *apart, loc);
      return success();
    }
    if (auto parts = partsOf(memory, index)) {
      storeParts(vector(value, loc), memory, index, *parts, half, loc);
      return success();
    }
    for (int64_t i = 0; i < lanes; ++i) {
      Value at = atLane(index, i).materialize(builder, loc), one = lane(value, i, loc);
      if (half)
        srcc::ocl::VStoreHalfOp::create(builder, loc, one, memory, at);
      else
        memref::StoreOp::create(builder, loc, one, memory, at);
    }
    return success();
  }
  // A guarded store: lane by lane if the guard differs.
  if (auto guard = dyn_cast<scf::IfOp>(op)) {
    if (guard.elseBlock() || guard.getNumResults())
      return op.emitOpError("cannot be vectorised in loop \"") << loop.getName() << "\"";
    OpBuilder::InsertionGuard insertion(builder);
    if (!varies(guard.getCondition())) {
      auto clone =
          scf::IfOp::create(builder, loc, map.lookupOrDefault(guard.getCondition()), false);
      builder.setInsertionPointToStart(clone.thenBlock());
      for (Operation &inner : guard.thenBlock()->without_terminator())
        if (failed(widen(inner)))
          return failure();
      return success();
    }
    // Whole vectors where it holds for all lanes.
    bool whole = llvm::any_of(*guard.thenBlock(), [&](Operation &inner) {
      if (!isa<memref::StoreOp, srcc::ocl::VStoreHalfOp>(inner))
        return false;
      return writesVectors(inner.getOperand(1), inner.getOperand(2));
    });
    if (auto compares = conjuncts(guard.getCondition()); compares && whole) {
      Value all = buildHolds(builder, loc, *compares, /*everywhere=*/true,
                             [&](Value iv) { return iv == loop.getIv(); });
      auto branch = scf::IfOp::create(builder, loc, all, /*withElseRegion=*/true);
      builder.setInsertionPointToStart(branch.thenBlock());
      for (Operation &inner : guard.thenBlock()->without_terminator())
        if (failed(widen(inner)))
          return failure();
      builder.setInsertionPointToStart(branch.elseBlock());
    }
    for (int64_t i = 0; i < lanes; ++i) {
      Value holds = lane(guard.getCondition(), i, loc);
      auto clone = scf::IfOp::create(builder, loc, holds, false);
      OpBuilder::InsertionGuard perLane(builder);
      builder.setInsertionPointToStart(clone.thenBlock());
      for (Operation &inner : guard.thenBlock()->without_terminator()) {
        if (isa<memref::StoreOp, srcc::ocl::VStoreHalfOp>(inner)) {
          Value one = lane(inner.getOperand(0), i, loc);
          Value at = atLane(inner.getOperand(2), i).materialize(builder, loc);
          if (isa<memref::StoreOp>(inner))
            memref::StoreOp::create(builder, loc, one, inner.getOperand(1), at);
          else
            srcc::ocl::VStoreHalfOp::create(builder, loc, one, inner.getOperand(1), at);
        } else if (!inner.getNumResults() || !inner.getResult(0).getType().isIndex()) {
          return inner.emitOpError("cannot stand under a guard in a vectorised loop");
        }
      }
    }
    return success();
  }
  if (op.getNumRegions())
    return op.emitOpError("stands inside loop \"")
           << loop.getName()
           << "\", which is vectorised; reorder so that the vectorised loop is "
              "the innermost";
  if (!any) {
    builder.clone(op, map);
    return success();
  }
  if (isa<memref::AllocaOp>(op))
    return op.emitOpError("is allocated inside vectorised loop \"") << loop.getName() << "\"";
  // Scalar operations, lane by lane in one vector operation.
  OperationState state(loc, op.getName());
  bool isCast = isa<arith::IndexCastOp, arith::IndexCastUIOp>(op);
  for (Value operand : op.getOperands())
    state.operands.push_back(vector(operand, loc));
  if (isCast) { // an index is already a vector of i32
    Value v = state.operands[0];
    varying.insert(op.getResult(0));
    if (op.getResult(0).getType().isInteger(64))
      v = arith::ExtSIOp::create(builder, loc, wide(op.getResult(0).getType()), v);
    map.map(op.getResult(0), v);
    return success();
  }
  if (auto select = dyn_cast<arith::SelectOp>(op); select && !varies(select.getCondition()))
    state.operands[0] = map.lookupOrDefault(select.getCondition());
  for (Type type : op.getResultTypes())
    state.types.push_back(wide(type));
  state.attributes = llvm::to_vector(op.getAttrs());
  Operation *clone = builder.create(state);
  for (auto [scalar, result] : llvm::zip(op.getResults(), clone->getResults())) {
    varying.insert(scalar);
    map.map(scalar, result);
  }
  return success();
}

LogicalResult Vectorizer::run() {
  IndexMemo memo;
  start = IndexExpr::get(loop.getMin());
  varying.insert(loop.getIv());
  for (Operation &op : loop.getBody().front())
    if (failed(widen(op)))
      return failure();
  loop.erase();
  return success();
}

//===----------------------------------------------------------------------===//
// Unroll, scalar replacement, grid
//===----------------------------------------------------------------------===//

static FailureOr<int64_t> constantExtent(ForOp loop) {
  auto extent = IndexExpr::get(loop.getExtent()).constant();
  if (!extent)
    return loop.emitOpError("loop \"")
           << loop.getName() << "\" is " << stringifyLoopKind(loop.getKind())
           << ", but its extent is " << IndexExpr::get(loop.getExtent()).str()
           << ", not a constant; split it by a constant first";
  return *extent;
}

/// Copies of the body, one per step.
static LogicalResult unroll(ForOp loop) {
  auto extent = constantExtent(loop);
  if (failed(extent))
    return failure();
  if (*extent > 1024)
    return loop.emitOpError("loop \"")
           << loop.getName() << "\" has " << *extent << " steps; at most 1024 can be unrolled";
  OpBuilder builder(loop);
  IndexExpr min = IndexExpr::get(loop.getMin());
  for (int64_t i = 0; i < *extent; ++i) {
    IRMapping map;
    map.map(loop.getIv(), (min + i).materialize(builder, loop.getLoc()));
    for (Operation &op : loop.getBody().front())
      builder.clone(op, map);
  }
  loop.erase();
  return success();
}

/// What nothing uses any more is not copied, simplified and hoisted further.
static void eraseDead(Operation *root) {
  IRRewriter rewriter(root->getContext());
  (void)runRegionDCE(rewriter, root->getRegions());
}

/// Index operands of memory operations, simplified now that unrolled variables are constants; equal
/// ones of a block are computed once.
static void simplifyIndices(Operation *root) {
  IndexMemo memo;
  auto less = [](const IndexExpr &a, const IndexExpr &b) { return a < b; };
  using Known = std::map<IndexExpr, Value, decltype(less)>;
  std::map<Block *, Known> known;
  root->walk([&](Operation *op) {
    if (!isa<memref::LoadOp, memref::StoreOp, vector::LoadOp, vector::StoreOp, vector::ScatterOp,
             srcc::ocl::VLoadHalfOp, srcc::ocl::VStoreHalfOp>(op))
      return;
    OpBuilder builder(op);
    Known &inBlock = known.try_emplace(op->getBlock(), less).first->second;
    for (OpOperand &operand : op->getOpOperands()) {
      if (!operand.get().getType().isIndex())
        continue;
      IndexExpr e = IndexExpr::get(operand.get());
      Value &value = inBlock[e];
      if (!value)
        value = e.materialize(builder, op->getLoc());
      operand.set(value);
    }
  });
}

/// Where the lanes of a store to places apart go: how far they are apart.
static int64_t apartOf(vector::ScatterOp op) {
  auto places = cast<DenseIntElementsAttr>(
      cast<arith::ConstantOp>(op.getIndices().getDefiningOp()).getValue());
  return places.getValues<int32_t>()[1];
}

/// The elements of vectors in turn, as vectors of as many.
static SmallVector<Value> weave(ArrayRef<Value> vectors, OpBuilder &builder, Location loc) {
  if (vectors.size() == 1)
    return {vectors[0]};
  SmallVector<Value> parts[2], result;
  for (auto [i, vector] : llvm::enumerate(vectors))
    parts[i % 2].push_back(vector);
  for (SmallVector<Value> &part : parts)
    part = weave(part, builder, loc);
  int64_t lanes = cast<VectorType>(vectors[0].getType()).getNumElements();
  for (auto [even, odd] : llvm::zip(parts[0], parts[1]))
    for (int64_t half : {0, 1}) {
      SmallVector<int64_t> order;
      for (int64_t i = 0; i < lanes; ++i)
        order.push_back((half * lanes + i) / 2 + (i % 2) * lanes);
      result.push_back(vector::ShuffleOp::create(builder, loc, even, odd, order));
    }
  return result;
}

/// Stores to places apart: as many of a block as they are apart, whose places are neighbours,
/// become vectors, if nothing between them touches that memory; others store lane by lane.
static void weaveStores(Operation *root) {
  IndexMemo memo;
  auto placeOf = [](vector::ScatterOp op) { return IndexExpr::get(op.getOffsets()[0]); };
  root->walk([&](Block *block) {
    llvm::DenseMap<Value, SmallVector<vector::ScatterOp>> waiting; // by memory
    for (Operation &op : llvm::make_early_inc_range(*block)) {
      auto store = dyn_cast<vector::ScatterOp>(op);
      if (!store) {
        op.walk([&](Operation *inner) {
          for (Value operand : inner->getOperands())
            waiting.erase(operand);
        });
        continue;
      }
      auto &before = waiting[store.getBase()];
      int64_t apart = apartOf(store);
      bool neighbours = llvm::all_of(before, [&](vector::ScatterOp other) {
        auto distance = (placeOf(store) - placeOf(other)).constant();
        return other.getVectorType() == store.getVectorType() && apartOf(other) == apart &&
               distance && *distance && std::abs(*distance) < apart;
      });
      if (!neighbours)
        before.clear();
      before.push_back(store);
      if (int64_t(before.size()) < apart)
        continue;
      llvm::sort(before, [&](vector::ScatterOp a, vector::ScatterOp b) {
        return *(placeOf(b) - placeOf(a)).constant() > 0;
      });
      // `apart` different places of which no two are as far apart: neighbours.
      SmallVector<Value> values;
      for (vector::ScatterOp each : before)
        values.push_back(each.getValueToStore());
      OpBuilder builder(store);
      int64_t lanes = store.getVectorType().getNumElements();
      for (auto [i, value] : llvm::enumerate(weave(values, builder, store.getLoc()))) {
        IndexExpr place = placeOf(before[0]) + int64_t(i) * lanes;
        vector::StoreOp::create(builder, store.getLoc(), value, store.getBase(),
                                place.materialize(builder, store.getLoc()), /*nontemporal=*/false,
                                alignmentOf(store.getBase(), place, lanes));
      }
      for (vector::ScatterOp each : before)
        each.erase();
      before.clear();
    }
  });
  SmallVector<vector::ScatterOp> left;
  root->walk([&](vector::ScatterOp op) { left.push_back(op); });
  for (vector::ScatterOp op : left) {
    OpBuilder builder(op);
    for (int64_t i = 0; i < op.getVectorType().getNumElements(); ++i) {
      Value one = vector::ExtractOp::create(builder, op.getLoc(), op.getValueToStore(), i);
      memref::StoreOp::create(builder, op.getLoc(), one, op.getBase(),
                              (placeOf(op) + apartOf(op) * i).materialize(builder, op.getLoc()));
    }
    op.erase();
  }
}

/// Accesses of an image become those of texels. A kernel that reads an image does not write it, so
/// texels that several accesses of a block read are read once.
static LogicalResult accessTexels(Value image) {
  IndexMemo memo;
  auto refuse = [](Operation *op, const Twine &what) {
    StringRef name =
        isa<NameLoc>(op->getLoc()) ? cast<NameLoc>(op->getLoc()).getName().getValue() : StringRef();
    return op->emitOpError("image2d") << (name.empty() ? "" : " @") << name << ": " << what;
  };
  SmallVector<Operation *> users;
  image.getParentRegion()->walk([&](Operation *op) {
    if (llvm::is_contained(op->getOperands(), image))
      users.push_back(op);
  });
  auto less = [](const IndexExpr &a, const IndexExpr &b) { return a < b; };
  using Known = std::map<IndexExpr, Value, decltype(less)>;
  std::map<Block *, Known> known;
  for (Operation *user : users) {
    OpBuilder builder(user);
    Location loc = user->getLoc();
    bool stores = isa<memref::StoreOp, vector::StoreOp, srcc::ocl::VStoreHalfOp>(user);
    if (!stores && !isa<memref::LoadOp, vector::LoadOp, srcc::ocl::VLoadHalfOp>(user))
      return refuse(user, "takes loads and stores alone");
    Type value = stores ? user->getOperand(0).getType() : user->getResult(0).getType();
    auto vector = dyn_cast<VectorType>(value);
    int64_t lanes = vector ? vector.getNumElements() : 1;
    IndexExpr index = IndexExpr::get(user->getOperand(stores ? 2 : 1));
    auto lane = index.mod(4).constant();
    if (stores) {
      if (lanes != 4)
        return refuse(user, "is written in pieces of " + Twine(lanes) +
                                " elements; legal: whole texels, vectorize the packed dimension "
                                "by 4");
      if (!lane || *lane != 0)
        return refuse(user, "is written where no texel begins; legal: bounds and tiles of the "
                            "packed dimension that start at multiples of 4");
      Value texel = index.floorDiv(4).materialize(builder, loc);
      srcc::ocl::TexelStoreOp::create(builder, loc, user->getOperand(0), image, texel);
      user->erase();
      continue;
    }
    if ((lanes != 1 && lanes != 4) || !lane || (lanes == 4 && *lane != 0))
      return refuse(user, "is read in pieces of " + Twine(lanes) +
                              " elements, not at a constant place of a texel; legal: vectorize or "
                              "unroll the packed dimension by 4");
    Type texelType = vector ? vector : VectorType::get({4}, value);
    IndexExpr texel = (index - *lane).floorDiv(4);
    Value &texels = known.try_emplace(user->getBlock(), less).first->second[texel];
    if (!texels)
      texels = srcc::ocl::TexelLoadOp::create(builder, loc, texelType, image,
                                              texel.materialize(builder, loc));
    Value read = texels;
    if (!vector)
      read = vector::ExtractOp::create(builder, loc, read, *lane);
    user->getResult(0).replaceAllUsesWith(read);
    user->erase();
  }
  return success();
}

/// Private memory whose accesses all have constant places of one width becomes variables.
static void promotePrivate(memref::AllocaOp alloca) {
  if (alloca.getType().getRank() == 0)
    return; // a variable already
  struct Access {
    Operation *user;
    Value index;
    int64_t place, lanes;
  };
  SmallVector<Access> accesses;
  int64_t width = 0;
  for (Operation *user : alloca->getUsers()) {
    int64_t lanes = 1;
    Value index;
    if (auto op = dyn_cast<vector::LoadOp>(user)) {
      lanes = op.getVectorType().getNumElements();
      index = op.getIndices()[0];
    } else if (auto op = dyn_cast<vector::StoreOp>(user)) {
      if (op.getValueToStore() == alloca.getResult())
        return;
      lanes = op.getVectorType().getNumElements();
      index = op.getIndices()[0];
    } else if (auto op = dyn_cast<memref::LoadOp>(user)) {
      index = op.getIndices()[0];
    } else if (auto op = dyn_cast<memref::StoreOp>(user)) {
      index = op.getIndices()[0];
    } else {
      return;
    }
    auto place = IndexExpr::get(index).constant();
    if (!place)
      return;
    accesses.push_back({user, index, *place, lanes});
    width = std::max(width, lanes);
  }
  // Vectors lie at multiples of their width; single elements may only be read from them.
  for (const Access &a : accesses)
    if (a.lanes == width ? a.place % width : a.lanes != 1 || !isa<memref::LoadOp>(a.user))
      return;
  if (!width)
    return;
  Type element = alloca.getType().getElementType();
  Type type = width == 1 ? element : Type(VectorType::get({width}, element));
  std::map<int64_t, Value> variables;
  OpBuilder builder(alloca);
  auto variable = [&](int64_t place) {
    Value &v = variables[place / width];
    if (!v) {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPoint(alloca);
      v = memref::AllocaOp::create(builder, alloca.getLoc(), MemRefType::get({}, type));
    }
    return v;
  };
  for (const Access &a : accesses) {
    builder.setInsertionPoint(a.user);
    Location loc = a.user->getLoc();
    Value v = variable(a.place);
    if (isa<vector::StoreOp, memref::StoreOp>(a.user)) {
      memref::StoreOp::create(builder, loc, a.user->getOperand(0), v);
    } else {
      Value value = memref::LoadOp::create(builder, loc, v);
      if (a.lanes < width)
        value = vector::ExtractOp::create(builder, loc, value, a.place % width);
      a.user->getResult(0).replaceAllUsesWith(value);
    }
    a.user->erase();
  }
  alloca.erase();
}

/// A load of the variable just stored, or loaded, in the same block is that value.
static void forwardStores(Operation *root) {
  root->walk([&](Block *block) {
    llvm::DenseMap<Value, Value> known; // variable -> value
    for (Operation &op : llvm::make_early_inc_range(*block)) {
      if (auto store = dyn_cast<memref::StoreOp>(op); store && store.getIndices().empty()) {
        known[store.getMemRef()] = store.getValueToStore();
      } else if (auto load = dyn_cast<memref::LoadOp>(op); load && load.getIndices().empty()) {
        Value &value = known[load.getMemRef()];
        if (value) {
          load.getResult().replaceAllUsesWith(value);
          load.erase();
        } else {
          value = load.getResult();
        }
      } else if (op.getNumRegions()) {
        op.walk([&](memref::StoreOp store) { known.erase(store.getMemRef()); });
      }
    }
  });
}

/// Loops that are left: grid dimensions are ids, one-step loops are gone, others are scf.for.
static void lowerLoop(ForOp loop) {
  OpBuilder builder(loop);
  Location loc = loop.getLoc();
  Block &body = loop.getBody().front();
  Value iv;
  auto extent = IndexExpr::get(loop.getExtent()).constant();
  if (loop.getKind() == LoopKind::GpuBlock || loop.getKind() == LoopKind::GpuThread) {
    auto axis = static_cast<gpu::Dimension>(loop.getAxis());
    Value id = loop.getKind() == LoopKind::GpuBlock
                   ? gpu::BlockIdOp::create(builder, loc, axis).getResult()
                   : gpu::ThreadIdOp::create(builder, loc, axis).getResult();
    iv = loop.getMin();
    auto min = IndexExpr::get(iv).constant();
    iv = min && *min == 0 ? id : arith::AddIOp::create(builder, loc, id, iv).getResult();
  } else if (extent && *extent == 1) {
    iv = loop.getMin();
  } else {
    Value end = (IndexExpr::get(loop.getMin()) + IndexExpr::get(loop.getExtent()))
                    .materialize(builder, loc);
    auto scfLoop =
        scf::ForOp::create(builder, loc, loop.getMin(), end, indexConstant(builder, loc, 1));
    for (NamedAttribute attr : loop->getDiscardableAttrs())
      scfLoop->setAttr(attr.getName(), attr.getValue());
    loop.getIv().replaceAllUsesWith(scfLoop.getInductionVar());
    scfLoop.getBody()->getOperations().splice(scfLoop.getBody()->begin(), body.getOperations());
    loop.erase();
    return;
  }
  loop.getIv().replaceAllUsesWith(iv);
  loop->getBlock()->getOperations().splice(loop->getIterator(), body.getOperations());
  loop.erase();
}

static LogicalResult lowerKernel(gpu::GPUFuncOp func) {
  SmallVector<ForOp> loops;
  auto collect = [&](LoopKind kind) {
    loops.clear();
    func.walk([&](ForOp loop) { // innermost first
      if (loop.getKind() == kind)
        loops.push_back(loop);
    });
  };
  collect(LoopKind::Vectorized);
  for (ForOp loop : loops) {
    auto lanes = constantExtent(loop);
    if (failed(lanes))
      return failure();
    if (*lanes != 1 && *lanes != 2 && *lanes != 4 && *lanes != 8 && *lanes != 16)
      return loop.emitOpError("loop \"")
             << loop.getName() << "\" has " << *lanes
             << " steps; a vectorised loop has 2, 4, 8 or 16: split it first";
    if (*lanes == 1 ? failed(unroll(loop)) : failed(Vectorizer(loop, *lanes).run()))
      return failure();
  }
  eraseDead(func);
  collect(LoopKind::Unrolled);
  for (ForOp loop : loops)
    if (failed(unroll(loop)))
      return failure();
  // Loops of one step, so that what depends on them is constant too.
  collect(LoopKind::Serial);
  for (ForOp loop : loops) {
    auto extent = IndexExpr::get(loop.getExtent()).constant();
    if (extent && *extent == 1)
      lowerLoop(loop);
  }
  simplifyIndices(func);
  weaveStores(func);
  eraseDead(func);
  for (BlockArgument argument : func.getArguments())
    if (srcc::ocl::isImage(argument.getType()) && failed(accessTexels(argument)))
      return failure();
  SmallVector<memref::AllocaOp> allocas;
  func.walk([&](memref::AllocaOp op) { allocas.push_back(op); });
  for (memref::AllocaOp op : allocas)
    promotePrivate(op);
  for (LoopKind kind : {LoopKind::Serial, LoopKind::GpuThread, LoopKind::GpuBlock}) {
    collect(kind);
    for (ForOp loop : loops)
      lowerLoop(loop);
  }
  forwardStores(func);
  // H and W are the last two parameters.
  OpBuilder builder = OpBuilder::atBlockBegin(&func.getBody().front());
  Value sizes[2];
  for (int axis : {0, 1})
    sizes[axis] = arith::IndexCastOp::create(builder, func.getLoc(), builder.getIndexType(),
                                             func.getArgument(func.getNumArguments() - 2 + axis));
  SmallVector<SizeOp> sizeOps;
  func.walk([&](SizeOp op) { sizeOps.push_back(op); });
  for (SizeOp op : sizeOps) {
    op.getResult().replaceAllUsesWith(sizes[op.getAxis()]);
    op.erase();
  }
  return success();
}

namespace {
struct SchedVectorizeLoops
    : public srcc::sched::impl::SchedVectorizeLoopsBase<SchedVectorizeLoops> {
  using Base::Base;
  void runOnOperation() override {
    SmallVector<gpu::GPUFuncOp> funcs;
    for (auto kernels : getOperation().getOps<gpu::GPUModuleOp>())
      llvm::append_range(funcs, kernels.getOps<gpu::GPUFuncOp>());
    if (failed(failableParallelForEach(&getContext(), funcs, lowerKernel)))
      signalPassFailure();
  }
};
} // namespace
