//===- OpenCLPrinter.h - Kernels as OpenCL C --------------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_EMIT_OPENCLPRINTER_H
#define SRCC_COMPILER_EMIT_OPENCLPRINTER_H

#include "compiler/devices/Device.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Support/LLVM.h"

namespace srcc {

struct PrinterOptions {
  /// How math.fma and vector.fma are written.
  MultiplyAdd multiplyAdd = MultiplyAdd::Contract;
  /// How memref.prefetch is written; None as Function.
  Prefetching prefetching = Prefetching::None;
  /// How vectors are read and written that are aligned as their elements.
  VectorAccess vectorAccess = VectorAccess::Function;
  /// Whether the device has cl_khr_fp16; without it values of type half are an error.
  bool fp16 = false;
};

/// Prints the kernels of a module as OpenCL C, valid from version 1.2 to 3.0.
///
/// A kernel is a gpu.func of arith, math, scf, vector and memref operations, vectors of 2, 4, 8 or
/// 16 lanes, on rank-1 memrefs of f32, f16 and i8 (uchar) in global memory. index and i32 are both
/// int, i1 is bool, and a vector of i1 an int vector of 0 and -1. Names come from ocl.name and from
/// the NameLocs of values, comments from ocl.comment; what is used once is printed where it is
/// used, except that no read moves past a write to the same memory. maximumf and minimumf print as
/// max and min, of which OpenCL says nothing for NaN.
///
/// An operation without a form in OpenCL C is an error at that operation; what has been written to
/// the stream by then is of no use.
mlir::LogicalResult printOpenCL(mlir::gpu::GPUModuleOp module, llvm::raw_ostream &os,
                                const PrinterOptions &options = {});

/// Whether the kernels have values or private memory of type half, so that they need cl_khr_fp16.
bool usesHalf(mlir::gpu::GPUModuleOp module);

/// Registers --emit-opencl with srcc-translate: every gpu.module of a module, one after another.
void registerOpenCLEmission();

} // namespace srcc

#endif // SRCC_COMPILER_EMIT_OPENCLPRINTER_H
