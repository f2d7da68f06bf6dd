//===- Search.h - Evolution of choices --------------------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Learns from trials and proposes others; lowers and measures nothing itself.
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_TUNE_SEARCH_H
#define SRCC_COMPILER_TUNE_SEARCH_H

#include "compiler/tune/Tuner.h"

#include <random>
#include <set>

namespace srcc::tune {

/// A decision that one kernel alone feels. `of` is relative to the kernel: "#1[2]" is update 2 of
/// its second stage.
struct Gene {
  std::string of;
  sched::Knob knob;
  int64_t value;
  std::vector<int64_t> options;
};

struct Individual {
  double ms = 0; ///< of all members
  std::vector<Gene> genes;
};

/// Kernels that the rules make equal.
struct Species {
  std::vector<std::string> members;            ///< their roots
  std::vector<std::vector<std::string>> names; ///< of each member: its stages and sums
  std::vector<Gene> shared;                    ///< decisions that other kernels feel, too
  std::vector<Individual> population;          ///< the fastest first

  /// The name of `of` in a member's terms, and back; what is not the member's stays as it is.
  std::string relative(size_t member, llvm::StringRef of) const;
  std::string absolute(size_t member, llvm::StringRef of) const;
  /// Chooses values for all members.
  void choose(llvm::ArrayRef<Gene> genes, sched::Choices &choices) const;
};

/// What is computed in which kernel, and how it is stored: species of one structure are the same
/// whatever their genes.
struct Structure {
  sched::Choices shared;
  std::vector<Species> species;
  double gaps = 0; ///< between launches, ms

  /// The time with the fastest of each species.
  double estimate() const;
  /// The rank-th fastest of each species, or the slowest that there is.
  sched::Choices ranked(size_t rank) const;
};

/// What to try next: `base` with all `parts`, which concern different kernels, or some of them.
struct Proposal {
  sched::Choices base;
  std::vector<sched::Choices> parts;
};

class Search {
public:
  explicit Search(uint64_t seed) : random(seed) {}

  /// Takes in a trial that is legal.
  void learn(const Trial &trial);
  Proposal propose();
  /// The structures with the fastest first.
  std::vector<const Structure *> structures() const;
  /// The structure that a trial has.
  static std::string structureOf(const Trial &trial);
  const Structure *find(const Trial &trial) const;

private:
  uint64_t below(uint64_t n) { return random() % n; }
  int64_t another(const Gene &gene);
  bool proposeStructure(const std::string &name, Proposal &proposal);
  void proposeGenes(const Structure &structure, Proposal &proposal);

  std::mt19937_64 random;
  std::map<std::string, Structure> known;
  std::set<std::string> asked; ///< changes of structures that were proposed before
};

} // namespace srcc::tune

#endif // SRCC_COMPILER_TUNE_SEARCH_H
