//===- Module.cpp - Networks for LibTorch ---------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Module.h"
#include "search/WidePair.h"

#include "llvm/Support/ErrorHandling.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace srcc::search {
namespace F = torch::nn::functional;

/// The two factors of a collapsible linear block in its parameter: [hidden, in x kernel x kernel]
/// and [filters, hidden].
static std::pair<torch::Tensor, torch::Tensor> linearBlock(const ConvShape &conv,
                                                           const torch::Tensor &parameter) {
  int64_t fan = conv.in * conv.kernel * conv.kernel, wide = conv.hidden * fan;
  return {parameter.slice(0, 0, wide).view({conv.hidden, fan}),
          parameter.slice(0, wide, wide + conv.out * conv.hidden).view({conv.out, conv.hidden})};
}

/// From the parameter of a convolution to its weight and bias; one function, for a chain of small
/// tensor operations per convolution takes longer than the arithmetic.
struct Module::FoldFunction : torch::autograd::Function<FoldFunction> {
  using Context = torch::autograd::AutogradContext;

  static torch::autograd::variable_list forward(Context *context, torch::Tensor parameter,
                                                const Layer *layer) {
    const ConvShape &conv = layer->conv;
    const float *values = parameter.data_ptr<float>();
    torch::Tensor weight = torch::empty({conv.out, conv.in, conv.kernel, conv.kernel});
    if (layer->scratch && conv.hidden) {
      auto [wide, narrow] = linearBlock(conv, parameter);
      weight.view({conv.out, -1}).copy_(narrow.mm(wide));
    } else if (layer->scratch)
      foldNorm(conv, values, weight.data_ptr<float>());
    else
      std::copy_n(values, conv.weights(), weight.data_ptr<float>());
    if (layer->mask.defined())
      weight.mul_(layer->mask.view_as(weight));
    torch::Tensor bias = torch::empty({conv.out});
    std::copy_n(values + parameter.numel() - conv.out, conv.out, bias.data_ptr<float>());
    if (layer->biasMask.defined())
      bias.mul_(layer->biasMask);
    context->save_for_backward({parameter});
    context->saved_data["layer"] = int64_t(layer);
    return {weight.contiguous(at::MemoryFormat::ChannelsLast), bias};
  }

  static torch::autograd::variable_list backward(Context *context,
                                                 torch::autograd::variable_list gradients) {
    torch::Tensor parameter = context->get_saved_variables()[0];
    torch::Tensor result = torch::empty_like(parameter);
    auto *layer = reinterpret_cast<const Layer *>(context->saved_data["layer"].toInt());
    const ConvShape &conv = layer->conv;
    torch::Tensor weight = gradients[0].contiguous(), bias = gradients[1].contiguous();
    if (layer->mask.defined())
      weight = weight * layer->mask.view_as(weight);
    if (layer->biasMask.defined())
      bias = bias * layer->biasMask;
    if (layer->scratch && conv.hidden) {
      auto [wide, narrow] = linearBlock(conv, parameter);
      auto [byWide, byNarrow] = linearBlock(conv, result);
      weight = weight.view({conv.out, -1});
      byWide.copy_(narrow.t().mm(weight));
      byNarrow.copy_(weight.mm(wide.t()));
      result.slice(0, result.numel() - conv.out).copy_(bias);
    } else if (layer->scratch) {
      foldNormGradient(conv, parameter.data_ptr<float>(), weight.data_ptr<float>(),
                       bias.data_ptr<float>(), result.data_ptr<float>());
    } else {
      std::copy_n(weight.data_ptr<float>(), conv.weights(), result.data_ptr<float>());
      std::copy_n(bias.data_ptr<float>(), conv.out, result.data_ptr<float>() + conv.weights());
    }
    return {result, {}};
  }
};

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

Module::Module(Network network) : net(std::move(network)), scratch(true) {
  for (const ConvShape &conv : net.convs) {
    auto uniform = [](at::IntArrayRef sizes) {
      double bound = 1 / std::sqrt(double(sizes.back()));
      return torch::empty(sizes).uniform_(-bound, bound);
    };
    int64_t fan = conv.in * conv.kernel * conv.kernel;
    torch::Tensor value = torch::zeros({conv.parameters()});
    if (conv.hidden) {
      auto [wide, narrow] = linearBlock(conv, value);
      wide.copy_(uniform(wide.sizes()));
      narrow.copy_(uniform(narrow.sizes()));
      narrow.mul_(conv.gain / narrow.mm(wide).norm(2, {1}, /*keepdim=*/true));
    } else {
      value.slice(0, 0, conv.weights()).view({conv.out, fan}).copy_(uniform({conv.out, fan}));
      value.slice(0, conv.weights(), conv.weights() + conv.out).fill_(conv.gain);
    }
    values.push_back(value.requires_grad_());
    layers.push_back({conv, true, {}, {}, {}});
  }
  findPairs();
}

Module::Module(Network network, const Weights &weights) : net(std::move(network)), scratch(false) {
  for (size_t i = 0; i < net.convs.size(); ++i) {
    const ConvWeights &from = weights.at(i);
    Layer layer{net.convs[i], false, {}, {}, from.structure};
    torch::Tensor value = torch::empty({int64_t(from.weight.size() + from.bias.size())});
    std::copy(from.weight.begin(), from.weight.end(), value.data_ptr<float>());
    std::copy(from.bias.begin(), from.bias.end(), value.data_ptr<float>() + from.weight.size());
    if (from.structure.scheme != sparsity::Scheme::Dense) {
      layer.mask = value.slice(0, 0, layer.conv.weights()).ne(0).to(torch::kFloat32);
      if (from.structure.scheme == sparsity::Scheme::Filter) {
        layer.biasMask = layer.mask.view({layer.conv.out, -1}).amax(1);
        value.slice(0, layer.conv.weights()).mul_(layer.biasMask);
      }
    }
    // A kept weight that was zero is the least normal number, so that encodings hold; here it is
    // zero again, for gradients times that number are denormal, and a step takes ten times as long.
    value.masked_fill_(value.abs().le(std::numeric_limits<float>::min()), 0);
    layers.push_back(std::move(layer));
    values.push_back(value.requires_grad_());
  }
  findPairs();
}

void Module::findPairs() {
  std::vector<int> uses(net.nodes.size());
  for (const Node &n : net.nodes)
    for (int input : n.inputs)
      ++uses[input];
  pairs.assign(net.nodes.size(), -1);
  alive.resize(net.nodes.size());
  auto isPointwise = [&](int node) {
    return net.nodes[node].op == Op::Conv && net.convs[net.nodes[node].conv].kernel == 1;
  };
  for (size_t i = 0; i < net.nodes.size(); ++i) {
    if (!isPointwise(int(i)))
      continue;
    int relu = net.nodes[i].inputs[0];
    if (net.nodes[relu].op != Op::Relu || uses[relu] != 1)
      continue;
    int first = net.nodes[relu].inputs[0];
    if (!isPointwise(first) || uses[first] != 1)
      continue;
    pairs[i] = first;
    // Channels between that are removed with their bias, or that nothing reads any more.
    const Layer &a = layers[net.nodes[first].conv], &b = layers[net.nodes[i].conv];
    torch::Tensor kept = torch::ones({a.conv.out});
    if (a.biasMask.defined())
      kept = kept * a.biasMask;
    if (b.mask.defined())
      kept = kept * b.mask.view({b.conv.out, b.conv.in}).amax(0);
    kept = kept.nonzero().view({-1});
    if (kept.numel() < a.conv.out && kept.numel() > 0)
      alive[i] = kept;
  }
}

torch::autograd::variable_list Module::foldedOf(int node) const {
  int conv = net.nodes[node].conv;
  return FoldFunction::apply(values[conv], &layers[conv]);
}

torch::Tensor Module::apply(int node, const std::vector<torch::Tensor> &inputs) const {
  const Node &n = net.nodes[node];
  switch (n.op) {
  case Op::Input:
    return net.black == 0 && net.white == 1 ? inputs[0]
                                            : inputs[0] * (net.white - net.black) + net.black;
  case Op::Conv: {
    auto weights = foldedOf(node);
    auto options = F::Conv2dFuncOptions().bias(weights[1]).padding(weights[0].size(2) / 2);
    return F::conv2d(inputs[0], weights[0], options);
  }
  case Op::Relu:
    return inputs[0].relu();
  case Op::LeakyRelu:
    return torch::leaky_relu(inputs[0], n.low);
  case Op::Clamp:
    return inputs[0].clamp(n.low, n.high);
  case Op::Scale:
    return n.high == 1 ? inputs[0] + n.low : inputs[0] * n.high + n.low;
  case Op::Add:
    return inputs[0] + inputs[1];
  case Op::Concat:
    return torch::cat(inputs, 1);
  case Op::Shuffle:
    return torch::pixel_shuffle(inputs[0], net.scale);
  case Op::Choice:
    break;
  }
  llvm_unreachable("choices are resolved before");
}

torch::Tensor Module::forward(const torch::Tensor &input, const std::vector<int> &chosen) const {
  // what the result needs, the last first
  std::vector<int> source(net.nodes.size());
  std::vector<bool> needed(net.nodes.size());
  size_t choice = 0;
  for (size_t i = 0; i < net.nodes.size(); ++i)
    source[i] = net.nodes[i].op == Op::Choice ? source[net.nodes[i].inputs.at(chosen.at(choice++))]
                                              : int(i);
  needed[source.back()] = true;
  for (size_t i = net.nodes.size(); i-- > 0;) {
    if (!needed[i])
      continue;
    if (pairs[i] >= 0)
      needed[source[net.nodes[pairs[i]].inputs[0]]] = true;
    else
      for (int before : net.nodes[i].inputs)
        needed[source[before]] = true;
  }

  std::vector<torch::Tensor> results(net.nodes.size());
  for (size_t i = 0; i < net.nodes.size(); ++i) {
    if (!needed[i] || net.nodes[i].op == Op::Choice)
      continue;
    if (pairs[i] >= 0) {
      auto first = foldedOf(pairs[i]), second = foldedOf(int(i));
      if (alive[i].defined()) {
        first[0] = first[0].index_select(0, alive[i]);
        first[1] = first[1].index_select(0, alive[i]);
        second[0] = second[0].index_select(1, alive[i]);
      }
      results[i] = WidePairFunction::apply(results[source[net.nodes[pairs[i]].inputs[0]]], first[0],
                                           first[1], second[0], second[1]);
      continue;
    }
    std::vector<torch::Tensor> inputs;
    for (int before : net.nodes[i].inputs)
      inputs.push_back(results[source[before]]);
    results[i] = apply(int(i), net.nodes[i].op == Op::Input ? std::vector{input} : inputs);
  }
  torch::Tensor output = results[source.back()];
  return net.black == 0 && net.white == 1 ? output : (output - net.black) / (net.white - net.black);
}

Weights Module::fold(const std::vector<torch::Tensor> &from) const {
  torch::NoGradGuard noGrad;
  Weights result;
  for (size_t i = 0; i < layers.size(); ++i) {
    auto folded = FoldFunction::apply(from[i].detach(), &layers[i]);
    torch::Tensor weight = folded[0].contiguous();
    ConvWeights conv;
    conv.weight.assign(weight.data_ptr<float>(), weight.data_ptr<float>() + weight.numel());
    conv.bias.assign(folded[1].data_ptr<float>(), folded[1].data_ptr<float>() + folded[1].numel());
    conv.structure = layers[i].structure;
    if (layers[i].mask.defined())
      for (size_t k = 0; k < conv.weight.size(); ++k)
        if (conv.weight[k] == 0 && layers[i].mask.data_ptr<float>()[k] != 0)
          conv.weight[k] = std::numeric_limits<float>::min();
    result.push_back(std::move(conv));
  }
  return result;
}

} // namespace srcc::search
