//===- FailingOpenCL.cpp - An OpenCL library whose calls fail on demand
//------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
// Functions that are not here come from the real library, which this one is linked to: dlsym looks
// there too.
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <dlfcn.h>
#include <map>
#include <string>

#define EXPORT extern "C" __attribute__((visibility("default")))

static std::map<std::string, cl_int> failures;

/// From now on `call` returns `error`; CL_SUCCESS: works again.
EXPORT void failOn(const char *call, cl_int error) { failures[call] = error; }

template <typename Function> static Function *real(Function *, const char *name) {
  return reinterpret_cast<Function *>(dlsym(RTLD_NEXT, name));
}

#define FORWARD_STATUS(name, parameters, arguments)                                                \
  EXPORT cl_int name parameters {                                                                  \
    return failures[#name] ? failures[#name] : real(&::name, #name) arguments;                     \
  }
#define FORWARD_OBJECT(type, name, parameters, arguments)                                          \
  EXPORT type name parameters {                                                                    \
    if (failures[#name]) {                                                                         \
      *error = failures[#name];                                                                    \
      return nullptr;                                                                              \
    }                                                                                              \
    return real(&::name, #name) arguments;                                                         \
  }

FORWARD_STATUS(clGetPlatformIDs, (cl_uint n, cl_platform_id *ids, cl_uint *count), (n, ids, count))
FORWARD_STATUS(clGetDeviceIDs,
               (cl_platform_id platform, cl_device_type type, cl_uint n, cl_device_id *ids,
                cl_uint *count),
               (platform, type, n, ids, count))
FORWARD_STATUS(clFinish, (cl_command_queue queue), (queue))
FORWARD_STATUS(clEnqueueNDRangeKernel,
               (cl_command_queue queue, cl_kernel kernel, cl_uint dimensions, const size_t *offset,
                const size_t *global, const size_t *local, cl_uint waits, const cl_event *wait,
                cl_event *event),
               (queue, kernel, dimensions, offset, global, local, waits, wait, event))
FORWARD_STATUS(clEnqueueReadBuffer,
               (cl_command_queue queue, cl_mem memory, cl_bool blocking, size_t offset, size_t size,
                void *data, cl_uint waits, const cl_event *wait, cl_event *event),
               (queue, memory, blocking, offset, size, data, waits, wait, event))
FORWARD_STATUS(clSetMemObjectDestructorCallback,
               (cl_mem memory, void(CL_CALLBACK *notify)(cl_mem, void *), void *user),
               (memory, notify, user))
FORWARD_OBJECT(cl_mem, clCreateBuffer,
               (cl_context context, cl_mem_flags flags, size_t size, void *data, cl_int *error),
               (context, flags, size, data, error))
FORWARD_OBJECT(cl_context, clCreateContext,
               (const cl_context_properties *properties, cl_uint count, const cl_device_id *devices,
                void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *), void *user,
                cl_int *error),
               (properties, count, devices, notify, user, error))
FORWARD_OBJECT(cl_program, clCreateProgramWithBinary,
               (cl_context context, cl_uint count, const cl_device_id *devices,
                const size_t *lengths, const unsigned char **binaries, cl_int *status,
                cl_int *error),
               (context, count, devices, lengths, binaries, status, error))
