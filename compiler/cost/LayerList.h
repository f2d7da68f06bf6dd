//===- LayerList.h - Networks by their shapes alone -------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A question about a network that nobody has trained: shapes, schemes and densities. Its masks are
// those that magnitude pruning makes of random weights, so that lists of taps are as long, and as
// unequal, as of a pruned network.
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_COST_LAYERLIST_H
#define SRCC_COMPILER_COST_LAYERLIST_H

#include "compiler/passes/Sparsity.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace srcc::cost {

/// A convolution of stride 1 that keeps the size, and what follows it point by point.
struct LayerSpec {
  std::string name;              ///< of letters, digits, dots and underscores
  int64_t out = 1, kernel = 3;   ///< filters, 1 to 1024; 1, 3, 5, 7 or 9
  sparsity::Structure structure; ///< scheme and its parameters
  double density = 1;            ///< share of weights kept, (0, 1]
  std::vector<int64_t> kept;     ///< statistics of a mask, in the place of density: see keptOf()
  std::vector<int64_t> lists;    ///< beside kept of unstructured: see sharedOf()
  bool relu = false;
  std::string add; ///< the layer whose result is added, "" for none
};

/// A chain of layers and a pixel shuffle. The last layer has channels * scale^2 filters.
struct LayerList {
  std::string name = "layers";
  int64_t scale = 2, channels = 3; ///< of the picture: 1 or 3
  uint64_t seed = 1;               ///< of weights
  std::vector<LayerSpec> layers;
};

/// How many consecutive filters of a scheme keep or remove the same: block's filters, pattern's
/// `shared`, one of unstructured; 0 for schemes without statistics.
int64_t filtersOfList(const sparsity::Structure &structure);

/// What a mask is to a latency: how many entries each list of taps has, that is, for each so many
/// filters the kept blocks, kernels of a pattern or weights.
std::vector<int64_t> keptOf(const sparsity::Structure &structure, const sparsity::Shape &shape,
                            const sparsity::Mask &mask);
/// Of single weights kept anywhere, how many places (a channel and tap) each listFilters filters
/// keep together: they share a list, so what they keep alike decides its length.
constexpr int64_t listFilters = 4;
std::vector<int64_t> sharedOf(const sparsity::Shape &shape, const sparsity::Mask &mask);
/// A mask with these statistics: of each list the entries whose weights are largest.
sparsity::Mask maskOfKept(const sparsity::Structure &structure, const sparsity::Shape &shape,
                          llvm::ArrayRef<float> weights, llvm::ArrayRef<int64_t> kept,
                          llvm::ArrayRef<int64_t> lists = {});

/// The layers of a network of the sr dialect, with the statistics of their masks. Errors are
/// reported at the operation that no list of layers has.
mlir::FailureOr<LayerList> layersOf(mlir::ModuleOp module);
/// The list as parseLayerList() reads it.
std::string printLayerList(const LayerList &list);

/// Reads {"scale": 2, "channels": 3, "layers": [{"out": 24, "kernel": 3, "scheme": "block", "f": 4,
/// "c": 1, "density": 0.25, "relu": true, "add": "NAME", "name": "NAME"}, ...]}. Errors begin with
/// `file` and name the layer and the key.
llvm::Expected<LayerList> parseLayerList(llvm::StringRef text, llvm::StringRef file);

/// Layers at random: widths, kernels, schemes and densities of the networks that srcc is for. The
/// same seed gives the same list on every machine.
LayerList randomLayers(uint64_t seed, int64_t groups);

/// The network as a module of the sr dialect.
mlir::OwningOpRef<mlir::ModuleOp> buildNetwork(const LayerList &list, mlir::MLIRContext *context);

} // namespace srcc::cost

#endif // SRCC_COMPILER_COST_LAYERLIST_H
