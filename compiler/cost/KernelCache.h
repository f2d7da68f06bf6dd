//===- KernelCache.h - Kernels that were counted before ---------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Most of a question's time goes into the second half of lowering, in which every kernel becomes
// vectors, and into counting what they do. Both depend on the kernel alone: networks that differ in
// a layer share the kernels of the others. Kernels are known by their text after the first half,
// names left out, so what is taken from here is what lowering would give, not an approximation.
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_COST_KERNELCACHE_H
#define SRCC_COMPILER_COST_KERNELCACHE_H

#include "compiler/cost/KernelFeatures.h"

#include "llvm/ADT/StringMap.h"

#include <map>

namespace srcc::cost {

/// Keeps kernels over modules and contexts. Not for several threads at once.
class KernelCache {
public:
  /// Of a module between the halves of lowering (lowerToSharedKernels): notes which kernels it has,
  /// and empties the bodies of those that are here, so that the second half has nothing to do.
  void recognise(mlir::ModuleOp module);
  /// A kernel of the module that was recognised last, after the second half: from here, or counted
  /// and kept. Errors are those of Kernel::get.
  mlir::FailureOr<Kernel> get(mlir::gpu::GPUFuncOp func);

  /// Kernels that were counted, and those that were here already.
  int64_t counted() const { return fresh; }
  int64_t found() const { return known; }

private:
  std::map<uint64_t, Kernel> kernels; ///< by signature before vectors
  llvm::StringMap<uint64_t> present;  ///< signatures of the module's kernels by MODULE::KERNEL
  int64_t fresh = 0, known = 0;
};

} // namespace srcc::cost

#endif // SRCC_COMPILER_COST_KERNELCACHE_H
