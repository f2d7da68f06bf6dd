//===- Schedule.h - Directives, read and checked ----------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_SCHEDULE_SCHEDULE_H
#define SRCC_COMPILER_SCHEDULE_SCHEDULE_H

#include "dialects/sched/Sched.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

namespace srcc::sched {

/// One loop of a definition.
struct Loop {
  std::string name;
  LoopKind kind = LoopKind::Serial;
  int64_t axis = 0; // of gpu_block and gpu_thread
};

/// A split (old into outer, inner) or a fuse (outer, inner into old).
struct LoopTransform {
  bool isFuse = false;
  std::string old, outer, inner;
  mlir::AffineMap factor;
  Tail tail = Tail::Guard;
};

/// Loops of a pure definition or an update, innermost first, and how they came about.
struct Definition {
  std::vector<Loop> loops;
  std::vector<LoopTransform> transforms;
};

/// One dimension of a stage's storage: (coordinate div `div`) mod `mod`; mod 0: none.
struct StorageDim {
  unsigned dim = 0;
  int64_t div = 1, mod = 0;
};

struct Storage {
  Memory memory = Memory::Global;
  std::vector<StorageDim> layout; // outermost first
  int64_t align = 1;              // elements, of the innermost dimension
  bool odd = false;
  mlir::Type type; // null: as computed
};

/// Where a stage is computed. Without any compute_* directive it is inlined.
struct StageSchedule {
  bool root = false;
  std::vector<std::pair<std::string, std::string>> at; // consumer, loop
  std::vector<Definition> definitions;                 // pure, then updates
  llvm::StringMap<int64_t> alignBounds;                // dimension -> modulus
  Storage storage;
  bool isInline() const { return !root && at.empty(); }
};

/// A checked schedule: of every stage, and the storage of every table and input.
struct Schedule {
  llvm::StringMap<StageSchedule> stages;
  llvm::StringMap<Storage> others;
  const StageSchedule &of(llvm::StringRef stage) const { return stages.find(stage)->second; }
  const Storage &storageOf(llvm::StringRef name) const;
};

/// Reads `schedule` (null: every stage compute_root, plain loops: the naive schedule). Errors name
/// the directive's place, the rule and the legal alternatives.
mlir::FailureOr<Schedule> readSchedule(PipelineOp pipeline, ScheduleOp schedule);

/// Dimension names of a stage, an input or a table (d0, d1, ...).
llvm::SmallVector<std::string> dimNames(mlir::Operation *source);
/// Extents of a stage, an input or a table over s0 = H and s1 = W.
mlir::AffineMap extentsOf(mlir::Operation *source);
/// Element type of a stage, an input (as read: f32 or ui8) or a table.
mlir::Type elementTypeOf(mlir::Operation *source);

} // namespace srcc::sched

#endif // SRCC_COMPILER_SCHEDULE_SCHEDULE_H
