// RUN: srcc-opt %s --sr-infer-sparsity --remarks-filter='sr-.*' -o %t.mlir 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t.mlir
// The result is verified, and found again.
// RUN: srcc-opt %t.mlir --sr-infer-sparsity --verify-roundtrip | FileCheck %s

// CHECK-LABEL: func @layers
func.func @layers(%x: tensor<1x4x?x?xf32>) -> tensor<1x2x?x?xf32> {
  // A single zero filter is worth an encoding, a single zero weight is not.
  // CHECK-DAG: sr.constant dense<{{.*}}> : tensor<4x4x1x1xf32, #sr.filter>
  %filter = sr.constant dense<[[[[1.0]], [[1.0]], [[1.0]], [[1.0]]], [[[0.0]], [[0.0]], [[0.0]], [[0.0]]],
    [[[1.0]], [[1.0]], [[1.0]], [[1.0]]], [[[1.0]], [[1.0]], [[1.0]], [[1.0]]]]> : tensor<4x4x1x1xf32>
  // CHECK-DAG: sr.constant dense<{{.*}}> : tensor<4x4x1x1xf32>{{$}}
  %plain = sr.constant dense<[[[[1.0]], [[1.0]], [[1.0]], [[1.0]]], [[[0.0]], [[1.0]], [[1.0]], [[1.0]]],
    [[[1.0]], [[1.0]], [[1.0]], [[1.0]]], [[[1.0]], [[1.0]], [[1.0]], [[1.0]]]]> : tensor<4x4x1x1xf32>
  // An encoding stays, even a looser one.
  // CHECK-DAG: sr.constant dense<{{.*}}> : tensor<2x4x1x1xf32, #sr.unstructured>
  %given = sr.constant dense<[[[[1.0]], [[1.0]], [[1.0]], [[1.0]]], [[[0.0]], [[0.0]], [[0.0]], [[0.0]]]]>
    : tensor<2x4x1x1xf32, #sr.unstructured>
  // CHECK-DAG: sr.constant dense<{{.*}}> : tensor<2x1x2x2xf32, #sr.unstructured>
  %transposed = sr.constant dense<[[[[1.0, 1.0], [1.0, 1.0]]], [[[0.0, 0.0], [0.0, 0.0]]]]> : tensor<2x1x2x2xf32>
  // REMARK: remark: {{.*}}"first: #sr.filter, 75.0 % of the multiply-adds kept, 100.0 % in groups of 4 filters", kept=12, padded=4, total=16
  %0 = sr.conv2d %x, %filter : (tensor<1x4x?x?xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x?x?xf32> loc("first")
  // REMARK: "second: dense, 93.8 % of the multiply-adds kept
  %1 = sr.conv2d %0, %plain : (tensor<1x4x?x?xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x?x?xf32> loc("second")
  // REMARK: "third: #sr.unstructured, 50.0 %
  %2 = sr.conv2d %1, %given : (tensor<1x4x?x?xf32>, tensor<2x4x1x1xf32, #sr.unstructured>) -> tensor<1x2x?x?xf32> loc("third")
  // Two groups of one channel: the second filter reads nothing.
  // REMARK: "fourth: #sr.unstructured, 50.0 % of the multiply-adds kept, 50.0 % in groups of 4 filters", kept=4, padded=0, total=8
  %3 = sr.conv_transpose2d %2, %transposed {groups = 2 : i64, strides = array<i64: 2, 2>}
    : (tensor<1x2x?x?xf32>, tensor<2x1x2x2xf32>) -> tensor<1x2x?x?xf32> loc("fourth")
  return %3 : tensor<1x2x?x?xf32>
}
