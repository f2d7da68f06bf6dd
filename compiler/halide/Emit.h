//===- Emit.h - What Halide's code is written as ----------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_HALIDE_EMIT_H
#define SRCC_COMPILER_HALIDE_EMIT_H

#include "compiler/halide/Replay.h"
#include "dialects/sr/ReceptiveField.h"
#include "dialects/sr/SR.h"

#include "llvm/Support/Error.h"

namespace srcc::halide {

/// What a library says about itself, beside what the pipeline says.
struct ModelInfo {
  sr::IOAttr io;
  int precision = 0;                       ///< of format/compiled.h
  std::optional<sr::ReceptiveField> field; ///< nothing: the whole picture
};

/// Object and C header, `path` and the same with .h, for any target. Files appear whole or not at
/// all, here and below; Halide's errors are thrown.
llvm::Error writeObject(Replayed &replayed, llvm::StringRef function, const Halide::Target &target,
                        llvm::StringRef path);

/// A shared library with the function of format/compiled.h. Needs a C compiler: $CC, cc, clang or
/// gcc.
llvm::Error writeLibrary(Replayed &replayed, sched::PipelineOp pipeline, llvm::StringRef function,
                         const Halide::Target &target, const ModelInfo &info, llvm::StringRef path);

/// Halide's statement, or the text of its device code.
llvm::Expected<std::string> textOf(Replayed &replayed, llvm::StringRef function,
                                   const Halide::Target &target, Halide::OutputFileType type);

/// Halide's loop nest.
llvm::Expected<std::string> loopNestOf(Replayed &replayed);

/// Schedules every stage by an autoscheduler of Halide's ("Adams2019", "Li2018", "Anderson2021",
/// "Mullapudi2016") for pictures of that size, and returns its schedule as C++. Parameters of the
/// autoscheduler follow its name: "Adams2019 parallelism=2 beam_size=8".
llvm::Expected<std::string> autoschedule(Replayed &replayed, llvm::StringRef words,
                                         const Halide::Target &target, int height, int width);

} // namespace srcc::halide

#endif // SRCC_COMPILER_HALIDE_EMIT_H
