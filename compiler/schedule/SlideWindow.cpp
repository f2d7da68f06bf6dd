//===- SlideWindow.cpp - Rows computed once --------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A stage that is stored outside the loop it is computed at keeps what earlier iterations computed:
// each iteration computes only what is new. The first iteration would need more than the others;
// instead the loop starts some iterations earlier, in which only the stages that have to be ahead
// are computed. So every iteration computes as much, and as little as possible is alive.
//
//   for y in [0, n):                          for y in [-2, n):
//     produce f: rows y - 1 .. y + 1            produce f: row y + 1
//     g(y) = f(y - 1) + f(y) + f(y + 1)         if y >= 0:
//                                                 g(y) = f(y - 1) + f(y) + f(y + 1)
//===----------------------------------------------------------------------===//
#include "compiler/schedule/Box.h"
#include "compiler/schedule/Passes.h"
#include "compiler/schedule/Schedule.h"

#define DEBUG_TYPE "sched-slide-window"

namespace srcc::sched {
#define GEN_PASS_DEF_SCHEDSLIDEWINDOW
#include "compiler/schedule/Passes.h.inc"
} // namespace srcc::sched

using namespace mlir;
using namespace srcc::sched;

namespace {
/// A stage that slides along the loop it is computed at.
struct Slide {
  ProduceOp produce;
  RequiredOp bound;  // of the dimension along which it slides
  int64_t ahead = 0; // iterations it has to start before the loop
};
} // namespace

/// Whole pieces of what is new may end behind what is stored, which is then more; they must not
/// start before what is new, where what they read may be gone.
static LogicalResult coverPieces(ProduceOp produce) {
  RealizeOp realize = realizeOf(produce);
  auto within = [](Operation *op) {
    return [op](Value iv) {
      return op->isProperAncestor(cast<BlockArgument>(iv).getOwner()->getParentOp());
    };
  };
  auto inPiece = within(produce), inRealize = within(realize->getParentOp());
  SmallVector<IndexExpr> low(realize.getMins().size()), high, first(low.size());
  for (unsigned i = 0; i < low.size(); ++i) {
    low[i] = IndexExpr::get(realize.getMins()[i]);
    high.push_back(low[i] + IndexExpr::get(realize.getExtents()[i]) - 1);
  }
  for (auto bound : produce.getBody().getOps<RequiredOp>())
    first[bound.getDim()] = IndexExpr::get(bound.getMin());
  Box touched;
  touched.include(low, high);
  auto result = produce.walk([&](StoreOp store) -> WalkResult {
    if (store.getStage() != produce.getStage())
      return WalkResult::advance();
    SmallVector<IndexExpr> last;
    for (auto [i, index] : llvm::enumerate(store.getIndices())) {
      IndexExpr e = IndexExpr::get(index);
      if (!(e.lower(inPiece) - first[i]).provablyNonNegative())
        return produce.emitOpError("computes pieces of @")
               << produce.getStage()
               << " that start before what is new; legal tails: guard, round_up";
      last.push_back(e.upper(inRealize));
    }
    touched.include(low, last);
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  OpBuilder builder(realize);
  for (auto [i, extent] : llvm::enumerate(realize.getExtentsMutable()))
    if (!(touched.high[i] == high[i]))
      extent.set((touched.high[i] - low[i] + 1).materialize(builder, realize.getLoc()));
  return success();
}

/// How `produce` slides along `loop`; its bound becomes what is new in an iteration.
static FailureOr<Slide> slide(ProduceOp produce, ForOp loop) {
  Slide result{produce, {}, 0};
  for (auto bound : produce.getBody().getOps<RequiredOp>()) {
    IndexExpr low = IndexExpr::get(bound.getMin()),
              high = low + IndexExpr::get(bound.getExtent()) - 1;
    if (!low.dependsOn(loop.getIv()) && !high.dependsOn(loop.getIv()))
      continue;
    auto step = high.coefficientOf(loop.getIv());
    auto overlap = step ? (high - *step + 1 - low).constant() : std::nullopt;
    if (result.bound || !step || *step < 1 || low.coefficientOf(loop.getIv()) != step || !overlap)
      return produce.emitOpError("cannot slide along loop \"")
             << loop.getName() << "\": the region of @" << produce.getStage()
             << " must move in one dimension, by the same at both ends, with the loop; legal: "
                "no store_at, or compute_at another loop";
    result.bound = bound;
    result.ahead = *overlap > 0 ? int64_t(llvm::divideCeil(*overlap, *step)) : 0;
    if (*overlap > 0 && *overlap % *step)
      return produce.emitOpError("slides along loop \"")
             << loop.getName() << "\" by " << *step << " and keeps " << *overlap
             << " elements, so that it would start before what is stored and read; legal: a step "
                "that divides what is kept, no store_at, or compute_at another loop";
    OpBuilder builder(bound);
    if (*overlap > 0)
      bound.getValuesMutable().assign(
          ValueRange{(high - *step + 1).materialize(builder, bound.getLoc()),
                     IndexExpr(*step).materialize(builder, bound.getLoc())});
  }
  if (result.ahead && failed(coverPieces(produce)))
    return failure();
  // Regions of what is computed inside hold on to where pieces of the whole window start.
  bool inPieces = result.ahead && llvm::any_of(result.bound->getUsers(),
                                               [](Operation *user) { return !isa<ForOp>(user); });
  if (inPieces)
    for (auto &nest : produce.getBody().front())
      if (nest.walk([](ProduceOp) { return WalkResult::interrupt(); }).wasInterrupted())
        return produce.emitOpError("slides along loop \"")
               << loop.getName() << "\" in pieces, and others are computed inside @"
               << produce.getStage()
               << "; legal: no split or fuse of the dimension along which it slides";
  return result;
}

/// Whether something in `op` reads the stage.
static bool reads(Operation *op, StringRef stage) {
  return op
      ->walk([&](LoadOp load) {
        return load.getSource() == stage ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Moves `ops` under `if iv >= start`, where they see max(iv, start), which bounds analyses follow.
static void guard(ForOp loop, ArrayRef<Operation *> ops, const IndexExpr &start) {
  if (ops.empty())
    return;
  OpBuilder builder(ops.front());
  Location loc = ops.front()->getLoc();
  Value first = start.materialize(builder, loc);
  Value holds = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sge, loop.getIv(), first);
  auto branch = scf::IfOp::create(builder, loc, holds, /*withElseRegion=*/false);
  builder.setInsertionPointToStart(branch.thenBlock());
  Value iv = arith::MaxSIOp::create(builder, loc, loop.getIv(), first);
  for (Operation *op : ops) {
    op->moveBefore(branch.thenBlock()->getTerminator());
    op->walk([&](Operation *inner) { inner->replaceUsesOfWith(loop.getIv(), iv); });
  }
}

/// Slides all that is computed at `loop` and stored outside of it.
static LogicalResult slideAlong(ForOp loop) {
  SmallVector<Slide> slides;
  int64_t most = 0;
  for (auto produce : loop.getBody().getOps<ProduceOp>()) {
    Block *stored = realizeOf(produce)->getBlock();
    if (stored == produce->getBlock() || isa<LoopsOp>(stored->getParentOp())) // at the root
      continue;
    if (loop.getKind() != LoopKind::Serial)
      return produce.emitOpError("slides along loop \"")
             << loop.getName() << "\", which is " << stringifyLoopKind(loop.getKind())
             << "; legal: serial";
    auto moved = slide(produce, loop);
    if (failed(moved))
      return failure();
    most = std::max(most, moved->ahead);
    slides.push_back(*moved);
  }
  if (!most)
    return success();
  IndexExpr min = IndexExpr::get(loop.getMin()), extent = IndexExpr::get(loop.getExtent());
  // Stages that do not slide stay where they are; after the last that does comes the loop's own
  // work.
  SmallVector<Operation *> own;
  SmallVector<ProduceOp> still;
  for (Operation *op = slides.back().produce->getNextNode(); op; op = op->getNextNode())
    own.push_back(op);
  for (auto produce : loop.getBody().getOps<ProduceOp>()) {
    if (!produce->isBeforeInBlock(slides.back().produce) ||
        llvm::any_of(slides, [&](Slide &s) { return s.produce == produce; }))
      continue;
    still.push_back(produce);
    for (Slide &s : slides)
      if (reads(s.produce, produce.getStage()))
        return produce.emitOpError("@")
               << s.produce.getStage() << " is computed ahead along loop \"" << loop.getName()
               << "\" and reads @" << produce.getStage()
               << ", which each iteration computes for itself; legal: store_at for @"
               << produce.getStage() << " too";
  }
  OpBuilder builder(loop);
  loop.getMinMutable().assign((min - most).materialize(builder, loop.getLoc()));
  loop.getExtentMutable().assign((extent + most).materialize(builder, loop.getLoc()));
  for (Slide &slide : slides)
    if (slide.ahead < most)
      guard(loop, {slide.produce}, min - slide.ahead);
  for (ProduceOp produce : still)
    guard(loop, {produce}, min);
  guard(loop, own, min);
  return success();
}

namespace {
struct SchedSlideWindow : public srcc::sched::impl::SchedSlideWindowBase<SchedSlideWindow> {
  using Base::Base;
  void runOnOperation() override {
    for (auto loops : getOperation().getOps<LoopsOp>()) {
      SmallVector<ForOp> all;
      loops.walk([&](ForOp loop) { all.push_back(loop); });
      for (ForOp loop : all)
        if (failed(slideAlong(loop)))
          return signalPassFailure();
    }
  }
};
} // namespace
