//===- Passes.h - Passes from sr to sr ------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_PASSES_PASSES_H
#define SRCC_COMPILER_PASSES_PASSES_H

#include "dialects/sr/SR.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace srcc::sr {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/passes/Passes.h.inc"

} // namespace srcc::sr

#endif // SRCC_COMPILER_PASSES_PASSES_H
