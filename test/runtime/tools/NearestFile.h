//===- NearestFile.h - A folder for a test, with a package in it -*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_TEST_RUNTIME_TOOLS_NEARESTFILE_H
#define SRCC_TEST_RUNTIME_TOOLS_NEARESTFILE_H

#include "runtime/srrt.hpp"
#include "test/runtime/PackageBuilder.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace srcc::test {

/// Tests of what needs a device; skipped where there is none.
class DeviceTest : public ::testing::Test {
protected:
  void SetUp() override {
    size_t devices = 0;
    if (srrt_list_devices(nullptr, nullptr, 0, &devices) != SRRT_OK || devices == 0)
      GTEST_SKIP() << "no OpenCL device";
    std::string name = (std::filesystem::temp_directory_path() / "srcc-tools-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder = name;
  }
  void TearDown() override {
    if (!folder.empty())
      std::filesystem::remove_all(folder);
  }
  std::string path(const std::string &name) const { return folder + "/" + name; }

  /// Writes a package that repeats pixels, times gain, and gives its path.
  std::string nearest(int scale, format::Color color, float low, float high,
                      std::vector<float> gain) const {
    std::vector<float> bias(gain.size(), 0);
    std::vector<uint8_t> file = nearestModel(scale, color, low, high, gain, bias, true).file();
    std::ofstream(path("model.srp"), std::ios::binary)
        .write(reinterpret_cast<const char *>(file.data()), std::streamsize(file.size()));
    return path("model.srp");
  }

  std::string folder;
};

} // namespace srcc::test

#endif // SRCC_TEST_RUNTIME_TOOLS_NEARESTFILE_H
