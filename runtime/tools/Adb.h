//===- Adb.h - Measures on a phone ------------------------------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#ifndef SRCC_RUNTIME_TOOLS_ADB_H
#define SRCC_RUNTIME_TOOLS_ADB_H

#include <string>
#include <vector>

namespace srcc::tools {

/// What a phone is to run: srcc-bench with these files and options.
struct AdbRun {
  std::string serial;               ///< of the phone; "": the only one
  std::string program;              ///< srcc-bench for the phone; "": it is there already
  std::vector<std::string> inputs;  ///< files to copy there, packages first
  std::vector<std::string> options; ///< for srcc-bench, without files
  std::string input, output, json;  ///< as srcc-bench takes them; "": none
};

/// The folder on the phone where everything goes.
constexpr const char *adbFolder = "/data/local/tmp/srcc";

/// Prints the commands to standard error and runs them one after another; what srcc-bench prints
/// there is printed here. Returns 1 at the first that fails, or 0. Errors,
/// std::runtime_error: a file is missing; two would be one there; there is no adb in PATH.
int runByAdb(const AdbRun &run);

} // namespace srcc::tools

#endif // SRCC_RUNTIME_TOOLS_ADB_H
