//===- DefaultScheduleCPU.cpp - Fused layers and register tiles of a CPU --===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/schedule/DefaultSchedule.h"
#include "compiler/schedule/Schedule.h"

#include <set>

using namespace mlir;
using namespace srcc::sched;

/// The picture is not known; it is taken to be the one this compiler is for.
static constexpr int64_t assumedWidth = 640, assumedHeight = 360;

/// Multiply-adds for one pixel of a stored stage, what is inlined in it and its sums included.
int64_t DefaultSchedule::macsOf(StageOp stored) {
  int64_t macs = 0;
  for (UpdateOp update : stored.getUpdateOps()) {
    int64_t points = channelsOf(stored);
    for (AffineExpr extent : update.getExtents().getResults())
      if (auto constant = dyn_cast<AffineConstantExpr>(extent))
        points *= constant.getValue();
    macs += points;
  }
  stored.getPure().walk([&](ReadOp read) {
    StageOp source = lookup(read.getSource());
    if (source && !facts[source.getSymName()].root)
      macs += macsOf(source);
  });
  return macs;
}

/// Stages that end a sum and are read in blocks of rows and columns by one other, and what their
/// sums read at their own rows: computed for a block of rows at a time they stay in the caches.
void DefaultSchedule::findBlocks() {
  for (auto root : pipeline.getOps<StageOp>()) {
    Facts &f = facts[root.getSymName()];
    if (!f.root || root.getOutput() == Format::U8Interleaved || f.reduction ||
        sums.count(root.getSymName()))
      continue;
    RowBlock block;
    bool serves = true;
    llvm::DenseSet<Operation *> others;
    std::function<void(StageOp)> visit = [&](StageOp stage) {
      auto at = stage.getPure().getArguments();
      stage.getPure().walk([&](ReadOp read) {
        StageOp source = lookup(read.getSource());
        if (!source || read.getIndices().size() != 3)
          return;
        Value y = read.getIndices()[1];
        bool channel = read.getIndices()[0] == at[0];
        int64_t columns = divisorOf(IndexExpr::get(read.getIndices()[2]), at[2]);
        if (!facts[source.getSymName()].root) {
          if (llvm::equal(read.getIndices(), at))
            visit(source);
          return;
        }
        auto rows = blockRowsOf(IndexExpr::get(y), at[1]);
        if (!rows) {
          others.insert(source);
          return;
        }
        serves &= channel && columns &&
                  (!block.products || (block.products == source && block.rows == rows->rows &&
                                       block.inner == rows->inner && block.columns == columns));
        block.products = source;
        block.rows = rows->rows;
        block.inner = rows->inner;
        block.columns = columns;
      });
    };
    visit(root);
    if (!serves || !block.products || others.contains(block.products))
      continue;
    StringRef products = block.products.getSymName();
    auto sum = sums.find(products);
    if (sum == sums.end() || !sumTiles(block.products) || isExternal(block.products) ||
        facts[products].readers.size() != 1 || channelsOf(block.products) != channelsOf(root))
      continue;
    for (auto input : pipeline.getOps<StageOp>()) {
      Facts &of = facts[input.getSymName()];
      bool alone = of.root && !of.reduction && !of.blocked && !of.reaches.empty() &&
                   !input.getInsteadOf() && !sums.count(input.getSymName());
      if (alone && llvm::all_of(of.reaches, [&](Reach &r) {
            return r.reader == block.products && !r.top && !r.bottom;
          }))
        block.input = input;
    }
    f.block = block;
    facts[products].tileOf = root;
    facts[products].tileLoop = "co";
    if (block.input) {
      facts[block.input.getSymName()].tileOf = root;
      facts[block.input.getSymName()].tileLoop = "xs";
    }
    chooseStrip(root);
    if (block.input)
      computeInStrip(root);
  }
}

int64_t DefaultSchedule::localRoom() const {
  return std::min<int64_t>(device.localBytes, mostKernelElements * 4);
}

/// Bytes of a row of `columns` x `channels`: an odd number of cache lines, so that rows of a block,
/// which are written together, do not share sets.
static int64_t rowBytes(int64_t columns, int64_t channels) {
  return ((int64_t(llvm::divideCeil(columns, 16)) | 1) * channels | 1) * 64;
}

/// Bytes of what a strip of `vectors` reads.
int64_t DefaultSchedule::inputBytes(const RowBlock &block, int64_t vectors) {
  return block.inner * rowBytes(vectors * device.vectorWidth, channelsOf(block.input));
}

/// The tile of a block's sums, whose vectors are a strip: half of the first-level cache is for the
/// row that all its filters read.
void DefaultSchedule::chooseStrip(StageOp root) {
  RowBlock &block = facts[root.getSymName()].block;
  StageOp sum = sums[block.products.getSymName()].first;
  int64_t channels = channelsOf(root);
  Tile &best = block.tile;
  double least = std::numeric_limits<double>::infinity();
  for (int64_t vectors = 1; vectors <= mostVectors; ++vectors) {
    if (block.input && vectors > 1 && device.l1Bytes) {
      int64_t bytes = inputBytes(block, vectors);
      if (bytes / block.inner > device.l1Bytes / 2 || bytes > localRoom())
        break;
    }
    Tile tile;
    if (double cycles = tileCost(block.products, vectors, tile, /*whole=*/true); cycles < least) {
      least = cycles;
      best = tile;
    }
  }
  SmallVector<int64_t> divisors;
  llvm::copy_if(tileFilters, std::back_inserter(divisors),
                [&](int64_t filters) { return channels % filters == 0; });
  best.filters = choose(Knob::Filters, sum.getSymName(), best.filters, divisors);
  best.vectors = choose(Knob::Vectors, sum.getSymName(), best.vectors, {1, 2, 3, 4, 5, 6});
}

/// What the input of blocks alone reads is computed for a strip at a time where the pixels that
/// strips share, computed again, cost less than writing and reading all of them: a first layer, of
/// few channels of the picture, takes longer to pass through memory than to compute. What would be
/// computed row by row ahead of that stage has a kernel of its own then, which is not counted: it
/// is a copy of the picture.
void DefaultSchedule::computeInStrip(StageOp root) {
  RowBlock &block = facts[root.getSymName()].block;
  StageOp source;
  std::set<IndexExpr> rows;
  bool serves = true;
  block.input.getPure().walk([&](ReadOp read) {
    StageOp stage = lookup(read.getSource());
    serves &= stage && (!source || source == stage) && read.getIndices().size() == 3 &&
              read.getIndices()[0] == block.input.getPure().getArgument(0);
    source = stage;
    if (serves)
      rows.insert(IndexExpr::get(read.getIndices()[1]));
  });
  if (!serves || !source)
    return;
  Facts &f = facts[source.getSymName()];
  bool alone = f.root && !f.reduction && !isKept(source) && !f.tileOf && sumTiles(source) &&
               f.columns == block.columns && inParts(block.columns) &&
               llvm::all_of(f.reaches, [&](Reach &r) { return r.reader == block.input; });
  if (!alone || !device.l1Bytes)
    return;
  int64_t lanes = device.vectorWidth, columns = block.tile.vectors * lanes * block.columns,
          strip = columns + 2; // and one on either side
  double rowsAgain = double(rows.size()) / double(block.rows),
         columnsAgain = double(llvm::alignTo(strip, lanes)) / double(columns);
  double again = 2.0 * macsOf(source) * (rowsAgain * columnsAgain - 1) / (device.peakF32 * 1e9);
  double saved = (1 + rowsAgain) * channelsOf(source) * 4 / (device.bandwidth * 1e9);
  // The channels of a tile at a time, of whole tiles.
  int64_t most = tileFilters[std::size(tileFilters) - 1] * int64_t(rows.size()) *
                 (strip + mostVectors * lanes) * 4;
  if (inputBytes(block, block.tile.vectors) + most > localRoom() ||
      !choose(Knob::Place, source.getSymName(), again <= saved, {0, 1}))
    return;
  block.source = source;
  f.tileOf = block.input;
  f.tileLoop = "co";
  f.strip = strip;
}

/// Blocks of rows in strips of columns: what the sums read of a strip, for the whole block, stays
/// in the second-level cache while all filters take it; the sums of a tile wait in the first one
/// until all rows of the block are there.
void DefaultSchedule::blocksCPU(StageOp root) {
  RowBlock &block = facts[root.getSymName()].block;
  StageOp products = block.products, input = block.input;
  StageOp sum = sums[products.getSymName()].first;
  const Tile &best = block.tile;
  int64_t lanes = device.vectorWidth, columns = best.vectors * lanes;
  StringRef name = root.getSymName();
  bool external = isExternal(root);
  split(root, "y", "yo", "yi", block.rows, Tail::Guard);
  split(root, "x", "xo", "xi", block.columns, Tail::Guard);
  split(root, "xo", "xs", "xp", columns, external ? Tail::Guard : Tail::RoundUp);
  split(root, "xp", "xv", "xl", lanes, Tail::Guard);
  split(root, "c", "co", "ci", best.filters, Tail::Guard);
  loops<ReorderOp>(root, {"xl", "xi", "yi", "xv", "ci", "co", "xs", "yo"});
  loops<VectorizeOp>(root, {"xl"});
  loops<UnrollOp>(root, {"xi", "yi"});
  loops<GpuBlocksOp>(root, {"yo"});
  if (!external) {
    AlignBoundsOp::create(builder, root.getLoc(), name, "y", block.rows);
    AlignBoundsOp::create(builder, root.getLoc(), name, "x", columns * block.columns);
  }
  auto vectors = [&](StageOp stage) {
    split(stage, "x", "xv", "xl", lanes, Tail::RoundUp);
    loops<VectorizeOp>(stage, {"xl"});
  };
  vectors(products);
  loops<UnrollOp>(products, {"xv", "c"});
  loops<ReorderOp>(products, {"xl", "xv", "c", "y"});
  ComputeAtOp::create(builder, root.getLoc(), sum.getSymName(), products.getSymName(), "y");
  scheduleSum(sum, best.filters, lanes, best.vectors, {false});
  if (!input)
    return;
  split(input, "y", "yo", "yi", block.inner, Tail::RoundUp);
  vectors(input);
  loops<UnrollOp>(input, {"yi"});
  // What lies in vectors, side by side for all channels, is read in that order.
  bool inOrder = llvm::any_of(facts, [&](auto &other) {
    return passesByTile(other.second) &&
           llvm::any_of(other.second.reaches, [&](Reach &r) { return r.reader == input; });
  });
  if (StageOp source = block.source) {
    split(input, "c", "co", "ci", facts[source.getSymName()].tile.filters, Tail::Guard);
    loops<ReorderOp>(input, {"xl", "yi", "ci", "xv", "co", "yo"});
    SmallVector<std::string> order{"y", "c"};
    llvm::append_range(order, columnsOf(block.columns));
    store(source.getSymName(), SmallVector<StringRef>(order.begin(), order.end()), 1, false, false,
          Memory::Local);
  } else if (inOrder) {
    loops<ReorderOp>(input, {"xl", "yi", "c", "xv", "yo"});
  } else {
    loops<ReorderOp>(input, {"xl", "yi", "xv", "c", "yo"});
  }
  bool fits = inputBytes(block, best.vectors) <= localRoom();
  store(input.getSymName(), {"y", "c", "x"}, 16, true, false,
        fits ? Memory::Local : Memory::Global);
}

/// Vectors of pixels of so many channels that the first-level cache holds. With tiles for all of 48
/// KB wdsr_b_x2_16x24 takes 0.87 to 1.0 of the time of tiles for half of it where it is pruned to a
/// half or a quarter (block, pattern, unstructured), and dense as long (srcc-bench --size 640x360
/// in turn, AVX-512; as if for 8 lanes and 32 KB: 0.96 to 1.03).
int64_t DefaultSchedule::vectorsHeld(int64_t channels) const {
  return device.l1Bytes / (channels * device.vectorWidth * 4);
}

/// Which stored stages are computed inside the kernel of their readers. From the last stage to the
/// first, so that where the readers are computed is known.
void DefaultSchedule::fuse() {
  SmallVector<StageOp> stored;
  for (auto op : pipeline.getOps<StageOp>())
    if (facts[op.getSymName()].root)
      stored.push_back(op);
  llvm::StringMap<int64_t> ringBytes; // by root
  auto aheadOf = [&](StageOp s) {
    while (StageOp at = facts[s.getSymName()].tileOf)
      s = at;
    return facts[s.getSymName()].ahead;
  };
  for (StageOp op : llvm::reverse(stored)) {
    Facts &f = facts[op.getSymName()];
    bool picture = op.getRank() == 3 && !isa<AffineConstantExpr>(op.getExtents().getResult(2));
    if (isKept(op) || f.reduction || f.blocked || f.reaches.empty() || !picture || f.tileOf ||
        f.block.products)
      continue;
    StageOp first = f.reaches[0].reader, root = kernelOf(first);
    bool oneReader = llvm::all_of(f.reaches, [&](Reach &r) { return r.reader == first; });
    bool oneKernel = llvm::all_of(f.reaches, [&](Reach &r) {
      return kernelOf(r.reader) == root &&
             r.reader.getExtents().getResult(1) == op.getExtents().getResult(1);
    });
    if (!oneKernel || !sumTiles(root))
      continue;
    int64_t channels = channelsOf(op);
    bool byTile =
        oneReader && sumTiles(first) && llvm::all_of(f.reaches, [](Reach &r) { return r.pixel(); });
    bool tileFits = vectorsHeld(channels) >= 1;
    // Rows: the newest is computed as far ahead of the root's as the reader furthest ahead needs.
    int64_t newest = INT64_MIN, oldest = INT64_MAX;
    for (Reach &r : f.reaches) {
      newest = std::max(newest, aheadOf(r.reader) + r.bottom);
      oldest = std::min(oldest, aheadOf(r.reader) + r.top);
    }
    int64_t window = newest - oldest + 1;
    int64_t bytes = int64_t(llvm::PowerOf2Ceil(window)) * channels * assumedWidth * 4;
    // Computing the first rows of each band twice against writing and reading the stage.
    int64_t bands = units() * preview(Knob::Bands, root.getSymName(), bandsOfUnit);
    double rowsOfBand = double(assumedHeight) / double(bands);
    double again = 2.0 * macsOf(op) * 2 * newest / rowsOfBand / (device.peakF32 * 1e9);
    double saved = 2.0 * channels * 4 / (device.bandwidth * 1e9);
    // Half of the cache is for weights and what streams through. More than 256 KB never paid: with
    // 2 MB, four blocks of wdsr_b_x2_16x24 at once took 1.2 times as long as one, pruned to a
    // quarter, and as long dense (srcc-bench --size 640x360).
    int64_t room = std::min<int64_t>(device.l2Bytes / 2, 256 << 10);
    bool rowsPay = ringBytes[root.getSymName()] + bytes <= room && again <= saved;
    // An input in another layout is not worth a pass through memory: one block of that network
    // alone, 24 channels in and out, takes 0.80 to 0.85 of the time (1/8 and 1/4 of its weights,
    // AVX-512).
    bool copies = readsInput(op);
    if (copies)
      rowsPay = bytes <= device.l2Bytes / 2;
    SmallVector<int64_t> options{0, 2};
    if (byTile)
      options.push_back(1);
    int64_t place = choose(Knob::Place, op.getSymName(),
                           byTile && tileFits ? 1
                           : rowsPay          ? 2
                                              : 0,
                           options);
    if (place == 1) {
      f.tileOf = first;
    } else if (place == 2) {
      if (!copies)
        ringBytes[root.getSymName()] += bytes;
      f.rowOf = root;
      f.ahead = newest;
      f.window = window;
    }
  }
}

/// Whether two stages compute the same of what they read: weights of one shape, rings of one size.
bool DefaultSchedule::alike(StageOp one, StageOp other) {
  if (one == other)
    return true;
  const Facts &f = facts[one.getSymName()], &g = facts[other.getSymName()];
  if (one.getExtents() != other.getExtents() || one.getType() != other.getType() ||
      one.getUpdateOps().size() != other.getUpdateOps().size() || bool(f.rowOf) != bool(g.rowOf) ||
      bool(f.tileOf) != bool(g.tileOf) || f.root != g.root || f.window != g.window)
    return false;
  SmallVector<Operation *> ops, others;
  one.walk([&](Operation *op) { ops.push_back(op); });
  other.walk([&](Operation *op) { others.push_back(op); });
  if (ops.size() != others.size())
    return false;
  for (auto [a, b] : llvm::zip(ops, others)) {
    auto read = dyn_cast<ReadOp>(a), same = dyn_cast<ReadOp>(b);
    if (a->getName() != b->getName() || bool(read) != bool(same))
      return false;
    if (auto constant = dyn_cast<arith::ConstantOp>(a);
        constant && constant.getValue() != cast<arith::ConstantOp>(b).getValue())
      return false;
    if (!read || read.getSource() == same.getSource())
      continue;
    if (read.getExterior() != same.getExterior())
      return false;
    StageOp source = lookup(read.getSource()), with = lookup(same.getSource());
    if (bool(source) != bool(with))
      return false;
    if (!source) // weights
      continue;
    const Facts &stored = facts[source.getSymName()], &next = facts[with.getSymName()];
    // What both read from rings is compared when it is a stage's turn.
    if (stored.rowOf ? source.getExtents() != with.getExtents() || !next.rowOf ||
                           stored.window != next.window
                     : !alike(source, with))
      return false;
  }
  return true;
}

/// Blocks of one kernel, row by row, that are alike: one loop over them, whose code is not many
/// times as large.
void DefaultSchedule::repeat() {
  llvm::MapVector<Operation *, SmallVector<StageOp>> kernels;
  for (auto op : pipeline.getOps<StageOp>())
    if (StageOp root = facts[op.getSymName()].rowOf)
      kernels[root].push_back(op);
  for (auto &kernel : kernels) {
    ArrayRef<StageOp> rows = kernel.second;
    for (size_t first = 0; first + 1 < rows.size();) {
      // Of blocks of one to three stages the most that are alike, three blocks at least: the first
      // and the last are often stored otherwise.
      size_t stages = 1, most = 0;
      for (size_t of = 1; of <= 3; ++of) {
        size_t blocks = 1;
        while (first + (blocks + 1) * of <= rows.size() &&
               llvm::all_of(llvm::seq(of), [&](size_t i) {
                 return alike(rows[first + i], rows[first + blocks * of + i]);
               }))
          ++blocks;
        if (blocks > 2 && blocks * of > most) {
          stages = of;
          most = blocks * of;
        }
      }
      if (!most) {
        ++first;
        continue;
      }
      SmallVector<Attribute> ends;
      for (size_t i = stages - 1; i < most; i += stages)
        ends.push_back(
            FlatSymbolRefAttr::get(builder.getContext(), StageOp(rows[first + i]).getSymName()));
      RepeatOp::create(builder, kernel.first->getLoc(), builder.getArrayAttr(ends),
                       /*where_alike=*/true);
      first += most;
    }
  }
}

/// A tap costs a tile its multiply-adds (two a cycle), its loads (two a cycle: inputs and weights),
/// its instructions (three a cycle, which is what is left of five to six where cores are shared;
/// `overhead` of them beside), or the latency of the multiply-add that goes on from the tap before.
/// Of its inputs the share `crossing` is in two cache lines, which takes half a cycle more (of a
/// loop written for this alone, not kept, on a Xeon with AVX-512).
static double tapCycles(double filters, double vectors, double overhead, double crossing) {
  double multiplyAdds = filters * vectors, loads = filters + vectors, latency = 5;
  double busiest =
      std::max({latency, multiplyAdds / 2, loads / 2, (multiplyAdds + loads + overhead) / 3});
  // Of equals, the one that loads less.
  return busiest + loads / 50 + vectors * crossing / 2;
}

/// The share of an update's input vectors that lie in two cache lines: of those at other columns
/// than the sum's, in rows whose own vectors start lines.
double DefaultSchedule::crossing(StageOp sum, unsigned update) {
  UpdateOp op = sum.getUpdateOps()[update];
  double share = 0;
  op.walk([&](ReadOp read) {
    if (!lookup(read.getSource()) || read.getIndices().size() != 3)
      return;
    IndexExpr x = IndexExpr::get(read.getIndices()[2]);
    int64_t columns = 1;
    for (auto [i, extent] : llvm::enumerate(op.getExtents().getResults()))
      if (auto constant = dyn_cast<AffineConstantExpr>(extent))
        if (x.dependsOn(op.getBody().getArgument(sum.getRank() + i)))
          columns *= constant.getValue();
    share = std::max(share, 1 - 1.0 / double(columns));
  });
  return share * double(std::min<int64_t>(4 * device.vectorWidth, 64)) / 64;
}

/// Pixels that tiles of `pixels` compute for each one of a row.
static double wholeTiles(int64_t pixels, int64_t row) {
  return double(llvm::divideCeil(row, pixels) * pixels) / double(row);
}

/// What the lists of an update cost tiles of `filters` x `vectors`. An entry is read and decoded at
/// each tap, a loop goes on at each step, and what fills the last step of a list is computed in
/// vain: more taps of a list in straight-line code are fewer instructions but more multiply-adds.
/// The step is chosen at four instructions a cycle, not at the three of tapCycles, which are for
/// tiles: of WDSR-B 16x24 in 4x1 blocks at a half, single taps are 3 % faster than the steps of two
/// and four that three would take (srcc-bench, in turn, on a Xeon with AVX-512).
DefaultSchedule::Lists DefaultSchedule::listsOf(StageOp sum, unsigned update, int64_t filters,
                                                int64_t vectors) {
  Lists best;
  constexpr double issued = 4; // instructions a cycle
  double multiplyAdds = double(filters * vectors), loads = double(filters + vectors);
  std::pair<double, double> least{std::numeric_limits<double>::infinity(), 0};
  for (int64_t step : {1, 2, 4}) {
    double taps = double(tapsInLists(sum, update, filters, step)),
           overhead = 2 + 3.0 / double(step), instructions = multiplyAdds + loads + overhead;
    std::pair<double, double> price{taps * std::max(multiplyAdds / 2, instructions / issued),
                                    taps * instructions};
    if (price >= least)
      continue;
    least = price;
    best = {taps * tapCycles(filters, vectors, overhead, crossing(sum, update)), step};
  }
  return best;
}

/// Cycles for each vector of pixels of a row, for all channels, with a tile; says what runs over
/// lists.
double DefaultSchedule::tileCycles(StageOp stored, Tile &tile) {
  StageOp sum = sums[stored.getSymName()].first;
  int64_t channels = channelsOf(stored), filters = tile.filters, vectors = tile.vectors;
  double cycles = 0;
  tile.lists.clear();
  for (unsigned update = 0; update < sum.getUpdateOps().size(); ++update) {
    int64_t most = preview(Knob::Straight, updateName(sum, update), mostStraight());
    int64_t taps = straightLine(sum, update, filters * vectors, most).taps;
    double dense = tapsOf(sum, update, filters) *
                   tapCycles(filters, vectors, 4.0 / double(taps), crossing(sum, update));
    // Where a list ends is not predicted.
    double lists = isSparse(sum, update) ? listsOf(sum, update, filters, vectors).cycles +
                                               llvm::divideCeil(channels, filters) * 15.0
                                         : dense;
    tile.lists.push_back(lists < dense);
    // Sums start at zero and are stored.
    cycles +=
        std::min(dense, lists) + llvm::divideCeil(channels, filters) * 2.0 * filters * vectors;
  }
  Facts &f = facts[stored.getSymName()];
  int64_t columns = f.tileOf ? facts[f.tileOf.getSymName()].block.columns : 1; // for each pixel
  return cycles / vectors *
         wholeTiles(vectors * device.vectorWidth * columns, f.strip ? f.strip : assumedWidth);
}

/// The tile of `vectors` vectors that takes the fewest cycles; `whole`: its filters divide the
/// stage's channels.
double DefaultSchedule::tileCost(StageOp stored, int64_t vectors, Tile &best, bool whole) {
  double least = std::numeric_limits<double>::infinity();
  for (int64_t filters : tileFilters) {
    int64_t registers = filters * vectors + vectors + 1, channels = channelsOf(stored);
    if (filters > channels || (whole && channels % filters) || registers > device.registers)
      continue;
    Tile tile{filters, vectors, {}};
    double cycles = tileCycles(stored, tile);
    if (cycles < least) {
      least = cycles;
      best = tile;
    }
  }
  return least;
}

/// Tiles of all stages around sums; one that is computed at another's tile has its pixels.
void DefaultSchedule::chooseTiles() {
  for (auto root : pipeline.getOps<StageOp>()) {
    Facts &f = facts[root.getSymName()];
    if (!f.root || (f.tileOf && !f.strip) || !sumTiles(f.op))
      continue;
    SmallVector<StageOp> members{f.op};
    for (unsigned i = 0; i < members.size(); ++i)
      for (auto other : pipeline.getOps<StageOp>())
        if (facts[other.getSymName()].tileOf == members[i] && sumTiles(other))
          members.push_back(other);
    double least = std::numeric_limits<double>::infinity();
    int64_t best = 1, most = mostVectors, held = 0;
    for (StageOp member : ArrayRef(members).drop_front())
      held += channelsOf(member);
    if (held)
      most = std::min(most, vectorsHeld(held));
    for (int64_t vectors = 1; vectors <= most; ++vectors) {
      double cycles = 0;
      Tile tile;
      for (StageOp member : members)
        cycles += tileCost(member, vectors, tile);
      if (cycles < least) {
        least = cycles;
        best = vectors;
      }
    }
    auto sumOf = [&](StageOp stored) { return sums[stored.getSymName()].first; };
    int64_t vectors = choose(Knob::Vectors, sumOf(root).getSymName(), best, {1, 2, 3, 4, 5, 6});
    for (StageOp member : members) {
      Tile &tile = facts[member.getSymName()].tile;
      tile = {1, vectors, {}}; // if no tile fits the registers
      tileCost(member, vectors, tile);
      SmallVector<int64_t> options;
      for (int64_t filters : {1, 2, 3, 4, 5, 6, 8, 10, 12, 16})
        if (filters <= channelsOf(member))
          options.push_back(filters);
      StageOp sum = sumOf(member);
      tile.filters = choose(Knob::Filters, sum.getSymName(), tile.filters, options);
      tileCycles(member, tile);
      for (auto [update, lists] : llvm::enumerate(tile.lists))
        lists = chooseLists(sum, int64_t(update), lists);
    }
  }
}

/// The loop over rows of a stage on a CPU. A kernel of one stage takes a row at a time; one that
/// computes others row by row takes bands, so that few rows are computed twice.
void DefaultSchedule::rows(StageOp stage) {
  Facts &f = facts[stage.getSymName()];
  if (f.tileOf || f.rowOf)
    return;
  bool streams = llvm::any_of(facts, [&](auto &other) { return other.second.rowOf == stage; });
  if (!streams) {
    loops<GpuBlocksOp>(stage, {"y"});
    return;
  }
  int64_t bands = choose(Knob::Bands, stage.getSymName(), bandsOfUnit, {1, 2, 4, 8, 16});
  // All that readers want, with what lies around the picture: a band more, of a row or two, would
  // be one more for some core.
  int64_t above = 0, below = 0;
  for (const Reach &reach : f.reaches) {
    above = std::max(above, -reach.top);
    below = std::max(below, reach.bottom);
  }
  AffineExpr height = stage.getExtents().getResult(1) + (above + below);
  SplitOp::create(builder, stage.getLoc(), stage.getSymName(), "y", "band", "row",
                  AffineMap::get(0, 2, height.ceilDiv(units() * bands)), Tail::Guard,
                  IntegerAttr());
  loops<GpuBlocksOp>(stage, {"band"});
}

/// Loops of a reduction computed at a tile: the sums of the tile in registers, the rest of the
/// reduction around them.
void DefaultSchedule::scheduleSum(StageOp sum, int64_t filters, int64_t lanes, int64_t vectors,
                                  ArrayRef<bool> lists) {
  packTables(sum, filters, lists);
  for (unsigned i = 0; i <= sum.getUpdateOps().size(); ++i) {
    std::optional<int64_t> update;
    if (i)
      update = i - 1;
    split(sum, "x", "xv", "xl", lanes, Tail::RoundUp, update);
    loops<VectorizeOp>(sum, {"xl"}, update);
    loops<UnrollOp>(sum, {"xv", "c"}, update);
    SmallVector<StringRef> order{"xl", "xv", "c"};
    if (update && lists[*update])
      group(sum, *update, filters,
            chooseStep(sum, *update, listsOf(sum, *update, filters, vectors).step), order);
    else if (update)
      reductionLoops(sum, *update, filters * vectors, order);
    order.push_back("y");
    loops<ReorderOp>(sum, order, update);
  }
}

void DefaultSchedule::tileCPU(StageOp root, StageOp sum, ArrayRef<IndexExpr> reads) {
  int64_t lanes = device.vectorWidth, registers = device.registers;
  Tail tail = isExternal(root) ? Tail::Guard : Tail::RoundUp;
  auto args = root.getPure().getArguments();
  int64_t ry = divisorOf(reads[1], args[1]), rx = divisorOf(reads[2], args[2]);
  StringRef name = root.getSymName();
  if (ry * rx == 1) {
    const Tile &tile = facts[name].tile;
    int64_t channels = channelsOf(root), filters = tile.filters, pixels = tile.vectors * lanes;
    split(root, "x", "xt", "xp", pixels, tail);
    split(root, "xp", "xv", "xl", lanes, Tail::Guard);
    split(root, "c", "co", "ci", filters, channels % filters ? tail : Tail::Guard);
    // What is computed at a tile has all channels there.
    bool sweep = !holds(root) && channels > filters && choose(Knob::Order, name, 0, {0, 1});
    if (sweep)
      loops<ReorderOp>(root, {"xl", "xv", "ci", "xt", "co", "y"});
    else
      loops<ReorderOp>(root, {"xl", "xv", "ci", "co", "xt", "y"});
    loops<VectorizeOp>(root, {"xl"});
    loops<UnrollOp>(root, {"xv", "ci"});
    rows(root);
    ComputeAtOp::create(builder, root.getLoc(), sum.getSymName(), name, sweep ? "xt" : "co");
    if (!isExternal(root) && !facts[name].tileOf)
      AlignBoundsOp::create(builder, root.getLoc(), name, "x", pixels);
    if (scheduled.insert(sum.getSymName()).second)
      scheduleSum(sum, filters, lanes, tile.vectors, tile.lists);
    return;
  }
  // The root has ry x rx pixels per pixel of the sum.
  IndexExpr perChannel = reads[0];
  auto step = perChannel.coefficientOf(args[0]);
  int64_t filters = ry * rx;
  bool byChannel = step && *step == filters;
  int64_t all = byChannel ? filters : channelsOf(sum);
  int64_t vectors = choose(Knob::Vectors, sum.getSymName(),
                           std::clamp<int64_t>((registers - 1) / (all + 1), 1, 3), {1, 2, 3, 4});
  split(root, "y", "yo", "yi", ry, Tail::Guard);
  split(root, "x", "xs", "xi", rx, Tail::Guard);
  split(root, "xs", "xt", "xp", vectors * lanes, tail);
  split(root, "xp", "xv", "xl", lanes, Tail::Guard);
  loops<ReorderOp>(root, {"xl", "xv", "xi", "yi", "c", "xt", "yo"});
  loops<VectorizeOp>(root, {"xl"});
  loops<UnrollOp>(root, {"xv", "xi", "yi"});
  if (!byChannel)
    loops<UnrollOp>(root, {"c"});
  loops<GpuBlocksOp>(root, {"yo"});
  ComputeAtOp::create(builder, root.getLoc(), sum.getSymName(), name, byChannel ? "c" : "xt");
  SmallVector<bool> lists;
  for (unsigned i = 0; i < sum.getUpdateOps().size(); ++i)
    lists.push_back(chooseLists(
        sum, i, isSparse(sum, i) && tapsInLists(sum, i, all) * 5 < tapsOf(sum, i, all) * 4));
  if (scheduled.insert(sum.getSymName()).second)
    scheduleSum(sum, all, lanes, vectors, lists);
}

/// A tile asks for what the next one reads of a stage that comes from memory: of the tiles of a
/// kernel the one that reads rows first, which stay in the second-level cache for the others.
void DefaultSchedule::prefetch(Facts &f) {
  if (device.prefetching == srcc::Prefetching::None || f.tileOf || f.rowOf || f.op.getRank() != 3 ||
      channelsOf(f.op) < 8)
    return;
  auto tileAt = [&](Reach &r) {
    StageOp tile = r.reader;
    while (StageOp at = facts[tile.getSymName()].tileOf)
      tile = at;
    return tile;
  };
  auto newest = [&](Reach &r) { return facts[tileAt(r).getSymName()].ahead + r.bottom; };
  llvm::DenseSet<Operation *> done;
  for (Reach &r : f.reaches) {
    StageOp tile = tileAt(r);
    if (llvm::any_of(f.reaches, [&](Reach &other) {
          return kernelOf(other.reader) == kernelOf(tile) && newest(other) > newest(r);
        }))
      continue;
    auto sum = sums.find(tile.getSymName());
    if (sum == sums.end() || !tiles(tile, sum->second.second) || !done.insert(tile).second)
      continue;
    if (int64_t ahead = choose(Knob::Prefetch, tile.getSymName(), 1, {0, 1, 2}))
      prefetchTile(f, tile, r.reader, ahead);
  }
  // What a tile writes is taken in before, too, where it is one piece: rows of channels, longer
  // than it, are streams that processors follow by themselves.
  auto sum = sums.find(f.op.getSymName());
  if (!isExternal(f.op) && sum != sums.end() && tiles(f.op, sum->second.second))
    if (int64_t ahead =
            choose(Knob::PrefetchWrites, f.op.getSymName(), passesByTile(f) ? 1 : 0, {0, 1, 2}))
      prefetchTile(f, f.op, f.op, ahead);
}

/// Requests at the loop over tiles of `tile`. Many at once would wait for each other: those of one
/// piece, whose addresses are simple, are spread over the channels that `inside` computes of it.
void DefaultSchedule::prefetchTile(Facts &f, StageOp tile, StageOp inside, int64_t ahead) {
  bool hasChannelLoop =
      llvm::any_of(builder.getInsertionBlock()->getOps<ComputeAtOp>(), [&](auto op) {
        return op.getConsumer() == inside.getSymName() && op.getLoop() == "co";
      });
  bool spread = hasChannelLoop && passesByTile(f) && !isExternal(tile);
  for (StageOp at = inside; at != tile; at = facts[at.getSymName()].tileOf)
    spread &= facts[at.getSymName()].tileLoop == "xt"; // once for a tile
  PrefetchOp::create(builder, f.op.getLoc(), f.op.getSymName(), tile.getSymName(), "xt", ahead,
                     spread ? FlatSymbolRefAttr::get(inside) : FlatSymbolRefAttr(),
                     spread ? builder.getStringAttr("co") : StringAttr());
}
