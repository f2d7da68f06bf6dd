//===- DefaultSchedule.h - Schedules by rule, per device --------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// The rules look at how stages read each other and at the device's facts:
//  - a stage that one other reads point by point is inlined into it, so that epilogues (bias,
//    activation, residual, pixel shuffle, conversion to 8 bit) are part of the kernel before them;
//  - a reduction is computed at a tile of its reader and stays in registers: F channels x P vectors
//    (CPU) or 4 channels x P pixels of a work-item (GPU);
//  - the rest is stored: in rows interleaved by channel (CPU: neighbouring channels are near, an
//    odd number of cache lines avoids set conflicts), tile by tile where all readers read their own
//    columns, or pairs of them, which lie apart then (CPU), or packed by 4 channels (GPU); a tile
//    of a CPU asks for what the next one reads;
//  - sums run over lists of taps where enough weights are zero;
//  - CPU: what one stage alone reads at its own pixels is computed tile by tile of that stage and
//    stays in the first-level cache; what the stages of one kernel read at their own rows and those
//    around is computed row by row, ahead of them, in rings that stay in the second-level cache;
//    what is made of another stage's blocks of rows is computed block by block, strip by strip,
//    with that stage at its tiles, and with the first layer where that costs less than memory.
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_SCHEDULE_DEFAULTSCHEDULE_H
#define SRCC_COMPILER_SCHEDULE_DEFAULTSCHEDULE_H

#include "compiler/schedule/Choices.h"
#include "compiler/schedule/IndexExpr.h"

#include "llvm/ADT/StringSet.h"

#include <map>
#include <optional>

namespace srcc::sched {

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
  mlir::SmallVector<bool> lists;
};

/// Pixels of a stage that are computed together from rows of others: `rows` x `columns` of its own
/// for each column of `inner` rows of a stage that ends a sum, which reads as many rows of a third,
/// if that has no sum. The tile is of the sum; the `source` of the third may be computed for its
/// strip.
struct RowBlock {
  StageOp products, input, source;
  int64_t rows = 0, columns = 1, inner = 0;
  Tile tile;
};

/// What the rules need to know of a stage.
struct Facts {
  StageOp op;
  bool reduction = false;
  mlir::SmallVector<StageOp> readers;
  bool pointwise = true; // every reader reads it once, outside reductions, and never around a point
  bool root = false;     // has storage, at the root unless tileOf or rowOf says where
  bool exact = false;    // more rows than the picture, of which differences are taken: never as f16
  bool blocked = false;  // some reader needs more than rows and columns around its own
  int64_t columns = -1;  // that each reader reads at one of its own, whatever the rows: 1 if just
                        // its own, n if a block of n and one on either side; 0 if others or not all
                        // the same, -1 if there is no reader
  mlir::SmallVector<Reach> reaches;
  // Where it is computed, if not at the root.
  StageOp tileOf;              // at a tile of this stage,
  std::string tileLoop = "xt"; // which is an iteration of this loop,
  bool inSum = false;          // one of the reduction of that stage's sum
  StageOp rowOf;               // at a row of this root
  int64_t strip = 0;           // columns of it, if it is computed in strips of blocks
  Tile tile;
  RowBlock block;                // what is computed at blocks of rows of this root
  int64_t ahead = 0, window = 0; // rows: the newest one relative to the root's, those alive
};

/// `inner` and `rows` where e is inner floor(y / rows) + p with 0 <= p < inner: blocks of rows.
struct BlockRows {
  int64_t inner, rows;
};
std::optional<BlockRows> blockRowsOf(const IndexExpr &e, mlir::Value y);

/// The scale at which `e` reads a coordinate: floor(x / r) gives r, x gives 1, others 0.
int64_t divisorOf(const IndexExpr &e, mlir::Value coordinate);

/// Writes the schedule of one pipeline for one device.
class DefaultSchedule {
public:
  DefaultSchedule(PipelineOp pipeline, const srcc::Device &device, mlir::StringRef precision,
                  bool fusion, const Choices &choices)
      : pipeline(pipeline), device(device), precision(precision), fusion(fusion), choices(choices),
        builder(pipeline) {}
  std::vector<Decision> run();

private:
  /// What is chosen, else what the rule says. Asked again, the same; the decision is recorded.
  int64_t choose(Knob knob, llvm::StringRef of, int64_t rule, llvm::ArrayRef<int64_t> options);
  /// The same, where it is not decided yet: for estimates.
  int64_t preview(Knob knob, llvm::StringRef of, int64_t rule) const {
    auto chosen = choices.find({of.str(), knob});
    return chosen == choices.end() ? rule : chosen->second;
  }
  /// The name under which an update of a sum is decided on.
  static std::string updateName(StageOp sum, int64_t update) {
    std::string name = sum.getSymName().str();
    return update ? name + "[" + std::to_string(update) + "]" : name;
  }
  /// The stage in whose kernel a stored stage is computed.
  StageOp kernelOf(StageOp stage);
  void analyse();
  bool tiles(StageOp root, mlir::ArrayRef<IndexExpr> reads);
  void tileCPU(StageOp root, StageOp sum, mlir::ArrayRef<IndexExpr> reads);
  void tileGPU(StageOp root, StageOp sum, mlir::ArrayRef<IndexExpr> reads);
  void findBlocks();
  void chooseStrip(StageOp root);
  int64_t inputBytes(const RowBlock &block, int64_t vectors);
  void computeInStrip(StageOp root);
  void blocksCPU(StageOp root);
  void plainRoot(StageOp root, bool vectorize);
  void rows(StageOp stage);
  void prefetch(Facts &f);
  void prefetchTile(Facts &f, StageOp tile, StageOp inside, int64_t ahead);
  void explain(Facts &f);
  /// Whether a stage passes through memory tile by tile: all read it at their own columns, or at
  /// blocks of them. Vectors of all its channels lie side by side then, in the order in which tiles
  /// take them.
  bool passesByTile(Facts &f) {
    return f.root && !f.tileOf && !f.rowOf && f.columns > 0 && device.vectorWidth > 1 &&
           channelsOf(f.op) >= 8 && f.op.getRank() == 3;
  }
  /// Bands of rows of a picture for each core, by rule: several, so that none waits long for the
  /// others.
  static constexpr int64_t bandsOfUnit = 4;
  /// Whether columns that are read in blocks of `together` lie apart, which stores in parts take.
  bool inParts(int64_t together) const {
    return together > 1 && llvm::isPowerOf2_64(together) && 2 * together <= device.vectorWidth;
  }
  mlir::SmallVector<std::string> columnsOf(int64_t together, std::optional<int64_t> lanes = {});
  /// Bytes of local memory that a kernel's arrays may have.
  int64_t localRoom() const;
  int64_t units() const { return std::max<int64_t>(1, device.computeUnits); }
  void scheduleSum(StageOp sum, int64_t filters, int64_t lanes, int64_t vectors,
                   mlir::ArrayRef<bool> lists);
  void scheduleSumGPU(StageOp sum, int64_t filters, bool vector);
  void scheduleWholeSum(StageOp sum);
  void fuseGPU();
  bool holds(StageOp root);
  int64_t fittingPixels(StageOp root);
  bool listsPayGPU(StageOp sum, unsigned update, int64_t filters);
  int64_t chooseFilters(StageOp root, StageOp sum);
  int64_t filtersOf(StageOp root);
  bool tilesTexels(StageOp root);
  bool isImage(StageOp stage);
  bool isReadInTexels(StageOp stage);
  bool readsTexels(mlir::Operation *definition, StageOp reader, StageOp stage);
  bool readsImage(UpdateOp update);
  mlir::SmallVector<bool> listsGPU(StageOp sum, int64_t filters);
  /// Loops of a reduction domain in straight-line code: how many, from the innermost on, steps of
  /// the next one, and how many points that makes.
  struct StraightLine {
    int64_t loops = 0, step = 1, taps = 1;
  };
  /// Operations in a row, by rule. On a CPU: against 128, wdsr_b_x2_16x24 takes 0.95 of the time,
  /// dense as pruned to a quarter in 8x4 blocks, abpn_x3, imdn_rtc_x2 and fsrcnn_x2 as long
  /// (srcc-bench --size 640x360 in turn). GPUs have small instruction caches, and their compilers
  /// load ahead what straight-line code reads: with 128 the 5x5 in the last kernel of
  /// wdsr_b_x2_8x24 is straight-line code as a whole, and takes 192 registers and 512 bytes of
  /// private memory on Adreno 650 and 660; with 64 it takes 128 and none (srcc --static-report).
  int64_t mostStraight() const { return device.kind == srcc::DeviceKind::CPU ? 256 : 64; }
  StraightLine straightLine(StageOp sum, int64_t update, int64_t perTap, int64_t most);
  void reductionLoops(StageOp sum, int64_t update, int64_t perTap,
                      mlir::SmallVectorImpl<mlir::StringRef> &order);
  void group(StageOp sum, int64_t update, int64_t filters, int64_t step,
             mlir::SmallVectorImpl<mlir::StringRef> &order);
  void packTables(StageOp sum, int64_t filters, mlir::ArrayRef<bool> lists);
  StageOp findSum(StageOp root, mlir::SmallVectorImpl<IndexExpr> &reads);
  bool readsInput(StageOp stage, std::optional<Format> format = {});
  void collectReaches(StageOp reader);
  void fuse();
  void repeat();
  bool alike(StageOp one, StageOp other);
  bool isKept(StageOp stage);
  void store(Facts &f);
  int64_t chooseThreads(StageOp root);
  int64_t chooseStep(StageOp sum, int64_t update, int64_t rule);
  bool chooseLists(StageOp sum, int64_t update, bool rule);
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
  double crossing(StageOp sum, unsigned update);
  double tileCycles(StageOp stored, Tile &tile);
  static constexpr int64_t tileFilters[] = {1, 2, 3, 4, 5, 6, 8, 10, 12}; ///< of a tile, by rule
  static constexpr int64_t mostVectors = 5;                               ///< of pixels, of a tile
  double tileCost(StageOp stored, int64_t vectors, Tile &tile, bool whole = false);
  int64_t tapsOf(StageOp sum, unsigned update, int64_t filters);
  int64_t tapsInLists(StageOp sum, unsigned update, int64_t filters, int64_t step = 1);
  struct Lists {
    double cycles = 0;
    int64_t step = 1;
  };
  Lists listsOf(StageOp sum, unsigned update, int64_t filters, int64_t vectors);
  bool isSparse(StageOp sum, unsigned update);
  int64_t vectorsHeld(int64_t channels) const;

  // Directives.
  mlir::AffineMap factor(int64_t n) {
    return mlir::AffineMap::get(0, 2, mlir::getAffineConstantExpr(n, builder.getContext()));
  }
  void split(StageOp s, mlir::StringRef loop, mlir::StringRef outer, mlir::StringRef inner,
             int64_t by, Tail tail, std::optional<int64_t> update = std::nullopt) {
    SplitOp::create(builder, s.getLoc(), s.getSymName(), loop, outer, inner, factor(by), tail,
                    update ? builder.getI64IntegerAttr(*update) : mlir::IntegerAttr());
  }
  template <typename Op>
  void loops(StageOp s, mlir::ArrayRef<mlir::StringRef> names,
             std::optional<int64_t> update = std::nullopt) {
    Op::create(builder, s.getLoc(), s.getSymName(), builder.getStrArrayAttr(names),
               update ? builder.getI64IntegerAttr(*update) : mlir::IntegerAttr());
  }
  void store(mlir::StringRef name, mlir::ArrayRef<mlir::StringRef> layout, int64_t align, bool odd,
             bool narrow, Memory memory = Memory::Global) {
    mlir::TypeAttr as;
    if (narrow && precision == "f16s") // with f16 the algorithm's types say it
      as = mlir::TypeAttr::get(builder.getF16Type());
    StoreInOp::create(builder, pipeline.getLoc(),
                      mlir::FlatSymbolRefAttr::get(builder.getContext(), name),
                      MemoryAttr::get(builder.getContext(), memory),
                      layout.empty() ? mlir::ArrayAttr() : builder.getStrArrayAttr(layout),
                      align > 1 ? builder.getI64IntegerAttr(align) : mlir::IntegerAttr(),
                      odd ? builder.getUnitAttr() : mlir::UnitAttr(), as);
  }
  static int64_t channelsOf(StageOp s) {
    auto c = mlir::dyn_cast<mlir::AffineConstantExpr>(s.getExtents().getResult(0));
    return c ? c.getValue() : 0;
  }
  static bool isExternal(StageOp s) { return bool(s.getOutput()); }
  StageOp lookup(mlir::StringRef name) {
    return mlir::dyn_cast_or_null<StageOp>(mlir::SymbolTable::lookupSymbolIn(pipeline, name));
  }

  PipelineOp pipeline;
  const srcc::Device &device;
  mlir::StringRef precision;
  bool fusion;
  const Choices &choices;
  llvm::DenseMap<mlir::Operation *, bool> images; // known answers of isImage
  mlir::OpBuilder builder;
  std::vector<Decision> decisions;
  llvm::StringMap<Facts> facts;
  llvm::StringSet<> scheduled;
  // Found once: by sum and update, and by the filters that share a list.
  std::map<std::pair<mlir::Operation *, unsigned>, bool> sparse;
  std::map<std::tuple<mlir::Operation *, unsigned, int64_t>, std::vector<int64_t>> listLengths;
  // Of each stored stage, the sum that is computed with it and where it is read.
  llvm::StringMap<std::pair<StageOp, mlir::SmallVector<IndexExpr>>> sums;
};

} // namespace srcc::sched

#endif // SRCC_COMPILER_SCHEDULE_DEFAULTSCHEDULE_H
