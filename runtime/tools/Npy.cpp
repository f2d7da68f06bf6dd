//===- Npy.cpp - NumPy's array files ----------------------------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#include "runtime/tools/Npy.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace srcc::tools {

Array readNpy(const std::string &path) {
  auto fail = [&](const std::string &reason) { throw std::runtime_error(path + ": " + reason); };
  std::ifstream file(path, std::ios::binary);
  if (!file)
    fail(std::string("cannot be opened: ") + std::strerror(errno));
  std::stringstream stream;
  stream << file.rdbuf();
  std::string bytes = stream.str();

  // Magic, version, length of the header (2 or 4 bytes), the header: a Python dictionary.
  if (bytes.size() < 12 || bytes.compare(0, 6, "\x93NUMPY") != 0)
    fail("not a .npy file");
  int version = bytes[6];
  if (version < 1 || version > 3)
    fail("a .npy file of the unknown version " + std::to_string(version));
  size_t lengthBytes = version == 1 ? 2 : 4, length = 0;
  for (size_t i = 0; i < lengthBytes; ++i)
    length |= size_t(uint8_t(bytes[8 + i])) << 8 * i;
  size_t start = 8 + lengthBytes;
  if (length > 65536 || start + length > bytes.size())
    fail("its header is cut off");
  std::string header = bytes.substr(start, length);
  std::smatch match;
  if (!std::regex_search(header, std::regex("'descr': *'([^']*)'")) ||
      !std::regex_search(header, match, std::regex("'descr': *'([^']*)'")) || match[1] != "<f4")
    fail("its elements are not little-endian float32 ('<f4')");
  if (!std::regex_search(header, std::regex("'fortran_order': *False")))
    fail("it is not in C order");
  if (!std::regex_search(header, match, std::regex("'shape': *\\(([0-9, ]*)\\)")))
    fail("its shape cannot be read");
  Array array;
  std::string shape = match[1], item;
  std::replace(shape.begin(), shape.end(), ',', ' ');
  uint64_t elements = 1;
  for (std::istringstream items(shape); items >> item;) {
    int64_t size = item.size() > 10 ? -1 : std::stoll(item);
    if (size < 0 || __builtin_mul_overflow(elements, uint64_t(size), &elements) ||
        elements > (uint64_t(1) << 40))
      fail("its shape is too large");
    array.shape.push_back(size);
  }
  if (bytes.size() - start - length != elements * sizeof(float))
    fail("it has " + std::to_string(bytes.size() - start - length) +
         " bytes of data, but its shape "
         "needs " +
         std::to_string(elements * sizeof(float)));
  array.data.resize(elements);
  std::memcpy(array.data.data(), bytes.data() + start + length, elements * sizeof(float));
  return array;
}

std::string npyBytes(const Array &array) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
  for (int64_t size : array.shape)
    header += std::to_string(size) + ", ";
  header += "), }";
  // The data begins at a multiple of 64 bytes; the header ends with a line feed.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += char(header.size() & 0xff);
  bytes += char(header.size() >> 8);
  bytes += header;
  bytes.append(reinterpret_cast<const char *>(array.data.data()),
               array.data.size() * sizeof(float));
  return bytes;
}

} // namespace srcc::tools
