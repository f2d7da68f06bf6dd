//===- Passes.td - Passes from sr to sr ------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_PASSES_PASSES_TD
#define SRCC_COMPILER_PASSES_PASSES_TD

include "mlir/Pass/PassBase.td"

class SRPass<string flag> : Pass<flag, "::mlir::func::FuncOp"> {
  let dependentDialects = ["::srcc::sr::SRDialect"];
}

def InferSparsity : SRPass<"sr-infer-sparsity"> {
  let summary = "gives plain weights with zeros their tightest encoding";
  let description = [{
    Weights that have an encoding keep it. A remark per convolution says what was found, which share
    of the multiply-adds is kept, and which share when 4 consecutive filters share their taps.
    The order of the encodings that are tried is in docs/sparsity.md.
  }];
  let options = [Option<"minZeros", "min-zeros", "double", "0.1",
                        "Weights with a smaller share of zeros stay dense (whole filters and "
                        "channels apart)">];
}

def Shrink : SRPass<"sr-shrink"> {
  let summary = "removes channels that are zero or unread, through the whole network";
  let description = [{
    Filters that are zero yield a constant, their bias; constants go through the operations between
    convolutions, and into the bias of a convolution that reads them, if they are zero or it pads
    nothing. A channel that no convolution reads any more, in any of the maps that operations tie
    together (the addends of a sum, the parts of a concatenation, the channels of a pixel shuffle),
    is removed from all of them. An addend of constants alone becomes a table. Results do not
    change but for rounding. Splits become slices.
  }];
  let options = [Option<"multiple", "multiple", "int64_t", "1",
                        "Of the channels to remove from a convolution's result so many stay that it has a "
                        "multiple of this, where it had so many (4 for GPUs, which compute four at a time)">];
}

def Prune : SRPass<"sr-prune"> {
  let summary = "one-shot magnitude pruning";
  let description = [{
    Zeroes the weakest weights of every conv2d but those that read the picture itself and those
    whose results reach the output through pointwise operations and pixel shuffles alone, and gives
    the weights their encoding. The rules of every scheme are in docs/sparsity.md.

    ```
    srcc-opt model.mlirbc --sr-prune="scheme=block density=0.25 f=8 c=4"
    ```
  }];
  let options = [
    Option<"scheme", "scheme", "std::string", "\"\"",
           "filter, channel, block, bcr, pattern or unstructured">,
    Option<"density", "density", "double", "0", "At most this share of each layer is kept">,
    Option<"filters", "f", "int64_t", "8", "block, bcr: filters of a block">,
    Option<"channels", "c", "int64_t", "4", "block, bcr: channels of a block">,
    Option<"patterns", "library", "int64_t", "8", "pattern: size of the library">,
    Option<"keep", "keep", "int64_t", "4", "pattern: kept entries of a kernel">,
    Option<"shared", "shared", "int64_t", "4", "pattern: consecutive filters alike">,
    ListOption<"layers", "layers", "std::string", "Layers to prune that would stay dense">];
}

def ReorderFilters : SRPass<"sr-reorder-filters"> {
  let summary = "orders filters so that neighbours share taps";
  let description = [{
    Permutes the filters of a conv2d, its bias, the slopes and the input channels behind it, if its
    result only reaches convolutions, through operations on single channels. Only where that lowers
    the number of taps that grouping pads, and where all encodings still hold. A remark gives the
    number before and after.
  }];
  let options = [Option<"group", "group", "int64_t", "4", "Consecutive filters that share taps">];
}

#endif // SRCC_COMPILER_PASSES_PASSES_TD
