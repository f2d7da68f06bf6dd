// REQUIRES: mobile-clc
// RUN: srcc-translate --emit-opencl --multiply-add=mad %s -o %t.cl
// RUN: %{tools}/mobile-clc/mobile-clc.sh adreno630 %t.cl | FileCheck %s
// RUN: %{tools}/mobile-clc/mobile-clc.sh adreno650 %t.cl | FileCheck %s
// RUN: srcc-translate --emit-opencl --multiply-add=fma %s -o %t.fma.cl
// RUN: %{tools}/mobile-clc/mobile-clc.sh mali-g57 %t.fma.cl | FileCheck %s
// RUN: srcc-translate --emit-opencl --multiply-add=mad --fp16 %S/opencl-half.mlir -o %t.half.cl
// RUN: %{tools}/mobile-clc/mobile-clc.sh adreno650 %t.half.cl | FileCheck %s --check-prefix=HALF
// RUN: %{tools}/mobile-clc/mobile-clc.sh mali-g57 %t.half.cl | FileCheck %s --check-prefix=HALF

// Mesa's compilers for Adreno and Mali take the text, and keep variables and small arrays in registers.
// CHECK: kernel conv0: max_group={{[0-9]+}} wave={{[0-9]+}} private=0
// HALF: kernel half_arithmetic: max_group={{[0-9]+}} wave={{[0-9]+}} private=0
gpu.module @kernels {
  gpu.func @conv0(%input: memref<?xf32> {ocl.name = "input", ocl.read_only}, %weight: memref<?xf32> {ocl.name = "conv0.weight", ocl.read_only},
      %out: memref<?xf32> {ocl.name = "row"}, %H: i32, %W: i32) kernel attributes {known_block_size = array<i32: 1, 1, 1>, ocl.comment = "conv0: 3x3, 8 channels in, relu0"} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : index
    %c8 = arith.constant 8 : index
    %zero = arith.constant dense<0.0> : vector<8xf32>
    %bx = gpu.block_id x loc("x.outer")
    %by = gpu.block_id y loc("y")
    %w = arith.index_cast %W : i32 to index
    %x = arith.muli %bx, %c8 : index loc("x")
    %acc0 = memref.alloca() : memref<vector<8xf32>> loc("acc0")
    %acc1 = memref.alloca() : memref<vector<8xf32>> loc("acc1")
    memref.store %zero, %acc0[] : memref<vector<8xf32>>
    memref.store %zero, %acc1[] {ocl.comment = "sum over the channels"} : memref<vector<8xf32>>
    scf.for %c = %c0 to %c8 step %c1 {
      scf.for %ky = %c0 to %c3 step %c1 {
        %r0 = arith.addi %by, %ky : index
        %r1 = arith.muli %r0, %c8 : index
        %r2 = arith.addi %r1, %c : index
        %r3 = arith.muli %r2, %w : index
        %r4 = arith.addi %r3, %x : index
        %v = vector.load %input[%r4] : memref<?xf32>, vector<8xf32> loc("pixels")
        %i0 = arith.muli %c, %c3 : index
        %i1 = arith.addi %i0, %ky : index loc("tap")
        %w0 = memref.load %weight[%i1] : memref<?xf32>
        %i2 = arith.addi %i1, %c1 : index
        %w1 = memref.load %weight[%i2] : memref<?xf32>
        %s0 = vector.broadcast %w0 : f32 to vector<8xf32>
        %s1 = vector.broadcast %w1 : f32 to vector<8xf32>
        %a0 = memref.load %acc0[] : memref<vector<8xf32>>
        %a1 = memref.load %acc1[] : memref<vector<8xf32>>
        %f0 = vector.fma %s0, %v, %a0 : vector<8xf32>
        %f1 = vector.fma %s1, %v, %a1 : vector<8xf32>
        memref.store %f0, %acc0[] : memref<vector<8xf32>>
        memref.store %f1, %acc1[] : memref<vector<8xf32>>
      } {ocl.unroll}
    }
    %a0 = memref.load %acc0[] : memref<vector<8xf32>>
    %a1 = memref.load %acc1[] : memref<vector<8xf32>>
    %m0 = arith.maximumf %a0, %zero : vector<8xf32>
    %m1 = arith.maximumf %a1, %zero : vector<8xf32>
    %o0 = arith.muli %by, %w : index
    %o1 = arith.addi %o0, %x : index loc("at")
    vector.store %m0, %out[%o1] : memref<?xf32>, vector<8xf32>
    %o2 = arith.addi %o1, %c8 : index
    vector.store %m1, %out[%o2] : memref<?xf32>, vector<8xf32>
    %inside = arith.cmpi slt, %x, %w : index
    scf.if %inside {
      %q = arith.ceildivsi %x, %c3 : index
      %f = arith.constant -1.5 : f32
      memref.store %f, %out[%q] : memref<?xf32>
    }
    gpu.return
  }
}
