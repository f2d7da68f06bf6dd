//===- PackageBuilder.h - Packages written by hand, for tests ---------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#ifndef SRCC_TEST_RUNTIME_PACKAGEBUILDER_H
#define SRCC_TEST_RUNTIME_PACKAGEBUILDER_H

#include "format/package_generated.h"

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace srcc::test {

using format::BufferKind;
using format::ElementType;
using format::PixelFormat;

/// A size expression, built with ordinary operators: `3 * height() * width()`.
struct Size {
  Size(int64_t value) : nodes{{format::ExprOp::Const, value}} {}
  explicit Size(format::ExprOp leaf) : nodes{{leaf, 0}} {}
  Size(Size a, const Size &b, format::ExprOp op) : nodes(std::move(a.nodes)) {
    nodes.insert(nodes.end(), b.nodes.begin(), b.nodes.end());
    nodes.emplace_back(op, 0);
  }
  std::unique_ptr<format::ExprT> make() const {
    auto expr = std::make_unique<format::ExprT>();
    expr->nodes = nodes;
    return expr;
  }
  std::vector<format::ExprNode> nodes;
};
inline Size height() { return Size(format::ExprOp::H); }
inline Size width() { return Size(format::ExprOp::W); }
inline Size operator+(Size a, Size b) { return {a, b, format::ExprOp::Add}; }
inline Size operator*(Size a, Size b) { return {a, b, format::ExprOp::Mul}; }
inline Size floorDiv(Size a, Size b) { return {a, b, format::ExprOp::FloorDiv}; }
inline Size ceilDiv(Size a, Size b) { return {a, b, format::ExprOp::CeilDiv}; }
inline Size mod(Size a, Size b) { return {a, b, format::ExprOp::Mod}; }
inline Size min(Size a, Size b) { return {a, b, format::ExprOp::Min}; }
inline Size max(Size a, Size b) { return {a, b, format::ExprOp::Max}; }

/// The header in front of `content`: magic and checksum.
inline std::vector<uint8_t> withHeader(const std::vector<uint8_t> &content) {
  std::vector<uint8_t> file(16 + content.size());
  uint64_t checksum = XXH64(content.data(), content.size(), 0);
  std::memcpy(file.data(), "SRP1\0\0\0", 8);
  std::memcpy(file.data() + 8, &checksum, 8);
  std::memcpy(file.data() + 16, content.data(), content.size());
  return file;
}

/// Fills a PackageT step by step. `package` is open for tests that break it on purpose.
class PackageBuilder {
public:
  explicit PackageBuilder(int scale, format::Color color = format::Color::RGB, float low = 0,
                          float high = 1) {
    package.producer = "test";
    package.model = "test net";
    package.target = "any";
    package.scale = scale;
    package.color = color;
    package.low = low;
    package.high = high;
    package.in_channels = package.out_channels = color == format::Color::Y ? 1 : 3;
  }

  uint32_t buffer(const std::string &name, BufferKind kind, ElementType type, const Size &elements,
                  PixelFormat format = PixelFormat::None) {
    auto buffer = std::make_unique<format::BufferT>();
    buffer->name = name;
    buffer->kind = kind;
    buffer->type = type;
    buffer->elements = elements.make();
    buffer->format = format;
    package.buffers.push_back(std::move(buffer));
    return uint32_t(package.buffers.size() - 1);
  }
  uint32_t temp(const std::string &name, const Size &elements) {
    return buffer(name, BufferKind::Temp, ElementType::F32, elements);
  }
  uint32_t constant(const std::string &name, const std::vector<float> &values) {
    uint32_t index =
        buffer(name, BufferKind::Constant, ElementType::F32, Size(int64_t(values.size())));
    auto *bytes = reinterpret_cast<const uint8_t *>(values.data());
    package.buffers[index]->data.assign(bytes, bytes + values.size() * sizeof(float));
    return index;
  }
  /// Input or output of the model's size.
  uint32_t picture(BufferKind kind, PixelFormat format) {
    bool input = kind == BufferKind::Input, bytes = format == PixelFormat::U8Interleaved;
    int64_t scale = input ? 1 : package.scale;
    return buffer(std::string(input ? "input" : "output") + (bytes ? " u8" : ""), kind,
                  bytes ? ElementType::U8 : ElementType::F32,
                  Size(package.in_channels * scale * scale) * height() * width(), format);
  }
  uint32_t program(const std::string &source, const std::string &options = "") {
    auto program = std::make_unique<format::ProgramT>();
    program->name = "program " + std::to_string(package.programs.size());
    program->source = source;
    program->options = options;
    package.programs.push_back(std::move(program));
    return uint32_t(package.programs.size() - 1);
  }
  /// A launch whose last buffer is written and the others read.
  format::LaunchT &launch(const std::string &kernel, const std::vector<Size> &blocks,
                          const std::vector<Size> &threads, const std::vector<uint32_t> &buffers,
                          uint32_t program = 0) {
    auto launch = std::make_unique<format::LaunchT>();
    launch->kernel = kernel;
    launch->program = program;
    for (const Size &size : blocks)
      launch->blocks.push_back(size.make());
    for (const Size &size : threads)
      launch->threads.push_back(size.make());
    launch->buffers = buffers;
    launch->reads.assign(buffers.begin(), buffers.end() - 1);
    launch->writes.assign(buffers.end() - 1, buffers.end());
    package.launches.push_back(std::move(launch));
    return *package.launches.back();
  }

  std::vector<uint8_t> content() const {
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(format::Package::Pack(builder, &package), format::PackageIdentifier());
    return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
  }
  std::vector<uint8_t> file() const { return withHeader(content()); }

  format::PackageT package;
};

/// Nearest-neighbour enlargement, value * gain + bias per channel; one launch, any size. The gain
/// and bias are constants of `channels` elements. With `bytes`, also kernels for 8-bit pixels at
/// both ends (the value range is that of the package).
inline PackageBuilder nearestModel(int scale, format::Color color, float low, float high,
                                   std::vector<float> gain, std::vector<float> bias,
                                   bool bytes = false) {
  PackageBuilder builder(scale, color, low, high);
  int channels = builder.package.in_channels;
  std::string define = "#define S " + std::to_string(scale) + "\n#define C " +
                       std::to_string(channels) + "\n#define LOW " + std::to_string(low) +
                       "f\n#define HIGH " + std::to_string(high) + "f\n";
  // Channel c of the model is byte `c` of a pixel, or C - 1 - c in a bgr model.
  define +=
      color == format::Color::BGR ? "#define BYTE(c) (C - 1 - (c))\n" : "#define BYTE(c) (c)\n";
  std::string body = R"(
#define LOAD_F32 in[(c * H + y / S) * W + x / S]
#define LOAD_U8 (LOW + in[((y / S) * W + x / S) * C + BYTE(c)] * ((HIGH - LOW) / 255))
#define STORE_F32 out[(c * S * H + y) * S * W + x] = v
#define STORE_U8 out[(y * S * W + x) * C + BYTE(c)] = convert_uchar_sat_rte((v - LOW) * 255 / (HIGH - LOW))
#define KERNEL(name, IN, LOAD, OUT, STORE)                                                   \
  __kernel void name(__global const IN *in, __global const float *gain,                      \
                     __global const float *bias, __global OUT *out, int H, int W) {           \
    int x = get_global_id(0), y = get_global_id(1);                                           \
    if (x >= S * W || y >= S * H) return;                                                     \
    for (int c = 0; c < C; ++c) { float v = LOAD * gain[c] + bias[c]; STORE; }                 \
  }
KERNEL(ff, float, LOAD_F32, float, STORE_F32)
KERNEL(bf, uchar, LOAD_U8, float, STORE_F32)
KERNEL(fb, float, LOAD_F32, uchar, STORE_U8)
KERNEL(bb, uchar, LOAD_U8, uchar, STORE_U8)
)";
  builder.program(define + body);
  uint32_t gains = builder.constant("gain", gain), biases = builder.constant("bias", bias);
  for (PixelFormat in : {PixelFormat::F32Planar, PixelFormat::U8Interleaved})
    for (PixelFormat out : {PixelFormat::F32Planar, PixelFormat::U8Interleaved}) {
      if (!bytes && (in != PixelFormat::F32Planar || out != PixelFormat::F32Planar))
        continue;
      auto find = [&](BufferKind kind, PixelFormat format) {
        for (uint32_t i = 0; i < builder.package.buffers.size(); ++i)
          if (builder.package.buffers[i]->kind == kind &&
              builder.package.buffers[i]->format == format)
            return i;
        return builder.picture(kind, format);
      };
      std::string kernel = in == PixelFormat::F32Planar ? "f" : "b";
      kernel += out == PixelFormat::F32Planar ? "f" : "b";
      uint32_t input = find(BufferKind::Input, in), output = find(BufferKind::Output, out);
      auto &launch =
          builder.launch(kernel, {ceilDiv(scale * width(), 8), ceilDiv(scale * height(), 4)},
                         {8, 4}, {input, gains, biases, output});
      launch.input = in;
      launch.output = out;
      launch.layers = {"nearest"};
      launch.macs = (channels * scale * scale * height() * width()).make();
      launch.bytes = (4 * channels * (1 + scale * scale) * height() * width()).make();
    }
  return builder;
}

/// `stages` launches in a row over intermediates of the picture's size, each adding 1; scale 1.
/// With `programs`, one program per stage.
inline PackageBuilder chainModel(int stages, bool programs = false) {
  PackageBuilder builder(1);
  Size elements = 3 * height() * width();
  auto source = [](const std::string &kernel) {
    return "__kernel void " + kernel +
           "(__global const float *in, __global float *out, int H, int W) {\n"
           "  int i = get_global_id(0);\n  if (i < 3 * H * W) out[i] = in[i] + 1;\n}\n";
  };
  if (!programs)
    builder.program(source("add"));
  uint32_t previous = builder.picture(BufferKind::Input, PixelFormat::F32Planar);
  for (int i = 0; i < stages; ++i) {
    uint32_t next = i + 1 == stages ? builder.picture(BufferKind::Output, PixelFormat::F32Planar)
                                    : builder.temp("stage" + std::to_string(i), elements);
    std::string kernel = programs ? "add" + std::to_string(i) : "add";
    uint32_t program = programs ? builder.program(source(kernel)) : 0;
    builder.launch(kernel, {ceilDiv(elements, 64)}, {64}, {previous, next}, program);
    previous = next;
  }
  return builder;
}

} // namespace srcc::test

#endif // SRCC_TEST_RUNTIME_PACKAGEBUILDER_H
