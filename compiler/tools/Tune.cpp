//===- Tune.cpp - Schedules by predicted time -----------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/tools/Tune.h"

#include "compiler/cost/Memo.h"
#include "compiler/schedule/Passes.h"

#include "mlir/IR/Remarks.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/xxhash.h"

#include <random>

using namespace mlir;
using namespace srcc;

namespace {

/// What the rules are made to believe: factors of facts, in steps.
struct Beliefs {
  enum Which { Registers, L1, L2, Bandwidth, Units, Prefetch, Fusion, count };
  std::array<int, count> step{};

  static constexpr std::array<std::pair<int, int>, count> range{
      {{-3, 3}, {-2, 2}, {-3, 3}, {-3, 3}, {-2, 2}, {0, 1}, {0, 1}}};
  bool operator<(const Beliefs &other) const { return step < other.step; }

  Device apply(Device device) const {
    auto scale = [](auto &fact, double factor, auto low, auto high) {
      fact.value = std::clamp(decltype(low)(double(fact.value) * factor), low, high);
    };
    scale(device.registers, 1 + 0.2 * step[Registers], int64_t(4), int64_t(1024));
    scale(device.l1Bytes, std::exp2(step[L1]), int64_t(0), int64_t(1) << 30);
    scale(device.l2Bytes, std::exp2(step[L2]), int64_t(0), int64_t(1) << 30);
    scale(device.bandwidth, std::exp2(step[Bandwidth]), 1e-3, 1e8);
    scale(device.computeUnits, std::exp2(step[Units]), int64_t(1), int64_t(1024));
    if (step[Prefetch])
      device.prefetching.value = Prefetching::None;
    return device;
  }
  std::string text() const {
    std::string result;
    for (int s : step)
      result += std::to_string(s) + " ";
    return result;
  }
};

} // namespace

static LogicalResult fail(llvm::Error error) {
  llvm::WithColor::error(llvm::errs(), "srcc") << "--tune: " << llvm::toString(std::move(error)) << "\n";
  return failure();
}

/// A module with the schedule that rules make with these beliefs.
static FailureOr<OwningOpRef<ModuleOp>> scheduled(ModuleOp module, const Device &device,
                                                  const PipelineOptions &pipeline, const Beliefs &beliefs) {
  SmallString<128> path;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile("srcc-tune", "json", path))
    return fail(llvm::createStringError("a temporary file cannot be made: " + error.message()));
  llvm::FileRemover remove(path);
  if (llvm::Error error = llvm::writeToOutput(path, [&](llvm::raw_ostream &os) -> llvm::Error {
        os << printDevice(beliefs.apply(device));
        return llvm::Error::success();
      }))
    return fail(std::move(error));
  OwningOpRef<ModuleOp> clone = module.clone();
  PassManager pm(module.getContext());
  sched::SchedDefaultOptions options;
  options.target = path.str().str();
  options.precision = pipeline.precision;
  options.fusion = pipeline.fusion && !beliefs.step[Beliefs::Fusion];
  pm.addPass(sched::createSchedDefault(options));
  if (failed(pm.run(*clone)))
    return failure();
  return clone;
}

LogicalResult srcc::tuneSchedule(ModuleOp module, const Device &device, const PipelineOptions &pipeline,
                                 const TuneOptions &options) {
  std::unique_ptr<cost::Memo> memo;
  if (!options.database.empty()) {
    auto opened = cost::Memo::open(options.database);
    if (!opened)
      return fail(opened.takeError());
    memo = std::move(*opened);
  }
  cost::CostModel model(device, memo.get());
  // What is asked: this pipeline, this device, this size.
  std::string problem;
  {
    llvm::raw_string_ostream os(problem);
    module.print(os, OpPrintingFlags().elideLargeElementsAttrs(64));
    os << options.height << "x" << options.width << pipeline.precision << pipeline.fusion;
  }
  uint64_t problemHash = llvm::xxh3_64bits(llvm::StringRef(problem)) ^ model.deviceSignature();
  auto predict = [&](const Beliefs &beliefs) -> FailureOr<double> {
    uint64_t key = llvm::xxh3_64bits(llvm::StringRef(std::to_string(problemHash) + " " + beliefs.text())) >> 1;
    if (memo) {
      auto known = memo->findAnswer(key);
      if (!known)
        return fail(known.takeError());
      double ms;
      if (*known && !llvm::StringRef(**known).getAsDouble(ms))
        return ms;
    }
    auto candidate = scheduled(module, device, pipeline, beliefs);
    if (failed(candidate))
      return failure();
    PassManager pm(module.getContext());
    sched::buildLoweringPipeline(pm);
    if (failed(pm.run(**candidate)))
      return failure();
    auto program = cost::Program::get(**candidate);
    if (failed(program))
      return failure();
    double total;
    if (auto times = model.predict(*program, options.height, options.width, &total); !times)
      return fail(times.takeError());
    if (memo)
      if (llvm::Error error = memo->storeAnswer(key, std::to_string(total)))
        return fail(std::move(error));
    return total;
  };

  std::mt19937_64 random(options.seed);
  std::map<Beliefs, double> tried;
  std::vector<std::pair<double, Beliefs>> best; // at most four, the fastest first
  constexpr size_t kept = 4;
  double first = 0;
  auto report = remark::RemarkOpts::name("Tune").category("tune");
  for (unsigned i = 0, misses = 0; i < std::max(1u, options.budget) && misses < 1000;) {
    Beliefs beliefs;
    if (i == 1) {
      beliefs.step[Beliefs::Fusion] = 1;
    } else if (i > 1) {
      beliefs = best[random() % best.size()].second;
      for (unsigned changes = 1 + random() % 2; changes; --changes) {
        unsigned which = random() % Beliefs::count;
        auto [low, high] = Beliefs::range[which];
        beliefs.step[which] = low + int(random() % unsigned(high - low + 1));
      }
    }
    if (tried.count(beliefs)) {
      ++misses;
      if (i <= 1)
        ++i;
      continue;
    }
    ++i;
    auto ms = predict(beliefs);
    if (failed(ms))
      return failure();
    tried[beliefs] = *ms;
    if (i == 1)
      first = *ms;
    if (best.empty() || *ms < best.front().first)
      remark::passed(module.getLoc(), report)
          << remark::add("schedule {0} of {1} is predicted to take {2} ms, the default {3} ms", int(i),
                         int(options.budget), *ms, first);
    best.push_back({*ms, beliefs});
    llvm::sort(best); // of equals, the beliefs nearer to the rules'
    best.resize(std::min(best.size(), kept));
  }
  auto chosen = scheduled(module, device, pipeline, best.front().second);
  if (failed(chosen))
    return failure();
  for (auto schedule : llvm::make_early_inc_range((*chosen)->getOps<sched::ScheduleOp>())) {
    schedule->remove();
    module.push_back(schedule);
  }
  return success();
}
