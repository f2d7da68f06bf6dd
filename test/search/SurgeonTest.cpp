//===- SurgeonTest.cpp - Pruning that mends what is left ------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Surgeon.h"
#include "search/Blocks.h"

#include <gtest/gtest.h>

using namespace srcc;
using namespace srcc::search;

namespace {

constexpr int64_t side = 3;

/// A convolution, pictures whose neighbouring channels are alike, and what it makes of them.
struct Layer {
  ConvShape conv{"c", 8, 8, side};
  torch::Tensor x, weight, bias, y;

  explicit Layer(uint64_t seed) {
    torch::manual_seed(seed);
    x = torch::randn({4, conv.in, 24, 20});
    x = x + 0.7 * x.roll(1, 1) + 0.5 * x.roll(1, 3);
    weight = torch::randn({conv.out, conv.in, side, side}) *
             torch::rand({conv.out, conv.in, side, side}).square();
    bias = torch::randn({conv.out});
    y = torch::conv2d(x, weight, bias, 1, side / 2);
  }
  LeastSquares problem() const { return LeastSquares::of(x, y, side); }

  /// The squared error of the outputs with other weights, as a share of their variance.
  double error(const ConvWeights &other) const {
    torch::Tensor now = torch::conv2d(x, torch::tensor(other.weight).view_as(weight),
                                      torch::tensor(other.bias), 1, side / 2);
    return ((now - y).square().sum() / (y - y.mean({0, 2, 3}, true)).square().sum()).item<double>();
  }
  ConvWeights plain() const {
    torch::Tensor flat = weight.contiguous();
    return {{flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()},
            {bias.data_ptr<float>(), bias.data_ptr<float>() + bias.numel()}};
  }
};

} // namespace

// Nothing removed: the convolution that made the outputs is found again.
TEST(Surgeon, SolutionIsTheConvolution) {
  Layer layer(1);
  ConvWeights solved = solvePruned(layer.conv, layer.problem(), {}, 1), plain = layer.plain();
  for (size_t i = 0; i < plain.weight.size(); ++i)
    EXPECT_NEAR(solved.weight[i], plain.weight[i], 2e-3);
  for (size_t i = 0; i < plain.bias.size(); ++i)
    EXPECT_NEAR(solved.bias[i], plain.bias[i], 2e-3);
}

// The masks are those of the scheme, the rest is what LibTorch's solver finds for them, and the
// error is less than that of magnitude pruning, with its masks mended, too.
TEST(Surgeon, MasksFitAndTheRestIsMended) {
  for (const char *name : {"unstructured", "block:4:2", "block:4:1", "pattern:4", "channel"}) {
    double ours = 0, magnitude = 0;
    for (uint64_t seed : {1, 2, 3}) {
      Layer layer(seed);
      sparsity::Structure structure = parseStructure(name);
      ConvWeights solved = solvePruned(layer.conv, layer.problem(), structure, 0.4);
      sparsity::Mask mask = sparsity::maskOf(solved.weight);
      EXPECT_LE(double(sparsity::countKept(mask)), 0.4 * double(mask.size())) << name;
      EXPECT_GT(sparsity::countKept(mask), 0) << name;
      EXPECT_TRUE(sparsity::fits(solved.structure, layer.conv.shape(), mask)) << name;
      ours += layer.error(solved);
      ConvWeights pruned = layer.plain();
      pruneLayer(layer.conv, structure, 0.4, pruned);
      magnitude += layer.error(pruned);

      // inputs as columns, the last one constant
      auto options = torch::nn::functional::UnfoldFuncOptions({side, side}).padding(side / 2);
      torch::Tensor columns = torch::nn::functional::unfold(layer.x, options)
                                  .transpose(1, 2)
                                  .reshape({-1, layer.conv.in * side * side});
      columns = torch::cat({columns, torch::ones({columns.size(0), 1})}, 1).to(torch::kFloat64);
      torch::Tensor wanted = layer.y.select(1, 0).reshape({-1, 1}).to(torch::kFloat64);
      std::vector<int64_t> kept;
      for (int64_t i = 0; i < columns.size(1) - 1; ++i)
        if (mask[size_t(i)])
          kept.push_back(i);
      kept.push_back(columns.size(1) - 1);
      torch::Tensor oracle =
          std::get<0>(torch::linalg_lstsq(columns.index_select(1, torch::tensor(kept)), wanted));
      for (size_t i = 0; i + 1 < kept.size(); ++i)
        EXPECT_NEAR(solved.weight[size_t(kept[i])], oracle[int64_t(i)].item<float>(), 5e-3) << name;
    }
    EXPECT_LT(ours, magnitude) << name;
  }
}

// A filter that explains little goes, with its bias.
TEST(Surgeon, FiltersGoWithTheirBias) {
  Layer layer(4);
  for (int64_t filter : {1, 6})
    layer.weight[filter] *= 0.01;
  layer.y = torch::conv2d(layer.x, layer.weight, layer.bias, 1, side / 2);
  ConvWeights solved = solvePruned(layer.conv, layer.problem(), parseStructure("filter"), 0.75);
  int64_t fan = layer.conv.weights() / layer.conv.out;
  for (int64_t f = 0; f < layer.conv.out; ++f) {
    bool gone = f == 1 || f == 6;
    for (int64_t i = 0; i < fan; ++i)
      EXPECT_EQ(solved.weight[size_t(f * fan + i)] == 0, gone) << f;
    EXPECT_EQ(solved.bias[size_t(f)] == 0, gone) << f;
  }
}

// A whole network: prices rise as densities fall, every layer keeps its scheme, and the result is
// nearer to the dense network's than that of magnitude pruning, on pictures never looked at.
TEST(Surgeon, NetworksStayNearer) {
  torch::manual_seed(5);
  Network network = buildNetwork(2, {8}, {{"wdsr-b:4:6"}, {"wdsr-a:2"}});
  Module module(network);
  Weights dense = balance(network, module.fold(module.parameters()));
  for (ConvWeights &layer : dense) // biases count, too
    for (float &bias : layer.bias)
      bias = torch::randn({1}).item<float>() * 0.05f;
  Module plain(network, dense);
  Plan structures = uniformPlan(network, parseStructure("block:4:2"), 1);
  for (size_t i = 0; i < structures.size(); ++i)
    if (network.convs[i].name.find("expand") != std::string::npos)
      structures[i].structure = parseStructure("filter");
  auto pictures = [](int64_t count) {
    torch::Tensor noise = torch::rand({count, 3, 20, 20});
    return torch::avg_pool2d(noise, 3, 1, 1) * 0.7 + 0.3 * noise;
  };
  torch::Tensor seen = pictures(24);
  Losses losses(plain, structures, seen);
  std::vector<double> prices = losses.prices();
  ASSERT_GT(prices.size(), 4u);
  double before = 2;
  for (double price :
       {0.0, prices[prices.size() / 4], prices[prices.size() / 2], prices.back() * 2}) {
    double density = densityOf(network, losses.planAt(price));
    EXPECT_LT(density, before);
    before = density;
  }
  EXPECT_EQ(densityOf(network, losses.planAt(0)), 1);

  Plan plan = losses.planAt(prices[prices.size() / 2]);
  Weights mended = pruneBySurgeon(plain, plan, seen), magnitude = prune(network, dense, plan);
  for (size_t i = 0; i < plan.size(); ++i) {
    if (plan[i].density == 1)
      continue;
    sparsity::Mask mask = sparsity::maskOf(mended[i].weight);
    EXPECT_TRUE(sparsity::fits(mended[i].structure, network.convs[i].shape(), mask));
    EXPECT_EQ(mended[i].structure.scheme, structures[i].structure.scheme);
    EXPECT_LE(double(sparsity::countKept(mask)), plan[i].density * double(mask.size()) + 1e-6);
  }
  torch::NoGradGuard noGrad;
  torch::Tensor low = pictures(8), right = plain.forward(low);
  auto error = [&](const Weights &weights) {
    return (Module(network, weights).forward(low) - right).square().mean().item<double>();
  };
  EXPECT_LT(error(mended), 0.5 * error(magnitude));
}
