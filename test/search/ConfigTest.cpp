//===- ConfigTest.cpp - Configurations of searches ------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Config.h"

#include <gtest/gtest.h>
#include <sstream>
#include <stdexcept>

using namespace srcc::search;

static std::string errorOf(const std::string &text) {
  try {
    parseConfig(text, "c.toml");
  } catch (const std::runtime_error &error) {
    return error.what();
  }
  return "no error";
}

// What is printed is read back, and has every option with a comment.
TEST(Config, PrintingAndReadingAreInverse) {
  Config config;
  config.run.folder = "a \"quoted\" folder\\";
  config.data.train = {"x", "y z"};
  config.target.ms = 12.5;
  config.search.tune.rate = 1e-5;
  config.report.measure = false;
  for (bool comments : {false, true}) {
    Config again = parseConfig(printConfig(config, comments), "c.toml");
    EXPECT_EQ(printConfig(again), printConfig(config));
    EXPECT_EQ(again.run.folder, config.run.folder);
    EXPECT_EQ(again.data.train, config.data.train);
    EXPECT_EQ(again.search.tune.rate, 1e-5);
  }
  std::istringstream lines(printConfig(config));
  std::string line, before;
  for (; std::getline(lines, line); before = line)
    if (!line.empty() && line[0] != '#' && line[0] != '[') {
      EXPECT_EQ(before.substr(0, 2), "# ") << line;
    }
}

TEST(Config, ErrorsNameLineOptionAndRule) {
  EXPECT_EQ(errorOf("[serch]\nbest = 3"),
            "c.toml:2: there is no option 'serch.best'; the nearest is 'search.best'");
  EXPECT_EQ(
      errorOf("[search]\n\nevaluation = 3"),
      "c.toml:3: there is no option 'search.evaluation'; the nearest is 'search.evaluations'");
  EXPECT_EQ(errorOf("seed = 3"), "c.toml:1: option 'seed' is outside of a section");
  EXPECT_EQ(errorOf("[run]\nseed = 'x'"),
            "c.toml:2: option 'run.seed' takes a whole number from 0 to 1e+15");
  EXPECT_EQ(errorOf("[data]\nscale = 5"),
            "c.toml:2: option 'data.scale' takes a whole number from 2 to 4");
  EXPECT_EQ(errorOf("[finetune]\ndistill = 1.5"),
            "c.toml:2: option 'finetune.distill' takes a number from 0 to 1");
  EXPECT_EQ(errorOf("[report]\nmeasure = 1"),
            "c.toml:2: option 'report.measure' takes true or false");
  EXPECT_EQ(errorOf("[data]\ntrain = 'x'"),
            "c.toml:2: option 'data.train' takes a list of texts, as in [\"a\", \"b\"]");
  EXPECT_EQ(errorOf("[search]\nmethod = 'grid'"),
            "c.toml:2: option 'search.method' takes one of bayes, evolution, random, not 'grid'");
  EXPECT_EQ(errorOf("[run\nseed = 1").rfind("c.toml:", 0), 0u);
  EXPECT_EQ(errorOf(""), "no error");
}
