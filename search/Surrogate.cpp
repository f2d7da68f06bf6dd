//===- Surrogate.cpp - An ensemble of small networks ----------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Surrogate.h"

#include <torch/torch.h>

#include <cmath>

namespace srcc::search {
namespace {

class Ensemble : public Surrogate {
public:
  Ensemble(int members, uint64_t seed) : members(members), seed(seed) {}

  void fit(const std::vector<std::vector<float>> &points,
           const std::vector<double> &rewards) override {
    int64_t n = int64_t(points.size());
    torch::Tensor x = toTensor(points), y = torch::tensor(rewards).to(torch::kFloat32);
    mean = y.mean().item<double>();
    deviation = n > 1 ? std::max(1e-6, y.std().item<double>()) : 1;
    y = ((y - mean) / deviation).view({n, 1});
    std::mt19937_64 random(seed + points.size());
    networks.clear();
    for (int member = 0; member < members; ++member) {
      torch::manual_seed(random());
      torch::nn::Sequential net(torch::nn::Linear(x.size(1), 64), torch::nn::Tanh(),
                                torch::nn::Linear(64, 64), torch::nn::Tanh(),
                                torch::nn::Linear(64, 1));
      std::vector<int64_t> sample(n);
      for (int64_t &index : sample)
        index = int64_t(random() % uint64_t(n));
      torch::Tensor indices = torch::tensor(sample);
      torch::Tensor xs = x.index_select(0, indices), ys = y.index_select(0, indices);
      torch::optim::AdamW adam(net->parameters(),
                               torch::optim::AdamWOptions(1e-2).weight_decay(1e-2));
      for (int step = 0; step < 150; ++step) {
        adam.zero_grad();
        torch::mse_loss(net->forward(xs), ys).backward();
        adam.step();
      }
      networks.push_back(net);
    }
  }

  std::vector<Guess> predict(const std::vector<std::vector<float>> &points) override {
    torch::NoGradGuard noGrad;
    torch::Tensor x = toTensor(points);
    std::vector<Guess> guesses(points.size());
    for (torch::nn::Sequential &net : networks) {
      torch::Tensor y = net->forward(x) * deviation + mean;
      for (size_t i = 0; i < points.size(); ++i)
        guesses[i].members.push_back(y[int64_t(i)][0].item<double>());
    }
    for (Guess &guess : guesses) {
      double sum = 0, squares = 0;
      for (double value : guess.members)
        sum += value;
      guess.mean = sum / double(guess.members.size());
      for (double value : guess.members)
        squares += (value - guess.mean) * (value - guess.mean);
      guess.spread = std::sqrt(squares / double(guess.members.size()));
    }
    return guesses;
  }

private:
  static torch::Tensor toTensor(const std::vector<std::vector<float>> &points) {
    torch::Tensor x = torch::empty({int64_t(points.size()), int64_t(points.at(0).size())});
    float *to = x.data_ptr<float>();
    for (const std::vector<float> &point : points)
      to = std::copy(point.begin(), point.end(), to);
    return x;
  }

  int members;
  uint64_t seed;
  double mean = 0, deviation = 1;
  std::vector<torch::nn::Sequential> networks;
};

} // namespace

std::unique_ptr<Surrogate> makeEnsemble(int members, uint64_t seed) {
  return std::make_unique<Ensemble>(members, seed);
}

} // namespace srcc::search
