//===- Wdsr.cpp - Shape and weights of WDSR-B networks --------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Wdsr.h"

#include <algorithm>
#include <cmath>
#include <numeric>

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

void foldNorm(const ConvShape &conv, const float *parameters, float *weight) {
  int64_t fan = conv.in * conv.kernel * conv.kernel;
  const float *gain = parameters + conv.weights();
  for (int64_t filter = 0; filter < conv.out; ++filter) {
    const float *v = parameters + filter * fan;
    double factor = gain[filter] / std::sqrt(std::inner_product(v, v + fan, v, 0.0));
    for (int64_t i = 0; i < fan; ++i)
      weight[filter * fan + i] = float(factor * v[i]);
  }
}

void foldNormGradient(const ConvShape &conv, const float *parameters, const float *weightGradient,
                      const float *biasGradient, float *gradient) {
  int64_t fan = conv.in * conv.kernel * conv.kernel;
  const float *gain = parameters + conv.weights();
  for (int64_t filter = 0; filter < conv.out; ++filter) {
    const float *v = parameters + filter * fan, *dw = weightGradient + filter * fan;
    double square = std::inner_product(v, v + fan, v, 0.0), norm = std::sqrt(square);
    double along = std::inner_product(v, v + fan, dw, 0.0);
    for (int64_t i = 0; i < fan; ++i)
      gradient[filter * fan + i] = float(gain[filter] / norm * (dw[i] - along / square * v[i]));
    gradient[conv.weights() + filter] = float(along / norm);
  }
  std::copy_n(biasGradient, conv.out, gradient + conv.weights() + conv.out);
}

} // namespace srcc::search
