//===- Pixels.h - Conversions of pixels on the host -------------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#ifndef SRCC_RUNTIME_PIXELS_H
#define SRCC_RUNTIME_PIXELS_H

#include "runtime/srrt.h"

#include <cstdint>
#include <vector>

namespace srcc::runtime {

/// Fails with SRRT_INVALID_ARGUMENT unless `picture` is of that size, has its memory, rows that
/// hold a line, and even sides if it is NV12. `role` begins the text: "the input". Returns it with
/// defaults filled in (strides, chroma plane).
srrt_picture checkPicture(const srrt_picture &picture, int width, int height, const char *role);

/// RGB8, RGBA8 or NV12 to dense [y][x][R, G, B].
void rgbFromPicture(const srrt_picture &picture, uint8_t *rgb);
/// The reverse. Alpha of an RGBA8 picture comes from `alphaSource` if that is RGBA8, enlarged
/// bilinearly, else it is 255.
void pictureFromRgb(const uint8_t *rgb, const srrt_picture &alphaSource,
                    const srrt_picture &picture);

/// Luma of any picture in studio swing, 0..255 with fractions, dense [y][x].
void lumaFromPicture(const srrt_picture &picture, float *luma);
/// Joins luma of the output's size (as above) with the enlarged chroma of `input`.
void pictureFromLuma(const float *luma, const srrt_picture &input, const srrt_picture &output,
                     int scale);

/// Dense [pixel][channel] bytes to planes: value = low + byte * (high - low) / 255. Plane c takes
/// channel c, or channels - 1 - c if `reversed` (bgr).
void planesFromBytes(const uint8_t *bytes, size_t pixels, int channels, bool reversed, float low,
                     float high, float *planes);
/// The reverse, rounded to nearest and clipped; NaN becomes 0.
void bytesFromPlanes(const float *planes, size_t pixels, int channels, bool reversed, float low,
                     float high, uint8_t *bytes);

} // namespace srcc::runtime

#endif // SRCC_RUNTIME_PIXELS_H
