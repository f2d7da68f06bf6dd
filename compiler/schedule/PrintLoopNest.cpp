//===- PrintLoopNest.cpp - Pseudo-code of loop nests ----------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/schedule/IndexExpr.h"
#include "compiler/schedule/Passes.h"
#include "compiler/schedule/Schedule.h"

#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace srcc::sched;

/// Whether a stage at the root is computed inside the loops of another.
static bool sharesLoops(ProduceOp produce) {
  auto loops = produce->getParentOfType<LoopsOp>();
  return produce->getParentOp() != loops &&
         llvm::any_of(loops.getBody().getOps<RealizeOp>(),
                      [&](RealizeOp realize) { return realize.getStage() == produce.getStage(); });
}

static void printBlock(Block &block, llvm::raw_ostream &os, unsigned indent) {
  for (Operation &op : block) {
    if (auto realize = dyn_cast<RealizeOp>(op)) {
      // As Halide, only where a stage is stored outside the loop it is computed at; tables and
      // inputs are not computed at all.
      ProduceOp produced;
      block.walk([&](ProduceOp produce) {
        if (produce.getStage() == realize.getStage())
          produced = produce;
      });
      if (produced && produced->getBlock() != &block && !isa<LoopsOp>(block.getParentOp())) {
        os.indent(indent) << "store " << realize.getStage() << ":\n";
        indent += 2;
      }
    } else if (auto produce = dyn_cast<ProduceOp>(op)) {
      if (sharesLoops(produce)) { // named above, where the loops begin
        printBlock(produce.getBody().front(), os, indent);
        continue;
      }
      os.indent(indent) << "produce " << produce.getStage();
      if (auto repeat = Repeat::read(produce))
        os << " (repeat " << repeat->iteration << " of " << repeat->iterations << ")";
      os << ":\n";
      unsigned inner = indent + 2;
      produce.walk<WalkOrder::PreOrder>([&](ProduceOp other) {
        if (other == produce || !sharesLoops(other))
          return;
        os.indent(inner) << "produce " << other.getStage() << ":\n";
        inner += 2;
      });
      printBlock(produce.getBody().front(), os, inner);
    } else if (auto loop = dyn_cast<ForOp>(op)) {
      // As Halide, which does not print loops of one iteration.
      if (IndexExpr::get(loop.getExtent()).constant() == 1) {
        printBlock(loop.getBody().front(), os, indent);
        continue;
      }
      StringRef word = "for";
      switch (loop.getKind()) {
      case LoopKind::Serial:
        break;
      case LoopKind::Unrolled:
        word = "unrolled";
        break;
      case LoopKind::Vectorized:
        word = "vectorized";
        break;
      case LoopKind::GpuBlock:
        word = "gpu_block";
        break;
      case LoopKind::GpuThread:
        word = "gpu_thread";
        break;
      }
      os.indent(indent) << word << " " << loop.getName();
      // Halide prints the range of loops of constant extent.
      if (auto extent = IndexExpr::get(loop.getExtent()).constant())
        if (auto min = IndexExpr::get(loop.getMin()).constant())
          os << " in [" << *min << ", " << *min + *extent - 1 << "]";
      os << ":\n";
      printBlock(loop.getBody().front(), os, indent + 2);
    } else if (auto branch = dyn_cast<scf::IfOp>(op)) {
      os.indent(indent) << "if inside:\n";
      printBlock(*branch.thenBlock(), os, indent + 2);
      if (Block *otherwise = branch.elseBlock()) {
        os.indent(indent) << "else:\n";
        printBlock(*otherwise, os, indent + 2);
      }
    } else if (auto touch = dyn_cast<TouchOp>(op)) {
      os.indent(indent) << "prefetch " << touch.getSource() << "(...)\n";
    } else if (auto store = dyn_cast<StoreOp>(op)) {
      os.indent(indent) << store.getStage() << "(...) = ...\n";
    }
  }
}

void srcc::sched::printLoopNest(LoopsOp loops, llvm::raw_ostream &os) {
  printBlock(loops.getBody().front(), os, 0);
}
