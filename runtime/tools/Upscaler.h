//===- Upscaler.h - A compiled model, for pictures --------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_RUNTIME_TOOLS_UPSCALER_H
#define SRCC_RUNTIME_TOOLS_UPSCALER_H

#include "runtime/imaging/Color.h"
#include "runtime/srrt.hpp"

#include <optional>

namespace srcc::tools {

/// A model opened on a device. What fails is std::runtime_error with libsrrt's sentence.
class Upscaler {
public:
  /// device, cacheFolder and memoryLimit as in srrt_options; without a value, or 0: the defaults.
  Upscaler(const std::string &path, const std::optional<std::string> &device,
           const std::optional<std::string> &cacheFolder, uint64_t memoryLimit = 0);

  const srrt_model_info &info() const { return modelInfo; }
  int scale() const { return modelInfo.scale; }
  bool isLuma() const { return modelInfo.color == SRRT_COLOR_Y; }
  /// True if programs were compiled that will come from the cache the next time.
  bool filledCache() const {
    srrt_cache_info cache = model.cache();
    return *cache.folder && cache.hits < cache.programs;
  }

  /// A picture of the same kind, scale times as large. Models on rgb and bgr work on 8-bit pixels;
  /// models on luma enlarge BT.601 luma without rounding, and chroma by bicubic interpolation. Gray
  /// stays gray. Alpha is enlarged by bicubic interpolation.
  imaging::Image upscale(const imaging::Image &image);

  /// Planes of one size whose values span 0..255 (not rounded): R, G, B, or luma alone (16..235)
  /// for a model on luma. The result is neither rounded nor clipped.
  std::vector<imaging::Plane> upscale(const std::vector<imaging::Plane> &planes);

  /// 8-bit pixels in the caller's memory, see srrt_run_u8.
  void upscale(const srrt_picture &input, const srrt_picture &output);

  /// In how many strips the last picture was computed.
  int strips() const { return model.memory().strips; }

  /// The time spent in the network so far, pixels in and out included; preparation for a new size
  /// is not.
  double seconds() const { return networkSeconds; }

private:
  srrt::Model model;
  srrt_model_info modelInfo;
  double networkSeconds = 0;
};

/// "0: PLATFORM: DEVICE (what it has)", a line for each OpenCL device.
std::string listDevices();

} // namespace srcc::tools

#endif // SRCC_RUNTIME_TOOLS_UPSCALER_H
