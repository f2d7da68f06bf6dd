// Three layers that differ in weights, storage and rows ahead become one loop: their weights parts of one table, the rings
// they read and write of one buffer, whose first is that of @b0.
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-slide-window --sched-fold-storage --sched-flatten-storage --sched-repeat | FileCheck %s
// RUN: srcc %s --emit=opencl | FileCheck %s --check-prefix=CODE
// RUN: srcc %s --print-loop-nest | FileCheck %s --check-prefix=NEST
// Where only some are alike, those are; the remark says why not all.
// RUN: sed -e 's/@b3\] *$/@b3] where_alike/' -e 's/fold_storage @b3 "y" by 4/fold_storage @b3 "y" by 8/' %s > %t.mlir
// RUN: srcc %t.mlir --emit=opencl --remarks=sched-repeat 2> %t.remarks | FileCheck %s --check-prefix=SOME
// RUN: FileCheck %s --check-prefix=REMARK < %t.remarks

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

// CHECK: gpu.func @p_out(%{{.*}}: memref<?xf32> {ocl.name = "in", ocl.read_only}, %[[RINGS:.*]]: memref<?xf32> {ocl.name = "b0.repeat"}, %[[WEIGHTS:.*]]: memref<?xf32> {ocl.name = "w1.repeat", ocl.read_only}, %{{.*}}: memref<?xf32> {ocl.name = "out"},
// CHECK: sched.for "repeat" serial(%c0{{.*}}, %c3
// CHECK: memref.load %[[WEIGHTS]]
// CHECK: memref.load %[[RINGS]]
// CHECK: memref.load %[[RINGS]]
// CHECK: memref.store %{{.*}}, %[[RINGS]]
// CHECK-NOT: sched.for "repeat"
// CHECK: ocl.buffer @b0.repeat temp f32
// CHECK: ocl.buffer @w1.repeat constant f32 {{.*}} : tensor<6xf32>
// CHECK: ocl.launch @kernels::@p_out {{.*}} args [@in, @b0.repeat, @w1.repeat, @out] reads [0, 2] writes [1, 3]

// 1 to 6, little-endian.
// CHECK: w1.repeat: "0x040000000000803F0000004000004040000080400000A0400000C040"

// The first is three rows ahead, the second two.
// CODE: for (int repeat = 0; repeat < 3; ++repeat)
// CODE: row + y - repeat + 3
// CODE: w1_repeat

// NEST: produce b1 (repeat 0 of 3):
// NEST: produce b2 (repeat 1 of 3):
// NEST: produce b3 (repeat 2 of 3):

// SOME: for (int repeat = 0; repeat < 2; ++repeat)
// REMARK: 2 of 3 stages from b1 on are one loop
