//===- OpenCLText.cpp - Words of OpenCL C ---------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/emit/OpenCLText.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Error.h"

#include <charconv>

using namespace mlir;
using namespace srcc::opencl;

std::string srcc::opencl::wrap(const Expr &expr, Precedence least) {
  return expr.precedence >= least ? expr.text : "(" + expr.text + ")";
}

StringRef srcc::opencl::nameOf(Location location) {
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

unsigned srcc::opencl::lanesOf(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? vector.getNumElements() : 1;
}

std::string srcc::opencl::typeProblem(Type type) {
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

StringRef srcc::opencl::scalarName(Type type, bool lane) {
  if (type.isF32())
    return "float";
  if (type.isF16())
    return "half";
  if (type.isInteger(8))
    return "uchar";
  return type.isInteger(1) && !lane ? "bool" : "int";
}
std::string srcc::opencl::typeName(Type type) {
  if (auto vector = dyn_cast<VectorType>(type))
    return scalarName(vector.getElementType(), true).str() + llvm::utostr(lanesOf(type));
  return scalarName(type, false).str();
}
std::string srcc::opencl::withLanes(StringRef scalar, Type like) {
  return isa<VectorType>(like) ? scalar.str() + llvm::utostr(lanesOf(like)) : scalar.str();
}

/// The shortest decimal that reads back as the same f32, f16.
static std::string floatDigits(const APFloat &value) {
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

Expr srcc::opencl::floatLiteral(const APFloat &value) {
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

Expr srcc::opencl::integerLiteral(const APInt &value, Type type, bool lane) {
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

static constexpr Helper allHelpers[] = {
    {"floor_div", "// Rounds towards negative infinity.\n"
                  "static inline int floor_div(int a, int b) {\n"
                  "  return a / b - (a % b != 0 && (a < 0) != (b < 0));\n"
                  "}\n"},
    {"ceil_div", "// Rounds towards positive infinity.\n"
                 "static inline int ceil_div(int a, int b) {\n"
                 "  return a / b + (a % b != 0 && (a < 0) == (b < 0));\n"
                 "}\n"},
    {"read_texel", "// Texels lie in rows of 2048.\n"
                   "static inline float4 read_texel(read_only image2d_t f, int i) {\n"
                   "  return read_imagef(f, (int2)(i & 2047, i >> 11));\n"
                   "}\n"},
    {"read_half_texel", "static inline half4 read_half_texel(read_only image2d_t f, int i) {\n"
                        "  return read_imageh(f, (int2)(i & 2047, i >> 11));\n"
                        "}\n"},
    {"write_texel", "static inline void write_texel(write_only image2d_t f, int i, float4 v) {\n"
                    "  write_imagef(f, (int2)(i & 2047, i >> 11), v);\n"
                    "}\n"},
    {"write_half_texel",
     "static inline void write_half_texel(write_only image2d_t f, int i, half4 v) {\n"
     "  write_imageh(f, (int2)(i & 2047, i >> 11), v);\n"
     "}\n"},
    {"prefetch_line", "// The driver's prefetch() does nothing.\n"
                      "static inline void prefetch_line(global const void *p) {\n"
                      "  __builtin_prefetch((const void *)(uintptr_t)p);\n"
                      "}\n"},
    {"prefetch_line_to_write", "// Takes a line in that will be written.\n"
                               "static inline void prefetch_line_to_write(global void *p) {\n"
                               "  __builtin_prefetch((void *)(uintptr_t)p, 1);\n"
                               "}\n"},
};
const ArrayRef<Helper> srcc::opencl::helpers = allHelpers;

std::string srcc::opencl::swizzle(ArrayRef<int64_t> positions) {
  std::string text = "s";
  for (int64_t position : positions)
    text += "0123456789abcdef"[position];
  return text;
}

void srcc::opencl::addReads(Expr &to, const Expr &from) {
  for (Value read : from.reads)
    if (!llvm::is_contained(to.reads, read))
      to.reads.push_back(read);
}
