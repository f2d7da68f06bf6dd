"""Set5 PSNR of every ONNX file of the data folder (both exporters), compiled and run, against the published values.

psnr.py [--precision=f32|f16s] [NAME...]; f32 within 0.005 dB; f16 storage (one exporter) at most 0.02 dB below.
"""
import argparse
import json

from harness import DATA, Checks, Failure, models, run, scratch

parser = argparse.ArgumentParser()
parser.add_argument("--precision", default="f32", choices=["f32", "f16s"])
parser.add_argument("names", nargs="*")
arguments = parser.parse_args()
checks = Checks()
with scratch() as folder:
    for name, (path, published, scale) in models().items():
        if arguments.names and name.split(".")[0] not in arguments.names:
            continue
        if arguments.precision != "f32" and ".dynamo" in name:
            continue
        with checks(f"{name} {arguments.precision}"):
            package = f"{folder}/model.srp"
            run("srcc", path, "-o", package, f"--precision={arguments.precision}")
            done = run("srcc-eval", package, "--data", DATA / "images" / "Set5" / "HR", "--scale", scale, "--json", "-")
            report = json.loads(done.stdout)
            if len(report["images"]) != 5:
                raise Failure(f"{len(report['images'])} images instead of 5")
            mean = report["mean"]["psnr"]
            print(f"{name} {arguments.precision}: {mean:.4f} dB, published {published:.3f} dB", flush=True)
            if arguments.precision == "f32" and abs(mean - published) > 0.005 or mean < published - 0.02 - 0.0005:
                raise Failure(f"{mean:.4f} dB is too far from {published:.3f} dB")
checks.done()
