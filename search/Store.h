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
  double density = 0, predictedMs = 0, psnr = 0, reward = 0, seconds = 0;
};

class Store {
public:
  /// Opens or makes the file. Errors, here and below: std::runtime_error that names it.
  explicit Store(const std::string &path);
  ~Store();
  Store(const Store &) = delete;

  std::optional<Evaluated> find(const std::string &context, const std::string &candidate);
  void add(const std::string &context, const std::string &candidate, const Evaluated &evaluated);
  /// Notes that a method tried a candidate as its `number`-th.
  void note(const std::string &method, int64_t seed, int64_t number, const std::string &context,
            const std::string &candidate);

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
