//===- Prune.cpp - One-shot magnitude pruning -----------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/passes/Layers.h"
#include "compiler/passes/Passes.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/StringExtras.h"

#include <limits>

#define DEBUG_TYPE "sr-prune"

using namespace mlir;
using namespace srcc;
using namespace srcc::sr;

namespace srcc::sr {
#define GEN_PASS_DEF_PRUNE
#include "compiler/passes/Passes.h.inc"
} // namespace srcc::sr

static bool isPointwise(Operation *op) { return isActivation(op) || isa<AddOp, SubOp, MulOp>(op); }

/// Adds the input's pixels, the constants, and what is computed of them without a convolution.
static void collectPixels(Block &body, DenseSet<Value> &pixels) {
  for (Value argument : body.getArguments())
    pixels.insert(argument);
  for (Operation &op : body)
    if (isa<ConstantOp>(op) ||
        ((isPointwise(&op) || isa<SliceOp, PadOp, PixelShuffleOp, PixelUnshuffleOp>(op)) &&
         llvm::all_of(op.getOperands(), [&](Value v) { return pixels.contains(v); })))
      pixels.insert(op.getResult(0));
}

/// Adds what reaches the output through pointwise operations and pixel shuffles alone.
static void collectOutputs(Block &body, DenseSet<Value> &outputs) {
  auto isOutput = [&](Operation *user) {
    return isa<func::ReturnOp>(user) || ((isPointwise(user) || isa<PixelShuffleOp>(user)) &&
                                         outputs.contains(user->getResult(0)));
  };
  for (Operation &op : llvm::reverse(body))
    for (Value result : op.getResults())
      if (!result.use_empty() && llvm::all_of(result.getUsers(), isOutput))
        outputs.insert(result);
}

namespace {
struct Prune : srcc::sr::impl::PruneBase<Prune> {
  using Base::Base;

  /// The scheme and its parameters, or an error.
  FailureOr<sparsity::Structure> getWanted() {
    auto error = [&]() { return getOperation().emitError(); };
    auto parsed = sparsity::parseScheme(scheme);
    if (!parsed || *parsed == sparsity::Scheme::Dense)
      return error() << "scheme is filter, channel, block, bcr, pattern or unstructured, not '"
                     << scheme << "'";
    if (!(density > 0 && density <= 1))
      return error() << "density is above 0 and at most 1, not " << double(density);
    auto isBad = [](int64_t value, int64_t most) { return value < 1 || value > most; };
    constexpr int64_t most = std::numeric_limits<int32_t>::max();
    if (isBad(filters, most))
      return error() << "f is between 1 and " << most << ", not " << int64_t(filters);
    if (isBad(channels, most))
      return error() << "c is between 1 and " << most << ", not " << int64_t(channels);
    if (isBad(patterns, 256))
      return error() << "library is between 1 and 256 patterns, not " << int64_t(patterns);
    if (isBad(keep, 9))
      return error() << "keep is between 1 and 9 entries, not " << int64_t(keep);
    if (isBad(shared, most))
      return error() << "shared is between 1 and " << most << " filters, not " << int64_t(shared);
    return sparsity::Structure{*parsed, filters, channels, {}, keep, shared};
  }

  /// A filter that is removed takes its bias along, as its whole map is to go (Li et al. 2017,
  /// "Pruning Filters for Efficient ConvNets").
  void removeBiases(Conv2DOp conv, const sparsity::Mask &mask) {
    if (!conv.getBias())
      return;
    auto biases = getConstantValues(conv.getBias());
    if (failed(biases))
      return;
    size_t size = mask.size() / biases->size();
    for (auto [filter, bias] : llvm::enumerate(*biases))
      if (!llvm::is_contained(ArrayRef(mask).slice(filter * size, size), true))
        bias = 0;
    OpBuilder builder(conv);
    conv.getBiasMutable().assign(
        replaceConstant(builder, conv.getBias(),
                        cast<RankedTensorType>(conv.getBias().getType()).getShape(), {}, *biases));
  }

  void pruneLayer(Conv2DOp conv, const sparsity::Structure &wanted) {
    auto values = getConstantValues(conv.getWeight());
    if (failed(values))
      return;
    sparsity::Shape shape = getShape(conv);
    auto [structure, mask] = sparsity::prune(wanted, shape, *values, density, patterns);
    // An encoding promises that what is kept is not zero, but for unstructured.
    bool exact = structure.scheme != sparsity::Scheme::Unstructured;
    for (auto [value, kept] : llvm::zip_equal(*values, mask))
      if (!kept)
        value = 0;
      else if (exact && value == 0)
        value = std::numeric_limits<float>::min();
    int64_t kept = sparsity::countKept(mask);
    Attribute encoding = getEncoding(&getContext(), structure);
    OpBuilder builder(conv);
    conv.getWeightMutable().assign(replaceConstant(
        builder, conv.getWeight(), conv.getWeight().getType().getShape(), encoding, *values));
    if (structure.scheme == sparsity::Scheme::Filter)
      removeBiases(conv, mask);
    std::string text;
    llvm::raw_string_ostream(text) << encoding;
    remark::passed(conv.getLoc(), remark::RemarkOpts::name("Pruned").category(DEBUG_TYPE))
        << remark::add("{0}: {1}, {2} of the weights kept", getLayerName(conv), text,
                       formatShare(kept, shape.size()))
        << remark::metric("total", shape.size()) << remark::metric("kept", kept);
  }

  void runOnOperation() override {
    auto wanted = getWanted();
    if (failed(wanted))
      return signalPassFailure();
    SmallVector<Conv2DOp> convs(getOperation().getOps<Conv2DOp>());
    SmallVector<std::string> names;
    for (Conv2DOp conv : convs)
      names.push_back(getLayerName(conv));
    for (const std::string &layer : layers)
      if (!llvm::is_contained(names, layer)) {
        getOperation().emitError("there is no conv2d '")
            << layer << "'; there are '" << llvm::join(names, "', '") << "'";
        return signalPassFailure();
      }
    DenseSet<Value> pixels, outputs;
    for (Block &body : getOperation().getBody()) {
      collectPixels(body, pixels);
      collectOutputs(body, outputs);
    }
    for (auto [conv, name] : llvm::zip_equal(convs, names)) {
      bool ofPixels = pixels.contains(conv.getInput());
      bool ofOutput = outputs.contains(conv.getResult());
      if ((!ofPixels && !ofOutput) || llvm::is_contained(layers, name)) {
        pruneLayer(conv, *wanted);
        continue;
      }
      remark::missed(conv.getLoc(), remark::RemarkOpts::name("Dense").category(DEBUG_TYPE))
          << remark::add("{0} stays dense: it {1}", name,
                         ofPixels ? "reads the picture" : "yields the picture");
    }
    eraseUnusedConstants(getOperation());
  }
};
} // namespace
