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

/// Whether a file is new; errors if it is of something else or of another version.
static Expected<bool> isNew(Database &file, const Database::Kind &kind) {
  sqlite3_stmt *statement = nullptr; // one, so that nobody makes the file in between
  if (Error error = file.prepare("SELECT (SELECT application_id FROM pragma_application_id), "
                                 "(SELECT user_version FROM pragma_user_version), "
                                 "(SELECT count(*) FROM sqlite_master)",
                                 &statement))
    return std::move(error);
  int status = sqlite3_step(statement);
  int application = sqlite3_column_int(statement, 0), version = sqlite3_column_int(statement, 1),
      tables = sqlite3_column_int(statement, 2);
  sqlite3_finalize(statement);
  if (status != SQLITE_ROW)
    return file.failure("the database cannot be used");
  if (!application && !version && !tables)
    return true;
  if (application != kind.application)
    return llvm::createStringError(file.file() +
                                   ": is a database of something else; name another file");
  if (version != kind.version)
    return llvm::createStringError(file.file() + ": is of version " + llvm::Twine(version) +
                                   ", not " + llvm::Twine(kind.version) +
                                   "; remove it, or name another file");
  return false;
}

Expected<std::unique_ptr<Database>> Database::open(llvm::StringRef path, const Kind &kind) {
  std::unique_ptr<Database> result(new Database(path.str()));
  if (sqlite3_open_v2(result->path.c_str(), &result->database,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX,
                      nullptr) != SQLITE_OK)
    return result->failure("cannot be opened");
  sqlite3_busy_timeout(result->database, patience);
  if (Error error = isNew(*result, kind).takeError()) // before anything is changed
    return std::move(error);
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
  Error error = result->transaction([&]() -> Error {
    auto fresh = isNew(*result, kind);
    if (!fresh || !*fresh)
      return fresh.takeError();
    for (const std::string &sql :
         {std::string(kind.schema), "PRAGMA application_id = " + std::to_string(kind.application),
          "PRAGMA user_version = " + std::to_string(kind.version)})
      if (Error error = result->run(sql.c_str()))
        return error;
    return Error::success();
  });
  if (error)
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
