//===- PieceCounts.cpp - What the code of a block needs ---------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#include "compiler/cost/PieceCounts.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace srcc;
using namespace srcc::cost;

bool cost::isRegister(Value memref) { return cast<MemRefType>(memref.getType()).getRank() == 0; }

bool cost::isIndexLike(Type type) { return type.isIndex() || type.isSignlessInteger(); }

std::optional<MemoryUse> cost::memoryUseOf(Operation &op) {
  auto first = [](ValueRange indices) { return indices.empty() ? Value() : indices.front(); };
  using Result = std::optional<MemoryUse>;
  return llvm::TypeSwitch<Operation *, Result>(&op)
      .Case([&](memref::LoadOp l) {
        return MemoryUse{l.getMemRef(), first(l.getIndices()), l.getResult(), false, false};
      })
      .Case([&](vector::LoadOp l) {
        return MemoryUse{l.getBase(), first(l.getIndices()), l.getResult(), false, false};
      })
      .Case([&](ocl::VLoadHalfOp l) {
        return MemoryUse{l.getMemory(), l.getIndex(), l.getResult(), false, true};
      })
      .Case([&](memref::StoreOp s) {
        return MemoryUse{s.getMemRef(), first(s.getIndices()), s.getValue(), true, false};
      })
      .Case([&](vector::StoreOp s) {
        return MemoryUse{s.getBase(), first(s.getIndices()), s.getValueToStore(), true, false};
      })
      .Case([&](ocl::VStoreHalfOp s) {
        return MemoryUse{s.getMemory(), s.getIndex(), s.getValue(), true, true};
      })
      .Case([&](ocl::TexelLoadOp l) {
        return MemoryUse{l.getMemory(), l.getTexel(), l.getResult(), false, false};
      })
      .Case([&](ocl::TexelStoreOp s) {
        return MemoryUse{s.getMemory(), s.getTexel(), s.getValue(), true, false};
      })
      .Default([](Operation *) { return Result(); });
}

/// An address without what is constant in it, which processors add for nothing.
static Value baseOf(Value address) {
  APInt constant;
  while (auto add = address.getDefiningOp<arith::AddIOp>()) {
    if (matchPattern(add.getRhs(), m_ConstantInt(&constant)))
      address = add.getLhs();
    else if (matchPattern(add.getLhs(), m_ConstantInt(&constant)))
      address = add.getRhs();
    else
      break;
  }
  return address;
}

float cost::countAddresses(Block &body) {
  llvm::SmallDenseSet<std::pair<Value, Value>> bases;
  for (Operation &op : body)
    if (auto use = memoryUseOf(op); use && use->index && !isRegister(use->memref))
      bases.insert({use->memref, baseOf(use->index)});
  return bases.size();
}

float cost::longestChain(Block &body) {
  float longest = 0;
  for (Operation &op : body) {
    // Values between the read of a variable and its write wait for each other.
    auto store = dyn_cast<memref::StoreOp>(op);
    if (!store || !isRegister(store.getMemRef()))
      continue;
    float length = 0;
    Value value = store.getValue();
    while (Operation *def = value.getDefiningOp()) {
      if (def->getBlock() != &body)
        break;
      if (auto fma = dyn_cast<math::FmaOp>(def))
        value = fma.getC();
      else if (isa<arith::AddFOp, arith::MaxNumFOp, arith::MinNumFOp, arith::MaximumFOp,
                   arith::MinimumFOp>(def))
        value = def->getOperand(0);
      else
        break;
      length += 1;
    }
    auto load = value.getDefiningOp<memref::LoadOp>();
    if (load && load.getMemRef() == store.getMemRef() && load->getBlock() == &body)
      longest = std::max(longest, length);
  }
  return longest;
}

double cost::registersOfType(Type type) {
  if (auto vector = dyn_cast<VectorType>(type))
    return vector.getNumElements() * std::max(1u, vector.getElementTypeBitWidth() / 32u) *
           (vector.getElementTypeBitWidth() == 16 ? 0.5 : 1.0);
  return 1;
}
double cost::variableRegisters(Block &body) {
  double sum = 0;
  for (Operation &op : body)
    if (auto alloca = dyn_cast<memref::AllocaOp>(op); alloca && !alloca.getType().getRank())
      sum += registersOfType(alloca.getType().getElementType());
  return sum;
}

double cost::valueRegisters(Block &body, const llvm::DenseMap<Value, Value> &sameAs) {
  // Places read once and used by several operations stay in registers from the first to the last
  // use.
  llvm::DenseMap<Value, std::pair<int, int>> ranges;
  int at = 0;
  for (Operation &op : body) {
    ++at;
    for (Value operand : op.getOperands()) {
      auto same = sameAs.find(operand);
      Value value = same == sameAs.end() ? operand : same->second;
      Operation *def = value.getDefiningOp();
      if (!def || def->getBlock() != &body || isa<MemRefType>(value.getType()) ||
          def->hasTrait<OpTrait::ConstantLike>())
        continue;
      if (isIndexLike(value.getType()))
        continue;
      if (auto load = dyn_cast<memref::LoadOp>(def); load && isRegister(load.getMemRef()))
        continue;
      if (isa<vector::BroadcastOp>(def))
        continue;
      auto [range, isNew] = ranges.try_emplace(value, std::pair(at, at));
      range->second.second = at;
    }
  }
  std::vector<double> change(at + 2);
  for (auto &[value, range] : ranges) {
    change[range.first] += registersOfType(value.getType());
    change[range.second + 1] -= registersOfType(value.getType());
  }
  double alive = 0, most = 0;
  for (double c : change)
    most = std::max(most, alive += c);
  return most;
}
