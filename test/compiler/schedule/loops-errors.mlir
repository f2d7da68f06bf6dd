// Loop nests that come from a file.
// RUN: srcc-opt %s --split-input-file --verify-diagnostics --sched-infer-bounds

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  sched.stage @f dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.loops @p_loops of @p {
  // expected-error @+1 {{names @other, which pipeline @p does not have}}
  sched.produce @other {
  }
}

// -----

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
  sched.compute_at @f at @out "y"
}
sched.loops @p_loops of @p {
  sched.produce @out {
    // expected-error @+1 {{computes @f, which has no sched.realize around it}}
    sched.produce @f {
    }
  }
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
sched.loops @p_loops of @p {
  sched.produce @out {
    %zero = arith.constant 0 : index
    // expected-error @+1 {{has 2 indices, but @in has 3 dimensions}}
    %v = sched.load @in[%zero, %zero] : f32
    sched.store %v, @out[%zero, %zero, %zero] : f32
  }
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
sched.loops @p_loops of @p {
  sched.produce @out {
    %zero = arith.constant 0 : index
    // expected-error @+1 {{loop "x" has no variable; legal: ^bb0(%i: index)}}
    sched.for "x" serial(%zero, %zero) {
      %v = sched.load @in[%zero, %zero, %zero] : f32
      sched.store %v, @out[%zero, %zero, %zero] : f32
    }
  }
}
