//===- Interpreter.cpp - Reference semantics of the sr dialect ------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Every value has a region: the part of it that the wanted part of the output depends on. Regions
// are found backwards, from the results of operations to their operands, then filled forwards.
#include "dialects/sr/Interpreter.h"

#include "dialects/sr/Accumulation.h"
#include "dialects/sr/ModelFile.h"

#include "mlir/IR/Threading.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <cstring>
#include <numeric>

using namespace mlir;
using namespace srcc::sr;

namespace {

/// Rows y0 to y1 and columns x0 to x1 (exclusive).
struct Rect {
  int64_t y0 = 0, x0 = 0, y1 = 0, x1 = 0;

  int64_t height() const { return y1 - y0; }
  int64_t width() const { return x1 - x0; }
  bool empty() const { return y1 <= y0 || x1 <= x0; }
  bool operator==(const Rect &other) const {
    return y0 == other.y0 && x0 == other.x0 && y1 == other.y1 && x1 == other.x1;
  }
  void join(const Rect &other) {
    if (other.empty())
      return;
    if (empty()) {
      *this = other;
      return;
    }
    y0 = std::min(y0, other.y0);
    x0 = std::min(x0, other.x0);
    y1 = std::max(y1, other.y1);
    x1 = std::max(x1, other.x1);
  }
};

/// The values of a map inside a rectangle of it.
struct Region {
  MapShape shape{0, 0, 0};
  Rect rect;
  std::vector<float> values;

  Region() = default;
  Region(MapShape shape, Rect rect)
      : shape(shape), rect(rect), values(shape.c * rect.height() * rect.width()) {}

  /// Row y (of the map) of channel c; element x - rect.x0 is column x.
  float *row(int64_t c, int64_t y) {
    return values.data() + (c * rect.height() + y - rect.y0) * rect.width();
  }
  const float *row(int64_t c, int64_t y) const { return const_cast<Region *>(this)->row(c, y); }
  float at(int64_t c, int64_t y, int64_t x) const { return row(c, y)[x - rect.x0]; }
};

int64_t floorDiv(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }
int64_t ceilDiv(int64_t a, int64_t b) { return -floorDiv(-a, b); }
int64_t clampIndex(int64_t i, int64_t size) { return std::min(std::max(i, int64_t(0)), size - 1); }

//===----------------------------------------------------------------------===//
// Positions of resize and pad
//===----------------------------------------------------------------------===//

struct Tap {
  int64_t index;
  double weight;
};

/// The positions that output position `x` of one axis of a resize reads, exact by rational
/// arithmetic up to the weights (ONNX Resize).
SmallVector<Tap, 4> resizeTaps(ResizeOp op, ArrayRef<int64_t> scale, int64_t x, int64_t in,
                               int64_t out) {
  int64_t p = 0, q = 1; // the position in the input is p / q
  switch (op.getCoordinates()) {
  case CoordinateMode::Asymmetric:
    p = x * scale[1];
    q = scale[0];
    break;
  case CoordinateMode::AlignCorners:
    if (out > 1) {
      p = x * (in - 1);
      q = out - 1;
    }
    break;
  case CoordinateMode::PytorchHalfPixel:
    if (out == 1)
      break;
    [[fallthrough]];
  case CoordinateMode::HalfPixel:
    p = (2 * x + 1) * scale[1] - scale[0];
    q = 2 * scale[0];
    break;
  }
  int64_t floor = floorDiv(p, q);
  double t = double(p - floor * q) / double(q);
  switch (op.getMode()) {
  case ResizeMode::Nearest: {
    int64_t nearest = 0;
    switch (op.getNearest()) {
    case NearestMode::Floor:
      nearest = floor;
      break;
    case NearestMode::Ceil:
      nearest = ceilDiv(p, q);
      break;
    case NearestMode::RoundPreferFloor:
      nearest = ceilDiv(2 * p - q, 2 * q);
      break;
    case NearestMode::RoundPreferCeil:
      nearest = floorDiv(2 * p + q, 2 * q);
      break;
    }
    return {{clampIndex(nearest, in), 1.0}};
  }
  case ResizeMode::Bilinear:
    return {{clampIndex(floor, in), 1 - t}, {clampIndex(floor + 1, in), t}};
  case ResizeMode::Bicubic: {
    double a = op.getCubicCoeff().convertToFloat();
    double weights[] = {((a * (t + 1) - 5 * a) * (t + 1) + 8 * a) * (t + 1) - 4 * a,
                        ((a + 2) * t - (a + 3)) * t * t + 1,
                        ((a + 2) * (1 - t) - (a + 3)) * (1 - t) * (1 - t) + 1,
                        ((a * (2 - t) - 5 * a) * (2 - t) + 8 * a) * (2 - t) - 4 * a};
    SmallVector<Tap, 4> taps;
    double sum = 0;
    for (int k = 0; k < 4; ++k) {
      int64_t index = floor - 1 + k;
      if (op.getExcludeOutside() && (index < 0 || index >= in))
        continue;
      taps.push_back({clampIndex(index, in), weights[k]});
      sum += weights[k];
    }
    if (op.getExcludeOutside())
      for (Tap &tap : taps)
        tap.weight /= sum;
    return taps;
  }
  }
  llvm_unreachable("resize mode");
}

/// The input position that a padded axis shows at output position `x`; -1 for the constant.
int64_t padSource(PadMode mode, int64_t x, int64_t before, int64_t in) {
  int64_t i = x - before;
  if (i >= 0 && i < in)
    return i;
  switch (mode) {
  case PadMode::Constant:
    return -1;
  case PadMode::Edge:
    return clampIndex(i, in);
  case PadMode::Reflect:
    return i < 0 ? -i : 2 * (in - 1) - i;
  }
  llvm_unreachable("pad mode");
}

//===----------------------------------------------------------------------===//
// Interpreter
//===----------------------------------------------------------------------===//

class Interpreter {
public:
  Interpreter(func::FuncOp function, const InterpreterOptions &options)
      : function(function), body(function.getBody().front()), options(options),
        half(options.precision == Precision::F16) {}

  FailureOr<Map> run(const Map &input);

private:
  void demandOperands(Operation *op);
  void demand(Value value, Rect rect) { demands[value].join(rect); }
  LogicalResult evaluate(Operation *op);

  Region evaluateConvs(ArrayRef<Conv2DOp> convs, Value result);
  template <typename Sum, typename F>
  Region sumConvs(ArrayRef<Conv2DOp> convs, Value result, F multiplyAdd);
  Region evaluateConvTranspose(ConvTranspose2DOp op);
  template <typename Sum, typename F> Region sumConvTranspose(ConvTranspose2DOp op, F multiplyAdd);
  template <typename F> Region evaluateUnary(Operation *op, F f);
  template <typename F> Region evaluateBinary(Operation *op, F f);
  Region evaluateConcat(ConcatOp op);
  Region evaluateChannels(Value result, Value input, int64_t offset);
  Region evaluateShuffle(PixelShuffleOp op);
  Region evaluateUnshuffle(PixelUnshuffleOp op);
  Region evaluateResize(ResizeOp op);
  Region evaluatePad(PadOp op);
  template <typename F> Region evaluateGlobalPool(Operation *op, F f);
  template <typename Op> Region evaluatePool(Op op, bool maximum, bool countPadding);

  /// An empty region of the value's demanded rectangle.
  Region makeRegion(Value value) {
    return Region(getMapShape(value.getType()), demands.lookup(value));
  }
  /// The value's region; an empty one if nothing of it is demanded.
  const Region &get(Value value) const {
    static const Region none;
    auto it = regions.find(value);
    return it == regions.end() ? none : it->second;
  }
  SmallVector<float> getWeights(Value value) {
    SmallVector<float> values = *getConstantValues(value);
    if (half)
      for (float &v : values)
        v = roundToHalf(v);
    return values;
  }
  /// A number of an attribute, as the arithmetic takes it.
  double getNumber(const llvm::APFloat &number) {
    double value = number.convertToFloat();
    return half ? roundToHalf(value) : value;
  }
  /// A convolution that half arithmetic computes together with the other of a sum.
  bool isPartOfSum(Operation *op) {
    return half && isa<Conv2DOp>(op) && op->hasOneUse() && isa<AddOp>(*op->user_begin()) &&
           !getSummedConvs(*op->user_begin()).empty();
  }
  /// Calls f(c) for all channels, in parallel.
  template <typename F> void forEachChannel(int64_t channels, F f) {
    parallelFor(function.getContext(), 0, channels, [&](size_t c) { f(int64_t(c)); });
  }
  bool isStored(Value value);

  func::FuncOp function;
  Block &body;
  const InterpreterOptions &options;
  bool half;
  DenseMap<Value, Rect> demands;
  DenseMap<Value, Region> regions;
};

Rect wholeRect(Value value) {
  MapShape shape = getMapShape(value.getType());
  return {0, 0, shape.h, shape.w};
}

/// The input rows (or columns) that a window of `extent` reads while it gives outputs a to b.
std::pair<int64_t, int64_t> windowRange(int64_t a, int64_t b, int64_t stride, int64_t before,
                                        int64_t extent, int64_t size) {
  return {std::max(a * stride - before, int64_t(0)),
          std::min((b - 1) * stride - before + extent, size)};
}

Rect windowRect(Rect out, ArrayRef<int64_t> strides, ArrayRef<int64_t> pads, int64_t extentH,
                int64_t extentW, MapShape in) {
  auto [y0, y1] = windowRange(out.y0, out.y1, strides[0], pads[0], extentH, in.h);
  auto [x0, x1] = windowRange(out.x0, out.x1, strides[1], pads[1], extentW, in.w);
  return {y0, x0, y1, x1};
}

void Interpreter::demandOperands(Operation *op) {
  Rect out;
  for (Value result : op->getResults())
    out.join(demands.lookup(result));
  if (out.empty())
    return;
  if (auto conv = dyn_cast<Conv2DOp>(op)) {
    ArrayRef<int64_t> kernel = conv.getWeight().getType().getShape().drop_front(2);
    demand(conv.getInput(), windowRect(out, conv.getStrides(), conv.getPads(),
                                       conv.getDilations()[0] * (kernel[0] - 1) + 1,
                                       conv.getDilations()[1] * (kernel[1] - 1) + 1,
                                       getMapShape(conv.getInput().getType())));
  } else if (auto conv = dyn_cast<ConvTranspose2DOp>(op)) {
    // Output y is reached from input i where y = i stride - pad + k dilation.
    ArrayRef<int64_t> kernel = conv.getWeight().getType().getShape().drop_front(2);
    MapShape in = getMapShape(conv.getInput().getType());
    auto range = [&](int d, int64_t a, int64_t b, int64_t size) {
      int64_t stride = conv.getStrides()[d], pad = conv.getPads()[d];
      int64_t extent = conv.getDilations()[d] * (kernel[d] - 1) + 1;
      return std::pair(std::max(ceilDiv(a + pad - extent + 1, stride), int64_t(0)),
                       std::min(floorDiv(b - 1 + pad, stride) + 1, size));
    };
    auto [y0, y1] = range(0, out.y0, out.y1, in.h);
    auto [x0, x1] = range(1, out.x0, out.x1, in.w);
    demand(conv.getInput(), {y0, x0, y1, x1});
  } else if (auto shuffle = dyn_cast<PixelShuffleOp>(op)) {
    int64_t s = shuffle.getScale();
    demand(shuffle.getInput(), {out.y0 / s, out.x0 / s, ceilDiv(out.y1, s), ceilDiv(out.x1, s)});
  } else if (auto unshuffle = dyn_cast<PixelUnshuffleOp>(op)) {
    int64_t s = unshuffle.getScale();
    demand(unshuffle.getInput(), {out.y0 * s, out.x0 * s, out.y1 * s, out.x1 * s});
  } else if (auto resize = dyn_cast<ResizeOp>(op)) {
    MapShape in = getMapShape(resize.getInput().getType());
    MapShape full = getMapShape(resize.getType());
    auto range = [&](ArrayRef<int64_t> scale, int64_t a, int64_t b, int64_t size, int64_t outSize) {
      int64_t low = size, high = 0;
      for (int64_t x = a; x < b; ++x)
        for (Tap tap : resizeTaps(resize, scale, x, size, outSize)) {
          low = std::min(low, tap.index);
          high = std::max(high, tap.index + 1);
        }
      return std::pair(low, high);
    };
    auto [y0, y1] = range(resize.getScaleH(), out.y0, out.y1, in.h, full.h);
    auto [x0, x1] = range(resize.getScaleW(), out.x0, out.x1, in.w, full.w);
    demand(resize.getInput(), {y0, x0, y1, x1});
  } else if (auto pad = dyn_cast<PadOp>(op)) {
    MapShape in = getMapShape(pad.getInput().getType());
    auto range = [&](int64_t a, int64_t b, int64_t before, int64_t size) {
      int64_t low = size, high = 0;
      for (int64_t x = a; x < b; ++x)
        if (int64_t source = padSource(pad.getMode(), x, before, size); source >= 0) {
          low = std::min(low, source);
          high = std::max(high, source + 1);
        }
      return std::pair(low, high);
    };
    auto [y0, y1] = range(out.y0, out.y1, pad.getPads()[0], in.h);
    auto [x0, x1] = range(out.x0, out.x1, pad.getPads()[1], in.w);
    demand(pad.getInput(), {y0, x0, y1, x1});
  } else if (auto pool = dyn_cast<MaxPoolOp>(op)) {
    demand(pool.getInput(),
           windowRect(out, pool.getStrides(), pool.getPads(), pool.getKernel()[0],
                      pool.getKernel()[1], getMapShape(pool.getInput().getType())));
  } else if (auto pool = dyn_cast<AvgPoolOp>(op)) {
    demand(pool.getInput(),
           windowRect(out, pool.getStrides(), pool.getPads(), pool.getKernel()[0],
                      pool.getKernel()[1], getMapShape(pool.getInput().getType())));
  } else if (isa<GlobalAvgPoolOp, GlobalStdPoolOp>(op)) {
    demand(op->getOperand(0), wholeRect(op->getOperand(0)));
  } else {
    // Elementwise, concat, slice, split: the same place, but for a broadcast table.
    for (Value operand : op->getOperands())
      if (isMap(operand.getType())) {
        Rect whole = wholeRect(operand);
        demand(operand, whole == Rect{0, 0, 1, 1} ? whole : out);
      }
  }
}

// One more product in a sum, as each kind of arithmetic rounds it; objects, so that loops inline
// them.
constexpr auto addExactly = [](float weight, float value, double sum) {
  return sum + double(weight) * value;
};
/// Of halves: the product is exact in f32, as it is within a fused multiply-add.
constexpr auto addInSingle = [](float weight, float value, float sum) {
  return sum + weight * value;
};
/// Of halves: a fused multiply-add in half.
constexpr auto addInHalf = [](float weight, float value, double sum) -> double {
  return roundToHalf(sum + double(weight) * value);
};

/// A finished sum, and its biases, as the epilogue adds them.
float finishSum(double sum, ArrayRef<float> biases, bool half) {
  if (!half) {
    for (float bias : biases)
      sum += bias;
    return float(sum);
  }
  float result = roundToHalf(sum);
  for (float bias : biases)
    result = roundToHalf(result + bias);
  return result;
}

/// acc[i][x] = f(w[i], in[x stride], acc[i][x]) for 4 filters.
template <typename Sum, typename F>
void accumulate(Sum *const acc[4], const float w[4], const float *in, int64_t stride, int64_t count,
                F f) {
  Sum *a0 = acc[0], *a1 = acc[1], *a2 = acc[2], *a3 = acc[3];
  float w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3];
  auto loop = [&](int64_t step) {
    for (int64_t x = 0; x < count; ++x) {
      float value = in[x * step];
      a0[x] = f(w0, value, a0[x]);
      a1[x] = f(w1, value, a1[x]);
      a2[x] = f(w2, value, a2[x]);
      a3[x] = f(w3, value, a3[x]);
    }
  };
  stride == 1 ? loop(1) : loop(stride);
}

/// The sum of convolutions of one shape, in their order.
template <typename Sum, typename F>
Region Interpreter::sumConvs(ArrayRef<Conv2DOp> convs, Value result, F multiplyAdd) {
  Region out = makeRegion(result);
  SmallVector<SmallVector<float>> weights, biases;
  for (Conv2DOp op : convs) {
    weights.push_back(getWeights(op.getWeight()));
    if (op.getBias())
      biases.push_back(getWeights(op.getBias()));
  }
  // Filters are taken by four (within a group) so that an input row is converted once for them.
  int64_t filters = out.shape.c, width = out.rect.width();
  int64_t perTask = filters;
  for (Conv2DOp op : convs)
    perTask = std::gcd(perTask, filters / int64_t(op.getGroups()));
  int64_t quads = ceilDiv(perTask, 4);
  forEachChannel(quads * (filters / perTask), [&](int64_t task) {
    int64_t f0 = task / quads * perTask + task % quads * 4;
    int64_t count = std::min<int64_t>(4, (task / quads + 1) * perTask - f0);
    std::vector<Sum> sums(4 * width);
    SmallVector<float> bias(biases.size());
    for (int64_t y = out.rect.y0; y < out.rect.y1; ++y) {
      std::fill(sums.begin(), sums.end(), Sum(0));
      for (auto [i, weight] : llvm::enumerate(weights)) {
        Conv2DOp op = convs[i];
        const Region &in = get(op.getInput());
        ArrayRef<int64_t> shape = op.getWeight().getType().getShape(), pads = op.getPads(),
                          strides = op.getStrides(), dilations = op.getDilations();
        int64_t perFilter = shape[1], kh = shape[2], kw = shape[3];
        int64_t group = f0 / (filters / int64_t(op.getGroups()));
        for (int64_t c = 0; c < perFilter; ++c)
          for (int64_t ky = 0; ky < kh; ++ky) {
            int64_t iy = y * strides[0] - pads[0] + ky * dilations[0];
            if (iy < 0 || iy >= in.shape.h)
              continue;
            const float *row = in.row(group * perFilter + c, iy);
            for (int64_t kx = 0; kx < kw; ++kx) {
              float w[4] = {};
              for (int64_t i = 0; i < count; ++i)
                w[i] = weight[(((f0 + i) * perFilter + c) * kh + ky) * kw + kx];
              if (w[0] == 0 && w[1] == 0 && w[2] == 0 && w[3] == 0)
                continue;
              // Columns x with 0 <= x stride + shift < width of the input.
              int64_t shift = kx * dilations[1] - pads[1];
              int64_t x0 = std::max(out.rect.x0, ceilDiv(-shift, strides[1]));
              int64_t x1 = std::min(out.rect.x1, floorDiv(in.shape.w - 1 - shift, strides[1]) + 1);
              if (x0 >= x1)
                continue;
              Sum *acc[4];
              for (int64_t i = 0; i < 4; ++i)
                acc[i] = sums.data() + i * width + x0 - out.rect.x0;
              accumulate(acc, w, row + x0 * strides[1] + shift - in.rect.x0, strides[1], x1 - x0,
                         multiplyAdd);
            }
          }
      }
      for (int64_t i = 0; i < count; ++i) {
        for (auto [value, values] : llvm::zip(bias, biases))
          value = values[f0 + i];
        for (int64_t x = 0; x < width; ++x)
          out.row(f0 + i, y)[x] = finishSum(sums[i * width + x], bias, half);
      }
    }
  });
  return out;
}

Region Interpreter::evaluateConvs(ArrayRef<Conv2DOp> convs, Value result) {
  if (!half)
    return sumConvs<double>(convs, result, addExactly);
  return accumulatesInHalf(result.getDefiningOp()) ? sumConvs<double>(convs, result, addInHalf)
                                                   : sumConvs<float>(convs, result, addInSingle);
}

template <typename Sum, typename F>
Region Interpreter::sumConvTranspose(ConvTranspose2DOp op, F multiplyAdd) {
  const Region &in = get(op.getInput());
  Region out = makeRegion(op.getResult());
  SmallVector<float> weight = getWeights(op.getWeight()), bias;
  if (op.getBias())
    bias = getWeights(op.getBias());
  ArrayRef<int64_t> shape = op.getWeight().getType().getShape(), pads = op.getPads(),
                    strides = op.getStrides(), dilations = op.getDilations();
  int64_t filtersPerGroup = shape[1], kh = shape[2], kw = shape[3];
  int64_t channelsPerGroup = shape[0] / int64_t(op.getGroups());
  forEachChannel(out.shape.c, [&](int64_t f) {
    int64_t group = f / filtersPerGroup;
    std::vector<Sum> sums(out.rect.width());
    for (int64_t y = out.rect.y0; y < out.rect.y1; ++y) {
      std::fill(sums.begin(), sums.end(), Sum(0));
      for (int64_t c = group * channelsPerGroup; c < (group + 1) * channelsPerGroup; ++c)
        for (int64_t ky = 0; ky < kh; ++ky) {
          int64_t position = y + pads[0] - ky * dilations[0];
          int64_t iy = floorDiv(position, strides[0]);
          if (iy * strides[0] != position || iy < 0 || iy >= in.shape.h)
            continue;
          for (int64_t kx = 0; kx < kw; ++kx) {
            float w = weight[((c * filtersPerGroup + f % filtersPerGroup) * kh + ky) * kw + kx];
            for (int64_t ix = in.rect.x0; ix < in.rect.x1; ++ix) {
              int64_t x = ix * strides[1] - pads[1] + kx * dilations[1];
              if (x < out.rect.x0 || x >= out.rect.x1)
                continue;
              Sum &sum = sums[x - out.rect.x0];
              sum = multiplyAdd(w, in.at(c, iy, ix), sum);
            }
          }
        }
      for (int64_t x = 0; x < out.rect.width(); ++x)
        out.row(f, y)[x] =
            finishSum(sums[x], bias.empty() ? ArrayRef<float>() : ArrayRef<float>(bias[f]), half);
    }
  });
  return out;
}

Region Interpreter::evaluateConvTranspose(ConvTranspose2DOp op) {
  if (!half)
    return sumConvTranspose<double>(op, addExactly);
  return accumulatesInHalf(op) ? sumConvTranspose<double>(op, addInHalf)
                               : sumConvTranspose<float>(op, addInSingle);
}

/// result = f(c, x) for a double x.
template <typename F> Region Interpreter::evaluateUnary(Operation *op, F f) {
  const Region &in = get(op->getOperand(0));
  Region out = makeRegion(op->getResult(0));
  forEachChannel(out.shape.c, [&](int64_t c) {
    for (int64_t y = out.rect.y0; y < out.rect.y1; ++y)
      for (int64_t x = out.rect.x0; x < out.rect.x1; ++x)
        out.row(c, y)[x - out.rect.x0] = float(f(c, double(in.at(c, y, x))));
  });
  return out;
}

template <typename F> Region Interpreter::evaluateBinary(Operation *op, F f) {
  const Region &a = get(op->getOperand(0)), &b = get(op->getOperand(1));
  Region out = makeRegion(op->getResult(0));
  // A table of one channel, row or column is read at 0 throughout.
  auto read = [](const Region &in, int64_t c, int64_t y, int64_t x) -> double {
    return in.at(in.shape.c == 1 ? 0 : c, in.shape.h == 1 ? 0 : y, in.shape.w == 1 ? 0 : x);
  };
  forEachChannel(out.shape.c, [&](int64_t c) {
    for (int64_t y = out.rect.y0; y < out.rect.y1; ++y)
      for (int64_t x = out.rect.x0; x < out.rect.x1; ++x)
        out.row(c, y)[x - out.rect.x0] = float(f(read(a, c, y, x), read(b, c, y, x)));
  });
  return out;
}

Region Interpreter::evaluateConcat(ConcatOp op) {
  Region out = makeRegion(op.getResult());
  int64_t offset = 0;
  for (Value input : op.getInputs()) {
    const Region &in = get(input);
    for (int64_t c = 0; c < in.shape.c; ++c, ++offset)
      for (int64_t y = out.rect.y0; y < out.rect.y1; ++y)
        std::copy_n(in.row(c, y) + out.rect.x0 - in.rect.x0, out.rect.width(), out.row(offset, y));
  }
  return out;
}

Region Interpreter::evaluateChannels(Value result, Value input, int64_t offset) {
  const Region &in = get(input);
  Region out = makeRegion(result);
  for (int64_t c = 0; c < out.shape.c; ++c)
    for (int64_t y = out.rect.y0; y < out.rect.y1; ++y)
      std::copy_n(in.row(offset + c, y) + out.rect.x0 - in.rect.x0, out.rect.width(),
                  out.row(c, y));
  return out;
}

Region Interpreter::evaluateShuffle(PixelShuffleOp op) {
  const Region &in = get(op.getInput());
  Region out = makeRegion(op.getResult());
  int64_t s = op.getScale(), channels = out.shape.c;
  bool crd = op.getOrder() == ShuffleOrder::CRD;
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t y = out.rect.y0; y < out.rect.y1; ++y)
      for (int64_t x = out.rect.x0; x < out.rect.x1; ++x) {
        int64_t sub = y % s * s + x % s;
        out.row(c, y)[x - out.rect.x0] =
            in.at(crd ? c * s * s + sub : sub * channels + c, y / s, x / s);
      }
  return out;
}

Region Interpreter::evaluateUnshuffle(PixelUnshuffleOp op) {
  const Region &in = get(op.getInput());
  Region out = makeRegion(op.getResult());
  int64_t s = op.getScale(), channels = in.shape.c;
  bool crd = op.getOrder() == ShuffleOrder::CRD;
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t sub = 0; sub < s * s; ++sub)
      for (int64_t y = out.rect.y0; y < out.rect.y1; ++y)
        for (int64_t x = out.rect.x0; x < out.rect.x1; ++x)
          out.row(crd ? c * s * s + sub : sub * channels + c, y)[x - out.rect.x0] =
              in.at(c, y * s + sub / s, x * s + sub % s);
  return out;
}

Region Interpreter::evaluateResize(ResizeOp op) {
  const Region &in = get(op.getInput());
  Region out = makeRegion(op.getResult());
  std::vector<SmallVector<Tap, 4>> columns;
  for (int64_t x = out.rect.x0; x < out.rect.x1; ++x)
    columns.push_back(resizeTaps(op, op.getScaleW(), x, in.shape.w, out.shape.w));
  forEachChannel(out.shape.c, [&](int64_t c) {
    for (int64_t y = out.rect.y0; y < out.rect.y1; ++y) {
      SmallVector<Tap, 4> rows = resizeTaps(op, op.getScaleH(), y, in.shape.h, out.shape.h);
      for (int64_t x = 0; x < out.rect.width(); ++x) {
        double sum = 0;
        for (Tap row : rows)
          for (Tap column : columns[x])
            sum += row.weight * column.weight * in.at(c, row.index, column.index);
        out.row(c, y)[x] = float(sum);
      }
    }
  });
  return out;
}

Region Interpreter::evaluatePad(PadOp op) {
  const Region &in = get(op.getInput());
  Region out = makeRegion(op.getResult());
  float value = float(getNumber(op.getValue()));
  for (int64_t c = 0; c < out.shape.c; ++c)
    for (int64_t y = out.rect.y0; y < out.rect.y1; ++y) {
      int64_t iy = padSource(op.getMode(), y, op.getPads()[0], in.shape.h);
      for (int64_t x = out.rect.x0; x < out.rect.x1; ++x) {
        int64_t ix = padSource(op.getMode(), x, op.getPads()[1], in.shape.w);
        out.row(c, y)[x - out.rect.x0] = iy < 0 || ix < 0 ? value : in.at(c, iy, ix);
      }
    }
  return out;
}

/// result(c) = f(values of channel c).
template <typename F> Region Interpreter::evaluateGlobalPool(Operation *op, F f) {
  const Region &in = get(op->getOperand(0));
  Region out = makeRegion(op->getResult(0));
  int64_t count = in.shape.h * in.shape.w;
  forEachChannel(out.shape.c, [&](int64_t c) {
    out.values[c] = float(f(ArrayRef<float>(in.values).slice(c * count, count)));
  });
  return out;
}

template <typename Op> Region Interpreter::evaluatePool(Op op, bool maximum, bool countPadding) {
  const Region &in = get(op.getInput());
  Region out = makeRegion(op.getResult());
  ArrayRef<int64_t> kernel = op.getKernel(), strides = op.getStrides(), pads = op.getPads();
  forEachChannel(out.shape.c, [&](int64_t c) {
    for (int64_t y = out.rect.y0; y < out.rect.y1; ++y)
      for (int64_t x = out.rect.x0; x < out.rect.x1; ++x) {
        auto [y0, y1] = windowRange(y, y + 1, strides[0], pads[0], kernel[0], in.shape.h);
        auto [x0, x1] = windowRange(x, x + 1, strides[1], pads[1], kernel[1], in.shape.w);
        double result = maximum ? -std::numeric_limits<double>::infinity() : 0.0;
        for (int64_t iy = y0; iy < y1; ++iy)
          for (int64_t ix = x0; ix < x1; ++ix) {
            double value = in.at(c, iy, ix);
            result = maximum ? std::max(result, value) : result + value;
          }
        if (!maximum)
          result /= countPadding ? kernel[0] * kernel[1] : (y1 - y0) * (x1 - x0);
        out.row(c, y)[x - out.rect.x0] = float(result);
      }
  });
  return out;
}

double mean(ArrayRef<float> values) {
  double sum = 0;
  for (float value : values)
    sum += value;
  return sum / double(values.size());
}

double deviation(ArrayRef<float> values) {
  double center = mean(values), sum = 0;
  for (float value : values)
    sum += (value - center) * (value - center);
  return std::sqrt(sum / double(values.size()));
}

double gelu(double x, GeluApproximation approximation) {
  if (approximation == GeluApproximation::None)
    return 0.5 * x * (1 + std::erf(x * std::sqrt(0.5)));
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}

/// Evaluates an operation with a demanded result.
LogicalResult Interpreter::evaluate(Operation *op) {
  if (auto constant = dyn_cast<ConstantOp>(op)) {
    if (!isMap(constant.getType()))
      return success(); // a table: read by its users
    SmallVector<float> values = getWeights(constant);
    Region region(getMapShape(constant.getType()), wholeRect(constant));
    region.values.assign(values.begin(), values.end());
    // Whole, whatever part is demanded: users index by the region's rectangle.
    regions[constant] = std::move(region);
    return success();
  }
  if (auto split = dyn_cast<SplitOp>(op)) {
    int64_t offset = 0;
    for (Value result : split.getResults()) {
      if (!demands.lookup(result).empty())
        regions[result] = evaluateChannels(result, split.getInput(), offset);
      offset += getMapShape(result.getType()).c;
    }
    return success();
  }
  auto result =
      llvm::TypeSwitch<Operation *, FailureOr<Region>>(op)
          .Case([&](Conv2DOp op) { return evaluateConvs(op, op); })
          .Case([&](ConvTranspose2DOp op) { return evaluateConvTranspose(op); })
          .Case([&](ReluOp op) {
            return evaluateUnary(op, [](int64_t, double x) { return std::max(x, 0.0); });
          })
          .Case([&](LeakyReluOp op) {
            double alpha = getNumber(op.getAlpha());
            return evaluateUnary(op, [=](int64_t, double x) { return x >= 0 ? x : alpha * x; });
          })
          .Case([&](PReluOp op) {
            SmallVector<float> slope = getWeights(op.getSlope());
            return evaluateUnary(op, [&](int64_t c, double x) {
              return x >= 0 ? x : slope[slope.size() == 1 ? 0 : c] * x;
            });
          })
          .Case([&](ClampOp op) {
            double low = getNumber(op.getLow()), high = getNumber(op.getHigh());
            return evaluateUnary(
                op, [=](int64_t, double x) { return std::min(std::max(x, low), high); });
          })
          .Case([&](SigmoidOp op) {
            return evaluateUnary(op, [](int64_t, double x) { return 1 / (1 + std::exp(-x)); });
          })
          .Case([&](TanhOp op) {
            return evaluateUnary(op, [](int64_t, double x) { return std::tanh(x); });
          })
          .Case([&](GeluOp op) {
            GeluApproximation approximation = op.getApproximate();
            return evaluateUnary(op, [=](int64_t, double x) { return gelu(x, approximation); });
          })
          .Case([&](SiluOp op) {
            return evaluateUnary(op, [](int64_t, double x) { return x / (1 + std::exp(-x)); });
          })
          .Case([&](AddOp op) {
            SmallVector<Conv2DOp> convs = getSummedConvs(op);
            return half && !convs.empty() ? evaluateConvs(convs, op)
                                          : evaluateBinary(op, std::plus<double>());
          })
          .Case([&](SubOp op) { return evaluateBinary(op, std::minus<double>()); })
          .Case([&](MulOp op) { return evaluateBinary(op, std::multiplies<double>()); })
          .Case([&](ConcatOp op) { return evaluateConcat(op); })
          .Case([&](SliceOp op) { return evaluateChannels(op, op.getInput(), op.getOffset()); })
          .Case([&](PixelShuffleOp op) { return evaluateShuffle(op); })
          .Case([&](PixelUnshuffleOp op) { return evaluateUnshuffle(op); })
          .Case([&](ResizeOp op) { return evaluateResize(op); })
          .Case([&](PadOp op) { return evaluatePad(op); })
          .Case([&](GlobalAvgPoolOp op) { return evaluateGlobalPool(op, mean); })
          .Case([&](GlobalStdPoolOp op) { return evaluateGlobalPool(op, deviation); })
          .Case([&](MaxPoolOp op) { return evaluatePool(op, true, false); })
          .Case([&](AvgPoolOp op) { return evaluatePool(op, false, op.getCountIncludePad()); })
          .Default([](Operation *op) -> FailureOr<Region> {
            return op->emitOpError("is not an operation of sr");
          });
  if (failed(result))
    return failure();
  Value value = op->getResult(0);
  bool round = half || (options.precision == Precision::F16S && isStored(value));
  if (round)
    for (float &v : result->values)
      v = roundToHalf(v);
  regions[value] = std::move(*result);
  return success();
}

/// True if a fusing compiler stores this result of an operation as a feature map.
bool Interpreter::isStored(Value value) {
  if (value == body.getTerminator()->getOperand(0))
    return false;
  if (!value.hasOneUse())
    return true;
  Operation *user = *value.user_begin();
  if (isa<AddOp, SubOp, MulOp>(user)) {
    // One side is computed in place, the other has been stored before.
    Value other = user->getOperand(user->getOperand(0) == value);
    Operation *otherDef = other.getDefiningOp();
    return otherDef && value.getDefiningOp()->isBeforeInBlock(otherDef) &&
           !isa<ConstantOp>(otherDef);
  }
  return !isa<ReluOp, LeakyReluOp, PReluOp, ClampOp, SigmoidOp, TanhOp, GeluOp, SiluOp,
              PixelShuffleOp>(user);
}

FailureOr<Map> Interpreter::run(const Map &input) {
  Value argument = body.getArgument(0);
  auto result = cast<func::ReturnOp>(body.getTerminator()).getOperand(0);
  MapShape full = getMapShape(result.getType());
  Window window = options.window.value_or(Window{0, 0, full.w, full.h});
  if (window.x < 0 || window.y < 0 || window.width < 1 || window.height < 1 ||
      window.x > full.w - window.width || window.y > full.h - window.height)
    return mlir::emitError(function.getLoc(), "window ")
           << window.x << "," << window.y << "," << window.width << "," << window.height
           << " does not lie in the output of " << full.w << " x " << full.h;
  demand(result, {window.y, window.x, window.y + window.height, window.x + window.width});
  for (Operation &op : llvm::reverse(body.without_terminator()))
    demandOperands(&op);
  for (auto &[value, rect] : demands)
    if (isMap(value.getType()) &&
        getMapShape(value.getType()).c * rect.height() > (int64_t(1) << 31) / rect.width())
      return mlir::emitError(value.getLoc(),
                             "a feature map of more than 2^31 values cannot be interpreted");

  // The input's region, and how many operations still read each value.
  if (!demands.lookup(argument).empty()) {
    Region region = makeRegion(argument);
    for (int64_t c = 0; c < input.channels; ++c)
      for (int64_t y = region.rect.y0; y < region.rect.y1; ++y)
        for (int64_t x = region.rect.x0; x < region.rect.x1; ++x)
          region.row(c, y)[x - region.rect.x0] =
              half ? roundToHalf(input.at(c, y, x)) : input.at(c, y, x);
    regions[argument] = std::move(region);
  }
  DenseMap<Value, unsigned> uses;
  for (Operation &op : body)
    for (Value operand : op.getOperands())
      ++uses[operand];
  auto release = [&](Operation *op) {
    for (Value operand : op->getOperands())
      if (--uses[operand] == 0)
        regions.erase(operand);
  };
  for (Operation &op : body.without_terminator()) {
    if (isPartOfSum(&op))
      continue; // its operands are read by the sum
    bool wanted = llvm::any_of(op.getResults(), [&](Value value) {
      return !isMap(value.getType()) || !demands.lookup(value).empty();
    });
    if (wanted && failed(evaluate(&op)))
      return failure();
    release(&op);
    for (Conv2DOp conv : getSummedConvs(&op))
      if (isPartOfSum(conv))
        release(conv);
  }

  const Region &out = get(result);
  Map map(full.c, window.height, window.width);
  for (int64_t c = 0; c < full.c; ++c)
    for (int64_t y = 0; y < window.height; ++y)
      for (int64_t x = 0; x < window.width; ++x)
        map.at(c, y, x) = out.at(c, window.y + y, window.x + x);
  return map;
}

} // namespace

FailureOr<Map> srcc::sr::interpret(func::FuncOp function, const Map &input,
                                   const InterpreterOptions &options) {
  FunctionType type = function.getFunctionType();
  if (function.isExternal() || !function.getBody().hasOneBlock() || type.getNumInputs() != 1 ||
      type.getNumResults() != 1 || !isMap(type.getInput(0)) || !isMap(type.getResult(0)))
    return mlir::emitError(function.getLoc(),
                           "only functions from one map to one map can be interpreted");
  MapShape shape = getMapShape(type.getInput(0));
  if (shape.c != input.channels)
    return mlir::emitError(function.getLoc(), "the model takes ")
           << shape.c << " channels, but the input has " << input.channels;
  OwningOpRef<func::FuncOp> copy = function.clone();
  if (failed(setInputSize(*copy, input.height, input.width)))
    return failure();
  for (Operation &op : copy->getBody().front())
    for (Value table : getTableOperands(&op))
      if (!table.getDefiningOp<ConstantOp>())
        return op.emitOpError("takes weights that are no sr.constant");
  return Interpreter(*copy, options).run(input);
}

/// A sum of 2^42 times the value's power of two (at least that of the smallest normal half) has its
/// last place where half has its own. Without branches: loops over it vectorise.
float srcc::sr::roundToHalf(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  bits = (bits & 0x7ff0000000000000u) + (uint64_t(42) << 52);
  double scale;
  std::memcpy(&scale, &bits, sizeof scale);
  scale = std::max(scale, 0x1p28);
  double rounded = (std::fabs(value) + scale) - scale;
  rounded = rounded > 65504 ? std::numeric_limits<double>::infinity() : rounded;
  return float(std::copysign(rounded, value));
}
