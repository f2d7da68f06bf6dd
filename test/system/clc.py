"""The emitted OpenCL C of every device, as text, through clang for OpenCL 1.2 and 3.0, with and without cl_khr_fp16;
half arithmetic itself (f16), for the devices that have it, with it.

clc.py NAME...  (networks of the data folder, without .onnx)
"""
import re
import sys

from harness import Checks, Failure, models, run, scratch

DEVICES = ["pocl-cpu", "adreno640", "adreno650", "mali-g77"]
HALF_DEVICES = DEVICES[1:]
CLANG = ["clang-22", "-x", "cl", "-Xclang", "-finclude-default-header", "-target", "spir64-unknown-unknown", "-Wall",
         "-Werror", "-Wno-unused-parameter", "-fsyntax-only"]

checks = Checks()
with scratch() as folder:
    for name in sys.argv[1:]:
        path = models()[name + ".onnx"][0]
        for device in DEVICES:
            for precision in ("f32", "f16s") + ("f16",) * (device in HALF_DEVICES):
                with checks(f"{name} {device} {precision}"):
                    source = f"{folder}/kernels.cl"
                    done = run("srcc", path, "-o", source, f"--target={device}", f"--precision={precision}",
                               "--emit=opencl", code=None)
                    if done.returncode:
                        raise Failure(done.stderr[-2000:])
                    text = open(source).read()
                    if not re.search(r"^kernel\b", text, re.M):
                        raise Failure("no kernel in the emitted text")
                    enabled = "#pragma OPENCL EXTENSION cl_khr_fp16 : enable\n" in text
                    if enabled != (precision == "f16"):
                        raise Failure(f"half arithmetic is {'' if enabled else 'not '}enabled in {precision}")
                    for standard in ("CL1.2", "CL3.0"):
                        for half in ("+cl_khr_fp16",) if enabled else ("+cl_khr_fp16", "-cl_khr_fp16"):
                            run(*CLANG, f"-cl-std={standard}", "-Xclang", f"-cl-ext={half}", source)
checks.done()
