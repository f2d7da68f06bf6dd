//===- Programs.cpp - srcc's other programs -------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Programs.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace srcc::search {

std::string findProgram(const std::string &name) {
  static int anchor;
  llvm::SmallString<128> own(llvm::sys::fs::getMainExecutable(nullptr, &anchor));
  llvm::StringRef folders[] = {llvm::sys::path::parent_path(own)};
  if (auto found = llvm::sys::findProgramByName(name, folders))
    return *found;
  if (auto found = llvm::sys::findProgramByName(name))
    return *found;
  return "";
}

void runProgram(const std::string &name, const std::vector<std::string> &arguments) {
  std::string program = findProgram(name);
  if (program.empty())
    throw std::runtime_error(name + " is neither beside srcc-search nor in PATH");
  llvm::SmallString<128> output;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile("srcc-search", "txt", output))
    throw std::runtime_error("no temporary file: " + error.message());
  std::vector<llvm::StringRef> words = {program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::optional<llvm::StringRef> redirects[] = {llvm::StringRef(""), output.str(), output.str()};
  std::string message;
  int code = llvm::sys::ExecuteAndWait(program, words, std::nullopt, redirects, 0, 0, &message);
  std::string text = code ? readFile(output.str().str()) : "";
  llvm::sys::fs::remove(output);
  if (code) {
    while (!text.empty() && text.back() == '\n')
      text.pop_back();
    if (text.size() > 2000)
      text = text.substr(text.size() - 2000);
    throw std::runtime_error(name + " failed" + (message.empty() ? "" : ": " + message) +
                             (text.empty() ? "" : ": " + text));
  }
}

std::string readFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || (file.peek() != EOF && !(text << file.rdbuf())))
    throw std::runtime_error(path + ": cannot be read");
  return text.str();
}

} // namespace srcc::search
