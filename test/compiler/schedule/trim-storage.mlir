// What only tiles outside the picture would have read is not stored: @f is read at tiles of 8 columns, the first of which
// is left of the picture, since @mid is read at one column before it. Without the pass @f has memory for that tile, too.
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-partition-loops --cse | FileCheck %s --check-prefix=BEFORE
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-partition-loops --sched-trim-storage --cse | FileCheck %s

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
    %v = sched.read @f[%c, %y, %x] : f32
    %w = arith.addf %v, %v : f32
    sched.yield %w : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #picture : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %left = arith.subi %x, %one : index
    %v = sched.read @mid[%c, %y, %left] exterior constant 0.0 : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.compute_root @out
  sched.compute_root @mid
  sched.align_bounds @mid "x" to 8
  sched.split @mid "x" into "xo", "xi" by affine_map<()[s0, s1] -> (8)> tail round_up
  sched.vectorize @mid ["xi"]
  sched.compute_root @f
  sched.align_bounds @f "x" to 8
  sched.split @f "x" into "xo", "xi" by affine_map<()[s0, s1] -> (8)> tail round_up
  sched.vectorize @f ["xi"]
}

// BEFORE: %[[LEFT:c-8.*]] = arith.constant -8 : index
// BEFORE: sched.realize @f bounds(%{{.*}}, %{{.*}}, %[[LEFT]])

// CHECK: %[[WIDTH:.*]] = sched.size 1
// CHECK: %[[UP:.*]] = arith.addi %[[WIDTH]], %c7
// CHECK: %[[TILES:.*]] = arith.divui %[[UP]], %c8
// CHECK: %[[WHOLE:.*]] = arith.muli %[[TILES]], %c8
// CHECK: sched.realize @f bounds(%{{.*}}, %{{.*}}, %c0{{.*}}) (%{{.*}}, %{{.*}}, %[[WHOLE]])
// CHECK: sched.realize @mid bounds(%{{.*}}, %{{.*}}, %c-8{{.*}}) (
