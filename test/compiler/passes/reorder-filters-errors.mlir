// RUN: srcc-opt %s --verify-diagnostics --sr-reorder-filters=group=0

// expected-error @+1 {{group is at least 1 filter, not 0}}
func.func @net(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  return %x : tensor<1x1x?x?xf32>
}
