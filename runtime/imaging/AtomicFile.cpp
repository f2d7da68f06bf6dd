//===- AtomicFile.cpp - Files that appear complete or not at all ----------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "runtime/imaging/AtomicFile.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include <sys/stat.h>
#include <unistd.h>

using namespace srcc::imaging;

[[noreturn]] static void fail(const std::string &path, const std::string &why) {
  throw std::runtime_error(path + ": cannot be written: " + why);
}

AtomicFile::AtomicFile(const std::string &path) : path(path), temporaryPath(path + ".XXXXXX") {
  std::error_code error;
  auto status = std::filesystem::status(path, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    fail(path, std::filesystem::is_directory(status) ? "it is a folder" : "it is not a file");
  descriptor = mkstemp(temporaryPath.data());
  if (descriptor < 0)
    fail(path, std::strerror(errno));
  // mkstemp gives the owner alone access; an output file gets the usual rights.
  mode_t mask = umask(0);
  umask(mask);
  fchmod(descriptor, 0666 & ~mask);
}

AtomicFile::~AtomicFile() {
  if (descriptor < 0)
    return;
  close(descriptor);
  unlink(temporaryPath.c_str());
}

void AtomicFile::write(const void *data, size_t size) {
  for (const char *next = static_cast<const char *>(data); size;) {
    ssize_t done = ::write(descriptor, next, size);
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      fail(path, std::strerror(errno));
    next += done;
    size -= size_t(done);
  }
}

void AtomicFile::commit() {
  int result = close(descriptor);
  descriptor = -1;
  if (result == 0)
    result = std::rename(temporaryPath.c_str(), path.c_str());
  if (result == 0)
    return;
  int error = errno;
  unlink(temporaryPath.c_str());
  fail(path, std::strerror(error));
}

void srcc::imaging::writeFile(const std::string &path, const std::string &content) {
  AtomicFile file(path);
  file.write(content.data(), content.size());
  file.commit();
}
