//===- ConvertSR.cpp - Layers become stages -------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Each operation of sr is written as the stages that define it, in its mathematical form. A
// reduction and the pointwise rest of a layer (bias, copy) are two stages, so that a schedule can
// keep the sum in registers and fuse what follows. This is the only place where sched meets
// convolutions; what comes after sees stages.
//
// Half arithmetic is in the types: feature maps and tables of f16, bodies that compute in f16. Sums
// are f16 or f32 (dialects/sr/Accumulation.h); what half would serve badly (exp, tanh, erf,
// averages, the weights of a resize, 8-bit pixels) is computed in f32 and rounded once.
//===----------------------------------------------------------------------===//
#include "compiler/schedule/ConvertSR.h"
#include "compiler/devices/Device.h"

#include "mlir/IR/Remarks.h"

#include <cmath>

#define DEBUG_TYPE "sr-to-sched"

namespace srcc::sched {
#define GEN_PASS_DEF_SRTOSCHED
#include "compiler/schedule/Passes.h.inc"
} // namespace srcc::sched

using namespace mlir;
using namespace srcc::sched;

//===----------------------------------------------------------------------===//
// Building blocks
//===----------------------------------------------------------------------===//

std::string Converter::unique(StringRef hint) {
  std::string base;
  for (char c : hint)
    base += llvm::isAlnum(c) || c == '_' || c == '.' ? c : '_';
  while (!base.empty() && (base[0] == '_' || base[0] == '.'))
    base.erase(0, 1);
  if (base.empty() || llvm::isDigit(base[0]))
    base = "t" + base;
  std::string name = base;
  for (unsigned i = 1; !names.insert(name).second; ++i)
    name = base + "_" + std::to_string(i);
  return name;
}

std::string Converter::nameOf(Operation *op) {
  if (auto named = dyn_cast<NameLoc>(op->getLoc()))
    return unique(named.getName());
  return unique(op->getName().stripDialect());
}

StageOp Converter::stage(StringRef name, const StageRef &shape, Body body) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(&pipeline.getBody().front());
  OperationState state(loc, StageOp::getOperationName());
  auto op = StageOp::create(builder, loc, name, builder.getStrArrayAttr({"c", "y", "x"}),
                            domain({shape.c, shape.y, shape.x}), shape.type ? shape.type : element,
                            FormatAttr(), FlatSymbolRefAttr(), ArrayAttr(), AffineMapAttr());
  Type index = builder.getIndexType();
  Block *block = builder.createBlock(&op.getPure(), {}, {index, index, index}, {loc, loc, loc});
  Value value = body(block->getArguments());
  YieldOp::create(builder, loc, value);
  return op;
}

StageRef Converter::pointwise(Operation *op, const StageRef &shape, Body body) {
  StageRef result = shape;
  result.name = nameOf(op);
  result.first = 0;
  StageOp made = stage(result.name, shape, body);
  made.setLayersAttr(builder.getStrArrayAttr({result.name}));
  stages[op->getResult(0)] = result;
  return result;
}

/// The stages of an operation that is a reduction and a pointwise rest.
StageRef Converter::reduce(Operation *op, const StageRef &shape, Type sumType, Body init,
                           ArrayRef<Reduction> reductions, AffineExpr macs,
                           llvm::function_ref<Value(ValueRange, Value)> epilogue) {
  StageRef result = shape;
  result.first = 0;
  result.name = nameOf(op);
  reduceInto(result, result.name, sumType, init, reductions, macs, epilogue);
  return stages[op->getResult(0)] = result;
}

/// A reduction stage, which starts from `init`, and the pointwise stage `result` that finishes it;
/// both are of a layer.
void Converter::reduceInto(const StageRef &result, StringRef layer, Type sumType, Body init,
                           ArrayRef<Reduction> reductions, AffineExpr macs,
                           llvm::function_ref<Value(ValueRange, Value)> epilogue) {
  StageRef sum = result;
  sum.name = unique(result.name + ".sum");
  sum.type = sumType;
  StageOp sumOp = stage(sum.name, sum, init);
  {
    OpBuilder::InsertionGuard guard(builder);
    Block *updates = builder.createBlock(&sumOp.getUpdates());
    for (const Reduction &r : reductions) {
      builder.setInsertionPointToEnd(updates);
      SmallVector<StringRef> rnames;
      SmallVector<AffineExpr> extents;
      for (auto &[name, extent] : r.rdims) {
        rnames.push_back(name);
        extents.push_back(extent);
      }
      auto update =
          UpdateOp::create(builder, loc, builder.getStrArrayAttr(rnames), domain(extents));
      SmallVector<Type> types(3 + extents.size(), builder.getIndexType());
      types.push_back(sumType);
      SmallVector<Location> locs(types.size(), loc);
      Block *body = builder.createBlock(&update.getBody(), {}, types, locs);
      Value value = r.body(body->getArguments().drop_back(), body->getArguments().back());
      YieldOp::create(builder, loc, value);
    }
  }
  if (macs)
    sumOp.setMacs(domain({macs}));
  StageOp made =
      stage(result.name, result, [&](ValueRange at) { return epilogue(at, read(sum, at)); });
  made.setLayersAttr(builder.getStrArrayAttr({layer}));
}

/// The type that a layer's products are summed in; half arithmetic says which, and why.
Type Converter::sumTypeOf(Operation *op) {
  if (element.isF32())
    return element;
  bool half = srcc::sr::accumulatesInHalf(op);
  int64_t products = srcc::sr::countProducts(op);
  StringRef name = op->getName().stripDialect();
  if (auto named = dyn_cast<NameLoc>(op->getLoc()))
    name = named.getName();
  remark::passed(op->getLoc(),
                 remark::RemarkOpts::name("Accumulation").category(DEBUG_TYPE).function(name))
      << remark::add("accumulates in {0}: a sum of {1} products, {2} {3}", half ? "f16" : "f32",
                     products, half ? "at most" : "more than", srcc::sr::maxHalfProducts)
      << remark::metric("products", products);
  return half ? element : Type(builder.getF32Type());
}

/// A layer's products and biases. In f32 the sum starts from the biases; in half arithmetic they
/// are added to the rounded sum, as the interpreter does.
void Converter::weigh(Operation *op, const StageRef &shape, ArrayRef<std::string> biases,
                      ArrayRef<Reduction> reductions, AffineExpr macs) {
  Type type = sumTypeOf(op);
  bool half = element.isF16();
  auto biased = [&](ValueRange at, Value sum) {
    for (auto &bias : biases) {
      Value b = readTable(bias, {at[0]});
      sum = sum ? add(sum, b) : b;
    }
    return sum ? sum : constant(type, 0);
  };
  reduce(
      op, shape, type,
      [&](ValueRange at) { return half ? constant(type, 0) : biased(at, Value()); }, reductions,
      macs, [&](ValueRange at, Value sum) { return half ? biased(at, narrow(sum)) : sum; });
}

std::string Converter::table(StringRef name, ArrayRef<int64_t> shape, ArrayRef<float> values) {
  OpBuilder::InsertionGuard guard(builder);
  // Tables stand before the stages that read them.
  builder.setInsertionPointToEnd(&pipeline.getBody().front());
  auto type = RankedTensorType::get(shape, element);
  std::string symbol = unique(name);
  if (element.isF32()) {
    TableOp::create(builder, loc, symbol, srcc::sr::makeWeights(type, symbol, values));
    return symbol;
  }
  auto halves = llvm::map_to_vector(
      values, [&](float v) { return builder.getFloatAttr(element, v).getValue(); });
  TableOp::create(builder, loc, symbol, DenseElementsAttr::get(type, halves));
  return symbol;
}

std::string Converter::tableOf(Value constant) {
  return tableOf(constant, cast<RankedTensorType>(constant.getType()).getShape());
}

std::string Converter::tableOf(Value constant, ArrayRef<int64_t> shape) {
  std::string &name = tables[constant];
  if (name.empty()) {
    Operation *op = constant.getDefiningOp();
    auto named = dyn_cast<NameLoc>(op->getLoc());
    StringRef hint = named ? named.getName().getValue() : StringRef("table");
    if (auto resource =
            dyn_cast<DenseResourceElementsAttr>(cast<srcc::sr::ConstantOp>(op).getValue()))
      hint = resource.getRawHandle().getKey();
    name = table(hint, shape, *srcc::sr::getConstantValues(constant));
  }
  return name;
}

Value Converter::read(const StageRef &from, ValueRange at, Exterior exterior,
                      std::optional<float> value) {
  SmallVector<Value> place(at);
  place[0] = plus(place[0], from.first);
  return ReadOp::create(builder, loc, from.type ? from.type : element, from.name, place, exterior,
                        value ? builder.getF32FloatAttr(*value) : FloatAttr());
}

Value Converter::readTable(StringRef name, ValueRange at) {
  return ReadOp::create(builder, loc, element, name, at, Exterior::None, FloatAttr());
}

/// A size as an index value.
Value Converter::size(AffineExpr e) {
  if (auto constant = dyn_cast<AffineConstantExpr>(e))
    return cst(constant.getValue());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(e))
    return SizeOp::create(builder, loc, builder.getIndexType(),
                          builder.getI64IntegerAttr(symbol.getPosition()));
  auto binary = cast<AffineBinaryOpExpr>(e);
  Value a = size(binary.getLHS()), b = size(binary.getRHS());
  switch (e.getKind()) {
  case AffineExprKind::Add:
    return add(a, b);
  case AffineExprKind::Mul:
    return mul(a, b);
  case AffineExprKind::FloorDiv:
    return over(a, b);
  case AffineExprKind::CeilDiv:
    return arith::CeilDivSIOp::create(builder, loc, a, b);
  default:
    return arith::RemUIOp::create(builder, loc, a, b);
  }
}

/// The stage of a value; a constant used as a map becomes a stage that reads its table.
StageRef Converter::of(Value v) {
  auto place = stages.find(v);
  if (place != stages.end())
    return place->second;
  auto shape = srcc::sr::getMapShape(v.getType());
  StageRef result{"", number(shape.c), number(shape.h), number(shape.w)};
  std::string name = tableOf(v);
  result.name = unique(name + ".map");
  stage(result.name, result,
        [&](ValueRange at) { return readTable(name, {cst(0), at[0], at[1], at[2]}); });
  return stages[v] = result;
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

LogicalResult Converter::layer(Operation &op) {
  loc = op.getLoc();
  namespace sr = srcc::sr;
  auto unary = [&](llvm::function_ref<Value(Value)> f) {
    StageRef in = of(op.getOperand(0));
    pointwise(&op, in, [&](ValueRange at) { return f(read(in, at)); });
    return success();
  };
  auto elementwise = [&](llvm::function_ref<Value(Value, Value)> f) {
    StageRef a = of(op.getOperand(0)), b = of(op.getOperand(1));
    auto isOne = [](AffineExpr e) {
      auto constant = dyn_cast<AffineConstantExpr>(e);
      return constant && constant.getValue() == 1;
    };
    StageRef shape{"", isOne(a.c) ? b.c : a.c, isOne(a.y) ? b.y : a.y, isOne(a.x) ? b.x : a.x};
    // An operand of extent 1 is the same everywhere.
    auto at = [&](const StageRef &from, ValueRange p) {
      auto index = [&](AffineExpr mine, AffineExpr all, Value v) {
        return isOne(mine) && !isOne(all) ? cst(0) : v;
      };
      return SmallVector<Value>{index(from.c, shape.c, p[0]), index(from.y, shape.y, p[1]),
                                index(from.x, shape.x, p[2])};
    };
    pointwise(&op, shape, [&](ValueRange p) { return f(read(a, at(a, p)), read(b, at(b, p))); });
    return success();
  };
  /// A function that is computed in f32 and rounded once.
  auto unaryInSingle = [&](llvm::function_ref<Value(Value)> f) {
    return unary([&](Value x) { return narrow(f(wide(x))); });
  };
  auto sigmoid = [&](Value x) {
    Value e = make<math::ExpOp>(make<arith::NegFOp>(x));
    return make<arith::DivFOp>(f32(1), add(f32(1), e));
  };
  auto tanhOf = [&](Value x) { return make<math::TanhOp>(x); };
  if (isa<sr::ConstantOp, func::ReturnOp>(op))
    return success();
  if (isa<sr::Conv2DOp>(op) && op.hasOneUse() && isa<sr::AddOp>(*op.user_begin()) &&
      !sr::getSummedConvs(*op.user_begin()).empty())
    return success(); // part of the sum
  if (auto convs = sr::getSummedConvs(&op); !convs.empty())
    return conv(convs, &op);
  if (auto o = dyn_cast<sr::ConvTranspose2DOp>(op))
    return convTranspose(o);
  if (isa<sr::ReluOp>(op))
    return unary([&](Value x) { return make<arith::MaxNumFOp>(x, real(0)); });
  if (auto o = dyn_cast<sr::LeakyReluOp>(op)) {
    float alpha = o.getAlpha().convertToFloat();
    return unary([&](Value x) {
      Value scaled = mul(x, real(alpha));
      if (alpha >= 0 && alpha <= 1)
        return make<arith::MaxNumFOp>(x, scaled);
      Value positive = make<arith::CmpFOp>(arith::CmpFPredicate::OGE, x, real(0));
      return make<arith::SelectOp>(positive, x, scaled);
    });
  }
  if (auto o = dyn_cast<sr::PReluOp>(op)) {
    StageRef in = of(o.getInput());
    bool one = cast<RankedTensorType>(o.getSlope().getType()).getNumElements() == 1;
    std::string slope =
        tableOf(o.getSlope(), {one ? 1 : cast<AffineConstantExpr>(in.c).getValue()});
    pointwise(&op, in, [&](ValueRange at) {
      Value x = read(in, at);
      // max(x, 0) + slope min(x, 0)
      Value negative = make<arith::MinNumFOp>(x, real(0));
      return fma(readTable(slope, {one ? cst(0) : at[0]}), negative,
                 make<arith::MaxNumFOp>(x, real(0)));
    });
    return success();
  }
  if (auto o = dyn_cast<sr::ClampOp>(op)) {
    float low = o.getLow().convertToFloat(), high = o.getHigh().convertToFloat();
    return unary([&](Value x) {
      if (!std::isinf(low))
        x = make<arith::MaxNumFOp>(x, real(low));
      if (!std::isinf(high))
        x = make<arith::MinNumFOp>(x, real(high));
      return x;
    });
  }
  if (isa<sr::SigmoidOp>(op))
    return unaryInSingle(sigmoid);
  if (isa<sr::TanhOp>(op))
    return unaryInSingle(tanhOf);
  if (isa<sr::SiluOp>(op))
    return unaryInSingle([&](Value x) { return mul(x, sigmoid(x)); });
  if (auto o = dyn_cast<sr::GeluOp>(op)) {
    bool approximate = o.getApproximate() == sr::GeluApproximation::Tanh;
    return unaryInSingle([&](Value x) {
      Value inner;
      if (approximate) { // sqrt(2/pi) (x + 0.044715 x^3)
        Value cube = mul(mul(x, x), x);
        inner = tanhOf(mul(f32(0.7978845608f), fma(f32(0.044715f), cube, x)));
      } else { // erf(x / sqrt 2)
        inner = make<math::ErfOp>(mul(x, f32(0.7071067812f)));
      }
      return mul(mul(x, f32(0.5f)), add(f32(1), inner));
    });
  }
  if (isa<sr::AddOp>(op))
    return elementwise([&](Value a, Value b) { return add(a, b); });
  if (isa<sr::SubOp>(op))
    return elementwise([&](Value a, Value b) { return sub(a, b); });
  if (isa<sr::MulOp>(op))
    return elementwise([&](Value a, Value b) { return mul(a, b); });
  if (auto o = dyn_cast<sr::ConcatOp>(op)) {
    SmallVector<StageRef> parts;
    for (Value v : o.getInputs())
      parts.push_back(of(v));
    StageRef shape = parts[0];
    shape.c = number(sr::getMapShape(o.getResult().getType()).c);
    pointwise(&op, shape, [&](ValueRange at) {
      Value value;
      int64_t end = cast<AffineConstantExpr>(shape.c).getValue();
      for (StageRef &part : llvm::reverse(parts)) {
        int64_t start = end - cast<AffineConstantExpr>(part.c).getValue();
        Value mine = read(part, {plus(at[0], -start), at[1], at[2]}, Exterior::RepeatEdge);
        if (value) {
          Value later = make<arith::CmpIOp>(arith::CmpIPredicate::sge, at[0], cst(end));
          value = make<arith::SelectOp>(later, value, mine);
        } else {
          value = mine;
        }
        end = start;
      }
      return value;
    });
    return success();
  }
  if (auto o = dyn_cast<sr::SliceOp>(op)) {
    stages[o.getResult()] = of(o.getInput()).slice(o.getOffset(), number(o.getSize()));
    return success();
  }
  if (auto o = dyn_cast<sr::SplitOp>(op)) {
    StageRef in = of(o.getInput());
    int64_t offset = 0;
    for (auto [result, size] : llvm::zip(o.getResults(), o.getSizes())) {
      stages[result] = in.slice(offset, number(size));
      offset += size;
    }
    return success();
  }
  if (auto o = dyn_cast<sr::PixelShuffleOp>(op)) {
    StageRef in = of(o.getInput());
    int64_t r = o.getScale(), c = cast<AffineConstantExpr>(in.c).getValue() / (r * r);
    bool crd = o.getOrder() == sr::ShuffleOrder::CRD;
    pointwise(&op, {"", number(c), in.y * r, in.x * r}, [&](ValueRange at) {
      Value dy = mod(at[1], r), dx = mod(at[2], r);
      Value channel = crd ? add(times(at[0], r * r), add(times(dy, r), dx))
                          : add(times(add(times(dy, r), dx), c), at[0]);
      return read(in, {channel, over(at[1], r), over(at[2], r)});
    });
    return success();
  }
  if (auto o = dyn_cast<sr::PixelUnshuffleOp>(op)) {
    StageRef in = of(o.getInput());
    int64_t r = o.getScale(), c = cast<AffineConstantExpr>(in.c).getValue();
    bool crd = o.getOrder() == sr::ShuffleOrder::CRD;
    pointwise(&op, {"", number(c * r * r), in.y.floorDiv(r), in.x.floorDiv(r)}, [&](ValueRange at) {
      Value phase = crd ? mod(at[0], r * r) : over(at[0], c);
      Value channel = crd ? over(at[0], r * r) : mod(at[0], c);
      return read(
          in, {channel, add(times(at[1], r), over(phase, r)), add(times(at[2], r), mod(phase, r))});
    });
    return success();
  }
  if (auto o = dyn_cast<sr::ResizeOp>(op))
    return resize(o);
  if (auto o = dyn_cast<sr::PadOp>(op)) {
    StageRef in = of(o.getInput());
    auto p = o.getPads();
    Exterior exterior = o.getMode() == sr::PadMode::Constant ? Exterior::Constant
                        : o.getMode() == sr::PadMode::Edge   ? Exterior::RepeatEdge
                                                             : Exterior::MirrorInterior;
    std::optional<float> value;
    if (exterior == Exterior::Constant)
      value = o.getValue().convertToFloat();
    pointwise(&op, {"", in.c, in.y + (p[0] + p[2]), in.x + (p[1] + p[3])}, [&](ValueRange at) {
      return read(in, {at[0], plus(at[1], -p[0]), plus(at[2], -p[1])}, exterior, value);
    });
    return success();
  }
  if (isa<sr::GlobalAvgPoolOp, sr::GlobalStdPoolOp>(op)) {
    globalPool(&op, isa<sr::GlobalStdPoolOp>(op));
    return success();
  }
  auto window = [&](ArrayRef<int64_t> k, ArrayRef<int64_t> s, ArrayRef<int64_t> p, Type sumType,
                    float init, float outside, llvm::function_ref<Value(Value, Value)> combine,
                    llvm::function_ref<Value(ValueRange, Value)> finish) {
    StageRef in = of(op.getOperand(0));
    StageRef shape{"", in.c, windowed(in.y, p[0] + p[2], k[0], 1, s[0]),
                   windowed(in.x, p[1] + p[3], k[1], 1, s[1])};
    Reduction r;
    r.rdims = {{"ky", number(k[0])}, {"kx", number(k[1])}};
    r.body = [&](ValueRange at, Value self) {
      Value y = plus(add(times(at[1], s[0]), at[3]), -p[0]);
      Value x = plus(add(times(at[2], s[1]), at[4]), -p[1]);
      Value value = read(in, {at[0], y, x}, Exterior::Constant, outside);
      return combine(self, sumType.isF32() ? wide(value) : value);
    };
    reduce(
        &op, shape, sumType, [&](ValueRange) { return constant(sumType, init); }, {r}, {}, finish);
    return success();
  };
  if (auto o = dyn_cast<sr::MaxPoolOp>(op)) {
    float lowest = -std::numeric_limits<float>::infinity();
    return window(
        o.getKernel(), o.getStrides(), o.getPads(), element, lowest, lowest,
        [&](Value a, Value b) { return make<arith::MaxNumFOp>(a, b); },
        [](ValueRange, Value v) { return v; });
  }
  if (auto o = dyn_cast<sr::AvgPoolOp>(op)) {
    StageRef in = of(o.getInput());
    auto k = o.getKernel(), s = o.getStrides(), p = o.getPads();
    return window(
        k, s, p, builder.getF32Type(), 0, 0, [&](Value a, Value b) { return add(a, b); },
        [&](ValueRange at, Value sum) {
          if (o.getCountIncludePad())
            return narrow(mul(sum, f32(1.0f / (k[0] * k[1]))));
          // The window's part inside the picture.
          auto covered = [&](int axis, AffineExpr extent) {
            Value start = plus(times(at[1 + axis], s[axis]), -p[axis]);
            Value low = make<arith::MaxSIOp>(start, cst(0));
            Value high = make<arith::MinSIOp>(plus(start, k[axis]), size(extent));
            return toFloat(sub(high, low));
          };
          Value count = mul(covered(0, in.y), covered(1, in.x));
          return narrow(make<arith::DivFOp>(sum, count));
        });
  }
  return op.emitOpError("has no definition as stages");
}

//===----------------------------------------------------------------------===//
// Ends
//===----------------------------------------------------------------------===//

/// The result as float planes, and if they are colours as 8-bit pixels: round((v - low) 255 /
/// (high - low)).
void Converter::ends(const StageRef &result) {
  StageRef planarEnd = result, pixelEnd = result;
  planarEnd.type = builder.getF32Type();
  pixelEnd.type = builder.getI8Type();
  StageOp planar =
      stage(unique("output"), planarEnd, [&](ValueRange at) { return wide(read(result, at)); });
  planar.setOutput(Format::F32Planar);
  if (!io.hasColor())
    return;
  float low = io.getLow(), high = io.getHigh();
  int64_t channels = cast<AffineConstantExpr>(result.c).getValue();
  StageOp pixels = stage(unique("output_u8"), pixelEnd, [&](ValueRange at) {
    Value c = io.getColor() == srcc::sr::Color::BGR ? sub(cst(channels - 1), at[0]) : at[0];
    Value v = wide(read(result, {c, at[1], at[2]}));
    if (low != 0)
      v = sub(v, f32(low));
    v = mul(v, f32(255.0f / (high - low)));
    v = make<arith::MinNumFOp>(make<arith::MaxNumFOp>(add(v, f32(0.5f)), f32(0)), f32(255));
    return make<arith::FPToUIOp>(builder.getI8Type(), v);
  });
  pixels.setOutput(Format::U8Interleaved);
}

/// The input's stage, from 8-bit pixels: low + v (high - low) / 255.
void Converter::fromPixels(const StageRef &input, StringRef pixels) {
  float low = io.getLow(), high = io.getHigh();
  int64_t channels = cast<AffineConstantExpr>(input.c).getValue();
  StageOp instead = stage(unique("input_from_u8"), input, [&](ValueRange at) {
    Value c = io.getColor() == srcc::sr::Color::BGR ? sub(cst(channels - 1), at[0]) : at[0];
    Value byte = ReadOp::create(builder, loc, builder.getI8Type(), pixels,
                                ValueRange{c, at[1], at[2]}, Exterior::None, FloatAttr());
    Value wide = make<arith::ExtUIOp>(builder.getI32Type(), byte);
    Value v = mul(make<arith::SIToFPOp>(builder.getF32Type(), wide), f32((high - low) / 255.0f));
    return narrow(low != 0 ? add(v, f32(low)) : v);
  });
  instead.setInsteadOf(StringRef(input.name));
}

/// Stages and tables that no output needs.
void Converter::pruneUnread() {
  bool changed = true;
  while (changed) {
    changed = false;
    llvm::StringSet<> used;
    pipeline.walk([&](ReadOp read) { used.insert(read.getSource()); });
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(pipeline.getBody().front()))) {
      auto stageOp = dyn_cast<StageOp>(op);
      if (isa<InputOp>(op) || (stageOp && (stageOp.getOutput() || stageOp.getInsteadOf())) ||
          used.count(SymbolTable::getSymbolName(&op)))
        continue;
      if (stageOp && stageOp.getSymName() == "input")
        continue;
      op.erase();
      changed = true;
    }
  }
}

LogicalResult Converter::run() {
  builder.setInsertionPoint(func);
  loc = func.getLoc();
  pipeline = PipelineOp::create(builder, loc, unique(func.getSymName()));
  builder.createBlock(&pipeline.getBody());
  AffineExpr height = getAffineSymbolExpr(0, context), width = getAffineSymbolExpr(1, context);
  auto argument = func.getArgument(0);
  StageRef input{unique("input"), number(srcc::sr::getMapShape(argument.getType()).c), height,
                 width};
  auto dims = builder.getStrArrayAttr({"c", "y", "x"});
  AffineMap extents = domain({input.c, input.y, input.x});
  std::string planar = unique("input_f32"), pixels = unique("input_u8");
  InputOp::create(builder, loc, planar, dims, extents, Format::F32Planar);
  if (io.hasColor())
    InputOp::create(builder, loc, pixels, dims, extents, Format::U8Interleaved);
  stage(input.name, input, [&](ValueRange at) {
    StageRef from{planar, input.c, input.y, input.x, builder.getF32Type()};
    return narrow(read(from, at));
  });
  if (io.hasColor())
    fromPixels(input, pixels);
  stages[argument] = input;
  for (Operation &op : func.getBody().front())
    if (failed(layer(op)))
      return failure();
  loc = func.getLoc();
  ends(of(func.getBody().front().getTerminator()->getOperand(0)));
  pruneUnread();
  return success();
}

namespace {
struct SRToSched : public srcc::sched::impl::SRToSchedBase<SRToSched> {
  using Base::Base;
  void getDependentDialects(DialectRegistry &registry) const override {
    Base::getDependentDialects(registry);
    registry.insert<srcc::sr::SRDialect>();
  }
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (precision != "f32" && precision != "f16s" && precision != "f16") {
      module.emitError("precision is f32, f16s or f16, not '") << precision << "'";
      return signalPassFailure();
    }
    if (winograd < -1) {
      module.emitError("winograd is a number of channels, 0 or -1, not ") << winograd;
      return signalPassFailure();
    }
    int64_t least = winograd;
    if (least < 0) {
      auto device = srcc::loadDevice(target);
      if (!device) {
        module.emitError(llvm::toString(device.takeError()));
        return signalPassFailure();
      }
      least = device->winogradChannels;
    }
    auto io = module->getAttrOfType<srcc::sr::IOAttr>("sr.io");
    for (auto func : llvm::to_vector(module.getOps<func::FuncOp>())) {
      if (!io) {
        module.emitError("has no sr.io attribute: scale, colour and value range of the network");
        return signalPassFailure();
      }
      if (failed(Converter(func, io, precision == "f16", least).run()))
        return signalPassFailure();
      func.erase();
    }
  }
};
} // namespace
