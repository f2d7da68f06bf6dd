//===- Evaluator.h - How often the parts of a kernel run ----------------------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_COST_EVALUATOR_H
#define SRCC_COMPILER_COST_EVALUATOR_H

#include "compiler/cost/KernelTree.h"

#include "llvm/Support/MathExtras.h"

#include <map>

namespace srcc::cost {

/// Runs the integer arithmetic of a kernel for one launch at one size.
class Evaluator {
public:
  Evaluator(const KernelTree &tree, const Launch &launch, llvm::ArrayRef<Table> buffers,
            int64_t height, int64_t width)
      : tree(tree), launch(launch), buffers(buffers), slots(tree.slots), cache(tree.nodes.size()) {
    for (auto &[slot, value] : tree.constants)
      slots[slot] = value;
    set(tree.heightSlot, height);
    set(tree.widthSlot, width);
    for (int i = 0; i < 3; ++i) {
      grid[i] =
          i < int(launch.blocks.getNumResults())
              ? std::max<int64_t>(0, evaluateAffine(launch.blocks.getResult(i), height, width))
              : 1;
      group[i] =
          i < int(launch.threads.getNumResults())
              ? std::max<int64_t>(1, evaluateAffine(launch.threads.getResult(i), height, width))
              : 1;
      set(tree.gridDim[i], grid[i]);
      set(tree.blockDim[i], group[i]);
    }
  }

  Counts count(const CacheSizes &caches);

private:
  friend class Traffic;

  void set(int slot, int64_t value) {
    if (slot >= 0)
      slots[slot] = value;
  }
  void run(llvm::ArrayRef<Instruction> code);
  const std::vector<double> &subtree(int node);
  void enumerate(int dimension, double weight, Counts &counts);
  void reference(int from, int to);
  void fillTables();
  int64_t tripOf(const Node &node) const {
    int64_t step = slots[node.step];
    if (step <= 0 || slots[node.upper] <= slots[node.lower])
      return 0;
    return llvm::divideCeil(uint64_t(slots[node.upper]) - uint64_t(slots[node.lower]),
                            uint64_t(step));
  }
  /// Traffic.cpp has it.
  void traffic(Counts &counts, const CacheSizes &caches);

  const KernelTree &tree;
  const Launch &launch;
  llvm::ArrayRef<Table> buffers;
  std::vector<int64_t> slots;
  /// Integers that the kernel writes into private memory, by the number of the memory.
  std::map<int, std::vector<int32_t>> tables;
  static constexpr int64_t mostOfTable = 1 << 20;
  bool filling = false; ///< Store writes
  std::array<int64_t, 3> grid, group;
  /// How often the nodes of a subtree run, by the values that decide it.
  std::vector<std::map<std::vector<int64_t>, std::vector<double>>> cache;
};
} // namespace srcc::cost

#endif // SRCC_COMPILER_COST_EVALUATOR_H
