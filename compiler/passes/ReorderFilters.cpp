//===- ReorderFilters.cpp - Neighbouring filters that share taps ----------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/passes/Layers.h"
#include "compiler/passes/Passes.h"

#include "mlir/IR/Remarks.h"

#define DEBUG_TYPE "sr-reorder-filters"

using namespace mlir;
using namespace srcc;
using namespace srcc::sr;

namespace srcc::sr {
#define GEN_PASS_DEF_REORDERFILTERS
#include "compiler/passes/Passes.h.inc"
} // namespace srcc::sr

namespace {
/// What permuting the filters of a convolution changes behind it.
struct Readers {
  SmallVector<PReluOp> slopes;
  SmallVector<Conv2DOp> convs;
};
} // namespace

/// Collects all that reads the channels of `value`; fails if one is neither a convolution nor an
/// operation on single channels.
static LogicalResult collectReaders(Value value, Readers &readers) {
  SmallVector<Value> values{value};
  while (!values.empty())
    for (OpOperand &use : values.pop_back_val().getUses()) {
      Operation *user = use.getOwner();
      if (use.getOperandNumber() != 0)
        return failure();
      if (auto conv = dyn_cast<Conv2DOp>(user);
          conv && conv.getGroups() == 1 && succeeded(getConstantValues(conv.getWeight()))) {
        readers.convs.push_back(conv);
        continue;
      }
      if (!isChannelwise(user))
        return failure();
      if (auto prelu = dyn_cast<PReluOp>(user))
        if (prelu.getSlope().getType().getNumElements() > 1) {
          if (failed(getConstantValues(prelu.getSlope())))
            return failure();
          readers.slopes.push_back(prelu);
        }
      values.push_back(user->getResult(0));
    }
  return success();
}

/// Values seen as [outer, order.size(), inner], the middle in the given order.
static SmallVector<float> permute(ArrayRef<float> values, ArrayRef<int64_t> order, int64_t outer) {
  int64_t count = order.size(), inner = int64_t(values.size()) / (outer * count);
  SmallVector<float> result;
  for (int64_t i = 0; i < outer; ++i)
    for (int64_t at : order)
      llvm::append_range(result, values.slice((i * count + at) * inner, inner));
  return result;
}

/// Permutes the filters of a convolution, if that helps and everything behind it can follow.
static void reorderFilters(Conv2DOp conv, int64_t group) {
  auto values = getConstantValues(conv.getWeight());
  if (failed(values) || conv.getGroups() != 1)
    return;
  sparsity::Shape shape = getShape(conv);
  sparsity::Mask mask = getMask(conv, *values);
  int64_t kept = sparsity::countKept(mask), before = sparsity::countGrouped(shape, mask, group);
  if (before == kept)
    return;
  auto miss = [&](const char *why) {
    remark::missed(conv.getLoc(), remark::RemarkOpts::name("Order").category(DEBUG_TYPE))
        << remark::add("{0}: groups of {1} filters pad {2} taps; {3}", getLayerName(conv), group,
                       before - kept, why);
  };
  Readers readers;
  if (conv->use_empty() || failed(collectReaders(conv.getResult(), readers)))
    return miss("not only convolutions read the result");
  if (conv.getBias() && failed(getConstantValues(conv.getBias())))
    return miss("the bias is no constant");

  std::vector<int64_t> order = sparsity::orderFilters(shape, mask, group);
  SmallVector<float> weight = permute(*values, order, 1);
  sparsity::Mask ordered = getMask(conv, weight);
  int64_t after = sparsity::countGrouped(shape, ordered, group);
  if (after >= before)
    return miss("no better order was found");
  if (!sparsity::fits(getStructure(conv.getWeight().getType().getEncoding()), shape, ordered))
    return miss("another order breaks the encoding");
  SmallVector<SmallVector<float>> readerWeights;
  for (Conv2DOp reader : readers.convs) {
    sparsity::Shape readerShape = getShape(reader);
    readerWeights.push_back(
        permute(*getConstantValues(reader.getWeight()), order, readerShape.filters));
    if (!sparsity::fits(getStructure(reader.getWeight().getType().getEncoding()), readerShape,
                        getMask(reader, readerWeights.back())))
      return miss("another order breaks the encoding of a convolution behind it");
  }

  auto assign = [](OpOperand &operand, ArrayRef<float> changed) {
    auto type = cast<RankedTensorType>(operand.get().getType());
    OpBuilder builder(operand.getOwner());
    operand.set(
        replaceConstant(builder, operand.get(), type.getShape(), type.getEncoding(), changed));
  };
  assign(conv.getWeightMutable(), weight);
  if (conv.getBias())
    assign(conv->getOpOperand(2), permute(*getConstantValues(conv.getBias()), order, 1));
  for (PReluOp prelu : readers.slopes)
    assign(prelu.getSlopeMutable(), permute(*getConstantValues(prelu.getSlope()), order, 1));
  for (auto [reader, changed] : llvm::zip_equal(readers.convs, readerWeights))
    assign(reader.getWeightMutable(), changed);
  remark::passed(conv.getLoc(), remark::RemarkOpts::name("Order").category(DEBUG_TYPE))
      << remark::add("{0}: groups of {1} filters pad {2} taps, {3} before", getLayerName(conv),
                     group, after - kept, before - kept)
      << remark::metric("before", before - kept) << remark::metric("after", after - kept);
}

namespace {
struct ReorderFilters : srcc::sr::impl::ReorderFiltersBase<ReorderFilters> {
  using Base::Base;

  void runOnOperation() override {
    if (group < 1) {
      getOperation().emitError("group is at least 1 filter, not ") << int64_t(group);
      return signalPassFailure();
    }
    for (Conv2DOp conv : SmallVector<Conv2DOp>(getOperation().getOps<Conv2DOp>()))
      reorderFilters(conv, group);
    eraseUnusedConstants(getOperation());
  }
};
} // namespace
