// The rule of a CPU computes equal layers in one kernel, row by row, and their code is one loop but for the last's, whose
// kernel it is.
// RUN: srcc %s --target=pocl-cpu --emit=schedule | FileCheck %s
// RUN: srcc %s --target=pocl-cpu --emit=opencl | FileCheck %s --check-prefix=CODE

module attributes {sr.io = #sr.io<scale = 1, color = rgb, range = 0.0 : 1.0>} {
  func.func @net(%x: tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32> {
    %w0 = sr.constant dense<0.5> : tensor<4x3x3x3xf32>
    %w = sr.constant dense<0.25> : tensor<4x4x3x3xf32>
    %w1 = sr.constant dense<0.5> : tensor<3x4x3x3xf32>
    %head = sr.conv2d %x, %w0 {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x3x?x?xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x?x?xf32> loc("head")
    %c0 = sr.conv2d %head, %w {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x4x?x?xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x?x?xf32> loc("conv0")
    %r0 = sr.relu %c0 : tensor<1x4x?x?xf32> loc("relu0")
    %c1 = sr.conv2d %r0, %w {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x4x?x?xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x?x?xf32> loc("conv1")
    %r1 = sr.relu %c1 : tensor<1x4x?x?xf32> loc("relu1")
    %c2 = sr.conv2d %r1, %w {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x4x?x?xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x?x?xf32> loc("conv2")
    %r2 = sr.relu %c2 : tensor<1x4x?x?xf32> loc("relu2")
    %c3 = sr.conv2d %r2, %w {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x4x?x?xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x?x?xf32> loc("conv3")
    %r3 = sr.relu %c3 : tensor<1x4x?x?xf32> loc("relu3")
    %c4 = sr.conv2d %r3, %w {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x4x?x?xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x?x?xf32> loc("conv4")
    %r4 = sr.relu %c4 : tensor<1x4x?x?xf32> loc("relu4")
    %tail = sr.conv2d %r4, %w1 {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x4x?x?xf32>, tensor<3x4x3x3xf32>) -> tensor<1x3x?x?xf32> loc("tail")
    return %tail : tensor<1x3x?x?xf32>
  }
}

// CHECK: sched.repeat [@relu0, @relu1, @relu2, @relu3] where_alike
// CODE: repeat < 4;
