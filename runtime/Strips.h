//===- Strips.h - Pictures that are computed strip by strip -----------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#ifndef SRCC_RUNTIME_STRIPS_H
#define SRCC_RUNTIME_STRIPS_H

#include "runtime/Plan.h"

#include <algorithm>

namespace srcc::runtime {

/// A picture in strips of whole rows, computed one after the other in the memory of one. Each strip
/// yields `step` rows from a window that is higher by the receptive field at both ends, and is
/// pushed back into the picture at its first and last rows, where networks see real edges. All in
/// rows of the input.
struct Strips {
  int height; ///< of the picture
  int window; ///< rows that a strip reads; the picture's height if there is one strip
  int step;   ///< rows whose output it yields, the last strip perhaps fewer
  int halo;   ///< rows above and below those that the output depends on

  int count() const { return (height + step - 1) / step; }
  /// The first row that strip i reads.
  int begin(int i) const { return std::clamp(i * step - halo, 0, height - window); }
  /// The rows that strip i yields: from, to.
  int from(int i) const { return i * step; }
  int to(int i) const { return std::min(height - step, i * step) + step; }
};

/// How much memory a picture may take: bytes of device memory for pictures, intermediates and
/// constants. One that takes more is cut into strips; if not even these are small enough, an error
/// follows where `strict`, and otherwise the picture is computed as a whole.
struct MemoryLimit {
  uint64_t bytes;
  bool strict;
};

/// A plan of strips, for one window.
struct StripPlan {
  Plan plan;
  Strips strips;
};

/// Plans a picture: as a whole if the device and the limit allow it, else in the highest strips
/// that they allow, evenly high. Fails as Plan does, with the whole picture's reason, and with
/// SRRT_TOO_LARGE at a strict limit.
StripPlan planStrips(const Package &package, int height, int width, const Limits &limits,
                     MemoryLimit memory);

} // namespace srcc::runtime

#endif // SRCC_RUNTIME_STRIPS_H
