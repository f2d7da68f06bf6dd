//===- Config.h - What a search is to do ----------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_CONFIG_H
#define SRCC_SEARCH_CONFIG_H

#include "search/Blocks.h"

#include <cstdint>
#include <string>
#include <vector>

namespace srcc::search {

/// The length and pace of a training; every stage has one.
struct Phase {
  int64_t steps = 1000;
  double minutes = 0;
  double rate = 1e-3;
};

/// All options, by section as in the file; configOptions has what each means, and `srcc-search
/// options` prints it.
struct Config {
  struct {
    std::string folder;
    int64_t seed = 1, threads = 1;
  } run;
  struct {
    std::vector<std::string> train, validate;
    int64_t scale = 2, patch = 48, batch = 16;
    double luma = 0;
  } data;
  struct {
    std::string device = "host", precision = "f32", size = "640x360";
    double ms = 0, ratio = 0;
    bool calibrate = false;
    std::vector<std::string> calibrateWith = {"block:8:4"};
  } target;
  struct {
    int64_t channels = 24, tailRank = 0, skipKernel = 5, cells = 0, mostCells = 16;
    double leastDensity = 0.5;
    std::vector<std::string> blocks = {"wdsr-b", "wdsr-a", "skip"};
    std::string warmStart;
  } network;
  struct : Phase {
    std::string decay = "cosine";
    double average = 0.999;
  } supernet;
  struct {
    std::string method = "bayes", acquisition = "ei";
    int64_t evaluations = 40, initial = 12, best = 6, mutations = 64, batch = 4, ensemble = 5;
    std::vector<std::string> schemes = {"dense", "filter", "block:8:4", "pattern:4"};
    int64_t densities = 32;
    double penalty = 10, patience = 100;
    Phase tune{100, 0, 5e-4};
    std::vector<std::string> baselines, fixed;
    bool alike = false;
  } search;
  struct : Phase {
    std::string method = "reweighted";
    double strength = 1, epsilon = 0.01, threshold = 0.1, rho = 10, floor = 0.05;
    int64_t refresh = 100, patches = 96;
  } prune;
  struct : Phase {
    std::string decay = "cosine";
    double average = 0.999, distill = 0;
    int64_t warmup = 500;
  } finetune;
  struct {
    bool measure = true;
    int64_t every = 100;
  } report;
};

/// Reads a TOML file over the defaults. Errors: std::runtime_error "FILE:LINE: what is wrong"; an
/// unknown key is told with the nearest one that there is.
Config loadConfig(const std::string &path);
/// The same for a text; \p path is used for messages.
Config parseConfig(const std::string &text, const std::string &path);
/// Everything that spans options: required ones, names that must exist. Throws std::runtime_error.
void checkConfig(const Config &config);
/// The configuration as a TOML file with a comment on every option.
std::string printConfig(const Config &config, bool comments = true);
/// What lies around the cells of the configuration's networks.
Frame frameOf(const Config &config);
/// Width and height of a size as in 640x360. Throws std::runtime_error.
std::pair<int64_t, int64_t> parseSize(const std::string &text);

} // namespace srcc::search
#endif // SRCC_SEARCH_CONFIG_H
