"""Writes a WDSR-B x2 network with the weights of a .npz file (conv weights folded, OIHW) as sr.

usage: wdsr.py WEIGHTS.npz > MODEL.mlir
"""
import struct
import sys

import numpy as np

weights = np.load(sys.argv[1])
resources = []
lines = []


def conv(name, x, channels):
    w, b = weights[name + ".weight"], weights[name + ".bias"]
    f, c, k, _ = w.shape
    assert c == channels
    ident = name.replace(".", "_")
    for suffix, value in (("w", w), ("b", b)):
        data = struct.pack("<I", 4) + value.astype("<f4").tobytes()
        resources.append(f'{ident}_{suffix}: "0x{data.hex()}"')
        shape = "x".join(map(str, value.shape))
        lines.append(f"%{ident}_{suffix} = sr.constant dense_resource<{ident}_{suffix}>"
                     f" : tensor<{shape}xf32>")
    p = k // 2
    lines.append(
        f"%{ident} = sr.conv2d {x}, %{ident}_w, %{ident}_b {{pads = array<i64: {p}, {p}, {p}, {p}>}}"
        f" : ({picture(c)}, tensor<{f}x{c}x{k}x{k}xf32>, tensor<{f}xf32>) -> {picture(f)}")
    return "%" + ident, f


def picture(channels):
    return f"tensor<1x{channels}x?x?xf32>"


def binary(op, name, a, b, channels):
    bt = "tensor<1x1x1x1xf32>" if b == "%half" else picture(channels)
    lines.append(f"{name} = sr.{op} {a}, {b} : ({picture(channels)}, {bt}) -> {picture(channels)}")
    return name


lines.append("%half = sr.constant dense<0.5> : tensor<1x1x1x1xf32>")
x = binary("sub", "%x", "%input", "%half", 3)
y, n = conv("head", x, 3)
for i in range(sum(1 for name in weights.files if name.endswith("body.0.weight"))):
    h, wide = conv(f"body.{i}.body.0", y, n)
    lines.append(f"%r{i} = sr.relu {h} : {picture(wide)}")
    h, low = conv(f"body.{i}.body.2", f"%r{i}", wide)
    h, m = conv(f"body.{i}.body.3", h, low)
    y = binary("add", f"%sum{i}", h, y, m)
tail, f = conv("tail", y, n)
skip, _ = conv("skip.0", x, 3)
s = binary("add", "%both", tail, skip, f)
lines.append(f"%shuffled = sr.pixel_shuffle {s} {{scale = 2}} : ({picture(f)}) -> {picture(3)}")
out = binary("add", "%output", "%shuffled", "%half", 3)

print("module attributes {sr.io = #sr.io<scale = 2, color = rgb, range = 0.0 : 1.0>} {")
print(f"func.func @wdsr(%input: {picture(3)}) -> {picture(3)} {{")
print("\n".join("  " + line for line in lines))
print(f"  return {out} : {picture(3)}\n}}\n}}")
print("{-# dialect_resources: { builtin: {\n" + ",\n".join(resources) + "\n}}\n#-}")
