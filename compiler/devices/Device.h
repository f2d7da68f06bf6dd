//===- Device.h - What is known of a device ---------------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_DEVICES_DEVICE_H
#define SRCC_COMPILER_DEVICES_DEVICE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace srcc {

/// A value and where it comes from: "measured: ...", "published: ...", "derived: ..." or
/// "assumed: ...".
template <typename T> struct Fact {
  T value{};
  std::string from;
  operator const T &() const { return value; }
};

enum class DeviceKind { CPU, GPU };
/// How a * b + c is written so that the device's compiler makes one instruction of it: fma(a, b,
/// c), mad(a, b, c), or plainly, where the compiler contracts it.
enum class MultiplyAdd { FMA, MAD, Contract };
/// How a line of global memory is asked for before it is read: by OpenCL's prefetch(), or by the
/// compiler's __builtin_prefetch(), where the driver's prefetch() does nothing. None: as Function,
/// but default schedules ask for nothing.
enum class Prefetching { None, Function, Builtin };
/// How a vector that is aligned as its elements only is read and written: by OpenCL's vloadn() and
/// vstoren(), or through a pointer to a vector type of that alignment (an attribute of GNU C),
/// where the driver's functions move a vector in pieces that its compiler puts together again only
/// where nothing but multiply-adds uses them.
enum class VectorAccess { Function, Pointer };
/// Element type of intermediate results in global memory.
enum class Storage { F32, F16 };

/// What work costs on a device, for the analytic model (compiler/cost/CostModel.h has the formula).
/// Instructions are of `lanes` 32-bit values; what is per cycle is of one compute unit.
struct CostFacts {
  Fact<double> clock;          ///< GHz
  Fact<double> lanes;          ///< f32 lanes of one instruction of a work-item
  Fact<double> fmaPerCycle;    ///< multiply-adds
  Fact<double> aluPerCycle;    ///< other arithmetic, conversions, selections
  Fact<double> loadPerCycle;   ///< reads that hit the first-level cache
  Fact<double> storePerCycle;  ///< writes
  Fact<double> issuePerCycle;  ///< instructions of all kinds
  Fact<double> specialCycles;  ///< of a division, square root, exponential, ...
  Fact<double> broadcast;      ///< cycles of a read of one value that arithmetic takes as all lanes
  Fact<double> address;        ///< cycles of an address, or of an operation on what tables hold
  Fact<double> branch;         ///< cycles of a condition
  Fact<double> prefetchCycles; ///< cycles of asking for a line
  Fact<double> spill;          ///< cycles of writing a value that finds no register, and reading it
  Fact<double> roofPower;      ///< roofs add up as powers: 1 is their sum, many the highest alone
  Fact<double> latency;        ///< cycles of an addition that waits for the one before
  Fact<double> loopCycles;     ///< of an iteration of a loop, beside its body
  Fact<double> enterCycles;    ///< of the start of a loop
  Fact<double> exitCycles;     ///< of the end of a loop that nothing foresees
  Fact<double> resident;       ///< work-items in flight on a compute unit, with few registers each
  Fact<double> steps;          ///< occupancy is a multiple of 1 / steps
  Fact<double> l2Bandwidth;    ///< GB/s between first and second-level caches, of all units
  Fact<double> llcBandwidth;   ///< GB/s behind the second-level caches
  Fact<double> memoryBandwidth; ///< GB/s behind the last-level cache, as kernels reach it
  Fact<double> llcShare;        ///< share of the last-level cache that holds this device's data
  Fact<double> launch;          ///< us of a launch on the device
  Fact<double> gap;             ///< us from the end of a launch to the start of the next
  Fact<double> group;           ///< us of a work-group, on a compute unit
  Fact<double> growth;       ///< compute time grows with the launch's distinct bytes to this power
  Fact<double> memoryGrowth; ///< the same of the time of caches and memory
  Fact<double>
      overlap; ///< share of the lesser of arithmetic and memory time that is hidden, 0 to 1
};

/// A device as its file describes it: compiler/devices/<name>.json. Schedules are chosen by these
/// facts and never by the name.
struct Device {
  std::string name;        ///< "adreno640"
  std::string vendor;      ///< "Qualcomm"
  std::string description; ///< one line for people
  DeviceKind kind = DeviceKind::CPU;

  Fact<int64_t> vectorWidth;  ///< f32 lanes of a vector: 1, 2, 4, 8 or 16
  Fact<int64_t> registers;    ///< CPU: vector registers; GPU: 32-bit registers of a work-item that
                              ///< leave full occupancy
  Fact<int64_t> l1Bytes;      ///< first-level data cache of a core or compute unit
  Fact<int64_t> l2Bytes;      ///< second-level cache: of a core (CPU), shared by all (GPU)
  Fact<int64_t> llcBytes;     ///< last-level cache, shared with the rest of the chip
  Fact<int64_t> computeUnits; ///< work-groups that run side by side
  Fact<int64_t> wave;         ///< work-items in lockstep, 1 on a CPU
  Fact<int64_t> maxThreads;   ///< work-items in a work-group, at most
  Fact<int64_t> preferredThreads; ///< work-items in a work-group, as a rule
  Fact<int64_t> localBytes;       ///< __local memory of a work-group
  Fact<bool> fp16;                ///< has arithmetic in half (cl_khr_fp16)
  Fact<bool> images;              ///< intermediates pay in images
  Fact<int64_t> unrolledCode; ///< instructions up to which the driver's compiler writes out loops
                              ///< of few turns; 0: no loop is written out
  Fact<int64_t> winogradChannels; ///< convolutions of 3 rows and as many channels in pay in
                                  ///< Winograd's form; 0: none do
  Fact<MultiplyAdd> multiplyAdd;
  Fact<Prefetching> prefetching;
  Fact<VectorAccess> vectorAccess;
  Fact<Storage> storage;  ///< preferred
  Fact<double> peakF32;   ///< GFLOP/s, a multiply-add counts two
  Fact<double> peakF16;   ///< GFLOP/s in half, 0 without fp16
  Fact<double> bandwidth; ///< of global memory, GB/s (10^9)
  std::string
      mobileCompilers; ///< GPUs of the phone compilers that stand for it, with commas; may be ""
  CostFacts cost;      ///< derived from the facts above where the file has none
};

/// The coefficients of the cost model with their keys in device files, their units and bounds.
struct CostKey {
  llvm::StringRef key, unit;
  Fact<double> CostFacts::*fact;
  double low, high; ///< values that a file may have
};
llvm::ArrayRef<CostKey> costKeys();

/// The device as a file's text that parseDevice reads back.
std::string printDevice(const Device &device);

/// The processor this program runs on.
struct HostCPU {
  std::string name;        ///< LLVM's name of it: "znver3"
  int64_t vectorWidth = 4; ///< f32 lanes
  int64_t registers = 16;  ///< vector registers
  int64_t threads = 1;     ///< hardware threads this process may use
  int64_t l1Bytes = 0;     ///< 0: not known
  int64_t l2Bytes = 0;
  int64_t llcBytes = 0;
};

/// Looks at the processor; cache sizes are read from Linux's description of a core in caches.
HostCPU readHostCPU(llvm::StringRef caches = "/sys/devices/system/cpu/cpu0/cache");

/// The description of PoCL fitted to a processor; the device is called "host".
Device adaptToHost(Device pocl, const HostCPU &cpu);

/// Loads "host", a device by its name, or a device file by its path (that which ends in ".json" or
/// has a slash). Errors name the file, the key and what would be right.
llvm::Expected<Device> loadDevice(llvm::StringRef nameOrPath);

/// Reads a device file's text; errors begin with the name given as file.
llvm::Expected<Device> parseDevice(llvm::StringRef text, llvm::StringRef file);

/// "host" and the names of the devices that need no file, in alphabetical order.
std::vector<std::string> deviceNames();

} // namespace srcc

#endif // SRCC_COMPILER_DEVICES_DEVICE_H
