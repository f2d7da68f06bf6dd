//===- srcc-eval.cpp - PSNR and SSIM of a model on a folder of images -----===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "runtime/imaging/AtomicFile.h"
#include "runtime/imaging/Metrics.h"
#include "runtime/imaging/Resample.h"
#include "runtime/tools/Progress.h"
#include "runtime/tools/Upscaler.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <optional>

using namespace srcc::imaging;
using namespace srcc::tools;
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {
struct Options {
  std::string model, data, json, save;
  std::optional<std::string> device, cacheFolder;
  int scale = 0;
  bool u8 = false, quiet = false;
};
} // namespace

[[noreturn]] static void fail(const std::string &message) { throw std::runtime_error(message); }

static void parse(CLI::App &app, Options &options) {
  app.description(
      "Measures a compiled model by the protocol of the super-resolution literature.\n\n"
      "  srcc-eval model.srp --data Set5/HR --scale 2\n\n"
      "Each picture of the folder is an original. It is cut to a multiple of the scale, shrunk as\n"
      "Matlab's imresize does it (bicubic, antialiased), upscaled by the model, rounded to 8 bits "
      "and\n"
      "compared with the original on BT.601 luma, without a border of 'scale' pixels. Models on "
      "luma\n"
      "get the luma of the small picture, and their luma is compared with that of the original, "
      "both\n"
      "rounded to 8 bits. SSIM uses 11x11 Gaussian windows, sigma 1.5.");
  app.add_option("MODEL", options.model, "Compiled model, written by srcc (.srp)")->required();
  app.add_option("--data", options.data, "Folder of originals (PNG, JPEG)")->required();
  app.add_option("--scale", options.scale,
                 "Scale of the test; must be the model's (default: that)");
  app.add_option(
      "--json", options.json,
      "Writes {\"images\": [{\"name\", \"psnr\", \"ssim\"}], \"mean\": {\"psnr\", \"ssim\"}} "
      "to this file, - for standard output");
  app.add_option("--save", options.save,
                 "Folder for the upscaled pictures, NAME.png (made if missing)");
  app.add_flag(
      "--u8", options.u8,
      "Feeds 8-bit pixels, as srcc-run does, instead of float planes (matters for models on luma)");
  app.add_option("--device", options.device,
                 "OpenCL device: its number in 'srcc-run --list-devices', or part of its name");
  app.add_option(
      "--cache-dir", options.cacheFolder,
      "Folder of compiled kernels (default: $XDG_CACHE_HOME/srcc or ~/.cache/srcc; '' for none)");
  app.add_flag("-q,--quiet", options.quiet, "Shows no progress");
}

static void round(Plane &plane, double low, double high) {
  for (double &value : plane.values)
    value = std::clamp(std::floor(value + 0.5), low, high);
}

/// Upscales through the 8-bit interface of the runtime.
static Image upscale8(Upscaler &upscaler, Image image) {
  Image large(image.width * upscaler.scale(), image.height * upscaler.scale(), image.channels);
  srrt_pixels format = image.channels == 1 ? SRRT_GRAY8 : SRRT_RGB8;
  upscaler.upscale({format, image.width, image.height, image.pixels.data(), 0, nullptr, 0},
                   {format, large.width, large.height, large.pixels.data(), 0, nullptr, 0});
  return large;
}

/// Upscales the small picture and compares; fills in the large picture.
static Quality measure(Upscaler &upscaler, const Options &options, const Image &small,
                       const Image &original, Image &large) {
  int scale = upscaler.scale();
  if (!upscaler.isLuma()) {
    large =
        options.u8
            ? upscale8(upscaler, small)
            : toImage(upscaler.upscale({channel(small, 0), channel(small, 1), channel(small, 2)}));
    return compare(large, original, scale);
  }
  YCbCr picture = toYCbCr(small);
  if (options.u8)
    picture.y = channel(upscale8(upscaler, toImage({picture.y})), 0);
  else
    picture.y = upscaler.upscale({picture.y})[0];
  round(picture.y, 16, 235);
  Plane reference = luma(crop(original, 0, 0, picture.y.width, picture.y.height));
  round(reference, 16, 235);
  picture.cb = enlarge(picture.cb, scale);
  picture.cr = enlarge(picture.cr, scale);
  large = toRgb(picture);
  return {psnr(picture.y, reference, scale), ssim(picture.y, reference, scale)};
}

static std::vector<fs::path> originalsIn(const std::string &folder) {
  if (!fs::is_directory(folder))
    fail(folder + ": is not a folder");
  std::vector<fs::path> paths;
  for (const auto &entry : fs::directory_iterator(folder))
    if (entry.is_regular_file() && hasImageExtension(entry.path().string()))
      paths.push_back(entry.path());
  if (paths.empty())
    fail(folder + ": holds no .png, .jpg or .jpeg file");
  std::sort(paths.begin(), paths.end());
  return paths;
}

static Json toJson(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

static int run(const Options &options) {
  std::vector<fs::path> originals = originalsIn(options.data);
  Upscaler upscaler(options.model, options.device, options.cacheFolder);
  int scale = upscaler.scale();
  if (options.scale != 0 && options.scale != scale)
    fail(options.model + ": upscales by " + std::to_string(scale) + ", but --scale asks for " +
         std::to_string(options.scale));
  if (!options.save.empty()) {
    std::error_code error;
    fs::create_directories(options.save, error);
    if (!fs::is_directory(options.save))
      fail(options.save + ": cannot be made a folder");
    if (fs::equivalent(options.save, options.data, error))
      fail(options.save + ": holds the originals; name another folder for the upscaled pictures");
  }
  stopAtInterrupt();
  std::vector<Quality> results;
  {
    Progress progress("pictures", int64_t(originals.size()), options.quiet);
    for (const fs::path &path : originals) {
      Image original = toRgb(loadImage(path.string())), small, large;
      try {
        small = downscale(original, scale);
      } catch (const std::runtime_error &error) {
        fail(path.string() + ": " + error.what());
      }
      results.push_back(measure(upscaler, options, small, original, large));
      if (!options.save.empty())
        savePng(large, (fs::path(options.save) / path.stem()).string() + ".png");
      progress.step();
    }
  }

  Json json = {{"images", Json::array()}};
  Quality mean = {0, 0};
  std::string table;
  auto addLine = [&](const std::string &name, const Quality &quality) {
    char line[64];
    std::snprintf(line, sizeof(line), "  %8.3f dB  %.4f\n", quality.psnr, quality.ssim);
    table += name + std::string(name.size() < 24 ? 24 - name.size() : 0, ' ') + line;
  };
  for (size_t i = 0; i < results.size(); ++i) {
    std::string name = originals[i].stem().string();
    mean.psnr += results[i].psnr / double(results.size());
    mean.ssim += results[i].ssim / double(results.size());
    addLine(name, results[i]);
    json["images"].push_back(
        {{"name", name}, {"psnr", toJson(results[i].psnr)}, {"ssim", toJson(results[i].ssim)}});
  }
  addLine("mean", mean);
  json["mean"] = {{"psnr", toJson(mean.psnr)}, {"ssim", toJson(mean.ssim)}};
  std::string text = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  if (options.json == "-") {
    std::fputs(text.c_str(), stdout);
  } else {
    std::fputs(table.c_str(), stdout);
    if (!options.json.empty())
      writeFile(options.json, text);
  }
  return 0;
}

int main(int argc, char **argv) {
  CLI::App app;
  Options options;
  parse(app, options);
  try {
    app.parse(argc, argv);
    int code = run(options);
    flushOutput();
    return code;
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : 1;
  } catch (const std::bad_alloc &) {
    std::fputs("srcc-eval: error: out of memory\n", stderr);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "srcc-eval: error: %s\n", error.what());
  }
  return 1;
}
