//===- KernelTree.h - A kernel as loops, branches and pieces ------------------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
// What a kernel is to the counters: made by TreeBuilder.cpp, read by Evaluator.cpp and Traffic.cpp.
//===------------------------------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_COST_KERNELTREE_H
#define SRCC_COMPILER_COST_KERNELTREE_H

#include "compiler/cost/KernelFeatures.h"

namespace srcc::cost {

/// An integer operation over slots: numbered values of sizes, ids, loop variables and what is made
/// of them. Load reads the integer in place b of memory a, Store writes c there.
struct Instruction {
  enum Code : uint8_t {
    Add,
    Sub,
    Mul,
    FloorDiv,
    CeilDiv,
    Div,
    Rem,
    RemU,
    Min,
    Max,
    And,
    Or,
    Xor,
    Shl,
    Shr,
    Select,
    Copy,
    Load,
    Store,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge
  } code;
  /// Slots, but a memory `a` of Load and Store. Nothing reads `to` of Store.
  int to = 0, a = 0, b = 0, c = 0;
};

/// One read or write, where and of how many bytes.
struct Access {
  int memory = 0;             // argument, or behind those: private and local memory
  int node = 0, address = -1; // slot of the index of its first element, or -1: not known
  int bytes = 4, elementBytes = 4;
  bool store = false;
};

struct Node {
  NodeKind kind = NodeKind::Root;
  int parent = -1, end = 0; // its subtree is [its own number, end)
  int iv = -1, lower = -1, upper = -1, step = -1, condition = -1;
  bool unpredictable = false;
  Piece piece;
  std::vector<Instruction> code;    // all integer arithmetic
  bool fills = false;               // a loop that writes a table of integers
  std::vector<Instruction> control; // that which trip counts and conditions need
  std::vector<int> inputs;          // slots from outside that control of the subtree reads
};

class KernelTree {
public:
  std::string name;
  std::vector<Node> nodes;
  std::vector<Access> accesses;
  std::vector<std::pair<int, int64_t>> constants; // slots with their values
  int slots = 0, arguments = 0;
  int heightSlot = -1, widthSlot = -1;
  std::array<int, 3> blockId{-1, -1, -1}, threadId{-1, -1, -1};
  std::array<int, 3> gridDim{-1, -1, -1}, blockDim{-1, -1, -1};
  std::vector<char> opaque; // slots whose value is not known
  double localBytes = 0, privateBytes = 0, codeSize = 0, registers = 0;
  uint64_t signature = 0;

  /// Whether control depends on an id.
  bool usesGrid(int slot) const { return slot >= 0 && llvm::is_contained(nodes[0].inputs, slot); }
};
/// The tree of a kernel. Errors are reported at the kernel's operations.
mlir::FailureOr<std::unique_ptr<KernelTree>> buildTree(mlir::gpu::GPUFuncOp func);

/// The value of an expression of two symbols, height and width; at least what it divides by is not
/// 0.
int64_t evaluateAffine(mlir::AffineExpr expr, int64_t height, int64_t width);

} // namespace srcc::cost

#endif // SRCC_COMPILER_COST_KERNELTREE_H
