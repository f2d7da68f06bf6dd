//===- Sparsity.h - Masks of sparse weights -------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Which weights a scheme removes, which structure a mask has and what it gains: plain numbers, no
// IR, so that the search asks the same questions without a module.
#ifndef SRCC_COMPILER_PASSES_SPARSITY_H
#define SRCC_COMPILER_PASSES_SPARSITY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace srcc::sparsity {

/// The schemes of pruning; each but Dense is an encoding of the sr dialect, which says what it
/// promises.
enum class Scheme { Dense, Filter, Channel, Block, BCR, Pattern, Unstructured };

/// The scheme of a name in lower case, as in `block`; none for other words.
std::optional<Scheme> parseScheme(llvm::StringRef name);
/// The name of a scheme, as parseScheme() takes it.
llvm::StringRef nameOf(Scheme scheme);

/// Weights [filters, channels, height, width] in row-major order; `channels` are those of one of
/// `groups` equal groups of filters.
struct Shape {
  int64_t filters = 1, channels = 1, height = 1, width = 1, groups = 1;

  int64_t taps() const { return height * width; }
  int64_t size() const { return filters * channels * taps(); }
};

/// A scheme and its parameters.
struct Structure {
  Scheme scheme = Scheme::Dense;
  /// Block and BCR: the size of a block.
  int64_t filters = 8, channels = 4;
  /// Pattern: bit 3 y + x of a pattern is set if (y, x) is kept.
  std::vector<uint32_t> library = {};
  /// Pattern: kept entries of a kernel, and the number of consecutive filters that share patterns.
  int64_t keep = 4, shared = 1;
};

/// One entry per weight: 1 if it is kept, 0 if it is zero.
using Mask = std::vector<uint8_t>;

/// The weights that are not zero.
Mask maskOf(llvm::ArrayRef<float> values);

/// Whether the zeros of a mask lie exactly as a structure promises.
bool fits(const Structure &structure, const Shape &shape, const Mask &mask);

/// The tightest structure that a mask fits: of filter, channel, block (16, 8 or 4 filters x 8, 4 or
/// 2 channels), pattern (8, 4, 2 or 1 filters alike, at most 16 patterns), block (x 1 channel) and
/// bcr the first, else unstructured. Dense without zeros, and, unless whole filters or channels
/// are zero, with a share of zeros below `minZeros`.
Structure infer(const Shape &shape, const Mask &mask, double minZeros);

/// The structure that a layer of this shape gets where `wanted` is asked for: bcr is block on
/// kernels other than 1x1, pattern is block<4x1> on kernels other than 3x3, and in a grouped
/// convolution blocks and shared patterns shrink to divide the filters of a group.
Structure adapt(const Structure &wanted, const Shape &shape);

/// Where a structure was put, and which weights it keeps.
struct Pruning {
  Structure structure;
  Mask mask;
};

/// Magnitude pruning: keeps at most a share `density` of the weights under adapt(wanted), by the
/// rules of docs/sparsity.md. `library` of a wanted pattern is ignored: the `patterns` most
/// frequent ones of the layer are taken. Of equal scores the first in memory is removed first.
Pruning prune(const Structure &wanted, const Shape &shape, llvm::ArrayRef<float> values,
              double density, int64_t patterns = 8);

/// The unit of each weight, from 0: the sets of weights that filter, channel, block and
/// unstructured keep or remove together. Single weights for the other schemes.
std::vector<int64_t> unitsOf(const Structure &structure, const Shape &shape);

/// The number of kept weights.
int64_t countKept(const Mask &mask);

/// The multiply-adds of a position when `together` consecutive filters of a group share one list of
/// taps: each filter computes the union of what they keep.
int64_t countGrouped(const Shape &shape, const Mask &mask, int64_t together);

/// An order of the filters (the old index at each new place) in which `together` consecutive ones
/// share as many taps as possible: greedily by Jaccard similarity, then by swaps while one helps.
/// One group of filters only.
std::vector<int64_t> orderFilters(const Shape &shape, const Mask &mask, int64_t together);

} // namespace srcc::sparsity

#endif // SRCC_COMPILER_PASSES_SPARSITY_H
