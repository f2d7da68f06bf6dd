//===- KernelFeatures.cpp - What a lowered kernel does --------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/cost/KernelFeatures.h"
#include "compiler/cost/Footprint.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"

#include <cmath>
#include <cstring>
#include <map>

using namespace mlir;
using namespace srcc;
using namespace srcc::cost;

//===----------------------------------------------------------------------===//
// Pieces
//===----------------------------------------------------------------------===//

static int log2Lanes(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  int64_t lanes = vector ? vector.getNumElements() : 1;
  return std::min<int>(llvm::Log2_64_Ceil(std::max<int64_t>(lanes, 1)), widthKinds - 1);
}

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

//===----------------------------------------------------------------------===//
// The tree
//===----------------------------------------------------------------------===//

namespace srcc::cost {

/// An integer operation over slots: numbered values of sizes, ids, loop variables and what is made of
/// them.
struct Instruction {
  enum Code : uint8_t {
    Add, Sub, Mul, FloorDiv, CeilDiv, Div, Rem, RemU, Min, Max, And, Or, Xor, Shl, Shr, Select,
    Copy, Load, Eq, Ne, Lt, Le, Gt, Ge
  } code;
  int to = 0, a = 0, b = 0, c = 0; // slots; of Load a is the argument, b the index
};

/// One read or write, where and of how many bytes.
struct Access {
  int memory = 0; // argument, or behind those: private and local memory
  int node = 0, address = -1; // slot of the index of its first element, or -1: not known
  int bytes = 4, elementBytes = 4;
  bool store = false;
};

struct Node {
  NodeKind kind = NodeKind::Root;
  int parent = -1, end = 0; // its subtree is [its own number, end)
  int iv = -1, lower = -1, upper = -1, step = -1, condition = -1;
  bool unpredictable = false;
  Piece piece;
  std::vector<Instruction> code;    // all integer arithmetic
  std::vector<Instruction> control; // that which trip counts and conditions need
  std::vector<int> inputs;          // slots from outside that control of the subtree reads
};

class KernelTree {
public:
  std::string name;
  std::vector<Node> nodes;
  std::vector<Access> accesses;
  std::vector<std::pair<int, int64_t>> constants; // slots with their values
  int slots = 0, arguments = 0;
  int heightSlot = -1, widthSlot = -1;
  std::array<int, 3> blockId{-1, -1, -1}, threadId{-1, -1, -1};
  std::array<int, 3> gridDim{-1, -1, -1}, blockDim{-1, -1, -1};
  std::vector<char> opaque; // slots whose value is not known
  double localBytes = 0, privateBytes = 0, codeSize = 0, registers = 0;
  uint64_t signature = 0;

  bool usesGrid(int slot) const; // whether control depends on an id
};

} // namespace srcc::cost

bool KernelTree::usesGrid(int slot) const {
  return slot >= 0 && llvm::is_contained(nodes[0].inputs, slot);
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
  bool isRegister(Value memref) const {
    return cast<MemRefType>(memref.getType()).getRank() == 0;
  }
  void access(int node, Value memref, Value index, Type value, bool store);
  void arith(int node, Arith kind, Operation &op);
  void integer(int node, Operation &op, Instruction::Code code, int operands);
  void addresses(Block &body, int node);
  void registersOf(Block &body, int node, double outside);
  LogicalResult slice();
  void hash();

  gpu::GPUFuncOp func;
  std::unique_ptr<KernelTree> tree = std::make_unique<KernelTree>();
  llvm::DenseMap<Value, int> slots;
  llvm::DenseMap<Value, int> memories;
  /// Reads of a block that are still what memory holds.
  struct Place {
    Value memref, index;
    Type type;
    bool operator<(const Place &o) const {
      return std::tuple(memref.getAsOpaquePointer(), index.getAsOpaquePointer(),
                        type.getAsOpaquePointer()) <
             std::tuple(o.memref.getAsOpaquePointer(), o.index.getAsOpaquePointer(),
                        o.type.getAsOpaquePointer());
    }
  };
  std::map<Place, Value> known;
  llvm::DenseMap<Value, Value> sameAs; // repeated reads: the first of them
  llvm::DenseMap<Block *, int> nodeOf;
};

} // namespace

static bool isIndexLike(Type type) { return type.isIndex() || type.isSignlessInteger(); }

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
  access.store = store;
  tree->accesses.push_back(access);
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
  case arith::CmpIPredicate::eq: return Instruction::Eq;
  case arith::CmpIPredicate::ne: return Instruction::Ne;
  case arith::CmpIPredicate::slt: case arith::CmpIPredicate::ult: return Instruction::Lt;
  case arith::CmpIPredicate::sle: case arith::CmpIPredicate::ule: return Instruction::Le;
  case arith::CmpIPredicate::sgt: case arith::CmpIPredicate::ugt: return Instruction::Gt;
  case arith::CmpIPredicate::sge: case arith::CmpIPredicate::uge: return Instruction::Ge;
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
  auto forget = [&](Value memref) {
    for (auto it = known.begin(); it != known.end();)
      it = it->first.memref == memref ? known.erase(it) : std::next(it);
  };
  auto read = [&](Value memref, Value index, Value result) {
    if (isRegister(memref))
      return;
    auto [place, isNew] = known.try_emplace(Place{memref, index, result.getType()}, result);
    if (!isNew) {
      sameAs[result] = place->second;
    } else {
      access(node, memref, index, result.getType(), false);
      piece->loads[log2Lanes(result.getType())] += 1;
    }
    if (isIndexLike(result.getType()) && isa<BlockArgument>(memref) && index &&
        result.getType().isSignlessInteger(32)) {
      Instruction load;
      load.code = Instruction::Load;
      load.a = memoryOf(memref);
      load.b = slotOf(index);
      load.to = slotOf(result);
      tree->opaque[load.to] = tree->opaque[load.b];
      tree->nodes[node].code.push_back(load);
    }
  };
  auto written = [&](Value memref, Value index, Value value) {
    if (isRegister(memref))
      return;
    forget(memref);
    access(node, memref, index, value.getType(), true);
    piece->stores[log2Lanes(value.getType())] += 1;
  };
  auto first = [](ValueRange indices) { return indices.empty() ? Value() : indices.front(); };
  using K = Arith;
  return llvm::TypeSwitch<Operation *, LogicalResult>(&op)
      .Case([&](memref::LoadOp load) {
        read(load.getMemRef(), first(load.getIndices()), load.getResult());
        return success();
      })
      .Case([&](vector::LoadOp load) {
        read(load.getBase(), first(load.getIndices()), load.getResult());
        return success();
      })
      .Case([&](ocl::VLoadHalfOp load) {
        read(load.getMemory(), load.getIndex(), load.getResult());
        arith(node, K::Convert, op);
        return success();
      })
      .Case([&](memref::StoreOp store) {
        written(store.getMemRef(), first(store.getIndices()), store.getValue());
        return success();
      })
      .Case([&](vector::StoreOp store) {
        written(store.getBase(), first(store.getIndices()), store.getValueToStore());
        return success();
      })
      .Case([&](ocl::VStoreHalfOp store) {
        written(store.getMemory(), store.getIndex(), store.getValue());
        arith(node, K::Convert, op);
        return success();
      })
      .Case([&](memref::PrefetchOp prefetch) {
        piece->prefetches += 1;
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
        if (auto code = integerCode(op); code && scalar &&
            llvm::all_of(op.getOperandTypes(), isIndexLike)) {
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
            .Case<arith::ExtFOp, arith::TruncFOp, arith::SIToFPOp, arith::UIToFPOp,
                  arith::FPToSIOp, arith::FPToUIOp, math::RoundEvenOp, math::FloorOp>(
                [&](Operation *) { arith(node, K::Convert, op); })
            .Case<vector::ExtractOp, vector::FromElementsOp, vector::InsertOp>([&](Operation *) {
              arith(node, K::Select, op);
            })
            .Default([&](Operation *) { arith(node, K::Select, op); });
        return success();
      });
}

/// An address without what is constant in it, which processors add for nothing.
static Value baseOf(Value address) {
  APInt constant;
  while (auto add = address.getDefiningOp<arith::AddIOp>()) {
    if (matchPattern(add.getRhs(), m_ConstantInt(&constant)))
      address = add.getLhs();
    else if (matchPattern(add.getLhs(), m_ConstantInt(&constant)))
      address = add.getRhs();
    else
      break;
  }
  return address;
}

/// Counts the different addresses of a block, and the longest chain of sums through a variable.
void TreeBuilder::addresses(Block &body, int node) {
  llvm::SmallDenseSet<std::pair<Value, Value>> bases;
  llvm::DenseMap<Value, float> chains;
  auto address = [&](Value memref, Value index) {
    if (index && !isRegister(memref))
      bases.insert({memref, baseOf(index)});
  };
  for (Operation &op : body) {
    llvm::TypeSwitch<Operation *>(&op)
        .Case([&](memref::LoadOp l) {
          address(l.getMemRef(), l.getIndices().empty() ? Value() : l.getIndices().front());
        })
        .Case([&](vector::LoadOp l) { address(l.getBase(), l.getIndices().front()); })
        .Case([&](vector::StoreOp s) { address(s.getBase(), s.getIndices().front()); })
        .Case([&](ocl::VLoadHalfOp l) { address(l.getMemory(), l.getIndex()); })
        .Case([&](ocl::VStoreHalfOp s) { address(s.getMemory(), s.getIndex()); })
        .Case([&](memref::StoreOp s) {
          if (!s.getIndices().empty())
            address(s.getMemRef(), s.getIndices().front());
          // Values between the read of a variable and its write wait for each other.
          if (!isRegister(s.getMemRef()))
            return;
          float length = 0;
          Value value = s.getValue();
          while (Operation *def = value.getDefiningOp()) {
            if (def->getBlock() != &body)
              break;
            Value next;
            if (auto fma = dyn_cast<math::FmaOp>(def))
              next = fma.getC();
            else if (auto add = dyn_cast<arith::AddFOp>(def))
              next = add.getLhs();
            else if (isa<arith::MaxNumFOp, arith::MinNumFOp, arith::MaximumFOp, arith::MinimumFOp>(def))
              next = def->getOperand(0);
            else
              break;
            length += 1;
            value = next;
          }
          auto load = value.getDefiningOp<memref::LoadOp>();
          if (load && load.getMemRef() == s.getMemRef() && load->getBlock() == &body)
            chains[s.getMemRef()] = std::max(chains[s.getMemRef()], length);
        });
  }
  tree->nodes[node].piece.addresses = bases.size();
  float longest = 0;
  for (auto &[memref, length] : chains)
    longest = std::max(longest, length);
  tree->nodes[node].piece.chain = longest;
}

/// 32-bit registers that a value takes.
static double registersOfType(Type type) {
  if (auto vector = dyn_cast<VectorType>(type))
    return vector.getNumElements() * std::max(1u, vector.getElementTypeBitWidth() / 32u) *
           (vector.getElementTypeBitWidth() == 16 ? 0.5 : 1.0);
  return 1;
}

/// Variables and values alive at once in a block, at most, with the blocks in it. Values are taken to
/// be computed where they are first used, as the printer and drivers' compilers do.
void TreeBuilder::registersOf(Block &body, int node, double outside) {
  llvm::SmallDenseSet<Value> variables;
  double own = 0;
  for (Operation &op : body)
    if (auto alloca = dyn_cast<memref::AllocaOp>(op); alloca && !alloca.getType().getRank())
      own += registersOfType(alloca.getType().getElementType());
  // Places read once and used by several operations stay in registers from the first to the last use.
  llvm::DenseMap<Value, std::pair<int, int>> ranges;
  int at = 0;
  for (Operation &op : body) {
    ++at;
    for (Value operand : op.getOperands()) {
      auto same = sameAs.find(operand);
      Value value = same == sameAs.end() ? operand : same->second;
      Operation *def = value.getDefiningOp();
      if (!def || def->getBlock() != &body || isa<MemRefType>(value.getType()) ||
          def->hasTrait<OpTrait::ConstantLike>())
        continue;
      if (isIndexLike(value.getType()))
        continue;
      if (auto load = dyn_cast<memref::LoadOp>(def); load && isRegister(load.getMemRef()))
        continue;
      if (isa<vector::BroadcastOp>(def))
        continue;
      auto [range, isNew] = ranges.try_emplace(value, std::pair(at, at));
      range->second.second = at;
    }
  }
  std::vector<double> change(at + 2);
  for (auto &[value, range] : ranges) {
    change[range.first] += registersOfType(value.getType());
    change[range.second + 1] -= registersOfType(value.getType());
  }
  double alive = 0, most = 0;
  for (double c : change)
    most = std::max(most, alive += c);
  double base = outside + own + tree->nodes[node].piece.addresses;
  tree->nodes[node].piece.registers = base + most;
  tree->registers = std::max(tree->registers, base + most);
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
  addresses(body, node);
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
      if (decodes && i.code != Instruction::Copy && i.code != Instruction::Load && !isConstantAdd(i))
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

//===----------------------------------------------------------------------===//
// Kernel
//===----------------------------------------------------------------------===//

Kernel::Kernel(std::unique_ptr<KernelTree> tree) : tree(std::move(tree)) {}
Kernel::Kernel(Kernel &&) = default;
Kernel &Kernel::operator=(Kernel &&) = default;
Kernel::~Kernel() = default;

FailureOr<Kernel> Kernel::get(gpu::GPUFuncOp func) {
  auto tree = TreeBuilder(func).run();
  if (failed(tree))
    return failure();
  return Kernel(std::move(*tree));
}

llvm::StringRef Kernel::name() const { return tree->name; }
size_t Kernel::size() const { return tree->nodes.size(); }
const Piece &Kernel::piece(size_t node) const { return tree->nodes[node].piece; }
NodeKind Kernel::kind(size_t node) const { return tree->nodes[node].kind; }
bool Kernel::unpredictable(size_t node) const { return tree->nodes[node].unpredictable; }
double Kernel::localBytes() const { return tree->localBytes; }
double Kernel::privateBytes() const { return tree->privateBytes; }
double Kernel::codeSize() const { return tree->codeSize; }
double Kernel::codeInstructions() const {
  double sum = 0;
  for (const Node &node : tree->nodes) {
    for (int kind = 0; kind < arithKinds; ++kind)
      sum += node.piece.instructions(Arith(kind), 1);
    sum += node.piece.loadInstructions(4) + node.piece.storeInstructions(4) + node.piece.addresses +
           double(node.code.size());
  }
  return sum;
}
double Kernel::registers() const { return tree->registers; }
uint64_t Kernel::signature() const { return tree->signature; }

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

static int64_t evaluateAffine(AffineExpr expr, int64_t height, int64_t width) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return symbol.getPosition() == 0 ? height : width;
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return 0;
  int64_t a = evaluateAffine(binary.getLHS(), height, width);
  int64_t b = evaluateAffine(binary.getRHS(), height, width);
  switch (expr.getKind()) {
  case AffineExprKind::Add: return a + b;
  case AffineExprKind::Mul: return a * b;
  case AffineExprKind::FloorDiv: return b > 0 ? llvm::divideFloorSigned(a, b) : 0;
  case AffineExprKind::CeilDiv: return b > 0 ? llvm::divideCeilSigned(a, b) : 0;
  case AffineExprKind::Mod: return b > 0 ? a - b * llvm::divideFloorSigned(a, b) : 0;
  default: return 0;
  }
}

namespace {

/// Runs the integer arithmetic of a kernel for one launch at one size.
class Evaluator {
public:
  Evaluator(const KernelTree &tree, const Launch &launch, ArrayRef<Table> buffers, int64_t height,
            int64_t width)
      : tree(tree), launch(launch), buffers(buffers), slots(tree.slots), cache(tree.nodes.size()) {
    for (auto &[slot, value] : tree.constants)
      slots[slot] = value;
    set(tree.heightSlot, height);
    set(tree.widthSlot, width);
    for (int i = 0; i < 3; ++i) {
      grid[i] = i < int(launch.blocks.getNumResults())
                    ? std::max<int64_t>(0, evaluateAffine(launch.blocks.getResult(i), height, width))
                    : 1;
      group[i] = i < int(launch.threads.getNumResults())
                     ? std::max<int64_t>(1, evaluateAffine(launch.threads.getResult(i), height, width))
                     : 1;
      set(tree.gridDim[i], grid[i]);
      set(tree.blockDim[i], group[i]);
    }
  }

  Counts count(const CacheSizes &caches);

private:
  void set(int slot, int64_t value) {
    if (slot >= 0)
      slots[slot] = value;
  }
  void run(ArrayRef<Instruction> code);
  const std::vector<double> &subtree(int node);
  void enumerate(int dimension, double weight, Counts &counts);
  void reference(int from, int to);
  int64_t tripOf(const Node &node) const {
    int64_t step = slots[node.step];
    if (step <= 0 || slots[node.upper] <= slots[node.lower])
      return 0;
    return llvm::divideCeil(uint64_t(slots[node.upper]) - uint64_t(slots[node.lower]), uint64_t(step));
  }
  void traffic(Counts &counts, const CacheSizes &caches);

  const KernelTree &tree;
  const Launch &launch;
  ArrayRef<Table> buffers;
  std::vector<int64_t> slots;
  std::array<int64_t, 3> grid, group;
  /// How often the nodes of a subtree run, by the values that decide it.
  std::vector<std::map<std::vector<int64_t>, std::vector<double>>> cache;
};

} // namespace

void Evaluator::run(ArrayRef<Instruction> code) {
  using I = Instruction;
  auto wrap = [](uint64_t v) { return int64_t(v); };
  for (const Instruction &i : code) {
    int64_t a = slots[i.a], b = slots[i.b], r = 0;
    switch (i.code) {
    case I::Add: r = wrap(uint64_t(a) + uint64_t(b)); break;
    case I::Sub: r = wrap(uint64_t(a) - uint64_t(b)); break;
    case I::Mul: r = wrap(uint64_t(a) * uint64_t(b)); break;
    case I::FloorDiv: r = b > 0 ? llvm::divideFloorSigned(a, b) : 0; break;
    case I::CeilDiv: r = b > 0 ? llvm::divideCeilSigned(a, b) : 0; break;
    case I::Div: r = b > 0 ? a / b : 0; break;
    case I::Rem: case I::RemU: r = b > 0 ? a % b : 0; break;
    case I::Min: r = std::min(a, b); break;
    case I::Max: r = std::max(a, b); break;
    case I::And: r = a & b; break;
    case I::Or: r = a | b; break;
    case I::Xor: r = a ^ b; break;
    case I::Shl: r = b >= 0 && b < 63 ? wrap(uint64_t(a) << b) : 0; break;
    case I::Shr: r = b >= 0 && b < 63 ? a >> b : 0; break;
    case I::Select: r = a ? b : slots[i.c]; break;
    case I::Copy: r = a; break;
    case I::Eq: r = a == b; break;
    case I::Ne: r = a != b; break;
    case I::Lt: r = a < b; break;
    case I::Le: r = a <= b; break;
    case I::Gt: r = a > b; break;
    case I::Ge: r = a >= b; break;
    case I::Load: {
      const std::vector<int32_t> *values = nullptr;
      if (i.a < int(launch.arguments.size()))
        values = &buffers[launch.arguments[i.a]].values;
      r = values && b >= 0 && b < int64_t(values->size()) ? (*values)[b] : 0;
      break;
    }
    }
    slots[i.to] = r;
  }
}

/// How often the nodes [node, end) run while `node` is visited once: its condition is looked at, or its
/// loop runs from start to end.
const std::vector<double> &Evaluator::subtree(int n) {
  const Node &node = tree.nodes[n];
  std::vector<int64_t> key;
  key.reserve(node.inputs.size());
  for (int slot : node.inputs)
    key.push_back(slots[slot]);
  auto [place, isNew] = cache[n].try_emplace(std::move(key));
  std::vector<double> &result = place->second;
  if (!isNew)
    return result;
  result.assign(node.end - n, 0);
  auto body = [&](double weight) {
    run(node.control);
    result[0] += weight;
    for (int child = n + 1; child < node.end; child = tree.nodes[child].end) {
      const std::vector<double> &inner = subtree(child);
      for (size_t i = 0; i < inner.size(); ++i)
        result[child - n + i] += weight * inner[i];
    }
  };
  switch (node.kind) {
  case NodeKind::Root:
    body(1);
    break;
  case NodeKind::Then:
    if (tree.opaque[node.condition] || slots[node.condition])
      body(1);
    break;
  case NodeKind::Else:
    if (!tree.opaque[node.condition] && !slots[node.condition])
      body(1);
    break;
  case NodeKind::Loop: {
    int64_t trip = tripOf(node), lower = slots[node.lower], step = slots[node.step];
    bool matters = false;
    for (int m = n; m < node.end && !matters; ++m) {
      for (const Instruction &i : tree.nodes[m].control)
        matters |= i.a == node.iv || i.b == node.iv || i.c == node.iv;
      matters |= tree.nodes[m].lower == node.iv || tree.nodes[m].upper == node.iv;
    }
    if (!matters || !trip) {
      slots[node.iv] = lower;
      if (trip)
        body(double(trip));
      break;
    }
    // Long loops are looked at in evenly spread places, their ends one by one.
    constexpr int64_t most = 512, ends = 64;
    if (trip <= most) {
      for (int64_t i = 0; i < trip; ++i)
        slots[node.iv] = lower + i * step, body(1);
      break;
    }
    int64_t middle = trip - 2 * ends, samples = most - 2 * ends;
    for (int64_t i = 0; i < ends; ++i) {
      slots[node.iv] = lower + i * step, body(1);
      slots[node.iv] = lower + (trip - 1 - i) * step, body(1);
    }
    for (int64_t i = 0; i < samples; ++i) {
      slots[node.iv] = lower + (ends + i * middle / samples) * step;
      body(double(middle) / samples);
    }
    break;
  }
  }
  return result;
}

/// Visits work-groups and work-items; where many are alike, some of them with weights.
void Evaluator::enumerate(int dimension, double weight, Counts &counts) {
  if (dimension == 6) {
    const std::vector<double> &runs = subtree(0);
    for (size_t i = 0; i < runs.size(); ++i)
      counts.runs[i] += weight * runs[i];
    return;
  }
  bool thread = dimension >= 3;
  int slot = thread ? tree.threadId[dimension - 3] : tree.blockId[dimension];
  int64_t size = thread ? group[dimension - 3] : grid[dimension];
  if (!tree.usesGrid(slot)) {
    set(slot, 0);
    return enumerate(dimension + 1, weight * size, counts);
  }
  constexpr int64_t most = 16, ends = 4;
  if (size <= most) {
    for (int64_t i = 0; i < size; ++i)
      set(slot, i), enumerate(dimension + 1, weight, counts);
    return;
  }
  for (int64_t i = 0; i < ends; ++i) {
    set(slot, i), enumerate(dimension + 1, weight, counts);
    set(slot, size - 1 - i), enumerate(dimension + 1, weight, counts);
  }
  int64_t middle = size - 2 * ends, samples = most - 2 * ends;
  for (int64_t i = 0; i < samples; ++i) {
    set(slot, ends + i * middle / samples);
    enumerate(dimension + 1, weight * middle / samples, counts);
  }
}

/// Sets the nodes [from, to) to the middle of their loops and computes all their integers.
void Evaluator::reference(int from, int to) {
  for (int n = from; n < to; ++n) {
    const Node &node = tree.nodes[n];
    if (node.kind == NodeKind::Loop)
      slots[node.iv] = slots[node.lower] + tripOf(node) / 2 * std::max<int64_t>(slots[node.step], 1);
    run(node.code);
  }
}

/// Part of a line that a cache of `size` keeps of `bytes` in use between two uses: all up to half of
/// it, nothing from one and a half on.
static double kept(double bytes, double size) {
  if (size <= 0)
    return 0;
  return std::clamp(1.5 - bytes / size, 0.0, 1.0);
}

void Evaluator::traffic(Counts &counts, const CacheSizes &caches) {
  // Everything at the middle of the picture.
  for (int i = 0; i < 3; ++i)
    set(tree.blockId[i], grid[i] / 2), set(tree.threadId[i], group[i] / 2);
  int nodes = tree.nodes.size(), memories = tree.arguments;
  for (const Access &access : tree.accesses)
    memories = std::max(memories, access.memory + 1);
  reference(0, nodes);
  std::vector<int64_t> at = slots;
  size_t accesses = tree.accesses.size();

  // How far apart the places of an access are in neighbouring iterations of each loop around it.
  constexpr int64_t irregular = INT64_MIN;
  auto addressOf = [&](const Access &a) {
    return a.address < 0 || tree.opaque[a.address] ? int64_t(0)
                                                    : slots[a.address] * a.elementBytes;
  };
  std::vector<int64_t> base(accesses);
  for (size_t i = 0; i < accesses; ++i)
    base[i] = addressOf(tree.accesses[i]);
  std::vector<std::vector<int64_t>> stride(nodes + 6, std::vector<int64_t>(accesses, 0));
  auto move = [&](int which, int from, int to, auto &&setTo, int64_t trip, int64_t middle) {
    if (trip < 2)
      return;
    int64_t side = middle + 1 < trip ? 1 : -1;
    std::vector<int64_t> one(accesses, 0);
    setTo(middle + side);
    for (int n = from; n < to; ++n) {
      if (n != which)
        reference(n, n + 1);
      else
        run(tree.nodes[n].code);
    }
    for (size_t i = 0; i < accesses; ++i)
      if (tree.accesses[i].node >= from && tree.accesses[i].node < to)
        stride[which][i] = (addressOf(tree.accesses[i]) - base[i]) * side;
    slots = at;
    // A second look shows those that are no arithmetic progression: rings, and lists.
    if (trip > 2) {
      int64_t far = middle + 2 < trip && trip > 4 ? middle + std::min<int64_t>(3, trip - 1 - middle) : 0;
      setTo(far);
      for (int n = from; n < to; ++n) {
        if (n != which)
          reference(n, n + 1);
        else
          run(tree.nodes[n].code);
      }
      for (size_t i = 0; i < accesses; ++i)
        if (tree.accesses[i].node >= from && tree.accesses[i].node < to &&
            addressOf(tree.accesses[i]) - base[i] != stride[which][i] * (far - middle))
          stride[which][i] = irregular;
      slots = at;
    }
  };
  std::vector<int64_t> trips(nodes + 6, 1), middles(nodes + 6, 0);
  for (int n = 0; n < nodes; ++n) {
    const Node &node = tree.nodes[n];
    if (node.kind != NodeKind::Loop)
      continue;
    int64_t trip = tripOf(node), lower = slots[node.lower], step = std::max<int64_t>(slots[node.step], 1);
    double average = counts.entries[n] > 0 ? counts.runs[n] / counts.entries[n] : 0;
    trips[n] = std::max<int64_t>(1, std::llround(average));
    middles[n] = trip / 2;
    move(n, n, node.end, [&](int64_t i) { slots[node.iv] = lower + i * step; }, trip, trip / 2);
  }
  for (int d = 0; d < 6; ++d) {
    int slot = d < 3 ? tree.threadId[d] : tree.blockId[d - 3];
    int64_t size = d < 3 ? group[d] : grid[d - 3];
    trips[nodes + d] = std::max<int64_t>(1, size);
    middles[nodes + d] = size / 2;
    if (slot >= 0) {
      move(nodes + d, 0, nodes, [&](int64_t i) { slots[slot] = i; }, size, size / 2);
    }
  }

  // Where irregular accesses go in all iterations of the loops together, from the outermost on: what a list
  // holds differs from group to group of filters. Long loops are looked at in evenly spread places.
  std::map<std::vector<int>, std::vector<std::vector<int64_t>>> joint;
  auto offsetsOf = [&](const std::vector<int> &loops, size_t access) -> const std::vector<int64_t> & {
    auto [place, isNew] = joint.try_emplace(loops);
    std::vector<std::vector<int64_t>> &found = place->second;
    if (!isNew)
      return found[access];
    found.resize(accesses);
    auto visit = [&](auto &self, size_t depth) -> void {
      if (depth == loops.size()) {
        for (size_t i = 0; i < accesses; ++i)
          found[i].push_back(addressOf(tree.accesses[i]) - base[i]);
        return;
      }
      int loop = loops[depth];
      bool isGrid = loop >= nodes;
      int slot = !isGrid               ? tree.nodes[loop].iv
                 : loop - nodes < 3 ? tree.threadId[loop - nodes]
                                    : tree.blockId[loop - nodes - 3];
      int64_t trip = isGrid ? trips[loop] : tripOf(tree.nodes[loop]);
      int64_t lower = isGrid ? 0 : slots[tree.nodes[loop].lower];
      int64_t step = isGrid ? 1 : std::max<int64_t>(slots[tree.nodes[loop].step], 1);
      int64_t most = loops.size() == 1 ? 128 : depth + 1 == loops.size() ? 64 : 16;
      int64_t samples = std::min(trip, most);
      for (int64_t k = 0; k < samples; ++k) {
        slots[slot] = lower + (trip <= most ? k : k * trip / samples) * step;
        if (isGrid) {
          reference(0, nodes);
        } else {
          run(tree.nodes[loop].code);
          reference(loop + 1, tree.nodes[loop].end);
        }
        self(self, depth + 1);
      }
    };
    visit(visit, 0);
    slots = at;
    for (std::vector<int64_t> &offsets : found) {
      llvm::sort(offsets);
      offsets.erase(llvm::unique(offsets), offsets.end());
    }
    return found[access];
  };

  // Accesses of one node whose places move alike are one set.
  struct Group {
    int memory, node;
    size_t first; // access that stands for all
    Footprint places;
  };
  std::map<std::vector<int64_t>, Group> groups;
  for (size_t i = 0; i < accesses; ++i) {
    const Access &access = tree.accesses[i];
    std::vector<int64_t> key{access.memory, access.node};
    auto add = [&](int loop) {
      key.push_back(stride[loop][i]);
      if (stride[loop][i] == irregular) {
        const std::vector<int64_t> &places = offsetsOf({loop}, i);
        key.insert(key.end(), places.begin(), places.end());
      }
    };
    for (int n = access.node; n >= 0; n = tree.nodes[n].parent)
      add(n);
    for (int d = 0; d < 6; ++d)
      add(nodes + d);
    auto [place, isNew] = groups.try_emplace(std::move(key), Group{access.memory, access.node, i, {}});
    place->second.places.add(base[i], base[i] + access.bytes);
  }
  // A set on its way outwards: the loops it has passed.
  struct Way {
    Footprint set;
    std::vector<int> plain, lists;
  };
  auto expand = [&](Way &way, int which, const Group &group) {
    int64_t s = stride[which][group.first];
    auto plainly = [&](int loop) {
      int64_t by = stride[loop][group.first];
      way.set.move(-by * middles[loop]); // from the middle to the first iteration
      way.set.expand(by, trips[loop]);
    };
    if (s != irregular) {
      way.plain.push_back(which);
      plainly(which);
      return;
    }
    // Begin again, with this loop and the irregular ones inside it together.
    way.lists.insert(way.lists.begin(), which);
    way.set = group.places;
    way.set.expand(offsetsOf(way.lists, group.first), trips[which]);
    for (int loop : way.plain)
      plainly(loop);
  };
  // Distinct bytes of an iteration, and of a whole loop, by node and memory. The last node is the grid.
  std::vector<std::vector<Footprint>> iteration(nodes + 1, std::vector<Footprint>(memories));
  std::vector<std::vector<Footprint>> whole = iteration;
  std::vector<std::vector<Footprint>> own = iteration; // without what is in loops and branches inside
  for (auto &[key, group] : groups) {
    Way way{group.places, {}, {}};
    Footprint &set = way.set;
    for (int d = 0; d < 3; ++d) // work-items of a group run side by side
      expand(way, nodes + d, group);
    own[group.node][group.memory].add(set);
    bool likely = true;
    for (int n = group.node; n >= 0 && likely; n = tree.nodes[n].parent) {
      iteration[n][group.memory].add(set);
      if (tree.nodes[n].kind == NodeKind::Loop)
        expand(way, n, group);
      whole[n][group.memory].add(set);
      // What hardly ever happens fills no cache.
      likely = tree.nodes[n].parent < 0 || tree.nodes[n].kind == NodeKind::Loop ||
               counts.runs[n] >= 0.2 * counts.runs[tree.nodes[n].parent];
    }
    if (!likely)
      continue;
    iteration[nodes][group.memory].add(set);
    for (int d = 3; d < 6; ++d)
      expand(way, nodes + d, group);
    whole[nodes][group.memory].add(set);
  }
  std::vector<double> iterationBytes(nodes + 1, 0);
  std::vector<std::vector<double>> wholeBytes(nodes + 1, std::vector<double>(memories, 0)),
      ownBytes = wholeBytes;
  for (int n = 0; n <= nodes; ++n)
    for (int m = 0; m < memories; ++m) {
      iterationBytes[n] += iteration[n][m].bytes();
      wholeBytes[n][m] = whole[n][m].bytes();
      ownBytes[n][m] = own[n][m].bytes();
    }
  counts.iteration = iterationBytes[nodes];
  std::vector<double> weight(memories, 1);
  for (int m = 0; m < tree.arguments; ++m) {
    if (launch.written[m])
      weight[m] = 2; // a line that is written is read before, and written back
    counts.footprint += wholeBytes[nodes][m];
    counts.moved += weight[m] * wholeBytes[nodes][m];
  }
  // Bytes that a node's whole run, per visit, moves between a cache and what is behind it: what is
  // distinct if the cache holds what an iteration touches, else the same again in each iteration.
  double sizes[2] = {caches.first, caches.second};
  for (int level = 0; level < 2; ++level) {
    std::vector<std::vector<double>> moved(nodes + 1, std::vector<double>(memories, 0));
    for (int n = nodes - 1; n >= 0; --n) {
      const Node &node = tree.nodes[n];
      std::vector<double> body = ownBytes[n];
      for (int child = n + 1; child < node.end; child = tree.nodes[child].end) {
        double visits = counts.runs[n] > 0
                            ? (tree.nodes[child].kind == NodeKind::Loop ? counts.entries[child]
                                                                         : counts.runs[child]) /
                                  counts.runs[n]
                            : 0;
        for (int m = 0; m < memories; ++m)
          body[m] += visits * moved[child][m];
      }
      double part = kept(iterationBytes[n], sizes[level]);
      double trip = node.kind == NodeKind::Loop ? double(trips[n]) : 1;
      for (int m = 0; m < memories; ++m) {
        double once = std::min(wholeBytes[n][m], trip * body[m]);
        moved[n][m] = part * once + (1 - part) * trip * body[m];
      }
    }
    double part = kept(iterationBytes[nodes], sizes[level]), total = 0;
    for (int m = 0; m < memories; ++m) {
      double each = counts.groups * moved[0][m];
      double once = std::min(wholeBytes[nodes][m], each);
      total += weight[m] * (m < tree.arguments ? part * once + (1 - part) * each : (1 - part) * each);
    }
    counts.traffic[level] = total;
  }
}

Counts Evaluator::count(const CacheSizes &caches) {
  Counts counts;
  counts.groups = double(grid[0]) * grid[1] * grid[2];
  counts.threads = double(group[0]) * group[1] * group[2];
  counts.runs.assign(tree.nodes.size(), 0);
  enumerate(0, 1, counts);
  counts.entries.assign(tree.nodes.size(), 0);
  for (size_t n = 1; n < tree.nodes.size(); ++n)
    counts.entries[n] = counts.runs[tree.nodes[n].parent];
  traffic(counts, caches);
  return counts;
}

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

FailureOr<Program> Program::get(ModuleOp module) {
  auto plans = llvm::to_vector(module.getOps<ocl::ProgramOp>());
  if (plans.size() != 1)
    return module.emitError("costs are of a lowered module with one ocl.program, but there are ")
           << plans.size();
  Program program;
  program.name = plans[0].getSymName().str();
  llvm::StringMap<size_t> kernelOf, bufferOf;
  for (auto kernels : module.getOps<gpu::GPUModuleOp>())
    for (auto func : kernels.getOps<gpu::GPUFuncOp>()) {
      auto kernel = Kernel::get(func);
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
    std::string symbol =
        (op.getKernel().getRootReference().getValue() + "::" + op.getKernel().getLeafReference().getValue())
            .str();
    auto kernel = kernelOf.find(symbol);
    if (kernel == kernelOf.end())
      return op.emitOpError("launches ") << op.getKernel() << ", which is in no gpu.module";
    launch.kernel = kernel->second;
    launch.name = program.kernels[launch.kernel].name().str();
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
      launch.written.push_back(false);
      const std::vector<int32_t> &values = program.buffers[buffer].values;
      add(llvm::xxh3_64bits(llvm::ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(values.data()),
                                                    values.size() * sizeof(int32_t))));
    }
    for (int32_t i : op.getWrites())
      launch.written[i] = true;
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
    if (launch.input != ocl::PixelFormat::U8Interleaved && launch.output != ocl::PixelFormat::U8Interleaved)
      result.push_back(&launch);
  return result;
}

llvm::json::Object Program::features(const Launch &launch, int64_t height, int64_t width,
                                     const CacheSizes &caches) const {
  constexpr const char *kinds[] = {"fma", "multiply", "add", "select", "divide", "special", "convert", "integer"};
  constexpr const char *elements[] = {"f32", "f16", "i32"};
  const Kernel &kernel = kernels[launch.kernel];
  Counts counts = count(launch, height, width, caches);
  llvm::json::Object arith, loads, stores;
  double addresses = 0, decoded = 0, branches = 0, prefetches = 0, barriers = 0, broadcasts = 0, iterations = 0, lookups = 0;
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
    addresses += runs * p.addresses, branches += runs * p.branches, prefetches += runs * p.prefetches;
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
          arith[std::string(kinds[k]) + "_" + elements[e] + "x" + std::to_string(1 << w)] = done[k][e][w];
  for (int w = 0; w < widthKinds; ++w) {
    if (loaded[w])
      loads["x" + std::to_string(1 << w)] = loaded[w];
    if (stored[w])
      stores["x" + std::to_string(1 << w)] = stored[w];
  }
  double macs = launch.macs ? evaluateAffine(launch.macs.getResult(0), height, width) : 0;
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
                            {"beyond_second_cache_bytes", counts.traffic[1]}};
}
