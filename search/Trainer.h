//===- Trainer.h - Training of WDSR-B networks ----------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_TRAINER_H
#define SRCC_SEARCH_TRAINER_H

#include "search/Wdsr.h"

#include <string>
#include <vector>

namespace srcc::search {

struct TrainOptions {
  WdsrShape shape;
  std::vector<std::string> data;       ///< folders of high-resolution pictures
  std::vector<std::string> validation; ///< folders whose PSNR is reported, never learnt from
  std::string checkpoint;              ///< file written in the course and at the end
  std::string json;                    ///< JSON Lines log, appended to; empty: none
  bool resume = false;                 ///< continue from the checkpoint
  int64_t steps = 100000;              ///< end after this many steps
  double minutes = 0;                  ///< or after this much time over all runs, 0: no limit
  int patch = 48;                      ///< side of a low-resolution patch
  int batch = 16;                      ///< patches per step
  double rate = 1e-3;                  ///< Adam's initial learning rate
  double average = 0.999;              ///< decay of the moving average of the weights per step
  int threads = 1;                     ///< of LibTorch
  uint64_t seed = 1;
  int64_t reportEvery = 100, validateEvery = 1000, saveEvery = 500; ///< in steps
};

/// Trains with Adam on the mean absolute error. The learning rate falls along half a cosine from
/// \p rate to 0 over the steps or the minutes, whichever part is spent further. One thread and a
/// limit in steps alone make a training reproducible to the last bit, interrupted or not.
///
/// SIGINT and SIGTERM end the training after the step under way, with a checkpoint. Returns
/// whether the training came to its end. Throws std::runtime_error for bad pictures, a checkpoint
/// that cannot be read or was made with other options, and files that cannot be written.
bool train(const TrainOptions &options);

/// The averaged weights of a checkpoint, weight normalisation folded. Throws std::runtime_error.
WdsrWeights loadWeights(const std::string &checkpoint);

/// Mean luma PSNR in dB over the pictures of \p folder, by the protocol of the literature: Matlab
/// bicubic reduction, 8-bit output, a border of \p scale pixels cropped.
double evaluate(const std::string &checkpoint, const std::string &folder);

} // namespace srcc::search
#endif // SRCC_SEARCH_TRAINER_H
