//===- Bodies.h - Scalar arithmetic as Halide's expressions -----*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_HALIDE_BODIES_H
#define SRCC_COMPILER_HALIDE_BODIES_H

#include "mlir/IR/Operation.h"
#include "mlir/IR/Types.h"

#include <Halide.h>

#include <optional>

namespace srcc::halide {

/// f32, f16, i1, i8 (unsigned), i16, i32 and index; nothing for others.
std::optional<Halide::Type> typeOf(mlir::Type type);

/// An operation of arith or math on Halide's expressions. Errors: it has no counterpart.
mlir::FailureOr<Halide::Expr> evaluateOp(mlir::Operation *op,
                                         llvm::ArrayRef<Halide::Expr> operands);

/// Writes a number as float, or as the bits of a half.
inline void storeFloat(float &to, const llvm::APFloat &value) { to = value.convertToFloat(); }
inline void storeFloat(uint16_t &to, const llvm::APFloat &value) {
  to = uint16_t(value.bitcastToAPInt().getZExtValue());
}

} // namespace srcc::halide

#endif // SRCC_COMPILER_HALIDE_BODIES_H
