"""Tiny ONNX networks, one per operator and attribute edge.

make_ops.py FOLDER [NAME...]: writes NAME.onnx files (all by default); make_ops.py --list prints the names.

Each network takes and gives pictures of 1 or 3 channels, so every one is also a model that srcc compiles. `NETS` maps
a name to a Net: its model, the smallest input size it makes sense for, and what height and width are multiples of.
Weights are random, the same for the same name.
Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
import pathlib
import sys
import zlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

NETS = {}


class Net:
    """A graph under construction: `const` and `op` return tensor names, calling it again adds nodes."""

    def __init__(self, name, opset=17, channels=3, size=("h", "w"), smallest=1, multiple=1, element=np.float32,
                 batch=1):
        self.name, self.opset, self.channels, self.size = name, opset, channels, size
        self.smallest, self.multiple, self.element, self.batch = smallest, multiple, np.dtype(element), batch
        self.nodes, self.initializers, self.random = [], [], np.random.default_rng(zlib.crc32(name.encode()))
        self.output, self.external = None, False

    def const(self, value, dtype=None, as_node=False, name=None):
        value = np.asarray(value)
        if dtype is None:
            dtype = self.element if value.dtype.kind == "f" else np.int64
        name = name or f"c{len(self.initializers) + len(self.nodes)}"
        tensor = numpy_helper.from_array(np.ascontiguousarray(value.astype(dtype)).reshape(value.shape), name)
        if as_node:
            self.nodes.append(helper.make_node("Constant", [], [name], name=name + "_node", value=tensor))
        else:
            self.initializers.append(tensor)
        return name

    def weights(self, *shape, low=-0.5, high=0.5, **options):
        return self.const(self.random.uniform(low, high, shape), **options)

    def op(self, kind, *inputs, outputs=1, **attributes):
        names = [f"{kind.lower()}{len(self.nodes)}" + (f"_{i}" if outputs > 1 else "") for i in range(outputs)]
        inputs = [i if isinstance(i, str) else self.const(i) for i in inputs]
        self.nodes.append(helper.make_node(kind, inputs, names, name=names[0], **attributes))
        return names if outputs > 1 else names[0]

    def conv(self, x, filters, channels, k=3, bias=True, **attributes):
        attributes.setdefault("pads", [k // 2] * 4) if "auto_pad" not in attributes else None
        group = attributes.get("group", 1)
        w = self.weights(filters, channels // group, k, k)
        return self.op("Conv", x, w, *([self.weights(filters)] if bias else []), **attributes)

    def end(self, output):
        self.output = output
        return self

    def model(self):
        element = helper.np_dtype_to_tensor_dtype(self.element)
        info = helper.make_tensor_value_info("input", element, [self.batch, self.channels, *self.size])
        # The last node writes `output`; whatever else reads its result follows.
        for node in self.nodes:
            for names in (node.input, node.output):
                for i, name in enumerate(names):
                    if name == self.output:
                        names[i] = "output"
        result = helper.make_tensor_value_info("output", element, [self.batch, "oc", "oh", "ow"])
        graph = helper.make_graph(self.nodes, self.name, [info], [result], self.initializers)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)],
                                 ir_version=8 if self.opset < 20 else 10)


def net(name, **options):
    """Registers a network: the decorated function builds it from Net and input name."""
    def register(build):
        def make():
            n = Net(name, **options)
            return n.end(build(n, "input"))
        make.options = options
        assert name not in NETS, name
        NETS[name] = make
        return build
    return register


def simple(name, kind, *inputs, net_options=None, **attributes):
    """A network of one node between input and output."""
    @net(name, **(net_options or {}))
    def build(n, x):
        return n.op(kind, n.op("Sub", n.op("Mul", x, 4.0), 2.0), *inputs, **attributes)


# --- convolutions -----------------------------------------------------------------------------------------------------

for k in (1, 2, 3, 5):
    @net(f"conv_k{k}")
    def _(n, x, k=k):
        pads = [(k - 1) // 2, (k - 1) // 2, k // 2, k // 2]
        return n.conv(n.conv(x, 5, 3, k, pads=pads), 3, 5, 1)


@net("conv_no_bias")
def _(n, x):
    return n.conv(x, 3, 3, 3, bias=False)


@net("conv_asymmetric_pads")
def _(n, x):
    return n.conv(x, 3, 3, 3, pads=[0, 2, 2, 0])


@net("conv_rectangular_kernel")
def _(n, x):
    return n.op("Conv", x, n.weights(3, 3, 1, 5), pads=[0, 2, 0, 2], kernel_shape=[1, 5])


@net("conv_group")
def _(n, x):
    return n.conv(n.conv(n.conv(x, 6, 3), 9, 6, group=3), 3, 9)


@net("conv_depthwise")
def _(n, x):
    return n.conv(n.conv(x, 6, 3, group=3), 3, 6, 1)


@net("conv_dilation")
def _(n, x):
    return n.conv(x, 3, 3, 3, dilations=[2, 3], pads=[2, 3, 2, 3])


@net("conv_stride")
def _(n, x):
    return n.conv(n.op("DepthToSpace", n.conv(x, 12, 3), blocksize=2, mode="CRD"), 3, 3, 3, strides=[2, 2],
                  pads=[1, 1, 1, 1])


for mode in ("SAME_UPPER", "SAME_LOWER"):
    @net(f"conv_auto_pad_{mode.lower()}")
    def _(n, x, mode=mode):
        return n.conv(x, 3, 3, 4, auto_pad=mode)

    @net(f"conv_auto_pad_{mode.lower()}_stride")
    def _(n, x, mode=mode):
        return n.conv(n.op("DepthToSpace", n.conv(x, 12, 3), blocksize=2), 3, 3, 3, auto_pad=mode, strides=[2, 2])


@net("conv_auto_pad_valid")
def _(n, x):
    return n.conv(n.op("Pad", x, [0, 0, 1, 1, 0, 0, 1, 1]), 3, 3, 3, auto_pad="VALID")


@net("conv_weights_as_nodes")
def _(n, x):
    return n.op("Conv", x, n.weights(3, 3, 3, 3, as_node=True), n.weights(3, as_node=True), pads=[1, 1, 1, 1])


@net("conv_weight_norm")
def _(n, x):
    v = n.weights(3, 3, 3, 3)
    norm = n.op("ReduceL2", v, axes=[1, 2, 3], keepdims=1)
    w = n.op("Mul", n.op("Div", v, norm), n.weights(3, 1, 1, 1))
    return n.op("Conv", x, w, pads=[1, 1, 1, 1])


@net("conv_weights_transposed")
def _(n, x):
    w = n.op("Transpose", n.weights(3, 3, 3, 3), perm=[3, 2, 0, 1])  # HWIO to OIHW
    return n.op("Conv", x, n.op("Identity", w), pads=[1, 1, 1, 1])


def wide(n, x, channels, width, k=1):
    """A wide layer between two thin ones, as in WDSR's blocks, and a 3x3 behind."""
    y = n.op("Relu", n.conv(x, width, 3, k))
    return n.conv(n.conv(y, channels, width, 1), 3, channels)


@net("conv_wide")
def _(n, x):
    return wide(n, x, 8, 16)


@net("conv_wide_13")
def _(n, x):
    return wide(n, x, 13, 24)


@net("conv_wide_k3")
def _(n, x):
    return wide(n, x, 8, 12, k=3)


@net("conv_alike")
def _(n, x):
    """Six equal layers: one loop in one kernel on a CPU."""
    x = n.op("Conv", x, n.weights(6, 3, 3, 3), n.weights(6), pads=[1, 1, 1, 1])
    for _ in range(6):
        x = n.op("Relu", n.op("Conv", x, n.weights(6, 6, 3, 3), n.weights(6), pads=[1, 1, 1, 1]))
    return n.op("Conv", x, n.weights(3, 6, 3, 3), pads=[1, 1, 1, 1])


@net("conv_sparse")
def _(n, x):
    w = n.random.uniform(-0.5, 0.5, (3, 3, 3, 3)) * (n.random.uniform(size=(3, 3, 3, 3)) < 0.3)
    return n.op("Conv", x, n.const(w), pads=[1, 1, 1, 1])


for k, s, extra, pads in ((2, 2, 0, 0), (3, 2, 1, 1), (4, 2, 0, 1), (9, 3, 2, 4), (3, 1, 0, 1), (6, 4, 0, 1)):
    @net(f"conv_transpose_k{k}_s{s}")
    def _(n, x, k=k, s=s, extra=extra, pads=pads):
        return n.op("ConvTranspose", x, n.weights(3, 3, k, k), n.weights(3), strides=[s, s], pads=[pads] * 4,
                    output_padding=[extra, extra])


@net("conv_transpose_group")
def _(n, x):
    y = n.op("ConvTranspose", n.conv(x, 6, 3), n.weights(6, 2, 4, 4), strides=[2, 2], pads=[1, 1, 1, 1], group=3)
    return n.conv(y, 3, 6, 1)


@net("conv_transpose_dilation")
def _(n, x):
    return n.op("ConvTranspose", x, n.weights(3, 3, 3, 3), dilations=[2, 2], pads=[2, 2, 2, 2])


@net("conv_transpose_asymmetric_pads")
def _(n, x):
    return n.op("ConvTranspose", x, n.weights(3, 3, 3, 3), strides=[2, 2], pads=[0, 1, 1, 0])


for mode in ("SAME_UPPER", "SAME_LOWER"):
    @net(f"conv_transpose_auto_pad_{mode.lower()}")
    def _(n, x, mode=mode):
        return n.op("ConvTranspose", x, n.weights(3, 3, 3, 3), strides=[2, 2], auto_pad=mode)


@net("fixed_channels_1", channels=1)
def _(n, x):
    return n.op("DepthToSpace", n.conv(x, 4, 1), blocksize=2)


# --- activations ------------------------------------------------------------------------------------------------------

simple("relu", "Relu")
simple("leaky_relu", "LeakyRelu", alpha=0.2)
simple("leaky_relu_default", "LeakyRelu")
simple("sigmoid", "Sigmoid")
simple("tanh", "Tanh")
simple("abs", "Abs")
simple("neg", "Neg")
simple("hard_sigmoid", "HardSigmoid")
simple("hard_sigmoid_alpha", "HardSigmoid", alpha=0.3, beta=0.4)
simple("hard_swish", "HardSwish")
simple("gelu_opset20", "Gelu", net_options={"opset": 20})
simple("gelu_opset20_tanh", "Gelu", net_options={"opset": 20}, approximate="tanh")
simple("clip_opset6", "Clip", net_options={"opset": 10}, min=-0.5, max=1.0)
simple("clip_opset6_min", "Clip", net_options={"opset": 10}, min=-0.5)
simple("clip_opset6_relu", "Clip", net_options={"opset": 10}, min=0.0)
simple("clip_opset6_open", "Clip", net_options={"opset": 10})
simple("clip", "Clip", np.float32(-0.5), np.float32(1.0))
simple("clip_min", "Clip", np.float32(-0.5))
simple("clip_max", "Clip", "", np.float32(0.75))
simple("clip_open", "Clip")
simple("clip_range", "Clip", np.float32(0), np.float32(255))
simple("max_constant", "Max", np.float32(-0.25))
simple("min_constant", "Min", np.float32(0.25))
for shape in ((), (1,), (3, 1, 1), (1, 3, 1, 1), (1, 1, 1)):
    simple("prelu_" + ("x".join(map(str, shape)) or "scalar"), "PRelu",
           np.linspace(0.1, 0.4, int(np.prod(shape)), dtype=np.float32).reshape(shape))


@net("prelu_slope_of_one", channels=1)
def _(n, x):
    return n.op("PRelu", n.op("Sub", x, 0.5), n.const(np.full((1, 1, 1), -0.3)))


def gelu(n, x, order):
    if order == "halve_last":  # torch, TorchScript exporter
        e = n.op("Add", n.op("Erf", n.op("Div", x, np.float32(2 ** 0.5))), 1.0)
        return n.op("Mul", n.op("Mul", x, e), 0.5)
    if order == "halve_first":
        e = n.op("Add", 1.0, n.op("Erf", n.op("Mul", x, np.float32(0.5 ** 0.5))))
        return n.op("Mul", n.op("Mul", 0.5, x), e)
    if order == "halve_sum":
        e = n.op("Mul", n.op("Add", n.op("Erf", n.op("Mul", np.float32(0.5 ** 0.5), x)), 1.0), 0.5)
        return n.op("Mul", e, x)
    if order == "divide":
        e = n.op("Add", n.op("Erf", n.op("Div", x, np.float32(2 ** 0.5))), 1.0)
        return n.op("Div", n.op("Mul", x, e), 2.0)
    if order == "tanh_pow":
        cube = n.op("Mul", n.op("Pow", x, 3.0), 0.044715)
        t = n.op("Tanh", n.op("Mul", n.op("Add", x, cube), np.float32((2 / np.pi) ** 0.5)))
        return n.op("Mul", n.op("Mul", x, 0.5), n.op("Add", t, 1.0))
    cube = n.op("Mul", n.op("Mul", n.op("Mul", x, x), x), 0.044715)
    t = n.op("Tanh", n.op("Mul", np.float32((2 / np.pi) ** 0.5), n.op("Add", x, cube)))
    return n.op("Mul", 0.5, n.op("Mul", x, n.op("Add", 1.0, t)))


for order in ("halve_last", "halve_first", "halve_sum", "divide", "tanh_pow", "tanh_mul"):
    @net(f"gelu_{order}")
    def _(n, x, order=order):
        # A product comes in and goes out: neither may be mistaken for a part of gelu.
        return n.op("Mul", gelu(n, n.op("Mul", n.op("Sub", x, 0.5), 5.0), order), 0.9)


@net("silu")
def _(n, x):
    x = n.op("Mul", n.op("Sub", x, 0.5), 6.0)
    return n.op("Mul", x, n.op("Sigmoid", x))


@net("silu_swapped_divided")
def _(n, x):
    x = n.op("Mul", n.op("Sub", x, 0.5), 6.0)
    return n.op("Div", x, n.op("Add", n.op("Exp", n.op("Neg", x)), 1.0))


@net("quick_gelu")
def _(n, x):
    x = n.op("Mul", n.op("Sub", x, 0.5), 6.0)
    return n.op("Mul", x, n.op("Sigmoid", n.op("Mul", x, 1.702)))


@net("pixel_attention")
def _(n, x):
    return n.op("Mul", n.conv(x, 3, 3), n.op("Sigmoid", n.conv(x, 3, 3, 1)))


# --- arithmetic -------------------------------------------------------------------------------------------------------

for kind in ("Add", "Sub", "Mul", "Div"):
    for shape in ((), (1,), (3, 1, 1), (1, 3, 1, 1)):
        @net(f"{kind.lower()}_constant_" + ("x".join(map(str, shape)) or "scalar"))
        def _(n, x, kind=kind, shape=shape):
            return n.op(kind, x, n.weights(*shape, low=0.5, high=2))
    if kind != "Div":
        @net(f"{kind.lower()}_constant_first")
        def _(n, x, kind=kind):
            return n.op(kind, n.weights(3, 1, 1), x)

        @net(f"{kind.lower()}_maps")
        def _(n, x, kind=kind):
            return n.op(kind, n.conv(x, 3, 3), n.conv(x, 3, 3, 1))


@net("add_one_channel")
def _(n, x):
    return n.op("Add", x, n.conv(x, 1, 3))


@net("mul_constant_makes_channels", channels=1)
def _(n, x):
    return n.conv(n.op("Mul", x, n.weights(5, 1, 1)), 1, 5)


@net("sum_of_three")
def _(n, x):
    return n.op("Sum", x, n.conv(x, 3, 3), n.conv(x, 3, 3, 1))


@net("pow_2")
def _(n, x):
    return n.op("Pow", x, 2.0)


@net("integer_constant")
def _(n, x):
    return n.op("Mul", x, n.op("Cast", n.const([[[2]], [[3]], [[4]]]), to=TensorProto.FLOAT))


@net("same_operand_twice")
def _(n, x):
    return n.op("Add", x, x)


@net("batch_normalization")
def _(n, x):
    return n.op("BatchNormalization", n.conv(x, 3, 3), n.weights(3), n.weights(3), n.weights(3),
                n.weights(3, low=0.2, high=2), epsilon=1e-3)


@net("batch_normalization_opset9", opset=9)
def _(n, x):
    return n.op("BatchNormalization", x, n.weights(3), n.weights(3), n.weights(3), n.weights(3, low=0.2, high=2),
                momentum=0.8)


# --- channels ---------------------------------------------------------------------------------------------------------

@net("concat")
def _(n, x):
    return n.conv(n.op("Concat", x, n.conv(x, 4, 3), x, axis=1), 3, 10)


@net("concat_negative_axis")
def _(n, x):
    return n.conv(n.op("Concat", x, n.op("Relu", x), axis=-3), 3, 6)


def split_and_join(n, x, parts):
    return n.conv(n.op("Concat", *reversed(parts), axis=1), 3, 7)


@net("split_opset2", opset=10)
def _(n, x):
    return split_and_join(n, x, n.op("Split", n.conv(x, 7, 3), outputs=3, axis=1, split=[1, 4, 2]))


@net("split_opset11", opset=12)
def _(n, x):
    return split_and_join(n, x, n.op("Split", n.conv(x, 7, 3), outputs=2, axis=-3, split=[3, 4]))


@net("split_opset13")
def _(n, x):
    return split_and_join(n, x, n.op("Split", n.conv(x, 7, 3), [2, 5], outputs=2, axis=1))


@net("split_opset13_equal")
def _(n, x):
    return n.conv(n.op("Concat", *n.op("Split", n.conv(x, 6, 3), outputs=3, axis=1)[::-1], axis=1), 3, 6)


@net("split_opset18", opset=18)
def _(n, x):
    return split_and_join(n, x, n.op("Split", n.conv(x, 7, 3), outputs=3, axis=1, num_outputs=3))


@net("split_unused_part")
def _(n, x):
    return n.conv(n.op("Split", n.conv(x, 7, 3), [3, 4], outputs=2, axis=1)[1], 3, 4)


@net("slice_opset9", opset=9)
def _(n, x):
    return n.conv(n.op("Slice", n.conv(x, 7, 3), starts=[2], ends=[6], axes=[1]), 3, 4)


@net("slice")
def _(n, x):
    return n.conv(n.op("Slice", n.conv(x, 7, 3), [-4], [2 ** 63 - 1], [1]), 3, 4)


@net("slice_step")
def _(n, x):
    return n.conv(n.op("Slice", n.conv(x, 7, 3), [0], [7], [1], [2]), 3, 4)


@net("slice_reverse")
def _(n, x):
    return n.op("Slice", x, [-1], [-(2 ** 63)], [1], [-1])


@net("slice_all_axes")
def _(n, x):
    return n.conv(n.op("Slice", n.conv(x, 7, 3), [0, 1, 0, 0], [1, 5, 2 ** 31, 2 ** 31]), 3, 4)


@net("gather_bgr")
def _(n, x):
    return n.conv(n.op("Gather", x, [2, 1, 0], axis=1), 3, 3)


@net("tile_channels")
def _(n, x):
    return n.conv(n.op("Tile", x, [1, 3, 1, 1]), 3, 9)


@net("expand_channels", channels=1)
def _(n, x):
    return n.conv(n.op("Expand", x, [1, 4, 1, 1]), 1, 4)


@net("channel_shuffle")
def _(n, x):
    y = n.op("Reshape", n.conv(x, 6, 3), n.op("Concat", [1], [2], [3], n.op("Slice", n.op("Shape", x), [2], [4]), axis=0))
    y = n.op("Transpose", y, perm=[0, 2, 1, 3, 4])
    y = n.op("Reshape", y, n.op("Concat", [1], [6], n.op("Slice", n.op("Shape", x), [2], [4]), axis=0))
    return n.conv(y, 3, 6)


# --- pixel shuffle ----------------------------------------------------------------------------------------------------

for mode in ("DCR", "CRD"):
    for r in (1, 2, 3, 4):
        @net(f"depth_to_space_{mode.lower()}_{r}")
        def _(n, x, mode=mode, r=r):
            return n.op("DepthToSpace", n.conv(x, 3 * r * r, 3), blocksize=r, mode=mode)


@net("depth_to_space_default_opset9", opset=9)
def _(n, x):
    return n.op("DepthToSpace", n.conv(x, 12, 3), blocksize=2)


@net("space_to_depth", multiple=2, smallest=2)
def _(n, x):
    return n.op("DepthToSpace", n.conv(n.op("SpaceToDepth", x, blocksize=2), 12, 12), blocksize=2)


@net("space_to_depth_inside")
def _(n, x):
    y = n.op("DepthToSpace", n.conv(x, 27, 3), blocksize=3)
    return n.conv(n.op("SpaceToDepth", y, blocksize=3), 3, 27)


def dims(n, x, *parts):
    """A shape as TorchScript computes it: parts are numbers, or ('h', f) for f times the height of x."""
    shape = n.op("Shape", x)
    result = []
    for part in parts:
        if isinstance(part, int):
            result.append(n.const([part], as_node=True))
            continue
        axis, by = part
        size = n.op("Gather", shape, n.const(2 if axis == "h" else 3), axis=0)
        if isinstance(by, int) and by > 1:
            size = n.op("Mul", size, n.const(by))
        if by < 1:
            size = n.op("Div", size, n.const(round(1 / by)))
        result.append(n.op("Unsqueeze", size, [0]) if n.opset >= 13 else n.op("Unsqueeze", size, axes=[0]))
    return n.op("Concat", *result, axis=0)


for order in ("crd", "dcr"):
    @net(f"shuffle_by_reshape_{order}")
    def _(n, x, order=order, r=2):
        y = n.conv(x, 12, 3)
        if order == "crd":
            y = n.op("Reshape", y, dims(n, y, 1, 3, r, r, ("h", 1), ("w", 1)))
            y = n.op("Transpose", y, perm=[0, 1, 4, 2, 5, 3])
        else:
            y = n.op("Reshape", y, dims(n, y, 1, r, r, 3, ("h", 1), ("w", 1)))
            y = n.op("Transpose", y, perm=[0, 3, 4, 1, 5, 2])
        return n.op("Reshape", y, dims(n, x, 1, 3, ("h", r), ("w", r)))

    @net(f"unshuffle_by_reshape_{order}", multiple=2, smallest=2)
    def _(n, x, order=order, r=2):
        y = n.op("Reshape", x, dims(n, x, 1, 3, ("h", 0.5), r, ("w", 0.5), r))
        y = n.op("Transpose", y, perm=[0, 1, 3, 5, 2, 4] if order == "crd" else [0, 3, 5, 1, 2, 4])
        y = n.op("Reshape", y, dims(n, x, 1, 12, ("h", 0.5), ("w", 0.5)))
        return n.op("DepthToSpace", n.conv(y, 12, 12), blocksize=2)


@net("shuffle_by_reshape_open_sizes", opset=10)
def _(n, x):
    y = n.op("Reshape", n.conv(x, 12, 3), dims(n, x, 0, 3, 2, 2, ("h", 1), -1))
    y = n.op("Transpose", y, perm=[0, 1, 4, 2, 5, 3])
    return n.op("Reshape", y, dims(n, x, -1, 3, ("h", 2), ("w", 2)))


@net("shuffle_by_reshape_fixed_size", size=(6, 9), smallest=(6, 9))
def _(n, x):
    y = n.op("Reshape", n.conv(x, 12, 3), [-1, 3, 2, 2, 6, 9])
    y = n.op("Transpose", y, perm=[0, 1, 4, 2, 5, 3])
    return n.op("Reshape", y, [-1, 3, 12, 18])


# --- resize -----------------------------------------------------------------------------------------------------------

def resize(name, mode, scales, opset=17, net_options=None, **attributes):
    @net(name, **{"opset": opset, **(net_options or {})})
    def build(n, x):
        roi = np.zeros(0, np.float32) if n.opset < 13 else ""
        return n.op("Resize", x, roi, n.const(np.array(scales, np.float32)), mode=mode, **attributes)


for mode in ("nearest", "linear", "cubic"):
    for coordinates in ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"):
        for r in (2, 3):
            resize(f"resize_{mode}_{coordinates}_{r}", mode, [1, 1, r, r], coordinate_transformation_mode=coordinates)
for nearest in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"):
    for coordinates in ("half_pixel", "asymmetric", "align_corners"):
        resize(f"resize_nearest_{nearest}_{coordinates}", "nearest", [1, 1, 2, 2], nearest_mode=nearest,
               coordinate_transformation_mode=coordinates)
resize("resize_cubic_coefficient", "cubic", [1, 1, 2, 2], cubic_coeff_a=-0.5)
resize("resize_cubic_exclude_outside", "cubic", [1, 1, 2, 2], exclude_outside=1)
resize("resize_opset11", "linear", [1, 1, 2, 2], opset=11, coordinate_transformation_mode="half_pixel")
resize("resize_opset13", "linear", [1, 1, 4, 4], opset=13)
resize("resize_opset19_symmetric", "linear", [1, 1, 2, 2], opset=19,
       coordinate_transformation_mode="half_pixel_symmetric")
resize("resize_opset18_axes", "linear", [3, 3], opset=18, axes=[2, 3])
resize("resize_identity", "linear", [1, 1, 1, 1])


@net("resize_opset10_nearest", opset=10)
def _(n, x):
    return n.op("Resize", x, n.const(np.array([1, 1, 2, 2], np.float32)), mode="nearest")


@net("resize_opset10_linear", opset=10)
def _(n, x):
    return n.op("Resize", x, n.const(np.array([1, 1, 3, 3], np.float32)), mode="linear")


@net("upsample_opset9", opset=9)
def _(n, x):
    return n.op("Upsample", x, n.const(np.array([1, 1, 2, 2], np.float32)), mode="nearest")


@net("upsample_opset7", opset=7)
def _(n, x):
    return n.op("Upsample", x, mode="nearest", scales=[1.0, 1.0, 3.0, 3.0])


@net("resize_by_sizes")
def _(n, x):
    return n.op("Resize", x, "", "", dims(n, x, 1, 3, ("h", 2), ("w", 2)), mode="linear")


@net("resize_by_sizes_of_another_map")
def _(n, x):
    y = n.op("DepthToSpace", n.conv(x, 12, 3), blocksize=2)
    return n.op("Add", y, n.op("Resize", x, "", "", n.op("Shape", y), mode="cubic"))


@net("resize_by_computed_scales", opset=11)
def _(n, x):
    shape = n.op("Shape", x)
    sizes = n.op("Slice", shape, [2], [4], [0])
    large = n.op("Mul", n.op("Cast", sizes, to=TensorProto.FLOAT), np.float32(2))
    large = n.op("Cast", n.op("Floor", large), to=TensorProto.INT64)
    sizes = n.op("Concat", n.op("Slice", shape, [0], [2], [0]), large, axis=0)
    return n.op("Resize", x, n.const(np.zeros(0, np.float32)), n.const(np.zeros(0, np.float32)), sizes, mode="nearest",
                coordinate_transformation_mode="asymmetric", nearest_mode="floor")


@net("resize_down_and_up")
def _(n, x):
    y = n.op("DepthToSpace", n.conv(x, 12, 3), blocksize=2)
    return n.op("Resize", y, "", n.const(np.array([1, 1, 0.5, 0.5], np.float32)), mode="linear")


for mode in ("nearest", "linear", "cubic"):
    @net(f"resize_{mode}_three_halves")
    def _(n, x, mode=mode):
        y = n.op("DepthToSpace", n.conv(x, 12, 3), blocksize=2)
        return n.op("Resize", y, "", n.const(np.array([1, 1, 1.5, 1.5], np.float32)), mode=mode)


def resize_shuffled(name, r, scale, mode="linear"):
    """A pixel shuffle by r and a fraction of it, whole again together."""
    @net(name)
    def build(n, x):
        y = n.op("DepthToSpace", n.conv(x, 3 * r * r, 3), blocksize=r)
        return n.op("Resize", y, "", n.const(np.array([1, 1, scale, scale], np.float32)), mode=mode)


resize_shuffled("resize_nine_quarters", 4, 2.25)
resize_shuffled("resize_four_thirds", 3, 4 / 3, mode="cubic")
resize_shuffled("resize_one_third", 3, 1 / 3)


# --- pads and pools ---------------------------------------------------------------------------------------------------

def padded(name, *inputs, net_options=None, **attributes):
    @net(name, **(net_options or {}))
    def build(n, x):
        return n.conv(n.op("Pad", x, *inputs, **attributes), 3, 3, 5, pads=[0, 0, 0, 0])


PADS = [0, 0, 1, 2, 0, 0, 3, 2]
padded("pad_opset2", net_options={"opset": 10}, pads=PADS, value=0.25)
padded("pad_opset2_edge", net_options={"opset": 10}, pads=PADS, mode="edge")
padded("pad_opset11", PADS, net_options={"opset": 12})
padded("pad_value", PADS, np.float32(-0.5))
padded("pad_edge", PADS, mode="edge")
padded("pad_reflect", PADS, mode="reflect", net_options={"smallest": 4})
padded("pad_opset18_axes", [1, 2, 3, 2], "", [2, 3], net_options={"opset": 18})
padded("pad_opset18_axes_swapped", [2, 1, 2, 3], "", [-1, -2], net_options={"opset": 18}, mode="edge")


@net("pad_torchscript")
def _(n, x):
    """torch.nn.functional.pad as TorchScript exports it: pads from the last dimension on, turned around."""
    pads = n.op("Concat", n.const([2, 2, 1, 3]), n.op("ConstantOfShape", n.const([4]),
                value=numpy_helper.from_array(np.zeros(1, np.int64))), axis=0)
    pads = n.op("Reshape", pads, [-1, 2])
    pads = n.op("Slice", pads, [-1], [-(2 ** 63) + 1], [0], [-1])
    pads = n.op("Reshape", n.op("Transpose", pads, perm=[1, 0]), [-1])
    return n.conv(n.op("Pad", x, n.op("Cast", pads, to=TensorProto.INT64), mode="edge"), 3, 3, 5, pads=[0, 0, 0, 0])


def pooled(name, kind, net_options=None, **attributes):
    @net(name, **(net_options or {}))
    def build(n, x):
        return n.op(kind, n.op("DepthToSpace", n.conv(x, 12, 3), blocksize=2), **attributes)


pooled("max_pool", "MaxPool", kernel_shape=[2, 2], strides=[2, 2])
pooled("max_pool_pads", "MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 0, 0])
pooled("max_pool_stride_1", "MaxPool", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
pooled("max_pool_same", "MaxPool", kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")
pooled("max_pool_ceil", "MaxPool", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
pooled("average_pool", "AveragePool", kernel_shape=[2, 2], strides=[2, 2])
pooled("average_pool_pads", "AveragePool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 0, 0])
pooled("average_pool_count_pads", "AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)
pooled("average_pool_same", "AveragePool", kernel_shape=[3, 3], auto_pad="SAME_LOWER")


def attention(n, x, mean):
    y = n.conv(x, 6, 3)
    a = n.conv(n.op("Relu", n.conv(mean(y), 4, 6, 1)), 6, 4, 1)
    return n.conv(n.op("Mul", y, n.op("Sigmoid", a)), 3, 6)


MEANS = {
    "global_average_pool": lambda n, y: n.op("GlobalAveragePool", y),
    "reduce_mean": lambda n, y: n.op("ReduceMean", y, axes=[2, 3], keepdims=1),
    "reduce_mean_negative_axes": lambda n, y: n.op("ReduceMean", y, axes=[-1, -2]),
    "reduce_mean_twice": lambda n, y: n.op("ReduceMean", n.op("ReduceMean", y, axes=[3]), axes=[2]),
}
for name, mean in MEANS.items():
    @net(name)
    def _(n, x, mean=mean):
        return attention(n, x, lambda y: mean(n, y))


@net("reduce_mean_opset18", opset=18)
def _(n, x):
    return attention(n, x, lambda y: n.op("ReduceMean", y, [2, 3], keepdims=1))


@net("reduce_mean_of_vector")
def _(n, x):
    def mean(y):
        v = n.op("ReduceMean", y, axes=[2, 3], keepdims=0)
        return n.op("Unsqueeze", n.op("Unsqueeze", v, [2]), [3])
    return attention(n, x, mean)


@net("reduce_sum_over_count")
def _(n, x):
    def mean(y):
        shape = n.op("Shape", y)
        count = n.op("Mul", n.op("Gather", shape, n.const(2)), n.op("Gather", shape, n.const(3)))
        total = n.op("ReduceSum", n.op("ReduceSum", y, [3], keepdims=1), [2], keepdims=1)
        return n.op("Div", total, n.op("Cast", count, to=TensorProto.FLOAT))
    return attention(n, x, mean)


@net("average_pool_fixed_size", size=(6, 9), smallest=(6, 9))
def _(n, x):
    return attention(n, x, lambda y: n.op("AveragePool", y, kernel_shape=[6, 9]))


@net("standard_deviation")
def _(n, x):
    def deviation(y):
        d = n.op("Sub", y, n.op("ReduceMean", y, axes=[2, 3]))
        return n.op("Sqrt", n.op("ReduceMean", n.op("Mul", d, d), axes=[2, 3]))
    return attention(n, x, deviation)


@net("standard_deviation_pow")
def _(n, x):
    """Contrast-aware attention (IMDN): sums divided by counts, powers, plus the mean."""
    def mean(y):
        shape = n.op("Shape", y)
        count = n.op("Mul", n.op("Gather", shape, n.const(2)), n.op("Gather", shape, n.const(3)))
        total = n.op("ReduceSum", n.op("ReduceSum", y, [3], keepdims=1), [2], keepdims=1)
        return n.op("Div", total, n.op("Cast", count, to=TensorProto.FLOAT))

    def contrast(y):
        square = n.op("Pow", n.op("Sub", y, mean(y)), 2.0)
        return n.op("Add", n.op("Pow", mean(square), 0.5), n.op("GlobalAveragePool", y))
    return attention(n, x, contrast)


@net("variance")
def _(n, x):
    def variance(y):
        d = n.op("Sub", y, n.op("ReduceMean", y, axes=[2, 3]))
        return n.op("ReduceMean", n.op("Mul", d, d), axes=[2, 3])
    return attention(n, x, variance)


@net("squeeze_and_excite")
def _(n, x):
    y = n.conv(x, 6, 3)
    v = n.op("Flatten", n.op("GlobalAveragePool", y), axis=1)
    v = n.op("Relu", n.op("Gemm", v, n.weights(4, 6), n.weights(4), transB=1))
    v = n.op("Sigmoid", n.op("MatMul", v, n.weights(4, 6)))
    v = n.op("Reshape", v, [1, 6, 1, 1])
    return n.conv(n.op("Mul", y, n.op("Expand", v, n.op("Shape", y))), 3, 6)


# --- files ------------------------------------------------------------------------------------------------------------

@net("dropout_and_identity")
def _(n, x):
    return n.conv(n.op("Dropout", n.op("Identity", n.conv(x, 3, 3))), 3, 3)


@net("dead_branch")
def _(n, x):
    n.op("Softmax", x, axis=1)  # nobody reads it: neither an error nor an operation
    return n.conv(x, 3, 3)


@net("output_read_again")
def _(n, x):
    y = n.conv(x, 3, 3)
    n.op("Relu", y)
    return y


@net("dynamic_batch", batch="n")
def _(n, x):
    y = n.op("Reshape", n.conv(x, 12, 3), n.op("Concat", n.op("Slice", n.op("Shape", x), [0], [1]), [3], [2], [2],
             n.op("Slice", n.op("Shape", x), [2], [4]), axis=0))
    y = n.op("Transpose", y, perm=[0, 1, 4, 2, 5, 3])
    return n.op("Reshape", y, dims(n, x, -1, 3, ("h", 2), ("w", 2)))


@net("float16_model", element=np.float16)
def _(n, x):
    return n.conv(n.op("Relu", n.conv(x, 6, 3)), 3, 6)


@net("float16_weights")
def _(n, x):
    w = n.op("Cast", n.weights(3, 3, 3, 3, dtype=np.float16), to=TensorProto.FLOAT)
    return n.op("Conv", x, w, pads=[1, 1, 1, 1])


@net("double_weights")
def _(n, x):
    w = n.op("Cast", n.weights(3, 3, 3, 3, dtype=np.float64), to=TensorProto.FLOAT)
    return n.op("Conv", x, w, pads=[1, 1, 1, 1])


@net("cast_around")
def _(n, x):
    return n.op("Cast", n.op("Cast", x, to=TensorProto.DOUBLE), to=TensorProto.FLOAT)


@net("typed_fields")
def _(n, x):
    """Weights as float_data and int32_data (f16) instead of raw bytes."""
    w = n.random.uniform(-0.5, 0.5, (3, 3, 3, 3)).astype(np.float32)
    n.initializers.append(helper.make_tensor("w", TensorProto.FLOAT, w.shape, w.flatten().tolist()))
    b = n.random.uniform(-0.5, 0.5, 3).astype(np.float16)
    n.initializers.append(helper.make_tensor("b16", TensorProto.FLOAT16, b.shape, b.tolist()))
    return n.op("Conv", x, "w", n.op("Cast", "b16", to=TensorProto.FLOAT), pads=[1, 1, 1, 1])


@net("external_data")
def _(n, x):
    n.external = True
    return n.conv(x, 3, 3)


def write(name, folder):
    """Writes one network; returns it."""
    n = NETS[name]()
    model = n.model()
    onnx.checker.check_model(model)
    path = pathlib.Path(folder) / f"{name}.onnx"
    if n.external:
        onnx.save_model(model, path, save_as_external_data=True, all_tensors_to_one_file=True,
                        location=f"{name}.weights", size_threshold=0)
    else:
        onnx.save_model(model, path)
    return n


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print("\n".join(NETS))
    elif len(sys.argv) > 1:
        pathlib.Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
        for name in sys.argv[2:] or NETS:
            write(name, sys.argv[1])
    else:
        sys.exit(__doc__)
