//===- ColorTest.cpp - BT.601 ---------------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "runtime/imaging/Color.h"

#include <gtest/gtest.h>

using namespace srcc::imaging;

static Image pixel(uint8_t r, uint8_t g, uint8_t b) {
  Image image(1, 1, 3);
  image.pixels = {r, g, b};
  return image;
}

static void expectYCbCr(const Image &image, double y, double cb, double cr) {
  YCbCr converted = toYCbCr(image);
  EXPECT_NEAR(converted.y.values[0], y, 1e-3);
  EXPECT_NEAR(converted.cb.values[0], cb, 1e-3);
  EXPECT_NEAR(converted.cr.values[0], cr, 1e-3);
}

/// The primaries' codes, from the matrix of ITU-R BT.601 in studio swing.
TEST(Color, Primaries) {
  expectYCbCr(pixel(0, 0, 0), 16, 128, 128);
  expectYCbCr(pixel(255, 255, 255), 235, 128, 128);
  expectYCbCr(pixel(255, 0, 0), 81.481, 90.203, 240);
  expectYCbCr(pixel(0, 255, 0), 144.553, 53.797, 34.214);
  expectYCbCr(pixel(0, 0, 255), 40.966, 240, 109.786);
}

TEST(Color, RoundTripIsExact) {
  for (int r = 0; r < 256; r += 15)
    for (int g = 0; g < 256; g += 17)
      for (int b = 0; b < 256; b += 51) {
        Image image = pixel(uint8_t(r), uint8_t(g), uint8_t(b));
        EXPECT_EQ(toRgb(toYCbCr(image)).pixels, image.pixels);
      }
}

TEST(Color, GrayAndAlpha) {
  Image gray(1, 1, 2);
  gray.pixels = {200, 7};
  EXPECT_EQ(luma(gray).values, luma(pixel(200, 200, 200)).values);
  EXPECT_NEAR(luma(gray).values[0], 16 + 219 * 200 / 255.0, 1e-9);
  Image rgba(1, 1, 4);
  rgba.pixels = {10, 20, 30, 99};
  EXPECT_EQ(luma(rgba).values, luma(pixel(10, 20, 30)).values);
}

TEST(Color, ToImageRoundsAndClips) {
  Plane plane(6, 1);
  plane.values = {-3, 0.49, 0.5, 254.5, 255.49, 1e9};
  EXPECT_EQ(toImage({plane}).pixels, (std::vector<uint8_t>{0, 0, 1, 255, 255, 255}));
}
