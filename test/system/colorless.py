"""Networks whose channels are no colours (color = none): computed as the interpreter does, on every target, and on float
planes alone; pictures are refused."""
import pathlib

import numpy as np

from harness import Checks, Failure, Model, close, interpret, noise, run, scratch

SIZES = [(1, 1), (3, 16), (7, 50), (20, 97)]  # height x width: within vectors, and more than one
TEXT = """module attributes {{sr.io = #sr.io<scale = {scale}, color = none, range = -1.0 : 1.0>}} {{
  func.func @net(%in: tensor<1x{channels}x?x?xf32>) -> {result} {{
    %w = sr.constant dense<"0x{weights}"> : tensor<{filters}x{channels}x{k}x{k}xf32>
    %conv = sr.conv2d %in, %w {{pads = array<i64: {pad}, {pad}, {pad}, {pad}>}} : (tensor<1x{channels}x?x?xf32>, tensor<{filters}x{channels}x{k}x{k}xf32>) -> tensor<1x{filters}x?x?xf32>
    {tail}
  }}
}}
"""


def network(path, channels, filters, k, tail):
    """One convolution, alone or with a pixel shuffle behind it or the sum with its input."""
    weights = np.random.default_rng(channels).standard_normal((filters, channels, k, k)).astype("<f4") / (k * channels)
    kind = f"tensor<1x{filters}x?x?xf32>"
    shuffled = f"tensor<1x{filters // 4}x?x?xf32>"
    result, line = {
        "shuffle": (shuffled, f"%out = sr.pixel_shuffle %conv {{scale = 2}} : ({kind}) -> {shuffled}"),
        "add": (kind, f"%out = sr.add %conv, %in : ({kind}, {kind}) -> {kind}"),
        "": (kind, "")}[tail]
    path.write_text(TEXT.format(scale=2 if tail == "shuffle" else 1, channels=channels, filters=filters, k=k, pad=k // 2,
                                weights=weights.tobytes().hex(), result=result,
                                tail=f"{line}\n    return {'%out' if line else '%conv'} : {result}"))


checks = Checks()
with scratch() as folder:
    folder = pathlib.Path(folder)
    for channels, filters, k, tail in [(5, 28, 3, "shuffle"), (24, 24, 1, "add"), (32, 32, 3, "add"), (32, 32, 3, "")]:
        for target in ("host", "adreno650", "mali-g77"):
            with checks(f"{channels} to {filters} channels, {k}x{k}, {tail or 'alone'}, {target}"):
                network(folder / "net.mlir", channels, filters, k, tail)
                run("srcc", folder / "net.mlir", f"--target={target}", "-o", folder / "net.srp")
                model = Model(folder / "net.srp")
                if (model.info.color, model.info.in_channels) != (3, channels):
                    raise Failure(f"colour {model.info.color}, {model.info.in_channels} channels")
                for height, width in SIZES:
                    x = noise(1, channels, height, width)
                    close(f"{width}x{height}", model.run_f32(x), interpret(folder / "net.mlir", x, folder), 1e-5)
                model.close()
    with checks("no pictures"):
        model = Model(folder / "net.srp")
        try:
            model.run_u8(np.zeros((4, 4, 3), np.uint8))
        except Failure as failure:
            if "no colours" not in str(failure):
                raise
        else:
            raise Failure("srrt_run_u8 took a picture")
        model.close()
        (folder / "in").mkdir()
        said = run("srcc-run", folder / "net.srp", folder / "in", folder / "out", code=1)
        if "no colours" not in said.stderr:
            raise Failure(f"srcc-run: {said.stderr.strip()}")
checks.done()
