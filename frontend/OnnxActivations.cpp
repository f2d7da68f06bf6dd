//===- OnnxActivations.cpp - Activations that exporters take apart --------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Exporters write gelu, silu and others as a handful of elementwise nodes, in many orders. Such a
// group is recognised by what it computes: if it is a function of one tensor and agrees with a
// known activation on a row of sample points, it is that activation.
#include "frontend/OnnxImporter.h"

#include "llvm/ADT/StringSwitch.h"

#include "onnx/onnx_pb.h"

#include <cmath>

using namespace mlir;
using namespace srcc::onnx;

namespace {
enum class Function {
  None,
  Add,
  Sub,
  Mul,
  Div,
  Pow,
  Erf,
  Tanh,
  Sigmoid,
  Exp,
  Neg,
  Reciprocal,
  Same
};

Function getFunction(StringRef op) {
  return llvm::StringSwitch<Function>(op)
      .Case("Add", Function::Add)
      .Case("Sub", Function::Sub)
      .Case("Mul", Function::Mul)
      .Case("Div", Function::Div)
      .Case("Pow", Function::Pow)
      .Case("Erf", Function::Erf)
      .Case("Tanh", Function::Tanh)
      .Case("Sigmoid", Function::Sigmoid)
      .Case("Exp", Function::Exp)
      .Case("Neg", Function::Neg)
      .Case("Reciprocal", Function::Reciprocal)
      .Cases({"Identity", "Cast"}, Function::Same)
      .Default(Function::None);
}

double compute(Function function, double a, double b) {
  switch (function) {
  case Function::Add:
    return a + b;
  case Function::Sub:
    return a - b;
  case Function::Mul:
    return a * b;
  case Function::Div:
    return a / b;
  case Function::Pow:
    return std::pow(a, b);
  case Function::Erf:
    return std::erf(a);
  case Function::Tanh:
    return std::tanh(a);
  case Function::Sigmoid:
    return 1 / (1 + std::exp(-a));
  case Function::Exp:
    return std::exp(a);
  case Function::Neg:
    return -a;
  case Function::Reciprocal:
    return 1 / a;
  default:
    return a;
  }
}
} // namespace

std::optional<Importer::Activation> Importer::findActivation(int root) {
  // Nodes of one group; the largest form in use (gelu by tanh) has 9.
  constexpr size_t maxGroup = 16;
  StringRef rootOp = graph.node(root).op_type();
  if (rootOp != "Mul" && rootOp != "Div" && rootOp != "Reciprocal")
    return std::nullopt;

  // The nodes around the root that compute element by element, nearest first.
  SmallVector<int> group = {root};
  SmallVector<StringRef> candidates;
  bool isInteresting = false;
  for (size_t i = 0; i < group.size(); ++i) {
    const ::onnx::NodeProto &node = graph.node(group[i]);
    Function function = getFunction(node.op_type());
    isInteresting |= function == Function::Erf || function == Function::Tanh ||
                     function == Function::Sigmoid || function == Function::Exp;
    for (const std::string &input : node.input()) {
      if (getScalar(input))
        continue;
      if (!llvm::is_contained(candidates, StringRef(input)))
        candidates.push_back(input);
      auto producer = producers.find(input);
      if (producer != producers.end() && group.size() < maxGroup &&
          getFunction(graph.node(producer->second).op_type()) != Function::None &&
          !llvm::is_contained(group, producer->second))
        group.push_back(producer->second);
    }
  }
  if (!isInteresting)
    return std::nullopt;

  // The value of a tensor of the group when `variable` is x; nothing if it depends on more.
  StringRef variable;
  double x = 0;
  llvm::StringMap<std::optional<double>> values;
  std::function<std::optional<double>(StringRef, int)> evaluate =
      [&](StringRef name, int depth) -> std::optional<double> {
    if (name == variable)
      return x;
    if (auto scalar = getScalar(name))
      return scalar;
    if (auto known = values.find(name); known != values.end())
      return known->second;
    auto producer = producers.find(name);
    std::optional<double> result;
    if (producer != producers.end() && depth > 0 && llvm::is_contained(group, producer->second)) {
      const ::onnx::NodeProto &node = graph.node(producer->second);
      Function function = getFunction(node.op_type());
      bool isBinary = function >= Function::Add && function <= Function::Pow;
      if (node.input_size() == (isBinary ? 2 : 1) && node.output_size() == 1) {
        auto a = evaluate(node.input(0), depth - 1);
        auto b = isBinary ? evaluate(node.input(1), depth - 1) : a;
        if (a && b)
          result = compute(function, *a, *b);
      }
    }
    values[name] = result;
    return result;
  };

  const double pi = 3.14159265358979323846;
  using Known = std::pair<Activation::Kind, std::function<double(double)>>;
  const Known known[] = {
      {Activation::Sigmoid, [](double v) { return 1 / (1 + std::exp(-v)); }},
      {Activation::Silu, [](double v) { return v / (1 + std::exp(-v)); }},
      {Activation::Gelu, [](double v) { return 0.5 * v * (1 + std::erf(v / std::sqrt(2.0))); }},
      {Activation::GeluTanh,
       [&](double v) {
         return 0.5 * v * (1 + std::tanh(std::sqrt(2 / pi) * (v + 0.044715 * v * v * v)));
       }},
      {Activation::Tanh, [](double v) { return std::tanh(v); }},
  };
  // The two forms of gelu differ by up to 5e-4; constants stored as f16 are off by up to 2e-4.
  double tolerance = hasHalf ? 2e-4 : 1e-5;
  for (StringRef candidate : candidates) {
    variable = candidate;
    std::array<double, std::size(known)> worst{};
    bool isFunction = true;
    for (int i = -32; i <= 32 && isFunction; ++i) {
      x = i / 5.0 + 0.01; // not 0: x^3 / x and the like
      values.clear();
      auto y = evaluate(graph.node(root).output(0), int(maxGroup));
      isFunction = y && std::isfinite(*y);
      for (size_t k = 0; isFunction && k < std::size(known); ++k)
        worst[k] = std::max(worst[k], std::abs(*y - known[k].second(x)));
    }
    if (!isFunction)
      continue;
    size_t best = std::min_element(worst.begin(), worst.end()) - worst.begin();
    if (worst[best] <= tolerance)
      return Activation{known[best].first, candidate};
  }
  return std::nullopt;
}
