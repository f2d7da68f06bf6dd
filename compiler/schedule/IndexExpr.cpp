//===- IndexExpr.cpp - Symbolic index arithmetic --------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/schedule/IndexExpr.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <numeric>

using namespace mlir;
using namespace srcc::sched;

//===----------------------------------------------------------------------===//
// Order: by position in the IR, so that it is the same in every run
//===----------------------------------------------------------------------===//

static int compareBlocks(Block *a, Block *b);

static int compareOps(Operation *a, Operation *b) {
  if (a == b)
    return 0;
  if (a->getBlock() == b->getBlock())
    return a->isBeforeInBlock(b) ? -1 : 1;
  return compareBlocks(a->getBlock(), b->getBlock());
}

unsigned srcc::sched::depthOf(Block *block) {
  unsigned depth = 0;
  for (Operation *op = block->getParentOp(); op; op = op->getParentOp())
    ++depth;
  return depth;
}

static int compareBlocks(Block *a, Block *b) {
  if (a == b)
    return 0;
  unsigned da = depthOf(a), db = depthOf(b);
  if (da != db)
    return da < db ? -1 : 1;
  Operation *pa = a->getParentOp(), *pb = b->getParentOp();
  if (pa != pb && pa && pb)
    return compareOps(pa, pb);
  return a->getParent()->getRegionNumber() < b->getParent()->getRegionNumber() ? -1 : 1;
}

static int compareValues(Value a, Value b) {
  if (a == b)
    return 0;
  if (int blocks = compareBlocks(a.getParentBlock(), b.getParentBlock()))
    return blocks;
  auto argA = dyn_cast<BlockArgument>(a), argB = dyn_cast<BlockArgument>(b);
  if (argA && argB)
    return argA.getArgNumber() < argB.getArgNumber() ? -1 : 1;
  if (argA || argB)
    return argA ? -1 : 1;
  if (int ops = compareOps(a.getDefiningOp(), b.getDefiningOp()))
    return ops;
  return cast<OpResult>(a).getResultNumber() < cast<OpResult>(b).getResultNumber() ? -1 : 1;
}

static int compareExprs(const IndexExpr &a, const IndexExpr &b);

static int compareAtoms(const IndexAtom &a, const IndexAtom &b) {
  if (&a == &b)
    return 0;
  if (a.kind != b.kind)
    return a.kind < b.kind ? -1 : 1;
  if (a.number != b.number)
    return a.number < b.number ? -1 : 1;
  if (a.kind == IndexAtom::Value)
    return compareValues(a.value, b.value);
  if (int left = compareExprs(a.a, b.a))
    return left;
  return compareExprs(a.b, b.b);
}

static int compareMonomials(const IndexExpr::Monomial &a, const IndexExpr::Monomial &b) {
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    if (int atoms = compareAtoms(*a[i], *b[i]))
      return atoms;
  return a.size() == b.size() ? 0 : a.size() < b.size() ? -1 : 1;
}

static int compareExprs(const IndexExpr &a, const IndexExpr &b) {
  auto i = a.terms.begin(), j = b.terms.begin();
  for (; i != a.terms.end() && j != b.terms.end(); ++i, ++j) {
    if (int monomials = compareMonomials(i->first, j->first))
      return monomials;
    if (i->second != j->second)
      return i->second < j->second ? -1 : 1;
  }
  return i != a.terms.end() ? 1 : j != b.terms.end() ? -1 : 0;
}

bool AtomLess::operator()(const AtomRef &a, const AtomRef &b) const {
  return compareAtoms(*a, *b) < 0;
}
bool IndexExpr::MonomialLess::operator()(const Monomial &a, const Monomial &b) const {
  return compareMonomials(a, b) < 0;
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

static IndexExpr atom(IndexAtom::Kind kind, Value value, int64_t number, IndexExpr a = 0,
                      IndexExpr b = 0) {
  IndexExpr result;
  result.terms[{
      std::make_shared<IndexAtom>(IndexAtom{kind, value, number, std::move(a), std::move(b)})}] = 1;
  return result;
}

IndexExpr::IndexExpr(int64_t constant) {
  if (constant)
    terms[{}] = constant;
}

IndexExpr IndexExpr::size(int64_t axis) { return atom(IndexAtom::Size, {}, axis); }

namespace srcc::sched {
IndexExpr operator+(const IndexExpr &a, const IndexExpr &b) {
  IndexExpr sum = a;
  for (auto &[monomial, coefficient] : b.terms) {
    auto [place, isNew] = sum.terms.try_emplace(monomial, 0);
    if (!(place->second += coefficient))
      sum.terms.erase(place);
  }
  return sum;
}
IndexExpr operator*(const IndexExpr &a, const IndexExpr &b) {
  IndexExpr product;
  for (auto &[ma, ca] : a.terms)
    for (auto &[mb, cb] : b.terms) {
      IndexExpr::Monomial both;
      std::merge(ma.begin(), ma.end(), mb.begin(), mb.end(), std::back_inserter(both), AtomLess());
      auto [place, isNew] = product.terms.try_emplace(std::move(both), 0);
      if (!(place->second += ca * cb))
        product.terms.erase(place);
    }
  return product;
}
IndexExpr operator-(const IndexExpr &a, const IndexExpr &b) { return a + b * IndexExpr(-1); }
bool operator==(const IndexExpr &a, const IndexExpr &b) { return compareExprs(a, b) == 0; }
bool operator<(const IndexExpr &a, const IndexExpr &b) { return compareExprs(a, b) < 0; }
} // namespace srcc::sched

std::optional<int64_t> IndexExpr::constant() const {
  if (terms.empty())
    return 0;
  if (terms.size() == 1 && terms.begin()->first.empty())
    return terms.begin()->second;
  return std::nullopt;
}

/// Splits e = divisor * quotient + rest by coefficients.
static void splitByDivisor(const IndexExpr &e, int64_t divisor, IndexExpr &quotient,
                           IndexExpr &rest) {
  for (auto &[monomial, coefficient] : e.terms) {
    int64_t q = llvm::divideFloorSigned(coefficient, divisor);
    if (q)
      quotient.terms[monomial] = q;
    if (int64_t r = coefficient - q * divisor)
      rest.terms[monomial] = r;
  }
}

/// What divides `divisor` and all coefficients of `e` but the constant one.
static int64_t commonFactor(const IndexExpr &e, int64_t divisor) {
  int64_t common = divisor;
  for (auto &[monomial, coefficient] : e.terms)
    if (!monomial.empty())
      common = std::gcd(common, coefficient);
  return common;
}

IndexExpr IndexExpr::floorDiv(int64_t divisor) const {
  assert(divisor > 0 && "divisors are positive");
  if (divisor == 1)
    return *this;
  IndexExpr quotient, rest;
  splitByDivisor(*this, divisor, quotient, rest);
  auto low = rest.constantLower(), high = rest.constantUpper();
  if (low && high &&
      llvm::divideFloorSigned(*low, divisor) == llvm::divideFloorSigned(*high, divisor))
    return quotient + llvm::divideFloorSigned(*low, divisor);
  // floor((g a + r) / (g m)) = floor((a + floor(r / g)) / m)
  if (int64_t common = commonFactor(rest, divisor); common > 1) {
    IndexExpr reduced, remainder;
    splitByDivisor(rest, common, reduced, remainder);
    return quotient + reduced.floorDiv(divisor / common);
  }
  return quotient + atom(IndexAtom::FloorDiv, {}, divisor, rest);
}

IndexExpr IndexExpr::mod(int64_t divisor) const {
  assert(divisor > 0 && "divisors are positive");
  IndexExpr quotient, rest;
  splitByDivisor(*this, divisor, quotient, rest);
  auto low = rest.constantLower(), high = rest.constantUpper();
  if (low && high) {
    int64_t q = llvm::divideFloorSigned(*low, divisor);
    if (q == llvm::divideFloorSigned(*high, divisor))
      return rest - q * divisor;
  }
  // (g a + r) mod (g m) = g (a mod m) + r, 0 <= r < g
  if (int64_t common = commonFactor(rest, divisor); common > 1) {
    IndexExpr reduced, remainder;
    splitByDivisor(rest, common, reduced, remainder);
    return reduced.mod(divisor / common) * common + remainder;
  }
  return atom(IndexAtom::Mod, {}, divisor, rest);
}

IndexExpr IndexExpr::floorDiv(const IndexExpr &divisor) const {
  if (auto number = divisor.constant(); number && *number > 0)
    return floorDiv(*number);
  if (*this == divisor)
    return 1;
  return atom(IndexAtom::Div, {}, 0, *this, divisor);
}

IndexExpr IndexExpr::min(const IndexExpr &a, const IndexExpr &b) {
  if ((b - a).provablyNonNegative())
    return a;
  if ((a - b).provablyNonNegative())
    return b;
  return atom(IndexAtom::Min, {}, 0, a, b);
}

IndexExpr IndexExpr::max(const IndexExpr &a, const IndexExpr &b) {
  if ((b - a).provablyNonNegative())
    return b;
  if ((a - b).provablyNonNegative())
    return a;
  return atom(IndexAtom::Max, {}, 0, a, b);
}

//===----------------------------------------------------------------------===//
// From IR
//===----------------------------------------------------------------------===//

static thread_local IndexMemo *memo = nullptr;
IndexMemo::IndexMemo() : outer(memo) { memo = this; }
IndexMemo::~IndexMemo() { memo = outer; }

static IndexExpr compute(Value value);

IndexExpr IndexExpr::get(Value value) {
  if (!memo)
    return compute(value);
  auto place = memo->known.find(value);
  if (place != memo->known.end())
    return place->second;
  IndexExpr result = compute(value);
  memo->known[value] = result;
  return result;
}

static IndexExpr compute(Value value) {
  APInt number;
  if (matchPattern(value, m_ConstantInt(&number)))
    return number.getSExtValue();
  Operation *op = value.getDefiningOp();
  if (!op)
    return atom(IndexAtom::Value, value, 0);
  auto lhs = [&] { return IndexExpr::get(op->getOperand(0)); };
  auto rhs = [&] { return IndexExpr::get(op->getOperand(1)); };
  if (auto size = dyn_cast<SizeOp>(op))
    return IndexExpr::size(size.getAxis());
  if (auto bound = dyn_cast<RequiredOp>(op); bound && !bound.getValues().empty())
    return IndexExpr::get(bound.getValues()[cast<OpResult>(value).getResultNumber()]);
  if (isa<arith::AddIOp>(op))
    return lhs() + rhs();
  if (isa<arith::SubIOp>(op)) {
    if (auto product = op->getOperand(1).getDefiningOp<arith::MulIOp>())
      if (auto quotient = product.getLhs().getDefiningOp<arith::FloorDivSIOp>())
        if (quotient.getLhs() == op->getOperand(0) && quotient.getRhs() == product.getRhs())
          if (auto divisor = IndexExpr::get(quotient.getRhs()).constant(); divisor && *divisor > 0)
            return lhs().mod(*divisor);
    return lhs() - rhs();
  }
  if (isa<arith::MulIOp>(op))
    return lhs() * rhs();
  if (isa<arith::MinSIOp>(op))
    return IndexExpr::min(lhs(), rhs());
  if (isa<arith::MaxSIOp>(op))
    return IndexExpr::max(lhs(), rhs());
  if (isa<arith::FloorDivSIOp, arith::DivUIOp>(op))
    return lhs().floorDiv(rhs());
  if (isa<arith::CeilDivSIOp>(op))
    return (lhs() + rhs() - 1).floorDiv(rhs());
  if (isa<arith::RemUIOp>(op))
    if (auto divisor = rhs().constant(); divisor && *divisor > 0)
      return lhs().mod(*divisor);
  if (isa<arith::AndIOp>(op) && value.getType().isIndex())
    if (auto mask = rhs().constant();
        mask && *mask > 0 && llvm::isMask_64(*mask) && *mask <= INT32_MAX)
      return lhs().mod(*mask + 1);
  if (isa<arith::ShRSIOp>(op) && value.getType().isIndex())
    if (auto bits = rhs().constant(); bits && *bits >= 0 && *bits < 31)
      return lhs().floorDiv(int64_t(1) << *bits);
  return atom(IndexAtom::Value, value, 0);
}

IndexExpr IndexExpr::get(AffineExpr expr, const IndexExpr &height, const IndexExpr &width) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return symbol.getPosition() ? width : height;
  auto binary = cast<AffineBinaryOpExpr>(expr);
  IndexExpr a = get(binary.getLHS(), height, width), b = get(binary.getRHS(), height, width);
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return a + b;
  case AffineExprKind::Mul:
    return a * b;
  case AffineExprKind::FloorDiv:
    return a.floorDiv(b);
  case AffineExprKind::CeilDiv:
    return (a + b - 1).floorDiv(b);
  case AffineExprKind::Mod:
    if (auto divisor = b.constant())
      return a.mod(*divisor);
    return a - a.floorDiv(b) * b;
  default:
    llvm_unreachable("an affine expression over symbols");
  }
}

//===----------------------------------------------------------------------===//
// Structure
//===----------------------------------------------------------------------===//

static bool atomDependsOn(const IndexAtom &a, Value value) {
  if (a.kind == IndexAtom::Value)
    return a.value == value;
  return a.kind != IndexAtom::Size && (a.a.dependsOn(value) || a.b.dependsOn(value));
}

bool IndexExpr::dependsOn(Value value) const {
  for (auto &[monomial, coefficient] : terms)
    for (const AtomRef &factor : monomial)
      if (atomDependsOn(*factor, value))
        return true;
  return false;
}

std::optional<int64_t> IndexExpr::coefficientOf(Value value) const {
  int64_t result = 0;
  for (auto &[monomial, coefficient] : terms) {
    if (monomial.size() == 1 && monomial[0]->kind == IndexAtom::Value &&
        monomial[0]->value == value) {
      result = coefficient;
      continue;
    }
    for (const AtomRef &factor : monomial)
      if (atomDependsOn(*factor, value))
        return std::nullopt;
  }
  return result;
}

IndexExpr
IndexExpr::rewrite(llvm::function_ref<std::optional<IndexExpr>(const IndexAtom &)> by) const {
  IndexExpr sum;
  for (auto &[monomial, coefficient] : terms) {
    IndexExpr product = coefficient;
    for (const AtomRef &factor : monomial) {
      IndexExpr next;
      if (auto other = by(*factor)) {
        next = *other;
      } else if (factor->kind == IndexAtom::Value || factor->kind == IndexAtom::Size) {
        next.terms[{factor}] = 1;
      } else {
        IndexExpr a = factor->a.rewrite(by), b = factor->b.rewrite(by);
        switch (factor->kind) {
        case IndexAtom::FloorDiv:
          next = a.floorDiv(factor->number);
          break;
        case IndexAtom::Mod:
          next = a.mod(factor->number);
          break;
        case IndexAtom::Div:
          next = a.floorDiv(b);
          break;
        case IndexAtom::Min:
          next = min(a, b);
          break;
        case IndexAtom::Max:
          next = max(a, b);
          break;
        default:
          llvm_unreachable("values are handled above");
        }
      }
      product = product * next;
    }
    sum = sum + product;
  }
  return sum;
}

IndexExpr IndexExpr::substitute(Value value, const IndexExpr &by) const {
  if (!dependsOn(value))
    return *this;
  return rewrite([&](const IndexAtom &factor) -> std::optional<IndexExpr> {
    if (factor.kind == IndexAtom::Value && factor.value == value)
      return by;
    if (atomDependsOn(factor, value))
      return std::nullopt;
    IndexExpr same;
    same.terms[{std::make_shared<IndexAtom>(factor)}] = 1;
    return same;
  });
}

std::string IndexExpr::str() const {
  if (terms.empty())
    return "0";
  std::string text;
  llvm::raw_string_ostream os(text);
  bool first = true;
  for (auto &[monomial, coefficient] : terms) {
    os << (first ? "" : " + ");
    first = false;
    if (monomial.empty()) {
      os << coefficient;
      continue;
    }
    if (coefficient != 1)
      os << coefficient << "*";
    bool firstFactor = true;
    for (const AtomRef &f : monomial) {
      os << (firstFactor ? "" : "*");
      firstFactor = false;
      switch (f->kind) {
      case IndexAtom::Value: {
        auto arg = dyn_cast<BlockArgument>(f->value);
        auto loop = arg ? dyn_cast_or_null<ForOp>(arg.getOwner()->getParentOp()) : ForOp();
        os << (loop ? loop.getName() : StringRef("value"));
        break;
      }
      case IndexAtom::Size:
        os << (f->number ? "W" : "H");
        break;
      case IndexAtom::FloorDiv:
        os << "floor((" << f->a.str() << ")/" << f->number << ")";
        break;
      case IndexAtom::Mod:
        os << "((" << f->a.str() << ") % " << f->number << ")";
        break;
      case IndexAtom::Div:
        os << "floor((" << f->a.str() << ")/(" << f->b.str() << "))";
        break;
      case IndexAtom::Min:
        os << "min(" << f->a.str() << ", " << f->b.str() << ")";
        break;
      case IndexAtom::Max:
        os << "max(" << f->a.str() << ", " << f->b.str() << ")";
        break;
      }
    }
  }
  return text;
}

std::pair<ForOp, int64_t> srcc::sched::stepOf(const IndexExpr &tap) {
  std::pair<ForOp, int64_t> found{nullptr, 1};
  for (auto &[monomial, coefficient] : tap.terms) {
    auto iv = monomial.size() == 1 ? dyn_cast_or_null<BlockArgument>(monomial[0]->value)
                                   : BlockArgument();
    auto loop = iv ? dyn_cast<ForOp>(iv.getOwner()->getParentOp()) : ForOp();
    if (loop && coefficient >= found.second)
      found = {loop, coefficient};
  }
  return found;
}

std::optional<SmallVector<arith::CmpIOp>> srcc::sched::conjuncts(Value condition) {
  SmallVector<arith::CmpIOp> all;
  SmallVector<Value> rest{condition};
  while (!rest.empty()) {
    Value value = rest.pop_back_val();
    if (auto both = value.getDefiningOp<arith::AndIOp>()) {
      rest.append({both.getRhs(), both.getLhs()});
      continue;
    }
    auto compare = value.getDefiningOp<arith::CmpIOp>();
    if (!compare || !compare.getLhs().getType().isIndex())
      return std::nullopt;
    switch (compare.getPredicate()) {
    case arith::CmpIPredicate::slt:
    case arith::CmpIPredicate::sle:
    case arith::CmpIPredicate::sgt:
    case arith::CmpIPredicate::sge:
      all.push_back(compare);
      break;
    default:
      return std::nullopt;
    }
  }
  return all;
}

Value srcc::sched::buildHolds(OpBuilder &builder, Location loc, ArrayRef<arith::CmpIOp> compares,
                              bool everywhere, function_ref<bool(Value)> eliminate) {
  Value all;
  for (arith::CmpIOp compare : compares) {
    auto predicate = compare.getPredicate();
    bool less = predicate == arith::CmpIPredicate::slt || predicate == arith::CmpIPredicate::sle;
    // Of left - right the extreme that decides.
    IndexExpr left = IndexExpr::get(compare.getLhs()), right = IndexExpr::get(compare.getRhs());
    if (less == everywhere) {
      left = left.upper(eliminate);
      right = right.lower(eliminate);
    } else {
      left = left.lower(eliminate);
      right = right.upper(eliminate);
    }
    Value holds = arith::CmpIOp::create(builder, loc, predicate, left.materialize(builder, loc),
                                        right.materialize(builder, loc));
    all = all ? arith::AndIOp::create(builder, loc, all, holds).getResult() : holds;
  }
  return all;
}
