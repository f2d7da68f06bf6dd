//===- EvolutionTest.cpp - Search over choices ----------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Evolution.h"
#include "search/Store.h"
#include "search/Surrogate.h"
#include "test/search/Pictures.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <torch/torch.h>

using namespace srcc::search;

namespace {

/// Twelve variables of three or four choices: a value for every choice, and for neighbours that
/// agree or not; noise as of short tuning. What the best of it is no method is told.
struct Landscape {
  Space space;
  std::vector<std::vector<double>> alone, together;

  explicit Landscape(uint64_t seed) {
    std::mt19937_64 random(seed);
    auto value = [&] { return double(random() % 1000) / 1000; };
    for (int i = 0; i < 12; ++i) {
      space.sizes.push_back(3 + i % 2);
      alone.emplace_back(4);
      together.emplace_back(16);
      for (double &v : alone.back())
        v = value();
      for (double &v : together.back())
        v = 0.5 * value();
    }
  }
  double operator()(const Point &p) const {
    double sum = 0;
    for (size_t i = 0; i < p.size(); ++i)
      sum += alone[i][p[i]] + together[i][4 * p[i] + p[(i + 1) % p.size()]];
    return sum;
  }
  Evaluate evaluate() const {
    return [this](const std::vector<Point> &points) {
      std::vector<double> rewards;
      for (const Point &p : points)
        rewards.push_back((*this)(p));
      return rewards;
    };
  }
};

double bestOf(const std::vector<Trial> &trials) {
  double best = trials.at(0).reward;
  for (const Trial &t : trials)
    best = std::max(best, t.reward);
  return best;
}

SearchOptions optionsOf(uint64_t seed) {
  SearchOptions options;
  options.evaluations = 40;
  options.seed = seed;
  return options;
}

} // namespace

// The integral of max(0, x - best) over the normal distribution, by the trapezium rule.
TEST(Search, ExpectedImprovementIsItsIntegral) {
  for (double mean : {-1.0, 0.0, 2.0})
    for (double spread : {0.1, 1.0, 3.0})
      for (double best : {-0.5, 0.5}) {
        double sum = 0, step = spread / 1000;
        for (double x = mean - 8 * spread; x < mean + 8 * spread; x += step)
          sum += std::max(0.0, x - best) *
                 std::exp(-0.5 * (x - mean) * (x - mean) / (spread * spread)) * step;
        EXPECT_NEAR(expectedImprovement(mean, spread, best), sum / (spread * std::sqrt(2 * M_PI)),
                    1e-4 + 1e-3 * sum);
      }
  EXPECT_EQ(expectedImprovement(1, 0, 3), 0);
  EXPECT_EQ(expectedImprovement(3, 0, 1), 2);
}

TEST(Search, EncodingIsOneHot) {
  Space space{{2, 3}};
  EXPECT_EQ(space.encode({1, 2}), (std::vector<float>{0, 1, 0, 0, 1}));
  EXPECT_EQ(space.encode({0, 0}), (std::vector<float>{1, 0, 1, 0, 0}));
}

// No method tries a point twice, all keep to the number of evaluations, and a seed decides the
// course.
TEST(Search, MethodsKeepToTheRules) {
  torch::set_num_threads(1);
  Landscape landscape(5);
  auto run = [&](int method, uint64_t seed) {
    auto surrogate = makeEnsemble(3, seed);
    SearchOptions options = optionsOf(seed);
    options.evaluations = 25;
    options.acquisition = method == 3 ? "ucb" : method == 4 ? "thompson" : "ei";
    return method == 0   ? searchRandom(landscape.space, landscape.evaluate(), options)
           : method == 1 ? searchEvolution(landscape.space, landscape.evaluate(), options)
                         : searchBayes(landscape.space, landscape.evaluate(), *surrogate, options);
  };
  for (int method : {0, 1, 2, 3, 4}) {
    std::vector<Trial> trials = run(method, 1), again = run(method, 1);
    ASSERT_EQ(trials.size(), 25u);
    std::set<Point> points;
    for (size_t i = 0; i < trials.size(); ++i) {
      EXPECT_TRUE(points.insert(trials[i].point).second);
      EXPECT_EQ(trials[i].point, again[i].point);
    }
  }
}

// Points that the repair makes equal are one: where the first variable is 0, the others do nothing.
TEST(Search, EqualCandidatesAreTriedOnce) {
  torch::set_num_threads(1);
  Space space{{2, 3, 3}};
  space.repair = [](Point p) { return p[0] ? p : Point{0, 0, 0}; };
  std::set<Point> tried;
  auto evaluate = [&](const std::vector<Point> &points) {
    std::vector<double> rewards;
    for (const Point &p : points) {
      EXPECT_TRUE(tried.insert(p).second);
      EXPECT_EQ(p, space.repair(p));
      rewards.push_back(p[0] + p[1] - p[2]);
    }
    return rewards;
  };
  for (int method : {0, 1, 2}) {
    tried.clear();
    auto surrogate = makeEnsemble(2, 1);
    std::vector<Trial> trials = method == 0 ? searchRandom(space, evaluate, optionsOf(1))
                                : method == 1
                                    ? searchEvolution(space, evaluate, optionsOf(1))
                                    : searchBayes(space, evaluate, *surrogate, optionsOf(1));
    EXPECT_EQ(trials.size(), 10u) << method;
  }
}

// A space of fewer points than evaluations is searched to its end.
TEST(Search, SmallSpacesEnd) {
  Space space{{2, 2}};
  auto evaluate = [](const std::vector<Point> &points) {
    return std::vector<double>(points.size(), 1.0);
  };
  auto surrogate = makeEnsemble(2, 1);
  EXPECT_EQ(searchRandom(space, evaluate, optionsOf(1)).size(), 4u);
  EXPECT_EQ(searchEvolution(space, evaluate, optionsOf(1)).size(), 4u);
  EXPECT_EQ(searchBayes(space, evaluate, *surrogate, optionsOf(1)).size(), 4u);
  EXPECT_EQ(searchRandom(Space{{4, 5, 6, 7}}, evaluate,
                         [] {
                           SearchOptions options = optionsOf(1);
                           options.evaluations = 10000;
                           return options;
                         }())
                .size(),
            840u);
  // nothing to choose: one point
  EXPECT_EQ(searchRandom({}, evaluate, optionsOf(1)).size(), 1u);
  EXPECT_EQ(searchEvolution({}, evaluate, optionsOf(1)).size(), 1u);
}

// At equal evaluations, on landscapes that nothing here was made for.
TEST(Search, BayesBeatsRandomSearch) {
  torch::set_num_threads(1);
  int wins = 0;
  for (uint64_t seed : {11, 12, 13, 14, 15}) {
    Landscape landscape(seed);
    auto surrogate = makeEnsemble(3, seed);
    wins +=
        bestOf(searchBayes(landscape.space, landscape.evaluate(), *surrogate, optionsOf(seed))) >
        bestOf(searchRandom(landscape.space, landscape.evaluate(), optionsOf(seed)));
  }
  EXPECT_GE(wins, 4);
}

TEST(Store, KeepsEvaluationsByContext) {
  Folder folder;
  std::string file = folder / "search.sqlite";
  {
    Store store(file);
    EXPECT_FALSE(store.find("a", "x"));
    store.add("a", "x", {0.5, 12, 33, 31, 2});
    store.add("b", "x", {0.25, 6, 32, 30, 1, 3});
    store.note("bayes", 1, 0, "a", "x");
    store.note("random", 1, 0, "a", "x");
    store.note("bayes", 1, 1, "a", "never evaluated");
  }
  Store store(file);
  ASSERT_TRUE(store.find("a", "x"));
  EXPECT_EQ(store.find("a", "x")->reward, 31);
  EXPECT_EQ(store.find("b", "x")->density, 0.25);
  EXPECT_EQ(store.find("b", "x")->rank, 3);
  EXPECT_FALSE(store.find("b", "y"));
  std::vector<Store::Row> rows = store.trials("a");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].method, "bayes");
  EXPECT_EQ(rows[1].method, "random");
  EXPECT_EQ(rows[1].evaluated.psnr, 33);

  std::ofstream(folder / "other")
      << "no database, but long enough to be taken for one ........................";
  EXPECT_THROW(Store(folder / "other"), std::runtime_error);
  EXPECT_THROW(Store(folder / "absent/search.sqlite"), std::runtime_error);
}
