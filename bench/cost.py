"""How well the cost model predicts: fits it here, then measures and predicts what it never saw.

cost.py [NETWORK...]
(.onnx, .mlir, .mlirbc; without: the ONNX files of SRCC_DATA, else the demo network)

Kernels for the fit are the profile kits 0, 1, 2, ... (srcc --profile-kit); those for the judgement
are kits from --seed on, the networks, and the networks pruned. All are measured in each of several
rounds of srcc-bench --profile, so that a machine that slows down slows all of them. docs/cost.md
says what the figures mean. Results: JSON, and an HTML page beside it.
Exit code: 1 if something could not be measured or predicted.
Part of srcc, under the Apache License v2.0 with LLVM Exceptions.
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import html
import json
import math
import pathlib
import subprocess
import sys
import tempfile

from common import (
    Failed,
    cell,
    command_line,
    compile_kit,
    machine,
    markdown,
    median,
    networks,
    plain,
    program,
    progress,
    publish,
    reporter_of,
    run,
    save,
    take_networks,
)

SIZES = "160x90,320x180,480x270,640x360,1280x720"
PRUNINGS = [
    "scheme=block f=4 c=1 density=0.25",
    "scheme=pattern shared=4 density=0.5",
    "scheme=unstructured density=0.125",
]
FIRST_JUDGED = 1000  # kits below are for fitting


def arguments():
    parser = reporter_of(__doc__, "cost")
    take_networks(parser)
    parser.add_argument("--sizes", default=None, help=f"default {SIZES}; with --quick 64x48,160x90")
    parser.add_argument(
        "--fit", type=int, default=None, metavar="N", help="kits to fit to (default 24; --quick 2)"
    )
    parser.add_argument(
        "--judge",
        type=int,
        default=None,
        metavar="N",
        help="random networks (default 8; --quick 1)",
    )
    parser.add_argument(
        "--seed", type=int, default=FIRST_JUDGED, help="the first of them (default 1000)"
    )
    parser.add_argument("--rounds", type=int, default=None, help="default 12; with --quick 2")
    parser.add_argument(
        "--steady",
        type=float,
        default=0.05,
        help="a launch counts if the halves of the rounds are so near to the median (default 0.05)",
    )
    parser.add_argument("--target", default="host")
    parser.add_argument(
        "--again", action="store_true", help="measure nothing: fit and predict anew"
    )
    given = parser.parse_args()
    given.sizes = given.sizes or ("64x48,160x90" if given.quick else SIZES)
    given.fit = given.fit or (2 if given.quick else 24)
    given.judge = given.judge or (1 if given.quick else 8)
    given.rounds = given.rounds or (2 if given.quick else 12)
    if given.seed < FIRST_JUDGED:
        parser.error(f"--seed is at least {FIRST_JUDGED}: kits below are for the fit")
    return given


def kit_options(number):
    return ["--no-fusion"] if number % 2 else []


def contenders(options, folder):
    """name -> (model file, options of srcc) of what is judged; the fit's kits need none."""
    result = {}
    for number in range(options.seed, options.seed + options.judge):
        file = folder / f"profile_kit_{number}.mlirbc"
        run(program("srcc"), f"--profile-kit={number}", "--stop-after=import", "-o", file)
        result[file.stem] = file, kit_options(number)
    for i, (name, file) in enumerate(networks(options.nets, options.files).items()):
        imported = folder / f"{name}.mlirbc"
        run(program("srcc"), file, "--stop-after=import", "-o", imported)
        result[name] = imported, []
        result[f"{name} unfused"] = imported, ["--no-fusion"]
        pruning = PRUNINGS[i % len(PRUNINGS)]
        pruned = folder / f"{name}_pruned.mlirbc"
        try:
            run(
                program("srcc-opt"),
                imported,
                f"--sr-prune={pruning}",
                "--emit-bytecode",
                "-o",
                pruned,
            )
            result[f"{name} {pruning.removeprefix('scheme=')}"] = pruned, []
        except Failed as failure:
            progress(f"{name} is not pruned: {failure}")
    return result


def compile_all(options, judged, folder):
    """Packages in the order in which they are measured: (name, package)."""
    packages = []
    for number in range(options.fit):
        package = folder / f"fit{number}.srp"
        packages.append((f"profile_kit_{number}", compile_kit(number, options.target, package)))
    for i, (name, (file, flags)) in enumerate(judged.items()):
        progress(f"compiling {i + 1}/{len(judged)}: {name}")
        package = folder / f"judged{i}.srp"
        run(
            program("srcc"),
            file,
            f"--target={options.target}",
            "--no-golden",
            "-o",
            package,
            *flags,
        )
        packages.append((name, package))
    return packages


def priority():
    """How srcc-bench is started: before all other programs, where that is allowed, so that
    compilers at work do not take its cores away."""
    command = ["chrt", "-f", "10"]
    try:
        subprocess.run([*command, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return command


def measured_profiles(options, packages, folder):
    """What srcc-bench --profile says in each round; runs are renamed after the contenders. What
    disturbs a machine may last for seconds or minutes, so each round visits all shortly."""

    def profile(sizes, out, *before):
        run(
            *before,
            program("srcc-bench"),
            "--profile",
            *[p for _, p in packages],
            "--size",
            sizes,
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

    progress("the driver compiles")
    profile("64x48", folder / "warm.json")
    rounds, sizes = [], len(options.sizes.split(","))
    for i in range(options.rounds):
        progress(f"measuring, round {i + 1}/{options.rounds}")
        rounds.append(profile(options.sizes, folder / "profile.json", *priority()))
        for k, entry in enumerate(rounds[-1]["runs"]):
            entry["contender"] = packages[k // sizes][0]
    return rounds


def merged(rounds):
    """One profile of all rounds: the medians of their medians. `spread` is by how much the median
    of all may be off, as far as the medians of every other round and of the rest tell."""

    def of(entries):
        values = [e["ms"] for e in entries]
        halves = [median(values[i::2]) for i in (0, 1)]
        spread = abs(halves[0] - halves[1]) / (halves[0] + halves[1]) if len(values) > 1 else 0.0
        return {
            **entries[0],
            "ms": median(values),
            "least_ms": min(e["least_ms"] for e in entries),
            "spread": spread,
        }

    runs = [
        {**of(same), "launches": [of(launch) for launch in zip(*(r["launches"] for r in same))]}
        for same in zip(*(profile["runs"] for profile in rounds))
    ]
    return {**rounds[0], "rounds": len(rounds), "runs": runs}


def fit(options, profile, folder):
    """The calibrated device file, and what srcc-cost said of the fit."""
    kits = {
        **profile,
        "runs": [
            r
            for r in profile["runs"]
            if r["contender"].startswith("profile_kit_")
            and int(r["contender"].split("_")[-1]) < FIRST_JUDGED
        ],
    }
    file, device = folder / "fit.json", folder / "device.json"
    file.write_text(json.dumps(kits))
    done = subprocess.run(
        [
            program("srcc-cost"),
            f"--calibrate={file}",
            f"--target={options.target}",
            f"--most-spread={options.steady}",
            "-o",
            device,
        ],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise Failed(done.stderr.strip())
    return device, [line.removeprefix("srcc-cost: ") for line in done.stderr.splitlines()]


def spearman(pairs):
    """Rank correlation of pairs of numbers, ties by their mean rank; None of fewer than two."""
    if len(pairs) < 2:
        return None

    def ranks(values):
        order = sorted(range(len(values)), key=values.__getitem__)
        result = [0.0] * len(values)
        at = 0
        while at < len(order):
            end = at
            while end + 1 < len(order) and values[order[end + 1]] == values[order[at]]:
                end += 1
            for k in range(at, end + 1):
                result[order[k]] = (at + end) / 2
            at = end + 1
        return result

    a, b = ranks([p[0] for p in pairs]), ranks([p[1] for p in pairs])
    mean = (len(pairs) - 1) / 2
    above = sum((x - mean) * (y - mean) for x, y in zip(a, b))
    below = math.sqrt(sum((x - mean) ** 2 for x in a) * sum((y - mean) ** 2 for y in b))
    return above / below if below else None


def predictions(options, device, judged, profile):
    """Rows of kernels and of networks: measured beside predicted."""
    kernels, nets = [], []
    for i, (name, (file, flags)) in enumerate(judged.items()):
        progress(f"predicting {i + 1}/{len(judged)}: {name}")
        said = json.loads(
            run(
                program("srcc-cost"),
                file,
                f"--target={device}",
                f"--size={options.sizes}",
                "--json",
                *flags,
            )
        )
        said = said if isinstance(said, list) else [said]
        runs = [r for r in profile["runs"] if r["contender"] == name]
        for answer, entry in zip(said, runs):
            size = f"{entry['width']}x{entry['height']}"
            assert answer["size"] == size and len(answer["kernels"]) == len(entry["launches"]), name
            nets.append(
                {
                    "name": name,
                    "size": size,
                    "ms": entry["ms"],
                    "spread": entry["spread"],
                    "predicted": answer["total_ms"],
                }
            )
            same = {}
            for kernel, launch in zip(answer["kernels"], entry["launches"]):
                same.setdefault(kernel["name"], []).append((launch["ms"], launch["spread"], kernel))
            for (
                kernel,
                launches,
            ) in same.items():  # a kernel that serves several layers is one sample
                kernels.append(
                    {
                        "net": name,
                        "name": kernel,
                        "size": size,
                        "bound": launches[0][2]["bound"],
                        "ms": median(ms for ms, _, _ in launches),
                        "spread": median(s for _, s, _ in launches),
                        "predicted": median(k["ms"] for _, _, k in launches),
                    }
                )
    return kernels, nets


def judged_of(rows, steady):
    """Figures of rows: those that are steady count, the rest is counted."""
    kept = [r for r in rows if r["spread"] <= steady]
    errors = [abs(r["predicted"] / r["ms"] - 1) for r in kept]
    return {
        "samples": len(rows),
        "left_out": len(rows) - len(kept),
        "median_error": median(errors),
        "within_10": sum(e <= 0.1 for e in errors) / len(errors) if errors else None,
        "within_25": sum(e <= 0.25 for e in errors) / len(errors) if errors else None,
        "spearman": spearman([(r["ms"], r["predicted"]) for r in kept]),
    }


def tables(results):
    header = [
        "what",
        "samples",
        "left out",
        "median error",
        "within 10 %",
        "within 25 %",
        "Spearman",
    ]

    def row(label, rows, what=results):
        f = judged_of(rows, what["steady"])
        return [
            label,
            str(f["samples"]),
            str(f["left_out"]),
            cell(f["median_error"], ".1%"),
            cell(f["within_10"], ".0%"),
            cell(f["within_25"], ".0%"),
            cell(f["spearman"], ".3f"),
        ]

    every = {**results, "steady": math.inf}
    rows = [
        row("kernels", results["kernels"]),
        row("kernels, unsteady ones too", results["kernels"], every),
        row("networks", results["nets"]),
        row("networks, unsteady ones too", results["nets"], every),
    ]
    for bound in sorted({k["bound"] for k in results["kernels"]}):
        rows.append(
            row(f"kernels bound by {bound}", [k for k in results["kernels"] if k["bound"] == bound])
        )
    for size in results["sizes"].split(","):
        rows.append(row(f"kernels, {size}", [k for k in results["kernels"] if k["size"] == size]))
    return header, rows


def scatter(rows, label):
    """A log-log plot of predicted over measured as SVG."""
    points = [(r["ms"], r["predicted"], r) for r in rows if r["ms"] > 0 and r["predicted"] > 0]
    if not points:
        return ""
    low = math.floor(math.log10(min(min(p[:2]) for p in points)))
    high = math.ceil(math.log10(max(max(p[:2]) for p in points)) + 1e-9)
    high = max(high, low + 1)

    def x(v):
        return 50 + 500 * (math.log10(v) - low) / (high - low)

    def y(v):
        return 530 - 500 * (math.log10(v) - low) / (high - low)

    parts = [
        f'<svg width="580" height="570" role="img" aria-label="{html.escape(label)}">',
        '<rect x="50" y="30" width="500" height="500" fill="none" stroke="#888"/>',
    ]
    for tick in range(low, high + 1):
        v = 10.0**tick
        parts.append(
            f'<text x="{x(v):.0f}" y="546" text-anchor="middle">{v:g}</text>'
            f'<text x="46" y="{y(v) + 4:.0f}" text-anchor="end">{v:g}</text>'
        )
    for factor, colour in ((1, "#000"), (1.1, "#bbb"), (1 / 1.1, "#bbb")):
        a, b = 10.0**low, 10.0**high
        parts.append(
            f'<line x1="{x(a):.1f}" y1="{y(a * factor):.1f}" '
            f'x2="{x(b):.1f}" y2="{y(b * factor):.1f}" '
            f'stroke="{colour}"/>'
        )
    colours = {
        "arithmetic": "#c33",
        "load-store": "#36c",
        "issue": "#393",
        "latency": "#939",
        "cache": "#c80",
        "memory": "#088",
        "launch": "#888",
    }
    for ms, predicted, r in points:
        name = html.escape(
            f"{r.get('net', '')} {r['name']} {r['size']}: "
            f"measured {ms:.3f}, predicted {predicted:.3f} ms"
        )
        parts.append(
            f'<circle cx="{x(ms):.1f}" cy="{y(predicted):.1f}" r="3" '
            f'fill="{colours.get(r.get("bound"), "#36c")}" '
            f'fill-opacity="0.6"><title>{name}</title></circle>'
        )
    parts.append('<text x="300" y="564" text-anchor="middle">measured, ms</text></svg>')
    return (
        f"<figure><figcaption>{html.escape(label)}: predicted over measured; "
        "lines at 1 and at ±10 %</figcaption>"
        + "".join(parts)
        + "</figure>"
    )


def page(results, header, rows):
    """One HTML file with all there is to see, and nothing from elsewhere."""

    def table(header, rows):
        return (
            "<table><tr>"
            + "".join(f"<th>{html.escape(c)}</th>" for c in header)
            + "</tr>"
            + "".join(
                "<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in r) + "</tr>" for r in rows
            )
            + "</table>"
        )

    worst = sorted(results["kernels"], key=lambda k: -abs(math.log(k["predicted"] / k["ms"])))
    detail = [
        [
            k["net"],
            k["name"],
            k["size"],
            k["bound"],
            f"{k['ms']:.3f}",
            f"{k['predicted']:.3f}",
            f"{k['predicted'] / k['ms'] - 1:+.0%}",
            f"{k['spread']:.1%}",
        ]
        for k in worst
    ]
    columns = "network,kernel,size,bound,measured ms,predicted ms,error,spread".split(",")
    return f"""<!DOCTYPE html><meta charset="utf-8"><title>srcc: predicted against measured</title>
<style>body{{font:14px sans-serif;max-width:1200px;margin:2em auto}}
table{{border-collapse:collapse}}
td,th{{padding:2px 8px;text-align:right;border-bottom:1px solid #ddd}}
td:first-child,th:first-child{{text-align:left}}
figure{{display:inline-block;margin:1em}}text{{font:11px sans-serif}}</style>
<h1>Predicted against measured</h1>
<p>{html.escape(results["about"])}</p>
<p><code>{html.escape(results["command"])}</code></p>
<p>{html.escape("; ".join(results["fit"]))}</p>{table(header, rows)}
{scatter(results["kernels"], "kernels")}{scatter(results["nets"], "networks")}
<p>Fitted to: {html.escape(results["fitted"])}. Judged by: {html.escape(results["judged"])}.</p>
<h2>Kernels, the worst first</h2>
{table(columns, detail)}
"""


def measured(options):
    results = {
        "command": command_line("make bench-cost"),
        "machine": machine(),
        "sizes": options.sizes,
        "steady": options.steady,
        "target": options.target,
    }
    with tempfile.TemporaryDirectory(prefix="srcc-bench-") as name:
        folder = pathlib.Path(name)
        judged = contenders(options, folder)
        if options.again:
            rounds = json.loads(options.json.with_suffix(".rounds.json").read_text())
        else:
            rounds = measured_profiles(options, compile_all(options, judged, folder), folder)
            save(options.json.with_suffix(".rounds.json"), rounds)
        profile = merged(rounds)
        device, results["fit"] = fit(options, profile, folder)
        results["device"] = json.loads(device.read_text())
        results["kernels"], results["nets"] = predictions(options, device, judged, profile)
    results["profile"] = profile
    results["fitted"] = ", ".join(sorted({r["contender"] for r in profile["runs"]} - set(judged)))
    results["judged"] = ", ".join(judged)
    where, env = results["machine"], profile["environment"]
    peaks = [r["environment"]["peak_gflops"] for r in rounds]
    halves = [median(2 * launch["spread"] for r in profile["runs"] for launch in r["launches"])]
    results["about"] = (
        f"{where['cpu']}, {where['cores']} cores; {median(peaks):.0f} GFLOP/s ({min(peaks):.0f} to "
        f"{max(peaks):.0f}), copies {env['copy_gbs']:.1f} GB/s; medians of {len(rounds)} rounds"
        f"{', measured before all other programs (chrt -f 10)' if priority() else ''}; "
        f"every other round "
        f"and the rest differ by {halves[0]:.1%} (median of launches); {where['date']}, revision "
        f"{where['revision']}"
    )
    save(options.json, results)
    return results


def main():
    options = arguments()
    results = json.loads(options.json.read_text()) if options.report else measured(options)
    progress("")
    header, rows = tables(results)
    print(
        f"{results['about']}\n\n" + "\n".join(results["fit"]) + f"\n\n{plain(header, rows)}\n\n"
        f"fitted to: {results['fitted']}\njudged by: {results['judged']}"
    )
    page_file = options.json.with_suffix(".html")
    page_file.write_text(page(results, header, rows))
    print(f"\nall figures: {options.json}\npage: {page_file}")
    if options.markdown:
        publish(
            options.markdown,
            "cost",
            f"`{results['command']}`: {results['about']}.\n\n"
            + "\n".join(f"- {line}" for line in results["fit"])
            + f"\n\n{markdown(header, rows)}",
        )


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"cost.py: {failure}")
