//===- StaticReport.h - What phones' compilers make of kernels --*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_TOOLS_STATICREPORT_H
#define SRCC_COMPILER_TOOLS_STATICREPORT_H

#include "compiler/cost/KernelFeatures.h"
#include "compiler/devices/Device.h"

#include "llvm/Support/Error.h"

namespace srcc {

/// Compiles OpenCL C text by the program that the environment variable SRCC_MOBILE_CLC names, for
/// each of the device's GPUs in turn (Device::mobileCompilers), and writes a table: instructions,
/// registers, work-group limit and private memory by kernel, beside this compiler's own estimates,
/// and how well they rank alike. Without the variable, or for a device of no such GPU, one line
/// says so. Errors: the program cannot be started, or refuses the text.
llvm::Error writeStaticReport(llvm::StringRef text, const cost::Program &program,
                              const Device &device, llvm::raw_ostream &os);

} // namespace srcc

#endif // SRCC_COMPILER_TOOLS_STATICREPORT_H
