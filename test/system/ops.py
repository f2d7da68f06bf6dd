"""Every operator and attribute edge (the networks of test/frontend/make_ops.py), compiled and run on the default OpenCL
device, against the reference interpreter: within 1e-4 of the range of the expected output (at least 1). Every third
network in strips as well, where the output does not depend on the whole picture.

ops.py [--shard=I/N] [--schedule=FILE] [--target=DEV] [NAME...]
"""
import argparse
import pathlib
import sys

import numpy as np

from harness import Checks, Failure, Model, close, in_strips, interpret, noise, run, scratch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "frontend"))
import make_ops  # noqa: E402

SIZES = [(1, 1), (5, 7), (33, 17), (96, 128)]  # height x width, or the next that the network can take
SEED = 11

parser = argparse.ArgumentParser()
parser.add_argument("--shard", default="0/1", help="I/N: only every N-th network, from the I-th on")
parser.add_argument("--schedule", help="instead of the default one")
parser.add_argument("--target", default="host", help="device whose default schedule is taken")
parser.add_argument("names", nargs="*")
arguments = parser.parse_args()


def sizes(n):
    if isinstance(n.size[0], int):
        return [n.size]
    return sorted({tuple(max(n.smallest, -(-s // n.multiple) * n.multiple) for s in size) for size in SIZES})


index, count = map(int, arguments.shard.split("/"))
checks, worst, strips = Checks(), 0, 0
for number, name in enumerate((arguments.names or list(make_ops.NETS))[index::count]):
    with scratch() as folder, checks(name):
        n = make_ops.write(name, folder)
        imported, package = f"{folder}/model.mlirbc", f"{folder}/model.srp"
        run("srcc", f"{folder}/{name}.onnx", "-o", imported, "--stop-after=import")
        run("srcc", imported, "-o", package, f"--target={arguments.target}",
            *([f"--schedule={arguments.schedule}"] if arguments.schedule else []))
        model = Model(package)
        for height, width in sizes(n):
            with checks(f"{name} {width}x{height}"):
                x = noise(SEED, n.channels, height, width, -1, 1)
                expected = interpret(imported, x, folder)
                scale = max(1.0, float(np.abs(expected).max()))
                worst = max(worst, close("output", model.run_f32(x), expected, 1e-4 * scale) / scale)
        # Every third will do: what differs is the receptive field, and kinds of layers have many networks.
        if number % 3 == 0 and model.info.alignment and not isinstance(n.size[0], int):
            height = n.smallest + 4 * model.info.halo + 64 * model.info.alignment
            height, width = (-(-s // n.multiple) * n.multiple for s in (height, max(n.smallest, 17)))
            with checks(f"{name} {width}x{height} in strips"):
                x = noise(SEED, n.channels, height, width, -1, 1)
                expected = interpret(imported, x, folder)
                scale = max(1.0, float(np.abs(expected).max()))
                model = in_strips(package, model, height, width)
                close("output", model.run_f32(x), expected, 1e-4 * scale)
                strips += 1
        model.close()
print(f"{strips} networks in strips")
with checks("some networks in strips"):
    if not strips and not arguments.names:
        raise Failure("none")
print(f"largest error {worst:.1e} of the range")
checks.done()
