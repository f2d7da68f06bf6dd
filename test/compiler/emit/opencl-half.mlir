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
}
