//===- Model.cpp - Networks from and to models of the sr dialect ----------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Model.h"
#include "compiler/passes/Layers.h"
#include "compiler/tools/Pipeline.h"
#include "compiler/tools/Registration.h"
#include "dialects/sr/ModelFile.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/TypeSwitch.h"

#include <set>
#include <stdexcept>

using namespace mlir;

namespace srcc::search {
namespace {

/// Builds operations at the end of the function, located by the name of their layer.
class Builder {
public:
  explicit Builder(OpBuilder &builder) : builder(builder) {}

  Value constant(const std::string &name, ArrayRef<int64_t> shape, ArrayRef<float> values,
                 Attribute encoding = {}) {
    auto type = RankedTensorType::get(shape, builder.getF32Type(), encoding);
    return make<sr::ConstantOp>(name, {}, {{"value", sr::makeWeights(type, name, values)}});
  }

  Value conv(const ConvShape &layer, const ConvWeights &weights, Value input) {
    int64_t pad = layer.kernel / 2;
    Attribute encoding =
        sr::getEncodingAfterChange(sr::getEncoding(builder.getContext(), weights.structure),
                                   layer.shape(), sparsity::maskOf(weights.weight));
    Value weight =
        constant(layer.name + ".weight", {layer.out, layer.in, layer.kernel, layer.kernel},
                 weights.weight, encoding);
    Value bias = constant(layer.name + ".bias", {layer.out}, weights.bias);
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
    if (failed(op))
      throw std::logic_error(name + ": the network breaks a rule of the sr dialect");
    return (*op)->getResult(0);
  }

private:
  OpBuilder &builder;
};

} // namespace

OwningOpRef<ModuleOp> buildModel(const Network &network, const Weights &weights,
                                 MLIRContext *context) {
  OpBuilder builder(context);
  Location location = NameLoc::get(builder.getStringAttr(network.name));
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder, location);
  (*module)->setAttr("sr.io", sr::IOAttr::get(context, network.scale, sr::Color::RGB, network.black,
                                              network.white));
  builder.setInsertionPointToEnd(module->getBody());
  Type map =
      sr::getMapType(context, {network.channels, ShapedType::kDynamic, ShapedType::kDynamic});
  auto function =
      func::FuncOp::create(builder, location, network.name, builder.getFunctionType({map}, {map}));
  builder.setInsertionPointToStart(function.addEntryBlock());
  Builder build(builder);
  std::vector<Value> results;
  for (const Node &n : network.nodes) {
    auto in = [&](size_t k) { return results[n.inputs[k]]; };
    auto number = [&](float value) -> Attribute { return builder.getF32FloatAttr(value); };
    Value result;
    switch (n.op) {
    case Op::Input:
      result = function.getArgument(0);
      break;
    case Op::Conv:
      result = build.conv(network.convs[n.conv], weights.at(n.conv), in(0));
      break;
    case Op::Relu:
      result = build.make<sr::ReluOp>(n.name, in(0));
      break;
    case Op::LeakyRelu:
      result = build.make<sr::LeakyReluOp>(n.name, in(0), {{"alpha", number(n.low)}});
      break;
    case Op::Clamp:
      result = build.make<sr::ClampOp>(n.name, in(0),
                                       {{"low", number(n.low)}, {"high", number(n.high)}});
      break;
    case Op::Scale:
      result = in(0);
      if (n.high != 1)
        result = build.make<sr::MulOp>(
            n.name, {result, build.constant(n.name + ".factor", {1, 1, 1, 1}, n.high)});
      if (n.low != 0)
        result = build.make<sr::AddOp>(
            n.name, {result, build.constant(n.name + ".addend", {1, 1, 1, 1}, n.low)});
      break;
    case Op::Add:
      result = build.make<sr::AddOp>(n.name, {in(0), in(1)});
      break;
    case Op::Concat: {
      SmallVector<Value> inputs;
      for (int input : n.inputs)
        inputs.push_back(results[input]);
      result = build.make<sr::ConcatOp>(n.name, inputs);
      break;
    }
    case Op::Shuffle:
      result = build.make<sr::PixelShuffleOp>(
          n.name, in(0), {{"scale", builder.getI64IntegerAttr(network.scale)}});
      break;
    case Op::Choice:
      throw std::logic_error(n.name + ": a supernet is no model");
    }
    results.push_back(result);
  }
  func::ReturnOp::create(builder, location, results.back());
  function.setFunctionType(builder.getFunctionType({map}, {results.back().getType()}));
  return module;
}

void emitModel(const Network &network, const Weights &weights, const std::string &path,
               const Provenance &provenance) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  context.loadDialect<func::FuncDialect, sr::SRDialect>();
  std::string message;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    message += diagnostic.str();
    return success();
  });
  OwningOpRef<ModuleOp> module = buildModel(network, weights, &context);
  if (!provenance.empty()) {
    OpBuilder builder(&context);
    SmallVector<NamedAttribute> named;
    for (auto &[name, value] : provenance)
      named.push_back(builder.getNamedAttr(name, builder.getStringAttr(value)));
    (*module)->setAttr("search.provenance", builder.getDictionaryAttr(named));
  }
  if (failed(sr::verifyModel(*module)) || failed(sr::writeModelFile(*module, path)))
    throw std::runtime_error(message);
}

//===----------------------------------------------------------------------===//
// Import
//===----------------------------------------------------------------------===//

namespace {

/// Makes a network of a model's function.
class Importer {
public:
  explicit Importer(const std::string &path) : path(path) {}

  std::pair<Network, Weights> import() {
    DialectRegistry registry;
    registerDialects(registry);
    MLIRContext context(registry, MLIRContext::Threading::DISABLED);
    context.loadAllAvailableDialects();
    std::string message;
    OwningOpRef<ModuleOp> module;
    {
      ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
          message += (message.empty() ? "" : "\n") + diagnostic.str();
        return success();
      });
      module = readModelOrPhase(path, &context, "", "", /*quiet=*/true);
    }
    if (!module)
      throw std::runtime_error(path + ": " + (message.empty() ? "not a model" : message));
    func::FuncOp function = sr::getModelFunction(*module);
    auto io = (*module)->getAttrOfType<sr::IOAttr>("sr.io");
    if (!function || !io)
      throw std::runtime_error(path + ": takes a model of the sr dialect, not a later phase");
    if (io.getColor() != sr::Color::RGB)
      throw std::runtime_error(path + ": takes networks on rgb, not " +
                               sr::stringifyColor(io.getColor()).str());
    network.name = function.getName().str();
    network.scale = io.getScale();
    network.channels = 3;
    network.black = io.getLowValue().convertToDouble();
    network.white = io.getHighValue().convertToDouble();
    nodes[function.getArgument(0)] = builder.input();
    for (Operation &op : function.getBody().front())
      convert(&op);
    return {std::move(network), std::move(weights)};
  }

private:
  [[noreturn]] void fail(Operation *op, const std::string &what) {
    throw std::runtime_error(path + ": " + sr::getLayerName(op) + ", " +
                             op->getName().getStringRef().str() + ": " + what);
  }

  /// A name of letters, digits, dots and underscores that no node has.
  std::string nameOf(Operation *op) {
    std::string name = sr::getLayerName(op);
    for (char &c : name)
      if (!llvm::isAlnum(c) && c != '.' && c != '_')
        c = '_';
    std::string unique = name;
    for (int i = 2; !names.insert(unique).second; ++i)
      unique = name + "_" + std::to_string(i);
    return unique;
  }

  /// The constant of one value that a sum or product takes, if it takes one.
  std::optional<float> scalar(Value value) {
    auto values = sr::getConstantValues(value);
    if (failed(values))
      return std::nullopt;
    for (float v : *values)
      if (v != values->front())
        fail(value.getDefiningOp(), "takes one constant for all channels");
    return values->front();
  }

  void convert(Operation *op) {
    auto in = [&](Value value) {
      auto found = nodes.find(value);
      if (found == nodes.end())
        fail(op, "takes a map that is a constant");
      return found->second;
    };
    int node = -1;
    if (isa<sr::ConstantOp>(op))
      return;
    if (auto result = dyn_cast<func::ReturnOp>(op)) {
      if (in(result.getOperand(0)) != int(network.nodes.size()) - 1)
        node = builder.node({Op::Scale, "output", {in(result.getOperand(0))}, -1, 0, 1});
      return;
    }
    std::string name = nameOf(op);
    if (auto conv = dyn_cast<sr::Conv2DOp>(op)) {
      sparsity::Shape shape = sr::getShape(conv);
      int64_t pad = shape.height / 2;
      if (shape.height != shape.width || shape.height % 2 == 0 || conv.getGroups() != 1 ||
          conv.getStrides() != ArrayRef<int64_t>{1, 1} ||
          conv.getDilations() != ArrayRef<int64_t>{1, 1} ||
          conv.getPads() != ArrayRef<int64_t>{pad, pad, pad, pad})
        fail(op, "takes odd square kernels, stride 1, dilation 1, one group, and pads that keep "
                 "the size");
      node = builder.conv(name, in(conv.getInput()), shape.filters, shape.height);
      auto values = sr::getConstantValues(conv.getWeight());
      if (failed(values))
        fail(op, "takes constant weights");
      ConvWeights layer;
      layer.weight.assign(values->begin(), values->end());
      layer.bias.resize(shape.filters);
      if (conv.getBias()) {
        auto bias = sr::getConstantValues(conv.getBias());
        if (failed(bias))
          fail(op, "takes a constant bias");
        layer.bias.assign(bias->begin(), bias->end());
      }
      layer.structure = sr::getStructure(conv.getWeight().getType().getEncoding());
      weights.push_back(std::move(layer));
    } else if (auto relu = dyn_cast<sr::ReluOp>(op)) {
      node = builder.relu(name, in(relu.getInput()));
    } else if (auto relu = dyn_cast<sr::LeakyReluOp>(op)) {
      node = builder.node(
          {Op::LeakyRelu, name, {in(relu.getInput())}, -1, relu.getAlpha().convertToFloat(), 1});
    } else if (auto clamp = dyn_cast<sr::ClampOp>(op)) {
      node = builder.node({Op::Clamp,
                           name,
                           {in(clamp.getInput())},
                           -1,
                           clamp.getLow().convertToFloat(),
                           clamp.getHigh().convertToFloat()});
    } else if (auto shuffle = dyn_cast<sr::PixelShuffleOp>(op)) {
      if (int64_t(shuffle.getScale()) != network.scale ||
          shuffle.getOrder() != sr::ShuffleOrder::CRD)
        fail(op, "takes one shuffle by the whole scale, in the order crd");
      node = builder.shuffle(name, in(shuffle.getInput()));
    } else if (auto concat = dyn_cast<sr::ConcatOp>(op)) {
      std::vector<int> inputs;
      for (Value input : concat.getInputs())
        inputs.push_back(in(input));
      node = builder.node({Op::Concat, name, inputs});
    } else if (isa<sr::AddOp, sr::SubOp, sr::MulOp>(op)) {
      Value lhs = op->getOperand(0), rhs = op->getOperand(1);
      if (!isa<sr::SubOp>(op) && succeeded(sr::getConstantValues(lhs)))
        std::swap(lhs, rhs);
      if (auto value = scalar(rhs))
        node = isa<sr::MulOp>(op)
                   ? builder.scale(name, in(lhs), *value, 0)
                   : builder.scale(name, in(lhs), 1, isa<sr::SubOp>(op) ? -*value : *value);
      else if (isa<sr::AddOp>(op) && network.width(in(lhs)) == network.width(in(rhs)))
        node = builder.add(name, in(lhs), in(rhs));
      else
        fail(op, "takes sums of two maps of one width, or a map and a constant");
    } else {
      fail(op, "is not trained here; there are conv2d, relu, leaky_relu, clamp, add, sub, mul, "
               "concat and "
               "pixel_shuffle");
    }
    nodes[op->getResult(0)] = node;
  }

  std::string path;
  Network network;
  NetworkBuilder builder{network};
  Weights weights;
  DenseMap<Value, int> nodes;
  std::set<std::string> names;
};

} // namespace

std::pair<Network, Weights> importModel(const std::string &path) { return Importer(path).import(); }

} // namespace srcc::search
