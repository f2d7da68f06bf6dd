//===- OCL.h - The ocl dialect ----------------------------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_DIALECTS_OCL_OCL_H
#define SRCC_DIALECTS_OCL_OCL_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/ocl/OCLDialect.h.inc"
#include "dialects/ocl/OCLEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/ocl/OCLAttrs.h.inc"
#define GET_OP_CLASSES
#include "dialects/ocl/OCLOps.h.inc"

namespace srcc::ocl {
/// Whether a memref type is an image's.
inline bool isImage(mlir::Type type) {
  auto memory = mlir::dyn_cast<mlir::MemRefType>(type);
  return memory && mlir::isa_and_nonnull<Image2DAttr>(memory.getMemorySpace());
}

/// Names of the dialect's attributes on operations and kernel parameters; see the dialect's
/// description.
inline constexpr llvm::StringLiteral commentAttr = "ocl.comment";
inline constexpr llvm::StringLiteral unrollAttr = "ocl.unroll";
inline constexpr llvm::StringLiteral nameAttr = "ocl.name";
inline constexpr llvm::StringLiteral readOnlyAttr = "ocl.read_only";
} // namespace srcc::ocl

#endif // SRCC_DIALECTS_OCL_OCL_H
