// RUN: srcc-translate --emit-opencl %s | FileCheck %s --check-prefix=CONTRACT
// RUN: srcc-translate --emit-opencl --multiply-add=fma %s | FileCheck %s --check-prefix=FMA
// RUN: srcc-translate --emit-opencl --multiply-add=mad %s | FileCheck %s --check-prefix=MAD

gpu.module @kernels {
gpu.func @multiply_add(%a: memref<?xf32> {ocl.name = "a", ocl.read_only}, %out: memref<?xf32> {ocl.name = "out"}, %h: i32, %w: i32) kernel {
  %i = arith.constant 0 : index
  %x = vector.load %a[%i] : memref<?xf32>, vector<4xf32> loc("x")
  %y = arith.addf %x, %x : vector<4xf32> loc("y")
  %w0 = memref.load %a[%i] : memref<?xf32>
  %s = vector.broadcast %w0 : f32 to vector<4xf32>
  // CONTRACT: vstore4(a[0] * x + y, 0, out);
  // FMA: vstore4(fma((float4)(a[0]), x, y), 0, out);
  // MAD: vstore4(mad((float4)(a[0]), x, y), 0, out);
  %0 = vector.fma %s, %x, %y : vector<4xf32>
  vector.store %0, %out[%i] : memref<?xf32>, vector<4xf32>
  // CONTRACT: out[0] = -a[0] * a[0] + 1.0f;
  // FMA: out[0] = fma(-a[0], a[0], 1.0f);
  // MAD: out[0] = mad(-a[0], a[0], 1.0f);
  %w1 = memref.load %a[%i] : memref<?xf32>
  %w2 = memref.load %a[%i] : memref<?xf32>
  %n = arith.negf %w1 : f32
  %one = arith.constant 1.0 : f32
  %1 = math.fma %n, %w2, %one : f32
  memref.store %1, %out[%i] : memref<?xf32>
  // CONTRACT: vstore4((x + y) * (x - y) + (x + 1.0f), 0, out);
  %2 = arith.addf %x, %y : vector<4xf32>
  %3 = arith.subf %x, %y : vector<4xf32>
  %ones = arith.constant dense<1.0> : vector<4xf32>
  %4 = arith.addf %x, %ones : vector<4xf32>
  %5 = vector.fma %2, %3, %4 : vector<4xf32>
  vector.store %5, %out[%i] : memref<?xf32>, vector<4xf32>
  gpu.return
}
}
