//===- DataTest.cpp - Folders and patches ---------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Data.h"
#include "runtime/imaging/Resample.h"
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

// What a teacher made is cut and turned as the pictures are.
TEST(Patches, OfATeacherAreThoseOfThePictures) {
  std::vector<PicturePair> pictures;
  std::vector<imaging::Image> lessons;
  for (int kind : {0, 1}) {
    pictures.push_back({drawPicture(40, 40, kind), drawPicture(20, 20, kind)});
    lessons.push_back(pictures.back().high);
    for (uint8_t &value : lessons.back().pixels)
      value = uint8_t(255 - value);
  }
  PatchSampler sampler(pictures, 2, 4, 3, 1);
  sampler.teach(lessons);
  std::vector<float> low(3 * 16 * 3), high(3 * 16 * 12), taught(high.size());
  for (int step = 0; step < 10; ++step) {
    sampler.sample(step, low.data(), high.data(), taught.data());
    for (size_t i = 0; i < high.size(); ++i)
      ASSERT_NEAR(high[i] + taught[i], 1, 1e-6);
  }
}

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

// DIV2K's own reductions are read, where they are there for the scale.
TEST(Pictures, OfDiv2kHaveItsReductions) {
  Folder folder;
  std::filesystem::create_directories(folder.path / "DIV2K_train_HR");
  std::filesystem::create_directories(folder.path / "DIV2K_train_LR_bicubic/X2");
  std::filesystem::create_directories(folder.path / "DIV2K_valid_HR");
  imaging::savePng(drawPicture(24, 24, 0), folder / "DIV2K_train_HR/0001.png");
  imaging::savePng(drawPicture(24, 24, 1), folder / "DIV2K_valid_HR/0801.png");
  imaging::Image low = drawPicture(12, 12, 1); // not what a reduction would give
  imaging::savePng(low, folder / "DIV2K_train_LR_bicubic/X2/0001x2.png");
  for (const char *name : {"", "DIV2K_train_HR", "DIV2K_train_HR/"}) {
    std::vector<PicturePair> pictures = loadPictures({folder / name}, 2, 4);
    ASSERT_EQ(pictures.size(), 1u);
    EXPECT_EQ(pictures[0].low.pixels, low.pixels) << name;
  }
  // none by 3, none of the validation pictures
  for (auto [name, kind, scale] : {std::tuple("DIV2K_train_HR", 0, 3), {"DIV2K_valid_HR", 1, 2}})
    EXPECT_EQ(loadPictures({folder / name}, scale, 4).at(0).low.pixels,
              imaging::downscale(drawPicture(24, 24, kind), scale).pixels);
  auto errorOf = [&] {
    try {
      loadPictures({folder.path.string()}, 2, 4);
    } catch (const std::runtime_error &error) {
      return std::string(error.what());
    }
    return std::string();
  };
  std::string file = folder / "DIV2K_train_LR_bicubic/X2/0001x2.png";
  imaging::savePng(drawPicture(12, 10, 0), file);
  EXPECT_EQ(errorOf(), file + ": the picture is 12x10, but that of " +
                           (folder / "DIV2K_train_HR/0001.png") + " by 2 is 12x12");
  std::filesystem::remove(file);
  EXPECT_EQ(errorOf().rfind(file, 0), 0u) << errorOf();
}
