"""A whole block of the demo network in one kernel of a phone: work-items compute the pixels around their tile together,
in local memory, before the 3x3 convolution reads them. As right as the default schedule, which has two kernels.

block.py [--print]: the check, or the schedule alone, for `srcc docs/demo/demo.mlirbc --target=adreno650 --schedule=FILE`.
"""
import argparse
import pathlib
import re

from harness import ROOT, Checks, Failure, Model, close, interpret, noise, run, scratch

NET, BLOCK, TILE = ROOT / "docs" / "demo" / "demo.mlirbc", "block1", 14
SIZES = [(1, 1), (13, 15), (17, 33), (40, 90)]  # height x width
FUSED = f"""\
  sched.compute_root @{BLOCK}.add
  sched.split @{BLOCK}.add "c" into "co", "ci" by affine_map<()[s0, s1] -> (4)>
  sched.split @{BLOCK}.add "x" into "xb", "tx" by affine_map<()[s0, s1] -> ({TILE})> tail round_up
  sched.split @{BLOCK}.add "y" into "yb", "ty" by affine_map<()[s0, s1] -> ({TILE})> tail round_up
  sched.reorder @{BLOCK}.add ["ci", "co", "tx", "ty", "xb", "yb"]
  sched.vectorize @{BLOCK}.add ["ci"]
  sched.gpu_threads @{BLOCK}.add ["tx", "ty"]
  sched.gpu_blocks @{BLOCK}.add ["xb", "yb"]
  sched.store_in @{BLOCK}.add image2d layout ["c/4", "y", "x", "c%4"]
  sched.compute_at @{BLOCK}.conv.sum at @{BLOCK}.add "co"
  sched.compute_at @{BLOCK}.reduce at @{BLOCK}.add "xb"
  sched.store_in @{BLOCK}.reduce local layout ["c/4", "y", "x", "c%4"]
  sched.reorder @{BLOCK}.reduce ["ci", "co", "x", "y"]
  sched.vectorize @{BLOCK}.reduce ["ci"]
  sched.unroll @{BLOCK}.reduce ["co"]
  sched.gpu_threads @{BLOCK}.reduce ["x", "y"]
  sched.compute_at @{BLOCK}.reduce.sum at @{BLOCK}.reduce "x\""""


def schedule():
    """The default one, with other directives for two stages of the block."""
    default = run("srcc", NET, "--target=adreno650", "--emit=schedule").stdout
    replaced = re.compile(rf"@{BLOCK}\.(add|reduce) |compute_at @{BLOCK}\.(conv|reduce)\.sum ")
    kept = [line for line in default.splitlines()
            if f"split @{BLOCK}.reduce \"c\"" in line or not replaced.search(line + " ")]
    end = max(i for i, line in enumerate(kept) if f"@{BLOCK}.reduce \"c\"" in line)
    return "\n".join([*kept[:end + 1], FUSED, *kept[end + 1:]])


parser = argparse.ArgumentParser()
parser.add_argument("--print", action="store_true")
if parser.parse_args().print:
    print(schedule())
    raise SystemExit
checks = Checks()
with checks("one kernel a block"), scratch() as folder:
    folder = pathlib.Path(folder)
    (folder / "block.mlir").write_text(schedule())
    kernels = run("srcc", NET, "--target=adreno650", f"--schedule={folder}/block.mlir", "--emit=opencl").stdout
    whole = next((k for k in re.split("^kernel ", kernels, flags=re.M) if f"{BLOCK}_add(" in k), "")
    if not all(part in whole for part in ("local float", "barrier(", f"{BLOCK}_reduce_bias")):
        raise Failure("the block is not one kernel with shared pixels")
    run("srcc", NET, "--target=adreno650", f"--schedule={folder}/block.mlir", "-o", folder / "block.srp")
    model = Model(folder / "block.srp")
    for height, width in SIZES:
        x = noise(1, model.info.in_channels, height, width, model.info.low, model.info.high)
        close(f"{width}x{height}", model.run_f32(x), interpret(NET, x, folder), 1e-4)
    model.close()
checks.done()
