//===- Tuner.h - Looks for faster schedules ---------------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// The rules of default schedules ask for choices (compiler/schedule/Choices.h); the tuner makes
// them. A trial is a schedule of the whole network: it is lowered and its kernels' times are
// predicted, so that what is legal is what lowering takes, and every kernel can try something of
// its own in each trial. Kernels that the rules make equal stay equal: they are one species, whose
// members have the same genes. Species evolve beside each other (Search.h); choices that more than
// one kernel feels, such as what is computed in which kernel, are tried one at a time and judged by
// the whole. The best few are measured, if asked for.
//
// All follows from the seed. What was tried is in the records (Records.h), so that a tuner that was
// killed, or is given a larger budget, goes on where it was.
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_TUNE_TUNER_H
#define SRCC_COMPILER_TUNE_TUNER_H

#include "compiler/cost/CostModel.h"
#include "compiler/schedule/Choices.h"

#include "llvm/Support/JSON.h"

#include <functional>
#include <optional>

namespace srcc::tune {

class Records;

/// One launch of a trial.
struct KernelTime {
  std::string stage;      ///< that it stores: its root
  int64_t kernel = 0;     ///< launches of one kernel have one number
  uint64_t signature = 0; ///< of kernel, grid and lists
  double ms = 0;          ///< predicted
};

/// A schedule that was tried.
struct Trial {
  sched::Choices choices;
  std::vector<sched::Decision> decisions;
  std::string schedule; ///< as text, a sched.schedule
  uint64_t key = 0;     ///< of network, device, size and schedule, 63 bits
  std::string error;    ///< why it cannot be lowered; "" if it can
  double total = 0;     ///< predicted, ms, with the gaps between launches
  std::vector<KernelTime> kernels;

  bool legal() const { return error.empty(); }
};

struct Options {
  unsigned trials = 100; ///< schedules to try
  unsigned measured = 0; ///< of the best, how many are measured
  unsigned rounds = 9;   ///< of measurements, all of them in turn in each
  uint64_t seed = 1;
  int64_t height = 360, width = 640; ///< of the picture that is tuned for
  std::string precision = "f32";     ///< as of the network's pipeline
  bool fusion = true;                ///< layers may be computed in their readers' kernels
  std::string bench;                 ///< program that measures packages: srcc-bench
  /// Compiles the network with some choices into a package, for measurements.
  std::function<llvm::Error(const sched::Choices &, llvm::StringRef path)> writePackage;
  /// Told of each trial: how many there were, and the least time so far.
  std::function<void(unsigned trials, double ms)> progress;
  /// Told of each round of measurements: how many there were, and on which device.
  std::function<void(unsigned rounds, llvm::StringRef device)> measuring;
};

/// A schedule that was measured: medians in ms over the rounds.
struct Measured {
  Trial trial;
  double total = 0;
  double ratio = 1; ///< to the first that was measured with it: the median of the rounds' ratios
  std::vector<double> kernels; ///< as trial.kernels
  size_t samples = 0;
};

struct Result {
  Trial rule, best; ///< the default schedule, and the one that was found; may be the same
  unsigned trials = 0, fresh = 0,
           illegal = 0; ///< tried, of them not in the records before, and refused
  /// If measurements were asked for: the default schedule first. `best` is the fastest of them, or
  /// the default one if none is faster by more than a hundredth, by the ratios.
  std::vector<Measured> measured;
  std::string deviceMeasured, driver;
};

/// Tunes the only pipeline of `module`, which has no schedule yet; nothing is written to the
/// module. `records` may be null. Errors: those of records and measurements; the default schedule
/// is none that can be lowered.
llvm::Expected<Result> tune(mlir::ModuleOp module, const Device &device, const Options &options,
                            Records *records);

/// Random choices for all that the default schedule decides, from a seed. They may not be legal.
sched::Choices randomChoices(mlir::ModuleOp module, const Device &device, const Options &options);

/// A summary for programs: docs/tune.md has its form.
llvm::json::Object summary(const Result &result, const Device &device, llvm::StringRef network,
                           const Options &options);

/// What differs from the rule, as "@conv.sum filters 4 -> 6, ...", of the kernels of `stage`.
std::string differences(const Trial &trial, llvm::StringRef stage);

} // namespace srcc::tune

#endif // SRCC_COMPILER_TUNE_TUNER_H
