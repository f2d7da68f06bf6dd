//===- Choices.h - What a default schedule decides --------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// The rules of default schedules write directives; where they decide between several, they ask for
// a choice. Left alone, it is what the rule says. The tuner (compiler/tune) chooses for them, among
// what they would take: so it knows neither stages nor directives, and whether a choice is legal is
// found out by lowering it.
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_SCHEDULE_CHOICES_H
#define SRCC_COMPILER_SCHEDULE_CHOICES_H

#include "compiler/devices/Device.h"
#include "dialects/sched/Sched.h"

#include <map>
#include <string>
#include <vector>

namespace srcc::sched {

/// What is decided: of a stored stage, or of a sum that is computed at a tile.
enum class Knob {
  Place,    ///< where a stage is computed: 0 its own kernel, 1 tiles of its reader (GPU: within its
            ///< sums; strips of blocks of rows), 2 its rows (CPU)
  Layout,   ///< of a stage in memory: 0 rows (CPU) or planar (GPU), 1 tiles (CPU) or by 4 channels
            ///< (GPU), 2 planar (CPU)
  Bands,    ///< of a kernel that computes other stages row by row: bands for each compute unit
  Order,    ///< of a tile's loops: 0 all channels of a tile of pixels, 1 all tiles of some channels
  Filters,  ///< channels of a tile
  Vectors,  ///< vectors of pixels of a tile (CPU), pixels of a work-item (GPU)
  Lists,    ///< whether a sum runs over lists of the taps that are not zero
  Step,     ///< taps of a list in straight-line code
  Straight, ///< operations of a sum in straight-line code, at most
  Prefetch, ///< how many tiles ahead a tile asks for what it reads; 0: not at all
  PrefetchWrites, ///< how many tiles ahead a tile asks for what it writes; 0: not at all
  Threads,        ///< work-items of a group
};
/// "place", "layout", ...
llvm::StringRef knobName(Knob knob);
/// Whether more kernels change with it than the one the stage is computed in.
inline bool isShared(Knob knob) { return knob <= Knob::Bands; }

/// Values for some decisions: by stage, sum or update ("conv.sum[1]"), and knob.
using Choices = std::map<std::pair<std::string, Knob>, int64_t>;

/// One decision that was taken.
struct Decision {
  std::string of; ///< stage, sum or update
  Knob knob = Knob::Place;
  int64_t value = 0, rule = 0;  ///< what was taken, and what the rule says
  std::vector<int64_t> options; ///< what it can be
  std::string kernel;           ///< the stage in whose kernel it is
};

/// Writes a schedule for a pipeline that has none behind it: by rule, but for what is chosen;
/// choices that are none of the options do not count. `precision` is f32, f16s or f16; without
/// `fusion` no layer is computed in its reader's kernel. Returns all decisions, in the order in
/// which they were taken; with the same choices they are the same.
std::vector<Decision> addDefaultSchedule(PipelineOp pipeline, const srcc::Device &device,
                                         llvm::StringRef precision, bool fusion,
                                         const Choices &choices = {});

} // namespace srcc::sched

#endif // SRCC_COMPILER_SCHEDULE_CHOICES_H
