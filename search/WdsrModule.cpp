//===- WdsrModule.cpp - WDSR-B for LibTorch -------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/WdsrModule.h"

#include <cmath>

namespace srcc::search {
namespace F = torch::nn::functional;

WdsrModule::WdsrModule(const WdsrShape &shape) : config(shape) {
  int64_t size = 0;
  for (const ConvShape &conv : wdsrConvolutions(shape)) {
    layers.push_back({conv, size, {}, {}, {}});
    size += conv.out * (conv.in * conv.kernel * conv.kernel + 2);
  }
  flat = torch::zeros({size});
  torch::Tensor gradient = torch::zeros({size});
  for (Layer &layer : layers) {
    auto [name, out, in, kernel] = layer.shape;
    int64_t fan = in * kernel * kernel, at = layer.offset;
    auto take = [&](int64_t count, at::IntArrayRef sizes) {
      torch::Tensor part = flat.narrow(0, at, count).view(sizes).detach().requires_grad_();
      part.mutable_grad() = gradient.narrow(0, at, count).view(sizes);
      at += count;
      return part;
    };
    layer.direction = take(out * fan, {out, in, kernel, kernel});
    layer.gain = take(out, {out, 1, 1, 1});
    layer.bias = take(out, {out});
    torch::NoGradGuard noGrad;
    layer.direction.uniform_(-1 / std::sqrt(fan), 1 / std::sqrt(fan));
    bool inBlock = name.rfind("block", 0) == 0;
    layer.gain.fill_(!inBlock ? 1.0 : kernel == 1 ? 2.0 : 1 / std::sqrt(double(shape.blocks)));
  }
  flat.requires_grad_();
  flat.mutable_grad() = gradient;
}

static torch::Tensor foldNorm(const torch::Tensor &direction, const torch::Tensor &gain) {
  torch::Tensor norm = direction.square().sum({1, 2, 3}, /*keepdim=*/true).sqrt();
  return direction * (gain / norm);
}

torch::Tensor WdsrModule::Layer::weight() const {
  return foldNorm(direction, gain).contiguous(at::MemoryFormat::ChannelsLast);
}

torch::Tensor WdsrModule::Layer::operator()(const torch::Tensor &input) const {
  auto convolve = [&](const torch::Tensor &x) {
    return F::conv2d(x, weight(), F::Conv2dFuncOptions().bias(bias).padding(shape.kernel / 2));
  };
  if (shape.kernel > 1)
    return convolve(input);
  // On one thread LibTorch takes oneDNN for 1x1 filters only from a batch of 16 on, and plain
  // matrix products else, which are several times slower; so each row passes as a picture.
  int64_t n = input.size(0), h = input.size(2), w = input.size(3);
  torch::Tensor rows = input.permute({0, 2, 3, 1}).reshape({n * h, 1, w, shape.in});
  torch::Tensor output = convolve(rows.permute({0, 3, 1, 2})).permute({0, 2, 3, 1});
  return output.reshape({n, h, w, shape.out}).permute({0, 3, 1, 2});
}

torch::Tensor WdsrModule::subpixels(const torch::Tensor &input) const {
  torch::Tensor centred = input - 0.5;
  const Layer *layer = layers.data();
  torch::Tensor features = (*layer++)(centred);
  for (int64_t block = 0; block < config.blocks; ++block, layer += 3)
    features = features + layer[2](layer[1](layer[0](features).relu_()));
  return layer[0](features) + layer[1](centred) + 0.5;
}

WdsrWeights WdsrModule::fold(const torch::Tensor &values) const {
  torch::NoGradGuard noGrad;
  WdsrWeights weights{config, {}};
  for (const Layer &layer : layers) {
    int64_t out = layer.shape.out, taps = layer.direction.numel();
    auto part = [&](int64_t offset, const torch::Tensor &like) {
      return values.narrow(0, layer.offset + offset, like.numel()).view(like.sizes());
    };
    torch::Tensor weight = foldNorm(part(0, layer.direction), part(taps, layer.gain)).contiguous();
    torch::Tensor bias = part(taps + out, layer.bias).contiguous();
    ConvWeights folded{layer.shape, {}, {}};
    folded.weight.assign(weight.data_ptr<float>(), weight.data_ptr<float>() + weight.numel());
    folded.bias.assign(bias.data_ptr<float>(), bias.data_ptr<float>() + bias.numel());
    weights.layers.push_back(std::move(folded));
  }
  return weights;
}

} // namespace srcc::search
