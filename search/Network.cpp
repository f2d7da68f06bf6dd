//===- Network.cpp - Networks as graphs of convolutions -------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Network.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <stdexcept>

namespace srcc::search {

int64_t Network::width(int node) const {
  const Node &n = nodes.at(node);
  switch (n.op) {
  case Op::Input:
    return channels;
  case Op::Conv:
    return convs[n.conv].out;
  case Op::Concat: {
    int64_t sum = 0;
    for (int input : n.inputs)
      sum += width(input);
    return sum;
  }
  case Op::Shuffle:
    return width(n.inputs[0]) / (scale * scale);
  default:
    return width(n.inputs[0]);
  }
}

std::vector<int> Network::choices() const {
  std::vector<int> result;
  for (size_t i = 0; i < nodes.size(); ++i)
    if (nodes[i].op == Op::Choice)
      result.push_back(int(i));
  return result;
}

std::vector<bool> Network::prunable() const {
  // Pixels: what is computed of the picture without a convolution.
  std::vector<bool> pixels(nodes.size()), result(convs.size(), true);
  for (size_t i = 0; i < nodes.size(); ++i) {
    const Node &n = nodes[i];
    pixels[i] = n.op != Op::Conv && std::all_of(n.inputs.begin(), n.inputs.end(),
                                                [&](int input) { return pixels[input]; });
    if (n.op == Op::Conv && pixels[n.inputs[0]])
      result[n.conv] = false;
  }
  std::vector<bool> inner(nodes.size()); // read by something that is no way to the output
  for (size_t i = nodes.size(); i-- > 0;) {
    const Node &n = nodes[i];
    if (n.op == Op::Conv && !inner[i])
      result[n.conv] = false;
    if (n.op == Op::Conv || n.op == Op::Concat || inner[i])
      for (int input : n.inputs)
        inner[input] = true;
  }
  return result;
}

Network Network::select(const std::vector<int> &chosen, std::vector<int> *kept) const {
  std::vector<int> source(nodes.size()); // the node that computes the result
  size_t next = 0;
  for (size_t i = 0; i < nodes.size(); ++i)
    source[i] = nodes[i].op == Op::Choice ? source[nodes[i].inputs.at(chosen.at(next++))] : int(i);
  if (next != chosen.size())
    throw std::logic_error("as many are chosen as there are choices");
  std::vector<bool> needed(nodes.size());
  needed[source.back()] = needed[0] = true;
  for (size_t i = nodes.size(); i-- > 0;)
    if (needed[i])
      for (int input : nodes[i].inputs)
        needed[source[input]] = true;
  Network result = *this;
  result.nodes.clear();
  result.convs.clear();
  if (kept)
    kept->clear();
  std::vector<int> renamed(nodes.size(), -1);
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (!needed[i])
      continue;
    Node n = nodes[i];
    for (int &input : n.inputs)
      input = renamed[source[input]];
    if (n.op == Op::Conv) {
      result.convs.push_back(convs[n.conv]);
      if (kept)
        kept->push_back(n.conv);
      n.conv = int(result.convs.size()) - 1;
    }
    renamed[i] = int(result.nodes.size());
    result.nodes.push_back(std::move(n));
  }
  return result;
}

int64_t Network::macs() const {
  return std::accumulate(convs.begin(), convs.end(), int64_t(0),
                         [](int64_t sum, const ConvShape &c) { return sum + c.weights(); });
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

static constexpr const char *opNames[] = {"input", "conv", "relu",   "leaky_relu", "clamp",
                                          "scale", "add",  "concat", "shuffle",    "choice"};

std::string Network::toJson() const {
  nlohmann::ordered_json root = {
      {"name", name}, {"scale", scale}, {"channels", channels}, {"black", black}, {"white", white}};
  for (const Node &n : nodes) {
    nlohmann::ordered_json node = {{"op", opNames[int(n.op)]}, {"name", n.name}};
    if (!n.inputs.empty())
      node["inputs"] = n.inputs;
    if (n.op == Op::Conv) {
      const ConvShape &c = convs[n.conv];
      node["out"] = c.out, node["kernel"] = c.kernel, node["gain"] = c.gain;
      if (c.hidden)
        node["hidden"] = c.hidden;
    }
    if (n.op == Op::LeakyRelu || n.op == Op::Clamp || n.op == Op::Scale)
      node["low"] = n.low, node["high"] = n.high;
    root["nodes"].push_back(std::move(node));
  }
  return root.dump();
}

Network Network::fromJson(const std::string &text) {
  auto fail = [](const std::string &what) { throw std::runtime_error("network: " + what); };
  try {
    nlohmann::json root = nlohmann::json::parse(text);
    Network result;
    result.name = root.at("name");
    result.scale = root.at("scale"), result.channels = root.at("channels");
    result.black = root.at("black"), result.white = root.at("white");
    if (result.scale < 1 || result.scale > 8 || result.channels < 1 || result.channels > 1024)
      fail("scale or channels are out of range");
    NetworkBuilder builder(result);
    std::vector<int64_t> widths;
    for (const nlohmann::json &node : root.at("nodes")) {
      std::string op = node.at("op");
      auto found = std::find(std::begin(opNames), std::end(opNames), op);
      if (found == std::end(opNames))
        fail("there is no operation '" + op + "'");
      Node n{Op(found - std::begin(opNames)), node.at("name"),
             node.value("inputs", std::vector<int>())};
      n.low = node.value("low", 0.0f), n.high = node.value("high", 1.0f);
      size_t least = n.op == Op::Input ? 0 : n.op == Op::Add ? 2 : 1;
      bool any = n.op == Op::Concat || n.op == Op::Choice;
      if (any ? n.inputs.empty() : n.inputs.size() != least)
        fail(n.name + " has " + std::to_string(n.inputs.size()) + " inputs");
      if ((n.op == Op::Input) != result.nodes.empty())
        fail("the first node, and it alone, is the picture");
      for (int input : n.inputs)
        if (input < 0 || input >= int(result.nodes.size()))
          fail(n.name + " reads a node that is not before it");
      if (n.op == Op::Add || n.op == Op::Choice)
        for (int input : n.inputs)
          if (widths[input] != widths[n.inputs[0]])
            fail(n.name + " takes maps of different widths");
      if (n.op == Op::Shuffle && widths[n.inputs[0]] % (result.scale * result.scale))
        fail(n.name + " takes a multiple of scale^2 channels");
      if (n.op == Op::Conv) {
        int64_t out = node.at("out"), kernel = node.at("kernel");
        if (out < 1 || out > 4096 || kernel < 1 || kernel > 15 || kernel % 2 == 0)
          fail(n.name + ": filters or kernel are out of range");
        builder.hidden = node.value("hidden", int64_t(0));
        if (builder.hidden < 0 || builder.hidden > 4096 || (builder.hidden && kernel == 1))
          fail(n.name + ": a linear block has 1 to 4096 hidden channels and no kernel of 1x1");
        builder.conv(n.name, n.inputs[0], out, kernel, node.value("gain", 1.0));
      } else {
        builder.node(n);
      }
      widths.push_back(result.width(int(result.nodes.size()) - 1));
    }
    if (result.nodes.empty())
      fail("there is no node");
    return result;
  } catch (const nlohmann::json::exception &error) {
    fail(error.what());
  }
  return {};
}

//===----------------------------------------------------------------------===//
// NetworkBuilder
//===----------------------------------------------------------------------===//

int NetworkBuilder::node(Node node) {
  network.nodes.push_back(std::move(node));
  return int(network.nodes.size()) - 1;
}
int NetworkBuilder::input() { return node({Op::Input, "input"}); }
int NetworkBuilder::conv(const std::string &name, int input, int64_t out, int64_t kernel,
                         double gain) {
  network.convs.push_back({name, out, network.width(input), kernel, gain, kernel > 1 ? hidden : 0});
  return node({Op::Conv, name, {input}, int(network.convs.size()) - 1});
}
int NetworkBuilder::relu(const std::string &name, int input) {
  return node({Op::Relu, name, {input}});
}
int NetworkBuilder::scale(const std::string &name, int input, float factor, float addend) {
  return node({Op::Scale, name, {input}, -1, addend, factor});
}
int NetworkBuilder::add(const std::string &name, int a, int b) {
  return node({Op::Add, name, {a, b}});
}
int NetworkBuilder::shuffle(const std::string &name, int input) {
  return node({Op::Shuffle, name, {input}});
}
int NetworkBuilder::choice(const std::string &name, const std::vector<int> &inputs) {
  return node({Op::Choice, name, inputs});
}

//===----------------------------------------------------------------------===//
// Weight normalisation
//===----------------------------------------------------------------------===//

void foldNorm(const ConvShape &conv, const float *parameters, float *weight) {
  int64_t fan = conv.in * conv.kernel * conv.kernel;
  const float *gain = parameters + conv.weights();
  for (int64_t filter = 0; filter < conv.out; ++filter) {
    const float *v = parameters + filter * fan;
    double factor = gain[filter] / std::sqrt(std::inner_product(v, v + fan, v, 0.0));
    for (int64_t i = 0; i < fan; ++i)
      weight[filter * fan + i] = float(factor * v[i]);
  }
}

void foldNormGradient(const ConvShape &conv, const float *parameters, const float *weightGradient,
                      const float *biasGradient, float *gradient) {
  int64_t fan = conv.in * conv.kernel * conv.kernel;
  const float *gain = parameters + conv.weights();
  for (int64_t filter = 0; filter < conv.out; ++filter) {
    const float *v = parameters + filter * fan, *dw = weightGradient + filter * fan;
    double square = std::inner_product(v, v + fan, v, 0.0), norm = std::sqrt(square);
    double along = std::inner_product(v, v + fan, dw, 0.0);
    for (int64_t i = 0; i < fan; ++i)
      gradient[filter * fan + i] = float(gain[filter] / norm * (dw[i] - along / square * v[i]));
    gradient[conv.weights() + filter] = float(along / norm);
  }
  std::copy_n(biasGradient, conv.out, gradient + conv.weights() + conv.out);
}

} // namespace srcc::search
