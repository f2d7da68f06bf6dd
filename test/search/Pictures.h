//===- Pictures.h - Pictures and folders for the tests of search/ ---------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_TEST_SEARCH_PICTURES_H
#define SRCC_TEST_SEARCH_PICTURES_H

#include "runtime/imaging/Image.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace srcc::search {

/// A folder of its own for one test, removed with all it holds.
struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "srcc-search-XXXXXX").string();
    if (!mkdtemp(name.data()))
      throw std::runtime_error("no temporary folder");
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string operator/(const std::string &name) const { return (path / name).string(); }
};

/// Waves and edges that differ with \p kind.
inline imaging::Image drawPicture(int width, int height, int kind) {
  imaging::Image picture(width, height, 3);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c) {
        double wave = 60 * std::sin(0.1 * (kind + 1) * x + c) * std::cos(0.07 * (kind + 2) * y);
        double edge = (x / 9 + y / (7 + kind)) % 2 ? 40 : -40;
        picture.row(y)[x * 3 + c] = uint8_t(std::lround(128 + wave + edge));
      }
  return picture;
}

} // namespace srcc::search
#endif // SRCC_TEST_SEARCH_PICTURES_H
