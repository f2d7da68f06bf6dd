"""What the system tests share: the programs as commands, libsrrt through ctypes, comparisons, and one exit code.

Programs are found in PATH (lit puts the build's bin first), data through SRCC_DATA.
Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
import ctypes
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np

DATA = pathlib.Path(os.environ.get("SRCC_DATA", ""))
ROOT = pathlib.Path(__file__).resolve().parents[2]


class Failure(Exception):
    """One thing that a test found wrong."""


def run(*command, code=0, env=None, timeout=600):
    """Runs a program of ours; returns its CompletedProcess. Any other exit code than `code` is a Failure."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, errors="replace", timeout=timeout,
                          stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})
    if code is not None and done.returncode != code:
        raise Failure(f"exit code {done.returncode} instead of {code}: {' '.join(map(str, command))}\n"
                      f"{(done.stdout + done.stderr)[-4000:]}")
    return done


class Checks:
    """Runs named checks, goes on after a failure, prints a line for each, exits with the right code at the end.

        checks = Checks()
        with checks("wdsr 7x5"):
            ...raise Failure or return...
        checks.done()
    """

    def __init__(self):
        self.passed, self.failed, self.name, self.folder = 0, [], None, None
        self.start = time.monotonic()

    def __call__(self, name):
        self.name = name
        return self

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is None:
            self.passed += 1
        elif isinstance(error, (Failure, OSError, subprocess.TimeoutExpired, ValueError, KeyError)):
            self.failed.append(self.name)
            print(f"FAIL {self.name}: {kind.__name__}: {error}", flush=True)
        else:
            return False
        return True

    def done(self):
        print(f"{self.passed} checks hold, {len(self.failed)} fail, {time.monotonic() - self.start:.1f} s")
        if not self.passed:
            print("no check ran")
        sys.exit(bool(self.failed) or not self.passed)


def models():
    """The ONNX files of the data folder: name -> (path, published Set5 PSNR in dB, scale), from its table."""
    folder = DATA / "models" / "onnx"
    result = {}
    for line in (folder / "README.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) > 5 and (folder / (cells[0] + ".onnx")).exists():
            scale = int(re.search(r"_x(\d)", cells[0]).group(1))
            for suffix in (".onnx", ".dynamo.onnx"):
                if (folder / (cells[0] + suffix)).exists():
                    result[cells[0] + suffix] = (folder / (cells[0] + suffix), float(cells[-1]), scale)
    if not result:
        raise Failure(f"no model in {folder}")
    return result


class Options(ctypes.Structure):
    _fields_ = [("device", ctypes.c_char_p), ("opencl_library", ctypes.c_char_p), ("cache_folder", ctypes.c_char_p),
                ("context", ctypes.c_void_p), ("queue", ctypes.c_void_p), ("memory_limit", ctypes.c_uint64), ("skip_self_check", ctypes.c_int)]


class Info(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("producer", ctypes.c_char_p), ("target", ctypes.c_char_p),
                ("device", ctypes.c_char_p), ("platform", ctypes.c_char_p), ("scale", ctypes.c_int),
                ("color", ctypes.c_int), ("low", ctypes.c_float), ("high", ctypes.c_float),
                ("in_channels", ctypes.c_int), ("out_channels", ctypes.c_int), ("precision", ctypes.c_int),
                ("kernels", ctypes.c_int), ("halo", ctypes.c_int), ("alignment", ctypes.c_int),
                ("u8_input", ctypes.c_int), ("u8_output", ctypes.c_int)]


class Memory(ctypes.Structure):
    _fields_ = [("constants", ctypes.c_uint64), ("pictures", ctypes.c_uint64), ("intermediates", ctypes.c_uint64),
                ("intermediates_apart", ctypes.c_uint64), ("strips", ctypes.c_int)]


class Picture(ctypes.Structure):
    _fields_ = [("format", ctypes.c_int), ("width", ctypes.c_int), ("height", ctypes.c_int),
                ("data", ctypes.c_void_p), ("stride", ctypes.c_size_t), ("chroma", ctypes.c_void_p),
                ("chroma_stride", ctypes.c_size_t)]


def library():
    """libsrrt of the build whose srcc-bench is in PATH."""
    program = shutil.which("srcc-bench")
    if not program:
        raise Failure("srcc-bench is not in PATH")
    path = pathlib.Path(program).resolve().parents[1] / "lib" / "libsrrt.so"
    lib = ctypes.CDLL(str(path))
    lib.srrt_error.restype = ctypes.c_char_p
    return lib


class Model:
    """A package opened by libsrrt on the default device; one process can run it at many sizes."""

    def __init__(self, path, memory_limit=0):
        self.lib, self.handle = library(), ctypes.c_void_p()
        options = Options(memory_limit=memory_limit)
        self.check(self.lib.srrt_open(str(path).encode(), ctypes.byref(options), ctypes.byref(self.handle)))
        self.info = Info()
        self.check(self.lib.srrt_query(self.handle, ctypes.byref(self.info)))

    def check(self, status):
        if status:
            raise Failure(f"libsrrt: {self.lib.srrt_error().decode(errors='replace')}")

    def prepare(self, height, width):
        self.check(self.lib.srrt_prepare(self.handle, height, width))

    def memory(self):
        result = Memory()
        self.check(self.lib.srrt_memory(self.handle, ctypes.byref(result)))
        return result

    def run_f32(self, picture):
        """[1, C, H, W] or [C, H, W] float32 -> [C', sH, sW]."""
        x = np.ascontiguousarray(picture.reshape(picture.shape[-3:]), np.float32)
        self.prepare(*x.shape[1:])
        y = np.full((self.info.out_channels, x.shape[1] * self.info.scale, x.shape[2] * self.info.scale), np.nan,
                    np.float32)
        self.check(self.lib.srrt_run_f32(self.handle, ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(y.ctypes.data)))
        return y

    def run_u8(self, picture):
        """[H, W, 3] (RGB) or [H, W] (luma) uint8 -> the same at scale."""
        x = np.ascontiguousarray(picture)
        s = self.info.scale
        y = np.zeros((x.shape[0] * s, x.shape[1] * s) + x.shape[2:], np.uint8)
        self.prepare(*x.shape[:2])
        kind = 0 if x.ndim == 3 else 3
        a = Picture(kind, x.shape[1], x.shape[0], x.ctypes.data, 0, None, 0)
        b = Picture(kind, y.shape[1], y.shape[0], y.ctypes.data, 0, None, 0)
        self.check(self.lib.srrt_run_u8(self.handle, ctypes.byref(a), ctypes.byref(b)))
        return y

    def close(self):
        self.lib.srrt_close(self.handle)
        self.handle = ctypes.c_void_p()


def in_strips(path, model, height, width):
    """The package of `model`, which it closes (that keeps the compiled kernels), opened again with so little memory that
    pictures of this size take several strips."""
    model.prepare(height, width)
    memory = model.memory()
    pixels = 4 * height * width * (model.info.in_channels + model.info.out_channels * model.info.scale ** 2)
    model.close()
    result = Model(path, memory.constants + (memory.intermediates + pixels) * 6 // 10)
    result.prepare(height, width)
    if result.memory().strips < 2:
        raise Failure(f"one strip of {width}x{height}, with 6/10 of its memory")
    return result


def plan(package, folder):
    """What a package holds (format/package.fbs), as JSON."""
    content = pathlib.Path(folder) / "package.bin"
    content.write_bytes(pathlib.Path(package).read_bytes()[16:])
    run("flatc", "--json", "--strict-json", "--defaults-json", "--raw-binary", "-o", folder,
        ROOT / "format" / "package.fbs", "--", content)
    return json.loads((pathlib.Path(folder) / "package.json").read_text())


def evaluate(expr, height, width):
    """A size expression of a package, in postfix order."""
    stack = []
    for node in expr["nodes"]:
        op = node["op"]
        if op in ("Const", "H", "W"):
            stack.append({"Const": node["value"], "H": height, "W": width}[op])
            continue
        b, a = stack.pop(), stack.pop()
        stack.append({"Add": lambda: a + b, "Mul": lambda: a * b, "FloorDiv": lambda: a // b,
                      "CeilDiv": lambda: -(-a // b), "Mod": lambda: a % b, "Min": lambda: min(a, b),
                      "Max": lambda: max(a, b)}[op]())
    return stack[0]


def interpret(model, picture, folder, precision=None, window=None):
    """The reference interpreter's output, [C', H', W'] (the window x, y, w, h of it, if given)."""
    folder = pathlib.Path(folder)
    np.save(folder / "in.npy", np.ascontiguousarray(picture.reshape(picture.shape[-3:]), np.float32))
    command = ["srcc-translate", "--interpret", model, f"--input={folder / 'in.npy'}", f"--output={folder / 'out.npy'}"]
    if precision:
        command.append(f"--precision={precision}")
    if window:
        command.append("--window=" + ",".join(map(str, window)))
    run(*command)
    out = np.load(folder / "out.npy")
    return out.reshape(out.shape[-3:])


def close(what, actual, expected, tolerance):
    """Fails unless both arrays have one shape and differ by at most `tolerance`, NaN and infinity never being close."""
    if actual.shape != expected.shape:
        raise Failure(f"{what}: shape {actual.shape} instead of {expected.shape}")
    error = np.abs(actual.astype(np.float64) - expected.astype(np.float64))
    if not np.all(error <= tolerance):
        at = np.unravel_index(np.argmax(np.where(np.isnan(error), np.inf, error)), error.shape)
        raise Failure(f"{what}: {actual[at]} instead of {expected[at]} at {tuple(map(int, at))}, "
                      f"{np.count_nonzero(~(error <= tolerance))} of {error.size} values off by more than {tolerance}")
    return float(error.max(initial=0))


def noise(seed, channels, height, width, low=0.0, high=1.0):
    """A random float picture, the same for the same seed."""
    return np.random.default_rng(seed).uniform(low, high, (1, channels, height, width)).astype(np.float32)


def oclgrind_device(folder):
    """A device file for Oclgrind, which has no __builtin_prefetch: PoCL's, with OpenCL's own functions."""
    device = json.loads((ROOT / "compiler" / "devices" / "pocl-cpu.json").read_text())
    for fact in ("prefetch", "vector_access"):
        device[fact]["value"] = "function"
    path = pathlib.Path(folder) / "oclgrind.json"
    path.write_text(json.dumps(device))
    return path


def scratch():
    """A temporary folder, removed at the end: `with scratch() as folder`."""
    return tempfile.TemporaryDirectory(prefix="srcc-test-")
