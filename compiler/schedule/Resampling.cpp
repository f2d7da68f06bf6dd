//===- Resampling.cpp - Pictures of other sizes, and of one pixel ---------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/schedule/ConvertSR.h"

#include <cmath>

using namespace mlir;
using namespace srcc::sched;

/// Output x lies at the input position num / den: half_pixel ((2x + 1) q - p) / 2p, asymmetric
/// x q / p, align_corners x (n - 1) / (m - 1), for n -> m = floor(n p / q) pixels (ONNX Resize).
LogicalResult Converter::resize(srcc::sr::ResizeOp op) {
  StageRef in = of(op.getInput());
  ArrayRef<int64_t> scale[2] = {op.getScaleH(), op.getScaleW()};
  auto mode = op.getMode();
  auto coordinates = op.getCoordinates();
  StageRef shape{"", in.c, (in.y * scale[0][0]).floorDiv(scale[0][1]),
                 (in.x * scale[1][0]).floorDiv(scale[1][1])};
  AffineExpr inSize[2] = {in.y, in.x}, outSize[2] = {shape.y, shape.x};
  float a = op.getCubicCoeff().convertToFloat();
  bool excludeOutside = op.getExcludeOutside();
  pointwise(op, shape, [&](ValueRange at) {
    // num and den as index values, den > 0.
    auto position = [&](int axis, Value &num, Value &den) {
      Value i = at[1 + axis];
      int64_t p = scale[axis][0], q = scale[axis][1];
      switch (coordinates) {
      case srcc::sr::CoordinateMode::HalfPixel:
      case srcc::sr::CoordinateMode::PytorchHalfPixel:
        num = plus(times(plus(times(i, 2), 1), q), -p);
        den = cst(2 * p);
        return;
      case srcc::sr::CoordinateMode::Asymmetric:
        num = times(i, q);
        den = cst(p);
        return;
      case srcc::sr::CoordinateMode::AlignCorners:
        num = mul(i, plus(size(inSize[axis]), -1));
        den = make<arith::MaxSIOp>(plus(size(outSize[axis]), -1), cst(1));
        return;
      }
    };
    Value num[2], den[2], base[2], fraction[2];
    for (int axis : {0, 1}) {
      position(axis, num[axis], den[axis]);
      base[axis] = over(num[axis], den[axis]);
      if (mode != srcc::sr::ResizeMode::Nearest)
        fraction[axis] = make<arith::DivFOp>(toFloat(sub(num[axis], mul(base[axis], den[axis]))),
                                             toFloat(den[axis]));
    }
    if (mode == srcc::sr::ResizeMode::Nearest) {
      Value index[2];
      for (int axis : {0, 1}) {
        Value n = num[axis], m = den[axis];
        switch (op.getNearest()) {
        case srcc::sr::NearestMode::Floor:
          index[axis] = base[axis];
          break;
        case srcc::sr::NearestMode::Ceil:
          index[axis] = over(plus(add(n, m), -1), m);
          break;
        case srcc::sr::NearestMode::RoundPreferCeil:
          index[axis] = over(add(times(n, 2), m), times(m, 2));
          break;
        case srcc::sr::NearestMode::RoundPreferFloor:
          index[axis] = over(plus(add(times(n, 2), m), -1), times(m, 2));
          break;
        }
      }
      return read(in, {at[0], index[0], index[1]}, Exterior::RepeatEdge);
    }
    int taps = mode == srcc::sr::ResizeMode::Bilinear ? 2 : 4, before = taps / 2 - 1;
    SmallVector<Value> weights[2];
    for (int axis : {0, 1}) {
      Value t = fraction[axis], one = f32(1);
      if (taps == 2) {
        weights[axis] = {sub(one, t), t};
        continue;
      }
      // Keys' cubic with parameter a: |d| <= 1: (a+2)|d|^3 - (a+3)|d|^2 + 1; else
      // a|d|^3 - 5a|d|^2 + 8a|d| - 4a.
      auto nearTap = [&](Value d) {
        return add(mul(mul(sub(mul(f32(a + 2), d), f32(a + 3)), d), d), one);
      };
      auto farTap = [&](Value d) {
        return sub(mul(add(mul(sub(mul(f32(a), d), f32(5 * a)), d), f32(8 * a)), d), f32(4 * a));
      };
      Value u = sub(one, t);
      weights[axis] = {farTap(add(t, one)), nearTap(t), nearTap(u), farTap(add(u, one))};
      if (!excludeOutside)
        continue;
      Value sum;
      for (int i = 0; i < 4; ++i) {
        Value place = plus(base[axis], i - before), zero = cst(0);
        Value low = make<arith::CmpIOp>(arith::CmpIPredicate::sge, place, zero);
        Value high = make<arith::CmpIOp>(arith::CmpIPredicate::slt, place, size(inSize[axis]));
        Value inside = make<arith::AndIOp>(low, high);
        weights[axis][i] = make<arith::SelectOp>(inside, weights[axis][i], f32(0));
        sum = sum ? add(sum, weights[axis][i]) : weights[axis][i];
      }
      for (Value &weight : weights[axis])
        weight = make<arith::DivFOp>(weight, sum);
    }
    Value sum;
    for (int j = 0; j < taps; ++j) {
      Value row;
      for (int i = 0; i < taps; ++i) {
        Value v = wide(read(in, {at[0], plus(base[0], j - before), plus(base[1], i - before)},
                            Exterior::RepeatEdge));
        row = row ? fma(v, weights[1][i], row) : mul(v, weights[1][i]);
      }
      sum = sum ? fma(row, weights[0][j], sum) : mul(row, weights[0][j]);
    }
    return narrow(sum);
  });
  return success();
}

/// Mean, or standard deviation around the mean, over the picture: rows first, then columns; in f32.
void Converter::globalPool(Operation *op, bool deviation) {
  StageRef in = of(op->getOperand(0));
  std::string base = nameOf(op);
  Type f32Type = builder.getF32Type();
  StageRef rows{"", in.c, in.y, number(1), f32Type}, one{"", in.c, number(1), number(1), f32Type};
  auto scaled = [&](Value v) {
    return make<arith::DivFOp>(v, mul(toFloat(size(in.y)), toFloat(size(in.x))));
  };
  // Sums f over the picture and finishes with g.
  auto pool = [&](StringRef name, llvm::function_ref<Value(ValueRange)> f,
                  llvm::function_ref<Value(Value)> g) {
    auto total = [&](StringRef stem, const StageRef &shape, StringRef rdim, AffineExpr extent,
                     llvm::function_ref<Value(ValueRange)> value,
                     llvm::function_ref<Value(Value)> finish) {
      StageRef sum = shape, result = shape;
      sum.name = unique((stem + ".sum").str());
      result.name = unique(stem);
      StageOp sumOp = stage(sum.name, shape, [&](ValueRange) { return f32(0); });
      OpBuilder::InsertionGuard guard(builder);
      builder.createBlock(&sumOp.getUpdates());
      auto update =
          UpdateOp::create(builder, loc, builder.getStrArrayAttr({rdim}), domain({extent}));
      Type index = builder.getIndexType();
      Block *body =
          builder.createBlock(&update.getBody(), {}, {index, index, index, index, f32Type},
                              SmallVector<Location>(5, loc));
      Value v = add(body->getArgument(4), value(body->getArguments().drop_back()));
      YieldOp::create(builder, loc, v);
      stage(result.name, shape, [&](ValueRange at) { return finish(read(sum, at)); });
      return result;
    };
    StageRef row =
        total((name + ".rows").str(), rows, "rx", in.x,
              [&](ValueRange at) { return f({at[0], at[1], at[3]}); }, [](Value v) { return v; });
    return total(
        name, one, "ry", in.y, [&](ValueRange at) { return read(row, {at[0], at[3], cst(0)}); },
        [&](Value v) { return g(scaled(v)); });
  };
  auto value = [&](ValueRange at) { return wide(read(in, at)); };
  StageRef mean =
      pool(deviation ? base + ".mean" : base + ".avg", value, [](Value v) { return v; });
  if (deviation)
    mean = pool(
        base + ".std",
        [&](ValueRange at) {
          Value d = sub(value(at), read(mean, {at[0], cst(0), cst(0)}));
          return mul(d, d);
        },
        [&](Value v) { return make<math::SqrtOp>(v); });
  if (element.isF32()) {
    stages[op->getResult(0)] = mean;
    return;
  }
  StageRef rounded{base, in.c, number(1), number(1)};
  stage(rounded.name, rounded, [&](ValueRange at) { return narrow(read(mean, at)); });
  stages[op->getResult(0)] = rounded;
}
