"""Networks under Oclgrind at small sizes: no invalid access, no data race, no use of the API against its rules, and
the same pixels as the reference interpreter.

oclgrind.py NAME...: networks of the data folder (without .onnx), or of test/frontend/make_ops.py.
"""
import pathlib
import sys

import numpy as np

from harness import Checks, Failure, close, interpret, models, oclgrind_device, run, scratch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "frontend"))
import make_ops  # noqa: E402

ICD = "/usr/lib/oclgrind/liboclgrind-rt-icd.so"
SIZES = [(1, 1), (6, 10), (18, 14)]  # width x height


def source(name, folder):
    """The ONNX file of a name, and the sizes it is run at."""
    if name not in make_ops.NETS:
        return models()[name + ".onnx"][0], SIZES
    n = make_ops.write(name, folder)
    least, step = n.smallest, n.multiple
    return f"{folder}/{name}.onnx", [tuple(max(least, -(-s // step) * step) for s in size) for size in SIZES]


checks = Checks()
with scratch() as folder:
    for name in sys.argv[1:]:
        path, sizes = source(name, folder)
        with checks(name):
            imported, package = f"{folder}/model.mlirbc", f"{folder}/model.srp"
            run("srcc", path, "-o", imported, "--stop-after=import")
            run("srcc", imported, "-o", package, f"--target={oclgrind_device(folder)}")
        for width, height in sizes:
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
                    "OCLGRIND_LOG": log, "XDG_CACHE_HOME": folder, "OCLGRIND_NUM_THREADS": "1",
                    "OCLGRIND_LOCAL_MEM_SIZE": str(8 << 20)})  # it adds up that of all kernels
                report = open(log).read()
                if report.strip():
                    raise Failure("Oclgrind reports:\n" + report[:3000])
                x = np.load(f"{folder}/x.npy")
                expected = interpret(imported, x, folder)
                spread = max(1.0, float(np.ptp(x)))
                close("pixels", np.load(f"{folder}/y.npy"), expected, 1e-4 * spread)
checks.done()
