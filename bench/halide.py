"""Times srcc's code beside Halide's on this machine: the same schedule, others, Halide's autoschedulers; networks, layers.

halide.py [NETWORK...]           (.onnx, .mlir, .mlirbc; without: `layer_3x3_32` of this file, and the ONNX files of
                                  SRCC_DATA, else the demo network)

Contenders: srcc; Halide's code for the CPU and through OpenCL of the schedule that srcc took, of the one without fusion, of
the one without Winograd's form and of a phone's; and, of plain sums without any schedule of ours, Adams2019 on the CPU and
Anderson2021 and Li2018 through OpenCL. The beams of the first two are 1 wide: with 32, their default, neither ends within
minutes on a single layer.
`layer_3x3_32` is one convolution of 3x3, 32 channels in and out; for it, dense, there is a schedule for Halide by hand,
bench/halide_layer.mlir, which srcc is measured with as well. Every network is measured dense and pruned.

Everything is compiled first, and its output of a small picture held against the reference interpreter's. What was compiled
is kept in build/bench/halide, under names made of what it depends on, and so is why something could not be: what Halide
refuses or does not compile within --limit seconds, or what computes something else, is a row with the reason. Then each
contender is measured by srcc-bench once a round, one after the other. Figures are medians over the rounds.
Results are written after every measurement; --resume goes on with them.
Exit code: 1 if nothing of srcc's or of Halide's could be measured.
Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
import functools
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import typing

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "test" / "system"))
import harness  # noqa: E402
from common import (Failed, ROOT, command_line, conditions, ending, least_disturbed, machine,  # noqa: E402
                    markdown, max_error, median, networks, parsed, parser_of, plain, program, progress, publish, ratio,
                    run, runs_for, save)
from models import children_s, measure  # noqa: E402


class Contender(typing.NamedTuple):
    target: str = ""  # of Halide's; none: srcc itself
    device: str = "host"  # whose default schedule is taken
    schedule: tuple = ()  # options of srcc for another one
    halide: tuple = ()  # options of srcc-halide
    nets: str = ""  # regular expression: those that it takes part with

    def kind(self):
        return "OpenCL" if "opencl" in self.target else "CPU" if self.target else "srcc"


KEPT = ROOT / "build" / "bench" / "halide"
PLAIN = ("--winograd=0",)
BY_HAND = (f"--schedule={KEPT / 'by_hand.mlir'}", *PLAIN)  # it names the stages of the plain sum
CONTENDERS = {
    "srcc": Contender(),
    "srcc, by hand": Contender(schedule=BY_HAND, nets="^layer_3x3_32 dense"),
    "Halide CPU": Contender("host"),
    "Halide CPU, unfused": Contender("host", schedule=("--no-fusion",)),
    "Halide CPU, plain sums": Contender("host", schedule=PLAIN, nets=" dense"),
    "Halide CPU, by hand": Contender("host", schedule=BY_HAND, nets="^layer_3x3_32 dense"),
    "Halide CPU, masks": Contender("host", halide=("--taps=mask",), nets=" block "),
    "Halide OpenCL": Contender("host-opencl"),
    "Halide OpenCL, unfused": Contender("host-opencl", schedule=("--no-fusion",)),
    "Halide OpenCL, plain sums": Contender("host-opencl", schedule=PLAIN, nets=" dense"),
    "Halide OpenCL, mali-g77": Contender("host-opencl", device="mali-g77"),
    "Adams2019 CPU": Contender("host", schedule=PLAIN, halide=(
        f"--autoscheduler=Adams2019 parallelism={os.cpu_count()} beam_size=1",)),
    "Anderson2021 OpenCL": Contender("host-opencl", schedule=PLAIN, halide=("--autoscheduler=Anderson2021 beam_size=1",)),
    "Li2018 OpenCL": Contender("host-opencl", schedule=PLAIN, halide=("--autoscheduler=Li2018",)),
}
VARIANTS = {"dense": "", "block 1/4": "scheme=block f=4 c=1 density=0.25"}
TOLERANCE = 1e-4  # of the range, from the reference interpreter's output
CHECKED = 40, 48  # height and width of the picture that is compared
CHECKED_AUTO = 128, 256  # of autoschedulers, whose tiles are as large, and whose code refuses smaller pictures


def arguments():
    parser = parser_of(__doc__, "halide", "640x360")
    parser.add_argument("--seconds", type=float, default=1, help="of runs in a measurement, 1 to 15 runs (default 1)")
    parser.add_argument("--limit", type=int, default=300,
                        help="seconds that a compiler, or a measurement, may take (default 300)")
    parser.add_argument("--only", default="", help="contenders, separated by semicolons")
    parser.add_argument("--compile", action="store_true", help="do not measure")
    parser.add_argument("--resume", action="store_true",
                        help="keep what the JSON file has, also of other networks and contenders")
    return parsed(parser)


def layer(path):
    """A network of one convolution of 3x3, 32 channels in and out."""
    kind, shape = "tensor<1x32x?x?xf32>", "tensor<32x32x3x3xf32>"
    weights = (np.random.default_rng(1).standard_normal((32, 32, 3, 3)) / np.sqrt(32 * 9)).astype("<f4")
    path.write_text(f"""module attributes {{sr.io = #sr.io<scale = 1, color = none, range = 0.0 : 1.0>}} {{
  func.func @layer(%in: {kind}) -> {kind} {{
    %weights = sr.constant dense<"0x{weights.tobytes().hex()}"> : {shape}
    %out = sr.conv2d %in, %weights {{pads = array<i64: 1, 1, 1, 1>}} : ({kind}, {shape}) -> {kind} loc("conv")
    return %out : {kind}
  }}
}}
""")


def by_hand():
    """The schedule by hand with numbers: 32 vector registers of 16 elements with AVX-512, else 16 of 8."""
    wide = re.search(r"^flags.*\bavx512f\b", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    text = (ROOT / "bench" / "halide_layer.mlir").read_text()
    for word, number in {"VECTOR": 16, "PIXELS": 48, "CHANNELS": 8}.items() if wide else \
            {"VECTOR": 8, "PIXELS": 24, "CHANNELS": 4}.items():
        text = text.replace(word, str(number))
    (KEPT / "by_hand.mlir").write_text(text)


def variants(options):
    """name -> file, and how it is pruned, of all that --nets finds."""
    files = networks("", options.files)
    if not options.files:
        by_hand()
        layer(KEPT / "layer_3x3_32.mlir")
        files = {"layer_3x3_32": KEPT / "layer_3x3_32.mlir", **files}
    result = {}
    for net, file in files.items():
        for variant, prune in VARIANTS.items():
            name = f"{net} {variant}"
            if re.search(options.nets, name):
                only = " layers=conv" if prune and net.startswith("layer") else ""  # --sr-prune leaves dense what reads the picture
                result[name] = file, prune + only
    return result


def imported(name, file, prune):
    """The network as sr, pruned as its variant says. It lies where the next run puts it: files name their sources."""
    path = KEPT / f"{re.sub('[^A-Za-z0-9_]+', '-', name)}.mlirbc"
    dense = path.with_suffix(".dense")
    run(program("srcc"), file, "--stop-after=import", "-o", dense, "--quiet")
    if prune:
        run(program("srcc-opt"), dense, f"--sr-prune={prune}", "--emit-bytecode", "-o", path)
    else:
        dense.replace(path)
    return path


REFERENCES = {}  # digest of a network, size -> what the interpreter computes of the picture that is compared


def error_of(library, file, size, folder):
    """The greatest difference between the output of what was compiled and the reference interpreter's, of the range."""
    model = harness.Model(library)
    channels, low, high = model.info.in_channels, model.info.low, model.info.high
    model.close()
    picture, actual, network = folder / "picture.npy", folder / "actual.npy", digest(file)
    np.save(picture, harness.noise(2, channels, *size, low, high))
    if (network, size) not in REFERENCES:
        REFERENCES[network, size] = harness.interpret(file, np.load(picture), folder)
    done = subprocess.run([sys.executable, ROOT / "bench" / "worker.py", "srcc", library, picture, "2"], text=True,
                          input=f"save {actual}\n", capture_output=True, timeout=900)  # a process that may crash
    if done.returncode:
        raise Failed(f"cannot be run: {ending(done.returncode)}: {(done.stdout + done.stderr).strip()[-200:]}")
    output = np.load(actual)
    return max_error(output.reshape(output.shape[-3:]), REFERENCES[network, size], low, high)


def digest(*parts):
    """Names what is made of files and words."""
    content = hashlib.sha256()
    for part in parts:
        content.update(part.read_bytes() if isinstance(part, pathlib.Path) else part.encode())
        content.update(b"\0")
    return content.hexdigest()[:20]


@functools.cache
def libraries():
    """What measurements depend on beside programs and schedules: libsrrt, and the libHalide that srcc-halide loads."""
    found = re.search(r"libHalide\.so\S* => (/\S+)", run("ldd", program("srcc-halide")))
    if not found:
        raise Failed("srcc-halide finds no libHalide.so")
    return digest(pathlib.Path(harness.library()._name), pathlib.Path(found[1]))


def build(case, file, options, folder):
    """Fills in what a case is built into and how long that took, or why it is not: by now or by an earlier run."""
    contender, scheduled = CONTENDERS[case["contender"]], folder / "sched.mlirbc"
    words = [f"--target={contender.device}", *contender.schedule]
    run(program("srcc"), file, "--stop-after=sched", *words, "-o", scheduled, "--quiet")
    tool, source, suffix = "srcc", file, "srp"
    if contender.target:
        tool, source, suffix = "srcc-halide", scheduled, "so"
        words = [f"--halide-target={contender.target}", *contender.halide]
    auto = any("autoscheduler" in word for word in words)
    if auto:
        words.append(f"--size={case['size']}")
    key = digest(pathlib.Path(program(tool)), libraries(), scheduled, *words)
    result, note = KEPT / f"{key}.{suffix}", KEPT / f"{key}.json"
    known = json.loads(note.read_text()) if note.exists() else {"error": "not compiled", "limit": 0}
    if known["error"] and known["limit"] < options.limit:
        known = {"net": case["net"], "contender": case["contender"], "limit": 10**9, "error": None, "max_error": None}
        before = children_s()
        try:
            run(program(tool), source, "-o", result, "--quiet", *words, timeout=options.limit)
            known["compile_s"] = children_s() - before
            known["max_error"] = error_of(result, file, CHECKED_AUTO if auto else CHECKED, folder)
            if known["max_error"] > TOLERANCE:
                known["error"] = f"its output differs from the reference interpreter's by {known['max_error']:.1e}"
        except (Failed, subprocess.TimeoutExpired, harness.Failure) as failure:
            known["error"] = str(failure)
            if isinstance(failure, subprocess.TimeoutExpired) or re.search("takes more than|signal", known["error"]):
                known["limit"] = options.limit  # worth another try with more time, or memory
        save(note, known)
    case.update(build=result.name, **{key: known.get(key) for key in ("compile_s", "max_error", "error")})


def one_round(case, options):
    """A measurement of a case; the first one compiles kernels, and tells how often there is time to run."""
    library = KEPT / case["build"]
    if not case["runs"]:
        first = measure(library, case["size"], 1, 1, options.limit)
        case["runs"] = runs_for(first["host_ms"], options.seconds, least=1)
        if case["runs"] == 1:
            return first
    return least_disturbed(lambda: measure(library, case["size"], case["runs"], 1, options.limit), options.tries)


def name_of(case):
    return f"{case['net']} {case['size']} {case['contender']}"


def resumed(options, results):
    """Takes over what the JSON file has of the cases, if they are built the same; adds what it has of others."""
    if not (options.resume and options.json.exists()):
        return
    old = json.loads(options.json.read_text())
    if old["machine"]["cpu"] != results["machine"]["cpu"]:
        sys.exit(f"halide.py: {options.json} is of another CPU: leave --resume out")
    known = {name_of(c): c for c in old["cases"]}
    for case in results["cases"]:
        before = known.pop(name_of(case), None)
        if before and before["build"] == case["build"] and before["rounds"]:
            case.update({key: before[key] for key in ("runs", "rounds", "error")})
    results["cases"] += [c for c in known.values() if c["contender"] in CONTENDERS]


def measured(options):
    names = options.only.split(";") if options.only else list(CONTENDERS)
    if unknown := [name for name in names if name not in CONTENDERS]:
        sys.exit(f"halide.py: no contender '{unknown[0]}'; there are: {'; '.join(CONTENDERS)}")
    KEPT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="srcc-bench-") as folder:
        folder = pathlib.Path(folder)
        nets = variants(options)
        cases = [{"net": net, "contender": name, "size": size, "build": None, "compile_s": None,
                  "max_error": None, "error": None, "runs": 0, "rounds": []}
                 for size in options.sizes for net in nets for name in names
                 if re.search(CONTENDERS[name].nets, net + " ")]
        if options.list:
            print("\n".join(map(name_of, cases)))
            sys.exit()
        for number, case in enumerate(cases):
            progress(f"compiling {number + 1}/{len(cases)}: {name_of(case)}")
            try:
                build(case, imported(case["net"], *nets[case["net"]]), options, folder)
            except Failed as failure:
                case["error"] = str(failure)
    results = {"command": command_line("make bench-halide"), "machine": machine(), "rounds": options.rounds,
               "cases": list(cases)}
    resumed(options, results)
    save(options.json, results)
    for done in range(0 if options.compile else options.rounds):
        for number, case in enumerate(cases):
            if case["error"] or len(case["rounds"]) > done:
                continue
            progress(f"round {done + 1}/{options.rounds}, {number + 1}/{len(cases)}: {name_of(case)}")
            try:
                case["rounds"].append(one_round(case, options))
            except Failed as failure:
                case["error"] = str(failure)
            save(options.json, results)
    progress("")
    return results


def time_of(case):
    return median(r["median_ms"] for r in case["rounds"])


def bests(cases):
    """A row for each network: srcc beside the best of Halide's code, through OpenCL and for the CPU."""
    header, rows = ["network, size", "srcc ms"], []
    for kind in ("OpenCL", "CPU"):
        header += [f"Halide's best, {kind}", "ms", "x srcc"]
    for net, size in dict.fromkeys((c["net"], c["size"]) for c in cases):
        here = [c for c in cases if (c["net"], c["size"]) == (net, size) and c["rounds"]]
        ours = next((c for c in here if c["contender"] == "srcc"), None)
        if not ours:
            continue
        row = [f"{net} {size}", f"{time_of(ours):.2f}"]
        for kind in ("OpenCL", "CPU"):
            best = min((c for c in here if CONTENDERS[c["contender"]].kind() == kind), key=time_of, default=None)
            row += ["-"] * 3 if not best else [best["contender"], f"{time_of(best):.2f}",
                                               f"{time_of(best) / time_of(ours):.2f}"]
        rows.append(row)
    return header, rows


def summary(cases):
    header = ["network, size, contender", "ms", "min", "host ms", "GFLOP/s", "of peak", "compile s", "max error",
              "x srcc", "others"]
    rows = []
    for case in cases:
        if not case["rounds"]:
            rows.append([name_of(case), case["error"] or "not measured"])
            continue
        ours = next((c for c in cases if (c["net"], c["size"], c["contender"]) == (case["net"], case["size"], "srcc")),
                    None)
        middle = {key: median(r[key] for r in case["rounds"]) for key in
                  ("median_ms", "host_ms", "gflops", "others")}
        share = median(r["gflops"] / r["peak_gflops"] for r in case["rounds"])
        slower = ratio(middle["median_ms"], time_of(ours)) if ours and ours["rounds"] else None
        rows.append([name_of(case), f"{middle['median_ms']:.2f}", f"{min(r['min_ms'] for r in case['rounds']):.2f}",
                     f"{middle['host_ms']:.2f}", f"{middle['gflops']:.1f}",
                     f"{share:.0%}", f"{case['compile_s']:.1f}", f"{case['max_error']:.0e}",
                     f"{slower:.2f}" if slower else "-", f"{middle['others']:.0%}"])
    return header, rows


def main():
    options = arguments()
    results = json.loads(options.json.read_text()) if options.report else measured(options)
    order = list(CONTENDERS)
    cases = sorted(results["cases"], key=lambda c: (not c["net"].startswith("layer"), c["net"].split()[0], c["size"],
                                                    " dense" not in c["net"], order.index(c["contender"])))
    reports = [r for c in cases for r in c["rounds"]]
    about = f"{conditions(results, reports, [r['others'] for r in reports])}; rounds: {results['rounds']}"
    tables = [bests(cases), summary(cases)]
    print("\n\n".join([about, *(plain(*table) for table in tables), f"all rounds: {options.json}"]))
    if options.markdown:
        publish(options.markdown, "halide",
                "\n\n".join([f"`{results['command']}`: {about}.", *(markdown(*table) for table in tables)]))
    counts = {kind: sum(bool(c["rounds"]) for c in cases if (c["contender"] == "srcc") == kind)
              for kind in (True, False)}
    sys.exit(not options.compile and not all(counts.values()))


if __name__ == "__main__":
    main()
