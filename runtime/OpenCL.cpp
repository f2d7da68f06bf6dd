//===- OpenCL.cpp - The OpenCL library, loaded at run time ------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#include "runtime/OpenCL.h"
#include "runtime/Status.h"

#include <algorithm>
#include <cctype>
#include <dlfcn.h>
#include <map>
#include <mutex>

namespace srcc::runtime {

namespace {

#ifdef __ANDROID__
constexpr const char *usualLibrary = "libOpenCL.so";
#else
constexpr const char *usualLibrary = "libOpenCL.so.1";
#endif

/// clGetPlatformIDs of the ICD loader when no driver is installed (cl_khr_icd).
constexpr cl_int platformNotFound = -1001;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// Reads a text through an OpenCL query that tells its length first.
template <typename Query> std::string readText(Query query, const char *call) {
  size_t size = 0;
  check(query(0, nullptr, &size), call);
  std::string text(size, '\0');
  if (size)
    check(query(size, text.data(), nullptr), call);
  return text.substr(0, text.find('\0'));
}

} // namespace

const OpenCL &OpenCL::load(const std::string &library) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<OpenCL>> loaded;
  std::string name = library.empty() ? usualLibrary : library;
  std::lock_guard<std::mutex> lock(mutex);
  std::unique_ptr<OpenCL> &entry = loaded[name];
  if (entry)
    return *entry;
  void *handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char *reason = dlerror();
    fail(SRRT_NO_OPENCL, "no OpenCL: ", reason ? reason : name,
         "; install an OpenCL loader and a driver (Debian: ocl-icd-libopencl1 and "
         "pocl-opencl-icd), or name the library to load");
  }
  auto functions = std::make_unique<OpenCL>();
#define X(function)                                                                                \
  functions->function = reinterpret_cast<decltype(functions->function)>(dlsym(handle, #function)); \
  if (!functions->function)                                                                        \
    fail(SRRT_NO_OPENCL, "no OpenCL: ", name, " lacks " #function "; OpenCL 1.2 is needed");
  SRRT_OPENCL_FUNCTIONS(X)
#undef X
  entry = std::move(functions);
  return *entry;
}

std::string OpenCL::platformText(cl_platform_id platform, cl_platform_info what) const {
  return readText(
      [&](size_t size, void *value, size_t *needed) {
        return clGetPlatformInfo(platform, what, size, value, needed);
      },
      "clGetPlatformInfo");
}

std::string OpenCL::deviceText(cl_device_id device, cl_device_info what) const {
  return readText(
      [&](size_t size, void *value, size_t *needed) {
        return clGetDeviceInfo(device, what, size, value, needed);
      },
      "clGetDeviceInfo");
}

std::vector<Device> listDevices(const OpenCL &cl) {
  cl_uint platformCount = 0;
  cl_int error = cl.clGetPlatformIDs(0, nullptr, &platformCount);
  if (error == platformNotFound || (error == CL_SUCCESS && platformCount == 0))
    fail(SRRT_NO_OPENCL, "no OpenCL platform: the loader is there but no driver; install one "
                         "(Debian: pocl-opencl-icd for the CPU)");
  check(error, "clGetPlatformIDs");
  std::vector<cl_platform_id> platforms(platformCount);
  check(cl.clGetPlatformIDs(platformCount, platforms.data(), nullptr), "clGetPlatformIDs");
  std::vector<Device> devices;
  for (cl_platform_id platform : platforms) {
    cl_uint count = 0;
    error = cl.clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, nullptr, &count);
    if (error == CL_DEVICE_NOT_FOUND || (error == CL_SUCCESS && count == 0))
      continue;
    check(error, "clGetDeviceIDs");
    std::vector<cl_device_id> ids(count);
    check(cl.clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, count, ids.data(), nullptr),
          "clGetDeviceIDs");
    for (cl_device_id id : ids)
      devices.push_back({platform, id});
  }
  return devices;
}

Device chooseDevice(const OpenCL &cl, const std::string &choice) {
  std::vector<Device> devices = listDevices(cl);
  if (devices.empty())
    fail(SRRT_NO_DEVICE, "no OpenCL device on any platform");
  if (choice.empty())
    return devices.front();
  bool isIndex =
      std::all_of(choice.begin(), choice.end(), [](unsigned char c) { return std::isdigit(c); });
  std::string list;
  for (size_t i = 0; i < devices.size(); ++i) {
    std::string name = cl.platformText(devices[i].platform, CL_PLATFORM_NAME) + ": " +
                       cl.deviceText(devices[i].id, CL_DEVICE_NAME);
    if (isIndex ? choice == std::to_string(i)
                : lower(name).find(lower(choice)) != std::string::npos)
      return devices[i];
    list += (i ? ", " : "") + std::to_string(i) + " \"" + name + "\"";
  }
  fail(SRRT_NO_DEVICE, "no OpenCL device \"", choice, "\"; there are: ", list);
}

std::string errorName(cl_int error) {
  static const std::map<cl_int, const char *> names = {
#define X(name) {name, #name},
      X(CL_DEVICE_NOT_FOUND) X(CL_DEVICE_NOT_AVAILABLE) X(CL_COMPILER_NOT_AVAILABLE) X(
          CL_MEM_OBJECT_ALLOCATION_FAILURE) X(CL_OUT_OF_RESOURCES) X(CL_OUT_OF_HOST_MEMORY)
          X(CL_PROFILING_INFO_NOT_AVAILABLE) X(CL_MEM_COPY_OVERLAP) X(CL_BUILD_PROGRAM_FAILURE) X(
              CL_MAP_FAILURE) X(CL_MISALIGNED_SUB_BUFFER_OFFSET)
              X(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST) X(CL_COMPILE_PROGRAM_FAILURE) X(
                  CL_LINKER_NOT_AVAILABLE) X(CL_LINK_PROGRAM_FAILURE) X(CL_INVALID_VALUE)
                  X(CL_INVALID_DEVICE_TYPE) X(CL_INVALID_PLATFORM) X(CL_INVALID_DEVICE) X(
                      CL_INVALID_CONTEXT) X(CL_INVALID_QUEUE_PROPERTIES) X(CL_INVALID_COMMAND_QUEUE)
                      X(CL_INVALID_HOST_PTR) X(CL_INVALID_MEM_OBJECT) X(CL_INVALID_BINARY) X(
                          CL_INVALID_BUILD_OPTIONS) X(CL_INVALID_PROGRAM)
                          X(CL_INVALID_PROGRAM_EXECUTABLE) X(CL_INVALID_KERNEL_NAME) X(
                              CL_INVALID_KERNEL_DEFINITION) X(CL_INVALID_KERNEL)
                              X(CL_INVALID_ARG_INDEX) X(CL_INVALID_ARG_VALUE) X(CL_INVALID_ARG_SIZE)
                                  X(CL_INVALID_KERNEL_ARGS) X(CL_INVALID_WORK_DIMENSION)
                                      X(CL_INVALID_WORK_GROUP_SIZE) X(CL_INVALID_WORK_ITEM_SIZE)
                                          X(CL_INVALID_GLOBAL_OFFSET) X(CL_INVALID_EVENT_WAIT_LIST)
                                              X(CL_INVALID_EVENT) X(CL_INVALID_OPERATION)
                                                  X(CL_INVALID_BUFFER_SIZE)
                                                      X(CL_INVALID_GLOBAL_WORK_SIZE)
                                                          X(CL_INVALID_PROPERTY)
                                                              X(CL_INVALID_COMPILER_OPTIONS)
                                                                  X(CL_INVALID_LINKER_OPTIONS)
#undef X
  };
  auto found = names.find(error);
  return std::string(found == names.end() ? "OpenCL error" : found->second) + " (" +
         std::to_string(error) + ")";
}

void check(cl_int error, const char *call) {
  if (error == CL_SUCCESS)
    return;
  srrt_status status = SRRT_OPENCL_ERROR;
  switch (error) {
  case CL_OUT_OF_HOST_MEMORY:
  case CL_MEM_OBJECT_ALLOCATION_FAILURE:
  case CL_OUT_OF_RESOURCES:
    status = SRRT_OUT_OF_MEMORY;
    break;
  // What drivers return once a device was reset or unplugged: a valid object turns invalid.
  case CL_DEVICE_NOT_AVAILABLE:
  case CL_INVALID_COMMAND_QUEUE:
  case CL_INVALID_CONTEXT:
  case CL_INVALID_DEVICE:
  case CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST:
    status = SRRT_DEVICE_LOST;
    break;
  }
  fail(status, call, ": ", errorName(error));
}

} // namespace srcc::runtime
