//===- Trainer.h - Training of networks -----------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_TRAINER_H
#define SRCC_SEARCH_TRAINER_H

#include "search/Data.h"
#include "search/Module.h"

#include <functional>
#include <memory>

namespace srcc::search {

class Processes;

/// How a network is trained; every stage of a search has its own.
struct TrainOptions {
  std::vector<std::string> data;       ///< folders of high-resolution pictures
  std::vector<std::string> validation; ///< folders whose PSNR is reported, never learnt from
  std::string checkpoint;              ///< file written in the course and at the end; empty: none
  std::string json;                    ///< JSON Lines log, appended to; empty: none
  bool resume = false;                 ///< continue from the checkpoint
  int64_t steps = 100000;              ///< end after this many steps
  double minutes = 0;                  ///< or after this much time over all runs, 0: no limit
  int64_t patch = 48;                  ///< side of a low-resolution patch
  int64_t batch = 16;                  ///< patches per step (of each process)
  double rate = 1e-3;                  ///< Adam's initial learning rate
  std::string decay = "cosine";        ///< of the rate: to 0 along half a cosine; or "step", below
  int64_t warmup = 0; ///< steps in which the rate rises from 0, in a tenth of the training at most
  double halve = 0.2; ///< decay = "step": the share of the training after which it halves
  double average = 0.999; ///< decay of the moving average of the weights per step
  double distill = 0;     ///< share of the loss that is the distance to a teacher's pictures
  double luma = 0;        ///< share of either distance that is luma's alone (BT.601), 0 to 1
  int64_t threads = 1;    ///< of LibTorch
  uint64_t seed = 1;
  int64_t reportEvery = 100, validateEvery = 1000, saveEvery = 500; ///< in steps
  bool quiet = false;                                               ///< print nothing
};

/// What a stage adds to training. All may be left out.
struct TrainHooks {
  /// The path of this step, as Network::select takes it.
  std::function<std::vector<int>(uint64_t step)> choose;
  /// Called between the backward pass and the optimiser: may change the parameters. \p part of the
  /// training is done, 0 to 1.
  std::function<void(int64_t step, double part)> regularise;
  /// Tensors that belong to the training's state; kept in checkpoints.
  std::vector<torch::Tensor> *state = nullptr;
  /// Learnt from where TrainOptions::distill is above 0: it upscales every picture once, in 8 bits.
  const Module *teacher = nullptr;
  /// Data parallelism: gradients are averaged over processes.
  Processes *processes = nullptr;
};

/// Pictures decoded once for many trainings.
class TrainingData {
public:
  /// Reads the folders of the options. Errors: std::runtime_error.
  TrainingData(const TrainOptions &options, int64_t scale);

  std::vector<PicturePair> pictures;
  std::vector<std::pair<std::string, std::vector<PicturePair>>> validation;
};

/// A network in training: parameters, moving average, optimiser.
class Trainer {
public:
  /// The network learns in place.
  Trainer(Module &module, TrainOptions options, TrainHooks hooks = {});
  ~Trainer();

  /// Trains with Adam on the mean absolute error. One thread and a limit in steps alone make a
  /// training reproducible to the last bit, interrupted or not.
  ///
  /// SIGINT and SIGTERM end the training after the step under way, with a checkpoint. Returns
  /// whether the training came to its end. Throws std::runtime_error for bad pictures, a checkpoint
  /// that cannot be read or was made with other options, and files that cannot be written.
  bool run(const TrainingData &data);

  /// The moving average of the parameters.
  const std::vector<torch::Tensor> &average() const;
  /// Steps done.
  int64_t step() const;

private:
  struct State;
  std::unique_ptr<State> state;
};

/// The network of a checkpoint, its parameters those of the moving average. Throws
/// std::runtime_error.
Module loadModule(const std::string &checkpoint);

/// Writes a network of plain weights as loadModule() reads it, whole or not at all. Throws
/// std::runtime_error.
void saveModule(const Module &module, const std::string &checkpoint);

/// Mean luma PSNR in dB over the pictures by the protocol of the literature: Matlab bicubic
/// reduction, 8-bit output, a border of scale pixels cropped.
double meanPsnr(const Module &module, const std::vector<PicturePair> &pictures,
                const std::vector<int> &chosen = {});
/// The same for the pictures of a folder. Throws std::runtime_error.
double evaluateFolder(const Module &module, const std::string &folder);
/// One picture through the network, 8 bits.
imaging::Image upscale(const Module &module, const imaging::Image &low);

/// Exchanges a module's parameters for others while it lives.
class WithValues {
public:
  WithValues(const Module &module, const std::vector<torch::Tensor> &values);
  ~WithValues();
  WithValues(const WithValues &) = delete;

private:
  const Module &module;
  std::vector<torch::Tensor> own;
};

/// Whether a signal asked this process to end. The handlers are there while one of these lives.
class Interruption {
public:
  Interruption();
  ~Interruption();
  /// Whether SIGINT or SIGTERM came since the first of those that live now was made.
  static bool asked();

private:
  void (*previousInt)(int), (*previousTerm)(int);
};

} // namespace srcc::search
#endif // SRCC_SEARCH_TRAINER_H
