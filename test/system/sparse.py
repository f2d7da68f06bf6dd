"""Pruned networks on the default OpenCL device against the reference interpreter: within 1e-4 of the value range. The
default schedule has to run them over lists of taps.

sparse.py NAME SCHEME...  (a network of the data folder, without .onnx; schemes of srcc-opt --sr-prune, `,` for a space)
"""
import sys

import numpy as np

from harness import Checks, Failure, Model, close, interpret, models, noise, run, scratch

SIZES = [(1, 1), (49, 35)]  # width x height
SEED = 5

checks = Checks()
name, schemes = sys.argv[1], sys.argv[2:]
with scratch() as folder:
    imported, pruned, scheduled, package = (f"{folder}/{f}" for f in ("i.mlirbc", "p.mlirbc", "s.mlir", "m.srp"))
    run("srcc", models()[name + ".onnx"][0], "-o", imported, "--stop-after=import")
    for scheme in schemes:
        with checks(f"{name} {scheme}"):
            run("srcc-opt", imported, "--sr-prune=" + scheme.replace(",", " "), "--emit-bytecode", "-o", pruned)
            run("srcc", pruned, "--stop-after=sched", "-o", scheduled)
            if "sched.group" not in open(scheduled).read():
                raise Failure("the schedule has no list of taps")
            run("srcc", pruned, "-o", package)
            model = Model(package)
            for width, height in SIZES:
                with checks(f"{name} {scheme} {width}x{height}"):
                    x = noise(SEED, model.info.in_channels, height, width, model.info.low, model.info.high)
                    expected = interpret(pruned, x, folder)
                    close("output", model.run_f32(x), expected, 1e-4 * (model.info.high - model.info.low))
            model.close()
checks.done()
