// What the rules of a CPU decide for a block of 1x1 -> relu -> 1x1 -> 3x3, and say as remarks; those of a GPU keep what
// is wide in registers, four channels at a time.
// RUN: srcc %s --target=pocl-cpu --remarks=sched-default --stop-after=sched -o %t.mlir 2>&1 | FileCheck %s --check-prefix=REMARKS
// RUN: FileCheck %s < %t.mlir
// RUN: srcc %s --target=pocl-cpu --emit=schedule | FileCheck %s --check-prefix=BANDS
// RUN: srcc %s --target=pocl-cpu --no-fusion --stop-after=sched | FileCheck %s --check-prefix=PLAIN
// RUN: srcc %s --target=mali-g77 --no-fusion --stop-after=sched | FileCheck %s --check-prefix=GPU-PLAIN
// RUN: srcc %s --target=mali-g77 --print-loop-nest | FileCheck %s --check-prefix=GPU
// RUN: srcc %s --target=adreno650 --remarks=sched-default -o %t.srp 2>&1 | FileCheck %s --check-prefix=GPU-REMARK

module attributes {sr.io = #sr.io<scale = 1, color = rgb, range = 0.0 : 1.0>} {
  func.func @net(%x: tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32> {
    %w0 = sr.constant dense<0.5> : tensor<16x3x1x1xf32>
    %w1 = sr.constant dense<0.5> : tensor<8x16x1x1xf32>
    %w2 = sr.constant dense<0.5> : tensor<3x8x3x3xf32>
    %0 = sr.conv2d %x, %w0 : (tensor<1x3x?x?xf32>, tensor<16x3x1x1xf32>) -> tensor<1x16x?x?xf32> loc("wide")
    %1 = sr.relu %0 : tensor<1x16x?x?xf32> loc("relu")
    %2 = sr.conv2d %1, %w1 : (tensor<1x16x?x?xf32>, tensor<8x16x1x1xf32>) -> tensor<1x8x?x?xf32> loc("narrow")
    %3 = sr.conv2d %2, %w2 {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x8x?x?xf32>, tensor<3x8x3x3xf32>) -> tensor<1x3x?x?xf32> loc("around")
    %4 = sr.add %3, %x : (tensor<1x3x?x?xf32>, tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32> loc("sum")
    %w3 = sr.constant dense<0.5> : tensor<3x3x3x3xf32>
    %5 = sr.conv2d %4, %w3 {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x3x?x?xf32>, tensor<3x3x3x3xf32>) -> tensor<1x3x?x?xf32> loc("last")
    return %5 : tensor<1x3x?x?xf32>
  }
}

// REMARKS: @relu is computed at the tiles of @narrow
// REMARKS: @narrow is computed row by row in the kernel of @sum{{.*}}ahead=1, rows=3
// REMARKS: @sum has a kernel

// CHECK: sched.compute_at @relu at @narrow "xt"
// CHECK: sched.compute_at @narrow at @sum "row"
// CHECK: sched.store_at @narrow at @sum "band"
// CHECK: sched.fold_storage @narrow "y" by 4

// The 3x3 behind @sum reads a row above and one below the picture, which belong to the first and the last band.
// BANDS: sched.split @sum "y" into "band", "row" by affine_map<()[s0, s1] -> ((s0 + 2) ceildiv

// PLAIN-NOT: sched.store_at
// PLAIN: sched.compute_root @narrow

// GPU-PLAIN: sched.compute_root @relu

// GPU: produce narrow:
// GPU: gpu_thread tx
// GPU-NEXT: produce narrow.sum:
// GPU: for ro in [0, 3]:
// GPU-NEXT: produce relu:
// GPU-NEXT: produce wide.sum:
// GPU: unrolled co in [0, 1]:
// GPU-NEXT: unrolled ri in [0, 3]:
// GPU: produce sum:
// GPU-REMARK: @relu is computed at the tiles of @narrow
