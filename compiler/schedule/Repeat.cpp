//===- Repeat.cpp - Equal code of several stages, once ----------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Layers that are computed one after the other in one kernel, and differ in what they read, write
// and weigh with, become one loop over them:
//
//   for row:                          for row:
//     b1(row + 2) = f(w1, b0)    ->     for repeat in [0, 2):
//     b2(row + 1) = f(w2, b1)             b[repeat + 1](row + 2 - repeat) =
//                                             f(w[repeat], b[repeat])
//
// Code is alike if operation by operation is, but for memory, of which each iteration may take the
// next, and for indices, whose constants may grow by the same number from iteration to iteration.
// What iterations take in turn becomes parts of one buffer, or of one private array.
//===----------------------------------------------------------------------===//
#include "compiler/schedule/IndexExpr.h"
#include "compiler/schedule/Passes.h"
#include "compiler/schedule/Schedule.h"

#include "dialects/ocl/OCL.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/Remarks.h"

#define DEBUG_TYPE "sched-repeat"

namespace srcc::sched {
#define GEN_PASS_DEF_SCHEDREPEAT
#include "compiler/schedule/Passes.h.inc"
} // namespace srcc::sched

using namespace mlir;
using namespace srcc::sched;

//===----------------------------------------------------------------------===//
// Indices of all iterations as one, of the loop's variable
//===----------------------------------------------------------------------===//

static std::optional<IndexExpr> generalise(ArrayRef<IndexExpr> all, const IndexExpr &iteration);

/// Numbers that grow by the same from one to the next: the first, and by how much.
static std::optional<std::pair<int64_t, int64_t>> progression(ArrayRef<int64_t> numbers) {
  int64_t step = numbers[1] - numbers[0];
  for (auto [i, number] : llvm::enumerate(numbers))
    if (number != numbers[0] + int64_t(i) * step)
      return std::nullopt;
  return std::pair(numbers[0], step);
}

static std::optional<IndexExpr> generaliseAtoms(ArrayRef<AtomRef> all, const IndexExpr &iteration) {
  const IndexAtom &first = *all[0];
  SmallVector<IndexExpr> as, bs;
  for (const AtomRef &atom : all) {
    if (atom->kind != first.kind || atom->number != first.number || atom->value != first.value)
      return std::nullopt;
    as.push_back(atom->a);
    bs.push_back(atom->b);
  }
  auto a = generalise(as, iteration), b = generalise(bs, iteration);
  if (!a || !b)
    return std::nullopt;
  switch (first.kind) {
  case IndexAtom::Value:
  case IndexAtom::Size: {
    IndexExpr same;
    same.terms[{all[0]}] = 1;
    return same;
  }
  case IndexAtom::FloorDiv:
    return a->floorDiv(first.number);
  case IndexAtom::Mod:
    return a->mod(first.number);
  case IndexAtom::Div:
    return a->floorDiv(*b);
  case IndexAtom::Min:
    return IndexExpr::min(*a, *b);
  case IndexAtom::Max:
    return IndexExpr::max(*a, *b);
  }
  llvm_unreachable("covered switch");
}

/// The sum over `iteration` whose values are `all`, if there is one: terms pair up in their order.
static std::optional<IndexExpr> generalise(ArrayRef<IndexExpr> all, const IndexExpr &iteration) {
  if (llvm::all_equal(all))
    return all[0];
  decltype(IndexExpr::terms) monomials;
  for (const IndexExpr &e : all)
    for (auto &term : e.terms)
      monomials[term.first] = 0;
  IndexExpr sum;
  SmallVector<SmallVector<std::pair<IndexExpr::Monomial, int64_t>>> rest(all.size());
  for (auto &[monomial, none] : monomials) {
    SmallVector<int64_t> coefficients;
    bool everywhere = true,
         plain = llvm::all_of(monomial, [](const AtomRef &atom) {
           return atom->kind == IndexAtom::Value || atom->kind == IndexAtom::Size;
         });
    for (const IndexExpr &e : all) {
      auto found = e.terms.find(monomial);
      everywhere &= found != e.terms.end();
      coefficients.push_back(found == e.terms.end() ? 0 : found->second);
    }
    if (everywhere || plain) {
      auto numbers = progression(coefficients);
      if (!numbers)
        return std::nullopt;
      IndexExpr product;
      product.terms[monomial] = 1;
      sum = sum + product * (IndexExpr(numbers->first) + iteration * IndexExpr(numbers->second));
      continue;
    }
    for (auto [i, coefficient] : llvm::enumerate(coefficients))
      if (coefficient)
        rest[i].push_back({monomial, coefficient});
  }
  for (size_t term = 0; term < rest[0].size(); ++term) {
    auto &[monomial, coefficient] = rest[0][term];
    IndexExpr product = coefficient;
    for (size_t factor = 0; factor < monomial.size(); ++factor) {
      SmallVector<AtomRef> atoms;
      for (auto &terms : rest) {
        if (terms.size() != rest[0].size() || terms[term].second != coefficient ||
            terms[term].first.size() != monomial.size())
          return std::nullopt;
        atoms.push_back(terms[term].first[factor]);
      }
      auto one = generaliseAtoms(atoms, iteration);
      if (!one)
        return std::nullopt;
      product = product * *one;
    }
    sum = sum + product;
  }
  return sum;
}

//===----------------------------------------------------------------------===//
// Memory that iterations take in turn
//===----------------------------------------------------------------------===//

namespace {
/// A buffer, by its name, or a private array.
using Place = llvm::PointerUnion<StringAttr, Operation *>;

/// Which places follow each other: a place has a number in its chain.
class Chains {
public:
  /// Each of `places` is the next of the one before it. False: one of them has another place
  /// already, or two would have the same.
  bool add(ArrayRef<Place> places);
  /// Places in order, by chain.
  std::vector<SmallVector<Place>> list() const;

private:
  llvm::MapVector<void *, std::pair<unsigned, int64_t>> known; // chain, number
  unsigned chains = 0;
};
} // namespace

bool Chains::add(ArrayRef<Place> places) {
  auto old = known;
  for (size_t i = 0; i + 1 < places.size(); ++i) {
    void *one = places[i].getOpaqueValue(), *next = places[i + 1].getOpaqueValue();
    auto first = known.insert({one, {chains, 0}});
    chains += first.second;
    auto [chain, number] = first.first->second;
    auto second = known.insert({next, {chain, number + 1}});
    auto [otherChain, otherNumber] = second.first->second;
    int64_t shift = number + 1 - otherNumber;
    if (otherChain == chain && shift) {
      known = old;
      return false;
    }
    if (otherChain != chain)
      for (auto &entry : known)
        if (entry.second.first == otherChain)
          entry.second = {chain, entry.second.second + shift};
  }
  llvm::DenseSet<std::pair<unsigned, int64_t>> taken;
  for (auto &entry : known)
    if (!taken.insert(entry.second).second) {
      known = old;
      return false;
    }
  return true;
}

std::vector<SmallVector<Place>> Chains::list() const {
  std::map<unsigned, std::map<int64_t, Place>> byChain;
  for (auto &[place, at] : known)
    byChain[at.first][at.second] = Place::getFromOpaqueValue(place);
  std::vector<SmallVector<Place>> all;
  for (auto &[chain, places] : byChain) {
    all.emplace_back();
    for (auto &[number, place] : places)
      all.back().push_back(place);
  }
  return all;
}

/// The index operand beside the memory an operation accesses.
static OpOperand *indexOf(OpOperand &memory) {
  Operation *op = memory.getOwner();
  auto next = [&](unsigned by) { return &op->getOpOperand(memory.getOperandNumber() + by); };
  if (isa<memref::LoadOp, memref::PrefetchOp, srcc::ocl::VLoadHalfOp>(op))
    return next(1);
  if (isa<memref::StoreOp, srcc::ocl::VStoreHalfOp>(op) && memory.getOperandNumber() == 1)
    return next(1);
  return nullptr;
}

//===----------------------------------------------------------------------===//
// The loop
//===----------------------------------------------------------------------===//

/// What IndexExpr reads through: it is built anew where it is used.
static bool isIndexArithmetic(Operation *op) {
  if (op->getNumResults() != 1 || !op->getResult(0).getType().isIndex() ||
      !isa<arith::ArithDialect, SchedDialect>(op->getDialect()) || !isPure(op))
    return false;
  IndexExpr e = IndexExpr::get(op->getResult(0));
  return !llvm::any_of(e.terms, [&](auto &term) {
    return llvm::any_of(term.first,
                        [&](const AtomRef &atom) { return atom->value == op->getResult(0); });
  });
}

/// The operations of a block that count.
static SmallVector<Operation *> workOf(Block &block) {
  SmallVector<Operation *> work;
  for (Operation &op : block)
    if (!isIndexArithmetic(&op) && !isa<arith::ConstantOp>(op))
      work.push_back(&op);
  return work;
}

namespace {
/// The iterations of one directive in one kernel.
class Iterations {
public:
  Iterations(gpu::GPUFuncOp func, ArrayRef<SmallVector<Operation *>> marked)
      : func(func), marked(marked) {}
  /// Finds the code of the iterations, and compares it with the first one's.
  bool alike(std::string &why);
  /// Accesses of memory that is as many parts after the first iteration's as a value says.
  using Parts = SmallVector<std::pair<OpOperand *, Value>>;
  /// Makes the loop of it, if `canJoin` allows the chains that `chains` become; adds to `parts` the
  /// accesses whose memory its variable chooses. Changes nothing where that fails.
  bool roll(Chains &chains, Parts &parts,
            llvm::function_ref<bool(const Chains &, std::string &)> canJoin, std::string &why);

private:
  bool same(ArrayRef<Operation *> first, ArrayRef<Operation *> other, std::string &why);
  bool same(OpOperand &first, Value other);
  bool keepsValues(size_t iteration, Operation *op);
  bool checkMemory(Chains &chains, std::string &why);
  Place placeOf(Value memory);
  void pair(Value first, Value other);
  void takeCode(ForOp loop);
  /// An index in the values that all iterations share and places for their own: these have no
  /// range, so that nothing is simplified by what holds in one iteration alone.
  IndexExpr shared(Value index, const llvm::DenseMap<Value, Value> &own) {
    return IndexExpr::get(index).rewrite([&](const IndexAtom &atom) -> std::optional<IndexExpr> {
      auto found = atom.value ? own.find(atom.value) : own.end();
      if (found == own.end())
        return std::nullopt;
      return IndexExpr::get(found->second);
    });
  }

  gpu::GPUFuncOp func;
  ArrayRef<SmallVector<Operation *>> marked;
  SmallVector<SmallVector<Operation *>> code; // by iteration: what counts, in one block
  llvm::DenseMap<Value, Value> values;        // of the iteration at hand -> of the first
  Block places;                               // an argument for each index of an iteration
  llvm::DenseMap<Value, Value> firstPlaces, otherPlaces; // of the first; of the one at hand
  llvm::MapVector<OpOperand *, SmallVector<IndexExpr>> indices;
  llvm::MapVector<OpOperand *, SmallVector<Value>> memories;
};
} // namespace

Place Iterations::placeOf(Value memory) {
  if (auto alloca = memory.getDefiningOp<memref::AllocaOp>())
    return alloca.getOperation();
  auto arg = cast<BlockArgument>(memory);
  return func.getArgAttrOfType<StringAttr>(arg.getArgNumber(), srcc::ocl::nameAttr);
}

bool Iterations::alike(std::string &why) {
  // The innermost block in which every iteration has operations of its own.
  Block *block = nullptr;
  SmallVector<Operation *> ends;
  for (Operation *around = marked[0][0]; around != func && !block; around = around->getParentOp()) {
    ends.clear();
    for (auto &ops : marked) {
      Operation *last = nullptr;
      for (Operation *op : ops) {
        Operation *own = around->getBlock()->findAncestorOpInBlock(*op);
        if (!own)
          break;
        if (!last || last->isBeforeInBlock(own))
          last = own;
      }
      if (last && (ends.empty() || ends.back()->isBeforeInBlock(last)))
        ends.push_back(last);
    }
    if (ends.size() == marked.size())
      block = around->getBlock();
  }
  if (!block) {
    why = "they are not computed one after the other in one loop";
    return false;
  }
  auto work = workOf(*block);
  code.resize(ends.size());
  size_t iteration = 0;
  for (Operation *op : work) {
    if (iteration == ends.size())
      break;
    code[iteration].push_back(op);
    if (op == ends[iteration])
      ++iteration;
  }
  // What stands before the first one is its own as far as it has counterparts.
  if (code[0].size() > code[1].size())
    code[0].erase(code[0].begin(), code[0].end() - code[1].size());
  for (auto &ops : code)
    if (ops.empty()) {
      why = "one of them has no code";
      return false;
    }
  for (size_t i = 0; i < code.size(); ++i)
    for (Operation *op : code[i])
      if (!keepsValues(i, op)) {
        why = "what one of them computes is used outside its code";
        return false;
      }
  for (size_t i = 1; i < code.size(); ++i) {
    values.clear();
    otherPlaces.clear();
    if (!same(code[0], code[i], why))
      return false;
  }
  return true;
}

/// Whether what `op` computes is used by its own iteration alone, index arithmetic looked through.
bool Iterations::keepsValues(size_t iteration, Operation *op) {
  Block *block = code[iteration].front()->getBlock();
  return llvm::all_of(op->getUsers(), [&](Operation *user) {
    Operation *around = block->findAncestorOpInBlock(*user);
    return llvm::is_contained(code[iteration], around) ||
           (around == user && isIndexArithmetic(user) && keepsValues(iteration, user));
  });
}

/// `other`, of the iteration at hand, is what `first` is in the first one.
void Iterations::pair(Value first, Value other) {
  values[other] = first;
  if (!first.getType().isIndex())
    return;
  auto [place, isNew] = firstPlaces.try_emplace(first);
  if (isNew)
    place->second = places.addArgument(first.getType(), first.getLoc());
  otherPlaces[other] = place->second;
}

bool Iterations::same(ArrayRef<Operation *> first, ArrayRef<Operation *> other, std::string &why) {
  auto differ = [&](Operation *op, StringRef what) {
    why = (op->getName().getStringRef() + what).str();
    return false;
  };
  if (first.size() != other.size())
    return differ(first.empty() ? other[0] : first[0], " and the rest are not as many operations");
  for (auto [a, b] : llvm::zip(first, other)) {
    if (a->getName() != b->getName() || a->getNumOperands() != b->getNumOperands() ||
        a->getResultTypes() != b->getResultTypes())
      return differ(a, " is another operation");
    auto attributes = [](Operation *op) {
      NamedAttrList list(op->getAttrDictionary());
      list.erase(srcc::ocl::commentAttr);
      list.erase(Repeat::attribute);
      return list.getDictionary(op->getContext());
    };
    if (attributes(a) != attributes(b))
      return differ(a, " has other attributes");
    // The code of all points has to be the same.
    if (auto loop = dyn_cast<ForOp>(a); loop && loop.getKind() != LoopKind::Serial)
      if (!(IndexExpr::get(loop.getExtent()) == IndexExpr::get(cast<ForOp>(b).getExtent())))
        return differ(a, " that is not serial has another extent");
    for (auto [x, y] : llvm::zip(a->getOpOperands(), b->getOperands()))
      if (!same(x, y))
        return differ(a, " has another operand");
    for (auto [x, y] : llvm::zip(a->getResults(), b->getResults()))
      pair(x, y);
    for (auto [x, y] : llvm::zip(a->getRegions(), b->getRegions())) {
      if (x.getBlocks().size() != y.getBlocks().size() || x.getBlocks().size() > 1)
        return differ(a, " has another region");
      if (x.empty())
        continue;
      if (x.front().getArgumentTypes() != y.front().getArgumentTypes())
        return differ(a, " has other variables");
      for (auto [p, q] : llvm::zip(x.front().getArguments(), y.front().getArguments()))
        pair(p, q);
      if (!same(workOf(x.front()), workOf(y.front()), why))
        return false;
    }
  }
  return true;
}

bool Iterations::same(OpOperand &first, Value other) {
  Value a = first.get();
  if (isa<MemRefType>(a.getType())) {
    auto known = values.find(other);
    if (known != values.end())
      return known->second == a;
    auto one = cast<MemRefType>(a.getType()), next = dyn_cast<MemRefType>(other.getType());
    if (!next || one.getElementType() != next.getElementType() ||
        one.getMemorySpace() != next.getMemorySpace())
      return false;
    auto &all = memories[&first];
    if (all.empty())
      all.push_back(a);
    all.push_back(other);
    return a == other || !one.getMemorySpace();
  }
  if (a.getType() != other.getType())
    return false;
  if (a.getType().isIndex()) {
    auto &all = indices[&first];
    if (all.empty())
      all.push_back(shared(a, firstPlaces));
    all.push_back(shared(other, otherPlaces));
    return true;
  }
  auto x = a.getDefiningOp<arith::ConstantOp>(), y = other.getDefiningOp<arith::ConstantOp>();
  if (x && y)
    return x.getValue() == y.getValue();
  auto known = values.find(other);
  return known != values.end() ? known->second == a : a == other;
}

/// Adds to `chains` what iterations take in turn.
bool Iterations::checkMemory(Chains &chains, std::string &why) {
  Block *entry = &func.getBody().front();
  for (auto &[operand, all] : memories) {
    if (llvm::all_equal(all))
      continue;
    SmallVector<Place> places;
    for (Value v : all) {
      auto alloca = v.getDefiningOp<memref::AllocaOp>();
      auto arg = dyn_cast<BlockArgument>(v);
      if (alloca
              ? alloca->getBlock() != entry
              : !arg || arg.getOwner() != entry || arg.getArgNumber() >= func.getNumArguments() ||
                    !func.getArgAttrOfType<StringAttr>(arg.getArgNumber(), srcc::ocl::nameAttr)) {
        why = "they are stored in private or local memory";
        return false;
      }
      if (!llvm::all_of(v.getUses(), [](OpOperand &use) { return indexOf(use); })) {
        why = "their memory is used otherwise, too";
        return false;
      }
      places.push_back(placeOf(v));
    }
    if (!chains.add(places)) {
      why = "their memory is not taken in turn";
      return false;
    }
  }
  return true;
}

bool Iterations::roll(Chains &chains, Parts &parts,
                      llvm::function_ref<bool(const Chains &, std::string &)> canJoin,
                      std::string &why) {
  Chains grown = chains;
  if (!checkMemory(grown, why) || !canJoin(grown, why))
    return false;
  Value variable = places.addArgument(IndexType::get(func.getContext()), func.getLoc());
  IndexExpr iteration = IndexExpr::get(variable);
  SmallVector<std::pair<OpOperand *, IndexExpr>> changed;
  for (auto &[operand, all] : indices) {
    auto one = generalise(all, iteration);
    size_t differs = 0;
    while (one && differs < all.size() &&
           one->substitute(variable, IndexExpr(differs)) == all[differs])
      ++differs;
    if (!one || differs < all.size()) {
      why = "an index of " + operand->getOwner()->getName().getStringRef().str() +
            " is none of their number";
      return false;
    }
    if (one->dependsOn(variable))
      changed.push_back({operand, *one});
  }
  Operation *end = code[0].back();
  OpBuilder builder(end->getContext());
  builder.setInsertionPointAfter(end);
  Location loc = NameLoc::get(builder.getStringAttr("repeat"), end->getLoc());
  auto loop = ForOp::create(builder, loc, "repeat", LoopKind::Serial,
                            IndexExpr(0).materialize(builder, loc),
                            IndexExpr(code.size()).materialize(builder, loc), int64_t(0));
  takeCode(loop);
  // Loops first: what is inside is simplified by their ranges.
  llvm::DenseMap<Value, Value> own;
  for (auto &[value, place] : firstPlaces)
    own[place] = value;
  own[variable] = loop.getIv();
  for (bool loops : {true, false})
    for (auto &[operand, expr] : changed)
      if (isa<ForOp>(operand->getOwner()) == loops) {
        builder.setInsertionPoint(operand->getOwner());
        IndexExpr index = expr.rewrite([&](const IndexAtom &atom) -> std::optional<IndexExpr> {
          auto found = atom.value ? own.find(atom.value) : own.end();
          return found == own.end() ? std::nullopt : std::optional(IndexExpr::get(found->second));
        });
        operand->set(index.materialize(builder, operand->getOwner()->getLoc()));
      }
  for (auto &[operand, all] : memories)
    if (all[0] != all[1])
      parts.push_back({operand, loop.getIv()});
  chains = grown;
  return true;
}

/// The first iteration's code, and what is computed from it, becomes the loop's; the others' goes.
void Iterations::takeCode(ForOp loop) {
  Block *block = loop->getBlock(), &body = loop.getBody().front();
  auto with = [&](llvm::DenseSet<Operation *> ops) {
    SmallVector<Operation *> all;
    for (Operation &op : *block)
      if (ops.contains(&op) || llvm::any_of(op.getOperands(), [&](Value v) {
            return v.getDefiningOp() && ops.contains(v.getDefiningOp());
          })) {
        ops.insert(&op);
        all.push_back(&op);
      }
    return all;
  };
  for (Operation *op : with({code[0].begin(), code[0].end()}))
    op->moveBefore(&body, body.end());
  llvm::DenseSet<Operation *> others;
  for (auto &ops : ArrayRef(code).drop_front())
    others.insert(ops.begin(), ops.end());
  SmallVector<Operation *> erased = with(others);
  for (Operation *op : llvm::reverse(erased))
    op->erase();
}

//===----------------------------------------------------------------------===//
// One buffer of those that are taken in turn
//===----------------------------------------------------------------------===//

/// Elements of every part of the one that `buffers` become; none: they are not of one kind.
static AffineMap partOf(ArrayRef<srcc::ocl::BufferOp> buffers) {
  srcc::ocl::BufferOp first = buffers[0];
  AffineMap part = first.getElements();
  for (auto buffer : buffers) {
    if (buffer.getKind() != first.getKind() || buffer.getType() != first.getType() ||
        buffer.getImage2d() || buffer.getFormat() != srcc::ocl::PixelFormat::None ||
        bool(buffer.getValue()) != bool(first.getValue()))
      return {};
    if (buffer.getValue()) {
      auto resource = dyn_cast<DenseResourceElementsAttr>(*buffer.getValue());
      if (bool(resource) != isa<DenseResourceElementsAttr>(*first.getValue()) ||
          (resource && (!resource.getRawHandle().getBlob() || !buffer.getType().isF32())))
        return {};
    }
    if (buffer.getElements() == part)
      continue;
    if (!buffer.getElements().isSingleConstant() || !part.isSingleConstant())
      return {};
    if (buffer.getElements().getSingleConstantResult() > part.getSingleConstantResult())
      part = buffer.getElements();
  }
  return part;
}

/// The values of `buffers`, each up to `part` elements.
static ElementsAttr joined(ArrayRef<srcc::ocl::BufferOp> buffers, StringRef name, int64_t part) {
  srcc::ocl::BufferOp first = buffers[0];
  Type type = first.getType();
  auto shape = RankedTensorType::get({part * int64_t(buffers.size())}, type);
  if (isa<DenseResourceElementsAttr>(*first.getValue())) {
    std::vector<float> all;
    for (auto [i, each] : llvm::enumerate(buffers)) {
      srcc::ocl::BufferOp buffer = each;
      auto values = cast<DenseResourceElementsAttr>(*buffer.getValue()).getRawHandle();
      llvm::append_range(all, values.getBlob()->getDataAs<float>());
      all.resize((i + 1) * part);
    }
    return DenseResourceElementsAttr::get(
        shape, name, HeapAsmResourceBlob::allocateAndCopyInferAlign(ArrayRef<float>(all)));
  }
  SmallVector<Attribute> all;
  for (auto [i, each] : llvm::enumerate(buffers)) {
    srcc::ocl::BufferOp buffer = each;
    llvm::append_range(all, cast<DenseElementsAttr>(*buffer.getValue()).getValues<Attribute>());
    all.resize((i + 1) * part, Builder(type.getContext()).getZeroAttr(type));
  }
  return DenseElementsAttr::get(shape, all);
}

namespace {
class Repeater {
public:
  explicit Repeater(ModuleOp module) : module(module) {}
  LogicalResult run();

private:
  LogicalResult kernel(gpu::GPUFuncOp func);
  FailureOr<SmallVector<SmallVector<Operation *>>> marked(gpu::GPUFuncOp func, int64_t directive);
  bool canJoin(const Chains &chains, std::string &why);
  void joinBuffers(srcc::ocl::ProgramOp program, ArrayRef<Place> places);
  void joinArrays(ArrayRef<Place> places);
  /// Accesses of `memory`, part `number` of it, become those of `whole`.
  void moveAccesses(Value memory, Value whole, int64_t number, const IndexExpr &part);

  ModuleOp module;
  Chains chains;
  llvm::DenseMap<OpOperand *, Value> parts; // accesses whose part a loop's variable chooses
};
} // namespace

bool Repeater::canJoin(const Chains &grown, std::string &why) {
  auto programs = module.getOps<srcc::ocl::ProgramOp>();
  if (!llvm::hasSingleElement(programs)) {
    why = "there is no program, or more than one";
    return false;
  }
  for (auto &places : grown.list()) {
    SmallVector<srcc::ocl::BufferOp> buffers;
    size_t arrays = 0;
    for (Place place : places) {
      auto name = dyn_cast<StringAttr>(place);
      arrays += !name;
      if (name)
        buffers.push_back((*programs.begin()).lookupSymbol<srcc::ocl::BufferOp>(name));
    }
    if (arrays == places.size())
      continue;
    if (arrays || llvm::is_contained(buffers, nullptr) || !partOf(buffers)) {
      why = "buffers of several kinds or sizes are taken in turn";
      return false;
    }
  }
  return true;
}

/// The marked code of each iteration of a directive, in one kernel; empty where it has none.
FailureOr<SmallVector<SmallVector<Operation *>>> Repeater::marked(gpu::GPUFuncOp func,
                                                                  int64_t directive) {
  SmallVector<SmallVector<Operation *>> iterations;
  auto found = func.walk([&](Operation *op) -> WalkResult {
    auto mark = Repeat::of(op);
    if (failed(mark))
      return failure();
    if (!*mark || (*mark)->directive != directive)
      return WalkResult::advance();
    if (!isa<ForOp, scf::IfOp>(op))
      return op->emitError("is no loop or branch that could be an iteration of a repeat");
    if (!iterations.empty() && int64_t(iterations.size()) != (*mark)->iterations)
      return op->emitError("is one of ")
             << (*mark)->iterations << " iterations of a repeat that has " << iterations.size();
    iterations.resize((*mark)->iterations);
    iterations[(*mark)->iteration].push_back(op);
    return WalkResult::advance();
  });
  if (found.wasInterrupted())
    return failure();
  return iterations;
}

LogicalResult Repeater::kernel(gpu::GPUFuncOp func) {
  std::map<int64_t, Repeat> directives;
  auto valid = func.walk([&](Operation *op) -> WalkResult {
    auto mark = Repeat::of(op);
    if (succeeded(mark) && *mark)
      directives.insert({(*mark)->directive, **mark});
    return LogicalResult(mark);
  });
  if (valid.wasInterrupted())
    return failure();
  for (auto &[directive, repeat] : directives) {
    auto iterations = marked(func, directive); // anew: those before took code away
    if (failed(iterations))
      return failure();
    std::string why;
    Iterations::Parts chosen;
    auto roll = [&](size_t from, size_t count, std::string &why) {
      if (llvm::any_of(*iterations, [](auto &ops) { return ops.empty(); })) {
        why = "not all of them are computed by this kernel, or they are in another repeat";
        return false;
      }
      Iterations all(func, ArrayRef(*iterations).slice(from, count));
      auto joins = [&](const Chains &grown, std::string &why) { return canJoin(grown, why); };
      return count > 1 && all.alike(why) && all.roll(chains, chosen, joins, why);
    };
    iterations->resize(repeat.iterations); // none is left where another repeat took all
    size_t count = iterations->size(), rolled = roll(0, count, why) ? count : 0;
    Location loc =
        rolled || (*iterations)[0].empty() ? func.getLoc() : (*iterations)[0][0]->getLoc();
    if (!rolled && !repeat.whereAlike)
      return emitError(loc, "repeat of @")
             << repeat.first << ": " << why
             << "; legal: stages stored in global memory whose code differs in weights, storage "
             << "and rows ahead only";
    // The first and the last may be stored otherwise, for what is around them.
    std::string other;
    for (auto [from, to] : {std::pair<size_t, size_t>(0, 1), {1, 0}, {1, 1}})
      if (!rolled && from + to < count && roll(from, count - from - to, other))
        rolled = count - from - to;
    if (rolled < count)
      remark::missed(loc, remark::RemarkOpts::name("Repeat").category(DEBUG_TYPE)) << remark::add(
          "{0} of {1} stages from {2} on are one loop: {3}", rolled, count, repeat.first, why);
    parts.insert(chosen.begin(), chosen.end());
  }
  return success();
}

void Repeater::moveAccesses(Value memory, Value whole, int64_t number, const IndexExpr &part) {
  for (OpOperand &use : llvm::make_early_inc_range(memory.getUses())) {
    OpOperand *index = indexOf(use);
    Operation *op = use.getOwner();
    IndexExpr at = number;
    if (auto chosen = parts.find(&use); chosen != parts.end())
      at = at + IndexExpr::get(chosen->second);
    OpBuilder builder(op);
    index->set((IndexExpr::get(index->get()) + at * part).materialize(builder, op->getLoc()));
    use.set(whole);
  }
}

void Repeater::joinArrays(ArrayRef<Place> places) {
  int64_t part = 0;
  SmallVector<memref::AllocaOp> arrays;
  for (Place place : places) {
    arrays.push_back(cast<memref::AllocaOp>(cast<Operation *>(place)));
    part = std::max(part, arrays.back().getType().getNumElements());
  }
  auto first = *llvm::min_element(
      arrays, [](auto a, auto b) { return a->isBeforeInBlock(b.getOperation()); });
  OpBuilder builder(first);
  Value whole = memref::AllocaOp::create(
      builder, first.getLoc(),
      MemRefType::get({part * int64_t(arrays.size())}, first.getType().getElementType()));
  for (auto [number, array] : llvm::enumerate(arrays)) {
    moveAccesses(array, whole, number, part);
    array.erase();
  }
}

void Repeater::joinBuffers(srcc::ocl::ProgramOp program, ArrayRef<Place> places) {
  SmallVector<srcc::ocl::BufferOp> buffers;
  for (Place place : places)
    buffers.push_back(program.lookupSymbol<srcc::ocl::BufferOp>(cast<StringAttr>(place)));
  AffineMap part = partOf(buffers);
  MLIRContext *context = program.getContext();
  std::string name = (buffers[0].getSymName() + ".repeat").str();
  for (unsigned i = 1; program.lookupSymbol(name); ++i)
    name = (buffers[0].getSymName() + ".repeat_" + Twine(i)).str();
  ElementsAttr value;
  if (buffers[0].getValue())
    value = joined(buffers, name, part.getSingleConstantResult());
  OpBuilder builder(buffers[0]);
  AffineMap elements = AffineMap::get(0, 2, part.getResult(0) * int64_t(buffers.size()));
  srcc::ocl::BufferOp::create(builder, buffers[0].getLoc(), name, buffers[0].getKind(),
                              buffers[0].getType(), elements, srcc::ocl::PixelFormat::None, value);
  auto number = [&](StringRef of) -> std::optional<int64_t> {
    for (auto [i, buffer] : llvm::enumerate(buffers))
      if (buffer.getSymName() == of)
        return i;
    return std::nullopt;
  };
  for (auto launch : llvm::to_vector(program.getOps<srcc::ocl::LaunchOp>())) {
    auto func = cast<gpu::GPUFuncOp>(SymbolTable::lookupSymbolIn(module, launch.getKernel()));
    SmallVector<StringRef> names;
    SmallVector<int32_t> reads, writes;
    llvm::BitVector joins(func.getBody().front().getNumArguments());
    std::optional<unsigned> whole;
    bool read = false, written = false;
    for (auto [i, arg] : llvm::enumerate(launch.getArgs().getAsRange<FlatSymbolRefAttr>())) {
      if (!number(arg.getValue())) {
        names.push_back(arg.getValue());
        continue;
      }
      joins.set(i);
      read |= llvm::is_contained(launch.getReads(), int32_t(i));
      written |= llvm::is_contained(launch.getWrites(), int32_t(i));
      if (!whole) {
        whole = i;
        names.push_back(name);
      }
    }
    if (!whole)
      continue;
    // The first of them becomes the whole.
    Value memory = func.getArgument(*whole);
    IndexExpr size = IndexExpr::get(part.getResult(0), IndexExpr::size(0), IndexExpr::size(1));
    for (unsigned i : joins.set_bits()) {
      StringRef of = func.getArgAttrOfType<StringAttr>(i, srcc::ocl::nameAttr).getValue();
      moveAccesses(func.getArgument(i), memory, *number(of), size);
    }
    func.setArgAttr(*whole, srcc::ocl::nameAttr, StringAttr::get(context, name));
    if (written)
      func.removeArgAttr(*whole, StringAttr::get(context, srcc::ocl::readOnlyAttr));
    joins.reset(*whole);
    auto old = llvm::to_vector(launch.getArgs().getAsRange<FlatSymbolRefAttr>());
    int32_t place = 0;
    for (unsigned i = 0; i < old.size(); ++i) {
      if (joins.test(i))
        continue;
      bool isWhole = i == *whole;
      if (isWhole ? read && !written : llvm::is_contained(launch.getReads(), int32_t(i)))
        reads.push_back(place);
      if (isWhole ? written : llvm::is_contained(launch.getWrites(), int32_t(i)))
        writes.push_back(place);
      ++place;
    }
    (void)func.eraseArguments(joins);
    SmallVector<Attribute> args;
    for (StringRef of : names)
      args.push_back(FlatSymbolRefAttr::get(context, of));
    launch.setArgsAttr(ArrayAttr::get(context, args));
    launch.setReads(reads);
    launch.setWrites(writes);
  }
  for (auto buffer : buffers)
    buffer.erase();
}

LogicalResult Repeater::run() {
  for (auto kernels : module.getOps<gpu::GPUModuleOp>())
    for (auto func : kernels.getOps<gpu::GPUFuncOp>())
      if (failed(kernel(func)))
        return failure();
  for (auto &places : chains.list()) {
    if (isa<Operation *>(places[0]))
      joinArrays(places);
    else
      joinBuffers(*module.getOps<srcc::ocl::ProgramOp>().begin(), places);
  }
  module.walk([](Operation *op) { op->removeAttr(Repeat::attribute); });
  return success();
}

namespace {
struct SchedRepeat : public srcc::sched::impl::SchedRepeatBase<SchedRepeat> {
  using Base::Base;
  void runOnOperation() override {
    if (failed(Repeater(getOperation()).run()))
      signalPassFailure();
  }
};
} // namespace
