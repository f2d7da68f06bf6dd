//===- Winograd.cpp - Convolutions of three rows with fewer products ------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// F(6, 3) of Winograd's minimal filtering (Lavin and Gray, "Fast Algorithms for Convolutional
// Neural Networks", CVPR 2016, section 4.1) along y alone: 6 rows of output from 8 products of
// transformed rows instead of 18. Along x the sum stays what it is, so vectors of pixels need no
// shuffles. Rows are in blocks: block t has the rows 6 t to 6 t + 5 of the output and the rows 8 t
// to 8 t + 7 of what is transformed.
//===----------------------------------------------------------------------===//
#include "compiler/schedule/ConvertSR.h"

#include "mlir/IR/Remarks.h"

#define DEBUG_TYPE "sr-to-sched"

using namespace mlir;
using namespace srcc::sched;

namespace {
constexpr int64_t outRows = 6, inRows = 8, kernelRows = 3;

/// Of input rows, of the kernel's rows, and of products: with the points 0, 1, -1, 2, -2, 1/2, -1/2
/// and infinity.
constexpr float inputTransform[inRows][inRows] = {
    {1, 0, -5.25, 0, 5.25, 0, -1, 0},      {0, 1, 1, -4.25, -4.25, 1, 1, 0},
    {0, -1, 1, 4.25, -4.25, -1, 1, 0},     {0, 0.5, 0.25, -2.5, -1.25, 2, 1, 0},
    {0, -0.5, 0.25, 2.5, -1.25, -2, 1, 0}, {0, 2, 4, -2.5, -5, 0.5, 1, 0},
    {0, -2, 4, 2.5, -5, -0.5, 1, 0},       {0, -1, 0, 5.25, 0, -5.25, 0, 1}};
constexpr double kernelTransform[inRows][kernelRows] = {{1, 0, 0},
                                                        {-2. / 9, -2. / 9, -2. / 9},
                                                        {-2. / 9, 2. / 9, -2. / 9},
                                                        {1. / 90, 1. / 45, 2. / 45},
                                                        {1. / 90, -1. / 45, 2. / 45},
                                                        {32. / 45, 16. / 45, 8. / 45},
                                                        {32. / 45, -16. / 45, 8. / 45},
                                                        {0, 0, 1}};
constexpr float outputTransform[outRows][inRows] = {{1, 1, 1, 1, 1, 1, 1, 0},
                                                    {0, 1, -1, 2, -2, 0.5, -0.5, 0},
                                                    {0, 1, 1, 4, 4, 0.25, 0.25, 0},
                                                    {0, 1, -1, 8, -8, 0.125, -0.125, 0},
                                                    {0, 1, 1, 16, 16, 0.0625, 0.0625, 0},
                                                    {0, 1, -1, 32, -32, 0.03125, -0.03125, 1}};
} // namespace

/// The sum of the rows whose factors in `row` are not zero.
Value Converter::combine(ArrayRef<float> row, ValueRange values) {
  Value sum;
  for (auto [factor, value] : llvm::zip(row, values)) {
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

/// The value of row `row` of `rows`, each of which has its own formula.
Value Converter::choose(Value row, ArrayRef<Value> rows) {
  Value result = rows.back();
  for (int64_t i = int64_t(rows.size()) - 2; i >= 0; --i) {
    Value mine = make<arith::CmpIOp>(arith::CmpIPredicate::eq, row, cst(i));
    result = make<arith::SelectOp>(mine, rows[i], result);
  }
  return result;
}

/// Whether a layer takes this form: three rows, stride 1, enough channels, whole floats, at most
/// half of the weights zero.
/// The output has a third of the channels at least, or transforming rows costs what it saves.
bool Converter::isWinograd(srcc::sr::Conv2DOp op) {
  auto shape = cast<RankedTensorType>(op.getWeight().getType()).getShape();
  auto isOne = [](int64_t n) { return n == 1; };
  if (!leastWinograd || element.isF16() || op.getGroups() != 1 || shape[2] != kernelRows ||
      shape[1] < leastWinograd || shape[0] * 3 < leastWinograd ||
      !llvm::all_of(op.getStrides(), isOne) || !llvm::all_of(op.getDilations(), isOne))
    return false;
  // Zeros of a kernel are none in its transform, which saves more than half of the products itself.
  auto weights = srcc::sr::getConstantValues(op.getWeight());
  return succeeded(weights) && llvm::count(*weights, 0.0f) * 2 <= int64_t(weights->size());
}

/// Four stages: transformed rows of the input, sums of their products with transformed kernels, the
/// same for schedules to keep apart from the sums, and the output.
LogicalResult Converter::winograd(srcc::sr::Conv2DOp op, Operation *result) {
  auto shape = cast<RankedTensorType>(op.getWeight().getType()).getShape();
  int64_t filters = shape[0], channels = shape[1], kw = shape[3];
  SmallVector<int64_t> pads(op.getPads());
  auto weights = *srcc::sr::getConstantValues(op.getWeight());
  SmallVector<float> transformed(inRows * filters * channels * kw);
  for (int64_t p = 0; p < inRows; ++p)
    for (int64_t plane = 0; plane < filters * channels; ++plane)
      for (int64_t kx = 0; kx < kw; ++kx) {
        double sum = 0;
        for (int64_t ky = 0; ky < kernelRows; ++ky)
          sum += kernelTransform[p][ky] * double(weights[(plane * kernelRows + ky) * kw + kx]);
        transformed[(p * filters * channels + plane) * kw + kx] = float(sum);
      }
  remark::passed(op.getLoc(), remark::RemarkOpts::name("Winograd").category(DEBUG_TYPE))
      << remark::add("{0} to {1} channels in Winograd's form, F(6, 3) along y: 4/9 of the products",
                     channels, filters)
      << remark::metric("channels", channels) << remark::metric("filters", filters);
  StageRef in = of(op.getInput());
  StageRef out{"", number(filters), in.y + (pads[0] + pads[2] - kernelRows + 1),
               in.x + (pads[1] + pads[3] - kw + 1)};
  AffineExpr rows = out.y.ceilDiv(outRows) * inRows;
  out.name = nameOf(result);
  std::string u = table(out.name + ".kernels", {inRows, filters, channels, kw}, transformed);

  StageRef input{unique(out.name + ".input"), in.c, rows, in.x};
  StageOp made = stage(input.name, input, [&](ValueRange at) {
    Value first = plus(times(over(at[1], inRows), outRows), -pads[0]);
    SmallVector<Value> read, values;
    for (int64_t j = 0; j < inRows; ++j)
      read.push_back(this->read(in, {at[0], plus(first, j), at[2]}, Exterior::Constant, 0.0f));
    for (auto &factors : inputTransform)
      values.push_back(combine(factors, read));
    return choose(mod(at[1], inRows), values);
  });
  made.setLayersAttr(builder.getStrArrayAttr({out.name}));

  Reduction r;
  r.rdims.push_back({"rc", number(channels)});
  if (kw > 1)
    r.rdims.push_back({"kx", number(kw)});
  r.body = [&](ValueRange at, Value self) {
    Value kx = kw > 1 ? at[4] : cst(0);
    Value kernel = readTable(u, {mod(at[1], inRows), at[0], at[3], kx});
    Value x = plus(add(at[2], kx), -pads[1]);
    return accumulate(kernel, this->read(input, {at[3], at[1], x}, Exterior::Constant, 0.0f), self);
  };
  StageRef products{unique(out.name + ".products"), out.c, rows, out.x};
  AffineExpr macs = out.y * out.x * int64_t(weights.size());
  reduceInto(
      products, out.name, element, [&](ValueRange) { return real(0); }, {r}, macs,
      [](ValueRange, Value sum) { return sum; });

  std::string bias = op.getBias() ? tableOf(op.getBias()) : "";
  made = stage(out.name, out, [&](ValueRange at) {
    Value first = times(over(at[1], outRows), inRows);
    SmallVector<Value> read, values;
    for (int64_t p = 0; p < inRows; ++p)
      read.push_back(this->read(products, {at[0], plus(first, p), at[2]}));
    for (auto &factors : outputTransform)
      values.push_back(combine(factors, read));
    Value sum = choose(mod(at[1], outRows), values);
    return bias.empty() ? sum : add(sum, readTable(bias, {at[0]}));
  });
  made.setLayersAttr(builder.getStrArrayAttr({out.name}));
  stages[result->getResult(0)] = out;
  return success();
}
