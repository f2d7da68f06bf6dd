//===- Footprint.cpp - Sets of bytes in memory ----------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/cost/Footprint.h"

#include <algorithm>
#include <cstdlib>

using namespace srcc::cost;

void Footprint::add(int64_t begin, int64_t end) {
  intervals.push_back({begin, end});
  normalise();
}

void Footprint::add(const Footprint &other) {
  double most = std::max(bytes(), other.bytes());
  bool alike = empty() || other.empty() ||
               std::abs(copies - other.copies) < 1e-6 * std::max(copies, other.copies);
  copies = alike ? std::max(copies, other.copies) : 1;
  intervals.insert(intervals.end(), other.intervals.begin(), other.intervals.end());
  normalise();
  // Sets of one memory that were expanded otherwise are taken to be mostly the same places, as what
  // the taps of one list read: as many bytes as the larger has. Apart, they would be more.
  if (!alike)
    copies = std::max(1.0, most / bytes());
}

void Footprint::normalise() {
  std::sort(intervals.begin(), intervals.end());
  size_t kept = 0;
  for (auto &[begin, end] : intervals) {
    if (kept && begin < intervals[kept - 1].second + line)
      intervals[kept - 1].second = std::max(intervals[kept - 1].second, end);
    else
      intervals[kept++] = {begin, end};
  }
  intervals.resize(kept);
}

void Footprint::move(int64_t offset) {
  for (auto &[begin, end] : intervals)
    begin += offset, end += offset;
}

void Footprint::expand(int64_t stride, int64_t times) {
  if (times <= 1 || stride == 0 || intervals.empty())
    return;
  if (stride < 0) { // from the last place up
    move(stride * (times - 1));
    stride = -stride;
  }
  std::vector<std::pair<int64_t, int64_t>> moved;
  for (auto &[begin, end] : intervals) {
    if (stride < end - begin + line) {
      moved.push_back({begin, end + stride * (times - 1)});
      continue;
    }
    if (moved.size() + size_t(times) > most) {
      // Each step adds what the second adds to the first.
      Footprint two = *this;
      two.move(stride);
      two.add(*this);
      double once = bytes();
      copies *= 1 + double(times - 1) * (two.bytes() - once) / once;
      return;
    }
    for (int64_t i = 0; i < times; ++i)
      moved.push_back({begin + i * stride, end + i * stride});
  }
  intervals = std::move(moved);
  normalise();
}

void Footprint::expand(const std::vector<int64_t> &offsets, int64_t times) {
  if (offsets.empty() || intervals.empty())
    return;
  if (intervals.size() * offsets.size() > most) {
    copies *= double(times);
    return;
  }
  std::vector<std::pair<int64_t, int64_t>> moved;
  for (int64_t offset : offsets)
    for (auto &[begin, end] : intervals)
      moved.push_back({begin + offset, end + offset});
  intervals = std::move(moved);
  normalise();
}

double Footprint::bytes() const {
  double sum = 0;
  for (auto &[begin, end] : intervals) {
    int64_t first = begin >= 0 ? begin / line : -((-begin + line - 1) / line);
    int64_t last = end > 0 ? (end + line - 1) / line : -((-end) / line);
    sum += double(last - first) * line;
  }
  return sum * copies;
}
