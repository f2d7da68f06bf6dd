//===- OCLDialect.td - What OpenCL needs beyond MLIR's own dialects -------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_DIALECTS_OCL_OCLDIALECT_TD
#define SRCC_DIALECTS_OCL_OCLDIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

def OCL_Dialect : Dialect {
  let name = "ocl";
  let cppNamespace = "::srcc::ocl";
  let summary = "host plan, half storage and images of OpenCL kernels";
  let description = [{
    Kernels are `gpu.func`s of `arith`, `math`, `scf`, `vector` and `memref` operations; this dialect
    adds what those lack: 16-bit storage that needs no `cl_khr_fp16`, images, and the host's plan (which
    buffers, which launches, in which order), with sizes as expressions of the picture's size.

    Attributes of the dialect on other operations, all of them for the printed text:

    - `ocl.comment` (string), on any operation: a comment line before it;
    - `ocl.unroll` (unit), on `scf.for`: `#pragma unroll` before the loop;
    - `ocl.name` (string), on a kernel's parameter: the parameter's name in the model's words;
    - `ocl.read_only` (unit), on a kernel's memref parameter: nothing writes to it while the kernel
      runs, neither through it nor through another parameter.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
}

class OCL_I32Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::srcc::ocl";
  let genSpecializedAttr = 0;
}

// Values as in format/package.fbs.
def OCL_BufferKind : OCL_I32Enum<"BufferKind", "who fills a buffer", [
  I32EnumAttrCase<"Temp", 0, "temp">, I32EnumAttrCase<"Constant", 1, "constant">,
  I32EnumAttrCase<"Input", 2, "input">, I32EnumAttrCase<"Output", 3, "output">]>;
def OCL_PixelFormat : OCL_I32Enum<"PixelFormat", "layout of a picture in a buffer", [
  I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"F32Planar", 1, "f32_planar">,
  I32EnumAttrCase<"U8Interleaved", 2, "u8_interleaved">]>;
def OCL_BufferKindAttr : EnumAttr<OCL_Dialect, OCL_BufferKind, "buffer_kind">;
def OCL_PixelFormatAttr : EnumAttr<OCL_Dialect, OCL_PixelFormat, "pixel_format">;

def OCL_Image2DAttr : AttrDef<OCL_Dialect, "Image2D"> {
  let mnemonic = "image2d";
  let summary = "memory space of images: texels of four elements, in rows of 2048";
  let description = [{
    `memref<?xf32, #ocl.image2d>` is an `image2d_t` of RGBA texels; texel i lies at (i mod 2048,
    i / 2048), so that a linear layout fits any device (2048 is the least width OpenCL allows).
  }];
}

#endif // SRCC_DIALECTS_OCL_OCLDIALECT_TD
