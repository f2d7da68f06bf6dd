//===- CompiledModel.cpp - A model that is a shared library -----------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#include "runtime/CompiledModel.h"
#include "runtime/Pixels.h"
#include "runtime/Status.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>

namespace srcc::runtime {

void CompiledModel::Unload::operator()(void *library) const { dlclose(library); }

bool CompiledModel::isOne(const char *path) {
  char start[4] = {};
  std::FILE *file = std::fopen(path, "rb");
  if (!file)
    return false;
  bool whole = std::fread(start, 1, sizeof start, file) == sizeof start;
  std::fclose(file);
  return whole && std::memcmp(start, "\177ELF", 4) == 0;
}

/// Whether all of a library's segments are there: the loader maps what a file's header promises,
/// and a file that was cut short is a signal when it is touched.
static bool isWhole(const char *path) {
  std::unique_ptr<std::FILE, int (*)(std::FILE *)> file(std::fopen(path, "rb"), std::fclose);
  Elf64_Ehdr header;
  if (!file || std::fread(&header, sizeof header, 1, file.get()) != 1 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(Elf64_Phdr) ||
      std::fseek(file.get(), 0, SEEK_END))
    return false;
  long end = std::ftell(file.get());
  uint64_t size = end < 0 ? 0 : uint64_t(end);
  auto fits = [&](uint64_t offset, uint64_t bytes) {
    return offset <= size && bytes <= size - offset;
  };
  if (!fits(header.e_phoff, uint64_t(header.e_phnum) * sizeof(Elf64_Phdr)) ||
      !fits(header.e_shoff, uint64_t(header.e_shnum) * header.e_shentsize) ||
      std::fseek(file.get(), long(header.e_phoff), SEEK_SET))
    return false;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    if (std::fread(&segment, sizeof segment, 1, file.get()) != 1 ||
        !fits(segment.p_offset, segment.p_filesz))
      return false;
  }
  return true;
}

CompiledModel::CompiledModel(const char *path, const srrt_options &options) : fileName(path) {
  if (options.context || options.queue)
    fail(SRRT_UNSUPPORTED, path,
         ": a shared library takes no OpenCL context and queue; packages do");
  if (options.device && *options.device)
    fail(SRRT_UNSUPPORTED, path,
         ": a shared library runs where it was compiled for; packages take a device");
  if (options.memory_limit)
    fail(SRRT_UNSUPPORTED, path,
         ": a shared library computes whole pictures in host memory; packages take a memory limit");
  if (!isWhole(path))
    fail(SRRT_BAD_PACKAGE, path, ": a shared library that is cut short, or not of 64 bits");
  // Without a slash dlopen would look in the system's folders.
  std::string place = fileName.find('/') == std::string::npos ? "./" + fileName : fileName;
  library.reset(dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (!library) {
    const char *why = dlerror();
    fail(SRRT_BAD_PACKAGE, path, ": cannot be loaded: ", why ? why : "no reason given");
  }
  auto entry =
      reinterpret_cast<const srcc_compiled *(*)(void)>(dlsym(library.get(), "srcc_compiled_model"));
  if (!entry)
    fail(SRRT_BAD_PACKAGE, path,
         ": a shared library, but no model: it has no function srcc_compiled_model");
  model = entry();
  if (!model || model->version != SRCC_COMPILED_VERSION || model->size < sizeof *model)
    fail(SRRT_BAD_PACKAGE, path, ": a model of version ", model ? model->version : 0,
         ", but this library runs version ", SRCC_COMPILED_VERSION, "; compile it again");
  if (!model->run || !model->macs || !model->name || !model->producer || !model->target)
    fail(SRRT_BAD_PACKAGE, path, ": an incomplete model");
  bool sizes = model->scale >= 1 && model->scale <= 65535 && model->in_channels >= 1 &&
               model->out_channels >= 1 && model->in_channels <= 65535 &&
               model->out_channels <= 65535;
  bool kinds = model->color >= SRRT_COLOR_RGB && model->color <= SRRT_COLOR_NONE &&
               model->precision >= SRRT_PRECISION_F32 && model->precision <= SRRT_PRECISION_F16;
  if (!sizes || !kinds || !(model->low < model->high))
    fail(SRRT_BAD_PACKAGE, path, ": says impossible things about its pictures");
}

srrt_model_info CompiledModel::query() const {
  srrt_model_info info{};
  info.name = model->name;
  info.producer = model->producer;
  info.target = model->target;
  info.device = model->target;
  info.platform = "compiled code";
  info.scale = model->scale;
  info.color = srrt_color(model->color);
  info.low = model->low;
  info.high = model->high;
  info.in_channels = model->in_channels;
  info.out_channels = model->out_channels;
  info.precision = srrt_precision(model->precision);
  info.kernels = 1;
  info.halo = model->halo;
  info.alignment = model->alignment;
  return info;
}

void CompiledModel::prepare(int newHeight, int newWidth) {
  if (newHeight < 1 || newWidth < 1)
    fail(SRRT_INVALID_ARGUMENT, "height ", newHeight, ", width ", newWidth,
         ": both must be at least 1");
  if (newHeight == height && newWidth == width)
    return;
  height = width = 0;
  input = {}, output = {}, bytes = {};
  // As many bytes as 31 bits count: what the code indexes with.
  int64_t most = INT32_MAX / int64_t(sizeof(float));
  int64_t channels = std::max<int64_t>(model->in_channels,
                                       int64_t(model->out_channels) * model->scale * model->scale);
  if (int64_t(newHeight) > most / newWidth || int64_t(newHeight) * newWidth > most / channels)
    fail(SRRT_TOO_LARGE, "height ", newHeight, ", width ", newWidth,
         ": the picture leaves 32-bit indexing");
  height = newHeight, width = newWidth;
}

void CompiledModel::requirePrepared() const {
  if (!height)
    fail(SRRT_NOT_PREPARED, "the model is not prepared for a size; call srrt_prepare first");
}

size_t CompiledModel::inputSize() const {
  return size_t(model->in_channels) * size_t(height) * size_t(width);
}

size_t CompiledModel::outputSize() const {
  return size_t(model->out_channels) * size_t(height) * model->scale * size_t(width) * model->scale;
}

void CompiledModel::allocate() {
  input.resize(inputSize());
  output.resize(outputSize());
}

void CompiledModel::runF32(const float *from, float *to) {
  requirePrepared();
  if (!from || !to)
    fail(SRRT_INVALID_ARGUMENT, "input and output must not be null");
  char problem[512] = "";
  auto start = std::chrono::steady_clock::now();
  if (model->run(from, to, height, width, problem, sizeof problem))
    fail(SRRT_INTERNAL_ERROR, fileName, ": ", problem);
  if (profiling)
    profiledMs =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

void CompiledModel::writeInput(const float *from) {
  requirePrepared();
  if (!from)
    fail(SRRT_INVALID_ARGUMENT, "input must not be null");
  allocate();
  std::copy_n(from, input.size(), input.begin());
}

void CompiledModel::runCl(_cl_mem *from, _cl_mem *to) {
  requirePrepared();
  if (from || to)
    fail(SRRT_UNSUPPORTED, fileName, ": a shared library takes no OpenCL buffers; packages do");
  allocate();
  runF32(input.data(), output.data());
}

void CompiledModel::runU8(const srrt_picture &inputPicture, const srrt_picture &outputPicture) {
  requirePrepared();
  int scale = model->scale;
  if (model->color == SRRT_COLOR_NONE)
    fail(SRRT_UNSUPPORTED, fileName, ": its channels are no colours; run it on float planes");
  srrt_picture in = checkPicture(inputPicture, width, height, "the input");
  srrt_picture out = checkPicture(outputPicture, width * scale, height * scale, "the output");
  bool onLuma = model->color == SRRT_COLOR_Y, reversed = model->color == SRRT_COLOR_BGR;
  if ((in.format == SRRT_GRAY8) != (out.format == SRRT_GRAY8))
    fail(SRRT_INVALID_ARGUMENT, "a gray picture goes with a gray picture only");
  if (in.format == SRRT_GRAY8 && !onLuma)
    fail(SRRT_INVALID_ARGUMENT, "gray pictures need a model on luma, but this one is on colours; "
                                "pass the picture as RGB");
  int channels = onLuma ? 1 : 3;
  if (model->in_channels != channels || model->out_channels != channels)
    fail(SRRT_UNSUPPORTED, fileName, ": takes ", model->in_channels, " channels and gives ",
         model->out_channels, ", but pictures have ", channels);
  size_t inPixels = size_t(width) * height, outPixels = inPixels * scale * scale;
  float low = model->low, high = model->high;
  allocate();
  if (onLuma) {
    lumaFromPicture(in, input.data());
    for (float &v : input)
      v = low + v * (high - low) / 255;
  } else {
    bytes.resize(inPixels * 3);
    rgbFromPicture(in, bytes.data());
    planesFromBytes(bytes.data(), inPixels, 3, reversed, low, high, input.data());
  }
  runF32(input.data(), output.data());
  if (onLuma) {
    for (float &v : output)
      v = (v - low) * 255 / (high - low);
    return pictureFromLuma(output.data(), in, out, scale);
  }
  bytes.resize(outPixels * 3);
  bytesFromPlanes(output.data(), outPixels, 3, reversed, low, high, bytes.data());
  pictureFromRgb(bytes.data(), in, out);
}

size_t CompiledModel::launches(srrt_launch_info *infos, size_t capacity) {
  requirePrepared();
  if (capacity && !infos)
    fail(SRRT_INVALID_ARGUMENT, "launches must not be null");
  if (capacity)
    infos[0] = {model->name, "", profiledMs, model->macs(height, width), 0};
  return 1;
}

srrt_memory_info CompiledModel::memory() const {
  requirePrepared();
  srrt_memory_info info{};
  info.pictures = (input.size() + output.size()) * sizeof(float);
  info.strips = 1;
  return info;
}

srrt_cache_info CompiledModel::cacheInfo() const {
  srrt_cache_info info{};
  info.folder = "";
  return info;
}

} // namespace srcc::runtime
