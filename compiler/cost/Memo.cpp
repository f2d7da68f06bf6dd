//===- Memo.cpp - What was ever predicted ---------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/cost/Memo.h"

#include <sqlite3.h>

using namespace srcc::cost;
using llvm::Error;
using llvm::Expected;

/// Rows of `kernel` are the predicted times of launches, those of `answer` whole answers.
static constexpr char schema[] =
    "CREATE TABLE kernel (key INTEGER PRIMARY KEY, total REAL NOT NULL, compute REAL NOT NULL,"
    " memory REAL NOT NULL, launch REAL NOT NULL, bound INTEGER NOT NULL);"
    "CREATE TABLE answer (key INTEGER PRIMARY KEY, text TEXT NOT NULL)";

Expected<std::unique_ptr<Memo>> Memo::open(llvm::StringRef path) {
  auto opened = Database::open(path, {0x73634d31, schemaVersion, schema});
  if (!opened)
    return opened.takeError();
  std::unique_ptr<Memo> memo(new Memo(std::move(*opened)));
  for (auto [sql, statement] :
       {std::pair("SELECT total, compute, memory, launch, bound FROM kernel WHERE key = ?",
                  &memo->select),
        std::pair("INSERT OR IGNORE INTO kernel VALUES (?, ?, ?, ?, ?, ?)", &memo->insert),
        std::pair("SELECT text FROM answer WHERE key = ?", &memo->selectAnswer),
        std::pair("INSERT OR REPLACE INTO answer VALUES (?, ?)", &memo->insertAnswer)})
    if (Error error = memo->database->prepare(sql, statement))
      return std::move(error);
  return std::move(memo);
}

Memo::~Memo() {
  for (sqlite3_stmt *statement : {select, insert, selectAnswer, insertAnswer})
    sqlite3_finalize(statement);
}

Expected<std::optional<Time>> Memo::find(uint64_t key) {
  sqlite3_reset(select);
  sqlite3_bind_int64(select, 1, sqlite3_int64(key));
  int status = sqlite3_step(select);
  std::optional<Time> result;
  if (status == SQLITE_ROW) {
    int bound = sqlite3_column_int(select, 4);
    if (bound < 0 || bound > int(Bound::Launch))
      return llvm::createStringError(database->file() + ": table kernel: bound " +
                                     llvm::Twine(bound) + " is not known; remove the file");
    result.emplace();
    result->total = sqlite3_column_double(select, 0);
    result->compute = sqlite3_column_double(select, 1);
    result->memory = sqlite3_column_double(select, 2);
    result->launch = sqlite3_column_double(select, 3);
    result->bound = Bound(bound);
  } else if (status != SQLITE_DONE) {
    return database->failure("cannot be read");
  }
  sqlite3_reset(select);
  return result;
}

Error Memo::store(llvm::ArrayRef<std::pair<uint64_t, Time>> times) {
  return database->transaction([&]() -> Error {
    for (auto &[key, time] : times) {
      sqlite3_reset(insert);
      sqlite3_bind_int64(insert, 1, sqlite3_int64(key));
      sqlite3_bind_double(insert, 2, time.total);
      sqlite3_bind_double(insert, 3, time.compute);
      sqlite3_bind_double(insert, 4, time.memory);
      sqlite3_bind_double(insert, 5, time.launch);
      sqlite3_bind_int(insert, 6, int(time.bound));
      if (sqlite3_step(insert) != SQLITE_DONE)
        return database->failure("cannot be written");
    }
    return Error::success();
  });
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
    return database->failure("cannot be read");
  sqlite3_reset(selectAnswer);
  return result;
}

Error Memo::storeAnswer(uint64_t key, llvm::StringRef text) {
  sqlite3_reset(insertAnswer);
  sqlite3_bind_int64(insertAnswer, 1, sqlite3_int64(key));
  sqlite3_bind_text(insertAnswer, 2, text.data(), int(text.size()), SQLITE_TRANSIENT);
  return sqlite3_step(insertAnswer) == SQLITE_DONE ? Error::success()
                                                   : database->failure("cannot be written");
}
