//===- Latency.h - What the cost model says of networks -------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_LATENCY_H
#define SRCC_SEARCH_LATENCY_H

#include "search/Network.h"

#include <memory>

namespace srcc::search {

/// How a convolution is to be pruned: the share of its weights that is kept under a structure.
struct LayerPlan {
  sparsity::Structure structure;
  double density = 1;
};
/// One entry per convolution.
using Plan = std::vector<LayerPlan>;

struct LatencyOptions {
  std::string target = "host";       ///< as srcc --target
  std::string precision = "f32";     ///< as srcc --precision
  int64_t width = 640, height = 360; ///< of the input
  std::string memo;                  ///< SQLite file of answers; empty: none
};

/// Compiles networks up to their kernels, in this process, and asks the cost model. Answers are
/// remembered by question, in the memo too, so that what was ever asked costs nothing; kernels are
/// remembered by what they do (cost::KernelCache), so that a new question costs what is new in it.
class Latency {
public:
  /// Errors: std::runtime_error: no such device, a precision it has not, a memo that cannot be
  /// used.
  explicit Latency(const LatencyOptions &options);
  ~Latency();

  /// Milliseconds of a network whose layers are pruned by magnitude as planned; the weights are
  /// random, so lists of taps are as unequal as those of a pruned network.
  double predict(const Network &network, const Plan &plan);
  /// Milliseconds of these very masks.
  double predict(const Network &network, const Weights &weights);

  /// Corrects predictions by what was measured: piecewise linear through (0, 0) and the points
  /// (predicted, measured), beyond the last in proportion to it.
  void calibrate(std::vector<std::pair<double, double>> points);

  /// Questions that were compiled, and those that were remembered; of the compiled ones, kernels
  /// that were in none before.
  int64_t compiled() const;
  int64_t kernelsCounted() const;
  int64_t remembered() const;
  /// Whether this machine runs the device's kernels as the device would: PoCL's CPU.
  bool isHere() const;

  struct State; ///< its insides

private:
  std::unique_ptr<State> state;
};

/// Piecewise linear through (0, 0) and the points, by rising x; beyond the last in proportion to
/// it.
double interpolate(const std::vector<std::pair<double, double>> &points, double x);

} // namespace srcc::search
#endif // SRCC_SEARCH_LATENCY_H
