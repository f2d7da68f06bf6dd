//===- Model.cpp - A package on a device ------------------------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#include "runtime/Model.h"
#include "runtime/Pixels.h"
#include "runtime/Status.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <memory>
#if __has_include(<sys/mman.h>)
#include <sys/mman.h>
#endif

namespace srcc::runtime {

using format::BufferKind;
using format::PixelFormat;

namespace {

/// Of host memory that kernels use as it is, in bytes: the largest vector, and a cache line.
constexpr uintptr_t hostAlignment = 64;
/// What Linux calls a huge page on x86-64, and on 64-bit ARM with small pages of 4 KiB.
constexpr uint64_t largePage = 2 << 20;

/// What pictures may take on the device if the caller names no limit, in bytes: enough for full HD
/// at most networks, little enough for a phone.
constexpr uint64_t defaultMemory = 500000000;

std::string orEmpty(const flatbuffers::String *text) { return text ? text->str() : ""; }

std::string_view view(const flatbuffers::String *text) {
  return text ? std::string_view(text->data(), text->size()) : std::string_view();
}

} // namespace

Model::Model(Package openedPackage, const srrt_options &options)
    : cl(OpenCL::load(options.opencl_library ? options.opencl_library : "")),
      package(std::move(openedPackage)), root(package.root()), name(orEmpty(root.model())),
      producer(orEmpty(root.producer())), target(orEmpty(root.target())),
      cache(options.cache_folder ? options.cache_folder : ProgramCache::defaultFolder()),
      memoryLimit{options.memory_limit ? options.memory_limit : defaultMemory,
                  options.memory_limit != 0} {
  for (const format::Launch *launch : *root.launches()) {
    std::string &text = layerTexts.emplace_back();
    if (launch->layers())
      for (const flatbuffers::String *layer : *launch->layers())
        text += (text.empty() ? "" : ",") + layer->str();
  }
  openDevice(options);
  buildPrograms();
  uploadConstants();
  bool fresh = std::any_of(programs.begin(), programs.end(),
                           [](const Program &program) { return program.fresh; });
  if (fresh && !options.skip_self_check)
    selfCheck();
  if (!compilesLate)
    storePrograms();
}

Model::~Model() {
  if (queue())
    cl.clFinish(queue());
  if (compilesLate && ranSinceStore)
    try {
      storePrograms();
    } catch (const std::exception &) {
      // The cache is a convenience.
    }
}

void Model::openDevice(const srrt_options &options) {
  if (bool(options.context) != bool(options.queue))
    fail(SRRT_INVALID_ARGUMENT, "context and queue must be given together");
  cl_int error = CL_SUCCESS;
  if (options.queue) {
    cl_context queueContext = nullptr;
    cl_command_queue_properties properties = 0;
    auto ask = [&](cl_command_queue_info what, size_t size, void *value) {
      check(cl.clGetCommandQueueInfo(options.queue, what, size, value, nullptr),
            "clGetCommandQueueInfo");
    };
    ask(CL_QUEUE_CONTEXT, sizeof queueContext, &queueContext);
    ask(CL_QUEUE_PROPERTIES, sizeof properties, &properties);
    ask(CL_QUEUE_DEVICE, sizeof device.id, &device.id);
    if (queueContext != options.context)
      fail(SRRT_INVALID_ARGUMENT, "the queue is of another context");
    if (properties & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE)
      fail(SRRT_UNSUPPORTED, "the queue is out of order; an in-order queue is needed");
    device.platform = cl.deviceValue<cl_platform_id>(device.id, CL_DEVICE_PLATFORM);
    check(cl.clRetainContext(options.context), "clRetainContext");
    context = {options.context, {cl.clReleaseContext}};
    check(cl.clRetainCommandQueue(options.queue), "clRetainCommandQueue");
    ownQueue = {options.queue, {cl.clReleaseCommandQueue}};
  } else {
    device = chooseDevice(cl, options.device ? options.device : "");
    context = {cl.clCreateContext(nullptr, 1, &device.id, nullptr, nullptr, &error),
               {cl.clReleaseContext}};
    check(error, "clCreateContext");
    ownQueue = {cl.clCreateCommandQueue(context.get(), device.id, 0, &error),
                {cl.clReleaseCommandQueue}};
    check(error, "clCreateCommandQueue");
  }
  deviceName = cl.deviceText(device.id, CL_DEVICE_NAME);
  platformName = cl.platformText(device.platform, CL_PLATFORM_NAME);
  isCpu = (cl.deviceValue<cl_device_type>(device.id, CL_DEVICE_TYPE) & CL_DEVICE_TYPE_CPU) != 0;
  compilesLate = platformName == "Portable Computing Language";
  if (root.needs_fp16() &&
      (" " + cl.deviceText(device.id, CL_DEVICE_EXTENSIONS) + " ").find(" cl_khr_fp16 ") ==
          std::string::npos)
    fail(SRRT_UNSUPPORTED, package.name(), ": its kernels compute in half precision, which ",
         deviceName, " lacks (cl_khr_fp16); compile it with --precision=f16s or f32");
  limits.maxAllocation = cl.deviceValue<cl_ulong>(device.id, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
  limits.globalMemory = cl.deviceValue<cl_ulong>(device.id, CL_DEVICE_GLOBAL_MEM_SIZE);
  limits.maxThreads.resize(cl.deviceValue<cl_uint>(device.id, CL_DEVICE_MAX_WORK_ITEM_DIMENSIONS));
  check(cl.clGetDeviceInfo(device.id, CL_DEVICE_MAX_WORK_ITEM_SIZES,
                           limits.maxThreads.size() * sizeof(size_t), limits.maxThreads.data(),
                           nullptr),
        "clGetDeviceInfo");
  if (cl.deviceValue<cl_bool>(device.id, CL_DEVICE_IMAGE_SUPPORT) &&
      cl.deviceValue<size_t>(device.id, CL_DEVICE_IMAGE2D_MAX_WIDTH) >= imageWidth)
    limits.imageRows = cl.deviceValue<size_t>(device.id, CL_DEVICE_IMAGE2D_MAX_HEIGHT);
}

Handle<cl_mem> Model::createBuffer(cl_mem_flags flags, uint64_t bytes, const void *data) const {
  cl_int error = CL_SUCCESS;
  bool copied = data && !(flags & CL_MEM_USE_HOST_PTR);
  Handle<cl_mem> memory(cl.clCreateBuffer(context.get(),
                                          flags | (copied ? CL_MEM_COPY_HOST_PTR : 0),
                                          size_t(bytes), const_cast<void *>(data), &error),
                        {cl.clReleaseMemObject});
  if (error == CL_INVALID_BUFFER_SIZE)
    fail(SRRT_TOO_LARGE, "clCreateBuffer: the device refuses a buffer of ", bytes, " bytes");
  check(error, "clCreateBuffer");
  return memory;
}

Handle<cl_mem> Model::createInLargePages(uint64_t bytes) const {
  // The driver takes the memory as it is, and gives it back when nobody uses it any more.
  uint64_t whole = (bytes + largePage - 1) / largePage * largePage;
  std::unique_ptr<void, decltype(&std::free)> pages(std::aligned_alloc(largePage, size_t(whole)),
                                                    std::free);
  if (!pages)
    return createBuffer(CL_MEM_READ_WRITE, bytes, nullptr);
#ifdef MADV_HUGEPAGE
  // The last pages stay small, so that no more is taken than is asked for.
  madvise(pages.get(), size_t(bytes / largePage * largePage), MADV_HUGEPAGE);
#endif
  Handle<cl_mem> memory = createBuffer(CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, bytes, pages.get());
  check(cl.clSetMemObjectDestructorCallback(
            memory.get(), [](cl_mem, void *of) { std::free(of); }, pages.get()),
        "clSetMemObjectDestructorCallback");
  pages.release();
  return memory;
}

Handle<cl_mem> Model::createWritable(uint64_t bytes) const {
  return isCpu && bytes >= largePage ? createInLargePages(bytes)
                                     : createBuffer(CL_MEM_READ_WRITE, bytes, nullptr);
}

Handle<cl_mem> Model::createImage(cl_mem_flags flags, Place place, uint64_t bytes,
                                  const void *data) const {
  cl_image_format format{CL_RGBA,
                         cl_channel_type(place == Place::F32Image ? CL_FLOAT : CL_HALF_FLOAT)};
  cl_image_desc size{};
  size.image_type = CL_MEM_OBJECT_IMAGE2D;
  size.image_width = imageWidth;
  size.image_height = size_t(bytes / rowBytes(place));
  cl_int error = CL_SUCCESS;
  Handle<cl_mem> memory(cl.clCreateImage(context.get(), flags | (data ? CL_MEM_COPY_HOST_PTR : 0),
                                         &format, &size, const_cast<void *>(data), &error),
                        {cl.clReleaseMemObject});
  if (error == CL_INVALID_IMAGE_SIZE || error == CL_MEM_OBJECT_ALLOCATION_FAILURE)
    fail(SRRT_TOO_LARGE, "clCreateImage: the device refuses an image of ", imageWidth, " x ",
         size.image_height, " texels");
  check(error, "clCreateImage");
  return memory;
}

void Model::uploadConstants() {
  auto &buffers = *root.buffers();
  constants.resize(buffers.size());
  for (uint32_t i = 0; i < buffers.size(); ++i) {
    if (buffers[i]->kind() != BufferKind::Constant)
      continue;
    auto *data = buffers[i]->data();
    uint64_t size = data ? data->size() : 0;
    if (size > limits.maxAllocation)
      fail(SRRT_TOO_LARGE, "buffer \"", buffers[i]->name()->c_str(), "\" takes ", size,
           " bytes, but the device allows ", limits.maxAllocation, " per buffer");
    if (Place place = placeOf(*buffers[i]); place != Place::Buffer) {
      // Whole rows.
      uint64_t rows = std::max<uint64_t>(1, (size + rowBytes(place) - 1) / rowBytes(place));
      if (rows > limits.imageRows)
        fail(limits.imageRows ? SRRT_TOO_LARGE : SRRT_UNSUPPORTED, "buffer \"",
             buffers[i]->name()->c_str(), "\" is an image of ", rows, " rows, but ", deviceName,
             " allows ", limits.imageRows, "; compile with a schedule without image2d");
      std::vector<uint8_t> texels(rows * rowBytes(place));
      std::copy_n(data ? data->data() : texels.data(), size, texels.begin());
      constants[i] = createImage(CL_MEM_READ_ONLY, place, texels.size(), texels.data());
      constantBytes += texels.size();
      continue;
    }
    constants[i] = size ? createBuffer(CL_MEM_READ_ONLY, size, data->data())
                        : createBuffer(CL_MEM_READ_ONLY, 4, nullptr);
    constantBytes += size;
  }
}

void Model::buildPrograms() {
  auto &sources = *root.programs();
  counts.programs = sources.size();
  // Whatever decides about the binary.
  std::string platformVersion = cl.platformText(device.platform, CL_PLATFORM_VERSION);
  std::string deviceVersion = cl.deviceText(device.id, CL_DEVICE_VERSION);
  std::string driverVersion = cl.deviceText(device.id, CL_DRIVER_VERSION);
  for (const format::Program *program : sources)
    programs.emplace_back().entry =
        ProgramCache::entryName({platformName, platformVersion, deviceName, deviceVersion,
                                 driverVersion, view(program->source()), view(program->options())});
  for (uint32_t i = 0; i < sources.size(); ++i)
    buildProgram(i, true);
  createKernels();
}

void Model::buildProgram(uint32_t index, bool useCache) {
  const format::Program &source = *root.programs()->Get(index);
  Program &program = programs[index];
  std::string options = orEmpty(source.options());
  cl_int error = CL_SUCCESS;

  std::vector<uint8_t> binary;
  auto found = useCache ? cache.load(program.entry, binary) : ProgramCache::Result::Missing;
  if (found == ProgramCache::Result::Found) {
    const uint8_t *data = binary.data();
    size_t size = binary.size();
    cl_int status = CL_SUCCESS;
    program.handle = {
        cl.clCreateProgramWithBinary(context.get(), 1, &device.id, &size, &data, &status, &error),
        {cl.clReleaseProgram}};
    if (error == CL_SUCCESS && status == CL_SUCCESS &&
        cl.clBuildProgram(program.handle.get(), 1, &device.id, options.c_str(), nullptr, nullptr) ==
            CL_SUCCESS) {
      program.fresh = false;
      program.storedBytes = size;
      ++counts.hits;
      return;
    }
    found = ProgramCache::Result::Damaged; // the driver does not take its own binary any more
  }
  if (found == ProgramCache::Result::Damaged)
    ++counts.damaged;

  program.fresh = true;
  program.storedBytes = 0;
  const char *text = source.source()->c_str();
  size_t length = source.source()->size();
  program.handle = {cl.clCreateProgramWithSource(context.get(), 1, &text, &length, &error),
                    {cl.clReleaseProgram}};
  check(error, "clCreateProgramWithSource");
  error = cl.clBuildProgram(program.handle.get(), 1, &device.id, options.c_str(), nullptr, nullptr);
  if (error == CL_BUILD_PROGRAM_FAILURE || error == CL_INVALID_BUILD_OPTIONS) {
    std::string log;
    size_t size = 0;
    if (cl.clGetProgramBuildInfo(program.handle.get(), device.id, CL_PROGRAM_BUILD_LOG, 0, nullptr,
                                 &size) == CL_SUCCESS) {
      log.resize(size);
      cl.clGetProgramBuildInfo(program.handle.get(), device.id, CL_PROGRAM_BUILD_LOG, size,
                               log.data(), nullptr);
      log = log.substr(0, std::min<size_t>(log.find('\0'), 4000));
    }
    fail(SRRT_BUILD_FAILED, "program \"", source.name()->c_str(), "\" does not compile for ",
         deviceName, ":\n", log);
  }
  check(error, "clBuildProgram");
}

void Model::createKernels() {
  auto &launches = *root.launches();
  for (uint32_t i = 0; i < launches.size(); ++i) {
    const format::Launch &launch = *launches[i];
    Program &program = programs[launch.program()];
    cl_int error = CL_SUCCESS;
    auto create = [&] {
      return Handle<cl_kernel>(
          cl.clCreateKernel(program.handle.get(), launch.kernel()->c_str(), &error),
          {cl.clReleaseKernel});
    };
    Handle<cl_kernel> kernel = create();
    if (error != CL_SUCCESS && !program.fresh) {
      // The cached binary is not this program: rebuild, and the kernels already taken from it.
      --counts.hits;
      ++counts.damaged;
      buildProgram(launch.program(), false);
      kernels.clear();
      return createKernels();
    }
    if (error == CL_INVALID_KERNEL_NAME)
      fail(SRRT_BAD_PACKAGE, package.name(), ": program ", launch.program(), " has no kernel \"",
           launch.kernel()->c_str(), "\"");
    check(error, "clCreateKernel");
    cl_uint arguments = 0;
    check(
        cl.clGetKernelInfo(kernel.get(), CL_KERNEL_NUM_ARGS, sizeof arguments, &arguments, nullptr),
        "clGetKernelInfo");
    if (arguments != launch.buffers()->size() + 2)
      fail(SRRT_BAD_PACKAGE, package.name(), ": kernel \"", launch.kernel()->c_str(), "\" takes ",
           arguments, " arguments, but its launch gives ", launch.buffers()->size(),
           " buffers, H and W");
    kernels.push_back(std::move(kernel));
  }
}

void Model::storePrograms() {
  ranSinceStore = false;
  if (cache.folder().empty())
    return;
  for (Program &program : programs) {
    // Asking PoCL for a binary compiles it in full: only where it may have changed.
    size_t size = 0;
    if (cl.clGetProgramInfo(program.handle.get(), CL_PROGRAM_BINARY_SIZES, sizeof size, &size,
                            nullptr) != CL_SUCCESS ||
        size <= program.storedBytes)
      continue;
    std::vector<uint8_t> binary(size);
    uint8_t *data = binary.data();
    if (cl.clGetProgramInfo(program.handle.get(), CL_PROGRAM_BINARIES, sizeof data, &data,
                            nullptr) == CL_SUCCESS &&
        cache.store(program.entry, binary)) {
      ++counts.stored;
      program.storedBytes = size;
    } else {
      ++counts.store_errors;
    }
  }
}

void Model::selfCheck() {
  const format::Golden *golden = root.golden();
  if (!golden || !package.route(PixelFormat::F32Planar, PixelFormat::F32Planar))
    return;
  prepare(golden->height(), golden->width());
  std::vector<float> output(golden->output()->size());
  runF32(golden->input()->data(), output.data());
  int width = golden->width() * root.scale(), height = golden->height() * root.scale();
  for (size_t i = 0; i < output.size(); ++i) {
    float expected = golden->output()->Get(flatbuffers::uoffset_t(i));
    if (!(std::abs(output[i] - expected) <= golden->tolerance()))
      fail(SRRT_BAD_DRIVER, package.name(), ": the driver of ", deviceName, " (",
           cl.deviceText(device.id, CL_DRIVER_VERSION),
           ") computes wrong pixels: the self-check expects ", expected, " but gets ", output[i],
           " in channel ", i / (size_t(width) * height), ", row ", i / width % height, ", column ",
           i % width, "; use another device or driver, or compile with --precision=f32");
  }
  release();
}

void Model::release() {
  prepared.reset();
  lastRoute = nullptr;
  events.clear();
  slots.clear();
  windows.clear();
  pictures.clear();
  inPlanes = outPlanes = {};
  inBytes = outBytes = {};
}

const StripPlan &Model::sizes() const {
  if (!prepared)
    fail(SRRT_NOT_PREPARED, "the model is not prepared for a size; call srrt_prepare first");
  return *prepared;
}

const Route &Model::route(PixelFormat input, PixelFormat output) const {
  if (const Route *route = package.route(input, output))
    return *route;
  fail(SRRT_UNSUPPORTED, package.name(),
       ": compiled for 8-bit pictures only; it has no kernels for float planes");
}

srrt_model_info Model::query() const {
  srrt_model_info info{};
  info.name = name.c_str();
  info.producer = producer.c_str();
  info.target = target.c_str();
  info.device = deviceName.c_str();
  info.platform = platformName.c_str();
  info.scale = root.scale();
  info.color = srrt_color(root.color());
  info.low = root.low();
  info.high = root.high();
  info.in_channels = root.in_channels();
  info.out_channels = root.out_channels();
  info.precision = srrt_precision(root.precision());
  info.kernels = int(package.routes().front().launches.size());
  info.halo = root.halo();
  info.alignment = root.alignment();
  for (const Route &route : package.routes()) {
    info.u8_input |= route.input == PixelFormat::U8Interleaved;
    info.u8_output |= route.output == PixelFormat::U8Interleaved;
  }
  return info;
}

void Model::prepare(int height, int width) {
  if (height < 1 || width < 1)
    fail(SRRT_INVALID_ARGUMENT, "height ", height, ", width ", width, ": both must be at least 1");
  if (prepared && prepared->strips.height == height && plan().width == width)
    return;
  finish();
  release();

  StripPlan stripPlan = planStrips(package, height, width, limits, memoryLimit);
  const Plan &plan = stripPlan.plan;
  for (size_t i = 0; i < kernels.size(); ++i) {
    size_t most = 0, threads = 1;
    check(cl.clGetKernelWorkGroupInfo(kernels[i].get(), device.id, CL_KERNEL_WORK_GROUP_SIZE,
                                      sizeof most, &most, nullptr),
          "clGetKernelWorkGroupInfo");
    for (size_t n : plan.launches[i].local)
      if (__builtin_mul_overflow(threads, n, &threads))
        threads = SIZE_MAX;
    if (threads > most)
      fail(SRRT_TOO_LARGE, "kernel \"", root.launches()->Get(uint32_t(i))->kernel()->c_str(),
           "\" has ", threads, " work-items per group, but ", deviceName, " allows ", most);
  }
  // One set of slots serves every route.
  std::vector<uint64_t> sizes;
  for (const Slots &route : plan.slots)
    for (size_t i = 0; i < route.bytes.size(); ++i) {
      if (i == sizes.size())
        sizes.push_back(0);
      sizes[i] = std::max(sizes[i], route.bytes[i]);
    }
  std::vector<Handle<cl_mem>> memory;
  for (size_t i = 0; i < sizes.size(); ++i) {
    Place place = plan.slots.front().places[i];
    memory.push_back(
        place == Place::Buffer
            ? createWritable(std::max<uint64_t>(sizes[i], 4))
            : createImage(CL_MEM_READ_WRITE, place, std::max(sizes[i], rowBytes(place)), nullptr));
  }
  slots = std::move(memory);
  windows.resize(root.buffers()->size());
  pictures.resize(root.buffers()->size());
  prepared = std::move(stripPlan);
}

Handle<cl_mem> Model::createPicture(uint64_t bytes) {
  Handle<cl_mem> memory = createWritable(bytes);
  cl_uchar zero = 0;
  check(cl.clEnqueueFillBuffer(queue(), memory.get(), &zero, sizeof zero, 0, bytes, 0, nullptr,
                               nullptr),
        "clEnqueueFillBuffer");
  return memory;
}

cl_mem Model::window(uint32_t buffer) {
  if (!windows[buffer])
    windows[buffer] = createPicture(plan().bytes[buffer]);
  return windows[buffer].get();
}

uint64_t Model::pictureBytes(uint32_t buffer) const {
  return plan().bytes[buffer] / unsigned(plan().height) * unsigned(sizes().strips.height);
}

cl_mem Model::picture(uint32_t buffer) {
  if (sizes().strips.count() == 1)
    return window(buffer);
  if (!pictures[buffer])
    pictures[buffer] = createPicture(pictureBytes(buffer));
  return pictures[buffer].get();
}

void Model::write(cl_mem memory, const void *data, uint64_t bytes) {
  check(cl.clEnqueueWriteBuffer(queue(), memory, CL_FALSE, 0, bytes, data, 0, nullptr, nullptr),
        "clEnqueueWriteBuffer");
}

void Model::read(cl_mem memory, void *data, uint64_t bytes) {
  check(cl.clEnqueueReadBuffer(queue(), memory, CL_TRUE, 0, bytes, data, 0, nullptr, nullptr),
        "clEnqueueReadBuffer");
}

void Model::enqueue(const Route &route, cl_mem input, cl_mem output) {
  const Plan &sizes = plan();
  const Slots &places = sizes.slots[size_t(&route - package.routes().data())];
  const cl_int extent[2] = {sizes.height, sizes.width};
  for (uint32_t index : route.launches) {
    const format::Launch &launch = *root.launches()->Get(index);
    const Plan::Launch &size = sizes.launches[index];
    if (size.empty) {
      if (profilingQueue)
        events.emplace_back();
      continue;
    }
    cl_kernel kernel = kernels[index].get();
    cl_uint argument = 0;
    for (uint32_t buffer : *launch.buffers()) {
      cl_mem memory = buffer == route.inputBuffer    ? input
                      : buffer == route.outputBuffer ? output
                      : constants[buffer]            ? constants[buffer].get()
                                                     : slots[places.ofBuffer[buffer]].get();
      check(cl.clSetKernelArg(kernel, argument++, sizeof memory, &memory), "clSetKernelArg");
    }
    for (const cl_int &value : extent)
      check(cl.clSetKernelArg(kernel, argument++, sizeof value, &value), "clSetKernelArg");
    cl_event event = nullptr;
    cl_int error =
        cl.clEnqueueNDRangeKernel(queue(), kernel, size.dimensions, nullptr, size.global.data(),
                                  size.local.data(), 0, nullptr, profilingQueue ? &event : nullptr);
    if (error != CL_SUCCESS)
      check(error, ("clEnqueueNDRangeKernel of \"" + launch.kernel()->str() + "\"").c_str());
    if (profilingQueue)
      events.emplace_back(event, Release<cl_event>{cl.clReleaseEvent});
  }
  ranSinceStore = true;
}

void Model::copyRows(const Side &side, cl_mem window, uint32_t buffer, PixelFormat format,
                     bool intoWindow, int pictureRow, int windowRow, int rows) {
  // Planes of rows; in 8 bits one plane, whose pixels have their channels together.
  bool input = root.buffers()->Get(buffer)->kind() == BufferKind::Input;
  size_t scale = input ? 1 : size_t(root.scale());
  size_t channels = size_t(input ? root.in_channels() : root.out_channels());
  size_t width = size_t(plan().width) * scale;
  bool planar = format == PixelFormat::F32Planar;
  size_t row = planar ? width * sizeof(float) : width * channels;
  size_t windowPlane = row * scale * size_t(plan().height);
  size_t picturePlane = row * scale * size_t(sizes().strips.height);
  const size_t inPicture[3] = {0, size_t(pictureRow) * scale, 0};
  const size_t inWindow[3] = {0, size_t(windowRow) * scale, 0};
  const size_t region[3] = {row, size_t(rows) * scale, planar ? channels : 1};
  void *host = const_cast<void *>(side.host);
  if (!host) {
    cl_mem from = intoWindow ? side.memory : window, to = intoWindow ? window : side.memory;
    check(cl.clEnqueueCopyBufferRect(queue(), from, to, intoWindow ? inPicture : inWindow,
                                     intoWindow ? inWindow : inPicture, region, row,
                                     intoWindow ? picturePlane : windowPlane, row,
                                     intoWindow ? windowPlane : picturePlane, 0, nullptr, nullptr),
          "clEnqueueCopyBufferRect");
  } else if (intoWindow) {
    check(cl.clEnqueueWriteBufferRect(queue(), window, CL_FALSE, inWindow, inPicture, region, row,
                                      windowPlane, row, picturePlane, host, 0, nullptr, nullptr),
          "clEnqueueWriteBufferRect");
  } else {
    check(cl.clEnqueueReadBufferRect(queue(), window, CL_TRUE, inWindow, inPicture, region, row,
                                     windowPlane, row, picturePlane, host, 0, nullptr, nullptr),
          "clEnqueueReadBufferRect");
  }
}

void Model::run(const Route &route, const Side &input, const Side &output) {
  const Strips &strips = sizes().strips;
  events.clear();
  lastRoute = &route;
  if (strips.count() == 1) {
    cl_mem in = input.host ? window(route.inputBuffer) : input.memory;
    cl_mem out = output.host ? window(route.outputBuffer) : output.memory;
    if (input.host)
      write(in, input.host, plan().bytes[route.inputBuffer]);
    enqueue(route, in, out);
    if (output.host)
      read(out, const_cast<void *>(output.host), plan().bytes[route.outputBuffer]);
    return;
  }
  cl_mem in = window(route.inputBuffer), out = window(route.outputBuffer);
  for (int i = 0; i < strips.count(); ++i) {
    int begin = strips.begin(i);
    copyRows(input, in, route.inputBuffer, route.input, true, begin, 0, strips.window);
    enqueue(route, in, out);
    copyRows(output, out, route.outputBuffer, route.output, false, strips.from(i),
             strips.from(i) - begin, strips.to(i) - strips.from(i));
  }
}

/// Transfers read the caller's memory after they are enqueued: a call that fails waits for them.
struct Model::FinishOnFailure {
  Model &model;
  int before = std::uncaught_exceptions();
  ~FinishOnFailure() {
    if (std::uncaught_exceptions() > before)
      model.cl.clFinish(model.queue());
  }
};

void Model::runF32(const float *input, float *output) {
  if (!input || !output)
    fail(SRRT_INVALID_ARGUMENT, "input and output must not be null");
  const bool whole = sizes().strips.count() == 1;
  const Route &way = route(PixelFormat::F32Planar, PixelFormat::F32Planar);
  uint64_t inBytes = plan().bytes[way.inputBuffer], outBytes = plan().bytes[way.outputBuffer];
  auto aligned = [](const void *data) {
    return reinterpret_cast<uintptr_t>(data) % hostAlignment == 0;
  };
  if (isCpu && whole && aligned(input) && aligned(output)) {
    Handle<cl_mem> in = createBuffer(CL_MEM_READ_ONLY | CL_MEM_USE_HOST_PTR, inBytes, input);
    Handle<cl_mem> out = createBuffer(CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, outBytes, output);
    FinishOnFailure guard{*this};
    run(way, {nullptr, in.get()}, {nullptr, out.get()});
    // Mapping is what makes the result visible at the pointer.
    cl_int error = CL_SUCCESS;
    void *mapped = cl.clEnqueueMapBuffer(queue(), out.get(), CL_TRUE, CL_MAP_READ, 0, outBytes, 0,
                                         nullptr, nullptr, &error);
    check(error, "clEnqueueMapBuffer");
    check(cl.clEnqueueUnmapMemObject(queue(), out.get(), mapped, 0, nullptr, nullptr),
          "clEnqueueUnmapMemObject");
    return finish();
  }
  FinishOnFailure guard{*this};
  run(way, {input, nullptr}, {output, nullptr});
}

void Model::writeInput(const float *input) {
  if (!input)
    fail(SRRT_INVALID_ARGUMENT, "input must not be null");
  sizes(); // prepared?
  const Route &way = route(PixelFormat::F32Planar, PixelFormat::F32Planar);
  cl_mem in = picture(way.inputBuffer);
  FinishOnFailure guard{*this};
  write(in, input, pictureBytes(way.inputBuffer));
  finish();
}

void Model::runU8(const srrt_picture &inputPicture, const srrt_picture &outputPicture) {
  if (root.color() == format::Color::None)
    fail(SRRT_UNSUPPORTED, "the model's channels are no colours; run it on float planes");
  const int height = sizes().strips.height, width = plan().width;
  int scale = root.scale(), channels = root.in_channels();
  srrt_picture input = checkPicture(inputPicture, width, height, "the input");
  srrt_picture output = checkPicture(outputPicture, width * scale, height * scale, "the output");
  if ((input.format == SRRT_GRAY8) != (output.format == SRRT_GRAY8))
    fail(SRRT_INVALID_ARGUMENT, "a gray picture goes with a gray picture only");
  bool onLuma = root.color() == format::Color::Y;
  if (input.format == SRRT_GRAY8 && !onLuma)
    fail(SRRT_INVALID_ARGUMENT, "gray pictures need a model on luma, but this one is on colours; "
                                "pass the picture as RGB");

  // Kernels that take and give bytes save conversions; luma computed from colours has fractions
  // that bytes would lose.
  const PixelFormat bytes = PixelFormat::U8Interleaved, floats = PixelFormat::F32Planar;
  bool byteInput = !onLuma || input.format == SRRT_GRAY8 || input.format == SRRT_NV12;
  bool byteOutput = !onLuma || output.format == SRRT_GRAY8 || output.format == SRRT_NV12;
  const Route *way = nullptr;
  auto prefer = [&](PixelFormat in, PixelFormat out) {
    if (!way)
      way = package.route(in, out);
  };
  PixelFormat in = byteInput ? bytes : floats, out = byteOutput ? bytes : floats;
  PixelFormat otherIn = byteInput ? floats : bytes, otherOut = byteOutput ? floats : bytes;
  prefer(in, out);
  prefer(otherIn, out);
  prefer(in, otherOut);
  prefer(otherIn, otherOut);

  bool reversed = root.color() == format::Color::BGR;
  float low = root.low(), high = root.high();
  size_t inPixels = size_t(width) * height, outPixels = inPixels * scale * scale;

  // In.
  const void *source = nullptr;
  if (onLuma) {
    inPlanes.resize(inPixels);
    lumaFromPicture(input, inPlanes.data());
    if (way->input == bytes) {
      inBytes.resize(inPixels);
      bytesFromPlanes(inPlanes.data(), inPixels, 1, false, 0, 255, inBytes.data());
      source = inBytes.data();
    } else {
      for (float &value : inPlanes)
        value = low + value * (high - low) / 255;
      source = inPlanes.data();
    }
  } else {
    const uint8_t *rgb = static_cast<const uint8_t *>(input.data);
    if (input.format != SRRT_RGB8 || input.stride != size_t(width) * 3) {
      inBytes.resize(inPixels * 3);
      rgbFromPicture(input, inBytes.data());
      rgb = inBytes.data();
    }
    source = rgb;
    if (way->input == floats) {
      inPlanes.resize(inPixels * 3);
      planesFromBytes(rgb, inPixels, 3, reversed, low, high, inPlanes.data());
      source = inPlanes.data();
    }
  }

  // Where to.
  bool direct = way->output == bytes &&
                (output.format == SRRT_RGB8 || output.format == SRRT_GRAY8) &&
                output.stride == size_t(output.width) * channels && (onLuma || channels == 3);
  void *target = output.data;
  if (way->output == floats) {
    outPlanes.resize(outPixels * channels);
    target = outPlanes.data();
  } else if (!direct) {
    outBytes.resize(outPixels * channels);
    target = outBytes.data();
  }
  {
    FinishOnFailure guard{*this};
    run(*way, {source, nullptr}, {target, nullptr});
  }

  // Out.
  if (direct)
    return;
  if (!onLuma) {
    if (way->output == floats) {
      outBytes.resize(outPixels * 3);
      bytesFromPlanes(outPlanes.data(), outPixels, 3, reversed, low, high, outBytes.data());
    }
    return pictureFromRgb(outBytes.data(), input, output);
  }
  if (way->output == bytes)
    outPlanes.assign(outBytes.begin(), outBytes.end());
  else
    for (float &value : outPlanes)
      value = (value - low) * 255 / (high - low);
  pictureFromLuma(outPlanes.data(), input, output, scale);
}

void Model::runCl(cl_mem input, cl_mem output) {
  const int height = sizes().strips.height, width = plan().width;
  const Route &way = route(PixelFormat::F32Planar, PixelFormat::F32Planar);
  auto checkMemory = [&](cl_mem memory, uint32_t buffer, const char *role) {
    if (!memory)
      return picture(buffer);
    size_t size = 0;
    cl_context owner = nullptr;
    check(cl.clGetMemObjectInfo(memory, CL_MEM_SIZE, sizeof size, &size, nullptr),
          "clGetMemObjectInfo");
    check(cl.clGetMemObjectInfo(memory, CL_MEM_CONTEXT, sizeof owner, &owner, nullptr),
          "clGetMemObjectInfo");
    if (owner != context.get())
      fail(SRRT_INVALID_ARGUMENT, "the ", role,
           " buffer is of another OpenCL context than the "
           "model; pass context and queue to srrt_open");
    cl_mem_flags flags = 0;
    void *host = nullptr;
    check(cl.clGetMemObjectInfo(memory, CL_MEM_FLAGS, sizeof flags, &flags, nullptr),
          "clGetMemObjectInfo");
    check(cl.clGetMemObjectInfo(memory, CL_MEM_HOST_PTR, sizeof host, &host, nullptr),
          "clGetMemObjectInfo");
    if (flags & CL_MEM_USE_HOST_PTR && reinterpret_cast<uintptr_t>(host) % hostAlignment)
      fail(SRRT_INVALID_ARGUMENT, "the ", role, " buffer uses host memory that is not aligned to ",
           hostAlignment, " bytes");
    if (size < pictureBytes(buffer))
      fail(SRRT_INVALID_ARGUMENT, "the ", role, " buffer has ", size, " bytes, but ",
           pictureBytes(buffer), " are needed at height ", height, ", width ", width);
    return memory;
  };
  if (input && input == output)
    fail(SRRT_INVALID_ARGUMENT, "input and output must be two buffers");
  cl_mem in = checkMemory(input, way.inputBuffer, "input");
  cl_mem out = checkMemory(output, way.outputBuffer, "output");
  run(way, {nullptr, in}, {nullptr, out});
  check(cl.clFlush(queue()), "clFlush");
}

void Model::finish() { check(cl.clFinish(queue()), "clFinish"); }

void Model::setProfiling(bool on) {
  if (on == bool(profilingQueue))
    return;
  finish();
  events.clear();
  if (!on) {
    profilingQueue.reset();
    return;
  }
  cl_int error = CL_SUCCESS;
  profilingQueue = {
      cl.clCreateCommandQueue(context.get(), device.id, CL_QUEUE_PROFILING_ENABLE, &error),
      {cl.clReleaseCommandQueue}};
  check(error, "clCreateCommandQueue");
}

size_t Model::launches(srrt_launch_info *infos, size_t capacity) {
  const int strips = sizes().strips.count();
  if (capacity && !infos)
    fail(SRRT_INVALID_ARGUMENT, "launches must not be null");
  finish();
  const Route &way = lastRoute ? *lastRoute : package.routes().front();
  for (size_t i = 0; i < std::min(capacity, way.launches.size()); ++i) {
    uint32_t index = way.launches[i];
    const Plan::Launch &size = plan().launches[index];
    infos[i] = {root.launches()->Get(index)->kernel()->c_str(), layerTexts[index].c_str(), 0,
                size.macs * strips, size.bytes * strips};
    for (size_t event = i; event < events.size(); event += way.launches.size()) {
      if (!events[event])
        continue;
      cl_ulong start = 0, end = 0;
      check(cl.clGetEventProfilingInfo(events[event].get(), CL_PROFILING_COMMAND_START,
                                       sizeof start, &start, nullptr),
            "clGetEventProfilingInfo");
      check(cl.clGetEventProfilingInfo(events[event].get(), CL_PROFILING_COMMAND_END, sizeof end,
                                       &end, nullptr),
            "clGetEventProfilingInfo");
      infos[i].ms += double(end - start) * 1e-6;
    }
  }
  return way.launches.size();
}

srrt_memory_info Model::memory() const {
  srrt_memory_info info{};
  info.strips = sizes().strips.count();
  info.constants = constantBytes;
  for (uint32_t i = 0; i < windows.size(); ++i) {
    if (windows[i])
      info.pictures += plan().bytes[i];
    if (pictures[i])
      info.pictures += pictureBytes(i);
  }
  std::vector<uint64_t> shared;
  for (const Slots &route : plan().slots) {
    info.intermediates_apart = std::max(info.intermediates_apart, route.apart);
    shared.resize(std::max(shared.size(), route.bytes.size()));
    for (size_t i = 0; i < route.bytes.size(); ++i)
      shared[i] = std::max(shared[i], route.bytes[i]);
  }
  for (uint64_t size : shared)
    info.intermediates += size;
  return info;
}

srrt_cache_info Model::cacheInfo() const {
  srrt_cache_info info = counts;
  info.folder = cache.folder().c_str();
  return info;
}

} // namespace srcc::runtime
