// RUN: srcc-translate --emit-opencl %s -o %t.cl && FileCheck %s < %t.cl
// RUN: clang-22 -x cl -cl-std=CL1.2 -fsyntax-only -Xclang -finclude-default-header -Wall -Wextra -Wno-unused-parameter -Werror %t.cl
// RUN: clang-22 -x cl -cl-std=CL3.0 -fsyntax-only -Xclang -finclude-default-header -Wall -Wextra -Wno-unused-parameter -Werror %t.cl

// Kernels of every kind of operation but half; what they compute is tested by running them (EmitTest.cpp).

// CHECK-NOT: cl_khr_fp16
// CHECK: static inline int floor_div(int a, int b) {
// CHECK: static inline int ceil_div(int a, int b) {
gpu.module @kernels {

// Parameters: names from the model, made identifiers; one line each where they do not fit.
// CHECK:       // conv0: 3 to 24 channels
// CHECK-NEXT:  kernel __attribute__((reqd_work_group_size(8, 2, 1)))
// CHECK-NEXT:  void parameters(global const float *restrict conv0_weight,
// CHECK-NEXT:                  global uchar *half_,
// CHECK-NEXT:                  global const half *restrict buffer,
// CHECK-NEXT:                  global float8 *x1x1,
// CHECK-NEXT:                  int H,
// CHECK-NEXT:                  int W) {
gpu.func @parameters(%a: memref<?xf32> {ocl.name = "conv0.weight", ocl.read_only}, %b: memref<?xi8> {ocl.name = "half"},
    %c: memref<?xf16> {ocl.read_only}, %d: memref<?xvector<8xf32>> {ocl.name = "1x1"}, %h: i32, %w: i32)
    kernel attributes {known_block_size = array<i32: 8, 2, 1>, ocl.comment = "conv0: 3 to 24 channels"} {
  gpu.return
}

// CHECK-LABEL: kernel void ids(global float *out, int H, int W) {
gpu.func @ids(%out: memref<?xf32> {ocl.name = "out"}, %h: i32, %w: i32) kernel {
  // CHECK-NEXT: const int group_x = get_group_id(0);
  // CHECK-NEXT: const int y = get_group_id(1);
  // CHECK-NEXT: const int thread_z = get_local_id(2);
  // CHECK-NEXT: const int global_x = get_global_id(0);
  // CHECK-NEXT: const int threads_x = get_local_size(0);
  // CHECK-NEXT: const int groups_y = get_num_groups(1);
  %0 = gpu.block_id x
  %1 = gpu.block_id y loc("y")
  %2 = gpu.thread_id z
  %3 = gpu.global_id x
  %4 = gpu.block_dim x
  %5 = gpu.grid_dim y
  %6 = arith.addi %0, %1 : index
  %7 = arith.addi %2, %3 : index
  %8 = arith.addi %4, %5 : index
  %9 = arith.addi %6, %7 : index
  %10 = arith.addi %9, %8 : index
  %f = arith.constant 1.0 : f32
  // CHECK-NEXT: out[group_x + y + thread_z + global_x + threads_x + groups_y] = 1.0f;
  memref.store %f, %out[%10] : memref<?xf32>
  gpu.return
}

// Literals: the shortest that reads back.
// CHECK-LABEL: void literals
gpu.func @literals(%out: memref<?xf32> {ocl.name = "out"}, %v: memref<?xvector<4xf32>> {ocl.name = "v"}, %b: memref<?xi8> {ocl.name = "b"},
    %h: i32, %w: i32) kernel {
  %i0 = arith.constant 0 : index
  %i1 = arith.constant 1 : index
  // CHECK-NEXT: out[0] = 0.1f;
  %0 = arith.constant 0.1 : f32
  memref.store %0, %out[%i0] : memref<?xf32>
  // CHECK-NEXT: out[1] = -0.0f;
  %1 = arith.constant -0.0 : f32
  memref.store %1, %out[%i1] : memref<?xf32>
  // CHECK-NEXT: out[0] = 1e+20f;
  %2 = arith.constant 1.0e20 : f32
  memref.store %2, %out[%i0] : memref<?xf32>
  // CHECK-NEXT: out[0] = 1.1754944e-38f;
  %3 = arith.constant 0x00800000 : f32
  memref.store %3, %out[%i0] : memref<?xf32>
  // CHECK-NEXT: out[0] = -INFINITY;
  %4 = arith.constant 0xFF800000 : f32
  memref.store %4, %out[%i0] : memref<?xf32>
  // CHECK-NEXT: out[0] = NAN;
  %5 = arith.constant 0x7FC00000 : f32
  memref.store %5, %out[%i0] : memref<?xf32>
  // CHECK-NEXT: v[0] = (float4)(-2.5f);
  %6 = arith.constant dense<-2.5> : vector<4xf32>
  memref.store %6, %v[%i0] : memref<?xvector<4xf32>>
  // CHECK-NEXT: v[0] = (float4)(1.0f, 2.0f, -3.0f, 0.33333334f);
  %7 = arith.constant dense<[1.0, 2.0, -3.0, 0.333333343]> : vector<4xf32>
  memref.store %7, %v[%i0] : memref<?xvector<4xf32>>
  // CHECK-NEXT: b[0] = (uchar)255;
  %8 = arith.constant -1 : i8
  memref.store %8, %b[%i0] : memref<?xi8>
  // CHECK-NEXT: out[H - 1] = 1.0f;
  %9 = arith.constant -1 : i32
  %10 = arith.addi %h, %9 : i32
  %11 = arith.index_cast %10 : i32 to index
  %12 = arith.constant 1.0 : f32
  memref.store %12, %out[%11] : memref<?xf32>
  // CHECK-NEXT: out[INT_MIN / H] = 1.0f;
  %13 = arith.constant -2147483648 : i32
  %14 = arith.divsi %13, %h : i32
  %15 = arith.index_cast %14 : i32 to index
  memref.store %12, %out[%15] : memref<?xf32>
  gpu.return
}

// Parentheses: as few as C needs, some more around bits and logic.
// CHECK-LABEL: void parentheses
gpu.func @parentheses(%f: memref<?xf32> {ocl.name = "f"}, %out: memref<?xf32> {ocl.name = "out"}, %b: i32, %c: i32) kernel {
  %i = arith.index_cast %b : i32 to index
  %j = arith.index_cast %c : i32 to index
  %a0 = memref.load %f[%i] : memref<?xf32> loc("x")
  %a1 = arith.negf %a0 : f32 loc("y")
  %a = arith.addf %a0, %a1 : f32 loc("z")
  // CHECK: out[H] = (x - (y + z)) / (x * y);
  %1 = arith.addf %a1, %a : f32
  %2 = arith.subf %a0, %1 : f32
  %3 = arith.mulf %a0, %a1 : f32
  %4 = arith.divf %2, %3 : f32
  memref.store %4, %out[%i] : memref<?xf32>
  // CHECK-NEXT: out[H] = x - y - z;
  %5 = arith.subf %a0, %a1 : f32
  %6 = arith.subf %5, %a : f32
  memref.store %6, %out[%i] : memref<?xf32>
  // Sums of floats keep their order, sums of integers need not.
  // CHECK-NEXT: out[H] = x + (y + z);
  %7 = arith.addf %a1, %a : f32
  %8 = arith.addf %a0, %7 : f32
  memref.store %8, %out[%i] : memref<?xf32>
  // CHECK-NEXT: out[H + W + H] = -(x + y);
  %9 = arith.addi %j, %i : index
  %10 = arith.addi %i, %9 : index
  %11 = arith.addf %a0, %a1 : f32
  %12 = arith.negf %11 : f32
  memref.store %12, %out[%10] : memref<?xf32>
  // CHECK-NEXT: out[H * (W / H)] = x;
  %13 = arith.divsi %j, %i : index
  %14 = arith.muli %i, %13 : index
  memref.store %a0, %out[%14] : memref<?xf32>
  // CHECK-NEXT: out[H - (W - H)] = -(-0.5f) * x;
  %15 = arith.subi %j, %i : index
  %16 = arith.subi %i, %15 : index
  %17 = arith.constant -0.5 : f32
  %18 = arith.negf %17 : f32
  %19 = arith.mulf %18, %a0 : f32
  memref.store %19, %out[%16] : memref<?xf32>
  // CHECK-NEXT: out[((H + W) << 2) & (H ^ 3)] = x;
  %20 = arith.addi %b, %c : i32
  %c2 = arith.constant 2 : i32
  %21 = arith.shli %20, %c2 : i32
  %c3 = arith.constant 3 : i32
  %22 = arith.xori %b, %c3 : i32
  %23 = arith.andi %21, %22 : i32
  %24 = arith.index_cast %23 : i32 to index
  memref.store %a0, %out[%24] : memref<?xf32>
  // CHECK-NEXT: out[H] = H + 1 < W && (H == 3 || x < y) ? x : y;
  %c1 = arith.constant 1 : i32
  %25 = arith.addi %b, %c1 : i32
  %26 = arith.cmpi slt, %25, %c : i32
  %27 = arith.cmpi eq, %b, %c3 : i32
  %28 = arith.cmpf olt, %a0, %a1 : f32
  %29 = arith.ori %27, %28 : i1
  %30 = arith.andi %26, %29 : i1
  %31 = arith.select %30, %a0, %a1 : f32
  memref.store %31, %out[%i] : memref<?xf32>
  gpu.return
}

// Integers.
// CHECK-LABEL: void integers
gpu.func @integers(%out: memref<?xi32> {ocl.name = "out"}, %a: i32, %b: i32) kernel {
  %i = arith.constant 0 : index
  // CHECK-NEXT: out[0] = H % W;
  %0 = arith.remsi %a, %b : i32
  memref.store %0, %out[%i] : memref<?xi32>
  // CHECK-NEXT: out[0] = (int)((uint)H / (uint)W);
  %1 = arith.divui %a, %b : i32
  memref.store %1, %out[%i] : memref<?xi32>
  // CHECK-NEXT: out[0] = (int)((uint)H % (uint)W);
  %2 = arith.remui %a, %b : i32
  memref.store %2, %out[%i] : memref<?xi32>
  // CHECK-NEXT: out[0] = floor_div(H, W);
  %3 = arith.floordivsi %a, %b : i32
  memref.store %3, %out[%i] : memref<?xi32>
  // CHECK-NEXT: out[0] = ceil_div(H, W);
  %4 = arith.ceildivsi %a, %b : i32
  memref.store %4, %out[%i] : memref<?xi32>
  // CHECK-NEXT: out[0] = min(max(H, 0), W);
  %zero = arith.constant 0 : i32
  %5 = arith.maxsi %a, %zero : i32
  %6 = arith.minsi %5, %b : i32
  memref.store %6, %out[%i] : memref<?xi32>
  // CHECK-NEXT: out[0] = (int)min((uint)H, (uint)W);
  %7 = arith.minui %a, %b : i32
  memref.store %7, %out[%i] : memref<?xi32>
  // CHECK-NEXT: out[0] = H >> 3;
  %c3 = arith.constant 3 : i32
  %8 = arith.shrsi %a, %c3 : i32
  memref.store %8, %out[%i] : memref<?xi32>
  // CHECK-NEXT: out[0] = (int)((uint)H >> 3);
  %9 = arith.shrui %a, %c3 : i32
  memref.store %9, %out[%i] : memref<?xi32>
  // CHECK-NEXT: out[0] = (int)((uint)H < (uint)W);
  %10 = arith.cmpi ult, %a, %b : i32
  %11 = arith.extui %10 : i1 to i32
  memref.store %11, %out[%i] : memref<?xi32>
  // CHECK-NEXT: out[0] = (int)!(H != W);
  %12 = arith.cmpi ne, %a, %b : i32
  %true = arith.constant true
  %13 = arith.xori %12, %true : i1
  %14 = arith.extui %13 : i1 to i32
  memref.store %14, %out[%i] : memref<?xi32>
  // CHECK-NEXT: out[0] = (int)abs(H);
  %15 = math.absi %a : i32
  memref.store %15, %out[%i] : memref<?xi32>
  // CHECK-NEXT: out[0] = (int)((uint)(H + W - 1) / (uint)W);
  %16 = arith.ceildivui %a, %b : i32
  memref.store %16, %out[%i] : memref<?xi32>
  // CHECK-NEXT: out[0] = (int)as_float(H);
  %17 = arith.bitcast %a : i32 to f32
  %18 = arith.fptosi %17 : f32 to i32
  memref.store %18, %out[%i] : memref<?xi32>
  gpu.return
}

// Functions.
// CHECK-LABEL: void functions
gpu.func @functions(%m: memref<?xf32> {ocl.name = "m"}, %h: i32, %w: i32) kernel {
  %i = arith.constant 0 : index
  %x = vector.load %m[%i] : memref<?xf32>, vector<8xf32> loc("x")
  %y = arith.addf %x, %x : vector<8xf32> loc("y")
  // CHECK: vstore8(exp(x), 0, m);
  %0 = math.exp %x : vector<8xf32>
  vector.store %0, %m[%i] : memref<?xf32>, vector<8xf32>
  // CHECK-NEXT: vstore8(tanh(erf(x)), 0, m);
  %1 = math.erf %x : vector<8xf32>
  %2 = math.tanh %1 : vector<8xf32>
  vector.store %2, %m[%i] : memref<?xf32>, vector<8xf32>
  // CHECK-NEXT: vstore8(rsqrt(sqrt(fabs(x))), 0, m);
  %3 = math.absf %x : vector<8xf32>
  %4 = math.sqrt %3 : vector<8xf32>
  %5 = math.rsqrt %4 : vector<8xf32>
  vector.store %5, %m[%i] : memref<?xf32>, vector<8xf32>
  // CHECK-NEXT: vstore8(floor(x) - ceil(y), 0, m);
  %6 = math.floor %x : vector<8xf32>
  %7 = math.ceil %y : vector<8xf32>
  %8 = arith.subf %6, %7 : vector<8xf32>
  vector.store %8, %m[%i] : memref<?xf32>, vector<8xf32>
  // CHECK-NEXT: vstore8(rint(x) * round(trunc(y)), 0, m);
  %9 = math.roundeven %x : vector<8xf32>
  %10 = math.trunc %y : vector<8xf32>
  %11 = math.round %10 : vector<8xf32>
  %12 = arith.mulf %9, %11 : vector<8xf32>
  vector.store %12, %m[%i] : memref<?xf32>, vector<8xf32>
  // The scalar of a minimum or maximum stays one, and comes second.
  // CHECK-NEXT: vstore8(min(max(x, 0.0f), 255.0f), 0, m);
  %zero = arith.constant dense<0.0> : vector<8xf32>
  %high = arith.constant dense<255.0> : vector<8xf32>
  %13 = arith.maximumf %zero, %x : vector<8xf32>
  %14 = arith.minimumf %13, %high : vector<8xf32>
  vector.store %14, %m[%i] : memref<?xf32>, vector<8xf32>
  // CHECK-NEXT: vstore8(fmin(fmax(x, y), 0.0f), 0, &m[8]);
  %15 = arith.maxnumf %x, %y : vector<8xf32>
  %s = vector.broadcast %15 : vector<8xf32> to vector<8xf32>
  %16 = arith.minnumf %s, %zero : vector<8xf32>
  %c8 = arith.constant 8 : index
  vector.store %16, %m[%c8] : memref<?xf32>, vector<8xf32>
  // CHECK-NEXT: vstore8(pow(fmod(x, y), x), 0, m);
  %17 = arith.remf %x, %y : vector<8xf32>
  %18 = math.powf %17, %x : vector<8xf32>
  vector.store %18, %m[%i] : memref<?xf32>, vector<8xf32>
  gpu.return
}

// Vectors.
// CHECK-LABEL: void vectors
gpu.func @vectors(%m: memref<?xf32> {ocl.name = "m"}, %h: i32, %w: i32) kernel {
  %i = arith.index_cast %h : i32 to index
  %x = vector.load %m[%i] : memref<?xf32>, vector<4xf32> loc("x")
  %y = arith.addf %x, %x : vector<4xf32> loc("y")
  %s = memref.load %m[%i] : memref<?xf32> loc("s")
  %t = arith.addf %s, %s : f32 loc("t")
  // A splat is a scalar where C widens it, a vector where a function wants one.
  // CHECK: vstore4(s * x + t, 0, &m[H]);
  %s4 = vector.broadcast %s : f32 to vector<4xf32>
  %t4 = vector.broadcast %t : f32 to vector<4xf32>
  %0 = arith.mulf %s4, %x : vector<4xf32>
  %1 = arith.addf %0, %t4 : vector<4xf32>
  vector.store %1, %m[%i] : memref<?xf32>, vector<4xf32>
  // CHECK-NEXT: vstore4(pow(x, (float4)(t)), 0, &m[H]);
  %t4b = vector.broadcast %t : f32 to vector<4xf32>
  %2 = math.powf %x, %t4b : vector<4xf32>
  vector.store %2, %m[%i] : memref<?xf32>, vector<4xf32>
  // CHECK-NEXT: vstore4((float4)(s, t, s, t), 0, &m[H]);
  %3 = vector.from_elements %s, %t, %s, %t : vector<4xf32>
  vector.store %3, %m[%i] : memref<?xf32>, vector<4xf32>
  // CHECK-NEXT: m[H] = x.s3 + (x * y).s0;
  %4 = vector.extract %x[3] : f32 from vector<4xf32>
  %5 = arith.mulf %x, %y : vector<4xf32>
  %6 = vector.extract %5[0] : f32 from vector<4xf32>
  %7 = arith.addf %4, %6 : f32
  memref.store %7, %m[%i] : memref<?xf32>
  // CHECK-NEXT: float4 edge = x;
  // CHECK-NEXT: edge.s0 = s;
  // CHECK-NEXT: edge.s3 = t;
  // CHECK-NEXT: vstore4(edge, 0, &m[H]);
  %8 = vector.insert %s, %x[0] : f32 into vector<4xf32> loc("edge")
  %9 = vector.insert %t, %8[3] : f32 into vector<4xf32> loc("edge")
  vector.store %9, %m[%i] : memref<?xf32>, vector<4xf32>
  // CHECK-NEXT: vstore4(x.s3210, 0, &m[H]);
  %10 = vector.shuffle %x, %y [3, 2, 1, 0] : vector<4xf32>, vector<4xf32>
  vector.store %10, %m[%i] : memref<?xf32>, vector<4xf32>
  // CHECK-NEXT: vstore4((float4)(x.s12, x.s3, y.s0), 0, &m[H]);
  %11 = vector.shuffle %x, %y [1, 2, 3, 4] : vector<4xf32>, vector<4xf32>
  vector.store %11, %m[%i] : memref<?xf32>, vector<4xf32>
  // CHECK-NEXT: vstore8((float8)(x.s0, y.s0, x.s1, y.s1, x.s2, y.s2, x.s3, y.s3), 0, &m[H]);
  %12 = vector.interleave %x, %y : vector<4xf32> -> vector<8xf32>
  vector.store %12, %m[%i] : memref<?xf32>, vector<8xf32>
  // CHECK-NEXT: const float8 wide = vload8(0, &m[H]);
  // CHECK-NEXT: vstore4(wide.s0246 - wide.s1357, 0, &m[H]);
  %13 = vector.load %m[%i] : memref<?xf32>, vector<8xf32> loc("wide")
  %14, %15 = vector.deinterleave %13 : vector<8xf32> -> vector<4xf32>
  %16 = arith.subf %14, %15 : vector<4xf32>
  vector.store %16, %m[%i] : memref<?xf32>, vector<4xf32>
  // CHECK-NEXT: vstore2(x.s23, 0, &m[H]);
  %17 = vector.extract_strided_slice %x {offsets = [2], sizes = [2], strides = [1]} : vector<4xf32> to vector<2xf32>
  vector.store %17, %m[%i] : memref<?xf32>, vector<2xf32>
  // CHECK-NEXT: m[H] = x.s0 + x.s3;
  %18:4 = vector.to_elements %x : vector<4xf32>
  %19 = arith.addf %18#0, %18#3 : f32
  memref.store %19, %m[%i] : memref<?xf32>
  gpu.return
}

// Lanes of a shuffle in turn: of what is no shuffle itself one by one, else both halves, and their order.
// CHECK-LABEL: void shuffles
gpu.func @shuffles(%m: memref<?xf32> {ocl.name = "m"}, %h: i32, %w: i32) kernel {
  %i = arith.index_cast %h : i32 to index
  %x = vector.load %m[%i] : memref<?xf32>, vector<8xf32> loc("x")
  %y = arith.addf %x, %x : vector<8xf32> loc("y")
  // CHECK: const float8 a = (float8)(x.s0, y.s0, x.s1, y.s1, x.s2, y.s2, x.s3, y.s3);
  %a = vector.shuffle %x, %y [0, 8, 1, 9, 2, 10, 3, 11] : vector<8xf32>, vector<8xf32> loc("a")
  // CHECK: vstore8(((float8)(a.s0123, y.s0123)).s04152637, 0, &m[H]);
  %0 = vector.shuffle %a, %y [0, 8, 1, 9, 2, 10, 3, 11] : vector<8xf32>, vector<8xf32>
  vector.store %0, %m[%i] : memref<?xf32>, vector<8xf32>
  gpu.return
}

// Masks: lanes of 0 and -1.
// CHECK-LABEL: void masks
gpu.func @masks(%m: memref<?xf32> {ocl.name = "m"}, %u: memref<?xi8> {ocl.name = "u"}, %h: i32, %w: i32) kernel {
  %i = arith.constant 0 : index
  %x = vector.load %m[%i] : memref<?xf32>, vector<4xf32> loc("x")
  %y = arith.addf %x, %x : vector<4xf32> loc("y")
  // CHECK: vstore4(select(y, x, x < 0.0f), 0, m);
  %zero = arith.constant dense<0.0> : vector<4xf32>
  %0 = arith.cmpf olt, %x, %zero : vector<4xf32>
  %1 = arith.select %0, %x, %y : vector<4xi1>, vector<4xf32>
  vector.store %1, %m[%i] : memref<?xf32>, vector<4xf32>
  // CHECK-NEXT: const int4 right = (int4)(0, 1, 2, 3) + H < W;
  %step = vector.step : vector<4xindex>
  %hi = arith.index_cast %h : i32 to index
  %wi = arith.index_cast %w : i32 to index
  %h4 = vector.broadcast %hi : index to vector<4xindex>
  %w4 = vector.broadcast %wi : index to vector<4xindex>
  %2 = arith.addi %step, %h4 : vector<4xindex>
  %3 = arith.cmpi slt, %2, %w4 : vector<4xindex> loc("right")
  // CHECK-NEXT: vstore4(select((float4)(0.0f), x, right & (x == y)), 0, m);
  %4 = arith.cmpf oeq, %x, %y : vector<4xf32>
  %5 = arith.andi %3, %4 : vector<4xi1>
  %6 = arith.select %5, %x, %zero : vector<4xi1>, vector<4xf32>
  vector.store %6, %m[%i] : memref<?xf32>, vector<4xf32>
  // CHECK-NEXT: vstore4(select(x, y, right ^ -1), 0, m);
  %true = arith.constant dense<true> : vector<4xi1>
  %7 = arith.xori %3, %true : vector<4xi1>
  %8 = arith.select %7, %y, %x : vector<4xi1>, vector<4xf32>
  vector.store %8, %m[%i] : memref<?xf32>, vector<4xf32>
  // CHECK-NEXT: vstore4(select(x, y, (int4)(H < W ? -1 : 0)), 0, m);
  %9 = arith.cmpi slt, %h, %w : i32 loc("thin")
  %10 = vector.broadcast %9 : i1 to vector<4xi1>
  %11 = arith.select %10, %y, %x : vector<4xi1>, vector<4xf32>
  vector.store %11, %m[%i] : memref<?xf32>, vector<4xf32>
  // A scalar condition chooses whole vectors.
  // CHECK-NEXT: vstore4(H == W ? x : y, 0, m);
  %12 = arith.cmpi eq, %h, %w : i32
  %13 = arith.select %12, %x, %y : vector<4xf32>
  vector.store %13, %m[%i] : memref<?xf32>, vector<4xf32>
  // CHECK-NEXT: m[0] = right.s1 != 0 ? 1.0f : 2.0f;
  %14 = vector.extract %3[1] : i1 from vector<4xi1>
  %one = arith.constant 1.0 : f32
  %two = arith.constant 2.0 : f32
  %15 = arith.select %14, %one, %two : f32
  memref.store %15, %m[%i] : memref<?xf32>
  // CHECK-NEXT: vstore4(convert_float4(right & 1), 0, m);
  %16 = arith.uitofp %3 : vector<4xi1> to vector<4xf32>
  vector.store %16, %m[%i] : memref<?xf32>, vector<4xf32>
  // CHECK-NEXT: const uchar4 bytes = vload4(0, u);
  // CHECK-NEXT: vstore4(select((uchar4)(7), bytes, convert_char4(right)), 0, u);
  %17 = vector.load %u[%i] : memref<?xi8>, vector<4xi8> loc("bytes")
  %seven = arith.constant dense<7> : vector<4xi8>
  %18 = arith.select %3, %17, %seven : vector<4xi1>, vector<4xi8>
  vector.store %18, %u[%i] : memref<?xi8>, vector<4xi8>
  // CHECK-NEXT: vstore4(select(x, y, convert_int4(bytes < (uchar4)(7))), 0, m);
  %19 = arith.cmpi ult, %17, %seven : vector<4xi8>
  %20 = arith.select %19, %y, %x : vector<4xi1>, vector<4xf32>
  vector.store %20, %m[%i] : memref<?xf32>, vector<4xf32>
  // Unordered comparisons.
  // CHECK-NEXT: vstore4(select(x, y, !(x <= y)), 0, m);
  %21 = arith.cmpf ugt, %x, %y : vector<4xf32>
  %22 = arith.select %21, %y, %x : vector<4xi1>, vector<4xf32>
  vector.store %22, %m[%i] : memref<?xf32>, vector<4xf32>
  // CHECK-NEXT: vstore4(select(x, y, isunordered(x, y) | !islessgreater(x, (float4)(0.0f))), 0, m);
  %23 = arith.cmpf uno, %x, %y : vector<4xf32>
  %24 = arith.cmpf ueq, %x, %zero : vector<4xf32>
  %25 = arith.ori %23, %24 : vector<4xi1>
  %26 = arith.select %25, %y, %x : vector<4xi1>, vector<4xf32>
  vector.store %26, %m[%i] : memref<?xf32>, vector<4xf32>
  gpu.return
}

// Conversions, and bytes.
// CHECK-LABEL: void conversions
gpu.func @conversions(%m: memref<?xf32> {ocl.name = "m"}, %u: memref<?xi8> {ocl.name = "u"}, %k: memref<?xi32> {ocl.name = "k"}, %h: i32, %w: i32) kernel {
  %i = arith.constant 0 : index
  %x = vector.load %m[%i] : memref<?xf32>, vector<8xf32> loc("x")
  // Rounding and conversion in one.
  // CHECK: vstore8(convert_uchar8_rte(min(max(x * 255.0f, 0.0f), 255.0f)), 0, u);
  %255 = arith.constant dense<255.0> : vector<8xf32>
  %zero = arith.constant dense<0.0> : vector<8xf32>
  %0 = arith.mulf %x, %255 : vector<8xf32>
  %1 = arith.maximumf %0, %zero : vector<8xf32>
  %2 = arith.minimumf %1, %255 : vector<8xf32>
  %3 = math.roundeven %2 : vector<8xf32>
  %4 = arith.fptoui %3 : vector<8xf32> to vector<8xi8>
  vector.store %4, %u[%i] : memref<?xi8>, vector<8xi8>
  // CHECK-NEXT: vstore8(convert_float8(vload8(0, u)) * 0.003921569f, 0, m);
  %scale = arith.constant dense<0.003921569> : vector<8xf32>
  %5 = vector.load %u[%i] : memref<?xi8>, vector<8xi8>
  %6 = arith.uitofp %5 : vector<8xi8> to vector<8xf32>
  %7 = arith.mulf %6, %scale : vector<8xf32>
  vector.store %7, %m[%i] : memref<?xf32>, vector<8xf32>
  // CHECK-NEXT: u[0] = convert_uchar_rte(m[0]);
  %8 = memref.load %m[%i] : memref<?xf32>
  %9 = math.roundeven %8 : f32
  %10 = arith.fptoui %9 : f32 to i8
  memref.store %10, %u[%i] : memref<?xi8>
  // CHECK-NEXT: m[0] = (float)u[0];
  %11 = memref.load %u[%i] : memref<?xi8>
  %12 = arith.uitofp %11 : i8 to f32
  memref.store %12, %m[%i] : memref<?xf32>
  // CHECK-NEXT: k[0] = (int)u[0] + (int)as_char(u[1]);
  %one = arith.constant 1 : index
  %13 = memref.load %u[%i] : memref<?xi8>
  %14 = arith.extui %13 : i8 to i32
  %15 = memref.load %u[%one] : memref<?xi8>
  %16 = arith.extsi %15 : i8 to i32
  %17 = arith.addi %14, %16 : i32
  memref.store %17, %k[%i] : memref<?xi32>
  // CHECK-NEXT: u[0] = (uchar)(H + W);
  %18 = arith.addi %h, %w : i32
  %19 = arith.trunci %18 : i32 to i8
  memref.store %19, %u[%i] : memref<?xi8>
  // CHECK-NEXT: m[0] = (float)(H - W);
  %20 = arith.subi %h, %w : i32
  %21 = arith.sitofp %20 : i32 to f32
  memref.store %21, %m[%i] : memref<?xf32>
  // CHECK-NEXT: k[0] = (int)(uint)m[0];
  %22 = memref.load %m[%i] : memref<?xf32>
  %23 = arith.fptoui %22 : f32 to i32
  memref.store %23, %k[%i] : memref<?xi32>
  // C adds bytes as int.
  // CHECK-NEXT: u[0] = (uchar)(u[0] + (uchar)200);
  %24 = memref.load %u[%i] : memref<?xi8>
  %200 = arith.constant 200 : i8
  %25 = arith.addi %24, %200 : i8
  memref.store %25, %u[%i] : memref<?xi8>
  // CHECK-NEXT: vstore8(convert_uchar8(convert_int8(x)), 0, u);
  %26 = arith.fptosi %x : vector<8xf32> to vector<8xi32>
  %27 = arith.trunci %26 : vector<8xi32> to vector<8xi8>
  vector.store %27, %u[%i] : memref<?xi8>, vector<8xi8>
  gpu.return
}

// 16-bit storage without arithmetic in half.
// CHECK-LABEL: void storage
gpu.func @storage(%in: memref<?xf16> {ocl.name = "in", ocl.read_only}, %out: memref<?xf16> {ocl.name = "out"}, %h: i32, %w: i32) kernel {
  %i = arith.index_cast %h : i32 to index
  %one = arith.constant 1 : index
  %j = arith.addi %i, %one : index
  // CHECK-NEXT: vstore_half8_rte(vload_half8(0, &in[H]) * vload_half(H, in), 0, &out[H]);
  %0 = ocl.vload_half %in[%i] : memref<?xf16>, vector<8xf32>
  %1 = ocl.vload_half %in[%i] : memref<?xf16>, f32
  %2 = vector.broadcast %1 : f32 to vector<8xf32>
  %3 = arith.mulf %0, %2 : vector<8xf32>
  ocl.vstore_half %3, %out[%i] : vector<8xf32>, memref<?xf16>
  // CHECK-NEXT: vstore_half_rte(1.0f, H + 1, out);
  %f = arith.constant 1.0 : f32
  ocl.vstore_half %f, %out[%j] : f32, memref<?xf16>
  gpu.return
}

// What is the same in all lanes is no variable of one block that the other does not see.
// CHECK-LABEL: void splat
gpu.func @splat(%out: memref<?xf32> {ocl.name = "out"}, %h: i32, %w: i32) kernel {
  %zero = arith.constant 0 : index
  %two = arith.constant dense<2.0> : vector<4xf32>
  %first = arith.cmpi slt, %h, %w : i32
  // CHECK: if (
  // CHECK-NEXT: vstore2(((float4)(2.0f)).s02, 0, out);
  scf.if %first {
    %part = vector.shuffle %two, %two [0, 2] : vector<4xf32>, vector<4xf32>
    vector.store %part, %out[%zero] : memref<?xf32>, vector<2xf32>
  }
  %second = arith.cmpi slt, %w, %h : i32
  // CHECK: if (
  // CHECK-NEXT: vstore2(((float4)(2.0f)).s13, 0, out);
  scf.if %second {
    %part = vector.shuffle %two, %two [1, 3] : vector<4xf32>, vector<4xf32>
    vector.store %part, %out[%zero] : memref<?xf32>, vector<2xf32>
  }
  gpu.return
}
}
