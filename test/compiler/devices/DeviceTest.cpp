//===- DeviceTest.cpp - Device files, good and bad ------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/devices/Device.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace srcc;

namespace {

const std::string good = R"({
  "name": "toy", "vendor": "Toys", "description": "a toy", "kind": "gpu",
  "vector_width": {"value": 4, "from": "assumed: x"},
  "registers": {"value": 64, "from": "assumed: x"},
  "l1_bytes": {"value": 1024, "from": "assumed: x"},
  "l2_bytes": {"value": 2048, "from": "assumed: x"},
  "llc_bytes": {"value": 4096, "from": "assumed: x"},
  "compute_units": {"value": 3, "from": "assumed: x"},
  "wave": {"value": 64, "from": "assumed: x"},
  "max_threads": {"value": 256, "from": "assumed: x"},
  "preferred_threads": {"value": 128, "from": "assumed: x"},
  "local_bytes": {"value": 32768, "from": "assumed: x"},
  "fp16": {"value": true, "from": "assumed: x"},
  "images": {"value": false, "from": "assumed: x"},
  "unrolled_code": {"value": 500, "from": "assumed: x"},
  "winograd_channels": {"value": 0, "from": "assumed: x"},
  "multiply_add": {"value": "mad", "from": "assumed: x"},
  "prefetch": {"value": "function", "from": "assumed: x"},
  "vector_access": {"value": "pointer", "from": "assumed: x"},
  "storage": {"value": "f16", "from": "measured: y"},
  "peak_gflops_f32": {"value": 100.5, "from": "assumed: x"},
  "peak_gflops_f16": {"value": 201, "from": "assumed: x"},
  "bandwidth_gbs": {"value": 30, "from": "assumed: x"}
})";

/// The good file with one piece of text replaced.
std::string with(const std::string &old, const std::string &text) {
  std::string result = good;
  size_t at = result.find(old);
  EXPECT_NE(at, std::string::npos) << old;
  return result.replace(at, old.size(), text);
}

std::string errorOf(llvm::Expected<Device> device) {
  return device ? "" : llvm::toString(device.takeError());
}
std::string errorOf(const std::string &text) { return errorOf(parseDevice(text, "toy.json")); }

TEST(Device, ReadsEveryKey) {
  auto device = parseDevice(good, "toy.json");
  ASSERT_TRUE(bool(device)) << llvm::toString(device.takeError());
  EXPECT_EQ(device->name, "toy");
  EXPECT_EQ(device->vendor, "Toys");
  EXPECT_EQ(device->kind, DeviceKind::GPU);
  EXPECT_EQ(device->vectorWidth, 4);
  EXPECT_EQ(device->registers, 64);
  EXPECT_EQ(device->l1Bytes, 1024);
  EXPECT_EQ(device->l2Bytes, 2048);
  EXPECT_EQ(device->llcBytes, 4096);
  EXPECT_EQ(device->computeUnits, 3);
  EXPECT_EQ(device->wave, 64);
  EXPECT_EQ(device->maxThreads, 256);
  EXPECT_EQ(device->preferredThreads, 128);
  EXPECT_EQ(device->localBytes, 32768);
  EXPECT_EQ(device->unrolledCode, 500);
  EXPECT_TRUE(device->fp16);
  EXPECT_FALSE(device->images);
  EXPECT_EQ(device->multiplyAdd, MultiplyAdd::MAD);
  EXPECT_EQ(device->vectorAccess, VectorAccess::Pointer);
  EXPECT_EQ(device->storage, Storage::F16);
  EXPECT_EQ(device->storage.from, "measured: y");
  EXPECT_EQ(device->peakF32, 100.5);
  EXPECT_EQ(device->peakF16, 201);
  EXPECT_EQ(device->bandwidth, 30);
}

TEST(Device, VectorsAreReadByFunctionsUnlessTheFileSays) {
  auto device = parseDevice(
      with("  \"vector_access\": {\"value\": \"pointer\", \"from\": \"assumed: x\"},\n", ""),
      "toy.json");
  ASSERT_TRUE(bool(device)) << llvm::toString(device.takeError());
  EXPECT_EQ(device->vectorAccess, VectorAccess::Function);
}

TEST(Device, ErrorsNameFileKeyAndRule) {
  EXPECT_EQ(errorOf(with("\"wave\"", "\"waves\"")), "toy.json: key \"wave\" is missing");
  EXPECT_EQ(errorOf(with("\"wave\"", "\"weight\": 1, \"wave\"")),
            "toy.json: key \"weight\" is not known");
  EXPECT_EQ(errorOf(with("\"wave\"", "\"wave_\": 1, \"wave\"")),
            "toy.json: key \"wave_\" is not known; did you mean \"wave\"?");
  EXPECT_EQ(errorOf(with("\"toy\"", "17")),
            "toy.json: key \"name\" takes a string that is not empty");
  EXPECT_EQ(errorOf(with("\"gpu\"", "\"npu\"")), "toy.json: key \"kind\" takes \"cpu\" or \"gpu\"");
  EXPECT_EQ(errorOf(with("\"mad\"", "\"add\"")),
            "toy.json: key \"multiply_add\" takes \"fma\" or \"mad\" or \"contract\"");
  EXPECT_EQ(errorOf(with("\"function\"", "\"always\"")),
            "toy.json: key \"prefetch\" takes \"none\" or \"function\" or \"builtin\"");
  EXPECT_EQ(errorOf(with("\"pointer\"", "\"cast\"")),
            "toy.json: key \"vector_access\" takes \"function\" or \"pointer\"");
  EXPECT_EQ(errorOf(with("{\"value\": 3, \"from\": \"assumed: x\"}", "3")),
            "toy.json: key \"compute_units\" takes {\"value\": ..., \"from\": \"...\"}");
  EXPECT_EQ(errorOf(with("\"value\": 3, \"from\": \"assumed: x\"",
                         "\"value\": 3, \"from\": \"hearsay\"")),
            "toy.json: key \"compute_units\" takes a \"from\" that begins with \"measured: \", "
            "\"published: \", \"derived: \" or \"assumed: \" and goes on");
  EXPECT_EQ(errorOf(with("\"value\": 3,", "\"value\": 0,")),
            "toy.json: key \"compute_units\" takes a whole number from 1 to 1024");
  EXPECT_EQ(errorOf(with("\"value\": 3,", "\"value\": 2.5,")),
            "toy.json: key \"compute_units\" takes a whole number from 1 to 1024");
  EXPECT_EQ(errorOf(with("\"value\": 4,", "\"value\": 3,")),
            "toy.json: key \"vector_width\" takes 1, 2, 4, 8 or 16");
  EXPECT_EQ(errorOf(with("\"value\": 128,", "\"value\": 512,")),
            "toy.json: key \"preferred_threads\" is above max_threads");
  EXPECT_EQ(errorOf(with("\"value\": true", "\"value\": 1")),
            "toy.json: key \"fp16\" takes true or false");
  EXPECT_EQ(errorOf(with("\"value\": 30,", "\"value\": -30,")),
            "toy.json: key \"bandwidth_gbs\" takes a number above 0");
  // The peak in half belongs to devices that have it.
  EXPECT_EQ(errorOf(with("\"value\": true", "\"value\": false")),
            "toy.json: key \"peak_gflops_f16\" is not known; did you mean \"peak_gflops_f32\"?");
}

TEST(Device, ErrorsOfTextThatIsNoDevice) {
  EXPECT_EQ(errorOf(std::string("[]")), "toy.json: a device file is a JSON object");
  EXPECT_NE(errorOf(std::string("{")).find("toy.json: "), std::string::npos);
  EXPECT_NE(errorOf(std::string()).find("toy.json: "), std::string::npos);
}

TEST(Device, EveryNameLoads) {
  std::vector<std::string> names = deviceNames();
  EXPECT_EQ(names,
            (std::vector<std::string>{"adreno640", "adreno650", "host", "mali-g77", "pocl-cpu"}));
  for (const std::string &name : names) {
    auto device = loadDevice(name);
    ASSERT_TRUE(bool(device)) << llvm::toString(device.takeError());
    EXPECT_EQ(device->name, name);
  }
}

TEST(Device, UnknownNamesListTheKnown) {
  EXPECT_EQ(errorOf(loadDevice("adreno64")), "no device is called \"adreno64\"; did you mean "
                                             "\"adreno640\"? There are adreno640, adreno650, host, "
                                             "mali-g77, pocl-cpu, and any device file by its path");
  EXPECT_EQ(errorOf(loadDevice("toaster")),
            "no device is called \"toaster\"; there are adreno640, adreno650, host, mali-g77, "
            "pocl-cpu, and any device file by its path");
  EXPECT_NE(errorOf(loadDevice("./none.json")).find("./none.json: "), std::string::npos);
}

TEST(Device, LoadsAFileByItsPath) {
  std::string path = testing::TempDir() + "toy.json";
  std::ofstream(path) << good;
  auto device = loadDevice(path);
  ASSERT_TRUE(bool(device)) << llvm::toString(device.takeError());
  EXPECT_EQ(device->name, "toy");
  std::filesystem::remove(path);
}

TEST(Host, ReadsCacheSizes) {
  std::filesystem::path folder = testing::TempDir() + "caches";
  auto cache = [&](const char *index, const char *level, const char *type, const char *size) {
    std::filesystem::create_directories(folder / index);
    std::ofstream(folder / index / "level") << level << "\n";
    std::ofstream(folder / index / "type") << type << "\n";
    std::ofstream(folder / index / "size") << size << "\n";
  };
  cache("index0", "1", "Data", "48K");
  cache("index1", "1", "Instruction", "64K");
  cache("index2", "2", "Unified", "1M");
  cache("index3", "3", "Unified", "32768K");
  HostCPU cpu = readHostCPU(folder.string());
  EXPECT_EQ(cpu.l1Bytes, 48 * 1024);
  EXPECT_EQ(cpu.l2Bytes, 1024 * 1024);
  EXPECT_EQ(cpu.llcBytes, 32 * 1024 * 1024);
  EXPECT_GE(cpu.threads, 1);
  std::filesystem::remove_all(folder);
}

TEST(Host, AdaptsWhatItKnows) {
  auto pocl = loadDevice("pocl-cpu");
  ASSERT_TRUE(bool(pocl)) << llvm::toString(pocl.takeError());
  HostCPU cpu;
  cpu.vectorWidth = 16;
  cpu.registers = 32;
  cpu.threads = 4;
  cpu.l1Bytes = 49152;
  Device host = adaptToHost(*pocl, cpu);
  EXPECT_EQ(host.name, "host");
  EXPECT_EQ(host.vectorWidth, 16);
  EXPECT_EQ(host.registers, 32);
  EXPECT_EQ(host.computeUnits, 4);
  EXPECT_EQ(host.l1Bytes, 49152);
  EXPECT_EQ(host.l2Bytes, pocl->l2Bytes); // not known of this processor: the file's
  // Twice the threads and twice the lanes of the file's processor: four times its peak.
  EXPECT_DOUBLE_EQ(host.peakF32, 4 * pocl->peakF32);
}

} // namespace
