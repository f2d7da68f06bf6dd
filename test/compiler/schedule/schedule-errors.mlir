// RUN: srcc-opt %s --split-input-file --verify-diagnostics --sched-to-loops

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  // expected-error @+1 {{pipeline @p has no stage @other; it has "@out"}}
  sched.compute_root @other
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  // expected-error @+1 {{stage @out has no loop "z" here; it has "x", "y", "c", innermost first}}
  sched.vectorize @out ["z"]
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  // expected-error @+1 {{stage @out is an output, whose storage ends with the picture; legal tails: guard, shift_inwards}}
  sched.split @out "x" into "xo", "xi" by affine_map<()[s0, s1] -> (8)> tail round_up
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  // expected-error @+1 {{loop name "y" is or was taken; the loops are "x", "y", "c"}}
  sched.split @out "x" into "y", "xi" by affine_map<()[s0, s1] -> (8)>
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  // expected-error @+1 {{stage @out is an end of the pipeline: its format fixes the layout}}
  sched.store_in @out global layout ["c", "y", "x"]
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  // expected-error @+1 {{has updates and cannot be inlined; legal: compute_root, or compute_at one of its consumers}}
  sched.stage @sum dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %zero = arith.constant 0.0 : f32
    sched.yield %zero : f32
  } updates {
    sched.update ["k"] extents affine_map<()[s0, s1] -> (3)> {
    ^bb0(%c: index, %y: index, %x: index, %k: index, %self: f32):
      sched.yield %self : f32
    }
  }
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @sum[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.compute_root @out
}

// -----

// expected-error @+2 {{has no place in a pipeline, which holds inputs, tables and stages}}
sched.pipeline @p {
  %c = arith.constant 1 : index
}
