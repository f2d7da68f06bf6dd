"""Imported networks against ONNX Runtime: every network of make_ops.py, at several sizes.

compare_ops.py [--backend=interpreter|package] [--shard=I/N] [NAME...]

`interpreter`: srcc-translate --import-onnx, then --interpret. `package`: srcc, then libsrrt on the default OpenCL
device. The largest error has to stay below 1e-4 of the range of the expected output (at least 1).
Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
import argparse
import pathlib

import numpy as np
import onnxruntime

import make_ops
from harness import Checks, Model, close, interpret, noise, run, scratch

SIZES = [(1, 1), (7, 5), (12, 16)]  # height x width, next multiple
SEED = 7

parser = argparse.ArgumentParser()
parser.add_argument("--backend", choices=["interpreter", "package"], default="interpreter")
parser.add_argument("--shard", default="0/1", help="I/N: only every N-th network, from the I-th on")
parser.add_argument("--verbose", action="store_true")
parser.add_argument("names", nargs="*")
arguments = parser.parse_args()


def sizes(n):
    """Input sizes a network is run at."""
    if isinstance(n.size[0], int):
        return [n.size]
    step = n.multiple
    grown = {tuple(max(n.smallest, -(-s // step) * step) for s in size) for size in SIZES}
    return sorted(grown)


class Interpreter:
    def __init__(self, path, folder):
        self.folder, self.model = folder, f"{folder}/model.mlirbc"
        run("srcc-translate", "--import-onnx", path, "-o", self.model)

    def run(self, x):
        return interpret(self.model, x, self.folder)


class Package:
    def __init__(self, path, folder):
        run("srcc", path, "-o", f"{folder}/model.srp")
        self.model = Model(f"{folder}/model.srp")

    def run(self, x):
        return self.model.run_f32(x)


options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.log_severity_level = 3
index, count = map(int, arguments.shard.split("/"))
checks = Checks()
for name in (arguments.names or list(make_ops.NETS))[index::count]:
    with scratch() as folder, checks(name):
        n = make_ops.write(name, folder)
        path = pathlib.Path(folder) / f"{name}.onnx"
        peer = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        ours = (Interpreter if arguments.backend == "interpreter" else Package)(path, folder)
        for height, width in sizes(n):
            with checks(f"{name} {height}x{width}"):
                x = noise(SEED, n.channels, height, width)
                if n.element == np.float16:  # our arithmetic is f32: only the input is rounded
                    x = x.astype(np.float16).astype(np.float32)
                expected = peer.run(None, {"input": x.astype(n.element)})[0][0].astype(np.float32)
                tolerance = 1e-4 if n.element == np.float32 else 4e-3
                error = close("output", ours.run(x), expected, tolerance * max(1.0, np.abs(expected).max()))
                if arguments.verbose:
                    print(f"{name} {height}x{width}: max error {error:.1e}", flush=True)
checks.done()
