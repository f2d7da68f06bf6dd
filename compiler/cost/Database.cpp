//===- Database.cpp - A SQLite file of one schema -------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/cost/Database.h"

#include <sqlite3.h>

using namespace srcc::cost;
using llvm::Error;
using llvm::Expected;

/// How long other users of the file are waited for, ms.
static constexpr int patience = 30000;

Error Database::failure(const llvm::Twine &what) {
  std::string reason = database ? sqlite3_errmsg(database) : "out of memory";
  return llvm::createStringError(path + ": " + what + ": " + reason);
}

Error Database::run(const char *sql) {
  return sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK
             ? Error::success()
             : failure("the database cannot be used");
}

Error Database::prepare(const char *sql, sqlite3_stmt **statement) {
  return sqlite3_prepare_v2(database, sql, -1, statement, nullptr) == SQLITE_OK
             ? Error::success()
             : failure("the database cannot be used");
}

Expected<std::unique_ptr<Database>> Database::open(llvm::StringRef path, int schemaVersion,
                                                   const char *schema) {
  std::unique_ptr<Database> result(new Database(path.str()));
  if (sqlite3_open_v2(result->path.c_str(), &result->database,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX,
                      nullptr) != SQLITE_OK)
    return result->failure("cannot be opened");
  sqlite3_busy_timeout(result->database, patience);
  // Another program's file is left as it is. A database is never seen without its version.
  sqlite3_stmt *tables = nullptr;
  if (Error error = result->prepare("SELECT (SELECT user_version FROM pragma_user_version), "
                                    "(SELECT count(*) FROM sqlite_master)",
                                    &tables))
    return std::move(error);
  int status = sqlite3_step(tables);
  int before = status == SQLITE_ROW ? sqlite3_column_int(tables, 0) : 0;
  bool foreign = status == SQLITE_ROW && !before && sqlite3_column_int(tables, 1);
  sqlite3_finalize(tables);
  if (status != SQLITE_ROW)
    return result->failure("the database cannot be used");
  if (foreign)
    return llvm::createStringError(path + ": is a database of something else; name another file");
  auto otherVersion = [&](int found) {
    return llvm::createStringError(path + ": is of version " + llvm::Twine(found) + ", not " +
                                   llvm::Twine(schemaVersion) +
                                   "; remove it, or name another file");
  };
  if (before != 0 && before != schemaVersion)
    return otherVersion(before);
  // Writers do not stop readers; what a killed process left half-done is undone by the next one.
  // The change of mode does not wait for others who open the file, whatever the timeout.
  for (int waited = 0;; waited += 10) {
    Error error = result->run("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    if (!error)
      break;
    if (sqlite3_errcode(result->database) != SQLITE_BUSY || waited >= patience)
      return std::move(error);
    llvm::consumeError(std::move(error));
    sqlite3_sleep(10);
  }
  // Two processes may make one file at once: only one of them finds it new.
  if (Error error = result->run("BEGIN IMMEDIATE"))
    return std::move(error);
  sqlite3_stmt *version = nullptr;
  if (Error error = result->prepare("PRAGMA user_version", &version))
    return std::move(error);
  int found = sqlite3_step(version) == SQLITE_ROW ? sqlite3_column_int(version, 0) : 0;
  sqlite3_finalize(version);
  if (found != 0 && found != schemaVersion) {
    (void)sqlite3_exec(result->database, "ROLLBACK", nullptr, nullptr, nullptr);
    return otherVersion(found);
  }
  if (found == 0)
    for (const std::string &sql :
         {std::string(schema), "PRAGMA user_version = " + std::to_string(schemaVersion)})
      if (Error error = result->run(sql.c_str()))
        return std::move(error);
  if (Error error = result->run("COMMIT"))
    return std::move(error);
  return std::move(result);
}

Database::~Database() { sqlite3_close(database); }

Error Database::transaction(llvm::function_ref<Error()> write) {
  if (Error error = run("BEGIN IMMEDIATE"))
    return error;
  Error error = write();
  if (!error)
    error = run("COMMIT");
  if (error)
    (void)sqlite3_exec(database, "ROLLBACK", nullptr, nullptr, nullptr);
  return error;
}
