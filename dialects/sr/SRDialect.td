//===- SRDialect.td - The super-resolution model dialect ------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_DIALECTS_SR_SRDIALECT_TD
#define SRCC_DIALECTS_SR_SRDIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

def SR_Dialect : Dialect {
  let name = "sr";
  let cppNamespace = "::srcc::sr";
  let summary = "Super-resolution networks with sparse weights";
  let description = [{
    The model dialect. A model is one module with the attribute `sr.io` and one public function
    from a picture to a picture. Pictures and feature maps are tensors `1xCxHxWxf32` whose channel
    count is static and whose height and width may be dynamic; weights are `sr.constant` whose
    tensor type carries the sparsity encoding.

    ```mlir
    module attributes {sr.io = #sr.io<scale = 2, color = rgb, range = 0.0 : 1.0>} {
      func.func @net(%input: tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32> {
        %w = sr.constant dense<0.1> : tensor<12x3x3x3xf32>
        %b = sr.constant dense<0.0> : tensor<12xf32>
        %c = sr.conv2d %input, %w, %b {pads = array<i64: 1, 1, 1, 1>}
          : (tensor<1x3x?x?xf32>, tensor<12x3x3x3xf32>, tensor<12xf32>) -> tensor<1x12x?x?xf32>
        %p = sr.pixel_shuffle %c {scale = 2} : (tensor<1x12x?x?xf32>) -> tensor<1x3x?x?xf32>
        return %p : tensor<1x3x?x?xf32>
      }
    }
    ```

    The rules of every operation, with their labels, are in docs/spec.md.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let hasCanonicalizer = 1;
  let hasOperationAttrVerify = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
  }];
}

#endif // SRCC_DIALECTS_SR_SRDIALECT_TD
