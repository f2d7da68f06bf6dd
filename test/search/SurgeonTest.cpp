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

/// A convolution, pictures whose neighbouring channels are alike, and what it makes of them.
struct Layer {
  ConvShape conv{"c", 8, 8, 3};
  torch::Tensor x, weight, bias, y;

  explicit Layer(uint64_t seed, int64_t kernel = 3) {
    torch::manual_seed(seed);
    conv.kernel = kernel;
    x = torch::randn({4, conv.in, 24, 20});
    x = x + 0.7 * x.roll(1, 1) + 0.5 * x.roll(1, 3);
    weight = torch::randn({conv.out, conv.in, kernel, kernel}) *
             torch::rand({conv.out, conv.in, kernel, kernel}).square();
    bias = torch::randn({conv.out});
    compute();
  }
  void compute() { y = torch::conv2d(x, weight, bias, 1, conv.kernel / 2); }
  LeastSquares problem() const { return LeastSquares::of(x, y, conv.kernel); }

  /// The squared error of the outputs with other weights, as a share of their variance.
  double error(const ConvWeights &other) const {
    torch::Tensor now = torch::conv2d(x, torch::tensor(other.weight).view_as(weight),
                                      torch::tensor(other.bias), 1, conv.kernel / 2);
    return ((now - y).square().sum() / (y - y.mean({0, 2, 3}, true)).square().sum()).item<double>();
  }
  ConvWeights plain() const {
    torch::Tensor flat = weight.contiguous();
    return {{flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()},
            {bias.data_ptr<float>(), bias.data_ptr<float>() + bias.numel()}};
  }
  /// LibTorch's solution for the weights that are not zero, filter by filter.
  ConvWeights mended(ConvWeights weights) const {
    auto options = torch::nn::functional::UnfoldFuncOptions({conv.kernel, conv.kernel})
                       .padding(conv.kernel / 2);
    torch::Tensor columns = torch::nn::functional::unfold(x, options).transpose(1, 2);
    columns = columns.reshape({-1, columns.size(2)}).to(torch::kFloat64);
    columns = torch::cat({columns, torch::ones({columns.size(0), 1}, torch::kFloat64)}, 1);
    int64_t inputs = columns.size(1) - 1;
    for (int64_t f = 0; f < conv.out; ++f) {
      std::vector<int64_t> kept;
      for (int64_t i = 0; i < inputs; ++i)
        if (weights.weight[size_t(f * inputs + i)] != 0)
          kept.push_back(i);
      kept.push_back(inputs);
      torch::Tensor wanted = y.select(1, f).reshape({-1, 1}).to(torch::kFloat64);
      torch::Tensor solution =
          std::get<0>(torch::linalg_lstsq(columns.index_select(1, torch::tensor(kept)), wanted));
      for (size_t i = 0; i + 1 < kept.size(); ++i)
        weights.weight[size_t(f * inputs + kept[i])] = solution[int64_t(i)].item<float>();
      weights.bias[size_t(f)] = solution[int64_t(kept.size()) - 1].item<float>();
    }
    return weights;
  }
};

void expectNear(const ConvWeights &actual, const ConvWeights &expected, double share,
                const char *what) {
  for (auto member : {&ConvWeights::weight, &ConvWeights::bias})
    for (size_t i = 0; i < (expected.*member).size(); ++i)
      EXPECT_NEAR((actual.*member)[i], (expected.*member)[i],
                  share * std::max(0.1f, std::abs((expected.*member)[i])))
          << what;
}

} // namespace

// Nothing removed: the convolution that made the outputs is found again, whatever the scale of its
// inputs, a channel that is small among them, too.
TEST(Surgeon, SolutionIsTheConvolution) {
  for (float scale : {1.0f, 255.0f}) {
    Layer layer(1);
    layer.x = layer.x * scale + scale;
    layer.x.select(1, 2).mul_(0.01);
    layer.weight.div_(scale);
    layer.weight.select(1, 2).mul_(100);
    layer.compute();
    ConvWeights solved = solvePruned(layer.conv, layer.problem(), {}, 1), plain = layer.plain();
    for (float &weight : plain.weight)
      weight *= scale;
    for (float &weight : solved.weight)
      weight *= scale;
    expectNear(solved, plain, 0.02, "scaled");
  }
}

// The masks are those of the scheme, the rest is what LibTorch's solver finds for them, and the
// error is less than that of magnitude pruning, its masks mended, too.
TEST(Surgeon, MasksFitAndTheRestIsMended) {
  auto check = [](const char *name, int64_t kernel) {
    double ours = 0, magnitude = 0;
    for (uint64_t seed : {1, 2, 3, 4, 5, 6, 7, 8}) {
      Layer layer(seed, kernel);
      sparsity::Structure structure = parseStructure(name);
      ConvWeights solved = solvePruned(layer.conv, layer.problem(), structure, 0.4);
      sparsity::Mask mask = sparsity::maskOf(solved.weight);
      EXPECT_LE(double(sparsity::countKept(mask)), 0.4 * double(mask.size())) << name;
      EXPECT_GT(sparsity::countKept(mask), 0) << name;
      EXPECT_TRUE(sparsity::fits(solved.structure, layer.conv.shape(), mask)) << name;
      expectNear(solved, layer.mended(solved), 0.02, name);
      ours += layer.error(solved);
      ConvWeights pruned = layer.plain();
      pruneLayer(layer.conv, structure, 0.4, pruned);
      magnitude += layer.error(layer.mended(pruned));
    }
    EXPECT_LT(ours, magnitude) << name;
  };
  for (const char *name : {"unstructured", "block:4:2", "block:4:1", "pattern:4", "channel"})
    check(name, 3);
  for (const char *name : {"unstructured", "block:4:1", "bcr:4:4"})
    check(name, 1);
}

// What is not finite has no solution.
TEST(Surgeon, RefusesValuesThatAreTooLarge) {
  Layer layer(1);
  layer.x.mul_(1e30);
  EXPECT_THROW(layer.problem(), std::runtime_error);
}

// A filter that explains little goes, with its bias.
TEST(Surgeon, FiltersGoWithTheirBias) {
  Layer layer(4);
  for (int64_t filter : {1, 6})
    layer.weight[filter] *= 0.01;
  layer.compute();
  ConvWeights solved = solvePruned(layer.conv, layer.problem(), parseStructure("filter"), 0.75);
  int64_t fan = layer.conv.weights() / layer.conv.out;
  for (int64_t f = 0; f < layer.conv.out; ++f) {
    bool gone = f == 1 || f == 6;
    for (int64_t i = 0; i < fan; ++i)
      EXPECT_EQ(solved.weight[size_t(f * fan + i)] == 0, gone) << f;
    EXPECT_EQ(solved.bias[size_t(f)] == 0, gone) << f;
  }
}

// Other channels, the same pictures; the last channels hold nearly all that the reader makes of
// them.
TEST(Surgeon, PrincipalAxesChangeNothing) {
  torch::manual_seed(6);
  Network network = buildNetwork(2, {8}, {{"wdsr-b:4:6"}});
  Module module(network);
  Plan plan = uniformPlan(network, {}, 1);
  int maker = -1;
  for (size_t i = 0; i < network.convs.size(); ++i)
    if (network.convs[i].name.find("reduce") != std::string::npos)
      maker = int(i);
  ASSERT_GE(maker, 0);
  plan[size_t(maker)].structure = parseStructure("filter");
  torch::Tensor low = torch::rand({8, 3, 16, 16});
  Weights before = module.fold(module.parameters()),
          aligned = alignToPrincipalAxes(module, plan, low);
  EXPECT_NE(aligned[size_t(maker)].weight, before[size_t(maker)].weight);
  torch::NoGradGuard noGrad;
  torch::Tensor wanted = module.forward(low), turned = Module(network, aligned).forward(low);
  EXPECT_LT((turned - wanted).abs().max().item<double>(), 1e-4);
  // without the first half of the channels: less is lost than without the other half, or without
  // either half as they were
  auto lossWithout = [&](const Weights &weights, int64_t from, int64_t to) {
    Weights less = weights;
    ConvWeights &layer = less[size_t(maker)];
    int64_t fan = network.convs[size_t(maker)].in;
    for (int64_t f = from; f < to; ++f) {
      std::fill_n(layer.weight.begin() + f * fan, fan, 0.0f);
      layer.bias[size_t(f)] = 0;
    }
    torch::Tensor error = Module(network, less).forward(low) - wanted;
    return (error - error.mean({0, 2, 3}, true)).square().mean().item<double>();
  };
  EXPECT_LT(lossWithout(aligned, 0, 3), lossWithout(before, 0, 3));
  EXPECT_LT(lossWithout(aligned, 0, 3), lossWithout(before, 3, 6));
  EXPECT_LT(lossWithout(aligned, 0, 3), lossWithout(aligned, 3, 6));
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
  bool filters = false, blocks = false;
  for (const LayerPlan &layer : plan) {
    filters |= layer.density < 1 && layer.structure.scheme == sparsity::Scheme::Filter;
    blocks |= layer.density < 1 && layer.structure.scheme == sparsity::Scheme::Block;
  }
  EXPECT_TRUE(filters);
  EXPECT_TRUE(blocks);
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

  // Nothing to prune: the weights as they are.
  Weights same = pruneBySurgeon(plain, withDensity(structures, 1), seen);
  for (size_t i = 0; i < same.size(); ++i) {
    EXPECT_EQ(same[i].weight, dense[i].weight);
    EXPECT_EQ(same[i].bias, dense[i].bias);
  }
}
