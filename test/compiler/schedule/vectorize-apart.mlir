// Vectors whose lanes are two apart in memory are loaded as every other lane of two vectors, and those of several stores
// that are two or four apart are woven; what is left is stored lane by lane. Where the layout has every other element side
// by side, vectors of neighbours are stored as two halves, and those of every other are loaded whole, or shifted.
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-flatten-storage --sched-vectorize-loops --split-input-file | FileCheck %s

#picture = affine_map<()[s0, s1] -> (2, s0, s1)>
#half = affine_map<()[s0, s1] -> (2, s0, s1 floordiv 2)>
sched.pipeline @load {
  sched.input @in dims ["c", "y", "x"] extents #picture format f32_planar
  sched.stage @all dims ["c", "y", "x"] extents #picture : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @pairs dims ["c", "y", "x"] extents #half : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %two = arith.constant 2 : index
    %even = arith.muli %x, %two : index
    %left = arith.subi %even, %one : index
    %right = arith.addi %even, %two : index
    %v = sched.read @all[%c, %y, %even] : f32
    %w = sched.read @all[%c, %y, %left] exterior constant 0.0 : f32
    %r = sched.read @all[%c, %y, %right] exterior constant 0.0 : f32
    %s = arith.addf %v, %w : f32
    %sum = arith.addf %s, %r : f32
    sched.yield %sum : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #half : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @pairs[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @load {
  sched.compute_root @out
  sched.compute_root @pairs
  sched.compute_root @all
  sched.store_in @all global layout ["y", "c", "x"] align 16
  sched.split @pairs "x" into "xo", "xi" by affine_map<()[s0, s1] -> (4)> tail round_up
  sched.vectorize @pairs ["xi"]
}

// The second vector ends with the last element, so that nothing behind it is touched.
// CHECK-LABEL: gpu.func @load_pairs
// CHECK-COUNT-2: vector.load
// CHECK: vector.shuffle {{.*}} [0, 2, 5, 7] : vector<4xf32>, vector<4xf32>
// CHECK-COUNT-2: vector.load
// CHECK: vector.shuffle {{.*}} [0, 2, 5, 7] : vector<4xf32>, vector<4xf32>
// CHECK-COUNT-2: vector.load
// CHECK: vector.shuffle {{.*}} [0, 2, 5, 7] : vector<4xf32>, vector<4xf32>
// CHECK-NOT: memref.load
// CHECK: gpu.return

// -----

#picture = affine_map<()[s0, s1] -> (2, s0, s1)>
#half = affine_map<()[s0, s1] -> (2, s0, s1 floordiv 2)>
sched.pipeline @apart {
  sched.input @in dims ["c", "y", "x"] extents #picture format f32_planar
  sched.stage @all dims ["c", "y", "x"] extents #picture : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  sched.stage @pairs dims ["c", "y", "x"] extents #half : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %two = arith.constant 2 : index
    %even = arith.muli %x, %two : index
    %left = arith.subi %even, %one : index
    %right = arith.addi %even, %two : index
    %v = sched.read @all[%c, %y, %even] : f32
    %w = sched.read @all[%c, %y, %left] exterior constant 0.0 : f32
    %r = sched.read @all[%c, %y, %right] exterior constant 0.0 : f32
    %s = arith.addf %v, %w : f32
    %sum = arith.addf %s, %r : f32
    sched.yield %sum : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #half : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @pairs[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @apart {
  sched.compute_root @out
  sched.compute_root @pairs
  sched.compute_root @all
  sched.align_bounds @all "x" to 8
  sched.split @all "x" into "xv", "xl" by affine_map<()[s0, s1] -> (4)>
  sched.vectorize @all ["xl"]
  sched.store_in @all global layout ["y", "x/8", "c", "x%2", "x/2%4"]
  sched.split @pairs "x" into "xo", "xi" by affine_map<()[s0, s1] -> (4)> tail round_up
  sched.vectorize @pairs ["xi"]
}

// CHECK-LABEL: gpu.func @apart_all
// CHECK: vector.shuffle {{.*}} [0, 2] : vector<4xf32>, vector<4xf32>
// CHECK: vector.store {{.*}} : memref<?xf32>, vector<2xf32>
// CHECK: vector.shuffle {{.*}} [1, 3] : vector<4xf32>, vector<4xf32>
// CHECK: vector.store {{.*}} : memref<?xf32>, vector<2xf32>
// CHECK: gpu.return
// CHECK-LABEL: gpu.func @apart_pairs
// CHECK: vector.load
// CHECK-COUNT-2: vector.load
// CHECK: vector.shuffle {{.*}} [3, 4, 5, 6] : vector<4xf32>, vector<4xf32>
// CHECK-COUNT-2: vector.load
// CHECK: vector.shuffle {{.*}} [1, 2, 3, 4] : vector<4xf32>, vector<4xf32>
// CHECK-NOT: memref.load
// CHECK: gpu.return

// -----

#picture = affine_map<()[s0, s1] -> (2, s0, s1)>
#large = affine_map<()[s0, s1] -> (2, s0, s1 * 2)>
#larger = affine_map<()[s0, s1] -> (2, s0, s1 * 4)>
sched.pipeline @store {
  sched.input @in dims ["c", "y", "x"] extents #picture format f32_planar
  sched.stage @twice dims ["c", "y", "x"] extents #large : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %two = arith.constant 2 : index
    %at = arith.divui %x, %two : index
    %v = sched.read @in[%c, %y, %at] : f32
    sched.yield %v : f32
  }
  sched.stage @four dims ["c", "y", "x"] extents #larger : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %four = arith.constant 4 : index
    %at = arith.divui %x, %four : index
    %v = sched.read @in[%c, %y, %at] : f32
    sched.yield %v : f32
  }
  sched.stage @alone dims ["c", "y", "x"] extents #large : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %two = arith.constant 2 : index
    %at = arith.divui %x, %two : index
    %v = sched.read @in[%c, %y, %at] : f32
    sched.yield %v : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #picture : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %two = arith.constant 2 : index
    %four = arith.constant 4 : index
    %at2 = arith.muli %x, %two : index
    %at4 = arith.muli %x, %four : index
    %u = sched.read @twice[%c, %y, %at2] : f32
    %v = sched.read @four[%c, %y, %at4] : f32
    %w = sched.read @alone[%c, %y, %at2] : f32
    %uv = arith.addf %u, %v : f32
    %sum = arith.addf %uv, %w : f32
    sched.yield %sum : f32
  }
}
sched.schedule @store {
  sched.compute_root @out
  sched.compute_root @twice
  sched.split @twice "x" into "xo", "xi" by affine_map<()[s0, s1] -> (2)> tail round_up
  sched.split @twice "xo" into "xs", "xl" by affine_map<()[s0, s1] -> (4)> tail round_up
  sched.reorder @twice ["xl", "xi", "xs", "y", "c"]
  sched.vectorize @twice ["xl"]
  sched.unroll @twice ["xi"]
  sched.compute_root @four
  sched.split @four "x" into "xo", "xi" by affine_map<()[s0, s1] -> (4)> tail round_up
  sched.split @four "xo" into "xs", "xl" by affine_map<()[s0, s1] -> (4)> tail round_up
  sched.reorder @four ["xl", "xi", "xs", "y", "c"]
  sched.vectorize @four ["xl"]
  sched.unroll @four ["xi"]
  sched.compute_root @alone
  sched.split @alone "x" into "xo", "xi" by affine_map<()[s0, s1] -> (2)> tail round_up
  sched.split @alone "xo" into "xs", "xl" by affine_map<()[s0, s1] -> (4)> tail round_up
  sched.reorder @alone ["xl", "xi", "xs", "y", "c"]
  sched.vectorize @alone ["xl"]
}

// CHECK-LABEL: gpu.func @store_twice
// CHECK: vector.shuffle {{.*}} [0, 4, 1, 5]
// CHECK: vector.shuffle {{.*}} [2, 6, 3, 7]
// CHECK-COUNT-2: vector.store
// CHECK-NOT: memref.store
// CHECK: gpu.return

// CHECK-LABEL: gpu.func @store_four
// CHECK-COUNT-8: vector.shuffle
// CHECK-COUNT-4: vector.store
// CHECK-NOT: memref.store
// CHECK: gpu.return

// A loop over the places is not straight-line code.
// CHECK-LABEL: gpu.func @store_alone
// CHECK-NOT: vector.store
// CHECK-COUNT-4: memref.store
// CHECK-NOT: memref.store
// CHECK: gpu.return
