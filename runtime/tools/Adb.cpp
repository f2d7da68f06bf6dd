//===- Adb.cpp - Measures on a phone ----------------------------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#include "runtime/tools/Adb.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

using namespace srcc::tools;
namespace fs = std::filesystem;

/// A word as shells take it.
static std::string quoted(const std::string &word) {
  const char *plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos)
    return word;
  std::string text = "'";
  for (char c : word)
    text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

static std::string joined(const std::vector<std::string> &words) {
  std::string text;
  for (const std::string &word : words)
    text += (text.empty() ? "" : " ") + quoted(word);
  return text;
}

/// The adb commands in their order: copies there, the run, copies back.
static std::vector<std::vector<std::string>> adbCommands(const AdbRun &run) {
  std::vector<std::string> adb{"adb"};
  if (!run.serial.empty())
    adb.insert(adb.end(), {"-s", run.serial});
  std::vector<std::vector<std::string>> commands;
  auto add = [&](std::vector<std::string> words) {
    words.insert(words.begin(), adb.begin(), adb.end());
    commands.push_back(std::move(words));
  };
  const std::string folder = adbFolder;
  auto there = [&](const std::string &file) {
    return folder + "/" + fs::path(file).filename().string();
  };
  add({"shell", "mkdir -p " + folder});
  if (!run.program.empty())
    add({"push", run.program, folder + "/srcc-bench"});
  for (const std::string &file : run.inputs)
    add({"push", file, there(file)});
  if (!run.input.empty())
    add({"push", run.input, there(run.input)});
  // libOpenCL.so is a library of the phone's maker.
  std::vector<std::string> bench{"./srcc-bench"};
  auto name = [](const std::string &file) { // no option, whatever it begins with
    return "./" + fs::path(file).filename().string();
  };
  for (const std::string &file : run.inputs)
    bench.push_back(name(file));
  if (std::find(run.options.begin(), run.options.end(), "--cache-dir") == run.options.end())
    bench.insert(bench.end(), {"--cache-dir", "cache"}); // phones have no home folder
  bench.insert(bench.end(), run.options.begin(), run.options.end());
  if (!run.input.empty())
    bench.insert(bench.end(), {"--input", name(run.input)});
  bool file = !run.json.empty() && run.json != "-";
  if (!run.json.empty())
    bench.insert(bench.end(), {"--json", file ? "report.json" : "-"});
  if (!run.output.empty())
    bench.insert(bench.end(), {"--output", "output.npy"});
  add({"shell", "cd " + folder + " && chmod 755 srcc-bench && " +
                    "LD_LIBRARY_PATH=/vendor/lib64:/system/vendor/lib64 " + joined(bench)});
  if (file)
    add({"pull", folder + "/report.json", run.json});
  if (!run.output.empty())
    add({"pull", folder + "/output.npy", run.output});
  return commands;
}

static bool inPath(const std::string &name) {
  const char *path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (access((folder + "/" + name).c_str(), X_OK) == 0)
      return true;
  return false;
}

/// The exit code of a command, which takes nothing from standard input.
static int execute(const std::vector<std::string> &words) {
  std::vector<char *> arguments;
  for (const std::string &word : words)
    arguments.push_back(const_cast<char *>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t child = fork();
  if (child == 0) {
    if (!std::freopen("/dev/null", "r", stdin))
      _exit(127);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child)
    throw std::runtime_error("cannot start adb");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int srcc::tools::runByAdb(const AdbRun &run) {
  std::set<std::string> names{"srcc-bench", "report.json", "output.npy", "cache"};
  for (const std::vector<std::string> &files :
       {run.inputs, std::vector<std::string>(run.input.empty() ? 0 : 1, run.input)})
    for (const std::string &file : files) {
      if (!names.insert(fs::path(file).filename().string()).second)
        throw std::runtime_error(file + ": another file has this name in " + adbFolder +
                                 ": rename it");
      if (!fs::is_regular_file(file))
        throw std::runtime_error(file + ": no such file");
    }
  if (!run.program.empty() && !fs::is_regular_file(run.program))
    throw std::runtime_error(run.program + ": no such file");
  auto commands = adbCommands(run);
  bool there = inPath("adb");
  for (const std::vector<std::string> &command : commands) {
    std::fprintf(stderr, "%s\n", joined(command).c_str());
    std::fflush(stderr);
    if (int code = there ? execute(command) : 0) {
      std::fprintf(stderr, "srcc-bench: error: exit code %d of: %s\n", code,
                   joined(command).c_str());
      return 1;
    }
  }
  if (!there)
    throw std::runtime_error("no adb in PATH, so nothing was run: install Android's platform "
                             "tools, or run the commands above where the phone is");
  return 0;
}
