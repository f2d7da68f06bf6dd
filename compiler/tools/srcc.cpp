//===- srcc.cpp - The compiler driver -------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/devices/Device.h"
#include "compiler/emit/OpenCLPrinter.h"
#include "compiler/emit/PackageWriter.h"
#include "compiler/passes/Passes.h"
#include "compiler/schedule/Passes.h"
#include "compiler/tools/Pipeline.h"
#include "compiler/tools/Registration.h"
#include "compiler/tools/StaticReport.h"
#include "compiler/tune/Records.h"
#include "dialects/sr/Interpreter.h"
#include "dialects/sr/ModelFile.h"
#include "dialects/sr/ReceptiveField.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Remarks/RemarkSerializer.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/Support/WithColor.h"

#include <csignal>
#include <random>

using namespace mlir;
namespace cl = llvm::cl;

namespace {
enum class Phase { Import, SR, Sched, Loops, OpenCL, Package };

/// Made in main, once the options of LLVM that have the same names are out of the way.
struct Options {
  cl::OptionCategory category{"srcc options"};
  cl::opt<std::string> input{cl::Positional, cl::cat(category), cl::value_desc("MODEL"),
                             cl::desc("MODEL (.onnx, .mlir or .mlirbc)")};
  cl::opt<std::string> output{"o", cl::cat(category), cl::value_desc("FILE"),
                              cl::desc("Package to write; with --stop-after or --emit the text "
                                       "(default then: standard output)")};
  cl::opt<std::string> target{"target", cl::cat(category), cl::init("host"), cl::value_desc("DEV"),
                              cl::desc("Device: host (default), pocl-cpu, adreno640, adreno650, "
                                       "mali-g77, or a device file (.json)")};
  cl::opt<std::string> precision{"precision", cl::cat(category), cl::init("f32"),
                                 cl::value_desc("P"),
                                 cl::desc("f32 (default); f16s: halves in memory, f32 arithmetic; "
                                          "f16: half arithmetic, for devices that have it")};
  cl::opt<std::string> scheduleFile{"schedule", cl::cat(category), cl::value_desc("FILE"),
                                    cl::desc("File with a sched.schedule to use instead of the "
                                             "device's default; 'naive' for none at all")};
  cl::opt<Phase> stopAfter{
      "stop-after", cl::cat(category), cl::init(Phase::Package),
      cl::desc("Stop after a phase and write its IR, which srcc reads again:"),
      cl::values(clEnumValN(Phase::Import, "import", "the model as imported"),
                 clEnumValN(Phase::SR, "sr", "the simplified model"),
                 clEnumValN(Phase::Sched, "sched", "algorithm and schedule"),
                 clEnumValN(Phase::Loops, "loops", "loop nests with bounds"),
                 clEnumValN(Phase::OpenCL, "opencl", "kernels and the host's program"))};
  cl::opt<std::string> emit{
      "emit", cl::cat(category), cl::value_desc("FORM"),
      cl::desc("opencl: write the kernels as OpenCL C; schedule: write the schedule, for "
               "--schedule; with --codegen=halide stmt or device-code")};
  cl::opt<std::string> codegen{
      "codegen", cl::cat(category), cl::init("opencl"), cl::value_desc("G"),
      cl::desc("opencl (default), or halide: the same stages and schedule on "
               "Halide, into -o MODEL.so or MODEL.o")};
  cl::opt<std::string> halideTarget{
      "halide-target", cl::cat(category), cl::init("host"), cl::value_desc("T"),
      cl::desc("What Halide generates code for: host (default), host-opencl, "
               "arm-64-android-vulkan, ...; --target remains the device "
               "whose default schedule is taken")};
  cl::opt<bool> loopNest{"print-loop-nest", cl::cat(category),
                         cl::desc("Write the loop nests as pseudo-code")};
  cl::opt<std::string> color{
      "color", cl::cat(category), cl::value_desc("C"),
      cl::desc("ONNX: meaning of the channels, rgb, bgr, y, or none (no colours, any number) "
               "(default: 3 rgb, 1 y)")};
  cl::opt<std::string> range{
      "range", cl::cat(category), cl::value_desc("LO:HI"),
      cl::desc("ONNX: values of black and white (default 0:1, or 0:255 if the "
               "network clips at 255)")};
  cl::opt<bool> noGolden{
      "no-golden", cl::cat(category),
      cl::desc("Leave out the picture by which the runtime checks a new driver")};
  cl::opt<uint64_t> kit{
      "profile-kit", cl::cat(category), cl::init(0), cl::value_desc("N"),
      cl::desc("Instead of a MODEL: the kernels that srcc-bench --profile measures, kit N "
               "(0, 1, ...; odd ones are compiled with --no-fusion)")};
  cl::opt<int64_t> winograd{
      "winograd", cl::cat(category), cl::init(-1), cl::value_desc("N"),
      cl::desc(
          "Convolutions of 3x3 and at least N channels in, N/3 out, at most two thirds of whose "
          "weights are zero, are computed in Winograd's form, with fewer products and other "
          "rounding; 0: none (default: winograd_channels of the device; with --no-fusion none)")};
  cl::opt<bool> noFusion{"no-fusion", cl::cat(category),
                         cl::desc("Default schedules: a kernel for each layer and its epilogue")};
  cl::opt<std::string> tune{
      "tune", cl::cat(category), cl::ValueOptional, cl::value_desc("N"),
      cl::desc("Look for a faster schedule than the default one: N trials (100), judged by the "
               "cost model; --emit=schedule writes what was found")};
  cl::opt<std::string> tuneMeasure{
      "tune-measure", cl::cat(category), cl::ValueOptional, cl::value_desc("K"),
      cl::desc("--tune: measure the best K (4) and the default one on the present OpenCL device "
               "(srcc-bench), and take the fastest")};
  cl::opt<unsigned> tuneRounds{"tune-rounds", cl::cat(category), cl::init(9), cl::value_desc("R"),
                               cl::desc("--tune-measure: how often all are measured in turn (9)")};
  cl::opt<std::string> tuneSize{
      "tune-size", cl::cat(category), cl::init("640x360"), cl::value_desc("WxH"),
      cl::desc("--tune: size of the picture that is tuned for (640x360)")};
  cl::opt<uint64_t> tuneSeed{"tune-seed", cl::cat(category), cl::init(1), cl::value_desc("S"),
                             cl::desc("--tune: what is tried follows from it (1)")};
  cl::opt<std::string> tuneRecords{
      "tune-records", cl::cat(category), cl::value_desc("FILE"),
      cl::desc("--tune: SQLite file of what was tried and measured before; made if missing")};
  cl::opt<std::string> tuneJson{"tune-json", cl::cat(category), cl::value_desc("FILE"),
                                cl::desc("--tune: write a summary")};
  cl::opt<uint64_t> randomSchedule{
      "random-schedule", cl::cat(category), cl::init(0), cl::value_desc("S"),
      cl::desc("Instead of the default schedule one with random choices from this seed, "
               "which may not be legal: for tests and measurements")};
  cl::opt<std::string> remarks{"remarks", cl::cat(category), cl::ValueOptional,
                               cl::value_desc("CATEGORY"),
                               cl::desc("Print what was decided and why: everything, or of the "
                                        "categories (regular expression) given; a pass's remarks "
                                        "have its name, the importer's 'import'")};
  cl::opt<std::string> remarksFile{"remarks-file", cl::cat(category), cl::value_desc("FILE"),
                                   cl::desc("Write the remarks to this file as YAML instead")};
  cl::opt<bool> staticReport{
      "static-report", cl::cat(category),
      cl::desc("Write what phones' compilers (SRCC_MOBILE_CLC) make of the kernels: "
               "instructions, registers, spills")};
  cl::opt<bool> quiet{"quiet", cl::cat(category), cl::desc("Print errors only")};
};
Options *options;
std::string ownPath; ///< of this program

LogicalResult fail(const llvm::Twine &message) {
  llvm::WithColor::error(llvm::errs(), "srcc") << message << "\n";
  return failure();
}

/// Writes text to -o or standard output; a file appears whole or not at all.
LogicalResult writeText(llvm::function_ref<void(llvm::raw_ostream &)> print) {
  if (options->output.empty() || options->output == "-") {
    print(llvm::outs());
    return success();
  }
  llvm::Error error =
      llvm::writeToOutput(options->output, [&](llvm::raw_ostream &os) -> llvm::Error {
        print(os);
        return llvm::Error::success();
      });
  if (error)
    return fail("cannot write " + llvm::toString(std::move(error)));
  return success();
}

/// IR as a file that srcc reads again (bytecode if it is a .mlirbc); on standard output, for
/// people, without large weights.
LogicalResult writeIR(ModuleOp module) {
  if (!options->output.empty() && options->output != "-")
    return srcc::sr::writeModelFile(module, options->output);
  OpPrintingFlags flags;
  flags.elideLargeElementsAttrs(16);
  flags.elideLargeResourceString(64);
  module->print(llvm::outs(), flags);
  llvm::outs() << "\n";
  return success();
}

OwningOpRef<ModuleOp> readModel(MLIRContext *context) {
  if (options->kit.getNumOccurrences())
    return srcc::profileKit(options->kit, context);
  return srcc::readModelOrPhase(options->input, context, options->color, options->range,
                                options->quiet);
}

/// Puts the schedule of --schedule beside its pipeline.
LogicalResult addSchedule(ModuleOp module) {
  if (options->scheduleFile.empty())
    return success();
  if (options->scheduleFile == "naive")
    return success();
  auto file = srcc::sr::readModuleFile(options->scheduleFile, module.getContext());
  if (!file)
    return failure();
  bool found = false;
  for (auto schedule : llvm::make_early_inc_range(file->getOps<srcc::sched::ScheduleOp>())) {
    for (auto old : llvm::make_early_inc_range(module.getOps<srcc::sched::ScheduleOp>()))
      if (old.getPipeline() == schedule.getPipeline())
        old.erase();
    schedule->remove();
    module.push_back(schedule);
    found = true;
  }
  if (!found)
    return fail(options->scheduleFile + " has no sched.schedule");
  return success();
}

/// A small noise picture and what the reference makes of it.
std::optional<srcc::GoldenPicture> goldenOf(ModuleOp module) {
  auto funcs = module.getOps<func::FuncOp>();
  if (options->noGolden || funcs.empty())
    return std::nullopt;
  auto func = *funcs.begin();
  auto io = module->getAttrOfType<srcc::sr::IOAttr>("sr.io");
  srcc::GoldenPicture golden;
  srcc::sr::MapShape shape = srcc::sr::getMapShape(func.getArgument(0).getType());
  golden.height = mlir::ShapedType::isDynamic(shape.h) ? 9 : shape.h;
  golden.width = mlir::ShapedType::isDynamic(shape.w) ? 13 : shape.w;
  if (golden.height * golden.width > 1 << 16) // of one size, and that is large
    return std::nullopt;
  srcc::sr::Map in(shape.c, golden.height, golden.width);
  std::mt19937 random(1);
  for (float &v : in.values)
    v = io.getLow() + (io.getHigh() - io.getLow()) * (random() % 256) / 255.0;
  auto out = srcc::sr::interpret(func, in, {});
  if (failed(out))
    return std::nullopt;
  golden.input.assign(in.values.begin(), in.values.end());
  golden.output.assign(out->values.begin(), out->values.end());
  golden.tolerance = (io.getHigh() - io.getLow()) * (options->precision == "f32" ? 1e-3 : 5e-2);
  return golden;
}

/// Names of the devices with half arithmetic, as a list for people.
std::string devicesWithHalf() {
  std::vector<std::string> names;
  for (const std::string &name : srcc::deviceNames()) {
    auto device = srcc::loadDevice(name);
    if (!device)
      llvm::consumeError(device.takeError());
    else if (device->fp16)
      names.push_back(name);
  }
  return llvm::join(names, ", ");
}

/// Remarks as YAML in memory, written by writeRemarks: MLIR's own stream to a file leaves half of
/// it behind on a full disk, and removes what was there before.
class RemarkText : public remark::detail::MLIRRemarkStreamerBase {
public:
  RemarkText()
      : os(text), serializer(llvm::cantFail(
                      llvm::remarks::createRemarkSerializer(llvm::remarks::Format::YAML, os))) {}
  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    serializer->emit(remark.generateRemark());
  }
  static std::string text;

private:
  llvm::raw_string_ostream os;
  std::unique_ptr<llvm::remarks::RemarkSerializer> serializer;
};
std::string RemarkText::text;

LogicalResult writeRemarks() {
  if (options->remarksFile.empty())
    return success();
  llvm::Error error =
      llvm::writeToOutput(options->remarksFile, [](llvm::raw_ostream &os) -> llvm::Error {
        os << RemarkText::text;
        return llvm::Error::success();
      });
  if (error)
    return fail("cannot write " + llvm::toString(std::move(error)));
  return success();
}

/// What was printed has to have arrived, as it has not on a full disk.
LogicalResult flushOutput() {
  llvm::outs().flush();
  std::error_code error = llvm::outs().error();
  llvm::outs().clear_error();
  if (error)
    return fail("cannot write to standard output: " + error.message());
  return success();
}

/// Decisions are remarks (mlir/IR/Remarks.h): nothing is computed for those that nobody asks for.
LogicalResult enableRemarks(MLIRContext *context) {
  bool toFile = !options->remarksFile.empty();
  if (!toFile && options->remarks.getNumOccurrences() == 0)
    return success();
  std::string pattern = options->remarks.empty() ? ".*" : "^(" + options->remarks + ")$", reason;
  if (!llvm::Regex(pattern).isValid(reason))
    return fail("--remarks is a regular expression, not '" + options->remarks + "': " + reason);
  remark::RemarkCategories categories;
  categories.passed = categories.missed = categories.failed = categories.analysis = pattern;
  auto all = std::make_unique<remark::RemarkEmittingPolicyAll>();
  if (!toFile)
    return remark::enableOptimizationRemarks(*context, nullptr, std::move(all), categories,
                                             /*printAsEmitRemarks=*/true);
  return remark::enableOptimizationRemarks(*context, std::make_unique<RemarkText>(), std::move(all),
                                           categories);
}

/// Hands algorithm and schedule to srcc-halide, which lies beside this program: libHalide is large,
/// and has an LLVM of its own.
LogicalResult runHalide(ModuleOp module) {
  auto found = llvm::sys::findProgramByName("srcc-halide", {llvm::sys::path::parent_path(ownPath)});
  if (!found)
    found = llvm::sys::findProgramByName("srcc-halide");
  if (!found)
    return fail(
        "--codegen=halide needs the program srcc-halide, which is built where Halide 21 is "
        "installed: run 'make deps build', or 'pip install halide==21.0.0' and configure with "
        "-DSRCC_HALIDE=.../site-packages/halide");
  if (module.getOps<srcc::sched::PipelineOp>().empty())
    return fail("--codegen=halide starts from a network or from --stop-after=sched, not from a "
                "later phase");
  llvm::SmallString<128> input;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile("srcc-halide", "mlirbc", input))
    return fail("cannot make a temporary file: " + error.message());
  llvm::FileRemover remover(input);
  if (failed(srcc::sr::writeModelFile(module, input)))
    return failure();
  std::vector<std::string> arguments{*found, input.str().str(),
                                     "--halide-target=" + options->halideTarget,
                                     "--precision=" + options->precision};
  if (!options->output.empty())
    arguments.push_back("-o=" + options->output);
  if (options->loopNest)
    arguments.push_back("--emit=loop-nest");
  else if (!options->emit.empty())
    arguments.push_back("--emit=" + options->emit);
  if (options->quiet)
    arguments.push_back("--quiet");
  llvm::SmallVector<llvm::StringRef> command(arguments.begin(), arguments.end());
  std::string problem;
  int code = llvm::sys::ExecuteAndWait(*found, command, std::nullopt, {}, 0, 0, &problem);
  if (code < 0)
    return fail(*found + ": " + problem);
  return success(code == 0); // it has said why
}

/// What --tune asks for; none without it.
FailureOr<std::optional<srcc::tune::Options>> tuneOptions() {
  bool asked = options->tune.getNumOccurrences();
  for (cl::Option *option : {static_cast<cl::Option *>(&options->tuneMeasure),
                             static_cast<cl::Option *>(&options->tuneSeed),
                             static_cast<cl::Option *>(&options->tuneSize),
                             static_cast<cl::Option *>(&options->tuneRounds),
                             static_cast<cl::Option *>(&options->tuneRecords),
                             static_cast<cl::Option *>(&options->tuneJson)})
    if (!asked && option->getNumOccurrences())
      return fail("--" + option->ArgStr + " goes with --tune");
  if (!asked)
    return std::optional<srcc::tune::Options>();
  if (!options->scheduleFile.empty() || options->randomSchedule.getNumOccurrences())
    return fail("--tune makes a schedule: it goes with neither --schedule nor --random-schedule");
  srcc::tune::Options tuning;
  llvm::StringRef budget(options->tune), best(options->tuneMeasure);
  if (!budget.empty() && (budget.getAsInteger(10, tuning.trials) || !tuning.trials))
    return fail("--tune takes a number of trials from 1 on, not '" + budget + "'");
  if (options->tuneMeasure.getNumOccurrences()) {
    tuning.measured = 4;
    if (!best.empty() &&
        (best.getAsInteger(10, tuning.measured) || !tuning.measured || tuning.measured > 64))
      return fail("--tune-measure takes a number of schedules from 1 to 64, not '" + best + "'");
    auto found =
        llvm::sys::findProgramByName("srcc-bench", {llvm::sys::path::parent_path(ownPath)});
    if (!found)
      found = llvm::sys::findProgramByName("srcc-bench");
    if (!found)
      return fail("--tune-measure needs the program srcc-bench, beside this one or in PATH");
    tuning.bench = *found;
  }
  tuning.rounds = options->tuneRounds;
  if (tuning.rounds < 1 || tuning.rounds > 1000)
    return fail("--tune-rounds takes a number from 1 to 1000, not " + llvm::Twine(tuning.rounds));
  auto [width, height] = llvm::StringRef(options->tuneSize).split('x');
  if (width.getAsInteger(10, tuning.width) || height.getAsInteger(10, tuning.height) ||
      tuning.width < 1 || tuning.height < 1 || tuning.width > 1 << 16 || tuning.height > 1 << 16)
    return fail("--tune-size takes WIDTHxHEIGHT from 1x1 to 65536x65536, not '" +
                options->tuneSize + "'");
  tuning.seed = options->tuneSeed;
  tuning.precision = options->precision;
  return std::optional(tuning);
}

/// Whether the folder that a file is to be in takes new files.
bool canBeMade(llvm::StringRef path) {
  llvm::StringRef folder = llvm::sys::path::parent_path(path);
  return !llvm::sys::fs::access(folder.empty() ? "." : folder, llvm::sys::fs::AccessMode::Write);
}

/// What the tuner finds for the network in `module`.
FailureOr<srcc::sched::Choices> tuned(ModuleOp module, const srcc::Device &device,
                                      srcc::tune::Options tuning, srcc::PackageInfo info) {
  namespace tune = srcc::tune;
  // Before the search, which may be long.
  for (const std::string &path : {std::string(options->output), std::string(options->tuneJson)})
    if (!path.empty() && path != "-" && !canBeMade(path))
      return fail("cannot write " + path + ": its folder is missing or not writable");
  std::unique_ptr<tune::Records> records;
  if (!options->tuneRecords.empty()) {
    auto opened = tune::Records::open(options->tuneRecords);
    if (!opened)
      return fail(llvm::toString(opened.takeError()));
    records = std::move(*opened);
  }
  info.golden.reset();
  tuning.writePackage = [&](const srcc::sched::Choices &choices,
                            llvm::StringRef path) -> llvm::Error {
    OwningOpRef<ModuleOp> copy = module.clone();
    srcc::sched::addDefaultSchedule(*copy->getOps<srcc::sched::PipelineOp>().begin(), device,
                                    tuning.precision, tuning.fusion, choices);
    PassManager pm(copy->getContext());
    srcc::sched::buildLoweringPipeline(pm);
    if (failed(pm.run(*copy)) || failed(srcc::writePackage(*copy, info, path)))
      return llvm::createStringError("cannot make a package to measure");
    return llvm::Error::success();
  };
  double least = 0;
  tuning.progress = [&](unsigned trials, double ms) {
    if (!options->quiet && (ms != least || trials % 10 == 0))
      llvm::errs() << llvm::format("srcc: trial %u of %u: %.3f ms predicted\n", trials,
                                   tuning.trials, ms);
    least = ms;
  };
  tuning.measuring = [&](unsigned rounds, llvm::StringRef present) {
    if (!options->quiet)
      llvm::errs() << llvm::format("srcc: round %u of %u on ", rounds, tuning.rounds) << present
                   << "\n";
  };
  auto result = tune::tune(module, device, tuning, records.get());
  if (!result)
    return fail("--tune: " + llvm::toString(result.takeError()));
  auto pipeline = *module.getOps<srcc::sched::PipelineOp>().begin();
  for (auto [i, kernel] : llvm::enumerate(result->best.kernels)) {
    std::string what = tune::differences(result->best, kernel.stage);
    remark::passed(SymbolTable::lookupSymbolIn(pipeline, kernel.stage)->getLoc(),
                   remark::RemarkOpts::name("Kernel").category("tune"))
        << remark::add("@{0} is scheduled {1}", kernel.stage,
                       what.empty() ? std::string("by rule") : what)
        << remark::metric("predicted_us", int64_t(kernel.ms * 1e3));
  }
  if (!options->quiet) {
    llvm::errs() << llvm::format("srcc: %u trials (%u of them new, %u not legal): predicted %.3f "
                                 "ms, by rule %.3f ms\n",
                                 result->trials, result->fresh, result->illegal, result->best.total,
                                 result->rule.total);
    for (auto &m : result->measured)
      llvm::errs() << llvm::format("srcc: measured %.3f ms (predicted %.3f)%s%s\n", m.total,
                                   m.trial.total,
                                   m.trial.key == result->rule.key ? ", by rule" : "",
                                   m.trial.key == result->best.key ? ", taken" : "");
  }
  if (!options->tuneJson.empty()) {
    llvm::json::Value summary = tune::summary(*result, device, pipeline.getSymName(), tuning);
    if (llvm::Error error =
            llvm::writeToOutput(options->tuneJson, [&](llvm::raw_ostream &os) -> llvm::Error {
              os << llvm::formatv("{0:2}\n", summary);
              return llvm::Error::success();
            }))
      return fail("cannot write " + llvm::toString(std::move(error)));
  }
  return result->best.choices;
}

LogicalResult compile(MLIRContext *context) {
  bool half = options->precision == "f16";
  if (options->precision != "f32" && options->precision != "f16s" && !half)
    return fail("--precision is f32, f16s or f16, not '" + options->precision + "'");
  if (options->winograd < -1)
    return fail("--winograd is a number of channels, or 0 for none, not " +
                llvm::Twine(options->winograd.getValue()));
  bool halide = options->codegen == "halide";
  if (!halide && options->codegen != "opencl")
    return fail("--codegen is opencl or halide, not '" + options->codegen + "'");
  if (!halide && options->halideTarget.getNumOccurrences())
    return fail("--halide-target goes with --codegen=halide");
  bool emitSchedule = options->emit == "schedule";
  if (!halide && !options->emit.empty() && options->emit != "opencl" && !emitSchedule)
    return fail("--emit is opencl or schedule (or, with --codegen=halide, stmt or device-code), "
                "not '" +
                options->emit + "'");
  if (halide && !options->emit.empty() && options->emit != "stmt" && options->emit != "device-code")
    return fail("--emit with --codegen=halide is stmt or device-code, not '" + options->emit + "'");
  bool package = options->stopAfter == Phase::Package && options->emit.empty() &&
                 !options->loopNest && !options->staticReport;
  if (package && options->output.empty())
    return fail(halide
                    ? "needs -o OUT.so or -o OUT.o (or --stop-after, --emit or --print-loop-nest)"
                    : "needs -o OUT.srp (or --stop-after, --emit or --print-loop-nest)");
  bool isKit = options->kit.getNumOccurrences();
  if (isKit != options->input.empty())
    return fail(isKit ? "takes a MODEL or --profile-kit, not both"
                      : "needs a MODEL (or --profile-kit)");
  auto device = srcc::loadDevice(options->target);
  if (!device)
    return fail(llvm::toString(device.takeError()));
  if (half && !device->fp16)
    return fail("--precision=f16 needs a device with half arithmetic (" + devicesWithHalf() +
                "), but the target is " + device->name + "; --precision=f16s works there");
  auto tuning = tuneOptions();
  if (failed(tuning))
    return failure();
  OwningOpRef<ModuleOp> module = readModel(context);
  if (!module)
    return failure();
  if (options->stopAfter == Phase::Import)
    return writeIR(*module);

  auto run = [&](llvm::function_ref<void(OpPassManager &)> build) {
    PassManager pm(context);
    build(pm);
    return pm.run(*module);
  };
  if (failed(srcc::simplifyModel(*module, options->target)))
    return failure();
  if (options->stopAfter == Phase::SR)
    return writeIR(*module);

  srcc::PackageInfo info;
  info.golden = goldenOf(*module);
  srcc::sr::recordReceptiveField(*module);
  auto field = srcc::sr::recordedReceptiveField(*module);
  if (failed(field))
    return failure();
  if (*field) {
    info.halo = int((*field)->radius);
    info.alignment = int((*field)->alignment);
  }
  info.producer = "srcc " SRCC_VERSION;
  info.target = device->name;
  info.buildOptions = "-cl-mad-enable";
  info.precision = half                           ? srcc::PackagePrecision::F16
                   : options->precision == "f16s" ? srcc::PackagePrecision::F16Storage
                                                  : srcc::PackagePrecision::F32;
  info.printer.multiplyAdd = device->multiplyAdd;
  info.printer.prefetching = device->prefetching;
  info.printer.vectorAccess = device->vectorAccess;
  info.printer.fp16 = device->fp16;
  srcc::sched::SRToSchedOptions algorithm;
  algorithm.precision = options->precision;
  algorithm.target = options->target;
  bool fusion = !options->noFusion && !(isKit && !srcc::profileKitFuses(options->kit));
  algorithm.winograd = srcc::winogradOf(options->winograd, fusion);
  if (failed(
          run([&](OpPassManager &pm) { pm.addPass(srcc::sched::createSRToSched(algorithm)); })) ||
      failed(addSchedule(*module)))
    return failure();
  auto pipelines = module->getOps<srcc::sched::PipelineOp>();
  bool random = options->randomSchedule.getNumOccurrences();
  if (*tuning || random) {
    if (!llvm::hasSingleElement(pipelines) || !module->getOps<srcc::sched::ScheduleOp>().empty())
      return fail(llvm::Twine(random ? "--random-schedule" : "--tune") +
                  " starts from a network, or from --stop-after=sched without its schedule");
    srcc::tune::Options chosen = tuning->value_or(srcc::tune::Options());
    chosen.precision = options->precision;
    chosen.fusion = fusion;
    FailureOr<srcc::sched::Choices> choices = srcc::sched::Choices();
    if (random) {
      chosen.seed = options->randomSchedule;
      choices = srcc::tune::randomChoices(*module, *device, chosen);
    } else {
      choices = tuned(*module, *device, chosen, info);
    }
    if (failed(choices))
      return failure();
    srcc::sched::addDefaultSchedule(*pipelines.begin(), *device, options->precision, fusion,
                                    *choices);
  } else if (options->scheduleFile != "naive") {
    srcc::sched::SchedDefaultOptions defaults;
    defaults.target = options->target;
    defaults.precision = options->precision;
    defaults.fusion = fusion;
    if (failed(
            run([&](OpPassManager &pm) { pm.addPass(srcc::sched::createSchedDefault(defaults)); })))
      return failure();
  }
  if (emitSchedule)
    return writeText([&](llvm::raw_ostream &os) {
      for (auto schedule : module->getOps<srcc::sched::ScheduleOp>()) {
        schedule->print(os, OpPrintingFlags().useLocalScope());
        os << "\n";
      }
    });
  if (options->stopAfter == Phase::Sched)
    return writeIR(*module);
  if (halide && options->stopAfter == Phase::Package)
    return runHalide(*module);
  bool hasLoops = !module->getOps<srcc::sched::LoopsOp>().empty();
  if (options->stopAfter == Phase::Loops || options->loopNest) {
    if (!hasLoops && failed(run(srcc::sched::buildLoopsPipeline)))
      return failure();
    if (!options->loopNest)
      return writeIR(*module);
    return writeText([&](llvm::raw_ostream &os) {
      for (auto loops : module->getOps<srcc::sched::LoopsOp>())
        srcc::sched::printLoopNest(loops, os);
    });
  }
  bool isLowered = !module->getOps<gpu::GPUModuleOp>().empty();
  if (!isLowered &&
      failed(run([&](OpPassManager &pm) { srcc::sched::buildLoweringPipeline(pm, hasLoops); })))
    return failure();
  if (options->stopAfter == Phase::OpenCL && options->emit.empty())
    return writeIR(*module);

  if (options->emit == "opencl" || options->staticReport) {
    LogicalResult result = success();
    std::string text;
    llvm::raw_string_ostream os(text);
    for (auto kernels : module->getOps<gpu::GPUModuleOp>())
      if (failed(srcc::printOpenCL(kernels, os, info.printer)))
        return failure();
    if (options->staticReport) {
      auto program = srcc::cost::Program::get(*module);
      if (failed(program))
        return failure();
      std::string report;
      llvm::raw_string_ostream lines(report);
      if (llvm::Error error = srcc::writeStaticReport(text, *program, *device, lines))
        return fail(llvm::toString(std::move(error)));
      return writeText([&](llvm::raw_ostream &out) { out << report; });
    }
    if (failed(writeText([&](llvm::raw_ostream &out) { out << text; })))
      return failure();
    return result;
  }
  if (failed(srcc::writePackage(*module, info, llvm::StringRef(options->output))))
    return failure();
  if (!options->quiet) {
    unsigned kernels = 0, launches = 0;
    module->walk([&](gpu::GPUFuncOp) { ++kernels; });
    module->walk([&](srcc::ocl::LaunchOp) { ++launches; });
    llvm::errs() << "srcc: wrote " << options->output << ": " << launches << " launches of "
                 << kernels << " kernels for " << device->name << ", " << options->precision
                 << "\n";
  }
  return success();
}
} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  ownPath = llvm::sys::fs::getMainExecutable(argv[0], reinterpret_cast<void *>(&main));
  // LLVM's code generators have options of these names, which mean nothing here.
  for (const char *name : {"color", "stop-after"}) {
    auto &registered = cl::getRegisteredOptions();
    if (auto place = registered.find(name); place != registered.end())
      place->second->removeArgument();
  }
  Options parsed;
  options = &parsed;
  std::signal(SIGXFSZ, SIG_IGN); // a file that may not grow is an error of writing, not a crash
  cl::HideUnrelatedOptions(parsed.category);
  cl::ParseCommandLineOptions(
      argc, argv,
      "Compiles a super-resolution network into OpenCL kernels.\n\n"
      "  srcc model.onnx -o model.srp                    for this machine\n"
      "  srcc model.onnx -o model.srp --target=adreno650 for a phone\n"
      "  srcc model.mlirbc --print-loop-nest             what the schedule does\n"
      "  srcc model.onnx --stop-after=sched -o s.mlir    algorithm and schedule, to edit\n"
      "  srcc model.onnx --tune --emit=schedule -o s.mlir\n"
      "                                                  a faster schedule, for "
      "--schedule=s.mlir\n");
  DialectRegistry registry;
  srcc::registerDialects(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context);
  context.printOpOnDiagnostic(false);
  if (failed(enableRemarks(&context)))
    return 1;
  bool compiled = succeeded(compile(&context)); // remarks tell of failures too
  return succeeded(writeRemarks()) && compiled && succeeded(flushOutput()) ? 0 : 1;
}
