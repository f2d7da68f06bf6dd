// Channels that a layout holds together are one vector: of a stage and of a table, where the loop over them begins at a
// multiple of the vector.
// RUN: srcc %s --emit=opencl | FileCheck %s

#f = affine_map<()[s0, s1] -> (8, s0, s1)>
#in = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #in format f32_planar
  sched.table @t = dense<[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]> : tensor<8xf32>
  sched.stage @f dims ["c", "y", "x"] extents #f : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %zero = arith.constant 0 : index
    %v = sched.read @in[%zero, %y, %x] : f32
    %w = sched.read @t[%c] : f32
    %s = arith.mulf %v, %w : f32
    sched.yield %s : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #in : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @f[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.compute_root @f
  sched.store_in @t global layout ["d0/4", "d0%4"]
  sched.store_in @f global layout ["c/4", "y", "x", "c%4"]
  sched.split @f "c" into "co", "ci" by affine_map<()[s0, s1] -> (4)>
  sched.reorder @f ["ci", "x", "y", "co"]
  sched.vectorize @f ["ci"]
}
// CHECK: *(global float4 *)(&f[{{.*}}) = (&in[{{.*}}])[x] * *(global const float4
