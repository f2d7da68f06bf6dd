//===- Processes.cpp - Several processes that train together --------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/Processes.h"

#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <cstdlib>
#include <stdexcept>

namespace srcc::search {

struct Processes::Group {
  c10::intrusive_ptr<c10d::TCPStore> store;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
};

/// The whole number of an environment variable, or an error that says which are needed.
static int variable(const char *name, int least, int most) {
  const char *text = std::getenv(name);
  char *end = nullptr;
  long value = text ? std::strtol(text, &end, 10) : 0;
  if (!text || !*text || *end || value < least || value > most)
    throw std::runtime_error(std::string(name) + (text ? "=" + std::string(text) : " is not set") +
                             ", but several processes need MASTER_ADDR, MASTER_PORT, RANK and "
                             "WORLD_SIZE");
  return int(value);
}

std::unique_ptr<Processes> Processes::fromEnvironment() {
  if (!std::getenv("WORLD_SIZE"))
    return nullptr;
  int size = variable("WORLD_SIZE", 1, 4096);
  if (size == 1)
    return nullptr;
  int rank = variable("RANK", 0, size - 1), port = variable("MASTER_PORT", 1, 65535);
  const char *host = std::getenv("MASTER_ADDR");
  if (!host)
    throw std::runtime_error("MASTER_ADDR is not set, but several processes need it");
  try {
    auto group = std::make_unique<Group>();
    c10d::TCPStoreOptions options;
    options.port = uint16_t(port);
    options.isServer = rank == 0;
    options.numWorkers = size;
    options.timeout = std::chrono::minutes(5);
    group->store = c10::make_intrusive<c10d::TCPStore>(host, options);
    auto gloo = c10d::ProcessGroupGloo::Options::create(std::chrono::hours(2));
    gloo->devices.push_back(c10d::ProcessGroupGloo::createDefaultDevice());
    gloo->threads = 2;
    group->gloo = c10::make_intrusive<c10d::ProcessGroupGloo>(group->store, rank, size, gloo);
    return std::unique_ptr<Processes>(new Processes(rank, size, std::move(group)));
  } catch (const std::exception &error) {
    throw std::runtime_error(std::string("cannot join the other processes at ") + host + ":" +
                             std::to_string(port) + ": " + error.what());
  }
}

Processes::Processes(int rank, int size, std::unique_ptr<Group> group)
    : number(rank), count(size), group(std::move(group)) {}
Processes::~Processes() = default;

void Processes::sum(torch::Tensor values) {
  std::vector<torch::Tensor> tensors{values};
  group->gloo->allreduce(tensors)->wait();
}
void Processes::barrier() { group->gloo->barrier()->wait(); }

int64_t Processes::add(const std::string &counter, int64_t amount) {
  return group->store->add(counter, amount);
}
void Processes::put(const std::string &key, const std::string &text) {
  group->store->compareSet(key, {}, std::vector<uint8_t>(text.begin(), text.end()));
}
std::optional<std::string> Processes::find(const std::string &key) {
  if (!group->store->check({key}))
    return std::nullopt;
  std::vector<uint8_t> bytes = group->store->get(key);
  return std::string(bytes.begin(), bytes.end());
}

} // namespace srcc::search
