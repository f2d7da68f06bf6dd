//===- Processes.h - Several processes that train together ----------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_PROCESSES_H
#define SRCC_SEARCH_PROCESSES_H

#include <torch/torch.h>

#include <memory>
#include <optional>
#include <string>

namespace srcc::search {

/// The processes of torchrun, Slurm or mpirun, through torch's c10d (Gloo) under MASTER_ADDR,
/// MASTER_PORT, RANK and WORLD_SIZE.
class Processes {
public:
  /// Null without WORLD_SIZE in the environment, or with one of 1. Throws std::runtime_error if the
  /// environment is not whole, or the others do not come within five minutes.
  static std::unique_ptr<Processes> fromEnvironment();
  ~Processes();

  int rank() const { return number; }
  int size() const { return count; }
  /// Adds up a float32 tensor over all processes, in place.
  void sum(torch::Tensor values);
  /// Waits for all.
  void barrier();

  /// The work queue: adds to a counter that all share, and returns the sum.
  int64_t add(const std::string &counter, int64_t amount);
  /// Leaves a text for all, unless one is there: the first one stays.
  void put(const std::string &key, const std::string &text);
  /// What was left, if it was.
  std::optional<std::string> find(const std::string &key);

private:
  struct Group;
  Processes(int rank, int size, std::unique_ptr<Group> group);
  int number, count;
  std::unique_ptr<Group> group;
};

} // namespace srcc::search
#endif // SRCC_SEARCH_PROCESSES_H
