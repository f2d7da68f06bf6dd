// A window that slides along a fused loop: the channel is the loop's value divided by the columns that are new (one), in
// reads of the input too, not by those of the whole window.
// RUN: srcc %s --emit=opencl | FileCheck %s

#whole = affine_map<()[s0, s1] -> (3, s0, s1)>
module attributes {sr.io = #sr.io<scale = 1, color = rgb, range = 0.0 : 1.0>} {
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  sched.stage @f dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %two = arith.constant 2 : index
    %left = arith.subi %x, %two : index
    %zero = arith.constant 0 : index
    %a = sched.read @f[%c, %y, %left] exterior constant 0.0 : f32
    %b = sched.read @f[%zero, %y, %x] exterior constant 0.0 : f32
    %s = arith.addf %a, %b : f32
    sched.yield %s : f32
  }
}
sched.schedule @p {
  sched.reorder @out ["c", "x", "y"]
  sched.compute_at @f at @out "x"
  sched.store_at @f at @out "y"
  sched.fold_storage @f "x" by 4
  sched.reorder @f ["x", "c", "y"]
  sched.fuse @f "x", "c" into "xc"
}
}

// CHECK: for (int xc = 0; xc < 3; ++xc)
// CHECK: [[AT:index[0-9]*]] = {{.*}}xc * H
// CHECK: (&in{{.*}}){{\[}}[[AT]]]
