//===- Registration.h - Dialects and passes that srcc's tools know --------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_TOOLS_REGISTRATION_H
#define SRCC_COMPILER_TOOLS_REGISTRATION_H

#include "compiler/passes/Passes.h"
#include "compiler/schedule/Passes.h"
#include "dialects/ocl/OCL.h"
#include "dialects/sched/Sched.h"
#include "dialects/sr/SR.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/CommandLine.h"

namespace srcc {

/// Leaves LLVM's code generators out of --help. To be called first: what MLIR registers later
/// stays, and so do the options of `own`.
inline void hideLLVMOptions(llvm::cl::OptionCategory &own) { llvm::cl::HideUnrelatedOptions(own); }
inline void hideLLVMOptions() {
  static llvm::cl::OptionCategory none("none");
  hideLLVMOptions(none);
}

/// All dialects a model passes through.
inline void registerDialects(mlir::DialectRegistry &registry) {
  registry.insert<sr::SRDialect, sched::SchedDialect, ocl::OCLDialect, mlir::affine::AffineDialect,
                  mlir::arith::ArithDialect, mlir::func::FuncDialect, mlir::gpu::GPUDialect,
                  mlir::math::MathDialect, mlir::memref::MemRefDialect, mlir::scf::SCFDialect,
                  mlir::ub::UBDialect, mlir::vector::VectorDialect>();
}

/// MLIR's general passes and srcc's own.
inline void registerPasses() {
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  mlir::registerLoopInvariantCodeMotionPass();
  mlir::registerSymbolDCEPass();
  mlir::registerInlinerPass();
  sr::registerSRPasses();
  sched::registerSchedulePasses();
}

} // namespace srcc

#endif // SRCC_COMPILER_TOOLS_REGISTRATION_H
