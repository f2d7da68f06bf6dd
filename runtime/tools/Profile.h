//===- Profile.h - Times of many kernels at many sizes ----------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#ifndef SRCC_RUNTIME_TOOLS_PROFILE_H
#define SRCC_RUNTIME_TOOLS_PROFILE_H

#include "runtime/srrt.h"

#include <string>
#include <utility>
#include <vector>

namespace srcc::tools {

struct ProfileOptions {
  std::vector<std::string> packages;
  std::vector<std::pair<int, int>> sizes; ///< height, width
  int rounds = 3;                         ///< all packages and sizes in turn, this often
  double steady = 0.05;                   ///< interquartile range / median of a steady launch
  bool quiet = false;
  srrt_options model{};
};

/// Measures every launch of every package at every size, in turn, and returns the profile as JSON
/// (docs/cost.md). What varies by more than `steady` is measured again, as often as the rounds.
/// Errors, std::runtime_error: those of the runtime; more than half of the launches still vary.
std::string measureProfile(const ProfileOptions &options);

} // namespace srcc::tools

#endif // SRCC_RUNTIME_TOOLS_PROFILE_H
