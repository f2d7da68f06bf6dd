//===- CostModel.h - Latency of lowered kernels -----------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// The time of a launch, all numbers of the device's file (Device::cost), a roofline with several
// roofs:
// clang-format off
//   roofs   = arithmetic, reads and writes, issue, latency / work-items in flight
//   piece   = (sum of roofs ^ power) ^ (1 / power) + turn of a loop                      (cycles)
//   compute = sum over pieces (runs * piece + entries * (enter + exit)) / (busy units * clock)
//             * (distinct bytes / 4 MiB) ^ growth
//   memory  = (bytes beyond the first cache / l2 + bytes beyond the second / llc
//              + share of misses * distinct bytes / memory)
//             * (distinct bytes / 4 MiB) ^ memory_growth
//   time    = launch + groups + max(compute, memory) + (1 - overlap) * min(compute, memory)
// clang-format on
//
// All coefficients are costs, so more pixels, channels or taps are never faster for the same
// schedule. Work-items in flight follow from registers: occupancy is floor(steps * registers /
// used) / steps.
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_COST_COSTMODEL_H
#define SRCC_COMPILER_COST_COSTMODEL_H

#include "compiler/cost/KernelFeatures.h"
#include "compiler/devices/Device.h"

namespace srcc::cost {

class Memo;

/// Raised when the formula changes.
constexpr int modelVersion = 6;

/// What a launch waits for most.
enum class Bound { Arithmetic, LoadStore, Issue, Latency, Cache, Memory, Launch };
llvm::StringRef boundName(Bound bound);

/// The predicted time of one launch, milliseconds.
struct Time {
  double total = 0;
  double compute = 0, memory = 0, launch = 0; ///< before overlap
  Bound bound = Bound::Arithmetic;
};

/// Cycles of each roof for one run of a piece on one compute unit. Depends on the kernel and the
/// device alone, so one is made for all sizes.
struct PieceCycles {
  double arithmetic = 0, loadStore = 0, issue = 0, latency = 0;
  double turn = 0, entry = 0; ///< of a loop, added
};

/// The caches of which `device` has traffic counted.
CacheSizes cachesOf(const Device &device);

/// Share of work-items that are in flight with as many registers as the kernel needs, (0, 1].
double occupancyOf(const Kernel &kernel, const Device &device);

/// The time of one launch from its counts. `misses` is the share of its arguments' bytes that comes
/// from behind the last-level cache, 0 to 1.
Time timeOf(const Kernel &kernel, const Counts &counts, double misses, const Device &device);

/// Of each launch in order, the share of its arguments' bytes that is not in the last-level cache
/// any more, if pictures of that size are computed one after another. Steps of 1/8.
std::vector<double> missesOf(const Program &program, llvm::ArrayRef<const Launch *> launches,
                             int64_t height, int64_t width, const Device &device);

/// Answers many queries together, as Halide's CostModel does: enqueue, then evaluate. With a memo,
/// what was ever asked is looked up, and what is new is stored. Not for several threads at once.
class CostModel {
public:
  /// The memo, if given, outlives the model.
  explicit CostModel(const Device &device, Memo *memo = nullptr);

  /// Asks for the time of a launch; `time` is written by evaluate(), and both it and the program
  /// live until then. Height and width are at least 1.
  void enqueue(const Program &program, const Launch &launch, int64_t height, int64_t width,
               double misses, Time *time);
  /// Answers all that was enqueued since. Errors: the memo's.
  llvm::Error evaluate();

  /// All launches of a picture of floats, in order, and the sum with the gaps between them, ms.
  llvm::Expected<std::vector<Time>> predict(const Program &program, int64_t height, int64_t width,
                                            double *total);

  const Device &device() const { return of; }
  /// A hash of everything about the device that a time depends on.
  uint64_t deviceSignature() const { return signature; }

private:
  struct Query {
    const Program *program;
    const Launch *launch;
    int64_t height, width;
    double misses;
    Time *time;
  };
  uint64_t keyOf(const Query &query) const;

  Device of;
  Memo *memo;
  uint64_t signature;
  std::vector<Query> queue;
};

} // namespace srcc::cost

#endif // SRCC_COMPILER_COST_COSTMODEL_H
