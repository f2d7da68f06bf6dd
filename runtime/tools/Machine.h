//===- Machine.h - What the machine can do at best --------------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#ifndef SRCC_RUNTIME_TOOLS_MACHINE_H
#define SRCC_RUNTIME_TOOLS_MACHINE_H

#include <string>

namespace srcc::tools {

/// Multiply-adds in float32 that all threads of the CPU together do per second, in 1e9 operations
/// (two per multiply-add): independent chains in as many of the widest vector registers as the CPU
/// has (AVX-512, AVX2 with FMA, else 128 bits), chosen at run time. One measurement of about 40 ms;
/// take the best of several.
double multiplyAddPeak();
/// The vectors multiplyAddPeak uses: "AVX-512", "AVX2", "128-bit".
std::string vectorName();

/// Bytes read and written per second, in 1e9, of copying memory far larger than the caches with all
/// threads; the best of a few rounds. Allocates 256 MB.
double copyBandwidth();

/// The most memory this process has ever had resident (VmHWM), in 1e6 bytes; 0 if the system does
/// not say.
double peakMemory();

} // namespace srcc::tools

#endif // SRCC_RUNTIME_TOOLS_MACHINE_H
