//===- Runner.h - What stands behind the C API ------------------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#ifndef SRCC_RUNTIME_RUNNER_H
#define SRCC_RUNTIME_RUNNER_H

#include "runtime/srrt.h"

namespace srcc::runtime {

/// An opened model of one kind or another, with failures as exceptions. The functions are those of
/// srrt.h, documented there.
class Runner {
public:
  Runner() = default;
  virtual ~Runner() = default;
  Runner(const Runner &) = delete;
  Runner &operator=(const Runner &) = delete;

  virtual srrt_model_info query() const = 0;
  virtual void prepare(int height, int width) = 0;
  virtual void runF32(const float *input, float *output) = 0;
  virtual void writeInput(const float *input) = 0;
  virtual void runU8(const srrt_picture &input, const srrt_picture &output) = 0;
  virtual void runCl(_cl_mem *input, _cl_mem *output) = 0;
  virtual void finish() = 0;
  virtual void setProfiling(bool on) = 0;
  virtual size_t launches(srrt_launch_info *infos, size_t capacity) = 0;
  virtual srrt_memory_info memory() const = 0;
  virtual srrt_cache_info cacheInfo() const = 0;
};

} // namespace srcc::runtime

#endif // SRCC_RUNTIME_RUNNER_H
