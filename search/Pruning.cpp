//===- Pruning.cpp - Which weights of a network go ------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Pruning.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <cmath>
#include <limits>
#include <regex>
#include <stdexcept>

namespace srcc::search {
using sparsity::Scheme;

sparsity::Structure parseStructure(const std::string &text) {
  llvm::SmallVector<llvm::StringRef> parts;
  llvm::StringRef(text).split(parts, ':');
  auto scheme = sparsity::parseScheme(parts[0]);
  size_t most = !scheme                                              ? 0
                : *scheme == Scheme::Block || *scheme == Scheme::BCR ? 2
                                                                     : *scheme == Scheme::Pattern;
  std::vector<int64_t> numbers;
  bool good = scheme && parts.size() <= most + 1;
  for (size_t i = 1; good && i < parts.size(); ++i) {
    int64_t number;
    good = !parts[i].getAsInteger(10, number) && number >= 1 && number <= 64;
    if (good)
      numbers.push_back(number);
  }
  if (!good)
    throw std::runtime_error(
        "'" + text +
        "' is no scheme; there are dense, filter, channel, block:F:C, bcr:F:C, "
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

std::optional<sparsity::Structure> fixedStructure(const std::vector<std::string> &rules,
                                                  const std::string &layer) {
  std::optional<sparsity::Structure> found;
  for (const std::string &rule : rules) {
    size_t split = rule.rfind('=');
    if (split == std::string::npos)
      throw std::runtime_error("'" + rule + "' is no rule; it takes REGEX=SCHEME");
    sparsity::Structure structure = parseStructure(rule.substr(split + 1));
    try {
      if (std::regex_search(layer, std::regex(rule.substr(0, split))) && !found)
        found = structure;
    } catch (const std::regex_error &error) {
      throw std::runtime_error("'" + rule + "': " + error.what());
    }
  }
  return found;
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

void pruneLayer(const ConvShape &conv, const sparsity::Structure &structure, double density,
                ConvWeights &weights) {
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

Weights balance(const Network &network, Weights weights) {
  std::vector<int> uses(network.nodes.size());
  for (const Node &n : network.nodes)
    for (int input : n.inputs)
      ++uses[input];
  auto isSole = [&](int node, Op op) { return network.nodes[node].op == op && uses[node] == 1; };
  for (const Node &n : network.nodes) {
    if (n.op != Op::Conv || !isSole(n.inputs[0], Op::Relu))
      continue;
    int before = network.nodes[n.inputs[0]].inputs[0];
    if (!isSole(before, Op::Conv))
      continue;
    const ConvShape &made = network.convs[network.nodes[before].conv],
                    &read = network.convs[n.conv];
    ConvWeights &a = weights[network.nodes[before].conv], &b = weights[n.conv];
    int64_t fan = made.weights() / made.out, taps = read.kernel * read.kernel;
    for (int64_t c = 0; c < made.out; ++c) {
      auto forReaders = [&](auto action) {
        for (int64_t f = 0; f < read.out; ++f)
          for (int64_t k = 0; k < taps; ++k)
            action(b.weight[(f * read.in + c) * taps + k]);
      };
      double maker = 0, readers = 0;
      for (int64_t k = 0; k < fan; ++k)
        maker += double(a.weight[c * fan + k]) * a.weight[c * fan + k];
      forReaders([&](float w) { readers += double(w) * w; });
      if (maker == 0 || readers == 0)
        continue;
      double factor = std::pow(readers / maker, 0.25);
      for (int64_t k = 0; k < fan; ++k)
        a.weight[c * fan + k] = float(a.weight[c * fan + k] * factor);
      a.bias[c] = float(a.bias[c] * factor);
      forReaders([&](float &w) { w = float(w / factor); });
    }
  }
  return weights;
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
