//===- AtomicFile.h - Files that appear complete or not at all --*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_RUNTIME_IMAGING_ATOMICFILE_H
#define SRCC_RUNTIME_IMAGING_ATOMICFILE_H

#include <cstddef>
#include <string>

namespace srcc::imaging {

/// An output file under a temporary name in its folder. commit() renames it to its own name;
/// without that the destructor removes it, and what was there before stays. Errors:
/// std::runtime_error, "PATH: what is wrong". A folder or a device in the file's place is refused.
class AtomicFile {
public:
  explicit AtomicFile(const std::string &path);
  ~AtomicFile();
  AtomicFile(const AtomicFile &) = delete;
  AtomicFile &operator=(const AtomicFile &) = delete;

  /// The name to write to; the file exists and is empty.
  const std::string &temporary() const { return temporaryPath; }
  /// Appends bytes.
  void write(const void *data, size_t size);
  void commit();

private:
  std::string path, temporaryPath;
  int descriptor;
};

/// Writes a whole file, atomically.
void writeFile(const std::string &path, const std::string &content);

} // namespace srcc::imaging

#endif // SRCC_RUNTIME_IMAGING_ATOMICFILE_H
