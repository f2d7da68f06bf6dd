//===- Profile.cpp - Times of many kernels at many sizes --------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#include "runtime/tools/Profile.h"

#include "runtime/srrt.hpp"
#include "runtime/tools/Machine.h"
#include "runtime/tools/Progress.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <ctime>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

using namespace srcc::tools;
using Clock = std::chrono::steady_clock;

namespace {

double quantile(std::vector<double> values, double q) {
  if (values.empty())
    return 0;
  std::sort(values.begin(), values.end());
  double at = q * double(values.size() - 1);
  size_t low = size_t(at);
  double high = values[std::min(low + 1, values.size() - 1)];
  return values[low] + (at - double(low)) * (high - values[low]);
}

double spread(const std::vector<double> &values) {
  double middle = quantile(values, 0.5);
  return middle > 0 ? (quantile(values, 0.75) - quantile(values, 0.25)) / middle : 0;
}

/// One package at one size.
struct Case {
  size_t package;
  int height, width;
  std::string model;
  std::vector<double> whole;
  std::vector<std::string> kernels;
  std::vector<std::vector<double>> launches;

  bool steady(double most) const {
    return std::all_of(launches.begin(), launches.end(),
                       [&](const std::vector<double> &ms) { return spread(ms) <= most; });
  }
};

double milliseconds(Clock::time_point since) {
  return std::chrono::duration<double, std::milli>(Clock::now() - since).count();
}

/// A few runs of a case, whole and by launch: what disturbs a machine lasts for seconds, so many short
/// visits see more of it undisturbed than one long one.
void measure(srrt::Model &model, Case &c) {
  model.prepare(c.height, c.width);
  model.setProfiling(false);
  Clock::time_point start = Clock::now();
  model.runCl(nullptr, nullptr);
  model.finish(); // warms up
  int runs = std::clamp(int(60 / std::max(milliseconds(start), 0.01)), 2, 6);
  for (int i = 0; i < runs; ++i) {
    start = Clock::now();
    model.runCl(nullptr, nullptr);
    model.finish();
    c.whole.push_back(milliseconds(start));
  }
  model.setProfiling(true);
  for (int i = 0; i < runs; ++i) {
    model.runCl(nullptr, nullptr);
    std::vector<srrt_launch_info> launches = model.launches();
    c.launches.resize(launches.size());
    c.kernels.resize(launches.size());
    for (size_t k = 0; k < launches.size(); ++k) {
      c.kernels[k] = launches[k].kernel;
      c.launches[k].push_back(launches[k].ms);
    }
  }
}

/// The processor's clock as the system tells it, MHz; 0 if it does not.
double clockMHz() {
  std::ifstream file("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq");
  double kilohertz = 0;
  return file >> kilohertz ? kilohertz / 1000 : 0;
}

} // namespace

std::string srcc::tools::measureProfile(const ProfileOptions &options) {
  std::vector<std::unique_ptr<srrt::Model>> models;
  std::vector<Case> cases;
  for (const std::string &package : options.packages) {
    models.push_back(std::make_unique<srrt::Model>(package, options.model));
    for (auto [height, width] : options.sizes)
      cases.push_back({models.size() - 1, height, width, models.back()->query().name, {}, {}, {}});
  }
  srrt_model_info info = models.front()->query();
  std::string device = info.device, platform = info.platform, driver;
  size_t count = 0;
  if (srrt_list_devices(options.model.opencl_library, nullptr, 0, &count) == SRRT_OK) {
    std::vector<srrt_device_info> devices(count);
    if (srrt_list_devices(options.model.opencl_library, devices.data(), count, &count) == SRRT_OK)
      for (const srrt_device_info &d : devices)
        if (device == d.name)
          driver = d.driver;
  }

  std::vector<double> peaks;
  {
    Progress progress("measurements", int64_t(cases.size()) * options.rounds, options.quiet);
    for (int round = 0; round < 2 * options.rounds; ++round) {
      peaks.push_back(multiplyAddPeak());
      for (size_t i = 0; i < cases.size(); ++i) {
        // Later rounds are for what still varies.
        if (round < options.rounds)
          progress.step();
        else if (cases[i].steady(options.steady))
          continue;
        measure(*models[cases[i].package], cases[i]);
        // Only the present model holds a large picture.
        if (i + 1 == cases.size() || cases[i + 1].package != cases[i].package)
          models[cases[i].package]->prepare(16, 16);
      }
    }
  }
  double bandwidth = copyBandwidth();

  char date[32];
  std::time_t now = std::time(nullptr);
  std::strftime(date, sizeof(date), "%Y-%m-%d", std::localtime(&now));
  size_t all = 0, unsteady = 0;
  auto runs = nlohmann::ordered_json::array();
  for (const Case &c : cases) {
    auto launches = nlohmann::ordered_json::array();
    for (size_t k = 0; k < c.launches.size(); ++k) {
      double s = spread(c.launches[k]);
      ++all;
      unsteady += s > options.steady;
      launches.push_back({{"kernel", c.kernels[k]},
                          {"ms", std::max(quantile(c.launches[k], 0.5), 1e-6)},
                          {"least_ms", std::max(quantile(c.launches[k], 0), 1e-6)},
                          {"spread", s},
                          {"samples", c.launches[k].size()}});
    }
    runs.push_back({{"package", c.model},
                    {"height", c.height},
                    {"width", c.width},
                    {"ms", quantile(c.whole, 0.5)},
                    {"least_ms", quantile(c.whole, 0)},
                    {"spread", spread(c.whole)},
                    {"launches", std::move(launches)}});
  }
  if (unsteady * 2 > all)
    throw std::runtime_error(
        "the machine is too unsteady: " + std::to_string(unsteady) + " of " + std::to_string(all) +
        " launches vary by more than " + std::to_string(int(std::lround(options.steady * 100))) +
        " % between runs; stop what else runs, or give --steady a larger share");
  nlohmann::ordered_json profile = {{"kind", "srcc-profile"},
                                    {"version", 1},
                                    {"environment",
                                     {{"device", device},
                                      {"platform", platform},
                                      {"driver", driver},
                                      {"date", date},
                                      {"clock_mhz", clockMHz()},
                                      {"peak_gflops", quantile(peaks, 0.5)},
                                      {"peak_spread", spread(peaks)},
                                      {"copy_gbs", bandwidth}}},
                                    {"rounds", options.rounds},
                                    {"launches", all},
                                    {"unsteady", unsteady},
                                    {"runs", std::move(runs)}};
  return profile.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}
