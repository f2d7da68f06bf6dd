//===- srcc-search.cpp - Training of networks -----------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Emit.h"
#include "search/Trainer.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

using namespace srcc::search;

int main(int argc, char **argv) {
  CLI::App app("Trains super-resolution networks for srcc.\n\n"
               "  srcc-search train --data DIV2K/HR --validate Set5/HR --checkpoint net.pt --emit net.mlirbc\n"
               "  srcc-search evaluate net.pt Set5/HR\n"
               "  srcc-search emit net.pt net.mlirbc       a model that srcc compiles\n\n"
               "SUBCOMMAND --help lists the options. A training that was stopped goes on with --resume.\n");
  app.require_subcommand(1);
  TrainOptions options;

  CLI::App *train = app.add_subcommand("train", "train a WDSR-B network");
  train->option_defaults()->always_capture_default();
  train->add_option("--data", options.data, "folders of high-resolution pictures")->required();
  train->add_option("--validate", options.validation, "folders whose PSNR is reported");
  train->add_option("--checkpoint", options.checkpoint, "file to keep the training in")->required();
  train->add_flag("--resume", options.resume, "continue from the checkpoint");
  train->add_option("--json", options.json, "append a JSON Lines log to this file");
  train->add_option("--scale", options.shape.scale, "upscaling factor")->check(CLI::Range(1, 8));
  train->add_option("--blocks", options.shape.blocks, "residual blocks")->check(CLI::Range(1, 256));
  train->add_option("--channels", options.shape.channels, "channels between blocks")
      ->check(CLI::Range(2, 1024));
  train->add_option("--expansion", options.shape.expansion, "channels within a block, per channel")
      ->check(CLI::Range(1, 64));
  train->add_option("--steps", options.steps, "end after this many steps")
      ->check(CLI::PositiveNumber);
  train->add_option("--time-budget", options.minutes, "or after this many minutes; 0: no limit")
      ->check(CLI::NonNegativeNumber);
  train->add_option("--patch", options.patch, "side of the low-resolution patches")
      ->check(CLI::Range(4, 1024));
  train->add_option("--batch", options.batch, "patches per step")->check(CLI::Range(1, 1024));
  train->add_option("--rate", options.rate, "initial learning rate")->check(CLI::PositiveNumber);
  train->add_option("--average", options.average, "decay of the moving average of the weights")
      ->check(CLI::Range(0.0, 1.0));
  train->add_option("--threads", options.threads, "threads")->check(CLI::Range(1, 256));
  train->add_option("--seed", options.seed, "seed of weights and patches");
  train->add_option("--report-every", options.reportEvery, "steps between progress lines")
      ->check(CLI::PositiveNumber);
  train->add_option("--validate-every", options.validateEvery, "steps between PSNR reports")
      ->check(CLI::PositiveNumber);
  train->add_option("--save-every", options.saveEvery, "steps between checkpoints")
      ->check(CLI::PositiveNumber);

  std::string emitted;
  train->add_option("--emit", emitted, "write the model at the end (.mlirbc: bytecode)");

  std::string checkpoint;
  std::vector<std::string> folders;
  CLI::App *evaluation = app.add_subcommand("evaluate", "print the PSNR of a checkpoint");
  evaluation->add_option("checkpoint", checkpoint, "checkpoint of a training")->required();
  evaluation->add_option("folders", folders, "folders of high-resolution pictures")->required();

  CLI::App *emission = app.add_subcommand("emit", "write the model of a checkpoint");
  emission->add_option("checkpoint", checkpoint, "checkpoint of a training")->required();
  emission->add_option("model", emitted, "file to write (.mlirbc: bytecode, else text)")
      ->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) ? 1 : 0;
  }
  try {
    if (train->parsed()) {
      if (!srcc::search::train(options))
        return 130;
      checkpoint = options.checkpoint;
    }
    if (!emitted.empty())
      emitModel(loadWeights(checkpoint), emitted);
    for (const std::string &folder : folders)
      std::printf("%s %.3f dB\n", folder.c_str(), evaluate(checkpoint, folder));
  } catch (const std::exception &error) {
    std::fprintf(stderr, "srcc-search: error: %s\n", error.what());
    return 1;
  }
  return 0;
}
