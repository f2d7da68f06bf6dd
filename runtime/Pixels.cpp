//===- Pixels.cpp - Conversions of pixels on the host -----------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#include "runtime/Pixels.h"
#include "runtime/Status.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace srcc::runtime {

namespace {

// BT.601: luma weights, and studio swing: Y in 16..235, Cb and Cr in 16..240.
constexpr float kr = 0.299f, kb = 0.114f, kg = 1 - kr - kb;
constexpr float lumaSwing = 219.0f / 255, chromaSwing = 224.0f / 255;

float lumaOf(float r, float g, float b) { return 16 + lumaSwing * (kr * r + kg * g + kb * b); }
float cbOf(float r, float g, float b) {
  return 128 + chromaSwing * (b - (kr * r + kg * g + kb * b)) / (2 * (1 - kb));
}
float crOf(float r, float g, float b) {
  return 128 + chromaSwing * (r - (kr * r + kg * g + kb * b)) / (2 * (1 - kr));
}

uint8_t toByte(float value) {
  // The order of the arguments turns NaN into 0.
  return uint8_t(std::min(255.0f, std::max(0.0f, value)) + 0.5f);
}

void rgbOf(float y, float cb, float cr, uint8_t *rgb) {
  float gray = (y - 16) / lumaSwing;
  float blue = (cb - 128) * 2 * (1 - kb) / chromaSwing,
        red = (cr - 128) * 2 * (1 - kr) / chromaSwing;
  rgb[0] = toByte(gray + red);
  rgb[1] = toByte(gray - (kb * blue + kr * red) / kg);
  rgb[2] = toByte(gray + blue);
}

const uint8_t *row(const srrt_picture &picture, int y) {
  return static_cast<const uint8_t *>(picture.data) + size_t(y) * picture.stride;
}
uint8_t *writableRow(const srrt_picture &picture, int y) {
  return static_cast<uint8_t *>(picture.data) + size_t(y) * picture.stride;
}
uint8_t *chromaRow(const srrt_picture &picture, int y) {
  return static_cast<uint8_t *>(picture.chroma) + size_t(y) * picture.chroma_stride;
}

/// A plane of floats.
struct Plane {
  Plane(int width, int height) : width(width), height(height), data(size_t(width) * height) {}
  float *row(int y) { return data.data() + size_t(y) * width; }
  const float *row(int y) const { return data.data() + size_t(y) * width; }
  int width, height;
  std::vector<float> data;
};

/// Output coordinate i lies at source coordinate start + i * step.
struct Axis {
  double start, step;
};
/// Enlarging by `scale` with half-pixel centres.
Axis enlarge(int scale) { return {0.5 / scale - 0.5, 1.0 / scale}; }

struct Taps {
  std::array<int, 4> index;
  std::array<float, 4> weight;
};

/// The four source samples around each output coordinate, edges repeated. Cubic convolution with a
/// = -0.5 (Keys 1981), or linear (the outer two weigh 0).
std::vector<Taps> makeTaps(int outputSize, int inputSize, Axis axis, bool cubic) {
  std::vector<Taps> taps(outputSize);
  for (int i = 0; i < outputSize; ++i) {
    double position = axis.start + i * axis.step, base = std::floor(position), t = position - base;
    if (cubic)
      taps[i].weight = {
          float(-0.5 * t + t * t - 0.5 * t * t * t), float(1 - 2.5 * t * t + 1.5 * t * t * t),
          float(0.5 * t + 2 * t * t - 1.5 * t * t * t), float(-0.5 * t * t + 0.5 * t * t * t)};
    else
      taps[i].weight = {0, float(1 - t), float(t), 0};
    for (int k = 0; k < 4; ++k)
      taps[i].index[k] = std::clamp(int(base) - 1 + k, 0, inputSize - 1);
  }
  return taps;
}

Plane resample(const Plane &input, int width, int height, Axis x, Axis y, bool cubic) {
  std::vector<Taps> across = makeTaps(width, input.width, x, cubic);
  std::vector<Taps> down = makeTaps(height, input.height, y, cubic);
  Plane narrow(width, input.height), output(width, height);
  for (int j = 0; j < input.height; ++j) {
    const float *from = input.row(j);
    float *to = narrow.row(j);
    for (int i = 0; i < width; ++i) {
      const Taps &t = across[i];
      to[i] = t.weight[0] * from[t.index[0]] + t.weight[1] * from[t.index[1]] +
              t.weight[2] * from[t.index[2]] + t.weight[3] * from[t.index[3]];
    }
  }
  for (int j = 0; j < height; ++j) {
    const Taps &t = down[j];
    const float *a = narrow.row(t.index[0]), *b = narrow.row(t.index[1]),
                *c = narrow.row(t.index[2]), *d = narrow.row(t.index[3]);
    float *to = output.row(j);
    for (int i = 0; i < width; ++i)
      to[i] = t.weight[0] * a[i] + t.weight[1] * b[i] + t.weight[2] * c[i] + t.weight[3] * d[i];
  }
  return output;
}

int channelsOf(srrt_pixels format) {
  return format == SRRT_RGB8 ? 3 : format == SRRT_RGBA8 ? 4 : 1;
}

/// Component 0 or 1 (Cb, Cr) of a picture, at full or half size as it is stored.
Plane chromaPlane(const srrt_picture &picture, int component) {
  if (picture.format == SRRT_NV12) {
    Plane plane(picture.width / 2, picture.height / 2);
    for (int y = 0; y < plane.height; ++y)
      for (int x = 0; x < plane.width; ++x)
        plane.row(y)[x] = chromaRow(picture, y)[2 * x + component];
    return plane;
  }
  Plane plane(picture.width, picture.height);
  int step = channelsOf(picture.format);
  for (int y = 0; y < plane.height; ++y)
    for (int x = 0; x < plane.width; ++x) {
      const uint8_t *p = row(picture, y) + size_t(x) * step;
      plane.row(y)[x] = component == 0 ? cbOf(p[0], p[1], p[2]) : crOf(p[0], p[1], p[2]);
    }
  return plane;
}

/// Fills alpha of an RGBA8 picture.
void writeAlpha(const srrt_picture &source, const srrt_picture &picture) {
  if (source.format != SRRT_RGBA8) {
    for (int y = 0; y < picture.height; ++y)
      for (int x = 0; x < picture.width; ++x)
        writableRow(picture, y)[4 * size_t(x) + 3] = 255;
    return;
  }
  Plane alpha(source.width, source.height);
  for (int y = 0; y < source.height; ++y)
    for (int x = 0; x < source.width; ++x)
      alpha.row(y)[x] = row(source, y)[4 * size_t(x) + 3];
  Axis axis = enlarge(picture.width / source.width);
  alpha = resample(alpha, picture.width, picture.height, axis, axis, false);
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x)
      writableRow(picture, y)[4 * size_t(x) + 3] = toByte(alpha.row(y)[x]);
}

} // namespace

srrt_picture checkPicture(const srrt_picture &picture, int width, int height, const char *role) {
  srrt_picture checked = picture;
  int format; // as it is in memory: C callers may leave anything there
  static_assert(sizeof format == sizeof picture.format);
  std::memcpy(&format, &picture.format, sizeof format);
  if (format < SRRT_RGB8 || format > SRRT_GRAY8)
    fail(SRRT_INVALID_ARGUMENT, role, " has the unknown pixel format ", format);
  if (picture.width != width || picture.height != height)
    fail(SRRT_INVALID_ARGUMENT, role, " is ", picture.width, "x", picture.height,
         ", but the model is prepared for ", width, "x", height);
  if (!picture.data)
    fail(SRRT_INVALID_ARGUMENT, role, " has no memory (data is null)");
  size_t line = size_t(width) * channelsOf(picture.format);
  if (!checked.stride)
    checked.stride = line;
  if (checked.stride < line)
    fail(SRRT_INVALID_ARGUMENT, role, " has a stride of ", checked.stride,
         " bytes, but a row takes ", line);
  if (picture.format == SRRT_NV12) {
    if (width % 2 || height % 2)
      fail(SRRT_INVALID_ARGUMENT, role, " is NV12, which needs even sides, not ", width, "x",
           height);
    if (!checked.chroma)
      checked.chroma = static_cast<uint8_t *>(checked.data) + checked.stride * size_t(height);
    if (!checked.chroma_stride)
      checked.chroma_stride = checked.stride;
    if (checked.chroma_stride < line)
      fail(SRRT_INVALID_ARGUMENT, role, " has a chroma stride of ", checked.chroma_stride,
           " bytes, but a row takes ", line);
  }
  return checked;
}

void rgbFromPicture(const srrt_picture &picture, uint8_t *rgb) {
  size_t line = size_t(picture.width) * 3;
  if (picture.format == SRRT_RGB8) {
    for (int y = 0; y < picture.height; ++y)
      std::memcpy(rgb + y * line, row(picture, y), line);
  } else if (picture.format == SRRT_RGBA8) {
    for (int y = 0; y < picture.height; ++y) {
      const uint8_t *from = row(picture, y);
      uint8_t *to = rgb + y * line;
      for (int x = 0; x < picture.width; ++x)
        for (int c = 0; c < 3; ++c)
          to[3 * x + c] = from[4 * x + c];
    }
  } else {
    // Chroma column i lies on luma column 2i, chroma row j between luma rows 2j and 2j + 1.
    Axis x{0, 0.5}, y{-0.25, 0.5};
    Plane cb = resample(chromaPlane(picture, 0), picture.width, picture.height, x, y, false);
    Plane cr = resample(chromaPlane(picture, 1), picture.width, picture.height, x, y, false);
    for (int j = 0; j < picture.height; ++j)
      for (int i = 0; i < picture.width; ++i)
        rgbOf(row(picture, j)[i], cb.row(j)[i], cr.row(j)[i], rgb + j * line + 3 * size_t(i));
  }
}

void pictureFromRgb(const uint8_t *rgb, const srrt_picture &alphaSource,
                    const srrt_picture &picture) {
  size_t line = size_t(picture.width) * 3;
  if (picture.format == SRRT_RGB8) {
    for (int y = 0; y < picture.height; ++y)
      std::memcpy(writableRow(picture, y), rgb + y * line, line);
  } else if (picture.format == SRRT_RGBA8) {
    for (int y = 0; y < picture.height; ++y) {
      const uint8_t *from = rgb + y * line;
      uint8_t *to = writableRow(picture, y);
      for (int x = 0; x < picture.width; ++x)
        for (int c = 0; c < 3; ++c)
          to[4 * x + c] = from[3 * x + c];
    }
    writeAlpha(alphaSource, picture);
  } else {
    for (int j = 0; j < picture.height; ++j)
      for (int i = 0; i < picture.width; ++i) {
        const uint8_t *p = rgb + j * line + 3 * size_t(i);
        writableRow(picture, j)[i] = toByte(lumaOf(p[0], p[1], p[2]));
      }
    for (int j = 0; j < picture.height / 2; ++j)
      for (int i = 0; i < picture.width / 2; ++i) {
        // 1-2-1 across, centred on column 2i; 1-1 down.
        float sum[3] = {0, 0, 0};
        for (int dy = 0; dy < 2; ++dy)
          for (int dx = -1; dx <= 1; ++dx) {
            size_t x = size_t(std::max(2 * i + dx, 0));
            const uint8_t *p = rgb + (2 * size_t(j) + dy) * line + 3 * x;
            for (int c = 0; c < 3; ++c)
              sum[c] += p[c] * (dx == 0 ? 0.25f : 0.125f);
          }
        chromaRow(picture, j)[2 * i] = toByte(cbOf(sum[0], sum[1], sum[2]));
        chromaRow(picture, j)[2 * i + 1] = toByte(crOf(sum[0], sum[1], sum[2]));
      }
  }
}

void lumaFromPicture(const srrt_picture &picture, float *luma) {
  int step = channelsOf(picture.format);
  for (int y = 0; y < picture.height; ++y) {
    const uint8_t *from = row(picture, y);
    float *to = luma + size_t(y) * picture.width;
    for (int x = 0; x < picture.width; ++x, from += step)
      to[x] = step == 1 ? float(from[0]) : lumaOf(from[0], from[1], from[2]);
  }
}

void pictureFromLuma(const float *luma, const srrt_picture &input, const srrt_picture &output,
                     int scale) {
  bool bytes = output.format == SRRT_GRAY8 || output.format == SRRT_NV12;
  for (int y = 0; bytes && y < output.height; ++y)
    for (int x = 0; x < output.width; ++x)
      writableRow(output, y)[x] = toByte(luma[size_t(y) * output.width + x]);
  if (output.format == SRRT_GRAY8)
    return;

  // From output pixels to luma pixels of the input, then to the input's chroma samples.
  Axis x = enlarge(scale), y = x;
  int width = output.width, height = output.height;
  if (output.format == SRRT_NV12) { // columns 2i, rows 2j + 1/2 of the output
    x = {x.start, 2 * x.step};
    y = {y.start + 0.5 * y.step, 2 * y.step};
    width /= 2, height /= 2;
  }
  if (input.format == SRRT_NV12) {
    x = {x.start / 2, x.step / 2};
    y = {(y.start - 0.5) / 2, y.step / 2};
  }
  Plane cb = resample(chromaPlane(input, 0), width, height, x, y, true);
  Plane cr = resample(chromaPlane(input, 1), width, height, x, y, true);
  for (int j = 0; j < height; ++j)
    for (int i = 0; i < width; ++i) {
      float b = cb.row(j)[i], r = cr.row(j)[i];
      if (output.format == SRRT_NV12) {
        chromaRow(output, j)[2 * i] = toByte(b);
        chromaRow(output, j)[2 * i + 1] = toByte(r);
      } else {
        rgbOf(luma[size_t(j) * width + i], b, r,
              writableRow(output, j) + size_t(i) * channelsOf(output.format));
      }
    }
  if (output.format == SRRT_RGBA8)
    writeAlpha(input, output);
}

void planesFromBytes(const uint8_t *bytes, size_t pixels, int channels, bool reversed, float low,
                     float high, float *planes) {
  std::array<float, 256> value;
  for (int i = 0; i < 256; ++i)
    value[i] = float(low + double(i) * (double(high) - low) / 255);
  for (int c = 0; c < channels; ++c) {
    const uint8_t *from = bytes + (reversed ? channels - 1 - c : c);
    float *to = planes + c * pixels;
    for (size_t i = 0; i < pixels; ++i)
      to[i] = value[from[i * channels]];
  }
}

void bytesFromPlanes(const float *planes, size_t pixels, int channels, bool reversed, float low,
                     float high, uint8_t *bytes) {
  float factor = 255 / (high - low);
  for (int c = 0; c < channels; ++c) {
    const float *from = planes + c * pixels;
    uint8_t *to = bytes + (reversed ? channels - 1 - c : c);
    for (size_t i = 0; i < pixels; ++i)
      to[i * channels] = toByte((from[i] - low) * factor);
  }
}

} // namespace srcc::runtime
