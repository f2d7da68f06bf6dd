//===- OnnxSizes.cpp - Shape arithmetic on symbols ------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "frontend/OnnxImporter.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace srcc::onnx;

std::optional<int64_t> Sizes::getConstant(AffineExpr size) const {
  if (auto constant = dyn_cast<AffineConstantExpr>(size))
    return constant.getValue();
  return std::nullopt;
}

std::optional<int64_t> Sizes::getDeclared(AffineExpr size) const {
  AffineExpr h = mlir::getAffineSymbolExpr(0, context), w = mlir::getAffineSymbolExpr(1, context);
  if (declaredHeight)
    h = constant(*declaredHeight / multiple);
  if (declaredWidth)
    w = constant(*declaredWidth / multiple);
  return getConstant(simplify(size.replaceSymbols({h, w})));
}

bool Sizes::equal(AffineExpr a, AffineExpr b) const {
  if (a == b || simplify(a - b) == constant(0))
    return true;
  // A constant of the file next to an expression: both at the declared size.
  if (getConstant(a).has_value() == getConstant(b).has_value())
    return false;
  auto x = getDeclared(a), y = getDeclared(b);
  return x && y && *x == *y;
}

std::optional<Ratio> Sizes::ratio(AffineExpr a, AffineExpr b) const {
  auto reduce = [](int64_t top, int64_t bottom) -> std::optional<Ratio> {
    if (top <= 0 || bottom <= 0)
      return std::nullopt;
    int64_t divisor = std::gcd(top, bottom);
    return Ratio{top / divisor, bottom / divisor};
  };
  auto x = getConstant(a), y = getConstant(b);
  if (x.has_value() || y.has_value()) {
    x = getDeclared(a), y = getDeclared(b);
    return x && y ? reduce(*x, *y) : std::nullopt;
  }
  if (equal(a, b))
    return Ratio{1, 1};
  auto result = reduce(a.getLargestKnownDivisor(), b.getLargestKnownDivisor());
  if (result && equal(a * result->bottom, b * result->top))
    return result;
  return std::nullopt;
}

std::optional<AffineExpr> Sizes::divide(AffineExpr a, AffineExpr b) const {
  auto y = getConstant(b);
  if (y) {
    if (*y <= 0)
      return std::nullopt;
    if (a.getLargestKnownDivisor() % *y) {
      if (!getConstant(a) && *y <= maxMultiple)
        missedDivisor = *y;
      return std::nullopt;
    }
    return simplify(a.floorDiv(*y));
  }
  auto quotient = ratio(a, b);
  if (!quotient || quotient->bottom != 1)
    return std::nullopt;
  return constant(quotient->top);
}

bool Sizes::isShort(AffineExpr size) const {
  int64_t terms = 0;
  size.walk([&](AffineExpr) { ++terms; });
  return terms <= maxSizeTerms;
}

std::string Sizes::print(AffineExpr size) const {
  std::string text;
  llvm::raw_string_ostream os(text);
  simplify(size).print(os);
  std::string by = multiple == 1 ? "" : "/" + std::to_string(multiple);
  for (auto [from, to] : {std::pair("s0", "h" + by), std::pair("s1", "w" + by)})
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from))
      text.replace(at, 2, to);
  return text;
}

std::string Sizes::print(Number number) const {
  std::string text = print(number.top);
  return number.bottom == 1 ? text : "(" + text + ") / " + std::to_string(number.bottom);
}

std::optional<std::pair<int64_t, int64_t>> srcc::onnx::toRational(double value) {
  if (!std::isfinite(value) || std::abs(value) > double(int64_t(1) << 53))
    return std::nullopt;
  if (value == std::floor(value))
    return std::make_pair(int64_t(value), int64_t(1));
  if (std::abs(value) > 1e6)
    return std::nullopt;
  // Continued fraction, up to the precision of an f32.
  double rest = value;
  int64_t top = 1, bottom = 0, lastTop = 0, lastBottom = 1;
  for (int i = 0; i < 16; ++i) {
    double whole = std::floor(rest);
    int64_t nextTop = int64_t(whole) * top + lastTop,
            nextBottom = int64_t(whole) * bottom + lastBottom;
    if (nextBottom > maxDenominator)
      return std::nullopt;
    lastTop = top, lastBottom = bottom, top = nextTop, bottom = nextBottom;
    if (std::abs(double(top) / double(bottom) - value) <= 1e-7 * std::abs(value))
      return std::make_pair(top, bottom);
    rest = 1 / (rest - whole);
    if (!std::isfinite(rest) || rest > 1e9)
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<int64_t> srcc::onnx::countElements(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  bool isEmpty = llvm::is_contained(shape, 0);
  for (int64_t size : shape) {
    if (size < 0 || size > maxElements || shape.size() > 16)
      return std::nullopt;
    count *= isEmpty ? 1 : size;
    if (count > maxElements)
      return std::nullopt;
  }
  return isEmpty ? 0 : count;
}

std::optional<SmallVector<int64_t>> srcc::onnx::broadcast(ArrayRef<int64_t> a,
                                                          ArrayRef<int64_t> b) {
  SmallVector<int64_t> shape(std::max(a.size(), b.size()), 1);
  for (size_t i = 0; i < shape.size(); ++i) {
    int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1)
      return std::nullopt;
    shape[shape.size() - 1 - i] = x == 1 ? y : x;
  }
  return shape;
}
