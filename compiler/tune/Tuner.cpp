//===- Tuner.cpp - Looks for faster schedules -----------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/tune/Tuner.h"

#include "compiler/schedule/Passes.h"
#include "compiler/tune/Measure.h"
#include "compiler/tune/Records.h"
#include "compiler/tune/Search.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace srcc;
using namespace srcc::tune;
using llvm::Error;
using llvm::Expected;

/// Raised when the same schedule becomes other kernels.
static constexpr int loweringVersion = 1;

static sched::PipelineOp pipelineOf(ModuleOp module) {
  return *module.getOps<sched::PipelineOp>().begin();
}

/// Takes out what runs for pictures of bytes alone, and what the schedule says of it: those kernels
/// are the float ones but for how a pixel is read and written, and cost as much to lower.
static void keepFloats(ModuleOp module) {
  llvm::StringSet<> gone;
  auto isBytes = [](Operation *op) {
    auto input = dyn_cast_or_null<sched::InputOp>(op);
    return input && input.getFormat() == sched::Format::U8Interleaved;
  };
  auto pipeline = pipelineOf(module);
  for (auto stage : llvm::make_early_inc_range(pipeline.getOps<sched::StageOp>())) {
    bool bytes = stage.getOutput() && *stage.getOutput() == sched::Format::U8Interleaved;
    stage.walk([&](sched::ReadOp read) {
      bytes |= isBytes(SymbolTable::lookupSymbolIn(pipeline, read.getSource()));
    });
    if (!bytes)
      continue;
    gone.insert(stage.getSymName());
    stage.erase();
  }
  for (auto schedule : module.getOps<sched::ScheduleOp>())
    for (Operation &directive : llvm::make_early_inc_range(schedule.getBody().front()))
      if (llvm::any_of(directive.getAttrs(), [&](NamedAttribute attribute) {
            auto symbol = dyn_cast<FlatSymbolRefAttr>(attribute.getValue());
            return symbol && gone.contains(symbol.getValue());
          }))
        directive.erase();
}

namespace {

class Tuner {
public:
  Tuner(ModuleOp module, const Device &device, const Options &options, Records *records)
      : device(device), options(options), records(records), model(device), search(options.seed),
        name(pipelineOf(module).getSymName().str()) {
    module.getContext()->getDialectRegistry().appendTo(registry);
    std::string text;
    llvm::raw_string_ostream os(text);
    (void)writeBytecodeToFile(module,
                              os); // fails for versions of the format that are not asked for
    network = llvm::WritableMemoryBuffer::getNewUninitMemBuffer(text.size(), name, llvm::Align(64));
    llvm::copy(text, network->getBufferStart());
  }
  Expected<Result> run();

private:
  Trial scheduled(const sched::Choices &choices, MLIRContext &context,
                  OwningOpRef<ModuleOp> &module);
  void lower(ModuleOp module, Trial &trial, bool floats);
  bool isWhole(const Trial &trial);
  Expected<const Trial *> attempt(const sched::Choices &choices);
  Error attemptParts(const sched::Choices &base, ArrayRef<sched::Choices> parts);
  Expected<std::vector<Trial>> finalists();
  Error measureBest();

  const Device &device;
  const Options &options;
  Records *records;
  cost::CostModel model;
  Search search;
  std::string name;
  DialectRegistry registry;
  std::unique_ptr<llvm::WritableMemoryBuffer> network; ///< the pipeline, as bytecode
  std::map<uint64_t, Trial> known;                     ///< of this run, by key
  Result result;
};

} // namespace

/// The schedule that choices make, in a context of its own: contexts keep the weights that every
/// lowering packs anew.
Trial Tuner::scheduled(const sched::Choices &choices, MLIRContext &context,
                       OwningOpRef<ModuleOp> &module) {
  context.loadAllAvailableDialects();
  module = parseSourceString<ModuleOp>(
      llvm::StringRef(network->getBufferStart(), network->getBufferSize()), &context);
  Trial trial;
  trial.choices = choices;
  trial.decisions = sched::addDefaultSchedule(pipelineOf(*module), device, options.precision,
                                              options.fusion, choices);
  llvm::raw_string_ostream os(trial.schedule);
  for (auto schedule : module->getOps<sched::ScheduleOp>())
    schedule->print(os, OpPrintingFlags().useLocalScope());
  std::string question = trial.schedule + "\n" + options.precision;
  for (uint64_t part : {uint64_t(llvm::xxh3_64bits(llvm::ArrayRef<uint8_t>(
                            reinterpret_cast<const uint8_t *>(network->getBufferStart()),
                            network->getBufferSize()))),
                        model.deviceSignature(), uint64_t(options.height), uint64_t(options.width),
                        uint64_t(loweringVersion)})
    question += " " + std::to_string(part);
  trial.key = llvm::xxh3_64bits(llvm::StringRef(question)) >> 1; // SQLite has 63 bits
  return trial;
}

/// Finds out whether a schedule can be lowered, and how long its kernels take; for pictures of
/// floats alone, or of bytes, too.
void Tuner::lower(ModuleOp module, Trial &trial, bool floats) {
  MLIRContext *context = module.getContext();
  ScopedDiagnosticHandler handler(context, [&](Diagnostic &diagnostic) {
    if (trial.error.empty() && diagnostic.getSeverity() == DiagnosticSeverity::Error)
      trial.error = diagnostic.str();
    return success();
  });
  if (floats)
    keepFloats(module);
  PassManager pm(context);
  sched::buildLoweringPipeline(pm);
  auto refused = [&] {
    if (trial.error.empty())
      trial.error = "cannot be lowered";
  };
  if (failed(pm.run(module)))
    return refused();
  std::vector<std::string> roots; // a launch writes its root's storage last
  module.walk([&](ocl::LaunchOp launch) {
    auto name = cast<FlatSymbolRefAttr>(launch.getArgs()[launch.getWrites().back()]);
    roots.push_back(name.getValue().str());
  });
  auto program = cost::Program::get(module);
  if (failed(program))
    return refused();
  auto times = llvm::cantFail( // without a memo there is nothing that fails
      model.predict(*program, options.height, options.width, &trial.total));
  for (auto [launch, time] : llvm::zip(program->floatLaunches(), times))
    trial.kernels.push_back({roots[launch - program->launches.data()], int64_t(launch->kernel),
                             launch->signature >> 1, time.total});
}

/// A trial, from this run, from the records, or anew.
Expected<const Trial *> Tuner::attempt(const sched::Choices &choices) {
  MLIRContext context(registry);
  OwningOpRef<ModuleOp> module;
  Trial trial = scheduled(choices, context, module);
  if (auto seen = known.find(trial.key); seen != known.end())
    return &seen->second;
  bool recorded = false;
  if (records) {
    auto found = records->find(trial);
    if (!found)
      return found.takeError();
    recorded = *found;
  }
  if (!recorded) {
    lower(*module, trial, /*floats=*/true);
    if (records)
      if (Error error = records->store(trial, name, device.name, options))
        return std::move(error);
  }
  ++result.trials;
  result.fresh += !recorded;
  result.illegal += !trial.legal();
  if (trial.legal())
    search.learn(trial);
  const Trial *kept = &known.emplace(trial.key, std::move(trial)).first->second;
  if (options.progress && search.structures().size())
    options.progress(result.trials, search.structures().front()->estimate());
  return kept;
}

/// Whether a schedule can be lowered for pictures of bytes, too.
bool Tuner::isWhole(const Trial &trial) {
  MLIRContext context(registry);
  OwningOpRef<ModuleOp> module;
  Trial whole = scheduled(trial.choices, context, module);
  lower(*module, whole, /*floats=*/false);
  return whole.legal();
}

/// Tries all parts at once; if they are refused, halves of them, so that one that is not legal does
/// not hide the others.
Error Tuner::attemptParts(const sched::Choices &base, ArrayRef<sched::Choices> parts) {
  sched::Choices choices = base;
  for (const sched::Choices &part : parts)
    for (auto &[what, value] : part)
      choices[what] = value;
  auto trial = attempt(choices);
  if (!trial)
    return trial.takeError();
  if ((*trial)->legal() || parts.size() < 2 || result.trials >= options.trials)
    return Error::success();
  if (Error error = attemptParts(base, parts.take_front(parts.size() / 2)))
    return error;
  return attemptParts(base, parts.drop_front(parts.size() / 2));
}

/// What is worth measuring: the fastest by the model of the best structure, of the next one, and
/// more of the best one with every kernel's second, third, ... fastest.
Expected<std::vector<Trial>> Tuner::finalists() {
  std::vector<Trial> found{result.rule};
  auto add = [&](const sched::Choices &choices) -> Error {
    auto trial = attempt(choices);
    if (!trial)
      return trial.takeError();
    auto same = [&](const Trial &t) { return t.key == (*trial)->key; };
    if ((*trial)->legal() && llvm::none_of(found, same) && isWhole(**trial))
      found.push_back(**trial);
    return Error::success();
  };
  std::vector<sched::Choices> wanted;
  auto structures = search.structures();
  wanted.push_back(structures[0]->ranked(0));
  wanted.push_back(search.find(result.rule)->ranked(0));
  if (structures.size() > 1)
    wanted.push_back(structures[1]->ranked(0));
  for (size_t rank = 1; rank <= options.measured; ++rank)
    wanted.push_back(structures[0]->ranked(rank));
  for (const sched::Choices &choices : wanted)
    if (found.size() <= options.measured)
      if (Error error = add(choices))
        return std::move(error);
  return found;
}

/// Measures, puts the fastest kernels together, and measures what that makes against the default
/// schedule and the best so far.
Error Tuner::measureBest() {
  auto candidates = finalists();
  if (!candidates)
    return candidates.takeError();
  auto measured = measure(*candidates, options, records, result.deviceMeasured, result.driver);
  if (!measured)
    return measured.takeError();
  result.measured = std::move(*measured);
  auto fastest = [&]() -> const Measured & {
    return *llvm::min_element(
        result.measured, [](const Measured &a, const Measured &b) { return a.ratio < b.ratio; });
  };
  // Of each species the genes that were fastest, among candidates of the fastest one's structure.
  const Measured &first = fastest();
  const Structure &structure = *search.find(first.trial);
  sched::Choices together = first.trial.choices;
  for (const Species &species : structure.species) {
    const Measured *best = nullptr;
    double least = 0;
    for (const Measured &m : result.measured) {
      if (search.find(m.trial) != &structure)
        continue;
      double ms = 0;
      for (auto [kernel, time] : llvm::zip(m.trial.kernels, m.kernels))
        if (llvm::is_contained(species.members, kernel.stage))
          ms += time;
      if (!best || ms < least) {
        best = &m;
        least = ms;
      }
    }
    for (const sched::Decision &d : best->trial.decisions)
      if (llvm::is_contained(species.members, d.kernel))
        together[{d.of, d.knob}] = d.value;
  }
  auto trial = attempt(together);
  if (!trial)
    return trial.takeError();
  bool isNew = (*trial)->legal() &&
               llvm::none_of(result.measured,
                             [&](const Measured &m) { return m.trial.key == (*trial)->key; }) &&
               isWhole(**trial);
  if (isNew) {
    std::vector<Trial> last{result.rule, **trial};
    if (first.trial.key != result.rule.key)
      last.push_back(first.trial);
    auto again = measure(last, options, records, result.deviceMeasured, result.driver);
    if (!again)
      return again.takeError();
    result.measured = std::move(*again);
  }
  // What is hardly faster may as well be noise.
  const Measured &winner = fastest();
  result.best = winner.ratio < 0.99 ? winner.trial : result.rule;
  return Error::success();
}

Expected<Result> Tuner::run() {
  auto rule = attempt({});
  if (!rule)
    return rule.takeError();
  result.rule = **rule;
  if (!result.rule.legal())
    return llvm::createStringError("the default schedule cannot be lowered: " + result.rule.error);
  // What is fused may be better apart.
  sched::Choices apart;
  for (const sched::Decision &d : result.rule.decisions)
    if (d.knob == sched::Knob::Place)
      apart[{d.of, d.knob}] = 0;
  if (!apart.empty() && result.trials < options.trials)
    if (Error error = attempt(apart).takeError())
      return std::move(error);
  // Where there is little to choose, proposals repeat.
  for (unsigned repeats = 0; result.trials < options.trials && repeats < 32;) {
    unsigned before = result.trials;
    Proposal proposal = search.propose();
    if (Error error = attemptParts(proposal.base, proposal.parts))
      return std::move(error);
    repeats = result.trials == before ? repeats + 1 : 0;
  }
  auto best = attempt(search.structures().front()->ranked(0));
  if (!best)
    return best.takeError();
  std::vector<const Trial *> faster;
  for (auto &[key, trial] : known)
    if (trial.legal() && trial.total < result.rule.total)
      faster.push_back(&trial);
  llvm::sort(faster, [](const Trial *a, const Trial *b) {
    return std::tie(a->total, a->key) < std::tie(b->total, b->key);
  });
  auto first = llvm::find_if(faster, [&](const Trial *trial) { return isWhole(*trial); });
  result.best = first == faster.end() ? result.rule : **first;
  if (options.measured)
    if (Error error = measureBest())
      return std::move(error);
  return std::move(result);
}

Expected<Result> tune::tune(ModuleOp module, const Device &device, const Options &options,
                            Records *records) {
  return Tuner(module, device, options, records).run();
}

sched::Choices tune::randomChoices(ModuleOp module, const Device &device, const Options &options) {
  std::mt19937_64 random(options.seed);
  sched::Choices choices;
  // Choices bring up others: those are chosen, too.
  for (size_t before = size_t(-1); before != choices.size();) {
    before = choices.size();
    OwningOpRef<ModuleOp> copy = module.clone();
    for (const sched::Decision &d : sched::addDefaultSchedule(
             pipelineOf(*copy), device, options.precision, options.fusion, choices))
      choices.try_emplace({d.of, d.knob}, d.options[random() % d.options.size()]);
  }
  return choices;
}

std::string tune::differences(const Trial &trial, llvm::StringRef stage) {
  std::string text;
  llvm::raw_string_ostream os(text);
  for (const sched::Decision &d : trial.decisions)
    if (d.kernel == stage && d.value != d.rule)
      os << (text.empty() ? "" : ", ") << "@" << d.of << " " << sched::knobName(d.knob) << " "
         << d.rule << " -> " << d.value;
  return text;
}

llvm::json::Object tune::summary(const Result &result, const Device &device,
                                 llvm::StringRef network, const Options &options) {
  namespace json = llvm::json;
  auto kernels = [](const Trial &trial) {
    json::Array list;
    for (const KernelTime &kernel : trial.kernels) {
      json::Array choices;
      for (const sched::Decision &d : trial.decisions)
        if (d.kernel == kernel.stage && d.value != d.rule)
          choices.push_back(json::Object{{"of", d.of},
                                         {"what", sched::knobName(d.knob)},
                                         {"rule", d.rule},
                                         {"value", d.value}});
      list.push_back(json::Object{
          {"stage", kernel.stage}, {"ms", kernel.ms}, {"choices", std::move(choices)}});
    }
    return list;
  };
  json::Object summary{
      {"kind", "srcc-tune"},
      {"version", 1},
      {"network", network},
      {"device", device.name},
      {"size", std::to_string(options.width) + "x" + std::to_string(options.height)},
      {"precision", options.precision},
      {"seed", int64_t(options.seed)},
      {"trials", result.trials},
      {"fresh", result.fresh},
      {"illegal", result.illegal},
      {"rule_ms", result.rule.total},
      {"best_ms", result.best.total},
      {"kernels", kernels(result.best)}};
  if (!result.measured.empty()) {
    json::Array list;
    for (const Measured &m : result.measured)
      list.push_back(json::Object{{"rule", m.trial.key == result.rule.key},
                                  {"best", m.trial.key == result.best.key},
                                  {"predicted_ms", m.trial.total},
                                  {"ms", m.total},
                                  {"ratio", m.ratio},
                                  {"samples", int64_t(m.samples)}});
    summary["measured"] = json::Object{{"device", result.deviceMeasured},
                                       {"driver", result.driver},
                                       {"schedules", std::move(list)}};
  }
  return summary;
}
