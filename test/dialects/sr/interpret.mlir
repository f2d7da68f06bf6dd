// REQUIRES: numpy
// RUN: %{python} %S/Inputs/cases.py srcc-translate %s %t | FileCheck %s
// CHECK: 47 of 47 cases passed
// The values are computed by hand.

// INPUT 1x3x3: 1 2 3 4 5 6 7 8 9
// EXPECT 1x3x3: 12 21 16 27 45 33 24 39 28
func.func @conv2d_pads(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %w = sr.constant dense<1.0> : tensor<1x1x3x3xf32>
  %y = sr.conv2d %x, %w {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x1x?x?xf32>, tensor<1x1x3x3xf32>) -> tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// INPUT 1x4x4: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
// EXPECT 1x2x2: 11931 13042 16375 17486
func.func @conv2d_dilations(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %w = sr.constant dense<[[[[1.0, 10.0], [100.0, 1000.0]]]]> : tensor<1x1x2x2xf32>
  %y = sr.conv2d %x, %w {dilations = array<i64: 2, 2>} : (tensor<1x1x?x?xf32>, tensor<1x1x2x2xf32>) -> tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// INPUT 1x4x4: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
// EXPECT 1x2x2: 2100 400 10965 1208
func.func @conv2d_strides(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %w = sr.constant dense<[[[[1.0, 10.0], [100.0, 1000.0]]]]> : tensor<1x1x2x2xf32>
  %y = sr.conv2d %x, %w {strides = array<i64: 2, 3>, pads = array<i64: 1, 0, 0, 1>} : (tensor<1x1x?x?xf32>, tensor<1x1x2x2xf32>) -> tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// INPUT 2x1x2: 1 2 3 4
// EXPECT 4x1x2: 11 12 22 24 39 42 52 56
func.func @conv2d_groups(%x: tensor<1x2x?x?xf32>) -> tensor<1x4x?x?xf32> {
  %w = sr.constant dense<[[[[1.0]]], [[[2.0]]], [[[3.0]]], [[[4.0]]]]> : tensor<4x1x1x1xf32>
  %b = sr.constant dense<[10.0, 20.0, 30.0, 40.0]> : tensor<4xf32>
  %y = sr.conv2d %x, %w, %b {groups = 2} : (tensor<1x2x?x?xf32>, tensor<4x1x1x1xf32>, tensor<4xf32>) -> tensor<1x4x?x?xf32>
  return %y : tensor<1x4x?x?xf32>
}
// -----
// Five filters of two channels: more than one block of four, and channels summed.
// INPUT 2x1x1: 1 10
// EXPECT 5x1x1: 21 43 65 87 109
func.func @conv2d_filters(%x: tensor<1x2x?x?xf32>) -> tensor<1x5x?x?xf32> {
  %w = sr.constant dense<[[[[1.0]], [[2.0]]], [[[3.0]], [[4.0]]], [[[5.0]], [[6.0]]], [[[7.0]], [[8.0]]], [[[9.0]], [[10.0]]]]> : tensor<5x2x1x1xf32>
  %y = sr.conv2d %x, %w : (tensor<1x2x?x?xf32>, tensor<5x2x1x1xf32>) -> tensor<1x5x?x?xf32>
  return %y : tensor<1x5x?x?xf32>
}
// -----
// INPUT 1x1x2: 1 10
// EXPECT 1x2x4: 1.5 2.5 10.5 20.5 3.5 4.5 30.5 40.5
func.func @conv_transpose2d_strides(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %w = sr.constant dense<[[[[1.0, 2.0], [3.0, 4.0]]]]> : tensor<1x1x2x2xf32>
  %b = sr.constant dense<0.5> : tensor<1xf32>
  %y = sr.conv_transpose2d %x, %w, %b {strides = array<i64: 2, 2>} : (tensor<1x1x?x?xf32>, tensor<1x1x2x2xf32>, tensor<1xf32>) -> tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// Stride 1: overlapping; the left column is cut off.
// INPUT 1x1x3: 1 10 100
// EXPECT 1x1x3: 12 120 200
func.func @conv_transpose2d_pads(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %w = sr.constant dense<[[[[1.0, 2.0]]]]> : tensor<1x1x1x2xf32>
  %y = sr.conv_transpose2d %x, %w {pads = array<i64: 0, 1, 0, 0>} : (tensor<1x1x?x?xf32>, tensor<1x1x1x2xf32>) -> tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// INPUT 1x1x2: 1 10
// EXPECT 1x1x4: 2 13 20 30
func.func @conv_transpose2d_output_pads(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %w = sr.constant dense<[[[[1.0, 2.0, 3.0]]]]> : tensor<1x1x1x3xf32>
  %y = sr.conv_transpose2d %x, %w {strides = array<i64: 1, 2>, pads = array<i64: 0, 1, 0, 1>, output_pads = array<i64: 0, 1>} : (tensor<1x1x?x?xf32>, tensor<1x1x1x3xf32>) -> tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// INPUT 1x1x2: 1 10
// EXPECT 1x1x4: 1 10 2 20
func.func @conv_transpose2d_dilations(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %w = sr.constant dense<[[[[1.0, 2.0]]]]> : tensor<1x1x1x2xf32>
  %y = sr.conv_transpose2d %x, %w {dilations = array<i64: 1, 2>} : (tensor<1x1x?x?xf32>, tensor<1x1x1x2xf32>) -> tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// INPUT 4x1x1: 1 2 3 4
// EXPECT 4x1x1: 7 10 43 50
func.func @conv_transpose2d_groups(%x: tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32> {
  // 1 1 + 2 3, 1 2 + 2 4; 3 5 + 4 7, 3 6 + 4 8
  %w = sr.constant dense<[[[[1.0]], [[2.0]]], [[[3.0]], [[4.0]]], [[[5.0]], [[6.0]]], [[[7.0]], [[8.0]]]]> : tensor<4x2x1x1xf32>
  %y = sr.conv_transpose2d %x, %w {groups = 2} : (tensor<1x4x?x?xf32>, tensor<4x2x1x1xf32>) -> tensor<1x4x?x?xf32>
  return %y : tensor<1x4x?x?xf32>
}
// -----
// INPUT 1x1x3: -2 0 3
// EXPECT 1x1x3: 0 0 3
func.func @relu(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %y = sr.relu %x : tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// INPUT 1x1x3: -2 0 3
// EXPECT 1x1x3: -0.5 0 3
func.func @leaky_relu(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %y = sr.leaky_relu %x {alpha = 0.25 : f32} : tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// INPUT 2x1x2: -2 3 -4 5
// EXPECT 2x1x2: -1 3 8 5
func.func @prelu(%x: tensor<1x2x?x?xf32>) -> tensor<1x2x?x?xf32> {
  %s = sr.constant dense<[0.5, -2.0]> : tensor<2xf32>
  %y = sr.prelu %x, %s : tensor<1x2x?x?xf32>, tensor<2xf32>
  return %y : tensor<1x2x?x?xf32>
}
// -----
// INPUT 2x1x2: -2 3 -4 5
// EXPECT 2x1x2: -1 3 -2 5
func.func @prelu_one_slope(%x: tensor<1x2x?x?xf32>) -> tensor<1x2x?x?xf32> {
  %s = sr.constant dense<0.5> : tensor<1xf32>
  %y = sr.prelu %x, %s : tensor<1x2x?x?xf32>, tensor<1xf32>
  return %y : tensor<1x2x?x?xf32>
}
// -----
// INPUT 1x1x3: -2 0 3
// EXPECT 1x1x3: -1 0 2
func.func @clamp(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %y = sr.clamp %x {low = -1.0 : f32, high = 2.0 : f32} : tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// At ln 3 and - ln 3.
// INPUT 1x1x3: 0 1.0986122886681098 -1.0986122886681098
// EXPECT 1x1x3: 0.5 0.75 0.25
func.func @sigmoid(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %y = sr.sigmoid %x : tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// INPUT 1x1x3: 0 1.0986122886681098 -1.0986122886681098
// EXPECT 1x1x3: 0 0.8 -0.8
func.func @tanh(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %y = sr.tanh %x : tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// INPUT 1x1x3: 0 1.0986122886681098 -1.0986122886681098
// EXPECT 1x1x3: 0 0.8239592165 -0.2746530722
func.func @silu(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %y = sr.silu %x : tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// The normal distribution function at 1 is 0.8413447461.
// INPUT 1x1x3: 0 1 -1
// EXPECT 1x1x3: 0 0.8413447461 -0.1586552539
func.func @gelu(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %y = sr.gelu %x : tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// INPUT 1x1x3: 0 1 -1
// EXPECT 1x1x3: 0 0.8411919906 -0.1588080094
func.func @gelu_tanh(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %y = sr.gelu %x {approximate = #sr.gelu<tanh>} : tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// (x + x) (1, 2) - (x (1, 2))
// INPUT 2x1x2: 1 2 3 4
// EXPECT 2x1x2: 1 2 6 8
func.func @binary(%x: tensor<1x2x?x?xf32>) -> tensor<1x2x?x?xf32> {
  %s = sr.constant dense<[[[[1.0]], [[2.0]]]]> : tensor<1x2x1x1xf32>
  %0 = sr.add %x, %x : (tensor<1x2x?x?xf32>, tensor<1x2x?x?xf32>) -> tensor<1x2x?x?xf32>
  %1 = sr.mul %0, %s : (tensor<1x2x?x?xf32>, tensor<1x2x1x1xf32>) -> tensor<1x2x?x?xf32>
  %2 = sr.mul %s, %x : (tensor<1x2x1x1xf32>, tensor<1x2x?x?xf32>) -> tensor<1x2x?x?xf32>
  %3 = sr.sub %1, %2 : (tensor<1x2x?x?xf32>, tensor<1x2x?x?xf32>) -> tensor<1x2x?x?xf32>
  return %3 : tensor<1x2x?x?xf32>
}
// -----
// Attention: the mean of each channel times the channel.
// INPUT 2x1x2: 1 3 10 20
// EXPECT 2x1x2: 2 6 150 300
func.func @computed_table(%x: tensor<1x2x?x?xf32>) -> tensor<1x2x?x?xf32> {
  %0 = sr.global_avg_pool %x : (tensor<1x2x?x?xf32>) -> tensor<1x2x1x1xf32>
  %1 = sr.mul %x, %0 : (tensor<1x2x?x?xf32>, tensor<1x2x1x1xf32>) -> tensor<1x2x?x?xf32>
  return %1 : tensor<1x2x?x?xf32>
}
// -----
// INPUT 4x1x1: 1 2 3 4
// EXPECT 6x1x1: 2 3 4 2 3 1
func.func @channels(%x: tensor<1x4x?x?xf32>) -> tensor<1x6x?x?xf32> {
  %0:3 = sr.split %x {sizes = array<i64: 1, 2, 1>} : (tensor<1x4x?x?xf32>) -> (tensor<1x1x?x?xf32>, tensor<1x2x?x?xf32>, tensor<1x1x?x?xf32>)
  %1 = sr.slice %x {offset = 1, size = 3} : (tensor<1x4x?x?xf32>) -> tensor<1x3x?x?xf32>
  %2 = sr.concat %1, %0#1, %0#0 : (tensor<1x3x?x?xf32>, tensor<1x2x?x?xf32>, tensor<1x1x?x?xf32>) -> tensor<1x6x?x?xf32>
  return %2 : tensor<1x6x?x?xf32>
}
// -----
// INPUT 8x1x1: 0 1 2 3 4 5 6 7
// EXPECT 2x2x2: 0 1 2 3 4 5 6 7
func.func @pixel_shuffle_crd(%x: tensor<1x8x?x?xf32>) -> tensor<1x2x?x?xf32> {
  %y = sr.pixel_shuffle %x {scale = 2} : (tensor<1x8x?x?xf32>) -> tensor<1x2x?x?xf32>
  return %y : tensor<1x2x?x?xf32>
}
// -----
// INPUT 8x1x1: 0 1 2 3 4 5 6 7
// EXPECT 2x2x2: 0 2 4 6 1 3 5 7
func.func @pixel_shuffle_dcr(%x: tensor<1x8x?x?xf32>) -> tensor<1x2x?x?xf32> {
  %y = sr.pixel_shuffle %x {scale = 2, order = #sr.shuffle_order<dcr>} : (tensor<1x8x?x?xf32>) -> tensor<1x2x?x?xf32>
  return %y : tensor<1x2x?x?xf32>
}
// -----
// INPUT 2x2x4: 0 1 10 11 2 3 12 13 4 5 14 15 6 7 16 17
// EXPECT 8x1x2: 0 10 1 11 2 12 3 13 4 14 5 15 6 16 7 17
func.func @pixel_unshuffle_crd(%x: tensor<1x2x?x?xf32>) -> tensor<1x8x?x?xf32> {
  %y = sr.pixel_unshuffle %x {scale = 2} : (tensor<1x2x?x?xf32>) -> tensor<1x8x?x?xf32>
  return %y : tensor<1x8x?x?xf32>
}
// -----
// INPUT 2x2x2: 0 1 2 3 4 5 6 7
// EXPECT 8x1x1: 0 4 1 5 2 6 3 7
func.func @pixel_unshuffle_dcr(%x: tensor<1x2x?x?xf32>) -> tensor<1x8x?x?xf32> {
  %y = sr.pixel_unshuffle %x {scale = 2, order = #sr.shuffle_order<dcr>} : (tensor<1x2x?x?xf32>) -> tensor<1x8x?x?xf32>
  return %y : tensor<1x8x?x?xf32>
}
// -----
// At 0, 0.5, 1, 1.5, 2, 2.5.
// INPUT 1x1x3: 1 2 3
// EXPECT 2x1x6: 1 1 2 2 3 3 1 2 2 3 3 3
func.func @resize_nearest(%x: tensor<1x1x?x?xf32>) -> tensor<1x2x?x?xf32> {
  %0 = sr.resize %x {mode = #sr.resize_mode<nearest>, scale_h = array<i64: 1, 1>, scale_w = array<i64: 2, 1>, coordinates = #sr.coordinates<asymmetric>} : (tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  %1 = sr.resize %x {mode = #sr.resize_mode<nearest>, scale_h = array<i64: 1, 1>, scale_w = array<i64: 2, 1>, coordinates = #sr.coordinates<asymmetric>, nearest = #sr.nearest<round_prefer_ceil>} : (tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  %2 = sr.concat %0, %1 : (tensor<1x1x?x?xf32>, tensor<1x1x?x?xf32>) -> tensor<1x2x?x?xf32>
  return %2 : tensor<1x2x?x?xf32>
}
// -----
// At 0, 0.75, 1.5, 2.25: floor and ceil.
// INPUT 1x1x3: 1 2 3
// EXPECT 2x1x4: 1 1 2 3 1 2 3 3
func.func @resize_floor_ceil(%x: tensor<1x1x?x?xf32>) -> tensor<1x2x?x?xf32> {
  %0 = sr.resize %x {mode = #sr.resize_mode<nearest>, scale_h = array<i64: 1, 1>, scale_w = array<i64: 4, 3>, coordinates = #sr.coordinates<asymmetric>, nearest = #sr.nearest<floor>} : (tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  %1 = sr.resize %x {mode = #sr.resize_mode<nearest>, scale_h = array<i64: 1, 1>, scale_w = array<i64: 4, 3>, coordinates = #sr.coordinates<asymmetric>, nearest = #sr.nearest<ceil>} : (tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  %2 = sr.concat %0, %1 : (tensor<1x1x?x?xf32>, tensor<1x1x?x?xf32>) -> tensor<1x2x?x?xf32>
  return %2 : tensor<1x2x?x?xf32>
}
// -----
// At -0.25, 0.25, 0.75, 1.25 in both directions: the outer product of 0, 1/4, 3/4, 1 and 1, 1, ...
// INPUT 1x2x2: 0 1 4 5
// EXPECT 1x4x4: 0 0.25 0.75 1 1 1.25 1.75 2 3 3.25 3.75 4 4 4.25 4.75 5
func.func @resize_half_pixel(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %y = sr.resize %x {mode = #sr.resize_mode<bilinear>, scale_h = array<i64: 2, 1>, scale_w = array<i64: 2, 1>} : (tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// INPUT 1x1x2: 0 3
// EXPECT 1x1x4: 0 1 2 3
func.func @resize_align_corners(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %y = sr.resize %x {mode = #sr.resize_mode<bilinear>, scale_h = array<i64: 1, 1>, scale_w = array<i64: 2, 1>, coordinates = #sr.coordinates<align_corners>} : (tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// One output pixel: at 0.5, or at 0.
// INPUT 1x1x2: 0 1
// EXPECT 2x1x1: 0.5 0
func.func @resize_pytorch_half_pixel(%x: tensor<1x1x?x?xf32>) -> tensor<1x2x?x?xf32> {
  %0 = sr.resize %x {mode = #sr.resize_mode<bilinear>, scale_h = array<i64: 1, 1>, scale_w = array<i64: 1, 2>} : (tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  %1 = sr.resize %x {mode = #sr.resize_mode<bilinear>, scale_h = array<i64: 1, 1>, scale_w = array<i64: 1, 2>, coordinates = #sr.coordinates<pytorch_half_pixel>} : (tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  %2 = sr.concat %0, %1 : (tensor<1x1x?x?xf32>, tensor<1x1x?x?xf32>) -> tensor<1x2x?x?xf32>
  return %2 : tensor<1x2x?x?xf32>
}
// -----
// Half-way between pixels the weights are -0.09375, 0.59375, 0.59375, -0.09375.
// INPUT 1x1x5: 0 0 1 0 0
// EXPECT 1x1x10: 0 -0.09375 0 0.59375 1 0.59375 0 -0.09375 0 0
func.func @resize_bicubic(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %y = sr.resize %x {mode = #sr.resize_mode<bicubic>, scale_h = array<i64: 1, 1>, scale_w = array<i64: 2, 1>, coordinates = #sr.coordinates<asymmetric>} : (tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// At the edge: the pixel is repeated, or the weights outside are left out and the others scaled.
// INPUT 1x1x2: 1 0
// EXPECT 2x1x4: 1 0.5 0 -0.09375 1 0.5 0 -0.1875
func.func @resize_exclude_outside(%x: tensor<1x1x?x?xf32>) -> tensor<1x2x?x?xf32> {
  %0 = sr.resize %x {mode = #sr.resize_mode<bicubic>, scale_h = array<i64: 1, 1>, scale_w = array<i64: 2, 1>, coordinates = #sr.coordinates<asymmetric>} : (tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  %1 = sr.resize %x {mode = #sr.resize_mode<bicubic>, scale_h = array<i64: 1, 1>, scale_w = array<i64: 2, 1>, coordinates = #sr.coordinates<asymmetric>, exclude_outside = true} : (tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  %2 = sr.concat %0, %1 : (tensor<1x1x?x?xf32>, tensor<1x1x?x?xf32>) -> tensor<1x2x?x?xf32>
  return %2 : tensor<1x2x?x?xf32>
}
// -----
// INPUT 1x1x3: 1 2 3
// EXPECT 3x2x6: 9 9 9 9 9 9 9 9 1 2 3 9
//               1 1 1 2 3 3 1 1 1 2 3 3
//               3 2 1 2 3 2 3 2 1 2 3 2
func.func @pad(%x: tensor<1x1x?x?xf32>) -> tensor<1x3x?x?xf32> {
  %0 = sr.pad %x {pads = array<i64: 1, 2, 0, 1>, value = 9.0 : f32} : (tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  %1 = sr.pad %x {pads = array<i64: 1, 2, 0, 1>, mode = #sr.pad_mode<edge>} : (tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  %2 = sr.pad %x {pads = array<i64: 0, 2, 0, 1>, mode = #sr.pad_mode<reflect>} : (tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  %3 = sr.pad %2 {pads = array<i64: 1, 0, 0, 0>, mode = #sr.pad_mode<edge>} : (tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  %4 = sr.concat %0, %1, %3 : (tensor<1x1x?x?xf32>, tensor<1x1x?x?xf32>, tensor<1x1x?x?xf32>) -> tensor<1x3x?x?xf32>
  return %4 : tensor<1x3x?x?xf32>
}
// -----
// INPUT 1x2x2: 1 2 3 6
// EXPECT 2x1x1: 3 1.870828693
func.func @global_pools(%x: tensor<1x1x?x?xf32>) -> tensor<1x2x1x1xf32> {
  %0 = sr.global_avg_pool %x : (tensor<1x1x?x?xf32>) -> tensor<1x1x1x1xf32>
  %1 = sr.global_std_pool %x : (tensor<1x1x?x?xf32>) -> tensor<1x1x1x1xf32>
  %2 = sr.concat %0, %1 : (tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>) -> tensor<1x2x1x1xf32>
  return %2 : tensor<1x2x1x1xf32>
}
// -----
// INPUT 1x1x3: -1 -2 -3
// EXPECT 3x1x3: -1 -1 -2 -1 -1.5 -2.5 -0.5 -1.5 -2.5
func.func @pools(%x: tensor<1x1x?x?xf32>) -> tensor<1x3x?x?xf32> {
  %0 = sr.max_pool %x {kernel = array<i64: 1, 2>, pads = array<i64: 0, 1, 0, 0>} : (tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  %1 = sr.avg_pool %x {kernel = array<i64: 1, 2>, pads = array<i64: 0, 1, 0, 0>} : (tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  %2 = sr.avg_pool %x {kernel = array<i64: 1, 2>, pads = array<i64: 0, 1, 0, 0>, count_include_pad = true} : (tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  %3 = sr.concat %0, %1, %2 : (tensor<1x1x?x?xf32>, tensor<1x1x?x?xf32>, tensor<1x1x?x?xf32>) -> tensor<1x3x?x?xf32>
  return %3 : tensor<1x3x?x?xf32>
}
// -----
// INPUT 1x3x5: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
// EXPECT 1x1x2: 7 9
func.func @pool_strides(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %0 = sr.max_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  return %0 : tensor<1x1x?x?xf32>
}
// -----
// Half precision: 11 significant bits, ties to even; subnormals in steps of 2^-24; above 65504.
// 2^-25 is a tie with 0, 3 2^-25 one between 1 and 2 steps.
// INPUT 1x1x8: 2049 2051 -2049 65519 2.98023223876953125e-08 8.94069671630859375e-08 0.333333 65520
// EXPECT 1x1x8: 2048 2052 -2048 65504 0 1.1920928955078125e-07 0.333251953125 inf
// PRECISION f16
func.func @round_to_half(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %w = sr.constant dense<1.0> : tensor<1x1x1x1xf32>
  %y = sr.conv2d %x, %w : (tensor<1x1x?x?xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// Half arithmetic sums up to 512 products in half, one after the other: 2048 + 1 and + 1 again stay 2048.
// INPUT 1x1x3: 2048 1 1
// EXPECT 1x1x1: 2048
// PRECISION f16
func.func @half_sum(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %w = sr.constant dense<1.0> : tensor<1x1x1x511xf32>
  %y = sr.conv2d %x, %w {pads = array<i64: 0, 254, 0, 254>} : (tensor<1x1x?x?xf32>, tensor<1x1x1x511xf32>) -> tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// More are summed in f32: 2048 + 1 + 1 = 2050.
// INPUT 1x1x3: 2048 1 1
// EXPECT 1x1x1: 2050
// PRECISION f16
func.func @single_sum(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %w = sr.constant dense<1.0> : tensor<1x1x1x513xf32>
  %y = sr.conv2d %x, %w {pads = array<i64: 0, 255, 0, 255>} : (tensor<1x1x?x?xf32>, tensor<1x1x1x513xf32>) -> tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// The sum is rounded before the bias is added: 2049 to 2048, 2049 again to 2048.
// INPUT 1x1x3: 2048 1 0
// EXPECT 1x1x1: 2048
// PRECISION f16
func.func @half_bias(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %w = sr.constant dense<1.0> : tensor<1x1x1x513xf32>
  %b = sr.constant dense<1.0> : tensor<1xf32>
  %y = sr.conv2d %x, %w, %b {pads = array<i64: 0, 255, 0, 255>} : (tensor<1x1x?x?xf32>, tensor<1x1x1x513xf32>, tensor<1xf32>) -> tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// Of a transposed convolution, products that meet an input count, 513 / 3 = 171, in the order of the weights.
// INPUT 1x1x3: 1 1 2048
// EXPECT 1x1x1: 2048
// PRECISION f16
func.func @half_transposed_sum(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %w = sr.constant dense<1.0> : tensor<1x1x1x513xf32>
  %y = sr.conv_transpose2d %x, %w {strides = array<i64: 1, 3>, pads = array<i64: 0, 259, 0, 259>} : (tensor<1x1x?x?xf32>, tensor<1x1x1x513xf32>) -> tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// Two convolutions that are only added are one sum, then the biases: 2048 + 1 = 2048, twice + 1. Apart they
// would be 2048 and 2.
// INPUT 2x1x1: 2048 1
// EXPECT 1x1x1: 2048
// PRECISION f16
func.func @half_sum_of_two(%x: tensor<1x2x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %v = sr.constant dense<[[[[1.0]], [[0.0]]]]> : tensor<1x2x1x1xf32>
  %w = sr.constant dense<[[[[0.0]], [[1.0]]]]> : tensor<1x2x1x1xf32>
  %b = sr.constant dense<1.0> : tensor<1xf32>
  %0 = sr.conv2d %x, %v, %b : (tensor<1x2x?x?xf32>, tensor<1x2x1x1xf32>, tensor<1xf32>) -> tensor<1x1x?x?xf32>
  %1 = sr.conv2d %x, %w, %b : (tensor<1x2x?x?xf32>, tensor<1x2x1x1xf32>, tensor<1xf32>) -> tensor<1x1x?x?xf32>
  %y = sr.add %0, %1 : (tensor<1x1x?x?xf32>, tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// 0.1 is 1638 2^-14 in half; 3 x 1638 2^-14 = 1228.5 2^-12 rounds to the even 1228 (0.3 would to 1229).
// INPUT 1x1x1: -3
// EXPECT 1x1x1: -0.2998046875
// PRECISION f16
func.func @half_number(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %y = sr.leaky_relu %x {alpha = 0.1 : f32} : tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
// -----
// The map between two convolutions is stored; input and output are not.
// INPUT 1x1x1: 2049
// EXPECT 1x1x1: 2049.5
// PRECISION f16s
func.func @stored_maps(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  // 2 2049 + 0.5 = 4098.5 is stored as 4100; 4100 / 2 - 0.5 = 2049.5
  %w = sr.constant dense<2.0> : tensor<1x1x1x1xf32>
  %v = sr.constant dense<0.5> : tensor<1x1x1x1xf32>
  %b = sr.constant dense<0.5> : tensor<1xf32>
  %0 = sr.conv2d %x, %w, %b : (tensor<1x1x?x?xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>) -> tensor<1x1x?x?xf32>
  %1 = sr.relu %0 : tensor<1x1x?x?xf32>
  %2 = sr.conv2d %1, %v : (tensor<1x1x?x?xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x?x?xf32>
  %3 = sr.sub %2, %v : (tensor<1x1x?x?xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x?x?xf32>
  return %3 : tensor<1x1x?x?xf32>
}
// -----
// A larger pad than the picture: some outputs see only zeros.
// INPUT 1x1x1: 5
// EXPECT 1x1x5: 1 1 6 1 1
func.func @conv2d_wide_pads(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
  %w = sr.constant dense<1.0> : tensor<1x1x1x1xf32>
  %b = sr.constant dense<1.0> : tensor<1xf32>
  %y = sr.conv2d %x, %w, %b {pads = array<i64: 0, 2, 0, 2>} : (tensor<1x1x?x?xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>) -> tensor<1x1x?x?xf32>
  return %y : tensor<1x1x?x?xf32>
}
