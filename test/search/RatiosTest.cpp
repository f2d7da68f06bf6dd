//===- RatiosTest.cpp - How much of each layer goes -----------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Ratios.h"
#include "search/Blocks.h"
#include "search/Trainer.h"
#include "test/search/Pictures.h"

#include <gtest/gtest.h>

using namespace srcc;
using namespace srcc::search;

namespace {

/// A small network, what it is pruned by, and two pictures.
struct Pruned : Folder {
  Network network = buildNetwork(2, {8}, {{"wdsr-a:1"}});
  Latency &latency = oneForAll();
  Plan plan = uniformPlan(network, parseStructure("block:4:4"), 1);
  Weights weights;
  RatioOptions ratio;
  TrainOptions training;

  /// Every question is compiled once.
  static Latency &oneForAll() {
    static Latency latency({"pocl-cpu", "f32", 96, 64, ""});
    return latency;
  }
  Pruned() {
    torch::manual_seed(1);
    Module fresh(network);
    weights = balance(network, fresh.fold(fresh.parameters()));
    double dense = latency.predict(network, plan);
    double least = latency.predict(network, withDensity(plan, 0.1));
    ratio.targetMs = (dense + least) / 2;
    ratio.steps = 8;
    ratio.refresh = 10;
    std::filesystem::create_directory(path / "pictures");
    for (int kind : {0, 1})
      imaging::savePng(drawPicture(64, 48, kind),
                       *this / ("pictures/" + std::to_string(kind) + ".png"));
    training.data = {*this / "pictures"};
    training.steps = 60;
    training.patch = 8;
    training.batch = 4;
    training.quiet = true;
  }
  void train(Module &module, Ratios &ratios) {
    TrainHooks hooks;
    hooks.regularise = [&](int64_t step, double part) { ratios.regularise(step, part); };
    hooks.state = &ratios.state();
    ASSERT_TRUE(Trainer(module, training, hooks).run(TrainingData(training, 2)));
  }
  /// Masks of every layer that may be pruned that meet the target.
  void expectMasks(const Weights &settled, double ms) {
    EXPECT_LE(ms, ratio.targetMs);
    EXPECT_EQ(ms, latency.predict(network, settled));
    std::vector<bool> prunable = network.prunable();
    for (size_t i = 0; i < settled.size(); ++i) {
      double kept = planOf(network, settled)[i].density;
      if (prunable[i]) {
        EXPECT_GT(kept, 0) << network.convs[i].name;
        EXPECT_LT(kept, 0.95) << network.convs[i].name;
        EXPECT_EQ(settled[i].structure.scheme, sparsity::Scheme::Block);
      } else {
        EXPECT_EQ(kept, 1) << network.convs[i].name;
      }
    }
  }
};

/// How far weights are from what a density keeps of them, relative to their size.
double distanceToPruned(const Network &network, const Plan &plan, const Weights &weights) {
  Weights pruned = prune(network, weights, plan);
  double difference = 0, all = 0;
  for (size_t i = 0; i < weights.size(); ++i)
    for (size_t k = 0; k < weights[i].weight.size(); ++k) {
      difference += std::pow(weights[i].weight[k] - pruned[i].weight[k], 2);
      all += plan[i].density < 1 ? std::pow(weights[i].weight[k], 2) : 0;
    }
  return difference / all;
}

} // namespace

// The largest groups stay as they are, the rest is zero.
TEST(Ratios, MagnitudePrunesAtOnce) {
  Pruned setup;
  setup.ratio.method = "magnitude";
  Module module(setup.network, setup.weights);
  Ratios ratios(module, setup.plan, setup.latency, setup.ratio);
  double ms;
  Weights settled = ratios.settle(setup.weights, {}, &ms);
  setup.expectMasks(settled, ms);
  for (size_t i = 0; i < settled.size(); ++i)
    for (size_t k = 0; k < settled[i].weight.size(); ++k)
      EXPECT_TRUE(settled[i].weight[k] == 0 || settled[i].weight[k] == setup.weights[i].weight[k]);
}

// Training draws the weights to what the density of the target keeps of them.
TEST(Ratios, AdmmDrawsWeightsToPrunedOnes) {
  Pruned setup;
  setup.ratio.method = "admm";
  setup.ratio.rho = 100;
  Module module(setup.network, setup.weights);
  Ratios ratios(module, setup.plan, setup.latency, setup.ratio);
  setup.train(module, ratios);
  Weights trained = module.fold(module.parameters());
  double ms;
  Weights settled = ratios.settle(trained, {}, &ms);
  setup.expectMasks(settled, ms);
  Plan kept = planOf(setup.network, settled);
  for (size_t i = 0; i < kept.size(); ++i)
    kept[i].structure = setup.plan[i].structure;
  EXPECT_LT(distanceToPruned(setup.network, kept, trained),
            0.3 * distanceToPruned(setup.network, kept, setup.weights));
}

// The price of a weight settles densities and masks; weights are mended.
TEST(Ratios, SurgeonMeetsTheTarget) {
  Pruned setup;
  setup.ratio.method = "surgeon";
  Module module(setup.network, setup.weights);
  Ratios ratios(module, setup.plan, setup.latency, setup.ratio);
  double ms;
  torch::Tensor low = torch::rand({16, 3, 12, 12});
  Weights settled = ratios.settle(setup.weights, low, &ms);
  setup.expectMasks(settled, ms);
  // nearer to the dense network than its weights under the same masks
  Weights masked = setup.weights;
  for (size_t i = 0; i < masked.size(); ++i)
    for (size_t k = 0; k < masked[i].weight.size(); ++k)
      masked[i].weight[k] = settled[i].weight[k] == 0 ? 0 : masked[i].weight[k];
  torch::NoGradGuard noGrad;
  auto error = [&](const Weights &weights) {
    return (Module(setup.network, weights).forward(low) - module.forward(low))
        .square()
        .mean()
        .item<double>();
  };
  EXPECT_LT(error(settled), error(masked));
}

// A target that no density meets is an error that says how far it goes.
TEST(Ratios, TargetsOutOfReachAreErrors) {
  Pruned setup;
  setup.ratio.targetMs = 1e-6;
  setup.ratio.method = "magnitude";
  Module module(setup.network, setup.weights);
  Ratios ratios(module, setup.plan, setup.latency, setup.ratio);
  double ms;
  try {
    ratios.settle(setup.weights, {}, &ms);
    FAIL();
  } catch (const std::runtime_error &error) {
    EXPECT_EQ(std::string(error.what()).rfind("the schemes do not meet", 0), 0u) << error.what();
  }
}
