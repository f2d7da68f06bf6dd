// RUN: srcc-opt %s --sr-reorder-filters=group=2 --remarks-filter='sr-.*' -o %t.mlir 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: srcc-opt %t.mlir --verify-roundtrip | FileCheck %s

// Filters 0 and 2 read channel 0, filters 1 and 3 channel 1: pairs share after swapping 1 and 2, with bias, slopes and
// the channels of both readers.
// CHECK-LABEL: func @expand
func.func @expand(%x: tensor<1x2x?x?xf32>) -> tensor<1x2x?x?xf32> {
  %w = sr.constant dense<[[[[1.0]], [[0.0]]], [[[0.0]], [[2.0]]], [[[3.0]], [[0.0]]], [[[0.0]], [[4.0]]]]>
    : tensor<4x2x1x1xf32>
  %b = sr.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %slope = sr.constant dense<[0.1, 0.2, 0.3, 0.4]> : tensor<4xf32>
  %v = sr.constant dense<[[[[1.0]], [[2.0]], [[3.0]], [[4.0]]]]> : tensor<1x4x1x1xf32>
  %u = sr.constant dense<[[[[5.0]], [[6.0]], [[7.0]], [[8.0]]]]> : tensor<1x4x1x1xf32, #sr.unstructured>
  // CHECK-DAG: dense<{{\[\[\[\[}}1.000000e+00]], {{\[\[}}0.000000e+00]]], {{\[\[\[}}3.000000e+00]], {{\[\[}}0.000000e+00]]], {{\[\[\[}}0.000000e+00]], {{\[\[}}2.000000e+00]]], {{\[\[\[}}0.000000e+00]], {{\[\[}}4.000000e+00]]]]> : tensor<4x2x1x1xf32>
  // CHECK-DAG: dense<[1.000000e+00, 3.000000e+00, 2.000000e+00, 4.000000e+00]> : tensor<4xf32>
  // CHECK-DAG: dense<[1.000000e-01, 3.000000e-01, 2.000000e-01, 4.000000e-01]> : tensor<4xf32>
  // CHECK-DAG: dense<{{\[\[\[\[}}1.000000e+00]], {{\[\[}}3.000000e+00]], {{\[\[}}2.000000e+00]], {{\[\[}}4.000000e+00]]]]> : tensor<1x4x1x1xf32>
  // CHECK-DAG: dense<{{\[\[\[\[}}5.000000e+00]], {{\[\[}}7.000000e+00]], {{\[\[}}6.000000e+00]], {{\[\[}}8.000000e+00]]]]> : tensor<1x4x1x1xf32, #sr.unstructured>
  // CHECK: return
  // REMARK: "expand: groups of 2 filters pad 0 taps, 4 before", after=0, before=4
  %0 = sr.conv2d %x, %w, %b : (tensor<1x2x?x?xf32>, tensor<4x2x1x1xf32>, tensor<4xf32>) -> tensor<1x4x?x?xf32> loc("expand")
  %1 = sr.prelu %0, %slope : tensor<1x4x?x?xf32>, tensor<4xf32>
  %2 = sr.conv2d %1, %v : (tensor<1x4x?x?xf32>, tensor<1x4x1x1xf32>) -> tensor<1x1x?x?xf32>
  %3 = sr.conv2d %0, %u : (tensor<1x4x?x?xf32>, tensor<1x4x1x1xf32, #sr.unstructured>) -> tensor<1x1x?x?xf32>
  %4 = sr.concat %2, %3 : (tensor<1x1x?x?xf32>, tensor<1x1x?x?xf32>) -> tensor<1x2x?x?xf32>
  return %4 : tensor<1x2x?x?xf32>
}

// A sum has the order of its other side.
// CHECK-LABEL: func @residual
func.func @residual(%x: tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32> {
  %w = sr.constant dense<[[[[1.0]], [[0.0]], [[0.0]], [[0.0]]], [[[0.0]], [[1.0]], [[0.0]], [[0.0]]],
    [[[1.0]], [[0.0]], [[0.0]], [[0.0]]], [[[0.0]], [[1.0]], [[0.0]], [[0.0]]]]> : tensor<4x4x1x1xf32>
  // REMARK: "residual: groups of 2 filters pad 4 taps; not only convolutions read the result"
  %0 = sr.conv2d %x, %w : (tensor<1x4x?x?xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x?x?xf32> loc("residual")
  %1 = sr.add %0, %x : (tensor<1x4x?x?xf32>, tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32>
  return %1 : tensor<1x4x?x?xf32>
}

// Blocks of 4 x 2 channels behind it would be broken.
// CHECK-LABEL: func @encoding
func.func @encoding(%x: tensor<1x2x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %w = sr.constant dense<[[[[1.0]], [[0.0]]], [[[0.0]], [[2.0]]], [[[3.0]], [[0.0]]], [[[0.0]], [[4.0]]]]>
    : tensor<4x2x1x1xf32>
  %v = sr.constant dense<[[[[1.0]], [[2.0]], [[0.0]], [[0.0]]]]> : tensor<1x4x1x1xf32, #sr.block<4x2>>
  // REMARK: "wide: groups of 2 filters pad 4 taps; another order breaks the encoding of a convolution behind it"
  %0 = sr.conv2d %x, %w : (tensor<1x2x?x?xf32>, tensor<4x2x1x1xf32>) -> tensor<1x4x?x?xf32> loc("wide")
  %1 = sr.conv2d %0, %v : (tensor<1x4x?x?xf32>, tensor<1x4x1x1xf32, #sr.block<4x2>>) -> tensor<1x1x?x?xf32>
  return %1 : tensor<1x1x?x?xf32>
}
