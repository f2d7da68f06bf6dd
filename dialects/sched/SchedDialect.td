//===- SchedDialect.td - Algorithm and schedule, apart --------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_DIALECTS_SCHED_SCHEDDIALECT_TD
#define SRCC_DIALECTS_SCHED_SCHEDDIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

def Sched_Dialect : Dialect {
  let name = "sched";
  let useDefaultAttributePrinterParser = 1;
  let cppNamespace = "::srcc::sched";
  let summary = "Halide's algorithm and schedule as two operations";
  let description = [{
    A `sched.pipeline` is an algorithm: stages (Halide's `Func`) that define a value at every
    point of their domain. A `sched.schedule` says where and in which order the points are
    computed and where they are stored; it never changes a value (`store_in ... as f16` alone
    may round). `sched-to-loops` turns both into loop IR (`sched.for`, `sched.realize`,
    `sched.produce`, `sched.load`, `sched.store`), which the later passes lower step by step.

    Sizes are functions of the input's height and width: affine maps over two symbols,
    `s0` = H and `s1` = W.
  }];
}

#endif // SRCC_DIALECTS_SCHED_SCHEDDIALECT_TD
