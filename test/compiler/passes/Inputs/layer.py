"""A network around one layer, for the tests of passes on sparsity: written as text, read back from text."""
import pathlib
import re
import struct
import subprocess

import numpy as np


def blob(value):
    return "0x" + (struct.pack("<I", 4) + np.ascontiguousarray(value, "<f4").tobytes()).hex()


def network(weights, groups):
    """The text of a network around a layer "middle"; its weights are the resource `middle`."""
    f, c, k, _ = weights.shape
    c *= groups
    p = k // 2
    sizes = "x".join(map(str, weights.shape))
    return f"""
func.func @net(%input: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {{
  %head = sr.constant dense<0.1> : tensor<{c}x1x1x1xf32>
  %weights = sr.constant dense_resource<middle> : tensor<{sizes}xf32>
  %tail = sr.constant dense<0.1> : tensor<1x{f}x1x1xf32>
  %0 = sr.conv2d %input, %head : (tensor<1x1x?x?xf32>, tensor<{c}x1x1x1xf32>) -> tensor<1x{c}x?x?xf32>
  %1 = sr.conv2d %0, %weights {{groups = {groups} : i64, pads = array<i64: {p}, {p}, {p}, {p}>}}
    : (tensor<1x{c}x?x?xf32>, tensor<{sizes}xf32>) -> tensor<1x{f}x?x?xf32> loc("middle")
  %2 = sr.conv2d %1, %tail : (tensor<1x{f}x?x?xf32>, tensor<1x{f}x1x1xf32>) -> tensor<1x1x?x?xf32>
  return %2 : tensor<1x1x?x?xf32>
}}
{{-# dialect_resources: {{ builtin: {{ middle: "{blob(weights)}" }} }} #-}}
"""


def run(folder, name, weights, options, groups=1):
    """The layer's weights after a pass, their encoding ("" for none), and what the pass wrote to stderr."""
    path = pathlib.Path(folder) / f"{name}.mlir"
    path.write_text(network(weights, groups))
    done = subprocess.run(["srcc-opt", str(path), *options, "--verify-roundtrip"], check=True, capture_output=True,
                          text=True)
    sizes = "x".join(map(str, weights.shape))
    key, encoding = re.search(rf"dense_resource<(middle\w*)> : tensor<{sizes}xf32(?:, #sr\.(.*))?>\n",
                              done.stdout).groups()
    data = bytes.fromhex(re.search(rf'{key}: "0x(\w+)"', done.stdout).group(1))[4:]
    return np.frombuffer(data, "<f4").reshape(weights.shape), encoding or "", done.stderr
