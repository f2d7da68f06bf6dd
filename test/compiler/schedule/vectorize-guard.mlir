// A guarded vector is stored whole where the guard holds for all of its lanes, else lane by lane.
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-flatten-storage --sched-vectorize-loops | FileCheck %s

#picture = affine_map<()[s0, s1] -> (2, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #picture format f32_planar
  sched.stage @out dims ["c", "y", "x"] extents #picture : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %zero = arith.constant 0 : index
    %v = sched.read @in[%c, %y, %zero] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.split @out "x" into "xo", "xi" by affine_map<()[s0, s1] -> (4)> tail guard
  sched.vectorize @out ["xi"]
}

// CHECK: memref.load
// CHECK: %[[THREE:.*]] = arith.constant 3 : index
// CHECK: %[[LAST:.*]] = arith.addi %{{.*}}, %[[THREE]] : index
// CHECK: %[[WHOLE:.*]] = arith.cmpi slt, %[[LAST]], %{{.*}} : index
// CHECK: scf.if %[[WHOLE]] {
// CHECK-NOT: scf.if
// CHECK: vector.store
// CHECK: } else {
// CHECK-COUNT-4: memref.store
// CHECK-NOT: memref.store
