//===- ModelTest.cpp - libsrrt through its C API on the first OpenCL device
//--------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#include "runtime/OpenCL.h"
#include "runtime/srrt.h"
#include "test/runtime/Fixture.h"
#include "test/runtime/PackageBuilder.h"

#include <cmath>
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <thread>

/// PoCL and its LLVM keep memory until the process ends; LeakSanitizer is to look at our own.
extern "C" const char *__lsan_default_suppressions() { return "leak:libpocl\nleak:libLLVM\n"; }

using namespace srcc;
using namespace srcc::test;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

using Floats = std::vector<float>;
using Bytes = std::vector<uint8_t>;

/// A model opened from memory, with its bytes.
struct Opened {
  Opened() = default;
  Opened(const Opened &) = delete;
  ~Opened() { srrt_close(model); }
  Bytes file;
  srrt_model *model = nullptr;
};

class ModelTest : public DeviceTest {
protected:
  ModelTest() { options.cache_folder = ""; }

  srrt_status open(Opened &opened, const PackageBuilder &builder) {
    opened.file = builder.file();
    return srrt_open_memory(opened.file.data(), opened.file.size(), "test.srp", &options,
                            &opened.model);
  }
  srrt_options options{};
};

#define ASSERT_OK(call) ASSERT_EQ(call, SRRT_OK) << srrt_error()
#define EXPECT_STATUS(call, status, part)                                                          \
  do {                                                                                             \
    EXPECT_EQ(call, status) << srrt_error();                                                       \
    EXPECT_THAT(srrt_error(), HasSubstr(part));                                                    \
  } while (0)

PackageBuilder simple(int scale = 2, bool bytes = false, format::Color color = format::Color::RGB) {
  if (color == format::Color::Y)
    return nearestModel(scale, color, 0, 1, {1}, {0}, bytes);
  return nearestModel(scale, color, 0, 1, {1, 0.5f, 2}, {0, 0.25f, -0.5f}, bytes);
}

float expected(const Floats &in, int c, int y, int x, int h, int w, int s) {
  const float gain[] = {1, 0.5f, 2}, bias[] = {0, 0.25f, -0.5f};
  return in[(size_t(c) * h + y / s) * w + x / s] * gain[c] + bias[c];
}

TEST_F(ModelTest, AnySize) {
  Opened opened;
  ASSERT_OK(open(opened, simple(3)));
  for (auto [h, w] : {std::pair{1, 1}, {7, 5}, {17, 33}, {96, 128}, {1, 300}}) {
    ASSERT_OK(srrt_prepare(opened.model, h, w));
    Floats in(size_t(3) * h * w), out(in.size() * 9, -1);
    for (size_t i = 0; i < in.size(); ++i)
      in[i] = float(i % 1000) / 1000;
    ASSERT_OK(srrt_run_f32(opened.model, in.data(), out.data()));
    for (int c = 0; c < 3; ++c)
      for (int y = 0; y < 3 * h; ++y)
        for (int x = 0; x < 3 * w; ++x)
          ASSERT_FLOAT_EQ(out[(size_t(c) * 3 * h + y) * 3 * w + x], expected(in, c, y, x, h, w, 3));
  }
}

TEST_F(ModelTest, MemoryInPlaceAndCopied) {
  // On a CPU aligned memory is used in place; every combination must give the same.
  Opened opened;
  ASSERT_OK(open(opened, simple(2)));
  const int h = 13, w = 11, n = 3 * h * w;
  ASSERT_OK(srrt_prepare(opened.model, h, w));
  Floats in(n + 64), out(4 * n + 64);
  auto align = [](Floats &data, int offset) {
    size_t misfit = reinterpret_cast<uintptr_t>(data.data()) / 4 % 16;
    return data.data() + (16 - misfit) % 16 + offset;
  };
  for (int inOffset : {0, 1})
    for (int outOffset : {0, 1}) {
      float *from = align(in, inOffset), *to = align(out, outOffset);
      for (int i = 0; i < n; ++i)
        from[i] = float(i) + float(inOffset);
      std::fill(out.begin(), out.end(), -7.0f);
      ASSERT_OK(srrt_run_f32(opened.model, from, to));
      Floats copy(from, from + n);
      for (int c = 0; c < 3; ++c)
        for (int y = 0; y < 2 * h; ++y)
          for (int x = 0; x < 2 * w; ++x)
            ASSERT_FLOAT_EQ(to[(c * 2 * h + y) * 2 * w + x], expected(copy, c, y, x, h, w, 2));
      EXPECT_EQ(to[4 * n], -7) << "written beyond the end";
    }
}

TEST_F(ModelTest, Query) {
  Opened opened;
  PackageBuilder builder = nearestModel(4, format::Color::BGR, -1, 1, {1, 1, 1}, {0, 0, 0}, true);
  builder.package.precision = format::Precision::F16Storage;
  builder.package.halo = 5;
  ASSERT_OK(open(opened, builder));
  srrt_model_info info;
  ASSERT_OK(srrt_query(opened.model, &info));
  EXPECT_STREQ(info.name, "test net");
  EXPECT_STREQ(info.producer, "test");
  EXPECT_STREQ(info.target, "any");
  EXPECT_EQ(info.scale, 4);
  EXPECT_EQ(info.color, SRRT_COLOR_BGR);
  EXPECT_EQ(info.low, -1);
  EXPECT_EQ(info.high, 1);
  EXPECT_EQ(info.in_channels, 3);
  EXPECT_EQ(info.precision, SRRT_PRECISION_F16_STORAGE);
  EXPECT_EQ(info.kernels, 1);
  EXPECT_EQ(info.halo, 5);
  EXPECT_EQ(info.u8_input, 1);
  EXPECT_EQ(info.u8_output, 1);
  std::vector<srrt_device_info> devices(1);
  size_t count = 0;
  ASSERT_OK(srrt_list_devices(nullptr, devices.data(), 1, &count));
  EXPECT_STREQ(info.device, devices[0].name);
}

TEST_F(ModelTest, ChainSharesMemoryAndComputes) {
  Opened opened;
  ASSERT_OK(open(opened, chainModel(7)));
  ASSERT_OK(srrt_prepare(opened.model, 10, 20));
  srrt_memory_info memory;
  ASSERT_OK(srrt_memory(opened.model, &memory));
  EXPECT_EQ(memory.intermediates, 2u * 2400);
  EXPECT_EQ(memory.intermediates_apart, 6u * 2400);
  Floats in(601, 0.5f), out(601, 7.5f);
  // Not aligned, so that it is not used in place.
  ASSERT_OK(srrt_run_f32(opened.model, in.data() + 1, out.data() + 1));
  EXPECT_THAT(out, Each(7.5f));
  ASSERT_OK(srrt_memory(opened.model, &memory));
  EXPECT_EQ(memory.pictures, 2u * 2400);
}

TEST_F(ModelTest, LargePictures) {
  // In large pages from 2 MiB on.
  Opened opened;
  ASSERT_OK(open(opened, chainModel(3)));
  for (auto [height, width] : {std::pair(512, 342), std::pair(4, 4), std::pair(600, 400)}) {
    ASSERT_OK(srrt_prepare(opened.model, height, width));
    Floats in(size_t(height) * width * 3, 1), out(in.size());
    for (int run = 0; run < 2; ++run) {
      out.assign(out.size(), 0);
      ASSERT_OK(srrt_run_f32(opened.model, in.data(), out.data()));
      EXPECT_THAT(out, Each(4.0f));
    }
  }
}

TEST_F(ModelTest, WrongSizes) {
  Opened opened;
  ASSERT_OK(open(opened, simple()));
  Floats data(100);
  EXPECT_STATUS(srrt_run_f32(opened.model, data.data(), data.data()), SRRT_NOT_PREPARED, "prepare");
  for (auto [h, w] : {std::pair{0, 1}, {1, 0}, {-1, 5}, {5, INT32_MIN}})
    EXPECT_STATUS(srrt_prepare(opened.model, h, w), SRRT_INVALID_ARGUMENT, "at least 1");
  EXPECT_STATUS(srrt_prepare(opened.model, INT32_MAX, INT32_MAX), SRRT_TOO_LARGE, "2^31");
  EXPECT_STATUS(srrt_prepare(opened.model, 20000, 20000), SRRT_TOO_LARGE, "use a smaller picture");
  EXPECT_STATUS(srrt_run_f32(opened.model, data.data(), data.data()), SRRT_NOT_PREPARED, "prepare");
  ASSERT_OK(srrt_prepare(opened.model, 2, 2));
  EXPECT_STATUS(srrt_run_f32(opened.model, nullptr, data.data()), SRRT_INVALID_ARGUMENT, "null");
}

TEST_F(ModelTest, DeviceMemoryLimit) {
  srrt_device_info device;
  size_t count = 0;
  ASSERT_OK(srrt_list_devices(nullptr, &device, 1, &count));
  Opened opened;
  ASSERT_OK(open(opened, simple(2)));
  // The output has 48 bytes per input pixel; a row of 1000 pixels at a time beyond the limit.
  uint64_t rows = device.max_allocation / 48000 + 1;
  if (rows * 12000 > INT32_MAX)
    GTEST_SKIP() << "indexes end before this device's memory does";
  EXPECT_STATUS(srrt_prepare(opened.model, int(rows), 1000), SRRT_TOO_LARGE, "per buffer");
}

TEST_F(ModelTest, DevicesByNameAndIndex) {
  srrt_device_info device;
  size_t count = 0;
  ASSERT_OK(srrt_list_devices(nullptr, &device, 1, &count));
  std::string upper = device.name;
  for (char &c : upper)
    c = char(std::toupper(static_cast<unsigned char>(c)));
  for (const std::string &choice : {std::string("0"), std::string(device.name), upper}) {
    Opened opened;
    options.device = choice.c_str();
    EXPECT_EQ(open(opened, simple()), SRRT_OK) << srrt_error();
  }
  for (const char *choice : {"4711", "no such device"}) {
    Opened opened;
    options.device = choice;
    EXPECT_STATUS(open(opened, simple()), SRRT_NO_DEVICE, device.name);
    EXPECT_EQ(opened.model, nullptr);
  }
}

TEST_F(ModelTest, MissingOpenCL) {
  Opened opened;
  options.opencl_library = "libNoSuchOpenCL.so.7";
  EXPECT_STATUS(open(opened, simple()), SRRT_NO_OPENCL, "libNoSuchOpenCL.so.7");
  EXPECT_THAT(srrt_error(), HasSubstr("install"));
  options.opencl_library = "libm.so.6";
  EXPECT_STATUS(open(opened, simple()), SRRT_NO_OPENCL, "libm.so.6 lacks clGetPlatformIDs");
}

TEST_F(ModelTest, BrokenPrograms) {
  Opened opened;
  PackageBuilder builder = simple();
  builder.package.programs[0]->source = "__kernel void ff(] nonsense";
  EXPECT_STATUS(open(opened, builder), SRRT_BUILD_FAILED, "does not compile");
  builder = simple();
  builder.package.launches[0]->kernel = "missing";
  EXPECT_STATUS(open(opened, builder), SRRT_BAD_PACKAGE, "no kernel \"missing\"");
  builder = simple();
  builder.package.launches[0]->buffers.push_back(0);
  EXPECT_STATUS(open(opened, builder), SRRT_BAD_PACKAGE, "takes 6 arguments");
}

TEST_F(ModelTest, HalfPrecisionNeedsTheExtension) {
  srrt_device_info device;
  size_t count = 0;
  ASSERT_OK(srrt_list_devices(nullptr, &device, 1, &count));
  if (device.has_fp16)
    GTEST_SKIP() << "the device has it";
  Opened opened;
  PackageBuilder builder = simple();
  builder.package.needs_fp16 = true;
  EXPECT_STATUS(open(opened, builder), SRRT_UNSUPPORTED, "f16s");
}

TEST_F(ModelTest, TwoModelsInTwoThreads) {
  auto work = [&](int scale) {
    Opened opened;
    ASSERT_OK(open(opened, simple(scale)));
    ASSERT_OK(srrt_prepare(opened.model, 20, 30));
    Floats in(1800, 0.5f), out(1800 * scale * scale);
    for (int round = 0; round < 10; ++round) {
      std::fill(out.begin(), out.end(), -1.0f);
      ASSERT_OK(srrt_run_f32(opened.model, in.data(), out.data()));
      ASSERT_THAT(out, Each(0.5f)); // 0.5, 0.5 * 0.5 + 0.25, 0.5 * 2 - 0.5
    }
    // Error texts do not mix.
    EXPECT_STATUS(srrt_prepare(opened.model, 0, scale), SRRT_INVALID_ARGUMENT,
                  "width " + std::to_string(scale));
  };
  std::thread other(work, 2);
  work(4);
  other.join();
}

// 8-bit pixels: by kernels of the package and by conversions on the host, the result is the same.
class PixelsOnModels
    : public ModelTest,
      public testing::WithParamInterface<std::tuple<format::Color, bool, srrt_pixels>> {};

TEST_P(PixelsOnModels, Repeated) {
  auto [color, bytes, format] = GetParam();
  // Red, green and blue of the picture get gains of their own, whatever the model's order.
  Floats gain = {1, 0.5f, 0.25f};
  if (color == format::Color::BGR)
    std::reverse(gain.begin(), gain.end());
  Opened opened;
  ASSERT_OK(open(opened, nearestModel(2, color, -1, 3, gain,
                                      {-1 + gain[0], -1 + gain[1], -1 + gain[2]}, bytes)));
  const int h = 6, w = 10;
  ASSERT_OK(srrt_prepare(opened.model, h, w));
  const int pixel = format == SRRT_RGBA8 ? 4 : 3;
  const size_t inStride = w * pixel + 3, outStride = 2 * w * pixel + 5;
  Bytes in(h * inStride), out(2 * h * outStride, 99);
  for (size_t i = 0; i < in.size(); ++i)
    in[i] = uint8_t(i * 37);
  srrt_picture input{format, w, h, in.data(), inStride, nullptr, 0};
  srrt_picture output{format, 2 * w, 2 * h, out.data(), outStride, nullptr, 0};
  ASSERT_OK(srrt_run_u8(opened.model, &input, &output));
  const float factor[] = {1, 0.5f, 0.25f};
  for (int y = 0; y < 2 * h; ++y)
    for (size_t i = 0; i < outStride; ++i) {
      int x = int(i) / pixel, c = int(i) % pixel;
      if (x >= 2 * w) {
        ASSERT_EQ(out[y * outStride + i], 99) << "beyond the row";
      } else if (c < 3) {
        float value = in[(y / 2) * inStride + (x / 2) * pixel + c] * factor[c];
        ASSERT_NEAR(out[y * outStride + i], value, 0.5 + 1e-3) << x << "," << y << " " << c;
      }
    }
}
INSTANTIATE_TEST_SUITE_P(All, PixelsOnModels,
                         testing::Combine(testing::Values(format::Color::RGB, format::Color::BGR),
                                          testing::Bool(), testing::Values(SRRT_RGB8, SRRT_RGBA8)));

TEST_F(ModelTest, FormatsThatDoNotGoTogether) {
  Opened colours, luma;
  ASSERT_OK(open(colours, simple()));
  ASSERT_OK(open(luma, simple(2, true, format::Color::Y)));
  Bytes a(1000), b(1000);
  srrt_picture in{SRRT_GRAY8, 4, 2, a.data(), 0, nullptr, 0};
  srrt_picture out{SRRT_GRAY8, 8, 4, b.data(), 0, nullptr, 0};
  ASSERT_OK(srrt_prepare(colours.model, 2, 4));
  ASSERT_OK(srrt_prepare(luma.model, 2, 4));
  EXPECT_STATUS(srrt_run_u8(colours.model, &in, &out), SRRT_INVALID_ARGUMENT, "luma");
  EXPECT_EQ(srrt_run_u8(luma.model, &in, &out), SRRT_OK) << srrt_error();
  out.format = SRRT_RGB8;
  EXPECT_STATUS(srrt_run_u8(luma.model, &in, &out), SRRT_INVALID_ARGUMENT, "gray");
  out = {SRRT_RGB8, 8, 5, b.data(), 0, nullptr, 0};
  in.format = SRRT_RGB8;
  EXPECT_STATUS(srrt_run_u8(luma.model, &in, &out), SRRT_INVALID_ARGUMENT, "8x5");
}

TEST_F(ModelTest, LumaModelOnEveryFormat) {
  for (bool bytes : {false, true}) {
    Opened opened;
    ASSERT_OK(open(opened, simple(2, bytes, format::Color::Y)));
    ASSERT_OK(srrt_prepare(opened.model, 4, 6));
    for (srrt_pixels from : {SRRT_RGB8, SRRT_RGBA8, SRRT_NV12, SRRT_GRAY8})
      for (srrt_pixels to : {SRRT_RGB8, SRRT_RGBA8, SRRT_NV12, SRRT_GRAY8}) {
        if ((from == SRRT_GRAY8) != (to == SRRT_GRAY8))
          continue;
        // BT.601 red: 81, 90, 240.
        auto red = [](srrt_pixels format, int w, int h) {
          Bytes data(format == SRRT_NV12 || format == SRRT_GRAY8 ? w * h : 0, 81);
          for (int i = 0; i < w * h; ++i)
            if (format == SRRT_RGB8)
              data.insert(data.end(), {254, 0, 0});
            else if (format == SRRT_RGBA8)
              data.insert(data.end(), {254, 0, 0, 255});
            else if (format == SRRT_NV12 && i % 4 == 0)
              data.insert(data.end(), {90, 240});
          return data;
        };
        Bytes in = red(from, 6, 4), want = red(to, 12, 8), out(want.size());
        srrt_picture input{from, 6, 4, in.data(), 0, nullptr, 0};
        srrt_picture output{to, 12, 8, out.data(), 0, nullptr, 0};
        ASSERT_OK(srrt_run_u8(opened.model, &input, &output));
        for (size_t i = 0; i < out.size(); ++i)
          ASSERT_NEAR(out[i], want[i], 1) << from << " to " << to << " at " << i;
      }
  }
}

TEST_F(ModelTest, ModelForBytesOnly) {
  PackageBuilder builder = simple(2, true);
  auto &launches = builder.package.launches;
  launches.erase(launches.begin(), launches.begin() + 3);
  Opened opened;
  ASSERT_OK(open(opened, builder));
  ASSERT_OK(srrt_prepare(opened.model, 2, 2));
  Floats in(12), out(48);
  EXPECT_STATUS(srrt_run_f32(opened.model, in.data(), out.data()), SRRT_UNSUPPORTED, "8-bit");
  Bytes a(12, 100), b(48);
  srrt_picture input{SRRT_RGB8, 2, 2, a.data(), 0, nullptr, 0};
  srrt_picture output{SRRT_RGB8, 4, 4, b.data(), 0, nullptr, 0};
  ASSERT_OK(srrt_run_u8(opened.model, &input, &output));
  EXPECT_EQ(b[0], 100);
}

TEST_F(ModelTest, Launches) {
  Opened opened;
  ASSERT_OK(open(opened, simple()));
  size_t count = 0;
  EXPECT_EQ(srrt_launches(opened.model, nullptr, 0, &count), SRRT_NOT_PREPARED);
  ASSERT_OK(srrt_prepare(opened.model, 50, 60));
  srrt_launch_info info{};
  ASSERT_OK(srrt_launches(opened.model, &info, 1, &count));
  EXPECT_EQ(count, 1u);
  EXPECT_STREQ(info.kernel, "ff");
  EXPECT_STREQ(info.layers, "nearest");
  EXPECT_EQ(info.ms, 0);
  EXPECT_EQ(info.macs, 12 * 50 * 60);
  EXPECT_EQ(info.bytes, 4 * 3 * 5 * 50 * 60);
  ASSERT_OK(srrt_set_profiling(opened.model, 1));
  ASSERT_OK(srrt_run_cl(opened.model, nullptr, nullptr));
  ASSERT_OK(srrt_launches(opened.model, &info, 1, &count));
  EXPECT_GT(info.ms, 0);
  ASSERT_OK(srrt_set_profiling(opened.model, 0));
  ASSERT_OK(srrt_run_cl(opened.model, nullptr, nullptr));
  ASSERT_OK(srrt_launches(opened.model, &info, 1, &count));
  EXPECT_EQ(info.ms, 0);
}

TEST_F(ModelTest, DeviceBuffersInTheCallersContext) {
  const auto &cl = runtime::OpenCL::load("");
  runtime::Device device = runtime::chooseDevice(cl, "");
  cl_int error = 0;
  cl_context context = cl.clCreateContext(nullptr, 1, &device.id, nullptr, nullptr, &error);
  ASSERT_EQ(error, CL_SUCCESS);
  cl_command_queue queue = cl.clCreateCommandQueue(context, device.id, 0, &error);
  ASSERT_EQ(error, CL_SUCCESS);
  Floats in(36, 0.25f), out(144);
  cl_mem input = cl.clCreateBuffer(context, CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR, in.size() * 4,
                                   in.data(), &error);
  cl_mem output = cl.clCreateBuffer(context, CL_MEM_WRITE_ONLY, out.size() * 4, nullptr, &error);
  cl_mem small = cl.clCreateBuffer(context, CL_MEM_WRITE_ONLY, out.size() * 4 - 1, nullptr, &error);
  alignas(64) float host[64] = {};
  cl_mem crooked = cl.clCreateBuffer(context, CL_MEM_READ_ONLY | CL_MEM_USE_HOST_PTR, in.size() * 4,
                                     host + 1, &error);
  ASSERT_EQ(error, CL_SUCCESS);
  {
    Opened opened;
    options.context = context;
    EXPECT_STATUS(open(opened, simple()), SRRT_INVALID_ARGUMENT, "together");
    options.queue = queue;
    ASSERT_OK(open(opened, simple()));
    ASSERT_OK(srrt_prepare(opened.model, 3, 4));
    ASSERT_OK(srrt_run_cl(opened.model, input, output));
    EXPECT_EQ(cl.clEnqueueReadBuffer(queue, output, CL_TRUE, 0, out.size() * 4, out.data(), 0,
                                     nullptr, nullptr),
              CL_SUCCESS);
    EXPECT_EQ(out[0], 0.25f);
    EXPECT_EQ(out[48], 0.375f);
    EXPECT_EQ(out[143], 0);
    // The library's own input.
    std::fill(in.begin(), in.end(), 0.75f);
    ASSERT_OK(srrt_write_input(opened.model, in.data()));
    ASSERT_OK(srrt_run_cl(opened.model, nullptr, output));
    EXPECT_EQ(cl.clEnqueueReadBuffer(queue, output, CL_TRUE, 0, out.size() * 4, out.data(), 0,
                                     nullptr, nullptr),
              CL_SUCCESS);
    EXPECT_EQ(out[0], 0.75f);
    EXPECT_STATUS(srrt_run_cl(opened.model, input, small), SRRT_INVALID_ARGUMENT, "575 bytes");
    EXPECT_STATUS(srrt_run_cl(opened.model, output, output), SRRT_INVALID_ARGUMENT, "two buffers");
    // Kernels read whole vectors.
    EXPECT_STATUS(srrt_run_cl(opened.model, crooked, output), SRRT_INVALID_ARGUMENT,
                  "not aligned to 64 bytes");
    // Another model's context.
    Opened other;
    options.context = nullptr;
    options.queue = nullptr;
    ASSERT_OK(open(other, simple()));
    ASSERT_OK(srrt_prepare(other.model, 3, 4));
    EXPECT_STATUS(srrt_run_cl(other.model, input, output), SRRT_INVALID_ARGUMENT, "another");
  }
  // The model has released what it retained, and not more.
  for (cl_mem memory : {input, output, small, crooked})
    cl.clReleaseMemObject(memory);
  EXPECT_EQ(cl.clReleaseCommandQueue(queue), CL_SUCCESS);
  EXPECT_EQ(cl.clReleaseContext(context), CL_SUCCESS);
}

PackageBuilder withGolden(float value) {
  PackageBuilder builder = simple();
  builder.package.golden = std::make_unique<format::GoldenT>();
  format::GoldenT &golden = *builder.package.golden;
  golden.height = 2, golden.width = 3;
  golden.input.assign(18, 0.5f);
  golden.output.assign(72, value);
  golden.tolerance = 1e-4f;
  return builder;
}

TEST_F(ModelTest, SelfCheck) {
  {
    Opened opened;
    ASSERT_OK(open(opened, withGolden(0.5f)));
    Floats data(100);
    EXPECT_EQ(srrt_run_f32(opened.model, data.data(), data.data()), SRRT_NOT_PREPARED);
  }
  Opened opened;
  EXPECT_STATUS(open(opened, withGolden(0.6f)), SRRT_BAD_DRIVER, "expects 0.6 but gets 0.5");
  PackageBuilder nan = withGolden(0.5f);
  nan.package.programs[0]->options = "-DC=3";
  nan.package.programs[0]->source =
      "__kernel void ff(__global const float *in, __global const float *g, __global const float "
      "*b, "
      "__global float *out, int H, int W) { int x = get_global_id(0), y = get_global_id(1);"
      "if (x < 2 * W && y < 2 * H) for (int c = 0; c < C; ++c) "
      "out[(c * 2 * H + y) * 2 * W + x] = NAN; }";
  EXPECT_STATUS(open(opened, nan), SRRT_BAD_DRIVER, "nan");
  options.skip_self_check = 1;
  EXPECT_EQ(open(opened, nan), SRRT_OK) << srrt_error();
}

class CacheTest : public ModelTest {
protected:
  CacheTest() {
    cacheFolder = folder + "/cache";
    options.cache_folder = cacheFolder.c_str();
  }
  /// Opens, runs, closes; returns what the cache did before closing.
  srrt_cache_info use(const PackageBuilder &builder, int size = 8) {
    Opened opened;
    srrt_cache_info info{};
    EXPECT_EQ(open(opened, builder), SRRT_OK) << srrt_error();
    if (!opened.model)
      return info;
    EXPECT_EQ(srrt_prepare(opened.model, size, size), SRRT_OK) << srrt_error();
    Floats in(size_t(3) * size * size, 1), out(in.size());
    EXPECT_EQ(srrt_run_f32(opened.model, in.data(), out.data()), SRRT_OK) << srrt_error();
    EXPECT_THAT(out, Each(4.0f));
    EXPECT_EQ(srrt_cache(opened.model, &info), SRRT_OK);
    EXPECT_EQ(info.folder == cacheFolder, true);
    return info;
  }
  std::vector<std::string> entries() const {
    std::vector<std::string> paths;
    std::error_code error;
    for (auto &entry : std::filesystem::directory_iterator(cacheFolder, error))
      paths.push_back(entry.path());
    return paths;
  }
  std::string cacheFolder;
  PackageBuilder chain = chainModel(3, true);
};

TEST_F(CacheTest, SecondStartHits) {
  srrt_cache_info info = use(chain);
  EXPECT_EQ(info.programs, 3u);
  EXPECT_EQ(info.hits, 0u);
  EXPECT_EQ(entries().size(), 3u);
  info = use(chain);
  EXPECT_EQ(info.hits, 3u);
  EXPECT_EQ(info.damaged, 0u);
  EXPECT_EQ(use(chain, 20).hits, 3u);
}

TEST_F(CacheTest, SourceAndOptionsDecide) {
  use(chain);
  chain.package.programs[0]->options = "-DX=1";
  chain.package.programs[1]->source += "\n";
  EXPECT_EQ(use(chain).hits, 1u);
  EXPECT_EQ(entries().size(), 5u);
}

TEST_F(CacheTest, DamagedEntriesAreRebuilt) {
  use(chain);
  std::vector<std::string> paths = entries();
  ASSERT_EQ(paths.size(), 3u);
  Bytes first = readFile(paths[0]);
  writeFile(paths[0], {});
  first[first.size() / 2] ^= 1;
  writeFile(paths[1], first);
  srrt_cache_info info = use(chain);
  EXPECT_EQ(info.hits, 1u);
  EXPECT_EQ(info.damaged, 2u);
  EXPECT_EQ(use(chain).hits, 3u);
}

TEST_F(CacheTest, UnwritableFolderOnlyCosts) {
  writeFile(folder + "/file", {1});
  cacheFolder = folder + "/file/cache";
  options.cache_folder = cacheFolder.c_str();
  EXPECT_EQ(use(chain).hits, 0u);
}

TEST_F(CacheTest, NoCacheWritesNothing) {
  cacheFolder = "";
  options.cache_folder = "";
  use(chain);
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST_F(CacheTest, NothingIsStoredAfterAFailedSelfCheck) {
  Opened opened;
  EXPECT_EQ(open(opened, withGolden(0.7f)), SRRT_BAD_DRIVER);
  EXPECT_TRUE(entries().empty());
}

TEST_F(CacheTest, SelfCheckRunsAfterFreshBuildsOnly) {
  PackageBuilder good = withGolden(0.5f), bad = withGolden(0.7f);
  {
    Opened opened;
    ASSERT_OK(open(opened, good));
  }
  Opened opened;
  EXPECT_EQ(open(opened, bad), SRRT_OK) << "same program, from the cache: " << srrt_error();
}

// Errors of OpenCL calls, through a library that fails on demand.
class FailingTest : public ModelTest {
protected:
  FailingTest() { options.opencl_library = SRCC_TEST_FAILING_OPENCL; }
  void SetUp() override {
    ModelTest::SetUp();
    void *handle = dlopen(SRCC_TEST_FAILING_OPENCL, RTLD_NOW | RTLD_LOCAL);
    ASSERT_TRUE(handle) << dlerror();
    failOn = reinterpret_cast<void (*)(const char *, cl_int)>(dlsym(handle, "failOn"));
    ASSERT_TRUE(failOn);
  }
  void TearDown() override {
    for (const char *call : {"clGetPlatformIDs", "clGetDeviceIDs", "clCreateContext",
                             "clCreateBuffer", "clEnqueueNDRangeKernel", "clFinish",
                             "clCreateProgramWithBinary", "clSetMemObjectDestructorCallback"})
      if (failOn)
        failOn(call, CL_SUCCESS);
  }
  void (*failOn)(const char *, cl_int) = nullptr;
};

TEST_F(FailingTest, NoPlatformNoDevice) {
  Opened opened;
  failOn("clGetPlatformIDs", -1001);
  EXPECT_STATUS(open(opened, simple()), SRRT_NO_OPENCL, "no driver");
  failOn("clGetPlatformIDs", CL_SUCCESS);
  failOn("clGetDeviceIDs", CL_DEVICE_NOT_FOUND);
  EXPECT_STATUS(open(opened, simple()), SRRT_NO_DEVICE, "no OpenCL device");
  failOn("clGetDeviceIDs", CL_SUCCESS);
  failOn("clCreateContext", CL_DEVICE_NOT_AVAILABLE);
  EXPECT_STATUS(open(opened, simple()), SRRT_DEVICE_LOST,
                "clCreateContext: CL_DEVICE_NOT_AVAILABLE (-2)");
}

TEST_F(FailingTest, OutOfMemoryThenSmaller) {
  Opened opened;
  ASSERT_OK(open(opened, chainModel(3)));
  failOn("clCreateBuffer", CL_MEM_OBJECT_ALLOCATION_FAILURE);
  EXPECT_STATUS(srrt_prepare(opened.model, 4, 4), SRRT_OUT_OF_MEMORY, "clCreateBuffer");
  failOn("clCreateBuffer", CL_SUCCESS);
  Floats in(12, 1), out(12);
  EXPECT_EQ(srrt_run_f32(opened.model, in.data(), out.data()), SRRT_NOT_PREPARED);
  ASSERT_OK(srrt_prepare(opened.model, 2, 2));
  ASSERT_OK(srrt_run_f32(opened.model, in.data(), out.data()));
  EXPECT_THAT(out, Each(4.0f));
}

TEST_F(FailingTest, LargePagesThatCannotBeGivenBack) {
  Opened opened;
  ASSERT_OK(open(opened, chainModel(3)));
  failOn("clSetMemObjectDestructorCallback", CL_OUT_OF_HOST_MEMORY);
  EXPECT_STATUS(srrt_prepare(opened.model, 600, 400), SRRT_OUT_OF_MEMORY,
                "clSetMemObjectDestructorCallback");
  ASSERT_OK(srrt_prepare(opened.model, 2, 2)); // small pictures have no large pages
  failOn("clSetMemObjectDestructorCallback", CL_SUCCESS);
  ASSERT_OK(srrt_prepare(opened.model, 600, 400));
}

TEST_F(FailingTest, LostDevice) {
  Opened opened;
  ASSERT_OK(open(opened, chainModel(3)));
  ASSERT_OK(srrt_prepare(opened.model, 2, 2));
  Floats in(12, 1), out(12);
  failOn("clEnqueueNDRangeKernel", CL_INVALID_COMMAND_QUEUE);
  EXPECT_STATUS(srrt_run_f32(opened.model, in.data(), out.data()), SRRT_DEVICE_LOST,
                "clEnqueueNDRangeKernel of \"add\": CL_INVALID_COMMAND_QUEUE");
  failOn("clEnqueueNDRangeKernel", CL_SUCCESS);
  failOn("clFinish", CL_OUT_OF_RESOURCES);
  EXPECT_STATUS(srrt_finish(opened.model), SRRT_OUT_OF_MEMORY, "clFinish: CL_OUT_OF_RESOURCES");
  failOn("clFinish", -9999);
  EXPECT_STATUS(srrt_finish(opened.model), SRRT_OPENCL_ERROR, "OpenCL error (-9999)");
}

TEST_F(FailingTest, DriverRefusesItsOwnBinary) {
  std::string cacheFolder = folder + "/cache";
  options.cache_folder = cacheFolder.c_str();
  for (bool second : {false, true}) {
    Opened opened;
    failOn("clCreateProgramWithBinary", second ? CL_INVALID_BINARY : CL_SUCCESS);
    ASSERT_OK(open(opened, chainModel(3)));
    ASSERT_OK(srrt_prepare(opened.model, 2, 2));
    Floats in(12, 1), out(12);
    ASSERT_OK(srrt_run_f32(opened.model, in.data(), out.data()));
    srrt_cache_info info;
    ASSERT_OK(srrt_cache(opened.model, &info));
    EXPECT_EQ(info.damaged, second ? 1u : 0u);
  }
}

} // namespace
