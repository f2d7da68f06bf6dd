//===- ImageTest.cpp - Picture files, sound and hostile -------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "runtime/imaging/Image.h"
#include "runtime/imaging/AtomicFile.h"
#include "test/runtime/imaging/TestData.h"

#include <fstream>
#include <gtest/gtest.h>
#include <png.h>
#include <stdexcept>

using namespace srcc::imaging;

namespace {
class ImageFile : public ::testing::Test {
protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "srcc-image-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::string path(const std::string &name) const { return folder + "/" + name; }

  std::string read(const std::string &name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string &name, const std::string &content) const {
    std::ofstream(path(name), std::ios::binary) << content;
  }

  /// Loading must fail with an error that names the file and holds the text.
  void expectError(const std::string &name, const std::string &text) const {
    try {
      loadImage(path(name));
      ADD_FAILURE() << name << " was accepted";
    } catch (const std::runtime_error &error) {
      std::string message = error.what();
      EXPECT_EQ(message.find(path(name) + ": "), 0u) << message;
      EXPECT_NE(message.find(text), std::string::npos) << message;
    }
  }

  std::string folder;
};
} // namespace

static Image noise(int width, int height, int channels) {
  Image image(width, height, channels);
  uint32_t state = 12345;
  for (uint8_t &value : image.pixels)
    value = uint8_t((state = state * 1664525 + 1013904223) >> 24);
  return image;
}

TEST_F(ImageFile, PngRoundTrip) {
  for (int channels : {1, 2, 3, 4}) {
    Image image = noise(5, 7, channels);
    saveImage(image, path("a.PNG"));
    Image loaded = loadImage(path("a.PNG"));
    EXPECT_EQ(loaded.width, 5);
    EXPECT_EQ(loaded.height, 7);
    EXPECT_EQ(loaded.channels, channels);
    EXPECT_EQ(loaded.pixels, image.pixels);
  }
}

TEST_F(ImageFile, JpegKeepsSmoothPictures) {
  for (int channels : {1, 3, 4}) {
    Image image(33, 17, channels);
    for (int y = 0; y < 17; ++y)
      for (int x = 0; x < 33; ++x)
        for (int c = 0; c < channels; ++c)
          image.row(y)[x * channels + c] = uint8_t(40 * c + 3 * x + 2 * y);
    saveImage(image, path("a.jpg"));
    Image loaded = loadImage(path("a.jpg"));
    ASSERT_EQ(loaded.width, 33);
    ASSERT_EQ(loaded.height, 17);
    ASSERT_EQ(loaded.channels, image.colors());
    for (int y = 0; y < 17; ++y)
      for (int x = 0; x < 33; ++x)
        for (int c = 0; c < loaded.channels; ++c)
          EXPECT_NEAR(loaded.at(y, x, c), image.at(y, x, c), 4);
  }
}

/// Writes a PNG of any kind row by row.
static void writePng(const std::string &path, int width, int height, int depth, int type,
                     const std::vector<std::vector<uint8_t>> &rows, int interlace,
                     const std::vector<png_color> &palette, const std::vector<uint8_t> &alpha) {
  FILE *file = std::fopen(path.c_str(), "wb");
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_init_io(png, file);
  png_set_IHDR(png, info, png_uint_32(width), png_uint_32(height), depth, type, interlace, 0, 0);
  if (!palette.empty())
    png_set_PLTE(png, info, palette.data(), int(palette.size()));
  if (!alpha.empty())
    png_set_tRNS(png, info, alpha.data(), int(alpha.size()), nullptr);
  png_write_info(png, info);
  std::vector<png_bytep> pointers;
  for (const auto &row : rows)
    pointers.push_back(const_cast<png_bytep>(row.data()));
  png_write_image(png, pointers.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  std::fclose(file);
}

TEST_F(ImageFile, PngPaletteWithAlpha) {
  writePng(path("a.png"), 3, 1, 8, PNG_COLOR_TYPE_PALETTE, {{1, 0, 1}}, PNG_INTERLACE_NONE,
           {{1, 2, 3}, {250, 128, 7}}, {99, 255});
  Image image = loadImage(path("a.png"));
  ASSERT_EQ(image.channels, 4);
  EXPECT_EQ(image.pixels, (std::vector<uint8_t>{250, 128, 7, 255, 1, 2, 3, 99, 250, 128, 7, 255}));
}

TEST_F(ImageFile, PngOneBitGray) {
  writePng(path("a.png"), 5, 2, 1, PNG_COLOR_TYPE_GRAY, {{0b10110000}, {0b01000000}},
           PNG_INTERLACE_NONE, {}, {});
  Image image = loadImage(path("a.png"));
  ASSERT_EQ(image.channels, 1);
  EXPECT_EQ(image.pixels, (std::vector<uint8_t>{255, 0, 255, 255, 0, 0, 255, 0, 0, 0}));
}

TEST_F(ImageFile, PngSixteenBitIsRounded) {
  // 0x00ff / 257 = 0.99, 0x80ff / 257 = 128.49, 0x7f80 / 257 = 127.0
  writePng(path("a.png"), 1, 1, 16, PNG_COLOR_TYPE_RGB, {{0x00, 0xff, 0x80, 0xff, 0x7f, 0x80}},
           PNG_INTERLACE_NONE, {}, {});
  EXPECT_EQ(loadImage(path("a.png")).pixels, (std::vector<uint8_t>{1, 128, 127}));
}

TEST_F(ImageFile, PngInterlaced) {
  Image image = noise(11, 9, 3);
  std::vector<std::vector<uint8_t>> rows;
  for (int y = 0; y < 9; ++y)
    rows.emplace_back(image.row(y), image.row(y) + 33);
  writePng(path("a.png"), 11, 9, 8, PNG_COLOR_TYPE_RGB, rows, PNG_INTERLACE_ADAM7, {}, {});
  EXPECT_EQ(loadImage(path("a.png")).pixels, image.pixels);
}

TEST_F(ImageFile, TruncatedPngIsRefusedAtEveryLength) {
  saveImage(noise(6, 6, 3), path("whole.png"));
  std::string whole = read("whole.png");
  for (size_t size = 8; size < whole.size(); ++size) {
    write("cut.png", whole.substr(0, size));
    expectError("cut.png", "cannot be decoded as PNG");
  }
}

TEST_F(ImageFile, FlippedBitsInPngAreFound) {
  saveImage(noise(6, 6, 3), path("whole.png"));
  std::string whole = read("whole.png");
  for (size_t i = 8; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = char(damaged[i] ^ 0x10);
    write("damaged.png", damaged);
    EXPECT_THROW(loadImage(path("damaged.png")), std::runtime_error) << "byte " << i;
  }
}

TEST_F(ImageFile, TruncatedJpegIsRefused) {
  saveImage(noise(40, 40, 3), path("whole.jpg"));
  std::string whole = read("whole.jpg");
  for (size_t size = 3; size < whole.size() - 2; size += 7) {
    write("cut.jpg", whole.substr(0, size));
    expectError("cut.jpg", "cannot be decoded as JPEG");
  }
}

TEST_F(ImageFile, DamagedJpegNeverCrashes) {
  saveImage(noise(24, 24, 3), path("whole.jpg"));
  std::string whole = read("whole.jpg");
  for (size_t i = 3; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = char(damaged[i] ^ 0xff);
    write("damaged.jpg", damaged);
    try {
      Image image = loadImage(path("damaged.jpg"));
      EXPECT_EQ(image.pixels.size(), size_t(image.width) * image.height * image.channels);
    } catch (const std::runtime_error &) {
    }
  }
}

/// A PNG up to where its pixels would begin.
static std::string pngHeader(uint32_t width, uint32_t height) {
  std::string chunk = "IHDR";
  for (uint32_t value : {width, height})
    for (int shift : {24, 16, 8, 0})
      chunk += char(value >> shift);
  chunk += std::string("\x08\x02\x00\x00\x00", 5);
  uint32_t crc = 0xffffffff;
  for (unsigned char byte : chunk) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  std::string file("\x89PNG\r\n\x1a\n\0\0\0\x0d", 12);
  file += chunk;
  for (int shift : {24, 16, 8, 0})
    file += char(~crc >> shift);
  return file + std::string("\0\0\0\x10IDAT", 8);
}

TEST_F(ImageFile, ForgedSizesAreRefused) {
  write("huge.png", pngHeader(0x7fffffff, 0x7fffffff));
  expectError("huge.png", "too large");
  write("large.png", pngHeader(1 << 15, (1 << 13) + 1));
  expectError("large.png", "too large");
  write("zero.png", pngHeader(0, 4));
  expectError("zero.png", "cannot be decoded as PNG");
}

TEST_F(ImageFile, OtherFilesAreRefused) {
  write("text.png", "hello");
  expectError("text.png", "neither a PNG nor a JPEG");
  write("empty.png", "");
  expectError("empty.png", "is empty");
  expectError("missing.png", "No such file");
  expectError(".", "is a folder");
}

/// Three pixels by two: the first is bright. Orientation 6 means: turn clockwise to view.
TEST_F(ImageFile, JpegOrientation) {
  Image image(24, 16, 1);
  for (int y = 0; y < 8; ++y)
    std::fill_n(image.row(y), 8, 255);
  saveImage(image, path("a.jpg"));
  std::string plain = read("a.jpg");
  struct Case {
    char orientation;
    int width, height, brightX, brightY;
  };
  for (Case c : {Case{1, 24, 16, 0, 0}, Case{2, 24, 16, 23, 0}, Case{3, 24, 16, 23, 15},
                 Case{4, 24, 16, 0, 15}, Case{5, 16, 24, 0, 0}, Case{6, 16, 24, 15, 0},
                 Case{7, 16, 24, 15, 23}, Case{8, 16, 24, 0, 23}}) {
    std::string exif("\xff\xe1\0\x22"
                     "Exif\0\0"
                     "MM\0\x2a\0\0\0\x08"
                     "\0\x01"
                     "\x01\x12\0\x03\0\0\0\x01\0",
                     4 + 6 + 8 + 2 + 9);
    exif += c.orientation;
    exif += std::string(6, 0);
    exif[3] = char(exif.size() - 2);
    write("turned.jpg", plain.substr(0, 2) + exif + plain.substr(2));
    Image turned = loadImage(path("turned.jpg"));
    ASSERT_EQ(turned.width, c.width) << int(c.orientation);
    ASSERT_EQ(turned.height, c.height) << int(c.orientation);
    for (int y : {0, c.height - 1})
      for (int x : {0, c.width - 1})
        EXPECT_EQ(turned.at(y, x, 0) > 128, x == c.brightX && y == c.brightY)
            << int(c.orientation) << ": " << x << ", " << y;
  }
}

TEST_F(ImageFile, NothingHalfWritten) {
  EXPECT_THROW(saveImage(noise(2, 2, 3), path("a.bmp")), std::runtime_error);
  EXPECT_THROW(saveImage(noise(2, 2, 3), path("missing/a.png")), std::runtime_error);
  std::filesystem::create_directory(path("folder.png"));
  EXPECT_THROW(saveImage(noise(2, 2, 3), path("folder.png")), std::runtime_error);
  EXPECT_THROW(savePng(noise(2, 2, 3), "/dev/null"), std::runtime_error);
  {
    write("kept", "before");
    AtomicFile file(path("kept"));
    file.write("after", 5);
  }
  EXPECT_EQ(read("kept"), "before");
  writeFile(path("kept"), "after");
  EXPECT_EQ(read("kept"), "after");
  EXPECT_EQ(filesIn(folder).size(), 2u); // folder.png, kept
}

TEST(Image, Channels) {
  Image image = noise(4, 3, 4);
  Image rgb = toRgb(image), alpha = channelRange(image, 3, 1);
  Image part = crop(image, 1, 2, 2, 1);
  EXPECT_EQ(rgb.at(2, 3, 1), image.at(2, 3, 1));
  EXPECT_EQ(alpha.at(2, 1, 0), image.at(2, 1, 3));
  ASSERT_EQ(part.pixels.size(), 8u);
  EXPECT_EQ(part.at(0, 1, 3), image.at(2, 2, 3));
  Image gray = noise(2, 1, 2);
  EXPECT_EQ(toRgb(gray).pixels,
            (std::vector<uint8_t>{gray.pixels[0], gray.pixels[0], gray.pixels[0], gray.pixels[2],
                                  gray.pixels[2], gray.pixels[2]}));
}
