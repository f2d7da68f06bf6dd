"""The networks of the data folder, imported and interpreted, against ONNX Runtime: within 1e-4 of the value range.

espcn_onnx_tutorial writes its sub-pictures side by side: it is compared with the output put in the intended order.
Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
import numpy as np
import onnxruntime

from harness import DATA, Checks, close, interpret, models, noise, run, scratch

SEED = 3
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.log_severity_level = 3


def session(path):
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


checks = Checks()
for name, (path, _, scale) in models().items():
    with scratch() as folder, checks(name):
        run("srcc-translate", "--import-onnx", path, "-o", f"{folder}/model.mlirbc")
        peer = session(path)
        channels, high = peer.get_inputs()[0].shape[1], 255.0 if name.startswith("abpn") else 1.0
        for height, width in ((1, 1), (13, 18)):
            with checks(f"{name} {height}x{width}"):
                x = noise(SEED, channels, height, width, 0, high)
                close("output", interpret(f"{folder}/model.mlirbc", x, folder), peer.run(None, {"input": x})[0][0],
                      1e-4 * high)

with scratch() as folder, checks("espcn_onnx_tutorial"):
    path = DATA / "models" / "espcn_onnx_tutorial" / "super_resolution.onnx"
    run("srcc-translate", "--import-onnx", path, "-o", f"{folder}/model.mlirbc")
    x = noise(SEED, 1, 224, 224)
    tiles = session(path).run(None, {"input": x})[0].reshape(3, 224, 3, 224)
    shuffled = tiles.transpose(1, 0, 3, 2).reshape(672, 672)
    window = (100, 500, 40, 30)  # x, y, width, height
    actual = interpret(f"{folder}/model.mlirbc", x, folder, window=window)
    close("output", actual, shuffled[None, 500:530, 100:140], 1e-4)
checks.done()
