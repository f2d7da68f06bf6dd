"""What half arithmetic costs in quality: Set5 pictures through the interpreter in f32 and in f16 (which rounds where
emitted code does; half.py tests that), at most 0.1 dB apart.

psnr_f16.py NAME...  (networks of the data folder, without .onnx)
"""
import sys

import numpy as np
from PIL import Image

from harness import DATA, Checks, Failure, models, run, scratch

PICTURES = ["butterfly", "head"]  # the two smallest
MOST = 0.1


def luma(path):
    """BT.601 luma of an 8-bit picture, 16 to 235."""
    return np.asarray(Image.open(path).convert("RGB"), np.float64) @ np.array([65.481, 128.553, 24.966]) / 255 + 16


def psnr(path, original, border):
    """PSNR in dB on luma, without a border."""
    a = luma(path)
    error = (a - luma(original)[:a.shape[0], :a.shape[1]])[border:-border, border:-border]
    return 10 * np.log10(255**2 / np.mean(error**2))


checks = Checks()
with scratch() as folder:
    for name in sys.argv[1:]:
        path, _, scale = models()[name + ".onnx"]
        simplified, out = f"{folder}/model.mlirbc", f"{folder}/out.png"
        with checks(name):
            run("srcc", path, "-o", simplified, "--stop-after=sr")
        for picture in PICTURES:
            with checks(f"{name} {picture}"):
                low = DATA / "images" / "Set5" / f"LR_bicubic_X{scale}" / f"{picture}x{scale}.png"
                value = {}
                for precision in ("f32", "f16"):
                    run("srcc-translate", "--interpret", simplified, f"--input={low}", f"--output={out}",
                        f"--precision={precision}")
                    value[precision] = psnr(out, DATA / "images" / "Set5" / "HR" / f"{picture}.png", scale)
                print(f"{name} {picture}: f32 {value['f32']:.4f} dB, f16 {value['f16']:.4f} dB", flush=True)
                if not value["f32"] > 20:  # the networks reach more on every picture
                    raise Failure(f"f32 reaches only {value['f32']:.2f} dB")
                if not value["f32"] - value["f16"] <= MOST:
                    raise Failure(f"f16 loses {value['f32'] - value['f16']:.3f} dB")
checks.done()
