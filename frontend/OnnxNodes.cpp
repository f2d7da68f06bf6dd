//===- OnnxNodes.cpp - ONNX operators on maps -----------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "frontend/OnnxImporter.h"

#include "llvm/ADT/StringSwitch.h"

#include "onnx/onnx_pb.h"

#include <cmath>

using namespace mlir;
using namespace srcc;
using namespace srcc::onnx;

/// No map is larger than the picture times this in either direction.
static constexpr int64_t maxGrowth = int64_t(1) << 20;

//===----------------------------------------------------------------------===//
// Operands and results
//===----------------------------------------------------------------------===//

FailureOr<Tensor> Importer::getInput(Node &node, unsigned i) {
  auto tensor = tensors.find(node.input(i));
  if (node.input(i).empty() || tensor == tensors.end()) {
    node.error() << "input " << i << " is missing";
    return failure();
  }
  return tensor->second;
}

FailureOr<Tensor> Importer::getMap(Node &node, unsigned i) {
  auto tensor = getInput(node, i);
  if (failed(tensor))
    return failure();
  switch (tensor->kind) {
  case Tensor::Map:
    return tensor;
  case Tensor::View:
    return materialise(node, *tensor);
  case Tensor::Squares: {
    auto deviation = make<sr::GlobalStdPoolOp>(node, tensor->value);
    if (failed(deviation))
      return failure();
    auto value = make<sr::MulOp>(node, {*deviation, *deviation});
    if (failed(value))
      return failure();
    return makeMap(*value, sizes.constant(1), sizes.constant(1));
  }
  case Tensor::Moment:
    node.error() << "input " << i << ", a " << (tensor->isSum ? "sum" : "mean") << " over "
                 << (tensor->overRows ? "rows" : "")
                 << (tensor->overRows && tensor->overColumns ? " and " : "")
                 << (tensor->overColumns ? "columns" : "")
                 << ", is not supported; the mean over rows and columns is (GlobalAveragePool)";
    return failure();
  default:
    node.error() << "input " << i << " ('" << node.input(i)
                 << "') is a constant, a feature map is expected";
    return failure();
  }
}

FailureOr<Tensor> Importer::getWeights(Node &node, unsigned i, StringRef what) {
  auto tensor = getInput(node, i);
  if (failed(tensor))
    return failure();
  if (tensor->kind == Tensor::Weights)
    return tensor;
  if (tensor->kind == Tensor::Numbers)
    if (auto floats = toFloats(*tensor)) {
      tensor->kind = Tensor::Weights;
      tensor->floats = std::make_shared<const std::vector<float>>(std::move(*floats));
      return tensor;
    }
  node.error() << what << " ('" << node.input(i)
               << "') has to be an initializer or a constant; it is computed from the picture";
  return failure();
}

FailureOr<SmallVector<int64_t>> Importer::getConstantInts(Node &node, unsigned i, StringRef what) {
  auto tensor = getInput(node, i);
  if (failed(tensor))
    return failure();
  SmallVector<int64_t> values;
  auto numbers = toNumbers(*tensor);
  if (numbers)
    for (const Number &number : *numbers)
      if (auto value = sizes.getConstant(number.top); value && number.bottom == 1)
        values.push_back(*value);
  if (!numbers || values.size() != numbers->size()) {
    node.error() << what << " ('" << node.input(i)
                 << "') have to be whole numbers that do not depend on the picture";
    return failure();
  }
  return values;
}

FailureOr<std::optional<double>> Importer::getOptionalScalar(Node &node, unsigned i,
                                                             StringRef what) {
  if (node.input(i).empty())
    return std::optional<double>();
  auto tensor = getWeights(node, i, what);
  if (failed(tensor))
    return failure();
  if (tensor->floats->size() != 1) {
    node.error() << what << " is a single number";
    return failure();
  }
  return std::optional<double>((*tensor->floats)[0]);
}

FailureOr<int64_t> Importer::getAxis(Node &node, int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank) {
    node.error() << "axis " << axis << " is out of range for " << rank << " dimensions";
    return failure();
  }
  return axis < 0 ? axis + rank : axis;
}

Tensor Importer::makeMap(Value value, AffineExpr height, AffineExpr width) {
  Tensor map;
  map.kind = Tensor::Map;
  map.value = value;
  map.channels = sr::getMapShape(value.getType()).c;
  map.height = height;
  map.width = width;
  return map;
}

LogicalResult Importer::define(Node &node, unsigned output, Tensor tensor) {
  auto isLong = [&](AffineExpr size) { return size && !sizes.isShort(size); };
  if (isLong(tensor.height) || isLong(tensor.width) ||
      llvm::any_of(tensor.numbers, [&](const Number &number) { return isLong(number.top); }))
    return node.error() << "computes a size in more than " << maxSizeTerms
                        << " steps from that of the picture";
  if (tensor.kind == Tensor::Map)
    for (AffineExpr size : {tensor.height, tensor.width}) {
      AffineExpr one = sizes.constant(1);
      auto growth = sizes.getConstant(sizes.simplify(size.replaceSymbols({one, one})));
      if (!growth || *growth > maxGrowth)
        return node.error() << "the result would be more than " << maxGrowth
                            << " times as large as the picture";
    }
  tensors[node.output(output)] = std::move(tensor);
  return success();
}

LogicalResult Importer::defineMap(Node &node, Value value, AffineExpr height, AffineExpr width) {
  Tensor map = makeMap(value, sizes.simplify(height), sizes.simplify(width));
  // Vectors (1 x C, behind a global mean) stay vectors.
  if (!node.input(0).empty()) {
    const Tensor &input = tensors[node.input(0)];
    if (input.kind == Tensor::View && input.pieces.size() == 2) {
      map = toView(map);
      map.pieces.resize(2);
    }
  }
  return define(node, 0, std::move(map));
}

FailureOr<Value> Importer::makeConstant(Node &node, ArrayRef<int64_t> shape, StringRef name,
                                        ArrayRef<float> values) {
  for (float value : values)
    if (!std::isfinite(value)) {
      node.error() << "constant '" << name << "' holds a value that is not finite in f32";
      return failure();
    }
  auto type = RankedTensorType::get(shape, builder.getF32Type());
  if (!sr::isTable(type) || countElements(shape) != int64_t(values.size())) {
    node.error() << "constant '" << name << "' is empty or too large";
    return failure();
  }
  Location location =
      NameLoc::get(builder.getStringAttr(name), FileLineColLoc::get(context, path, 0, 0));
  return Value(sr::ConstantOp::create(builder, location, sr::makeWeights(type, name, values)));
}

FailureOr<Value> Importer::makeTable(Node &node, const Tensor &tensor, int64_t &channels) {
  auto floats = toFloats(tensor);
  if (!floats) {
    node.error() << "sizes of the picture are not supported as operands of pixels";
    return failure();
  }
  SmallVector<int64_t> shape(4, 1);
  ArrayRef<int64_t> given = tensor.shape;
  for (; given.size() > 4; given = given.drop_front())
    if (given[0] != 1)
      break;
  bool isTable = given.size() <= 4;
  if (isTable)
    llvm::copy(given, shape.end() - given.size());
  if (!isTable || shape[0] != 1 || shape[2] != 1 || shape[3] != 1) {
    auto error = node.error();
    error << "a constant of shape ";
    llvm::interleave(tensor.shape, error, "x");
    error << " is not supported; it is one number, or one per channel (Cx1x1 or 1xCx1x1)";
    return failure();
  }
  channels = shape[1];
  return makeConstant(node, shape, tensor.name.empty() ? node.name() : StringRef(tensor.name),
                      *floats);
}

FailureOr<Tensor> Importer::repeatChannels(Node &node, const Tensor &map, int64_t channels) {
  if (map.channels == channels)
    return map;
  if (channels % map.channels || channels / map.channels > 4096) {
    node.error() << map.channels << " channels do not fit " << channels;
    return failure();
  }
  SmallVector<Value> parts(channels / map.channels, map.value);
  auto value = make<sr::ConcatOp>(node, parts);
  if (failed(value))
    return failure();
  return makeMap(*value, map.height, map.width);
}

//===----------------------------------------------------------------------===//
// Dispatch
//===----------------------------------------------------------------------===//

/// The nearest supported form of operators that a super-resolution network might contain.
static StringRef getHint(StringRef op) {
  return llvm::StringSwitch<StringRef>(op)
      .Cases({"Elu", "Celu", "Selu", "Softplus", "Softsign", "Mish", "ThresholdedRelu"},
             "Relu, LeakyRelu, PRelu, Gelu, silu, Sigmoid and Tanh are supported")
      .Case("Erf", "it is supported as a part of gelu: 0.5 x (1 + Erf(x / sqrt(2)))")
      .Case("Exp", "it is supported as a part of sigmoid or silu")
      .Cases({"InstanceNormalization", "GroupNormalization", "LayerNormalization",
              "LpNormalization", "MeanVarianceNormalization", "LRN"},
             "BatchNormalization with fixed statistics is supported")
      .Cases({"GlobalMaxPool", "ReduceMax", "ReduceMin", "LpPool", "GlobalLpPool"},
             "GlobalAveragePool, ReduceMean over rows and columns, MaxPool and AveragePool are "
             "supported")
      .Cases({"Softmax", "LogSoftmax", "Attention", "Einsum"},
             "attention by Sigmoid and Mul is supported")
      .Cases({"QuantizeLinear", "DequantizeLinear", "QLinearConv", "ConvInteger",
              "DynamicQuantizeLinear"},
             "export the network with float weights")
      .Cases({"If", "Loop", "Scan"}, "export the network without control flow")
      .Cases({"GridSample", "DeformConv", "Col2Im", "Unfold"}, "Conv with dilations is supported")
      .Case("Reciprocal", "division by constants is supported")
      .Default(
          "supported are Conv, ConvTranspose, activations, arithmetic with maps and constants, "
          "Concat, Split, Slice and Gather of channels, DepthToSpace, SpaceToDepth, Resize, Pad, "
          "pooling, BatchNormalization, and Reshape/Transpose that form a pixel shuffle");
}

LogicalResult Importer::importNode(int index) {
  const ::onnx::NodeProto &proto = graph.node(index);
  StringRef name = proto.name();
  if (name.empty() && proto.output_size())
    name = proto.output(0);
  Node node(proto, opset,
            NameLoc::get(builder.getStringAttr(name), FileLineColLoc::get(context, path, 0, 0)));
  if (!proto.domain().empty() && proto.domain() != "ai.onnx")
    return node.error() << "operators of domain '" << proto.domain()
                        << "' are not supported; only the standard operators of ONNX are";
  if (proto.output_size() == 0 || node.output(0).empty())
    return node.error() << "has no output";

  auto activation = findActivation(index);
  for (const std::string &input : proto.input()) {
    if (input.empty() || (activation && activation->input != input) || tensors.contains(input))
      continue;
    auto initialiser = initialisers.find(input);
    if (initialiser == initialisers.end()) {
      if (!activation)
        return node.error() << "input '" << input
                            << "' is an optional output that is not supported";
      continue;
    }
    auto tensor = decode(*initialiser->second, node.location);
    if (failed(tensor))
      return failure();
    tensors[input] = std::move(*tensor);
  }
  if (activation && tensors[activation->input].kind <= Tensor::View) {
    ::onnx::NodeProto whole;
    whole.set_name(node.name().str());
    whole.set_op_type(proto.op_type());
    whole.add_input(activation->input.str());
    whole.add_output(node.output(0).str());
    Node group(whole, opset, node.location);
    auto tanhForm =
        attr("approximate", sr::GeluApproximationAttr::get(context, sr::GeluApproximation::Tanh));
    switch (activation->kind) {
    case Activation::Sigmoid:
      return importUnary<sr::SigmoidOp>(group);
    case Activation::Silu:
      return importUnary<sr::SiluOp>(group);
    case Activation::Gelu:
      return importUnary<sr::GeluOp>(group);
    case Activation::GeluTanh:
      return importUnary<sr::GeluOp>(group, tanhForm);
    case Activation::Tanh:
      return importUnary<sr::TanhOp>(group);
    }
  }
  if (activation)
    return node.error() << "an activation of constants is not supported";

  auto folded = foldConstants(node);
  if (failed(folded ? *folded : importOperator(node)))
    return failure();
  return node.checkAttributes();
}

LogicalResult Importer::importOperator(Node &node) {
  using Method = LogicalResult (Importer::*)(Node &);
  static const llvm::StringMap<Method> methods = {
      {"Conv", &Importer::importConv},
      {"ConvTranspose", &Importer::importConvTranspose},
      {"Gemm", &Importer::importLinear},
      {"MatMul", &Importer::importLinear},
      {"BatchNormalization", &Importer::importBatchNorm},
      {"Clip", &Importer::importClip},
      {"Min", &Importer::importMinMax},
      {"Max", &Importer::importMinMax},
      {"PRelu", &Importer::importPRelu},
      {"HardSigmoid", &Importer::importHardSigmoid},
      {"HardSwish", &Importer::importHardSigmoid},
      {"Add", &Importer::importBinary},
      {"Sub", &Importer::importBinary},
      {"Mul", &Importer::importBinary},
      {"Div", &Importer::importBinary},
      {"Sum", &Importer::importBinary},
      {"Pow", &Importer::importPow},
      {"Sqrt", &Importer::importSqrt},
      {"Concat", &Importer::importConcat},
      {"Split", &Importer::importSplit},
      {"Slice", &Importer::importSlice},
      {"Gather", &Importer::importGather},
      {"Expand", &Importer::importRepeat},
      {"Tile", &Importer::importRepeat},
      {"DepthToSpace", &Importer::importDepth},
      {"SpaceToDepth", &Importer::importDepth},
      {"Pad", &Importer::importPad},
      {"Resize", &Importer::importResize},
      {"Upsample", &Importer::importResize},
      {"ReduceMean", &Importer::importReduce},
      {"ReduceSum", &Importer::importReduce},
      {"GlobalAveragePool", &Importer::importReduce},
      {"AveragePool", &Importer::importPool},
      {"MaxPool", &Importer::importPool},
      {"Shape", &Importer::importShape},
      {"Reshape", &Importer::importReshape},
      {"Flatten", &Importer::importReshape},
      {"Transpose", &Importer::importTranspose},
      {"Squeeze", &Importer::importSqueeze},
      {"Unsqueeze", &Importer::importSqueeze},
      {"Cast", &Importer::importCast},
      {"CastLike", &Importer::importCast},
      {"Identity", &Importer::importCast},
      {"Dropout", &Importer::importCast},
  };
  StringRef op = node.op();
  if (op == "Relu")
    return importUnary<sr::ReluOp>(node);
  if (op == "LeakyRelu")
    return importUnary<sr::LeakyReluOp>(node, attr("alpha", node.getFloat("alpha", 0.01f)));
  if (op == "Abs")
    return importUnary<sr::LeakyReluOp>(node, attr("alpha", -1.0f));
  if (op == "Sigmoid")
    return importUnary<sr::SigmoidOp>(node);
  if (op == "Tanh")
    return importUnary<sr::TanhOp>(node);
  if (op == "Swish") {
    if (node.getFloat("alpha", 1.0f) != 1.0f)
      return node.error() << "alpha is 1 (silu), other values are not supported";
    return importUnary<sr::SiluOp>(node);
  }
  if (op == "Gelu") {
    std::string form = node.getString("approximate", "none");
    auto kind = sr::symbolizeGeluApproximation(form);
    if (!kind)
      return node.error() << "approximate is none or tanh, not '" << form << "'";
    return importUnary<sr::GeluOp>(
        node, attr("approximate", sr::GeluApproximationAttr::get(context, *kind)));
  }
  if (op == "Neg") {
    auto map = getMap(node, 0);
    if (failed(map))
      return failure();
    auto minusOne = makeConstant(node, {1, 1, 1, 1}, node.name(), {-1.0f});
    if (failed(minusOne))
      return failure();
    auto value = make<sr::MulOp>(node, {map->value, *minusOne});
    return failed(value) ? failure() : defineMap(node, *value, map->height, map->width);
  }
  auto method = methods.find(op);
  if (method == methods.end())
    return node.error() << "the operator is not supported; " << getHint(op);
  return (this->*method->second)(node);
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

namespace {
/// Strides, dilations and pads (top, left, bottom, right) of a window over a map.
struct Window {
  SmallVector<int64_t> kernel, strides, dilations, pads;
  int64_t extent(int d) const { return dilations[d] * (kernel[d] - 1) + 1; }
};
} // namespace

/// Reads the attributes that Conv, ConvTranspose and the pools share, all but automatic pads.
static FailureOr<Window> readWindow(Node &node, ArrayRef<int64_t> kernel) {
  constexpr int64_t most = 65535;
  Window window;
  auto given = node.getInts("kernel_shape");
  window.kernel.assign(kernel.begin(), kernel.end());
  if (kernel.empty() && given)
    window.kernel = *given;
  if (window.kernel.size() != 2 || (given && *given != window.kernel)) {
    node.error()
        << "kernel_shape does not fit; kernels are 2-dimensional and as large as the weights";
    return failure();
  }
  window.strides = node.getInts("strides").value_or(SmallVector<int64_t>{1, 1});
  window.dilations = node.getInts("dilations").value_or(SmallVector<int64_t>{1, 1});
  window.pads = node.getInts("pads").value_or(SmallVector<int64_t>{0, 0, 0, 0});
  auto check = [&](ArrayRef<int64_t> values, size_t count, int64_t least, StringRef what) {
    if (values.size() == count &&
        llvm::all_of(values, [&](int64_t v) { return v >= least && v <= most; }))
      return true;
    node.error() << what << " are " << count << " values between " << least << " and " << most;
    return false;
  };
  if (!check(window.kernel, 2, 1, "kernel sizes") || !check(window.strides, 2, 1, "strides") ||
      !check(window.dilations, 2, 1, "dilations") || !check(window.pads, 4, 0, "pads"))
    return failure();
  return window;
}

/// Turns auto_pad into pads, where they are the same for every size of the picture.
static LogicalResult resolvePads(Node &node, const Sizes &sizes, const Tensor &map,
                                 Window &window) {
  std::string mode = node.getString("auto_pad", "NOTSET");
  if (mode == "NOTSET" || mode.empty())
    return success();
  if (mode == "VALID") {
    window.pads.assign(4, 0);
    return success();
  }
  if (mode != "SAME_UPPER" && mode != "SAME_LOWER")
    return node.error() << "auto_pad is NOTSET, VALID, SAME_UPPER or SAME_LOWER, not '" << mode
                        << "'";
  for (int d : {0, 1}) {
    int64_t stride = window.strides[d];
    if (stride > 1 && !sizes.divide(d ? map.width : map.height, sizes.constant(stride)))
      return node.error() << "auto_pad " << mode << " with stride " << stride
                          << " pads by the size of the picture, which is not known; use pads";
    int64_t total = std::max<int64_t>(window.extent(d) - stride, 0);
    int64_t less = total / 2, more = total - less;
    window.pads[d] = mode == "SAME_UPPER" ? less : more;
    window.pads[d + 2] = mode == "SAME_UPPER" ? more : less;
  }
  return success();
}

/// Size of a map after a window has slid over it.
static AffineExpr slide(const Window &window, int d, AffineExpr size) {
  return (size + (window.pads[d] + window.pads[d + 2] - window.extent(d)))
             .floorDiv(window.strides[d]) +
         1;
}

LogicalResult Importer::importConv(Node &node) {
  auto map = getMap(node, 0);
  if (failed(map))
    return failure();
  auto weight = getWeights(node, 1, "the weight");
  if (failed(weight))
    return failure();
  if (weight->shape.size() != 4)
    return node.error() << "the weight has rank " << weight->shape.size()
                        << "; 2-dimensional convolutions (rank 4) are supported";
  auto window = readWindow(node, ArrayRef(weight->shape).drop_front(2));
  if (failed(window) || failed(resolvePads(node, sizes, *map, *window)))
    return failure();
  auto weightValue = makeConstant(node, weight->shape, weight->name, *weight->floats);
  if (failed(weightValue))
    return failure();
  SmallVector<Value> operands = {map->value, *weightValue};
  if (!node.input(2).empty()) {
    auto bias = getWeights(node, 2, "the bias");
    if (failed(bias))
      return failure();
    auto value = makeConstant(node, bias->shape, bias->name, *bias->floats);
    if (failed(value))
      return failure();
    operands.push_back(*value);
  }
  auto value = make<sr::Conv2DOp>(node, operands,
                                  {attr("strides", window->strides), attr("pads", window->pads),
                                   attr("dilations", window->dilations),
                                   attr("groups", node.getInt("group", 1))});
  if (failed(value))
    return failure();
  return defineMap(node, *value, slide(*window, 0, map->height), slide(*window, 1, map->width));
}

LogicalResult Importer::importConvTranspose(Node &node) {
  auto map = getMap(node, 0);
  if (failed(map))
    return failure();
  auto weight = getWeights(node, 1, "the weight");
  if (failed(weight))
    return failure();
  if (weight->shape.size() != 4)
    return node.error() << "the weight has rank " << weight->shape.size()
                        << "; 2-dimensional convolutions (rank 4) are supported";
  auto window = readWindow(node, ArrayRef(weight->shape).drop_front(2));
  if (failed(window))
    return failure();
  SmallVector<int64_t> extra = node.getInts("output_padding").value_or(SmallVector<int64_t>{0, 0});
  if (extra.size() != 2 || llvm::any_of(extra, [](int64_t v) { return v < 0 || v > 65535; }))
    return node.error() << "output_padding are two values of 0 or more";
  if (node.has("output_shape"))
    return node.error()
           << "output_shape fixes the size of the picture; use pads and output_padding";
  std::string mode = node.getString("auto_pad", "NOTSET");
  if (mode == "VALID") {
    window->pads.assign(4, 0);
  } else if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
    // The output is stride times the input: what is left is cut off both ends.
    for (int d : {0, 1}) {
      int64_t total = window->extent(d) + extra[d] - window->strides[d];
      if (total < 0)
        return node.error() << "auto_pad " << mode
                            << " would add zeros, since the kernel is smaller than the stride";
      int64_t less = total / 2, more = total - less;
      window->pads[d] = mode == "SAME_UPPER" ? less : more;
      window->pads[d + 2] = mode == "SAME_UPPER" ? more : less;
    }
  } else if (mode != "NOTSET" && !mode.empty()) {
    return node.error() << "auto_pad is NOTSET, VALID, SAME_UPPER or SAME_LOWER, not '" << mode
                        << "'";
  }
  auto weightValue = makeConstant(node, weight->shape, weight->name, *weight->floats);
  if (failed(weightValue))
    return failure();
  SmallVector<Value> operands = {map->value, *weightValue};
  if (!node.input(2).empty()) {
    auto bias = getWeights(node, 2, "the bias");
    if (failed(bias))
      return failure();
    auto value = makeConstant(node, bias->shape, bias->name, *bias->floats);
    if (failed(value))
      return failure();
    operands.push_back(*value);
  }
  auto value = make<sr::ConvTranspose2DOp>(
      node, operands,
      {attr("strides", window->strides), attr("pads", window->pads), attr("output_pads", extra),
       attr("dilations", window->dilations), attr("groups", node.getInt("group", 1))});
  if (failed(value))
    return failure();
  auto size = [&](int d, AffineExpr in) {
    return (in - 1) * window->strides[d] +
           (window->extent(d) + extra[d] - window->pads[d] - window->pads[d + 2]);
  };
  return defineMap(node, *value, size(0, map->height), size(1, map->width));
}

/// Gemm and MatMul of a vector (1 x C, behind a global mean): a 1x1 convolution of one pixel.
LogicalResult Importer::importLinear(Node &node) {
  auto input = getInput(node, 0);
  if (failed(input))
    return failure();
  AffineExpr one = sizes.constant(1);
  bool isVector = input->kind == Tensor::View && input->pieces.size() == 2;
  auto map = isVector ? getMap(node, 0) : input;
  if (failed(map))
    return failure();
  if (!isVector || !sizes.equal(map->height, one) || !sizes.equal(map->width, one))
    return node.error() << "is supported on vectors 1 x C behind a global mean; use Conv for maps";
  auto weight = getWeights(node, 1, "the weight");
  if (failed(weight))
    return failure();
  bool isGemm = node.op() == "Gemm";
  bool isTransposed = isGemm && node.getInt("transB", 0);
  if (isGemm && (node.getFloat("alpha", 1) != 1 || node.getFloat("beta", 1) != 1 ||
                 node.getInt("transA", 0) != 0))
    return node.error() << "alpha and beta are 1 and transA is 0, other values are not supported";
  if (weight->shape.size() != 2)
    return node.error() << "the weight has rank " << weight->shape.size() << ", not 2";
  int64_t filters = weight->shape[isTransposed ? 0 : 1];
  int64_t channels = weight->shape[isTransposed ? 1 : 0];
  std::vector<float> values = *weight->floats;
  if (!isTransposed)
    for (int64_t f = 0; f < filters; ++f)
      for (int64_t c = 0; c < channels; ++c)
        values[f * channels + c] = (*weight->floats)[c * filters + f];
  auto weightValue = makeConstant(node, {filters, channels, 1, 1}, weight->name, values);
  if (failed(weightValue))
    return failure();
  SmallVector<Value> operands = {map->value, *weightValue};
  if (isGemm && !node.input(2).empty()) {
    auto bias = getWeights(node, 2, "the bias");
    if (failed(bias))
      return failure();
    std::vector<float> expanded = *bias->floats;
    if (expanded.size() == 1)
      expanded.assign(filters, expanded[0]);
    auto value = makeConstant(node, {filters}, bias->name, expanded);
    if (failed(value))
      return failure();
    operands.push_back(*value);
  }
  auto value = make<sr::Conv2DOp>(node, operands);
  return failed(value) ? failure() : defineMap(node, *value, one, one);
}

LogicalResult Importer::importBatchNorm(Node &node) {
  auto map = getMap(node, 0);
  if (failed(map))
    return failure();
  float epsilon = node.getFloat("epsilon", 1e-5f);
  if (node.getInt("training_mode", 0) != 0 || node.getInt("spatial", 1) != 1)
    return node.error()
           << "normalisation by the statistics of the picture is not supported; export "
              "the network in inference mode";
  node.ignore({"momentum"});
  std::vector<float> tables[4]; // scale, bias, mean, variance
  for (int i = 0; i < 4; ++i) {
    auto tensor = getWeights(node, 1 + i, "each statistic");
    if (failed(tensor))
      return failure();
    tables[i] = *tensor->floats;
    if (int64_t(tables[i].size()) != map->channels)
      return node.error() << "input " << 1 + i << " has " << tables[i].size()
                          << " values, the map has " << map->channels << " channels";
  }
  std::vector<float> factors, offsets;
  for (int64_t c = 0; c < map->channels; ++c) {
    double factor = tables[0][c] / std::sqrt(double(tables[3][c]) + epsilon);
    factors.push_back(float(factor));
    offsets.push_back(float(tables[1][c] - factor * tables[2][c]));
  }
  SmallVector<int64_t> shape = {1, map->channels, 1, 1};
  auto factor = makeConstant(node, shape, (node.name() + ".factor").str(), factors);
  auto offset = makeConstant(node, shape, (node.name() + ".offset").str(), offsets);
  if (failed(factor) || failed(offset))
    return failure();
  auto scaled = make<sr::MulOp>(node, {map->value, *factor});
  if (failed(scaled))
    return failure();
  auto value = make<sr::AddOp>(node, {*scaled, *offset});
  return failed(value) ? failure() : defineMap(node, *value, map->height, map->width);
}

//===----------------------------------------------------------------------===//
// Elementwise operators
//===----------------------------------------------------------------------===//

LogicalResult Importer::importClip(Node &node) {
  std::optional<double> low, high;
  if (node.opset < 11) {
    if (node.has("min"))
      low = node.getFloat("min", 0);
    if (node.has("max"))
      high = node.getFloat("max", 0);
  } else {
    auto first = getOptionalScalar(node, 1, "min"), second = getOptionalScalar(node, 2, "max");
    if (failed(first) || failed(second))
      return failure();
    low = *first;
    high = *second;
  }
  const float infinity = std::numeric_limits<float>::infinity();
  // Absent bounds are sometimes written as the largest numbers.
  auto isOpen = [](std::optional<double> bound) {
    return !bound || std::abs(*bound) >= double(std::numeric_limits<float>::max());
  };
  if (isOpen(low) && isOpen(high)) {
    auto map = getMap(node, 0);
    return failed(map) ? failure() : define(node, 0, *map);
  }
  if (low == 0.0 && isOpen(high))
    return importUnary<sr::ReluOp>(node);
  return importUnary<sr::ClampOp>(node, {attr("low", isOpen(low) ? -infinity : float(*low)),
                                         attr("high", isOpen(high) ? infinity : float(*high))});
}

LogicalResult Importer::importMinMax(Node &node) {
  const float infinity = std::numeric_limits<float>::infinity();
  if (node.inputs() != 2)
    return node.error() << "is supported between a map and one number";
  auto a = getInput(node, 0), b = getInput(node, 1);
  if (failed(a) || failed(b))
    return failure();
  int mapAt = a->isConstant() ? 1 : 0;
  const Tensor &bound = mapAt ? *a : *b;
  auto values = bound.isConstant() ? toFloats(bound) : std::nullopt;
  if (!values || values->size() != 1)
    return node.error() << "is supported between a map and one number";
  auto map = getMap(node, mapAt);
  if (failed(map))
    return failure();
  bool isMax = node.op() == "Max";
  auto value = isMax && (*values)[0] == 0
                   ? make<sr::ReluOp>(node, map->value)
                   : make<sr::ClampOp>(node, map->value,
                                       {attr("low", isMax ? (*values)[0] : -infinity),
                                        attr("high", isMax ? infinity : (*values)[0])});
  return failed(value) ? failure() : defineMap(node, *value, map->height, map->width);
}

LogicalResult Importer::importPRelu(Node &node) {
  auto map = getMap(node, 0);
  auto slope = getWeights(node, 1, "the slope");
  if (failed(map) || failed(slope))
    return failure();
  // Broadcast as numpy does, so that the channels are third from the end.
  ArrayRef<int64_t> shape = slope->shape;
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[shape.size() - 1 - i] != 1 && i != 2)
      return node.error()
             << "the slope is one number or one per channel, of shape Cx1x1 or 1xCx1x1";
  auto value = makeConstant(node, {int64_t(slope->floats->size())}, slope->name, *slope->floats);
  if (failed(value))
    return failure();
  auto result = make<sr::PReluOp>(node, {map->value, *value});
  return failed(result) ? failure() : defineMap(node, *result, map->height, map->width);
}

/// HardSigmoid(x) = clamp(alpha x + beta, 0, 1); HardSwish(x) = x HardSigmoid(x), alpha 1/6.
LogicalResult Importer::importHardSigmoid(Node &node) {
  auto map = getMap(node, 0);
  if (failed(map))
    return failure();
  bool isSwish = node.op() == "HardSwish";
  float alpha = isSwish ? 1.0f / 6.0f : node.getFloat("alpha", 0.2f);
  float beta = isSwish ? 0.5f : node.getFloat("beta", 0.5f);
  auto factor = makeConstant(node, {1, 1, 1, 1}, (node.name() + ".alpha").str(), {alpha});
  auto offset = makeConstant(node, {1, 1, 1, 1}, (node.name() + ".beta").str(), {beta});
  if (failed(factor) || failed(offset))
    return failure();
  auto value = make<sr::MulOp>(node, {map->value, *factor});
  if (succeeded(value))
    value = make<sr::AddOp>(node, {*value, *offset});
  if (succeeded(value))
    value = make<sr::ClampOp>(node, *value, {attr("low", 0.0f), attr("high", 1.0f)});
  if (succeeded(value) && isSwish)
    value = make<sr::MulOp>(node, {map->value, *value});
  return failed(value) ? failure() : defineMap(node, *value, map->height, map->width);
}

/// a op b, where either may be a constant.
FailureOr<Tensor> Importer::combine(Node &node, StringRef op, const Tensor &a, const Tensor &b) {
  auto create = [&](Value lhs, Value rhs) {
    return op == "Add"   ? make<sr::AddOp>(node, {lhs, rhs})
           : op == "Sub" ? make<sr::SubOp>(node, {lhs, rhs})
                         : make<sr::MulOp>(node, {lhs, rhs});
  };
  AffineExpr one = sizes.constant(1);
  if (a.isConstant() || b.isConstant()) {
    Tensor map = a.isConstant() ? b : a;
    int64_t channels;
    auto table = makeTable(node, a.isConstant() ? a : b, channels);
    if (failed(table))
      return failure();
    if (map.channels == 1 && channels > 1) {
      auto repeated = repeatChannels(node, map, channels);
      if (failed(repeated))
        return failure();
      map = *repeated;
    }
    auto value = a.isConstant() ? create(*table, map.value) : create(map.value, *table);
    if (failed(value))
      return failure();
    return makeMap(*value, map.height, map.width);
  }
  auto isPixel = [&](const Tensor &map) { return map.height == one && map.width == one; };
  Tensor x = a, y = b;
  bool isSameSize = sizes.equal(x.height, y.height) && sizes.equal(x.width, y.width);
  if (!isSameSize && !isPixel(x) && !isPixel(y)) {
    node.error() << "the operands are " << sizes.print(x.height) << " x " << sizes.print(x.width)
                 << " and " << sizes.print(y.height) << " x " << sizes.print(y.width)
                 << " large; both have the same size for every picture, or one is a single pixel";
    return failure();
  }
  // Only single pixels are broadcast along channels by the dialect.
  if (x.channels == 1 && y.channels > 1 && !isPixel(x)) {
    auto repeated = repeatChannels(node, x, y.channels);
    if (failed(repeated))
      return failure();
    x = *repeated;
  }
  if (y.channels == 1 && x.channels > 1 && !isPixel(y)) {
    auto repeated = repeatChannels(node, y, x.channels);
    if (failed(repeated))
      return failure();
    y = *repeated;
  }
  auto value = create(x.value, y.value);
  if (failed(value))
    return failure();
  return isPixel(x) ? makeMap(*value, y.height, y.width) : makeMap(*value, x.height, x.width);
}

LogicalResult Importer::importBinary(Node &node) {
  StringRef op = node.op() == "Sum" ? "Add" : node.op();
  if (node.inputs() < (node.op() == "Sum" ? 1 : 2))
    return node.error() << "needs two inputs";
  auto a = getInput(node, 0);
  if (failed(a))
    return failure();

  // A sum over rows and columns divided by their number is a mean.
  if (a->kind == Tensor::Moment && a->isSum && (op == "Div" || op == "Mul")) {
    auto b = getInput(node, 1);
    if (failed(b))
      return failure();
    auto divisor = b->isConstant() ? toNumbers(*b) : std::nullopt;
    AffineExpr count = sizes.constant(1);
    if (a->overRows)
      count = count * a->height;
    if (a->overColumns)
      count = count * a->width;
    if (divisor && divisor->size() == 1 && op == "Div" && (*divisor)[0].bottom == 1 &&
        sizes.equal(sizes.simplify((*divisor)[0].top), sizes.simplify(count))) {
      Tensor mean = *a;
      mean.isSum = false;
      return defineMoment(node, std::move(mean));
    }
    return node.error() << "a sum over rows and columns is only supported if it is then divided by "
                           "their number, "
                        << sizes.print(count);
  }

  auto operand = [&](unsigned i) -> FailureOr<Tensor> {
    auto tensor = getInput(node, i);
    if (failed(tensor) || tensor->isConstant())
      return tensor;
    return getMap(node, i);
  };
  a = operand(0);
  if (failed(a))
    return failure();
  for (unsigned i = 1; i < node.inputs(); ++i) {
    auto b = operand(i);
    if (failed(b))
      return failure();
    if (op == "Div") {
      if (!b->isConstant())
        return node.error() << "division by a map is not supported; division by constants is";
      auto values = toFloats(*b);
      if (!values)
        return node.error() << "division by a size of the picture is not supported";
      auto inverse = std::make_shared<std::vector<float>>();
      for (float value : *values)
        inverse->push_back(float(1.0 / double(value)));
      b->kind = Tensor::Weights;
      b->name += ".inverse";
      b->floats = std::move(inverse);
    }
    a = combine(node, op, *a, *b);
    if (failed(a))
      return failure();
  }
  if (a->isConstant())
    return define(node, 0, *a);
  // A vector and a map make a map.
  bool isVector = true;
  for (unsigned i = 0; i < node.inputs(); ++i) {
    const Tensor &input = tensors[node.input(i)];
    isVector &= input.isConstant() || (input.kind == Tensor::View && input.pieces.size() == 2);
  }
  if (isVector) {
    *a = toView(*a);
    a->pieces.resize(2);
  }
  return define(node, 0, *a);
}

LogicalResult Importer::importPow(Node &node) {
  auto exponent = getWeights(node, 1, "the exponent");
  if (failed(exponent))
    return failure();
  float power = exponent->floats->size() == 1 ? (*exponent->floats)[0] : 0.0f;
  if (power == 0.5f)
    return importSqrt(node);
  auto map = getMap(node, 0);
  if (failed(map))
    return failure();
  if (power == 1)
    return define(node, 0, *map);
  if (power != 2 && power != 3)
    return node.error() << "the exponent is 1, 2 or 3, other powers are not supported";
  auto value = make<sr::MulOp>(node, {map->value, map->value});
  if (succeeded(value) && power == 3)
    value = make<sr::MulOp>(node, {*value, map->value});
  return failed(value) ? failure() : defineMap(node, *value, map->height, map->width);
}

LogicalResult Importer::importSqrt(Node &node) {
  auto input = getInput(node, 0);
  if (failed(input))
    return failure();
  if (input->kind != Tensor::Squares)
    return node.error() << "a square root is only supported of the variance of a map over rows and "
                           "columns: sqrt(mean((x - mean(x))^2))";
  auto value = make<sr::GlobalStdPoolOp>(node, input->value);
  if (failed(value))
    return failure();
  Tensor map = makeMap(*value, sizes.constant(1), sizes.constant(1));
  if (!input->keptDims) {
    map = toView(map);
    map.pieces.resize(2);
  }
  return define(node, 0, std::move(map));
}

LogicalResult Importer::importCast(Node &node) {
  using ::onnx::TensorProto;
  if (node.op() == "Cast") {
    int64_t type = node.getInt("to", 0);
    node.ignore({"saturate", "round_mode"});
    if (type == TensorProto::FLOAT16 || type == TensorProto::BFLOAT16)
      hasHalf = true;
    else if (type != TensorProto::FLOAT && type != TensorProto::DOUBLE)
      return node.error() << "maps stay floating-point numbers, a cast to ONNX type " << type
                          << " is not supported";
  } else if (node.op() == "CastLike") {
    node.ignore({"saturate", "round_mode"});
  } else if (node.op() == "Dropout") {
    node.ignore({"ratio", "seed", "is_test", "training_mode"});
    auto training = getOptionalScalar(node, 2, "training_mode");
    if (failed(training))
      return failure();
    if (*training && **training != 0)
      return node.error() << "training_mode is on; export the network in inference mode";
  }
  auto input = getInput(node, 0);
  return failed(input) ? failure() : define(node, 0, *input);
}

//===----------------------------------------------------------------------===//
// Channels
//===----------------------------------------------------------------------===//

LogicalResult Importer::importConcat(Node &node) {
  auto axis = getAxis(node, node.getInt("axis", 1), 4);
  if (failed(axis))
    return failure();
  if (*axis != 1)
    return node.error() << "axis " << *axis << " is not supported, maps are joined along channels "
                        << "(axis 1)";
  SmallVector<Value> parts;
  std::optional<Tensor> first;
  for (unsigned i = 0; i < node.inputs(); ++i) {
    auto map = getMap(node, i);
    if (failed(map))
      return failure();
    if (!first)
      first = *map;
    if (!sizes.equal(first->height, map->height) || !sizes.equal(first->width, map->width))
      return node.error() << "input " << i << " is " << sizes.print(map->height) << " x "
                          << sizes.print(map->width) << " large, input 0 is "
                          << sizes.print(first->height) << " x " << sizes.print(first->width);
    parts.push_back(map->value);
  }
  if (!first)
    return node.error() << "has no inputs";
  auto value = make<sr::ConcatOp>(node, parts);
  return failed(value) ? failure() : define(node, 0, makeMap(*value, first->height, first->width));
}

LogicalResult Importer::importSplit(Node &node) {
  auto map = getMap(node, 0);
  if (failed(map))
    return failure();
  auto axis = getAxis(node, node.getInt("axis", 0), 4);
  if (failed(axis))
    return failure();
  if (*axis != 1)
    return node.error() << "axis " << *axis << " is not supported, channels are split (axis 1)";
  SmallVector<int64_t> parts;
  if (node.opset < 13) {
    if (auto given = node.getInts("split"))
      parts = *given;
  } else if (!node.input(1).empty()) {
    auto given = getConstantInts(node, 1, "the sizes");
    if (failed(given))
      return failure();
    parts = *given;
  }
  int64_t count = node.outputs();
  if (int64_t given = node.getInt("num_outputs", count); given != count)
    return node.error() << "num_outputs is " << given << ", but there are " << count << " outputs";
  if (parts.empty()) {
    // From opset 18 on the last part may be smaller.
    int64_t size = (map->channels + count - 1) / count;
    if (node.opset < 18 && map->channels % count)
      return node.error() << map->channels << " channels do not split into " << count
                          << " equal parts";
    for (int64_t i = 0, left = map->channels; i < count; ++i, left -= size)
      parts.push_back(std::min(size, left));
  }
  if (int64_t(parts.size()) != count)
    return node.error() << "has " << parts.size() << " sizes for " << count << " outputs";
  auto op = sr::tryCreate<sr::SplitOp>(builder, node.location, map->value, {attr("sizes", parts)});
  if (failed(op))
    return node.error() << "breaks a rule of the sr dialect, see above";
  for (int64_t i = 0; i < count; ++i)
    if (!node.output(i).empty() &&
        failed(define(node, i, makeMap((*op)->getResult(i), map->height, map->width))))
      return failure();
  return success();
}

LogicalResult Importer::importSlice(Node &node) {
  auto map = getMap(node, 0);
  if (failed(map))
    return failure();
  std::vector<Number> v[4]; // starts, ends, axes, steps
  static const char *const names[] = {"starts", "ends", "axes", "steps"};
  for (int k = 0; k < 4; ++k) {
    if (node.opset < 10) {
      if (k < 3)
        if (auto values = node.getInts(names[k]))
          for (int64_t value : *values)
            v[k].push_back({sizes.constant(value), 1});
    } else if (!node.input(1 + k).empty()) {
      auto tensor = getInput(node, 1 + k);
      if (failed(tensor))
        return failure();
      auto numbers = toNumbers(*tensor);
      if (!numbers)
        return node.error() << names[k] << " have to be computed from constants and sizes";
      v[k] = *numbers;
    }
  }
  size_t count = v[0].size();
  if (v[2].empty())
    for (size_t k = 0; k < count; ++k)
      v[2].push_back({sizes.constant(int64_t(k)), 1});
  if (v[3].empty())
    v[3].assign(count, {sizes.constant(1), 1});
  if (v[1].size() != count || v[2].size() != count || v[3].size() != count || count > 4)
    return node.error() << "starts, ends, axes and steps differ in length, or are more than 4";
  SmallVector<int64_t> from;
  for (int64_t c = 0; c < map->channels; ++c)
    from.push_back(c);
  for (size_t k = 0; k < count; ++k) {
    auto axisValue = sizes.getConstant(v[2][k].top), step = sizes.getConstant(v[3][k].top);
    if (!axisValue || !step || *step == 0)
      return node.error() << "axes and steps have to be constants, steps not 0";
    auto axis = getAxis(node, *axisValue, 4);
    if (failed(axis))
      return failure();
    auto start = sizes.getConstant(v[0][k].top), end = sizes.getConstant(v[1][k].top);
    if (*axis != 1) {
      SmallVector<AffineExpr> dims = getDims(*map);
      bool isWhole = start && *start == 0 && *step == 1 && v[1][k].bottom == 1 &&
                     ((end && *end >= std::numeric_limits<int32_t>::max()) ||
                      sizes.equal(v[1][k].top, dims[*axis]));
      if (!isWhole)
        return node.error() << "cutting rows or columns (axis " << *axis
                            << ") is not supported, ranges of channels (axis 1) are";
      continue;
    }
    if (!start || !end)
      return node.error() << "ranges of channels have to be constants";
    int64_t size = from.size(), by = *step;
    auto clamp = [&](int64_t i, int64_t low, int64_t high) {
      if (i < 0)
        i = i < -size ? -1 : i + size;
      return std::min(std::max(i, low), high);
    };
    int64_t first = by > 0 ? clamp(*start, 0, size) : clamp(*start, -1, size - 1);
    int64_t last = by > 0 ? clamp(*end, 0, size) : clamp(*end, -1, size - 1);
    by = std::min(std::max(by, -size), size);
    SmallVector<int64_t> kept;
    for (int64_t c = first; by > 0 ? c < last : c > last; c += by)
      kept.push_back(from[c]);
    from = kept;
  }
  auto result = permuteChannels(node, *map, from);
  return failed(result) ? failure() : define(node, 0, *result);
}

LogicalResult Importer::importGather(Node &node) {
  auto map = getMap(node, 0);
  if (failed(map))
    return failure();
  auto axis = getAxis(node, node.getInt("axis", 0), 4);
  auto indices = getConstantInts(node, 1, "indices");
  if (failed(axis) || failed(indices))
    return failure();
  if (*axis != 1 || tensors[node.input(1)].shape.size() != 1)
    return node.error() << "is supported along channels (axis 1) with a list of indices";
  for (int64_t &i : *indices) {
    if (i < 0)
      i += map->channels;
    if (i < 0 || i >= map->channels)
      return node.error() << "an index is out of range for " << map->channels << " channels";
  }
  auto result = permuteChannels(node, *map, *indices);
  return failed(result) ? failure() : define(node, 0, *result);
}

/// Expand and Tile along channels; Expand of a single pixel that only meets elementwise operators.
LogicalResult Importer::importRepeat(Node &node) {
  auto map = getMap(node, 0);
  auto shape = getInput(node, 1);
  if (failed(map) || failed(shape))
    return failure();
  auto target = toNumbers(*shape);
  StringRef rule = "is supported if it repeats channels only";
  if (!target || target->size() > 4)
    return node.error() << rule;
  SmallVector<AffineExpr> dims = getDims(*map);
  AffineExpr one = sizes.constant(1);
  bool isTile = node.op() == "Tile";
  if (isTile && target->size() != 4)
    return node.error() << "needs four repeats";
  int64_t channels = map->channels;
  bool isSpread = false;
  for (size_t i = 0; i < target->size(); ++i) {
    size_t d = 4 - target->size() + i;
    const Number &number = (*target)[i];
    if (number.bottom != 1)
      return node.error() << rule;
    auto value = sizes.getConstant(number.top);
    if (d == 1) {
      if (!value || *value < 1 || *value > 65535)
        return node.error() << rule;
      channels = isTile ? channels * *value : std::max(channels, *value);
    } else if (!(isTile ? value == 1 : value == 1 || sizes.equal(number.top, dims[d]))) {
      if (isTile || d == 0 || dims[d] != one)
        return node.error() << rule;
      isSpread = true;
    }
  }
  if (isSpread) {
    // The dialect's elementwise operators broadcast a single pixel by themselves.
    for (const ::onnx::NodeProto &user : graph.node())
      if (llvm::is_contained(user.input(), node.output(0).str()) && user.op_type() != "Mul" &&
          user.op_type() != "Add" && user.op_type() != "Sub")
        return node.error() << "spreads a single pixel over a map, which is supported in front of "
                               "Add, Sub and Mul";
  }
  if (isTile || map->channels == 1 || channels == map->channels) {
    auto result = repeatChannels(node, *map, channels);
    return failed(result) ? failure() : define(node, 0, *result);
  }
  return node.error() << rule << "; " << map->channels << " channels do not expand to " << channels;
}

LogicalResult Importer::importDepth(Node &node) {
  auto map = getMap(node, 0);
  if (failed(map))
    return failure();
  int64_t r = node.getInt("blocksize", 0);
  std::string mode = node.getString("mode", "DCR");
  if (r < 1 || r > 65535)
    return node.error() << "blocksize is 1 or more, not " << r;
  if (mode != "DCR" && mode != "CRD")
    return node.error() << "mode is DCR or CRD, not '" << mode << "'";
  auto order =
      attr("order", sr::ShuffleOrderAttr::get(context, mode == "DCR" ? sr::ShuffleOrder::DCR
                                                                     : sr::ShuffleOrder::CRD));
  if (node.op() == "DepthToSpace") {
    auto value = make<sr::PixelShuffleOp>(node, map->value, {attr("scale", r), order});
    return failed(value) ? failure() : defineMap(node, *value, map->height * r, map->width * r);
  }
  auto height = sizes.divide(map->height, sizes.constant(r));
  auto width = sizes.divide(map->width, sizes.constant(r));
  if (!height || !width)
    return node.error() << "a map of " << sizes.print(map->height) << " x "
                        << sizes.print(map->width) << " does not divide into blocks of " << r;
  auto value = make<sr::PixelUnshuffleOp>(node, map->value, {attr("scale", r), order});
  return failed(value) ? failure() : defineMap(node, *value, *height, *width);
}

//===----------------------------------------------------------------------===//
// Rows and columns
//===----------------------------------------------------------------------===//

LogicalResult Importer::importPad(Node &node) {
  auto map = getMap(node, 0);
  if (failed(map))
    return failure();
  SmallVector<int64_t> given, axes;
  double fill = 0;
  if (node.opset < 11) {
    given = node.getInts("pads").value_or(SmallVector<int64_t>());
    fill = node.getFloat("value", 0);
  } else {
    auto values = getConstantInts(node, 1, "pads");
    auto value = getOptionalScalar(node, 2, "constant_value");
    if (failed(values) || failed(value))
      return failure();
    given = *values;
    fill = value->value_or(0);
  }
  if (!node.input(3).empty()) {
    auto values = getConstantInts(node, 3, "axes");
    if (failed(values))
      return failure();
    axes = *values;
  } else {
    axes = {0, 1, 2, 3};
  }
  if (given.size() != 2 * axes.size())
    return node.error() << "has " << given.size() << " pads for " << axes.size() << " dimensions";
  int64_t pads[8] = {};
  for (size_t k = 0; k < axes.size(); ++k) {
    auto d = getAxis(node, axes[k], 4);
    if (failed(d))
      return failure();
    pads[*d] = given[k];
    pads[4 + *d] = given[axes.size() + k];
  }
  for (int d = 0; d < 8; ++d) {
    if (pads[d] < 0 || pads[d] > 65535)
      return node.error() << "pads are between 0 and 65535, cutting rows or columns off is not "
                             "supported";
    if (d % 4 < 2 && pads[d] != 0)
      return node.error() << "padding channels is not supported, rows and columns are padded";
  }
  std::string modeText = node.getString("mode", "constant");
  auto mode = sr::symbolizePadMode(modeText);
  if (!mode)
    return node.error() << "mode is constant, edge or reflect, not '" << modeText << "'";
  auto value = make<sr::PadOp>(node, map->value,
                               {attr("pads", {pads[2], pads[3], pads[6], pads[7]}),
                                attr("mode", sr::PadModeAttr::get(context, *mode)),
                                attr("value", float(fill))});
  if (failed(value))
    return failure();
  return defineMap(node, *value, map->height + (pads[2] + pads[6]),
                   map->width + (pads[3] + pads[7]));
}

LogicalResult Importer::importResize(Node &node) {
  auto map = getMap(node, 0);
  if (failed(map))
    return failure();
  bool isUpsample = node.op() == "Upsample", isOld = isUpsample || node.opset < 11;

  std::string modeText = node.getString("mode", "nearest");
  auto mode = llvm::StringSwitch<std::optional<sr::ResizeMode>>(modeText)
                  .Case("nearest", sr::ResizeMode::Nearest)
                  .Cases({"linear", "bilinear"}, sr::ResizeMode::Bilinear)
                  .Cases({"cubic", "bicubic"}, sr::ResizeMode::Bicubic)
                  .Default(std::nullopt);
  if (!mode)
    return node.error() << "mode is nearest, linear or cubic, not '" << modeText << "'";
  std::string coordinates =
      isOld ? "asymmetric" : node.getString("coordinate_transformation_mode", "half_pixel");
  std::string nearest = isOld ? "floor" : node.getString("nearest_mode", "round_prefer_floor");
  float cubic = node.getFloat("cubic_coeff_a", -0.75f);
  bool excludeOutside = node.getInt("exclude_outside", 0);
  node.ignore({"extrapolation_value"});
  if (node.getInt("antialias", 0))
    return node.error() << "antialias is not supported; resize without it";
  std::string policy = node.getString("keep_aspect_ratio_policy", "stretch");
  if (policy != "stretch")
    return node.error() << "keep_aspect_ratio_policy is stretch, '" << policy
                        << "' is not supported";

  // Scales or sizes of all four dimensions.
  SmallVector<int64_t> axes = node.getInts("axes").value_or(SmallVector<int64_t>{0, 1, 2, 3});
  std::vector<Number> given;
  bool areSizes = false;
  if (auto scales = isUpsample ? node.getFloats("scales") : std::nullopt) {
    for (float scale : *scales) {
      auto rational = toRational(scale);
      if (!rational)
        return node.error() << "scale " << scale << " is not a fraction of small numbers";
      given.push_back({sizes.constant(rational->first), rational->second});
    }
  } else {
    unsigned scalesAt = isOld ? 1 : 2;
    auto read = [&](unsigned i) -> LogicalResult {
      auto tensor = getInput(node, i);
      if (failed(tensor))
        return failure();
      auto numbers = toNumbers(*tensor);
      if (!numbers)
        return node.error()
               << "scales or sizes have to be fractions of small numbers, computed from "
                  "constants and sizes of the picture";
      given = *numbers;
      return success();
    };
    if (!node.input(scalesAt).empty() && failed(read(scalesAt)))
      return failure();
    if (given.empty() && !isOld && !node.input(3).empty()) {
      areSizes = true;
      if (failed(read(3)))
        return failure();
    }
  }
  if (given.size() != axes.size() || given.empty())
    return node.error() << "has " << given.size() << " scales or sizes for " << axes.size()
                        << " dimensions";

  SmallVector<AffineExpr> dims = getDims(*map);
  SmallVector<Ratio> scales(4, {1, 1});
  for (size_t k = 0; k < axes.size(); ++k) {
    auto d = getAxis(node, axes[k], 4);
    if (failed(d))
      return failure();
    std::optional<Ratio> ratio;
    if (areSizes) {
      if (given[k].bottom == 1)
        ratio = sizes.ratio(given[k].top, dims[*d]);
    } else if (auto top = sizes.getConstant(given[k].top); top && *top > 0) {
      ratio = Ratio{*top, given[k].bottom};
    }
    if (!ratio || ratio->top > 65535 || ratio->bottom > 65535)
      return node.error() << (areSizes ? "size " : "scale ") << sizes.print(given[k])
                          << " of a dimension of " << sizes.print(dims[*d])
                          << " is not the same positive fraction for every picture; use scales, or "
                             "sizes computed as whole multiples";
    if (*d < 2 && (ratio->top != 1 || ratio->bottom != 1))
      return node.error() << "only height and width can be resized";
    scales[*d] = *ratio;
  }
  Ratio h = scales[2], w = scales[3];
  if (h.top == h.bottom && w.top == w.bottom)
    return define(node, 0, *map);

  if (coordinates == "half_pixel_symmetric" && h.bottom == 1 && w.bottom == 1)
    coordinates = "half_pixel"; // they differ where the output is not a whole multiple
  auto coordinateMode = sr::symbolizeCoordinateMode(coordinates);
  if (!coordinateMode)
    return node.error()
           << "coordinate_transformation_mode is half_pixel, asymmetric, align_corners "
              "or pytorch_half_pixel, not '"
           << coordinates << "'";
  auto nearestMode = sr::symbolizeNearestMode(nearest);
  if (!nearestMode)
    return node.error() << "nearest_mode is round_prefer_floor, round_prefer_ceil, floor or ceil, "
                           "not '"
                        << nearest << "'";
  auto value = make<sr::ResizeOp>(
      node, map->value,
      {attr("mode", sr::ResizeModeAttr::get(context, *mode)), attr("scale_h", {h.top, h.bottom}),
       attr("scale_w", {w.top, w.bottom}),
       attr("coordinates", sr::CoordinateModeAttr::get(context, *coordinateMode)),
       attr("nearest", sr::NearestModeAttr::get(context, *nearestMode)), attr("cubic_coeff", cubic),
       attr("exclude_outside",
            builder.getBoolAttr(excludeOutside && *mode == sr::ResizeMode::Bicubic))});
  if (failed(value))
    return failure();
  return defineMap(node, *value, (map->height * h.top).floorDiv(h.bottom),
                   (map->width * w.top).floorDiv(w.bottom));
}

LogicalResult Importer::importReduce(Node &node) {
  auto input = getInput(node, 0);
  if (failed(input))
    return failure();
  Tensor moment;
  if (input->kind == Tensor::Moment) {
    moment = *input;
  } else {
    auto map = getMap(node, 0);
    if (failed(map))
      return failure();
    moment = *map;
    moment.kind = Tensor::Moment;
    moment.isSum = node.op() == "ReduceSum";
    moment.overRows = moment.overColumns = false;
    moment.keptDims = true;
  }
  if (node.op() == "GlobalAveragePool") {
    if (input->kind == Tensor::Moment)
      return node.error() << "reads a partial mean or sum";
    moment.overRows = moment.overColumns = true;
  } else {
    bool isPartial = input->kind == Tensor::Moment;
    bool keep = node.getInt("keepdims", 1), noop = node.getInt("noop_with_empty_axes", 0);
    if (isPartial && (moment.keptDims != keep || moment.isSum != (node.op() == "ReduceSum")))
      return node.error() << "mixes sums and means, or different keepdims";
    auto axes = node.getInts("axes");
    if (!axes && !node.input(1).empty()) {
      auto values = getConstantInts(node, 1, "axes");
      if (failed(values))
        return failure();
      axes = *values;
    }
    if (noop && (!axes || axes->empty()))
      return define(node, 0, *input);
    int64_t rank = getDims(*input).size();
    bool missesColumns = isPartial && !moment.keptDims && moment.overColumns;
    bool missesRows = isPartial && !moment.keptDims && moment.overRows;
    for (int64_t axis : axes.value_or(SmallVector<int64_t>())) {
      auto d = getAxis(node, axis, rank);
      if (failed(d))
        return failure();
      int64_t full = *d == 2 && missesRows && !missesColumns ? 3 : *d;
      if (full == 2)
        moment.overRows = true;
      else if (full == 3)
        moment.overColumns = true;
      else
        moment.channels = -1;
    }
    if (moment.channels < 0 || !axes || axes->empty())
      return node.error() << "is supported over rows and columns (axes 2 and 3), not over channels";
    moment.keptDims = keep;
  }
  return defineMoment(node, std::move(moment));
}

/// Defines a mean or sum; once it is the mean over rows and columns it becomes an operation.
LogicalResult Importer::defineMoment(Node &node, Tensor moment) {
  if (moment.isSum || !moment.overRows || !moment.overColumns)
    return define(node, 0, std::move(moment));

  // The mean of (x - mean x)^2 is the square of the standard deviation.
  if (auto square = moment.value.getDefiningOp<sr::MulOp>();
      square && square.getLhs() == square.getRhs())
    if (auto deviation = square.getLhs().getDefiningOp<sr::SubOp>())
      if (auto mean = deviation.getRhs().getDefiningOp<sr::GlobalAvgPoolOp>();
          mean && mean.getInput() == deviation.getLhs()) {
        moment.kind = Tensor::Squares;
        moment.value = deviation.getLhs();
        return define(node, 0, std::move(moment));
      }
  auto value = make<sr::GlobalAvgPoolOp>(node, moment.value);
  if (failed(value))
    return failure();
  Tensor map = makeMap(*value, sizes.constant(1), sizes.constant(1));
  if (!moment.keptDims) {
    map = toView(map);
    map.pieces.resize(2);
  }
  return define(node, 0, std::move(map));
}

LogicalResult Importer::importPool(Node &node) {
  auto map = getMap(node, 0);
  if (failed(map))
    return failure();
  bool isMax = node.op() == "MaxPool";
  if (isMax && node.outputs() > 1)
    return node.error() << "the output of indices is not supported";
  auto window = readWindow(node, {});
  if (failed(window) || failed(resolvePads(node, sizes, *map, *window)))
    return failure();
  if (window->dilations[0] != 1 || window->dilations[1] != 1)
    return node.error() << "dilations of pools are not supported";
  bool countPads = node.getInt("count_include_pad", 0);
  node.ignore({"storage_order"});
  // A window as large as the picture, in a file for one size: the mean of everything.
  if (!isMax && sizes.declaredHeight && sizes.declaredWidth &&
      sizes.getDeclared(map->height) == window->kernel[0] &&
      sizes.getDeclared(map->width) == window->kernel[1] &&
      llvm::all_of(window->pads, [](int64_t pad) { return pad == 0; })) {
    node.ignore({"ceil_mode"});
    auto value = make<sr::GlobalAvgPoolOp>(node, map->value);
    return failed(value) ? failure()
                         : defineMap(node, *value, sizes.constant(1), sizes.constant(1));
  }
  if (node.getInt("ceil_mode", 0))
    for (int d : {0, 1}) {
      AffineExpr room = (d ? map->width : map->height) +
                        (window->pads[d] + window->pads[d + 2] - window->extent(d));
      if (room.getLargestKnownDivisor() % window->strides[d])
        return node.error() << "ceil_mode 1 is not supported where it makes a difference; use 0";
    }
  SmallVector<NamedAttribute> attributes = {
      attr("kernel", window->kernel), attr("strides", window->strides), attr("pads", window->pads)};
  if (!isMax)
    attributes.push_back(attr("count_include_pad", builder.getBoolAttr(countPads)));
  auto value = isMax ? make<sr::MaxPoolOp>(node, map->value, attributes)
                     : make<sr::AvgPoolOp>(node, map->value, attributes);
  if (failed(value))
    return failure();
  return defineMap(node, *value, slide(*window, 0, map->height), slide(*window, 1, map->width));
}
