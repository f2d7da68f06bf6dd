//===- Traffic.cpp - Bytes that caches move ---------------------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#include "compiler/cost/Evaluator.h"
#include "compiler/cost/Footprint.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace srcc;
using namespace srcc::cost;

/// Part of a line that a cache of `size` keeps of `bytes` in use between two uses: all up to half
/// of it, nothing from one and a half on.
static double kept(double bytes, double size) {
  if (size <= 0)
    return 0;
  return std::clamp(1.5 - bytes / size, 0.0, 1.0);
}

namespace srcc::cost {

/// Counts distinct bytes and what moves between caches, from where the accesses of a kernel are in
/// the middle of the picture and how far apart they are in neighbouring iterations of each loop.
/// Loops are numbered by their nodes; behind those come the dimensions of a work-group, then those
/// of the grid.
class Traffic {
public:
  Traffic(Evaluator &evaluator, Counts &counts);
  void count(const CacheSizes &caches);

private:
  /// Accesses of one node whose places move alike.
  struct Group {
    int memory, node;
    size_t first; // access that stands for all
    Footprint places;
  };
  /// A set on its way outwards: the loops it has passed.
  struct Way {
    Footprint set;
    std::vector<int> plain, lists;
  };
  using Sets = std::vector<std::vector<Footprint>>;
  static constexpr int64_t irregular = INT64_MIN;

  int64_t addressOf(const Access &a) const {
    return a.address < 0 || tree.opaque[a.address] ? int64_t(0)
                                                   : of.slots[a.address] * a.elementBytes;
  }
  int idSlot(int dimension) const {
    return dimension < 3 ? tree.threadId[dimension] : tree.blockId[dimension - 3];
  }
  void recompute(int which, int from, int to);
  void findStride(int which, int from, int to, llvm::function_ref<void(int64_t)> setTo,
                  int64_t trip, int64_t middle);
  void findStrides();
  const std::vector<int64_t> &offsetsOf(const std::vector<int> &loops, size_t access);
  std::vector<Group> groupsOf();
  void expand(Way &way, int which, const Group &group);
  void findSets();
  double moved(double cache);

  Evaluator &of;
  Counts &counts;
  const KernelTree &tree;
  const int nodes;
  int memories;
  const size_t accesses;
  std::vector<int64_t> at;   // slots in the middle of the picture
  std::vector<int64_t> base; // places of accesses there
  std::vector<std::vector<int64_t>> stride;
  std::vector<int64_t> trips, middles;
  std::map<std::vector<int>, std::vector<std::vector<int64_t>>> joint;
  // By node and memory; the last node is the grid.
  std::vector<double> iterationBytes;
  std::vector<std::vector<double>> wholeBytes, ownBytes;
  std::vector<std::vector<char>> scattered; // whether iterations are at places of lists
};

} // namespace srcc::cost

Traffic::Traffic(Evaluator &evaluator, Counts &counts)
    : of(evaluator), counts(counts), tree(evaluator.tree), nodes(evaluator.tree.nodes.size()),
      memories(evaluator.tree.arguments), accesses(evaluator.tree.accesses.size()) {
  for (int i = 0; i < 3; ++i)
    of.set(tree.blockId[i], of.grid[i] / 2), of.set(tree.threadId[i], of.group[i] / 2);
  for (const Access &access : tree.accesses)
    memories = std::max(memories, access.memory + 1);
  of.reference(0, nodes);
  at = of.slots;
  for (const Access &access : tree.accesses)
    base.push_back(addressOf(access));
}

/// Computes the integers of nodes [from, to) anew, but leaves the loop `which` where it is.
void Traffic::recompute(int which, int from, int to) {
  for (int n = from; n < to; ++n) {
    if (n != which)
      of.reference(n, n + 1);
    else
      of.run(tree.nodes[n].code);
  }
}

/// How far apart the places of accesses in nodes [from, to) are in neighbouring iterations.
void Traffic::findStride(int which, int from, int to, llvm::function_ref<void(int64_t)> setTo,
                         int64_t trip, int64_t middle) {
  if (trip < 2)
    return;
  auto inside = [&](size_t i) {
    return tree.accesses[i].node >= from && tree.accesses[i].node < to;
  };
  int64_t side = middle + 1 < trip ? 1 : -1;
  setTo(middle + side);
  recompute(which, from, to);
  for (size_t i = 0; i < accesses; ++i)
    if (inside(i))
      stride[which][i] = (addressOf(tree.accesses[i]) - base[i]) * side;
  of.slots = at;
  if (trip == 2)
    return;
  // A second look shows those that are no arithmetic progression: rings, and lists.
  int64_t far =
      middle + 2 < trip && trip > 4 ? middle + std::min<int64_t>(3, trip - 1 - middle) : 0;
  setTo(far);
  recompute(which, from, to);
  for (size_t i = 0; i < accesses; ++i)
    if (inside(i) && addressOf(tree.accesses[i]) - base[i] != stride[which][i] * (far - middle))
      stride[which][i] = irregular;
  of.slots = at;
}

void Traffic::findStrides() {
  stride.assign(nodes + 6, std::vector<int64_t>(accesses, 0));
  trips.assign(nodes + 6, 1), middles.assign(nodes + 6, 0);
  for (int n = 0; n < nodes; ++n) {
    const Node &node = tree.nodes[n];
    if (node.kind != NodeKind::Loop)
      continue;
    int64_t trip = of.tripOf(node), lower = of.slots[node.lower];
    int64_t step = std::max<int64_t>(of.slots[node.step], 1);
    double average = counts.entries[n] > 0 ? counts.runs[n] / counts.entries[n] : 0;
    trips[n] = std::max<int64_t>(1, std::llround(average));
    middles[n] = trip / 2;
    findStride(
        n, n, node.end, [&](int64_t i) { of.slots[node.iv] = lower + i * step; }, trip, trip / 2);
  }
  for (int d = 0; d < 6; ++d) {
    int slot = idSlot(d);
    int64_t size = d < 3 ? of.group[d] : of.grid[d - 3];
    trips[nodes + d] = std::max<int64_t>(1, size);
    middles[nodes + d] = size / 2;
    if (slot >= 0)
      findStride(nodes + d, 0, nodes, [&](int64_t i) { of.slots[slot] = i; }, size, size / 2);
  }
}

/// Where an irregular access goes in all iterations of the loops together, from the outermost on:
/// what a list holds differs from group to group of filters. Long loops are looked at in evenly
/// spread places.
const std::vector<int64_t> &Traffic::offsetsOf(const std::vector<int> &loops, size_t access) {
  auto [place, isNew] = joint.try_emplace(loops);
  std::vector<std::vector<int64_t>> &found = place->second;
  if (!isNew)
    return found[access];
  found.resize(accesses);
  auto visit = [&](auto &self, size_t depth) -> void {
    if (depth == loops.size()) {
      for (size_t i = 0; i < accesses; ++i)
        found[i].push_back(addressOf(tree.accesses[i]) - base[i]);
      return;
    }
    int loop = loops[depth];
    bool isGrid = loop >= nodes;
    int slot = isGrid ? idSlot(loop - nodes) : tree.nodes[loop].iv;
    int64_t trip = isGrid ? trips[loop] : of.tripOf(tree.nodes[loop]);
    int64_t lower = isGrid ? 0 : of.slots[tree.nodes[loop].lower];
    int64_t step = isGrid ? 1 : std::max<int64_t>(of.slots[tree.nodes[loop].step], 1);
    int64_t most = loops.size() == 1 ? 128 : depth + 1 == loops.size() ? 64 : 16;
    int64_t samples = std::min(trip, most);
    for (int64_t k = 0; k < samples; ++k) {
      of.slots[slot] = lower + (trip <= most ? k : k * trip / samples) * step;
      if (isGrid)
        of.reference(0, nodes);
      else
        recompute(loop, loop, tree.nodes[loop].end);
      self(self, depth + 1);
    }
  };
  visit(visit, 0);
  of.slots = at;
  for (std::vector<int64_t> &offsets : found) {
    llvm::sort(offsets);
    offsets.erase(llvm::unique(offsets), offsets.end());
  }
  return found[access];
}

std::vector<Traffic::Group> Traffic::groupsOf() {
  std::map<std::vector<int64_t>, Group> groups;
  for (size_t i = 0; i < accesses; ++i) {
    const Access &access = tree.accesses[i];
    std::vector<int64_t> key{access.memory, access.node};
    auto add = [&](int loop) {
      key.push_back(stride[loop][i]);
      if (stride[loop][i] == irregular) {
        const std::vector<int64_t> &places = offsetsOf({loop}, i);
        key.insert(key.end(), places.begin(), places.end());
      }
    };
    for (int n = access.node; n >= 0; n = tree.nodes[n].parent)
      add(n);
    for (int d = 0; d < 6; ++d)
      add(nodes + d);
    auto [place, isNew] =
        groups.try_emplace(std::move(key), Group{access.memory, access.node, i, {}});
    place->second.places.add(base[i], base[i] + access.bytes);
  }
  std::vector<Group> result;
  for (auto &[key, group] : groups)
    result.push_back(std::move(group));
  return result;
}

/// Takes the set out of a loop: all its iterations together.
void Traffic::expand(Way &way, int which, const Group &group) {
  auto plainly = [&](int loop) {
    int64_t by = stride[loop][group.first];
    way.set.move(-by * middles[loop]); // from the middle to the first iteration
    way.set.expand(by, trips[loop]);
  };
  if (stride[which][group.first] != irregular) {
    way.plain.push_back(which);
    plainly(which);
    return;
  }
  // Begin again, with this loop and the irregular ones inside it together.
  way.lists.insert(way.lists.begin(), which);
  way.set = group.places;
  way.set.expand(offsetsOf(way.lists, group.first), trips[which]);
  for (int loop : way.plain)
    plainly(loop);
}

/// Distinct bytes of an iteration, of a whole loop, and of a node without what is in loops and
/// branches inside it.
void Traffic::findSets() {
  Sets iteration(nodes + 1, std::vector<Footprint>(memories)), whole = iteration, own = iteration;
  scattered.assign(nodes + 1, std::vector<char>(memories, 0));
  for (const Group &group : groupsOf()) {
    Way way{group.places, {}, {}};
    for (int d = 0; d < 3; ++d) // work-items of a group run side by side
      expand(way, nodes + d, group);
    own[group.node][group.memory].add(way.set);
    bool likely = true;
    for (int n = group.node; n >= 0 && likely; n = tree.nodes[n].parent) {
      iteration[n][group.memory].add(way.set);
      if (tree.nodes[n].kind == NodeKind::Loop) {
        scattered[n][group.memory] |= stride[n][group.first] == irregular;
        expand(way, n, group);
      }
      whole[n][group.memory].add(way.set);
      // What hardly ever happens fills no cache.
      likely = tree.nodes[n].parent < 0 || tree.nodes[n].kind == NodeKind::Loop ||
               counts.runs[n] >= 0.2 * counts.runs[tree.nodes[n].parent];
    }
    if (!likely)
      continue;
    iteration[nodes][group.memory].add(way.set);
    for (int d = 3; d < 6; ++d)
      expand(way, nodes + d, group);
    whole[nodes][group.memory].add(way.set);
  }
  iterationBytes.assign(nodes + 1, 0);
  wholeBytes.assign(nodes + 1, std::vector<double>(memories, 0));
  ownBytes = wholeBytes;
  for (int n = 0; n <= nodes; ++n)
    for (int m = 0; m < memories; ++m) {
      iterationBytes[n] += iteration[n][m].bytes();
      wholeBytes[n][m] = whole[n][m].bytes();
      ownBytes[n][m] = own[n][m].bytes();
    }
}

/// Bytes that move between a cache and what is behind it: what is distinct in a loop if the cache
/// holds what an iteration touches, else the same again in each iteration. Iterations at places of
/// lists find what any before them left, so the cache has to hold what all of them touch. A line
/// counts once, read or written.
double Traffic::moved(double cache) {
  std::vector<std::vector<double>> moved(nodes + 1, std::vector<double>(memories, 0));
  for (int n = nodes - 1; n >= 0; --n) {
    const Node &node = tree.nodes[n];
    std::vector<double> body = ownBytes[n];
    for (int child = n + 1; child < node.end; child = tree.nodes[child].end) {
      bool isLoop = tree.nodes[child].kind == NodeKind::Loop;
      double visits = isLoop ? counts.entries[child] : counts.runs[child];
      visits = counts.runs[n] > 0 ? visits / counts.runs[n] : 0;
      for (int m = 0; m < memories; ++m)
        body[m] += visits * moved[child][m];
    }
    double all = std::accumulate(wholeBytes[n].begin(), wholeBytes[n].end(), 0.0);
    double trip = node.kind == NodeKind::Loop ? double(trips[n]) : 1;
    for (int m = 0; m < memories; ++m) {
      double part = kept(scattered[n][m] ? all : iterationBytes[n], cache);
      double once = std::min(wholeBytes[n][m], trip * body[m]);
      moved[n][m] = part * once + (1 - part) * trip * body[m];
    }
  }
  double part = kept(iterationBytes[nodes], cache), total = 0;
  for (int m = 0; m < memories; ++m) {
    double each = counts.groups * moved[0][m];
    double once = m < tree.arguments ? std::min(wholeBytes[nodes][m], each) : 0;
    total += part * once + (1 - part) * each;
  }
  return total;
}

void Traffic::count(const CacheSizes &caches) {
  findStrides();
  findSets();
  counts.iteration = iterationBytes[nodes];
  for (int m = 0; m < tree.arguments; ++m)
    counts.footprint += wholeBytes[nodes][m];
  counts.traffic = {moved(caches.first), moved(caches.second)};
}

void Evaluator::traffic(Counts &counts, const CacheSizes &caches) {
  Traffic(*this, counts).count(caches);
}
