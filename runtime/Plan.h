//===- Plan.h - A package's plan at one picture size ------------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#ifndef SRCC_RUNTIME_PLAN_H
#define SRCC_RUNTIME_PLAN_H

#include "runtime/Package.h"

#include <array>
#include <cstddef>
#include <vector>

namespace srcc::runtime {

/// What a plan must keep to, from the device.
struct Limits {
  uint64_t maxAllocation;         ///< bytes of one buffer
  uint64_t globalMemory;          ///< bytes of all
  std::vector<size_t> maxThreads; ///< per dimension of a work-group
  uint64_t imageRows = 0;         ///< of an image of imageWidth texels; 0: no images
};

/// Texels in a row of every image.
constexpr uint64_t imageWidth = 2048;

/// What a slot is: a buffer, or an image of RGBA texels.
enum class Place { Buffer, F32Image, F16Image };

/// Bytes of a row of an image.
inline uint64_t rowBytes(Place place) {
  return imageWidth * 4 * (place == Place::F32Image ? 4 : 2);
}

/// Where a buffer of the package lies.
Place placeOf(const format::Buffer &buffer);

/// Where the intermediates of one route live. Buffers whose lifetimes (first write to last read, in
/// launches of the route) do not overlap share a slot.
struct Slots {
  std::vector<uint64_t> bytes; ///< of each slot, largest first of each kind of place
  std::vector<Place> places;   ///< of each slot, the same for all routes of a plan
  std::vector<int> ofBuffer;   ///< slot of each buffer of the package, -1: none on this route
  uint64_t apart = 0;          ///< bytes of the intermediates without sharing
};

/// Every size of a package at H x W, and the memory of each route.
struct Plan {
  struct Launch {
    unsigned dimensions;
    std::array<size_t, 3> global, local; ///< work-items: all, and per work-group
    bool empty;                          ///< no work-groups: not enqueued
    double macs, bytes;
  };

  /// Fails with SRRT_TOO_LARGE (a limit, 32-bit indexes) or SRRT_BAD_PACKAGE (a size is negative,
  /// or an input or output has not the model's size). height, width >= 1.
  Plan(const Package &package, int height, int width, const Limits &limits);

  int height, width;
  std::vector<uint64_t> bytes;  ///< of each buffer of the package; of images in whole rows
  std::vector<Launch> launches; ///< of the package
  std::vector<Slots> slots;     ///< of each route of the package
  uint64_t memory = 0;          ///< bytes that the route takes which needs most, constants included
};

/// One intermediate for shareSlots: used from launch `first` to launch `last`, both included.
struct Lifetime {
  uint64_t bytes;
  int first, last;
};

/// Assigns every lifetime a slot so that overlapping ones never share, by the better of two greedy
/// orders (Pisarchyk and Lee 2020, "Efficient Memory Management for Deep Neural Net Inference"):
/// largest first, which wastes least where sizes differ much, and first used first, which takes as
/// few slots as lives overlap. `slots` receives the slots' sizes, largest first.
std::vector<int> shareSlots(const std::vector<Lifetime> &lifetimes, std::vector<uint64_t> &slots);

} // namespace srcc::runtime

#endif // SRCC_RUNTIME_PLAN_H
