//===- Strips.cpp - Pictures that are computed strip by strip ---------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#include "runtime/Strips.h"
#include "runtime/Status.h"

#include <exception>
#include <optional>

namespace srcc::runtime {

StripPlan planStrips(const Package &package, int height, int width, const Limits &limits,
                     MemoryLimit memory) {
  std::exception_ptr tooLarge; // why the device cannot take the whole picture
  std::optional<Plan> whole;
  try {
    whole.emplace(package, height, width, limits);
  } catch (const Failure &failure) {
    if (failure.status != SRRT_TOO_LARGE)
      throw;
    tooLarge = std::current_exception();
  }
  if (whole && whole->memory <= memory.bytes)
    return {std::move(*whole), {height, height, height, 0}};

  // A window has as many rows more than a multiple of the alignment as the picture has, so that the
  // last one, too, begins at a multiple.
  const int64_t unit = package.root().alignment();
  uint64_t least = whole ? whole->memory : UINT64_MAX;
  bool tried = false;
  if (unit > 0) {
    const int64_t halo = (package.root().halo() + unit - 1) / unit; // in units
    auto windowOf = [&](int64_t step) { return (step + 2 * halo) * unit + height % unit; };
    auto planOf = [&](int64_t step) -> std::optional<Plan> {
      try {
        return Plan(package, int(windowOf(step)), width, limits);
      } catch (const Failure &failure) {
        if (failure.status == SRRT_TOO_LARGE)
          return std::nullopt;
        throw;
      }
    };
    auto fits = [&](int64_t step) {
      std::optional<Plan> plan = planOf(step);
      tried = true;
      if (plan)
        least = std::min(least, plan->memory);
      return plan && plan->memory <= memory.bytes;
    };
    int64_t low = 0, high = height / unit - 2 * halo; // `low` fits, or is 0; `high` is too much
    while (low + 1 < high) {
      int64_t middle = (low + high) / 2;
      (fits(middle) ? low : high) = middle;
    }
    if (low > 0) {
      int64_t count = (height + low * unit - 1) / (low * unit);
      int64_t step = (height + count * unit - 1) / (count * unit);
      if (std::optional<Plan> plan = planOf(step))
        return {std::move(*plan),
                {height, int(windowOf(step)), int(step * unit), int(halo * unit)}};
    }
  }
  if (tooLarge)
    std::rethrow_exception(tooLarge);
  if (memory.strict)
    fail(SRRT_TOO_LARGE, package.name(), ": at height ", height, ", width ", width, " it needs ",
         least, " bytes of device memory",
         tried      ? " in the lowest strips"
         : unit > 0 ? " as a whole, and is too low for strips"
                    : " as a whole, on which its output depends",
         ", but the limit is ", memory.bytes, "; allow more, or use a smaller picture");
  return {std::move(*whole), {height, height, height, 0}};
}

} // namespace srcc::runtime
