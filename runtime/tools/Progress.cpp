//===- Progress.cpp - How far a tool has come -----------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "runtime/tools/Progress.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include <unistd.h>

using namespace srcc::tools;
using Clock = std::chrono::steady_clock;

static volatile std::sig_atomic_t interrupted = 0;

void srcc::tools::stopAtInterrupt() {
  // A second interrupt ends the program at once.
  auto handler = [](int signal) {
    interrupted = 1;
    std::signal(signal, SIG_DFL);
  };
  std::signal(SIGINT, handler);
  std::signal(SIGTERM, handler);
}

Progress::Progress(std::string unit, int64_t total, bool quiet)
    : unit(std::move(unit)), total(total), quiet(quiet), terminal(isatty(STDERR_FILENO)),
      start(Clock::now()), shown(start) {}

Progress::~Progress() {
  if (terminal && !quiet && done) {
    show();
    std::fputc('\n', stderr);
  }
}

void Progress::step() {
  if (interrupted)
    throw std::runtime_error("interrupted");
  int64_t before = done++;
  if (quiet)
    return;
  if (terminal) {
    if (Clock::now() - shown > std::chrono::milliseconds(100)) {
      shown = Clock::now();
      show();
    }
  } else if (total ? before * 10 / total != done * 10 / total : done % 100 == 0) {
    show();
  }
}

void Progress::show() {
  double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  double rate = seconds > 0 ? double(done) / seconds : 0;
  std::string line;
  if (terminal && total) {
    constexpr int64_t width = 30;
    int64_t filled = std::min(width, done * width / total);
    line =
        "\r[" + std::string(size_t(filled), '#') + std::string(size_t(width - filled), '.') + "] ";
  } else if (terminal) {
    line = "\r";
  }
  line += std::to_string(done);
  if (total)
    line += "/" + std::to_string(total);
  char numbers[64];
  std::snprintf(numbers, sizeof(numbers), " %s, %.1f per second", unit.c_str(), rate);
  line += numbers;
  if (total && rate > 0 && done < total) {
    std::snprintf(numbers, sizeof(numbers), ", %.0f s left", double(total - done) / rate);
    line += numbers;
  }
  // The bar's line may get shorter.
  std::fprintf(stderr, terminal ? "%s   \033[K" : "%s\n", line.c_str());
}

void srcc::tools::flushOutput() {
  if (std::fflush(stdout) != 0 || std::ferror(stdout))
    throw std::runtime_error(std::string("cannot write to standard output: ") +
                             std::strerror(errno));
}
