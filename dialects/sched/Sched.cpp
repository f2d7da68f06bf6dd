//===- Sched.cpp - The sched dialect --------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/sched/Sched.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace srcc::sched;

#include "dialects/sched/SchedDialect.cpp.inc"
#include "dialects/sched/SchedEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/sched/SchedAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/sched/SchedOps.cpp.inc"

void SchedDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/sched/SchedAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/sched/SchedOps.cpp.inc"
      >();
}

void ForOp::build(OpBuilder &builder, OperationState &state, StringRef name, LoopKind kind,
                  Value min, Value extent, int64_t axis) {
  build(builder, state, builder.getStringAttr(name), LoopKindAttr::get(builder.getContext(), kind),
        min, extent, builder.getI64IntegerAttr(axis));
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(state.regions[0].get(), {}, builder.getIndexType(), state.location);
}

/// Names are unique and as many as the map has results; the map takes no dims and two symbols.
static LogicalResult verifyDomain(Operation *op, ArrayAttr dims, AffineMap extents) {
  llvm::StringSet<> seen;
  for (StringAttr name : dims.getAsRange<StringAttr>())
    if (!seen.insert(name).second)
      return op->emitOpError("names dimension '") << name.getValue() << "' twice";
  if (extents.getNumResults() != dims.size())
    return op->emitOpError("has ")
           << dims.size() << " dimensions, but " << extents.getNumResults() << " extents";
  if (extents.getNumDims() != 0 || extents.getNumSymbols() > 2)
    return op->emitOpError("extents may use the symbols s0 = H and s1 = W only");
  for (auto [name, extent] : llvm::zip(dims.getAsRange<StringAttr>(), extents.getResults()))
    if (auto constant = dyn_cast<AffineConstantExpr>(extent); constant && constant.getValue() < 1)
      return op->emitOpError("dimension '") << name.getValue() << "' has the extent "
                                            << constant.getValue() << "; legal: 1 or more";
  return success();
}

LogicalResult PipelineOp::verify() {
  llvm::StringSet<> before, all;
  for (Operation &op : getBody().front()) {
    if (!isa<InputOp, TableOp, StageOp>(op))
      return op.emitOpError("has no place in a pipeline, which holds inputs, tables and stages");
    all.insert(mlir::SymbolTable::getSymbolName(&op).getValue());
  }
  // So that no stage needs itself.
  for (Operation &op : getBody().front()) {
    auto result = op.walk([&](ReadOp read) -> WalkResult {
      if (before.contains(read.getSource()) || !all.contains(read.getSource()))
        return WalkResult::advance();
      return read.emitOpError("reads @")
             << read.getSource() << ", which does not stand before the stage that reads it";
    });
    if (result.wasInterrupted())
      return failure();
    before.insert(mlir::SymbolTable::getSymbolName(&op).getValue());
  }
  return success();
}

LogicalResult InputOp::verify() {
  if (getFormat() == Format::None)
    return emitOpError("needs a format: f32_planar or u8_interleaved");
  if (getDims().size() != 3)
    return emitOpError("has 3 dimensions: c, y, x");
  return verifyDomain(*this, getDims(), getExtents());
}

LogicalResult TableOp::verify() {
  if (!getValue().getShapedType().hasStaticShape())
    return emitOpError("has a static shape");
  return success();
}

llvm::SmallVector<UpdateOp, 4> StageOp::getUpdateOps() {
  if (getUpdates().empty())
    return {};
  return llvm::to_vector<4>(getUpdates().front().getOps<UpdateOp>());
}

/// A definition's block takes `count` indices, then (of an update) the value so far.
static LogicalResult verifyDefinition(Operation *op, Region &region, unsigned count, Type self,
                                      Type result) {
  Block &block = region.front();
  unsigned want = count + (self ? 1 : 0);
  if (block.getNumArguments() != want)
    return op->emitOpError("definition takes ")
           << want << " arguments, but has " << block.getNumArguments();
  for (unsigned i = 0; i < count; ++i)
    if (!block.getArgument(i).getType().isIndex())
      return op->emitOpError("argument ") << i << " of the definition must be an index";
  if (self && block.getArgument(count).getType() != self)
    return op->emitOpError("last argument must be the value so far, ") << self;
  auto yield = block.empty() ? YieldOp() : dyn_cast<YieldOp>(block.back());
  if (!yield || yield.getNumOperands() != 1 || yield.getOperand(0).getType() != result)
    return op->emitOpError("definition must end with a sched.yield of one ") << result;
  return success();
}

LogicalResult StageOp::verify() {
  if (failed(verifyDomain(*this, getDims(), getExtents())))
    return failure();
  if (failed(verifyDefinition(*this, getPure(), getRank(), {}, getType())))
    return failure();
  if (!getUpdates().empty())
    for (Operation &op : getUpdates().front())
      if (!isa<UpdateOp>(op))
        return emitOpError("updates hold sched.update operations only");
  if (auto other = getInsteadOf()) {
    auto stage = SymbolTable::lookupNearestSymbolFrom<StageOp>(*this, getInsteadOfAttr());
    if (!stage || stage.getExtents() != getExtents() || stage.getDims() != getDims())
      return emitOpError("stands instead of @")
             << *other << ", which is no stage of the same domain";
  }
  return success();
}

LogicalResult UpdateOp::verify() {
  if (failed(verifyDomain(*this, getRdims(), getExtents())))
    return failure();
  auto stage = (*this)->getParentOfType<StageOp>();
  for (Attribute name : getRdims())
    if (llvm::is_contained(stage.getDims(), name))
      return emitOpError("reduction dimension ") << name << " is a pure dimension of the stage";
  return verifyDefinition(*this, getBody(), stage.getRank() + getRdims().size(), stage.getType(),
                          stage.getType());
}
