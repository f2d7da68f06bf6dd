"""Compares two 8-bit pictures: by how many levels they differ at most, and in how many values.

usage: levels.py A.png B.png
"""
import sys

import numpy as np
from PIL import Image

a, b = (np.asarray(Image.open(path).convert("RGB")).astype(int) for path in sys.argv[1:])
print(f"{a.shape[1]} x {a.shape[0]}: at most {abs(a - b).max()} level, in {(a != b).sum()} values")
