"""Tuned schedules beside the default ones: what srcc --tune gains, measured in one run.

tune.py [NETWORK...]
(.onnx, .mlir, .mlirbc; without: the ONNX files of SRCC_DATA, else the demo network)

Each network is tuned; then the package with the default schedule and the tuned one are measured in
turn, in many rounds of srcc-bench --profile, none of which the tuner has seen.
Exit code: 1 if a network could not be tuned or measured.
Part of srcc, under the Apache License v2.0 with LLVM Exceptions.
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import json
import math
import pathlib
import sys
import tempfile

from common import (
    Failed,
    cell,
    command_line,
    machine,
    markdown,
    median,
    networks,
    parsed,
    parser_of,
    plain,
    program,
    progress,
    publish,
    run,
    save,
)
from cost import priority
from rank import profile


def arguments():
    parser = parser_of(__doc__, "tune", "320x180")
    parser.add_argument("--trials", type=int, help="default 40; with --quick 3")
    parser.add_argument(
        "--measure",
        type=int,
        help="schedules that the tuner measures; 0: none (default 4; with --quick 1)",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", default="host")
    given = parsed(parser)
    given.rounds = max(given.rounds, 2 if given.quick else 9)
    given.trials = given.trials or (3 if given.quick else 40)
    given.measure = (1 if given.quick else 4) if given.measure is None else given.measure
    return given


def measured(options, name, file, size, folder):
    """A row: what the tuner did, and the times of both schedules in each round."""
    summary = folder / "tune.json"
    flags = [f"--target={options.target}", "--no-golden", "--quiet"]
    tuning = [f"--tune={options.trials}", f"--tune-size={size}", f"--tune-seed={options.seed}"]
    if options.measure:
        tuning.append(f"--tune-measure={options.measure}")
    packages = [folder / "default.srp", folder / "tuned.srp"]
    progress(f"{name} {size}: default schedule")
    run(program("srcc"), file, *flags, "-o", packages[0])
    progress(f"{name} {size}: tuning")
    run(
        program("srcc"),
        file,
        *flags,
        *tuning,
        f"--tune-json={summary}",
        "-o",
        packages[1],
        timeout=24 * 3600,
    )
    said = json.loads(summary.read_text())
    profile(packages, "32x24", folder)
    rounds = []
    for i in range(options.rounds):
        progress(f"{name} {size}: round {i + 1} of {options.rounds}")
        rounds.append([r["ms"] for r in profile(packages, size, folder, *priority())["runs"]])
    return {
        "net": name,
        "size": size,
        "tuner": said,
        "rounds": rounds,
        "default_ms": median(r[0] for r in rounds),
        "tuned_ms": median(r[1] for r in rounds),
        "gain": median(r[0] / r[1] for r in rounds),
        "same": all(not kernel["choices"] for kernel in said["kernels"]),
    }


def table(results):
    header = ["network", "size", "trials", "default ms", "tuned ms", "default / tuned", "predicted"]
    rows = []
    for case in results["cases"]:
        if "error" in case:
            rows.append([case["net"], case["error"]])
            continue
        said = case["tuner"]
        rows.append(
            [
                case["net"],
                case["size"],
                str(said["trials"]),
                f"{case['default_ms']:.2f}",
                f"{case['tuned_ms']:.2f}",
                f"{case['gain']:.2f}" + (" (the same schedule)" if case["same"] else ""),
                cell(said["rule_ms"] / said["best_ms"], ".2f"),
            ]
        )
    gains = [case["gain"] for case in results["cases"] if "error" not in case]
    if gains:
        mean = math.exp(sum(map(math.log, gains)) / len(gains))
        rows.append(["geometric mean", "", "", "", "", f"{mean:.2f}", ""])
    return header, rows


def main():
    options = arguments()
    found = networks(options.nets, options.files)
    if options.list:
        for name in found:
            print(name, *options.sizes)
        return 0
    if options.report:
        results = json.loads(options.json.read_text())
    else:
        results = {"command": command_line("make bench-tune"), "machine": machine(), "cases": []}
        for name, file in found.items():
            for size in options.sizes:
                with tempfile.TemporaryDirectory(prefix="srcc-tune-") as folder:
                    try:
                        case = measured(options, name, file, size, pathlib.Path(folder))
                    except Failed as failure:
                        case = {"net": name, "size": size, "error": str(failure)}
                results["cases"].append(case)
                save(options.json, results)
    progress("")
    header, rows = table(results)
    where = results["machine"]
    about = (
        f"{where['cpu']}, {where['cores']} cores; medians; {where['date']}, revision "
        f"{where['revision']}"
    )
    print(f"{about}\n\n{plain(header, rows)}\n\nall figures: {options.json}")
    if options.markdown:
        publish(
            options.markdown,
            "tune",
            f"`{results['command']}`: {about}.\n\n{markdown(header, rows)}",
        )
    return int(any("error" in case for case in results["cases"]))


if __name__ == "__main__":
    sys.exit(main())
