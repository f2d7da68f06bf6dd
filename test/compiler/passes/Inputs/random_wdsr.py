"""Random weights of a small WDSR-B network, for test/dialects/sr/Inputs/wdsr.py.

usage: random_wdsr.py OUT.npz SEED
"""
import sys

import numpy as np

random = np.random.default_rng(int(sys.argv[2]))
weights = {}


def conv(name, f, c, k):
    weights[name + ".weight"] = (random.normal(size=(f, c, k, k)) / np.sqrt(c * k * k)).astype(np.float32)
    weights[name + ".bias"] = random.normal(size=f).astype(np.float32) / 4


conv("head", 8, 3, 3)
for i in range(2):
    conv(f"body.{i}.body.0", 24, 8, 1)
    conv(f"body.{i}.body.2", 6, 24, 1)
    conv(f"body.{i}.body.3", 8, 6, 3)
conv("tail", 12, 8, 3)
conv("skip.0", 12, 3, 5)
np.savez(sys.argv[1], **weights)
