//===- Pruning.cpp - Which weights of a network go ------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Pruning.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <limits>
#include <stdexcept>

namespace srcc::search {
using sparsity::Scheme;

sparsity::Structure parseStructure(const std::string &text) {
  llvm::SmallVector<llvm::StringRef> parts;
  llvm::StringRef(text).split(parts, ':');
  auto scheme = sparsity::parseScheme(parts[0]);
  size_t most = !scheme ? 0 : *scheme == Scheme::Block || *scheme == Scheme::BCR ? 2 : *scheme == Scheme::Pattern;
  std::vector<int64_t> numbers;
  bool good = scheme && parts.size() <= most + 1;
  for (size_t i = 1; good && i < parts.size(); ++i) {
    int64_t number;
    good = !parts[i].getAsInteger(10, number) && number >= 1 && number <= 64;
    if (good)
      numbers.push_back(number);
  }
  if (!good)
    throw std::runtime_error("'" + text + "' is no scheme; there are dense, filter, channel, block:F:C, bcr:F:C, "
                             "pattern:SHARED and unstructured, numbers from 1 to 64");
  sparsity::Structure structure{*scheme};
  if (*scheme == Scheme::Pattern)
    structure.shared = numbers.empty() ? 4 : numbers[0];
  else {
    structure.filters = numbers.empty() ? 8 : numbers[0];
    structure.channels = numbers.size() < 2 ? 4 : numbers[1];
  }
  return structure;
}

std::string describeStructure(const sparsity::Structure &s) {
  auto blocks = [&] { return ":" + std::to_string(s.filters) + ":" + std::to_string(s.channels); };
  switch (s.scheme) {
  case Scheme::Dense:
    return "dense";
  case Scheme::Filter:
    return "filter";
  case Scheme::Channel:
    return "channel";
  case Scheme::Block:
    return "block" + blocks();
  case Scheme::BCR:
    return "bcr" + blocks();
  case Scheme::Pattern:
    return "pattern:" + std::to_string(s.shared);
  case Scheme::Unstructured:
    return "unstructured";
  }
  return "";
}

Plan uniformPlan(const Network &network, const sparsity::Structure &structure, double density) {
  Plan plan(network.convs.size());
  std::vector<bool> prunable = network.prunable();
  for (size_t i = 0; i < plan.size(); ++i)
    if (prunable[i])
      plan[i] = {structure, density};
  return plan;
}

Plan withDensity(Plan plan, double density) {
  for (LayerPlan &layer : plan)
    layer.density = layer.structure.scheme == Scheme::Dense ? 1 : density;
  return plan;
}

void pruneLayer(const ConvShape &conv, const sparsity::Structure &structure, double density, ConvWeights &weights) {
  auto [chosen, mask] = sparsity::prune(structure, conv.shape(), weights.weight, density);
  weights.structure = chosen;
  bool exact = chosen.scheme != Scheme::Unstructured;
  for (auto [value, kept] : llvm::zip_equal(weights.weight, mask))
    value = !kept ? 0 : exact && value == 0 ? std::numeric_limits<float>::min() : value;
  int64_t fan = conv.weights() / conv.out;
  if (chosen.scheme == Scheme::Filter)
    for (int64_t f = 0; f < conv.out; ++f)
      if (!llvm::is_contained(llvm::ArrayRef(mask).slice(f * fan, fan), 1))
        weights.bias[f] = 0;
}

Weights prune(const Network &network, const Weights &weights, const Plan &plan) {
  Weights result = weights;
  for (size_t i = 0; i < plan.size(); ++i)
    if (plan[i].structure.scheme != Scheme::Dense && plan[i].density < 1)
      pruneLayer(network.convs[i], plan[i].structure, plan[i].density, result[i]);
  return result;
}

Plan planOf(const Network &network, const Weights &weights) {
  Plan plan;
  for (auto [conv, layer] : llvm::zip_equal(network.convs, weights))
    plan.push_back({layer.structure, double(sparsity::countKept(sparsity::maskOf(layer.weight))) /
                                         double(conv.weights())});
  return plan;
}

double densityOf(const Network &network, const Plan &plan) {
  double kept = 0;
  for (auto [conv, layer] : llvm::zip_equal(network.convs, plan))
    kept += layer.density * double(conv.weights());
  return kept / double(network.macs());
}

double findDensity(const std::function<double(double)> &latency, double target, int steps) {
  int low = 0, high = steps; // at low the target is met, or low is 0
  if (latency(1) <= target)
    return 1;
  while (high - low > 1) {
    int middle = (low + high) / 2;
    (latency(double(middle) / steps) <= target ? low : high) = middle;
  }
  return double(low) / steps;
}

} // namespace srcc::search
