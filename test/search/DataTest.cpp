//===- DataTest.cpp - Folders and patches ---------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Data.h"
#include "test/search/Pictures.h"

#include <fstream>
#include <gtest/gtest.h>
#include <set>

using namespace srcc;
using namespace srcc::search;

// pictures in which every pixel differs from every other
static imaging::Image numbered(int width, int height) {
  imaging::Image image(width, height, 3);
  for (int i = 0; i < width * height; ++i)
    image.pixels[i * 3] = uint8_t(i), image.pixels[i * 3 + 1] = uint8_t(i >> 8);
  return image;
}

static imaging::Image quarterTurn(const imaging::Image &in) {
  imaging::Image out(in.height, in.width, 3);
  for (int y = 0; y < in.height; ++y)
    for (int x = 0; x < in.width; ++x)
      std::copy_n(&in.row(y)[x * 3], 3, &out.row(x)[(in.height - 1 - y) * 3]);
  return out;
}

static imaging::Image mirror(const imaging::Image &in) {
  imaging::Image out(in.width, in.height, 3);
  for (int y = 0; y < in.height; ++y)
    for (int x = 0; x < in.width; ++x)
      std::copy_n(&in.row(y)[x * 3], 3, &out.row(y)[(in.width - 1 - x) * 3]);
  return out;
}

class Patches : public testing::TestWithParam<int> {};

// Each patch is one of the eight turns of a crop, the same one at both resolutions, and all turns
// and all places occur.
TEST_P(Patches, AreTurnedCrops) {
  int scale = GetParam(), patch = 4, batch = 3;
  std::vector<PicturePair> pictures(1);
  pictures[0] = {numbered(7 * scale, 6 * scale), numbered(7, 6)};
  PatchSampler sampler(pictures, scale, patch, batch, 5);
  int subpixels = 3 * scale * scale, side = patch * scale;
  std::vector<float> low(batch * patch * patch * 3), high(batch * patch * patch * subpixels);
  std::set<std::tuple<int, int, int>> seen;
  for (int step = 0; step < 300; ++step) {
    sampler.sample(step, low.data(), high.data());
    for (int b = 0; b < batch; ++b) {
      imaging::Image lowPatch(patch, patch, 3), highPatch(side, side, 3);
      for (int i = 0; i < patch * patch * 3; ++i)
        lowPatch.pixels[i] = uint8_t(std::lround(low[b * patch * patch * 3 + i] * 255));
      for (int y = 0; y < side; ++y)
        for (int x = 0; x < side; ++x)
          for (int c = 0; c < 3; ++c) {
            int pixel = (b * patch + y / scale) * patch + x / scale;
            int channel = c * scale * scale + y % scale * scale + x % scale;
            highPatch.row(y)[x * 3 + c] =
                uint8_t(std::lround(high[pixel * subpixels + channel] * 255));
          }
      int matches = 0;
      for (int top = 0; top <= 2; ++top)
        for (int left = 0; left <= 3; ++left) {
          imaging::Image a = imaging::crop(pictures[0].low, left, top, patch, patch);
          imaging::Image h = imaging::crop(pictures[0].high, left * scale, top * scale, side, side);
          for (int turn = 0; turn < 8; ++turn) {
            if (a.pixels == lowPatch.pixels && h.pixels == highPatch.pixels) {
              ++matches;
              seen.insert({top, left, turn});
            }
            a = quarterTurn(a), h = quarterTurn(h);
            if (turn == 3)
              a = mirror(a), h = mirror(h);
          }
        }
      EXPECT_EQ(matches, 1) << "step " << step << ", patch " << b;
    }
  }
  EXPECT_EQ(seen.size(), 3u * 4 * 8);
}
INSTANTIATE_TEST_SUITE_P(Scales, Patches, testing::Values(1, 2, 3));

TEST(Patches, DependOnSeedAndStepAlone) {
  std::vector<PicturePair> pictures(1);
  pictures[0] = {numbered(40, 40), numbered(20, 20)};
  auto sample = [&](uint64_t seed, uint64_t step) {
    std::vector<float> low(2 * 16 * 3), high(2 * 16 * 12);
    PatchSampler(pictures, 2, 4, 2, seed).sample(step, low.data(), high.data());
    low.insert(low.end(), high.begin(), high.end());
    return low;
  };
  EXPECT_EQ(sample(1, 7), sample(1, 7));
  EXPECT_NE(sample(1, 7), sample(1, 8));
  EXPECT_NE(sample(1, 7), sample(2, 7));
}

TEST(Pictures, SidesAreCutToTheScale) {
  Folder folder;
  imaging::savePng(drawPicture(23, 32, 0), folder / "b.png");
  imaging::savePng(drawPicture(30, 24, 1), folder / "a.png");
  std::ofstream(folder / "notes.txt") << "no picture";
  std::vector<PicturePair> pictures = loadPictures({folder.path.string()}, 3, 7);
  ASSERT_EQ(pictures.size(), 2u);
  EXPECT_EQ(pictures[0].high.pixels, drawPicture(30, 24, 1).pixels);
  EXPECT_EQ(pictures[1].high.pixels, imaging::crop(drawPicture(23, 32, 0), 0, 0, 21, 30).pixels);
  EXPECT_EQ(pictures[1].low.width, 7);
  EXPECT_EQ(pictures[1].low.height, 10);
}
