//===- Store.h - Every evaluation of a search -----------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A SQLite file with two tables. `evaluation`: what a candidate was worth, once for each context (a
// hash of all that decides it beside the candidate): candidate, context, density, predicted_ms,
// psnr, reward, seconds. `trial`: which method tried which candidate when: method, seed, number,
// candidate, context. A search that starts again asks for the same candidates in the same order and
// finds the evaluations here, so nothing else is needed to resume it.
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_STORE_H
#define SRCC_SEARCH_STORE_H

#include <memory>
#include <optional>
#include <string>
#include <vector>

struct sqlite3;

namespace srcc::search {

/// What a candidate was worth.
struct Evaluated {
  double density = 0;     ///< share of the prunable weights that is kept, 0 to 1
  double predictedMs = 0; ///< by the cost model
  double psnr = 0;        ///< dB, on luma
  double reward = 0;      ///< dB: PSNR less the penalty for latency above the target
  double seconds = 0;     ///< that the evaluation took
  int64_t rank = 0;       ///< of the process that evaluated
};

/// The SQLite file of evaluations. Several processes may read it; one writes.
class Store {
public:
  /// Opens or makes the file. Errors, here and below: std::runtime_error that names it.
  explicit Store(const std::string &path);
  ~Store();
  Store(const Store &) = delete;

  /// What was added for the candidate in that context, if anything.
  std::optional<Evaluated> find(const std::string &context, const std::string &candidate);
  /// Keeps an evaluation; one of the same candidate and context is replaced.
  void add(const std::string &context, const std::string &candidate, const Evaluated &evaluated);
  /// Notes that a method tried a candidate as its `number`-th.
  void note(const std::string &method, int64_t seed, int64_t number, const std::string &context,
            const std::string &candidate);

  /// A trial: the `number`-th candidate that `method` asked for under `seed`.
  struct Row {
    std::string method;
    int64_t seed, number;
    std::string candidate;
    Evaluated evaluated;
  };
  /// All trials of a context, by method, seed and number.
  std::vector<Row> trials(const std::string &context);

private:
  struct Statement;
  std::string path;
  sqlite3 *database = nullptr;
};

} // namespace srcc::search
#endif // SRCC_SEARCH_STORE_H
