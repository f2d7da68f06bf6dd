//===- KernelFeatures.h - What a lowered kernel does ------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Features are counted in the kernels as they are printed: gpu.func of scf, arith, vector and
// memref. A kernel becomes a tree of loops and branches with straight-line pieces of code, once;
// its trip counts, the values of its conditions and its addresses are computed at each height and
// width, from the same integer operations that the kernel itself has. Nothing here knows layers or
// devices.
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_COST_KERNELFEATURES_H
#define SRCC_COMPILER_COST_KERNELFEATURES_H

#include "dialects/ocl/OCL.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace srcc::cost {

/// Raised when features are counted differently: what was stored under another version is stale.
constexpr int featureVersion = 4;

enum class Arith { FMA, Multiply, Add, Select, Divide, Special, Convert, Integer };
enum class Element { F32, F16, I32 };
constexpr int arithKinds = 8, elementKinds = 3, widthKinds = 5;
/// Spills are counted for 64, 128, 256 and 512 32-bit registers.
constexpr int spillKinds = 4, leastSpillRegisters = 64;

/// One pass through the straight-line code of a node, without the loops and branches in it. Reads
/// of the same place without a write between them are one, variables are registers, and integer
/// arithmetic is what addresses differ by, as compilers see it.
struct Piece {
  /// Operations by kind, element type and log2 of the lanes.
  std::array<std::array<std::array<float, widthKinds>, elementKinds>, arithKinds> arith{};
  /// Reads and writes of memory (any but registers), by log2 of the lanes.
  std::array<float, widthKinds> loads{}, stores{};
  /// Loads of one value that arithmetic takes as all lanes of a vector.
  float broadcasts = 0;
  /// Integer operations on what was read from tables, which no compiler moves out of a loop.
  float decoded = 0;
  float prefetches = 0, barriers = 0, addresses = 0, branches = 0;
  /// Multiply-adds and additions that wait for each other, in the longest chain through a variable.
  float chain = 0;
  /// 32-bit registers of a work-item alive at once, at most: variables, values, one address each.
  float registers = 0;
  /// 32-bit registers that are written or read because values find no register, of a work-item with
  /// leastSpillRegisters << i of them.
  std::array<float, spillKinds> spills{};

  float count(Arith kind) const;
  /// Instructions of `native` 32-bit lanes: wider vectors take several.
  float instructions(Arith kind, double native) const;
  float loadInstructions(double native) const;
  float storeInstructions(double native) const;
  /// `spills` with so many 32-bit registers: of the next fewer that are counted, or of 64.
  float spillsWith(double registers) const;
};

enum class NodeKind { Root, Loop, Then, Else };

/// What one launch does at one size of picture.
struct Counts {
  /// How often each node's piece runs, over all work-items.
  std::vector<double> runs;
  /// How often each loop is entered.
  std::vector<double> entries;
  double groups = 1;    ///< work-groups
  double threads = 1;   ///< work-items of a group
  double iteration = 0; ///< distinct bytes that a work-group touches
  double footprint = 0; ///< distinct bytes of global memory that the launch touches, in lines
  /// Bytes that move between a cache of the given size and what is behind it.
  std::array<double, 2> traffic{};
};

/// Caches of which traffic is counted, bytes; 0: none.
struct CacheSizes {
  double first = 0, second = 0;
  bool operator==(const CacheSizes &other) const {
    return first == other.first && second == other.second;
  }
};

class KernelCache;
class KernelTree;

/// A kernel, ready to be counted. Holds nothing of the IR it was made from; copies share it.
class Kernel {
public:
  /// Errors: a loop's bounds depend on what is no integer arithmetic of sizes, ids and tables.
  static mlir::FailureOr<Kernel> get(mlir::gpu::GPUFuncOp func);

  llvm::StringRef name() const;
  /// Straight-line pieces in the order of the text; a node's children follow it.
  size_t size() const;
  const Piece &piece(size_t node) const;
  NodeKind kind(size_t node) const;
  /// Whether how often a loop runs is read from memory, so that no processor foresees its end.
  bool unpredictable(size_t node) const;
  /// Bytes of memory of a work-group, and of a work-item.
  double localBytes() const;
  double privateBytes() const;
  /// Operations in the text: a measure of its code.
  double codeSize() const;
  /// Instructions of a work-item's code where each works on one value, but reads and writes on
  /// four: what GPUs' compilers count, each piece once, but loops of few turns as often as they run
  /// if that is no more than `unrolled` instructions.
  double codeInstructions(double unrolled) const;
  /// 32-bit registers of a work-item alive at once.
  double registers() const;
  /// A hash of what the kernel does: equal kernels have equal ones, names left out.
  uint64_t signature() const;

private:
  friend class Program;
  explicit Kernel(std::shared_ptr<const KernelTree> tree) : tree(std::move(tree)) {}
  std::shared_ptr<const KernelTree> tree;
};

/// One launch of a program.
struct Launch {
  size_t kernel = 0; ///< of Program::kernels
  std::string name;
  std::vector<std::string> layers;
  std::vector<double>
      layerShares; ///< of the launch's multiply-adds, as many as layers; they add to 1
  mlir::AffineMap blocks, threads, macs;
  std::vector<size_t> arguments; ///< of Program::buffers
  ocl::PixelFormat input = ocl::PixelFormat::None, output = ocl::PixelFormat::None;
  uint64_t signature = 0; ///< of kernel, grid and tables; sizes and device are not in it
};

struct Table {
  bool constant = false;
  unsigned bits = 32;
  mlir::AffineMap elements; ///< how many, of height and width
  std::vector<int32_t>
      values; ///< of integers alone: lists decide how often loops run, weights nothing
};

/// Kernels and launches of a lowered module. It needs the module's context to live, not the module.
class Program {
public:
  /// Errors are reported at the operations they are about. With a cache that recognised the module,
  /// its kernels come from there.
  static mlir::FailureOr<Program> get(mlir::ModuleOp module, KernelCache *cache = nullptr);

  std::string name;
  std::vector<Kernel> kernels;
  std::vector<Launch> launches;
  std::vector<Table> buffers;

  /// What a launch does for a picture of that size; height and width are at least 1.
  Counts count(const Launch &launch, int64_t height, int64_t width, const CacheSizes &caches) const;
  /// The features of a launch, for people and for learners.
  llvm::json::Object features(const Launch &launch, int64_t height, int64_t width,
                              const CacheSizes &caches) const;
  /// Launches that run for pictures of floats at both ends.
  std::vector<const Launch *> floatLaunches() const;
};

} // namespace srcc::cost

#endif // SRCC_COMPILER_COST_KERNELFEATURES_H
