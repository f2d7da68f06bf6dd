// Whole rows are computed from column -1 to W, which is what the pictures of their readers need: the tiles of @out and @b,
// which go up to 63 columns further, do not add to what @a computes. Only its storage has what they touch.
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds | FileCheck %s

#picture = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #picture format f32_planar
  sched.stage @a dims ["c", "y", "x"] extents #picture : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @b dims ["c", "y", "x"] extents #picture : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %left = arith.subi %x, %one : index
    %right = arith.addi %x, %one : index
    %v = sched.read @a[%c, %y, %left] exterior constant 0.0 : f32
    %w = sched.read @a[%c, %y, %right] exterior constant 0.0 : f32
    %s = arith.addf %v, %w : f32
    sched.yield %s : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #picture : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %left = arith.subi %x, %one : index
    %right = arith.addi %x, %one : index
    %v = sched.read @b[%c, %y, %left] exterior constant 0.0 : f32
    %w = sched.read @b[%c, %y, %right] exterior constant 0.0 : f32
    %s = arith.addf %v, %w : f32
    sched.yield %s : f32
  }
}
sched.schedule @p {
  sched.compute_root @out
  sched.split @out "x" into "xo", "xi" by affine_map<()[s0, s1] -> (64)> tail guard
  sched.compute_at @b at @out "y"
  sched.split @b "x" into "xo", "xi" by affine_map<()[s0, s1] -> (64)> tail round_up
  sched.compute_at @a at @out "y"
}

// CHECK: sched.realize @a bounds(%{{.*}}, %{{.*}}, %c-2) (
// CHECK: sched.produce @a
// CHECK: %[[FIRST:.*]] = arith.constant -1 : index
// CHECK-NEXT: %[[WIDTH:.*]] = sched.size 1
// CHECK-NEXT: %[[TWO:.*]] = arith.constant 2 : index
// CHECK-NEXT: %[[COLUMNS:.*]] = arith.addi %[[WIDTH]], %[[TWO]] : index
// CHECK-NEXT: sched.required @a 2 is %[[FIRST]], %[[COLUMNS]]
