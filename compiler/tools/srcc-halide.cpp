//===- srcc-halide.cpp - Halide as the second code generator --------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// What `srcc --codegen=halide` runs: algorithm and schedule in, Halide's code out.
//===----------------------------------------------------------------------===//
#include "compiler/halide/Emit.h"
#include "compiler/schedule/Passes.h"
#include "compiler/tools/Registration.h"
#include "dialects/sr/ModelFile.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/WithColor.h"

#include <csignal>
#include <cstdio>

using namespace mlir;
namespace cl = llvm::cl;

namespace {
enum class Form { Code, Stmt, DeviceCode, LoopNest };

struct Options {
  cl::OptionCategory category{"srcc-halide options"};
  cl::opt<std::string> input{cl::Positional, cl::Required, cl::cat(category),
                             cl::value_desc("FILE"),
                             cl::desc("FILE (what srcc --stop-after=sched writes)")};
  cl::opt<std::string> output{
      "o", cl::cat(category), cl::value_desc("FILE"),
      cl::desc("model.so: a shared library that srcc-run loads; model.o: an object, "
               "with its header model.h; with --emit the text (default then: "
               "standard output)")};
  cl::opt<std::string> target{"halide-target", cl::cat(category), cl::init("host"),
                              cl::value_desc("TARGET"),
                              cl::desc("Halide target: host (default), host-opencl, "
                                       "arm-64-android-vulkan, ...")};
  cl::opt<Form> emit{
      "emit", cl::cat(category), cl::init(Form::Code), cl::desc("Write as text:"),
      cl::values(clEnumValN(Form::Stmt, "stmt", "Halide's statement, after lowering"),
                 clEnumValN(Form::DeviceCode, "device-code", "the code for the device"),
                 clEnumValN(Form::LoopNest, "loop-nest", "Halide's loop nest"))};
  cl::opt<std::string> function{"function", cl::cat(category), cl::value_desc("NAME"),
                                cl::desc("Name of the function (default: the network's)")};
  cl::opt<std::string> precision{
      "precision", cl::cat(category), cl::init("f32"), cl::value_desc("P"),
      cl::desc("What a library says of itself: f32 (default), f16s or f16")};
  cl::opt<srcc::halide::Taps> taps{
      "taps", cl::cat(category), cl::init(srcc::halide::Taps::List),
      cl::desc("What a sparse reduction becomes:"),
      cl::values(
          clEnumValN(srcc::halide::Taps::List, "list", "a loop over a list of taps (default)"),
          clEnumValN(srcc::halide::Taps::Mask, "mask", "the dense loops under a condition"))};
  cl::opt<std::string> autoscheduler{
      "autoscheduler", cl::cat(category), cl::value_desc("NAME [KEY=VALUE]..."),
      cl::desc("Instead of the schedule: Adams2019, Li2018, Anderson2021 or Mullapudi2016, and its "
               "parameters, as 'Adams2019 parallelism=2 beam_size=8'")};
  cl::opt<std::string> size{"size", cl::cat(category), cl::init("640x360"), cl::value_desc("WxH"),
                            cl::desc("The autoscheduler's picture (default 640x360)")};
  cl::opt<bool> quiet{"quiet", cl::cat(category), cl::desc("Print errors only")};
};
Options *options;

LogicalResult fail(const llvm::Twine &message) {
  llvm::WithColor::error(llvm::errs(), "srcc-halide") << message << "\n";
  return failure();
}

LogicalResult fail(llvm::Error error) { return fail(llvm::toString(std::move(error))); }

LogicalResult writeText(llvm::StringRef text) {
  if (options->output.empty() || options->output == "-") {
    llvm::outs() << text;
    llvm::outs().flush();
    std::error_code error = llvm::outs().error();
    llvm::outs().clear_error();
    return error ? fail("cannot write to standard output: " + error.message()) : success();
  }
  llvm::Error error =
      llvm::writeToOutput(options->output, [&](llvm::raw_ostream &os) -> llvm::Error {
        os << text;
        return llvm::Error::success();
      });
  return error ? fail("cannot write " + llvm::toString(std::move(error))) : success();
}

/// Replays the schedule and writes what was asked for; says what was left out.
LogicalResult emit(srcc::sched::PipelineOp pipeline, const srcc::sched::Schedule &schedule,
                   const srcc::halide::ReplayOptions &how, const srcc::halide::ModelInfo &info,
                   int width, int height, std::vector<std::string> &leftOut) {
  const Halide::Target &target = how.target;
  llvm::StringRef output = options->output;
  auto replayed = srcc::halide::replay(pipeline, schedule, how);
  if (failed(replayed))
    return failure();
  leftOut = replayed->leftOut;
  if (!options->autoscheduler.empty()) {
    auto made =
        srcc::halide::autoschedule(*replayed, options->autoscheduler, target, height, width);
    if (!made)
      return fail(made.takeError());
  }

  std::string function = options->function;
  if (function.empty())
    for (char c : pipeline.getSymName())
      function += llvm::isAlnum(c) ? c : '_';
  if (function.empty() || llvm::isDigit(function[0]) ||
      !llvm::all_of(function, [](char c) { return llvm::isAlnum(c) || c == '_'; }))
    return fail("--function: '" + function + "' is no name in C");
  switch (options->emit) {
  case Form::LoopNest: {
    auto text = srcc::halide::loopNestOf(*replayed);
    return text ? writeText(*text) : fail(text.takeError());
  }
  case Form::Stmt:
  case Form::DeviceCode: {
    auto text =
        srcc::halide::textOf(*replayed, function, target,
                             options->emit == Form::Stmt ? Halide::OutputFileType::stmt
                                                         : Halide::OutputFileType::device_code);
    return text ? writeText(*text) : fail(text.takeError());
  }
  case Form::Code:
    break;
  }
  llvm::Error error =
      output.ends_with(".so")
          ? srcc::halide::writeLibrary(*replayed, pipeline, function, target, info, output)
          : srcc::halide::writeObject(*replayed, function, target, output);
  return error ? fail(std::move(error)) : success();
}

LogicalResult compile(MLIRContext *context) {
  llvm::StringRef output = options->output;
  bool isLibrary = output.ends_with(".so"), isObject = output.ends_with(".o");
  if (options->emit == Form::Code && !isLibrary && !isObject)
    return fail("needs -o MODEL.so or -o MODEL.o (or --emit)");
  int precision = llvm::StringSwitch<int>(options->precision.getValue())
                      .Case("f32", 0)
                      .Case("f16s", 1)
                      .Case("f16", 2)
                      .Default(-1);
  if (precision < 0)
    return fail("--precision is f32, f16s or f16, not '" + options->precision + "'");
  int width = 0, height = 0, end = 0;
  if (std::sscanf(options->size.c_str(), "%5dx%5d%n", &width, &height, &end) != 2 || width < 1 ||
      height < 1 || size_t(end) != options->size.size())
    return fail("--size is WIDTHxHEIGHT, not '" + options->size + "'");
  if (!Halide::Target::validate_target_string(options->target))
    return fail("--halide-target: '" + options->target +
                "' is no target of Halide's; legal: host or ARCH-BITS-OS, then features, as in "
                "arm-64-android-opencl");
  Halide::Target target(options->target);
  Halide::Target host = Halide::get_host_target();
  if (isLibrary && options->emit == Form::Code &&
      (target.arch != host.arch || target.os != host.os || target.bits != host.bits))
    return fail("a shared library is for this machine, " + host.to_string() + ", not " +
                target.to_string() + "; write an object (-o model.o)");
  if (options->emit == Form::DeviceCode && !target.has_gpu_feature())
    return fail("--emit=device-code: " + target.to_string() +
                " has no device; legal: a target with opencl, vulkan, metal, webgpu or cuda");

  OwningOpRef<ModuleOp> module = srcc::sr::readModuleFile(options->input, context);
  if (!module)
    return failure();
  auto pipelines = llvm::to_vector(module->getOps<srcc::sched::PipelineOp>());
  if (pipelines.size() != 1)
    return fail(options->input + " has " + llvm::Twine(pipelines.size()) +
                " pipelines; legal: one (srcc --stop-after=sched)");
  srcc::sched::PipelineOp pipeline = pipelines[0];
  srcc::sched::ScheduleOp scheduleOp;
  for (auto op : module->getOps<srcc::sched::ScheduleOp>())
    if (op.getPipeline() == pipeline.getSymName())
      scheduleOp = op;
  auto schedule = srcc::sched::readSchedule(pipeline, scheduleOp);
  if (failed(schedule))
    return failure();
  // srcc's own bounds: a schedule that it refuses is refused here too.
  OwningOpRef<ModuleOp> nests = module->clone();
  for (auto old : llvm::make_early_inc_range(nests->getOps<srcc::sched::LoopsOp>()))
    old.erase();
  PassManager pm(context);
  srcc::sched::buildLoopsPipeline(pm);
  if (failed(pm.run(*nests)))
    return failure();
  auto field = srcc::sr::recordedReceptiveField(*module);
  if (failed(field))
    return failure();
  srcc::halide::ModelInfo info{(*module)->getAttrOfType<srcc::sr::IOAttr>("sr.io"), precision,
                               *field};
  if (isLibrary && options->emit == Form::Code && !info.io)
    return fail(options->input + " does not say what its pictures are (sr.io), as a library must");

  // Metal's kernels cannot check anything, and Halide refuses to leave the checks out by itself.
  if (target.has_feature(Halide::Target::Metal))
    target.set_feature(Halide::Target::NoAsserts);
  srcc::halide::ReplayOptions how;
  how.target = target;
  for (auto loops : nests->getOps<srcc::sched::LoopsOp>())
    how.extents = srcc::halide::extentsOf(loops);
  how.schedule = options->autoscheduler.empty();
  how.taps = options->taps;
  std::vector<std::string> leftOut;
  LogicalResult emitted = failure();
  try {
    emitted = emit(pipeline, *schedule, how, info, width, height, leftOut);
  } catch (const Halide::Error &error) {
    // Of Halide 21, from its device's text at the end: a condition on vectors that it cannot write.
    if (!llvm::StringRef(error.what()).contains("extract_mask_element"))
      throw;
    how.guardedVectors = false;
    emitted = emit(pipeline, *schedule, how, info, width, height, leftOut);
  }
  if (failed(emitted) || options->quiet)
    return emitted;
  for (const std::string &what : leftOut)
    llvm::errs() << "srcc-halide: left out, since Halide has no counterpart: " << what << "\n";
  if (options->emit == Form::Code)
    llvm::errs() << "srcc: wrote " << output << " with Halide for " << target.to_string() << "\n";
  return success();
}
} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  Options parsed;
  options = &parsed;
  std::signal(SIGXFSZ, SIG_IGN); // a file that may not grow is an error of writing, not a crash
  cl::HideUnrelatedOptions(parsed.category);
  cl::ParseCommandLineOptions(
      argc, argv,
      "Replays an algorithm and its schedule on Halide. `srcc --codegen=halide` "
      "runs this program.\n");
  DialectRegistry registry;
  srcc::registerDialects(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context);
  context.printOpOnDiagnostic(false);
  try {
    return succeeded(compile(&context)) ? 0 : 1;
  } catch (const Halide::Error &error) { // no std::exception
    (void)fail(llvm::StringRef(error.what()).rtrim());
    return 1;
  }
}
