// A loop asks for what later iterations read, a line of the storage's layout at a time.
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-slide-window --sched-prefetch --canonicalize | FileCheck %s
// RUN: srcc %s --print-loop-nest | FileCheck %s --check-prefix=NEST
// RUN: srcc %s --emit=opencl --target=pocl-cpu | FileCheck %s --check-prefix=BUILTIN
// RUN: srcc %s --emit=opencl --target=adreno640 | FileCheck %s --check-prefix=FUNCTION
// RUN: sed -e 's/at @out "xt" by/at @g "x" by/' %s | not srcc-opt - --sched-to-loops --sched-infer-bounds --sched-prefetch 2>&1 | FileCheck %s --check-prefix=NOTHING

#in = affine_map<()[s0, s1] -> (3, s0, s1)>
#f = affine_map<()[s0, s1] -> (8, s0, s1)>
sched.pipeline @sum {
  sched.input @in dims ["c", "y", "x"] extents #in format f32_planar
  sched.stage @f dims ["c", "y", "x"] extents #f : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %zero = arith.constant 0 : index
    %v = sched.read @in[%zero, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @g dims ["c", "y", "x"] extents #f : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %zero = arith.constant 0 : index
    %v = sched.read @in[%zero, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #in : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %above = arith.subi %y, %one : index
    %a = sched.read @f[%c, %above, %x] exterior constant 0.0 : f32
    %b = sched.read @f[%c, %y, %x] exterior constant 0.0 : f32
    %d = sched.read @g[%c, %y, %x] exterior constant 0.0 : f32
    %e = arith.addf %a, %b : f32
    %s = arith.addf %e, %d : f32
    sched.yield %s : f32
  }
}
sched.schedule @sum {
  sched.compute_root @f
  sched.compute_root @g
  sched.store_in @f global layout ["y", "x/8", "c", "x%8"]
  sched.compute_root @out
  sched.split @out "x" into "xt", "xp" by affine_map<()[s0, s1] -> (16)>
  sched.reorder @out ["xp", "c", "xt", "y"]
  sched.gpu_blocks @out ["y"]
  sched.prefetch @f at @out "xt" by 2
}

// Rows y - 1 and y; columns in steps of 8 from 2 tiles of 16 on, channels in steps of 2: 16 elements a
// line.
// CHECK: sched.produce @out
// CHECK: sched.for "xt" serial
// CHECK-NEXT: ^bb0(%[[XT:.*]]: index):
// CHECK: sched.for "y" serial(%c0{{.*}}, %c2{{.*}})
// CHECK: sched.for "x" serial(%c0
// CHECK: sched.for "c" unrolled(%c0{{.*}}, %c2{{.*}})
// CHECK: arith.muli %{{.*}}, %c8
// CHECK: arith.addi %{{.*}}, %c32
// CHECK: sched.touch @f[

// NEST: produce out:
// NEST-NEXT: gpu_block y:
// NEST-NEXT:   for xt:
// NEST-NEXT:     for y in [0, 1]:
// NEST-NEXT:       for x:
// NEST-NEXT:         unrolled c in [0, 1]:
// NEST-NEXT:           prefetch f(...)

// BUILTIN: static inline void prefetch_line(global const void *p)
// BUILTIN: prefetch_line(&f[
// FUNCTION: prefetch(&f[{{.*}}, 1);
// NOTHING: error: 'sched.prefetch' op loop "x" reads nothing of @f

// A line of a layout that has every fourth column side by side: 4 vectors of a block of 32, then the next block.
// RUN: sed -e 's/"y", "x.8", "c", "x%8"/"y", "x\/32", "c", "x%4", "x\/4%8"/' %s | srcc-opt - --sched-to-loops --sched-infer-bounds --sched-slide-window --sched-prefetch --canonicalize | FileCheck %s --check-prefix=APART
// APART: sched.for "xt" serial
// APART: sched.for "x" serial(%c0
// APART: arith.minsi %{{.*}}, %c4
// APART: sched.for "x" serial(%c0
// APART: arith.muli %{{.*}}, %c32
// APART: sched.touch @f[

// Spread over a loop inside: 2 rows of 2 blocks of 2 lines each, 3 in each of 3 turns; there is one more than needed. The
// number n of a line is 3 c + line: its place is row y - 1 + n / 4, column 16 (xt + 2) + 8 (n / 2 mod 2), channel 2 (n mod 2).
// RUN: sed -e 's/at @out "xt" by 2/at @out "xt" by 2 over @out "c"/' %s > %t.mlir
// RUN: srcc-opt %t.mlir --sched-to-loops --sched-infer-bounds --sched-slide-window --sched-prefetch --canonicalize | FileCheck %s --check-prefix=OVER
// RUN: srcc %t.mlir --print-loop-nest | FileCheck %s --check-prefix=OVER-NEST
// RUN: srcc %t.mlir --emit=opencl --target=pocl-cpu | FileCheck %s --check-prefix=OVER-ADDRESS
// A block of 8 columns has 64 elements, two channels 16: n = 3 c is odd where c is, n / 2 = c + c / 2.
// OVER-ADDRESS: for (int c = 0; c < 3; ++c)
// OVER-ADDRESS: const int [[HALF:index[0-9]+]] = c + (int)((uint)c / 2);
// OVER-ADDRESS: const int [[ROW:index[0-9]+]] = {{.*}}(int)((uint)[[HALF]] / 2) * 64 + 192) + (c & 1) *
// OVER-ADDRESS-NEXT: 16;
// OVER-ADDRESS-NEXT: const int [[PLACE:index[0-9]+]] = [[ROW]] + ([[HALF]] & 1) * 64;
// OVER-ADDRESS-NEXT: prefetch_line(&f[[[PLACE]]] + 256);
// OVER: sched.for "xt" serial
// OVER: sched.for "c" serial(
// OVER-NEXT: ^bb0(%[[C:.*]]: index):
// OVER: sched.for "line" unrolled(%c0{{.*}}, %c3{{.*}})
// OVER-NEXT: ^bb0(%[[LINE:.*]]: index):
// OVER-NEXT: %[[ODD:.*]] = arith.addi %[[C]], %[[LINE]]
// OVER-NEXT: arith.andi %[[ODD]], %c1
// OVER: arith.addi %{{.*}}, %c32
// OVER-NEXT: sched.touch @f[
// OVER: sched.for "xp"
// OVER-NEST: for xt:
// OVER-NEST-NEXT:     for c in [0, 2]:
// OVER-NEST-NEXT:       unrolled line in [0, 2]:
// OVER-NEST-NEXT:         prefetch f(...)
// OVER-NEST-NEXT:       for xp:

// What a stage writes itself: its own lines, three rows on.
// RUN: sed -e 's/prefetch @f at @out "xt" by 2/prefetch @f at @f "y" by 3/' %s > %t.own.mlir
// RUN: srcc-opt %t.own.mlir --sched-to-loops --sched-infer-bounds --sched-slide-window --sched-prefetch --canonicalize | FileCheck %s --check-prefix=OWN
// RUN: srcc %t.own.mlir --emit=opencl --target=pocl-cpu | FileCheck %s --check-prefix=OWN-BUILTIN
// RUN: srcc %t.own.mlir --emit=opencl --target=adreno640 | FileCheck %s --check-prefix=OWN-FUNCTION
// OWN: sched.produce @f
// OWN: sched.for "y" serial
// OWN-NEXT: ^bb0(%[[Y:.*]]: index):
// OWN: sched.for "y" serial(%c0{{.*}}, %c1{{.*}})
// OWN-NEXT: ^bb0(%[[ROW:.*]]: index):
// OWN: %[[LATER:.*]] = arith.addi %[[Y]], %[[ROW]]
// OWN-NEXT: arith.addi %[[LATER]], %c3
// OWN: sched.touch @f[{{.*}}] to_write
// OWN-BUILTIN: static inline void prefetch_line_to_write(global void *p)
// OWN-BUILTIN-NEXT: __builtin_prefetch((void *)(uintptr_t)p, 1);
// OWN-BUILTIN: prefetch_line_to_write(&f[
// OWN-FUNCTION: prefetch(&f[{{.*}}, 1);
