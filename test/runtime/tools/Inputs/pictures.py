"""Pictures for the tests of srcc-run and srcc-eval, and the protocol of the literature in plain numpy.

The code follows the definitions (windows cut out one by one, kernels as matrices), not the tools it checks."""
import json
import math
import os
import subprocess
import sys

import numpy as np
from PIL import Image


def load(path):
    return np.asarray(Image.open(path))


def rgb(path):
    return np.asarray(Image.open(path).convert("RGB"))


def luma(x):
    return 16 + x.astype(float) @ np.array([65.481, 128.553, 24.966]) / 255


def psnr(a, b, border):
    d = (a - b)[border:a.shape[0] - border, border:a.shape[1] - border]
    return 10 * math.log10(255 ** 2 / np.mean(d ** 2))


def ssim(a, b, border):
    a = a[border:a.shape[0] - border, border:a.shape[1] - border]
    b = b[border:b.shape[0] - border, border:b.shape[1] - border]
    t = np.arange(11) - 5
    w = np.exp(-(t[:, None] ** 2 + t[None, :] ** 2) / (2 * 1.5 ** 2))
    w /= w.sum()
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    values = []
    for y in range(a.shape[0] - 10):
        for x in range(a.shape[1] - 10):
            p, q = a[y:y + 11, x:x + 11], b[y:y + 11, x:x + 11]
            mp, mq = (w * p).sum(), (w * q).sum()
            vp, vq = (w * (p - mp) ** 2).sum(), (w * (q - mq) ** 2).sum()
            cov = (w * (p - mp) * (q - mq)).sum()
            values.append((2 * mp * mq + c1) * (2 * cov + c2) / ((mp ** 2 + mq ** 2 + c1) * (vp + vq + c2)))
    return float(np.mean(values))


def shrink_matrix(n, scale):
    """Matlab's imresize of one axis by 1/scale, bicubic with antialiasing, mirrored edges."""
    m = n // scale
    matrix = np.zeros((m, n))
    for o in range(m):
        center = (o + 0.5) * scale - 0.5
        for i in range(math.floor(center - 2 * scale) - 1, math.ceil(center + 2 * scale) + 2):
            t = abs(center - i) / scale
            w = 1.5 * t ** 3 - 2.5 * t ** 2 + 1 if t <= 1 else -0.5 * t ** 3 + 2.5 * t ** 2 - 4 * t + 2 if t < 2 else 0
            k = i % (2 * n)
            matrix[o, k if k < n else 2 * n - 1 - k] += w
    return matrix / matrix.sum(1, keepdims=True)


def shrink(x, scale):
    h, w = (d // scale * scale for d in x.shape[:2])
    x = x[:h, :w].astype(float)
    rounded = lambda v: np.clip(np.floor(np.round(v, 9) + 0.5), 0, 255)
    x = rounded(np.einsum("oh,hwc->owc", shrink_matrix(h, scale), x))
    return rounded(np.einsum("ow,hwc->hoc", shrink_matrix(w, scale), x))


def repeat(x, scale):
    return x.repeat(scale, 0).repeat(scale, 1)


def make(folder):
    random = np.random.default_rng(5)
    def picture(h, w, c):
        y, x = np.mgrid[:h, :w, :c][:2]
        wave = 128 + 60 * np.sin(x / 3 + 2 * np.arange(c)) + 40 * np.cos(y / 2.3) + random.normal(0, 6, (h, w, c))
        return np.clip(wave, 0, 255).astype(np.uint8)
    Image.fromarray(picture(23, 37, 3)).save(folder + "/color.png")
    Image.fromarray(picture(33, 21, 1)[:, :, 0]).save(folder + "/gray.png")
    Image.fromarray(picture(16, 15, 4)).save(folder + "/alpha.png")
    Image.fromarray(picture(40, 31, 3)).save(folder + "/photo.JPG", format="JPEG", quality=95)


def near(name, a, b, tolerance=2e-4):
    if not abs(a - b) <= tolerance:
        sys.exit(f"{name}: {a}, expected {b}")


def check_means(figures):
    for key in ("psnr", "ssim"):
        near("mean " + key, figures["mean"][key], np.mean([image[key] for image in figures["images"]]), 1e-9)


def originals(figures, folder):
    names = sorted(os.listdir(folder))
    if [image["name"] for image in figures["images"]] != [os.path.splitext(name)[0] for name in names]:
        sys.exit("the images are not those of the folder")
    return zip(figures["images"], (rgb(os.path.join(folder, name)) for name in names))


def main(command, *args):
    if command == "make":
        make(args[0])
    elif command == "repeated":
        small, large = load(args[0]), load(args[1])
        if not np.array_equal(repeat(small, int(args[2])), large):
            sys.exit("the large picture is not the small one repeated")
    elif command == "quality":
        figures, large, original, scale = json.load(open(args[0])), rgb(args[1]), rgb(args[2]), int(args[3])
        if not np.array_equal(repeat(shrink(original, scale), scale), large):
            sys.exit("the large picture is not the original shrunk and repeated")
        original = original[:large.shape[0], :large.shape[1]]
        near("psnr", figures["psnr"], psnr(luma(large), luma(original), scale))
        near("ssim", figures["ssim"], ssim(luma(large), luma(original), scale))
    elif command == "eval-rgb":
        figures, folder, saved, scale = json.load(open(args[0])), args[1], args[2], int(args[3])
        for image, original in originals(figures, folder):
            large = repeat(shrink(original, scale), scale)
            if not np.array_equal(large, load(f"{saved}/{image['name']}.png")):
                sys.exit(image["name"] + ": the saved picture differs")
            original = original[:large.shape[0], :large.shape[1]]
            near("psnr", image["psnr"], psnr(luma(large), luma(original), scale))
            near("ssim", image["ssim"], ssim(luma(large), luma(original), scale))
        check_means(figures)
    elif command == "eval-y":
        figures, folder, scale, gain = json.load(open(args[0])), args[1], int(args[2]), float(args[3])
        for image, original in originals(figures, folder):
            y = repeat(luma(shrink(original, scale)), scale) * gain
            y = np.clip(np.floor(y + 0.5), 16, 235)
            original = np.floor(luma(original)[:y.shape[0], :y.shape[1]] + 0.5)
            near("psnr", image["psnr"], psnr(y, original, scale), 2e-3)  # luma near .5 may round either way
            near("ssim", image["ssim"], ssim(y, original, scale), 2e-4)
        check_means(figures)
    elif command == "metrics":
        script, figures, folder, saved, scale = args[0], json.load(open(args[1])), args[2], args[3], args[4]
        for image in figures["images"]:
            pair = [f"{directory}/{image['name']}.png" for directory in (saved, folder)]
            said = subprocess.run([sys.executable, script, "psnr", *pair, scale], capture_output=True, check=True).stdout
            near(image["name"], image["psnr"], float(said), 6e-4)  # it prints three decimals
    elif command == "same":
        a, b = (json.load(open(path)) for path in args)
        if a != b:
            sys.exit(f"{a}\n{b}")
    else:
        sys.exit("unknown command " + command)


if __name__ == "__main__":
    main(*sys.argv[1:])
