//===- Bodies.cpp - Scalar arithmetic as Halide's expressions -------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/halide/Bodies.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using Halide::Expr;

std::optional<Halide::Type> srcc::halide::typeOf(Type type) {
  if (type.isF32())
    return Halide::Float(32);
  if (type.isF16())
    return Halide::Float(16);
  if (type.isIndex() || type.isInteger(32))
    return Halide::Int(32);
  if (type.isInteger(1))
    return Halide::Bool();
  if (type.isInteger(8))
    return Halide::UInt(8);
  if (type.isInteger(16))
    return Halide::UInt(16);
  return std::nullopt;
}

static std::optional<Expr> compare(arith::CmpIPredicate predicate, const Expr &a, const Expr &b) {
  auto isUnsigned = [](const Expr &e) { return Halide::cast(Halide::UInt(e.type().bits()), e); };
  switch (predicate) {
  case arith::CmpIPredicate::eq:
    return a == b;
  case arith::CmpIPredicate::ne:
    return a != b;
  case arith::CmpIPredicate::slt:
    return a < b;
  case arith::CmpIPredicate::sle:
    return a <= b;
  case arith::CmpIPredicate::sgt:
    return a > b;
  case arith::CmpIPredicate::sge:
    return a >= b;
  case arith::CmpIPredicate::ult:
    return isUnsigned(a) < isUnsigned(b);
  case arith::CmpIPredicate::ule:
    return isUnsigned(a) <= isUnsigned(b);
  case arith::CmpIPredicate::ugt:
    return isUnsigned(a) > isUnsigned(b);
  case arith::CmpIPredicate::uge:
    return isUnsigned(a) >= isUnsigned(b);
  }
  return std::nullopt;
}

/// Ordered and unordered comparisons alike: Halide knows no numbers that are none.
static std::optional<Expr> compare(arith::CmpFPredicate predicate, const Expr &a, const Expr &b) {
  switch (predicate) {
  case arith::CmpFPredicate::OEQ:
  case arith::CmpFPredicate::UEQ:
    return a == b;
  case arith::CmpFPredicate::ONE:
  case arith::CmpFPredicate::UNE:
    return a != b;
  case arith::CmpFPredicate::OLT:
  case arith::CmpFPredicate::ULT:
    return a < b;
  case arith::CmpFPredicate::OLE:
  case arith::CmpFPredicate::ULE:
    return a <= b;
  case arith::CmpFPredicate::OGT:
  case arith::CmpFPredicate::UGT:
    return a > b;
  case arith::CmpFPredicate::OGE:
  case arith::CmpFPredicate::UGE:
    return a >= b;
  default:
    return std::nullopt;
  }
}

static std::optional<Expr> constant(Attribute value, Type type) {
  if (auto number = dyn_cast<FloatAttr>(value)) {
    Expr e = Expr(float(number.getValueAsDouble()));
    return type.isF16() ? Halide::cast(Halide::Float(16), e) : e;
  }
  auto number = dyn_cast<IntegerAttr>(value);
  auto wanted = srcc::halide::typeOf(type);
  if (!number || !wanted)
    return std::nullopt;
  return Halide::Internal::make_const(*wanted, number.getValue().getSExtValue());
}

FailureOr<Expr> srcc::halide::evaluateOp(Operation *op, ArrayRef<Expr> x) {
  using Maybe = std::optional<Expr>;
  auto converted = [&]() -> Maybe {
    auto type = typeOf(op->getResult(0).getType());
    return type ? Maybe(Halide::cast(*type, x[0])) : std::nullopt;
  };
  auto logical = [&](auto onBools, auto onNumbers) {
    return x[0].type().is_bool() ? Expr(onBools(x[0], x[1])) : Expr(onNumbers(x[0], x[1]));
  };
  Maybe value;
  if (op->getNumResults() == 1 && op->getNumRegions() == 0)
    value =
        llvm::TypeSwitch<Operation *, Maybe>(op)
            .Case<arith::ConstantOp>([&](auto c) { return constant(c.getValue(), c.getType()); })
            .Case<arith::AddIOp, arith::AddFOp>([&](auto) { return x[0] + x[1]; })
            .Case<arith::SubIOp, arith::SubFOp>([&](auto) { return x[0] - x[1]; })
            .Case<arith::MulIOp, arith::MulFOp>([&](auto) { return x[0] * x[1]; })
            .Case<arith::DivFOp>([&](auto) { return x[0] / x[1]; })
            // Halide rounds integer division down; indices that others divide are not negative.
            .Case<arith::FloorDivSIOp, arith::DivUIOp>([&](auto) { return x[0] / x[1]; })
            .Case<arith::CeilDivSIOp, arith::CeilDivUIOp>(
                [&](auto) { return (x[0] + x[1] - 1) / x[1]; })
            .Case<arith::RemUIOp>([&](auto) { return x[0] % x[1]; })
            .Case<arith::MaxSIOp, arith::MaxNumFOp, arith::MaximumFOp>(
                [&](auto) { return Halide::max(x[0], x[1]); })
            .Case<arith::MinSIOp, arith::MinNumFOp, arith::MinimumFOp>(
                [&](auto) { return Halide::min(x[0], x[1]); })
            .Case<arith::AndIOp>([&](auto) {
              return logical([](auto &a, auto &b) { return a && b; },
                             [](auto &a, auto &b) { return a & b; });
            })
            .Case<arith::OrIOp>([&](auto) {
              return logical([](auto &a, auto &b) { return a || b; },
                             [](auto &a, auto &b) { return a | b; });
            })
            .Case<arith::XOrIOp>([&](auto) {
              return logical([](auto &a, auto &b) { return a != b; },
                             [](auto &a, auto &b) { return a ^ b; });
            })
            .Case<arith::CmpIOp>([&](auto c) { return compare(c.getPredicate(), x[0], x[1]); })
            .Case<arith::CmpFOp>([&](auto c) { return compare(c.getPredicate(), x[0], x[1]); })
            .Case<arith::SelectOp>([&](auto) { return Halide::select(x[0], x[1], x[2]); })
            .Case<arith::NegFOp>([&](auto) { return -x[0]; })
            .Case<arith::IndexCastOp, arith::SIToFPOp, arith::UIToFPOp, arith::FPToUIOp,
                  arith::FPToSIOp, arith::ExtUIOp, arith::ExtFOp, arith::TruncFOp>(
                [&](auto) { return converted(); })
            .Case<math::FmaOp>([&](auto) { return x[2] + x[0] * x[1]; })
            .Case<math::ExpOp>([&](auto) { return Halide::exp(x[0]); })
            .Case<math::TanhOp>([&](auto) { return Halide::tanh(x[0]); })
            .Case<math::ErfOp>([&](auto) { return Halide::erf(x[0]); })
            .Case<math::SqrtOp>([&](auto) { return Halide::sqrt(x[0]); })
            .Case<math::AbsFOp>([&](auto) { return Halide::abs(x[0]); })
            .Case<math::FloorOp>([&](auto) { return Halide::floor(x[0]); })
            .Case<math::LogOp>([&](auto) { return Halide::log(x[0]); })
            .Default([](Operation *) { return std::nullopt; });
  if (!value)
    return op->emitOpError(
        "has no counterpart among Halide's expressions; legal: the operations of "
        "arith and math that srcc writes for layers (docs/halide.md)");
  return *value;
}
