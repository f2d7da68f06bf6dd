//===- KernelPrinter.cpp - One kernel as OpenCL C -------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/emit/KernelPrinter.h"

#include "dialects/ocl/OCL.h"

#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Iterators.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace srcc;
using namespace srcc::opencl;

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
      // Places in memory are printed from their parts: a variable would be one that nobody reads.
      if (expr.precedence < Word && !places.contains(value) &&
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
  // A word for all lanes may be used in blocks that do not see a variable of this one.
  const Expr &known = expressions[value];
  if (known.splat && known.precedence == Word && known.reads.empty())
    return "(" + whole(take(value), value.getType()).text + ")";
  if (known.precedence != Word || known.splat)
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

//===- order of reads and writes ------------------------------------------===//

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
      .Case<ocl::VStoreHalfOp, ocl::TexelStoreOp>([](auto store) { return store.getMemory(); })
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
      if (ocl::isImage(type))
        parameters.push_back((constant ? "read_only image2d_t " : "write_only image2d_t ") + name);
      else
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
