//===- TrainerTest.cpp - Training, interruption and resumption ------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Trainer.h"
#include "runtime/imaging/Metrics.h"
#include "search/Blocks.h"
#include "search/Pruning.h"
#include "test/search/Pictures.h"

#include <atomic>
#include <csignal>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>
#include <unistd.h>

using namespace srcc;
using namespace srcc::search;

namespace {

/// A folder of two generated pictures and a tiny training on them.
struct Training : Folder {
  Training() {
    std::filesystem::create_directory(path / "pictures");
    for (int kind : {0, 1})
      imaging::savePng(drawPicture(64, 48, kind),
                       *this / ("pictures/" + std::to_string(kind) + ".png"));
  }
  TrainOptions options(const std::string &name) const {
    TrainOptions options;
    options.data = {*this / "pictures"};
    options.checkpoint = *this / (name + ".pt");
    options.json = *this / (name + ".jsonl");
    options.steps = 300;
    options.patch = 8;
    options.batch = 4;
    options.reportEvery = 1;
    return options;
  }
};

/// Figures of the log by step, each number in full precision.
std::map<int64_t, double> numbers(const std::string &path, const char *what) {
  std::map<int64_t, double> result;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (auto record = nlohmann::json::parse(line, nullptr, false);
        record.is_object() && record["event"] == "train")
      result[record["step"]] = record[what];
  return result;
}
std::map<int64_t, double> losses(const std::string &path) { return numbers(path, "loss"); }

/// Trains a small network of weights that the seed decides.
bool train(const TrainOptions &options, int64_t channels = 4, TrainHooks hooks = {}) {
  torch::manual_seed(options.seed);
  Module module(buildNetwork(2, {channels}, {{"wdsr-b:2"}}));
  Trainer trainer(module, options, hooks);
  return trainer.run(TrainingData(options, 2));
}

std::string errorOf(const TrainOptions &options, int64_t channels = 4) {
  try {
    train(options, channels);
  } catch (const std::runtime_error &error) {
    return error.what();
  }
  return "no error";
}

std::vector<float> allWeights(const std::string &checkpoint) {
  std::vector<float> all;
  Module module = loadModule(checkpoint);
  for (const ConvWeights &layer : module.fold(module.parameters())) {
    all.insert(all.end(), layer.weight.begin(), layer.weight.end());
    all.insert(all.end(), layer.bias.begin(), layer.bias.end());
  }
  return all;
}

} // namespace

// A training that a signal ends at some step and that is resumed takes the very course of one that
// runs through.
TEST(Trainer, ResumesWhereASignalEndedIt) {
  Training setup;
  TrainOptions whole = setup.options("whole"), parts = setup.options("parts");
  ASSERT_TRUE(train(whole));
  for (int signal : {SIGINT, SIGTERM}) {
    size_t already = losses(parts.json).size();
    std::atomic<bool> over = false;
    std::thread interrupter([&] {
      while (!over && losses(parts.json).size() < already + 5)
        std::this_thread::yield();
      if (!over)
        kill(getpid(), signal);
    });
    bool ended = train(parts);
    over = true;
    interrupter.join();
    ASSERT_FALSE(ended) << "the training was over before the signal came";
    parts.resume = true;
  }
  ASSERT_TRUE(train(parts));
  EXPECT_EQ(losses(whole.json).size(), 300u);
  EXPECT_EQ(losses(parts.json), losses(whole.json));
  EXPECT_EQ(allWeights(parts.checkpoint), allWeights(whole.checkpoint));
}

TEST(Trainer, SeedDecidesTheCourse) {
  Training setup;
  TrainOptions one = setup.options("one"), two = setup.options("two"),
               other = setup.options("other");
  one.steps = two.steps = other.steps = 3;
  other.seed = 2;
  ASSERT_TRUE(train(one) && train(two) && train(other));
  EXPECT_EQ(allWeights(one.checkpoint), allWeights(two.checkpoint));
  EXPECT_NE(allWeights(one.checkpoint), allWeights(other.checkpoint));
}

// The mean loss of the last steps is at most half that of the first.
TEST(Trainer, Learns) {
  Training setup;
  TrainOptions options = setup.options("learns");
  options.steps = 400;
  options.rate = 5e-3;
  ASSERT_TRUE(train(options));
  std::map<int64_t, double> course = losses(options.json);
  double first = 0, last = 0;
  for (int step = 1; step <= 20; ++step)
    first += course.at(step), last += course.at(options.steps + 1 - step);
  EXPECT_LT(last, 0.5 * first);
}

// The rate rises in as many steps, or in a tenth of the training.
TEST(Trainer, WarmsUp) {
  Training training;
  TrainOptions options = training.options("a");
  options.steps = 100;
  options.decay = "step", options.halve = 1;
  options.rate = 1e-3;
  for (auto [warmup, step, share] : {std::tuple<int64_t, int64_t, double>{0, 1, 1},
                                     {4, 1, 0.25},
                                     {4, 3, 0.75},
                                     {4, 5, 1},
                                     {1000, 6, 0.5},
                                     {1000, 11, 1}}) {
    options.warmup = warmup;
    options.checkpoint = training / (std::to_string(warmup) + ".pt");
    options.json = training / (std::to_string(warmup) + ".jsonl");
    if (!std::filesystem::exists(options.checkpoint)) {
      ASSERT_TRUE(train(options));
    }
    EXPECT_NEAR(numbers(options.json, "rate")[step], share * options.rate, 1e-9) << warmup;
  }
}

TEST(Trainer, TimeBudgetEndsIt) {
  Training setup;
  TrainOptions options = setup.options("time");
  options.steps = 1000000000;
  options.minutes = 0.5 / 60;
  ASSERT_TRUE(train(options));
  options.resume = true;
  size_t steps = losses(options.json).size();
  ASSERT_TRUE(train(options));
  EXPECT_EQ(losses(options.json).size(), steps) << "the budget counts over all runs";
}

TEST(Trainer, RefusesBadPictures) {
  Training setup;
  TrainOptions options = setup.options("bad");
  options.data = {setup / "absent"};
  EXPECT_EQ(errorOf(options), setup / "absent" + ": not a folder");
  std::filesystem::create_directory(setup / "empty");
  options.data = {setup / "pictures", setup / "empty"};
  EXPECT_EQ(errorOf(options), setup / "empty" + ": no picture in the folder (png, jpg or jpeg)");
  options.data = {setup / "pictures"};
  options.patch = 25;
  EXPECT_EQ(errorOf(options), setup / "pictures/0.png" +
                                  ": the picture is 64x48, but both sides must be at least 50");
  options.patch = 8;
  std::ofstream(setup / "pictures/2.png") << "not a picture";
  EXPECT_EQ(errorOf(options).rfind(setup / "pictures/2.png", 0), 0u) << errorOf(options);
  EXPECT_FALSE(std::filesystem::exists(options.checkpoint));
  EXPECT_FALSE(std::filesystem::exists(options.json));
}

TEST(Trainer, RefusesBadCheckpoints) {
  Training setup;
  TrainOptions options = setup.options("bad");
  options.resume = true;
  EXPECT_EQ(errorOf(options), options.checkpoint + ": no such checkpoint");
  std::ofstream(options.checkpoint) << "not a checkpoint";
  EXPECT_EQ(errorOf(options), options.checkpoint + ": not a checkpoint of srcc-search");
  EXPECT_THROW(loadModule(options.checkpoint), std::runtime_error);

  options.resume = false;
  options.steps = 2;
  ASSERT_TRUE(train(options));
  options.resume = true;
  options.steps = 4;
  EXPECT_EQ(errorOf(options), "no error"); // a longer training of the same
  EXPECT_EQ(errorOf(options, 5),
            options.checkpoint + ": made for another network than is asked for");
  options.steps = 8;
  options.seed = 9;
  EXPECT_EQ(errorOf(options), options.checkpoint + ": made with seed 1, but 9 is asked for");

  // cut anywhere, a checkpoint is refused
  options.seed = 1;
  auto size = std::filesystem::file_size(options.checkpoint);
  for (double part : {0.9, 0.5, 0.1, 0.0}) {
    std::filesystem::resize_file(options.checkpoint, uintmax_t(double(size) * part));
    EXPECT_EQ(errorOf(options).rfind(options.checkpoint, 0), 0u) << errorOf(options);
  }
}

// A kept weight that is zero counts as kept outside, and is no tiny number that slows training.
TEST(Trainer, KeptWeightsMayBeZero) {
  Network network = buildNetwork(2, {4}, {{"wdsr-b:2"}});
  Module fresh(network);
  Weights weights = fresh.fold(fresh.parameters());
  weights[1].structure = parseStructure("block:2:1");
  weights[1].weight[0] = weights[1].weight[4] = std::numeric_limits<float>::min();
  weights[1].weight[1] = weights[1].weight[5] = 0;
  Module module(network, weights);
  EXPECT_EQ(module.parameters()[1][0].item<float>(), 0);
  ConvWeights folded = module.fold(module.parameters())[1];
  EXPECT_EQ(folded.weight, weights[1].weight);
}

// Weights outside a mask stay zero through training, and a checkpoint keeps the mask.
TEST(Trainer, KeepsMasks) {
  Training setup;
  TrainOptions options = setup.options("masked");
  options.steps = 20;
  torch::manual_seed(1);
  Network network = buildNetwork(2, {8}, {{"wdsr-b"}});
  Module dense(network);
  for (const char *scheme : {"filter", "block:4:2", "pattern:4"}) {
    options.resume = false;
    Weights pruned = prune(network, dense.fold(dense.parameters()),
                           uniformPlan(network, parseStructure(scheme), 0.4));
    Module module(network, pruned);
    ASSERT_TRUE(Trainer(module, options).run(TrainingData(options, 2)));
    Module loaded = loadModule(options.checkpoint);
    Weights after = loaded.fold(loaded.parameters());
    bool learnt = false;
    for (size_t i = 0; i < after.size(); ++i) {
      EXPECT_EQ(sparsity::maskOf(after[i].weight), sparsity::maskOf(pruned[i].weight)) << scheme;
      learnt = learnt || after[i].weight != pruned[i].weight;
      EXPECT_EQ(after[i].structure.scheme, pruned[i].structure.scheme);
    }
    EXPECT_TRUE(learnt);
  }
}

// With the whole loss the distance to a teacher, a training comes to what the teacher does; with
// luma alone, to its luma.
TEST(Trainer, LearnsOfATeacherAndOfLuma) {
  Training setup;
  TrainOptions options = setup.options("taught");
  options.rate = 1e-2;
  options.quiet = true;
  options.steps = 200;
  options.patch = 24; // of the low pictures' 24 rows: the teacher sees what lies around a patch
  torch::manual_seed(3);
  Network network = buildNetwork(2, {4, 4, 3}, {}); // linear, so that little training is enough
  Module teacher(network), pupil(network), grey(network);
  {
    torch::NoGradGuard noGrad;
    for (size_t i = 0; i < network.convs.size(); ++i) { // gains at which nothing is clipped
      int64_t weights = network.convs[i].weights();
      for (const Module *module : {&teacher, &pupil, &grey})
        module->parameters()[i].slice(0, weights, weights + network.convs[i].out).mul_(0.3);
    }
  }
  TrainingData data(options, 2);
  auto likeness = [&](const Module &module) { // dB, of luma
    return imaging::compare(upscale(module, data.pictures[0].low),
                            upscale(teacher, data.pictures[0].low), 2)
        .psnr;
  };
  double before = likeness(pupil), greyBefore = likeness(grey);
  TrainHooks hooks;
  hooks.teacher = &teacher;
  options.distill = 1;
  ASSERT_TRUE(Trainer(pupil, options, hooks).run(data));
  EXPECT_GT(likeness(pupil), before + 3);

  options.luma = 1;
  options.checkpoint.clear();
  ASSERT_TRUE(Trainer(grey, options, hooks).run(data));
  EXPECT_GT(likeness(grey), greyBefore + 3);
}

// Of a supernet a step changes the layers of its path alone.
TEST(Trainer, TrainsThePathAlone) {
  Training setup;
  TrainOptions options = setup.options("path");
  options.steps = 3;
  torch::manual_seed(1);
  Module module(buildNetwork(2, {4}, {{"wdsr-b:2", "wdsr-a:2", "skip"}}));
  std::vector<torch::Tensor> before;
  for (const torch::Tensor &value : module.parameters())
    before.push_back(value.detach().clone());
  TrainHooks hooks;
  hooks.choose = [](uint64_t) { return std::vector<int>{1}; };
  ASSERT_TRUE(Trainer(module, options, hooks).run(TrainingData(options, 2)));
  for (size_t i = 0; i < before.size(); ++i) {
    bool other = module.network().convs[i].name.rfind("block0.0", 0) == 0;
    EXPECT_EQ(module.parameters()[i].equal(before[i]), other) << module.network().convs[i].name;
  }
}

TEST(Trainer, RefusesFilesItCannotWrite) {
  Training setup;
  TrainOptions options = setup.options("unwritable");
  options.steps = 2;
  options.json = setup / "absent/log.jsonl";
  EXPECT_EQ(errorOf(options), options.json + ": cannot write the log");
  options.json.clear();
  options.checkpoint = setup / "absent/checkpoint.pt";
  EXPECT_EQ(errorOf(options).rfind(options.checkpoint, 0), 0u) << errorOf(options);
}
