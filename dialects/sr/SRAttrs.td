//===- SRAttrs.td - Attributes of the sr dialect --------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_DIALECTS_SR_SRATTRS_TD
#define SRCC_DIALECTS_SR_SRATTRS_TD

include "dialects/sr/SRDialect.td"

class SR_I32Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::srcc::sr";
  let genSpecializedAttr = 0;
}
class SR_EnumAttr<EnumInfo info, string mnemonic> : EnumAttr<SR_Dialect, info, mnemonic>;

def SR_Color : SR_I32Enum<"Color", "colour space of a picture", [
  I32EnumAttrCase<"RGB", 0, "rgb">, I32EnumAttrCase<"BGR", 1, "bgr">, I32EnumAttrCase<"Y", 2, "y">]>;
def SR_PadMode : SR_I32Enum<"PadMode", "what pad fills in", [
  I32EnumAttrCase<"Constant", 0, "constant">, I32EnumAttrCase<"Edge", 1, "edge">,
  I32EnumAttrCase<"Reflect", 2, "reflect">]>;
def SR_ResizeMode : SR_I32Enum<"ResizeMode", "interpolation of resize", [
  I32EnumAttrCase<"Nearest", 0, "nearest">, I32EnumAttrCase<"Bilinear", 1, "bilinear">,
  I32EnumAttrCase<"Bicubic", 2, "bicubic">]>;
def SR_CoordinateMode : SR_I32Enum<"CoordinateMode", "how an output position maps to the input (ONNX Resize)", [
  I32EnumAttrCase<"HalfPixel", 0, "half_pixel">, I32EnumAttrCase<"Asymmetric", 1, "asymmetric">,
  I32EnumAttrCase<"AlignCorners", 2, "align_corners">,
  I32EnumAttrCase<"PytorchHalfPixel", 3, "pytorch_half_pixel">]>;
def SR_NearestMode : SR_I32Enum<"NearestMode", "rounding of nearest (ONNX Resize)", [
  I32EnumAttrCase<"RoundPreferFloor", 0, "round_prefer_floor">,
  I32EnumAttrCase<"RoundPreferCeil", 1, "round_prefer_ceil">,
  I32EnumAttrCase<"Floor", 2, "floor">, I32EnumAttrCase<"Ceil", 3, "ceil">]>;
def SR_ShuffleOrder : SR_I32Enum<"ShuffleOrder", "channel order of pixel shuffle (ONNX DepthToSpace mode)", [
  I32EnumAttrCase<"CRD", 0, "crd">, I32EnumAttrCase<"DCR", 1, "dcr">]>;
def SR_GeluApproximation : SR_I32Enum<"GeluApproximation", "formula of gelu", [
  I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Tanh", 1, "tanh">]>;

class SR_Attr<string name, string mnemonic_> : AttrDef<SR_Dialect, name> { let mnemonic = mnemonic_; }

// Module attribute `sr.io`: what goes in and comes out.
def SR_IOAttr : SR_Attr<"IO", "io"> {
  let summary = "scale, colour space and value range of a network's input and output";
  let parameters = (ins "int64_t":$scale, EnumParameter<SR_Color>:$color,
                    "double":$low, "double":$high);
  let assemblyFormat = "`<` `scale` `=` $scale `,` `color` `=` $color `,` `range` `=` $low `:` $high `>`";
  let genVerifyDecl = 1;
}
#endif // SRCC_DIALECTS_SR_SRATTRS_TD
