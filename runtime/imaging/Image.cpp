//===- Image.cpp - 8-bit pictures in memory and in files ------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// libpng and libjpeg report errors by longjmp. The functions that call setjmp hold no objects with
// destructors: what they fill belongs to their callers.
#include "runtime/imaging/Image.h"
#include "runtime/imaging/AtomicFile.h"

#include <algorithm>
#include <cerrno>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <jpeglib.h>

#include <jerror.h>
#include <png.h>

using namespace srcc::imaging;

[[noreturn]] static void fail(const std::string &path, const std::string &why) {
  throw std::runtime_error(path + ": " + why);
}

static std::vector<uint8_t> readFile(const std::string &path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    fail(path, "is a folder, not a picture");
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file)
    fail(path, std::string("cannot be read: ") + std::strerror(errno));
  std::streamoff size = file.tellg();
  std::vector<uint8_t> bytes(size > 0 ? size_t(size) : 0);
  file.seekg(0);
  if (!file.read(reinterpret_cast<char *>(bytes.data()), std::streamsize(bytes.size())))
    fail(path, "cannot be read to its end");
  return bytes;
}

/// An error if a picture of this size is not to be decoded, nullptr otherwise.
static const char *sizeError(int64_t width, int64_t height) {
  if (width < 1 || height < 1)
    return "the picture is empty";
  if (width > maxPixels / height)
    return "the picture is too large, more than 268 million pixels";
  return nullptr;
}

//===----------------------------------------------------------------------===//
// PNG
//===----------------------------------------------------------------------===//

namespace {
struct PngStream {
  const uint8_t *next, *end;  // of the file being read
  std::vector<uint8_t> *sink; // of the file being written
  char message[128];
};
} // namespace

static void pngError(png_structp png, png_const_charp message) {
  auto *stream = static_cast<PngStream *>(png_get_error_ptr(png));
  std::snprintf(stream->message, sizeof(stream->message), "%s", message);
  longjmp(png_jmpbuf(png), 1);
}

static void pngWarning(png_structp, png_const_charp) {}

static void pngRead(png_structp png, png_bytep data, size_t size) {
  auto *stream = static_cast<PngStream *>(png_get_io_ptr(png));
  if (size > size_t(stream->end - stream->next))
    png_error(png, "the file is truncated");
  std::memcpy(data, stream->next, size);
  stream->next += size;
}

static void pngWrite(png_structp png, png_bytep data, size_t size) {
  auto *stream = static_cast<PngStream *>(png_get_io_ptr(png));
  stream->sink->insert(stream->sink->end(), data, data + size);
}

static bool decodePng(PngStream &stream, Image &image, std::vector<png_bytep> &rows) {
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &stream, pngError, pngWarning);
  png_infop info = png ? png_create_info_struct(png) : nullptr;
  if (!info || setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, nullptr);
    return false;
  }
  png_set_read_fn(png, &stream, pngRead);
  png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
  png_read_info(png, info);
  if (const char *why = sizeError(png_get_image_width(png, info), png_get_image_height(png, info)))
    png_error(png, why);
  png_set_expand(png);
  png_set_scale_16(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  image = Image(int(png_get_image_width(png, info)), int(png_get_image_height(png, info)),
                int(png_get_channels(png, info)));
  rows.resize(size_t(image.height));
  for (int y = 0; y < image.height; ++y)
    rows[size_t(y)] = image.row(y);
  png_read_image(png, rows.data());
  png_read_end(png, nullptr);
  png_destroy_read_struct(&png, &info, nullptr);
  return true;
}

static bool encodePng(PngStream &stream, const Image &image) {
  static const int types[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                              PNG_COLOR_TYPE_RGB_ALPHA};
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &stream, pngError, pngWarning);
  png_infop info = png ? png_create_info_struct(png) : nullptr;
  if (!info || setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    return false;
  }
  png_set_write_fn(png, &stream, pngWrite, nullptr);
  png_set_IHDR(png, info, png_uint_32(image.width), png_uint_32(image.height), 8,
               types[image.channels - 1], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  for (int y = 0; y < image.height; ++y)
    png_write_row(png, image.row(y));
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return true;
}

//===----------------------------------------------------------------------===//
// JPEG
//===----------------------------------------------------------------------===//

namespace {
struct JpegErrors {
  jpeg_error_mgr manager; // first: libjpeg's pointer to it is a pointer to this
  jmp_buf escape;
  char message[JMSG_LENGTH_MAX];
};
} // namespace

static void jpegError(j_common_ptr jpeg) {
  auto *errors = reinterpret_cast<JpegErrors *>(jpeg->err);
  errors->manager.format_message(jpeg, errors->message);
  longjmp(errors->escape, 1);
}

/// libjpeg goes on with gray pixels where data is missing or wrong; a damaged picture is an error
/// here.
static void jpegMessage(j_common_ptr jpeg, int level) {
  if (level < 0 && jpeg->err->msg_code != JWRN_EXTRANEOUS_DATA)
    jpegError(jpeg);
}

static void initialize(JpegErrors &errors) {
  jpeg_std_error(&errors.manager);
  errors.manager.error_exit = jpegError;
  errors.manager.emit_message = jpegMessage;
  errors.message[0] = 0;
}

[[noreturn]] static void fail(JpegErrors &errors, const char *message) {
  std::snprintf(errors.message, sizeof(errors.message), "%s", message);
  longjmp(errors.escape, 1);
}

/// The Exif orientation 1..8 among the saved APP1 markers, 1 if there is none.
static int exifOrientation(const jpeg_decompress_struct &jpeg) {
  for (auto *marker = jpeg.marker_list; marker; marker = marker->next) {
    const uint8_t *data = marker->data;
    size_t size = marker->data_length;
    if (marker->marker != JPEG_APP0 + 1 || size < 14 || std::memcmp(data, "Exif\0\0", 6) != 0)
      continue;
    data += 6, size -= 6; // a TIFF header: byte order, 42, offset of the first directory
    bool big = data[0] == 'M';
    auto u16 = [&](size_t i) {
      return big ? data[i] << 8 | data[i + 1] : data[i + 1] << 8 | data[i];
    };
    auto u32 = [&](size_t i) {
      return big ? uint32_t(u16(i)) << 16 | uint32_t(u16(i + 2))
                 : uint32_t(u16(i + 2)) << 16 | uint32_t(u16(i));
    };
    size_t directory = u32(4);
    if (directory > size - 2)
      return 1;
    size_t entries = size_t(u16(directory));
    for (size_t i = 0, entry = directory + 2; i < entries && entry + 12 <= size; ++i, entry += 12)
      if (u16(entry) == 0x0112) {
        int value = u16(entry + 8);
        return value >= 1 && value <= 8 ? value : 1;
      }
  }
  return 1;
}

static bool decodeJpeg(JpegErrors &errors, const std::vector<uint8_t> &bytes, Image &image,
                       int &orientation) {
  jpeg_decompress_struct jpeg;
  jpeg.err = &errors.manager;
  std::memset(&jpeg.global_state, 0, sizeof(jpeg.global_state));
  jpeg.mem = nullptr;
  if (setjmp(errors.escape)) {
    jpeg_destroy_decompress(&jpeg);
    return false;
  }
  jpeg_create_decompress(&jpeg);
  jpeg_save_markers(&jpeg, JPEG_APP0 + 1, 0xffff);
  jpeg_mem_src(&jpeg, bytes.data(), static_cast<unsigned long>(bytes.size()));
  jpeg_read_header(&jpeg, TRUE);
  if (const char *why = sizeError(jpeg.image_width, jpeg.image_height))
    fail(errors, why);
  if (jpeg.jpeg_color_space == JCS_CMYK || jpeg.jpeg_color_space == JCS_YCCK)
    fail(errors, "the picture is in CMYK; convert it to RGB");
  orientation = exifOrientation(jpeg);
  jpeg.out_color_space = jpeg.jpeg_color_space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(&jpeg);
  image = Image(int(jpeg.output_width), int(jpeg.output_height), jpeg.output_components);
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = image.row(int(jpeg.output_scanline));
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);
  jpeg_destroy_decompress(&jpeg);
  return true;
}

static bool encodeJpeg(JpegErrors &errors, const Image &image, unsigned char *&data,
                       unsigned long &size) {
  jpeg_compress_struct jpeg;
  jpeg.err = &errors.manager;
  jpeg.mem = nullptr;
  if (setjmp(errors.escape)) {
    jpeg_destroy_compress(&jpeg);
    return false;
  }
  jpeg_create_compress(&jpeg);
  jpeg_mem_dest(&jpeg, &data, &size);
  jpeg.image_width = JDIMENSION(image.width);
  jpeg.image_height = JDIMENSION(image.height);
  jpeg.input_components = image.channels;
  jpeg.in_color_space = image.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 95, TRUE);
  jpeg.comp_info[0].h_samp_factor = jpeg.comp_info[0].v_samp_factor = 1;
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    JSAMPROW row = const_cast<JSAMPROW>(image.row(int(jpeg.next_scanline)));
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  return true;
}

/// Turns and mirrors as an Exif orientation asks: 2..4 keep the axes, 5..8 exchange them.
static Image orient(const Image &image, int orientation) {
  if (orientation == 1)
    return image;
  bool swap = orientation >= 5;
  bool flipX = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  bool flipY = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image result(swap ? image.height : image.width, swap ? image.width : image.height,
               image.channels);
  for (int y = 0; y < result.height; ++y)
    for (int x = 0; x < result.width; ++x) {
      int sx = swap ? y : x, sy = swap ? x : y;
      sx = flipX ? image.width - 1 - sx : sx;
      sy = flipY ? image.height - 1 - sy : sy;
      std::copy_n(image.row(sy) + size_t(sx) * image.channels, image.channels,
                  result.row(y) + size_t(x) * image.channels);
    }
  return result;
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

Image srcc::imaging::loadImage(const std::string &path) {
  std::vector<uint8_t> bytes = readFile(path);
  Image image;
  if (bytes.size() >= 8 && png_sig_cmp(bytes.data(), 0, 8) == 0) {
    PngStream stream{bytes.data(), bytes.data() + bytes.size(), nullptr, ""};
    std::vector<png_bytep> rows;
    if (!decodePng(stream, image, rows))
      fail(path, std::string("cannot be decoded as PNG: ") + stream.message);
    return image;
  }
  if (bytes.size() >= 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff) {
    JpegErrors errors;
    initialize(errors);
    int orientation = 1;
    if (!decodeJpeg(errors, bytes, image, orientation))
      fail(path, std::string("cannot be decoded as JPEG: ") + errors.message);
    return orient(image, orientation);
  }
  fail(path, bytes.empty() ? "is empty" : "is neither a PNG nor a JPEG file");
}

static std::string lowerExtension(const std::string &path) {
  std::string extension = std::filesystem::path(path).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return char(std::tolower(c)); });
  return extension;
}

bool srcc::imaging::hasImageExtension(const std::string &path) {
  std::string extension = lowerExtension(path);
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

void srcc::imaging::savePng(const Image &image, const std::string &path) {
  AtomicFile file(path);
  std::vector<uint8_t> bytes;
  PngStream stream{nullptr, nullptr, &bytes, ""};
  if (!encodePng(stream, image))
    fail(path, std::string("cannot be encoded as PNG: ") + stream.message);
  file.write(bytes.data(), bytes.size());
  file.commit();
}

static void saveJpeg(const Image &image, const std::string &path) {
  if (image.hasAlpha())
    return saveJpeg(channelRange(image, 0, image.colors()), path);
  AtomicFile file(path);
  JpegErrors errors;
  initialize(errors);
  unsigned char *data = nullptr;
  unsigned long size = 0;
  bool done = encodeJpeg(errors, image, data, size);
  std::vector<uint8_t> bytes(data, data + (done ? size : 0));
  std::free(data);
  if (!done)
    fail(path, std::string("cannot be encoded as JPEG: ") + errors.message);
  file.write(bytes.data(), bytes.size());
  file.commit();
}

void srcc::imaging::saveImage(const Image &image, const std::string &path) {
  std::string extension = lowerExtension(path);
  if (extension == ".png")
    return savePng(image, path);
  if (extension == ".jpg" || extension == ".jpeg")
    return saveJpeg(image, path);
  fail(path, "pictures are written as .png, .jpg or .jpeg, but the name ends otherwise");
}

//===----------------------------------------------------------------------===//
// Pixels
//===----------------------------------------------------------------------===//

Image srcc::imaging::toRgb(const Image &image) {
  if (image.channels == 3)
    return image;
  Image result(image.width, image.height, 3);
  int step = image.colors() == 3 ? 1 : 0;
  const uint8_t *from = image.pixels.data();
  for (uint8_t *to = result.pixels.data(), *end = to + result.pixels.size(); to != end;
       to += 3, from += image.channels)
    to[0] = from[0], to[1] = from[step], to[2] = from[2 * step];
  return result;
}

Image srcc::imaging::channelRange(const Image &image, int first, int count) {
  Image result(image.width, image.height, count);
  const uint8_t *from = image.pixels.data() + first;
  for (uint8_t *to = result.pixels.data(), *end = to + result.pixels.size(); to != end;
       to += count, from += image.channels)
    std::copy_n(from, count, to);
  return result;
}

Image srcc::imaging::crop(const Image &image, int x, int y, int width, int height) {
  Image result(width, height, image.channels);
  for (int i = 0; i < height; ++i)
    std::copy_n(image.row(y + i) + size_t(x) * image.channels, size_t(width) * image.channels,
                result.row(i));
  return result;
}
