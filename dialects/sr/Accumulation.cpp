//===- Accumulation.cpp - How half arithmetic sums ------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/sr/Accumulation.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace srcc::sr;

SmallVector<Conv2DOp> srcc::sr::getSummedConvs(Operation *op) {
  if (auto conv = dyn_cast<Conv2DOp>(op))
    return {conv};
  auto add = dyn_cast<AddOp>(op);
  if (!add || add.getLhs().getType() != add.getRhs().getType())
    return {};
  auto a = add.getLhs().getDefiningOp<Conv2DOp>(), b = add.getRhs().getDefiningOp<Conv2DOp>();
  if (!a || !b || a == b || !a->hasOneUse() || !b->hasOneUse())
    return {};
  return {a, b};
}

int64_t srcc::sr::countProducts(Operation *op) {
  if (auto conv = dyn_cast<ConvTranspose2DOp>(op)) {
    ArrayRef<int64_t> shape = conv.getWeight().getType().getShape();
    int64_t count = shape[0] / int64_t(conv.getGroups());
    for (int axis : {0, 1}) { // every stride-th row (column) of the window
      int64_t span = conv.getDilations()[axis] * (shape[2 + axis] - 1) + 1;
      count *= std::min(shape[2 + axis], llvm::divideCeilSigned(span, conv.getStrides()[axis]));
    }
    return count;
  }
  int64_t count = 0;
  for (Conv2DOp conv : getSummedConvs(op)) {
    ArrayRef<int64_t> shape = conv.getWeight().getType().getShape();
    count += shape[1] * shape[2] * shape[3];
  }
  return count;
}
