//===- Stages.h - From a latency target to a trained network --------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_STAGES_H
#define SRCC_SEARCH_STAGES_H

#include "search/Config.h"
#include "search/Module.h"

#include <string>

namespace srcc::search {

class Processes;

/// All stages, in the folder of the configuration, each continued where it was left: supernet,
/// search of blocks and schemes, ratios, fine-tuning, emission, measurement, report. Returns
/// whether it came to its end: false after SIGINT or SIGTERM. Throws std::runtime_error.
///
/// The folder: config.toml; log.jsonl; memo.sqlite, what the cost model said; supernet.pt,
/// settle.pt, final.pt; search.sqlite (Store.h); model.mlirbc, model.srp; result.json; report.html.
bool runSearch(const Config &config, Processes *processes);

/// The same from a trained model, whose blocks stay: schemes are searched if there are several.
bool runPruning(const std::string &model, const Config &config, Processes *processes);

/// The module of a checkpoint (.pt) or of a model (.mlirbc, .mlir, .onnx). Throws
/// std::runtime_error.
Module loadAny(const std::string &file);

/// Compares the methods of search on what was recorded in a folder whose search evaluated every
/// candidate: prints the best of each scheme alone, and the best that every method has after so
/// many \p evaluations, for seeds from 1 to \p seeds. Throws std::runtime_error.
void replaySearch(const Config &config, int64_t evaluations, int64_t seeds);

/// Writes report.html of a folder anew.
void writeReport(const std::string &folder);

} // namespace srcc::search
#endif // SRCC_SEARCH_STAGES_H
