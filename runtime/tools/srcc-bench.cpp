//===- srcc-bench.cpp - Measures a package on the present device ------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
// What is measured, in this order, in one process:
//
// start_ms: opening the package until the first picture is on the host, programs cached.
//
// median_ms: from the first enqueue to the last completion, float planes in device memory.
//
// min_ms: the least of those.
//
// host_ms: median, float32 in host memory to float32 in host memory: used in place on a CPU, copied
// elsewhere.
//
// gflops: 2 x the model's non-zero multiply-adds / median_ms; no padding, no recomputation.
//
// peak_gflops: multiply-add peak of all threads with the CPU's vectors, measured between the runs.
//
// peak_memory_mb: VmHWM after those runs; a child process fills the program cache beforehand.
//
// kernels: each launch's median by OpenCL's profiling events.
//
// copy_gbs: copy bandwidth of all threads.
//===------------------------------------------------------------------------------------------===//
#include "runtime/imaging/AtomicFile.h"
#include "runtime/srrt.hpp"
#include "runtime/tools/Adb.h"
#include "runtime/tools/Machine.h"
#include "runtime/tools/Npy.h"
#include "runtime/tools/Profile.h"
#include "runtime/tools/Progress.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

using namespace srcc::tools;
using Clock = std::chrono::steady_clock;

namespace {

struct Arguments {
  std::vector<std::string> models;
  std::string model, size, device, json, input, output, openclLibrary, adbProgram;
  std::optional<std::string> cacheFolder;
  int runs = 15, warmup = 3, rounds = 3;
  uint64_t memoryLimit = 0; // MB
  double steady = 0.05;
  bool quiet = false, profile = false;
};

double milliseconds(Clock::time_point since) {
  return std::chrono::duration<double, std::milli>(Clock::now() - since).count();
}

double median(std::vector<double> values) {
  if (values.empty())
    return 0;
  std::sort(values.begin(), values.end());
  size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

srrt_options makeOptions(const Arguments &arguments) {
  srrt_options options{};
  options.device = arguments.device.c_str();
  if (!arguments.openclLibrary.empty())
    options.opencl_library = arguments.openclLibrary.c_str();
  if (arguments.cacheFolder)
    options.cache_folder = arguments.cacheFolder->c_str();
  options.memory_limit = arguments.memoryLimit * 1000000;
  return options;
}

/// Builds everything in a process of its own, so that this one finds it in the caches.
void fillCache(const Arguments &arguments, int height, int width) {
  pid_t child = fork();
  if (child == 0) {
    try {
      srrt::Model model(arguments.model, makeOptions(arguments));
      model.prepare(height, width);
      model.runCl(nullptr, nullptr);
      model.finish();
    } catch (const std::exception &) {
      // The parent meets the same error, and reports it.
    }
    _exit(0); // the model is closed, which stores its programs
  }
  if (child > 0)
    waitpid(child, nullptr, 0);
}

/// Height and width of "WIDTHxHEIGHT".
std::pair<int, int> parseSize(const std::string &text) {
  int width = 0, height = 0, end = 0;
  if (std::sscanf(text.c_str(), "%9dx%9d%n", &width, &height, &end) != 2 ||
      size_t(end) != text.size() || width < 1 || height < 1)
    throw std::runtime_error("--size " + text + ": not WIDTHxHEIGHT, as in 640x360");
  return {height, width};
}

/// Floats from a multiple of 64 bytes on, which libsrrt uses in place.
class AlignedFloats {
public:
  explicit AlignedFloats(size_t count)
      : count(count),
        memory(static_cast<float *>(std::aligned_alloc(64, (count * 4 + 63) / 64 * 64)),
               std::free) {
    if (!memory)
      throw std::bad_alloc();
    std::fill_n(data(), count, 0.0f);
  }
  float *data() const { return memory.get(); }
  std::vector<float> values() const { return {data(), data() + count}; }

private:
  size_t count;
  std::unique_ptr<float, decltype(&std::free)> memory;
};

struct Picture {
  int height, width;
  std::vector<float> data;
};

/// Of --input, checked against --size if that is given too; without it, noise in the value range.
Picture makeInput(const Arguments &arguments, Array input, const srrt_model_info &info, int height,
                  int width) {
  if (arguments.input.empty()) {
    std::mt19937 random(1);
    std::uniform_real_distribution<float> values(info.low, info.high);
    Picture picture{height, width, std::vector<float>(size_t(info.in_channels) * height * width)};
    for (float &value : picture.data)
      value = values(random);
    return picture;
  }
  std::vector<int64_t> wanted = {1, info.in_channels, height, width};
  if (input.shape != wanted)
    throw std::runtime_error(arguments.input + ": the shape is not 1x" +
                             std::to_string(info.in_channels) + "x" + std::to_string(height) + "x" +
                             std::to_string(width) + ", which the model and --size ask for");
  return {height, width, std::move(input.data)};
}

/// Times of all launches of the packages, for srcc-cost --calibrate.
int profile(const Arguments &arguments) {
  if (arguments.json.empty() || arguments.json == "-")
    throw std::runtime_error("--profile needs --json FILE");
  ProfileOptions options;
  options.packages = arguments.models;
  options.rounds = arguments.rounds;
  options.steady = arguments.steady;
  options.quiet = arguments.quiet;
  options.model = makeOptions(arguments);
  std::string sizes =
      arguments.size.empty() ? "160x90,320x180,480x270,640x360,1280x720" : arguments.size;
  std::stringstream stream(sizes);
  for (std::string size; std::getline(stream, size, ',');)
    options.sizes.push_back(parseSize(size));
  srcc::imaging::AtomicFile file(
      arguments.json); // a path that cannot be written costs no measurement
  std::string text = measureProfile(options);
  file.write(text.data(), text.size());
  file.commit();
  if (!arguments.quiet)
    std::printf("wrote %s\n", arguments.json.c_str());
  return 0;
}

int bench(const Arguments &arguments) {
  Array given;
  int height = 0, width = 0;
  if (!arguments.input.empty()) {
    given = readNpy(arguments.input);
    if (given.shape.size() != 4 || given.shape[0] != 1 || given.shape[2] > 1 << 20 ||
        given.shape[3] > 1 << 20)
      throw std::runtime_error(arguments.input + ": not a picture of shape 1xCxHxW");
    height = int(given.shape[2]), width = int(given.shape[3]);
  }
  if (!arguments.size.empty())
    std::tie(height, width) = parseSize(arguments.size);
  if (!height || !width)
    throw std::runtime_error("give --size WIDTHxHEIGHT of the input, or --input");
  bool jsonOnly = arguments.json == "-", quiet = arguments.quiet || jsonOnly;
  // Opened now, so that a path that cannot be written costs no measurement.
  std::optional<srcc::imaging::AtomicFile> jsonFile;
  if (arguments.runs > 0 && !jsonOnly && !arguments.json.empty())
    jsonFile.emplace(arguments.json);
  if (arguments.runs > 0)
    fillCache(arguments, height, width);

  Clock::time_point start = Clock::now();
  srrt::Model model(arguments.model, makeOptions(arguments));
  srrt_model_info info = model.query();
  model.prepare(height, width);
  double openMs = milliseconds(start);
  Picture input = makeInput(arguments, std::move(given), info, height, width);
  std::vector<int64_t> outputShape = {1, info.out_channels, int64_t(height) * info.scale,
                                      int64_t(width) * info.scale};
  AlignedFloats source(input.data.size());
  std::copy(input.data.begin(), input.data.end(), source.data());
  input.data = {};
  AlignedFloats output(size_t(outputShape[1]) * outputShape[2] * outputShape[3]);
  start = Clock::now();
  model.runF32(source.data(), output.data());
  double startMs = openMs + milliseconds(start);
  srrt_cache_info cache = model.cache();
  if (!arguments.output.empty()) {
    srcc::imaging::writeFile(arguments.output, npyBytes({outputShape, output.values()}));
    if (!quiet)
      std::printf("wrote %s\n", arguments.output.c_str());
  }
  if (arguments.runs == 0)
    return 0;

  // The runs, and the machine's peak between them.
  std::vector<double> deviceMs, hostMs;
  double peak = 0;
  auto measurePeak = [&] {
    peak = std::max(peak, multiplyAddPeak());
    model.runCl(nullptr, nullptr); // caches are the model's again
    model.finish();
  };
  {
    Progress progress("runs", arguments.warmup + 2 * int64_t(arguments.runs), quiet);
    for (int i = 0; i < arguments.warmup; ++i) {
      model.runF32(source.data(), output.data());
      progress.step();
    }
    // Runs of a kind follow each other: each finds in the caches what the one before left there.
    // The machine's peak is measured between a few, and the first run after another kind is not
    // counted.
    int interval = std::max(1, (arguments.runs + 3) / 4);
    for (int i = 0; i < arguments.runs; ++i) {
      if (i % interval == 0)
        measurePeak();
      start = Clock::now();
      model.runCl(nullptr, nullptr);
      model.finish();
      deviceMs.push_back(milliseconds(start));
      progress.step();
    }
    measurePeak();
    model.runF32(source.data(), output.data());
    for (int i = 0; i < arguments.runs; ++i) {
      start = Clock::now();
      model.runF32(source.data(), output.data());
      hostMs.push_back(milliseconds(start));
      progress.step();
    }
  }
  double memoryMb = peakMemory();

  // Each launch by itself.
  model.setProfiling(true);
  std::vector<srrt_launch_info> launches;
  std::vector<std::vector<double>> launchMs;
  for (int i = 0; i <= arguments.runs; ++i) {
    model.runCl(nullptr, nullptr);
    launches = model.launches();
    launchMs.resize(launches.size());
    for (size_t k = 0; i > 0 && k < launches.size(); ++k) // the first run warms up
      launchMs[k].push_back(launches[k].ms);
  }
  double bandwidth = copyBandwidth();

  double macs = 0, bytes = 0;
  for (const srrt_launch_info &launch : launches)
    macs += launch.macs, bytes += launch.bytes;
  double medianMs = median(deviceMs), gflops = 2 * macs / medianMs * 1e-6;
  srrt_memory_info memory = model.memory();

  nlohmann::ordered_json report = {
      {"model", info.name},
      {"device", info.device},
      {"size", std::to_string(width) + "x" + std::to_string(height)},
      {"runs", arguments.runs},
      {"median_ms", medianMs},
      {"min_ms", *std::min_element(deviceMs.begin(), deviceMs.end())},
      {"host_ms", median(hostMs)},
      {"start_ms", startMs},
      {"gflops", gflops},
      {"peak_gflops", peak},
      {"peak_vectors", vectorName()},
      {"copy_gbs", bandwidth},
      {"peak_memory_mb", memoryMb},
      {"warm_cache", cache.hits == cache.programs},
      {"device_memory_mb",
       double(memory.constants + memory.pictures + memory.intermediates) * 1e-6},
      {"strips", memory.strips},
      {"kernels", nlohmann::ordered_json::array()}};
  if (!jsonOnly) {
    std::printf("%s on %s, %dx%d -> %dx%d\n\n", info.name, info.device, width, height,
                width * info.scale, height * info.scale);
    std::printf("%-32s %9s %9s %7s %7s  %s\n", "kernel", "ms", "GFLOP/s", "of peak", "GB/s",
                "layers");
  }
  double sum = 0;
  for (size_t k = 0; k < launches.size(); ++k) {
    const srrt_launch_info &launch = launches[k];
    double ms = median(launchMs[k]);
    double rate = ms > 0 ? 2 * launch.macs / ms * 1e-6 : 0;
    double traffic = ms > 0 ? launch.bytes / ms * 1e-6 : 0;
    sum += ms;
    report["kernels"].push_back({{"name", launch.kernel},
                                 {"layers", launch.layers},
                                 {"median_ms", ms},
                                 {"gflops", rate},
                                 {"gbs", traffic}});
    if (!jsonOnly)
      std::printf("%-32s %9.3f %9.1f %6.1f%% %7.1f  %s\n", launch.kernel, ms, rate,
                  100 * rate / peak, traffic, launch.layers);
  }
  if (!jsonOnly) {
    std::printf("%-32s %9.3f %9.1f %6.1f%% %7.1f\n\n", "all kernels", sum, 2 * macs / sum * 1e-6,
                2 * macs / sum * 1e-4 / peak, bytes / sum * 1e-6);
    std::printf("device memory to device memory   median %.2f ms, min %.2f ms: %.1f GFLOP/s\n",
                medianMs, report["min_ms"].get<double>(), gflops);
    std::printf("host memory to host memory       median %.2f ms\n", median(hostMs));
    std::printf("opening to first picture         %.0f ms%s\n", startMs,
                cache.hits == cache.programs ? " (programs cached)" : " (programs not cached)");
    std::printf("machine                          %.1f GFLOP/s (%s): the model reaches %.1f %%; "
                "copies %.1f GB/s\n",
                peak, vectorName().c_str(), 100 * gflops / peak, bandwidth);
    std::printf("memory                           process %.0f MB at most; buffers: weights %.1f, "
                "pictures %.1f, intermediates %.1f MB (unshared %.1f)%s\n",
                memoryMb, double(memory.constants) * 1e-6, double(memory.pictures) * 1e-6,
                double(memory.intermediates) * 1e-6, double(memory.intermediates_apart) * 1e-6,
                memory.strips > 1 ? (", " + std::to_string(memory.strips) + " strips").c_str()
                                  : "");
  }
  std::string text = report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  if (jsonOnly)
    std::cout << text;
  if (jsonFile) {
    jsonFile->write(text.data(), text.size());
    jsonFile->commit();
  }
  return 0;
}

/// Whether --device says a phone behind adb; `serial` is the part behind a colon.
bool isPhone(const std::string &device, std::string *serial) {
  if (device.compare(0, 3, "adb") || (device.size() > 3 && device[3] != ':'))
    return false;
  *serial = device.size() > 4 ? device.substr(4) : "";
  return true;
}

/// The same on a phone: everything but files and --device goes there as it was given.
int benchOnPhone(const Arguments &arguments, const CLI::App &app, const std::string &serial) {
  AdbRun run;
  run.serial = serial;
  run.program = arguments.adbProgram;
  run.inputs = arguments.models;
  run.input = arguments.input, run.output = arguments.output, run.json = arguments.json;
  for (const char *name : {"--size", "--profile", "--rounds", "--steady", "--runs", "--warmup",
                           "--opencl-library", "--cache-dir", "--memory-limit", "--quiet"}) {
    const CLI::Option *option = app.get_option(name);
    if (!option->count())
      continue;
    run.options.push_back(name);
    if (option->get_items_expected())
      run.options.push_back(option->results().back());
  }
  return runByAdb(run);
}

} // namespace

int main(int argc, char **argv) {
  Arguments arguments;
  CLI::App app(
      "Measures a compiled model on an OpenCL device: latency, per kernel and whole, beside what "
      "the "
      "machine can do at best.\n\n"
      "  srcc-bench model.srp --size 640x360                a table\n"
      "  srcc-bench model.srp --size 640x360 --json b.json  the same figures, for programs\n"
      "  srcc-bench model.srp --input in.npy --output out.npy --runs 0\n"
      "                                                     run once, keep the result\n"
      "  srcc-bench --profile kit.srp --json profile.json   all kernels at several sizes, for\n"
      "                                                     srcc-cost --calibrate\n\n"
      "'median' is from the first enqueue to the last completion, with float planes in device\n"
      "memory; 'host memory to host memory' includes copies (none on CPUs). GFLOP/s count the "
      "model's own\n"
      "non-zero multiply-adds, twice; 'of peak' is against the multiply-adds that all threads "
      "reach\n"
      "with the CPU's vectors, measured between the runs. The first run of a model on a device\n"
      "compiles its kernels, into a cache; that is not counted.\n");
  app.add_option("MODEL", arguments.models, "package written by srcc; --profile takes several")
      ->required();
  app.add_option(
      "--size", arguments.size,
      "size of the input, WIDTHxHEIGHT (needed, unless there is --input); --profile takes "
      "several with commas between");
  app.add_flag("--profile", arguments.profile, "measure each launch at several sizes, into --json");
  app.add_option("--rounds", arguments.rounds, "--profile: how often all are measured in turn")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option(
         "--steady", arguments.steady,
         "--profile: interquartile range / median up to which a launch is steady; others are "
         "measured again")
      ->check(CLI::Range(0.001, 10.0))
      ->capture_default_str();
  app.add_option("--runs", arguments.runs, "timed runs; 0: run once, measure nothing")
      ->check(CLI::Range(0, 100000))
      ->capture_default_str();
  app.add_option("--warmup", arguments.warmup, "runs before the timed ones")
      ->check(CLI::Range(0, 100000))
      ->capture_default_str();
  app.add_option("--device", arguments.device,
                 "OpenCL device: its number in 'srcc-run --list-devices', or part of its name; "
                 "adb, adb:SERIAL: run on a phone, by adb commands that are printed");
  app.add_option("--adb-program", arguments.adbProgram,
                 "--device adb: srcc-bench for the phone, copied there (default: it is there)");
  app.add_option("--json", arguments.json,
                 "write the report to this file; -: to standard output only");
  app.add_option("--input", arguments.input, "float32 input, 1xCxHxW .npy; without it noise");
  app.add_option("--output", arguments.output, "write the output as .npy");
  app.add_option("--opencl-library", arguments.openclLibrary, "OpenCL library to load");
  app.add_option(
      "--cache-dir", arguments.cacheFolder,
      "folder of compiled kernels (default: $XDG_CACHE_HOME/srcc or ~/.cache/srcc; '' for "
      "none)");
  app.add_option(
         "--memory-limit", arguments.memoryLimit,
         "MB of device memory for a picture: larger ones are computed in strips, which costs "
         "some work twice (default: 500, or as much as it takes where strips cannot help)")
      ->type_name("MB")
      ->check(CLI::Range(uint64_t(1), uint64_t(1) << 40));
  app.add_flag("--quiet", arguments.quiet, "no progress");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : 1;
  }
  stopAtInterrupt();
  try {
    if (!arguments.profile && arguments.models.size() > 1)
      throw std::runtime_error("one MODEL at a time (or --profile)");
    arguments.model = arguments.models.front();
    std::string serial;
    if (isPhone(arguments.device, &serial))
      return benchOnPhone(arguments, app, serial);
    if (!arguments.adbProgram.empty())
      throw std::runtime_error("--adb-program goes with --device adb");
    int code = arguments.profile ? profile(arguments) : bench(arguments);
    flushOutput();
    return code;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "srcc-bench: error: %s\n", error.what());
    return 1;
  }
}
