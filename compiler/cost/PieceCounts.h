//===- PieceCounts.h - What the code of a block needs -------------------------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_COST_PIECECOUNTS_H
#define SRCC_COMPILER_COST_PIECECOUNTS_H

#include "compiler/cost/KernelFeatures.h"

#include "mlir/IR/Block.h"

namespace srcc::cost {

/// A read or write of memory.
struct MemoryUse {
  mlir::Value memref, index; ///< the index of its first element, or texel; none of a variable
  mlir::Value value;         ///< what is read or written
  bool store = false;
  bool converts = false; ///< between half and float
};

/// The operation as a read or write, if it is one.
std::optional<MemoryUse> memoryUseOf(mlir::Operation &op);

/// A variable: one value without an index, which compilers keep in registers.
bool isRegister(mlir::Value memref);

/// Integers, indices, conditions.
bool isIndexLike(mlir::Type type);

/// How many different addresses the operations of a block have, beside what is constant in them.
float countAddresses(mlir::Block &body);

/// The longest chain of sums of a block through a variable.
float longestChain(mlir::Block &body);

/// 32-bit registers that the variables of a block take.
double variableRegisters(mlir::Block &body);

/// 32-bit registers of values of a block alive at once, at most. Values are taken to be computed
/// where they are first used, as the printer and drivers' compilers do. `sameAs`: repeated reads,
/// and the first of them.
double valueRegisters(mlir::Block &body, const llvm::DenseMap<mlir::Value, mlir::Value> &sameAs);

/// 32-bit registers that a value takes.
double registersOfType(mlir::Type type);

/// 32-bit registers that a pass through the block at least writes and reads as values find none, by
/// their number (Piece::spills). In a loop's body, of a turn in its midst.
std::array<float, spillKinds> spillsOf(mlir::Block &body,
                                       const llvm::DenseMap<mlir::Value, mlir::Value> &sameAs);

} // namespace srcc::cost

#endif // SRCC_COMPILER_COST_PIECECOUNTS_H
