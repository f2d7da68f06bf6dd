//===- TestData.h - The shared images, if they are there --------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_TEST_RUNTIME_IMAGING_TESTDATA_H
#define SRCC_TEST_RUNTIME_IMAGING_TESTDATA_H

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

/// The folder of test images named by SRCC_DATA, "" without it.
inline std::string imageFolder() {
  const char *data = std::getenv("SRCC_DATA");
  std::string folder = data && *data ? std::string(data) + "/images" : std::string();
  return std::filesystem::is_directory(folder) ? folder : std::string();
}

inline std::vector<std::filesystem::path> filesIn(const std::string &folder) {
  std::vector<std::filesystem::path> files;
  for (const auto &entry : std::filesystem::directory_iterator(folder))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

#define REQUIRE_IMAGES(folder)                                                                     \
  std::string folder = imageFolder();                                                              \
  if (folder.empty())                                                                              \
  GTEST_SKIP() << "no test images: set SRCC_DATA"

#endif // SRCC_TEST_RUNTIME_IMAGING_TESTDATA_H
