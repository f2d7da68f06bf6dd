//===- PrintMemory.cpp - Places, loads and stores as OpenCL C -------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/emit/KernelPrinter.h"

#include "dialects/ocl/OCL.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace srcc;
using namespace srcc::opencl;

//===- places -------------------------------------------------------------===//

static std::string signedText(int64_t number) {
  return (number < 0 ? " - " : " + ") + llvm::utostr(number < 0 ? -number : number);
}

/// The pointer to a place, without its offset. Rows are those of a matrix: a product in the index
/// would be of 32 bits, extended each time.
std::string KernelPrinter::pointer(Value memory, const Place &place) {
  std::string name = memoryName(memory).str(), base = place.base;
  std::string moving = place.moving.empty() ? "" : " + " + place.moving;
  bool inRow = place.offset >= 0 && place.offset < place.row;
  if (place.row > 1 && inRow && isGlobal(memory)) {
    StringRef space = readOnly.contains(memory) ? "global const " : "global ";
    std::string type = typeName(cast<MemRefType>(memory.getType()).getElementType());
    return "((" + space.str() + type + " (*)[" + std::to_string(place.row) + "])" + name + ")[" +
           base + "]" + moving;
  }
  if (place.row > 1)
    base += " * " + std::to_string(place.row);
  return "&" + name + "[" + base + "]" + moving;
}

Expr KernelPrinter::element(Value memory, Value index) {
  Expr expr;
  expr.reads.push_back(memory);
  expr.precedence = Postfix;
  auto place = places.find(index);
  if (place != places.end() && place->second.offset >= 0) {
    Place pointed = place->second;
    std::string last = std::to_string(pointed.offset);
    if (!pointed.offset && !pointed.moving.empty())
      last = std::exchange(pointed.moving, "");
    expr.text = pointer(memory, pointed); // in parentheses unless it is a row
    if (expr.text.front() == '&' || !pointed.moving.empty())
      expr.text = "(" + expr.text + ")";
    expr.text += "[" + last + "]";
    return expr;
  }
  expr.text = memoryName(memory).str();
  if (!index) {
    expr.precedence = Word;
    return expr;
  }
  Expr position = take(index);
  expr.text += "[" + position.text + "]";
  addReads(expr, position);
  return expr;
}

/// Whether a use of a value is as the index of a memory access.
static bool isIndexUse(OpOperand &use) {
  Operation *user = use.getOwner();
  if (isa<memref::LoadOp, memref::PrefetchOp, vector::LoadOp, ocl::VLoadHalfOp>(user))
    return use.getOperandNumber() == 1;
  return isa<memref::StoreOp, vector::StoreOp, ocl::VStoreHalfOp>(user) &&
         use.getOperandNumber() == 2;
}

/// Whether an operation adds a constant to an index of memory accesses, and does nothing else.
static bool isOffset(Operation *op) {
  APInt number;
  return isa<arith::AddIOp, arith::SubIOp>(op) && op->getResult(0).getType().isIndex() &&
         matchPattern(op->getOperand(1), m_ConstantInt(&number)) &&
         llvm::all_of(op->getResult(0).getUses(), isIndexUse);
}

/// Whether an operation in an innermost loop adds what changes in the loop to what does not, or
/// multiplies the loop's variable by a constant, for indices of memory accesses alone.
static bool isMoving(Operation *op) {
  auto loop = dyn_cast_or_null<scf::ForOp>(op->getParentOp());
  if (!loop || !op->getResult(0).getType().isIndex() ||
      !loop.getBody()->getOps<scf::ForOp>().empty())
    return false;
  APInt number;
  auto inside = [&](Value value) { return loop.getRegion().isAncestor(value.getParentRegion()); };
  bool sum = isa<arith::AddIOp>(op) && !inside(op->getOperand(0)) && inside(op->getOperand(1));
  bool row = isa<arith::MulIOp>(op) && op->getOperand(0) == loop.getInductionVar() &&
             matchPattern(op->getOperand(1), m_ConstantInt(&number)) && number.sgt(1);
  return (sum || row) && llvm::all_of(op->getResult(0).getUses(), [](OpOperand &use) {
           return isIndexUse(use) || (use.getOperandNumber() == 0 && isOffset(use.getOwner()));
         });
}

/// Indices of memory accesses in parts. What only adds a constant needs no variable: a vector's
/// address is `&x[i] + 8`, an element `(&x[i])[8]`, which is part of a load instruction where
/// `&x[i + 8]` is 32-bit arithmetic, extended. For the same reason a pointer takes what does not
/// change in a loop, `&x[i] + j`: it is computed outside.
bool KernelPrinter::printPlace(Operation *op) {
  bool moving = isMoving(op);
  if (!moving && !isOffset(op))
    return false;
  Value first = op->getOperand(0), second = op->getOperand(1);
  // The words are used later: a variable that may change till then is none.
  auto lasting = [&](Value value, std::string &word) {
    word = takeWord(value);
    return expressions[value].reads.empty();
  };
  Place place;
  if (auto known = places.find(first); known != places.end())
    place = known->second;
  else if (!lasting(first, place.base))
    return false;
  APInt number;
  if (isa<arith::MulIOp>(op))
    place.row = cast<arith::ConstantIndexOp>(second.getDefiningOp()).value();
  else if (matchPattern(second, m_ConstantInt(&number)))
    place.offset += isa<arith::SubIOp>(op) ? -number.getSExtValue() : number.getSExtValue();
  else if (!lasting(second, place.moving))
    return false;
  places[op->getResult(0)] = place;
  std::string text = place.base + (place.row > 1 ? " * " + std::to_string(place.row) : "") +
                     (place.moving.empty() ? "" : " + " + place.moving) +
                     (place.offset ? signedText(place.offset) : "");
  expressions[op->getResult(0)] = {text, Additive, false, {}};
  return true;
}

/// Address of an element, to load or store a vector from: &x[i].
Expr KernelPrinter::address(Value memory, Value index) {
  if (auto place = places.find(index); place != places.end()) {
    Place &parts = place->second;
    Expr expr;
    expr.text = pointer(memory, parts) + (parts.offset ? signedText(parts.offset) : "");
    expr.precedence = parts.moving.empty() && !parts.offset ? Unary : Additive;
    expr.reads.push_back(memory);
    return expr;
  }
  Expr expr = element(memory, index);
  bool zero = StringRef(expr.text).ends_with("[0]");
  expr.text = zero ? memoryName(memory).str() : "&" + expr.text;
  expr.precedence = zero ? Word : Unary;
  return expr;
}

/// The vector at an address, aligned to all of it or to an element: *(global float4 *)&x[i].
Expr KernelPrinter::vectorAt(Value memory, Type type, Expr place, bool aligned) {
  StringRef space = readOnly.contains(memory)                             ? "global const "
                    : isGlobal(memory)                                    ? "global "
                    : cast<MemRefType>(memory.getType()).getMemorySpace() ? "local "
                                                                          : "private ";
  std::string name = aligned ? typeName(type) : unalignedName(type);
  if (!aligned)
    unalignedVectors.insert(type);
  bool sum = place.precedence < Unary;
  place.text = "*(" + space.str() + name + " *)" + (sum ? "(" : "") + place.text + (sum ? ")" : "");
  place.precedence = Unary;
  return place;
}

/// The store at which a variable can be declared: the first of its uses, in a block that holds
/// them all.
Operation *KernelPrinter::firstStore(memref::AllocaOp alloca) {
  SmallVector<Operation *> users(alloca->getUsers());
  Block *block = alloca->getBlock();
  while (!users.empty()) {
    Operation *first = nullptr;
    bool single = true;
    for (Operation *user : users) {
      Operation *ancestor = block->findAncestorOpInBlock(*user);
      if (!ancestor)
        return nullptr;
      single &= !first || ancestor == first;
      if (!first || ancestor->isBeforeInBlock(first))
        first = ancestor;
    }
    if (auto store = dyn_cast<memref::StoreOp>(first);
        store && store.getMemref() == alloca.getResult())
      return store;
    if (!single || first->getNumRegions() == 0)
      return nullptr;
    // All uses lie within one operation: go on in the block of its regions that has the first.
    Block *inner = users.front()->getBlock();
    while (inner->getParentOp() != first)
      inner = inner->getParentOp()->getBlock();
    block = inner;
  }
  return nullptr;
}

void KernelPrinter::store(Value memory, Value index, Value value) {
  SmallVector<Value> operands{value};
  if (index)
    operands.push_back(index);
  // A variable takes an expression of any length: a constant beside it would be no shorter.
  SmallVector<Expr, 4> taken =
      index ? take(ValueRange(operands)) : SmallVector<Expr, 4>{take(value)};
  bool kept = !index && isKept(value) && expressions[value].precedence < Word;
  if (kept)
    waiting.remove(value);
  beforeWrite(memory);
  line(element(memory, index).text + " = " + whole(taken[0], value.getType()).text + ";");
  if (kept)
    standsFor(memory, value);
}

//===- memory operations --------------------------------------------------===//

/// Whether a vector load or store says that its place is aligned to the whole vector, and that is
/// in global memory.
template <typename Op> static bool isAligned(Op op, Type type) {
  int64_t bytes = lanesOf(type) * cast<VectorType>(type).getElementTypeBitWidth() / 8;
  return op.getAlignment() && int64_t(*op.getAlignment()) >= bytes && isGlobal(op.getBase());
}

/// Bytes of the largest vector that moves through an array whole, to which the array is aligned so
/// that none lies across two cache lines; 0: none does.
static int64_t vectorBytes(memref::AllocaOp array) {
  int64_t bytes = 0;
  for (Operation *user : array->getUsers()) {
    auto load = dyn_cast<vector::LoadOp>(user);
    auto store = dyn_cast<vector::StoreOp>(user);
    if (VectorType type = load    ? load.getVectorType()
                          : store ? store.getVectorType()
                                  : VectorType())
      bytes = std::max<int64_t>(bytes, lanesOf(type) * elementBytes(type));
  }
  return bytes;
}

LogicalResult KernelPrinter::printTexel(Operation *op) {
  auto load = dyn_cast<ocl::TexelLoadOp>(op);
  Value memory = load ? load.getMemory() : cast<ocl::TexelStoreOp>(op).getMemory();
  Type value = load ? load.getType() : cast<ocl::TexelStoreOp>(op).getValue().getType();
  bool half = getElementTypeOrSelf(value).isF16();
  std::string helper = std::string(load ? "read_" : "write_") + (half ? "half_texel" : "texel");
  usedHelpers[helper] = true;
  Expr image = {memoryName(memory).str(), Word, false, {memory}};
  if (load) {
    set(load, call(helper, {image, take(load.getTexel())}));
    return success();
  }
  auto store = cast<ocl::TexelStoreOp>(op);
  SmallVector<Expr, 4> taken = take(ValueRange{store.getValue(), store.getTexel()});
  beforeWrite(memory);
  line(helper + "(" + image.text + ", " + taken[1].text + ", " + whole(taken[0], value).text +
       ");");
  return success();
}

LogicalResult KernelPrinter::printMemory(Operation *op) {
  auto onlyIndex = [](OperandRange indices) { return indices.empty() ? Value() : indices.front(); };
  if (auto alloca = dyn_cast<memref::AllocaOp>(op)) {
    MemRefType type = alloca.getType();
    if (!type.hasStaticShape() || type.getMemorySpace())
      return unsupported(op, "private memory has a static size and no memory space");
    if (type.getElementType().isF16() && !options.fp16)
      return unsupported(op, "private memory of f16 needs cl_khr_fp16");
    if (type.getRank() == 0) {
      if (Operation *store = firstStore(alloca)) {
        declaringStores[store] = alloca;
        return success();
      }
    }
    StringRef given = nameOf(op->getLoc());
    std::string name =
        names.unique(given.empty() ? (type.getRank() ? "scratch" : "variable") : given);
    std::string shape = type.getRank() ? "[" + llvm::utostr(type.getNumElements()) + "]" : "";
    int64_t bytes = options.vectorAccess == VectorAccess::Pointer ? vectorBytes(alloca) : 0;
    line(typeName(type.getElementType()) + " " + name + shape +
         (bytes ? " __attribute__((aligned(" + llvm::utostr(bytes) + ")))" : "") + ";");
    expressions[alloca] = {name, Word, false, {}};
    return success();
  }
  if (auto load = dyn_cast<memref::LoadOp>(op)) {
    if (load.getMemRefType().getElementType().isF16() && !options.fp16)
      return unsupported(op, "of f16 needs cl_khr_fp16");
    set(load, element(load.getMemref(), onlyIndex(load.getIndices())));
    return success();
  }
  if (auto store = dyn_cast<memref::StoreOp>(op)) {
    auto declares = declaringStores.find(op);
    if (declares == declaringStores.end()) {
      this->store(store.getMemref(), onlyIndex(store.getIndices()), store.getValueToStore());
      return success();
    }
    memref::AllocaOp alloca = declares->second;
    StringRef given = nameOf(alloca.getLoc());
    Type type = store.getValueToStore().getType();
    Expr value = takeWhole(store.getValueToStore());
    std::string name = names.unique(given.empty() ? "variable" : given);
    line(declaration(type, name, false) + " = " + value.text + ";");
    expressions[alloca] = {name, Word, false, {}};
    if (value.precedence < Word && isKept(store.getValueToStore()))
      standsFor(alloca, store.getValueToStore());
    return success();
  }
  if (auto load = dyn_cast<vector::LoadOp>(op)) {
    if (load.getMemRefType().getElementType() != load.getVectorType().getElementType() ||
        isBool(load.getType()))
      return unsupported(op, "from memory of other than the vector's elements");
    Expr place = address(load.getBase(), onlyIndex(load.getIndices()));
    bool aligned = isAligned(load, load.getType());
    if (aligned || options.vectorAccess == VectorAccess::Pointer) {
      set(load, vectorAt(load.getBase(), load.getType(), place, aligned));
    } else {
      set(load,
          call("vload" + llvm::utostr(lanesOf(load.getType())), {{"0", Word, false, {}}, place}));
    }
    return success();
  }
  if (auto load = dyn_cast<ocl::VLoadHalfOp>(op)) {
    Expr expr;
    if (isa<VectorType>(load.getType()))
      expr = call("vload_half" + llvm::utostr(lanesOf(load.getType())),
                  {{"0", Word, false, {}}, address(load.getMemory(), load.getIndex())});
    else
      expr = call("vload_half",
                  {take(load.getIndex()),
                   {memoryName(load.getMemory()).str(), Word, false, {load.getMemory()}}});
    set(load, expr);
    return success();
  }
  if (isa<ocl::TexelLoadOp, ocl::TexelStoreOp>(op))
    return printTexel(op);
  if (auto prefetch = dyn_cast<memref::PrefetchOp>(op)) {
    Value memory = prefetch.getMemref();
    if (!isGlobal(memory) || prefetch.getIndices().size() != 1)
      return unsupported(op, "outside a row of global memory");
    std::string place = address(memory, prefetch.getIndices()[0]).text;
    if (options.prefetching == Prefetching::Builtin) {
      const char *helper = prefetch.getIsWrite() ? "prefetch_line_to_write" : "prefetch_line";
      usedHelpers[helper] = true;
      line(std::string(helper) + "(" + place + ");");
    } else if (prefetch.getMemRefType().getElementType().isF16()) { // of half only with cl_khr_fp16
      line("prefetch((global const ushort *)(" + place + "), 1);");
    } else {
      line("prefetch(" + place + ", 1);");
    }
    return success();
  }
  Value value, memory, index;
  if (auto store = dyn_cast<vector::StoreOp>(op)) {
    if (store.getMemRefType().getElementType() != store.getVectorType().getElementType() ||
        isBool(store.getVectorType()))
      return unsupported(op, "to memory of other than the vector's elements");
    value = store.getValueToStore(), memory = store.getBase(),
    index = onlyIndex(store.getIndices());
  } else if (auto store = dyn_cast<ocl::VStoreHalfOp>(op)) {
    value = store.getValue(), memory = store.getMemory(), index = store.getIndex();
  } else {
    return unsupported(op);
  }
  SmallVector<Expr, 4> taken = take({value, index});
  beforeWrite(memory);
  std::string text = whole(taken[0], value.getType()).text,
              lanes = llvm::utostr(lanesOf(value.getType()));
  auto store = dyn_cast<vector::StoreOp>(op);
  bool aligned = store && isAligned(store, value.getType());
  if (store && (aligned || options.vectorAccess == VectorAccess::Pointer))
    line(vectorAt(memory, value.getType(), address(memory, index), aligned).text + " = " + text +
         ";");
  else if (store)
    line("vstore" + lanes + "(" + text + ", 0, " + address(memory, index).text + ");");
  else if (isa<VectorType>(value.getType()))
    line("vstore_half" + lanes + "_rte(" + text + ", 0, " + address(memory, index).text + ");");
  else
    line("vstore_half_rte(" + text + ", " + taken[1].text + ", " + memoryName(memory).str() + ");");
  return success();
}
