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

static unsigned depthOf(Block *block) {
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
  int64_t common = divisor;
  for (auto &[monomial, coefficient] : rest.terms)
    if (!monomial.empty())
      common = std::gcd(common, coefficient);
  if (common > 1) {
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
// Ranges
//===----------------------------------------------------------------------===//

namespace {
using Eliminate = llvm::function_ref<bool(Value)>;
struct Bounds {
  std::optional<IndexExpr> low, high;
};
} // namespace

static Bounds boundsOf(const IndexExpr &e, Eliminate eliminate, bool constants);

/// Bounds of one atom; an atom that is kept is its own bound.
static Bounds boundsOfAtom(const AtomRef &ref, Eliminate eliminate, bool constants) {
  IndexExpr self;
  self.terms[{ref}] = 1;
  const IndexAtom &a = *ref;
  switch (a.kind) {
  case IndexAtom::Size:
    if (constants)
      return {IndexExpr(1), std::nullopt};
    return {self, self};
  case IndexAtom::Value: {
    auto arg = dyn_cast<BlockArgument>(a.value);
    auto loop = arg ? dyn_cast_or_null<ForOp>(arg.getOwner()->getParentOp()) : ForOp();
    if (loop && (constants || eliminate(a.value))) {
      IndexExpr min = IndexExpr::get(loop.getMin()), extent = IndexExpr::get(loop.getExtent());
      return {boundsOf(min, eliminate, constants).low,
              boundsOf(min + extent - 1, eliminate, constants).high};
    }
    // A definition's arguments range over the stage's domain and the reduction domain.
    Operation *owner = arg ? arg.getOwner()->getParentOp() : nullptr;
    auto update = dyn_cast_or_null<UpdateOp>(owner);
    auto stage = update ? update->getParentOfType<StageOp>() : dyn_cast_or_null<StageOp>(owner);
    if (stage && a.value.getType().isIndex() && (constants || eliminate(a.value))) {
      unsigned number = arg.getArgNumber();
      AffineExpr extent = number < stage.getRank()
                              ? stage.getExtents().getResult(number)
                              : update.getExtents().getResult(number - stage.getRank());
      IndexExpr last = IndexExpr::get(extent, IndexExpr::size(0), IndexExpr::size(1)) - 1;
      if (!constants)
        return {IndexExpr(0), last};
      return {IndexExpr(0), boundsOf(last, eliminate, constants).high};
    }
    if (auto tap = a.value.getDefiningOp<TapOp>())
      return {IndexExpr(0), IndexExpr(int64_t(tap.getBound()) - 1)};
    if (constants)
      return {};
    return {self, self};
  }
  case IndexAtom::FloorDiv: {
    Bounds in = boundsOf(a.a, eliminate, constants);
    if (in.low)
      in.low = in.low->floorDiv(a.number);
    if (in.high)
      in.high = in.high->floorDiv(a.number);
    return in;
  }
  case IndexAtom::Mod: {
    Bounds in = boundsOf(a.a, eliminate, constants);
    if (in.low && in.high && *in.low == *in.high)
      return {in.low->mod(a.number), in.low->mod(a.number)};
    return {IndexExpr(0), IndexExpr(a.number - 1)};
  }
  case IndexAtom::Div: {
    Bounds x = boundsOf(a.a, eliminate, constants), y = boundsOf(a.b, eliminate, constants);
    if (x.low && y.low && y.high && *y.low == *y.high && !y.low->constant()) {
      Bounds result{x.low->floorDiv(*y.low), std::nullopt};
      if (x.high)
        result.high = x.high->floorDiv(*y.low);
      return result;
    }
    if (x.low && x.low->provablyNonNegative())
      return {IndexExpr(0), x.high};
    return {};
  }
  case IndexAtom::Min: {
    Bounds x = boundsOf(a.a, eliminate, constants), y = boundsOf(a.b, eliminate, constants);
    Bounds result;
    if (x.low && y.low)
      result.low = IndexExpr::min(*x.low, *y.low);
    if (x.high && y.high)
      result.high = IndexExpr::min(*x.high, *y.high);
    else
      result.high = x.high ? x.high : y.high;
    return result;
  }
  case IndexAtom::Max: {
    Bounds x = boundsOf(a.a, eliminate, constants), y = boundsOf(a.b, eliminate, constants);
    Bounds result;
    if (x.high && y.high)
      result.high = IndexExpr::max(*x.high, *y.high);
    if (x.low && y.low)
      result.low = IndexExpr::max(*x.low, *y.low);
    else
      result.low = x.low ? x.low : y.low;
    return result;
  }
  }
  llvm_unreachable("covered switch");
}

/// Sum of the terms' bounds. A product is bounded by its first atom's bounds while the others are
/// not negative.
static Bounds boundsOf(const IndexExpr &e, Eliminate eliminate, bool constants) {
  Bounds sum{IndexExpr(0), IndexExpr(0)};
  for (auto &[monomial, coefficient] : e.terms) {
    Bounds product{IndexExpr(1), IndexExpr(1)};
    for (const AtomRef &atom : monomial) {
      Bounds next = boundsOfAtom(atom, eliminate, constants);
      bool factorOk = next.low && (monomial.size() == 1 || next.low->provablyNonNegative());
      bool productOk = monomial.size() == 1 || (product.low && product.low->provablyNonNegative());
      if (monomial.size() == 1) {
        product = next;
        continue;
      }
      if (!factorOk || !productOk) {
        product = {};
        break;
      }
      product.low = *product.low * *next.low;
      if (product.high && next.high)
        product.high = *product.high * *next.high;
      else
        product.high = std::nullopt;
    }
    int64_t factor = coefficient;
    auto add = [factor](std::optional<IndexExpr> &to, const std::optional<IndexExpr> &from) {
      if (to && from)
        to = *to + *from * IndexExpr(factor);
      else
        to = std::nullopt;
    };
    add(sum.low, coefficient > 0 ? product.low : product.high);
    add(sum.high, coefficient > 0 ? product.high : product.low);
  }
  return sum;
}

static bool keepAll(Value) { return false; }

/// The quotient floor(e / d) of the product d floor(e / d), if `monomial` is one.
static const IndexAtom *quotientTimesDivisor(const IndexExpr::Monomial &monomial) {
  if (monomial.size() != 2)
    return nullptr;
  for (unsigned i : {0u, 1u}) {
    IndexExpr other;
    other.terms[{monomial[1 - i]}] = 1;
    if (monomial[i]->kind == IndexAtom::Div && monomial[i]->b == other)
      return monomial[i].get();
  }
  return nullptr;
}

/// Replaces c floor(e / n), n | c, by the bound that e - n < n floor(e / n) <= e gives: exact
/// differences such as n floor(W / n) - W become comparable. The same for c d floor(e / d) where d
/// is an expression.
static IndexExpr relaxFloors(const IndexExpr &e, bool lower) {
  IndexExpr sum;
  bool changed = false;
  for (auto &[monomial, coefficient] : e.terms) {
    const IndexAtom *f = monomial.size() == 1 ? monomial[0].get() : nullptr;
    bool down = (coefficient > 0) == lower;
    if (const IndexAtom *q = quotientTimesDivisor(monomial)) {
      sum = sum + (q->a - (down ? q->b - 1 : IndexExpr(0))) * IndexExpr(coefficient);
      changed = true;
    } else if (f && f->kind == IndexAtom::FloorDiv && coefficient % f->number == 0) {
      sum = sum + (f->a - (down ? f->number - 1 : 0)) * IndexExpr(coefficient / f->number);
      changed = true;
    } else {
      sum.terms[monomial] += coefficient;
      if (!sum.terms[monomial])
        sum.terms.erase(monomial);
    }
  }
  return changed ? relaxFloors(sum, lower) : sum;
}

std::optional<int64_t> IndexExpr::constantLower() const {
  std::optional<int64_t> best;
  for (const IndexExpr &e : {*this, relaxFloors(*this, /*lower=*/true)}) {
    auto low = boundsOf(e, keepAll, /*constants=*/true).low;
    auto value = low ? low->constant() : std::nullopt;
    if (value && (!best || *value > *best))
      best = value;
  }
  return best;
}
std::optional<int64_t> IndexExpr::constantUpper() const {
  std::optional<int64_t> best;
  for (const IndexExpr &e : {*this, relaxFloors(*this, /*lower=*/false)}) {
    auto high = boundsOf(e, keepAll, /*constants=*/true).high;
    auto value = high ? high->constant() : std::nullopt;
    if (value && (!best || *value < *best))
      best = value;
  }
  return best;
}
bool IndexExpr::provablyNonNegative() const {
  auto low = constantLower();
  return low && *low >= 0;
}

/// The loop variables of `e` for which `eliminate` holds, the one of the innermost loop first.
static void loopVariables(const IndexExpr &e, Eliminate eliminate, SmallVectorImpl<Value> &found) {
  for (auto &[monomial, coefficient] : e.terms)
    for (const AtomRef &factor : monomial) {
      if (factor->kind == IndexAtom::Value) {
        auto arg = dyn_cast<BlockArgument>(factor->value);
        if (arg && isa_and_nonnull<ForOp>(arg.getOwner()->getParentOp()) &&
            eliminate(factor->value) && !llvm::is_contained(found, factor->value))
          found.push_back(factor->value);
      } else if (factor->kind != IndexAtom::Size) {
        loopVariables(factor->a, eliminate, found);
        loopVariables(factor->b, eliminate, found);
      }
    }
}

/// Writes a - n floor(a / n) as a mod n, whose bounds do not depend on a: what fused loops make of
/// their inner variable.
static IndexExpr foldRemainders(const IndexExpr &e) {
  for (auto &[monomial, coefficient] : e.terms) {
    const IndexAtom *f = monomial.size() == 1 ? monomial[0].get() : nullptr;
    if (!f || f->kind != IndexAtom::FloorDiv || coefficient % f->number != 0)
      continue;
    int64_t times = -coefficient / f->number;
    IndexExpr rest = e;
    rest.terms.erase(monomial);
    rest = rest - f->a * IndexExpr(times);
    if (rest.terms.size() + f->a.terms.size() < e.terms.size())
      return foldRemainders(rest) + f->a.mod(f->number) * IndexExpr(times);
  }
  return e;
}

/// The extreme value of `e`: loop variables, from the innermost outwards, are replaced by the first
/// or last value of their loops, which keeps what inner loops have to do with outer ones (the last
/// tile is shorter). Where an expression is not linear in a variable, by intervals.
static IndexExpr extreme(IndexExpr e, Eliminate eliminate, bool upper) {
  for (;;) {
    // The extreme of a sum with a minimum is the minimum of two extremes.
    for (auto &[monomial, coefficient] : e.terms) {
      if (monomial.size() != 1)
        continue;
      const IndexAtom &m = *monomial[0];
      bool wanted =
          (coefficient > 0) == upper ? m.kind == IndexAtom::Min : m.kind == IndexAtom::Max;
      SmallVector<Value> inside;
      if (wanted)
        loopVariables(m.a, eliminate, inside), loopVariables(m.b, eliminate, inside);
      if (inside.empty())
        continue;
      IndexExpr rest = e;
      rest.terms.erase(monomial);
      IndexExpr first = extreme(rest + m.a * IndexExpr(coefficient), eliminate, upper),
                second = extreme(rest + m.b * IndexExpr(coefficient), eliminate, upper);
      return upper ? IndexExpr::min(first, second) : IndexExpr::max(first, second);
    }
    SmallVector<Value> variables;
    loopVariables(e, eliminate, variables);
    Value innermost;
    for (Value v : variables)
      if (!innermost || depthOf(v.getParentBlock()) > depthOf(innermost.getParentBlock()))
        innermost = v;
    auto slope = innermost ? e.coefficientOf(innermost) : std::nullopt;
    if (!slope) {
      Bounds bounds = boundsOf(foldRemainders(e), eliminate, false);
      auto &bound = upper ? bounds.high : bounds.low;
      return bound ? *bound : e;
    }
    auto loop = cast<ForOp>(cast<BlockArgument>(innermost).getOwner()->getParentOp());
    IndexExpr at = IndexExpr::get(loop.getMin());
    if ((*slope > 0) == upper)
      at = at + IndexExpr::get(loop.getExtent()) - 1;
    e = e.substitute(innermost, at);
  }
}

IndexExpr IndexExpr::lower(Eliminate eliminate) const { return extreme(*this, eliminate, false); }
IndexExpr IndexExpr::upper(Eliminate eliminate) const { return extreme(*this, eliminate, true); }

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

bool srcc::sched::staysInside(ReadOp read, unsigned dim, AffineExpr extent) {
  auto any = [](Value) { return true; };
  IndexExpr index = IndexExpr::get(read.getIndices()[dim]),
            last = IndexExpr::get(extent, IndexExpr::size(0), IndexExpr::size(1)) - 1;
  return index.lower(any).provablyNonNegative() && (last - index.upper(any)).provablyNonNegative();
}
