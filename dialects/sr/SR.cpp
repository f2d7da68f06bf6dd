//===- SR.cpp - The super-resolution model dialect ------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/sr/SR.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include <limits>

using namespace mlir;
using namespace srcc::sr;

#include "dialects/sr/SRDialect.cpp.inc"
#include "dialects/sr/SREnums.cpp.inc"

void SRDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/sr/SROps.cpp.inc"
      >();
  registerAttributes();
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

bool srcc::sr::isMap(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.getElementType().isF32() || tensor.getRank() != 4 || tensor.getEncoding())
    return false;
  ArrayRef<int64_t> shape = tensor.getShape();
  auto good = [](int64_t size) { return size >= 1 && size <= std::numeric_limits<int32_t>::max(); };
  return shape[0] == 1 && good(shape[1]) && llvm::all_of(shape.drop_front(2), [&](int64_t size) {
           return ShapedType::isDynamic(size) || good(size);
         });
}

bool srcc::sr::isTable(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.getElementType().isF32() || !tensor.hasStaticShape())
    return false;
  int64_t elements = 1;
  for (int64_t size : tensor.getShape()) {
    if (size < 1 || size > (int64_t(1) << 28))
      return false;
    elements *= size;
    if (elements > (int64_t(1) << 28))
      return false;
  }
  return true;
}

MapShape srcc::sr::getMapShape(Type type) {
  assert(isMap(type) && "not a map");
  ArrayRef<int64_t> shape = cast<RankedTensorType>(type).getShape();
  return {shape[1], shape[2], shape[3]};
}

RankedTensorType srcc::sr::getMapType(MLIRContext *context, MapShape shape) {
  return RankedTensorType::get({1, shape.c, shape.h, shape.w}, Float32Type::get(context));
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<float>> srcc::sr::getFloatValues(ElementsAttr value) {
  auto type = dyn_cast<ShapedType>(value.getType());
  if (!type || !type.hasStaticShape() || !type.getElementType().isF32())
    return failure();
  if (auto dense = dyn_cast<DenseElementsAttr>(Attribute(value)))
    return llvm::to_vector(dense.getValues<float>());
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(Attribute(value))) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob || blob->getData().size() != size_t(type.getNumElements()) * sizeof(float))
      return failure();
    SmallVector<float> values(type.getNumElements());
    std::memcpy(values.data(), blob->getData().data(), blob->getData().size());
    return values;
  }
  return failure();
}

FailureOr<SmallVector<float>> srcc::sr::getConstantValues(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  if (!constant)
    return failure();
  return getFloatValues(constant.getValue());
}

StringRef srcc::sr::getConstantName(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  auto resource =
      constant ? dyn_cast<DenseResourceElementsAttr>(Attribute(constant.getValue())) : nullptr;
  return resource ? resource.getRawHandle().getKey() : StringRef();
}

ElementsAttr srcc::sr::makeWeights(RankedTensorType type, StringRef name, ArrayRef<float> values) {
  assert(type.getElementType().isF32() && type.getNumElements() == int64_t(values.size()));
  if (values.size() <= 16)
    return DenseElementsAttr::get(type, values);
  return cast<ElementsAttr>(Attribute(DenseResourceElementsAttr::get(
      type, name, HeapAsmResourceBlob::allocateAndCopyInferAlign(values))));
}

//===----------------------------------------------------------------------===//
// sr.io
//===----------------------------------------------------------------------===//

LogicalResult SRDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  if (attribute.getName() != "sr.io")
    return success();
  if (!isa<ModuleOp>(op)) // io_c3
    return op->emitOpError("sr.io belongs to a module");
  if (!isa<IOAttr>(attribute.getValue())) // io_c4
    return op->emitOpError("sr.io is #sr.io<scale = .., color = .., range = .. : ..>");
  return success();
}
