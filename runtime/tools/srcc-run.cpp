//===- srcc-run.cpp - Upscales pictures, folders of pictures and videos ---===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "runtime/imaging/AtomicFile.h"
#include "runtime/imaging/Image.h"
#include "runtime/imaging/Metrics.h"
#include "runtime/imaging/Resample.h"
#include "runtime/tools/Progress.h"
#include "runtime/tools/Upscaler.h"
#include "runtime/tools/Video.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>

using namespace srcc::imaging;
using namespace srcc::tools;
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

namespace {
struct Options {
  std::string model, input, output, reference, json;
  std::optional<std::string> device, cacheFolder;
  uint64_t memoryLimit = 0; // MB
  bool listDevices = false, downscale = false, skipExisting = false, quiet = false;
};

struct PictureResult {
  int width, height; // of the output
  double milliseconds;
  int strips;
  std::optional<Quality> quality, bicubic; // against the reference; bicubic only with --downscale
};
} // namespace

[[noreturn]] static void fail(const std::string &message) { throw std::runtime_error(message); }

static double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

static void parse(CLI::App &app, Options &options) {
  app.description(
      "Upscales a picture, a folder of pictures or a video with a compiled model.\n\n"
      "  srcc-run model.srp photo.png large.png         a picture (PNG or JPEG)\n"
      "  srcc-run model.srp photos large                every PNG and JPEG of a folder, as PNG\n"
      "  srcc-run model.srp film.mp4 large.mkv          a video, with its sound\n"
      "  srcc-run model.srp photo.png same.png --downscale\n"
      "                                                 shrinks the photo, upscales it again and\n"
      "                                                 compares the result with the photo\n\n"
      "Models come from 'srcc NET.onnx -o model.srp'. Outputs appear when they are complete.");
  app.add_option("MODEL", options.model, "Compiled model, written by srcc (.srp)")
      ->type_name("FILE");
  app.add_option("IN", options.input, "Picture, folder of pictures, or video");
  app.add_option("OUT", options.output,
                 "What to write: .png or .jpg, a folder (made if missing), .mp4 or .mkv");
  app.add_option("--device", options.device,
                 "OpenCL device: its number in --list-devices, or part of its name");
  app.add_flag("--list-devices", options.listDevices, "Lists the OpenCL devices and ends");
  app.add_option(
      "--cache-dir", options.cacheFolder,
      "Folder of compiled kernels (default: $XDG_CACHE_HOME/srcc or ~/.cache/srcc; '' for none)");
  app.add_option(
         "--memory-limit", options.memoryLimit,
         "MB of device memory for a picture: larger ones are computed in strips, which costs "
         "some work twice (default: 500, or as much as it takes where strips cannot help)")
      ->type_name("MB")
      ->check(CLI::Range(uint64_t(1), uint64_t(1) << 40));
  auto *reference =
      app.add_option("--reference", options.reference,
                     "Picture to compare the output with: prints PSNR and SSIM on luma");
  app.add_flag(
         "--downscale", options.downscale,
         "Takes pictures as originals: shrinks them by bicubic interpolation first, and compares "
         "the output with them")
      ->excludes(reference);
  app.add_flag("--skip-existing", options.skipExisting,
               "In a folder, leaves out pictures whose output is there");
  app.add_option("--json", options.json,
                 "Writes the figures as JSON to this file, - for standard output");
  app.add_flag("-q,--quiet", options.quiet, "Shows no progress");
  app.footer("Exit code: 0 if everything was written, 1 otherwise.");
}

static PictureResult runPicture(Upscaler &upscaler, const Options &options,
                                const std::string &input, const std::string &output) {
  Image image = loadImage(input);
  std::optional<Image> original;
  if (!options.reference.empty())
    original = loadImage(options.reference);
  if (options.downscale) {
    original = image;
    try {
      image = downscale(image, upscaler.scale());
    } catch (const std::runtime_error &error) {
      fail(input + ": " + error.what());
    }
  }
  double before = upscaler.seconds();
  Image large = upscaler.upscale(image);
  PictureResult result{large.width,       large.height, (upscaler.seconds() - before) * 1000,
                       upscaler.strips(), {},           {}};
  if (original) {
    try {
      result.quality = compare(large, *original, upscaler.scale());
      if (options.downscale)
        result.bicubic = compare(enlarge(image, upscaler.scale()), *original, upscaler.scale());
    } catch (const std::runtime_error &error) {
      fail((options.downscale ? input : options.reference) +
           ": cannot be compared: " + error.what());
    }
  }
  saveImage(large, output);
  return result;
}

static Json toJson(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

static void addQuality(Json &json, const PictureResult &result) {
  if (result.quality) {
    json["psnr"] = toJson(result.quality->psnr);
    json["ssim"] = toJson(result.quality->ssim);
  }
  if (result.bicubic) {
    json["bicubic_psnr"] = toJson(result.bicubic->psnr);
    json["bicubic_ssim"] = toJson(result.bicubic->ssim);
  }
}

/// ", PSNR 33.10 dB, SSIM 0.9301 (bicubic: 31.02 dB, 0.9100)", or nothing.
static std::string qualityText(const PictureResult &result) {
  char text[128] = "";
  std::string line;
  if (result.quality) {
    std::snprintf(text, sizeof(text), ", PSNR %.3f dB, SSIM %.4f", result.quality->psnr,
                  result.quality->ssim);
    line += text;
  }
  if (result.bicubic) {
    std::snprintf(text, sizeof(text), " (bicubic: %.3f dB, %.4f)", result.bicubic->psnr,
                  result.bicubic->ssim);
    line += text;
  }
  return line;
}

namespace {
/// What a run came to: for people, as JSON, and what went wrong (lines) while the rest went on.
struct Report {
  Json json;
  std::string text, errors;
};
} // namespace

static Report runOnePicture(Upscaler &upscaler, const Options &options) {
  PictureResult result = runPicture(upscaler, options, options.input, options.output);
  char size[64];
  std::snprintf(size, sizeof(size), ": %dx%d, %.1f ms in the network", result.width, result.height,
                result.milliseconds);
  Report report;
  report.json = {{"width", result.width},
                 {"height", result.height},
                 {"ms", result.milliseconds},
                 {"strips", result.strips}};
  addQuality(report.json, result);
  report.text = options.output + size;
  if (result.strips > 1)
    report.text += " in " + std::to_string(result.strips) + " strips";
  report.text += qualityText(result);
  return report;
}

/// The pictures of a folder by the names of their outputs.
static std::map<fs::path, fs::path> picturesIn(const std::string &folder) {
  std::map<fs::path, fs::path> pictures;
  for (const auto &entry : fs::directory_iterator(folder)) {
    if (!entry.is_regular_file() || !hasImageExtension(entry.path().string()))
      continue;
    fs::path name = entry.path().stem();
    name += ".png";
    auto [found, isNew] = pictures.emplace(name, entry.path());
    if (!isNew)
      fail(folder + ": " + found->second.filename().string() + " and " +
           entry.path().filename().string() + " would both become " + name.string());
  }
  if (pictures.empty())
    fail(folder + ": holds no .png, .jpg or .jpeg file");
  return pictures;
}

static Report runFolder(Upscaler &upscaler, const Options &options) {
  std::map<fs::path, fs::path> pictures = picturesIn(options.input);
  std::error_code error;
  fs::create_directories(options.output, error);
  if (!fs::is_directory(options.output))
    fail(options.output + ": cannot be made a folder" +
         (error ? ": " + error.message() : std::string(", a file of this name is there")));
  Report report;
  report.json["images"] = Json::array();
  size_t skipped = 0, failed = 0;
  double milliseconds = 0;
  std::string lines;
  {
    Progress progress("pictures", int64_t(pictures.size()), options.quiet);
    for (const auto &[name, input] : pictures) {
      std::string output = (fs::path(options.output) / name).string();
      if (options.skipExisting && fs::exists(output)) {
        ++skipped;
      } else {
        try {
          PictureResult result = runPicture(upscaler, options, input.string(), output);
          milliseconds += result.milliseconds;
          Json entry = {{"name", name.string()},
                        {"width", result.width},
                        {"height", result.height},
                        {"ms", result.milliseconds}};
          addQuality(entry, result);
          report.json["images"].push_back(entry);
          if (result.quality)
            lines += name.string() + qualityText(result) + "\n";
        } catch (const std::runtime_error &problem) {
          ++failed; // the other pictures are still worth doing
          report.errors += std::string("srcc-run: error: ") + problem.what() + "\n";
        }
      }
      progress.step();
    }
  }
  size_t done = report.json["images"].size();
  char figures[160];
  std::snprintf(figures, sizeof(figures),
                ": %zu pictures written, %zu skipped, %zu failed, %.1f ms each in the network",
                done, skipped, failed, done ? milliseconds / double(done) : 0);
  report.json["skipped"] = skipped;
  report.json["failed"] = failed;
  report.text = lines + options.output + figures;
  return report;
}

static Report runVideo(Upscaler &upscaler, const Options &options) {
  if (!options.reference.empty() || options.downscale)
    fail("--reference and --downscale are for pictures, but " + options.input + " is none");
  auto start = Clock::now();
  VideoResult result = upscaleVideo(upscaler, options.input, options.output, options.quiet);
  double seconds = secondsSince(start);
  double network = upscaler.seconds() * 1000 / double(result.frames);
  char figures[256];
  std::snprintf(figures, sizeof(figures),
                ": %lld frames of %dx%d by %s, %.2f frames per second, %.1f ms each in the network",
                static_cast<long long>(result.frames), result.width, result.height,
                result.codec.c_str(), double(result.frames) / seconds, network);
  Report report;
  report.text = options.output + figures;
  if (result.damagedPackets)
    report.text += ", " + std::to_string(result.damagedPackets) + " damaged packets left out";
  report.json = {{"width", result.width},
                 {"height", result.height},
                 {"frames", result.frames},
                 {"damaged_packets", result.damagedPackets},
                 {"fps", double(result.frames) / seconds},
                 {"ms_per_frame", network},
                 {"encoder", result.codec}};
  return report;
}

static int run(const Options &options) {
  auto start = Clock::now();
  if (options.listDevices) {
    std::fputs(listDevices().c_str(), stdout);
    return 0;
  }
  if (options.output.empty())
    fail("MODEL, IN and OUT are needed; srcc-run --help explains them");
  // What can be said without a device is said first.
  std::error_code error;
  if (!fs::exists(options.model, error))
    fail(options.model + ": no such file");
  if (!fs::exists(options.input, error))
    fail(options.input + ": no such file or folder");
  if (fs::equivalent(options.input, options.output, error))
    fail(options.output + ": is the input itself; name another output");
  bool folder = fs::is_directory(options.input), picture = hasImageExtension(options.input);
  if (folder && !options.reference.empty())
    fail("--reference compares one picture, but " + options.input + " is a folder");
  if (!folder && picture && !hasImageExtension(options.output))
    fail(options.output +
         ": pictures are written as .png, .jpg or .jpeg, but the name ends otherwise");
  if (!folder && !picture && !hasVideoExtension(options.output))
    fail(options.output + ": videos are written as .mp4 or .mkv, but the name ends otherwise (" +
         options.input + " is taken for a video: it is no folder, .png, .jpg or .jpeg)");

  Upscaler upscaler(options.model, options.device, options.cacheFolder,
                    options.memoryLimit * 1000000);
  const srrt_model_info &info = upscaler.info();
  if (!options.quiet)
    std::fprintf(stderr, "%s, x%d, on %s\n", *info.name ? info.name : options.model.c_str(),
                 info.scale, info.device);
  stopAtInterrupt();
  Report report = folder    ? runFolder(upscaler, options)
                  : picture ? runOnePicture(upscaler, options)
                            : runVideo(upscaler, options);
  Json json = {{"model", info.name},
               {"device", info.device},
               {"scale", info.scale},
               {"input", options.input},
               {"output", options.output}};
  json.update(report.json);
  json["seconds"] = secondsSince(start);
  std::string text = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  if (options.json == "-") {
    std::fputs(text.c_str(), stdout);
  } else {
    std::printf("%s, %.2f s in all%s\n", report.text.c_str(), secondsSince(start),
                upscaler.filledCache()
                    ? " (kernels were compiled for this device, which the next run is spared)"
                    : "");
    if (!options.json.empty())
      writeFile(options.json, text);
  }
  std::fputs(report.errors.c_str(), stderr);
  return report.errors.empty() ? 0 : 1;
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
    std::fputs("srcc-run: error: out of memory\n", stderr);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "srcc-run: error: %s\n", error.what());
  }
  return 1;
}
