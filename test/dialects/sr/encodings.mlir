// RUN: srcc-opt %s | srcc-opt | FileCheck %s
// RUN: srcc-opt %s -emit-bytecode | srcc-opt | FileCheck %s

#library = #sr.pattern<["xx./xx./...", ".xx/.xx/..."], keep = 4, shared = 2>

// CHECK-LABEL: @filter
func.func @filter() {
  // CHECK: tensor<2x2x1x1xf32, #sr.filter>
  %0 = sr.constant dense<[[[[1.0]], [[2.0]]], [[[0.0]], [[0.0]]]]> : tensor<2x2x1x1xf32, #sr.filter>
  return
}
// CHECK-LABEL: @channel
func.func @channel() {
  // CHECK: tensor<2x2x1x1xf32, #sr.channel>
  %0 = sr.constant dense<[[[[1.0]], [[0.0]]], [[[2.0]], [[0.0]]]]> : tensor<2x2x1x1xf32, #sr.channel>
  return
}
// Blocks at the edge are smaller: filters 0, 1 and 2; channels 0 and 1, 2.
// CHECK-LABEL: @block
func.func @block() {
  // CHECK: tensor<3x3x1x2xf32, #sr.block<2x2>>
  %0 = sr.constant dense<[[[[1.0, 0.0]], [[1.0, 0.0]], [[0.0, 1.0]]], [[[1.0, 0.0]], [[1.0, 0.0]], [[0.0, 1.0]]], [[[1.0, 1.0]], [[1.0, 1.0]], [[0.0, 0.0]]]]> : tensor<3x3x1x2xf32, #sr.block<2x2>>
  // A block larger than the weights.
  // CHECK: #sr.block<9223372036854775807x4>
  %1 = sr.constant dense<1.0> : tensor<2x2x1x1xf32, #sr.block<9223372036854775807x4>>
  return
}
// Row 1 and column 1 of the first block, all of the second, nothing of the third are removed.
// CHECK-LABEL: @bcr
func.func @bcr() {
  // CHECK: tensor<2x5x1x1xf32, #sr.bcr<2x2>>
  %0 = sr.constant dense<[[[[1.0]], [[0.0]], [[0.0]], [[0.0]], [[1.0]]], [[[0.0]], [[0.0]], [[0.0]], [[0.0]], [[1.0]]]]> : tensor<2x5x1x1xf32, #sr.bcr<2x2>>
  return
}
// Two filters share the first pattern, two are removed in this channel.
// CHECK-LABEL: @pattern
func.func @pattern(%x: tensor<1x1x?x?xf32>) -> tensor<1x4x?x?xf32> {
  // CHECK: tensor<4x1x3x3xf32, #sr.pattern<["xx./xx./...", ".xx/.xx/..."], keep = 4, shared = 2>>
  %0 = sr.constant dense<[[[[1.0, 2.0, 0.0], [3.0, 4.0, 0.0], [0.0, 0.0, 0.0]]], [[[1.0, 2.0, 0.0], [3.0, 4.0, 0.0], [0.0, 0.0, 0.0]]], [[[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]], [[[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]]]> : tensor<4x1x3x3xf32, #library>
  // CHECK: #sr.pattern<["xxx/xxx/xxx"], keep = 9, shared = 1>
  %1 = sr.constant dense<1.0> : tensor<4x1x3x3xf32, #sr.pattern<["xxx/xxx/xxx"], keep = 9>>
  %2 = sr.conv2d %x, %0 : (tensor<1x1x?x?xf32>, tensor<4x1x3x3xf32, #library>) -> tensor<1x4x?x?xf32>
  return %2 : tensor<1x4x?x?xf32>
}
// CHECK-LABEL: @unstructured
func.func @unstructured() {
  // CHECK: tensor<2x2x1x1xf32, #sr.unstructured>
  %0 = sr.constant dense<[[[[1.0]], [[0.0]]], [[[0.0]], [[2.0]]]]> : tensor<2x2x1x1xf32, #sr.unstructured>
  return
}
