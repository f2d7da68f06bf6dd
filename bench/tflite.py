"""Writes the networks of the benchmarks as float32 .tflite files, for LiteRT: ONNX in, channels last out.

tflite.py IN.onnx OUT.tflite    (heights and widths fixed; needs onnx, flatbuffers and ai-edge-litert)

Convolutions of stride 1 and symmetric padding, activations, sums, Split, Concat, DepthToSpace, nearest Resize; anything
else is an error. ReLUs become part of what they follow. TFLite's depth-to-space has the channels of a pixel innermost:
filters behind a pixel shuffle are put in that order, and where none can be, a 1x1 convolution does it.
Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
import sys

import flatbuffers
import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema
from onnx import numpy_helper

OPERATOR, OPTIONS, ACTIVATION = schema.BuiltinOperator, schema.BuiltinOptions, schema.ActivationFunctionType


class Converter:
    def __init__(self, model):
        self.tensors, self.buffers, self.operators, self.codes = [], [schema.BufferT()], [], []
        graph = self.graph = onnx.shape_inference.infer_shapes(model).graph
        self.channels = {v.name: v.type.tensor_type.shape.dim[1].dim_value for v in graph.value_info
                         if len(v.type.tensor_type.shape.dim) == 4}
        self.constants = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
        self.made = {}  # name -> node
        self.users = {}
        for node in graph.node:
            self.made.update(dict.fromkeys(node.output, node))
            for name in node.input:
                self.users.setdefault(name, []).append(node)
        self.orders = {}  # name -> the order in which its channels are made
        self.values = {}  # name -> tensor

    def tensor(self, shape, data=None):
        tensor = schema.TensorT()
        tensor.shape, tensor.type, tensor.name = list(shape), schema.TensorType.FLOAT32, f"t{len(self.tensors)}"
        tensor.buffer = 0
        if data is not None:
            if data.dtype != np.float32:
                tensor.type = schema.TensorType.INT32
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            tensor.buffer = len(self.buffers)
            self.buffers.append(buffer)
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def constant(self, data):
        return self.tensor(data.shape, data)

    def shape(self, tensor):
        return self.tensors[tensor].shape

    def emit(self, name, inputs, shapes, options=None, **fields):
        """An operator with one output for each shape; the first of them."""
        code = getattr(OPERATOR, name)
        if code not in self.codes:
            self.codes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = self.codes.index(code)
        operator.inputs = list(inputs)
        operator.outputs = [self.tensor(shape) for shape in shapes]
        if options:
            operator.builtinOptionsType = getattr(OPTIONS, options)
            operator.builtinOptions = getattr(schema, options + "T")()
            for key, value in fields.items():
                setattr(operator.builtinOptions, key, value)
        self.operators.append(operator)
        return operator.outputs[0]

    def reordered(self, name, order):
        """The values that have to be made in this order for `name` to have it; None if they cannot be."""
        node = self.made.get(name)
        if node is None or len(self.users[name]) != 1:
            return None
        if node.op_type == "Conv" or node.op_type == "Concat" and len(node.input) == len(order):  # of single channels
            return {name: order}
        if node.op_type != "Add":
            return None
        parts = [self.reordered(i, order) for i in node.input]
        return None if None in parts else {name: order} | parts[0] | parts[1]

    def fused(self, node):
        """The activation that follows a node and nothing else reads, with the name that it yields."""
        users = self.users.get(node.output[0], [])
        if len(users) == 1 and users[0].op_type == "Relu":
            return ACTIVATION.RELU, users[0].output[0]
        return ACTIVATION.NONE, node.output[0]

    def operand(self, name):
        if name not in self.values:
            data = self.constants[name].astype(np.float32)
            # Channels of a constant come last: C x 1 x 1 or a single value.
            self.values[name] = self.constant(np.moveaxis(data, -3, -1) if data.ndim >= 3 else data)
        return self.values[name]

    def conv(self, source, weights, bias, pads, activation):
        o, _, h, w = weights.shape
        if list(pads) != [h // 2, w // 2] * 2:
            raise NotImplementedError(f"a convolution of {h}x{w} with padding {list(pads)}")
        inputs = source, self.constant(weights.transpose(0, 2, 3, 1)), self.constant(bias)
        return self.emit("CONV_2D", inputs, [self.shape(source)[:3] + [o]], "Conv2DOptions",
                         padding=schema.Padding.SAME, strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1,
                         fusedActivationFunction=activation)

    def convert(self, node):
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        kind, name = node.op_type, node.output[0]
        if kind in ("Constant", "Identity"):
            if kind == "Constant":
                self.constants[name] = numpy_helper.to_array(attributes["value"])
            elif node.input[0] in self.constants:
                self.constants[name] = self.constants[node.input[0]]
            else:
                self.values[name] = self.values[node.input[0]]
            return
        inputs = list(node.input)
        source = self.operand(inputs[0])
        shape = self.shape(source)
        if kind == "Conv":
            weights = self.constants[inputs[1]]
            bias = self.constants[inputs[2]] if len(inputs) > 2 else np.zeros(len(weights), np.float32)
            if {*attributes.get("strides", []), *attributes.get("dilations", []), attributes.get("group", 1)} != {1}:
                raise NotImplementedError("a convolution with stride, dilation or groups")
            order = self.orders.get(name, slice(None))
            activation, name = self.fused(node)
            result = self.conv(source, weights[order], bias[order], attributes.get("pads", [0] * 4), activation)
        elif kind in ("Add", "Sub"):
            activation, name = self.fused(node)
            other = self.operand(inputs[1])
            result = self.emit(kind.upper(), [source, other], [max(shape, self.shape(other), key=np.prod)],
                               kind + "Options", fusedActivationFunction=activation)
        elif kind == "Relu":
            result = self.emit("RELU", [source], [shape])
        elif kind == "LeakyRelu":
            result = self.emit("LEAKY_RELU", [source], [shape], "LeakyReluOptions", alpha=attributes.get("alpha", 0.01))
        elif kind == "PRelu":
            slope = self.constants[inputs[1]]
            result = self.emit("PRELU", [source, self.constant(slope.reshape(1, 1, -1))], [shape])
        elif kind == "Clip":
            low, high = (self.constants[i].reshape(1).astype(np.float32) for i in inputs[1:])
            result = self.emit("MINIMUM", [source, self.constant(high)], [shape], "MaximumMinimumOptions")
            result = self.emit("MAXIMUM", [result, self.constant(low)], [shape], "MaximumMinimumOptions")
        elif kind == "Split":
            sizes = self.constants[inputs[1]].astype(np.int32)
            self.emit("SPLIT_V", [source, self.constant(sizes), self.constant(np.int32(3).reshape(()))],
                      [shape[:3] + [int(n)] for n in sizes], "SplitVOptions", numSplits=len(sizes))
            self.values.update(zip(node.output, self.operators[-1].outputs))
            return
        elif kind == "Concat":
            inputs = [self.values[inputs[i]] for i in self.orders.get(name, range(len(inputs)))]
            channels = sum(self.shape(i)[3] for i in inputs)
            result = self.emit("CONCATENATION", inputs, [shape[:3] + [channels]], "ConcatenationOptions", axis=3)
        elif kind == "DepthToSpace":
            scale = attributes["blocksize"]
            channels = shape[3] // scale ** 2
            order = pixel_order(channels, scale)
            if attributes.get("mode", b"DCR") == b"CRD" and channels > 1 and inputs[0] not in self.orders:
                eye = np.eye(shape[3], dtype=np.float32)[order][:, :, None, None]
                source = self.conv(source, eye, np.zeros(shape[3], np.float32), [0] * 4, ACTIVATION.NONE)
            result = self.emit("DEPTH_TO_SPACE", [source], [[1, shape[1] * scale, shape[2] * scale, channels]],
                               "DepthToSpaceOptions", blockSize=scale)
        elif kind == "Resize" and attributes.get("mode") == b"nearest":
            scale = int(self.constants[inputs[2]][2])
            height, width = shape[1] * scale, shape[2] * scale
            size = self.constant(np.int32([height, width]))
            result = self.emit("RESIZE_NEAREST_NEIGHBOR", [source, size], [[1, height, width, shape[3]]],
                               "ResizeNearestNeighborOptions")
        else:
            raise NotImplementedError(f"the operator {kind}")
        self.values[name] = result

    def model(self):
        source, target = self.graph.input[0], self.graph.output[0].name
        n, c, h, w = (d.dim_value for d in source.type.tensor_type.shape.dim)
        if not h or not w:
            raise NotImplementedError("a picture of any size")
        self.values[source.name] = self.tensor([n, h, w, c])
        for node in self.graph.node:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            if node.op_type == "DepthToSpace" and attributes.get("mode") == b"CRD":
                scale = attributes["blocksize"]
                order = pixel_order(self.channels[node.input[0]] // scale ** 2, scale)
                self.orders.update(self.reordered(node.input[0], order) or {})
        for node in self.graph.node:
            if node.output[0] not in self.values:
                self.convert(node)
        subgraph = schema.SubGraphT()
        subgraph.tensors, subgraph.operators = self.tensors, self.operators
        subgraph.inputs, subgraph.outputs = [self.values[source.name]], [self.values[target]]
        model = schema.ModelT()
        model.version, model.subgraphs, model.buffers = 3, [subgraph], self.buffers
        model.operatorCodes = []
        for code in self.codes:
            operator = schema.OperatorCodeT()
            operator.builtinCode, operator.version = code, 1
            operator.deprecatedBuiltinCode = min(code, 127)
            model.operatorCodes.append(operator)
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def pixel_order(channels, scale):
    """The channels of a pixel shuffle, those of a pixel innermost."""
    return np.arange(channels * scale ** 2).reshape(channels, scale ** 2).T.ravel()


def convert(source, target):
    data = Converter(onnx.load(source)).model()
    with open(target, "wb") as file:
        file.write(data)


if __name__ == "__main__":
    try:
        convert(*sys.argv[1:])
    except (NotImplementedError, KeyError) as error:
        sys.exit(f"error: no conversion of {error}")
