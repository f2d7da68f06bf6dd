"""Damaged and missing inputs, unwritable outputs, no OpenCL: exit code 1, an error text, nothing half-written.

damage.py [--trials=N] MODEL PHOTO; the model is any input of srcc, the photo a PNG.
Damage is random (seed printed): a flipped byte may leave a file valid, then the program must succeed; it never crashes.
"""
import argparse
import os
import pathlib
import resource
import shutil
import signal
import subprocess

import numpy as np

from harness import Checks, Failure, run, scratch

SEED = 7
parser = argparse.ArgumentParser()
parser.add_argument("--trials", type=int, default=8)
parser.add_argument("model", type=pathlib.Path)
parser.add_argument("photo", type=pathlib.Path)
arguments = parser.parse_args()


def refuses(*command, output=None, text="", env=None, or_works=False, limit=None):
    """Runs a program that must fail with exit code 1 and a text, leaving no file beside or at `output`. With or_works
    it may also succeed and write it. `limit`: the largest file it may write, in bytes, as on a full disk."""
    def small_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    if output:
        output.parent.mkdir(exist_ok=True)
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, errors="replace", timeout=120,
                          stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})},
                          preexec_fn=small_files if limit else None)
    shown = f"{' '.join(map(str, command))}\n{done.stderr[-2000:]}"
    if or_works and done.returncode == 0:
        if output and not output.exists():
            raise Failure(f"no output in spite of exit code 0: {shown}")
    elif done.returncode != 1:
        raise Failure(f"exit code {done.returncode} instead of 1: {shown}")
    elif not done.stderr.strip() or "Stack dump" in done.stderr:
        raise Failure(f"no error text: {shown}")
    elif text not in done.stderr.lower():
        raise Failure(f"the error text lacks '{text}': {shown}")
    elif output and list(output.parent.iterdir()):
        raise Failure(f"left behind {[p.name for p in output.parent.iterdir()]}: {shown}")
    if output:
        shutil.rmtree(output.parent)


def damaged(data, random):
    """Kinds of damage: empty, cut, one byte flipped, a run overwritten, bytes inserted."""
    data = np.frombuffer(data, np.uint8)
    for size in (0, 1, 15, 16, len(data) // 2, len(data) - 1):
        yield f"cut to {size}", data[:size].tobytes()
    for trial in range(arguments.trials):
        copy = data.copy()
        # Half of the places near the start, where the structure is.
        at = int(random.integers(0, len(data) if trial & 1 else min(len(data), 400)))
        copy[at] ^= 1 << int(random.integers(0, 8))
        yield f"bit flipped at {at}", copy.tobytes()
        copy = data.copy()
        end = min(len(data), at + 64)
        copy[at:end] = random.integers(0, 256, end - at, np.uint8)
        yield f"bytes {at} to {end} overwritten", copy.tobytes()
        yield f"byte inserted at {at}", data[:at].tobytes() + b"\xff" + data[at:].tobytes()


checks = Checks()
random = np.random.default_rng(SEED)
print(f"seed {SEED}")
with scratch() as folder:
    folder = pathlib.Path(folder)
    package, photo, out = folder / "model.srp", folder / "photo.png", folder / "out"
    shutil.copy(arguments.photo, photo)
    sources = {arguments.model.suffix[1:]: arguments.model}
    with checks("the undamaged files work"):
        run("srcc", arguments.model, "-o", package)
        run("srcc", arguments.model, "-o", folder / "model.mlirbc", "--stop-after=sr")
        run("srcc", arguments.model, "-o", folder / "model.mlir", "--stop-after=sr")
        run("srcc-run", package, photo, folder / "photo2.png")
        sources.update({"mlir": folder / "model.mlir", "mlirbc": folder / "model.mlirbc"})

    for kind, source in sources.items():
        for what, data in damaged(source.read_bytes(), random):
            with checks(f"{kind} {what}"):
                bad = folder / f"bad{source.suffix}"
                bad.write_bytes(data)
                refuses("srcc", bad, "-o", out / "bad.srp", output=out / "bad.srp", or_works=not what.startswith("cut") or what == f"cut to {len(source.read_bytes()) - 1}")
    for what, data in damaged(package.read_bytes(), random):
        with checks(f"srp {what}"):
            bad = folder / "bad.srp"
            bad.write_bytes(data)
            refuses("srcc-run", bad, photo, out / "photo.png", output=out / "photo.png")
    for what, data in damaged(photo.read_bytes(), random):
        with checks(f"png {what}"):
            bad = folder / "bad.png"
            bad.write_bytes(data)
            refuses("srcc-run", package, bad, out / "photo.png", output=out / "photo.png",
                    or_works=not what.startswith("cut"))
    for program, line in {"srcc-bench": ["--size", "8x8"],
                          "srcc-eval": ["--data", str(folder), "--scale", "2"]}.items():
        with checks(f"{program} and a damaged package"):
            (folder / "bad.srp").write_bytes(package.read_bytes()[:-9])
            refuses(program, folder / "bad.srp", *line)

    missing = folder / "missing"
    no_opencl = {"OCL_ICD_VENDORS": str(missing)}
    for what, command, options in [
            ("srcc without its input", ["srcc", missing / "a.onnx", "-o", out / "a.srp"], {"output": out / "a.srp"}),
            ("srcc into a missing folder", ["srcc", arguments.model, "-o", missing / "a.srp"], {}),
            ("srcc onto a folder", ["srcc", arguments.model, "-o", folder], {}),
            ("srcc on a full disk", ["srcc", arguments.model, "-o", out / "a.srp"],
             {"output": out / "a.srp", "limit": 4096}),
            ("srcc-run without its package", ["srcc-run", missing / "a.srp", photo, out / "a.png"],
             {"output": out / "a.png"}),
            ("srcc-run without its picture", ["srcc-run", package, missing / "a.png", out / "a.png"],
             {"output": out / "a.png"}),
            ("srcc-run into a missing folder", ["srcc-run", package, photo, missing / "a.png"], {}),
            ("srcc-run on a full disk", ["srcc-run", package, photo, out / "a.png"],
             {"output": out / "a.png", "limit": 4096}),
            ("srcc-run without OpenCL", ["srcc-run", package, photo, out / "a.png"],
             {"output": out / "a.png", "env": no_opencl, "text": "opencl"}),
            ("srcc-bench without OpenCL", ["srcc-bench", package, "--size", "8x8"],
             {"env": no_opencl, "text": "opencl"}),
            ("srcc-eval without OpenCL", ["srcc-eval", package, "--data", folder, "--scale", "2"],
             {"env": no_opencl, "text": "opencl"}),
            ("srcc-eval without pictures", ["srcc-eval", package, "--data", missing, "--scale", "2"], {})]:
        with checks(what):
            refuses(*command, **options)
    with checks("srcc needs no OpenCL"):
        run("srcc", arguments.model, "-o", folder / "again.srp", env=no_opencl)
        if (folder / "again.srp").read_bytes() != package.read_bytes():
            raise Failure("the same command wrote another package")
checks.done()
