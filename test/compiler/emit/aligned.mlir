// Vectors that are aligned in global memory are read and written whole: one instruction on a GPU, where vload4 is four.
// RUN: srcc-translate --emit-opencl %s | FileCheck %s

gpu.module @kernels {
gpu.func @copy(%a: memref<?xf32> {ocl.name = "a", ocl.read_only}, %out: memref<?xf32> {ocl.name = "out"}, %h: i32, %w: i32) workgroup(%s: memref<64xf32, #gpu.address_space<workgroup>>) kernel {
  %i = gpu.block_id x
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %at = arith.muli %i, %c4 : index loc("at")
  %next = arith.addi %at, %c8 : index
  // CHECK: const float4 x = *(global const float4 *)&a[at];
  %x = vector.load %a[%at] {alignment = 16 : i64} : memref<?xf32>, vector<4xf32> loc("x")
  // CHECK: *(global float4 *)&out[at] = x;
  vector.store %x, %out[%at] {alignment = 16 : i64} : memref<?xf32>, vector<4xf32>
  %y = vector.load %a[%next] {alignment = 16 : i64} : memref<?xf32>, vector<4xf32> loc("y")
  // CHECK: *(global float4 *)(&out[at] + 8) = *(global const float4 *)(&a[at] + 8);
  vector.store %y, %out[%next] {alignment = 16 : i64} : memref<?xf32>, vector<4xf32>
  // Not by itself, to less than the vector, nor where arrays are only as aligned as their elements.
  // CHECK: vstore4(vload4(0, &a[at]), 0, out);
  %c0 = arith.constant 0 : index
  %u = vector.load %a[%at] : memref<?xf32>, vector<4xf32>
  vector.store %u, %out[%c0] {alignment = 8 : i64} : memref<?xf32>, vector<4xf32>
  // CHECK: vstore4(x, 0, &{{.*}}[at]);
  vector.store %x, %s[%at] {alignment = 16 : i64} : memref<64xf32, #gpu.address_space<workgroup>>, vector<4xf32>
  gpu.return
}
}
