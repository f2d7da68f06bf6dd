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
  // expected-error @+1 {{stage @out has no loop "band" here; it has "x", "y", "c", innermost first}}
  sched.store_at @f at @out "band"
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
  // expected-error @+1 {{stage @f already has a store_at}}
  sched.store_at @f at @out "c"
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  // expected-error @+1 {{has a store_at, but no compute_at}}
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
  sched.compute_root @f
  sched.store_at @f at @out "c"
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  // expected-error @+1 {{has a fold_storage, but no store_at}}
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
  sched.fold_storage @f "y" by 4
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
  // expected-error @+1 {{stage @f has no dimension "z"; it has "c", "y", "x"}}
  sched.fold_storage @f "z" by 4
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
  // expected-error @+1 {{factor must be 1 to 1024, but is 0}}
  sched.fold_storage @f "y" by 0
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  // expected-error @+1 {{is stored at @out "x", a loop that is not around the one it is computed at, @out "y"}}
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
  sched.store_at @f at @out "x"
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  // expected-error @+1 {{is computed at the root; legal memory: global}}
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
  sched.compute_root @f
  sched.store_in @f local
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
  // expected-error @+1 {{stage @sum has 1 updates, not update 1}}
  sched.group @sum update 1 ["rc"] into "tap" by 4 over "c"
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
  // expected-error @+1 {{factor must be 1 to 64, but is 65}}
  sched.group @sum update 0 ["rc"] into "tap" by 65 over "c"
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
  // expected-error @+1 {{stage @sum has no dimension "z"; it has "c", "y", "x"}}
  sched.group @sum update 0 ["rc"] into "tap" by 4 over "z"
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
  // expected-error @+1 {{needs a reduction loop}}
  sched.group @sum update 0 [] into "tap" by 4 over "c"
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
  // expected-error @+1 {{loop "y" is no serial reduction loop; legal: "rc"}}
  sched.group @sum update 0 ["y"] into "tap" by 4 over "c"
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
  // expected-error @+1 {{loop name "x" is or was taken; the loops are "rc", "x", "y", "c"}}
  sched.group @sum update 0 ["rc"] into "x" by 4 over "c"
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
  sched.group @sum update 0 ["rc"] into "tap" by 4 over "c"
  // expected-error @+1 {{update 0 of @sum has a group already}}
  sched.group @sum update 0 ["rc"] into "tap" by 4 over "c"
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
  sched.group @sum update 0 ["rc"] into "tap" by 4 over "c"
  // expected-error @+1 {{loop "tap" runs over lists of different lengths; legal: serial, unrolled}}
  sched.vectorize @sum update 0 ["tap"]
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
  sched.group @sum update 0 ["rc"] into "tap" by 4 over "c"
  // expected-error @+1 {{loop "tap" runs over lists of different lengths; legal: one split, by 2 to 16 with the tail round_up, which pads the lists}}
  sched.split @sum update 0 "tap" into "to", "ti" by affine_map<()[s0, s1] -> (2)>
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
  sched.group @sum update 0 ["rc"] into "tap" by 4 over "c"
  // expected-error @+1 {{loop "tap" runs over lists of different lengths; legal: one split, by 2 to 16}}
  sched.split @sum update 0 "tap" into "to", "ti" by affine_map<()[s0, s1] -> (17)> tail round_up
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
  sched.group @sum update 0 ["rc"] into "tap" by 4 over "c"
  sched.split @sum update 0 "tap" into "to", "ti" by affine_map<()[s0, s1] -> (4)> tail round_up
  // expected-error @+1 {{loop "ti" runs over lists of different lengths; legal: one split}}
  sched.split @sum update 0 "ti" into "tio", "tii" by affine_map<()[s0, s1] -> (2)> tail round_up
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
  sched.group @sum update 0 ["rc"] into "tap" by 4 over "c"
  sched.split @sum update 0 "tap" into "to", "ti" by affine_map<()[s0, s1] -> (4)> tail round_up
  // expected-error @+1 {{loop "ti" runs over lists of different lengths; legal: serial, unrolled}}
  sched.vectorize @sum update 0 ["ti"]
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
  sched.group @sum update 0 ["rc"] into "tap" by 4 over "c"
  sched.split @sum update 0 "tap" into "to", "ti" by affine_map<()[s0, s1] -> (4)> tail round_up
  // expected-error @+1 {{loop "to" runs over lists of different lengths; legal: serial, unrolled}}
  sched.gpu_threads @sum update 0 ["to"]
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
  sched.group @sum update 0 ["rc"] into "tap" by 4 over "c"
  sched.split @sum update 0 "tap" into "to", "ti" by affine_map<()[s0, s1] -> (4)> tail round_up
  // expected-error @+1 {{loop "ti" runs over lists of different lengths and cannot be fused}}
  sched.fuse @sum update 0 "ti", "to" into "t"
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
    // expected-error @+1 {{cannot be grouped: it is no sum of products with a table that is read at "c"}}
    sched.update ["rc"] extents affine_map<()[s0, s1] -> (3)> {
    ^bb0(%c: index, %y: index, %x: index, %rc: index, %self: f32):
      %w = sched.read @w[%c, %rc] : f32
      %v = sched.read @in[%rc, %y, %x] : f32
      %s = arith.addf %w, %v : f32
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
  sched.group @sum update 0 ["rc"] into "tap" by 4 over "c"
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
    // expected-error @+1 {{cannot be grouped: the extent of "rc" is not constant}}
    sched.update ["rc"] extents affine_map<()[s0, s1] -> (s0)> {
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
  sched.group @sum update 0 ["rc"] into "tap" by 4 over "c"
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
  sched.group @sum update 0 ["rc"] into "tap" by 4 over "c"
  // expected-error @+1 {{loop "tap" runs over lists of different lengths and cannot be fused}}
  sched.fuse @sum update 0 "tap", "x" into "ct"
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
    // expected-error @+1 {{cannot be grouped: @w is read at "x" too; legal: "c" and reduction dimensions}}
    sched.update ["rc"] extents affine_map<()[s0, s1] -> (3)> {
    ^bb0(%c: index, %y: index, %x: index, %rc: index, %self: f32):
      %w = sched.read @w[%c, %x] : f32
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
  sched.group @sum update 0 ["rc"] into "tap" by 4 over "c"
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
    // expected-error @+1 {{cannot be grouped: @w is read with an exterior value; legal: none}}
    sched.update ["rc"] extents affine_map<()[s0, s1] -> (3)> {
    ^bb0(%c: index, %y: index, %x: index, %rc: index, %self: f32):
      %w = sched.read @w[%c, %rc] exterior constant 1.0 : f32
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
  sched.group @sum update 0 ["rc"] into "tap" by 4 over "c"
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
    // expected-error @+1 {{reads @w at 1 indices, but it has 2 dimensions}}
    sched.update ["rc"] extents affine_map<()[s0, s1] -> (3)> {
    ^bb0(%c: index, %y: index, %x: index, %rc: index, %self: f32):
      %w = sched.read @w[%c] : f32
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
  sched.group @sum update 0 ["rc"] into "tap" by 4 over "c"
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
    // expected-error @+1 {{cannot be grouped: the reduction has more than 2^28 points}}
    sched.update ["rc"] extents affine_map<()[s0, s1] -> (100000000000)> {
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
  sched.group @sum update 0 ["rc"] into "tap" by 4 over "c"
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
  // expected-error @+1 {{factor must be 1 to 2^30, but is 1099511627776}}
  sched.split @sum update 0 "rc" into "ro", "ri" by affine_map<()[s0, s1] -> (1099511627776)>
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.stage @a dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    // expected-error @+1 {{reads @out, which does not stand before the stage that reads it}}
    %v = sched.read @out[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @a[%c, %y, %x] : f32
    sched.yield %v : f32
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
  sched.compute_root @f
  // expected-error @+1 {{must look 1 to 64 iterations ahead, not 0}}
  sched.prefetch @f at @out "x" by 0
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
  sched.compute_root @f
  // expected-error @+1 {{stage @out has no loop "z" here; it has "x", "y", "c", innermost first}}
  sched.prefetch @f at @out "z" by 1
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
  // expected-error @+1 {{@f has no storage in global memory; legal: a stage at the root, or store_in global}}
  sched.prefetch @f at @out "x" by 1
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
  sched.compute_root @f
  sched.gpu_blocks @out ["y"]
  // expected-error @+1 {{loop "y" of @out is not serial; legal: a serial loop}}
  sched.prefetch @f at @out "y" by 1
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
  sched.split @sum update 0 "x" into "xo", "xi" by affine_map<()[s0, s1] -> (6)>
  sched.split @sum update 0 "xi" into "xio", "xii" by affine_map<()[s0, s1] -> (3)> tail round_up
  // expected-error @+1 {{an update must not visit a point twice, and what is more than a piece is the next one's; legal tail: guard}}
  sched.split @sum update 0 "xio" into "xioo", "xioi" by affine_map<()[s0, s1] -> (4)> tail round_up
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
  // expected-error @+1 {{stage @f is already computed at @out "y"; legal: one loop of each consumer}}
  sched.compute_at @f at @out "x"
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
  sched.compute_root @f
  // expected-error @+1 {{stage @out has no loop "x" after all its directives; it has "xi", "xo", "y", "c"}}
  sched.prefetch @f at @out "x" by 1
  sched.split @out "x" into "xo", "xi" by affine_map<()[s0, s1] -> (8)>
}

// -----

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %zero = arith.constant 0.0 : f32
    sched.yield %zero : f32
  } updates {
    // expected-error @+1 {{dimension 'ky' has the extent 0; legal: 1 or more}}
    sched.update ["rc", "ky"] extents affine_map<()[s0, s1] -> (3, 0)> {
    ^bb0(%c: index, %y: index, %x: index, %rc: index, %ky: index, %sum: f32):
      sched.yield %sum : f32
    }
  }
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
  // expected-error @+1 {{takes stages inside the pipeline that are computed at the root; @out is an end of it}}
  sched.compute_with @a with @out "y"
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
  sched.compute_root @b
  // expected-error @+1 {{takes stages inside the pipeline that are computed at the root; @a is not}}
  sched.compute_with @a with @b "y"
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
  // expected-error @+1 {{computes @b where @a is; legal: a stage after @b}}
  sched.compute_with @b with @a "y"
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
  sched.split @b "y" into "yo", "yi" by affine_map<()[s0, s1] -> (8)>
  // expected-error @+1 {{loop "yo" of @b is no loop of @a at the same place; legal: the same names, splits and kinds from the outermost to "yi"}}
  sched.compute_with @a with @b "yi"
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
  // expected-error @+1 {{loop "y" of @b is no loop of @a at the same place}}
  sched.compute_with @a with @b "y"
  sched.gpu_blocks @a ["y"]
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
  // expected-error @+1 {{stage @b has no loop "z"; it has "x", "y", "c", innermost first}}
  sched.compute_with @a with @b "z"
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
  sched.compute_with @a with @b "y"
  // expected-error @+1 {{takes a stage with loops of its own; @a is computed with another already}}
  sched.compute_with @a with @b "x"
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
    %v = sched.read @a[%c, %y, %x] : f32
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
  // expected-error @+1 {{computes @a with @b, but @b reads it before that is done}}
  sched.compute_with @a with @b "y"
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
  // expected-error @+1 {{stage @a has no dimension "z"; it has "c", "y", "x"}}
  sched.bound @a "z" to affine_map<()[s0, s1] -> (0, 8)>
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
  // expected-error @+1 {{range is a minimum and an extent, expressions of s0 = H and s1 = W}}
  sched.bound @a "y" to affine_map<()[s0, s1] -> (8)>
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
  // expected-error @+1 {{extent must be at least 1, but is 0}}
  sched.bound @a "y" to affine_map<()[s0, s1] -> (0, 0)>
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
  // expected-error @+1 {{stage @out is an output: its bounds are the picture's}}
  sched.bound @out "y" to affine_map<()[s0, s1] -> (0, s0)>
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
  sched.bound @a "y" to affine_map<()[s0, s1] -> (0, s0)>
  // expected-error @+1 {{stage @a already has a bound of "y"}}
  sched.bound @a "y" to affine_map<()[s0, s1] -> (0, s0)>
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
  sched.bound @a "y" to affine_map<()[s0, s1] -> (0, s0)>
  // expected-error @+1 {{@a has a bound of "y", over which @a and @b are computed together; legal: none}}
  sched.compute_with @a with @b "y"
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
  // expected-error @+1 {{computes @a with itself}}
  sched.compute_with @a with @a "y"
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
  sched.compute_root @f
  // expected-error @+1 {{layout "x/1" needs a number of 2 to 4096 after '/'}}
  sched.store_in @f global layout ["y", "x/1", "c", "x%1"]
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
  sched.compute_root @f
  // expected-error @+1 {{layout "x%2/4" ends with "/4"; legal: d, d/N, d%N, d/N%M}}
  sched.store_in @f global layout ["y", "c", "x%2/4", "x%2"]
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
  sched.compute_root @f
  // expected-error @+1 {{layout must hold dimension "x" once, as "x", as "x/N" and "x%N", or in more parts, such as "x/8", "x/2%4" and "x%2"}}
  sched.store_in @f global layout ["y", "c", "x/8", "x/2%2", "x%2"]
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
  sched.compute_root @f
  // expected-error @+1 {{layout must hold dimension "x" once}}
  sched.store_in @f global layout ["y", "c", "x/4", "x%2"]
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
  sched.compute_root @f
  // expected-error @+1 {{layout must hold dimension "c" once}}
  sched.store_in @f global layout ["y", "x"]
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
  sched.compute_root @f
  // expected-error @+1 {{layout must hold dimension "y" once}}
  sched.store_in @f global layout ["y", "y", "c", "x"]
}
