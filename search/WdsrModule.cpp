//===- WdsrModule.cpp - WDSR-B for LibTorch -------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/WdsrModule.h"
#include "search/WidePair.h"

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
  return F::conv2d(input, weight(), F::Conv2dFuncOptions().bias(bias).padding(shape.kernel / 2));
}

namespace {

/// WidePair for autograd; the pixels are shared among LibTorch's threads.
struct WidePairFunction : torch::autograd::Function<WidePairFunction> {
  using Context = torch::autograd::AutogradContext;

  static WidePair weights(const torch::Tensor &a, const torch::Tensor &biasA,
                          const torch::Tensor &b, const torch::Tensor &biasB) {
    return WidePair(a.size(1), a.size(0), b.size(0), a.contiguous().data_ptr<float>(),
                    biasA.contiguous().data_ptr<float>(), b.contiguous().data_ptr<float>(),
                    biasB.contiguous().data_ptr<float>());
  }

  // input: [N, C, H, W], weights [O, I, 1, 1], biases [O]
  static torch::Tensor forward(Context *context, torch::Tensor input, torch::Tensor a,
                               torch::Tensor biasA, torch::Tensor b, torch::Tensor biasB) {
    torch::Tensor x = input.permute({0, 2, 3, 1}).contiguous();
    torch::Tensor y = torch::empty({x.size(0), x.size(1), x.size(2), b.size(0)});
    WidePair pair = weights(a, biasA, b, biasB);
    at::parallel_for(0, y.numel() / b.size(0), 1024, [&](int64_t begin, int64_t end) {
      pair.forward(end - begin, x.data_ptr<float>() + begin * a.size(1),
                   y.data_ptr<float>() + begin * b.size(0));
    });
    context->save_for_backward({x, a, biasA, b, biasB});
    return y.permute({0, 3, 1, 2});
  }

  static torch::autograd::variable_list backward(Context *context,
                                                 torch::autograd::variable_list gradients) {
    torch::autograd::variable_list saved = context->get_saved_variables();
    const torch::Tensor &x = saved[0], &a = saved[1], &b = saved[3];
    torch::Tensor dy = gradients[0].permute({0, 2, 3, 1}).contiguous();
    torch::Tensor dx = torch::empty_like(x);
    WidePair pair = weights(a, saved[2], b, saved[4]);
    int64_t pixels = x.numel() / a.size(1), parts = at::get_num_threads();
    std::vector<WidePair::Gradients> sums(parts);
    at::parallel_for(0, parts, 1, [&](int64_t first, int64_t last) {
      for (int64_t part = first; part < last; ++part) {
        int64_t begin = pixels * part / parts, end = pixels * (part + 1) / parts;
        sums[part] = pair.backward(end - begin, x.data_ptr<float>() + begin * a.size(1),
                                   dy.data_ptr<float>() + begin * b.size(0),
                                   dx.data_ptr<float>() + begin * a.size(1));
      }
    });
    torch::autograd::variable_list result = {dx.permute({0, 3, 1, 2})};
    std::vector<float> WidePair::Gradients::*members[] = {
        &WidePair::Gradients::a, &WidePair::Gradients::biasA, &WidePair::Gradients::b,
        &WidePair::Gradients::biasB};
    for (int i = 0; i < 4; ++i) {
      torch::Tensor sum = torch::zeros_like(saved[i + 1], at::MemoryFormat::Contiguous);
      for (WidePair::Gradients &part : sums)
        sum.add_(torch::from_blob((part.*members[i]).data(), sum.sizes()));
      result.push_back(sum);
    }
    return result;
  }
};

} // namespace

torch::Tensor WdsrModule::subpixels(const torch::Tensor &input) const {
  torch::Tensor centred = input - 0.5;
  const Layer *layer = layers.data();
  torch::Tensor features = (*layer++)(centred);
  for (int64_t block = 0; block < config.blocks; ++block, layer += 3)
    features =
        features + layer[2](WidePairFunction::apply(features, layer[0].weight(), layer[0].bias,
                                                    layer[1].weight(), layer[1].bias));
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
