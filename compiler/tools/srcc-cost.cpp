//===- srcc-cost.cpp - Predicts latency -----------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/cost/Calibrate.h"
#include "compiler/cost/LayerList.h"
#include "compiler/cost/Memo.h"
#include "compiler/tools/Pipeline.h"
#include "compiler/tools/Registration.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/xxhash.h"

#include <chrono>

using namespace mlir;
using namespace srcc;
namespace cl = llvm::cl;
namespace json = llvm::json;

namespace {

/// Made in main, as those of srcc.
struct Options {
  cl::OptionCategory category{"srcc-cost options"};
  cl::list<std::string> inputs{cl::Positional, cl::cat(category), cl::value_desc("MODEL"),
                               cl::desc("MODEL (.onnx, .mlir, .mlirbc) or LAYERS.json")};
  cl::opt<std::string> output{"o", cl::cat(category), cl::value_desc("FILE"),
                              cl::desc("File to write instead of standard output")};
  cl::opt<std::string> target{
      "target", cl::cat(category), cl::init("host"), cl::value_desc("DEV"),
      cl::desc("Device: host (default), a name as srcc has them, or a device file")};
  cl::list<std::string> sizes{"size", cl::cat(category), cl::CommaSeparated,
                              cl::value_desc("WxH,..."),
                              cl::desc("Sizes of the input (default 640x360)")};
  cl::opt<std::string> precision{"precision", cl::cat(category), cl::init("f32"),
                                 cl::value_desc("P"),
                                 cl::desc("f32 (default), f16s or f16, as srcc has them")};
  cl::opt<bool> noFusion{"no-fusion", cl::cat(category), cl::desc("As srcc --no-fusion")};
  cl::opt<int64_t> winograd{"winograd", cl::cat(category), cl::init(-1), cl::value_desc("N"),
                            cl::desc("As srcc --winograd")};
  cl::opt<bool> jsonOutput{"json", cl::cat(category), cl::desc("Write JSON")};
  cl::opt<bool> features{"features", cl::cat(category),
                         cl::desc("Write what the kernels do instead of times, as JSON")};
  cl::opt<bool> layers{"layers", cl::cat(category),
                       cl::desc("Write the LAYERS.json of a MODEL, with the statistics of its "
                                "masks, instead of times")};
  cl::opt<std::string> memo{"memo", cl::cat(category), cl::value_desc("FILE"),
                            cl::desc("SQLite file of what was predicted before; made if missing")};
  cl::opt<bool> fillTable{
      "fill-table", cl::cat(category),
      cl::desc("Predict layers of many widths, schemes, densities and sizes into --memo, "
               "and write them as CSV; compiles 20 networks for each width, some minutes "
               "in all")};
  cl::list<unsigned> widths{
      "channels", cl::cat(category), cl::CommaSeparated, cl::value_desc("N,..."),
      cl::desc("Widths of the layers for --fill-table (default 8,12,16,20,24,32,48,64)")};
  cl::opt<std::string> calibrate{
      "calibrate", cl::cat(category), cl::value_desc("PROFILE"),
      cl::desc("Fit the target's coefficients to what srcc-bench --profile wrote, "
               "and write a device file to -o; MODELs: packages in it that are no kits")};
  cl::opt<double> mostSpread{
      "most-spread", cl::cat(category), cl::init(0.05), cl::value_desc("SHARE"),
      cl::desc("--calibrate: launches that vary more are left out (default 0.05)")};
  cl::opt<unsigned> repeat{
      "repeat",
      cl::cat(category),
      cl::init(0),
      cl::value_desc("N"),
      cl::Hidden,
      cl::desc("Predict N times with nothing remembered and once more from the memo, and tell "
               "how many a second")};
  cl::opt<bool> quiet{"quiet", cl::cat(category), cl::desc("Print errors only")};
};
Options *options;

LogicalResult fail(const llvm::Twine &message) {
  llvm::WithColor::error(llvm::errs(), "srcc-cost") << message << "\n";
  return failure();
}
LogicalResult fail(llvm::Error error) { return fail(llvm::toString(std::move(error))); }

/// Writes text to -o or standard output; a file appears whole or not at all.
LogicalResult writeText(llvm::StringRef text) {
  if (options->output.empty() || options->output == "-") {
    llvm::outs() << text;
    return success();
  }
  if (llvm::Error error =
          llvm::writeToOutput(options->output, [&](llvm::raw_ostream &os) -> llvm::Error {
            os << text;
            return llvm::Error::success();
          }))
    return fail("cannot write " + llvm::toString(std::move(error)));
  return success();
}

struct Size {
  int64_t height, width;
};

FailureOr<std::vector<Size>> sizesAsked() {
  std::vector<std::string> texts(options->sizes.begin(), options->sizes.end());
  if (texts.empty())
    texts = {"640x360"};
  std::vector<Size> sizes;
  for (llvm::StringRef text : texts) {
    auto [width, height] = text.split('x');
    Size size;
    if (width.getAsInteger(10, size.width) || height.getAsInteger(10, size.height) ||
        size.width < 1 || size.height < 1 || size.width > 1 << 16 || size.height > 1 << 16)
      return fail("--size takes WIDTHxHEIGHT from 1x1 to 65536x65536, not '" + text + "'");
    sizes.push_back(size);
  }
  return sizes;
}

/// The kernels of a file: a model of any phase, or a list of layers.
FailureOr<cost::Program> programOf(llvm::StringRef path, MLIRContext *context) {
  OwningOpRef<ModuleOp> module;
  if (path.ends_with(".json")) {
    auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
    if (!buffer)
      return fail(path + ": " + buffer.getError().message());
    auto list = cost::parseLayerList((*buffer)->getBuffer(), path);
    if (!list)
      return fail(list.takeError());
    module = cost::buildNetwork(*list, context);
  } else {
    module = readModelOrPhase(path, context, "", "", options->quiet);
  }
  if (!module)
    return failure();
  PipelineOptions pipeline{options->target, options->precision, !options->noFusion,
                           options->winograd};
  if (failed(lowerToKernels(*module, pipeline)))
    return failure();
  return cost::Program::get(*module);
}

/// Writes the layers of a model of the sr dialect as the compiler sees them: folded and shrunk.
LogicalResult writeLayers(MLIRContext *context) {
  if (options->inputs.size() != 1 || llvm::StringRef(options->inputs[0]).ends_with(".json"))
    return fail("--layers takes one MODEL");
  auto module = readModelOrPhase(options->inputs[0], context, "", "", options->quiet);
  if (!module || failed(simplifyModel(*module, options->target)))
    return failure();
  auto list = cost::layersOf(*module);
  if (failed(list))
    return failure();
  std::string text = cost::printLayerList(*list);
  if (auto read = cost::parseLayerList(text, options->inputs[0]); !read)
    return fail(read.takeError());
  return writeText(text);
}

/// The times of layers: shares of the kernels that compute them.
llvm::MapVector<llvm::StringRef, double> layerTimes(const cost::Program &program,
                                                    llvm::ArrayRef<cost::Time> times) {
  llvm::MapVector<llvm::StringRef, double> result;
  auto launches = program.floatLaunches();
  for (auto [launch, time] : llvm::zip(launches, times))
    for (auto [layer, share] : llvm::zip(launch->layers, launch->layerShares))
      result[layer] += share * time.total;
  return result;
}

json::Object report(const cost::Program &program, const Device &device, Size size,
                    llvm::ArrayRef<cost::Time> times, double total) {
  json::Array kernels, layers;
  for (auto [launch, time] : llvm::zip(program.floatLaunches(), times)) {
    json::Array names;
    for (const std::string &layer : launch->layers)
      names.push_back(layer);
    kernels.push_back(json::Object{{"name", launch->name},
                                   {"ms", time.total},
                                   {"bound", cost::boundName(time.bound)},
                                   {"compute_ms", time.compute},
                                   {"memory_ms", time.memory},
                                   {"launch_ms", time.launch},
                                   {"layers", std::move(names)}});
  }
  for (auto &[layer, ms] : layerTimes(program, times))
    layers.push_back(json::Object{{"name", layer}, {"ms", ms}});
  return json::Object{{"model", program.name},
                      {"device", device.name},
                      {"size", std::to_string(size.width) + "x" + std::to_string(size.height)},
                      {"total_ms", total},
                      {"kernels", std::move(kernels)},
                      {"layers", std::move(layers)}};
}

void table(llvm::raw_ostream &os, const cost::Program &program, const Device &device, Size size,
           llvm::ArrayRef<cost::Time> times, double total) {
  os << program.name << " on " << device.name << ", " << size.width << "x" << size.height
     << ", predicted\n\n";
  os << llvm::format("%-36s %10s  %-11s %s\n", "kernel", "ms", "bound", "layers");
  for (auto [launch, time] : llvm::zip(program.floatLaunches(), times)) {
    os << llvm::format("%-36s %10.3f  %-11s ", launch->name.c_str(), time.total,
                       cost::boundName(time.bound).str().c_str());
    llvm::interleaveComma(launch->layers, os);
    os << "\n";
  }
  os << llvm::format("%-36s %10.3f\n\n", "all", total);
  os << llvm::format("%-36s %10s\n", "layer", "ms");
  for (auto &[layer, ms] : layerTimes(program, times))
    os << llvm::format("%-36s %10.3f\n", layer.str().c_str(), ms);
}

/// How many whole networks a second with nothing remembered, and how many kernels from the memo.
LogicalResult measureQueries(const cost::Program &program, const Device &device, Size size,
                             cost::Memo *memo) {
  using Clock = std::chrono::steady_clock;
  auto seconds = [](Clock::time_point since) {
    return std::chrono::duration<double>(Clock::now() - since).count();
  };
  double total;
  auto start = Clock::now();
  for (unsigned i = 0; i < options->repeat; ++i) {
    cost::CostModel model(device);
    if (auto times = model.predict(program, size.height, size.width, &total); !times)
      return fail(times.takeError());
  }
  llvm::outs() << llvm::format("%.0f networks a second, nothing remembered\n",
                               options->repeat / seconds(start));
  if (!memo)
    return success();
  cost::CostModel model(device, memo);
  if (auto times = model.predict(program, size.height, size.width, &total); !times)
    return fail(times.takeError());
  start = Clock::now();
  size_t kernels = 0;
  for (unsigned i = 0; i < options->repeat; ++i) {
    auto times = model.predict(program, size.height, size.width, &total);
    if (!times)
      return fail(times.takeError());
    kernels += times->size();
  }
  llvm::outs() << llvm::format("%.0f kernels a second from the memo\n", kernels / seconds(start));
  return success();
}

LogicalResult calibrate(MLIRContext *context, const Device &device) {
  if (options->output.empty())
    return fail("--calibrate needs -o DEVICE.json");
  auto buffer = llvm::MemoryBuffer::getFile(options->calibrate, /*IsText=*/true);
  if (!buffer)
    return fail(options->calibrate + ": " + buffer.getError().message());
  auto profile = cost::parseProfile((*buffer)->getBuffer(), options->calibrate);
  if (!profile)
    return fail(profile.takeError());
  std::map<std::string, cost::Program> programs;
  for (const std::string &input : options->inputs) {
    auto program = programOf(input, context);
    if (failed(program))
      return failure();
    std::string name = program->name;
    programs.emplace(name, std::move(*program));
  }
  for (const auto &run : profile->runs) {
    auto number = profileKitNumber(run.package);
    if (!number || programs.count(run.package))
      continue;
    auto module = profileKit(*number, context);
    PipelineOptions pipeline{options->target, options->precision, profileKitFuses(*number)};
    if (!module || failed(lowerToKernels(*module, pipeline)))
      return failure();
    auto program = cost::Program::get(*module);
    if (failed(program))
      return failure();
    programs.emplace(run.package, std::move(*program));
  }
  std::map<std::string, const cost::Program *> byName;
  for (auto &[name, program] : programs)
    byName[name] = &program;
  auto fit = cost::fitDevice(device, *profile, byName, options->mostSpread);
  if (!fit)
    return fail(options->calibrate + ": " + llvm::toString(fit.takeError()));
  if (!options->quiet)
    llvm::errs() << llvm::format(
        "srcc-cost: fitted to %u launches: median error %.1f %%, %.0f %% within 10 %%\n"
        "srcc-cost: held out %u launches: median error %.1f %%, %.0f %% within 10 %%\n"
        "srcc-cost: left out as unsteady: %u launches\n",
        fit->used, 100 * fit->error, 100 * fit->within, fit->heldOut, 100 * fit->heldOutError,
        100 * fit->heldOutWithin, fit->unsteady);
  return writeText(printDevice(fit->device));
}

/// Layers of many shapes in one file and one table.
LogicalResult fillTable(MLIRContext *context, cost::CostModel &model, llvm::ArrayRef<Size> sizes) {
  std::string text = "kernel,channels,scheme,density,width,height,ms,bound\n";
  llvm::raw_string_ostream os(text);
  using S = sparsity::Scheme;
  struct Sparse {
    const char *name;
    S scheme;
  };
  constexpr Sparse schemes[] = {
      {"block", S::Block}, {"pattern", S::Pattern}, {"unstructured", S::Unstructured}};
  std::vector<unsigned> widths(options->widths.begin(), options->widths.end());
  if (widths.empty())
    widths = {8, 12, 16, 20, 24, 32, 48, 64};
  size_t done = 0, all = widths.size() * 2 * (1 + 3 * 3);
  for (int64_t kernel : {1, 3})
    for (int64_t channels : widths)
      for (double density : {1.0, 0.5, 0.25, 0.125})
        for (const Sparse &sparse : schemes) {
          if (density == 1 && sparse.scheme != S::Block)
            continue; // dense is the same for all
          if (!options->quiet && done % 10 == 0)
            llvm::errs() << "srcc-cost: network " << done + 1 << " of " << all << "\n";
          ++done;
          cost::LayerList list;
          list.name = "table";
          auto add = [&](const char *name, int64_t out, int64_t kernel, double density) {
            cost::LayerSpec spec;
            spec.name = name;
            spec.out = out, spec.kernel = kernel, spec.density = density, spec.relu = true;
            spec.structure.scheme = density < 1 ? sparse.scheme : S::Dense;
            spec.structure.filters = 4, spec.structure.channels = 1, spec.structure.shared = 4;
            list.layers.push_back(spec);
          };
          add("before", channels, 3, 1), add("layer", channels, kernel, density),
              add("after", 12, 3, 1);
          auto module = cost::buildNetwork(list, context);
          PipelineOptions pipeline{options->target, options->precision, /*fusion=*/false};
          if (!module || failed(lowerToKernels(*module, pipeline)))
            return failure();
          auto program = cost::Program::get(*module);
          if (failed(program))
            return failure();
          for (Size size : sizes) {
            double total;
            auto times = model.predict(*program, size.height, size.width, &total);
            if (!times)
              return fail(times.takeError());
            for (auto [launch, time] : llvm::zip(program->floatLaunches(), *times))
              if (llvm::is_contained(launch->layers, "layer"))
                os << kernel << "x" << kernel << "," << channels << ","
                   << (density < 1 ? sparse.name : "dense") << "," << llvm::format("%g", density)
                   << "," << size.width << "," << size.height << ","
                   << llvm::format("%.6g", time.total) << "," << cost::boundName(time.bound)
                   << "\n";
          }
        }
  return writeText(text);
}

LogicalResult run(MLIRContext *context) {
  if (options->precision != "f32" && options->precision != "f16s" && options->precision != "f16")
    return fail("--precision is f32, f16s or f16, not '" + options->precision + "'");
  if (options->layers)
    return writeLayers(context);
  auto device = loadDevice(options->target);
  if (!device)
    return fail(device.takeError());
  if (options->precision == "f16" && !device->fp16)
    return fail("--precision=f16 needs a device with half arithmetic; " + device->name +
                " has none");
  if (!options->calibrate.empty())
    return calibrate(context, *device);
  auto sizes = sizesAsked();
  if (failed(sizes))
    return failure();
  if (options->winograd < -1)
    return fail("--winograd is a number of channels, or 0 for none, not " +
                llvm::Twine(options->winograd.getValue()));
  for (unsigned channels : options->widths)
    if (channels < 1 || channels > 1024)
      return fail("--channels takes widths from 1 to 1024, not " + llvm::Twine(channels));
  if (options->widths.size() && !options->fillTable)
    return fail("--channels goes with --fill-table");
  if (options->fillTable && (!options->inputs.empty() || options->memo.empty()))
    return fail("--fill-table takes --memo and no MODEL");
  if (!options->fillTable && options->inputs.size() != 1)
    return fail("needs one MODEL (or --calibrate or --fill-table)");
  // A question about layers that was asked before needs no compiling: whatever decides the answer
  // is in its key.
  std::string asked;
  std::optional<cost::Program> program;
  bool isList = !options->fillTable && llvm::StringRef(options->inputs[0]).ends_with(".json");
  if (isList && options->jsonOutput && !options->features && !options->memo.empty()) {
    auto buffer = llvm::MemoryBuffer::getFile(options->inputs[0], /*IsText=*/true);
    if (!buffer)
      return fail(options->inputs[0] + ": " + buffer.getError().message());
    if (auto list = cost::parseLayerList((*buffer)->getBuffer(), options->inputs[0]); !list)
      return fail(list.takeError());
    asked = (*buffer)->getBuffer().str() + printDevice(*device) + options->precision +
            (options->noFusion ? "-" : "+") + std::to_string(options->winograd) + "/" +
            SRCC_VERSION + "/" + std::to_string(cost::featureVersion);
    for (Size size : *sizes)
      asked += " " + std::to_string(size.width) + "x" + std::to_string(size.height);
  } else if (!options->fillTable) {
    auto compiled = programOf(options->inputs[0], context);
    if (failed(compiled))
      return failure();
    program = std::move(*compiled);
  }
  // Made only when nothing that was given is wrong.
  std::unique_ptr<cost::Memo> memo;
  if (!options->memo.empty()) {
    auto opened = cost::Memo::open(options->memo);
    if (!opened)
      return fail(opened.takeError());
    memo = std::move(*opened);
  }
  cost::CostModel model(*device, memo.get());
  if (options->fillTable)
    return fillTable(context, model, *sizes);
  const uint64_t question = llvm::xxh3_64bits(llvm::StringRef(asked)) >> 1;
  if (!asked.empty()) {
    auto answer = memo->findAnswer(question);
    if (!answer)
      return fail(answer.takeError());
    if (*answer)
      return writeText(**answer);
    auto compiled = programOf(options->inputs[0], context);
    if (failed(compiled))
      return failure();
    program = std::move(*compiled);
  }
  if (options->repeat)
    return measureQueries(*program, *device, sizes->front(), memo.get());
  std::string text;
  llvm::raw_string_ostream os(text);
  json::Array results;
  for (Size size : *sizes) {
    if (options->features) {
      json::Array counted;
      std::vector<const cost::Launch *> launches = program->floatLaunches();
      auto misses = cost::missesOf(*program, launches, size.height, size.width, *device);
      for (auto [launch, missed] : llvm::zip_equal(launches, misses)) {
        json::Object features =
            program->features(*launch, size.height, size.width, cost::cachesOf(*device));
        features["misses"] = missed;
        counted.push_back(std::move(features));
      }
      results.push_back(
          json::Object{{"version", cost::featureVersion},
                       {"model", program->name},
                       {"device", device->name},
                       {"size", std::to_string(size.width) + "x" + std::to_string(size.height)},
                       {"launches", std::move(counted)}});
      continue;
    }
    double total;
    auto times = model.predict(*program, size.height, size.width, &total);
    if (!times)
      return fail(times.takeError());
    if (options->jsonOutput)
      results.push_back(report(*program, *device, size, *times, total));
    else
      table(os, *program, *device, size, *times, total);
  }
  if (options->jsonOutput || options->features) {
    json::Value value =
        results.size() == 1 ? std::move(results[0]) : json::Value(std::move(results));
    os << llvm::formatv("{0:2}\n", value);
  }
  if (!asked.empty())
    if (llvm::Error error = memo->storeAnswer(question, text))
      return fail(std::move(error));
  return writeText(text);
}

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  Options parsed;
  options = &parsed;
  cl::HideUnrelatedOptions(parsed.category);
  cl::ParseCommandLineOptions(
      argc, argv,
      "Predicts how long the kernels take that srcc makes of a network.\n\n"
      "  srcc-cost model.onnx --size=640x360                 a table\n"
      "  srcc-cost layers.json --target=adreno650 --json     shapes alone, for programs\n"
      "  srcc-cost model.onnx --features                     what the kernels do\n"
      "  srcc-cost --calibrate=profile.json -o here.json     fit to measurements\n");
  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context);
  context.printOpOnDiagnostic(false);
  bool done = succeeded(run(&context));
  llvm::outs().flush();
  if (std::error_code error = llvm::outs().error()) {
    llvm::outs().clear_error();
    (void)fail("cannot write to standard output: " + error.message());
    done = false;
  }
  return done ? 0 : 1;
}
