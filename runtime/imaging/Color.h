//===- Color.h - Planes, and colour by BT.601 -------------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_RUNTIME_IMAGING_COLOR_H
#define SRCC_RUNTIME_IMAGING_COLOR_H

#include "runtime/imaging/Image.h"

namespace srcc::imaging {

/// One channel in double precision, [y][x].
struct Plane {
  int width = 0, height = 0;
  std::vector<double> values;

  Plane() = default;
  Plane(int width, int height)
      : width(width), height(height), values(size_t(width) * size_t(height)) {}
  double *row(int y) { return values.data() + size_t(y) * width; }
  const double *row(int y) const { return values.data() + size_t(y) * width; }
};

/// A channel's values, 0..255.
Plane channel(const Image &image, int index);
/// Rounds to nearest, halves up, and clips to 0..255; planes of one size become the channels of a
/// picture.
Image toImage(const std::vector<Plane> &planes);

/// BT.601 luma in studio swing, 16..235, not rounded: (65.481 R + 128.553 G + 24.966 B) / 255 + 16.
/// Gray pictures count as R = G = B; alpha is ignored.
Plane luma(const Image &image);

/// BT.601 in studio swing: y in 16..235, cb and cr in 16..240 around 128, not rounded.
struct YCbCr {
  Plane y, cb, cr;
};
YCbCr toYCbCr(const Image &image);
/// The inverse, rounded and clipped to 8-bit RGB.
Image toRgb(const YCbCr &picture);

} // namespace srcc::imaging

#endif // SRCC_RUNTIME_IMAGING_COLOR_H
