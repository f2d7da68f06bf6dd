//===- srrt.cpp - The C API of libsrrt --------------------------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#include "runtime/srrt.h"
#include "runtime/CompiledModel.h"
#include "runtime/Model.h"
#include "runtime/Status.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

using namespace srcc::runtime;

struct srrt_model {
  std::unique_ptr<Runner> model;
};

namespace {

thread_local std::string errorText;

/// Runs `body`, and turns what it throws into a status and the thread's error text.
template <typename Body> srrt_status guarded(Body body) noexcept {
  srrt_status status = SRRT_OK;
  try {
    try {
      body();
    } catch (const Failure &failure) {
      status = failure.status;
      errorText = failure.what();
    } catch (const std::bad_alloc &) {
      status = SRRT_OUT_OF_MEMORY;
      errorText = "out of memory on the host";
    } catch (const std::exception &exception) {
      status = SRRT_INTERNAL_ERROR;
      errorText = std::string("internal error: ") + exception.what();
    }
  } catch (...) { // not even memory for the text
    errorText.clear();
  }
  return status;
}

template <typename... Pointers> void requireAll(Pointers... pointers) {
  if (!(pointers && ...))
    fail(SRRT_INVALID_ARGUMENT, "a required pointer is null");
}

/// `make` has the model from options.
template <typename Make>
srrt_status open(const srrt_options *options, srrt_model **result, const void *data, Make make) {
  return guarded([&] {
    requireAll(result);
    *result = nullptr;
    requireAll(data);
    static const srrt_options defaults{};
    *result = new srrt_model{make(options ? *options : defaults)};
  });
}

template <size_t N> void copyText(char (&target)[N], const std::string &text) {
  std::memset(target, 0, N);
  std::memcpy(target, text.data(), std::min(text.size(), N - 1));
}

} // namespace

const char *srrt_status_name(int status) {
  static const char *const names[] = {
      "ok",           "invalid argument", "file error", "bad package",   "no OpenCL",
      "no device",    "unsupported",      "too large",  "out of memory", "build failed",
      "OpenCL error", "device lost",      "bad driver", "not prepared",  "internal error"};
  return status >= 0 && status <= SRRT_INTERNAL_ERROR ? names[status] : "unknown status";
}

const char *srrt_error(void) { return errorText.c_str(); }

const char *srrt_version(void) { return SRRT_VERSION; }

srrt_status srrt_list_devices(const char *library, srrt_device_info *infos, size_t capacity,
                              size_t *count) {
  return guarded([&] {
    requireAll(count);
    *count = 0;
    if (capacity)
      requireAll(infos);
    const OpenCL &cl = OpenCL::load(library ? library : "");
    std::vector<Device> devices = listDevices(cl);
    for (size_t i = 0; i < std::min(capacity, devices.size()); ++i) {
      cl_device_id id = devices[i].id;
      srrt_device_info &info = infos[i];
      copyText(info.name, cl.deviceText(id, CL_DEVICE_NAME));
      copyText(info.platform, cl.platformText(devices[i].platform, CL_PLATFORM_NAME));
      copyText(info.driver, cl.deviceText(id, CL_DRIVER_VERSION));
      info.global_memory = cl.deviceValue<cl_ulong>(id, CL_DEVICE_GLOBAL_MEM_SIZE);
      info.max_allocation = cl.deviceValue<cl_ulong>(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
      info.compute_units = cl.deviceValue<cl_uint>(id, CL_DEVICE_MAX_COMPUTE_UNITS);
      info.is_gpu = (cl.deviceValue<cl_device_type>(id, CL_DEVICE_TYPE) & CL_DEVICE_TYPE_GPU) != 0;
      info.has_fp16 =
          cl.deviceText(id, CL_DEVICE_EXTENSIONS).find("cl_khr_fp16") != std::string::npos;
    }
    *count = devices.size();
  });
}

srrt_status srrt_open(const char *path, const srrt_options *options, srrt_model **model) {
  return open(options, model, path, [&](const srrt_options &given) -> std::unique_ptr<Runner> {
    if (CompiledModel::isOne(path))
      return std::make_unique<CompiledModel>(path, given);
    return std::make_unique<Model>(Package::open(path), given);
  });
}

srrt_status srrt_open_memory(const void *data, size_t size, const char *name,
                             const srrt_options *options, srrt_model **model) {
  return open(options, model, data, [&](const srrt_options &given) -> std::unique_ptr<Runner> {
    return std::make_unique<Model>(
        Package::fromMemory(data, size, name ? name : "package in memory"), given);
  });
}

void srrt_close(srrt_model *model) { delete model; }

srrt_status srrt_query(const srrt_model *model, srrt_model_info *info) {
  return guarded([&] {
    requireAll(model, info);
    *info = model->model->query();
  });
}

srrt_status srrt_prepare(srrt_model *model, int height, int width) {
  return guarded([&] {
    requireAll(model);
    model->model->prepare(height, width);
  });
}

srrt_status srrt_run_f32(srrt_model *model, const float *input, float *output) {
  return guarded([&] {
    requireAll(model);
    model->model->runF32(input, output);
  });
}

srrt_status srrt_write_input(srrt_model *model, const float *input) {
  return guarded([&] {
    requireAll(model);
    model->model->writeInput(input);
  });
}

srrt_status srrt_run_u8(srrt_model *model, const srrt_picture *input, const srrt_picture *output) {
  return guarded([&] {
    requireAll(model, input, output);
    model->model->runU8(*input, *output);
  });
}

srrt_status srrt_run_cl(srrt_model *model, cl_mem input, cl_mem output) {
  return guarded([&] {
    requireAll(model);
    model->model->runCl(input, output);
  });
}

srrt_status srrt_finish(srrt_model *model) {
  return guarded([&] {
    requireAll(model);
    model->model->finish();
  });
}

srrt_status srrt_set_profiling(srrt_model *model, int on) {
  return guarded([&] {
    requireAll(model);
    model->model->setProfiling(on != 0);
  });
}

srrt_status srrt_launches(srrt_model *model, srrt_launch_info *launches, size_t capacity,
                          size_t *count) {
  return guarded([&] {
    requireAll(model, count);
    *count = model->model->launches(launches, capacity);
  });
}

srrt_status srrt_memory(const srrt_model *model, srrt_memory_info *info) {
  return guarded([&] {
    requireAll(model, info);
    *info = model->model->memory();
  });
}

srrt_status srrt_cache(const srrt_model *model, srrt_cache_info *info) {
  return guarded([&] {
    requireAll(model, info);
    *info = model->model->cacheInfo();
  });
}
