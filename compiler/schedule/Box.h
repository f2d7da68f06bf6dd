//===- Box.h - Regions of stages --------------------------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_SCHEDULE_BOX_H
#define SRCC_COMPILER_SCHEDULE_BOX_H

#include "compiler/schedule/IndexExpr.h"

namespace srcc::sched {

/// An interval [low, high] per dimension; without dimensions it is empty.
struct Box {
  llvm::SmallVector<IndexExpr> low, high;
  bool empty() const { return low.empty(); }
  /// Grows to hold [l, h] too.
  void include(llvm::ArrayRef<IndexExpr> l, llvm::ArrayRef<IndexExpr> h);
};

/// What the rest of the loop body around `produce` loads of its stage, in one iteration. Errors:
/// nothing there loads it, or no bounds can be found.
mlir::FailureOr<Box> requiredBox(ProduceOp produce);

/// Whether `e` depends on the variable of a loop around `inner` that is inside `outer`, a block
/// around `inner`: IndexExpr::lower and upper leave what they cannot bound.
bool dependsOnLoops(const IndexExpr &e, mlir::Block *inner, mlir::Block *outer);

/// What the body of a loop or nest loads of `stage` in one iteration, the body of `except` left
/// out; empty where nothing loads it. Fails silently where no bounds can be found.
mlir::FailureOr<Box> loadedBox(mlir::Block *block, llvm::StringRef stage, ProduceOp except = {});

/// What the body of a loop writes of `stage` in one iteration; as loadedBox.
mlir::FailureOr<Box> storedBox(mlir::Block *block, llvm::StringRef stage);

/// The storage of what `produce` computes: the realize around it.
RealizeOp realizeOf(ProduceOp produce);

} // namespace srcc::sched

#endif // SRCC_COMPILER_SCHEDULE_BOX_H
