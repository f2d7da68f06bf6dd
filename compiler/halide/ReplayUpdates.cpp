//===- ReplayUpdates.cpp - Sums over boxes and lists ----------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/halide/Bodies.h"
#include "compiler/halide/Replayer.h"
#include "compiler/schedule/TapLists.h"

using namespace mlir;
using namespace srcc::sched;
using namespace srcc::halide;
using Halide::Expr;

SmallVector<StringRef> srcc::halide::reductionNames(StageOp stage, unsigned number) {
  SmallVector<StringRef> names;
  if (number)
    for (auto name : stage.getUpdateOps()[number - 1].getRdims().getAsRange<StringAttr>())
      names.push_back(name.getValue());
  return names;
}

bool srcc::halide::hasReduction(const Definition &definition, ArrayRef<StringRef> rdims,
                                StringRef name) {
  if (llvm::is_contained(rdims, name))
    return true;
  for (const LoopTransform &t : definition.transforms) {
    if (!t.isFuse && (t.outer == name || t.inner == name))
      return hasReduction(definition, rdims, t.old);
    if (t.isFuse && t.old == name)
      return hasReduction(definition, rdims, t.inner) || hasReduction(definition, rdims, t.outer);
  }
  return false;
}

/// Update `number` - 1 at the point `at`: over its reduction domain, or over its lists of taps.
LogicalResult Replayer::update(Instance &instance, unsigned number, ArrayRef<Expr> at) {
  StageOp stage = instance.stage;
  UpdateOp op = stage.getUpdateOps()[number - 1];
  Definition &definition = instance.definitions[number];
  auto rdims = reductionNames(stage, number);
  std::vector<Expr> place(at.rbegin(), at.rend());
  Expr self = instance.func(place);

  std::optional<GroupedTaps> taps;
  bool masked = false;
  if (definition.group && options.schedule) {
    taps.emplace(pipeline, stage, op, instance.schedule->definitions[number]);
    if (failed(taps->find()))
      return failure();
    bool plain = llvm::none_of(definition.transforms, [&](const LoopTransform &t) {
      return hasReduction(definition, rdims, t.old);
    });
    masked = plain && options.taps == Taps::Mask;
  }

  // The loops of the reduction, as Halide's variables.
  std::vector<std::string> names;
  Halide::Region region;
  auto addLoop = [&](StringRef name, const Expr &extent) {
    names.push_back(name.str());
    region.push_back({0, extent});
  };
  bool listed = taps && !masked;
  int64_t lists = 1, longest = definition.group ? definition.group->step : 1, combinations = 1;
  if (taps) {
    lists = taps->listStarts().size() - 1;
    for (int64_t i = 0; i < lists; ++i)
      longest = std::max(longest, taps->listStarts()[i + 1] - taps->listStarts()[i]);
    for (const std::string &name : taps->outerLoops())
      combinations *= taps->extentOf(name);
  }
  if (listed) {
    for (const std::string &name : llvm::reverse(taps->innerLoops()))
      addLoop(name, Expr(int32_t(taps->extentOf(name))));
    const TapGroup &group = *definition.group;
    if (group.step > 1)
      addLoop(group.inner, Expr(int32_t(group.step)));
    addLoop(group.outer, Expr(int32_t(longest / group.step)));
    for (const std::string &name : llvm::reverse(taps->outerLoops()))
      addLoop(name, Expr(int32_t(taps->extentOf(name))));
  } else {
    for (unsigned i = rdims.size(); i-- > 0;)
      addLoop(rdims[i], affine(op.getExtents(), i));
  }
  Halide::RDom domain(region, funcName((stage.getSymName() + "_r").str()));
  llvm::StringMap<Expr> loops;
  std::vector<Halide::RVar> variables;
  for (size_t i = 0; i < names.size(); ++i) {
    variables.push_back(domain[int(i)]);
    loops[names[i]] = domain[int(i)];
  }

  std::pair<Operation *, Expr> known;
  if (taps) {
    const TapGroup &group = *definition.group;
    Expr block = at[group.dim] / int32_t(group.factor);
    Expr list = Halide::clamp(block, 0, int32_t(lists / combinations - 1));
    for (const std::string &name : taps->outerLoops())
      list = list * int32_t(taps->extentOf(name)) + loops[name];
    ArrayRef<int64_t> starts = taps->listStarts();
    if (masked) {
      std::vector<int> shape;
      for (const std::string &name : group.loops)
        shape.push_back(int(taps->extentOf(name)));
      shape.push_back(int(lists));
      Halide::Buffer<uint8_t> mask(shape, funcName((stage.getSymName() + "_mask").str()));
      mask.fill(0);
      for (int64_t i = 0; i < lists; ++i)
        for (int64_t tap = starts[i]; tap < starts[i + 1]; ++tap) {
          std::vector<int> point(taps->tapValues()[tap].begin(), taps->tapValues()[tap].end());
          point.push_back(int(i));
          mask(point.data()) = 1;
        }
      std::vector<Expr> point;
      for (const std::string &name : group.loops)
        point.push_back(loops[name]);
      point.push_back(list);
      domain.where(mask(point) != Expr(uint8_t(0)));
      // The loops that the list enumerates run, in its order, where the list would.
      std::vector<Loop> order;
      for (const Loop &loop : definition.loops)
        if (!group.runsOverTaps(loop.name))
          order.push_back(loop);
        else if (loop.name == group.outer)
          for (const std::string &name : llvm::reverse(group.loops))
            order.push_back(Loop{name});
      definition.loops = order;
    } else {
      std::string base = stage.getSymName().str();
      Halide::Buffer<int32_t> counts(std::vector<int>{int(lists)}, funcName(base + "_counts"));
      Halide::Buffer<int32_t> values({int(group.loops.size()), int(longest), int(lists)},
                                     funcName(base + "_taps"));
      values.fill(0);
      std::vector<int> shape{int(group.factor)};
      for (const std::string &name : llvm::reverse(taps->innerLoops()))
        shape.push_back(int(taps->extentOf(name)));
      int64_t piece = 1; // values of a tap
      for (int n : shape)
        piece *= n;
      shape.push_back(int(longest));
      shape.push_back(int(lists));
      auto type = typeOf(taps->weights.getType());
      Halide::Buffer<> packed(*type, shape, funcName(base + "_packed"));
      auto fill = [&](auto *to) {
        std::fill_n(to, packed.number_of_elements(), 0);
        for (int64_t i = 0; i < lists; ++i)
          for (int64_t tap = starts[i]; tap < starts[i + 1]; ++tap)
            for (int64_t j = 0; j < piece; ++j)
              storeFloat(to[(i * longest + tap - starts[i]) * piece + j],
                         taps->packedValues()[tap * piece + j]);
      };
      if (type->bits() == 16)
        fill(static_cast<uint16_t *>(packed.data()));
      else
        fill(static_cast<float *>(packed.data()));
      for (int64_t i = 0; i < lists; ++i) {
        counts(int(i)) = int32_t(starts[i + 1] - starts[i]);
        for (int64_t tap = starts[i]; tap < starts[i + 1]; ++tap)
          for (size_t k = 0; k < group.loops.size(); ++k)
            values(int(k), int(tap - starts[i]), int(i)) = int32_t(taps->tapValues()[tap][k]);
      }
      Expr tap = loops[group.outer];
      if (group.step > 1)
        tap = tap * int32_t(group.step) + loops[group.inner];
      domain.where(tap < counts(list));
      for (auto [k, name] : llvm::enumerate(group.loops))
        loops[name] = Halide::unsafe_promise_clamped(values(int(k), tap, list), 0,
                                                     int32_t(taps->extentOf(name) - 1));
      std::vector<Expr> point{at[group.dim] - block * int32_t(group.factor)};
      for (const std::string &name : llvm::reverse(taps->innerLoops()))
        point.push_back(loops[name]);
      point.push_back(tap);
      point.push_back(list);
      known = {taps->weights.getOperation(), packed(point)};
      // Loops that were split or fused before they became a list: their dimension's value.
      for (const LoopTransform &t : llvm::reverse(definition.transforms)) {
        if (!hasReduction(definition, rdims, t.old))
          continue;
        if (t.isFuse) {
          int32_t inner = int32_t(taps->extentOf(t.inner));
          loops[t.outer] = loops[t.old] / inner;
          loops[t.inner] = loops[t.old] % inner;
        } else { // beyond the end the weights are zero
          loops[t.old] =
              Halide::min(loops[t.outer] * int32_t(taps->extentOf(t.inner)) + loops[t.inner],
                          int32_t(taps->extentOf(t.old) - 1));
        }
      }
      llvm::erase_if(definition.transforms, [&](const LoopTransform &t) {
        return hasReduction(instance.schedule->definitions[number], rdims, t.old);
      });
    }
  }

  SmallVector<Expr> arguments(at);
  for (StringRef name : rdims)
    arguments.push_back(loops[name]);
  arguments.push_back(self);
  auto value = evaluate(op.getBody(), arguments, &instance, known);
  if (failed(value))
    return failure();
  instance.func(place) = *value;
  instance.reductions.push_back(variables);
  instance.names.push_back(names);
  return success();
}
