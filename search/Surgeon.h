//===- Surgeon.h - Pruning that mends what is left ------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Optimal Brain Surgeon, layer by layer (Hassibi and Stork, 1993; Frantar and Alistarh, Optimal
// Brain Compression, 2022), with a scheme's masks. A layer's outputs are to be what they are in the
// dense network, from the inputs that it has in the pruned one: a problem of least squares, whose
// solution W with the inverse Hessian H^-1 of its inputs says the saliency of a weight, w^2 /
// (H^-1)_jj, and what the others become without it. What a scheme removes together has the sum of
// its weights' saliencies, as if they did not depend on each other. Needs pictures, no training.
//
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_SURGEON_H
#define SRCC_SEARCH_SURGEON_H

#include "search/Module.h"
#include "search/Pruning.h"

#include <functional>

namespace srcc::search {

/// Told what is under way.
using Report = std::function<void(const std::string &)>;

/// What a layer is to compute: the products of its inputs with each other and with the wanted
/// outputs, summed over pixels. The last input is 1, whose weight is the bias.
struct LeastSquares {
  torch::Tensor gram;  ///< float64 [inputs + 1, inputs + 1], with a ridge of 1e-6 of its diagonal
  torch::Tensor cross; ///< float64 [filters, inputs + 1]

  /// \p x: [N, C, H, W], \p y: [N, filters, H, W], a convolution of side \p kernel between them.
  /// Products are float32, their sums over a few pictures each are added in float64. Throws
  /// std::runtime_error if one is not finite.
  static LeastSquares of(const torch::Tensor &x, const torch::Tensor &y, int64_t kernel);
};

/// The weights of a convolution under a structure, the best for \p problem that are found when
/// weights go in rounds, those of least saliency first, and the others are solved for anew. That of
/// a filter is what the squared error gains without it. At density 1: the solution.
ConvWeights solvePruned(const ConvShape &conv, const LeastSquares &problem,
                        const sparsity::Structure &structure, double density);

/// The same network with other channels between two convolutions, without an activation between
/// them, of which the first is to lose filters: the principal axes of what the second one makes of
/// them, so that few channels hold most of it and the others may go. Pixels around each other are
/// taken to be independent. \p low: pictures, as below.
Weights alignToPrincipalAxes(const Module &dense, const Plan &plan, const torch::Tensor &low);

/// A network's weights, pruned as planned from the first layer to the last, so that each makes up
/// for what those before it lost; layers that are not pruned, too, from the first pruned one on.
/// Where a convolution is an operand of a sum whose other one is there, the sum is mended. The
/// saliency of a filter that one convolution alone reads, through activations, is that of the
/// channel there. \p low: pictures, [N, channels, H, W] in [0, 1]. \p report is told of every
/// layer; it may throw.
Weights pruneBySurgeon(const Module &dense, const Plan &plan, const torch::Tensor &low,
                       const Report &report = {});

/// What each layer loses at which density, and the densities that lose least.
class Losses {
public:
  /// The least density of a layer.
  static constexpr double least = 0.08;

  /// Runs the dense network on pictures as above. \p structures: of each layer; its densities do
  /// not matter.
  Losses(const Module &dense, const Plan &structures, const torch::Tensor &low,
         const Report &report = {});

  /// The density of each layer at which what is lost, plus \p price (a Lagrange multiplier) for
  /// each weight that is left, is least. What is lost is the sum over the layers of the mean
  /// squared error of the result, in the network's range, with that layer alone pruned.
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
