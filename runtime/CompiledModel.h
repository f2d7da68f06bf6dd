//===- CompiledModel.h - A model that is a shared library -------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#ifndef SRCC_RUNTIME_COMPILEDMODEL_H
#define SRCC_RUNTIME_COMPILEDMODEL_H

#include "format/compiled.h"
#include "runtime/Runner.h"

#include <memory>
#include <string>
#include <vector>

namespace srcc::runtime {

/// A model of format/compiled.h, loaded with dlopen. It runs on host memory; whether its code uses
/// a device is its own affair.
class CompiledModel : public Runner {
public:
  /// Whether the file is a shared library, by its first bytes; false if it cannot be read.
  static bool isOne(const char *path);

  /// Fails with SRRT_FILE_ERROR or SRRT_BAD_PACKAGE, and with SRRT_UNSUPPORTED where options ask
  /// for what only packages do (a queue of the caller's).
  CompiledModel(const char *path, const srrt_options &options);

  srrt_model_info query() const override;
  void prepare(int height, int width) override;
  void runF32(const float *input, float *output) override;
  void writeInput(const float *input) override;
  void runU8(const srrt_picture &input, const srrt_picture &output) override;
  void runCl(_cl_mem *input, _cl_mem *output) override;
  void finish() override {}
  void setProfiling(bool on) override { profiling = on; }
  size_t launches(srrt_launch_info *infos, size_t capacity) override;
  srrt_memory_info memory() const override;
  srrt_cache_info cacheInfo() const override;

private:
  struct Unload {
    void operator()(void *library) const;
  };
  void requirePrepared() const;
  size_t inputSize() const;
  size_t outputSize() const;
  /// The library's own pictures, zeros at first.
  void allocate();

  std::unique_ptr<void, Unload> library;
  const srcc_compiled *model = nullptr;
  std::string fileName;
  int height = 0, width = 0;
  std::vector<float> input, output;
  std::vector<uint8_t> bytes; ///< staging for conversions
  bool profiling = false;
  double profiledMs = 0; ///< of the last profiled run
};

} // namespace srcc::runtime

#endif // SRCC_RUNTIME_COMPILEDMODEL_H
