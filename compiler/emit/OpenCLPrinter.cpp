//===- OpenCLPrinter.cpp - Kernels as OpenCL C ----------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// One walk over each kernel. A value becomes an expression, and the expression waits until its only
// use prints it; values with several uses are declared as constants. An expression that reads
// memory or a variable is declared before the next statement that may change what it reads.
//
//===----------------------------------------------------------------------===//
#include "compiler/emit/OpenCLPrinter.h"

#include "compiler/emit/Names.h"
#include "dialects/ocl/OCL.h"
#include "dialects/sr/SR.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Iterators.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"

#include <charconv>
#include <cmath>

using namespace mlir;
using namespace srcc;

namespace {

/// How tightly an expression holds together, as in C; Word is a name or a literal.
enum Precedence {
  Conditional,
  LogicalOr,
  LogicalAnd,
  BitOr,
  BitXor,
  BitAnd,
  Equality,
  Relational,
  Shift,
  Additive,
  Multiplicative,
  Unary,
  Postfix,
  Word
};

struct Expr {
  std::string text;
  Precedence precedence = Word;
  /// A vector whose lanes are all the scalar expression `text`.
  bool splat = false;
  /// The memory and the variables it reads: memrefs, and loops' carried values.
  SmallVector<Value, 2> reads;
};

/// Statements longer than this are wrapped, expressions longer than the other are declared.
constexpr size_t lineWidth = 100, expressionWidth = 80;

/// `expr`, in parentheses unless it holds together at least as tightly as asked.
std::string wrap(const Expr &expr, Precedence least) {
  return expr.precedence >= least ? expr.text : "(" + expr.text + ")";
}

/// The first name a location gives, or "".
StringRef nameOf(Location location) {
  StringRef name;
  location->walk([&](Location part) {
    if (auto named = dyn_cast<NameLoc>(part)) {
      name = named.getName();
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return name;
}

unsigned lanesOf(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? vector.getNumElements() : 1;
}
bool isBool(Type type) { return getElementTypeOrSelf(type).isInteger(1); }
bool isByte(Type type) { return getElementTypeOrSelf(type).isInteger(8); }

/// Why a type has no form in OpenCL C, or "".
std::string typeProblem(Type type) {
  if (auto vector = dyn_cast<VectorType>(type)) {
    if (vector.getRank() != 1 || vector.isScalable() ||
        !llvm::is_contained({2, 4, 8, 16}, vector.getDimSize(0)))
      return "vectors have 2, 4, 8 or 16 lanes in OpenCL C";
    type = vector.getElementType();
  }
  if (type.isF32() || type.isF16() || type.isIndex() || type.isSignlessInteger(32) ||
      type.isSignlessInteger(8) || type.isSignlessInteger(1))
    return "";
  return "elements are f32, f16, index, i32, i8 or i1";
}

/// The scalar type's name, of a lane of a vector if asked.
StringRef scalarName(Type type, bool lane) {
  if (type.isF32())
    return "float";
  if (type.isF16())
    return "half";
  if (type.isInteger(8))
    return "uchar";
  return type.isInteger(1) && !lane ? "bool" : "int";
}
std::string typeName(Type type) {
  if (auto vector = dyn_cast<VectorType>(type))
    return scalarName(vector.getElementType(), true).str() + llvm::utostr(lanesOf(type));
  return scalarName(type, false).str();
}
/// A type's name with the number of lanes of another: int8.
std::string withLanes(StringRef scalar, Type like) {
  return isa<VectorType>(like) ? scalar.str() + llvm::utostr(lanesOf(like)) : scalar.str();
}

/// The shortest decimal that reads back as the same f32, f16.
std::string floatDigits(const APFloat &value) {
  char digits[32];
  if (&value.getSemantics() == &APFloat::IEEEhalf()) {
    for (int precision = 1; precision <= 5; ++precision) {
      APFloat wide = value;
      bool lost;
      wide.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &lost);
      snprintf(digits, sizeof digits, "%.*g", precision, wide.convertToFloat());
      APFloat back(APFloat::IEEEhalf());
      if (auto status = back.convertFromString(digits, APFloat::rmNearestTiesToEven);
          status && back.bitwiseIsEqual(value))
        break;
    }
    return digits;
  }
  auto end = std::to_chars(digits, digits + sizeof digits, value.convertToFloat());
  return std::string(digits, end.ptr);
}

Expr floatLiteral(const APFloat &value) {
  bool half = &value.getSemantics() == &APFloat::IEEEhalf();
  Expr expr;
  if (value.isNaN() || value.isInfinity()) {
    expr.text = std::string(value.isNegative() && !value.isNaN() ? "-" : "") +
                (value.isNaN() ? "NAN" : "INFINITY");
    if (half)
      expr.text = "(half)" + expr.text;
  } else {
    expr.text = floatDigits(value);
    if (expr.text.find_first_of(".e") == std::string::npos)
      expr.text += ".0";
    expr.text += half ? 'h' : 'f';
  }
  if (value.isNegative() || (half && !value.isFinite()))
    expr.precedence = Unary;
  return expr;
}

/// Scalar: 3, true, (uchar)255; lane: 3, -1 for true, 255.
Expr integerLiteral(const APInt &value, Type type, bool lane) {
  Expr expr;
  if (type.isInteger(1)) {
    expr.text = lane ? (value.isZero() ? "0" : "-1") : (value.isZero() ? "false" : "true");
  } else if (type.isInteger(8)) {
    expr.text = (lane ? "" : "(uchar)") + llvm::utostr(value.getZExtValue());
  } else {
    int64_t number = value.getSExtValue();
    expr.text = number == INT32_MIN ? "INT_MIN" : llvm::itostr(number);
  }
  if (expr.text.front() == '-' || expr.text.front() == '(')
    expr.precedence = Unary;
  return expr;
}

/// Helper functions, printed when a kernel calls them.
struct Helper {
  StringRef name, text;
};
constexpr Helper helpers[] = {
    {"floor_div", "// Rounds towards negative infinity.\n"
                  "static inline int floor_div(int a, int b) {\n"
                  "  return a / b - (a % b != 0 && (a < 0) != (b < 0));\n"
                  "}\n"},
    {"ceil_div", "// Rounds towards positive infinity.\n"
                 "static inline int ceil_div(int a, int b) {\n"
                 "  return a / b + (a % b != 0 && (a < 0) == (b < 0));\n"
                 "}\n"},
    {"prefetch_line", "// The driver's prefetch() does nothing.\n"
                      "static inline void prefetch_line(global const void *p) {\n"
                      "  __builtin_prefetch((const void *)(uintptr_t)p);\n"
                      "}\n"},
};

/// Prints one kernel.
class KernelPrinter {
public:
  KernelPrinter(gpu::GPUFuncOp kernel, Names &names, const PrinterOptions &options,
                llvm::StringMap<bool> &usedHelpers, std::string &out)
      : kernel(kernel), names(names), options(options), usedHelpers(usedHelpers), out(out) {}

  LogicalResult print();

private:
  //===- statements -------------------------------------------------------===//
  void line(StringRef text);
  void comment(StringRef text);
  void declare(Value value, Expr expr);
  /// "const int x = " or, for a variable, "int x = ".
  std::string declaration(Type type, StringRef name, bool isConst) {
    return (isConst ? "const " : "") + typeName(type) + " " + name.str();
  }

  //===- expressions ------------------------------------------------------===//
  /// Takes a value's expression for printing at the present place.
  Expr take(Value value);
  /// Takes operands; declares the longest until all together are short enough for one expression.
  SmallVector<Expr, 4> take(ValueRange values);
  /// As a whole vector, if it is one: (float8)(x).
  Expr whole(Expr expr, Type type);
  /// A value's expression as a whole vector.
  Expr takeWhole(Value value) { return whole(take(value), value.getType()); }
  /// As a name or a literal, declared if need be, so that it can be printed several times.
  std::string takeWord(Value value);
  void set(Value value, Expr expr);
  bool isKept(Value value);
  void standsFor(Value variable, Value value);
  Expr call(StringRef function, ArrayRef<Expr> arguments, Precedence precedence = Postfix);
  Expr binary(StringRef symbol, Precedence precedence, const Expr &lhs, const Expr &rhs,
              bool associative);
  /// A scalar or vector conversion: (int)x, convert_int8(x).
  Expr convert(Expr expr, Type from, StringRef scalar, StringRef rounding = "");
  Expr unsignedInteger(Expr expr, Type type);
  Expr lanes(const Expr &vector, ArrayRef<int64_t> positions);
  Expr gather(ArrayRef<std::pair<std::string, int64_t>> elements, Type type);

  //===- memory -----------------------------------------------------------===//
  bool mayChange(Value written, Value read);
  void beforeWrite(Value written);
  void beforeRegions(Operation *op);
  void beforeBarrier();
  Expr element(Value memory, Value index);
  Expr address(Value memory, Value index);
  std::string vectorAt(Value memory, Type type, const Expr &place);
  bool printPlace(Operation *op);
  Operation *firstStore(memref::AllocaOp alloca);
  void store(Value memory, Value index, Value value);

  //===- operations -------------------------------------------------------===//
  LogicalResult printBlock(Block &block);
  LogicalResult printOp(Operation *op);
  LogicalResult printConstant(arith::ConstantOp op);
  LogicalResult printArith(Operation *op);
  LogicalResult printCompare(Operation *op);
  LogicalResult printCast(Operation *op);
  LogicalResult printVector(Operation *op);
  LogicalResult printMemory(Operation *op);
  LogicalResult printGpu(Operation *op);
  LogicalResult printFor(scf::ForOp op);
  LogicalResult printIf(scf::IfOp op);
  void assign(StringRef variable, Value cell, Value value, bool isLast);
  LogicalResult checkMemory(Operation *op, MemRefType type);
  LogicalResult checkTypes(Operation *op);
  LogicalResult unsupported(Operation *op, const Twine &why = "") {
    return op->emitOpError("has no form in OpenCL C")
           << (why.isTriviallyEmpty() ? "" : ": ") << why;
  }
  void findDead();
  unsigned uses(Value value) {
    return llvm::count_if(value.getUsers(), [&](Operation *user) { return !dead.contains(user); });
  }
  /// A name for a value: its location's, or one of what it is.
  std::string nameFor(Value value);
  StringRef memoryName(Value memory) { return expressions[memory].text; }

  gpu::GPUFuncOp kernel;
  Names &names;
  const PrinterOptions &options;
  llvm::StringMap<bool> &usedHelpers;
  std::string &out;
  unsigned depth = 0, loops = 0;
  DenseMap<Value, Expr> expressions;
  /// An index of memory accesses in parts: &x[base * row] + moving + offset, `moving` perhaps
  /// empty.
  struct Place {
    std::string base, moving;
    int64_t row = 1, offset = 0;
  };
  std::string pointer(Value memory, const Place &place);
  DenseMap<Value, Place> places;
  /// Values that wait for their uses and read something, in order.
  llvm::SetVector<Value> waiting;
  DenseMap<Value, unsigned> remaining; ///< their uses still to come
  DenseSet<Operation *> dead;
  DenseSet<Value> readOnly;
  llvm::StringSet<> areas; ///< names of the stage and of the buffers
  /// Rank-0 allocas, by the store that declares them.
  DenseMap<Operation *, memref::AllocaOp> declaringStores;
  /// The variable that an operation's (vector.insert's) result may go on using.
  DenseSet<Value> variables;
};

} // namespace

//===- statements ---------------------------------------------------------===//

void KernelPrinter::line(StringRef text) {
  size_t indent = 2 * depth;
  out.append(indent, ' ');
  size_t width = lineWidth - indent;
  while (text.size() > width) {
    size_t space = text.rfind(' ', width);
    if (space == StringRef::npos || space == 0)
      break;
    out += text.take_front(space);
    out += '\n';
    out.append(indent + 4, ' ');
    text = text.drop_front(space + 1);
    width = lineWidth - indent - 4;
  }
  out += text;
  out += '\n';
}

void KernelPrinter::comment(StringRef text) {
  SmallVector<StringRef> lines;
  text.split(lines, '\n', -1, false);
  for (StringRef part : lines) {
    out.append(2 * depth, ' ');
    out += "// ";
    // A comment must end with its line, whatever a name in it holds.
    char before = 0;
    for (char c : part.rtrim()) {
      if (!llvm::isPrint(c) || c == '\\' || (c == '?' && before == '?'))
        c = '_';
      out += before = c;
    }
    out += '\n';
  }
}

void KernelPrinter::declare(Value value, Expr expr) {
  std::string name = names.unique(nameFor(value));
  line(declaration(value.getType(), name, true) + " = " + whole(expr, value.getType()).text + ";");
  expressions[value] = {name, Word, false, {}};
  waiting.remove(value);
}

std::string KernelPrinter::nameFor(Value value) {
  // An integer that only bears the name of a stage or a buffer is an index into it.
  bool integer = getElementTypeOrSelf(value.getType()).isIntOrIndex();
  if (StringRef name = nameOf(value.getLoc()); !name.empty())
    if (!integer || !areas.contains(cIdentifier(name)))
      return name.str();
  Operation *op = value.getDefiningOp();
  if (auto load = dyn_cast_or_null<memref::LoadOp>(op))
    return (memoryName(load.getMemref()) + "_value").str();
  if (auto load = dyn_cast_or_null<vector::LoadOp>(op))
    return (memoryName(load.getBase()) + "_value").str();
  if (auto load = dyn_cast_or_null<ocl::VLoadHalfOp>(op))
    return (memoryName(load.getMemory()) + "_value").str();
  if (isBool(value.getType()))
    return "condition";
  if (isa_and_nonnull<vector::StepOp>(op))
    return "lane";
  return integer ? "index" : "value";
}

//===- expressions --------------------------------------------------------===//

Expr KernelPrinter::take(Value value) {
  auto place = expressions.find(value);
  assert(place != expressions.end() && "a value is printed before its uses");
  return place->second;
}

SmallVector<Expr, 4> KernelPrinter::take(ValueRange values) {
  for (;;) {
    size_t length = 0;
    Value longest;
    for (Value value : values) {
      const Expr &expr = expressions.find(value)->second;
      length += expr.text.size();
      if (expr.precedence < Word &&
          (!longest || expr.text.size() > expressions.find(longest)->second.text.size()))
        longest = value;
    }
    if (length <= expressionWidth || !longest)
      break;
    declare(longest, take(longest));
  }
  SmallVector<Expr, 4> result;
  for (Value value : values)
    result.push_back(take(value));
  return result;
}

Expr KernelPrinter::whole(Expr expr, Type type) {
  if (!expr.splat)
    return expr;
  expr.text = "(" + typeName(type) + ")(" + expr.text + ")";
  expr.precedence = Unary;
  expr.splat = false;
  return expr;
}

std::string KernelPrinter::takeWord(Value value) {
  if (expressions[value].precedence != Word || expressions[value].splat)
    declare(value, take(value));
  return take(value).text;
}

/// Whether the next operation keeps the value in a variable, which can then stand for it.
bool KernelPrinter::isKept(Value value) {
  Operation *op = value.getDefiningOp();
  auto store = op ? dyn_cast_or_null<memref::StoreOp>(op->getNextNode()) : memref::StoreOp();
  return store && store.getValueToStore() == value && store.getMemRefType().getRank() == 0;
}

/// After a value went to a variable: its other uses read the variable, as long as that keeps it.
void KernelPrinter::standsFor(Value variable, Value value) {
  if (auto left = remaining.find(value); left != remaining.end() && left->second > 0) {
    expressions[value] = {memoryName(variable).str(), Word, false, {variable}};
    waiting.insert(value);
  }
}

void KernelPrinter::set(Value value, Expr expr) {
  unsigned count = uses(value);
  bool local = llvm::all_of(value.getUsers(), [&](Operation *user) {
    return dead.contains(user) || user->getBlock() == value.getParentBlock();
  });
  bool free = expr.precedence == Word && expr.reads.empty();
  bool word = expr.precedence == Word && !expr.splat && local;
  bool kept = !free && !word && local && count > 1 && isKept(value);
  if (!free && !word && !kept && (count != 1 || !local))
    return declare(value, std::move(expr));
  if (kept)
    remaining[value] = count;
  if (!expr.reads.empty()) {
    waiting.insert(value);
    remaining[value] = count;
  }
  expressions[value] = std::move(expr);
}

static void addReads(Expr &to, const Expr &from) {
  for (Value read : from.reads)
    if (!llvm::is_contained(to.reads, read))
      to.reads.push_back(read);
}

Expr KernelPrinter::call(StringRef function, ArrayRef<Expr> arguments, Precedence precedence) {
  Expr expr;
  expr.precedence = precedence;
  expr.text = function.str() + "(";
  for (auto [i, argument] : llvm::enumerate(arguments)) {
    expr.text += (i ? ", " : "") + argument.text;
    addReads(expr, argument);
  }
  expr.text += ")";
  return expr;
}

Expr KernelPrinter::binary(StringRef symbol, Precedence precedence, const Expr &lhs,
                           const Expr &rhs, bool associative) {
  // Arithmetic needs no more parentheses than C; bits, shifts, comparisons and logic read better
  // with some more.
  bool comparison = precedence == Equality || precedence == Relational;
  Precedence least = precedence >= Additive ? precedence
                     : comparison           ? Additive
                     : precedence >= BitOr  ? Unary
                                            : Equality;
  auto operand = [&](const Expr &expr, bool right) {
    if (expr.precedence != precedence || comparison || precedence == Shift)
      return wrap(expr, least);
    return right && !associative ? "(" + expr.text + ")" : expr.text;
  };
  Expr expr;
  expr.precedence = precedence;
  expr.text = operand(lhs, false) + " " + symbol.str() + " " + operand(rhs, true);
  addReads(expr, lhs);
  addReads(expr, rhs);
  return expr;
}

Expr KernelPrinter::convert(Expr expr, Type from, StringRef scalar, StringRef rounding) {
  if (isa<VectorType>(from) || !rounding.empty())
    return call("convert_" + withLanes(scalar, from) + rounding.str(), whole(expr, from));
  expr.text = "(" + scalar.str() + ")" + wrap(expr, Unary);
  expr.precedence = Unary;
  return expr;
}

Expr KernelPrinter::unsignedInteger(Expr expr, Type type) {
  if (isByte(type))
    return expr;
  if (isa<VectorType>(type))
    return call("as_" + withLanes("uint", type), whole(expr, type));
  return convert(expr, type, "uint");
}

/// Positions as OpenCL writes them: s0a.
static std::string swizzle(ArrayRef<int64_t> positions) {
  std::string text = "s";
  for (int64_t position : positions)
    text += "0123456789abcdef"[position];
  return text;
}

Expr KernelPrinter::lanes(const Expr &vector, ArrayRef<int64_t> positions) {
  Expr expr = vector;
  if (vector.splat) {
    expr.splat = positions.size() > 1;
    return expr;
  }
  expr.text = wrap(vector, Postfix) + "." + swizzle(positions);
  // Lanes of a name are as good as a name.
  expr.precedence = vector.precedence == Word && vector.reads.empty() ? Word : Postfix;
  return expr;
}

/// A vector of elements, each a lane of a word (position -1: the word itself).
Expr KernelPrinter::gather(ArrayRef<std::pair<std::string, int64_t>> elements, Type type) {
  Expr expr;
  expr.precedence = Unary;
  size_t pieces = 0;
  for (size_t i = 0; i < elements.size();) {
    size_t end = i + 1;
    if (elements[i].second >= 0)
      while (end < elements.size() && elements[end].first == elements[i].first)
        ++end;
    // Vector literals are made of 1, 2, 4, 8 or 16 elements at a time.
    size_t count = size_t(1) << llvm::Log2_64(end - i);
    SmallVector<int64_t> positions;
    for (size_t k = i; k < i + count; ++k)
      positions.push_back(elements[k].second);
    expr.text += (pieces++ ? ", " : "") + elements[i].first;
    if (positions.front() >= 0)
      expr.text += "." + swizzle(positions);
    i += count;
  }
  if (pieces == 1)
    expr.precedence = Postfix;
  else
    expr.text = "(" + typeName(type) + ")(" + expr.text + ")";
  return expr;
}

//===- memory -------------------------------------------------------------===//

/// Whether a write to one memory (or variable) may change what is read from another.
bool KernelPrinter::mayChange(Value written, Value read) {
  if (written == read)
    return true;
  auto isParameter = [&](Value value) {
    return isa<BlockArgument>(value) && isa<MemRefType>(value.getType()) &&
           cast<BlockArgument>(value).getArgNumber() < kernel.getFunctionType().getNumInputs();
  };
  return isParameter(written) && isParameter(read) && !readOnly.contains(read);
}

void KernelPrinter::beforeWrite(Value written) {
  for (Value value : SmallVector<Value>(waiting.getArrayRef()))
    if (waiting.contains(value) && llvm::any_of(expressions[value].reads, [&](Value read) {
          return mayChange(written, read);
        }))
      declare(value, take(value));
}

void KernelPrinter::beforeBarrier() {
  for (Value value : SmallVector<Value>(waiting.getArrayRef()))
    if (llvm::any_of(expressions[value].reads, [&](Value read) {
          return isa<MemRefType>(read.getType()) && !readOnly.contains(read) &&
                 !read.getDefiningOp<memref::AllocaOp>();
        }))
      declare(value, take(value));
}

/// Memory that an operation without regions writes.
static Value writtenBy(Operation *op) {
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case<memref::StoreOp>([](auto store) { return store.getMemref(); })
      .Case<vector::StoreOp>([](auto store) { return store.getBase(); })
      .Case<ocl::VStoreHalfOp>([](auto store) { return store.getMemory(); })
      .Default(Value());
}

void KernelPrinter::beforeRegions(Operation *op) {
  if (waiting.empty())
    return;
  llvm::SetVector<Value> written;
  op->walk([&](Operation *inner) {
    if (Value memory = writtenBy(inner))
      written.insert(memory);
    if (isa<gpu::BarrierOp>(inner))
      beforeBarrier();
  });
  for (Value memory : written)
    beforeWrite(memory);
}

static std::string signedText(int64_t number) {
  return (number < 0 ? " - " : " + ") + llvm::utostr(number < 0 ? -number : number);
}

/// Whether memory is a kernel's argument: global, not a private array or local memory.
static bool isGlobal(Value memory) {
  return isa<BlockArgument>(memory) && !cast<MemRefType>(memory.getType()).getMemorySpace();
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

/// Whether a vector load or store says that its place is aligned to the whole vector, and that is
/// in global memory (a pointer into a private array keeps it from being registers).
template <typename Op> static bool isAligned(Op op, Type type) {
  int64_t bytes = lanesOf(type) * cast<VectorType>(type).getElementTypeBitWidth() / 8;
  return op.getAlignment() && int64_t(*op.getAlignment()) >= bytes && isGlobal(op.getBase());
}

/// The aligned vector at an address: *(global float4 *)&x[i].
std::string KernelPrinter::vectorAt(Value memory, Type type, const Expr &place) {
  StringRef space = readOnly.contains(memory) ? "global const " : "global ";
  bool sum = place.precedence < Unary;
  return "*(" + space.str() + typeName(type) + " *)" + (sum ? "(" : "") + place.text +
         (sum ? ")" : "");
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

//===- kernel -------------------------------------------------------------===//

/// Operations that compute or read something nobody uses.
void KernelPrinter::findDead() {
  kernel.walk<WalkOrder::PreOrder, ReverseIterator>([&](Operation *op) {
    if (op->getNumResults() && !op->getNumRegions() && !writtenBy(op) &&
        llvm::all_of(op->getUsers(), [&](Operation *user) { return dead.contains(user); }))
      dead.insert(op);
  });
}

LogicalResult KernelPrinter::checkMemory(Operation *op, MemRefType type) {
  if (type.getRank() > 1 || !type.getLayout().isIdentity())
    return op->emitOpError("memory has rank 0 or 1 and no layout in OpenCL C, but this is ")
           << type;
  if (std::string problem = typeProblem(type.getElementType()); !problem.empty())
    return unsupported(op, problem);
  return success();
}

LogicalResult KernelPrinter::checkTypes(Operation *op) {
  auto check = [&](Type type) -> LogicalResult {
    if (auto memory = dyn_cast<MemRefType>(type))
      return isa<memref::AllocaOp>(op) ? checkMemory(op, memory)
                                       : unsupported(op, "memory as a result");
    if (std::string problem = typeProblem(type); !problem.empty())
      return unsupported(op, problem);
    if (getElementTypeOrSelf(type).isF16()) {
      if (!options.fp16)
        return op->emitOpError("computes in half, which needs cl_khr_fp16; without it, "
                               "ocl.vload_half and ocl.vstore_half read and write 16-bit storage");
    }
    return success();
  };
  for (Type type : op->getResultTypes())
    if (failed(check(type)))
      return failure();
  return success();
}

LogicalResult KernelPrinter::print() {
  if (!kernel.isKernel())
    return unsupported(kernel, "functions are kernels");
  if (!llvm::hasSingleElement(kernel.getBody()))
    return unsupported(kernel, "a kernel is one block");
  if (cIdentifier(kernel.getName()) != kernel.getName())
    return kernel.emitOpError("kernel name is no free identifier of OpenCL C; ")
           << cIdentifier(kernel.getName()) << " is one";
  findDead();
  Names::Scope scope(names);

  if (auto text = kernel->getAttrOfType<StringAttr>(ocl::commentAttr))
    comment(text);
  if (StringRef stage = nameOf(kernel.getLoc()); !stage.empty())
    areas.insert(cIdentifier(stage));
  std::string group;
  if (auto size = kernel.getKnownBlockSize())
    group = llvm::formatv(" __attribute__((reqd_work_group_size({0}, {1}, {2})))", (*size)[0],
                          (*size)[1], (*size)[2]);
  SmallVector<std::string> parameters;
  unsigned count = kernel.getFunctionType().getNumInputs();
  for (BlockArgument argument : kernel.getBody().getArguments().take_front(count)) {
    unsigned i = argument.getArgNumber();
    Type type = argument.getType();
    std::string name;
    if (auto given = kernel.getArgAttrOfType<StringAttr>(i, ocl::nameAttr))
      name = given.str();
    else if (type.isInteger(32) && i + 2 >= count)
      name = i + 2 == count ? "H" : "W";
    else if (StringRef given = nameOf(argument.getLoc()); !given.empty())
      name = given.str();
    else
      name = isa<MemRefType>(type) ? "buffer" : "value";
    name = names.unique(name);
    if (isa<MemRefType>(type))
      areas.insert(name);
    if (auto memory = dyn_cast<MemRefType>(type)) {
      if (failed(checkMemory(kernel, memory)))
        return failure();
      bool constant = static_cast<bool>(kernel.getArgAttr(i, ocl::readOnlyAttr));
      if (constant)
        readOnly.insert(argument);
      parameters.push_back("global " + std::string(constant ? "const " : "") +
                           typeName(memory.getElementType()) + " *" +
                           (constant ? "restrict " : "") + name);
    } else {
      if (!type.isInteger(32) && !type.isF32())
        return unsupported(kernel, "parameters are memrefs, i32 or f32");
      parameters.push_back(declaration(type, name, false));
    }
    expressions[argument] = {name, Word, false, {}};
  }
  std::string head = "void " + kernel.getName().str() + "(";
  if (group.empty())
    head.insert(0, "kernel ");
  else
    line("kernel" + group);
  std::string list = llvm::join(parameters, ", ");
  if (head.size() + list.size() + 3 > lineWidth) // then a line for each
    list = llvm::join(parameters, ",\n" + std::string(head.size(), ' '));
  out += head + list + ") {\n";
  ++depth;
  for (BlockArgument local : kernel.getWorkgroupAttributions()) {
    auto type = cast<MemRefType>(local.getType());
    if (!type.hasStaticShape() || type.getRank() != 1 || type.getElementType().isF16())
      return unsupported(kernel, "local memory is of rank 1, static size, and not of f16");
    if (failed(checkMemory(kernel, type)))
      return failure();
    StringRef given = nameOf(local.getLoc());
    std::string name = names.unique(given.empty() ? "shared" : given);
    line("local " + typeName(type.getElementType()) + " " + name + "[" +
         llvm::utostr(type.getNumElements()) + "];");
    expressions[local] = {name, Word, false, {}};
  }
  if (!kernel.getPrivateAttributions().empty())
    return unsupported(kernel, "private memory is memref.alloca");
  if (failed(printBlock(kernel.getBody().front())))
    return failure();
  --depth;
  line("}");
  return success();
}

LogicalResult KernelPrinter::printBlock(Block &block) {
  for (Operation &op : block) {
    if (dead.contains(&op))
      continue;
    if (failed(checkTypes(&op)))
      return failure();
    if (auto text = op.getAttrOfType<StringAttr>(ocl::commentAttr)) {
      if (op.getNumRegions())
        beforeRegions(&op);
      comment(text);
    }
    // What this operation uses for the last time waits no longer.
    for (Value operand : op.getOperands())
      if (auto left = remaining.find(operand); left != remaining.end() && --left->second == 0)
        waiting.remove(operand);
    if (failed(printOp(&op)))
      return failure();
  }
  return success();
}

LogicalResult KernelPrinter::printOp(Operation *op) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](arith::ConstantOp constant) { return printConstant(constant); })
      .Case<arith::CmpFOp, arith::CmpIOp, arith::SelectOp>([&](auto) { return printCompare(op); })
      .Case([&](scf::ForOp loop) { return printFor(loop); })
      .Case([&](scf::IfOp branch) { return printIf(branch); })
      .Case<scf::YieldOp, gpu::ReturnOp>([](auto) -> LogicalResult { return success(); })
      .Case([&](ub::PoisonOp poison) -> LogicalResult {
        Expr zero{getElementTypeOrSelf(poison.getType()).isF32() ? "0.0f" : "0", Word, false, {}};
        zero.splat = isa<VectorType>(poison.getType());
        set(poison, zero);
        return success();
      })
      .Case<CastOpInterface>([&](auto) { return printCast(op); })
      .Default([&](Operation *) -> LogicalResult {
        StringRef dialect = op->getName().getDialectNamespace();
        if (dialect == "arith" || dialect == "math" || isa<vector::FMAOp>(op))
          return printArith(op);
        if (isa<memref::MemRefDialect, ocl::OCLDialect>(op->getDialect()) ||
            isa<vector::LoadOp, vector::StoreOp>(op))
          return printMemory(op);
        if (dialect == "vector")
          return printVector(op);
        if (dialect == "gpu")
          return printGpu(op);
        return unsupported(op);
      });
}

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

//===- memory operations --------------------------------------------------===//

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
    line(typeName(type.getElementType()) + " " + name +
         (type.getRank() ? "[" + llvm::utostr(type.getNumElements()) + "]" : "") + ";");
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
    if (isAligned(load, load.getType())) {
      place.text = vectorAt(load.getBase(), load.getType(), place);
      place.precedence = Unary;
      set(load, place);
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
  if (auto prefetch = dyn_cast<memref::PrefetchOp>(op)) {
    Value memory = prefetch.getMemref();
    if (!isGlobal(memory) || prefetch.getIndices().size() != 1)
      return unsupported(op, "outside a row of global memory");
    std::string place = address(memory, prefetch.getIndices()[0]).text;
    if (options.prefetching == Prefetching::Builtin) {
      usedHelpers["prefetch_line"] = true;
      line("prefetch_line(" + place + ");");
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
  if (auto store = dyn_cast<vector::StoreOp>(op); store && isAligned(store, value.getType()))
    line(vectorAt(memory, value.getType(), address(memory, index)) + " = " + text + ";");
  else if (store)
    line("vstore" + lanes + "(" + text + ", 0, " + address(memory, index).text + ");");
  else if (isa<VectorType>(value.getType()))
    line("vstore_half" + lanes + "_rte(" + text + ", 0, " + address(memory, index).text + ");");
  else
    line("vstore_half_rte(" + text + ", " + taken[1].text + ", " + memoryName(memory).str() + ");");
  return success();
}

//===- gpu and scf --------------------------------------------------------===//

LogicalResult KernelPrinter::printGpu(Operation *op) {
  if (isa<gpu::BarrierOp>(op)) {
    beforeBarrier();
    line("barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);");
    return success();
  }
  StringRef function, name;
  gpu::Dimension dimension{};
  auto is = [&](auto id, StringRef call, StringRef prefix) {
    function = call;
    name = prefix;
    dimension = id.getDimension();
  };
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](gpu::BlockIdOp id) { is(id, "get_group_id", "group_"); })
      .Case([&](gpu::ThreadIdOp id) { is(id, "get_local_id", "thread_"); })
      .Case([&](gpu::GlobalIdOp id) { is(id, "get_global_id", "global_"); })
      .Case([&](gpu::BlockDimOp id) { is(id, "get_local_size", "threads_"); })
      .Case([&](gpu::GridDimOp id) { is(id, "get_num_groups", "groups_"); });
  if (function.empty())
    return unsupported(op);
  unsigned number = static_cast<unsigned>(dimension);
  StringRef given = nameOf(op->getLoc());
  // Declared, since a size_t in an expression would make all of it 64 bits wide.
  std::string variable = names.unique(given.empty() ? name.str() + "xyz"[number] : given.str());
  line("const int " + variable + " = " + function.str() + "(" + llvm::utostr(number) + ");");
  expressions[op->getResult(0)] = {variable, Word, false, {}};
  return success();
}

/// Writes a value to a variable that lives across a region's end.
void KernelPrinter::assign(StringRef variable, Value cell, Value value, bool isLast) {
  Expr expr = takeWhole(value);
  if (expr.text == variable)
    return;
  if (!isLast)
    beforeWrite(cell);
  line(variable.str() + " = " + expr.text + ";");
}

LogicalResult KernelPrinter::printFor(scf::ForOp op) {
  beforeRegions(op);
  // The loop compares with its bound again and again, so the bound must not read what may change.
  for (Value bound : {op.getUpperBound(), op.getStep()})
    if (!expressions[bound].reads.empty())
      declare(bound, take(bound));
  SmallVector<std::string> carried;
  for (auto [init, argument, result] :
       llvm::zip(op.getInitArgs(), op.getRegionIterArgs(), op.getResults())) {
    StringRef given = nameOf(argument.getLoc());
    Expr start = takeWhole(init);
    std::string name = names.unique(given.empty() ? nameFor(result) : given.str());
    line(declaration(result.getType(), name, false) + " = " + start.text + ";");
    carried.push_back(name);
    // Within the loop it is a variable that the loop's end writes; after it, it stays as it is.
    expressions[argument] = {name, Word, false, {argument}};
    expressions[result] = {name, Word, false, {}};
  }
  if (op->hasAttr(ocl::unrollAttr))
    line("#pragma unroll");
  Names::Scope scope(names);
  Value variable = op.getInductionVar();
  StringRef given = nameOf(variable.getLoc());
  std::string name =
      names.unique(given.empty() ? StringRef(&"ijklmn"[std::min(loops, 5u)], 1) : given);
  ++loops;
  Expr low = take(op.getLowerBound()), high = take(op.getUpperBound()), step = take(op.getStep());
  std::string compare = op.getUnsignedCmp() ? "(uint)" + name + " < (uint)" + wrap(high, Unary)
                                            : name + " < " + wrap(high, Shift);
  line("for (int " + name + " = " + low.text + "; " + compare + "; " +
       (step.text == "1" ? "++" + name : name + " += " + step.text) + ") {");
  expressions[variable] = {name, Word, false, {}};
  ++depth;
  if (failed(printBlock(*op.getBody())))
    return failure();
  OperandRange yielded = op.getBody()->getTerminator()->getOperands();
  for (auto [i, value] : llvm::enumerate(yielded))
    waiting.insert(value);
  for (auto [i, value] : llvm::enumerate(yielded)) {
    waiting.remove(value);
    assign(carried[i], op.getRegionIterArgs()[i], value, i + 1 == yielded.size());
  }
  --loops;
  --depth;
  line("}");
  return success();
}

LogicalResult KernelPrinter::printIf(scf::IfOp op) {
  Expr condition = take(op.getCondition());
  beforeRegions(op);
  SmallVector<std::string> results;
  for (Value result : op.getResults()) {
    results.push_back(names.unique(nameFor(result)));
    line(declaration(result.getType(), results.back(), false) + ";");
    expressions[result] = {results.back(), Word, false, {}};
  }
  auto printRegion = [&](Block &block) -> LogicalResult {
    Names::Scope scope(names);
    ++depth;
    if (failed(printBlock(block)))
      return failure();
    for (auto [i, value] : llvm::enumerate(block.getTerminator()->getOperands()))
      assign(results[i], op.getResult(i), value, true);
    --depth;
    return success();
  };
  line("if (" + condition.text + ") {");
  if (failed(printRegion(*op.thenBlock())))
    return failure();
  if (Block *otherwise = op.elseBlock();
      otherwise && (!results.empty() || otherwise->getOperations().size() > 1)) {
    line("} else {");
    if (failed(printRegion(*otherwise)))
      return failure();
  }
  line("}");
  return success();
}

//===- module -------------------------------------------------------------===//

bool srcc::usesHalf(gpu::GPUModuleOp module) {
  auto isHalf = [](Type type) {
    if (auto memory = dyn_cast<MemRefType>(type))
      type = memory.getElementType();
    return getElementTypeOrSelf(type).isF16();
  };
  return module
      .walk([&](Operation *op) {
        return llvm::any_of(op->getResultTypes(), isHalf) ? WalkResult::interrupt()
                                                          : WalkResult::advance();
      })
      .wasInterrupted();
}

LogicalResult srcc::printOpenCL(gpu::GPUModuleOp module, raw_ostream &os,
                                const PrinterOptions &options) {
  Names names;
  for (const Helper &helper : helpers)
    names.unique(helper.name);
  for (auto kernel : module.getOps<gpu::GPUFuncOp>())
    names.unique(kernel.getName());
  llvm::StringMap<bool> usedHelpers;
  std::string kernels;
  for (Operation &op : *module.getBody()) {
    auto kernel = dyn_cast<gpu::GPUFuncOp>(op);
    if (!kernel)
      return op.emitOpError("has no form in OpenCL C: a module holds kernels");
    KernelPrinter printer(kernel, names, options, usedHelpers, kernels);
    if (!kernels.empty())
      kernels += '\n';
    if (failed(printer.print()))
      return failure();
  }
  if (usesHalf(module))
    os << "#pragma OPENCL EXTENSION cl_khr_fp16 : enable\n\n";
  for (const Helper &helper : helpers)
    if (usedHelpers.contains(helper.name))
      os << helper.text << '\n';
  os << kernels;
  return success();
}

void srcc::registerOpenCLEmission() {
  static llvm::cl::opt<MultiplyAdd> multiplyAdd(
      "multiply-add", llvm::cl::desc("how --emit-opencl writes a multiply-add"),
      llvm::cl::values(clEnumValN(MultiplyAdd::FMA, "fma", "fma(a, b, c)"),
                       clEnumValN(MultiplyAdd::MAD, "mad", "mad(a, b, c)"),
                       clEnumValN(MultiplyAdd::Contract, "contract", "a * b + c")),
      llvm::cl::init(MultiplyAdd::Contract));
  static llvm::cl::opt<Prefetching> prefetching(
      "prefetch", llvm::cl::desc("how --emit-opencl writes a prefetch"),
      llvm::cl::values(clEnumValN(Prefetching::Function, "function", "prefetch(&x[i], 1)"),
                       clEnumValN(Prefetching::Builtin, "builtin", "__builtin_prefetch(&x[i])")),
      llvm::cl::init(Prefetching::Function));
  static llvm::cl::opt<bool> fp16("fp16",
                                  llvm::cl::desc("--emit-opencl may use half (cl_khr_fp16)"));
  static TranslateFromMLIRRegistration registration(
      "emit-opencl", "print the kernels of gpu modules as OpenCL C",
      [](Operation *op, raw_ostream &os) -> LogicalResult {
        WalkResult result = op->walk([&](gpu::GPUModuleOp module) {
          return failed(printOpenCL(module, os, {multiplyAdd, prefetching, fp16}))
                     ? WalkResult::interrupt()
                     : WalkResult::skip();
        });
        return failure(result.wasInterrupted());
      },
      [](DialectRegistry &registry) {
        registry.insert<arith::ArithDialect, gpu::GPUDialect, math::MathDialect,
                        memref::MemRefDialect, ocl::OCLDialect, scf::SCFDialect, sr::SRDialect,
                        ub::UBDialect, vector::VectorDialect>();
      });
}
