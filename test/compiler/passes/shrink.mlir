// RUN: srcc-opt %s --sr-shrink --verify-roundtrip --remarks-filter='sr-.*' 2>&1 | FileCheck %s

// A zero filter with bias 2 between convolutions that pad nothing: 2 x 3 goes into the bias of the second.
// CHECK: "expand: 1 of 2 filters and 1 of 1 channels are left"
// CHECK: "reduce: 1 of 1 filters and 1 of 2 channels are left"

// CHECK-LABEL: func @bias
func.func @bias(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %w = sr.constant dense<[[[[0.0]]], [[[1.0]]]]> : tensor<2x1x1x1xf32>
  %b = sr.constant dense<[2.0, 0.0]> : tensor<2xf32>
  %v = sr.constant dense<[[[[3.0]], [[4.0]]]]> : tensor<1x2x1x1xf32>
  // CHECK-DAG: %[[W:.*]] = sr.constant dense<1.000000e+00> : tensor<1x1x1x1xf32>
  // CHECK-DAG: %[[B:.*]] = sr.constant dense<0.000000e+00> : tensor<1xf32>
  // CHECK: %[[E:.*]] = sr.conv2d %{{.*}}, %[[W]], %[[B]]
  // CHECK: %[[R:.*]] = sr.relu %[[E]] : tensor<1x1x?x?xf32>
  // CHECK-DAG: %[[V:.*]] = sr.constant dense<4.000000e+00> : tensor<1x1x1x1xf32>
  // CHECK-DAG: %[[C:.*]] = sr.constant dense<6.000000e+00> : tensor<1xf32>
  // CHECK: sr.conv2d %[[R]], %[[V]], %[[C]]
  %0 = sr.conv2d %x, %w, %b : (tensor<1x1x?x?xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x2x?x?xf32> loc("expand")
  %1 = sr.relu %0 : tensor<1x2x?x?xf32>
  %2 = sr.conv2d %1, %v : (tensor<1x2x?x?xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x?x?xf32> loc("reduce")
  return %2 : tensor<1x1x?x?xf32>
}

// The same in front of a convolution that pads: it would see 2 inside the picture and 0 outside, so the filter stays.
// CHECK-LABEL: func @padded
func.func @padded(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %w = sr.constant dense<[[[[0.0]]], [[[1.0]]]]> : tensor<2x1x1x1xf32>
  %b = sr.constant dense<[2.0, 0.0]> : tensor<2xf32>
  %v = sr.constant dense<1.0> : tensor<1x2x3x3xf32>
  // CHECK: sr.conv2d {{.*}} -> tensor<1x2x?x?xf32>
  %0 = sr.conv2d %x, %w, %b : (tensor<1x1x?x?xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x2x?x?xf32>
  %1 = sr.relu %0 : tensor<1x2x?x?xf32>
  %2 = sr.conv2d %1, %v {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x2x?x?xf32>, tensor<1x2x3x3xf32>) -> tensor<1x1x?x?xf32>
  return %2 : tensor<1x1x?x?xf32>
}

// A bias of -2 is zero behind a relu, which padding does not change.
// CHECK-LABEL: func @zero_behind_relu
func.func @zero_behind_relu(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %w = sr.constant dense<[[[[0.0]]], [[[1.0]]]]> : tensor<2x1x1x1xf32>
  %b = sr.constant dense<[-2.0, 0.0]> : tensor<2xf32>
  %v = sr.constant dense<1.0> : tensor<1x2x3x3xf32>
  // CHECK: sr.conv2d {{.*}} -> tensor<1x1x?x?xf32>
  // CHECK: sr.conv2d {{.*}}tensor<1x1x3x3xf32>
  %0 = sr.conv2d %x, %w, %b : (tensor<1x1x?x?xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x2x?x?xf32>
  %1 = sr.relu %0 : tensor<1x2x?x?xf32>
  %2 = sr.conv2d %1, %v {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x2x?x?xf32>, tensor<1x2x3x3xf32>) -> tensor<1x1x?x?xf32>
  return %2 : tensor<1x1x?x?xf32>
}

// At the edge a mean over zeros outside is less than 2, and a bilinear picture of 2 may be rounded; in the nearest one
// and inside a frame of 2 it is 2 everywhere.
// CHECK-LABEL: func @edges
func.func @edges(%x: tensor<1x1x?x?xf32>) -> tensor<1x5x?x?xf32> {
  %w = sr.constant dense<[[[[0.0]]], [[[1.0]]]]> : tensor<2x1x1x1xf32>
  %b = sr.constant dense<[2.0, 0.0]> : tensor<2xf32>
  %v = sr.constant dense<1.0> : tensor<1x2x1x1xf32>
  %0 = sr.conv2d %x, %w, %b : (tensor<1x1x?x?xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x2x?x?xf32>
  %1 = sr.conv2d %x, %w, %b : (tensor<1x1x?x?xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x2x?x?xf32>
  %2 = sr.conv2d %x, %w, %b : (tensor<1x1x?x?xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x2x?x?xf32>
  %3 = sr.conv2d %x, %w, %b : (tensor<1x1x?x?xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x2x?x?xf32>
  %16 = sr.conv2d %x, %w, %b : (tensor<1x1x?x?xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x2x?x?xf32>
  // CHECK: sr.avg_pool {{.*}} (tensor<1x2x?x?xf32>)
  %4 = sr.avg_pool %0 {kernel = array<i64: 3, 3>, pads = array<i64: 1, 1, 1, 1>, count_include_pad = true}
    : (tensor<1x2x?x?xf32>) -> tensor<1x2x?x?xf32>
  // CHECK: sr.resize {{.*}} (tensor<1x2x?x?xf32>)
  %5 = sr.resize %1 {mode = #sr.resize_mode<bilinear>, scale_h = array<i64: 1, 1>, scale_w = array<i64: 2, 2>}
    : (tensor<1x2x?x?xf32>) -> tensor<1x2x?x?xf32>
  // CHECK: sr.resize {{.*}} (tensor<1x1x?x?xf32>)
  %6 = sr.resize %2 {mode = #sr.resize_mode<nearest>, scale_h = array<i64: 1, 1>, scale_w = array<i64: 2, 2>}
    : (tensor<1x2x?x?xf32>) -> tensor<1x2x?x?xf32>
  // CHECK: sr.pad {{.*}} (tensor<1x1x?x?xf32>)
  %7 = sr.pad %3 {pads = array<i64: 0, 0, 1, 1>, value = 2.0 : f32} : (tensor<1x2x?x?xf32>) -> tensor<1x2x?x?xf32>
  // CHECK: sr.pad {{.*}} (tensor<1x2x?x?xf32>)
  %8 = sr.pad %16 {pads = array<i64: 0, 0, 1, 1>, value = 1.0 : f32} : (tensor<1x2x?x?xf32>) -> tensor<1x2x?x?xf32>
  %9 = sr.conv2d %4, %v : (tensor<1x2x?x?xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x?x?xf32>
  %10 = sr.conv2d %5, %v : (tensor<1x2x?x?xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x?x?xf32>
  %11 = sr.conv2d %6, %v : (tensor<1x2x?x?xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x?x?xf32>
  %12 = sr.conv2d %7, %v : (tensor<1x2x?x?xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x?x?xf32>
  %13 = sr.conv2d %8, %v : (tensor<1x2x?x?xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x?x?xf32>
  %14 = sr.concat %9, %10, %11, %12, %13 : (tensor<1x1x?x?xf32>, tensor<1x1x?x?xf32>, tensor<1x1x?x?xf32>, tensor<1x1x?x?xf32>, tensor<1x1x?x?xf32>) -> tensor<1x5x?x?xf32>
  return %14 : tensor<1x5x?x?xf32>
}

// A channel goes from a residual sum where it is zero in both addends (0) or unread behind it (2), not where it is zero
// in one of them (1). Slopes and the table go with it.
// CHECK-LABEL: func @residual
func.func @residual(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %a = sr.constant dense<[[[[0.0]]], [[[1.0]]], [[[2.0]]], [[[3.0]]]]> : tensor<4x1x1x1xf32>
  %b = sr.constant dense<[[[[0.0]]], [[[0.0]]], [[[5.0]]], [[[6.0]]]]> : tensor<4x1x1x1xf32>
  %slope = sr.constant dense<[0.1, 0.2, 0.3, 0.4]> : tensor<4xf32>
  %table = sr.constant dense<[[[[1.0]], [[2.0]], [[3.0]], [[4.0]]]]> : tensor<1x4x1x1xf32>
  %c = sr.constant dense<[[[[7.0]], [[8.0]], [[0.0]], [[9.0]]]]> : tensor<1x4x1x1xf32>
  // CHECK-DAG: dense<{{\[\[\[\[}}1.000000e+00]]], {{\[\[\[}}3.000000e+00]]]]> : tensor<2x1x1x1xf32>
  // CHECK-DAG: dense<{{\[\[\[\[}}0.000000e+00]]], {{\[\[\[}}6.000000e+00]]]]> : tensor<2x1x1x1xf32>
  // CHECK: sr.add {{.*}} -> tensor<1x2x?x?xf32>
  // CHECK: dense<[2.000000e-01, 4.000000e-01]> : tensor<2xf32>
  // CHECK: sr.prelu {{.*}} : tensor<1x2x?x?xf32>, tensor<2xf32>
  // CHECK: dense<{{\[\[\[\[}}2.000000e+00]], {{\[\[}}4.000000e+00]]]]> : tensor<1x2x1x1xf32>
  // CHECK: sr.mul {{.*}} : (tensor<1x2x?x?xf32>, tensor<1x2x1x1xf32>)
  // CHECK: dense<{{\[\[\[\[}}8.000000e+00]], {{\[\[}}9.000000e+00]]]]> : tensor<1x2x1x1xf32>
  %0 = sr.conv2d %x, %a : (tensor<1x1x?x?xf32>, tensor<4x1x1x1xf32>) -> tensor<1x4x?x?xf32>
  %1 = sr.conv2d %x, %b : (tensor<1x1x?x?xf32>, tensor<4x1x1x1xf32>) -> tensor<1x4x?x?xf32>
  %2 = sr.add %0, %1 : (tensor<1x4x?x?xf32>, tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32>
  %3 = sr.prelu %2, %slope : tensor<1x4x?x?xf32>, tensor<4xf32>
  %4 = sr.mul %3, %table : (tensor<1x4x?x?xf32>, tensor<1x4x1x1xf32>) -> tensor<1x4x?x?xf32>
  %5 = sr.conv2d %4, %c : (tensor<1x4x?x?xf32>, tensor<1x4x1x1xf32>) -> tensor<1x1x?x?xf32>
  return %5 : tensor<1x1x?x?xf32>
}

// An addend that is constant in all channels becomes a table.
// CHECK-LABEL: func @dead_branch
func.func @dead_branch(%x: tensor<1x2x?x?xf32>) -> tensor<1x2x?x?xf32> {
  %w = sr.constant dense<0.0> : tensor<2x2x3x3xf32, #sr.filter>
  %b = sr.constant dense<[1.0, 2.0]> : tensor<2xf32>
  // CHECK-NOT: sr.conv2d
  // CHECK: %[[T:.*]] = sr.constant dense<{{\[\[\[\[}}1.000000e+00]], {{\[\[}}2.000000e+00]]]]> : tensor<1x2x1x1xf32>
  // CHECK: sr.add %[[T]], %{{.*}} : (tensor<1x2x1x1xf32>, tensor<1x2x?x?xf32>)
  %0 = sr.conv2d %x, %w, %b {pads = array<i64: 1, 1, 1, 1>}
    : (tensor<1x2x?x?xf32>, tensor<2x2x3x3xf32, #sr.filter>, tensor<2xf32>) -> tensor<1x2x?x?xf32>
  %1 = sr.add %0, %x : (tensor<1x2x?x?xf32>, tensor<1x2x?x?xf32>) -> tensor<1x2x?x?xf32>
  return %1 : tensor<1x2x?x?xf32>
}

// The last convolution reads channels 1, 2 and 4 of a concatenation of 2 + 1 + 2, through a slice of the last four.
// CHECK-LABEL: func @concat
func.func @concat(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %two = sr.constant dense<1.0> : tensor<2x1x1x1xf32>
  %one = sr.constant dense<1.0> : tensor<1x1x1x1xf32>
  %w = sr.constant dense<[[[[1.0]], [[1.0]], [[0.0]], [[1.0]]]]> : tensor<1x4x1x1xf32, #sr.channel>
  // CHECK: sr.concat {{.*}} : (tensor<1x1x?x?xf32>, tensor<1x1x?x?xf32>, tensor<1x1x?x?xf32>) -> tensor<1x3x?x?xf32>
  // CHECK: sr.slice {{.*}} {offset = 0 : i64, size = 3 : i64}
  // The encoding is gone with the zeros.
  // CHECK: sr.conv2d {{.*}} : (tensor<1x3x?x?xf32>, tensor<1x3x1x1xf32>)
  %0 = sr.conv2d %x, %two : (tensor<1x1x?x?xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x?x?xf32>
  %1 = sr.conv2d %x, %one : (tensor<1x1x?x?xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x?x?xf32>
  %2 = sr.conv2d %x, %two : (tensor<1x1x?x?xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x?x?xf32>
  %3 = sr.concat %0, %1, %2 : (tensor<1x2x?x?xf32>, tensor<1x1x?x?xf32>, tensor<1x2x?x?xf32>) -> tensor<1x5x?x?xf32>
  %4 = sr.slice %3 {offset = 1, size = 4} : (tensor<1x5x?x?xf32>) -> tensor<1x4x?x?xf32>
  %5 = sr.conv2d %4, %w : (tensor<1x4x?x?xf32>, tensor<1x4x1x1xf32, #sr.channel>) -> tensor<1x1x?x?xf32>
  return %5 : tensor<1x1x?x?xf32>
}

// Of a pixel shuffle whole groups of 4 go; one zero filter of a group does not.
// CHECK-LABEL: func @shuffle
func.func @shuffle(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %w = sr.constant dense<[[[[1.0]]], [[[0.0]]], [[[3.0]]], [[[4.0]]], [[[5.0]]], [[[6.0]]], [[[7.0]]], [[[8.0]]]]>
    : tensor<8x1x1x1xf32>
  %v = sr.constant dense<[[[[1.0]], [[0.0]]]]> : tensor<1x2x1x1xf32>
  // CHECK: dense<{{\[\[\[\[}}1.000000e+00]]], {{\[\[\[}}0.000000e+00]]], {{\[\[\[}}3.000000e+00]]], {{\[\[\[}}4.000000e+00]]]]> : tensor<4x1x1x1xf32>
  // CHECK: sr.pixel_shuffle {{.*}} (tensor<1x4x?x?xf32>) -> tensor<1x1x?x?xf32>
  %0 = sr.conv2d %x, %w : (tensor<1x1x?x?xf32>, tensor<8x1x1x1xf32>) -> tensor<1x8x?x?xf32>
  %1 = sr.pixel_shuffle %0 {scale = 2} : (tensor<1x8x?x?xf32>) -> tensor<1x2x?x?xf32>
  %2 = sr.conv2d %1, %v : (tensor<1x2x?x?xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x?x?xf32>
  return %2 : tensor<1x1x?x?xf32>
}

// Depthwise: the channel that the last convolution does not read goes on both sides, with its group.
// CHECK-LABEL: func @depthwise
func.func @depthwise(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %w = sr.constant dense<[[[[1.0]]], [[[2.0]]], [[[3.0]]]]> : tensor<3x1x1x1xf32>
  %d = sr.constant dense<[[[[4.0]]], [[[5.0]]], [[[6.0]]]]> : tensor<3x1x1x1xf32>
  %v = sr.constant dense<[[[[1.0]], [[0.0]], [[1.0]]]]> : tensor<1x3x1x1xf32>
  // CHECK-DAG: dense<{{\[\[\[\[}}4.000000e+00]]], {{\[\[\[}}6.000000e+00]]]]> : tensor<2x1x1x1xf32>
  // CHECK: sr.conv2d {{.*}} {groups = 2 : i64} : (tensor<1x2x?x?xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x?x?xf32>
  %0 = sr.conv2d %x, %w : (tensor<1x1x?x?xf32>, tensor<3x1x1x1xf32>) -> tensor<1x3x?x?xf32>
  %1 = sr.conv2d %0, %d {groups = 3 : i64} : (tensor<1x3x?x?xf32>, tensor<3x1x1x1xf32>) -> tensor<1x3x?x?xf32>
  %2 = sr.conv2d %1, %v : (tensor<1x3x?x?xf32>, tensor<1x3x1x1xf32>) -> tensor<1x1x?x?xf32>
  return %2 : tensor<1x1x?x?xf32>
}

// Blocks of filters that no longer start where they did: the encoding is found anew.
// CHECK-LABEL: func @encoding
func.func @encoding(%x: tensor<1x2x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %w = sr.constant dense<[[[[1.0]], [[0.0]]], [[[2.0]], [[0.0]]], [[[0.0]], [[3.0]]], [[[0.0]], [[4.0]]]]>
    : tensor<4x2x1x1xf32, #sr.block<2x1>>
  %v = sr.constant dense<[[[[0.0]], [[1.0]], [[1.0]], [[1.0]]]]> : tensor<1x4x1x1xf32>
  // CHECK: tensor<3x2x1x1xf32, #sr.unstructured>
  %0 = sr.conv2d %x, %w : (tensor<1x2x?x?xf32>, tensor<4x2x1x1xf32, #sr.block<2x1>>) -> tensor<1x4x?x?xf32>
  %1 = sr.conv2d %0, %v : (tensor<1x4x?x?xf32>, tensor<1x4x1x1xf32>) -> tensor<1x1x?x?xf32>
  return %1 : tensor<1x1x?x?xf32>
}

// The input and the result keep their channels; a network that reads nothing yields its bias still.
// CHECK-LABEL: func @nothing
func.func @nothing(%x: tensor<1x3x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %w = sr.constant dense<0.0> : tensor<1x3x1x1xf32>
  %b = sr.constant dense<1.0> : tensor<1xf32>
  // CHECK: sr.conv2d {{.*}} : (tensor<1x3x?x?xf32>, tensor<1x3x1x1xf32>, tensor<1xf32>) -> tensor<1x1x?x?xf32>
  %0 = sr.conv2d %x, %w, %b : (tensor<1x3x?x?xf32>, tensor<1x3x1x1xf32>, tensor<1xf32>) -> tensor<1x1x?x?xf32>
  return %0 : tensor<1x1x?x?xf32>
}

// A convolution of a table: the table is cut too.
// CHECK-LABEL: func @table
func.func @table(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %t = sr.constant dense<[[[[1.0, 2.0]], [[3.0, 4.0]]]]> : tensor<1x2x1x2xf32>
  %w = sr.constant dense<[[[[0.0]], [[5.0]]]]> : tensor<1x2x1x1xf32>
  // CHECK: dense<{{\[\[\[\[}}3.000000e+00, 4.000000e+00]]]]> : tensor<1x1x1x2xf32>
  %0 = sr.conv2d %t, %w : (tensor<1x2x1x2xf32>, tensor<1x2x1x1xf32>) -> tensor<1x1x1x2xf32>
  %1 = sr.global_avg_pool %0 : (tensor<1x1x1x2xf32>) -> tensor<1x1x1x1xf32>
  %2 = sr.mul %x, %1 : (tensor<1x1x?x?xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x?x?xf32>
  return %2 : tensor<1x1x?x?xf32>
}
