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
    %zero = arith.constant 0 : index
    // expected-error @+1 {{reads @f, which has no sched.realize around it}}
    %v = sched.load @f[%zero, %zero, %zero] : f32
    sched.realize @f
    sched.store %v, @out[%zero, %zero, %zero] : f32
  }
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  sched.table @w = dense<1.0> : tensor<2x2xf32>
  sched.table @taps = dense<0> : tensor<2x2xi32>
  sched.table @starts = dense<[0, 2]> : tensor<2xi32>
  sched.table @beyond = dense<[0, 3]> : tensor<2xi32>
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.loops @p_loops of @p {
  sched.produce @out {
    %zero = arith.constant 0 : index
    %two = arith.constant 2 : index
    // expected-error @+1 {{@w is no table of integers with 2 dimensions}}
    %t = sched.tap @w[%zero, %zero] below 1
    %v = sched.load @in[%zero, %zero, %t] : f32
    sched.store %v, @out[%zero, %zero, %zero] : f32
  }
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  sched.table @w = dense<1.0> : tensor<2x2xf32>
  sched.table @taps = dense<0> : tensor<2x2xi32>
  sched.table @starts = dense<[0, 2]> : tensor<2xi32>
  sched.table @beyond = dense<[0, 3]> : tensor<2xi32>
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.loops @p_loops of @p {
  sched.produce @out {
    %zero = arith.constant 0 : index
    %two = arith.constant 2 : index
    // expected-error @+1 {{@starts is no table of integers with 2 dimensions}}
    %t = sched.tap @starts[%zero, %zero] below 1
    %v = sched.load @in[%zero, %zero, %t] : f32
    sched.store %v, @out[%zero, %zero, %zero] : f32
  }
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  sched.table @w = dense<1.0> : tensor<2x2xf32>
  sched.table @taps = dense<0> : tensor<2x2xi32>
  sched.table @starts = dense<[0, 2]> : tensor<2xi32>
  sched.table @beyond = dense<[0, 3]> : tensor<2xi32>
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.loops @p_loops of @p {
  sched.produce @out {
    %zero = arith.constant 0 : index
    %two = arith.constant 2 : index
    // expected-error @+1 {{@w is no table of the places where lists start}}
    %t = sched.tap @taps[%zero, %zero] below 1 lists @w
    %v = sched.load @in[%zero, %zero, %t] : f32
    sched.store %v, @out[%zero, %zero, %zero] : f32
  }
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  sched.table @w = dense<1.0> : tensor<2x2xf32>
  sched.table @taps = dense<0> : tensor<2x2xi32>
  sched.table @starts = dense<[0, 2]> : tensor<2xi32>
  sched.table @beyond = dense<[0, 3]> : tensor<2xi32>
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.loops @p_loops of @p {
  sched.produce @out {
    %zero = arith.constant 0 : index
    %two = arith.constant 2 : index
    // expected-error @+1 {{with lists takes a tap and a constant column of @taps}}
    %t = sched.tap @taps[%zero, %two] below 1 lists @starts
    %v = sched.load @in[%zero, %zero, %t] : f32
    sched.store %v, @out[%zero, %zero, %zero] : f32
  }
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  sched.table @w = dense<1.0> : tensor<2x2xf32>
  sched.table @taps = dense<0> : tensor<2x2xi32>
  sched.table @starts = dense<[0, 2]> : tensor<2xi32>
  sched.table @beyond = dense<[0, 3]> : tensor<2xi32>
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.loops @p_loops of @p {
  sched.produce @out {
    %zero = arith.constant 0 : index
    %two = arith.constant 2 : index
    // expected-error @+1 {{@beyond has a place beyond the 2 taps of @taps}}
    %t = sched.tap @taps[%zero, %zero] below 1 lists @beyond
    %v = sched.load @in[%zero, %zero, %t] : f32
    sched.store %v, @out[%zero, %zero, %zero] : f32
  }
}
