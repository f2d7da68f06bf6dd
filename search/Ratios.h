//===- Ratios.h - How much of each layer goes -----------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Reweighted regularisation: a group of weights that a scheme keeps or removes together has an
// energy, its mean square relative to the layer's. The penalty lambda/2 sum beta_g |W_g|^2 with
// beta_g = 1 / (energy_g + epsilon), refreshed now and then, pushes small groups to zero and leaves
// large ones alone, so the ratio of each layer emerges. It is applied beside Adam, as decoupled
// weight decay is, so that lambda has no unit. The cost model steers lambda: what would be left now
// is to take a latency that falls in a line from dense to the target. RatioOptions::method has what
// else settles ratios.
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_RATIOS_H
#define SRCC_SEARCH_RATIOS_H

#include "search/Module.h"
#include "search/Pruning.h"

#include <functional>

namespace srcc::search {

struct RatioOptions {
  std::string method = "reweighted"; ///< or admm, magnitude, surgeon
  double strength = 1;               ///< lambda at first
  double epsilon = 0.01;
  double threshold = 0.1; ///< groups of less energy count as gone while lambda is steered
  double rho = 10;        ///< admm: a step moves weights by rate x rho of the way to the projection
  int64_t refresh = 100;  ///< steps between refreshes
  double floor = 0.05;    ///< reweighted: the least density of a layer
  double rate = 5e-4;     ///< of the training
  int steps = 32;         ///< of density
  double targetMs = 0;
  /// Told how far settling has come; may throw to end it.
  std::function<void(const std::string &)> report = {};
};

class Ratios {
public:
  /// \p plan has the structure of each layer; the module has plain weights. All outlive this.
  Ratios(Module &module, const Plan &plan, Latency &latency, const RatioOptions &options);

  /// The hook of TrainHooks.
  void regularise(int64_t step, double part);
  /// Lambda, and beta of each group or the projections: what belongs to checkpoints.
  std::vector<torch::Tensor> &state() { return kept; }

  /// Hard masks by one threshold on all energies, the lowest whose masks meet the target by the
  /// cost model; for admm and magnitude by one density, for surgeon by one price of a weight, and
  /// the module's weights as the surgeon leaves them, not \p weights. \p low: pictures for the
  /// surgeon, as pruneBySurgeon() takes them. \p ms: what the cost model says of the masks. Throws
  /// std::runtime_error if nothing meets the target.
  Weights settle(const Weights &weights, const torch::Tensor &low, double *ms);

private:
  std::vector<torch::Tensor> energies(const std::vector<torch::Tensor> &values) const;
  Plan planAt(const std::vector<torch::Tensor> &energies, double threshold) const;
  void project();

  Module &module;
  const Plan &plan;
  Latency &latency;
  RatioOptions options;
  std::vector<torch::Tensor> units;  // of each weight, undefined for dense layers
  std::vector<torch::Tensor> counts; // weights of each unit
  std::vector<torch::Tensor> kept;
  double density = 1; // admm
  double denseMs = 0;
};

} // namespace srcc::search
#endif // SRCC_SEARCH_RATIOS_H
