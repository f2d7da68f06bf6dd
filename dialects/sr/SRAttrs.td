//===- SRAttrs.td - Attributes of the sr dialect --------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_DIALECTS_SR_SRATTRS_TD
#define SRCC_DIALECTS_SR_SRATTRS_TD

include "dialects/sr/SRDialect.td"
include "mlir/IR/TensorEncoding.td"

class SR_Enum<string name, string summary, list<EnumCase> cases> : I32Enum<name, summary, cases> {
  let cppNamespace = "::srcc::sr";
}
class SR_EnumAttr<EnumInfo info, string mnemonic> : EnumAttr<SR_Dialect, info, mnemonic> {
  let assemblyFormat = "`<` $value `>`";
}

def SR_Color : SR_Enum<"Color", "colour space of a picture", [
  I32EnumCase<"RGB", 0, "rgb">, I32EnumCase<"BGR", 1, "bgr">, I32EnumCase<"Y", 2, "y">,
  I32EnumCase<"None", 3, "none">]>;
def SR_PadMode : SR_Enum<"PadMode", "what pad fills in", [
  I32EnumCase<"Constant", 0, "constant">, I32EnumCase<"Edge", 1, "edge">,
  I32EnumCase<"Reflect", 2, "reflect">]>;
def SR_ResizeMode : SR_Enum<"ResizeMode", "interpolation of resize", [
  I32EnumCase<"Nearest", 0, "nearest">, I32EnumCase<"Bilinear", 1, "bilinear">,
  I32EnumCase<"Bicubic", 2, "bicubic">]>;
def SR_CoordinateMode : SR_Enum<"CoordinateMode",
  "how an output position maps to the input (ONNX Resize)", [
  I32EnumCase<"HalfPixel", 0, "half_pixel">, I32EnumCase<"Asymmetric", 1, "asymmetric">,
  I32EnumCase<"AlignCorners", 2, "align_corners">,
  I32EnumCase<"PytorchHalfPixel", 3, "pytorch_half_pixel">]>;
def SR_NearestMode : SR_Enum<"NearestMode", "rounding of nearest (ONNX Resize)", [
  I32EnumCase<"RoundPreferFloor", 0, "round_prefer_floor">,
  I32EnumCase<"RoundPreferCeil", 1, "round_prefer_ceil">,
  I32EnumCase<"Floor", 2, "floor">, I32EnumCase<"Ceil", 3, "ceil">]>;
def SR_ShuffleOrder : SR_Enum<"ShuffleOrder", "channel order of pixel shuffle (ONNX DepthToSpace)", [
  I32EnumCase<"CRD", 0, "crd">, I32EnumCase<"DCR", 1, "dcr">]>;
def SR_GeluApproximation : SR_Enum<"GeluApproximation", "formula of gelu", [
  I32EnumCase<"None", 0, "none">, I32EnumCase<"Tanh", 1, "tanh">]>;

def SR_PadModeAttr : SR_EnumAttr<SR_PadMode, "pad_mode">;
def SR_ResizeModeAttr : SR_EnumAttr<SR_ResizeMode, "resize_mode">;
def SR_CoordinateModeAttr : SR_EnumAttr<SR_CoordinateMode, "coordinates">;
def SR_NearestModeAttr : SR_EnumAttr<SR_NearestMode, "nearest">;
def SR_ShuffleOrderAttr : SR_EnumAttr<SR_ShuffleOrder, "shuffle_order">;
def SR_GeluApproximationAttr : SR_EnumAttr<SR_GeluApproximation, "gelu">;

class SR_Attr<string name, string mnemonic_, list<Trait> traits = []>
    : AttrDef<SR_Dialect, name, traits> {
  let mnemonic = mnemonic_;
}

def SR_IOAttr : SR_Attr<"IO", "io"> {
  let summary = "scale, colour space and value range of a network's input and output";
  let description = [{
    The module attribute `sr.io`: what an upscaler has to know about a model and the tensor types
    do not say. `scale` is output size / input size; `color` the meaning of the channels (`y` is
    BT.601 luma alone, in which case the chroma is upscaled by other means; `none`: the channels
    are no colours, as of several frames or of features, and are as many as the types say); `range`
    the values of black and white, at the input and at the output.

    Example: `sr.io = #sr.io<scale = 2, color = rgb, range = 0.0 : 1.0>`
  }];
  let parameters = (ins "int64_t":$scale, EnumParameter<SR_Color>:$color,
                    APFloatParameter<"value of black">:$lowValue,
                    APFloatParameter<"value of white">:$highValue);
  let builders = [AttrBuilder<(ins "int64_t":$scale, "Color":$color, "double":$low, "double":$high), [{
    return $_get($_ctxt, scale, color, llvm::APFloat(low), llvm::APFloat(high));
  }]>];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The values of black and white.
    double getLow() const { return getLowValue().convertToDouble(); }
    double getHigh() const { return getHighValue().convertToDouble(); }
    /// Whether the pictures have colours, so that they are read from files and written to them.
    bool hasColor() const { return getColor() != Color::None; }
    /// Whether a picture in this colour space may have so many channels.
    bool takesChannels(int64_t channels) const {
      return !hasColor() || channels == (getColor() == Color::Y ? 1 : 3);
    }
    /// For errors: "color = y means 1 channel".
    std::string describeColor() const;
  }];
}

// A sparsity encoding. Each says where in a weight tensor [F, C, kh, kw] the zeros lie.
class SR_Encoding<string name, string mnemonic>
    : SR_Attr<name, mnemonic, [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]>;

def SR_FilterAttr : SR_Encoding<"Filter", "filter"> {
  let summary = "whole output filters are zero";
  let description = [{
    Every filter is either zero in all entries or in none.

    Example: `tensor<16x8x3x3xf32, #sr.filter>`
  }];
}
def SR_ChannelAttr : SR_Encoding<"Channel", "channel"> {
  let summary = "whole input channels are zero";
  let description = [{
    Every input channel is either zero in all entries of all filters or in none.

    Example: `tensor<16x8x3x3xf32, #sr.channel>`
  }];
}
def SR_BlockAttr : SR_Encoding<"Block", "block"> {
  let summary = "block-punched: inside each block the same kernel positions are zero";
  let description = [{
    The weights are cut into blocks of `filters` x `channels` kernels, the last of a row or column
    possibly smaller. At a kernel position (y, x) the entries of a block are all zero or all not.
    On a 1x1 layer, whole blocks.

    Example: `tensor<24x20x3x3xf32, #sr.block<8x4>>`
  }];
  let parameters = (ins "int64_t":$filters, "int64_t":$channels);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}
def SR_BCRAttr : SR_Encoding<"BCR", "bcr"> {
  let summary = "block column-row: rows and columns of each block of a 1x1 layer are removed";
  let description = [{
    The weights [F, C, 1, 1] are cut into blocks of `filters` x `channels`. From each block some
    rows and some columns are removed, independently of the other blocks: an entry is zero exactly
    if its row or its column is removed.

    Example: `tensor<144x24x1x1xf32, #sr.bcr<8x8>>`
  }];
  let parameters = (ins "int64_t":$filters, "int64_t":$channels);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}
def SR_PatternAttr : SR_Encoding<"Pattern", "pattern"> {
  let summary = "each 3x3 kernel keeps one pattern of a library, or is removed";
  let description = [{
    `library` lists the patterns, each as three rows of `x` (kept) and `.` (zero), of `keep` kept
    entries with the centre among them. Every kernel is zero (removed: connectivity), or not zero
    exactly in the entries of one pattern. `shared` consecutive filters have for each input channel
    the same pattern, or have it removed, together (1: each filter its own).

    Example:
    `tensor<24x20x3x3xf32, #sr.pattern<["xx./xx./...", ".x./xxx/..."], keep = 4, shared = 4>>`;
    long libraries read better with an alias: `#p4 = #sr.pattern<[...], keep = 4, shared = 4>`.
  }];
  let parameters = (ins
    ArrayRefParameter<"uint32_t", "bit 3 y + x is set if (y, x) is kept">:$library,
    "int64_t":$keep, "int64_t":$shared);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}
def SR_UnstructuredAttr : SR_Encoding<"Unstructured", "unstructured"> {
  let summary = "zeros anywhere";
  let description = [{
    Promises nothing but that there are zeros worth to skip.

    Example: `tensor<16x8x3x3xf32, #sr.unstructured>`
  }];
}
#endif // SRCC_DIALECTS_SR_SRATTRS_TD
