//===- DefaultScheduleGPU.cpp - Work-items of a GPU -----------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/schedule/DefaultSchedule.h"

using namespace mlir;
using namespace srcc::sched;

/// Channels of a tile of sums at `root`'s own pixels.
int64_t DefaultSchedule::chooseFilters(StageOp root, StageOp sum) {
  int64_t channels = channelsOf(root);
  SmallVector<int64_t> options;
  for (int64_t filters : {1, 2, 4, 8, 16})
    if (filters <= channels)
      options.push_back(filters);
  return choose(Knob::Filters, sum.getSymName(), std::min<int64_t>(channels, 4), options);
}

void DefaultSchedule::tileGPU(StageOp root, StageOp sum, ArrayRef<IndexExpr> reads) {
  Tail tail = isExternal(root) ? Tail::Guard : Tail::RoundUp;
  auto args = root.getPure().getArguments();
  int64_t ry = divisorOf(reads[1], args[1]), rx = divisorOf(reads[2], args[2]);
  int64_t threads = chooseThreads(root);
  int64_t tx = std::min<int64_t>(threads, 16), ty = std::max<int64_t>(1, threads / tx);
  StringRef name = root.getSymName();
  // Four channels and P pixels of a work-item: 4 P sums beside P inputs and 4 weights.
  auto choosePixels = [&](int64_t rule) {
    return choose(Knob::Vectors, sum.getSymName(), rule, {1, 2, 4, 8});
  };
  if (ry * rx == 1) {
    int64_t channels = channelsOf(root), filters = chooseFilters(root, sum);
    int64_t pixels = choosePixels(4);
    bool vector = filters > 1 && llvm::isPowerOf2_64(filters);
    split(root, "c", "co", "ci", filters, channels % filters ? tail : Tail::Guard);
    split(root, "x", "xb", "xt", tx * pixels, tail);
    split(root, "xt", "tx", "xp", pixels, Tail::Guard);
    split(root, "y", "yb", "ty", ty, tail);
    loops<ReorderOp>(root, {"ci", "xp", "tx", "ty", "co", "xb", "yb"});
    if (vector)
      loops<VectorizeOp>(root, {"ci"});
    else
      loops<UnrollOp>(root, {"ci"});
    loops<UnrollOp>(root, {"xp"});
    loops<GpuThreadsOp>(root, {"tx", "ty"});
    loops<GpuBlocksOp>(root, {"co", "xb", "yb"});
    ComputeAtOp::create(builder, root.getLoc(), sum.getSymName(), name, "tx");
    if (scheduled.insert(sum.getSymName()).second)
      scheduleSumGPU(sum, filters, vector);
    return;
  }
  auto step = reads[0].coefficientOf(args[0]);
  bool byChannel = step && *step == ry * rx;
  int64_t filters = byChannel ? ry * rx : channelsOf(sum);
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
    auto extent = dyn_cast<AffineConstantExpr>(update.getExtents().getResult(0));
    return extent && extent.getValue() % 4 == 0 && !isSparse(reader, number) &&
           llvm::any_of(sums, [&](auto &entry) { return entry.second.first == reader; });
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
  bool shared = bool(stage.getInsteadOf()) || isExternal(stage);
  for (auto other : pipeline.getOps<StageOp>())
    shared |= other.getInsteadOf() && *other.getInsteadOf() == stage.getSymName();
  bool image =
      !shared && facts[stage.getSymName()].root && tilesTexels(stage) && isReadInTexels(stage);
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

/// Which updates run over lists of taps. A tap of a list costs its index and address beside the
/// loads and multiply-adds of a dense one: taken to be half as much again (not measured on a
/// phone).
SmallVector<bool> DefaultSchedule::listsGPU(StageOp sum, int64_t filters) {
  SmallVector<bool> lists;
  for (unsigned i = 0; i < sum.getUpdateOps().size(); ++i)
    lists.push_back(chooseLists(sum, i,
                                isSparse(sum, i) && tapsInLists(sum, i, filters) * 3 <
                                                        tapsOf(sum, i, filters) * 2));
  return lists;
}

/// A work-item's sums: channels in one vector, pixels and window in straight-line code, or lists of
/// taps that all work-items of a group run over together.
void DefaultSchedule::scheduleSumGPU(StageOp sum, int64_t filters, bool vector) {
  SmallVector<bool> lists = listsGPU(sum, filters);
  if (vector) {
    // The channels of a pixel are one variable.
    StoreInOp::create(
        builder, sum.getLoc(), FlatSymbolRefAttr::get(builder.getContext(), sum.getSymName()),
        MemoryAttr::get(builder.getContext(), Memory::Private),
        builder.getStrArrayAttr({"y", "x", "c"}), IntegerAttr(), UnitAttr(), TypeAttr());
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
