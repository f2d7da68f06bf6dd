// A stage in an image: kernels write whole texels and read them, the host's program knows it as an image.
// RUN: srcc %s --emit=opencl | FileCheck %s
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-flatten-storage --sched-vectorize-loops | FileCheck %s --check-prefix=IR

#in = affine_map<()[s0, s1] -> (4, s0, s1)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #in format f32_planar
  sched.table @w = dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]> : tensor<2x4xf32>
  sched.stage @f dims ["c", "y", "x"] extents #in : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    %s = arith.addf %v, %v : f32
    sched.yield %s : f32
  }
  sched.stage @sum dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (2, s0, s1)> : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %zero = arith.constant 0.0 : f32
    sched.yield %zero : f32
  } updates {
    sched.update ["rc"] extents affine_map<()[s0, s1] -> (4)> {
    ^bb0(%c: index, %y: index, %x: index, %rc: index, %self: f32):
      %w = sched.read @w[%c, %rc] : f32
      %v = sched.read @f[%rc, %y, %x] : f32
      %s = math.fma %w, %v, %self : f32
      sched.yield %s : f32
    }
  }
  sched.stage @out dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (2, s0, s1)> : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @sum[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.compute_root @f
  sched.reorder @f ["c", "x", "y"]
  sched.vectorize @f ["c"]
  sched.gpu_blocks @f ["y"]
  sched.store_in @f image2d layout ["y", "x", "c/4", "c%4"]
  sched.compute_root @out
  sched.reorder @out ["c", "x", "y"]
  sched.unroll @out ["c"]
  sched.gpu_blocks @out ["y"]
  sched.compute_at @sum at @out "x"
  sched.unroll @sum ["c"]
  sched.unroll @sum update 0 ["c", "rc"]
}

// CHECK: float4 read_texel(read_only image2d_t f, int i)
// CHECK: void p_f(global const float *restrict in, write_only image2d_t f, int H, int W)
// CHECK: write_texel(f, {{.*}});
// CHECK: void p_out(global const float *restrict w, read_only image2d_t f, global float *out, int H, int W)
// One texel is read for all sums.
// CHECK: read_texel(f, {{.*}})
// CHECK-NOT: read_texel

// IR: gpu.func @p_f({{.*}}memref<?xf32, #ocl.image2d>
// IR: ocl.texel_store %{{.*}} : vector<4xf32>, memref<?xf32, #ocl.image2d>
// IR: ocl.texel_load %{{.*}} : memref<?xf32, #ocl.image2d>, vector<4xf32>
// IR: ocl.buffer @f temp f32 elements {{.*}} image2d
