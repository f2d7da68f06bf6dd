//===- OCL.cpp - The ocl dialect ------------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/ocl/OCL.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/SmallBitVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace srcc::ocl;

#include "dialects/ocl/OCLDialect.cpp.inc"
#include "dialects/ocl/OCLEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/ocl/OCLAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/ocl/OCLOps.cpp.inc"

void OCLDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/ocl/OCLAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/ocl/OCLOps.cpp.inc"
      >();
}

LogicalResult OCLDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  if (attribute.getName() == commentAttr) { // attribute_c1
    if (!isa<StringAttr>(attribute.getValue()))
      return op->emitOpError("ocl.comment takes a string, but got ") << attribute.getValue();
    return success();
  }
  if (attribute.getName() == unrollAttr) { // attribute_c2
    if (!isa<scf::ForOp>(op) || !isa<UnitAttr>(attribute.getValue()))
      return op->emitOpError("ocl.unroll is a unit attribute of scf.for");
    return success();
  }
  return op->emitOpError("operations take ocl.comment and ocl.unroll, not ") << attribute.getName();
}

LogicalResult OCLDialect::verifyRegionArgAttribute(Operation *op, unsigned region,
                                                   unsigned argument, NamedAttribute attribute) {
  if (attribute.getName() == nameAttr) { // attribute_c3
    if (!isa<StringAttr>(attribute.getValue()))
      return op->emitOpError("ocl.name takes a string, but got ") << attribute.getValue();
    return success();
  }
  if (attribute.getName() == readOnlyAttr) { // attribute_c4
    if (!isa<UnitAttr>(attribute.getValue()) ||
        !isa<MemRefType>(op->getRegion(region).getArgument(argument).getType()))
      return op->emitOpError("ocl.read_only is a unit attribute of memref parameters");
    return success();
  }
  return op->emitOpError("parameters take ocl.name and ocl.read_only, not ") << attribute.getName();
}

/// A map ()[H, W] -> (one to most results).
static bool isSize(AffineMap map, unsigned most) {
  return map.getNumDims() == 0 && map.getNumSymbols() == 2 && map.getNumResults() >= 1 &&
         map.getNumResults() <= most;
}

//===- program ------------------------------------------------------------===//

void ProgramOp::build(OpBuilder &builder, OperationState &state, StringRef name) {
  state.addAttribute(getSymNameAttrName(state.name), builder.getStringAttr(name));
  state.addRegion()->emplaceBlock();
}

LogicalResult ProgramOp::verify() {
  for (Operation &op : getBody().front()) // program_c1
    if (!isa<BufferOp, LaunchOp>(op))
      return op.emitOpError("stands in an ocl.program, which takes ocl.buffer and ocl.launch");
  return success();
}

//===- texels -------------------------------------------------------------===//

static LogicalResult verifyTexel(Operation *op, Type memory, Type value) {
  if (!isImage(memory)) // texel_c1
    return op->emitOpError("memory is in #ocl.image2d, but this is ") << memory;
  if (getElementTypeOrSelf(value).isF16() && !cast<MemRefType>(memory).getElementType().isF16())
    return op->emitOpError("takes four f32, but got ") << value; // texel_c2
  return success();
}
LogicalResult TexelLoadOp::verify() { return verifyTexel(*this, getMemory().getType(), getType()); }
LogicalResult TexelStoreOp::verify() {
  return verifyTexel(*this, getMemory().getType(), getValue().getType());
}

//===- buffer -------------------------------------------------------------===//

void BufferOp::build(OpBuilder &builder, OperationState &state, StringRef name, BufferKind kind,
                     Type type, AffineMap elements, PixelFormat format, ElementsAttr value) {
  auto &properties = state.getOrAddProperties<Properties>();
  properties.sym_name = builder.getStringAttr(name);
  properties.kind = BufferKindAttr::get(builder.getContext(), kind);
  properties.type = TypeAttr::get(type);
  properties.elements = AffineMapAttr::get(elements);
  properties.format = PixelFormatAttr::get(builder.getContext(), format);
  properties.value = value;
}

LogicalResult BufferOp::verify() {
  if (!isSize(getElements(), 1)) // buffer_c1
    return emitOpError("elements takes a map ()[H, W] -> (n), but got ") << getElementsAttr();
  if (!getType().isF32() && !getType().isF16() && !getType().isSignlessInteger(8) &&
      !getType().isSignlessInteger(32)) // buffer_c2
    return emitOpError("elements are f32, f16, i32 or i8, but the type is ") << getType();
  bool constant = getKind() == BufferKind::Constant;
  if (constant != getValue().has_value()) // buffer_c3
    return emitOpError(constant ? "a constant needs a value"
                                : "only a constant has a value, but this is of kind ")
           << (constant ? "" : stringifyBufferKind(getKind()));
  if (constant) { // buffer_c4
    auto type = cast<ShapedType>(getValue()->getType());
    auto count = dyn_cast<AffineConstantExpr>(getElements().getResult(0));
    if (type.getElementType() != getType())
      return emitOpError("elements are ")
             << getType() << ", but the value's are " << type.getElementType();
    if (!count || count.getValue() != type.getNumElements())
      return emitOpError("the value has ")
             << type.getNumElements() << " elements, but the buffer takes " << getElementsAttr();
  }
  bool picture = getKind() == BufferKind::Input || getKind() == BufferKind::Output;
  if (picture != (getFormat() != PixelFormat::None)) // buffer_c5
    return emitOpError(picture
                           ? "an input or output needs a pixel format"
                           : "only inputs and outputs have a pixel format, but this is of kind ")
           << (picture ? "" : stringifyBufferKind(getKind()));
  if ((getFormat() == PixelFormat::F32Planar && !getType().isF32()) || // buffer_c6
      (getFormat() == PixelFormat::U8Interleaved && !getType().isSignlessInteger(8)))
    return emitOpError("pixel format ") << stringifyPixelFormat(getFormat()) << " takes "
                                        << (getFormat() == PixelFormat::F32Planar ? "f32" : "i8")
                                        << ", but the type is " << getType();
  if (getImage2d() && (picture || (!getType().isF32() && !getType().isF16()))) // buffer_c7
    return emitOpError("an image2d is a temp or a constant of f32 or f16, but this is of kind ")
           << stringifyBufferKind(getKind()) << " and type " << getType();
  return success();
}

//===- launch -------------------------------------------------------------===//

void LaunchOp::build(OpBuilder &builder, OperationState &state, SymbolRefAttr kernel,
                     AffineMap blocks, AffineMap threads, ArrayRef<StringRef> args,
                     ArrayRef<int32_t> reads, ArrayRef<int32_t> writes, PixelFormat input,
                     PixelFormat output, ArrayRef<StringRef> layers, AffineMap macs,
                     AffineMap bytes) {
  auto &properties = state.getOrAddProperties<Properties>();
  properties.kernel = kernel;
  properties.blocks = AffineMapAttr::get(blocks);
  properties.threads = AffineMapAttr::get(threads);
  SmallVector<Attribute> symbols;
  for (StringRef arg : args)
    symbols.push_back(FlatSymbolRefAttr::get(builder.getContext(), arg));
  properties.args = builder.getArrayAttr(symbols);
  properties.reads = builder.getDenseI32ArrayAttr(reads);
  properties.writes = builder.getDenseI32ArrayAttr(writes);
  properties.input = PixelFormatAttr::get(builder.getContext(), input);
  properties.output = PixelFormatAttr::get(builder.getContext(), output);
  if (!layers.empty())
    properties.layers = builder.getStrArrayAttr(layers);
  if (macs)
    properties.macs = AffineMapAttr::get(macs);
  if (bytes)
    properties.bytes = AffineMapAttr::get(bytes);
}

LogicalResult LaunchOp::verify() {
  if (!isSize(getBlocks(), 3) || !isSize(getThreads(), 3) ||
      getBlocks().getNumResults() != getThreads().getNumResults()) // launch_c1
    return emitOpError("blocks and threads take maps ()[H, W] -> (1 to 3 results), equally many");
  for (auto [what, map] : {std::pair("macs", getMacs()), std::pair("bytes", getBytes())})
    if (map && !isSize(*map, 1)) // launch_c2
      return emitOpError(what) << " takes a map ()[H, W] -> (n)";
  int32_t count = getArgs().size();
  llvm::SmallBitVector used(count);
  for (auto [what, positions] :
       {std::pair("reads", getReads()), std::pair("writes", getWrites())}) {
    llvm::SmallBitVector seen(count);
    for (int32_t i : positions) { // launch_c3
      if (i < 0 || i >= count)
        return emitOpError(what) << " position " << i << ", but there are " << count
                                 << " arguments";
      if (seen[i])
        return emitOpError(what) << " position " << i << " twice";
      seen.set(i);
    }
    used |= seen;
  }
  if (!used.all()) // launch_c4
    return emitOpError("argument ") << used.find_first_unset() << " is neither read nor written";
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto program = cast<ProgramOp>((*this)->getParentOp());
  auto kernel =
      tables.lookupNearestSymbolFrom<gpu::GPUFuncOp>(program->getParentOp(), getKernelAttr());
  if (!kernel || !kernel.isKernel()) // launch_c5
    return emitOpError("launches ")
           << getKernel() << ", which is no gpu.func kernel beside the program";
  SmallVector<BufferOp> buffers;
  for (auto arg : getArgs().getAsRange<FlatSymbolRefAttr>()) {
    auto buffer = tables.lookupSymbolIn<BufferOp>(program, arg);
    if (!buffer) // launch_c6
      return emitOpError("argument ") << arg << " is no buffer of the program";
    buffers.push_back(buffer);
  }
  auto mismatch = [&](const Twine &text) { // launch_c7
    auto diagnostic = emitOpError(text);
    diagnostic.attachNote(kernel.getLoc()) << "the kernel's type is " << kernel.getFunctionType();
    return diagnostic;
  };
  ArrayRef<Type> types = kernel.getArgumentTypes();
  if (types.size() != buffers.size() + 2)
    return mismatch("passes " + Twine(buffers.size()) + " buffers, H and W, but the kernel takes " +
                    Twine(types.size()) + " parameters");
  for (auto [i, buffer] : llvm::enumerate(buffers)) {
    auto memory = dyn_cast<MemRefType>(types[i]);
    if (!memory || memory.getRank() != 1 || memory.getElementType() != buffer.getType() ||
        isImage(memory) != buffer.getImage2d())
      return mismatch("argument " + Twine(i) + " and the kernel's parameter differ in type");
  }
  for (Type type : types.take_back(2))
    if (!type.isSignlessInteger(32))
      return mismatch("passes H and W as i32 last");
  for (int32_t i : getWrites())
    if (buffers[i].getKind() == BufferKind::Constant ||
        buffers[i].getKind() == BufferKind::Input) // launch_c8
      return emitOpError("writes @") << buffers[i].getSymName() << ", which is of kind "
                                     << stringifyBufferKind(buffers[i].getKind());
  for (int32_t i : getWrites())
    if (buffers[i].getImage2d() && llvm::is_contained(getReads(), i)) // launch_c10
      return emitOpError("reads and writes the image @") << buffers[i].getSymName();
  if (auto known = kernel.getKnownBlockSize()) { // launch_c9
    SmallVector<int64_t> threads(3, 1);
    for (auto [i, result] : llvm::enumerate(getThreads().getResults())) {
      auto constant = dyn_cast<AffineConstantExpr>(result);
      threads[i] = constant ? constant.getValue() : -1;
    }
    if (!llvm::equal(threads, *known))
      return emitOpError("threads is ")
             << getThreadsAttr() << ", but the kernel is for groups of " << (*known)[0] << " x "
             << (*known)[1] << " x " << (*known)[2];
  }
  return success();
}
