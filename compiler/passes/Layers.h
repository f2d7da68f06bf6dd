//===- Layers.h - Convolutions as the passes on sparsity see them ---------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_PASSES_LAYERS_H
#define SRCC_COMPILER_PASSES_LAYERS_H

#include "compiler/passes/Sparsity.h"
#include "dialects/sr/SR.h"

namespace srcc::sr {

/// The name of an operation's location, else of its weights, else of the operation.
std::string getLayerName(mlir::Operation *op);

/// The weights of a convolution as filters that read the channels of their group.
sparsity::Shape getShape(Conv2DOp conv);
sparsity::Shape getShape(ConvTranspose2DOp conv);

/// The weights that are not zero, filter by filter; `values` are in the order of the operand.
sparsity::Mask getMask(Conv2DOp conv, llvm::ArrayRef<float> values);
sparsity::Mask getMask(ConvTranspose2DOp conv, llvm::ArrayRef<float> values);

/// The encoding attribute of a structure; null for dense weights.
mlir::Attribute getEncoding(mlir::MLIRContext *context, const sparsity::Structure &structure);
/// What an encoding promises; dense for null.
sparsity::Structure getStructure(mlir::Attribute encoding);

/// The encoding of a convolution's weights after a change: that which they had, if it still holds,
/// else the tightest; none if they had none or have no zeros.
mlir::Attribute getEncodingAfterChange(mlir::Attribute before, const sparsity::Shape &shape,
                                       const sparsity::Mask &mask);

/// An sr.constant in the place of `old`, under its name and location, of this shape and encoding.
mlir::Value replaceConstant(mlir::OpBuilder &builder, mlir::Value old,
                            llvm::ArrayRef<int64_t> shape, mlir::Attribute encoding,
                            llvm::ArrayRef<float> values);

/// Erases the constants of a function that nothing uses.
void eraseUnusedConstants(mlir::Operation *function);

/// True for operations on one map that compute each channel from the same channel of the input:
/// activations, resizing, padding and pooling.
bool isChannelwise(mlir::Operation *op);
/// True for activations: each value is computed from the value at its place.
bool isActivation(mlir::Operation *op);

/// `12.5 %` of part / whole.
std::string formatShare(int64_t part, int64_t whole);

} // namespace srcc::sr

#endif // SRCC_COMPILER_PASSES_LAYERS_H
