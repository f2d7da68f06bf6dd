// Half arithmetic is in the types that sr-to-sched gives stages and tables; remarks say how each layer sums, and why.
// RUN: rm -rf %t && split-file %s %t
// RUN: srcc-opt %t/net.mlir --sr-to-sched=precision=f16 | FileCheck %t/net.mlir
// RUN: srcc-opt %t/net.mlir --sr-to-sched=precision=f16 --remarks-filter=sr-to-sched 2>&1 >/dev/null | FileCheck %t/net.mlir --check-prefix=REMARK
// RUN: srcc-opt %t/net.mlir --sr-to-sched=precision=f16s --remarks-filter=sr-to-sched 2>&1 | FileCheck %t/net.mlir --check-prefix=STORAGE
// RUN: not srcc-opt %t/net.mlir --sr-to-sched=precision=bf16 2>&1 | FileCheck %s --check-prefix=PRECISION
// PRECISION: error: precision is f32, f16s or f16, not 'bf16'

// The schedule leaves stored types to the algorithm.
// RUN: srcc-opt %t/net.mlir --sr-to-sched=precision=f16 --sched-default='target=mali-g77 precision=f16' | FileCheck %s --check-prefix=SCHEDULE
// SCHEDULE-NOT: as f16

// Devices without half arithmetic, and words that are no precision.
// RUN: not srcc %t/net.mlir --target=pocl-cpu --precision=f16 -o %t/net.srp 2>&1 | FileCheck %s --check-prefix=DEVICE
// RUN: not srcc %t/net.mlir --precision=half -o %t/net.srp 2>&1 | FileCheck %s --check-prefix=WORD
// RUN: not ls %t/net.srp
// DEVICE: srcc: error: --precision=f16 needs a device with half arithmetic (adreno640, adreno650, mali-g77), but the target is pocl-cpu; --precision=f16s works there
// WORD: srcc: error: --precision is f32, f16s or f16, not 'half'

// A package says that it needs half arithmetic.
// RUN: srcc %t/net.mlir --target=mali-g77 --precision=f16 -o %t/net.srp --quiet
// RUN: tail -c +17 %t/net.srp > %t/net.bin
// RUN: flatc --json --strict-json --defaults-json --raw-binary -o %t %{source}/format/package.fbs -- %t/net.bin
// RUN: FileCheck %s --check-prefix=PACKAGE < %t/net.json
// PACKAGE: "precision": "F16",
// PACKAGE: "needs_fp16": true,

//--- net.mlir
module attributes {sr.io = #sr.io<scale = 1, color = rgb, range = 0.0 : 1.0>} {
  func.func @net(%input: tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32> {
    %w = sr.constant dense<0.1> : tensor<64x3x3x3xf32> loc("w")
    %v = sr.constant dense<0.25> : tensor<3x64x3x3xf32>
    %b = sr.constant dense<0.5> : tensor<3xf32>
    %s = sr.constant dense<0.25> : tensor<3x3x1x1xf32>
    %0 = sr.conv2d %input, %w {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x3x?x?xf32>, tensor<64x3x3x3xf32>) -> tensor<1x64x?x?xf32> loc("first")
    %1 = sr.gelu %0 : tensor<1x64x?x?xf32> loc("gelu")
    %2 = sr.conv2d %1, %v, %b {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x64x?x?xf32>, tensor<3x64x3x3xf32>, tensor<3xf32>) -> tensor<1x3x?x?xf32> loc("second")
    %3 = sr.leaky_relu %2 {alpha = 0.1 : f32} : tensor<1x3x?x?xf32> loc("leaky")
    // A sum of two convolutions of 3 products each.
    %4 = sr.conv2d %3, %s : (tensor<1x3x?x?xf32>, tensor<3x3x1x1xf32>) -> tensor<1x3x?x?xf32>
    %5 = sr.conv2d %input, %s : (tensor<1x3x?x?xf32>, tensor<3x3x1x1xf32>) -> tensor<1x3x?x?xf32>
    %6 = sr.add %4, %5 : (tensor<1x3x?x?xf32>, tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32> loc("both")
    return %6 : tensor<1x3x?x?xf32>
  }
}

// Float planes are rounded, 8-bit pixels scaled in f32 and then rounded.
// CHECK: sched.stage @input {{.*}} : f16
// CHECK: sched.read @input_f32{{.*}} : f32
// CHECK: arith.truncf {{.*}} : f32 to f16
// CHECK: sched.stage @input_from_u8 {{.*}} : f16
// CHECK: arith.mulf {{.*}} : f32
// CHECK: arith.truncf
// CHECK: sched.table @w = dense<9.997550e-02> : tensor<64x3x3x3xf16>
// 27 products: a fused multiply-add in half.
// CHECK: sched.stage @first.sum {{.*}} : f16
// CHECK: sched.update
// CHECK: math.fma {{.*}} : f16
// CHECK: sched.stage @first {{.*}} : f16
// CHECK: sched.stage @gelu {{.*}} : f16
// CHECK: arith.extf
// CHECK: math.erf {{.*}} : f32
// CHECK: arith.truncf
// 576 products: exact products and sums in f32, rounded before the bias.
// CHECK: sched.stage @second.sum {{.*}} : f32
// CHECK: arith.extf
// CHECK: arith.extf
// CHECK: math.fma {{.*}} : f32
// CHECK: sched.stage @second {{.*}} : f16
// CHECK: sched.read @second.sum{{.*}} : f32
// CHECK: arith.truncf
// CHECK: arith.addf {{.*}} : f16
// CHECK: sched.stage @leaky {{.*}} : f16
// CHECK: arith.mulf {{.*}} : f16
// CHECK: sched.stage @both.sum {{.*}} : f16
// CHECK-COUNT-2: math.fma {{.*}} : f16
// CHECK: sched.stage @output {{.*}} : f32 output f32_planar
// CHECK: arith.extf
// CHECK: sched.stage @output_u8 {{.*}} : i8 output u8_interleaved
// CHECK: arith.extf
// CHECK: arith.mulf {{.*}} : f32

// REMARK: Function=first | Remark="accumulates in f16: a sum of 27 products, at most 512"
// REMARK: Function=second | Remark="accumulates in f32: a sum of 576 products, more than 512"
// REMARK: Function=both | Remark="accumulates in f16: a sum of 6 products, at most 512"
// STORAGE-NOT: accumulates
