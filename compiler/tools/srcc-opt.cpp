//===- srcc-opt.cpp - Runs passes on IR -----------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/tools/Registration.h"

#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/Process.h"

#include <algorithm>
#include <vector>

int main(int argc, char **argv) {
  // Weights are left out where a person reads: a file or another program needs them.
  std::vector<char *> arguments(argv, argv + argc);
  char elide[] = "--mlir-elide-resource-strings-if-larger=64";
  bool chosen = std::any_of(argv + 1, argv + argc, [](llvm::StringRef argument) {
    return argument.contains("mlir-elide-resource-strings") || argument.starts_with("-o");
  });
  if (llvm::sys::Process::StandardOutIsDisplayed() && !chosen)
    arguments.insert(arguments.begin() + 1, elide);
  argc = int(arguments.size());
  argv = arguments.data();

  srcc::hideLLVMOptions();
  mlir::DialectRegistry registry;
  srcc::registerDialects(registry);
  srcc::registerPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv,
                        "Runs srcc's passes, one by one.\n\n"
                        "  srcc-opt model.mlir --canonicalize --sr-to-sched --sched-default\n"
                        "  srcc-opt model.mlir --sr-to-sched --remarks-filter='.*'\n"
                        "  srcc-opt model.mlirbc -o model.mlir       bytecode as text\n",
                        registry));
}
