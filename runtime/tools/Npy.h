//===- Npy.h - NumPy's array files ------------------------------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#ifndef SRCC_RUNTIME_TOOLS_NPY_H
#define SRCC_RUNTIME_TOOLS_NPY_H

#include <cstdint>
#include <string>
#include <vector>

namespace srcc::tools {

/// A float32 array, C order.
struct Array {
  std::vector<int64_t> shape;
  std::vector<float> data;
};

/// Reads little-endian float32 in C order (format versions 1 to 3). Throws std::runtime_error,
/// "PATH: what is wrong".
Array readNpy(const std::string &path);

/// The bytes of a file (format version 1) that holds `array`.
std::string npyBytes(const Array &array);

} // namespace srcc::tools

#endif // SRCC_RUNTIME_TOOLS_NPY_H
