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
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let hasOperationAttrVerify = 1;
}

#endif // SRCC_DIALECTS_SR_SRDIALECT_TD
