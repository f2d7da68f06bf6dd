//===- Schedule.cpp - What a pipeline and its schedule say ---------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/schedule/Schedule.h"

#include "mlir/IR/AffineExpr.h"

using namespace mlir;
using namespace srcc::sched;

SmallVector<std::string> srcc::sched::dimNames(Operation *source) {
  SmallVector<std::string> names;
  if (auto table = dyn_cast<TableOp>(source)) {
    for (int64_t i = 0; i < table.getValue().getShapedType().getRank(); ++i)
      names.push_back("d" + std::to_string(i));
    return names;
  }
  ArrayAttr dims =
      isa<StageOp>(source) ? cast<StageOp>(source).getDims() : cast<InputOp>(source).getDims();
  for (auto name : dims.getAsRange<StringAttr>())
    names.push_back(name.str());
  return names;
}

AffineMap srcc::sched::extentsOf(Operation *source) {
  if (auto stage = dyn_cast<StageOp>(source))
    return stage.getExtents();
  if (auto input = dyn_cast<InputOp>(source))
    return input.getExtents();
  SmallVector<AffineExpr> extents;
  for (int64_t n : cast<TableOp>(source).getValue().getShapedType().getShape())
    extents.push_back(getAffineConstantExpr(n, source->getContext()));
  return AffineMap::get(0, 2, extents, source->getContext());
}

Type srcc::sched::elementTypeOf(Operation *source) {
  if (auto stage = dyn_cast<StageOp>(source))
    return stage.getType();
  if (auto input = dyn_cast<InputOp>(source)) {
    MLIRContext *context = source->getContext();
    if (input.getFormat() == Format::U8Interleaved)
      return IntegerType::get(context, 8);
    return Float32Type::get(context);
  }
  return cast<TableOp>(source).getValue().getElementType();
}

const Storage &Schedule::storageOf(StringRef name) const {
  auto stage = stages.find(name);
  return stage != stages.end() ? stage->second.storage : others.find(name)->second;
}

bool srcc::sched::isReduction(const Definition &definition, ArrayRef<StringRef> rdims,
                              StringRef name) {
  if (llvm::is_contained(rdims, name))
    return true;
  for (const LoopTransform &t : definition.transforms) {
    if (!t.isFuse && (t.outer == name || t.inner == name))
      return isReduction(definition, rdims, t.old);
    if (t.isFuse && t.old == name)
      return isReduction(definition, rdims, t.inner) && isReduction(definition, rdims, t.outer);
  }
  return false;
}

FailureOr<Operation *> srcc::sched::sourceOf(ReadOp read, PipelineOp pipeline) {
  Operation *source = SymbolTable::lookupSymbolIn(pipeline, read.getSource());
  if (!source)
    return read.emitOpError("reads @")
           << read.getSource() << ", which pipeline @" << pipeline.getSymName() << " does not have";
  size_t rank = extentsOf(source).getNumResults(), given = read.getIndices().size();
  if (rank != given)
    return read.emitOpError("reads @") << read.getSource() << " at " << given
                                       << " indices, but it has " << rank << " dimensions";
  return source;
}

std::string srcc::sched::listed(ArrayRef<std::string> names) {
  std::string text;
  for (auto &name : names)
    text += (text.empty() ? "\"" : ", \"") + name + "\"";
  return text.empty() ? "none" : text;
}

std::string srcc::sched::listed(const Definition &definition) {
  SmallVector<std::string> names;
  for (auto &loop : definition.loops)
    names.push_back(loop.name);
  return listed(names);
}

Attribute Repeat::mark(MLIRContext *context) const {
  Builder builder(context);
  return builder.getArrayAttr({builder.getI64IntegerAttr(directive),
                               builder.getI64IntegerAttr(iteration),
                               builder.getI64IntegerAttr(iterations), builder.getStringAttr(first),
                               builder.getBoolAttr(whereAlike)});
}

std::optional<Repeat> Repeat::read(Operation *op) {
  auto mark = op->getAttrOfType<ArrayAttr>(Repeat::attribute);
  if (!mark || mark.size() != 5 || !isa<StringAttr>(mark[3]) || !isa<BoolAttr>(mark[4]))
    return std::nullopt;
  auto number = [&](unsigned i) {
    auto value = dyn_cast<IntegerAttr>(mark[i]);
    return value && value.getType().isInteger(64) ? value.getInt() : int64_t(-1);
  };
  if (number(0) < 0 || number(1) < 0 || number(1) >= number(2) || number(2) > most)
    return std::nullopt;
  return Repeat{number(0), number(1), number(2), cast<StringAttr>(mark[3]).getValue().str(),
                cast<BoolAttr>(mark[4]).getValue()};
}

FailureOr<std::optional<Repeat>> Repeat::of(Operation *op) {
  auto repeat = read(op);
  if (!repeat && op->hasAttr(Repeat::attribute))
    return op->emitError("has a ")
           << Repeat::attribute << " that is no [directive, iteration, iterations (at most " << most
           << "), first stage, where alike]";
  return repeat;
}
