// RUN: srcc-translate --emit-opencl %s | FileCheck %s
// RUN: srcc-translate --emit-opencl --prefetch=builtin %s | FileCheck %s --check-prefix=BUILTIN

gpu.module @kernels {
gpu.func @ask(%a: memref<?xf32> {ocl.name = "a", ocl.read_only}, %b: memref<?xf16> {ocl.name = "b", ocl.read_only}, %h: i32, %w: i32) kernel {
  %i = gpu.block_id x
  %c16 = arith.constant 16 : index
  %next = arith.addi %i, %c16 : index
  // BUILTIN: static inline void prefetch_line(global const void *p)
  // CHECK: prefetch(&a[group_x] + 16, 1);
  // BUILTIN: prefetch_line(&a[group_x] + 16);
  memref.prefetch %a[%next], read, locality<3>, data : memref<?xf32>
  // Of half there is a prefetch() with cl_khr_fp16 only.
  // CHECK: prefetch((global const ushort *)(&b[group_x]), 1);
  // BUILTIN: prefetch_line(&b[group_x]);
  memref.prefetch %b[%i], read, locality<3>, data : memref<?xf16>
  gpu.return
}
}
