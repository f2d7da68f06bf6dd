//===- Emit.cpp - Trained networks as models of the sr dialect ------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Emit.h"
#include "dialects/sr/ModelFile.h"

#include "mlir/IR/Diagnostics.h"

#include <stdexcept>

using namespace mlir;

namespace srcc::search {
namespace {

/// Builds operations at the end of the function, located by the name of their layer.
class Builder {
public:
  explicit Builder(OpBuilder &builder) : builder(builder) {}

  Value constant(const std::string &name, ArrayRef<int64_t> shape, ArrayRef<float> values) {
    auto type = RankedTensorType::get(shape, builder.getF32Type());
    return make<sr::ConstantOp>(name, {}, {{"value", sr::makeWeights(type, name, values)}});
  }

  Value conv(const ConvWeights &layer, Value input) {
    int64_t pad = layer.kernel / 2;
    Value weight = constant(layer.name + ".weight",
                            {layer.out, layer.in, layer.kernel, layer.kernel}, layer.weight);
    Value bias = constant(layer.name + ".bias", {layer.out}, layer.bias);
    return make<sr::Conv2DOp>(layer.name, {input, weight, bias},
                              {{"pads", builder.getDenseI64ArrayAttr({pad, pad, pad, pad})}});
  }

  template <typename OpTy>
  Value make(const std::string &name, ValueRange operands,
             ArrayRef<std::pair<StringRef, Attribute>> attributes = {}) {
    SmallVector<NamedAttribute> named;
    for (auto [key, value] : attributes)
      named.push_back(builder.getNamedAttr(key, value));
    auto location = NameLoc::get(builder.getStringAttr(name));
    FailureOr<OpTy> op = sr::tryCreate<OpTy>(builder, location, operands, named);
    assert(succeeded(op) && "the network breaks a rule of the sr dialect");
    return (*op)->getResult(0);
  }

private:
  OpBuilder &builder;
};

} // namespace

void emitModel(const WdsrWeights &weights, const std::string &path) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  context.loadDialect<func::FuncDialect, sr::SRDialect>();
  OpBuilder builder(&context);
  Location location = NameLoc::get(builder.getStringAttr("wdsr"));
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder, location);
  const WdsrShape &shape = weights.shape;
  (*module)->setAttr("sr.io", sr::IOAttr::get(&context, shape.scale, sr::Color::RGB, 0.0, 1.0));

  builder.setInsertionPointToEnd(module->getBody());
  Type map = sr::getMapType(&context, {3, ShapedType::kDynamic, ShapedType::kDynamic});
  auto function =
      func::FuncOp::create(builder, location, "wdsr", builder.getFunctionType({map}, {map}));
  builder.setInsertionPointToStart(function.addEntryBlock());
  Builder build(builder);

  Value half = build.constant("half", {1, 1, 1, 1}, {0.5f});
  Value centred = build.make<sr::SubOp>("centre", {function.getArgument(0), half});
  const ConvWeights *layer = weights.layers.data();
  Value features = build.conv(*layer++, centred);
  for (int64_t block = 0; block < shape.blocks; ++block) {
    std::string name = "block" + std::to_string(block);
    Value wide = build.make<sr::ReluOp>(name + ".relu", build.conv(*layer++, features));
    Value narrow = build.conv(*layer++, wide);
    Value residual = build.conv(*layer++, narrow);
    features = build.make<sr::AddOp>(name + ".add", {features, residual});
  }
  Value tail = build.conv(*layer++, features);
  Value skip = build.conv(*layer++, centred);
  Value sum = build.make<sr::AddOp>("add", {tail, skip});
  Value picture = build.make<sr::PixelShuffleOp>(
      "shuffle", sum, {{"scale", builder.getI64IntegerAttr(shape.scale)}});
  Value output = build.make<sr::AddOp>("uncentre", {picture, half});
  func::ReturnOp::create(builder, location, output);
  function.setFunctionType(builder.getFunctionType({map}, {output.getType()}));
  std::string message;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    message += diagnostic.str();
    return success();
  });
  if (failed(sr::verifyModel(*module)) || failed(sr::writeModelFile(*module, path)))
    throw std::runtime_error(message);
}

} // namespace srcc::search
