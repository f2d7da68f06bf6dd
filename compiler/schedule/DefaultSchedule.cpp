//===- DefaultSchedule.cpp - Schedules by rule, per device ----------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// The rules look at how stages read each other and at the device's facts:
//  - a stage that one other reads point by point is inlined into it, so that epilogues (bias,
//    activation, residual, pixel shuffle, conversion to 8 bit) are part of the kernel before them;
//  - a reduction is computed at a tile of its reader and stays in registers: F channels x P vectors
//    (CPU) or 4 channels x P pixels of a work-item (GPU);
//  - the rest is stored: in rows interleaved by channel (CPU: neighbouring channels are near, an odd
//    number of cache lines avoids set conflicts), tile by tile where all readers read their own
//    columns (CPU), or packed by 4 channels (GPU); a tile of a CPU asks for what the next one reads;
//  - sums run over lists of taps where enough weights are zero;
//  - CPU: what one stage alone reads at its own pixels is computed tile by tile of that stage and
//    stays in the first-level cache; what the stages of one kernel read at their own rows and those
//    around is computed row by row, ahead of them, in rings that stay in the second-level cache.
//===----------------------------------------------------------------------===//
#include "compiler/devices/Device.h"
#include "compiler/schedule/IndexExpr.h"
#include "compiler/schedule/Passes.h"
#include "compiler/schedule/Schedule.h"
#include "compiler/schedule/TapLists.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/StringSet.h"

#include <map>
#define DEBUG_TYPE "sched-default"

namespace srcc::sched {
#define GEN_PASS_DEF_SCHEDDEFAULT
#include "compiler/schedule/Passes.h.inc"
} // namespace srcc::sched

using namespace mlir;
using namespace srcc::sched;

namespace {

/// How a stored stage reads another: rows and columns around its own.
struct Reach {
  StageOp reader;
  int64_t top = 0, bottom = 0, left = 0, right = 0;
  bool pixel() const { return !top && !bottom && !left && !right; }
};

/// A register tile of a CPU: filters x vectors of pixels, and of each update of the sum whether it
/// runs over lists of taps.
struct Tile {
  int64_t filters = 4, vectors = 1;
  SmallVector<bool> lists;
};

/// What the rules need to know of a stage.
struct Facts {
  StageOp op;
  bool reduction = false;
  SmallVector<StageOp> readers;
  bool pointwise = true; // every reader reads it once, outside reductions, and never around a point
  bool root = false;     // has storage, at the root unless tileOf or rowOf says where
  bool blocked = false;  // some reader needs more than rows around its own
  SmallVector<Reach> reaches;
  // Where it is computed, if not at the root.
  StageOp tileOf; // at a tile of this stage
  StageOp rowOf;  // at a row of this root
  Tile tile;
  int64_t ahead = 0, window = 0; // rows: the newest one relative to the root's, those alive
};

/// The scale at which `e` reads a coordinate: floor(x / r) gives r, x gives 1, others 0.
static int64_t divisorOf(const IndexExpr &e, Value coordinate) {
  if (e == IndexExpr::get(coordinate))
    return 1;
  if (e.terms.size() == 1 && e.terms.begin()->second == 1 && e.terms.begin()->first.size() == 1) {
    const IndexAtom &a = *e.terms.begin()->first[0];
    if (a.kind == IndexAtom::FloorDiv && a.a == IndexExpr::get(coordinate))
      return a.number;
  }
  return 0;
}

class DefaultSchedule {
public:
  DefaultSchedule(PipelineOp pipeline, const srcc::Device &device, StringRef precision, bool fusion)
      : pipeline(pipeline), device(device), precision(precision), fusion(fusion),
        builder(pipeline) {}
  void run();

private:
  void analyse();
  bool tiles(StageOp root, ArrayRef<IndexExpr> reads);
  void tileCPU(StageOp root, StageOp sum, ArrayRef<IndexExpr> reads);
  void tileGPU(StageOp root, StageOp sum, ArrayRef<IndexExpr> reads);
  void plainRoot(StageOp root, bool vectorize);
  void rows(StageOp stage);
  void prefetch(Facts &f);
  void explain(Facts &f);
  /// Whether a stage passes through memory tile by tile: all read it at their own columns. Vectors of
  /// all its channels lie side by side then, in the order in which tiles take them.
  bool streams(Facts &f) {
    return f.root && !f.tileOf && !f.rowOf && !f.blocked && device.vectorWidth > 1 &&
           channelsOf(f.op) >= 8 && f.op.getRank() == 3 && !f.reaches.empty() &&
           llvm::all_of(f.reaches, [](Reach &r) { return !r.left && !r.right; });
  }
  /// Bands of rows of a picture: several for each core, so that none waits long for the others.
  int64_t bands() const { return 4 * std::max<int64_t>(1, device.computeUnits); }
  void scheduleSum(StageOp sum, int64_t filters, int64_t lanes, int64_t vectors,
                   ArrayRef<bool> lists);
  void scheduleSumGPU(StageOp sum, int64_t filters, bool vector);
  SmallVector<bool> listsGPU(StageOp sum, int64_t filters);
  void reductionLoops(StageOp sum, int64_t update, int64_t perTap,
                      SmallVectorImpl<StringRef> &order);
  void group(StageOp sum, int64_t update, int64_t filters, SmallVectorImpl<StringRef> &order);
  void packTables(StageOp sum, int64_t filters, ArrayRef<bool> lists);
  StageOp findSum(StageOp root, SmallVectorImpl<IndexExpr> &reads);
  bool readsInput(StageOp root);
  void collectReaches(StageOp reader);
  void fuse();
  /// Whether a stored stage is tiled around a sum at its own pixels.
  bool sumTiles(StageOp stored) {
    auto sum = sums.find(stored.getSymName());
    if (sum == sums.end() || !tiles(stored, sum->second.second))
      return false;
    auto args = stored.getPure().getArguments();
    return divisorOf(sum->second.second[1], args[1]) == 1 &&
           divisorOf(sum->second.second[2], args[2]) == 1;
  }
  int64_t macsOf(StageOp stored);
  void chooseTiles();
  double tileCost(StageOp stored, int64_t vectors, Tile &tile);
  int64_t entriesOf(StageOp sum, unsigned update, int64_t filters, bool lists);
  bool isSparse(StageOp sum, unsigned update);
  /// Vectors of pixels of a tile of `filters` whose sums, inputs and one weight fit the registers.
  int64_t fittingVectors(int64_t filters) const {
    return std::clamp<int64_t>((device.registers - 1) / (filters + 1), 1, 5);
  }

  // Directives.
  AffineMap factor(int64_t n) {
    return AffineMap::get(0, 2, getAffineConstantExpr(n, builder.getContext()));
  }
  void split(StageOp s, StringRef loop, StringRef outer, StringRef inner, int64_t by, Tail tail,
             std::optional<int64_t> update = std::nullopt) {
    SplitOp::create(builder, s.getLoc(), s.getSymName(), loop, outer, inner, factor(by), tail,
                    update ? builder.getI64IntegerAttr(*update) : IntegerAttr());
  }
  template <typename Op>
  void loops(StageOp s, ArrayRef<StringRef> names, std::optional<int64_t> update = std::nullopt) {
    Op::create(builder, s.getLoc(), s.getSymName(), builder.getStrArrayAttr(names),
               update ? builder.getI64IntegerAttr(*update) : IntegerAttr());
  }
  void store(StringRef name, ArrayRef<StringRef> layout, int64_t align, bool odd, bool narrow) {
    TypeAttr as;
    if (narrow && precision == "f16s") // with f16 the algorithm's types say it
      as = TypeAttr::get(builder.getF16Type());
    StoreInOp::create(builder, pipeline.getLoc(),
                      FlatSymbolRefAttr::get(builder.getContext(), name),
                      MemoryAttr::get(builder.getContext(), Memory::Global),
                      layout.empty() ? ArrayAttr() : builder.getStrArrayAttr(layout),
                      align > 1 ? builder.getI64IntegerAttr(align) : IntegerAttr(),
                      odd ? builder.getUnitAttr() : UnitAttr(), as);
  }
  static int64_t channelsOf(StageOp s) {
    auto c = dyn_cast<AffineConstantExpr>(s.getExtents().getResult(0));
    return c ? c.getValue() : 0;
  }
  static bool isExternal(StageOp s) { return bool(s.getOutput()); }
  StageOp lookup(StringRef name) {
    return dyn_cast_or_null<StageOp>(SymbolTable::lookupSymbolIn(pipeline, name));
  }

  PipelineOp pipeline;
  const srcc::Device &device;
  StringRef precision;
  bool fusion;
  OpBuilder builder;
  llvm::StringMap<Facts> facts;
  llvm::StringSet<> scheduled;
  // Found once: by sum and update, and by the filters that share a list.
  std::map<std::pair<Operation *, unsigned>, bool> sparse;
  std::map<std::tuple<Operation *, unsigned, int64_t>, int64_t> listEntries;
  // Of each stored stage, the sum that is computed with it and where it is read.
  llvm::StringMap<std::pair<StageOp, SmallVector<IndexExpr>>> sums;
};

} // namespace

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
  // The outputs are the same values in two formats: a chain both read counts once.
  auto oneReader = [](const Facts &f) {
    if (f.readers.size() <= 1)
      return true;
    return llvm::all_of(f.readers, [](StageOp reader) { return bool(reader.getOutput()); });
  };
  for (auto &entry : facts) {
    Facts &f = entry.second;
    bool kept = f.op.getOutput() || f.op.getInsteadOf();
    for (auto &other : facts)
      if (auto target = other.second.op.getInsteadOf())
        kept |= *target == entry.first();
    // Constants cost nothing to define again.
    bool constant = !f.reduction;
    f.op.walk([&](ReadOp read) {
      constant &= isa_and_nonnull<TableOp>(SymbolTable::lookupSymbolIn(pipeline, read.getSource()));
    });
    f.root = kept || (!constant && (!f.pointwise || !oneReader(f)));
  }
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

bool DefaultSchedule::readsInput(StageOp root) {
  bool found = false;
  root.walk([&](ReadOp read) {
    found |= isa_and_nonnull<InputOp>(SymbolTable::lookupSymbolIn(pipeline, read.getSource()));
  });
  return found;
}

/// Weights in the order a tile takes them: all taps of a group of `filters`, filters innermost. Those of
/// updates over lists are packed with the lists.
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

/// Loops of a reduction computed at a tile: the sums of the tile in registers, the rest of the
/// reduction around them.
void DefaultSchedule::scheduleSum(StageOp sum, int64_t filters, int64_t lanes,
                                  int64_t vectors, ArrayRef<bool> lists) {
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
      group(sum, *update, filters, order);
    else if (update)
      reductionLoops(sum, *update, filters * vectors, order);
    order.push_back("y");
    loops<ReorderOp>(sum, order, update);
  }
}

/// Whether enough of the weights of an update are zero for lists to be worth a look.
bool DefaultSchedule::isSparse(StageOp sum, unsigned update) {
  auto [known, isNew] = sparse.try_emplace({sum, update}, false);
  if (!isNew)
    return known->second;
  int64_t zeros = 0, all = 0;
  sum.getUpdateOps()[update].walk([&](ReadOp read) {
    auto table = dyn_cast_or_null<TableOp>(SymbolTable::lookupSymbolIn(pipeline, read.getSource()));
    if (!table)
      return;
    auto values = tableValues(table);
    if (failed(values))
      return;
    all += values->size();
    zeros += llvm::count_if(*values, [](const APFloat &v) { return v.isZero(); });
  });
  return known->second = zeros * 8 > all;
}

/// Taps that a tile of `filters` visits for all of the stage's channels: the whole domain, or lists.
int64_t DefaultSchedule::entriesOf(StageOp sum, unsigned update, int64_t filters, bool lists) {
  UpdateOp op = sum.getUpdateOps()[update];
  if (!lists) {
    int64_t points = llvm::divideCeil(channelsOf(sum), filters);
    for (AffineExpr extent : op.getExtents().getResults())
      if (auto constant = dyn_cast<AffineConstantExpr>(extent))
        points *= constant.getValue();
    return points;
  }
  auto [known, isNew] = listEntries.try_emplace({sum, update, filters}, INT64_MAX / 1024);
  if (!isNew)
    return known->second;
  Definition definition;
  definition.group.emplace();
  definition.group->tap = "tap";
  definition.group->factor = filters;
  definition.loops.push_back({"tap"});
  for (auto name : op.getRdims().getAsRange<StringAttr>())
    definition.group->loops.push_back(name.str());
  auto entries = GroupedTaps(pipeline, sum, op, definition).count();
  if (succeeded(entries))
    known->second = *entries;
  return known->second;
}

/// Cycles for a row of one pixel vector of all channels, and the tile that takes the fewest, where a
/// tile has `vectors` vectors. A tap costs its multiply-adds (two a cycle), its loads (two a cycle:
/// inputs and weights), its instructions (five a cycle; a list's entry is read and decoded), or the
/// latency of the multiply-add that goes on from the tap before.
double DefaultSchedule::tileCost(StageOp stored, int64_t vectors, Tile &best) {
  StageOp sum = sums[stored.getSymName()].first;
  int64_t channels = channelsOf(stored);
  double least = std::numeric_limits<double>::infinity();
  for (int64_t filters : {1, 2, 3, 4, 5, 6, 8}) {
    // In straight-line code the driver's compiler loads ahead, which takes two registers.
    int64_t registers = filters * vectors + vectors + 1;
    if (filters > channels || registers > device.registers)
      continue;
    Tile tile{filters, vectors, {}};
    double cycles = 0;
    for (unsigned update = 0; update < sum.getUpdateOps().size(); ++update) {
      auto tap = [&](double overhead) {
        double multiplyAdds = filters * vectors, loads = filters + vectors, latency = 5;
        double busiest = std::max({latency, multiplyAdds / 2, loads / 2,
                                   (multiplyAdds + loads + overhead) / 5});
        return busiest + loads / 50; // of equals, the one that loads less
      };
      double dense = entriesOf(sum, update, filters, false) * tap(2);
      if (registers + 2 > device.registers)
        dense *= 2;
      // Where a list ends is not predicted.
      double lists = isSparse(sum, update) ? entriesOf(sum, update, filters, true) * tap(9) +
                                                 llvm::divideCeil(channels, filters) * 15.0
                                           : dense;
      tile.lists.push_back(lists < dense);
      // Sums start at zero and are stored.
      cycles += std::min(dense, lists) + llvm::divideCeil(channels, filters) * 2.0 * filters * vectors;
    }
    cycles /= vectors;
    if (cycles < least) {
      least = cycles;
      best = tile;
    }
  }
  return least;
}

/// Tiles of all stages around sums; one that is computed at another's tile has its pixels.
void DefaultSchedule::chooseTiles() {
  for (auto &entry : facts) {
    Facts &f = entry.second;
    if (!f.root || f.tileOf || !sumTiles(f.op))
      continue;
    SmallVector<StageOp> members{f.op};
    for (unsigned i = 0; i < members.size(); ++i)
      for (auto &other : facts)
        if (other.second.tileOf == members[i] && sumTiles(other.second.op))
          members.push_back(other.second.op);
    double least = std::numeric_limits<double>::infinity();
    for (int64_t vectors = 1; vectors <= 5; ++vectors) {
      double cycles = 0;
      SmallVector<Tile> tiles(members.size());
      for (auto [member, tile] : llvm::zip(members, tiles))
        cycles += tileCost(member, vectors, tile);
      if (cycles >= least)
        continue;
      least = cycles;
      for (auto [member, tile] : llvm::zip(members, tiles))
        facts[member.getSymName()].tile = tile;
    }
  }
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
      bool around = indices.size() == 3 && read.getExterior() != Exterior::RepeatEdge &&
                    read.getExterior() != Exterior::MirrorInterior;
      for (unsigned dim : {1u, 2u}) {
        if (!around)
          break;
        Value own = reader.getPure().getArgument(dim);
        IndexExpr offset = indices[dim] - IndexExpr::get(own);
        auto low = offset.lower(any).constant(), high = offset.upper(any).constant();
        around &= low && high && !offset.dependsOn(own);
        if (around) {
          (dim == 1 ? reach.top : reach.left) = *low;
          (dim == 1 ? reach.bottom : reach.right) = *high;
        }
      }
      f.blocked |= !around;
      f.reaches.push_back(reach);
    });
  };
  SmallVector<IndexExpr> identity;
  for (Value arg : reader.getPure().getArguments())
    identity.push_back(IndexExpr::get(arg));
  visit(reader, identity);
}

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

/// Which stored stages are computed inside the kernel of their readers. From the last stage to the
/// first, so that where the readers are computed is known.
void DefaultSchedule::fuse() {
  SmallVector<StageOp> stored;
  for (auto op : pipeline.getOps<StageOp>())
    if (facts[op.getSymName()].root)
      stored.push_back(op);
  // The picture is not known; it is taken to be the one this compiler is for.
  constexpr int64_t width = 640, height = 360;
  llvm::StringMap<int64_t> ringBytes; // by root
  auto rootOf = [&](StageOp s) {
    while (StageOp at = facts[s.getSymName()].tileOf)
      s = at;
    StageOp row = facts[s.getSymName()].rowOf;
    return row ? row : s;
  };
  auto aheadOf = [&](StageOp s) {
    while (StageOp at = facts[s.getSymName()].tileOf)
      s = at;
    return facts[s.getSymName()].ahead;
  };
  for (StageOp op : llvm::reverse(stored)) {
    Facts &f = facts[op.getSymName()];
    bool picture = op.getRank() == 3 && !isa<AffineConstantExpr>(op.getExtents().getResult(2));
    bool kept = op.getOutput() || op.getInsteadOf() || f.reduction;
    for (auto other : pipeline.getOps<StageOp>())
      kept |= other.getInsteadOf() && *other.getInsteadOf() == op.getSymName();
    if (kept || f.blocked || f.reaches.empty() || !picture)
      continue;
    StageOp first = f.reaches[0].reader, root = rootOf(first);
    bool oneReader = llvm::all_of(f.reaches, [&](Reach &r) { return r.reader == first; });
    bool oneKernel = llvm::all_of(f.reaches, [&](Reach &r) {
      return rootOf(r.reader) == root && r.reader.getExtents().getResult(1) ==
                                             op.getExtents().getResult(1);
    });
    if (!oneKernel || !sumTiles(root))
      continue;
    int64_t channels = channelsOf(op);
    if (oneReader && sumTiles(first) &&
        llvm::all_of(f.reaches, [](Reach &r) { return r.pixel(); }) &&
        channels * fittingVectors(4) * device.vectorWidth * 4 <= device.l1Bytes / 2) {
      f.tileOf = first;
      continue;
    }
    // Rows: the newest is computed as far ahead of the root's as the reader furthest ahead needs.
    int64_t newest = INT64_MIN, oldest = INT64_MAX;
    for (Reach &r : f.reaches) {
      newest = std::max(newest, aheadOf(r.reader) + r.bottom);
      oldest = std::min(oldest, aheadOf(r.reader) + r.top);
    }
    int64_t window = newest - oldest + 1;
    int64_t bytes = int64_t(llvm::PowerOf2Ceil(window)) * channels * width * 4;
    // Computing the first rows of each band twice against writing and reading the stage.
    double rowsOfBand = double(height) / bands();
    double again = 2.0 * macsOf(op) * 2 * newest / rowsOfBand / (device.peakF32 * 1e9);
    double saved = 2.0 * channels * 4 / (device.bandwidth * 1e9);
    // Half of the cache is for weights and what streams through.
    if (ringBytes[root.getSymName()] + bytes > device.l2Bytes / 2 || again > saved)
      continue;
    ringBytes[root.getSymName()] += bytes;
    f.rowOf = root;
    f.ahead = newest;
    f.window = window;
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
    loops<ReorderOp>(root, {"xl", "xv", "ci", "co", "xt", "y"});
    loops<VectorizeOp>(root, {"xl"});
    loops<UnrollOp>(root, {"xv", "ci"});
    rows(root);
    ComputeAtOp::create(builder, root.getLoc(), sum.getSymName(), name, "co");
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
  int64_t vectors = std::clamp<int64_t>((registers - 1) / (all + 1), 1, 3);
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
    lists.push_back(isSparse(sum, i) &&
                    entriesOf(sum, i, all, true) * 5 < entriesOf(sum, i, all, false) * 4);
  if (scheduled.insert(sum.getSymName()).second)
    scheduleSum(sum, all, lanes, vectors, lists);
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

void DefaultSchedule::tileGPU(StageOp root, StageOp sum, ArrayRef<IndexExpr> reads) {
  Tail tail = isExternal(root) ? Tail::Guard : Tail::RoundUp;
  auto args = root.getPure().getArguments();
  int64_t ry = divisorOf(reads[1], args[1]), rx = divisorOf(reads[2], args[2]);
  int64_t threads = device.preferredThreads;
  int64_t tx = std::min<int64_t>(threads, 16), ty = std::max<int64_t>(1, threads / tx);
  StringRef name = root.getSymName();
  // Four channels and P pixels of a work-item: 4 P sums beside P inputs and 4 weights.
  int64_t pixels = 4;
  if (ry * rx == 1) {
    int64_t channels = channelsOf(root), filters = std::min<int64_t>(channels, 4);
    bool vector = filters == 2 || filters == 4;
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
  if (filters > 4)
    pixels = filters > 8 ? 1 : 2;
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

/// Which updates run over lists of taps. A tap of a list costs its index and address beside the loads
/// and multiply-adds of a dense one: taken to be half as much again (not measured on a phone).
SmallVector<bool> DefaultSchedule::listsGPU(StageOp sum, int64_t filters) {
  SmallVector<bool> lists;
  for (unsigned i = 0; i < sum.getUpdateOps().size(); ++i)
    lists.push_back(isSparse(sum, i) &&
                    entriesOf(sum, i, filters, true) * 3 < entriesOf(sum, i, filters, false) * 2);
  return lists;
}

/// A work-item's sums: channels in one vector, pixels and window in straight-line code, or lists of
/// taps that all work-items of a group run over together.
void DefaultSchedule::scheduleSumGPU(StageOp sum, int64_t filters, bool vector) {
  SmallVector<bool> lists = listsGPU(sum, filters);
  if (vector) {
    // The channels of a pixel are one variable.
    StoreInOp::create(builder, sum.getLoc(),
                      FlatSymbolRefAttr::get(builder.getContext(), sum.getSymName()),
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
      group(sum, *update, filters, order);
    else if (update)
      reductionLoops(sum, *update, 4, order);
    order.push_back("y");
    loops<ReorderOp>(sum, order, update);
  }
}

/// One loop over the taps of a group of filters. Taps that read the same row of the same channel are
/// neighbours.
void DefaultSchedule::group(StageOp sum, int64_t update, int64_t filters,
                            SmallVectorImpl<StringRef> &order) {
  SmallVector<StringRef> names;
  for (auto name : sum.getUpdateOps()[update].getRdims().getAsRange<StringAttr>())
    names.push_back(name.getValue());
  GroupOp::create(builder, sum.getLoc(), sum.getSymName(), update, builder.getStrArrayAttr(names),
                  "tap", filters, "c");
  order.push_back("tap");
}

/// The loops of a reduction domain, innermost first; those over a window, from the innermost on, are
/// straight-line code inside the loop over channels while that code stays short: `perTap` operations
/// for each point.
void DefaultSchedule::reductionLoops(StageOp sum, int64_t update, int64_t perTap,
                                     SmallVectorImpl<StringRef> &order) {
  constexpr int64_t most = 128;
  UpdateOp op = sum.getUpdateOps()[update];
  auto rdims = llvm::to_vector(op.getRdims().getAsRange<StringAttr>());
  bool unrolled = true;
  for (int64_t at = rdims.size() - 1; at >= 0; --at) {
    auto extent = dyn_cast<AffineConstantExpr>(op.getExtents().getResult(at));
    perTap *= extent ? extent.getValue() : most;
    unrolled &= at > 0 && extent && perTap <= most;
    if (unrolled)
      loops<UnrollOp>(sum, {rdims[at].getValue()}, update);
    order.push_back(rdims[at].getValue());
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
  AffineExpr height = stage.getExtents().getResult(1);
  SplitOp::create(builder, stage.getLoc(), stage.getSymName(), "y", "band", "row",
                  AffineMap::get(0, 2, height.ceilDiv(bands())), Tail::Guard, IntegerAttr());
  loops<GpuBlocksOp>(stage, {"band"});
}

/// A root stage without a reduction to tile for.
void DefaultSchedule::plainRoot(StageOp root, bool vectorize) {
  if (!root.getUpdateOps().empty())
    return;
  bool cpu = device.kind == srcc::DeviceKind::CPU;
  AffineMap extents = root.getExtents();
  if (isa<AffineConstantExpr>(extents.getResult(2))) { // rows or pixels
    loops<GpuBlocksOp>(root, {isa<AffineConstantExpr>(extents.getResult(1)) ? StringRef("c")
                                                                            : StringRef("y")});
    return;
  }
  Tail tail = isExternal(root) ? Tail::Guard : Tail::RoundUp;
  if (!cpu) {
    int64_t tx = std::min<int64_t>(device.preferredThreads, 16);
    int64_t ty = std::max<int64_t>(1, device.preferredThreads / tx);
    split(root, "x", "xb", "tx", tx, tail);
    split(root, "y", "yb", "ty", ty, tail);
    loops<ReorderOp>(root, {"tx", "ty", "xb", "yb", "c"});
    loops<GpuThreadsOp>(root, {"tx", "ty"});
    loops<GpuBlocksOp>(root, {"xb", "yb", "c"});
    return;
  }
  // Neighbours in x are neighbours in all that is read: whole vectors.
  Value x = root.getPure().getArgument(2);
  bool contiguous = vectorize && !isExternal(root) && !readsInput(root);
  root.walk([&](ReadOp read) {
    auto step = read.getIndices().empty() ? std::optional<int64_t>(0)
                                          : IndexExpr::get(read.getIndices().back()).coefficientOf(x);
    contiguous &= step && (*step == 1 || *step == 0) && read.getExterior() != Exterior::RepeatEdge &&
                  read.getExterior() != Exterior::MirrorInterior;
  });
  StringRef name = root.getSymName();
  if (contiguous && device.vectorWidth > 1) {
    split(root, "x", "xv", "xl", device.vectorWidth, tail);
    loops<VectorizeOp>(root, {"xl"});
    AlignBoundsOp::create(builder, root.getLoc(), name, "x", int64_t(device.vectorWidth));
    loops<ReorderOp>(root, {"xl", "xv", "c", "y"});
  } else {
    loops<ReorderOp>(root, {"x", "c", "y"});
  }
  rows(root);
}

/// A tile asks for what the next one reads of a stage that comes from memory.
void DefaultSchedule::prefetch(Facts &f) {
  if (device.prefetching == srcc::Prefetching::None || f.tileOf || f.rowOf || f.op.getRank() != 3 ||
      channelsOf(f.op) < 8)
    return;
  llvm::DenseSet<Operation *> done;
  for (Reach &r : f.reaches) {
    StageOp tile = r.reader;
    while (facts[tile.getSymName()].tileOf)
      tile = facts[tile.getSymName()].tileOf;
    auto sum = sums.find(tile.getSymName());
    if (sum != sums.end() && tiles(tile, sum->second.second) && done.insert(tile).second)
      PrefetchOp::create(builder, f.op.getLoc(), f.op.getSymName(), tile.getSymName(), "xt", 1);
  }
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

void DefaultSchedule::run() {
  analyse();
  auto schedule = ScheduleOp::create(builder, pipeline.getLoc(), pipeline.getSymName());
  builder.createBlock(&schedule.getBody());
  // Which root computes which reduction; reductions without one get storage, which may make more
  // roots, so until nothing changes.
  auto roots = [&] {
    return llvm::count_if(facts, [](auto &entry) { return entry.second.root; });
  };
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
  std::string packed[] = {"x/" + std::to_string(device.vectorWidth),
                          "x%" + std::to_string(device.vectorWidth)};
  if (cpu) {
    for (auto op : pipeline.getOps<StageOp>())
      if (facts[op.getSymName()].root)
        collectReaches(op);
    if (fusion)
      fuse();
    chooseTiles();
  }
  for (auto op : pipeline.getOps<StageOp>()) {
    StringRef name = op.getSymName();
    if (!facts[name].root)
      continue;
    if (!facts[name].tileOf && !facts[name].rowOf)
      ComputeRootOp::create(builder, op.getLoc(), name);
    auto sum = sums.find(name);
    if (sum == sums.end()) {
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
    if (!isExternal(op) && !op.getInsteadOf() && !facts[name].tileOf) {
      if (cpu && streams(facts[name]))
        store(name, {"y", packed[0], "c", packed[1]}, 1, false, true);
      else if (cpu)
        store(name, {"y", "c", "x"}, 16, true, true);
      else if (channelsOf(op) >= 4)
        store(name, {"c/4", "y", "x", "c%4"}, 1, false, true);
      else
        store(name, {"c", "y", "x"}, 1, false, true);
    }
  }
  // At loops that exist by now.
  for (auto op : pipeline.getOps<StageOp>()) {
    Facts &f = facts[op.getSymName()];
    StringRef name = op.getSymName();
    explain(f);
    if (f.root && cpu)
      prefetch(f);
    if (StageOp at = f.tileOf) {
      ComputeAtOp::create(builder, op.getLoc(), name, at.getSymName(), "xt");
    } else if (StageOp at = f.rowOf) {
      ComputeAtOp::create(builder, op.getLoc(), name, at.getSymName(), "row");
      StoreAtOp::create(builder, op.getLoc(), name, at.getSymName(), "band");
      FoldStorageOp::create(builder, op.getLoc(), name, "y", llvm::PowerOf2Ceil(f.window));
    }
  }
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
        DefaultSchedule(pipeline, *device, precision, fusion).run();
    }
  }
};
} // namespace
