//===- nearest-package.cpp - Writes a package that repeats pixels ---------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// nearest-package OUT.srp SCALE rgb|bgr|y [GAIN]: every pixel becomes SCALE x SCALE pixels of GAIN
// times its value (0..1).
#include "test/runtime/PackageBuilder.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>

using namespace srcc;

int main(int argc, char **argv) {
  if (argc < 4)
    return 1;
  std::string color = argv[3];
  auto code = color == "y"     ? format::Color::Y
              : color == "bgr" ? format::Color::BGR
                               : format::Color::RGB;
  size_t channels = color == "y" ? 1 : 3;
  float gain = argc > 4 ? std::strtof(argv[4], nullptr) : 1;
  std::vector<uint8_t> file =
      test::nearestModel(std::atoi(argv[2]), code, 0, 1, std::vector<float>(channels, gain),
                         std::vector<float>(channels, 0), color == "rgb")
          .file();
  std::ofstream out(argv[1], std::ios::binary);
  out.write(reinterpret_cast<const char *>(file.data()), std::streamsize(file.size()));
  return out.flush() ? 0 : 1;
}
