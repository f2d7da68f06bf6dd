// RUN: srcc-opt %s -canonicalize -split-input-file | FileCheck %s

// Operations that change nothing disappear.
// CHECK-LABEL: @identities
// CHECK-SAME: (%[[X:.*]]: tensor<1x4x?x?xf32>)
// CHECK-NEXT: return %[[X]] : tensor<1x4x?x?xf32>
func.func @identities(%x: tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32> {
  %zero = sr.constant dense<0.0> : tensor<1x4x1x1xf32>
  %one = sr.constant dense<1.0> : tensor<1x1x1x1xf32>
  %0 = sr.slice %x {offset = 0, size = 4} : (tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32>
  %1 = sr.concat %0 : (tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32>
  %2 = sr.pad %1 {pads = array<i64: 0, 0, 0, 0>, mode = #sr.pad_mode<edge>} : (tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32>
  %3 = sr.pixel_shuffle %2 {scale = 1} : (tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32>
  %4 = sr.pixel_unshuffle %3 {scale = 1} : (tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32>
  %5 = sr.add %4, %zero : (tensor<1x4x?x?xf32>, tensor<1x4x1x1xf32>) -> tensor<1x4x?x?xf32>
  %6 = sr.add %zero, %5 : (tensor<1x4x1x1xf32>, tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32>
  %7 = sr.sub %6, %zero : (tensor<1x4x?x?xf32>, tensor<1x4x1x1xf32>) -> tensor<1x4x?x?xf32>
  %8 = sr.mul %7, %one : (tensor<1x4x?x?xf32>, tensor<1x1x1x1xf32>) -> tensor<1x4x?x?xf32>
  %9 = sr.mul %one, %8 : (tensor<1x1x1x1xf32>, tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32>
  %10 = sr.clamp %9 {low = 0xFF800000 : f32, high = 0x7F800000 : f32} : tensor<1x4x?x?xf32>
  %11 = sr.leaky_relu %10 {alpha = 1.0 : f32} : tensor<1x4x?x?xf32>
  %12 = sr.resize %11 {mode = #sr.resize_mode<bicubic>, scale_h = array<i64: 1, 1>, scale_w = array<i64: 3, 3>} : (tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32>
  %13 = sr.max_pool %12 {kernel = array<i64: 1, 1>} : (tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32>
  %14 = sr.avg_pool %13 {kernel = array<i64: 1, 1>} : (tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32>
  return %14 : tensor<1x4x?x?xf32>
}

// -----

// What looks like one of the above but changes something stays.
// CHECK-LABEL: @no_identities
func.func @no_identities(%x: tensor<1x4x?x?xf32>, %c: tensor<1x4x1x1xf32>) -> (tensor<1x4x?x?xf32>, tensor<1x4x1x1xf32>, tensor<1x4x2x2xf32>) {
  %zero = sr.constant dense<0.0> : tensor<1x4x1x1xf32>
  %zeros = sr.constant dense<0.0> : tensor<1x4x2x2xf32>
  // CHECK: sr.sub
  %0 = sr.sub %zero, %x : (tensor<1x4x1x1xf32>, tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32>
  // CHECK: sr.max_pool
  %1 = sr.max_pool %0 {kernel = array<i64: 1, 1>, strides = array<i64: 2, 1>} : (tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32>
  // CHECK: sr.clamp
  %2 = sr.clamp %1 {low = 0xFF800000 : f32, high = 1.0 : f32} : tensor<1x4x?x?xf32>
  // The sum has more pixels than the constant's neighbour.
  // CHECK: sr.add
  %3 = sr.add %c, %zeros : (tensor<1x4x1x1xf32>, tensor<1x4x2x2xf32>) -> tensor<1x4x2x2xf32>
  return %2, %c, %3 : tensor<1x4x?x?xf32>, tensor<1x4x1x1xf32>, tensor<1x4x2x2xf32>
}

// -----

// CHECK-LABEL: @activations
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x?x?xf32>)
func.func @activations(%x: tensor<1x2x?x?xf32>) -> (tensor<1x2x?x?xf32>, tensor<1x2x?x?xf32>, tensor<1x2x?x?xf32>, tensor<1x2x?x?xf32>, tensor<1x2x?x?xf32>, tensor<1x2x?x?xf32>) {
  // CHECK-DAG: %[[RELU:.*]] = sr.relu %[[X]] :
  %0 = sr.relu %x : tensor<1x2x?x?xf32>
  %1 = sr.relu %0 : tensor<1x2x?x?xf32>
  // CHECK-DAG: %[[LEAKY:.*]] = sr.leaky_relu %[[X]] {alpha = 2.500000e-01 : f32}
  %equal = sr.constant dense<0.25> : tensor<2xf32>
  %2 = sr.prelu %x, %equal : tensor<1x2x?x?xf32>, tensor<2xf32>
  // CHECK-DAG: %[[RELU2:.*]] = sr.relu %[[X]] :
  %nothing = sr.constant dense<0.0> : tensor<1xf32>
  %3 = sr.prelu %x, %nothing : tensor<1x2x?x?xf32>, tensor<1xf32>
  // CHECK-DAG: %[[CLAMP:.*]] = sr.clamp %[[X]] {high = 1.000000e+00 : f32, low = 0.000000e+00 : f32}
  %4 = sr.clamp %0 {low = -3.0 : f32, high = 1.0 : f32} : tensor<1x2x?x?xf32>
  %5 = sr.relu %4 : tensor<1x2x?x?xf32>
  // The inner range lies outside the outer one: a constant picture.
  // CHECK-DAG: %[[FAR:.*]] = sr.clamp %[[X]] {high = 2.000000e+00 : f32, low = 2.000000e+00 : f32}
  %6 = sr.clamp %x {low = 5.0 : f32, high = 6.0 : f32} : tensor<1x2x?x?xf32>
  %7 = sr.clamp %6 {low = 1.0 : f32, high = 2.0 : f32} : tensor<1x2x?x?xf32>
  // CHECK-DAG: %[[PRELU:.*]] = sr.prelu
  %differ = sr.constant dense<[0.25, 0.5]> : tensor<2xf32>
  %8 = sr.prelu %x, %differ : tensor<1x2x?x?xf32>, tensor<2xf32>
  // CHECK: return %[[RELU]], %[[LEAKY]], %[[RELU2]], %[[CLAMP]], %[[FAR]], %[[PRELU]]
  return %1, %2, %3, %5, %7, %8 : tensor<1x2x?x?xf32>, tensor<1x2x?x?xf32>, tensor<1x2x?x?xf32>, tensor<1x2x?x?xf32>, tensor<1x2x?x?xf32>, tensor<1x2x?x?xf32>
}

// -----

// A convolution takes up a scale and a shift behind it.
// CHECK-LABEL: @scale_behind
func.func @scale_behind(%x: tensor<1x1x?x?xf32>) -> tensor<1x2x?x?xf32> {
  %w = sr.constant dense<[[[[2.0]]], [[[3.0]]]]> : tensor<2x1x1x1xf32>
  %b = sr.constant dense<[1.0, 4.0]> : tensor<2xf32>
  %s = sr.constant dense<[[[[10.0]], [[0.5]]]]> : tensor<1x2x1x1xf32>
  %t = sr.constant dense<7.0> : tensor<1x1x1x1xf32>
  // 7 - (10 (2 x + 1) + 7) = -20 x - 10 and 7 - (0.5 (3 x + 4) + 7) = -1.5 x - 2
  // CHECK-DAG: %[[W:.*]] = sr.constant dense<{{\[\[\[\[}}-2.000000e+01]]], {{\[\[\[}}-1.500000e+00]]]]> : tensor<2x1x1x1xf32>
  // CHECK-DAG: %[[B:.*]] = sr.constant dense<[-1.000000e+01, -2.000000e+00]> : tensor<2xf32>
  // CHECK: %[[Y:.*]] = sr.conv2d %{{.*}}, %[[W]], %[[B]] {pads = array<i64: 1, 1, 1, 1>}
  // CHECK-NEXT: return %[[Y]]
  %0 = sr.conv2d %x, %w, %b {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x1x?x?xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x2x?x?xf32>
  %1 = sr.mul %s, %0 : (tensor<1x2x1x1xf32>, tensor<1x2x?x?xf32>) -> tensor<1x2x?x?xf32>
  %2 = sr.add %1, %t : (tensor<1x2x?x?xf32>, tensor<1x1x1x1xf32>) -> tensor<1x2x?x?xf32>
  %3 = sr.sub %t, %2 : (tensor<1x1x1x1xf32>, tensor<1x2x?x?xf32>) -> tensor<1x2x?x?xf32>
  return %3 : tensor<1x2x?x?xf32>
}

// -----

// ... but not if it has other users, or if the scale would break its encoding.
// CHECK-LABEL: @scale_behind_not
func.func @scale_behind_not(%x: tensor<1x1x?x?xf32>) -> (tensor<1x2x?x?xf32>, tensor<1x2x?x?xf32>, tensor<1x2x?x?xf32>) {
  %w = sr.constant dense<[[[[2.0]]], [[[3.0]]]]> : tensor<2x1x1x1xf32>
  %e = sr.constant dense<[[[[2.0]]], [[[3.0]]]]> : tensor<2x1x1x1xf32, #sr.block<2x1>>
  %s = sr.constant dense<[[[[0.0]], [[0.5]]]]> : tensor<1x2x1x1xf32>
  // CHECK: %[[A:.*]] = sr.conv2d
  %0 = sr.conv2d %x, %w : (tensor<1x1x?x?xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x?x?xf32>
  // CHECK-NEXT: %[[M:.*]] = sr.mul %[[A]]
  %1 = sr.mul %0, %s : (tensor<1x2x?x?xf32>, tensor<1x2x1x1xf32>) -> tensor<1x2x?x?xf32>
  // CHECK-NEXT: %[[C:.*]] = sr.conv2d
  %2 = sr.conv2d %x, %e : (tensor<1x1x?x?xf32>, tensor<2x1x1x1xf32, #sr.block<2x1>>) -> tensor<1x2x?x?xf32>
  // CHECK-NEXT: %[[N:.*]] = sr.mul %[[C]]
  %3 = sr.mul %2, %s : (tensor<1x2x?x?xf32>, tensor<1x2x1x1xf32>) -> tensor<1x2x?x?xf32>
  return %0, %1, %3 : tensor<1x2x?x?xf32>, tensor<1x2x?x?xf32>, tensor<1x2x?x?xf32>
}

// -----

// A scale before a convolution is taken up always, a shift if nothing is padded.
// CHECK-LABEL: @scale_before
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x?x?xf32>)
func.func @scale_before(%x: tensor<1x2x?x?xf32>) -> (tensor<1x1x?x?xf32>, tensor<1x1x?x?xf32>, tensor<1x2x?x?xf32>) {
  %w = sr.constant dense<[[[[2.0]], [[3.0]]]]> : tensor<1x2x1x1xf32>
  %s = sr.constant dense<[[[[10.0]], [[100.0]]]]> : tensor<1x2x1x1xf32>
  // CHECK-DAG: %[[W1:.*]] = sr.constant dense<{{\[\[\[\[}}2.000000e+01]], {{\[\[}}3.000000e+02]]]]> : tensor<1x2x1x1xf32>
  // CHECK-DAG: sr.conv2d %[[X]], %[[W1]], %{{.*}} {pads = array<i64: 1, 1, 1, 1>}
  %0 = sr.mul %x, %s : (tensor<1x2x?x?xf32>, tensor<1x2x1x1xf32>) -> tensor<1x2x?x?xf32>
  %1 = sr.conv2d %0, %w {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x2x?x?xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x?x?xf32>
  // 2 (10 - a) + 3 (100 - b)
  // CHECK-DAG: %[[W2:.*]] = sr.constant dense<{{\[\[\[\[}}-2.000000e+00]], {{\[\[}}-3.000000e+00]]]]> : tensor<1x2x1x1xf32>
  // CHECK-DAG: %[[B2:.*]] = sr.constant dense<3.200000e+02> : tensor<1xf32>
  // CHECK-DAG: sr.conv2d %[[X]], %[[W2]], %[[B2]] : (
  %2 = sr.sub %s, %x : (tensor<1x2x1x1xf32>, tensor<1x2x?x?xf32>) -> tensor<1x2x?x?xf32>
  %3 = sr.conv2d %2, %w : (tensor<1x2x?x?xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x?x?xf32>
  // Groups: filter 1 reads channel 1 alone.
  // CHECK-DAG: %[[W3:.*]] = sr.constant dense<{{\[\[\[\[}}2.000000e+01]]], {{\[\[\[}}3.000000e+02]]]]> : tensor<2x1x1x1xf32>
  // CHECK-DAG: sr.conv2d %[[X]], %[[W3]], %{{.*}} {groups = 2 : i64}
  %d = sr.constant dense<[[[[2.0]]], [[[3.0]]]]> : tensor<2x1x1x1xf32>
  %4 = sr.conv2d %0, %d {groups = 2} : (tensor<1x2x?x?xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x?x?xf32>
  return %1, %3, %4 : tensor<1x1x?x?xf32>, tensor<1x1x?x?xf32>, tensor<1x2x?x?xf32>
}

// -----

// CHECK-LABEL: @shift_before_padding
func.func @shift_before_padding(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %w = sr.constant dense<2.0> : tensor<1x1x3x3xf32>
  %t = sr.constant dense<0.5> : tensor<1x1x1x1xf32>
  // CHECK: sr.sub
  // CHECK: sr.conv2d
  %0 = sr.sub %x, %t : (tensor<1x1x?x?xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x?x?xf32>
  %1 = sr.conv2d %0, %w {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x1x?x?xf32>, tensor<1x1x3x3xf32>) -> tensor<1x1x?x?xf32>
  return %1 : tensor<1x1x?x?xf32>
}

// -----

// CHECK-LABEL: @pads
// CHECK-SAME: (%[[X:.*]]: tensor<1x1x?x?xf32>)
func.func @pads(%x: tensor<1x1x?x?xf32>) -> (tensor<1x1x?x?xf32>, tensor<1x1x?x?xf32>, tensor<1x1x?x?xf32>) {
  %w = sr.constant dense<2.0> : tensor<1x1x3x3xf32>
  // CHECK: sr.conv2d %[[X]], %{{.*}} {pads = array<i64: 1, 3, 3, 5>}
  %0 = sr.pad %x {pads = array<i64: 1, 2, 3, 4>} : (tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  %1 = sr.conv2d %0, %w {pads = array<i64: 0, 1, 0, 1>} : (tensor<1x1x?x?xf32>, tensor<1x1x3x3xf32>) -> tensor<1x1x?x?xf32>
  // CHECK: sr.pad
  %2 = sr.pad %x {pads = array<i64: 1, 1, 1, 1>, mode = #sr.pad_mode<reflect>} : (tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  %3 = sr.conv2d %2, %w : (tensor<1x1x?x?xf32>, tensor<1x1x3x3xf32>) -> tensor<1x1x?x?xf32>
  // CHECK: sr.pad
  %4 = sr.pad %x {pads = array<i64: 1, 1, 1, 1>, value = 1.0 : f32} : (tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  %5 = sr.conv2d %4, %w : (tensor<1x1x?x?xf32>, tensor<1x1x3x3xf32>) -> tensor<1x1x?x?xf32>
  return %1, %3, %5 : tensor<1x1x?x?xf32>, tensor<1x1x?x?xf32>, tensor<1x1x?x?xf32>
}

// -----

// CHECK-LABEL: @channels
// CHECK-SAME: (%[[X:.*]]: tensor<1x6x?x?xf32>, %[[Y:.*]]: tensor<1x2x?x?xf32>)
func.func @channels(%x: tensor<1x6x?x?xf32>, %y: tensor<1x2x?x?xf32>) -> (tensor<1x6x?x?xf32>, tensor<1x5x?x?xf32>, tensor<1x1x?x?xf32>, tensor<1x3x?x?xf32>) {
  // All parts in order: the whole.
  %0:3 = sr.split %x {sizes = array<i64: 1, 2, 3>} : (tensor<1x6x?x?xf32>) -> (tensor<1x1x?x?xf32>, tensor<1x2x?x?xf32>, tensor<1x3x?x?xf32>)
  %1 = sr.concat %0#0, %0#1, %0#2 : (tensor<1x1x?x?xf32>, tensor<1x2x?x?xf32>, tensor<1x3x?x?xf32>) -> tensor<1x6x?x?xf32>
  // Two neighbours are one slice, in the other order they are not.
  // CHECK-DAG: %[[S:.*]] = sr.slice %[[X]] {offset = 0 : i64, size = 3 : i64}
  // CHECK-DAG: %[[C:.*]] = sr.concat %[[S]], %[[Y]]
  %2 = sr.concat %0#0, %0#1, %y : (tensor<1x1x?x?xf32>, tensor<1x2x?x?xf32>, tensor<1x2x?x?xf32>) -> tensor<1x5x?x?xf32>
  // CHECK-DAG: %[[R:.*]] = sr.concat %{{.*}}, %{{.*}} : (tensor<1x2x?x?xf32>, tensor<1x1x?x?xf32>)
  %3 = sr.concat %0#1, %0#0 : (tensor<1x2x?x?xf32>, tensor<1x1x?x?xf32>) -> tensor<1x3x?x?xf32>
  // A slice of a slice, and of one part of a concat.
  // CHECK-DAG: %[[T:.*]] = sr.slice %[[Y]] {offset = 1 : i64, size = 1 : i64}
  %4 = sr.slice %2 {offset = 2, size = 3} : (tensor<1x5x?x?xf32>) -> tensor<1x3x?x?xf32>
  %5 = sr.slice %4 {offset = 2, size = 1} : (tensor<1x3x?x?xf32>) -> tensor<1x1x?x?xf32>
  // CHECK: return %[[X]], %[[C]], %[[T]], %[[R]]
  return %1, %2, %5, %3 : tensor<1x6x?x?xf32>, tensor<1x5x?x?xf32>, tensor<1x1x?x?xf32>, tensor<1x3x?x?xf32>
}

// -----

// CHECK-LABEL: @constants
func.func @constants() -> (tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>) {
  %a = sr.constant dense<[[[[1.0]], [[-2.0]]]]> : tensor<1x2x1x1xf32>
  %b = sr.constant dense<3.0> : tensor<1x1x1x1xf32>
  // CHECK-DAG: sr.constant dense<{{\[\[\[\[}}4.000000e+00]], {{\[\[}}1.000000e+00]]]]> : tensor<1x2x1x1xf32>
  %0 = sr.add %a, %b : (tensor<1x2x1x1xf32>, tensor<1x1x1x1xf32>) -> tensor<1x2x1x1xf32>
  // CHECK-DAG: sr.constant dense<{{\[\[\[\[}}4.000000e+00]], {{\[\[}}0.000000e+00]]]]> : tensor<1x2x1x1xf32>
  %1 = sr.sub %b, %a : (tensor<1x1x1x1xf32>, tensor<1x2x1x1xf32>) -> tensor<1x2x1x1xf32>
  %2 = sr.mul %a, %1 : (tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>) -> tensor<1x2x1x1xf32>
  %3 = sr.relu %2 : tensor<1x2x1x1xf32>
  %4 = sr.mul %3, %a : (tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>) -> tensor<1x2x1x1xf32>
  %5 = sr.sub %4, %a : (tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>) -> tensor<1x2x1x1xf32>
  %6 = sr.add %5, %3 : (tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>) -> tensor<1x2x1x1xf32>
  %7 = sr.slice %6 {offset = 0, size = 1} : (tensor<1x2x1x1xf32>) -> tensor<1x1x1x1xf32>
  %8 = sr.slice %0 {offset = 0, size = 1} : (tensor<1x2x1x1xf32>) -> tensor<1x1x1x1xf32>
  %9 = sr.sub %7, %8 : (tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
  %10 = sr.add %9, %b : (tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
  %zero = sr.constant dense<0.0> : tensor<1x1x1x1xf32>
  %11 = sr.mul %10, %zero : (tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
  %12 = sr.concat %8, %11 : (tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>) -> tensor<1x2x1x1xf32>
  return %0, %12 : tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>
}
