// RUN: srcc-translate --emit-opencl %s -o %t.cl && FileCheck %s < %t.cl
// RUN: clang-22 -x cl -cl-std=CL1.2 -fsyntax-only -Xclang -finclude-default-header -Wall -Wextra -Wno-unused-parameter -Werror %t.cl

// What is used once is printed where it is used, but no read moves past a write that may change it.

gpu.module @kernels {

// CHECK-LABEL: void same_memory(
gpu.func @same_memory(%m: memref<?xf32> {ocl.name = "m"}, %h: i32, %w: i32) kernel {
  %i = arith.constant 0 : index
  %j = arith.constant 1 : index
  // Swaps m[0] and m[1]: the second read waits, the first must not.
  // CHECK-NEXT: const float m_value = m[0];
  // CHECK-NEXT: m[0] = m[1];
  // CHECK-NEXT: m[1] = m_value;
  %a = memref.load %m[%i] : memref<?xf32>
  %b = memref.load %m[%j] : memref<?xf32>
  memref.store %b, %m[%i] : memref<?xf32>
  memref.store %a, %m[%j] : memref<?xf32>
  gpu.return
}

// Parameters may be the same memory, unless nothing writes to one of them.
// CHECK-LABEL: void other_memory(
gpu.func @other_memory(%a: memref<?xf32> {ocl.name = "a"}, %b: memref<?xf32> {ocl.name = "b", ocl.read_only},
    %c: memref<?xf32> {ocl.name = "c"}, %h: i32, %w: i32) kernel {
  %i = arith.constant 0 : index
  // CHECK: const float a_value = a[0];
  // CHECK-NEXT: c[0] = 0.0f;
  // CHECK-NEXT: c[0] = a_value + b[0];
  %0 = memref.load %a[%i] : memref<?xf32>
  %1 = memref.load %b[%i] : memref<?xf32>
  %f = arith.constant 0.0 : f32
  memref.store %f, %c[%i] : memref<?xf32>
  %2 = arith.addf %0, %1 : f32
  memref.store %2, %c[%i] : memref<?xf32>
  // What was computed from a read waits no longer than the read.
  // CHECK-NEXT: const float value = exp(a[0]) * 2.0f;
  // CHECK-NEXT: vstore2((float2)(0.0f), 0, c);
  // CHECK-NEXT: c[0] = value;
  %3 = memref.load %a[%i] : memref<?xf32>
  %4 = math.exp %3 : f32
  %two = arith.constant 2.0 : f32
  %5 = arith.mulf %4, %two : f32
  %zeros = arith.constant dense<0.0> : vector<2xf32>
  vector.store %zeros, %c[%i] : memref<?xf32>, vector<2xf32>
  memref.store %5, %c[%i] : memref<?xf32>
  gpu.return
}

// A variable is declared by its first store where that precedes all other uses.
// CHECK-LABEL: void variables(
gpu.func @variables(%m: memref<?xf32> {ocl.name = "m"}, %h: i32, %w: i32) kernel {
  %i = arith.constant 0 : index
  %n = arith.constant 4 : index
  %one = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  // CHECK-NEXT: float last;
  // CHECK-NEXT: float scratch[4];
  %last = memref.alloca() : memref<f32> loc("last")
  %inner = memref.alloca() : memref<f32> loc("inner")
  %scratch = memref.alloca() : memref<4xf32>
  // CHECK-NEXT: float sum = 0.0f;
  %sum = memref.alloca() : memref<f32> loc("sum")
  memref.store %zero, %sum[] : memref<f32>
  // CHECK-NEXT: for (int i = 0; i < 4; ++i) {
  scf.for %x = %i to %n step %one {
    // CHECK-NEXT: float inner = m[i];
    %0 = memref.load %m[%x] : memref<?xf32>
    memref.store %0, %inner[] : memref<f32>
    // CHECK-NEXT: if (i < H) {
    // CHECK-NEXT:   inner = inner * 2.0f;
    // CHECK-NEXT: }
    %hi = arith.index_cast %h : i32 to index
    %c = arith.cmpi slt, %x, %hi : index
    scf.if %c {
      %1 = memref.load %inner[] : memref<f32>
      %two = arith.constant 2.0 : f32
      %2 = arith.mulf %1, %two : f32
      memref.store %2, %inner[] : memref<f32>
    }
    // CHECK-NEXT: const float inner_value = inner;
    // CHECK-NEXT: inner = 0.0f;
    // CHECK-NEXT: sum = sum + inner_value * inner;
    %3 = memref.load %inner[] : memref<f32>
    memref.store %zero, %inner[] : memref<f32>
    %4 = memref.load %inner[] : memref<f32>
    %5 = arith.mulf %3, %4 : f32
    %6 = memref.load %sum[] : memref<f32>
    %7 = arith.addf %6, %5 : f32
    memref.store %7, %sum[] : memref<f32>
    // CHECK-NEXT: scratch[i] = 0.0f;
    memref.store %zero, %scratch[%x] : memref<4xf32>
    // A value read in one turn that another turn wrote.
    // CHECK-NEXT: m[i] = last;
    // CHECK-NEXT: last = scratch[i];
    // CHECK-NEXT: }
    %8 = memref.load %last[] : memref<f32>
    memref.store %8, %m[%x] : memref<?xf32>
    %9 = memref.load %scratch[%x] : memref<4xf32>
    memref.store %9, %last[] : memref<f32>
  }
  // CHECK-NEXT: m[0] = sum * sum;
  %10 = memref.load %sum[] : memref<f32>
  %11 = arith.mulf %10, %10 : f32
  memref.store %11, %m[%i] : memref<?xf32>
  gpu.return
}

// CHECK-LABEL: void loops(
gpu.func @loops(%m: memref<?xf32> {ocl.name = "m"}, %k: memref<?xi32> {ocl.name = "k"}, %h: i32, %w: i32) kernel {
  %i = arith.constant 0 : index
  %two = arith.constant 2 : index
  %one = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %n = arith.index_cast %w : i32 to index
  // The bound is read once, before the loop.
  // CHECK: const int index = k[0];
  // CHECK-NEXT: for (int i = 0; i < index; i += 2) {
  // CHECK-NEXT:   k[0] = i;
  // CHECK-NEXT: }
  %0 = memref.load %k[%i] : memref<?xi32>
  %1 = arith.index_cast %0 : i32 to index
  scf.for %x = %i to %1 step %two {
    %2 = arith.index_cast %x : index to i32
    memref.store %2, %k[%i] : memref<?xi32>
  }
  // A read before a loop that writes.
  // CHECK-NEXT: const float m_value = m[0];
  // CHECK-NEXT: // rows
  // CHECK-NEXT: for (int i = H / 2; i < W; ++i) {
  // CHECK-NEXT:   #pragma unroll
  // CHECK-NEXT:   for (int j = 0; j < 2; ++j) {
  // CHECK-NEXT:     m[i * 2 + j] = 0.0f;
  // CHECK-NEXT:   }
  // CHECK-NEXT: }
  // CHECK-NEXT: m[1] = m_value;
  %3 = memref.load %m[%i] : memref<?xf32>
  %hi = arith.index_cast %h : i32 to index
  %4 = arith.divsi %hi, %two : index
  scf.for %y = %4 to %n step %one {
    scf.for %x = %i to %two step %one {
      %5 = arith.muli %y, %two : index
      %6 = arith.addi %5, %x : index
      memref.store %zero, %m[%6] : memref<?xf32>
    } {ocl.unroll}
  } {ocl.comment = "rows"}
  memref.store %3, %m[%one] : memref<?xf32>
  // Carried values; the two that swap need a third.
  // CHECK-NEXT: float a = 0.0f;
  // CHECK-NEXT: float b = 1.0f;
  // CHECK-NEXT: float sum = m[0];
  // CHECK-NEXT: for (int i = 0; i < W; ++i) {
  // CHECK-NEXT:   const float a1 = a;
  // CHECK-NEXT:   const float value = a + sum;
  // CHECK-NEXT:   a = b;
  // CHECK-NEXT:   b = a1;
  // CHECK-NEXT:   sum = value;
  // CHECK-NEXT: }
  // CHECK-NEXT: m[0] = a - b + sum;
  %f1 = arith.constant 1.0 : f32
  %7 = memref.load %m[%i] : memref<?xf32>
  %8:3 = "scf.for"(%i, %n, %one, %zero, %f1, %7) ({
  ^body(%x: index, %a: f32 loc("a"), %b: f32 loc("b"), %s: f32 loc("sum")):
    %9 = arith.addf %a, %s : f32
    scf.yield %b, %a, %9 : f32, f32, f32
  }) : (index, index, index, f32, f32, f32) -> (f32, f32, f32)
  %10 = arith.subf %8#0, %8#1 : f32
  %11 = arith.addf %10, %8#2 : f32
  memref.store %11, %m[%i] : memref<?xf32>
  gpu.return
}

// CHECK-LABEL: void conditions(
gpu.func @conditions(%m: memref<?xf32> {ocl.name = "m"}, %h: i32, %w: i32) kernel {
  %i = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  // CHECK: float border;
  // CHECK-NEXT: if (m[0] < 0.0f) {
  // CHECK-NEXT:   m[0] = 0.0f;
  // CHECK-NEXT:   border = m[0];
  // CHECK-NEXT: } else {
  // CHECK-NEXT:   border = 1.0f;
  // CHECK-NEXT: }
  // CHECK-NEXT: m[0] = border;
  %0 = memref.load %m[%i] : memref<?xf32>
  %1 = arith.cmpf olt, %0, %zero : f32
  %2 = scf.if %1 -> f32 {
    memref.store %zero, %m[%i] : memref<?xf32>
    %3 = memref.load %m[%i] : memref<?xf32>
    scf.yield %3 : f32
  } else {
    %one = arith.constant 1.0 : f32
    scf.yield %one : f32
  } loc("border")
  memref.store %2, %m[%i] : memref<?xf32>
  gpu.return
}

// Local memory: nothing read from it, or from memory others write, crosses a barrier.
// CHECK-LABEL: void barriers(
gpu.func @barriers(%m: memref<?xf32> {ocl.name = "m"}, %r: memref<?xf32> {ocl.name = "r", ocl.read_only}, %h: i32, %w: i32)
    workgroup(%tile: memref<64xf32, #gpu.address_space<workgroup>> loc("tile")) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
  // CHECK: local float tile[64];
  // CHECK-NEXT: const int t = get_local_id(0);
  // CHECK-NEXT: tile[t] = m[t];
  // CHECK-NEXT: const float before = m[0] + tile[0];
  // CHECK-NEXT: barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
  // CHECK-NEXT: m[t] = before + tile[63 - t] * r[t];
  %i = arith.constant 0 : index
  %t = gpu.thread_id x loc("t")
  %0 = memref.load %m[%t] : memref<?xf32>
  memref.store %0, %tile[%t] : memref<64xf32, #gpu.address_space<workgroup>>
  %1 = memref.load %m[%i] : memref<?xf32>
  %2 = memref.load %tile[%i] : memref<64xf32, #gpu.address_space<workgroup>>
  %3 = memref.load %r[%t] : memref<?xf32>
  %4 = arith.addf %1, %2 : f32 loc("before")
  gpu.barrier
  %c63 = arith.constant 63 : index
  %5 = arith.subi %c63, %t : index
  %6 = memref.load %tile[%5] : memref<64xf32, #gpu.address_space<workgroup>>
  %7 = arith.mulf %6, %3 : f32
  %8 = arith.addf %4, %7 : f32
  memref.store %8, %m[%t] : memref<?xf32>
  gpu.return
}

// Long expressions are taken apart, long statements wrapped.
// CHECK-LABEL: void long_ones(
gpu.func @long_ones(%m: memref<?xf32> {ocl.name = "a_rather_long_name_of_a_buffer", ocl.read_only}, %out: memref<?xf32> {ocl.name = "out"}, %h: i32, %w: i32) kernel {
  // CHECK: const float value = a_rather_long_name_of_a_buffer[H] * a_rather_long_name_of_a_buffer[W];
  // CHECK-NEXT: out[0] = a_rather_long_name_of_a_buffer[0] + value;
  // CHECK-NEXT: const float a_rather_long_name_of_a_buffer_value = a_rather_long_name_of_a_buffer[0];
  // CHECK-NEXT: const float8 value1 = (float8)(a_rather_long_name_of_a_buffer_value,
  // CHECK-NEXT: a_rather_long_name_of_a_buffer_value,
  %i = arith.constant 0 : index
  %hi = arith.index_cast %h : i32 to index
  %wi = arith.index_cast %w : i32 to index
  %0 = memref.load %m[%i] : memref<?xf32>
  %1 = memref.load %m[%hi] : memref<?xf32>
  %2 = memref.load %m[%wi] : memref<?xf32>
  %3 = arith.mulf %1, %2 : f32
  %4 = arith.addf %0, %3 : f32
  memref.store %4, %out[%i] : memref<?xf32>
  %5 = memref.load %m[%i] : memref<?xf32>
  %6 = vector.from_elements %5, %5, %5, %5, %5, %5, %5, %5 : vector<8xf32>
  vector.store %6, %out[%i] : memref<?xf32>, vector<8xf32>
  gpu.return
}

// Comments cannot end early, and nothing is printed for what nobody uses.
// CHECK-LABEL: void comments(
gpu.func @comments(%m: memref<?xf32> {ocl.name = "m"}, %h: i32, %w: i32) kernel {
  // CHECK-NEXT: // one
  // CHECK-NEXT: // a line that ends in _
  // CHECK-NEXT: m[0] = 0.0f;
  // CHECK-NEXT: }
  %i = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %0 = memref.load %m[%i] : memref<?xf32>
  %1 = math.exp %0 : f32
  memref.store %zero, %m[%i] {ocl.comment = "one\na line that ends in \\"} : memref<?xf32>
  gpu.return
}
}
