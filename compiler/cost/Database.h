//===- Database.h - A SQLite file of one schema -----------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// What the memo and the records of the tuner have in common: `application_id` says which of them a
// file is, `user_version` is the schema's, several processes may use one file, and a killed one
// leaves it whole.
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_COST_DATABASE_H
#define SRCC_COMPILER_COST_DATABASE_H

#include "llvm/Support/Error.h"

#include <memory>
#include <string>

struct sqlite3;
struct sqlite3_stmt;

namespace srcc::cost {

class Database {
public:
  /// What a file is for.
  struct Kind {
    int application;    ///< application_id: of this kind alone
    int version;        ///< user_version: raised when the tables change; at least 1
    const char *schema; ///< statements that make the tables
  };

  /// Opens a file, or makes it. Errors name the file: no database, that of something else, of
  /// another version, or not writable; such a file is left as it is.
  static llvm::Expected<std::unique_ptr<Database>> open(llvm::StringRef path, const Kind &kind);
  ~Database();
  Database(const Database &) = delete;

  const std::string &file() const { return path; }
  sqlite3 *handle() { return database; }

  /// An error that names the file, what was tried, and SQLite's reason.
  llvm::Error failure(const llvm::Twine &what);
  /// Runs statements without results.
  llvm::Error run(const char *sql);
  /// The statement is the caller's to finalize, before the database is closed.
  llvm::Error prepare(const char *sql, sqlite3_stmt **statement);
  /// What `write` does, all or nothing.
  llvm::Error transaction(llvm::function_ref<llvm::Error()> write);

private:
  explicit Database(std::string path) : path(std::move(path)) {}

  std::string path;
  sqlite3 *database = nullptr;
};

} // namespace srcc::cost

#endif // SRCC_COMPILER_COST_DATABASE_H
