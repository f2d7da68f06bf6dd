//===- SROps.cpp - Shapes and rules of the sr operations ------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Each rule has a label in docs/spec.md, repeated at the line that checks it.
#include "dialects/sr/SR.h"

#include "mlir/IR/OpImplementation.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace srcc::sr;

#define GET_OP_CLASSES
#include "dialects/sr/SROps.cpp.inc"

using MaybeLocation = std::optional<Location>;

static constexpr int64_t dynamic = ShapedType::kDynamic;

//===----------------------------------------------------------------------===//
// Helpers
//===----------------------------------------------------------------------===//

static FailureOr<MapShape> getMap(MaybeLocation loc, Value value, const char *name) {
  if (!isMap(value.getType())) // map_c1
    return emitOptionalError(loc, name, " is a picture 1xCxHxW of f32 with static C, not ",
                             value.getType());
  return getMapShape(value.getType());
}

static FailureOr<RankedTensorType> getTable(MaybeLocation loc, Value value, const char *name) {
  if (!isTable(value.getType())) // table_c1
    return emitOptionalError(loc, name, " is a static tensor of f32, not ", value.getType());
  return cast<RankedTensorType>(value.getType());
}

/// An array attribute of `count` values between `low` and 65535.
static LogicalResult checkArray(MaybeLocation loc, ArrayRef<int64_t> values, size_t count,
                                int64_t low, const char *name) {
  if (values.size() != count ||
      llvm::any_of(values, [&](int64_t v) { return v < low || v > maxParameter; }))
    return emitOptionalError(loc, name, " has ", count, " values between ", low, " and ",
                             maxParameter);
  return success();
}

/// Appends the type of a result, provided that its sizes are possible.
static LogicalResult addResult(MLIRContext *context, MaybeLocation loc, MapShape shape,
                               SmallVectorImpl<Type> &types) {
  for (int64_t size : {shape.c, shape.h, shape.w})
    if (size != dynamic && (size < 1 || size > std::numeric_limits<int32_t>::max())) // map_c2
      return emitOptionalError(loc, "the result would have ", shape.c, " channels, height ",
                               shape.h, " and width ", shape.w,
                               ", sizes are between 1 and 2147483647");
  types.push_back(getMapType(context, shape));
  return success();
}

/// `f(size)` of a static size.
template <typename F> static int64_t mapSize(int64_t size, F f) {
  return size == dynamic ? dynamic : f(size);
}

/// Size after a window of `extent` slides over `size` and the pads: 0 or less if it does not fit.
static int64_t slide(int64_t size, int64_t pads, int64_t extent, int64_t stride) {
  return mapSize(size, [&](int64_t s) {
    int64_t room = s + pads - extent;
    return room < 0 ? 0 : room / stride + 1;
  });
}

/// The common value of two sizes, of which either may be dynamic.
static bool mergeSize(int64_t a, int64_t b, int64_t &merged) {
  merged = a == dynamic ? b : a;
  return a == dynamic || b == dynamic || a == b;
}

OperandRange srcc::sr::getTableOperands(Operation *op) {
  OperandRange operands = op->getOperands();
  return operands.drop_front(isa<Conv2DOp, ConvTranspose2DOp, PReluOp>(op) ? 1 : operands.size());
}

//===----------------------------------------------------------------------===//
// constant
//===----------------------------------------------------------------------===//

LogicalResult ConstantOp::inferReturnTypes(MLIRContext *, MaybeLocation, Adaptor adaptor,
                                           SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getValue().getType());
  return success();
}

LogicalResult ConstantOp::verify() {
  auto values = getFloatValues(getValue());
  if (failed(values)) // constant_c1
    return emitOpError("needs its ") << getType().getNumElements()
                                     << " values as dense or dense_resource of f32; their data are "
                                        "missing or of another size";
  for (float value : *values)
    if (!std::isfinite(value)) // constant_c2
      return emitOpError("holds values that are not finite");
  return verifyContent([&] { return emitOpError(); }, getType(), *values);
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

//===----------------------------------------------------------------------===//
// convolutions
//===----------------------------------------------------------------------===//

/// Rules that conv2d and conv_transpose2d share.
template <typename Adaptor>
static FailureOr<RankedTensorType> checkConvolution(MaybeLocation loc, Adaptor adaptor) {
  auto weight = getTable(loc, adaptor.getWeight(), "weight");
  if (failed(weight))
    return failure();
  if (weight->getRank() != 4 || weight->getDimSize(2) > maxParameter ||
      weight->getDimSize(3) > maxParameter) // conv2d_c1, conv_transpose2d_c1
    return emitOptionalError(loc, "weight has rank 4 and kernel sizes up to ", maxParameter,
                             ", not type ", *weight);
  if (failed(
          checkArray(loc, adaptor.getStrides(), 2, 1, "strides"))) // conv2d_c2, conv_transpose2d_c2
    return failure();
  if (failed(checkArray(loc, adaptor.getPads(), 4, 0, "pads"))) // conv2d_c3, conv_transpose2d_c3
    return failure();
  if (failed(checkArray(loc, adaptor.getDilations(), 2, 1,
                        "dilations"))) // conv2d_c4, conv_transpose2d_c4
    return failure();
  if (adaptor.getGroups() < 1) // conv2d_c5, conv_transpose2d_c5
    return emitOptionalError(loc, "groups is at least 1, not ", adaptor.getGroups());
  return *weight;
}

static LogicalResult checkBias(MaybeLocation loc, Value bias, int64_t filters) {
  if (!bias)
    return success();
  auto type = getTable(loc, bias, "bias");
  if (failed(type))
    return failure();
  if (type->getRank() != 1 || type->getDimSize(0) != filters ||
      type->getEncoding()) // conv2d_c6, conv_transpose2d_c6
    return emitOptionalError(loc, "bias is tensor<", filters, "xf32>, not ", *type);
  return success();
}

LogicalResult Conv2DOp::inferReturnTypes(MLIRContext *context, MaybeLocation loc, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  auto input = getMap(loc, adaptor.getInput(), "input");
  auto weight = checkConvolution(loc, adaptor);
  if (failed(input) || failed(weight))
    return failure();
  ArrayRef<int64_t> shape = weight->getShape(), pads = adaptor.getPads();
  int64_t groups = adaptor.getGroups(), filters = shape[0];
  if (failed(checkBias(loc, adaptor.getBias(), filters)))
    return failure();
  if (input->c % groups || filters % groups) // conv2d_c7
    return emitOptionalError(loc, "groups ", groups, " must divide the ", input->c,
                             " input channels and the ", filters, " filters");
  if (shape[1] != input->c / groups) // conv2d_c8
    return emitOptionalError(loc, "weight takes ", shape[1],
                             " channels per group, but the input has ", input->c / groups);
  // Within a group the filters read the same channels: a block or a shared pattern must not
  // straddle two groups.
  if (groups > 1) {
    int64_t together = 1;
    Attribute encoding = weight->getEncoding();
    if (auto block = dyn_cast_or_null<BlockAttr>(encoding))
      together = block.getFilters();
    else if (auto bcr = dyn_cast_or_null<BCRAttr>(encoding))
      together = bcr.getFilters();
    else if (auto pattern = dyn_cast_or_null<PatternAttr>(encoding))
      together = pattern.getShared();
    if (filters / groups % together) // conv2d_c9
      return emitOptionalError(loc, "the encoding ties ", together,
                               " consecutive filters, but a group has ", filters / groups);
  }
  int64_t extentH = adaptor.getDilations()[0] * (shape[2] - 1) + 1;
  int64_t extentW = adaptor.getDilations()[1] * (shape[3] - 1) + 1;
  return addResult(context, loc,
                   {filters, slide(input->h, pads[0] + pads[2], extentH, adaptor.getStrides()[0]),
                    slide(input->w, pads[1] + pads[3], extentW, adaptor.getStrides()[1])},
                   types);
}

LogicalResult ConvTranspose2DOp::inferReturnTypes(MLIRContext *context, MaybeLocation loc,
                                                  Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto input = getMap(loc, adaptor.getInput(), "input");
  auto weight = checkConvolution(loc, adaptor);
  if (failed(input) || failed(weight))
    return failure();
  ArrayRef<int64_t> shape = weight->getShape(), pads = adaptor.getPads();
  int64_t groups = adaptor.getGroups();
  if (groups > std::numeric_limits<int32_t>::max() || input->c % groups) // conv_transpose2d_c7
    return emitOptionalError(loc, "groups ", groups, " does not divide ", input->c,
                             " input channels");
  if (shape[0] != input->c) // conv_transpose2d_c8
    return emitOptionalError(loc, "weight takes ", shape[0], " channels, but the input has ",
                             input->c);
  int64_t filters = shape[1] * groups;
  if (failed(checkBias(loc, adaptor.getBias(), filters)))
    return failure();
  if (weight->getEncoding() && !isa<UnstructuredAttr>(weight->getEncoding())) // conv_transpose2d_c9
    return emitOptionalError(loc,
                             "weight of a transposed convolution is dense or #sr.unstructured");
  ArrayRef<int64_t> outputPads = adaptor.getOutputPads(), strides = adaptor.getStrides();
  if (failed(checkArray(loc, outputPads, 2, 0, "output_pads"))) // conv_transpose2d_c10
    return failure();
  for (int d : {0, 1})
    if (outputPads[d] >= std::max(strides[d], adaptor.getDilations()[d])) // conv_transpose2d_c11
      return emitOptionalError(loc, "output_pads are smaller than the stride or the dilation");
  auto size = [&](int d, int64_t in) {
    return mapSize(in, [&](int64_t s) {
      return strides[d] * (s - 1) + adaptor.getDilations()[d] * (shape[2 + d] - 1) + 1 +
             outputPads[d] - pads[d] - pads[d + 2];
    });
  };
  return addResult(context, loc, {filters, size(0, input->h), size(1, input->w)}, types);
}

//===----------------------------------------------------------------------===//
// elementwise
//===----------------------------------------------------------------------===//

static LogicalResult inferUnary(MLIRContext *context, MaybeLocation loc, Value input,
                                SmallVectorImpl<Type> &types) {
  auto shape = getMap(loc, input, "input");
  return failed(shape) ? failure() : addResult(context, loc, *shape, types);
}

LogicalResult ReluOp::inferReturnTypes(MLIRContext *context, MaybeLocation loc, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  return inferUnary(context, loc, adaptor.getInput(), types);
}
LogicalResult SigmoidOp::inferReturnTypes(MLIRContext *context, MaybeLocation loc, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  return inferUnary(context, loc, adaptor.getInput(), types);
}
LogicalResult TanhOp::inferReturnTypes(MLIRContext *context, MaybeLocation loc, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  return inferUnary(context, loc, adaptor.getInput(), types);
}
LogicalResult GeluOp::inferReturnTypes(MLIRContext *context, MaybeLocation loc, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  return inferUnary(context, loc, adaptor.getInput(), types);
}
LogicalResult SiluOp::inferReturnTypes(MLIRContext *context, MaybeLocation loc, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  return inferUnary(context, loc, adaptor.getInput(), types);
}
LogicalResult LeakyReluOp::inferReturnTypes(MLIRContext *context, MaybeLocation loc,
                                            Adaptor adaptor, SmallVectorImpl<Type> &types) {
  // The parser infers before it knows the attributes.
  FloatAttr alpha = adaptor.getAlphaAttr();
  if (alpha && !alpha.getValue().isFinite()) // leaky_relu_c1
    return emitOptionalError(loc, "alpha is finite");
  return inferUnary(context, loc, adaptor.getInput(), types);
}
LogicalResult PReluOp::inferReturnTypes(MLIRContext *context, MaybeLocation loc, Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  auto input = getMap(loc, adaptor.getInput(), "input");
  auto slope = getTable(loc, adaptor.getSlope(), "slope");
  if (failed(input) || failed(slope))
    return failure();
  if (slope->getRank() != 1 || slope->getEncoding() ||
      (slope->getDimSize(0) != 1 && slope->getDimSize(0) != input->c)) // prelu_c1
    return emitOptionalError(loc, "slope is tensor<1xf32> or tensor<", input->c, "xf32>, not ",
                             *slope);
  return addResult(context, loc, *input, types);
}
LogicalResult ClampOp::inferReturnTypes(MLIRContext *context, MaybeLocation loc, Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  FloatAttr low = adaptor.getLowAttr(), high = adaptor.getHighAttr();
  if (low && high && !(low.getValue() <= high.getValue())) // clamp_c1
    return emitOptionalError(loc, "low is not greater than high, and neither is NaN");
  return inferUnary(context, loc, adaptor.getInput(), types);
}

static LogicalResult inferBinary(MLIRContext *context, MaybeLocation loc, Value lhs, Value rhs,
                                 SmallVectorImpl<Type> &types) {
  auto a = getMap(loc, lhs, "lhs"), b = getMap(loc, rhs, "rhs");
  if (failed(a) || failed(b))
    return failure();
  MapShape shape = *a;
  if (a->c == b->c && mergeSize(a->h, b->h, shape.h) && mergeSize(a->w, b->w, shape.w)) {
    // A dynamic size next to 1 may be a picture next to a table.
    if (a->h == dynamic || a->w == dynamic || b->h == dynamic || b->w == dynamic) {
      bool table = (b->h == 1 && b->w == 1) || (a->h == 1 && a->w == 1);
      if (table)
        shape = b->h == 1 && b->w == 1 ? *a : *b;
    }
    return addResult(context, loc, shape, types);
  }
  auto isBroadcast = [](MapShape small, MapShape large) {
    return (small.c == large.c || small.c == 1) && small.h == 1 && small.w == 1;
  };
  if (isBroadcast(*b, *a))
    return addResult(context, loc, *a, types);
  if (isBroadcast(*a, *b))
    return addResult(context, loc, *b, types);
  return emitOptionalError(loc,
                           "the sides have the same shape, or one is 1xCx1x1 or 1x1x1x1; they are ",
                           lhs.getType(), " and ", rhs.getType()); // binary_c1
}

LogicalResult AddOp::inferReturnTypes(MLIRContext *context, MaybeLocation loc, Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  return inferBinary(context, loc, adaptor.getLhs(), adaptor.getRhs(), types);
}
LogicalResult SubOp::inferReturnTypes(MLIRContext *context, MaybeLocation loc, Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  return inferBinary(context, loc, adaptor.getLhs(), adaptor.getRhs(), types);
}
LogicalResult MulOp::inferReturnTypes(MLIRContext *context, MaybeLocation loc, Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  return inferBinary(context, loc, adaptor.getLhs(), adaptor.getRhs(), types);
}

//===----------------------------------------------------------------------===//
// channels
//===----------------------------------------------------------------------===//

LogicalResult ConcatOp::inferReturnTypes(MLIRContext *context, MaybeLocation loc, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  if (adaptor.getInputs().empty()) // concat_c1
    return emitOptionalError(loc, "needs at least one input");
  MapShape result{0, dynamic, dynamic};
  for (Value value : adaptor.getInputs()) {
    auto input = getMap(loc, value, "input");
    if (failed(input))
      return failure();
    if (!mergeSize(result.h, input->h, result.h) ||
        !mergeSize(result.w, input->w, result.w)) // concat_c2
      return emitOptionalError(loc, "inputs have the same height and width, but one is ",
                               value.getType());
    result.c += input->c;
  }
  return addResult(context, loc, result, types);
}

LogicalResult SliceOp::inferReturnTypes(MLIRContext *context, MaybeLocation loc, Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  auto input = getMap(loc, adaptor.getInput(), "input");
  if (failed(input))
    return failure();
  int64_t offset = adaptor.getOffset(), size = adaptor.getSize();
  if (offset < 0 || size < 1 || offset >= input->c || size > input->c - offset) // slice_c1
    return emitOptionalError(loc, "channels from ", offset, ", ", size, " of them, do not lie in ",
                             input->c);
  return addResult(context, loc, {size, input->h, input->w}, types);
}

LogicalResult SplitOp::inferReturnTypes(MLIRContext *context, MaybeLocation loc, Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  auto input = getMap(loc, adaptor.getInput(), "input");
  if (failed(input))
    return failure();
  int64_t left = input->c;
  for (int64_t size : adaptor.getSizes()) {
    if (size < 1 || size > left) {
      left = -1;
      break;
    }
    left -= size;
  }
  if (left != 0) // split_c1
    return emitOptionalError(loc, "sizes are positive and add up to ", input->c, " channels");
  for (int64_t size : adaptor.getSizes())
    if (failed(addResult(context, loc, {size, input->h, input->w}, types)))
      return failure();
  return success();
}

LogicalResult PixelShuffleOp::inferReturnTypes(MLIRContext *context, MaybeLocation loc,
                                               Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto input = getMap(loc, adaptor.getInput(), "input");
  if (failed(input))
    return failure();
  int64_t scale = adaptor.getScale();
  if (scale < 1 || scale > maxParameter) // pixel_shuffle_c1
    return emitOptionalError(loc, "scale is between 1 and ", maxParameter, ", not ", scale);
  if (input->c % (scale * scale)) // pixel_shuffle_c2
    return emitOptionalError(loc, input->c, " channels are not a multiple of ", scale * scale);
  auto grow = [&](int64_t size) { return mapSize(size, [&](int64_t s) { return s * scale; }); };
  return addResult(context, loc, {input->c / (scale * scale), grow(input->h), grow(input->w)},
                   types);
}

LogicalResult PixelUnshuffleOp::inferReturnTypes(MLIRContext *context, MaybeLocation loc,
                                                 Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto input = getMap(loc, adaptor.getInput(), "input");
  if (failed(input))
    return failure();
  int64_t scale = adaptor.getScale();
  if (scale < 1 || scale > maxParameter) // pixel_unshuffle_c1
    return emitOptionalError(loc, "scale is between 1 and ", maxParameter, ", not ", scale);
  auto isBad = [&](int64_t size) { return size != dynamic && size % scale; };
  if (isBad(input->h) || isBad(input->w)) // pixel_unshuffle_c2
    return emitOptionalError(loc, "height ", input->h, " and width ", input->w,
                             " are not multiples of ", scale);
  auto shrink = [&](int64_t size) { return mapSize(size, [&](int64_t s) { return s / scale; }); };
  return addResult(context, loc, {input->c * (scale * scale), shrink(input->h), shrink(input->w)},
                   types);
}

//===----------------------------------------------------------------------===//
// spatial
//===----------------------------------------------------------------------===//

LogicalResult ResizeOp::inferReturnTypes(MLIRContext *context, MaybeLocation loc, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  auto input = getMap(loc, adaptor.getInput(), "input");
  if (failed(input) || failed(checkArray(loc, adaptor.getScaleH(), 2, 1, "scale_h")) ||
      failed(checkArray(loc, adaptor.getScaleW(), 2, 1, "scale_w"))) // resize_c1
    return failure();
  if (!adaptor.getCubicCoeff().isFinite()) // resize_c2
    return emitOptionalError(loc, "cubic_coeff is finite");
  auto size = [&](int64_t in, ArrayRef<int64_t> scale) {
    return mapSize(in, [&](int64_t s) { return s * scale[0] / scale[1]; });
  };
  return addResult(
      context, loc,
      {input->c, size(input->h, adaptor.getScaleH()), size(input->w, adaptor.getScaleW())}, types);
}

LogicalResult PadOp::inferReturnTypes(MLIRContext *context, MaybeLocation loc, Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  auto input = getMap(loc, adaptor.getInput(), "input");
  ArrayRef<int64_t> pads = adaptor.getPads();
  if (failed(input) || failed(checkArray(loc, pads, 4, 0, "pads"))) // pad_c1
    return failure();
  if (!adaptor.getValue().isFinite()) // pad_c2
    return emitOptionalError(loc, "value is finite");
  if (adaptor.getMode() == PadMode::Reflect)
    for (int d = 0; d < 4; ++d) {
      int64_t size = d % 2 ? input->w : input->h;
      if (size != dynamic && pads[d] >= size) // pad_c3
        return emitOptionalError(loc, "reflection of ", pads[d], " pixels needs a size above ",
                                 pads[d], ", not ", size);
    }
  auto grow = [&](int64_t size, int64_t by) {
    return mapSize(size, [&](int64_t s) { return s + by; });
  };
  return addResult(context, loc,
                   {input->c, grow(input->h, pads[0] + pads[2]), grow(input->w, pads[1] + pads[3])},
                   types);
}

static LogicalResult inferGlobalPool(MLIRContext *context, MaybeLocation loc, Value value,
                                     SmallVectorImpl<Type> &types) {
  auto input = getMap(loc, value, "input");
  return failed(input) ? failure() : addResult(context, loc, {input->c, 1, 1}, types);
}
LogicalResult GlobalAvgPoolOp::inferReturnTypes(MLIRContext *context, MaybeLocation loc,
                                                Adaptor adaptor, SmallVectorImpl<Type> &types) {
  return inferGlobalPool(context, loc, adaptor.getInput(), types);
}
LogicalResult GlobalStdPoolOp::inferReturnTypes(MLIRContext *context, MaybeLocation loc,
                                                Adaptor adaptor, SmallVectorImpl<Type> &types) {
  return inferGlobalPool(context, loc, adaptor.getInput(), types);
}

template <typename Adaptor>
static LogicalResult inferPool(MLIRContext *context, MaybeLocation loc, Adaptor adaptor,
                               SmallVectorImpl<Type> &types) {
  auto input = getMap(loc, adaptor.getInput(), "input");
  ArrayRef<int64_t> kernel = adaptor.getKernel(), pads = adaptor.getPads(),
                    strides = adaptor.getStrides();
  if (failed(input) || failed(checkArray(loc, kernel, 2, 1, "kernel"))) // pool_c1
    return failure();
  if (failed(checkArray(loc, strides, 2, 1, "strides"))) // pool_c2
    return failure();
  if (failed(checkArray(loc, pads, 4, 0, "pads"))) // pool_c3
    return failure();
  for (int d = 0; d < 4; ++d)
    if (pads[d] >= kernel[d % 2]) // pool_c4
      return emitOptionalError(loc, "pads are smaller than the kernel");
  return addResult(context, loc,
                   {input->c, slide(input->h, pads[0] + pads[2], kernel[0], strides[0]),
                    slide(input->w, pads[1] + pads[3], kernel[1], strides[1])},
                   types);
}
LogicalResult MaxPoolOp::inferReturnTypes(MLIRContext *context, MaybeLocation loc, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  return inferPool(context, loc, adaptor, types);
}
LogicalResult AvgPoolOp::inferReturnTypes(MLIRContext *context, MaybeLocation loc, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  return inferPool(context, loc, adaptor, types);
}
