"""Prunes an ONNX network as `srcc-opt --sr-prune='scheme=block'` does, so that other engines get the same zeros.

prune.py IN.onnx OUT.onnx DENSITY [FILTERS CHANNELS]

A unit is a kernel position in a block of FILTERS x CHANNELS (default 4 x 1); its score is the sum over its channels of
the L2 norm over its filters. Those with the lowest scores are zeroed until at most DENSITY of the layer is left.
Convolutions that read the picture itself stay, and those whose results reach the output through operations on single
values and pixel shuffles alone: docs/sparsity.md.
Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
import collections
import sys

import numpy as np

POINTWISE = {"Identity", "Relu", "LeakyRelu", "PRelu", "Clip", "Sigmoid", "Tanh", "Add", "Sub", "Mul"}
SHUFFLES = {"DepthToSpace"}


def block_mask(weights, density, filters=4, channels=1):
    """Which of the OIHW weights stay, as booleans."""
    o, i, h, w = weights.shape
    blocks = np.zeros((-(-o // filters) * filters, -(-i // channels) * channels, h * w))
    blocks[:o, :i] = weights.reshape(o, i, h * w)
    # Axes: block of filters, filter, block of channels, channel, position.
    blocks = blocks.reshape(-1, filters, blocks.shape[1] // channels, channels, h * w)
    score = np.sqrt((blocks ** 2).sum(1)).sum(2).ravel()
    unit = np.arange(score.size).reshape(blocks.shape[0], 1, blocks.shape[2], 1, h * w)
    unit = np.broadcast_to(unit, blocks.shape).reshape(-1, blocks.shape[2] * channels, h, w)[:o, :i]
    size = np.bincount(unit.ravel(), minlength=score.size)
    order = np.argsort(score, kind="stable")
    left = weights.size - np.cumsum(size[order])
    removed = order[:np.searchsorted(-left, -density * weights.size) + 1] if density < 1 else order[:0]
    return ~np.isin(unit, removed)


def prunable(graph):
    """The Conv nodes that are pruned."""
    pixels = {graph.input[0].name, ""} | {t.name for t in graph.initializer}
    for node in graph.node:
        kinds = POINTWISE | SHUFFLES | {"Constant", "SpaceToDepth", "Slice", "Split", "Pad"}
        if node.op_type in kinds and pixels.issuperset(node.input):
            pixels.update(node.output)
    users = collections.defaultdict(list)
    for node in graph.node:
        for name in node.input:
            users[name].append(node)
    outputs = {t.name for t in graph.output}
    for node in reversed(graph.node):
        if all(users[name] and all(u.op_type in POINTWISE | SHUFFLES and u.output[0] in outputs for u in users[name])
               for name in node.output):
            outputs.update(node.output)
    return [n for n in graph.node if n.op_type == "Conv" and n.input[0] not in pixels and n.output[0] not in outputs]


def prune(model, density, filters=4, channels=1):
    """Zeroes weights of an onnx.ModelProto; returns the share of the pruned layers' weights that is left."""
    from onnx import numpy_helper
    tensors = {t.name: t for t in model.graph.initializer}
    kept = total = 0
    for node in prunable(model.graph):
        tensor = tensors[node.input[1]]
        weights = numpy_helper.to_array(tensor)
        mask = block_mask(weights, density, filters, channels)
        tensor.CopyFrom(numpy_helper.from_array(np.where(mask, weights, np.float32(0)), tensor.name))
        kept, total = kept + mask.sum(), total + mask.size
    return kept / total if total else 1.0


def main():
    import onnx
    source, target, density, *block = sys.argv[1:]
    model = onnx.load(source)
    left = prune(model, float(density), *map(int, block))
    onnx.save(model, target)
    print(f"{target}: {left:.1%} of the weights of the pruned layers left")


if __name__ == "__main__":
    main()
