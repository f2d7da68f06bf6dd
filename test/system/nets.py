"""Compiled networks on the default OpenCL device against the reference interpreter.

nets.py [--precision=f32|f16s|f16] [--windows=N] NAME...  (networks of the data folder, without .onnx)

Float output at several small sizes and random windows of a 640x360 picture: within 1e-4 of the value range.
8-bit output: at most 1 level from the rounded reference. In strips: both the same as of the whole picture, if no
layer has Winograd's form, whose rounding depends on where blocks of rows begin; with it, both as above.
"""
import argparse
import pathlib

import numpy as np

from harness import Checks, Model, close, in_strips, interpret, models, noise, run, scratch

SIZES = [(1, 1), (7, 5), (17, 33), (128, 96)]  # width x height
SEED = 20

parser = argparse.ArgumentParser()
parser.add_argument("--precision", default="f32")
parser.add_argument("--windows", type=int, default=64)
parser.add_argument("--tolerance", type=float, default=1e-4)
parser.add_argument("names", nargs="+")
arguments = parser.parse_args()


def levels(x, low, high):
    """Floats of the range low..high as 8-bit levels."""
    return np.clip(np.floor((x.astype(np.float64) - low) * (255 / (high - low)) + 0.5), 0, 255).astype(np.uint8)


def interleaved(x, color):
    """[C, H, W] in the model's channel order -> [H, W, RGB], or [H, W] for one channel."""
    if x.shape[0] == 1:
        return np.ascontiguousarray(x[0])
    return np.ascontiguousarray((x[::-1] if color == 1 else x).transpose(1, 2, 0))


checks = Checks()
for name in arguments.names:
    with scratch() as folder, checks(name):
        path = models()[name + ".onnx"][0]
        imported, package = f"{folder}/model.mlirbc", f"{folder}/model.srp"
        run("srcc", path, "-o", imported, "--stop-after=import")
        run("srcc", imported, "-o", package, f"--precision={arguments.precision}")
        model = Model(package)
        info = model.info
        low, high, channels = info.low, info.high, info.in_channels
        tolerance = arguments.tolerance * (high - low)
        reference = None if arguments.precision == "f32" else arguments.precision
        for width, height in SIZES:
            with checks(f"{name} {width}x{height}"):
                # 8-bit levels, so that the float and the 8-bit path see the same picture.
                pixels = np.random.default_rng(SEED).integers(0, 256, (channels, height, width), np.uint8)
                x = (low + pixels.astype(np.float64) * (high - low) / 255).astype(np.float32)
                expected = interpret(imported, x, folder, reference)
                error = close("float", model.run_f32(x), expected, tolerance)
                actual = model.run_u8(interleaved(pixels, info.color))
                close("8 bit", actual, interleaved(levels(expected, low, high), info.color), 1)
                print(f"{name} {width}x{height}: max error {error:.2e}", flush=True)
        x = noise(SEED, channels, 360, 640, low, high)

        def windows(what, y):
            """Holds windows of a 640x360 output against the reference: the picture's corners first, then anywhere."""
            random, worst = np.random.default_rng(SEED), 0
            for i in range(arguments.windows):
                w, h = (int(n) for n in random.integers(1, 10, 2))
                left = (0, y.shape[2] - w)[i & 1] if i < 4 else int(random.integers(0, y.shape[2] - w + 1))
                top = (0, y.shape[1] - h)[i >> 1] if i < 4 else int(random.integers(0, y.shape[1] - h + 1))
                expected = interpret(imported, x, folder, reference, window=(left, top, w, h))
                worst = max(worst, close(f"window {left},{top},{w},{h}", y[:, top:top + h, left:left + w], expected,
                                         tolerance))
            print(f"{name} {arguments.windows} windows of 640x360{what}: max error {worst:.2e}", flush=True)

        with checks(f"{name} windows of 640x360, seed {SEED}"):
            windows("", model.run_f32(x))
        pixels = interleaved(np.random.default_rng(SEED).integers(0, 256, (channels, 360, 640), np.uint8), info.color)
        with checks(f"{name} in strips"):
            sums = f"{folder}/sums.srp"
            run("srcc", imported, "-o", sums, f"--precision={arguments.precision}", "--winograd=0")
            same = pathlib.Path(sums).read_bytes() == pathlib.Path(package).read_bytes()
            if not same:
                whole = model.run_u8(pixels)
                model = in_strips(package, model, 360, 640)
                windows(" in strips", model.run_f32(x))
                close("8 bit", model.run_u8(pixels), whole, 1)
                model.close()
                model = Model(sums)
            y, whole = model.run_f32(x), model.run_u8(pixels)
            model = in_strips(sums, model, 360, 640)
            close("float", model.run_f32(x), y, 1e-6 * (high - low))
            close("8 bit", model.run_u8(pixels), whole, 0)
        model.close()
checks.done()
