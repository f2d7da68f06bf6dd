//===- ReceptiveField.cpp - What a pixel of the output depends on ---------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/sr/ReceptiveField.h"
#include "dialects/sr/ModelFile.h"
#include "dialects/sr/SR.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace srcc::sr;

namespace {
/// How rows (or columns) of a map depend on those of the input: row y on the rows from
/// y / scale + low to y / scale + high. Everything in input rows.
struct Reach {
  int64_t numerator = 1, denominator = 1; ///< scale: rows of the map per row of the input, reduced
  double low = 0, high = 0;

  double scale() const { return double(numerator) / double(denominator); }
};
using MaybeReach = std::optional<Reach>;
} // namespace

/// The reach of a map whose row y reads, of a map with reach `from`, the rows from
/// y * down / up + low to y * down / up + high.
static MaybeReach reading(const Reach &from, int64_t down, int64_t up, double low, double high) {
  Reach result;
  if (__builtin_mul_overflow(from.numerator, up, &result.numerator) ||
      __builtin_mul_overflow(from.denominator, down, &result.denominator))
    return std::nullopt;
  int64_t common = std::gcd(result.numerator, result.denominator);
  result.numerator /= common;
  result.denominator /= common;
  result.low = from.low + low / from.scale();
  result.high = from.high + high / from.scale();
  return result;
}

/// Of windows that slide by `stride` over a padded map.
static MaybeReach sliding(const Reach &from, ArrayRef<int64_t> strides, ArrayRef<int64_t> pads,
                          int64_t extent, unsigned dim) {
  return reading(from, strides[dim], 1, double(-pads[dim]), double(extent - 1 - pads[dim]));
}

/// The reach in dimension `dim` (0: rows, 1: columns) of an operation's results, `from` that of its
/// inputs.
static MaybeReach reachOf(Operation *op, const Reach &from, unsigned dim) {
  return TypeSwitch<Operation *, MaybeReach>(op)
      .Case([&](Conv2DOp conv) {
        int64_t kernel = cast<RankedTensorType>(conv.getWeight().getType()).getDimSize(2 + dim);
        return sliding(from, conv.getStrides(), conv.getPads(),
                       conv.getDilations()[dim] * (kernel - 1) + 1, dim);
      })
      .Case([&](ConvTranspose2DOp conv) {
        int64_t kernel = cast<RankedTensorType>(conv.getWeight().getType()).getDimSize(2 + dim);
        double stride = double(conv.getStrides()[dim]), pad = double(conv.getPads()[dim]);
        double last = double(conv.getDilations()[dim] * (kernel - 1));
        return reading(from, 1, conv.getStrides()[dim], (pad - last) / stride, pad / stride);
      })
      .Case<MaxPoolOp, AvgPoolOp>([&](auto pool) {
        return sliding(from, pool.getStrides(), pool.getPads(), pool.getKernel()[dim], dim);
      })
      .Case([&](PadOp pad) {
        return reading(from, 1, 1, double(-pad.getPads()[dim]), double(-pad.getPads()[dim]));
      })
      .Case([&](PixelShuffleOp shuffle) {
        double scale = double(shuffle.getScale());
        return reading(from, 1, shuffle.getScale(), -(scale - 1) / scale, 0);
      })
      .Case([&](PixelUnshuffleOp unshuffle) {
        return reading(from, unshuffle.getScale(), 1, 0, double(unshuffle.getScale() - 1));
      })
      .Case([&](ResizeOp resize) -> MaybeReach {
        if (resize.getCoordinates() == CoordinateMode::AlignCorners)
          return std::nullopt;
        ArrayRef<int64_t> scale = dim == 0 ? resize.getScaleH() : resize.getScaleW();
        // The position is off by less than a pixel (the half of a pixel of either map), and the
        // taps are up to 1 or 2 from it.
        double offset = 0.5 + 0.5 * double(scale[1]) / double(scale[0]);
        double taps = resize.getMode() == ResizeMode::Bicubic ? 2 : 1;
        return reading(from, scale[1], scale[0], -offset - taps, offset + taps);
      })
      .Case<GlobalAvgPoolOp, GlobalStdPoolOp>([](auto) { return std::nullopt; })
      // What is left works pixel by pixel.
      .Default([&](Operation *) { return MaybeReach(from); });
}

/// The reach of what a network returns, and the alignment that its maps ask for.
static MaybeReach reachOf(func::FuncOp network, unsigned dim, int64_t &alignment) {
  llvm::DenseMap<Value, Reach> reaches;
  reaches[network.getArgument(0)] = {};
  for (Operation &op : network.front()) {
    MaybeReach from; // over all inputs; constants have no reach
    for (Value operand : op.getOperands()) {
      auto found = reaches.find(operand);
      if (found == reaches.end())
        continue;
      if (!from) {
        from = found->second;
        continue;
      }
      from->low = std::min(from->low, found->second.low);
      from->high = std::max(from->high, found->second.high);
    }
    if (!from)
      continue;
    if (isa<func::ReturnOp>(op))
      return from;
    MaybeReach reach = reachOf(&op, *from, dim);
    if (!reach)
      return std::nullopt;
    alignment = std::lcm(alignment, reach->denominator);
    if (alignment > INT32_MAX)
      return std::nullopt;
    for (Value result : op.getResults())
      reaches[result] = *reach;
  }
  return std::nullopt; // a constant picture
}

std::optional<ReceptiveField> srcc::sr::getReceptiveField(func::FuncOp network) {
  ReceptiveField field{0, 1};
  for (unsigned dim : {0u, 1u}) {
    MaybeReach reach = reachOf(network, dim, field.alignment);
    if (!reach)
      return std::nullopt;
    // An input row's output rows begin at it and end less than a row further down.
    constexpr double rounding = 1e-6;
    double further = 1 - 1 / reach->scale();
    double radius = std::max(-reach->low, reach->high + further) - rounding;
    if (radius > INT32_MAX)
      return std::nullopt;
    field.radius = std::max(field.radius, int64_t(std::ceil(std::max(radius, 0.0))));
  }
  return field;
}

static constexpr llvm::StringLiteral recordName = "sr.receptive_field";

void srcc::sr::recordReceptiveField(ModuleOp module) {
  if (module.getOps<func::FuncOp>().empty())
    return;
  module->removeAttr(recordName); // of another network, perhaps
  if (auto field = getReceptiveField(getModelFunction(module)))
    module->setAttr(
        recordName,
        Builder(module.getContext()).getDenseI64ArrayAttr({field->radius, field->alignment}));
}

FailureOr<std::optional<ReceptiveField>> srcc::sr::recordedReceptiveField(ModuleOp module) {
  Attribute attribute = module->getAttr(recordName);
  if (!attribute)
    return std::optional<ReceptiveField>();
  auto isIn = [](int64_t value, int64_t least) { return value >= least && value <= INT32_MAX; };
  auto field = dyn_cast<DenseI64ArrayAttr>(attribute);
  if (!field || field.size() != 2 || !isIn(field[0], 0) || !isIn(field[1], 1))
    return module.emitError() << recordName
                              << " is array<i64: RADIUS, ALIGNMENT>, at least 0 and 1";
  return std::optional(ReceptiveField{field[0], field[1]});
}
