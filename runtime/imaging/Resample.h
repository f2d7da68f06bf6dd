//===- Resample.h - Bicubic interpolation as Matlab's imresize --*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_RUNTIME_IMAGING_RESAMPLE_H
#define SRCC_RUNTIME_IMAGING_RESAMPLE_H

#include "runtime/imaging/Color.h"

namespace srcc::imaging {

/// The low-resolution picture of the literature's test protocol, to the last bit: cuts the right
/// and lower edge to a multiple of scale, then shrinks by Matlab's imresize (bicubic, a = -0.5,
/// antialiased, edges mirrored), rows first, then columns, rounded to 8 bits after each.
/// scale >= 1, at most either side (std::runtime_error otherwise). Alpha is treated as a colour.
Image downscale(const Image &image, int scale);

/// Enlarges by Matlab's imresize in double, neither rounded nor clipped. scale >= 1.
Plane enlarge(const Plane &plane, int scale);
/// The same for all channels of a picture, rounded and clipped once at the end.
Image enlarge(const Image &image, int scale);

} // namespace srcc::imaging

#endif // SRCC_RUNTIME_IMAGING_RESAMPLE_H
