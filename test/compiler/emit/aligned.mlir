// Vectors that are aligned in global memory are read and written whole: one instruction on a GPU, where vload4 is four.
// Others are read and written by functions, or through pointers to vectors that are aligned as their elements.
// RUN: srcc-translate --emit-opencl --fp16 %s | FileCheck %s
// RUN: srcc-translate --emit-opencl --fp16 --vector-access=pointer %s -o %t.cl && FileCheck %s --check-prefix=POINTER < %t.cl
// RUN: clang-22 -x cl -cl-std=CL1.2 -fsyntax-only -Xclang -finclude-default-header -Wall -Wextra -Wno-unused-parameter -Werror %t.cl
// RUN: clang-22 -x cl -cl-std=CL3.0 -fsyntax-only -Xclang -finclude-default-header -Wall -Wextra -Wno-unused-parameter -Werror %t.cl

// POINTER-NOT: {{vload|vstore}}
// POINTER: typedef float4 unaligned_float4 __attribute__((aligned(4)));
// POINTER: typedef float2 unaligned_float2 __attribute__((aligned(4)));
// POINTER: typedef uchar4 unaligned_uchar4 __attribute__((aligned(1)));
// POINTER: typedef half4 unaligned_half4 __attribute__((aligned(2)));

gpu.module @kernels {
gpu.func @copy(%a: memref<?xf32> {ocl.name = "a", ocl.read_only}, %out: memref<?xf32> {ocl.name = "out"}, %h: i32, %w: i32) workgroup(%s: memref<64xf32, #gpu.address_space<workgroup>>) kernel {
  %i = gpu.block_id x
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %at = arith.muli %i, %c4 : index loc("at")
  %next = arith.addi %at, %c8 : index
  // CHECK: const float4 x = *(global const float4 *)&a[at];
  // POINTER: const float4 x = *(global const float4 *)&a[at];
  %x = vector.load %a[%at] {alignment = 16 : i64} : memref<?xf32>, vector<4xf32> loc("x")
  // CHECK: *(global float4 *)&out[at] = x;
  vector.store %x, %out[%at] {alignment = 16 : i64} : memref<?xf32>, vector<4xf32>
  %y = vector.load %a[%next] {alignment = 16 : i64} : memref<?xf32>, vector<4xf32> loc("y")
  // CHECK: *(global float4 *)(&out[at] + 8) = *(global const float4 *)(&a[at] + 8);
  vector.store %y, %out[%next] {alignment = 16 : i64} : memref<?xf32>, vector<4xf32>
  // Not by itself, to less than the vector, nor where arrays are only as aligned as their elements.
  // CHECK: vstore4(vload4(0, &a[at]), 0, out);
  // POINTER: *(global unaligned_float4 *)out = *(global const unaligned_float4 *)&a[at];
  %c0 = arith.constant 0 : index
  %u = vector.load %a[%at] : memref<?xf32>, vector<4xf32>
  vector.store %u, %out[%c0] {alignment = 8 : i64} : memref<?xf32>, vector<4xf32>
  // CHECK: vstore4(x, 0, &{{.*}}[at]);
  // POINTER: *(local unaligned_float4 *)&{{.*}}[at] = x;
  vector.store %x, %s[%at] {alignment = 16 : i64} : memref<64xf32, #gpu.address_space<workgroup>>, vector<4xf32>
  // POINTER: out[0] = (*(global const unaligned_float4 *)(&a[at] + 8)).s1;
  %z = vector.load %a[%next] : memref<?xf32>, vector<4xf32> loc("z")
  %first = vector.extract %z[1] : f32 from vector<4xf32>
  memref.store %first, %out[%c0] : memref<?xf32>
  // An array through which vectors move is aligned as they.
  // CHECK: float line[16];
  // POINTER: float line[16] __attribute__((aligned(16)));
  %p = memref.alloca() : memref<16xf32> loc("line")
  // POINTER: *(private unaligned_float4 *)&line[at] = x;
  vector.store %x, %p[%at] : memref<16xf32>, vector<4xf32>
  // POINTER: *(global unaligned_float2 *)out = *(private unaligned_float2 *)&line[at];
  %pair = vector.load %p[%at] : memref<16xf32>, vector<2xf32>
  vector.store %pair, %out[%c0] : memref<?xf32>, vector<2xf32>
  // POINTER: float lane[4];
  %q = memref.alloca() : memref<4xf32> loc("lane")
  %f = arith.constant 1.0 : f32
  memref.store %f, %q[%at] : memref<4xf32>
  %g = memref.load %q[%at] : memref<4xf32>
  memref.store %g, %out[%at] : memref<?xf32>
  gpu.return
}// A buffer's name gives way to the types'.
gpu.func @bytes(%b: memref<?xi8> {ocl.name = "unaligned_float4", ocl.read_only}, %out: memref<?xi8> {ocl.name = "out"}, %f: memref<?xf16> {ocl.name = "f", ocl.read_only}, %g: memref<?xf16> {ocl.name = "g"}, %h: i32, %w: i32) kernel {
  %i = gpu.block_id x
  // POINTER: *(global unaligned_uchar4 *)&out[group_x] = *(global const unaligned_uchar4
  // POINTER-NEXT: *)&unaligned_float4_[group_x];
  %x = vector.load %b[%i] : memref<?xi8>, vector<4xi8>
  vector.store %x, %out[%i] : memref<?xi8>, vector<4xi8>
  // POINTER: *(global unaligned_half4 *)&g[group_x] = *(global const unaligned_half4 *)&f[group_x];
  %y = vector.load %f[%i] : memref<?xf16>, vector<4xf16>
  vector.store %y, %g[%i] : memref<?xf16>, vector<4xf16>
  gpu.return
}
}
