// Channels in other numbers: c / 4 and c mod 4 vanish from the first's addresses, and must not from the second's.
// RUN: not srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-flatten-storage --sched-repeat 2>&1 | FileCheck %s
// Without packing the addresses are alike; the loop over channels is as long as each iteration needs.
// RUN: sed 's/, "c.4", "x", "c%4"/, "c", "x"/' %s > %t.mlir
// RUN: srcc-opt %t.mlir --sched-to-loops --sched-infer-bounds --sched-flatten-storage --sched-repeat 2>&1 | FileCheck %s --check-prefix=PLANAR

#c4 = affine_map<()[s0, s1] -> (4, s0, 16)>
#c8 = affine_map<()[s0, s1] -> (8, s0, 16)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #c8 format f32_planar
  sched.stage @b1 dims ["c", "y", "x"] extents #c4 : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %a = sched.read @in[%c, %y, %x] : f32
    sched.yield %a : f32
  }
  sched.stage @b2 dims ["c", "y", "x"] extents #c8 : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %a = sched.read @in[%c, %y, %x] : f32
    sched.yield %a : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #c8 : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %three = arith.constant 3 : index
    %l = arith.minsi %c, %three : index
    %a = sched.read @b1[%l, %y, %x] : f32
    %b = sched.read @b2[%c, %y, %x] : f32
    %ab = arith.addf %a, %b : f32
    sched.yield %ab : f32
  }
}
sched.schedule @p {
  sched.compute_root @out
  sched.split @out "x" into "xo", "xi" by affine_map<()[s0, s1] -> (8)> tail shift_inwards
  sched.reorder @out ["xi", "c", "xo", "y"]
  sched.compute_at @b1 at @out "xo"
  sched.store_in @b1 global layout ["y", "c/4", "x", "c%4"]
  sched.compute_at @b2 at @out "xo"
  sched.store_in @b2 global layout ["y", "c/4", "x", "c%4"]
  sched.repeat [@b1, @b2]
}

// CHECK: repeat of @b1: an index of memref.store is none of their number
// PLANAR: sched.for "repeat"
// PLANAR: %[[MORE:.*]] = arith.muli %{{.*}}, %c4
// PLANAR: %[[CHANNELS:.*]] = arith.addi %[[MORE]], %c4
// PLANAR: sched.for "c"{{ *}}serial(%{{.*}}, %[[CHANNELS]])
