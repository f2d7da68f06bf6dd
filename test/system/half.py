"""Does the emitted half code compute what the interpreter says it does? Packages of --precision=f16, their kernels
compiled for this CPU (clang-22 -x cl, with the built-in functions of Inputs/half.cl) and run by the package's own plan,
against srcc-translate --interpret --precision=f16: 99 of 100 values are the same, the others within two last places of
the largest (where the interpreter computes in double before it rounds, and kernels in f32).

half.py [--schedule=naive] NAME...: networks of the data folder (without .onnx), or of test/frontend/make_ops.py.
"""
import argparse
import ctypes
import itertools
import pathlib
import sys

import numpy as np

from harness import ROOT, Checks, Failure, close, evaluate, interpret, models, noise, plan, run, scratch

sys.path.insert(0, str(ROOT / "test" / "frontend"))
import make_ops  # noqa: E402

TARGET = "mali-g77"  # writes a multiply-add as fma, whose rounding is fixed
CLANG = ["clang-22", "-x", "cl", "-cl-std=CL3.0", "-Xclang", "-cl-ext=+all",
         "-O1", "-ffp-contract=off", "-w", "-fPIC", "-shared", "-include",
         pathlib.Path(__file__).resolve().parent / "Inputs" / "half.cl"]
SIZES = [(1, 1), (7, 10)]  # height x width, or the next that the network can take
SEED = 16

parser = argparse.ArgumentParser()
parser.add_argument("--schedule", help="instead of the device's default one")
parser.add_argument("names", nargs="+")
arguments = parser.parse_args()


class Package:
    """A package of half arithmetic, its kernels as functions of this process."""

    def __init__(self, path, folder):
        self.plan = plan(path, folder)
        if self.plan["precision"] != "F16" or not self.plan["needs_fp16"]:
            raise Failure("the package does not say that it computes in half")
        self.programs = []
        for i, program in enumerate(self.plan["programs"]):
            source, library = f"{folder}/{i}.cl", f"{folder}/{i}.so"
            pathlib.Path(source).write_text(program["source"])
            run(*CLANG, source, "-o", library, "-lm")
            self.programs.append(ctypes.CDLL(library))

    def run_f32(self, picture):
        """[1, C, H, W] float32 -> [C', sH, sW]."""
        height, width = picture.shape[2:]
        buffers = []
        for buffer in self.plan["buffers"]:
            kind = {"F32": np.float32, "F16": np.float16, "U8": np.uint8}[buffer["type"]]
            data = np.zeros(evaluate(buffer["elements"], height, width), kind)
            if buffer["kind"] == "Constant":
                data = np.array(buffer["data"], np.uint8).view(kind)
            elif kind != np.uint8:
                data[:] = np.nan
            if buffer["kind"] == "Input" and buffer["format"] == "F32Planar":
                data[:] = picture.reshape(-1)
            if buffer["kind"] == "Output" and buffer["format"] == "F32Planar":
                output = data
            buffers.append(data)
        for launch in self.plan["launches"]:
            if "U8Interleaved" in (launch["input"], launch["output"]):
                continue
            library = self.programs[launch["program"]]
            ids = (ctypes.c_uint32 * 6).in_dll(library, "srcc_ids")
            kernel = getattr(library, launch["kernel"])
            values = [ctypes.c_void_p(buffers[i].ctypes.data) for i in launch["buffers"]]
            values += [ctypes.c_int(height), ctypes.c_int(width)]
            sizes = [[evaluate(e, height, width) for e in launch[key]] for key in ("blocks", "threads")]
            sizes = [s + [1] * (3 - len(s)) for s in sizes]
            for place in itertools.product(*map(range, sizes[0] + sizes[1])):
                ids[:] = place
                kernel(*values)
        scale = self.plan["scale"]
        return output.reshape(-1, height * scale, width * scale)


def source(name, folder):
    """The ONNX file of a name, its channels, and the sizes it is run at."""
    if name not in make_ops.NETS:
        return models()[name + ".onnx"][0], SIZES
    n = make_ops.write(name, folder)
    return f"{folder}/{name}.onnx", [tuple(max(n.smallest, -(-s // n.multiple) * n.multiple) for s in size)
                                     for size in SIZES]


checks, worst = Checks(), 0
for name in arguments.names:
    with scratch() as folder, checks(name):
        path, sizes = source(name, folder)
        # The simplified network is what both start from: simplifying itself changes where values are rounded.
        simplified, package = f"{folder}/model.mlirbc", f"{folder}/model.srp"
        run("srcc", path, "-o", simplified, "--stop-after=sr")
        run("srcc", simplified, "-o", package, f"--target={TARGET}", "--precision=f16", "--no-golden",
            *([f"--schedule={arguments.schedule}"] if arguments.schedule else []))
        model = Package(package, folder)
        low, high = model.plan["low"], model.plan["high"]
        for height, width in sizes:
            with checks(f"{name} {width}x{height}"):
                x = noise(SEED, model.plan["in_channels"], height, width, low, high)
                expected = interpret(simplified, x, folder, "f16")
                actual = model.run_f32(x)
                unit = 2.0**-11 * max(1.0, float(np.abs(expected).max()))
                error = close("output", actual, expected, 2 * unit) / unit
                # In another order, or with another rounding, most values of a longer sum would be others.
                differ = np.count_nonzero(actual != expected)
                if differ > 0.01 * actual.size:
                    raise Failure(f"{differ} of {actual.size} values are not the interpreter's")
                worst = max(worst, error)
print(f"largest error {worst:.2f} last places")
checks.done()
