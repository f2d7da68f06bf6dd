// The default schedule of a convolution with its activation: the sums of a tile are computed at
// the tile, the activation stores them. Without a schedule every stage is a kernel of plain loops.
// RUN: srcc %s --print-loop-nest --target=pocl-cpu | FileCheck %s
// RUN: srcc %s --print-loop-nest --schedule=naive | FileCheck %s --check-prefix=NAIVE
// RUN: srcc %s --print-loop-nest --target=adreno650 | FileCheck %s --check-prefix=GPU

module attributes {sr.io = #sr.io<scale = 1, color = rgb, range = 0.0 : 1.0>} {
  func.func @net(%input: tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32> {
    %w = sr.constant dense<0.5> : tensor<8x3x3x3xf32>
    %v = sr.constant dense<0.25> : tensor<3x8x1x1xf32>
    %0 = sr.conv2d %input, %w {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x3x?x?xf32>, tensor<8x3x3x3xf32>) -> tensor<1x8x?x?xf32>
    %1 = sr.relu %0 : tensor<1x8x?x?xf32>
    %2 = sr.conv2d %1, %v : (tensor<1x8x?x?xf32>, tensor<3x8x1x1xf32>) -> tensor<1x3x?x?xf32>
    return %2 : tensor<1x3x?x?xf32>
  }
}

// CHECK:      produce relu:
// CHECK-NEXT:   gpu_block y:
// CHECK-NEXT:     for xt:
// CHECK-NEXT:       for co in [0, 1]:
// CHECK-NEXT:         unrolled line in [0, 5]:
// CHECK-NEXT:           prefetch relu(...)
// CHECK-NEXT:         produce conv2d.sum:
// CHECK:                for rc in [0, 2]:
// CHECK-NEXT:             unrolled ky in [0, 2]:
// CHECK-NEXT:               unrolled kx in [0, 2]:
// CHECK-NEXT:                 unrolled c
// CHECK:                        vectorized xl in [0, 7]:
// CHECK-NEXT:                     conv2d.sum(...) = ...
// CHECK:              vectorized xl in [0, 7]:
// CHECK-NEXT:           relu(...) = ...

// NAIVE:      produce conv2d.sum:
// NAIVE:      for kx in [0, 2]:
// NAIVE-NEXT:   conv2d.sum(...) = ...
// NAIVE:      produce conv2d:
// NAIVE:      produce relu:
// NAIVE-NOT:  vectorized

// GPU:      produce relu:
// GPU:      gpu_block yb:
// GPU:      gpu_thread tx in [0, 15]:
// GPU-NEXT:   produce conv2d.sum:
// GPU:        vectorized c
