//===- OCLOps.td - Operations of the ocl dialect --------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_DIALECTS_OCL_OCLOPS_TD
#define SRCC_DIALECTS_OCL_OCLOPS_TD

include "dialects/ocl/OCLDialect.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class OCL_Op<string mnemonic, list<Trait> traits = []> : Op<OCL_Dialect, mnemonic, traits> {
  let hasVerifier = 1;
}

def OCL_ProgramOp : OCL_Op<"program", [SymbolTable, Symbol, NoTerminator, SingleBlock,
                                       NoRegionArguments, HasOnlyGraphRegion]> {
  let summary = "the host's plan: buffers, and launches in the order they run";
  let description = [{
    Sizes are affine or semi-affine maps `()[H, W] -> (...)` of the height and width of the
    network's input. The launches run one after another, each when all before it have finished;
    those whose `input` or `output` format is not the one in use are left out.

    Constraint `program_c1`: the body holds nothing but buffers and launches.

    ```mlir
    ocl.program @net {
      ocl.buffer @lr input f32 elements affine_map<()[s0, s1] -> (s0 * s1 * 3)> format f32_planar
      ocl.buffer @hr output f32 elements affine_map<()[s0, s1] -> (s0 * s1 * 12)> format f32_planar
      ocl.launch @kernels::@upscale blocks affine_map<()[s0, s1] -> (s1 ceildiv 8, s0)>
        threads affine_map<()[s0, s1] -> (8, 1)> args [@lr, @hr] reads [0] writes [1]
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name)>];
}

def OCL_BufferOp : OCL_Op<"buffer", [Symbol, HasParent<"ProgramOp">]> {
  let summary = "a buffer in global memory";
  let description = [{
    Of a kind: `temp` (holds intermediate results, contents undefined before the first write),
    `constant` (its `value` never changes), `input` and `output` (a picture in `format`).
    `elements` is the number of elements, not of bytes.

    Constraints:
    - `buffer_c1`: `elements` is a map `()[H, W] -> (n)`;
    - `buffer_c2`: the element type is f32, f16, i32 or i8;
    - `buffer_c3`: a constant, and nothing else, has a value;
    - `buffer_c4`: the value's type and number of elements are the buffer's;
    - `buffer_c5`: an input or output, and nothing else, has a pixel format;
    - `buffer_c6`: `f32_planar` takes f32, `u8_interleaved` takes i8;
    - `buffer_c7`: an `image2d` is a temp or a constant of f32 or f16.

    ```mlir
    ocl.buffer @row temp f16 elements affine_map<()[s0, s1] -> (s0 * (s1 + 16) * 24)>
    ocl.buffer @row2 temp f16 elements affine_map<()[s0, s1] -> (s0 * s1 * 24)> image2d
    ocl.buffer @bias constant f32 elements affine_map<()[s0, s1] -> (4)>
      value dense<[0.5, 0.25, 0.0, 1.0]> : tensor<4xf32>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, OCL_BufferKindAttr:$kind, TypeAttr:$type,
    AffineMapAttr:$elements,
    DefaultValuedAttr<OCL_PixelFormatAttr, "::srcc::ocl::PixelFormat::None">:$format,
    OptionalAttr<ElementsAttr>:$value, UnitAttr:$image2d);
  let assemblyFormat = [{
    $sym_name $kind $type `elements` $elements (`format` $format^)? (`image2d` $image2d^)?
    (`value` $value^)? attr-dict
  }];
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name, "::srcc::ocl::BufferKind":$kind,
    "::mlir::Type":$type, "::mlir::AffineMap":$elements,
    CArg<"::srcc::ocl::PixelFormat", "::srcc::ocl::PixelFormat::None">:$format,
    CArg<"::mlir::ElementsAttr", "{}">:$value)>];
}

def OCL_LaunchOp : OCL_Op<"launch", [HasParent<"ProgramOp">,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs a kernel";
  let description = [{
    `blocks` is the number of work-groups, `threads` the number of work-items in each, per
    dimension. The kernel's parameters are the buffers `args` in order, then H and W as i32.
    `reads` and `writes` are the positions in `args` of the buffers the kernel reads and writes. A
    launch with an `input` or `output` format runs only when the picture that comes in or goes out
    has it. For reports and the cost model: the model's `layers` it computes, `macs`, their
    multiply-adds with non-zero weights, and `bytes`, the distinct bytes of global memory read and
    written.

    Constraints:
    - `launch_c1`: `blocks` and `threads` are maps `()[H, W] -> (1 to 3 results)`, equally many;
    - `launch_c2`: `macs` and `bytes`, where given, are maps `()[H, W] -> (n)`;
    - `launch_c3`: `reads` and `writes` are positions in `args`, each once;
    - `launch_c4`: every argument is read or written;
    - `launch_c5`: the kernel is a `gpu.func` kernel in a `gpu.module` beside the program;
    - `launch_c6`: the arguments are buffers of the program;
    - `launch_c7`: the kernel's parameters are one rank-1 memref per argument, with the buffer's
      element type, in `#ocl.image2d` if the buffer is, then two i32;
    - `launch_c8`: no constant and no input is written;
    - `launch_c9`: `threads` is the kernel's `known_block_size`, where it has one;
    - `launch_c10`: an image is read or written, not both.

    ```mlir
    ocl.launch @kernels::@conv0 blocks affine_map<()[s0, s1] -> (s1 ceildiv 16, s0)>
      threads affine_map<()[s0, s1] -> (1, 1)> args [@lr, @weight, @row] reads [0, 1] writes [2]
      input f32_planar layers ["conv0", "relu0"] macs affine_map<()[s0, s1] -> (s0 * s1 * 648)>
    ```
  }];
  let arguments = (ins SymbolRefAttr:$kernel, AffineMapAttr:$blocks, AffineMapAttr:$threads,
    FlatSymbolRefArrayAttr:$args, DenseI32ArrayAttr:$reads, DenseI32ArrayAttr:$writes,
    DefaultValuedAttr<OCL_PixelFormatAttr, "::srcc::ocl::PixelFormat::None">:$input,
    DefaultValuedAttr<OCL_PixelFormatAttr, "::srcc::ocl::PixelFormat::None">:$output,
    OptionalAttr<StrArrayAttr>:$layers, OptionalAttr<AffineMapAttr>:$macs,
    OptionalAttr<AffineMapAttr>:$bytes);
  let assemblyFormat = [{
    $kernel `blocks` $blocks `threads` $threads `args` $args `reads` $reads `writes` $writes
    oilist(`input` $input | `output` $output | `layers` $layers | `macs` $macs | `bytes` $bytes)
    attr-dict
  }];
  let skipDefaultBuilders = 1;
  let builders = [
    /// macs and bytes may be null maps.
    OpBuilder<(ins "::mlir::SymbolRefAttr":$kernel, "::mlir::AffineMap":$blocks,
      "::mlir::AffineMap":$threads, "::llvm::ArrayRef<::llvm::StringRef>":$args,
      "::llvm::ArrayRef<int32_t>":$reads, "::llvm::ArrayRef<int32_t>":$writes,
      CArg<"::srcc::ocl::PixelFormat", "::srcc::ocl::PixelFormat::None">:$input,
      CArg<"::srcc::ocl::PixelFormat", "::srcc::ocl::PixelFormat::None">:$output,
      CArg<"::llvm::ArrayRef<::llvm::StringRef>", "{}">:$layers,
      CArg<"::mlir::AffineMap", "{}">:$macs, CArg<"::mlir::AffineMap", "{}">:$bytes)>];
}

def OCL_Image : MemRefRankOf<[F32, F16], [1]>;
def OCL_Texel : VectorOfLengthAndType<[4], [F32, F16]>;

class OCL_TexelOp<string mnemonic> : OCL_Op<mnemonic> {
  string constraints = [{
    Constraints: `texel_c1`: the memory is a rank-1 memref of f32 or f16 in `#ocl.image2d`; `texel_c2`:
    the value is four f32, or four f16 where the image is of f16.
  }];
}

def OCL_TexelLoadOp : OCL_TexelOp<"texel_load"> {
  let summary = "reads four elements of an image";
  let description = [{
    Elements 4 `texel` to 4 `texel` + 3; outside the image OpenCL leaves them undefined. f16 elements may be
    widened to f32. Prints as `read_imagef` or `read_imageh`.

    ```mlir
    %v = ocl.texel_load %f[%i] : memref<?xf16, #ocl.image2d>, vector<4xf32>
    ```
  }] # constraints;
  let arguments = (ins Arg<OCL_Image, "", [MemRead]>:$memory, Index:$texel);
  let results = (outs OCL_Texel:$result);
  let assemblyFormat = "$memory `[` $texel `]` attr-dict `:` type($memory) `,` type($result)";
}

def OCL_TexelStoreOp : OCL_TexelOp<"texel_store"> {
  let summary = "writes four elements of an image";
  let description = [{
    f32 values in an image of f16 are rounded as the device's `write_imagef` does (OpenCL 1.2, 8.3.3:
    to nearest even where it can).

    ```mlir
    ocl.texel_store %v, %f[%i] : vector<4xf32>, memref<?xf32, #ocl.image2d>
    ```
  }] # constraints;
  let arguments = (ins OCL_Texel:$value, Arg<OCL_Image, "", [MemWrite]>:$memory, Index:$texel);
  let assemblyFormat =
    "$value `,` $memory `[` $texel `]` attr-dict `:` type($value) `,` type($memory)";
}

def OCL_HalfMemory : MemRefRankOf<[F16], [1]>;
def OCL_Float : AnyTypeOf<[F32, VectorOfLengthAndType<[2, 4, 8, 16], [F32]>],
                          "f32 or a vector of 2, 4, 8 or 16 f32">;

def OCL_VLoadHalfOp : Op<OCL_Dialect, "vload_half"> {
  let summary = "reads f32 values from 16-bit storage";
  let description = [{
    The elements at `index`, `index + 1`, ... widened to f32, exactly. Prints as `vload_half`, which
    every OpenCL device has, with `cl_khr_fp16` or without.

    Constraints: `vload_half_c1`: the memory is a rank-1 memref of f16; `vload_half_c2`: the result is
    f32 or a vector of 2, 4, 8 or 16 f32.

    ```mlir
    %v = ocl.vload_half %row[%i] : memref<?xf16>, vector<8xf32>
    ```
  }];
  let arguments = (ins Arg<OCL_HalfMemory, "", [MemRead]>:$memory, Index:$index);
  let results = (outs OCL_Float:$result);
  let assemblyFormat = "$memory `[` $index `]` attr-dict `:` type($memory) `,` type($result)";
}

def OCL_VStoreHalfOp : Op<OCL_Dialect, "vstore_half"> {
  let summary = "writes f32 values to 16-bit storage";
  let description = [{
    Rounds to nearest, ties to even, and stores at `index`, `index + 1`, ...

    Constraints: `vstore_half_c1`: the memory is a rank-1 memref of f16; `vstore_half_c2`: the value is
    f32 or a vector of 2, 4, 8 or 16 f32.

    ```mlir
    ocl.vstore_half %v, %row[%i] : vector<8xf32>, memref<?xf16>
    ```
  }];
  let arguments = (ins OCL_Float:$value, Arg<OCL_HalfMemory, "", [MemWrite]>:$memory, Index:$index);
  let assemblyFormat =
    "$value `,` $memory `[` $index `]` attr-dict `:` type($value) `,` type($memory)";
}

#endif // SRCC_DIALECTS_OCL_OCLOPS_TD
