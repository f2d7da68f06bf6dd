"""A network pruned by schemes (all, or those that are named), then shrunk, reordered and encoded anew, keeps the pictures of the pruned one; where
filters or blocks are pruned, it is compiled too.

usage: schemes.py MODEL.mlir FOLDER [SCHEME...]
"""
import pathlib
import subprocess
import sys

import numpy as np

model, folder = sys.argv[1], pathlib.Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
np.save(folder / "in.npy", np.random.default_rng(1).random((3, 9, 11), dtype=np.float32))


def run(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr[-3000:]}")
    return done.stdout


def picture(path):
    run("srcc-translate", "--interpret", path, f"--input={folder / 'in.npy'}", f"--output={folder / 'out.npy'}")
    return np.load(folder / "out.npy").astype(np.float64)


PASSES = ["--canonicalize", "--sr-shrink", "--sr-reorder-filters", "--sr-infer-sparsity"]
dense = picture(model)
SCHEMES = ["filter", "channel", "block f=8 c=4", "bcr f=8 c=4", "pattern", "pattern shared=1", "unstructured"]
for scheme in sys.argv[3:] or SCHEMES:
    path = folder / (scheme.replace(" ", "-").replace("=", "") + ".mlirbc")
    run("srcc-opt", model, f"--sr-prune=scheme={scheme} density=0.4", "--verify-roundtrip", "--emit-bytecode", "-o", path)
    pruned = picture(path)
    if np.abs(pruned - dense).max() < 1e-3:
        sys.exit(f"{scheme} prunes nothing")
    for option in (PASSES[1:2], PASSES[2:3], PASSES):
        run("srcc-opt", path, *option, "--verify-roundtrip", "--emit-bytecode", "-o", folder / "after.mlirbc")
        error = np.abs(picture(folder / "after.mlirbc") - pruned).max()
        if not error <= 1e-5:
            sys.exit(f"{scheme} {option}: pictures differ by {error}")
    compiles = scheme in ("filter", "block f=8 c=4")
    if compiles:
        run("srcc", path, "-o", folder / "x.srp", "--quiet")
    print(f"{scheme}: same pictures" + ", compiles" * compiles)
