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
  let description = [{
    A `sched.pipeline` takes the place of the network's function: one stage per layer, two (sum, and the
    rest of it) per layer with a reduction, and both forms of the ends, float planes and 8-bit pixels.
    Weights become tables. Convolutions of three rows and at least `winograd` channels are written with
    fewer products (Winograd). The only pass that knows layers; the model's attributes stay.
  }];
  let options = [Option<"precision", "precision", "std::string", "\"f32\"",
                        "f32, f16s (halves in memory) or f16 (half arithmetic)">,
                 Option<"target", "target", "std::string", "\"host\"", "device name or file">,
                 Option<"winograd", "winograd", "int64_t", "-1",
                        "least channels in (a third of them out); 0: none; -1: what the target's file says">];
}
def SchedDefault : SchedPass<"sched-default"> {
  let summary = "gives pipelines without a schedule the default one of a device";
  let description = [{
    Rules on how stages read each other and on the device's facts: what one stage reads point by point is
    inlined, sums stay in registers at a tile of their reader. On a CPU, with `fusion`, what one stage reads
    at its own pixels is computed at its tiles, and what a kernel reads at rows around its own is computed
    row by row ahead of it; sums run over lists of taps where enough weights are zero. The rest is computed
    at the root. A pipeline that has a `sched.schedule` keeps it. Each decision is a remark.
  }];
  let options = [Option<"target", "target", "std::string", "\"host\"", "device name or file">,
                 Option<"precision", "precision", "std::string", "\"f32\"", "f32, f16s or f16">,
                 Option<"fusion", "fusion", "bool", "true", "compute layers inside their readers' kernels">];
}
def SchedToLoops : SchedPass<"sched-to-loops"> {
  let summary = "turns each pipeline and its schedule into loop nests over symbolic bounds";
  let description = [{
    Each stage at the root becomes a `realize` with a `produce` and its named loops; stages computed at a
    loop are produced there, inlined ones disappear into their readers. Accesses are in coordinates of
    stages; what a loop runs over is still a `sched.required`.
  }];
}
def SchedInferBounds : SchedPass<"sched-infer-bounds"> {
  let summary = "finds what must be computed and stored of each stage, by interval analysis";
  let description = [{
    Bounds become expressions of height, width and outer loops. A stage at the root computes its domain
    and what readers ask for around it, and stores the exterior value there; a stage at a loop computes
    what that loop's body loads. Guards of tails that cannot occur go.
  }];
}
def SchedSlideWindow : SchedPass<"sched-slide-window"> {
  let summary = "computes of a stage that is stored outside its loop only what is new";
  let description = [{
    Where a stage has a `store_at` around its `compute_at`, an iteration computes what the one before has
    not; the loop starts earlier by as many iterations as stages are ahead, in which only they are computed.
  }];
}
def SchedPrefetch : SchedPass<"sched-prefetch"> {
  let summary = "asks for what later iterations read or write";
  let description = [{
    A loop with a `prefetch` begins with a nest over the region that its body reads of the stage, or writes of
    its own, so many iterations later, a line of 64 bytes a step. With `over` each iteration of a loop inside
    begins with an equal part of them.
  }];
}
def SchedFoldStorage : SchedPass<"sched-fold-storage"> {
  let summary = "stores folded dimensions in rings";
  let description = [{
    Coordinates of a dimension with a `fold_storage` become remainders. More elements alive at once than the
    ring has are an error.
  }];
}
def SchedPartitionLoops : SchedPass<"sched-partition-loops"> {
  let summary = "skips the work of tiles that lie outside the picture";
  let description = [{
    Where a stage stores exterior values, tiles that touch its domain compute and select; tiles that do
    not, only store the exterior value; a tile is an iteration of the innermost loop in which other stages
    are computed for it, if there is one. If it reads an input, tiles wholly inside are apart: they keep
    no index in bounds.
  }];
}
def SchedTrimStorage : SchedPass<"sched-trim-storage"> {
  let summary = "stores no more of root stages than tiles that compute touch";
  let description = [{
    Bounds inference stores all that loops touch. What only tiles outside the picture would have read,
    which `sched-partition-loops` lets compute nothing, is left out: conditions of branches bound the
    variables of loops around them. Vectors of exterior values that nobody reads are not stored.
  }];
}
def SchedUnrollLists : SchedPass<"sched-unroll-lists"> {
  let summary = "turns unrolled lists of taps into straight-line code";
  let description = [{
    An unrolled loop over a list (`group`) becomes its taps, under a condition for each list that the loops
    around choose among. Weights at constant places are literals, products with zeros are left out.
  }];
}
def SchedSynchronizeThreads : SchedPass<"sched-synchronize-threads"> {
  let summary = "lets the work-items of a group compute together what they share";
  let description = [{
    Where a stage inside a kernel has `gpu_threads` of its own, barriers stand around it. The group is as
    large as the largest of its loops; guards leave out those that others have no step for.
  }];
}
def SchedFlattenStorage : SchedPass<"sched-flatten-storage"> {
  let summary = "gives stages memory: kernels with buffers, and the host's program";
  let description = [{
    Coordinates become addresses in memrefs, in the order that `store_in` names. Each nest at the root
    becomes a `gpu.func` and a launch in the host's `ocl.program`, with buffers and grids as expressions
    of height and width; tables are packed as their layout says.
  }];
}
def SchedVectorizeLoops : SchedPass<"sched-vectorize-loops"> {
  let summary = "unrolls, vectorises and maps loops to the GPU's grid";
  let description = [{
    Vectorised loops become vectors, unrolled ones straight-line code, blocks and threads of the GPU ids
    of the grid, the rest `scf.for`. A guarded vector is stored whole where its guard holds for all
    lanes, else lane by lane. Loads whose lanes are two apart take those of two vectors, stores of
    straight-line code whose lanes are two or four apart are woven. Private memory with constant places becomes variables.
  }];
}
def SchedRepeat : SchedPass<"sched-repeat"> {
  let summary = "stages of one kernel whose code is alike become a loop over them";
  let description = [{
    What the stages of a `repeat` directive are computed by, one after the other in one block, is compared
    operation by operation. Memory may be another in each iteration, and becomes parts of one buffer; constants
    in indices may grow by a fixed number, and become the loop variable times that.
  }];
}
def SchedShareKernels : SchedPass<"sched-share-kernels"> {
  let summary = "merges kernels that differ in names only";
  let description = [{
    Layers of one shape differ in their buffers only, and those are arguments: one kernel serves all.
  }];
}

#endif // SRCC_COMPILER_SCHEDULE_PASSES_TD
