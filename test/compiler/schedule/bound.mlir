// A bound names the range over which a dimension is computed: a stage with one row more than is asked for.
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds | FileCheck %s

#map = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #map format f32_planar
  sched.stage @f dims ["c", "y", "x"] extents #map : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #map : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @f[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.split @out "x" into "xo", "xi" by affine_map<()[s0, s1] -> (8)>
  // Where the last tile of @out ends depends on W; without the bound the extent of "c" alone is constant.
  sched.compute_at @f at @out "xo"
  sched.bound @f "c" to affine_map<()[s0, s1] -> (0, 4)>
}

// CHECK: sched.for "xo"
// CHECK: sched.realize @f bounds(%[[MIN:[a-z0-9_]*]], {{.*}}) (%[[EXTENT:[a-z0-9_]*]],
// CHECK: sched.produce @f
// CHECK: %[[C:.*]] = arith.constant 0 : index
// CHECK-NEXT: %[[N:.*]] = arith.constant 4 : index
// CHECK-NEXT: sched.required @f 0 is %[[C]], %[[N]]
