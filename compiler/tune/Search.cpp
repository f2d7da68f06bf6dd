//===- Search.cpp - Evolution of choices ----------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/tune/Search.h"

#include "llvm/ADT/STLExtras.h"

using namespace srcc;
using namespace srcc::tune;
using llvm::ArrayRef;
using llvm::StringRef;

//===----------------------------------------------------------------------===//
// Species and structures
//===----------------------------------------------------------------------===//

std::string Species::relative(size_t member, StringRef of) const {
  auto [base, update] = of.split('[');
  auto place = llvm::find(names[member], base);
  if (place == names[member].end())
    return of.str();
  return "#" + std::to_string(place - names[member].begin()) + of.substr(base.size()).str();
}

std::string Species::absolute(size_t member, StringRef of) const {
  StringRef rest = of;
  size_t number = 0;
  if (!rest.consume_front("#") || rest.consumeInteger(10, number))
    return of.str();
  return names[member][number] + rest.str();
}

void Species::choose(ArrayRef<Gene> genes, sched::Choices &choices) const {
  for (size_t member = 0; member < members.size(); ++member)
    for (const Gene &gene : genes)
      choices[{absolute(member, gene.of), gene.knob}] = gene.value;
}

double Structure::estimate() const {
  double ms = gaps;
  for (const Species &s : species)
    ms += s.population.front().ms;
  return ms;
}

sched::Choices Structure::ranked(size_t rank) const {
  sched::Choices choices = shared;
  for (const Species &s : species)
    s.choose(s.population[std::min(rank, s.population.size() - 1)].genes, choices);
  return choices;
}

//===----------------------------------------------------------------------===//
// Learning
//===----------------------------------------------------------------------===//

std::string Search::structureOf(const Trial &trial) {
  std::set<std::string> parts; // not in the order in which they were decided
  for (const sched::Decision &d : trial.decisions)
    if (sched::isShared(d.knob))
      parts.insert(d.of + " " + sched::knobName(d.knob).str() + " " + std::to_string(d.value));
  std::string name;
  for (const std::string &part : parts)
    name += part + "\n";
  return name;
}

const Structure *Search::find(const Trial &trial) const {
  auto found = known.find(structureOf(trial));
  return found == known.end() ? nullptr : &found->second;
}

/// The decisions of a member's kernel, in its terms.
static std::vector<Gene> genesOf(const Trial &trial, const Species &species, size_t member,
                                 bool shared) {
  std::vector<Gene> genes;
  for (const sched::Decision &d : trial.decisions)
    if (d.kernel == species.members[member] && sched::isShared(d.knob) == shared)
      genes.push_back({species.relative(member, d.of), d.knob, d.value, d.options});
  return genes;
}

static bool sameQuestions(ArrayRef<Gene> a, ArrayRef<Gene> b) {
  return a.size() == b.size() && llvm::all_of(llvm::zip(a, b), [](auto pair) {
           auto &[x, y] = pair;
           return x.of == y.of && x.knob == y.knob && x.options == y.options;
         });
}
static bool sameAnswers(ArrayRef<Gene> a, ArrayRef<Gene> b) {
  return sameQuestions(a, b) && llvm::all_of(llvm::zip(a, b), [](auto pair) {
           return std::get<0>(pair).value == std::get<1>(pair).value;
         });
}

/// The species of a structure, from the first trial that has it.
static std::vector<Species> speciesOf(const Trial &trial) {
  std::map<int64_t, std::vector<Species>> byKernel;
  for (const KernelTime &kernel : trial.kernels) {
    Species one;
    one.members.push_back(kernel.stage);
    std::vector<std::string> names{kernel.stage};
    for (const sched::Decision &d : trial.decisions) {
      std::string base = StringRef(d.of).split('[').first.str();
      if (d.kernel == kernel.stage && !llvm::is_contained(names, base))
        names.push_back(base);
    }
    one.names.push_back(names);
    one.shared = genesOf(trial, one, 0, /*shared=*/true);
    std::vector<Gene> genes = genesOf(trial, one, 0, /*shared=*/false);
    std::vector<Species> &equal = byKernel[kernel.kernel];
    auto same = llvm::find_if(equal, [&](const Species &other) {
      return sameAnswers(other.shared, one.shared) &&
             sameAnswers(genesOf(trial, other, 0, /*shared=*/false), genes);
    });
    if (same == equal.end()) {
      equal.push_back(std::move(one));
    } else {
      same->members.push_back(kernel.stage);
      same->names.push_back(names);
    }
  }
  std::vector<Species> all;
  for (auto &[kernel, equal] : byKernel)
    llvm::append_range(all, equal);
  return all;
}

void Search::learn(const Trial &trial) {
  auto [place, isNew] = known.try_emplace(structureOf(trial));
  Structure &structure = place->second;
  if (isNew) {
    for (const sched::Decision &d : trial.decisions)
      if (sched::isShared(d.knob))
        structure.shared[{d.of, d.knob}] = d.value;
    structure.species = speciesOf(trial);
    structure.gaps = trial.total;
    for (const KernelTime &kernel : trial.kernels)
      structure.gaps -= kernel.ms;
  }
  for (Species &species : structure.species) {
    Individual found;
    for (const KernelTime &kernel : trial.kernels)
      if (llvm::is_contained(species.members, kernel.stage))
        found.ms += kernel.ms;
    found.genes = genesOf(trial, species, 0, /*shared=*/false);
    auto &population = species.population;
    auto known = llvm::find_if(
        population, [&](const Individual &i) { return sameAnswers(i.genes, found.genes); });
    if (known != population.end())
      continue;
    auto after = llvm::find_if(population, [&](const Individual &i) { return i.ms > found.ms; });
    population.insert(after, std::move(found));
    constexpr size_t most = 24;
    if (population.size() > most)
      population.resize(most);
  }
}

std::vector<const Structure *> Search::structures() const {
  std::vector<std::pair<double, const std::string *>> order;
  for (auto &[name, structure] : known)
    order.push_back({structure.estimate(), &name});
  llvm::sort(order, [](auto &a, auto &b) {
    return std::tie(a.first, *a.second) < std::tie(b.first, *b.second);
  });
  std::vector<const Structure *> all;
  for (auto &[ms, name] : order)
    all.push_back(&known.find(*name)->second);
  return all;
}

//===----------------------------------------------------------------------===//
// Proposals
//===----------------------------------------------------------------------===//

int64_t Search::another(const Gene &gene) {
  std::vector<int64_t> others;
  for (int64_t option : gene.options)
    if (option != gene.value)
      others.push_back(option);
  return others[below(others.size())];
}

/// One decision that several kernels feel, taken differently for all members of a species. False:
/// all of them were proposed before.
bool Search::proposeStructure(const std::string &name, Proposal &proposal) {
  const Structure &structure = known.find(name)->second;
  struct Change {
    const Species *species;
    Gene gene;
    std::string key;
  };
  std::vector<Change> changes;
  for (const Species &species : structure.species)
    for (const Gene &gene : species.shared)
      for (int64_t option : gene.options)
        if (option != gene.value) {
          Gene changed = gene;
          changed.value = option;
          std::string key = name + species.absolute(0, gene.of) + " " +
                            sched::knobName(gene.knob).str() + " -> " + std::to_string(option);
          if (!asked.count(key))
            changes.push_back({&species, changed, key});
        }
  if (changes.empty())
    return false;
  Change &change = changes[below(changes.size())];
  asked.insert(change.key);
  proposal.base = structure.ranked(0);
  proposal.parts.emplace_back();
  change.species->choose(change.gene, proposal.parts.back());
  return true;
}

/// New genes for each species: those of one of its faster individuals, or of two of them, and one
/// to three changes.
void Search::proposeGenes(const Structure &structure, Proposal &proposal) {
  proposal.base = structure.ranked(0);
  for (const Species &species : structure.species) {
    auto &population = species.population;
    auto select = [&]() -> const Individual & { // the better of two
      return population[std::min(below(population.size()), below(population.size()))];
    };
    std::vector<Gene> genes = select().genes;
    if (below(4) == 0)
      for (const Gene &other : select().genes)
        for (Gene &gene : genes)
          if (gene.of == other.of && gene.knob == other.knob && below(2))
            gene.value = other.value;
    std::vector<Gene *> open;
    for (Gene &gene : genes)
      if (gene.options.size() > 1)
        open.push_back(&gene);
    if (open.empty())
      continue;
    uint64_t count = 1 + (below(2) == 0) + (below(4) == 0);
    for (uint64_t i = 0; i < count; ++i) {
      Gene *gene = open[below(open.size())];
      gene->value = another(*gene);
    }
    proposal.parts.emplace_back();
    species.choose(genes, proposal.parts.back());
  }
}

Proposal Search::propose() {
  auto all = structures();
  size_t rank = all.size() > 1 && below(4) == 0 ? 1 : 0;
  const Structure &structure = *all[rank];
  Proposal proposal;
  if (below(3) == 0)
    for (auto &[name, other] : known)
      if (&other == &structure && proposeStructure(name, proposal))
        return proposal;
  proposeGenes(structure, proposal);
  return proposal;
}
