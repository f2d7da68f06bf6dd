// How many taps of a list the rules of a CPU take in straight-line code. With many multiply-adds a tap, those by zero
// that fill a step cost more than the instructions that it saves: a list of 15 taps stays as it is, one of 16 takes steps
// of four.
// RUN: srcc-opt %s --sr-prune='scheme=block f=4 c=1 density=0.47 layers=layer' -o %t.15.mlir
// RUN: srcc %t.15.mlir --target=pocl-cpu --emit=schedule | FileCheck %s --check-prefix=FIFTEEN
// RUN: srcc-opt %s --sr-prune='scheme=block f=4 c=1 density=0.5 layers=layer' -o %t.16.mlir
// RUN: srcc %t.16.mlir --target=pocl-cpu --emit=schedule | FileCheck %s --check-prefix=SIXTEEN

// FIFTEEN: sched.group @conv2d.sum update 0 ["rc"] into "tap" by 4 over "c"
// FIFTEEN-NOT: "tap" into
// SIXTEEN: sched.group @conv2d.sum update 0 ["rc"] into "tap" by 4 over "c"
// SIXTEEN-NEXT: sched.split @conv2d.sum update 0 "tap" into "taps", "ti" by affine_map<()[s0, s1] -> (4)>

module attributes {sr.io = #sr.io<scale = 1, color = none, range = 0.0 : 1.0>} {
  func.func @net(%in: tensor<1x32x?x?xf32>) -> tensor<1x4x?x?xf32> {
    %w = sr.constant dense<0.5> : tensor<4x32x1x1xf32>
    %0 = sr.conv2d %in, %w : (tensor<1x32x?x?xf32>, tensor<4x32x1x1xf32>) -> tensor<1x4x?x?xf32> loc("layer")
    %1 = sr.relu %0 : tensor<1x4x?x?xf32> loc("relu")
    return %1 : tensor<1x4x?x?xf32>
  }
}
