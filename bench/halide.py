"""Times srcc's code beside Halide's on this machine: the same schedule, Halide's autoschedulers, whole networks and layers.

halide.py [NETWORK...]           (.onnx, .mlir, .mlirbc; without: the ONNX files of SRCC_DATA, else the demo network)

Contenders: srcc; Halide's code for the CPU and through OpenCL of the schedule that srcc took; the schedule of a phone
through OpenCL; and, without any schedule of ours, Adams2019 on the CPU and Anderson2021 and Li2018 through OpenCL. Each is
measured by srcc-bench once a round, one after the other. `layer` is one convolution of 3x3 from 32 to 32 channels with
1x1 around it, a network of this file. What Halide refuses, or does not compile within --limit seconds, is a row with the reason. Figures are medians
over the rounds. Exit code: 1 if nothing of srcc's or of Halide's could be measured.
Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
import json
import pathlib
import sys
import tempfile
import time

import numpy as np

from common import (Failed, command_line, conditions, least_disturbed, machine, markdown, median, networks, parsed,
                    parser_of, plain, program, progress, publish, ratio, run, save)
from models import measure

# Name -> (device whose default schedule is taken, target of Halide's, autoscheduler); srcc itself has no target.
CONTENDERS = {
    "srcc": ("host", None, None),
    "Halide CPU": ("host", "host", None),
    "Halide OpenCL": ("host", "host-opencl", None),
    "Halide OpenCL, mali-g77": ("mali-g77", "host-opencl", None),
    "Adams2019 CPU": ("host", "host", "Adams2019"),
    "Anderson2021 OpenCL": ("host", "host-opencl", "Anderson2021"),
    "Li2018 OpenCL": ("host", "host-opencl", "Li2018"),
}


def arguments():
    parser = parser_of(__doc__, "halide", "640x360")
    parser.add_argument("--runs", type=int, help="of a measurement (default 5; with --quick 2)")
    parser.add_argument("--limit", type=int, default=300, help="seconds that Halide may take to compile (default 300)")
    parser.add_argument("--only", default="", help="contenders, separated by commas")
    given = parsed(parser)
    given.runs = given.runs or (2 if given.quick else 5)
    return given


def layer(path):
    """A network that is as good as one convolution, 32 -> 32 channels, 3x3, between 1x1 to and from the picture."""
    random, lines, value, channels = np.random.default_rng(1), [], "%in", 3
    for name, filters, k in (("a", 32, 1), ("b", 32, 3), ("out", 3, 1)):
        weights = random.standard_normal((filters, channels, k, k)).astype("<f4")
        shape, pad = f"tensor<{filters}x{channels}x{k}x{k}xf32>", k // 2
        lines.append(f'%w{name} = sr.constant dense<"0x{weights.tobytes().hex()}"> : {shape}')
        lines.append(f"%{name} = sr.conv2d {value}, %w{name} {{pads = array<i64: {pad}, {pad}, {pad}, {pad}>}} : "
                     f"(tensor<1x{channels}x?x?xf32>, {shape}) -> tensor<1x{filters}x?x?xf32>")
        value, channels = f"%{name}", filters
    body, kind = "\n    ".join(lines), "tensor<1x3x?x?xf32>"
    path.write_text(f"""module attributes {{sr.io = #sr.io<scale = 1, color = rgb, range = 0.0 : 1.0>}} {{
  func.func @layer(%in: {kind}) -> {kind} {{
    {body}
    return %out : {kind}
  }}
}}
""")


def compile_case(case, file, options, folder):
    device, target, autoscheduler = CONTENDERS[case["contender"]]
    start = time.perf_counter()
    if not target:
        result = folder / "net.srp"
        run(program("srcc"), file, "-o", result, "--quiet")
    else:
        scheduled, result = folder / "sched.mlirbc", folder / "net.so"
        run(program("srcc"), file, "--stop-after=sched", f"--target={device}", "-o", scheduled, "--quiet")
        run(program("srcc-halide"), scheduled, "-o", result, "--quiet", f"--halide-target={target}",
            *([f"--autoscheduler={autoscheduler}", f"--size={case['size']}"] if autoscheduler else []),
            timeout=options.limit)
    case["compile_s"] = time.perf_counter() - start
    return result


def measured(options):
    names = options.only.split(",") if options.only else list(CONTENDERS)
    with tempfile.TemporaryDirectory(prefix="srcc-bench-") as folder:
        folder = pathlib.Path(folder)
        imported = {}
        for number, (net, file) in enumerate(networks(options.nets, options.files).items()):
            dense, sparse = folder / f"{number}.mlirbc", folder / f"{number}-sparse.mlirbc"
            run(program("srcc"), file, "--stop-after=import", "-o", dense, "--quiet")
            run(program("srcc-opt"), dense, "--sr-prune=scheme=block f=4 c=1 density=0.25", "--emit-bytecode", "-o",
                sparse)
            imported[f"{net} dense"], imported[f"{net} block 1/4"] = dense, sparse
        cases = [{"net": net, "contender": contender, "size": size, "compile_s": None, "error": None, "rounds": []}
                 for size in options.sizes for net in imported for contender in names]
        if options.list:
            print("\n".join(f"{c['net']} {c['size']} {c['contender']}" for c in cases))
            sys.exit()
        results = {"command": command_line("make bench-halide"), "machine": machine(), "rounds": options.rounds,
                   "cases": cases}
        built = {}
        for number, case in enumerate(cases):
            progress(f"compiling {number + 1}/{len(cases)}: {case['net']} {case['contender']}")
            place = folder / f"case{number}"
            place.mkdir()
            try:
                built[number] = compile_case(case, imported[case["net"]], options, place)
            except Failed as failure:
                case["error"] = str(failure)
            save(options.json, results)
        for done in range(options.rounds):
            for number, case in enumerate(cases):
                if case["error"]:
                    continue
                progress(f"round {done + 1}/{options.rounds}: {case['net']} {case['contender']}")
                try:
                    case["rounds"].append(least_disturbed(
                        lambda n=number, c=case: measure(built[n], c["size"], options.runs), options.tries))
                except Failed as failure:
                    case["error"] = str(failure)
                save(options.json, results)
        progress("")
    return results


def summary(cases):
    header = ["network, size, contender", "ms", "host ms", "GFLOP/s", "of peak", "compile s", "x srcc", "others"]
    rows = []
    for case in cases:
        name = f"{case['net']} {case['size']} {case['contender']}"
        if not case["rounds"]:
            rows.append([name, case["error"] or "not measured"])
            continue
        ours = next((c for c in cases if (c["net"], c["size"], c["contender"]) == (case["net"], case["size"], "srcc")),
                    None)
        middle = {key: median(r[key] for r in case["rounds"]) for key in
                  ("median_ms", "host_ms", "gflops", "others")}
        share = median(r["gflops"] / r["peak_gflops"] for r in case["rounds"])
        base = median(r["median_ms"] for r in ours["rounds"]) if ours and ours["rounds"] else None
        slower = ratio(middle["median_ms"], base)
        rows.append([name, f"{middle['median_ms']:.2f}", f"{middle['host_ms']:.2f}", f"{middle['gflops']:.1f}",
                     f"{share:.0%}", f"{case['compile_s']:.1f}", f"{slower:.2f}" if slower else "-",
                     f"{middle['others']:.0%}"])
    return header, rows


def main():
    options = arguments()
    if not options.files and not options.nets and not options.report:  # single layers beside the zoo
        with tempfile.TemporaryDirectory(prefix="srcc-bench-") as folder:
            path = pathlib.Path(folder) / "layer_3x3_32.mlir"
            layer(path)
            options.files = [path, *networks().values()]
            results = measured(options)
    else:
        results = json.loads(options.json.read_text()) if options.report else measured(options)
    header, rows = summary(results["cases"])
    reports = [r for c in results["cases"] for r in c["rounds"]]
    about = f"{conditions(results, reports, [r['others'] for r in reports])}; rounds: {results['rounds']}"
    print(f"{about}\n\n{plain(header, rows)}\n\nall rounds: {options.json}")
    if options.markdown:
        publish(options.markdown, "halide", f"`{results['command']}`: {about}.\n\n{markdown(header, rows)}")
    counts = {kind: sum(bool(c["rounds"]) for c in results["cases"] if (c["contender"] == "srcc") == kind)
              for kind in (True, False)}
    sys.exit(not all(counts.values()))


if __name__ == "__main__":
    main()
