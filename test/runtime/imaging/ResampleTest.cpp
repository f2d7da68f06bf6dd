//===- ResampleTest.cpp - Bicubic interpolation against published images --===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "runtime/imaging/Resample.h"
#include "runtime/imaging/Metrics.h"
#include "test/runtime/imaging/TestData.h"

#include <gtest/gtest.h>

using namespace srcc::imaging;

/// The published low-resolution images, made by Matlab, are reproduced to the last bit.
static void expectPublishedImages(const std::string &set, size_t images) {
  REQUIRE_IMAGES(folder);
  size_t compared = 0;
  for (int scale : {2, 3, 4})
    for (const auto &path : filesIn(folder + "/" + set + "/HR")) {
      std::string name = path.stem().string() + "x" + std::to_string(scale) + ".png";
      Image published =
          loadImage(folder + "/" + set + "/LR_bicubic_X" + std::to_string(scale) + "/" + name);
      Image ours = downscale(toRgb(loadImage(path.string())), scale);
      published = toRgb(published);
      ASSERT_EQ(ours.width, published.width) << name;
      ASSERT_EQ(ours.height, published.height) << name;
      EXPECT_TRUE(ours.pixels == published.pixels) << name;
      ++compared;
    }
  EXPECT_EQ(compared, 3 * images);
}

TEST(Downscale, ReproducesSet5) { expectPublishedImages("Set5", 5); }
TEST(Downscale, ReproducesSet14) { expectPublishedImages("Set14", 14); }

/// Mean PSNR of bicubic enlargement, rounded to 8-bit RGB.
static double bicubicPsnr(const std::string &folder, int scale) {
  double sum = 0;
  int count = 0;
  for (const auto &path : filesIn(folder + "/HR")) {
    Image hr = toRgb(loadImage(path.string())), lr = downscale(hr, scale);
    Image sr = enlarge(lr, scale);
    sum += compare(sr, hr, scale).psnr;
    ++count;
  }
  return sum / count;
}

TEST(Enlarge, HasThePublishedPsnr) {
  REQUIRE_IMAGES(folder);
  EXPECT_NEAR(bicubicPsnr(folder + "/Set5", 2), 33.678, 0.0006);
  EXPECT_NEAR(bicubicPsnr(folder + "/Set5", 3), 30.404, 0.0006);
  EXPECT_NEAR(bicubicPsnr(folder + "/Set5", 4), 28.431, 0.0006);
  EXPECT_NEAR(bicubicPsnr(folder + "/Set14", 2), 30.327, 0.0006);
  EXPECT_NEAR(bicubicPsnr(folder + "/Set14", 3), 27.632, 0.0006);
  EXPECT_NEAR(bicubicPsnr(folder + "/Set14", 4), 26.090, 0.0006);
}

/// Interpolation by cubics with a = -0.5 is exact for quadratics away from the edges.
TEST(Enlarge, ReproducesQuadratics) {
  Plane plane(12, 10);
  auto f = [](double x, double y) {
    return 3 + 2 * x - y + 0.25 * x * x - 0.5 * x * y + 0.125 * y * y;
  };
  for (int y = 0; y < 10; ++y)
    for (int x = 0; x < 12; ++x)
      plane.row(y)[x] = f(x, y);
  for (int scale : {1, 2, 3, 4}) {
    Plane large = enlarge(plane, scale);
    ASSERT_EQ(large.width, 12 * scale);
    ASSERT_EQ(large.height, 10 * scale);
    for (int y = 3 * scale; y < 7 * scale; ++y)
      for (int x = 3 * scale; x < 9 * scale; ++x)
        EXPECT_NEAR(large.row(y)[x], f((x + 0.5) / scale - 0.5, (y + 0.5) / scale - 0.5), 1e-9);
  }
}

/// Weights at twice the size, at a quarter of a step: (-9, 111, 29, -3) / 128.
TEST(Enlarge, StepResponse) {
  Plane plane(6, 1);
  plane.values = {0, 0, 0, 128, 128, 128};
  Plane large = enlarge(plane, 2);
  std::vector<double> expected = {0, 0, 0, -3, -9, 26, 102, 137, 131, 128, 128, 128};
  for (int x = 0; x < 12; ++x)
    EXPECT_DOUBLE_EQ(large.row(0)[x], expected[size_t(x)]) << x;
  EXPECT_EQ(large.row(1)[5], large.row(0)[5]);
}

TEST(Enlarge, SinglePixel) {
  Image pixel(1, 1, 4);
  pixel.pixels = {10, 200, 30, 77};
  Image large = enlarge(pixel, 3);
  ASSERT_EQ(large.pixels.size(), 36u);
  for (size_t i = 0; i < 36; ++i)
    EXPECT_EQ(large.pixels[i], pixel.pixels[i % 4]);
}

TEST(Downscale, KeepsConstantsAndCrops) {
  Image image(7, 5, 3);
  std::fill(image.pixels.begin(), image.pixels.end(), 93);
  Image small = downscale(image, 2);
  EXPECT_EQ(small.width, 3);
  EXPECT_EQ(small.height, 2);
  EXPECT_EQ(small.pixels, std::vector<uint8_t>(18, 93));
}

TEST(Downscale, ByOneIsTheIdentity) {
  Image image(3, 2, 1);
  image.pixels = {1, 255, 3, 0, 128, 64};
  EXPECT_EQ(downscale(image, 1).pixels, image.pixels);
}

TEST(Downscale, RefusesWhatVanishes) {
  EXPECT_THROW(downscale(Image(2, 3, 1), 3), std::runtime_error);
  EXPECT_THROW(downscale(Image(2, 3, 1), 0), std::runtime_error);
  EXPECT_THROW(downscale(Image(2, 3, 1), -1), std::runtime_error);
}
