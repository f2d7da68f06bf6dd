// A stage that two kernels compute for themselves, in scratch: there is enough for one work-group and for H.
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-flatten-storage | FileCheck %s

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  sched.stage @f dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @one dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @f[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @two dims ["c", "y", "x"] extents #whole : i8 output u8_interleaved pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @f[%c, %y, %x] : f32
    %u = arith.fptoui %v : f32 to i8
    sched.yield %u : i8
  }
}
sched.schedule @p {
  sched.gpu_blocks @two ["y"]
  sched.compute_at @f at @one "y"
  sched.compute_at @f at @two "y"
  sched.store_in @f global
}

// CHECK: #[[ALL:.*]] = affine_map<()[s0, s1] -> (s0 * s1 + s1)>
// CHECK: ocl.buffer @f temp f32 elements #[[ALL]]
