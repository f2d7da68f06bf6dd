"""Random schedules of a pipeline, legal by the rules of compiler/schedule as far as they can be seen from here: other
versions of a given one, or from nothing. For fuzz.py.

A schedule is a list of lines, `split @out "x" into "xo", "xi" by affine_map<()[s0, s1] -> (4)>`.
Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
import collections
import math
import re

NOMINAL = 24  # of a loop that depends on the size of the picture, for estimates
UNSTEADY = 10**6  # of a loop that ends earlier in its last run, and of what depends on it


def quoted(names):
    return "[" + ", ".join(f'"{n}"' for n in names) + "]"


def factor(text):
    return f"affine_map<()[s0, s1] -> ({text})>"


class Definition:
    """A pure definition or an update: its reduction dimensions, and what it reads at which indices."""

    def __init__(self, dims, rdims, lines):
        self.dims, self.rdims, self.reads = dims, rdims, []
        self.values, names = {}, []
        for line in map(str.strip, lines):
            if line.startswith("^bb0"):
                names = re.findall(r"%([\w-]+): index", line)
            elif m := re.match(r"%([\w-]+) = sched\.read @([\w.]+)\[([^]]*)\]", line):
                self.reads.append((m[2], re.findall(r"%([\w-]+)", m[3])))
            elif m := re.match(r"%([\w-]+) = arith\.constant (-?\d+) : index", line):
                self.values[m[1]] = int(m[2])
            elif m := re.match(r"%([\w-]+) = (\S+) (.*) : index$", line):
                self.values[m[1]] = (m[2], re.findall(r"%([\w-]+)", m[3]))
        self.arguments = dict(zip(names, [*dims, *rdims]))

    def spans(self, indices, env):
        """How many elements each index covers while the dimensions cover `env`; None: depends on the picture."""
        return [self.span(i, env) for i in indices]

    def span(self, name, env):
        if name in self.arguments:
            return env[self.arguments[name]]
        value = self.values.get(name)
        if isinstance(value, int):
            return 1
        if value is None:
            return None
        op, operands = value
        constants = [self.values[o] for o in operands if isinstance(self.values.get(o), int)]
        a = [self.span(o, env) for o in operands]
        if None in a:
            return None
        by = abs(constants[0]) if constants else None
        if op in ("arith.addi", "arith.subi"):
            return a[0] + a[1] - 1
        if op == "arith.muli" and by is not None:
            return (max(a) - 1) * by + 1
        if op == "arith.remui" and by:
            return 1 if a[0] == 1 else by
        if op in ("arith.floordivsi", "arith.divui") and by:
            return 1 if a[0] == 1 else UNSTEADY if a[0] % by else a[0] // by
        return None


class Stage:
    def __init__(self, name, dims, extents, scale, output, instead_of, definitions):
        self.name, self.dims, self.extents, self.scale = name, dims, extents, scale
        self.output, self.instead_of, self.definitions = output, instead_of, definitions


def constant(text):
    return int(text) if re.fullmatch(r"\d+", text) else None


class Pipeline:
    """A module as `srcc-opt` prints it: what schedules need to know of its pipeline, and the schedule it has."""

    def __init__(self, text, bytes_too=True):
        for name, value in re.findall(r"^(#map\d*) = (.*)$", text, flags=re.M):
            text = re.sub(re.escape(name) + r"\b(?! =)", lambda _: value, text)
        if not bytes_too:  # the ends of 8-bit pixels
            text = re.sub(r"    sched\.stage @(output_u8|input_from_u8) .*?\n    }\n", "", text, flags=re.S)
            ends = r"input @input_u8|\S+ @(output_u8|input_from_u8)|compute_at .* @output_u8"
            text = re.sub(rf"    sched\.({ends})( .*)?\n", "", text)
        self.before, lines, self.after = re.fullmatch(r"(.*sched\.schedule @\w+ {\n)(.*?)(  }\n.*)", text,
                                                      flags=re.S).groups()
        self.lines = [re.sub(r"  +", " ", line.strip().removeprefix("sched.")) for line in lines.splitlines()]
        self.stages, self.tables = {}, {}
        for name, sizes in re.findall(r"^    sched\.table @([\w.]+) = .* : tensor<([\dx]+)xf32>", text, flags=re.M):
            self.tables[name] = [int(n) for n in sizes.split("x")]
        pattern = r"^    sched\.stage @([\w.]+) dims \[(.*?)\] extents affine_map<.*? -> \((.*?)\)> (.*?)\n(.*?)^    }\n"
        for name, dims, extents, rest, body in re.findall(pattern, text, flags=re.M | re.S):
            dims, (pure, *updates) = re.findall(r'"(\w+)"', dims), re.split(r"^ +sched\.update ", body, flags=re.M)
            definitions = [Definition(dims, {}, pure.splitlines())]
            for head, *lines in (update.splitlines() for update in updates):
                sizes = re.search(r"-> \((.*?)\)>", head)[1].split(", ")
                rdims = dict(zip(re.findall(r'"(\w+)"', head), map(constant, sizes)))
                definitions.append(Definition(dims, rdims, lines))
            instead = re.search(r"instead_of @([\w.]+)", rest)
            scale = int((re.search(r"s[01] \* (\d+)", extents) or [0, 1])[1])
            self.stages[name] = Stage(name, dims, [constant(e) for e in extents.split(", ")], scale, " output " in rest,
                                      instead and instead[1], definitions)

    def text(self, lines):
        return self.before + "".join(f"    sched.{line}\n" for line in lines) + self.after

    def ends(self):
        """Stages that are always at the root."""
        return ({s.name for s in self.stages.values() if s.output or s.instead_of} |
                {s.instead_of for s in self.stages.values() if s.instead_of})


def smaller(span, whole, halo=0):
    if span is None or whole is None or span >= UNSTEADY:
        return whole if span is None else span
    return min(span, whole + halo)


class Loop:
    def __init__(self, name, extent, dims, ragged=False):
        self.name, self.extent, self.dims, self.kind = name, extent, dims, "serial"
        self.ragged = ragged  # ends earlier in its last run, if it is serial

    def steady(self):
        return UNSTEADY if self.ragged and self.kind == "serial" else self.extent


class Nest:
    """Loops of a definition, innermost first, as Schedule.cpp keeps them."""

    def __init__(self, stage, index, extents):
        definition = stage.definitions[index]
        self.definition, self.taken, self.splits, self.group, self.slides = definition, set(), [], None, None
        self.step = None  # the loop over the taps of a step, where the one over a list is split
        self.shifted = set()
        base = dict(zip(stage.dims, extents))
        self.loops = [Loop(n, definition.rdims[n], {n}) for n in reversed(definition.rdims)]
        self.loops += [Loop(n, base[n], {n}) for n in reversed(stage.dims)]
        self.base = {**base, **definition.rdims}

    def find(self, name):
        return next((loop for loop in self.loops if loop.name == name), None)

    def reduces(self, loop):
        return bool(loop.dims & set(self.definition.rdims))

    def span(self, dim, inside):
        """Elements of a dimension that the loops `inside` cover; None: depends on the picture."""
        def of(name):
            if name in inside:
                return inside[name]
            for old, outer, inner, by in self.splits:
                if old == name:
                    a, b = of(outer), of(inner)
                    return None if a is None or b is None or by is None else (a - 1) * by + b
            return 1
        span = of(dim)
        whole = self.base[dim]
        return smaller(span, whole)


class Schedule:
    """Lines that hold, one after another: `add` leaves out a line that names what is not there."""

    def __init__(self, pipeline):
        self.pipeline, self.lines, self.nests, self.places, self.root = pipeline, [], {}, {}, set()
        for stage in pipeline.stages.values():
            self.start(stage, stage.extents)

    def start(self, stage, extents):
        for i in range(len(stage.definitions)):
            self.nests[stage.name, i] = Nest(stage, i, extents)

    def add(self, line):
        if self.apply(line):
            self.lines.append(line)
            return True
        return False

    def apply(self, line):
        if line.startswith("repeat "):
            places = [self.places.get(name) for name in re.findall(r"@([\w.]+)", line)]
            return (len(places) > 1 and bool(places[0]) and len(places[0]) == 1 and
                    all(place == places[0] for place in places))
        op, name, update, rest = re.fullmatch(r"(\w+) @([\w.]+)(?: update (\d+))? ?(.*)", line).groups()
        names = re.findall(r'"([^"]*)"', rest)
        by = [constant(e) for e in (re.search(r"-> \(([^>]*)\)>", rest) or [0, ""])[1].split(", ")]
        if op in ("compute_root", "store_in"):
            self.root |= {name} if op == "compute_root" else set()
            return name in self.pipeline.stages or name in self.pipeline.tables
        if op in ("align_bounds", "bound", "fold_storage"):
            return name in self.pipeline.stages
        if op == "compute_with":
            return {name, re.search(r"with @([\w.]+)", rest)[1]} <= self.root
        if op in ("compute_at", "store_at"):
            consumer = re.search(r"at @([\w.]+)", rest)[1]
            nest = self.nests[consumer, len(self.pipeline.stages[consumer].definitions) - 1]
            loop = nest.find(names[0])
            if not loop or loop.kind == "vectorize":
                return False
            if op == "compute_at":
                self.places.setdefault(name, []).append((consumer, names[0]))
            return True
        nest = self.nests.get((name, int(update) + 1 if update else 0))
        if not nest:
            return False
        if op == "split":
            return self.split(nest, *names, by[0], rest)
        if op == "tile":
            n = len(names) // 3
            if not all(self.split(nest, names[i], names[n + i], names[2 * n + i], by[i], rest) for i in range(n)):
                return False
            return self.reorder(nest, names[2 * n:] + names[n:2 * n])
        if op == "reorder":
            return self.reorder(nest, names)
        if op == "fuse":
            inner, outer, fused = names
            at = next((i for i, loop in enumerate(nest.loops) if loop.name == inner), None)
            if at is None or at + 1 == len(nest.loops) or nest.loops[at + 1].name != outer or fused in nest.taken:
                return False
            a, b = nest.loops[at:at + 2]
            if nest.find(fused) or {a.kind, b.kind} != {"serial"} or {nest.group, nest.step} & {inner, outer}:
                return False
            nest.taken |= {inner, outer}
            extent = a.extent * b.extent if a.extent and b.extent else None
            nest.loops[at:at + 2] = [Loop(fused, extent, a.dims | b.dims)]
            return True
        if op == "group":
            *loops, tap, dim = names
            found = [nest.find(n) for n in loops]
            if nest.group or nest.find(tap) or not all(l and l.kind == "serial" and nest.reduces(l) for l in found):
                return False
            at = min(nest.loops.index(loop) for loop in found)
            dims = set().union(*(loop.dims for loop in found))
            nest.loops = [Loop(tap, None, dims) if i == at else loop for i, loop in enumerate(nest.loops)
                          if i == at or loop not in found]
            nest.taken |= set(loops)
            nest.group = tap
            return True
        found = [nest.find(n) for n in names]
        if not all(loop and loop.kind == "serial" for loop in found):
            return False
        if {nest.group, nest.step} & set(names) and op != "unroll":
            return False
        for loop in found:
            loop.kind = op
        return True

    @staticmethod
    def split(nest, name, outer, inner, by, rest):
        loop = nest.find(name)
        if not loop or loop.kind != "serial" or {outer, inner} & nest.taken or outer == inner:
            return False
        if name in (nest.group, nest.step):
            if nest.step or not by or not 2 <= by <= 16 or "round_up" not in rest:
                return False
            nest.group, nest.step = outer, inner
        if nest.find(outer) or nest.find(inner):
            return False
        at = nest.loops.index(loop)
        extent = -(-loop.extent // by) if loop.extent and by else None
        ragged = loop.ragged or not re.search("round_up|shift_inwards", rest) and not (extent and loop.extent % by == 0)
        nest.loops[at:at + 1] = [Loop(inner, by, loop.dims, ragged), Loop(outer, extent, loop.dims)]
        nest.taken.add(name)
        if outer != nest.group:
            nest.splits.append((name, outer, inner, by))
        if "shift_inwards" in rest:
            nest.shifted |= loop.dims
        return True

    @staticmethod
    def reorder(nest, names):
        found = [nest.find(n) for n in names]
        if None in found or len(set(names)) != len(names):
            return False
        places = sorted(nest.loops.index(loop) for loop in found)
        for place, loop in zip(places, found):
            nest.loops[place] = loop
        return True


def layout(random, dims, packable):
    """A random order of dimensions, one of them perhaps packed."""
    order = [dims[i] for i in random.permutation(len(dims))]
    if packable and random.random() < 0.5:
        packed, by = packable[random.integers(len(packable))], random.choice([2, 3, 4, 8])
        parts = [f"{packed}/{by}", f"{packed}%{by}"]
        if random.random() < 0.3:
            more = random.choice([2, 4])
            parts = [f"{packed}/{by * more}", f"{packed}%{more}", f"{packed}/{more}%{by}"]
        order.remove(packed)
        for part in parts:
            order.insert(int(random.integers(len(order) + 1)), part)
    return f" layout {quoted(order)}" if random.random() < 0.9 else ""


def store(random, name, memory, dims, packable):
    text = f"store_in @{name} {memory}{layout(random, dims, packable)}"
    if random.random() < 0.4:
        text += f" align {random.choice([2, 3, 4, 8, 16])}" + (" odd" if random.random() < 0.5 else "")
    return text + (" as f32" if random.random() < 0.1 else "")


class Random(Schedule):
    """A schedule by random choice, consumers first."""

    def __init__(self, pipeline, random):
        super().__init__(pipeline)
        self.random, self.inlined, self.sliding, self.ahead = random, {}, {}, set()
        self.wide = self.chance(0.15)  # scratch whose size depends on the picture
        self.readers = collections.defaultdict(list)  # (stage, definition, indices)
        for stage in pipeline.stages.values():
            for i, definition in enumerate(stage.definitions):
                for source, indices in definition.reads:
                    self.readers[source].append((stage.name, i, indices))
        ends = pipeline.ends()
        self.twins = self.pair()
        for name in reversed(pipeline.stages):
            self.stage(pipeline.stages[name], name in ends)
        if self.twins:
            a, b = (stage.name for stage in self.twins)
            self.add(f'compute_with @{a} with @{b} "{self.one(self.twins[0].dims)}"')
        for name, shape in pipeline.tables.items():
            if self.chance(0.3):
                dims = [f"d{i}" for i in range(len(shape))]
                self.add(store(random, name, "global", dims, dims))

    def chance(self, p):
        return self.random.random() < p

    def one(self, values):
        return values[int(self.random.integers(len(values)))]

    # Where.

    def last(self, name):
        return self.nests[name, len(self.pipeline.stages[name].definitions) - 1]

    def sites(self, name):
        """Stored stages whose nests load `name`: with the definition in which they do."""
        found = []
        for reader, i, _ in self.readers[name]:
            found += self.sites(reader) if reader in self.inlined else [(reader, i)]
        return list(dict.fromkeys(found))

    def kernels(self, name):
        if name in self.root:
            return {name}
        return set().union(*(self.kernels(consumer) for consumer, _ in self.places[name]))

    def around(self, name, loop):
        """Places from a loop of a nest outwards, to the root of each kernel: lists of (stage, loop)."""
        loops = self.last(name).loops
        at = next((i for i, l in enumerate(loops) if l.name == loop), 0) if loop else 0
        own = [(name, l.name) for l in loops[at:] if l.kind != "vectorize"]
        if name in self.root:
            return {name: own}
        return {kernel: own + outer for consumer, place in self.places[name]
                for kernel, outer in self.around(consumer, place).items()}

    def candidates(self, name):
        """For each kernel that reads `name`, the places around all that do."""
        common = {}
        for site, i in self.sites(name):
            stage = self.pipeline.stages[site]
            if i + 1 == len(stage.definitions):
                chains = self.around(site, None)
            elif site in self.root:
                chains = {site: []}
            else:
                chains = {}
                for consumer, place in self.places[site]:
                    chains |= self.around(consumer, place)
            for kernel, places in chains.items():
                common[kernel] = [p for p in common[kernel] if p in places] if kernel in common else places
        return common

    def region(self, name, place, kernel):
        """Elements of each dimension of `name` that an iteration of a place needs."""
        stage = self.pipeline.stages[name]
        if place and place[0] == name:
            nest = self.last(name)
            at = next(i for i, l in enumerate(nest.loops) if l.name == place[1])
            inside = {l.name: l.steady() for l in nest.loops[:at]}
            inside |= {l.name: 1 for l in nest.loops[at:]}
            for l in nest.loops[:at]:
                if len(l.dims) > 1:
                    inside |= {d: None for d in l.dims}
            return [nest.span(d, inside) for d in stage.dims]
        if name in self.root:
            return list(stage.extents)
        spans = [0] * len(stage.dims)
        needed = {}  # of readers: one has many reads
        for reader, i, indices in self.readers[name]:
            if reader not in self.inlined and kernel not in self.kernels(reader):
                continue
            definition = self.pipeline.stages[reader].definitions[i]
            if place and place[0] == reader:
                nest = self.nests[reader, i]
                at = next((k for k, l in enumerate(nest.loops) if l.name == place[1]), 0)
                inside = {l.name: l.steady() for l in nest.loops[:at]} | {l.name: 1 for l in nest.loops[at:]}
                env = {d: nest.span(d, inside) for d in nest.base}
            else:
                if reader not in needed:
                    needed[reader] = self.region(reader, place, kernel)
                env = dict(zip(definition.dims, needed[reader])) | definition.rdims
            for d, span in enumerate(definition.spans(indices, env)):
                spans[d] = None if span is None or spans[d] is None else max(spans[d], span)
        return [smaller(span, whole, 8) for span, whole in zip(spans, stage.extents)]

    def times(self, place):
        """How often a place is run, roughly."""
        name, loop = place
        loops = self.last(name).loops
        at = next(i for i, l in enumerate(loops) if l.name == loop)
        count = math.prod(l.extent or (NOMINAL if len(l.dims) == 1 else NOMINAL**2) for l in loops[at:])
        if name in self.root:
            return count
        return count * max(self.times(p) for p in self.places[name])

    def unrolled(self, place):
        """Copies of a place in the code."""
        name, loop = place
        loops = self.last(name).loops
        at = next(i for i, l in enumerate(loops) if l.name == loop)
        count = math.prod(l.extent or 1 for l in loops[at:] if l.kind == "unroll")
        return count if name in self.root else count * max(self.unrolled(p) for p in self.places[name])

    def size(self, name):
        """Copies of definitions that inlining makes of a stage."""
        stage = self.pipeline.stages[name]
        return sum(1 + sum(self.size(s) for s, _ in d.reads if s in self.inlined) for d in stage.definitions)

    def stage(self, stage, end):
        name = stage.name
        if end:
            self.add(f"compute_root @{name}")
            self.loops(stage, None, stage.extents, 1)
            if not stage.output and not stage.instead_of and self.chance(0.5):
                self.add(store(self.random, name, "global", stage.dims, stage.dims))
            return
        if stage in self.twins:
            self.add(f"compute_root @{name}")
            return
        simple = len(stage.definitions) == 1
        uses = sum(1 + len(self.sites(reader)) for reader, _, _ in self.readers[name])
        if simple and uses <= 6 and self.chance(0.45):
            self.inlined[name] = True
            return
        if self.chance(0.65) and (places := self.choose(stage)):
            return self.inside(stage, places)
        self.add(f"compute_root @{name}")
        self.loops(stage, None, stage.extents, 1)
        if self.chance(0.5):
            self.add(store(self.random, name, "global", stage.dims, stage.dims))
        if self.chance(0.2):
            self.add(f'align_bounds @{name} "{self.one(stage.dims)}" to {self.one([2, 3, 4, 8])}')
        if self.chance(0.1):
            more = {"c": f"(0, {8 * (stage.extents[0] or 1)})", "y": "(-40, s0 * 8 + 80)", "x": "(-40, s1 * 8 + 80)"}
            dim = self.one(stage.dims)
            self.add(f'bound @{name} "{dim}" to affine_map<()[s0, s1] -> {more[dim]}>')
        for reader in sorted({r for r, _, _ in self.readers[name] if r not in self.inlined}):
            loops = [l.name for l in self.last(reader).loops if l.kind == "serial"]
            if loops and len(self.pipeline.stages[reader].definitions) == 1 and self.chance(0.5):
                self.prefetch(name, reader, loops)
        loops = [l.name for l in self.last(name).loops if l.kind == "serial"]
        if loops and len(stage.definitions) == 1 and self.chance(0.3):
            self.prefetch(name, name, loops)

    def prefetch(self, name, consumer, loops):
        """Of what `consumer` reads or, if it is `name` itself, writes; `loops` are its serial ones, innermost first."""
        at = int(self.random.integers(len(loops)))
        inside = [(consumer, loop) for loop in loops[:at]]
        for stage in self.places:
            if any(place == consumer and loop in loops[:at + 1] for place, loop in self.places[stage]):
                inside += [(stage, l.name) for l in self.last(stage).loops if l.kind == "serial"]
        over = ' over @{} "{}"'.format(*inside[self.random.integers(len(inside))]) if inside and self.chance(0.7) else ""
        self.add(f'prefetch @{name} at @{consumer} "{loops[at]}" by {self.one([1, 2, 5])}{over}')

    def pair(self):
        """Two stages of one size that may share loops: none in between reads the first."""
        order = [s for s in self.pipeline.stages.values() if s.name not in self.pipeline.ends()]
        pairs = [(a, b) for i, a in enumerate(order) for k, b in enumerate(order[i + 1:], i + 1)
                 if (a.dims, a.extents) == (b.dims, b.extents) and not any(
                     source == a.name for s in order[i + 1:k + 1] for d in s.definitions for source, _ in d.reads)]
        return self.one(pairs) if pairs and self.chance(0.9) else ()

    def choose(self, stage):
        """A place in each kernel, or none."""
        work = sum(math.prod(e or NOMINAL for e in d.rdims.values()) for d in stage.definitions)
        chosen = {}
        for kernel, places in self.candidates(stage.name).items():
            good = []
            for place in places:
                region = self.region(stage.name, place, kernel)
                cost = self.times(place) * math.prod(e or NOMINAL for e in region) * work
                if place in self.ahead and self.chance(0.7):
                    continue
                if cost <= 1e7 and self.unrolled(place) <= 16 and self.stores(place, region, kernel):
                    good.append(place)
            if not good:
                return None
            chosen[kernel] = self.one(good)
        return chosen

    def stores(self, place, region, kernel):
        """Memories in which a region may lie."""
        size = None if None in region or max(region) >= UNSTEADY else math.prod(region)
        found = ["private"] if size and size <= 2048 else []
        loops, chain = [], self.around(*place)[kernel]
        for name, loop in chain:
            loops.append(self.last(name).find(loop).kind)
        inner = [l.kind for l in self.last(kernel).loops]
        if "gpu_threads" not in loops:
            if size and size <= 2048:
                found.append("local")
            if loops.count("gpu_blocks") == inner.count("gpu_blocks"):
                found += ["global"] if size or self.wide else []
        return found

    def inside(self, stage, places):
        name = stage.name
        for consumer, loop in places.values():
            self.add(f'compute_at @{name} at @{consumer} "{loop}"')
        (kernel, place), *others = places.items()
        regions = [self.region(name, p, k) for k, p in places.items()]
        region = regions[0] if all(r == regions[0] for r in regions) else [None] * len(stage.dims)
        region = [r if r is not None and r < UNSTEADY else c for r, c in zip(region, stage.extents)]
        memories = set.intersection(*(set(self.stores(p, self.region(name, p, k), k)) for k, p in places.items()))
        if not others and (place in self.ahead or self.chance(0.5)):
            memories = self.slide(stage, place, kernel, region) or memories
        memory = "private"
        if memories and (self.chance(0.5) or "private" not in memories):
            packable = [d for d, r, e in zip(stage.dims, region, stage.extents) if r == e and r]
            memory = self.one(sorted(memories))
            self.add(store(self.random, name, memory, stage.dims, packable))
        self.start(stage, region)
        for i in range(len(stage.definitions)):
            self.nests[name, i].slides = self.sliding.get(name)
        self.loops(stage, place, region, max(self.unrolled(p) for p in places.values()))
        if memory != "private" and self.chance(0.5):
            self.threads(f"@{name}", [l for l in self.last(name).loops if l.kind == "serial"])
        if self.chance(0.05):
            self.add(f'align_bounds @{name} "{self.one(stage.dims)}" to {self.one([2, 3, 4])}')

    def slide(self, stage, place, kernel, region):
        """A loop around the place to store at, and a ring; returns the memories in which that may lie."""
        loop = self.last(place[0]).find(place[1])
        if loop.kind != "serial" or len(loop.dims) != 1 or loop.dims & {"c", *self.last(place[0]).definition.rdims}:
            return None
        dim = next(iter(loop.dims))
        if not region[stage.dims.index(dim)] or dim in self.last(place[0]).shifted:
            return None
        chain = self.around(*place)[kernel][1:]
        chain = [p for p in chain if p[0] == place[0]] if self.chance(0.8) else chain
        good = []
        for at in chain:
            whole = self.region(stage.name, at, kernel)
            if self.chance(0.7):
                ring = region[stage.dims.index(dim)] + int(self.random.integers(0, 9))
                ring = self.one([ring, 1 << (ring - 1).bit_length()])
                folded = [ring if d == dim else e for d, e in zip(stage.dims, whole)]
            else:
                ring, folded = None, whole
            if memories := self.stores(at, folded, kernel):
                good.append((at, ring, memories))
        if not good:
            return None
        (consumer, outer), ring, memories = self.one(good)
        if not self.add(f'store_at @{stage.name} at @{consumer} "{outer}"'):
            return None
        self.sliding[stage.name] = dim
        self.ahead.add(place)
        if ring:
            self.add(f'fold_storage @{stage.name} "{dim}" by {ring}')
        return set(memories)

    # Loops.

    def loops(self, stage, place, extents, copies):
        updates = len(stage.definitions) - 1
        for i in range(updates + 1):
            self.nest(stage, i, place, max(1, 24 // copies // max(1, self.size(stage.name))))

    def nest(self, stage, i, place, budget):
        nest, update = self.nests[stage.name, i], f" update {i - 1}" if i else ""
        head = f"@{stage.name}{update}"
        for _ in range(self.one([0, 1, 1, 2, 3])):
            self.splitting(stage, nest, head, bool(i))
        if i and self.chance(0.5):
            self.group(stage, nest, i, place)
        serial = [loop for loop in nest.loops if loop.kind == "serial"]
        if self.chance(0.7):
            order = [serial[j].name for j in self.random.permutation(len(serial))]
            if not nest.group and all(by for *_, by in nest.splits) and self.chance(0.3):
                order = order[:max(2, len(order) // 2)]
            self.add(f"reorder {head} {quoted(self.listed(nest, order))}")
        if self.chance(0.3):
            j = int(self.random.integers(max(1, len(nest.loops) - 1)))
            pair = nest.loops[j:j + 2]
            if (len(pair) == 2 and nest.step not in [l.name for l in pair] and nest.reduces(pair[0]) == nest.reduces(pair[1]) and
                    not (nest.group and "c" in pair[0].dims | pair[1].dims) and
                    (pair[0].extent and pair[1].extent or self.chance(0.02))):
                a, b = (loop.name for loop in pair)
                self.add(f'fuse {head} "{a}", "{b}" into "{a}{b}"')
        if self.chance(0.6):
            self.vectorize(stage, nest, head, i)
        if place is None and len(stage.definitions) == 1:
            self.grid(nest, head)
        budget //= max([1] + [l.extent // 2 for l in nest.loops if l.kind == "vectorize" and l.extent])
        if nest.group and self.chance(0.3):
            self.add(f'unroll {head} ["{nest.group}"]')
        small = [l for l in nest.loops if l.kind == "serial" and l.extent and l.name != nest.group]
        for loop in small:
            if loop.extent <= budget and self.chance(0.35):
                budget //= loop.extent
                self.add(f'unroll {head} ["{loop.name}"]')

    @staticmethod
    def listed(nest, order):
        """An order that serves: pieces of H or W inside the loop over them; of a nest over lists, tiles of `c` inside
        the loop over taps, the rest of `c` outside."""
        for _, outer, inner, by in nest.splits:
            if by is None and outer in order and inner in order and order.index(inner) > order.index(outer):
                i, j = order.index(inner), order.index(outer)
                order[i], order[j] = outer, inner
        if not nest.group:
            return order
        inside = [n for n in order if n.startswith("cf")]
        outside = [n for n in order if nest.find(n).dims == {"c"} and n not in inside]
        rest = [n for n in order if n not in inside + outside]
        at = rest.index(nest.group)
        return rest[:at // 2] + inside + rest[at // 2:at + 1] + outside + rest[at + 1:]

    def tail(self, stage, nest, loop, by, update):
        # Sizes are sums: rounding up what was rounded up before is too much for some of them.
        if not isinstance(by, int):
            return ""
        nested = loop.name not in nest.base
        if nest.reduces(loop) or nested and not loop.extent and self.chance(0.8):
            return ""
        tails = ["", " tail guard"]
        if not stage.output and not (update and loop.name not in nest.base):
            tails += [" tail round_up"] * 2
        if not update and (not stage.output or loop.name in nest.base and loop.extent and by <= loop.extent):
            tails += [" tail shift_inwards"] * (1 if not stage.output else 4)
        return self.one(tails)

    def by(self, stage, loop):
        if stage.name in self.root and stage.scale == 1 and loop.name in ("x", "y") and self.chance(0.25):
            size = "s0" if "y" in loop.dims else "s1"
            return self.one([f"{size} ceildiv 3", f"{size} floordiv 5 + 1"])
        by = self.one([2, 2, 2, 3, 4, 4, 4, 5, 7, 8, 8, 16])
        return by * stage.scale if loop.name in "yx" and by % stage.scale and self.chance(0.9) else by

    def plain(self, nest):
        """Loops to split: rounded up twice, sizes are too much for the compiler's sums."""
        return [l for l in nest.loops if l.kind == "serial" and l.extent != 1 and
                l.name not in (nest.slides, nest.step) and
                (l.extent or l.name in nest.base or not l.ragged and self.chance(0.1))]

    def splitting(self, stage, nest, head, update):
        free = self.plain(nest)
        if not free:
            return
        loop = self.one(free)
        by = self.by(stage, loop)
        plain = [l for l in free if not nest.reduces(l) and l is not loop]
        if plain and not nest.reduces(loop) and self.chance(0.3):
            other = self.one(plain)
            both, sizes = [loop.name, other.name], [by, self.by(stage, other)]
            tails = [self.tail(stage, nest, l, b, update) for l, b in zip((loop, other), sizes)]
            tail = tails[0] if tails[0] == tails[1] else ""
            outer, inner = (quoted(n + end for n in both) for end in "oi")
            self.add(f"tile {head} {quoted(both)} into {outer}, {inner} by {factor(', '.join(map(str, sizes)))}{tail}")
            return
        self.add(f'split {head} "{loop.name}" into "{loop.name}o", "{loop.name}i" by {factor(by)}'
                 f"{self.tail(stage, nest, loop, by, update)}")

    def vectorize(self, stage, nest, head, update):
        lanes = [2, 4, 8, 16] if self.chance(0.2) else [2, 4, 8]
        pure = [l for l in self.plain(nest) if not nest.reduces(l)]
        if stage.scale > 1:
            pure = [l for l in pure if l.extent or stage.scale == 2]
        if nest.group:
            pure = [l for l in pure if l.dims != {"c"} or l.name == "cf" and l.extent in lanes]
        ready = [l for l in pure if l.extent in lanes and (l.name not in nest.base)]
        if not ready or self.chance(0.3):
            if not pure:
                return
            loop, by = self.one(pure), self.one(lanes)
            by = self.one([n for n in lanes if n <= loop.extent]) if loop.name == "cf" else by
            if not self.add(f'split {head} "{loop.name}" into "{loop.name}o", "{loop.name}i" by {factor(by)}'
                            f"{self.tail(stage, nest, loop, by, bool(update))}"):
                return
            ready = [nest.find(loop.name + "i")]
        loop = self.one(ready)
        rest = [l.name for l in nest.loops if l is not loop]
        if nest.loops[0] is loop or self.add(f"reorder {head} {quoted([loop.name, *rest])}"):
            self.add(f'vectorize {head} ["{loop.name}"]')

    def grid(self, nest, head):
        outer, blocks = list(reversed([l for l in nest.loops if l.kind == "serial"])), []
        while outer and len(blocks) < 3 and not (outer[0].ragged and not outer[0].extent) and self.chance(0.75):
            blocks.append(outer.pop(0))
        self.mark("gpu_blocks", head, blocks)
        self.threads(head, outer)

    def threads(self, head, loops):
        threads, items = [], 1
        for loop in loops:
            if loop.extent and loop.extent * items <= 64 and len(threads) < 3 and self.chance(0.4):
                threads.append(loop)
                items *= loop.extent
        self.mark("gpu_threads", head, threads)

    def mark(self, op, head, loops):
        if loops:
            names = [loops[j].name for j in self.random.permutation(len(loops))]
            self.add(f"{op} {head} {quoted(names)}")

    def group(self, stage, nest, update, place):
        reads = [(s, indices) for s, indices in nest.definition.reads if s in self.pipeline.tables]
        loops = [l for l in nest.loops if nest.reduces(l) and l.kind == "serial"]
        if len(reads) != 1 or not loops or not any(l.dims == {"c"} for l in nest.loops):
            return
        if "c" not in map(nest.definition.arguments.get, reads[0][1]):
            return
        chosen = [loops[j].name for j in self.random.permutation(len(loops))]
        if self.chance(0.4):
            chosen = chosen[:int(self.random.integers(1, len(chosen) + 1))]
        whole = nest.base["c"] == stage.extents[0] and nest.find("c")
        by = self.one([2, 3, 4, 8]) if whole and self.chance(0.7) else 1
        head = f"@{stage.name} update {update - 1}"
        if by > 1 and not self.add(f'split {head} "c" into "cg", "cf" by {factor(by)}'):
            return
        tabulate = " tabulate" if self.chance(0.5) else ""
        if self.add(f'group {head} {quoted(chosen)} into "tap" by {by} over "c"{tabulate}'):
            if self.chance(0.4):
                self.add(f'split {head} "tap" into "to", "ti" by {factor(self.one([2, 2, 3, 4]))} tail round_up')
            self.add(f"reorder {head} {quoted(self.listed(nest, [l.name for l in nest.loops]))}")


def mutate(pipeline, random):
    """Another version of the pipeline's schedule."""
    lines = list(pipeline.lines)

    def pick(pattern):
        found = [i for i, line in enumerate(lines) if re.search(pattern, line)]
        return found[int(random.integers(len(found)))] if found else None

    def change(pattern, old, new):
        if (i := pick(pattern)) is not None:
            lines[i] = re.sub(old, lambda _: str(new), lines[i], count=1)

    def resize(pattern, sizes):
        change(pattern, r"-> \(\d+\)", f"-> ({random.choice(sizes)})")

    def drop(pattern):
        if (i := pick(pattern)) is not None:
            del lines[i]

    def unfuse():
        if (i := pick("^compute_at")) is not None:
            name = re.match(r"\w+ @([\w.]+)", lines[i])[1]
            old = rf"(compute_at|store_at|fold_storage|unroll) @{name} "
            keep = [line for line in lines if not re.match(old, line)]
            lines[:] = [f"compute_root @{name}", *keep]

    def shuffle():
        if (i := pick("^reorder")) is not None:
            names = re.findall('"([^"]*)"', lines[i])
            first = int(random.integers(0, 2))
            rest = [names[first:][j] for j in random.permutation(len(names) - first)]
            lines[i] = re.sub(r"\[.*\]", lambda _: quoted(names[:first] + rest), lines[i])

    def move():
        if (i := pick("^compute_at")) is not None:
            consumer = re.search(r"at @([\w.]+)", lines[i])[1]
            names = [n for line in lines if re.match(rf"reorder @{consumer} \[", line)
                     for n in re.findall('"([^"]*)"', line)]
            if names:
                lines[i] = re.sub('"[^"]*"', f'"{names[int(random.integers(len(names)))]}"', lines[i])

    def restore():
        sources = {n: s.dims for n, s in pipeline.stages.items() if not s.output and not s.instead_of}
        if random.random() < 0.4:
            sources = {n: [f"d{i}" for i in range(len(s))] for n, s in pipeline.tables.items()} or sources
        name = list(sources)[int(random.integers(len(sources)))]
        at = any(re.match(rf"compute_at @{name} ", line) for line in lines)
        memory = ["private", "local"][int(random.integers(2))] if at and random.random() < 0.8 else "global"
        lines[:] = [line for line in lines if not line.startswith(f"store_in @{name} ")]
        lines.append(store(random, name, memory, sources[name], [] if at else sources[name]))

    def regroup():
        if (i := pick("^group")) is not None:
            by = int(re.search(r"by (\d+)", lines[i])[1])
            if random.random() < 0.2:
                lines[i] = re.sub(r"by \d+", f"by {by * 2}", lines[i])
            names = re.findall('"([^"]*)"', lines[i])[:-2]
            chosen = [names[j] for j in random.permutation(len(names))]
            lines[i] = re.sub(r"\[.*\]", lambda _: quoted(chosen), lines[i])

    def fuse():
        if (i := pick("^reorder")) is not None:
            names = re.findall('"([^"]*)"', lines[i])
            j = int(random.integers(max(1, len(names) - 1)))
            if len(names) > 1:
                head = re.match(r"reorder (@[\w.]+(?: update \d+)?)", lines[i])[1]
                a, b = names[j:j + 2]
                lines.insert(i + 1, f'fuse {head} "{a}", "{b}" into "{a}{b}"')

    def again():
        rows = [m for line in lines if (m := re.fullmatch(r'compute_at @([\w.]+) at (@[\w.]+ "row")', line))]
        names = [m[1] for m in rows if m[2] == rows[0][2]] if rows else []
        kept = [n for n in names if random.random() < 0.5]
        if len(kept) > 1:
            lines.append(f"repeat [{', '.join('@' + n for n in kept)}] where_alike")

    # Tiles of channels that share a list have its size.
    piece = '"[xy].*' if any(line.startswith("group") for line in lines) else ""
    edits = [
        lambda: resize(r"^split .*" + piece + r"-> \((8|4|16)\)", [2, 4, 8, 16]),
        lambda: resize(r'^split (?!.*"xl").*' + piece + r"-> \(\d+\)", [2, 3, 5, 6, 12, 20]),
        lambda: change(r"^split .*-> \(\d+\)>$", "$", f" tail {random.choice(['round_up', 'shift_inwards'])}"),
        lambda: change(r"^split .* tail", "tail .*", f"tail {random.choice(['guard', 'round_up', 'shift_inwards'])}"),
        lambda: drop("^(vectorize|unroll|gpu_blocks|gpu_threads|align_bounds|store_in)"),
        lambda: drop("^(vectorize|unroll|reorder)"),
        lambda: drop("^fold_storage"),
        lambda: change("^fold_storage", r"by \d+", f"by {random.choice([3, 4, 5, 6, 7, 8, 9, 16])}"),
        lambda: change("^store_in .* align", r"align \d+", f"align {random.choice([1, 2, 3, 8, 64])}"),
        lambda: change("^repeat", " where_alike", ""),
        lambda: change("^repeat", r"\[@[\w.]+, ", "["),
        again, unfuse, shuffle, move, restore, restore, regroup, regroup, fuse]
    for _ in range(int(random.integers(1, 6))):
        edits[int(random.integers(len(edits)))]()
    return lines


def applicable(pipeline, lines):
    """Those of the lines that name what is there; stages that lose their place get a kernel."""
    schedule = Schedule(pipeline)
    for line in lines:
        schedule.add(line)
    lost = [s.name for s in pipeline.stages.values()
            if len(s.definitions) > 1 and s.name not in schedule.root and s.name not in schedule.places]
    for name in lost:
        kept = [line for line in schedule.lines if not re.match(rf"(store_at|fold_storage|unroll) @{name} ", line)]
        schedule.lines = [f"compute_root @{name}", *kept]
    return schedule.lines
