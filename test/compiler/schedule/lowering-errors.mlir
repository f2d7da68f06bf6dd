// RUN: srcc-opt %s --split-input-file --verify-diagnostics --sched-to-loops --sched-infer-bounds --sched-slide-window --sched-fold-storage --sched-flatten-storage

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  // expected-error @+1 {{has 3 elements of "y" alive at once, but is folded by 2; legal: a factor of at least that}}
  sched.stage @f dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %above = arith.subi %y, %one : index
    %below = arith.addi %y, %one : index
    %a = sched.read @f[%c, %above, %x] exterior constant 0.0 : f32
    %b = sched.read @f[%c, %below, %x] exterior constant 0.0 : f32
    %s = arith.addf %a, %b : f32
    sched.yield %s : f32
  }
}
sched.schedule @p {
  sched.compute_at @f at @out "y"
  sched.store_at @f at @out "c"
  sched.fold_storage @f "y" by 2
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  // expected-error @+1 {{slides along loop "y", which is gpu_block; legal: serial}}
  sched.stage @f dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %above = arith.subi %y, %one : index
    %below = arith.addi %y, %one : index
    %a = sched.read @f[%c, %above, %x] exterior constant 0.0 : f32
    %b = sched.read @f[%c, %below, %x] exterior constant 0.0 : f32
    %s = arith.addf %a, %b : f32
    sched.yield %s : f32
  }
}
sched.schedule @p {
  sched.gpu_blocks @out ["y"]
  sched.compute_at @f at @out "y"
  sched.store_at @f at @out "c"
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  // expected-error @+1 {{storage of @f in global memory belongs to a work-group; legal: store_at a loop inside all gpu_blocks loops}}
  sched.stage @f dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %above = arith.subi %y, %one : index
    %below = arith.addi %y, %one : index
    %a = sched.read @f[%c, %above, %x] exterior constant 0.0 : f32
    %b = sched.read @f[%c, %below, %x] exterior constant 0.0 : f32
    %s = arith.addf %a, %b : f32
    sched.yield %s : f32
  }
}
sched.schedule @p {
  sched.gpu_blocks @out ["x"]
  sched.compute_at @f at @out "y"
  sched.store_at @f at @out "c"
  sched.store_in @f global
}

// -----

#whole = affine_map<()[s0, s1] -> (4, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  sched.table @w = dense<1.0> : tensor<4x3xf32>
  sched.stage @sum dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %zero = arith.constant 0.0 : f32
    sched.yield %zero : f32
  } updates {
    // expected-error @+1 {{a list of taps serves 2 points, but the loops inside it cover}}
    sched.update ["rc"] extents affine_map<()[s0, s1] -> (3)> {
    ^bb0(%c: index, %y: index, %x: index, %rc: index, %self: f32):
      %w = sched.read @w[%c, %rc] : f32
      %v = sched.read @in[%rc, %y, %x] : f32
      %s = math.fma %w, %v, %self : f32
      sched.yield %s : f32
    }
  }
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @sum[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.compute_root @sum
  sched.group @sum update 0 ["rc"] into "tap" by 2 over "c"
  sched.reorder @sum update 0 ["c", "tap", "x", "y"]
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  // expected-error @+1 {{cannot slide along loop "y": the region of @f must move in one dimension}}
  sched.stage @f dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %above = arith.subi %y, %one : index
    %below = arith.muli %y, %y : index
    %a = sched.read @f[%c, %above, %x] exterior constant 0.0 : f32
    %b = sched.read @f[%c, %below, %x] exterior constant 0.0 : f32
    %s = arith.addf %a, %b : f32
    sched.yield %s : f32
  }
}
sched.schedule @p {
  sched.compute_at @f at @out "y"
  sched.store_at @f at @out "c"
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  // expected-error @+1 {{storage of @f inside gpu_threads loop "xt" belongs to one work-item; legal: private, or store_at a loop around it}}
  sched.stage @f dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %above = arith.subi %y, %one : index
    %below = arith.addi %y, %one : index
    %a = sched.read @f[%c, %y, %x] exterior constant 0.0 : f32
    %b = sched.read @f[%c, %y, %x] exterior constant 0.0 : f32
    %s = arith.addf %a, %b : f32
    sched.yield %s : f32
  }
}
sched.schedule @p {
  sched.split @out "x" into "xb", "xt" by affine_map<()[s0, s1] -> (16)>
  sched.gpu_threads @out ["xt"]
  sched.compute_at @f at @out "xt"
  sched.store_in @f local
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  // expected-error @+1 {{has 6 elements of "y" alive at once, but is folded by 4}}
  sched.stage @f dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %above = arith.subi %y, %one : index
    %below = arith.addi %y, %one : index
    %a = sched.read @f[%c, %above, %x] exterior constant 0.0 : f32
    %b = sched.read @f[%c, %below, %x] exterior constant 0.0 : f32
    %s = arith.addf %a, %b : f32
    sched.yield %s : f32
  }
}
sched.schedule @p {
  sched.compute_at @f at @out "y"
  sched.store_at @f at @out "c"
  sched.fold_storage @f "y" by 4
  sched.split @f "y" into "yo", "yi" by affine_map<()[s0, s1] -> (4)> tail round_up
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  // expected-error @+1 {{@b is computed ahead along loop "y" and reads @a, which each iteration computes for itself; legal: store_at for @a too}}
  sched.stage @a dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @b dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @a[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %above = arith.subi %y, %one : index
    %a = sched.read @b[%c, %above, %x] exterior constant 0.0 : f32
    %b = sched.read @b[%c, %y, %x] exterior constant 0.0 : f32
    %s = arith.addf %a, %b : f32
    sched.yield %s : f32
  }
}
sched.schedule @p {
  sched.compute_at @a at @out "y"
  sched.compute_at @b at @out "y"
  sched.store_at @b at @out "c"
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  // expected-error @+1 {{may write outside the output @out in dimension "x": an extent may be smaller than the factor; legal tail: guard}}
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.split @out "y" into "yo", "yi" by affine_map<()[s0, s1] -> (2)>
  sched.unroll @out ["yi"]
  sched.split @out "x" into "xo", "xi" by affine_map<()[s0, s1] -> (4)> tail shift_inwards
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  // expected-error @+1 {{computes pieces of @f that start before what is new; legal tails: guard, round_up}}
  sched.stage @f dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %above = arith.subi %y, %one : index
    %below = arith.addi %y, %one : index
    %a = sched.read @f[%c, %above, %x] exterior constant 0.0 : f32
    %b = sched.read @f[%c, %below, %x] exterior constant 0.0 : f32
    %s = arith.addf %a, %b : f32
    sched.yield %s : f32
  }
}
sched.schedule @p {
  sched.compute_at @f at @out "y"
  sched.store_at @f at @out "c"
  sched.split @f "y" into "yo", "yi" by affine_map<()[s0, s1] -> (3)> tail shift_inwards
}

// -----

#whole = affine_map<()[s0, s1] -> (3, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  sched.stage @g dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    %w = arith.addf %v, %v : f32
    sched.yield %w : f32
  }
  // expected-error @+1 {{slides along loop "x" in pieces, and others are computed inside @f; legal: no split or fuse of the dimension along which it slides}}
  sched.stage @f dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @g[%c, %y, %x] : f32
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
  sched.fold_storage @f "x" by 8
  sched.split @f "x" into "xo", "xi" by affine_map<()[s0, s1] -> (2)> tail round_up
  sched.reorder @f ["c", "xi", "xo", "y"]
  sched.compute_at @g at @f "xo"
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  // expected-error @+1 {{cannot bound what is touched of @f in dimension "x": min(0, -1*H + W) to -1 + W; legal: constant factors, or tail guard}}
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
  sched.split @f "x" into "xo", "xi" by affine_map<()[s0, s1] -> (s0)> tail shift_inwards
}

// -----

#whole = affine_map<()[s0, s1] -> (3, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  // expected-error @+1 {{cannot bound what is touched of @f here; legal: fused loops of constant extent, or compute_root}}
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
  sched.split @out "y" into "yo", "yi" by affine_map<()[s0, s1] -> (10)>
  sched.reorder @out ["yi", "x", "yo", "c"]
  sched.compute_at @f at @out "x"
  sched.store_in @f global
  sched.split @f "y" into "yo", "yi" by affine_map<()[s0, s1] -> (2)> tail round_up
  sched.reorder @f ["yi", "x", "yo", "c"]
  sched.reorder @f ["yi", "yo", "c", "x"]
  sched.fuse @f "yo", "c" into "yoc"
}

// -----

// Both @g and @out compute @f for themselves, in one kernel.
#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  // expected-error @+1 {{storage of @f in global memory is needed at two places of the kernel of @out; legal: private, or store_at one loop around both}}
  sched.stage @f dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @g dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @f[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %a = sched.read @f[%c, %y, %x] : f32
    %b = sched.read @g[%c, %y, %x] : f32
    %s = arith.addf %a, %b : f32
    sched.yield %s : f32
  }
}
sched.schedule @p {
  sched.gpu_blocks @out ["y"]
  sched.compute_at @g at @out "x"
  sched.compute_at @f at @out "x"
  sched.compute_at @f at @g "x"
  sched.store_in @f global
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  sched.stage @a dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @b dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @a[%c, %y, %x] : f32
    %w = sched.read @b[%c, %y, %x] : f32
    %s = arith.addf %v, %w : f32
    sched.yield %s : f32
  }
}
sched.schedule @p {
  sched.compute_root @a
  sched.compute_root @b
  // expected-error @+1 {{stage @a is computed from 1 to H of "y", but 0 to -1 + H is asked for}}
  sched.bound @a "y" to affine_map<()[s0, s1] -> (1, s0)>
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  // expected-error @+1 {{slides along loop "yo" by 3 and keeps 2 elements, so that it would start before what is stored and read; legal: a step that divides what is kept, no store_at, or compute_at another loop}}
  sched.stage @f dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @g dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %above = arith.subi %y, %one : index
    %below = arith.addi %y, %one : index
    %a = sched.read @f[%c, %above, %x] exterior constant 0.0 : f32
    %b = sched.read @f[%c, %below, %x] exterior constant 0.0 : f32
    %s = arith.addf %a, %b : f32
    sched.yield %s : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @g[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.compute_root @g
  sched.split @g "y" into "yo", "yi" by affine_map<()[s0, s1] -> (3)> tail round_up
  sched.reorder @g ["yi", "x", "yo", "c"]
  sched.compute_at @f at @g "yo"
  sched.store_at @f at @g "c"
}
