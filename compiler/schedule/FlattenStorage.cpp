//===- FlattenStorage.cpp - Stages get memory, nests become kernels -------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/schedule/IndexExpr.h"
#include "compiler/schedule/Passes.h"
#include "compiler/schedule/Schedule.h"
#include "compiler/schedule/TapAddresses.h"
#include "compiler/schedule/TapLists.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

#define DEBUG_TYPE "sched-flatten-storage"

namespace srcc::sched {
#define GEN_PASS_DEF_SCHEDFLATTENSTORAGE
#include "compiler/schedule/Passes.h.inc"
} // namespace srcc::sched

using namespace mlir;
using namespace srcc::sched;

namespace {

/// Where the element at a stage's coordinates lies in its storage.
struct Flat {
  SmallVector<IndexExpr> low; // per dimension: coordinate of the first stored element
  struct Dim {
    unsigned dim;
    int64_t div, mod;
    IndexExpr stride;
  };
  SmallVector<Dim> dims;
  IndexExpr elements;
  IndexExpr base = 0; // of the first element in the buffer
  Type type;

  IndexExpr linear(ArrayRef<IndexExpr> at) const {
    IndexExpr sum = base;
    for (const Dim &d : dims) {
      IndexExpr i = at[d.dim] - low[d.dim];
      if (d.div > 1)
        i = i.floorDiv(d.div);
      if (d.mod)
        i = i.mod(d.mod);
      sum = sum + i * d.stride;
    }
    return sum;
  }
};

/// The least odd multiple of `line` that is not less than `size`, a multiple of it.
IndexExpr oddMultiple(const IndexExpr &size, int64_t line) {
  return (size.floorDiv(line).floorDiv(2) * IndexExpr(2) + 1) * IndexExpr(line);
}

Flat flatten(const Storage &storage, ArrayRef<IndexExpr> low, ArrayRef<IndexExpr> extents,
             Type type) {
  Flat flat;
  flat.type = storage.type ? storage.type : type;
  flat.low.assign(low.begin(), low.end());
  SmallVector<IndexExpr> high;
  for (auto [l, e] : llvm::zip(low, extents))
    high.push_back(l + e);
  unsigned innermost = storage.layout.empty() ? 0 : storage.layout.back().dim;
  bool packedInside = !storage.layout.empty() && storage.layout.back().mod;
  // The first element of a packed dimension, and of an aligned row, is a multiple.
  for (const StorageDim &d : storage.layout)
    if (d.div > 1)
      flat.low[d.dim] = flat.low[d.dim].floorDiv(d.div) * IndexExpr(d.div);
  bool inLines = storage.align > 1 && !packedInside;
  if (inLines) {
    int64_t line = storage.align * storage.layout.back().div;
    flat.low[innermost] = flat.low[innermost].floorDiv(line) * IndexExpr(line);
  }
  IndexExpr stride = 1;
  SmallVector<Flat::Dim> reversed;
  for (const StorageDim &d : llvm::reverse(storage.layout)) {
    reversed.push_back({d.dim, d.div, d.mod, stride});
    IndexExpr size = high[d.dim] - flat.low[d.dim];
    if (d.mod)
      size = d.mod;
    else if (d.div > 1)
      size = size.ceilDiv(d.div);
    bool outermost = reversed.size() == storage.layout.size();
    if (reversed.size() == 1 && inLines)
      size = size.ceilDiv(storage.align) * IndexExpr(storage.align);
    stride = stride * size;
    if (storage.odd && inLines && (reversed.size() == 1 || !outermost))
      stride = oddMultiple(stride, storage.align);
  }
  flat.dims.assign(reversed.rbegin(), reversed.rend());
  flat.elements = stride;
  return flat;
}

class Flattener {
public:
  Flattener(LoopsOp loops, PipelineOp pipeline, const Schedule &schedule)
      : loops(loops), pipeline(pipeline), schedule(schedule), context(loops.getContext()) {}
  LogicalResult run();

private:
  LogicalResult collectStorage();
  LogicalResult kernel(ProduceOp root);
  LogicalResult buffer(OpBuilder &builder, StringRef name);
  LogicalResult accesses(gpu::GPUFuncOp func);
  Flat flatOf(RealizeOp realize);
  LogicalResult collectScratch(ProduceOp root, ArrayRef<IndexExpr> blocks);
  Operation *lookup(StringRef name) { return SymbolTable::lookupSymbolIn(pipeline, name); }
  /// Null: plain global memory.
  Attribute spaceOf(StringRef name) {
    return schedule.storageOf(name).memory == Memory::Image2D ? srcc::ocl::Image2DAttr::get(context)
                                                              : Attribute();
  }
  FailureOr<AffineMap> affine(Operation *op, ArrayRef<IndexExpr> exprs, StringRef what);
  void describe(ArrayRef<StageOp> roots, llvm::MapVector<StringRef, IndexExpr> &layers,
                IndexExpr &macs);

  LoopsOp loops;
  PipelineOp pipeline;
  const Schedule &schedule;
  MLIRContext *context;
  llvm::StringMap<Flat> storage; // of root stages, tables, inputs; all of a kernel's scratch
  llvm::StringMap<Flat> scratch; // a work-group's part of it
  gpu::GPUModuleOp kernels;
  srcc::ocl::ProgramOp program;
  Operation *lastBuffer = nullptr;
  llvm::StringMap<IndexExpr> buffers; // their elements
};

} // namespace

FailureOr<AffineMap> Flattener::affine(Operation *op, ArrayRef<IndexExpr> exprs, StringRef what) {
  SmallVector<AffineExpr> results;
  for (const IndexExpr &e : exprs) {
    auto result = e.toAffine(context);
    if (!result)
      return op->emitOpError(what) << " must depend on H and W only, but is " << e.str();
    results.push_back(*result);
  }
  return AffineMap::get(0, 2, results, context);
}

Flat Flattener::flatOf(RealizeOp realize) {
  SmallVector<IndexExpr> low, extents;
  for (Value v : realize.getMins())
    low.push_back(IndexExpr::get(v));
  for (Value v : realize.getExtents())
    extents.push_back(IndexExpr::get(v));
  StringRef name = realize.getStage();
  return flatten(schedule.storageOf(name), low, extents, elementTypeOf(lookup(name)));
}

LogicalResult Flattener::collectStorage() {
  for (auto realize : loops.getBody().getOps<RealizeOp>()) {
    if (realize.getMins().size() != dimNames(lookup(realize.getStage())).size())
      return realize.emitOpError("has no bounds; run sched-infer-bounds first");
    storage[realize.getStage()] = flatOf(realize);
  }
  // Inputs and outputs have just the picture, densely.
  for (Operation &op : pipeline.getBody().front()) {
    auto stage = dyn_cast<StageOp>(op);
    if (!isa<InputOp>(op) && !(stage && stage.getOutput()))
      continue;
    StringRef name = SymbolTable::getSymbolName(&op).getValue();
    SmallVector<IndexExpr> low, extents;
    for (AffineExpr e : extentsOf(&op).getResults()) {
      low.push_back(0);
      extents.push_back(IndexExpr::get(e, IndexExpr::size(0), IndexExpr::size(1)));
    }
    storage[name] = flatten(schedule.storageOf(name), low, extents, elementTypeOf(&op));
  }
  return success();
}

/// A table's values in the order of its storage. What only whole tiles touch is zero; in a list of
/// places where taps start, the nearest: points outside have empty lists.
static FailureOr<ElementsAttr> packTable(TableOp table, StringRef name, const Flat &flat) {
  auto count = flat.elements.constant();
  bool constantLow = llvm::all_of(flat.low, [](const IndexExpr &l) { return l.constant(); });
  if (!count || !constantLow || *count > (int64_t(1) << 28))
    return table.emitOpError("is read at places whose bounds are not constant: ")
           << flat.elements.str() << " elements";
  ArrayRef<int64_t> shape = table.getValue().getShapedType().getShape();
  auto numbers = dyn_cast<DenseIntElementsAttr>(table.getValue());
  constexpr int64_t none = -1;
  SmallVector<int64_t> from(*count, none); // the value that lies there
  SmallVector<int64_t> at(shape.size(), 0), low, strides;
  for (const IndexExpr &l : flat.low)
    low.push_back(*l.constant());
  for (const Flat::Dim &d : flat.dims)
    strides.push_back(*d.stride.constant());
  for (int64_t i = 0; i < table.getValue().getShapedType().getNumElements(); ++i) {
    int64_t linear = 0;
    for (auto [d, stride] : llvm::zip(flat.dims, strides)) {
      int64_t place = (at[d.dim] - low[d.dim]) / d.div;
      linear += (d.mod ? place % d.mod : place) * stride;
    }
    from[linear] = i;
    for (int64_t dim = shape.size() - 1; dim >= 0 && ++at[dim] == shape[dim]; --dim)
      at[dim] = 0;
  }
  auto type = RankedTensorType::get({*count}, flat.type);
  if (numbers) {
    if (shape.size() == 1)
      for (auto [i, place] : llvm::enumerate(from))
        place = std::clamp<int64_t>(int64_t(i) + low[0], 0, shape[0] - 1);
    auto values = llvm::to_vector(numbers.getValues<APInt>());
    SmallVector<APInt> packed;
    for (int64_t i : from)
      packed.push_back(i == none ? APInt(flat.type.getIntOrFloatBitWidth(), 0) : values[i]);
    return ElementsAttr(DenseElementsAttr::get(type, packed));
  }
  auto values = tableValues(table);
  if (failed(values))
    return failure();
  if (flat.type.isF16()) {
    SmallVector<APFloat> packed;
    for (int64_t i : from) {
      packed.push_back(i == none ? APFloat(0.0f) : (*values)[i]);
      bool lost;
      packed.back().convert(APFloat::IEEEhalf(), APFloat::rmNearestTiesToEven, &lost);
    }
    return ElementsAttr(DenseElementsAttr::get(type, packed));
  }
  SmallVector<float> packed;
  for (int64_t i : from)
    packed.push_back(i == none ? 0.0f : (*values)[i].convertToFloat());
  return ElementsAttr(DenseResourceElementsAttr::get(
      type, name, HeapAsmResourceBlob::allocateAndCopyInferAlign(ArrayRef<float>(packed))));
}

/// The program's buffer for a storage, once.
LogicalResult Flattener::buffer(OpBuilder &, StringRef name) {
  Operation *source = lookup(name);
  const Flat &flat = storage[name];
  auto [known, isNew] = buffers.try_emplace(name, flat.elements);
  IndexExpr &most = known->second;
  if (!isNew && (most - flat.elements).provablyNonNegative())
    return success();
  if (!isNew) // scratch of several kernels: no less than any of them takes
    most = (flat.elements - most).provablyNonNegative() ? flat.elements : most + flat.elements;
  auto elements = affine(source, {most}, "size");
  if (failed(elements))
    return failure();
  for (auto op : program.getOps<srcc::ocl::BufferOp>())
    if (!isNew && op.getSymName() == name) {
      op.setElements(*elements);
      return success();
    }
  OpBuilder builder = OpBuilder::atBlockBegin(&program.getBody().front());
  if (lastBuffer)
    builder.setInsertionPointAfter(lastBuffer);
  auto kind = srcc::ocl::BufferKind::Temp;
  auto format = srcc::ocl::PixelFormat::None;
  auto formatOf = [](Format f) {
    return f == Format::F32Planar ? srcc::ocl::PixelFormat::F32Planar
                                  : srcc::ocl::PixelFormat::U8Interleaved;
  };
  ElementsAttr value;
  if (auto input = dyn_cast<InputOp>(source)) {
    kind = srcc::ocl::BufferKind::Input;
    format = formatOf(input.getFormat());
  } else if (auto stage = dyn_cast<StageOp>(source)) {
    if (stage.getOutput()) {
      kind = srcc::ocl::BufferKind::Output;
      format = formatOf(*stage.getOutput());
    }
  } else {
    kind = srcc::ocl::BufferKind::Constant;
    auto table = cast<TableOp>(source);
    auto packed = packTable(table, name, flat);
    if (failed(packed))
      return failure();
    value = *packed;
  }
  auto made = srcc::ocl::BufferOp::create(builder, source->getLoc(), name, kind, flat.type,
                                          *elements, format, value);
  made.setImage2d(bool(spaceOf(name)));
  lastBuffer = made;
  return success();
}

/// Layers and multiply-adds of a kernel: those of the stages it stores and of all that is inlined
/// or computed in it.
void Flattener::describe(ArrayRef<StageOp> roots, llvm::MapVector<StringRef, IndexExpr> &layers,
                         IndexExpr &macs) {
  llvm::SetVector<Operation *> members;
  members.insert(roots.begin(), roots.end());
  for (unsigned i = 0; i < members.size(); ++i)
    members[i]->walk([&](ReadOp read) {
      auto other = dyn_cast_or_null<StageOp>(lookup(read.getSource()));
      if (other && !schedule.of(other.getSymName()).root)
        members.insert(other);
    });
  IndexExpr own = 0; // of the sums that the next layers end
  for (auto op : pipeline.getOps<StageOp>())
    if (members.contains(op)) {
      if (op.getMacs()) {
        IndexExpr sum =
            IndexExpr::get(op.getMacs()->getResult(0), IndexExpr::size(0), IndexExpr::size(1));
        macs = macs + sum;
        own = own + sum;
      }
      if (!op.getLayers())
        continue;
      // The first layer of a stage is the one that sums.
      for (auto layer : op.getLayers()->getAsRange<StringAttr>()) {
        layers.try_emplace(layer.getValue(), 0);
        layers[layer.getValue()] = layers[layer.getValue()] + own;
        own = 0;
      }
    }
}

/// What the work-items of a group share is stored outside the loops over them.
static LogicalResult outsideThreads(RealizeOp realize) {
  for (Operation *op = realize->getParentOp(); op; op = op->getParentOp())
    if (auto loop = dyn_cast<ForOp>(op); loop && loop.getKind() == LoopKind::GpuThread)
      return realize.emitOpError("storage of @")
             << realize.getStage() << " inside gpu_threads loop \"" << loop.getName()
             << "\" belongs to one work-item; legal: private, or store_at a loop around it";
  return success();
}

/// Scratch of the stages that are stored in global memory inside the nest of `root`: one buffer, a
/// part for each work-group.
LogicalResult Flattener::collectScratch(ProduceOp root, ArrayRef<IndexExpr> blocks) {
  SmallVector<RealizeOp> realizes;
  root.walk([&](RealizeOp realize) {
    if (schedule.storageOf(realize.getStage()).memory == Memory::Global)
      realizes.push_back(realize);
  });
  llvm::StringSet<> seenStages;
  for (RealizeOp realize : realizes) {
    if (failed(outsideThreads(realize)))
      return failure();
    if (!seenStages.insert(realize.getStage()).second)
      return realize.emitOpError("storage of @")
             << realize.getStage() << " in global memory is needed at two places of the kernel of @"
             << root.getStage() << "; legal: private, or store_at one loop around both";
    Flat flat = flatOf(realize);
    IndexExpr group = 0, groups = 1;
    unsigned seen = 0;
    for (int64_t axis = blocks.size() - 1; axis >= 0; --axis) {
      groups = groups * blocks[axis];
      for (Operation *op = realize->getParentOp(); op != root; op = op->getParentOp())
        if (auto loop = dyn_cast<ForOp>(op);
            loop && loop.getKind() == LoopKind::GpuBlock && int64_t(loop.getAxis()) == axis) {
          group =
              group * blocks[axis] + IndexExpr::get(loop.getIv()) - IndexExpr::get(loop.getMin());
          ++seen;
        }
    }
    unsigned count = 0;
    root.walk([&](ForOp loop) { count += loop.getKind() == LoopKind::GpuBlock; });
    if (seen != count)
      return realize.emitOpError("storage of @")
             << realize.getStage() << " in global memory belongs to a work-group; legal: store_at "
             << "a loop inside all gpu_blocks loops";
    if (failed(affine(realize, {flat.elements}, "size of scratch")))
      return failure();
    Flat whole = flat;
    whole.elements = flat.elements * groups;
    flat.base = group * flat.elements;
    storage[realize.getStage()] = whole;
    scratch[realize.getStage()] = flat;
  }
  return success();
}

/// One root nest becomes one gpu.func and one launch.
LogicalResult Flattener::kernel(ProduceOp root) {
  auto stage = cast<StageOp>(lookup(root.getStage()));
  Location loc = root.getLoc();
  // The grid.
  SmallVector<IndexExpr> blocks{1}, threads{1};
  LogicalResult grid = success();
  root.walk([&](ForOp loop) {
    if (loop.getKind() != LoopKind::GpuBlock && loop.getKind() != LoopKind::GpuThread)
      return;
    bool thread = loop.getKind() == LoopKind::GpuThread;
    auto &sizes = thread ? threads : blocks;
    if (sizes.size() <= size_t(loop.getAxis()))
      sizes.resize(loop.getAxis() + 1, IndexExpr(1));
    sizes[loop.getAxis()] = IndexExpr::get(loop.getExtent());
    bool shared = loop->getParentOfType<ProduceOp>() != root; // sched-synchronize-threads checks it
    if (shared ? !thread : llvm::hasNItemsOrMore(root.getBody().getOps<ForOp>(), 2))
      grid = loop.emitOpError("loop \"")
             << loop.getName() << "\" of @" << root.getStage()
             << " cannot be a GPU dimension: only a root stage without updates has them; legal: "
                "serial, or compute the stage at a consumer";
  });
  if (failed(grid))
    return failure();
  size_t rank = std::max(blocks.size(), threads.size());
  blocks.resize(rank, IndexExpr(1));
  threads.resize(rank, IndexExpr(1));
  auto blockMap = affine(root, blocks, "grid"), threadMap = affine(root, threads, "grid");
  if (failed(blockMap) || failed(threadMap) || failed(collectScratch(root, blocks)))
    return failure();

  SmallVector<StageOp> roots; // more than one where stages share loops
  root.walk<WalkOrder::PreOrder>([&](ProduceOp produce) {
    if (schedule.of(produce.getStage()).root)
      roots.push_back(cast<StageOp>(lookup(produce.getStage())));
  });
  llvm::SetVector<StringRef> names, reads, writes;
  llvm::StringSet<> inner;
  root.walk([&](RealizeOp realize) {
    if (!scratch.count(realize.getStage()))
      inner.insert(realize.getStage());
  });
  root.walk([&](Operation *op) {
    if (auto load = dyn_cast<LoadOp>(op); load && !inner.count(load.getSource())) {
      names.insert(load.getSource());
      reads.insert(load.getSource());
    } else if (auto store = dyn_cast<StoreOp>(op); store && !inner.count(store.getStage())) {
      names.insert(store.getStage());
      writes.insert(store.getStage());
    } else if (auto tap = dyn_cast<TapOp>(op)) {
      names.insert(tap.getTable());
      reads.insert(tap.getTable());
    }
  });
  auto format = srcc::ocl::PixelFormat::None, outFormat = srcc::ocl::PixelFormat::None;
  for (StringRef name : names) {
    if (failed(buffer(*std::make_unique<OpBuilder>(context), name)))
      return failure();
    if (auto input = dyn_cast<InputOp>(lookup(name)))
      format = input.getFormat() == Format::F32Planar ? srcc::ocl::PixelFormat::F32Planar
                                                      : srcc::ocl::PixelFormat::U8Interleaved;
  }
  if (stage.getOutput())
    outFormat = *stage.getOutput() == Format::F32Planar ? srcc::ocl::PixelFormat::F32Planar
                                                        : srcc::ocl::PixelFormat::U8Interleaved;

  // The function.
  OpBuilder builder = OpBuilder::atBlockEnd(kernels.getBody());
  SmallVector<Type> types;
  for (StringRef name : names)
    types.push_back(
        MemRefType::get({ShapedType::kDynamic}, storage[name].type, AffineMap(), spaceOf(name)));
  Type i32 = builder.getI32Type();
  types.append({i32, i32});
  std::string kernelName; // with the pipeline's name no stage has the name of a built-in function
  for (char c : (pipeline.getSymName() + "_" + root.getStage()).str())
    kernelName += llvm::isAlnum(c) ? c : '_';
  auto func = gpu::GPUFuncOp::create(builder, loc, kernelName, builder.getFunctionType(types, {}));
  func->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), builder.getUnitAttr());
  SmallVector<int32_t> blockSize;
  for (unsigned i = 0; i < 3; ++i)
    blockSize.push_back(i < rank ? *threads[i].constant() : 1);
  func.setKnownBlockSize(blockSize);
  for (auto [i, name] : llvm::enumerate(names)) {
    func.setArgAttr(i, srcc::ocl::nameAttr, builder.getStringAttr(name));
    if (!writes.contains(name))
      func.setArgAttr(i, srcc::ocl::readOnlyAttr, builder.getUnitAttr());
  }
  Block &entry = func.getBody().front();
  entry.getOperations().splice(entry.end(), root.getBody().front().getOperations());
  builder.setInsertionPointToEnd(&entry);
  gpu::ReturnOp::create(builder, loc);
  if (failed(accesses(func)))
    return failure();

  // The launch.
  builder.setInsertionPointToEnd(&program.getBody().front());
  SmallVector<int32_t> readPlaces, writePlaces;
  for (auto [i, name] : llvm::enumerate(names)) {
    if (reads.contains(name) && !writes.contains(name)) // what it reads of its own, it wrote before
      readPlaces.push_back(i);
    if (writes.contains(name))
      writePlaces.push_back(i);
  }
  llvm::MapVector<StringRef, IndexExpr> layers;
  IndexExpr macs = 0, bytes = 0;
  describe(roots, layers, macs);
  for (StringRef name : names)
    bytes = bytes + storage[name].elements *
                        IndexExpr((storage[name].type.getIntOrFloatBitWidth() / 8) *
                                  (int(reads.contains(name)) + int(writes.contains(name))));
  auto macMap = affine(root, {macs}, "cost"), byteMap = affine(root, {bytes}, "cost");
  if (failed(macMap) || failed(byteMap))
    return failure();
  auto symbol =
      SymbolRefAttr::get(context, kernels.getName(), {FlatSymbolRefAttr::get(context, kernelName)});
  SmallVector<StringRef> layerNames;
  SmallVector<IndexExpr> layerMacs;
  for (auto &[name, own] : layers) {
    layerNames.push_back(name);
    layerMacs.push_back(own);
  }
  auto launch = srcc::ocl::LaunchOp::create(builder, loc, symbol, *blockMap, *threadMap,
                                            names.getArrayRef(), readPlaces, writePlaces, format,
                                            outFormat, layerNames, *macMap, *byteMap);
  if (layerNames.size() > 1) { // by which the cost model shares the kernel's time among them
    auto shares = affine(root, layerMacs, "cost");
    if (failed(shares))
      return failure();
    launch->setAttr("layer_macs", AffineMapAttr::get(*shares));
  }
  return success();
}

/// Loads, stores and realizes become memory operations.
LogicalResult Flattener::accesses(gpu::GPUFuncOp func) {
  llvm::StringMap<Value> memory;
  // Where an access finds a stage: what is realized in the innermost block around it.
  struct Area {
    Block *block;
    Value memory;
    Flat flat;
  };
  llvm::StringMap<SmallVector<Area, 1>> areas;
  for (unsigned i = 0; i + 2 < func.getNumArguments(); ++i) {
    StringRef name = func.getArgAttrOfType<StringAttr>(i, srcc::ocl::nameAttr).getValue();
    memory[name] = func.getArgument(i);
    areas[name].push_back({&func.getBody().front(), func.getArgument(i), storage[name]});
  }
  LogicalResult result = success();
  TapAddresses taps(pipeline, func, memory, [&](StringRef lists) {
    return storage[lists].elements - 1; // see buffer()
  });
  auto findArea = [&](StringRef name, Operation *user) -> std::optional<Area> {
    for (Operation *op = user; op != func; op = op->getParentOp())
      for (const Area &area : llvm::reverse(areas[name]))
        if (area.block == op->getBlock())
          return area;
    return std::nullopt;
  };
  auto areaOf = [&](StringRef name, Operation *user) { return *findArea(name, user); };
  auto placeOf = [](const Area &area, ValueRange indices) {
    SmallVector<IndexExpr> at;
    for (Value v : indices)
      at.push_back(IndexExpr::get(v));
    return area.flat.linear(at);
  };
  func.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (failed(result))
      return WalkResult::interrupt();
    OpBuilder builder(op);
    Location loc = op->getLoc();
    if (auto realize = dyn_cast<RealizeOp>(op)) {
      if (auto part = scratch.find(realize.getStage()); part != scratch.end()) {
        areas[realize.getStage()].push_back(
            {realize->getBlock(), memory[realize.getStage()], part->second});
        op->erase();
        return WalkResult::skip();
      }
      Flat flat = flatOf(realize);
      Memory where = schedule.storageOf(realize.getStage()).memory;
      auto elements = flat.elements.constant();
      if (where == Memory::Local && failed(outsideThreads(realize))) {
        result = failure();
        return WalkResult::interrupt();
      }
      if (where == Memory::Local && elements && *elements <= mostKernelElements) {
        auto space = gpu::AddressSpaceAttr::get(context, gpu::AddressSpace::Workgroup);
        Value shared = func.addWorkgroupAttribution(
            MemRefType::get({*elements}, flat.type, MemRefLayoutAttrInterface(), space),
            NameLoc::get(builder.getStringAttr(realize.getStage()), loc));
        areas[realize.getStage()].push_back({realize->getBlock(), shared, flat});
        op->erase();
        return WalkResult::skip();
      }
      if (!elements || *elements > mostKernelElements) {
        result = realize.emitOpError("storage of @")
                 << realize.getStage() << " in " << stringifyMemory(where)
                 << " memory must have a constant size of at most " << mostKernelElements
                 << " elements, but has " << flat.elements.str()
                 << "; compute it at an inner loop, or split by constants";
        return WalkResult::interrupt();
      }
      Value own = memref::AllocaOp::create(
          builder, NameLoc::get(builder.getStringAttr(realize.getStage()), loc),
          MemRefType::get({*elements}, flat.type));
      areas[realize.getStage()].push_back({realize->getBlock(), own, flat});
      op->erase();
      return WalkResult::skip();
    }
    if (auto produce = dyn_cast<ProduceOp>(op)) {
      // Its loops stand where it stood.
      Block &body = produce.getBody().front();
      if (!body.empty())
        body.front().setAttr(srcc::ocl::commentAttr,
                             builder.getStringAttr("produce " + produce.getStage()));
      return WalkResult::advance();
    }
    if (auto bound = dyn_cast<RequiredOp>(op)) {
      if (bound.getValues().size() != 2) {
        result = bound.emitOpError("has no values; run sched-infer-bounds first");
        return WalkResult::interrupt();
      }
      bound.getMin().replaceAllUsesWith(bound.getValues()[0]);
      bound.getExtent().replaceAllUsesWith(bound.getValues()[1]);
      op->erase();
      return WalkResult::skip();
    }
    if (auto tap = dyn_cast<TapOp>(op)) {
      Value at = placeOf(areaOf(tap.getTable(), tap), tap.getIndices()).materialize(builder, loc);
      Value number = memref::LoadOp::create(
          builder, NameLoc::get(tap.getTableAttr().getAttr(), loc), memory[tap.getTable()], at);
      Value index = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), number);
      IndexExpr step = IndexExpr::get(tap.getIndices().front());
      if (auto [loop, taken] = stepOf(step); loop && tap.getLists())
        taps.add(index, {loop, step, taken, tap.getTable(), *tap.getLists(),
                         *IndexExpr::get(tap.getIndices().back()).constant()});
      tap.getResult().replaceAllUsesWith(index);
      op->erase();
      return WalkResult::skip();
    }
    if (auto load = dyn_cast<LoadOp>(op)) {
      Area area = areaOf(load.getSource(), load);
      Value at = taps.tabulate(placeOf(area, load.getIndices())).materialize(builder, loc);
      Value from = area.memory;
      Type stored = area.flat.type;
      Location name = NameLoc::get(builder.getStringAttr(load.getSource()), loc);
      Value value;
      if (stored.isF16() && load.getType().isF32())
        value = srcc::ocl::VLoadHalfOp::create(builder, name, load.getType(), from, at);
      else
        value = memref::LoadOp::create(builder, name, from, at);
      load.getResult().replaceAllUsesWith(value);
      op->erase();
      return WalkResult::skip();
    }
    if (auto touch = dyn_cast<TouchOp>(op)) {
      auto area = findArea(touch.getSource(), touch);
      if (!area) { // nothing else here needs it
        op->erase();
        return WalkResult::skip();
      }
      Value at = placeOf(*area, touch.getIndices()).materialize(builder, loc);
      memref::PrefetchOp::create(builder, loc, area->memory, at, touch.getToWrite(),
                                 /*localityHint=*/3, /*isDataCache=*/true);
      op->erase();
      return WalkResult::skip();
    }
    if (auto store = dyn_cast<StoreOp>(op)) {
      Area area = areaOf(store.getStage(), store);
      Value at = placeOf(area, store.getIndices()).materialize(builder, loc);
      Value to = area.memory;
      if (store.getPredicate()) {
        auto guard = scf::IfOp::create(builder, loc, store.getPredicate(), false);
        builder = guard.getThenBodyBuilder();
      }
      Type stored = area.flat.type;
      if (stored.isF16() && store.getValue().getType().isF32())
        srcc::ocl::VStoreHalfOp::create(builder, loc, store.getValue(), to, at);
      else
        memref::StoreOp::create(builder, loc, store.getValue(), to, at);
      op->erase();
      return WalkResult::skip();
    }
    return WalkResult::advance();
  });
  if (failed(result))
    return failure();
  SmallVector<ProduceOp> produces;
  func.walk([&](ProduceOp produce) { produces.push_back(produce); });
  for (ProduceOp produce : produces) {
    Block *parent = produce->getBlock();
    if (Attribute mark = produce->getAttr(Repeat::attribute))
      for (Operation &op : produce.getBody().front())
        if (isa<ForOp, scf::IfOp>(op))
          op.setAttr(Repeat::attribute, mark);
    parent->getOperations().splice(produce->getIterator(),
                                   produce.getBody().front().getOperations());
    produce.erase();
  }
  return success();
}

LogicalResult Flattener::run() {
  if (failed(collectStorage()))
    return failure();
  OpBuilder builder(loops);
  kernels = gpu::GPUModuleOp::create(builder, loops.getLoc(), "kernels");
  if (kernels.getBodyRegion().empty())
    builder.createBlock(&kernels.getBodyRegion());
  builder.setInsertionPointAfter(kernels);
  program = srcc::ocl::ProgramOp::create(builder, loops.getLoc(), pipeline.getSymName());
  if (program.getBody().empty())
    builder.createBlock(&program.getBody());
  for (auto root : llvm::to_vector(loops.getBody().getOps<ProduceOp>()))
    if (failed(kernel(root)))
      return failure();
  return success();
}

namespace {
struct SchedFlattenStorage
    : public srcc::sched::impl::SchedFlattenStorageBase<SchedFlattenStorage> {
  using Base::Base;
  void runOnOperation() override {
    for (auto loops : llvm::to_vector(getOperation().getOps<LoopsOp>())) {
      auto pair = scheduleOf(loops);
      if (failed(pair) || failed(Flattener(loops, pair->first, pair->second).run()))
        return signalPassFailure();
      PipelineOp pipeline = pair->first;
      loops.erase();
      for (auto op : llvm::make_early_inc_range(getOperation().getOps<ScheduleOp>()))
        if (op.getPipeline() == pipeline.getSymName())
          op.erase();
      pipeline.erase();
    }
  }
};
} // namespace
