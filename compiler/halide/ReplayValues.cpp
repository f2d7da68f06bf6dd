//===- ReplayValues.cpp - Values that definitions read --------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/halide/Bodies.h"
#include "compiler/halide/Replayer.h"
#include "compiler/schedule/IndexExpr.h"
#include "compiler/schedule/TapLists.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace srcc::sched;
using namespace srcc::halide;
using Halide::Expr;

std::string srcc::halide::funcName(StringRef name) {
  std::string text;
  for (char c : name)
    text += llvm::isAlnum(c) ? c : '_';
  return text;
}

Expr srcc::halide::clampTo(const Expr &index, const Expr &extent) {
  return Halide::clamp(Halide::likely(index), 0, extent - 1);
}

void srcc::halide::goesBeyond(Expr &index, const Expr &extent, Expr &outside) {
  Expr holds = index < 0 || index >= extent;
  outside = outside.defined() ? outside || holds : holds;
  index = clampTo(index, extent);
}

float srcc::halide::exteriorOf(ReadOp op) {
  return op.getValueAttr() ? float(op.getValueAttr().getValueAsDouble()) : 0.0F;
}

Expr Replayer::affine(AffineExpr e) {
  if (auto constant = dyn_cast<AffineConstantExpr>(e))
    return Expr(int32_t(constant.getValue()));
  if (auto symbol = dyn_cast<AffineSymbolExpr>(e))
    return size(symbol.getPosition());
  auto binary = cast<AffineBinaryOpExpr>(e);
  Expr a = affine(binary.getLHS()), b = affine(binary.getRHS());
  switch (e.getKind()) {
  case AffineExprKind::Add:
    return a + b;
  case AffineExprKind::Mul:
    return a * b;
  case AffineExprKind::FloorDiv:
    return a / b;
  case AffineExprKind::CeilDiv:
    return (a + b - 1) / b;
  default:
    return a % b;
  }
}

/// A definition's value; `known` stands for one of its reads.
FailureOr<Expr> Replayer::evaluate(Region &region, ArrayRef<Expr> arguments, Instance *reader,
                                   const std::pair<Operation *, Expr> &known) {
  Block &block = region.front();
  llvm::DenseMap<Value, Expr> values;
  for (auto [argument, value] : llvm::zip(block.getArguments(), arguments))
    values[argument] = value;
  for (Operation &op : block) {
    if (auto yield = dyn_cast<YieldOp>(op))
      return values[yield.getOperand(0)];
    SmallVector<Expr> operands;
    for (Value operand : op.getOperands())
      operands.push_back(values[operand]);
    FailureOr<Expr> value = failure();
    if (known.first == &op)
      value = known.second;
    else if (auto readOp = dyn_cast<ReadOp>(op))
      value = read(readOp, operands, reader);
    else if (auto sizeOp = dyn_cast<SizeOp>(op))
      value = size(sizeOp.getAxis());
    else
      value = evaluateOp(&op, operands);
    if (failed(value))
      return failure();
    if (op.getNumResults())
      values[op.getResult(0)] = *value;
  }
  return block.getParentOp()->emitOpError("has a definition without sched.yield");
}

/// The value of a read, its exterior included unless the source stores it. Conditions are marked
/// likely to hold, so that loops are split into an edge, where they are checked, and an interior,
/// where they are not.
FailureOr<Expr> Replayer::read(ReadOp op, ArrayRef<Expr> given, Instance *reader) {
  FailureOr<Operation *> found = sourceOf(op, pipeline);
  if (failed(found))
    return failure();
  Operation *source = *found;
  AffineMap extents = srcc::sched::extentsOf(source);
  SmallVector<Expr> indices(given);
  Exterior exterior = op.getExterior();
  Expr outside;
  if (exterior == Exterior::Constant && surroundings.contains(source))
    exterior = Exterior::None;
  // Pictures from outside end where they end; loops over whole vectors go on.
  bool isInput = isa<InputOp>(source);
  for (unsigned dim = 0; dim < indices.size(); ++dim) {
    Expr &index = indices[dim], extent = affine(extents, dim);
    bool inside = staysInside(op, dim, extents.getResult(dim));
    if (exterior == Exterior::None || inside) {
      if (isInput)
        index = clampTo(index, extent);
      continue;
    }
    if (exterior == Exterior::Constant) {
      goesBeyond(index, extent, outside);
      continue;
    }
    if (exterior == Exterior::MirrorInterior) {
      Expr last = extent - 1, mirrored = Halide::max(index, -index); // -1 -> 1
      mirrored = Halide::min(mirrored, last + last - mirrored);      // last + 1 -> last - 1
      index = Halide::select(index < 0 || index >= extent, Halide::clamp(mirrored, 0, last),
                             Halide::likely(clampTo(index, extent)));
      continue;
    }
    index = clampTo(index, extent);
  }
  auto value = valueAt(op, source, indices, reader);
  if (failed(value) || !outside.defined())
    return value;
  return Halide::select(outside, Halide::cast(value->type(), Expr(exteriorOf(op))),
                        Halide::likely(*value));
}

FailureOr<Expr> Replayer::valueAt(ReadOp op, Operation *source, ArrayRef<Expr> indices,
                                  Instance *reader) {
  if (auto table = dyn_cast<TableOp>(source))
    return tableAt(table, indices);
  std::vector<Expr> place(indices.rbegin(), indices.rend());
  if (source == inputOp)
    return Expr(input(place));
  auto stage = dyn_cast<StageOp>(source);
  if (!stage)
    return op.emitOpError("reads @") << op.getSource() << ", an input that is not of f32_planar";
  if (options.schedule && schedule.of(stage.getSymName()).isInline()) {
    if (!stage.getUpdateOps().empty())
      return op.emitOpError("reads @")
             << stage.getSymName() << ", which has updates and is not computed anywhere";
    return evaluate(stage.getPure(), indices, reader);
  }
  auto instance = get(stage, reader, op);
  if (failed(instance))
    return failure();
  Expr value = (*instance)->func(place);
  return Halide::cast(*typeOf(stage.getType()), value);
}

/// A table's value. Packed tables have zeros behind their ends, where loops over whole blocks go.
FailureOr<Expr> Replayer::tableAt(TableOp table, ArrayRef<Expr> indices) {
  auto buffer = bufferOf(table);
  if (failed(buffer))
    return failure();
  std::vector<Expr> place;
  auto layout = schedule.storageOf(table.getSymName()).layout;
  ArrayRef<int64_t> shape = table.getValue().getShapedType().getShape();
  for (const StorageDim &dim : llvm::reverse(layout)) {
    Expr index = indices[dim.dim];
    if (dim.mod) {
      place.push_back(index / int32_t(dim.div) % int32_t(dim.mod));
    } else if (shape[dim.dim] == 1) {
      place.push_back(0);
    } else {
      int64_t extent = (shape[dim.dim] + dim.div - 1) / dim.div;
      if (dim.div != 1)
        index = index / int32_t(dim.div);
      place.push_back(Halide::clamp(index, 0, int32_t(extent - 1)));
    }
  }
  return Expr((*buffer)(place));
}

FailureOr<Halide::Buffer<>> Replayer::bufferOf(TableOp table) {
  auto found = buffers.find(table);
  if (found != buffers.end())
    return found->second;
  auto values = tableValues(table);
  auto type = typeOf(table.getValue().getElementType());
  if (failed(values))
    return failure();
  if (!type || !type->is_float())
    return table.emitOpError("has elements of ")
           << table.getValue().getElementType() << "; legal: f32 or f16";
  ArrayRef<int64_t> shape = table.getValue().getShapedType().getShape();
  auto &layout = schedule.storageOf(table.getSymName()).layout;
  std::vector<int> extents; // innermost first
  for (const StorageDim &dim : llvm::reverse(layout))
    extents.push_back(dim.mod ? int(dim.mod) : int((shape[dim.dim] + dim.div - 1) / dim.div));
  Halide::Buffer<> buffer(*type, extents, funcName(table.getSymName()));
  auto fill = [&](auto *to) {
    std::fill_n(to, buffer.number_of_elements(), 0);
    SmallVector<int64_t> point(shape.size());
    for (const APFloat &value : *values) {
      int64_t linear = 0;
      for (const StorageDim &dim : layout)
        linear = linear * (dim.mod ? dim.mod : (shape[dim.dim] + dim.div - 1) / dim.div) +
                 (dim.mod ? point[dim.dim] / dim.div % dim.mod : point[dim.dim] / dim.div);
      storeFloat(to[linear], value);
      for (size_t d = shape.size(); d-- > 0 && ++point[d] == shape[d];)
        point[d] = 0;
    }
  };
  if (type->bits() == 16)
    fill(static_cast<uint16_t *>(buffer.data()));
  else
    fill(static_cast<float *>(buffer.data()));
  return buffers[table] = buffer;
}
