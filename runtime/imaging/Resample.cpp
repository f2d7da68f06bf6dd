//===- Resample.cpp - Bicubic interpolation as Matlab's imresize ----------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "runtime/imaging/Resample.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

using namespace srcc::imaging;

/// Keys' cubic kernel with a = -0.5.
static double cubic(double x) {
  x = std::abs(x);
  if (x <= 1)
    return 1.5 * x * x * x - 2.5 * x * x + 1;
  if (x <= 2)
    return -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2;
  return 0;
}

namespace {
/// For every output position of one axis: the inputs it reads and their weights.
struct Taps {
  int perOutput;
  std::vector<int> index;
  std::vector<double> weight;
};
} // namespace

/// Positions and weights that take `in` samples to `out`, where one input step is `ratio` output
/// steps. For ratio < 1 the kernel widens by 1/ratio, which filters out what would alias. Beyond
/// the edges the axis is mirrored, the edge sample repeated.
static Taps makeTaps(int in, int out, double ratio) {
  double stretch = std::min(ratio, 1.0), support = 4 / stretch;
  Taps taps{int(std::ceil(support)) + 2, {}, {}};
  for (int o = 1; o <= out; ++o) {
    double center = o / ratio + 0.5 * (1 - 1 / ratio); // Matlab counts from 1
    int left = int(std::floor(center - support / 2));
    double sum = 0;
    for (int t = left; t < left + taps.perOutput; ++t) {
      int mirrored = ((t - 1) % (2 * in) + 2 * in) % (2 * in);
      taps.index.push_back(mirrored < in ? mirrored : 2 * in - 1 - mirrored);
      taps.weight.push_back(stretch * cubic(stretch * (center - t)));
      sum += taps.weight.back();
    }
    for (auto w = taps.weight.end() - taps.perOutput; w != taps.weight.end(); ++w)
      *w /= sum;
  }
  return taps;
}

static Plane resampleRows(const Plane &plane, int height, double ratio) {
  Taps taps = makeTaps(plane.height, height, ratio);
  Plane result(plane.width, height);
  for (int y = 0; y < height; ++y)
    for (int t = 0; t < taps.perOutput; ++t) {
      double weight = taps.weight[size_t(y) * taps.perOutput + t];
      const double *from = plane.row(taps.index[size_t(y) * taps.perOutput + t]);
      double *to = result.row(y);
      for (int x = 0; weight != 0 && x < plane.width; ++x)
        to[x] += weight * from[x];
    }
  return result;
}

static Plane resampleColumns(const Plane &plane, int width, double ratio) {
  Taps taps = makeTaps(plane.width, width, ratio);
  Plane result(width, plane.height);
  for (int y = 0; y < plane.height; ++y)
    for (int x = 0; x < width; ++x) {
      double sum = 0;
      for (int t = 0; t < taps.perOutput; ++t)
        sum += taps.weight[size_t(x) * taps.perOutput + t] *
               plane.row(y)[taps.index[size_t(x) * taps.perOutput + t]];
      result.row(y)[x] = sum;
    }
  return result;
}

static void roundToBytes(Plane &plane) {
  for (double &value : plane.values)
    value = std::clamp(std::floor(value + 0.5), 0.0, 255.0);
}

Image srcc::imaging::downscale(const Image &image, int scale) {
  int width = scale < 1 ? 0 : image.width / scale, height = scale < 1 ? 0 : image.height / scale;
  if (width < 1 || height < 1)
    throw std::runtime_error("a picture of " + std::to_string(image.width) + "x" +
                             std::to_string(image.height) + " cannot be made " +
                             std::to_string(scale) + " times smaller");
  Image whole = crop(image, 0, 0, width * scale, height * scale);
  std::vector<Plane> planes;
  for (int c = 0; c < image.channels; ++c) {
    Plane plane = resampleRows(channel(whole, c), height, 1.0 / scale);
    roundToBytes(plane);
    planes.push_back(resampleColumns(plane, width, 1.0 / scale));
  }
  return toImage(planes);
}

Plane srcc::imaging::enlarge(const Plane &plane, int scale) {
  return resampleColumns(resampleRows(plane, plane.height * scale, scale), plane.width * scale,
                         scale);
}

Image srcc::imaging::enlarge(const Image &image, int scale) {
  std::vector<Plane> planes;
  for (int c = 0; c < image.channels; ++c)
    planes.push_back(enlarge(channel(image, c), scale));
  return toImage(planes);
}
