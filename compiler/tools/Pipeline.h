//===- Pipeline.h - From a model's file to kernels --------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// The phases that srcc and srcc-cost share.
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_TOOLS_PIPELINE_H
#define SRCC_COMPILER_TOOLS_PIPELINE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <string>

namespace srcc {

/// How a model becomes kernels.
struct PipelineOptions {
  std::string target = "host";
  std::string precision = "f32"; ///< f32, f16s or f16
  bool fusion = true;            ///< default schedules compute layers inside their readers' kernels
  int64_t winograd = -1;         ///< srcc --winograd; -1: not given
};

/// What sr-to-sched is told of `srcc --winograd`: without fusion a layer is one kernel, so that the
/// form, which is three then, has to be asked for.
inline int64_t winogradOf(int64_t given, bool fusion) { return given < 0 && !fusion ? 0 : given; }

/// An ONNX model, or a module of any phase. Errors go to stderr; the result is then null.
/// `color` and `range` are the options of srcc, "" for their defaults.
mlir::OwningOpRef<mlir::ModuleOp> readModelOrPhase(llvm::StringRef path, mlir::MLIRContext *context,
                                                   llvm::StringRef color, llvm::StringRef range,
                                                   bool quiet);

/// sr to sr: folds, shrinks, reorders filters, finds sparsity. GPUs keep multiples of four channels.
/// Errors: no such target.
mlir::LogicalResult simplifyModel(mlir::ModuleOp module, llvm::StringRef target);

/// A module of any phase to kernels and a plan (phase opencl), with the default schedule where it
/// has none.
mlir::LogicalResult lowerToKernels(mlir::ModuleOp module, const PipelineOptions &options);

/// The halves of lowerToKernels, for those who know kernels between them (cost::KernelCache):
/// kernels of loops over single values; then vectors, by far the costlier half.
mlir::LogicalResult lowerToSharedKernels(mlir::ModuleOp module, const PipelineOptions &options);
mlir::LogicalResult lowerToVectors(mlir::ModuleOp module);

/// The networks of the profile kit `number`, whose kernels srcc-bench --profile measures: random
/// layers (compiler/cost/LayerList.h) with the number as seed. Odd numbers are compiled without
/// fusion.
mlir::OwningOpRef<mlir::ModuleOp> profileKit(uint64_t number, mlir::MLIRContext *context);
inline bool profileKitFuses(uint64_t number) { return number % 2 == 0; }
/// The number of a kit from its model's name; none of other names.
std::optional<uint64_t> profileKitNumber(llvm::StringRef model);

} // namespace srcc

#endif // SRCC_COMPILER_TOOLS_PIPELINE_H
