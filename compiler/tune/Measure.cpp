//===- Measure.cpp - Packages on the present device -----------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/tune/Measure.h"

#include "compiler/cost/Calibrate.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

using namespace srcc;
using namespace srcc::tune;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

namespace {
double median(std::vector<double> values) {
  llvm::sort(values);
  size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// A folder with the packages of some schedules, gone with this.
class Bench {
public:
  explicit Bench(const Options &options) : options(options) {}
  ~Bench() {
    if (!folder.empty())
      llvm::sys::fs::remove_directories(folder);
  }

  Error prepare(llvm::ArrayRef<Trial> trials) {
    if (std::error_code error = llvm::sys::fs::createUniqueDirectory("srcc-tune", folder))
      return llvm::createStringError("cannot make a temporary folder: " + error.message());
    for (auto [i, trial] : llvm::enumerate(trials)) {
      packages.push_back(pathOf(std::to_string(i) + ".srp"));
      if (Error error = options.writePackage(trial.choices, packages.back()))
        return error;
    }
    return Error::success();
  }

  /// All packages in turn.
  Expected<Round> round(llvm::ArrayRef<Trial> trials) {
    std::string size = std::to_string(options.width) + "x" + std::to_string(options.height);
    std::string json = pathOf("profile.json"), messages = pathOf("messages"),
                cache = pathOf("cache");
    std::vector<StringRef> command{options.bench, "--profile"};
    llvm::append_range(command, packages);
    for (StringRef argument :
         {StringRef("--size"), StringRef(size), StringRef("--rounds"), StringRef("1"),
          StringRef("--steady"), StringRef("10"), StringRef("--quiet"), StringRef("--json"),
          StringRef(json), StringRef("--cache-dir"), StringRef(cache)})
      command.push_back(argument);
    std::string problem;
    int code = llvm::sys::ExecuteAndWait(options.bench, command, std::nullopt,
                                         {"", messages, messages}, 0, 0, &problem);
    if (code != 0) {
      if (auto said = llvm::MemoryBuffer::getFile(messages))
        if (StringRef line = (*said)->getBuffer().trim(); !line.empty())
          problem = line.str();
      return llvm::createStringError(
          "cannot measure: " +
          (problem.empty() ? options.bench + " ended with " + std::to_string(code) : problem));
    }
    auto buffer = llvm::MemoryBuffer::getFile(json, /*IsText=*/true);
    if (!buffer)
      return llvm::createStringError("cannot measure: " + options.bench +
                                     " wrote no profile: " + buffer.getError().message());
    auto profile = cost::parseProfile((*buffer)->getBuffer(), options.bench);
    if (!profile)
      return profile.takeError();
    Round round{profile->device, profile->driver, profile->date, {}};
    if (profile->runs.size() != trials.size())
      return llvm::createStringError("cannot measure: " + options.bench + " measured " +
                                     llvm::Twine(profile->runs.size()) + " packages of " +
                                     llvm::Twine(trials.size()));
    for (auto [run, trial] : llvm::zip(profile->runs, trials)) {
      Round::Sample sample{trial.key, run.wholeMs, {}};
      for (auto &launch : run.launches)
        sample.kernels.push_back(launch.ms);
      if (sample.kernels.size() != trial.kernels.size())
        return llvm::createStringError("cannot measure: a package of " +
                                       llvm::Twine(trial.kernels.size()) + " launches ran " +
                                       llvm::Twine(sample.kernels.size()));
      round.samples.push_back(std::move(sample));
    }
    return round;
  }

private:
  std::string pathOf(StringRef name) {
    llvm::SmallString<128> path = folder;
    llvm::sys::path::append(path, name);
    return path.str().str();
  }

  const Options &options;
  llvm::SmallString<128> folder;
  std::vector<std::string> packages;
};
} // namespace

Expected<std::vector<Measured>> tune::measure(llvm::ArrayRef<Trial> trials, const Options &options,
                                              Records *records, std::string &device,
                                              std::string &driver) {
  std::vector<uint64_t> keys;
  for (const Trial &trial : trials)
    keys.push_back(trial.key);
  Bench bench(options);
  if (Error error = bench.prepare(trials))
    return std::move(error);
  // In the first round kernels are compiled; it counts for nothing but which device is present.
  auto first = bench.round(trials);
  if (!first)
    return first.takeError();
  device = first->device;
  driver = first->driver;
  std::vector<Round> rounds;
  if (records) {
    auto known = records->rounds(keys, device, driver);
    if (!known)
      return known.takeError();
    rounds = std::move(*known);
    // Of kernels as they are now.
    llvm::erase_if(rounds, [&](const Round &round) {
      return llvm::any_of(llvm::zip(round.samples, trials), [](auto pair) {
        auto &[sample, trial] = pair;
        return sample.kernels.size() != trial.kernels.size();
      });
    });
  }
  while (rounds.size() < options.rounds) {
    auto round = bench.round(trials);
    if (!round)
      return round.takeError();
    if (records)
      if (Error error = records->store(*round))
        return std::move(error);
    rounds.push_back(std::move(*round));
    if (options.measuring)
      options.measuring(unsigned(rounds.size()), device);
  }
  std::vector<Measured> result;
  for (auto [i, trial] : llvm::enumerate(trials)) {
    Measured measured{trial, 0, 1, {}, rounds.size()};
    std::vector<double> totals, ratios;
    std::vector<std::vector<double>> kernels(trial.kernels.size());
    for (const Round &round : rounds) {
      totals.push_back(round.samples[i].total);
      ratios.push_back(round.samples[i].total / round.samples[0].total);
      for (auto [k, ms] : llvm::enumerate(round.samples[i].kernels))
        kernels[k].push_back(ms);
    }
    measured.total = median(totals);
    measured.ratio = median(ratios); // what disturbs a round disturbs all in it
    for (auto &values : kernels)
      measured.kernels.push_back(median(values));
    result.push_back(std::move(measured));
  }
  return result;
}
