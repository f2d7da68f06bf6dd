//===- Data.cpp - Training pictures ---------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Data.h"
#include "runtime/imaging/Resample.h"

#include <algorithm>
#include <filesystem>
#include <random>
#include <stdexcept>

namespace srcc::search {
namespace fs = std::filesystem;

/// Where DIV2K has the reductions of its folder of large pictures, DIV2K_train_LR_bicubic/X2 beside
/// DIV2K_train_HR; empty if there are none.
static fs::path reductionsOf(const fs::path &folder, int scale) {
  std::string name = (folder / "").parent_path().filename().string();
  const std::string end = "_HR";
  if (name.rfind("DIV2K_", 0) != 0 || name.size() < end.size() ||
      name.compare(name.size() - end.size(), end.size(), end) != 0)
    return {};
  fs::path low = (folder / "").parent_path().parent_path() /
                 (name.substr(0, name.size() - end.size()) + "_LR_bicubic") /
                 ("X" + std::to_string(scale));
  return fs::is_directory(low) ? low : fs::path();
}

std::vector<PicturePair> loadPictures(const std::vector<std::string> &folders, int scale,
                                      int leastLow) {
  std::vector<PicturePair> pairs;
  for (const std::string &given : folders) {
    if (!fs::is_directory(given))
      throw std::runtime_error(given + ": not a folder");
    std::string folder = given;
    for (const char *inner : {"DIV2K_train_HR", "DIV2K_valid_HR"})
      if (fs::is_directory(fs::path(given) / inner)) {
        folder = (fs::path(given) / inner).string();
        break;
      }
    std::vector<std::string> files;
    for (const fs::directory_entry &entry : fs::directory_iterator(folder))
      if (entry.is_regular_file() && imaging::hasImageExtension(entry.path().string()))
        files.push_back(entry.path().string());
    if (files.empty())
      throw std::runtime_error(folder + ": no picture in the folder (png, jpg or jpeg)");
    std::sort(files.begin(), files.end());
    fs::path reductions = reductionsOf(folder, scale);
    for (const std::string &file : files) {
      imaging::Image picture = imaging::toRgb(imaging::loadImage(file));
      int width = picture.width / scale * scale, height = picture.height / scale * scale;
      if (std::min(width, height) < leastLow * scale)
        throw std::runtime_error(file + ": the picture is " + std::to_string(picture.width) + "x" +
                                 std::to_string(picture.height) +
                                 ", but both sides must be at least " +
                                 std::to_string(leastLow * scale));
      PicturePair pair{imaging::crop(picture, 0, 0, width, height), {}};
      if (reductions.empty()) {
        pair.low = imaging::downscale(pair.high, scale);
      } else {
        fs::path low = reductions / (fs::path(file).stem().string() + "x" + std::to_string(scale) +
                                     fs::path(file).extension().string());
        pair.low = imaging::toRgb(imaging::loadImage(low.string()));
        if (pair.low.width * scale != width || pair.low.height * scale != height)
          throw std::runtime_error(
              low.string() + ": the picture is " + std::to_string(pair.low.width) + "x" +
              std::to_string(pair.low.height) + ", but that of " + file + " by " +
              std::to_string(scale) + " is " + std::to_string(width / scale) + "x" +
              std::to_string(height / scale));
      }
      pairs.push_back(std::move(pair));
    }
  }
  return pairs;
}

void PatchSampler::sample(uint64_t step, float *low, float *high, float *taught) const {
  std::seed_seq sequence{uint32_t(seed), uint32_t(seed >> 32), uint32_t(step),
                         uint32_t(step >> 32)};
  std::mt19937_64 random(sequence);
  for (int b = 0; b < batch; ++b) {
    size_t number = random() % pictures.size();
    const PicturePair &pair = pictures[number];
    int left = int(random() % uint64_t(pair.low.width - patch + 1));
    int top = int(random() % uint64_t(pair.low.height - patch + 1));
    unsigned turn = random() & 7;
    // value at (y, x) of the turned square of side n whose corner is (n / patch) (top, left)
    auto at = [&](const imaging::Image &picture, int n, int y, int x) {
      if (turn & 1)
        std::swap(y, x);
      if (turn & 2)
        y = n - 1 - y;
      if (turn & 4)
        x = n - 1 - x;
      int s = n / patch;
      return &picture.pixels[(size_t(top * s + y) * picture.width + left * s + x) * 3];
    };
    // the subpixels of a low-resolution pixel, as pixel shuffle spreads them
    auto spread = [&](const imaging::Image &picture, int y, int x, float *&values) {
      for (int dy = 0; dy < scale; ++dy)
        for (int dx = 0; dx < scale; ++dx) {
          const uint8_t *rgb = at(picture, patch * scale, y * scale + dy, x * scale + dx);
          for (int c = 0; c < 3; ++c)
            values[(c * scale + dy) * scale + dx] = rgb[c] / 255.0f;
        }
      values += 3 * scale * scale;
    };
    for (int y = 0; y < patch; ++y)
      for (int x = 0; x < patch; ++x) {
        const uint8_t *rgb = at(pair.low, patch, y, x);
        for (int c = 0; c < 3; ++c)
          *low++ = rgb[c] / 255.0f;
        if (high)
          spread(pair.high, y, x, high);
        if (taught)
          spread(lessons->at(number), y, x, taught);
      }
  }
}

} // namespace srcc::search
