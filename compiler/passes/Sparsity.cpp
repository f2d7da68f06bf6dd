//===- Sparsity.cpp - Masks of sparse weights -----------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/passes/Sparsity.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <array>
#include <cmath>
#include <map>
#include <numeric>

using namespace srcc::sparsity;

std::optional<Scheme> srcc::sparsity::parseScheme(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<Scheme>>(name)
      .Case("dense", Scheme::Dense)
      .Case("filter", Scheme::Filter)
      .Case("channel", Scheme::Channel)
      .Case("block", Scheme::Block)
      .Case("bcr", Scheme::BCR)
      .Case("pattern", Scheme::Pattern)
      .Case("unstructured", Scheme::Unstructured)
      .Default(std::nullopt);
}

llvm::StringRef srcc::sparsity::nameOf(Scheme scheme) {
  constexpr const char *names[] = {"dense", "filter",  "channel",     "block",
                                   "bcr",   "pattern", "unstructured"};
  return names[int(scheme)];
}

Mask srcc::sparsity::maskOf(llvm::ArrayRef<float> values) {
  Mask mask(values.size());
  llvm::transform(values, mask.begin(), [](float value) { return value != 0.0f; });
  return mask;
}

int64_t srcc::sparsity::countKept(const Mask &mask) {
  return std::accumulate(mask.begin(), mask.end(), int64_t(0));
}

/// Calls `visit(f, c, k, index)` for every weight in the order of memory.
template <typename Visit> static void forEachWeight(const Shape &shape, Visit visit) {
  int64_t index = 0;
  for (int64_t f = 0; f < shape.filters; ++f)
    for (int64_t c = 0; c < shape.channels; ++c)
      for (int64_t k = 0; k < shape.taps(); ++k)
        visit(f, c, k, index++);
}

//===----------------------------------------------------------------------===//
// Structures
//===----------------------------------------------------------------------===//

namespace {
/// The sets of weights that filter, channel, block and unstructured keep or remove together, in
/// the order of their first weights.
struct Units {
  Units(const Structure &structure, const Shape &shape) : shape(shape) {
    switch (structure.scheme) {
    case Scheme::Filter:
      channels = shape.channels;
      taps = shape.taps();
      break;
    case Scheme::Channel:
      filters = shape.filters;
      taps = shape.taps();
      break;
    case Scheme::Block:
      filters = std::min(structure.filters, shape.filters);
      channels = std::min(structure.channels, shape.channels);
      break;
    default:
      break;
    }
    rows = llvm::divideCeil(shape.filters, filters);
    columns = llvm::divideCeil(shape.channels, channels);
    depth = llvm::divideCeil(shape.taps(), taps);
  }

  int64_t count() const { return rows * columns * depth; }
  int64_t operator()(int64_t f, int64_t c, int64_t k) const {
    return (f / filters * columns + c / channels) * depth + k / taps;
  }

  const Shape &shape;
  int64_t filters = 1, channels = 1, taps = 1, rows, columns, depth;
};
} // namespace

std::vector<int64_t> srcc::sparsity::unitsOf(const Structure &structure, const Shape &shape) {
  Units units(structure, shape);
  std::vector<int64_t> result(shape.size());
  forEachWeight(shape, [&](int64_t f, int64_t c, int64_t k, int64_t index) {
    result[index] = units(f, c, k);
  });
  return result;
}

/// The kept entries of a 3x3 kernel.
static uint32_t getPattern(const Shape &shape, const Mask &mask, int64_t f, int64_t c) {
  uint32_t bits = 0;
  for (int64_t k = 0; k < shape.taps(); ++k)
    bits |= uint32_t(mask[(f * shape.channels + c) * shape.taps() + k]) << k;
  return bits;
}

static bool fitsBCR(const Structure &structure, const Shape &shape, const Mask &mask) {
  for (int64_t f0 = 0; f0 < shape.filters; f0 += structure.filters)
    for (int64_t c0 = 0; c0 < shape.channels; c0 += structure.channels) {
      int64_t f1 = std::min(f0 + structure.filters, shape.filters);
      int64_t c1 = std::min(c0 + structure.channels, shape.channels);
      std::vector<bool> rows(f1 - f0), columns(c1 - c0);
      for (int64_t f = f0; f < f1; ++f)
        for (int64_t c = c0; c < c1; ++c)
          if (mask[f * shape.channels + c])
            rows[f - f0] = columns[c - c0] = true;
      for (int64_t f = f0; f < f1; ++f)
        for (int64_t c = c0; c < c1; ++c)
          if (bool(mask[f * shape.channels + c]) != (rows[f - f0] && columns[c - c0]))
            return false;
    }
  return true;
}

static bool fitsPattern(const Structure &structure, const Shape &shape, const Mask &mask) {
  for (int64_t f = 0; f < shape.filters; ++f)
    for (int64_t c = 0; c < shape.channels; ++c) {
      uint32_t pattern = getPattern(shape, mask, f, c);
      if ((pattern && !llvm::is_contained(structure.library, pattern)) ||
          pattern != getPattern(shape, mask, f - f % structure.shared, c))
        return false;
    }
  return true;
}

bool srcc::sparsity::fits(const Structure &structure, const Shape &shape, const Mask &mask) {
  if (structure.scheme == Scheme::Dense || structure.scheme == Scheme::Unstructured)
    return true;
  if (structure.scheme == Scheme::BCR)
    return shape.taps() == 1 && fitsBCR(structure, shape, mask);
  if (structure.scheme == Scheme::Pattern)
    return shape.height == 3 && shape.width == 3 && fitsPattern(structure, shape, mask);
  Units units(structure, shape);
  std::vector<int8_t> kept(units.count(), -1);
  bool same = true;
  forEachWeight(shape, [&](int64_t f, int64_t c, int64_t k, int64_t index) {
    int8_t &unit = kept[units(f, c, k)];
    if (unit < 0)
      unit = mask[index];
    same &= unit == mask[index];
  });
  return same;
}

/// The patterns of a 3x3 mask, if they are at most 16, of one size, with the centre; `keep` and
/// `library` are set.
static std::optional<Structure> inferPatterns(const Shape &shape, const Mask &mask) {
  if (shape.height != 3 || shape.width != 3)
    return std::nullopt;
  Structure structure{Scheme::Pattern};
  for (int64_t f = 0; f < shape.filters; ++f)
    for (int64_t c = 0; c < shape.channels; ++c) {
      uint32_t pattern = getPattern(shape, mask, f, c);
      if (!pattern || llvm::is_contained(structure.library, pattern))
        continue;
      structure.library.push_back(pattern);
      structure.keep = llvm::popcount(structure.library.front());
      if (!(pattern >> 4 & 1) || llvm::popcount(pattern) != structure.keep ||
          structure.library.size() > 16)
        return std::nullopt;
    }
  llvm::sort(structure.library);
  return structure;
}

Structure srcc::sparsity::infer(const Shape &shape, const Mask &mask, double minZeros) {
  int64_t zeros = shape.size() - countKept(mask), perGroup = shape.filters / shape.groups;
  if (!zeros)
    return {};
  for (Scheme scheme : {Scheme::Filter, Scheme::Channel})
    if (Structure structure{scheme}; fits(structure, shape, mask))
      return structure;
  if (zeros < minZeros * shape.size())
    return {};
  // A block lies in one group, and no structure is claimed that the layer is too small to show.
  auto isPossible = [&](int64_t filters) {
    return filters == 1 || (filters <= perGroup && (shape.groups == 1 || perGroup % filters == 0));
  };
  auto findBlock = [&](Scheme scheme, std::initializer_list<int64_t> filters,
                       std::initializer_list<int64_t> channels) -> std::optional<Structure> {
    for (int64_t f : filters)
      for (int64_t c : channels)
        if (Structure block{scheme, f, c};
            isPossible(f) && c <= shape.channels && fits(block, shape, mask))
          return block;
    return std::nullopt;
  };
  if (auto block = findBlock(Scheme::Block, {16, 8, 4}, {8, 4, 2}))
    return *block;
  if (auto pattern = inferPatterns(shape, mask))
    for (int64_t shared : {8, 4, 2, 1}) {
      pattern->shared = shared;
      if (isPossible(shared) && fits(*pattern, shape, mask))
        return *pattern;
    }
  if (auto block = findBlock(Scheme::Block, {16, 8, 4}, {1}))
    return *block;
  if (shape.taps() == 1)
    if (auto bcr = findBlock(Scheme::BCR, {perGroup, 32, 16, 8, 4}, {shape.channels, 32, 16, 8, 4}))
      return *bcr;
  return {Scheme::Unstructured};
}

Structure srcc::sparsity::adapt(const Structure &wanted, const Shape &shape) {
  Structure structure = wanted;
  if (wanted.scheme == Scheme::BCR && shape.taps() != 1)
    structure.scheme = Scheme::Block;
  if (wanted.scheme == Scheme::Pattern && (shape.height != 3 || shape.width != 3))
    structure = {Scheme::Block, 4, 1};
  if (shape.groups > 1) {
    int64_t perGroup = shape.filters / shape.groups;
    for (int64_t *together : {&structure.filters, &structure.shared}) {
      *together = std::min(*together, perGroup);
      while (perGroup % *together)
        --*together;
    }
  }
  return structure;
}

//===----------------------------------------------------------------------===//
// Pruning
//===----------------------------------------------------------------------===//

/// Indices of scores from the lowest to the highest; of equal ones the first comes first.
static std::vector<int64_t> sortByScore(llvm::ArrayRef<double> scores) {
  std::vector<int64_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](int64_t a, int64_t b) {
    return std::make_pair(scores[a], a) < std::make_pair(scores[b], b);
  });
  return order;
}

/// Units with the lowest scores go until at most `most` weights are left. A unit's score is the
/// sum over its channels of the L2 norm over its filters and taps; of a whole channel, a whole
/// filter or a single weight it is the L2 norm.
static Mask pruneUnits(const Structure &structure, const Shape &shape, llvm::ArrayRef<float> values,
                       int64_t most) {
  Units units(structure, shape);
  bool byChannel = structure.scheme == Scheme::Block;
  int64_t columns = byChannel ? units.channels : 1;
  std::vector<double> squares(units.count() * columns), scores(units.count());
  std::vector<int64_t> sizes(units.count());
  forEachWeight(shape, [&](int64_t f, int64_t c, int64_t k, int64_t index) {
    int64_t unit = units(f, c, k);
    squares[unit * columns + (byChannel ? c % columns : 0)] +=
        double(values[index]) * values[index];
    ++sizes[unit];
  });
  for (size_t i = 0; i < squares.size(); ++i)
    scores[i / columns] += std::sqrt(squares[i]);

  std::vector<uint8_t> kept(units.count(), 1);
  int64_t left = shape.size();
  for (int64_t unit : sortByScore(scores)) {
    if (left <= most)
      break;
    kept[unit] = 0;
    left -= sizes[unit];
  }
  Mask mask(shape.size());
  forEachWeight(shape, [&](int64_t f, int64_t c, int64_t k, int64_t index) {
    mask[index] = kept[units(f, c, k)];
  });
  return mask;
}

/// Rows and columns of all blocks go, those with the lowest root mean square first, until at most
/// `most` weights are left. Scores are those of the unpruned block; per block rows come first.
static Mask pruneRowsAndColumns(const Structure &structure, const Shape &shape,
                                llvm::ArrayRef<float> values, int64_t most) {
  /// A row or column of the block at (f0, c0).
  struct Line {
    int64_t f0, f1, c0, c1;
  };
  std::vector<Line> lines;
  for (int64_t f0 = 0; f0 < shape.filters; f0 += std::min(structure.filters, shape.filters - f0))
    for (int64_t c0 = 0; c0 < shape.channels;
         c0 += std::min(structure.channels, shape.channels - c0)) {
      int64_t f1 = f0 + std::min(structure.filters, shape.filters - f0);
      int64_t c1 = c0 + std::min(structure.channels, shape.channels - c0);
      for (int64_t f = f0; f < f1; ++f)
        lines.push_back({f, f + 1, c0, c1});
      for (int64_t c = c0; c < c1; ++c)
        lines.push_back({f0, f1, c, c + 1});
    }
  auto visit = [&](const Line &line, auto action) {
    for (int64_t f = line.f0; f < line.f1; ++f)
      for (int64_t c = line.c0; c < line.c1; ++c)
        action(f * shape.channels + c);
  };
  std::vector<double> scores;
  for (const Line &line : lines) {
    double squares = 0;
    visit(line, [&](int64_t i) { squares += double(values[i]) * values[i]; });
    scores.push_back(std::sqrt(squares / double((line.f1 - line.f0) * (line.c1 - line.c0))));
  }
  Mask mask(shape.size(), 1);
  int64_t left = shape.size();
  for (int64_t line : sortByScore(scores)) {
    if (left <= most)
      break;
    visit(lines[line], [&](int64_t i) {
      left -= mask[i];
      mask[i] = 0;
    });
  }
  return mask;
}

/// Chooses a library, gives each unit (a channel of `shared` filters) the pattern that keeps most
/// of its norm, and removes whole units with the smallest kept norm until at most `most` weights
/// are left. Sets `structure.library`.
static Mask prunePatterns(Structure &structure, const Shape &shape, llvm::ArrayRef<float> values,
                          int64_t most, int64_t patterns) {
  constexpr int centre = 4;
  int64_t rows = llvm::divideCeil(shape.filters, structure.shared);
  std::vector<std::array<double, 9>> squares(rows * shape.channels);
  auto unitOf = [&](int64_t f, int64_t c) { return f / structure.shared * shape.channels + c; };
  forEachWeight(shape, [&](int64_t f, int64_t c, int64_t k, int64_t index) {
    squares[unitOf(f, c)][k] += double(values[index]) * values[index];
  });

  // A unit's natural pattern: the centre and the strongest other entries.
  std::map<uint32_t, int64_t> counts;
  for (const auto &unit : squares) {
    std::vector<int64_t> order = sortByScore(unit);
    llvm::erase(order, centre);
    uint32_t pattern = 1u << centre;
    for (int64_t k : llvm::ArrayRef<int64_t>(order).take_back(structure.keep - 1))
      pattern |= 1u << k;
    ++counts[pattern];
  }
  // The most frequent ones; of equal counts the smaller number.
  std::vector<std::pair<uint32_t, int64_t>> ranked(counts.begin(), counts.end());
  llvm::sort(ranked, [](const auto &a, const auto &b) {
    return std::make_pair(-a.second, a.first) < std::make_pair(-b.second, b.first);
  });
  ranked.resize(std::min<size_t>(ranked.size(), patterns));
  structure.library.clear();
  for (auto [pattern, count] : ranked)
    structure.library.push_back(pattern);

  std::vector<uint32_t> chosen(squares.size());
  std::vector<double> norms(squares.size(), -1);
  for (size_t unit = 0; unit < squares.size(); ++unit)
    for (uint32_t pattern : structure.library) {
      double norm = 0;
      for (int k = 0; k < 9; ++k)
        norm += pattern >> k & 1 ? squares[unit][k] : 0;
      if (norm > norms[unit]) {
        norms[unit] = norm;
        chosen[unit] = pattern;
      }
    }
  auto sizeOf = [&](int64_t unit) {
    int64_t first = unit / shape.channels * structure.shared;
    return structure.keep * std::min(structure.shared, shape.filters - first);
  };
  int64_t left = 0;
  for (size_t unit = 0; unit < squares.size(); ++unit)
    left += sizeOf(unit);
  for (int64_t unit : sortByScore(norms)) {
    if (left <= most)
      break;
    chosen[unit] = 0;
    left -= sizeOf(unit);
  }
  Mask mask(shape.size());
  forEachWeight(shape, [&](int64_t f, int64_t c, int64_t k, int64_t index) {
    mask[index] = chosen[unitOf(f, c)] >> k & 1;
  });
  return mask;
}

Pruning srcc::sparsity::prune(const Structure &wanted, const Shape &shape,
                              llvm::ArrayRef<float> values, double density, int64_t patterns) {
  Pruning result{adapt(wanted, shape), {}};
  // The allowance keeps 0.29 of 100 weights at 29.
  int64_t most = int64_t(std::floor(density * double(shape.size()) + 1e-6));
  switch (result.structure.scheme) {
  case Scheme::Dense:
    result.mask.assign(shape.size(), 1);
    break;
  case Scheme::BCR:
    result.mask = pruneRowsAndColumns(result.structure, shape, values, most);
    break;
  case Scheme::Pattern:
    result.mask = prunePatterns(result.structure, shape, values, most, patterns);
    break;
  default:
    result.mask = pruneUnits(result.structure, shape, values, most);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Filters that share taps
//===----------------------------------------------------------------------===//

/// The taps of each filter.
static std::vector<llvm::BitVector> getTaps(const Shape &shape, const Mask &mask) {
  int64_t perFilter = shape.channels * shape.taps();
  std::vector<llvm::BitVector> taps(shape.filters, llvm::BitVector(perFilter));
  for (int64_t f = 0; f < shape.filters; ++f)
    for (int64_t i = 0; i < perFilter; ++i)
      if (mask[f * perFilter + i])
        taps[f].set(i);
  return taps;
}

int64_t srcc::sparsity::countGrouped(const Shape &shape, const Mask &mask, int64_t together) {
  std::vector<llvm::BitVector> taps = getTaps(shape, mask);
  int64_t perGroup = shape.filters / shape.groups, count = 0;
  for (int64_t start = 0; start < shape.filters; start += perGroup)
    for (int64_t f0 = start; f0 < start + perGroup; f0 += together) {
      int64_t f1 = std::min(f0 + together, start + perGroup);
      llvm::BitVector all = taps[f0];
      for (int64_t f = f0 + 1; f < f1; ++f)
        all |= taps[f];
      count += all.count() * (f1 - f0);
    }
  return count;
}

std::vector<int64_t> srcc::sparsity::orderFilters(const Shape &shape, const Mask &mask,
                                                  int64_t together) {
  assert(shape.groups == 1 && together >= 1 && "filters of one group");
  std::vector<llvm::BitVector> taps = getTaps(shape, mask);
  // Greedily: the fullest filter left opens a group, then always the one most alike joins.
  std::vector<std::vector<int64_t>> groups;
  std::vector<bool> used(shape.filters);
  auto takeBest = [&](auto scoreOf) {
    int64_t best = -1;
    double bestScore = -1;
    for (int64_t f = 0; f < shape.filters; ++f)
      if (!used[f] && scoreOf(f) > bestScore) {
        best = f;
        bestScore = scoreOf(f);
      }
    used[best] = true;
    return best;
  };
  for (int64_t left = shape.filters; left > 0;) {
    int64_t first = takeBest([&](int64_t f) { return double(taps[f].count()); });
    std::vector<int64_t> group{first};
    llvm::BitVector all = taps[first];
    for (int64_t size = std::min(together, left); int64_t(group.size()) < size;) {
      int64_t next = takeBest([&](int64_t f) {
        llvm::BitVector common = taps[f], either = taps[f];
        common &= all;
        either |= all;
        return either.none() ? 1.0 : double(common.count()) / either.count();
      });
      all |= taps[next];
      group.push_back(next);
    }
    left -= group.size();
    groups.push_back(std::move(group));
  }

  // Swaps between groups, each of which lowers the cost: it ends.
  auto costOf = [&](const std::vector<int64_t> &group) {
    llvm::BitVector all(shape.channels * shape.taps());
    for (int64_t f : group)
      all |= taps[f];
    return int64_t(all.count() * group.size());
  };
  std::vector<int64_t> costs;
  for (auto &group : groups)
    costs.push_back(costOf(group));
  for (bool better = true; better;) {
    better = false;
    for (size_t a = 0; a < groups.size(); ++a)
      for (size_t b = a + 1; b < groups.size(); ++b)
        for (int64_t &f : groups[a])
          for (int64_t &g : groups[b]) {
            std::swap(f, g);
            int64_t costA = costOf(groups[a]), costB = costOf(groups[b]);
            if (costA + costB < costs[a] + costs[b]) {
              costs[a] = costA;
              costs[b] = costB;
              better = true;
            } else {
              std::swap(f, g);
            }
          }
  }

  // As close to the old order as the groups allow; the smaller group stays last.
  for (auto &group : groups)
    llvm::sort(group);
  auto whole = llvm::MutableArrayRef<std::vector<int64_t>>(groups);
  if (shape.filters % together)
    whole = whole.drop_back();
  llvm::sort(whole);
  std::vector<int64_t> order;
  for (auto &group : groups)
    order.insert(order.end(), group.begin(), group.end());
  return order;
}
