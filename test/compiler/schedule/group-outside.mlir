// Points before the first and after the last of a stage have empty lists: a reader that clamps its channel asks for a hull
// that may lie outside, and kernels read where those lists start.
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-flatten-storage | FileCheck %s

#in = affine_map<()[s0, s1] -> (3, s0, s1)>
#out = affine_map<()[s0, s1] -> (4, s0, s1)>
#twice = affine_map<()[s0, s1] -> (8, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #in format f32_planar
  sched.table @w = dense<[[1.0, 0.0, 2.0], [0.0, 0.0, 3.0], [0.0, 4.0, 0.0], [5.0, 0.0, 0.0]]> : tensor<4x3xf32>
  sched.stage @sum dims ["c", "y", "x"] extents #out : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %zero = arith.constant 0.0 : f32
    sched.yield %zero : f32
  } updates {
    sched.update ["rc"] extents affine_map<()[s0, s1] -> (3)> {
    ^bb0(%c: index, %y: index, %x: index, %rc: index, %self: f32):
      %w = sched.read @w[%c, %rc] : f32
      %v = sched.read @in[%rc, %y, %x] : f32
      %s = math.fma %w, %v, %self : f32
      sched.yield %s : f32
    }
  }
  sched.stage @twice dims ["c", "y", "x"] extents #twice : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %three = arith.constant 3 : index
    %four = arith.constant 4 : index
    %zero = arith.constant 0 : index
    %low = arith.minsi %c, %three : index
    %second = arith.subi %c, %four : index
    %high = arith.maxsi %second, %zero : index
    %v = sched.read @sum[%low, %y, %x] : f32
    %w = sched.read @sum[%high, %y, %x] : f32
    %first = arith.cmpi slt, %c, %four : index
    %s = arith.select %first, %v, %w : f32
    sched.yield %s : f32
  }
}
sched.schedule @p {
  sched.compute_root @twice
  sched.reorder @twice ["x", "y", "c"]
  sched.compute_at @sum at @twice "x"
  sched.group @sum update 0 ["rc"] into "tap" by 1 over "c"
}

// CHECK: ocl.buffer @sum.starts {{.*}} dense<[0, 0, {{[0, ]*}}2, 3, 4, 5, 5{{[5, ]*}}]> : tensor<{{[0-9]+}}xi32>
