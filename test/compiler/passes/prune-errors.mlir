// RUN: split-file %s %t
// RUN: cat %t/scheme %t/net > %t/0.mlir
// RUN: srcc-opt %t/0.mlir --verify-diagnostics --sr-prune='scheme=blocks density=0.5'
// RUN: cat %t/none %t/net > %t/1.mlir
// RUN: srcc-opt %t/1.mlir --verify-diagnostics --sr-prune='density=0.5'
// RUN: cat %t/density %t/net > %t/2.mlir
// RUN: srcc-opt %t/2.mlir --verify-diagnostics --sr-prune='scheme=block'
// RUN: srcc-opt %t/2.mlir --verify-diagnostics --sr-prune='scheme=block density=-0.5'
// RUN: srcc-opt %t/2.mlir --verify-diagnostics --sr-prune='scheme=block density=1.01'
// RUN: srcc-opt %t/2.mlir --verify-diagnostics --sr-prune='scheme=block density=nan'
// RUN: cat %t/f %t/net > %t/3.mlir
// RUN: srcc-opt %t/3.mlir --verify-diagnostics --sr-prune='scheme=block density=0.5 f=0'
// RUN: cat %t/c %t/net > %t/4.mlir
// RUN: srcc-opt %t/4.mlir --verify-diagnostics --sr-prune='scheme=bcr density=0.5 c=-1'
// RUN: cat %t/library %t/net > %t/5.mlir
// RUN: srcc-opt %t/5.mlir --verify-diagnostics --sr-prune='scheme=pattern density=0.5 library=0'
// RUN: cat %t/keep %t/net > %t/6.mlir
// RUN: srcc-opt %t/6.mlir --verify-diagnostics --sr-prune='scheme=pattern density=0.5 keep=10'
// RUN: cat %t/shared %t/net > %t/7.mlir
// RUN: srcc-opt %t/7.mlir --verify-diagnostics --sr-prune='scheme=pattern density=0.5 shared=0'
// RUN: cat %t/layer %t/net > %t/8.mlir
// RUN: srcc-opt %t/8.mlir --verify-diagnostics --sr-prune='scheme=filter density=0.5 layers=head,body.7'

//--- scheme
// expected-error @+1 {{scheme is filter, channel, block, bcr, pattern or unstructured, not 'blocks'}}
//--- none
// expected-error @+1 {{scheme is filter, channel, block, bcr, pattern or unstructured, not ''}}
//--- density
// expected-error-re @+1 {{density is above 0 and at most 1, not {{.+}}}}
//--- f
// expected-error @+1 {{f is between 1 and 2147483647, not 0}}
//--- c
// expected-error @+1 {{c is between 1 and 2147483647, not -1}}
//--- library
// expected-error @+1 {{library is between 1 and 256 patterns, not 0}}
//--- keep
// expected-error @+1 {{keep is between 1 and 9 entries, not 10}}
//--- shared
// expected-error @+1 {{shared is between 1 and 2147483647 filters, not 0}}
//--- layer
// expected-error @+1 {{there is no conv2d 'body.7'; there are 'head', 'body.0'}}
//--- net
func.func @net(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %w = sr.constant dense<1.0> : tensor<1x1x1x1xf32>
  %0 = sr.conv2d %x, %w : (tensor<1x1x?x?xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x?x?xf32> loc("head")
  %1 = sr.conv2d %0, %w : (tensor<1x1x?x?xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x?x?xf32> loc("body.0")
  return %1 : tensor<1x1x?x?xf32>
}
