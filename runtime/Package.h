//===- Package.h - Reads and checks model.srp -------------------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#ifndef SRCC_RUNTIME_PACKAGE_H
#define SRCC_RUNTIME_PACKAGE_H

#include "format/package_generated.h"

#include <cstdint>
#include <string>
#include <vector>

namespace srcc::runtime {

/// A way from one input format to one output format: which launches run, on which buffers.
struct Route {
  format::PixelFormat input, output;
  uint32_t inputBuffer, outputBuffer; ///< indexes into Package::root().buffers
  std::vector<uint32_t> launches;     ///< indexes into Package::root().launches, in order
};

/// The value of `expr` at H = height, W = width. Fails with SRRT_TOO_LARGE, naming `what`, if a
/// step leaves 64 bits, and with SRRT_BAD_PACKAGE if it divides by zero or less. `expr` is
/// validated.
int64_t evaluate(const format::Expr &expr, int64_t height, int64_t width, const std::string &what);

/// A checked package: whoever holds one may follow every index and evaluate every expression. What
/// it cannot know is what the kernels do: a package is a program.
class Package {
public:
  /// Maps the file. Fails with SRRT_FILE_ERROR or SRRT_BAD_PACKAGE and the reason.
  static Package open(const std::string &path);
  /// `data` is borrowed and aligned to 8 bytes.
  static Package fromMemory(const void *data, size_t size, const std::string &name);

  Package(Package &&other) noexcept;
  Package(const Package &) = delete;
  Package &operator=(const Package &) = delete;
  ~Package();

  const format::Package &root() const { return *package; }
  const std::string &name() const { return fileName; }

  /// Every possible route, at least one.
  const std::vector<Route> &routes() const { return allRoutes; }
  /// The route of these formats, or null.
  const Route *route(format::PixelFormat input, format::PixelFormat output) const;

private:
  Package() = default;
  void validate();
  [[noreturn]] void damaged(const std::string &reason) const;
  void findRoutes();

  std::string fileName;
  const uint8_t *bytes = nullptr;
  size_t size = 0;
  bool mapped = false;
  const format::Package *package = nullptr;
  std::vector<Route> allRoutes;
};

/// Bytes of one element.
size_t elementSize(format::ElementType type);

} // namespace srcc::runtime

#endif // SRCC_RUNTIME_PACKAGE_H
