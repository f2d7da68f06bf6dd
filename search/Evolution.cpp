//===- Evolution.cpp - Search over choices --------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Evolution.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <stdexcept>

namespace srcc::search {

Point Space::random(std::mt19937_64 &random) const {
  Point point;
  for (int size : sizes)
    point.push_back(int(random() % uint64_t(size)));
  return repair(point);
}

Point Space::mutate(const Point &point, std::mt19937_64 &random) const {
  Point result = point;
  if (sizes.empty())
    return repair(result); // nothing to choose
  for (uint64_t changes = 1 + random() % 3; changes > 0; --changes) {
    size_t variable = random() % sizes.size();
    result[variable] = int(random() % uint64_t(sizes[variable]));
  }
  return repair(result);
}

std::vector<float> Space::encode(const Point &point) const {
  std::vector<float> bits;
  for (size_t i = 0; i < sizes.size(); ++i)
    for (int k = 0; k < sizes[i]; ++k)
      bits.push_back(point[i] == k);
  return bits;
}

double expectedImprovement(double mean, double spread, double best) {
  if (spread <= 0)
    return std::max(0.0, mean - best);
  double z = (mean - best) / spread;
  double density = std::exp(-z * z / 2) / std::sqrt(2 * M_PI),
         share = std::erfc(-z / std::sqrt(2)) / 2;
  return (mean - best) * share + spread * density;
}

namespace {

/// Trials so far; no point twice.
class Pool {
public:
  Pool(const Space &space, const Evaluate &evaluate, const SearchOptions &options)
      : space(space), evaluate(evaluate), options(options),
        random(options.seed * 0x9E3779B97F4A7C15ull + 17) {
    for (int size : space.sizes)
      if (combinations < smallSpace)
        combinations *= size_t(size);
  }

  bool full() const { return exhausted || int(trials.size()) >= options.evaluations; }

  void run(std::vector<Point> points) {
    points.resize(std::min(points.size(), size_t(options.evaluations) - trials.size()));
    if (points.empty()) {
      exhausted = true; // nothing new is found any more
      return;
    }
    std::vector<double> rewards = evaluate(points);
    for (size_t i = 0; i < points.size(); ++i)
      trials.push_back({points[i], std::isnan(rewards.at(i))
                                       ? -std::numeric_limits<double>::infinity()
                                       : rewards[i]});
    known.insert(points.begin(), points.end());
  }

  /// Up to `count` points of a source that are new; of a small space all that are left, but for
  /// one chance in e^20.
  template <typename Source> std::vector<Point> fresh(size_t count, Source source) {
    std::vector<Point> points;
    std::set<Point> offered;
    size_t most = 50 * count + (combinations < smallSpace ? 20 * combinations : 1000);
    for (size_t tries = 0; points.size() < count && tries < most; ++tries) {
      Point point = source();
      if (!known.count(point) && offered.insert(point).second)
        points.push_back(std::move(point));
    }
    return points;
  }
  std::vector<Point> randomPoints(size_t count) {
    return fresh(count, [&] { return space.random(random); });
  }
  std::vector<Point> mutations(size_t count) {
    std::vector<size_t> order(trials.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return std::make_pair(-trials[a].reward, a) < std::make_pair(-trials[b].reward, b);
    });
    order.resize(std::min(order.size(), size_t(options.best)));
    size_t turn = 0;
    return fresh(count,
                 [&] { return space.mutate(trials[order[turn++ % order.size()]].point, random); });
  }

  const Space &space;
  const Evaluate &evaluate;
  const SearchOptions &options;
  std::mt19937_64 random;
  std::vector<Trial> trials;

private:
  static constexpr size_t smallSpace = 10000;
  std::set<Point> known; // of the trials
  size_t combinations = 1;
  bool exhausted = false;
};

} // namespace

std::vector<Trial> searchRandom(const Space &space, const Evaluate &evaluate,
                                const SearchOptions &options) {
  Pool pool(space, evaluate, options);
  while (!pool.full())
    pool.run(pool.randomPoints(options.batch));
  return pool.trials;
}

std::vector<Trial> searchEvolution(const Space &space, const Evaluate &evaluate,
                                   const SearchOptions &options) {
  Pool pool(space, evaluate, options);
  pool.run(pool.randomPoints(options.initial));
  while (!pool.full())
    pool.run(pool.mutations(options.batch));
  return pool.trials;
}

/// Rewards as the quantiles of a logistic distribution at their ranks, which keep the order:
/// penalties of many dB for what misses a target would leave nothing of the tenths of dB between
/// candidates that meet it.
static std::vector<double> rankScores(const std::vector<double> &rewards) {
  std::vector<double> sorted = rewards, scores;
  std::sort(sorted.begin(), sorted.end());
  for (double reward : rewards) {
    auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), reward);
    double middle = double(first - sorted.begin() + last - sorted.begin()) / 2; // of equal ones
    double share = middle / double(rewards.size());
    scores.push_back(std::log(share / (1 - share)));
  }
  return scores;
}

std::vector<Trial> searchBayes(const Space &space, const Evaluate &evaluate, Surrogate &surrogate,
                               const SearchOptions &options) {
  Pool pool(space, evaluate, options);
  pool.run(pool.randomPoints(options.initial));
  while (!pool.full()) {
    std::vector<Point> candidates = pool.mutations(options.mutations);
    std::vector<std::vector<float>> known, asked;
    std::vector<double> rewards;
    for (const Trial &trial : pool.trials) {
      known.push_back(space.encode(trial.point));
      rewards.push_back(trial.reward);
    }
    for (const Point &point : candidates)
      asked.push_back(space.encode(point));
    std::vector<Point> picked;
    if (!candidates.empty()) {
      std::vector<double> scores = rankScores(rewards);
      surrogate.fit(known, scores);
      std::vector<Surrogate::Guess> guesses = surrogate.predict(asked);
      double best = *std::max_element(scores.begin(), scores.end());
      std::vector<bool> taken(candidates.size());
      for (int pick = 0; pick < options.batch && pick < int(candidates.size()); ++pick) {
        int choice = -1;
        double highest = 0;
        // Thompson: one member of the ensemble speaks for each pick
        size_t member =
            options.acquisition == "thompson" ? pool.random() % guesses[0].members.size() : 0;
        for (size_t i = 0; i < candidates.size(); ++i) {
          const Surrogate::Guess &g = guesses[i];
          double score = options.acquisition == "ei" ? expectedImprovement(g.mean, g.spread, best)
                         : options.acquisition == "ucb" ? g.mean + 2 * g.spread
                                                        : g.members[member];
          if (!taken[i] && (choice < 0 || score > highest)) {
            choice = int(i);
            highest = score;
          }
        }
        taken[choice] = true;
        picked.push_back(candidates[choice]);
      }
    }
    pool.run(picked);
  }
  return pool.trials;
}

} // namespace srcc::search
