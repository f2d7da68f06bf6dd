//===- Model.h - Networks from and to models of the sr dialect ------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_MODEL_H
#define SRCC_SEARCH_MODEL_H

#include "search/Network.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <map>

namespace srcc::search {

/// Where a model is from, for its attribute `search.provenance`; names in the form a_b.
using Provenance = std::map<std::string, std::string>;

/// The network as a module of the sr dialect, operations named by layer: sr.io says scale, rgb and
/// range, and each weight's type carries the encoding of its structure.
mlir::OwningOpRef<mlir::ModuleOp> buildModel(const Network &network, const Weights &weights,
                                             mlir::MLIRContext *context);

/// Writes the network as a model, bytecode if the name ends in .mlirbc, text otherwise. The file
/// appears complete or not at all; throws std::runtime_error if it cannot be written.
void emitModel(const Network &network, const Weights &weights, const std::string &path,
               const Provenance &provenance = {});

/// Reads a model (.mlir, .mlirbc, .onnx) of plain convolutions: stride 1, one group, zeros around
/// that keep the size; relu, leaky relu, clamp; sums, concatenations; scalings by constants; pixel
/// shuffle by the whole scale; on RGB. Throws std::runtime_error that names the file, the layer and
/// the rule.
std::pair<Network, Weights> importModel(const std::string &path);

} // namespace srcc::search
#endif // SRCC_SEARCH_MODEL_H
