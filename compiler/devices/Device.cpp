//===- Device.cpp - What is known of a device -----------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/devices/Device.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Threading.h"
#include "llvm/TargetParser/Host.h"

#include <cstdio>
#include <optional>

using namespace llvm;
using namespace srcc;

namespace {
struct DeviceFile {
  StringRef name, text;
};
} // namespace

/// The device files, alphabetically; the build makes the list.
static constexpr DeviceFile deviceFiles[] = {
#include "compiler/devices/DeviceFiles.inc"
};

static Error failure(const Twine &text) {
  return createStringError(inconvertibleErrorCode(), text);
}

/// A number as people write it, six digits at most.
static std::string shortest(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), "%.6g", value);
  return buffer;
}

/// The candidate that looks most like the text, or "" if none does.
template <typename Range> static std::string nearest(StringRef text, const Range &candidates) {
  std::string best;
  unsigned bestDistance = text.size() / 2 + 1;
  for (StringRef candidate : candidates) {
    unsigned distance = text.edit_distance(candidate);
    if (distance < bestDistance) {
      bestDistance = distance;
      best = candidate.str();
    }
  }
  return best;
}

//===- coefficients of the cost model -------------------------------------===//

ArrayRef<CostKey> srcc::costKeys() {
  static const CostKey keys[] = {
      {"clock_ghz", "GHz", &CostFacts::clock, 0.01, 100},
      {"lanes", "f32 lanes of an instruction", &CostFacts::lanes, 1, 64},
      {"fma_per_cycle", "instructions per cycle and unit", &CostFacts::fmaPerCycle, 0.001, 1e5},
      {"alu_per_cycle", "instructions per cycle and unit", &CostFacts::aluPerCycle, 0.001, 1e5},
      {"load_per_cycle", "instructions per cycle and unit", &CostFacts::loadPerCycle, 0.001, 1e5},
      {"store_per_cycle", "instructions per cycle and unit", &CostFacts::storePerCycle, 0.001, 1e5},
      {"issue_per_cycle", "instructions per cycle and unit", &CostFacts::issuePerCycle, 0.001, 1e5},
      {"special_cycles", "cycles", &CostFacts::specialCycles, 0, 1e4},
      {"broadcast_cycles", "cycles", &CostFacts::broadcast, 0, 1e4},
      {"address_cycles", "cycles", &CostFacts::address, 0, 1e4},
      {"branch_cycles", "cycles", &CostFacts::branch, 0, 1e4},
      {"prefetch_cycles", "cycles", &CostFacts::prefetchCycles, 0, 1e4},
      {"spill_cycles", "cycles", &CostFacts::spill, 0, 1e4},
      {"roof_power", "power", &CostFacts::roofPower, 1, 64},
      {"latency_cycles", "cycles", &CostFacts::latency, 0, 1e4},
      {"loop_cycles", "cycles", &CostFacts::loopCycles, 0, 1e4},
      {"enter_cycles", "cycles", &CostFacts::enterCycles, 0, 1e4},
      {"exit_cycles", "cycles", &CostFacts::exitCycles, 0, 1e4},
      {"resident", "work-items per unit", &CostFacts::resident, 1, 1e6},
      {"occupancy_steps", "steps from empty to full", &CostFacts::steps, 1, 1024},
      {"l2_gbs", "GB/s", &CostFacts::l2Bandwidth, 0.01, 1e6},
      {"llc_gbs", "GB/s", &CostFacts::llcBandwidth, 0.01, 1e6},
      {"memory_gbs", "GB/s", &CostFacts::memoryBandwidth, 0.01, 1e6},
      {"llc_share", "share", &CostFacts::llcShare, 0, 1},
      {"launch_us", "us", &CostFacts::launch, 0, 1e6},
      {"gap_us", "us", &CostFacts::gap, 0, 1e6},
      {"group_us", "us", &CostFacts::group, 0, 1e6},
      {"growth", "power", &CostFacts::growth, 0, 0.5},
      {"memory_growth", "power", &CostFacts::memoryGrowth, 0, 0.5},
      {"overlap", "share", &CostFacts::overlap, 0, 1},
  };
  return keys;
}

/// Coefficients that follow from what a device file has anyway.
static CostFacts derivedCosts(const Device &device) {
  CostFacts cost;
  auto set = [](Fact<double> &fact, double value, const char *from) {
    fact.value = value;
    fact.from = from;
  };
  bool cpu = device.kind == DeviceKind::CPU;
  double lanes = cpu ? double(device.vectorWidth) : 1;
  double clock = cpu ? 3 : 0.7;
  double fma = device.peakF32 / (2 * lanes * clock * double(device.computeUnits));
  const char *ports = "assumed: in proportion to multiply-adds";
  set(cost.clock, clock, cpu ? "assumed: a processor of today" : "assumed: a phone's GPU");
  set(cost.lanes, lanes, "derived: vector_width on a CPU, one on a GPU");
  set(cost.fmaPerCycle, fma, "derived: peak_gflops_f32 by clock, lanes and units");
  set(cost.aluPerCycle, fma, ports);
  set(cost.loadPerCycle, cpu ? fma : fma / 4, ports);
  set(cost.storePerCycle, cpu ? fma / 2 : fma / 8, ports);
  set(cost.issuePerCycle, cpu ? 2.5 * fma : fma, ports);
  set(cost.specialCycles, cpu ? 20 : 4 / std::max(fma, 1e-3), "assumed: a few instructions");
  set(cost.latency, cpu ? 4 : 10, "assumed: as processors of today");
  set(cost.loopCycles, cpu ? 1 : 4 / std::max(fma, 1e-3), "assumed: counter and branch");
  const char *counted = "assumed: its instructions alone";
  set(cost.broadcast, 1 / cost.loadPerCycle.value, "derived: as any read");
  set(cost.address, 0, counted);
  set(cost.branch, 0, counted);
  set(cost.prefetchCycles, 0, counted);
  set(cost.spill, cpu ? 2 : 0, cpu ? "assumed: written and read" : "assumed: occupancy has it");
  set(cost.roofPower, 16, "assumed: hardly more than the highest roof");
  set(cost.enterCycles, 0, counted);
  set(cost.growth, 0, "assumed: caches have it all");
  set(cost.memoryGrowth, 0, "assumed: caches have it all");
  set(cost.exitCycles, cpu ? 15 : 0,
      cpu ? "assumed: a mispredicted branch" : "assumed: none is foreseen");
  set(cost.resident, cpu ? 1 : 1024, "assumed: as GPUs of phones");
  set(cost.steps, cpu ? 1 : 8, "assumed: waves of a scheduler");
  set(cost.l2Bandwidth, 8 * device.bandwidth, "assumed: eight times that of memory");
  set(cost.llcBandwidth, 2 * device.bandwidth, "assumed: twice that of memory");
  set(cost.memoryBandwidth, device.bandwidth, "derived: bandwidth_gbs");
  set(cost.llcShare, 0.5, "assumed: others take half");
  set(cost.launch, 20, "assumed: as drivers of today");
  set(cost.gap, 10, "assumed: as drivers of today");
  set(cost.group, cpu ? 0.5 : 0, "assumed: a call");
  set(cost.overlap, 0.7, "assumed: caches and waves hide most of the lesser");
  return cost;
}

//===- device files -------------------------------------------------------===//

namespace {
/// Takes key after key out of a device file's object; the first error stays.
class Reader {
public:
  Reader(const json::Object &object, StringRef file) : object(object), file(file) {}

  void text(StringRef key, std::string &to) {
    if (const json::Value *value = member(key)) {
      if (auto string = value->getAsString(); string && !string->empty())
        to = string->str();
      else
        fail(key, "takes a string that is not empty");
    }
  }
  void optionalText(StringRef key, std::string &to) {
    if (object.get(key))
      text(key, to);
    known.push_back(key);
  }
  template <typename T>
  void choice(StringRef key, T &to, ArrayRef<std::pair<StringRef, T>> choices) {
    if (const json::Value *value = member(key))
      choose(key, *value, to, choices);
  }
  template <typename T>
  void choice(StringRef key, Fact<T> &to, ArrayRef<std::pair<StringRef, T>> choices) {
    if (const json::Value *value = fact(key, to.from))
      choose(key, *value, to.value, choices);
  }
  void flag(StringRef key, Fact<bool> &to) {
    if (const json::Value *value = fact(key, to.from)) {
      if (auto boolean = value->getAsBoolean())
        to.value = *boolean;
      else
        fail(key, "takes true or false");
    }
  }
  void integer(StringRef key, Fact<int64_t> &to, int64_t low, int64_t high) {
    if (const json::Value *value = fact(key, to.from)) {
      auto number = value->getAsInteger();
      if (number && *number >= low && *number <= high)
        to.value = *number;
      else
        fail(key, "takes a whole number from " + Twine(low) + " to " + Twine(high));
    }
  }
  void rate(StringRef key, Fact<double> &to) {
    if (const json::Value *value = fact(key, to.from)) {
      auto number = value->getAsNumber();
      if (number && *number > 0 && *number < 1e9)
        to.value = *number;
      else
        fail(key, "takes a number above 0");
    }
  }
  void within(StringRef key, Fact<double> &to, double low, double high) {
    if (const json::Value *value = fact(key, to.from)) {
      auto number = value->getAsNumber();
      if (number && *number >= low && *number <= high)
        to.value = *number;
      else
        fail(key, "takes a number from " + shortest(low) + " to " + shortest(high));
    }
  }
  bool has(StringRef key) const { return object.get(key); }
  /// An object, or null if the key is not there.
  const json::Object *section(StringRef key) {
    known.push_back(key);
    const json::Value *value = object.get(key);
    if (value && !value->getAsObject())
      fail(key, "takes an object");
    return value ? value->getAsObject() : nullptr;
  }
  void fail(StringRef key, const Twine &problem) {
    if (message.empty())
      message = (file + ": key \"" + key + "\" " + problem).str();
  }
  /// The first error, or that of a key nobody asked for.
  Error finish() {
    if (message.empty())
      for (const auto &[key, value] : object)
        if (!is_contained(known, StringRef(key))) {
          std::string similar = nearest(key, known);
          fail(key, similar.empty() ? "is not known"
                                    : "is not known; did you mean \"" + similar + "\"?");
        }
    return message.empty() ? Error::success() : failure(message);
  }

private:
  const json::Value *member(StringRef key) {
    known.push_back(key);
    const json::Value *value = object.get(key);
    if (!value)
      fail(key, "is missing");
    return value;
  }
  /// The value of {"value": ..., "from": "..."}.
  const json::Value *fact(StringRef key, std::string &from) {
    const json::Value *value = member(key);
    if (!value)
      return nullptr;
    const json::Object *pair = value->getAsObject();
    const json::Value *inner = pair ? pair->get("value") : nullptr;
    auto origin = pair ? pair->getString("from") : std::nullopt;
    if (!inner || !origin || pair->size() != 2) {
      fail(key, "takes {\"value\": ..., \"from\": \"...\"}");
      return nullptr;
    }
    auto [kind, source] = origin->split(": ");
    if (!is_contained({"measured", "published", "derived", "assumed"}, kind) || source.empty()) {
      fail(key,
           "takes a \"from\" that begins with \"measured: \", \"published: \", \"derived: \" or "
           "\"assumed: \" and goes on");
      return nullptr;
    }
    from = origin->str();
    return inner;
  }
  template <typename T>
  void choose(StringRef key, const json::Value &value, T &to,
              ArrayRef<std::pair<StringRef, T>> choices) {
    auto string = value.getAsString();
    for (const auto &[name, choice] : choices)
      if (string == name) {
        to = choice;
        return;
      }
    fail(key,
         "takes " + join(map_range(choices, [](auto &c) { return ("\"" + c.first + "\"").str(); }),
                         " or "));
  }

  const json::Object &object;
  StringRef file;
  SmallVector<StringRef> known;
  std::string message;
};
} // namespace

Expected<Device> srcc::parseDevice(StringRef text, StringRef file) {
  Expected<json::Value> root = json::parse(text);
  if (!root)
    return failure(file + ": " + toString(root.takeError()));
  const json::Object *object = root->getAsObject();
  if (!object)
    return failure(file + ": a device file is a JSON object");

  Device device;
  Reader reader(*object, file);
  constexpr int64_t gibibyte = int64_t(1) << 30;
  reader.text("name", device.name);
  reader.text("vendor", device.vendor);
  reader.text("description", device.description);
  reader.choice<DeviceKind>("kind", device.kind,
                            {{"cpu", DeviceKind::CPU}, {"gpu", DeviceKind::GPU}});
  reader.integer("vector_width", device.vectorWidth, 1, 16);
  reader.integer("registers", device.registers, 4, 1024);
  reader.integer("l1_bytes", device.l1Bytes, 0, gibibyte);
  reader.integer("l2_bytes", device.l2Bytes, 0, gibibyte);
  reader.integer("llc_bytes", device.llcBytes, 0, gibibyte);
  reader.integer("compute_units", device.computeUnits, 1, 1024);
  reader.integer("wave", device.wave, 1, 1024);
  reader.integer("max_threads", device.maxThreads, 1, 65536);
  reader.integer("preferred_threads", device.preferredThreads, 1, 65536);
  reader.integer("local_bytes", device.localBytes, 0, gibibyte);
  reader.flag("fp16", device.fp16);
  reader.flag("images", device.images);
  device.unrolledCode = {0, "assumed: the file does not say"};
  if (reader.has("unrolled_code"))
    reader.integer("unrolled_code", device.unrolledCode, 0, 1 << 20);
  device.winogradChannels = {0, "assumed: the file does not say"};
  if (reader.has("winograd_channels"))
    reader.integer("winograd_channels", device.winogradChannels, 0, 65536);
  reader.choice<MultiplyAdd>(
      "multiply_add", device.multiplyAdd,
      {{"fma", MultiplyAdd::FMA}, {"mad", MultiplyAdd::MAD}, {"contract", MultiplyAdd::Contract}});
  reader.choice<Prefetching>("prefetch", device.prefetching,
                             {{"none", Prefetching::None},
                              {"function", Prefetching::Function},
                              {"builtin", Prefetching::Builtin}});
  device.vectorAccess = {VectorAccess::Function, "assumed: the file does not say"};
  if (reader.has("vector_access"))
    reader.choice<VectorAccess>(
        "vector_access", device.vectorAccess,
        {{"function", VectorAccess::Function}, {"pointer", VectorAccess::Pointer}});
  reader.choice<Storage>("storage", device.storage, {{"f32", Storage::F32}, {"f16", Storage::F16}});
  reader.rate("peak_gflops_f32", device.peakF32);
  if (device.fp16)
    reader.rate("peak_gflops_f16", device.peakF16);
  reader.rate("bandwidth_gbs", device.bandwidth);
  if (!isPowerOf2_64(device.vectorWidth))
    reader.fail("vector_width", "takes 1, 2, 4, 8 or 16");
  if (device.preferredThreads > device.maxThreads)
    reader.fail("preferred_threads", "is above max_threads");
  reader.optionalText("mobile_compilers", device.mobileCompilers);
  const json::Object *costs = reader.section("cost");
  if (Error error = reader.finish())
    return std::move(error);
  if (!costs) {
    device.cost = derivedCosts(device);
    return device;
  }
  std::string place = (file + ": \"cost\"").str();
  Reader costReader(*costs, place);
  for (const CostKey &key : costKeys())
    costReader.within(key.key, device.cost.*key.fact, key.low, key.high);
  if (Error error = costReader.finish())
    return std::move(error);
  return device;
}

std::string srcc::printDevice(const Device &device) {
  std::string text;
  raw_string_ostream os(text);
  auto quoted = [](StringRef s) { return formatv("{0}", json::Value(s)).str(); };
  auto fact = [&](StringRef key, const Twine &value, StringRef from, StringRef indent = "  ") {
    os << ",\n"
       << indent << quoted(key) << ": {\"value\": " << value << ", \"from\": " << quoted(from)
       << "}";
  };
  auto integer = [&](StringRef key, const Fact<int64_t> &f) { fact(key, Twine(f.value), f.from); };
  auto number = [&](StringRef key, const Fact<double> &f, StringRef indent = "  ") {
    fact(key, shortest(f.value), f.from, indent);
  };
  auto flag = [&](StringRef key, const Fact<bool> &f) {
    fact(key, f.value ? "true" : "false", f.from);
  };
  auto choice = [&](StringRef key, StringRef value, StringRef from) {
    fact(key, quoted(value), from);
  };
  os << "{\n  \"name\": " << quoted(device.name) << ",\n  \"vendor\": " << quoted(device.vendor)
     << ",\n  \"description\": " << quoted(device.description)
     << ",\n  \"kind\": " << (device.kind == DeviceKind::CPU ? "\"cpu\"" : "\"gpu\"");
  integer("vector_width", device.vectorWidth);
  integer("registers", device.registers);
  integer("l1_bytes", device.l1Bytes);
  integer("l2_bytes", device.l2Bytes);
  integer("llc_bytes", device.llcBytes);
  integer("compute_units", device.computeUnits);
  integer("wave", device.wave);
  integer("max_threads", device.maxThreads);
  integer("preferred_threads", device.preferredThreads);
  integer("local_bytes", device.localBytes);
  flag("fp16", device.fp16);
  flag("images", device.images);
  integer("winograd_channels", device.winogradChannels);
  integer("unrolled_code", device.unrolledCode);
  const char *multiplyAdds[] = {"fma", "mad", "contract"};
  choice("multiply_add", multiplyAdds[int(device.multiplyAdd.value)], device.multiplyAdd.from);
  const char *prefetches[] = {"none", "function", "builtin"};
  choice("prefetch", prefetches[int(device.prefetching.value)], device.prefetching.from);
  choice("vector_access",
         device.vectorAccess.value == VectorAccess::Function ? "function" : "pointer",
         device.vectorAccess.from);
  choice("storage", device.storage.value == Storage::F32 ? "f32" : "f16", device.storage.from);
  number("peak_gflops_f32", device.peakF32);
  if (device.fp16)
    number("peak_gflops_f16", device.peakF16);
  number("bandwidth_gbs", device.bandwidth);
  if (!device.mobileCompilers.empty())
    os << ",\n  \"mobile_compilers\": " << quoted(device.mobileCompilers);
  os << ",\n  \"cost\": {";
  for (const CostKey &key : costKeys()) {
    const Fact<double> &f = device.cost.*key.fact;
    os << (key.key == costKeys().front().key ? "\n    " : ",\n    ") << quoted(key.key)
       << ": {\"value\": " << shortest(f.value) << ", \"from\": " << quoted(f.from) << "}";
  }
  os << "\n  }\n}\n";
  return text;
}

Expected<Device> srcc::loadDevice(StringRef nameOrPath) {
  if (nameOrPath == "host") {
    Expected<Device> pocl = loadDevice("pocl-cpu");
    if (!pocl)
      return pocl.takeError();
    return adaptToHost(std::move(*pocl), readHostCPU());
  }
  for (const DeviceFile &file : deviceFiles)
    if (file.name == nameOrPath)
      return parseDevice(file.text, file.name);
  if (nameOrPath.ends_with(".json") || nameOrPath.contains('/')) {
    auto buffer = MemoryBuffer::getFile(nameOrPath, /*IsText=*/true);
    if (!buffer)
      return failure(nameOrPath + ": " + buffer.getError().message());
    return parseDevice((*buffer)->getBuffer(), nameOrPath);
  }
  std::vector<std::string> names = deviceNames();
  std::string similar = nearest(nameOrPath, names);
  return failure("no device is called \"" + nameOrPath + "\"" +
                 (similar.empty() ? "" : "; did you mean \"" + similar + "\"?") +
                 (similar.empty() ? "; there are " : " There are ") + join(names, ", ") +
                 ", and any device file by its path");
}

std::vector<std::string> srcc::deviceNames() {
  std::vector<std::string> names{"host"};
  for (const DeviceFile &file : deviceFiles)
    names.push_back(file.name.str());
  sort(names);
  return names;
}

//===- the host -----------------------------------------------------------===//

/// The first line of a file, or "" if there is none.
static std::string firstLine(const Twine &path) {
  auto buffer = MemoryBuffer::getFileAsStream(path);
  return buffer ? (*buffer)->getBuffer().split('\n').first.trim().str() : "";
}

HostCPU srcc::readHostCPU(StringRef caches) {
  HostCPU cpu;
  cpu.name = sys::getHostCPUName().str();
  StringMap<bool> features = sys::getHostCPUFeatures();
  if (features.lookup("avx512f") && features.lookup("avx512vl"))
    cpu.vectorWidth = 16, cpu.registers = 32;
  else if (features.lookup("avx2") && features.lookup("fma"))
    cpu.vectorWidth = 8, cpu.registers = 16;
  else if (features.lookup("neon"))
    cpu.vectorWidth = 4, cpu.registers = 32;
  cpu.threads = std::max(1, int(hardware_concurrency().compute_thread_count()));

  for (int i = 0; i < 8; ++i) {
    std::string folder = (caches + "/index" + Twine(i) + "/").str();
    std::string level = firstLine(folder + "level"), type = firstLine(folder + "type");
    std::string size = firstLine(folder + "size"); // "32K"
    StringRef digits = size;
    int64_t unit = digits.consume_back("K") ? 1024 : digits.consume_back("M") ? 1024 * 1024 : 1;
    int64_t bytes = 0;
    if (type == "Instruction" || digits.getAsInteger(10, bytes) || bytes <= 0)
      continue;
    bytes *= unit;
    if (level == "1")
      cpu.l1Bytes = bytes;
    else if (level == "2")
      cpu.l2Bytes = bytes;
    cpu.llcBytes = std::max(cpu.llcBytes, bytes);
  }
  return cpu;
}

Device srcc::adaptToHost(Device pocl, const HostCPU &cpu) {
  auto set = [](auto &fact, auto value, const char *from) {
    fact.value = value;
    fact.from = from;
  };
  const char *features = "measured: the features this processor reports";
  const char *caches = "measured: the cache sizes this system reports";
  // A core's share of the peak stays per lane; two cores of the file's processor give its peak.
  double perLane = pocl.peakF32 / (pocl.computeUnits * pocl.vectorWidth);
  set(pocl.peakF32, perLane * cpu.threads * cpu.vectorWidth,
      "derived: the peak in pocl-cpu.json, by threads and vector width");
  set(pocl.vectorWidth, cpu.vectorWidth, features);
  set(pocl.registers, cpu.registers, features);
  set(pocl.computeUnits, cpu.threads, "measured: the threads this process may use");
  set(pocl.cost.lanes, double(cpu.vectorWidth), features);
  if (cpu.l1Bytes)
    set(pocl.l1Bytes, cpu.l1Bytes, caches);
  if (cpu.l2Bytes)
    set(pocl.l2Bytes, cpu.l2Bytes, caches);
  if (cpu.llcBytes)
    set(pocl.llcBytes, cpu.llcBytes, caches);
  pocl.name = "host";
  pocl.description = "PoCL on this machine's " + cpu.name;
  return pocl;
}
