//===- Measure.h - Packages on the present device ---------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// The compiler loads no OpenCL: srcc-bench does, as a program of its own.
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_TUNE_MEASURE_H
#define SRCC_COMPILER_TUNE_MEASURE_H

#include "compiler/tune/Records.h"

namespace srcc::tune {

/// Measures schedules in rounds until there are `options.rounds` in which all of them were, those
/// of the records counted. The medians, in the order of the trials. Errors: a package cannot be
/// made, srcc-bench says why, or the records cannot be used.
llvm::Expected<std::vector<Measured>> measure(llvm::ArrayRef<Trial> trials, const Options &options,
                                              Records *records, std::string &device,
                                              std::string &driver);

} // namespace srcc::tune

#endif // SRCC_COMPILER_TUNE_MEASURE_H
