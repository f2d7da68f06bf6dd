//===- Ratios.cpp - How much of each layer goes ---------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Ratios.h"
#include "search/Surgeon.h"

#include "llvm/Support/FormatVariadic.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>

namespace srcc::search {
using sparsity::Scheme;

/// The structure whose units are regularised. A pattern is taken tap by tap for the filters that
/// share it, rows and columns of blocks (bcr) column by column.
static sparsity::Structure unitStructure(const sparsity::Structure &s) {
  if (s.scheme == Scheme::Pattern)
    return {Scheme::Block, s.shared, 1};
  if (s.scheme == Scheme::BCR)
    return {Scheme::Block, s.filters, 1};
  return s;
}

Ratios::Ratios(Module &module, const Plan &plan, Latency &latency, const RatioOptions &options)
    : module(module), plan(plan), latency(latency), options(options) {
  const Network &network = module.network();
  kept.push_back(torch::tensor({options.strength}, torch::kFloat64));
  for (size_t i = 0; i < plan.size(); ++i) {
    if (plan[i].structure.scheme == Scheme::Dense) {
      units.push_back({});
      counts.push_back({});
      kept.push_back(torch::empty({0}));
      continue;
    }
    sparsity::Structure adapted = sparsity::adapt(plan[i].structure, network.convs[i].shape());
    units.push_back(
        torch::tensor(sparsity::unitsOf(unitStructure(adapted), network.convs[i].shape())));
    counts.push_back(units.back().bincount().to(torch::kFloat32));
    kept.push_back(options.method == "admm" ? torch::zeros({2, units.back().numel()})
                                            : torch::ones({counts.back().numel()}));
  }
  if (options.method == "magnitude" || options.method == "surgeon")
    return;
  denseMs = latency.predict(network, withDensity(plan, 1));
  if (options.method == "admm") {
    density = findDensity([&](double d) { return latency.predict(network, withDensity(plan, d)); },
                          options.targetMs, options.steps);
    density = std::max(density, 1.0 / options.steps);
  }
}

std::vector<torch::Tensor> Ratios::energies(const std::vector<torch::Tensor> &values) const {
  std::vector<torch::Tensor> result;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!units[i].defined()) {
      result.push_back({});
      continue;
    }
    torch::Tensor squares = values[i].detach().slice(0, 0, units[i].numel()).square();
    torch::Tensor sums = torch::zeros_like(counts[i]).index_add_(0, units[i], squares) / counts[i];
    result.push_back(sums / squares.mean().clamp_min(1e-30));
  }
  return result;
}

Plan Ratios::planAt(const std::vector<torch::Tensor> &energies, double threshold) const {
  Plan result = plan;
  for (size_t i = 0; i < plan.size(); ++i) {
    result[i].density = 1;
    if (!units[i].defined())
      continue;
    double left = (energies[i].ge(threshold).to(torch::kFloat32) * counts[i]).sum().item<double>() /
                  double(units[i].numel());
    result[i].density =
        std::clamp(std::ceil(left * options.steps) / options.steps, options.floor, 1.0);
  }
  return result;
}

/// ADMM: Z, the projection of W + U onto what a density keeps, and U, the distance added up.
void Ratios::project() {
  const Network &network = module.network();
  for (size_t i = 0; i < plan.size(); ++i) {
    if (!units[i].defined())
      continue;
    torch::Tensor weight = module.parameters()[i].detach().slice(0, 0, units[i].numel());
    torch::Tensor z = kept[i + 1][0], u = kept[i + 1][1];
    torch::Tensor sum = (weight + u).contiguous();
    ConvWeights layer{{sum.data_ptr<float>(), sum.data_ptr<float>() + sum.numel()},
                      std::vector<float>(network.convs[i].out)};
    pruneLayer(network.convs[i], plan[i].structure, density, layer);
    z.copy_(torch::tensor(layer.weight));
    u.add_(weight - z);
  }
}

void Ratios::regularise(int64_t step, double part) {
  const std::vector<torch::Tensor> &values = module.parameters();
  bool refresh = step % options.refresh == 0;
  if (options.method == "admm") {
    if (refresh)
      project();
    for (size_t i = 0; i < plan.size(); ++i)
      if (units[i].defined()) {
        // decoupled, as the penalty below
        torch::Tensor weight = values[i].slice(0, 0, units[i].numel());
        weight.lerp_(kept[i + 1][0] - kept[i + 1][1], std::min(1.0, options.rate * options.rho));
      }
    return;
  }
  double lambda = kept[0].item<double>();
  if (refresh) {
    std::vector<torch::Tensor> now = energies(values);
    for (size_t i = 0; i < plan.size(); ++i)
      if (units[i].defined())
        kept[i + 1].copy_((now[i] + options.epsilon).reciprocal());
    if (step > 0) {
      double wanted = denseMs + (options.targetMs - denseMs) * std::min(1.0, part / 0.9);
      double ms = latency.predict(module.network(), planAt(now, options.threshold));
      lambda *= ms > wanted ? 1.5 : 1 / 1.5;
      kept[0].fill_(lambda);
    }
  }
  for (size_t i = 0; i < plan.size(); ++i)
    if (units[i].defined()) {
      torch::Tensor factor = (1 - options.rate * lambda * kept[i + 1]).clamp(0, 1);
      values[i].slice(0, 0, units[i].numel()).mul_(factor.index_select(0, units[i]));
    }
}

Weights Ratios::settle(const Weights &weights, const torch::Tensor &low, double *ms) {
  const Network &network = module.network();
  auto ask = [&](auto &&masked) {
    double predicted = latency.predict(network, masked);
    if (options.report)
      options.report(llvm::formatv("{0:f3} ms predicted, the target is {1:f3} ms", predicted,
                                   options.targetMs));
    return predicted;
  };
  // plans from the slowest on
  auto settleBy = [&](int plans, auto planOf, auto pruneBy) -> std::optional<Weights> {
    double wanted = options.targetMs;
    for (int before = -1;;) { // too slow
      int high = plans - 1;   // may be too slow, too
      while (high - before > 1) {
        int middle = (before + high) / 2;
        (ask(planOf(middle)) <= wanted ? high : before) = middle;
      }
      Plan plan = planOf(high);
      Weights pruned = pruneBy(plan);
      *ms = ask(pruned);
      if (*ms <= options.targetMs)
        return pruned;
      if (high == plans - 1)
        return std::nullopt;
      // these very masks are slower than random ones, and others will be so by as much
      wanted = std::min(wanted, ask(plan)) * options.targetMs / *ms;
      before = high;
    }
  };
  auto byMagnitude = [&](const Plan &plan) { return prune(network, weights, plan); };
  std::optional<Weights> settled;
  if (options.method == "surgeon") {
    Module dense(network, alignToPrincipalAxes(module, plan, low));
    Losses losses(dense, plan, low, options.report);
    std::vector<double> prices = losses.prices();
    settled = settleBy(
        int(prices.size()) + 1,
        [&](int i) {
          // between two prices at which plans change, none, and more than the last
          return losses.planAt(i == 0                    ? 0
                               : i == int(prices.size()) ? prices.back() * 2
                                                         : (prices[i - 1] + prices[i]) / 2);
        },
        [&](const Plan &plan) { return pruneBySurgeon(dense, plan, low, options.report); });
  } else if (options.method == "reweighted") {
    std::vector<torch::Tensor> values;
    for (const ConvWeights &layer : weights)
      values.push_back(torch::tensor(layer.weight));
    std::vector<torch::Tensor> now = energies(values);
    // a threshold is one of the energies, or above all of them: every layer at its floor
    std::vector<double> thresholds{std::numeric_limits<double>::infinity()};
    for (size_t i = 0; i < now.size(); ++i)
      if (units[i].defined()) {
        torch::Tensor energy = now[i].to(torch::kFloat32).contiguous();
        thresholds.insert(thresholds.end(), energy.data_ptr<float>(),
                          energy.data_ptr<float>() + energy.numel());
      }
    std::sort(thresholds.begin(), thresholds.end());
    thresholds.erase(std::unique(thresholds.begin(), thresholds.end()), thresholds.end());
    settled = settleBy(
        int(thresholds.size()), [&](int i) { return planAt(now, thresholds[i]); }, byMagnitude);
  } else {
    settled = settleBy(
        options.steps,
        [&](int i) { return withDensity(plan, 1 - double(i) / double(options.steps)); },
        byMagnitude);
  }
  if (!settled)
    throw std::runtime_error("the schemes do not meet " + std::to_string(options.targetMs) +
                             " ms: " + std::to_string(*ms) + " ms are left at the least density");
  return std::move(*settled);
}

} // namespace srcc::search
