//===- ReadSchedule.cpp - Directives, read and checked -------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/schedule/Schedule.h"

#include "mlir/IR/AffineExpr.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace srcc::sched;

namespace {
class Reader {
public:
  Reader(PipelineOp pipeline) : pipeline(pipeline) {}
  LogicalResult init();
  LogicalResult read(Operation *directive);
  LogicalResult finish();
  Schedule schedule;

private:
  Operation *lookup(Operation *directive, StringRef name, bool stageOnly);
  StageSchedule *stageOf(Operation *directive, StringRef name);
  Definition *definitionOf(Operation *directive, StringRef stage, std::optional<int64_t> update);
  Loop *findLoop(Operation *directive, Definition &definition, StringRef stage, StringRef name);
  LogicalResult split(Operation *directive, StringRef stage, std::optional<int64_t> update,
                      StringRef loop, StringRef outer, StringRef inner, AffineMap factor,
                      Tail tail);
  LogicalResult reorder(Operation *directive, StringRef stage, std::optional<int64_t> update,
                        ArrayRef<StringRef> names);
  LogicalResult setKind(Operation *directive, StringRef stage, std::optional<int64_t> update,
                        ArrayAttr loops, LoopKind kind, unsigned most);
  LogicalResult storeIn(StoreInOp op);
  LogicalResult group(GroupOp op);
  LogicalResult foldStorage(FoldStorageOp op);
  LogicalResult bound(BoundOp op);
  LogicalResult repeat(RepeatOp op);

  PipelineOp pipeline;
  SmallVector<ComputeWithOp> together; // checked at the end, when all loops are known
  SmallVector<RepeatOp> repeats;       // the same
};

/// Names stay taken after a split or fuse: coordinates are computed by them.
bool isTaken(const Definition &definition, StringRef name) {
  if (definition.group &&
      (definition.group->tap == name || llvm::is_contained(definition.group->loops, name.str())))
    return true;
  return llvm::any_of(definition.loops, [&](const Loop &l) { return l.name == name; }) ||
         llvm::any_of(definition.transforms, [&](const LoopTransform &t) {
           return t.old == name || t.outer == name || t.inner == name;
         });
}

/// Whether the loop counts the points of a piece of a dimension, of which `factor` is no part: more
/// of them would be those of the next piece.
bool isPiece(const Definition &definition, StringRef loop, AffineMap factor) {
  for (const LoopTransform &t : definition.transforms) {
    if (t.isFuse ? t.old == loop : t.outer == loop)
      return isPiece(definition, t.isFuse ? t.outer : t.old, {});
    if (t.isFuse || t.inner != loop)
      continue;
    auto whole = dyn_cast<AffineConstantExpr>(t.factor.getResult(0));
    auto part = factor ? dyn_cast<AffineConstantExpr>(factor.getResult(0)) : AffineConstantExpr();
    return !whole || !part || whole.getValue() % part.getValue();
  }
  return false;
}

SmallVector<StringRef> strings(ArrayAttr attr) {
  SmallVector<StringRef> names;
  for (auto name : attr.getAsRange<StringAttr>())
    names.push_back(name.getValue());
  return names;
}
} // namespace

/// Plain loops in storage order: the last dimension innermost.
LogicalResult Reader::init() {
  for (Operation &op : pipeline.getBody().front()) {
    StringRef name = SymbolTable::getSymbolName(&op).getValue();
    Storage storage;
    for (unsigned i = 0; i < dimNames(&op).size(); ++i)
      storage.layout.push_back({i, 1, 0});
    auto stage = dyn_cast<StageOp>(op);
    auto format = stage && stage.getOutput() ? *stage.getOutput() : Format::None;
    if (auto input = dyn_cast<InputOp>(op))
      format = input.getFormat();
    if (format == Format::U8Interleaved) // [y][x][c]
      storage.layout = {{1, 1, 0}, {2, 1, 0}, {0, 1, 0}};
    if (!stage) {
      schedule.others[name] = storage;
      continue;
    }
    StageSchedule &s = schedule.stages[name];
    s.storage = storage;
    Definition pure;
    auto dims = dimNames(&op);
    for (auto &dim : llvm::reverse(dims))
      pure.loops.push_back({dim});
    s.definitions.push_back(pure);
    for (UpdateOp update : stage.getUpdateOps()) {
      Definition definition;
      auto rdims = strings(update.getRdims());
      for (StringRef dim : llvm::reverse(rdims))
        definition.loops.push_back({dim.str()});
      llvm::append_range(definition.loops, pure.loops);
      s.definitions.push_back(definition);
    }
  }
  return success();
}

Operation *Reader::lookup(Operation *directive, StringRef name, bool stageOnly) {
  Operation *op = SymbolTable::lookupSymbolIn(pipeline, name);
  if (op && (!stageOnly || isa<StageOp>(op)))
    return op;
  SmallVector<std::string> names;
  for (Operation &other : pipeline.getBody().front())
    if (!stageOnly || isa<StageOp>(other))
      names.push_back("@" + SymbolTable::getSymbolName(&other).str());
  directive->emitOpError("pipeline @")
      << pipeline.getSymName() << " has no stage @" << name << "; it has " << listed(names);
  return nullptr;
}

StageSchedule *Reader::stageOf(Operation *directive, StringRef name) {
  return lookup(directive, name, true) ? &schedule.stages[name] : nullptr;
}

Definition *Reader::definitionOf(Operation *directive, StringRef stage,
                                 std::optional<int64_t> update) {
  StageSchedule *s = stageOf(directive, stage);
  if (!s)
    return nullptr;
  int64_t count = s->definitions.size() - 1;
  if (update && (*update < 0 || *update >= count)) {
    directive->emitOpError("stage @")
        << stage << " has " << count << " updates, not update " << *update;
    return nullptr;
  }
  return &s->definitions[update ? *update + 1 : 0];
}

Loop *Reader::findLoop(Operation *directive, Definition &definition, StringRef stage,
                       StringRef name) {
  for (Loop &loop : definition.loops)
    if (loop.name == name)
      return &loop;
  directive->emitOpError("stage @") << stage << " has no loop \"" << name << "\" here; it has "
                                    << listed(definition) << ", innermost first";
  return nullptr;
}

LogicalResult Reader::split(Operation *directive, StringRef stage, std::optional<int64_t> update,
                            StringRef loop, StringRef outer, StringRef inner, AffineMap factor,
                            Tail tail) {
  Definition *definition = definitionOf(directive, stage, update);
  Loop *old = definition ? findLoop(directive, *definition, stage, loop) : nullptr;
  if (!old)
    return failure();
  if (factor.getNumResults() != 1 || factor.getNumDims() != 0 || factor.getNumSymbols() > 2)
    return directive->emitOpError("factor is one expression of s0 = H and s1 = W");
  if (auto constant = dyn_cast<AffineConstantExpr>(factor.getResult(0)))
    if (constant.getValue() < 1 || constant.getValue() > int64_t(1) << 30)
      return directive->emitOpError("factor must be 1 to 2^30, but is ") << constant.getValue();
  if (old->kind != LoopKind::Serial)
    return directive->emitOpError("loop \"")
           << loop << "\" is already " << stringifyLoopKind(old->kind) << "; split it before";
  for (StringRef name : {outer, inner})
    if (isTaken(*definition, name) || outer == inner)
      return directive->emitOpError("loop name \"")
             << name << "\" is or was taken; the loops are " << listed(*definition);
  unsigned at = old - definition->loops.data();
  auto replaceLoop = [&] {
    definition->loops[at].name = inner.str();
    definition->loops.insert(definition->loops.begin() + at + 1, Loop{outer.str()});
  };
  if (auto &group = definition->group; group && group->runsOverTaps(loop)) {
    auto step = dyn_cast<AffineConstantExpr>(factor.getResult(0));
    if (group->step > 1 || !step || step.getValue() < 2 || step.getValue() > 16 ||
        tail != Tail::RoundUp)
      return directive->emitOpError("loop \"")
             << loop << "\" runs over lists of different lengths; legal: one split, by 2 to 16 "
             << "with the tail round_up, which pads the lists";
    group->step = step.getValue();
    group->outer = outer.str();
    group->inner = inner.str();
    replaceLoop();
    return success();
  }
  auto stageOp = cast<StageOp>(SymbolTable::lookupSymbolIn(pipeline, stage));
  if (update) {
    UpdateOp op = stageOp.getUpdateOps()[*update];
    for (StringRef rdim : strings(op.getRdims()))
      if (rdim == loop && tail != Tail::Guard)
        return directive->emitOpError("splits the reduction loop \"")
               << loop << "\", whose points count once each; legal tail: guard";
  }
  bool external = stageOp.getOutput() && *stageOp.getOutput() != Format::None;
  if (external && tail == Tail::RoundUp)
    return directive->emitOpError("stage @") << stage
                                             << " is an output, whose storage ends with the "
                                                "picture; legal tails: guard, shift_inwards";
  if (update && tail == Tail::ShiftInwards)
    return directive->emitOpError("an update must not visit a point twice; legal tails: guard, "
                                  "round_up");
  if (update && tail == Tail::RoundUp && isPiece(*definition, loop, factor))
    return directive->emitOpError("an update must not visit a point twice, and what is more than a "
                                  "piece is the next one's; legal tail: guard");
  definition->transforms.push_back({false, loop.str(), outer.str(), inner.str(), factor, tail});
  replaceLoop();
  return success();
}

LogicalResult Reader::reorder(Operation *directive, StringRef stage, std::optional<int64_t> update,
                              ArrayRef<StringRef> names) {
  Definition *definition = definitionOf(directive, stage, update);
  if (!definition)
    return failure();
  SmallVector<unsigned> places;
  SmallVector<Loop> named;
  llvm::StringSet<> seen;
  for (StringRef name : names) {
    Loop *loop = findLoop(directive, *definition, stage, name);
    if (!loop)
      return failure();
    if (!seen.insert(name).second)
      return directive->emitOpError("names loop \"") << name << "\" twice";
    places.push_back(loop - definition->loops.data());
    named.push_back(*loop);
  }
  llvm::sort(places);
  for (auto [place, loop] : llvm::zip(places, named))
    definition->loops[place] = loop;
  return success();
}

LogicalResult Reader::setKind(Operation *directive, StringRef stage, std::optional<int64_t> update,
                              ArrayAttr loops, LoopKind kind, unsigned most) {
  Definition *definition = definitionOf(directive, stage, update);
  if (!definition)
    return failure();
  if (loops.size() > most)
    return directive->emitOpError("takes at most ") << most << " loops, not " << loops.size();
  for (auto [axis, name] : llvm::enumerate(strings(loops))) {
    Loop *loop = findLoop(directive, *definition, stage, name);
    if (!loop)
      return failure();
    if (loop->kind != LoopKind::Serial)
      return directive->emitOpError("loop \"")
             << name << "\" is already " << stringifyLoopKind(loop->kind);
    if (auto &group = definition->group;
        group && group->runsOverTaps(name) && kind != LoopKind::Unrolled)
      return directive->emitOpError("loop \"")
             << name << "\" runs over lists of different lengths; legal: serial, unrolled";
    loop->kind = kind;
    loop->axis = axis;
  }
  return success();
}

LogicalResult Reader::storeIn(StoreInOp op) {
  Operation *source = lookup(op, op.getStage(), false);
  if (!source)
    return failure();
  auto stage = dyn_cast<StageOp>(source);
  bool external = isa<InputOp>(source) || (stage && stage.getOutput());
  Storage &storage =
      stage ? schedule.stages[op.getStage()].storage : schedule.others[op.getStage()];
  if (external && (op.getLayout() || op.getAlign() || op.getAs()))
    return op.emitOpError("stage @")
           << op.getStage() << " is an end of the pipeline: its format fixes the layout";
  if (external && op.getMemory() != Memory::Global)
    return op.emitOpError("stage @")
           << op.getStage() << " is an end of the pipeline; legal memory: global";
  if (op.getMemory() == Memory::Image2D && (op.getAlign() || op.getOdd()))
    return op.emitOpError("images have rows of their own; legal: no align, no odd");
  storage.memory = op.getMemory();
  storage.placed = true;
  if (op.getAlign())
    storage.align = *op.getAlign();
  if (storage.align < 1 || storage.align > 4096)
    return op.emitOpError("align must be 1 to 4096, but is ") << storage.align;
  storage.odd = op.getOdd();
  if (op.getAs()) {
    if (!op.getAs()->isF16() && !op.getAs()->isF32())
      return op.emitOpError("storage type must be f16 or f32, but is ") << *op.getAs();
    storage.type = *op.getAs();
  }
  if (!op.getLayout())
    return success();
  auto names = dimNames(source);
  storage.layout.clear();
  for (StringRef text : strings(*op.getLayout())) {
    StorageDim dim;
    size_t cut = text.find_first_of("/%");
    auto place = llvm::find(names, text.substr(0, cut).str());
    if (place == names.end())
      return op.emitOpError("has no dimension \"")
             << text.substr(0, cut) << "\"; it has " << listed(names);
    dim.dim = place - names.begin();
    StringRef rest = text.substr(std::min(cut, text.size()));
    for (char sign : {'/', '%'}) {
      int64_t &number = sign == '/' ? dim.div : dim.mod;
      if (rest.consume_front(StringRef(&sign, 1)) &&
          (rest.consumeInteger(10, number) || number < 2 || number > 4096))
        return op.emitOpError("layout \"")
               << text << "\" needs a number of 2 to 4096 after '" << sign << "'";
    }
    if (!rest.empty())
      return op.emitOpError("layout \"")
             << text << "\" ends with \"" << rest << "\"; legal: d, d/N, d%N, d/N%M";
    storage.layout.push_back(dim);
  }
  // Each part of a dimension goes on where the one before ends.
  for (unsigned i = 0; i < names.size(); ++i) {
    SmallVector<StorageDim> parts;
    llvm::copy_if(storage.layout, std::back_inserter(parts),
                  [&](const StorageDim &part) { return part.dim == i; });
    llvm::sort(parts, [](const StorageDim &a, const StorageDim &b) { return a.div < b.div; });
    int64_t next = 1; // 0: behind the last
    for (const StorageDim &part : parts)
      next = part.div == next ? next * part.mod : -1;
    if (next)
      return op.emitOpError("layout must hold dimension \"")
             << names[i] << "\" once, as \"" << names[i] << "\", as \"" << names[i] << "/N\" and \""
             << names[i] << "%N\", or in more parts, such as \"" << names[i] << "/8\", \""
             << names[i] << "/2%4\" and \"" << names[i] << "%2\"";
  }
  return success();
}

LogicalResult Reader::group(GroupOp op) {
  Definition *definition = definitionOf(op, op.getStage(), op.getUpdate());
  if (!definition)
    return failure();
  auto stage = cast<StageOp>(SymbolTable::lookupSymbolIn(pipeline, op.getStage()));
  auto rdims = strings(stage.getUpdateOps()[op.getUpdate()].getRdims());
  if (definition->group)
    return op.emitOpError("update ")
           << op.getUpdate() << " of @" << op.getStage() << " has a group already";
  if (op.getFactor() < 1 || op.getFactor() > 64)
    return op.emitOpError("factor must be 1 to 64, but is ") << op.getFactor();
  auto names = dimNames(stage);
  auto dim = llvm::find(names, op.getDim().str());
  if (dim == names.end())
    return op.emitOpError("stage @") << op.getStage() << " has no dimension \"" << op.getDim()
                                     << "\"; it has " << listed(names);
  TapGroup group;
  group.tap = group.outer = op.getTap().str();
  group.factor = op.getFactor();
  group.tabulate = op.getTabulate();
  group.dim = dim - names.begin();
  auto loops = strings(op.getLoops());
  if (loops.empty())
    return op.emitOpError("needs a reduction loop");
  for (StringRef name : loops) {
    Loop *loop = findLoop(op, *definition, op.getStage(), name);
    if (!loop)
      return failure();
    if (!isReduction(*definition, rdims, name) || loop->kind != LoopKind::Serial ||
        llvm::is_contained(group.loops, name.str())) {
      SmallVector<std::string> legal;
      for (const Loop &l : definition->loops)
        if (isReduction(*definition, rdims, l.name) && l.kind == LoopKind::Serial)
          legal.push_back(l.name);
      return op.emitOpError("loop \"")
             << name << "\" is no serial reduction loop; legal: " << listed(legal);
    }
    group.loops.push_back(name.str());
  }
  if (isTaken(*definition, op.getTap()))
    return op.emitOpError("loop name \"")
           << op.getTap() << "\" is or was taken; the loops are " << listed(*definition);
  // The tap loop stands where the innermost of its loops stood.
  bool placed = false;
  std::vector<Loop> kept;
  for (const Loop &loop : definition->loops) {
    if (!llvm::is_contained(group.loops, loop.name)) {
      kept.push_back(loop);
    } else if (!placed) {
      kept.push_back(Loop{group.tap});
      placed = true;
    }
  }
  definition->loops = kept;
  definition->group = group;
  return success();
}

LogicalResult Reader::foldStorage(FoldStorageOp op) {
  StageSchedule *stage = stageOf(op, op.getStage());
  if (!stage)
    return failure();
  auto names = dimNames(SymbolTable::lookupSymbolIn(pipeline, op.getStage()));
  if (!llvm::is_contained(names, op.getDim().str()))
    return op.emitOpError("stage @") << op.getStage() << " has no dimension \"" << op.getDim()
                                     << "\"; it has " << listed(names);
  if (op.getFactor() < 1 || op.getFactor() > 1024)
    return op.emitOpError("factor must be 1 to 1024, but is ") << op.getFactor();
  stage->fold[op.getDim()] = op.getFactor();
  return success();
}

LogicalResult Reader::bound(BoundOp op) {
  StageSchedule *stage = stageOf(op, op.getStage());
  if (!stage)
    return failure();
  auto stageOp = cast<StageOp>(SymbolTable::lookupSymbolIn(pipeline, op.getStage()));
  auto names = dimNames(stageOp);
  if (!llvm::is_contained(names, op.getDim().str()))
    return op.emitOpError("stage @") << op.getStage() << " has no dimension \"" << op.getDim()
                                     << "\"; it has " << listed(names);
  AffineMap range = op.getRange();
  if (range.getNumResults() != 2 || range.getNumDims() != 0 || range.getNumSymbols() > 2)
    return op.emitOpError("range is a minimum and an extent, expressions of s0 = H and s1 = W");
  if (auto extent = dyn_cast<AffineConstantExpr>(range.getResult(1));
      extent && extent.getValue() < 1)
    return op.emitOpError("extent must be at least 1, but is ") << extent.getValue();
  if (stageOp.getOutput())
    return op.emitOpError("stage @")
           << op.getStage() << " is an output: its bounds are the picture's";
  if (!stage->bounds.try_emplace(op.getDim(), op).second)
    return op.emitOpError("stage @")
           << op.getStage() << " already has a bound of \"" << op.getDim() << "\"";
  return success();
}

LogicalResult Reader::read(Operation *directive) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(directive)
      .Case<ComputeRootOp>([&](auto op) -> LogicalResult {
        StageSchedule *stage = stageOf(op, op.getStage());
        if (!stage)
          return failure();
        if (!stage->at.empty())
          return op.emitOpError("stage @") << op.getStage() << " already has a compute_at";
        stage->root = true;
        return success();
      })
      .Case<ComputeAtOp>([&](auto op) -> LogicalResult {
        StageSchedule *stage = stageOf(op, op.getStage());
        StageSchedule *consumer = stageOf(op, op.getConsumer());
        if (!stage || !consumer ||
            !findLoop(op, consumer->definitions.back(), op.getConsumer(), op.getLoop()))
          return failure();
        if (stage->root)
          return op.emitOpError("stage @") << op.getStage() << " already has a compute_root";
        for (auto &[other, loop] : stage->at)
          if (other == op.getConsumer())
            return op.emitOpError("stage @")
                   << op.getStage() << " is already computed at @" << other << " \"" << loop
                   << "\"; legal: one loop of each consumer";
        stage->at.push_back({op.getConsumer().str(), op.getLoop().str()});
        return success();
      })
      .Case<StoreAtOp>([&](auto op) -> LogicalResult {
        StageSchedule *stage = stageOf(op, op.getStage());
        StageSchedule *consumer = stageOf(op, op.getConsumer());
        if (!stage || !consumer ||
            !findLoop(op, consumer->definitions.back(), op.getConsumer(), op.getLoop()))
          return failure();
        if (stage->storeAt)
          return op.emitOpError("stage @") << op.getStage() << " already has a store_at";
        stage->storeAt = {op.getConsumer().str(), op.getLoop().str()};
        return success();
      })
      .Case<PrefetchOp>([&](auto op) -> LogicalResult {
        StageSchedule *consumer = stageOf(op, op.getConsumer());
        if (!consumer || !lookup(op, op.getStage(), false) ||
            !findLoop(op, consumer->definitions.front(), op.getConsumer(), op.getLoop()))
          return failure();
        if (op.getOffset() < 1 || op.getOffset() > 64)
          return op.emitOpError("must look 1 to 64 iterations ahead, not ")
                 << int64_t(op.getOffset());
        if (op.getOver().has_value() != op.getOverLoop().has_value())
          return op.emitOpError("names half of a loop to spread requests over; legal: over @stage "
                                "\"loop\", or neither");
        if (op.getOver() && !lookup(op, *op.getOver(), true))
          return failure();
        if (llvm::any_of(consumer->prefetches, [&](const Prefetch &other) {
              return other.source == op.getStage() && other.loop == op.getLoop();
            }))
          return op.emitOpError("@") << op.getStage() << " already has a prefetch at loop \""
                                     << op.getLoop() << "\" of @" << op.getConsumer();
        consumer->prefetches.push_back({op, op.getStage().str(), op.getLoop().str(),
                                        int64_t(op.getOffset()), op.getOver().value_or("").str(),
                                        op.getOverLoop().value_or("").str()});
        return success();
      })
      .Case<GroupOp>([&](auto op) { return group(op); })
      .Case<BoundOp>([&](auto op) { return bound(op); })
      .Case<ComputeWithOp>([&](auto op) -> LogicalResult {
        if (!stageOf(op, op.getStage()) || !stageOf(op, op.getOther()))
          return failure();
        together.push_back(op);
        return success();
      })
      .Case<RepeatOp>([&](auto op) -> LogicalResult {
        for (auto stage : op.getStages().template getAsRange<FlatSymbolRefAttr>())
          if (!stageOf(op, stage.getValue()))
            return failure();
        repeats.push_back(op);
        return success();
      })
      .Case<FoldStorageOp>([&](auto op) { return foldStorage(op); })
      .Case<SplitOp>([&](auto op) {
        return split(op, op.getStage(), op.getUpdate(), op.getLoop(), op.getOuter(), op.getInner(),
                     op.getFactor(), op.getTail());
      })
      .Case<TileOp>([&](auto op) -> LogicalResult {
        auto loops = strings(op.getLoops()), outer = strings(op.getOuter()),
             inner = strings(op.getInner());
        AffineMap factors = op.getFactors();
        if (loops.size() != outer.size() || loops.size() != inner.size() ||
            loops.size() != factors.getNumResults())
          return op.emitOpError("needs as many outer loops, inner loops and factors as loops");
        for (unsigned i = 0; i < loops.size(); ++i)
          if (failed(split(op, op.getStage(), op.getUpdate(), loops[i], outer[i], inner[i],
                           factors.getSubMap({i}), op.getTail())))
            return failure();
        SmallVector<StringRef> order(inner);
        llvm::append_range(order, outer);
        return reorder(op, op.getStage(), op.getUpdate(), order);
      })
      .Case<FuseOp>([&](auto op) -> LogicalResult {
        Definition *definition = definitionOf(op, op.getStage(), op.getUpdate());
        Loop *inner =
            definition ? findLoop(op, *definition, op.getStage(), op.getInner()) : nullptr;
        Loop *outer = inner ? findLoop(op, *definition, op.getStage(), op.getOuter()) : nullptr;
        if (!outer)
          return failure();
        for (Loop *loop : {inner, outer})
          if (definition->group && definition->group->runsOverTaps(loop->name))
            return op.emitOpError("loop \"")
                   << loop->name << "\" runs over lists of different lengths and cannot be fused";
        for (Loop *loop : {inner, outer})
          if (loop->kind != LoopKind::Serial)
            return op.emitOpError("loop \"") << loop->name << "\" is already "
                                             << stringifyLoopKind(loop->kind) << "; fuse it before";
        if (outer != inner + 1)
          return op.emitOpError("loop \"")
                 << op.getOuter() << "\" must be directly around \"" << op.getInner()
                 << "\"; the order is " << listed(*definition) << ", innermost first";
        if (isTaken(*definition, op.getFused()))
          return op.emitOpError("loop name \"")
                 << op.getFused() << "\" is or was taken; the loops are " << listed(*definition);
        definition->transforms.push_back(
            {true, op.getFused().str(), op.getOuter().str(), op.getInner().str(), {}, Tail::Guard});
        inner->name = op.getFused().str();
        definition->loops.erase(definition->loops.begin() + (outer - definition->loops.data()));
        return success();
      })
      .Case<ReorderOp>([&](auto op) {
        return reorder(op, op.getStage(), op.getUpdate(), strings(op.getLoops()));
      })
      .Case<VectorizeOp>([&](auto op) {
        return setKind(op, op.getStage(), op.getUpdate(), op.getLoops(), LoopKind::Vectorized, 1);
      })
      .Case<UnrollOp>([&](auto op) {
        return setKind(op, op.getStage(), op.getUpdate(), op.getLoops(), LoopKind::Unrolled, 99);
      })
      .Case<GpuBlocksOp>([&](auto op) {
        return setKind(op, op.getStage(), op.getUpdate(), op.getLoops(), LoopKind::GpuBlock, 3);
      })
      .Case<GpuThreadsOp>([&](auto op) {
        return setKind(op, op.getStage(), op.getUpdate(), op.getLoops(), LoopKind::GpuThread, 3);
      })
      .Case<StoreInOp>([&](auto op) { return storeIn(op); })
      .Case<AlignBoundsOp>([&](auto op) -> LogicalResult {
        StageSchedule *stage = stageOf(op, op.getStage());
        if (!stage)
          return failure();
        auto stageOp = SymbolTable::lookupSymbolIn(pipeline, op.getStage());
        auto names = dimNames(stageOp);
        if (!llvm::is_contained(names, op.getDim().str()))
          return op.emitOpError("stage @") << op.getStage() << " has no dimension \"" << op.getDim()
                                           << "\"; it has " << listed(names);
        if (op.getModulus() < 1)
          return op.emitOpError("modulus must be at least 1");
        if (cast<StageOp>(stageOp).getOutput())
          return op.emitOpError("stage @") << op.getStage()
                                           << " is an output: its bounds are the "
                                              "picture's";
        stage->alignBounds[op.getDim()] = op.getModulus();
        return success();
      })
      .Default([&](Operation *op) { return op->emitOpError("is no schedule directive"); });
}

/// Whether four neighbours in memory are those of a packed dimension: a texel.
static bool isOfTexels(const Storage &storage, Type type) {
  Type stored = storage.type ? storage.type : type;
  return (stored.isF32() || stored.isF16()) && !storage.layout.empty() &&
         storage.layout.back().mod == 4;
}

/// Rules that span directives.
LogicalResult Reader::finish() {
  auto reads = [&](StageOp stage, StringRef name) {
    bool found = false;
    stage.walk([&](ReadOp read) { found |= read.getSource() == name; });
    return found;
  };
  // Whether `consumer` reads `name` directly or through stages that are not stored at the root.
  llvm::DenseSet<Operation *> visited;
  std::function<bool(StageOp, StringRef)> uses = [&](StageOp consumer, StringRef name) {
    if (!visited.insert(consumer).second)
      return false;
    if (reads(consumer, name))
      return true;
    bool found = false;
    consumer.walk([&](ReadOp read) {
      auto stage =
          dyn_cast_or_null<StageOp>(SymbolTable::lookupSymbolIn(pipeline, read.getSource()));
      if (stage && stage != consumer && !schedule.stages[stage.getSymName()].root)
        found |= uses(stage, name);
    });
    return found;
  };
  for (auto stage : pipeline.getOps<StageOp>()) {
    StageSchedule &s = schedule.stages[stage.getSymName()];
    bool kept = stage.getOutput() || stage.getInsteadOf();
    for (StageOp other : pipeline.getOps<StageOp>())
      kept |= other.getInsteadOf() && *other.getInsteadOf() == stage.getSymName();
    if (kept && !s.at.empty())
      return stage.emitOpError("is an end of the pipeline; legal: compute_root");
    s.root |= kept;
  }
  for (auto table : pipeline.getOps<TableOp>()) {
    const Storage &storage = schedule.others[table.getSymName()];
    if (storage.memory != Memory::Global &&
        (storage.memory != Memory::Image2D || !isOfTexels(storage, elementTypeOf(table))))
      return table.emitOpError("is a table; legal memory: global, or image2d with a layout that "
                               "ends with a dimension packed by 4");
  }
  for (auto stage : pipeline.getOps<StageOp>()) {
    StageSchedule &s = schedule.stages[stage.getSymName()];
    StringRef name = stage.getSymName();
    if (s.isInline() && s.definitions.size() > 1)
      return stage.emitOpError("has updates and cannot be inlined; legal: compute_root, or "
                               "compute_at one of its consumers");
    bool image = s.storage.memory == Memory::Image2D;
    if (s.root && s.storage.memory != Memory::Global && !image)
      return stage.emitOpError("is computed at the root; legal memory: global, image2d");
    if (image && (!s.root || s.definitions.size() > 1 || !isOfTexels(s.storage, stage.getType())))
      return stage.emitOpError("is stored in an image2d; legal: a stage at the root, without "
                               "updates, of f32 or f16, whose layout ends with a dimension packed "
                               "by 4, as [..., \"c%4\"]");
    if (s.at.empty() && (s.storeAt || !s.fold.empty()))
      return stage.emitOpError("has a ")
             << (s.storeAt ? "store_at" : "fold_storage") << ", but no compute_at";
    if (!s.fold.empty() && !s.storeAt)
      return stage.emitOpError("has a fold_storage, but no store_at: every iteration has storage "
                               "of its own");
    if (s.storeAt && s.at.size() != 1)
      return stage.emitOpError("has a store_at and is computed at ")
             << s.at.size() << " loops; legal: one compute_at";
    if (!s.at.empty() && !s.storage.placed)
      s.storage.memory = Memory::Private;
    for (Prefetch &p : s.prefetches) {
      auto source = schedule.stages.find(p.source);
      if (source != schedule.stages.end() &&
          (source->second.isInline() || source->second.storage.memory != Memory::Global))
        return p.directive.emitOpError("@")
               << p.source << " has no storage in global memory; legal: "
               << "a stage at the root, or store_in global; not in an image2d";
      auto loop = llvm::find_if(s.definitions.front().loops,
                                [&](const Loop &l) { return l.name == p.loop; });
      if (loop == s.definitions.front().loops.end())
        return p.directive.emitOpError("stage @")
               << name << " has no loop \"" << p.loop << "\" after all its directives; it has "
               << listed(s.definitions.front());
      if (loop->kind != LoopKind::Serial)
        return p.directive.emitOpError("loop \"")
               << p.loop << "\" of @" << name << " is not serial; legal: a serial loop";
    }
    for (auto &[consumer, loop] : s.at) {
      auto op = cast<StageOp>(SymbolTable::lookupSymbolIn(pipeline, consumer));
      if (schedule.stages[consumer].isInline())
        return stage.emitOpError("is computed at @")
               << consumer << ", which is inlined and has no loops";
      visited.clear();
      if (!uses(op, name))
        return stage.emitOpError("is computed at @") << consumer << ", which does not read it";
    }
  }
  for (RepeatOp op : repeats)
    if (failed(repeat(op)))
      return failure();
  for (ComputeWithOp op : together) {
    auto with = sharedLoops(op, pipeline, schedule);
    if (failed(with))
      return failure();
    schedule.stages[op.getStage()].with = std::move(*with);
    // Nothing from here on may need what is now computed later.
    auto stage = cast<StageOp>(SymbolTable::lookupSymbolIn(pipeline, op.getStage())),
         leader = cast<StageOp>(SymbolTable::lookupSymbolIn(pipeline, op.getOther()));
    for (Operation *next = stage->getNextNode();; next = next->getNextNode()) {
      auto reader = dyn_cast<StageOp>(next);
      visited.clear();
      if (reader && (reader == leader || schedule.stages[reader.getSymName()].root) &&
          uses(reader, op.getStage()))
        return op.emitOpError("computes @")
               << op.getStage() << " with @" << op.getOther() << ", but @" << reader.getSymName()
               << " reads it before that is done";
      if (next == leader)
        break;
    }
  }
  return success();
}

/// The stages of a repeat are iterations, in their order.
LogicalResult Reader::repeat(RepeatOp op) {
  if (op.getStages().size() < 2 || int64_t(op.getStages().size()) > Repeat::most)
    return op.emitOpError("takes 2 to ")
           << Repeat::most << " stages, not " << op.getStages().size();
  int64_t number = llvm::find(repeats, op) - repeats.begin();
  StageSchedule *first = nullptr;
  StringRef firstName;
  for (auto [iteration, name] : llvm::enumerate(op.getStages().getAsRange<FlatSymbolRefAttr>())) {
    StageSchedule &stage = schedule.stages[name.getValue()];
    if (stage.repeat)
      return op.emitOpError("stage @") << name.getValue() << " is already an iteration";
    if (!first) {
      first = &stage;
      firstName = name.getValue();
    }
    if (stage.root || stage.at.size() != 1 || stage.at != first->at)
      return op.emitOpError("stage @")
             << name.getValue() << " is not computed at one loop, the same for all; legal: a "
             << "compute_at each";
    stage.repeat = Repeat{number, int64_t(iteration), int64_t(op.getStages().size()),
                          firstName.str(), op.getWhereAlike()};
  }
  return success();
}

FailureOr<Schedule> srcc::sched::readSchedule(PipelineOp pipeline, ScheduleOp schedule) {
  Reader reader(pipeline);
  if (failed(reader.init()))
    return failure();
  if (schedule) {
    for (Operation &directive : schedule.getBody().front())
      if (failed(reader.read(&directive)))
        return failure();
  } else {
    for (auto &entry : reader.schedule.stages)
      entry.second.root = true;
  }
  if (failed(reader.finish()))
    return failure();
  return std::move(reader.schedule);
}
