//===- Machine.cpp - What the machine can do at best ------------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#include "runtime/tools/Machine.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace srcc::tools {

namespace {

using Clock = std::chrono::steady_clock;

double seconds(Clock::time_point since) {
  return std::chrono::duration<double>(Clock::now() - since).count();
}

unsigned threadCount() { return std::max(1u, std::thread::hardware_concurrency()); }

/// Runs `body(thread)` on every hardware thread, all starting together; returns the seconds from
/// the start to the last one's end.
template <typename Body> double onAllThreads(Body body) {
  std::atomic<unsigned> ready{0};
  std::atomic<bool> go{false};
  std::vector<std::thread> threads;
  unsigned count = threadCount();
  for (unsigned t = 0; t < count; ++t)
    threads.emplace_back([&, t] {
      ++ready;
      while (!go)
        std::this_thread::yield();
      body(t);
    });
  while (ready < count)
    std::this_thread::yield();
  Clock::time_point start = Clock::now();
  go = true;
  for (std::thread &thread : threads)
    thread.join();
  return seconds(start);
}

/// A loop of `iterations` x `operations` float operations; its result must be used.
struct Kernel {
  const char *vectors;
  double operations;
  float (*run)(long iterations, float first);
};

// Chains start at different values, or the compiler would merge them; they converge, and stay
// normal. Twelve are enough for two units that take four or five cycles; compilers keep more in
// memory, also where there are 32 registers.
#if defined(__x86_64__)
__attribute__((target("avx512f"))) float runAvx512(long iterations, float first) {
  constexpr int chains = 12;
  __m512 sums[chains], scale = _mm512_set1_ps(0.999f), shift = _mm512_set1_ps(0.001f);
  for (int c = 0; c < chains; ++c)
    sums[c] = _mm512_set1_ps(first + float(c));
  for (long i = 0; i < iterations; ++i)
#pragma GCC unroll 12
    for (int c = 0; c < chains; ++c)
      sums[c] = _mm512_fmadd_ps(sums[c], scale, shift);
  float total = 0;
  for (int c = 0; c < chains; ++c)
    total += _mm512_cvtss_f32(sums[c]);
  return total;
}

__attribute__((target("avx2,fma"))) float runAvx2(long iterations, float first) {
  constexpr int chains = 12;
  __m256 sums[chains], scale = _mm256_set1_ps(0.999f), shift = _mm256_set1_ps(0.001f);
  for (int c = 0; c < chains; ++c)
    sums[c] = _mm256_set1_ps(first + float(c));
  for (long i = 0; i < iterations; ++i)
#pragma GCC unroll 12
    for (int c = 0; c < chains; ++c)
      sums[c] = _mm256_fmadd_ps(sums[c], scale, shift);
  float total = 0;
  for (int c = 0; c < chains; ++c)
    total += _mm256_cvtss_f32(sums[c]);
  return total;
}
#endif

float run128(long iterations, float first) {
  typedef float Vector __attribute__((vector_size(16)));
  constexpr int chains = 12;
  Vector sums[chains], scale = Vector{} + 0.999f, shift = Vector{} + 0.001f;
  for (int c = 0; c < chains; ++c)
    sums[c] = Vector{} + (first + float(c));
  for (long i = 0; i < iterations; ++i)
#pragma GCC unroll 12
    for (int c = 0; c < chains; ++c)
      sums[c] = sums[c] * scale + shift;
  float total = 0;
  for (int c = 0; c < chains; ++c)
    total += sums[c][0];
  return total;
}

Kernel chooseKernel() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f"))
    return {"AVX-512", 2.0 * 12 * 16, runAvx512};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {"AVX2", 2.0 * 12 * 8, runAvx2};
#endif
  return {"128-bit", 2.0 * 12 * 4, run128};
}

} // namespace

std::string vectorName() { return chooseKernel().vectors; }

double multiplyAddPeak() {
  static const Kernel kernel = chooseKernel();
  // Enough iterations for 40 ms, found once.
  static const long iterations = [] {
    long count = 100000;
    for (;; count *= 2) {
      Clock::time_point start = Clock::now();
      volatile float sink = kernel.run(count, 1);
      (void)sink;
      double spent = seconds(start);
      if (spent > 0.005)
        return long(double(count) * 0.04 / spent);
    }
  }();
  double spent = onAllThreads([&](unsigned thread) {
    volatile float sink = kernel.run(iterations, float(thread + 1));
    (void)sink;
  });
  return kernel.operations * double(iterations) * threadCount() / spent * 1e-9;
}

double copyBandwidth() {
  constexpr size_t size = size_t(128) << 20;
  std::unique_ptr<char[]> from(new char[size]), to(new char[size]);
  std::memset(from.get(), 1, size);
  std::memset(to.get(), 2, size);
  size_t share = size / threadCount();
  double best = 0;
  for (int round = 0; round < 7; ++round) {
    double spent = onAllThreads([&](unsigned thread) {
      std::memcpy(to.get() + thread * share, from.get() + thread * share, share);
    });
    best = std::max(best, 2.0 * double(share) * threadCount() / spent * 1e-9);
  }
  return best;
}

double peakMemory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    long kilobytes = 0;
    if (std::sscanf(line.c_str(), "VmHWM: %ld kB", &kilobytes) == 1)
      return double(kilobytes) * 1024 * 1e-6;
  }
  return 0;
}

} // namespace srcc::tools
