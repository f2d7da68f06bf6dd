//===- Programs.h - srcc's other programs ---------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_PROGRAMS_H
#define SRCC_SEARCH_PROGRAMS_H

#include <string>
#include <vector>

namespace srcc::search {

/// Where a program is: beside this one, else in PATH; empty if nowhere.
std::string findProgram(const std::string &name);

/// Runs a program to its end; what it prints is kept back. Throws std::runtime_error with the last
/// of what it printed if it cannot be started or fails.
void runProgram(const std::string &name, const std::vector<std::string> &arguments);

/// A whole file. Throws std::runtime_error.
std::string readFile(const std::string &path);

} // namespace srcc::search
#endif // SRCC_SEARCH_PROGRAMS_H
