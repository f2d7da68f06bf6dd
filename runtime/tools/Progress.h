//===- Progress.h - How far a tool has come ---------------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_RUNTIME_TOOLS_PROGRESS_H
#define SRCC_RUNTIME_TOOLS_PROGRESS_H

#include <chrono>
#include <cstdint>
#include <string>

namespace srcc::tools {

/// Shows on standard error how far the work has come: a bar that is redrawn on a terminal,
/// otherwise a line for every tenth of the work (every 100 steps if its amount is unknown). Quiet:
/// nothing.
class Progress {
public:
  /// unit: plural of what is counted. total: 0 if unknown.
  Progress(std::string unit, int64_t total, bool quiet);
  /// Ends the line of the bar.
  ~Progress();

  /// One more is done. Throws std::runtime_error if the user has interrupted the program, so that
  /// unfinished files are removed on the way out.
  void step();

private:
  void show();

  std::string unit;
  int64_t total, done = 0;
  bool quiet, terminal;
  std::chrono::steady_clock::time_point start, shown;
};

/// Writes out what was printed on standard output. Throws std::runtime_error if that failed, as on
/// a full disk.
void flushOutput();

/// From now on an interrupt (Ctrl-C, SIGTERM) makes the next Progress::step throw.
void stopAtInterrupt();

} // namespace srcc::tools

#endif // SRCC_RUNTIME_TOOLS_PROGRESS_H
