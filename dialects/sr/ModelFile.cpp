//===- ModelFile.cpp - Models in files, and the rules of a whole model ----===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/sr/ModelFile.h"

#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

#include <limits>

using namespace mlir;
using namespace srcc::sr;

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

LogicalResult srcc::sr::writeModelFile(ModuleOp module, StringRef path) {
  auto write = [&](raw_ostream &os) -> llvm::Error {
    if (path.ends_with(".mlirbc")) {
      if (failed(writeBytecodeToFile(module, os, BytecodeWriterConfig("srcc"))))
        return llvm::createStringError("the module does not fit into bytecode");
      return llvm::Error::success();
    }
    OpPrintingFlags flags;
    flags.enableDebugInfo(true, /*prettyForm=*/false);
    flags.elideLargeElementsAttrs(std::numeric_limits<int64_t>::max());
    flags.elideLargeResourceString(std::numeric_limits<uint64_t>::max());
    module.print(os, flags);
    os << "\n";
    return llvm::Error::success();
  };
  if (llvm::Error error = llvm::writeToOutput(path, write))
    return emitError(FileLineColLoc::get(module.getContext(), path, 0, 0))
           << "cannot write: " << llvm::toString(std::move(error));
  return success();
}

OwningOpRef<ModuleOp> srcc::sr::readModuleFile(StringRef path, MLIRContext *context) {
  context->loadDialect<SRDialect, func::FuncDialect>();
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(path);
  if (!buffer) {
    llvm::errs() << path << ": error: cannot read: " << buffer.getError().message() << "\n";
    return nullptr;
  }
  // The parser would show what it cannot read, which need not be text.
  if (!isBytecode((*buffer)->getMemBufferRef()) && (*buffer)->getBuffer().contains('\0')) {
    llvm::errs() << path
                 << ": error: is no model: neither MLIR text nor MLIR bytecode, nor named .onnx\n";
    return nullptr;
  }
  auto sources = std::make_shared<llvm::SourceMgr>();
  sources->AddNewSourceBuffer(std::move(*buffer), llvm::SMLoc());
  SourceMgrDiagnosticHandler handler(*sources, context);
  return parseSourceFile<ModuleOp>(sources, ParserConfig(context));
}

OwningOpRef<ModuleOp> srcc::sr::readModelFile(StringRef path, MLIRContext *context) {
  OwningOpRef<ModuleOp> module = readModuleFile(path, context);
  if (!module)
    return nullptr;
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, context);
  if (failed(verifyModel(*module)))
    return nullptr;
  return module;
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

LogicalResult srcc::sr::setInputSize(func::FuncOp function, int64_t height, int64_t width) {
  MLIRContext *context = function.getContext();
  Block &body = function.getBody().front();
  MapShape input = getMapShape(body.getArgument(0).getType());
  auto agrees = [](int64_t fixed, int64_t size) {
    return ShapedType::isDynamic(fixed) || fixed == size;
  };
  if (!agrees(input.h, height) || !agrees(input.w, width))
    return mlir::emitError(function.getLoc(), "the model takes pictures of ")
           << (ShapedType::isDynamic(input.w) ? "any" : std::to_string(input.w)) << " x "
           << (ShapedType::isDynamic(input.h) ? "any" : std::to_string(input.h)) << " only, not "
           << width << " x " << height;
  Type type = getMapType(context, {input.c, height, width});
  if (!isMap(type))
    return mlir::emitError(function.getLoc(), "the model takes no picture of ")
           << width << " x " << height;
  body.getArgument(0).setType(type);
  for (Operation &op : body) {
    auto inference = dyn_cast<InferTypeOpInterface>(op);
    if (!inference)
      continue;
    SmallVector<Type> types;
    if (failed(inference.inferReturnTypes(context, op.getLoc(), op.getOperands(),
                                          op.getDiscardableAttrDictionary(),
                                          op.getPropertiesStorage(), op.getRegions(), types)))
      return failure();
    for (auto [result, newType] : llvm::zip_equal(op.getResults(), types))
      result.setType(newType);
  }
  function.setType(
      FunctionType::get(context, body.getArgumentTypes(), body.getTerminator()->getOperandTypes()));
  return success();
}

//===----------------------------------------------------------------------===//
// Rules of a model
//===----------------------------------------------------------------------===//

func::FuncOp srcc::sr::getModelFunction(ModuleOp module) {
  auto functions = module.getOps<func::FuncOp>();
  return llvm::hasSingleElement(functions) ? *functions.begin() : func::FuncOp();
}

/// A height and width at which most models can be probed: divisible by 1 to 6, 8, 10, 12, 15, 16.
static constexpr int64_t probeSize = 240;

static LogicalResult verifyBody(func::FuncOp function) {
  Block &body = function.getBody().front();
  for (Operation &op : body) {
    if (isa<func::ReturnOp>(op))
      continue;
    if (!isa<SRDialect>(op.getDialect())) // model_c5
      return op.emitOpError("is not an operation of sr, of which a model consists");
    for (Value table : getTableOperands(&op))
      if (!table.getDefiningOp<ConstantOp>()) // model_c6
        return op.emitOpError("takes weights that are no sr.constant");
  }
  return success();
}

LogicalResult srcc::sr::verifyModel(ModuleOp module) {
  auto io = module->getAttrOfType<IOAttr>("sr.io");
  if (!io) // model_c1
    return mlir::emitError(module.getLoc(),
                           "a model has the module attribute sr.io = #sr.io<scale = .., "
                           "color = rgb|bgr|y|none, range = LOW : HIGH>");
  func::FuncOp function = getModelFunction(module);
  if (!function || !function.isPublic() || function.isExternal() ||
      !function.getBody().hasOneBlock()) // model_c2
    return mlir::emitError(module.getLoc(), "a model is one public function with one block");
  FunctionType type = function.getFunctionType();
  if (type.getNumInputs() != 1 || type.getNumResults() != 1 || !isMap(type.getInput(0)) ||
      !isMap(type.getResult(0))) // model_c3
    return mlir::emitError(function.getLoc(),
                           "a model maps one picture 1xCxHxWxf32 to one picture, not ")
           << type;
  MapShape input = getMapShape(type.getInput(0)), output = getMapShape(type.getResult(0));
  if (!io.takesChannels(input.c) || !io.takesChannels(output.c)) // model_c4
    return mlir::emitError(function.getLoc(), io.describeColor())
           << ", but the model has " << input.c << " in and " << output.c << " out";
  if (failed(verifyBody(function)))
    return failure();
  int64_t height = ShapedType::isDynamic(input.h) ? probeSize : input.h;
  int64_t width = ShapedType::isDynamic(input.w) ? probeSize : input.w;
  OwningOpRef<func::FuncOp> probe = function.clone();
  if (failed(setInputSize(*probe, height, width)))
    return failure();
  output = getMapShape(probe->getFunctionType().getResult(0));
  if (output.h != height * io.getScale() || output.w != width * io.getScale()) // model_c7
    return mlir::emitError(function.getLoc(), "scale = ")
           << io.getScale() << ", but a picture of " << width << " x " << height << " becomes "
           << output.w << " x " << output.h;
  return success();
}
