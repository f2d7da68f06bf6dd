// Two stages that share loops are one kernel; what both read is computed once for both.
// RUN: srcc %s --print-loop-nest | FileCheck %s --check-prefix=NEST
// RUN: srcc %s --emit=opencl | FileCheck %s
// The innermost loop that is shared may be one of the grid.
// RUN: sed 's/@b "c"/@b "y"/' %s > %t.mlir && srcc %t.mlir --emit=opencl | FileCheck %s
// What both are computed over is the hull: @b's readers ask for a row more, so @a has it too.
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds | FileCheck %s --check-prefix=BOUNDS

#map = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #map format f32_planar
  sched.stage @half dims ["c", "y", "x"] extents #map : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %h = arith.constant 0.5 : f32
    %v = sched.read @in[%c, %y, %x] : f32
    %s = arith.mulf %v, %h : f32
    sched.yield %s : f32
  }
  sched.stage @a dims ["c", "y", "x"] extents #map : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @half[%c, %y, %x] : f32
    %s = arith.addf %v, %v : f32
    sched.yield %s : f32
  }
  sched.stage @b dims ["c", "y", "x"] extents #map : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @half[%c, %y, %x] : f32
    %s = arith.mulf %v, %v : f32
    sched.yield %s : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #map : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %below = arith.addi %y, %one : index
    %v = sched.read @a[%c, %y, %x] : f32
    %w = sched.read @b[%c, %below, %x] exterior constant 0.0 : f32
    %s = arith.addf %v, %w : f32
    sched.yield %s : f32
  }
}
sched.schedule @p {
  sched.compute_root @a
  sched.compute_root @b
  sched.compute_root @out
  sched.gpu_blocks @a ["y"]
  sched.gpu_blocks @b ["y"]
  sched.reorder @a ["x", "c", "y"]
  sched.reorder @b ["x", "c", "y"]
  sched.compute_with @a with @b "c"
  sched.compute_at @half at @b "c"
  sched.store_in @half global
}

// NEST: produce b:
// NEST-NEXT: produce a:
// NEST-NEXT: gpu_block y:
// NEST-NEXT: produce half:
// NEST-NEXT: for x:
// NEST-NEXT: half(...) = ...
// NEST-NEXT: for x:
// NEST-NEXT: b(...) = ...
// NEST-NEXT: for x:
// NEST-NEXT: a(...) = ...
// NEST-NEXT: produce out:

// CHECK: void p_b(
// CHECK: (&b[{{.*}}])[x] = condition ?
// CHECK: [[HALF:half[0-9_]*]] = (&half_[{{.*}}])[x];
// CHECK-NEXT: (&a[{{.*}}])[x] = [[HALF]] + [[HALF]];
// CHECK: void p_out(

// BOUNDS: sched.realize @b
// BOUNDS: %[[H:.*]] = sched.size 0
// Stored in fours.
// BOUNDS: %[[ROWS:.*]] = arith.addi %[[H]], %c4
// BOUNDS: sched.realize @a bounds({{.*}}) (%{{.*}}, %[[ROWS]], %{{.*}})
// BOUNDS: sched.produce @b
// BOUNDS: %[[ROW:.*]] = arith.addi %{{.*}}, %c1{{.*}} : index
// BOUNDS: sched.required @b 1 is %{{.*}}, %[[ROW]]
// BOUNDS: sched.for "y"{{ *}}gpu_block
// BOUNDS: sched.produce @a
// BOUNDS-NOT: sched.for "y"
// BOUNDS: sched.store %{{.*}}, @a
