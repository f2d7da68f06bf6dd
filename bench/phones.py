"""Predicted latencies on phones beside published ones of other engines, and whether predictions grow with the work.

phones.py

bench/phones.json has the published figures, each with its source. Nothing is fitted to them, and nothing is measured
here: ours are predictions of srcc-cost from the device files, in half precision. A block is a WDSR block in a network
of its own, of which its own layers count. The second table asks srcc-cost for chains of one layer of interest, of more
and more filters, layers and kept weights, and names each step at which the prediction falls.
Exit code: 1 if something could not be predicted.
Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
import json
import pathlib
import sys
import tempfile

from common import Failed, ROOT, command_line, machine, markdown, networks, plain, program, progress, publish, \
    reporter_of, run, save

TERMS = ["compute_ms", "memory_ms", "launch_ms"]


def predicted(source, target, size, *flags):
    return json.loads(run(program("srcc-cost"), source, f"--target={target}", f"--size={size}", "--json", "--quiet",
                          *flags))


def asked(layers, target, size, folder, *flags):
    """The prediction for a list of layers; 3 channels, x2."""
    file = folder / "layers.json"
    file.write_text(json.dumps({"scale": 2, "channels": 3, "layers": [*layers, {"name": "tail", "out": 12}]}))
    return predicted(file, target, size, *flags)


def block(row):
    """A WDSR block behind a convolution."""
    channels = row["channels"]
    return [{"name": "head", "out": channels},
            {"name": "block.expand", "out": row["expand"], "kernel": 1, "relu": True},
            {"name": "block.reduce", "out": row["low"], "kernel": 1},
            {"name": "block.conv", "out": channels, "add": "head"}]


def of_layers(report, prefix):
    """Whole time and its terms of the layers of that prefix: their kernels' by the shares of their layers."""
    own = {layer["name"]: layer["ms"] for layer in report["layers"]}
    sums = dict.fromkeys(["ms", *TERMS], 0.0)
    for kernel in report["kernels"]:
        mine = sum(own[name] for name in kernel["layers"] if name.startswith(prefix))
        share = mine / kernel["ms"] if kernel["ms"] else 0
        for key in sums:
            sums[key] += share * kernel[key]
    return sums


def published(folder):
    """Rows: name, profile, published ms, ours, and our terms."""
    table = json.loads((ROOT / "bench" / "phones.json").read_text())
    files, rows = networks(), []
    for case in table["networks"]:
        progress(case["name"])
        row = {"name": case["name"], "target": case["target"], "size": case["size"], "published": case["ms"]}
        if case["model"] in files:
            report = predicted(files[case["model"]], case["target"], case["size"], "--precision=f16")
            row |= {"ms": report["total_ms"]} | {t: sum(k[t] for k in report["kernels"]) for t in TERMS}
        rows.append(row)
    blocks = table["blocks"]
    for case in blocks["rows"]:
        shape = f"{case['channels']}-{case['expand']}-{case['low']}-{case['channels']}"
        for phone, target in blocks["columns"].items():
            progress(f"block {shape}, {phone}")
            report = asked(block(case), target, blocks["size"], folder, "--precision=f16")
            rows.append({"name": f"block {shape}, {phone}", "target": target, "size": blocks["size"],
                         "published": case[phone], **of_layers(report, "block.")})
    return rows, table["sources"]


def growth(folder, targets, quick):
    """target -> way of growing -> [(what, ms)]."""
    def chain(width, depth=1, **sparse):
        return [{"out": width}] + [{"out": width, "relu": True, **sparse}] * depth

    ways = {
        "width": [(f"{w} filters", chain(w)) for w in (8, 16, 24, 32, 48)],
        "depth": [(f"{d} layers", chain(16, d)) for d in (1, 2, 4)],
    }
    for scheme in ({"scheme": "block", "f": 4, "c": 1}, {"scheme": "pattern", "shared": 4}):
        ways[f"density, {scheme['scheme']}"] = [
            (f"{d:g}", chain(32, **({"density": d, **scheme} if d < 1 else {}))) for d in (0.125, 0.25, 0.5, 1)]
    result = {}
    for target in targets:
        for way, steps in ways.items():
            progress(f"{target}: {way}")
            steps = steps[:2] if quick else steps
            result.setdefault(target, {})[way] = [
                (what, asked(layers, target, "640x360", folder, "--precision=f16")["total_ms"])
                for what, layers in steps]
    return result


def falls(steps):
    """The steps at which the prediction is less than before."""
    return [f"{b[0]} takes {b[1]:.2f} ms, {a[0]} {a[1]:.2f}" for a, b in zip(steps, steps[1:]) if b[1] < 0.999 * a[1]]


def tables(results):
    header = ["what", "profile", "size", "published ms", "predicted ms", "predicted / published", "compute ms",
              "memory ms", "launch ms"]
    rows = [[r["name"], r["target"], r["size"], f"{r['published']:g}"] +
            ([f"{r['ms']:.2f}", f"{r['ms'] / r['published']:.2f}"] + [f"{r[t]:.2f}" for t in TERMS] if "ms" in r else
             ["no network"] + ["-"] * 4) for r in results["published"]]
    grown = [[target, way, ", ".join(f"{ms:.2f}" for _, ms in steps), "; ".join(falls(steps)) or "never"]
             for target, ways in results["growth"].items() for way, steps in ways.items()]
    return (header, rows), (["profile", "more of", "predicted ms", "falls"], grown)


def main():
    options = reporter_of(__doc__, "phones").parse_args()
    if options.report:
        results = json.loads(options.json.read_text())
    else:
        with tempfile.TemporaryDirectory(prefix="srcc-phones-") as name:
            folder = pathlib.Path(name)
            rows, sources = published(folder)
            targets = ["adreno640"] if options.quick else ["adreno640", "adreno650", "mali-g77"]
            results = {"command": command_line("make bench-phones"), "revision": machine()["revision"],
                       "published": rows, "sources": sources, "growth": growth(folder, targets, options.quick)}
        save(options.json, results)
    progress("")
    first, second = tables(results)
    print(f"{plain(*first)}\n\n{plain(*second)}\n\nall figures: {options.json}")
    if options.markdown:
        sources = "".join(f"- {text}\n" for text in results["sources"].values())
        publish(options.markdown, "phones",
                f"`{results['command']}`, revision {results['revision']}. Published figures are from\n\n{sources}\n"
                f"{markdown(*first)}\n\n{markdown(*second)}")


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"phones.py: {failure}")
