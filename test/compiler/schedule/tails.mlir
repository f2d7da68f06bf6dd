// Pictures may be smaller than a piece: what its tail touches is stored.
// RUN: srcc-opt %s --split-input-file --sched-to-loops --sched-infer-bounds --sched-slide-window --sched-flatten-storage | FileCheck %s --check-prefixes=CHECK,ROWS

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

// Of one row, the piece begins three rows before it (stored are four: rows beyond the picture come in fours); of one
// column, it ends three behind.
// CHECK: #[[SIZE:.*]] = affine_map<()[s0, s1] -> ((s0 * ((s1 + 3) floordiv 4)) * 4 + ((s1 + 3) floordiv 4) * 16)>
// CHECK: ocl.buffer @f temp f32 elements #[[SIZE]]

// -----

// Three rows of @f are needed, one of them new. The piece of three that computes it ends two rows behind what is needed.
#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @q {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  sched.stage @g dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %above = arith.subi %y, %one : index
    %below = arith.addi %y, %one : index
    %a = sched.read @g[%c, %above, %x] exterior constant 0.0 : f32
    %b = sched.read @g[%c, %below, %x] exterior constant 0.0 : f32
    %s = arith.addf %a, %b : f32
    sched.yield %s : f32
  }
}
sched.schedule @q {
  sched.compute_at @g at @out "y"
  sched.store_at @g at @out "c"
  sched.store_in @g global
  sched.split @g "y" into "yo", "yi" by affine_map<()[s0, s1] -> (3)> tail round_up
}

// ROWS: #[[ROWS:.*]] = affine_map<()[s0, s1] -> (s0 * s1 + s1 * 4)>
// ROWS: ocl.buffer @g temp f32 elements #[[ROWS]]
