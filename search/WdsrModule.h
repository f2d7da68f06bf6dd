//===- WdsrModule.h - WDSR-B for LibTorch ---------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_WDSRMODULE_H
#define SRCC_SEARCH_WDSRMODULE_H

#include "search/Wdsr.h"

#include <torch/torch.h>

namespace srcc::search {

/// A WDSR-B network under weight normalisation, W = g v / |v| per filter (Salimans and Kingma).
/// All parameters lie in one flat vector and all gradients in another, so that the optimiser, the
/// moving average and the checkpoints handle one tensor each.
class WdsrModule {
public:
  /// Directions v at random (uniform, fan-in scaled, from torch's generator), gains g = 2, 2,
  /// 1/sqrt(N) in a block and 1 elsewhere, biases 0.
  explicit WdsrModule(const WdsrShape &shape);

  const WdsrShape &shape() const { return config; }
  /// All parameters, float32 [P]; a leaf whose gradient backward() fills.
  torch::Tensor parameters() const { return flat; }

  /// [N, 3, H, W] in [0, 1] -> [N, 3s^2, H, W], the picture before pixel shuffle.
  torch::Tensor subpixels(const torch::Tensor &input) const;
  /// [N, 3, H, W] in [0, 1] -> [N, 3, sH, sW].
  torch::Tensor forward(const torch::Tensor &input) const {
    return torch::pixel_shuffle(subpixels(input), config.scale);
  }

  /// The weights with the normalisation folded, computed from \p values [P] in place of the
  /// parameters (a moving average, for instance).
  WdsrWeights fold(const torch::Tensor &values) const;

private:
  struct Layer {
    ConvShape shape;
    int64_t offset; // in the flat vector: direction, gain, bias
    torch::Tensor direction, gain, bias;
    torch::Tensor weight() const;
    torch::Tensor operator()(const torch::Tensor &input) const;
  };
  WdsrShape config;
  torch::Tensor flat;
  std::vector<Layer> layers;
};

} // namespace srcc::search
#endif // SRCC_SEARCH_WDSRMODULE_H
