// A reduction over the taps whose weights are not all zero: the lists are what one counts by hand.
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds | FileCheck %s
// RUN: srcc %s --print-loop-nest | FileCheck %s --check-prefix=NEST

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
  sched.reorder @sum update 0 ["c", "tap", "x", "y"]
}

// Two groups: taps 0 and 1, tap 2. Of each tap the channel, and the weights of both filters.
// CHECK: sched.table @sum.starts = dense<[0, 2, 3]> : tensor<3xi32>
// CHECK: sched.table @sum.taps = dense<{{\[\[}}0], [2], [1]]> : tensor<3x1xi32>
// CHECK: sched.table @sum.packed = dense<{{\[\[}}1.000000e+00, 0.000000e+00], [2.000000e+00, 3.000000e+00], [4.000000e+00, 0.000000e+00]]> : tensor<3x2xf32>
// CHECK: %[[FIRST:.*]] = sched.tap @sum.starts[%[[GROUP:.*]]] below 4
// CHECK: %[[END:.*]] = sched.tap @sum.starts
// CHECK: %[[LENGTH:.*]] = arith.subi %[[END]], %[[FIRST]]
// CHECK: sched.for "tap" serial(%[[FIRST]], %[[LENGTH]])
// CHECK-NEXT: ^bb0(%[[TAP:.*]]: index):
// CHECK: %[[RC:.*]] = sched.tap @sum.taps[%[[TAP]], %{{.*}}] below 3
// CHECK: sched.load @sum.packed[%[[TAP]],
// CHECK: sched.load @in[%[[RC]],

// NEST: produce sum:
// NEST:   for tap:
// NEST-NEXT: unrolled c:
// NEST-NEXT: sum(...) = ...
