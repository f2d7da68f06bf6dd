"""The emitted OpenCL C of every device, as text, through clang for OpenCL 1.2 and 3.0, with and without half arithmetic.

clc.py NAME...  (networks of the data folder, without .onnx)
"""
import re
import sys

from harness import Checks, Failure, models, run, scratch

DEVICES = ["pocl-cpu", "adreno640", "adreno650", "mali-g77"]
CLANG = ["clang-22", "-x", "cl", "-Xclang", "-finclude-default-header", "-target", "spir64-unknown-unknown", "-Wall",
         "-Werror", "-Wno-unused-parameter", "-fsyntax-only"]

checks = Checks()
with scratch() as folder:
    for name in sys.argv[1:]:
        path = models()[name + ".onnx"][0]
        for device in DEVICES:
            for precision in ("f32", "f16s"):
                with checks(f"{name} {device} {precision}"):
                    source = f"{folder}/kernels.cl"
                    done = run("srcc", path, "-o", source, f"--target={device}", f"--precision={precision}",
                               "--emit=opencl", code=None)
                    if done.returncode:
                        raise Failure(done.stderr[-2000:])
                    text = open(source).read()
                    if not re.search(r"^kernel\b", text, re.M):
                        raise Failure("no kernel in the emitted text")
                    if "cl_khr_fp16" in text:
                        raise Failure(f"half arithmetic in {precision}")
                    for standard in ("CL1.2", "CL3.0"):
                        for half in ("+cl_khr_fp16", "-cl_khr_fp16"):
                            run(*CLANG, f"-cl-std={standard}", "-Xclang", f"-cl-ext={half}", source)
checks.done()
