//===- Blocks.cpp - What the cells of a network may be --------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Blocks.h"

#include <cmath>
#include <sstream>
#include <stdexcept>

namespace srcc::search {

/// WDSR's wide activation (Yu et al. 2018): 3x3 C -> wC, ReLU, 3x3 wC -> C, + input.
static int buildWdsrA(NetworkBuilder &b, const BlockPlace &p) {
  int64_t wide = std::llround(double(p.channels) * p.parameters[0]);
  if (wide < 1 || wide > 1024)
    throw std::runtime_error("wdsr-a: " + std::to_string(wide) +
                             " wide channels; 1 to 1024 are possible");
  double gain = 1 / std::sqrt(double(p.cells));
  int y = b.relu(p.name + ".relu", b.conv(p.name + ".expand", p.input, wide, 3, 2));
  return b.add(p.name + ".add", p.input, b.conv(p.name + ".conv", y, p.channels, 3, gain));
}

/// Its linear low-rank form: 1x1 C -> wC, ReLU, 1x1 wC -> floor(rank C), 3x3 -> C, + input.
static int buildWdsrB(NetworkBuilder &b, const BlockPlace &p) {
  int64_t wide = std::llround(double(p.channels) * p.parameters[0]);
  int64_t narrow = int64_t(std::floor(double(p.channels) * p.parameters[1] + 1e-9));
  if (wide < 1 || wide > 1024 || narrow < 1 || narrow > 1024)
    throw std::runtime_error("wdsr-b: " + std::to_string(wide) + " wide and " +
                             std::to_string(narrow) + " narrow channels; 1 to 1024 are possible");
  double gain = 1 / std::sqrt(double(p.cells));
  int y = b.relu(p.name + ".relu", b.conv(p.name + ".expand", p.input, wide, 1, 2));
  y = b.conv(p.name + ".reduce", y, narrow, 1, 2);
  return b.add(p.name + ".add", p.input, b.conv(p.name + ".conv", y, p.channels, 3, gain));
}

/// leaky relu(x + 3x3(x)): the sum is for training, where a chain of plain convolutions learns
/// less.
static int buildConv(NetworkBuilder &b, const BlockPlace &p) {
  if (p.parameters[0] >= 1)
    throw std::runtime_error("conv: the slope is below 1");
  double gain = 1 / std::sqrt(double(p.cells));
  int y = b.conv(p.name + ".conv", p.input, p.channels, 3, gain);
  return b.node({Op::LeakyRelu,
                 p.name + ".relu",
                 {b.add(p.name + ".add", p.input, y)},
                 -1,
                 float(p.parameters[0])});
}

std::map<std::string, BlockKind> &blockKinds() {
  static std::map<std::string, BlockKind> kinds = {
      {"skip", {{}, [](NetworkBuilder &, const BlockPlace &p) { return p.input; }}},
      {"conv", {{0.1}, buildConv}},
      {"wdsr-a", {{4}, buildWdsrA}},
      {"wdsr-b", {{6, 0.84}, buildWdsrB}}};
  return kinds;
}

int buildBlock(NetworkBuilder &builder, const std::string &block, BlockPlace place) {
  std::istringstream parts(block);
  std::string name, part;
  std::getline(parts, name, ':');
  auto found = blockKinds().find(name);
  if (found == blockKinds().end()) {
    std::string known;
    for (auto &[kind, unused] : blockKinds())
      known += (known.empty() ? "" : ", ") + kind;
    throw std::runtime_error("there is no block '" + name + "'; there are " + known);
  }
  place.parameters = found->second.defaults;
  for (size_t i = 0; std::getline(parts, part, ':'); ++i) {
    char *end;
    double value = std::strtod(part.c_str(), &end);
    if (i >= place.parameters.size() || part.empty() || *end || !(value > 0) ||
        !std::isfinite(value))
      throw std::runtime_error("block '" + block + "': " + name + " takes " +
                               std::to_string(place.parameters.size()) + " positive numbers");
    place.parameters[i] = value;
  }
  return found->second.build(builder, place);
}

Network buildNetwork(int64_t scale, const Frame &frame,
                     const std::vector<std::vector<std::string>> &cells) {
  Network network;
  network.name = "wdsr";
  network.scale = scale;
  NetworkBuilder b(network);
  b.hidden = frame.hidden;
  int centred = b.scale("centre", b.input(), 1, -0.5f);
  int features = b.conv("head", centred, frame.channels, 3);
  for (size_t cell = 0; cell < cells.size(); ++cell) {
    std::string name = "block" + std::to_string(cell);
    std::vector<int> results;
    for (size_t i = 0; i < cells[cell].size(); ++i) {
      BlockPlace place{name, features, frame.channels, int64_t(cells.size()), {}};
      if (cells[cell].size() > 1)
        place.name += "." + std::to_string(i);
      results.push_back(buildBlock(b, cells[cell][i], place));
    }
    features = results.size() == 1 ? results[0] : b.choice(name, results);
  }
  int64_t subpixels = network.channels * scale * scale;
  int tail = b.conv("tail", features, frame.tailRank ? frame.tailRank : subpixels, 3);
  if (frame.tailRank)
    tail = b.conv("spread", tail, subpixels, 1);
  int sum = b.add("add", tail, b.conv("skip", centred, subpixels, frame.skip));
  b.scale("uncentre", b.shuffle("shuffle", sum), 1, 0.5f);
  return network;
}

} // namespace srcc::search
