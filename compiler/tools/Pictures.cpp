//===- Pictures.cpp - Pictures in and out of the interpreter --------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/tools/Pictures.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <cstring>
#include <png.h>

using namespace llvm;
using srcc::sr::Map;

/// The most values a picture may have: 2^28, 1 GiB of f32.
static constexpr uint64_t maxValues = uint64_t(1) << 28;

static Error fail(StringRef path, const Twine &message) {
  return createStringError(path + ": " + message);
}

static Expected<std::unique_ptr<MemoryBuffer>> readFile(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return fail(path, "cannot read: " + buffer.getError().message());
  return std::move(*buffer);
}

//===----------------------------------------------------------------------===//
// NumPy
//===----------------------------------------------------------------------===//

/// The text after `'key':` in the header's dictionary.
static std::optional<StringRef> findField(StringRef header, StringRef key) {
  size_t at = header.find(("'" + key + "':").str());
  if (at == StringRef::npos)
    return std::nullopt;
  return header.drop_front(at + key.size() + 3).ltrim();
}

Expected<Map> srcc::readNpy(StringRef path) {
  auto buffer = readFile(path);
  if (!buffer)
    return buffer.takeError();
  StringRef bytes = (*buffer)->getBuffer();
  if (!bytes.starts_with("\x93NUMPY") || bytes.size() < 12)
    return fail(path, "is not a NumPy file");
  unsigned version = uint8_t(bytes[6]);
  if (version < 1 || version > 3)
    return fail(path, "has NumPy format version " + Twine(version) + ", 1 to 3 are known");
  size_t start = version == 1 ? 10 : 12;
  size_t length = version == 1 ? support::endian::read16le(bytes.data() + 8)
                               : support::endian::read32le(bytes.data() + 8);
  if (length > bytes.size() - start)
    return fail(path, "ends inside its header");
  StringRef header = bytes.substr(start, length), data = bytes.drop_front(start + length);
  auto descr = findField(header, "descr"), order = findField(header, "fortran_order"),
       shape = findField(header, "shape");
  if (!descr || !order || !shape || !shape->consume_front("("))
    return fail(path, "has a header without descr, fortran_order and shape");
  if (!descr->starts_with("'<f4'"))
    return fail(path, "holds no little-endian float32 (use .astype('<f4'))");
  if (!order->starts_with("False"))
    return fail(path, "is in Fortran order (use numpy.ascontiguousarray)");
  SmallVector<uint64_t> sizes;
  while (!shape->starts_with(")")) {
    uint64_t size;
    if (shape->consumeInteger(10, size) || size < 1 || size > maxValues || sizes.size() == 4)
      return fail(path, "must have the shape CxHxW or 1xCxHxW");
    sizes.push_back(size);
    *shape = shape->ltrim();
    if (!shape->consume_front(",") && !shape->starts_with(")"))
      return fail(path, "has a damaged shape");
    *shape = shape->ltrim();
  }
  if (sizes.size() == 4 && sizes[0] == 1)
    sizes.erase(sizes.begin());
  if (sizes.size() != 3)
    return fail(path, "must have the shape CxHxW or 1xCxHxW");
  if (sizes[0] * sizes[1] > maxValues || sizes[0] * sizes[1] * sizes[2] > maxValues)
    return fail(path, "is too large");
  Map map(sizes[0], sizes[1], sizes[2]);
  if (data.size() != map.values.size() * 4)
    return fail(path, "has " + Twine(data.size()) + " bytes of data instead of " +
                          Twine(map.values.size() * 4));
  std::memcpy(map.values.data(), data.data(), data.size());
  return map;
}

Error srcc::writeNpy(StringRef path, const Map &map) {
  std::string header;
  raw_string_ostream(header) << "{'descr': '<f4', 'fortran_order': False, 'shape': ("
                             << map.channels << ", " << map.height << ", " << map.width << "), }";
  // Magic, version, length and header together are a multiple of 64 bytes.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  return writeToOutput(path, [&](raw_ostream &os) -> Error {
    os << StringRef("\x93NUMPY\x01\x00", 8) << char(header.size() & 255) << char(header.size() >> 8)
       << header;
    os.write(reinterpret_cast<const char *>(map.values.data()), map.values.size() * 4);
    return Error::success();
  });
}

//===----------------------------------------------------------------------===//
// PNG
//===----------------------------------------------------------------------===//

Expected<Map> srcc::readPng(StringRef path) {
  auto buffer = readFile(path);
  if (!buffer)
    return buffer.takeError();
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_memory(&image, (*buffer)->getBufferStart(),
                                        (*buffer)->getBufferSize()))
    return fail(path, image.message);
  if (uint64_t(image.width) * image.height * 3 > maxValues) {
    png_image_free(&image);
    return fail(path, "is too large");
  }
  image.format = PNG_FORMAT_RGB;
  std::vector<uint8_t> pixels(PNG_IMAGE_SIZE(image));
  if (!png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr))
    return fail(path, image.message);
  Map map(3, image.height, image.width);
  for (size_t i = 0, count = pixels.size() / 3; i < count; ++i)
    for (size_t c = 0; c < 3; ++c)
      map.values[c * count + i] = pixels[i * 3 + c];
  return map;
}

Error srcc::writePng(StringRef path, const Map &rgb) {
  size_t count = rgb.height * rgb.width;
  std::vector<uint8_t> pixels(count * 3);
  for (size_t i = 0; i < count; ++i)
    for (size_t c = 0; c < 3; ++c) {
      float value = rgb.values[c * count + i] + 0.5f;
      // The comparison is false for NaN.
      pixels[i * 3 + c] = value > 0 ? uint8_t(std::min(std::floor(value), 255.0f)) : 0;
    }
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.width = rgb.width;
  image.height = rgb.height;
  image.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::vector<char> encoded(size);
  if (!png_image_write_to_memory(&image, encoded.data(), &size, 0, pixels.data(), 0, nullptr))
    return fail(path, image.message);
  return writeToOutput(path, [&](raw_ostream &os) -> Error {
    os.write(encoded.data(), size);
    return Error::success();
  });
}

//===----------------------------------------------------------------------===//
// Colours
//===----------------------------------------------------------------------===//

/// out = matrix (in - before) + after, channel by channel.
static Map transform(const Map &in, const double (&matrix)[3][3], const double (&before)[3],
                     const double (&after)[3]) {
  Map out(3, in.height, in.width);
  size_t count = in.height * in.width;
  for (size_t i = 0; i < count; ++i)
    for (size_t c = 0; c < 3; ++c) {
      double sum = after[c];
      for (size_t k = 0; k < 3; ++k)
        sum += matrix[c][k] * (in.values[k * count + i] - before[k]);
      out.values[c * count + i] = float(sum);
    }
  return out;
}

/// ITU-R BT.601: luma 0.299 R + 0.587 G + 0.114 B over 219 steps from 16, the colour differences
/// over 224 steps about 128.
Map srcc::rgbToYcbcr(const Map &rgb) {
  return transform(rgb,
                   {{65.481 / 255, 128.553 / 255, 24.966 / 255},
                    {-37.797 / 255, -74.203 / 255, 112.0 / 255},
                    {112.0 / 255, -93.786 / 255, -18.214 / 255}},
                   {0, 0, 0}, {16, 128, 128});
}

Map srcc::ycbcrToRgb(const Map &ycbcr) {
  const double y = 255.0 / 219, s = 255.0 / 112;
  return transform(ycbcr,
                   {{y, 0, s * (1 - 0.299)},
                    {y, -s * (1 - 0.114) * 0.114 / 0.587, -s * (1 - 0.299) * 0.299 / 0.587},
                    {y, s * (1 - 0.114), 0}},
                   {16, 128, 128}, {0, 0, 0});
}
