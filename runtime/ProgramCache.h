//===- ProgramCache.h - Compiled programs on disk ---------------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#ifndef SRCC_RUNTIME_PROGRAMCACHE_H
#define SRCC_RUNTIME_PROGRAMCACHE_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace srcc::runtime {

/// A folder with one file per compiled program. Entries are written to a temporary file and
/// renamed, so that several processes may share a folder. No function fails: a cache that does not
/// work costs time only.
///
/// Entry: "SRC1", u32 0, the name (32 bytes), u64 XXH64 of the binary, the binary; little-endian.
class ProgramCache {
public:
  enum class Result { Missing, Damaged, Found };

  /// Empty: no cache. The folder is created by the first store.
  explicit ProgramCache(std::string folder) : folderName(std::move(folder)) {}

  /// $XDG_CACHE_HOME/srcc, else ~/.cache/srcc, else empty.
  static std::string defaultFolder();

  const std::string &folder() const { return folderName; }

  /// The entry's name for a program: a hash over everything that decides about its binary (device
  /// and driver names and versions, source, build options).
  static std::string entryName(const std::vector<std::string_view> &parts);

  /// Reads an entry. Damaged: cut off, altered, or written for another key.
  Result load(const std::string &entry, std::vector<uint8_t> &binary) const;
  /// True if the entry was written.
  bool store(const std::string &entry, const std::vector<uint8_t> &binary) const;

private:
  std::string folderName;
};

} // namespace srcc::runtime

#endif // SRCC_RUNTIME_PROGRAMCACHE_H
