//===- Upscaler.cpp - A compiled model, for pictures ----------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "runtime/tools/Upscaler.h"
#include "runtime/imaging/Resample.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>

using namespace srcc::imaging;
using namespace srcc::tools;

static srrt::Model open(const std::string &path, const std::optional<std::string> &device,
                        const std::optional<std::string> &cacheFolder, uint64_t memoryLimit) {
  srrt_options options = {};
  options.device = device ? device->c_str() : nullptr;
  options.cache_folder = cacheFolder ? cacheFolder->c_str() : nullptr;
  options.memory_limit = memoryLimit;
  return srrt::Model(path, options);
}

Upscaler::Upscaler(const std::string &path, const std::optional<std::string> &device,
                   const std::optional<std::string> &cacheFolder, uint64_t memoryLimit)
    : model(open(path, device, cacheFolder, memoryLimit)), modelInfo(model.query()) {
  if (modelInfo.color == SRRT_COLOR_NONE)
    throw std::runtime_error(path + ": its channels are no colours, so it takes no pictures; "
                                    "srrt_run_f32 runs it on float planes");
  int channels = isLuma() ? 1 : 3;
  if (modelInfo.in_channels != channels || modelInfo.out_channels != channels)
    throw std::runtime_error(path + ": takes " + std::to_string(modelInfo.in_channels) +
                             " channels and gives " + std::to_string(modelInfo.out_channels) +
                             ", but pictures have " + std::to_string(channels));
}

namespace {
/// Adds the time of its life to a sum.
class Stopwatch {
public:
  explicit Stopwatch(double &sum) : sum(sum), start(std::chrono::steady_clock::now()) {}
  ~Stopwatch() {
    sum += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

private:
  double &sum;
  std::chrono::steady_clock::time_point start;
};
} // namespace

void Upscaler::upscale(const srrt_picture &input, const srrt_picture &output) {
  model.prepare(input.height, input.width);
  Stopwatch stopwatch(networkSeconds);
  model.runU8(input, output);
}

std::vector<Plane> Upscaler::upscale(const std::vector<Plane> &planes) {
  int width = planes[0].width, height = planes[0].height;
  size_t area = planes[0].values.size(), largeArea = area * scale() * scale();
  double unit = (double(modelInfo.high) - modelInfo.low) / 255;
  auto position = [&](size_t c) {
    return modelInfo.color == SRRT_COLOR_BGR ? planes.size() - 1 - c : c;
  };
  std::vector<float> input(area * planes.size()), output(largeArea * planes.size());
  for (size_t c = 0; c < planes.size(); ++c)
    std::transform(planes[c].values.begin(), planes[c].values.end(),
                   input.begin() + std::ptrdiff_t(position(c) * area),
                   [&](double value) { return float(modelInfo.low + unit * value); });
  model.prepare(height, width);
  {
    Stopwatch stopwatch(networkSeconds);
    model.runF32(input.data(), output.data());
  }
  std::vector<Plane> result(planes.size(), Plane(width * scale(), height * scale()));
  for (size_t c = 0; c < planes.size(); ++c) {
    auto first = output.begin() + std::ptrdiff_t(position(c) * largeArea);
    std::transform(first, first + std::ptrdiff_t(largeArea), result[c].values.begin(),
                   [&](float value) { return (value - modelInfo.low) / unit; });
  }
  return result;
}

/// Puts alpha behind the colours of a picture without it.
static Image withAlpha(const Image &colors, const Image &alpha) {
  Image result(colors.width, colors.height, colors.channels + 1);
  const uint8_t *from = colors.pixels.data();
  uint8_t *to = result.pixels.data();
  for (uint8_t a : alpha.pixels) {
    to = std::copy_n(from, colors.channels, to);
    from += colors.channels;
    *to++ = a;
  }
  return result;
}

Image Upscaler::upscale(const Image &image) {
  if (image.hasAlpha())
    return withAlpha(upscale(channelRange(image, 0, image.colors())),
                     enlarge(channelRange(image, image.colors(), 1), scale()));
  if (isLuma() && image.colors() == 3) {
    YCbCr small = toYCbCr(image);
    return toRgb(
        YCbCr{upscale({small.y})[0], enlarge(small.cb, scale()), enlarge(small.cr, scale())});
  }
  if (isLuma()) {
    Plane gray = upscale({luma(image)})[0];
    for (double &value : gray.values)
      value = (value - 16) * (255.0 / 219);
    return toImage({gray});
  }
  Image rgb = toRgb(image), large(image.width * scale(), image.height * scale(), 3);
  srrt_picture input = {SRRT_RGB8, rgb.width, rgb.height, rgb.pixels.data(), 0, nullptr, 0};
  srrt_picture output = {SRRT_RGB8, large.width, large.height, large.pixels.data(), 0, nullptr, 0};
  upscale(input, output);
  if (image.colors() == 3)
    return large;
  // A network may tint what was gray: its luma in full swing is what counts.
  Plane gray = luma(large);
  for (double &value : gray.values)
    value = (value - 16) * (255.0 / 219);
  return toImage({gray});
}

std::string srcc::tools::listDevices() {
  std::vector<srrt_device_info> devices = srrt::listDevices();
  std::string text;
  for (size_t i = 0; i < devices.size(); ++i) {
    const srrt_device_info &device = devices[i];
    char facts[128];
    std::snprintf(facts, sizeof(facts), " (%s, %u compute units, %.1f GB, fp16: %s)\n",
                  device.is_gpu ? "GPU" : "CPU", device.compute_units,
                  double(device.global_memory) / 1e9, device.has_fp16 ? "yes" : "no");
    text += std::to_string(i) + ": " + device.platform + ": " + device.name + facts;
  }
  return text;
}
