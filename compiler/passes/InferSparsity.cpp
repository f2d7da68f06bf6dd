//===- InferSparsity.cpp - The tightest encodings of plain weights --------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/passes/Layers.h"
#include "compiler/passes/Passes.h"

#include "mlir/IR/Remarks.h"

#define DEBUG_TYPE "sr-infer-sparsity"

using namespace mlir;
using namespace srcc;
using namespace srcc::sr;

namespace srcc::sr {
#define GEN_PASS_DEF_INFERSPARSITY
#include "compiler/passes/Passes.h.inc"
} // namespace srcc::sr

/// conv2d takes every structure, conv_transpose2d none but zeros anywhere.
static sparsity::Structure infer(Conv2DOp, const sparsity::Shape &shape, const sparsity::Mask &mask,
                                 double minZeros) {
  return sparsity::infer(shape, mask, minZeros);
}
static sparsity::Structure infer(ConvTranspose2DOp, const sparsity::Shape &shape,
                                 const sparsity::Mask &mask, double minZeros) {
  int64_t zeros = shape.size() - sparsity::countKept(mask);
  if (zeros == 0 || zeros < minZeros * shape.size())
    return {};
  return {sparsity::Scheme::Unstructured};
}

/// Encodes the weights of a convolution and reports on them.
template <typename Conv> static void inferEncoding(Conv conv, double minZeros) {
  auto values = getConstantValues(conv.getWeight());
  if (failed(values))
    return;
  sparsity::Shape shape = getShape(conv);
  sparsity::Mask mask = getMask(conv, *values);
  RankedTensorType type = conv.getWeight().getType();
  Attribute encoding = type.getEncoding();
  if (!encoding) {
    encoding = getEncoding(conv.getContext(), infer(conv, shape, mask, minZeros));
    if (encoding) {
      OpBuilder builder(conv);
      conv.getWeightMutable().assign(
          replaceConstant(builder, conv.getWeight(), type.getShape(), encoding, *values));
    }
  }

  std::string text = "dense";
  if (encoding) {
    text.clear();
    llvm::raw_string_ostream(text) << encoding;
  }
  constexpr int64_t together = 4;
  int64_t kept = sparsity::countKept(mask);
  int64_t grouped = sparsity::countGrouped(shape, mask, together);
  remark::analysis(conv.getLoc(), remark::RemarkOpts::name("Sparsity").category(DEBUG_TYPE))
      << remark::add("{0}: {1}, {2} of the multiply-adds kept, {3} in groups of {4} filters",
                     getLayerName(conv), text, formatShare(kept, shape.size()),
                     formatShare(grouped, shape.size()), together)
      << remark::metric("total", shape.size()) << remark::metric("kept", kept)
      << remark::metric("padded", grouped - kept);
}

namespace {
struct InferSparsity : srcc::sr::impl::InferSparsityBase<InferSparsity> {
  using Base::Base;

  void runOnOperation() override {
    if (!(minZeros >= 0 && minZeros <= 1)) {
      getOperation().emitError("min-zeros is between 0 and 1, not ") << double(minZeros);
      return signalPassFailure();
    }
    getOperation().walk([&](Operation *op) {
      if (auto conv = dyn_cast<Conv2DOp>(op))
        inferEncoding(conv, minZeros);
      else if (auto conv = dyn_cast<ConvTranspose2DOp>(op))
        inferEncoding(conv, minZeros);
    });
    eraseUnusedConstants(getOperation());
  }
};
} // namespace
