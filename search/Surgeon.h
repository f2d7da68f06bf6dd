//===- Surgeon.h - Pruning that mends what is left ------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Optimal Brain Surgeon, layer by layer (Hassibi and Stork, 1993; Frantar and Alistarh, Optimal
// Brain Compression, 2022), with a scheme's masks. A layer's outputs are to be what they are in the
// dense network, from the inputs that it has in the pruned one: a problem of least squares, whose
// solution W with the inverse Hessian H^-1 of its inputs says what a weight is worth, w^2 /
// (H^-1)_jj, and what the others become without it. Needs pictures, no training.
//
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_SURGEON_H
#define SRCC_SEARCH_SURGEON_H

#include "search/Data.h"
#include "search/Module.h"
#include "search/Pruning.h"

#include <functional>

namespace srcc::search {

/// What a layer is to compute: the products of its inputs with each other and with the wanted
/// outputs, summed over pixels. The last input is 1, whose weight is the bias.
struct LeastSquares {
  torch::Tensor inputs; ///< float64 [inputs + 1, inputs + 1]
  torch::Tensor wanted; ///< float64 [filters, inputs + 1]

  /// \p x: [N, C, H, W], \p y: [N, filters, H, W], a convolution of side \p kernel between them.
  static LeastSquares of(const torch::Tensor &x, const torch::Tensor &y, int64_t kernel);
};

/// The weights of a convolution under a structure, the least bad for \p problem that are found when
/// weights go in rounds, those worth least first, and the others are solved for anew. Filters are
/// worth what they explain of the wanted outputs. At density 1: the solution.
ConvWeights solvePruned(const ConvShape &conv, const LeastSquares &problem,
                        const sparsity::Structure &structure, double density);

/// A network's weights, pruned as planned from the first layer to the last, so that each makes up
/// for what those before it lost; layers that are not pruned, too. A sum of two branches is mended
/// in the one that is computed last. Filters that one convolution alone reads, through activations,
/// are worth what that one loses with them. \p low: pictures, [N, channels, H, W] in [0, 1].
Weights pruneBySurgeon(const Module &dense, const Plan &plan, const torch::Tensor &low);

/// What each layer loses at which density, and the densities that lose least.
class Losses {
public:
  /// Runs the dense network on the pictures. \p structures: of each layer; its densities do not
  /// matter. \p report is told of every layer; it may throw.
  Losses(
      const Module &dense, const Plan &structures, const torch::Tensor &low,
      const std::function<void(const std::string &)> &report = [](const std::string &) {});

  /// The density of each layer at which what is lost, plus \p price for each weight that is left,
  /// is least. What is lost is the sum of the mean squared errors of the result with one layer
  /// pruned each.
  Plan planAt(double price) const;
  /// The prices at which planAt() changes, the least first.
  std::vector<double> prices() const;

private:
  struct Step {
    double density, loss;
  };

  Plan structures;
  std::vector<std::vector<Step>> curves; ///< of each layer, from dense on
  std::vector<double> sizes;             ///< weights that go with a layer's
};

} // namespace srcc::search
#endif // SRCC_SEARCH_SURGEON_H
