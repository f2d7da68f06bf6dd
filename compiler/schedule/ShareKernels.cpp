//===- ShareKernels.cpp - One kernel for equal work -----------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Layers of one shape differ in their buffers only, which are arguments: one kernel serves all of
// them, and a driver compiles it once.
//===----------------------------------------------------------------------===//
#include "compiler/schedule/Passes.h"

#include "mlir/IR/OperationSupport.h"

#define DEBUG_TYPE "sched-share-kernels"

namespace srcc::sched {
#define GEN_PASS_DEF_SCHEDSHAREKERNELS
#include "compiler/schedule/Passes.h.inc"
} // namespace srcc::sched

using namespace mlir;
using namespace srcc::sched;

/// Equal but for names: bodies, types, grid and which arguments are read only.
static bool equal(gpu::GPUFuncOp a, gpu::GPUFuncOp b) {
  if (a.getFunctionType() != b.getFunctionType() || a.getKnownBlockSize() != b.getKnownBlockSize())
    return false;
  for (unsigned i = 0; i < a.getNumArguments(); ++i)
    if (bool(a.getArgAttr(i, srcc::ocl::readOnlyAttr)) !=
        bool(b.getArgAttr(i, srcc::ocl::readOnlyAttr)))
      return false;
  return OperationEquivalence::isRegionEquivalentTo(
      &a.getBody(), &b.getBody(),
      OperationEquivalence::IgnoreLocations | OperationEquivalence::IgnoreDiscardableAttrs);
}

namespace {
struct SchedShareKernels : public srcc::sched::impl::SchedShareKernelsBase<SchedShareKernels> {
  using Base::Base;
  void runOnOperation() override {
    for (auto kernels : getOperation().getOps<gpu::GPUModuleOp>()) {
      llvm::StringMap<StringRef> sharedBy;
      SmallVector<gpu::GPUFuncOp> kept;
      for (auto func : llvm::to_vector(kernels.getOps<gpu::GPUFuncOp>())) {
        auto same = llvm::find_if(kept, [&](gpu::GPUFuncOp k) { return equal(k, func); });
        if (same == kept.end()) {
          kept.push_back(func);
          continue;
        }
        sharedBy[func.getName()] = same->getName();
        func.erase();
      }
      getOperation().walk([&](srcc::ocl::LaunchOp launch) {
        auto shared = sharedBy.find(launch.getKernel().getLeafReference());
        if (launch.getKernel().getRootReference() == kernels.getName() && shared != sharedBy.end())
          launch.setKernelAttr(
              SymbolRefAttr::get(launch.getKernel().getRootReference(),
                                 {FlatSymbolRefAttr::get(&getContext(), shared->second)}));
      });
    }
  }
};
} // namespace
