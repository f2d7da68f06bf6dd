//===- IndexExpr.h - Symbolic index arithmetic ------------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Polynomials with integer coefficients over atoms. An atom is an SSA value the arithmetic cannot
// look through (a loop variable, H, W) or floor(e / n), e mod n, min(a, b), max(a, b). Interval
// analysis over these gives Halide's bounds inference its bounds in terms of H and W.
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_SCHEDULE_INDEXEXPR_H
#define SRCC_COMPILER_SCHEDULE_INDEXEXPR_H

#include "dialects/sched/Sched.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

#include <map>
#include <memory>
#include <optional>

namespace srcc::sched {

struct IndexAtom;
using AtomRef = std::shared_ptr<const IndexAtom>;
struct AtomLess {
  bool operator()(const AtomRef &a, const AtomRef &b) const;
};

/// A sum of products of atoms with integer coefficients. Value semantics; equal sums compare equal.
class IndexExpr {
public:
  using Monomial = llvm::SmallVector<AtomRef, 2>; // sorted by AtomLess; empty: the constant term

  struct MonomialLess {
    bool operator()(const Monomial &a, const Monomial &b) const;
  };

  IndexExpr(int64_t constant = 0);
  /// The value as a sum: looks through arith.{constant,addi,subi,muli,floordivsi,ceildivsi,divui,
  /// remui,minsi,maxsi}, andi with 2^n - 1 and shrsi by a constant, and the loop ranges that
  /// simplify divisions.
  static IndexExpr get(mlir::Value value);
  /// An affine map's result over the symbols H and W.
  static IndexExpr get(mlir::AffineExpr expr, const IndexExpr &height, const IndexExpr &width);
  /// The pipeline input's height or width, as an atom not bound to any value.
  static IndexExpr size(int64_t axis);

  friend IndexExpr operator+(const IndexExpr &a, const IndexExpr &b);
  friend IndexExpr operator-(const IndexExpr &a, const IndexExpr &b);
  friend IndexExpr operator*(const IndexExpr &a, const IndexExpr &b);
  friend bool operator==(const IndexExpr &a, const IndexExpr &b);
  /// Some total order, for containers.
  friend bool operator<(const IndexExpr &a, const IndexExpr &b);
  /// floor(e / divisor) and e mod divisor, divisor > 0 constant.
  IndexExpr floorDiv(int64_t divisor) const;
  IndexExpr mod(int64_t divisor) const;
  IndexExpr ceilDiv(int64_t divisor) const { return (*this + (divisor - 1)).floorDiv(divisor); }
  IndexExpr floorDiv(const IndexExpr &divisor) const;
  static IndexExpr min(const IndexExpr &a, const IndexExpr &b);
  static IndexExpr max(const IndexExpr &a, const IndexExpr &b);

  std::optional<int64_t> constant() const;
  /// Coefficient c such that *this = c * value + rest with rest free of value; none if not linear.
  std::optional<int64_t> coefficientOf(mlir::Value value) const;
  /// *this with value replaced.
  IndexExpr substitute(mlir::Value value, const IndexExpr &by) const;
  /// *this with the atoms for which `by` has something else replaced, also inside others.
  IndexExpr rewrite(llvm::function_ref<std::optional<IndexExpr>(const IndexAtom &)> by) const;
  bool dependsOn(mlir::Value value) const;

  /// Smallest and largest value while the loop variables for which `eliminate` holds range over
  /// their loops; exact for sums, conservative else.
  IndexExpr lower(llvm::function_ref<bool(mlir::Value)> eliminate) const;
  IndexExpr upper(llvm::function_ref<bool(mlir::Value)> eliminate) const;
  /// Constant bounds over all loop variables and all H, W >= 1; none if unbounded.
  std::optional<int64_t> constantLower() const;
  std::optional<int64_t> constantUpper() const;
  bool provablyNonNegative() const;

  /// The expression as arith operations at the builder's place (all its values must dominate it).
  mlir::Value materialize(mlir::OpBuilder &builder, mlir::Location loc) const;
  /// As an affine expression over s0 = H, s1 = W; none if it holds other values, min or max.
  std::optional<mlir::AffineExpr> toAffine(mlir::MLIRContext *context) const;
  std::string str() const;

  std::map<Monomial, int64_t, MonomialLess> terms;
};

/// The comparisons of indices (<, <=, >, >=) whose conjunction `condition` is; none if it is not.
std::optional<llvm::SmallVector<mlir::arith::CmpIOp>> conjuncts(mlir::Value condition);

/// Builds the condition that each comparison holds for some, or with `everywhere` that all hold for
/// all values of the loop variables for which `eliminate` holds. It is conservative: with
/// `everywhere` never true where one does not hold, without never false where all hold somewhere.
/// `compares` is not empty.
mlir::Value buildHolds(mlir::OpBuilder &builder, mlir::Location loc,
                       llvm::ArrayRef<mlir::arith::CmpIOp> compares, bool everywhere,
                       llvm::function_ref<bool(mlir::Value)> eliminate);

/// How many blocks are around a block: of two loop variables the deeper one is the inner.
unsigned depthOf(mlir::Block *block);

/// Whether a read's index `dim` lies in [0, extent), over s0 = H and s1 = W, for every point of the
/// definition that it is in.
bool staysInside(ReadOp read, unsigned dim, mlir::AffineExpr extent);

/// Of a tap's number in lists: the loop over steps of a list, and the taps of a step. Null and 1 if
/// no loop runs over them.
std::pair<ForOp, int64_t> stepOf(const IndexExpr &tap);

/// While one lives, IndexExpr::get remembers what it found; values must not change meanwhile.
class IndexMemo {
public:
  IndexMemo();
  ~IndexMemo();
  llvm::DenseMap<mlir::Value, IndexExpr> known;

private:
  IndexMemo *outer;
};

struct IndexAtom {
  enum Kind { Value, Size, FloorDiv, Mod, Min, Max, Div } kind;
  mlir::Value value; // Value
  int64_t number;    // Size: axis; FloorDiv, Mod: divisor
  IndexExpr a, b;    // operands
};

} // namespace srcc::sched

#endif // SRCC_COMPILER_SCHEDULE_INDEXEXPR_H
