//===- CostModel.cpp - Latency of lowered kernels -------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/cost/CostModel.h"
#include "compiler/cost/Memo.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/xxhash.h"

#include <cmath>

using namespace mlir;
using namespace srcc;
using namespace srcc::cost;

llvm::StringRef cost::boundName(Bound bound) {
  switch (bound) {
  case Bound::Arithmetic:
    return "arithmetic";
  case Bound::LoadStore:
    return "load-store";
  case Bound::Issue:
    return "issue";
  case Bound::Latency:
    return "latency";
  case Bound::Cache:
    return "cache";
  case Bound::Memory:
    return "memory";
  case Bound::Launch:
    return "launch";
  }
  return "";
}

CacheSizes cost::cachesOf(const Device &device) {
  return {double(device.l1Bytes), double(device.l2Bytes)};
}

double cost::occupancyOf(const Kernel &kernel, const Device &device) {
  double steps = device.cost.steps, used = std::max(kernel.registers(), 1.0);
  if (device.kind == DeviceKind::CPU)
    return 1;
  double whole = std::floor(steps * double(device.registers) / used);
  return std::clamp(whole / steps, 1 / steps, 1.0);
}

/// Cycles of one run of a piece, with `inFlight` work-items to hide latency.
static PieceCycles cyclesOf(const Kernel &kernel, size_t node, const Device &device,
                            double inFlight) {
  const CostFacts &c = device.cost;
  const Piece &p = kernel.piece(node);
  double lanes = c.lanes;
  auto count = [&](Arith kind) { return double(p.instructions(kind, lanes)); };
  // Half the bits are twice the lanes where the device has arithmetic for them.
  double half =
      device.fp16 && device.peakF16 > device.peakF32 ? device.peakF16 / device.peakF32 : 1;
  double halves = 0;
  for (int w = 0; w < widthKinds; ++w)
    halves += p.arith[int(Arith::FMA)][int(Element::F16)][w] * std::ceil((1 << w) / lanes);
  double fma = count(Arith::FMA) - halves * (1 - 1 / half);
  double alu = count(Arith::Multiply) + count(Arith::Add) + count(Arith::Select) +
               count(Arith::Convert) + count(Arith::Integer);
  double special = count(Arith::Divide) + count(Arith::Special);
  double loads = p.loadInstructions(device.kind == DeviceKind::GPU ? device.vectorWidth : lanes);
  double stores = p.storeInstructions(device.kind == DeviceKind::GPU ? device.vectorWidth : lanes);
  // Variables and values beyond the registers of a CPU; a GPU has fewer work-items in flight.
  double spilled = 0;
  if (device.kind == DeviceKind::CPU)
    spilled = p.spillsWith(double(device.registers) * lanes) / lanes / 2; // written, and read
  double broadcasts = std::min(double(p.broadcasts), loads);
  // A read that multiply-adds take as an operand is no instruction of its own on a CPU.
  double folded = device.kind == DeviceKind::CPU ? 0.5 * (loads - broadcasts) : 0;
  PieceCycles cycles;
  cycles.arithmetic = fma / c.fmaPerCycle + alu / c.aluPerCycle + special * c.specialCycles;
  cycles.loadStore = (loads - broadcasts) / c.loadPerCycle + broadcasts * c.broadcast +
                     stores / c.storePerCycle + (p.addresses + p.decoded) * c.address +
                     p.branches * c.branch + p.prefetches * c.prefetchCycles + spilled * c.spill;
  cycles.issue = (fma + alu + special + loads - folded + stores + p.prefetches + p.addresses +
                  p.decoded + 2 * p.branches) /
                 c.issuePerCycle;
  cycles.latency = p.chain * c.latency / std::max(inFlight, 1.0);
  if (kernel.kind(node) == NodeKind::Loop) {
    cycles.turn = c.loopCycles;
    cycles.entry = c.enterCycles + (kernel.unpredictable(node) ? c.exitCycles.value : 0.0);
  }
  return cycles;
}

Time cost::timeOf(const Kernel &kernel, const Counts &counts, double misses, const Device &device) {
  const CostFacts &c = device.cost;
  double inFlight = device.kind == DeviceKind::CPU ? 1 : c.resident * occupancyOf(kernel, device);
  double byBound[4] = {0, 0, 0, 0};
  for (size_t n = 0; n < kernel.size(); ++n) {
    if (!counts.runs[n])
      continue;
    PieceCycles cycles = cyclesOf(kernel, n, device, inFlight);
    double roofs[4] = {cycles.arithmetic, cycles.loadStore, cycles.issue, cycles.latency};
    double highest = *std::max_element(roofs, roofs + 4), sum = 0;
    if (highest > 0) {
      for (double roof : roofs)
        if (roof > 0)
          sum += roof == highest ? 1 : std::pow(roof / highest, c.roofPower);
      sum = highest * std::pow(sum, 1 / c.roofPower);
    }
    int most = int(std::max_element(roofs, roofs + 4) - roofs);
    byBound[most] += counts.runs[n] * (sum + cycles.turn) + counts.entries[n] * cycles.entry;
  }
  double cycles = byBound[0] + byBound[1] + byBound[2] + byBound[3];
  // The last round of work-groups may leave units without work.
  double units = double(device.computeUnits);
  double atOnce = units * std::max(1.0, std::floor(inFlight / std::max(counts.threads, 1.0)));
  double rounds = std::ceil(counts.groups / atOnce);
  double busy = rounds > 0 ? counts.groups / (rounds * atOnce) : 1;
  // A phone's units take groups as they come: only the last round is not full.
  double perUnit = counts.groups / units;
  busy = std::max(busy, perUnit / std::ceil(std::max(perUnit, 1e-9)) * (perUnit < 1 ? perUnit : 1));
  Time time;
  time.compute = cycles / (units * std::max(busy, 1e-3) * c.clock) * 1e-6;
  // What caches and pages cost more where a launch touches more, beyond what is counted.
  constexpr double usual = 4 << 20, least = 64 << 10;
  double beyond = std::max(counts.footprint, least) / usual;
  time.compute *= std::pow(beyond, c.growth);
  double cache =
      counts.traffic[0] / c.l2Bandwidth * 1e-6 + counts.traffic[1] / c.llcBandwidth * 1e-6;
  double far = misses * counts.footprint / c.memoryBandwidth * 1e-6;
  time.memory = (cache + far) * std::pow(beyond, c.memoryGrowth);
  time.launch = c.launch * 1e-3 + counts.groups / units * c.group * 1e-3;
  time.total = time.launch + std::max(time.compute, time.memory) +
               (1 - c.overlap) * std::min(time.compute, time.memory);
  if (time.launch > std::max(time.compute, time.memory))
    time.bound = Bound::Launch;
  else if (time.memory > time.compute)
    time.bound = cache > far ? Bound::Cache : Bound::Memory;
  else
    time.bound = Bound(std::max_element(byBound, byBound + 4) - byBound);
  return time;
}

static int64_t evaluate(AffineMap map, int64_t height, int64_t width) {
  MLIRContext *context = map.getContext();
  SmallVector<AffineExpr, 2> sizes{getAffineConstantExpr(height, context),
                                   getAffineConstantExpr(width, context)};
  AffineExpr value = map.getResult(0).replaceSymbols(sizes);
  auto constant = dyn_cast<AffineConstantExpr>(value);
  return constant ? std::max<int64_t>(constant.getValue(), 0) : 0;
}

std::vector<double> cost::missesOf(const Program &program, llvm::ArrayRef<const Launch *> launches,
                                   int64_t height, int64_t width, const Device &device) {
  double cache = double(device.llcBytes) * device.cost.llcShare;
  std::vector<double> size(program.buffers.size());
  for (size_t b = 0; b < size.size(); ++b)
    size[b] = program.buffers[b].elements
                  ? double(evaluate(program.buffers[b].elements, height, width)) *
                        program.buffers[b].bits / 8
                  : 0;
  std::vector<size_t> recent; // buffers, the last used first
  std::vector<double> result;
  for (int picture = 0; picture < 2; ++picture) { // the first fills the cache
    result.clear();
    for (const Launch *launch : launches) {
      double all = 0, missed = 0;
      for (size_t i = 0; i < launch->arguments.size(); ++i) {
        size_t argument = launch->arguments[i];
        double between = 0, bytes = size[argument];
        bool found = false;
        for (size_t other : recent) {
          if ((found = other == argument))
            break;
          between += size[other];
        }
        // All of it is there if it and what came between fit, nothing if they are more than twice
        // that.
        double reach = between + bytes;
        double hit = found && cache > 0 ? std::clamp(2 - reach / cache, 0.0, 1.0) : 0;
        all += bytes;
        missed += bytes * (1 - hit);
      }
      for (size_t argument : launch->arguments) {
        llvm::erase(recent, argument);
        recent.insert(recent.begin(), argument);
      }
      result.push_back(all > 0 ? std::round(8 * missed / all) / 8 : 0);
    }
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Queries
//===----------------------------------------------------------------------===//

CostModel::CostModel(const Device &device, Memo *memo) : of(device), memo(memo) {
  std::vector<double> facts{double(featureVersion),
                            double(modelVersion),
                            double(device.kind),
                            double(device.vectorWidth),
                            double(device.registers),
                            double(device.l1Bytes),
                            double(device.l2Bytes),
                            double(device.llcBytes),
                            double(device.computeUnits),
                            device.peakF32,
                            device.peakF16,
                            device.bandwidth,
                            double(device.fp16.value)};
  for (const CostKey &key : costKeys())
    facts.push_back(device.cost.*key.fact);
  signature = llvm::xxh3_64bits(llvm::ArrayRef<uint8_t>(
      reinterpret_cast<const uint8_t *>(facts.data()), facts.size() * sizeof(double)));
}

uint64_t CostModel::keyOf(const Query &query) const {
  uint64_t parts[] = {signature, query.launch->signature, uint64_t(query.height),
                      uint64_t(query.width), uint64_t(std::llround(query.misses * 8))};
  return llvm::xxh3_64bits(
      llvm::ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(parts), sizeof(parts)));
}

void CostModel::enqueue(const Program &program, const Launch &launch, int64_t height, int64_t width,
                        double misses, Time *time) {
  queue.push_back({&program, &launch, height, width, misses, time});
}

llvm::Error CostModel::evaluate() {
  std::vector<Query> queries = std::move(queue);
  queue.clear();
  std::vector<std::pair<uint64_t, Time>> fresh;
  llvm::DenseMap<uint64_t, Time> inBatch;
  CacheSizes caches = cachesOf(of);
  for (Query &query : queries) {
    uint64_t key =
        keyOf(query) >> 1; // SQLite has 63 bits, and DenseMap keeps the largest for itself
    if (auto seen = inBatch.find(key); seen != inBatch.end()) {
      *query.time = seen->second;
      continue;
    }
    if (memo) {
      auto found = memo->find(key);
      if (!found)
        return found.takeError();
      if (*found) {
        *query.time = inBatch[key] = **found;
        continue;
      }
    }
    const Kernel &kernel = query.program->kernels[query.launch->kernel];
    Counts counts = query.program->count(*query.launch, query.height, query.width, caches);
    *query.time = inBatch[key] = timeOf(kernel, counts, query.misses, of);
    fresh.push_back({key, *query.time});
  }
  return memo && !fresh.empty() ? memo->store(fresh) : llvm::Error::success();
}

llvm::Expected<std::vector<Time>> CostModel::predict(const Program &program, int64_t height,
                                                     int64_t width, double *total) {
  std::vector<const Launch *> launches = program.floatLaunches();
  std::vector<double> misses = missesOf(program, launches, height, width, of);
  std::vector<Time> times(launches.size());
  for (size_t i = 0; i < launches.size(); ++i)
    enqueue(program, *launches[i], height, width, misses[i], &times[i]);
  if (llvm::Error error = evaluate())
    return std::move(error);
  if (total) {
    *total = 0;
    for (const Time &time : times)
      *total += time.total + of.cost.gap * 1e-3;
  }
  return times;
}
