//===- Evaluator.cpp - How often the parts of a kernel run ------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#include "compiler/cost/Evaluator.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace srcc;
using namespace srcc::cost;

int64_t cost::evaluateAffine(AffineExpr expr, int64_t height, int64_t width) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return symbol.getPosition() == 0 ? height : width;
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return 0;
  int64_t a = evaluateAffine(binary.getLHS(), height, width);
  int64_t b = evaluateAffine(binary.getRHS(), height, width);
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return a + b;
  case AffineExprKind::Mul:
    return a * b;
  case AffineExprKind::FloorDiv:
    return b > 0 ? llvm::divideFloorSigned(a, b) : 0;
  case AffineExprKind::CeilDiv:
    return b > 0 ? llvm::divideCeilSigned(a, b) : 0;
  case AffineExprKind::Mod:
    return b > 0 ? a - b * llvm::divideFloorSigned(a, b) : 0;
  default:
    return 0;
  }
}

void Evaluator::run(ArrayRef<Instruction> code) {
  using I = Instruction;
  auto wrap = [](uint64_t v) { return int64_t(v); };
  for (const Instruction &i : code) {
    bool ofMemory = i.code == I::Load || i.code == I::Store;
    int64_t a = ofMemory ? 0 : slots[i.a], b = slots[i.b], r = 0;
    switch (i.code) {
    case I::Add:
      r = wrap(uint64_t(a) + uint64_t(b));
      break;
    case I::Sub:
      r = wrap(uint64_t(a) - uint64_t(b));
      break;
    case I::Mul:
      r = wrap(uint64_t(a) * uint64_t(b));
      break;
    case I::FloorDiv:
      r = b > 0 ? llvm::divideFloorSigned(a, b) : 0;
      break;
    case I::CeilDiv:
      r = b > 0 ? llvm::divideCeilSigned(a, b) : 0;
      break;
    case I::Div:
      r = b > 0 ? a / b : 0;
      break;
    case I::Rem:
    case I::RemU:
      r = b > 0 ? a % b : 0;
      break;
    case I::Min:
      r = std::min(a, b);
      break;
    case I::Max:
      r = std::max(a, b);
      break;
    case I::And:
      r = a & b;
      break;
    case I::Or:
      r = a | b;
      break;
    case I::Xor:
      r = a ^ b;
      break;
    case I::Shl:
      r = b >= 0 && b < 63 ? wrap(uint64_t(a) << b) : 0;
      break;
    case I::Shr:
      r = b >= 0 && b < 63 ? a >> b : 0;
      break;
    case I::Select:
      r = a ? b : slots[i.c];
      break;
    case I::Copy:
      r = a;
      break;
    case I::Eq:
      r = a == b;
      break;
    case I::Ne:
      r = a != b;
      break;
    case I::Lt:
      r = a < b;
      break;
    case I::Le:
      r = a <= b;
      break;
    case I::Gt:
      r = a > b;
      break;
    case I::Ge:
      r = a >= b;
      break;
    case I::Load: {
      const std::vector<int32_t> *values = nullptr;
      if (i.a < int(launch.arguments.size()))
        values = &buffers[launch.arguments[i.a]].values;
      else if (auto own = tables.find(i.a); own != tables.end())
        values = &own->second;
      r = values && b >= 0 && b < int64_t(values->size()) ? (*values)[b] : 0;
      break;
    }
    case I::Store: {
      if (!filling || b < 0 || b >= mostOfTable)
        break;
      std::vector<int32_t> &own = tables[i.a];
      own.resize(std::max(own.size(), size_t(b) + 1));
      own[b] = int32_t(slots[i.c]);
      break;
    }
    }
    slots[i.to] = r;
  }
}

/// How often the nodes [node, end) run while `node` is visited once: its condition is looked at, or
/// its loop runs from start to end.
const std::vector<double> &Evaluator::subtree(int n) {
  const Node &node = tree.nodes[n];
  std::vector<int64_t> key;
  key.reserve(node.inputs.size());
  for (int slot : node.inputs)
    key.push_back(slots[slot]);
  auto [place, isNew] = cache[n].try_emplace(std::move(key));
  std::vector<double> &result = place->second;
  if (!isNew)
    return result;
  result.assign(node.end - n, 0);
  auto body = [&](double weight) {
    run(node.control);
    result[0] += weight;
    for (int child = n + 1; child < node.end; child = tree.nodes[child].end) {
      const std::vector<double> &inner = subtree(child);
      for (size_t i = 0; i < inner.size(); ++i)
        result[child - n + i] += weight * inner[i];
    }
  };
  switch (node.kind) {
  case NodeKind::Root:
    body(1);
    break;
  case NodeKind::Then:
    if (tree.opaque[node.condition] || slots[node.condition])
      body(1);
    break;
  case NodeKind::Else:
    if (!tree.opaque[node.condition] && !slots[node.condition])
      body(1);
    break;
  case NodeKind::Loop: {
    int64_t trip = tripOf(node), lower = slots[node.lower], step = slots[node.step];
    bool matters = false;
    for (int m = n; m < node.end && !matters; ++m) {
      for (const Instruction &i : tree.nodes[m].control)
        matters |= i.a == node.iv || i.b == node.iv || i.c == node.iv;
      matters |= tree.nodes[m].lower == node.iv || tree.nodes[m].upper == node.iv;
    }
    if (!matters || !trip) {
      slots[node.iv] = lower;
      if (trip)
        body(double(trip));
      break;
    }
    // Long loops are looked at in evenly spread places, their ends one by one.
    constexpr int64_t most = 512, ends = 64;
    if (trip <= most) {
      for (int64_t i = 0; i < trip; ++i)
        slots[node.iv] = lower + i * step, body(1);
      break;
    }
    int64_t middle = trip - 2 * ends, samples = most - 2 * ends;
    for (int64_t i = 0; i < ends; ++i) {
      slots[node.iv] = lower + i * step, body(1);
      slots[node.iv] = lower + (trip - 1 - i) * step, body(1);
    }
    for (int64_t i = 0; i < samples; ++i) {
      slots[node.iv] = lower + (ends + i * middle / samples) * step;
      body(double(middle) / samples);
    }
    break;
  }
  }
  return result;
}

/// Visits work-groups and work-items; where many are alike, some of them with weights.
void Evaluator::enumerate(int dimension, double weight, Counts &counts) {
  if (dimension == 6) {
    const std::vector<double> &runs = subtree(0);
    for (size_t i = 0; i < runs.size(); ++i)
      counts.runs[i] += weight * runs[i];
    return;
  }
  bool thread = dimension >= 3;
  int slot = thread ? tree.threadId[dimension - 3] : tree.blockId[dimension];
  int64_t size = thread ? group[dimension - 3] : grid[dimension];
  if (!tree.usesGrid(slot)) {
    set(slot, 0);
    return enumerate(dimension + 1, weight * size, counts);
  }
  constexpr int64_t most = 16, ends = 4;
  if (size <= most) {
    for (int64_t i = 0; i < size; ++i)
      set(slot, i), enumerate(dimension + 1, weight, counts);
    return;
  }
  for (int64_t i = 0; i < ends; ++i) {
    set(slot, i), enumerate(dimension + 1, weight, counts);
    set(slot, size - 1 - i), enumerate(dimension + 1, weight, counts);
  }
  int64_t middle = size - 2 * ends, samples = most - 2 * ends;
  for (int64_t i = 0; i < samples; ++i) {
    set(slot, ends + i * middle / samples);
    enumerate(dimension + 1, weight * middle / samples, counts);
  }
}

/// Sets the nodes [from, to) to the middle of their loops and computes all their integers.
void Evaluator::reference(int from, int to) {
  for (int n = from; n < to; ++n) {
    const Node &node = tree.nodes[n];
    if (node.kind == NodeKind::Loop)
      slots[node.iv] =
          slots[node.lower] + tripOf(node) / 2 * std::max<int64_t>(slots[node.step], 1);
    run(node.code);
  }
}

/// Runs the loops that write tables, with ids and all loops around them in the middle: what else
/// their values depend on stays as it is there.
void Evaluator::fillTables() {
  for (int i = 0; i < 3; ++i)
    set(tree.blockId[i], grid[i] / 2), set(tree.threadId[i], group[i] / 2);
  reference(0, tree.nodes.size());
  for (int n = 0; n < int(tree.nodes.size()); ++n) {
    const Node &node = tree.nodes[n];
    if (!node.fills)
      continue;
    int64_t trip = std::min(tripOf(node), mostOfTable);
    int64_t lower = slots[node.lower], step = slots[node.step];
    filling = true;
    for (int64_t i = 0; i < trip; ++i)
      slots[node.iv] = lower + i * step, run(node.code);
    filling = false;
    reference(0, tree.nodes.size()); // what is read from it
  }
}

Counts Evaluator::count(const CacheSizes &caches) {
  Counts counts;
  counts.groups = double(grid[0]) * grid[1] * grid[2];
  counts.threads = double(group[0]) * group[1] * group[2];
  counts.runs.assign(tree.nodes.size(), 0);
  fillTables();
  enumerate(0, 1, counts);
  counts.entries.assign(tree.nodes.size(), 0);
  for (size_t n = 1; n < tree.nodes.size(); ++n)
    counts.entries[n] = counts.runs[tree.nodes[n].parent];
  traffic(counts, caches);
  return counts;
}