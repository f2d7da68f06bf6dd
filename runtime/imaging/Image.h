//===- Image.h - 8-bit pictures in memory and in files ----------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_RUNTIME_IMAGING_IMAGE_H
#define SRCC_RUNTIME_IMAGING_IMAGE_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace srcc::imaging {

/// An 8-bit picture, rows from the top, channels interleaved: [y][x][c]. Channels are gray (1),
/// gray and alpha (2), RGB (3) or RGBA (4); alpha is straight. Values are 0..255, full range.
struct Image {
  int width = 0, height = 0, channels = 0;
  std::vector<uint8_t> pixels;

  Image() = default;
  /// A black (and transparent) picture.
  Image(int width, int height, int channels)
      : width(width), height(height), channels(channels),
        pixels(size_t(width) * size_t(height) * size_t(channels)) {}

  bool hasAlpha() const { return channels == 2 || channels == 4; }
  /// Channels without alpha: 1 or 3.
  int colors() const { return channels - (hasAlpha() ? 1 : 0); }
  uint8_t *row(int y) { return pixels.data() + size_t(y) * width * channels; }
  const uint8_t *row(int y) const { return pixels.data() + size_t(y) * width * channels; }
  uint8_t at(int y, int x, int c) const { return row(y)[size_t(x) * channels + c]; }
};

/// Larger pictures are refused, so that a few forged bytes cannot ask for all memory.
constexpr int64_t maxPixels = int64_t(1) << 28;

/// Reads a PNG or JPEG file, told apart by content. PNG: any depth, palette and interlacing; 16
/// bits are rounded to 8, a transparent colour becomes alpha, gamma and colour profiles are
/// ignored. JPEG: gray or colour; the orientation of the camera is applied. Throws
/// std::runtime_error, "PATH: what is wrong", for files that cannot be read, are damaged or
/// truncated, of another format, CMYK, or of more than maxPixels.
Image loadImage(const std::string &path);

/// Whether the name ends in .png, .jpg or .jpeg, in any case.
bool hasImageExtension(const std::string &path);

/// Writes PNG or JPEG (quality 95, without chroma subsampling) by the name's extension. The file
/// appears complete or not at all. Throws std::runtime_error, "PATH: what is wrong".
void saveImage(const Image &image, const std::string &path);
/// Writes a PNG file, whatever the name.
void savePng(const Image &image, const std::string &path);

/// Repeats gray three times and drops alpha: always three channels.
Image toRgb(const Image &image);

/// The channels [first, first + count) of a picture.
Image channelRange(const Image &image, int first, int count);

/// The rectangle of width x height whose first pixel is (x, y); must lie inside.
Image crop(const Image &image, int x, int y, int width, int height);

} // namespace srcc::imaging

#endif // SRCC_RUNTIME_IMAGING_IMAGE_H
