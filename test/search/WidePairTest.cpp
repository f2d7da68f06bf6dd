//===- WidePairTest.cpp - WidePair against LibTorch's own gradients -------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/WidePair.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

using namespace srcc::search;

struct PairShape {
  const char *edge;
  int64_t pixels, in, wide, out;
};

class WidePairs : public testing::TestWithParam<PairShape> {};

static void expectNear(const torch::Tensor &actual, const torch::Tensor &expected) {
  double scale = expected.abs().max().item<double>();
  EXPECT_LE((actual.to(torch::kFloat64) - expected).abs().max().item<double>(), 1e-5 * scale);
}

// Values and gradients against two matrix products in double precision under autograd.
TEST_P(WidePairs, AgreeWithAutograd) {
  auto [edge, pixels, in, wide, out] = GetParam();
  torch::manual_seed(1);
  torch::Tensor x = torch::randn({pixels, in}), a = torch::randn({wide, in});
  torch::Tensor biasA = torch::randn({wide}), b = torch::randn({out, wide});
  torch::Tensor biasB = torch::randn({out}), dy = torch::randn({pixels, out});
  torch::Tensor y = torch::empty({pixels, out}), dx = torch::empty({pixels, in});
  WidePair pair(in, wide, out, a.data_ptr<float>(), biasA.data_ptr<float>(), b.data_ptr<float>(),
                biasB.data_ptr<float>());
  pair.forward(pixels, x.data_ptr<float>(), y.data_ptr<float>());
  WidePair::Gradients sums =
      pair.backward(pixels, x.data_ptr<float>(), dy.data_ptr<float>(), dx.data_ptr<float>());

  std::vector<torch::Tensor> leaves;
  for (const torch::Tensor &tensor : {x, a, biasA, b, biasB})
    leaves.push_back(tensor.to(torch::kFloat64).requires_grad_());
  torch::Tensor expected = torch::addmm(
      leaves[4], torch::relu(torch::addmm(leaves[2], leaves[0], leaves[1].t())), leaves[3].t());
  expected.backward(dy.to(torch::kFloat64));
  torch::NoGradGuard noGrad;
  expectNear(y, expected);
  expectNear(dx, leaves[0].grad());
  std::vector<float> *parts[] = {&sums.a, &sums.biasA, &sums.b, &sums.biasB};
  for (int i = 0; i < 4; ++i) {
    torch::Tensor gradient = leaves[i + 1].grad();
    ASSERT_EQ(int64_t(parts[i]->size()), gradient.numel());
    expectNear(torch::from_blob(parts[i]->data(), gradient.sizes()), gradient);
  }
}
INSTANTIATE_TEST_SUITE_P(
    Edges, WidePairs,
    testing::Values(PairShape{"whole_tiles", 48, 16, 96, 16},
                    PairShape{"odd_rows", 100, 16, 96, 13}, PairShape{"one_pixel", 1, 16, 96, 13},
                    PairShape{"one_channel", 29, 1, 1, 1}, PairShape{"over_a_vector", 25, 9, 17, 9},
                    PairShape{"wide_24", 30, 24, 144, 20}, PairShape{"narrow_wide", 7, 13, 5, 30}),
    [](const testing::TestParamInfo<PairShape> &info) { return info.param.edge; });
