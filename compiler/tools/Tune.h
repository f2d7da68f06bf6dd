//===- Tune.h - Schedules by predicted time ---------------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_TOOLS_TUNE_H
#define SRCC_COMPILER_TOOLS_TUNE_H

#include "compiler/cost/CostModel.h"
#include "compiler/tools/Pipeline.h"

namespace srcc {

struct TuneOptions {
  unsigned budget = 32;         ///< schedules to predict, the default one included
  uint64_t seed = 1;
  int64_t height = 360, width = 640;
  std::string database;         ///< SQLite file of what was predicted before (compiler/cost/Memo.h); "" for none
};

/// Gives the only pipeline of a module (phase sched, without a schedule) the schedule of least predicted
/// time. The space is what the rules of default schedules span when they believe other facts of the device:
/// registers (tiles), caches and bandwidth (fusion, rings), units (bands), prefetching, fusion or none. So
/// every schedule is legal, and the default is one of them: the result is never predicted slower. Evolution:
/// the best four so far, one or two of whose beliefs change. The same seed gives the same schedule; an
/// interrupted search goes on from the database. Each step forward is a remark of the category "tune".
mlir::LogicalResult tuneSchedule(mlir::ModuleOp module, const Device &device, const PipelineOptions &pipeline,
                                 const TuneOptions &options);

} // namespace srcc

#endif // SRCC_COMPILER_TOOLS_TUNE_H
