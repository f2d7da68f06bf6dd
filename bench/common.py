"""What the benchmarks share: networks and programs, medians, agreement, the load of others, tables, results on disk.

Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
import argparse
import datetime
import json
import math
import os
import pathlib
import re
import shlex
import shutil
import statistics
import subprocess
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUSY = 0.1  # share of the CPUs that others may take before a measurement is disturbed


class Failed(Exception):
    """What could not be measured; the text is its row in the table."""


def reporter_of(doc, name):
    """The options of all that measure into a JSON file and publish tables; `name` is the file's, and their part of a
    page."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="see that it works: small and short")
    parser.add_argument("--json", type=pathlib.Path, default=ROOT / "build" / "bench" / f"{name}.json")
    parser.add_argument("--markdown", type=pathlib.Path,
                        help=f"write the tables there: between <!-- {name} --> and <!-- /{name} -->")
    parser.add_argument("--report", action="store_true", help="measure nothing, print the tables of the JSON file")
    return parser


def take_networks(parser):
    """Options that say which networks."""
    parser.add_argument("files", nargs="*", metavar="NETWORK")
    parser.add_argument("--nets", default="", metavar="REGEX", help="only networks whose names it finds")


def parser_of(doc, name, sizes):
    """The options of benchmarks of whole networks."""
    parser = reporter_of(doc, name)
    take_networks(parser)
    parser.add_argument("--sizes", metavar="WxH,...", help=f"input sizes (default {sizes}; with --quick 64x48)")
    parser.add_argument("--rounds", type=int, help="default 3; with --quick 1")
    parser.add_argument("--tries", type=int, help="of a measurement while others take a tenth of the CPUs (default 2; "
                        "with --quick 1)")
    parser.add_argument("--list", action="store_true", help="print what would be measured")
    parser.set_defaults(all_sizes=sizes)
    return parser


def parsed(parser):
    """The options given, with the defaults of --quick or of a whole run."""
    given = parser.parse_args()
    given.sizes = (given.sizes or ("64x48" if given.quick else given.all_sizes)).split(",")
    given.rounds = given.rounds or (1 if given.quick else 3)
    given.tries = given.tries or (1 if given.quick else 2)
    return given


def networks(pattern="", files=()):
    """name -> file of the networks that the regular expression finds: of those given, else the data's, else the demo."""
    if not files:
        data = pathlib.Path(os.environ.get("SRCC_DATA") or ROOT.parent / "shared" / "data")
        files = [f for f in sorted(data.glob("models/onnx/*.onnx")) if ".dynamo." not in f.name]
        if not files:
            print(f"no networks in {data}/models/onnx (SRCC_DATA): the demo network alone", file=sys.stderr)
            files = sorted((ROOT / "docs" / "demo").glob("demo.mlirbc"))
    return {f.stem: f for f in map(pathlib.Path, files) if re.search(pattern, f.stem)}


def program(name):
    """A program of ours: in PATH, or of the build folder."""
    path = shutil.which(name) or ROOT / "build" / "bin" / name
    if not pathlib.Path(path).exists():
        sys.exit(f"{name} is neither in PATH nor in build/bin: run 'make build'")
    return str(path)


def run(*command, timeout=900, **options):
    """Standard output of a program; its first error line as Failed."""
    name = pathlib.Path(str(command[0])).name
    try:
        done = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", timeout=timeout, **options)
    except subprocess.TimeoutExpired:
        raise Failed(f"{name} takes more than {timeout} s") from None
    if done.returncode:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        said = next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "")
        raise Failed(f"{name}: {ending(done.returncode)}: {said.strip()}")
    return done.stdout


def ending(code):
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def median(values):
    """The median, or None of nothing."""
    values = list(values)
    return statistics.median(values) if values else None


def ratio(time, ours):
    """How many times faster ours is; None without both."""
    return time / ours if time and ours else None


def compile_kit(number, target, package):
    """The kernels of a profile kit, as a package."""
    run(program("srcc"), f"--profile-kit={number}", f"--target={target}", "--no-golden", "-o", package)
    return package


def runs_for(ms, seconds, most=15, least=2):
    """How often to run what takes ms, so that it takes about so many seconds."""
    return max(least, min(most, int(seconds * 1e3 / max(ms, 1e-3))))


def max_error(actual, expected, low, high):
    """The largest difference as a share of the value range; infinite if shapes differ or a value is no number."""
    if actual.shape != expected.shape:
        return math.inf
    worst = float(np.abs(actual.astype(np.float64) - expected).max(initial=0)) / (high - low)
    return worst if math.isfinite(worst) else math.inf


class Load:
    """CPU time of the whole machine since it was made, its host's other guests included."""

    def __init__(self):
        self.start = self.read()

    @staticmethod
    def read():
        """Busy and all ticks: user nice system idle iowait irq softirq steal."""
        ticks = [int(n) for n in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
        return sum(ticks) - ticks[3] - ticks[4], sum(ticks)

    def others(self, own_s):
        """The share of all CPU time that went neither to us (own_s seconds) nor to idling."""
        busy, total = (now - then for now, then in zip(self.read(), self.start))
        return max(0.0, busy - own_s * os.sysconf("SC_CLK_TCK")) / max(total, 1)


def least_disturbed(measure, tries):
    """What measure() returns, again while others took too much of the CPUs; of all tries the calmest."""
    best = None
    for _ in range(tries):
        report = measure()
        if best is None or report["others"] < best["others"]:
            best = report
        if best["others"] <= BUSY:
            break
    return best


def progress(text):
    if sys.stderr.isatty():
        print(text, end="\033[K\r", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)


def cell(value, form=""):
    return "-" if value is None else format(value, form)


def plain(header, rows):
    """A table with aligned columns: the first to the left, numbers to the right. A short row ends with a text."""
    rows = [list(header), *rows]
    full = [row for row in rows if len(row) == len(header)]
    first, *widths = [max(len(row[i]) for row in (full if i else rows)) for i in range(len(header))]
    return "\n".join("  ".join([row[0].ljust(first)] + [c.rjust(w) for c, w in zip(row[1:], widths)]) for row in rows)


def markdown(header, rows):
    rows = [header, ["---"] + ["---:"] * (len(header) - 1)] + list(rows)
    return "\n".join("| " + " | ".join(c.replace("|", "\\|") for c in row) + " |" for row in rows)


def publish(path, name, text):
    """Writes text between the lines `<!-- name -->` and `<!-- /name -->` of a page; a page without them is that text."""
    path = pathlib.Path(path)
    page = path.read_text() if path.exists() else ""
    parts = re.split(f"(?ms)^(<!-- {name} -->\n).*?^(<!-- /{name} -->\n)", page, maxsplit=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join([*parts[:2], text, "\n", *parts[2:]]) if len(parts) == 4 else text + "\n")


def machine():
    """CPU, cores, date and revision of a measurement."""
    lines = subprocess.run(["lscpu"], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout
    lscpu = dict(line.split(":", 1) for line in lines.splitlines() if ":" in line)
    name, family, model = (lscpu.get(key, "?").strip() for key in ("Model name", "CPU family", "Model"))
    revision = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return {"cpu": f"{name} (family {family}, model {model})", "cores": os.cpu_count(),
            "revision": revision.stdout.strip(), "date": datetime.date.today().isoformat()}


def conditions(results, moments, others):
    """The line above a table: the machine, what it could do meanwhile, and how much of it others had."""
    where, able = results["machine"], ""
    if moments:
        peaks = [m["peak_gflops"] for m in moments]
        able = (f"; {median(peaks):.0f} GFLOP/s ({min(peaks):.0f} to {max(peaks):.0f}), "
                f"copies {median(m['copy_gbs'] for m in moments):.1f} GB/s")
    share = median(others) or 0
    busy = f"; others had {share:.0%} of the CPUs{', too much to trust the figures' if share > BUSY else ''}"
    return f"{where['cpu']}, {where['cores']} cores{able}{busy}; {where['date']}, revision {where['revision']}"


def command_line(target):
    """The command of this run, as somebody would type it."""
    return f'{target} BENCH_FLAGS="{shlex.join(sys.argv[1:])}"' if len(sys.argv) > 1 else target


def save(path, results):
    """Writes JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(results, indent=1) + "\n")
    new.replace(path)
