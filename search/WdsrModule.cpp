//===- WdsrModule.cpp - WDSR-B for LibTorch -------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/WdsrModule.h"
#include "search/WidePair.h"

#include <algorithm>
#include <cmath>

namespace srcc::search {
namespace F = torch::nn::functional;

WdsrModule::WdsrModule(const WdsrShape &shape)
    : config(shape), convolutions(wdsrConvolutions(shape)) {
  std::vector<torch::Tensor> parts;
  for (const ConvShape &conv : convolutions) {
    double bound = 1 / std::sqrt(double(conv.in * conv.kernel * conv.kernel));
    double gain = conv.name.rfind("block", 0) ? 1.0
                  : conv.kernel == 1          ? 2.0
                                              : 1 / std::sqrt(double(shape.blocks));
    parts.push_back(torch::empty({conv.weights()}).uniform_(-bound, bound));
    parts.push_back(torch::full({conv.out}, gain));
    parts.push_back(torch::zeros({conv.out}));
  }
  flat = torch::cat(parts).requires_grad_();
}

namespace {

/// From the parameters of all convolutions to their weights and biases, in turn; one function, for
/// a chain of small tensor operations per convolution takes longer than the arithmetic.
struct FoldFunction : torch::autograd::Function<FoldFunction> {
  using Context = torch::autograd::AutogradContext;

  static torch::autograd::variable_list forward(Context *context, torch::Tensor flat,
                                                const std::vector<ConvShape> *convolutions) {
    torch::autograd::variable_list result;
    const float *parameters = flat.data_ptr<float>();
    for (const ConvShape &conv : *convolutions) {
      torch::Tensor weight = torch::empty({conv.out, conv.in, conv.kernel, conv.kernel});
      torch::Tensor bias = torch::empty({conv.out});
      foldNorm(conv, parameters, weight.data_ptr<float>());
      parameters += conv.parameters();
      std::copy_n(parameters - conv.out, conv.out, bias.data_ptr<float>());
      result.push_back(weight.contiguous(at::MemoryFormat::ChannelsLast));
      result.push_back(bias);
    }
    context->save_for_backward({flat});
    context->saved_data["convolutions"] = int64_t(convolutions);
    return result;
  }

  static torch::autograd::variable_list backward(Context *context,
                                                 torch::autograd::variable_list gradients) {
    torch::Tensor flat = context->get_saved_variables()[0], result = torch::empty_like(flat);
    const float *parameters = flat.data_ptr<float>();
    float *gradient = result.data_ptr<float>();
    auto &convolutions = *reinterpret_cast<const std::vector<ConvShape> *>(
        context->saved_data["convolutions"].toInt());
    for (size_t i = 0; i < convolutions.size(); ++i) {
      torch::Tensor weight = gradients[2 * i].contiguous(),
                    bias = gradients[2 * i + 1].contiguous();
      foldNormGradient(convolutions[i], parameters, weight.data_ptr<float>(),
                       bias.data_ptr<float>(), gradient);
      parameters += convolutions[i].parameters();
      gradient += convolutions[i].parameters();
    }
    return {result, {}};
  }
};

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
  torch::autograd::variable_list weights = FoldFunction::apply(flat, &convolutions);
  const torch::Tensor *next = weights.data(); // weight, bias, weight, bias, ...
  auto convolve = [&](const torch::Tensor &x) {
    auto options = F::Conv2dFuncOptions().bias(next[1]).padding(next[0].size(2) / 2);
    torch::Tensor y = F::conv2d(x, next[0], options);
    next += 2;
    return y;
  };
  torch::Tensor centred = input - 0.5;
  torch::Tensor features = convolve(centred);
  for (int64_t block = 0; block < config.blocks; ++block) {
    torch::Tensor narrow = WidePairFunction::apply(features, next[0], next[1], next[2], next[3]);
    next += 4;
    features = features + convolve(narrow);
  }
  torch::Tensor tail = convolve(features);
  return tail + convolve(centred) + 0.5;
}

WdsrWeights WdsrModule::fold(const torch::Tensor &values) const {
  WdsrWeights weights{config, {}};
  torch::Tensor contiguous = values.contiguous();
  const float *parameters = contiguous.data_ptr<float>();
  for (const ConvShape &conv : convolutions) {
    ConvWeights folded{conv, std::vector<float>(conv.weights()), {}};
    foldNorm(conv, parameters, folded.weight.data());
    parameters += conv.parameters();
    folded.bias.assign(parameters - conv.out, parameters);
    weights.layers.push_back(std::move(folded));
  }
  return weights;
}

} // namespace srcc::search
