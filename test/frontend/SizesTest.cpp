//===- SizesTest.cpp - Arithmetic on sizes --------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "frontend/OnnxImporter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

using namespace mlir;
using namespace srcc::onnx;

namespace {
using Fraction = std::optional<std::pair<int64_t, int64_t>>;

Fraction fraction(int64_t top, int64_t bottom) { return std::make_pair(top, bottom); }

TEST(ToRational, FactorsOfResizing) {
  EXPECT_EQ(toRational(1.5f), fraction(3, 2));
  EXPECT_EQ(toRational(2.25f), fraction(9, 4));
  EXPECT_EQ(toRational(1.f / 3), fraction(1, 3));
  EXPECT_EQ(toRational(640.f / 360), fraction(16, 9));
  EXPECT_EQ(toRational(1.f / 255), fraction(1, 255));
  EXPECT_EQ(toRational(-0.5f), fraction(-1, 2));
  EXPECT_EQ(toRational(1280), fraction(1280, 1));
  EXPECT_EQ(toRational(0), fraction(0, 1));
}

TEST(ToRational, EveryFractionInF32AndF64) {
  for (int64_t bottom = 1; bottom <= maxDenominator; ++bottom)
    for (int64_t top = 1; top <= 16 * bottom; ++top) {
      if (std::gcd(top, bottom) != 1)
        continue;
      double value = double(top) / double(bottom);
      ASSERT_EQ(toRational(value), fraction(top, bottom)) << top << " / " << bottom;
      ASSERT_EQ(toRational(float(value)), fraction(top, bottom)) << top << " / " << bottom;
    }
}

TEST(ToRational, NoFraction) {
  for (double value : {std::sqrt(2.0), std::sqrt(3.0), std::exp(1.0), 1.0 / 257, 1000.0 / 999})
    EXPECT_EQ(toRational(float(value)), std::nullopt) << value;
  double infinity = std::numeric_limits<double>::infinity();
  for (double value : {infinity, -infinity, std::nan(""), 1e300, 1e-300, 1e9 + 0.5})
    EXPECT_EQ(toRational(value), std::nullopt) << value;
}

TEST(Sizes, RatiosAndDivisors) {
  MLIRContext context;
  Sizes sizes(&context, /*multiple=*/1);
  AffineExpr h = sizes.height(), w = sizes.width();
  auto ratio = sizes.ratio(h * 9, h * 6);
  ASSERT_TRUE(ratio);
  EXPECT_EQ(std::make_pair(ratio->top, ratio->bottom), std::make_pair(int64_t(3), int64_t(2)));
  EXPECT_FALSE(sizes.ratio(h + 2, h));
  EXPECT_FALSE(sizes.ratio(h, w));
  EXPECT_EQ(sizes.divide(h * 6, sizes.constant(3)), h * 2);
  EXPECT_FALSE(sizes.divide(h, sizes.constant(3)));
  EXPECT_EQ(sizes.missedDivisor, 3);
}

TEST(Sizes, LongExpressions) {
  MLIRContext context;
  Sizes sizes(&context, /*multiple=*/1);
  AffineExpr size = sizes.height();
  for (int halvings = 1; halvings <= 30; ++halvings) {
    size = sizes.simplify((size - 1).floorDiv(2) + 1);
    EXPECT_TRUE(sizes.isShort(size)) << halvings;
  }
  for (int i = 0; i < 100 && sizes.isShort(size); ++i)
    size = sizes.simplify((size - 1).floorDiv(2) + 1);
  EXPECT_FALSE(sizes.isShort(size));
}
} // namespace
