//===- TreeBuilder.cpp - Kernels become trees -------------------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#include "compiler/cost/KernelTree.h"
#include "compiler/cost/PieceCounts.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"

#include <map>

using namespace mlir;
using namespace srcc;
using namespace srcc::cost;

static int log2Lanes(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  int64_t lanes = vector ? vector.getNumElements() : 1;
  return std::min<int>(llvm::Log2_64_Ceil(std::max<int64_t>(lanes, 1)), widthKinds - 1);
}

namespace {

/// Makes the tree of a kernel.
class TreeBuilder {
public:
  explicit TreeBuilder(gpu::GPUFuncOp func) : func(func) {}
  FailureOr<std::unique_ptr<KernelTree>> run();

private:
  LogicalResult block(Block &body, int node);
  LogicalResult operation(Operation &op, int node);
  int newNode(NodeKind kind, int parent);
  int slotOf(Value value);
  int newSlot() {
    tree->opaque.push_back(0);
    return tree->slots++;
  }
  int memoryOf(Value memref);
  void read(int node, const MemoryUse &use);
  void write(int node, const MemoryUse &use);
  void access(int node, Value memref, Value index, Type value, bool store);
  void arith(int node, Arith kind, Operation &op);
  void integer(int node, Operation &op, Instruction::Code code, int operands);
  void registersOf(Block &body, int node, double outside);
  LogicalResult slice();
  void hash();

  gpu::GPUFuncOp func;
  std::unique_ptr<KernelTree> tree = std::make_unique<KernelTree>();
  llvm::DenseMap<Value, int> slots;
  llvm::DenseMap<Value, int> memories;
  llvm::DenseSet<Value> tables; // memory that the kernel fills with integers
  /// Reads of a block that are still what memory holds.
  struct Place {
    Value memref, index;
    Type type;
    bool operator<(const Place &o) const {
      return std::tuple(memref.getAsOpaquePointer(), index.getAsOpaquePointer(),
                        type.getAsOpaquePointer()) < std::tuple(o.memref.getAsOpaquePointer(),
                                                                o.index.getAsOpaquePointer(),
                                                                o.type.getAsOpaquePointer());
    }
  };
  std::map<Place, Value> known;
  llvm::DenseMap<Value, Value> sameAs; // repeated reads: the first of them
  llvm::DenseMap<Block *, int> nodeOf;
};

} // namespace

int TreeBuilder::newNode(NodeKind kind, int parent) {
  tree->nodes.emplace_back();
  tree->nodes.back().kind = kind;
  tree->nodes.back().parent = parent;
  return tree->nodes.size() - 1;
}

int TreeBuilder::slotOf(Value value) {
  auto [place, isNew] = slots.try_emplace(value, 0);
  if (!isNew)
    return place->second;
  int slot = newSlot();
  slots[value] = slot;
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    tree->constants.push_back({slot, constant.getSExtValue()});
  else
    tree->opaque[slot] = 1; // until an operation defines it
  return slot;
}

int TreeBuilder::memoryOf(Value memref) {
  auto [place, isNew] = memories.try_emplace(memref, int(memories.size()));
  return place->second;
}

void TreeBuilder::access(int node, Value memref, Value index, Type value, bool store) {
  Access access;
  access.memory = memoryOf(memref);
  access.node = node;
  access.address = index ? slotOf(index) : -1;
  int64_t lanes = isa<VectorType>(value) ? cast<VectorType>(value).getNumElements() : 1;
  access.elementBytes =
      std::max<int>(1, cast<MemRefType>(memref.getType()).getElementTypeBitWidth() / 8);
  access.bytes = lanes * access.elementBytes;
  if (ocl::isImage(memref.getType())) // indexed by texels
    access.elementBytes = access.bytes;
  access.store = store;
  tree->accesses.push_back(access);
}

void TreeBuilder::read(int node, const MemoryUse &use) {
  Type type = use.value.getType();
  auto [place, isNew] = known.try_emplace(Place{use.memref, use.index, type}, use.value);
  if (!isNew) {
    sameAs[use.value] = place->second;
  } else {
    access(node, use.memref, use.index, type, false);
    tree->nodes[node].piece.loads[log2Lanes(type)] += 1;
  }
  if (!type.isSignlessInteger(32) || !use.index ||
      !(isa<BlockArgument>(use.memref) || tables.contains(use.memref)))
    return;
  int at = slotOf(use.index), to = slotOf(use.value);
  tree->opaque[to] = tree->opaque[at];
  tree->nodes[node].code.push_back({Instruction::Load, to, memoryOf(use.memref), at});
}

void TreeBuilder::write(int node, const MemoryUse &use) {
  for (auto it = known.begin(); it != known.end();)
    it = it->first.memref == use.memref ? known.erase(it) : std::next(it);
  access(node, use.memref, use.index, use.value.getType(), true);
  tree->nodes[node].piece.stores[log2Lanes(use.value.getType())] += 1;
  // A table of its own that a kernel fills, as with the addresses of taps.
  if (!use.value.getType().isSignlessInteger(32) || !use.memref.getDefiningOp<memref::AllocaOp>() ||
      !use.index || tree->nodes[node].kind != NodeKind::Loop)
    return;
  int at = slotOf(use.index), value = slotOf(use.value);
  if (tree->opaque[at] || tree->opaque[value])
    return;
  tables.insert(use.memref);
  tree->nodes[node].code.push_back(
      {Instruction::Store, newSlot(), memoryOf(use.memref), at, value});
  tree->nodes[node].fills = true;
}

void TreeBuilder::arith(int node, Arith kind, Operation &op) {
  Type type = op.getNumResults() ? op.getResult(0).getType() : op.getOperand(0).getType();
  Type element = getElementTypeOrSelf(type);
  Element kindOf = element.isF32() ? Element::F32 : element.isF16() ? Element::F16 : Element::I32;
  tree->nodes[node].piece.arith[int(kind)][int(kindOf)][log2Lanes(type)] += 1;
}

void TreeBuilder::integer(int node, Operation &op, Instruction::Code code, int operands) {
  Instruction instruction;
  instruction.code = code;
  instruction.a = slotOf(op.getOperand(0));
  if (operands > 1)
    instruction.b = slotOf(op.getOperand(1));
  if (operands > 2)
    instruction.c = slotOf(op.getOperand(2));
  instruction.to = slotOf(op.getResult(0));
  bool unknown = false;
  for (Value operand : op.getOperands())
    unknown |= tree->opaque[slots[operand]];
  tree->opaque[instruction.to] = unknown;
  tree->nodes[node].code.push_back(instruction);
}

static std::optional<Instruction::Code> compareCode(arith::CmpIPredicate predicate) {
  switch (predicate) {
  case arith::CmpIPredicate::eq:
    return Instruction::Eq;
  case arith::CmpIPredicate::ne:
    return Instruction::Ne;
  case arith::CmpIPredicate::slt:
  case arith::CmpIPredicate::ult:
    return Instruction::Lt;
  case arith::CmpIPredicate::sle:
  case arith::CmpIPredicate::ule:
    return Instruction::Le;
  case arith::CmpIPredicate::sgt:
  case arith::CmpIPredicate::ugt:
    return Instruction::Gt;
  case arith::CmpIPredicate::sge:
  case arith::CmpIPredicate::uge:
    return Instruction::Ge;
  }
  return std::nullopt;
}

/// Integer operations on scalars that an instruction stands for.
static std::optional<std::pair<Instruction::Code, int>> integerCode(Operation &op) {
  using I = Instruction;
  using Result = std::optional<std::pair<I::Code, int>>;
  return llvm::TypeSwitch<Operation *, Result>(&op)
      .Case([](arith::AddIOp) { return std::pair(I::Add, 2); })
      .Case([](arith::SubIOp) { return std::pair(I::Sub, 2); })
      .Case([](arith::MulIOp) { return std::pair(I::Mul, 2); })
      .Case([](arith::FloorDivSIOp) { return std::pair(I::FloorDiv, 2); })
      .Case([](arith::CeilDivSIOp) { return std::pair(I::CeilDiv, 2); })
      .Case<arith::DivSIOp, arith::DivUIOp>([](Operation *) { return std::pair(I::Div, 2); })
      .Case<arith::CeilDivUIOp>([](Operation *) { return std::pair(I::CeilDiv, 2); })
      .Case<arith::RemSIOp, arith::RemUIOp>([](Operation *) { return std::pair(I::Rem, 2); })
      .Case<arith::MinSIOp, arith::MinUIOp>([](Operation *) { return std::pair(I::Min, 2); })
      .Case<arith::MaxSIOp, arith::MaxUIOp>([](Operation *) { return std::pair(I::Max, 2); })
      .Case([](arith::AndIOp) { return std::pair(I::And, 2); })
      .Case([](arith::OrIOp) { return std::pair(I::Or, 2); })
      .Case([](arith::XOrIOp) { return std::pair(I::Xor, 2); })
      .Case([](arith::ShLIOp) { return std::pair(I::Shl, 2); })
      .Case<arith::ShRSIOp, arith::ShRUIOp>([](Operation *) { return std::pair(I::Shr, 2); })
      .Case([](arith::SelectOp) { return std::pair(I::Select, 3); })
      .Case<arith::IndexCastOp, arith::IndexCastUIOp, arith::ExtSIOp, arith::ExtUIOp,
            arith::TruncIOp>([](Operation *) { return std::pair(I::Copy, 1); })
      .Case([](arith::CmpIOp compare) -> Result {
        if (auto code = compareCode(compare.getPredicate()))
          return std::pair(*code, 2);
        return std::nullopt;
      })
      .Default([](Operation *) -> Result { return std::nullopt; });
}

LogicalResult TreeBuilder::operation(Operation &op, int node) {
  if (op.hasTrait<OpTrait::ConstantLike>())
    return success();
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    int child = newNode(NodeKind::Loop, node);
    tree->nodes[child].lower = slotOf(loop.getLowerBound());
    tree->nodes[child].upper = slotOf(loop.getUpperBound());
    tree->nodes[child].step = slotOf(loop.getStep());
    for (int bound : {tree->nodes[child].lower, tree->nodes[child].upper, tree->nodes[child].step})
      if (tree->opaque[bound])
        return loop.emitOpError("how often it runs is no integer arithmetic of sizes, ids and "
                                "tables, so its cost is not known");
    int iv = slotOf(loop.getInductionVar());
    tree->opaque[iv] = 0;
    tree->nodes[child].iv = iv;
    if (failed(block(*loop.getBody(), child)))
      return failure();
    tree->nodes[child].end = tree->nodes.size();
    return success();
  }
  if (auto branch = dyn_cast<scf::IfOp>(op)) {
    int condition = slotOf(branch.getCondition());
    tree->nodes[node].piece.branches += 1;
    auto kept = known;
    for (auto [kind, region] : {std::pair(NodeKind::Then, &branch.getThenRegion()),
                                std::pair(NodeKind::Else, &branch.getElseRegion())}) {
      if (region->empty())
        continue;
      int child = newNode(kind, node);
      tree->nodes[child].condition = condition;
      if (failed(block(region->front(), child)))
        return failure();
      tree->nodes[child].end = tree->nodes.size();
    }
    known = kept;
    return success();
  }
  Piece *piece = &tree->nodes[node].piece;
  if (auto use = memoryUseOf(op)) {
    if (isRegister(use->memref))
      return success();
    use->store ? write(node, *use) : read(node, *use);
    if (use->converts)
      arith(node, Arith::Convert, op);
    return success();
  }
  using K = Arith;
  return llvm::TypeSwitch<Operation *, LogicalResult>(&op)
      .Case([&](memref::PrefetchOp prefetch) {
        // A request to write waits for what its store does not wait for then.
        if (prefetch.getIsWrite())
          piece->loads[0] += 1;
        else
          piece->prefetches += 1;
        // It comes into the caches as what is read or written does.
        if (prefetch.getIndices().empty())
          return success();
        access(node, prefetch.getMemref(), prefetch.getIndices().front(),
               cast<MemRefType>(prefetch.getMemref().getType()).getElementType(),
               prefetch.getIsWrite());
        return success();
      })
      .Case([&](memref::AllocaOp alloca) {
        MemRefType type = alloca.getType();
        if (type.getRank()) {
          tree->privateBytes += type.getNumElements() * type.getElementTypeBitWidth() / 8.0;
          memoryOf(alloca);
        }
        return success();
      })
      .Case([&](gpu::BarrierOp) {
        piece->barriers += 1;
        known.clear();
        return success();
      })
      .Case([&](vector::BroadcastOp broadcast) {
        // A broadcast of what is read is part of the read on most processors.
        Operation *source = broadcast.getSource().getDefiningOp();
        if (isa_and_nonnull<memref::LoadOp>(source)) {
          if (!sameAs.count(broadcast.getSource()))
            piece->broadcasts += 1;
        } else if (source && !isIndexLike(getElementTypeOrSelf(broadcast.getType()))) {
          arith(node, K::Select, op);
        }
        return success();
      })
      .Case<gpu::BlockIdOp, gpu::ThreadIdOp, gpu::GridDimOp, gpu::BlockDimOp>([&](auto id) {
        using Id = decltype(id);
        auto &place = std::is_same_v<Id, gpu::BlockIdOp>    ? tree->blockId
                      : std::is_same_v<Id, gpu::ThreadIdOp> ? tree->threadId
                      : std::is_same_v<Id, gpu::GridDimOp>  ? tree->gridDim
                                                            : tree->blockDim;
        int dimension = int(id.getDimension()), slot = slotOf(id.getResult());
        tree->opaque[slot] = 0;
        if (place[dimension] < 0) {
          place[dimension] = slot;
        } else {
          Instruction copy;
          copy.code = Instruction::Copy;
          copy.a = place[dimension];
          copy.to = slot;
          tree->nodes[node].code.push_back(copy);
        }
        return success();
      })
      .Default([&](Operation *) {
        bool scalar = op.getNumResults() == 1 && isIndexLike(op.getResult(0).getType());
        if (auto code = integerCode(op);
            code && scalar && llvm::all_of(op.getOperandTypes(), isIndexLike)) {
          integer(node, op, code->first, code->second);
          return success();
        }
        if (op.getNumResults() != 1)
          return success(); // ends of blocks
        llvm::TypeSwitch<Operation *>(&op)
            .Case<math::FmaOp, vector::FMAOp>([&](Operation *) { arith(node, K::FMA, op); })
            .Case<arith::MulFOp, arith::MulIOp>([&](Operation *) { arith(node, K::Multiply, op); })
            .Case<arith::AddFOp, arith::SubFOp, arith::AddIOp, arith::SubIOp, arith::NegFOp>(
                [&](Operation *) { arith(node, K::Add, op); })
            .Case<arith::DivFOp, math::SqrtOp, math::RsqrtOp>(
                [&](Operation *) { arith(node, K::Divide, op); })
            .Case<math::ExpOp, math::TanhOp, math::ErfOp, math::LogOp, math::PowFOp, math::SinOp,
                  math::CosOp>([&](Operation *) { arith(node, K::Special, op); })
            .Case<arith::ExtFOp, arith::TruncFOp, arith::SIToFPOp, arith::UIToFPOp, arith::FPToSIOp,
                  arith::FPToUIOp, math::RoundEvenOp, math::FloorOp>(
                [&](Operation *) { arith(node, K::Convert, op); })
            .Case<vector::ExtractOp, vector::FromElementsOp, vector::InsertOp>(
                [&](Operation *) { arith(node, K::Select, op); })
            .Default([&](Operation *) { arith(node, K::Select, op); });
        return success();
      });
}

/// Registers of a block and of the blocks in it, with `outside` alive around it.
void TreeBuilder::registersOf(Block &body, int node, double outside) {
  Piece &piece = tree->nodes[node].piece;
  double base = outside + variableRegisters(body) + piece.addresses;
  double most = base + valueRegisters(body, sameAs);
  piece.registers = most;
  piece.spills = spillsOf(body, sameAs);
  tree->registers = std::max(tree->registers, most);
  for (Operation &op : body)
    for (Region &region : op.getRegions())
      for (Block &inner : region)
        registersOf(inner, nodeOf[&inner], base + (isa<scf::ForOp>(op) ? 2 : 0));
}

LogicalResult TreeBuilder::block(Block &body, int node) {
  nodeOf[&body] = node;
  auto outer = std::move(known);
  known.clear();
  for (Operation &op : body) {
    tree->codeSize += op.hasTrait<OpTrait::ConstantLike>() ? 0 : 1;
    if (failed(operation(op, node)))
      return failure();
  }
  known = std::move(outer);
  tree->nodes[node].piece.addresses = countAddresses(body);
  tree->nodes[node].piece.chain = longestChain(body);
  return success();
}

/// Finds the integer arithmetic that trip counts and conditions need, and what of it comes from
/// outside of each node.
LogicalResult TreeBuilder::slice() {
  auto &nodes = tree->nodes;
  std::vector<int> definedIn(tree->slots, -1); // -1: a constant
  std::vector<char> needed(tree->slots, 0);
  for (int n = 0; n < int(nodes.size()); ++n) {
    for (Instruction &i : nodes[n].code)
      definedIn[i.to] = n;
    if (nodes[n].iv >= 0)
      definedIn[nodes[n].iv] = n;
    for (int slot : {nodes[n].lower, nodes[n].upper, nodes[n].step, nodes[n].condition})
      if (slot >= 0)
        needed[slot] = 1;
  }
  constexpr int outside = -2;
  for (int slot : {tree->heightSlot, tree->widthSlot})
    if (slot >= 0)
      definedIn[slot] = outside;
  for (auto &ids : {tree->blockId, tree->threadId, tree->gridDim, tree->blockDim})
    for (int slot : ids)
      if (slot >= 0)
        definedIn[slot] = outside;
  llvm::DenseSet<int> fromMemory; // slots that a table decides
  auto operands = [](const Instruction &i) {
    SmallVector<int, 3> all;
    if (i.code == Instruction::Load)
      return SmallVector<int, 3>{i.b};
    if (i.code == Instruction::Store)
      return SmallVector<int, 3>{i.b, i.c};
    all.push_back(i.a);
    if (i.code != Instruction::Copy)
      all.push_back(i.b);
    if (i.code == Instruction::Select)
      all.push_back(i.c);
    return all;
  };
  llvm::DenseSet<int> constants;
  for (auto &[slot, value] : tree->constants)
    constants.insert(slot);
  // What is added to an address for nothing.
  auto isConstantAdd = [&](const Instruction &i) {
    return i.code == Instruction::Add && (constants.count(i.a) || constants.count(i.b));
  };
  for (int n = nodes.size() - 1; n >= 0; --n)
    for (Instruction &i : llvm::reverse(nodes[n].code))
      if (needed[i.to])
        for (int slot : operands(i))
          needed[slot] = 1;
  for (Node &node : nodes)
    for (Instruction &i : node.code) {
      bool decodes = llvm::any_of(operands(i), [&](int s) { return fromMemory.count(s); });
      if (i.code == Instruction::Load || decodes)
        fromMemory.insert(i.to);
      if (decodes && i.code != Instruction::Copy && i.code != Instruction::Load &&
          i.code != Instruction::Store && !isConstantAdd(i))
        node.piece.decoded += 1;
      if (needed[i.to])
        node.control.push_back(i);
    }
  for (int n = 0; n < int(nodes.size()); ++n) {
    Node &node = nodes[n];
    node.unpredictable = node.kind == NodeKind::Loop &&
                         (fromMemory.count(node.lower) || fromMemory.count(node.upper));
    llvm::SmallDenseSet<int> inputs;
    auto use = [&](int slot) {
      if (slot < 0 || definedIn[slot] == -1 || (definedIn[slot] >= n && definedIn[slot] < node.end))
        return;
      inputs.insert(slot);
    };
    for (int m = n; m < node.end; ++m) {
      for (Instruction &i : nodes[m].control)
        for (int slot : operands(i))
          use(slot);
      for (int slot : {nodes[m].lower, nodes[m].upper, nodes[m].step, nodes[m].condition})
        use(slot);
    }
    node.inputs.assign(inputs.begin(), inputs.end());
    llvm::sort(node.inputs);
  }
  return success();
}

/// A hash of the tree. Slots are numbered in the order of the text, so equal kernels are equal.
void TreeBuilder::hash() {
  std::string bytes;
  auto add = [&](const auto &value) {
    bytes.append(reinterpret_cast<const char *>(&value), sizeof(value));
  };
  add(featureVersion);
  for (Node &node : tree->nodes) {
    add(node.kind), add(node.parent), add(node.lower), add(node.upper), add(node.step);
    add(node.condition), add(node.piece);
    for (Instruction &i : node.code)
      add(i.code), add(i.to), add(i.a), add(i.b), add(i.c);
  }
  for (Access &access : tree->accesses)
    add(access.memory), add(access.node), add(access.address), add(access.bytes), add(access.store);
  for (auto &[slot, value] : tree->constants)
    add(slot), add(value);
  add(tree->localBytes), add(tree->privateBytes), add(tree->registers);
  tree->signature = llvm::xxh3_64bits(llvm::StringRef(bytes));
}

FailureOr<std::unique_ptr<KernelTree>> TreeBuilder::run() {
  tree->name = func.getName().str();
  Block &entry = func.getBody().front();
  int parameters = func.getNumArguments();
  if (parameters < 2)
    return func.emitOpError("a kernel's last two parameters are height and width");
  tree->arguments = parameters - 2;
  for (int i = 0; i < parameters - 2; ++i)
    memoryOf(entry.getArgument(i));
  tree->heightSlot = slotOf(entry.getArgument(parameters - 2));
  tree->widthSlot = slotOf(entry.getArgument(parameters - 1));
  tree->opaque[tree->heightSlot] = tree->opaque[tree->widthSlot] = 0;
  for (BlockArgument local : func.getWorkgroupAttributions()) {
    auto type = cast<MemRefType>(local.getType());
    tree->localBytes += type.getNumElements() * type.getElementTypeBitWidth() / 8.0;
    memoryOf(local);
  }
  int root = newNode(NodeKind::Root, -1);
  if (failed(block(entry, root)))
    return failure();
  tree->nodes[root].end = tree->nodes.size();
  registersOf(entry, root, 2);
  if (failed(slice()))
    return failure();
  hash();
  return std::move(tree);
}

FailureOr<std::unique_ptr<KernelTree>> cost::buildTree(gpu::GPUFuncOp func) {
  return TreeBuilder(func).run();
}
