// A tile outside the picture still computes what slides through it into storage around the loop: row -1 of @out touches
// no picture, but row 0 reads rows of @f that slide in there.
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-slide-window --sched-fold-storage --sched-partition-loops | FileCheck %s

#picture = affine_map<()[s0, s1] -> (2, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #picture format f32_planar
  sched.stage @f dims ["c", "y", "x"] extents #picture : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @mid dims ["c", "y", "x"] extents #picture : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %below = arith.addi %y, %one : index
    %above = arith.subi %y, %one : index
    %v = sched.read @f[%c, %below, %x] exterior constant 0.0 : f32
    %w = sched.read @f[%c, %above, %x] exterior constant 0.0 : f32
    %sum = arith.addf %v, %w : f32
    sched.yield %sum : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #picture : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %above = arith.subi %y, %one : index
    %v = sched.read @mid[%c, %above, %x] exterior constant 0.0 : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.compute_root @out
  sched.compute_root @mid
  sched.split @mid "x" into "xo", "xi" by affine_map<()[s0, s1] -> (2)> tail round_up
  sched.vectorize @mid ["xi"]
  sched.reorder @mid ["xi", "y", "c", "xo"]
  sched.compute_at @f at @mid "y"
  sched.store_at @f at @mid "xo"
  sched.fold_storage @f "y" by 4
}

// CHECK: sched.produce @mid
// CHECK: sched.for "xo"
// CHECK: sched.realize @f
// CHECK: sched.for "y"
// CHECK: scf.if
// CHECK: sched.produce @f
// CHECK: } else {
// CHECK: sched.produce @f
// CHECK: sched.load @in
// CHECK: arith.select
// CHECK: sched.store %{{.*}}, @f
// CHECK: sched.store %{{.*}}, @mid
