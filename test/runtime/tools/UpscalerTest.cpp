//===- UpscalerTest.cpp - Colours, gray and alpha around a model ----------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "runtime/tools/Upscaler.h"
#include "runtime/imaging/Resample.h"
#include "test/runtime/tools/NearestFile.h"

using namespace srcc;
using namespace srcc::imaging;
using namespace srcc::tools;

using UpscalerTest = test::DeviceTest;

static Image noise(int width, int height, int channels) {
  Image image(width, height, channels);
  uint32_t state = 99;
  for (uint8_t &value : image.pixels)
    value = uint8_t((state = state * 1664525 + 1013904223) >> 24);
  return image;
}

/// The channels in [first, last) of the result are the input's pixels repeated.
static void expectRepeated(const Image &large, const Image &small, int scale, int first, int last,
                           int tolerance = 0) {
  ASSERT_EQ(large.channels, small.channels);
  ASSERT_EQ(large.width, small.width * scale);
  ASSERT_EQ(large.height, small.height * scale);
  for (int y = 0; y < large.height; ++y)
    for (int x = 0; x < large.width; ++x)
      for (int c = first; c < last; ++c)
        ASSERT_NEAR(large.at(y, x, c), small.at(y / scale, x / scale, c), tolerance)
            << x << ", " << y << ", channel " << c;
}

TEST_F(UpscalerTest, RgbKeepsPixels) {
  Upscaler upscaler(nearest(2, format::Color::RGB, 0, 1, {1, 1, 1}), {}, "");
  Image image = noise(7, 5, 3);
  expectRepeated(upscaler.upscale(image), image, 2, 0, 3);
}

TEST_F(UpscalerTest, BgrGetsBlueFirst) {
  // The model darkens its first plane, which is blue.
  Upscaler upscaler(nearest(2, format::Color::BGR, -1, 1, {0, 1, 1}), {}, "");
  Image image = noise(6, 3, 3), large = upscaler.upscale(image);
  expectRepeated(large, image, 2, 0, 2);
  EXPECT_EQ(large.at(3, 5, 2), 128); // 0 in -1..1, halves away from zero or to even
  std::vector<Plane> planes =
      upscaler.upscale({channel(image, 0), channel(image, 1), channel(image, 2)});
  EXPECT_NEAR(planes[0].row(3)[5], image.at(1, 2, 0), 1e-3);
  EXPECT_NEAR(planes[1].row(3)[5], image.at(1, 2, 1), 1e-3);
  EXPECT_NEAR(planes[2].row(3)[5], 127.5, 1e-3);
}

TEST_F(UpscalerTest, RangesAreMapped) {
  for (auto [low, high] : {std::pair{0.f, 1.f}, {0.f, 255.f}, {-1.f, 1.f}}) {
    Upscaler upscaler(nearest(3, format::Color::RGB, low, high, {1, 1, 1}), {}, "");
    Image image = noise(4, 4, 3);
    expectRepeated(
        toImage(upscaler.upscale({channel(image, 0), channel(image, 1), channel(image, 2)})), image,
        3, 0, 3);
  }
}

TEST_F(UpscalerTest, AlphaIsBicubic) {
  Upscaler upscaler(nearest(2, format::Color::RGB, 0, 1, {1, 1, 1}), {}, "");
  Image image = noise(8, 6, 4), large = upscaler.upscale(image);
  expectRepeated(large, image, 2, 0, 3);
  EXPECT_EQ(channelRange(large, 3, 1).pixels, enlarge(channelRange(image, 3, 1), 2).pixels);
}

TEST_F(UpscalerTest, GrayStaysGray) {
  Image gray = noise(5, 5, 1), withAlpha = noise(5, 5, 2);
  {
    Upscaler upscaler(nearest(2, format::Color::RGB, 0, 1, {1, 1, 1}), {}, "");
    expectRepeated(upscaler.upscale(gray), gray, 2, 0, 1);
    expectRepeated(upscaler.upscale(withAlpha), withAlpha, 2, 0, 1);
  }
  Upscaler upscaler(nearest(2, format::Color::Y, 0, 1, {1}), {}, "");
  expectRepeated(upscaler.upscale(gray), gray, 2, 0, 1);
  expectRepeated(upscaler.upscale(withAlpha), withAlpha, 2, 0, 1);
}

/// Luma comes from the model, chroma from interpolation. Colours stay inside RGB, so nothing is
/// clipped.
TEST_F(UpscalerTest, LumaModelsInterpolateChroma) {
  Upscaler upscaler(nearest(2, format::Color::Y, 0, 1, {1}), {}, "");
  Image image = noise(9, 7, 3);
  for (uint8_t &value : image.pixels)
    value = uint8_t(96 + value / 4);
  YCbCr small = toYCbCr(image), large = toYCbCr(upscaler.upscale(image));
  Plane cb = enlarge(small.cb, 2), cr = enlarge(small.cr, 2);
  for (int y = 0; y < 14; ++y)
    for (int x = 0; x < 18; ++x) {
      EXPECT_NEAR(large.y.row(y)[x], small.y.row(y / 2)[x / 2], 0.6);
      EXPECT_NEAR(large.cb.row(y)[x], cb.row(y)[x], 0.6);
      EXPECT_NEAR(large.cr.row(y)[x], cr.row(y)[x], 0.6);
    }
}

TEST_F(UpscalerTest, OtherChannelCountsAreRefused) {
  auto builder = test::nearestModel(2, format::Color::RGB, 0, 1, {1, 1, 1}, {0, 0, 0});
  std::string name = path("odd.srp");
  builder.package.color = format::Color::Y;
  std::vector<uint8_t> file = builder.file();
  std::ofstream(name, std::ios::binary)
      .write(reinterpret_cast<const char *>(file.data()), std::streamsize(file.size()));
  EXPECT_THROW(Upscaler(name, {}, ""), std::runtime_error);
}

TEST_F(UpscalerTest, DevicesAreListedAndChosen) {
  EXPECT_EQ(listDevices().substr(0, 3), "0: ");
  std::string model = nearest(1, format::Color::RGB, 0, 1, {1, 1, 1});
  EXPECT_NO_THROW(Upscaler(model, "0", ""));
  EXPECT_THROW(Upscaler(model, "no such device", ""), std::runtime_error);
}
