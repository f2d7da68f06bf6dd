"""Times whole networks on this machine: srcc's code as it is, unfused, and of pruned weights.

models.py [NETWORK...]           (.onnx, .mlir, .mlirbc; without: the ONNX files of SRCC_DATA, else the demo network)

Every contender is measured by srcc-bench once a round, one after the other, so that a machine that slows down slows all
of them. Figures are medians over the rounds, of the same rounds the machine's multiply-add peak and copy bandwidth.
docs/benchmarks.md says what each column means. Results are written after every measurement; --resume goes on with them.
Exit code: 1 if something could not be measured, or nothing was.
Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
import json
import pathlib
import resource
import sys
import tempfile
import time

from common import (Failed, Load, ROOT, cell, command_line, conditions, least_disturbed, machine, markdown, median,
                    networks, parsed, parser_of, plain, program, progress, publish, ratio, run, runs_for, save)

PRUNINGS = ["scheme=block f=4 c=1 density=0.5", "scheme=block f=4 c=1 density=0.25",
            "scheme=block f=4 c=1 density=0.125", "scheme=pattern density=0.25"]


def arguments():
    parser = parser_of(__doc__, "models", "640x360,320x180")
    parser.add_argument("--prune", action="append", metavar="OPTIONS",
                        help="options of srcc-opt --sr-prune, one variant each; '' for none (default: "
                        + "; ".join(PRUNINGS) + ")")
    parser.add_argument("--precision", default="f32", choices=["f32", "f16s"])
    parser.add_argument("--seconds", type=float, default=1, help="of runs in a measurement, 2 to 15 runs (default 1)")
    parser.add_argument("--resume", action="store_true", help="keep what the JSON file has of this revision")
    given = parsed(parser)
    given.prune = [p for p in given.prune or (PRUNINGS[1:2] if given.quick else PRUNINGS) if p]
    return given


def compile_case(case, file, precision, folder):
    """The package of a variant; fills in how long srcc took."""
    package = folder / "net.srp"
    if case["variant"] not in ("dense", "unfused"):
        imported, pruned = folder / "imported.mlirbc", folder / "pruned.mlirbc"
        run(program("srcc"), file, "--stop-after=import", "-o", imported)
        run(program("srcc-opt"), imported, f"--sr-prune=scheme={case['variant']}", "--emit-bytecode", "-o", pruned)
        file = pruned
    start = time.perf_counter()
    run(program("srcc"), file, f"--precision={precision}", "-o", package,
        *(["--no-fusion"] if case["variant"] == "unfused" else []))
    case["compile_s"] = time.perf_counter() - start
    return package


def children_s():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measure(package, size, runs, warmup=1, limit=900):
    """srcc-bench's report, with the share of the CPUs that others had meanwhile; Failed after `limit` seconds."""
    load, before = Load(), children_s()
    report = json.loads(run(program("srcc-bench"), package, "--size", size, "--runs", runs, "--warmup", warmup,
                            "--json", "-", timeout=limit))
    return {**report, "others": load.others(children_s() - before)}


def measure_all(results, cases, files, options, folder):
    """Fills in the cases, round by round; what fails has an error and is left out from then on."""
    packages, runs = {}, {}

    def attempt(case, step, label):
        progress(f"{label}: {case['net']} {case['variant']} {case['size']}")
        try:
            step(case)
        except Failed as failure:
            case["error"] = str(failure)
        save(options.json, results)

    def prepare(case):
        key = case["net"], case["variant"]
        if key not in packages:
            place = folder / str(len(packages))
            place.mkdir(exist_ok=True)
            packages[key] = compile_case(case, files[case["net"]], options.precision, place), case
        package, first = packages[key]
        case["compile_s"] = first["compile_s"]
        runs[id(case)] = 2
        if not options.quick:  # the first run compiles the kernels, and tells how often there is time to run
            runs[id(case)] = runs_for(2 * measure(package, case["size"], 1, 0)["host_ms"], options.seconds)

    def one_round(case):
        package, _ = packages[case["net"], case["variant"]]
        case["rounds"].append(least_disturbed(lambda: measure(package, case["size"], runs[id(case)]), options.tries))

    def open_cases(done):
        return [c for c in cases if not c["error"] and len(c["rounds"]) <= done]
    for number, case in enumerate(left := open_cases(options.rounds - 1)):
        attempt(case, prepare, f"compiling {number + 1}/{len(left)}")
    for done in range(options.rounds):
        for number, case in enumerate(left := open_cases(done)):
            attempt(case, one_round, f"round {done + 1}/{options.rounds}, {number + 1}/{len(left)}")
    progress("")


def summary(cases, rounds):
    """Header and rows of the table; a case that failed is a row with the reason, one of fewer rounds says so."""
    header = ["network, size, variant", "ms", "min", "host ms", "of peak", "GMAC/s", "MB", "compile s",
              "x unfused", "x dense", "others"]

    def middle(case, key):
        return median(r[key] for r in case["rounds"]) if case else None
    rows = []
    for case in cases:
        name = f"{case['net']} {case['size']} {case['variant']}"
        if not case["rounds"]:
            rows.append([name, case["error"] or "not measured"])
            continue
        same = {c["variant"]: c for c in cases if (c["net"], c["size"]) == (case["net"], case["size"])}
        dense, ms = same["dense"], middle(case, "median_ms")
        macs = median(r["gflops"] * r["median_ms"] / 2e3 for r in dense["rounds"])  # in billions
        faster = {v: cell(ratio(middle(same[v], "median_ms"), ms), ".2f") for v in ("unfused", "dense")}
        if len(case["rounds"]) < rounds:
            name += f" (rounds: {len(case['rounds'])})"
        rows.append([name, f"{ms:.2f}", f"{min(r['min_ms'] for r in case['rounds']):.2f}",
                     f"{middle(case, 'host_ms'):.2f}",
                     f"{median(r['gflops'] / r['peak_gflops'] for r in case['rounds']):.0%}",
                     cell(macs and macs / ms * 1e3, ".1f"), f"{middle(case, 'peak_memory_mb'):.0f}",
                     f"{case['compile_s']:.1f}", "-" if case["variant"] == "unfused" else faster["unfused"],
                     "-" if case["variant"] in ("unfused", "dense") else faster["dense"],
                     f"{middle(case, 'others'):.0%}"])
        if case["error"]:
            rows.append([name, case["error"]])
    return header, rows


def measured(options):
    """The results of a run, also of one that was interrupted."""
    files = networks(options.nets, options.files)
    variants = ["dense", "unfused"] + [p.removeprefix("scheme=") for p in options.prune]
    cases = [{"net": net, "variant": variant, "size": size, "compile_s": None, "error": None, "rounds": []}
             for size in options.sizes for net in files for variant in variants]
    if options.list:
        print("\n".join(f"{c['net']} {c['size']} {c['variant']}" for c in cases))
        sys.exit()
    if not cases:
        sys.exit("models.py: no network to time")
    results = {"command": command_line("make bench"), "machine": machine(), "precision": options.precision,
               "rounds": options.rounds, "interrupted": False, "cases": cases}
    if options.resume and options.json.exists():
        old = json.loads(options.json.read_text())
        if any((old["precision"], old["machine"][k]) != (options.precision, results["machine"][k])
               for k in ("cpu", "revision")):
            sys.exit(f"models.py: {options.json} is of another precision, CPU or revision: leave --resume out")
        kept = {(c["net"], c["variant"], c["size"]): c for c in old["cases"] if not c["error"]}
        cases[:] = [kept.get((c["net"], c["variant"], c["size"]), c) for c in cases]
    with tempfile.TemporaryDirectory(prefix="srcc-bench-") as folder:
        try:
            measure_all(results, cases, files, options, pathlib.Path(folder))
        except KeyboardInterrupt:
            results["interrupted"] = True
            save(options.json, results)
    return results


def main():
    options = arguments()
    results = json.loads(options.json.read_text()) if options.report else measured(options)
    cases = results["cases"]
    header, rows = summary(cases, results["rounds"])
    reports = [r for c in cases for r in c["rounds"]]
    about = conditions(results, reports, [r["others"] for r in reports])
    about += f"; {results['precision']}, rounds: {results['rounds']}"
    print(f"{about}\n\n{plain(header, rows)}\n\nall rounds: {options.json}")
    if options.markdown:
        publish(options.markdown, "models", f"`{results['command']}`: {about}.\n\n{markdown(header, rows)}")
    sys.exit(results["interrupted"] or not reports or any(c["error"] for c in cases))


if __name__ == "__main__":
    main()
