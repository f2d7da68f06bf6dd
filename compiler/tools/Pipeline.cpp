//===- Pipeline.cpp - From a model's file to kernels ----------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/tools/Pipeline.h"
#include "compiler/devices/Device.h"

#include "compiler/cost/LayerList.h"
#include "compiler/passes/Passes.h"
#include "compiler/schedule/Passes.h"
#include "dialects/sr/ModelFile.h"
#include "frontend/Onnx.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;

static OwningOpRef<ModuleOp> fail(const llvm::Twine &message) {
  llvm::WithColor::error(llvm::errs(), "srcc") << message << "\n";
  return {};
}

OwningOpRef<ModuleOp> srcc::readModelOrPhase(StringRef path, MLIRContext *context, StringRef color,
                                             StringRef range, bool quiet) {
  if (!path.ends_with(".onnx")) {
    if (!color.empty() || !range.empty())
      return fail("--color and --range are what ONNX files do not say; '" + path +
                  "' has them in its sr.io");
    OwningOpRef<ModuleOp> module = sr::readModuleFile(path, context);
    // A later phase, written by --stop-after, has no network any more.
    if (module && module->getOps<sched::PipelineOp>().empty() &&
        module->getOps<gpu::GPUModuleOp>().empty() && failed(sr::verifyModel(*module)))
      return {};
    return module;
  }
  onnx::OnnxOptions options;
  if (!color.empty()) {
    auto parsed = onnx::parseColor(color);
    if (failed(parsed))
      return fail("--color is rgb, bgr, y or none, not '" + color + "'");
    options.color = *parsed;
  }
  if (!range.empty()) {
    auto parsed = onnx::parseRange(range);
    if (failed(parsed))
      return fail("--range is LO:HI with LO < HI, not '" + range + "'");
    options.range = *parsed;
  }
  std::vector<std::string> notes;
  auto module = onnx::importOnnx(path, context, options, &notes);
  if (module && !quiet)
    for (auto &note : notes)
      llvm::errs() << "srcc: " << note << "\n";
  return module;
}

LogicalResult srcc::simplifyModel(ModuleOp module, StringRef target) {
  if (module.getOps<func::FuncOp>().empty())
    return success();
  auto device = srcc::loadDevice(target);
  if (!device)
    return module.emitError(llvm::toString(device.takeError()));
  sr::ShrinkOptions shrink;
  if (device->kind == srcc::DeviceKind::GPU)
    shrink.multiple = 4; // their default schedules compute so many at a time
  PassManager pm(module.getContext());
  pm.addPass(createCanonicalizerPass());
  pm.addNestedPass<func::FuncOp>(sr::createShrink(shrink));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addNestedPass<func::FuncOp>(sr::createReorderFilters());
  pm.addNestedPass<func::FuncOp>(sr::createInferSparsity());
  return pm.run(module);
}

LogicalResult srcc::lowerToKernels(ModuleOp module, const PipelineOptions &options) {
  if (!module.getOps<gpu::GPUModuleOp>().empty())
    return success();
  return success(succeeded(lowerToSharedKernels(module, options)) &&
                 succeeded(lowerToVectors(module)));
}

LogicalResult srcc::lowerToSharedKernels(ModuleOp module, const PipelineOptions &options) {
  if (failed(simplifyModel(module, options.target)))
    return failure();
  PassManager pm(module.getContext());
  sched::SRToSchedOptions algorithm;
  algorithm.precision = options.precision;
  algorithm.target = options.target;
  algorithm.winograd = winogradOf(options.winograd, options.fusion);
  pm.addPass(sched::createSRToSched(algorithm));
  sched::SchedDefaultOptions defaults;
  defaults.target = options.target;
  defaults.precision = options.precision;
  defaults.fusion = options.fusion;
  pm.addPass(sched::createSchedDefault(defaults));
  sched::buildSharedKernelsPipeline(pm, !module.getOps<sched::LoopsOp>().empty());
  return pm.run(module);
}

LogicalResult srcc::lowerToVectors(ModuleOp module) {
  PassManager pm(module.getContext());
  sched::buildVectorsPipeline(pm);
  return pm.run(module);
}

OwningOpRef<ModuleOp> srcc::profileKit(uint64_t number, MLIRContext *context) {
  cost::LayerList list = cost::randomLayers(number, /*groups=*/8);
  list.name = "profile_kit_" + std::to_string(number);
  return cost::buildNetwork(list, context);
}

std::optional<uint64_t> srcc::profileKitNumber(StringRef model) {
  uint64_t number;
  if (!model.consume_front("profile_kit_") || model.getAsInteger(10, number))
    return std::nullopt;
  return number;
}
