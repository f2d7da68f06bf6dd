//===- SROps.td - Operations of the sr dialect ----------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_DIALECTS_SR_SROPS_TD
#define SRCC_DIALECTS_SR_SROPS_TD

include "dialects/sr/SRAttrs.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

// A picture or feature map: tensor<1xCxHxWxf32>, H and W may be dynamic.
def SR_Map : 4DTensorOf<[F32]>;
def SR_Table : RankedTensorOf<[F32]>;

class SR_Op<string mnemonic, list<Trait> traits = []>
    : Op<SR_Dialect, mnemonic, !listconcat(traits, [Pure])> {
  let hasVerifier = 1;
}
class SR_MapOp<string mnemonic, list<Trait> traits = []>
    : SR_Op<mnemonic, !listconcat(traits, [InferTypeOpAdaptor])>;

def SR_ConstantOp : SR_Op<"constant", [ConstantLike]> {
  let summary = "weights, biases and other constants, with their sparsity encoding";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs SR_Table:$result);
  let hasFolder = 1;
  let hasCustomAssemblyFormat = 1;
}

def SR_Conv2DOp : SR_MapOp<"conv2d"> {
  let summary = "2-d convolution (cross-correlation), zero padding";
  // weight [F, C/groups, kh, kw], bias [F]; pads: top, left, bottom, right
  let arguments = (ins SR_Map:$input, SR_Table:$weight, Optional<SR_Table>:$bias,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
    DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations,
    DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs SR_Map:$result);
  let hasCanonicalizer = 1;
}
def SR_ConvTranspose2DOp : SR_MapOp<"conv_transpose2d"> {
  let summary = "transposed 2-d convolution";
  // weight [C, F/groups, kh, kw] (ONNX ConvTranspose), bias [F]
  let arguments = (ins SR_Map:$input, SR_Table:$weight, Optional<SR_Table>:$bias,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
    DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
    DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0}">:$output_pads,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations,
    DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs SR_Map:$result);
}

class SR_UnaryOp<string mnemonic> : SR_MapOp<mnemonic> {
  let results = (outs SR_Map:$result);
  let arguments = (ins SR_Map:$input);
}
def SR_ReluOp : SR_UnaryOp<"relu"> { let summary = "max(x, 0)"; let hasFolder = 1; let hasCanonicalizer = 1; }
def SR_LeakyReluOp : SR_UnaryOp<"leaky_relu"> {
  let summary = "x where x >= 0, else alpha x";
  let arguments = (ins SR_Map:$input, F32Attr:$alpha);
  let hasCanonicalizer = 1;
}
def SR_PReluOp : SR_UnaryOp<"prelu"> {
  let summary = "x where x >= 0, else slope x; slope [C] or [1]";
  let arguments = (ins SR_Map:$input, SR_Table:$slope);
  let hasCanonicalizer = 1;
}
def SR_ClampOp : SR_UnaryOp<"clamp"> {
  let summary = "min(max(x, low), high)";
  let arguments = (ins SR_Map:$input, F32Attr:$low, F32Attr:$high);
  let hasFolder = 1; let hasCanonicalizer = 1;
}
def SR_SigmoidOp : SR_UnaryOp<"sigmoid"> { let summary = "1 / (1 + exp(-x))"; }
def SR_TanhOp : SR_UnaryOp<"tanh"> { let summary = "hyperbolic tangent"; }
def SR_GeluOp : SR_UnaryOp<"gelu"> {
  let summary = "x times the normal distribution function of x";
  let arguments = (ins SR_Map:$input, DefaultValuedAttr<SR_GeluApproximation, "::srcc::sr::GeluApproximation::None">:$approximate);
}
def SR_SiluOp : SR_UnaryOp<"silu"> { let summary = "x sigmoid(x)"; }

// rhs (or lhs) may be a table of shape 1xCx1x1 or 1x1x1x1, broadcast.
class SR_BinaryOp<string mnemonic> : SR_MapOp<mnemonic> {
  let arguments = (ins SR_Map:$lhs, SR_Map:$rhs);
  let results = (outs SR_Map:$result);
  let hasFolder = 1; let hasCanonicalizer = 1;
}
def SR_AddOp : SR_BinaryOp<"add"> { let summary = "sum"; }
def SR_SubOp : SR_BinaryOp<"sub"> { let summary = "difference"; }
def SR_MulOp : SR_BinaryOp<"mul"> { let summary = "product"; }

def SR_ConcatOp : SR_MapOp<"concat"> {
  let summary = "concatenation along channels";
  let arguments = (ins Variadic<SR_Map>:$inputs);
  let results = (outs SR_Map:$result);
  let hasFolder = 1; let hasCanonicalizer = 1;
}
def SR_SliceOp : SR_MapOp<"slice"> {
  let summary = "channels [offset, offset + size)";
  let arguments = (ins SR_Map:$input, I64Attr:$offset, I64Attr:$size);
  let results = (outs SR_Map:$result);
  let hasFolder = 1; let hasCanonicalizer = 1;
}
def SR_SplitOp : SR_MapOp<"split"> {
  let summary = "consecutive channel ranges; canonicalises to slices";
  let arguments = (ins SR_Map:$input, DenseI64ArrayAttr:$sizes);
  let results = (outs Variadic<SR_Map>:$results);
  let hasCanonicalizer = 1;
}
def SR_PixelShuffleOp : SR_MapOp<"pixel_shuffle"> {
  let summary = "r^2 C x H x W to C x rH x rW";
  let arguments = (ins SR_Map:$input, I64Attr:$scale,
    DefaultValuedAttr<SR_ShuffleOrder, "::srcc::sr::ShuffleOrder::CRD">:$order);
  let results = (outs SR_Map:$result);
  let hasFolder = 1;
}
def SR_PixelUnshuffleOp : SR_MapOp<"pixel_unshuffle"> {
  let summary = "C x rH x rW to r^2 C x H x W";
  let arguments = (ins SR_Map:$input, I64Attr:$scale,
    DefaultValuedAttr<SR_ShuffleOrder, "::srcc::sr::ShuffleOrder::CRD">:$order);
  let results = (outs SR_Map:$result);
  let hasFolder = 1;
}
def SR_ResizeOp : SR_MapOp<"resize"> {
  let summary = "interpolation to a rational multiple of the size";
  // scale_h = {numerator, denominator}, scale_w likewise; output size = floor(size * numerator / denominator)
  let arguments = (ins SR_Map:$input, SR_ResizeMode:$mode,
    DenseI64ArrayAttr:$scale_h, DenseI64ArrayAttr:$scale_w,
    DefaultValuedAttr<SR_CoordinateMode, "::srcc::sr::CoordinateMode::HalfPixel">:$coordinates,
    DefaultValuedAttr<SR_NearestMode, "::srcc::sr::NearestMode::RoundPreferFloor">:$nearest,
    DefaultValuedAttr<F32Attr, "-0.75f">:$cubic_coeff,
    DefaultValuedAttr<BoolAttr, "false">:$exclude_outside);
  let results = (outs SR_Map:$result);
  let hasFolder = 1;
}
def SR_PadOp : SR_MapOp<"pad"> {
  let summary = "pads rows and columns: top, left, bottom, right (not negative)";
  let arguments = (ins SR_Map:$input, DenseI64ArrayAttr:$pads,
    DefaultValuedAttr<SR_PadMode, "::srcc::sr::PadMode::Constant">:$mode,
    DefaultValuedAttr<F32Attr, "0.0f">:$value);
  let results = (outs SR_Map:$result);
  let hasFolder = 1; let hasCanonicalizer = 1;
}
def SR_GlobalAvgPoolOp : SR_UnaryOp<"global_avg_pool"> { let summary = "mean over the picture: 1xCx1x1"; }
def SR_GlobalStdPoolOp : SR_UnaryOp<"global_std_pool"> { let summary = "standard deviation (of the population) over the picture: 1xCx1x1"; }
class SR_PoolOp<string mnemonic> : SR_MapOp<mnemonic> {
  let results = (outs SR_Map:$result);
}
def SR_MaxPoolOp : SR_PoolOp<"max_pool"> {
  let summary = "maximum over a window; padding never wins";
  let arguments = (ins SR_Map:$input, DenseI64ArrayAttr:$kernel,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
    DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads);
}
def SR_AvgPoolOp : SR_PoolOp<"avg_pool"> {
  let summary = "mean over a window; padding counts as zeros if count_include_pad, else not at all";
  let arguments = (ins SR_Map:$input, DenseI64ArrayAttr:$kernel,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
    DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
    DefaultValuedAttr<BoolAttr, "false">:$count_include_pad);
}
#endif // SRCC_DIALECTS_SR_SROPS_TD
