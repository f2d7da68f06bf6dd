// The inner loop's value is a remainder, which is never negative: an output may be written at it.
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds | FileCheck %s

#whole = affine_map<()[s0, s1] -> (3, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.split @out "x" into "xo", "xi" by affine_map<()[s0, s1] -> (12)>
  sched.reorder @out ["xo", "xi", "c", "y"]
  sched.fuse @out "xi", "c" into "xic"
}

// CHECK: sched.for "xic" serial
// CHECK: sched.for "xo"
// CHECK: sched.store %{{.*}}, @out[{{.*}}] if

// Of a loop whose extent is not constant too: the remainder is below 3 wherever the loop ends.
sched.pipeline @q {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @q {
  sched.reorder @out ["c", "y", "x"]
  sched.fuse @out "c", "y" into "yc"
}
// CHECK: sched.produce @out
// CHECK: sched.for "yc" serial
// CHECK: sched.store %{{.*}}, @out[
// CHECK-NOT: if
