//===- Pruning.h - Which weights of a network go --------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_PRUNING_H
#define SRCC_SEARCH_PRUNING_H

#include "search/Latency.h"

#include <functional>
#include <optional>

namespace srcc::search {

/// The structure of a name as configurations have it: dense, filter, channel, block:F:C (8, 4),
/// pattern:SHARED (4), bcr:F:C (8, 4), unstructured. Throws std::runtime_error that says what there
/// is.
sparsity::Structure parseStructure(const std::string &text);
/// The name back.
std::string describeStructure(const sparsity::Structure &structure);

/// The structure of the first of the rules REGEX=SCHEME whose expression is found in a layer's
/// name; none if there is no such rule. Throws std::runtime_error for a rule that is none.
std::optional<sparsity::Structure> fixedStructure(const std::vector<std::string> &rules,
                                                  const std::string &layer);

/// A plan of one structure and density for all layers that may be pruned.
Plan uniformPlan(const Network &network, const sparsity::Structure &structure, double density);
/// The plan with one density in all layers of a scheme.
Plan withDensity(Plan plan, double density);

/// Magnitude pruning of a layer by sparsity::prune, as the pass sr-prune does it: removed weights
/// are zero, a filter that goes takes its bias along, kept ones are never zero.
void pruneLayer(const ConvShape &conv, const sparsity::Structure &structure, double density,
                ConvWeights &weights);
/// Prunes all layers as planned.
Weights prune(const Network &network, const Weights &weights, const Plan &plan);
/// The same network with every channel between two convolutions and one relu scaled so that the
/// filter that makes it and the weights that read it have one norm: magnitudes then say what a
/// channel is worth.
Weights balance(const Network &network, Weights weights);
/// The plan that masks follow: structures and densities of pruned weights.
Plan planOf(const Network &network, const Weights &weights);
/// The share of all weights that a plan keeps.
double densityOf(const Network &network, const Plan &plan);

/// The greatest of the densities 1/steps, 2/steps ... 1 at which \p latency of the plan with that
/// density is at most \p target; 0 if there is none. By bisection: latency rises with density.
double findDensity(const std::function<double(double)> &latency, double target, int steps = 64);

} // namespace srcc::search
#endif // SRCC_SEARCH_PRUNING_H
