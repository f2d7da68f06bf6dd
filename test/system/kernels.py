"""Kernels of several packages as one OpenCL program, run by the packages' own plans on the default device: building is
what takes PoCL's time, which is why there is one program and nothing is optimised. All memory is filled with NaN before,
and lies between guards (an image before one): what is never written, and what is written outside, shows.

kernels.py: a process to talk to. A line of JSON in, a list of packages, each with pictures: [[PACKAGE, [[IN.npy,
EXPECTED.npy], ...]], ...]; a line out, for each package what is wrong (null: nothing) and its largest error.
Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
import ctypes
import json
import re
import sys

import numpy as np

from harness import Failure, close, evaluate, plan, scratch

GUARD = 4096  # bytes before and after each buffer; a multiple of every device's alignment of parts of buffers
TYPES = {"F32": np.float32, "F16": np.float16, "U8": np.uint8, "I32": np.int32}
GPU_OR_CPU, READ_WRITE, COPY_HOST, REGION, LOG = 0xFFFFFFFF, 1, 1 << 5, 0x1220, 0x1183
IMAGE2D, RGBA, CHANNELS = 0x10F1, 0x10B5, {"F32": 0x10DE, "F16": 0x10DD}
ROW = 2048  # texels of a row of an image, four elements each


class ImageFormat(ctypes.Structure):
    _fields_ = [("order", ctypes.c_uint), ("type", ctypes.c_uint)]


class ImageSize(ctypes.Structure):
    _fields_ = [("type", ctypes.c_uint),
                *[(name, ctypes.c_size_t) for name in ("width", "height", "depth", "array", "row", "slice")],
                ("levels", ctypes.c_uint), ("samples", ctypes.c_uint), ("memory", ctypes.c_void_p)]


class Device:
    """The first device of the first platform, through libOpenCL."""

    def __init__(self):
        self.cl = ctypes.CDLL("libOpenCL.so.1")
        for name in ("clCreateContext", "clCreateCommandQueue", "clCreateProgramWithSource", "clCreateKernel",
                     "clCreateBuffer", "clCreateSubBuffer", "clCreateImage"):
            getattr(self.cl, name).restype = ctypes.c_void_p
        platform, self.id, self.status = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_int()
        self.call("clGetPlatformIDs", 1, ctypes.byref(platform), None)
        self.call("clGetDeviceIDs", platform, ctypes.c_uint64(GPU_OR_CPU), 1, ctypes.byref(self.id), None)
        self.context = self.make("clCreateContext", None, 1, ctypes.byref(self.id), None, None)
        self.queue = self.make("clCreateCommandQueue", self.context, self.id, ctypes.c_uint64(0))

    def call(self, name, *arguments):
        status = getattr(self.cl, name)(*arguments)
        if status:
            raise Failure(f"{name}: error {status}")

    def make(self, name, *arguments):
        handle = ctypes.c_void_p(getattr(self.cl, name)(*arguments, ctypes.byref(self.status)))
        if self.status.value:
            raise Failure(f"{name}: error {self.status.value}")
        return handle

    def build(self, source, options):
        text = source.encode()
        program = self.make("clCreateProgramWithSource", self.context, 1, ctypes.byref(ctypes.c_char_p(text)), None)
        try:
            self.call("clBuildProgram", program, 1, ctypes.byref(self.id), options.encode(), None, None)
        except Failure as error:
            log = ctypes.create_string_buffer(1 << 16)
            self.cl.clGetProgramBuildInfo(program, self.id, LOG, ctypes.c_size_t(len(log)), log, None)
            self.call("clReleaseProgram", program)
            raise Failure(f"{error}\n{log.value.decode(errors='replace')[:3000]}") from None
        return program

    def buffer(self, content):
        """All of the memory, with guards, and the part that kernels see."""
        size = ctypes.c_size_t
        whole = self.make("clCreateBuffer", self.context, ctypes.c_uint64(READ_WRITE | COPY_HOST), size(content.nbytes),
                          ctypes.c_void_p(content.ctypes.data))
        region = (size * 2)(GUARD, content.nbytes - 2 * GUARD)
        return whole, self.make("clCreateSubBuffer", whole, ctypes.c_uint64(READ_WRITE), REGION, ctypes.byref(region))

    def image(self, content, element):
        """An image of whole rows."""
        size = ImageSize(IMAGE2D, ROW, content.nbytes // (4 * ROW * TYPES[element]().nbytes))
        return self.make("clCreateImage", self.context, ctypes.c_uint64(READ_WRITE | COPY_HOST),
                         ctypes.byref(ImageFormat(RGBA, CHANNELS[element])), ctypes.byref(size),
                         ctypes.c_void_p(content.ctypes.data))

    def read_image(self, image, content, element):
        region = (ctypes.c_size_t * 3)(ROW, content.nbytes // (4 * ROW * TYPES[element]().nbytes), 1)
        self.call("clEnqueueReadImage", self.queue, image, 1, (ctypes.c_size_t * 3)(), region, ctypes.c_size_t(0),
                  ctypes.c_size_t(0), ctypes.c_void_p(content.ctypes.data), 0, None, None)

    def launch(self, kernel, arguments, blocks, threads):
        for i, value in enumerate(arguments):
            self.call("clSetKernelArg", kernel, i, ctypes.c_size_t(ctypes.sizeof(value)), ctypes.byref(value))
        sizes = [(ctypes.c_size_t * len(blocks))(*s) for s in ([b * t for b, t in zip(blocks, threads)], threads)]
        self.call("clEnqueueNDRangeKernel", self.queue, kernel, len(blocks), None, *sizes, 0, None, None)
        self.call("clFinish", self.queue)

    def read(self, whole, content):
        self.call("clEnqueueReadBuffer", self.queue, whole, 1, ctypes.c_size_t(0), ctypes.c_size_t(content.nbytes),
                  ctypes.c_void_p(content.ctypes.data), 0, None, None)


def text(p, number):
    """The kernels of a package, all names at the outermost level made its own."""
    source = "\n".join(program["source"] for program in p["programs"])
    names = set(re.findall(r"^(?:static inline \w+|void) (\w+)\(", source, flags=re.M))
    return re.sub(r"\b(" + "|".join(names) + r")\b", rf"\1_{number}", source)


def run(device, program, p, number, picture, form):
    """What a package makes of a picture [C, H, W]: float, or u8 [C, H, W] of 0 to 255, by the format of its ends."""
    height, width = picture.shape[-2:]
    interleaved = form == "U8Interleaved"
    contents, memory = [], []
    for buffer in p["buffers"]:
        size = max(1, evaluate(buffer["elements"], height, width)) * TYPES[buffer["type"]]().nbytes
        if buffer["image2d"]:  # a row more than it needs
            row = 4 * ROW * TYPES[buffer["type"]]().nbytes
            data = np.full((size // row + 2) * row, 0xFF, np.uint8)
            inner, guards = data[:size], [data[size:]]
        else:
            data = np.full(2 * GUARD + size, 0xFF, np.uint8)
            inner, guards = data[GUARD:-GUARD], [data[:GUARD], data[-GUARD:]]
        if buffer["kind"] == "Constant":
            inner[:] = np.array(buffer["data"], np.uint8)
        if buffer["kind"] == "Input" and buffer["format"] == form:
            values = picture.transpose(1, 2, 0) if interleaved else picture
            inner[:] = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
        contents.append((data, inner, guards))
        memory.append([device.image(data, buffer["type"])] if buffer["image2d"] else device.buffer(data))
    output = next(i for i, b in enumerate(p["buffers"]) if b["kind"] == "Output" and b["format"] == form)
    for launch in p["launches"]:
        if not {launch["input"], launch["output"]} <= {"None", form}:
            continue
        kernel = device.make("clCreateKernel", program, f"{launch['kernel']}_{number}".encode())
        blocks, threads = ([evaluate(e, height, width) for e in launch[key]] for key in ("blocks", "threads"))
        device.launch(kernel, [memory[i][-1] for i in launch["buffers"]] + [ctypes.c_int(height), ctypes.c_int(width)],
                      blocks, threads)
        device.call("clReleaseKernel", kernel)
    for handles, (data, _, guards), buffer in zip(memory, contents, p["buffers"]):
        if buffer["image2d"]:
            device.read_image(handles[0], data, buffer["type"])
        else:
            device.read(handles[0], data)
        for handle in reversed(handles):
            device.call("clReleaseMemObject", handle)
        if any(np.any(guard != 0xFF) for guard in guards):
            raise Failure(f"writes outside the memory of {buffer['name']}")
    scale, channels = p["scale"], p["out_channels"]
    result = contents[output][1].view(TYPES[p["buffers"][output]["type"]])
    if interleaved:
        return result.reshape(height * scale, width * scale, channels).transpose(2, 0, 1)
    return result.reshape(channels, height * scale, width * scale)


def check(device, program, p, number, pictures):
    """The largest error of all pictures, as a share of their range."""
    worst = 0
    for given, wanted in pictures:
        x, expected = np.load(given), np.load(wanted).astype(np.float64)
        scale, size = max(1.0, float(np.abs(expected).max())), f"{x.shape[2]}x{x.shape[1]}"
        worst = max(worst, close(size, run(device, program, p, number, x, "F32Planar"), expected, 1e-4 * scale) / scale)
        if any(b["format"] == "U8Interleaved" for b in p["buffers"]):  # pictures are of whole levels
            levels = run(device, program, p, number, np.rint(x * 255).astype(np.uint8), "U8Interleaved")
            close(f"{size} in 8 bits", levels, np.floor(np.clip(expected * 255, 0, 255) + 0.5), 1)
    return worst


def main():
    device = Device()
    for line in sys.stdin:
        results = []
        with scratch() as folder:
            cases = json.loads(line)
            plans = [plan(package, folder) for package, _ in cases]
        try:
            program = device.build("\n".join(text(p, i) for i, p in enumerate(plans)), "-cl-opt-disable")
        except Failure as error:
            results = [[str(error), 0]] * len(cases)
        else:
            for i, (p, (_, pictures)) in enumerate(zip(plans, cases)):
                try:
                    results.append([None, check(device, program, p, i, pictures)])
                except Failure as error:
                    results.append([str(error), 0])
            device.call("clReleaseProgram", program)
        print(json.dumps(results), flush=True)


if __name__ == "__main__":
    main()
