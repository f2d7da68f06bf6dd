//===- DamageTest.cpp - Damaged ONNX files --------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Whatever bytes come in: the importer gives a module that verifies, or no module and an error.
#include "frontend/Onnx.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"

#include "onnx/onnx_pb.h"
#include "gtest/gtest.h"

#include <random>

using namespace mlir;
using namespace srcc;

namespace {

/// A graph that uses most parts of the importer: weights as raw bytes, typed fields and nodes,
/// shape arithmetic, a pixel shuffle by Reshape and Transpose, gelu in pieces, attention, Resize.
class Graph {
public:
  Graph() {
    model.set_ir_version(8);
    ::onnx::OperatorSetIdProto *import = model.add_opset_import();
    import->set_domain("");
    import->set_version(17);
    graph().set_name("net");
    describe(graph().add_input(), "input");
    describe(graph().add_output(), "output");
  }
  ::onnx::GraphProto &graph() { return *model.mutable_graph(); }

  void describe(::onnx::ValueInfoProto *info, const char *name) {
    info->set_name(name);
    auto *type = info->mutable_type()->mutable_tensor_type();
    type->set_elem_type(::onnx::TensorProto::FLOAT);
    type->mutable_shape()->add_dim()->set_dim_value(1);
    type->mutable_shape()->add_dim()->set_dim_value(3);
    type->mutable_shape()->add_dim()->set_dim_param("h");
    type->mutable_shape()->add_dim()->set_dim_param("w");
  }
  void weights(const char *name, std::vector<int64_t> shape, bool isRaw = true) {
    ::onnx::TensorProto *tensor = graph().add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(::onnx::TensorProto::FLOAT);
    int64_t count = 1;
    for (int64_t size : shape) {
      tensor->add_dims(size);
      count *= size;
    }
    std::vector<float> values(count, 0.25f);
    if (isRaw)
      tensor->set_raw_data(values.data(), values.size() * sizeof(float));
    else
      tensor->mutable_float_data()->Add(values.begin(), values.end());
  }
  void numbers(const char *name, std::vector<int64_t> values) {
    ::onnx::TensorProto *tensor = graph().add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(::onnx::TensorProto::INT64);
    tensor->add_dims(values.size());
    tensor->mutable_int64_data()->Add(values.begin(), values.end());
  }
  ::onnx::NodeProto &node(const char *op, std::vector<std::string> inputs, const char *output) {
    ::onnx::NodeProto *node = graph().add_node();
    node->set_op_type(op);
    node->set_name(std::string("n_") + output);
    for (const std::string &input : inputs)
      node->add_input(input);
    node->add_output(output);
    return *node;
  }
  static void ints(::onnx::NodeProto &node, const char *name, std::vector<int64_t> values) {
    ::onnx::AttributeProto *attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(::onnx::AttributeProto::INTS);
    attribute->mutable_ints()->Add(values.begin(), values.end());
  }
  static void integer(::onnx::NodeProto &node, const char *name, int64_t value) {
    ::onnx::AttributeProto *attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(::onnx::AttributeProto::INT);
    attribute->set_i(value);
  }
  void scalar(const char *name, float value) {
    ::onnx::TensorProto *tensor = graph().add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(::onnx::TensorProto::FLOAT);
    tensor->add_float_data(value);
  }

  ::onnx::ModelProto model;
};

std::string makeNetwork() {
  Graph g;
  g.weights("w0", {12, 3, 3, 3});
  g.weights("b0", {12}, /*isRaw=*/false);
  Graph::ints(g.node("Conv", {"input", "w0", "b0"}, "conv"), "pads", {1, 1, 1, 1});
  // gelu
  g.scalar("sqrt2", 1.41421356f);
  g.scalar("one", 1.0f);
  g.scalar("half", 0.5f);
  g.node("Div", {"conv", "sqrt2"}, "d");
  g.node("Erf", {"d"}, "e");
  g.node("Add", {"e", "one"}, "a");
  g.node("Mul", {"conv", "a"}, "m");
  g.node("Mul", {"m", "half"}, "gelu");
  // attention
  Graph::ints(g.node("ReduceMean", {"gelu"}, "mean"), "axes", {2, 3});
  g.node("Sigmoid", {"mean"}, "gate");
  g.node("Mul", {"gelu", "gate"}, "gated");
  // pixel shuffle
  g.node("Shape", {"input"}, "shape");
  g.numbers("i0", {0});
  g.numbers("i2", {2});
  g.numbers("i4", {4});
  g.node("Slice", {"shape", "i2", "i4", "i0"}, "hw");
  g.numbers("split", {1, 3, 2, 2});
  Graph::integer(g.node("Concat", {"split", "hw"}, "six"), "axis", 0);
  g.node("Reshape", {"gated", "six"}, "r6");
  Graph::ints(g.node("Transpose", {"r6"}, "t6"), "perm", {0, 1, 4, 2, 5, 3});
  g.numbers("two", {2});
  g.node("Mul", {"hw", "two"}, "hw2");
  g.numbers("front", {1, 3});
  Graph::integer(g.node("Concat", {"front", "hw2"}, "four"), "axis", 0);
  g.node("Reshape", {"t6", "four"}, "shuffled");
  g.node("Resize", {"input", "", "", "four"}, "large");
  g.node("Add", {"shuffled", "large"}, "output");
  return g.model.SerializeAsString();
}

/// Imports; fails the test unless the outcome is a module that verifies, or null with an error.
/// Returns whether there was a module.
bool importAnything(const std::string &bytes, const std::string &what) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  int errors = 0;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    errors += diagnostic.getSeverity() == DiagnosticSeverity::Error;
    return success();
  });
  std::vector<std::string> notes;
  OwningOpRef<ModuleOp> module = srcc::onnx::importOnnx(bytes, "net.onnx", &context, {}, &notes);
  if (module) {
    EXPECT_EQ(errors, 0) << what;
    EXPECT_TRUE(succeeded(verify(*module))) << what;
  } else {
    EXPECT_GT(errors, 0) << what;
  }
  return bool(module);
}

TEST(Damage, TheNetworkItselfIsGood) { EXPECT_TRUE(importAnything(makeNetwork(), "undamaged")); }

TEST(Damage, EveryTruncation) {
  std::string network = makeNetwork();
  for (size_t size = 0; size < network.size(); size += 1)
    importAnything(network.substr(0, size), "first " + std::to_string(size) + " bytes");
}

TEST(Damage, BitFlips) {
  std::string network = makeNetwork();
  constexpr unsigned seed = 5;
  std::mt19937 random(seed);
  int good = 0, count = 6000;
  for (int i = 0; i < count; ++i) {
    std::string damaged = network;
    int flips = 1 + random() % 4;
    for (int k = 0; k < flips; ++k)
      damaged[random() % damaged.size()] ^= char(1 << random() % 8);
    good += importAnything(damaged, "flips of round " + std::to_string(i) + ", seed 5");
  }
  // Both outcomes occur: flips in weights leave a good file.
  EXPECT_GT(good, 0);
  EXPECT_LT(good, count);
}

TEST(Damage, BytesReplacedByExtremes) {
  std::string network = makeNetwork();
  for (size_t at = 0; at < network.size(); ++at)
    for (unsigned char value : {0x00, 0x7f, 0xff}) {
      std::string damaged = network;
      damaged[at] = char(value);
      importAnything(damaged, "byte " + std::to_string(at) + " set to " + std::to_string(value));
    }
}

TEST(Damage, NumbersReplacedByExtremes) {
  // Each whole number of the graph in turn: shapes, pads, permutations, sizes.
  const int64_t extremes[] = {
      std::numeric_limits<int64_t>::min(), -1, 0, 1, 5, 65536, int64_t(1) << 31,
      std::numeric_limits<int64_t>::max()};
  std::string network = makeNetwork();
  for (int64_t extreme : extremes)
    for (int target = 0;; ++target) {
      ::onnx::ModelProto model;
      ASSERT_TRUE(model.ParseFromString(network));
      int seen = 0;
      auto change = [&](auto *values) {
        for (auto &value : *values)
          if (seen++ == target)
            value = extreme;
      };
      for (auto &tensor : *model.mutable_graph()->mutable_initializer()) {
        change(tensor.mutable_int64_data());
        change(tensor.mutable_dims());
      }
      for (auto &node : *model.mutable_graph()->mutable_node())
        for (auto &attribute : *node.mutable_attribute()) {
          change(attribute.mutable_ints());
          if (attribute.type() == ::onnx::AttributeProto::INT && seen++ == target)
            attribute.set_i(extreme);
        }
      if (seen <= target)
        break;
      importAnything(model.SerializeAsString(),
                     "number " + std::to_string(target) + " set to " + std::to_string(extreme));
    }
}

TEST(Damage, LongChains) {
  // Deep graphs must not exhaust the stack, nor shape arithmetic grow without bound.
  Graph g;
  std::string last = "input";
  for (int i = 0; i < 20000; ++i) {
    std::string next = "x" + std::to_string(i);
    g.node("Relu", {last}, next.c_str());
    last = next;
  }
  g.node("Relu", {last}, "output");
  EXPECT_TRUE(importAnything(g.model.SerializeAsString(), "20000 relus"));

  // The same backwards: the file lists consumers before producers.
  ::onnx::ModelProto reversed = g.model;
  auto *nodes = reversed.mutable_graph()->mutable_node();
  std::reverse(nodes->pointer_begin(), nodes->pointer_end());
  EXPECT_TRUE(importAnything(reversed.SerializeAsString(), "20000 relus backwards"));

  Graph s;
  s.node("Shape", {"input"}, "s0");
  s.numbers("three", {3});
  last = "s0";
  for (int i = 0; i < 20000; ++i) {
    std::string next = "s" + std::to_string(i + 1);
    s.node(i % 2 ? "Mul" : "Div", {last, "three"}, next.c_str());
    last = next;
  }
  s.node("Resize", {"input", "", "", last}, "output");
  EXPECT_FALSE(importAnything(s.model.SerializeAsString(), "20000 sizes"));

  Graph p;
  last = "input";
  for (int i = 0; i < 5000; ++i) {
    std::string next = "p" + std::to_string(i);
    auto &pool = p.node("MaxPool", {last}, next.c_str());
    Graph::ints(pool, "kernel_shape", {3, 3});
    Graph::ints(pool, "strides", {2, 2});
    last = next;
  }
  p.node("Relu", {last}, "output");
  EXPECT_FALSE(importAnything(p.model.SerializeAsString(), "5000 pools"));
}

} // namespace
