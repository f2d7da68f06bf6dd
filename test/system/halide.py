"""Halide as an independent oracle of schedules: the same loop nests, the same pixels.

halide.py nests FILE...      srcc's --print-loop-nest against Halide's print_loop_nest, after normalising names, of
                             models or of every example of a page like docs/directives.md; --device=D for a default
halide.py pixels NET...      models compiled by Halide against the reference interpreter: names of the data folder,
                             files, or "demo"; --target=T for another Halide target, --schedule=S, --prune=OPTIONS

What differs and must, is taken out of both nests by rules(), each with its reason (docs/halide.md lists them).
Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
import argparse
import difflib
import pathlib
import re

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
    ours = run("srcc", both, "--print-loop-nest").stdout
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


def pixels(name, given, folder):
    source = ROOT / "docs" / "demo" / "demo.mlirbc" if name == "demo" else \
        pathlib.Path(name) if pathlib.Path(name).exists() else models()[name + ".onnx"][0]
    file = f"{folder}/net.mlirbc"
    run("srcc", source, "--stop-after=import", "-o", file, "--quiet")
    if given.prune:
        run("srcc-opt", file, f"--sr-prune={given.prune}", "--emit-bytecode", "-o", f"{folder}/pruned.mlirbc")
        file = f"{folder}/pruned.mlirbc"
    library = f"{folder}/model.so"
    schedule = [f"--schedule={given.schedule}"] if given.schedule else []
    if given.taps:  # an option of srcc-halide alone
        both = f"{folder}/sched.mlirbc"
        run("srcc", file, "--stop-after=sched", "-o", both, *schedule, *given.options)
        run("srcc-halide", both, f"--taps={given.taps}", f"--halide-target={given.target}", "-o", library)
    else:
        run("srcc", file, "--codegen=halide", f"--halide-target={given.target}", "-o", library, *schedule,
            *given.options)
    model = Model(library)
    info, worst = model.info, 0
    for width, height in SIZES + [tuple(map(int, size.split("x"))) for size in given.sizes]:
        x = noise(width, info.in_channels, height, width, info.low, info.high)
        worst = max(worst, close(f"{width}x{height}", model.run_f32(x), interpret(file, x, folder),
                                 1e-4 * (info.high - info.low)))
    model.close()
    print(f"{name}: max error {worst:.2e} of {info.high - info.low:g}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["nests", "pixels"])
    parser.add_argument("--target", default="host")
    parser.add_argument("--device", default="pocl-cpu", help="whose default schedule is taken")
    parser.add_argument("--schedule", default="")
    parser.add_argument("--prune", default="")
    parser.add_argument("--taps", choices=["list", "mask"], help="what a sparse reduction becomes")
    parser.add_argument("--sizes", nargs="*", default=[])
    parser.add_argument("--options", nargs="*", default=[], help="more options of srcc")
    parser.add_argument("names", nargs="+")
    given = parser.parse_args()
    checks = Checks()
    for name in given.names:
        with scratch() as folder, checks(f"{given.what} of {name}"):
            if given.what == "pixels":
                pixels(name, given, folder)
            elif name.endswith(".md"):
                for title, file in examples(name, folder):
                    with checks(f"nest of {title}"):
                        compare(file, given.target, given.options, given.device, folder)
            else:
                count = compare(name, given.target, given.options, given.device, folder)
                print(f"{name}: {count} equal lines", flush=True)
    checks.done()


main()
