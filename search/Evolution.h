//===- Evolution.h - Search over choices ----------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_EVOLUTION_H
#define SRCC_SEARCH_EVOLUTION_H

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace srcc::search {

/// One choice per variable.
using Point = std::vector<int>;

/// Variables with a number of choices each.
struct Space {
  std::vector<int> sizes;
  /// Gives variables that do not matter at a point their value 0, so that equal candidates are
  /// equal points.
  std::function<Point(Point)> repair = [](Point p) { return p; };

  Point random(std::mt19937_64 &random) const;
  /// One to three variables changed.
  Point mutate(const Point &point, std::mt19937_64 &random) const;
  /// One-hot.
  std::vector<float> encode(const Point &point) const;
};

/// What was found out about a point: the higher the better.
struct Trial {
  Point point;
  double reward;
};

/// The rewards of points, in order.
using Evaluate = std::function<std::vector<double>(const std::vector<Point> &)>;

/// Predicts rewards with their uncertainty.
class Surrogate {
public:
  /// What is thought of a point.
  struct Guess {
    double mean, spread;         ///< over the ensemble
    std::vector<double> members; ///< what each of the ensemble says
  };
  virtual ~Surrogate() = default;
  /// Learns the rewards, of any scale, of points as Space::encode writes them: at least one, as many rewards.
  virtual void fit(const std::vector<std::vector<float>> &points,
                   const std::vector<double> &rewards) = 0;
  /// A guess for each point, after fit.
  virtual std::vector<Guess> predict(const std::vector<std::vector<float>> &points) = 0;
};

struct SearchOptions {
  int evaluations = 40;
  int initial = 12;               ///< at random, at first
  int best = 6;                   ///< H
  int mutations = 64;             ///< C
  int batch = 4;                  ///< B
  std::string acquisition = "ei"; ///< or ucb, thompson
  uint64_t seed = 1;
};

/// Expected improvement over \p best of a normal distribution.
double expectedImprovement(double mean, double spread, double best);

/// Distinct points at random.
std::vector<Trial> searchRandom(const Space &space, const Evaluate &evaluate,
                                const SearchOptions &options);
/// The H best so far are mutated into B, again and again.
std::vector<Trial> searchEvolution(const Space &space, const Evaluate &evaluate,
                                   const SearchOptions &options);
/// The H best so far are mutated into C, of which the acquisition function picks B by the
/// surrogate.
std::vector<Trial> searchBayes(const Space &space, const Evaluate &evaluate, Surrogate &surrogate,
                               const SearchOptions &options);

} // namespace srcc::search
#endif // SRCC_SEARCH_EVOLUTION_H
