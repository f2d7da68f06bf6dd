//===- LayerList.cpp - Networks by their shapes alone ---------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/cost/LayerList.h"

#include "mlir/Parser/Parser.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

using namespace llvm;
using namespace srcc;
using namespace srcc::cost;

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

Expected<LayerList> cost::parseLayerList(StringRef text, StringRef file) {
  auto failure = [&](const Twine &what) { return createStringError(file + ": " + what); };
  Expected<json::Value> root = json::parse(text);
  if (!root)
    return failure(toString(root.takeError()));
  const json::Object *object = root->getAsObject();
  const json::Array *layers = object ? object->getArray("layers") : nullptr;
  if (!layers || layers->empty())
    return failure("takes {\"layers\": [...]} with at least one layer");
  LayerList list;
  for (auto &[key, value] : *object) {
    auto whole = value.getAsInteger();
    if (key == "scale" && whole && *whole >= 1 && *whole <= 4)
      list.scale = *whole;
    else if (key == "channels" && whole && (*whole == 1 || *whole == 3))
      list.channels = *whole;
    else if (key == "seed" && whole && *whole >= 0)
      list.seed = uint64_t(*whole);
    else if (key != "layers")
      return failure(
          "key \"" + StringRef(key) +
          "\" is not known or out of range: scale 1 to 4, channels 1 or 3, seed, layers");
  }
  StringMap<int64_t> widths;
  for (auto [number, value] : enumerate(*layers)) {
    std::string place = ("layer " + Twine(number)).str();
    const json::Object *layer = value.getAsObject();
    if (!layer)
      return failure(place + " is no object");
    LayerSpec spec;
    spec.name = "layer" + std::to_string(number);
    bool hasOut = false;
    for (auto &[jsonKey, value] : *layer) {
      StringRef key = jsonKey;
      auto whole = value.getAsInteger();
      auto real = value.getAsNumber();
      auto string = value.getAsString();
      auto flag = value.getAsBoolean();
      auto wants = [&](const Twine &what) {
        return failure(place + ": key \"" + key + "\" takes " + what);
      };
      if (key == "name") {
        if (!string || string->empty() ||
            !all_of(*string, [](char c) { return isAlnum(c) || c == '.' || c == '_'; }))
          return wants("letters, digits, dots and underscores");
        spec.name = string->str();
      } else if (key == "out") {
        if (!whole || *whole < 1 || *whole > 1024)
          return wants("a whole number from 1 to 1024");
        spec.out = *whole;
        hasOut = true;
      } else if (key == "kernel") {
        if (!whole || *whole < 1 || *whole > 9 || *whole % 2 == 0)
          return wants("1, 3, 5, 7 or 9");
        spec.kernel = *whole;
      } else if (key == "scheme") {
        auto scheme = string ? sparsity::parseScheme(*string) : std::nullopt;
        if (!scheme)
          return wants("dense, filter, channel, block, bcr, pattern or unstructured");
        spec.structure.scheme = *scheme;
      } else if (key == "density") {
        if (!real || !(*real > 0 && *real <= 1))
          return wants("a number above 0, at most 1");
        spec.density = *real;
      } else if (key == "f" || key == "c" || key == "keep" || key == "shared") {
        if (!whole || *whole < 1 || *whole > 64)
          return wants("a whole number from 1 to 64");
        (key == "f"      ? spec.structure.filters
         : key == "c"    ? spec.structure.channels
         : key == "keep" ? spec.structure.keep
                         : spec.structure.shared) = *whole;
      } else if (key == "kept" || key == "lists") {
        std::vector<int64_t> &numbers = key == "kept" ? spec.kept : spec.lists;
        const json::Array *counts = value.getAsArray();
        for (const json::Value &count : counts ? *counts : json::Array())
          numbers.push_back(count.getAsInteger().value_or(-1));
        if (numbers.empty() || any_of(numbers, [](int64_t n) { return n < 0; }) ||
            all_of(numbers, [](int64_t n) { return n == 0; }))
          return wants("a list of whole numbers of at least 0, not all of them 0");
      } else if (key == "relu") {
        if (!flag)
          return wants("true or false");
        spec.relu = *flag;
      } else if (key == "add") {
        if (!string || !widths.count(*string))
          return wants("the name of a layer before");
        spec.add = string->str();
      } else {
        return failure(
            place + ": key \"" + key +
            "\" is not known; there are name, out, kernel, scheme, density, kept, lists, f, c, "
            "keep, shared, relu, add");
      }
    }
    if (!hasOut)
      return failure(place + ": key \"out\" is missing");
    int64_t places = 0; // of a list
    if (!spec.kept.empty()) {
      int64_t in = list.layers.empty() ? list.channels : list.layers.back().out;
      sparsity::Shape shape{spec.out, in, spec.kernel, spec.kernel, 1};
      int64_t together = filtersOfList(sparsity::adapt(spec.structure, shape));
      if (!together || layer->get("density"))
        return failure(place + ": key \"kept\" goes with the schemes block, pattern and "
                               "unstructured, in the place of \"density\"");
      if (int64_t(spec.kept.size()) != int64_t(divideCeil(spec.out, together)))
        return failure(place + ": key \"kept\" takes a number for each " + Twine(together) +
                       " of " + Twine(spec.out) + " filters, not " + Twine(spec.kept.size()) +
                       " numbers");
      places = in * spec.kernel * spec.kernel;
      if (any_of(spec.kept, [&](int64_t n) { return n > places; }))
        return failure(place + ": key \"kept\" takes numbers up to the " + Twine(places) +
                       " weights of a filter");
    }
    if (!spec.lists.empty() &&
        (spec.structure.scheme != sparsity::Scheme::Unstructured || spec.kept.empty() ||
         int64_t(spec.lists.size()) != int64_t(divideCeil(spec.out, listFilters))))
      return failure(place +
                     ": key \"lists\" goes with \"kept\" of the scheme unstructured, and "
                     "takes a number for each " +
                     Twine(listFilters) + " filters");
    for (auto [i, entries] : enumerate(spec.lists)) {
      auto kept = ArrayRef(spec.kept).drop_front(i * listFilters).take_front(listFilters);
      int64_t least = *std::max_element(kept.begin(), kept.end());
      int64_t most = std::min(places, std::accumulate(kept.begin(), kept.end(), int64_t(0)));
      if (entries < least || entries > most)
        return failure(place + ": key \"lists\": a list that serves these filters has " +
                       Twine(least) + " to " + Twine(most) + " entries, not " + Twine(entries));
    }
    if (spec.density < 1 && spec.structure.scheme == sparsity::Scheme::Dense)
      return failure(place + ": key \"density\" below 1 takes a \"scheme\"");
    if (!spec.add.empty() && widths[spec.add] != spec.out)
      return failure(place + ": adds " + spec.add + " of " + Twine(widths[spec.add]) +
                     " channels to " + Twine(spec.out));
    if (widths.count(spec.name))
      return failure(place + ": the name \"" + spec.name + "\" is taken");
    widths[spec.name] = spec.out;
    list.layers.push_back(spec);
  }
  int64_t wanted = list.channels * list.scale * list.scale;
  if (list.layers.back().out != wanted)
    return failure("the last layer has " + Twine(list.layers.back().out) +
                   " filters, but channels * scale^2 are " + Twine(wanted));
  return list;
}

//===----------------------------------------------------------------------===//
// Random layers
//===----------------------------------------------------------------------===//

LayerList cost::randomLayers(uint64_t seed, int64_t groups) {
  std::mt19937_64 random(seed * 0x9E3779B97F4A7C15ull +
                         1); // distributions of std differ by library
  auto pick = [&](auto &choices) { return choices[random() % std::size(choices)]; };
  LayerList list;
  list.name = "layers_" + std::to_string(seed);
  list.seed = seed;
  constexpr int64_t widths[] = {8, 12, 16, 16, 20, 24, 24, 32, 32, 48};
  constexpr double densities[] = {1, 1, 0.75, 0.5, 0.25, 0.125};
  auto layer = [&](int64_t out, int64_t kernel, bool relu, StringRef add = "") {
    LayerSpec spec;
    spec.name = "l" + std::to_string(list.layers.size());
    spec.out = out;
    spec.kernel = kernel;
    spec.relu = relu;
    spec.add = add.str();
    spec.density = list.layers.empty() ? 1 : pick(densities);
    if (spec.density < 1) {
      using S = sparsity::Scheme;
      constexpr S schemes[] = {S::Block, S::Block, S::Block, S::Pattern, S::Unstructured, S::BCR};
      constexpr int64_t filters[] = {4, 4, 8}, channels[] = {1, 1, 4};
      spec.structure.scheme = pick(schemes);
      spec.structure.filters = pick(filters);
      spec.structure.channels = pick(channels);
      spec.structure.shared = 4;
    }
    list.layers.push_back(spec);
    return spec.name;
  };
  int64_t width = pick(widths);
  std::string last = layer(width, 3, random() % 2);
  for (int64_t g = 0; g < groups; ++g) {
    switch (random() % 4) {
    case 0: // another width
      width = pick(widths);
      last = layer(width, random() % 3 ? 3 : 1, random() % 2);
      break;
    case 1: { // two convolutions and what came before
      std::string before = last;
      layer(width, 3, true);
      last = layer(width, 3, false, before);
      break;
    }
    case 2: { // wide, narrow, around
      std::string before = last;
      constexpr int64_t wider[] = {2, 3, 4, 6};
      layer(width * pick(wider), 1, true);
      layer(std::max<int64_t>(4, width * 5 / 6), 1, false);
      last = layer(width, 3, false, before);
      break;
    }
    default:
      last = layer(width, 3, true);
    }
  }
  layer(list.channels * list.scale * list.scale, 3, false);
  return list;
}

//===----------------------------------------------------------------------===//
// The network
//===----------------------------------------------------------------------===//

mlir::OwningOpRef<mlir::ModuleOp> cost::buildNetwork(const LayerList &list,
                                                     mlir::MLIRContext *context) {
  std::string text;
  raw_string_ostream os(text);
  std::string picture = "tensor<1x" + std::to_string(list.channels) + "x?x?xf32>";
  os << "module attributes {sr.io = #sr.io<scale = " << list.scale
     << ", color = " << (list.channels == 1 ? "y" : "rgb")
     << ", range = 0.0 : 1.0>} {\n  func.func @" << list.name << "(%x: " << picture << ") -> "
     << picture << " {\n";
  std::mt19937 random(uint32_t(list.seed));
  auto tensor = [&](ArrayRef<float> values, const Twine &type) {
    os << "sr.constant dense<\"0x"
       << toHex(StringRef(reinterpret_cast<const char *>(values.data()),
                          values.size() * sizeof(float)))
       << "\"> : " << type << "\n";
  };
  std::string last = "x";
  int64_t in = list.channels;
  StringMap<std::string> results;
  auto map = [](int64_t channels) { return "tensor<1x" + std::to_string(channels) + "x?x?xf32>"; };
  for (auto [number, spec] : enumerate(list.layers)) {
    std::string id = std::to_string(number);
    sparsity::Shape shape{spec.out, in, spec.kernel, spec.kernel, 1};
    std::vector<float> weights(shape.size());
    float scale = 2.0f / std::sqrt(float(in * spec.kernel * spec.kernel));
    for (float &w : weights)
      w = scale * (float(random() % 65536) / 65536 - 0.5f);
    sparsity::Mask mask(weights.size(), 1);
    if (!spec.kept.empty())
      mask =
          maskOfKept(sparsity::adapt(spec.structure, shape), shape, weights, spec.kept, spec.lists);
    else if (spec.structure.scheme != sparsity::Scheme::Dense && spec.density < 1)
      mask = sparsity::prune(spec.structure, shape, weights, spec.density).mask;
    for (auto [w, kept] : zip(weights, mask))
      w = kept ? w : 0;
    std::vector<float> bias(spec.out, 0.01f);
    std::string weightType = ("tensor<" + Twine(spec.out) + "x" + Twine(in) + "x" +
                              Twine(spec.kernel) + "x" + Twine(spec.kernel) + "xf32>")
                                 .str();
    std::string biasType = ("tensor<" + Twine(spec.out) + "xf32>").str();
    os << "%w" << id << " = ";
    tensor(weights, weightType);
    os << "%b" << id << " = ";
    tensor(bias, biasType);
    int64_t pad = spec.kernel / 2;
    os << "%c" << id << " = sr.conv2d %" << last << ", %w" << id << ", %b" << id
       << " {pads = array<i64: " << pad << ", " << pad << ", " << pad << ", " << pad << ">} : ("
       << map(in) << ", " << weightType << ", " << biasType << ") -> " << map(spec.out) << " loc(\""
       << spec.name << "\")\n";
    last = "c" + id;
    if (!spec.add.empty()) {
      os << "%a" << id << " = sr.add %" << last << ", %" << results[spec.add] << " : ("
         << map(spec.out) << ", " << map(spec.out) << ") -> " << map(spec.out) << " loc(\""
         << spec.name << ".add\")\n";
      last = "a" + id;
    }
    if (spec.relu) {
      os << "%r" << id << " = sr.relu %" << last << " : " << map(spec.out) << " loc(\"" << spec.name
         << ".relu\")\n";
      last = "r" + id;
    }
    results[spec.name] = last;
    in = spec.out;
  }
  if (list.scale > 1) {
    os << "%out = sr.pixel_shuffle %" << last << " {scale = " << list.scale << "} : (" << map(in)
       << ") -> " << picture << " loc(\"shuffle\")\n";
    last = "out";
  }
  os << "return %" << last << " : " << picture << "\n}\n}\n";
  return mlir::parseSourceString<mlir::ModuleOp>(text, context);
}
