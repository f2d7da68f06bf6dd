//===- Blocks.h - What the cells of a network may be ----------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_BLOCKS_H
#define SRCC_SEARCH_BLOCKS_H

#include "search/Network.h"

#include <functional>
#include <map>

namespace srcc::search {

/// What a block is built with.
struct BlockPlace {
  std::string name; ///< begins the names of all its nodes
  int input;        ///< the node it reads
  int64_t channels; ///< of its input and its result
  int64_t cells;    ///< of the whole network; a residual branch starts with gains 1/sqrt(cells)
  std::vector<double> parameters; ///< as many as BlockKind::defaults
};

/// A kind of block, from a map to a map of as many channels. A block of your own is one more entry:
///
///   static BlockRegistration plain("plain", {{}, [](NetworkBuilder &b, const BlockPlace &p) {
///     int y = b.relu(p.name + ".relu", b.conv(p.name + ".conv", p.input, p.channels, 3));
///     return b.add(p.name + ".add", p.input, y);
///   }});
///
/// after which configurations may say blocks = ["wdsr-b", "plain"].
struct BlockKind {
  std::vector<double> defaults; ///< of its parameters: NAME:P1:P2 gives others
  /// Adds the block's nodes and returns its result. Throws std::runtime_error for parameters it
  /// cannot take.
  std::function<int(NetworkBuilder &, const BlockPlace &)> build;
};

/// All kinds by name: skip; conv:SLOPE (0.1); wdsr-a:EXPANSION (4); wdsr-b:EXPANSION:RANK (6,
/// 0.84); and what was registered.
std::map<std::string, BlockKind> &blockKinds();
/// Adds a kind under a name when the program starts.
struct BlockRegistration {
  BlockRegistration(const std::string &name, BlockKind kind) {
    blockKinds()[name] = std::move(kind);
  }
};

/// Builds the block of a name with parameters, as in wdsr-b:4. Errors: std::runtime_error that
/// names the kinds there are.
int buildBlock(NetworkBuilder &builder, const std::string &block, BlockPlace place);

/// What lies around the cells.
struct Frame {
  int64_t channels = 24; ///< between cells
  int64_t tailRank = 0;  ///< 0: the tail is one 3x3; else 3x3 -> tailRank, 1x1 -> 3 scale^2. With
                        ///< scale^2 the cells give the subpixels of one picture, in essence of luma
  int64_t skip = 5;   ///< side of the skip's kernel, odd
  int64_t hidden = 0; ///< ConvShape::hidden of all convolutions wider than 1x1
};

/// The frame of WDSR around blocks, on RGB in [0, 1]:
///   y = x - 0.5; f = head(y), 3x3, 3 -> channels; f = block(f) for each cell;
///   out = pixelShuffle(tail(f) + skip(y)) + 0.5; tail 3x3, skip 5x5, -> 3 scale^2.
/// \p cells lists the candidates of each cell; where there are several, a choice follows them.
Network buildNetwork(int64_t scale, const Frame &frame,
                     const std::vector<std::vector<std::string>> &cells);

} // namespace srcc::search
#endif // SRCC_SEARCH_BLOCKS_H
