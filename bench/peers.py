"""Times srcc's code beside other inference engines on the same networks, pictures and threads.

peers.py [NETWORK.onnx...]       (without: the ONNX files of SRCC_DATA)

Each engine is a process of its own (worker.py) that loads a network once and runs it when told to. They take turns,
round by round; whoever is not running is stopped. Times are from float32 to float32 in host memory. Every output is held
against ONNX Runtime's. An engine that is missing or fails is a row with the reason.
Exit code: 1 if an engine failed, an output differs by more than 2e-3 of the value range, or srcc was not measured.
Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
import ctypes
import importlib.util
import json
import math
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time

import numpy as np

from common import (Failed, Load, ROOT, cell, command_line, conditions, ending, least_disturbed, machine, markdown,
                    max_error, median, networks, parsed, parser_of, plain, program, progress, publish, ratio, run, runs_for,
                    save)
from prune import prune

ENGINES = ["srcc", "onnxruntime", "openvino", "litert", "ncnn", "mnn", "deepsparse"]
AGREE = 2e-3  # of the value range: half a level of 8 bits
PATIENCE = 900  # seconds to wait for an answer


def confine(cpus):
    """In a child: runs on these CPUs, and ends with its parent even while it is stopped."""
    os.sched_setaffinity(0, cpus)
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Worker:
    """An engine's process; stopped by SIGSTOP whenever it does not owe an answer."""

    def __init__(self, engine, network, picture, threads, said):
        apart = ROOT / "build" / f"venv-{engine}" / "bin" / "python"
        environment = {**os.environ, "PATH": f"{pathlib.Path(program('srcc')).parent}:{os.environ['PATH']}",
                       "OMP_NUM_THREADS": str(threads), "POCL_MAX_PTHREAD_COUNT": str(threads),
                       "NM_DISABLE_ANALYTICS": "1"}  # DeepSparse reports its use, otherwise
        cpus = sorted(os.sched_getaffinity(0))[:threads]
        self.said = said
        with open(said, "w") as log:
            self.process = subprocess.Popen(
                [apart if apart.exists() else sys.executable, pathlib.Path(__file__).with_name("worker.py"), engine,
                 network, picture, str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, bufsize=0,
                env=environment, cwd=pathlib.Path(network).parent, preexec_fn=lambda: confine(cpus))
        try:
            self.info = self.answer()
        except BaseException:
            self.close()
            raise

    def answer(self):
        if not select.select([self.process.stdout], [], [], PATIENCE)[0]:
            raise Failed(f"no answer in {PATIENCE} s")
        line = self.process.stdout.readline()
        if not line:
            lines = self.said.read_text(errors="replace").splitlines()
            why = next((": " + line.strip() for line in lines if re.search("assert|error", line, re.I)), "")
            raise Failed(f"its process ended with {ending(self.process.wait())}{why}")
        fields = json.loads(line)
        if "error" in fields:
            raise Failed(fields["error"])
        self.process.send_signal(signal.SIGSTOP)
        return fields

    def ask(self, command, argument):
        self.process.send_signal(signal.SIGCONT)
        try:
            self.process.stdin.write(f"{command} {argument}\n".encode())
        except BrokenPipeError:
            pass  # answer() says how it ended
        try:
            return self.answer()
        except Failed:
            self.close()  # it may be computing still
            raise

    def close(self):
        self.process.kill()
        self.process.wait()


def sized(network, target, height, width):
    """A copy of an ONNX network for pictures of one size, as an engine in a product would have it."""
    import onnx
    model = onnx.load(network)
    dims = model.graph.input[0].type.tensor_type.shape.dim
    for dim, value in zip(dims, (1, dims[1].dim_value, height, width)):
        dim.dim_value = value
    model.graph.output[0].type.tensor_type.ClearField("shape")
    del model.graph.value_info[:]
    onnx.save(onnx.shape_inference.infer_shapes(model), target)


def present(name, there):
    if not there:
        raise Failed(f"there is no converter {name}: 'make bench-peers' installs it")


def converted(engine, network, folder, shape):
    """The file that an engine reads."""
    target = folder / network.stem
    if engine == "srcc":
        run(program("srcc"), network, "-o", f"{target}.srp")
        return f"{target}.srp"
    fixed = folder / f"{network.stem}.fixed.onnx"
    if engine == "ncnn":
        pnnx = pathlib.Path(sysconfig.get_path("purelib")) / "pnnx" / "pnnx"  # what the package wraps needs no torch
        present(pnnx.name, pnnx.exists())
        files = {"pnnxparam": "pnnx.param", "pnnxbin": "pnnx.bin", "pnnxpy": "pnnx.py", "pnnxonnx": "pnnx.onnx",
                "ncnnparam": f"{target}.ncnn.param", "ncnnbin": f"{target}.ncnn.bin", "ncnnpy": "ncnn.py"}
        run(pnnx, fixed, f"inputshape=[{','.join(map(str, shape))}]", "fp16=0",
            *(f"{key}={value}" for key, value in files.items()), cwd=folder)
        return str(target)
    if engine == "mnn":
        present("MNN", importlib.util.find_spec("MNN"))
        # Not by the package's program of that name: it installs another package with whatever pip it finds in PATH, and
        # reports its use.
        run(sys.executable, "-c", "import sys, MNN, _tools; _tools.mnnconvert(sys.argv)", "-f", "ONNX", "--modelFile",
            fixed, "--MNNModel", f"{target}.mnn", "--bizCode", "x")
        return f"{target}.mnn"
    if engine == "litert":
        run(sys.executable, pathlib.Path(__file__).with_name("tflite.py"), fixed, f"{target}.tflite")
        return f"{target}.tflite"
    return str(fixed)


def ask_runs(worker, runs):
    load = Load()
    answer = worker.ask("run", runs)
    return {**answer, "others": load.others(answer["cpu_s"])}


def machine_round(package):
    """srcc-bench on a small picture: the peak and the bandwidth of this moment."""
    return json.loads(run(program("srcc-bench"), package, "--size", "64x48", "--runs", 8, "--warmup", 0, "--json", "-"))


def measure_net(result, network, block, options, folder, write):
    """Fills in the engines' rows of one network, pruned in blocks (filters, channels) if there are some."""
    import onnx
    size = result["size"]
    width, height = map(int, size.split("x"))
    if block:
        model = onnx.load(network)
        prune(model, options.density, *block)
        network = folder / f"{network.stem}.pruned.onnx"
        onnx.save(model, network)
    fixed = folder / f"{network.stem}.fixed.onnx"
    sized(network, fixed, height, width)
    result["gmacs"], result["kept_gmacs"], (low, high) = facts(fixed)
    shape = [d.dim_value for d in onnx.load(fixed).graph.input[0].type.tensor_type.shape.dim]
    picture = folder / "input.npy"
    np.save(picture, np.random.default_rng(1).uniform(low, high, shape).astype(np.float32))
    workers, runs, outputs = {}, {}, {}

    def attempt(row, label, step):
        progress(f"{result['net']} {size}: {label}, {row['engine']}")
        try:
            step(row)
        except Failed as failure:
            row["error"] = str(failure)
        write()

    def load(row):
        engine = row["engine"]
        file = converted(engine, network, folder, shape)
        if engine == "srcc":  # its kernels are compiled once for a device
            start = time.perf_counter()
            run(program("srcc-bench"), file, "--size", size, "--runs", 1, "--warmup", 0, "--json", "-")
            row["first_start_s"] = time.perf_counter() - start
        worker = Worker(engine, file, str(picture), options.threads, options.json.parent / f"peers-{engine}.log")
        workers[engine] = worker
        row.update(worker.info)
        runs[engine] = runs_for(worker.ask("run", 1)["ms"][0], options.seconds)
        worker.ask("save", folder / f"{engine}.npy")
        outputs[engine] = folder / f"{engine}.npy"

    def one_round(row):
        worker = workers[row["engine"]]
        row["rounds"].append(least_disturbed(lambda: ask_runs(worker, runs[row["engine"]]), options.tries))

    try:
        for row in result["rows"]:
            attempt(row, "loading", load)
        for done in range(options.rounds):
            if "srcc" in workers:
                report = machine_round(folder / f"{network.stem}.srp")
                result["machine"].append({key: report[key] for key in ("peak_gflops", "copy_gbs")})
            order = result["rows"][done % len(result["rows"]):] + result["rows"][:done % len(result["rows"])]
            for row in order:
                if not row["error"]:
                    attempt(row, f"round {done + 1}/{options.rounds}", one_round)
    except Failed as failure:
        result["error"] = str(failure)
    finally:
        for worker in workers.values():
            worker.close()
    reference = next((e for e in ["onnxruntime", *ENGINES] if e in outputs), None)
    for row in result["rows"]:
        if row["engine"] in outputs and row["engine"] != reference:
            actual, expected = (np.load(outputs[e]) for e in (row["engine"], reference))
            row["max_error"] = error = max_error(actual, expected, low, high)
            if not error <= AGREE and not row["error"]:
                row["error"] = f"its output differs from {reference}'s by {error:.1e} of the range"
    result["reference"] = reference
    write()


def time_of(row):
    return median(ms for r in row["rounds"] for ms in r["ms"])


def summary(results):
    """Header and rows of the table of engines, and of the one of ratios."""
    header = ["network, size, engine", "ms", "min", "GMAC/s", "of peak", "MB", "load s", "max error",
              "srcc is faster", "others"]
    rows, ratios = [], []
    for result in results:
        times = {row["engine"]: time_of(row) for row in result["rows"] if not row["error"]}
        times = {engine: ms for engine, ms in times.items() if ms}
        ours, gmacs, kept = times.get("srcc"), result["gmacs"], result["kept_gmacs"]
        peak = median(m["peak_gflops"] for m in result["machine"])
        for row in result["rows"]:
            name = f"{result['net']} {result['size']} {row['engine']} {row.get('version', '')}".rstrip()
            ms = times.get(row["engine"])
            if not ms:
                rows.append([name, row["error"] or result["error"] or "not measured"])
                continue
            first = f" (first {row['first_start_s']:.0f})" if "first_start_s" in row else ""
            rows.append([name, f"{ms:.2f}", f"{min(m for r in row['rounds'] for m in r['ms']):.2f}",
                         f"{gmacs / ms * 1e3:.1f}", cell(2e3 * kept / ms / peak if peak else None, ".0%"),
                         f"{max(r['memory_mb'] for r in row['rounds']):.0f}", f"{row['load_s']:.1f}{first}",
                         cell(row.get("max_error"), ".0e") if row["engine"] != result.get("reference") else "reference",
                         "-" if row["engine"] == "srcc" else cell(ratio(ms, ours), ".2f"),
                         f"{median(r['others'] for r in row['rounds']):.0%}"])
        others = {engine: ms for engine, ms in times.items() if engine != "srcc"}
        best = min(others, key=others.get, default=None)
        ratios.append([f"{result['net']} {result['size']}", cell(ours, ".2f"), best or "-",
                       cell(others.get(best), ".2f"), cell(ratio(others.get(best), ours), ".2f")])
    return header, rows, ["network, size", "srcc ms", "fastest peer", "ms", "srcc is faster"], ratios


def arguments():
    parser = parser_of(__doc__, "peers", "640x360")
    parser.add_argument("--engines", default=",".join(ENGINES), help="default: %(default)s")
    parser.add_argument("--pruned", metavar="REGEX", help="networks that are measured pruned, too (prune.py)")
    parser.add_argument("--density", type=float, default=0.25,
                        help="of pruned layers (default %(default)s)")
    parser.add_argument("--block", metavar="FxC", action="append",
                        help="filters and channels of a block of pruned layers; may be repeated (default 4x1)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, help="of runs of an engine in a round, 2 to 15 runs (default 2)")
    given = parsed(parser)
    given.seconds = given.seconds or (0.01 if given.quick else 2)
    given.engines = given.engines.split(",")
    given.block = given.block or ["4x1"]
    if wrong := [b for b in given.block if not re.fullmatch(r"[1-9]\d?x[1-9]\d?", b)]:
        parser.error(f"--block {wrong[0]}: two numbers as 8x4, filters and channels")
    given.block = list(dict.fromkeys(tuple(map(int, b.split("x"))) for b in given.block))
    if not 0 < given.density <= 1:
        parser.error(f"--density {given.density}: a share, above 0 and up to 1")
    try:
        re.compile(given.pruned or "")
    except re.error as error:
        parser.error(f"--pruned {given.pruned}: {error}")
    if unknown := set(given.engines) - set(ENGINES):
        parser.error(f"no engine {', '.join(sorted(unknown))}; there are {', '.join(ENGINES)}")
    return given


def facts(network):
    """Of an ONNX network: billions of multiply-adds of its convolutions, those with non-zero weights, value range."""
    import onnx
    from onnx import numpy_helper
    graph = onnx.load(network).graph
    constants = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in [*graph.value_info, *graph.output]}
    pairs = [(constants[n.input[1]], math.prod(shapes[n.output[0]][2:])) for n in graph.node if n.op_type == "Conv"]
    constants |= {n.output[0]: numpy_helper.to_array(n.attribute[0].t) for n in graph.node if n.op_type == "Constant"}
    clips = any(constants[i] == 255 for n in graph.node if n.op_type == "Clip" for i in n.input[2:] if i in constants)
    return (1e-9 * sum(weights.size * pixels for weights, pixels in pairs),
            1e-9 * sum(np.count_nonzero(weights) * pixels for weights, pixels in pairs), (0, 255) if clips else (0, 1))


def measured(options):
    """The results of a run, also of one that was interrupted."""
    files = {name: file for name, file in networks(options.nets, options.files).items() if file.suffix == ".onnx"}
    jobs = [(name, size, block) for size in options.sizes for name in files for block in (None, *options.block)
            if not block or options.pruned is not None and re.search(options.pruned, name)]

    def title(name, block):
        return f"{name} block f={block[0]} c={block[1]} density={options.density}" if block else name
    if options.list:
        print("\n".join(f"{title(n, b)} {s}: {', '.join(options.engines)}" for n, s, b in jobs))
        sys.exit()
    if not jobs:
        sys.exit("peers.py: no ONNX network to time")
    results = {"command": command_line("make bench-peers"), "machine": machine(), "threads": options.threads,
               "rounds": options.rounds, "interrupted": False, "cases": []}
    options.json.parent.mkdir(parents=True, exist_ok=True)  # what engines say goes there, too
    with tempfile.TemporaryDirectory(prefix="srcc-peers-") as folder:
        try:
            for number, (name, size, block) in enumerate(jobs):
                place = pathlib.Path(folder) / str(number)
                place.mkdir()
                result = {"net": title(name, block), "size": size, "error": None, "machine": [],
                          "rows": [{"engine": e, "error": None, "rounds": []} for e in options.engines]}
                results["cases"].append(result)
                measure_net(result, files[name], block, options, place, lambda: save(options.json, results))
        except KeyboardInterrupt:
            results["interrupted"] = True
            save(options.json, results)
    progress("")
    return results


def main():
    options = arguments()
    results = json.loads(options.json.read_text()) if options.report else measured(options)
    cases = results["cases"]
    rows = [row for case in cases for row in case["rows"]]
    about = conditions(results, [m for c in cases for m in c["machine"]],
                       [r["others"] for row in rows for r in row["rounds"]])
    about += f"; f32, {results['threads']} threads, rounds: {results['rounds']}"
    header, lines, ratio_header, ratios = summary(cases)
    print(f"{about}\n\n{plain(header, lines)}\n\n{plain(ratio_header, ratios)}\n\nall rounds: {options.json}")
    if options.markdown:
        publish(options.markdown, "peers", f"`{results['command']}`: {about}.\n\n"
                f"{markdown(ratio_header, ratios)}\n\n{markdown(header, lines)}")
    sys.exit(results["interrupted"] or any(x["error"] for x in cases + rows))


if __name__ == "__main__":
    main()
