//===- Passes.td - Lowering of sched, in order -----------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_SCHEDULE_PASSES_TD
#define SRCC_COMPILER_SCHEDULE_PASSES_TD

include "mlir/Pass/PassBase.td"

class SchedPass<string flag> : Pass<flag, "::mlir::ModuleOp"> {
  let dependentDialects = ["::srcc::sched::SchedDialect", "::srcc::ocl::OCLDialect",
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::gpu::GPUDialect", "::mlir::memref::MemRefDialect", "::mlir::vector::VectorDialect"];
}

def SRToSched : SchedPass<"sr-to-sched"> {
  let summary = "writes a network's layers as stages of a pipeline";
  let options = [Option<"precision", "precision", "std::string", "\"f32\"",
                        "f32, f16s (halves in memory) or f16 (half arithmetic)">];
}
def SchedDefault : SchedPass<"sched-default"> {
  let summary = "gives pipelines without a schedule the default one of a device";
  let options = [Option<"target", "target", "std::string", "\"host\"", "device name or file">,
                 Option<"precision", "precision", "std::string", "\"f32\"", "f32, f16s or f16">,
                 Option<"fusion", "fusion", "bool", "true", "compute layers inside their readers' kernels">];
}
def SchedToLoops : SchedPass<"sched-to-loops"> {
  let summary = "turns each pipeline and its schedule into loop nests over symbolic bounds";
}
def SchedInferBounds : SchedPass<"sched-infer-bounds"> {
  let summary = "finds what must be computed and stored of each stage, by interval analysis";
}
def SchedSlideWindow : SchedPass<"sched-slide-window"> {
  let summary = "computes of a stage that is stored outside its loop only what is new";
}
def SchedFoldStorage : SchedPass<"sched-fold-storage"> {
  let summary = "stores folded dimensions in rings";
}
def SchedPartitionLoops : SchedPass<"sched-partition-loops"> {
  let summary = "skips the work of tiles that lie outside the picture";
}
def SchedFlattenStorage : SchedPass<"sched-flatten-storage"> {
  let summary = "gives stages memory: kernels with buffers, and the host's program";
}
def SchedVectorizeLoops : SchedPass<"sched-vectorize-loops"> {
  let summary = "unrolls, vectorises and maps loops to the GPU's grid";
}
def SchedShareKernels : SchedPass<"sched-share-kernels"> {
  let summary = "merges kernels that differ in names only";
}

#endif // SRCC_COMPILER_SCHEDULE_PASSES_TD
