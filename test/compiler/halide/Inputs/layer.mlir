sched.pipeline @layer {
  sched.input @in dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (3, s0, s1)> format f32_planar
  sched.table @w = dense<1.0> : tensor<4x3x3xf32>
  sched.stage @pre dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (3, s0, s1)> : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    %w = arith.addf %v, %v : f32
    sched.yield %w : f32
  }
  sched.stage @sum dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (4, s0, s1)> : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %zero = arith.constant 0.0 : f32
    sched.yield %zero : f32
  } updates {
    sched.update ["rc", "ky"] extents affine_map<()[s0, s1] -> (3, 3)> {
    ^bb0(%c: index, %y: index, %x: index, %rc: index, %ky: index, %self: f32):
      %one = arith.constant 1 : index
      %a = arith.addi %y, %ky : index
      %row = arith.subi %a, %one : index
      %w = sched.read @w[%c, %rc, %ky] : f32
      %v = sched.read @pre[%rc, %row, %x] exterior constant 0.0 : f32
      %s = math.fma %w, %v, %self : f32
      sched.yield %s : f32
    }
  }
  sched.stage @out dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (4, s0, s1)> : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @sum[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
