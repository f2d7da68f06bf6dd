"""Pruned networks on the default OpenCL device against the reference interpreter: within 1e-4 of the value range. The
default schedules, of the processor and of a phone's GPU, have to run them over lists of taps.

sparse.py NAME SCHEME...  (a network of the data folder, without .onnx; schemes of srcc-opt --sr-prune, `,` for a space)
"""
import sys

import numpy as np

from harness import Checks, Failure, Model, close, interpret, models, noise, run, scratch

SIZES = [(1, 1), (49, 35)]  # width x height
SEED = 5
TARGETS = ["host", "adreno640"]

checks = Checks()
name, schemes = sys.argv[1], sys.argv[2:]
with scratch() as folder:
    imported, pruned, scheduled, package = (f"{folder}/{f}" for f in ("i.mlirbc", "p.mlirbc", "s.mlir", "m.srp"))
    run("srcc", models()[name + ".onnx"][0], "-o", imported, "--stop-after=import")
    for scheme in schemes:
        with checks(f"{name} {scheme}"):
            run("srcc-opt", imported, "--sr-prune=" + scheme.replace(",", " "), "--emit-bytecode", "-o", pruned)
            expected = {}
            for target in TARGETS:
                options = [f"--target={target}", "--precision=f32"]
                run("srcc", pruned, *options, "--stop-after=sched", "-o", scheduled)
                if "sched.group" not in open(scheduled).read():
                    raise Failure(f"the schedule for {target} has no list of taps")
                run("srcc", pruned, *options, "-o", package)
                model = Model(package)
                for width, height in SIZES:
                    with checks(f"{name} {scheme} {target} {width}x{height}"):
                        x = noise(SEED, model.info.in_channels, height, width, model.info.low, model.info.high)
                        if (width, height) not in expected:
                            expected[width, height] = interpret(pruned, x, folder)
                        close("output", model.run_f32(x), expected[width, height],
                              1e-4 * (model.info.high - model.info.low))
                model.close()
checks.done()
