//===- DefaultScheduleGPU.cpp - Work-items of a GPU -----------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/schedule/DefaultSchedule.h"

using namespace mlir;
using namespace srcc::sched;

/// Whether an update goes through the channels of another stage, of whole texels if that is an
/// image (whether it is one depends on who reads it in texels, thus on this).
static bool goesThroughTexels(UpdateOp update) {
  auto extent = dyn_cast<AffineConstantExpr>(update.getExtents().getResult(0));
  Value channel = update.getBody().getArgument(update->getParentOfType<StageOp>().getRank());
  bool found = false;
  update.walk([&](ReadOp read) { found |= read.getIndices()[0] == channel; });
  return found && extent && extent.getValue() % 4 == 0;
}

/// Stages whose channels one sum at the same pixels goes through are computed there, four channels
/// at a time: what is wide between two thin stages passes through registers. The work-item has all
/// sums of its pixels then, which must fit. Where one pixel alone does, weights are loaded for it
/// alone, which pays if lists leave few of them.
void DefaultSchedule::fuseGPU() {
  for (auto op : pipeline.getOps<StageOp>()) {
    Facts &f = facts[op.getSymName()];
    if (!f.root || f.blocked || isKept(op) || !sumTiles(op) || f.reaches.size() != 1 ||
        !f.reaches[0].pixel() || channelsOf(op) % 4 || holds(op))
      continue;
    StageOp reader = f.reaches[0].reader;
    if (!sumTiles(reader) || facts[reader.getSymName()].tileOf || !fittingPixels(reader))
      continue;
    StageOp sum = sums[reader.getSymName()].first;
    auto updates = sum.getUpdateOps();
    if (updates.size() != 1 || updates[0].getRdims().size() != 1)
      continue;
    Value channel = updates[0].getBody().getArgument(sum.getRank());
    bool goesThrough = false;
    updates[0].walk([&](ReadOp read) {
      goesThrough |= read.getSource() == op.getSymName() && read.getIndices()[0] == channel;
    });
    StageOp wide = sums[op.getSymName()].first;
    bool pays = fittingPixels(reader) > 1;
    for (unsigned i = 0; i < wide.getUpdateOps().size(); ++i)
      pays |= listsPayGPU(wide, i, 4);
    if (!goesThrough || !choose(Knob::Place, op.getSymName(), pays, {0, 1}))
      continue;
    f.tileOf = reader;
    f.tileLoop = "ro";
    f.inSum = true;
  }
}

/// Pixels of a work-item whose sums of all channels of `root` fit the registers, beside four
/// channels of what is summed and of what that is made of; 0: none.
int64_t DefaultSchedule::fittingPixels(StageOp root) {
  for (int64_t pixels : {4, 2, 1})
    if ((int64_t(llvm::alignTo(channelsOf(root), 4)) + 8) * pixels <= device.registers)
      return pixels;
  return 0;
}

/// Channels of a tile of sums at `root`'s own pixels.
int64_t DefaultSchedule::chooseFilters(StageOp root, StageOp sum) {
  if (facts[root.getSymName()].tileOf || holds(root))
    return 4;
  int64_t channels = channelsOf(root);
  SmallVector<int64_t> options;
  for (int64_t filters : {1, 2, 4, 8, 16})
    if (filters <= channels)
      options.push_back(filters);
  return choose(Knob::Filters, sum.getSymName(), std::min<int64_t>(channels, 4), options);
}

/// Channels of a work-item's sums: a tile of `root`'s own, or what its pixels are shuffled from.
int64_t DefaultSchedule::filtersOf(StageOp root) {
  auto &[sum, reads] = sums[root.getSymName()];
  auto args = root.getPure().getArguments();
  int64_t pixels = divisorOf(reads[1], args[1]) * divisorOf(reads[2], args[2]);
  if (pixels == 1)
    return chooseFilters(root, sum);
  auto step = reads[0].coefficientOf(args[0]);
  return step && *step == pixels ? pixels : channelsOf(sum);
}

void DefaultSchedule::tileGPU(StageOp root, StageOp sum, ArrayRef<IndexExpr> reads) {
  Tail tail = isExternal(root) ? Tail::Guard : Tail::RoundUp;
  auto args = root.getPure().getArguments();
  int64_t ry = divisorOf(reads[1], args[1]), rx = divisorOf(reads[2], args[2]);
  int64_t threads = chooseThreads(root);
  int64_t tx = std::min<int64_t>(threads, 16), ty = std::max<int64_t>(1, threads / tx);
  StringRef name = root.getSymName();
  // Four channels and P pixels of a work-item: 4 P sums beside P inputs and 4 weights.
  auto choosePixels = [&](int64_t rule, int64_t most = 8) {
    SmallVector<int64_t> options;
    for (int64_t pixels = 1; pixels <= most; pixels *= 2)
      options.push_back(pixels);
    return choose(Knob::Vectors, sum.getSymName(), rule, options);
  };
  if (facts[name].tileOf) {
    loops<VectorizeOp>(root, {"c"});
    loops<UnrollOp>(root, {"x"});
    loops<ReorderOp>(root, {"c", "x", "y"});
    store(name, {"y", "x", "c"}, 1, false, false, Memory::Private);
    ComputeAtOp::create(builder, root.getLoc(), sum.getSymName(), name, "y");
    scheduleSumGPU(sum, 4, /*vector=*/true);
    return;
  }
  if (ry * rx == 1) {
    bool all = holds(root); // channels of a pixel are one work-item's
    int64_t channels = channelsOf(root), filters = chooseFilters(root, sum);
    int64_t most = all ? fittingPixels(root) : 8;
    int64_t pixels = choosePixels(std::min<int64_t>(most, 4), most);
    bool vector = filters > 1 && llvm::isPowerOf2_64(filters);
    split(root, "c", "co", "ci", filters, channels % filters ? tail : Tail::Guard);
    split(root, "x", "xb", "xt", tx * pixels, tail);
    split(root, "xt", "tx", "xp", pixels, Tail::Guard);
    split(root, "y", "yb", "ty", ty, tail);
    if (all)
      loops<ReorderOp>(root, {"ci", "xp", "co", "tx", "ty", "xb", "yb"});
    else
      loops<ReorderOp>(root, {"ci", "xp", "tx", "ty", "co", "xb", "yb"});
    if (vector)
      loops<VectorizeOp>(root, {"ci"});
    else
      loops<UnrollOp>(root, {"ci"});
    loops<UnrollOp>(root, {"xp"});
    loops<GpuThreadsOp>(root, {"tx", "ty"});
    if (all)
      loops<UnrollOp>(root, {"co"});
    loops<GpuBlocksOp>(root, all ? ArrayRef<StringRef>{"xb", "yb"}
                                 : ArrayRef<StringRef>{"co", "xb", "yb"});
    ComputeAtOp::create(builder, root.getLoc(), sum.getSymName(), name, "tx");
    if (!scheduled.insert(sum.getSymName()).second)
      return;
    if (all)
      scheduleWholeSum(sum);
    else
      scheduleSumGPU(sum, filters, vector);
    return;
  }
  int64_t filters = filtersOf(root);
  auto step = reads[0].coefficientOf(args[0]);
  bool byChannel = step && *step == ry * rx;
  int64_t pixels = choosePixels(filters > 8 ? 1 : filters > 4 ? 2 : 4);
  split(root, "y", "ys", "yi", ry, Tail::Guard);
  split(root, "x", "xs", "xi", rx, Tail::Guard);
  split(root, "xs", "xb", "xt", tx * pixels, tail);
  split(root, "xt", "tx", "xp", pixels, Tail::Guard);
  split(root, "ys", "yb", "ty", ty, tail);
  loops<ReorderOp>(root, {"xi", "yi", "xp", "tx", "ty", "xb", "yb"});
  if (byChannel) {
    loops<ReorderOp>(root, {"xi", "yi", "xp", "tx", "ty", "c", "xb", "yb"});
    loops<GpuBlocksOp>(root, {"c", "xb", "yb"});
  } else {
    loops<ReorderOp>(root, {"xi", "yi", "xp", "c", "tx", "ty", "xb", "yb"});
    loops<UnrollOp>(root, {"c"});
    loops<GpuBlocksOp>(root, {"xb", "yb"});
  }
  loops<UnrollOp>(root, {"xi", "yi", "xp"});
  loops<GpuThreadsOp>(root, {"tx", "ty"});
  ComputeAtOp::create(builder, root.getLoc(), sum.getSymName(), name, "tx");
  bool vector = filters == 2 || filters == 4 || filters == 8 || filters == 16;
  if (scheduled.insert(sum.getSymName()).second)
    scheduleSumGPU(sum, filters, vector);
}

/// Whether the tiles of a root are of whole texels.
bool DefaultSchedule::tilesTexels(StageOp root) {
  return sumTiles(root) && channelsOf(root) % 4 == 0 &&
         chooseFilters(root, sums.find(root.getSymName())->second.first) == 4;
}

/// Whether a definition of `reader`, which stands in `reader` or is inlined there, takes whole
/// texels of `stage`, or steps through the channels of texels in straight-line code.
bool DefaultSchedule::readsTexels(Operation *definition, StageOp reader, StageOp stage) {
  auto update = dyn_cast<UpdateOp>(definition);
  Block &block = definition->getRegion(0).front();
  Value channel = block.getArgument(update ? reader.getRank() : 0);
  bool texels = true;
  block.walk([&](ReadOp read) {
    if (read.getSource() == stage.getSymName())
      texels &= IndexExpr::get(read.getIndices()[0]) == IndexExpr::get(channel);
  });
  if (!texels)
    return false;
  if (update) {
    auto updates = reader.getUpdateOps();
    unsigned number = llvm::find(updates, update) - updates.begin();
    auto root = llvm::find_if(sums, [&](auto &entry) { return entry.second.first == reader; });
    if (root == sums.end() || !goesThroughTexels(update))
      return false;
    StageOp stored = lookup(root->first());
    return tiles(stored, root->second.second) &&
           !chooseLists(reader, number, listsPayGPU(reader, number, filtersOf(stored)));
  }
  if (facts[reader.getSymName()].reduction)
    return false;
  if (facts[reader.getSymName()].root)
    return tilesTexels(reader);
  return isReadInTexels(reader);
}

/// Whether all that read a stage take texels of it.
bool DefaultSchedule::isReadInTexels(StageOp stage) {
  bool texels = true;
  for (auto reader : pipeline.getOps<StageOp>())
    reader.walk([&](ReadOp read) {
      if (read.getSource() != stage.getSymName())
        return;
      Operation *definition = read->getParentOfType<UpdateOp>();
      texels &= readsTexels(definition ? definition : reader.getOperation(), reader, stage);
    });
  return texels;
}

/// Whether a root is stored in an image: where that pays on the device, and all kernels write and
/// read whole texels.
bool DefaultSchedule::isImage(StageOp stage) {
  if (!device.images)
    return false;
  auto [known, isNew] = images.try_emplace(stage, false);
  if (!isNew)
    return known->second;
  Facts &f = facts[stage.getSymName()];
  bool image = f.root && !f.tileOf && !isKept(stage) && tilesTexels(stage) && isReadInTexels(stage);
  return images[stage] = image;
}

/// Whether an update reads a stage that is an image, also through stages that are inlined.
bool DefaultSchedule::readsImage(UpdateOp update) {
  bool found = false;
  std::function<void(Operation *)> visit = [&](Operation *definition) {
    definition->walk([&](ReadOp read) {
      StageOp source = lookup(read.getSource());
      if (!source || source == definition->getParentOp())
        return;
      if (facts[read.getSource()].root)
        found |= isImage(source);
      else if (!facts[read.getSource()].reduction)
        visit(source);
    });
  };
  visit(update);
  return found;
}

/// A tap of a list costs its index and address beside the loads and multiply-adds of a dense one:
/// taken to be half as much again, by what the cost model makes of kernels (not measured on a
/// phone); twice that where dense code reads the four channels of a texel at once, of which a tap
/// takes one, and more if it goes through a window, whose taps share what they read.
bool DefaultSchedule::listsPayGPU(StageOp sum, unsigned update, int64_t filters) {
  if (!isSparse(sum, update))
    return false;
  UpdateOp op = sum.getUpdateOps()[update];
  double tap = 1.5;
  if (device.images && goesThroughTexels(op))
    tap *= 2;
  if (op.getRdims().size() > 1)
    tap *= 5.0 / 3;
  return double(tapsInLists(sum, update, filters)) * tap < double(tapsOf(sum, update, filters));
}

/// Which updates run over lists of taps.
SmallVector<bool> DefaultSchedule::listsGPU(StageOp sum, int64_t filters) {
  SmallVector<bool> lists;
  for (unsigned i = 0; i < sum.getUpdateOps().size(); ++i)
    lists.push_back(chooseLists(sum, i, listsPayGPU(sum, i, filters)));
  return lists;
}

/// A work-item's sums of all channels, in vectors of four; what is summed comes four channels at a
/// time, from stages that are computed at "ro".
void DefaultSchedule::scheduleWholeSum(StageOp sum) {
  store(sum.getSymName(), {"y", "x", "c"}, 1, false, false, Memory::Private);
  packTables(sum, int64_t(llvm::alignTo(channelsOf(sum), 4)), {false});
  for (std::optional<int64_t> update : {std::optional<int64_t>(), std::optional<int64_t>(0)}) {
    split(sum, "c", "co", "ci", 4, Tail::Guard, update);
    SmallVector<StringRef> order{"ci", "x", "co", "y"};
    if (update) {
      StringRef channel = cast<StringAttr>(sum.getUpdateOps()[0].getRdims()[0]).getValue();
      split(sum, channel, "ro", "ri", 4, Tail::Guard, update);
      loops<UnrollOp>(sum, {"ri"}, update);
      order = {"ci", "x", "ri", "co", "ro", "y"};
    }
    loops<VectorizeOp>(sum, {"ci"}, update);
    loops<UnrollOp>(sum, {"x", "co"}, update);
    loops<ReorderOp>(sum, order, update);
  }
}

/// A work-item's sums: channels in one vector, pixels and window in straight-line code, or lists of
/// taps that all work-items of a group run over together.
void DefaultSchedule::scheduleSumGPU(StageOp sum, int64_t filters, bool vector) {
  SmallVector<bool> lists = listsGPU(sum, filters);
  if (vector) {
    // The channels of a pixel are one variable.
    store(sum.getSymName(), {"y", "x", "c"}, 1, false, false, Memory::Private);
    packTables(sum, filters, lists);
  }
  for (unsigned i = 0; i <= sum.getUpdateOps().size(); ++i) {
    std::optional<int64_t> update;
    if (i)
      update = i - 1;
    if (vector)
      loops<VectorizeOp>(sum, {"c"}, update);
    else
      loops<UnrollOp>(sum, {"c"}, update);
    loops<UnrollOp>(sum, {"x"}, update);
    SmallVector<StringRef> order{"c", "x"};
    if (update && lists[*update])
      group(sum, *update, filters, chooseStep(sum, *update, 1), order);
    else if (update)
      reductionLoops(sum, *update, 4, order);
    order.push_back("y");
    loops<ReorderOp>(sum, order, update);
  }
}
