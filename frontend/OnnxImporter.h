//===- OnnxImporter.h - State of one ONNX import --------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Private to frontend/. A node is imported when all it reads is known; what a tensor name stands
// for is a Tensor: a map (an sr value), a rearranged map, a partly reduced map, weights, or whole
// numbers that may depend on the picture's height and width. Shape arithmetic therefore never
// reaches the sr dialect: it is computed here on symbols.
#ifndef SRCC_FRONTEND_ONNXIMPORTER_H
#define SRCC_FRONTEND_ONNXIMPORTER_H

#include "frontend/Onnx.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AffineExpr.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <functional>
#include <memory>

namespace onnx {
class AttributeProto;
class GraphProto;
class ModelProto;
class NodeProto;
class TensorProto;
} // namespace onnx

namespace srcc::onnx {

using mlir::AffineExpr;
using mlir::failed;
using mlir::failure;
using mlir::FailureOr;
using mlir::Location;
using mlir::LogicalResult;
using mlir::success;
using mlir::Value;

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

/// A number of a shape computation: `top` / `bottom`, where `top` is an expression of the symbols
/// s0 (height of the input picture, divided by Sizes::multiple) and s1 (width, likewise), and
/// `bottom` is positive.
struct Number {
  AffineExpr top;
  int64_t bottom = 1;
};

/// A quotient of two positive whole numbers without common divisor.
struct Ratio {
  int64_t top, bottom;
};

/// Arithmetic on sizes that are expressions of the input's height and width.
class Sizes {
public:
  Sizes(mlir::MLIRContext *context, int64_t multiple) : context(context), multiple(multiple) {}

  /// Sizes the file declares for the input, if it declares any. A constant of the file that equals
  /// an expression at these sizes is taken for the expression.
  std::optional<int64_t> declaredHeight, declaredWidth;

  AffineExpr height() const { return mlir::getAffineSymbolExpr(0, context) * multiple; }
  AffineExpr width() const { return mlir::getAffineSymbolExpr(1, context) * multiple; }
  AffineExpr constant(int64_t value) const { return mlir::getAffineConstantExpr(value, context); }
  AffineExpr simplify(AffineExpr size) const { return mlir::simplifyAffineExpr(size, 0, 2); }
  /// The value of a size that depends on nothing.
  std::optional<int64_t> getConstant(AffineExpr size) const;
  /// The value of a size at the declared size of the input, if that is enough to know it.
  std::optional<int64_t> getDeclared(AffineExpr size) const;
  /// True if two sizes are equal for every input (or, against a constant, at the declared input).
  bool equal(AffineExpr a, AffineExpr b) const;
  /// a / b if that is the same for every input (or, against a constant, at the declared input).
  std::optional<Ratio> ratio(AffineExpr a, AffineExpr b) const;
  /// a / b where b divides a for every input.
  std::optional<AffineExpr> divide(AffineExpr a, AffineExpr b) const;
  /// True if the expression has at most maxSizeTerms terms: everything here takes time and stack
  /// with its length.
  bool isShort(AffineExpr size) const;
  /// Text for messages, with h and w for the symbols.
  std::string print(AffineExpr size) const;
  std::string print(Number number) const;

  mlir::MLIRContext *context;
  /// Height and width of the input are taken to be multiples of this.
  int64_t multiple;
  /// The last number that did not divide a size; as another `multiple` it would.
  mutable int64_t missedDivisor = 1;
};

/// Bound of the length of a size's expression; a network of 30 halvings stays below.
constexpr int64_t maxSizeTerms = 256;

/// Sizes of pictures may be required to be multiples of up to this (pixel unshuffle).
constexpr int64_t maxMultiple = 64;

/// The fraction that a floating-point number stands for, for example 4 / 3 for 1.3333334; nothing
/// if none has a denominator up to maxDenominator and is as near as f32 can tell (or the number is
/// not finite or too large).
std::optional<std::pair<int64_t, int64_t>> toRational(double value);

/// Fractions with denominators up to this differ by 1 / 65536 or more, which f32 resolves up to 64:
/// a number stands for one of them at most, and of those below 2 fewer than one in a hundred does
/// so by chance. With 4096, nearly every number would stand for a fraction that nobody meant.
constexpr int64_t maxDenominator = 256;

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

/// A contiguous piece of one dimension of a map: index = (stride * own index) + less significant
/// pieces. Splitting 27 channels as 3 x 9 makes the pieces {size 3, stride 9} and {size 9, stride
/// 1}.
struct Piece {
  enum Source { Channels, Height, Width } source;
  AffineExpr size, stride;
};

/// What the name of an ONNX tensor stands for during import.
struct Tensor {
  enum Kind {
    Map,     ///< `value` is a tensor 1 x channels x height x width
    View,    ///< the map, read through `pieces`: one list per dimension, most significant first
    Moment,  ///< mean or sum of the map over rows and/or columns, on the way to a global mean
    Squares, ///< mean squared deviation of the map from its mean: the square of global_std_pool
    Weights, ///< constants: `shape` and `floats`
    Numbers, ///< whole (or, if `isReal`, rational) numbers of a shape computation
  } kind;

  Value value;
  int64_t channels = 0;
  AffineExpr height, width;
  llvm::SmallVector<llvm::SmallVector<Piece>> pieces;
  bool overRows = false, overColumns = false, isSum = false, keptDims = true;

  std::string name;
  llvm::SmallVector<int64_t> shape;
  std::shared_ptr<const std::vector<float>> floats;
  std::vector<Number> numbers;
  bool isReal = false;

  bool isConstant() const { return kind == Weights || kind == Numbers; }
};

/// Shapes and sizes of tensors in a file are bounded by this number of elements.
constexpr int64_t maxElements = int64_t(1) << 28;
/// Whole-number tensors are bounded by this number of elements.
constexpr int64_t maxNumbers = 4096;

/// The product of `shape`, or nothing if it is negative or above maxElements.
std::optional<int64_t> countElements(llvm::ArrayRef<int64_t> shape);
/// The common shape of two operands of a broadcasting operator.
std::optional<llvm::SmallVector<int64_t>> broadcast(llvm::ArrayRef<int64_t> a,
                                                    llvm::ArrayRef<int64_t> b);

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

/// One ONNX node: typed access to its attributes, and messages about it.
class Node {
public:
  Node(const ::onnx::NodeProto &proto, int64_t opset, Location location);

  llvm::StringRef op() const;
  llvm::StringRef name() const;
  unsigned inputs() const;
  unsigned outputs() const;
  /// The name of input `i`, empty if it is absent.
  llvm::StringRef input(unsigned i) const;
  llvm::StringRef output(unsigned i) const;

  /// Attributes; each of these marks the attribute as understood. A value of another kind than
  /// asked for counts as absent and is reported by checkAttributes.
  bool has(llvm::StringRef attribute) const;
  int64_t getInt(llvm::StringRef attribute, int64_t otherwise);
  float getFloat(llvm::StringRef attribute, float otherwise);
  std::string getString(llvm::StringRef attribute, llvm::StringRef otherwise);
  std::optional<llvm::SmallVector<int64_t>> getInts(llvm::StringRef attribute);
  std::optional<llvm::SmallVector<float>> getFloats(llvm::StringRef attribute);
  const ::onnx::TensorProto *getTensor(llvm::StringRef attribute);
  /// Attributes that have no influence in the case at hand.
  void ignore(std::initializer_list<llvm::StringRef> attributes);
  /// Fails if an attribute is there that nobody asked for.
  LogicalResult checkAttributes();

  /// "node 'conv0' (Conv, opset 17): ", to be continued by the caller.
  mlir::InFlightDiagnostic error() const;

  const ::onnx::NodeProto &proto;
  const int64_t opset;
  const Location location;

private:
  const ::onnx::AttributeProto *find(llvm::StringRef attribute, int kind);
  llvm::StringSet<> understood;
  std::string mistyped;
};

//===----------------------------------------------------------------------===//
// The importer
//===----------------------------------------------------------------------===//

class Importer {
public:
  Importer(const ::onnx::ModelProto &model, llvm::StringRef path, mlir::MLIRContext *context,
           const OnnxOptions &options, int64_t multiple, std::vector<std::string> &notes);
  mlir::OwningOpRef<mlir::ModuleOp> run();
  /// After a failed run: a divisor of height and width that would have helped, or 1.
  int64_t getMissedDivisor() const { return sizes.missedDivisor; }

private:
  // Onnx.cpp: the graph
  LogicalResult checkModel();
  LogicalResult declareInput(mlir::func::FuncOp function);
  LogicalResult indexNodes();
  LogicalResult orderNodes(std::vector<int> &order);
  LogicalResult finish(mlir::ModuleOp module, mlir::func::FuncOp function);
  mlir::InFlightDiagnostic error() const;
  void note(std::string text);

  // OnnxConstants.cpp: constants
  FailureOr<Tensor> decode(const ::onnx::TensorProto &proto, Location location);
  FailureOr<std::string> readExternal(const ::onnx::TensorProto &proto, uint64_t bytes,
                                      Location location);
  /// The value of a floating-point or integer constant with one element.
  std::optional<double> getScalar(llvm::StringRef name);
  std::optional<std::vector<float>> toFloats(const Tensor &tensor);
  std::optional<std::vector<Number>> toNumbers(const Tensor &tensor);
  /// Computes a node all of whose inputs are constants; nothing if it is not one of the operators
  /// that are folded.
  std::optional<LogicalResult> foldConstants(Node &node);
  LogicalResult foldBinary(Node &node, const Tensor &a, const Tensor &b);
  LogicalResult foldReduction(Node &node);
  LogicalResult rearrange(Node &node, const Tensor &input, llvm::ArrayRef<int64_t> shape,
                          llvm::function_ref<int64_t(llvm::ArrayRef<int64_t>)> from);

  // OnnxActivations.cpp: activations that exporters take apart
  struct Activation {
    enum Kind { Sigmoid, Silu, Gelu, GeluTanh, Tanh } kind;
    llvm::StringRef input;
  };
  std::optional<Activation> findActivation(int node);

  // OnnxViews.cpp: reshape and transpose
  LogicalResult importShape(Node &node);
  LogicalResult importReshape(Node &node);
  LogicalResult importTranspose(Node &node);
  LogicalResult importSqueeze(Node &node);
  Tensor toView(const Tensor &map);
  AffineExpr getSize(llvm::ArrayRef<Piece> pieces);
  /// Dimensions of any tensor but Weights and Numbers.
  llvm::SmallVector<AffineExpr> getDims(const Tensor &tensor);
  LogicalResult reshapeView(Node &node, Tensor view, std::vector<Number> target, bool allowZero);
  std::optional<Piece> splitMajor(Piece &piece, AffineExpr size);
  std::optional<Piece> splitMinor(Piece &piece, AffineExpr size);
  FailureOr<Tensor> materialise(Node &node, const Tensor &view);
  FailureOr<Tensor> permuteChannels(Node &node, const Tensor &map, llvm::ArrayRef<int64_t> from);

  // OnnxNodes.cpp: operators
  LogicalResult importNode(int index);
  LogicalResult importOperator(Node &node);
  LogicalResult importConv(Node &node);
  LogicalResult importConvTranspose(Node &node);
  LogicalResult importLinear(Node &node);
  LogicalResult importBatchNorm(Node &node);
  LogicalResult importClip(Node &node);
  LogicalResult importMinMax(Node &node);
  LogicalResult importPRelu(Node &node);
  LogicalResult importHardSigmoid(Node &node);
  LogicalResult importBinary(Node &node);
  LogicalResult importPow(Node &node);
  LogicalResult importSqrt(Node &node);
  LogicalResult importConcat(Node &node);
  LogicalResult importSplit(Node &node);
  LogicalResult importSlice(Node &node);
  LogicalResult importGather(Node &node);
  LogicalResult importRepeat(Node &node);
  LogicalResult importDepth(Node &node);
  LogicalResult importPad(Node &node);
  LogicalResult importResize(Node &node);
  LogicalResult importReduce(Node &node);
  LogicalResult defineMoment(Node &node, Tensor moment);
  LogicalResult importPool(Node &node);
  LogicalResult importCast(Node &node);

  /// What input `i` stands for; an error if it is absent.
  FailureOr<Tensor> getInput(Node &node, unsigned i);
  /// Input `i` as a map: views are recognised as pixel_shuffle and the like.
  FailureOr<Tensor> getMap(Node &node, unsigned i);
  /// Input `i` as constants.
  FailureOr<Tensor> getWeights(Node &node, unsigned i, llvm::StringRef what);
  /// Input `i` as whole numbers that depend on nothing.
  FailureOr<llvm::SmallVector<int64_t>> getConstantInts(Node &node, unsigned i,
                                                        llvm::StringRef what);
  FailureOr<std::optional<double>> getOptionalScalar(Node &node, unsigned i, llvm::StringRef what);
  /// Dimension `axis` of a tensor of this rank, from 0; an error if it is out of range.
  FailureOr<int64_t> getAxis(Node &node, int64_t axis, int64_t rank);

  Tensor makeMap(Value value, AffineExpr height, AffineExpr width);
  LogicalResult define(Node &node, unsigned output, Tensor tensor);
  LogicalResult defineMap(Node &node, Value value, AffineExpr height, AffineExpr width);
  Tensor makeNumbers(std::vector<Number> numbers, llvm::ArrayRef<int64_t> shape, bool isReal);

  /// An sr.constant of this shape; fails if a value is not finite.
  FailureOr<Value> makeConstant(Node &node, llvm::ArrayRef<int64_t> shape, llvm::StringRef name,
                                llvm::ArrayRef<float> values);
  /// A constant operand of an elementwise operator: 1xCx1x1 or 1x1x1x1.
  FailureOr<Value> makeTable(Node &node, const Tensor &tensor, int64_t &channels);
  /// A map repeated to this number of channels, if it has one.
  FailureOr<Tensor> repeatChannels(Node &node, const Tensor &map, int64_t channels);
  FailureOr<Tensor> combine(Node &node, llvm::StringRef op, const Tensor &a, const Tensor &b);

  /// Creates an sr operation with one result; breaking its rules is an error at the node.
  template <typename OpTy>
  FailureOr<Value> make(Node &node, mlir::ValueRange operands,
                        llvm::ArrayRef<mlir::NamedAttribute> attributes = {}) {
    auto op = sr::tryCreate<OpTy>(builder, node.location, operands, attributes);
    if (failed(op)) {
      node.error() << "breaks a rule of the sr dialect, see above";
      return failure();
    }
    return Value((*op)->getResult(0));
  }
  /// The same for an elementwise operator of input 0.
  template <typename OpTy>
  LogicalResult importUnary(Node &node, llvm::ArrayRef<mlir::NamedAttribute> attributes = {}) {
    auto map = getMap(node, 0);
    if (failed(map))
      return failure();
    auto value = make<OpTy>(node, map->value, attributes);
    return failed(value) ? failure() : defineMap(node, *value, map->height, map->width);
  }
  mlir::NamedAttribute attr(llvm::StringRef name, mlir::Attribute value) {
    return builder.getNamedAttr(name, value);
  }
  mlir::NamedAttribute attr(llvm::StringRef name, llvm::ArrayRef<int64_t> values) {
    return attr(name, builder.getDenseI64ArrayAttr(values));
  }
  mlir::NamedAttribute attr(llvm::StringRef name, float value) {
    return attr(name, builder.getF32FloatAttr(value));
  }
  mlir::NamedAttribute attr(llvm::StringRef name, int64_t value) {
    return attr(name, builder.getI64IntegerAttr(value));
  }

  const ::onnx::ModelProto &model;
  const ::onnx::GraphProto &graph;
  std::string path;
  mlir::MLIRContext *context;
  const OnnxOptions &options;
  std::vector<std::string> &notes;
  mlir::OpBuilder builder;
  Sizes sizes;
  int64_t opset = 0;
  bool hasHalf = false, hasDouble = false;
  int sizeComputations = 0;
  llvm::StringMap<const ::onnx::TensorProto *> initialisers;
  llvm::StringMap<int> producers;
  llvm::StringMap<Tensor> tensors;
  llvm::StringMap<std::optional<double>> scalars;
};

} // namespace srcc::onnx

#endif // SRCC_FRONTEND_ONNXIMPORTER_H
