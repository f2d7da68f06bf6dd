//===- StripsTest.cpp - Pictures that are computed strip by strip -----------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#include "runtime/Strips.h"
#include "runtime/Status.h"
#include "test/runtime/PackageBuilder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace srcc;
using namespace srcc::runtime;
using namespace srcc::test;
using testing::HasSubstr;

namespace {

const Limits roomy{uint64_t(1) << 40, uint64_t(1) << 42, {4096, 4096, 4096}};

/// A network of 3 intermediates whose output depends on so many pixels around.
PackageBuilder network(int halo, int alignment) {
  PackageBuilder builder = chainModel(4);
  builder.package.halo = halo;
  builder.package.alignment = alignment;
  return builder;
}

struct Opened {
  explicit Opened(const PackageBuilder &builder)
      : file(builder.file()), package(Package::fromMemory(file.data(), file.size(), "p")) {}
  StripPlan plan(int height, int width, MemoryLimit memory, const Limits &limits = roomy) {
    return planStrips(package, height, width, limits, memory);
  }
  std::string refusal(int height, int width, MemoryLimit memory, const Limits &limits = roomy) {
    try {
      plan(height, width, memory, limits);
    } catch (const Failure &failure) {
      EXPECT_EQ(failure.status, SRRT_TOO_LARGE) << failure.what();
      return failure.what();
    }
    return "";
  }
  std::vector<uint8_t> file;
  Package package;
};

TEST(Strips, WholeIfThereIsRoom) {
  Opened opened(network(2, 1));
  uint64_t memory = opened.plan(100, 10, {UINT64_MAX, true}).plan.memory;
  StripPlan plan = opened.plan(100, 10, {memory, true});
  EXPECT_EQ(plan.strips.count(), 1);
  EXPECT_EQ(plan.strips.window, 100);
  EXPECT_GT(opened.plan(100, 10, {memory - 1, true}).strips.count(), 1);
}

TEST(Strips, EveryRowOnceFromAWindowThatHoldsWhatItNeeds) {
  for (int alignment : {1, 2, 6})
    for (int halo : {0, 1, 5, 12})
      for (int height : {61, 96, 130, 517}) {
        Opened opened(network(halo, alignment));
        uint64_t whole = opened.plan(height, 10, {UINT64_MAX, true}).plan.memory;
        for (int percent : {95, 70, 50}) {
          uint64_t limit = whole * percent / 100;
          StripPlan plan = opened.plan(height, 10, {limit, false});
          const Strips &strips = plan.strips;
          SCOPED_TRACE(testing::Message() << "alignment " << alignment << " halo " << halo
                                          << " height " << height << " limit " << percent);
          EXPECT_EQ(plan.plan.height, strips.window);
          if (strips.count() == 1) {
            // Only where the smallest strips are too much.
            int unit = alignment,
                least = (2 * ((halo + unit - 1) / unit) + 1) * unit + height % unit;
            EXPECT_GT(uint64_t(least) * whole, limit * uint64_t(height));
            continue;
          }
          EXPECT_LE(plan.plan.memory, limit);
          int next = 0;
          for (int i = 0; i < strips.count(); ++i) {
            int begin = strips.begin(i), end = begin + strips.window;
            EXPECT_EQ(strips.from(i), next);
            EXPECT_GT(strips.to(i), next);
            next = strips.to(i);
            EXPECT_EQ(begin % alignment, 0);
            EXPECT_LE(begin, std::max(0, strips.from(i) - halo));
            EXPECT_GE(begin, 0);
            EXPECT_GE(end, std::min(height, strips.to(i) + halo));
            EXPECT_LE(end, height);
          }
          EXPECT_EQ(next, height);
        }
      }
}

TEST(Strips, WhereTheyCannotHelp) {
  Opened pooling(network(2, 0));
  EXPECT_EQ(pooling.plan(100, 10, {1000, false}).strips.count(), 1);
  EXPECT_THAT(pooling.refusal(100, 10, {1000, true}),
              HasSubstr("as a whole, on which its output depends, but the limit is 1000"));
  Opened wide(network(50, 1));
  EXPECT_EQ(wide.plan(100, 10, {1000, false}).strips.count(), 1);
  EXPECT_THAT(wide.refusal(100, 10, {1000, true}),
              HasSubstr("is too low for strips, but the limit is 1000"));
  EXPECT_THAT(wide.refusal(1000, 10, {1000, true}), HasSubstr("in the lowest strips, but"));
}

TEST(Strips, PicturesLargerThanTheDeviceAllows) {
  Limits small = roomy;
  small.maxAllocation = 20000;
  Opened opened(network(2, 1));
  StripPlan plan = opened.plan(1000, 10, {UINT64_MAX, false}, small);
  EXPECT_GT(plan.strips.count(), 1);
  for (uint64_t size : plan.plan.bytes)
    EXPECT_LE(size, 20000u);
  // Not even three rows.
  small.maxAllocation = 100;
  EXPECT_THAT(opened.refusal(1000, 10, {UINT64_MAX, false}, small), HasSubstr("buffer"));
}

} // namespace
