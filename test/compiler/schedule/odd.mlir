// Rows are an odd number of lines, and so is what lies between rows of neighbours: 2 channels of 2 n + 1 lines of 16
// elements, and one line more.
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-flatten-storage | FileCheck %s

#f = affine_map<()[s0, s1] -> (2, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #f format f32_planar
  sched.stage @f dims ["c", "y", "x"] extents #f : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #f : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @f[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.compute_root @f
  sched.store_in @f global layout ["y", "c", "x"] align 16 odd
}
// CHECK: #[[SIZE:.*]] = affine_map<()[s0, s1] -> (s0 * 48 + (s0 * (((s1 + 15) floordiv 16) floordiv 2)) * 64)>
// CHECK: ocl.buffer @f temp f32 elements #[[SIZE]]
