//===- KernelFeatures.cpp - What a lowered kernel does ----------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#include "compiler/cost/KernelFeatures.h"
#include "compiler/cost/Evaluator.h"
#include "compiler/cost/KernelCache.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/xxhash.h"

#include <cmath>
#include <cstring>

using namespace mlir;
using namespace srcc;
using namespace srcc::cost;

//===----------------------------------------------------------------------===//
// Pieces
//===----------------------------------------------------------------------===//
static double lanesOf(int width) { return double(1 << width); }
static double pieces(int width, double native) { return std::ceil(lanesOf(width) / native); }

float Piece::count(Arith kind) const {
  float sum = 0;
  for (auto &element : arith[int(kind)])
    for (float n : element)
      sum += n;
  return sum;
}

float Piece::instructions(Arith kind, double native) const {
  float sum = 0;
  for (int e = 0; e < elementKinds; ++e)
    for (int w = 0; w < widthKinds; ++w)
      sum += arith[int(kind)][e][w] * pieces(w, native);
  return sum;
}

float Piece::loadInstructions(double native) const {
  float sum = 0;
  for (int w = 0; w < widthKinds; ++w)
    sum += loads[w] * pieces(w, native);
  return sum;
}

float Piece::storeInstructions(double native) const {
  float sum = 0;
  for (int w = 0; w < widthKinds; ++w)
    sum += stores[w] * pieces(w, native);
  return sum;
}

float Piece::spillsWith(double registers) const {
  int kind = int(std::log2(std::max(registers / leastSpillRegisters, 1.0)));
  return spills[std::min(kind, spillKinds - 1)];
}

//===----------------------------------------------------------------------===//
// Kernel
//===----------------------------------------------------------------------===//

FailureOr<Kernel> Kernel::get(gpu::GPUFuncOp func) {
  auto tree = buildTree(func);
  if (failed(tree))
    return failure();
  return Kernel(std::shared_ptr<const KernelTree>(std::move(*tree)));
}

llvm::StringRef Kernel::name() const { return tree->name; }
size_t Kernel::size() const { return tree->nodes.size(); }
const Piece &Kernel::piece(size_t node) const { return tree->nodes[node].piece; }
NodeKind Kernel::kind(size_t node) const { return tree->nodes[node].kind; }
bool Kernel::unpredictable(size_t node) const { return tree->nodes[node].unpredictable; }
double Kernel::localBytes() const { return tree->localBytes; }
double Kernel::privateBytes() const { return tree->privateBytes; }
double Kernel::codeSize() const { return tree->codeSize; }
double Kernel::codeInstructions(double unrolled) const {
  // A 64-bit address takes two additions on GPUs of 32 bits.
  constexpr double ofAccess = 1 + 2;
  llvm::DenseMap<int, int64_t> constants;
  for (auto &[slot, value] : tree->constants)
    constants[slot] = value;
  std::vector<double> code(tree->nodes.size());
  for (int n = int(tree->nodes.size()) - 1; n >= 0; --n) {
    const Node &node = tree->nodes[n];
    for (int kind = 0; kind < arithKinds; ++kind)
      code[n] += node.piece.instructions(Arith(kind), 1);
    code[n] += ofAccess * (node.piece.loadInstructions(4) + node.piece.storeInstructions(4)) +
               node.piece.addresses + double(node.code.size());
    for (int child = n + 1; child < node.end; child = tree->nodes[child].end)
      code[n] += code[child];
    constexpr int64_t mostTurns = 32; // Mesa's
    auto lower = constants.find(node.lower), upper = constants.find(node.upper),
         step = constants.find(node.step), none = constants.end();
    if (node.kind != NodeKind::Loop || lower == none || upper == none || step == none)
      continue;
    int64_t turns = llvm::divideCeil(std::max<int64_t>(0, upper->second - lower->second),
                                     std::max<int64_t>(1, step->second));
    if (turns <= mostTurns && double(turns) * code[n] <= unrolled)
      code[n] *= double(turns);
  }
  return code.front();
}
double Kernel::registers() const { return tree->registers; }
uint64_t Kernel::signature() const { return tree->signature; }

//===----------------------------------------------------------------------===//
// Program
//===----------------------------------------------------------------------===//

/// The integers of a table; nothing of other tables.
static FailureOr<std::vector<int32_t>> integersOf(ocl::BufferOp op) {
  std::vector<int32_t> values;
  if (!op.getType().isSignlessInteger(32))
    return values;
  ElementsAttr value = *op.getValue();
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob || blob->getData().size() % 4)
      return op.emitOpError("the table has no data");
    values.resize(blob->getData().size() / 4);
    std::memcpy(values.data(), blob->getData().data(), blob->getData().size());
    return values;
  }
  if (auto dense = dyn_cast<DenseElementsAttr>(value))
    for (int32_t v : dense.getValues<int32_t>())
      values.push_back(v);
  return values;
}

FailureOr<Program> Program::get(ModuleOp module, KernelCache *cache) {
  auto plans = llvm::to_vector(module.getOps<ocl::ProgramOp>());
  if (plans.size() != 1)
    return module.emitError("costs are of a lowered module with one ocl.program, but there are ")
           << plans.size();
  Program program;
  program.name = plans[0].getSymName().str();
  llvm::StringMap<size_t> kernelOf, bufferOf;
  for (auto kernels : module.getOps<gpu::GPUModuleOp>())
    for (auto func : kernels.getOps<gpu::GPUFuncOp>()) {
      auto kernel = cache ? cache->get(func) : Kernel::get(func);
      if (failed(kernel))
        return failure();
      kernelOf[(kernels.getName() + "::" + func.getName()).str()] = program.kernels.size();
      program.kernels.push_back(std::move(*kernel));
    }
  for (auto op : plans[0].getOps<ocl::BufferOp>()) {
    Table table;
    table.constant = op.getKind() == ocl::BufferKind::Constant;
    table.bits = op.getType().getIntOrFloatBitWidth();
    table.elements = op.getElements();
    if (table.constant) {
      auto values = integersOf(op);
      if (failed(values))
        return failure();
      table.values = std::move(*values);
    }
    bufferOf[op.getSymName()] = program.buffers.size();
    program.buffers.push_back(std::move(table));
  }
  for (auto op : plans[0].getOps<ocl::LaunchOp>()) {
    Launch launch;
    std::string symbol = (op.getKernel().getRootReference().getValue() +
                          "::" + op.getKernel().getLeafReference().getValue())
                             .str();
    auto kernel = kernelOf.find(symbol);
    if (kernel == kernelOf.end())
      return op.emitOpError("launches ") << op.getKernel() << ", which is in no gpu.module";
    launch.kernel = kernel->second;
    launch.name = op.getKernel().getLeafReference().str();
    if (op.getLayers())
      for (auto layer : op.getLayers()->getAsRange<StringAttr>())
        launch.layers.push_back(layer.str());
    auto weights = op->getAttrOfType<AffineMapAttr>("layer_macs");
    constexpr int64_t some = 360, more = 640; // shares hardly depend on the size
    double all = 0;
    for (size_t i = 0; i < launch.layers.size(); ++i) {
      bool known = weights && weights.getValue().getNumResults() == launch.layers.size();
      double macs = known ? evaluateAffine(weights.getValue().getResult(i), some, more) : 1;
      launch.layerShares.push_back(macs);
      all += macs;
    }
    for (double &share : launch.layerShares)
      share = all > 0 ? share / all : 1.0 / launch.layers.size();
    launch.blocks = op.getBlocks();
    launch.threads = op.getThreads();
    if (op.getMacs())
      launch.macs = *op.getMacs();
    launch.input = op.getInput();
    launch.output = op.getOutput();
    std::string key;
    auto add = [&](uint64_t v) { key.append(reinterpret_cast<char *>(&v), sizeof(v)); };
    add(program.kernels[launch.kernel].signature());
    for (auto argument : op.getArgs().getAsRange<FlatSymbolRefAttr>()) {
      size_t buffer = bufferOf.lookup(argument.getValue());
      launch.arguments.push_back(buffer);
      const std::vector<int32_t> &values = program.buffers[buffer].values;
      add(llvm::xxh3_64bits(llvm::ArrayRef<uint8_t>(
          reinterpret_cast<const uint8_t *>(values.data()), values.size() * sizeof(int32_t))));
    }
    std::string grid;
    llvm::raw_string_ostream os(grid);
    launch.blocks.print(os);
    launch.threads.print(os);
    launch.signature = llvm::xxh3_64bits(llvm::StringRef(key + grid));
    program.launches.push_back(std::move(launch));
  }
  return program;
}

Counts Program::count(const Launch &launch, int64_t height, int64_t width,
                      const CacheSizes &caches) const {
  return Evaluator(*kernels[launch.kernel].tree, launch, buffers, height, width).count(caches);
}

std::vector<const Launch *> Program::floatLaunches() const {
  std::vector<const Launch *> result;
  for (const Launch &launch : launches)
    if (launch.input != ocl::PixelFormat::U8Interleaved &&
        launch.output != ocl::PixelFormat::U8Interleaved)
      result.push_back(&launch);
  return result;
}

llvm::json::Object Program::features(const Launch &launch, int64_t height, int64_t width,
                                     const CacheSizes &caches) const {
  constexpr const char *kinds[] = {"fma",    "multiply", "add",     "select",
                                   "divide", "special",  "convert", "integer"};
  constexpr const char *elements[] = {"f32", "f16", "i32"};
  constexpr const char *nodeKinds[] = {"root", "loop", "then", "else"};
  const Kernel &kernel = kernels[launch.kernel];
  Counts counts = count(launch, height, width, caches);
  llvm::json::Object arith, loads, stores;
  double addresses = 0, decoded = 0, branches = 0, prefetches = 0, barriers = 0, broadcasts = 0,
         iterations = 0, lookups = 0;
  std::array<double, widthKinds> loaded{}, stored{};
  std::array<std::array<std::array<double, widthKinds>, elementKinds>, arithKinds> done{};
  for (size_t n = 0; n < kernel.size(); ++n) {
    const Piece &p = kernel.piece(n);
    double runs = counts.runs[n];
    for (int k = 0; k < arithKinds; ++k)
      for (int e = 0; e < elementKinds; ++e)
        for (int w = 0; w < widthKinds; ++w)
          done[k][e][w] += runs * p.arith[k][e][w];
    for (int w = 0; w < widthKinds; ++w)
      loaded[w] += runs * p.loads[w], stored[w] += runs * p.stores[w];
    decoded += runs * p.decoded;
    addresses += runs * p.addresses, branches += runs * p.branches,
        prefetches += runs * p.prefetches;
    barriers += runs * p.barriers, broadcasts += runs * p.broadcasts;
    if (kernel.kind(n) == NodeKind::Loop)
      iterations += runs;
    if (kernel.unpredictable(n))
      lookups += counts.entries[n];
  }
  for (int k = 0; k < arithKinds; ++k)
    for (int e = 0; e < elementKinds; ++e)
      for (int w = 0; w < widthKinds; ++w)
        if (done[k][e][w])
          arith[std::string(kinds[k]) + "_" + elements[e] + "x" + std::to_string(1 << w)] =
              done[k][e][w];
  for (int w = 0; w < widthKinds; ++w) {
    if (loaded[w])
      loads["x" + std::to_string(1 << w)] = loaded[w];
    if (stored[w])
      stores["x" + std::to_string(1 << w)] = stored[w];
  }
  double macs = launch.macs ? evaluateAffine(launch.macs.getResult(0), height, width) : 0;
  llvm::json::Array pieces;
  for (size_t n = 0; n < kernel.size(); ++n) {
    const Piece &p = kernel.piece(n);
    if (!counts.runs[n])
      continue;
    llvm::json::Object piece{{"node", int64_t(n)},
                             {"parent", kernel.tree->nodes[n].parent},
                             {"kind", nodeKinds[int(kernel.kind(n))]},
                             {"runs", counts.runs[n]},
                             {"entries", counts.entries[n]},
                             {"list", kernel.unpredictable(n)},
                             {"broadcasts", p.broadcasts},
                             {"addresses", p.addresses},
                             {"decoded", p.decoded},
                             {"branches", p.branches},
                             {"prefetches", p.prefetches},
                             {"chain", p.chain},
                             {"registers", p.registers}};
    for (int k = 0; k < spillKinds; ++k)
      if (p.spills[k])
        piece["spills_of_" + std::to_string(leastSpillRegisters << k)] = p.spills[k];
    for (int k = 0; k < arithKinds; ++k)
      if (float done = p.count(Arith(k)))
        piece[kinds[k]] = done;
    for (int w = 0; w < widthKinds; ++w) {
      if (p.loads[w])
        piece["load_x" + std::to_string(1 << w)] = p.loads[w];
      if (p.stores[w])
        piece["store_x" + std::to_string(1 << w)] = p.stores[w];
    }
    pieces.push_back(std::move(piece));
  }
  return llvm::json::Object{{"kernel", launch.name},
                            {"macs", macs},
                            {"groups", counts.groups},
                            {"threads", counts.threads},
                            {"arithmetic", std::move(arith)},
                            {"loads", std::move(loads)},
                            {"stores", std::move(stores)},
                            {"broadcasts", broadcasts},
                            {"addresses", addresses},
                            {"decoded", decoded},
                            {"iterations", iterations},
                            {"lists", lookups},
                            {"branches", branches},
                            {"prefetches", prefetches},
                            {"barriers", barriers},
                            {"registers", kernel.registers()},
                            {"local_bytes", kernel.localBytes()},
                            {"private_bytes", kernel.privateBytes()},
                            {"code", kernel.codeSize()},
                            {"group_bytes", counts.iteration},
                            {"distinct_bytes", counts.footprint},
                            {"beyond_first_cache_bytes", counts.traffic[0]},
                            {"beyond_second_cache_bytes", counts.traffic[1]},
                            {"pieces", std::move(pieces)}};
}
