//===- ProgramCacheTest.cpp - The program cache's files
//----------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#include "runtime/ProgramCache.h"
#include "test/runtime/Fixture.h"

#include <thread>

using namespace srcc::runtime;
using namespace srcc::test;
using Result = ProgramCache::Result;

namespace {

class ProgramCacheTest : public FolderTest {
protected:
  std::vector<uint8_t> binary = {1, 2, 3, 4, 5}, read;
};

TEST_F(ProgramCacheTest, StoresAndLoads) {
  ProgramCache cache(folder + "/a/b");
  std::string name = ProgramCache::entryName({"device", "source"});
  EXPECT_EQ(cache.load(name, read), Result::Missing);
  EXPECT_TRUE(cache.store(name, binary));
  EXPECT_EQ(cache.load(name, read), Result::Found);
  EXPECT_EQ(read, binary);
  // Nothing but the entry is left.
  size_t files = 0;
  for (auto &entry : std::filesystem::directory_iterator(folder + "/a/b"))
    files += entry.is_regular_file();
  EXPECT_EQ(files, 1u);
}

TEST_F(ProgramCacheTest, NamesTellPartsApart) {
  EXPECT_NE(ProgramCache::entryName({"ab", "c"}), ProgramCache::entryName({"a", "bc"}));
  EXPECT_NE(ProgramCache::entryName({"a"}), ProgramCache::entryName({"a", ""}));
  EXPECT_EQ(ProgramCache::entryName({"a", "b"}), ProgramCache::entryName({"a", "b"}));
}

TEST_F(ProgramCacheTest, DamageIsNoticed) {
  ProgramCache cache(folder);
  std::string name = ProgramCache::entryName({"x"}), path = folder + "/" + name;
  ASSERT_TRUE(cache.store(name, binary));
  std::vector<uint8_t> good = readFile(path);
  for (size_t i = 0; i < good.size(); ++i) {
    std::vector<uint8_t> bad = good;
    bad[i] ^= 0x10;
    writeFile(path, bad);
    EXPECT_EQ(cache.load(name, read), Result::Damaged) << i;
    writeFile(path, {good.begin(), good.begin() + i});
    EXPECT_EQ(cache.load(name, read), Result::Damaged) << i;
  }
  // An entry under another's name.
  std::string other = ProgramCache::entryName({"y"});
  writeFile(folder + "/" + other, good);
  EXPECT_EQ(cache.load(other, read), Result::Damaged);
}

TEST_F(ProgramCacheTest, UnwritableFolder) {
  writeFile(folder + "/file", {1});
  ProgramCache cache(folder + "/file/cache");
  EXPECT_FALSE(cache.store("name", binary));
  EXPECT_EQ(cache.load("name", read), Result::Missing);
}

TEST_F(ProgramCacheTest, NoFolder) {
  ProgramCache cache("");
  EXPECT_FALSE(cache.store("name", binary));
  EXPECT_EQ(cache.load("name", read), Result::Missing);
}

TEST_F(ProgramCacheTest, ManyWritersOneEntry) {
  ProgramCache cache(folder);
  std::vector<uint8_t> large(100000, 42);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      std::vector<uint8_t> seen;
      for (int i = 0; i < 20; ++i) {
        EXPECT_TRUE(cache.store("name", large));
        EXPECT_EQ(cache.load("name", seen), Result::Found);
        EXPECT_EQ(seen, large);
      }
    });
  for (std::thread &thread : threads)
    thread.join();
}

TEST_F(ProgramCacheTest, DefaultFolder) {
  setenv("XDG_CACHE_HOME", "/x", 1);
  EXPECT_EQ(ProgramCache::defaultFolder(), "/x/srcc");
  setenv("HOME", "/h", 1);
  setenv("XDG_CACHE_HOME", "relative", 1); // to be ignored by the XDG specification
  EXPECT_EQ(ProgramCache::defaultFolder(), "/h/.cache/srcc");
  unsetenv("XDG_CACHE_HOME");
  EXPECT_EQ(ProgramCache::defaultFolder(), "/h/.cache/srcc");
  unsetenv("HOME");
  EXPECT_EQ(ProgramCache::defaultFolder(), "");
}

} // namespace
