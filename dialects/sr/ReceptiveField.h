//===- ReceptiveField.h - What a pixel of the output depends on -----------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_DIALECTS_SR_RECEPTIVEFIELD_H
#define SRCC_DIALECTS_SR_RECEPTIVEFIELD_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <optional>

namespace srcc::sr {

/// The part of its input that a network needs for a part of its output: what allows to compute a
/// picture strip by strip. Both are numbers of input pixels, rows or columns, and hold for both.
struct ReceptiveField {
  /// The output pixels of an input pixel depend on the input at most this far away; at least 0.
  int64_t radius;
  /// Strips have to begin at multiples of it, at least 1: more than 1 where a network computes at
  /// a lower resolution than its input's.
  int64_t alignment;
};

/// The receptive field of a network. Nothing if it depends on the whole picture (global pooling)
/// or on its size (align_corners), or if the field is too large for 31 bits.
std::optional<ReceptiveField> getReceptiveField(mlir::func::FuncOp network);

/// Keeps the receptive field of a module's network, if it has both, for later phases, which have no
/// network any more: as the module's attribute sr.receptive_field, radius and alignment.
void recordReceptiveField(mlir::ModuleOp module);
/// What was kept. An attribute that is no such thing is an error.
mlir::FailureOr<std::optional<ReceptiveField>> recordedReceptiveField(mlir::ModuleOp module);

} // namespace srcc::sr

#endif // SRCC_DIALECTS_SR_RECEPTIVEFIELD_H
