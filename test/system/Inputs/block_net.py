"""block_net.py OUT.mlir: one wide block between head and tail, x2, random weights; the network's name is "block"."""
import sys

import numpy as np

random = np.random.default_rng(7)
lines, count = [], 0


def value():
    global count
    count += 1
    return f"%v{count}"


def conv(x, filters, channels, k):
    w, result = value(), value()
    data = (random.standard_normal((filters, channels, k, k)) / np.sqrt(channels * k * k)).astype("<f4")
    kind = f"tensor<{filters}x{channels}x{k}x{k}xf32>"
    bias = value()
    biases = (random.standard_normal(filters) / 10).astype("<f4")
    lines.append(f'{w} = sr.constant dense<"0x{data.tobytes().hex()}"> : {kind}')
    lines.append(f'{bias} = sr.constant dense<"0x{biases.tobytes().hex()}"> : tensor<{filters}xf32>')
    pad = k // 2
    lines.append(f"{result} = sr.conv2d {x}, {w}, {bias} {{pads = array<i64: {pad}, {pad}, {pad}, {pad}>}} : "
                 f"(tensor<1x{channels}x?x?xf32>, {kind}, tensor<{filters}xf32>) -> tensor<1x{filters}x?x?xf32>")
    return result


def unary(op, x, channels):
    result = value()
    lines.append(f"{result} = sr.{op} {x} : tensor<1x{channels}x?x?xf32>")
    return result


head = conv("%in", 8, 3, 3)
wide = unary("relu", conv(head, 24, 8, 1), 24)
low = conv(wide, 8, 24, 1)
block = conv(low, 8, 8, 3)
total = value()
lines.append(f"{total} = sr.add {head}, {block} : (tensor<1x8x?x?xf32>, tensor<1x8x?x?xf32>) -> tensor<1x8x?x?xf32>")
tail = conv(total, 12, 8, 3)
lines.append(f"%out = sr.pixel_shuffle {tail} {{scale = 2 : i64}} : (tensor<1x12x?x?xf32>) -> tensor<1x3x?x?xf32>")
body = "\n    ".join(lines)
with open(sys.argv[1], "w", encoding="utf-8") as file:
    file.write(f"""module attributes {{sr.io = #sr.io<scale = 2, color = rgb, range = 0.0 : 1.0>}} {{
  func.func @block(%in: tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32> {{
    {body}
    return %out : tensor<1x3x?x?xf32>
  }}
}}
""")
