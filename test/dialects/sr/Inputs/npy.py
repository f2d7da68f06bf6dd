"""Small NumPy files for the interpreter's tests.

usage: npy.py make FILE.npy SHAPE EXPRESSION    the EXPRESSION in c, y, x (and np) over the SHAPE CxHxW
       npy.py random FILE.npy SHAPE SEED        uniform values from 0 to 1
       npy.py print FILE.npy                    shape and values
       npy.py near A.npy B.npy TOLERANCE        fails if they differ by more
       npy.py crop A.npy X,Y,W,H OUT.npy        part of all channels
"""
import sys

import numpy as np

command, *args = sys.argv[1:]
if command == "make":
    c, y, x = np.indices([int(n) for n in args[1].split("x")]).astype(np.float32)
    np.save(args[0], np.asarray(eval(args[2]) + 0 * c, dtype=np.float32))
elif command == "random":
    shape = [int(n) for n in args[1].split("x")]
    np.save(args[0], np.random.default_rng(int(args[2])).random(shape, dtype=np.float32))
elif command == "print":
    values = np.load(args[0])
    print("x".join(map(str, values.shape)))
    for channel in values:
        print("\n".join(" ".join(f"{v:.6g}" for v in row) for row in channel))
elif command == "near":
    a, b = np.load(args[0]), np.load(args[1])
    assert a.shape == b.shape, (a.shape, b.shape)
    difference = np.abs(a.astype(np.float64) - b).max()
    assert difference <= float(args[2]), difference
elif command == "crop":
    x, y, w, h = map(int, args[1].split(","))
    np.save(args[2], np.load(args[0])[:, y:y + h, x:x + w])
else:
    sys.exit(__doc__)
