//===- OnnxConstants.cpp - Weights and shape computations -----------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Decodes tensors of the file and folds operators that read nothing but constants. Whole numbers
// may depend on the input's height and width: this is how the Shape/Gather/Mul/Concat chains of
// exporters disappear.
#include "frontend/OnnxImporter.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include "onnx/onnx_pb.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace srcc::onnx;
using ::onnx::TensorProto;

/// Bound of whole numbers in shape computations that depend on the picture's size.
static constexpr int64_t maxFactor = int64_t(1) << 24;
/// Bound of the number of such computations in a file, which bounds the time they take.
static constexpr int maxSizeComputations = 1 << 14;

//===----------------------------------------------------------------------===//
// Tensors of the file
//===----------------------------------------------------------------------===//

static std::string printShape(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(shape, os, "x");
  return text.empty() ? "a single value" : text;
}

FailureOr<std::string> Importer::readExternal(const TensorProto &proto, uint64_t bytes,
                                              Location location) {
  auto fail = [&]() -> InFlightDiagnostic {
    return emitError(location) << "tensor '" << proto.name() << "': ";
  };
  StringRef file, offset = "0", length;
  for (const auto &entry : proto.external_data()) {
    if (entry.key() == "location")
      file = entry.value();
    else if (entry.key() == "offset")
      offset = entry.value();
    else if (entry.key() == "length")
      length = entry.value();
  }
  uint64_t from, count = bytes;
  if (file.empty() || offset.getAsInteger(10, from) ||
      (!length.empty() && length.getAsInteger(10, count)))
    return fail() << "its external data are not described by location, offset and length";
  if (count != bytes)
    return fail() << "its external data have " << count << " bytes, its shape needs " << bytes;
  // Only plain names: a model must not make the compiler read files elsewhere.
  if (file != llvm::sys::path::filename(file) || file == ".." || file == ".")
    return fail() << "its external data '" << file
                  << "' are not in the folder of the model, where they have to be";
  SmallString<128> full(llvm::sys::path::parent_path(path));
  llvm::sys::path::append(full, file);
  auto buffer =
      llvm::MemoryBuffer::getFile(full, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return fail() << "cannot read its external data '" << full.str()
                  << "': " << buffer.getError().message();
  StringRef data = (*buffer)->getBuffer();
  if (from > data.size() || bytes > data.size() - from)
    return fail() << "its external data end after " << data.size() << " bytes of '" << full.str()
                  << "'";
  return data.substr(from, bytes).str();
}

template <typename T> static T loadLittleEndian(const char *bytes) {
  return llvm::support::endian::read<T, llvm::endianness::little>(bytes);
}
static float fromBits(const llvm::fltSemantics &semantics, uint16_t bits) {
  bool loses;
  APFloat value(semantics, APInt(16, bits));
  value.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &loses);
  return value.convertToFloat();
}

FailureOr<Tensor> Importer::decode(const TensorProto &proto, Location location) {
  auto fail = [&]() -> InFlightDiagnostic {
    return emitError(location) << "tensor '" << proto.name() << "': ";
  };
  Tensor tensor;
  tensor.name = proto.name();
  tensor.shape.assign(proto.dims().begin(), proto.dims().end());
  auto count = countElements(tensor.shape);
  if (!count)
    return fail() << "its shape " << printShape(tensor.shape) << " is negative, or has more than "
                  << maxElements << " elements or 16 dimensions";

  int width = 0;
  switch (proto.data_type()) {
  case TensorProto::FLOAT:
  case TensorProto::INT32:
    width = 4;
    break;
  case TensorProto::FLOAT16:
  case TensorProto::BFLOAT16:
    width = 2;
    hasHalf = true;
    break;
  case TensorProto::DOUBLE:
    hasDouble = true;
    width = 8;
    break;
  case TensorProto::INT64:
    width = 8;
    break;
  case TensorProto::BOOL:
    width = 1;
    break;
  default:
    return fail() << "ONNX type " << proto.data_type()
                  << " is not supported; weights are float, float16, bfloat16 or double, shapes "
                     "int64 or int32";
  }
  bool isWhole = proto.data_type() == TensorProto::INT32 ||
                 proto.data_type() == TensorProto::INT64 || proto.data_type() == TensorProto::BOOL;
  if (isWhole && *count > maxNumbers)
    return fail() << "a tensor of whole numbers has at most " << maxNumbers << " elements, not "
                  << *count << "; quantised weights are not supported";

  std::string external;
  StringRef raw = proto.raw_data();
  bool isRaw = proto.has_raw_data();
  if (proto.data_location() == TensorProto::EXTERNAL) {
    auto data = readExternal(proto, uint64_t(*count) * width, location);
    if (failed(data))
      return failure();
    external = std::move(*data);
    raw = external;
    isRaw = true;
  }
  auto checkCount = [&](uint64_t found, const char *unit, uint64_t expected) -> LogicalResult {
    if (found == expected)
      return success();
    return fail() << "its shape " << printShape(tensor.shape) << " needs " << expected << " "
                  << unit << ", but " << found << " are there";
  };
  std::vector<float> floats;
  auto addWhole = [&](int64_t value) {
    tensor.numbers.push_back({getAffineConstantExpr(value, context), 1});
  };
  if (isRaw) {
    if (failed(checkCount(raw.size(), "bytes", uint64_t(*count) * width)))
      return failure();
    if (!isWhole)
      floats.reserve(*count);
    for (int64_t i = 0; i < *count; ++i) {
      const char *bytes = raw.data() + i * width;
      switch (proto.data_type()) {
      case TensorProto::FLOAT:
        floats.push_back(llvm::bit_cast<float>(loadLittleEndian<uint32_t>(bytes)));
        break;
      case TensorProto::DOUBLE:
        floats.push_back(float(llvm::bit_cast<double>(loadLittleEndian<uint64_t>(bytes))));
        break;
      case TensorProto::FLOAT16:
        floats.push_back(fromBits(APFloat::IEEEhalf(), loadLittleEndian<uint16_t>(bytes)));
        break;
      case TensorProto::BFLOAT16:
        floats.push_back(fromBits(APFloat::BFloat(), loadLittleEndian<uint16_t>(bytes)));
        break;
      case TensorProto::INT32:
        addWhole(loadLittleEndian<int32_t>(bytes));
        break;
      case TensorProto::INT64:
        addWhole(loadLittleEndian<int64_t>(bytes));
        break;
      default:
        addWhole(*bytes != 0);
      }
    }
  } else {
    switch (proto.data_type()) {
    case TensorProto::FLOAT:
      if (failed(checkCount(proto.float_data_size(), "values", *count)))
        return failure();
      floats.assign(proto.float_data().begin(), proto.float_data().end());
      break;
    case TensorProto::DOUBLE:
      if (failed(checkCount(proto.double_data_size(), "values", *count)))
        return failure();
      for (double value : proto.double_data())
        floats.push_back(float(value));
      break;
    case TensorProto::INT64:
      if (failed(checkCount(proto.int64_data_size(), "values", *count)))
        return failure();
      for (int64_t value : proto.int64_data())
        addWhole(value);
      break;
    default: // these share a field
      if (failed(checkCount(proto.int32_data_size(), "values", *count)))
        return failure();
      for (int32_t value : proto.int32_data())
        if (isWhole)
          addWhole(value);
        else
          floats.push_back(fromBits(proto.data_type() == TensorProto::FLOAT16 ? APFloat::IEEEhalf()
                                                                              : APFloat::BFloat(),
                                    uint16_t(value)));
    }
  }
  if (isWhole) {
    tensor.kind = Tensor::Numbers;
  } else {
    tensor.kind = Tensor::Weights;
    tensor.floats = std::make_shared<const std::vector<float>>(std::move(floats));
  }
  return tensor;
}

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

std::optional<std::vector<float>> Importer::toFloats(const Tensor &tensor) {
  if (tensor.kind == Tensor::Weights)
    return *tensor.floats;
  std::vector<float> floats;
  for (const Number &number : tensor.numbers) {
    auto top = sizes.getConstant(number.top);
    if (!top)
      return std::nullopt;
    floats.push_back(float(double(*top) / double(number.bottom)));
  }
  return floats;
}

std::optional<std::vector<Number>> Importer::toNumbers(const Tensor &tensor) {
  if (tensor.kind == Tensor::Numbers)
    return tensor.numbers;
  if (tensor.kind != Tensor::Weights || int64_t(tensor.floats->size()) > maxNumbers)
    return std::nullopt;
  std::vector<Number> numbers;
  for (float value : *tensor.floats) {
    auto rational = toRational(value);
    if (!rational)
      return std::nullopt;
    numbers.push_back({sizes.constant(rational->first), rational->second});
  }
  return numbers;
}

Tensor Importer::makeNumbers(std::vector<Number> numbers, ArrayRef<int64_t> shape, bool isReal) {
  Tensor tensor;
  tensor.kind = Tensor::Numbers;
  tensor.numbers = std::move(numbers);
  tensor.shape.assign(shape.begin(), shape.end());
  tensor.isReal = isReal;
  return tensor;
}

std::optional<double> Importer::getScalar(StringRef name) {
  auto known = scalars.find(name);
  if (known != scalars.end())
    return known->second;
  std::optional<double> result;
  const TensorProto *proto = nullptr;
  auto initialiser = initialisers.find(name);
  if (initialiser != initialisers.end()) {
    proto = initialiser->second;
  } else if (auto producer = producers.find(name); producer != producers.end()) {
    const ::onnx::NodeProto &node = graph.node(producer->second);
    if (node.op_type() == "Constant" && node.attribute_size() == 1) {
      const ::onnx::AttributeProto &attribute = node.attribute(0);
      if (attribute.name() == "value")
        proto = &attribute.t();
      else if (attribute.name() == "value_float")
        result = attribute.f();
    }
  }
  if (proto && llvm::all_of(proto->dims(), [](int64_t size) { return size == 1; }) &&
      proto->data_location() != TensorProto::EXTERNAL) {
    // An ill-formed tensor is reported where it is imported.
    ScopedDiagnosticHandler quiet(context, [](Diagnostic &) { return success(); });
    auto tensor = decode(*proto, UnknownLoc::get(context));
    if (succeeded(tensor))
      if (auto floats = toFloats(*tensor); floats && floats->size() == 1)
        result = (*floats)[0];
  }
  scalars[name] = result;
  return result;
}

//===----------------------------------------------------------------------===//
// Folding
//===----------------------------------------------------------------------===//

static SmallVector<int64_t> getStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int i = int(shape.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

/// Calls `f` with each index of `shape` in row-major order.
static void forEachIndex(ArrayRef<int64_t> shape, function_ref<void(ArrayRef<int64_t>)> f) {
  if (llvm::is_contained(shape, 0))
    return;
  SmallVector<int64_t> index(shape.size(), 0);
  while (true) {
    f(index);
    int d = int(shape.size()) - 1;
    while (d >= 0 && ++index[d] == shape[d])
      index[d--] = 0;
    if (d < 0)
      return;
  }
}

/// The position that an index of a result reads in an operand of shape `from`, broadcast.
static int64_t getBroadcastPosition(ArrayRef<int64_t> index, ArrayRef<int64_t> from,
                                    ArrayRef<int64_t> strides) {
  int64_t position = 0;
  size_t skip = index.size() - from.size();
  for (size_t d = 0; d < from.size(); ++d)
    position += from[d] == 1 ? 0 : index[skip + d] * strides[d];
  return position;
}

LogicalResult Importer::rearrange(Node &node, const Tensor &input, ArrayRef<int64_t> shape,
                                  function_ref<int64_t(ArrayRef<int64_t>)> from) {
  auto count = countElements(shape);
  if (!count || (input.kind == Tensor::Numbers && *count > maxNumbers))
    return node.error() << "the constant result would have the shape " << printShape(shape)
                        << ", which is too large";
  Tensor result = input;
  result.shape.assign(shape.begin(), shape.end());
  if (input.kind == Tensor::Numbers) {
    result.numbers.clear();
    forEachIndex(shape,
                 [&](ArrayRef<int64_t> i) { result.numbers.push_back(input.numbers[from(i)]); });
  } else {
    auto floats = std::make_shared<std::vector<float>>();
    floats->reserve(*count);
    forEachIndex(shape, [&](ArrayRef<int64_t> i) { floats->push_back((*input.floats)[from(i)]); });
    result.floats = std::move(floats);
  }
  return define(node, 0, std::move(result));
}

/// a op b on numbers that may depend on the picture's size; nothing if there is no such number.
static std::optional<Number> compute(const Sizes &sizes, StringRef op, Number a, Number b,
                                     bool isReal) {
  auto x = sizes.getConstant(a.top), y = sizes.getConstant(b.top);
  auto inRange = [&](std::optional<int64_t> v, int64_t bottom) {
    return (!v || std::abs(*v) <= maxFactor) && bottom <= maxFactor;
  };
  auto whole = [&](int64_t value) { return Number{sizes.constant(value), 1}; };
  if (x && y && a.bottom == 1 && b.bottom == 1) {
    int64_t value;
    if (op == "Add")
      return llvm::AddOverflow(*x, *y, value) ? std::nullopt : std::optional(whole(value));
    if (op == "Sub")
      return llvm::SubOverflow(*x, *y, value) ? std::nullopt : std::optional(whole(value));
    if (op == "Mul")
      return llvm::MulOverflow(*x, *y, value) ? std::nullopt : std::optional(whole(value));
    if (op == "Min" || op == "Max")
      return whole(op == "Min" ? std::min(*x, *y) : std::max(*x, *y));
    if (op == "Equal")
      return whole(*x == *y);
    if (op == "Div" && !isReal)
      return *y == 0 || (*y == -1 && *x == std::numeric_limits<int64_t>::min())
                 ? std::nullopt
                 : std::optional(whole(*x / *y));
    if (op == "Mod")
      return *y <= 0 || *x < 0 ? std::nullopt : std::optional(whole(*x % *y));
  }
  if (!inRange(x, a.bottom) || !inRange(y, b.bottom))
    return std::nullopt;
  auto reduced = [&](AffineExpr top, int64_t bottom) -> std::optional<Number> {
    top = sizes.simplify(top);
    int64_t divisor = std::gcd(top.getLargestKnownDivisor(), bottom);
    if (divisor > 1)
      top = sizes.simplify(top.floorDiv(divisor)), bottom /= divisor;
    return Number{top, bottom};
  };
  if (op == "Add")
    return reduced(a.top * b.bottom + b.top * a.bottom, a.bottom * b.bottom);
  if (op == "Sub")
    return reduced(a.top * b.bottom - b.top * a.bottom, a.bottom * b.bottom);
  if (op == "Mul")
    return reduced(a.top * b.top, a.bottom * b.bottom);
  if (op == "Equal")
    return whole(sizes.simplify(a.top * b.bottom - b.top * a.bottom) == sizes.constant(0));
  if (op == "Div") {
    if (y && *y > 0) {
      if (isReal)
        return reduced(a.top * b.bottom, a.bottom * *y);
      if (a.bottom == 1 && b.bottom == 1) {
        sizes.divide(a.top, b.top);            // notes a divisor that another multiple would have
        return reduced(a.top.floorDiv(*y), 1); // sizes are not negative
      }
      return std::nullopt;
    }
    auto quotient = sizes.ratio(a.top, b.top);
    if (quotient && (isReal || quotient->bottom == 1))
      return reduced(sizes.constant(quotient->top) * b.bottom, quotient->bottom * a.bottom);
    return std::nullopt;
  }
  if (op == "Mod" && y && *y > 0 && a.bottom == 1 && b.bottom == 1)
    return reduced(a.top % *y, 1);
  return std::nullopt;
}

LogicalResult Importer::foldBinary(Node &node, const Tensor &a, const Tensor &b) {
  StringRef op = node.op();
  auto shape = broadcast(a.shape, b.shape);
  if (!shape || !countElements(*shape))
    return node.error() << "shapes " << printShape(a.shape) << " and " << printShape(b.shape)
                        << " do not fit";
  SmallVector<int64_t> stridesA = getStrides(a.shape), stridesB = getStrides(b.shape);
  bool isReal = a.kind == Tensor::Weights || a.isReal || b.kind == Tensor::Weights || b.isReal;
  auto isWhole = [](const Tensor &t) { return t.kind == Tensor::Numbers; };
  if (isWhole(a) || isWhole(b)) {
    auto x = toNumbers(a), y = toNumbers(b);
    if (x && y && *countElements(*shape) <= maxNumbers) {
      std::vector<Number> numbers;
      bool isKnown = true;
      forEachIndex(*shape, [&](ArrayRef<int64_t> i) {
        if (!isKnown)
          return;
        Number p = (*x)[getBroadcastPosition(i, a.shape, stridesA)];
        Number q = (*y)[getBroadcastPosition(i, b.shape, stridesB)];
        if (!(sizes.getConstant(p.top) && sizes.getConstant(q.top)) &&
            ++sizeComputations > maxSizeComputations)
          isKnown = false;
        auto number = isKnown ? compute(sizes, op, p, q, isReal) : std::nullopt;
        isKnown = number.has_value();
        if (isKnown)
          numbers.push_back(*number);
      });
      if (isKnown)
        return define(node, 0, makeNumbers(std::move(numbers), *shape, isReal && op != "Equal"));
    }
  }
  auto x = toFloats(a), y = toFloats(b);
  if (!x || !y || !isReal)
    return node.error()
           << "this computation on the size of the picture is not supported; sizes are "
              "added, multiplied and divided by whole numbers";
  std::function<double(double, double)> f;
  if (op == "Add")
    f = [](double p, double q) { return p + q; };
  else if (op == "Sub")
    f = [](double p, double q) { return p - q; };
  else if (op == "Mul")
    f = [](double p, double q) { return p * q; };
  else if (op == "Div")
    f = [](double p, double q) { return p / q; };
  else if (op == "Pow")
    f = [](double p, double q) { return std::pow(p, q); };
  else if (op == "Min")
    f = [](double p, double q) { return std::min(p, q); };
  else if (op == "Max")
    f = [](double p, double q) { return std::max(p, q); };
  else
    return node.error() << "is not supported on constants";
  Tensor result;
  result.kind = Tensor::Weights;
  result.name = node.output(0).str();
  result.shape = *shape;
  auto floats = std::make_shared<std::vector<float>>();
  forEachIndex(*shape, [&](ArrayRef<int64_t> i) {
    floats->push_back(float(f((*x)[getBroadcastPosition(i, a.shape, stridesA)],
                              (*y)[getBroadcastPosition(i, b.shape, stridesB)])));
  });
  result.floats = std::move(floats);
  return define(node, 0, std::move(result));
}

/// ReduceSum, ReduceMean, ReduceL2 ... of constants: weight normalisation that was not folded.
LogicalResult Importer::foldReduction(Node &node) {
  const Tensor &input = tensors[node.input(0)];
  int64_t rank = input.shape.size();
  bool keep = node.getInt("keepdims", 1);
  bool noop = node.getInt("noop_with_empty_axes", 0);
  auto axes = node.getInts("axes");
  if (!axes && !node.input(1).empty()) {
    auto values = getConstantInts(node, 1, "axes");
    if (failed(values))
      return failure();
    axes = *values;
  }
  SmallVector<bool> reduced(rank, !axes || axes->empty());
  if ((!axes || axes->empty()) && noop)
    reduced.assign(rank, false);
  if (axes)
    for (int64_t axis : *axes) {
      auto d = getAxis(node, axis, rank);
      if (failed(d))
        return failure();
      reduced[*d] = true;
    }
  auto x = toFloats(input);
  if (!x)
    return node.error() << "a reduction of sizes of the picture is not supported";
  SmallVector<int64_t> full, kept;
  int64_t count = 1;
  for (int64_t d = 0; d < rank; ++d) {
    full.push_back(reduced[d] ? 1 : input.shape[d]);
    count *= reduced[d] ? input.shape[d] : 1;
    if (keep || !reduced[d])
      kept.push_back(full.back());
  }
  StringRef op = node.op();
  bool isSquare = op == "ReduceL2" || op == "ReduceSumSquare";
  std::vector<double> sums(*countElements(full), 0.0);
  SmallVector<int64_t> strides = getStrides(full);
  int64_t position = 0;
  forEachIndex(input.shape, [&](ArrayRef<int64_t> i) {
    double value = (*x)[position++];
    sums[getBroadcastPosition(i, full, strides)] += isSquare ? value * value : value;
  });
  auto floats = std::make_shared<std::vector<float>>();
  for (double sum : sums)
    floats->push_back(float(op == "ReduceL2"     ? std::sqrt(sum)
                            : op == "ReduceMean" ? sum / double(std::max<int64_t>(count, 1))
                                                 : sum));
  Tensor result;
  result.kind = Tensor::Weights;
  result.name = node.output(0).str();
  result.shape = kept;
  result.floats = std::move(floats);
  return define(node, 0, std::move(result));
}

std::optional<LogicalResult> Importer::foldConstants(Node &node) {
  StringRef op = node.op();
  if (op == "Constant") {
    if (const TensorProto *proto = node.getTensor("value")) {
      auto tensor = decode(*proto, node.location);
      if (failed(tensor))
        return failure();
      if (tensor->name.empty())
        tensor->name = node.output(0).str();
      return define(node, 0, std::move(*tensor));
    }
    std::vector<float> floats;
    SmallVector<int64_t> shape;
    if (node.has("value_float")) {
      floats = {node.getFloat("value_float", 0)};
    } else if (auto values = node.getFloats("value_floats")) {
      floats.assign(values->begin(), values->end());
      shape = {int64_t(values->size())};
    } else {
      std::vector<Number> numbers;
      if (node.has("value_int")) {
        numbers.push_back({sizes.constant(node.getInt("value_int", 0)), 1});
      } else if (auto ints = node.getInts("value_ints")) {
        if (int64_t(ints->size()) > maxNumbers)
          return node.error() << "has more than " << maxNumbers << " whole numbers";
        for (int64_t value : *ints)
          numbers.push_back({sizes.constant(value), 1});
        shape = {int64_t(ints->size())};
      } else {
        return node.error() << "holds no dense tensor of numbers";
      }
      return define(node, 0, makeNumbers(std::move(numbers), shape, false));
    }
    Tensor tensor;
    tensor.kind = Tensor::Weights;
    tensor.name = node.output(0).str();
    tensor.shape = shape;
    tensor.floats = std::make_shared<const std::vector<float>>(std::move(floats));
    return define(node, 0, std::move(tensor));
  }

  // Everything else folds if all inputs are constants.
  if (node.inputs() == 0 || node.input(0).empty())
    return std::nullopt;
  for (unsigned i = 0; i < node.inputs(); ++i)
    if (!node.input(i).empty() && !tensors[node.input(i)].isConstant())
      return std::nullopt;
  const Tensor input = tensors[node.input(0)];
  int64_t rank = input.shape.size();
  SmallVector<int64_t> strides = getStrides(input.shape);
  auto position = [&](ArrayRef<int64_t> index) {
    int64_t at = 0;
    for (size_t d = 0; d < index.size(); ++d)
      at += index[d] * strides[d];
    return at;
  };
  auto reshape = [&](ArrayRef<int64_t> shape) {
    Tensor result = input;
    result.shape.assign(shape.begin(), shape.end());
    return define(node, 0, std::move(result));
  };

  if (op == "Identity" || op == "Dropout")
    return define(node, 0, input);
  if (op == "Cast" || op == "CastLike") {
    int64_t type =
        node.getInt("to", input.kind == Tensor::Weights || input.isReal ? TensorProto::FLOAT
                                                                        : TensorProto::INT64);
    node.ignore({"saturate", "round_mode"});
    bool toReal = type == TensorProto::FLOAT || type == TensorProto::FLOAT16 ||
                  type == TensorProto::DOUBLE || type == TensorProto::BFLOAT16;
    if (!toReal && type != TensorProto::INT64 && type != TensorProto::INT32 &&
        type != TensorProto::BOOL)
      return node.error() << "a cast to ONNX type " << type << " is not supported";
    if (toReal && input.kind == Tensor::Weights)
      return define(node, 0, input);
    auto numbers = toNumbers(input);
    if (!numbers)
      return node.error() << "only small tensors of whole numbers are cast to integers";
    if (!toReal)
      for (Number &number : *numbers)
        if (number.bottom != 1) // sizes are not negative: truncation is floor
          number = {sizes.simplify(number.top.floorDiv(number.bottom)), 1};
    return define(node, 0, makeNumbers(std::move(*numbers), input.shape, toReal));
  }
  if (op == "Floor" || op == "Ceil" || op == "Round") {
    if (input.kind == Tensor::Numbers) {
      std::vector<Number> numbers = input.numbers;
      for (Number &number : numbers)
        if (number.bottom != 1) {
          AffineExpr top = number.top;
          number = {sizes.simplify(op == "Floor" ? top.floorDiv(number.bottom)
                                   : op == "Ceil"
                                       ? top.ceilDiv(number.bottom)
                                       : (top * 2 + number.bottom).floorDiv(2 * number.bottom)),
                    1};
        }
      return define(node, 0, makeNumbers(std::move(numbers), input.shape, input.isReal));
    }
  }
  if (op == "Neg" && input.kind == Tensor::Numbers) {
    Tensor zero = makeNumbers({{sizes.constant(0), 1}}, {}, input.isReal);
    ::onnx::NodeProto proto = node.proto;
    proto.set_op_type("Sub");
    Node sub(proto, node.opset, node.location);
    return foldBinary(sub, zero, input);
  }
  if (input.kind == Tensor::Weights) {
    std::function<float(float)> f;
    if (op == "Neg")
      f = [](float x) { return -x; };
    else if (op == "Sqrt")
      f = [](float x) { return std::sqrt(x); };
    else if (op == "Exp")
      f = [](float x) { return std::exp(x); };
    else if (op == "Abs")
      f = [](float x) { return std::abs(x); };
    else if (op == "Reciprocal")
      f = [](float x) { return 1 / x; };
    else if (op == "Floor")
      f = [](float x) { return std::floor(x); };
    else if (op == "Ceil")
      f = [](float x) { return std::ceil(x); };
    if (f) {
      auto floats = std::make_shared<std::vector<float>>(*input.floats);
      for (float &value : *floats)
        value = f(value);
      Tensor result = input;
      result.name = node.output(0).str();
      result.floats = std::move(floats);
      return define(node, 0, std::move(result));
    }
  }
  if (op == "Add" || op == "Sub" || op == "Mul" || op == "Div" || op == "Pow" || op == "Mod" ||
      op == "Equal" || ((op == "Min" || op == "Max") && node.inputs() == 2)) {
    if (node.inputs() != 2 || node.input(1).empty())
      return node.error() << "needs two inputs";
    node.ignore({"fmod"});
    return foldBinary(node, input, tensors[node.input(1)]);
  }
  if (op == "ReduceSum" || op == "ReduceMean" || op == "ReduceL2" || op == "ReduceSumSquare")
    return foldReduction(node);
  if (op == "Shape") {
    node.ignore({"start", "end"});
    if (node.has("start") || node.has("end"))
      return node.error() << "start and end are not supported on constants";
    std::vector<Number> numbers;
    for (int64_t size : input.shape)
      numbers.push_back({sizes.constant(size), 1});
    return define(node, 0, makeNumbers(std::move(numbers), {rank}, false));
  }
  if (op == "ConstantOfShape") {
    auto shape = getConstantInts(node, 0, "shape");
    if (failed(shape))
      return failure();
    Tensor value = makeNumbers({{sizes.constant(0), 1}}, {1}, true);
    if (const TensorProto *proto = node.getTensor("value")) {
      auto tensor = decode(*proto, node.location);
      if (failed(tensor))
        return failure();
      value = *tensor;
    }
    if (countElements(value.shape) != 1)
      return node.error() << "the value is a tensor with one element";
    return rearrange(node, value, *shape, [](ArrayRef<int64_t>) { return 0; });
  }
  if (op == "Range" && node.inputs() == 3) {
    SmallVector<int64_t> v;
    for (int i : {0, 1, 2}) {
      auto values = getConstantInts(node, i, "range");
      if (failed(values))
        return failure();
      if (values->size() != 1 || std::abs((*values)[0]) > maxFactor)
        return node.error() << "start, limit and delta are single small numbers";
      v.push_back((*values)[0]);
    }
    std::vector<Number> numbers;
    if (v[2] == 0)
      return node.error() << "delta is not 0";
    for (int64_t x = v[0]; v[2] > 0 ? x < v[1] : x > v[1]; x += v[2]) {
      numbers.push_back({sizes.constant(x), 1});
      if (int64_t(numbers.size()) > maxNumbers)
        return node.error() << "has more than " << maxNumbers << " elements";
    }
    return define(node, 0, makeNumbers(numbers, {int64_t(numbers.size())}, false));
  }
  if (op == "Reshape") {
    auto target = getConstantInts(node, 1, "shape");
    if (failed(target))
      return failure();
    bool allowZero = node.getInt("allowzero", 0);
    int64_t known = 1, open = -1;
    SmallVector<int64_t> shape = *target;
    for (size_t d = 0; d < shape.size(); ++d) {
      if (shape[d] == 0 && !allowZero && int64_t(d) < rank)
        shape[d] = input.shape[d];
      if (shape[d] == -1 && open < 0) {
        open = d;
        continue;
      }
      if (shape[d] < 0 || shape[d] > maxElements || llvm::MulOverflow(known, shape[d], known))
        return node.error() << "shape " << printShape(*target) << " is not possible";
    }
    auto count = countElements(input.shape);
    if (open >= 0 && known > 0)
      shape[open] = *count / known;
    if (countElements(shape) != count)
      return node.error() << "shape " << printShape(*target) << " does not hold " << *count
                          << " elements";
    return reshape(shape);
  }
  if (op == "Flatten") {
    int64_t axis = node.getInt("axis", 1);
    if (axis < 0)
      axis += rank;
    if (axis < 0 || axis > rank)
      return node.error() << "axis is out of range";
    ArrayRef<int64_t> shape = input.shape;
    return reshape(
        {*countElements(shape.take_front(axis)), *countElements(shape.drop_front(axis))});
  }
  if (op == "Squeeze" || op == "Unsqueeze") {
    auto axes = node.getInts("axes");
    if (!axes && !node.input(1).empty()) {
      auto values = getConstantInts(node, 1, "axes");
      if (failed(values))
        return failure();
      axes = *values;
    }
    SmallVector<int64_t> shape;
    if (op == "Squeeze") {
      SmallVector<bool> drop(rank, false);
      if (axes)
        for (int64_t axis : *axes) {
          auto d = getAxis(node, axis, rank);
          if (failed(d))
            return failure();
          if (input.shape[*d] != 1)
            return node.error() << "dimension " << *d << " is not 1";
          drop[*d] = true;
        }
      for (int64_t d = 0; d < rank; ++d)
        if (axes ? !drop[d] : input.shape[d] != 1)
          shape.push_back(input.shape[d]);
    } else {
      if (!axes)
        return node.error() << "needs axes";
      int64_t newRank = rank + int64_t(axes->size());
      if (newRank > 16)
        return node.error() << "has more than 16 dimensions";
      SmallVector<bool> isNew(newRank, false);
      for (int64_t axis : *axes) {
        auto d = getAxis(node, axis, newRank);
        if (failed(d))
          return failure();
        if (isNew[*d])
          return node.error() << "axis " << axis << " is there twice";
        isNew[*d] = true;
      }
      int64_t old = 0;
      for (int64_t d = 0; d < newRank; ++d)
        shape.push_back(isNew[d] ? 1 : input.shape[old++]);
    }
    return reshape(shape);
  }
  if (op == "Transpose") {
    auto perm = node.getInts("perm");
    if (!perm) {
      perm.emplace();
      for (int64_t d = rank - 1; d >= 0; --d)
        perm->push_back(d);
    }
    SmallVector<int64_t> shape, order(rank, -1);
    for (auto [to, from] : llvm::enumerate(*perm)) {
      if (from < 0 || from >= rank || int64_t(perm->size()) != rank || order[from] >= 0)
        return node.error() << "perm is not a permutation of the dimensions";
      order[from] = to;
      shape.push_back(input.shape[from]);
    }
    if (int64_t(perm->size()) != rank)
      return node.error() << "perm is not a permutation of the dimensions";
    return rearrange(node, input, shape, [&](ArrayRef<int64_t> index) {
      int64_t at = 0;
      for (int64_t d = 0; d < rank; ++d)
        at += index[d] * strides[(*perm)[d]];
      return at;
    });
  }
  if (op == "Gather") {
    auto axis = getAxis(node, node.getInt("axis", 0), rank);
    auto indices = getConstantInts(node, 1, "indices");
    if (failed(axis) || failed(indices))
      return failure();
    for (int64_t &i : *indices) {
      if (i < 0)
        i += input.shape[*axis];
      if (i < 0 || i >= input.shape[*axis])
        return node.error() << "an index is out of range";
    }
    ArrayRef<int64_t> inner = tensors[node.input(1)].shape, outer = input.shape;
    SmallVector<int64_t> shape(outer.take_front(*axis));
    shape.append(inner.begin(), inner.end());
    shape.append(outer.begin() + *axis + 1, outer.end());
    SmallVector<int64_t> innerStrides = getStrides(inner);
    return rearrange(node, input, shape, [&](ArrayRef<int64_t> index) {
      SmallVector<int64_t> from(index.take_front(*axis));
      from.push_back(
          (*indices)[getBroadcastPosition(index.slice(*axis, inner.size()), inner, innerStrides)]);
      ArrayRef<int64_t> tail = index.drop_front(*axis + inner.size());
      from.append(tail.begin(), tail.end());
      return position(from);
    });
  }
  if (op == "Slice") {
    SmallVector<int64_t> v[4]; // starts, ends, axes, steps
    static const char *const names[] = {"starts", "ends", "axes", "steps"};
    for (int k = 0; k < 4; ++k) {
      if (node.opset < 10) {
        if (auto values = node.getInts(names[k]))
          v[k] = *values;
      } else if (!node.input(1 + k).empty()) {
        auto values = getConstantInts(node, 1 + k, names[k]);
        if (failed(values))
          return failure();
        v[k] = *values;
      }
    }
    if (v[2].empty())
      for (size_t d = 0; d < v[0].size(); ++d)
        v[2].push_back(d);
    if (v[3].empty())
      v[3].assign(v[0].size(), 1);
    if (v[1].size() != v[0].size() || v[2].size() != v[0].size() || v[3].size() != v[0].size())
      return node.error() << "starts, ends, axes and steps differ in length";
    SmallVector<int64_t> shape = input.shape, start(rank, 0), step(rank, 1);
    for (size_t k = 0; k < v[0].size(); ++k) {
      auto d = getAxis(node, v[2][k], rank);
      if (failed(d))
        return failure();
      int64_t size = input.shape[*d], by = v[3][k];
      if (by == 0 || std::abs(by) > maxElements)
        return node.error() << "step " << by << " is not supported";
      auto clamp = [&](int64_t i, int64_t low, int64_t high) {
        if (i < 0)
          i = i < -size ? -1 : i + size;
        return std::min(std::max(i, low), high);
      };
      int64_t from = by > 0 ? clamp(v[0][k], 0, size) : clamp(v[0][k], -1, size - 1);
      int64_t to = by > 0 ? clamp(v[1][k], 0, size) : clamp(v[1][k], -1, size - 1);
      shape[*d] =
          std::max<int64_t>(0, by > 0 ? (to - from + by - 1) / by : (from - to - by - 1) / -by);
      start[*d] = from;
      step[*d] = by;
    }
    return rearrange(node, input, shape, [&](ArrayRef<int64_t> index) {
      int64_t at = 0;
      for (int64_t d = 0; d < rank; ++d)
        at += (start[d] + index[d] * step[d]) * strides[d];
      return at;
    });
  }
  if (op == "Expand") {
    auto target = getConstantInts(node, 1, "shape");
    if (failed(target))
      return failure();
    auto shape = broadcast(input.shape, *target);
    if (!shape)
      return node.error() << "shapes do not fit";
    return rearrange(node, input, *shape, [&](ArrayRef<int64_t> index) {
      return getBroadcastPosition(index, input.shape, strides);
    });
  }
  if (op == "Concat") {
    auto axis = getAxis(node, node.getInt("axis", 0), rank);
    if (failed(axis))
      return failure();
    bool isWhole = false;
    int64_t total = 0;
    for (unsigned i = 0; i < node.inputs(); ++i) {
      if (node.input(i).empty())
        return node.error() << "input " << i << " is missing";
      const Tensor &part = tensors[node.input(i)];
      isWhole |= part.kind == Tensor::Numbers;
      if (int64_t(part.shape.size()) != rank)
        return node.error() << "the inputs differ in rank";
      for (int64_t d = 0; d < rank; ++d)
        if (d != *axis && part.shape[d] != input.shape[d])
          return node.error() << "the inputs differ in shape";
      total += part.shape[*axis];
    }
    // One tensor of all parts side by side, then in order.
    Tensor all;
    all.kind = isWhole ? Tensor::Numbers : Tensor::Weights;
    all.name = node.output(0).str();
    auto floats = std::make_shared<std::vector<float>>();
    SmallVector<std::pair<int64_t, int64_t>> parts; // first index along axis, first element
    int64_t first = 0, element = 0;
    for (unsigned i = 0; i < node.inputs(); ++i) {
      const Tensor &part = tensors[node.input(i)];
      parts.push_back({first, element});
      first += part.shape[*axis];
      element += *countElements(part.shape);
      if (isWhole) {
        auto numbers = toNumbers(part);
        if (!numbers || element > maxNumbers)
          return node.error() << "mixes sizes of the picture with other numbers";
        all.isReal |= part.kind == Tensor::Weights || part.isReal;
        llvm::append_range(all.numbers, *numbers);
      } else {
        llvm::append_range(*floats, *part.floats);
      }
    }
    all.floats = std::move(floats);
    SmallVector<int64_t> shape = input.shape;
    shape[*axis] = total;
    return rearrange(node, all, shape, [&](ArrayRef<int64_t> index) {
      size_t k = parts.size() - 1;
      while (index[*axis] < parts[k].first)
        --k;
      SmallVector<int64_t> local(index), partShape = shape;
      local[*axis] -= parts[k].first;
      partShape[*axis] = (k + 1 < parts.size() ? parts[k + 1].first : total) - parts[k].first;
      SmallVector<int64_t> partStrides = getStrides(partShape);
      return parts[k].second + getBroadcastPosition(local, partShape, partStrides);
    });
  }
  return std::nullopt;
}
