// RUN: srcc-opt %s --verify-diagnostics --sr-infer-sparsity=min-zeros=1.5

// expected-error @+1 {{min-zeros is between 0 and 1, not 1.500000e+00}}
func.func @net(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  return %x : tensor<1x1x?x?xf32>
}
