// What the taps of a list add to addresses is computed for all lists outside the loop over x, and
// looked up at a tap; where lists are not run over again, it is computed at the tap.
// RUN: split-file %s %t
// RUN: srcc %t/again.mlir --emit=opencl | FileCheck %s
// RUN: srcc %t/once.mlir --emit=opencl | FileCheck %s --check-prefix=ONCE
// RUN: srcc %t/clamped.mlir --emit=opencl | FileCheck %s --check-prefix=CLAMPED

// A table of two columns, of which one is used.
// RUN: srcc %t/two.mlir --stop-after=loops | sed -E '/sched.tap @sum.taps\[[^,]*, %c1/d' > %t/one.mlir
// RUN: srcc %t/one.mlir --emit=opencl | FileCheck %s --check-prefix=TWO

// The channel of a tap, times the size of a plane.
// CHECK: int [[TABLE:.*addresses]][4];
// CHECK: for (int [[ALL:tap[0-9]*]] = 0; [[ALL]] < {{.*}}; ++[[ALL]]) {
// CHECK-NEXT: [[TABLE]]{{\[}}[[ALL]]] = sum_taps{{\[}}[[ALL]]] * H * W
// CHECK: for (int x = 0;
// CHECK: for (int [[TAP:tap[0-9]*]] = sum_starts[
// CHECK-NOT: sum_taps[
// CHECK: [[TABLE]]{{\[}}[[TAP]]]

// TWO: addresses{{\[}}[[ALL:[a-z0-9]+]]] = {{.*}}[2])sum_taps){{\[}}[[ALL]]][0] * H * W;

// ONCE-NOT: addresses
// ONCE: for (int [[TAP:tap[0-9]*]] = sum_starts[
// ONCE: sum_taps{{\[}}[[TAP]]]

// What needs the column, too, is computed there.
// CLAMPED: for (int [[TAP:tap[0-9]*]] = sum_starts[
// CLAMPED: for (int [[X:x[0-9]*]] = 0;
// CLAMPED: min({{[a-z0-9]+}} + [[X]],

//--- again.mlir
#in = affine_map<()[s0, s1] -> (3, s0, s1)>
#out = affine_map<()[s0, s1] -> (4, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #in format f32_planar
  // Filters 0 and 1 use channels 0 and 2; filter 2 channel 1; filter 3 nothing.
  sched.table @w = dense<[[1.0, 0.0, 2.0], [0.0, 0.0, 3.0], [0.0, 4.0, 0.0], [0.0, 0.0, 0.0]]> : tensor<4x3xf32>
  sched.stage @sum dims ["c", "y", "x"] extents #out : f32 pure {
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
  sched.stage @result dims ["c", "y", "x"] extents #out : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @sum[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.compute_root @result
  sched.split @result "c" into "co", "ci" by affine_map<()[s0, s1] -> (2)>
  sched.unroll @result ["ci"]
  sched.reorder @result ["ci", "x", "co", "y"]
  sched.gpu_blocks @result ["y"]
  sched.compute_at @sum at @result "x"
  sched.unroll @sum ["c"]
  sched.unroll @sum update 0 ["c"]
  sched.group @sum update 0 ["rc"] into "tap" by 2 over "c" tabulate
  sched.reorder @sum update 0 ["c", "tap", "x", "y"]
}
//--- two.mlir
#in = affine_map<()[s0, s1] -> (3, s0, s1)>
#out = affine_map<()[s0, s1] -> (4, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #in format f32_planar
  // Filters 0 and 1 use channels 0 and 2; filter 2 channel 1; filter 3 nothing.
  sched.table @w = dense<[[[1.0, 0.0], [0.0, 0.0], [2.0, 0.0]], [[0.0, 0.0], [0.0, 0.0], [0.0, 3.0]], [[0.0, 0.0], [4.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]]> : tensor<4x3x2xf32>
  sched.stage @sum dims ["c", "y", "x"] extents #out : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %zero = arith.constant 0.0 : f32
    sched.yield %zero : f32
  } updates {
    sched.update ["rc", "k"] extents affine_map<()[s0, s1] -> (3, 2)> {
    ^bb0(%c: index, %y: index, %x: index, %rc: index, %k: index, %self: f32):
      %w = sched.read @w[%c, %rc, %k] : f32
      %v = sched.read @in[%rc, %y, %x] : f32
      %s = math.fma %w, %v, %self : f32
      sched.yield %s : f32
    }
  }
  sched.stage @result dims ["c", "y", "x"] extents #out : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @sum[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.compute_root @result
  sched.split @result "c" into "co", "ci" by affine_map<()[s0, s1] -> (2)>
  sched.unroll @result ["ci"]
  sched.reorder @result ["ci", "x", "co", "y"]
  sched.gpu_blocks @result ["y"]
  sched.compute_at @sum at @result "x"
  sched.unroll @sum ["c"]
  sched.unroll @sum update 0 ["c"]
  sched.group @sum update 0 ["rc", "k"] into "tap" by 2 over "c" tabulate
  sched.reorder @sum update 0 ["c", "tap", "x", "y"]
}
//--- once.mlir
#in = affine_map<()[s0, s1] -> (3, s0, s1)>
#out = affine_map<()[s0, s1] -> (4, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #in format f32_planar
  // Filters 0 and 1 use channels 0 and 2; filter 2 channel 1; filter 3 nothing.
  sched.table @w = dense<[[1.0, 0.0, 2.0], [0.0, 0.0, 3.0], [0.0, 4.0, 0.0], [0.0, 0.0, 0.0]]> : tensor<4x3xf32>
  sched.stage @sum dims ["c", "y", "x"] extents #out : f32 pure {
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
  sched.stage @result dims ["c", "y", "x"] extents #out : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @sum[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.compute_root @result
  sched.split @result "c" into "co", "ci" by affine_map<()[s0, s1] -> (2)>
  sched.unroll @result ["ci"]
  sched.reorder @result ["ci", "co", "x", "y"]
  sched.gpu_blocks @result ["x", "y"]
  sched.compute_at @sum at @result "co"
  sched.unroll @sum ["c"]
  sched.unroll @sum update 0 ["c"]
  sched.group @sum update 0 ["rc"] into "tap" by 2 over "c" tabulate
  sched.reorder @sum update 0 ["c", "tap", "x", "y"]
}

//--- clamped.mlir
#in = affine_map<()[s0, s1] -> (3, s0, s1)>
#out = affine_map<()[s0, s1] -> (4, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #in format f32_planar
  // Filters 0 and 1 use channels 0 and 2; filter 2 channel 1; filter 3 nothing.
  sched.table @w = dense<[[1.0, 0.0, 2.0], [0.0, 0.0, 3.0], [0.0, 4.0, 0.0], [0.0, 0.0, 0.0]]> : tensor<4x3xf32>
  sched.stage @sum dims ["c", "y", "x"] extents #out : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %zero = arith.constant 0.0 : f32
    sched.yield %zero : f32
  } updates {
    sched.update ["rc"] extents affine_map<()[s0, s1] -> (3)> {
    ^bb0(%c: index, %y: index, %x: index, %rc: index, %self: f32):
      %w = sched.read @w[%c, %rc] : f32
      %right = arith.addi %x, %rc : index
      %v = sched.read @in[%c, %y, %right] exterior repeat_edge : f32
      %s = math.fma %w, %v, %self : f32
      sched.yield %s : f32
    }
  }
  sched.stage @result dims ["c", "y", "x"] extents #out : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @sum[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.compute_root @result
  sched.compute_root @sum
  sched.split @sum update 0 "c" into "co", "ci" by affine_map<()[s0, s1] -> (2)>
  sched.split @sum update 0 "y" into "yo", "yi" by affine_map<()[s0, s1] -> (4)>
  sched.group @sum update 0 ["rc"] into "tap" by 2 over "c" tabulate
  sched.reorder @sum update 0 ["x", "ci", "tap", "co", "yi", "yo"]
}
