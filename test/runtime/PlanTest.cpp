//===- PlanTest.cpp - Sizes, limits and the sharing of memory
//----------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#include "runtime/Plan.h"
#include "runtime/Status.h"
#include "test/runtime/PackageBuilder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <numeric>
#include <random>

using namespace srcc;
using namespace srcc::runtime;
using namespace srcc::test;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

const Limits roomy{uint64_t(1) << 40, uint64_t(1) << 42, {4096, 4096, 4096}};

struct Opened {
  explicit Opened(const PackageBuilder &builder)
      : file(builder.file()), package(Package::fromMemory(file.data(), file.size(), "p")) {}
  std::vector<uint8_t> file;
  Package package;
};

std::string refusal(const PackageBuilder &builder, int height, int width,
                    const Limits &limits = roomy, srrt_status expected = SRRT_TOO_LARGE) {
  Opened opened(builder);
  try {
    Plan plan(opened.package, height, width, limits);
  } catch (const Failure &failure) {
    EXPECT_EQ(failure.status, expected) << failure.what();
    return failure.what();
  }
  return "";
}

TEST(Slots, ChainTakesTwo) {
  std::vector<uint64_t> slots;
  EXPECT_THAT(shareSlots({{10, 0, 1}, {10, 1, 2}, {10, 2, 3}, {10, 3, 4}}, slots),
              ElementsAre(0, 1, 0, 1));
  EXPECT_THAT(slots, ElementsAre(10, 10));
}

TEST(Slots, LongLivedKeepsItsOwn) {
  std::vector<uint64_t> slots;
  shareSlots({{10, 0, 4}, {10, 1, 2}, {10, 2, 3}, {10, 3, 4}}, slots);
  EXPECT_THAT(slots, ElementsAre(10, 10, 10));
}

TEST(Slots, SmallOneTakesTheSmallestFreeSlot) {
  std::vector<uint64_t> slots;
  EXPECT_THAT(shareSlots({{100, 0, 1}, {20, 0, 1}, {15, 2, 3}}, slots), ElementsAre(0, 1, 1));
  EXPECT_THAT(slots, ElementsAre(100, 20));
}

/// A chain: never more than two live at once. Largest first gives 12 and an 11 the first slot, the
/// other 11 the second, and leaves 9, between them, none.
TEST(Slots, NearlyEqualOnesTakeNoMoreThanAreAlive) {
  std::vector<uint64_t> slots;
  EXPECT_THAT(shareSlots({{11, 0, 1}, {11, 1, 2}, {9, 2, 3}, {12, 3, 4}}, slots),
              ElementsAre(1, 0, 1, 0));
  EXPECT_THAT(slots, ElementsAre(12, 11));
}

/// A small one that is used beside the chain, and grows, does not take the place of a large one.
TEST(Slots, LargerOfOneStepChoosesFirst) {
  std::vector<uint64_t> slots;
  shareSlots({{90, 0, 1}, {10, 1, 1}, {80, 1, 2}, {11, 2, 2}, {85, 2, 3}, {12, 3, 3}, {90, 3, 4}},
             slots);
  EXPECT_THAT(slots, ElementsAre(90, 90, 12));
}

TEST(Slots, RandomLifetimesNeverOverlapAndFit) {
  const unsigned seed = 7;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 300; ++round) {
    std::vector<Lifetime> lives(random() % 30);
    for (Lifetime &life : lives) {
      life.first = int(random() % 40);
      life.last = life.first + int(random() % 10);
      life.bytes = random() % 1000;
    }
    std::vector<uint64_t> slots;
    std::vector<int> slotOf = shareSlots(lives, slots);
    uint64_t apart = 0;
    for (size_t i = 0; i < lives.size(); ++i) {
      apart += lives[i].bytes;
      ASSERT_LE(lives[i].bytes, slots.at(slotOf[i]));
      for (size_t j = 0; j < i; ++j)
        ASSERT_TRUE(slotOf[i] != slotOf[j] || lives[i].last < lives[j].first ||
                    lives[j].last < lives[i].first);
    }
    ASSERT_LE(std::accumulate(slots.begin(), slots.end(), uint64_t(0)), apart);
    ASSERT_TRUE(std::is_sorted(slots.rbegin(), slots.rend()));
  }
}

TEST(Plan, SizesFollowTheExpressions) {
  Opened opened(nearestModel(3, format::Color::RGB, 0, 1, {1, 1, 1}, {0, 0, 0}));
  Plan plan(opened.package, 7, 5, roomy);
  const Plan::Launch &launch = plan.launches.at(0);
  EXPECT_EQ(launch.dimensions, 2u);
  EXPECT_THAT(launch.global, ElementsAre(16, 24, 1)); // 15 x 21 in groups of 8 x 4
  EXPECT_THAT(launch.local, ElementsAre(8, 4, 1));
  EXPECT_EQ(launch.macs, 3 * 9 * 35);
  EXPECT_THAT(plan.bytes, ElementsAre(12, 12, 3 * 35 * 4, 27 * 35 * 4));
}

TEST(Plan, ChainSharesMemory) {
  Opened opened(chainModel(6));
  Plan plan(opened.package, 10, 20, roomy);
  EXPECT_EQ(plan.slots.at(0).apart, 5u * 2400);
  EXPECT_THAT(plan.slots.at(0).bytes, ElementsAre(2400, 2400));
}

TEST(Plan, EmptyLaunchIsAllowed) {
  PackageBuilder builder = chainModel(2);
  builder.package.launches[0]->blocks[0] = floorDiv(width(), 16).make();
  Opened opened(builder);
  EXPECT_TRUE(Plan(opened.package, 3, 15, roomy).launches[0].empty);
  EXPECT_FALSE(Plan(opened.package, 3, 16, roomy).launches[0].empty);
}

TEST(Plan, Limits) {
  PackageBuilder chain = chainModel(2);
  EXPECT_THAT(refusal(chain, 100, 100, {119999, 1 << 30, {64}}), HasSubstr("120000 bytes"));
  EXPECT_EQ(refusal(chain, 100, 100, {120000, 1 << 30, {64}}), "");
  EXPECT_THAT(refusal(chain, 100, 100, {120000, 359999, {64}}), HasSubstr("360000 bytes"));
  EXPECT_EQ(refusal(chain, 100, 100, {120000, 360000, {64}}), "");
  EXPECT_THAT(refusal(chain, 1, 1, {120000, 1 << 30, {63}}), HasSubstr("64 work-items"));
  EXPECT_THAT(refusal(chain, 30000, 30000), HasSubstr("32-bit indexes"));
  PackageBuilder large = nearestModel(4, format::Color::Y, 0, 1, {1}, {0});
  EXPECT_THAT(refusal(large, 1, 1 << 30), HasSubstr("2^31 - 1 pixels"));
  EXPECT_THAT(refusal(large, 1 << 28, 1 << 28), HasSubstr("32-bit indexes"));
}

TEST(Plan, HugeLaunch) {
  PackageBuilder builder = chainModel(2);
  builder.package.launches[0]->blocks[0] = Size(int64_t(1) << 60).make();
  EXPECT_THAT(refusal(builder, 1, 1), HasSubstr("2^31 - 1 work-items"));
  builder.package.launches[0]->blocks[0] = (Size(int64_t(1) << 60) * height()).make();
  EXPECT_THAT(refusal(builder, 100, 1), HasSubstr("64 bits"));
}

} // namespace
