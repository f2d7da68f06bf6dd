//===- Spills.cpp - Values beyond the registers -----------------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
// The code of a block is a sequence of uses and definitions of values. Where a value needs a
// register and all are taken, the one whose next use is farthest away leaves it (Belady's rule,
// which no allocation beats): it is written unless memory has it, and read again for its next use.
// Operands of one operation may take each other's registers, so it is a lower bound.
//===------------------------------------------------------------------------------------------===//
#include "compiler/cost/PieceCounts.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace srcc;
using namespace srcc::cost;

namespace {

/// A use or definition of a value. What comes from memory is read where it is first used, and that
/// is counted elsewhere; if nothing else uses it, it is an operand without a register.
struct Event {
  enum Kind { Use, Define, Read, Room } kind;
  int value = 0;
  double room = 0; ///< registers that the blocks inside of an operation need
};

class Sequence {
public:
  Sequence(Block &body, const llvm::DenseMap<Value, Value> &sameAs) : body(body), sameAs(sameAs) {
    for (Operation &op : body)
      operation(op);
  }
  /// 32-bit registers read or written in one pass, with so many registers.
  double spills(double registers) const;

private:
  static bool isVariable(Value v) { return isa<MemRefType>(v.getType()) && isRegister(v); }
  static Type typeOf(Value v) {
    return isVariable(v) ? cast<MemRefType>(v.getType()).getElementType() : v.getType();
  }
  int numberOf(Value value, double size) {
    auto [place, isNew] = numbers.try_emplace(value, int(sizes.size()));
    if (isNew) {
      sizes.push_back(size);
      outside.push_back(value.getParentBlock() != &body);
    }
    return place->second;
  }
  /// What stands for a value: the variable it is read from, the first of equal reads and
  /// broadcasts. None for what needs no register of its own.
  Value standing(Value value) {
    auto same = sameAs.find(value);
    if (same != sameAs.end())
      value = same->second;
    Operation *def = value.getDefiningOp();
    if (isVariable(value))
      return value;
    if (isa<MemRefType>(value.getType()) || isIndexLike(getElementTypeOrSelf(value.getType())) ||
        (def && def->hasTrait<OpTrait::ConstantLike>()))
      return {};
    if (auto load = dyn_cast_or_null<memref::LoadOp>(def); load && isRegister(load.getMemRef()))
      return load.getMemRef();
    if (auto broadcast = dyn_cast_or_null<vector::BroadcastOp>(def)) {
      Value source = broadcast.getSource();
      if (auto first = sameAs.find(source); first != sameAs.end())
        source = first->second;
      return broadcasts.try_emplace({source, broadcast.getType()}, value).first->second;
    }
    return value;
  }
  void use(Value operand) {
    Value value = standing(operand);
    if (!value)
      return;
    bool isNew = !numbers.count(value);
    int number = numberOf(value, registersOfType(typeOf(value)));
    bool read = isNew && !isVariable(value) && !outside[number];
    bool one = value.getDefiningOp<vector::BroadcastOp>() != nullptr;
    events.push_back({!read ? Event::Use : one ? Event::Define : Event::Read, number});
  }
  void define(Value value) {
    events.push_back({Event::Define, numberOf(value, registersOfType(typeOf(value)))});
  }
  void operation(Operation &op);

  Block &body;
  const llvm::DenseMap<Value, Value> &sameAs;
  llvm::DenseMap<Value, int> numbers;
  llvm::DenseMap<std::pair<Value, Type>, Value> broadcasts;
  std::vector<double> sizes;
  std::vector<bool> outside; // alive before the block, and after it
  std::vector<Event> events;
};

} // namespace

/// 32-bit registers that the blocks inside of an operation need, and what they use from outside.
static double roomOf(Operation &op, const llvm::DenseMap<Value, Value> &sameAs,
                     llvm::SetVector<Value> &used) {
  double most = 0;
  op.walk([&](Block *block) {
    llvm::SmallDenseSet<Value> variables;
    double sum = valueRegisters(*block, sameAs);
    for (Operation &inner : *block)
      for (Value operand : inner.getOperands()) {
        Operation *def = operand.getDefiningOp();
        bool variable = isa<MemRefType>(operand.getType()) && isRegister(operand);
        if (variable && variables.insert(operand).second)
          sum += registersOfType(cast<MemRefType>(operand.getType()).getElementType());
        bool value = !isa<MemRefType>(operand.getType()) && def &&
                     !def->hasTrait<OpTrait::ConstantLike>() &&
                     !isIndexLike(getElementTypeOrSelf(operand.getType()));
        if ((variable || value) && def && !op.isAncestor(def))
          used.insert(operand);
      }
    most = std::max(most, sum);
  });
  return most;
}

void Sequence::operation(Operation &op) {
  if (op.hasTrait<OpTrait::ConstantLike>() || isa<memref::AllocaOp, vector::BroadcastOp>(op))
    return;
  if (op.getNumRegions()) {
    llvm::SetVector<Value> used;
    double room = roomOf(op, sameAs, used);
    for (Value value : used) {
      use(value);
      room -= registersOfType(typeOf(value));
    }
    events.push_back({Event::Room, 0, std::max(room, 0.0)});
    return;
  }
  if (auto store = dyn_cast<memref::StoreOp>(op); store && isRegister(store.getMemRef())) {
    Value value = standing(store.getValue());
    // What was computed for the variable alone is the variable's already.
    if (!value || value != store.getMemRef())
      use(store.getValue());
    define(store.getMemRef());
    return;
  }
  if (auto access = memoryUseOf(op); access && !access->store)
    return; // appears where it is used
  for (Value operand : op.getOperands())
    use(operand);
  for (Value result : op.getResults()) {
    auto store = result.hasOneUse() ? dyn_cast<memref::StoreOp>(*result.user_begin()) : nullptr;
    if (store && store->getBlock() == &body && isRegister(store.getMemRef()))
      numbers[result] = numberOf(store.getMemRef(), registersOfType(result.getType()));
    if (standing(result))
      define(result);
  }
}

double Sequence::spills(double registers) const {
  constexpr int never = 1 << 30;
  bool loop = isa<scf::ForOp>(body.getParentOp());
  int length = int(events.size()), passes = loop ? 2 : 1;
  // Of each event the next of its value; a definition ends what was before it.
  std::vector<int> next(length * passes, never), last(sizes.size(), never);
  for (int v = 0; v < int(sizes.size()); ++v)
    if (outside[v])
      last[v] = length * passes;
  for (int i = length * passes - 1; i >= 0; --i) {
    const Event &event = events[i % length];
    if (event.kind == Event::Room)
      continue;
    next[i] = last[event.value];
    last[event.value] = event.kind == Event::Use ? i : never;
  }
  struct State {
    bool held = false, stored = false, spilled = false;
    int next = never;
  };
  std::vector<State> states(sizes.size());
  std::vector<int> held;
  double taken = 0, moved = 0;
  bool counts = false;
  auto release = [&](size_t at) {
    states[held[at]].held = false;
    taken -= sizes[held[at]];
    held[at] = held.back();
    held.pop_back();
  };
  auto makeRoom = [&](double room) {
    while (taken + room > registers && !held.empty()) {
      size_t farthest = 0;
      for (size_t h = 1; h < held.size(); ++h)
        if (states[held[h]].next > states[held[farthest]].next)
          farthest = h;
      State &state = states[held[farthest]];
      if (state.next < never) {
        moved += counts && !state.stored ? sizes[held[farthest]] : 0;
        state.stored = state.spilled = true;
      }
      release(farthest);
    }
  };
  for (int i = 0; i < length * passes; ++i) {
    counts = i >= length * (passes - 1);
    const Event &event = events[i % length];
    if (event.kind == Event::Room) {
      makeRoom(event.room);
      continue;
    }
    State &state = states[event.value];
    if (event.kind == Event::Read && next[i] == never)
      continue;
    if (!state.held) {
      makeRoom(sizes[event.value]);
      // What comes from outside is in its register at the start.
      if (event.kind == Event::Use && state.spilled)
        moved += counts ? sizes[event.value] : 0;
      state.held = true;
      held.push_back(event.value);
      taken += sizes[event.value];
    }
    if (event.kind != Event::Use)
      state.stored = state.spilled = false;
    state.next = next[i];
    if (state.next == never)
      release(llvm::find(held, event.value) - held.begin());
  }
  return moved;
}

std::array<float, spillKinds> cost::spillsOf(Block &body,
                                             const llvm::DenseMap<Value, Value> &sameAs) {
  Sequence sequence(body, sameAs);
  std::array<float, spillKinds> result{};
  for (int k = 0; k < spillKinds; ++k)
    if (!k || result[k - 1] > 0) // more registers never need more
      result[k] = float(sequence.spills(double(leastSpillRegisters << k)));
  return result;
}
