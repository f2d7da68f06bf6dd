// A network of one size is recorded at that size, for drivers to be checked by: it takes no other.
// RUN: srcc %s --target=pocl-cpu -o %t.srp 2>&1 | FileCheck %s --implicit-check-not=error
// CHECK: wrote

module attributes {sr.io = #sr.io<scale = 1, color = rgb, range = 0.0 : 1.0>} {
  func.func @net(%x: tensor<1x3x6x10xf32>) -> tensor<1x3x6x10xf32> {
    %0 = sr.relu %x : tensor<1x3x6x10xf32>
    return %0 : tensor<1x3x6x10xf32>
  }
}
