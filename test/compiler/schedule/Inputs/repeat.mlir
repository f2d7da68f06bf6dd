// Three layers in one kernel, alike but for weights, storage and rows ahead.
#picture = affine_map<()[s0, s1] -> (2, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #picture format f32_planar
  sched.table @w1 = dense<[1.0, 2.0]> : tensor<2xf32>
  sched.table @w2 = dense<[3.0, 4.0]> : tensor<2xf32>
  sched.table @w3 = dense<[5.0, 6.0]> : tensor<2xf32>
  sched.stage @b0 dims ["c", "y", "x"] extents #picture : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @b1 dims ["c", "y", "x"] extents #picture : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %above = arith.subi %y, %one : index
    %below = arith.addi %y, %one : index
    %w = sched.read @w1[%c] : f32
    %a = sched.read @b0[%c, %above, %x] exterior constant 0.0 : f32
    %b = sched.read @b0[%c, %below, %x] exterior constant 0.0 : f32
    %ab = arith.addf %a, %b : f32
    %s = arith.mulf %ab, %w : f32
    sched.yield %s : f32
  }
  sched.stage @b2 dims ["c", "y", "x"] extents #picture : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %above = arith.subi %y, %one : index
    %below = arith.addi %y, %one : index
    %w = sched.read @w2[%c] : f32
    %a = sched.read @b1[%c, %above, %x] exterior constant 0.0 : f32
    %b = sched.read @b1[%c, %below, %x] exterior constant 0.0 : f32
    %ab = arith.addf %a, %b : f32
    %s = arith.mulf %ab, %w : f32
    sched.yield %s : f32
  }
  sched.stage @b3 dims ["c", "y", "x"] extents #picture : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %above = arith.subi %y, %one : index
    %below = arith.addi %y, %one : index
    %w = sched.read @w3[%c] : f32
    %a = sched.read @b2[%c, %above, %x] exterior constant 0.0 : f32
    %b = sched.read @b2[%c, %below, %x] exterior constant 0.0 : f32
    %ab = arith.addf %a, %b : f32
    %s = arith.mulf %ab, %w : f32
    sched.yield %s : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #picture : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %above = arith.subi %y, %one : index
    %below = arith.addi %y, %one : index
    %w = sched.read @w1[%c] : f32
    %a = sched.read @b3[%c, %above, %x] exterior constant 0.0 : f32
    %b = sched.read @b3[%c, %below, %x] exterior constant 0.0 : f32
    %ab = arith.addf %a, %b : f32
    %s = arith.mulf %ab, %w : f32
    sched.yield %s : f32
  }
}
sched.schedule @p {
  sched.compute_root @out
  sched.split @out "y" into "band", "row" by affine_map<()[s0, s1] -> (16)> tail guard
  sched.reorder @out ["x", "c", "row", "band"]
  sched.compute_at @b0 at @out "row"
  sched.store_at @b0 at @out "band"
  sched.fold_storage @b0 "y" by 4
  sched.store_in @b0 global
  sched.compute_at @b1 at @out "row"
  sched.store_at @b1 at @out "band"
  sched.fold_storage @b1 "y" by 4
  sched.store_in @b1 global
  sched.compute_at @b2 at @out "row"
  sched.store_at @b2 at @out "band"
  sched.fold_storage @b2 "y" by 4
  sched.store_in @b2 global
  sched.compute_at @b3 at @out "row"
  sched.store_at @b3 at @out "band"
  sched.fold_storage @b3 "y" by 4
  sched.store_in @b3 global
  sched.repeat [@b1, @b2, @b3]
}
