"""Whether networks that the search emits are as fast as it was told: measured against their targets.

search.py [NETWORK...]
(.onnx, .mlir, .mlirbc; without: the ONNX files of SRCC_DATA, else the demo network)

Every network is pruned with `srcc-search prune --calibrate` to some shares of its dense latency,
with a training too short to matter: time depends on the masks alone. A search of docs/examples/
tiny.toml is run, too, as it is but for its target, the calibration and the lengths of its
trainings. What they emit is then measured in turn, round by round, beside the machine's peak.
Exit code: 1 if something could not be measured, or takes more than 1.15 times its target.
Part of srcc, under the Apache License v2.0 with LLVM Exceptions.
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import json
import pathlib
import re
import sys
import tempfile

from common import (
    ROOT,
    Failed,
    cell,
    command_line,
    conditions,
    least_disturbed,
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
    runs_for,
    save,
)
from models import measure

BAR = 1.15
PHOTO = ROOT / "docs" / "demo" / "lighthouse.png"
TINY = ROOT / "docs" / "examples" / "tiny.toml"


def arguments():
    parser = parser_of(__doc__, "search", "640x360")
    parser.add_argument(
        "--ratios", default="", help="shares of the dense latency (default 0.5,0.333,0.2; --quick 0.5)"
    )
    parser.add_argument(
        "--scheme", default="block:8:4", help="of all layers between head and tail (block:8:4)"
    )
    parser.add_argument(
        "--tiny-ms", type=float, default=0, help="target of the search; 0: that of the file"
    )
    parser.add_argument("--no-search", action="store_true", help="only prune")
    given = parsed(parser)
    given.ratios = [
        float(r) for r in (given.ratios or ("0.5" if given.quick else "0.5,0.333,0.2")).split(",")
    ]
    return given


def pruned(case, file, options, folder):
    """Prunes a network, by magnitude and hardly trained; the folder of what comes out."""
    out = folder / f"{case['net']}-{case['ratio']}"
    run(program("srcc-search"), "prune", pathlib.Path(file).resolve(), "--folder", out,
        "--ratio", case["ratio"], "--calibrate",
        "--target=pocl-cpu", "--size", case["size"], "--scheme", options.scheme, "--method=magnitude",
        "--steps=1", "--patch=16", "--batch=1", "--data", folder / "train", "--validate",
        folder / "validate", cwd=folder, timeout=3600)
    return out


def searched(case, options, folder):
    """Runs the example with short trainings; the folder of what comes out."""
    text = TINY.read_text().replace("[target]", "[target]\ncalibrate = true")
    text = re.sub(r"(?m)^(steps) = \d+", r"\1 = 20", text)
    text = re.sub(r"(?m)^tune_steps = \d+", "tune_steps = 5", text)
    if options.tiny_ms:
        text = re.sub(r"(?m)^ms = [\d.]+", f"ms = {options.tiny_ms}", text)
    (folder / "tiny.toml").write_text(text)
    run(program("srcc-search"), "run", "tiny.toml", cwd=folder, timeout=3600)
    return folder / "search"


def emitted(case, make):
    """Fills in what the search says of the network it emitted."""
    case["package"] = str(make() / "model.srp")
    result = json.loads((pathlib.Path(case["package"]).parent / "result.json").read_text())
    for key in ("target_ms", "predicted_ms", "size"):
        case[key] = result[key]


def tables(results):
    header = ["network, size, share of dense", "target ms", "predicted", "measured", "/ target",
              "/ predicted", "others"]
    rows = []
    for case in results["cases"]:
        name = f"{case['net']} {case['size']} {case['ratio'] or 'searched'}"
        ms = median(r["median_ms"] for r in case["rounds"])
        if ms is None:
            rows.append([name, case["error"] or "not measured"])
            continue
        rows.append([name, cell(case["target_ms"], ".2f"), cell(case["predicted_ms"], ".2f"),
                     cell(ms, ".2f"), cell(ms / case["target_ms"], ".2f"),
                     cell(ms / case["predicted_ms"], ".2f"),
                     cell(median(r["others"] for r in case["rounds"]), ".0%")])
    return header, rows


def missed(case):
    ms = median(r["median_ms"] for r in case["rounds"])
    return ms is None or ms > BAR * case["target_ms"]


def main():
    options = arguments()
    if options.report:
        results = json.loads(options.json.read_text())
    else:
        files = networks(options.nets, options.files)
        cases = [{"net": net, "size": size, "ratio": share, "error": "", "rounds": []}
                 for net in files for size in options.sizes for share in options.ratios]
        if not options.no_search:
            cases.append({"net": "tiny.toml", "size": "96x64", "ratio": 0, "error": "", "rounds": []})
        if options.list:
            for case in cases:
                print(case["net"], case["size"], case["ratio"] or "searched")
            return 0
        results = {"machine": machine(), "command": command_line("make bench-search"), "cases": cases}
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            run(sys.executable, ROOT / "test" / "search" / "Inputs" / "pictures.py", PHOTO, folder)
            for number, case in enumerate(cases):
                progress(f"searching {number + 1}/{len(cases)}: {case['net']} {case['ratio']}")
                try:
                    emitted(case, lambda case=case: pruned(case, files[case["net"]], options, folder)
                            if case["ratio"] else searched(case, options, folder))
                except Failed as failure:
                    case["error"] = str(failure)
                save(options.json, results)
            for done in range(options.rounds):
                for case in cases:
                    if case["error"]:
                        continue
                    progress(f"round {done + 1}/{options.rounds}: {case['net']} {case['ratio']}")
                    case["rounds"].append(least_disturbed(
                        lambda case=case: measure(case["package"], case["size"], runs_for(case["target_ms"], 2)),
                        options.tries))
                    save(options.json, results)
        progress("")
    header, rows = tables(results)
    print(plain(header, rows))
    moments = [r for case in results["cases"] for r in case["rounds"]]
    line = conditions(results, moments, [r["others"] for r in moments])
    print(line)
    if options.markdown:
        publish(options.markdown, "search",
                f"`{results['command']}`: {line}.\n\n{markdown(header, rows)}")
    return int(any(map(missed, results["cases"])))


if __name__ == "__main__":
    sys.exit(main())
