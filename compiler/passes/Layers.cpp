//===- Layers.cpp - Convolutions as the passes on sparsity see them -------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/passes/Layers.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace srcc;
using namespace srcc::sr;
using sparsity::Mask;
using sparsity::Scheme;
using sparsity::Shape;
using sparsity::Structure;

/// The name of a constant: its location's, which stays when its values are replaced, else that of
/// its resource.
static StringRef getTableName(Value table) {
  if (auto named = table.getLoc()->findInstanceOf<NameLoc>())
    return named.getName();
  return getConstantName(table);
}

std::string srcc::sr::getLayerName(Operation *op) {
  if (auto named = op->getLoc()->findInstanceOf<NameLoc>())
    return named.getName().str();
  for (Value table : getTableOperands(op))
    if (StringRef name = getTableName(table); !name.empty())
      return name.str();
  return op->getName().stripDialect().str();
}

Shape srcc::sr::getShape(Conv2DOp conv) {
  ArrayRef<int64_t> sizes = conv.getWeight().getType().getShape();
  return {sizes[0], sizes[1], sizes[2], sizes[3], int64_t(conv.getGroups())};
}
Shape srcc::sr::getShape(ConvTranspose2DOp conv) {
  ArrayRef<int64_t> sizes = conv.getWeight().getType().getShape();
  int64_t groups = conv.getGroups();
  return {sizes[1] * groups, sizes[0] / groups, sizes[2], sizes[3], groups};
}

Mask srcc::sr::getMask(Conv2DOp, ArrayRef<float> values) { return sparsity::maskOf(values); }
Mask srcc::sr::getMask(ConvTranspose2DOp conv, ArrayRef<float> values) {
  Shape shape = getShape(conv);
  int64_t perGroup = shape.filters / shape.groups;
  Mask mask;
  for (int64_t f = 0; f < shape.filters; ++f)
    for (int64_t c = 0; c < shape.channels; ++c)
      for (int64_t k = 0; k < shape.taps(); ++k) {
        int64_t row = f / perGroup * shape.channels + c;
        mask.push_back(values[(row * perGroup + f % perGroup) * shape.taps() + k] != 0.0f);
      }
  return mask;
}

Attribute srcc::sr::getEncoding(MLIRContext *context, const Structure &structure) {
  switch (structure.scheme) {
  case Scheme::Dense:
    return {};
  case Scheme::Filter:
    return FilterAttr::get(context);
  case Scheme::Channel:
    return ChannelAttr::get(context);
  case Scheme::Block:
    return BlockAttr::get(context, structure.filters, structure.channels);
  case Scheme::BCR:
    return BCRAttr::get(context, structure.filters, structure.channels);
  case Scheme::Pattern:
    return PatternAttr::get(context, structure.library, structure.keep, structure.shared);
  case Scheme::Unstructured:
    return UnstructuredAttr::get(context);
  }
  llvm_unreachable("not a scheme");
}

Structure srcc::sr::getStructure(Attribute encoding) {
  if (!encoding)
    return {};
  return llvm::TypeSwitch<Attribute, Structure>(encoding)
      .Case([](FilterAttr) { return Structure{Scheme::Filter}; })
      .Case([](ChannelAttr) { return Structure{Scheme::Channel}; })
      .Case([](BlockAttr block) {
        return Structure{Scheme::Block, block.getFilters(), block.getChannels()};
      })
      .Case([](BCRAttr bcr) { return Structure{Scheme::BCR, bcr.getFilters(), bcr.getChannels()}; })
      .Case([](PatternAttr pattern) {
        Structure structure{Scheme::Pattern};
        structure.library = pattern.getLibrary();
        structure.keep = pattern.getKeep();
        structure.shared = pattern.getShared();
        return structure;
      })
      .Default([](Attribute) { return Structure{Scheme::Unstructured}; });
}

Attribute srcc::sr::getEncodingAfterChange(Attribute before, const Shape &shape, const Mask &mask) {
  if (!before || sparsity::countKept(mask) == shape.size())
    return {};
  if (sparsity::fits(getStructure(before), shape, mask))
    return before;
  return getEncoding(before.getContext(), sparsity::infer(shape, mask, 0));
}

Value srcc::sr::replaceConstant(OpBuilder &builder, Value old, ArrayRef<int64_t> shape,
                                Attribute encoding, ArrayRef<float> values) {
  auto type = RankedTensorType::get(shape, builder.getF32Type(), encoding);
  StringRef name = getTableName(old);
  if (name.empty())
    return ConstantOp::create(builder, old.getLoc(), makeWeights(type, "weight", values));
  Location loc = old.getLoc();
  if (!loc->findInstanceOf<NameLoc>())
    loc = NameLoc::get(builder.getStringAttr(name), loc);
  return ConstantOp::create(builder, loc, makeWeights(type, name, values));
}

void srcc::sr::eraseUnusedConstants(Operation *function) {
  function->walk([](ConstantOp constant) {
    if (constant->use_empty())
      constant.erase();
  });
}

bool srcc::sr::isActivation(Operation *op) {
  return isa<ReluOp, LeakyReluOp, PReluOp, ClampOp, SigmoidOp, TanhOp, GeluOp, SiluOp>(op);
}
bool srcc::sr::isChannelwise(Operation *op) {
  return isActivation(op) ||
         isa<ResizeOp, PadOp, GlobalAvgPoolOp, GlobalStdPoolOp, MaxPoolOp, AvgPoolOp>(op);
}

std::string srcc::sr::formatShare(int64_t part, int64_t whole) {
  return llvm::formatv("{0:F1} %", 100.0 * double(part) / double(whole)).str();
}
