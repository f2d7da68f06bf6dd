//===- Color.cpp - Planes, and colour by BT.601 ---------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "runtime/imaging/Color.h"

#include <algorithm>
#include <cmath>

using namespace srcc::imaging;

// ITU-R BT.601: luma weights of red and blue; studio swing: 219 steps of luma, 224 of chroma.
static constexpr double kr = 0.299, kb = 0.114, kg = 1 - kr - kb;

Plane srcc::imaging::channel(const Image &image, int index) {
  Plane plane(image.width, image.height);
  for (size_t i = 0; i < plane.values.size(); ++i)
    plane.values[i] = image.pixels[i * size_t(image.channels) + size_t(index)];
  return plane;
}

static uint8_t toByte(double value) {
  return uint8_t(std::clamp(std::floor(value + 0.5), 0.0, 255.0));
}

Image srcc::imaging::toImage(const std::vector<Plane> &planes) {
  Image image(planes[0].width, planes[0].height, int(planes.size()));
  for (size_t c = 0; c < planes.size(); ++c)
    for (size_t i = 0; i < planes[c].values.size(); ++i)
      image.pixels[i * planes.size() + c] = toByte(planes[c].values[i]);
  return image;
}

Plane srcc::imaging::luma(const Image &image) {
  Plane plane(image.width, image.height);
  const uint8_t *pixel = image.pixels.data();
  int step = image.colors() == 3 ? 1 : 0;
  for (double &y : plane.values) {
    y = pixel[0] * (65.481 / 255) + pixel[step] * (128.553 / 255) +
        pixel[2 * step] * (24.966 / 255) + 16;
    pixel += image.channels;
  }
  return plane;
}

YCbCr srcc::imaging::toYCbCr(const Image &image) {
  YCbCr result{luma(image), Plane(image.width, image.height), Plane(image.width, image.height)};
  const uint8_t *pixel = image.pixels.data();
  int step = image.colors() == 3 ? 1 : 0;
  for (size_t i = 0; i < result.y.values.size(); ++i, pixel += image.channels) {
    double r = pixel[0], g = pixel[step], b = pixel[2 * step];
    double y = kr * r + kg * g + kb * b;
    result.cb.values[i] = (b - y) * (112 / (1 - kb) / 255) + 128;
    result.cr.values[i] = (r - y) * (112 / (1 - kr) / 255) + 128;
  }
  return result;
}

Image srcc::imaging::toRgb(const YCbCr &picture) {
  Image image(picture.y.width, picture.y.height, 3);
  uint8_t *pixel = image.pixels.data();
  for (size_t i = 0; i < picture.y.values.size(); ++i, pixel += 3) {
    double y = (picture.y.values[i] - 16) * (255.0 / 219);
    double b = y + (picture.cb.values[i] - 128) * (255 * (1 - kb) / 112);
    double r = y + (picture.cr.values[i] - 128) * (255 * (1 - kr) / 112);
    pixel[0] = toByte(r);
    pixel[1] = toByte((y - kr * r - kb * b) / kg);
    pixel[2] = toByte(b);
  }
  return image;
}
