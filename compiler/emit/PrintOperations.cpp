//===- PrintOperations.cpp - Operations on values as OpenCL C -------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/emit/KernelPrinter.h"

#include "dialects/ocl/OCL.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringSwitch.h"

#include <cmath>

using namespace mlir;
using namespace srcc;
using namespace srcc::opencl;

//===- arith and math -----------------------------------------------------===//

LogicalResult KernelPrinter::printConstant(arith::ConstantOp op) {
  Type type = op.getType(), scalar = getElementTypeOrSelf(type);
  bool lane = isa<VectorType>(type);
  Attribute value = op.getValue();
  auto literal = [&](Attribute element) {
    if (auto number = dyn_cast<FloatAttr>(element))
      return floatLiteral(number.getValue());
    return integerLiteral(cast<IntegerAttr>(element).getValue(), scalar, lane);
  };
  if (auto number = dyn_cast<IntegerAttr>(value); number && !number.getValue().isSignedIntN(32))
    return unsupported(op, "int has 32 bits");
  Expr expr;
  if (auto elements = dyn_cast<DenseElementsAttr>(value)) {
    if (elements.isSplat()) {
      expr = literal(elements.getSplatValue<Attribute>());
      expr.splat = true;
    } else {
      expr.text = "(" + typeName(type) + ")(";
      for (auto [i, element] : llvm::enumerate(elements.getValues<Attribute>()))
        expr.text += (i ? ", " : "") + literal(element).text;
      expr.text += ")";
      expr.precedence = Unary;
    }
  } else if (isa<FloatAttr, IntegerAttr>(value)) {
    expr = literal(value);
  } else {
    return unsupported(op, "constants are numbers or dense vectors of them");
  }
  // Literals are printed where they are used, however often; only long vectors are declared.
  if (expr.precedence == Word || expr.splat || !lane)
    expressions[op] = expr;
  else
    set(op, expr);
  return success();
}

/// Operations that are a function of OpenCL C on operands of one type.
static StringRef builtinFunction(StringRef operation) {
  return llvm::StringSwitch<StringRef>(operation)
      .Cases({"arith.maximumf", "arith.maxsi", "arith.maxui"}, "max")
      .Cases({"arith.minimumf", "arith.minsi", "arith.minui"}, "min")
      .Case("arith.maxnumf", "fmax")
      .Case("arith.minnumf", "fmin")
      .Case("arith.remf", "fmod")
      .Case("math.absf", "fabs")
      .Case("math.acos", "acos")
      .Case("math.asin", "asin")
      .Case("math.atan", "atan")
      .Case("math.atan2", "atan2")
      .Case("math.cbrt", "cbrt")
      .Case("math.ceil", "ceil")
      .Case("math.clampf", "clamp")
      .Case("math.copysign", "copysign")
      .Case("math.cos", "cos")
      .Case("math.cosh", "cosh")
      .Case("math.erf", "erf")
      .Case("math.erfc", "erfc")
      .Case("math.exp", "exp")
      .Case("math.exp2", "exp2")
      .Case("math.expm1", "expm1")
      .Case("math.floor", "floor")
      .Case("math.log", "log")
      .Case("math.log10", "log10")
      .Case("math.log1p", "log1p")
      .Case("math.log2", "log2")
      .Case("math.powf", "pow")
      .Case("math.round", "round")
      .Case("math.roundeven", "rint")
      .Case("math.rsqrt", "rsqrt")
      .Case("math.sin", "sin")
      .Case("math.sinh", "sinh")
      .Case("math.sqrt", "sqrt")
      .Case("math.tan", "tan")
      .Case("math.tanh", "tanh")
      .Case("math.trunc", "trunc")
      .Default("");
}

/// Operations that are an operator of C.
static std::pair<StringRef, Precedence> builtinOperator(StringRef operation) {
  using Pair = std::pair<StringRef, Precedence>;
  return llvm::StringSwitch<Pair>(operation)
      .Cases({"arith.addf", "arith.addi"}, Pair("+", Additive))
      .Cases({"arith.subf", "arith.subi"}, Pair("-", Additive))
      .Cases({"arith.mulf", "arith.muli"}, Pair("*", Multiplicative))
      .Cases({"arith.divf", "arith.divsi", "arith.divui"}, Pair("/", Multiplicative))
      .Cases({"arith.remsi", "arith.remui"}, Pair("%", Multiplicative))
      .Case("arith.andi", Pair("&", BitAnd))
      .Case("arith.ori", Pair("|", BitOr))
      .Case("arith.xori", Pair("^", BitXor))
      .Case("arith.shli", Pair("<<", Shift))
      .Cases({"arith.shrsi", "arith.shrui"}, Pair(">>", Shift))
      .Default(Pair("", Word));
}

LogicalResult KernelPrinter::printArith(Operation *op) {
  if (op->getNumResults() != 1)
    return unsupported(op);
  if (printPlace(op))
    return success();
  StringRef name = op->getName().getStringRef();
  Value result = op->getResult(0);
  Type type = result.getType();
  bool vector = isa<VectorType>(type), floating = isa<FloatType>(getElementTypeOrSelf(type));
  bool isUnsigned = isa<arith::DivUIOp, arith::RemUIOp, arith::ShRUIOp, arith::MaxUIOp,
                        arith::MinUIOp, arith::CeilDivUIOp>(op);
  bool isSigned = isa<arith::DivSIOp, arith::RemSIOp, arith::ShRSIOp, arith::MaxSIOp,
                      arith::MinSIOp, arith::FloorDivSIOp, arith::CeilDivSIOp, math::AbsIOp>(op);
  if (isByte(type) && isSigned)
    return unsupported(op, "i8 is uchar there; extend it first");
  SmallVector<Expr, 4> operands = take(op->getOperands());

  if (isa<math::FmaOp, vector::FMAOp>(op)) {
    if (options.multiplyAdd == MultiplyAdd::Contract) {
      // One operand of each operator stays a vector.
      if (operands[0].splat && operands[1].splat)
        operands[0] = whole(operands[0], type);
      Expr product = binary("*", Multiplicative, operands[0], operands[1], false);
      set(result, binary("+", Additive, product, operands[2], false));
      return success();
    }
    for (Expr &operand : operands)
      operand = whole(operand, type);
    set(result, call(options.multiplyAdd == MultiplyAdd::FMA ? "fma" : "mad", operands));
    return success();
  }
  if (isa<arith::NegFOp>(op)) {
    Expr expr = operands[0];
    // Two signs in a row would be another operator.
    expr.text = "-" + (expr.text.front() == '-' ? "(" + expr.text + ")" : wrap(expr, Unary));
    expr.precedence = Unary;
    set(result, expr);
    return success();
  }
  if (isa<math::AbsIOp>(op)) { // abs yields an unsigned integer
    Expr absolute = call("abs", whole(operands[0], type));
    set(result, convert(absolute, type, "int"));
    return success();
  }
  if (isa<math::IsNaNOp, math::IsInfOp, math::IsFiniteOp>(op)) {
    Type from = op->getOperand(0).getType();
    if (vector && getElementTypeOrSelf(from).isF16())
      return unsupported(op, "on vectors of f16");
    StringRef test = isa<math::IsNaNOp>(op)   ? "isnan"
                     : isa<math::IsInfOp>(op) ? "isinf"
                                              : "isfinite";
    set(result, call(test, whole(operands[0], from)));
    return success();
  }
  if (isa<arith::FloorDivSIOp, arith::CeilDivSIOp, arith::CeilDivUIOp>(op)) {
    if (vector)
      return unsupported(op, "on vectors");
    if (isa<arith::CeilDivUIOp>(op) && isByte(type))
      return unsupported(op, "on i8; extend it first");
    if (isa<arith::CeilDivUIOp>(op)) {
      Value divisor = op->getOperand(1);
      Expr by{takeWord(divisor), Word, false, {}}, one{"1", Word, false, {}};
      Expr less = binary("-", Additive, by, one, false);
      Expr sum = binary("+", Additive, operands[0], less, true);
      Expr quotient =
          binary("/", Multiplicative, unsignedInteger(sum, type), unsignedInteger(by, type), false);
      set(result, convert(quotient, type, "int"));
      return success();
    }
    StringRef helper = isa<arith::FloorDivSIOp>(op) ? "floor_div" : "ceil_div";
    usedHelpers[helper] = true;
    set(result, call(helper, operands));
    return success();
  }

  if (StringRef function = builtinFunction(name); !function.empty()) {
    bool pairwise =
        function == "max" || function == "min" || function == "fmax" || function == "fmin";
    if (isUnsigned && !isByte(type)) {
      for (Expr &operand : operands)
        operand = unsignedInteger(operand, type);
      Expr expr = call(function, operands);
      set(result, vector ? call("as_" + typeName(type), expr) : convert(expr, type, "int"));
      return success();
    }
    // max(x, 0.0f): the second operand may be a scalar; it is the one that is no NaN, if one is.
    auto isConstant = [](Value value) { return matchPattern(value, m_Constant()); };
    if (pairwise && (operands[0].splat || isConstant(op->getOperand(0))) &&
        !(operands[1].splat || isConstant(op->getOperand(1))))
      std::swap(operands[0], operands[1]);
    bool scalar = pairwise && !isByte(type) && !operands[0].splat;
    for (auto [i, operand] : llvm::enumerate(operands))
      if (!(scalar && i == 1))
        operand = whole(operand, type);
    set(result, call(function, operands));
    return success();
  }

  auto [symbol, precedence] = builtinOperator(name);
  if (symbol.empty())
    return unsupported(op);
  if (isBool(type)) {
    if (symbol != "&" && symbol != "|" && symbol != "^")
      return unsupported(op, "on i1");
    if (!vector) {
      if (symbol == "^" && matchPattern(op->getOperand(1), m_One())) {
        Expr expr = operands[0];
        expr.text = "!" + wrap(expr, Unary);
        expr.precedence = Unary;
        set(result, expr);
        return success();
      }
      symbol = symbol == "&" ? "&&" : symbol == "|" ? "||" : "!=";
      precedence = symbol == "&&" ? LogicalAnd : symbol == "||" ? LogicalOr : Equality;
    }
  }
  if (isUnsigned) {
    operands[0] = unsignedInteger(operands[0], type);
    if (vector || !llvm::isDigit(operands[1].text.front())) // 8 becomes unsigned by itself
      operands[1] = unsignedInteger(operands[1], type);
  }
  // A scalar operand of an operator is widened: x * 0.5f. Literals of i8 would not be.
  if (vector && (isByte(type) || isUnsigned || (operands[0].splat && operands[1].splat)))
    operands[0] = whole(operands[0], type);
  if (vector && (isByte(type) || isUnsigned))
    operands[1] = whole(operands[1], type);
  Expr &rhs = operands[1];
  if (symbol == "+" && StringRef(rhs.text).starts_with("-") && rhs.precedence == Unary &&
      rhs.text.size() > 1 && (llvm::isDigit(rhs.text[1]))) {
    symbol = "-"; // x + -1
    rhs.text.erase(0, 1);
    rhs.precedence = Word;
  }
  bool associative = (symbol == "+" && !floating) || precedence <= BitAnd;
  Expr expr = binary(symbol, precedence, operands[0], operands[1], associative);
  if (isUnsigned && !isByte(type))
    expr = vector ? call("as_" + typeName(type), expr) : convert(expr, type, "int");
  else if (isByte(type) && !vector)
    expr = convert(expr, type, "uchar"); // C computes in int
  set(result, expr);
  return success();
}

LogicalResult KernelPrinter::printCompare(Operation *op) {
  Value result = op->getResult(0);
  if (auto select = dyn_cast<arith::SelectOp>(op)) {
    SmallVector<Expr, 4> operands = take(op->getOperands());
    Type type = result.getType(), maskType = select.getCondition().getType();
    Expr then = whole(operands[1], type), otherwise = whole(operands[2], type);
    if (!isa<VectorType>(maskType)) {
      Expr expr;
      expr.precedence = Conditional;
      expr.text = wrap(operands[0], LogicalOr) + " ? " + wrap(then, LogicalOr) + " : " +
                  wrap(otherwise, Conditional);
      for (const Expr &operand : operands)
        addReads(expr, operand);
      set(result, expr);
      return success();
    }
    Expr mask = whole(operands[0], maskType);
    if (getElementTypeOrSelf(type).isF16()) // the mask's lanes must be as wide as the values'
      mask = convert(mask, maskType, "short");
    else if (isByte(type))
      mask = convert(mask, maskType, "char");
    set(result, call("select", {otherwise, then, mask}));
    return success();
  }

  SmallVector<Expr, 4> operands = take(op->getOperands());
  Type type = op->getOperand(0).getType();
  if (operands[0].splat && operands[1].splat)
    operands[0] = whole(operands[0], type);
  StringRef symbol;
  bool negate = false;
  if (auto compare = dyn_cast<arith::CmpFOp>(op)) {
    // Unordered predicates are ordered ones of the contrary.
    StringRef predicate = stringifyCmpFPredicate(compare.getPredicate());
    symbol = llvm::StringSwitch<StringRef>(predicate)
                 .Case("oeq", "==")
                 .Cases({"ogt", "ule"}, ">")
                 .Cases({"oge", "ult"}, ">=")
                 .Cases({"olt", "uge"}, "<")
                 .Cases({"ole", "ugt"}, "<=")
                 .Case("une", "!=")
                 .Cases({"one", "ueq"}, "islessgreater")
                 .Case("ord", "isordered")
                 .Case("uno", "isunordered")
                 .Default("");
    if (symbol.empty())
      return unsupported(op, "it is constant");
    negate = predicate.starts_with("u") && predicate != "une" && predicate != "uno";
    if (symbol.starts_with("is")) {
      Expr expr = call(symbol, {whole(operands[0], type), whole(operands[1], type)});
      if (negate)
        expr = {"!" + expr.text, Unary, false, expr.reads};
      if (isa<VectorType>(type) && getElementTypeOrSelf(type).isF16())
        expr = convert(expr, type, "int");
      set(result, expr);
      return success();
    }
  } else {
    StringRef predicate = stringifyCmpIPredicate(cast<arith::CmpIOp>(op).getPredicate());
    symbol = llvm::StringSwitch<StringRef>(predicate)
                 .Case("eq", "==")
                 .Case("ne", "!=")
                 .Cases({"slt", "ult"}, "<")
                 .Cases({"sle", "ule"}, "<=")
                 .Cases({"sgt", "ugt"}, ">")
                 .Default(">=");
    bool isUnsigned = predicate.starts_with("u"), isSigned = predicate.starts_with("s");
    if (isByte(type) && isSigned)
      return unsupported(op, "i8 is uchar there; extend it first");
    if (isBool(type) && (isUnsigned || isSigned))
      return unsupported(op, "on i1");
    if (isUnsigned || isByte(type))
      for (Expr &operand : operands)
        operand = unsignedInteger(whole(operand, type), type);
  }
  bool equality = symbol == "==" || symbol == "!=";
  Expr expr = binary(symbol, equality ? Equality : Relational, operands[0], operands[1], false);
  if (negate) {
    expr.text = "!(" + expr.text + ")";
    expr.precedence = Unary;
  }
  // Comparing vectors yields lanes as wide as theirs.
  if (isa<VectorType>(type) && (getElementTypeOrSelf(type).isF16() || isByte(type)))
    expr = convert(expr, type, "int");
  set(result, expr);
  return success();
}

LogicalResult KernelPrinter::printCast(Operation *op) {
  Value from = op->getOperand(0), result = op->getResult(0);
  Type source = from.getType(), target = result.getType();
  Type sourceElement = getElementTypeOrSelf(source), targetElement = getElementTypeOrSelf(target);
  bool vector = isa<VectorType>(target);

  // Rounding and conversion are one function: convert_uchar8_rte(x).
  if (isa<arith::FPToUIOp, arith::FPToSIOp>(op)) {
    if (isByte(target) && isa<arith::FPToSIOp>(op))
      return unsupported(op, "i8 is uchar there; convert to i32 first");
    if (isBool(target))
      return unsupported(op, "to i1");
    Expr expr = take(from);
    StringRef rounding;
    if (isa_and_nonnull<math::RoundEvenOp>(from.getDefiningOp()) &&
        StringRef(expr.text).starts_with("rint(") && !expr.splat) {
      expr.text = expr.text.substr(5, expr.text.size() - 6);
      expr.precedence = Conditional;
      rounding = "_rte";
    }
    StringRef scalar = isByte(target) ? "uchar" : isa<arith::FPToUIOp>(op) ? "uint" : "int";
    expr = convert(expr, source, scalar, rounding);
    if (scalar == "uint")
      expr = vector ? call("as_" + typeName(target), expr) : convert(expr, target, "int");
    set(result, expr);
    return success();
  }

  Expr expr = take(from);
  auto finish = [&](Expr converted) {
    set(result, std::move(converted));
    return success();
  };
  auto isInt = [](Type type) { return type.isIndex() || type.isInteger(32); };
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp>(op)) {
    if (isInt(sourceElement) && isInt(targetElement))
      return finish(expr);
    if (isa<arith::IndexCastUIOp>(op) && isByte(source))
      return finish(convert(expr, source, "int"));
    return unsupported(op, "from or to i8 or i1; extend or truncate it");
  }
  if (isa<arith::ExtFOp, arith::TruncFOp>(op))
    return finish(convert(expr, source, scalarName(targetElement, vector)));
  if (isa<arith::BitcastOp>(op)) {
    if (sourceElement.getIntOrFloatBitWidth() != 32)
      return unsupported(op, "of other than 32 bits");
    return finish(call("as_" + typeName(target), whole(expr, source)));
  }
  if (isa<arith::ExtUIOp, arith::ExtSIOp, arith::SIToFPOp, arith::UIToFPOp>(op)) {
    bool isSigned = isa<arith::ExtSIOp, arith::SIToFPOp>(op);
    StringRef scalar = scalarName(targetElement, vector);
    if (isBool(source) && vector) { // lanes of 0 and -1 to 0 and 1, or as they are
      Expr mask = whole(expr, source);
      if (!isSigned)
        mask = binary("&", BitAnd, mask, {"1", Word, false, {}}, false);
      return finish(isInt(targetElement) ? mask : convert(mask, target, scalar));
    }
    if (isBool(source))
      return finish(isSigned ? binary("*", Multiplicative, {"-1", Unary, false, {}},
                                      convert(expr, source, scalar), false)
                             : convert(expr, source, scalar));
    if (isByte(source) && isSigned)
      expr = call("as_" + withLanes("char", source), whole(expr, source));
    else if (!isSigned)
      expr = unsignedInteger(expr, source);
    return finish(convert(expr, source, scalar));
  }
  if (isa<arith::TruncIOp>(op)) {
    if (isByte(target))
      return finish(convert(expr, source, "uchar"));
    if (isBool(target) && !vector) {
      Expr bit = binary("&", BitAnd, expr, {"1", Word, false, {}}, false);
      return finish(binary("!=", Equality, bit, {"0", Word, false, {}}, false));
    }
  }
  return unsupported(op);
}

//===- vector -------------------------------------------------------------===//

LogicalResult KernelPrinter::printVector(Operation *op) {
  if (op->getNumResults() == 0)
    return unsupported(op);
  Value result = op->getResult(0);
  Type type = result.getType();
  auto range = [](int64_t first, int64_t count, int64_t step) {
    SmallVector<int64_t> positions;
    for (int64_t i = 0; i < count; ++i)
      positions.push_back(first + i * step);
    return positions;
  };
  auto done = [&](Expr expr) {
    set(result, std::move(expr));
    return success();
  };

  if (auto broadcast = dyn_cast<vector::BroadcastOp>(op)) {
    Type source = broadcast.getSourceType();
    Expr expr = take(broadcast.getSource());
    if (isa<VectorType>(source))
      return source == type ? done(expr) : unsupported(op, "from a vector");
    if (isBool(source)) {
      expr.text = wrap(expr, LogicalOr) + " ? -1 : 0";
      expr.precedence = Conditional;
    }
    expr.splat = true;
    return done(expr);
  }
  if (isa<vector::StepOp>(op)) {
    Expr expr{"(" + typeName(type) + ")(", Unary, false, {}};
    for (unsigned i = 0; i < lanesOf(type); ++i)
      expr.text += (i ? ", " : "") + llvm::utostr(i);
    expr.text += ")";
    return done(expr);
  }
  if (auto fromElements = dyn_cast<vector::FromElementsOp>(op)) {
    if (isBool(type))
      return unsupported(op, "of i1");
    SmallVector<Expr, 4> elements = take(op->getOperands());
    return done(call("(" + typeName(type) + ")", elements, Unary));
  }
  if (auto extract = dyn_cast<vector::ExtractOp>(op)) {
    if (extract.getNumIndices() != 1 || extract.hasDynamicPosition())
      return unsupported(op, "at other than one constant position");
    Expr expr = lanes(take(extract.getSource()), extract.getStaticPosition());
    if (isBool(type))
      expr = binary("!=", Equality, expr, {"0", Word, false, {}}, false);
    return done(expr);
  }
  if (auto insert = dyn_cast<vector::InsertOp>(op)) {
    if (insert.getNumIndices() != 1 || insert.hasDynamicPosition() || isBool(type))
      return unsupported(op, isBool(type) ? "of i1" : "at other than one constant position");
    // A copy of the vector, or the variable it is already if nobody else sees that.
    Value into = insert.getDest();
    std::string name;
    if (variables.contains(into) && uses(into) == 1 &&
        into.getParentBlock() == result.getParentBlock()) {
      name = take(into).text;
    } else {
      Expr before = whole(take(into), type);
      name = names.unique(nameFor(result));
      bool poison = isa_and_nonnull<ub::PoisonOp>(into.getDefiningOp());
      line(declaration(type, name, false) + (poison ? "" : " = " + before.text) + ";");
    }
    line(name + "." + swizzle(insert.getStaticPosition()) + " = " +
         take(insert.getValueToStore()).text + ";");
    expressions[result] = {name, Word, false, {}};
    variables.insert(result);
    return success();
  }
  if (auto slice = dyn_cast<vector::ExtractStridedSliceOp>(op)) {
    SmallVector<int64_t> offsets, sizes, strides;
    slice.getOffsets(offsets);
    int64_t size = cast<IntegerAttr>(slice.getSizes()[0]).getInt();
    int64_t stride = cast<IntegerAttr>(slice.getStrides()[0]).getInt();
    return done(lanes(take(slice.getSource()), range(offsets[0], size, stride)));
  }
  if (auto shuffle = dyn_cast<vector::ShuffleOp>(op)) {
    int64_t first = lanesOf(shuffle.getV1().getType());
    std::string words[2];
    SmallVector<std::pair<std::string, int64_t>> elements;
    for (int64_t position : shuffle.getMask()) {
      position = std::max<int64_t>(position, 0); // poison: any lane will do
      bool second = position >= first;
      if (words[second].empty())
        words[second] = takeWord(second ? shuffle.getV2() : shuffle.getV1());
      elements.push_back({words[second], second ? position - first : position});
    }
    // Half of each in turn: both halves in a row, then in their order. Compilers look through lanes
    // one by one of what is a shuffle itself, and do not find the way back.
    auto changes = [&](size_t i) { return elements[i].first != elements[i - 1].first; };
    size_t half = elements.size() / 2;
    if (shuffle.getV1().getDefiningOp<vector::ShuffleOp>() && half > 2 &&
        llvm::count_if(llvm::seq<size_t>(1, 2 * half), changes) > 2 &&
        size_t(llvm::count_if(elements, [&](auto &e) { return e.first == words[0]; })) == half) {
      SmallVector<std::pair<std::string, int64_t>> inTurn;
      SmallVector<int64_t> order;
      for (const std::string &word : words)
        for (auto &element : elements)
          if (element.first == word)
            inTurn.push_back(element);
      size_t next[] = {0, half};
      for (auto &element : elements)
        order.push_back(int64_t(next[element.first == words[1]]++));
      Expr halves = gather(inTurn, type);
      halves.text = "(" + halves.text + ")." + swizzle(order);
      halves.precedence = Postfix;
      return done(halves);
    }
    return done(gather(elements, type));
  }
  if (auto interleave = dyn_cast<vector::InterleaveOp>(op)) {
    std::string lhs = takeWord(interleave.getLhs()), rhs = takeWord(interleave.getRhs());
    SmallVector<std::pair<std::string, int64_t>> elements;
    for (unsigned i = 0; i < lanesOf(type); ++i)
      elements.push_back({i % 2 ? rhs : lhs, i / 2});
    return done(gather(elements, type));
  }
  if (auto deinterleave = dyn_cast<vector::DeinterleaveOp>(op)) {
    Expr source{takeWord(deinterleave.getSource()), Word, false, {}};
    int64_t count = lanesOf(type);
    set(op->getResult(0), lanes(source, range(0, count, 2)));
    set(op->getResult(1), lanes(source, range(1, count, 2)));
    return success();
  }
  if (auto elements = dyn_cast<vector::ToElementsOp>(op)) {
    Expr source{takeWord(elements.getSource()), Word, false, {}};
    for (auto [i, element] : llvm::enumerate(op->getResults()))
      if (!element.use_empty())
        set(element, lanes(source, {int64_t(i)}));
    return success();
  }
  return unsupported(op);
}
