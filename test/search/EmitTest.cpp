//===- EmitTest.cpp - Models compute what LibTorch does -------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Blocks.h"
#include "search/Latency.h"
#include "search/Model.h"
#include "search/Module.h"
#include "search/Pruning.h"
#include "test/search/Pictures.h"

#include <fstream>

#include "dialects/sr/Interpreter.h"
#include "dialects/sr/ModelFile.h"

#include <gtest/gtest.h>

using namespace srcc;
using namespace srcc::search;

namespace {
using Cells = std::vector<std::vector<std::string>>;

/// A network with weights of which none is special.
Module randomModule(const Network &network) {
  torch::manual_seed(3);
  torch::NoGradGuard noGrad;
  Module module(network);
  for (const torch::Tensor &value : module.parameters())
    value.add_(torch::randn_like(value), 0.05);
  return module;
}

/// Holds the model of a file, by the reference interpreter, against a module.
void compare(const Module &module, const std::string &path) {
  torch::NoGradGuard noGrad;
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  mlir::OwningOpRef<mlir::ModuleOp> model = sr::readModelFile(path, &context);
  ASSERT_TRUE(model);
  const Network &network = module.network();
  for (auto [height, width] : {std::pair<int64_t, int64_t>{9, 7}, {1, 1}, {3, 16}}) {
    torch::Tensor input = torch::rand({1, 3, height, width});
    torch::Tensor expected = module.forward(input).contiguous();
    sr::Map map(3, height, width);
    double range = network.white - network.black;
    for (int64_t i = 0; i < input.numel(); ++i)
      map.values[i] = float(input.data_ptr<float>()[i] * range + network.black);
    mlir::FailureOr<sr::Map> output = sr::interpret(sr::getModelFunction(*model), map);
    ASSERT_TRUE(mlir::succeeded(output));
    ASSERT_EQ(output->height, height * network.scale);
    ASSERT_EQ(output->width, width * network.scale);
    ASSERT_EQ(int64_t(output->values.size()), expected.numel());
    for (size_t i = 0; i < output->values.size(); ++i)
      ASSERT_NEAR((output->values[i] - network.black) / range, expected.data_ptr<float>()[i], 1e-4)
          << i;
  }
}
} // namespace

class Emission : public testing::TestWithParam<Network> {};

// The network under weight normalisation by LibTorch against the folded model by the reference
// interpreter; and the model, read again, by LibTorch.
TEST_P(Emission, ComputesWhatLibTorchDoes) {
  Module module = randomModule(GetParam());
  Folder folder;
  std::string path = folder / "model.mlirbc";
  emitModel(module.network(), module.fold(module.parameters()), path);
  compare(module, path);
  auto [network, weights] = importModel(path);
  EXPECT_EQ(network.scale, GetParam().scale);
  compare(Module(network, weights), path);
}
INSTANTIATE_TEST_SUITE_P(Networks, Emission,
                         testing::Values(buildNetwork(2, {8}, Cells(2, {"wdsr-b"})),
                                         buildNetwork(3, {5}, Cells(1, {"wdsr-a:2"})),
                                         buildNetwork(4, {2},
                                                      {{"wdsr-b:1"}, {"wdsr-a:1"}, {"skip"}}),
                                         buildNetwork(2, {12, 4, 3}, Cells(3, {"conv"})),
                                         buildNetwork(2, {16}, Cells(8, {"wdsr-b"}))));

// Masked networks are emitted with the encodings of their structures, and compute the same.
TEST(Emission, KeepsMasksAndTheirEncodings) {
  for (auto [scheme, encoding] : {std::pair{"filter", "#sr.filter"},
                                  {"block:8:4", "#sr.block<8x4>"},
                                  {"pattern:4", "#sr.pattern"},
                                  {"unstructured", "#sr.unstructured"}}) {
    Network network = buildNetwork(2, {16}, Cells(1, {"wdsr-b"}));
    Module dense = randomModule(network);
    Module module(network, prune(network, dense.fold(dense.parameters()),
                                 uniformPlan(network, parseStructure(scheme), 0.3)));
    Folder folder;
    emitModel(network, module.fold(module.parameters()), folder / "model.mlir");
    compare(module, folder / "model.mlir");
    std::ifstream file(folder / "model.mlir");
    std::string text((std::istreambuf_iterator<char>(file)), {});
    EXPECT_NE(text.find(encoding), std::string::npos) << encoding;
    auto [again, weights] = importModel(folder / "model.mlir");
    EXPECT_EQ(weights[3].structure.scheme, parseStructure(scheme).scheme);
  }
}

// Balancing changes weights, not what the network computes.
TEST(Emission, BalancedNetworksComputeTheSame) {
  Network network = buildNetwork(2, {6}, {{"wdsr-b:3"}, {"wdsr-a:2"}});
  Module module = randomModule(network);
  Weights weights = module.fold(module.parameters()), balanced = balance(network, weights);
  EXPECT_NE(balanced[1].weight, weights[1].weight);
  Folder folder;
  emitModel(network, balanced, folder / "model.mlirbc");
  compare(module, folder / "model.mlirbc");
}

// Against two convolutions, one behind the other, in double precision under autograd.
TEST(Emission, LinearBlocksAreTheirTwoConvolutions) {
  constexpr int64_t hidden = 7, size = 9;
  Network network;
  network.name = "block", network.scale = 2;
  NetworkBuilder b(network);
  b.hidden = hidden;
  b.shuffle("shuffle", b.conv("conv", b.input(), 12, 3, 0.5));
  torch::manual_seed(3);
  Module module(Network::fromJson(network.toJson()));
  torch::Tensor parameter = module.parameters()[0];
  ASSERT_EQ(parameter.numel(), hidden * (3 * 9 + 12) + 12);
  torch::NoGradGuard noGrad;
  for (const ConvWeights &conv : module.fold(module.parameters())) {
    torch::Tensor filters = torch::tensor(conv.weight).view({12, -1});
    EXPECT_LE((filters.norm(2, 1) - 0.5).abs().max().item<float>(), 1e-5);
  }
  parameter.slice(0, parameter.numel() - 12).uniform_(-1, 1);
  torch::AutoGradMode grad(true);
  torch::Tensor x = torch::rand({2, 3, size, size}), dy = torch::randn({2, 3, 2 * size, 2 * size});
  torch::Tensor y = module.forward(x);
  y.backward(dy);

  torch::Tensor leaf = parameter.detach().to(torch::kFloat64).requires_grad_();
  auto part = [&](int64_t from, at::IntArrayRef sizes) {
    return leaf.slice(0, from, from + c10::multiply_integers(sizes)).view(sizes);
  };
  torch::Tensor wide = torch::conv2d(x.to(torch::kFloat64), part(0, {hidden, 3, 3, 3}), {}, 1, 1);
  torch::Tensor both =
      torch::conv2d(wide, part(hidden * 27, {12, hidden, 1, 1}), part(hidden * (27 + 12), {12}));
  torch::Tensor expected = torch::pixel_shuffle(both, 2);
  expected.backward(dy.to(torch::kFloat64));
  EXPECT_LE((y - expected).abs().max().item<double>(), 1e-5);
  torch::Tensor error = (parameter.grad() - leaf.grad()).abs();
  EXPECT_LE(error.max().item<double>(), 1e-5 * leaf.grad().abs().max().item<double>());
}

TEST(Emission, NamesLayersAndProvenance) {
  Network network = buildNetwork(2, {4}, Cells(1, {"wdsr-b:2"}));
  Module module(network);
  Folder folder;
  emitModel(network, module.fold(module.parameters()), folder / "model.mlirbc", {{"seed", "7"}});
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  mlir::OwningOpRef<mlir::ModuleOp> model = sr::readModelFile(folder / "model.mlirbc", &context);
  ASSERT_TRUE(model);
  EXPECT_EQ((*model)->getAttrOfType<sr::IOAttr>("sr.io"),
            sr::IOAttr::get(&context, 2, sr::Color::RGB, 0.0, 1.0));
  auto provenance = (*model)->getAttrOfType<mlir::DictionaryAttr>("search.provenance");
  ASSERT_TRUE(provenance);
  EXPECT_EQ(provenance.getAs<mlir::StringAttr>("seed").getValue(), "7");
  std::vector<std::string> names;
  model->walk([&](sr::Conv2DOp op) {
    names.push_back(llvm::cast<mlir::NameLoc>(op.getLoc()).getName().str());
  });
  EXPECT_EQ(names, (std::vector<std::string>{"head", "block0.expand", "block0.reduce",
                                             "block0.conv", "tail", "skip"}));
}

// All that the importer knows, in one network of another range.
TEST(Import, TakesPlainNetworks) {
  Folder folder;
  std::ofstream(folder / "net.mlir") << R"(
module attributes {sr.io = #sr.io<scale = 2, color = rgb, range = 0.0 : 255.0>} {
  func.func @net(%x: tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32> {
    %k = sr.constant dense<0.01> : tensor<1x1x1x1xf32>
    %s = sr.mul %x, %k : (tensor<1x3x?x?xf32>, tensor<1x1x1x1xf32>) -> tensor<1x3x?x?xf32>
    %w = sr.constant dense<0.5> : tensor<2x3x1x1xf32>
    %a = sr.conv2d %s, %w : (tensor<1x3x?x?xf32>, tensor<2x3x1x1xf32>) -> tensor<1x2x?x?xf32>
    %l = sr.leaky_relu %a {alpha = 0.1 : f32} : tensor<1x2x?x?xf32>
    %c = sr.concat %l, %s : (tensor<1x2x?x?xf32>, tensor<1x3x?x?xf32>) -> tensor<1x5x?x?xf32>
    %v = sr.constant dense<0.25> : tensor<12x5x3x3xf32>
    %b = sr.constant dense<1.0> : tensor<12xf32>
    %d = sr.conv2d %c, %v, %b {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x5x?x?xf32>, tensor<12x5x3x3xf32>, tensor<12xf32>) -> tensor<1x12x?x?xf32>
    %p = sr.pixel_shuffle %d {scale = 2} : (tensor<1x12x?x?xf32>) -> tensor<1x3x?x?xf32>
    %o = sr.clamp %p {low = 0.0 : f32, high = 255.0 : f32} : tensor<1x3x?x?xf32>
    return %o : tensor<1x3x?x?xf32>
  }
})";
  auto [network, weights] = importModel(folder / "net.mlir");
  EXPECT_EQ(network.white, 255);
  compare(Module(network, weights), folder / "net.mlir");
}

TEST(Import, NamesWhatItCannotTrain) {
  Folder folder;
  std::ofstream(folder / "net.mlir") << R"(
module attributes {sr.io = #sr.io<scale = 1, color = rgb, range = 0.0 : 1.0>} {
  func.func @net(%x: tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32> {
    %y = sr.tanh %x : tensor<1x3x?x?xf32> loc("bend")
    return %y : tensor<1x3x?x?xf32>
  }
})";
  try {
    importModel(folder / "net.mlir");
    FAIL();
  } catch (const std::runtime_error &error) {
    EXPECT_EQ(
        std::string(error.what()),
        folder / "net.mlir" +
            ": bend, sr.tanh: is not trained here; there are conv2d, relu, leaky_relu, clamp, "
            "add, sub, mul, concat and pixel_shuffle");
  }
  std::ofstream(folder / "broken.mlir") << "module {";
  EXPECT_THROW(importModel(folder / "broken.mlir"), std::runtime_error);
  EXPECT_THROW(importModel(folder / "absent.onnx"), std::runtime_error);
}

// Fewer weights of a structure take less time; answers are remembered, in a file, too; a
// calibration corrects them.
TEST(Latency, FallsWithDensityAndIsRemembered) {
  Folder folder;
  Network network = buildNetwork(2, {16}, Cells(1, {"wdsr-b"}));
  double dense, half;
  {
    Latency latency({"pocl-cpu", "f32", 320, 180, folder / "memo.sqlite"});
    dense = latency.predict(network, uniformPlan(network, {}, 1));
    half = latency.predict(network, uniformPlan(network, parseStructure("block:8:4"), 0.5));
    double eighth =
        latency.predict(network, uniformPlan(network, parseStructure("block:8:4"), 0.125));
    EXPECT_LT(eighth, half);
    EXPECT_LT(half, dense);
    EXPECT_EQ(latency.compiled(), 3);
    EXPECT_EQ(latency.predict(network, uniformPlan(network, {}, 1)), dense);
    EXPECT_EQ(latency.compiled(), 3);
  }
  Latency latency({"pocl-cpu", "f32", 320, 180, folder / "memo.sqlite"});
  EXPECT_EQ(latency.predict(network, uniformPlan(network, parseStructure("block:8:4"), 0.5)), half);
  EXPECT_EQ(latency.compiled(), 0);
  latency.calibrate({{dense, 3 * dense}, {half, half}});
  EXPECT_DOUBLE_EQ(latency.predict(network, uniformPlan(network, {}, 1)), 3 * dense);
  LatencyOptions absent;
  absent.target = "no-such-device";
  EXPECT_THROW(Latency{absent}, std::runtime_error);
}

// Kernels that were counted in another network give what compiling this one alone gives, to the
// last bit; and few are new where few layers are.
TEST(Latency, OfKnownKernelsIsThatOfTheWholeNetwork) {
  LatencyOptions options{"pocl-cpu", "f32", 640, 360, ""};
  Latency together(options);
  auto networkOf = [](int cells) { return buildNetwork(2, {24}, Cells(cells, {"wdsr-b:2"})); };
  Network network = networkOf(2);
  Plan plan = uniformPlan(network, parseStructure("block:8:4"), 0.5);
  together.predict(network, plan);
  int64_t before = together.kernelsCounted();
  plan[5].density = 0.25;
  EXPECT_EQ(together.predict(network, plan), Latency(options).predict(network, plan));
  int64_t after = together.kernelsCounted();
  EXPECT_LE(after - before, 2) << before << " kernels at first";
  EXPECT_EQ(together.compiled(), 2);
  // the same cells, one more
  Network longer = networkOf(3);
  plan = uniformPlan(longer, parseStructure("block:8:4"), 0.5);
  EXPECT_EQ(together.predict(longer, plan), Latency(options).predict(longer, plan));
  EXPECT_LT(together.kernelsCounted() - after, before);
}

TEST(Latency, CalibrationIsPiecewiseLinear) {
  std::vector<std::pair<double, double>> points = {{1, 2}, {3, 3}};
  EXPECT_DOUBLE_EQ(interpolate(points, 0.5), 1);
  EXPECT_DOUBLE_EQ(interpolate(points, 2), 2.5);
  EXPECT_DOUBLE_EQ(interpolate(points, 3), 3);
  EXPECT_DOUBLE_EQ(interpolate(points, 6), 6);
  EXPECT_DOUBLE_EQ(interpolate({}, 6), 6);
}
