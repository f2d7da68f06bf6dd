//===- SchedOps.td - Operations of the sched dialect ----------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_DIALECTS_SCHED_SCHEDOPS_TD
#define SRCC_DIALECTS_SCHED_SCHEDOPS_TD

include "dialects/sched/SchedDialect.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Sched_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::srcc::sched";
  let genSpecializedAttr = 0;
}

def Sched_Exterior : Sched_Enum<"Exterior", "value of a read outside the stage's domain", [
  I32EnumAttrCase<"None", 0, "none">,             // never outside
  I32EnumAttrCase<"Constant", 1, "constant">,     // Halide's constant_exterior
  I32EnumAttrCase<"RepeatEdge", 2, "repeat_edge">,
  I32EnumAttrCase<"MirrorInterior", 3, "mirror_interior">]>;
def Sched_Format : Sched_Enum<"Format", "layout of the pipeline's ends", [
  I32EnumAttrCase<"None", 0, "none">,
  I32EnumAttrCase<"F32Planar", 1, "f32_planar">,           // [c][y][x], f32
  I32EnumAttrCase<"U8Interleaved", 2, "u8_interleaved">]>; // [y][x][c], unsigned 8 bit
def Sched_Tail : Sched_Enum<"Tail", "what a split does where the factor does not divide the extent", [
  I32EnumAttrCase<"Guard", 0, "guard">,                // Halide's GuardWithIf, on the store
  I32EnumAttrCase<"ShiftInwards", 1, "shift_inwards">,
  I32EnumAttrCase<"RoundUp", 2, "round_up">]>;
def Sched_LoopKind : Sched_Enum<"LoopKind", "how a loop runs", [
  I32EnumAttrCase<"Serial", 0, "serial">, I32EnumAttrCase<"Unrolled", 1, "unrolled">,
  I32EnumAttrCase<"Vectorized", 2, "vectorized">, I32EnumAttrCase<"GpuBlock", 3, "gpu_block">,
  I32EnumAttrCase<"GpuThread", 4, "gpu_thread">]>;
def Sched_Memory : Sched_Enum<"Memory", "where a stage is stored", [
  I32EnumAttrCase<"Global", 0, "global">, I32EnumAttrCase<"Private", 1, "private">,
  I32EnumAttrCase<"Local", 2, "local">, I32EnumAttrCase<"Image2D", 3, "image2d">]>;
class Sched_EnumAttr<EnumInfo info, string mnemonic> : EnumAttr<Sched_Dialect, info, mnemonic>;
def Sched_ExteriorAttr : Sched_EnumAttr<Sched_Exterior, "exterior">;
def Sched_FormatAttr : Sched_EnumAttr<Sched_Format, "format">;
def Sched_TailAttr : Sched_EnumAttr<Sched_Tail, "tail">;
def Sched_LoopKindAttr : Sched_EnumAttr<Sched_LoopKind, "loop_kind">;
def Sched_MemoryAttr : Sched_EnumAttr<Sched_Memory, "memory">;

class Sched_Op<string mnemonic, list<Trait> traits = []> : Op<Sched_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Algorithm
//===----------------------------------------------------------------------===//

def Sched_PipelineOp : Sched_Op<"pipeline", [Symbol, SymbolTable, IsolatedFromAbove, NoTerminator,
                                             SingleBlock]> {
  let summary = "an algorithm: inputs, tables and stages";
  let description = [{
    ```mlir
    sched.pipeline @blur {
      sched.input @in dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (1, s0, s1)> format f32_planar
      sched.stage @out dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (1, s0, s1)> : f32 pure {
      ^bb0(%c: index, %y: index, %x: index):
        %v = sched.read @in[%c, %y, %x] : f32
        sched.yield %v : f32
      } output f32_planar
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

def Sched_InputOp : Sched_Op<"input", [Symbol, HasParent<"PipelineOp">]> {
  let summary = "a picture that comes from outside";
  let arguments = (ins SymbolNameAttr:$sym_name, StrArrayAttr:$dims, AffineMapAttr:$extents,
                       Sched_FormatAttr:$format);
  let assemblyFormat = "$sym_name `dims` $dims `extents` $extents `format` $format attr-dict";
  let hasVerifier = 1;
}

def Sched_TableOp : Sched_Op<"table", [Symbol, HasParent<"PipelineOp">]> {
  let summary = "constants, one dimension per tensor dimension";
  let arguments = (ins SymbolNameAttr:$sym_name, ElementsAttr:$value);
  let assemblyFormat = "$sym_name `=` $value attr-dict";
  let hasVerifier = 1;
}

def Sched_StageOp : Sched_Op<"stage", [Symbol, HasParent<"PipelineOp">, IsolatedFromAbove, NoTerminator]> {
  let summary = "a function of its pure dimensions (Halide's Func)";
  let description = [{
    The region `pure` defines the value at a point; each `sched.update` in `updates` then
    redefines it, in order, for every point of its reduction domain. A stage that reads what it
    has no definition for uses the read's exterior value.

    `output F` marks an end of the pipeline. `instead_of @f` on a stage that reads an input:
    it defines the same values as @f from another pixel format, into the storage of @f; a run
    uses one of the two.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrArrayAttr:$dims, AffineMapAttr:$extents,
    TypeAttr:$type, OptionalAttr<Sched_FormatAttr>:$output,
    OptionalAttr<FlatSymbolRefAttr>:$instead_of, OptionalAttr<StrArrayAttr>:$layers,
    OptionalAttr<AffineMapAttr>:$macs);
  let regions = (region SizedRegion<1>:$pure, AnyRegion:$updates);
  let assemblyFormat = [{
    $sym_name `dims` $dims `extents` $extents `:` $type (`instead_of` $instead_of^)?
    (`output` $output^)? (`layers` $layers^)? (`macs` $macs^)?
    `pure` $pure (`updates` $updates^)? attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    unsigned getRank() { return getDims().size(); }
    llvm::SmallVector<UpdateOp, 4> getUpdateOps();
  }];
}

def Sched_UpdateOp : Sched_Op<"update", [HasParent<"StageOp">, IsolatedFromAbove, SingleBlock]> {
  let summary = "an update over a reduction domain (Halide's RDom)";
  let description = [{
    Region arguments: the stage's pure dimensions, the reduction dimensions, the value so far.
  }];
  let arguments = (ins StrArrayAttr:$rdims, AffineMapAttr:$extents);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$rdims `extents` $extents $body attr-dict";
  let hasVerifier = 1;
}

def Sched_ReadOp : Sched_Op<"read", [Pure]> {
  let summary = "the value of a stage, input or table at a point";
  let arguments = (ins FlatSymbolRefAttr:$source, Variadic<Index>:$indices,
    DefaultValuedAttr<Sched_ExteriorAttr, "::srcc::sched::Exterior::None">:$exterior,
    OptionalAttr<F32Attr>:$value);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$source `[` $indices `]` (`exterior` $exterior^)? ($value^)? attr-dict `:` type($result)";
}

def Sched_SizeOp : Sched_Op<"size", [Pure]> {
  let summary = "height (0) or width (1) of the pipeline's input; >= 1";
  let arguments = (ins I64Attr:$axis);
  let results = (outs Index:$result);
  let assemblyFormat = "$axis attr-dict";
}

def Sched_YieldOp : Sched_Op<"yield", [Pure, Terminator]> {
  let summary = "value of a definition";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

//===----------------------------------------------------------------------===//
// Schedule
//===----------------------------------------------------------------------===//

def Sched_ScheduleOp : Sched_Op<"schedule", [NoTerminator, SingleBlock]> {
  let summary = "where, when and how the stages of a pipeline are computed";
  let arguments = (ins FlatSymbolRefAttr:$pipeline);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$pipeline attr-dict-with-keyword $body";
}

class Sched_Directive<string mnemonic> : Sched_Op<mnemonic, [HasParent<"ScheduleOp">]>;
class Sched_LoopDirective<string mnemonic> : Sched_Directive<mnemonic>;

def Sched_ComputeRootOp : Sched_Directive<"compute_root"> {
  let summary = "computes a stage in a kernel of its own, before all that read it";
  let arguments = (ins FlatSymbolRefAttr:$stage);
  let assemblyFormat = "$stage attr-dict";
}
def Sched_ComputeAtOp : Sched_Directive<"compute_at"> {
  let summary = "computes what a consumer's loop body needs at the start of that body";
  let description = [{
    May be given once per consumer. Before and after `sched.compute_at @conv at @relu "x"`:

    ```
    produce relu:                    produce relu:
      for y:                           for y:
        for x:                           for x:
          relu(...) = f(conv(...))         produce conv:
                                             conv(...) = ...
                                           relu(...) = f(conv(...))
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$stage, FlatSymbolRefAttr:$consumer, StrAttr:$loop);
  let assemblyFormat = "$stage `at` $consumer $loop attr-dict";
}
def Sched_StoreAtOp : Sched_Directive<"store_at"> {
  let summary = "keeps what is computed of a stage from one iteration of its compute_at loop to the next";
  let description = [{
    The loop is around the compute_at loop, of the same consumer or of one that this is computed
    in. What an iteration computed is not computed again by the next (a sliding window). After
    `sched.compute_at @blur_x at @out "y"` and `sched.store_at @blur_x at @out "band"`, where @out
    reads three rows:

    ```
    for band:                                  for band:
      for y in [0, n):                           realize blur_x:
        realize blur_x:                            for y in [-2, n):
          produce blur_x:                            produce blur_x:
            for y in [y - 1, y + 1]: ...               row y + 1
          out(...) = ...                             if y >= 0:
                                                       out(...) = ...
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$stage, FlatSymbolRefAttr:$consumer, StrAttr:$loop);
  let assemblyFormat = "$stage `at` $consumer $loop attr-dict";
}
def Sched_FoldStorageOp : Sched_Directive<"fold_storage"> {
  let summary = "stores a dimension in a ring of `factor` elements";
  let description = [{
    `sched.fold_storage @blur_x "y" by 4`: row y lies in row y mod 4 of the storage. What is alive
    at once must be no more than `factor` elements.
  }];
  let arguments = (ins FlatSymbolRefAttr:$stage, StrAttr:$dim, I64Attr:$factor);
  let assemblyFormat = "$stage $dim `by` $factor attr-dict";
}
def Sched_ComputeWithOp : Sched_Directive<"compute_with"> {
  let summary = "computes a stage inside the loops of another that does not read it";
  let description = [{
    The loops of @stage from the outermost to `loop` are those of @other, of the same names, splits and
    extents: one kernel, and what both read is in the caches, or computed once, for both. Both are computed
    at the root, @other after @stage; what they are computed over becomes the hull of both. Before and after
    `sched.compute_with @edges with @blur "y"`:

    ```
    produce edges:                   produce blur:
      for y:                           produce edges:
        for x:                           for y:
          edges(...) = ...                 for x:
    produce blur:                            blur(...) = ...
      for y:                               for x:
        for x:                               edges(...) = ...
          blur(...) = ...
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$stage, FlatSymbolRefAttr:$other, StrAttr:$loop);
  let assemblyFormat = "$stage `with` $other $loop attr-dict";
}
def Sched_RepeatOp : Sched_Directive<"repeat"> {
  let summary = "stages whose code is alike become a loop over them";
  let description = [{
    The stages are computed at one loop of one consumer, one after the other, each with what is computed between
    it and the one before. Their code may differ in weights, in storage in global memory, and in how many rows ahead it
    is; their weights and storage become parts of one buffer each. With `where_alike` other stages stay as they are, with a
    remark; else that is an error. Before and after `sched.repeat [@b1, @b2, @b3]`:

    ```
    for row:                             for row:
      produce b1: f(w1, b0)                repeat in [0, 2]:
      produce b2: f(w2, b1)         ->       produce b1, b2, b3: f(w[repeat], b[repeat])
      produce b3: f(w3, b2)                out(...) = ...
      out(...) = ...
    ```
  }];
  let arguments = (ins FlatSymbolRefArrayAttr:$stages, UnitAttr:$where_alike);
  let assemblyFormat = "$stages (`where_alike` $where_alike^)? attr-dict";
}
def Sched_PrefetchOp : Sched_Directive<"prefetch"> {
  let summary = "asks for what a later iteration of a loop reads of a stage, or writes of its own";
  let description = [{
    What the loop's body reads of a stage in global memory `offset` iterations later is brought into the
    caches, a line of 64 bytes a request; of the stage whose loop it is, what the body writes, since a
    cache takes a line in before it is written. Changes no value. `sched.prefetch @in at @out "xt" by 1`:

    ```
    for xt:                          for xt:
      out(...) = f(in(...))    ->      for y, x:
                                         prefetch in(...)   # of xt + 1
                                       out(...) = f(in(...))
    ```
    `over @g "co"` spreads the requests evenly over the iterations of a loop inside, of the consumer or of a
    stage computed there: caches take in few lines at a time, and wait for the others otherwise. The
    first serial loop of that name is taken; it has a constant extent, no loop of several iterations lies between,
    and what is asked for has a constant bound, of at most 2^20 lines. The last iterations may ask for some more,
    or again for the last line.
  }];
  let arguments = (ins FlatSymbolRefAttr:$stage, FlatSymbolRefAttr:$consumer, StrAttr:$loop,
                       I64Attr:$offset, OptionalAttr<FlatSymbolRefAttr>:$over,
                       OptionalAttr<StrAttr>:$over_loop);
  let assemblyFormat = [{
    $stage `at` $consumer $loop `by` $offset (`over` $over^ $over_loop)? attr-dict
  }];
}
def Sched_GroupOp : Sched_LoopDirective<"group"> {
  let summary = "reduction loops become one loop over the taps whose weights are not all zero";
  let description = [{
    The domain of reduction loops `loops` of an update, for each block of `factor` points of the
    pure dimension `dim`, becomes a list: its entries are the points at which the table's values
    are not all zero over the block (and over the reduction loops inside that are not named). The loop `tap` runs over the list; values of the table are packed in its order.
    The loop has the place of the innermost of them. The tiles of `dim` inside it are no larger than
    a block. `sched.group @f update 0 ["rc", "kx"] into "tap" by 4 over "c"`:

    ```
    for c/4:                             for c/4:
      for ky:                              for ky:
        for rc:                    ->        for tap in [first(c/4, ky), first(c/4, ky + 1)):
          for kx:                              rc, kx = taps(tap)
            f(c, ...) += w(c, rc, ky, kx)        f(c, ...) += packed(tap, c % 4)
                         * in(rc, ...)                       * in(rc, ...)
    ```
    With `tabulate` what the taps add to the addresses of the reads is computed for all lists at
    once, into a private table, before the outermost loop that it does not depend on; at a tap one
    look-up is left. It pays where points that share a list follow each other and instructions are
    what limits (CPUs); where nothing can be gained, or a kernel would have more than 16384 entries,
    addresses are computed at the taps.
  }];
  let arguments = (ins FlatSymbolRefAttr:$stage, I64Attr:$update, StrArrayAttr:$loops, StrAttr:$tap,
    I64Attr:$factor, StrAttr:$dim, UnitAttr:$tabulate);
  let assemblyFormat = "$stage `update` $update $loops `into` $tap `by` $factor `over` $dim (`tabulate` $tabulate^)? attr-dict";
}
def Sched_SplitOp : Sched_LoopDirective<"split"> {
  let summary = "one loop into an outer and an inner one of `factor` steps";
  let description = [{
    `sched.split @f "x" into "xo", "xi" by affine_map<()[s0, s1] -> (16)> tail round_up`:

    ```
    for x in [0, W)      ->      for xo in [0, ceil(W / 16))
                                   for xi in [0, 16)
    ```
    The factor may depend on H and W. Tails: `guard` computes only what exists (a serial inner loop
    ends early, others store under a condition), `shift_inwards` lets the last piece overlap the
    one before it, `round_up` computes whole pieces. The loop over a list of taps (sched.group) is
    split by 2 to 16 with the tail `round_up`: lists are padded with taps of weight zero.
  }];
  let arguments = (ins FlatSymbolRefAttr:$stage, StrAttr:$loop, StrAttr:$outer, StrAttr:$inner,
    AffineMapAttr:$factor, DefaultValuedAttr<Sched_TailAttr, "::srcc::sched::Tail::Guard">:$tail,
    OptionalAttr<I64Attr>:$update);
  let assemblyFormat = "$stage (`update` $update^)? $loop `into` $outer `,` $inner `by` $factor (`tail` $tail^)? attr-dict";
}
def Sched_TileOp : Sched_LoopDirective<"tile"> {
  let summary = "two splits and a reorder: x, y into xo, yo over xi, yi";
  let arguments = (ins FlatSymbolRefAttr:$stage, StrArrayAttr:$loops, StrArrayAttr:$outer,
    StrArrayAttr:$inner, AffineMapAttr:$factors,
    DefaultValuedAttr<Sched_TailAttr, "::srcc::sched::Tail::Guard">:$tail,
    OptionalAttr<I64Attr>:$update);
  let assemblyFormat = "$stage (`update` $update^)? $loops `into` $outer `,` $inner `by` $factors (`tail` $tail^)? attr-dict";
}
def Sched_FuseOp : Sched_LoopDirective<"fuse"> {
  let summary = "two neighbouring loops into one: inner, outer into fused";
  let arguments = (ins FlatSymbolRefAttr:$stage, StrAttr:$inner, StrAttr:$outer, StrAttr:$fused,
    OptionalAttr<I64Attr>:$update);
  let assemblyFormat = "$stage (`update` $update^)? $inner `,` $outer `into` $fused attr-dict";
}
class Sched_LoopsDirective<string mnemonic> : Sched_LoopDirective<mnemonic> {
  let arguments = (ins FlatSymbolRefAttr:$stage, StrArrayAttr:$loops, OptionalAttr<I64Attr>:$update);
  let assemblyFormat = "$stage (`update` $update^)? $loops attr-dict";
}
def Sched_ReorderOp : Sched_LoopsDirective<"reorder"> {
  let summary = "the order of the named loops, innermost first; others keep their places";
}
def Sched_VectorizeOp : Sched_LoopsDirective<"vectorize"> {
  let summary = "a loop of 2, 4, 8 or 16 steps becomes vector operations";
}
def Sched_UnrollOp : Sched_LoopsDirective<"unroll"> {
  let summary = "loops of constant extent become straight-line code";
}
def Sched_GpuBlocksOp : Sched_LoopsDirective<"gpu_blocks"> {
  let summary = "loops over work-groups, fastest-varying first (at most 3)";
}
def Sched_GpuThreadsOp : Sched_LoopsDirective<"gpu_threads"> {
  let summary = "loops over the work-items of a group, fastest-varying first (at most 3)";
}
def Sched_StoreInOp : Sched_Directive<"store_in"> {
  let summary = "memory, layout and storage type of a stage or table";
  let description = [{
    `layout` lists storage dimensions, outermost first: `"y"`, or `"c/4"` and `"c%4"` for a
    dimension packed by 4, or more parts, each of which goes on where the one before ends (`"x%2"`,
    `"x/2%4"`, `"x/8"`: of blocks of 8 the even ones, then the odd ones); tables name their
    dimensions d0, d1, ... `align N` rounds rows (the innermost dimension) and their start up to N
    elements, `odd` makes rows, and what lies between neighbours of the dimensions around, an odd
    number of such lines (no cache-set conflicts). `as f16` stores halves: the one
    directive that may change a value, by rounding it.

    `image2d` is for stages at the root and tables whose layout ends with a dimension packed by 4: its four
    elements are a texel, which GPUs read through their texture caches, without address arithmetic of
    bytes. Kernels write whole texels (vectorize the packed dimension by 4) and read texels, or elements
    whose place in the texel is constant (unroll by 4).
  }];
  let arguments = (ins FlatSymbolRefAttr:$stage, Sched_MemoryAttr:$memory,
    OptionalAttr<StrArrayAttr>:$layout, OptionalAttr<I64Attr>:$align, UnitAttr:$odd,
    OptionalAttr<TypeAttr>:$as);
  let assemblyFormat = "$stage $memory (`layout` $layout^)? (`align` $align^)? (`odd` $odd^)? (`as` $as^)? attr-dict";
}
def Sched_AlignBoundsOp : Sched_Directive<"align_bounds"> {
  let summary = "computes a dimension from and to multiples of `modulus`";
  let arguments = (ins FlatSymbolRefAttr:$stage, StrAttr:$dim, I64Attr:$modulus);
  let assemblyFormat = "$stage $dim `to` $modulus attr-dict";
}

def Sched_BoundOp : Sched_Directive<"bound"> {
  let summary = "the range over which a dimension is computed";
  let description = [{
    `sched.bound @f "x" to affine_map<()[s0, s1] -> (0, s1)>` computes x from 0 on, W points, whatever part
    of them is asked for. More than that is an error. Extents become constant, or equal to another stage's.
  }];
  let arguments = (ins FlatSymbolRefAttr:$stage, StrAttr:$dim, AffineMapAttr:$range);
  let assemblyFormat = "$stage $dim `to` $range attr-dict";
}

//===----------------------------------------------------------------------===//
// Loop IR
//===----------------------------------------------------------------------===//

def Sched_LoopsOp : Sched_Op<"loops", [Symbol, NoTerminator, SingleBlock]> {
  let summary = "a scheduled pipeline as loop nests";
  let arguments = (ins SymbolNameAttr:$sym_name, FlatSymbolRefAttr:$pipeline);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name `of` $pipeline attr-dict-with-keyword $body";
}
def Sched_RealizeOp : Sched_Op<"realize", [AttrSizedOperandSegments]> {
  let summary = "storage of a stage, for the rest of the block";
  let description = [{
    `bounds` are the min and extent of every dimension, known after bounds inference.
  }];
  let arguments = (ins FlatSymbolRefAttr:$stage, Variadic<Index>:$mins, Variadic<Index>:$extents);
  let assemblyFormat = "$stage (`bounds` `(` $mins^ `)` `(` $extents `)`)? attr-dict";
}
def Sched_ProduceOp : Sched_Op<"produce", [NoTerminator, SingleBlock]> {
  let summary = "computes a stage into its storage";
  let arguments = (ins FlatSymbolRefAttr:$stage);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$stage attr-dict-with-keyword $body";
}
def Sched_RequiredOp : Sched_Op<"required", [Pure]> {
  let summary = "min and extent of what must be computed of a stage's dimension here";
  let description = [{
    `is` are their values, known after bounds inference; index arithmetic looks through to them.
  }];
  let arguments = (ins FlatSymbolRefAttr:$stage, I64Attr:$dim, Variadic<Index>:$values);
  let results = (outs Index:$min, Index:$extent);
  let assemblyFormat = "$stage $dim (`is` $values^)? attr-dict";
}
def Sched_ForOp : Sched_Op<"for", [NoTerminator, SingleBlock]> {
  let summary = "a named loop over [min, min + extent)";
  let arguments = (ins StrAttr:$name, Sched_LoopKindAttr:$kind, Index:$min, Index:$extent,
                       DefaultValuedAttr<I64Attr, "0">:$axis);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$name $kind `(` $min `,` $extent `)` attr-dict-with-keyword $body";
  let builders = [OpBuilder<(ins "llvm::StringRef":$name, "LoopKind":$kind, "mlir::Value":$min,
                                 "mlir::Value":$extent, CArg<"int64_t", "0">:$axis)>];
  let extraClassDeclaration = "mlir::Value getIv() { return getBody().getArgument(0); }";
}
def Sched_LoadOp : Sched_Op<"load", [MemoryEffects<[MemRead]>]> {
  let summary = "reads a stage, input or table";
  let description = [{
    `packed N`: a table in the order of taps whose last dimension are the N points that share a
    list; the last index is in [0, N).
  }];
  let arguments = (ins FlatSymbolRefAttr:$source, Variadic<Index>:$indices,
    DefaultValuedAttr<Sched_ExteriorAttr, "::srcc::sched::Exterior::None">:$exterior,
    OptionalAttr<F32Attr>:$value, OptionalAttr<I64Attr>:$packed);
  let results = (outs AnyType:$result);
  let assemblyFormat = [{
    $source `[` $indices `]` (`packed` $packed^)? (`exterior` $exterior^)? ($value^)? attr-dict `:`
    type($result)
  }];
}
def Sched_TouchOp : Sched_Op<"touch", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "asks for the line of a stage's storage that holds a point, which need not exist, to read or write it";
  let arguments = (ins FlatSymbolRefAttr:$source, Variadic<Index>:$indices, UnitAttr:$to_write);
  let assemblyFormat = "$source `[` $indices `]` (`to_write` $to_write^)? attr-dict";
}
def Sched_TapOp : Sched_Op<"tap", [Pure]> {
  let summary = "an index out of a table of lists, known to be in [0, bound)";
  let description = [{
    `lists` is the table of the places where lists start, the last of them where they end, if
    addresses that depend on the result are to be tabulated.
  }];
  let arguments = (ins FlatSymbolRefAttr:$table, Variadic<Index>:$indices, I64Attr:$bound,
    OptionalAttr<FlatSymbolRefAttr>:$lists);
  let results = (outs Index:$result);
  let assemblyFormat = "$table `[` $indices `]` `below` $bound (`lists` $lists^)? attr-dict";
}
def Sched_StoreOp : Sched_Op<"store", [MemoryEffects<[MemWrite]>, AttrSizedOperandSegments]> {
  let summary = "writes a stage where `predicate`, if given, holds";
  let arguments = (ins AnyType:$value, FlatSymbolRefAttr:$stage, Variadic<Index>:$indices,
                       Optional<I1>:$predicate);
  let assemblyFormat = "$value `,` $stage `[` $indices `]` (`if` $predicate^)? attr-dict `:` type($value)";
}

#endif // SRCC_DIALECTS_SCHED_SCHEDOPS_TD
