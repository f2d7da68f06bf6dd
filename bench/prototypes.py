"""Times srcc's code beside OpenCL kernels that were written by hand for the same networks.

prototypes.py [FOLDER]           (default: the folder SRCC_PROTOTYPES, else ../shared/prototypes beside the repository)

A folder has `runner.cpp`, which times the OpenCL launches of a prototype, and a folder with `plan.txt` for each:
net_dense, net_sparse_N (WDSR-B 16x24 x2, 640x360, density 1/N: 1x1 layers in blocks of 4x1, 3x3 ones in patterns of 4
entries that 4 filters share) and block_sparse_N (one of its blocks). Ours is the network of the data's ONNX file, and
for the blocks one block alone, 24 channels in and out, pruned alike by srcc-opt --sr-prune; masks
and weights are others. Both are measured in turn, once a round; theirs in device memory, as ours is. Figures are
medians over the rounds.
Exit code: 1 if something could not be measured.
Part of srcc, under the Apache License v2.0 with LLVM Exceptions.
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile

import numpy as np

from common import (Failed, Load, ROOT, cell, command_line, conditions, least_disturbed, machine, markdown, median,
                    networks, plain, progress, publish, ratio, reporter_of, run, runs_for, save)
from models import children_s, compile_case, measure

SIZE = "640x360"  # of the prototypes
NETWORK = "wdsr_b_x2_16x24"


def arguments():
    parser = reporter_of(__doc__, "prototypes")
    parser.add_argument("folder", nargs="?", type=pathlib.Path,
                        default=os.environ.get("SRCC_PROTOTYPES") or ROOT.parent / "shared" / "prototypes")
    parser.add_argument("--only", default="", metavar="REGEX", help="only prototypes whose names it finds")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1, help="of our runs in a measurement (default 1)")
    options = parser.parse_args()
    options.rounds = 1 if options.quick else options.rounds
    options.size = "64x48" if options.quick else SIZE  # of ours
    return options


def block(path):
    """One block alone, 24 -> 144 -> 20 -> 24 channels."""
    random, lines = np.random.default_rng(1), []

    def conv(name, value, channels, filters, k):
        weights = (random.standard_normal((filters, channels, k, k)) / np.sqrt(channels * k * k)).astype("<f4")
        shape, pad = f"tensor<{filters}x{channels}x{k}x{k}xf32>", k // 2
        lines.append(f'%w{name} = sr.constant dense<"0x{weights.tobytes().hex()}"> : {shape}')
        lines.append(f"%{name} = sr.conv2d {value}, %w{name} {{pads = array<i64: {pad}, {pad}, {pad}, {pad}>}} : "
                     f'(tensor<1x{channels}x?x?xf32>, {shape}) -> tensor<1x{filters}x?x?xf32> loc("{name}")')
        return f"%{name}"

    def kind(channels):
        return f"tensor<1x{channels}x?x?xf32>"
    wide = conv("wide", "%in", 24, 144, 1)
    lines.append(f"%relu = sr.relu {wide} : {kind(144)}")
    low = conv("low", "%relu", 144, 20, 1)
    branch = conv("branch", low, 20, 24, 3)
    lines.append(f"%sum = sr.add {branch}, %in : ({kind(24)}, {kind(24)}) -> {kind(24)}")
    body = "\n    ".join(lines)
    path.write_text(f"""module attributes {{sr.io = #sr.io<scale = 1, color = none, range = 0.0 : 1.0>}} {{
  func.func @block(%in: {kind(24)}) -> {kind(24)} {{
    {body}
    return %sum : {kind(24)}
  }}
}}
""")


def build_runner(options, folder):
    """The program that times prototypes."""
    compiler = next(filter(shutil.which, [os.environ.get("CXX") or "c++", "clang++", "clang++-22"]), None)
    if not compiler:
        raise Failed("no C++ compiler: install one, or name it in the variable CXX")
    runner = folder / "runner"
    run(compiler, "-O2", "-march=native", options.folder / "runner.cpp", "-o", runner, "-l:libOpenCL.so.1", "-lpthread")
    return runner


def time_prototype(runner, folder):
    """Median of the runner's 15 runs, ms, with the share of the CPUs that others had."""
    load, before = Load(), children_s()
    text = run(runner, folder)
    found = re.search(r"median +([\d.]+) ms", text)
    if not found:
        raise Failed(f"{runner.name} says no median: {text.strip()}")
    return {"median_ms": float(found[1]), "others": load.others(children_s() - before)}


def cases_of(options):
    """What there is to measure, a prototype and our variant each."""
    names = sorted(p.parent.name for p in options.folder.glob("*/plan.txt"))
    cases = []
    for name in names:
        found = re.fullmatch(r"(net|block)_(?:dense|sparse_(\d+))", name)
        if found and re.search(options.only, name):
            variant = f"pattern shared=4 keep=4 density={1 / int(found[2])}" if found[2] else "dense"
            if found[1] == "block" and found[2]:
                variant += " layers=wide,low,branch"
            cases.append({"prototype": name, "net": found[1], "variant": variant, "error": None, "theirs": [],
                          "ours": []})
    return cases


def measure_all(results, cases, options, folder):
    """Fills in the cases, round by round; what fails has an error and is left out from then on."""
    files = {"net": next(iter(networks(f"^{NETWORK}$").values()), None), "block": folder / "block.mlir"}
    block(files["block"])
    runner, packages, runs = build_runner(options, folder), {}, {}
    for done in range(options.rounds):
        for case in cases:
            name = case["prototype"]
            if case["error"]:
                continue
            progress(f"round {done + 1}/{options.rounds}: {name}")
            try:
                if name not in packages:
                    if not files[case["net"]]:
                        raise Failed(f"there is no {NETWORK}.onnx in SRCC_DATA")
                    (place := folder / name).mkdir()
                    packages[name] = compile_case(case, files[case["net"]], "f32", place)
                    runs[name] = runs_for(measure(packages[name], options.size, 2, 1)["median_ms"], options.seconds)
                case["theirs"].append(least_disturbed(lambda: time_prototype(runner, options.folder / name), 2))
                case["ours"].append(least_disturbed(lambda: measure(packages[name], options.size, runs[name]), 2))
            except Failed as failure:
                case["error"] = str(failure)
            save(options.json, results)
    progress("")


def summary(results):
    """Header and rows of the table."""
    header, rows = ["prototype", "our variant", "theirs ms", "ours ms", "theirs / ours", "ours of peak", "others"], []
    for case in results["cases"]:
        name = case["prototype"]
        if case["error"] or not case["ours"]:
            rows.append([name, case["error"] or "not measured"])
            continue
        theirs, ours = (median(r["median_ms"] for r in case[key]) for key in ("theirs", "ours"))
        others = median(r["others"] for key in ("theirs", "ours") for r in case[key])
        faster = ratio(theirs, ours) if results["size"] == SIZE else None  # theirs has no other size
        rows.append([name, case["variant"], f"{theirs:.2f}", f"{ours:.2f}", cell(faster, ".2f"),
                     f"{median(r['gflops'] / r['peak_gflops'] for r in case['ours']):.0%}", f"{others:.0%}"])
    return header, rows


def main():
    options = arguments()
    if options.report:
        results = json.loads(options.json.read_text())
    else:
        cases = cases_of(options)
        if not cases:
            sys.exit(f"prototypes.py: no prototype in {options.folder}: name their folder, or set SRCC_PROTOTYPES")
        results = {"command": command_line("make bench-prototypes"), "machine": machine(),
                   "rounds": options.rounds, "size": options.size, "cases": cases}
        with tempfile.TemporaryDirectory(prefix="srcc-bench-") as folder:
            try:
                measure_all(results, cases, options, pathlib.Path(folder))
            except Failed as failure:
                sys.exit(f"prototypes.py: {failure}")
    cases = results["cases"]
    header, rows = summary(results)
    reports = [r for case in cases for r in case["ours"]]
    about = conditions(results, reports, [r["others"] for r in reports])
    about += f"; {results['size']}, rounds: {results['rounds']}"
    print(f"{about}\n\n{plain(header, rows)}\n\nall rounds: {options.json}")
    if options.markdown:
        publish(options.markdown, "prototypes", f"`{results['command']}`: {about}.\n\n{markdown(header, rows)}")
    sys.exit(any(case["error"] or not case["ours"] for case in cases))


if __name__ == "__main__":
    main()
