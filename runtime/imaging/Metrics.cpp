//===- Metrics.cpp - PSNR and SSIM ----------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "runtime/imaging/Metrics.h"

#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

using namespace srcc::imaging;

double srcc::imaging::psnr(const Plane &a, const Plane &b, int border) {
  double sum = 0;
  int64_t count = 0;
  for (int y = border; y < a.height - border; ++y)
    for (int x = border; x < a.width - border; ++x, ++count) {
      double difference = a.row(y)[x] - b.row(y)[x];
      sum += difference * difference;
    }
  if (count == 0)
    return std::numeric_limits<double>::quiet_NaN();
  return 10 * std::log10(255.0 * 255.0 * double(count) / sum);
}

static constexpr int window = 11;

static std::array<double, window> gaussian() {
  std::array<double, window> weights;
  double sum = 0;
  for (int i = 0; i < window; ++i)
    sum += weights[i] = std::exp(-(i - window / 2) * (i - window / 2) / (2 * 1.5 * 1.5));
  for (double &w : weights)
    w /= sum;
  return weights;
}

double srcc::imaging::ssim(const Plane &a, const Plane &b, int border) {
  static const std::array<double, window> weights = gaussian();
  const double c1 = std::pow(0.01 * 255, 2), c2 = std::pow(0.03 * 255, 2);
  int width = a.width - 2 * border, rows = a.height - 2 * border - (window - 1);
  if (width < window || rows < 1)
    return std::numeric_limits<double>::quiet_NaN();
  // The window is separable: the five weighted means are summed down the columns of one row of
  // windows, then along it.
  using Means = std::array<double, 5>; // of a, b, a*a, b*b, a*b
  std::vector<Means> columns(static_cast<size_t>(width));
  double sum = 0;
  for (int y = border; y < border + rows; ++y) {
    for (int x = 0; x < width; ++x) {
      Means means = {};
      for (int i = 0; i < window; ++i) {
        double p = a.row(y + i)[border + x], q = b.row(y + i)[border + x], w = weights[i];
        means[0] += w * p, means[1] += w * q;
        means[2] += w * p * p, means[3] += w * q * q, means[4] += w * p * q;
      }
      columns[size_t(x)] = means;
    }
    for (int x = 0; x <= width - window; ++x) {
      Means m = {};
      for (int i = 0; i < window; ++i)
        for (int k = 0; k < 5; ++k)
          m[k] += weights[i] * columns[size_t(x + i)][k];
      double varianceA = m[2] - m[0] * m[0], varianceB = m[3] - m[1] * m[1];
      double covariance = m[4] - m[0] * m[1];
      sum += (2 * m[0] * m[1] + c1) * (2 * covariance + c2) /
             ((m[0] * m[0] + m[1] * m[1] + c1) * (varianceA + varianceB + c2));
    }
  }
  return sum / (double(rows) * (width - window + 1));
}

Quality srcc::imaging::compare(const Plane &sr, const Image &hr, int scale) {
  if (hr.width / scale * scale != sr.width || hr.height / scale * scale != sr.height)
    throw std::runtime_error("the picture is " + std::to_string(sr.width) + "x" +
                             std::to_string(sr.height) + ", but the reference is " +
                             std::to_string(hr.width) + "x" + std::to_string(hr.height));
  Plane reference = luma(crop(hr, 0, 0, sr.width, sr.height));
  return {psnr(sr, reference, scale), ssim(sr, reference, scale)};
}

Quality srcc::imaging::compare(const Image &sr, const Image &hr, int scale) {
  return compare(luma(sr), hr, scale);
}
