//===- Surgeon.cpp - Pruning that mends what is left ----------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Surgeon.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>

namespace srcc::search {
namespace F = torch::nn::functional;
using sparsity::Scheme;

/// In how many steps weights are removed: what is left is solved for anew after each.
constexpr int rounds = 8;

/// As many pictures as have a few ten thousand pixels, one at least: unfolded, or with all results
/// of a network, they are hundreds of times as large.
static int64_t fewOf(const torch::Tensor &pictures) {
  return std::max<int64_t>(1, 20000 / (pictures.size(2) * pictures.size(3)));
}

LeastSquares LeastSquares::of(const torch::Tensor &x, const torch::Tensor &y, int64_t kernel) {
  int64_t inputs = x.size(1) * kernel * kernel, filters = y.size(1), together = fewOf(x);
  LeastSquares result{torch::zeros({inputs + 1, inputs + 1}, torch::kFloat64),
                      torch::zeros({filters, inputs + 1}, torch::kFloat64)};
  auto options = F::UnfoldFuncOptions({kernel, kernel}).padding(kernel / 2);
  for (int64_t n = 0; n < x.size(0); n += together) {
    auto flat = [](const torch::Tensor &t) {
      return t.transpose(0, 1).reshape({t.size(1), -1}).contiguous();
    };
    torch::Tensor taken = x.slice(0, n, n + together).contiguous();
    torch::Tensor u = flat(F::unfold(taken, options)), v = flat(y.slice(0, n, n + together));
    u = torch::cat({u, torch::ones({1, u.size(1)})});
    result.gram += u.mm(u.t()).to(torch::kFloat64);
    result.cross += v.mm(u.t()).to(torch::kFloat64);
  }
  if (!result.gram.isfinite().all().item<bool>() || !result.cross.isfinite().all().item<bool>())
    throw std::runtime_error("the network's values are too large to be pruned: products of two are "
                             "not finite");
  // Inputs that depend on each other have no solution of their own; those that are always zero get
  // zero.
  constexpr double ridge = 1e-6;
  torch::Tensor own = result.gram.diagonal().slice(0, 0, inputs);
  own.add_(torch::where(own.eq(0), torch::ones_like(own), own * ridge));
  return result;
}

namespace {

/// The solution for the kept weights of each filter, zero elsewhere.
struct Solution {
  torch::Tensor weights;  ///< float64 [filters, inputs + 1]
  torch::Tensor saliency; ///< float64 [filters, inputs]: what the error grows by without a weight
};

Solution solve(const LeastSquares &problem, const torch::Tensor &kept) {
  int64_t filters = problem.cross.size(0), inputs = problem.gram.size(0) - 1;
  Solution result{torch::zeros_like(problem.cross),
                  torch::zeros({filters, inputs}, torch::kFloat64)};
  // filters that share what they keep share the inverse
  std::map<std::vector<uint8_t>, std::vector<int64_t>> groups;
  for (int64_t f = 0; f < filters; ++f) {
    const uint8_t *row = kept.data_ptr<uint8_t>() + f * inputs;
    groups[{row, row + inputs}].push_back(f);
  }
  for (auto &[mask, members] : groups) {
    std::vector<int64_t> columns;
    for (int64_t i = 0; i < inputs; ++i)
      if (mask[i])
        columns.push_back(i);
    columns.push_back(inputs);
    torch::Tensor at = torch::tensor(columns), rows = torch::tensor(members);
    torch::Tensor inverse = torch::linalg_inv(problem.gram.index_select(0, at).index_select(1, at));
    torch::Tensor weights = problem.cross.index_select(0, rows).index_select(1, at).mm(inverse);
    torch::Tensor saliency = weights.square() / inverse.diagonal();
    for (size_t r = 0; r < members.size(); ++r) {
      result.weights[members[r]].index_copy_(0, at, weights[int64_t(r)]);
      int64_t last = int64_t(columns.size()) - 1; // the bias stays
      result.saliency[members[r]].index_copy_(0, at.slice(0, 0, last),
                                              saliency[int64_t(r)].slice(0, 0, last));
    }
  }
  return result;
}

std::vector<float> toFloats(const torch::Tensor &values) {
  torch::Tensor flat = values.to(torch::kFloat32).contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

torch::Tensor toTensor(const sparsity::Mask &mask, int64_t filters) {
  return torch::tensor(mask).to(torch::kUInt8).view({filters, -1}).contiguous();
}

/// By how much more each filter's squared error is without it: its outputs zero.
torch::Tensor explained(const LeastSquares &problem, const Solution &solution) {
  return (solution.weights * problem.cross).sum(1).clamp_min(0);
}

/// The weights of a solution for a mask. A filter that #sr.filter removes loses its bias, too.
ConvWeights toWeights(const Solution &solution, const sparsity::Pruning &pruning) {
  int64_t inputs = solution.saliency.size(1);
  ConvWeights result{toFloats(solution.weights.slice(1, 0, inputs)),
                     toFloats(solution.weights.select(1, inputs)), pruning.structure};
  if (pruning.structure.scheme == Scheme::Filter)
    for (size_t f = 0; f < result.bias.size(); ++f)
      if (!llvm::is_contained(llvm::ArrayRef(pruning.mask).slice(f * inputs, inputs), 1))
        result.bias[f] = 0;
  return result;
}

/// The weights for a mask that is settled. Where a scheme promises which ones are zero, the others
/// are not.
ConvWeights solveMasked(const ConvShape &conv, const LeastSquares &problem,
                        const sparsity::Pruning &pruning) {
  ConvWeights result = toWeights(solve(problem, toTensor(pruning.mask, conv.out)), pruning);
  if (pruning.structure.scheme != Scheme::Dense && pruning.structure.scheme != Scheme::Unstructured)
    for (auto [weight, kept] : llvm::zip_equal(result.weight, pruning.mask))
      if (kept && weight == 0)
        weight = std::numeric_limits<float>::min();
  return result;
}

/// Removes weights until each of the densities is reached, in turn; \p visit gets what stays and
/// the solution before the next are removed.
template <typename Visit>
sparsity::Pruning remove(const ConvShape &conv, const LeastSquares &problem,
                         const sparsity::Structure &structure, llvm::ArrayRef<double> densities,
                         Visit visit) {
  sparsity::Pruning pruning{{}, sparsity::Mask(conv.weights(), 1)};
  for (double density : densities) {
    Solution solution = solve(problem, toTensor(pruning.mask, conv.out));
    visit(pruning, solution);
    torch::Tensor saliency = solution.saliency;
    if (structure.scheme == Scheme::Filter)
      saliency = explained(problem, solution).view({-1, 1}).expand_as(saliency);
    pruning = sparsity::prune(structure, conv.shape(), toFloats(saliency.sqrt()), density);
  }
  return pruning;
}

/// Which weights stay.
sparsity::Pruning choose(const ConvShape &conv, const LeastSquares &problem,
                         const sparsity::Structure &structure, double density) {
  std::vector<double> densities;
  for (int round = 1; round <= rounds && density < 1 && structure.scheme != Scheme::Dense; ++round)
    densities.push_back(std::pow(density, double(round) / rounds));
  return remove(conv, problem, structure, densities, [](auto &, auto &) {});
}

/// The convolution that alone reads a node, through activations; -1 if there is none.
int soleReader(const Network &network, int node) {
  for (;;) {
    int reader = -1;
    for (size_t i = 0; i < network.nodes.size(); ++i)
      for (int input : network.nodes[i].inputs)
        if (input == node) {
          if (reader >= 0)
            return -1;
          reader = int(i);
        }
    if (reader < 0)
      return -1;
    Op op = network.nodes[reader].op;
    if (op == Op::Conv)
      return reader;
    if (op != Op::Relu && op != Op::LeakyRelu && op != Op::Clamp)
      return -1;
    node = reader;
  }
}

std::vector<torch::Tensor> inputsOf(const Network &network, int node,
                                    const std::vector<torch::Tensor> &results,
                                    const torch::Tensor &picture) {
  if (network.nodes[node].op == Op::Input)
    return {picture};
  std::vector<torch::Tensor> inputs;
  for (int input : network.nodes[node].inputs)
    inputs.push_back(results[input]);
  return inputs;
}

torch::Tensor convolve(const ConvWeights &weights, const ConvShape &conv,
                       const torch::Tensor &input) {
  torch::Tensor weight =
      torch::tensor(weights.weight).view({conv.out, conv.in, conv.kernel, conv.kernel});
  return F::conv2d(
      input, weight.contiguous(at::MemoryFormat::ChannelsLast),
      F::Conv2dFuncOptions().bias(torch::tensor(weights.bias)).padding(conv.kernel / 2));
}

/// The results of all nodes.
std::vector<torch::Tensor> runAll(const Module &module, const torch::Tensor &picture) {
  std::vector<torch::Tensor> results;
  for (size_t i = 0; i < module.network().nodes.size(); ++i)
    results.push_back(module.apply(int(i), inputsOf(module.network(), int(i), results, picture)));
  return results;
}

/// The last reader of each node.
std::vector<int> lastReaders(const Network &network) {
  std::vector<int> last(network.nodes.size(), -1);
  for (size_t i = 0; i < network.nodes.size(); ++i)
    for (int input : network.nodes[i].inputs)
      last[input] = int(i);
  return last;
}

/// Of each convolution the one whose filters go as its channels; -1 if there is none.
std::vector<int> makersOf(const Network &network, const Plan &plan) {
  std::vector<int> makers(network.convs.size(), -1);
  for (size_t i = 0; i < network.nodes.size(); ++i)
    if (network.nodes[i].op == Op::Conv)
      if (int conv = network.nodes[i].conv, reader = soleReader(network, int(i));
          plan[conv].structure.scheme == Scheme::Filter && reader >= 0)
        makers[network.nodes[reader].conv] = conv;
  return makers;
}

/// The masks of the layers whose filters go as channels of their readers; empty ones of the others.
std::vector<sparsity::Mask> filterMasks(const Module &dense, const Plan &plan,
                                        const torch::Tensor &low) {
  const Network &network = dense.network();
  std::vector<sparsity::Mask> masks(network.convs.size());
  std::vector<int> makers = makersOf(network, plan), last = lastReaders(network);
  std::vector<torch::Tensor> results(network.nodes.size());
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    const Node &node = network.nodes[i];
    results[i] = dense.apply(int(i), inputsOf(network, int(i), results, low));
    if (int maker = node.op == Op::Conv ? makers[node.conv] : -1;
        maker >= 0 && plan[maker].density < 1) {
      const ConvShape &reader = network.convs[node.conv], &made = network.convs[maker];
      LeastSquares problem = LeastSquares::of(results[node.inputs[0]], results[i], reader.kernel);
      sparsity::Mask channels =
          choose(reader, problem, {Scheme::Channel}, plan[maker].density).mask;
      int64_t fan = made.weights() / made.out, taps = reader.kernel * reader.kernel;
      masks[maker].resize(made.weights());
      for (int64_t f = 0; f < made.out; ++f)
        std::fill_n(masks[maker].begin() + f * fan, fan, channels[f * taps]);
    }
    for (int input : node.inputs)
      if (last[input] == int(i))
        results[input].reset();
  }
  return masks;
}

} // namespace

ConvWeights solvePruned(const ConvShape &conv, const LeastSquares &problem,
                        const sparsity::Structure &structure, double density) {
  return solveMasked(conv, problem, choose(conv, problem, structure, density));
}

Weights alignToPrincipalAxes(const Module &dense, const Plan &plan, const torch::Tensor &low) {
  torch::NoGradGuard noGrad;
  const Network &network = dense.network();
  Weights result = dense.fold(dense.parameters());
  std::vector<int> makers = makersOf(network, plan), last = lastReaders(network);
  std::vector<torch::Tensor> results(network.nodes.size());
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    const Node &node = network.nodes[i];
    results[i] = dense.apply(int(i), inputsOf(network, int(i), results, low));
    int maker = node.op == Op::Conv ? makers[node.conv] : -1;
    if (maker >= 0 && network.nodes[node.inputs[0]].op == Op::Conv) {
      const ConvShape &read = network.convs[node.conv], &made = network.convs[maker];
      ConvWeights &from = result[maker], &to = result[node.conv];
      torch::Tensor z = results[node.inputs[0]].transpose(0, 1).reshape({made.out, -1});
      torch::Tensor covariance = z.cov().to(torch::kFloat64).view({made.out, made.out});
      torch::Tensor a = torch::tensor(from.weight).to(torch::kFloat64).view({made.out, -1});
      torch::Tensor bias = torch::tensor(from.bias).to(torch::kFloat64);
      torch::Tensor b = torch::tensor(to.weight)
                            .to(torch::kFloat64)
                            .view({read.out, read.in, read.kernel * read.kernel});
      // z = C^1/2 w with w white: what the reader makes of the axes of w has the energies of
      // C^1/2 B^T B C^1/2.
      auto [variances, axes] = torch::linalg_eigh(covariance);
      variances = variances.clamp_min(1e-12 * variances.max().item<double>() + 1e-30);
      torch::Tensor root = axes.mm(variances.sqrt().diag()).mm(axes.t());
      torch::Tensor whiten = axes.mm(variances.rsqrt().diag()).mm(axes.t());
      torch::Tensor taps = b.permute({1, 0, 2}).reshape({read.in, -1});
      torch::Tensor principal =
          std::get<1>(torch::linalg_eigh(root.mm(taps.mm(taps.t())).mm(root)));
      torch::Tensor turn = principal.t().mm(whiten), back = root.mm(principal);
      from.weight = toFloats(turn.mm(a));
      from.bias = toFloats(turn.mv(bias));
      to.weight = toFloats(torch::einsum("fct,cd->fdt", {b, back}));
    }
    for (int input : node.inputs)
      if (last[input] == int(i))
        results[input].reset();
  }
  return result;
}

Losses::Losses(const Module &dense, const Plan &structures, const torch::Tensor &low,
               const Report &report)
    : structures(structures), curves(structures.size(), {{1, 0}}), sizes(structures.size()) {
  constexpr double ratio = 0.88; // of one density to the one before
  torch::NoGradGuard noGrad;
  const Network &network = dense.network();
  std::vector<double> densities;
  for (double density = ratio; density >= least * ratio; density *= ratio) // the last is not seen
    densities.push_back(density);
  std::vector<int> makers = makersOf(network, structures);
  std::vector<torch::Tensor> kept = runAll(dense, low.slice(0, 0, fewOf(low)));
  /// The mean squared error of the result where a convolution has other weights.
  auto lossWith = [&](int node, const ConvWeights &weights) {
    const Node &changed = network.nodes[node];
    std::vector<torch::Tensor> results(network.nodes.size());
    results[node] = convolve(weights, network.convs[changed.conv], kept[changed.inputs[0]]);
    for (size_t i = node + 1; i < network.nodes.size(); ++i) {
      std::vector<torch::Tensor> inputs;
      bool other = false;
      for (int input : network.nodes[i].inputs) {
        other |= results[input].defined();
        inputs.push_back(results[input].defined() ? results[input] : kept[input]);
      }
      if (other)
        results[i] = dense.apply(int(i), inputs);
    }
    if (!results.back().defined()) // nothing reads it
      return 0.0;
    return (results.back() - kept.back()).square().mean().item<double>();
  };
  std::vector<torch::Tensor> results(network.nodes.size());
  std::vector<int> last = lastReaders(network);
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    const Node &node = network.nodes[i];
    results[i] = dense.apply(int(i), inputsOf(network, int(i), results, low));
    int maker = node.op == Op::Conv ? makers[node.conv] : -1;
    bool pruned = node.op == Op::Conv && structures[node.conv].structure.scheme != Scheme::Dense &&
                  !llvm::is_contained(makers, node.conv);
    if (pruned || maker >= 0) {
      const ConvShape &conv = network.convs[node.conv];
      if (report)
        report("what " + conv.name + " loses at which density");
      LeastSquares problem = LeastSquares::of(results[node.inputs[0]], results[i], conv.kernel);
      auto trace = [&](int layer, const sparsity::Structure &structure) {
        remove(conv, problem, structure, densities,
               [&](const sparsity::Pruning &pruning, const Solution &solution) {
                 double left = double(sparsity::countKept(pruning.mask)) / double(conv.weights());
                 if (left < curves[layer].back().density)
                   curves[layer].push_back({left, lossWith(int(i), toWeights(solution, pruning))});
               });
        sizes[layer] += double(conv.weights());
      };
      if (pruned)
        trace(node.conv, structures[node.conv].structure);
      if (maker >= 0) {
        trace(maker, {Scheme::Channel});
        sizes[maker] += double(network.convs[maker].weights());
      }
    }
    for (int input : node.inputs)
      if (last[input] == int(i))
        results[input].reset();
  }
}

Plan Losses::planAt(double price) const {
  Plan plan = structures;
  for (size_t i = 0; i < plan.size(); ++i) {
    auto cost = [&](const Step &step) { return step.loss + price * sizes[i] * step.density; };
    plan[i].density =
        std::min_element(curves[i].begin(), curves[i].end(), [&](const Step &a, const Step &b) {
          return cost(a) < cost(b);
        })->density;
  }
  return plan;
}

std::vector<double> Losses::prices() const {
  std::vector<double> result;
  for (size_t i = 0; i < curves.size(); ++i) {
    // along the lower convex hull of the curve
    const std::vector<Step> &curve = curves[i];
    for (size_t at = 0; at + 1 < curve.size();) {
      size_t next = at + 1;
      auto slope = [&](size_t to) {
        return (curve[to].loss - curve[at].loss) /
               (sizes[i] * (curve[at].density - curve[to].density));
      };
      for (size_t to = at + 2; to < curve.size(); ++to)
        if (slope(to) < slope(next))
          next = to;
      result.push_back(slope(next));
      at = next;
    }
  }
  std::sort(result.begin(), result.end());
  return result;
}

Weights pruneBySurgeon(const Module &dense, const Plan &plan, const torch::Tensor &low,
                       const Report &report) {
  torch::NoGradGuard noGrad;
  const Network &network = dense.network();
  std::vector<sparsity::Mask> masks = filterMasks(dense, plan, low);
  Weights result = dense.fold(dense.parameters());
  std::vector<torch::Tensor> whole(network.nodes.size()), pruned(network.nodes.size());
  std::vector<int> last = lastReaders(network);
  /// What a convolution's output is to be in the pruned run: where only a sum reads it whose other
  /// part is there, what makes the sum right.
  auto wanted = [&](int node) {
    int sum = last[node];
    if (sum < 0 || network.nodes[sum].op != Op::Add)
      return whole[node];
    for (int i = node + 1; i < sum; ++i)
      if (llvm::is_contained(network.nodes[i].inputs, node))
        return whole[node];
    const std::vector<int> &inputs = network.nodes[sum].inputs;
    int other = inputs[0] == node ? inputs[1] : inputs[0];
    return other < node && !pruned[other].is_same(whole[other])
               ? whole[node] + whole[other] - pruned[other]
               : whole[node];
  };
  auto solved = [&](int node, const torch::Tensor &right) {
    int index = network.nodes[node].conv;
    const ConvShape &conv = network.convs[index];
    const LayerPlan &layer = plan[index];
    LeastSquares problem =
        LeastSquares::of(pruned[network.nodes[node].inputs[0]], right, conv.kernel);
    if (masks[index].empty())
      return solvePruned(conv, problem, layer.structure, layer.density);
    return solveMasked(conv, problem, {layer.structure, masks[index]});
  };
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    const Node &node = network.nodes[i];
    whole[i] = dense.apply(int(i), inputsOf(network, int(i), whole, low));
    bool same =
        llvm::all_of(node.inputs, [&](int input) { return pruned[input].is_same(whole[input]); });
    if (node.op == Op::Conv) {
      bool isPruned =
          plan[node.conv].structure.scheme != Scheme::Dense && plan[node.conv].density < 1;
      torch::Tensor right = wanted(int(i));
      if (!same || isPruned || !right.is_same(whole[i])) {
        if (report)
          report("pruning " + network.convs[node.conv].name);
        result[node.conv] = solved(int(i), right);
        same = false;
      }
    }
    pruned[i] = same ? whole[i]
                : node.op == Op::Conv
                    ? convolve(result[node.conv], network.convs[node.conv], pruned[node.inputs[0]])
                    : dense.apply(int(i), inputsOf(network, int(i), pruned, low));
    for (int input : node.inputs)
      if (last[input] == int(i))
        whole[input].reset(), pruned[input].reset();
  }
  return result;
}

} // namespace srcc::search
