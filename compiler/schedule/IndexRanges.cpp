//===- IndexRanges.cpp - Bounds of symbolic indices -----------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/schedule/IndexExpr.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <numeric>

using namespace mlir;
using namespace srcc::sched;

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

namespace {
/// expr / scale.
struct Ratio {
  IndexExpr expr;
  int64_t scale;
};
} // namespace

/// Replaces c floor(e / n) by the bound that e - n < n floor(e / n) <= e gives: differences such as
/// n floor(W / n) - W become comparable. Where n does not divide c, everything is multiplied by as
/// much as it takes, up to `mostScale`. The same for c d floor(e / d) where d is an expression.
static Ratio relaxFloors(IndexExpr e, bool lower, int64_t mostScale) {
  int64_t scale = 1;
  for (bool changed = true; changed;) {
    changed = false;
    int64_t times = 1;
    uint64_t largest = 1;
    for (auto &[monomial, coefficient] : e.terms)
      largest = std::max(largest, llvm::AbsoluteValue(coefficient));
    for (auto &[monomial, coefficient] : e.terms)
      if (monomial.size() == 1 && monomial[0]->kind == IndexAtom::FloorDiv)
        if (int64_t number = monomial[0]->number; number <= mostScale)
          if (int64_t more = std::lcm(times, number / std::gcd(number, coefficient));
              scale * more <= mostScale && largest < (uint64_t(1) << 50) / uint64_t(more))
            times = more;
    scale *= times;
    IndexExpr sum;
    for (auto &[monomial, unscaled] : e.terms) {
      int64_t coefficient = unscaled * times;
      const IndexAtom *f = monomial.size() == 1 ? monomial[0].get() : nullptr;
      bool down = (coefficient > 0) == lower;
      if (const IndexAtom *q = quotientTimesDivisor(monomial)) {
        sum = sum + (q->a - (down ? q->b - 1 : IndexExpr(0))) * IndexExpr(coefficient);
        changed = true;
      } else if (f && f->kind == IndexAtom::FloorDiv && coefficient % f->number == 0) {
        sum = sum + (f->a - (down ? f->number - 1 : 0)) * IndexExpr(coefficient / f->number);
        changed = true;
      } else {
        IndexExpr same;
        same.terms[monomial] = coefficient;
        sum = sum + same;
      }
    }
    e = std::move(sum);
  }
  return {std::move(e), scale};
}

/// Whether relaxFloors would change something.
static bool hasFloors(const IndexExpr &e) {
  return llvm::any_of(e.terms, [](auto &term) {
    return (term.first.size() == 1 && term.first[0]->kind == IndexAtom::FloorDiv) ||
           quotientTimesDivisor(term.first);
  });
}

/// Replaces floor((a + c) / n) - floor(a / n), where c is a constant, by its bound: the least of
/// these differences is floor(c / n), the greatest ceil(c / n).
static IndexExpr relaxPairs(IndexExpr e, bool lower) {
  auto isFloor = [](const auto &term) {
    return term.first.size() == 1 && term.first[0]->kind == IndexAtom::FloorDiv;
  };
  auto pairOf = [&]() -> std::optional<IndexExpr> {
    for (auto &plus : e.terms)
      for (auto &minus : e.terms) {
        if (!isFloor(plus) || !isFloor(minus) || plus.second <= 0 || minus.second >= 0)
          continue;
        const IndexAtom &a = *plus.first[0], &b = *minus.first[0];
        auto offset = a.number == b.number ? (a.a - b.a).constant() : std::nullopt;
        if (!offset)
          continue;
        int64_t times = std::min(plus.second, -minus.second);
        IndexExpr pair;
        pair.terms[plus.first] = times;
        pair.terms[minus.first] = -times;
        return e - pair +
               times * (lower ? llvm::divideFloorSigned(*offset, a.number)
                              : llvm::divideCeilSigned(*offset, a.number));
      }
    return std::nullopt;
  };
  while (auto next = pairOf())
    e = std::move(*next);
  return e;
}

/// The best bound of `e` as it is, with pairs of floors relaxed, with floors whose divisors divide
/// their coefficients, and with all; no better one is looked for than `enough`.
static std::optional<int64_t> bestBound(const IndexExpr &e, bool lower,
                                        std::optional<int64_t> enough = std::nullopt) {
  std::optional<int64_t> best;
  auto better = [&](const Ratio &of) {
    Bounds bounds = boundsOf(of.expr, keepAll, /*constants=*/true);
    auto &bound = lower ? bounds.low : bounds.high;
    auto value = bound ? bound->constant() : std::nullopt;
    if (!value)
      return;
    int64_t rounded = lower ? llvm::divideCeilSigned(*value, of.scale)
                            : llvm::divideFloorSigned(*value, of.scale);
    best = !best ? rounded : lower ? std::max(*best, rounded) : std::min(*best, rounded);
  };
  auto done = [&] { return best && enough && (lower ? *best >= *enough : *best <= *enough); };
  better({e, 1});
  if (done() || !hasFloors(e))
    return best;
  if (IndexExpr paired = relaxPairs(e, lower); !(paired == e))
    better(relaxFloors(paired, lower, 1));
  if (done())
    return best;
  Ratio whole = relaxFloors(e, lower, 1);
  better(whole);
  if (!done() && hasFloors(whole.expr))
    better(relaxFloors(e, lower, 1 << 20));
  return best;
}

std::optional<int64_t> IndexExpr::constantLower() const { return bestBound(*this, true); }
std::optional<int64_t> IndexExpr::constantUpper() const { return bestBound(*this, false); }
bool IndexExpr::provablyNonNegative() const {
  auto low = bestBound(*this, true, 0);
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

bool srcc::sched::staysInside(ReadOp read, unsigned dim, AffineExpr extent) {
  auto any = [](Value) { return true; };
  IndexExpr index = IndexExpr::get(read.getIndices()[dim]),
            last = IndexExpr::get(extent, IndexExpr::size(0), IndexExpr::size(1)) - 1;
  return index.lower(any).provablyNonNegative() && (last - index.upper(any)).provablyNonNegative();
}
