//===- StaticReport.cpp - What phones' compilers make of kernels ----------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/tools/StaticReport.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Regex.h"

#include <cmath>
#include <map>

using namespace llvm;
using namespace srcc;

namespace {
/// What a compiler said of a kernel.
struct Statistics {
  double instructions = 0, registers = 0, group = 0, privateBytes = 0, spills = 0;
};
} // namespace

/// The number that a pattern's first group matches, -1 if there is none.
static double numberIn(StringRef line, StringRef pattern) {
  SmallVector<StringRef, 2> found;
  double value;
  if (Regex(pattern).match(line, &found) && !found[1].getAsDouble(value))
    return value;
  return -1;
}

/// The compiler's lines. Statistics come in pairs for each kernel (a generic and an optimised
/// variant), in the order of the kernels' own lines, "kernel NAME: max_group=... private=...",
/// which follow.
static std::map<std::string, Statistics> parse(StringRef output) {
  SmallVector<StringRef> lines;
  output.split(lines, '\n');
  std::vector<Statistics> variants;
  std::map<std::string, Statistics> result;
  std::vector<std::string> names;
  std::vector<Statistics> limits;
  for (StringRef line : lines) {
    if (line.contains("CL prog")) { // Adreno
      double instructions = numberIn(line, "([0-9]+) instr"),
             registers = numberIn(line, "([0-9]+) full");
      if (instructions >= 0) { // the first of a variant's lines
        variants.emplace_back();
        variants.back().instructions = instructions;
      } else if (registers >= 0 && !variants.empty()) {
        variants.back().registers = 4 * registers; // of four values each
      }
    } else if (line.contains("SHADER-DB")) { // Mali
      Statistics s;
      s.instructions = numberIn(line, "([0-9]+) inst");
      double threads = numberIn(line, "([0-9]+) threads");
      s.registers = threads >= 2 ? 32 : 64;
      s.spills = std::max(0.0, numberIn(line, "([0-9]+):[0-9]+ spills:fills"));
      variants.push_back(s);
    } else if (line.starts_with("kernel ")) {
      names.push_back(line.drop_front(7).take_until([](char c) { return c == ':'; }).str());
      Statistics s;
      s.group = numberIn(line, "max_group=([0-9]+)");
      s.privateBytes = numberIn(line, "private=([0-9]+)");
      limits.push_back(s);
    }
  }
  for (auto [i, name] : enumerate(names)) {
    Statistics s = limits[i];
    size_t at = variants.size() == 2 * names.size() ? 2 * i + 1 : i;
    if (at < variants.size()) {
      s.instructions = variants[at].instructions;
      s.registers = variants[at].registers;
      s.spills = variants[at].spills;
    }
    result[name] = s;
  }
  return result;
}

/// Rank correlation, ties by their mean rank.
static double spearman(ArrayRef<double> a, ArrayRef<double> b) {
  auto ranks = [](ArrayRef<double> values) {
    std::vector<double> result;
    for (double v : values) {
      double below = count_if(values, [&](double o) { return o < v; });
      double same = count_if(values, [&](double o) { return o == v; });
      result.push_back(below + (same - 1) / 2);
    }
    return result;
  };
  std::vector<double> x = ranks(a), y = ranks(b);
  double mean = (double(a.size()) - 1) / 2, xy = 0, xx = 0, yy = 0;
  for (auto [p, q] : zip(x, y)) {
    xy += (p - mean) * (q - mean);
    xx += (p - mean) * (p - mean);
    yy += (q - mean) * (q - mean);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

Error srcc::writeStaticReport(StringRef text, const cost::Program &program, const Device &device,
                              raw_ostream &os) {
  std::optional<std::string> compiler = sys::Process::GetEnv("SRCC_MOBILE_CLC");
  if (!compiler || compiler->empty()) {
    os << "static report skipped: SRCC_MOBILE_CLC does not name the phone compilers' script\n";
    return Error::success();
  }
  if (device.mobileCompilers.empty()) {
    os << "static report skipped: the device file of " << device.name
       << " has no \"mobile_compilers\"\n";
    return Error::success();
  }
  SmallString<128> source, output;
  if (std::error_code error = sys::fs::createTemporaryFile("srcc", "cl", source))
    return createStringError("a temporary file cannot be made: " + error.message());
  FileRemover removeSource(source);
  if (std::error_code error = sys::fs::createTemporaryFile("srcc", "txt", output))
    return createStringError("a temporary file cannot be made: " + error.message());
  FileRemover removeOutput(output);
  {
    std::error_code error;
    raw_fd_ostream file(source, error);
    file << text;
    file.close();
    if (error || (error = file.error())) {
      file.clear_error();
      return createStringError(source + ": " + error.message());
    }
  }
  const double unrolled = double(device.unrolledCode);
  SmallVector<StringRef> gpus;
  StringRef(device.mobileCompilers).split(gpus, ',', -1, false);
  for (StringRef gpu : gpus) {
    std::string reason;
    std::optional<StringRef> redirects[] = {StringRef(""), StringRef(output), StringRef(output)};
    int code = sys::ExecuteAndWait(*compiler, {*compiler, gpu, source}, std::nullopt, redirects,
                                   600, 0, &reason);
    auto buffer = MemoryBuffer::getFile(output, /*IsText=*/true);
    StringRef said = buffer ? (*buffer)->getBuffer() : StringRef();
    if (code)
      return createStringError(*compiler + " " + gpu + ": " +
                               (reason.empty() ? "exit code " + Twine(code) : Twine(reason)).str() +
                               "\n" + said.take_back(2000));
    auto statistics = parse(said);
    os << format("%-40s %-12s %7s %5s %6s %8s %7s | %6s %6s\n", "kernel", "compiler", "instr",
                 "regs", "group", "private", "spills", "ours:", "regs");
    std::vector<double> theirsRegisters, ours, theirsCode, oursCode;
    unsigned spilled = 0;
    for (const cost::Kernel &kernel : program.kernels) {
      auto found = statistics.find(kernel.name().str());
      if (found == statistics.end())
        continue;
      const Statistics &s = found->second;
      os << format("%-40s %-12s %7.0f %5.0f %6.0f %8.0f %7.0f | %6.0f %6.0f\n",
                   kernel.name().str().c_str(), gpu.str().c_str(), s.instructions, s.registers,
                   s.group, s.privateBytes, s.spills, kernel.codeInstructions(unrolled),
                   kernel.registers());
      theirsRegisters.push_back(s.registers), ours.push_back(kernel.registers());
      theirsCode.push_back(s.instructions), oursCode.push_back(kernel.codeInstructions(unrolled));
      spilled += s.privateBytes > 0 || s.spills > 0;
    }
    os << format("%s: %u kernels, %u with private memory or spills; rank correlation of our "
                 "estimates: registers "
                 "%.3f, instructions %.3f\n\n",
                 gpu.str().c_str(), unsigned(ours.size()), spilled, spearman(ours, theirsRegisters),
                 spearman(oursCode, theirsCode));
  }
  return Error::success();
}
