"""Networks and files that the importer refuses: exit code 1, a message with these words, no output file.

Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
import pathlib

import numpy as np
from onnx import TensorProto, helper

from harness import Checks, Failure, run, scratch
from make_ops import Net

checks = Checks()


def refuse(name, *words, options=(), **net_options):
    """Imports what the function builds (a tensor name, a model or bytes) and looks at the message."""
    def register(build):
        with scratch() as folder, checks(name):
            n = Net(name, **net_options)
            made = build(n, "input")
            if isinstance(made, str):
                made = n.end(made).model()
            data = made if isinstance(made, bytes) else made.SerializeToString()
            path, out = pathlib.Path(folder) / "net.onnx", pathlib.Path(folder) / "out.mlir"
            path.write_bytes(data)
            message = run("srcc-translate", "--import-onnx", path, "-o", out, *options, code=1).stderr
            for word in ("net.onnx", "error: ", *words):
                if word not in message:
                    raise Failure(f"no '{word}' in: {message}")
            if out.exists() and out.stat().st_size:
                raise Failure("something was written")
        return build
    return register


def op(name, kind, *words, inputs=(), opset=17, **attributes):
    """The network of one node `kind` is refused, with its name and opset in the message."""
    @refuse(name, f"node '{kind.lower()}0' ({kind}, opset {opset})", *words, opset=opset)
    def _(n, x):
        return n.op(kind, x, *inputs, **attributes)


# --- operators --------------------------------------------------------------------------------------------------------
op("unknown", "Softmax", "not supported", "Sigmoid")
op("unknown_elu", "Elu", "LeakyRelu")
op("instance_norm", "InstanceNormalization", "BatchNormalization with fixed statistics",
   inputs=(np.ones(3, np.float32), np.zeros(3, np.float32)))
op("erf_alone", "Erf", "gelu")
op("resize_antialias", "Resize", "antialias", opset=18, inputs=("", np.array([1, 1, 2, 2], np.float32)), mode="linear",
   antialias=1)
op("resize_coordinates", "Resize", "coordinate_transformation_mode", "tf_half_pixel_for_nn", opset=11,
   inputs=(np.zeros(0, np.float32), np.array([1, 1, 2, 2], np.float32)),
   coordinate_transformation_mode="tf_half_pixel_for_nn")
op("resize_channels", "Resize", "only height and width", inputs=("", np.array([1, 2, 2, 2], np.float32)))
op("resize_irrational", "Resize", "fractions of small numbers",
   inputs=("", np.array([1, 1, 2 ** 0.5, 2 ** 0.5], np.float32)))
op("resize_negative", "Resize", "positive fraction", inputs=("", np.array([1, 1, -2, 2], np.float32)))
op("resize_fixed_size", "Resize", "not the same positive fraction for every picture",
   inputs=("", "", [1, 3, 448, 448]))
op("reshape", "Reshape", "pixel shuffle", inputs=([1, 3, 5, 7],))
op("transpose", "Transpose", "perm", perm=[0, 1, 2, 2])
op("pad_wrap", "Pad", "mode", "reflect", opset=19, inputs=([0, 0, 1, 1, 0, 0, 1, 1],), mode="wrap")
op("pad_negative", "Pad", "between 0 and", inputs=([0, 0, -1, 0, 0, 0, 0, 0],))
op("pad_channels", "Pad", "padding channels", inputs=([0, 1, 0, 0, 0, 0, 0, 0],))
op("slice_rows", "Slice", "axis 2", "not supported", inputs=([0], [1], [2]))
op("concat_rows", "Concat", "axis 2", inputs=("input",), axis=2)
op("mean_of_channels", "ReduceMean", "not over channels", axes=[1])
op("ceil_mode", "MaxPool", "ceil_mode", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
op("conv_3d", "Conv", "rank 5", inputs=(np.ones((3, 3, 1, 1, 1), np.float32),))
op("conv_dynamic_weight", "Conv", "initializer or a constant", inputs=("input",))
op("conv_kernel_shape", "Conv", "kernel_shape", inputs=(np.ones((3, 3, 3, 3), np.float32),), kernel_shape=[5, 5])
op("conv_channels", "Conv", "channels", inputs=(np.ones((3, 4, 3, 3), np.float32),))
op("conv_bias", "Conv", "bias", inputs=(np.ones((3, 3, 1, 1), np.float32), np.ones(4, np.float32)))
op("conv_huge_stride", "Conv", "strides", inputs=(np.ones((3, 3, 1, 1), np.float32),), strides=[2 ** 40, 1])
op("conv_huge_dilation", "Conv", "dilations", inputs=(np.ones((3, 3, 1, 1), np.float32),), dilations=[2 ** 62, 1])
op("conv_huge_group", "Conv", "groups", inputs=(np.ones((3, 3, 1, 1), np.float32),), group=2 ** 62)
op("conv_auto_pad", "Conv", "pads by the size of the picture", inputs=(np.ones((3, 3, 3, 3), np.float32),),
   auto_pad="SAME_UPPER", strides=[3, 100])
op("conv_nan", "Conv", "not finite", inputs=(np.full((3, 3, 1, 1), np.nan, np.float32),))
op("conv_unknown_attribute", "Conv", "'flavour' is not supported", inputs=(np.ones((3, 3, 1, 1), np.float32),),
   flavour=1)
op("conv_wrong_kind", "Conv", "'strides' has a value of the wrong kind",
   inputs=(np.ones((3, 3, 1, 1), np.float32),), strides=1)
op("output_shape", "ConvTranspose", "output_padding", inputs=(np.ones((3, 3, 2, 2), np.float32),), strides=[2, 2],
   output_shape=[64, 64])
op("blocksize", "DepthToSpace", "blocksize is 1 or more", blocksize=0)
op("blocksize_channels", "DepthToSpace", "not a multiple of", blocksize=2)
op("blocksize_huge", "DepthToSpace", "blocksize", blocksize=2 ** 40)
op("prelu_shape", "PRelu", "Cx1x1", inputs=(np.ones(3, np.float32),))
op("add_shape", "Add", "one per channel", inputs=(np.ones((3, 4, 4), np.float32),))
op("divide_by_map", "Div", "division by a map", inputs=("input",))
op("divide_by_zero", "Div", "not finite", inputs=(np.zeros((), np.float32),))
op("power", "Pow", "exponent", inputs=(np.full((), 1.5, np.float32),))
op("cast", "Cast", "floating-point", to=TensorProto.UINT8)
op("clip_order", "Clip", "low is not greater than high", inputs=(np.float32(1), np.float32(0)))
op("gather_range", "Gather", "out of range", inputs=([3],), axis=1)


@refuse("split_sum", "add up to 3")
def _(n, x):
    return n.op("Split", x, [1, 1], outputs=2, axis=1)[0]


@refuse("gelu_with_another_constant", "Erf", "gelu")
def _(n, x):
    e = n.op("Add", n.op("Erf", n.op("Div", x, 1.5)), 1.0)
    return n.op("Mul", n.op("Mul", x, e), 0.5)


@refuse("partial_mean", "a mean over columns")
def _(n, x):
    return n.op("Relu", n.op("ReduceMean", x, axes=[3]))


@refuse("add_of_other_size", "same size for every picture", "h * 2")
def _(n, x):
    return n.op("Add", n.op("DepthToSpace", n.conv(x, 12, 3), blocksize=2), x)


@refuse("growth", "times as large as the picture")
def _(n, x):
    for _ in range(3):
        x = n.op("Resize", x, "", n.const(np.array([1, 1, 60000, 60000], np.float32)))
    return x


@refuse("size_of_many_steps", "a size in more than 256 steps")
def _(n, x):
    for _ in range(100):
        x = n.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2])
    return x


@refuse("custom_domain", "domain 'com.example'")
def _(n, x):
    model = n.end(n.op("Relu", x)).model()
    model.graph.node[0].domain = "com.example"
    return model


@refuse("missing_input_of_node", "input 0 is missing")
def _(n, x):
    return n.op("Relu", "")


# --- the graph --------------------------------------------------------------------------------------------------------
@refuse("batch_2", "batch size 2", "batch size 1", batch=2)
def _(n, x):
    return n.op("Relu", x)


@refuse("channels_5", "1 channel (y) or 3 (rgb)", channels=5)
def _(n, x):
    return n.op("Relu", x)


@refuse("channels_out", "the output 4")
def _(n, x):
    return n.conv(x, 4, 3)


@refuse("scale_half", "whole multiple")
def _(n, x):
    return n.op("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])


@refuse("no_padding", "h - 2", "whole multiple")
def _(n, x):
    return n.conv(x, 3, 3, 3, pads=[0, 0, 0, 0])


@refuse("scale_not_square", "same whole multiple")
def _(n, x):
    return n.op("Resize", x, "", n.const(np.array([1, 1, 2, 3], np.float32)))


@refuse("scale_17", "scale is between 1 and 16")
def _(n, x):
    return n.op("Resize", x, "", n.const(np.array([1, 1, 17, 17], np.float32)))


for text in ("1:0", "0:nan", "0", "0:1:2", "a:b", "0:inf"):
    @refuse(f"range_{text}", "--onnx-range is LO:HI", options=(f"--onnx-range={text}",))
    def _(n, x):
        return n.op("Relu", x)


@refuse("color_of_3", "means 1 channel,", options=("--onnx-color=y",))
def _(n, x):
    return n.op("Relu", x)


@refuse("channels_differ", "color = rgb means 3 channels", "--color=none")
def _(n, x):
    return n.conv(x, 5, 3)


@refuse("color_name", "rgb, bgr, y or none", options=("--onnx-color=cmyk",))
def _(n, x):
    return n.op("Relu", x)


def changed(name, *words, **net_options):
    """The network of one convolution is refused after the function changed its model."""
    def register(change):
        def build(n, x):
            model = n.end(n.conv(x, 3, 3)).model()
            result = change(model)
            return model if result is None else result
        refuse(name, *words, **net_options)(build)
        return change
    return register


@changed("opset_too_new", "opset 99", "7 to 26")
def _(model):
    model.opset_import[0].version = 99


@changed("opset_too_old", "opset 6", "7 to 26")
def _(model):
    model.opset_import[0].version = 6


@changed("no_opset", "names no opset")
def _(model):
    del model.opset_import[:]


@changed("two_inputs", "2: 'input', 'more'")
def _(model):
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [3, 3, 3, 3]))


@changed("weight_as_input", "weights have to be initializers")
def _(model):
    weight = model.graph.initializer[0]
    model.graph.input.append(helper.make_tensor_value_info(weight.name, TensorProto.FLOAT, weight.dims))
    del model.graph.initializer[0]


@changed("two_outputs", "one output")
def _(model):
    model.graph.output.append(model.graph.output[0])


@changed("no_output_node", "no node makes the output 'nothing'")
def _(model):
    model.graph.output[0].name = "nothing"


@changed("missing_tensor", "made by no node")
def _(model):
    model.graph.node[0].input[1] = "nowhere"


@changed("bytes_in", "floating-point")
def _(model):
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8


@changed("rank_3", "rank 3")
def _(model):
    del model.graph.input[0].type.tensor_type.shape.dim[0]


@changed("dynamic_channels", "channels has to be fixed")
def _(model):
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "c"


@changed("cycle", "cycle")
def _(model):
    model.graph.node.append(helper.make_node("Relu", ["loop_b"], ["loop_a"]))
    model.graph.node.append(helper.make_node("Add", ["loop_a", "input"], ["loop_b"]))
    model.graph.node.append(helper.make_node("Add", ["loop_b", "output"], ["end"]))
    model.graph.output[0].name = "end"


@changed("self_cycle", "cycle")
def _(model):
    model.graph.node[0].input[0] = "output"


@changed("output_twice", "output of two nodes")
def _(model):
    model.graph.node.append(model.graph.node[0])


@changed("initializer_twice", "belongs to two initializers")
def _(model):
    model.graph.initializer.append(model.graph.initializer[0])


@changed("node_hides_input", "belongs to a node and to an input")
def _(model):
    model.graph.node.append(helper.make_node("Relu", ["output"], ["input"]))


@changed("sparse", "sparse initializers")
def _(model):
    model.graph.sparse_initializer.add()


# --- tensors ----------------------------------------------------------------------------------------------------------
@changed("too_few_bytes", "needs 324 bytes, but 320 are there")
def _(model):
    model.graph.initializer[0].raw_data = model.graph.initializer[0].raw_data[:-4]


@changed("too_few_values", "needs 81 values, but 0 are there")
def _(model):
    model.graph.initializer[0].ClearField("raw_data")


@changed("negative_dim", "negative")
def _(model):
    model.graph.initializer[0].dims[0] = -3


@changed("huge_dims", "more than 268435456 elements")
def _(model):
    model.graph.initializer[0].dims[0] = 2 ** 62


@changed("overflowing_dims", "more than 268435456 elements")
def _(model):
    model.graph.initializer[0].dims[:] = [2 ** 32, 2 ** 32, 2, 2]


@changed("many_dims", "16 dimensions")
def _(model):
    model.graph.initializer[0].dims[:] = [1] * 40


@changed("quantised", "not supported; weights are float")
def _(model):
    model.graph.initializer[0].data_type = TensorProto.INT8


def external(**entries):
    def change(model):
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in entries.items():
            tensor.external_data.add(key=key, value=value)
    return change


changed("external_elsewhere", "not in the folder of the model")(external(location="../weights"))
changed("external_absolute", "not in the folder of the model")(external(location="/etc/passwd"))
changed("external_absent", "cannot read its external data")(external(location="weights"))
changed("external_length", "its shape needs 324")(external(location="weights", length="4"))
changed("external_offset", "end after")(external(location="net.onnx", offset="1000000000000"))
changed("external_undescribed", "location, offset and length")(external(location="weights", offset="-1"))


# --- files ------------------------------------------------------------------------------------------------------------
changed("truncated", "not an ONNX model, or it is damaged")(lambda m: m.SerializeToString()[:-100])
changed("empty", "no ONNX graph")(lambda m: b"")
changed("text", "no ONNX graph")(lambda m: b"module {}\n")
changed("png", "not an ONNX model, or it is damaged")(lambda m: b"\x89PNG\r\n\x1a\n" + bytes(100))
changed("no_graph", "no ONNX graph")(lambda m: m.ClearField("graph"))

checks.done()
