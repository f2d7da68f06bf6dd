//===- Winograd.cpp - Convolutions of 3x3 with fewer products -----------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Winograd's minimal filtering (Lavin and Gray, "Fast Algorithms for Convolutional Neural
// Networks", CVPR 2016, section 4.1), F(6, 3) along y and F(2, 3) along x: 6 x 2 pixels of output
// from 8 x 4 products of transformed pixels instead of 108. What is transformed has a row for each
// of the 32 and half of the columns, so that products are those of whole vectors: block t and
// column p have the pixels (6 t to 6 t + 5, 2 p to 2 p + 1) of the output and, at column p, the
// rows 32 t to 32 t + 31 of what is transformed, of which the first 8 are those of the first point
// along x.
//===----------------------------------------------------------------------===//
#include "compiler/schedule/ConvertSR.h"

#include "mlir/IR/Remarks.h"

#include <array>

#define DEBUG_TYPE "sr-to-sched"

using namespace mlir;
using namespace srcc::sched;

namespace {
constexpr int64_t kernelSize = 3;

/// F(outputs, 3) along one axis: of inputs, of the kernel, and of products. Points other than 0 and
/// infinity come in pairs of opposite sign.
struct Transform {
  int64_t outputs, points; // points = outputs + 2, as many inputs
  std::vector<std::vector<float>> input;
  std::vector<std::array<double, kernelSize>> kernel;
  std::vector<std::vector<float>> output;
};

/// F(6, 3), with the points 0, 1, -1, 2, -2, 1/2, -1/2 and infinity.
const Transform &alongY() {
  static const Transform transform{6,
                                   8,
                                   {{1, 0, -5.25, 0, 5.25, 0, -1, 0},
                                    {0, 1, 1, -4.25, -4.25, 1, 1, 0},
                                    {0, -1, 1, 4.25, -4.25, -1, 1, 0},
                                    {0, 0.5, 0.25, -2.5, -1.25, 2, 1, 0},
                                    {0, -0.5, 0.25, 2.5, -1.25, -2, 1, 0},
                                    {0, 2, 4, -2.5, -5, 0.5, 1, 0},
                                    {0, -2, 4, 2.5, -5, -0.5, 1, 0},
                                    {0, -1, 0, 5.25, 0, -5.25, 0, 1}},
                                   {{{1, 0, 0}},
                                    {{-2. / 9, -2. / 9, -2. / 9}},
                                    {{-2. / 9, 2. / 9, -2. / 9}},
                                    {{1. / 90, 1. / 45, 2. / 45}},
                                    {{1. / 90, -1. / 45, 2. / 45}},
                                    {{32. / 45, 16. / 45, 8. / 45}},
                                    {{32. / 45, -16. / 45, 8. / 45}},
                                    {{0, 0, 1}}},
                                   {{1, 1, 1, 1, 1, 1, 1, 0},
                                    {0, 1, -1, 2, -2, 0.5, -0.5, 0},
                                    {0, 1, 1, 4, 4, 0.25, 0.25, 0},
                                    {0, 1, -1, 8, -8, 0.125, -0.125, 0},
                                    {0, 1, 1, 16, 16, 0.0625, 0.0625, 0},
                                    {0, 1, -1, 32, -32, 0.03125, -0.03125, 1}}};
  return transform;
}

/// F(2, 3), with the points 0, 1, -1 and infinity.
const Transform &alongX() {
  static const Transform transform{
      2,
      4,
      {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, -1, 0, 1}},
      {{{1, 0, 0}}, {{0.5, 0.5, 0.5}}, {{0.5, -0.5, 0.5}}, {{0, 0, 1}}},
      {{1, 1, 1, 0}, {0, 1, -1, 1}}};
  return transform;
}
} // namespace

/// The sum of the values whose factors are not zero.
Value Converter::combine(ArrayRef<float> factors, ValueRange values) {
  Value sum;
  for (auto [factor, value] : llvm::zip(factors, values)) {
    if (factor == 0)
      continue;
    if (!sum)
      sum = factor == 1 ? value : mul(value, real(factor));
    else if (factor == 1)
      sum = add(sum, value);
    else if (factor == -1)
      sum = sub(sum, value);
    else
      sum = fma(real(factor), value, sum);
  }
  return sum;
}

/// `rows` times `values`, the transform of inputs: rows of opposite points have the same terms in
/// even powers, and in odd ones those of opposite sign, so that both take few more operations than
/// one.
SmallVector<Value> Converter::transformInputs(ArrayRef<std::vector<float>> rows,
                                              ValueRange values) {
  SmallVector<Value> result{combine(rows.front(), values)};
  for (size_t i = 1; i + 2 < rows.size(); i += 2) {
    SmallVector<float> same, opposite;
    for (auto [a, b] : llvm::zip(rows[i], rows[i + 1])) {
      same.push_back((a + b) / 2);
      opposite.push_back((a - b) / 2);
    }
    Value even = combine(same, values), odd = combine(opposite, values);
    result.push_back(add(even, odd));
    result.push_back(sub(even, odd));
  }
  result.push_back(combine(rows.back(), values));
  return result;
}

/// `rows` times `values`, the transform of products: those of opposite points are added and
/// subtracted once for all rows.
SmallVector<Value> Converter::transformProducts(ArrayRef<std::vector<float>> rows,
                                                ValueRange values) {
  SmallVector<Value> sums, differences;
  for (size_t i = 1; i + 2 < values.size(); i += 2) {
    sums.push_back(add(values[i], values[i + 1]));
    differences.push_back(sub(values[i], values[i + 1]));
  }
  SmallVector<Value> result;
  for (const std::vector<float> &row : rows) {
    SmallVector<float> factors{row.front()};
    SmallVector<Value> terms{values.front()};
    for (size_t pair = 0; pair < sums.size(); ++pair) {
      float factor = row[2 * pair + 1];
      factors.push_back(factor);
      terms.push_back(row[2 * pair + 2] == factor ? sums[pair] : differences[pair]);
    }
    factors.push_back(row.back());
    terms.push_back(values.back());
    result.push_back(combine(factors, terms));
  }
  return result;
}

/// The value of row `row` of `rows`, each of which has its own formula.
Value Converter::choose(Value row, ArrayRef<Value> rows) {
  Value result = rows.back();
  for (int64_t i = int64_t(rows.size()) - 2; i >= 0; --i) {
    Value mine = make<arith::CmpIOp>(arith::CmpIPredicate::eq, row, cst(i));
    result = make<arith::SelectOp>(mine, rows[i], result);
  }
  return result;
}

/// Whether a layer takes this form: 3x3, stride 1, enough channels, whole floats, at most two
/// thirds of the weights zero. The output has a third of the channels at least, or transforming
/// rows costs what it saves.
bool Converter::isWinograd(srcc::sr::Conv2DOp op) {
  auto shape = cast<RankedTensorType>(op.getWeight().getType()).getShape();
  auto isOne = [](int64_t n) { return n == 1; };
  if (!leastWinograd || element.isF16() || op.getGroups() != 1 || shape[2] != kernelSize ||
      shape[3] != kernelSize || shape[1] < leastWinograd || shape[0] * 3 < leastWinograd ||
      !llvm::all_of(op.getStrides(), isOne) || !llvm::all_of(op.getDilations(), isOne))
    return false;
  // Zeros of a kernel are none in its transform, which saves 19/27 of the products itself. Pruned
  // in 8x4 blocks to a quarter, by lists, realesr_animevideov3_x4 and abpn_x3 take 0.9 and 0.8 of
  // the dense networks' time in this form (srcc-bench --size 640x360, AVX-512): with more weights,
  // more.
  auto weights = srcc::sr::getConstantValues(op.getWeight());
  return succeeded(weights) && llvm::count(*weights, 0.0f) * 3 <= 2 * int64_t(weights->size());
}

/// Four stages: transformed pixels of the input, sums of their products with transformed kernels,
/// the same for schedules to keep apart from the sums, and the output.
LogicalResult Converter::winograd(srcc::sr::Conv2DOp op, Operation *result) {
  auto shape = cast<RankedTensorType>(op.getWeight().getType()).getShape();
  int64_t filters = shape[0], channels = shape[1];
  SmallVector<int64_t> pads(op.getPads());
  auto weights = *srcc::sr::getConstantValues(op.getWeight());
  const Transform &ty = alongY(), &tx = alongX();
  int64_t points = ty.points * tx.points;
  SmallVector<float> transformed;
  for (const auto &alongX : tx.kernel)
    for (const auto &alongY : ty.kernel)
      for (int64_t plane = 0; plane < filters * channels; ++plane) {
        double sum = 0;
        for (int64_t ky = 0; ky < kernelSize; ++ky)
          for (int64_t kx = 0; kx < kernelSize; ++kx)
            sum += alongY[ky] * alongX[kx] *
                   double(weights[(plane * kernelSize + ky) * kernelSize + kx]);
        transformed.push_back(float(sum));
      }
  remark::passed(op.getLoc(), remark::RemarkOpts::name("Winograd").category(DEBUG_TYPE))
      << remark::add("{0} to {1} channels in Winograd's form, F(6x2, 3x3): 8/27 of the products",
                     channels, filters)
      << remark::metric("channels", channels) << remark::metric("filters", filters);
  StageRef in = of(op.getInput());
  StageRef out{"", number(filters), in.y + (pads[0] + pads[2] - kernelSize + 1),
               in.x + (pads[1] + pads[3] - kernelSize + 1)};
  AffineExpr rows = out.y.ceilDiv(ty.outputs) * points, columns = out.x.ceilDiv(tx.outputs);
  out.name = nameOf(result);
  std::string u = table(out.name + ".kernels", {points, filters, channels}, transformed);

  StageRef input{unique(out.name + ".input"), in.c, rows, columns};
  StageOp made = stage(input.name, input, [&](ValueRange at) {
    Value y = plus(times(over(at[1], points), ty.outputs), -pads[0]);
    Value x = plus(times(at[2], tx.outputs), -pads[1]);
    SmallVector<SmallVector<Value>> transformedRows; // by row, then point along x
    for (int64_t j = 0; j < ty.points; ++j) {
      SmallVector<Value> row;
      for (int64_t k = 0; k < tx.points; ++k)
        row.push_back(this->read(in, {at[0], plus(y, j), plus(x, k)}, Exterior::Constant, 0.0f));
      transformedRows.push_back(transformInputs(tx.input, row));
    }
    SmallVector<Value> values;
    for (int64_t p = 0; p < tx.points; ++p) {
      SmallVector<Value> column;
      for (ArrayRef<Value> row : transformedRows)
        column.push_back(row[p]);
      llvm::append_range(values, transformInputs(ty.input, column));
    }
    return choose(mod(at[1], points), values);
  });
  made.setLayersAttr(builder.getStrArrayAttr({out.name}));

  Reduction r;
  r.rdims.push_back({"rc", number(channels)});
  r.body = [&](ValueRange at, Value self) {
    Value kernel = readTable(u, {mod(at[1], points), at[0], at[3]});
    return accumulate(kernel, this->read(input, {at[3], at[1], at[2]}), self);
  };
  StageRef products{unique(out.name + ".products"), out.c, rows, columns};
  AffineExpr macs = out.y * out.x * int64_t(weights.size());
  reduceInto(
      products, out.name, element, [&](ValueRange) { return real(0); }, {r}, macs,
      [](ValueRange, Value sum) { return sum; });

  std::string bias = op.getBias() ? tableOf(op.getBias()) : "";
  made = stage(out.name, out, [&](ValueRange at) {
    Value first = times(over(at[1], ty.outputs), points), column = over(at[2], tx.outputs);
    SmallVector<SmallVector<Value>> sums(tx.outputs); // by column of the block, then point along y
    for (int64_t j = 0; j < ty.points; ++j) {
      SmallVector<Value> row;
      for (int64_t p = 0; p < tx.points; ++p)
        row.push_back(this->read(products, {at[0], plus(first, p * ty.points + j), column}));
      for (auto [sum, value] : llvm::zip(sums, transformProducts(tx.output, row)))
        sum.push_back(value);
    }
    SmallVector<Value> values;
    for (ArrayRef<Value> column : sums)
      values.push_back(choose(mod(at[1], ty.outputs), transformProducts(ty.output, column)));
    Value sum = choose(mod(at[2], tx.outputs), values);
    return bias.empty() ? sum : add(sum, readTable(bias, {at[0]}));
  });
  made.setLayersAttr(builder.getStrArrayAttr({out.name}));
  stages[result->getResult(0)] = out;
  return success();
}
