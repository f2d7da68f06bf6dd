//===- EmitTest.cpp - Printed kernels compute what the IR says ------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/emit/OpenCLPrinter.h"
#include "dialects/ocl/OCL.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <random>

using namespace mlir;
using namespace srcc;

namespace {

/// One OpenCL device; tests skip without one.
class Emit : public testing::Test {
protected:
  void SetUp() override {
    cl_platform_id platform;
    cl_uint count = 0;
    if (clGetPlatformIDs(1, &platform, &count) != CL_SUCCESS || count == 0 ||
        clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, nullptr) != CL_SUCCESS)
      GTEST_SKIP() << "no OpenCL device";
    opencl = clCreateContext(nullptr, 1, &device, nullptr, nullptr, nullptr);
    queue = clCreateCommandQueue(opencl, device, 0, nullptr);
    DialectRegistry registry;
    registry.insert<arith::ArithDialect, gpu::GPUDialect, math::MathDialect, memref::MemRefDialect,
                    ocl::OCLDialect, scf::SCFDialect, ub::UBDialect, vector::VectorDialect>();
    context.appendDialectRegistry(registry);
  }
  void TearDown() override {
    if (queue)
      clReleaseCommandQueue(queue);
    if (opencl)
      clReleaseContext(opencl);
  }

  /// Prints the body as a kernel of `parameters` and %h, %w: i32, and runs it on the buffers. The
  /// kernel has the local memory `local`, if given.
  template <typename T>
  void run(const std::string &parameters, const std::string &body,
           std::vector<std::vector<T> *> buffers, int h = 0, int w = 0, size_t groups = 1,
           size_t threads = 1, const std::string &local = "",
           MultiplyAdd form = MultiplyAdd::Contract) {
    std::string text =
        "gpu.module @kernels { gpu.func @test(" + parameters + ", %h: i32, %w: i32) " + local +
        " kernel attributes {known_block_size = array<i32: " + std::to_string(threads) +
        ", 1, 1>} {\n" + body + "\ngpu.return } }";
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
    ASSERT_TRUE(module) << text;
    PrinterOptions options;
    options.multiplyAdd = form;
    std::string source;
    llvm::raw_string_ostream os(source);
    ASSERT_TRUE(succeeded(printOpenCL(*module->getOps<gpu::GPUModuleOp>().begin(), os, options)));
    execute(source, buffers, h, w, groups, threads);
  }

private:
  template <typename T>
  void execute(const std::string &source, const std::vector<std::vector<T> *> &buffers, int h,
               int w, size_t groups, size_t threads) {
    const char *text = source.c_str();
    cl_program program = clCreateProgramWithSource(opencl, 1, &text, nullptr, nullptr);
    if (clBuildProgram(program, 1, &device, "-cl-std=CL1.2", nullptr, nullptr) != CL_SUCCESS) {
      std::string log(100000, 0);
      clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, log.size(), log.data(), nullptr);
      FAIL() << log.c_str() << "\n" << source;
    }
    cl_kernel kernel = clCreateKernel(program, "test", nullptr);
    std::vector<cl_mem> memory;
    for (auto *buffer : buffers) {
      memory.push_back(clCreateBuffer(opencl, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
                                      buffer->size() * sizeof(T), buffer->data(), nullptr));
      clSetKernelArg(kernel, memory.size() - 1, sizeof(cl_mem), &memory.back());
    }
    clSetKernelArg(kernel, memory.size(), sizeof(int), &h);
    clSetKernelArg(kernel, memory.size() + 1, sizeof(int), &w);
    size_t global = groups * threads;
    ASSERT_EQ(
        clEnqueueNDRangeKernel(queue, kernel, 1, nullptr, &global, &threads, 0, nullptr, nullptr),
        CL_SUCCESS)
        << source;
    for (size_t i = 0; i < buffers.size(); ++i) {
      ASSERT_EQ(clEnqueueReadBuffer(queue, memory[i], CL_TRUE, 0, buffers[i]->size() * sizeof(T),
                                    buffers[i]->data(), 0, nullptr, nullptr),
                CL_SUCCESS);
      clReleaseMemObject(memory[i]);
    }
    clReleaseKernel(kernel);
    clReleaseProgram(program);
  }

  MLIRContext context;
  cl_device_id device = nullptr;
  cl_context opencl = nullptr;
  cl_command_queue queue = nullptr;
};

std::vector<float> ramp(size_t size, float scale, float offset) {
  std::vector<float> values(size);
  for (size_t i = 0; i < size; ++i)
    values[i] = i * scale + offset;
  return values;
}

TEST_F(Emit, ScalarFunctions) {
  std::vector<float> in = ramp(64, 0.13f, -4.0f), out(64 * 12);
  struct Function {
    const char *operation;
    double (*expected)(double);
  };
  const Function functions[] = {
      {"math.exp %x", [](double x) { return std::exp(x); }},
      {"math.tanh %x", [](double x) { return std::tanh(x); }},
      {"math.erf %x", [](double x) { return std::erf(x); }},
      {"math.floor %x", [](double x) { return std::floor(x); }},
      {"math.ceil %x", [](double x) { return std::ceil(x); }},
      {"math.round %x", [](double x) { return std::round(x); }},
      {"math.roundeven %x", [](double x) { return std::nearbyint(x); }},
      {"math.trunc %x", [](double x) { return std::trunc(x); }},
      {"math.absf %x", [](double x) { return std::fabs(x); }},
      {"math.cos %x", [](double x) { return std::cos(x); }},
      {"arith.maximumf %x, %one", [](double x) { return std::max(x, 1.0); }},
      {"arith.minimumf %one, %x", [](double x) { return std::min(x, 1.0); }},
  };
  // Once on scalars, once on vectors.
  for (const char *type : {"f32", "vector<16xf32>"}) {
    bool vector = type[0] == 'v';
    std::string body = std::string("%one = arith.constant ") +
                       (vector ? "dense<1.0> : vector<16xf32>\n" : "1.0 : f32\n") +
                       "%g = gpu.block_id x\n%lanes = arith.constant " + (vector ? "16" : "1") +
                       " : index\n%i = arith.muli %g, %lanes : index\n";
    body += vector ? "%x = vector.load %in[%i] : memref<?xf32>, vector<16xf32>\n"
                   : "%x = memref.load %in[%i] : memref<?xf32>\n";
    int k = 0;
    for (const Function &function : functions) {
      std::string n = std::to_string(k++);
      body +=
          "%f" + n + " = " + function.operation + " : " + type + "\n%o" + n + " = arith.constant " +
          std::to_string(64 * std::stoi(n)) + " : index\n%p" + n + " = arith.addi %i, %o" + n +
          " : index\n" +
          (vector ? "vector.store %f" + n + ", %out[%p" + n + "] : memref<?xf32>, vector<16xf32>\n"
                  : "memref.store %f" + n + ", %out[%p" + n + "] : memref<?xf32>\n");
    }
    std::fill(out.begin(), out.end(), -1000.0f);
    run<float>("%in: memref<?xf32> {ocl.read_only}, %out: memref<?xf32>", body, {&in, &out}, 0, 0,
               vector ? 4 : 64);
    for (size_t f = 0; f < std::size(functions); ++f)
      for (size_t i = 0; i < 64; ++i) {
        double expected = functions[f].expected(in[i]);
        EXPECT_NEAR(out[64 * f + i], expected, 1e-6 * std::max(1.0, std::fabs(expected)))
            << functions[f].operation << " of " << in[i] << " as " << type;
      }
  }
}

// Division of all signs: C truncates, floordivsi and ceildivsi do not.
TEST_F(Emit, IntegerDivision) {
  std::vector<int> a, b;
  for (int x : {-7, -6, -1, 0, 1, 5, 6, 7})
    for (int y : {-3, -1, 1, 2, 3})
      a.push_back(x), b.push_back(y);
  std::vector<int> out(a.size() * 6);
  std::string body = R"(
    %i = gpu.block_id x
    %n = arith.index_cast %h : i32 to index
    %a = memref.load %ma[%i] : memref<?xi32>
    %b = memref.load %mb[%i] : memref<?xi32>
    %q0 = arith.divsi %a, %b : i32
    %q1 = arith.remsi %a, %b : i32
    %q2 = arith.floordivsi %a, %b : i32
    %q3 = arith.ceildivsi %a, %b : i32
    %c = arith.cmpi ult, %a, %b : i32
    %q4 = arith.extui %c : i1 to i32
    %c1 = arith.constant 1 : i32
    %q5 = arith.shrui %a, %c1 : i32
  )";
  for (int k = 0; k < 6; ++k) {
    std::string n = std::to_string(k);
    body += "%k" + n + " = arith.constant " + n + " : index\n%m" + n + " = arith.muli %k" + n +
            ", %n : index\n%p" + n + " = arith.addi %m" + n + ", %i : index\nmemref.store %q" + n +
            ", %out[%p" + n + "] : memref<?xi32>\n";
  }
  run<int>("%ma: memref<?xi32>, %mb: memref<?xi32>, %out: memref<?xi32>", body, {&a, &b, &out},
           a.size(), 0, a.size());
  for (size_t i = 0; i < a.size(); ++i) {
    double exact = double(a[i]) / b[i];
    EXPECT_EQ(out[i], std::trunc(exact)) << a[i] << " / " << b[i];
    EXPECT_EQ(out[a.size() + i], std::fmod(a[i], b[i])) << a[i] << " % " << b[i];
    EXPECT_EQ(out[2 * a.size() + i], std::floor(exact)) << a[i] << " floordiv " << b[i];
    EXPECT_EQ(out[3 * a.size() + i], std::ceil(exact)) << a[i] << " ceildiv " << b[i];
    EXPECT_EQ(out[4 * a.size() + i], unsigned(a[i]) < unsigned(b[i]));
    EXPECT_EQ(unsigned(out[5 * a.size() + i]), unsigned(a[i]) >> 1);
  }
}

// Every comparison, scalars and vectors, on numbers and NaN.
TEST_F(Emit, Comparisons) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> a{1, 2, 3, nan, 1, nan, -0.0f, 5}, b{2, 2, 1, 1, nan, nan, 0.0f, -5};
  struct Predicate {
    const char *name;
    bool (*expected)(float, float);
  };
#define UNORDERED(a, b) (std::isnan(a) || std::isnan(b))
  const Predicate predicates[] = {
      {"oeq", [](float a, float b) { return a == b; }},
      {"ogt", [](float a, float b) { return a > b; }},
      {"oge", [](float a, float b) { return a >= b; }},
      {"olt", [](float a, float b) { return a < b; }},
      {"ole", [](float a, float b) { return a <= b; }},
      {"one", [](float a, float b) { return !UNORDERED(a, b) && a != b; }},
      {"ord", [](float a, float b) { return !UNORDERED(a, b); }},
      {"ueq", [](float a, float b) { return UNORDERED(a, b) || a == b; }},
      {"ugt", [](float a, float b) { return UNORDERED(a, b) || a > b; }},
      {"uge", [](float a, float b) { return UNORDERED(a, b) || a >= b; }},
      {"ult", [](float a, float b) { return UNORDERED(a, b) || a < b; }},
      {"ule", [](float a, float b) { return UNORDERED(a, b) || a <= b; }},
      {"une", [](float a, float b) { return UNORDERED(a, b) || a != b; }},
      {"uno", [](float a, float b) { return UNORDERED(a, b); }},
  };
#undef UNORDERED
  std::vector<float> out(16 * std::size(predicates));
  std::string body = R"(
    %c0 = arith.constant 0 : index
    %x8 = vector.load %ma[%c0] : memref<?xf32>, vector<8xf32>
    %y8 = vector.load %mb[%c0] : memref<?xf32>, vector<8xf32>
    %yes8 = arith.constant dense<1.0> : vector<8xf32>
    %no8 = arith.constant dense<-1.0> : vector<8xf32>
    %yes = arith.constant 1.0 : f32
    %no = arith.constant -1.0 : f32
  )";
  for (int i = 0; i < 8; ++i)
    body += "%a" + std::to_string(i) + " = vector.extract %x8[" + std::to_string(i) +
            "] : f32 from vector<8xf32>\n%b" + std::to_string(i) + " = vector.extract %y8[" +
            std::to_string(i) + "] : f32 from vector<8xf32>\n";
  int k = 0;
  for (const Predicate &predicate : predicates) {
    std::string n = std::to_string(k);
    body += "%v" + n + " = arith.cmpf " + predicate.name + ", %x8, %y8 : vector<8xf32>\n%s" + n +
            " = arith.select %v" + n + ", %yes8, %no8 : vector<8xi1>, vector<8xf32>\n%p" + n +
            " = arith.constant " + std::to_string(16 * k) + " : index\nvector.store %s" + n +
            ", %out[%p" + n + "] : memref<?xf32>, vector<8xf32>\n";
    for (int i = 0; i < 8; ++i) {
      std::string m = n + "_" + std::to_string(i);
      body += "%c" + m + " = arith.cmpf " + predicate.name + ", %a" + std::to_string(i) + ", %b" +
              std::to_string(i) + " : f32\n%t" + m + " = arith.select %c" + m +
              ", %yes, %no : f32\n%q" + m + " = arith.constant " + std::to_string(16 * k + 8 + i) +
              " : index\nmemref.store %t" + m + ", %out[%q" + m + "] : memref<?xf32>\n";
    }
    ++k;
  }
  run<float>("%ma: memref<?xf32>, %mb: memref<?xf32>, %out: memref<?xf32>", body, {&a, &b, &out});
  for (size_t p = 0; p < std::size(predicates); ++p)
    for (size_t i = 0; i < 8; ++i) {
      float expected = predicates[p].expected(a[i], b[i]) ? 1 : -1;
      EXPECT_EQ(out[16 * p + i], expected) << predicates[p].name << " lane " << i;
      EXPECT_EQ(out[16 * p + 8 + i], expected) << predicates[p].name << " scalar " << i;
    }
}

// Values that loops carry, memory in variables and arrays, and reads that writes overtake.
TEST_F(Emit, LoopsAndOrder) {
  std::vector<float> in = ramp(10, 1.0f, 1.0f), out(16, -1.0f);
  run<float>("%in: memref<?xf32>, %out: memref<?xf32>", R"(
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %n = arith.index_cast %h : i32 to index
    %f0 = arith.constant 0.0 : f32
    %f1 = arith.constant 1.0 : f32
    // Fibonacci by swapping carried values, and the sum of the inputs.
    %r:3 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %f0, %b = %f1, %s = %f0) -> (f32, f32, f32) {
      %next = arith.addf %a, %b : f32
      %x = memref.load %in[%i] : memref<?xf32>
      %sum = arith.addf %s, %x : f32
      scf.yield %b, %next, %sum : f32, f32, f32
    }
    memref.store %r#0, %out[%c0] : memref<?xf32>
    memref.store %r#1, %out[%c1] : memref<?xf32>
    memref.store %r#2, %out[%c2] : memref<?xf32>
    // Reverses the first ten elements in place.
    %half = arith.divsi %n, %c2 : index
    scf.for %i = %c0 to %half step %c1 {
      %j0 = arith.subi %n, %i : index
      %j = arith.subi %j0, %c1 : index
      %x = memref.load %in[%i] : memref<?xf32>
      %y = memref.load %in[%j] : memref<?xf32>
      memref.store %y, %in[%i] : memref<?xf32>
      memref.store %x, %in[%j] : memref<?xf32>
    }
    // A variable that one turn leaves to the next, and a private array read backwards.
    %last = memref.alloca() : memref<f32>
    %array = memref.alloca() : memref<4xf32>
    memref.store %f0, %last[] : memref<f32>
    %c4 = arith.constant 4 : index
    scf.for %i = %c0 to %c4 step %c1 {
      %x = memref.load %in[%i] : memref<?xf32>
      %l = memref.load %last[] : memref<f32>
      %d = arith.subf %x, %l : f32
      memref.store %d, %array[%i] : memref<4xf32>
      memref.store %x, %last[] : memref<f32>
    }
    scf.for %i = %c0 to %c4 step %c1 {
      %j = arith.subi %c3, %i : index
      %x = memref.load %array[%j] : memref<4xf32>
      %at = arith.addi %i, %c3 : index
      %odd = arith.remsi %i, %c2 : index
      %isOdd = arith.cmpi eq, %odd, %c1 : index
      %y = scf.if %isOdd -> f32 {
        %m = arith.negf %x : f32
        scf.yield %m : f32
      } else {
        scf.yield %x : f32
      }
      memref.store %y, %out[%at] : memref<?xf32>
    }
  )",
             {&in, &out}, 10);
  EXPECT_EQ(out[0], 55); // Fibonacci numbers 10 and 11
  EXPECT_EQ(out[1], 89);
  EXPECT_EQ(out[2], 55); // 1 + ... + 10
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(in[i], 10 - i);
  // Differences of 0, 10, 9, 8, 7: 10, -1, -1, -1; backwards, odd ones negated.
  EXPECT_EQ(out[3], -1);
  EXPECT_EQ(out[4], 1);
  EXPECT_EQ(out[5], -1);
  EXPECT_EQ(out[6], -10);
}

// Bytes: rounding, wrapping, signs.
TEST_F(Emit, Bytes) {
  std::vector<uint8_t> bytes{0, 1, 127, 128, 200, 255, 13, 77}, out(32);
  std::string body = R"(
    %c0 = arith.constant 0 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    %c24 = arith.constant 24 : index
    %b = vector.load %in[%c0] : memref<?xi8>, vector<8xi8>
    %f = arith.uitofp %b : vector<8xi8> to vector<8xf32>
    %half = arith.constant dense<0.5> : vector<8xf32>
    %h0 = arith.mulf %f, %half : vector<8xf32>
    %r = math.roundeven %h0 : vector<8xf32>
    %u = arith.fptoui %r : vector<8xf32> to vector<8xi8>
    vector.store %u, %out[%c0] : memref<?xi8>, vector<8xi8>
    %k = arith.constant dense<100> : vector<8xi8>
    %wrapped = arith.addi %b, %k : vector<8xi8>
    vector.store %wrapped, %out[%c8] : memref<?xi8>, vector<8xi8>
    %s = arith.extsi %b : vector<8xi8> to vector<8xi32>
    %two = arith.constant dense<2> : vector<8xi32>
    %quarter = arith.divsi %s, %two : vector<8xi32>
    %t = arith.trunci %quarter : vector<8xi32> to vector<8xi8>
    vector.store %t, %out[%c16] : memref<?xi8>, vector<8xi8>
    %limit = arith.constant dense<128> : vector<8xi8>
    %below = arith.cmpi ult, %b, %limit : vector<8xi8>
    %sel = arith.select %below, %b, %k : vector<8xi1>, vector<8xi8>
    vector.store %sel, %out[%c24] : memref<?xi8>, vector<8xi8>
  )";
  run<uint8_t>("%in: memref<?xi8>, %out: memref<?xi8>", body, {&bytes, &out});
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(out[i], uint8_t(std::nearbyint(bytes[i] * 0.5))) << int(bytes[i]);
    EXPECT_EQ(out[8 + i], uint8_t(bytes[i] + 100));
    EXPECT_EQ(int8_t(out[16 + i]), int8_t(bytes[i]) / 2);
    EXPECT_EQ(out[24 + i], bytes[i] < 128 ? bytes[i] : 100);
  }
}

// 16-bit storage rounds to nearest, ties to even.
TEST_F(Emit, HalfStorage) {
  // 2048 + 1 lies between two halves: 2048 is even; 2048 + 3 between 2050 and 2052.
  std::vector<float> in{1.0f, 2049.0f, 2051.0f, 65504.0f, -0.1f, 6e-8f, 0.0f, 1e-3f};
  std::vector<float> half(16), out(16);
  run<float>("%in: memref<?xf32>, %half: memref<?xf16>, %out: memref<?xf32>", R"(
    %c0 = arith.constant 0 : index
    %c8 = arith.constant 8 : index
    %c1 = arith.constant 1 : index
    %x = vector.load %in[%c0] : memref<?xf32>, vector<8xf32>
    ocl.vstore_half %x, %half[%c0] : vector<8xf32>, memref<?xf16>
    %y = ocl.vload_half %half[%c0] : memref<?xf16>, vector<8xf32>
    vector.store %y, %out[%c0] : memref<?xf32>, vector<8xf32>
    scf.for %i = %c0 to %c8 step %c1 {
      %s = memref.load %in[%i] : memref<?xf32>
      %j = arith.addi %i, %c8 : index
      ocl.vstore_half %s, %half[%j] : f32, memref<?xf16>
      %t = ocl.vload_half %half[%j] : memref<?xf16>, f32
      memref.store %t, %out[%j] : memref<?xf32>
    }
  )",
             {&in, &half, &out});
  const float expected[] = {1.0f,
                            2048.0f,
                            2052.0f,
                            65504.0f,
                            -0.0999755859375f,
                            5.9604645e-8f,
                            0.0f,
                            0.00100040435791015625f};
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(out[i], expected[i]) << in[i];
    EXPECT_EQ(out[8 + i], expected[i]) << in[i];
  }
}

// Work-items of a group exchange values through local memory.
TEST_F(Emit, LocalMemory) {
  std::vector<float> in = ramp(32, 1.0f, 0.0f), out(32);
  run<float>("%in: memref<?xf32>, %out: memref<?xf32>", R"(
    %g = gpu.block_id x
    %t = gpu.thread_id x
    %n = gpu.block_dim x
    %base = arith.muli %g, %n : index
    %i = arith.addi %base, %t : index
    %v = memref.load %in[%i] : memref<?xf32>
    memref.store %v, %tile[%t] : memref<8xf32, #gpu.address_space<workgroup>>
    gpu.barrier
    %c7 = arith.constant 7 : index
    %back = arith.subi %c7, %t : index
    %x = memref.load %tile[%back] : memref<8xf32, #gpu.address_space<workgroup>>
    gpu.barrier
    memref.store %x, %tile[%t] : memref<8xf32, #gpu.address_space<workgroup>>
    %y = arith.addf %x, %v : f32
    memref.store %y, %out[%i] : memref<?xf32>
  )",
             {&in, &out}, 0, 0, 4, 8,
             "workgroup(%tile: memref<8xf32, #gpu.address_space<workgroup>>)");
  for (int i = 0; i < 32; ++i)
    EXPECT_EQ(out[i], i / 8 * 8 + 7 - i % 8 + i);
}

// Lanes: shuffles, interleaving, insertion.
TEST_F(Emit, Lanes) {
  std::vector<float> in = ramp(8, 1.0f, 0.0f), out(48, -1);
  run<float>("%in: memref<?xf32>, %out: memref<?xf32>", R"(
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    %c24 = arith.constant 24 : index
    %c32 = arith.constant 32 : index
    %c40 = arith.constant 40 : index
    %a = vector.load %in[%c0] : memref<?xf32>, vector<4xf32>
    %b = vector.load %in[%c4] : memref<?xf32>, vector<4xf32>
    %i = vector.interleave %a, %b : vector<4xf32> -> vector<8xf32>
    vector.store %i, %out[%c0] : memref<?xf32>, vector<8xf32>
    %d0, %d1 = vector.deinterleave %i : vector<8xf32> -> vector<4xf32>
    vector.store %d0, %out[%c8] : memref<?xf32>, vector<4xf32>
    %c12 = arith.constant 12 : index
    vector.store %d1, %out[%c12] : memref<?xf32>, vector<4xf32>
    %s = vector.shuffle %a, %b [7, 0, 1, 2, 3, 4, 6, 5] : vector<4xf32>, vector<4xf32>
    vector.store %s, %out[%c16] : memref<?xf32>, vector<8xf32>
    %x = vector.extract %b[2] : f32 from vector<4xf32>
    %y = vector.insert %x, %i[5] : f32 into vector<8xf32>
    %z = vector.insert %x, %y[0] : f32 into vector<8xf32>
    vector.store %i, %out[%c24] : memref<?xf32>, vector<8xf32>
    vector.store %z, %out[%c32] : memref<?xf32>, vector<8xf32>
    %step = vector.step : vector<8xindex>
    %limit = arith.constant dense<5> : vector<8xindex>
    %mask = arith.cmpi slt, %step, %limit : vector<8xindex>
    %zero = arith.constant dense<0.0> : vector<8xf32>
    %cut = arith.select %mask, %i, %zero : vector<8xi1>, vector<8xf32>
    vector.store %cut, %out[%c40] : memref<?xf32>, vector<8xf32>
  )",
             {&in, &out});
  const float expected[] = {0, 4, 1, 5, 2, 6, 3, 7, 0, 1, 2, 3, 4, 5, 6, 7, 7, 0, 1, 2, 3, 4, 6, 5,
                            0, 4, 1, 5, 2, 6, 3, 7, 6, 4, 1, 5, 2, 6, 3, 7, 0, 4, 1, 5, 2, 0, 0, 0};
  for (int i = 0; i < 48; ++i)
    EXPECT_EQ(out[i], expected[i]) << i;
}

// A 3x3 convolution with accumulators in variables, against double precision.
TEST_F(Emit, Convolution) {
  constexpr int height = 6, width = 16, stride = 24, channels = 3;
  std::vector<float> in(channels * (height + 2) * stride), weight(channels * 9);
  for (size_t i = 0; i < in.size(); ++i)
    in[i] = float(int(i * 7919 % 101) - 50) / 50;
  for (size_t i = 0; i < weight.size(); ++i)
    weight[i] = float(int(i * 104729 % 37) - 18) / 18;
  for (MultiplyAdd form : {MultiplyAdd::FMA, MultiplyAdd::MAD, MultiplyAdd::Contract}) {
    std::vector<float> out(height * width, -1);
    run<float>("%in: memref<?xf32> {ocl.read_only}, %weight: memref<?xf32> {ocl.read_only}, %out: "
               "memref<?xf32>",
               R"(
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : index
    %c8 = arith.constant 8 : index
    %c9 = arith.constant 9 : index
    %c16 = arith.constant 16 : index
    %c24 = arith.constant 24 : index
    %zero = arith.constant dense<0.0> : vector<8xf32>
    %y = gpu.block_id x
    %hi = arith.index_cast %h : i32 to index
    scf.for %x = %c0 to %c16 step %c8 {
      %acc = memref.alloca() : memref<vector<8xf32>> loc("acc")
      memref.store %zero, %acc[] : memref<vector<8xf32>>
      scf.for %c = %c0 to %c3 step %c1 {
        scf.for %ky = %c0 to %c3 step %c1 {
          scf.for %kx = %c0 to %c3 step %c1 {
            %0 = arith.addi %y, %ky : index
            %1 = arith.muli %c, %hi : index
            %2 = arith.addi %1, %0 : index
            %3 = arith.muli %2, %c24 : index
            %4 = arith.addi %3, %x : index
            %5 = arith.addi %4, %kx : index
            %pixels = vector.load %in[%5] : memref<?xf32>, vector<8xf32>
            %6 = arith.muli %c, %c9 : index
            %7 = arith.muli %ky, %c3 : index
            %8 = arith.addi %6, %7 : index
            %9 = arith.addi %8, %kx : index
            %wv = memref.load %weight[%9] : memref<?xf32>
            %ws = vector.broadcast %wv : f32 to vector<8xf32>
            %a = memref.load %acc[] : memref<vector<8xf32>>
            %b = vector.fma %ws, %pixels, %a : vector<8xf32>
            memref.store %b, %acc[] : memref<vector<8xf32>>
          }
        }
      }
      %r = memref.load %acc[] : memref<vector<8xf32>>
      %relu = arith.maximumf %r, %zero : vector<8xf32>
      %o = arith.muli %y, %c16 : index
      %at = arith.addi %o, %x : index
      vector.store %relu, %out[%at] : memref<?xf32>, vector<8xf32>
    }
  )",
               {&in, &weight, &out}, height + 2, width, height, 1, "", form);
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) {
        double sum = 0;
        for (int c = 0; c < channels; ++c)
          for (int ky = 0; ky < 3; ++ky)
            for (int kx = 0; kx < 3; ++kx)
              sum += double(weight[c * 9 + ky * 3 + kx]) *
                     in[(c * (height + 2) + y + ky) * stride + x + kx];
        EXPECT_NEAR(out[y * width + x], std::max(sum, 0.0), 1e-5) << y << ", " << x;
      }
  }
}

//===- random programs ----------------------------------------------------===//

/// A random program of integer reads, writes, sums, loops and conditions, as text for the printer
/// and as a function for the test: the printer moves expressions, this one does not.
class RandomProgram {
public:
  explicit RandomProgram(unsigned seed) : random(seed) { block(body, 0, 40); }

  std::string text() const {
    std::string result =
        "%v0 = memref.alloca() : memref<i32>\n%v1 = memref.alloca() : memref<i32>\n"
        "%p = memref.alloca() : memref<8xi32>\n"
        "%z = arith.constant 0 : i32\n%mask = arith.constant 1023 : i32\n"
        "memref.store %z, %v0[] : memref<i32>\nmemref.store %z, %v1[] : memref<i32>\n";
    for (int i = 0; i < 9; ++i)
      result += "%k" + std::to_string(i) + " = arith.constant " + std::to_string(i) + " : index\n";
    for (int i = 0; i < 8; ++i)
      result += "memref.store %z, %p[%k" + std::to_string(i) + "] : memref<8xi32>\n";
    print(body, result);
    return result;
  }
  /// Runs on m0, m1 and r of eight elements each.
  void run(std::vector<int> &m0, std::vector<int> &m1, std::vector<int> &r) {
    std::vector<int> p(8);
    memory = {&m0, &m1, &r, &p};
    variables = {0, 0};
    execute(body);
  }

private:
  enum Kind { Load, VariableLoad, Sum, Product, Store, VariableStore, For, If };
  struct Statement {
    Kind kind;
    int result = -1, a = -1, b = -1; ///< values
    int memory = 0, offset = 0, loop = -1;
    std::vector<Statement> first, second;
  };

  int pick(int n) { return int(random() % unsigned(n)); }
  void block(std::vector<Statement> &to, int depth, int length) {
    size_t known = values.size();
    for (int i = 0; i < length; ++i) {
      Statement statement;
      int kind = pick(20);
      auto value = [&] {
        return values[values.size() - 1 - pick(std::min<int>(values.size(), 6))];
      };
      if (values.empty() || kind < 5) {
        statement.kind = Load;
      } else {
        statement.kind = kind < 7    ? VariableLoad
                         : kind < 11 ? Sum
                         : kind < 13 ? Product
                         : kind < 16 ? Store
                         : kind < 18 ? VariableStore
                         : kind < 19 ? For
                                     : If;
      }
      if (statement.kind >= For && depth == 2)
        statement.kind = Store;
      statement.memory = statement.kind == Store ? "\0\1\3"[pick(3)] : pick(4);
      if (statement.kind == VariableLoad || statement.kind == VariableStore)
        statement.memory = pick(2);
      statement.loop = loops.empty() || pick(2) ? -1 : loops[pick(loops.size())];
      statement.offset = pick(statement.loop < 0 ? 8 : 6);
      if (statement.kind >= Sum) {
        statement.a = value();
        statement.b = value();
      }
      if (statement.kind == For) {
        statement.loop = count++;
        loops.push_back(statement.loop);
        block(statement.first, depth + 1, 8);
        loops.pop_back();
      } else if (statement.kind == If) {
        block(statement.first, depth + 1, 6);
        block(statement.second, depth + 1, 6);
      } else if (statement.kind < Store) {
        statement.result = count++;
        values.push_back(statement.result);
      }
      to.push_back(std::move(statement));
    }
    values.resize(known);
  }

  static std::string name(int value) { return "%x" + std::to_string(value); }
  void print(const std::vector<Statement> &statements, std::string &to) const {
    const char *const names[] = {"%m0", "%m1", "%r", "%p"};
    for (const Statement &s : statements) {
      std::string x = name(s.result), offset = std::to_string(s.offset), index = "%k" + offset;
      std::string type = s.memory == 3 ? "memref<8xi32>" : "memref<?xi32>";
      if ((s.kind == Load || s.kind == Store) && s.loop >= 0) {
        index = "%at" + std::to_string(unique++);
        to += index + " = arith.addi %i" + std::to_string(s.loop) + ", %k" + offset + " : index\n";
      }
      std::string variable = "%v" + std::to_string(s.memory);
      switch (s.kind) {
      case Load:
        to += x + " = memref.load " + names[s.memory] + "[" + index + "] : " + type + "\n";
        break;
      case VariableLoad:
        to += x + " = memref.load " + variable + "[] : memref<i32>\n";
        break;
      case Sum:
        to += x + "s = arith.addi " + name(s.a) + ", " + name(s.b) + " : i32\n" + x +
              " = arith.andi " + x + "s, %mask : i32\n";
        break;
      case Product:
        to += x + "s = arith.muli " + name(s.a) + ", " + name(s.b) + " : i32\n" + x +
              " = arith.andi " + x + "s, %mask : i32\n";
        break;
      case Store:
        to += "memref.store " + name(s.a) + ", " + names[s.memory] + "[" + index + "] : " + type +
              "\n";
        break;
      case VariableStore:
        to += "memref.store " + name(s.a) + ", " + variable + "[] : memref<i32>\n";
        break;
      case For:
        to += "scf.for %i" + std::to_string(s.loop) + " = %k0 to %k3 step %k1 {\n";
        print(s.first, to);
        to += "}\n";
        break;
      case If: {
        std::string c = "%c" + std::to_string(unique++);
        to += c + " = arith.cmpi slt, " + name(s.a) + ", " + name(s.b) + " : i32\nscf.if " + c +
              " {\n";
        print(s.first, to);
        to += "} else {\n";
        print(s.second, to);
        to += "}\n";
        break;
      }
      }
    }
  }
  void execute(const std::vector<Statement> &statements) {
    for (const Statement &s : statements) {
      bool indexed = (s.kind == Load || s.kind == Store) && s.loop >= 0;
      int index = s.offset + (indexed ? state[s.loop] : 0);
      switch (s.kind) {
      case Load:
        state[s.result] = (*memory[s.memory])[index];
        break;
      case VariableLoad:
        state[s.result] = variables[s.memory];
        break;
      case Sum:
        state[s.result] = (state[s.a] + state[s.b]) & 1023;
        break;
      case Product:
        state[s.result] = (state[s.a] * state[s.b]) & 1023;
        break;
      case Store:
        (*memory[s.memory])[index] = state[s.a];
        break;
      case VariableStore:
        variables[s.memory] = state[s.a];
        break;
      case For:
        for (int i = 0; i < 3; ++i) {
          state[s.loop] = i;
          execute(s.first);
        }
        break;
      case If:
        execute(state[s.a] < state[s.b] ? s.first : s.second);
        break;
      }
    }
  }

  std::mt19937 random;
  std::vector<Statement> body;
  std::vector<int> values, loops; ///< in scope
  int count = 0;
  mutable int unique = 0;
  std::map<int, int> state;
  std::vector<std::vector<int> *> memory;
  std::vector<int> variables;
};

TEST_F(Emit, RandomPrograms) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomProgram program(seed);
    std::vector<int> start(8);
    for (int i = 0; i < 8; ++i)
      start[i] = (i * 37 + int(seed) * 11) % 101;
    std::vector<int> m0 = start, m1(start.rbegin(), start.rend()), r = start;
    std::vector<int> e0 = m0, e1 = m1;
    program.run(e0, e1, r);
    run<int>("%m0: memref<?xi32>, %m1: memref<?xi32>, %r: memref<?xi32> {ocl.read_only}",
             program.text(), {&m0, &m1, &r});
    EXPECT_EQ(m0, e0);
    EXPECT_EQ(m1, e1);
  }
}

} // namespace
