//===- Passes.cpp - The order of lowering ---------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/schedule/Passes.h"

#include "mlir/Transforms/Passes.h"

using namespace mlir;

void srcc::sched::buildLoopsPipeline(OpPassManager &pm) {
  pm.addPass(createSchedToLoops());
  pm.addPass(createSchedInferBounds());
  pm.addPass(createSchedSlideWindow());
  pm.addPass(createSchedPrefetch());
  pm.addPass(createSchedFoldStorage());
}

void srcc::sched::buildSharedKernelsPipeline(OpPassManager &pm, bool fromLoops) {
  if (!fromLoops)
    buildLoopsPipeline(pm);
  pm.addPass(createSchedPartitionLoops());
  pm.addPass(createSchedTrimStorage());
  pm.addPass(createSchedUnrollLists());
  pm.addPass(createSchedSynchronizeThreads());
  pm.addPass(createSchedFlattenStorage());
  pm.addPass(createSchedRepeat());
  pm.addPass(createSchedShareKernels()); // before the costly part: equal layers are lowered once
}

void srcc::sched::buildVectorsPipeline(OpPassManager &pm) {
  pm.addPass(createSchedVectorizeLoops());
  OpPassManager &kernels = pm.nest<gpu::GPUModuleOp>().nest<gpu::GPUFuncOp>();
  kernels.addPass(createCSEPass());
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createLoopInvariantCodeMotionPass());
  kernels.addPass(createCSEPass());
}

void srcc::sched::buildLoweringPipeline(OpPassManager &pm, bool fromLoops) {
  buildSharedKernelsPipeline(pm, fromLoops);
  buildVectorsPipeline(pm);
}
