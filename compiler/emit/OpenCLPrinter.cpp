//===- OpenCLPrinter.cpp - Kernels as OpenCL C ----------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/emit/OpenCLPrinter.h"

#include "compiler/emit/KernelPrinter.h"
#include "dialects/ocl/OCL.h"
#include "dialects/sr/SR.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/CommandLine.h"

using namespace mlir;
using namespace srcc;
using namespace srcc::opencl;

bool srcc::usesHalf(gpu::GPUModuleOp module) {
  auto isHalf = [](Type type) {
    if (auto memory = dyn_cast<MemRefType>(type))
      type = memory.getElementType();
    return getElementTypeOrSelf(type).isF16();
  };
  return module
      .walk([&](Operation *op) {
        return llvm::any_of(op->getResultTypes(), isHalf) ? WalkResult::interrupt()
                                                          : WalkResult::advance();
      })
      .wasInterrupted();
}

LogicalResult srcc::printOpenCL(gpu::GPUModuleOp module, raw_ostream &os,
                                const PrinterOptions &options) {
  Names names;
  for (const Helper &helper : helpers)
    names.unique(helper.name);
  for (auto kernel : module.getOps<gpu::GPUFuncOp>())
    names.unique(kernel.getName());
  llvm::StringMap<bool> usedHelpers;
  llvm::SetVector<Type> unalignedVectors;
  std::string kernels;
  for (Operation &op : *module.getBody()) {
    auto kernel = dyn_cast<gpu::GPUFuncOp>(op);
    if (!kernel)
      return op.emitOpError("has no form in OpenCL C: a module holds kernels");
    KernelPrinter printer(kernel, names, options, usedHelpers, unalignedVectors, kernels);
    if (!kernels.empty())
      kernels += '\n';
    if (failed(printer.print()))
      return failure();
  }
  if (usesHalf(module))
    os << "#pragma OPENCL EXTENSION cl_khr_fp16 : enable\n\n";
  for (const Helper &helper : helpers)
    if (usedHelpers.contains(helper.name))
      os << helper.text << '\n';
  for (Type type : unalignedVectors)
    os << "typedef " << typeName(type) << ' ' << unalignedName(type) << " __attribute__((aligned("
       << elementBytes(type) << ")));\n";
  os << (unalignedVectors.empty() ? "" : "\n") << kernels;
  return success();
}

void srcc::registerOpenCLEmission() {
  static llvm::cl::opt<MultiplyAdd> multiplyAdd(
      "multiply-add", llvm::cl::desc("how --emit-opencl writes a multiply-add"),
      llvm::cl::values(clEnumValN(MultiplyAdd::FMA, "fma", "fma(a, b, c)"),
                       clEnumValN(MultiplyAdd::MAD, "mad", "mad(a, b, c)"),
                       clEnumValN(MultiplyAdd::Contract, "contract", "a * b + c")),
      llvm::cl::init(MultiplyAdd::Contract));
  static llvm::cl::opt<Prefetching> prefetching(
      "prefetch", llvm::cl::desc("how --emit-opencl writes a prefetch"),
      llvm::cl::values(clEnumValN(Prefetching::Function, "function", "prefetch(&x[i], 1)"),
                       clEnumValN(Prefetching::Builtin, "builtin", "__builtin_prefetch(&x[i])")),
      llvm::cl::init(Prefetching::Function));
  static llvm::cl::opt<VectorAccess> vectorAccess(
      "vector-access", llvm::cl::desc("how --emit-opencl writes an access to an unaligned vector"),
      llvm::cl::values(
          clEnumValN(VectorAccess::Function, "function", "vload4(0, &x[i])"),
          clEnumValN(VectorAccess::Pointer, "pointer", "*(global unaligned_float4 *)&x[i]")),
      llvm::cl::init(VectorAccess::Function));
  static llvm::cl::opt<bool> fp16("fp16",
                                  llvm::cl::desc("--emit-opencl may use half (cl_khr_fp16)"));
  static TranslateFromMLIRRegistration registration(
      "emit-opencl", "print the kernels of gpu modules as OpenCL C",
      [](Operation *op, raw_ostream &os) -> LogicalResult {
        WalkResult result = op->walk([&](gpu::GPUModuleOp module) {
          return failed(printOpenCL(module, os, {multiplyAdd, prefetching, vectorAccess, fp16}))
                     ? WalkResult::interrupt()
                     : WalkResult::skip();
        });
        return failure(result.wasInterrupted());
      },
      [](DialectRegistry &registry) {
        registry.insert<arith::ArithDialect, gpu::GPUDialect, math::MathDialect,
                        memref::MemRefDialect, ocl::OCLDialect, scf::SCFDialect, sr::SRDialect,
                        ub::UBDialect, vector::VectorDialect>();
      });
}
