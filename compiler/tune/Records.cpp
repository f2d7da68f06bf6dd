//===- Records.cpp - What was ever tried and measured ---------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/tune/Records.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"

#include <map>
#include <sqlite3.h>

using namespace srcc::tune;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

static constexpr char schema[] = R"(
CREATE TABLE schedule (key INTEGER PRIMARY KEY, network TEXT NOT NULL, device TEXT NOT NULL,
  precision TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, text TEXT NOT NULL,
  ms REAL NOT NULL, error TEXT NOT NULL);
CREATE TABLE kernel (schedule INTEGER NOT NULL REFERENCES schedule(key), launch INTEGER NOT NULL,
  stage TEXT NOT NULL, kernel INTEGER NOT NULL, signature INTEGER NOT NULL, ms REAL NOT NULL,
  PRIMARY KEY (schedule, launch)) WITHOUT ROWID;
CREATE TABLE round (id INTEGER PRIMARY KEY, device TEXT NOT NULL, driver TEXT NOT NULL,
  date TEXT NOT NULL);
CREATE TABLE sample (round INTEGER NOT NULL REFERENCES round(id),
  schedule INTEGER NOT NULL REFERENCES schedule(key), launch INTEGER NOT NULL, ms REAL NOT NULL,
  PRIMARY KEY (round, schedule, launch)) WITHOUT ROWID;
CREATE INDEX sample_schedule ON sample (schedule))";

namespace {
/// Binds values in order.
class Binder {
public:
  explicit Binder(sqlite3_stmt *statement) : statement(statement) { sqlite3_reset(statement); }
  Binder &operator<<(int64_t v) {
    sqlite3_bind_int64(statement, ++at, v);
    return *this;
  }
  Binder &operator<<(double v) {
    sqlite3_bind_double(statement, ++at, v);
    return *this;
  }
  Binder &operator<<(StringRef v) {
    sqlite3_bind_text(statement, ++at, v.data(), int(v.size()), SQLITE_TRANSIENT);
    return *this;
  }

private:
  sqlite3_stmt *statement;
  int at = 0;
};

/// Runs a statement without results, which is at work no more then, whatever came of it.
bool succeeds(sqlite3_stmt *statement) {
  int status = sqlite3_step(statement);
  sqlite3_reset(statement);
  return status == SQLITE_DONE;
}

std::string textOf(sqlite3_stmt *statement, int column) {
  const void *text = sqlite3_column_text(statement, column);
  return std::string(static_cast<const char *>(text), sqlite3_column_bytes(statement, column));
}
} // namespace

Expected<std::unique_ptr<Records>> Records::open(StringRef path) {
  auto opened = cost::Database::open(path, {0x73635431, schemaVersion, schema});
  if (!opened)
    return opened.takeError();
  std::unique_ptr<Records> records(new Records(std::move(*opened)));
  for (auto [sql, statement] :
       {std::pair("SELECT ms, error FROM schedule WHERE key = ?", &records->findSchedule),
        std::pair("SELECT stage, kernel, signature, ms FROM kernel WHERE schedule = ? "
                  "ORDER BY launch",
                  &records->findKernels),
        std::pair("SELECT round, launch, ms, device, driver, date FROM sample JOIN round ON "
                  "round.id = sample.round WHERE schedule = ? ORDER BY round, launch",
                  &records->findSamples),
        std::pair("INSERT OR REPLACE INTO schedule VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                  &records->addSchedule),
        std::pair("INSERT OR REPLACE INTO kernel VALUES (?, ?, ?, ?, ?, ?)", &records->addKernel),
        std::pair("INSERT INTO round (device, driver, date) VALUES (?, ?, ?)", &records->addRound),
        std::pair("INSERT INTO sample VALUES (?, ?, ?, ?)", &records->addSample)})
    if (Error error = records->database->prepare(sql, statement))
      return std::move(error);
  return std::move(records);
}

Records::~Records() {
  for (sqlite3_stmt *statement :
       {findSchedule, findKernels, findSamples, addSchedule, addKernel, addRound, addSample})
    sqlite3_finalize(statement);
}

Expected<bool> Records::find(Trial &trial) {
  Binder(findSchedule) << int64_t(trial.key);
  int status = sqlite3_step(findSchedule);
  if (status == SQLITE_ROW) {
    trial.total = sqlite3_column_double(findSchedule, 0);
    trial.error = textOf(findSchedule, 1);
  }
  sqlite3_reset(findSchedule);
  if (status == SQLITE_DONE)
    return false;
  if (status != SQLITE_ROW)
    return database->failure("cannot be read");
  Binder(findKernels) << int64_t(trial.key);
  trial.kernels.clear();
  while ((status = sqlite3_step(findKernels)) == SQLITE_ROW)
    trial.kernels.push_back({textOf(findKernels, 0), sqlite3_column_int64(findKernels, 1),
                             uint64_t(sqlite3_column_int64(findKernels, 2)),
                             sqlite3_column_double(findKernels, 3)});
  sqlite3_reset(findKernels);
  if (status != SQLITE_DONE)
    return database->failure("cannot be read");
  return !trial.kernels.empty() || !trial.legal(); // else it lost what it had
}

Error Records::store(const Trial &trial, StringRef network, StringRef device,
                     const Options &options) {
  return database->transaction([&]() -> Error {
    Binder(addSchedule) << int64_t(trial.key) << network << device << StringRef(options.precision)
                        << options.width << options.height << StringRef(trial.schedule)
                        << trial.total << StringRef(trial.error);
    if (!succeeds(addSchedule))
      return database->failure("cannot be written");
    for (auto [i, kernel] : llvm::enumerate(trial.kernels)) {
      Binder(addKernel) << int64_t(trial.key) << int64_t(i) << StringRef(kernel.stage)
                        << kernel.kernel << int64_t(kernel.signature) << kernel.ms;
      if (!succeeds(addKernel))
        return database->failure("cannot be written");
    }
    return Error::success();
  });
}

Expected<std::vector<Round>> Records::rounds(llvm::ArrayRef<uint64_t> schedules, StringRef device,
                                             StringRef driver) {
  std::map<int64_t, Round> found;
  for (uint64_t schedule : schedules) {
    Binder(findSamples) << int64_t(schedule);
    int status;
    while ((status = sqlite3_step(findSamples)) == SQLITE_ROW) {
      Round &round = found[sqlite3_column_int64(findSamples, 0)];
      round.device = textOf(findSamples, 3);
      round.driver = textOf(findSamples, 4);
      round.date = textOf(findSamples, 5);
      if (round.samples.empty() || round.samples.back().schedule != schedule)
        round.samples.push_back({schedule, 0, {}});
      double ms = sqlite3_column_double(findSamples, 2);
      if (sqlite3_column_int64(findSamples, 1) < 0)
        round.samples.back().total = ms;
      else
        round.samples.back().kernels.push_back(ms);
    }
    sqlite3_reset(findSamples);
    if (status != SQLITE_DONE)
      return database->failure("cannot be read");
  }
  std::vector<Round> result;
  for (auto &[id, round] : found)
    if (round.samples.size() == schedules.size() && round.device == device &&
        round.driver == driver)
      result.push_back(std::move(round));
  return result;
}

Error Records::store(const Round &round) {
  return database->transaction([&]() -> Error {
    Binder(addRound) << StringRef(round.device) << StringRef(round.driver) << StringRef(round.date);
    if (!succeeds(addRound))
      return database->failure("cannot be written");
    int64_t id = sqlite3_last_insert_rowid(database->handle());
    auto add = [&](uint64_t schedule, int64_t launch, double ms) {
      Binder(addSample) << id << int64_t(schedule) << launch << ms;
      return succeeds(addSample);
    };
    for (const Round::Sample &sample : round.samples) {
      bool written = add(sample.schedule, -1, sample.total);
      for (auto [i, ms] : llvm::enumerate(sample.kernels))
        written = written && add(sample.schedule, int64_t(i), ms);
      if (!written)
        return database->failure("cannot be written");
    }
    return Error::success();
  });
}
