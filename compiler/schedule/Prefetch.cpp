//===- Prefetch.cpp - Lines of later iterations are asked for early -------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/schedule/Box.h"
#include "compiler/schedule/Passes.h"
#include "compiler/schedule/Schedule.h"

#include "llvm/ADT/StringExtras.h"

#include <set>

#define DEBUG_TYPE "sched-prefetch"

namespace srcc::sched {
#define GEN_PASS_DEF_SCHEDPREFETCH
#include "compiler/schedule/Passes.h.inc"
} // namespace srcc::sched

using namespace mlir;
using namespace srcc::sched;

/// Elements of each dimension that one line holds, by the layout's innermost dimensions; of one
/// that ends with every n-th element, as many of these.
static SmallVector<int64_t> stepsOf(const Storage &storage, Type type, unsigned rank) {
  constexpr int64_t lineBytes = 64;
  SmallVector<int64_t> steps(rank, 1);
  int64_t left = std::max<int64_t>(1, lineBytes * 8 / type.getIntOrFloatBitWidth());
  for (const StorageDim &d : llvm::reverse(storage.layout)) {
    int64_t here = d.mod ? std::min(d.mod, left) : left;
    steps[d.dim] *= here;
    left /= here;
    if (left <= 1 || !d.mod || d.div > 1)
      break;
  }
  return steps;
}

/// Lines that can be spread over a loop.
static constexpr int64_t mostLines = 1 << 20;

namespace {
/// The lines of a region, as a number with a digit for each loop over them, outermost first.
struct Lines {
  struct Digit {
    unsigned dim;
    int64_t step; // elements
    IndexExpr count;
  };
  SmallVector<IndexExpr> low; // of each dimension
  SmallVector<Digit> digits;

  /// The point that the digits stand for, at the builder's place.
  SmallVector<Value> point(ArrayRef<IndexExpr> values, OpBuilder &builder, Location loc) const {
    SmallVector<IndexExpr> sums = low;
    for (auto [digit, value] : llvm::zip(digits, values))
      sums[digit.dim] = sums[digit.dim] + value * IndexExpr(digit.step);
    return llvm::map_to_vector(sums,
                               [&](const IndexExpr &sum) { return sum.materialize(builder, loc); });
  }
  /// Counts become constants, the largest that they can be; the product of all, if there are some.
  std::optional<int64_t> bound() {
    int64_t product = 1;
    for (Digit &digit : digits) {
      auto most = digit.count.constantUpper();
      if (!most || *most < 1 || *most > mostLines / product)
        return std::nullopt;
      digit.count = *most;
      product *= *most;
    }
    return product;
  }
};
} // namespace

/// Those of `box` while the loop is `by` iterations ahead, in the order of the storage, as it is
/// read best.
static Lines linesOf(const Box &box, ForOp loop, int64_t by, const Storage &storage, Type type) {
  Lines lines;
  IndexExpr later = IndexExpr::get(loop.getIv()) + by;
  for (const IndexExpr &low : box.low)
    lines.low.push_back(low.substitute(loop.getIv(), later));
  SmallVector<int64_t> steps = stepsOf(storage, type, box.low.size());
  SmallVector<unsigned> order;
  for (const StorageDim &d : storage.layout)
    if (!llvm::is_contained(order, d.dim))
      order.push_back(d.dim);
  const StorageDim &inner = storage.layout.back();
  for (unsigned dim : order) {
    IndexExpr extent =
        box.high[dim].substitute(loop.getIv(), later) - lines.low[dim] + IndexExpr(1);
    int64_t apart = inner.dim == dim ? inner.div : 1; // neighbours in a line
    lines.digits.push_back(
        {dim, steps[dim] * apart, (extent - 1).floorDiv(steps[dim] * apart) + 1});
    if (apart > 1)
      lines.digits.push_back({dim, 1, IndexExpr::min(apart, extent)});
  }
  return lines;
}

/// A loop of requests; short ones are written out.
static ForOp loopOver(OpBuilder &builder, Location loc, StringRef name, const IndexExpr &count,
                      bool innermost) {
  constexpr int64_t writtenOut = 32;
  bool unroll = innermost && count.constant().value_or(writtenOut + 1) <= writtenOut;
  return ForOp::create(builder, loc, name, unroll ? LoopKind::Unrolled : LoopKind::Serial,
                       IndexExpr(0).materialize(builder, loc), count.materialize(builder, loc),
                       /*axis=*/int64_t(0));
}

/// All requests at once, at the builder's place.
static void requestAll(OpBuilder builder, const Prefetch &p, bool toWrite, const Lines &lines,
                       ArrayRef<std::string> names) {
  Location loc = p.directive->getLoc();
  SmallVector<IndexExpr> values;
  for (const Lines::Digit &digit : lines.digits) {
    auto loop =
        loopOver(builder, loc, names[digit.dim], digit.count, &digit == &lines.digits.back());
    builder.setInsertionPointToStart(&loop.getBody().front());
    values.push_back(IndexExpr::get(loop.getIv()));
  }
  TouchOp::create(builder, loc, p.source, lines.point(values, builder, loc), toWrite);
}

/// The loop inside `loop` that its requests are spread over: the first serial one of that name.
/// Loops of several turns between the two would make all requests in each.
static FailureOr<ForOp> overLoopOf(ForOp loop, const Prefetch &p) {
  PrefetchOp directive = p.directive;
  ForOp over;
  std::set<std::string> serial;
  loop.getBody().walk<WalkOrder::PreOrder>([&](ForOp inner) {
    auto produce = inner->getParentOfType<ProduceOp>();
    if (inner.getKind() != LoopKind::Serial || !produce || produce.getStage() != p.over)
      return WalkResult::advance();
    serial.insert(inner.getName().str());
    if (inner.getName() != p.overLoop)
      return WalkResult::advance();
    over = inner;
    return WalkResult::interrupt();
  });
  if (!over) {
    InFlightDiagnostic error = directive.emitOpError("loop \"")
                               << p.loop << "\" has no serial loop \"" << p.overLoop << "\" of @"
                               << p.over << " inside to spread requests over; ";
    if (serial.empty())
      error << "legal: a loop of the consumer, or of a stage that is computed there";
    else
      error << "it has \"" << llvm::join(serial, "\", \"") << "\"";
    return error;
  }
  for (auto between = over->getParentOfType<ForOp>(); between != loop;
       between = between->getParentOfType<ForOp>())
    if (IndexExpr::get(between.getExtent()).constant() != 1)
      return directive.emitOpError("loop \"")
             << between.getName() << "\" lies between loop \"" << p.loop << "\" and loop \""
             << p.overLoop << "\" of @" << p.over
             << ", and would ask for everything in each iteration; legal: that loop";
  return over;
}

/// The requests of one iteration of `loop` are made in those of a loop inside, as many in each.
static LogicalResult requestOver(ForOp loop, const Prefetch &p, bool toWrite, Lines lines) {
  PrefetchOp directive = p.directive;
  Location loc = directive.getLoc();
  auto over = overLoopOf(loop, p);
  if (failed(over))
    return failure();
  auto turns = IndexExpr::get(over->getExtent()).constant();
  if (!turns || *turns < 1)
    return directive.emitOpError("loop \"")
           << p.overLoop << "\" of @" << p.over
           << " has no constant extent; legal: no 'over' here, all requests are made at once";
  auto count = lines.bound();
  if (!count)
    return directive.emitOpError("what is asked for of @")
           << p.source << " has no constant bound, or has more than " << mostLines
           << " lines; legal: no 'over' here, all requests are made at once";
  // Where they are no multiple of each other, the last turns go beyond what is asked for.
  int64_t share = llvm::divideCeil(*count, *turns);
  OpBuilder builder = OpBuilder::atBlockBegin(&over->getBody().front());
  auto one = loopOver(builder, loc, "line", share, /*innermost=*/true);
  builder.setInsertionPointToStart(&one.getBody().front());
  IndexExpr turn = IndexExpr::get(over->getIv()) - IndexExpr::get(over->getMin());
  if (*count < *turns)
    turn = IndexExpr::min(turn, *count - 1);
  IndexExpr number = turn * IndexExpr(share) + IndexExpr::get(one.getIv());
  llvm::erase_if(lines.digits, [](Lines::Digit &digit) { return digit.count.constant() == 1; });
  SmallVector<IndexExpr> values(lines.digits.size());
  for (size_t i = lines.digits.size(); i-- > 1;) {
    values[i] = number.mod(*lines.digits[i].count.constant());
    number = number.floorDiv(*lines.digits[i].count.constant());
  }
  if (!values.empty())
    values[0] = number;
  TouchOp::create(builder, loc, p.source, lines.point(values, builder, loc), toWrite);
  return success();
}

/// Puts the requests into a loop's body, which reads or writes `box` of the source.
static LogicalResult prefetch(ForOp loop, const Box &box, Prefetch p, bool toWrite,
                              Operation *source, const Storage &storage) {
  bool inside =
      loop.walk([&](RealizeOp realize) {
            return realize.getStage() == p.source ? WalkResult::interrupt() : WalkResult::advance();
          })
          .wasInterrupted();
  if (inside)
    return p.directive.emitOpError("@")
           << p.source << " is stored inside loop \"" << p.loop
           << "\"; legal: a stage at the root, or store_at a loop around it";
  Lines lines =
      linesOf(box, loop, p.offset, storage, storage.type ? storage.type : elementTypeOf(source));
  if (!p.over.empty())
    return requestOver(loop, p, toWrite, lines);
  requestAll(OpBuilder::atBlockBegin(&loop.getBody().front()), p, toWrite, lines, dimNames(source));
  return success();
}

/// At the loops of that name of `stage` which read the source, or write it where it is the stage
/// itself: its pure definition and its updates may have one each.
static LogicalResult prefetchAll(LoopsOp loops, StringRef stage, Prefetch p, Operation *source,
                                 const Storage &storage) {
  SmallVector<std::pair<ForOp, Box>> found;
  bool bounded = true, toWrite = p.source == stage;
  loops.walk([&](ForOp loop) {
    auto produce = loop->getParentOfType<ProduceOp>();
    if (!produce || produce.getStage() != stage || loop.getName() != p.loop ||
        loop.getKind() != LoopKind::Serial)
      return;
    Block *body = &loop.getBody().front();
    auto box = toWrite ? storedBox(body, p.source) : loadedBox(body, p.source);
    bounded &= succeeded(box);
    if (succeeded(box) && !box->empty())
      found.push_back({loop, *box});
  });
  if (!bounded || found.empty())
    return p.directive.emitOpError("loop \"")
           << p.loop << (toWrite ? "\" writes " : "\" reads ")
           << (bounded ? "nothing of @" : "no bounded region of @") << p.source;
  for (auto &[loop, box] : found)
    if (failed(prefetch(loop, box, p, toWrite, source, storage)))
      return failure();
  return success();
}

namespace {
struct SchedPrefetch : public srcc::sched::impl::SchedPrefetchBase<SchedPrefetch> {
  using Base::Base;
  void runOnOperation() override {
    for (auto loops : getOperation().getOps<LoopsOp>()) {
      auto pair = scheduleOf(loops);
      if (failed(pair))
        return signalPassFailure();
      PipelineOp pipeline = pair->first;
      const Schedule &schedule = pair->second;
      for (auto &[stage, scheduled] : schedule.stages)
        for (const Prefetch &p : scheduled.prefetches)
          if (failed(prefetchAll(loops, stage, p, SymbolTable::lookupSymbolIn(pipeline, p.source),
                                 schedule.storageOf(p.source))))
            return signalPassFailure();
    }
  }
};
} // namespace
