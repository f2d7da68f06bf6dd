//===- Config.cpp - What a search is to do --------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Config.h"
#include "search/Blocks.h"
#include "search/Pruning.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <toml++/toml.h>
#include <variant>

namespace srcc::search {
namespace {

using Words = std::vector<std::string>;

/// One option: its name, where its value is, what it may be and what it means.
struct Option {
  std::string section, key;
  std::variant<int64_t *, double *, bool *, std::string *, Words *> value;
  const char *meaning;
  double low = 0, high = std::numeric_limits<double>::infinity(); ///< of numbers
  Words words = {}; ///< that a text may be; empty: any
  std::string name() const { return section + "." + key; }
};

/// All options; the only place that knows their names.
std::vector<Option> configOptions(Config &c) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  std::vector<Option> list;
  std::string section;
  auto add = [&](const char *key, auto *value, const char *meaning, double low = 0,
                 double high = inf, Words words = {}) {
    list.push_back({section, key, value, meaning, low, high, std::move(words)});
  };
  auto phase = [&](Phase *p, const std::string &prefix = "") {
    list.push_back({section, prefix + "steps", &p->steps, "steps of this training", 0, 1e12, {}});
    list.push_back({section,
                    prefix + "minutes",
                    &p->minutes,
                    "or minutes, whichever is over first; 0: no limit",
                    0,
                    1e6,
                    {}});
    list.push_back(
        {section, prefix + "rate", &p->rate, "Adam's learning rate at the start", 1e-9, 1, {}});
  };
  section = "run";
  add("folder", &c.run.folder, "folder of all that the search makes; continued if it is there");
  add("seed", &c.run.seed, "of weights, patches and choices", 0, 1e15);
  add("threads", &c.run.threads,
      "of LibTorch; with 1, and limits in steps alone, a run is reproducible to the last bit", 1,
      256);
  section = "data";
  add("train", &c.data.train,
      "folders of pictures (PNG, JPEG) to learn from; of a DIV2K folder, DIV2K_train_HR");
  add("validate", &c.data.validate,
      "folders of pictures that judge candidates and are reported, never learnt from");
  add("scale", &c.data.scale, "upscaling factor", 2, 4);
  add("patch", &c.data.patch, "side of the low-resolution patches", 4, 1024);
  add("batch", &c.data.batch, "patches of a step, of each process", 1, 1024);
  add("luma", &c.data.luma,
      "share of every loss that is the error of luma (BT.601), which PSNR is of, alone", 0, 1);
  section = "target";
  add("device", &c.target.device, "as srcc --target: host, a name, or a device file");
  add("precision", &c.target.precision, "as srcc --precision", 0, 0, {"f32", "f16s", "f16"});
  add("size", &c.target.size, "of the input, WIDTHxHEIGHT");
  add("ms", &c.target.ms, "latency that the network must meet, milliseconds; or ratio", 0, 1e9);
  add("ratio", &c.target.ratio, "prune: the latency as a share of the dense network's", 0, 1);
  add("calibrate", &c.target.calibrate,
      "measure networks of some densities on this device first, and correct predictions by them");
  add("calibrate_with", &c.target.calibrateWith,
      "schemes that are measured for that, each in all layers but the fixed ones");
  section = "network";
  add("channels", &c.network.channels, "between blocks", 2, 1024);
  add("tail_rank", &c.network.tailRank,
      "0: the tail is one 3x3 convolution; else a 3x3 to so many channels, then a 1x1", 0, 1024);
  add("skip_kernel", &c.network.skipKernel, "side of the skip's kernel, odd", 1, 15);
  add("cells", &c.network.cells, "cells; 0: as many as the cost model allows", 0, 256);
  add("most_cells", &c.network.mostCells, "upper limit of that", 1, 256);
  add("least_density", &c.network.leastDensity,
      "for that: the least compression that is considered, as a density", 0.01, 1);
  add("blocks", &c.network.blocks,
      "what a cell may be: wdsr-a:EXPANSION, wdsr-b:EXPANSION:RANK, skip, and registered ones");
  add("warm_start", &c.network.warmStart,
      "checkpoint or model whose layers of equal names and shapes the supernet starts from");
  section = "supernet";
  phase(&c.supernet);
  add("decay", &c.supernet.decay, "of the rate: along half a cosine, or halved in steps", 0, 0,
      {"cosine", "step"});
  add("average", &c.supernet.average, "decay of the moving average of the weights", 0, 1);
  section = "search";
  add("method", &c.search.method, "how candidates are chosen", 0, 0,
      {"bayes", "evolution", "random"});
  add("evaluations", &c.search.evaluations, "candidates that are pruned, tuned and judged", 1, 1e6);
  add("initial", &c.search.initial, "of them at random, at first", 1, 1e6);
  add("best", &c.search.best, "H: candidates that are mutated", 1, 1e6);
  add("mutations", &c.search.mutations, "C: mutations of them", 1, 1e6);
  add("batch", &c.search.batch, "B: mutations that are evaluated", 1, 1e6);
  add("ensemble", &c.search.ensemble, "networks that predict the reward", 2, 100);
  add("acquisition", &c.search.acquisition, "what chooses by their mean and spread", 0, 0,
      {"ei", "ucb", "thompson"});
  add("schemes", &c.search.schemes,
      "what a layer may be: dense, filter, channel, block:F:C, bcr:F:C, pattern:SHARED, "
      "unstructured");
  add("fixed", &c.search.fixed,
      "layers that have one scheme: REGEX=SCHEME, tried in order on the layer's name");
  add("alike", &c.search.alike, "layers of one shape have one scheme");
  add("densities", &c.search.densities, "steps of the density that meets the target", 2, 1024);
  add("penalty", &c.search.penalty, "dB per share of latency above the target", 0, 1e6);
  add("patience", &c.search.patience,
      "several processes: seconds without a result, three times the longest evaluation at least, "
      "until the candidates of the others are taken over",
      0, 1e9);
  phase(&c.search.tune, "tune_");
  add("baselines", &c.search.baselines,
      "other methods to run for comparison, with as many evaluations");
  section = "prune";
  add("method", &c.prune.method, "how the ratio of each layer is found", 0, 0,
      {"reweighted", "admm", "magnitude", "surgeon"});
  phase(&c.prune);
  add("strength", &c.prune.strength, "reweighted: lambda at first; the cost model steers it", 0,
      1e6);
  add("epsilon", &c.prune.epsilon,
      "reweighted: beta = 1 / (energy + epsilon), energies relative to the layer's mean", 1e-9, 1);
  add("threshold", &c.prune.threshold,
      "reweighted: groups of less than this share of the mean energy count as gone", 0, 1);
  add("rho", &c.prune.rho, "admm: a step moves weights by rate x rho of the way to pruned ones", 0,
      1e6);
  add("refresh", &c.prune.refresh, "steps between new betas, or projections", 1, 1e9);
  add("floor", &c.prune.floor, "reweighted: the least density of a layer", 0, 1);
  add("patches", &c.prune.patches, "surgeon: patches of pictures that it looks at", 1, 1e6);
  section = "finetune";
  phase(&c.finetune);
  add("decay", &c.finetune.decay, "of the rate", 0, 0, {"cosine", "step"});
  add("average", &c.finetune.average, "decay of the moving average of the weights", 0, 1);
  add("warmup", &c.finetune.warmup,
      "steps in which the rate rises, a tenth of all at most: Adam's first ones are of full "
      "length, "
      "however small the error",
      0, 1e9);
  add("distill", &c.finetune.distill,
      "share of the loss that is the distance to the unpruned network", 0, 1);
  section = "report";
  add("measure", &c.report.measure, "compile the result with srcc, and measure it with srcc-bench");
  add("every", &c.report.every, "steps between lines of progress", 1, 1e9);
  return list;
}

size_t editDistance(const std::string &a, const std::string &b) {
  return llvm::StringRef(a).edit_distance(b);
}

class Reader {
public:
  Reader(const std::string &path, Config &config) : path(path), options(configOptions(config)) {}

  void read(const std::string &text) {
    toml::table root;
    try {
      root = toml::parse(text, path);
    } catch (const toml::parse_error &error) {
      fail(error.source().begin.line, std::string(error.description()));
    }
    for (auto &&[section, node] : root) {
      std::string name(section.str());
      const toml::table *table = node.as_table();
      if (!table)
        fail(node.source().begin.line, "option '" + name + "' is outside of a section");
      for (auto &&[key, value] : *table)
        set(find(name + "." + std::string(key.str()), value), value);
    }
  }

private:
  [[noreturn]] void fail(size_t line, const std::string &what) {
    throw std::runtime_error(path + ":" + std::to_string(line) + ": " + what);
  }

  Option &find(const std::string &name, const toml::node &node) {
    auto closer = [&](const Option &a, const Option &b) {
      return editDistance(a.name(), name) < editDistance(b.name(), name);
    };
    for (Option &option : options)
      if (option.name() == name)
        return option;
    fail(node.source().begin.line,
         "there is no option '" + name + "'; the nearest is '" +
             std::min_element(options.begin(), options.end(), closer)->name() + "'");
  }

  void set(Option &option, const toml::node &node) {
    size_t line = node.source().begin.line;
    auto wants = [&](const std::string &what) {
      fail(line, "option '" + option.name() + "' takes " + what);
    };
    auto number = [](double value) {
      std::ostringstream os;
      os << value;
      return os.str();
    };
    auto range = [&] { return "from " + number(option.low) + " to " + number(option.high); };
    if (auto **value = std::get_if<int64_t *>(&option.value)) {
      const auto *given = node.as_integer();
      if (!given || double(given->get()) < option.low || double(given->get()) > option.high)
        wants("a whole number " + range());
      **value = given->get();
    } else if (auto **value = std::get_if<double *>(&option.value)) {
      auto given = node.value<double>();
      if (!node.is_number() || !given || !(*given >= option.low && *given <= option.high))
        wants("a number " + range());
      **value = *given;
    } else if (auto **value = std::get_if<bool *>(&option.value)) {
      if (!node.is_boolean())
        wants("true or false");
      **value = *node.value<bool>();
    } else if (auto **value = std::get_if<std::string *>(&option.value)) {
      auto given = node.value<std::string>();
      if (!node.is_string())
        wants("a text in quotes");
      if (!option.words.empty() &&
          std::find(option.words.begin(), option.words.end(), *given) == option.words.end()) {
        std::string all;
        for (const std::string &word : option.words)
          all += (all.empty() ? "" : ", ") + word;
        wants("one of " + all + ", not '" + *given + "'");
      }
      **value = *given;
    } else {
      const toml::array *array = node.as_array();
      Words words;
      if (array)
        for (auto &&element : *array)
          if (auto word = element.value<std::string>(); word && element.is_string())
            words.push_back(*word);
      if (!array || words.size() != array->size())
        wants("a list of texts, as in [\"a\", \"b\"]");
      *std::get<Words *>(option.value) = words;
    }
  }

  const std::string &path;
  std::vector<Option> options;
};

std::string quoted(const std::string &text) {
  std::ostringstream os;
  os << toml::value<std::string>(text);
  return os.str();
}

std::string show(const Option &option) {
  std::ostringstream os;
  if (auto *const *value = std::get_if<int64_t *>(&option.value)) {
    os << **value;
  } else if (auto *const *value = std::get_if<double *>(&option.value)) {
    char digits[32];
    std::string text(digits, std::to_chars(digits, std::end(digits), **value).ptr);
    os << text << (text.find_first_of(".e") == std::string::npos ? ".0" : "");
  } else if (auto *const *value = std::get_if<bool *>(&option.value))
    os << (**value ? "true" : "false");
  else if (auto *const *value = std::get_if<std::string *>(&option.value))
    os << quoted(**value);
  else {
    os << "[";
    const Words &words = *std::get<Words *>(option.value);
    for (size_t i = 0; i < words.size(); ++i)
      os << (i ? ", " : "") << quoted(words[i]);
    os << "]";
  }
  return os.str();
}

} // namespace

Config parseConfig(const std::string &text, const std::string &path) {
  Config config;
  Reader(path, config).read(text);
  return config;
}

Config loadConfig(const std::string &path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf()))
    throw std::runtime_error(path + ": cannot be read");
  return parseConfig(text.str(), path);
}

void checkConfig(const Config &config) {
  auto need = [](bool good, const char *what) {
    if (!good)
      throw std::runtime_error(what);
  };
  need(!config.run.folder.empty(), "option 'run.folder' is missing");
  need(!config.data.train.empty(), "option 'data.train' is missing");
  need(!config.data.validate.empty(),
       "option 'data.validate' is missing: candidates are judged by it");
  need(config.target.ms > 0 || config.target.ratio > 0,
       "a target is missing: option 'target.ms' (--target-ms), or for prune 'target.ratio' "
       "(--ratio)");
  need(!config.network.blocks.empty(), "option 'network.blocks' is empty");
  need(!config.search.schemes.empty(), "option 'search.schemes' is empty");
  parseSize(config.target.size);
  for (const std::string &scheme : config.search.schemes)
    parseStructure(scheme);
  for (const std::string &scheme : config.target.calibrateWith)
    parseStructure(scheme);
  fixedStructure(config.search.fixed, "");
  for (const std::string &method : config.search.baselines)
    need(method == "bayes" || method == "evolution" || method == "random",
         "option 'search.baselines' takes bayes, evolution and random");
  need(config.network.skipKernel % 2, "option 'network.skip_kernel' is odd");
  buildNetwork(config.data.scale, frameOf(config), {config.network.blocks});
}

Frame frameOf(const Config &config) {
  return {config.network.channels, config.network.tailRank, config.network.skipKernel};
}

std::string printConfig(const Config &config, bool comments) {
  Config copy = config;
  std::string section;
  std::ostringstream os;
  for (const Option &option : configOptions(copy)) {
    if (option.section != section) {
      os << (section.empty() ? "" : "\n") << "[" << option.section << "]\n";
      section = option.section;
    }
    if (comments) {
      os << "# " << option.meaning;
      for (size_t i = 0; i < option.words.size(); ++i)
        os << (i ? ", " : ": ") << option.words[i];
      os << "\n";
    }
    os << option.key << " = " << show(option) << "\n";
  }
  return os.str();
}

std::pair<int64_t, int64_t> parseSize(const std::string &text) {
  auto [width, height] = llvm::StringRef(text).split('x');
  std::pair<int64_t, int64_t> size;
  if (width.getAsInteger(10, size.first) || height.getAsInteger(10, size.second) ||
      size.first < 1 || size.second < 1 || size.first > 65536 || size.second > 65536)
    throw std::runtime_error("size is WIDTHxHEIGHT from 1x1 to 65536x65536, not '" + text + "'");
  return size;
}

} // namespace srcc::search
