"""A schedule never changes a result: random networks under random schedules, at random sizes, on the default OpenCL
device against the reference interpreter; within 1e-4 of the range.

fuzz.py [--seed=N] [--cases=N] [--folder=FOLDER]: cases N, N + 1, ...; a case is the same whenever and wherever it is
run, so a long run goes on where another ended. A failing case leaves its files in FOLDER, with its schedule as short as
it still fails. fuzz.py --replay=FOLDER/N runs them again.

A schedule that srcc refuses for one of its rules counts as refused. All else is a failure: a wrong pixel, a write
outside a buffer, a crash, an error that is no rule, a kernel that does not build or end; and a directive that no case
used.
Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
import argparse
import collections
import json
import math
import os
import pathlib
import re
import resource
import select
import shutil
import subprocess
import sys
import time

import numpy as np

from harness import ROOT, Failure, interpret, oclgrind_device, run, scratch
from schedules import Pipeline, Random, applicable, mutate

sys.path.insert(0, str(ROOT / "test" / "compiler" / "passes" / "Inputs"))
import random_nets  # noqa: E402

CASES_OF_A_NET, TOGETHER = 4, 16  # cases that share a network; packages that share an OpenCL program
OCLGRIND = "/usr/lib/oclgrind/liboclgrind-rt-icd.so"
TIMEOUT = 120  # seconds, of a compilation and of a picture
LARGE = 1 << 20  # bytes of a package whose straight-line code takes PoCL minutes to build; such cases are not run
SIZES = [(1, 1), (1, 9), (2, 3), (3, 1), (5, 16), (7, 7), (8, 8), (11, 23), (17, 6), (16, 32), (33, 19), (40, 70)]
USES = {  # what is counted: a name and the lines that have it
    **{op: rf"^{op} " for op in ("compute_root", "compute_at", "store_at", "fold_storage", "group", "split", "tile",
                                 "reorder", "fuse", "vectorize", "unroll", "gpu_blocks", "gpu_threads", "store_in",
                                 "align_bounds", "bound", "compute_with", "prefetch", "repeat")},
    **{f"tail {tail}": rf"^(split|tile) .*tail {tail}" for tail in ("guard", "shift_inwards", "round_up")},
    "factor of H or W": r"^(split|tile) .*-> \([^>]*s[01]",
    **{f"in {memory}": rf"^store_in @\S+ {memory}" for memory in ("global", "private", "local", "image2d")},
    "layout": "^store_in .*layout", "layout packed": "^store_in .*layout.*%",
    "layout in parts": r"^store_in .*layout.*/\d+%", "align": "^store_in .*align",
    "prefetch over a loop": "^prefetch .* over", "prefetch to write": r"^prefetch @(\S+) at @\1 ",
    "odd": "^store_in .*odd", "unroll of a list": r'^unroll .*\["t(ap|o)"\]'}
RULES = [  # texts of compiler/schedule that refuse a schedule
    "may write outside the output", "a list of taps serves", "cannot be grouped", "cannot slide along loop",
    r"slides along loop .* which is", "so that it would start before what is stored", "is computed ahead along loop",
    "alive at once, but is folded by",
    r"inside gpu_threads loop .* belongs to one work-item", "would be computed by each work-item of the group, in memory",
    "in global memory belongs to a work-group",
    "in global memory is needed at two places",
    "cannot be a GPU dimension", "cannot be gpu_threads", "work-group size must be constant",
    "memory must have a constant size", "must depend on H and W only", "is read at places whose bounds are not constant", "is the same for all lanes",
    "in pieces, and others are computed inside",
    "computes pieces of .* that start before what is new", "is vectorised; reorder so that",
    r"but its extent is .* not a constant", "at most 1024 can be unrolled",
    "chooses the list", "over a list is unrolled, and", "is unrolled into more than", "a vectorised loop has 2, 4, 8 or 16",
    "cannot bound what is (needed|touched)", "is read by .* where it is not stored", "a loop that is not around the one",
    "has updates and cannot be inlined", "is inlined and has no loops", "already has a", "legal memory: global",
    r"has a (store_at|fold_storage), but no", "which does not read it", "legal: one compute_at",
    "is or was taken", "is already", "an update must not visit a point twice", "legal tails?:", "has no loop",
    "is asked for", "to spread requests over", "would ask for everything in each", "has no constant (bound|extent)",
    "takes stages inside the pipeline", "is no loop of", "differ in the extent", "which both share",
    "not at a constant place of a texel", "is written where no texel begins", "elements; legal: whole texels",
    "reads it before that is done", "computed with another already", "a loop that is @",
    r"loop .* of @\S+ is @\S+'s; legal: at @",
    "which nothing here loads", "repeat of @", "is not computed at one loop, the same for all",
    "is no serial reduction loop", "(reads|writes) nothing of", "(reads|writes) no bounded region",
    "runs over lists of different lengths", "must be directly around"]


class Net(random_nets.Net):
    """A small network as super-resolution has them: a head, a few layers, a pixel shuffle."""
    kind = None  # of the next weights' zeros

    def weights(self, f, c, k, plain=False):
        w = np.round(self.random.uniform(0.1, 1, (f, c, k, k)) * self.random.choice([-1, 1], (f, c, k, k)), 2)
        kind = self.kind or self.random.choice(["dense", "dense", "unstructured", "block", "pattern"])
        if kind == "unstructured":
            w *= self.random.random(w.shape) < 0.3
        if kind == "block":
            w *= (self.random.random((-(-f // 4), c, 1, 1)) < 0.5).repeat(4, axis=0)[:f]
        if kind == "pattern":
            patterns = self.random.random((4, k, k)) < 0.4
            w *= patterns[self.random.integers(4, size=(-(-f // 4), c))].repeat(4, axis=0)[:f]
        return np.round(w / np.sqrt(c * k * k), 3), self.random.uniform(-0.5, 0.5, f)

    def alike(self, x):
        """Layers that differ in weights only, which one kernel may compute in a loop."""
        kind = self.random.choice(["dense", "dense", "dense", "unstructured"])
        residual = self.random.random() < 0.3
        for _ in range(int(self.random.integers(4, 7))):
            self.kind = kind
            y = self.emit("relu", [self.conv(x, x[1], k=3, bias=True)[0]], "", [self.map(x[1])], x[1], function=False)
            x = self.emit("add", [x[0], y[0]], "", [self.map(x[1]), self.map(x[1])], x[1]) if residual else y
            self.kind = None
        return x

    def write(self, alike):
        channels, scale = int(self.random.choice([1, 3, 3])), int(self.random.choice([1, 2, 2, 3]))
        start = ("%input", channels)
        channels_of_head = int(self.random.choice([2, 3, 4, 4, 5, 6, 8, 8]))
        values = [self.conv(start, channels_of_head, int(self.random.choice([1, 3, 3, 5])))]
        if alike:
            values.append(self.alike(values[-1]))
        for _ in range(0 if alike else int(self.random.integers(0, 4))):
            x = values[-1] if self.random.random() < 0.8 else values[self.random.integers(len(values))]
            x = self.conv(x) if x[1] > 12 else x
            y = values[self.random.integers(len(values))]
            kinds = [(4, lambda: self.conv(x)), (1, lambda: self.conv(x, k=5)), (1, lambda: self.grouped(x)),
                     (3, lambda: self.activation(x)), (1, lambda: self.prelu(x)), (1, lambda: self.with_table(x)),
                     (2, lambda: self.binary(x, self.conv(x, x[1]))), (1, lambda: self.concat(x, y)),
                     (3, lambda: self.concat(self.conv(x, x[1]), self.conv(x, x[1]))),
                     (0.5, lambda: self.transposed(x)), (0.5, lambda: self.attention(x)),
                     (0.5, lambda: self.channelwise(x)), (0.5, lambda: self.shuffled(x)), (1, lambda: self.split(x)),
                     (0.5, lambda: self.slice(x)), (0.3, lambda: self.resized(x))]
            chances = np.array([k[0] for k in kinds])
            values.append(kinds[self.random.choice(len(kinds), p=chances / chances.sum())][1]())
        out = self.conv(values[-1], channels * scale**2, int(self.random.choice([1, 3])))
        if scale > 1:
            out = self.emit("pixel_shuffle", [out[0]], f"{{scale = {scale}}}", [self.map(out[1])], channels)
        elif self.random.random() < 0.5:
            out = self.binary(out, start)
        if self.random.random() < 0.5:
            out = self.emit("clamp", [out[0]], "{low = 0.0 : f32, high = 1.0 : f32}", [self.map(channels)], channels,
                            function=False)
        body, color = "\n".join("  " + line for line in self.lines), "y" if channels == 1 else "rgb"
        return (f"module attributes {{sr.io = #sr.io<scale = {scale}, color = {color}, range = 0.0 : 1.0>}} {{\n"
                f"func.func @net(%input: {self.map(channels)}) -> {self.map(channels)} {{\n{body}\n"
                f"  return {out[0]} : {self.map(channels)}\n}}\n}}\n"), channels


class Subject:
    """A network, its pipeline with a default schedule of some device, pictures and what they become."""

    def __init__(self, number, folder, largest):
        random = np.random.default_rng([number, 1])
        self.folder = pathlib.Path(folder) / f"net{number}"
        self.folder.mkdir()
        self.model = self.folder / "model.mlir"
        self.alike = number % 8 == 7
        text, channels = Net([number, 2]).write(self.alike)
        self.model.write_text(text)
        base = [[], [], ["--no-fusion"], ["--target=mali-g77"], *[["--target=adreno640"]] * 2][random.integers(6)]
        if self.alike:
            base = []
        base = [*base, f"--winograd={random.choice([0, 0, 1])}"]
        run("srcc", self.model, "--stop-after=sched", "-o", self.folder / "base.mlir", *base)
        printed = run("srcc-opt", self.folder / "base.mlir").stdout
        self.images = "image2d" in printed  # rarely legal but by rule
        self.pipeline = Pipeline(printed, bytes_too=random.random() < 0.25)
        self.pictures = []
        for i in [i for i in random.permutation(len(SIZES)) if math.prod(SIZES[i]) <= largest][:3]:
            given, wanted = (str(self.folder / f"{name}{i}.npy") for name in ("in", "expected"))
            picture = (random.integers(0, 256, (channels, *SIZES[i])) / 255).astype(np.float32)
            np.save(given, picture)
            np.save(wanted, interpret(self.model, picture, self.folder))
            self.pictures.append((given, wanted))


def large_stacks():
    """PoCL keeps the private memory of all work-items of a group on its threads' stacks, without optimisation every
    variable of them: more than 8 MB for some schedules that are legal."""
    limit = resource.getrlimit(resource.RLIMIT_STACK)[1]
    resource.setrlimit(resource.RLIMIT_STACK, (1 << 29 if limit == resource.RLIM_INFINITY else limit, limit))


class Runner:
    """kernels.py as a process, started again when it ends; its driver's caches live as long as it does."""

    def __init__(self, oclgrind=False):
        self.process, self.asked, self.oclgrind = None, 0, oclgrind

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.cache.cleanup()
        self.process = None

    def ask(self, cases):
        """For each case what is wrong (or None) and its error; a Failure if the process does not answer."""
        if self.asked % 50 == 0:
            self.stop()
        self.asked += 1
        if not self.process:
            self.cache = scratch()
            environment = {**os.environ, "POCL_CACHE_DIR": self.cache.name, "XDG_CACHE_HOME": self.cache.name}
            self.log, self.accesses = (open(pathlib.Path(self.cache.name) / name, "w+") for name in ("log", "accesses"))
            if self.oclgrind:
                environment |= {"OCL_ICD_VENDORS": OCLGRIND, "OCLGRIND_LOG": self.accesses.name,
                                "OCLGRIND_NUM_THREADS": "1", "OCLGRIND_MAX_ERRORS": "3",
                                "OCLGRIND_LOCAL_MEM_SIZE": str(8 << 20)}  # it adds up that of all kernels
            self.process = subprocess.Popen([sys.executable, pathlib.Path(__file__).with_name("kernels.py")], text=True,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
                                            env=environment, preexec_fn=large_stacks)
        self.process.stdin.write(json.dumps(cases) + "\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], TIMEOUT * (1 + len(cases) / 4))
        line = self.process.stdout.readline() if ready else ""
        self.accesses.seek(0)
        if accesses := self.accesses.read().strip():
            self.stop()
            raise Failure(accesses[:1500])
        if line:
            return json.loads(line)
        code = self.process.poll()
        self.log.seek(0)
        text = self.log.read()[-1000:]
        self.stop()
        raise Failure(f"kernels do not end within {TIMEOUT} s" if not ready else f"kernels crash ({code}): {text}")

    def results(self, cases):
        """The same; those that fail are run again, alone: what one does to memory must not fail another."""
        try:
            results = self.ask(cases)
        except Failure as error:
            results = [[str(error), 0]] * len(cases)
        if len(cases) == 1:
            return results
        return [self.results([case])[0] if result[0] else result for case, result in zip(cases, results)]


def compile_case(text, folder):
    """(package, None), or (None, what srcc says)."""
    source, package = pathlib.Path(folder) / "case.mlir", pathlib.Path(folder) / "case.srp"
    source.write_text(text)
    try:
        done = run("srcc", source, "-o", package, "--quiet", f"--target={oclgrind_device(folder)}", code=None,
                   timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return None, f"srcc does not end within {TIMEOUT} s"
    if done.returncode == 0:
        return str(package), None
    message = "\n".join(line for line in done.stderr.splitlines() if "error:" in line) or done.stderr[-2000:]
    return None, message if done.returncode == 1 else f"srcc ends with {done.returncode}: {done.stderr[-2000:]}"


def rule(message):
    """The rule that refuses a schedule, if the message is one."""
    if "srcc ends with" in message:
        return None
    return next((r for r in RULES if re.search(r, message)), None)


def kind(problem):
    """The first words of a problem; a shorter schedule has to have one of the same kind."""
    return "wrong" if " instead of " in problem else re.sub(r"^\S+: error:|@\S+|\d", "", problem)[:40]


def problem_of(subject, lines, runner, folder):
    package, message = compile_case(subject.pipeline.text(lines), folder)
    if message:
        return None if rule(message) else message
    return runner.results([[package, subject.pictures]])[0][0]


def shrink(subject, lines, problem, runner, folder):
    """A shorter schedule with the same kind of problem."""
    step, until = max(1, len(lines) // 2), time.monotonic() + 120
    while time.monotonic() < until:
        at, shorter = 0, False
        while at < len(lines) and time.monotonic() < until:
            less = applicable(subject.pipeline, lines[:at] + lines[at + step:])
            other = problem_of(subject, less, runner, folder)
            if other and kind(other) == kind(problem):
                lines, problem, shorter = less, other, True
            else:
                at += step
        if step == 1 and not shorter:
            break
        step = max(1, step // 2)
    return lines, problem


def keep(folder, subject, lines, first, problem, command):
    """The files of a failing case."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(subject.model, folder / "model.mlir")
    (folder / "case.mlir").write_text(subject.pipeline.text(lines))
    (folder / "whole.mlir").write_text(subject.pipeline.text(first))
    (folder / "schedule.txt").write_text("\n".join(lines) + "\n")
    for path in sum(map(list, subject.pictures), []):
        shutil.copy(path, folder)
    (folder / "README").write_text(f"{problem}\n\nagain: {command} --replay={folder}\nfrom the seed: {command} "
                                   f"--seed={folder.name} --cases=1\n")


def replay(folder):
    folder, runner = pathlib.Path(folder), Runner()
    pictures = [(str(p), str(p.with_name(p.name.replace("in", "expected")))) for p in sorted(folder.glob("in*.npy"))]
    with scratch() as work:
        package, message = compile_case((folder / "case.mlir").read_text(), work)
        problem, error = (message, 0) if message else runner.results([[package, pictures]])[0]
    runner.stop()
    print(problem or f"right: the largest error is {error:.1e}")
    return bool(problem)


def report(used, refused, ran, tried, worst):
    print(f"largest error {worst:.1e} of the range\nuses in the {ran} schedules that ran:")
    for name in USES:
        print(f"  {name:<18} {used[name]:>6} in {used[name, 'cases']:>5} cases")
    print(f"refused {sum(refused.values())} of {tried}:")
    for text, count in refused.most_common():
        print(f"  {count:>5}  {text}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seed", type=int, default=1, help="the first case")
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--folder", default="fuzz-failures", help="where failing cases go")
    parser.add_argument("--replay", help="the folder of a failing case")
    parser.add_argument("--oclgrind", action="store_true", help="watch all accesses to memory, of small pictures")
    parser.add_argument("--most", type=int, default=10, help="failures after which to stop")
    arguments = parser.parse_args()
    if arguments.replay:
        sys.exit(replay(arguments.replay))
    command = f"{sys.executable} {sys.argv[0]}"
    used, refused, failed, ran, tried, worst = collections.Counter(), collections.Counter(), [], 0, 0, 0.0
    runner, start, waiting, subject = Runner(arguments.oclgrind), time.monotonic(), [], (None, None)
    print(f"cases {arguments.seed} to {arguments.seed + arguments.cases - 1}", flush=True)
    with scratch() as folder:

        def fail(seed, subject, lines, problem):
            work = pathlib.Path(folder) / "shrink"
            work.mkdir(exist_ok=True)
            shorter, said = shrink(subject, lines, problem, runner, work)
            place = pathlib.Path(arguments.folder).resolve() / str(seed)
            keep(place, subject, shorter, lines, said, command)
            failed.append(seed)
            print(f"FAIL {seed}: {said}\n  {place}\n  again: {command} --replay={place}", flush=True)

        def flush():
            nonlocal ran, worst
            results = runner.results([[package, s.pictures] for _, s, _, package in waiting]) if waiting else []
            for (seed, s, lines, package), (problem, error) in zip(waiting, results):
                if problem:
                    fail(seed, s, lines, problem)
                    continue
                ran, worst = ran + 1, max(worst, error)
                for name, pattern in USES.items():
                    count = sum(bool(re.search(pattern, line)) for line in lines)
                    used[name] += count
                    used[name, "cases"] += count > 0
            for _, s, _, package in waiting:
                shutil.rmtree(s.folder, ignore_errors=True)
            waiting.clear()
            print(f"{tried} of {arguments.cases}: {ran} ran, {sum(refused.values())} refused, {len(failed)} failed, "
                  f"{time.monotonic() - start:.0f} s", flush=True)

        try:
            for seed in range(arguments.seed, arguments.seed + arguments.cases):
                if subject[0] != seed // CASES_OF_A_NET:
                    if len(waiting) + CASES_OF_A_NET > TOGETHER:
                        flush()
                    number = seed // CASES_OF_A_NET
                    subject = (number, Subject(number, folder, 64 if arguments.oclgrind else math.inf))
                if len(failed) >= arguments.most:
                    break
                random, s = np.random.default_rng([seed, 3]), subject[1]
                change = random.random() < (0.9 if s.images or s.alike else 0.4)
                lines = (applicable(s.pipeline, mutate(s.pipeline, random)) if change
                         else Random(s.pipeline, random).lines)
                place = s.folder / str(seed)
                place.mkdir()
                tried += 1
                package, message = compile_case(s.pipeline.text(lines), place)
                if package and pathlib.Path(package).stat().st_size > LARGE:
                    refused[f"its straight-line code is larger than {LARGE >> 20} MB, and was not run"] += 1
                elif package:
                    waiting.append((seed, s, lines, package))
                elif rule(message):
                    refused[rule(message)] += 1
                else:
                    fail(seed, s, lines, message)
            flush()
        except KeyboardInterrupt:
            print(f"interrupted; --seed={seed} goes on from here")
    runner.stop()
    report(used, refused, ran, tried, worst)
    unused = [name for name in USES if not used[name]] if arguments.cases >= 40 else []
    if unused:
        print(f"never used: {', '.join(unused)}")
    print(f"{ran} cases are right, {sum(refused.values())} refused, {len(failed)} fail {failed or ''}, "
          f"{time.monotonic() - start:.0f} s")
    sys.exit(bool(failed or unused or not ran))


if __name__ == "__main__":
    main()
