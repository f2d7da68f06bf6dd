//===- Passes.h - Lowering of sched -----------------------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_SCHEDULE_PASSES_H
#define SRCC_COMPILER_SCHEDULE_PASSES_H

#include "dialects/ocl/OCL.h"
#include "dialects/sched/Sched.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

namespace srcc::sched {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/schedule/Passes.h.inc"

/// From a scheduled pipeline to its loop nests with bounds, sliding windows and rings.
void buildLoopsPipeline(mlir::OpPassManager &pm);

/// The halves of buildLoweringPipeline: to gpu.func kernels of loops over single values, equal ones
/// being one, and an ocl.program; and to vectors, which takes most of the time and depends on each
/// kernel alone.
void buildSharedKernelsPipeline(mlir::OpPassManager &pm, bool fromLoops = false);
void buildVectorsPipeline(mlir::OpPassManager &pm);

/// From a scheduled pipeline, or from its loop nests with bounds, to gpu.func kernels and an
/// ocl.program.
void buildLoweringPipeline(mlir::OpPassManager &pm, bool fromLoops = false);

/// Pseudo-code of the loop nests of a `sched.loops`, in the form of Halide's print_loop_nest.
void printLoopNest(LoopsOp loops, llvm::raw_ostream &os);

} // namespace srcc::sched

#endif // SRCC_COMPILER_SCHEDULE_PASSES_H
