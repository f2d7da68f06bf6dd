//===- MaterializeIndex.cpp - Symbolic indices as operations --------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/schedule/IndexExpr.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AffineExpr.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace mlir;
using namespace srcc::sched;

static Value materializeAtom(const IndexAtom &a, OpBuilder &builder, Location loc) {
  auto constant = [&](int64_t n) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, n);
  };
  switch (a.kind) {
  case IndexAtom::Value:
    return a.value;
  case IndexAtom::Size:
    return SizeOp::create(builder, loc, builder.getIndexType(),
                          builder.getI64IntegerAttr(a.number));
  case IndexAtom::FloorDiv: {
    Value x = a.a.materialize(builder, loc), n = constant(a.number);
    if (a.a.provablyNonNegative())
      return arith::DivUIOp::create(builder, loc, x, n);
    if (llvm::isPowerOf2_64(a.number))
      return arith::ShRSIOp::create(builder, loc, x, constant(llvm::Log2_64(a.number)));
    return arith::FloorDivSIOp::create(builder, loc, x, n);
  }
  case IndexAtom::Mod: {
    // The low bits are the remainder, of a negative number too.
    if (llvm::isPowerOf2_64(a.number))
      return arith::AndIOp::create(builder, loc, a.a.materialize(builder, loc),
                                   constant(a.number - 1));
    // Whole divisors more change nothing, and an unsigned remainder is cheap.
    if (auto low = a.a.constantLower(); low && *low > -(int64_t(1) << 30)) {
      IndexExpr shifted = a.a;
      if (*low < 0)
        shifted = shifted + int64_t(llvm::divideCeil(-*low, a.number)) * a.number;
      return arith::RemUIOp::create(builder, loc, shifted.materialize(builder, loc),
                                    constant(a.number));
    }
    // In this form IndexExpr::get finds the remainder again.
    Value x = a.a.materialize(builder, loc), n = constant(a.number);
    Value quotient = arith::FloorDivSIOp::create(builder, loc, x, n);
    return arith::SubIOp::create(builder, loc, x, arith::MulIOp::create(builder, loc, quotient, n));
  }
  case IndexAtom::Div: {
    Value x = a.a.materialize(builder, loc), y = a.b.materialize(builder, loc);
    if (a.a.provablyNonNegative())
      return arith::DivUIOp::create(builder, loc, x, y);
    return arith::FloorDivSIOp::create(builder, loc, x, y);
  }
  case IndexAtom::Min:
    return arith::MinSIOp::create(builder, loc, a.a.materialize(builder, loc),
                                  a.b.materialize(builder, loc));
  case IndexAtom::Max:
    return arith::MaxSIOp::create(builder, loc, a.a.materialize(builder, loc),
                                  a.b.materialize(builder, loc));
  }
  llvm_unreachable("covered switch");
}

/// One step of joinRemainders; false if there is nothing to join.
static bool joinRemainder(IndexExpr &sum) {
  for (auto &[monomial, m] : sum.terms) {
    if (monomial.size() != 1 || monomial[0]->kind != IndexAtom::Mod)
      continue;
    AtomRef remainder = monomial[0];
    IndexExpr quotient = remainder->a.floorDiv(remainder->number);
    if (quotient.terms.size() != 1 || quotient.terms.begin()->second != 1)
      continue;
    auto whole = sum.terms.find(quotient.terms.begin()->first);
    if (whole == sum.terms.end() || whole->second != m * remainder->number)
      continue;
    IndexExpr joined = remainder->a * IndexExpr(m);
    sum.terms.erase(whole);
    sum.terms.erase({remainder});
    sum = sum + joined;
    return true;
  }
  return false;
}

/// A sum in which m n floor(e / n) + m (e mod n) is m e.
static IndexExpr joinRemainders(IndexExpr sum) {
  while (joinRemainder(sum)) { // each has a remainder less, of finitely many inside each other
  }
  return sum;
}

/// The innermost loop whose variable an atom or expression depends on, as a depth.
static unsigned depthOf(const IndexExpr &e);
static unsigned depthOf(const IndexAtom &a) {
  if (Value value = a.value)
    return depthOf(value.getParentBlock());
  return a.kind == IndexAtom::Size ? 0 : std::max(depthOf(a.a), depthOf(a.b));
}
static unsigned depthOf(const IndexExpr &e) {
  unsigned depth = 0;
  for (auto &[monomial, coefficient] : e.terms)
    for (const AtomRef &factor : monomial)
      depth = std::max(depth, depthOf(*factor));
  return depth;
}

/// The atom, of the innermost loop, that stands in several products of `e`.
static AtomRef commonFactor(const IndexExpr &e) {
  std::map<AtomRef, unsigned, AtomLess> counts;
  for (auto &[monomial, coefficient] : e.terms)
    for (size_t i = 0; i < monomial.size(); ++i)
      if (!i || AtomLess()(monomial[i - 1], monomial[i]))
        ++counts[monomial[i]];
  AtomRef best;
  unsigned deepest = 0;
  for (auto &[atom, count] : counts)
    if (unsigned depth = depthOf(*atom); count > 1 && (!best || depth > deepest)) {
      best = atom;
      deepest = depth;
    }
  return best;
}

namespace {
/// A part of a sum: plus or minus `factor` (if any) times `inner`.
struct Summand {
  AtomRef factor;
  IndexExpr inner;
  bool negative = false;
  unsigned depth() const { return std::max(factor ? depthOf(*factor) : 0, depthOf(inner)); }
};
} // namespace

/// A sum as summands and a constant. y a + y b becomes y (a + b): the sum may be the same for many
/// y. In order of what changes least, so that loops find its sum outside; of these positive ones
/// first.
static SmallVector<Summand> summandsOf(IndexExpr rest, int64_t &number) {
  SmallVector<Summand> summands;
  number = 0;
  rest = joinRemainders(std::move(rest));
  while (AtomRef factor = commonFactor(rest)) {
    IndexExpr inner, others;
    for (auto &[monomial, coefficient] : rest.terms) {
      auto place = llvm::find_if(monomial, [&](const AtomRef &a) {
        return !AtomLess()(a, factor) && !AtomLess()(factor, a);
      });
      if (place == monomial.end()) {
        others.terms[monomial] = coefficient;
      } else {
        IndexExpr::Monomial without(monomial);
        without.erase(without.begin() + (place - monomial.begin()));
        inner.terms[without] = coefficient;
      }
    }
    summands.push_back({factor, inner});
    rest = others;
  }
  for (auto &[monomial, coefficient] : rest.terms) {
    if (monomial.empty()) {
      number = coefficient;
      continue;
    }
    Summand summand;
    summand.inner.terms[monomial] = std::abs(coefficient);
    summand.negative = coefficient < 0;
    summands.push_back(summand);
  }
  llvm::stable_sort(summands, [](const Summand &a, const Summand &b) {
    return std::pair(a.depth(), a.negative) < std::pair(b.depth(), b.negative);
  });
  return summands;
}

Value IndexExpr::materialize(OpBuilder &builder, Location loc) const {
  auto constant = [&](int64_t n) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, n);
  };
  auto product = [&](const Summand &summand) -> Value {
    if (summand.factor)
      return arith::MulIOp::create(builder, loc, materializeAtom(*summand.factor, builder, loc),
                                   summand.inner.materialize(builder, loc));
    auto &[monomial, coefficient] = *summand.inner.terms.begin();
    Value result;
    for (const AtomRef &factor : monomial) {
      Value next = materializeAtom(*factor, builder, loc);
      result = result ? arith::MulIOp::create(builder, loc, result, next) : next;
    }
    return coefficient == 1 ? result
                            : arith::MulIOp::create(builder, loc, result, constant(coefficient));
  };
  int64_t number = 0;
  Value sum;
  for (const Summand &summand : summandsOf(*this, number)) {
    Value next = product(summand);
    if (!sum)
      sum = summand.negative ? arith::SubIOp::create(builder, loc, constant(0), next).getResult()
                             : next;
    else if (summand.negative)
      sum = arith::SubIOp::create(builder, loc, sum, next);
    else
      sum = arith::AddIOp::create(builder, loc, sum, next);
  }
  // The constant comes last: reads as a person would write it.
  if (!sum)
    return constant(number);
  if (number > 0)
    sum = arith::AddIOp::create(builder, loc, sum, constant(number));
  if (number < 0)
    sum = arith::SubIOp::create(builder, loc, sum, constant(-number));
  return sum;
}

std::optional<AffineExpr> IndexExpr::toAffine(MLIRContext *context) const {
  AffineExpr sum = getAffineConstantExpr(0, context);
  for (auto &[monomial, coefficient] : terms) {
    AffineExpr product = getAffineConstantExpr(coefficient, context);
    for (const AtomRef &factor : monomial) {
      AffineExpr next;
      auto a = factor->kind == IndexAtom::Value || factor->kind == IndexAtom::Size
                   ? std::optional<AffineExpr>()
                   : factor->a.toAffine(context);
      if (factor->kind == IndexAtom::Size)
        next = getAffineSymbolExpr(factor->number, context);
      else if (a && factor->kind == IndexAtom::FloorDiv)
        next = a->floorDiv(factor->number);
      else if (a && factor->kind == IndexAtom::Mod)
        next = *a % factor->number;
      else if (auto b = factor->b.toAffine(context); a && b && factor->kind == IndexAtom::Div)
        next = a->floorDiv(*b);
      else
        return std::nullopt;
      product = product * next;
    }
    sum = sum + product;
  }
  return sum;
}
