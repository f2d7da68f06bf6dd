//===- PackageWriter.h - Writes model.srp -----------------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_EMIT_PACKAGEWRITER_H
#define SRCC_COMPILER_EMIT_PACKAGEWRITER_H

#include "compiler/emit/OpenCLPrinter.h"
#include "mlir/IR/BuiltinOps.h"

#include <optional>
#include <vector>

namespace srcc {

/// What the network makes of one picture, for the runtime's check of a new driver.
struct GoldenPicture {
  int height = 0, width = 0;        ///< of the input
  std::vector<float> input, output; ///< planar, in the model's channel order and value range
  float tolerance = 0;              ///< greatest difference allowed, in the output's range
};

enum class PackagePrecision { F32, F16Storage, F16 };

/// What a package says beside the kernels and the plan.
struct PackageInfo {
  std::string producer;     ///< "srcc 0.1.0"
  std::string target;       ///< the device's name
  std::string buildOptions; ///< for the OpenCL compiler
  PackagePrecision precision = PackagePrecision::F32;
  PrinterOptions printer;
  int halo = 0;      ///< radius of the receptive field in input pixels
  int alignment = 0; ///< strips begin at multiples of it; 0: pictures must be whole
  std::optional<GoldenPicture> golden;
};

/// Writes the package of a module with the attribute sr.io, one ocl.program (its name is the
/// model's), and the gpu.modules it launches from, each of which becomes one OpenCL program. Errors
/// are reported at the operations they are about; then what is in the stream is of no use.
mlir::LogicalResult writePackage(mlir::ModuleOp module, const PackageInfo &info,
                                 llvm::raw_ostream &os);

/// Writes it to a file, which appears whole or, after an error, not at all.
mlir::LogicalResult writePackage(mlir::ModuleOp module, const PackageInfo &info,
                                 llvm::StringRef path);

/// Registers --emit-package with srcc-translate.
void registerPackageEmission();

} // namespace srcc

#endif // SRCC_COMPILER_EMIT_PACKAGEWRITER_H
