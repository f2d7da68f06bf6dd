//===- Latency.cpp - What the cost model says of networks -----------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Latency.h"
#include "compiler/cost/KernelCache.h"
#include "compiler/cost/Memo.h"
#include "compiler/tools/Pipeline.h"
#include "compiler/tools/Registration.h"
#include "search/Model.h"
#include "search/Pruning.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <stdexcept>

using namespace mlir;

namespace srcc::search {

struct Latency::State {
  LatencyOptions options;
  Device device;
  std::unique_ptr<cost::Memo> memo;
  std::map<uint64_t, double> known;
  std::vector<std::pair<double, double>> points;
  int64_t compiled = 0, remembered = 0;
  DialectRegistry registry;
  cost::KernelCache kernels;
};

/// The value of an Expected, or its error as an exception.
template <typename T> static T get(llvm::Expected<T> expected) {
  if (!expected)
    throw std::runtime_error(llvm::toString(expected.takeError()));
  return std::move(*expected);
}

Latency::Latency(const LatencyOptions &options) : state(std::make_unique<State>()) {
  state->options = options;
  if (options.precision != "f32" && options.precision != "f16s" && options.precision != "f16")
    throw std::runtime_error("precision is f32, f16s or f16, not '" + options.precision + "'");
  state->device = get(loadDevice(options.target));
  if (options.precision == "f16" && !state->device.fp16)
    throw std::runtime_error("precision f16 needs a device with half arithmetic; " +
                             state->device.name + " has none");
  if (!options.memo.empty())
    state->memo = get(cost::Memo::open(options.memo));
  registerDialects(state->registry);
}
Latency::~Latency() = default;

/// What decides the time of a network beside its masks.
static std::string question(const Network &network, const LatencyOptions &options,
                            const Device &device) {
  return network.toJson() + printDevice(device) + options.precision + " " +
         std::to_string(options.width) + "x" + std::to_string(options.height) + " " +
         std::to_string(cost::featureVersion) + "/" + std::to_string(cost::modelVersion);
}

static void describe(llvm::raw_ostream &os, const sparsity::Structure &s) {
  os << int(s.scheme) << "," << s.filters << "," << s.channels << "," << s.keep << "," << s.shared;
}

/// Compiles and predicts, uncorrected.
static double compute(const Network &network, const Weights &weights, Latency::State &state) {
  MLIRContext context(state.registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  std::string message;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      message += (message.empty() ? "" : "\n") + diagnostic.str();
    return success();
  });
  OwningOpRef<ModuleOp> module = buildModel(network, weights, &context);
  bool lowered = succeeded(
      lowerToSharedKernels(*module, {state.options.target, state.options.precision, true}));
  if (lowered) {
    state.kernels.recognise(*module);
    lowered = succeeded(lowerToVectors(*module));
  }
  if (!lowered)
    throw std::runtime_error("the network does not compile: " + message);
  FailureOr<cost::Program> program = cost::Program::get(*module, &state.kernels);
  if (failed(program))
    throw std::runtime_error("the cost model does not take the network: " + message);
  cost::CostModel model(state.device, state.memo.get());
  double total = 0;
  get(model.predict(*program, state.options.height, state.options.width, &total));
  return total;
}

/// Looks an answer up, else computes and remembers it.
template <typename Compute>
static double answer(Latency::State &state, const std::string &asked, Compute compute) {
  uint64_t key = llvm::xxh3_64bits(llvm::StringRef(asked)) >> 1;
  if (auto found = state.known.find(key); found != state.known.end()) {
    ++state.remembered;
    return found->second;
  }
  if (state.memo)
    if (auto text = get(state.memo->findAnswer(key))) {
      double value;
      if (!llvm::StringRef(*text).getAsDouble(value)) {
        ++state.remembered;
        return state.known[key] = value;
      }
    }
  double value = compute();
  ++state.compiled;
  state.known[key] = value;
  if (state.memo) {
    std::string text;
    llvm::raw_string_ostream(text) << llvm::format("%.17g", value);
    if (llvm::Error error = state.memo->storeAnswer(key, text))
      throw std::runtime_error(llvm::toString(std::move(error)));
  }
  return value;
}

double Latency::predict(const Network &network, const Plan &plan) {
  std::string asked = question(network, state->options, state->device);
  llvm::raw_string_ostream os(asked);
  for (const LayerPlan &layer : plan) {
    os << "; ";
    describe(os, layer.structure);
    os << llvm::format(" %.6f", layer.density);
  }
  return interpolate(state->points, answer(*state, os.str(), [&] {
                       Weights weights;
                       std::mt19937 random(1);
                       for (auto [conv, layer] : llvm::zip(network.convs, plan)) {
                         ConvWeights w{std::vector<float>(conv.weights()),
                                       std::vector<float>(conv.out, 0.01f)};
                         for (float &value : w.weight)
                           value = float(random() % 65536 + 1) / 65536 - 0.5f;
                         for (float &value : w.weight)
                           value = value == 0 ? 0.5f : value;
                         if (layer.structure.scheme != sparsity::Scheme::Dense && layer.density < 1)
                           pruneLayer(conv, layer.structure, layer.density, w);
                         weights.push_back(std::move(w));
                       }
                       return compute(network, weights, *state);
                     }));
}

double Latency::predict(const Network &network, const Weights &weights) {
  std::string asked = question(network, state->options, state->device);
  llvm::raw_string_ostream os(asked);
  for (const ConvWeights &layer : weights) {
    sparsity::Mask mask = sparsity::maskOf(layer.weight), bias = sparsity::maskOf(layer.bias);
    os << "; ";
    describe(os, layer.structure);
    os << " " << llvm::xxh3_64bits(mask) << " " << llvm::xxh3_64bits(bias);
  }
  return interpolate(state->points,
                     answer(*state, os.str(), [&] { return compute(network, weights, *state); }));
}

void Latency::calibrate(std::vector<std::pair<double, double>> points) {
  std::sort(points.begin(), points.end());
  state->points = std::move(points);
}
int64_t Latency::compiled() const { return state->compiled; }
int64_t Latency::kernelsCounted() const { return state->kernels.counted(); }
int64_t Latency::remembered() const { return state->remembered; }
bool Latency::isHere() const { return state->device.kind == DeviceKind::CPU; }

double interpolate(const std::vector<std::pair<double, double>> &points, double x) {
  if (points.empty())
    return x;
  std::pair<double, double> before{0, 0};
  for (const auto &point : points) {
    if (x <= point.first)
      return before.second +
             (x - before.first) / (point.first - before.first) * (point.second - before.second);
    before = point;
  }
  return x * before.second / before.first;
}

} // namespace srcc::search
