//===- Footprint.h - Sets of bytes in memory --------------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_COST_FOOTPRINT_H
#define SRCC_COMPILER_COST_FOOTPRINT_H

#include <cstdint>
#include <utility>
#include <vector>

namespace srcc::cost {

/// Places in one memory, as intervals of bytes. What lies within a cache line of each other is one
/// interval. Sets of very many intervals are kept as copies of fewer.
class Footprint {
public:
  static constexpr int64_t line = 64;  ///< bytes that travel together
  static constexpr size_t most = 2048; ///< intervals that are kept apart

  /// The bytes [begin, end).
  void add(int64_t begin, int64_t end);
  void add(const Footprint &other);
  /// The set moved by an offset.
  void move(int64_t offset);
  /// The union of the set moved by 0, stride, ... (times - 1) * stride.
  void expand(int64_t stride, int64_t times);
  /// The union of the set moved by each offset. Fewer offsets than `times` stand for all of them.
  void expand(const std::vector<int64_t> &offsets, int64_t times);
  /// Bytes of all lines that hold one of the places.
  double bytes() const;
  bool empty() const { return intervals.empty(); }

private:
  void normalise();
  std::vector<std::pair<int64_t, int64_t>> intervals;
  double copies = 1;
};

} // namespace srcc::cost

#endif // SRCC_COMPILER_COST_FOOTPRINT_H
