//===- TapAddresses.cpp - Addresses of taps, computed once --------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/schedule/TapAddresses.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Remarks.h"

#define DEBUG_TYPE "sched-flatten-storage"

using namespace mlir;
using namespace srcc::sched;

/// Whether a value is computed from a loop's variable.
static bool comesFrom(Value value, Value iv) {
  if (value == iv)
    return true;
  Operation *op = value.getDefiningOp();
  return op && llvm::any_of(op->getOperands(), [&](Value v) { return comesFrom(v, iv); });
}

/// The operation around `loop` before which `address` can be computed for all taps; none if it
/// needs more of the loop than the tap, or if lists are not run over again inside, so that nothing
/// is gained.
Operation *TapAddresses::outside(ForOp loop, const IndexExpr &address) {
  llvm::SmallPtrSet<Block *, 4> needed;
  (void)address.rewrite([&](const IndexAtom &atom) -> std::optional<IndexExpr> {
    auto number = atom.value ? numbers.find(atom.value) : numbers.end();
    if (atom.value && (number == numbers.end() || number->second.loop != loop))
      needed.insert(Value(atom.value).getParentBlock());
    return std::nullopt;
  });
  for (Block *block : needed)
    if (loop->isProperAncestor(block->getParentOp()) || loop == block->getParentOp())
      return nullptr; // known at the tap alone
  bool again = false;
  Operation *before = loop;
  while (!needed.contains(before->getBlock()) && before->getParentOp() != func) {
    Operation *parent = before->getParentOp();
    if (auto around = dyn_cast<ForOp>(parent)) {
      if (around.getKind() == LoopKind::GpuBlock || around.getKind() == LoopKind::GpuThread)
        break; // these are no loops of a work-item
      again |= !comesFrom(loop.getMin(), around.getIv()) &&
               IndexExpr::get(around.getExtent()).constant() != 1;
    }
    before = parent;
  }
  return again ? before : nullptr;
}

/// Computes `address` for all taps.
Value TapAddresses::fill(TapNumber tap, const IndexExpr &address, Operation *before) {
  Location loc = tap.loop.getLoc();
  Type i32 = IntegerType::get(func.getContext(), 32);
  OpBuilder builder = OpBuilder::atBlockBegin(&func.getBody().front());
  Location name = NameLoc::get(builder.getStringAttr(tap.taps + "_addresses"), loc);
  Value table = memref::AllocaOp::create(builder, name, MemRefType::get({roomOf(tap.taps)}, i32));

  builder.setInsertionPoint(before);
  auto load = [&](StringRef from, const IndexExpr &at) -> Value {
    Location name = NameLoc::get(builder.getStringAttr(from), loc);
    Value number =
        memref::LoadOp::create(builder, name, memory.lookup(from), at.materialize(builder, loc));
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(), number);
  };
  IndexExpr steps = IndexExpr::get(load(tap.lists, ends(tap.lists)));
  Value count = (steps * IndexExpr(tap.step)).materialize(builder, loc);
  auto all = ForOp::create(builder, loc, tap.loop.getName(), LoopKind::Serial,
                           IndexExpr(0).materialize(builder, loc), count, /*axis=*/int64_t(0));
  builder.setInsertionPointToStart(&all.getBody().front());
  IndexExpr one = address;
  for (auto &[number, other] : numbers)
    if (other.loop == tap.loop && one.dependsOn(number))
      one = one.substitute(number,
                           IndexExpr::get(load(tap.taps, IndexExpr::get(all.getIv()) *
                                                                 IndexExpr(extent(tap.taps, 1)) +
                                                             other.column)));
  Value entry = arith::IndexCastOp::create(builder, loc, i32, one.materialize(builder, loc));
  memref::StoreOp::create(builder, loc, entry, table, all.getIv());
  return table;
}

/// The body of the innermost of the loops whose variables are in `tap`.
static Block *innermost(const IndexExpr &tap) {
  Block *found = nullptr;
  for (auto &term : tap.terms)
    for (auto &atom : term.first)
      if (auto iv = dyn_cast_or_null<BlockArgument>(atom->value))
        if (!found || found->getParentOp()->isAncestor(iv.getOwner()->getParentOp()))
          found = iv.getOwner();
  return found;
}

/// The entry of the tap that `number` is of.
IndexExpr TapAddresses::find(Table &table, Value number) {
  const IndexExpr &tap = numbers.find(number)->second.tap;
  auto [found, isNew] = table.found.try_emplace(tap);
  if (isNew) {
    OpBuilder builder(func.getContext());
    builder.setInsertionPointToStart(innermost(tap));
    Location loc = table.memory.getLoc();
    Value entry = memref::LoadOp::create(builder, loc, table.memory, tap.materialize(builder, loc));
    found->second = IndexExpr::get(
        arith::IndexCastOp::create(builder, loc, builder.getIndexType(), entry).getResult());
  }
  return found->second;
}

/// The variables of loops that run once, replaced.
static IndexExpr withoutUnitLoops(const IndexExpr &e) {
  return e.rewrite([](const IndexAtom &atom) -> std::optional<IndexExpr> {
    auto iv = dyn_cast_or_null<BlockArgument>(atom.value);
    auto loop = iv ? dyn_cast<ForOp>(iv.getOwner()->getParentOp()) : ForOp();
    if (!loop || IndexExpr::get(loop.getExtent()).constant() != 1)
      return std::nullopt;
    return withoutUnitLoops(IndexExpr::get(loop.getMin()));
  });
}

IndexExpr TapAddresses::tabulate(const IndexExpr &given) {
  IndexExpr place = numbers.empty() ? given : withoutUnitLoops(given);
  constexpr int64_t most = 16384; // entries of a work-item's tables
  IndexExpr address, rest = place;
  std::optional<TapNumber> tap;
  Value of;
  for (auto &[monomial, coefficient] : place.terms) {
    IndexExpr term;
    term.terms[monomial] = coefficient;
    for (auto &[number, other] : numbers)
      if (term.dependsOn(number)) {
        if (tap && (tap->loop != other.loop || !(tap->tap == other.tap)))
          return place;
        tap = other;
        of = number;
        address = address + term;
        rest = rest - term;
        break;
      }
  }
  if (!tap)
    return place;
  // In the same numbers as other taps of a step.
  for (auto &[number, other] : numbers)
    if (other.loop == tap->loop && address.dependsOn(number))
      for (auto &[first, same] : numbers)
        if (same.loop == other.loop && same.taps == other.taps && same.column == other.column) {
          address = address.substitute(number, IndexExpr::get(first));
          break;
        }
  for (Table &table : tables)
    if (table.loop == tap->loop && table.address == address)
      return rest + find(table, of);
  Operation *before = outside(tap->loop, address);
  if (!before)
    return place;
  int64_t room = roomOf(tap->taps);
  if (entries + room > most) {
    remark::missed(tap->loop.getLoc(), remark::RemarkOpts::name("Tabulate").category(DEBUG_TYPE))
        << remark::add("addresses of @{0} are computed at each tap: {1} entries of tables would "
                       "follow {2} of this kernel, which may have {3}",
                       tap->taps, room, entries, most);
    return place;
  }
  entries += room;
  tables.push_back({tap->loop, address, fill(*tap, address, before), {}});
  return rest + find(tables.back(), of);
}
