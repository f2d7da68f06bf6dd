//===- Stages.cpp - From a latency target to a trained network ------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Stages.h"
#include "runtime/imaging/AtomicFile.h"
#include "runtime/imaging/Metrics.h"
#include "runtime/imaging/Resample.h"
#include "search/Blocks.h"
#include "search/Model.h"
#include "search/Processes.h"
#include "search/Programs.h"
#include "search/Pruning.h"
#include "search/Ratios.h"
#include "search/Report.h"
#include "search/Store.h"
#include "search/Surgeon.h"
#include "search/Surrogate.h"
#include "search/Trainer.h"

#include "llvm/Support/xxhash.h"

#include <chrono>
#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <stdexcept>
#include <thread>
#include <tuple>

namespace srcc::search {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

/// Thrown where a signal ends a stage between two steps.
struct Interrupted {};

std::string hashOf(const std::string &text) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx",
                (unsigned long long)llvm::xxh3_64bits(llvm::StringRef(text)));
  return digits;
}

std::string hashOf(const Weights &weights) {
  std::string all;
  for (const ConvWeights &layer : weights)
    for (const std::vector<float> *values : {&layer.weight, &layer.bias})
      all.append(reinterpret_cast<const char *>(values->data()), values->size() * sizeof(float));
  return hashOf(all);
}

/// A network with plain weights.
struct Net {
  Network network;
  Weights weights;
};

class Search {
public:
  Search(const Config &config, Processes *processes)
      : config(config), processes(processes), rank(processes ? processes->rank() : 0),
        folder(config.run.folder), latency(openLatency()), data(dataOptions(), config.data.scale) {
    // what was checked so far may be mended; from here on the configuration stays
    if (writes() && !fs::exists(path("config.toml")))
      imaging::writeFile(path("config.toml"), printConfig(config));
    result = fs::exists(path("result.json")) ? readResult(folder) : Json::object();
    structures.reserve(config.search.schemes.size());
    for (const std::string &scheme : config.search.schemes)
      structures.push_back(parseStructure(scheme));
    targetMs = config.target.ms;
    torch::set_num_threads(int(config.run.threads));
  }

  bool run() {
    Interruption interruption;
    try {
      std::vector<std::string> one = {"wdsr-b"};
      for (const std::string &block : config.network.blocks)
        if (block != "skip") {
          one = {block};
          break;
        }
      calibrate([&] {
        Network network = buildNetwork(config.data.scale, frameOf(config),
                                       std::vector<std::vector<std::string>>(4, one));
        torch::manual_seed(1);
        Module module(network);
        return Net{network, module.fold(module.parameters())};
      });
      Net supernet = trainSupernet(chooseCells());
      finish(searchSchemes(supernet));
    } catch (const Interrupted &) {
      return false;
    }
    return true;
  }

  bool pruneModel(const std::string &model, Net net) {
    Interruption interruption;
    try {
      if (net.network.scale != config.data.scale)
        throw std::runtime_error(model + ": upscales by " + std::to_string(net.network.scale) +
                                 ", but data.scale is " + std::to_string(config.data.scale));
      if (writes())
        keepOriginal(net, model);
      for (ConvWeights &layer : net.weights) // what it lost before is trained as any weight
        layer.structure = {};
      net.weights = balance(net.network, net.weights);
      calibrate([&] { return net; });
      if (targetMs <= 0) {
        double dense = latency.predict(net.network, uniformPlan(net.network, {}, 1));
        targetMs = config.target.ratio * dense;
        say("dense: %.3f ms; the target is %.3f ms\n", dense, targetMs);
        note("dense_ms", dense);
      }
      record("before", psnrs(Module(net.network, net.weights)));
      if (structures.size() == 1) {
        finish({net, planWith(net.network, structures[0], 1)});
      } else {
        finish(searchSchemes(net));
      }
    } catch (const Interrupted &) {
      return false;
    }
    return true;
  }

  /// The methods on what the folder has recorded, which must be every candidate.
  void replay(const Network &network, int64_t evaluations, int64_t seeds) {
    const Net net{network, {}};
    Variables v = variablesOf(net);
    Store store(path("search.sqlite"));
    std::string context = result.at("context");
    auto rewardOf = [&](const Point &point) {
      std::string name = describe(net, v, point);
      auto found = store.find(context, name);
      if (!found)
        throw std::runtime_error(folder + ": " + name +
                                 " was not evaluated; a replay needs all candidates: search.method "
                                 "= \"random\" with search.evaluations above their number");
      return found->reward;
    };
    Evaluate judge = [&](const std::vector<Point> &points) {
      std::vector<double> rewards;
      for (const Point &point : points)
        rewards.push_back(rewardOf(point));
      return rewards;
    };
    auto highest = [](const std::vector<Trial> &trials) {
      double best = trials.at(0).reward;
      for (const Trial &trial : trials)
        best = std::max(best, trial.reward);
      return best;
    };
    std::vector<Trial> all = searchRandom(v.space, judge, searchOptions(1 << 20, 1));
    std::printf("%zu candidates, the best has %.3f\n", all.size(), highest(all));
    // one scheme in all layers, the best blocks for it
    for (size_t scheme = 0; scheme < structures.size(); ++scheme) {
      std::vector<Trial> single;
      for (const Trial &trial : all) {
        Point same = trial.point;
        std::fill(same.begin() + long(v.choices.size()), same.end(), int(scheme));
        if (v.space.repair(same) == trial.point)
          single.push_back(trial);
      }
      std::printf("%s alone: %.3f\n", config.search.schemes[scheme].c_str(), highest(single));
    }
    std::printf("after %lld of them, by seed:\n", (long long)evaluations);
    std::vector<double> random;
    for (const char *method : {"random", "evolution", "bayes"}) {
      std::vector<double> best;
      for (int64_t seed = 1; seed <= seeds; ++seed)
        best.push_back(
            highest(searchBy(method, v.space, judge, searchOptions(evaluations, uint64_t(seed)))));
      std::printf("%-9s", method);
      int won = 0, even = 0;
      double sum = 0;
      for (size_t i = 0; i < best.size(); ++i) {
        std::printf("  %.3f", best[i]);
        sum += best[i];
        if (!random.empty())
          won += best[i] > random[i], even += best[i] == random[i];
      }
      std::printf("  mean %.3f", sum / double(best.size()));
      if (random.empty())
        random = best;
      else
        std::printf(", better than random in %d, as good in %d of %zu", won, even, best.size());
      std::printf("\n");
    }
  }

  /// The cells of the supernet: those of the configuration, or as many as were chosen.
  Network supernet() const {
    int64_t cells = config.network.cells > 0 ? config.network.cells
                                             : result.at("cells").at("chosen").get<int64_t>();
    return supernet(cells);
  }

private:
  /// A network and the structure of each layer; densities are open.
  struct Candidate {
    Net net;
    Plan plan;
  };

  std::string path(const std::string &name) const { return (fs::path(folder) / name).string(); }
  bool writes() const { return rank == 0; }
  static void endIfAsked() {
    if (Interruption::asked())
      throw Interrupted();
  }

  template <typename... Arguments> void say(const char *format, Arguments... arguments) const {
    if (!writes())
      return;
    std::printf(format, arguments...);
    std::fflush(stdout);
  }

  /// Adds to result.json.
  void record(const std::string &key, Json value) {
    result[key] = std::move(value);
    if (writes())
      imaging::writeFile(path("result.json"), result.dump(1) + "\n");
  }
  void note(const std::string &key, double value) { record(key, value); }

  /// One structure and density for all layers that may be pruned; those that `search.fixed` names
  /// have theirs.
  Plan planWith(const Network &network, const sparsity::Structure &structure,
                double density) const {
    Plan plan = uniformPlan(network, structure, density);
    std::vector<bool> prunable = network.prunable();
    for (size_t i = 0; i < plan.size(); ++i)
      if (auto fixed = fixedStructure(config.search.fixed, network.convs[i].name);
          fixed && prunable[i])
        plan[i].structure = sparsity::adapt(*fixed, network.convs[i].shape());
    return withDensity(plan, density);
  }

  /// The model that is pruned, for `resume`. A folder is for one model.
  void keepOriginal(const Net &net, const std::string &model) {
    std::string kept = path("original.mlirbc"), given = path("given.mlirbc");
    if (!fs::exists(kept))
      return emitModel(net.network, net.weights, kept);
    emitModel(net.network, net.weights, given);
    bool same = readFile(given) == readFile(kept);
    fs::remove(given);
    if (!same)
      throw std::runtime_error(folder + ": is of another model than " + model +
                               "; remove the folder, or name another");
  }

  /// The folder, made or continued, and the cost model.
  Latency openLatency() {
    if (writes()) {
      fs::create_directories(folder);
      std::string text = printConfig(config, false), file = path("config.toml");
      if (fs::exists(file)) {
        Config old = loadConfig(file);
        old.run.folder = folder; // it may have been moved
        if (std::string before = printConfig(old, false); before != text)
          throw std::runtime_error(
              folder + ": was made with another configuration, its config.toml: " +
              firstDifference(before, text) + "; remove the folder, or name another");
      }
    }
    if (processes)
      processes->barrier();
    auto [width, height] = parseSize(config.target.size);
    return Latency(
        {config.target.device, config.target.precision, width, height, path("memo.sqlite")});
  }

  static std::string firstDifference(const std::string &a, const std::string &b) {
    std::istringstream linesA(a), linesB(b);
    std::string lineA, lineB;
    while (std::getline(linesA, lineA) && std::getline(linesB, lineB))
      if (lineA != lineB)
        return lineA + ", not " + lineB;
    return "";
  }

  TrainOptions dataOptions() const {
    TrainOptions options;
    options.data = config.data.train;
    options.validation = config.data.validate;
    options.patch = config.data.patch;
    options.batch = config.data.batch;
    options.luma = config.data.luma;
    options.threads = config.run.threads;
    options.seed = uint64_t(config.run.seed);
    options.reportEvery = config.report.every;
    return options;
  }

  /// Options of a stage that keeps a checkpoint in the folder.
  TrainOptions stage(const Phase &phase, const std::string &name, const std::string &decay,
                     double average) const {
    TrainOptions options = dataOptions();
    options.steps = std::max<int64_t>(1, phase.steps);
    options.minutes = phase.minutes;
    options.rate = phase.rate;
    options.decay = decay;
    options.average = average;
    options.checkpoint = path(name + ".pt");
    options.json = path("log.jsonl");
    options.resume = fs::exists(options.checkpoint);
    options.saveEvery = options.validateEvery = std::max<int64_t>(config.report.every, 500);
    return options;
  }

  void train(Module &module, const TrainOptions &options, TrainHooks hooks, const char *title) {
    say("-- %s\n", title);
    hooks.processes = processes;
    Trainer trainer(module, options, hooks);
    if (!trainer.run(data))
      throw Interrupted();
    if (processes)
      processes->barrier();
  }

  Json psnrs(const Module &module) const {
    Json json;
    for (auto &[name, pictures] : data.validation)
      json[name] = meanPsnr(module, pictures);
    return json;
  }
  double validationPsnr(const Module &module, const std::vector<int> &chosen = {}) const {
    double sum = 0;
    size_t count = 0;
    for (auto &[name, pictures] : data.validation) {
      sum += meanPsnr(module, pictures, chosen) * double(pictures.size());
      count += pictures.size();
    }
    return sum / double(count);
  }

  //--- Measuring

  /// Compiles a model.
  void compile(const std::string &model, const std::string &package) {
    runProgram("srcc", {model, "-o", package, "--target=" + config.target.device,
                        "--precision=" + config.target.precision});
  }

  /// Measures a package on this machine: the median, ms.
  double measure(const std::string &package) {
    std::string report = package + ".json";
    runProgram("srcc-bench", {package, "--size", config.target.size, "--json", report, "--quiet"});
    double ms = Json::parse(readFile(report)).at("median_ms").get<double>();
    fs::remove(report);
    return ms;
  }

  template <typename Make> void calibrate(Make make) {
    if (!config.target.calibrate)
      return;
    if (!latency.isHere())
      throw std::runtime_error("option 'target.calibrate' measures on this machine, but '" +
                               config.target.device + "' is another device");
    if (!result.contains("calibration") && writes()) {
      Net net = make();
      struct Point {
        std::string name, package;
        double predicted;
        std::vector<double> measured;
      };
      std::vector<Point> measurements;
      for (const std::string &scheme : config.target.calibrateWith)
        for (double density : {1.0, 0.5, 0.25, 0.125}) {
          if (density == 1 && !measurements.empty())
            continue;
          endIfAsked();
          Weights weights = prune(net.network, net.weights,
                                  planWith(net.network, parseStructure(scheme), density));
          say("calibration: compiling %s, density %.3f\n", scheme.c_str(), density);
          Point point{scheme + ", density " + std::to_string(density),
                      path("calibration" + std::to_string(measurements.size()) + ".srp"),
                      latency.predict(net.network, weights),
                      {}};
          emitModel(net.network, weights, path("calibration.mlirbc"));
          compile(path("calibration.mlirbc"), point.package);
          measurements.push_back(point);
        }
      fs::remove(path("calibration.mlirbc"));
      // In turn, so that a machine that slows down slows all of them; what counts is the median.
      constexpr int rounds = 3;
      for (int round = 0; round < rounds; ++round)
        for (Point &point : measurements) {
          endIfAsked();
          say("calibration: %s, measurement %d of %d\n", point.name.c_str(), round + 1, rounds);
          point.measured.push_back(measure(point.package));
        }
      Json points = Json::array();
      for (Point &point : measurements) {
        fs::remove(point.package);
        std::sort(point.measured.begin(), point.measured.end());
        say("calibration: %s: %.3f ms predicted, %.3f ms measured (%.3f to %.3f)\n",
            point.name.c_str(), point.predicted, point.measured[rounds / 2], point.measured.front(),
            point.measured.back());
        points.push_back({point.predicted, point.measured[rounds / 2]});
      }
      record("calibration", points);
    }
    if (processes) {
      processes->barrier();
      result = readResult(folder);
    }
    std::vector<std::pair<double, double>> points;
    for (const Json &point : result.at("calibration"))
      points.emplace_back(point.at(0), point.at(1));
    std::sort(points.begin(), points.end());
    for (size_t i = 1; i < points.size();
         ++i) // measurements scatter, but more work takes no less time
      points[i].second = std::max(points[i].second, points[i - 1].second);
    points.erase(std::unique(points.begin(), points.end(),
                             [](const auto &a, const auto &b) { return a.first == b.first; }),
                 points.end());
    latency.calibrate(points);
  }

  //--- Stage 1

  /// The most cells whose cheapest block meets the target at the least compression considered.
  int64_t chooseCells() {
    if (config.network.cells > 0)
      return config.network.cells;
    if (result.contains("cells"))
      return result["cells"].at("chosen");
    sparsity::Structure sparse;
    for (const sparsity::Structure &structure : structures)
      if (structure.scheme != sparsity::Scheme::Dense) {
        sparse = structure;
        break;
      }
    Json table = Json::array();
    int64_t chosen = 0;
    say("cells  block            dense ms  ms at density %.2f, %s\n", config.network.leastDensity,
        describeStructure(sparse).c_str());
    for (int64_t cells = 1; cells <= config.network.mostCells; ++cells) {
      bool fits = false;
      for (const std::string &block : config.network.blocks) {
        if (block == "skip")
          continue;
        endIfAsked();
        Network network = buildNetwork(config.data.scale, frameOf(config),
                                       std::vector<std::vector<std::string>>(cells, {block}));
        double dense = latency.predict(network, uniformPlan(network, {}, 1));
        double least =
            latency.predict(network, uniformPlan(network, sparse, config.network.leastDensity));
        say("%5lld  %-15s  %8.3f  %8.3f%s\n", (long long)cells, block.c_str(), dense, least,
            least <= targetMs ? "" : "  over the target");
        table.push_back(
            {{"cells", cells}, {"block", block}, {"dense_ms", dense}, {"least_ms", least}});
        fits = fits || least <= targetMs;
      }
      if (!fits)
        break;
      chosen = cells;
    }
    if (chosen == 0)
      throw std::runtime_error("target.ms: not even one cell meets " + std::to_string(targetMs) +
                               " ms at density network.least_density");
    say("%lld cells\n", (long long)chosen);
    record("cells", {{"chosen", chosen}, {"table", table}});
    return chosen;
  }

  Network supernet(int64_t cells) const {
    return buildNetwork(config.data.scale, frameOf(config),
                        std::vector<std::vector<std::string>>(cells, config.network.blocks));
  }

  Net trainSupernet(int64_t cells) {
    Network network = supernet(cells);
    torch::manual_seed(uint64_t(config.run.seed));
    Module module(network);
    if (!config.network.warmStart.empty())
      warmStart(module);
    std::vector<int> sizes;
    for (int choice : network.choices())
      sizes.push_back(int(network.nodes[choice].inputs.size()));
    TrainHooks hooks;
    // Every step one path, uniformly; all processes take the same. Validation looks at the first of
    // every cell.
    hooks.choose = [&](uint64_t step) {
      std::seed_seq sequence{uint32_t(config.run.seed), uint32_t(step), uint32_t(step >> 32), 3u};
      std::mt19937 random(sequence);
      std::vector<int> chosen;
      for (int size : sizes)
        chosen.push_back(int(random() % unsigned(size)));
      return chosen;
    };
    train(module,
          stage(config.supernet, "supernet", config.supernet.decay, config.supernet.average), hooks,
          "supernet");
    Module trained = loadModule(path("supernet.pt"));
    return {network, balance(network, trained.fold(trained.parameters()))};
  }

  /// The name of a layer without the number of its candidate: block0.1.expand is block0.expand in a
  /// network without choices.
  static std::string plainName(const std::string &name) {
    static const std::regex candidate("^(block[0-9]+)\\.[0-9]+\\.");
    return std::regex_replace(name, candidate, "$1.");
  }

  /// Takes over the layers of equal names and shapes.
  void warmStart(Module &module) {
    const std::string &file = config.network.warmStart;
    Net from;
    Module trained = loadAny(file);
    from = {trained.network(), trained.fold(trained.parameters())};
    torch::NoGradGuard noGrad;
    int taken = 0;
    for (size_t i = 0; i < module.network().convs.size(); ++i)
      for (size_t k = 0; k < from.network.convs.size(); ++k) {
        const ConvShape &to = module.network().convs[i], &old = from.network.convs[k];
        if (plainName(to.name) != plainName(old.name) || to.out != old.out || to.in != old.in ||
            to.kernel != old.kernel)
          continue;
        torch::Tensor weight = torch::tensor(from.weights[k].weight).view({to.out, -1});
        module.parameters()[i].copy_(torch::cat(
            {weight.view({-1}), weight.norm(2, 1), torch::tensor(from.weights[k].bias)}));
        ++taken;
      }
    say("warm start: %d of %zu layers\n", taken, module.network().convs.size());
    if (!taken)
      throw std::runtime_error(file + ": no layer has the name and shape of one of the supernet");
  }

  //--- Stage 2

  /// The variables: the block of every cell, then the scheme of every layer that may be pruned.
  struct Variables {
    std::vector<int> choices;             ///< nodes
    std::vector<std::vector<int>> layers; ///< of the supernet, those that have one scheme
    Space space;

    /// The variable of a layer of the supernet; none if its scheme is fixed or it may not be
    /// pruned.
    std::optional<size_t> find(int conv) const {
      for (size_t i = 0; i < layers.size(); ++i)
        if (std::find(layers[i].begin(), layers[i].end(), conv) != layers[i].end())
          return choices.size() + i;
      return std::nullopt;
    }
  };

  Variables variablesOf(const Net &supernet) const {
    Variables v;
    const Network &network = supernet.network;
    for (int choice : network.choices()) {
      v.choices.push_back(choice);
      v.space.sizes.push_back(int(network.nodes[choice].inputs.size()));
    }
    std::vector<bool> prunable = network.prunable();
    auto shapeOf = [&](int conv) {
      const ConvShape &c = network.convs[conv];
      return std::tuple(c.out, c.in, c.kernel);
    };
    for (size_t i = 0; i < network.convs.size(); ++i) {
      if (!prunable[i] || fixedStructure(config.search.fixed, network.convs[i].name))
        continue;
      auto same = config.search.alike ? std::find_if(v.layers.begin(), v.layers.end(),
                                                     [&](const std::vector<int> &layers) {
                                                       return shapeOf(layers[0]) == shapeOf(int(i));
                                                     })
                                      : v.layers.end();
      if (same != v.layers.end()) {
        same->push_back(int(i));
        continue;
      }
      v.layers.push_back({int(i)});
      v.space.sizes.push_back(int(structures.size()));
    }
    // A layer that is not there has scheme 0; of schemes that are the same on a layer, the first
    // counts.
    v.space.repair = [this, &network, layers = v.layers, choices = v.choices.size()](Point point) {
      std::vector<int> kept;
      network.select({point.begin(), point.begin() + long(choices)}, &kept);
      for (size_t i = 0; i < layers.size(); ++i) {
        int &scheme = point[choices + i];
        if (std::find_first_of(layers[i].begin(), layers[i].end(), kept.begin(), kept.end()) ==
            layers[i].end()) {
          scheme = 0;
          continue;
        }
        sparsity::Shape shape = network.convs[layers[i][0]].shape();
        auto nameOf = [&](int k) {
          return describeStructure(sparsity::adapt(structures[k], shape));
        };
        int first = 0;
        while (nameOf(first) != nameOf(scheme))
          ++first;
        scheme = first;
      }
      return point;
    };
    return v;
  }

  Candidate candidateOf(const Net &supernet, const Variables &v, const Point &point) const {
    std::vector<int> chosen(point.begin(), point.begin() + long(v.choices.size())), kept;
    Candidate candidate;
    candidate.net.network = supernet.network.select(chosen, &kept);
    std::vector<bool> prunable = candidate.net.network.prunable();
    for (size_t i = 0; i < kept.size(); ++i) {
      candidate.net.weights.push_back(supernet.weights[kept[i]]);
      LayerPlan layer;
      if (auto variable = v.find(kept[i]); variable && prunable[i])
        layer.structure =
            sparsity::adapt(structures[point[*variable]], candidate.net.network.convs[i].shape());
      if (auto fixed = fixedStructure(config.search.fixed, candidate.net.network.convs[i].name);
          fixed && prunable[i])
        layer.structure = sparsity::adapt(*fixed, candidate.net.network.convs[i].shape());
      candidate.plan.push_back(layer);
    }
    return candidate;
  }

  std::string describe(const Net &supernet, const Variables &v, const Point &point) const {
    Json json = {{"blocks", Json::array()}, {"schemes", Json::object()}};
    for (size_t i = 0; i < v.choices.size(); ++i)
      json["blocks"].push_back(config.network.blocks.at(point[i]));
    std::vector<int> kept;
    supernet.network.select({point.begin(), point.begin() + long(v.choices.size())}, &kept);
    std::sort(kept.begin(), kept.end());
    for (int conv : kept)
      if (auto variable = v.find(conv))
        json["schemes"][supernet.network.convs[conv].name] =
            config.search.schemes[point[*variable]];
    return json.dump();
  }

  /// The densest plan of the candidate's schemes that meets the target; at least one step of
  /// density, and for the surgeon no less than Losses::least, up to a step.
  Plan settlePlan(const Candidate &candidate, double *ms) {
    const Network &network = candidate.net.network;
    auto at = [&](double density) {
      return latency.predict(network, withDensity(candidate.plan, density));
    };
    double density = findDensity(at, targetMs, int(config.search.densities));
    double step = 1.0 / double(config.search.densities);
    density = std::max(
        density, config.prune.method == "surgeon" ? step * std::ceil(Losses::least / step) : step);
    *ms = at(density);
    return withDensity(candidate.plan, density);
  }

  Evaluated evaluate(const Candidate &candidate) {
    auto start = std::chrono::steady_clock::now();
    Evaluated e;
    Plan plan = settlePlan(candidate, &e.predictedMs);
    e.density = densityOf(candidate.net.network, plan);
    auto pruned = [&] {
      const Network &network = candidate.net.network;
      if (config.prune.method != "surgeon")
        return prune(network, candidate.net.weights, plan);
      torch::Tensor low = samplePictures();
      Weights aligned = alignToPrincipalAxes(Module(network, candidate.net.weights), plan, low);
      return pruneBySurgeon(Module(network, aligned), plan, low,
                            [](const std::string &) { endIfAsked(); });
    };
    Module module(candidate.net.network, pruned());
    TrainOptions options = dataOptions();
    options.quiet = true;
    options.steps = config.search.tune.steps;
    options.minutes = config.search.tune.minutes;
    options.rate = config.search.tune.rate;
    options.average = 0.99;
    Trainer trainer(module, options);
    if (options.steps > 0 && !trainer.run(data))
      throw Interrupted();
    WithValues averaged(module, trainer.average());
    e.psnr = validationPsnr(module);
    e.reward = e.psnr - config.search.penalty * std::max(0.0, e.predictedMs / targetMs - 1);
    e.rank = rank;
    e.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return e;
  }

  Candidate searchSchemes(const Net &supernet) {
    say("-- %s\n", "search of blocks and schemes");
    Variables v = variablesOf(supernet);
    Config relevant = config;
    relevant.run.folder.clear();
    relevant.search.method.clear(), relevant.search.baselines.clear();
    relevant.search.evaluations = 0, relevant.search.patience = 0, relevant.finetune = {},
    relevant.report = {};
    if (config.prune.method != "surgeon")
      relevant.prune = {};
    Json calibration = result.value("calibration", Json::array());
    context =
        hashOf(supernet.network.toJson() + hashOf(supernet.weights) + printConfig(relevant, false) +
               std::to_string(targetMs) + calibration.dump() + std::to_string(Losses::least));
    record("context", context);
    std::unique_ptr<Store> store;
    if (writes())
      store = std::make_unique<Store>(path("search.sqlite"));
    SearchOptions options = searchOptions(config.search.evaluations, uint64_t(config.run.seed));
    std::vector<std::string> methods = config.search.baselines;
    methods.erase(std::remove(methods.begin(), methods.end(), config.search.method), methods.end());
    methods.insert(methods.begin(), config.search.method);
    Point best;
    std::map<Point, bool> meets; // the target
    for (const std::string &method : methods) {
      int64_t number = 0;
      double highest = 0;
      Evaluate judge = [&](const std::vector<Point> &points) {
        std::vector<std::string> names;
        for (const Point &point : points)
          names.push_back(describe(supernet, v, point));
        std::vector<Evaluated> found = evaluateAll(names, store.get(), [&](size_t i) {
          return evaluate(candidateOf(supernet, v, points[i]));
        });
        std::vector<double> rewards;
        for (size_t i = 0; i < points.size(); ++i) {
          const Evaluated &e = found[i];
          if (store)
            store->note(method, config.run.seed, number, context, names[i]);
          if (number == 0 || e.reward > highest)
            highest = e.reward;
          ++number;
          say("%s %lld/%d  reward %.3f (best %.3f)  psnr %.3f dB  %.3f ms  %.0f %% of weights\n",
              method.c_str(), (long long)number, options.evaluations, e.reward, highest, e.psnr,
              e.predictedMs, 100 * e.density);
          rewards.push_back(e.reward);
          meets[points[i]] = e.predictedMs <= targetMs;
        }
        return rewards;
      };
      std::vector<Trial> trials = searchBy(method, v.space, judge, options);
      if (method == config.search.method) // what meets the target comes before what does not
        best = std::max_element(trials.begin(), trials.end(), [&](const Trial &a, const Trial &b) {
                 return std::pair(meets.at(a.point), a.reward) <
                        std::pair(meets.at(b.point), b.reward);
               })->point;
    }
    if (store) {
      Json rows = Json::array();
      for (const Store::Row &row : store->trials(context))
        rows.push_back({{"method", row.method},
                        {"number", row.number},
                        {"ms", row.evaluated.predictedMs},
                        {"psnr", row.evaluated.psnr},
                        {"reward", row.evaluated.reward}});
      record("trials", rows);
      record("candidate", Json::parse(describe(supernet, v, best)));
    }
    return candidateOf(supernet, v, best);
  }

  SearchOptions searchOptions(int64_t evaluations, uint64_t seed) const {
    SearchOptions options;
    options.evaluations = int(evaluations);
    options.initial = int(std::min(config.search.initial, evaluations));
    options.best = int(config.search.best);
    options.mutations = int(config.search.mutations);
    options.batch = int(config.search.batch);
    options.acquisition = config.search.acquisition;
    options.seed = seed;
    return options;
  }

  std::vector<Trial> searchBy(const std::string &method, const Space &space, const Evaluate &judge,
                              const SearchOptions &options) const {
    if (method == "bayes")
      return searchBayes(space, judge, *makeEnsemble(int(config.search.ensemble), options.seed),
                         options);
    return method == "evolution" ? searchEvolution(space, judge, options)
                                 : searchRandom(space, judge, options);
  }

  /// Evaluations by name: from the store, or computed; with several processes, each takes the next
  /// that nobody has taken. One that dies loses the candidate it had: another takes it over.
  template <typename Compute>
  std::vector<Evaluated> evaluateAll(const std::vector<std::string> &names, Store *store,
                                     Compute compute) {
    std::vector<Evaluated> result(names.size());
    if (!processes) {
      for (size_t i = 0; i < names.size(); ++i) {
        if (auto known = store->find(context, names[i])) {
          result[i] = *known;
          continue;
        }
        endIfAsked();
        result[i] = compute(i);
        store->add(context, names[i], result[i]);
      }
      return result;
    }
    return shareWork(names, store, compute);
  }

  template <typename Compute>
  std::vector<Evaluated> shareWork(const std::vector<std::string> &names, Store *store,
                                   Compute compute) {
    std::string round = context + "/" + std::to_string(rounds++) + "/";
    auto toText = [](const Evaluated &e) {
      return Json{e.density, e.predictedMs, e.psnr, e.reward, e.seconds, e.rank}.dump();
    };
    auto fromText = [](const std::string &text) {
      Json json = Json::parse(text);
      return Evaluated{json.at(0), json.at(1), json.at(2), json.at(3), json.at(4), json.at(5)};
    };
    // rank 0 has the store
    std::vector<bool> stored(names.size());
    if (store)
      for (size_t i = 0; i < names.size(); ++i)
        if (auto known = store->find(context, names[i])) {
          processes->put(round + std::to_string(i), toText(*known));
          stored[i] = true;
        }
    if (store)
      processes->put(round + "open", "");
    auto wait = [](int milliseconds) {
      endIfAsked();
      std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    };
    while (!processes->find(round + "open"))
      wait(20);
    std::vector<Evaluated> result(names.size());
    std::vector<bool> known(names.size());
    size_t left = names.size();
    auto collect = [&] {
      for (size_t i = 0; i < names.size(); ++i)
        if (!known[i])
          if (auto text = processes->find(round + std::to_string(i))) {
            result[i] = fromText(*text);
            known[i] = true;
            longest = std::max(longest, result[i].seconds);
            --left;
            if (store && !stored[i])
              store->add(context, names[i], result[i]);
          }
    };
    int attempt = 0;
    std::chrono::steady_clock::time_point changed = std::chrono::steady_clock::now();
    size_t before = left;
    while (collect(), left) {
      bool worked = false;
      for (size_t i = 0; i < names.size(); ++i) {
        collect();
        if (known[i] ||
            processes->add(round + "claim" + std::to_string(attempt) + "/" + std::to_string(i),
                           1) != 1)
          continue;
        endIfAsked();
        processes->put(round + std::to_string(i), toText(compute(i)));
        worked = true;
      }
      auto now = std::chrono::steady_clock::now();
      if (worked || left != before) {
        changed = now;
        before = left;
      } else if (std::chrono::duration<double>(now - changed).count() >
                 std::max(config.search.patience, 3 * longest)) {
        ++attempt; // whoever has the rest is taken for dead
        changed = now;
      }
      wait(50);
    }
    return result;
  }

  //--- Stages 3 and 4

  void finish(const Candidate &candidate) {
    const Network &network = candidate.net.network;
    Module module = settle(candidate), teacher(network, candidate.net.weights);
    if (config.finetune.steps == 0) {
      if (writes())
        emit(network, module);
      return;
    }
    TrainOptions options =
        stage(config.finetune, "final", config.finetune.decay, config.finetune.average);
    options.distill = config.finetune.distill;
    options.warmup = config.finetune.warmup;
    TrainHooks hooks;
    hooks.teacher = &teacher;
    train(module, options, hooks, "fine-tuning");
    if (!writes())
      return;
    Module trained = loadModule(path("final.pt"));
    emit(network, trained);
  }

  /// The network with hard masks; kept, so that all processes and a resumed run have the same.
  Module settle(const Candidate &candidate) {
    const Network &network = candidate.net.network;
    std::string file = path("pruned.pt");
    if (fs::exists(file))
      return loadModule(file);
    RatioOptions ratio;
    ratio.method = config.prune.method;
    ratio.strength = config.prune.strength, ratio.epsilon = config.prune.epsilon;
    ratio.threshold = config.prune.threshold, ratio.rho = config.prune.rho;
    ratio.refresh = config.prune.refresh, ratio.floor = config.prune.floor;
    ratio.rate = config.prune.rate, ratio.steps = int(config.search.densities),
    ratio.targetMs = targetMs;
    ratio.report = [&](const std::string &what) {
      endIfAsked();
      say("%s\n", what.c_str());
    };
    Module module(network, candidate.net.weights);
    Ratios ratios(module, candidate.plan, latency, ratio);
    Weights weights = candidate.net.weights;
    torch::Tensor low;
    if (config.prune.method == "surgeon") {
      say("-- %s\n", "pruning by the surgeon");
      low = samplePictures();
    } else if (config.prune.method != "magnitude") {
      TrainHooks hooks;
      hooks.regularise = [&](int64_t step, double part) { ratios.regularise(step, part); };
      hooks.state = &ratios.state();
      TrainOptions options = stage(config.prune, "settle", "step", 0.9);
      options.halve = 1; // the rate stays
      train(module, options, hooks, "ratios of layers");
      Module trained = loadModule(path("settle.pt"));
      weights = trained.fold(trained.parameters());
    }
    if (writes()) {
      double ms = 0;
      saveModule(Module(network, ratios.settle(weights, low, &ms)), file);
    }
    if (processes)
      processes->barrier();
    return loadModule(file);
  }

  /// Patches of training pictures, [N, 3, patch, patch] in [0, 1].
  torch::Tensor samplePictures() const {
    int patch = int(config.data.patch), patches = int(config.prune.patches);
    torch::Tensor low = torch::empty({patches, patch, patch, 3});
    PatchSampler(data.pictures, int(config.data.scale), patch, patches, uint64_t(config.run.seed))
        .sample(0, low.data_ptr<float>(), nullptr);
    return low.permute({0, 3, 1, 2});
  }

  /// A configuration that tells nothing of this machine's folders but their names.
  static Config withoutPlaces(Config config) {
    config.run.folder.clear();
    for (std::vector<std::string> *names : {&config.data.train, &config.data.validate})
      for (std::string &name : *names)
        name = fs::path(name).filename().string();
    config.network.warmStart = fs::path(config.network.warmStart).filename().string();
    return config;
  }

  void emit(const Network &network, const Module &trained) {
    Weights weights = trained.fold(trained.parameters());
    double predicted = latency.predict(network, weights);
    char number[32];
    std::snprintf(number, sizeof number, "%.4g", predicted);
    std::string target = std::to_string(targetMs) + " ms at " + config.target.size;
    Provenance provenance = {{"program", "srcc-search " SRCC_SEARCH_VERSION},
                             {"target", target},
                             {"device", config.target.device},
                             {"precision", config.target.precision},
                             {"predicted_ms", number},
                             {"seed", std::to_string(config.run.seed)},
                             {"configuration", printConfig(withoutPlaces(config), false)}};
    emitModel(network, weights, path("model.mlirbc"), provenance);
    record("target_ms", targetMs);
    record("size", config.target.size);
    record("predicted_ms", predicted);
    record("macs", network.macs());
    Json layers = Json::array();
    for (size_t i = 0; i < network.convs.size(); ++i) {
      const ConvShape &conv = network.convs[i];
      layers.push_back(
          {{"name", conv.name},
           {"shape", {conv.out, conv.in, conv.kernel, conv.kernel}},
           {"scheme", describeStructure(weights[i].structure)},
           {"density", double(sparsity::countKept(sparsity::maskOf(weights[i].weight))) /
                           double(conv.weights())}});
    }
    record("layers", layers);
    record("psnr", psnrs(trained));
    Json bicubic;
    for (auto &[name, pictures] : data.validation) {
      double sum = 0;
      for (const PicturePair &pair : pictures)
        sum += imaging::compare(imaging::enlarge(pair.low, int(network.scale)), pair.high,
                                int(network.scale))
                   .psnr;
      bicubic[name] = sum / double(pictures.size());
    }
    record("bicubic", bicubic);
    for (auto &[name, psnr] : result["psnr"].items())
      say("%s: %.3f dB, bicubic %.3f dB\n", name.c_str(), psnr.get<double>(),
          bicubic[name].get<double>());
    say("%.3f ms predicted, the target is %.3f ms\n", predicted, targetMs);
    if (config.report.measure && !latency.isHere())
      say("not measured: '%s' is no device of this machine\n", config.target.device.c_str());
    if (config.report.measure && latency.isHere()) {
      compile(path("model.mlirbc"), path("model.srp"));
      double measured = measure(path("model.srp"));
      record("measured_ms", measured);
      say("%.3f ms measured\n", measured);
      const PicturePair &sample = data.validation.front().second.front();
      imaging::savePng(sample.high, path("original.png"));
      imaging::savePng(sample.low, path("low.png"));
      imaging::savePng(imaging::enlarge(sample.low, int(network.scale)), path("bicubic.png"));
      runProgram("srcc-run", {path("model.srp"), path("low.png"), path("upscaled.png"), "--quiet"});
      auto quality = [&](const char *file) {
        return imaging::compare(imaging::loadImage(path(file)), sample.high, int(network.scale))
            .psnr;
      };
      record("sample",
             {{"bicubic", quality("bicubic.png")}, {"upscaled", quality("upscaled.png")}});
      say("%s: %.3f dB, bicubic %.3f dB\n", path("upscaled.png").c_str(), quality("upscaled.png"),
          quality("bicubic.png"));
    }
    writeReport(folder);
    say("%s, %s\n", path("model.mlirbc").c_str(), path("report.html").c_str());
  }

  const Config &config;
  Processes *processes;
  int rank;
  std::string folder;
  Latency latency;
  TrainingData data;
  Json result;
  std::vector<sparsity::Structure> structures;
  double targetMs = 0;
  std::string context;
  int64_t rounds = 0;
  double longest = 0; // seconds that an evaluation took, of any process
};

} // namespace

Module loadAny(const std::string &file) {
  if (fs::path(file).extension() == ".pt")
    return loadModule(file);
  auto [network, weights] = importModel(file);
  return Module(network, weights);
}

bool runSearch(const Config &config, Processes *processes) {
  if (config.target.ms <= 0)
    throw std::runtime_error("option 'target.ms' is missing");
  return Search(config, processes).run();
}

bool runPruning(const std::string &model, const Config &config, Processes *processes) {
  auto [network, weights] = importModel(model); // before all pictures are read
  return Search(config, processes).pruneModel(model, Net{std::move(network), std::move(weights)});
}

void replaySearch(const Config &config, int64_t evaluations, int64_t seeds) {
  if (!fs::exists(fs::path(config.run.folder) / "search.sqlite"))
    throw std::runtime_error(config.run.folder + ": no search has evaluated anything here");
  Search search(config, nullptr);
  std::string model = (fs::path(config.run.folder) / "original.mlirbc").string();
  search.replay(fs::exists(model) ? importModel(model).first : search.supernet(), evaluations,
                seeds);
}

void writeReport(const std::string &folder) {
  imaging::writeFile((fs::path(folder) / "report.html").string(), makeReport(folder));
}

} // namespace srcc::search
