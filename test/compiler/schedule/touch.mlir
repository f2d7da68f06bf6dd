// Loop nests that come from a file: what is asked for and never read is left out, what will be written is not; a mask of all
// bits is no remainder.
// RUN: srcc-opt %s --sched-infer-bounds --sched-flatten-storage | FileCheck %s

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
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.compute_root @f
}
sched.loops @p_loops of @p {
  sched.produce @out {
    %zero = arith.constant 0 : index
    %all = arith.constant 9223372036854775807 : index
    %masked = arith.andi %zero, %all : index
    sched.touch @f[%zero, %zero, %masked]
    sched.touch @out[%zero, %zero, %zero] to_write
    %v = sched.load @in[%zero, %zero, %zero] : f32
    sched.store %v, @out[%zero, %zero, %zero] : f32
  }
}

// CHECK: gpu.func @p_out
// CHECK-NOT: memref.prefetch
// CHECK: memref.prefetch %{{.*}}, write, locality<3>, data
// CHECK-NOT: memref.prefetch
// CHECK: memref.store
