//===- Wdsr.cpp - Shape and weights of WDSR-B networks --------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Wdsr.h"

namespace srcc::search {

std::vector<ConvShape> wdsrConvolutions(const WdsrShape &shape) {
  int64_t subpixels = 3 * shape.scale * shape.scale;
  std::vector<ConvShape> layers = {{"head", shape.channels, 3, 3}};
  for (int64_t block = 0; block < shape.blocks; ++block) {
    std::string name = "block" + std::to_string(block);
    layers.push_back({name + ".expand", shape.wide(), shape.channels, 1});
    layers.push_back({name + ".reduce", shape.narrow(), shape.wide(), 1});
    layers.push_back({name + ".conv", shape.channels, shape.narrow(), 3});
  }
  layers.push_back({"tail", subpixels, shape.channels, 3});
  layers.push_back({"skip", subpixels, 3, 5});
  return layers;
}

} // namespace srcc::search
