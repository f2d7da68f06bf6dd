//===- TapAddresses.h - Addresses of taps, computed once ----------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_SCHEDULE_TAPADDRESSES_H
#define SRCC_COMPILER_SCHEDULE_TAPADDRESSES_H

#include "compiler/schedule/IndexExpr.h"
#include "dialects/sched/Sched.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

#include <functional>
#include <map>

namespace srcc::sched {

/// A number that lists of taps hold, whose use in addresses is to be tabulated.
struct TapNumber {
  ForOp loop;            // over the steps of a list
  IndexExpr tap;         // in the loop's variable
  int64_t step;          // taps of a step
  llvm::StringRef taps;  // its table
  llvm::StringRef lists; // the table of where lists start
  int64_t column;
};

/// Addresses of the reads of a kernel: what depends on the tap of a list alone, and on loops far
/// outside, is computed there for the taps of all lists.
class TapAddresses {
public:
  /// \p memory holds the buffers of the pipeline's tables by name, and outlives this; \p ends says
  /// where in the buffer of a table of places the end of all lists is.
  TapAddresses(PipelineOp pipeline, mlir::gpu::GPUFuncOp func,
               const llvm::StringMap<mlir::Value> &memory,
               std::function<IndexExpr(llvm::StringRef)> ends)
      : pipeline(pipeline), func(func), memory(memory), ends(std::move(ends)) {}
  /// \p number is what the tap's table holds in its column, as an index.
  void add(mlir::Value number, TapNumber tap) { numbers[number] = tap; }
  /// `place`, with a look-up for as much of it as pays; adds tables and what fills them to the
  /// kernel.
  IndexExpr tabulate(const IndexExpr &place);

private:
  struct Table {
    ForOp loop;
    IndexExpr address; // in numbers of the first of the loop's taps that asked for it
    mlir::Value memory;
    std::map<IndexExpr, IndexExpr> found; // by tap, the same, looked up
  };
  mlir::Operation *outside(ForOp loop, const IndexExpr &address);
  mlir::Value fill(TapNumber tap, const IndexExpr &address, mlir::Operation *before);
  IndexExpr find(Table &table, mlir::Value number);
  int64_t extent(llvm::StringRef table, unsigned dim) {
    auto op = mlir::cast<TableOp>(mlir::SymbolTable::lookupSymbolIn(pipeline, table));
    return op.getValue().getShapedType().getDimSize(dim);
  }
  /// Entries for any lists of about that length, so that equal layers stay equal kernels.
  int64_t roomOf(llvm::StringRef taps) { return llvm::PowerOf2Ceil(extent(taps, 0)); }

  PipelineOp pipeline;
  mlir::gpu::GPUFuncOp func;
  const llvm::StringMap<mlir::Value> &memory;
  std::function<IndexExpr(llvm::StringRef)> ends;
  llvm::MapVector<mlir::Value, TapNumber> numbers;
  llvm::SmallVector<Table> tables;
  int64_t entries = 0; ///< of all of them
};

} // namespace srcc::sched

#endif // SRCC_COMPILER_SCHEDULE_TAPADDRESSES_H
