//===- KernelPrinter.h - One kernel as OpenCL C ---------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// One walk over each kernel. A value becomes an expression, and the expression waits until its only
// use prints it; values with several uses are declared as constants. An expression that reads
// memory or a variable is declared before the next statement that may change what it reads.
//
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_EMIT_KERNELPRINTER_H
#define SRCC_COMPILER_EMIT_KERNELPRINTER_H

#include "compiler/emit/Names.h"
#include "compiler/emit/OpenCLPrinter.h"
#include "compiler/emit/OpenCLText.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

namespace srcc::opencl {

/// Statements longer than this are wrapped, expressions longer than the other are declared.
constexpr size_t lineWidth = 100, expressionWidth = 80;

/// Whether memory is a kernel's argument: global, not a private array or local memory.
inline bool isGlobal(mlir::Value memory) {
  return mlir::isa<mlir::BlockArgument>(memory) &&
         !mlir::cast<mlir::MemRefType>(memory.getType()).getMemorySpace();
}

/// Prints one kernel. What an operation on values becomes is in PrintOperations.cpp, what reads and
/// writes memory in PrintMemory.cpp.
class KernelPrinter {
public:
  KernelPrinter(mlir::gpu::GPUFuncOp kernel, Names &names, const PrinterOptions &options,
                llvm::StringMap<bool> &usedHelpers, llvm::SetVector<mlir::Type> &unalignedVectors,
                std::string &out)
      : kernel(kernel), names(names), options(options), usedHelpers(usedHelpers),
        unalignedVectors(unalignedVectors), out(out) {}

  mlir::LogicalResult print();

private:
  //===- statements -------------------------------------------------------===//
  void line(llvm::StringRef text);
  void comment(llvm::StringRef text);
  void declare(mlir::Value value, Expr expr);
  /// "const int x = " or, for a variable, "int x = ".
  std::string declaration(mlir::Type type, llvm::StringRef name, bool isConst) {
    return (isConst ? "const " : "") + typeName(type) + " " + name.str();
  }

  //===- expressions ------------------------------------------------------===//
  /// Takes a value's expression for printing at the present place.
  Expr take(mlir::Value value);
  /// Takes operands; declares the longest until all together are short enough for one expression.
  llvm::SmallVector<Expr, 4> take(mlir::ValueRange values);
  /// As a whole vector, if it is one: (float8)(x).
  Expr whole(Expr expr, mlir::Type type);
  /// A value's expression as a whole vector.
  Expr takeWhole(mlir::Value value) { return whole(take(value), value.getType()); }
  /// As a name or a literal, declared if need be, so that it can be printed several times.
  std::string takeWord(mlir::Value value);
  void set(mlir::Value value, Expr expr);
  bool isKept(mlir::Value value);
  void standsFor(mlir::Value variable, mlir::Value value);
  Expr call(llvm::StringRef function, llvm::ArrayRef<Expr> arguments,
            Precedence precedence = Postfix);
  Expr binary(llvm::StringRef symbol, Precedence precedence, const Expr &lhs, const Expr &rhs,
              bool associative);
  /// A scalar or vector conversion: (int)x, convert_int8(x).
  Expr convert(Expr expr, mlir::Type from, llvm::StringRef scalar, llvm::StringRef rounding = "");
  Expr unsignedInteger(Expr expr, mlir::Type type);
  Expr lanes(const Expr &vector, llvm::ArrayRef<int64_t> positions);
  Expr gather(llvm::ArrayRef<std::pair<std::string, int64_t>> elements, mlir::Type type);

  //===- memory -----------------------------------------------------------===//
  bool mayChange(mlir::Value written, mlir::Value read);
  void beforeWrite(mlir::Value written);
  void beforeRegions(mlir::Operation *op);
  void beforeBarrier();
  Expr element(mlir::Value memory, mlir::Value index);
  Expr address(mlir::Value memory, mlir::Value index);
  Expr vectorAt(mlir::Value memory, mlir::Type type, Expr place, bool aligned);
  bool printPlace(mlir::Operation *op);
  mlir::Operation *firstStore(mlir::memref::AllocaOp alloca);
  void store(mlir::Value memory, mlir::Value index, mlir::Value value);

  //===- operations -------------------------------------------------------===//
  mlir::LogicalResult printBlock(mlir::Block &block);
  mlir::LogicalResult printOp(mlir::Operation *op);
  mlir::LogicalResult printConstant(mlir::arith::ConstantOp op);
  mlir::LogicalResult printArith(mlir::Operation *op);
  mlir::LogicalResult printCompare(mlir::Operation *op);
  mlir::LogicalResult printCast(mlir::Operation *op);
  mlir::LogicalResult printVector(mlir::Operation *op);
  mlir::LogicalResult printMemory(mlir::Operation *op);
  mlir::LogicalResult printTexel(mlir::Operation *op);
  mlir::LogicalResult printGpu(mlir::Operation *op);
  mlir::LogicalResult printFor(mlir::scf::ForOp op);
  mlir::LogicalResult printIf(mlir::scf::IfOp op);
  void assign(llvm::StringRef variable, mlir::Value cell, mlir::Value value, bool isLast);
  mlir::LogicalResult checkMemory(mlir::Operation *op, mlir::MemRefType type);
  mlir::LogicalResult checkTypes(mlir::Operation *op);
  mlir::LogicalResult unsupported(mlir::Operation *op, const llvm::Twine &why = "") {
    return op->emitOpError("has no form in OpenCL C")
           << (why.isTriviallyEmpty() ? "" : ": ") << why;
  }
  void findDead();
  unsigned uses(mlir::Value value) {
    return llvm::count_if(value.getUsers(),
                          [&](mlir::Operation *user) { return !dead.contains(user); });
  }
  /// A name for a value: its location's, or one of what it is.
  std::string nameFor(mlir::Value value);
  llvm::StringRef memoryName(mlir::Value memory) { return expressions[memory].text; }

  mlir::gpu::GPUFuncOp kernel;
  Names &names;
  const PrinterOptions &options;
  llvm::StringMap<bool> &usedHelpers;
  llvm::SetVector<mlir::Type> &unalignedVectors;
  std::string &out;
  unsigned depth = 0, loops = 0;
  llvm::DenseMap<mlir::Value, Expr> expressions;
  /// An index of memory accesses in parts: &x[base * row] + moving + offset, `moving` perhaps
  /// empty.
  struct Place {
    std::string base, moving;
    int64_t row = 1, offset = 0;
  };
  std::string pointer(mlir::Value memory, const Place &place);
  llvm::DenseMap<mlir::Value, Place> places;
  /// Values that wait for their uses and read something, in order.
  llvm::SetVector<mlir::Value> waiting;
  llvm::DenseMap<mlir::Value, unsigned> remaining; ///< their uses still to come
  llvm::DenseSet<mlir::Operation *> dead;
  llvm::DenseSet<mlir::Value> readOnly;
  llvm::StringSet<> areas; ///< names of the stage and of the buffers
  /// Rank-0 allocas, by the store that declares them.
  llvm::DenseMap<mlir::Operation *, mlir::memref::AllocaOp> declaringStores;
  /// The variable that an operation's (vector.insert's) result may go on using.
  llvm::DenseSet<mlir::Value> variables;
};

} // namespace srcc::opencl

#endif // SRCC_COMPILER_EMIT_KERNELPRINTER_H
