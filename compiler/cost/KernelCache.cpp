//===- KernelCache.cpp - Kernels that were counted before -----------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/cost/KernelCache.h"

#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace srcc;
using namespace srcc::cost;

static std::string nameOf(gpu::GPUFuncOp func) {
  return (func->getParentOfType<gpu::GPUModuleOp>().getName() + "::" + func.getName()).str();
}

/// The text of a kernel without names and comments: what sched-share-kernels compares.
static uint64_t signatureOf(gpu::GPUFuncOp func) {
  OwningOpRef<gpu::GPUFuncOp> bare = func.clone();
  std::string text;
  llvm::raw_string_ostream os(text);
  for (unsigned i = 0; i < func.getNumArguments(); ++i) {
    os << (func.getArgAttr(i, ocl::readOnlyAttr) ? "r" : "w");
    bare->setArgAttrs(i, ArrayRef<NamedAttribute>());
  }
  os << func.getKnownBlockSizeAttr();
  bare->setName("kernel");
  bare->walk([](Operation *op) {
    if (!isa<gpu::GPUFuncOp>(op)) // whose known_block_size and kernel are attributes of its own
      op->setDiscardableAttrs(ArrayRef<NamedAttribute>());
  });
  bare->print(os, OpPrintingFlags().useLocalScope());
  return llvm::xxh3_64bits(llvm::StringRef(text));
}

void KernelCache::recognise(ModuleOp module) {
  present.clear();
  for (auto module : module.getOps<gpu::GPUModuleOp>())
    for (auto func : module.getOps<gpu::GPUFuncOp>()) {
      uint64_t signature = present[nameOf(func)] = signatureOf(func);
      if (!kernels.count(signature))
        continue;
      Block &body = func.getBody().front();
      body.getTerminator()->moveBefore(&body, body.begin());
      while (&body.back() != &body.front()) {
        body.back().dropAllUses();
        body.back().erase();
      }
    }
}

FailureOr<Kernel> KernelCache::get(gpu::GPUFuncOp func) {
  uint64_t signature = present.lookup(nameOf(func));
  if (auto found = kernels.find(signature); found != kernels.end()) {
    ++known;
    return found->second;
  }
  FailureOr<Kernel> kernel = Kernel::get(func);
  if (succeeded(kernel)) {
    ++fresh;
    kernels.insert({signature, *kernel});
  }
  return kernel;
}
