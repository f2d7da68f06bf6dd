//===- Calibrate.cpp - Coefficients from measurements ---------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/cost/Calibrate.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/xxhash.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <unsupported/Eigen/NonLinearOptimization>
#include <unsupported/Eigen/NumericalDiff>

using namespace srcc;
using namespace srcc::cost;
using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;

//===----------------------------------------------------------------------===//
// Profiles
//===----------------------------------------------------------------------===//

Expected<Profile> cost::parseProfile(StringRef text, StringRef file) {
  auto failure = [&](const Twine &what) { return llvm::createStringError(file + ": " + what); };
  Expected<llvm::json::Value> root = llvm::json::parse(text);
  if (!root)
    return failure(toString(root.takeError()));
  const llvm::json::Object *object = root->getAsObject();
  if (!object || object->getString("kind") != StringRef("srcc-profile"))
    return failure("is no profile of srcc-bench --profile (\"kind\" is not \"srcc-profile\")");
  if (object->getInteger("version") != 1)
    return failure("key \"version\" is not 1: another version of srcc-bench wrote it");
  Profile profile;
  if (const llvm::json::Object *environment = object->getObject("environment")) {
    profile.device = environment->getString("device").value_or("").str();
    profile.driver = environment->getString("driver").value_or("").str();
    profile.date = environment->getString("date").value_or("").str();
  }
  const llvm::json::Array *runs = object->getArray("runs");
  if (!runs || runs->empty())
    return failure("key \"runs\" takes a list of at least one run");
  for (auto [number, value] : llvm::enumerate(*runs)) {
    std::string place = ("run " + Twine(number)).str();
    const llvm::json::Object *run = value.getAsObject();
    const llvm::json::Array *launches = run ? run->getArray("launches") : nullptr;
    if (!launches)
      return failure(place + ": takes an object with \"launches\"");
    Profile::Run result;
    auto package = run->getString("package");
    auto height = run->getInteger("height"), width = run->getInteger("width");
    auto whole = run->getNumber("ms");
    if (!package)
      return failure(place + ": key \"package\" takes a name");
    if (!height || !width || *height < 1 || *width < 1 || *height > 1 << 20 || *width > 1 << 20)
      return failure(place +
                     ": keys \"height\" and \"width\" take whole numbers from 1 to 1048576");
    if (!whole || !(*whole > 0))
      return failure(place + ": key \"ms\" takes a number above 0");
    result.package = package->str();
    result.height = *height, result.width = *width, result.wholeMs = *whole;
    for (auto [index, entry] : llvm::enumerate(*launches)) {
      const llvm::json::Object *launch = entry.getAsObject();
      auto kernel = launch ? launch->getString("kernel") : std::nullopt;
      auto ms = launch ? launch->getNumber("ms") : std::nullopt;
      auto spread = launch ? launch->getNumber("spread") : std::nullopt;
      if (!kernel || !ms || !(*ms > 0) || !spread || !(*spread >= 0))
        return failure(place + ", launch " + Twine(index) +
                       ": takes \"kernel\", \"ms\" above 0 and \"spread\" of at least 0");
      result.launches.push_back({kernel->str(), *ms, *spread});
    }
    profile.runs.push_back(std::move(result));
  }
  return profile;
}

//===----------------------------------------------------------------------===//
// The fit
//===----------------------------------------------------------------------===//

namespace {

struct Sample {
  const Kernel *kernel;
  Counts counts;
  double misses, ms;
  bool heldOut;
};

/// A coefficient and how far it may move from what is known of it.
struct Parameter {
  Fact<double> CostFacts::*cost;
  double start, deviation; // of the logarithm
  double least, most;
};

/// Residuals of all samples, then of the priors. Unknowns are logarithms plus 1: NumericalDiff's
/// steps are shares of them, which would be no steps around 0. What Eigen's NumericalDiff and
/// LevenbergMarquardt ask for.
struct Residuals {
  using Scalar = double;
  using InputType = Eigen::VectorXd;
  using ValueType = Eigen::VectorXd;
  using JacobianType = Eigen::MatrixXd;
  enum { InputsAtCompileTime = Eigen::Dynamic, ValuesAtCompileTime = Eigen::Dynamic };

  const std::vector<Parameter> &parameters;
  const std::vector<const Sample *> &samples;
  const Device &start;
  Eigen::VectorXd weights;

  int inputs() const { return int(parameters.size()); }
  int values() const { return int(samples.size() + parameters.size()); }

  Device at(const Eigen::VectorXd &x) const {
    Device device = start;
    for (size_t p = 0; p < parameters.size(); ++p) {
      (device.cost.*parameters[p].cost).value = std::clamp(parameters[p].start * std::exp(x[p] - 1),
                                                           parameters[p].least, parameters[p].most);
    }
    return device;
  }
  int operator()(const Eigen::VectorXd &x, Eigen::VectorXd &f) const {
    Device device = at(x);
    for (size_t i = 0; i < samples.size(); ++i) {
      const Sample &s = *samples[i];
      f[i] = weights[i] * std::log(timeOf(*s.kernel, s.counts, s.misses, device).total / s.ms);
    }
    // As strong as a few samples with an error of a tenth.
    for (size_t p = 0; p < parameters.size(); ++p)
      f[samples.size() + p] = 0.1 * (x[p] - 1) / parameters[p].deviation;
    return 0;
  }
};

double middle(std::vector<double> values) {
  if (values.empty())
    return 0;
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

} // namespace

Expected<Fit> cost::fitDevice(const Device &device, const Profile &profile,
                              const std::map<std::string, const Program *> &programs,
                              double mostSpread) {
  Fit fit;
  std::vector<Sample> samples;
  std::vector<std::pair<double, double>> gaps; // by how long the run is
  CacheSizes caches = cachesOf(device);
  for (const Profile::Run &run : profile.runs) {
    auto program = programs.find(run.package);
    if (program == programs.end())
      return llvm::createStringError(
          "the profile has package \"" + run.package +
          "\", which is neither a profile kit nor among the models given");
    auto launches = program->second->floatLaunches();
    if (launches.size() != run.launches.size())
      return llvm::createStringError("package \"" + run.package + "\" has " +
                                     Twine(run.launches.size()) + " launches in the profile, but " +
                                     Twine(launches.size()) +
                                     " as this compiler makes it: measure again");
    auto misses = missesOf(*program->second, launches, run.height, run.width, device);
    double sum = 0;
    for (auto [i, launch] : llvm::enumerate(run.launches)) {
      if (launch.kernel != launches[i]->name)
        return llvm::createStringError("package \"" + run.package + "\": launch " + Twine(i) +
                                       " is " + launch.kernel + " in the profile, but " +
                                       launches[i]->name +
                                       " as this compiler makes it: measure again");
      sum += launch.ms;
      if (launch.spread > mostSpread) {
        ++fit.unsteady;
        continue;
      }
      // All sizes of a kernel are held out together.
      bool heldOut = llvm::xxh3_64bits(llvm::StringRef(run.package + "/" + launch.kernel)) % 4 == 0;
      samples.push_back({&program->second->kernels[launches[i]->kernel],
                         program->second->count(*launches[i], run.height, run.width, caches),
                         misses[i], launch.ms, heldOut});
    }
    gaps.push_back({run.wholeMs, (run.wholeMs - sum) * 1e3 / double(run.launches.size())});
  }
  size_t measured = samples.size() + fit.unsteady;
  if (samples.size() < 40 || samples.size() * 2 < measured)
    return llvm::createStringError(
        "the machine is not steady enough: of " + Twine(measured) + " launches " +
        Twine(fit.unsteady) + " vary by more than " + Twine(int(mostSpread * 100)) +
        " %; at least 40, and half of all, must be steady: measure again when "
        "nothing else runs");

  auto start = [&](Fact<double> CostFacts::*fact) { return (device.cost.*fact).value; };
  using C = CostFacts;
  std::vector<Parameter> parameters;
  auto add = [&](Fact<double> C::*fact, double deviation, double least = 0, double most = 1e9) {
    parameters.push_back({fact, std::max(start(fact), 1e-4), deviation, least, most});
  };
  // What the file takes for nothing begins at what it may well be: a product cannot leave 0.
  auto addFrom = [&](double value, Fact<double> C::*fact, double deviation, double least = 0,
                     double most = 1e9) {
    add(fact, deviation, least, most);
    parameters.back().start = value;
  };
  double read = 1 / start(&C::loadPerCycle), turn = std::max(start(&C::loopCycles), 1e-4);
  for (auto fact : {&C::fmaPerCycle, &C::specialCycles})
    add(fact, 0.7);
  for (auto fact : {&C::aluPerCycle, &C::loadPerCycle, &C::storePerCycle, &C::issuePerCycle,
                    &C::broadcast, &C::loopCycles, &C::l2Bandwidth, &C::llcBandwidth,
                    &C::memoryBandwidth, &C::launch, &C::group})
    add(fact, 1);
  add(&C::latency, 0.5), add(&C::exitCycles, 1.5), add(&C::overlap, 0.5, 0, 1);
  addFrom(read / 2, &C::address, 1.5), addFrom(read / 2, &C::spill, 1.5);
  addFrom(8 * read, &C::prefetchCycles, 1.5);
  addFrom(turn, &C::branch, 1.5), addFrom(turn, &C::enterCycles, 1.5);
  addFrom(2, &C::roofPower, 1, 1, 64), addFrom(0.03, &C::growth, 1, 0, 0.5);
  addFrom(0.05, &C::memoryGrowth, 1, 0, 0.5);

  std::vector<const Sample *> fitted, held;
  for (const Sample &sample : samples)
    (sample.heldOut ? held : fitted).push_back(&sample);
  Residuals residuals{parameters, fitted, device, Eigen::VectorXd::Ones(fitted.size())};
  Eigen::VectorXd x = Eigen::VectorXd::Ones(parameters.size()), f(residuals.values());
  for (int round = 0; round < 8; ++round) {
    Eigen::NumericalDiff<Residuals> numeric(residuals, 1e-6);
    Eigen::LevenbergMarquardt<Eigen::NumericalDiff<Residuals>> method(numeric);
    method.parameters.maxfev = 200;
    Eigen::VectorXd before = x;
    method.minimize(x);
    if (round && (x - before).cwiseAbs().maxCoeff() < 1e-2)
      break;
    // Cauchy's weights, scaled by the median residual.
    residuals.weights.setOnes();
    residuals(x, f);
    std::vector<double> sizes;
    for (size_t i = 0; i < fitted.size(); ++i)
      sizes.push_back(std::abs(f[i]));
    double scale = std::max(middle(sizes), 0.02);
    for (size_t i = 0; i < fitted.size(); ++i)
      residuals.weights[i] = 1 / std::sqrt(1 + (f[i] / scale) * (f[i] / scale));
  }
  fit.device = residuals.at(x);
  std::string from =
      "measured: srcc-bench --profile on " + profile.device + ", fitted by srcc-cost --calibrate";
  if (!profile.date.empty())
    from += ", " + profile.date;
  for (const Parameter &p : parameters)
    (fit.device.cost.*p.cost).from = from;
  // Of short runs, where a gap is more than what two measurements of one kernel differ by.
  llvm::sort(gaps);
  gaps.resize(std::max<size_t>(1, gaps.size() / 3));
  std::vector<double> shortGaps;
  for (auto &[ms, gap] : gaps)
    shortGaps.push_back(gap);
  fit.device.cost.gap.value = std::max(0.0, middle(shortGaps));
  fit.device.cost.gap.from = from;

  auto judge = [&](const std::vector<const Sample *> &of, double &error, double &within) {
    std::vector<double> errors;
    for (const Sample *s : of)
      errors.push_back(
          std::abs(timeOf(*s->kernel, s->counts, s->misses, fit.device).total / s->ms - 1));
    error = middle(errors);
    within = errors.empty() ? 0
                            : double(llvm::count_if(errors, [](double e) { return e <= 0.1; })) /
                                  errors.size();
  };
  fit.used = fitted.size();
  fit.heldOut = held.size();
  judge(fitted, fit.error, fit.within);
  judge(held, fit.heldOutError, fit.heldOutWithin);
  return fit;
}
