//===- Status.h - Failures inside libsrrt -----------------------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#ifndef SRCC_RUNTIME_STATUS_H
#define SRCC_RUNTIME_STATUS_H

#include "runtime/srrt.h"

#include <sstream>
#include <stdexcept>
#include <string>

namespace srcc::runtime {

/// A failure on its way to the C API, which turns it into a status and the thread's error text.
struct Failure : std::runtime_error {
  Failure(srrt_status status, const std::string &text) : std::runtime_error(text), status(status) {}
  srrt_status status;
};

/// Throws a Failure whose text is the parts in a row.
template <typename... Parts> [[noreturn]] void fail(srrt_status status, const Parts &...parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Failure(status, text.str());
}

} // namespace srcc::runtime

#endif // SRCC_RUNTIME_STATUS_H
