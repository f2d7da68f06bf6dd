//===- ProgramCache.cpp - Compiled programs on disk -------------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#include "runtime/ProgramCache.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace srcc::runtime {

namespace fs = std::filesystem;

namespace {

struct Header {
  char magic[4];
  uint32_t reserved;
  char key[32]; // the entry's name
  uint64_t checksum;
};
static_assert(sizeof(Header) == 48);

Header makeHeader(const std::string &entry, const std::vector<uint8_t> &binary) {
  Header header{{'S', 'R', 'C', '1'}, 0, {}, XXH64(binary.data(), binary.size(), 0)};
  std::memcpy(header.key, entry.data(), std::min(entry.size(), sizeof header.key));
  return header;
}

} // namespace

std::string ProgramCache::defaultFolder() {
  if (const char *base = std::getenv("XDG_CACHE_HOME"); base && *base == '/')
    return std::string(base) + "/srcc";
  if (const char *home = std::getenv("HOME"); home && *home)
    return std::string(home) + "/.cache/srcc";
  return "";
}

std::string ProgramCache::entryName(const std::vector<std::string_view> &parts) {
  // Lengths go in as well, so that no two lists of parts read the same.
  std::string all;
  for (std::string_view part : parts) {
    uint64_t length = part.size();
    all.append(reinterpret_cast<const char *>(&length), sizeof length);
    all.append(part);
  }
  XXH128_hash_t hash = XXH3_128bits(all.data(), all.size());
  char name[33];
  std::snprintf(name, sizeof name, "%016llx%016llx", (unsigned long long)hash.high64,
                (unsigned long long)hash.low64);
  return name;
}

ProgramCache::Result ProgramCache::load(const std::string &entry,
                                        std::vector<uint8_t> &binary) const {
  if (folderName.empty())
    return Result::Missing;
  std::ifstream file(folderName + "/" + entry, std::ios::binary | std::ios::ate);
  if (!file)
    return Result::Missing;
  std::streamoff size = file.tellg();
  Header header;
  if (size <= std::streamoff(sizeof header))
    return Result::Damaged;
  binary.resize(size_t(size) - sizeof header);
  file.seekg(0);
  file.read(reinterpret_cast<char *>(&header), sizeof header);
  file.read(reinterpret_cast<char *>(binary.data()), std::streamsize(binary.size()));
  Header expected = makeHeader(entry, binary);
  if (!file || std::memcmp(&header, &expected, sizeof header) != 0)
    return Result::Damaged;
  return Result::Found;
}

bool ProgramCache::store(const std::string &entry, const std::vector<uint8_t> &binary) const {
  if (folderName.empty() || binary.empty())
    return false;
  static std::atomic<unsigned> count{0};
  std::error_code error;
  fs::create_directories(folderName, error);
  std::string target = folderName + "/" + entry;
  std::string temporary =
      target + "." + std::to_string(getpid()) + "." + std::to_string(count++) + ".tmp";
  Header header = makeHeader(entry, binary);
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char *>(&header), sizeof header);
    file.write(reinterpret_cast<const char *>(binary.data()), std::streamsize(binary.size()));
    file.close();
    if (file) {
      fs::rename(temporary, target, error);
      if (!error)
        return true;
    }
  }
  fs::remove(temporary, error);
  return false;
}

} // namespace srcc::runtime
