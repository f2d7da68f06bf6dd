//===- ModelFile.h - Models in files, and the rules of a whole model ------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_DIALECTS_SR_MODELFILE_H
#define SRCC_DIALECTS_SR_MODELFILE_H

#include "dialects/sr/SR.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace srcc::sr {

/// Writes `module` with all its weights and locations: bytecode if the name ends in .mlirbc, text
/// otherwise; "-" is standard output. The file appears whole (temporary file and rename) or not at
/// all; an error is emitted.
mlir::LogicalResult writeModelFile(mlir::ModuleOp module, llvm::StringRef path);

/// Reads text or bytecode ("-": standard input) and verifies the operations, but not the rules of
/// a model. The weights of bytecode are not copied. Errors, with file and line, go to stderr; the
/// result is then null. Loads the dialects sr and func; others must be registered.
mlir::OwningOpRef<mlir::ModuleOp> readModuleFile(llvm::StringRef path, mlir::MLIRContext *context);

/// readModuleFile and verifyModel.
mlir::OwningOpRef<mlir::ModuleOp> readModelFile(llvm::StringRef path, mlir::MLIRContext *context);

/// The rules of a whole model (labels model_c* in docs/spec.md): sr.io is there; one public
/// function from picture to picture of sr operations alone, whose weights are constants; its
/// channels and its size agree with sr.io.
mlir::LogicalResult verifyModel(mlir::ModuleOp module);

/// The only function of a model; null if there is not exactly one.
mlir::func::FuncOp getModelFunction(mlir::ModuleOp module);

/// Makes all sizes of a model function static, for an input of this height and width. Fails, with
/// an error at the operation, where the model does not take this size.
mlir::LogicalResult setInputSize(mlir::func::FuncOp function, int64_t height, int64_t width);

} // namespace srcc::sr

#endif // SRCC_DIALECTS_SR_MODELFILE_H
