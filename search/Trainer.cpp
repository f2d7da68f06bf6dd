//===- Trainer.cpp - Training of WDSR-B networks --------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Trainer.h"
#include "runtime/imaging/AtomicFile.h"
#include "runtime/imaging/Metrics.h"
#include "search/Data.h"
#include "search/WdsrModule.h"

#include <chrono>
#include <climits>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <malloc.h>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace srcc::search {
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

static volatile std::sig_atomic_t interrupted = 0;

namespace {

/// Everything a training carries from step to step.
struct State {
  TrainOptions options;
  WdsrModule network;
  torch::Tensor average;
  torch::optim::Adam adam;
  int64_t step = 0;
  double minutes = 0;

  explicit State(const TrainOptions &options)
      : options(options), network((torch::manual_seed(options.seed), options.shape)),
        average(network.parameters().detach().clone()),
        adam({network.parameters()}, torch::optim::AdamOptions(options.rate)) {}
};

/// What the checkpoint must agree on with the options, name by name.
using Identity = std::vector<std::pair<const char *, int64_t>>;
Identity identity(const TrainOptions &o) {
  return {
      {"scale", o.shape.scale},         {"blocks", o.shape.blocks}, {"channels", o.shape.channels},
      {"expansion", o.shape.expansion}, {"patch", o.patch},         {"batch", o.batch},
      {"seed", int64_t(o.seed)}};
}

[[noreturn]] void fail(const std::string &file, const std::string &what) {
  throw std::runtime_error(file + ": " + what);
}

void save(const State &state) {
  torch::serialize::OutputArchive archive;
  for (auto [name, value] : identity(state.options))
    archive.write(name, c10::IValue(value));
  archive.write("format", c10::IValue("srcc-wdsr-1"));
  archive.write("step", c10::IValue(state.step));
  archive.write("minutes", c10::IValue(state.minutes));
  archive.write("parameters", state.network.parameters().detach());
  archive.write("average", state.average);
  torch::serialize::OutputArchive adam(archive.compilation_unit());
  state.adam.save(adam);
  archive.write("adam", adam);

  // a reader, and a run after a crash, sees the old file or the new one
  imaging::AtomicFile file(state.options.checkpoint);
  archive.save_to([&](const void *data, size_t size) {
    file.write(data, size);
    return size;
  });
  file.commit();
}

torch::serialize::InputArchive openCheckpoint(const std::string &path) {
  if (!fs::is_regular_file(path))
    fail(path, "no such checkpoint");
  torch::serialize::InputArchive archive;
  c10::IValue format;
  try {
    archive.load_from(path);
    archive.read("format", format);
  } catch (const c10::Error &) {
    fail(path, "not a checkpoint of srcc-search");
  }
  if (!format.isString() || format.toStringRef() != "srcc-wdsr-1")
    fail(path, "not a checkpoint of this version of srcc-search");
  return archive;
}

int64_t readInt(torch::serialize::InputArchive &archive, const char *name) {
  c10::IValue value;
  archive.read(name, value);
  return value.toInt();
}

void restore(State &state) {
  const std::string &path = state.options.checkpoint;
  torch::serialize::InputArchive archive = openCheckpoint(path), adam;
  try {
    for (auto [name, value] : identity(state.options))
      if (int64_t stored = readInt(archive, name); stored != value)
        fail(path, std::string("made with ") + name + " " + std::to_string(stored) + ", but " +
                       std::to_string(value) + " is asked for");
    c10::IValue minutes;
    torch::Tensor parameters;
    state.step = readInt(archive, "step");
    archive.read("minutes", minutes);
    state.minutes = minutes.toDouble();
    archive.read("parameters", parameters);
    archive.read("average", state.average);
    archive.read("adam", adam);
    state.adam.load(adam);
    torch::NoGradGuard noGrad;
    state.network.parameters().copy_(parameters);
  } catch (const c10::Error &error) {
    fail(path, std::string("damaged checkpoint: ") + error.what_without_backtrace());
  }
}

/// Adds records to the JSON Lines log.
class Log {
public:
  explicit Log(const std::string &path) : path(path) {
    if (path.empty())
      return;
    file.open(path, std::ios::app);
    if (!file)
      fail(path, "cannot write the log");
  }
  void operator()(const nlohmann::ordered_json &record) {
    if (path.empty())
      return;
    if (!(file << record.dump() << std::endl))
      fail(path, "cannot write the log");
  }

private:
  std::string path;
  std::ofstream file;
};

double meanPsnr(const WdsrModule &network, const std::vector<PicturePair> &pictures) {
  torch::NoGradGuard noGrad;
  double sum = 0;
  int scale = int(network.shape().scale);
  for (const PicturePair &pair : pictures) {
    const imaging::Image &low = pair.low;
    torch::Tensor pixels = torch::from_blob(const_cast<uint8_t *>(low.pixels.data()),
                                            {1, low.height, low.width, 3}, torch::kUInt8);
    torch::Tensor output =
        network.forward(pixels.to(torch::kFloat32).div(255).permute({0, 3, 1, 2}));
    output = output.mul(255).round().clamp(0, 255).to(torch::kUInt8);
    output = output.permute({0, 2, 3, 1}).contiguous();
    imaging::Image high(low.width * scale, low.height * scale, 3);
    std::copy_n(output.data_ptr<uint8_t>(), output.numel(), high.pixels.data());
    sum += imaging::psnr(imaging::luma(high), imaging::luma(pair.high), scale);
  }
  return sum / double(pictures.size());
}

/// meanPsnr with other values in place of the parameters.
double meanPsnr(const WdsrModule &network, const torch::Tensor &values,
                const std::vector<PicturePair> &pictures) {
  torch::NoGradGuard noGrad;
  torch::Tensor own = network.parameters().clone();
  network.parameters().copy_(values);
  double psnr = meanPsnr(network, pictures);
  network.parameters().copy_(own);
  return psnr;
}

std::string duration(double minutes) {
  int64_t seconds = std::llround(minutes * 60);
  char text[32];
  std::snprintf(text, sizeof text, "%d:%02d:%02d", int(seconds / 3600), int(seconds / 60 % 60),
                int(seconds % 60));
  return text;
}

} // namespace

// LibTorch returns each large tensor to the system as it dies and pays the page faults again in
// the next step; keeping the memory makes a step 30 % faster.
static void keepMemory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
}

// evaluation needs pictures larger than twice the cropped border
static constexpr int leastEvaluated = 3;

bool train(const TrainOptions &options) {
  keepMemory();
  torch::set_num_threads(options.threads);
  std::printf("seed %llu\n", (unsigned long long)options.seed);
  std::vector<PicturePair> pictures =
      loadPictures(options.data, int(options.shape.scale), options.patch);
  std::vector<std::pair<std::string, std::vector<PicturePair>>> validation;
  for (const std::string &folder : options.validation)
    validation.emplace_back(folder,
                            loadPictures({folder}, int(options.shape.scale), leastEvaluated));

  State state(options);
  if (options.resume)
    restore(state);
  imaging::AtomicFile writable(options.checkpoint); // fails now rather than at the first save
  Log log(options.json);
  PatchSampler sampler(pictures, int(options.shape.scale), options.patch, options.batch,
                       options.seed);
  int64_t side = options.patch, subpixels = 3 * options.shape.scale * options.shape.scale;
  torch::Tensor low = torch::empty({options.batch, side, side, 3});
  torch::Tensor high = torch::empty({options.batch, side, side, subpixels});
  std::printf("%lld parameters, %zu pictures, step %lld\n",
              (long long)state.network.parameters().numel(), pictures.size(),
              (long long)state.step);
  std::fflush(stdout);
  nlohmann::ordered_json header = {{"event", state.step ? "resume" : "start"},
                                   {"step", state.step},
                                   {"rate", options.rate},
                                   {"steps", options.steps},
                                   {"minutes", options.minutes}};
  for (auto [name, value] : identity(options))
    header[name] = value;
  log(header);

  interrupted = 0;
  auto previousInt = std::signal(SIGINT, [](int) { interrupted = 1; });
  auto previousTerm = std::signal(SIGTERM, [](int) { interrupted = 1; });
  auto start = Clock::now(), reported = start;
  double before = state.minutes, loss = 0;
  int64_t summed = 0;
  auto progress = [&] {
    state.minutes = before + std::chrono::duration<double>(Clock::now() - start).count() / 60;
    double part = double(state.step) / double(options.steps);
    return options.minutes > 0 ? std::max(part, state.minutes / options.minutes) : part;
  };
  auto validate = [&] {
    nlohmann::ordered_json record = {{"event", "psnr"}, {"step", state.step}};
    for (auto &[folder, set] : validation) {
      double psnr = meanPsnr(state.network, state.average, set);
      record["psnr"][folder] = psnr;
      std::printf("step %lld  %s %.3f dB\n", (long long)state.step, folder.c_str(), psnr);
    }
    std::fflush(stdout);
    if (!validation.empty())
      log(record);
  };

  double spent;
  while ((spent = progress()) < 1 && !interrupted) {
    double rate = options.rate * 0.5 * (1 + std::cos(M_PI * spent));
    static_cast<torch::optim::AdamOptions &>(state.adam.param_groups()[0].options()).lr(rate);
    sampler.sample(uint64_t(state.step), low.data_ptr<float>(), high.data_ptr<float>());
    state.adam.zero_grad();
    // NHWC buffers seen as NCHW are channels_last tensors
    torch::Tensor error = torch::l1_loss(state.network.subpixels(low.permute({0, 3, 1, 2})),
                                         high.permute({0, 3, 1, 2}));
    error.backward();
    state.adam.step();
    ++state.step;
    {
      torch::NoGradGuard noGrad;
      double decay = std::min(options.average, (1.0 + state.step) / (10.0 + state.step));
      state.average.lerp_(state.network.parameters(), 1 - decay);
    }
    loss += error.item<double>(), ++summed;

    if (state.step % options.reportEvery == 0) {
      auto now = Clock::now();
      double ms =
          std::chrono::duration<double, std::milli>(now - reported).count() / double(summed);
      double left = (progress() > 0) ? state.minutes * (1 / progress() - 1) : 0;
      std::printf("step %lld  loss %.5f  rate %.2e  %.0f ms/step  %s passed, %s left\n",
                  (long long)state.step, loss / double(summed), rate, ms,
                  duration(state.minutes).c_str(), duration(left).c_str());
      std::fflush(stdout);
      log({{"event", "train"},
           {"step", state.step},
           {"loss", loss / double(summed)},
           {"rate", rate},
           {"ms_per_step", ms},
           {"minutes_passed", state.minutes}});
      reported = now, loss = 0, summed = 0;
    }
    if (state.step % options.validateEvery == 0)
      validate();
    if (state.step % options.saveEvery == 0)
      save(state);
  }
  save(state);
  std::signal(SIGINT, previousInt);
  std::signal(SIGTERM, previousTerm);
  if (interrupted) {
    std::printf("interrupted at step %lld; --resume continues from %s\n", (long long)state.step,
                options.checkpoint.c_str());
    return false;
  }
  validate();
  std::printf("done: %lld steps in %s, checkpoint %s\n", (long long)state.step,
              duration(state.minutes).c_str(), options.checkpoint.c_str());
  return true;
}

// the network of a checkpoint, holding the averaged weights
static WdsrModule loadAverage(const std::string &checkpoint) {
  torch::serialize::InputArchive archive = openCheckpoint(checkpoint);
  try {
    WdsrShape shape{readInt(archive, "scale"), readInt(archive, "blocks"),
                    readInt(archive, "channels"), readInt(archive, "expansion")};
    torch::Tensor average;
    archive.read("average", average);
    WdsrModule network(shape);
    torch::NoGradGuard noGrad;
    network.parameters().copy_(average);
    return network;
  } catch (const c10::Error &error) {
    fail(checkpoint, std::string("damaged checkpoint: ") + error.what_without_backtrace());
  }
}

WdsrWeights loadWeights(const std::string &checkpoint) {
  WdsrModule network = loadAverage(checkpoint);
  return network.fold(network.parameters().detach());
}

double evaluate(const std::string &checkpoint, const std::string &folder) {
  keepMemory();
  WdsrModule network = loadAverage(checkpoint);
  return meanPsnr(network, loadPictures({folder}, int(network.shape().scale), leastEvaluated));
}

} // namespace srcc::search
