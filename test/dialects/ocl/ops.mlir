// RUN: srcc-opt %s | FileCheck %s
// RUN: srcc-opt %s --mlir-print-op-generic | srcc-opt | FileCheck %s
// RUN: srcc-opt %s --emit-bytecode -o %t.mlirbc && srcc-opt %t.mlirbc | FileCheck %s

// The examples of the operations' documentation, and every optional part once.

gpu.module @kernels {
  // CHECK: gpu.func @upscale(%{{.*}}: memref<?xf32> {ocl.name = "input", ocl.read_only}
  gpu.func @upscale(%lr: memref<?xf32> {ocl.name = "input", ocl.read_only}, %hr: memref<?xf32>, %h: i32, %w: i32)
      kernel attributes {known_block_size = array<i32: 8, 1, 1>} {
    gpu.return
  }
  gpu.func @conv0(%lr: memref<?xf32>, %weight: memref<?xf32>, %row: memref<?xf16>, %h: i32, %w: i32) kernel {
    %zero = arith.constant 0 : index
    %one = arith.constant 1 : index
    // CHECK: scf.for
    scf.for %i = %zero to %one step %one {
    // CHECK: {ocl.comment = "taps", ocl.unroll}
    } {ocl.comment = "taps", ocl.unroll}
    // CHECK: %[[V:.*]] = ocl.vload_half %{{.*}}[%{{.*}}] : memref<?xf16>, vector<8xf32>
    %v = ocl.vload_half %row[%zero] : memref<?xf16>, vector<8xf32>
    // CHECK: %[[S:.*]] = ocl.vload_half %{{.*}}[%{{.*}}] : memref<?xf16>, f32
    %s = ocl.vload_half %row[%one] : memref<?xf16>, f32
    // CHECK: ocl.vstore_half %[[V]], %{{.*}}[%{{.*}}] : vector<8xf32>, memref<?xf16>
    ocl.vstore_half %v, %row[%zero] : vector<8xf32>, memref<?xf16>
    // CHECK: ocl.vstore_half %[[S]], %{{.*}}[%{{.*}}] : f32, memref<?xf16>
    ocl.vstore_half %s, %row[%zero] : f32, memref<?xf16>
    gpu.return
  }
}

// CHECK-LABEL: ocl.program @net {
ocl.program @net {
  // CHECK: ocl.buffer @lr input f32 elements #{{.*}} format f32_planar
  ocl.buffer @lr input f32 elements affine_map<()[s0, s1] -> (s0 * s1 * 3)> format f32_planar
  // CHECK: ocl.buffer @lr8 input i8 elements #{{.*}} format u8_interleaved
  ocl.buffer @lr8 input i8 elements affine_map<()[s0, s1] -> (s0 * s1 * 3)> format u8_interleaved
  // CHECK: ocl.buffer @hr output f32 elements #{{.*}} format f32_planar
  ocl.buffer @hr output f32 elements affine_map<()[s0, s1] -> (s0 * s1 * 12)> format f32_planar
  // CHECK: ocl.buffer @row temp f16 elements #{{[a-z0-9]*$}}
  ocl.buffer @row temp f16 elements affine_map<()[s0, s1] -> (s0 * (s1 + 16) * 24)>
  // CHECK: ocl.buffer @weight constant f32 elements #{{.*}} value dense<[5.000000e-01, 2.500000e-01, 0.000000e+00, 1.000000e+00]> : tensor<4xf32>
  ocl.buffer @weight constant f32 elements affine_map<()[s0, s1] -> (4)>
    value dense<[0.5, 0.25, 0.0, 1.0]> : tensor<4xf32>
  // CHECK: ocl.buffer @blob constant f16 elements #{{.*}} value dense_resource<blob> : tensor<2xf16>
  ocl.buffer @blob constant f16 elements affine_map<()[s0, s1] -> (2)> value dense_resource<blob> : tensor<2xf16>
  // CHECK: ocl.launch @kernels::@conv0 blocks #{{.*}} threads #{{.*}} args [@lr, @weight, @row] reads [0, 1] writes [2]
  // CHECK-SAME: input f32_planar layers ["conv0", "relu0"] macs #{{.*}} bytes #
  ocl.launch @kernels::@conv0 blocks affine_map<()[s0, s1] -> (s1 ceildiv 16, s0)>
    threads affine_map<()[s0, s1] -> (1, 1)> args [@lr, @weight, @row] reads [0, 1] writes [2]
    input f32_planar layers ["conv0", "relu0"] macs affine_map<()[s0, s1] -> (s0 * s1 * 648)>
    bytes affine_map<()[s0, s1] -> (s0 * s1 * 60)>
  // CHECK: ocl.launch @kernels::@upscale blocks #{{.*}} threads #{{.*}} args [@lr, @hr] reads [0] writes [1]
  // CHECK-SAME: output f32_planar
  ocl.launch @kernels::@upscale blocks affine_map<()[s0, s1] -> (s1 ceildiv 8, s0)>
    threads affine_map<()[s0, s1] -> (8, 1)> args [@lr, @hr] reads [0] writes [1] output f32_planar
  // CHECK: ocl.launch
  // CHECK-NOT: output
  ocl.launch @kernels::@upscale blocks affine_map<()[s0, s1] -> (s1 ceildiv 8, s0)>
    threads affine_map<()[s0, s1] -> (8, 1)> args [@lr, @hr] reads [0] writes [1]
}

{-#
  dialect_resources: {
    builtin: {
      blob: "0x04000000003C0038"
    }
  }
#-}
