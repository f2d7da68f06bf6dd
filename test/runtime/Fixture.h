//===- Fixture.h - A folder and a device for each test
//-----------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#ifndef SRCC_TEST_RUNTIME_FIXTURE_H
#define SRCC_TEST_RUNTIME_FIXTURE_H

#include "runtime/srrt.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <unistd.h>
#include <vector>

namespace srcc::test {

/// A temporary folder, removed at the end.
class FolderTest : public testing::Test {
protected:
  FolderTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "srrt-test-XXXXXX").string();
    folder = mkdtemp(pattern.data());
  }
  ~FolderTest() override {
    std::error_code error;
    std::filesystem::remove_all(folder, error);
  }

  static void writeFile(const std::string &path, const std::vector<uint8_t> &bytes) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char *>(bytes.data()), std::streamsize(bytes.size()));
  }
  static std::vector<uint8_t> readFile(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string folder;
};

/// Also skips without an OpenCL device.
class DeviceTest : public FolderTest {
protected:
  void SetUp() override {
    size_t count = 0;
    if (srrt_list_devices(nullptr, nullptr, 0, &count) != SRRT_OK || count == 0)
      GTEST_SKIP() << "no OpenCL device: " << srrt_error();
  }
};

} // namespace srcc::test

#endif // SRCC_TEST_RUNTIME_FIXTURE_H
