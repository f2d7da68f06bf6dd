//===- NetworkTest.cpp - Graphs of convolutions ---------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Blocks.h"
#include "search/Pruning.h"

#include <gtest/gtest.h>
#include <stdexcept>

using namespace srcc::search;

namespace {
using Cells = std::vector<std::vector<std::string>>;

std::vector<std::string> namesOf(const Network &network) {
  std::vector<std::string> names;
  for (const ConvShape &conv : network.convs)
    names.push_back(conv.name);
  return names;
}

template <typename Call> std::string errorOf(Call call) {
  try {
    call();
  } catch (const std::runtime_error &error) {
    return error.what();
  }
  return "no error";
}

/// A block of a user.
BlockRegistration plain("plain", {{}, [](NetworkBuilder &b, const BlockPlace &p) {
                                    int y =
                                        b.relu(p.name + ".relu",
                                               b.conv(p.name + ".conv", p.input, p.channels, 3));
                                    return b.add(p.name + ".add", p.input, y);
                                  }});
} // namespace

// algorithms: 24 -> 144 -> 20 -> 24 is 10,656 multiply-adds of a pixel, WDSR-A of expansion 4
// 41,472.
TEST(Network, BlocksHaveTheMultiplyAddsOfTheLiterature) {
  int64_t none = buildNetwork(2, {24}, {}).macs();
  EXPECT_EQ(none, 27 * 24 + 9 * 24 * 12 + 75 * 12);
  EXPECT_EQ(buildNetwork(2, {24}, Cells(1, {"wdsr-b"})).macs() - none, 10656);
  EXPECT_EQ(buildNetwork(2, {24}, Cells(1, {"wdsr-a"})).macs() - none, 41472);
  EXPECT_EQ(buildNetwork(2, {24}, Cells(3, {"skip"})).macs(), none);
  EXPECT_EQ(buildNetwork(2, {12}, Cells(8, {"conv"})).macs() - buildNetwork(2, {12}, {}).macs(),
            8 * 9 * 144);
  EXPECT_EQ(buildNetwork(2, {12, 4, 3}, {}).macs(), 27 * 12 + 9 * 12 * 4 + 4 * 12 + 27 * 12);
  EXPECT_EQ(buildNetwork(2, {10}, Cells(1, {"plain"})).macs() - buildNetwork(2, {10}, {}).macs(),
            900);
}

TEST(Network, SelectionIsTheNetworkOfTheChosenBlocks) {
  Network supernet = buildNetwork(3, {8}, Cells(2, {"wdsr-a:2", "wdsr-b:3", "skip"}));
  EXPECT_EQ(supernet.choices().size(), 2u);
  std::vector<int> kept;
  Network chosen = supernet.select({1, 0}, &kept);
  EXPECT_EQ(namesOf(chosen),
            (std::vector<std::string>{"head", "block0.1.expand", "block0.1.reduce", "block0.1.conv",
                                      "block1.0.expand", "block1.0.conv", "tail", "skip"}));
  ASSERT_EQ(kept.size(), chosen.convs.size());
  for (size_t i = 0; i < kept.size(); ++i)
    EXPECT_EQ(supernet.convs[kept[i]].name, chosen.convs[i].name);
  EXPECT_EQ(chosen.macs(), buildNetwork(3, {8}, {{"wdsr-b:3"}, {"wdsr-a:2"}}).macs());
  EXPECT_EQ(supernet.select({2, 2}).macs(), buildNetwork(3, {8}, {}).macs());
  EXPECT_TRUE(chosen.choices().empty());
}

// The rule of sr-prune: what reads or yields the picture stays.
TEST(Network, HeadTailAndSkipAreNotPruned) {
  Network network = buildNetwork(2, {8}, Cells(1, {"wdsr-b"}));
  EXPECT_EQ(network.prunable(), (std::vector<bool>{false, true, true, true, false, false}));
  EXPECT_EQ(buildNetwork(2, {8}, {}).prunable(), (std::vector<bool>{false, false, false}));
}

TEST(Network, JsonGivesItBack) {
  Network network = buildNetwork(4, {6}, Cells(2, {"wdsr-b:2:0.5", "skip"}));
  network.white = 255;
  std::string text = network.toJson();
  EXPECT_EQ(Network::fromJson(text).toJson(), text);
  for (size_t cut : {size_t(0), size_t(1), text.size() / 2, text.size() - 1})
    EXPECT_NE(errorOf([&] { Network::fromJson(text.substr(0, cut)); }), "no error");
  for (auto [from, to] : {std::pair{"\"conv\"", "\"cnv\""},
                          {"\"kernel\":3", "\"kernel\":2"},
                          {"\"inputs\":[0]", "\"inputs\":[90]"},
                          {"\"out\":6", "\"out\":-6"}}) {
    std::string damaged = text;
    size_t at = damaged.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    damaged.replace(at, std::string(from).size(), to);
    EXPECT_EQ(errorOf([&] { Network::fromJson(damaged); }).rfind("network: ", 0), 0u) << to;
  }
}

TEST(Network, UnknownBlocksAreToldWithThoseThereAre) {
  EXPECT_EQ(errorOf([] { buildNetwork(2, {8}, {{"wdsr-c"}}); }),
            "there is no block 'wdsr-c'; there are conv, plain, skip, wdsr-a, wdsr-b");
  EXPECT_EQ(errorOf([] { buildNetwork(2, {8}, {{"wdsr-a:2:3"}}); }),
            "block 'wdsr-a:2:3': wdsr-a takes 1 positive numbers");
  EXPECT_EQ(errorOf([] { buildNetwork(2, {8}, {{"wdsr-b:x"}}); }),
            "block 'wdsr-b:x': wdsr-b takes 2 positive numbers");
  EXPECT_EQ(errorOf([] { buildNetwork(2, {8}, {{"conv:1"}}); }), "conv: the slope is below 1");
}

// An exhaustive search over the grid is the oracle of the bisection.
TEST(Pruning, DensityIsTheGreatestThatMeetsTheTarget) {
  for (double target : {0.0, 0.7, 3.0, 5.5, 9.9, 10.0, 20.0}) {
    auto latency = [](double density) { return 1 + 9 * density * density; };
    double expected = 0;
    for (int i = 1; i <= 16; ++i)
      if (latency(i / 16.0) <= target)
        expected = i / 16.0;
    EXPECT_EQ(findDensity(latency, target, 16), expected) << target;
  }
}

TEST(Pruning, SchemesAreNamedBothWays) {
  for (const char *name : {"dense", "filter", "channel", "block:8:4", "block:4:1", "bcr:8:4",
                           "pattern:4", "unstructured"})
    EXPECT_EQ(describeStructure(parseStructure(name)), name);
  EXPECT_EQ(describeStructure(parseStructure("block")), "block:8:4");
  for (const char *name : {"", "blok", "block:0", "block:8:4:2", "filter:2", "pattern:x"})
    EXPECT_NE(errorOf([&] { parseStructure(name); }), "no error") << name;
}

// Removed weights are zero, at most the density is left, and the plan is read back from the masks.
TEST(Pruning, MasksFollowThePlan) {
  Network network = buildNetwork(2, {16}, Cells(1, {"wdsr-b"}));
  Weights weights;
  unsigned state = 1;
  for (const ConvShape &conv : network.convs) {
    ConvWeights layer{std::vector<float>(conv.weights()), std::vector<float>(conv.out, 1)};
    for (float &w : layer.weight)
      w = float((state = state * 1664525 + 1013904223) >> 8) / (1 << 24) - 0.5f;
    weights.push_back(layer);
  }
  for (const char *scheme : {"filter", "block:8:4", "block:4:1", "pattern:4", "unstructured"})
    for (double density : {0.25, 0.5}) {
      Weights pruned =
          prune(network, weights, uniformPlan(network, parseStructure(scheme), density));
      Plan plan = planOf(network, pruned);
      for (size_t i = 0; i < plan.size(); ++i) {
        bool inner = i >= 1 && i <= 3;
        EXPECT_LE(plan[i].density, inner ? density : 1) << scheme << " " << network.convs[i].name;
        EXPECT_GE(plan[i].density, inner ? 0.6 * density : 1)
            << scheme << " " << network.convs[i].name;
        EXPECT_TRUE(srcc::sparsity::fits(pruned[i].structure, network.convs[i].shape(),
                                         srcc::sparsity::maskOf(pruned[i].weight)));
        int64_t fan = network.convs[i].weights() / network.convs[i].out;
        for (int64_t f = 0; f < network.convs[i].out && std::string(scheme) == "filter"; ++f) {
          bool empty = true;
          for (int64_t k = 0; k < fan; ++k)
            empty = empty && pruned[i].weight[f * fan + k] == 0;
          EXPECT_EQ(pruned[i].bias[f], empty ? 0 : 1);
        }
      }
    }
}
