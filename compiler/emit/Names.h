//===- Names.h - Identifiers of printed OpenCL C ----------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_EMIT_NAMES_H
#define SRCC_COMPILER_EMIT_NAMES_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace srcc {

/// An identifier of OpenCL C like the text: other characters than letters, digits and underscores
/// become underscores ("conv0.weight" is conv0_weight), and words that mean something in OpenCL C
/// get a trailing one ("half" is half_). Never empty.
std::string cIdentifier(llvm::StringRef text);

/// Hands out identifiers, each once within its scope and the scopes around it.
class Names {
public:
  /// The identifier wanted, with a number behind it if it is taken.
  std::string unique(llvm::StringRef wanted);

  /// While it lives, names belong to an inner scope; then they are free again.
  class Scope {
  public:
    explicit Scope(Names &names) : names(names), start(names.taken.size()) {}
    Scope(const Scope &) = delete;
    ~Scope();

  private:
    Names &names;
    size_t start;
  };

private:
  llvm::StringMap<unsigned> next; ///< of taken names: the number to try next
  llvm::SmallVector<std::string> taken;
};

} // namespace srcc

#endif // SRCC_COMPILER_EMIT_NAMES_H
