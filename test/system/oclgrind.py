"""Networks under Oclgrind at small sizes: no invalid access, no data race, no use of the API against its rules, and
the same pixels as the reference interpreter.

oclgrind.py [MODEL.onnx|.mlir|.mlirbc...]; names without a suffix are networks of the data folder.
"""
import pathlib
import sys

import numpy as np

from harness import Checks, Failure, close, interpret, models, run, scratch

ICD = "/usr/lib/oclgrind/liboclgrind-rt-icd.so"
SIZES = [(1, 1), (9, 6), (19, 13)]  # width x height

checks = Checks()
with scratch() as folder:
    for name in sys.argv[1:]:
        path = pathlib.Path(name) if pathlib.Path(name).suffix else models()[name + ".onnx"][0]
        with checks(name):
            imported, package = f"{folder}/model.mlirbc", f"{folder}/model.srp"
            run("srcc", path, "-o", imported, "--stop-after=import")
            run("srcc", imported, "-o", package)
        for width, height in SIZES:
            with checks(f"{name} {width}x{height}"):
                log = f"{folder}/oclgrind.log"
                open(log, "w").close()
                # The harness itself, as the program under test, with Oclgrind as the only OpenCL platform.
                code = ("import numpy, sys, harness; m = harness.Model(sys.argv[1]); i = m.info; "
                        "x = harness.noise(3, i.in_channels, int(sys.argv[3]), int(sys.argv[2]), i.low, i.high); "
                        "numpy.save(sys.argv[4], m.run_f32(x)); numpy.save(sys.argv[5], x); m.close(); "
                        "assert i.platform == b'Oclgrind', i.platform")
                run(sys.executable, "-c", code, package, width, height, f"{folder}/y.npy", f"{folder}/x.npy", env={
                    "OCL_ICD_VENDORS": ICD, "OCLGRIND_DATA_RACES": "1", "OCLGRIND_CHECK_API": "1",
                    "OCLGRIND_LOG": log, "XDG_CACHE_HOME": folder, "OCLGRIND_NUM_THREADS": "1"})
                report = open(log).read()
                if report.strip():
                    raise Failure("Oclgrind reports:\n" + report[:3000])
                x = np.load(f"{folder}/x.npy")
                expected = interpret(imported, x, folder)
                spread = max(1.0, float(np.ptp(x)))
                close("pixels", np.load(f"{folder}/y.npy"), expected, 1e-4 * spread)
checks.done()
