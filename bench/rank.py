"""How well the cost model ranks schedules of one kernel, and how good the one is that it likes best.

rank.py [KERNEL...]
(dense3x3, dense1x1, block, pattern, fused, shuffle; without: all)

Each kernel is a layer (fused: three, which random schedules fuse or not) in a network of its own.
`srcc --random-schedule` makes schedules of it; what is refused is counted, and others are made. All
are measured in each of several rounds of srcc-bench --profile, and predicted: with the target's
coefficients, and with those fitted to profile kits that are measured in the same rounds. What
counts is the time of the launches with these layers.
Exit code: 1 if something could not be measured or predicted.
Part of srcc, under the Apache License v2.0 with LLVM Exceptions.
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import concurrent.futures
import json
import pathlib
import random
import struct
import subprocess
import sys

from common import (
    Failed,
    cell,
    command_line,
    compile_kit,
    machine,
    markdown,
    median,
    plain,
    program,
    progress,
    publish,
    reporter_of,
    run,
    save,
)
from cost import merged, priority, spearman

# Layers: (name, filters, kernel, relu, whether the first layer's result is added), and how those
# of interest are pruned. "of" are those of interest.
HEAD, TAIL = ("head", 24, 1, False, False), ("tail", 12, 1, False, False)
KERNELS = {
    "dense3x3": {"layers": [HEAD, ("of", 24, 3, True, False), TAIL]},
    "dense1x1": {"layers": [HEAD, ("of", 72, 1, True, False), TAIL]},
    "block": {
        "layers": [HEAD, ("of", 24, 3, True, False), TAIL],
        "prune": "scheme=block f=4 c=1 density=0.25 layers=of",
    },
    "pattern": {
        "layers": [HEAD, ("of", 24, 3, True, False), TAIL],
        "prune": "scheme=pattern shared=4 density=0.5 layers=of",
    },
    "fused": {
        "layers": [
            HEAD,
            ("of.expand", 72, 1, True, False),
            ("of.reduce", 20, 1, False, False),
            ("of.conv", 24, 3, False, True),
            TAIL,
        ],
        "fusion": True,
    },
    "shuffle": {"layers": [HEAD, ("of", 12, 3, False, False)]},
}


def arguments():
    parser = reporter_of(__doc__, "rank")
    parser.add_argument("kernels", nargs="*", metavar="KERNEL")
    parser.add_argument(
        "--schedules", type=int, help="random ones of each kernel (default 36, of which one is the default one; with --quick 3)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the first of them (default 1)")
    parser.add_argument("--size", help="default 320x180; with --quick 64x48")
    parser.add_argument("--rounds", type=int, help="default 6; with --quick 2")
    parser.add_argument(
        "--fit", type=int, help="kits to fit to (default 8; with --quick 0: none)"
    )
    parser.add_argument("--target", default="host")
    parser.add_argument(
        "--device",
        type=pathlib.Path,
        help="a device file to predict with, too, as bench/cost.py or --fit make them",
    )
    parser.add_argument("--jobs", type=int, default=2, help="compilers at once (default 2)")
    parser.add_argument(
        "--again", action="store_true", help="measure nothing: fit and predict anew"
    )
    given = parser.parse_args()
    given.kernels = given.kernels or list(KERNELS)
    for name in given.kernels:
        if name not in KERNELS:
            parser.error(f"no kernel is called {name}; there are {', '.join(KERNELS)}")
    given.schedules = given.schedules or (3 if given.quick else 36)
    given.size = given.size or ("64x48" if given.quick else "320x180")
    given.rounds = given.rounds or (2 if given.quick else 6)
    given.fit = (0 if given.quick else 8) if given.fit is None else given.fit
    return given


def network(layers):
    """A network of the sr dialect, for 3 channels and twice the size, with random weights."""
    numbers = random.Random(1)

    def tensor(*shape):
        count = 1
        for n in shape:
            count *= n
        values = [numbers.uniform(-1, 1) for _ in range(count)]
        data = struct.pack(f"<{count}f", *values).hex()
        return f'sr.constant dense<"0x{data}"> : tensor<{"x".join(map(str, shape))}xf32>'

    def features(channels):
        return f"tensor<1x{channels}x?x?xf32>"

    lines = [
        "module attributes {sr.io = #sr.io<scale = 2, color = rgb, range = 0.0 : 1.0>} {",
        f"  func.func @net(%x: {features(3)}) -> {features(3)} {{",
    ]
    last, first, channels = "%x", None, 3
    for i, (name, filters, kernel, relu, added) in enumerate(layers):
        here = f'loc("{name}")'
        pads = f" {{pads = array<i64: {', '.join(['1'] * 4)}>}}" if kernel == 3 else ""
        weights = f"tensor<{filters}x{channels}x{kernel}x{kernel}xf32>"
        lines.append(f"    %w{i} = {tensor(filters, channels, kernel, kernel)}")
        lines.append(
            f"    %c{i} = sr.conv2d {last}, %w{i}{pads} : ({features(channels)}, {weights}) -> "
            f"{features(filters)} {here}"
        )
        last, channels = f"%c{i}", filters
        if relu:
            lines.append(f"    %r{i} = sr.relu {last} : {features(channels)} {here}")
            last = f"%r{i}"
        if added:
            lines.append(
                f"    %a{i} = sr.add {last}, {first} : ({features(channels)}, "
                f"{features(channels)}) -> {features(channels)} {here}"
            )
            last = f"%a{i}"
        first = first or last
    lines.append(
        f"    %end = sr.pixel_shuffle {last} {{scale = 2}} : ({features(12)}) -> {features(3)}"
    )
    return "\n".join([*lines, f"    return %end : {features(3)}", "  }", "}", ""])


def schedules(options, name, folder):
    """Random schedules of a kernel as (seed, IR, package), and how many were refused."""
    kernel = KERNELS[name]
    model = folder / f"{name}.mlir"
    model.write_text(network(kernel["layers"]))
    if "prune" in kernel:
        pruned = folder / f"{name}.mlirbc"
        run(program("srcc-opt"), model, f"--sr-prune={kernel['prune']}", "--emit-bytecode", "-o", pruned)
        model = pruned
    flags = [f"--target={options.target}", "--no-golden", "--quiet"]
    if not kernel.get("fusion"):
        flags.append("--no-fusion")
    def make(seed):
        """None: refused."""
        lowered, package = folder / f"{name}{seed}.mlirbc", folder / f"{name}{seed}.srp"
        own = [] if seed == "default" else [f"--random-schedule={seed}"]
        try:
            run(program("srcc"), model, *flags, *own, "--stop-after=opencl", "-o", lowered)
            run(program("srcc"), lowered, *flags, "-o", package)
        except Failed:
            if seed == "default":
                raise
            return None
        return seed, lowered, package

    made, tried = [make("default")], 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        while len(made) < options.schedules:
            progress(f"{name}: schedule {len(made) + 1} of {options.schedules}")
            wanted = min(8, options.schedules - len(made))
            first = options.seed + tried
            tried += wanted
            made += [m for m in pool.map(make, range(first, first + wanted)) if m]
            if tried > 4 * options.schedules:
                raise Failed(f"{name}: of {tried} random schedules {len(made) - 1} are legal")
    return made, tried - len(made) + 1


def profile(packages, size, folder, *before):
    out = folder / f"{packages[0].stem}.json"
    run(
        *before,
        program("srcc-bench"),
        "--profile",
        *packages,
        "--size",
        size,
        "--rounds",
        1,
        "--steady",
        10,
        "--quiet",
        "--json",
        out,
        timeout=24 * 3600,
    )
    return json.loads(out.read_text())


def calibrated(options, rounds, folder):
    """A device file that is fitted to the kits of the rounds."""
    fitted, device = folder / "fit.json", folder / "device.json"
    fitted.write_text(json.dumps(merged(rounds)))
    done = subprocess.run(
        [
            program("srcc-cost"),
            f"--calibrate={fitted}",
            f"--target={options.target}",
            "--most-spread=0.1",
            "-o",
            device,
        ],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise Failed(done.stderr.strip())
    return device


def predicted(lowered, device, size):
    said = run(program("srcc-cost"), lowered, f"--target={device}", f"--size={size}", "--json")
    return json.loads(said)["kernels"]


def measured(options, folder):
    """Compiles and measures. Schedules and fits stay in the folder, for --again."""
    folder.mkdir(parents=True, exist_ok=True)
    results = {
        "command": command_line("make bench-rank"),
        "machine": machine(),
        "size": options.size,
        "kernels": {},
    }
    made = {kernel: schedules(options, kernel, folder) for kernel in options.kernels}
    kits = []
    for number in range(options.fit):
        progress(f"compiling kit {number}")
        kits.append(compile_kit(number, options.target, folder / f"kit{number}.srp"))
    groups = {kernel: [package for _, _, package in found] for kernel, (found, _) in made.items()}
    rounds = {kernel: [] for kernel in groups}
    fits = []
    progress("the driver compiles")
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        every = [*groups.values(), *([kits] if kits else [])]
        list(pool.map(lambda packages: profile(packages, "32x24", folder), every))
    for i in range(options.rounds):
        for kernel, packages in groups.items():
            progress(f"measuring, round {i + 1} of {options.rounds}: {kernel}")
            rounds[kernel].append(profile(packages, options.size, folder, *priority()))
        if kits:
            fits.append(profile(kits, options.size, folder, *priority()))
    for kernel, (found, refused) in made.items():
        rows = []
        for k, (seed, lowered, _) in enumerate(found):
            measured = [
                [launch["ms"] for launch in r["runs"][k]["launches"]] for r in rounds[kernel]
            ]
            rows.append({"schedule": seed, "lowered": lowered.name, "measured": measured})
        results["kernels"][kernel] = {"refused": refused, "schedules": rows}
    save(folder / "fits.json", fits)
    return results


def predict(options, results, folder):
    """Adds to what was measured what the model says now."""
    devices = {"as it is": options.target}
    if options.device:
        devices[options.device.stem] = options.device
    fits = json.loads((folder / "fits.json").read_text())
    if fits:
        progress("fitting")
        devices["fitted"] = calibrated(options, fits, folder)
    for kernel, found in results["kernels"].items():
        progress(f"predicting {kernel}")
        for row in found["schedules"]:
            row["predicted"] = {}
            for label, device in devices.items():
                said = predicted(folder / row["lowered"], device, results["size"])
                mine = [
                    i
                    for i, launch in enumerate(said)
                    if any(layer.split(".")[0] == "of" for layer in launch["layers"])
                ]
                row["predicted"][label] = sum(said[i]["ms"] for i in mine)
            row["launches"] = len(mine)
            row["rounds"] = [sum(launches[i] for i in mine) for launches in row["measured"]]
            row["ms"] = median(row["rounds"])
    save(options.json, results)
    return results


def table(results):
    """One row for each kernel: how the ranks agree, and what the model's first choice costs."""
    labels = list(next(iter(results["kernels"].values()))["schedules"][0]["predicted"])
    header = ["kernel", "schedules", "refused", "ms", "halves"]
    header += [f"Spearman, {label}" for label in labels]
    header += [f"first choice / best, {label}" for label in labels] + ["default / best"]
    rows = []
    for kernel, found in results["kernels"].items():
        schedules = found["schedules"]
        best = min(s["ms"] for s in schedules)
        halves = [(median(s["rounds"][::2]), median(s["rounds"][1::2])) for s in schedules]
        row = [
            kernel,
            str(len(schedules)),
            str(found["refused"]),
            f"{best:.2f} to {max(s['ms'] for s in schedules):.2f}",
            cell(spearman(halves) if None not in halves[0] else None, ".3f"),
        ]
        for label in labels:
            row.append(
                cell(spearman([(s["ms"], s["predicted"][label]) for s in schedules]), ".3f")
            )
        for label in labels:
            first = min(schedules, key=lambda s: s["predicted"][label])
            row.append(f"{first['ms'] / best:.2f}")
        row.append(f"{schedules[0]['ms'] / best:.2f}")
        rows.append(row)
    return header, rows


def main():
    options = arguments()
    folder = options.json.with_suffix("")
    if options.report or options.again:
        results = json.loads(options.json.read_text())
    else:
        results = measured(options, folder)
    if not options.report:
        predict(options, results, folder)
    progress("")
    header, rows = table(results)
    where = results["machine"]
    about = (
        f"{where['cpu']}, {where['cores']} cores; {results['size']}; {where['date']}, revision "
        f"{where['revision']}"
    )
    print(f"{about}\n\n{plain(header, rows)}\n\nall figures: {options.json}")
    if options.markdown:
        publish(
            options.markdown,
            "rank",
            f"`{results['command']}`: {about}.\n\n{markdown(header, rows)}",
        )


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"rank.py: {failure}")
