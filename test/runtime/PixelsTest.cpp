//===- PixelsTest.cpp - Conversions of pixels on the host
//--------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#include "runtime/Pixels.h"
#include "runtime/Status.h"

#include <cmath>
#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

using namespace srcc::runtime;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

using Bytes = std::vector<uint8_t>;

srrt_picture picture(srrt_pixels format, int width, int height, Bytes &data, size_t stride = 0) {
  srrt_picture result{format, width, height, data.data(), stride, nullptr, 0};
  return checkPicture(result, width, height, "it");
}

Bytes solid(int pixels, const Bytes &color) {
  Bytes data;
  for (int i = 0; i < pixels; ++i)
    data.insert(data.end(), color.begin(), color.end());
  return data;
}

// The colours of the 100 % colour bars in BT.601, 8 bits, as tabulated in video handbooks.
struct Bar {
  Bytes rgb, ycc;
};
const Bar bars[] = {{{255, 255, 255}, {235, 128, 128}}, {{255, 255, 0}, {210, 16, 146}},
                    {{0, 255, 255}, {170, 166, 16}},    {{0, 255, 0}, {145, 54, 34}},
                    {{255, 0, 255}, {106, 202, 222}},   {{255, 0, 0}, {81, 90, 240}},
                    {{0, 0, 255}, {41, 240, 110}},      {{0, 0, 0}, {16, 128, 128}}};

TEST(Nv12, ColourBarsThere) {
  for (const Bar &bar : bars) {
    Bytes rgb = solid(16, bar.rgb), nv12(24);
    pictureFromRgb(rgb.data(), {}, picture(SRRT_NV12, 4, 4, nv12));
    EXPECT_THAT(Bytes(nv12.begin(), nv12.begin() + 16), Each(bar.ycc[0]));
    for (int i = 16; i < 24; i += 2)
      EXPECT_THAT(Bytes(nv12.begin() + i, nv12.begin() + i + 2),
                  ElementsAre(bar.ycc[1], bar.ycc[2]));
  }
}

TEST(Nv12, ColourBarsAndBack) {
  for (const Bar &bar : bars) {
    Bytes nv12 = solid(16, {bar.ycc[0]}), rgb(48);
    Bytes chroma = solid(4, {bar.ycc[1], bar.ycc[2]});
    nv12.insert(nv12.end(), chroma.begin(), chroma.end());
    rgbFromPicture(picture(SRRT_NV12, 4, 4, nv12), rgb.data());
    for (size_t i = 0; i < rgb.size(); ++i)
      EXPECT_NEAR(rgb[i], bar.rgb[i % 3], 2); // one level of luma or chroma is up to two of colour
  }
}

TEST(Nv12, ChromaIsSitedLeft) {
  // Two columns of chroma, Cr 128 and 144: luma column 0 sees the first, 1 the middle, 2 and 3 the
  // second.
  Bytes nv12 = solid(8, {128});
  Bytes chroma = {128, 128, 128, 144};
  nv12.insert(nv12.end(), chroma.begin(), chroma.end());
  Bytes rgb(24);
  rgbFromPicture(picture(SRRT_NV12, 4, 2, nv12), rgb.data());
  int gray = 130; // (128 - 16) * 255 / 219
  double red = 255.0 / 224 * 2 * (1 - 0.299);
  EXPECT_EQ(rgb[0], gray);
  EXPECT_NEAR(rgb[3], gray + 8 * red, 1);
  EXPECT_NEAR(rgb[6], gray + 16 * red, 1);
  EXPECT_NEAR(rgb[9], gray + 16 * red, 1);
}

TEST(Nv12, OddSidesAreRefused) {
  Bytes data(100);
  for (auto [w, h] : {std::pair{3, 2}, {2, 3}})
    EXPECT_THROW(picture(SRRT_NV12, w, h, data), Failure);
}

TEST(Picture, Checks) {
  Bytes data(100);
  auto refusal = [](srrt_picture picture) -> std::string {
    try {
      checkPicture(picture, 4, 2, "the input");
    } catch (const Failure &failure) {
      return failure.what();
    }
    return "";
  };
  EXPECT_EQ(refusal({SRRT_RGB8, 4, 2, data.data(), 0, nullptr, 0}), "");
  EXPECT_THAT(refusal({SRRT_RGB8, 4, 2, nullptr, 0, nullptr, 0}), HasSubstr("null"));
  EXPECT_THAT(refusal({SRRT_RGB8, 4, 2, data.data(), 11, nullptr, 0}), HasSubstr("stride of 11"));
  EXPECT_THAT(refusal({SRRT_RGBA8, 4, 2, data.data(), 15, nullptr, 0}), HasSubstr("row takes 16"));
  EXPECT_THAT(refusal({SRRT_RGB8, 2, 4, data.data(), 0, nullptr, 0}), HasSubstr("2x4"));
  srrt_picture unknown{SRRT_RGB8, 4, 2, data.data(), 0, nullptr, 0};
  const int nine = 9;
  std::memcpy(&unknown.format, &nine, sizeof nine);
  EXPECT_THAT(refusal(unknown), HasSubstr("format 9"));
  EXPECT_THAT(refusal({SRRT_NV12, 4, 2, data.data(), 0, nullptr, 3}), HasSubstr("chroma stride"));
}

TEST(Picture, StridesAreKept) {
  Bytes from(2 * 10, 7), to(2 * 12, 9);
  for (int y = 0; y < 2; ++y)
    for (int i = 0; i < 6; ++i)
      from[y * 10 + i] = uint8_t(y * 6 + i);
  Bytes rgb(12);
  rgbFromPicture(picture(SRRT_RGB8, 2, 2, from, 10), rgb.data());
  EXPECT_THAT(rgb, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
  pictureFromRgb(rgb.data(), {}, picture(SRRT_RGB8, 2, 2, to, 12));
  EXPECT_THAT(
      to, ElementsAre(0, 1, 2, 3, 4, 5, 9, 9, 9, 9, 9, 9, 6, 7, 8, 9, 10, 11, 9, 9, 9, 9, 9, 9));
}

TEST(Alpha, OpaqueWithoutSource) {
  Bytes rgb = solid(4, {1, 2, 3}), none = solid(1, {0, 0, 0}), rgba(16);
  pictureFromRgb(rgb.data(), picture(SRRT_RGB8, 1, 1, none), picture(SRRT_RGBA8, 2, 2, rgba));
  EXPECT_THAT(rgba, ElementsAre(1, 2, 3, 255, 1, 2, 3, 255, 1, 2, 3, 255, 1, 2, 3, 255));
}

TEST(Alpha, EnlargedBilinearly) {
  Bytes rgb(4 * 3), source = {0, 0, 0, 0, 0, 0, 0, 200}, rgba(16);
  pictureFromRgb(rgb.data(), picture(SRRT_RGBA8, 2, 1, source), picture(SRRT_RGBA8, 4, 1, rgba));
  EXPECT_THAT((Bytes{rgba[3], rgba[7], rgba[11], rgba[15]}), ElementsAre(0, 50, 150, 200));
}

TEST(Luma, RgbOnALumaModelKeepsItsColour) {
  // Luma enlarged by repetition, so that a solid colour must come back.
  for (const Bar &bar : bars)
    for (srrt_pixels format : {SRRT_RGB8, SRRT_RGBA8}) {
      Bytes color = bar.rgb;
      if (format == SRRT_RGBA8)
        color.push_back(77);
      Bytes input = solid(6, color), output = solid(24, Bytes(color.size(), 0));
      std::vector<float> luma(6);
      lumaFromPicture(picture(format, 3, 2, input), luma.data());
      for (float y : luma)
        EXPECT_NEAR(y, bar.ycc[0], 0.5);
      std::vector<float> large(24, luma[0]);
      pictureFromLuma(large.data(), picture(format, 3, 2, input), picture(format, 6, 4, output), 2);
      EXPECT_EQ(output, solid(24, color));
    }
}

TEST(Luma, Nv12ChromaRampStaysARamp) {
  // Chroma of 8 columns rising by 8; enlarged by 2 it rises by 4, sited left: out column j of
  // chroma lies at luma column 2j of the output, which is (2j + 0.5)/2 - 0.5 of the input, half of
  // that in chroma.
  const int w = 16, h = 4;
  Bytes nv12 = solid(w * h, {100});
  for (int j = 0; j < h / 2; ++j)
    for (int i = 0; i < w / 2; ++i) {
      nv12.push_back(uint8_t(60 + 8 * i));
      nv12.push_back(128);
    }
  Bytes output(4 * w * h * 3 / 2);
  std::vector<float> luma(4 * w * h, 100);
  pictureFromLuma(luma.data(), picture(SRRT_NV12, w, h, nv12),
                  picture(SRRT_NV12, 2 * w, 2 * h, output), 2);
  for (int j = 4; j < w - 4; ++j) { // away from the ends
    double at = ((2 * j + 0.5) / 2 - 0.5) / 2;
    EXPECT_NEAR(output[4 * w * h + 2 * j], 60 + 8 * at, 0.51) << j;
    EXPECT_EQ(output[4 * w * h + 2 * j + 1], 128);
  }
}

TEST(Planes, BytesThereAndBack) {
  for (bool reversed : {false, true})
    for (auto [low, high] : {std::pair{0.0f, 1.0f}, {0.0f, 255.0f}, {-1.0f, 1.0f}}) {
      Bytes bytes(256 * 3);
      for (size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = uint8_t(i * 7);
      std::vector<float> planes(bytes.size());
      planesFromBytes(bytes.data(), 256, 3, reversed, low, high, planes.data());
      EXPECT_FLOAT_EQ(planes[5], low + bytes[15 + (reversed ? 2 : 0)] * (high - low) / 255);
      Bytes back(bytes.size());
      bytesFromPlanes(planes.data(), 256, 3, reversed, low, high, back.data());
      EXPECT_EQ(back, bytes);
    }
}

TEST(Planes, ClippedAndRounded) {
  float planes[] = {-1, 0.49f, 0.51f, 254.6f, 300, NAN, std::numeric_limits<float>::infinity()};
  Bytes bytes(7);
  bytesFromPlanes(planes, 7, 1, false, 0, 255, bytes.data());
  EXPECT_THAT(bytes, ElementsAre(0, 0, 1, 255, 255, 0, 255));
}

} // namespace
