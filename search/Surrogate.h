//===- Surrogate.h - An ensemble of small networks ------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_SURROGATE_H
#define SRCC_SEARCH_SURROGATE_H

#include "search/Evolution.h"

#include <memory>

namespace srcc::search {

/// `members` multi-layer perceptrons (two layers of 64, tanh), each trained from its own start on
/// its own bootstrap sample; their mean and spread are the guess. A seed decides everything.
std::unique_ptr<Surrogate> makeEnsemble(int members, uint64_t seed);

} // namespace srcc::search
#endif // SRCC_SEARCH_SURROGATE_H
