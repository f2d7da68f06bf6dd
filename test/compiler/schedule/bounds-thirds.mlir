// What tiles of 80 touch of @f, of which they read a third, is no less than all of it: floor(2n/3) + 26n >= W for
// n = ceil(3W/80) follows only if floors are bounded as fractions. Else the size is a maximum, which no buffer has.
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-flatten-storage | FileCheck %s

#picture = affine_map<()[s0, s1] -> (1, s0, s1)>
#wide = affine_map<()[s0, s1] -> (1, s0, s1 * 3)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #picture format f32_planar
  sched.stage @f dims ["c", "y", "x"] extents #picture : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @g dims ["c", "y", "x"] extents #wide : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %three = arith.constant 3 : index
    %third = arith.floordivsi %x, %three : index
    %v = sched.read @f[%c, %y, %third] : f32
    sched.yield %v : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #wide : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @g[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.compute_root @f
  sched.compute_root @g
  sched.split @g "x" into "xo", "xi" by affine_map<()[s0, s1] -> (80)> tail round_up
  sched.compute_root @out
}

// CHECK-DAG: #[[SIZE:.*]] = affine_map<()[s0, s1] -> ({{.*}}floordiv 80{{.*}}floordiv 3{{.*}})>
// CHECK: ocl.buffer @f{{ *}}temp f32 elements #[[SIZE]]
