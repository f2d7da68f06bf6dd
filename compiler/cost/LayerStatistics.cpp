//===- LayerStatistics.cpp - What the masks of a network are like ---------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/cost/LayerList.h"
#include "compiler/passes/Layers.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/JSON.h"

#include <cmath>

using namespace mlir;
using namespace srcc;
using namespace srcc::cost;
using sparsity::Mask;
using sparsity::Scheme;
using sparsity::Shape;
using sparsity::Structure;

int64_t cost::filtersOfList(const Structure &structure) {
  switch (structure.scheme) {
  case Scheme::Block:
    return structure.filters;
  case Scheme::Pattern:
    return structure.shared;
  case Scheme::Unstructured:
    return 1;
  default:
    return 0;
  }
}

/// The list entry of each weight: of a pattern a kernel, else what the scheme keeps or removes
/// together. Entries of one list follow each other.
static std::vector<int64_t> entriesOf(const Structure &structure, const Shape &shape) {
  if (structure.scheme != Scheme::Pattern)
    return sparsity::unitsOf(structure, shape);
  std::vector<int64_t> entries(shape.size());
  for (int64_t i = 0; i < shape.size(); ++i) {
    int64_t kernel = i / shape.taps(), filter = kernel / shape.channels;
    entries[i] = filter / structure.shared * shape.channels + kernel % shape.channels;
  }
  return entries;
}

static int64_t listOf(const Structure &structure, const Shape &shape, int64_t weight) {
  return weight / (shape.channels * shape.taps()) / filtersOfList(structure);
}

std::vector<int64_t> cost::keptOf(const Structure &structure, const Shape &shape,
                                  const Mask &mask) {
  std::vector<int64_t> entries = entriesOf(structure, shape);
  std::vector<bool> counted(*llvm::max_element(entries) + 1);
  std::vector<int64_t> kept(llvm::divideCeil(shape.filters, filtersOfList(structure)));
  for (int64_t i = 0; i < shape.size(); ++i)
    if (mask[i] && !counted[entries[i]]) {
      counted[entries[i]] = true;
      ++kept[listOf(structure, shape, i)];
    }
  return kept;
}

std::vector<int64_t> cost::sharedOf(const Shape &shape, const Mask &mask) {
  int64_t places = shape.channels * shape.taps();
  std::vector<int64_t> shared(llvm::divideCeil(shape.filters, listFilters));
  for (size_t g = 0; g < shared.size(); ++g)
    for (int64_t place = 0; place < places; ++place) {
      bool kept = false;
      for (int64_t f = g * listFilters, n = std::min(shape.filters, f + listFilters); f < n; ++f)
        kept |= mask[f * places + place] != 0;
      shared[g] += kept;
    }
  return shared;
}

/// Takes from `mask` what is outside of so many places of each list, and gives each filter its
/// number of kept weights in them: each place one filter, then the largest weights.
static void keepInLists(const Shape &shape, llvm::ArrayRef<float> weights,
                        llvm::ArrayRef<int64_t> kept, llvm::ArrayRef<int64_t> lists, Mask &mask) {
  int64_t places = shape.channels * shape.taps();
  mask.assign(mask.size(), 0);
  for (size_t g = 0; g < lists.size(); ++g) {
    int64_t first = g * listFilters, last = std::min(shape.filters, first + listFilters);
    auto byWeight = [&](auto weight) {
      std::vector<std::pair<float, int64_t>> order;
      for (int64_t place = 0; place < places; ++place)
        order.push_back({-weight(place), place});
      llvm::sort(order);
      return order;
    };
    auto chosen = byWeight([&](int64_t place) {
      float sum = 0;
      for (int64_t f = first; f < last; ++f)
        sum += std::abs(weights[f * places + place]);
      return sum;
    });
    chosen.resize(std::min(lists[g], places));
    std::vector<int64_t> left(kept.begin() + first, kept.begin() + last);
    auto keep = [&](int64_t f, int64_t place) {
      uint8_t &at = mask[f * places + place];
      left[f - first] -= !at;
      at = 1;
    };
    for (auto &[weight, place] : chosen)
      if (auto most = llvm::max_element(left); *most > 0)
        keep(first + (most - left.begin()), place);
    for (int64_t f = first; f < last; ++f) {
      llvm::DenseSet<int64_t> ours;
      for (auto &[weight, place] : chosen)
        ours.insert(place);
      for (auto &[weight, place] :
           byWeight([&](int64_t place) { return std::abs(weights[f * places + place]); }))
        if (left[f - first] > 0 && ours.contains(place))
          keep(f, place);
    }
  }
}

Mask cost::maskOfKept(const Structure &structure, const Shape &shape, llvm::ArrayRef<float> weights,
                      llvm::ArrayRef<int64_t> kept, llvm::ArrayRef<int64_t> lists) {
  Mask mask(shape.size(), 1);
  if (!lists.empty()) {
    keepInLists(shape, weights, kept, lists, mask);
    return mask;
  }
  if (structure.scheme == Scheme::Pattern)
    mask = sparsity::prune(structure, shape, weights, (structure.keep + 0.5) / double(shape.taps()))
               .mask;
  std::vector<int64_t> entries = entriesOf(structure, shape);
  std::vector<double> scores(*llvm::max_element(entries) + 1);
  std::vector<llvm::SmallVector<int64_t>> ofList(kept.size());
  for (int64_t i = 0; i < shape.size(); ++i) {
    if (!scores[entries[i]])
      ofList[listOf(structure, shape, i)].push_back(entries[i]);
    scores[entries[i]] += 1e-9 + std::abs(weights[i]);
  }
  for (auto [list, count] : llvm::zip(ofList, kept)) {
    llvm::sort(list, [&](int64_t a, int64_t b) {
      return std::pair(-scores[a], a) < std::pair(-scores[b], b);
    });
    for (int64_t entry : llvm::drop_begin(list, std::min<size_t>(count, list.size())))
      scores[entry] = 0;
  }
  for (int64_t i = 0; i < shape.size(); ++i)
    mask[i] = mask[i] && scores[entries[i]] > 0;
  return mask;
}

//===----------------------------------------------------------------------===//
// Of a network
//===----------------------------------------------------------------------===//

static bool allOf(llvm::ArrayRef<int64_t> values, int64_t value) {
  return llvm::all_of(values, [&](int64_t v) { return v == value; });
}

FailureOr<LayerList> cost::layersOf(ModuleOp module) {
  auto functions = llvm::to_vector(module.getOps<func::FuncOp>());
  if (functions.size() != 1 || functions[0].getNumArguments() != 1)
    return module.emitError("takes a module of one function of one picture");
  LayerList list;
  list.name = functions[0].getName().str();
  list.scale = 1;
  Value last = functions[0].getArgument(0);
  list.channels = cast<RankedTensorType>(last.getType()).getDimSize(1);
  llvm::DenseMap<Value, size_t> results; // what a layer ends with
  llvm::StringSet<> names;
  for (Operation &op : functions[0].getBody().front()) {
    auto refuse = [&](const llvm::Twine &what) -> LogicalResult {
      return op.emitOpError()
             << what.str()
             << "; layers.json has chains of convolutions of stride 1 that keep the size, each "
                "with an add of an earlier layer's result and a relu behind it, and one "
                "pixel_shuffle at the end";
    };
    if (isa<sr::ConstantOp>(op))
      continue;
    if (isa<func::ReturnOp>(op)) {
      if (op.getOperand(0) != last)
        return refuse("does not return the last result");
      continue;
    }
    if (list.scale > 1)
      return refuse("is behind the pixel_shuffle");
    bool ours = false;
    if (auto conv = dyn_cast<sr::Conv2DOp>(op)) {
      Shape shape = sr::getShape(conv);
      auto values = sr::getConstantValues(conv.getWeight());
      if (failed(values))
        return failure();
      if (conv.getInput() != last || shape.groups != 1 || shape.height != shape.width ||
          shape.height % 2 == 0 || shape.height > 9 || !allOf(conv.getStrides(), 1) ||
          !allOf(conv.getDilations(), 1) || !allOf(conv.getPads(), shape.height / 2))
        return refuse("is another kind of convolution");
      LayerSpec spec;
      spec.name = sr::getLayerName(conv);
      if (spec.name.empty() || names.contains(spec.name) ||
          !llvm::all_of(spec.name, [](char c) { return llvm::isAlnum(c) || c == '.' || c == '_'; }))
        for (size_t i = list.layers.size(); i == list.layers.size() || names.contains(spec.name);
             ++i)
          spec.name = "layer" + std::to_string(i);
      names.insert(spec.name);
      spec.out = shape.filters, spec.kernel = shape.height;
      Mask mask = sparsity::maskOf(*values);
      spec.structure = sr::getStructure(conv.getWeight().getType().getEncoding());
      if (spec.structure.scheme == Scheme::Unstructured)
        spec.lists = sharedOf(shape, mask);
      if (filtersOfList(spec.structure))
        spec.kept = keptOf(spec.structure, shape, mask);
      else if (spec.structure.scheme != Scheme::Dense)
        spec.density = std::max(1.0, double(sparsity::countKept(mask))) / double(shape.size());
      list.layers.push_back(std::move(spec));
      ours = true;
    } else if (list.layers.empty()) {
      return refuse("is before the first convolution");
    } else if (auto add = dyn_cast<sr::AddOp>(op)) {
      Value other = add.getLhs() == last ? add.getRhs() : add.getLhs();
      auto layer = results.find(other);
      LayerSpec &spec = list.layers.back();
      if (layer != results.end() && layer->second + 1 < list.layers.size() &&
          llvm::is_contained({add.getLhs(), add.getRhs()}, last) && spec.add.empty() &&
          !spec.relu) {
        spec.add = list.layers[layer->second].name;
        ours = true;
      }
    } else if (isa<sr::ReluOp>(op)) {
      ours = op.getOperand(0) == last && !list.layers.back().relu;
      list.layers.back().relu = true;
    } else if (auto shuffle = dyn_cast<sr::PixelShuffleOp>(op)) {
      ours = op.getOperand(0) == last;
      list.scale = shuffle.getScale();
      last = shuffle.getResult();
      if (ours)
        continue;
    }
    if (!ours)
      return refuse("is none of them");
    if (!isa<sr::Conv2DOp>(op))
      results.erase(last); // the layer goes on
    last = op.getResult(0);
    results[last] = list.layers.size() - 1;
  }
  return list;
}

std::string cost::printLayerList(const LayerList &list) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "{\"scale\": " << list.scale << ", \"channels\": " << list.channels << ", \"layers\": [";
  for (auto [number, spec] : llvm::enumerate(list.layers)) {
    llvm::json::Object layer{{"name", spec.name}, {"out", spec.out}, {"kernel", spec.kernel}};
    const Structure &structure = spec.structure;
    if (structure.scheme != Scheme::Dense)
      layer["scheme"] = sparsity::nameOf(structure.scheme);
    if (structure.scheme == Scheme::Block || structure.scheme == Scheme::BCR) {
      layer["f"] = structure.filters;
      layer["c"] = structure.channels;
    }
    if (structure.scheme == Scheme::Pattern) {
      layer["keep"] = structure.keep;
      layer["shared"] = structure.shared;
    }
    if (!spec.kept.empty())
      layer["kept"] = llvm::json::Array(spec.kept);
    if (!spec.lists.empty())
      layer["lists"] = llvm::json::Array(spec.lists);
    if (spec.kept.empty() && structure.scheme != Scheme::Dense)
      layer["density"] = spec.density;
    if (spec.relu)
      layer["relu"] = true;
    if (!spec.add.empty())
      layer["add"] = spec.add;
    os << (number ? ",\n  " : "\n  ") << llvm::json::Value(std::move(layer));
  }
  os << "]}\n";
  return text;
}
