//===- SR.h - The super-resolution model dialect --------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_DIALECTS_SR_SR_H
#define SRCC_DIALECTS_SR_SR_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace srcc::sr {

/// True for the type of a picture or feature map: tensor<1xCxHxWxf32> with static C and without
/// encoding; H and W may be dynamic. Sizes lie between 1 and 2^31 - 1.
bool isMap(mlir::Type type);
/// True for the type of weights and other constants: a static tensor of f32 with 1 to 2^28
/// elements.
bool isTable(mlir::Type type);

/// Strides, pads, kernel sizes and scales stay at most this, so that sizes computed with them
/// cannot overflow.
inline constexpr int64_t maxParameter = 65535;

/// Channels, height and width of a map; mlir::ShapedType::kDynamic for a dynamic height or width.
struct MapShape {
  int64_t c, h, w;
};
/// The shape of a map type (asserts isMap).
MapShape getMapShape(mlir::Type type);
/// tensor<1xCxHxWxf32>.
mlir::RankedTensorType getMapType(mlir::MLIRContext *context, MapShape shape);

/// The values of dense or dense_resource f32 elements, splats expanded, in row-major order. Fails
/// (without a message) for other kinds and element types, and for a resource whose data are
/// missing or of the wrong size.
mlir::FailureOr<llvm::SmallVector<float>> getFloatValues(mlir::ElementsAttr value);
/// The values of a value made by sr.constant; fails if it is made by something else.
mlir::FailureOr<llvm::SmallVector<float>> getConstantValues(mlir::Value value);
/// The name of the dense_resource of a value made by sr.constant; empty for other values.
llvm::StringRef getConstantName(mlir::Value value);
/// Elements of `type` (f32; its encoding is kept) for an sr.constant. Up to 16 values they are
/// dense, else a dense_resource of this name, made unique; the values are copied.
mlir::ElementsAttr makeWeights(mlir::RankedTensorType type, llvm::StringRef name,
                               llvm::ArrayRef<float> values);

/// Verifies that the zeros in `values` (of the shape of `type`, row-major) lie as the encoding of
/// `type` promises. True without encoding.
mlir::LogicalResult verifyContent(llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
                                  mlir::RankedTensorType type, llvm::ArrayRef<float> values);

} // namespace srcc::sr

#include "dialects/sr/SRDialect.h.inc"
#include "dialects/sr/SREnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/sr/SRAttrs.h.inc"
#define GET_OP_CLASSES
#include "dialects/sr/SROps.h.inc"

namespace srcc::sr {

/// The operands of an operation that are weights, biases or slopes, which models take from
/// constants.
mlir::OperandRange getTableOperands(mlir::Operation *op);

/// Creates an operation whose operands and attributes come from outside: a rule that they break is
/// an error at `location` and a failure, where Op::create would end the program.
template <typename OpTy>
mlir::FailureOr<OpTy> tryCreate(mlir::OpBuilder &builder, mlir::Location location,
                                mlir::ValueRange operands,
                                llvm::ArrayRef<mlir::NamedAttribute> attributes = {}) {
  mlir::MLIRContext *context = builder.getContext();
  auto emit = [&] {
    return mlir::emitError(location) << "'" << OpTy::getOperationName() << "' op ";
  };
  mlir::OperationName name(OpTy::getOperationName(), context);
  auto dictionary = builder.getDictionaryAttr(attributes);
  typename OpTy::Properties properties;
  if (mlir::failed(OpTy::setPropertiesFromAttr(properties, dictionary, emit)))
    return mlir::failure();
  OpTy::populateDefaultProperties(name, properties);
  llvm::SmallVector<mlir::Type> types;
  if (mlir::failed(OpTy::inferReturnTypes(context, location, operands, dictionary,
                                          mlir::OpaqueProperties(&properties), {}, types)))
    return mlir::failure();
  mlir::OperationState state(location, name);
  state.addOperands(operands);
  state.addTypes(types);
  state.addAttributes(attributes);
  auto op = llvm::cast<OpTy>(builder.create(state));
  if (mlir::failed(op.verifyInvariants())) {
    op.erase();
    return mlir::failure();
  }
  return op;
}

} // namespace srcc::sr

#endif // SRCC_DIALECTS_SR_SR_H
