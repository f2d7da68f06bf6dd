// The work-items of a group compute together what they share: those that a loop of 4 steps has none for do nothing
// meanwhile, and all wait for each other behind it and, where a loop comes back to it, before it.
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-synchronize-threads --sched-flatten-storage | FileCheck %s
// RUN: sed -e 's/store_in @f local/store_in @f private/' %s | not srcc-opt --sched-to-loops --sched-infer-bounds --sched-synchronize-threads 2>&1 | FileCheck %s --check-prefix=PRIVATE
// PRIVATE: error: {{.*}}loop "fi" of @f cannot be gpu_threads: what is private belongs to one work-item; legal: store_in local or global
// RUN: sed -e 's/compute_at @f at @out "y"/compute_at @f at @out "xi"/' %s | not srcc-opt --sched-to-loops --sched-infer-bounds --sched-synchronize-threads 2>&1 | FileCheck %s --check-prefix=INSIDE
// INSIDE: error: {{.*}}loop "fi" of @f cannot be gpu_threads: the stage is computed inside gpu_threads loop "xi", by one work-item
// RUN: sed -e 's|^  } // of @f|  } updates {\n    sched.update ["rc"] extents affine_map<()[s0, s1] -> (1)> {\n    ^bb0(%c: index, %y: index, %x: index, %rc: index, %own: f32):\n      sched.yield %own : f32\n    }\n  }|' %s | not srcc-opt --sched-to-loops --sched-infer-bounds --sched-synchronize-threads 2>&1 | FileCheck %s --check-prefix=UPDATES
// UPDATES: error: {{.*}}loop "fi" of @f cannot be gpu_threads: only a stage without updates that is not stored at the root is computed together; legal: compute the sum at a stage that ends it

#picture = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #picture format f32_planar
  sched.stage @f dims ["c", "y", "x"] extents #picture : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  } // of @f
  sched.stage @out dims ["c", "y", "x"] extents #picture : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %left = arith.subi %x, %one : index
    %right = arith.addi %x, %one : index
    %u = sched.read @f[%c, %y, %left] exterior constant 0.0 : f32
    %v = sched.read @f[%c, %y, %right] exterior constant 0.0 : f32
    %sum = arith.addf %u, %v : f32
    sched.yield %sum : f32
  }
}
sched.schedule @p {
  sched.compute_root @out
  sched.split @out "x" into "xo", "xi" by affine_map<()[s0, s1] -> (8)>
  sched.reorder @out ["xi", "c", "y", "xo"]
  sched.gpu_blocks @out ["xo"]
  sched.gpu_threads @out ["xi"]
  sched.compute_at @f at @out "y"
  sched.store_in @f local
  sched.split @f "x" into "fx", "fi" by affine_map<()[s0, s1] -> (4)>
  sched.gpu_threads @f ["fi"]
}

// CHECK: gpu.func @p_out
// CHECK-SAME: workgroup(
// CHECK-SAME: known_block_size = array<i32: 8, 1, 1>
// CHECK: sched.for "xo" gpu_block
// CHECK: sched.for "y"
// CHECK: gpu.barrier
// CHECK: sched.for "fx"
// CHECK: sched.for "fi" gpu_thread
// CHECK: arith.cmpi slt
// CHECK: scf.if
// CHECK: memref.store
// CHECK: gpu.barrier
// CHECK: sched.for "xi" gpu_thread
// CHECK: memref.store
// CHECK-NOT: gpu.barrier
// CHECK: gpu.return
