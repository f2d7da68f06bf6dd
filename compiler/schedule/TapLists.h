//===- TapLists.h - Sparse reduction domains as grouped lists ---*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A reduction whose terms are products with a table skips the terms whose table value is zero: its
// loops become one loop over a list of taps for each group of points that share one.
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_SCHEDULE_TAPLISTS_H
#define SRCC_COMPILER_SCHEDULE_TAPLISTS_H

#include "compiler/schedule/IndexExpr.h"
#include "compiler/schedule/Schedule.h"

namespace srcc::sched {

/// The values of a table in row-major order, of its element type. Errors: its blob is missing.
mlir::FailureOr<llvm::SmallVector<llvm::APFloat>> tableValues(TableOp table);

/// One index of a table, as lists need it: an argument of the update's block plus a constant, or
/// the constant alone (argument -1).
struct TableIndex {
  int argument = -1;
  int64_t offset = 0;
  static std::optional<TableIndex> get(mlir::Value index, mlir::Block &block);
};

/// The lists of one update under one TapGroup, as tables of the pipeline: where each list starts,
/// the loop values of each tap, and the table's values in the order of the taps.
class GroupedTaps {
public:
  GroupedTaps(PipelineOp pipeline, StageOp stage, UpdateOp update, const Definition &definition)
      : pipeline(pipeline), stage(stage), update(update), definition(definition),
        group(*definition.group) {}

  /// Finds the taps and adds the tables. Errors: the update is no sum of products with one table
  /// that is read at `dim`, or a reduction loop has no constant extent.
  mlir::LogicalResult build();
  /// Finds the taps, for the accessors below; adds nothing. Errors as of build.
  mlir::LogicalResult find();

  /// Reduction loops outside the list, slowest first: each of their values has a list of its own.
  llvm::ArrayRef<std::string> outerLoops() const { return outer; }
  /// Reduction loops inside, slowest first: the dense body of a tap.
  llvm::ArrayRef<std::string> innerLoops() const { return inner; }
  /// Of a reduction loop, or of a reduction dimension.
  int64_t extentOf(llvm::StringRef loop) const { return extents.find(loop)->second; }
  /// First tap of each list, [points / factor][outer...], and the end of the last one: multiples
  /// of the group's step.
  llvm::ArrayRef<int64_t> listStarts() const { return starts; }
  /// The values of the group's loops at each tap.
  llvm::ArrayRef<llvm::SmallVector<int64_t>> tapValues() const { return taps; }
  /// The table's values, [tap][inner...][factor].
  llvm::ArrayRef<llvm::APFloat> packedValues() const { return packed; }

  /// First step and number of steps of the list for the points of `dim` from `first` on, where the
  /// reduction loops outside have the values `loops`.
  std::pair<IndexExpr, IndexExpr> range(mlir::OpBuilder &builder, mlir::Location loc,
                                        const IndexExpr &first,
                                        const llvm::StringMap<IndexExpr> &loops);
  /// Sets the loops of the group to their values at the tap that `loops` has for the loops over the
  /// list.
  void decode(mlir::OpBuilder &builder, mlir::Location loc, llvm::StringMap<IndexExpr> &loops);
  /// The table's value at `point` of `dim`, at the tap last decoded.
  mlir::Value load(mlir::OpBuilder &builder, mlir::Location loc, const IndexExpr &point,
                   const llvm::StringMap<IndexExpr> &loops);

  ReadOp weights; ///< the read that the packed values stand for

private:
  mlir::LogicalResult analyse();
  mlir::LogicalResult list();

  PipelineOp pipeline;
  StageOp stage;
  UpdateOp update;
  const Definition &definition;
  const TapGroup &group;
  llvm::SmallVector<std::string> outer, inner;        // reduction loops outside and inside
  llvm::StringMap<int64_t> extents;                   // of reduction loops and dimensions
  llvm::SmallVector<int64_t> starts;                  // of lists; one more than there are lists
  llvm::SmallVector<llvm::SmallVector<int64_t>> taps; // loop values
  llvm::SmallVector<llvm::APFloat> packed;            // [tap][inner...][factor]
  std::string startName, tapName, packedName;
  mlir::Value tap;
  IndexExpr block; // number of the group of points
};

} // namespace srcc::sched

#endif // SRCC_COMPILER_SCHEDULE_TAPLISTS_H
