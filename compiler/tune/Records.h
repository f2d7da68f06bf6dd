//===- Records.h - What was ever tried and measured -------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// The tuning database, a SQLite file (compiler/cost/Database.h). docs/tune.md has its tables.
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_TUNE_RECORDS_H
#define SRCC_COMPILER_TUNE_RECORDS_H

#include "compiler/cost/Database.h"
#include "compiler/tune/Tuner.h"

namespace srcc::tune {

/// One round of measurements: some schedules, one after another. Milliseconds.
struct Round {
  std::string device, driver, date;
  struct Sample {
    uint64_t schedule = 0;
    double total = 0;
    std::vector<double> kernels;
  };
  std::vector<Sample> samples;
};

class Records {
public:
  static constexpr int schemaVersion = 1;

  /// Opens a file, or makes it. Errors as of Database::open.
  static llvm::Expected<std::unique_ptr<Records>> open(llvm::StringRef path);
  ~Records();
  Records(const Records &) = delete;

  /// Fills in what became of the schedule under trial.key. False: it was never tried.
  llvm::Expected<bool> find(Trial &trial);
  /// Stores a trial, whole or not at all. `about` is for people.
  llvm::Error store(const Trial &trial, llvm::StringRef network, llvm::StringRef device,
                    const Options &options);
  /// The rounds in which all these schedules were measured on a device, oldest first.
  llvm::Expected<std::vector<Round>> rounds(llvm::ArrayRef<uint64_t> schedules,
                                            llvm::StringRef device, llvm::StringRef driver);
  llvm::Error store(const Round &round);

private:
  explicit Records(std::unique_ptr<cost::Database> database) : database(std::move(database)) {}

  std::unique_ptr<cost::Database> database;
  sqlite3_stmt *findSchedule = nullptr, *findKernels = nullptr, *findSamples = nullptr,
               *addSchedule = nullptr, *addKernel = nullptr, *addRound = nullptr,
               *addSample = nullptr;
};

} // namespace srcc::tune

#endif // SRCC_COMPILER_TUNE_RECORDS_H
