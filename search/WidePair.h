//===- WidePair.h - The two 1x1 convolutions of a WDSR-B block ------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// y = B relu(A x + a) + b for each of many pixels, and its gradients. The wide vector between the
// two products is made and used up in tiles that fit into the first-level cache, in both
// directions: as two convolutions of a library it would go through memory a dozen times, which is
// where most of a training step would go.
//
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_WIDEPAIR_H
#define SRCC_SEARCH_WIDEPAIR_H

#include <cstdint>
#include <vector>

namespace srcc::search {

/// The weights, prepared for use: a: [wide, in] and [wide], b: [out, wide] and [out].
class WidePair {
public:
  WidePair(int64_t in, int64_t wide, int64_t out, const float *a, const float *biasA,
           const float *b, const float *biasB);

  /// \p x: [pixels, in]; \p y: [pixels, out].
  void forward(int64_t pixels, const float *x, float *y) const;

  /// Laid out as the constructor takes the weights.
  struct Gradients {
    std::vector<float> a, biasA, b, biasB;
  };
  /// From \p x and the gradient \p dy [pixels, out] by y: the gradient \p dx [pixels, in], and
  /// those by the weights, summed over the pixels.
  Gradients backward(int64_t pixels, const float *x, const float *dy, float *dx) const;

private:
  int64_t in, wide, out;          // channels
  int64_t inRow, wideRow, outRow; // rounded up to whole vectors
  // A and B by rows and transposed, rows padded with zeros, and the biases
  std::vector<float> a, aTransposed, biasA, b, bTransposed, biasB;
};

} // namespace srcc::search
#endif // SRCC_SEARCH_WIDEPAIR_H
