// What only tiles outside the picture would have read is not stored: @f is read at tiles of 8 columns, the first of which
// is left of the picture, since @mid is read at one column before it. Without the pass @f has memory for that tile, too.
// What is stored alike stays so (in the last run @f is stored as @mid, which has that tile), and kernels of equal
// layers are one.
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-partition-loops --cse | FileCheck %s --check-prefix=BEFORE
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-partition-loops --sched-trim-storage --cse | FileCheck %s
// RUN: sed 's/#sums : f32 pure/#picture : f32 pure/' %s | srcc-opt --sched-to-loops --sched-infer-bounds --sched-partition-loops --sched-trim-storage --cse | FileCheck %s --check-prefix=ALIKE

#picture = affine_map<()[s0, s1] -> (2, s0, s1)>
#sums = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #picture format f32_planar
  sched.stage @f dims ["c", "y", "x"] extents #picture : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @mid dims ["c", "y", "x"] extents #sums : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %zero = arith.constant 0 : index
    %one = arith.constant 1 : index
    %v = sched.read @f[%zero, %y, %x] : f32
    %w = sched.read @f[%one, %y, %x] : f32
    %sum = arith.addf %v, %w : f32
    sched.yield %sum : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #sums : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %left = arith.subi %x, %one : index
    %v = sched.read @mid[%c, %y, %left] exterior constant 0.0 : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.compute_root @out
  sched.compute_root @mid
  sched.align_bounds @mid "x" to 8
  sched.split @mid "x" into "xo", "xi" by affine_map<()[s0, s1] -> (8)> tail round_up
  sched.vectorize @mid ["xi"]
  sched.compute_root @f
  sched.align_bounds @f "x" to 8
  sched.split @f "x" into "xo", "xi" by affine_map<()[s0, s1] -> (8)> tail round_up
  sched.vectorize @f ["xi"]
}

// BEFORE: %[[LEFT:c-8.*]] = arith.constant -8 : index
// BEFORE: sched.realize @f bounds(%{{.*}}, %{{.*}}, %[[LEFT]])

// CHECK: %[[WIDTH:.*]] = sched.size 1
// CHECK: %[[UP:.*]] = arith.addi %[[WIDTH]], %c7
// CHECK: %[[TILES:.*]] = arith.divui %[[UP]], %c8
// CHECK: %[[WHOLE:.*]] = arith.muli %[[TILES]], %c8
// CHECK: sched.realize @f bounds(%{{.*}}, %{{.*}}, %c0{{.*}}) (%{{.*}}, %{{.*}}, %[[WHOLE]])
// CHECK: sched.realize @mid bounds(%{{.*}}, %{{.*}}, %c-8{{.*}}) (

// ALIKE: sched.realize @f bounds(%{{.*}}, %{{.*}}, %c-8{{.*}}) (
// ALIKE: sched.realize @mid bounds(%{{.*}}, %{{.*}}, %c-8{{.*}}) (

// Of the vectors that hold exterior values alone those are stored of which something is read: @mid is read at one column
// before the picture, and its tiles have two vectors.
// RUN: sed -e '/^  sched.split @mid/s/"x" into/"x" into "xs", "xp" by affine_map<()[s0, s1] -> (16)> tail round_up\n  sched.split @mid "xp" into/' -e '/^  sched.align_bounds @mid/s/8/16/' %s | srcc-opt --sched-to-loops --sched-infer-bounds --sched-partition-loops --sched-trim-storage --cse | FileCheck %s --check-prefix=VECTORS
// VECTORS: sched.produce @mid
// VECTORS: sched.for "xs"
// VECTORS: sched.for "xo"
// VECTORS: scf.if
// VECTORS: } else {
// VECTORS: scf.if
// VECTORS-NEXT: sched.for "xi"
// VECTORS: sched.store %{{.*}}, @mid
