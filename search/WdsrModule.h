//===- WdsrModule.h - WDSR-B for LibTorch ---------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_WDSRMODULE_H
#define SRCC_SEARCH_WDSRMODULE_H

#include "search/Wdsr.h"

#include <torch/torch.h>

namespace srcc::search {

/// A WDSR-B network under weight normalisation. All parameters lie in one vector, convolution after
/// convolution (ConvShape::parameters), so that the optimiser, the moving average and the
/// checkpoints handle one tensor each.
class WdsrModule {
public:
  /// Directions v at random (uniform, fan-in scaled, from torch's generator), gains g = 2, 2,
  /// 1/sqrt(N) in a block and 1 elsewhere, biases 0.
  explicit WdsrModule(const WdsrShape &shape);

  const WdsrShape &shape() const { return config; }
  /// All parameters, float32 [P]: the leaf that requires a gradient.
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
  WdsrShape config;
  std::vector<ConvShape> convolutions;
  torch::Tensor flat;
};

} // namespace srcc::search
#endif // SRCC_SEARCH_WDSRMODULE_H
