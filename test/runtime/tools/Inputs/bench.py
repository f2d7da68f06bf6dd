"""Inputs and checks of the tests of srcc-bench.

bench.py make OUT.npy CHANNELS              a picture of noise, 5 rows of 7 pixels
bench.py nearest IN.npy OUT.npy SCALE GAIN  OUT is IN repeated, times GAIN
bench.py report FILE.json MACS              the report has what is documented, and is consistent
"""
import json
import sys

import numpy

command, path = sys.argv[1:3]
if command == "make":
    numpy.save(path, numpy.random.default_rng(1).random((1, int(sys.argv[3]), 5, 7), dtype=numpy.float32))
elif command == "nearest":
    scale, gain = int(sys.argv[4]), numpy.float32(sys.argv[5])
    output = numpy.load(sys.argv[3])
    expected = numpy.load(path).repeat(scale, 2).repeat(scale, 3) * gain
    assert output.dtype == numpy.float32 and output.shape == expected.shape, output.shape
    assert abs(output - expected).max() < 1e-6
else:
    report = json.load(sys.stdin if path == "-" else open(path, encoding="utf-8"))
    assert 0 < report["min_ms"] <= report["median_ms"], report
    assert report["host_ms"] > 0 and report["peak_memory_mb"] > 1 and report["device"], report
    gflops = 2 * float(sys.argv[3]) / report["median_ms"] / 1e6
    assert abs(report["gflops"] - gflops) < 1e-6 * gflops, report
    assert report["peak_gflops"] > report["gflops"], report
    assert report["warm_cache"] is True, report
    (kernel,) = report["kernels"]
    assert kernel["name"] == "ff" and kernel["median_ms"] > 0 and kernel["gflops"] > 0, report
