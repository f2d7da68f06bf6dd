//===- Interpreter.h - Reference semantics of the sr dialect --------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_DIALECTS_SR_INTERPRETER_H
#define SRCC_DIALECTS_SR_INTERPRETER_H

#include "dialects/sr/SR.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <vector>

namespace srcc::sr {

/// A picture or feature map in memory: planar, values[(c height + y) width + x].
struct Map {
  int64_t channels = 0, height = 0, width = 0;
  std::vector<float> values;

  Map() = default;
  Map(int64_t channels, int64_t height, int64_t width)
      : channels(channels), height(height), width(width), values(channels * height * width) {}
  float &at(int64_t c, int64_t y, int64_t x) { return values[(c * height + y) * width + x]; }
  float at(int64_t c, int64_t y, int64_t x) const { return values[(c * height + y) * width + x]; }
};

/// Where values are rounded to half precision (to nearest even, overflow to infinity).
enum class Precision {
  /// Nowhere: single precision between operations, double within.
  F32,
  /// f16 storage: feature maps that a fusing compiler stores. A result is not stored if its only
  /// user is elementwise or a pixel shuffle, and, of the two sides of a sum, it is the later one;
  /// neither is the model's result.
  F16S,
  /// f16 arithmetic, as compiled code does it: the input, weights and other numbers, and the result
  /// of every operation. A convolution's sum starts at 0 and takes its products in the order
  /// channel, row, column, each in a fused multiply-add: in half where accumulatesInHalf
  /// (Accumulation.h), else in f32, rounded once; then each bias is added in half. Two convolutions
  /// that are only added to each other are one sum. Operations that are more than one sum, product
  /// or comparison (sigmoid, gelu, resize, averages) are computed in full and rounded once.
  F16,
};

/// A part of the output: columns x to x + width, rows y to y + height.
struct Window {
  int64_t x = 0, y = 0, width = 0, height = 0;
};

struct InterpreterOptions {
  Precision precision = Precision::F32;
  /// Only this part of the output is computed, from as much of the input as it depends on; the
  /// values are those of the whole output.
  std::optional<Window> window;
};

/// Evaluates a function of sr operations from one map to one map: plain loops, sums in double
/// precision in the order channel, row, column. `function` may have dynamic sizes and is not
/// changed. Emits an error and fails if the function is of another kind, or does not take an input
/// of this size.
mlir::FailureOr<Map> interpret(mlir::func::FuncOp function, const Map &input,
                               const InterpreterOptions &options = {});

/// The nearest half-precision value: ties to even, infinity from 65520 on. Below 2^512.
float roundToHalf(double value);

} // namespace srcc::sr

#endif // SRCC_DIALECTS_SR_INTERPRETER_H
