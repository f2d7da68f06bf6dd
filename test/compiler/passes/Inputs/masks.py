"""Masks of sr-prune against the rules of docs/sparsity.md, written again with numpy.

usage: masks.py FOLDER

One network per case: a dense head and tail around one layer of random weights, which is pruned. The pass's weights are
read back from its text and compared entry by entry: kept ones unchanged, the others zero.
"""
import pathlib
import re
import sys

import numpy as np

from layer import run

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)


def most(density, weights):
    return int(np.floor(density * weights.size + 1e-6))


def remove(scores, sizes, total, limit):
    """Indices of the lowest scores, until at most `limit` of `total` are left."""
    gone = []
    for i in np.argsort(scores, kind="stable"):
        if total <= limit:
            break
        gone.append(i)
        total -= sizes[i]
    return gone


def filters(w, density, axis=0):
    squares = (w.astype(np.float64) ** 2).sum(axis=tuple(i for i in range(4) if i != axis))
    gone = remove(np.sqrt(squares), [w.size // w.shape[axis]] * w.shape[axis], w.size, most(density, w))
    mask = np.ones(w.shape, bool)
    mask[(slice(None),) * axis + (gone,)] = False
    return mask


def unstructured(w, density):
    mask = np.ones(w.size, bool)
    mask[remove(np.abs(w).ravel(), np.ones(w.size, int), w.size, most(density, w))] = False
    return mask.reshape(w.shape)


def block(w, density, f, c):
    places, scores, sizes = [], [], []
    for i in range(0, w.shape[0], f):
        for j in range(0, w.shape[1], c):
            for y in range(w.shape[2]):
                for x in range(w.shape[3]):
                    part = w[i:i + f, j:j + c, y, x].astype(np.float64)
                    places.append((slice(i, i + f), slice(j, j + c), y, x))
                    scores.append(np.linalg.norm(part, axis=0).sum())
                    sizes.append(part.size)
    mask = np.ones(w.shape, bool)
    for i in remove(scores, sizes, w.size, most(density, w)):
        mask[places[i]] = False
    return mask


def bcr(w, density, f, c):
    lines, scores = [], []
    for i in range(0, w.shape[0], f):
        for j in range(0, w.shape[1], c):
            rows, columns = range(i, min(i + f, w.shape[0])), range(j, min(j + c, w.shape[1]))
            lines += [(slice(r, r + 1), slice(j, j + c)) for r in rows]
            lines += [(slice(i, i + f), slice(k, k + 1)) for k in columns]
    for line in lines:
        scores.append(np.sqrt(np.mean(w[line].astype(np.float64) ** 2)))
    mask = np.ones(w.shape, bool)
    for i in np.argsort(scores, kind="stable"):
        if mask.sum() <= most(density, w):
            break
        mask[lines[i]] = False
    return mask


def pattern(w, density, patterns, keep, shared):
    energy = {}
    for i in range(0, w.shape[0], shared):
        for j in range(w.shape[1]):
            energy[i, j] = (w[i:i + shared, j].astype(np.float64) ** 2).sum(axis=0).ravel()
    natural = [frozenset([4] + [k for k in np.argsort(-e) if k != 4][:keep - 1]) for e in energy.values()]
    number = {p: sum(1 << int(k) for k in p) for p in natural}
    library = sorted(number, key=lambda p: (-natural.count(p), number[p]))[:patterns]
    chosen, norms = {}, {}
    for unit, e in energy.items():
        chosen[unit] = max(library, key=lambda p: sum(e[list(p)]))
        norms[unit] = np.sqrt(sum(e[list(chosen[unit])]))
    sizes = [keep * w[i:i + shared, 0, 0, 0].size for i, _ in energy]
    units = list(energy)
    gone = [units[i] for i in remove([norms[u] for u in units], sizes, sum(sizes), most(density, w))]
    mask = np.zeros(w.shape, bool)
    for i, j in units:
        if (i, j) not in gone:
            for k in chosen[i, j]:
                mask[i:i + shared, j, k // 3, k % 3] = True
    return mask


# name, shape, groups, options, rule, its arguments, the encoding, the size of the largest group
CASES = [
    ("filter", (13, 6, 3, 3), 1, "scheme=filter density=0.5", filters, (0.5,), "filter", 54),
    ("channel", (8, 7, 3, 3), 1, "scheme=channel density=0.6", filters, (0.6, 1), "channel", 72),
    ("unstructured", (10, 10, 1, 1), 1, "scheme=unstructured density=0.29", unstructured, (0.29,), "unstructured", 1),
    ("all", (4, 4, 3, 3), 1, "scheme=unstructured density=1", unstructured, (1,), "unstructured", 1),
    ("none", (4, 4, 3, 3), 1, "scheme=unstructured density=0.001", unstructured, (0.001,), "unstructured", 1),
    ("block", (16, 8, 3, 3), 1, "scheme=block density=0.25", block, (0.25, 8, 4), "block<8x4>", 32),
    ("block-edge", (13, 7, 5, 5), 1, "scheme=block density=0.4 f=4 c=3", block, (0.4, 4, 3), "block<4x3>", 12),
    ("block-1x1", (24, 16, 1, 1), 1, "scheme=block density=0.3 f=4 c=2", block, (0.3, 4, 2), "block<4x2>", 8),
    ("block-larger", (6, 3, 3, 3), 1, "scheme=block density=0.5 f=100 c=100", block, (0.5, 100, 100),
     "block<100x100>", 18),
    ("block-groups", (12, 4, 3, 3), 2, "scheme=block density=0.5 f=4 c=2", block, (0.5, 3, 2), "block<3x2>", 6),
    ("bcr", (24, 16, 1, 1), 1, "scheme=bcr density=0.3 f=8 c=8", bcr, (0.3, 8, 8), "bcr<8x8>", 8),
    ("bcr-edge", (10, 7, 1, 1), 1, "scheme=bcr density=0.5", bcr, (0.5, 8, 4), "bcr<8x4>", 8),
    ("bcr-3x3", (16, 8, 3, 3), 1, "scheme=bcr density=0.5", block, (0.5, 8, 4), "block<8x4>", 32),
    ("pattern", (16, 12, 3, 3), 1, "scheme=pattern density=0.3", pattern, (0.3, 8, 4, 4), "pattern", 16),
    ("pattern-own", (7, 9, 3, 3), 1, "scheme=pattern density=0.2 library=6 shared=1", pattern, (0.2, 6, 4, 1),
     "pattern", 4),
    ("pattern-edge", (11, 5, 3, 3), 1, "scheme=pattern density=0.35 library=12 keep=5 shared=4", pattern,
     (0.35, 12, 5, 4), "pattern", 20),
    ("pattern-1x1", (24, 16, 1, 1), 1, "scheme=pattern density=0.3", block, (0.3, 4, 1), "block<4x1>", 4),
    # Depthwise: no two filters read the same channel.
    ("pattern-depthwise", (20, 1, 3, 3), 20, "scheme=pattern density=0.3 library=4", pattern, (0.3, 4, 4, 1),
     "pattern", 4),
]
passed = 0
for seed, (name, shape, groups, options, rule, arguments, encoding, group) in enumerate(CASES):
    weights = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    got, got_encoding, _ = run(folder, name, weights, [f"--sr-prune={options}"], groups)
    mask = rule(weights, *arguments)
    density = float(re.search(r"density=(\S+)", options).group(1))
    problems = []
    if not np.array_equal(got, np.where(mask, weights, 0)):
        problems.append(f"{np.sum((got != 0) != mask)} entries kept or removed otherwise")
    kept = np.count_nonzero(got)
    if not kept <= density * weights.size + 1e-6 < kept + group + 1e-6:
        problems.append(f"{kept} of {weights.size} kept for a density of {density}")
    if not got_encoding.startswith(encoding):
        problems.append(f"encoding {got_encoding}")
    print("FAIL" if problems else "ok", name, *problems)
    passed += not problems
print(f"{passed} of {len(CASES)} masks agree")
sys.exit(passed != len(CASES))
