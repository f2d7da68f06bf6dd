//===- OpenCL.h - The OpenCL library, loaded at run time --------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#ifndef SRCC_RUNTIME_OPENCL_H
#define SRCC_RUNTIME_OPENCL_H

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace srcc::runtime {

// clang-format off: one a line
#define SRRT_OPENCL_FUNCTIONS(X) \
  X(clGetPlatformIDs) \
  X(clGetPlatformInfo) \
  X(clGetDeviceIDs) \
  X(clGetDeviceInfo) \
  X(clCreateContext) \
  X(clRetainContext) \
  X(clReleaseContext) \
  X(clCreateCommandQueue) \
  X(clGetCommandQueueInfo) \
  X(clRetainCommandQueue) \
  X(clReleaseCommandQueue) \
  X(clCreateBuffer) \
  X(clCreateImage) \
  X(clReleaseMemObject) \
  X(clGetMemObjectInfo) \
  X(clCreateProgramWithSource) \
  X(clCreateProgramWithBinary) \
  X(clBuildProgram) \
  X(clGetProgramInfo) \
  X(clGetProgramBuildInfo) \
  X(clReleaseProgram) \
  X(clCreateKernel) \
  X(clSetKernelArg) \
  X(clGetKernelWorkGroupInfo) \
  X(clGetKernelInfo) \
  X(clReleaseKernel) \
  X(clEnqueueNDRangeKernel) \
  X(clEnqueueReadBuffer) \
  X(clEnqueueWriteBuffer) \
  X(clEnqueueReadBufferRect) \
  X(clEnqueueWriteBufferRect) \
  X(clEnqueueCopyBufferRect) \
  X(clEnqueueFillBuffer) \
  X(clEnqueueMapBuffer) \
  X(clEnqueueUnmapMemObject) \
  X(clFlush) \
  X(clFinish) \
  X(clWaitForEvents) \
  X(clGetEventProfilingInfo) \
  X(clReleaseEvent) \
  X(clSetMemObjectDestructorCallback)
// clang-format on

/// The functions of one OpenCL library. Members have the functions' own names.
struct OpenCL {
#define X(name) decltype(&::name) name;
  SRRT_OPENCL_FUNCTIONS(X)
#undef X

  /// The library of that file name, loaded once per process and never unloaded (drivers keep
  /// threads). Empty: the platform's usual name. Fails with SRRT_NO_OPENCL and what to install.
  static const OpenCL &load(const std::string &library);

  std::string platformText(cl_platform_id platform, cl_platform_info what) const;
  std::string deviceText(cl_device_id device, cl_device_info what) const;
  template <typename T> T deviceValue(cl_device_id device, cl_device_info what) const;
};

/// One device and its platform.
struct Device {
  cl_platform_id platform = nullptr;
  cl_device_id id = nullptr;
};

/// Every device of every platform, in the library's order.
std::vector<Device> listDevices(const OpenCL &cl);

/// The device that `choice` names: an index, or part of "platform: name" in any case; empty: the
/// first. Fails with SRRT_NO_DEVICE, listing what there is.
Device chooseDevice(const OpenCL &cl, const std::string &choice);

/// "CL_OUT_OF_RESOURCES (-5)".
std::string errorName(cl_int error);

/// Fails if `error` is one: the text is "call: error", the status follows from the error.
void check(cl_int error, const char *call);

/// Owns one OpenCL object.
template <typename T> struct Release {
  cl_int(CL_API_CALL *function)(T) = nullptr;
  void operator()(T object) const { function(object); }
};
template <typename T> using Handle = std::unique_ptr<std::remove_pointer_t<T>, Release<T>>;

template <typename T> T OpenCL::deviceValue(cl_device_id device, cl_device_info what) const {
  T value{};
  check(clGetDeviceInfo(device, what, sizeof value, &value, nullptr), "clGetDeviceInfo");
  return value;
}

} // namespace srcc::runtime

#endif // SRCC_RUNTIME_OPENCL_H
