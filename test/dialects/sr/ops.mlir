// RUN: srcc-opt %s | srcc-opt | FileCheck %s
// RUN: srcc-opt %s -mlir-print-op-generic | srcc-opt | FileCheck %s
// RUN: srcc-opt %s -emit-bytecode | srcc-opt | FileCheck %s
// RUN: srcc-opt %s -verify-roundtrip -o %t

// CHECK: module attributes {sr.io = #sr.io<scale = 2, color = y, range = -0.5 : 255.0>}
module attributes {sr.io = #sr.io<scale = 2, color = y, range = -0.5 : 255.0>} {

// CHECK-LABEL: @constant
func.func @constant() -> (tensor<1xf32>, tensor<4x4x1x1xf32>) {
  // CHECK: sr.constant dense<1.000000e+00> : tensor<1xf32>
  %0 = sr.constant dense<1.0> : tensor<1xf32>
  // CHECK: sr.constant dense_resource<w> : tensor<4x4x1x1xf32>
  %1 = sr.constant dense_resource<w> : tensor<4x4x1x1xf32>
  return %0, %1 : tensor<1xf32>, tensor<4x4x1x1xf32>
}

// CHECK-LABEL: @convolutions
func.func @convolutions(%x: tensor<1x4x?x?xf32>, %w: tensor<6x2x3x5xf32>, %b: tensor<6xf32>,
                        %y: tensor<1x4x10x11xf32>, %t: tensor<4x3x4x4xf32>) {
  // Defaults are not printed.
  // CHECK: sr.conv2d %{{.*}}, %{{.*}}, %{{.*}} {groups = 2 : i64} : (tensor<1x4x?x?xf32>, tensor<6x2x3x5xf32>, tensor<6xf32>) -> tensor<1x6x?x?xf32>
  %0 = sr.conv2d %x, %w, %b {groups = 2, strides = array<i64: 1, 1>}
    : (tensor<1x4x?x?xf32>, tensor<6x2x3x5xf32>, tensor<6xf32>) -> tensor<1x6x?x?xf32>
  // floor((10 + 1 + 3 - 2 (3 - 1) - 1) / 2) + 1 = 5, floor((11 + 2 + 4 - 3 (5 - 1) - 1) / 3) + 1 = 2
  // CHECK: sr.conv2d
  %1 = sr.conv2d %y, %w {groups = 2, strides = array<i64: 2, 3>, pads = array<i64: 1, 2, 3, 4>,
                         dilations = array<i64: 2, 3>}
    : (tensor<1x4x10x11xf32>, tensor<6x2x3x5xf32>) -> tensor<1x6x5x2xf32>
  // 2 (10 - 1) + 1 (4 - 1) + 1 + 1 - 1 - 2 = 20, 3 (11 - 1) + 2 (4 - 1) + 1 + 0 - 0 - 1 = 36
  // CHECK: sr.conv_transpose2d
  %2 = sr.conv_transpose2d %y, %t {groups = 2, strides = array<i64: 2, 3>,
                                   pads = array<i64: 1, 0, 2, 1>, dilations = array<i64: 1, 2>,
                                   output_pads = array<i64: 1, 0>}
    : (tensor<1x4x10x11xf32>, tensor<4x3x4x4xf32>) -> tensor<1x6x20x36xf32>
  return
}

// CHECK-LABEL: @elementwise
func.func @elementwise(%x: tensor<1x4x?x9xf32>, %y: tensor<1x4x7x?xf32>, %s: tensor<4xf32>,
                       %t: tensor<1x4x1x1xf32>, %u: tensor<1x1x1x1xf32>) {
  // CHECK: sr.relu %{{.*}} : tensor<1x4x?x9xf32>
  %0 = sr.relu %x : tensor<1x4x?x9xf32>
  // CHECK: sr.leaky_relu %{{.*}} {alpha = 5.000000e-02 : f32} : tensor<1x4x?x9xf32>
  %1 = sr.leaky_relu %x {alpha = 0.05 : f32} : tensor<1x4x?x9xf32>
  // CHECK: sr.prelu %{{.*}}, %{{.*}} : tensor<1x4x?x9xf32>, tensor<4xf32>
  %2 = sr.prelu %x, %s : tensor<1x4x?x9xf32>, tensor<4xf32>
  // CHECK: sr.clamp %{{.*}} {high = 0x7F800000 : f32, low = 0.000000e+00 : f32} : tensor<1x4x?x9xf32>
  %3 = sr.clamp %x {low = 0.0 : f32, high = 0x7F800000 : f32} : tensor<1x4x?x9xf32>
  // CHECK: sr.sigmoid
  %4 = sr.sigmoid %x : tensor<1x4x?x9xf32>
  // CHECK: sr.tanh
  %5 = sr.tanh %x : tensor<1x4x?x9xf32>
  // CHECK: sr.gelu %{{.*}} : tensor<1x4x?x9xf32>
  %6 = sr.gelu %x : tensor<1x4x?x9xf32>
  // CHECK: sr.gelu %{{.*}} {approximate = #sr.gelu<tanh>} : tensor<1x4x?x9xf32>
  %7 = sr.gelu %x {approximate = #sr.gelu<tanh>} : tensor<1x4x?x9xf32>
  // CHECK: sr.silu
  %8 = sr.silu %x : tensor<1x4x?x9xf32>
  // A static size on either side is taken.
  // CHECK: sr.add %{{.*}}, %{{.*}} : (tensor<1x4x?x9xf32>, tensor<1x4x7x?xf32>) -> tensor<1x4x7x9xf32>
  %9 = sr.add %x, %y : (tensor<1x4x?x9xf32>, tensor<1x4x7x?xf32>) -> tensor<1x4x7x9xf32>
  // CHECK: sr.sub
  %10 = sr.sub %x, %t : (tensor<1x4x?x9xf32>, tensor<1x4x1x1xf32>) -> tensor<1x4x?x9xf32>
  // CHECK: sr.mul
  %11 = sr.mul %u, %y : (tensor<1x1x1x1xf32>, tensor<1x4x7x?xf32>) -> tensor<1x4x7x?xf32>
  return
}

// CHECK-LABEL: @channels
func.func @channels(%x: tensor<1x12x?x6xf32>, %y: tensor<1x5x4x?xf32>) {
  // CHECK: sr.concat %{{.*}}, %{{.*}} : (tensor<1x12x?x6xf32>, tensor<1x5x4x?xf32>) -> tensor<1x17x4x6xf32>
  %0 = sr.concat %x, %y : (tensor<1x12x?x6xf32>, tensor<1x5x4x?xf32>) -> tensor<1x17x4x6xf32>
  // CHECK: sr.slice %{{.*}} {offset = 8 : i64, size = 4 : i64}
  %1 = sr.slice %x {offset = 8, size = 4} : (tensor<1x12x?x6xf32>) -> tensor<1x4x?x6xf32>
  // CHECK: sr.split
  %2:3 = sr.split %x {sizes = array<i64: 3, 4, 5>}
    : (tensor<1x12x?x6xf32>) -> (tensor<1x3x?x6xf32>, tensor<1x4x?x6xf32>, tensor<1x5x?x6xf32>)
  // CHECK: sr.pixel_shuffle %{{.*}} {scale = 2 : i64}
  %3 = sr.pixel_shuffle %x {scale = 2} : (tensor<1x12x?x6xf32>) -> tensor<1x3x?x12xf32>
  // CHECK: sr.pixel_unshuffle %{{.*}} {order = #sr.shuffle_order<dcr>, scale = 3 : i64}
  %4 = sr.pixel_unshuffle %x {scale = 3, order = #sr.shuffle_order<dcr>}
    : (tensor<1x12x?x6xf32>) -> tensor<1x108x?x2xf32>
  return
}

// CHECK-LABEL: @spatial
func.func @spatial(%x: tensor<1x3x?x7xf32>) {
  // CHECK: sr.resize
  %0 = sr.resize %x {mode = #sr.resize_mode<bicubic>, scale_h = array<i64: 2, 1>,
                     scale_w = array<i64: 3, 2>, coordinates = #sr.coordinates<align_corners>,
                     cubic_coeff = -0.5 : f32, exclude_outside = true,
                     nearest = #sr.nearest<round_prefer_ceil>}
    : (tensor<1x3x?x7xf32>) -> tensor<1x3x?x10xf32>
  // CHECK: sr.pad
  %1 = sr.pad %x {pads = array<i64: 1, 2, 3, 4>, mode = #sr.pad_mode<reflect>}
    : (tensor<1x3x?x7xf32>) -> tensor<1x3x?x13xf32>
  // CHECK: sr.global_avg_pool
  %2 = sr.global_avg_pool %x : (tensor<1x3x?x7xf32>) -> tensor<1x3x1x1xf32>
  // CHECK: sr.global_std_pool
  %3 = sr.global_std_pool %x : (tensor<1x3x?x7xf32>) -> tensor<1x3x1x1xf32>
  // CHECK: sr.max_pool
  %4 = sr.max_pool %x {kernel = array<i64: 2, 3>, strides = array<i64: 2, 2>,
                       pads = array<i64: 0, 1, 0, 1>}
    : (tensor<1x3x?x7xf32>) -> tensor<1x3x?x4xf32>
  // CHECK: sr.avg_pool
  %5 = sr.avg_pool %x {kernel = array<i64: 3, 3>, pads = array<i64: 1, 1, 1, 1>,
                       count_include_pad = true}
    : (tensor<1x3x?x7xf32>) -> tensor<1x3x?x7xf32>
  return
}
}

{-#
  dialect_resources: {
    builtin: {
      w: "0x040000000000803F0000004000004040000080400000A0400000C0400000E040000000410000104100002041000030410000404100005041000060410000704100008041"
    }
  }
#-}
