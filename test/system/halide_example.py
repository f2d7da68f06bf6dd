"""docs/examples/halide builds against an object of srcc's with plain CMake, and computes the reference's pixels.

halide_example.py MODEL FUNCTION
Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
import re
import sys

import numpy as np

from harness import ROOT, Checks, close, interpret, noise, run, scratch


def halide_include():
    """Where the build found Halide: it is in the cache of CMake, or beside its virtual environment."""
    cache = (ROOT / "build" / "CMakeCache.txt").read_text()
    given = re.search(r"^SRCC_HALIDE:PATH=(.+)$", cache, re.M)
    if given:
        return f"{given[1]}/include"
    return next((ROOT / "build" / "venv-halide").glob("lib/python3*/site-packages/halide/include"))


def main():
    model, function = sys.argv[1:]
    checks = Checks()
    with scratch() as folder, checks("the example"):
        run("srcc", model, "--stop-after=import", "-o", f"{folder}/net.mlirbc", "--quiet")
        run("srcc", model, "--codegen=halide", "-o", f"{folder}/model.o", "--quiet")
        run("cmake", "-S", ROOT / "docs" / "examples" / "halide", "-B", f"{folder}/build", f"-DMODEL={folder}/model",
            f"-DFUNCTION={function}", "-DSCALE=2", f"-DHALIDE_INCLUDE={halide_include()}")
        run("cmake", "--build", f"{folder}/build")
        x = noise(1, 3, 21, 37)
        x.tofile(f"{folder}/in.raw")
        run(f"{folder}/build/upscale", f"{folder}/in.raw", f"{folder}/out.raw", 37, 21)
        y = np.fromfile(f"{folder}/out.raw", np.float32).reshape(3, 42, 74)
        close("pixels", y, interpret(f"{folder}/net.mlirbc", x, folder), 1e-4)
        run(f"{folder}/build/upscale", f"{folder}/missing.raw", f"{folder}/out.raw", 37, 21, code=1)
    checks.done()


main()
