//===- TapLists.cpp - Sparse reduction domains as grouped lists -----------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/schedule/TapLists.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace srcc::sched;

/// Widening does not change which values are zero.
static Value withoutExtension(Value v) {
  while (auto extension = v.getDefiningOp<arith::ExtFOp>())
    v = extension.getIn();
  return v;
}

/// The two factors of `value` = a * b + self, if it is that.
static std::optional<std::pair<Value, Value>> productAddedTo(Value value, Value self) {
  if (auto fma = value.getDefiningOp<math::FmaOp>(); fma && fma.getC() == self)
    return std::make_pair(fma.getA(), fma.getB());
  if (auto add = value.getDefiningOp<arith::AddFOp>())
    for (auto [sum, term] : {std::pair(add.getLhs(), add.getRhs()), {add.getRhs(), add.getLhs()}})
      if (auto product = term.getDefiningOp<arith::MulFOp>(); product && sum == self)
        return std::make_pair(product.getLhs(), product.getRhs());
  return std::nullopt;
}

std::optional<TableIndex> TableIndex::get(Value index, Block &block) {
  IndexExpr e = IndexExpr::get(index);
  for (BlockArgument argument : block.getArguments())
    if (argument.getType().isIndex())
      if (auto offset = (e - IndexExpr::get(argument)).constant())
        return TableIndex{int(argument.getArgNumber()), *offset};
  if (auto number = e.constant())
    return TableIndex{-1, *number};
  return std::nullopt;
}

/// Finds the table, and the loops outside and inside the list's.
LogicalResult GroupedTaps::analyse() {
  Block &block = update.getBody().front();
  Value point = block.getArgument(group.dim), self = block.getArguments().back();
  auto product = productAddedTo(block.getTerminator()->getOperand(0), self);
  if (product)
    for (Value factor : {product->first, product->second}) {
      auto read = withoutExtension(factor).getDefiningOp<ReadOp>();
      if (read &&
          isa_and_nonnull<TableOp>(SymbolTable::lookupSymbolIn(pipeline, read.getSource())) &&
          llvm::is_contained(read.getIndices(), point))
        weights = read;
    }
  if (!weights)
    return update.emitOpError("cannot be grouped: it is no sum of products with a table that is "
                              "read at \"")
           << dimNames(stage)[group.dim] << "\"";
  if (weights.getExterior() != Exterior::None)
    return update.emitOpError("cannot be grouped: @")
           << weights.getSource() << " is read with an exterior value; legal: none";
  SmallVector<StringRef> rdims;
  for (auto [at, name] : llvm::enumerate(update.getRdims().getAsRange<StringAttr>())) {
    rdims.push_back(name.getValue());
    auto extent = dyn_cast<AffineConstantExpr>(update.getExtents().getResult(at));
    if (!extent)
      return update.emitOpError("cannot be grouped: the extent of \"")
             << name.getValue() << "\" is not constant";
    extents[name.getValue()] = extent.getValue();
  }
  for (const LoopTransform &t : definition.transforms) {
    if (t.isFuse && isReduction(definition, rdims, t.old)) {
      extents[t.old] = extents[t.inner] * extents[t.outer];
    } else if (!t.isFuse && isReduction(definition, rdims, t.old)) {
      auto factor = dyn_cast<AffineConstantExpr>(t.factor.getResult(0));
      if (!factor)
        return update.emitOpError("cannot be grouped: \"")
               << t.old << "\" is split by a factor that is not constant";
      extents[t.inner] = factor.getValue();
      extents[t.outer] = (extents[t.old] + factor.getValue() - 1) / factor.getValue();
    }
  }
  for (const LoopTransform &t : definition.transforms)
    if (t.isFuse &&
        isReduction(definition, rdims, t.inner) != isReduction(definition, rdims, t.outer))
      return update.emitOpError("cannot be grouped: \"")
             << t.old << "\" fuses a reduction loop with another";
  int64_t points = group.factor;
  for (auto &extent : extents)
    if (llvm::MulOverflow(points, extent.second, points) || points > int64_t(1) << 28)
      return update.emitOpError("cannot be grouped: the reduction has more than 2^28 points");
  bool outside = false;
  for (const Loop &loop : definition.loops) { // innermost first
    if (loop.name == group.outer)
      outside = true;
    else if (isReduction(definition, rdims, loop.name))
      (outside ? outer : inner).insert((outside ? outer : inner).begin(), loop.name);
  }
  return success();
}

FailureOr<SmallVector<APFloat>> srcc::sched::tableValues(TableOp table) {
  SmallVector<APFloat> values;
  if (auto dense = dyn_cast<DenseFPElementsAttr>(table.getValue())) {
    llvm::append_range(values, dense.getValues<APFloat>());
    return values;
  }
  auto resource = dyn_cast<DenseResourceElementsAttr>(table.getValue());
  AsmResourceBlob *blob = resource ? resource.getRawHandle().getBlob() : nullptr;
  if (!table.getValue().getElementType().isF32())
    return table.emitOpError("has elements of ")
           << table.getValue().getElementType() << "; legal: f32, or f16 written out";
  if (!blob)
    return table.emitOpError("has no values: its blob is missing");
  int64_t bytes = table.getValue().getShapedType().getNumElements() * sizeof(float);
  if (int64_t(blob->getData().size()) != bytes)
    return table.emitOpError("takes ")
           << bytes << " bytes of values, but its blob has " << blob->getData().size();
  for (float v : blob->getDataAs<float>())
    values.push_back(APFloat(v));
  return values;
}

/// Enumerates the values of nested loops, the first slowest.
static void forAll(ArrayRef<std::string> loops, const llvm::StringMap<int64_t> &extents,
                   llvm::StringMap<int64_t> &values, llvm::function_ref<void()> visit) {
  if (loops.empty())
    return visit();
  int64_t extent = extents.find(loops.front())->second;
  for (int64_t i = 0; i < extent; ++i) {
    values[loops.front()] = i;
    forAll(loops.drop_front(), extents, values, visit);
  }
}

/// Makes the lists.
LogicalResult GroupedTaps::list() {
  auto table = cast<TableOp>(SymbolTable::lookupSymbolIn(pipeline, weights.getSource()));
  auto values = tableValues(table);
  if (failed(values))
    return failure();
  Block &block = update.getBody().front();
  SmallVector<TableIndex> indices;
  for (Value index : weights.getIndices()) {
    auto found = TableIndex::get(index, block);
    if (!found)
      return update.emitOpError("cannot be grouped: @")
             << table.getSymName() << " is read at an index that is no dimension plus a constant";
    if (found->argument >= 0 && found->argument < int(stage.getRank()) &&
        found->argument != int(group.dim))
      return update.emitOpError("cannot be grouped: @")
             << table.getSymName() << " is read at \"" << dimNames(stage)[found->argument]
             << "\" too; legal: \"" << dimNames(stage)[group.dim] << "\" and reduction dimensions";
    indices.push_back(*found);
  }
  if (indices.size() != size_t(table.getValue().getShapedType().getRank()))
    return update.emitOpError("reads @")
           << table.getSymName() << " at " << indices.size() << " indices, but it has "
           << table.getValue().getShapedType().getRank() << " dimensions";
  auto points = dyn_cast<AffineConstantExpr>(stage.getExtents().getResult(group.dim));
  if (!points)
    return update.emitOpError("cannot be grouped: the extent of \"")
           << dimNames(stage)[group.dim] << "\" is not constant";
  ArrayRef<int64_t> shape = table.getValue().getShapedType().getShape();
  auto rdims = llvm::to_vector(update.getRdims().getAsRange<StringAttr>());
  llvm::StringMap<int64_t> loops;
  /// The table's value at a point for the loops' values; zero outside.
  APFloat zero = APFloat::getZero((*values)[0].getSemantics());
  auto valueAt = [&](int64_t point) -> APFloat {
    for (const LoopTransform &t : llvm::reverse(definition.transforms)) {
      if (!extents.count(t.old))
        continue;
      if (t.isFuse) {
        loops[t.outer] = loops[t.old] / extents[t.inner];
        loops[t.inner] = loops[t.old] % extents[t.inner];
      } else {
        loops[t.old] = loops[t.outer] * extents[t.inner] + loops[t.inner];
      }
    }
    int64_t linear = 0;
    for (auto [index, size] : llvm::zip(indices, shape)) {
      int64_t at = index.offset;
      int number = index.argument - int(stage.getRank());
      if (number >= 0) {
        StringRef name = rdims[number].getValue();
        if (loops[name] >= extents[name])
          return zero;
        at += loops[name];
      } else if (index.argument >= 0) {
        at += point;
      }
      if (at < 0 || at >= size)
        return zero;
      linear = linear * size + at;
    }
    return (*values)[linear];
  };
  for (int64_t start = 0; start < points.getValue(); start += group.factor)
    forAll(outer, extents, loops, [&] {
      starts.push_back(taps.size());
      forAll(group.loops, extents, loops, [&] {
        SmallVector<APFloat> body;
        bool any = false;
        forAll(inner, extents, loops, [&] {
          for (int64_t i = 0; i < group.factor; ++i) {
            APFloat v = start + i < points.getValue() ? valueAt(start + i) : zero;
            any |= !v.isZero();
            body.push_back(v);
          }
        });
        if (!any)
          return;
        SmallVector<int64_t> values;
        for (const std::string &loop : group.loops)
          values.push_back(loops[loop]);
        taps.push_back(values);
        llvm::append_range(packed, body);
      });
      // Whole steps: the last tap again, times zero.
      for (int64_t count = taps.size() - starts.back(); count % group.step; ++count) {
        taps.push_back(SmallVector<int64_t>(taps.back()));
        packed.append(packed.size() / (taps.size() - 1), zero);
      }
    });
  starts.push_back(taps.size());
  return success();
}

LogicalResult GroupedTaps::find() { return failure(failed(analyse()) || failed(list())); }

LogicalResult GroupedTaps::build() {
  if (failed(find()))
    return failure();
  OpBuilder builder(stage);
  Location loc = stage.getLoc();
  auto add = [&](StringRef what, ElementsAttr value) {
    std::string name = (stage.getSymName() + "." + what).str();
    for (unsigned i = 1; SymbolTable::lookupSymbolIn(pipeline, name); ++i)
      name = (stage.getSymName() + "." + what + "_" + Twine(i)).str();
    TableOp::create(builder, loc, name, value);
    return name;
  };
  auto integers = [&](ArrayRef<int64_t> shape, ArrayRef<int64_t> numbers) {
    SmallVector<int32_t> narrow(numbers.begin(), numbers.end());
    if (narrow.empty()) // a table is never empty
      narrow.resize(std::max<int64_t>(1, shape.back()), 0);
    SmallVector<int64_t> sizes(shape);
    sizes[0] = std::max<int64_t>(1, sizes[0]);
    return DenseElementsAttr::get(RankedTensorType::get(sizes, builder.getI32Type()),
                                  ArrayRef<int32_t>(narrow));
  };
  SmallVector<int64_t> flat;
  for (auto &values : taps)
    llvm::append_range(flat, values);
  int64_t count = taps.size(), columns = group.loops.size();
  SmallVector<int64_t> steps;
  for (int64_t start : starts)
    steps.push_back(start / group.step);
  startName = add("starts", integers({int64_t(steps.size())}, steps));
  tapName = add("taps", integers({count, columns}, flat));
  SmallVector<int64_t> shape{std::max<int64_t>(1, count)};
  for (const std::string &loop : inner)
    shape.push_back(extents[loop]);
  shape.push_back(group.factor);
  auto table = cast<TableOp>(SymbolTable::lookupSymbolIn(pipeline, weights.getSource()));
  if (packed.empty())
    packed.resize(
        ShapedType::getNumElements(shape),
        APFloat::getZero(cast<FloatType>(table.getValue().getElementType()).getFloatSemantics()));
  packedName =
      add("packed", DenseElementsAttr::get(
                        RankedTensorType::get(shape, table.getValue().getElementType()), packed));
  return success();
}

std::pair<IndexExpr, IndexExpr> GroupedTaps::range(OpBuilder &builder, Location loc,
                                                   const IndexExpr &first,
                                                   const llvm::StringMap<IndexExpr> &loops) {
  block = first.floorDiv(group.factor);
  IndexExpr number = block;
  for (const std::string &loop : outer)
    number = number * IndexExpr(extents[loop]) + loops.find(loop)->second;
  int64_t bound = taps.size() / group.step + 1;
  auto start = [&](const IndexExpr &at) {
    return IndexExpr::get(TapOp::create(builder, loc, builder.getIndexType(), startName,
                                        at.materialize(builder, loc), bound, FlatSymbolRefAttr()));
  };
  IndexExpr begin = start(number), end = start(number + 1);
  return {begin, end - begin};
}

void GroupedTaps::decode(OpBuilder &builder, Location loc, llvm::StringMap<IndexExpr> &loops) {
  IndexExpr number = loops.find(group.outer)->second;
  if (group.step > 1)
    number = number * IndexExpr(group.step) + loops.find(group.inner)->second;
  tap = number.materialize(builder, loc);
  for (auto [column, loop] : llvm::enumerate(group.loops)) {
    Value place = arith::ConstantIndexOp::create(builder, loc, column);
    auto lists = group.tabulate ? FlatSymbolRefAttr::get(builder.getContext(), startName)
                                : FlatSymbolRefAttr();
    loops[loop] = IndexExpr::get(TapOp::create(builder, loc, builder.getIndexType(), tapName,
                                               ValueRange{tap, place}, extents[loop], lists));
  }
}

Value GroupedTaps::load(OpBuilder &builder, Location loc, const IndexExpr &point,
                        const llvm::StringMap<IndexExpr> &loops) {
  SmallVector<Value> indices{tap};
  for (const std::string &loop : inner)
    indices.push_back(loops.find(loop)->second.materialize(builder, loc));
  indices.push_back((point - block * IndexExpr(group.factor)).materialize(builder, loc));
  auto value = LoadOp::create(builder, loc, weights.getType(), packedName, indices, Exterior::None,
                              FloatAttr(), IntegerAttr());
  value.setPacked(group.factor);
  return value;
}
