// RUN: rm -rf %t && mkdir -p %t
// RUN: srcc-translate --emit-package %s -o %t/net.srp
// RUN: head -c 4 %t/net.srp | FileCheck %s --check-prefix=MAGIC
// RUN: tail -c +17 %t/net.srp > %t/net.bin
// RUN: flatc --json --strict-json --defaults-json --raw-binary -o %t %{source}/format/package.fbs -- %t/net.bin
// RUN: FileCheck %s < %t/net.json

// MAGIC: SRP1

module attributes {sr.io = #sr.io<scale = 2, color = y, range = 0.0 : 255.0>} {
gpu.module @kernels {
  gpu.func @twice(%a: memref<?xf32> {ocl.name = "input", ocl.read_only}, %w: memref<?xf32> {ocl.name = "weight", ocl.read_only},
      %o: memref<?xf32> {ocl.name = "output"}, %h: i32, %w_: i32) kernel attributes {known_block_size = array<i32: 8, 1, 1>} {
    gpu.return
  }
}
ocl.program @net {
  ocl.buffer @input input f32 elements affine_map<()[s0, s1] -> (s0 * s1)> format f32_planar
  ocl.buffer @output output f32 elements affine_map<()[s0, s1] -> (s0 * s1 * 4)> format f32_planar
  ocl.buffer @row temp f16 elements affine_map<()[s0, s1] -> ((s1 ceildiv 16) * 16 + s0 mod 3 + s0 floordiv 2)>
  ocl.buffer @weight constant f32 elements affine_map<()[s0, s1] -> (3)> value dense<[1.0, -2.0, 0.5]> : tensor<3xf32>
  ocl.buffer @table constant i8 elements affine_map<()[s0, s1] -> (4)> value dense<7> : tensor<4xi8>
  ocl.buffer @halves constant f16 elements affine_map<()[s0, s1] -> (2)> value dense_resource<blob> : tensor<2xf16>
  ocl.launch @kernels::@twice blocks affine_map<()[s0, s1] -> (s1 ceildiv 8, s0)> threads affine_map<()[s0, s1] -> (8, 1)>
    args [@input, @weight, @output] reads [0, 1] writes [2] input f32_planar output f32_planar
    layers ["conv0", "relu0"] macs affine_map<()[s0, s1] -> (s0 * s1 * 9)> bytes affine_map<()[s0, s1] -> (s0 * s1 * 20)>
}
}
{-#
  dialect_resources: {
    builtin: {
      blob: "0x04000000003C0038"
    }
  }
#-}

// CHECK: "version": 1,
// CHECK: "model": "net",
// CHECK: "scale": 2,
// CHECK: "color": "Y",
// CHECK: "low": 0.0,
// CHECK: "high": 255.0,
// CHECK: "in_channels": 1,
// CHECK: "out_channels": 1,
// CHECK: "precision": "F32",
// CHECK: "needs_fp16": false,
// CHECK: "buffers": [
// CHECK: "name": "input",
// CHECK-NEXT: "kind": "Input",
// CHECK-NEXT: "type": "F32",
// H W *
// CHECK: "op": "H"
// CHECK: "op": "W"
// CHECK: "op": "Mul"
// CHECK: "format": "F32Planar"
// CHECK: "name": "output",
// CHECK-NEXT: "kind": "Output",
// CHECK: "name": "row",
// CHECK-NEXT: "kind": "Temp",
// CHECK-NEXT: "type": "F16",
// W 16 ceildiv 16 * H 3 mod + H 2 floordiv +, or the terms in another order
// CHECK-DAG: "op": "CeilDiv"
// CHECK-DAG: "op": "Mod"
// CHECK-DAG: "op": "FloorDiv"
// CHECK: "format": "None"
// CHECK: "name": "weight",
// CHECK-NEXT: "kind": "Constant",
// 1.0f is 00 00 80 3f
// CHECK: "data": [
// CHECK-NEXT: 0,
// CHECK-NEXT: 0,
// CHECK-NEXT: 128,
// CHECK-NEXT: 63,
// CHECK-NEXT: 0,
// CHECK-NEXT: 0,
// CHECK-NEXT: 0,
// CHECK-NEXT: 192,
// CHECK-NEXT: 0,
// CHECK-NEXT: 0,
// CHECK-NEXT: 0,
// CHECK-NEXT: 63
// CHECK-NEXT: ]
// CHECK: "name": "table",
// CHECK: "type": "U8",
// CHECK: "data": [
// CHECK-NEXT: 7,
// CHECK-NEXT: 7,
// CHECK-NEXT: 7,
// CHECK-NEXT: 7
// CHECK-NEXT: ]
// CHECK: "name": "halves",
// CHECK: "data": [
// CHECK-NEXT: 0,
// CHECK-NEXT: 60,
// CHECK-NEXT: 0,
// CHECK-NEXT: 56
// CHECK-NEXT: ]
// CHECK: "programs": [
// CHECK: "name": "kernels",
// CHECK: "source": "kernel __attribute__((reqd_work_group_size(8, 1, 1)))\nvoid twice(
// CHECK: "launches": [
// CHECK: "kernel": "twice",
// CHECK-NEXT: "program": 0,
// CHECK: "blocks": [
// CHECK: "op": "W"
// CHECK: "value": 8
// CHECK: "op": "CeilDiv"
// CHECK: "op": "H"
// CHECK: "threads": [
// CHECK: "value": 8
// CHECK: "value": 1
// CHECK: "buffers": [
// CHECK-NEXT: 0,
// CHECK-NEXT: 3,
// CHECK-NEXT: 1
// CHECK: "reads": [
// CHECK-NEXT: 0,
// CHECK-NEXT: 3
// CHECK: "writes": [
// CHECK-NEXT: 1
// CHECK: "input": "F32Planar",
// CHECK-NEXT: "output": "F32Planar",
// CHECK: "conv0",
// CHECK-NEXT: "relu0"
// CHECK: "macs": {
// CHECK: "value": 9
// CHECK: "bytes": {
// CHECK: "value": 20
