"""Encodings that sr-infer-sparsity finds, and the figures of its remarks, against numpy.

usage: encodings.py FOLDER

Each case makes random zeros of one structure by its definition in docs/spec.md; the pass must find that structure.
"""
import pathlib
import re
import sys

import numpy as np

from layer import run

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)


def filters(random, shape):
    return np.broadcast_to(random.random((shape[0], 1, 1, 1)) < 0.6, shape)


def channels(random, shape):
    return np.broadcast_to(random.random((1, shape[1], 1, 1)) < 0.6, shape)


def block(f, c):
    def make(random, shape):
        small = random.random((-(-shape[0] // f), -(-shape[1] // c)) + shape[2:]) < 0.4
        return small.repeat(f, axis=0).repeat(c, axis=1)[:shape[0], :shape[1]]
    return make


def bcr(f, c):
    def make(random, shape):
        rows = random.random((shape[0], -(-shape[1] // c))) < 0.6
        columns = random.random((-(-shape[0] // f), shape[1])) < 0.6
        mask = rows.repeat(c, axis=1)[:, :shape[1]] & columns.repeat(f, axis=0)[:shape[0]]
        return mask[:, :, None, None]
    return make


def pattern(texts, shared):
    library = np.array([[x == "x" for x in text.replace("/", "")] for text in texts]).reshape(-1, 3, 3)

    def make(random, shape):
        units = (-(-shape[0] // shared), shape[1])
        chosen = library[random.integers(len(texts), size=units)] & (random.random(units) < 0.7)[:, :, None, None]
        return chosen.repeat(shared, axis=0)[:shape[0]]
    return make


def unstructured(share):
    return lambda random, shape: random.random(shape) < share


FOUR = ["xx./xx./...", ".xx/.xx/...", ".../xx./xx.", ".../.xx/.xx"]  # in the order of their numbers
CASES = [  # name, shape, groups, zeros, options, encoding
    ("filter", (9, 5, 3, 3), 1, filters, "", "filter"),
    ("channel", (9, 8, 3, 3), 1, channels, "", "channel"),
    ("block-16x8", (32, 16, 3, 3), 1, block(16, 8), "", "block<16x8>"),
    ("block-8x4", (24, 20, 3, 3), 1, block(8, 4), "", "block<8x4>"),
    ("block-edge", (20, 6, 5, 5), 1, block(8, 4), "", "block<8x4>"),
    ("block-4x2", (16, 8, 1, 1), 1, block(4, 2), "", "block<4x2>"),
    ("block-4x1", (16, 8, 3, 3), 1, block(4, 1), "", "block<4x1>"),
    ("block-groups", (24, 4, 3, 3), 2, block(4, 4), "", "block<4x4>"),
    ("bcr-8x4", (24, 16, 1, 1), 1, bcr(8, 4), "", "bcr<8x4>"),
    ("bcr-whole", (24, 18, 1, 1), 1, bcr(24, 18), "", "bcr<24x18>"),
    ("pattern-4", (24, 20, 3, 3), 1, pattern(FOUR, 4), "", "pattern<[" + ", ".join(f'"{p}"' for p in FOUR) +
     "], keep = 4, shared = 4>"),
    ("pattern-1", (10, 20, 3, 3), 1, pattern(FOUR, 1), "", "pattern<[" + ", ".join(f'"{p}"' for p in FOUR) +
     "], keep = 4, shared = 1>"),
    ("pattern-depthwise", (40, 1, 3, 3), 40, pattern(FOUR, 1), "", "pattern<[" + ", ".join(f'"{p}"' for p in FOUR) +
     "], keep = 4, shared = 1>"),
    ("connectivity", (24, 20, 3, 3), 1, pattern(["xxx/xxx/xxx"], 1), "",
     'pattern<["xxx/xxx/xxx"], keep = 9, shared = 1>'),
    ("unstructured", (16, 16, 3, 3), 1, unstructured(0.5), "", "unstructured"),
    ("unstructured-1x1", (16, 16, 1, 1), 1, unstructured(0.5), "", "unstructured"),
    ("few-zeros", (16, 16, 3, 3), 1, unstructured(0.95), "", ""),
    ("few-zeros-asked", (16, 16, 3, 3), 1, unstructured(0.95), "=min-zeros=0.01", "unstructured"),
    ("no-zeros", (16, 16, 3, 3), 1, unstructured(1), "=min-zeros=0", ""),
    ("all-zeros", (16, 16, 3, 3), 1, unstructured(0), "", "filter"),
]
passed = 0
for seed, (name, shape, groups, zeros, options, wanted) in enumerate(CASES):
    random = np.random.default_rng(seed)
    mask = zeros(random, shape)
    weights = np.where(mask, random.uniform(0.5, 1, shape), 0).astype(np.float32)
    got, encoding, remarks = run(folder, name, weights,
                                 [f"--sr-infer-sparsity{options}", "--remarks-filter=sr-.*"], groups)
    # Four consecutive filters of a group compute all taps that one of them has.
    each = shape[0] // groups
    union = sum(np.any(mask[i:j], axis=0).sum() * (j - i) for start in range(0, shape[0], each)
                for i in range(start, start + each, 4) for j in [min(i + 4, start + each)])
    said = [int(re.search(rf"{key}=(\d+)", line).group(1)) for line in remarks.splitlines() if "middle: " in line
            for key in ("total", "kept", "padded")]
    problems = []
    if not np.array_equal(got, weights):
        problems.append("other weights")
    if encoding != wanted:
        problems.append(f"encoding {encoding} instead of {wanted}")
    if said != [mask.size, mask.sum(), union - mask.sum()]:
        problems.append(f"figures {said} instead of {[mask.size, mask.sum(), union - mask.sum()]}")
    print("FAIL" if problems else "ok", name, *problems)
    passed += not problems
print(f"{passed} of {len(CASES)} encodings found")
sys.exit(passed != len(CASES))
