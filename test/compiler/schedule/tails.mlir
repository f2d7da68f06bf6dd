// Pictures may be smaller than a piece: what its tail touches is stored.
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-flatten-storage | FileCheck %s

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  sched.stage @f dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @f[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.compute_root @f
  sched.split @f "y" into "yo", "yi" by affine_map<()[s0, s1] -> (4)> tail shift_inwards
  sched.split @f "x" into "xo", "xi" by affine_map<()[s0, s1] -> (4)> tail round_up
}

// Of one row, the piece begins three rows before it; of one column, it ends three behind.
// CHECK: #[[SIZE:.*]] = affine_map<()[s0, s1] -> ((s0 * ((s1 + 3) floordiv 4)) * 4 + ((s1 + 3) floordiv 4) * 12)>
// CHECK: ocl.buffer @f temp f32 elements #[[SIZE]]
