//===- Shrink.cpp - Channels that are zero or unread disappear ------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Three steps. Constants go forward: a filter without weights yields its bias, and a convolution
// takes constant channels of its input into its bias where that is exact. Then channels that
// operations tie together are one class, and the classes that the result depends on are marked
// from the end. Last, the channels of all other classes are taken out of every operation.
#include "compiler/passes/Layers.h"
#include "compiler/passes/Passes.h"
#include "dialects/sr/Interpreter.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/IntEqClasses.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

#define DEBUG_TYPE "sr-shrink"

using namespace mlir;
using namespace srcc;
using namespace srcc::sr;

namespace srcc::sr {
#define GEN_PASS_DEF_SHRINK
#include "compiler/passes/Passes.h.inc"
} // namespace srcc::sr

/// Per channel the value it has everywhere, if it is known.
using Constants = SmallVector<std::optional<float>>;

static int64_t getChannels(Value map) { return getMapShape(map.getType()).c; }

/// An operation whose channels are understood: one of sr from maps and constant tables to a map.
static bool isUnderstood(Operation *op) {
  if (!isa<SRDialect>(op->getDialect()) || isa<ConstantOp>(op) || op->getNumResults() != 1)
    return false;
  return llvm::all_of(getTableOperands(op),
                      [](Value table) { return succeeded(getConstantValues(table)); });
}

/// The operands that are maps.
static MutableArrayRef<OpOperand> getMapOperands(Operation *op) {
  return op->getOpOperands().drop_back(getTableOperands(op).size());
}

static bool isConvolution(Operation *op) { return isa<Conv2DOp, ConvTranspose2DOp>(op); }

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

namespace {
/// A convolution of either kind, with weights that can be written: weight(f, c) are the taps from
/// input channel c to output channel f.
struct Convolution {
  explicit Convolution(Operation *op) : op(op) {
    if (auto conv = dyn_cast<Conv2DOp>(op))
      shape = getShape(conv);
    else
      shape = getShape(cast<ConvTranspose2DOp>(op));
    weights = *getConstantValues(op->getOperand(1));
    bias.assign(shape.filters, 0);
    folded.resize(inputs());
    hasBias = op->getNumOperands() > 2;
    if (hasBias)
      bias = *getConstantValues(op->getOperand(2));
  }

  int64_t inputs() const { return shape.channels * shape.groups; }
  int64_t groupOfFilter(int64_t f) const { return f / (shape.filters / shape.groups); }
  /// The input channels that filter f reads.
  auto channelsOf(int64_t f) const {
    int64_t first = groupOfFilter(f) * shape.channels;
    return llvm::seq(first, first + shape.channels);
  }
  MutableArrayRef<float> weight(int64_t f, int64_t c) {
    int64_t perGroup = shape.filters / shape.groups;
    int64_t row =
        isa<Conv2DOp>(op) ? f * shape.channels + c % shape.channels : c * perGroup + f % perGroup;
    return MutableArrayRef<float>(weights).slice(row * shape.taps(), shape.taps());
  }
  /// What filter f adds up from a constant channel.
  double weigh(int64_t f, int64_t c, float value) {
    double sum = 0;
    for (float w : weight(f, c))
      sum += double(w) * value;
    return sum;
  }
  /// Whether filter f depends on input channel c.
  bool reads(int64_t f, int64_t c) {
    return !folded[c] && llvm::any_of(weight(f, c), [](float w) { return w != 0; });
  }
  bool padsNothing() const {
    auto conv = dyn_cast<Conv2DOp>(op);
    return conv && llvm::all_of(conv.getPads(), [](int64_t p) { return p == 0; });
  }

  /// Notes that an input channel is constant, so that the bias can stand for it if it goes; not if
  /// that is not exact.
  void foldInput(int64_t c, float value) {
    if (value == 0 || padsNothing())
      folded[c] = value;
  }

  /// The bias of filter f with what the folded channels of which `isGone` add.
  float getBias(int64_t f, llvm::function_ref<bool(int64_t)> isGone) {
    double sum = bias[f];
    for (int64_t c : channelsOf(f))
      if (folded[c] && isGone(c))
        sum += weigh(f, c, *folded[c]);
    return float(sum);
  }

  /// The results that depend on no input.
  Constants getConstants() {
    Constants result(shape.filters);
    for (int64_t f = 0; f < shape.filters; ++f)
      if (llvm::none_of(channelsOf(f), [&](int64_t c) { return reads(f, c); }))
        if (float value = getBias(f, [](int64_t) { return true; }); std::isfinite(value))
          result[f] = value;
    return result;
  }

  /// Keeps these input and output channels, which are whole groups if there are several.
  void keep(ArrayRef<int64_t> inputsKept, ArrayRef<int64_t> filtersKept) {
    changed =
        int64_t(inputsKept.size()) != inputs() || int64_t(filtersKept.size()) != shape.filters;
    SmallVector<float> kept, keptBias;
    // In the order of memory: filters outside for conv2d, channels outside for the transposed one.
    auto take = [&](int64_t f, int64_t c) {
      if (c / shape.channels == groupOfFilter(f))
        llvm::append_range(kept, weight(f, c));
    };
    if (isa<Conv2DOp>(op)) {
      for (int64_t f : filtersKept)
        for (int64_t c : inputsKept)
          take(f, c);
    } else {
      for (int64_t c : inputsKept)
        for (int64_t f : filtersKept)
          take(f, c);
    }
    std::vector<bool> isKept(inputs());
    for (int64_t c : inputsKept)
      isKept[c] = true;
    for (int64_t f : filtersKept)
      keptBias.push_back(getBias(f, [&](int64_t c) { return !isKept[c]; }));
    int64_t groups = shape.groups == 1 ? 1 : int64_t(inputsKept.size()) / shape.channels;
    shape = {int64_t(filtersKept.size()), int64_t(inputsKept.size()) / groups, shape.height,
             shape.width, groups};
    weights = std::move(kept);
    bias = std::move(keptBias);
  }

  /// Writes weights, bias and groups into the operation.
  void write() {
    OpBuilder builder(op);
    Value oldWeight = op->getOperand(1);
    Attribute encoding = cast<RankedTensorType>(oldWeight.getType()).getEncoding();
    auto update = [&](auto conv, ArrayRef<int64_t> sizes) {
      conv.setGroups(shape.groups);
      sparsity::Mask mask;
      for (int64_t f = 0; f < shape.filters; ++f)
        for (int64_t c : channelsOf(f))
          for (float w : weight(f, c))
            mask.push_back(w != 0);
      encoding = getEncodingAfterChange(encoding, shape, mask);
      conv.getWeightMutable().assign(replaceConstant(builder, oldWeight, sizes, encoding, weights));
    };
    if (auto conv = dyn_cast<Conv2DOp>(op))
      update(conv, {shape.filters, shape.channels, shape.height, shape.width});
    else
      update(cast<ConvTranspose2DOp>(op),
             {inputs(), shape.filters / shape.groups, shape.height, shape.width});
    if (hasBias)
      op->setOperand(2, replaceConstant(builder, op->getOperand(2), shape.filters, {}, bias));
    else if (llvm::any_of(bias, [](float b) { return b != 0; }))
      op->insertOperands(2, replaceConstant(builder, oldWeight, shape.filters, {}, bias));
  }

  Operation *op;
  sparsity::Shape shape;
  SmallVector<float> weights, bias;
  /// The input channels that are constant and may go into the bias.
  Constants folded;
  bool hasBias, changed = false;
};
} // namespace

//===----------------------------------------------------------------------===//
// Constants forward
//===----------------------------------------------------------------------===//

/// What an activation makes of constant channels, by the reference interpreter.
static Constants evaluateActivation(Operation *op, const Constants &input) {
  MLIRContext *context = op->getContext();
  OpBuilder builder(context);
  auto type = getMapType(context, {int64_t(input.size()), 1, 1});
  OwningOpRef<func::FuncOp> function =
      func::FuncOp::create(op->getLoc(), "constants", builder.getFunctionType({type}, {type}));
  Block *body = function->addEntryBlock();
  builder.setInsertionPointToStart(body);
  IRMapping mapping;
  mapping.map(op->getOperand(0), body->getArgument(0));
  for (Value table : getTableOperands(op))
    builder.clone(*table.getDefiningOp(), mapping);
  Operation *copy = builder.clone(*op, mapping);
  copy->getResult(0).setType(type);
  func::ReturnOp::create(builder, op->getLoc(), copy->getResults());
  Map map(input.size(), 1, 1);
  for (auto [c, value] : llvm::enumerate(input))
    map.values[c] = value.value_or(0);
  auto result = interpret(*function, map);
  Constants constants(input.size());
  if (succeeded(result))
    for (auto [c, value] : llvm::enumerate(input))
      if (value && std::isfinite(result->values[c]))
        constants[c] = result->values[c];
  return constants;
}

static Constants evaluateBinary(Operation *op, const Constants &lhs, const Constants &rhs) {
  Constants result(std::max(lhs.size(), rhs.size()));
  for (size_t c = 0; c < result.size(); ++c) {
    std::optional<float> a = lhs[lhs.size() == 1 ? 0 : c], b = rhs[rhs.size() == 1 ? 0 : c];
    // Maps are finite: zero times anything is zero.
    if (isa<MulOp>(op) && ((a && *a == 0) || (b && *b == 0)))
      result[c] = 0;
    else if (a && b)
      result[c] = isa<MulOp>(op) ? *a * *b : isa<AddOp>(op) ? *a + *b : *a - *b;
    if (result[c] && !std::isfinite(*result[c]))
      result[c] = std::nullopt;
  }
  return result;
}

/// The output channel of a pixel shuffle for each of its input channels.
static SmallVector<int64_t> getShuffled(int64_t inputs, int64_t scale, ShuffleOrder order) {
  int64_t count = scale * scale, outputs = inputs / count;
  SmallVector<int64_t> result;
  for (int64_t c = 0; c < inputs; ++c)
    result.push_back(order == ShuffleOrder::CRD ? c / count : c % outputs);
  return result;
}

/// The constant channels of an operation's result, from those of its operands. Channels whose
/// value would be rounded differently at the edge count as unknown.
static Constants evaluate(Operation *op, ArrayRef<Constants> inputs) {
  auto keepIf = [&](auto condition) {
    Constants result = inputs[0];
    for (auto &value : result)
      if (value && !condition(*value))
        value = std::nullopt;
    return result;
  };
  auto isZero = [](float value) { return value == 0; };
  if (isActivation(op))
    return evaluateActivation(op, inputs[0]);
  return llvm::TypeSwitch<Operation *, Constants>(op)
      .Case<AddOp, SubOp, MulOp>([&](auto) { return evaluateBinary(op, inputs[0], inputs[1]); })
      .Case([&](ConcatOp) {
        Constants result;
        for (const Constants &input : inputs)
          llvm::append_range(result, input);
        return result;
      })
      .Case([&](SliceOp slice) {
        return Constants(ArrayRef(inputs[0]).slice(slice.getOffset(), slice.getSize()));
      })
      .Case([&](PixelShuffleOp shuffle) {
        Constants result(getChannels(shuffle));
        auto outputs = getShuffled(inputs[0].size(), shuffle.getScale(), shuffle.getOrder());
        std::vector<bool> seen(result.size());
        for (auto [value, c] : llvm::zip_equal(inputs[0], outputs)) {
          result[c] = !seen[c] || result[c] == value ? value : std::nullopt;
          seen[c] = true;
        }
        return result;
      })
      .Case([&](PixelUnshuffleOp unshuffle) {
        Constants result;
        for (int64_t c :
             getShuffled(getChannels(unshuffle), unshuffle.getScale(), unshuffle.getOrder()))
          result.push_back(inputs[0][c]);
        return result;
      })
      .Case([&](ResizeOp resize) {
        bool copies = resize.getMode() == ResizeMode::Nearest;
        return keepIf([&](float value) { return copies || value == 0; });
      })
      .Case([&](PadOp pad) {
        bool copies = pad.getMode() != PadMode::Constant;
        return keepIf(
            [&](float value) { return copies || value == pad.getValue().convertToFloat(); });
      })
      .Case<MaxPoolOp>([&](auto) { return inputs[0]; })
      .Case<GlobalAvgPoolOp, AvgPoolOp>([&](auto) { return keepIf(isZero); })
      .Default([&](Operation *) { return Constants(getChannels(op->getResult(0))); });
}

//===----------------------------------------------------------------------===//
// The network
//===----------------------------------------------------------------------===//

namespace {
class Network {
public:
  Network(func::FuncOp function, int64_t multiple) : function(function), multiple(multiple) {}
  void shrink();

private:
  void propagateConstants();
  void tieChannels();
  void markNeeded();
  void removeChannels();
  void roundUp(Value map);

  /// The constant channels of an operand.
  Constants getConstants(OpOperand &operand);
  /// Whether an operand is a constant of its own: written as one, or about to become one.
  bool isOwnConstant(OpOperand &operand) {
    return operand.get().getDefiningOp<ConstantOp>() || tables.contains(&operand);
  }
  /// The number of the first channel of a map; a constant has others for each of its uses.
  int64_t number(const void *key, int64_t channels) {
    auto [place, isNew] = firsts.try_emplace(key, count);
    if (isNew) {
      count += channels;
      ties.grow(count);
    }
    return place->second;
  }
  int64_t number(Value map) { return number(map.getAsOpaquePointer(), getChannels(map)); }
  int64_t number(OpOperand &operand) {
    return isOwnConstant(operand) ? number(&operand, getChannels(operand.get()))
                                  : number(operand.get());
  }
  void need(int64_t channel) {
    unsigned tie = ties[channel];
    if (!needed[tie]) {
      needed[tie] = true;
      work.push_back(tie);
    }
  }
  bool isNeeded(int64_t channel) const { return needed[ties[channel]]; }
  SmallVector<int64_t> getKept(int64_t first, int64_t channels) const {
    return llvm::to_vector(llvm::make_filter_range(llvm::seq(int64_t(0), channels),
                                                   [&](int64_t c) { return isNeeded(first + c); }));
  }
  SmallVector<int64_t> getKept(Value map) { return getKept(number(map), getChannels(map)); }
  SmallVector<int64_t> getKept(OpOperand &operand) {
    return getKept(number(operand), getChannels(operand.get()));
  }

  func::FuncOp function;
  int64_t multiple; ///< of channels that are left, where there are enough
  DenseMap<Value, Constants> constants;
  DenseMap<Operation *, Convolution> convolutions;
  /// Operands of sums and products that are constant in all channels, with their values.
  DenseMap<OpOperand *, SmallVector<float>> tables;

  DenseMap<const void *, int64_t> firsts;
  int64_t count = 0;
  llvm::IntEqClasses ties;
  /// Channels that count whatever reads them: the input, the result, what is not understood.
  SmallVector<int64_t> pinned;
  /// If the first channel is needed, so is the second.
  SmallVector<std::pair<int64_t, int64_t>> uses;
  /// A convolution whose result is needed needs at least one channel of its input.
  SmallVector<Operation *> readers;
  std::vector<bool> needed;
  SmallVector<unsigned> work;
};
} // namespace

Constants Network::getConstants(OpOperand &operand) {
  Value map = operand.get();
  if (auto known = constants.find(map); known != constants.end())
    return known->second;
  Constants result(getChannels(map));
  auto values = getConstantValues(map);
  if (failed(values))
    return result;
  ArrayRef<float> rest = *values;
  size_t size = rest.size() / result.size();
  for (auto &value : result) {
    if (llvm::all_equal(rest.take_front(size)))
      value = rest.front();
    rest = rest.drop_front(size);
  }
  return result;
}

void Network::propagateConstants() {
  for (Operation &op : function.getBody().front()) {
    if (!isUnderstood(&op))
      continue;
    SmallVector<Constants> inputs;
    for (OpOperand &operand : getMapOperands(&op))
      inputs.push_back(getConstants(operand));
    if (isConvolution(&op)) {
      Convolution &conv = convolutions.try_emplace(&op, &op).first->second;
      for (auto [c, value] : llvm::enumerate(inputs[0]))
        if (value)
          conv.foldInput(c, *value);
      constants[op.getResult(0)] = conv.getConstants();
      continue;
    }
    constants[op.getResult(0)] = evaluate(&op, inputs);
    if (!isa<AddOp, SubOp, MulOp>(op))
      continue;
    // The other side alone says how large the result is.
    for (int side : {0, 1}) {
      OpOperand &operand = op.getOpOperand(side), &other = op.getOpOperand(1 - side);
      bool allKnown = llvm::all_of(inputs[side], [](auto value) { return value.has_value(); });
      if (!allKnown || isOwnConstant(operand) || isOwnConstant(other) ||
          other.get().getType() != op.getResult(0).getType())
        continue;
      SmallVector<float> values;
      for (auto value : inputs[side])
        values.push_back(*value);
      tables[&operand] = values;
    }
  }
}

void Network::tieChannels() {
  auto tie = [&](int64_t a, int64_t b) { ties.join(a, b); };
  auto pin = [&](int64_t first, int64_t channels) {
    llvm::append_range(pinned, llvm::seq(first, first + channels));
  };
  Block &body = function.getBody().front();
  for (Value argument : body.getArguments())
    if (isMap(argument.getType()))
      pin(number(argument), getChannels(argument));
  for (Operation &op : body) {
    if (isa<ConstantOp>(op))
      continue;
    if (!isUnderstood(&op)) {
      for (Value value : llvm::concat<Value>(op.getOperands(), op.getResults()))
        if (isMap(value.getType()) && !value.getDefiningOp<ConstantOp>())
          pin(number(value), getChannels(value));
      continue;
    }
    int64_t out = number(op.getResult(0)), channels = getChannels(op.getResult(0));
    MutableArrayRef<OpOperand> maps = getMapOperands(&op);
    if (isConvolution(&op)) {
      Convolution &conv = convolutions.find(&op)->second;
      int64_t in = number(maps[0]);
      readers.push_back(&op);
      for (int64_t f = 0; f < channels; ++f)
        for (int64_t c : conv.channelsOf(f)) {
          if (conv.shape.groups > 1)
            tie(in + c, out + f); // a group goes whole
          else if (conv.reads(f, c))
            uses.push_back({out + f, in + c});
        }
      continue;
    }
    if (isa<PixelShuffleOp, PixelUnshuffleOp>(op)) {
      int64_t in = number(maps[0]);
      auto shuffle = dyn_cast<PixelShuffleOp>(op);
      auto places =
          shuffle ? getShuffled(getChannels(maps[0].get()), shuffle.getScale(), shuffle.getOrder())
                  : getShuffled(channels, cast<PixelUnshuffleOp>(op).getScale(),
                                cast<PixelUnshuffleOp>(op).getOrder());
      for (auto [many, few] : llvm::enumerate(places))
        tie((shuffle ? in : out) + int64_t(many), (shuffle ? out : in) + few);
      continue;
    }
    // Channel by channel, from an offset in input or output.
    int64_t offset = 0;
    if (auto slice = dyn_cast<SliceOp>(op))
      offset = slice.getOffset();
    for (OpOperand &operand : maps) {
      int64_t in = number(operand), inputs = getChannels(operand.get());
      if (isa<ConcatOp>(op)) {
        for (int64_t c = 0; c < inputs; ++c)
          tie(in + c, out + offset + c);
        offset += inputs;
      } else if (inputs == 1 && channels > 1) { // broadcast
        for (int64_t c = 0; c < channels; ++c)
          uses.push_back({out + c, in});
      } else {
        for (int64_t c = 0; c < channels; ++c)
          tie(in + offset + c, out + c);
      }
    }
  }
}

/// Channels of a map that nobody needs stay until those that do are a multiple, where the map has
/// so many. One that later steps need more of may keep a multiple more than it must.
void Network::roundUp(Value map) {
  int64_t first = number(map), channels = getChannels(map), kept = int64_t(getKept(map).size());
  if (int64_t(llvm::alignTo(kept, multiple)) > channels)
    return;
  for (int64_t c = 0; c < channels && kept % multiple; ++c)
    if (!isNeeded(first + c)) {
      need(first + c);
      kept = int64_t(getKept(map).size());
    }
}

void Network::markNeeded() {
  ties.compress();
  needed.assign(ties.getNumClasses(), false);
  std::vector<SmallVector<int64_t, 2>> used(ties.getNumClasses());
  for (auto [user, channel] : uses)
    used[ties[user]].push_back(channel);
  for (int64_t channel : pinned)
    need(channel);
  for (bool more = true; more;) {
    while (!work.empty())
      for (int64_t channel : used[work.pop_back_val()])
        need(channel);
    for (Operation *op : readers) {
      OpOperand &input = op->getOpOperand(0);
      if (!getKept(op->getResult(0)).empty() && getKept(input).empty())
        need(number(input));
      roundUp(op->getResult(0));
    }
    more = !work.empty();
  }
}

/// The kept parts of values seen as [channels, inner].
static SmallVector<float> take(ArrayRef<float> values, int64_t channels, ArrayRef<int64_t> kept) {
  int64_t inner = int64_t(values.size()) / channels;
  SmallVector<float> result;
  for (int64_t c : kept)
    llvm::append_range(result, values.slice(c * inner, inner));
  return result;
}

void Network::removeChannels() {
  // Numbers and sizes of the maps as they were, before types change.
  struct Plan {
    Operation *op;
    SmallVector<SmallVector<int64_t>> inputs;
    SmallVector<int64_t> output;
  };
  SmallVector<Plan> plans;
  SmallVector<Operation *> dead;
  for (Operation &op : function.getBody().front()) {
    if (!isUnderstood(&op))
      continue;
    Plan plan{&op, {}, getKept(op.getResult(0))};
    if (plan.output.empty()) {
      dead.push_back(&op);
      continue;
    }
    for (OpOperand &operand : getMapOperands(&op))
      plan.inputs.push_back(getKept(operand));
    plans.push_back(std::move(plan));
  }
  for (Plan &plan : plans) {
    Operation *op = plan.op;
    OpBuilder builder(op);
    int64_t channels = getChannels(op->getResult(0));
    SmallVector<Value> operands;
    for (auto [operand, kept] : llvm::zip_equal(getMapOperands(op), plan.inputs)) {
      if (kept.empty())
        continue; // a part of a concat
      Value value = operand.get();
      if (auto table = tables.find(&operand); table != tables.end()) {
        int64_t size = table->second.size();
        auto type = getMapType(op->getContext(), {int64_t(kept.size()), 1, 1});
        value = ConstantOp::create(builder, value.getLoc(),
                                   makeWeights(type, "table", take(table->second, size, kept)));
      } else if (value.getDefiningOp<ConstantOp>() && int64_t(kept.size()) != getChannels(value)) {
        MapShape shape = getMapShape(value.getType());
        value = replaceConstant(builder, value, {1, int64_t(kept.size()), shape.h, shape.w}, {},
                                take(*getConstantValues(value), shape.c, kept));
      }
      operands.push_back(value);
    }
    llvm::append_range(operands, getTableOperands(op));
    op->setOperands(operands);
    if (auto found = convolutions.find(op); found != convolutions.end()) {
      Convolution &conv = found->second;
      int64_t filters = conv.shape.filters, inputs = conv.inputs();
      conv.keep(plan.inputs[0], plan.output);
      if (conv.changed) {
        conv.write();
        remark::passed(op->getLoc(), remark::RemarkOpts::name("Shrunk").category(DEBUG_TYPE))
            << remark::add("{0}: {1} of {2} filters and {3} of {4} channels are left",
                           getLayerName(op), conv.shape.filters, filters, conv.inputs(), inputs);
      }
    } else if (auto prelu = dyn_cast<PReluOp>(op)) {
      if (int64_t(plan.output.size()) != channels &&
          prelu.getSlope().getType().getNumElements() > 1)
        prelu.getSlopeMutable().assign(
            replaceConstant(builder, prelu.getSlope(), plan.output.size(), {},
                            take(*getConstantValues(prelu.getSlope()), channels, plan.output)));
    } else if (auto slice = dyn_cast<SliceOp>(op)) {
      slice.setOffset(llvm::count_if(plan.inputs[0],
                                     [&](int64_t c) { return c < int64_t(slice.getOffset()); }));
      slice.setSize(plan.output.size());
    }
    MapShape shape = getMapShape(op->getResult(0).getType());
    shape.c = plan.output.size();
    op->getResult(0).setType(getMapType(op->getContext(), shape));
  }
  for (Operation *op : llvm::reverse(dead)) {
    op->dropAllUses();
    op->erase();
  }
}

void Network::shrink() {
  propagateConstants();
  tieChannels();
  markNeeded();
  removeChannels();
}

namespace {
struct Shrink : srcc::sr::impl::ShrinkBase<Shrink> {
  using Base::Base;

  void runOnOperation() override {
    if (multiple < 1) {
      getOperation().emitError("multiple is ") << int64_t(multiple) << "; legal: 1 or more";
      return signalPassFailure();
    }
    if (!getOperation().getBody().hasOneBlock())
      return;
    for (SplitOp split : SmallVector<SplitOp>(getOperation().getOps<SplitOp>())) {
      OpBuilder builder(split);
      int64_t offset = 0;
      for (auto [result, size] : llvm::zip_equal(split.getResults(), split.getSizes())) {
        result.replaceAllUsesWith(
            SliceOp::create(builder, split.getLoc(), split.getInput(), offset, size));
        offset += size;
      }
      split.erase();
    }
    Network(getOperation(), multiple).shrink();
    eraseUnusedConstants(getOperation());
  }
};
} // namespace
