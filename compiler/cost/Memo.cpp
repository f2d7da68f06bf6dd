//===- Memo.cpp - What was ever predicted ---------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/cost/Memo.h"

#include <sqlite3.h>

using namespace srcc::cost;
using llvm::Error;
using llvm::Expected;

/// How long other users of the file are waited for, ms.
static constexpr int patience = 30000;

Error Memo::failure(const llvm::Twine &what) {
  std::string reason = database ? sqlite3_errmsg(database) : "out of memory";
  return llvm::createStringError(path + ": " + what + ": " + reason);
}

Error Memo::run(const char *sql) {
  return sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK
             ? Error::success()
             : failure("the database cannot be used");
}

Error Memo::prepare(const char *sql, sqlite3_stmt **statement) {
  return sqlite3_prepare_v2(database, sql, -1, statement, nullptr) == SQLITE_OK
             ? Error::success()
             : failure("the database cannot be used");
}

Expected<std::unique_ptr<Memo>> Memo::open(llvm::StringRef path) {
  std::unique_ptr<Memo> memo(new Memo(path.str()));
  if (sqlite3_open_v2(memo->path.c_str(), &memo->database,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX,
                      nullptr) != SQLITE_OK)
    return memo->failure("cannot be opened");
  sqlite3_busy_timeout(memo->database, patience);
  // Another program's file is left as it is. A memo is never seen without its version.
  sqlite3_stmt *tables = nullptr;
  if (Error error = memo->prepare("SELECT (SELECT user_version FROM pragma_user_version) = 0 AND "
                                  "(SELECT count(*) FROM sqlite_master) > 0",
                                  &tables))
    return std::move(error);
  int status = sqlite3_step(tables);
  bool foreign = status == SQLITE_ROW && sqlite3_column_int(tables, 0);
  sqlite3_finalize(tables);
  if (status != SQLITE_ROW)
    return memo->failure("the database cannot be used");
  if (foreign)
    return llvm::createStringError(path + ": is a database of something else; name another file");
  // Writers do not stop readers; what a killed process left half-done is undone by the next one.
  // The change of mode does not wait for others who open the file, whatever the timeout.
  for (int waited = 0;; waited += 10) {
    Error error = memo->run("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    if (!error)
      break;
    if (sqlite3_errcode(memo->database) != SQLITE_BUSY || waited >= patience)
      return std::move(error);
    llvm::consumeError(std::move(error));
    sqlite3_sleep(10);
  }
  // Two processes may make one file at once: only one of them finds it new.
  if (Error error = memo->run("BEGIN IMMEDIATE"))
    return std::move(error);
  sqlite3_stmt *version = nullptr;
  if (Error error = memo->prepare("PRAGMA user_version", &version))
    return std::move(error);
  int found = sqlite3_step(version) == SQLITE_ROW ? sqlite3_column_int(version, 0) : 0;
  sqlite3_finalize(version);
  if (found != 0 && found != schemaVersion) {
    (void)sqlite3_exec(memo->database, "ROLLBACK", nullptr, nullptr, nullptr);
    return llvm::createStringError(path + ": is of version " + llvm::Twine(found) + ", not " +
                                   llvm::Twine(schemaVersion) +
                                   "; remove it, or name another file");
  }
  if (found == 0)
    if (Error error =
            memo->run("CREATE TABLE kernel (key INTEGER PRIMARY KEY, total REAL NOT NULL, compute "
                      "REAL NOT NULL,"
                      " memory REAL NOT NULL, launch REAL NOT NULL, bound INTEGER NOT NULL);"
                      "CREATE TABLE answer (key INTEGER PRIMARY KEY, text TEXT NOT NULL);"
                      "PRAGMA user_version = 1"))
      return std::move(error);
  if (Error error = memo->run("COMMIT"))
    return std::move(error);
  for (auto [sql, statement] :
       {std::pair("SELECT total, compute, memory, launch, bound FROM kernel WHERE key = ?",
                  &memo->select),
        std::pair("INSERT OR IGNORE INTO kernel VALUES (?, ?, ?, ?, ?, ?)", &memo->insert),
        std::pair("SELECT text FROM answer WHERE key = ?", &memo->selectAnswer),
        std::pair("INSERT OR REPLACE INTO answer VALUES (?, ?)", &memo->insertAnswer)})
    if (Error error = memo->prepare(sql, statement))
      return std::move(error);
  return std::move(memo);
}

Memo::~Memo() {
  for (sqlite3_stmt *statement : {select, insert, selectAnswer, insertAnswer})
    sqlite3_finalize(statement);
  sqlite3_close(database);
}

Expected<std::optional<Time>> Memo::find(uint64_t key) {
  sqlite3_reset(select);
  sqlite3_bind_int64(select, 1, sqlite3_int64(key));
  int status = sqlite3_step(select);
  std::optional<Time> result;
  if (status == SQLITE_ROW) {
    int bound = sqlite3_column_int(select, 4);
    if (bound < 0 || bound > int(Bound::Launch))
      return llvm::createStringError(path + ": table kernel: bound " + llvm::Twine(bound) +
                                     " is not known; remove the file");
    result.emplace();
    result->total = sqlite3_column_double(select, 0);
    result->compute = sqlite3_column_double(select, 1);
    result->memory = sqlite3_column_double(select, 2);
    result->launch = sqlite3_column_double(select, 3);
    result->bound = Bound(bound);
  } else if (status != SQLITE_DONE) {
    return failure("cannot be read");
  }
  sqlite3_reset(select);
  return result;
}

Error Memo::store(llvm::ArrayRef<std::pair<uint64_t, Time>> times) {
  if (Error error = run("BEGIN IMMEDIATE"))
    return error;
  for (auto &[key, time] : times) {
    sqlite3_reset(insert);
    sqlite3_bind_int64(insert, 1, sqlite3_int64(key));
    sqlite3_bind_double(insert, 2, time.total);
    sqlite3_bind_double(insert, 3, time.compute);
    sqlite3_bind_double(insert, 4, time.memory);
    sqlite3_bind_double(insert, 5, time.launch);
    sqlite3_bind_int(insert, 6, int(time.bound));
    if (sqlite3_step(insert) != SQLITE_DONE) {
      Error error = failure("cannot be written");
      (void)sqlite3_exec(database, "ROLLBACK", nullptr, nullptr, nullptr);
      return error;
    }
  }
  return run("COMMIT");
}

Expected<std::optional<std::string>> Memo::findAnswer(uint64_t key) {
  sqlite3_reset(selectAnswer);
  sqlite3_bind_int64(selectAnswer, 1, sqlite3_int64(key));
  int status = sqlite3_step(selectAnswer);
  std::optional<std::string> result;
  if (status == SQLITE_ROW)
    result.emplace(reinterpret_cast<const char *>(sqlite3_column_text(selectAnswer, 0)),
                   sqlite3_column_bytes(selectAnswer, 0));
  else if (status != SQLITE_DONE)
    return failure("cannot be read");
  sqlite3_reset(selectAnswer);
  return result;
}

Error Memo::storeAnswer(uint64_t key, llvm::StringRef text) {
  sqlite3_reset(insertAnswer);
  sqlite3_bind_int64(insertAnswer, 1, sqlite3_int64(key));
  sqlite3_bind_text(insertAnswer, 2, text.data(), int(text.size()), SQLITE_TRANSIENT);
  return sqlite3_step(insertAnswer) == SQLITE_DONE ? Error::success()
                                                   : failure("cannot be written");
}
