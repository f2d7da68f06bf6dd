//===- Trainer.cpp - Training of networks ---------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Trainer.h"
#include "runtime/imaging/AtomicFile.h"
#include "runtime/imaging/Metrics.h"
#include "search/Processes.h"

#include <chrono>
#include <climits>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <malloc.h>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace srcc::search {
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

//===----------------------------------------------------------------------===//
// Interruption
//===----------------------------------------------------------------------===//

static volatile std::sig_atomic_t interrupted = 0;
static int interruptions = 0;

Interruption::Interruption() {
  if (interruptions++ == 0)
    interrupted = 0;
  previousInt = std::signal(SIGINT, [](int) { interrupted = 1; });
  previousTerm = std::signal(SIGTERM, [](int) { interrupted = 1; });
}
Interruption::~Interruption() {
  --interruptions;
  std::signal(SIGINT, previousInt);
  std::signal(SIGTERM, previousTerm);
}
bool Interruption::asked() { return interrupted; }

//===----------------------------------------------------------------------===//
// Checkpoints
//===----------------------------------------------------------------------===//

/// Everything a training carries from step to step.
struct Trainer::State {
  Module &module;
  TrainOptions options;
  TrainHooks hooks;
  std::vector<torch::Tensor> average;
  torch::optim::Adam adam;
  int64_t step = 0;
  double minutes = 0;
  bool finished = false;

  State(Module &module, TrainOptions options, TrainHooks hooks)
      : module(module), options(std::move(options)), hooks(std::move(hooks)),
        adam(module.parameters(), torch::optim::AdamOptions(this->options.rate)) {
    for (const torch::Tensor &value : module.parameters())
      average.push_back(value.detach().clone());
  }
};

namespace {

constexpr const char *checkpointFormat = "srcc-search-3";

/// What the checkpoint must agree on with the options, name by name.
using Identity = std::vector<std::pair<const char *, int64_t>>;
Identity identity(const TrainOptions &o) {
  return {{"patch", o.patch}, {"batch", o.batch}, {"seed", int64_t(o.seed)}};
}

[[noreturn]] void fail(const std::string &file, const std::string &what) {
  throw std::runtime_error(file + ": " + what);
}

void writeTensors(torch::serialize::OutputArchive &archive, const std::string &name,
                  const std::vector<torch::Tensor> &tensors) {
  archive.write(name + ".count", c10::IValue(int64_t(tensors.size())));
  for (size_t i = 0; i < tensors.size(); ++i)
    archive.write(name + "." + std::to_string(i), tensors[i].detach());
}

int64_t readInt(torch::serialize::InputArchive &archive, const std::string &name) {
  c10::IValue value;
  archive.read(name, value);
  return value.toInt();
}

std::string readText(torch::serialize::InputArchive &archive, const std::string &name) {
  c10::IValue value;
  archive.read(name, value);
  return value.toStringRef();
}

std::vector<torch::Tensor> readTensors(torch::serialize::InputArchive &archive,
                                       const std::string &name) {
  int64_t count = readInt(archive, name + ".count");
  if (count < 0 || count > 1 << 16)
    throw std::out_of_range(name + " has " + std::to_string(count) + " tensors");
  std::vector<torch::Tensor> tensors(count);
  for (size_t i = 0; i < tensors.size(); ++i)
    archive.read(name + "." + std::to_string(i), tensors[i]);
  return tensors;
}

nlohmann::json toJson(const sparsity::Structure &s) {
  return {int(s.scheme), s.filters, s.channels, s.keep, s.shared, s.library};
}
sparsity::Structure structureOf(const nlohmann::json &json) {
  for (int i = 0; i < 5; ++i)
    if (int number = json.at(i).get<int>();
        number < (i ? 1 : 0) || (!i && number > int(sparsity::Scheme::Unstructured)))
      throw std::out_of_range("a structure has " + std::to_string(number));
  return {sparsity::Scheme(json.at(0).get<int>()),
          json.at(1),
          json.at(2),
          json.at(5),
          json.at(3),
          json.at(4)};
}

/// The masks of a module, undefined ones as empty tensors, and their structures.
std::vector<torch::Tensor> masksOf(const Module &module) {
  std::vector<torch::Tensor> masks;
  for (size_t i = 0; i < module.parameters().size(); ++i)
    masks.push_back(module.mask(int(i)).defined() ? module.mask(int(i)).to(torch::kUInt8)
                                                  : torch::empty({0}, torch::kUInt8));
  return masks;
}

std::string structuresOf(const Module &module) {
  nlohmann::json structures = nlohmann::json::array();
  for (size_t i = 0; i < module.parameters().size(); ++i)
    structures.push_back(toJson(module.structure(int(i))));
  return structures.dump();
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
  if (!format.isString() || format.toStringRef() != checkpointFormat)
    fail(path, "not a checkpoint of this version of srcc-search");
  return archive;
}

/// Calls \p read, and tells errors of c10, of JSON and of numbers as those of the file.
template <typename Read> auto reading(const std::string &path, Read read) {
  try {
    return read();
  } catch (const c10::Error &error) {
    fail(path, std::string("damaged checkpoint: ") + error.what_without_backtrace());
  } catch (const nlohmann::json::exception &error) {
    fail(path, std::string("damaged checkpoint: ") + error.what());
  } catch (const std::out_of_range &error) {
    fail(path, std::string("damaged checkpoint: ") + error.what());
  }
}

} // namespace

Module loadModule(const std::string &path) {
  torch::serialize::InputArchive archive = openCheckpoint(path);
  return reading(path, [&] {
    Network network = Network::fromJson(readText(archive, "network"));
    std::vector<torch::Tensor> average = readTensors(archive, "average"),
                               masks = readTensors(archive, "mask");
    auto structures = nlohmann::json::parse(readText(archive, "structures"));
    bool reparameterised = readInt(archive, "reparameterised");
    if (average.size() != network.convs.size() || masks.size() != average.size() ||
        structures.size() != average.size())
      fail(path, "damaged checkpoint: it has not one parameter per convolution");
    for (size_t i = 0; i < average.size(); ++i) {
      const ConvShape &conv = network.convs[i];
      if (average[i].numel() != (reparameterised ? conv.parameters() : conv.weights() + conv.out) ||
          (masks[i].numel() != 0 && masks[i].numel() != conv.weights()))
        fail(path, "damaged checkpoint: " + conv.name + " has parameters of another size");
    }
    torch::NoGradGuard noGrad;
    if (reparameterised) {
      Module module(network);
      for (size_t i = 0; i < average.size(); ++i)
        module.parameters()[i].copy_(average[i]);
      return module;
    }
    Weights weights;
    for (size_t i = 0; i < average.size(); ++i) {
      const float *values = average[i].data_ptr<float>();
      int64_t size = network.convs[i].weights();
      ConvWeights conv{{values, values + size},
                       {values + size, values + average[i].numel()},
                       structureOf(structures[i])};
      // a kept weight may have become zero by chance
      for (int64_t k = 0; k < masks[i].numel(); ++k)
        conv.weight[k] = !masks[i].data_ptr<uint8_t>()[k] ? 0
                         : conv.weight[k] == 0            ? std::numeric_limits<float>::min()
                                                          : conv.weight[k];
      weights.push_back(std::move(conv));
    }
    return Module(network, weights);
  });
}

static void save(const Module &module, const TrainOptions &options, const TrainHooks &hooks,
                 const std::vector<torch::Tensor> &average, const torch::optim::Adam &adam,
                 int64_t step, double minutes, bool finished) {
  torch::serialize::OutputArchive archive;
  for (auto [name, value] : identity(options))
    archive.write(name, c10::IValue(value));
  archive.write("format", c10::IValue(checkpointFormat));
  archive.write("network", c10::IValue(module.network().toJson()));
  archive.write("structures", c10::IValue(structuresOf(module)));
  archive.write("reparameterised", c10::IValue(int64_t(module.reparameterised())));
  archive.write("step", c10::IValue(step));
  archive.write("minutes", c10::IValue(minutes));
  archive.write("finished", c10::IValue(int64_t(finished)));
  writeTensors(archive, "parameter", module.parameters());
  writeTensors(archive, "mask", masksOf(module));
  writeTensors(archive, "average", average);
  writeTensors(archive, "state", hooks.state ? *hooks.state : std::vector<torch::Tensor>());
  torch::serialize::OutputArchive optimiser(archive.compilation_unit());
  adam.save(optimiser);
  archive.write("adam", optimiser);

  // a reader, and a run after a crash, sees the old file or the new one
  imaging::AtomicFile file(options.checkpoint);
  archive.save_to([&](const void *data, size_t size) {
    file.write(data, size);
    return size;
  });
  file.commit();
}

void saveModule(const Module &module, const std::string &checkpoint) {
  TrainOptions options;
  options.checkpoint = checkpoint;
  save(module, options, {}, module.parameters(),
       torch::optim::Adam(module.parameters(), torch::optim::AdamOptions()), 0, 0, true);
}

namespace {

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

std::string duration(double minutes) {
  int64_t seconds = std::llround(minutes * 60);
  char text[32];
  std::snprintf(text, sizeof text, "%d:%02d:%02d", int(seconds / 3600), int(seconds / 60 % 60),
                int(seconds % 60));
  return text;
}

// LibTorch returns each large tensor to the system as it dies and pays the page faults again in
// the next step; keeping the memory makes a step 30 % faster.
void keepMemory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
}

// evaluation needs pictures larger than twice the cropped border
constexpr int leastEvaluated = 3;

} // namespace

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

static imaging::Image upscale(const Module &module, const imaging::Image &low,
                              const std::vector<int> &chosen) {
  torch::NoGradGuard noGrad;
  torch::Tensor pixels = torch::from_blob(const_cast<uint8_t *>(low.pixels.data()),
                                          {1, low.height, low.width, 3}, torch::kUInt8);
  torch::Tensor output =
      module.forward(pixels.to(torch::kFloat32).div(255).permute({0, 3, 1, 2}), chosen);
  output = output.mul(255).round().clamp(0, 255).to(torch::kUInt8);
  output = output.permute({0, 2, 3, 1}).contiguous();
  int scale = int(module.network().scale);
  imaging::Image high(low.width * scale, low.height * scale, 3);
  std::copy_n(output.data_ptr<uint8_t>(), output.numel(), high.pixels.data());
  return high;
}

imaging::Image upscale(const Module &module, const imaging::Image &low) {
  return upscale(module, low, {});
}

double meanPsnr(const Module &module, const std::vector<PicturePair> &pictures,
                const std::vector<int> &chosen) {
  double sum = 0;
  for (const PicturePair &pair : pictures)
    sum +=
        imaging::compare(upscale(module, pair.low, chosen), pair.high, int(module.network().scale))
            .psnr;
  return sum / double(pictures.size());
}

double evaluateFolder(const Module &module, const std::string &folder) {
  keepMemory();
  return meanPsnr(module, loadPictures({folder}, int(module.network().scale), leastEvaluated));
}

WithValues::WithValues(const Module &module, const std::vector<torch::Tensor> &values)
    : module(module) {
  torch::NoGradGuard noGrad;
  for (size_t i = 0; i < values.size(); ++i) {
    own.push_back(module.parameters()[i].clone());
    module.parameters()[i].copy_(values[i]);
  }
}
WithValues::~WithValues() {
  torch::NoGradGuard noGrad;
  for (size_t i = 0; i < own.size(); ++i)
    module.parameters()[i].copy_(own[i]);
}

TrainingData::TrainingData(const TrainOptions &options, int64_t scale)
    : pictures(loadPictures(options.data, int(scale), int(options.patch))) {
  for (const std::string &folder : options.validation)
    validation.emplace_back(folder, loadPictures({folder}, int(scale), leastEvaluated));
}

//===----------------------------------------------------------------------===//
// Trainer
//===----------------------------------------------------------------------===//

Trainer::Trainer(Module &module, TrainOptions options, TrainHooks hooks)
    : state(std::make_unique<State>(module, std::move(options), std::move(hooks))) {}
Trainer::~Trainer() = default;
const std::vector<torch::Tensor> &Trainer::average() const { return state->average; }
int64_t Trainer::step() const { return state->step; }

/// The state of the checkpoint of the options.
static void restore(const TrainOptions &options, Module &module, TrainHooks &hooks,
                    std::vector<torch::Tensor> &average, torch::optim::Adam &adam, int64_t &step,
                    double &minutes, bool &finished) {
  const std::string &path = options.checkpoint;
  torch::serialize::InputArchive archive = openCheckpoint(path), optimiser;
  reading(path, [&] {
    for (auto [name, value] : identity(options))
      if (int64_t stored = readInt(archive, name); stored != value)
        fail(path, std::string("made with ") + name + " " + std::to_string(stored) + ", but " +
                       std::to_string(value) + " is asked for");
    bool same = readText(archive, "network") == module.network().toJson() &&
                readInt(archive, "reparameterised") == int64_t(module.reparameterised()) &&
                readText(archive, "structures") == structuresOf(module);
    std::vector<torch::Tensor> parameters = readTensors(archive, "parameter"),
                               masks = readTensors(archive, "mask"), own = masksOf(module);
    same = same && parameters.size() == module.parameters().size() && masks.size() == own.size();
    for (size_t i = 0; same && i < parameters.size(); ++i)
      same = parameters[i].sizes() == module.parameters()[i].sizes() && masks[i].equal(own[i]);
    if (!same)
      fail(path, "made for another network than is asked for");
    c10::IValue value;
    step = readInt(archive, "step");
    finished = readInt(archive, "finished");
    archive.read("minutes", value);
    minutes = value.toDouble();
    average = readTensors(archive, "average");
    same = average.size() == parameters.size();
    for (size_t i = 0; same && i < average.size(); ++i)
      same = average[i].sizes() == parameters[i].sizes();
    if (!same)
      fail(path, "damaged checkpoint: its average is not of its parameters");
    std::vector<torch::Tensor> extra = readTensors(archive, "state");
    if (hooks.state) {
      if (extra.size() != hooks.state->size())
        fail(path, "made by another stage than is asked for");
      for (size_t i = 0; i < extra.size(); ++i)
        (*hooks.state)[i].copy_(extra[i]);
    }
    archive.read("adam", optimiser);
    adam.load(optimiser);
    torch::NoGradGuard noGrad;
    for (size_t i = 0; i < parameters.size(); ++i)
      module.parameters()[i].copy_(parameters[i]);
  });
}

bool Trainer::run(const TrainingData &data) {
  Module &module = state->module;
  const TrainOptions &options = state->options;
  TrainHooks &hooks = state->hooks;
  std::vector<torch::Tensor> &average = state->average;
  torch::optim::Adam &adam = state->adam;
  int64_t &step = state->step;
  double &minutes = state->minutes;
  bool &finished = state->finished;
  keepMemory();
  torch::set_num_threads(int(options.threads));
  int rank = hooks.processes ? hooks.processes->rank() : 0;
  int processes = hooks.processes ? hooks.processes->size() : 1;
  const bool writes = rank == 0, speaks = writes && !options.quiet;
  auto say = [&](const char *format, auto... arguments) {
    if (!speaks)
      return;
    std::printf(format, arguments...);
    std::fflush(stdout);
  };
  if (options.resume)
    restore(options, module, hooks, average, adam, step, minutes, finished);
  if (finished)
    return true;
  std::optional<imaging::AtomicFile> writable; // fails now rather than at the first save
  if (writes && !options.checkpoint.empty())
    writable.emplace(options.checkpoint);
  Log log(writes ? options.json : "");
  int scale = int(module.network().scale);
  PatchSampler sampler(data.pictures, scale, int(options.patch), int(options.batch), options.seed);
  int64_t parameters = 0;
  for (const torch::Tensor &value : module.parameters())
    parameters += value.numel();
  say("seed %llu, %lld parameters, %zu pictures, step %lld\n", (unsigned long long)options.seed,
      (long long)parameters, data.pictures.size(), (long long)step);
  nlohmann::ordered_json header = {{"event", step ? "resume" : "start"},
                                   {"step", step},
                                   {"rate", options.rate},
                                   {"steps", options.steps},
                                   {"minutes", options.minutes},
                                   {"processes", processes}};
  for (auto [name, value] : identity(options))
    header[name] = value;
  log(header);

  Interruption interruption;
  std::vector<imaging::Image> lessons;
  if (options.distill > 0 && hooks.teacher) {
    say("the teacher upscales %zu pictures\n", data.pictures.size());
    for (const PicturePair &pair : data.pictures) {
      if (Interruption::asked())
        break;
      lessons.push_back(upscale(*hooks.teacher, pair.low));
    }
    sampler.teach(lessons);
  }
  const bool taught = !lessons.empty();

  /// Patches as the network takes and gives them; NHWC buffers seen as NCHW are channels_last.
  struct Batch {
    torch::Tensor low, high, taught;
  };
  auto sample = [&](int64_t at) {
    torch::NoGradGuard noGrad;
    auto patches = [&](int64_t channels) {
      return torch::empty({options.batch, options.patch, options.patch, channels});
    };
    Batch batch{patches(3), patches(3 * scale * scale), {}};
    if (taught)
      batch.taught = patches(3 * scale * scale);
    sampler.sample(uint64_t(at) * processes + rank, batch.low.data_ptr<float>(),
                   batch.high.data_ptr<float>(), taught ? batch.taught.data_ptr<float>() : nullptr);
    batch.low = batch.low.permute({0, 3, 1, 2});
    for (torch::Tensor *spread : {&batch.high, &batch.taught})
      if (spread->defined())
        *spread = torch::pixel_shuffle(spread->permute({0, 3, 1, 2}), scale);
    return batch;
  };
  // mean absolute error of the colours and of their luma
  const torch::Tensor weights =
      torch::tensor({65.481f, 128.553f, 24.966f}).div(219).view({1, 3, 1, 1});
  auto distance = [&](const torch::Tensor &output, const torch::Tensor &wanted) {
    torch::Tensor error = output - wanted, colours = error.abs().mean();
    if (options.luma == 0)
      return colours;
    return colours * (1 - options.luma) + (error * weights).sum(1).abs().mean() * options.luma;
  };

  auto start = Clock::now(), reported = start;
  double before = minutes, loss = 0;
  int64_t summed = 0;
  auto progress = [&] {
    minutes = before + std::chrono::duration<double>(Clock::now() - start).count() / 60;
    double part = double(step) / double(options.steps);
    return options.minutes > 0 ? std::max(part, minutes / options.minutes) : part;
  };
  auto validate = [&] {
    if (!writes || data.validation.empty())
      return;
    nlohmann::ordered_json record = {{"event", "psnr"}, {"step", step}};
    WithValues averaged(module, average);
    for (auto &[folder, set] : data.validation) {
      double psnr = meanPsnr(module, set, hooks.choose ? hooks.choose(0) : std::vector<int>());
      record["psnr"][folder] = psnr;
      say("step %lld  %s %.3f dB\n", (long long)step, folder.c_str(), psnr);
    }
    log(record);
  };
  auto store = [&](bool done) {
    if (writes && !options.checkpoint.empty())
      save(module, options, hooks, average, adam, step, minutes, done);
  };

  // What one process decides by its clock or a signal, all do: rank 0's share of the training that
  // is done, and whether anyone was interrupted.
  double spent = progress();
  bool stop = Interruption::asked();
  auto agree = [&] {
    spent = progress();
    stop = Interruption::asked();
    if (!hooks.processes)
      return;
    torch::Tensor votes = torch::tensor({rank ? 0.0f : float(spent), float(stop)});
    hooks.processes->sum(votes);
    spent = votes[0].item<float>();
    stop = votes[1].item<float>() > 0;
  };
  agree();
  std::future<Batch> next;
  while (spent < 1 && !stop) {
    double rate = options.rate;
    if (options.decay == "cosine")
      rate *= 0.5 * (1 + std::cos(M_PI * spent));
    else
      rate *= std::pow(0.5, std::floor(spent / options.halve));
    if (options.warmup > 0)
      rate *= std::min(1.0, std::max(double(step + 1) / double(options.warmup), spent / 0.1));
    static_cast<torch::optim::AdamOptions &>(adam.param_groups()[0].options()).lr(rate);
    Batch batch = next.valid() ? next.get() : sample(step);
    next = std::async(std::launch::async, sample, step + 1);
    adam.zero_grad();
    std::vector<int> chosen = hooks.choose ? hooks.choose(uint64_t(step)) : std::vector<int>();
    torch::Tensor output = module.forward(batch.low, chosen);
    torch::Tensor error = distance(output, batch.high);
    if (taught)
      error = error * (1 - options.distill) + distance(output, batch.taught) * options.distill;
    error.backward();
    if (hooks.processes) {
      std::vector<torch::Tensor> gradients;
      for (const torch::Tensor &value : module.parameters())
        if (value.grad().defined())
          gradients.push_back(value.grad());
      torch::Tensor all = torch::cat(gradients).div_(processes);
      hooks.processes->sum(all);
      int64_t at = 0;
      for (torch::Tensor &gradient : gradients) {
        gradient.copy_(all.slice(0, at, at + gradient.numel()));
        at += gradient.numel();
      }
    }
    if (hooks.regularise) {
      torch::NoGradGuard noGrad;
      hooks.regularise(step, spent);
    }
    adam.step();
    ++step;
    {
      torch::NoGradGuard noGrad;
      double decay = std::min(options.average, (1.0 + step) / (10.0 + step));
      for (size_t i = 0; i < average.size(); ++i)
        average[i].lerp_(module.parameters()[i], 1 - decay);
    }
    loss += error.item<double>(), ++summed;
    if (!std::isfinite(loss))
      throw std::runtime_error("the loss is not finite at step " + std::to_string(step) +
                               "; a smaller rate may help");

    if (step % options.reportEvery == 0) {
      auto now = Clock::now();
      double ms =
          std::chrono::duration<double, std::milli>(now - reported).count() / double(summed);
      double left = (progress() > 0) ? minutes * (1 / progress() - 1) : 0;
      say("step %lld  loss %.5f  rate %.2e  %.0f ms/step  %s passed, %s left\n", (long long)step,
          loss / double(summed), rate, ms, duration(minutes).c_str(), duration(left).c_str());
      log({{"event", "train"},
           {"step", step},
           {"loss", loss / double(summed)},
           {"rate", rate},
           {"ms_per_step", ms},
           {"minutes_passed", minutes}});
      reported = now, loss = 0, summed = 0;
    }
    if (step % options.validateEvery == 0)
      validate();
    if (step % options.saveEvery == 0)
      store(false);
    agree();
  }
  finished = !stop;
  store(finished);
  if (!finished) {
    say("interrupted at step %lld\n", (long long)step);
    return false;
  }
  validate();
  say("done: %lld steps in %s\n", (long long)step, duration(minutes).c_str());
  return true;
}

} // namespace srcc::search
