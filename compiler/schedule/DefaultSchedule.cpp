//===- DefaultSchedule.cpp - What the rules for all devices have in common ===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/schedule/DefaultSchedule.h"
#include "compiler/schedule/Passes.h"
#include "compiler/schedule/Schedule.h"
#include "compiler/schedule/TapLists.h"

#include "mlir/IR/Remarks.h"
#define DEBUG_TYPE "sched-default"

namespace srcc::sched {
#define GEN_PASS_DEF_SCHEDDEFAULT
#include "compiler/schedule/Passes.h.inc"
} // namespace srcc::sched

using namespace mlir;
using namespace srcc::sched;

int64_t srcc::sched::divisorOf(const IndexExpr &e, Value coordinate) {
  if (e == IndexExpr::get(coordinate))
    return 1;
  if (e.terms.size() == 1 && e.terms.begin()->second == 1 && e.terms.begin()->first.size() == 1) {
    const IndexAtom &a = *e.terms.begin()->first[0];
    if (a.kind == IndexAtom::FloorDiv && a.a == IndexExpr::get(coordinate))
      return a.number;
  }
  return 0;
}

std::optional<BlockRows> srcc::sched::blockRowsOf(const IndexExpr &e, Value y) {
  for (const auto &[product, inner] : e.terms) {
    if (inner < 2 || product.size() != 1 || product[0]->kind != IndexAtom::FloorDiv ||
        !(product[0]->a == IndexExpr::get(y)))
      continue;
    auto p = (e - IndexExpr::get(y).floorDiv(product[0]->number) * inner).constant();
    if (p && *p >= 0 && *p < inner)
      return BlockRows{inner, product[0]->number};
  }
  return std::nullopt;
}

llvm::StringRef srcc::sched::knobName(Knob knob) {
  switch (knob) {
  case Knob::Place:
    return "place";
  case Knob::Layout:
    return "layout";
  case Knob::Bands:
    return "bands";
  case Knob::Order:
    return "order";
  case Knob::Filters:
    return "filters";
  case Knob::Vectors:
    return "vectors";
  case Knob::Lists:
    return "lists";
  case Knob::Step:
    return "step";
  case Knob::Straight:
    return "straight";
  case Knob::Prefetch:
    return "prefetch";
  case Knob::PrefetchWrites:
    return "prefetch_writes";
  case Knob::Threads:
    return "threads";
  }
  return "";
}

int64_t DefaultSchedule::choose(Knob knob, StringRef of, int64_t rule, ArrayRef<int64_t> options) {
  for (const Decision &known : decisions)
    if (known.knob == knob && known.of == of)
      return known.value;
  int64_t value = preview(knob, of, rule);
  if (!llvm::is_contained(options, value))
    value = rule;
  decisions.push_back({of.str(), knob, value, rule, options.vec(), {}});
  return value;
}

StageOp DefaultSchedule::kernelOf(StageOp stage) {
  while (StageOp at = facts[stage.getSymName()].tileOf)
    stage = at;
  StageOp row = facts[stage.getSymName()].rowOf;
  return row ? row : stage;
}

/// Readers of each stage, and which must have storage.
void DefaultSchedule::analyse() {
  for (auto op : pipeline.getOps<StageOp>()) {
    Facts &f = facts[op.getSymName()];
    f.op = op;
    f.reduction = !op.getUpdateOps().empty();
  }
  for (auto op : pipeline.getOps<StageOp>()) {
    llvm::StringMap<int> counts;
    op.walk([&](ReadOp read) {
      auto source = facts.find(read.getSource());
      if (source == facts.end())
        return;
      Facts &f = source->second;
      bool inUpdate = bool(read->getParentOfType<UpdateOp>());
      bool around = read.getExterior() != Exterior::None;
      f.pointwise &= !inUpdate && !around && ++counts[read.getSource()] == 1;
      if (!llvm::is_contained(f.readers, op))
        f.readers.push_back(op);
    });
  }
  // What is made of another stage's blocks of rows is stored unless its reader is made of the same
  // ones: its loops then are those over blocks.
  llvm::DenseMap<Operation *, Operation *> blocks; // stage -> whose blocks
  llvm::DenseSet<Operation *> stored;
  bool byBlocks = fusion && device.kind == srcc::DeviceKind::CPU; // the loops of blocksCPU
  for (auto op : pipeline.getOps<StageOp>()) {
    auto at = op.getPure().getArguments();
    op.getPure().walk([&](ReadOp read) {
      StageOp source = lookup(read.getSource());
      if (!source || read.getIndices().size() != 3)
        return;
      if (auto rows = blockRowsOf(IndexExpr::get(read.getIndices()[1]), at[1])) {
        blocks.try_emplace(op, source);
        facts[(rows->inner > rows->rows ? source : op).getSymName()].exact = true;
      }
      auto made = blocks.find(source);
      if (made == blocks.end())
        return;
      Operation *of = made->second;
      bool own = llvm::equal(read.getIndices(), at) &&
                 (!isExternal(op) || (byBlocks && facts[source.getSymName()].readers.size() == 1));
      if (!own || blocks.try_emplace(op, of).first->second != of)
        stored.insert(source);
    });
  }
  // The outputs are the same values in two formats: a chain both read counts once.
  auto oneReader = [](const Facts &f) {
    if (f.readers.size() <= 1)
      return true;
    return llvm::all_of(f.readers, [](StageOp reader) { return bool(reader.getOutput()); });
  };
  for (auto &entry : facts) {
    Facts &f = entry.second;
    // Constants cost nothing to define again.
    bool constant = !f.reduction;
    f.op.walk([&](ReadOp read) {
      constant &= isa_and_nonnull<TableOp>(SymbolTable::lookupSymbolIn(pipeline, read.getSource()));
    });
    f.root =
        isKept(f.op) || stored.contains(f.op) || (!constant && (!f.pointwise || !oneReader(f)));
  }
}

/// Whether other stages are computed at the tiles of `root`, or within its sums.
bool DefaultSchedule::holds(StageOp root) {
  return llvm::any_of(facts, [&](auto &other) { return other.second.tileOf == root; });
}

/// Whether a stage has a place of its own in memory for others than its readers: an output, the
/// second form of another stage, or what has one.
bool DefaultSchedule::isKept(StageOp stage) {
  return stage.getOutput() || stage.getInsteadOf() ||
         llvm::any_of(pipeline.getOps<StageOp>(),
                      [&](StageOp other) { return other.getInsteadOf() == stage.getSymName(); });
}

/// The reduction that `root` reads through inlined stages, and at which coordinates; where there
/// are several, the first: the stages that finish the others get storage.
StageOp DefaultSchedule::findSum(StageOp root, SmallVectorImpl<IndexExpr> &reads) {
  StageOp found;
  std::function<void(StageOp, ArrayRef<IndexExpr>)> visit = [&](StageOp stage,
                                                                ArrayRef<IndexExpr> at) {
    stage.getPure().walk([&](ReadOp read) {
      StageOp source = lookup(read.getSource());
      if (!source || facts[source.getSymName()].root)
        return;
      SmallVector<IndexExpr> indices;
      for (Value index : read.getIndices()) {
        IndexExpr e = IndexExpr::get(index);
        for (auto [i, arg] : llvm::enumerate(stage.getPure().getArguments()))
          e = e.substitute(arg, at[i]);
        indices.push_back(e);
      }
      if (!facts[source.getSymName()].reduction) {
        visit(source, indices);
        return;
      }
      if (found && found != source) {
        facts[(stage == root ? source : stage).getSymName()].root = true;
        return;
      }
      found = source;
      reads.assign(indices.begin(), indices.end());
    });
  };
  SmallVector<IndexExpr> identity;
  for (Value arg : root.getPure().getArguments())
    identity.push_back(IndexExpr::get(arg));
  visit(root, identity);
  return found;
}

/// Whether a stage reads the pipeline's input, in any format or in the given one.
bool DefaultSchedule::readsInput(StageOp stage, std::optional<Format> format) {
  bool found = false;
  stage.walk([&](ReadOp read) {
    auto input = dyn_cast_or_null<InputOp>(SymbolTable::lookupSymbolIn(pipeline, read.getSource()));
    found |= input && (!format || input.getFormat() == *format);
  });
  return found;
}

/// What `reader` reads of stored stages, through inlined ones and sums, in its own coordinates.
void DefaultSchedule::collectReaches(StageOp reader) {
  auto any = [](Value) { return true; };
  std::function<void(StageOp, ArrayRef<IndexExpr>)> visit = [&](StageOp stage,
                                                                ArrayRef<IndexExpr> at) {
    stage.walk([&](ReadOp read) {
      StageOp source = lookup(read.getSource());
      if (!source)
        return;
      Block &block = *read->getBlock();
      SmallVector<IndexExpr> indices;
      for (Value index : read.getIndices()) {
        IndexExpr e = IndexExpr::get(index);
        for (auto [i, mine] : llvm::enumerate(at))
          e = e.substitute(block.getArgument(i), mine);
        indices.push_back(e);
      }
      Facts &f = facts[source.getSymName()];
      if (!f.root) {
        visit(source, indices);
        return;
      }
      Reach reach;
      reach.reader = reader;
      bool checked = indices.size() == 3 && read.getExterior() != Exterior::RepeatEdge &&
                     read.getExterior() != Exterior::MirrorInterior;
      auto isAround = [&](unsigned dim, int64_t &first, int64_t &last) {
        if (!checked)
          return false;
        Value own = reader.getPure().getArgument(dim);
        IndexExpr offset = indices[dim] - IndexExpr::get(own);
        auto low = offset.lower(any).constant(), high = offset.upper(any).constant();
        if (!low || !high || offset.dependsOn(own))
          return false;
        first = *low;
        last = *high;
        return true;
      };
      bool rows = isAround(1, reach.top, reach.bottom),
           columns = isAround(2, reach.left, reach.right);
      f.blocked |= !rows || !columns;
      int64_t own = columns && !reach.left && !reach.right ? 1 : 0;
      if (Value column = reader.getPure().getArgument(2); !columns && checked) {
        int64_t block = indices[2].coefficientOf(column).value_or(0);
        IndexExpr around = indices[2] - IndexExpr::get(column) * block;
        auto low = around.lower(any).constant(), high = around.upper(any).constant();
        if (block > 1 && low && high && *low >= -1 && *high <= block)
          own = block;
      }
      f.columns = f.columns < 0 || f.columns == own ? own : 0;
      f.reaches.push_back(reach);
    });
  };
  SmallVector<IndexExpr> identity;
  for (Value arg : reader.getPure().getArguments())
    identity.push_back(IndexExpr::get(arg));
  visit(reader, identity);
}

/// Whether enough of the weights of an update that lists can hold are zero for them to be worth a
/// look.
bool DefaultSchedule::isSparse(StageOp sum, unsigned update) {
  auto [known, isNew] = sparse.try_emplace({sum, update}, false);
  if (!isNew)
    return known->second;
  int64_t zeros = 0, all = 0;
  sum.getUpdateOps()[update].walk([&](ReadOp read) {
    auto table = dyn_cast_or_null<TableOp>(SymbolTable::lookupSymbolIn(pipeline, read.getSource()));
    bool listed = llvm::all_of(read.getIndices(), [&](Value index) {
      return TableIndex::get(index, sum.getUpdateOps()[update].getBody().front());
    });
    if (!table || !listed)
      return;
    auto values = tableValues(table);
    if (failed(values))
      return;
    all += values->size();
    zeros += llvm::count_if(*values, [](const APFloat &v) { return v.isZero(); });
  });
  return known->second = zeros * 8 > all;
}

/// Taps that a tile of `filters` visits for all of the stage's channels in the whole domain.
int64_t DefaultSchedule::tapsOf(StageOp sum, unsigned update, int64_t filters) {
  int64_t points = llvm::divideCeil(channelsOf(sum), filters);
  for (AffineExpr extent : sum.getUpdateOps()[update].getExtents().getResults())
    if (auto constant = dyn_cast<AffineConstantExpr>(extent))
      points *= constant.getValue();
  return points;
}

/// The same in lists of whole steps. Very many if there can be no lists.
int64_t DefaultSchedule::tapsInLists(StageOp sum, unsigned update, int64_t filters, int64_t step) {
  auto [known, isNew] = listLengths.try_emplace({sum, update, filters});
  std::vector<int64_t> &lengths = known->second;
  if (isNew) {
    UpdateOp op = sum.getUpdateOps()[update];
    Definition definition;
    TapGroup &group = definition.group.emplace();
    group.tap = group.outer = "tap";
    group.factor = filters;
    definition.loops.push_back({"tap"});
    for (auto name : op.getRdims().getAsRange<StringAttr>())
      group.loops.push_back(name.str());
    GroupedTaps taps(pipeline, sum, op, definition);
    if (succeeded(taps.find()))
      for (auto [start, end] : llvm::zip(taps.listStarts(), taps.listStarts().drop_front()))
        lengths.push_back(end - start);
    else
      lengths.push_back(INT64_MAX / 1024);
  }
  int64_t all = 0;
  for (int64_t length : lengths)
    all += llvm::divideCeil(length, step) * step;
  return all;
}

/// Whether the tiling rules serve `root`, which reads a sum at `reads`: at its own pixel or at that
/// of a pixel shuffle, in a picture (not one pixel or row).
bool DefaultSchedule::tiles(StageOp root, ArrayRef<IndexExpr> reads) {
  auto args = root.getPure().getArguments();
  int64_t ry = divisorOf(reads[1], args[1]), rx = divisorOf(reads[2], args[2]);
  bool same = reads[0] == IndexExpr::get(args[0]);
  bool picture = !isa<AffineConstantExpr>(root.getExtents().getResult(2));
  return picture && ry && rx && (ry * rx > 1 || same) && ry * rx <= 16;
}

/// Weights in the order a tile takes them: all taps of a group of `filters`, filters innermost.
/// Those of updates over lists are packed with the lists.
void DefaultSchedule::packTables(StageOp sum, int64_t filters, ArrayRef<bool> lists) {
  if (filters < 2)
    return;
  auto pack = [&](ReadOp read) {
    auto table = dyn_cast_or_null<TableOp>(SymbolTable::lookupSymbolIn(pipeline, read.getSource()));
    if (!table)
      return;
    // The dimension that follows the stage's channels is the packed one.
    Value channel = read->getParentOfType<UpdateOp>().getBody().getArgument(0);
    auto place = llvm::find(read.getIndices(), channel);
    if (place == read.getIndices().end())
      return;
    int64_t packed = place - read.getIndices().begin();
    std::string name = "d" + std::to_string(packed), by = std::to_string(filters);
    std::vector<std::string> layout{name + "/" + by};
    for (unsigned dim = 0; dim < read.getIndices().size(); ++dim)
      if (dim != packed)
        layout.push_back("d" + std::to_string(dim));
    layout.push_back(name + "%" + by);
    SmallVector<StringRef> refs(layout.begin(), layout.end());
    for (auto op : builder.getInsertionBlock()->getOps<StoreInOp>())
      if (op.getStage() == table.getSymName())
        return;
    store(table.getSymName(), refs, 1, false, false);
  };
  for (auto [update, list] : llvm::zip(sum.getUpdateOps(), lists))
    if (!list)
      update.walk(pack);
}

/// One loop over the taps of a group of filters, `step` of them in straight-line code. Taps that
/// read the same row of the same channel are neighbours.
void DefaultSchedule::group(StageOp sum, int64_t update, int64_t filters, int64_t step,
                            SmallVectorImpl<StringRef> &order) {
  SmallVector<StringRef> names;
  for (auto name : sum.getUpdateOps()[update].getRdims().getAsRange<StringAttr>())
    names.push_back(name.getValue());
  GroupOp::create(builder, sum.getLoc(), sum.getSymName(), update, builder.getStrArrayAttr(names),
                  "tap", filters, "c", /*tabulate=*/device.kind == srcc::DeviceKind::CPU);
  if (step == 1) {
    order.push_back("tap");
    return;
  }
  split(sum, "tap", "taps", "ti", step, Tail::RoundUp, update);
  loops<UnrollOp>(sum, {"ti"}, update);
  llvm::append_range(order, ArrayRef<StringRef>{"ti", "taps"});
}

/// How the loops of a reduction domain become straight-line code, as long as that stays short:
/// `perTap` operations for each point. Those over a window do, from the innermost on; if all do, so
/// do steps of the loop over channels on a CPU, which GPUs' many threads hide.
DefaultSchedule::StraightLine DefaultSchedule::straightLine(StageOp sum, int64_t update,
                                                            int64_t perTap, int64_t most) {
  auto extents = sum.getUpdateOps()[update].getExtents().getResults();
  StraightLine result;
  bool texels = readsImage(sum.getUpdateOps()[update]);
  if (texels) // their channels before all else
    result = {1, 4, 4};
  for (AffineExpr expr : llvm::reverse(extents.drop_front())) {
    auto extent = dyn_cast<AffineConstantExpr>(expr);
    if (!extent || perTap * result.taps * extent.getValue() > most)
      return result;
    result.taps *= extent.getValue();
    ++result.loops;
  }
  auto extent = dyn_cast<AffineConstantExpr>(extents.front());
  if (extent && device.kind == srcc::DeviceKind::CPU)
    for (int64_t step = most / (perTap * result.taps); step > 1; --step)
      if (extent.getValue() % step == 0) {
        result.taps *= step;
        result.step = step;
        ++result.loops;
        break;
      }
  return result;
}

/// The loops of a reduction domain, innermost first.
void DefaultSchedule::reductionLoops(StageOp sum, int64_t update, int64_t perTap,
                                     SmallVectorImpl<StringRef> &order) {
  int64_t most =
      choose(Knob::Straight, updateName(sum, update), mostStraight(), {32, 64, 128, 256});
  StraightLine straight = straightLine(sum, update, perTap, most);
  SmallVector<StringRef> rdims;
  auto updates = sum.getUpdateOps();
  for (auto name : updates[update].getRdims().getAsRange<StringAttr>())
    rdims.push_back(name.getValue());
  if (straight.step > 1) {
    split(sum, rdims[0], "ro", "ri", straight.step, Tail::Guard, update);
    rdims[0] = "ro";
    rdims.insert(readsImage(updates[update]) ? rdims.end() : rdims.begin() + 1, "ri");
  }
  for (StringRef rdim : llvm::reverse(rdims)) {
    if (straight.loops-- > 0)
      loops<UnrollOp>(sum, {rdim}, update);
    order.push_back(rdim);
  }
}

/// A root stage without a reduction to tile for.
void DefaultSchedule::plainRoot(StageOp root, bool vectorize) {
  if (!root.getUpdateOps().empty())
    return;
  bool cpu = device.kind == srcc::DeviceKind::CPU;
  AffineMap extents = root.getExtents();
  if (isa<AffineConstantExpr>(extents.getResult(2))) { // rows or pixels
    loops<GpuBlocksOp>(
        root, {isa<AffineConstantExpr>(extents.getResult(1)) ? StringRef("c") : StringRef("y")});
    return;
  }
  Tail tail = isExternal(root) ? Tail::Guard : Tail::RoundUp;
  if (!cpu) {
    int64_t threads = chooseThreads(root);
    int64_t tx = std::min<int64_t>(threads, 16), ty = std::max<int64_t>(1, threads / tx);
    split(root, "x", "xb", "tx", tx, tail);
    split(root, "y", "yb", "ty", ty, tail);
    loops<ReorderOp>(root, {"tx", "ty", "xb", "yb", "c"});
    loops<GpuThreadsOp>(root, {"tx", "ty"});
    loops<GpuBlocksOp>(root, {"xb", "yb", "c"});
    return;
  }
  // Neighbours in x are neighbours in all that is read: whole vectors. Bytes are interleaved, and
  // an output that reads an input would keep every index in bounds.
  Value x = root.getPure().getArgument(2);
  bool contiguous = vectorize && root.getOutput() != Format::U8Interleaved &&
                    !readsInput(root, Format::U8Interleaved) &&
                    !(isExternal(root) && readsInput(root));
  root.walk([&](ReadOp read) {
    auto step = read.getIndices().empty()
                    ? std::optional<int64_t>(0)
                    : IndexExpr::get(read.getIndices().back()).coefficientOf(x);
    contiguous &= step && (*step == 1 || *step == 0) &&
                  read.getExterior() != Exterior::RepeatEdge &&
                  read.getExterior() != Exterior::MirrorInterior;
  });
  StringRef name = root.getSymName();
  if (contiguous && device.vectorWidth > 1) {
    split(root, "x", "xv", "xl", device.vectorWidth, tail);
    loops<VectorizeOp>(root, {"xl"});
    if (!isExternal(root))
      AlignBoundsOp::create(builder, root.getLoc(), name, "x", int64_t(device.vectorWidth));
    loops<ReorderOp>(root, {"xl", "xv", "c", "y"});
  } else {
    loops<ReorderOp>(root, {"x", "c", "y"});
  }
  rows(root);
}

/// What was decided for a stage, as a remark.
void DefaultSchedule::explain(Facts &f) {
  StringRef name = f.op.getSymName();
  auto options = remark::RemarkOpts::name("Schedule").category(DEBUG_TYPE);
  if (f.tileOf)
    remark::passed(f.op.getLoc(), options)
        << remark::add("@{0} is computed at the tiles of @{1}", name, f.tileOf.getSymName());
  else if (f.rowOf)
    remark::passed(f.op.getLoc(), options)
        << remark::add("@{0} is computed row by row in the kernel of @{1}", name,
                       f.rowOf.getSymName())
        << remark::metric("ahead", f.ahead) << remark::metric("rows", f.window);
  else if (f.root)
    remark::passed(f.op.getLoc(), options) << remark::add("@{0} has a kernel", name);
  if (!f.tile.lists.empty())
    remark::passed(f.op.getLoc(), remark::RemarkOpts::name("Tile").category(DEBUG_TYPE))
        << remark::add("@{0} sums over {1}", name,
                       llvm::is_contained(f.tile.lists, true) ? "lists of taps" : "all taps")
        << remark::metric("filters", f.tile.filters) << remark::metric("vectors", f.tile.vectors);
}

/// The columns of a layout, of a whole row or of as many vectors as are read together: all first
/// ones of them side by side, then all second ones, as far as vectors can be stored in parts.
SmallVector<std::string> DefaultSchedule::columnsOf(int64_t together,
                                                    std::optional<int64_t> lanes) {
  std::string n = std::to_string(together);
  if (!inParts(together))
    return {lanes ? "x%" + std::to_string(*lanes * together) : "x"};
  return {"x%" + n, "x/" + n + (lanes ? "%" + std::to_string(*lanes) : "")};
}

/// Where and in which order a stored stage lies in memory.
void DefaultSchedule::store(Facts &f) {
  StringRef name = f.op.getSymName();
  if (device.kind == srcc::DeviceKind::GPU) {
    bool groups = channelsOf(f.op) >= 4;
    if (groups && choose(Knob::Layout, name, 1, {0, 1}))
      store(name, {"c/4", "y", "x", "c%4"}, 1, false, !f.exact,
            isImage(f.op) ? Memory::Image2D : Memory::Global);
    else
      store(name, {"c", "y", "x"}, 1, false, !f.exact);
    return;
  }
  int64_t rule = passesByTile(f), layout = rule;
  if (device.vectorWidth > 1 && f.op.getRank() == 3 && channelsOf(f.op) > 1)
    layout = choose(Knob::Layout, name, rule, {0, 1, 2});
  int64_t lanes = device.vectorWidth, columns = std::max<int64_t>(1, f.columns);
  if (layout == 1) {
    SmallVector<std::string> order{"y", "x/" + std::to_string(lanes * columns), "c"};
    llvm::append_range(order, columnsOf(columns, lanes));
    store(name, SmallVector<StringRef>(order.begin(), order.end()), 1, false, !f.exact);
  } else if (layout == 2) {
    store(name, {"c", "y", "x"}, 16, true, !f.exact);
  } else {
    store(name, {"y", "c", "x"}, 16, true, !f.exact);
  }
}

/// Work-items of a group, on a GPU.
int64_t DefaultSchedule::chooseThreads(StageOp root) {
  SmallVector<int64_t> options;
  for (int64_t threads : {16, 32, 64, 128, 256})
    if (threads <= device.maxThreads)
      options.push_back(threads);
  return choose(Knob::Threads, root.getSymName(), device.preferredThreads, options);
}

/// Taps of a list in straight-line code.
int64_t DefaultSchedule::chooseStep(StageOp sum, int64_t update, int64_t rule) {
  return choose(Knob::Step, updateName(sum, update), rule, {1, 2, 4, 8});
}

/// Whether an update runs over lists.
bool DefaultSchedule::chooseLists(StageOp sum, int64_t update, bool rule) {
  return isSparse(sum, update) && choose(Knob::Lists, updateName(sum, update), rule, {0, 1});
}

std::vector<Decision> DefaultSchedule::run() {
  analyse();
  auto schedule = ScheduleOp::create(builder, pipeline.getLoc(), pipeline.getSymName());
  builder.createBlock(&schedule.getBody());
  // Which root computes which reduction; reductions without one get storage, which may make more
  // roots, so until nothing changes.
  auto roots = [&] { return llvm::count_if(facts, [](auto &entry) { return entry.second.root; }); };
  for (long before = -1; before != roots();) {
    before = roots();
    sums.clear();
    llvm::StringSet<> taken;
    for (auto op : pipeline.getOps<StageOp>()) {
      if (!facts[op.getSymName()].root || facts[op.getSymName()].reduction)
        continue;
      SmallVector<IndexExpr> reads;
      StageOp sum = findSum(op, reads);
      if (!sum)
        continue;
      sums[op.getSymName()] = {sum, reads};
      taken.insert(sum.getSymName());
    }
    for (auto &entry : facts)
      if (entry.second.reduction && !taken.count(entry.first()))
        entry.second.root = true;
  }
  bool cpu = device.kind == srcc::DeviceKind::CPU;
  for (auto op : pipeline.getOps<StageOp>())
    if (facts[op.getSymName()].root)
      collectReaches(op);
  if (fusion && cpu) {
    findBlocks();
    fuse();
  } else if (fusion) {
    fuseGPU();
  }
  if (cpu)
    chooseTiles();
  for (auto op : pipeline.getOps<StageOp>()) {
    StringRef name = op.getSymName();
    if (!facts[name].root)
      continue;
    if (!facts[name].tileOf && !facts[name].rowOf)
      ComputeRootOp::create(builder, op.getLoc(), name);
    auto sum = sums.find(name);
    StageOp at = facts[name].tileOf;
    if (at && facts[at.getSymName()].block.products)
      continue; // with the stage whose blocks it is computed at
    if (facts[name].block.products) {
      blocksCPU(op);
    } else if (sum == sums.end()) {
      plainRoot(op, true);
    } else if (!tiles(op, sum->second.second)) {
      plainRoot(op, false);
      // One sum at a time, at the innermost loop.
      bool rows = isa<AffineConstantExpr>(op.getExtents().getResult(2));
      ComputeAtOp::create(builder, op.getLoc(), sum->second.first.getSymName(), name,
                          rows || cpu ? "x" : "tx");
    } else if (cpu) {
      tileCPU(op, sum->second.first, sum->second.second);
    } else {
      tileGPU(op, sum->second.first, sum->second.second);
    }
    if (!isExternal(op) && !op.getInsteadOf() && !facts[name].tileOf)
      store(facts[name]);
  }
  // At loops that exist by now.
  for (auto op : pipeline.getOps<StageOp>()) {
    Facts &f = facts[op.getSymName()];
    StringRef name = op.getSymName();
    explain(f);
    if (f.root && cpu)
      prefetch(f);
    if (StageOp at = f.tileOf) {
      StageOp looped = f.inSum ? sums[at.getSymName()].first : at;
      ComputeAtOp::create(builder, op.getLoc(), name, looped.getSymName(), f.tileLoop);
    } else if (StageOp at = f.rowOf) {
      ComputeAtOp::create(builder, op.getLoc(), name, at.getSymName(), "row");
      StoreAtOp::create(builder, op.getLoc(), name, at.getSymName(), "band");
      FoldStorageOp::create(builder, op.getLoc(), name, "y", llvm::PowerOf2Ceil(f.window));
    }
  }
  repeat();
  for (Decision &decision : decisions) {
    StringRef of = StringRef(decision.of).split('[').first;
    StageOp stored = lookup(of);
    if (!facts[of].root)
      for (auto op : pipeline.getOps<StageOp>())
        if (auto sum = sums.find(op.getSymName());
            sum != sums.end() && sum->second.first == stored) {
          stored = op;
          break;
        }
    decision.kernel = kernelOf(stored).getSymName().str();
  }
  return std::move(decisions);
}

std::vector<Decision> srcc::sched::addDefaultSchedule(PipelineOp pipeline,
                                                      const srcc::Device &device,
                                                      StringRef precision, bool fusion,
                                                      const Choices &choices) {
  return DefaultSchedule(pipeline, device, precision, fusion, choices).run();
}

namespace {
struct SchedDefault : public srcc::sched::impl::SchedDefaultBase<SchedDefault> {
  using Base::Base;
  void runOnOperation() override {
    auto device = srcc::loadDevice(target);
    if (!device) {
      getOperation().emitError(llvm::toString(device.takeError()));
      return signalPassFailure();
    }
    for (auto pipeline : llvm::to_vector(getOperation().getOps<PipelineOp>())) {
      bool scheduled = llvm::any_of(getOperation().getOps<ScheduleOp>(), [&](ScheduleOp op) {
        return op.getPipeline() == pipeline.getSymName();
      });
      if (!scheduled)
        addDefaultSchedule(pipeline, *device, precision, fusion);
    }
  }
};
} // namespace
