//===- SROps.td - Operations of the sr dialect ----------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_DIALECTS_SR_SROPS_TD
#define SRCC_DIALECTS_SR_SROPS_TD

include "dialects/sr/SRAttrs.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

// Every rule that concerns shapes and attributes is checked in inferReturnTypes, so that building
// and verifying an operation give the same error. Their labels are those of docs/spec.md.

def SR_Map : Type<CPred<"::srcc::sr::isMap($_self)">,
  "picture 1xCxHxW of f32, C static, without encoding", "::mlir::RankedTensorType">;
def SR_Table : Type<CPred<"::srcc::sr::isTable($_self)">,
  "static tensor of f32", "::mlir::RankedTensorType">;

class SR_Op<string mnemonic, list<Trait> traits = []>
    : Op<SR_Dialect, mnemonic, !listconcat(traits, [Pure, InferTypeOpAdaptor])>;

class SR_MapOp<string mnemonic, list<Trait> traits = []> : SR_Op<mnemonic, traits> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def SR_ConstantOp : SR_Op<"constant", [ConstantLike]> {
  let summary = "weights, biases and other constants, with their sparsity encoding";
  let description = [{
    The value's type is the result's type. If it carries a sparsity encoding, the content is
    verified against it. Large values are `dense_resource`; a resource without data is an error.

    ```mlir
    %w = sr.constant dense<[[[[0.5]]], [[[0.0]]]]> : tensor<2x1x1x1xf32, #sr.filter>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs SR_Table:$result);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def SR_Conv2DOp : SR_MapOp<"conv2d"> {
  let summary = "2-d convolution (cross-correlation), zero padding";
  let description = [{
    `weight` is [F, C / groups, kh, kw], `bias` [F]; `pads` are top, left, bottom, right rows and
    columns of zeros. Output sizes are floor((size + pads - dilation (k - 1) - 1) / stride) + 1.
    Filter f reads the channels of group floor(f groups / F).

    ```mlir
    %y = sr.conv2d %x, %w, %b {pads = array<i64: 1, 1, 1, 1>}
      : (tensor<1x3x?x?xf32>, tensor<12x3x3x3xf32>, tensor<12xf32>) -> tensor<1x12x?x?xf32>
    ```
  }];
  let arguments = (ins SR_Map:$input, SR_Table:$weight, Optional<SR_Table>:$bias,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
    DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations,
    DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs SR_Map:$result);
}
def SR_ConvTranspose2DOp : SR_MapOp<"conv_transpose2d"> {
  let summary = "transposed 2-d convolution";
  let description = [{
    `weight` is [C, F / groups, kh, kw] (ONNX ConvTranspose), `bias` [F]; `pads` (top, left,
    bottom, right) are cut off the result, `output_pads` rows and columns added at its end. Output
    sizes are stride (size - 1) + dilation (k - 1) + 1 + output_pad - pads.

    ```mlir
    %y = sr.conv_transpose2d %x, %w {strides = array<i64: 2, 2>}
      : (tensor<1x3x?x?xf32>, tensor<3x1x2x2xf32>) -> tensor<1x1x?x?xf32>
    ```
  }];
  let arguments = (ins SR_Map:$input, SR_Table:$weight, Optional<SR_Table>:$bias,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
    DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
    DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0}">:$output_pads,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations,
    DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs SR_Map:$result);
}

// Elementwise: the result has the input's type.
class SR_UnaryOp<string mnemonic> : SR_Op<mnemonic> {
  let results = (outs SR_Map:$result);
  let arguments = (ins SR_Map:$input);
  let assemblyFormat = "operands attr-dict `:` type($input)";
}
def SR_ReluOp : SR_UnaryOp<"relu"> {
  let summary = "max(x, 0)";
  let hasFolder = 1;
  let description = [{
    ```mlir
    %y = sr.relu %x : tensor<1x3x?x?xf32>
    ```
  }];
}
def SR_LeakyReluOp : SR_UnaryOp<"leaky_relu"> {
  let summary = "x where x >= 0, else alpha x";
  let hasFolder = 1;
  let description = [{
    ```mlir
    %y = sr.leaky_relu %x {alpha = 0.05 : f32} : tensor<1x3x?x?xf32>
    ```
  }];
  let arguments = (ins SR_Map:$input, F32Attr:$alpha);
}
def SR_PReluOp : SR_Op<"prelu"> {
  let summary = "x where x >= 0, else slope x";
  let description = [{
    `slope` has one entry per channel, or one for all.

    ```mlir
    %y = sr.prelu %x, %slope : tensor<1x3x?x?xf32>, tensor<3xf32>
    ```
  }];
  let arguments = (ins SR_Map:$input, SR_Table:$slope);
  let results = (outs SR_Map:$result);
  let assemblyFormat = "operands attr-dict `:` type(operands)";
}
def SR_ClampOp : SR_UnaryOp<"clamp"> {
  let summary = "min(max(x, low), high)";
  let hasFolder = 1;
  let description = [{
    A bound may be infinite.

    ```mlir
    %y = sr.clamp %x {low = 0.0 : f32, high = 1.0 : f32} : tensor<1x3x?x?xf32>
    ```
  }];
  let arguments = (ins SR_Map:$input, F32Attr:$low, F32Attr:$high);
}
def SR_SigmoidOp : SR_UnaryOp<"sigmoid"> {
  let summary = "1 / (1 + exp(-x))";
  let description = [{
    ```mlir
    %y = sr.sigmoid %x : tensor<1x3x?x?xf32>
    ```
  }];
}
def SR_TanhOp : SR_UnaryOp<"tanh"> {
  let summary = "hyperbolic tangent";
  let description = [{
    ```mlir
    %y = sr.tanh %x : tensor<1x3x?x?xf32>
    ```
  }];
}
def SR_GeluOp : SR_UnaryOp<"gelu"> {
  let summary = "x times the normal distribution function of x";
  let description = [{
    x (1 + erf(x / sqrt 2)) / 2, or with `approximate = #sr.gelu<tanh>`
    x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.

    ```mlir
    %y = sr.gelu %x {approximate = #sr.gelu<tanh>} : tensor<1x3x?x?xf32>
    ```
  }];
  let arguments = (ins SR_Map:$input, DefaultValuedAttr<SR_GeluApproximationAttr,
    "::srcc::sr::GeluApproximation::None">:$approximate);
}
def SR_SiluOp : SR_UnaryOp<"silu"> {
  let summary = "x / (1 + exp(-x))";
  let description = [{
    ```mlir
    %y = sr.silu %x : tensor<1x3x?x?xf32>
    ```
  }];
}

class SR_BinaryOp<string mnemonic> : SR_MapOp<mnemonic> {
  let arguments = (ins SR_Map:$lhs, SR_Map:$rhs);
  let results = (outs SR_Map:$result);
  code broadcast = [{
    The sides have the same shape, or one of them is 1xCx1x1 or 1x1x1x1 and is broadcast.
  }];
}
def SR_AddOp : SR_BinaryOp<"add"> {
  let summary = "lhs + rhs";
  let hasFolder = 1;
  let description = broadcast # [{
    ```mlir
    %z = sr.add %x, %y : (tensor<1x3x?x?xf32>, tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32>
    ```
  }];
}
def SR_SubOp : SR_BinaryOp<"sub"> {
  let summary = "lhs - rhs";
  let hasFolder = 1;
  let description = broadcast # [{
    ```mlir
    %mean = sr.constant dense<0.5> : tensor<1x1x1x1xf32>
    %z = sr.sub %x, %mean : (tensor<1x3x?x?xf32>, tensor<1x1x1x1xf32>) -> tensor<1x3x?x?xf32>
    ```
  }];
}
def SR_MulOp : SR_BinaryOp<"mul"> {
  let summary = "lhs rhs";
  let hasFolder = 1;
  let description = broadcast # [{
    ```mlir
    %z = sr.mul %x, %y : (tensor<1x3x?x?xf32>, tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32>
    ```
  }];
}

def SR_ConcatOp : SR_MapOp<"concat"> {
  let summary = "concatenation along channels";
  let hasFolder = 1;
  let description = [{
    ```mlir
    %z = sr.concat %x, %y : (tensor<1x3x?x?xf32>, tensor<1x5x?x?xf32>) -> tensor<1x8x?x?xf32>
    ```
  }];
  let arguments = (ins Variadic<SR_Map>:$inputs);
  let results = (outs SR_Map:$result);
}
def SR_SliceOp : SR_MapOp<"slice"> {
  let summary = "channels [offset, offset + size)";
  let hasFolder = 1;
  let description = [{
    ```mlir
    %y = sr.slice %x {offset = 1, size = 2} : (tensor<1x3x?x?xf32>) -> tensor<1x2x?x?xf32>
    ```
  }];
  let arguments = (ins SR_Map:$input, I64Attr:$offset, I64Attr:$size);
  let results = (outs SR_Map:$result);
}
def SR_SplitOp : SR_MapOp<"split"> {
  let summary = "consecutive channel ranges";
  let description = [{
    Canonicalises to slices.

    ```mlir
    %y:2 = sr.split %x {sizes = array<i64: 1, 2>}
      : (tensor<1x3x?x?xf32>) -> (tensor<1x1x?x?xf32>, tensor<1x2x?x?xf32>)
    ```
  }];
  let arguments = (ins SR_Map:$input, DenseI64ArrayAttr:$sizes);
  let results = (outs Variadic<SR_Map>:$results);
}
def SR_PixelShuffleOp : SR_MapOp<"pixel_shuffle"> {
  let summary = "scale^2 C x H x W to C x scale H x scale W";
  let hasFolder = 1;
  let description = [{
    Output (c, s y + dy, s x + dx) is input channel c s^2 + dy s + dx at (y, x) with order `crd`
    (the default: PyTorch's PixelShuffle), (dy s + dx) C + c with `dcr` (TensorFlow's).

    ```mlir
    %y = sr.pixel_shuffle %x {scale = 2} : (tensor<1x12x?x?xf32>) -> tensor<1x3x?x?xf32>
    ```
  }];
  let arguments = (ins SR_Map:$input, I64Attr:$scale,
    DefaultValuedAttr<SR_ShuffleOrderAttr, "::srcc::sr::ShuffleOrder::CRD">:$order);
  let results = (outs SR_Map:$result);
}
def SR_PixelUnshuffleOp : SR_MapOp<"pixel_unshuffle"> {
  let summary = "C x scale H x scale W to scale^2 C x H x W";
  let hasFolder = 1;
  let description = [{
    The inverse of `pixel_shuffle`; H and W must be multiples of the scale.

    ```mlir
    %y = sr.pixel_unshuffle %x {scale = 2} : (tensor<1x3x8x8xf32>) -> tensor<1x12x4x4xf32>
    ```
  }];
  let arguments = (ins SR_Map:$input, I64Attr:$scale,
    DefaultValuedAttr<SR_ShuffleOrderAttr, "::srcc::sr::ShuffleOrder::CRD">:$order);
  let results = (outs SR_Map:$result);
}
def SR_ResizeOp : SR_MapOp<"resize"> {
  let summary = "interpolation to a rational multiple of the size";
  let hasFolder = 1;
  let description = [{
    `scale_h` and `scale_w` are numerator, denominator; the output size is
    floor(size numerator / denominator). Coordinates, rounding of `nearest`, `cubic_coeff` and
    `exclude_outside` (bicubic only) are those of ONNX Resize; positions outside the picture take
    the value at its edge.

    ```mlir
    %y = sr.resize %x {mode = #sr.resize_mode<bilinear>, scale_h = array<i64: 2, 1>,
                       scale_w = array<i64: 2, 1>}
      : (tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32>
    ```
  }];
  let arguments = (ins SR_Map:$input, SR_ResizeModeAttr:$mode,
    DenseI64ArrayAttr:$scale_h, DenseI64ArrayAttr:$scale_w,
    DefaultValuedAttr<SR_CoordinateModeAttr, "::srcc::sr::CoordinateMode::HalfPixel">:$coordinates,
    DefaultValuedAttr<SR_NearestModeAttr, "::srcc::sr::NearestMode::RoundPreferFloor">:$nearest,
    DefaultValuedAttr<F32Attr, "-0.75f">:$cubic_coeff,
    DefaultValuedAttr<BoolAttr, "false">:$exclude_outside);
  let results = (outs SR_Map:$result);
}
def SR_PadOp : SR_MapOp<"pad"> {
  let summary = "more rows and columns: top, left, bottom, right";
  let hasFolder = 1;
  let description = [{
    Filled with `value`, with the nearest pixel (`edge`), or mirrored about the edge pixel
    (`reflect`, whose pads are smaller than the picture).

    ```mlir
    %y = sr.pad %x {pads = array<i64: 1, 1, 1, 1>, mode = #sr.pad_mode<reflect>}
      : (tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32>
    ```
  }];
  let arguments = (ins SR_Map:$input, DenseI64ArrayAttr:$pads,
    DefaultValuedAttr<SR_PadModeAttr, "::srcc::sr::PadMode::Constant">:$mode,
    DefaultValuedAttr<F32Attr, "0.0f">:$value);
  let results = (outs SR_Map:$result);
}
class SR_GlobalPoolOp<string mnemonic> : SR_MapOp<mnemonic> {
  let arguments = (ins SR_Map:$input);
  let results = (outs SR_Map:$result);
}
def SR_GlobalAvgPoolOp : SR_GlobalPoolOp<"global_avg_pool"> {
  let summary = "mean over the picture: 1xCx1x1";
  let description = [{
    ```mlir
    %y = sr.global_avg_pool %x : (tensor<1x3x?x?xf32>) -> tensor<1x3x1x1xf32>
    ```
  }];
}
def SR_GlobalStdPoolOp : SR_GlobalPoolOp<"global_std_pool"> {
  let summary = "standard deviation (of the population) over the picture: 1xCx1x1";
  let description = [{
    ```mlir
    %y = sr.global_std_pool %x : (tensor<1x3x?x?xf32>) -> tensor<1x3x1x1xf32>
    ```
  }];
}
def SR_MaxPoolOp : SR_MapOp<"max_pool"> {
  let summary = "maximum over a window; padding never wins";
  let hasFolder = 1;
  let description = [{
    Output sizes are floor((size + pads - kernel) / stride) + 1.

    ```mlir
    %y = sr.max_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>}
      : (tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32>
    ```
  }];
  let arguments = (ins SR_Map:$input, DenseI64ArrayAttr:$kernel,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
    DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads);
  let results = (outs SR_Map:$result);
}
def SR_AvgPoolOp : SR_MapOp<"avg_pool"> {
  let summary = "mean over a window";
  let hasFolder = 1;
  let description = [{
    Padding counts as zeros if `count_include_pad`, else not at all. Output sizes as of `max_pool`.

    ```mlir
    %y = sr.avg_pool %x {kernel = array<i64: 3, 3>, pads = array<i64: 1, 1, 1, 1>}
      : (tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32>
    ```
  }];
  let arguments = (ins SR_Map:$input, DenseI64ArrayAttr:$kernel,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
    DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
    DefaultValuedAttr<BoolAttr, "false">:$count_include_pad);
  let results = (outs SR_Map:$result);
}
#endif // SRCC_DIALECTS_SR_SROPS_TD
