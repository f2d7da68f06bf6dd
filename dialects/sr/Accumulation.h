//===- Accumulation.h - How half arithmetic sums ----------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Under --precision=f16 the compiler and the interpreter ask here, so that what is emitted and what
// is predicted of it round at the same places.
//===----------------------------------------------------------------------===//
#ifndef SRCC_DIALECTS_SR_ACCUMULATION_H
#define SRCC_DIALECTS_SR_ACCUMULATION_H

#include "dialects/sr/SR.h"

namespace srcc::sr {

/// The convolutions that compiled code sums in one go to get the result of `op`: `op` itself, or
/// the two of one shape that `op` adds, if nothing else uses them. Empty for all other operations.
llvm::SmallVector<Conv2DOp> getSummedConvs(mlir::Operation *op);

/// How many products one value of the result of `op` is summed of: (channels of a group) x (taps of
/// the window that meet an input), over all getSummedConvs. 0 for operations without weights.
int64_t countProducts(mlir::Operation *op);

/// The longest sum that half arithmetic accumulates in half. A rounding to 11 significant bits is
/// off by 0.29 last places (root mean square), n of them by 0.29 sqrt(n): with n = 512, 7 last
/// places or 3 of the 11 bits, so that the 8 bits of a pixel are left. The error is relative, the
/// same for values 0:1 and 0:255; and 512 products of values up to 255 and weights up to 1/2 stay
/// below 65504, the largest half.
inline constexpr int64_t maxHalfProducts = 512;

/// True if half arithmetic accumulates the sum of `op` in half; else in f32, with one rounding to
/// half at the end.
inline bool accumulatesInHalf(mlir::Operation *op) { return countProducts(op) <= maxHalfProducts; }

} // namespace srcc::sr

#endif // SRCC_DIALECTS_SR_ACCUMULATION_H
