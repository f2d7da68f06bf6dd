//===- srcc-search.cpp - From a latency target to a trained network -------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Blocks.h"
#include "search/Model.h"
#include "search/Processes.h"
#include "search/Stages.h"
#include "search/Trainer.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>

using namespace srcc::search;

/// A network that can be run: no supernet.
static Module loadNetwork(const std::string &file) {
  Module module = loadAny(file);
  if (!module.network().choices().empty())
    throw std::runtime_error(file + ": is a supernet, in which every cell has several blocks");
  return module;
}

int main(int argc, char **argv) {
  CLI::App app(
      "Searches, prunes and trains super-resolution networks for srcc (docs/search.md).\n\n"
      "  srcc-search run tiny.toml                        all stages; again: goes on\n"
      "  srcc-search prune net.onnx --ratio=0.33 --folder=out --data BSDS --validate Set5/HR\n"
      "  srcc-search train --data DIV2K_train_HR --validate Set5/HR --checkpoint net.pt --emit "
      "net.mlirbc\n"
      "  srcc-search evaluate net.pt Set5/HR              also of a model\n"
      "  srcc-search options > search.toml                every option with its meaning\n\n"
      "SUBCOMMAND --help lists the options. Ctrl-C leaves a checkpoint.\n");
  app.require_subcommand(1);
  TrainOptions options;
  std::string file, emitted, folder;
  std::vector<std::string> folders;

  CLI::App *run = app.add_subcommand("run", "search as a configuration says");
  run->add_option("configuration", file, "TOML file")->required();
  CLI::App *resume = app.add_subcommand("resume", "go on with a search");
  resume->add_option("folder", folder, "folder of the search (run.folder)")->required();
  CLI::App *report = app.add_subcommand("report", "write report.html of a search");
  report->add_option("folder", folder, "folder of the search (run.folder)")->required();
  int64_t evaluations = 40, seeds = 5;
  CLI::App *replay =
      app.add_subcommand("replay", "compare methods on a search that evaluated every candidate");
  replay->option_defaults()->always_capture_default();
  replay->add_option("folder", folder, "folder of the search (run.folder)")->required();
  replay->add_option("--evaluations", evaluations, "of each method")->check(CLI::Range(1, 1000000));
  replay->add_option("--seeds", seeds, "how often, seeds from 1 on")->check(CLI::Range(1, 1000));
  app.add_subcommand("options",
                     "print every option of a configuration, with its meaning and default");

  Config config;
  config.search.schemes = {"block:8:4"};
  config.prune.method = "surgeon", config.finetune.distill = 0.5;
  config.prune.rate = 1e-4, config.finetune.rate = 3e-4; // it is trained already
  config.prune.steps = 1000000, config.finetune.steps = 1000000;
  double minutes = 30;
  CLI::App *prune = app.add_subcommand("prune", "prune a trained network until it meets a latency");
  prune->option_defaults()->always_capture_default();
  prune->add_option("model", file, "model (.onnx, .mlirbc, .mlir)")->required();
  prune->add_option("--folder", config.run.folder, "folder of all that is made")->required();
  CLI::Option *milliseconds =
      prune->add_option("--target-ms", config.target.ms, "latency to meet, ms")
          ->check(CLI::PositiveNumber);
  prune->add_option("--ratio", config.target.ratio, "or as a share of the dense network's")
      ->check(CLI::Range(0.001, 1.0))
      ->excludes(milliseconds);
  prune->add_option("--target", config.target.device, "device, as srcc --target");
  prune->add_option("--precision", config.target.precision, "as srcc --precision");
  prune->add_option("--size", config.target.size, "of the input, WIDTHxHEIGHT");
  prune->add_flag("--calibrate", config.target.calibrate,
                  "measure on this machine first, and correct predictions");
  prune->add_option("--data", config.data.train, "folders of pictures to learn from")->required();
  prune->add_option("--validate", config.data.validate, "folders whose PSNR is reported")
      ->required();
  prune->add_option("--scale", config.data.scale, "upscaling factor")->check(CLI::Range(2, 4));
  prune->add_option("--patch", config.data.patch, "side of the low-resolution patches")
      ->check(CLI::Range(4, 1024));
  prune->add_option("--batch", config.data.batch, "patches per step")->check(CLI::Range(1, 1024));
  prune->add_option("--scheme", config.search.schemes, "schemes of layers; several are searched");
  prune->add_option("--fixed", config.search.fixed, "layers that have one scheme: REGEX=SCHEME");
  prune->add_flag("--alike", config.search.alike, "layers of one shape have one scheme");
  prune->add_option("--evaluations", config.search.evaluations, "candidates of that search");
  prune
      ->add_option("--search", config.search.method,
                   "what chooses them: bayes, evolution or random")
      ->check(CLI::IsMember({"bayes", "evolution", "random"}));
  prune->add_option("--tune-steps", config.search.tune.steps, "steps that a candidate is trained")
      ->check(CLI::NonNegativeNumber);
  prune->add_option("--method", config.prune.method, "reweighted, admm, magnitude or surgeon")
      ->check(CLI::IsMember({"reweighted", "admm", "magnitude", "surgeon"}));
  prune->add_option(
      "--minutes", minutes,
      "for training; reweighted and admm take a third of it until the masks are fixed");
  prune
      ->add_option("--steps", config.finetune.steps,
                   "or steps after that, whichever is over first; 0: no training")
      ->check(CLI::NonNegativeNumber);
  prune
      ->add_option("--warmup", config.finetune.warmup,
                   "steps in which the rate rises, a tenth of all at most")
      ->check(CLI::NonNegativeNumber);
  prune->add_option("--patches", config.prune.patches, "surgeon: patches of pictures it looks at")
      ->check(CLI::PositiveNumber);
  prune->add_option("--settle-steps", config.prune.steps,
                    "reweighted, admm: or steps until then, whichever is over first");
  prune->add_option("--rate", config.finetune.rate, "learning rate once the masks are fixed");
  prune->add_option("--settle-rate", config.prune.rate,
                    "reweighted, admm: learning rate until then");
  prune
      ->add_option("--distill", config.finetune.distill,
                   "share of the loss that is the distance to the dense network")
      ->check(CLI::Range(0.0, 1.0));
  prune->add_option("--luma", config.data.luma, "share of the loss that is the error of luma alone")
      ->check(CLI::Range(0.0, 1.0));
  prune->add_option("--strength", config.prune.strength,
                    "reweighted: of the regularisation at first");
  prune->add_option("--threads", config.run.threads, "threads")->check(CLI::Range(1, 256));
  prune->add_option("--seed", config.run.seed, "seed of patches and choices");

  int64_t scale = 2, blocks = 8;
  Frame frame;
  frame.channels = 16;
  std::string block = "wdsr-b";
  double expansion = 0;
  CLI::App *train = app.add_subcommand("train", "train a network of equal blocks");
  train->option_defaults()->always_capture_default();
  train->add_option("--data", options.data, "folders of high-resolution pictures")->required();
  train->add_option("--validate", options.validation, "folders whose PSNR is reported");
  train->add_option("--checkpoint", options.checkpoint, "file to keep the training in")->required();
  train->add_flag("--resume", options.resume, "continue from the checkpoint");
  train->add_option("--json", options.json, "append a JSON Lines log to this file");
  train->add_option("--scale", scale, "upscaling factor")->check(CLI::Range(1, 8));
  train->add_option("--block", block,
                    "kind of the blocks: conv:SLOPE, wdsr-a:EXPANSION, wdsr-b:EXPANSION:RANK");
  train->add_option("--blocks", blocks, "residual blocks")->check(CLI::Range(1, 256));
  train->add_option("--channels", frame.channels, "channels between blocks")
      ->check(CLI::Range(2, 1024));
  train
      ->add_option("--tail-rank", frame.tailRank,
                   "0: the tail is one 3x3; else a 3x3 to so many channels, then a 1x1")
      ->check(CLI::Range(0, 1024));
  train->add_option("--skip-kernel", frame.skip, "side of the skip's kernel")
      ->check(CLI::IsMember({1, 3, 5, 7, 9, 11}));
  train
      ->add_option(
          "--linear-blocks", frame.hidden,
          "0: weight normalisation; else convolutions wider than 1x1 are collapsible linear "
          "blocks of so many hidden channels while they learn (SESR)")
      ->check(CLI::Range(0, 4096));
  train
      ->add_option("--expansion", expansion,
                   "channels within a block, per channel; 0: as --block says")
      ->check(CLI::Range(0, 64));
  train->add_option("--steps", options.steps, "end after this many steps")
      ->check(CLI::PositiveNumber);
  train->add_option("--time-budget", options.minutes, "or after this many minutes; 0: no limit")
      ->check(CLI::NonNegativeNumber);
  train->add_option("--patch", options.patch, "side of the low-resolution patches")
      ->check(CLI::Range(4, 1024));
  train->add_option("--batch", options.batch, "patches per step")->check(CLI::Range(1, 1024));
  train->add_option("--rate", options.rate, "initial learning rate")->check(CLI::PositiveNumber);
  train
      ->add_option("--decay", options.decay, "of the rate: along half a cosine, or halved in steps")
      ->check(CLI::IsMember({"cosine", "step"}));
  train->add_option("--average", options.average, "decay of the moving average of the weights")
      ->check(CLI::Range(0.0, 1.0));
  train->add_option("--luma", options.luma, "share of the loss that is the error of luma alone")
      ->check(CLI::Range(0.0, 1.0));
  train->add_option("--threads", options.threads, "threads")->check(CLI::Range(1, 256));
  train->add_option("--seed", options.seed, "seed of weights and patches");
  train->add_option("--report-every", options.reportEvery, "steps between progress lines")
      ->check(CLI::PositiveNumber);
  train->add_option("--validate-every", options.validateEvery, "steps between PSNR reports")
      ->check(CLI::PositiveNumber);
  train->add_option("--save-every", options.saveEvery, "steps between checkpoints")
      ->check(CLI::PositiveNumber);
  train->add_option("--emit", emitted, "write the model at the end (.mlirbc: bytecode)");

  CLI::App *evaluation =
      app.add_subcommand("evaluate", "print the PSNR of a checkpoint or a model");
  evaluation->add_option("network", file, "checkpoint or model")->required();
  evaluation->add_option("folders", folders, "folders of high-resolution pictures")->required();

  CLI::App *emission = app.add_subcommand("emit", "write the model of a checkpoint");
  emission->add_option("checkpoint", file, "checkpoint of a training")->required();
  emission->add_option("model", emitted, "file to write (.mlirbc: bytecode, else text)")
      ->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) ? 1 : 0;
  }
  try {
    constexpr int interrupted = 130;
    auto goOn = [&](bool ended, const std::string &where) {
      if (!ended)
        std::printf("interrupted; 'srcc-search resume %s' goes on\n", where.c_str());
      return ended ? 0 : interrupted;
    };
    if (run->parsed()) {
      Config given = loadConfig(file);
      checkConfig(given);
      auto processes = Processes::fromEnvironment();
      return goOn(runSearch(given, processes.get()), given.run.folder);
    }
    if (resume->parsed()) {
      Config given = loadConfig((std::filesystem::path(folder) / "config.toml").string());
      given.run.folder = folder;
      checkConfig(given);
      auto processes = Processes::fromEnvironment();
      std::string model = (std::filesystem::path(folder) / "original.mlirbc").string();
      return goOn(std::filesystem::exists(model) ? runPruning(model, given, processes.get())
                                                 : runSearch(given, processes.get()),
                  folder);
    }
    if (prune->parsed()) {
      bool settles = config.prune.method == "reweighted" || config.prune.method == "admm";
      config.prune.minutes = settles ? minutes / 3 : 0;
      config.finetune.minutes = minutes - config.prune.minutes;
      checkConfig(config);
      auto processes = Processes::fromEnvironment();
      return goOn(runPruning(file, config, processes.get()), config.run.folder);
    }
    if (report->parsed()) {
      writeReport(folder);
    } else if (replay->parsed()) {
      Config given = loadConfig((std::filesystem::path(folder) / "config.toml").string());
      given.run.folder = folder;
      checkConfig(given);
      replaySearch(given, evaluations, seeds);
    } else if (train->parsed()) {
      if (expansion > 0)
        block = block.substr(0, block.find(':')) + ":" + std::to_string(expansion);
      Network network =
          buildNetwork(scale, frame, std::vector<std::vector<std::string>>(blocks, {block}));
      torch::manual_seed(options.seed);
      Module module(network);
      TrainHooks hooks;
      auto processes = Processes::fromEnvironment();
      hooks.processes = processes.get();
      Trainer trainer(module, options, hooks);
      if (!trainer.run(TrainingData(options, scale))) {
        std::printf("--resume continues from %s\n", options.checkpoint.c_str());
        return interrupted;
      }
      file = options.checkpoint;
      if (processes) {
        processes->barrier();
        if (processes->rank() != 0)
          return 0;
      }
    } else if (!evaluation->parsed() && !emission->parsed()) {
      std::fputs(printConfig(Config()).c_str(), stdout);
      return 0;
    }
    if (!emitted.empty()) {
      Module module = loadNetwork(file);
      emitModel(module.network(), module.fold(module.parameters()), emitted);
    }
    if (evaluation->parsed()) {
      Module module = loadNetwork(file);
      for (const std::string &name : folders)
        std::printf("%s %.3f dB\n", name.c_str(), evaluateFolder(module, name));
    }
  } catch (const std::exception &error) {
    std::fprintf(stderr, "srcc-search: error: %s\n", error.what());
    return 1;
  }
  return 0;
}
