//===- UnrollLists.cpp - Lists of taps as straight-line code --------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// An unrolled loop over a list has another body for each list, so the loops that choose the list
// choose the code:
//
//   for c/4:                                 for c/4:
//     unrolled tap in starts(c/4)...:          if c/4 == 0:
//       f(c) += packed(tap, c % 4)     ->        f(0) += 0.5 * in(3, y, x)
//               * in(taps(tap), y, x)            f(1) += ...
//                                              if c/4 == 1: ...
//
// What is read at constant places of tables is a literal, and products with zeros are no code.
//===----------------------------------------------------------------------===//
#include "compiler/schedule/IndexExpr.h"
#include "compiler/schedule/Passes.h"
#include "compiler/schedule/Schedule.h"
#include "compiler/schedule/TapLists.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

#define DEBUG_TYPE "sched-unroll-lists"

namespace srcc::sched {
#define GEN_PASS_DEF_SCHEDUNROLLLISTS
#include "compiler/schedule/Passes.h.inc"
} // namespace srcc::sched

using namespace mlir;
using namespace srcc::sched;

namespace {

class ListUnroller {
public:
  ListUnroller(PipelineOp pipeline) : pipeline(pipeline) {}
  LogicalResult unroll(ForOp loop);

private:
  /// Copies of a body are bounded: longer code is no faster anywhere.
  static constexpr int64_t mostSteps = 16384, mostLists = 256;

  IndexExpr valueAt(const IndexExpr &e);
  std::optional<int64_t> constantAt(TapOp tap, ArrayRef<int64_t> indices);
  std::optional<TypedAttr> literalAt(LoadOp load, ArrayRef<int64_t> indices);
  void copy(OpBuilder &builder, Block &body, IRMapping &map);
  void copySteps(OpBuilder &builder, ForOp loop, const IndexExpr &first, int64_t count,
                 IRMapping map);
  TableOp table(StringRef name) {
    return dyn_cast_or_null<TableOp>(SymbolTable::lookupSymbolIn(pipeline, name));
  }

  PipelineOp pipeline;
  llvm::StringMap<SmallVector<APFloat>> literals; // values of tables
  llvm::DenseMap<Value, int64_t> variables;       // of the loops that choose a list, in its code
  bool isList = true; // the loops that choose a list may pass over the last one, guarded
  int64_t steps = 0;  // of the loop that is being unrolled
};

/// The place of `indices` in a row-major table; none if it is outside.
std::optional<int64_t> placeIn(TableOp table, ArrayRef<int64_t> indices) {
  ArrayRef<int64_t> shape = table.getValue().getShapedType().getShape();
  int64_t place = 0;
  for (auto [index, size] : llvm::zip_equal(indices, shape)) {
    if (index < 0 || index >= size)
      return std::nullopt;
    place = place * size + index;
  }
  return place;
}

std::optional<SmallVector<int64_t>> constants(ArrayRef<IndexExpr> exprs) {
  SmallVector<int64_t> numbers;
  for (const IndexExpr &e : exprs) {
    auto number = e.constant();
    if (!number)
      return std::nullopt;
    numbers.push_back(*number);
  }
  return numbers;
}

} // namespace

std::optional<int64_t> ListUnroller::constantAt(TapOp tap, ArrayRef<int64_t> indices) {
  TableOp numbers = table(tap.getTable());
  auto place = placeIn(numbers, indices);
  if (!place)
    return std::nullopt;
  return cast<DenseIntElementsAttr>(numbers.getValue()).getValues<APInt>()[*place].getSExtValue();
}

std::optional<TypedAttr> ListUnroller::literalAt(LoadOp load, ArrayRef<int64_t> indices) {
  TableOp source = table(load.getSource());
  auto place = source ? placeIn(source, indices) : std::nullopt;
  if (!place || source.getValue().getElementType() != load.getType())
    return std::nullopt;
  auto &values = literals[load.getSource()];
  if (values.empty())
    if (auto found = tableValues(source); succeeded(found))
      values = std::move(*found);
  if (values.empty())
    return std::nullopt;
  return FloatAttr::get(load.getType(), values[*place]);
}

/// `e` in the code of a list: places in lists come out of their tables.
IndexExpr ListUnroller::valueAt(const IndexExpr &e) {
  return e.rewrite([&](const IndexAtom &atom) -> std::optional<IndexExpr> {
    if (atom.kind != IndexAtom::Value)
      return std::nullopt;
    if (auto known = variables.find(atom.value); known != variables.end())
      return IndexExpr(known->second);
    auto tap = atom.value.getDefiningOp<TapOp>();
    if (!tap)
      return std::nullopt;
    SmallVector<IndexExpr> at;
    for (Value index : tap.getIndices())
      at.push_back(valueAt(IndexExpr::get(index)));
    auto places = constants(at);
    auto number = places ? constantAt(tap, *places) : std::nullopt;
    isList &= !places || number;
    return number ? std::optional<IndexExpr>(*number) : std::nullopt;
  });
}

/// The loops whose variables `e` depends on, also by way of places in lists.
static void collectLoops(const IndexExpr &e, llvm::SetVector<Operation *> &loops) {
  e.rewrite([&](const IndexAtom &atom) -> std::optional<IndexExpr> {
    if (atom.kind != IndexAtom::Value)
      return std::nullopt;
    if (auto tap = atom.value.getDefiningOp<TapOp>())
      for (Value index : tap.getIndices())
        collectLoops(IndexExpr::get(index), loops);
    else if (auto variable = dyn_cast<BlockArgument>(atom.value))
      loops.insert(variable.getOwner()->getParentOp());
    return std::nullopt;
  });
}

/// Whether a store's copy would write what it read at the same place: nothing was added.
static bool isStoredThere(StoreOp store, const IRMapping &map) {
  auto load = map.lookupOrDefault(store.getValue()).getDefiningOp<LoadOp>();
  return load && load.getSource() == store.getStage() &&
         llvm::all_of(llvm::zip(load.getIndices(), store.getIndices()), [&](auto pair) {
           auto [read, written] = pair;
           return IndexExpr::get(read) == IndexExpr::get(map.lookupOrDefault(written));
         });
}

/// Copies the operations of `body` to the builder's place, with all that is constant now.
void ListUnroller::copy(OpBuilder &builder, Block &body, IRMapping &map) {
  auto mapped = [&](ValueRange indices) {
    SmallVector<IndexExpr> at;
    for (Value index : indices)
      at.push_back(valueAt(IndexExpr::get(map.lookupOrDefault(index))));
    return constants(at);
  };
  auto isZero = [&](Value value) {
    return matchPattern(map.lookupOrDefault(value), m_AnyZeroFloat());
  };
  for (Operation &op : body) {
    Location loc = op.getLoc();
    if (auto tap = dyn_cast<TapOp>(op)) {
      auto places = mapped(tap.getIndices());
      if (auto number = places ? constantAt(tap, *places) : std::nullopt) {
        map.map(tap.getResult(), arith::ConstantIndexOp::create(builder, loc, *number).getResult());
        continue;
      }
      // No loop over all lists is left that addresses could be tabulated outside of.
      cast<TapOp>(builder.clone(op, map)).removeListsAttr();
      continue;
    } else if (auto load = dyn_cast<LoadOp>(op); load && load.getPacked()) {
      auto places = mapped(load.getIndices());
      if (auto literal = places ? literalAt(load, *places) : std::nullopt) {
        map.map(load.getResult(), arith::ConstantOp::create(builder, loc, *literal).getResult());
        continue;
      }
    } else if (auto fma = dyn_cast<math::FmaOp>(op)) {
      if (isZero(fma.getA()) || isZero(fma.getB())) {
        map.map(fma.getResult(), map.lookupOrDefault(fma.getC()));
        continue;
      }
    } else if (auto store = dyn_cast<StoreOp>(op)) {
      if (isStoredThere(store, map))
        continue;
    } else if (auto loop = dyn_cast<ForOp>(op)) {
      auto range = mapped({loop.getMin(), loop.getExtent()});
      if (loop.getKind() == LoopKind::Unrolled && range) {
        IndexExpr first = IndexExpr::get(map.lookupOrDefault(loop.getMin()));
        copySteps(builder, loop, first, (*range)[1], map);
        continue;
      }
      auto inner = ForOp::create(builder, loc, loop.getName(), loop.getKind(),
                                 map.lookupOrDefault(loop.getMin()),
                                 map.lookupOrDefault(loop.getExtent()), int64_t(loop.getAxis()));
      for (NamedAttribute attr : loop->getDiscardableAttrs())
        inner->setAttr(attr.getName(), attr.getValue());
      map.map(loop.getIv(), inner.getIv());
      OpBuilder inside = OpBuilder::atBlockEnd(&inner.getBody().front());
      copy(inside, loop.getBody().front(), map);
      continue;
    }
    builder.clone(op, map);
  }
}

void ListUnroller::copySteps(OpBuilder &builder, ForOp loop, const IndexExpr &first, int64_t count,
                             IRMapping map) {
  for (int64_t i = 0; i < count && steps <= mostSteps; ++i, ++steps) {
    map.map(loop.getIv(), (first + i).materialize(builder, loop.getLoc()));
    copy(builder, loop.getBody().front(), map);
  }
}

/// Replaces an unrolled loop over a list by its steps, for each list the loops around it choose.
LogicalResult ListUnroller::unroll(ForOp loop) {
  ProduceOp inside;
  loop.walk([&](ProduceOp produce) { inside = produce; });
  if (inside)
    return loop.emitOpError("loop \"")
           << loop.getName() << "\" over a list is unrolled, and @" << inside.getStage()
           << " is computed in it; legal: serial, or compute @" << inside.getStage()
           << " at a loop outside";
  IndexExpr min = IndexExpr::get(loop.getMin()), extent = IndexExpr::get(loop.getExtent());
  llvm::SetVector<Operation *> around;
  collectLoops(min, around);
  collectLoops(extent, around);
  // All combinations of what the loops around may be at, the first fastest.
  SmallVector<ForOp> choosers;
  SmallVector<std::pair<int64_t, int64_t>> ranges;
  int64_t lists = 1;
  steps = 0;
  for (Operation *op : around) {
    auto chooser = cast<ForOp>(op);
    auto low = IndexExpr::get(chooser.getIv()).constantLower(),
         high = IndexExpr::get(chooser.getIv()).constantUpper();
    if (!low || !high || *high - *low >= mostLists || (lists *= *high - *low + 1) > mostLists)
      return loop.emitOpError("loop \"")
             << loop.getName() << "\" over a list is unrolled, and \"" << chooser.getName()
             << "\" chooses the list: " << IndexExpr::get(chooser.getExtent()).str()
             << " steps; legal: constant extents, " << mostLists << " lists in all";
    choosers.push_back(chooser);
    ranges.push_back({*low, *high});
  }
  OpBuilder builder(loop);
  Location loc = loop.getLoc();
  for (int64_t list = 0; list < lists; ++list) {
    variables.clear();
    Value chosen;
    OpBuilder::InsertionGuard guard(builder);
    int64_t rest = list;
    for (auto [chooser, range] : llvm::zip(choosers, ranges)) {
      int64_t size = range.second - range.first + 1;
      int64_t at = range.first + rest % size;
      rest /= size;
      variables[chooser.getIv()] = at;
      if (size == 1)
        continue;
      Value number = arith::ConstantIndexOp::create(builder, loc, at);
      Value is =
          arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, chooser.getIv(), number);
      chosen = chosen ? arith::AndIOp::create(builder, loc, chosen, is).getResult() : is;
    }
    isList = true;
    auto first = valueAt(min).constant(), count = valueAt(extent).constant();
    if (!isList)
      continue;
    if (!first || !count)
      return loop.emitOpError("loop \"")
             << loop.getName() << "\" is unrolled, but runs over " << extent.str()
             << " steps; legal: an extent that is constant for each list";
    if (*count <= 0)
      continue;
    if (chosen)
      builder =
          scf::IfOp::create(builder, loc, chosen, /*withElseRegion=*/false).getThenBodyBuilder();
    copySteps(builder, loop, *first, *count, IRMapping());
    if (steps > mostSteps)
      return loop.emitOpError("loop \"")
             << loop.getName() << "\" over a list is unrolled into more than " << mostSteps
             << " steps; legal: serial";
  }
  loop.erase();
  return success();
}

/// What only the loops needed: places in lists are no parameters of kernels that look nothing up.
static void eraseUnused(LoopsOp loops) {
  SmallVector<Operation *> all;
  loops.walk<WalkOrder::PreOrder>([&](Operation *op) { all.push_back(op); });
  for (Operation *op : llvm::reverse(all))
    if (isOpTriviallyDead(op))
      op->erase();
}

namespace {
struct SchedUnrollLists : public srcc::sched::impl::SchedUnrollListsBase<SchedUnrollLists> {
  using Base::Base;
  void runOnOperation() override {
    for (auto loops : getOperation().getOps<LoopsOp>()) {
      auto pair = scheduleOf(loops);
      if (failed(pair))
        return signalPassFailure();
      const Schedule &schedule = pair->second;
      SmallVector<ForOp> lists;
      loops.walk([&](ForOp loop) {
        auto produce = loop->getParentOfType<ProduceOp>();
        if (!produce || loop.getKind() != LoopKind::Unrolled)
          return;
        bool overList = llvm::any_of(
            schedule.of(produce.getStage()).definitions, [&](const Definition &definition) {
              return definition.group && definition.group->outer == loop.getName();
            });
        if (overList)
          lists.push_back(loop);
      });
      ListUnroller unroller(pair->first);
      for (ForOp loop : lists)
        if (failed(unroller.unroll(loop)))
          return signalPassFailure();
      if (!lists.empty())
        eraseUnused(loops);
    }
  }
};
} // namespace
