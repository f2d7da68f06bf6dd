// A stage, its reader and their lowering, pass by pass.
// RUN: srcc-opt %s --sched-to-loops | FileCheck %s --check-prefix=LOOPS
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --cse | FileCheck %s --check-prefix=BOUNDS
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-partition-loops | FileCheck %s --check-prefix=TILES
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-flatten-storage | FileCheck %s --check-prefix=FLAT
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-flatten-storage --sched-vectorize-loops --cse | FileCheck %s --check-prefix=VECTOR

sched.pipeline @blur {
  sched.input @in dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (1, s0, s1)> format f32_planar
  sched.stage @twice dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (1, s0, s1)> : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    %w = arith.addf %v, %v : f32
    sched.yield %w : f32
  }
  sched.stage @sum dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (1, s0, s1)> : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %zero = arith.constant 0.0 : f32
    sched.yield %zero : f32
  } updates {
    sched.update ["kx"] extents affine_map<()[s0, s1] -> (3)> {
    ^bb0(%c: index, %y: index, %x: index, %kx: index, %self: f32):
      %one = arith.constant 1 : index
      %a = arith.addi %x, %kx : index
      %b = arith.subi %a, %one : index
      %v = sched.read @twice[%c, %y, %b] exterior constant 0.0 : f32
      %s = arith.addf %self, %v : f32
      sched.yield %s : f32
    }
  }
  sched.stage @out dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (1, s0, s1)> : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @sum[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @blur {
  sched.compute_root @twice
  sched.compute_root @out
  sched.split @out "x" into "xt", "xl" by affine_map<()[s0, s1] -> (8)> tail guard
  sched.vectorize @out ["xl"]
  sched.gpu_blocks @out ["y"]
  sched.reorder @out ["xl", "xt", "c", "y"]
  sched.compute_at @sum at @out "xt"
  sched.vectorize @sum ["x"]
  sched.reorder @sum update 0 ["x", "kx"]
  sched.vectorize @sum update 0 ["x"]
  sched.unroll @sum update 0 ["kx"]
}

// Each stage of its own kernel is produced at the top; @sum at the loop of its reader, before the
// reader's own points. Its bounds are not known yet.
// LOOPS: sched.produce @twice
// LOOPS: sched.produce @out
// LOOPS: sched.for "y" gpu_block
// LOOPS: sched.for "xt" serial
// LOOPS: sched.realize @sum
// LOOPS: sched.produce @sum
// LOOPS: sched.required @sum
// LOOPS: sched.for "kx" unrolled
// LOOPS: sched.for "x" vectorized
// LOOPS: sched.for "xl" vectorized

// @twice is computed one column beyond the picture on both sides, where it stores the exterior
// value of its reader: columns -1 to W.
// BOUNDS: sched.realize @twice bounds
// BOUNDS: sched.produce @twice
// BOUNDS: %[[MIN:.*]], %[[EXTENT:.*]] = sched.required @twice 2 is %c-1,
// BOUNDS: sched.for "x" serial(%[[MIN]], %[[EXTENT]])
// BOUNDS: arith.select {{.*}}sched.exterior
// BOUNDS: sched.produce @out
// BOUNDS-NOT: sched.required @{{[a-z]+ [0-9]+$}}

// Where a point lies outside, only the exterior value is stored.
// TILES: sched.produce @twice
// TILES: scf.if
// TILES: sched.load @in
// TILES: } else {
// TILES-NOT: sched.load
// TILES: sched.store
// TILES: sched.produce @out

// Two kernels, each with its buffers, H and W; the host's program launches them in order.
// FLAT: gpu.func @blur_twice(%{{.*}}: memref<?xf32> {ocl.name = "in", ocl.read_only}, %{{.*}}: memref<?xf32> {ocl.name = "twice"}, %{{.*}}: i32, %{{.*}}: i32) kernel
// FLAT: gpu.func @blur_out
// FLAT: memref.alloca() : memref<8xf32>
// FLAT: ocl.program @blur
// FLAT: ocl.buffer @in input f32
// FLAT: ocl.buffer @twice temp f32
// FLAT: ocl.buffer @out output f32
// FLAT: ocl.launch @kernels::@blur_twice
// FLAT: ocl.launch @kernels::@blur_out
// FLAT-NOT: sched.schedule

// The sums of a tile are one variable; whole vectors are loaded; stores of the last tile are
// guarded lane by lane.
// VECTOR: gpu.func @blur_out
// VECTOR: gpu.block_id
// VECTOR: memref.alloca() : memref<vector<8xf32>>
// VECTOR-COUNT-3: vector.load {{.*}} vector<8xf32>
// VECTOR: scf.if
// VECTOR: memref.store
// VECTOR-NOT: sched.for
