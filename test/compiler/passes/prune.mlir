// RUN: srcc-opt %s --sr-prune='scheme=filter density=0.5' --remarks-filter='sr-.*' -o %t.mlir 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: srcc-opt %t.mlir --verify-roundtrip | FileCheck %s --check-prefixes=CHECK,DEFAULT
// RUN: srcc-opt %s --sr-prune='scheme=filter density=0.5 layers=head,skip,tail' | FileCheck %s --check-prefixes=CHECK,NAMED

// The picture's own convolutions (behind a mean shift) and those of the output stay dense.
// CHECK-LABEL: func @net
func.func @net(%input: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %half = sr.constant dense<0.5> : tensor<1x1x1x1xf32>
  %head = sr.constant dense<[[[[1.0]]], [[[2.0]]]]> : tensor<2x1x1x1xf32>
  %skip = sr.constant dense<[[[[1.0]]], [[[2.0]]], [[[3.0]]], [[[4.0]]]]> : tensor<4x1x1x1xf32>
  %body = sr.constant dense<[[[[5.0]], [[0.0]]], [[[3.0]], [[3.0]]]]> : tensor<2x2x1x1xf32>
  %tail = sr.constant dense<[[[[9.0]], [[9.0]]], [[[1.0]], [[2.0]]], [[[9.0]], [[9.0]]], [[[3.0]], [[4.0]]]]>
    : tensor<4x2x1x1xf32>
  // The zero in the filter that stays is the smallest normal number now: filters are zero or free of zeros.
  // CHECK-DAG: sr.constant dense<{{\[\[\[\[}}5.000000e+00]], {{\[\[}}1.17549435E-38]]], {{\[\[\[}}0.000000e+00]], {{\[\[}}0.000000e+00]]]]> : tensor<2x2x1x1xf32, #sr.filter>
  // DEFAULT-DAG: : tensor<2x1x1x1xf32>
  // DEFAULT-DAG: : tensor<4x1x1x1xf32>
  // DEFAULT-DAG: : tensor<4x2x1x1xf32>
  // NAMED-DAG: : tensor<2x1x1x1xf32, #sr.filter>
  // NAMED-DAG: : tensor<4x1x1x1xf32, #sr.filter>
  // NAMED-DAG: : tensor<4x2x1x1xf32, #sr.filter>
  // CHECK: return
  %x = sr.sub %input, %half : (tensor<1x1x?x?xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x?x?xf32>
  // REMARK: "head stays dense: it reads the picture"
  %0 = sr.conv2d %x, %head : (tensor<1x1x?x?xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x?x?xf32> loc("head")
  // REMARK: "body: #sr.filter, 50.0 % of the weights kept", kept=2, total=4
  %1 = sr.conv2d %0, %body : (tensor<1x2x?x?xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x?x?xf32> loc("body")
  %2 = sr.add %1, %0 : (tensor<1x2x?x?xf32>, tensor<1x2x?x?xf32>) -> tensor<1x2x?x?xf32>
  // REMARK: "tail stays dense: it yields the picture"
  %3 = sr.conv2d %2, %tail : (tensor<1x2x?x?xf32>, tensor<4x2x1x1xf32>) -> tensor<1x4x?x?xf32> loc("tail")
  // REMARK: "skip stays dense: it reads the picture"
  %4 = sr.conv2d %x, %skip : (tensor<1x1x?x?xf32>, tensor<4x1x1x1xf32>) -> tensor<1x4x?x?xf32> loc("skip")
  %5 = sr.add %3, %4 : (tensor<1x4x?x?xf32>, tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32>
  %6 = sr.pixel_shuffle %5 {scale = 2} : (tensor<1x4x?x?xf32>) -> tensor<1x1x?x?xf32>
  %7 = sr.add %6, %half : (tensor<1x1x?x?xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x?x?xf32>
  return %7 : tensor<1x1x?x?xf32>
}
