//===- Model.h - A package on a device --------------------------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#ifndef SRCC_RUNTIME_MODEL_H
#define SRCC_RUNTIME_MODEL_H

#include "runtime/OpenCL.h"
#include "runtime/Package.h"
#include "runtime/ProgramCache.h"
#include "runtime/Runner.h"
#include "runtime/Strips.h"

#include <optional>

namespace srcc::runtime {

/// A package on an OpenCL device.
class Model : public Runner {
public:
  Model(Package package, const srrt_options &options);
  ~Model() override;

  srrt_model_info query() const override;
  void prepare(int height, int width) override;
  void runF32(const float *input, float *output) override;
  void writeInput(const float *input) override;
  void runU8(const srrt_picture &input, const srrt_picture &output) override;
  void runCl(cl_mem input, cl_mem output) override;
  void finish() override;
  void setProfiling(bool on) override;
  size_t launches(srrt_launch_info *infos, size_t capacity) override;
  srrt_memory_info memory() const override;
  srrt_cache_info cacheInfo() const override;

private:
  /// A program of the package.
  struct Program {
    Handle<cl_program> handle;
    std::string entry;      ///< name in the cache
    size_t storedBytes = 0; ///< size of the binary in the cache
    bool fresh = true;      ///< built from source
  };

  struct FinishOnFailure;

  void openDevice(const srrt_options &options);
  void uploadConstants();
  void buildPrograms();
  void buildProgram(uint32_t index, bool useCache);
  void createKernels();
  void storePrograms();
  void selfCheck();
  /// Leaves the model unprepared, without memory for pictures.
  void release();

  /// One side of a run: the whole picture, in host or in device memory.
  struct Side {
    const void *host;
    cl_mem memory;
  };

  const StripPlan &sizes() const;
  const Plan &plan() const { return sizes().plan; }
  const Route &route(format::PixelFormat input, format::PixelFormat output) const;
  cl_command_queue queue() const { return profilingQueue ? profilingQueue.get() : ownQueue.get(); }
  Handle<cl_mem> createBuffer(cl_mem_flags flags, uint64_t bytes, const void *data) const;
  /// A buffer of a CPU in large pages, where the system has them: its kernels go through megabytes
  /// in rows far apart, and a 4 KiB page a row is more than processors keep the places of.
  Handle<cl_mem> createInLargePages(uint64_t bytes) const;
  /// Memory for what kernels write: in large pages where that pays.
  Handle<cl_mem> createWritable(uint64_t bytes) const;
  /// An image of whole rows; `data` has as many bytes, or is null.
  Handle<cl_mem> createImage(cl_mem_flags flags, Place place, uint64_t bytes,
                             const void *data) const;
  /// The library's own buffer for a window of the input or output, created at its first use.
  cl_mem window(uint32_t buffer);
  /// The same for the whole picture: another one if there are several strips.
  cl_mem picture(uint32_t buffer);
  Handle<cl_mem> createPicture(uint64_t bytes);
  uint64_t pictureBytes(uint32_t buffer) const;
  void write(cl_mem memory, const void *data, uint64_t bytes);
  void read(cl_mem memory, void *data, uint64_t bytes);
  /// Copies rows between a whole picture and its window.
  void copyRows(const Side &side, cl_mem window, uint32_t buffer, format::PixelFormat format,
                bool intoWindow, int pictureRow, int windowRow, int rows);
  /// Runs a route strip by strip. With host memory on both sides it returns when the output is
  /// complete, otherwise it only enqueues.
  void run(const Route &route, const Side &input, const Side &output);
  /// Enqueues all launches of a route.
  void enqueue(const Route &route, cl_mem input, cl_mem output);

  const OpenCL &cl;
  Package package;
  const format::Package &root;
  std::string name, producer, target, deviceName, platformName; ///< texts handed out
  std::vector<std::string> layerTexts;                          ///< per launch, likewise

  Device device;
  Limits limits;
  bool isCpu = false; ///< kernels can use the caller's memory in place
  Handle<cl_context> context;
  Handle<cl_command_queue> ownQueue, profilingQueue;

  ProgramCache cache;
  srrt_cache_info counts{};
  bool compilesLate = false; ///< the driver compiles kernels at their first run
  bool ranSinceStore = false;
  std::vector<Program> programs;
  std::vector<Handle<cl_kernel>> kernels; ///< per launch
  std::vector<Handle<cl_mem>> constants;  ///< per buffer, null for others
  uint64_t constantBytes = 0;

  MemoryLimit memoryLimit;
  std::optional<StripPlan> prepared;
  std::vector<Handle<cl_mem>> windows;  ///< per buffer, null for others
  std::vector<Handle<cl_mem>> pictures; ///< likewise, of several strips
  std::vector<Handle<cl_mem>> slots;
  const Route *lastRoute = nullptr;
  std::vector<Handle<cl_event>> events;   ///< per strip and launch of lastRoute, when profiling
  std::vector<float> inPlanes, outPlanes; ///< staging for conversions
  std::vector<uint8_t> inBytes, outBytes;
};

} // namespace srcc::runtime

#endif // SRCC_RUNTIME_MODEL_H
