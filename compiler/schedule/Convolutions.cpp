//===- Convolutions.cpp - Sums over windows -------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/schedule/ConvertSR.h"

#include "mlir/IR/Remarks.h"

#define DEBUG_TYPE "sr-to-sched"

using namespace mlir;
using namespace srcc::sched;

static int64_t nonZeros(ArrayRef<float> values) {
  return llvm::count_if(values, [](float v) { return v != 0; });
}

AffineExpr srcc::sched::windowed(AffineExpr n, int64_t pads, int64_t k, int64_t dilation,
                                 int64_t stride) {
  AffineExpr span = n + (pads - dilation * (k - 1) - 1);
  return stride == 1 ? span + 1 : span.floorDiv(stride) + 1;
}

/// Adds the reductions of a convolution over its input, or over each part of a concatenation, which
/// then need not exist.
LogicalResult Converter::addConv(srcc::sr::Conv2DOp op, Sum &sum) {
  auto weightShape = cast<RankedTensorType>(op.getWeight().getType()).getShape();
  int64_t filters = weightShape[0], perGroup = weightShape[1], kh = weightShape[2],
          kw = weightShape[3], groups = op.getGroups();
  SmallVector<int64_t> s(op.getStrides()), p(op.getPads()), d(op.getDilations());
  auto weights = srcc::sr::getConstantValues(op.getWeight());
  if (failed(weights))
    return op.emitOpError("weights must be an sr.constant");
  std::string w = tableOf(op.getWeight());
  if (op.getBias())
    sum.biases.push_back(tableOf(op.getBias()));
  SmallVector<std::pair<StageRef, int64_t>> parts;
  auto concat = op.getInput().getDefiningOp<srcc::sr::ConcatOp>();
  if (concat && groups == 1) {
    int64_t offset = 0;
    for (Value part : concat.getInputs()) {
      parts.push_back({of(part), offset});
      offset += srcc::sr::getMapShape(part.getType()).c;
    }
  } else {
    parts.push_back({of(op.getInput()), 0});
  }
  for (auto &[part, offset] : parts) {
    sum.shape = {"", number(filters), windowed(part.y, p[0] + p[2], kh, d[0], s[0]),
                 windowed(part.x, p[1] + p[3], kw, d[1], s[1])};
    Reduction r;
    int64_t channels = parts.size() == 1 ? perGroup : cast<AffineConstantExpr>(part.c).getValue();
    r.rdims.push_back({"rc", number(channels)});
    if (kh > 1)
      r.rdims.push_back({"ky", number(kh)});
    if (kw > 1)
      r.rdims.push_back({"kx", number(kw)});
    r.body = [=, part = part, offset = offset](ValueRange at, Value self) {
      Value c = at[0], rc = at[3], ky = kh > 1 ? at[4] : cst(0),
            kx = kw > 1 ? at[kh > 1 ? 5 : 4] : cst(0);
      Value channel = rc;
      if (groups > 1)
        channel = add(times(over(c, filters / groups), perGroup), rc);
      Value y = plus(add(times(at[1], s[0]), times(ky, d[0])), -p[0]);
      Value x = plus(add(times(at[2], s[1]), times(kx, d[1])), -p[1]);
      Value weight = readTable(w, {c, plus(rc, offset), ky, kx});
      return accumulate(weight, read(part, {channel, y, x}, Exterior::Constant, 0.0f), self);
    };
    sum.reductions.push_back(std::move(r));
  }
  AffineExpr macs = sum.shape.y * sum.shape.x * nonZeros(*weights);
  sum.macs = sum.macs ? sum.macs + macs : macs;
  return success();
}

/// Convolutions added to each other and to nothing else are one reduction.
LogicalResult Converter::conv(ArrayRef<srcc::sr::Conv2DOp> convs, Operation *result) {
  if (convs.size() == 1 && isWinograd(convs[0]))
    return winograd(convs[0], result);
  Sum sum;
  for (auto op : convs)
    if (failed(addConv(op, sum)))
      return failure();
  weigh(result, sum.shape, sum.biases, sum.reductions, sum.macs);
  return success();
}

/// As a gather: output y takes the kernel rows ky = (y + pad) mod s + s t, which meet the input
/// rows floor((y + pad) / s) - t. Rows past the kernel have zero weights.
LogicalResult Converter::convTranspose(srcc::sr::ConvTranspose2DOp op) {
  StageRef in = of(op.getInput());
  auto weightShape = cast<RankedTensorType>(op.getWeight().getType()).getShape();
  int64_t channels = weightShape[0], perGroup = weightShape[1], kh = weightShape[2],
          kw = weightShape[3], groups = op.getGroups(), filters = perGroup * groups;
  auto s = op.getStrides(), p = op.getPads(), d = op.getDilations(), o = op.getOutputPads();
  auto extent = [&](AffineExpr n, int64_t axis, int64_t k) {
    return (n - 1) * s[axis] + (d[axis] * (k - 1) + 1 + o[axis] - p[axis] - p[axis + 2]);
  };
  StageRef shape{"", number(filters), extent(in.y, 0, kh), extent(in.x, 1, kw)};
  auto weights = srcc::sr::getConstantValues(op.getWeight());
  if (failed(weights))
    return op.emitOpError("weights must be an sr.constant");
  // Dilated kernels written out with zeros, and rounded up to whole strides.
  int64_t spanY = d[0] * (kh - 1) + 1, spanX = d[1] * (kw - 1) + 1;
  int64_t tapsY = (spanY + s[0] - 1) / s[0], tapsX = (spanX + s[1] - 1) / s[1];
  int64_t fullY = tapsY * s[0], fullX = tapsX * s[1];
  SmallVector<float> full(channels * perGroup * fullY * fullX, 0.0f);
  for (int64_t plane = 0; plane < channels * perGroup; ++plane)
    for (int64_t y = 0; y < kh; ++y)
      for (int64_t x = 0; x < kw; ++x)
        full[(plane * fullY + y * d[0]) * fullX + x * d[1]] = (*weights)[(plane * kh + y) * kw + x];
  std::string w = table("weight", {channels, perGroup, fullY, fullX}, full);
  SmallVector<std::string> biases;
  if (op.getBias())
    biases.push_back(tableOf(op.getBias()));
  Reduction r;
  r.rdims = {{"rc", number(channels / groups)}, {"ty", number(tapsY)}, {"tx", number(tapsX)}};
  r.body = [&](ValueRange at, Value self) {
    Value c = at[0], channel = at[3], inGroup = c;
    if (groups > 1) {
      channel = add(times(over(c, perGroup), channels / groups), at[3]);
      inGroup = mod(c, perGroup);
    }
    Value y = plus(at[1], p[0]), x = plus(at[2], p[1]);
    Value ky = add(mod(y, s[0]), times(at[4], s[0])), kx = add(mod(x, s[1]), times(at[5], s[1]));
    Value weight = readTable(w, {channel, inGroup, ky, kx});
    Value value = read(in, {channel, sub(over(y, s[0]), at[4]), sub(over(x, s[1]), at[5])},
                       Exterior::Constant, 0.0f);
    return accumulate(weight, value, self);
  };
  weigh(op, shape, biases, {r}, in.y * in.x * nonZeros(*weights));
  return success();
}
