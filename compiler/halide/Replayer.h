//===- Replayer.h - A replay while it lasts ---------------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_HALIDE_REPLAYER_H
#define SRCC_COMPILER_HALIDE_REPLAYER_H

#include "compiler/halide/Replay.h"

namespace srcc::halide {

/// A stage computed in one place: one Func. A stage has several if it is computed at several
/// consumers.
struct Instance {
  sched::StageOp stage;
  const sched::StageSchedule *schedule = nullptr;
  Instance *consumer = nullptr; ///< that it is computed at; null at the root
  std::string loop;             ///< of the consumer
  Halide::Func func;
  mlir::Type stored;                                   ///< element type in memory
  std::vector<std::vector<Halide::RVar>> reductions{}; ///< per definition, in the order of names
  std::vector<std::vector<std::string>> names{};       ///< of these
  std::vector<sched::Definition> definitions{}; ///< loops and transforms as Halide is told of them
};

/// What a stage stores outside its domain: its readers' exterior value.
struct Surroundings {
  float value = 0;
  mlir::SmallVector<bool> dims; ///< that a reader goes beyond
};

/// Builds Halide's Funcs and their schedules, stage by stage. Private to this folder.
class Replayer {
public:
  Replayer(sched::PipelineOp pipeline, const sched::Schedule &schedule,
           const ReplayOptions &options)
      : pipeline(pipeline), schedule(schedule), options(options),
        onDevice(options.target.has_gpu_feature()),
        widestVector(options.target.has_feature(Halide::Target::OpenCL) ? 16 : 4) {}
  mlir::FailureOr<Replayed> run();

private:
  // Algorithm.
  void findSurroundings();
  mlir::FailureOr<Instance *> get(sched::StageOp stage, Instance *reader, sched::ReadOp read);
  mlir::LogicalResult define(Instance &instance);
  mlir::LogicalResult update(Instance &instance, unsigned number, mlir::ArrayRef<Halide::Expr> at);
  mlir::FailureOr<Halide::Expr> evaluate(mlir::Region &region,
                                         mlir::ArrayRef<Halide::Expr> arguments, Instance *reader,
                                         const std::pair<mlir::Operation *, Halide::Expr> &known =
                                             std::pair<mlir::Operation *, Halide::Expr>());
  mlir::FailureOr<Halide::Expr> read(sched::ReadOp op, mlir::ArrayRef<Halide::Expr> indices,
                                     Instance *reader);
  mlir::FailureOr<Halide::Expr> valueAt(sched::ReadOp op, mlir::Operation *source,
                                        mlir::ArrayRef<Halide::Expr> indices, Instance *reader);
  mlir::FailureOr<Halide::Expr> tableAt(sched::TableOp table, mlir::ArrayRef<Halide::Expr> indices);
  mlir::FailureOr<Halide::Buffer<>> bufferOf(sched::TableOp table);
  Halide::Expr size(int64_t axis) { return axis ? input.dim(0).extent() : input.dim(1).extent(); }
  Halide::Expr affine(mlir::AffineExpr e);
  Halide::Expr affine(mlir::AffineMap map, unsigned result) {
    return affine(map.getResult(result));
  }

  // Schedule.
  mlir::LogicalResult apply(Instance &instance);
  void applyStorage(Instance &instance);
  void applyLoops(Instance &instance, unsigned number);
  mlir::LogicalResult applyPrefetches(Instance &instance);
  void applyComputeWith(Instance &instance);
  Halide::VarOrRVar loop(Instance &instance, unsigned number, llvm::StringRef name);
  int64_t stepsIn(Instance &instance, const sched::Definition &definition, llvm::StringRef name);
  Halide::LoopLevel level(Instance &instance, llvm::StringRef name);
  void leaveOut(const llvm::Twine &what) {
    std::string text = what.str();
    if (!llvm::is_contained(result.leftOut, text))
      result.leftOut.push_back(text);
  }

  sched::PipelineOp pipeline;
  const sched::Schedule &schedule;
  const ReplayOptions &options;
  const bool onDevice;
  const int64_t widestVector; ///< of a device: OpenCL has 16 elements, other languages 4
  Halide::ImageParam input;
  sched::InputOp inputOp;
  Replayed result;
  std::vector<std::unique_ptr<Instance>> instances; // consumers after producers
  std::map<std::pair<mlir::Operation *, Instance *>, Instance *> places;
  llvm::DenseMap<mlir::Operation *, Halide::Buffer<>> buffers;
  llvm::DenseMap<mlir::Operation *, Surroundings> surroundings;
};

/// Whether a loop has, for Halide, a reduction variable: it or a part of it reduces.
bool hasReduction(const sched::Definition &definition, mlir::ArrayRef<llvm::StringRef> rdims,
                  llvm::StringRef name);
/// Reduction dimensions of an update, or none of a pure definition.
mlir::SmallVector<llvm::StringRef> reductionNames(sched::StageOp stage, unsigned number);
/// As Halide's names may be.
std::string funcName(llvm::StringRef name);
/// An index that is likely to lie in [0, extent), and there in any case.
Halide::Expr clampTo(const Halide::Expr &index, const Halide::Expr &extent);
/// Clamps an index, and adds to `outside` that it lay beyond.
void goesBeyond(Halide::Expr &index, const Halide::Expr &extent, Halide::Expr &outside);
/// The value of a read outside its source; zero if it does not say.
float exteriorOf(sched::ReadOp op);

} // namespace srcc::halide

#endif // SRCC_COMPILER_HALIDE_REPLAYER_H
