//===- Report.cpp - What a search found, as a page ------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Report.h"
#include "search/Programs.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Base64.h"
#include "llvm/Support/FileSystem.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

namespace srcc::search {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

std::string escaped(const std::string &text) {
  std::string result;
  for (char c : text)
    result += c == '<'   ? "&lt;"
              : c == '>' ? "&gt;"
              : c == '&' ? "&amp;"
              : c == '"' ? "&quot;"
                         : std::string(1, c);
  return result;
}

std::string format(const char *pattern, double value) {
  char text[64];
  std::snprintf(text, sizeof text, pattern, value);
  return text;
}

/// A plot: gnuplot's commands and named blocks of data to one SVG; empty without gnuplot.
std::string plot(const std::string &commands, const std::map<std::string, std::string> &data) {
  if (findProgram("gnuplot").empty())
    return "";
  llvm::SmallString<128> folder;
  if (llvm::sys::fs::createUniqueDirectory("srcc-search", folder))
    throw std::runtime_error("no temporary folder");
  std::string base = folder.str().str();
  std::ofstream script(base + "/plot.gp");
  script << "set terminal svg size 760,420 dynamic font 'sans-serif,12'\nset output '" << base
         << "/plot.svg'\n"
         << "set grid lc rgb '#dddddd'\n";
  for (auto &[name, rows] : data)
    script << "$" << name << " << EOD\n" << rows << "EOD\n";
  script << commands << "\n";
  script.close();
  std::string svg;
  try {
    runProgram("gnuplot", {base + "/plot.gp"});
    svg = readFile(base + "/plot.svg");
  } catch (const std::exception &error) { // a report without a plot is one, too
    fs::remove_all(base);
    return std::string("<p>No plot: ") + escaped(error.what()) + "</p>";
  }
  fs::remove_all(base);
  return svg.substr(std::min(svg.size(), svg.find("<svg")));
}

/// Best reward so far of every method, and all evaluations by latency.
std::string plotTrials(const Json &trials, const Json &root) {
  std::map<std::string, std::string> data;
  std::map<std::string, double> best;
  std::string
      progress =
          "set xlabel 'evaluations'\nset ylabel 'best reward, dB'\nset key bottom right\nplot ",
      front = "set xlabel 'predicted, ms'\nset ylabel 'PSNR, dB'\nset key bottom right\n";
  for (const Json &trial : trials) {
    std::string method = trial.at("method");
    double reward = trial.at("reward");
    auto [found, first] = best.emplace(method, reward);
    found->second = std::max(found->second, reward);
    data["progress_" + method] += std::to_string(trial.at("number").get<int64_t>() + 1) + " " +
                                  format("%.6f", found->second) + "\n";
    data["front_" + method] +=
        format("%.6f", trial.at("ms")) + " " + format("%.6f", trial.at("psnr")) + "\n";
  }
  if (best.empty())
    return "";
  std::string points;
  for (auto &[method, reward] : best) {
    progress += "$progress_" + method + " with steps lw 2 title '" + method + "', ";
    points += "$front_" + method + " with points pt 7 ps 0.6 title '" + method + "', ";
  }
  if (root.contains("target_ms"))
    front += "set arrow from " + format("%.6f", root["target_ms"]) + ", graph 0 to " +
             format("%.6f", root["target_ms"]) + ", graph 1 nohead dt 2\n";
  return "<h2>Progress of the search</h2>" + plot(progress, data) +
         "<h2>Latency and PSNR of the candidates</h2><p>After short tuning; the dashed line is the "
         "target.</p>" +
         plot(front + "plot " + points, data);
}

std::string plotLayers(const Json &layers) {
  std::map<std::string, std::string> data;
  std::map<std::string, int> seen;
  std::string labels;
  int row = 0;
  for (const Json &layer : layers) {
    std::string scheme = layer.at("scheme");
    seen.emplace(scheme, int(seen.size()));
    for (char &c : scheme)
      c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
    data["s_" + scheme] += std::to_string(row) + " " + format("%.4f", layer.at("density")) + "\n";
    std::string name = layer.at("name");
    std::replace(name.begin(), name.end(), '\'', ' ');
    std::replace(name.begin(), name.end(), '_', '.');
    labels += (row ? ", '" : "'") + name + "' " + std::to_string(row);
    ++row;
  }
  std::string commands =
      "set yrange [0:1.05]\nset xrange [-1:" + std::to_string(row) +
      "]\nset ylabel 'weights kept'\nset style fill solid\nset boxwidth 0.8\nset key above\n" +
      "set xtics rotate by 60 right (" + labels + ") font ',8'\nplot ";
  for (auto &[scheme, index] : seen) {
    std::string block = scheme;
    for (char &c : block)
      c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
    commands +=
        "$s_" + block + " with boxes lc " + std::to_string(index + 1) + " title '" + scheme + "', ";
  }
  return plot(commands, data);
}

std::string table(const std::vector<std::vector<std::string>> &rows) {
  std::string text = "<table>";
  for (size_t i = 0; i < rows.size(); ++i) {
    text += "<tr>";
    for (const std::string &cell : rows[i])
      text += (i ? "<td>" : "<th>") + escaped(cell) + (i ? "</td>" : "</th>");
    text += "</tr>";
  }
  return text + "</table>";
}

std::string picture(const fs::path &file, const std::string &caption) {
  return "<figure><img src=\"data:image/png;base64," + llvm::encodeBase64(readFile(file.string())) +
         "\"><figcaption>" + escaped(caption) + "</figcaption></figure>";
}

} // namespace

nlohmann::ordered_json readResult(const std::string &folder) {
  std::string file = (fs::path(folder) / "result.json").string();
  if (!fs::exists(file))
    throw std::runtime_error(folder + ": no search has a result here (result.json)");
  try {
    return Json::parse(readFile(file));
  } catch (const Json::exception &error) {
    throw std::runtime_error(file + ": " + error.what());
  }
}

std::string makeReport(const std::string &folder) {
  fs::path base(folder);
  fs::path name = fs::absolute(base).lexically_normal();
  name = name.has_filename() ? name.filename() : name.parent_path().filename();
  std::string file = (base / "result.json").string();
  Json root = readResult(folder);
  try {
    std::ostringstream os;
    os << "<!DOCTYPE html><meta charset=\"utf-8\"><title>srcc-search</title><style>body{font:14px "
          "sans-serif;max-width:1100px;margin:2em "
          "auto}table{border-collapse:collapse}td,th{padding:2px "
          "8px;text-align:left;border-bottom:1px solid #ddd}figure{display:inline-block;margin:1em}"
          "img{image-rendering:pixelated}pre{background:#f4f4f4;padding:1em}</style><h1>"
       << escaped(name.string()) << "</h1>";
    std::vector<std::vector<std::string>> figures = {{"", ""}};
    auto figure = [&](const char *key, const char *title, const char *pattern) {
      if (root.contains(key))
        figures.push_back({title, format(pattern, root[key].get<double>())});
    };
    figure("dense_ms", "dense, predicted", "%.3f ms");
    figure("target_ms", "target", "%.3f ms");
    figure("predicted_ms", "result, predicted", "%.3f ms");
    figure("measured_ms", "result, measured", "%.3f ms");
    for (const char *key : {"before", "psnr", "bicubic"})
      if (root.contains(key))
        for (auto &[name, value] : root[key].items())
          figures.push_back(
              {fs::path(name).string() + (std::string(key) == "before"    ? ", unpruned"
                                          : std::string(key) == "bicubic" ? ", bicubic"
                                                                          : ", result"),
               format("%.3f dB", value)});
    os << table(figures);
    if (findProgram("gnuplot").empty())
      os << "<p>There are no plots, for gnuplot is not installed.</p>";
    if (root.contains("trials"))
      os << plotTrials(root["trials"], root);
    if (root.contains("layers")) {
      os << "<h2>Layers</h2>" << plotLayers(root["layers"]);
      std::vector<std::vector<std::string>> rows = {
          {"layer", "filters, channels, kernel", "scheme", "weights kept"}};
      for (const Json &layer : root["layers"]) {
        const Json &shape = layer.at("shape");
        rows.push_back({layer.at("name"),
                        std::to_string(shape.at(0).get<int>()) + " x " +
                            std::to_string(shape.at(1).get<int>()) + ", " +
                            std::to_string(shape.at(2).get<int>()) + "x" +
                            std::to_string(shape.at(3).get<int>()),
                        layer.at("scheme"),
                        format("%.1f %%", 100 * layer.at("density").get<double>())});
      }
      os << table(rows);
    }
    if (root.contains("cells")) {
      os << "<h2>How many cells</h2>";
      std::vector<std::vector<std::string>> rows = {
          {"cells", "block", "dense ms", "ms at the least compression"}};
      for (const Json &row : root["cells"].at("table"))
        rows.push_back({std::to_string(row.at("cells").get<int>()), row.at("block"),
                        format("%.3f", row.at("dense_ms")), format("%.3f", row.at("least_ms"))});
      os << table(rows);
    }
    if (root.contains("calibration")) {
      os << "<h2>Calibration</h2>";
      std::vector<std::vector<std::string>> rows = {{"predicted ms", "measured ms"}};
      for (const Json &point : root["calibration"])
        rows.push_back({format("%.3f", point.at(0)), format("%.3f", point.at(1))});
      os << table(rows);
    }
    if (root.contains("sample")) {
      os << "<h2>A picture</h2>"
         << picture(base / "bicubic.png",
                    "bicubic, " + format("%.2f dB", root["sample"].at("bicubic")))
         << picture(base / "upscaled.png",
                    "by the emitted package, " + format("%.2f dB", root["sample"].at("upscaled")))
         << picture(base / "original.png", "original");
    }
    os << "<h2>Configuration</h2><pre>" << escaped(readFile((base / "config.toml").string()))
       << "</pre>\n";
    return os.str();
  } catch (const nlohmann::json::exception &error) {
    throw std::runtime_error(file + ": damaged: " + error.what());
  }
}

} // namespace srcc::search
