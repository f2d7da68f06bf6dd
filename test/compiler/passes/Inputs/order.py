"""sr-reorder-filters against numpy: the order is a permutation, its padded taps are those of the remark, and groups of
equal filters that were shuffled are found again.

usage: order.py FOLDER
"""
import pathlib
import re
import sys

import numpy as np

from layer import run

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)


def padded(mask, group):
    return sum(np.any(mask[i:i + group], axis=0).sum() * len(mask[i:i + group]) for i in range(0, len(mask), group)
               ) - mask.sum()


CASES = [  # name, shape, filters alike, share of kept weights, group, what is left at most
    ("alike", (24, 8, 3, 3), 4, 0.3, 4, 0),
    ("alike-edge", (22, 8, 3, 3), 4, 0.3, 4, None),
    ("pairs", (16, 12, 1, 1), 2, 0.4, 2, 0),
    ("more-alike", (32, 8, 1, 1), 8, 0.5, 4, 0),
    ("random", (24, 16, 1, 1), 1, 0.3, 4, None),
    ("random-edge", (19, 6, 3, 3), 1, 0.2, 4, None),
]
passed = 0
for seed, (name, shape, alike, share, group, most) in enumerate(CASES):
    random = np.random.default_rng(seed)
    mask = (random.random((-(-shape[0] // alike),) + shape[1:]) < share).repeat(alike, axis=0)[:shape[0]]
    mask = mask[random.permutation(shape[0])]
    weights = np.where(mask, random.uniform(0.5, 1, shape), 0).astype(np.float32)
    got, _, remarks = run(folder, name, weights, [f"--sr-reorder-filters=group={group}", "--remarks-filter=sr-.*"])
    before, after = padded(mask, group), padded(got != 0, group)
    said = re.search(r"middle: .*after=(\d+), before=(\d+)", remarks)
    problems = []
    if sorted(map(bytes, got)) != sorted(map(bytes, weights)):
        problems.append("not a permutation")
    if not after < before or (most is not None and after > most):
        problems.append(f"{before} -> {after} padded taps")
    if not said or tuple(map(int, said.groups())) != (after, before):
        problems.append(f"the remark says {said and said.groups()} instead of {(after, before)}")
    print("FAIL" if problems else "ok", name, f"{before} -> {after}", *problems)
    passed += not problems
print(f"{passed} of {len(CASES)} orders hold")
sys.exit(passed != len(CASES))
