//===- Canonicalize.cpp - Folds and canonical forms of sr operations ------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/sr/Interpreter.h"
#include "dialects/sr/SR.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/PatternMatch.h"

#include <cmath>

using namespace mlir;
using namespace srcc::sr;

Operation *SRDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type,
                                          Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getType() != type)
    return nullptr;
  return ConstantOp::create(builder, loc, elements);
}

//===----------------------------------------------------------------------===//
// Folds: operations that change nothing
//===----------------------------------------------------------------------===//

/// Whether `value` is a constant of which all values are `wanted`.
static bool isConstantOf(Attribute value, float wanted) {
  auto elements = dyn_cast_or_null<ElementsAttr>(value);
  if (!elements)
    return false;
  auto values = getFloatValues(elements);
  return succeeded(values) && llvm::all_of(*values, [&](float v) { return v == wanted; });
}

OpFoldResult ReluOp::fold(FoldAdaptor) {
  if (getInput().getDefiningOp<ReluOp>())
    return getInput();
  if (auto clamp = getInput().getDefiningOp<ClampOp>())
    if (clamp.getLow().convertToFloat() >= 0)
      return getInput();
  return {};
}

OpFoldResult LeakyReluOp::fold(FoldAdaptor) {
  return getAlpha().isExactlyValue(1.0) ? getInput() : Value();
}

OpFoldResult ClampOp::fold(FoldAdaptor) {
  bool endless = getLow().isInfinity() && getLow().isNegative() && getHigh().isInfinity() &&
                 !getHigh().isNegative();
  return endless ? getInput() : Value();
}

OpFoldResult AddOp::fold(FoldAdaptor adaptor) {
  if (isConstantOf(adaptor.getRhs(), 0) && getLhs().getType() == getType())
    return getLhs();
  if (isConstantOf(adaptor.getLhs(), 0) && getRhs().getType() == getType())
    return getRhs();
  return {};
}

OpFoldResult SubOp::fold(FoldAdaptor adaptor) {
  if (isConstantOf(adaptor.getRhs(), 0) && getLhs().getType() == getType())
    return getLhs();
  return {};
}

OpFoldResult MulOp::fold(FoldAdaptor adaptor) {
  if (isConstantOf(adaptor.getRhs(), 1) && getLhs().getType() == getType())
    return getLhs();
  if (isConstantOf(adaptor.getLhs(), 1) && getRhs().getType() == getType())
    return getRhs();
  return {};
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  return getInputs().size() == 1 ? getInputs().front() : Value();
}

OpFoldResult SliceOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? getInput() : Value();
}

OpFoldResult PixelShuffleOp::fold(FoldAdaptor) { return getScale() == 1 ? getInput() : Value(); }
OpFoldResult PixelUnshuffleOp::fold(FoldAdaptor) { return getScale() == 1 ? getInput() : Value(); }

OpFoldResult ResizeOp::fold(FoldAdaptor) {
  bool same = getScaleH()[0] == getScaleH()[1] && getScaleW()[0] == getScaleW()[1];
  return same ? getInput() : Value();
}

static bool isZero(ArrayRef<int64_t> values) {
  return llvm::all_of(values, [](int64_t v) { return v == 0; });
}
static bool isOne(ArrayRef<int64_t> values) {
  return llvm::all_of(values, [](int64_t v) { return v == 1; });
}

OpFoldResult PadOp::fold(FoldAdaptor) { return isZero(getPads()) ? getInput() : Value(); }
OpFoldResult MaxPoolOp::fold(FoldAdaptor) {
  return isOne(getKernel()) && isOne(getStrides()) ? getInput() : Value();
}
OpFoldResult AvgPoolOp::fold(FoldAdaptor) {
  return isOne(getKernel()) && isOne(getStrides()) ? getInput() : Value();
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

namespace {

/// An operation whose operands are all constants becomes a constant, by the reference interpreter.
struct FoldConstants : RewritePattern {
  FoldConstants(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}

  /// Larger constants cost more in the file than the operation at run time.
  static constexpr int64_t maxElements = 1 << 16;

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isa<SRDialect>(op->getDialect()) || isa<ConstantOp>(op) || op->getNumOperands() == 0 ||
        op->getNumResults() != 1)
      return failure();
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    if (!type.hasStaticShape() || type.getNumElements() > maxElements)
      return failure();
    for (Value operand : op->getOperands())
      if (!operand.getDefiningOp<ConstantOp>())
        return failure();
    // A function without use of its input.
    OpBuilder builder(op->getContext());
    auto none = getMapType(op->getContext(), {1, 1, 1});
    OwningOpRef<func::FuncOp> function =
        func::FuncOp::create(op->getLoc(), "fold", builder.getFunctionType({none}, {type}));
    builder.setInsertionPointToStart(function->addEntryBlock());
    IRMapping mapping;
    for (Value operand : op->getOperands())
      if (!mapping.contains(operand))
        builder.clone(*operand.getDefiningOp(), mapping);
    func::ReturnOp::create(builder, op->getLoc(), builder.clone(*op, mapping)->getResults());
    auto result = interpret(*function, Map(1, 1, 1));
    if (failed(result) || llvm::any_of(result->values, [](float v) { return !std::isfinite(v); }))
      return failure();
    rewriter.replaceOpWithNewOp<ConstantOp>(op, makeWeights(type, "folded", result->values));
    return success();
  }
};

/// Constant values for each of `channels` channels, from a table 1xCx1x1 or 1x1x1x1.
std::optional<SmallVector<float>> getPerChannel(Value value, int64_t channels) {
  if (!isMap(value.getType()))
    return std::nullopt;
  MapShape shape = getMapShape(value.getType());
  if (shape.h != 1 || shape.w != 1 || (shape.c != 1 && shape.c != channels))
    return std::nullopt;
  auto values = getConstantValues(value);
  if (failed(values))
    return std::nullopt;
  if (shape.c == 1)
    values->resize(channels, values->front());
  return *values;
}

//===----------------------------------------------------------------------===//
// Convolutions take up what lies next to them
//===----------------------------------------------------------------------===//

/// The name for weights that replace those of `value`.
StringRef getWeightName(Value value) {
  StringRef name = getConstantName(value);
  return name.empty() ? "weight" : name;
}

/// Replaces weights and bias of a convolution, unless that breaks a rule (a zero where the encoding
/// promises none, an overflow).
LogicalResult replaceWeights(Conv2DOp conv, ArrayRef<double> weight, ArrayRef<double> bias,
                             PatternRewriter &rewriter) {
  SmallVector<float> weightValues(weight.begin(), weight.end());
  SmallVector<float> biasValues(bias.begin(), bias.end());
  auto isBad = [](float v) { return !std::isfinite(v); };
  if (llvm::any_of(weightValues, isBad) || llvm::any_of(biasValues, isBad))
    return failure();
  RankedTensorType type = conv.getWeight().getType();
  bool kept = true;
  if (type.getEncoding()) {
    // The zeros stay where they are.
    auto old = getConstantValues(conv.getWeight());
    for (auto [before, after] : llvm::zip_equal(*old, weightValues))
      kept &= (before == 0) == (after == 0);
  }
  if (!kept)
    return failure();
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(conv);
  auto biasType = RankedTensorType::get({type.getDimSize(0)}, type.getElementType());
  std::string name = getWeightName(conv.getWeight()).str();
  std::string biasName = conv.getBias() ? getWeightName(conv.getBias()).str() : name + ".bias";
  Value newWeight = ConstantOp::create(rewriter, conv.getWeight().getLoc(),
                                       makeWeights(type, name, weightValues));
  Value newBias =
      ConstantOp::create(rewriter, conv.getBias() ? conv.getBias().getLoc() : conv.getLoc(),
                         makeWeights(biasType, biasName, biasValues));
  rewriter.modifyOpInPlace(conv, [&] {
    conv.getWeightMutable().assign(newWeight);
    conv.getBiasMutable().assign(newBias);
  });
  return success();
}

/// Weights and bias (zeros if there is none) of a convolution with constant weights.
LogicalResult readWeights(Conv2DOp conv, SmallVector<double> &weight, SmallVector<double> &bias) {
  auto values = getConstantValues(conv.getWeight());
  if (failed(values))
    return failure();
  weight.assign(values->begin(), values->end());
  bias.assign(conv.getWeight().getType().getDimSize(0), 0.0);
  if (conv.getBias()) {
    auto biasValues = getConstantValues(conv.getBias());
    if (failed(biasValues))
      return failure();
    bias.assign(biasValues->begin(), biasValues->end());
  }
  return success();
}

/// conv2d, then an add, sub or mul with a constant per channel: into weights and bias.
template <typename Op> struct FoldIntoConvBefore : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto conv = op.getLhs().template getDefiningOp<Conv2DOp>();
    Value constant = op.getRhs();
    bool swapped = false;
    if (!conv) {
      conv = op.getRhs().template getDefiningOp<Conv2DOp>();
      constant = op.getLhs();
      swapped = true;
    }
    if (!conv || !conv->hasOneUse() || conv.getType() != op.getType())
      return failure();
    int64_t filters = conv.getWeight().getType().getDimSize(0);
    auto values = getPerChannel(constant, filters);
    SmallVector<double> weight, bias;
    if (!values || failed(readWeights(conv, weight, bias)))
      return failure();
    int64_t perFilter = int64_t(weight.size()) / filters;
    for (int64_t f = 0; f < filters; ++f) {
      double value = (*values)[f], scale = 1, shift = 0;
      if (isa<MulOp>(op)) {
        scale = value;
      } else if (isa<AddOp>(op)) {
        shift = value;
      } else {
        scale = swapped ? -1 : 1;
        shift = swapped ? value : -value;
      }
      for (double &w : MutableArrayRef<double>(weight).slice(f * perFilter, perFilter))
        w *= scale;
      bias[f] = bias[f] * scale + shift;
    }
    if (failed(replaceWeights(conv, weight, bias, rewriter)))
      return failure();
    rewriter.replaceOp(op, conv);
    return success();
  }
};

/// A mul with a constant per channel, then conv2d: into the weights. An add or sub likewise into
/// the bias, if the convolution pads nothing (the padding would have to be minus the constant).
struct FoldIntoConvAfter : OpRewritePattern<Conv2DOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(Conv2DOp conv, PatternRewriter &rewriter) const override {
    Operation *op = conv.getInput().getDefiningOp();
    if (!isa_and_nonnull<AddOp, SubOp, MulOp>(op) || (!isa<MulOp>(op) && !isZero(conv.getPads())))
      return failure();
    Value input = op->getOperand(0), constant = op->getOperand(1);
    bool swapped = input.getDefiningOp<ConstantOp>();
    if (swapped)
      std::swap(input, constant);
    if (input.getType() != conv.getInput().getType())
      return failure();
    ArrayRef<int64_t> shape = conv.getWeight().getType().getShape();
    auto values = getPerChannel(constant, getMapShape(input.getType()).c);
    SmallVector<double> weight, bias;
    if (!values || failed(readWeights(conv, weight, bias)))
      return failure();
    int64_t filtersPerGroup = shape[0] / int64_t(conv.getGroups()), taps = shape[2] * shape[3];
    for (int64_t f = 0; f < shape[0]; ++f)
      for (int64_t c = 0; c < shape[1]; ++c) {
        double value = (*values)[f / filtersPerGroup * shape[1] + c];
        for (double &w : MutableArrayRef<double>(weight).slice((f * shape[1] + c) * taps, taps)) {
          if (isa<MulOp>(op)) {
            w *= value;
          } else if (isa<AddOp>(op)) {
            bias[f] += w * value;
          } else {
            bias[f] += swapped ? w * value : -w * value;
            w = swapped ? -w : w;
          }
        }
      }
    if (failed(replaceWeights(conv, weight, bias, rewriter)))
      return failure();
    rewriter.modifyOpInPlace(conv, [&] { conv.getInputMutable().assign(input); });
    return success();
  }
};

/// conv2d of a picture padded with zeros pads them itself.
struct FoldPadIntoConv : OpRewritePattern<Conv2DOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(Conv2DOp conv, PatternRewriter &rewriter) const override {
    auto pad = conv.getInput().getDefiningOp<PadOp>();
    if (!pad || pad.getMode() != PadMode::Constant || !pad.getValue().isZero())
      return failure();
    SmallVector<int64_t> pads;
    for (auto [a, b] : llvm::zip_equal(conv.getPads(), pad.getPads()))
      pads.push_back(a + b);
    if (llvm::any_of(pads, [](int64_t p) { return p > maxParameter; }))
      return failure();
    rewriter.modifyOpInPlace(conv, [&] {
      conv.setPads(pads);
      conv.getInputMutable().assign(pad.getInput());
    });
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

/// A prelu of equal slopes is a leaky_relu.
struct SimplifyPRelu : OpRewritePattern<PReluOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(PReluOp op, PatternRewriter &rewriter) const override {
    auto slopes = getConstantValues(op.getSlope());
    if (failed(slopes) || !llvm::all_equal(*slopes))
      return failure();
    rewriter.replaceOpWithNewOp<LeakyReluOp>(op, op.getInput(), APFloat(slopes->front()));
    return success();
  }
};

/// A leaky_relu with alpha 0 is a relu.
struct SimplifyLeakyRelu : OpRewritePattern<LeakyReluOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(LeakyReluOp op, PatternRewriter &rewriter) const override {
    if (!op.getAlpha().isZero())
      return failure();
    rewriter.replaceOpWithNewOp<ReluOp>(op, op.getInput());
    return success();
  }
};

/// clamp from 0 to infinity is a relu; clamp of a clamp or a relu is one clamp.
struct SimplifyClamp : OpRewritePattern<ClampOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ClampOp op, PatternRewriter &rewriter) const override {
    float low = op.getLow().convertToFloat(), high = op.getHigh().convertToFloat();
    if (low == 0 && std::isinf(high) && high > 0) {
      rewriter.replaceOpWithNewOp<ReluOp>(op, op.getInput());
      return success();
    }
    float innerLow = 0, innerHigh = INFINITY;
    Value input;
    if (auto relu = op.getInput().getDefiningOp<ReluOp>()) {
      input = relu.getInput();
    } else if (auto inner = op.getInput().getDefiningOp<ClampOp>()) {
      input = inner.getInput();
      innerLow = inner.getLow().convertToFloat();
      innerHigh = inner.getHigh().convertToFloat();
    } else {
      return failure();
    }
    auto clamp = [&](float v) { return std::min(std::max(v, low), high); };
    rewriter.replaceOpWithNewOp<ClampOp>(op, input, APFloat(clamp(innerLow)),
                                         APFloat(clamp(innerHigh)));
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Channels
//===----------------------------------------------------------------------===//

struct SplitToSlices : OpRewritePattern<SplitOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SplitOp op, PatternRewriter &rewriter) const override {
    SmallVector<Value> slices;
    int64_t offset = 0;
    for (int64_t size : op.getSizes()) {
      slices.push_back(SliceOp::create(rewriter, op.getLoc(), op.getInput(), offset, size));
      offset += size;
    }
    rewriter.replaceOp(op, slices);
    return success();
  }
};

/// A slice of a slice is one slice; a slice that lies in one input of a concat is a slice of it.
struct SimplifySlice : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SliceOp op, PatternRewriter &rewriter) const override {
    int64_t offset = op.getOffset(), size = op.getSize();
    Value input;
    if (auto inner = op.getInput().getDefiningOp<SliceOp>()) {
      input = inner.getInput();
      offset += inner.getOffset();
    } else if (auto concat = op.getInput().getDefiningOp<ConcatOp>()) {
      for (Value part : concat.getInputs()) {
        int64_t channels = getMapShape(part.getType()).c;
        if (offset < channels) {
          if (offset + size <= channels)
            input = part;
          break;
        }
        offset -= channels;
      }
    }
    // A part may know less of its height and width than the concatenation.
    if (!input || getMapType(getContext(), {size, getMapShape(input.getType()).h,
                                            getMapShape(input.getType()).w}) != op.getType())
      return failure();
    rewriter.replaceOpWithNewOp<SliceOp>(op, input, offset, size);
    return success();
  }
};

/// Neighbours in a concat that are consecutive slices of one value become one slice.
struct MergeSlicesInConcat : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConcatOp op, PatternRewriter &rewriter) const override {
    SmallVector<Value> inputs;
    for (Value input : op.getInputs()) {
      auto slice = input.getDefiningOp<SliceOp>();
      auto last = inputs.empty() ? SliceOp() : inputs.back().getDefiningOp<SliceOp>();
      if (slice && last && slice.getInput() == last.getInput() &&
          last.getOffset() + last.getSize() == slice.getOffset())
        inputs.back() = SliceOp::create(rewriter, slice.getLoc(), slice.getInput(),
                                        last.getOffset(), last.getSize() + slice.getSize());
      else
        inputs.push_back(input);
    }
    if (inputs.size() == op.getInputs().size())
      return failure();
    rewriter.replaceOpWithNewOp<ConcatOp>(op, inputs);
    return success();
  }
};

} // namespace

void SRDialect::getCanonicalizationPatterns(RewritePatternSet &patterns) const {
  patterns.add<FoldConstants, FoldIntoConvBefore<AddOp>, FoldIntoConvBefore<SubOp>,
               FoldIntoConvBefore<MulOp>, FoldIntoConvAfter, FoldPadIntoConv, SimplifyPRelu,
               SimplifyLeakyRelu, SimplifyClamp, SplitToSlices, SimplifySlice, MergeSlicesInConcat>(
      getContext());
}
