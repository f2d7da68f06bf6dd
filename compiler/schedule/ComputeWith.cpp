//===- ComputeWith.cpp - Loops that two stages share ----------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/schedule/Schedule.h"

#include "mlir/IR/AffineExpr.h"

using namespace mlir;
using namespace srcc::sched;

namespace {
/// How the loop came about: the splits and fuses it is a part of, the last one first.
void collectTransforms(const Definition &definition, StringRef loop,
                       SmallVectorImpl<const LoopTransform *> &all) {
  for (const LoopTransform &t : llvm::reverse(definition.transforms)) {
    if (t.isFuse ? t.old != loop : t.outer != loop && t.inner != loop)
      continue;
    all.push_back(&t);
    if (t.isFuse)
      collectTransforms(definition, t.inner, all);
    collectTransforms(definition, t.isFuse ? t.outer : t.old, all);
    return;
  }
}

/// Whether two definitions have the same loop: name, kind and how it came about.
bool isSameLoop(const Definition &a, const Loop &ofA, const Definition &b, const Loop &ofB) {
  SmallVector<const LoopTransform *> inA, inB;
  collectTransforms(a, ofA.name, inA);
  collectTransforms(b, ofB.name, inB);
  auto same = [](const LoopTransform *s, const LoopTransform *t) {
    return s->isFuse == t->isFuse && s->old == t->old && s->outer == t->outer &&
           s->inner == t->inner && s->factor == t->factor && s->tail == t->tail;
  };
  return ofA.name == ofB.name && ofA.kind == ofB.kind && ofA.axis == ofB.axis &&
         inA.size() == inB.size() && llvm::all_of(llvm::zip(inA, inB), [&](auto pair) {
           return same(std::get<0>(pair), std::get<1>(pair));
         });
}

/// The names of the dimensions that the loop runs over points of.
void collectDims(const Definition &definition, StringRef loop, std::vector<std::string> &dims) {
  SmallVector<const LoopTransform *> all;
  collectTransforms(definition, loop, all);
  SmallVector<std::string> names{loop.str()};
  for (const LoopTransform *t : all)
    if (t->isFuse)
      llvm::append_values(names, t->inner, t->outer);
    else
      names.push_back(t->old);
  for (std::string &name : names) {
    bool made = llvm::any_of(definition.transforms, [&](const LoopTransform &t) {
      return t.isFuse ? t.old == name : t.outer == name || t.inner == name;
    });
    if (!made && !llvm::is_contained(dims, name))
      dims.push_back(name);
  }
}
} // namespace

FailureOr<ComputeWith> srcc::sched::sharedLoops(ComputeWithOp op, PipelineOp pipeline,
                                                const Schedule &schedule) {
  StringRef name = op.getStage(), other = op.getOther();
  const StageSchedule &own = schedule.of(name), &leader = schedule.of(other);
  auto stage = cast<StageOp>(SymbolTable::lookupSymbolIn(pipeline, name)),
       leading = cast<StageOp>(SymbolTable::lookupSymbolIn(pipeline, other));
  for (StageOp each : {stage, leading})
    if (!schedule.of(each.getSymName()).root || each.getOutput() || each.getInsteadOf())
      return op.emitOpError("takes stages inside the pipeline that are computed at the root; @")
             << each.getSymName() << " is "
             << (schedule.of(each.getSymName()).root ? "an end of it" : "not");
  if (name == other)
    return op.emitOpError("computes @") << name << " with itself";
  if (own.with || leader.with)
    return op.emitOpError("takes a stage with loops of its own; @")
           << (own.with ? name : other) << " is computed with another already";
  for (auto &entry : schedule.stages)
    if (entry.second.with && entry.second.with->other == name)
      return op.emitOpError("@") << entry.first() << " is computed with @" << name
                                 << " already; legal: both with @" << other;
  if (!stage->isBeforeInBlock(leading))
    return op.emitOpError("computes @")
           << name << " where @" << other << " is; legal: a stage after @" << name;
  ComputeWith with{other.str(), {}, {}};
  const Definition &theirs = leader.definitions.back();
  for (const Loop &loop : llvm::reverse(theirs.loops)) {
    unsigned depth = with.loops.size();
    for (const Definition &definition : own.definitions) {
      unsigned count = definition.loops.size();
      if (depth >= count ||
          !isSameLoop(definition, definition.loops[count - 1 - depth], theirs, loop))
        return op.emitOpError("loop \"")
               << loop.name << "\" of @" << other << " is no loop of @" << name
               << " at the same place; legal: the same names, splits and kinds from the outermost "
               << "to \"" << op.getLoop() << "\"";
    }
    with.loops.push_back(loop.name);
    collectDims(theirs, loop.name, with.dims);
    if (loop.name == op.getLoop())
      break;
  }
  if (with.loops.back() != op.getLoop())
    return op.emitOpError("stage @") << other << " has no loop \"" << op.getLoop() << "\"; it has "
                                     << listed(theirs) << ", innermost first";
  auto extentOf = [&](StageOp of, StringRef dim) {
    auto names = dimNames(of);
    auto place = llvm::find(names, dim.str());
    return place == names.end() ? AffineExpr() : of.getExtents().getResult(place - names.begin());
  };
  for (const std::string &dim : with.dims)
    if (!extentOf(stage, dim) || extentOf(stage, dim) != extentOf(leading, dim))
      return op.emitOpError("@") << name << " and @" << other << " differ in the extent of \""
                                 << dim << "\"";
  for (StageOp each : {stage, leading}) {
    const StageSchedule &s = schedule.of(each.getSymName());
    for (const std::string &dim : with.dims)
      if (s.bounds.count(dim) || s.alignBounds.count(dim))
        return op.emitOpError("@")
               << each.getSymName() << " has a bound of \"" << dim << "\", over which @" << name
               << " and @" << other << " are computed together; legal: none";
  }
  for (const Prefetch &prefetch : own.prefetches)
    if (llvm::is_contained(with.loops, prefetch.loop))
      return PrefetchOp(prefetch.directive).emitOpError("loop \"")
             << prefetch.loop << "\" of @" << name << " is @" << other << "'s; legal: at @" << other
             << ", or a loop inside";
  // What is computed inside the loops that both have is computed for both.
  for (auto &entry : schedule.stages) {
    StringRef child = entry.first();
    const StageSchedule &s = entry.second;
    for (auto &[consumer, loop] : s.at)
      if (consumer == name && llvm::is_contained(ArrayRef(with.loops).drop_back(), loop))
        return op.emitOpError("@")
               << child << " is computed at @" << name << " \"" << loop << "\", a loop that is @"
               << other << "'s; legal: at @" << other << ", or inside";
    if (s.storeAt && (s.storeAt->first == name || s.storeAt->first == other) &&
        llvm::is_contained(with.loops, s.storeAt->second))
      return op.emitOpError("@") << child << " is stored at @" << s.storeAt->first << " \""
                                 << s.storeAt->second
                                 << "\", which both share; legal: a loop inside";
  }
  return with;
}
