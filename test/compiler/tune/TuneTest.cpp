//===- TuneTest.cpp - The tuner, its search and its records ---------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/cost/LayerList.h"
#include "compiler/cost/Memo.h"
#include "compiler/schedule/Passes.h"
#include "compiler/tools/Pipeline.h"
#include "compiler/tools/Registration.h"
#include "compiler/tune/Records.h"
#include "compiler/tune/Search.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

using namespace mlir;
using namespace srcc;
using namespace srcc::tune;
using sched::Knob;

namespace {

//===----------------------------------------------------------------------===//
// The search, without lowering
//===----------------------------------------------------------------------===//

/// Two equal kernels and another one, each with a tile; the first stage can be computed in the
/// third's kernel.
Trial trialOf(const sched::Choices &choices) {
  Trial trial;
  auto decide = [&](const char *of, Knob knob, int64_t rule, std::vector<int64_t> options,
                    const char *kernel) {
    auto chosen = choices.find({of, knob});
    int64_t value = chosen == choices.end() ? rule : chosen->second;
    trial.decisions.push_back({of, knob, value, rule, std::move(options), kernel});
    return value;
  };
  trial.choices = choices;
  for (const char *stage : {"a", "b"}) {
    std::string sum = std::string(stage) + ".sum";
    int64_t filters = decide(sum.c_str(), Knob::Filters, 4, {1, 2, 4, 8}, stage);
    int64_t step = decide((sum + "[1]").c_str(), Knob::Step, 1, {1, 2, 4}, stage);
    trial.kernels.push_back({stage, 0, 1, 10.0 / filters + step}); // best: 8, 1
  }
  int64_t layout = decide("c", Knob::Layout, 0, {0, 1}, "c");
  int64_t vectors = decide("c.sum", Knob::Vectors, 1, {1, 2, 3}, "c");
  trial.kernels.push_back({"c", 1, 2, layout ? double(vectors) : 5.0 - vectors});
  trial.total = 0.5;
  for (const KernelTime &kernel : trial.kernels)
    trial.total += kernel.ms;
  return trial;
}

sched::Choices merged(const Proposal &proposal) {
  sched::Choices choices = proposal.base;
  for (const sched::Choices &part : proposal.parts)
    for (auto &[what, value] : part)
      choices[what] = value;
  return choices;
}

TEST(Search, FindsTheBestOfASmallSpace) {
  Search search(1);
  search.learn(trialOf({}));
  for (int i = 0; i < 60; ++i)
    search.learn(trialOf(merged(search.propose())));
  const Structure &best = *search.structures().front();
  EXPECT_EQ(best.estimate(), 2 * (10.0 / 8 + 1) + 1 + 0.5);
  sched::Choices choices = best.ranked(0);
  EXPECT_EQ(choices.at({"a.sum", Knob::Filters}), 8);
  EXPECT_EQ(choices.at({"b.sum", Knob::Filters}), 8); // equal kernels stay equal
  EXPECT_EQ(choices.at({"b.sum[1]", Knob::Step}), 1);
  EXPECT_EQ(choices.at({"c", Knob::Layout}), 1);
  EXPECT_EQ(choices.at({"c.sum", Knob::Vectors}), 1);
}

TEST(Search, KernelsTrySomethingTogetherButStructuresOneByOne) {
  Search search(2);
  search.learn(trialOf({}));
  for (int i = 0; i < 40; ++i) {
    Proposal proposal = search.propose();
    for (const sched::Choices &part : proposal.parts) {
      bool layout = part.count({"c", Knob::Layout});
      EXPECT_TRUE(!layout || proposal.parts.size() == 1);
      if (auto a = part.find({"a.sum", Knob::Filters}); a != part.end())
        EXPECT_EQ(a->second, part.at({"b.sum", Knob::Filters}));
    }
    search.learn(trialOf(merged(proposal)));
  }
  EXPECT_EQ(search.structures().size(), 2u);
}

TEST(Search, FollowsFromTheSeed) {
  auto proposals = [](uint64_t seed) {
    Search search(seed);
    search.learn(trialOf({}));
    std::vector<sched::Choices> all;
    for (int i = 0; i < 10; ++i) {
      all.push_back(merged(search.propose()));
      search.learn(trialOf(all.back()));
    }
    return all;
  };
  EXPECT_EQ(proposals(3), proposals(3));
  EXPECT_NE(proposals(3), proposals(4));
}

//===----------------------------------------------------------------------===//
// Records
//===----------------------------------------------------------------------===//

std::string newFile(const char *name) {
  std::string path = testing::TempDir() + "/" + name;
  for (const char *suffix : {"", "-wal", "-shm"})
    llvm::sys::fs::remove(path + suffix);
  return path;
}

TEST(Records, KeepTrialsAndRounds) {
  std::string path = newFile("records.sqlite");
  Options options;
  Trial trial = trialOf({});
  trial.key = 7;
  {
    auto records = llvm::cantFail(Records::open(path));
    EXPECT_FALSE(llvm::cantFail(records->find(trial)));
    llvm::cantFail(records->store(trial, "net", "pocl-cpu", options));
    Trial refused;
    refused.key = 8;
    refused.error = "no";
    llvm::cantFail(records->store(refused, "net", "pocl-cpu", options));
    llvm::cantFail(records->store(Round{"d", "1", "today", {{7, 3, {1, 2}}, {8, 4, {4}}}}));
    llvm::cantFail(records->store(Round{"d", "1", "today", {{7, 5, {2, 3}}}}));
  }
  auto records = llvm::cantFail(Records::open(path));
  Trial found;
  found.key = 7;
  ASSERT_TRUE(llvm::cantFail(records->find(found)));
  EXPECT_EQ(found.total, trial.total);
  ASSERT_EQ(found.kernels.size(), 3u);
  EXPECT_EQ(found.kernels[2].stage, "c");
  EXPECT_EQ(found.kernels[2].kernel, 1);
  found.key = 8;
  ASSERT_TRUE(llvm::cantFail(records->find(found)));
  EXPECT_EQ(found.error, "no");
  EXPECT_EQ(llvm::cantFail(records->rounds({7}, "d", "1")).size(), 2u);
  auto both = llvm::cantFail(records->rounds({7, 8}, "d", "1"));
  ASSERT_EQ(both.size(), 1u);
  EXPECT_EQ(both[0].samples[1].kernels, std::vector<double>{4});
  // Of another driver nothing that was measured before counts.
  llvm::cantFail(records->store(Round{"d", "2", "today", {{7, 6, {3, 3}}}}));
  EXPECT_EQ(llvm::cantFail(records->rounds({7}, "d", "2")).size(), 1u);
}

TEST(Records, AScheduleWithoutItsKernelsIsTriedAgain) {
  std::string path = newFile("records.sqlite");
  auto records = llvm::cantFail(Records::open(path));
  Trial trial; // legal, so it had launches
  trial.key = 9;
  llvm::cantFail(records->store(trial, "net", "pocl-cpu", {}));
  EXPECT_FALSE(llvm::cantFail(records->find(trial)));
}

TEST(Records, AMemoIsNone) {
  std::string path = newFile("memo.sqlite");
  (void)llvm::cantFail(cost::Memo::open(path));
  EXPECT_EQ(llvm::toString(Records::open(path).takeError()),
            path + ": is a database of something else; name another file");
}

TEST(Records, TwoWritersAtOnce) {
  std::string path = newFile("writers.sqlite");
  auto write = [&](uint64_t first) {
    auto records = llvm::cantFail(Records::open(path));
    for (uint64_t key = first; key < first + 100; ++key) {
      Trial trial = trialOf({});
      trial.key = key;
      llvm::cantFail(records->store(trial, "net", "pocl-cpu", {}));
      llvm::cantFail(records->store(Round{"d", "1", "today", {{key, 1, {1, 2, 3}}}}));
    }
  };
  std::thread other([&] { write(50); });
  write(0);
  other.join();
  auto records = llvm::cantFail(Records::open(path));
  for (uint64_t key : {0, 60, 149}) {
    Trial trial;
    trial.key = key;
    EXPECT_TRUE(llvm::cantFail(records->find(trial)));
    EXPECT_EQ(trial.kernels.size(), 3u);
  }
  EXPECT_EQ(llvm::cantFail(records->rounds({60}, "d", "1")).size(), 2u);
}

//===----------------------------------------------------------------------===//
// Networks
//===----------------------------------------------------------------------===//

class Tune : public testing::Test {
protected:
  static DialectRegistry dialects() {
    DialectRegistry registry;
    registerDialects(registry);
    return registry;
  }
  Tune() : context(dialects()) {
    context.loadAllAvailableDialects();
    cost::LayerList list;
    for (int64_t out : {8, 8, 12}) {
      cost::LayerSpec spec;
      spec.name = "l" + std::to_string(list.layers.size());
      spec.out = out, spec.relu = true;
      list.layers.push_back(spec);
    }
    module = cost::buildNetwork(list, &context);
    EXPECT_TRUE(succeeded(simplifyModel(*module, "pocl-cpu")));
    PassManager pm(&context);
    pm.addPass(sched::createSRToSched());
    EXPECT_TRUE(succeeded(pm.run(*module)));
    options.height = 36;
    options.width = 64;
  }
  Result run(unsigned trials, uint64_t seed = 1, Records *records = nullptr) {
    options.trials = trials;
    options.seed = seed;
    return llvm::cantFail(tune::tune(*module, device, options, records));
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  Device device = llvm::cantFail(loadDevice("adreno650")); // its kernels are short
  Options options;
};

TEST_F(Tune, FollowsFromTheSeedAndIsNotSlower) {
  Result a = run(8), b = run(8);
  EXPECT_EQ(a.best.schedule, b.best.schedule);
  EXPECT_EQ(a.trials, b.trials);
  EXPECT_GE(a.trials, 8u);
  EXPECT_LE(a.best.total, a.rule.total);
  EXPECT_TRUE(module->getOps<sched::ScheduleOp>().empty());
}

TEST_F(Tune, GoesOnWhereItWas) {
  Result whole = run(8);
  auto records = llvm::cantFail(Records::open(newFile("resume.sqlite")));
  Result first = run(4, 1, records.get());
  EXPECT_EQ(first.fresh, first.trials);
  Result second = run(8, 1, records.get());
  EXPECT_LE(second.fresh, second.trials - 4);
  EXPECT_EQ(second.best.schedule, whole.best.schedule);
  Result third = run(8, 1, records.get());
  EXPECT_EQ(third.fresh, 0u);
  EXPECT_EQ(third.best.schedule, whole.best.schedule);
}

TEST_F(Tune, WhatIsNoOptionIsNotTaken) {
  sched::Choices choices{{{"l1.sum", Knob::Filters}, 7}};
  auto pipeline = *module->getOps<sched::PipelineOp>().begin();
  auto decisions = sched::addDefaultSchedule(pipeline, device, "f32", true, choices);
  for (const sched::Decision &d : decisions) {
    EXPECT_TRUE(llvm::is_contained(d.options, d.value)) << d.of;
    EXPECT_FALSE(d.kernel.empty());
  }
}

TEST_F(Tune, RandomChoicesDecideEverything) {
  options.seed = 5;
  sched::Choices choices = randomChoices(*module, device, options);
  EXPECT_EQ(choices, randomChoices(*module, device, options));
  options.seed = 6;
  EXPECT_NE(choices, randomChoices(*module, device, options));
  auto pipeline = *module->getOps<sched::PipelineOp>().begin();
  for (const sched::Decision &d : sched::addDefaultSchedule(pipeline, device, "f32", true, choices))
    EXPECT_TRUE(choices.count({d.of, d.knob})) << d.of;
}

} // namespace
