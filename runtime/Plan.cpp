//===- Plan.cpp - A package's plan at one picture size ----------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#include "runtime/Plan.h"
#include "runtime/Status.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <utility>

namespace srcc::runtime {

using format::BufferKind;

namespace {
struct Sharing {
  std::vector<int> slotOf;
  std::vector<uint64_t> slots; ///< sizes
  uint64_t total() const { return std::accumulate(slots.begin(), slots.end(), uint64_t(0)); }
};
} // namespace

/// Each lifetime, in `order`, into the free slot that must grow least for it, of several the
/// smallest; a new slot where none is free.
static Sharing share(const std::vector<Lifetime> &lifetimes, const std::vector<int> &order) {
  Sharing result{std::vector<int>(lifetimes.size(), -1), {}};
  std::vector<std::vector<int>> guests;
  for (int index : order) {
    const Lifetime &life = lifetimes[index];
    auto cost = [&](int slot) {
      uint64_t size = result.slots[slot];
      return std::pair(std::max(size, life.bytes) - size, size);
    };
    int best = -1;
    for (int slot = 0; slot < int(guests.size()); ++slot)
      if (std::none_of(guests[slot].begin(), guests[slot].end(),
                       [&](int guest) {
                         return lifetimes[guest].first <= life.last &&
                                life.first <= lifetimes[guest].last;
                       }) &&
          (best < 0 || cost(slot) < cost(best)))
        best = slot;
    if (best < 0) {
      best = int(guests.size());
      result.slots.push_back(0);
      guests.emplace_back();
    }
    result.slots[best] = std::max(result.slots[best], life.bytes);
    guests[best].push_back(index);
    result.slotOf[index] = best;
  }
  return result;
}

std::vector<int> shareSlots(const std::vector<Lifetime> &lifetimes, std::vector<uint64_t> &slots) {
  std::vector<int> bySize(lifetimes.size());
  std::iota(bySize.begin(), bySize.end(), 0);
  std::stable_sort(bySize.begin(), bySize.end(),
                   [&](int a, int b) { return lifetimes[a].bytes > lifetimes[b].bytes; });
  std::vector<int> byUse = bySize; // of those first used together, the largest first
  std::stable_sort(byUse.begin(), byUse.end(),
                   [&](int a, int b) { return lifetimes[a].first < lifetimes[b].first; });
  Sharing best = share(lifetimes, bySize);
  if (Sharing other = share(lifetimes, byUse); other.total() < best.total())
    best = std::move(other);

  // Number the slots from the largest.
  std::vector<int> order(best.slots.size()), rank(order.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return best.slots[a] > best.slots[b]; });
  slots.clear();
  for (int slot : order) {
    rank[slot] = int(slots.size());
    slots.push_back(best.slots[slot]);
  }
  for (int &slot : best.slotOf)
    slot = rank[slot];
  return best.slotOf;
}

Place placeOf(const format::Buffer &buffer) {
  if (!buffer.image2d())
    return Place::Buffer;
  return buffer.type() == format::ElementType::F16 ? Place::F16Image : Place::F32Image;
}

Plan::Plan(const Package &package, int height, int width, const Limits &limits)
    : height(height), width(width) {
  const format::Package &root = package.root();
  auto &packageBuffers = *root.buffers();
  const std::string at =
      " at height " + std::to_string(height) + ", width " + std::to_string(width);
  int64_t scale = root.scale();
  if (height > INT32_MAX / scale || width > INT32_MAX / scale)
    fail(SRRT_TOO_LARGE, "the output", at, " has sides of more than 2^31 - 1 pixels");

  uint64_t fixed = 0; // constants
  for (uint32_t i = 0; i < packageBuffers.size(); ++i) {
    const format::Buffer &buffer = *packageBuffers[i];
    std::string what = "buffer \"" + buffer.name()->str() + "\"";
    int64_t elements = evaluate(*buffer.elements(), height, width, what);
    if (elements < 0)
      fail(SRRT_BAD_PACKAGE, package.name(), ": ", what, " has ", elements, " elements", at);
    bool input = buffer.kind() == BufferKind::Input;
    if (input || buffer.kind() == BufferKind::Output) {
      int64_t expected = input ? root.in_channels() : root.out_channels() * scale * scale;
      if (__builtin_mul_overflow(expected, int64_t(height), &expected) ||
          __builtin_mul_overflow(expected, int64_t(width), &expected))
        fail(SRRT_TOO_LARGE, what, ": its size exceeds 64 bits", at);
      if (elements != expected)
        fail(SRRT_BAD_PACKAGE, package.name(), ": ", what, " has ", elements, " elements", at,
             ", but the picture has ", expected);
    }
    // Kernels index with 32-bit integers.
    if (elements > INT32_MAX)
      fail(SRRT_TOO_LARGE, what, " would have ", elements, " elements", at,
           ", more than 32-bit indexes reach; use a smaller picture");
    uint64_t size = uint64_t(elements) * elementSize(buffer.type());
    if (Place place = placeOf(buffer); place != Place::Buffer) {
      uint64_t rows = std::max<uint64_t>(1, (size + rowBytes(place) - 1) / rowBytes(place));
      if (!limits.imageRows)
        fail(SRRT_UNSUPPORTED, package.name(), ": ", what,
             " is an image, and the device has none; "
             "compile for another --target, or with a schedule without image2d");
      if (rows > limits.imageRows)
        fail(SRRT_TOO_LARGE, what, " would be an image of ", rows, " rows", at,
             ", but the device allows ", limits.imageRows, "; use a smaller picture");
      size = rows * rowBytes(place);
    }
    if (size > limits.maxAllocation)
      fail(SRRT_TOO_LARGE, what, " would take ", size, " bytes", at, ", but the device allows ",
           limits.maxAllocation, " per buffer; use a smaller picture");
    bytes.push_back(size);
    if (buffer.kind() == BufferKind::Constant)
      fixed += size;
  }

  for (const format::Launch *launch : *root.launches()) {
    std::string what = "kernel \"" + launch->kernel()->str() + "\"";
    Launch sizes{launch->blocks()->size(), {1, 1, 1}, {1, 1, 1}, false, 0, 0};
    for (unsigned d = 0; d < sizes.dimensions; ++d) {
      int64_t blocks = evaluate(*launch->blocks()->Get(d), height, width, what);
      int64_t threads = evaluate(*launch->threads()->Get(d), height, width, what), global = 0;
      if (blocks < 0 || threads < 1)
        fail(SRRT_BAD_PACKAGE, package.name(), ": ", what, " has ", blocks, " work-groups of ",
             threads, " work-items in dimension ", d, at);
      if (d < limits.maxThreads.size() && uint64_t(threads) > limits.maxThreads[d])
        fail(SRRT_TOO_LARGE, what, " has ", threads, " work-items per group in dimension ", d, at,
             ", but the device allows ", limits.maxThreads[d]);
      if (__builtin_mul_overflow(blocks, threads, &global) || global > INT32_MAX)
        fail(SRRT_TOO_LARGE, what, " has more than 2^31 - 1 work-items in dimension ", d, at);
      sizes.global[d] = size_t(global);
      sizes.local[d] = size_t(threads);
      sizes.empty |= blocks == 0;
    }
    if (launch->macs())
      sizes.macs = double(evaluate(*launch->macs(), height, width, what));
    if (launch->bytes())
      sizes.bytes = double(evaluate(*launch->bytes(), height, width, what));
    launches.push_back(sizes);
  }

  constexpr Place places[] = {Place::Buffer, Place::F32Image, Place::F16Image};
  size_t most[std::size(places)] = {}; // slots of any route
  for (const Route &route : package.routes()) {
    Slots result;
    std::vector<Lifetime> lifetimes;
    std::vector<uint32_t> owners;
    std::vector<int> lifetimeOf(packageBuffers.size(), -1);
    for (size_t step = 0; step < route.launches.size(); ++step)
      for (uint32_t index : *root.launches()->Get(route.launches[step])->buffers()) {
        if (packageBuffers[index]->kind() != BufferKind::Temp)
          continue;
        if (lifetimeOf[index] < 0) {
          lifetimeOf[index] = int(lifetimes.size());
          lifetimes.push_back({bytes[index], int(step), int(step)});
          owners.push_back(index);
          result.apart += bytes[index];
        }
        lifetimes[lifetimeOf[index]].last = int(step);
      }
    result.ofBuffer.assign(packageBuffers.size(), -1);
    for (Place place : places) {
      std::vector<Lifetime> there;
      std::vector<uint32_t> theirs;
      for (size_t i = 0; i < owners.size(); ++i)
        if (placeOf(*packageBuffers[owners[i]]) == place) {
          there.push_back(lifetimes[i]);
          theirs.push_back(owners[i]);
        }
      std::vector<uint64_t> sizes;
      std::vector<int> slotOf = shareSlots(there, sizes);
      for (size_t i = 0; i < theirs.size(); ++i)
        result.ofBuffer[theirs[i]] = int(result.bytes.size()) + slotOf[i];
      result.bytes.insert(result.bytes.end(), sizes.begin(), sizes.end());
      result.places.insert(result.places.end(), sizes.size(), place);
      most[int(place)] = std::max(most[int(place)], sizes.size());
    }
    uint64_t total = fixed + bytes[route.inputBuffer] + bytes[route.outputBuffer];
    for (uint64_t size : result.bytes)
      total += size;
    if (total > limits.globalMemory)
      fail(SRRT_TOO_LARGE, "the model needs ", total, " bytes of device memory", at,
           ", but the device has ", limits.globalMemory, "; use a smaller picture");
    memory = std::max(memory, total);
    slots.push_back(std::move(result));
  }
  // Slot i is of one kind whatever the route: kinds of fewer slots are filled up with empty ones.
  for (Slots &route : slots) {
    Slots even;
    std::vector<int> moved;
    size_t from = 0;
    for (Place place : places) {
      even.places.resize(even.places.size() + most[int(place)], place);
      for (; from < route.places.size() && route.places[from] == place; ++from) {
        moved.push_back(int(even.bytes.size()));
        even.bytes.push_back(route.bytes[from]);
      }
      even.bytes.resize(even.places.size());
    }
    for (int &slot : route.ofBuffer)
      slot = slot < 0 ? -1 : moved[slot];
    route.bytes = std::move(even.bytes);
    route.places = std::move(even.places);
  }
}

} // namespace srcc::runtime
