// Convolutions of 3x3 with fewer products: the stages, where they are computed by rule, and which layers stay sums
// over windows. nets.py and fuzz.py hold the results against the interpreter.
// RUN: srcc %s --target=pocl-cpu --winograd=8 --stop-after=sched | FileCheck %s
// RUN: srcc %s --target=pocl-cpu --winograd=8 --remarks=sr-to-sched --stop-after=sched 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK
// REMARK-NOT: 3 to 8 channels
// REMARK: 8 to 12 channels in Winograd's form
// REMARK: 12 to 12 channels in Winograd's form
// RUN: srcc %s --target=pocl-cpu --winograd=8 --print-loop-nest | FileCheck %s --check-prefix=NEST
// RUN: sed 's/"bandwidth_gbs": {"value": 25/"bandwidth_gbs": {"value": 10000/' %S/../../../compiler/devices/pocl-cpu.json > %t.json
// RUN: srcc %s --target=%t.json --winograd=8 --print-loop-nest | FileCheck %s --check-prefix=FAST
// RUN: srcc %s --target=pocl-cpu --winograd=8 --no-fusion --print-loop-nest | FileCheck %s --check-prefix=PLAIN
// RUN: srcc %s --target=pocl-cpu --winograd=9 --stop-after=sched | FileCheck %s --check-prefix=NONE
// RUN: srcc %s --target=adreno650 --stop-after=sched | FileCheck %s --check-prefix=NONE
// RUN: srcc %s --target=pocl-cpu --winograd=0 --print-loop-nest | FileCheck %s --check-prefix=SHUFFLE
// RUN: srcc %s --target=mali-g77 --print-loop-nest | FileCheck %s --check-prefix=SHUFFLE
// RUN: sed 's/color = rgb/color = bgr/' %s > %t.bgr.mlir
// RUN: srcc %t.bgr.mlir --target=pocl-cpu --winograd=0 --print-loop-nest | FileCheck %s --check-prefix=SHUFFLE
// RUN: srcc %S/Inputs/winograd-branches.mlir --target=pocl-cpu --winograd=8 --print-loop-nest | FileCheck %s --check-prefix=BRANCH
// RUN: srcc %S/Inputs/winograd-end.mlir --target=pocl-cpu --winograd=8 --print-loop-nest | FileCheck %s --check-prefix=END
// RUN: srcc %S/Inputs/winograd-end.mlir --target=pocl-cpu --winograd=8 --emit=schedule | FileCheck %s --check-prefix=APART
// RUN: not srcc %s --winograd=-2 2>&1 | FileCheck %s --check-prefix=ERROR
// ERROR: error: --winograd is a number of channels, or 0 for none, not -2

module attributes {sr.io = #sr.io<scale = 2, color = rgb, range = 0.0 : 1.0>} {
  func.func @net(%x: tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32> {
    %w0 = sr.constant dense<0.5> : tensor<8x3x3x3xf32>
    %w1 = sr.constant dense<0.5> : tensor<12x8x3x3xf32>
    %b1 = sr.constant dense<1.0> : tensor<12xf32>
    %w2 = sr.constant dense<0.5> : tensor<12x12x3x3xf32>
    // CHECK-NOT: @few.kernels
    %0 = sr.conv2d %x, %w0 {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x3x?x?xf32>, tensor<8x3x3x3xf32>) -> tensor<1x8x?x?xf32> loc("few")
    %1 = sr.conv2d %0, %w1, %b1 {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x8x?x?xf32>, tensor<12x8x3x3xf32>, tensor<12xf32>) -> tensor<1x12x?x?xf32> loc("many")
    %2 = sr.relu %1 : tensor<1x12x?x?xf32> loc("relu")
    %3 = sr.conv2d %2, %w2 {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x12x?x?xf32>, tensor<12x12x3x3xf32>) -> tensor<1x12x?x?xf32> loc("last")
    %4 = sr.pixel_shuffle %3 {scale = 2} : (tensor<1x12x?x?xf32>) -> tensor<1x3x?x?xf32> loc("shuffle")
    return %4 : tensor<1x3x?x?xf32>
  }
}

// Blocks of 6 x 2 pixels: 32 rows for each 6 of the output, and a column for each 2.
// CHECK-DAG: #[[ROWS:map[0-9]*]] = affine_map<()[s0, s1] -> (8, (s0 ceildiv 6) * 32, s1 ceildiv 2)>
// CHECK-DAG: #[[SUMS:map[0-9]*]] = affine_map<()[s0, s1] -> (12, (s0 ceildiv 6) * 32, s1 ceildiv 2)>
// CHECK: sched.reorder @relu ["xl", "xi", "yi", "xv", "ci", "co", "xs", "yo"]
// CHECK: sched.align_bounds @relu "y" to 6
// The first layer is computed for strips, some channels at a time: its even columns side by side, and its odd ones.
// CHECK: sched.reorder @many.input ["xl", "yi", "ci", "xv", "co", "yo"]
// CHECK: sched.store_in @few local layout ["y", "c", "x%2", "x/2"]
// CHECK: sched.store_in @many.input local layout ["y", "c", "x"] align 16 odd
// What is read in pairs of columns lies in vectors of the even and of the odd ones for each channel, side by side.
// CHECK: sched.store_in @relu global layout ["y", "x/16", "c", "x%2", "x/2%8"]
// CHECK: sched.compute_at @few at @many.input "co"
// CHECK: sched.compute_at @many.input at @relu "xs"
// CHECK: sched.compute_at @many.products at @relu "co"
// CHECK: sched.table @many.kernels
// CHECK: sched.stage @many.input dims ["c", "y", "x"] extents #[[ROWS]]
// CHECK: sched.stage @many.products.sum dims ["c", "y", "x"] extents #[[SUMS]]
// CHECK: sched.stage @many.products dims ["c", "y", "x"] extents #[[SUMS]]
// CHECK: sched.stage @many dims

// A shuffle takes rows of blocks at other places, so what it reads is stored.
// NEST: produce relu:
// NEST-NEXT: gpu_block yo:
// NEST-NEXT: for xs:
// NEST-NEXT: produce many.input:
// NEST-NEXT: for co in
// NEST-NEXT: produce few:
// NEST: many.input(...)
// NEST-NEXT: for co in
// NEST-NEXT: produce many.products:
// NEST-NEXT: for y:
// NEST-NEXT: produce many.products.sum:
// NEST: produce last:
// NEST: produce last.products:
// NEST: produce output:

// Where memory is as fast as that, the first layer passes through it.
// FAST: produce few:
// FAST-NEXT: gpu_block y:
// FAST: produce relu:

// PLAIN: produce many.input:
// PLAIN-NEXT: gpu_block y:
// PLAIN: produce many.products:
// PLAIN-NEXT: gpu_block y:
// PLAIN: produce relu:

// NONE-NOT: @many.kernels
// NONE: sched.stage @many.sum

// What is transformed has differences taken of it, and stays in full precision.
// RUN: srcc %s --target=pocl-cpu --winograd=8 --no-fusion --precision=f16s --emit=schedule | FileCheck %s --check-prefix=STORAGE
// STORAGE-NOT: store_in @many.{{.*}} as f16
// STORAGE: store_in @relu {{.*}} as f16

// A pixel shuffle is no block of rows: it is part of the last kernel.
// SHUFFLE-NOT: produce shuffle:
// SHUFFLE: produce output:

// Of two layers that are added one is stored, so that the loops over blocks are the other's; so is what an output copies.
// BRANCH: produce relu2:
// BRANCH-NEXT: gpu_block yo:
// BRANCH: produce both:
// BRANCH-NEXT: gpu_block yo:
// BRANCH: produce first.products:
// BRANCH: produce third:
// BRANCH-NEXT: gpu_block yo:
// BRANCH: produce third.products:
// BRANCH: produce output:

// From the picture, copied with its even and odd columns apart, to an output nothing else shares: rows are transformed to where they lie.
// APART: sched.store_in @input global layout ["y", "x/16", "c", "x%2", "x/2%8"]
// END: produce input:
// END-NEXT: gpu_block y:
// END-NOT: produce
// END: produce output:
// END-NEXT: gpu_block yo:
// END-NEXT: for xs:
// END-NEXT: produce conv.input:
// END: produce conv.products:
// END-NOT: produce output:
