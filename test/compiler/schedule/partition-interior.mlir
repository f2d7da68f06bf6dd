// Where a stage that stores what lies around the picture reads an input, tiles wholly inside keep no index in bounds.
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-partition-loops | FileCheck %s

#picture = affine_map<()[s0, s1] -> (2, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #picture format f32_planar
  sched.stage @f dims ["c", "y", "x"] extents #picture : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  // A column more than the input has: inside the stage is not inside the input.
  sched.stage @wide dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (2, s0, s1 + 1)> : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] exterior constant 0.0 : f32
    sched.yield %v : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #picture : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %right = arith.addi %x, %one : index
    %v = sched.read @f[%c, %y, %right] exterior constant 0.0 : f32
    %w = sched.read @wide[%c, %y, %right] exterior constant 0.0 : f32
    %sum = arith.addf %v, %w : f32
    sched.yield %sum : f32
  }
}
sched.schedule @p {
  sched.compute_root @f
  sched.split @f "x" into "xo", "xi" by affine_map<()[s0, s1] -> (4)> tail round_up
  sched.vectorize @f ["xi"]
  sched.compute_root @wide
  sched.split @wide "x" into "xo", "xi" by affine_map<()[s0, s1] -> (4)> tail round_up
  sched.vectorize @wide ["xi"]
}

// Somewhere inside, wholly inside.
// CHECK-LABEL: sched.produce @f
// CHECK: scf.if
// CHECK: scf.if
// CHECK: sched.for "xi"
// CHECK-NOT: arith.minsi
// CHECK-NOT: arith.select
// CHECK: } else {
// CHECK: arith.minsi
// CHECK: arith.select
// CHECK: sched.store %{{.*}}, @f
// CHECK-LABEL: sched.produce @wide
// CHECK-NOT: sched.load
// CHECK: arith.minsi
// CHECK: sched.load @in
// CHECK-LABEL: sched.produce @out
