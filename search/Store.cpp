//===- Store.cpp - Every evaluation of a search ---------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Store.h"

#include <sqlite3.h>
#include <stdexcept>

namespace srcc::search {

static constexpr int schemaVersion = 2;

/// A prepared statement that throws.
struct Store::Statement {
  Statement(Store &store, const char *sql) : store(store) {
    if (sqlite3_prepare_v2(store.database, sql, -1, &statement, nullptr) != SQLITE_OK)
      fail();
  }
  ~Statement() { sqlite3_finalize(statement); }
  [[noreturn]] void fail() {
    throw std::runtime_error(store.path + ": " + sqlite3_errmsg(store.database));
  }
  Statement &bind(const std::string &text) {
    sqlite3_bind_text(statement, ++at, text.data(), int(text.size()), SQLITE_TRANSIENT);
    return *this;
  }
  Statement &bind(double value) {
    sqlite3_bind_double(statement, ++at, value);
    return *this;
  }
  Statement &bind(int64_t value) {
    sqlite3_bind_int64(statement, ++at, value);
    return *this;
  }
  /// Whether there is a row.
  bool step() {
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
      fail();
    return code == SQLITE_ROW;
  }
  std::string text(int column) {
    const unsigned char *value = sqlite3_column_text(statement, column);
    return value ? reinterpret_cast<const char *>(value) : "";
  }
  double real(int column) { return sqlite3_column_double(statement, column); }
  int64_t whole(int column) { return sqlite3_column_int64(statement, column); }

  Store &store;
  sqlite3_stmt *statement = nullptr;
  int at = 0;
};

Store::Store(const std::string &path) : path(path) {
  try {
    if (sqlite3_open(path.c_str(), &database) != SQLITE_OK)
      throw std::runtime_error(path + ": " + sqlite3_errmsg(database));
    sqlite3_busy_timeout(database, 60000);
    int64_t version = 0, tables = 0;
    {
      Statement ask(*this, "PRAGMA user_version");
      ask.step();
      version = ask.whole(0);
      Statement count(*this, "SELECT count(*) FROM sqlite_master");
      count.step();
      tables = count.whole(0);
    }
    if (version != schemaVersion && (version != 0 || tables != 0))
      throw std::runtime_error(path + ": not a database of this version of srcc-search");
    for (const char *sql :
         {"CREATE TABLE IF NOT EXISTS evaluation(context TEXT, candidate TEXT, density REAL, "
          "predicted_ms REAL, "
          "psnr REAL, reward REAL, seconds REAL, rank INTEGER, PRIMARY KEY(context, candidate))",
          "CREATE TABLE IF NOT EXISTS trial(method TEXT, seed INTEGER, number INTEGER, context "
          "TEXT, candidate TEXT, "
          "PRIMARY KEY(context, method, seed, number))",
          "PRAGMA user_version = 2"})
      Statement(*this, sql).step();
  } catch (...) {
    sqlite3_close(database);
    throw;
  }
}
Store::~Store() { sqlite3_close(database); }

std::optional<Evaluated> Store::find(const std::string &context, const std::string &candidate) {
  Statement ask(
      *this,
      "SELECT density, predicted_ms, psnr, reward, seconds, rank FROM evaluation WHERE context = ? "
      "AND candidate = ?");
  if (!ask.bind(context).bind(candidate).step())
    return std::nullopt;
  return Evaluated{ask.real(0), ask.real(1), ask.real(2), ask.real(3), ask.real(4), ask.whole(5)};
}

void Store::add(const std::string &context, const std::string &candidate, const Evaluated &e) {
  Statement(*this, "INSERT OR REPLACE INTO evaluation VALUES(?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(context)
      .bind(candidate)
      .bind(e.density)
      .bind(e.predictedMs)
      .bind(e.psnr)
      .bind(e.reward)
      .bind(e.seconds)
      .bind(e.rank)
      .step();
}

void Store::note(const std::string &method, int64_t seed, int64_t number,
                 const std::string &context, const std::string &candidate) {
  Statement(*this, "INSERT OR REPLACE INTO trial VALUES(?, ?, ?, ?, ?)")
      .bind(method)
      .bind(seed)
      .bind(number)
      .bind(context)
      .bind(candidate)
      .step();
}

std::vector<Store::Row> Store::trials(const std::string &context) {
  Statement ask(
      *this,
      "SELECT method, seed, number, candidate, density, predicted_ms, psnr, reward, seconds, "
      "rank FROM trial JOIN evaluation USING(context, candidate) WHERE context = ? ORDER BY "
      "method, seed, "
      "number");
  ask.bind(context);
  std::vector<Row> rows;
  while (ask.step())
    rows.push_back(
        {ask.text(0),
         ask.whole(1),
         ask.whole(2),
         ask.text(3),
         {ask.real(4), ask.real(5), ask.real(6), ask.real(7), ask.real(8), ask.whole(9)}});
  return rows;
}

} // namespace srcc::search
