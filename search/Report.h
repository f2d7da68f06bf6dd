//===- Report.h - What a search found, as a page --------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_REPORT_H
#define SRCC_SEARCH_REPORT_H

#include <nlohmann/json.hpp>
#include <string>

namespace srcc::search {

/// The figures of a search's folder, result.json. Throws std::runtime_error that names the file if
/// there is none or it is damaged.
nlohmann::ordered_json readResult(const std::string &folder);

/// One HTML page, nothing of which is elsewhere, from a search's folder: figures, the front of
/// latency and PSNR, the progress of the methods, scheme and density of every layer, pictures.
/// Plots are gnuplot's; without it the page says so. Throws std::runtime_error if there is no
/// result.json, or it is damaged.
std::string makeReport(const std::string &folder);

} // namespace srcc::search
#endif // SRCC_SEARCH_REPORT_H
