//===- srrt.hpp - libsrrt for C++: srrt.h with ownership and exceptions -----------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#ifndef SRCC_RUNTIME_SRRT_HPP
#define SRCC_RUNTIME_SRRT_HPP

#include "runtime/srrt.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace srrt {

/// A status other than SRRT_OK, with srrt_error() as its text.
struct Error : std::runtime_error {
  explicit Error(srrt_status status) : std::runtime_error(srrt_error()), status(status) {}
  srrt_status status;
};

inline void check(srrt_status status) {
  if (status != SRRT_OK)
    throw Error(status);
}

/// As srrt_list_devices.
inline std::vector<srrt_device_info> listDevices(const char *openclLibrary = nullptr) {
  size_t count = 0;
  check(srrt_list_devices(openclLibrary, nullptr, 0, &count));
  std::vector<srrt_device_info> devices(count);
  check(srrt_list_devices(openclLibrary, devices.data(), devices.size(), &count));
  devices.resize(count);
  return devices;
}

/// Owns a model; every member is the function of srrt.h of the same name, and throws Error.
class Model {
public:
  explicit Model(const std::string &path, const srrt_options &options = {}) {
    srrt_model *opened = nullptr;
    check(srrt_open(path.c_str(), &options, &opened));
    model.reset(opened);
  }
  Model(const void *data, size_t size, const char *name, const srrt_options &options = {}) {
    srrt_model *opened = nullptr;
    check(srrt_open_memory(data, size, name, &options, &opened));
    model.reset(opened);
  }

  srrt_model_info query() const { return get<srrt_model_info>(srrt_query); }
  srrt_memory_info memory() const { return get<srrt_memory_info>(srrt_memory); }
  srrt_cache_info cache() const { return get<srrt_cache_info>(srrt_cache); }
  void prepare(int height, int width) { check(srrt_prepare(model.get(), height, width)); }
  void runF32(const float *input, float *output) {
    check(srrt_run_f32(model.get(), input, output));
  }
  void writeInput(const float *input) { check(srrt_write_input(model.get(), input)); }
  void runU8(const srrt_picture &input, const srrt_picture &output) {
    check(srrt_run_u8(model.get(), &input, &output));
  }
  void runCl(_cl_mem *input, _cl_mem *output) { check(srrt_run_cl(model.get(), input, output)); }
  void finish() { check(srrt_finish(model.get())); }
  void setProfiling(bool on) { check(srrt_set_profiling(model.get(), on)); }
  std::vector<srrt_launch_info> launches() {
    size_t count = 0;
    check(srrt_launches(model.get(), nullptr, 0, &count));
    std::vector<srrt_launch_info> infos(count);
    check(srrt_launches(model.get(), infos.data(), infos.size(), &count));
    return infos;
  }

  srrt_model *handle() { return model.get(); }

private:
  template <typename Info> Info get(srrt_status (*function)(const srrt_model *, Info *)) const {
    Info info{};
    check(function(model.get(), &info));
    return info;
  }
  struct Close {
    void operator()(srrt_model *model) const { srrt_close(model); }
  };
  std::unique_ptr<srrt_model, Close> model;
};

} // namespace srrt

#endif // SRCC_RUNTIME_SRRT_HPP
