"""Halide as an independent oracle of schedules: the same loop nests, the same pixels.

halide.py nests FILE...      srcc's --print-loop-nest against Halide's print_loop_nest, after normalising names, of
                             models or of every example of a page like docs/directives.md; --device=D for a default
halide.py pixels [NET...]    models compiled by Halide against the reference interpreter: names of the data folder,
                             files, or "demo"; --target=T for another Halide target, --schedule=S, --prune=OPTIONS;
                             --target and --prune can be repeated: every net is done with each
halide.py objects [NET...]   objects for other machines, from the schedule of --device: their headers compile, and the
                             device code, where it is OpenCL C

Without names, pixels and objects are of all networks of the data folder; they end with a table.
What differs and must, is taken out of both nests by rules(), each with its reason (docs/halide.md lists them).
Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
import argparse
import difflib
import pathlib
import re
import resource

import numpy as np

from harness import ROOT, Checks, Failure, Model, close, interpret, models, noise, run, scratch


def parse(text):
    """Lines by indentation as a tree: [label, children]."""
    root = ["", []]
    stack = [(-1, root)]
    for line in text.splitlines():
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip())
        while stack[-1][0] >= indent:
            stack.pop()
        node = [line.strip(), []]
        stack[-1][1][1].append(node)
        stack.append((indent, node))
    return root[1]


def plain(name):
    """A Func's or loop's name: Halide writes what a loop was split from in front, and numbers names that come twice."""
    return re.sub(r"\W", "_", re.sub(r"\$\d+", "", name))


def windows(nodes, loop="", stored=frozenset()):
    """Of Halide's nest: the stages stored outside the loop that they are computed at -> the dimension of that loop."""
    result = {}
    for label, children in nodes:
        word, _, rest = label.rstrip(":").partition(" ")
        if word == "produce" and plain(rest) in stored:
            result[plain(rest)] = loop
        inner = rest.split(" in [")[0].split(".")[0] if word in LOOPS else loop
        result.update(windows(children, inner, stored | {plain(rest)} if word == "store" else stored))
    return result


LOOPS = ("for", "unrolled", "vectorized", "parallel", "gpu_block", "gpu_thread")


def rules(nodes, stages, device, slides, slid=None):
    """The nest with what differs by rule taken out; `slid` is the dimension along which the stage around slides."""
    result = []
    for label, children in nodes:
        word, _, rest = label.rstrip(":").partition(" ")
        inside = rules(children, stages, device, slides, slides.get(plain(rest)) if word == "produce" else slid)
        if word == "consume" or label == "if inside:":
            result += inside  # Halide marks what reads a stage, srcc where a window is not yet full
        elif label == "else:" or word == "prefetch" or label.startswith("prefetch("):
            pass  # the else of a partition; prefetches are lines there, loops here
        elif word in ("produce", "store"):
            name = plain(rest)
            if stages is None or name in stages:
                result.append([f"{word} {name}", inside])
        elif word == "for" and rest.split(" in [")[0] == slid:
            result += inside  # Halide prints what a window is before it slides: all rows, where srcc prints the new one
        elif word in LOOPS:
            # Ranges: both print those that they know to be constant, and know different ones.
            name = plain(re.sub(r"<.*?>", "", rest.split(" in [")[0]).split(".")[-1])
            if not device:  # on a CPU work-groups are a parallel loop, the work-items of a group a serial one
                word = {"gpu_block": "parallel", "gpu_thread": "for"}.get(word, word)
            if inside:  # nothing but prefetches inside
                result.append([f"{word} {name}", inside])
        else:
            result.append([plain(label.removesuffix("(...) = ...")), inside])
    return result


def lines(nodes, depth=0):
    for label, children in nodes:
        yield "  " * depth + label
        yield from lines(children, depth + 1)


def produced(nodes):
    for label, children in nodes:
        if label.startswith("produce "):
            yield label.split()[1]
        yield from produced(children)


def compare(file, target, options, schedule, folder):
    both = f"{folder}/sched.mlirbc"
    run("srcc", file, "--stop-after=sched", "-o", both, f"--target={schedule}", *options)
    ours = re.sub(r" \(repeat \d+ of \d+\):", ":", run("srcc", both, "--print-loop-nest").stdout)
    theirs = run("srcc-halide", both, "--emit=loop-nest", f"--halide-target={target}", "--quiet").stdout
    device = "opencl" in target
    theirs = parse(theirs)
    slides = windows(theirs)
    theirs = rules(theirs, None, device, slides)
    # Halide's function has one pair of ends, the float ones.
    ours = rules(parse(ours), set(produced(theirs)), device, slides)
    if not theirs:
        raise Failure(f"{file}: no nest")
    # Stages at the root that do not read each other have no order of their own.
    a, b = [list(lines(sorted(nodes, key=lambda node: node[0]))) for nodes in (ours, theirs)]
    if a != b:
        raise Failure("\n".join(difflib.unified_diff(a, b, "srcc", "Halide", lineterm="", n=4)))
    return len(a)


def examples(page, folder):
    """The pipeline of docs/directives.md with the schedule of each section, as (name, file)."""
    intro, *sections = re.split(r"^## ", pathlib.Path(page).read_text(), flags=re.M)
    pipeline = re.search(r"^```mlir\n(.*?)^```", intro, re.M | re.S)[1]
    name = re.search(r"sched\.pipeline (@\w+)", pipeline)[1]
    for section in sections:
        lines = re.search(r"^```schedule\n(.*?)^```", section, re.M | re.S)[1].splitlines()
        file = pathlib.Path(folder) / f"{section.split()[0]}.mlir"
        body = "".join("  sched." + line.lstrip("+ ") + "\n" for line in lines)
        file.write_text(f"{pipeline}sched.schedule {name} {{\n{body}}}\n")
        yield section.split()[0], file


SIZES = [(1, 1), (7, 5), (37, 21)]  # width x height
MACHINES = ["arm-64-android-opencl", "arm-64-android-vulkan", "wasm-32-wasmrt-webgpu"]
COMPILER = 1800  # seconds that a whole network may take: one function of thousands of lines


def imported(name, prune, folder):
    """The network as sr, pruned if `prune` are options of sr-prune."""
    source = ROOT / "docs" / "demo" / "demo.mlirbc" if name == "demo" else \
        pathlib.Path(name) if pathlib.Path(name).exists() else models()[name + ".onnx"][0]
    file = f"{folder}/net.mlirbc"
    run("srcc", source, "--stop-after=import", "-o", file, "--quiet")
    if prune:
        run("srcc-opt", file, f"--sr-prune={prune}", "--emit-bytecode", "-o", f"{folder}/pruned.mlirbc")
        file = f"{folder}/pruned.mlirbc"
    return file


def compiled(*command):
    """Runs the compiler; the seconds of CPU time it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(*command, timeout=COMPILER)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def pixels(name, target, prune, given, folder):
    """One network against the interpreter: its line of the table."""
    file = imported(name, prune, folder)
    library = f"{folder}/model.so"
    schedule = [f"--target={given.device}", *([f"--schedule={given.schedule}"] if given.schedule else [])]
    if given.taps:  # an option of srcc-halide alone
        both = f"{folder}/sched.mlirbc"
        run("srcc", file, "--stop-after=sched", "-o", both, *schedule, *given.options)
        took = compiled("srcc-halide", both, f"--taps={given.taps}", f"--halide-target={target}", "-o", library)
    else:
        took = compiled("srcc", file, "--codegen=halide", f"--halide-target={target}", "-o", library, *schedule,
                        *given.options)
    model = Model(library)
    info, worst = model.info, 0
    for width, height in SIZES + [tuple(map(int, size.split("x"))) for size in given.sizes]:
        x = noise(width, info.in_channels, height, width, info.low, info.high)
        worst = max(worst, close(f"{width}x{height}", model.run_f32(x), interpret(file, x, folder),
                                 1e-4 * (info.high - info.low)))
    model.close()
    return f"{took:.0f}", f"{worst / (info.high - info.low):.1e}"


def objects(name, target, prune, given, folder):
    """An object for another machine: its line of the table."""
    file = imported(name, prune, folder)
    base = f"{folder}/{re.sub('[^a-z0-9]', '_', pathlib.Path(name).stem.lower())}"
    command = "srcc", file, "--codegen=halide", f"--target={given.device}", f"--halide-target={target}", *given.options
    took = compiled(*command, "-o", f"{base}.o")
    size = pathlib.Path(f"{base}.o").stat().st_size
    language = "c++" if "webgpu" in target else "c"  # Halide's header for WebGPU is C++ only
    run("clang-22", "-x", language, "-fsyntax-only", f"{base}.h")
    checked = f"header as {language.upper()}"
    if "opencl" in target:
        run(*command, "--emit=device-code", "-o", f"{base}.cl", timeout=COMPILER)
        half = ["-Dcl_khr_fp16"] if "cl_half" in target else []
        run("clang-22", "-x", "cl", "-cl-std=CL1.2", "-fsyntax-only", *half, f"{base}.cl")
        count = pathlib.Path(f"{base}.cl").read_text().count("__kernel ")
        checked += f", {count} kernels as OpenCL C"
    return f"{took:.0f}", f"{size / 1e6:.1f} MB; {checked}"


def table(what, given, checks):
    """Every network with every target and pruning, and what came of it."""
    print(f"| network | weights | target | compiler, s of CPU | {'max error, of the range' if what == pixels else 'object'}"
          " |\n| --- | --- | --- | ---: | ---: |", flush=True)
    for name in given.names or [name.removesuffix(".onnx") for name in models() if ".dynamo." not in name]:
        for prune in given.prune or [""]:
            for target in given.target:
                weights = prune.removeprefix("scheme=") or "dense"
                with scratch() as folder, checks(f"{name}, {weights}, {target}"):
                    cells = what(name, target, prune, given, folder)
                    print("| " + " | ".join([pathlib.Path(name).stem, weights, target, *cells]) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["nests", "pixels", "objects"])
    parser.add_argument("--target", action="append", help=f"of Halide's (default host; objects: {', '.join(MACHINES)})")
    parser.add_argument("--device", help="whose default schedule is taken (default pocl-cpu; objects: mali-g77)")
    parser.add_argument("--schedule", default="")
    parser.add_argument("--prune", action="append", help="options of srcc-opt --sr-prune; '' for dense")
    parser.add_argument("--taps", choices=["list", "mask"], help="what a sparse reduction becomes")
    parser.add_argument("--sizes", nargs="*", default=[])
    parser.add_argument("--options", nargs="*", default=[], help="more options of srcc")
    parser.add_argument("names", nargs="*")
    given = parser.parse_intermixed_args()
    given.target = given.target or (MACHINES if given.what == "objects" else ["host"])
    given.device = given.device or ("mali-g77" if given.what == "objects" else "pocl-cpu")
    checks = Checks()
    if given.what == "nests":
        for name in given.names:
            with scratch() as folder, checks(f"nests of {name}"):
                if name.endswith(".md"):
                    for title, file in examples(name, folder):
                        with checks(f"nest of {title}"):
                            compare(file, given.target[0], given.options, given.device, folder)
                else:
                    count = compare(name, given.target[0], given.options, given.device, folder)
                    print(f"{name}: {count} equal lines", flush=True)
    else:
        table(pixels if given.what == "pixels" else objects, given, checks)
    checks.done()


main()
