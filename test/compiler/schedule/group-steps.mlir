// A loop over lists in steps of two taps: the list of one tap is padded with the same tap, times zero, and
// lists start at steps.
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds | FileCheck %s
// RUN: srcc %s --print-loop-nest | FileCheck %s --check-prefix=NEST
// RUN: sed 's/by 2 over "c"/& tabulate/' %s > %t.mlir && srcc %t.mlir --emit=opencl | FileCheck %s --check-prefix=TABLE

#in = affine_map<()[s0, s1] -> (3, s0, s1)>
#out = affine_map<()[s0, s1] -> (4, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #in format f32_planar
  // Filters 0 and 1 use channels 0 and 2; filter 2 channel 1; filter 3 nothing.
  sched.table @w = dense<[[1.0, 0.0, 2.0], [0.0, 0.0, 3.0], [0.0, 4.0, 0.0], [0.0, 0.0, 0.0]]> : tensor<4x3xf32>
  sched.stage @sum dims ["c", "y", "x"] extents #out : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %zero = arith.constant 0.0 : f32
    sched.yield %zero : f32
  } updates {
    sched.update ["rc"] extents affine_map<()[s0, s1] -> (3)> {
    ^bb0(%c: index, %y: index, %x: index, %rc: index, %self: f32):
      %w = sched.read @w[%c, %rc] : f32
      %v = sched.read @in[%rc, %y, %x] : f32
      %s = math.fma %w, %v, %self : f32
      sched.yield %s : f32
    }
  }
  sched.stage @result dims ["c", "y", "x"] extents #out : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @sum[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.compute_root @result
  sched.split @result "c" into "co", "ci" by affine_map<()[s0, s1] -> (2)>
  sched.unroll @result ["ci"]
  sched.reorder @result ["ci", "x", "co", "y"]
  sched.gpu_blocks @result ["y"]
  sched.compute_at @sum at @result "x"
  sched.unroll @sum ["c"]
  sched.unroll @sum update 0 ["c"]
  sched.group @sum update 0 ["rc"] into "tap" by 2 over "c"
  sched.split @sum update 0 "tap" into "to", "ti" by affine_map<()[s0, s1] -> (2)> tail round_up
  sched.unroll @sum update 0 ["ti"]
  sched.reorder @sum update 0 ["c", "ti", "to", "x", "y"]
}

// CHECK: sched.table @sum.starts = dense<[0, 1, 2]> : tensor<3xi32>
// CHECK: sched.table @sum.taps = dense<{{\[\[}}0], [2], [1], [1]]> : tensor<4x1xi32>
// CHECK: sched.table @sum.packed = dense<{{\[\[}}1.000000e+00, 0.000000e+00], [2.000000e+00, 3.000000e+00], [4.000000e+00, 0.000000e+00], [0.000000e+00, 0.000000e+00]]> : tensor<4x2xf32>
// CHECK: sched.tap @sum.starts[%{{.*}}] below 3
// CHECK: sched.for "to" serial
// CHECK-NEXT: ^bb0(%[[TO:.*]]: index):
// CHECK: sched.for "ti" unrolled
// CHECK-NEXT: ^bb0(%[[TI:.*]]: index):
// CHECK: %[[TWICE:.*]] = arith.muli %[[TO]], %c2
// CHECK: %[[TAP:.*]] = arith.addi %{{.*}}, %{{.*}}
// CHECK: sched.tap @sum.taps[%[[TAP]], %{{.*}}] below 3
// CHECK: sched.load @sum.packed[%[[TAP]],

// NEST: produce sum:
// NEST:   for to:
// NEST-NEXT: unrolled ti in [0, 1]:
// NEST-NEXT: unrolled c:
// NEST-NEXT: sum(...) = ...

// All taps of all lists, two of them a step; one table serves both.
// TABLE: int [[TABLE:.*addresses]][4];
// TABLE: const int [[COUNT:.*]] = sum_starts[2] * 2;
// TABLE: for (int [[ALL:[a-z0-9]+]] = 0; [[ALL]] < [[COUNT]]; ++[[ALL]])
// TABLE-NEXT: [[TABLE]]{{\[}}[[ALL]]] = sum_taps{{\[}}[[ALL]]] * H * W;
// TABLE: for (int [[TO:[a-z0-9]+]] = sum_starts[
// TABLE-NOT: sum_taps[
// TABLE: [[TABLE]]{{\[}}{{.*}}[[TO]]
// TABLE: [[TABLE]]{{\[}}{{.*}}[[TO]]
