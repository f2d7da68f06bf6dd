"""Times whole networks on this machine: srcc's packages, and ONNX Runtime on the same files if it is installed.

models.py [--size=640x360] [--rounds=5] [--precision=f32] [--names=A,B] [--json=FILE] [--only-srcc]

Networks: the demo network and every ONNX file of SRCC_DATA (one exporter). All are run in turn, `rounds` times over, so
that a machine that slows down slows all of them; each figure is the median over the rounds, with the smallest beside it.
  device  ms from first enqueue to last completion, pictures in device memory
  host    ms from float32 host memory to float32 host memory, copies included; what peers are compared by
  peak    2 x non-zero multiply-adds of the model / device time, as a share of the multiply-add peak of the same round
Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]


def networks(names):
    """(name, file) of the networks to time."""
    data = os.environ.get("SRCC_DATA") or ROOT.parent / "shared" / "data"
    files = sorted((ROOT / "docs" / "demo").glob("*.mlirbc"))
    files += [f for f in sorted(pathlib.Path(data).glob("models/onnx/*.onnx")) if ".dynamo." not in f.name]
    return [(f.stem, f) for f in files if not names or f.stem in names]


def program(name):
    """A program of ours: in PATH, or of the build folder."""
    path = shutil.which(name) or ROOT / "build" / "bin" / name
    if not pathlib.Path(path).exists():
        sys.exit(f"models.py: {name} is neither in PATH nor in build/bin: run 'make build'")
    return str(path)


def peer(file, width, height):
    """A function that runs an ONNX file in ONNX Runtime on all cores and returns ms, or None."""
    try:
        import numpy
        import onnxruntime
    except ImportError:
        return None
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    source = session.get_inputs()[0]
    random = numpy.random.default_rng(1)
    picture = random.uniform(0, 1, (1, source.shape[1], height, width)).astype(numpy.float32)
    session.run(None, {source.name: picture})

    def once():
        start = time.perf_counter()
        session.run(None, {source.name: picture})
        return (time.perf_counter() - start) * 1e3
    return once


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="640x360", help="input size, WIDTHxHEIGHT")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precision", default="f32")
    parser.add_argument("--names", default="", help="only these networks, comma-separated")
    parser.add_argument("--json", type=pathlib.Path, help="also write every round's figures there")
    parser.add_argument("--only-srcc", action="store_true", help="leave ONNX Runtime out")
    arguments = parser.parse_args()
    width, height = (int(n) for n in arguments.size.split("x"))
    with tempfile.TemporaryDirectory(prefix="srcc-bench-") as folder:
        cases = []
        for name, file in networks(arguments.names.split(",") if arguments.names else []):
            package = pathlib.Path(folder) / (name + ".srp")
            start = time.perf_counter()
            subprocess.run([program("srcc"), str(file), "-o", str(package), f"--precision={arguments.precision}"],
                           check=True, stdin=subprocess.DEVNULL, capture_output=True)
            compile_s = time.perf_counter() - start
            other = peer(file, width, height) if file.suffix == ".onnx" and not arguments.only_srcc else None
            cases.append({"name": name, "package": package, "compile_s": compile_s, "rounds": [], "onnxruntime_ms": [],
                          "peer": other})
        if not cases:
            sys.exit("models.py: no network to time")
        for done in range(arguments.rounds):
            for case in cases:
                print(f"round {done + 1}/{arguments.rounds}: {case['name']}", end="\033[K\r", file=sys.stderr)
                report = subprocess.run([program("srcc-bench"), str(case["package"]), "--size", arguments.size, "--json", "-"],
                                        check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)
                case["rounds"].append(json.loads(report.stdout))
                if case["peer"]:
                    case["onnxruntime_ms"].append(case["peer"]())
    print(end="\033[K", file=sys.stderr)

    def middle(case, key):
        return statistics.median(r[key] for r in case["rounds"])

    print(f"input {arguments.size}, {arguments.precision}, median of {arguments.rounds} interleaved rounds, "
          f"{cases[0]['rounds'][0]['device']}")
    print(f"{'network':<26}{'device ms':>11}{'min':>9}{'host ms':>9}{'GFLOP/s':>9}{'peak':>7}{'MB':>6}{'compile s':>11}"
          f"{'ONNX RT ms':>12}{'faster':>8}")
    for case in cases:
        share = statistics.median(r["gflops"] / r["peak_gflops"] for r in case["rounds"])
        line = (f"{case['name']:<26}{middle(case, 'median_ms'):>11.1f}{min(r['min_ms'] for r in case['rounds']):>9.1f}"
                f"{middle(case, 'host_ms'):>9.1f}{middle(case, 'gflops'):>9.1f}{share:>7.0%}"
                f"{middle(case, 'peak_memory_mb'):>6.0f}{case['compile_s']:>11.2f}")
        if case["onnxruntime_ms"]:
            other = statistics.median(case["onnxruntime_ms"])
            line += f"{other:>12.1f}{other / middle(case, 'host_ms'):>7.2f}x"
        print(line)
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(
            {"size": arguments.size, "precision": arguments.precision, "networks": [
                {key: case[key] for key in ("name", "compile_s", "rounds", "onnxruntime_ms")} for case in cases]},
            indent=1))
        print(f"all rounds: {arguments.json}")


main()
