"""One engine that holds one network, and runs it when told to: the processes that peers.py measures in turn.

worker.py ENGINE NETWORK INPUT.npy THREADS

NETWORK is what the engine reads (peers.py converts it), INPUT a float32 picture, 1xCxHxW. Answers are lines of JSON on
standard output; the first, when the network is loaded, is {"version", "load_s"}. Then, for each line of standard input:
  run N      once untimed, then N times: {"ms": [...], "cpu_s", "memory_mb"}; from host memory to host memory
  save PATH  the last output as .npy, 1xCxHxW: {"shape"}
What goes wrong is {"error"}, and ends the process.
Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
import importlib.metadata
import json
import os
import pathlib
import resource
import sys
import time

import numpy as np


def aligned(shape):
    """An array of floats from a multiple of 64 bytes on, which libsrrt uses in place."""
    count = int(np.prod(shape))
    memory = np.empty(count + 16, np.float32)
    first = -memory.ctypes.data % 64 // 4
    return memory[first:first + count].reshape(shape)


def srcc(network, picture, threads):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "test" / "system"))
    import ctypes
    import harness
    model = harness.Model(network)
    _, _, height, width = picture.shape
    model.prepare(height, width)
    scale = model.info.scale
    source, output = aligned(picture.shape), aligned((1, model.info.out_channels, height * scale, width * scale))
    source[...] = picture
    arguments = model.handle, *(ctypes.c_void_p(a.ctypes.data) for a in (source, output))

    def run():
        model.check(model.lib.srrt_run_f32(*arguments))
        return output
    run.source = source  # lives as long as run
    model.lib.srrt_version.restype = ctypes.c_char_p
    return run, model.lib.srrt_version().decode()


def onnxruntime(network, picture, threads):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda: session.run(None, {name: picture})[0], onnxruntime.__version__


def openvino(network, picture, threads):
    import openvino
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(network), "CPU", {
        "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32",
        **({"CPU_SPARSE_WEIGHTS_DECOMPRESSION_RATE": 0.5} if "pruned" in pathlib.Path(network).name else {})})
    request = compiled.create_infer_request()
    output = request.get_output_tensor()

    def run():
        request.infer([picture], share_inputs=True)
        return output.data
    return run, openvino.__version__.split("-")[0]


def ncnn(network, picture, threads):
    import ncnn
    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_vulkan_compute = False
    for half in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage"):
        setattr(net.opt, half, False)
    if net.load_param(network + ".ncnn.param") or net.load_model(network + ".ncnn.bin"):
        raise RuntimeError("ncnn cannot load the converted network")
    source = ncnn.Mat(picture[0]).clone()  # of its own: what wraps an array is overwritten

    def run():
        extractor = net.create_extractor()
        extractor.input("in0", source)
        status, output = extractor.extract("out0")
        if status:
            raise RuntimeError(f"ncnn: status {status}")
        return np.array(output, copy=False)[None]
    return run, importlib.metadata.version("ncnn")


def mnn(network, picture, threads):
    import MNN
    interpreter = MNN.Interpreter(network)
    session = interpreter.createSession({"backend": "CPU", "numThread": threads, "precision": "high"})
    source, target = interpreter.getSessionInput(session), interpreter.getSessionOutput(session)
    if tuple(source.getShape()) != picture.shape:
        interpreter.resizeTensor(source, picture.shape)
        interpreter.resizeSession(session)
    staged = MNN.Tensor(picture.shape, MNN.Halide_Type_Float, picture, MNN.Tensor_DimensionType_Caffe)
    shape = tuple(target.getShape())
    fetched = MNN.Tensor(shape, MNN.Halide_Type_Float, np.empty(shape, np.float32), MNN.Tensor_DimensionType_Caffe)

    def run():
        source.copyFrom(staged)
        interpreter.runSession(session)
        target.copyToHostTensor(fetched)
        return fetched.getNumpyData()
    return run, importlib.metadata.version("MNN")


def litert(network, picture, threads):
    from ai_edge_litert.interpreter import Interpreter
    interpreter = Interpreter(network, num_threads=threads)
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    rows = np.ascontiguousarray(picture.transpose(0, 2, 3, 1))  # the network's own layout: not timed

    def run():
        interpreter.set_tensor(source["index"], rows)
        interpreter.invoke()
        return interpreter.get_tensor(target["index"]).transpose(0, 3, 1, 2)
    return run, importlib.metadata.version("ai-edge-litert")


def deepsparse(network, picture, threads):
    import deepsparse
    engine = deepsparse.Engine(network, batch_size=1, num_cores=threads)
    return lambda: engine.run([picture])[0], deepsparse.__version__


ENGINES = {function.__name__: function for function in (srcc, onnxruntime, openvino, ncnn, mnn, litert, deepsparse)}


def serve(engine, network, path, threads, answer):
    start = time.perf_counter()
    picture = np.load(path)
    run, version = ENGINES[engine](network, picture, int(threads))
    output = run()
    answer(version=version, load_s=time.perf_counter() - start)
    for line in sys.stdin:
        command, argument = line.split(maxsplit=1)
        if command == "run":
            cpu, output, times = time.process_time(), run(), []
            for _ in range(int(argument)):
                start = time.perf_counter()
                output = run()
                times.append((time.perf_counter() - start) * 1e3)
            answer(ms=times, cpu_s=time.process_time() - cpu,
                   memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024e-6)
        elif command == "save":
            np.save(argument.strip(), np.asarray(output, np.float32))
            answer(shape=output.shape)
        else:
            raise ValueError(f"no command '{command}'")


def main():
    # Libraries print where they like: answers go out through a copy of standard output that they do not know.
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def answer(**fields):
        replies.write(json.dumps(fields) + "\n")
    try:
        serve(*sys.argv[1:5], answer)
    except Exception as error:  # whatever an engine raises is its row in the table
        answer(error=f"{type(error).__name__}: {error}".splitlines()[0])
        sys.exit(1)


if __name__ == "__main__":
    main()
