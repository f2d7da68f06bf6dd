//===- AllPasses.td - The page of all passes, build/docs/passes.md ----------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
include "compiler/passes/Passes.td"
include "compiler/schedule/Passes.td"
