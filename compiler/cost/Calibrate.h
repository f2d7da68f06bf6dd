//===- Calibrate.h - Coefficients from measurements -------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_COST_CALIBRATE_H
#define SRCC_COMPILER_COST_CALIBRATE_H

#include "compiler/cost/CostModel.h"

#include "llvm/Support/Error.h"

#include <map>

namespace srcc::cost {

/// What srcc-bench --profile measured: docs/cost.md has the file's form.
struct Profile {
  struct Launch {
    std::string kernel;
    double ms = 0;     ///< median over all runs
    double spread = 0; ///< interquartile range / median
  };
  struct Run {
    std::string package; ///< the model's name
    int64_t height = 0, width = 0;
    double wholeMs = 0; ///< first enqueue to last completion, median
    std::vector<Launch> launches;
  };
  std::string device, driver, date;
  std::vector<Run> runs;
};

/// Reads a profile's text. Errors begin with `file` and name run, launch and key.
llvm::Expected<Profile> parseProfile(llvm::StringRef text, llvm::StringRef file);

/// What a fit found.
struct Fit {
  Device device;
  unsigned used = 0, heldOut = 0, unsteady = 0; ///< launches
  double error = 0, heldOutError = 0;           ///< median of |predicted / measured - 1|
  double within = 0, heldOutWithin = 0;         ///< share within 10 %
};

/// Fits the coefficients of `device` to a profile of the packages whose programs are given by name:
/// Levenberg and Marquardt's method on logarithms of times, with weights that fall with the
/// residual (Cauchy), and the device's present coefficients as a weak prior. Every fourth kernel is
/// held out. Launches that vary by more than `mostSpread` are left out. Errors: too few are left,
/// which says that the machine is not steady; a package or kernel that no program has.
llvm::Expected<Fit> fitDevice(const Device &device, const Profile &profile,
                              const std::map<std::string, const Program *> &programs,
                              double mostSpread = 0.05);

} // namespace srcc::cost

#endif // SRCC_COMPILER_COST_CALIBRATE_H
