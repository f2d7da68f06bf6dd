// RUN: srcc-translate --emit-opencl --fp16 %s -o %t.cl && FileCheck %s < %t.cl
// RUN: clang-22 -x cl -cl-std=CL1.2 -fsyntax-only -Xclang -finclude-default-header -Wall -Wextra -Wno-unused-parameter -Werror %t.cl
// RUN: clang-22 -x cl -cl-std=CL3.0 -fsyntax-only -Xclang -finclude-default-header -Wall -Wextra -Wno-unused-parameter -Werror %t.cl
// RUN: not srcc-translate --emit-opencl %s 2>&1 | FileCheck %s --check-prefix=WITHOUT

// CHECK: #pragma OPENCL EXTENSION cl_khr_fp16 : enable
// WITHOUT: error: {{.*}}'vector.load' op computes in half, which needs cl_khr_fp16; without it, ocl.vload_half and ocl.vstore_half read and write 16-bit storage
gpu.module @kernels {
// CHECK-LABEL: void half_arithmetic(
gpu.func @half_arithmetic(%m: memref<?xf16> {ocl.name = "m"}, %f: memref<?xf32> {ocl.name = "f"}, %h: i32, %w: i32) kernel {
  %i = arith.constant 0 : index
  // CHECK-NEXT: const half4 x = vload4(0, m);
  %x = vector.load %m[%i] : memref<?xf16>, vector<4xf16> loc("x")
  // CHECK-NEXT: vstore4(max(x * 0.1h + x, 0.0h), 0, m);
  %c = arith.constant dense<0.1> : vector<4xf16>
  %zero = arith.constant dense<0.0> : vector<4xf16>
  %0 = vector.fma %x, %c, %x : vector<4xf16>
  %1 = arith.maximumf %0, %zero : vector<4xf16>
  vector.store %1, %m[%i] : memref<?xf16>, vector<4xf16>
  // 65500 rounds to 65504, the largest.
  // CHECK-NEXT: vstore4(select(x, (half4)(6.55e+04h), convert_short4(convert_int4(x < 0.0h))), 0, m);
  %top = arith.constant dense<65504.0> : vector<4xf16>
  %2 = arith.cmpf olt, %x, %zero : vector<4xf16>
  %3 = arith.select %2, %top, %x : vector<4xi1>, vector<4xf16>
  vector.store %3, %m[%i] : memref<?xf16>, vector<4xf16>
  // CHECK-NEXT: vstore4(convert_float4(x), 0, f);
  %4 = arith.extf %x : vector<4xf16> to vector<4xf32>
  vector.store %4, %f[%i] : memref<?xf32>, vector<4xf32>
  // CHECK-NEXT: m[0] = (half)f[0] + m[0];
  %5 = memref.load %f[%i] : memref<?xf32>
  %6 = arith.truncf %5 : f32 to f16
  %7 = memref.load %m[%i] : memref<?xf16>
  %8 = arith.addf %6, %7 : f16
  memref.store %8, %m[%i] : memref<?xf16>
  // CHECK-NEXT: m[0] = (half)-INFINITY;
  %9 = arith.constant 0xFC00 : f16
  memref.store %9, %m[%i] : memref<?xf16>
  // The smallest there is.
  // CHECK-NEXT: m[0] = 6e-08h;
  %10 = arith.constant 0x0001 : f16
  memref.store %10, %m[%i] : memref<?xf16>
  gpu.return
}
// What pointwise stages and sums in f32 are made of.
// CHECK-LABEL: void half_stages(
gpu.func @half_stages(%m: memref<?xf16> {ocl.name = "m"}, %f: memref<?xf32> {ocl.name = "f"}, %h: i32, %w: i32) kernel {
  %i = arith.constant 0 : index
  // CHECK-NEXT: half4 sum = (half4)(0.0h);
  %zero = arith.constant dense<0.0> : vector<4xf16>
  %sum = memref.alloca() : memref<vector<4xf16>> loc("sum")
  memref.store %zero, %sum[] : memref<vector<4xf16>>
  // CHECK-NEXT: const half4 x = vload4(0, m);
  %x = vector.load %m[%i] : memref<?xf16>, vector<4xf16> loc("x")
  // CHECK-NEXT: sum = x * m[0] + sum;
  %s = memref.load %m[%i] : memref<?xf16>
  %splat = vector.broadcast %s : f16 to vector<4xf16>
  %0 = memref.load %sum[] : memref<vector<4xf16>>
  %1 = math.fma %x, %splat, %0 : vector<4xf16>
  memref.store %1, %sum[] : memref<vector<4xf16>>
  // A clamp, and half of it.
  // CHECK-NEXT: vstore4(fmin(fmax(sum, 0.0h), 1.0h) * 0.5h, 0, m);
  %one = arith.constant dense<1.0> : vector<4xf16>
  %half = arith.constant dense<0.5> : vector<4xf16>
  %2 = memref.load %sum[] : memref<vector<4xf16>>
  %3 = arith.maxnumf %2, %zero : vector<4xf16>
  %4 = arith.minnumf %3, %one : vector<4xf16>
  %5 = arith.mulf %4, %half : vector<4xf16>
  vector.store %5, %m[%i] : memref<?xf16>, vector<4xf16>
  // CHECK-NEXT: vstore4(convert_half4(tanh(convert_float4(x))), 0, m);
  %6 = arith.extf %x : vector<4xf16> to vector<4xf32>
  %7 = math.tanh %6 : vector<4xf32>
  %8 = arith.truncf %7 : vector<4xf32> to vector<4xf16>
  vector.store %8, %m[%i] : memref<?xf16>, vector<4xf16>
  // CHECK-NEXT: m[0] = H > 0 ? m[0] : 0.0h;
  %c0 = arith.constant 0 : i32
  %9 = memref.load %m[%i] : memref<?xf16>
  %10 = arith.constant 0.0 : f16
  %11 = arith.cmpi sgt, %h, %c0 : i32
  %12 = arith.select %11, %9, %10 : f16
  memref.store %12, %m[%i] : memref<?xf16>
  // The product of two halves is exact in f32.
  // CHECK-NEXT: f[0] = (float)m[0] * (float)m[0] + f[0];
  %13 = memref.load %m[%i] : memref<?xf16>
  %14 = arith.extf %13 : f16 to f32
  %15 = memref.load %m[%i] : memref<?xf16>
  %16 = arith.extf %15 : f16 to f32
  %17 = memref.load %f[%i] : memref<?xf32>
  %18 = math.fma %14, %16, %17 : f32
  memref.store %18, %f[%i] : memref<?xf32>
  gpu.return
}
}
