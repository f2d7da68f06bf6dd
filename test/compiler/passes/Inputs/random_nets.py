"""Random networks with zeros in them give the same pictures after a pass.

usage: random_nets.py FOLDER PASSES FIRST_SEED COUNT

Networks of every operation that passes channels on, with residual sums, concatenations, slices, shuffles, groups, and
convolutions in which filters and channels are zero. The reference interpreter runs each before and after
`srcc-opt PASSES`; the number of weights never grows, and falls in at least half of the networks for sr-shrink.
"""
import pathlib
import re
import subprocess
import sys

import numpy as np


class Net:
    """Writes operations; a value is (name, channels), all of one height and width."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.lines, self.number = [], 0

    def name(self):
        self.number += 1
        return f"%v{self.number}"

    def map(self, channels, size="?x?"):
        return f"tensor<1x{channels}x{size}xf32>"

    def table(self, values, shape=None):
        name, shape = self.name(), "x".join(map(str, shape or values.shape))
        text = str(np.round(values, 3).tolist())
        self.lines.append(f"{name} = sr.constant dense<{text}> : tensor<{shape}xf32>")
        return name, f"tensor<{shape}xf32>"

    def emit(self, op, operands, attributes, types, channels, function=True, size="?x?"):
        name = self.name()
        result = self.map(channels, size)
        types = f"({', '.join(types)}) -> {result}" if function else ", ".join(types)
        self.lines.append(f"{name} = sr.{op} {', '.join(operands)} {attributes} : {types}")
        return name, channels

    def weights(self, f, c, k, plain=False):
        """Random weights; some filters and channels are zero, and so are single entries."""
        w = self.random.uniform(-1, 1, (f, c, k, k)) / np.sqrt(c * k * k)
        w = np.where(np.abs(w) < 0.001, 0.001, w)
        if not plain:
            w[self.random.random(f) < 0.3] = 0
            w[:, self.random.random(c) < 0.3] = 0
            w[self.random.random(w.shape) < 0.2] = 0
        b = self.random.uniform(-0.5, 0.5, f) * (self.random.random(f) < 0.5)
        return w, b

    def conv(self, x, f=None, k=None, groups=1, plain=False, bias=False):
        f = f or int(self.random.integers(1, 9))
        k = k or int(self.random.choice([1, 3]))
        w, b = self.weights(f, x[1] // groups, k, plain)
        w, wt = self.table(w)
        p, operands, types = k // 2, [x[0], w], [self.map(x[1]), wt]
        if bias or self.random.random() < 0.8:
            bias, bt = self.table(b)
            operands.append(bias)
            types.append(bt)
        attributes = f"{{pads = array<i64: {p}, {p}, {p}, {p}>, groups = {groups} : i64}}"
        return self.emit("conv2d", operands, attributes, types, f)

    def grouped(self, x):
        groups = int(self.random.choice([g for g in range(1, x[1] + 1) if x[1] % g == 0]))
        return self.conv(x, groups * int(self.random.integers(1, 3)), groups=groups)

    def transposed(self, x):
        groups = int(self.random.choice([g for g in range(1, x[1] + 1) if x[1] % g == 0]))
        f = int(self.random.integers(1, 4))
        w, b = self.weights(x[1], f, 3)
        w, wt = self.table(w)
        bias, bt = self.table(np.resize(b, f * groups))
        return self.emit("conv_transpose2d", [x[0], w, bias],
                         f"{{pads = array<i64: 1, 1, 1, 1>, groups = {groups} : i64}}", [self.map(x[1]), wt, bt],
                         f * groups)

    def activation(self, x):
        op, attributes = [("relu", ""), ("leaky_relu", "{alpha = 0.1 : f32}"), ("sigmoid", ""), ("silu", ""),
                          ("clamp", "{low = -0.1 : f32, high = 0.4 : f32}")][self.random.integers(5)]
        return self.emit(op, [x[0]], attributes, [self.map(x[1])], x[1], function=False)

    def prelu(self, x):
        slope, st = self.table(self.random.uniform(-0.5, 0.5, x[1] if self.random.random() < 0.8 else 1))
        return self.emit("prelu", [x[0], slope], "", [self.map(x[1]), st], x[1], function=False)

    def binary(self, x, y):
        op = ["add", "add", "sub", "mul"][self.random.integers(4)]
        return self.emit(op, [x[0], y[0]], "", [self.map(x[1]), self.map(y[1])], x[1])

    def with_table(self, x):
        channels = x[1] if self.random.random() < 0.7 else 1
        values = self.random.uniform(-1, 1, (1, channels, 1, 1)) * (self.random.random((1, channels, 1, 1)) < 0.7)
        t, tt = self.table(values)
        return self.emit(["add", "sub", "mul"][self.random.integers(3)], [x[0], t], "", [self.map(x[1]), tt], x[1])

    def attention(self, x):
        pooled, _ = self.emit("global_avg_pool", [x[0]], "", [self.map(x[1])], x[1], size="1x1")
        w, b = self.weights(x[1], x[1], 1)
        w, wt = self.table(w)
        bias, bt = self.table(b)
        small = self.map(x[1], "1x1")
        y, _ = self.emit("conv2d", [pooled, w, bias], "", [small, wt, bt], x[1], size="1x1")
        return self.emit("mul", [x[0], y], "", [self.map(x[1]), small], x[1])

    def channelwise(self, x):
        op, attributes = [
            ("max_pool", "{kernel = array<i64: 3, 3>, pads = array<i64: 1, 1, 1, 1>}"),
            ("avg_pool", "{kernel = array<i64: 3, 3>, pads = array<i64: 1, 1, 1, 1>, count_include_pad = true}"),
        ][self.random.integers(2)]
        return self.emit(op, [x[0]], attributes, [self.map(x[1])], x[1])

    def resized(self, x):
        """Twice as large, and back by a convolution with stride 2."""
        y = self.emit("resize", [x[0]], "{mode = #sr.resize_mode<bilinear>, scale_h = array<i64: 2, 1>, "
                      "scale_w = array<i64: 2, 1>}", [self.map(x[1])], x[1])
        return self.back(y)

    def back(self, y):
        f = int(self.random.integers(1, 9))
        w, b = self.weights(f, y[1], 2)
        w, wt = self.table(w)
        bias, bt = self.table(b)
        return self.emit("conv2d", [y[0], w, bias], "{strides = array<i64: 2, 2>}", [self.map(y[1]), wt, bt], f)

    def shuffled(self, x):
        order = ["crd", "dcr"][self.random.integers(2)]
        attributes = f"{{scale = 2, order = #sr.shuffle_order<{order}>}}"
        wide = self.conv(x, 4 * int(self.random.integers(1, 4)))
        y = self.emit("pixel_shuffle", [wide[0]], attributes, [self.map(wide[1])], wide[1] // 4)
        y = self.activation(y)
        if self.random.random() < 0.5:
            return self.emit("pixel_unshuffle", [y[0]], attributes, [self.map(y[1])], y[1] * 4)
        return self.back(y)

    def slice(self, x):
        offset = int(self.random.integers(x[1]))
        size = int(self.random.integers(1, x[1] - offset + 1))
        return self.emit("slice", [x[0]], f"{{offset = {offset}, size = {size}}}", [self.map(x[1])], size)

    def split(self, x):
        if x[1] < 2:
            return self.activation(x)
        at = int(self.random.integers(1, x[1]))
        name = self.name()
        self.lines.append(f"{name}:2 = sr.split {x[0]} {{sizes = array<i64: {at}, {x[1] - at}>}} : ({self.map(x[1])})"
                          f" -> ({self.map(at)}, {self.map(x[1] - at)})")
        parts = [(f"{name}#0", at), (f"{name}#1", x[1] - at)]
        return self.concat(*(parts if self.random.random() < 0.5 else parts[::-1]))

    def concat(self, *parts):
        return self.emit("concat", [p[0] for p in parts], "", [self.map(p[1]) for p in parts],
                         sum(p[1] for p in parts))

    def write(self):
        values = [self.conv(("%input", 3), 6, plain=True)]
        for _ in range(int(self.random.integers(6, 16))):
            x = values[-1] if self.random.random() < 0.7 else values[self.random.integers(len(values))]
            if x[1] > 40:
                x = self.conv(x)
            alike = [v for v in values if v[1] == x[1]]
            y = alike[self.random.integers(len(alike))] if alike else x
            kinds = [(3, lambda: self.conv(x)), (1, lambda: self.grouped(x)), (1, lambda: self.transposed(x)),
                     (3, lambda: self.activation(x)), (1, lambda: self.prelu(x)), (1, lambda: self.with_table(x)),
                     (2, lambda: self.binary(x, self.conv(x, x[1]))), (2, lambda: self.binary(x, y)),
                     (1, lambda: self.attention(x)), (1, lambda: self.channelwise(x)), (1, lambda: self.resized(x)),
                     (1, lambda: self.shuffled(x)), (1, lambda: self.slice(x)), (1, lambda: self.split(x)),
                     (2, lambda: self.concat(x, values[self.random.integers(len(values))]))]
            chances = np.array([k[0] for k in kinds], float)
            values.append(kinds[self.random.choice(len(kinds), p=chances / chances.sum())][1]())
        out = self.conv(values[-1], 3, plain=True)
        if self.random.random() < 0.3:
            out = self.binary(out, ("%input", 3))
        body = "\n".join("  " + line for line in self.lines)
        return (f"func.func @net(%input: {self.map(3)}) -> {self.map(3)} {{\n{body}\n"
                f"  return {out[0]} : {self.map(3)}\n}}\n")


def run(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr[-3000:]}")
    return done.stdout


def weights(text):
    """The number of weights of all convolutions."""
    return sum(np.prod([int(n) for n in sizes.split("x")]) for sizes in
               re.findall(r"sr\.conv.* : \(tensor<\S+, tensor<(\d+x\d+x\d+x\d+)xf32", text))


def main():
    folder, options = pathlib.Path(sys.argv[1]), sys.argv[2]
    first, count = int(sys.argv[3]), int(sys.argv[4])
    folder.mkdir(parents=True, exist_ok=True)
    less = 0
    for seed in range(first, first + count):
        before, after = folder / f"{seed}.mlir", folder / f"{seed}.after.mlir"
        before.write_text(Net(seed).write())
        run("srcc-opt", before, *options.split(), "--verify-roundtrip", "-o", after)
        np.save(folder / "in.npy", np.random.default_rng(seed).random((3, 6, 7), dtype=np.float32))
        pictures = []
        for model in (before, after):
            run("srcc-translate", "--interpret", model, f"--input={folder / 'in.npy'}", f"--output={folder / 'out.npy'}")
            pictures.append(np.load(folder / "out.npy").astype(np.float64))
        size = max(1.0, np.abs(pictures[0]).max())
        error = np.abs(pictures[0] - pictures[1]).max() / size
        sizes = [weights(model.read_text()) for model in (before, after)]
        print(f"seed {seed}: {sizes[0]} -> {sizes[1]} weights, error {error:.2g}")
        if not error <= 1e-5 or sizes[1] > sizes[0]:
            sys.exit(f"seed {seed} differs: {before}")
        less += sizes[1] < sizes[0]
    if "shrink" in options and less < count / 2:
        sys.exit(f"only {less} of {count} networks shrank")
    print("all pictures are the same")


if __name__ == "__main__":
    main()
