//===- Emit.h - Trained networks as models of the sr dialect --------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_EMIT_H
#define SRCC_SEARCH_EMIT_H

#include "search/Wdsr.h"

namespace srcc::search {

/// Writes the network as a model of the sr dialect, bytecode if the name ends in .mlirbc, text
/// otherwise: a module with
/// sr.io = #sr.io<scale = s, color = rgb, range = 0.0 : 1.0> and one function
/// @wdsr(tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32>, weights as dense_resource, operations named
/// by layer. The file appears complete or not at all; throws std::runtime_error if it cannot be
/// written.
void emitModel(const WdsrWeights &weights, const std::string &path);

} // namespace srcc::search
#endif // SRCC_SEARCH_EMIT_H
