//===- Schedule.h - Directives, read and checked ----------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
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

/// The sparse reduction domain of an update: its loops `loops` run over a list of taps.
struct TapGroup {
  std::vector<std::string> loops; // reduction loops that the list enumerates
  std::string tap;                // the loop over the list, until it is split
  std::string outer, inner;       // then: the loop over steps of a list (else tap), and in a step
  int64_t step = 1;               // taps of a step; lists are padded to whole ones
  int64_t factor = 1;             // points of `dim` that share a list
  unsigned dim = 0;               // pure dimension
  bool tabulate = false;          // addresses that depend on the taps are computed once for all

  bool runsOverTaps(llvm::StringRef loop) const { return loop == outer || loop == inner; }
};

/// Loops of a pure definition or an update, innermost first, and how they came about.
struct Definition {
  std::vector<Loop> loops;
  std::vector<LoopTransform> transforms;
  std::optional<TapGroup> group;
};

/// One dimension of a stage's storage: (coordinate div `div`) mod `mod`; mod 0: none.
struct StorageDim {
  unsigned dim = 0;
  int64_t div = 1, mod = 0;
};

struct Storage {
  /// Global memory of a stage that is stored inside a kernel is scratch: a part for each
  /// work-group.
  Memory memory = Memory::Global;
  std::vector<StorageDim> layout; // outermost first
  int64_t align = 1;              // elements, of the innermost dimension
  bool odd = false;
  bool placed = false; // a store_in names the memory
  mlir::Type type;     // null: as computed
};

/// What the body of a loop reads of `source`, or writes where that is the stage itself, is asked
/// for `offset` iterations before: at once, or a part in each iteration of the loop `overLoop` of
/// the stage `over` inside.
struct Prefetch {
  PrefetchOp directive;
  std::string source, loop;
  int64_t offset = 1;
  std::string over, overLoop;
};

/// The loops of a stage, outermost first, that are those of another.
struct ComputeWith {
  std::string other;
  std::vector<std::string> loops;
  std::vector<std::string> dims; // whose points they run over
};

/// A stage that is an iteration of a loop over several.
struct Repeat {
  int64_t directive = 0; // its number
  int64_t iteration = 0, iterations = 0;
  std::string first;       // stage
  bool whereAlike = false; // else it is an error if code is not

  static constexpr int64_t most = 4096; ///< iterations
  /// On what the stage is computed by, until the loop is made: [directive, iteration, iterations,
  /// first stage, where alike].
  static constexpr llvm::StringLiteral attribute = "sched.repeat";
  /// What is on `op`; nothing where that is none of a repeat.
  static std::optional<Repeat> read(mlir::Operation *op);
  /// The same, but what is none of a repeat is an error.
  static mlir::FailureOr<std::optional<Repeat>> of(mlir::Operation *op);
  /// The attribute that says this.
  mlir::Attribute mark(mlir::MLIRContext *context) const;
};

/// Where a stage is computed. Without any compute_* directive it is inlined.
struct StageSchedule {
  bool root = false;
  std::vector<std::pair<std::string, std::string>> at; // consumer, loop
  std::optional<std::pair<std::string, std::string>> storeAt;
  llvm::StringMap<int64_t> fold;        // dimension -> elements of the ring
  std::vector<Definition> definitions;  // pure, then updates
  llvm::StringMap<int64_t> alignBounds; // dimension -> modulus
  llvm::StringMap<BoundOp> bounds;      // dimension -> the directive that names its range
  std::optional<ComputeWith> with;      // the loops it is computed inside of
  std::vector<Prefetch> prefetches;     // at its loops
  std::optional<Repeat> repeat;
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

/// The loops that a compute_with shares, in a schedule that has all other directives. Errors are at
/// the directive: loops that are not alike, or something that those loops cannot hold for both.
mlir::FailureOr<ComputeWith> sharedLoops(ComputeWithOp op, PipelineOp pipeline,
                                         const Schedule &schedule);

/// Names for messages, as "x", "y"; of a definition its loops, innermost first.
std::string listed(llvm::ArrayRef<std::string> names);
std::string listed(const Definition &definition);

/// Reads `schedule` (null: every stage compute_root, plain loops: the naive schedule). Errors name
/// the directive's place, the rule and the legal alternatives.
mlir::FailureOr<Schedule> readSchedule(PipelineOp pipeline, ScheduleOp schedule);

/// Elements that a stage may have in private or local memory, where sizes are constant.
constexpr int64_t mostKernelElements = int64_t(1) << 17;

/// The pipeline that loop nests came from, and its schedule. Errors as of readSchedule.
mlir::FailureOr<std::pair<PipelineOp, Schedule>> scheduleOf(LoopsOp loops);

/// Whether the loop `name` of an update with the reduction dimensions `rdims` is one of them or
/// came from them by split and fuse.
bool isReduction(const Definition &definition, llvm::ArrayRef<llvm::StringRef> rdims,
                 llvm::StringRef name);

/// Dimension names of a stage, an input or a table (d0, d1, ...).
llvm::SmallVector<std::string> dimNames(mlir::Operation *source);
/// Extents of a stage, an input or a table over s0 = H and s1 = W.
mlir::AffineMap extentsOf(mlir::Operation *source);
/// What a read reads: a stage, an input or a table. Errors: the pipeline has none of that name, or
/// it has another number of dimensions.
mlir::FailureOr<mlir::Operation *> sourceOf(ReadOp read, PipelineOp pipeline);
/// Element type of a stage, an input (as read: f32 or ui8) or a table.
mlir::Type elementTypeOf(mlir::Operation *source);

} // namespace srcc::sched

#endif // SRCC_COMPILER_SCHEDULE_SCHEDULE_H
