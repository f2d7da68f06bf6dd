//===- ConvertSR.h - Layers become stages: the converter --------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Private to this folder: ConvertSR.cpp has the layers in their mathematical form, of which
// Convolutions.cpp and Resampling.cpp have the longer ones, Winograd.cpp another form of
// convolutions.
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_SCHEDULE_CONVERTSR_H
#define SRCC_COMPILER_SCHEDULE_CONVERTSR_H

#include "compiler/schedule/Passes.h"
#include "dialects/sr/Accumulation.h"
#include "dialects/sr/SR.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

namespace srcc::sched {

/// A feature map as channels of a stage: the stage's name; channels, height and width over s0 = H,
/// s1 = W; its element type, if it is not the one the pipeline computes in; its first channel in
/// the stage.
struct StageRef {
  std::string name;
  mlir::AffineExpr c, y, x;
  mlir::Type type = {};
  int64_t first = 0;

  /// A part of the channels.
  StageRef slice(int64_t from, mlir::AffineExpr channels) const {
    return {name, channels, y, x, type, first + from};
  }
};

class Converter {
public:
  Converter(mlir::func::FuncOp func, srcc::sr::IOAttr io, bool half, int64_t leastWinograd)
      : func(func), io(io), context(func.getContext()), builder(context),
        element(half ? mlir::Type(builder.getF16Type()) : mlir::Type(builder.getF32Type())),
        leastWinograd(leastWinograd) {}
  mlir::LogicalResult run();

private:
  using Body = llvm::function_ref<mlir::Value(mlir::ValueRange at)>;
  using UpdateBody = llvm::function_ref<mlir::Value(mlir::ValueRange at, mlir::Value self)>;
  struct Reduction {
    mlir::SmallVector<std::pair<std::string, mlir::AffineExpr>> rdims;
    std::function<mlir::Value(mlir::ValueRange at, mlir::Value self)> body;
  };

  // Building blocks.
  std::string unique(mlir::StringRef hint);
  std::string nameOf(mlir::Operation *op);
  mlir::AffineMap domain(mlir::ArrayRef<mlir::AffineExpr> extents) {
    return mlir::AffineMap::get(0, 2, extents, context);
  }
  mlir::AffineExpr number(int64_t n) { return getAffineConstantExpr(n, context); }
  StageOp stage(mlir::StringRef name, const StageRef &shape, Body body);
  StageRef pointwise(mlir::Operation *op, const StageRef &shape, Body body);
  StageRef reduce(mlir::Operation *op, const StageRef &shape, mlir::Type sumType, Body init,
                  mlir::ArrayRef<Reduction> reductions, mlir::AffineExpr macs,
                  llvm::function_ref<mlir::Value(mlir::ValueRange at, mlir::Value sum)> epilogue);
  void reduceInto(const StageRef &result, mlir::StringRef layer, mlir::Type sumType, Body init,
                  mlir::ArrayRef<Reduction> reductions, mlir::AffineExpr macs,
                  llvm::function_ref<mlir::Value(mlir::ValueRange at, mlir::Value sum)> epilogue);
  void weigh(mlir::Operation *op, const StageRef &shape, mlir::ArrayRef<std::string> biases,
             mlir::ArrayRef<Reduction> reductions, mlir::AffineExpr macs);
  mlir::Type sumTypeOf(mlir::Operation *op);
  std::string table(mlir::StringRef name, mlir::ArrayRef<int64_t> shape,
                    mlir::ArrayRef<float> values);
  std::string tableOf(mlir::Value constant);
  std::string tableOf(mlir::Value constant, mlir::ArrayRef<int64_t> shape);
  mlir::Value read(const StageRef &from, mlir::ValueRange at, Exterior exterior = Exterior::None,
                   std::optional<float> value = std::nullopt);
  mlir::Value readTable(mlir::StringRef name, mlir::ValueRange at);

  // Arithmetic.
  mlir::Value cst(int64_t n) { return mlir::arith::ConstantIndexOp::create(builder, loc, n); }
  mlir::Value constant(mlir::Type type, float v) {
    return mlir::arith::ConstantOp::create(builder, loc, builder.getFloatAttr(type, v));
  }
  mlir::Value f32(float v) { return constant(builder.getF32Type(), v); }
  /// A number in the type that the pipeline computes in.
  mlir::Value real(float v) { return constant(element, v); }
  /// From the pipeline's type to f32, and back.
  mlir::Value wide(mlir::Value v) {
    return v.getType().isF32() ? v : make<mlir::arith::ExtFOp>(mlir::Type(builder.getF32Type()), v);
  }
  mlir::Value narrow(mlir::Value v) {
    return v.getType() == element ? v : make<mlir::arith::TruncFOp>(element, v);
  }
  mlir::Value add(mlir::Value a, mlir::Value b) {
    return binary<mlir::arith::AddIOp, mlir::arith::AddFOp>(a, b);
  }
  mlir::Value sub(mlir::Value a, mlir::Value b) {
    return binary<mlir::arith::SubIOp, mlir::arith::SubFOp>(a, b);
  }
  mlir::Value mul(mlir::Value a, mlir::Value b) {
    return binary<mlir::arith::MulIOp, mlir::arith::MulFOp>(a, b);
  }
  mlir::Value plus(mlir::Value a, int64_t n) { return n ? add(a, cst(n)) : a; }
  mlir::Value times(mlir::Value a, int64_t n) { return n == 1 ? a : mul(a, cst(n)); }
  mlir::Value over(mlir::Value a, mlir::Value n) {
    return mlir::arith::FloorDivSIOp::create(builder, loc, a, n);
  }
  mlir::Value over(mlir::Value a, int64_t n) { return n == 1 ? a : over(a, cst(n)); }
  mlir::Value mod(mlir::Value a, int64_t n) {
    return mlir::arith::RemUIOp::create(builder, loc, a, cst(n));
  }
  mlir::Value size(mlir::AffineExpr e);
  mlir::Value toFloat(mlir::Value index) {
    mlir::Value i = mlir::arith::IndexCastOp::create(builder, loc, builder.getI32Type(), index);
    return mlir::arith::SIToFPOp::create(builder, loc, builder.getF32Type(), i);
  }
  mlir::Value fma(mlir::Value a, mlir::Value b, mlir::Value c) {
    return mlir::math::FmaOp::create(builder, loc, a, b, c);
  }
  /// sum + a b in the type of the sum; products of halves are exact in f32.
  mlir::Value accumulate(mlir::Value a, mlir::Value b, mlir::Value sum) {
    return sum.getType().isF32() ? fma(wide(a), wide(b), sum) : fma(a, b, sum);
  }
  template <typename IntOp, typename FloatOp> mlir::Value binary(mlir::Value a, mlir::Value b) {
    if (a.getType().isIndex())
      return IntOp::create(builder, loc, a, b);
    return FloatOp::create(builder, loc, a, b);
  }
  template <typename Op, typename... Args> mlir::Value make(Args... args) {
    return Op::create(builder, loc, args...);
  }

  // Layers.
  mlir::LogicalResult layer(mlir::Operation &op);
  struct Sum {
    StageRef shape;
    mlir::SmallVector<Reduction> reductions;
    mlir::SmallVector<std::string> biases;
    mlir::AffineExpr macs;
  };
  mlir::LogicalResult addConv(srcc::sr::Conv2DOp op, Sum &sum);
  mlir::LogicalResult conv(mlir::ArrayRef<srcc::sr::Conv2DOp> convs, mlir::Operation *result);
  bool isWinograd(srcc::sr::Conv2DOp op);
  mlir::LogicalResult winograd(srcc::sr::Conv2DOp op, mlir::Operation *result);
  mlir::Value combine(mlir::ArrayRef<float> factors, mlir::ValueRange values);
  mlir::SmallVector<mlir::Value> transformInputs(mlir::ArrayRef<std::vector<float>> rows,
                                                 mlir::ValueRange values);
  mlir::SmallVector<mlir::Value> transformProducts(mlir::ArrayRef<std::vector<float>> rows,
                                                   mlir::ValueRange values);
  mlir::Value choose(mlir::Value row, mlir::ArrayRef<mlir::Value> rows);
  mlir::LogicalResult convTranspose(srcc::sr::ConvTranspose2DOp op);
  mlir::LogicalResult resize(srcc::sr::ResizeOp op);
  void globalPool(mlir::Operation *op, bool deviation);
  void ends(const StageRef &result);
  void fromPixels(const StageRef &input, llvm::StringRef pixels);
  void pruneUnread();
  StageRef of(mlir::Value v);
  StageRef shapeOf(mlir::Value result, mlir::AffineExpr y, mlir::AffineExpr x) {
    return {"", number(srcc::sr::getMapShape(result.getType()).c), y, x};
  }

  mlir::func::FuncOp func;
  srcc::sr::IOAttr io;
  mlir::MLIRContext *context;
  mlir::OpBuilder builder;
  mlir::Type element;    ///< that the pipeline computes in: f32 or f16
  int64_t leastWinograd; ///< channels in from which on convolutions take the form of Winograd.cpp
  mlir::Location loc = mlir::UnknownLoc::get(context);
  PipelineOp pipeline;
  llvm::DenseMap<mlir::Value, StageRef> stages;
  llvm::DenseMap<mlir::Value, std::string> tables;
  llvm::StringSet<> names;
};

/// Size of a window's output: floor((n + pads - dilation (k - 1) - 1) / stride) + 1.
mlir::AffineExpr windowed(mlir::AffineExpr n, int64_t pads, int64_t k, int64_t dilation,
                          int64_t stride);

} // namespace srcc::sched

#endif // SRCC_COMPILER_SCHEDULE_CONVERTSR_H
