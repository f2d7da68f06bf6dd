//===- CostTest.cpp - Footprints, counts, times and the memo --------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/cost/Calibrate.h"
#include "compiler/cost/Footprint.h"
#include "compiler/cost/KernelTree.h"
#include "compiler/cost/LayerList.h"
#include "compiler/cost/Memo.h"
#include "compiler/tools/Pipeline.h"
#include "compiler/tools/Registration.h"

#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

using namespace mlir;
using namespace srcc;
using namespace srcc::cost;

namespace {

//===----------------------------------------------------------------------===//
// Footprints, against sets of bytes
//===----------------------------------------------------------------------===//

TEST(Footprint, LinesOfOnePlace) {
  Footprint f;
  EXPECT_EQ(f.bytes(), 0);
  f.add(0, 4);
  EXPECT_EQ(f.bytes(), 64);
  f.add(60, 68);
  EXPECT_EQ(f.bytes(), 128);
  f.add(-4, 0);
  EXPECT_EQ(f.bytes(), 192);
}

TEST(Footprint, ContiguousLoop) {
  Footprint f;
  f.add(0, 32);
  f.expand(32, 100);
  EXPECT_EQ(f.bytes(), 3200);
}

TEST(Footprint, NegativeStride) {
  Footprint f;
  f.add(3168, 3200);
  f.expand(-32, 100);
  EXPECT_EQ(f.bytes(), 3200);
}

TEST(Footprint, RowsOfAStencilOverlap) {
  Footprint f; // three rows of 64 bytes, 4096 apart, moved by a row ten times: twelve rows
  for (int row = 0; row < 3; ++row)
    f.add(row * 4096, row * 4096 + 64);
  f.expand(4096, 10);
  EXPECT_EQ(f.bytes(), 12 * 64);
}

TEST(Footprint, RingOfOffsets) {
  Footprint f;
  f.add(0, 64);
  f.expand(std::vector<int64_t>{0, 4096, 8192, -4096, 0, 4096}, 6);
  EXPECT_EQ(f.bytes(), 4 * 64);
}

TEST(Footprint, ManyPiecesAreCountedAllTheSame) {
  Footprint f;
  f.add(0, 64);
  f.expand(4096, 1000);
  f.expand(4096 * 1000, 1000); // more pieces than are kept apart
  EXPECT_EQ(f.bytes(), 64e6);
}

TEST(Footprint, SetsThatWereExpandedOtherwiseAreNotMultiplied) {
  Footprint few, many;
  few.add(0, 64);
  few.expand(4096, 1000); // kept apart
  for (int64_t i = 0; i < 4; ++i)
    many.add(i * 256, i * 256 + 64);
  many.expand(4096, 1000); // copies of four
  double most = many.bytes();
  EXPECT_EQ(most, 4 * 64e3);
  few.add(many);
  EXPECT_EQ(few.bytes(), most);
}

//===----------------------------------------------------------------------===//
// Counts, against loops run by hand
//===----------------------------------------------------------------------===//

class Cost : public testing::Test {
protected:
  Cost() {
    DialectRegistry registry;
    registerDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }
  Program parse(const std::string &text) {
    auto module = parseSourceString<ModuleOp>(text, &context);
    EXPECT_TRUE(module);
    auto program = Program::get(*module);
    EXPECT_TRUE(succeeded(program));
    return std::move(*program);
  }
  Program lower(const LayerList &list, const std::string &target = "pocl-cpu", bool fusion = true) {
    auto module = buildNetwork(list, &context);
    EXPECT_TRUE(module);
    EXPECT_TRUE(succeeded(lowerToKernels(*module, {target, "f32", fusion})));
    auto program = Program::get(*module);
    EXPECT_TRUE(succeeded(program));
    return std::move(*program);
  }
  double total(const LayerList &list, const std::string &target, int64_t height = 360,
               int64_t width = 640) {
    Program program = lower(list, target);
    CostModel model(llvm::cantFail(loadDevice(target)));
    double ms = 0;
    llvm::cantFail(model.predict(program, height, width, &ms));
    return ms;
  }
  MLIRContext context;
};

/// Launches @k, which reads one picture and writes another, once a row.
constexpr const char *launchOfK = R"(
ocl.program @net {
  ocl.buffer @in input f32 elements affine_map<()[s0, s1] -> (s0 * s1)> format f32_planar
  ocl.buffer @out output f32 elements affine_map<()[s0, s1] -> (s0 * s1)> format f32_planar
  ocl.launch @kernels::@k blocks affine_map<()[s0, s1] -> (s0)> threads affine_map<()[s0, s1] -> (1)>
    args [@in, @out] reads [0] writes [1] layers ["a"]
}
)";

/// A row of each work-group, in vectors; every second row only where the picture has one more.
constexpr const char *rows = R"(
gpu.module @kernels {
  gpu.func @k(%in: memref<?xf32> {ocl.name = "in", ocl.read_only}, %list: memref<?xi32> {ocl.name = "list", ocl.read_only},
      %out: memref<?xf32> {ocl.name = "out"}, %h: i32, %w: i32) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %width = arith.index_cast %w : i32 to index
    %y = gpu.block_id x
    %row = arith.muli %y, %width : index
    %n = arith.divui %width, %c8 : index
    scf.for %x = %c0 to %n step %c1 {
      %p = arith.muli %x, %c8 : index
      %at = arith.addi %row, %p : index
      %v = vector.load %in[%at] : memref<?xf32>, vector<8xf32>
      %same = vector.load %in[%at] : memref<?xf32>, vector<8xf32>
      %s = arith.addf %v, %same : vector<8xf32>
      vector.store %s, %out[%at] : memref<?xf32>, vector<8xf32>
    }
    %bit = arith.andi %y, %c1 : index
    %odd = arith.cmpi eq, %bit, %c1 : index
    scf.if %odd {
      %start = memref.load %list[%c0] : memref<?xi32>
      %end = memref.load %list[%c1] : memref<?xi32>
      %from = arith.index_cast %start : i32 to index
      %to = arith.index_cast %end : i32 to index
      scf.for %t = %from to %to step %c1 {
        %f = memref.load %in[%t] : memref<?xf32>
        memref.store %f, %out[%t] : memref<?xf32>
      }
    }
    gpu.return
  }
}
ocl.program @net {
  ocl.buffer @in input f32 elements affine_map<()[s0, s1] -> (s0 * s1)> format f32_planar
  ocl.buffer @list constant i32 elements affine_map<()[s0, s1] -> (2)> value dense<[3, 8]> : tensor<2xi32>
  ocl.buffer @out output f32 elements affine_map<()[s0, s1] -> (s0 * s1)> format f32_planar
  ocl.launch @kernels::@k blocks affine_map<()[s0, s1] -> (s0)> threads affine_map<()[s0, s1] -> (1)>
    args [@in, @list, @out] reads [0, 1] writes [2] layers ["a", "b"] {layer_macs = affine_map<()[s0, s1] -> (s0 * 3, s0)>}
}
)";

TEST_F(Cost, TripCountsConditionsAndTables) {
  Program program = parse(rows);
  ASSERT_EQ(program.kernels.size(), 1u);
  Counts counts = program.count(program.launches[0], 10, 64, {32768, 524288});
  // Root, loop over x, then, loop over the list.
  ASSERT_EQ(counts.runs.size(), 4u);
  EXPECT_EQ(counts.runs[0], 10);
  EXPECT_EQ(counts.runs[1], 10 * 8);
  EXPECT_EQ(counts.runs[2], 5);
  EXPECT_EQ(counts.runs[3], 5 * 5);
  EXPECT_TRUE(program.kernels[0].unpredictable(3));
  EXPECT_FALSE(program.kernels[0].unpredictable(1));
  // Equal reads are one; in, list and out are touched once.
  EXPECT_EQ(program.kernels[0].piece(1).loads[3], 1);
  EXPECT_EQ(program.kernels[0].piece(1).stores[3], 1);
  EXPECT_EQ(counts.footprint, 2 * 10 * 64 * 4 + 64);
  // The second cache holds it all: a line comes or goes once, read or written.
  EXPECT_EQ(counts.traffic[1], counts.footprint);
  EXPECT_EQ(program.launches[0].layerShares, (std::vector<double>{0.75, 0.25}));
}

TEST_F(Cost, ManyWorkGroupsAreSampledWithTheirWeights) {
  Program program = parse(rows);
  Counts counts = program.count(program.launches[0], 1000, 64, {32768, 524288});
  EXPECT_NEAR(counts.runs[0], 1000, 1e-6);
  EXPECT_NEAR(counts.runs[1], 8000, 1e-6);
}

TEST_F(Cost, AddressesThatAKernelTabulatesAreFollowed) {
  // Lists of a 1x1 layer take all channels of what is read, so all of it is touched, and once.
  LayerList list;
  auto add = [&](int64_t out, int64_t kernel, double density) {
    LayerSpec spec;
    spec.name = "l" + std::to_string(list.layers.size());
    spec.out = out, spec.kernel = kernel, spec.density = density, spec.relu = true;
    if (density < 1)
      spec.structure.scheme = sparsity::Scheme::Block, spec.structure.filters = 4,
      spec.structure.channels = 1;
    list.layers.push_back(spec);
  };
  add(64, 3, 1), add(32, 1, 0.5), add(12, 3, 1);
  Program program = lower(list, "pocl-cpu", /*fusion=*/false);
  const Launch *layer = nullptr;
  for (const Launch *launch : program.floatLaunches())
    if (llvm::StringRef(launch->name).ends_with("l1_relu"))
      layer = launch;
  ASSERT_TRUE(layer);
  constexpr int64_t height = 90, width = 160;
  EXPECT_TRUE([&] {
    for (size_t n = 0; n < program.kernels[layer->kernel].size(); ++n)
      if (program.kernels[layer->kernel].unpredictable(n))
        return true;
    return false;
  }()) << "has no lists";
  Counts counts = program.count(*layer, height, width, {32 << 10, 512 << 10});
  double there = 0;
  for (size_t argument : layer->arguments)
    if (mlir::AffineMap elements = program.buffers[argument].elements)
      there += 4.0 * evaluateAffine(elements.getResult(0), height, width);
  EXPECT_GT(counts.footprint, height * width * 4.0 * (64 + 32));
  EXPECT_LT(counts.footprint, there + 80 * 64 * 4); // a tile is asked for behind the last one
}

TEST_F(Cost, RequestsToWriteAreLoadsOfWhatIsWrittenAnyway) {
  const std::string text = std::string(R"(
gpu.module @kernels {
  gpu.func @k(%in: memref<?xf32> {ocl.name = "in", ocl.read_only},
      %out: memref<?xf32> {ocl.name = "out"}, %h: i32, %w: i32) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    memref.prefetch %out[%c0], write, locality<3>, data : memref<?xf32>
    %v = memref.load %in[%c0] : memref<?xf32>
    memref.store %v, %out[%c0] : memref<?xf32>
    gpu.return
  }
}
)") + launchOfK;
  std::string toRead = text, without = text;
  toRead.replace(text.find(", write"), 7, ", read");
  size_t line = text.find("    memref.prefetch");
  without.erase(line, text.find('\n', line) - line);
  Program write = parse(text), read = parse(toRead), none = parse(without);
  auto piece = [](Program &program) -> const Piece & { return program.kernels[0].piece(0); };
  EXPECT_EQ(piece(write).loads[0], piece(none).loads[0] + 1);
  EXPECT_EQ(piece(write).prefetches, 0);
  EXPECT_EQ(piece(read).loads[0], piece(none).loads[0]);
  EXPECT_EQ(piece(read).prefetches, 1);
  auto footprint = [](Program &program) {
    return program.count(program.launches[0], 8, 8, {32768, 524288}).footprint;
  };
  EXPECT_EQ(footprint(write), footprint(none)); // the line of the store
}

TEST_F(Cost, ShortLoopsOfACodeAreWrittenOut) {
  std::string text = std::string(R"(
gpu.module @kernels {
  gpu.func @k(%in: memref<?xf32> {ocl.name = "in", ocl.read_only},
      %out: memref<?xf32> {ocl.name = "out"}, %h: i32, %w: i32) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : index
    %width = arith.index_cast %w : i32 to index
    scf.for %i = %c0 to %c3 step %c1 {
      %v = memref.load %in[%i] : memref<?xf32>
      %s = arith.addf %v, %v : f32
      memref.store %s, %out[%i] : memref<?xf32>
    }
    gpu.return
  }
}
)") + launchOfK;
  double loop = parse(text).kernels[0].codeInstructions(0);
  double written = parse(text).kernels[0].codeInstructions(1000);
  EXPECT_EQ(written - 1, 3 * (loop - 1)); // but for the cast of the width
  EXPECT_EQ(parse(text).kernels[0].codeInstructions(10), loop);
  text.replace(text.find("to %c3"), 6, "to %width");
  EXPECT_EQ(parse(text).kernels[0].codeInstructions(1000), loop);
}

TEST_F(Cost, SignaturesTellTablesApartButNotNames) {
  std::string other = rows, renamed = rows;
  other.replace(other.find("[3, 8]"), 6, "[3, 9]");
  renamed.replace(renamed.find("ocl.name = \"out\""), 16, "ocl.name = \"map\"");
  Program a = parse(rows), b = parse(other), c = parse(renamed);
  EXPECT_EQ(a.kernels[0].signature(), b.kernels[0].signature());
  EXPECT_NE(a.launches[0].signature, b.launches[0].signature);
  EXPECT_EQ(a.launches[0].signature, c.launches[0].signature);
}

TEST_F(Cost, MultiplyAddsAreThoseOfTheModel) {
  // A 1x1 layer of 8 and 16 channels: whole tiles, so nothing is computed twice.
  LayerList list;
  for (auto [out, kernel] : {std::pair(8, 3), std::pair(16, 1), std::pair(12, 3)}) {
    LayerSpec spec;
    spec.name = "l" + std::to_string(list.layers.size());
    spec.out = out, spec.kernel = kernel;
    list.layers.push_back(spec);
  }
  Program program = lower(list, "pocl-cpu", /*fusion=*/false);
  for (const Launch *launch : program.floatLaunches()) {
    if (!llvm::is_contained(launch->layers, "l1"))
      continue;
    Counts counts = program.count(*launch, 96, 96, {32768, 524288});
    double lanes = 0;
    const Kernel &kernel = program.kernels[launch->kernel];
    for (size_t n = 0; n < kernel.size(); ++n)
      for (int w = 0; w < widthKinds; ++w)
        lanes += counts.runs[n] * kernel.piece(n).arith[int(Arith::FMA)][int(Element::F32)][w] *
                 (1 << w);
    EXPECT_GE(lanes, 96.0 * 96 * 8 * 16);
    EXPECT_LE(lanes, 98.0 * 98 * 8 * 16 * 1.35); // the halo, and the last tile of a row
  }
}

/// A loop of which each turn has `taps` multiply-adds into each of `sums` variables of 8 lanes.
std::string sumsInALoop(int sums, int taps) {
  std::string text = R"(
gpu.module @kernels {
  gpu.func @k(%in: memref<?xf32> {ocl.name = "in", ocl.read_only}, %out: memref<?xf32> {ocl.name = "out"}, %h: i32, %w: i32)
      kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %n = arith.index_cast %w : i32 to index
    %zero = arith.constant dense<0.0> : vector<8xf32>
)";
  llvm::raw_string_ostream os(text);
  for (int s = 0; s < sums; ++s)
    os << "%s" << s << " = memref.alloca() : memref<vector<8xf32>>\n"
       << "memref.store %zero, %s" << s << "[] : memref<vector<8xf32>>\n";
  os << "scf.for %i = %c0 to %n step %c1 {\n";
  for (int t = 0; t < taps; ++t) {
    os << "%c" << t + 2 << " = arith.constant " << t + 2 << " : index\n"
       << "%at" << t << " = arith.addi %i, %c" << t + 2 << " : index\n"
       << "%v" << t << " = vector.load %in[%at" << t << "] : memref<?xf32>, vector<8xf32>\n";
    for (int s = 0; s < sums; ++s) {
      std::string id = std::to_string(t) + "_" + std::to_string(s);
      os << "%a" << id << " = memref.load %s" << s << "[] : memref<vector<8xf32>>\n"
         << "%f" << id << " = math.fma %v" << t << ", %v" << t << ", %a" << id
         << " : vector<8xf32>\n"
         << "memref.store %f" << id << ", %s" << s << "[] : memref<vector<8xf32>>\n";
    }
  }
  os << "}\n";
  for (int s = 0; s < sums; ++s)
    os << "%e" << s << " = memref.load %s" << s << "[] : memref<vector<8xf32>>\n"
       << "vector.store %e" << s << ", %out[%c0] : memref<?xf32>, vector<8xf32>\n";
  os << "gpu.return\n}\n}\n" << launchOfK;
  return text;
}

TEST_F(Cost, SpillsAreTheFewestThatARegisterAllocationNeeds) {
  auto spills = [&](int sums, int taps, double registers) {
    return parse(sumsInALoop(sums, taps)).kernels[0].piece(1).spillsWith(registers) / 8;
  };
  // With what is read there is one value more than sums.
  EXPECT_EQ(spills(15, 1, 128), 0);
  EXPECT_EQ(spills(15, 8, 128), 0);
  for (int taps : {1, 2, 8}) {
    // In each round of 24 sums and a value at least 9 come from memory, and each is changed, so
    // that one is written for each that is read; those who hold 16 values are 15 sums.
    EXPECT_GE(spills(24, taps, 128), 2 * 9 * taps);
    EXPECT_LE(spills(24, taps, 128), 2 * 12 * taps);
    EXPECT_EQ(spills(24, taps, 256), 0);
    EXPECT_EQ(spills(24, taps, 300), 0);
    EXPECT_GT(spills(24, taps, 64), spills(24, taps, 128));
  }
}

//===----------------------------------------------------------------------===//
// Times
//===----------------------------------------------------------------------===//

/// A network of one layer of interest between two others.
LayerList oneLayer(int64_t channels, double density, int64_t depth = 1) {
  LayerList list;
  auto add = [&](int64_t out, double density) {
    LayerSpec spec;
    spec.name = "l" + std::to_string(list.layers.size());
    spec.out = out, spec.density = density, spec.relu = true;
    if (density < 1)
      spec.structure.scheme = sparsity::Scheme::Block, spec.structure.filters = 4,
      spec.structure.channels = 1;
    list.layers.push_back(spec);
  };
  add(channels, 1);
  for (int64_t i = 0; i < depth; ++i)
    add(channels, density);
  add(12, 1);
  return list;
}

/// The times of networks, in order of growing work, grow.
void expectGrowth(llvm::ArrayRef<double> times, const char *what) {
  for (size_t i = 1; i < times.size(); ++i)
    EXPECT_GT(times[i], times[i - 1] * 0.999) << what << ", step " << i;
}

/// A device file with what a fit may make of the coefficients that files leave at nothing.
std::string fittedDevice() {
  Device device = llvm::cantFail(loadDevice("pocl-cpu"));
  device.cost.roofPower.value = 1.5;
  device.cost.growth.value = 0.1, device.cost.memoryGrowth.value = 0.2;
  device.cost.address.value = 0.2, device.cost.branch.value = 1, device.cost.spill.value = 0.2;
  device.cost.prefetchCycles.value = 20, device.cost.enterCycles.value = 5;
  std::string path = testing::TempDir() + "/fitted.json";
  std::ofstream(path) << printDevice(device);
  return path;
}

TEST_F(Cost, MoreWorkTakesMoreTime) {
  std::string fitted = fittedDevice();
  for (const char *target : {"pocl-cpu", "adreno640", "adreno650", "mali-g77", fitted.c_str()}) {
    std::vector<double> byWidth, byDepth, bySize;
    for (int64_t channels : {8, 16, 24, 32, 48}) // multiples of the group of channels
      byWidth.push_back(total(oneLayer(channels, 1), target));
    for (int64_t depth : {1, 2, 4})
      byDepth.push_back(total(oneLayer(16, 1, depth), target));
    Program program = lower(oneLayer(16, 1), target);
    CostModel model(llvm::cantFail(loadDevice(target)));
    for (auto [height, width] :
         {std::pair(90, 160), std::pair(180, 320), std::pair(360, 640), std::pair(720, 1280)}) {
      bySize.emplace_back();
      llvm::cantFail(model.predict(program, height, width, &bySize.back()));
    }
    expectGrowth(byWidth, target);
    expectGrowth(byDepth, target);
    expectGrowth(bySize, target);
  }
  // On GPUs, half of the weights over lists cost more than all without: the default schedule
  // decides.
  for (const char *target : {"pocl-cpu", fitted.c_str()}) {
    std::vector<double> byDensity;
    for (double density : {0.125, 0.25, 0.5, 1.0})
      byDensity.push_back(total(oneLayer(32, density), target));
    expectGrowth(byDensity, target);
  }
}

TEST_F(Cost, StatisticsOfAMaskStandForIt) {
  LayerList list;
  using S = sparsity::Scheme;
  auto add = [&](int64_t out, int64_t kernel, S scheme, double density) {
    LayerSpec spec;
    spec.name = "l" + std::to_string(list.layers.size());
    spec.out = out, spec.kernel = kernel, spec.density = density, spec.relu = true;
    spec.structure.scheme = scheme;
    spec.structure.filters = 4, spec.structure.channels = 1, spec.structure.shared = 4;
    list.layers.push_back(spec);
  };
  add(24, 3, S::Dense, 1), add(24, 3, S::Block, 0.2), add(32, 1, S::Block, 0.4);
  add(24, 3, S::Pattern, 0.3), add(16, 3, S::Unstructured, 0.1), add(12, 3, S::Dense, 1);
  list.layers[2].add = "l1", list.layers[2].out = 24;
  auto network = buildNetwork(list, &context);
  ASSERT_TRUE(succeeded(simplifyModel(*network, "pocl-cpu")));
  auto found = layersOf(*network);
  ASSERT_TRUE(succeeded(found));
  ASSERT_EQ(found->layers.size(), list.layers.size());
  EXPECT_EQ(found->layers[1].kept.size(), 6u); // of 4 filters each
  EXPECT_EQ(found->layers[2].add, "l1");
  // As text and back, with other random weights.
  auto again = parseLayerList(printLayerList(*found), "layers.json");
  ASSERT_TRUE(bool(again)) << llvm::toString(again.takeError());
  again->seed = 7;
  auto other = buildNetwork(*again, &context);
  ASSERT_TRUE(succeeded(simplifyModel(*other, "pocl-cpu")));
  auto statistics = layersOf(*other);
  ASSERT_TRUE(succeeded(statistics));
  for (auto [a, b] : llvm::zip(found->layers, statistics->layers)) {
    auto sorted = [](std::vector<int64_t> v) { return llvm::sort(v), v; }; // filters move
    EXPECT_EQ(sorted(a.kept), sorted(b.kept)) << a.name;
    EXPECT_EQ(a.structure.scheme, b.structure.scheme) << a.name;
  }
  // On GPUs the lists of patterns differ by more: docs/cost.md has the figures.
  EXPECT_NEAR(total(*again, "pocl-cpu") / total(list, "pocl-cpu"), 1, 0.03);
}

TEST_F(Cost, LayersShareTheirKernels) {
  LayerList list = randomLayers(2, 3);
  Program program = lower(list);
  for (const Launch &launch : program.launches) {
    double sum = 0;
    for (double share : launch.layerShares)
      sum += share;
    if (!launch.layers.empty()) {
      EXPECT_NEAR(sum, 1, 1e-9);
    }
  }
}

TEST_F(Cost, BatchesAnswerAsSingleQueries) {
  Program program = lower(randomLayers(3, 3));
  Device device = llvm::cantFail(loadDevice("pocl-cpu"));
  CostModel model(device);
  auto launches = program.floatLaunches();
  std::vector<Time> together(launches.size());
  for (auto [launch, time] : llvm::zip(launches, together))
    model.enqueue(program, *launch, 90, 160, 0.5, &time);
  llvm::cantFail(model.evaluate());
  for (auto [launch, time] : llvm::zip(launches, together)) {
    Time alone;
    model.enqueue(program, *launch, 90, 160, 0.5, &alone);
    llvm::cantFail(model.evaluate());
    EXPECT_EQ(alone.total, time.total);
    EXPECT_GT(alone.total, 0);
  }
}

//===----------------------------------------------------------------------===//
// The memo
//===----------------------------------------------------------------------===//

std::string scratch(const std::string &name) {
  llvm::SmallString<128> path;
  EXPECT_FALSE(llvm::sys::fs::createUniqueDirectory("cost-test", path));
  return (path + "/" + name).str();
}

TEST(Memo, KeepsWhatWasStored) {
  std::string path = scratch("memo.sqlite");
  Time time;
  time.total = 1.5, time.memory = 0.25, time.bound = Bound::Cache;
  {
    auto memo = llvm::cantFail(Memo::open(path));
    EXPECT_FALSE(llvm::cantFail(memo->find(7)));
    llvm::cantFail(memo->store({{7, time}}));
    llvm::cantFail(memo->storeAnswer(9, "text"));
  }
  auto memo = llvm::cantFail(Memo::open(path));
  auto found = llvm::cantFail(memo->find(7));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->total, 1.5);
  EXPECT_EQ(found->memory, 0.25);
  EXPECT_EQ(found->bound, Bound::Cache);
  EXPECT_EQ(llvm::cantFail(memo->findAnswer(9)), std::optional<std::string>("text"));
}

TEST(Memo, TwoWritersAtOnce) {
  std::string path = scratch("memo.sqlite");
  auto write = [&](uint64_t from) {
    auto memo = llvm::cantFail(Memo::open(path));
    for (uint64_t i = 0; i < 100; ++i)
      llvm::cantFail(memo->store({{from + i, Time()}}));
  };
  std::thread a(write, 0), b(write, 50);
  a.join(), b.join();
  auto memo = llvm::cantFail(Memo::open(path));
  for (uint64_t i = 0; i < 150; ++i)
    EXPECT_TRUE(llvm::cantFail(memo->find(i))) << i;
}

// Whoever makes the file, the others wait.
TEST(Memo, ManyOpenANewFileAtOnce) {
  for (int round = 0; round < 30; ++round) {
    std::string path = scratch("new" + std::to_string(round) + ".sqlite");
    std::vector<std::string> errors(4);
    std::vector<std::thread> openers;
    for (std::string &error : errors)
      openers.emplace_back([&] {
        auto memo = Memo::open(path);
        error = memo ? "" : llvm::toString(memo.takeError());
      });
    for (std::thread &opener : openers)
      opener.join();
    for (const std::string &error : errors)
      EXPECT_EQ(error, "");
  }
}

TEST(Memo, WhatIsNoDatabaseIsAnError) {
  std::string path = scratch("memo.sqlite");
  std::ofstream(path) << std::string(5000, 'x');
  auto memo = Memo::open(path);
  ASSERT_FALSE(memo);
  std::string text = llvm::toString(memo.takeError());
  EXPECT_NE(text.find(path), std::string::npos) << text;
  EXPECT_NE(text.find("not a database"), std::string::npos) << text;
}

//===----------------------------------------------------------------------===//
// Calibration
//===----------------------------------------------------------------------===//

TEST_F(Cost, FitFindsTheCoefficientsBehindTimes) {
  // Times made by the model itself, of a device that is slower in some ways.
  Device device = llvm::cantFail(loadDevice("pocl-cpu")), slower = device;
  slower.cost.fmaPerCycle.value *= 0.6;
  slower.cost.loadPerCycle.value *= 0.7;
  slower.cost.memoryBandwidth.value *= 0.5;
  slower.cost.launch.value = 50;
  slower.cost.exitCycles.value = 600; // so many that lists tell it from all else
  Profile profile;
  std::map<std::string, Program> programs;
  for (uint64_t kit : {0, 1, 2, 3}) {
    LayerList list = randomLayers(kit, 8);
    programs.emplace(list.name, lower(list, "pocl-cpu", /*fusion=*/false));
    const Program &program = programs.find(list.name)->second;
    CostModel model(slower);
    for (auto [height, width] : {std::pair(90, 160), std::pair(180, 320), std::pair(360, 640)}) {
      Profile::Run run{list.name, height, width, 0, {}};
      double total = 0;
      auto times = llvm::cantFail(model.predict(program, height, width, &total));
      for (auto [launch, time] : llvm::zip(program.floatLaunches(), times))
        run.launches.push_back({launch->name, time.total, 0.01});
      run.wholeMs = total;
      profile.runs.push_back(run);
    }
  }
  std::map<std::string, const Program *> byName;
  for (auto &[name, program] : programs)
    byName[name] = &program;
  auto found = fitDevice(device, profile, byName);
  ASSERT_TRUE(bool(found)) << llvm::toString(found.takeError());
  Fit fit = std::move(*found);
  EXPECT_LT(fit.error, 0.03);
  EXPECT_LT(fit.heldOutError, 0.06);
  EXPECT_NEAR(fit.device.cost.gap, slower.cost.gap, 1);
  EXPECT_GT(fit.device.cost.exitCycles, 200); // it starts at 15, and is held back
  // What cannot be fitted says why.
  for (auto &run : profile.runs)
    for (auto &launch : run.launches)
      launch.spread = 0.5;
  auto unsteady = fitDevice(device, profile, byName);
  ASSERT_FALSE(unsteady);
  EXPECT_NE(llvm::toString(unsteady.takeError()).find("not steady enough"), std::string::npos);
}

TEST(Profile, ErrorsNameThePlace) {
  auto errorOf = [](const char *text) {
    auto profile = parseProfile(text, "p.json");
    return profile ? std::string() : llvm::toString(profile.takeError());
  };
  EXPECT_EQ(errorOf("[]"),
            "p.json: is no profile of srcc-bench --profile (\"kind\" is not \"srcc-profile\")");
  EXPECT_EQ(errorOf(R"({"kind": "srcc-profile", "version": 2})"),
            "p.json: key \"version\" is not 1: another version of srcc-bench wrote it");
  EXPECT_EQ(errorOf(R"({"kind": "srcc-profile", "version": 1, "runs": []})"),
            "p.json: key \"runs\" takes a list of at least one run");
  EXPECT_EQ(
      errorOf(R"({"kind": "srcc-profile", "version": 1, "runs": [{"launches": [], "package": "a",
                        "height": 0, "width": 1, "ms": 1}]})"),
      "p.json: run 0: keys \"height\" and \"width\" take whole numbers from 1 to 1048576");
  EXPECT_EQ(
      errorOf(
          R"({"kind": "srcc-profile", "version": 1, "runs": [{"package": "a", "height": 1, "width": 1,
                        "ms": 1, "launches": [{"kernel": "k", "ms": -1, "spread": 0}]}]})"),
      "p.json: run 0, launch 0: takes \"kernel\", \"ms\" above 0 and \"spread\" of at least 0");
}

TEST(LayerList, ErrorsNameLayerAndKey) {
  auto errorOf = [](const char *text) {
    auto list = parseLayerList(text, "l.json");
    return list ? std::string() : llvm::toString(list.takeError());
  };
  EXPECT_EQ(errorOf("{}"), "l.json: takes {\"layers\": [...]} with at least one layer");
  EXPECT_EQ(errorOf(R"({"layers": [{"kernel": 3}]})"), "l.json: layer 0: key \"out\" is missing");
  EXPECT_EQ(errorOf(R"({"layers": [{"out": 12, "kernel": 2}]})"),
            "l.json: layer 0: key \"kernel\" takes 1, 3, 5, 7 or 9");
  EXPECT_EQ(errorOf(R"({"layers": [{"out": 12, "density": 0.5}]})"),
            "l.json: layer 0: key \"density\" below 1 takes a \"scheme\"");
  EXPECT_EQ(errorOf(R"({"layers": [{"out": 8}]})"),
            "l.json: the last layer has 8 filters, but channels * scale^2 are 12");
  EXPECT_EQ(errorOf(R"({"layers": [{"out": 8}, {"out": 12, "add": "layer0"}]})"),
            "l.json: layer 1: adds layer0 of 8 channels to 12");
  EXPECT_EQ(
      errorOf(R"({"layers": [{"out": 12, "scheme": "block", "density": 0.5, "f": 4, "c": 1}]})"),
      "");
}

TEST(LayerList, RandomListsDependOnTheSeedAlone) {
  LayerList a = randomLayers(5, 6), b = randomLayers(5, 6), c = randomLayers(6, 6);
  ASSERT_EQ(a.layers.size(), b.layers.size());
  bool differs = a.layers.size() != c.layers.size();
  for (size_t i = 0; i < a.layers.size(); ++i) {
    EXPECT_EQ(a.layers[i].out, b.layers[i].out);
    EXPECT_EQ(a.layers[i].density, b.layers[i].density);
    differs =
        differs || a.layers[i].out != c.layers[i].out || a.layers[i].density != c.layers[i].density;
  }
  EXPECT_TRUE(differs);
}

TEST(Device, WhatIsPrintedIsReadAgain) {
  for (const std::string &name : deviceNames()) {
    Device device = llvm::cantFail(loadDevice(name));
    auto again = parseDevice(printDevice(device), name);
    ASSERT_TRUE(bool(again)) << llvm::toString(again.takeError());
    EXPECT_EQ(printDevice(*again), printDevice(device));
  }
}

} // namespace
