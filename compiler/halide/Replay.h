//===- Replay.h - A pipeline of sched on Halide's C++ API -------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Stages become Funcs, updates become updates over an RDom, and each directive is called by its
// name. docs/halide.md lists what Halide has no counterpart for.
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_HALIDE_REPLAY_H
#define SRCC_COMPILER_HALIDE_REPLAY_H

#include "compiler/schedule/Schedule.h"

#include <Halide.h>

namespace srcc::halide {

/// What a sparse reduction domain becomes.
enum class Taps {
  List, ///< an RDom over a list of taps and their packed weights
  Mask  ///< the dense RDom with a predicate, where no reduction loop was split or fused
};

/// Extents of what is computed of a stage at a loop of a consumer, where bounds inference finds
/// them constant: (stage, consumer) -> extent or 0 per dimension.
using Extents = std::map<std::pair<std::string, std::string>, std::vector<int64_t>>;

/// The extents in the loop nests of a pipeline, after buildLoopsPipeline.
Extents extentsOf(sched::LoopsOp loops);

struct ReplayOptions {
  Halide::Target target;
  /// Told to Halide (bound_extent), which otherwise takes less room and more conditions, and on a
  /// device must know them.
  Extents extents;
  /// False: every stage is a Func without a schedule, for an autoscheduler.
  bool schedule = true;
  Taps taps = Taps::List;
  /// False: on a device, vectors of an output whose tail is guarded are left out. Halide 21 has
  /// some of them in its intermediate code, but not in that of devices.
  bool guardedVectors = true;
};

/// A pipeline from float planes to float planes.
struct Replayed {
  Halide::ImageParam input; ///< x, y, c
  Halide::Func output;      ///< x, y, c
  int64_t inputChannels = 0, outputChannels = 0;
  mlir::AffineMap outputExtents; ///< c, y, x over s0 = H and s1 = W
  /// What only costs or saves time and has no counterpart: it was left out.
  std::vector<std::string> leftOut;
};

/// Replays algorithm and schedule. Errors are those of the pipeline's operations: no float ends, an
/// operation or directive without a counterpart. Halide's own errors are thrown (Halide::Error).
mlir::FailureOr<Replayed> replay(sched::PipelineOp pipeline, const sched::Schedule &schedule,
                                 const ReplayOptions &options);

} // namespace srcc::halide

#endif // SRCC_COMPILER_HALIDE_REPLAY_H
