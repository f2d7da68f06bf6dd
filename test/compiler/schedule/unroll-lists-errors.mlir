// RUN: srcc-opt %s --split-input-file --verify-diagnostics --sched-to-loops --sched-infer-bounds --sched-unroll-lists

#in = affine_map<()[s0, s1] -> (3, s0, s1)>
#out = affine_map<()[s0, s1] -> (4, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #in format f32_planar
  // Filters 0 and 1 use channels 0 and 2; filter 2 channel 1; filter 3 nothing.
  sched.table @w = dense<[[1.0, 0.0, 2.0], [0.0, 0.0, 3.0], [0.0, 4.0, 0.0], [0.0, 0.0, 0.0]]> : tensor<4x3xf32>
  sched.stage @pre dims ["c", "y", "x"] extents #in : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @sum dims ["c", "y", "x"] extents #out : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %zero = arith.constant 0.0 : f32
    sched.yield %zero : f32
  } updates {
    // expected-error @+1 {{loop "tap" over a list is unrolled, and @pre is computed in it; legal: serial, or compute @pre at a loop outside}}
    sched.update ["rc"] extents affine_map<()[s0, s1] -> (3)> {
    ^bb0(%c: index, %y: index, %x: index, %rc: index, %self: f32):
      %w = sched.read @w[%c, %rc] : f32
      %v = sched.read @pre[%rc, %y, %x] : f32
      %s = math.fma %w, %v, %self : f32
      sched.yield %s : f32
    }
  }
  sched.stage @result dims ["c", "y", "x"] extents #out : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @sum[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.compute_root @result
  sched.compute_root @sum
  sched.reorder @sum update 0 ["rc", "x", "y", "c"]
  sched.group @sum update 0 ["rc"] into "tap" by 1 over "c"
  sched.unroll @sum update 0 ["tap"]
  sched.compute_at @pre at @sum "tap"
}

// -----

#in = affine_map<()[s0, s1] -> (3, s0, s1)>
#out = affine_map<()[s0, s1] -> (300, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #in format f32_planar
  // Filters 0 and 1 use channels 0 and 2; filter 2 channel 1; filter 3 nothing.
  sched.table @w = dense<1.0> : tensor<300x3xf32>
  sched.stage @sum dims ["c", "y", "x"] extents #out : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %zero = arith.constant 0.0 : f32
    sched.yield %zero : f32
  } updates {
    // expected-error @+1 {{loop "tap" over a list is unrolled, and "c" chooses the list: 300 steps; legal: constant extents, 256 lists in all}}
    sched.update ["rc"] extents affine_map<()[s0, s1] -> (3)> {
    ^bb0(%c: index, %y: index, %x: index, %rc: index, %self: f32):
      %w = sched.read @w[%c, %rc] : f32
      %v = sched.read @in[%rc, %y, %x] : f32
      %s = math.fma %w, %v, %self : f32
      sched.yield %s : f32
    }
  }
  sched.stage @result dims ["c", "y", "x"] extents #out : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @sum[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.compute_root @result
  sched.compute_root @sum
  sched.group @sum update 0 ["rc"] into "tap" by 1 over "c"
  sched.unroll @sum update 0 ["tap"]
}
