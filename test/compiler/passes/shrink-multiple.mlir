// Of the channels to remove so many stay that a multiple is left, where there are so many.
// RUN: srcc-opt %s --sr-shrink=multiple=4 | FileCheck %s
// RUN: srcc-opt %s --sr-shrink | FileCheck %s --check-prefix=ALL
// RUN: not srcc-opt %s --sr-shrink=multiple=0 2>&1 | FileCheck %s --check-prefix=ERROR
// ERROR: error: multiple is 0; legal: 1 or more

// CHECK-LABEL: func @net
// CHECK: sr.conv2d {{.*}} -> tensor<1x4x?x?xf32>
// CHECK: sr.conv2d {{.*}} -> tensor<1x1x?x?xf32>
// CHECK: sr.conv2d {{.*}} -> tensor<1x1x?x?xf32>
// ALL-LABEL: func @net
// ALL: sr.conv2d {{.*}} -> tensor<1x2x?x?xf32>
// ALL: sr.conv2d {{.*}} -> tensor<1x1x?x?xf32>
// ALL: sr.conv2d {{.*}} -> tensor<1x1x?x?xf32>
func.func @net(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %w = sr.constant dense<[[[[0.0]]], [[[1.0]]], [[[0.0]]], [[[2.0]]], [[[0.0]]], [[[0.0]]]]> : tensor<6x1x1x1xf32>
  %v = sr.constant dense<[[[[1.0]], [[2.0]], [[3.0]], [[4.0]], [[5.0]], [[6.0]]], [[[0.0]], [[0.0]], [[0.0]], [[0.0]], [[0.0]], [[0.0]]], [[[0.0]], [[0.0]], [[0.0]], [[0.0]], [[0.0]], [[0.0]]]]> : tensor<3x6x1x1xf32>
  %u = sr.constant dense<1.0> : tensor<1x3x1x1xf32>
  %0 = sr.conv2d %x, %w : (tensor<1x1x?x?xf32>, tensor<6x1x1x1xf32>) -> tensor<1x6x?x?xf32>
  %1 = sr.conv2d %0, %v : (tensor<1x6x?x?xf32>, tensor<3x6x1x1xf32>) -> tensor<1x3x?x?xf32>
  %2 = sr.conv2d %1, %u : (tensor<1x3x?x?xf32>, tensor<1x3x1x1xf32>) -> tensor<1x1x?x?xf32>
  return %2 : tensor<1x1x?x?xf32>
}
