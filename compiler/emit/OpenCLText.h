//===- OpenCLText.h - Words of OpenCL C -----------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_EMIT_OPENCLTEXT_H
#define SRCC_COMPILER_EMIT_OPENCLTEXT_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/IR/Value.h"

#include <string>

namespace srcc::opencl {

/// How tightly an expression holds together, as in C; Word is a name or a literal.
enum Precedence {
  Conditional,
  LogicalOr,
  LogicalAnd,
  BitOr,
  BitXor,
  BitAnd,
  Equality,
  Relational,
  Shift,
  Additive,
  Multiplicative,
  Unary,
  Postfix,
  Word
};

/// An expression that waits to be printed.
struct Expr {
  std::string text;
  Precedence precedence = Word;
  /// A vector whose lanes are all the scalar expression `text`.
  bool splat = false;
  /// The memory and the variables it reads: memrefs, and loops' carried values.
  llvm::SmallVector<mlir::Value, 2> reads;
};

/// `expr`, in parentheses unless it holds together at least as tightly as asked.
std::string wrap(const Expr &expr, Precedence least);

/// The first name a location gives, or "".
llvm::StringRef nameOf(mlir::Location location);

/// 1 of a scalar.
unsigned lanesOf(mlir::Type type);
inline bool isBool(mlir::Type type) { return mlir::getElementTypeOrSelf(type).isInteger(1); }
inline bool isByte(mlir::Type type) { return mlir::getElementTypeOrSelf(type).isInteger(8); }

/// Why a type has no form in OpenCL C, or "".
std::string typeProblem(mlir::Type type);
/// The scalar type's name, of a lane of a vector if asked.
llvm::StringRef scalarName(mlir::Type type, bool lane);
std::string typeName(mlir::Type type);
/// Of a vector's element in memory, as it is printed: index is int.
inline unsigned elementBytes(mlir::Type type) {
  mlir::Type element = mlir::getElementTypeOrSelf(type);
  return element.isIndex() ? 4 : element.getIntOrFloatBitWidth() / 8;
}
/// The name of a vector type that is aligned as its elements: unaligned_float8.
inline std::string unalignedName(mlir::Type type) { return "unaligned_" + typeName(type); }
/// A type's name with the number of lanes of another: int8.
std::string withLanes(llvm::StringRef scalar, mlir::Type like);

/// The shortest decimal that reads back as the same f32 or f16: 0.5f, 0.5h.
Expr floatLiteral(const llvm::APFloat &value);
/// Scalar: 3, true, (uchar)255; lane: 3, -1 for true, 255.
Expr integerLiteral(const llvm::APInt &value, mlir::Type type, bool lane);
/// Positions as OpenCL writes them: s0a.
std::string swizzle(llvm::ArrayRef<int64_t> positions);
/// What `from` reads, `to` reads, too.
void addReads(Expr &to, const Expr &from);

/// Helper functions, printed when a kernel calls them.
struct Helper {
  llvm::StringRef name, text;
};
extern const llvm::ArrayRef<Helper> helpers;

} // namespace srcc::opencl

#endif // SRCC_COMPILER_EMIT_OPENCLTEXT_H
