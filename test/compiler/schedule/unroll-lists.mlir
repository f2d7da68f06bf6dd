// An unrolled loop over lists is the code of each list, chosen by the loop that chooses the list. Weights are
// literals, and no code stands for zeros.
// RUN: srcc %s --emit=opencl | FileCheck %s
// Where the points of a list are a vector, the weights are a vector out of the packed table.
// RUN: sed 's/unroll @sum \(update 0 \)\{0,1\}\["c"\]/vectorize @sum \1["c"]/' %s > %t.mlir
// RUN: srcc %t.mlir --emit=opencl | FileCheck %s --check-prefix=PACKED
// What is computed is what the lists say.
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-unroll-lists | FileCheck %s --check-prefix=LOOPS

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
  sched.reorder @sum ["c", "x", "y"]
  sched.unroll @sum ["c"]
  sched.unroll @sum update 0 ["c"]
  sched.group @sum update 0 ["rc"] into "tap" by 2 over "c"
  sched.unroll @sum update 0 ["tap"]
  sched.reorder @sum update 0 ["c", "tap", "x", "y"]
}

// CHECK: kernel
// CHECK-NEXT: void p_result(global const float *restrict in, global float *result, int H, int W)
// CHECK: if (
// CHECK-NEXT: sum = 1.0f * in[{{.*}}] + sum;
// CHECK-NEXT: const int [[AT:.*]] =
// CHECK-NEXT: sum = 2.0f * in{{\[}}[[AT]]] + sum;
// CHECK-NEXT: sum1 = 3.0f * in{{\[}}[[AT]]] + sum1;
// CHECK-NEXT: }
// CHECK-NEXT: if (
// CHECK-NEXT: sum = 4.0f * in[{{.*}}] + sum;
// CHECK-NEXT: }

// PACKED: void p_result(global const float *restrict sum_packed,
// PACKED-NEXT: global const float *restrict in,
// PACKED: if (
// PACKED: *(global const float2 *)sum_packed * in[
// PACKED: if (

// LOOPS: arith.cmpi eq
// LOOPS: scf.if
// LOOPS-NOT: sched.tap
