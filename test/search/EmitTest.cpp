//===- EmitTest.cpp - The emitted model computes what LibTorch does -------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Emit.h"
#include "dialects/sr/Interpreter.h"
#include "dialects/sr/ModelFile.h"
#include "search/WdsrModule.h"
#include "test/search/Pictures.h"

#include <gtest/gtest.h>

using namespace srcc;
using namespace srcc::search;

class Emission : public testing::TestWithParam<WdsrShape> {};

// The network under weight normalisation by LibTorch against the folded model by the reference
// interpreter, at weights, gains and biases of which none is special.
TEST_P(Emission, ComputesWhatLibTorchDoes) {
  torch::manual_seed(3);
  torch::NoGradGuard noGrad;
  WdsrModule network(GetParam());
  torch::Tensor parameters = network.parameters();
  parameters.add_(torch::randn_like(parameters), 0.05);

  Folder folder;
  std::string path = folder / "model.mlirbc";
  emitModel(network.fold(parameters.detach()), path);
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  mlir::OwningOpRef<mlir::ModuleOp> module = sr::readModelFile(path, &context);
  ASSERT_TRUE(module);
  auto io = (*module)->getAttrOfType<sr::IOAttr>("sr.io");
  ASSERT_TRUE(io);
  EXPECT_EQ(io, sr::IOAttr::get(&context, GetParam().scale, sr::Color::RGB, 0.0, 1.0));

  for (auto [height, width] : {std::pair<int64_t, int64_t>{9, 7}, {1, 1}, {3, 16}}) {
    torch::Tensor input = torch::rand({1, 3, height, width});
    torch::Tensor expected = network.forward(input).contiguous();
    sr::Map map(3, height, width);
    std::copy_n(input.data_ptr<float>(), input.numel(), map.values.data());
    mlir::FailureOr<sr::Map> output = sr::interpret(sr::getModelFunction(*module), map);
    ASSERT_TRUE(mlir::succeeded(output));
    ASSERT_EQ(output->channels, 3);
    ASSERT_EQ(output->height, height * GetParam().scale);
    ASSERT_EQ(output->width, width * GetParam().scale);
    ASSERT_EQ(int64_t(output->values.size()), expected.numel());
    for (size_t i = 0; i < output->values.size(); ++i)
      ASSERT_NEAR(output->values[i], expected.data_ptr<float>()[i], 1e-4) << i;
  }
}
INSTANTIATE_TEST_SUITE_P(Shapes, Emission,
                         testing::Values(WdsrShape{2, 2, 8, 6}, WdsrShape{3, 1, 5, 4},
                                         WdsrShape{4, 3, 2, 1}, WdsrShape{2, 8, 16, 6}));

// A convolution of each name has the shape it is said to have, and the layers of the text carry
// their names.
TEST(Emission, NamesLayers) {
  WdsrShape shape{2, 1, 4, 2};
  WdsrModule network(shape);
  Folder folder;
  emitModel(network.fold(network.parameters().detach()), folder / "model.mlirbc");
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  mlir::OwningOpRef<mlir::ModuleOp> module = sr::readModelFile(folder / "model.mlirbc", &context);
  ASSERT_TRUE(module);
  std::vector<std::string> names;
  module->walk([&](sr::Conv2DOp op) {
    names.push_back(llvm::cast<mlir::NameLoc>(op.getLoc()).getName().str());
  });
  EXPECT_EQ(names, (std::vector<std::string>{"head", "block0.expand", "block0.reduce",
                                             "block0.conv", "tail", "skip"}));
}
