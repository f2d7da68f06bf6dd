//===- MetricsTest.cpp - PSNR and SSIM ------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// test/runtime/tools/eval.test compares with independent implementations on pictures.
#include "runtime/imaging/Metrics.h"

#include <cmath>
#include <gtest/gtest.h>
#include <stdexcept>

using namespace srcc::imaging;

static Plane constant(int width, int height, double value) {
  Plane plane(width, height);
  std::fill(plane.values.begin(), plane.values.end(), value);
  return plane;
}

TEST(Psnr, OfAConstantDifference) {
  EXPECT_NEAR(psnr(constant(9, 8, 100), constant(9, 8, 101), 2), 48.1308, 1e-4);
  EXPECT_NEAR(psnr(constant(9, 8, 0), constant(9, 8, 255), 0), 0, 1e-12);
}

TEST(Psnr, OfEqualPlanesIsInfinite) {
  EXPECT_EQ(psnr(constant(4, 4, 7), constant(4, 4, 7), 1), INFINITY);
}

TEST(Psnr, LeavesTheBorderOut) {
  Plane a = constant(8, 8, 50), b = a;
  b.row(1)[4] = 90;
  b.row(4)[6] = 90;
  EXPECT_EQ(psnr(a, b, 2), INFINITY);
  EXPECT_LT(psnr(a, b, 1), 30);
}

TEST(Psnr, OfNothingIsNaN) {
  EXPECT_TRUE(std::isnan(psnr(constant(4, 4, 1), constant(4, 4, 2), 2)));
}

/// Equal structure, different brightness: only the first factor of SSIM differs from 1.
TEST(Ssim, OfConstants) {
  double c1 = 0.01 * 255 * 0.01 * 255;
  double expected = (2 * 100 * 120 + c1) / (100 * 100 + 120 * 120 + c1);
  EXPECT_NEAR(ssim(constant(15, 13, 100), constant(15, 13, 120), 1), expected, 1e-12);
}

TEST(Ssim, OfEqualPlanesIsOne) {
  Plane plane(20, 12);
  for (size_t i = 0; i < plane.values.size(); ++i)
    plane.values[i] = double(i * 37 % 256);
  EXPECT_NEAR(ssim(plane, plane, 0), 1, 1e-12);
}

TEST(Ssim, NeedsAWindow) {
  EXPECT_TRUE(std::isnan(ssim(constant(10, 30, 1), constant(10, 30, 1), 0)));
  EXPECT_TRUE(std::isnan(ssim(constant(30, 14, 1), constant(30, 14, 1), 2)));
  EXPECT_FALSE(std::isnan(ssim(constant(15, 15, 1), constant(15, 15, 1), 2)));
}

TEST(Compare, AllowsWhatDownscalingCutsOff) {
  EXPECT_EQ(compare(Image(12, 12, 3), Image(14, 13, 3), 3).psnr, INFINITY);
  EXPECT_THROW(compare(Image(12, 12, 3), Image(15, 13, 3), 3), std::runtime_error);
  EXPECT_THROW(compare(Image(12, 12, 3), Image(11, 12, 3), 3), std::runtime_error);
}
