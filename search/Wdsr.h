//===- Wdsr.h - Shape and weights of WDSR-B networks ----------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What the trainer, the checkpoints and the emission share; free of LibTorch and MLIR.
//
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_WDSR_H
#define SRCC_SEARCH_WDSR_H

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace srcc::search {

/// WDSR-B (Yu et al., Wide Activation for Efficient and Accurate Image Super-Resolution):
///   y = x - 0.5;  f = head(y), 3x3, 3 -> C
///   f = f + c(b(relu(a(f)))), N times: a 1x1 C -> rC, b 1x1 rC -> floor(0.84 C), c 3x3 -> C
///   out = pixelShuffle(tail(f) + skip(y)) + 0.5; tail 3x3 C -> 3s^2, skip 5x5 3 -> 3s^2
/// on RGB in [0, 1]; zero padding keeps the size, every convolution has a bias.
struct WdsrShape {
  int64_t scale = 2, blocks = 8, channels = 16, expansion = 6;
  int64_t wide() const { return channels * expansion; }
  int64_t narrow() const { return channels * 84 / 100; }
};

/// One convolution as a network holds it: name, filters, input channels, kernel side.
struct ConvShape {
  std::string name;
  int64_t out, in, kernel;
  int64_t weights() const { return out * in * kernel * kernel; }
  /// Under weight normalisation: a direction v per filter (OIHW), a gain g per filter, a bias.
  int64_t parameters() const { return weights() + 2 * out; }
};

/// The convolutions of the network: head, block0.expand, block0.reduce, block0.conv, ..., tail,
/// skip.
std::vector<ConvShape> wdsrConvolutions(const WdsrShape &shape);

/// Folds weight normalisation, W = g v / |v| per filter (Salimans and Kingma, 2016).
/// \p parameters: v, g, bias; \p weight: OIHW.
void foldNorm(const ConvShape &conv, const float *parameters, float *weight);
/// The chain rule through foldNorm: from the gradients by the weight and the bias to the
/// gradient by the parameters, which is overwritten.
void foldNormGradient(const ConvShape &conv, const float *parameters, const float *weightGradient,
                      const float *biasGradient, float *gradient);

/// A convolution with its weights, weight normalisation folded: OIHW and [O].
struct ConvWeights : ConvShape {
  std::vector<float> weight, bias;
};

/// A trained network, layers in the order of wdsrConvolutions.
struct WdsrWeights {
  WdsrShape shape;
  std::vector<ConvWeights> layers;
};

} // namespace srcc::search
#endif // SRCC_SEARCH_WDSR_H
