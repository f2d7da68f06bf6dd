//===- Memo.h - What was ever predicted -------------------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A SQLite file. Table `kernel`: one row per kernel, list statistics, size, cache state, device and
// version of the model, all of them in `key`; times in ms. Table `answer`: whole answers of
// srcc-cost by a hash of the question. `user_version` is the schema's. Several processes may use
// one file.
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_COST_MEMO_H
#define SRCC_COMPILER_COST_MEMO_H

#include "compiler/cost/CostModel.h"
#include "compiler/cost/Database.h"

#include <optional>
#include <string>

namespace srcc::cost {

class Memo {
public:
  static constexpr int schemaVersion = 1;

  /// Opens a file, or makes it. Errors name the file: no database, that of another program or
  /// version, or not writable.
  static llvm::Expected<std::unique_ptr<Memo>> open(llvm::StringRef path);
  ~Memo();
  Memo(const Memo &) = delete;

  /// What was stored under a key of 63 bits.
  llvm::Expected<std::optional<Time>> find(uint64_t key);
  /// Stores all or, after an error, nothing; keys that are there already keep what they have.
  llvm::Error store(llvm::ArrayRef<std::pair<uint64_t, Time>> times);

  /// Whole answers, as text.
  llvm::Expected<std::optional<std::string>> findAnswer(uint64_t key);
  llvm::Error storeAnswer(uint64_t key, llvm::StringRef text);

private:
  explicit Memo(std::unique_ptr<Database> database) : database(std::move(database)) {}

  std::unique_ptr<Database> database;
  sqlite3_stmt *select = nullptr, *insert = nullptr, *selectAnswer = nullptr,
               *insertAnswer = nullptr;
};

} // namespace srcc::cost

#endif // SRCC_COMPILER_COST_MEMO_H
