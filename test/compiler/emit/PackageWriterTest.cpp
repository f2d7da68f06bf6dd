//===- PackageWriterTest.cpp - Packages on disk ---------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/emit/PackageWriter.h"
#include "dialects/ocl/OCL.h"
#include "dialects/sr/SR.h"
#include "format/package_generated.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

#ifdef SRCC_WITH_RUNTIME
#include "runtime/Package.h"
#endif

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace mlir;
using namespace srcc;
namespace fs = std::filesystem;

namespace {

const char *const text = R"(
module attributes {sr.io = #sr.io<scale = 1, color = rgb, range = 0.0 : 1.0>} {
gpu.module @kernels {
  gpu.func @scale(%in: memref<?xf32> {ocl.read_only}, %gain: memref<?xf32> {ocl.read_only}, %out: memref<?xf32>, %h: i32, %w: i32) kernel {
    %i = gpu.global_id x
    %zero = arith.constant 0 : index
    %0 = memref.load %in[%i] : memref<?xf32>
    %1 = memref.load %gain[%zero] : memref<?xf32>
    %2 = arith.mulf %0, %1 : f32
    memref.store %2, %out[%i] : memref<?xf32>
    gpu.return
  }
}
ocl.program @net {
  ocl.buffer @in input f32 elements affine_map<()[s0, s1] -> (s0 * s1 * 3)> format f32_planar
  ocl.buffer @a constant f32 elements affine_map<()[s0, s1] -> (1)> value dense<2.0> : tensor<1xf32>
  ocl.buffer @b constant i8 elements affine_map<()[s0, s1] -> (77)> value dense<3> : tensor<77xi8>
  ocl.buffer @c constant f32 elements affine_map<()[s0, s1] -> (33)> value dense<0.5> : tensor<33xf32>
  ocl.buffer @size temp f32 elements affine_map<()[s0, s1] -> ((s0 + 5) * ((s1 * 2 + 3) ceildiv 4) + s0 mod 7 - s1 floordiv 3)>
  ocl.buffer @out output f32 elements affine_map<()[s0, s1] -> (s0 * s1 * 3)> format f32_planar
  ocl.launch @kernels::@scale blocks affine_map<()[s0, s1] -> (s0 * s1)> threads affine_map<()[s0, s1] -> (3)>
    args [@in, @a, @out] reads [0, 1] writes [2]
}
})";

class PackageWriter : public testing::Test {
protected:
  PackageWriter()
      : handler(&context, [this](Diagnostic &diagnostic) {
          errors += diagnostic.str() + "\n";
          return success();
        }) {
    DialectRegistry registry;
    registry.insert<arith::ArithDialect, gpu::GPUDialect, memref::MemRefDialect, ocl::OCLDialect,
                    sr::SRDialect>();
    context.appendDialectRegistry(registry);
    module = parseSourceString<ModuleOp>(text, &context);
    // Its own folder: ctest runs the tests of one program side by side.
    std::string name = (fs::temp_directory_path() / "srcc-package-XXXXXX").string();
    folder = mkdtemp(name.data());
  }
  ~PackageWriter() override { fs::remove_all(folder); }

  std::vector<uint8_t> read(const fs::path &path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  size_t filesInFolder() {
    return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
  }

  MLIRContext context;
  std::string errors;
  ScopedDiagnosticHandler handler;
  OwningOpRef<ModuleOp> module;
  fs::path folder;
};

/// A size expression's value, by the definition in format/package.fbs.
int64_t evaluate(const format::Expr *expr, int64_t h, int64_t w) {
  std::vector<int64_t> stack;
  for (const format::ExprNode *node : *expr->nodes()) {
    using Op = format::ExprOp;
    if (node->op() == Op::Const || node->op() == Op::H || node->op() == Op::W) {
      stack.push_back(node->op() == Op::Const ? node->value() : node->op() == Op::H ? h : w);
      continue;
    }
    int64_t b = stack.back();
    stack.pop_back();
    int64_t &a = stack.back();
    double quotient = double(a) / double(b);
    switch (node->op()) {
    case Op::Add:
      a += b;
      break;
    case Op::Mul:
      a *= b;
      break;
    case Op::FloorDiv:
      a = int64_t(std::floor(quotient));
      break;
    case Op::CeilDiv:
      a = int64_t(std::ceil(quotient));
      break;
    case Op::Mod:
      a -= b * int64_t(std::floor(quotient));
      break;
    default:
      ADD_FAILURE() << "unexpected operator";
    }
  }
  EXPECT_EQ(stack.size(), 1u);
  return stack[0];
}

TEST_F(PackageWriter, FileIsWellFormed) {
  ASSERT_TRUE(module) << errors;
  PackageInfo info;
  info.producer = "test 1.0";
  info.target = "toy";
  info.buildOptions = "-cl-std=CL1.2";
  info.precision = PackagePrecision::F16Storage;
  info.halo = 9;
  info.alignment = 2;
  info.golden = GoldenPicture{1, 2, {1, 2, 3, 4, 5, 6}, {2, 4, 6, 8, 10, 12}, 0.25f};
  std::string path = folder / "net.srp";
  ASSERT_TRUE(succeeded(writePackage(*module, info, path))) << errors;
  EXPECT_EQ(filesInFolder(), 1u);

  std::vector<uint8_t> file = read(path);
  ASSERT_GT(file.size(), 16u);
  EXPECT_EQ(std::memcmp(file.data(), "SRP1\0\0\0\0", 8), 0);
  flatbuffers::Verifier verifier(file.data() + 16, file.size() - 16);
  ASSERT_TRUE(format::VerifyPackageBuffer(verifier));
  const format::Package *package = format::GetPackage(file.data() + 16);
  EXPECT_EQ(package->producer()->str(), "test 1.0");
  EXPECT_EQ(package->model()->str(), "net");
  EXPECT_EQ(package->target()->str(), "toy");
  EXPECT_EQ(package->scale(), 1);
  EXPECT_EQ(package->color(), format::Color::RGB);
  EXPECT_EQ(package->in_channels(), 3);
  EXPECT_EQ(package->precision(), format::Precision::F16Storage);
  EXPECT_EQ(package->halo(), 9);
  EXPECT_EQ(package->alignment(), 2);
  EXPECT_FALSE(package->needs_fp16());
  EXPECT_EQ(package->programs()->Get(0)->options()->str(), "-cl-std=CL1.2");
  ASSERT_TRUE(package->golden());
  EXPECT_EQ(package->golden()->output()->Get(5), 12);
  EXPECT_EQ(package->golden()->tolerance(), 0.25f);

  // Constants lie at multiples of 64 bytes of the file, one after another, with the right bytes.
  const size_t sizes[] = {4, 77, 132};
  for (int i = 0; i < 3; ++i) {
    const auto *data = package->buffers()->Get(i + 1)->data();
    EXPECT_EQ((data->data() - file.data()) % 64, 0) << i;
    EXPECT_EQ(data->size(), sizes[i]);
  }
  const auto *bytes = package->buffers()->Get(2)->data();
  EXPECT_TRUE(std::all_of(bytes->begin(), bytes->end(), [](uint8_t byte) { return byte == 3; }));
  float half;
  std::memcpy(&half, package->buffers()->Get(3)->data()->data() + 128, 4);
  EXPECT_EQ(half, 0.5f);

  for (auto [h, w] : {std::pair(1, 1), std::pair(7, 5), std::pair(17, 33), std::pair(360, 640)}) {
    // (h + 5) * ceil((2 w + 3) / 4) + h mod 7 - floor(w / 3)
    int64_t expected = (h + 5) * ((2 * w + 3 + 3) / 4) + h % 7 - w / 3;
    EXPECT_EQ(evaluate(package->buffers()->Get(4)->elements(), h, w), expected) << h << "x" << w;
  }
}

#ifdef SRCC_WITH_RUNTIME
TEST_F(PackageWriter, RuntimeAccepts) {
  ASSERT_TRUE(module) << errors;
  std::string path = folder / "net.srp";
  ASSERT_TRUE(succeeded(writePackage(*module, {}, path))) << errors;
  runtime::Package package = runtime::Package::open(path);
  ASSERT_EQ(package.routes().size(), 1u);
  EXPECT_EQ(package.routes()[0].launches.size(), 1u);
}
#endif

TEST_F(PackageWriter, ErrorsLeaveNothingBehind) {
  ASSERT_TRUE(module) << errors;
  // An old file survives an error.
  std::string path = folder / "net.srp";
  std::ofstream(path) << "old";
  module->getOperation()->removeAttr("sr.io");
  EXPECT_TRUE(failed(writePackage(*module, {}, path)));
  EXPECT_NE(errors.find("a package needs the module's attribute sr.io"), std::string::npos)
      << errors;
  EXPECT_EQ(filesInFolder(), 1u);
  EXPECT_EQ(read(path).size(), 3u);
}

TEST_F(PackageWriter, UnwritablePlaces) {
  ASSERT_TRUE(module) << errors;
  std::string missing = folder / "none" / "net.srp";
  EXPECT_TRUE(failed(writePackage(*module, {}, missing)));
  EXPECT_NE(errors.find("cannot write: "), std::string::npos) << errors;
  errors.clear();
  EXPECT_TRUE(failed(writePackage(*module, {}, folder.string())));
  EXPECT_NE(errors.find("cannot write: "), std::string::npos) << errors;
  EXPECT_EQ(filesInFolder(), 0u);
  errors.clear();
  // A full disk.
  if (fs::exists("/dev/full")) {
    EXPECT_TRUE(failed(writePackage(*module, {}, "/dev/full")));
    EXPECT_NE(errors.find("cannot write: "), std::string::npos) << errors;
  }
  EXPECT_TRUE(succeeded(writePackage(*module, {}, "/dev/null")));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

} // namespace
