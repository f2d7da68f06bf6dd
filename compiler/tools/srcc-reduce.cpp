//===- srcc-reduce.cpp - Shrinks IR while a test script finds it interesting ===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/tools/Registration.h"

#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"

int main(int argc, char **argv) {
  srcc::hideLLVMOptions();
  mlir::DialectRegistry registry;
  srcc::registerDialects(registry);
  srcc::registerPasses();
  mlir::MLIRContext context(registry);
  return mlir::failed(mlir::mlirReduceMain(argc, argv, context));
}
