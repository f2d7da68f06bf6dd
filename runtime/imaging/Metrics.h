//===- Metrics.h - PSNR and SSIM --------------------------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_RUNTIME_IMAGING_METRICS_H
#define SRCC_RUNTIME_IMAGING_METRICS_H

#include "runtime/imaging/Color.h"

namespace srcc::imaging {

/// 10 log10(255^2 / mean squared difference) in dB, leaving out `border` pixels on each side.
/// Infinite for equal planes. The planes must be of one size; NaN if nothing is left.
double psnr(const Plane &a, const Plane &b, int border);

/// Structural similarity, mean over all 11x11 windows inside the border, weighted by a Gaussian
/// with sigma 1.5; K1 = 0.01, K2 = 0.03, L = 255 (Wang et al., "Image quality assessment: from
/// error visibility to structural similarity", 2004). NaN if no window fits.
double ssim(const Plane &a, const Plane &b, int border);

struct Quality {
  double psnr, ssim;
};
/// Compares on BT.601 luma with a border of `scale` pixels left out, as the literature does. `hr`
/// may be larger on the right and at the bottom by what downscale() cut off; any other difference
/// in size is std::runtime_error.
Quality compare(const Image &sr, const Image &hr, int scale);
/// The same for a luma plane that is at hand.
Quality compare(const Plane &sr, const Image &hr, int scale);

} // namespace srcc::imaging

#endif // SRCC_RUNTIME_IMAGING_METRICS_H
