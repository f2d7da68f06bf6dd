//===- Replay.cpp - A pipeline of sched on Halide's C++ API ---------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/halide/Replay.h"

#include "compiler/halide/Bodies.h"
#include "compiler/schedule/IndexExpr.h"
#include "compiler/schedule/TapLists.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace srcc::sched;
using namespace srcc::halide;
using Halide::Expr;

namespace {

/// A stage computed in one place: one Func. A stage has several if it is computed at several
/// consumers.
struct Instance {
  StageOp stage;
  const StageSchedule *schedule = nullptr;
  Instance *consumer = nullptr; ///< that it is computed at; null at the root
  std::string loop;             ///< of the consumer
  Halide::Func func;
  Type stored;                                         ///< element type in memory
  std::vector<std::vector<Halide::RVar>> reductions{}; ///< per definition, in the order of names
  std::vector<std::vector<std::string>> names{};       ///< of these
  std::vector<Definition> definitions{}; ///< loops and transforms as Halide is told of them
};

/// What a stage stores outside its domain: its readers' exterior value.
struct Surroundings {
  float value = 0;
  SmallVector<bool> dims; ///< that a reader goes beyond
};

class Replayer {
public:
  Replayer(PipelineOp pipeline, const Schedule &schedule, const ReplayOptions &options)
      : pipeline(pipeline), schedule(schedule), options(options),
        onDevice(options.target.has_gpu_feature()),
        widestVector(options.target.has_feature(Halide::Target::OpenCL) ? 16 : 4) {}
  FailureOr<Replayed> run();

private:
  // Algorithm.
  void findSurroundings();
  FailureOr<Instance *> get(StageOp stage, Instance *reader, ReadOp read);
  LogicalResult define(Instance &instance);
  LogicalResult update(Instance &instance, unsigned number, ArrayRef<Expr> at);
  FailureOr<Expr>
  evaluate(Region &region, ArrayRef<Expr> arguments, Instance *reader,
           const std::pair<Operation *, Expr> &known = std::pair<Operation *, Expr>());
  FailureOr<Expr> read(ReadOp op, ArrayRef<Expr> indices, Instance *reader);
  FailureOr<Expr> valueAt(ReadOp op, Operation *source, ArrayRef<Expr> indices, Instance *reader);
  FailureOr<Expr> tableAt(TableOp table, ArrayRef<Expr> indices);
  FailureOr<Halide::Buffer<>> bufferOf(TableOp table);
  Expr size(int64_t axis) { return axis ? input.dim(0).extent() : input.dim(1).extent(); }
  Expr affine(AffineExpr e);
  Expr affine(AffineMap map, unsigned result) { return affine(map.getResult(result)); }

  // Schedule.
  LogicalResult apply(Instance &instance);
  void applyStorage(Instance &instance);
  void applyLoops(Instance &instance, unsigned number);
  LogicalResult applyPrefetches(Instance &instance);
  void applyComputeWith(Instance &instance);
  Halide::VarOrRVar loop(Instance &instance, unsigned number, StringRef name);
  int64_t stepsIn(Instance &instance, const Definition &definition, StringRef name);
  Halide::LoopLevel level(Instance &instance, StringRef name);
  void leaveOut(const Twine &what) {
    std::string text = what.str();
    if (!llvm::is_contained(result.leftOut, text))
      result.leftOut.push_back(text);
  }

  PipelineOp pipeline;
  const Schedule &schedule;
  const ReplayOptions &options;
  const bool onDevice;
  const int64_t widestVector; ///< of a device: OpenCL has 16 elements, other languages 4
  Halide::ImageParam input;
  InputOp inputOp;
  Replayed result;
  std::vector<std::unique_ptr<Instance>> instances; // consumers after producers
  std::map<std::pair<Operation *, Instance *>, Instance *> places;
  llvm::DenseMap<Operation *, Halide::Buffer<>> buffers;
  llvm::DenseMap<Operation *, Surroundings> surroundings;
};

/// Reduction dimensions of an update, or none of a pure definition.
SmallVector<StringRef> reductionNames(StageOp stage, unsigned number) {
  SmallVector<StringRef> names;
  if (number)
    for (auto name : stage.getUpdateOps()[number - 1].getRdims().getAsRange<StringAttr>())
      names.push_back(name.getValue());
  return names;
}

/// Whether a loop has, for Halide, a reduction variable: it or a part of it reduces.
bool hasReduction(const Definition &definition, ArrayRef<StringRef> rdims, StringRef name) {
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

/// Whether a loop is one of a dimension, or of a part of it.
bool comesFrom(const Definition &definition, StringRef name, StringRef dim) {
  if (name == dim)
    return true;
  return llvm::any_of(definition.transforms, [&](const LoopTransform &t) {
    if (t.isFuse)
      return t.old == name &&
             (comesFrom(definition, t.inner, dim) || comesFrom(definition, t.outer, dim));
    return (t.outer == name || t.inner == name) && comesFrom(definition, t.old, dim);
  });
}

/// Constant number of steps of a loop that is a split's inner one; 0 of others.
int64_t stepsOf(const Definition &definition, StringRef name) {
  for (const LoopTransform &t : definition.transforms)
    if (auto steps = t.isFuse || t.inner != name
                         ? AffineConstantExpr()
                         : dyn_cast<AffineConstantExpr>(t.factor.getResult(0)))
      return steps.getValue();
  return 0;
}

/// How far apart in memory Halide sees lanes of a vectorised loop, which it turns into vectors of
/// as many times the elements: what is read at a multiple of the dimension is a part of a longer
/// vector, and vectors of an unrolled loop that steps through what lies between their elements are
/// woven.
int64_t lanesApart(StageOp stage, Block &body, const Definition &definition,
                   const Loop &vectorized) {
  int64_t apart = 1;
  for (const Loop &unrolled : definition.loops)
    for (const LoopTransform &t : definition.transforms)
      if (unrolled.kind == LoopKind::Unrolled && !t.isFuse && t.inner == unrolled.name &&
          comesFrom(definition, vectorized.name, t.outer))
        apart = std::max(apart, stepsOf(definition, unrolled.name));
  for (auto [i, dim] : llvm::enumerate(dimNames(stage)))
    if (comesFrom(definition, vectorized.name, dim))
      body.walk([&, argument = body.getArgument(i)](ReadOp read) {
        for (Value index : read.getIndices())
          apart =
              std::max(apart, std::abs(IndexExpr::get(index).coefficientOf(argument).value_or(0)));
      });
  return apart;
}

/// As Halide's names may be.
std::string funcName(StringRef name) {
  std::string text;
  for (char c : name)
    text += llvm::isAlnum(c) ? c : '_';
  return text;
}

Expr clampTo(const Expr &index, const Expr &extent) {
  return Halide::clamp(Halide::likely(index), 0, extent - 1);
}

/// Clamps an index, and adds to `outside` that it lay beyond.
void goesBeyond(Expr &index, const Expr &extent, Expr &outside) {
  Expr holds = index < 0 || index >= extent;
  outside = outside.defined() ? outside || holds : holds;
  index = clampTo(index, extent);
}
} // namespace

//===----------------------------------------------------------------------===//
// Algorithm
//===----------------------------------------------------------------------===//

Expr Replayer::affine(AffineExpr e) {
  if (auto constant = dyn_cast<AffineConstantExpr>(e))
    return Expr(int32_t(constant.getValue()));
  if (auto symbol = dyn_cast<AffineSymbolExpr>(e))
    return size(symbol.getPosition());
  auto binary = cast<AffineBinaryOpExpr>(e);
  Expr a = affine(binary.getLHS()), b = affine(binary.getRHS());
  switch (e.getKind()) {
  case AffineExprKind::Add:
    return a + b;
  case AffineExprKind::Mul:
    return a * b;
  case AffineExprKind::FloorDiv:
    return a / b;
  case AffineExprKind::CeilDiv:
    return (a + b - 1) / b;
  default:
    return a % b;
  }
}

FailureOr<Replayed> Replayer::run() {
  StageOp output;
  for (auto stage : pipeline.getOps<StageOp>())
    if (stage.getOutput() && *stage.getOutput() == Format::F32Planar)
      output = stage;
  for (auto op : pipeline.getOps<InputOp>())
    if (op.getFormat() == Format::F32Planar)
      inputOp = op;
  if (!output || !inputOp)
    return pipeline.emitOpError("has no ")
           << (output ? "input" : "output") << " of f32_planar, which Halide's code is made for";
  if (output.getRank() != 3)
    return output.emitOpError("is an output of ")
           << output.getRank() << " dimensions; legal: c, y, x";
  input = Halide::ImageParam(Halide::Float(32), 3, funcName(inputOp.getSymName()));
  AffineMap inputExtents = inputOp.getExtents();
  auto channels = [](AffineMap extents) {
    auto constant = dyn_cast<AffineConstantExpr>(extents.getResult(0));
    return constant ? constant.getValue() : 0;
  };
  result.inputChannels = channels(inputExtents);
  result.outputChannels = channels(output.getExtents());
  if (!result.inputChannels || !result.outputChannels)
    return pipeline.emitOpError("has a picture whose number of channels is not constant");
  for (int axis = 0; axis < 3; ++axis)
    input.dim(axis).set_min(0);
  input.dim(2).set_extent(int(result.inputChannels));
  findSurroundings();
  auto made = get(output, nullptr, ReadOp());
  if (failed(made))
    return failure();
  result.input = input;
  result.output = (*made)->func;
  result.outputExtents = output.getExtents();
  for (unsigned dim = 0; dim < 3; ++dim) {
    auto buffer = result.output.output_buffer();
    buffer.dim(2 - dim).set_min(0);
    buffer.dim(2 - dim).set_extent(affine(output.getExtents(), dim));
  }
  if (options.schedule)
    for (auto &instance : instances)
      if (failed(apply(*instance)))
        return failure();
  if (options.schedule)
    for (auto &instance : instances)
      applyComputeWith(*instance);
  return result;
}

/// The value of a read outside its source; zero if it does not say.
static float exteriorOf(ReadOp op) {
  return op.getValueAttr() ? float(op.getValueAttr().getValueAsDouble()) : 0.0F;
}

/// Which stages store the exterior value that their readers ask for around them, so that the loops
/// of these need no checks: stages without updates, whose readers agree. Not on devices: there
/// Halide leaves out computing what is read outside, and hands the undefined value to select(),
/// which lets PoCL's compiler conclude that nothing is outside.
void Replayer::findSurroundings() {
  if (onDevice)
    return;
  llvm::DenseSet<Operation *> disputed;
  pipeline.walk([&](ReadOp op) {
    FailureOr<Operation *> source = sourceOf(op, pipeline);
    auto stage = succeeded(source) ? dyn_cast<StageOp>(*source) : StageOp();
    if (!stage || !stage.getUpdateOps().empty() || op.getExterior() != Exterior::Constant ||
        (options.schedule && schedule.of(stage.getSymName()).isInline()))
      return;
    AffineMap extents = extentsOf(stage);
    SmallVector<bool> dims;
    for (unsigned dim = 0; dim < extents.getNumResults(); ++dim)
      dims.push_back(!staysInside(op, dim, extents.getResult(dim)));
    if (!llvm::is_contained(dims, true))
      return;
    auto [place, first] = surroundings.try_emplace(stage);
    Surroundings &stored = place->second;
    if (first)
      stored = {exteriorOf(op), dims};
    else if (stored.value != exteriorOf(op))
      disputed.insert(stage);
    for (auto [known, beyond] : llvm::zip(stored.dims, dims))
      known |= beyond;
  });
  for (Operation *stage : disputed)
    surroundings.erase(stage);
}

/// The Func that `reader` reads `stage` from, made at its first read; where a stage is computed at
/// several consumers, that of the consumer around the reader.
FailureOr<Instance *> Replayer::get(StageOp stage, Instance *reader, ReadOp read) {
  const StageSchedule &s = schedule.of(stage.getSymName());
  Instance *consumer = nullptr;
  std::string loop;
  if (options.schedule && !s.at.empty()) {
    for (Instance *around = reader; around && !consumer; around = around->consumer)
      for (auto &[name, at] : s.at)
        if (around->stage.getSymName() == name)
          consumer = around, loop = at;
    if (!consumer)
      return read.emitOpError("of @") << stage.getSymName() << " in @" << reader->stage.getSymName()
                                      << " is not inside a loop that it is computed at";
  }
  Instance *&place = places[{stage, consumer}];
  if (place)
    return place;
  auto instance = std::make_unique<Instance>();
  instance->stage = stage;
  instance->schedule = &s;
  instance->consumer = consumer;
  instance->loop = loop;
  instance->func = Halide::Func(funcName(stage.getSymName()));
  Instance *made = place = instance.get();
  if (failed(define(*made)))
    return failure();
  instances.push_back(std::move(instance));
  return made;
}

LogicalResult Replayer::define(Instance &instance) {
  StageOp stage = instance.stage;
  instance.stored = stage.getType();
  instance.definitions = instance.schedule->definitions;
  if (Type as = instance.schedule->storage.type; as && as != stage.getType() && options.schedule) {
    if (!stage.getUpdateOps().empty())
      return stage.emitOpError("is stored as ")
             << as << " and has updates, which Halide would sum in " << as
             << "; legal: store a stage without updates";
    instance.stored = as;
  }
  auto type = typeOf(instance.stored);
  if (!type)
    return stage.emitOpError("has the type ") << stage.getType() << ", which Halide's code has not";
  std::vector<Halide::Var> variables;
  SmallVector<Expr> at;
  for (const std::string &name : dimNames(stage)) {
    at.push_back(Halide::Var(name));
    variables.insert(variables.begin(), Halide::Var(name)); // Halide's first dimension is innermost
  }
  SmallVector<Expr> point(at);
  Expr outside;
  auto around = surroundings.find(stage);
  if (around != surroundings.end()) {
    AffineMap extents = extentsOf(stage);
    for (unsigned dim = 0; dim < point.size(); ++dim)
      if (around->second.dims[dim])
        goesBeyond(point[dim], affine(extents, dim), outside);
  }
  auto value = evaluate(stage.getPure(), point, &instance);
  if (failed(value))
    return failure();
  if (outside.defined())
    value = Halide::select(outside, Halide::cast(value->type(), Expr(around->second.value)),
                           Halide::likely(*value));
  instance.func(variables) = Halide::cast(*type, *value);
  instance.reductions.emplace_back();
  instance.names.emplace_back();
  for (unsigned number = 1; number <= stage.getUpdateOps().size(); ++number)
    if (failed(update(instance, number, at)))
      return failure();
  return success();
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

/// A definition's value; `known` stands for one of its reads.
FailureOr<Expr> Replayer::evaluate(Region &region, ArrayRef<Expr> arguments, Instance *reader,
                                   const std::pair<Operation *, Expr> &known) {
  Block &block = region.front();
  llvm::DenseMap<Value, Expr> values;
  for (auto [argument, value] : llvm::zip(block.getArguments(), arguments))
    values[argument] = value;
  for (Operation &op : block) {
    if (auto yield = dyn_cast<YieldOp>(op))
      return values[yield.getOperand(0)];
    SmallVector<Expr> operands;
    for (Value operand : op.getOperands())
      operands.push_back(values[operand]);
    FailureOr<Expr> value = failure();
    if (known.first == &op)
      value = known.second;
    else if (auto readOp = dyn_cast<ReadOp>(op))
      value = read(readOp, operands, reader);
    else if (auto sizeOp = dyn_cast<SizeOp>(op))
      value = size(sizeOp.getAxis());
    else
      value = evaluateOp(&op, operands);
    if (failed(value))
      return failure();
    if (op.getNumResults())
      values[op.getResult(0)] = *value;
  }
  return block.getParentOp()->emitOpError("has a definition without sched.yield");
}

/// The value of a read, its exterior included unless the source stores it. Conditions are marked
/// likely to hold, so that loops are split into an edge, where they are checked, and an interior,
/// where they are not.
FailureOr<Expr> Replayer::read(ReadOp op, ArrayRef<Expr> given, Instance *reader) {
  FailureOr<Operation *> found = sourceOf(op, pipeline);
  if (failed(found))
    return failure();
  Operation *source = *found;
  AffineMap extents = extentsOf(source);
  SmallVector<Expr> indices(given);
  Exterior exterior = op.getExterior();
  Expr outside;
  if (exterior == Exterior::Constant && surroundings.contains(source))
    exterior = Exterior::None;
  // Pictures from outside end where they end; loops over whole vectors go on.
  bool isInput = isa<InputOp>(source);
  for (unsigned dim = 0; dim < indices.size(); ++dim) {
    Expr &index = indices[dim], extent = affine(extents, dim);
    bool inside = staysInside(op, dim, extents.getResult(dim));
    if (exterior == Exterior::None || inside) {
      if (isInput)
        index = clampTo(index, extent);
      continue;
    }
    if (exterior == Exterior::Constant) {
      goesBeyond(index, extent, outside);
      continue;
    }
    if (exterior == Exterior::MirrorInterior) {
      Expr last = extent - 1, mirrored = Halide::max(index, -index); // -1 -> 1
      mirrored = Halide::min(mirrored, last + last - mirrored);      // last + 1 -> last - 1
      index = Halide::select(index < 0 || index >= extent, Halide::clamp(mirrored, 0, last),
                             Halide::likely(clampTo(index, extent)));
      continue;
    }
    index = clampTo(index, extent);
  }
  auto value = valueAt(op, source, indices, reader);
  if (failed(value) || !outside.defined())
    return value;
  return Halide::select(outside, Halide::cast(value->type(), Expr(exteriorOf(op))),
                        Halide::likely(*value));
}

FailureOr<Expr> Replayer::valueAt(ReadOp op, Operation *source, ArrayRef<Expr> indices,
                                  Instance *reader) {
  if (auto table = dyn_cast<TableOp>(source))
    return tableAt(table, indices);
  std::vector<Expr> place(indices.rbegin(), indices.rend());
  if (source == inputOp)
    return Expr(input(place));
  auto stage = dyn_cast<StageOp>(source);
  if (!stage)
    return op.emitOpError("reads @") << op.getSource() << ", an input that is not of f32_planar";
  if (options.schedule && schedule.of(stage.getSymName()).isInline()) {
    if (!stage.getUpdateOps().empty())
      return op.emitOpError("reads @")
             << stage.getSymName() << ", which has updates and is not computed anywhere";
    return evaluate(stage.getPure(), indices, reader);
  }
  auto instance = get(stage, reader, op);
  if (failed(instance))
    return failure();
  Expr value = (*instance)->func(place);
  return Halide::cast(*typeOf(stage.getType()), value);
}

/// A table's value. Packed tables have zeros behind their ends, where loops over whole blocks go.
FailureOr<Expr> Replayer::tableAt(TableOp table, ArrayRef<Expr> indices) {
  auto buffer = bufferOf(table);
  if (failed(buffer))
    return failure();
  std::vector<Expr> place;
  auto layout = schedule.storageOf(table.getSymName()).layout;
  ArrayRef<int64_t> shape = table.getValue().getShapedType().getShape();
  for (const StorageDim &dim : llvm::reverse(layout)) {
    Expr index = indices[dim.dim];
    if (dim.mod) {
      place.push_back(index / int32_t(dim.div) % int32_t(dim.mod));
    } else if (shape[dim.dim] == 1) {
      place.push_back(0);
    } else {
      int64_t extent = (shape[dim.dim] + dim.div - 1) / dim.div;
      if (dim.div != 1)
        index = index / int32_t(dim.div);
      place.push_back(Halide::clamp(index, 0, int32_t(extent - 1)));
    }
  }
  return Expr((*buffer)(place));
}

FailureOr<Halide::Buffer<>> Replayer::bufferOf(TableOp table) {
  auto found = buffers.find(table);
  if (found != buffers.end())
    return found->second;
  auto values = tableValues(table);
  auto type = typeOf(table.getValue().getElementType());
  if (failed(values))
    return failure();
  if (!type || !type->is_float())
    return table.emitOpError("has elements of ")
           << table.getValue().getElementType() << "; legal: f32 or f16";
  ArrayRef<int64_t> shape = table.getValue().getShapedType().getShape();
  auto &layout = schedule.storageOf(table.getSymName()).layout;
  std::vector<int> extents; // innermost first
  for (const StorageDim &dim : llvm::reverse(layout))
    extents.push_back(dim.mod ? int(dim.mod) : int((shape[dim.dim] + dim.div - 1) / dim.div));
  Halide::Buffer<> buffer(*type, extents, funcName(table.getSymName()));
  auto fill = [&](auto *to) {
    std::fill_n(to, buffer.number_of_elements(), 0);
    SmallVector<int64_t> point(shape.size());
    for (const APFloat &value : *values) {
      int64_t linear = 0;
      for (const StorageDim &dim : layout)
        linear = linear * (dim.mod ? dim.mod : (shape[dim.dim] + dim.div - 1) / dim.div) +
                 (dim.mod ? point[dim.dim] / dim.div % dim.mod : point[dim.dim] / dim.div);
      storeFloat(to[linear], value);
      for (size_t d = shape.size(); d-- > 0 && ++point[d] == shape[d];)
        point[d] = 0;
    }
  };
  if (type->bits() == 16)
    fill(static_cast<uint16_t *>(buffer.data()));
  else
    fill(static_cast<float *>(buffer.data()));
  return buffers[table] = buffer;
}

//===----------------------------------------------------------------------===//
// Schedule
//===----------------------------------------------------------------------===//

/// The variable of a loop.
Halide::VarOrRVar Replayer::loop(Instance &instance, unsigned number, StringRef name) {
  SmallVector<StringRef> rdims(instance.names[number].begin(), instance.names[number].end());
  if (hasReduction(instance.definitions[number], rdims, name))
    return Halide::RVar(name.str());
  return Halide::Var(name.str());
}

/// Constant number of steps of a loop that is a split's inner one, or a dimension whose extent our
/// bounds inference knows; 0 of others.
int64_t Replayer::stepsIn(Instance &instance, const Definition &definition, StringRef name) {
  if (int64_t steps = stepsOf(definition, name))
    return steps;
  if (!instance.consumer)
    return 0;
  auto known = options.extents.find(
      {instance.stage.getSymName().str(), instance.consumer->stage.getSymName().str()});
  if (known == options.extents.end())
    return 0;
  for (auto [dim, extent] : llvm::zip(dimNames(instance.stage), known->second))
    if (dim == name)
      return extent;
  return 0;
}

/// The loop of a consumer that something is computed or stored at: of its last definition.
Halide::LoopLevel Replayer::level(Instance &instance, StringRef name) {
  unsigned last = instance.definitions.size() - 1;
  return Halide::LoopLevel(instance.func, loop(instance, last, name));
}

LogicalResult Replayer::apply(Instance &instance) {
  const StageSchedule &s = *instance.schedule;
  Halide::Func &func = instance.func;
  if (!instance.consumer)
    func.compute_root();
  else
    func.compute_at(level(*instance.consumer, instance.loop));
  if (s.storeAt) {
    Instance *around = instance.consumer;
    while (around && around->stage.getSymName() != s.storeAt->first)
      around = around->consumer;
    if (!around)
      return instance.stage.emitOpError("is stored at @")
             << s.storeAt->first << " \"" << s.storeAt->second
             << "\", a loop that is not around the one it is computed at";
    func.store_at(level(*around, s.storeAt->second));
  }
  if (instance.consumer && !s.storeAt) {
    auto names = dimNames(instance.stage);
    auto found = options.extents.find(
        {instance.stage.getSymName().str(), instance.consumer->stage.getSymName().str()});
    if (found != options.extents.end())
      for (auto [name, extent] : llvm::zip(names, found->second))
        if (extent)
          func.bound_extent(Halide::Var(name), int32_t(extent));
  }
  applyStorage(instance);
  for (unsigned number = 0; number < instance.definitions.size(); ++number)
    applyLoops(instance, number);
  return applyPrefetches(instance);
}

void Replayer::applyStorage(Instance &instance) {
  const StageSchedule &s = *instance.schedule;
  Halide::Func &func = instance.func;
  StageOp stage = instance.stage;
  auto names = dimNames(stage);
  // Halide fills a ring in the first iteration, where srcc starts its loop earlier: for that a
  // factor may be too small, and Halide finds its own.
  if (!s.fold.empty())
    leaveOut("fold_storage, whose factors Halide chooses by itself");
  if (s.repeat)
    leaveOut("repeat: each stage keeps its code");
  for (auto &align : s.alignBounds)
    func.align_bounds(Halide::Var(align.getKey().str()), int32_t(align.getValue()));
  for (auto &entry : s.bounds) {
    BoundOp bound = entry.second;
    func.bound(Halide::Var(entry.getKey().str()), affine(bound.getRange(), 0),
               affine(bound.getRange(), 1));
  }
  if (stage.getOutput())
    return;
  const Storage &storage = s.storage;
  bool packed =
      llvm::any_of(storage.layout, [](const StorageDim &d) { return d.mod || d.div > 1; });
  if (packed) {
    leaveOut("layouts that take a dimension apart, as \"c/4\" and \"c%4\"");
  } else {
    std::vector<Halide::Var> order;
    for (const StorageDim &dim : llvm::reverse(storage.layout))
      order.push_back(Halide::Var(names[dim.dim]));
    if (order.size() > 1)
      func.reorder_storage(order);
    if (storage.align > 1)
      func.align_storage(order.front(), int32_t(storage.align));
    if (storage.odd)
      leaveOut("'odd' rows");
  }
  if (!instance.consumer)
    return;
  // What a kernel keeps for itself without saying where is private.
  if (storage.memory == Memory::Local)
    func.store_in(onDevice ? Halide::MemoryType::GPUShared : Halide::MemoryType::Stack);
  else if (storage.memory == Memory::Private)
    func.store_in(onDevice ? Halide::MemoryType::Register : Halide::MemoryType::Stack);
  else if (storage.placed)
    func.store_in(Halide::MemoryType::Heap);
}

void Replayer::applyLoops(Instance &instance, unsigned number) {
  const Definition &definition = instance.definitions[number];
  Halide::Stage stage =
      number ? Halide::Stage(instance.func.update(int(number) - 1)) : Halide::Stage(instance.func);
  auto var = [&](StringRef name) { return loop(instance, number, name); };
  for (auto [variable, name] : llvm::zip(instance.reductions[number], instance.names[number]))
    stage.rename(variable, Halide::RVar(name));
  for (const LoopTransform &t : definition.transforms) {
    if (t.isFuse) {
      stage.fuse(var(t.inner), var(t.outer), var(t.old));
      continue;
    }
    Halide::TailStrategy tail = t.tail == Tail::Guard          ? Halide::TailStrategy::GuardWithIf
                                : t.tail == Tail::ShiftInwards ? Halide::TailStrategy::ShiftInwards
                                                               : Halide::TailStrategy::RoundUp;
    stage.split(var(t.old), var(t.outer), var(t.inner), affine(t.factor, 0), tail);
  }
  std::vector<Halide::VarOrRVar> order, blocks, threads;
  for (const Loop &l : definition.loops)
    order.push_back(var(l.name));
  if (order.size() > 1)
    stage.reorder(order);
  // Code for the edges of a picture is several times the code for its inside. It pays along
  // vectors, whose loads it keeps whole; elsewhere a condition is a scalar.
  auto names = dimNames(instance.stage);
  auto vectorized =
      llvm::find_if(definition.loops, [](const Loop &l) { return l.kind == LoopKind::Vectorized; });
  if (vectorized != definition.loops.end())
    for (const std::string &dim : names)
      if (!comesFrom(definition, vectorized->name, dim))
        for (const Loop &l : definition.loops)
          if (l.kind != LoopKind::Unrolled && comesFrom(definition, l.name, dim))
            stage.never_partition(var(l.name));
  auto byAxis = [](const Loop *a, const Loop *b) { return a->axis < b->axis; };
  std::vector<const Loop *> blockLoops, threadLoops;
  int64_t longest = widestVector;
  Block &body = number ? instance.stage.getUpdateOps()[number - 1].getBody().front()
                       : instance.stage.getPure().front();
  for (const Loop &l : definition.loops) {
    switch (l.kind) {
    case LoopKind::Serial:
      break;
    case LoopKind::Unrolled:
      stage.unroll(var(l.name));
      break;
    case LoopKind::Vectorized:
      // Halide 21 names single elements of OpenCL's vectors in decimal, as "s10", where they are
      // hexadecimal: those of vectors of 8 are right.
      if (int64_t apart = onDevice ? lanesApart(instance.stage, body, definition, l) : 1; apart > 1)
        longest = llvm::isPowerOf2_64(apart) ? std::min<int64_t>(widestVector, 8) / apart : 0;
      if (onDevice && longest < 2)
        leaveOut("on a device, vectors whose elements Halide takes from longer ones of more than " +
                 Twine(widestVector) + " elements");
      else if (onDevice && !options.guardedVectors && instance.stage.getOutput() &&
               llvm::any_of(definition.transforms, [&](const LoopTransform &t) {
                 return t.tail == Tail::Guard && t.inner == l.name;
               }))
        leaveOut("on a device, vectors of an output under conditions that Halide does not write");
      else if (onDevice && stepsIn(instance, definition, l.name) > longest)
        stage.vectorize(var(l.name), int(longest));
      else
        stage.vectorize(var(l.name));
      break;
    case LoopKind::GpuBlock:
      if (onDevice)
        blockLoops.push_back(&l);
      else
        stage.parallel(var(l.name));
      break;
    case LoopKind::GpuThread: // on a CPU the work-items of a group are one loop
      if (onDevice)
        threadLoops.push_back(&l);
      break;
    }
  }
  if (!onDevice)
    return;
  llvm::sort(blockLoops, byAxis);
  llvm::sort(threadLoops, byAxis);
  for (const Loop *l : blockLoops)
    blocks.push_back(var(l->name));
  for (const Loop *l : threadLoops)
    threads.push_back(var(l->name));
  if (blocks.size() == 1)
    stage.gpu_blocks(blocks[0]);
  else if (blocks.size() == 2)
    stage.gpu_blocks(blocks[0], blocks[1]);
  else if (blocks.size() == 3)
    stage.gpu_blocks(blocks[0], blocks[1], blocks[2]);
  if (threads.size() == 1)
    stage.gpu_threads(threads[0]);
  else if (threads.size() == 2)
    stage.gpu_threads(threads[0], threads[1]);
  else if (threads.size() == 3)
    stage.gpu_threads(threads[0], threads[1], threads[2]);
  if (!instance.consumer && blocks.empty() && threads.empty())
    stage.gpu_single_thread();
}

/// Once the loops of both stages are made.
void Replayer::applyComputeWith(Instance &instance) {
  const auto &with = instance.schedule->with;
  if (!with)
    return;
  auto other = places.find({SymbolTable::lookupSymbolIn(pipeline, with->other), nullptr});
  if (other == places.end() || instance.definitions.size() > 1 ||
      other->second->definitions.size() > 1)
    return leaveOut("compute_with of stages with updates");
  Instance &leader = *other->second;
  instance.func.compute_with(Halide::Stage(leader.func), loop(leader, 0, with->loops.back()));
}

LogicalResult Replayer::applyPrefetches(Instance &instance) {
  for (const Prefetch &prefetch : instance.schedule->prefetches) {
    Operation *source = SymbolTable::lookupSymbolIn(pipeline, prefetch.source);
    auto stage = dyn_cast_or_null<StageOp>(source);
    auto place = stage ? places.find({stage.getOperation(), nullptr}) : places.end();
    if (onDevice || place == places.end()) {
      leaveOut("prefetch of what is no stage at the root, or on a device");
      continue;
    }
    if (place->second == &instance) {
      leaveOut("prefetch of what a stage itself writes");
      continue;
    }
    if (!prefetch.over.empty())
      leaveOut("'over' of a prefetch: all requests are made at once");
    auto at = loop(instance, 0, prefetch.loop);
    Halide::Stage(instance.func)
        .prefetch(place->second->func, at, at, int32_t(prefetch.offset),
                  Halide::PrefetchBoundStrategy::GuardWithIf);
  }
  return success();
}

Extents srcc::halide::extentsOf(LoopsOp loops) {
  Extents result;
  loops.walk([&](RealizeOp realize) {
    auto consumer = realize->getParentOfType<ProduceOp>();
    if (!consumer)
      return;
    auto &extents = result[{realize.getStage().str(), consumer.getStage().str()}];
    bool first = extents.empty();
    extents.resize(realize.getExtents().size());
    for (auto [known, value] : llvm::zip(extents, realize.getExtents())) {
      int64_t extent = IndexExpr::get(value).constant().value_or(0);
      known = first || known == extent ? extent : 0;
    }
  });
  return result;
}

FailureOr<Replayed> srcc::halide::replay(PipelineOp pipeline, const Schedule &schedule,
                                         const ReplayOptions &options) {
  return Replayer(pipeline, schedule, options).run();
}
