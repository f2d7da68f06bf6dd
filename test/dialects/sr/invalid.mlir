// RUN: srcc-opt %s -split-input-file -verify-diagnostics
// Every function breaks the rule of docs/spec.md that it is named after.

// A batch
func.func @map_c1(%x: tensor<2x4x8x8xf32>) {
  // expected-error@+1 {{operand #0 must be picture 1xCxHxW of f32}}
  %0 = "sr.relu"(%x) : (tensor<2x4x8x8xf32>) -> tensor<2x4x8x8xf32>
  return
}

// -----

// Dynamic channels
func.func @map_c1(%x: tensor<1x?x8x8xf32>) {
  // expected-error@+1 {{operand #0 must be picture 1xCxHxW of f32}}
  %0 = "sr.relu"(%x) : (tensor<1x?x8x8xf32>) -> tensor<1x?x8x8xf32>
  return
}

// -----

// F16
func.func @map_c1(%x: tensor<1x4x8x8xf16>) {
  // expected-error@+1 {{operand #0 must be picture 1xCxHxW of f32}}
  %0 = "sr.relu"(%x) : (tensor<1x4x8x8xf16>) -> tensor<1x4x8x8xf16>
  return
}

// -----

// Empty
func.func @map_c1(%x: tensor<1x4x8x0xf32>) {
  // expected-error@+1 {{operand #0 must be picture 1xCxHxW of f32}}
  %0 = "sr.relu"(%x) : (tensor<1x4x8x0xf32>) -> tensor<1x4x8x0xf32>
  return
}

// -----

// Unranked
func.func @map_c1(%x: tensor<*xf32>) {
  // expected-error@+1 {{operand #0 must be picture 1xCxHxW of f32}}
  %0 = "sr.relu"(%x) : (tensor<*xf32>) -> tensor<*xf32>
  return
}

// -----

// An encoding
func.func @map_c1(%x: tensor<1x4x8x8xf32, #sr.unstructured>) {
  // expected-error@+1 {{operand #0 must be picture 1xCxHxW of f32}}
  %0 = "sr.relu"(%x) : (tensor<1x4x8x8xf32, #sr.unstructured>) -> tensor<1x4x8x8xf32, #sr.unstructured>
  return
}

// -----

// Rank 3
func.func @map_c1(%x: tensor<4x8x8xf32>) {
  // expected-error@+1 {{operand #0 must be picture 1xCxHxW of f32}}
  %0 = "sr.relu"(%x) : (tensor<4x8x8xf32>) -> tensor<4x8x8xf32>
  return
}

// -----

func.func @map_c2(%x: tensor<1x4x2x6xf32>, %w: tensor<6x4x3x3xf32>) {
  // expected-error@+2 {{the result would have 6 channels, height 0 and width 4, sizes are between 1 and 2147483647}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv2d %x, %w : (tensor<1x4x2x6xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x1x4xf32>
  return
}

// -----

func.func @map_c2(%x: tensor<1x2147483647x8x8xf32>, %y: tensor<1x1x8x8xf32>) {
  // expected-error@+2 {{the result would have 2147483648 channels}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.concat %x, %y : (tensor<1x2147483647x8x8xf32>, tensor<1x1x8x8xf32>) -> tensor<1x1x8x8xf32>
  return
}

// -----

func.func @result_types(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{are incompatible with return type}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.pixel_shuffle %x {scale = 2} : (tensor<1x4x8x8xf32>) -> tensor<1x1x8x8xf32>
  return
}

// -----

func.func @table_c1(%x: tensor<1x4x8x8xf32>, %w: tensor<6x4x3x?xf32>) {
  // expected-error@+1 {{operand #1 must be static tensor of f32}}
  %0 = "sr.conv2d"(%x, %w) : (tensor<1x4x8x8xf32>, tensor<6x4x3x?xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @table_c1(%x: tensor<1x4x8x8xf32>, %w: tensor<6x4x3x3xf16>) {
  // expected-error@+1 {{operand #1 must be static tensor of f32}}
  %0 = "sr.conv2d"(%x, %w) : (tensor<1x4x8x8xf32>, tensor<6x4x3x3xf16>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @table_c1(%x: tensor<1x4x8x8xf32>, %w: tensor<65536x65536x3x3xf32>) {
  // expected-error@+1 {{operand #1 must be static tensor of f32}}
  %0 = "sr.conv2d"(%x, %w) : (tensor<1x4x8x8xf32>, tensor<65536x65536x3x3xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @constant_c1() {
  // expected-error@+1 {{needs its 2 values as dense or dense_resource of f32; their data are missing}}
  %0 = sr.constant dense_resource<missing> : tensor<2xf32>
  return
}

// -----

func.func @constant_c1() {
  // expected-error@+1 {{needs its 2 values as dense or dense_resource of f32; their data are missing or of another size}}
  %0 = sr.constant dense_resource<short> : tensor<2xf32>
  return
}
{-#
  dialect_resources: { builtin: { short: "0x040000000000803F" } }
#-}

// -----

func.func @constant_c2() {
  // expected-error@+1 {{holds values that are not finite}}
  %0 = sr.constant dense<[1.0, 0x7FC00000]> : tensor<2xf32>
  return
}

// -----

func.func @conv2d_c1(%x: tensor<1x4x8x8xf32>, %w: tensor<6x4x3xf32>) {
  // expected-error@+2 {{weight has rank 4 and kernel sizes up to 65535, not type 'tensor<6x4x3xf32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv2d %x, %w : (tensor<1x4x8x8xf32>, tensor<6x4x3xf32>) -> tensor<1x6x6x6xf32>
  return
}

// -----

func.func @conv2d_c2(%x: tensor<1x4x8x8xf32>, %w: tensor<6x4x3x3xf32>) {
  // expected-error@+2 {{strides has 2 values between 1 and 65535}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv2d %x, %w {strides = array<i64: 0, 1>} : (tensor<1x4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x6x6xf32>
  return
}

// -----

func.func @conv2d_c2(%x: tensor<1x4x8x8xf32>, %w: tensor<6x4x3x3xf32>) {
  // expected-error@+2 {{strides has 2 values between 1 and 65535}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv2d %x, %w {strides = array<i64: 1>} : (tensor<1x4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x6x6xf32>
  return
}

// -----

func.func @conv2d_c3(%x: tensor<1x4x8x8xf32>, %w: tensor<6x4x3x3xf32>) {
  // expected-error@+2 {{pads has 4 values between 0 and 65535}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv2d %x, %w {pads = array<i64: 1, 1, 1, -1>} : (tensor<1x4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x6x6xf32>
  return
}

// -----

func.func @conv2d_c3(%x: tensor<1x4x8x8xf32>, %w: tensor<6x4x3x3xf32>) {
  // expected-error@+2 {{pads has 4 values between 0 and 65535}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv2d %x, %w {pads = array<i64: 1, 1, 1, 65536>} : (tensor<1x4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x6x6xf32>
  return
}

// -----

func.func @conv2d_c4(%x: tensor<1x4x8x8xf32>, %w: tensor<6x4x3x3xf32>) {
  // expected-error@+2 {{dilations has 2 values between 1 and 65535}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv2d %x, %w {dilations = array<i64: 1, 1, 1>} : (tensor<1x4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x6x6xf32>
  return
}

// -----

func.func @conv2d_c5(%x: tensor<1x4x8x8xf32>, %w: tensor<6x4x3x3xf32>) {
  // expected-error@+2 {{groups is at least 1, not 0}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv2d %x, %w {groups = 0} : (tensor<1x4x8x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x6x6xf32>
  return
}

// -----

func.func @conv2d_c6(%x: tensor<1x4x8x8xf32>, %w: tensor<6x4x3x3xf32>, %b: tensor<4xf32>) {
  // expected-error@+2 {{bias is tensor<6xf32>, not 'tensor<4xf32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv2d %x, %w, %b : (tensor<1x4x8x8xf32>, tensor<6x4x3x3xf32>, tensor<4xf32>) -> tensor<1x6x6x6xf32>
  return
}

// -----

func.func @conv_transpose2d_c1(%x: tensor<1x4x8x8xf32>, %w: tensor<6x4x3xf32>) {
  // expected-error@+2 {{weight has rank 4 and kernel sizes up to 65535, not type 'tensor<6x4x3xf32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv_transpose2d %x, %w : (tensor<1x4x8x8xf32>, tensor<6x4x3xf32>) -> tensor<1x6x6x6xf32>
  return
}

// -----

func.func @conv_transpose2d_c2(%x: tensor<1x4x8x8xf32>, %w: tensor<4x6x3x3xf32>) {
  // expected-error@+2 {{strides has 2 values between 1 and 65535}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv_transpose2d %x, %w {strides = array<i64: 0, 1>} : (tensor<1x4x8x8xf32>, tensor<4x6x3x3xf32>) -> tensor<1x6x10x10xf32>
  return
}

// -----

func.func @conv_transpose2d_c2(%x: tensor<1x4x8x8xf32>, %w: tensor<4x6x3x3xf32>) {
  // expected-error@+2 {{strides has 2 values between 1 and 65535}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv_transpose2d %x, %w {strides = array<i64: 1>} : (tensor<1x4x8x8xf32>, tensor<4x6x3x3xf32>) -> tensor<1x6x10x10xf32>
  return
}

// -----

func.func @conv_transpose2d_c3(%x: tensor<1x4x8x8xf32>, %w: tensor<4x6x3x3xf32>) {
  // expected-error@+2 {{pads has 4 values between 0 and 65535}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv_transpose2d %x, %w {pads = array<i64: 1, 1, 1, -1>} : (tensor<1x4x8x8xf32>, tensor<4x6x3x3xf32>) -> tensor<1x6x10x10xf32>
  return
}

// -----

func.func @conv_transpose2d_c3(%x: tensor<1x4x8x8xf32>, %w: tensor<4x6x3x3xf32>) {
  // expected-error@+2 {{pads has 4 values between 0 and 65535}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv_transpose2d %x, %w {pads = array<i64: 1, 1, 1, 65536>} : (tensor<1x4x8x8xf32>, tensor<4x6x3x3xf32>) -> tensor<1x6x10x10xf32>
  return
}

// -----

func.func @conv_transpose2d_c4(%x: tensor<1x4x8x8xf32>, %w: tensor<4x6x3x3xf32>) {
  // expected-error@+2 {{dilations has 2 values between 1 and 65535}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv_transpose2d %x, %w {dilations = array<i64: 1, 1, 1>} : (tensor<1x4x8x8xf32>, tensor<4x6x3x3xf32>) -> tensor<1x6x10x10xf32>
  return
}

// -----

func.func @conv_transpose2d_c5(%x: tensor<1x4x8x8xf32>, %w: tensor<4x6x3x3xf32>) {
  // expected-error@+2 {{groups is at least 1, not 0}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv_transpose2d %x, %w {groups = 0} : (tensor<1x4x8x8xf32>, tensor<4x6x3x3xf32>) -> tensor<1x6x10x10xf32>
  return
}

// -----

func.func @conv_transpose2d_c6(%x: tensor<1x4x8x8xf32>, %w: tensor<4x6x3x3xf32>, %b: tensor<4xf32>) {
  // expected-error@+2 {{bias is tensor<6xf32>, not 'tensor<4xf32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv_transpose2d %x, %w, %b : (tensor<1x4x8x8xf32>, tensor<4x6x3x3xf32>, tensor<4xf32>) -> tensor<1x6x10x10xf32>
  return
}

// -----

func.func @conv2d_c7(%x: tensor<1x4x8x8xf32>, %w: tensor<6x1x3x3xf32>) {
  // expected-error@+2 {{groups 4 must divide the 4 input channels and the 6 filters}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv2d %x, %w {groups = 4} : (tensor<1x4x8x8xf32>, tensor<6x1x3x3xf32>) -> tensor<1x6x6x6xf32>
  return
}

// -----

func.func @conv2d_c8(%x: tensor<1x4x8x8xf32>, %w: tensor<6x3x3x3xf32>) {
  // expected-error@+2 {{weight takes 3 channels per group, but the input has 4}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv2d %x, %w : (tensor<1x4x8x8xf32>, tensor<6x3x3x3xf32>) -> tensor<1x6x6x6xf32>
  return
}

// -----

func.func @conv2d_c9(%x: tensor<1x4x8x8xf32>, %w: tensor<6x2x3x3xf32, #sr.block<4x2>>) {
  // expected-error@+2 {{the encoding ties 4 consecutive filters, but a group has 3}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv2d %x, %w {groups = 2} : (tensor<1x4x8x8xf32>, tensor<6x2x3x3xf32, #sr.block<4x2>>) -> tensor<1x6x6x6xf32>
  return
}

// -----

func.func @conv2d_c9(%x: tensor<1x4x8x8xf32>, %w: tensor<6x2x1x1xf32, #sr.bcr<4x1>>) {
  // expected-error@+2 {{the encoding ties 4 consecutive filters, but a group has 3}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv2d %x, %w {groups = 2} : (tensor<1x4x8x8xf32>, tensor<6x2x1x1xf32, #sr.bcr<4x1>>) -> tensor<1x6x8x8xf32>
  return
}

// -----

func.func @conv2d_c9(%x: tensor<1x4x8x8xf32>, %w: tensor<6x2x3x3xf32, #sr.pattern<["xx./xx./..."], keep = 4, shared = 2>>) {
  // expected-error@+2 {{the encoding ties 2 consecutive filters, but a group has 3}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv2d %x, %w {groups = 2} : (tensor<1x4x8x8xf32>, tensor<6x2x3x3xf32, #sr.pattern<["xx./xx./..."], keep = 4, shared = 2>>) -> tensor<1x6x6x6xf32>
  return
}

// -----

func.func @conv_transpose2d_c7(%x: tensor<1x4x8x8xf32>, %w: tensor<4x2x3x3xf32>) {
  // expected-error@+2 {{groups 3 does not divide 4 input channels}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv_transpose2d %x, %w {groups = 3} : (tensor<1x4x8x8xf32>, tensor<4x2x3x3xf32>) -> tensor<1x6x10x10xf32>
  return
}

// -----

func.func @conv_transpose2d_c8(%x: tensor<1x4x8x8xf32>, %w: tensor<3x6x3x3xf32>) {
  // expected-error@+2 {{weight takes 3 channels, but the input has 4}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv_transpose2d %x, %w : (tensor<1x4x8x8xf32>, tensor<3x6x3x3xf32>) -> tensor<1x6x10x10xf32>
  return
}

// -----

func.func @conv_transpose2d_c9(%x: tensor<1x4x8x8xf32>, %w: tensor<4x6x3x3xf32, #sr.filter>) {
  // expected-error@+2 {{weight of a transposed convolution is dense or #sr.unstructured}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv_transpose2d %x, %w : (tensor<1x4x8x8xf32>, tensor<4x6x3x3xf32, #sr.filter>) -> tensor<1x6x10x10xf32>
  return
}

// -----

func.func @conv_transpose2d_c10(%x: tensor<1x4x8x8xf32>, %w: tensor<4x6x3x3xf32>) {
  // expected-error@+2 {{output_pads has 2 values between 0 and 65535}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv_transpose2d %x, %w {output_pads = array<i64: -1, 0>} : (tensor<1x4x8x8xf32>, tensor<4x6x3x3xf32>) -> tensor<1x6x10x10xf32>
  return
}

// -----

func.func @conv_transpose2d_c11(%x: tensor<1x4x8x8xf32>, %w: tensor<4x6x3x3xf32>) {
  // expected-error@+2 {{output_pads are smaller than the stride or the dilation}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.conv_transpose2d %x, %w {strides = array<i64: 2, 2>, output_pads = array<i64: 0, 2>} : (tensor<1x4x8x8xf32>, tensor<4x6x3x3xf32>) -> tensor<1x6x17x19xf32>
  return
}

// -----

func.func @leaky_relu_c1(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{alpha is finite}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.leaky_relu %x {alpha = 0x7F800000 : f32} : tensor<1x4x8x8xf32>
  return
}

// -----

func.func @prelu_c1(%x: tensor<1x4x8x8xf32>, %s: tensor<3xf32>) {
  // expected-error@+1 {{slope is tensor<1xf32> or tensor<4xf32>, not 'tensor<3xf32>'}}
  %0 = sr.prelu %x, %s : tensor<1x4x8x8xf32>, tensor<3xf32>
  return
}

// -----

func.func @clamp_c1(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{low is not greater than high, and neither is NaN}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.clamp %x {low = 1.0 : f32, high = 0.0 : f32} : tensor<1x4x8x8xf32>
  return
}

// -----

func.func @clamp_c1(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{low is not greater than high, and neither is NaN}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.clamp %x {low = 0x7FC00000 : f32, high = 0.0 : f32} : tensor<1x4x8x8xf32>
  return
}

// -----

func.func @binary_c1(%x: tensor<1x4x8x8xf32>, %y: tensor<1x3x8x8xf32>) {
  // expected-error@+2 {{the sides have the same shape, or one is 1xCx1x1 or 1x1x1x1}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.add %x, %y : (tensor<1x4x8x8xf32>, tensor<1x3x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @binary_c1(%x: tensor<1x4x8x8xf32>, %y: tensor<1x4x8x1xf32>) {
  // expected-error@+2 {{the sides have the same shape, or one is 1xCx1x1 or 1x1x1x1}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.add %x, %y : (tensor<1x4x8x8xf32>, tensor<1x4x8x1xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @binary_c1(%x: tensor<1x4x8x8xf32>, %y: tensor<1x1x8x8xf32>) {
  // expected-error@+2 {{the sides have the same shape, or one is 1xCx1x1 or 1x1x1x1}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.add %x, %y : (tensor<1x4x8x8xf32>, tensor<1x1x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @binary_c1(%x: tensor<1x4x8x8xf32>, %y: tensor<1x3x8x8xf32>) {
  // expected-error@+2 {{the sides have the same shape, or one is 1xCx1x1 or 1x1x1x1}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.sub %x, %y : (tensor<1x4x8x8xf32>, tensor<1x3x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @binary_c1(%x: tensor<1x4x8x8xf32>, %y: tensor<1x4x8x1xf32>) {
  // expected-error@+2 {{the sides have the same shape, or one is 1xCx1x1 or 1x1x1x1}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.sub %x, %y : (tensor<1x4x8x8xf32>, tensor<1x4x8x1xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @binary_c1(%x: tensor<1x4x8x8xf32>, %y: tensor<1x1x8x8xf32>) {
  // expected-error@+2 {{the sides have the same shape, or one is 1xCx1x1 or 1x1x1x1}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.sub %x, %y : (tensor<1x4x8x8xf32>, tensor<1x1x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @binary_c1(%x: tensor<1x4x8x8xf32>, %y: tensor<1x3x8x8xf32>) {
  // expected-error@+2 {{the sides have the same shape, or one is 1xCx1x1 or 1x1x1x1}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.mul %x, %y : (tensor<1x4x8x8xf32>, tensor<1x3x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @binary_c1(%x: tensor<1x4x8x8xf32>, %y: tensor<1x4x8x1xf32>) {
  // expected-error@+2 {{the sides have the same shape, or one is 1xCx1x1 or 1x1x1x1}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.mul %x, %y : (tensor<1x4x8x8xf32>, tensor<1x4x8x1xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @binary_c1(%x: tensor<1x4x8x8xf32>, %y: tensor<1x1x8x8xf32>) {
  // expected-error@+2 {{the sides have the same shape, or one is 1xCx1x1 or 1x1x1x1}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.mul %x, %y : (tensor<1x4x8x8xf32>, tensor<1x1x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @concat_c1() {
  // expected-error@+2 {{needs at least one input}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = "sr.concat"() : () -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @concat_c2(%x: tensor<1x4x8x8xf32>, %y: tensor<1x4x8x9xf32>) {
  // expected-error@+2 {{inputs have the same height and width, but one is 'tensor<1x4x8x9xf32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.concat %x, %y : (tensor<1x4x8x8xf32>, tensor<1x4x8x9xf32>) -> tensor<1x8x8x8xf32>
  return
}

// -----

func.func @slice_c1(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{channels from -1, 2 of them, do not lie in 4}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.slice %x {offset = -1, size = 2} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @slice_c1(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{channels from 4, 1 of them, do not lie in 4}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.slice %x {offset = 4, size = 1} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @slice_c1(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{channels from 3, 2 of them, do not lie in 4}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.slice %x {offset = 3, size = 2} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @slice_c1(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{channels from 0, 0 of them, do not lie in 4}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.slice %x {offset = 0, size = 0} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @slice_c1(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{channels from 1, 9223372036854775807 of them, do not lie in 4}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.slice %x {offset = 1, size = 9223372036854775807} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @split_c1(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{sizes are positive and add up to 4 channels}}
  // expected-error@+1 {{failed to infer returned types}}
  %0:2 = sr.split %x {sizes = array<i64: 1, 2>} : (tensor<1x4x8x8xf32>) -> (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>)
  return
}

// -----

func.func @split_c1(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{sizes are positive and add up to 4 channels}}
  // expected-error@+1 {{failed to infer returned types}}
  %0:2 = sr.split %x {sizes = array<i64: 1, 4>} : (tensor<1x4x8x8xf32>) -> (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>)
  return
}

// -----

func.func @split_c1(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{sizes are positive and add up to 4 channels}}
  // expected-error@+1 {{failed to infer returned types}}
  %0:2 = sr.split %x {sizes = array<i64: 4, 0>} : (tensor<1x4x8x8xf32>) -> (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>)
  return
}

// -----

func.func @split_c1(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{sizes are positive and add up to 4 channels}}
  // expected-error@+1 {{failed to infer returned types}}
  %0:2 = sr.split %x {sizes = array<i64: 9223372036854775807, 9223372036854775807, 6>} : (tensor<1x4x8x8xf32>) -> (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>)
  return
}

// -----

func.func @pixel_shuffle_c1(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{scale is between 1 and 65535, not 0}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.pixel_shuffle %x {scale = 0} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @pixel_shuffle_c1(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{scale is between 1 and 65535, not 4294967296}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.pixel_shuffle %x {scale = 4294967296} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @pixel_shuffle_c2(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{4 channels are not a multiple of 9}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.pixel_shuffle %x {scale = 3} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @pixel_unshuffle_c1(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{scale is between 1 and 65535, not -2}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.pixel_unshuffle %x {scale = -2} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @pixel_unshuffle_c2(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{height 8 and width 8 are not multiples of 3}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.pixel_unshuffle %x {scale = 3} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @resize_c1(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{scale_h has 2 values between 1 and 65535}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.resize %x {mode = #sr.resize_mode<bilinear>, scale_h = array<i64: 2>, scale_w = array<i64: 2, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @resize_c1(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{scale_w has 2 values between 1 and 65535}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.resize %x {mode = #sr.resize_mode<bilinear>, scale_h = array<i64: 2, 1>, scale_w = array<i64: 2, 0>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @resize_c2(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{cubic_coeff is finite}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.resize %x {mode = #sr.resize_mode<bilinear>, scale_h = array<i64: 1, 1>, scale_w = array<i64: 1, 1>, cubic_coeff = 0x7F800000 : f32} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @pad_c1(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{pads has 4 values between 0 and 65535}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.pad %x {pads = array<i64: 0, 0, -1, 0>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @pad_c2(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{value is finite}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.pad %x {pads = array<i64: 0, 0, 0, 0>, value = 0x7FC00000 : f32} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @pad_c3(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{reflection of 8 pixels needs a size above 8, not 8}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.pad %x {pads = array<i64: 0, 8, 0, 0>, mode = #sr.pad_mode<reflect>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @pool_c1(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{kernel has 2 values between 1 and 65535}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.max_pool %x {kernel = array<i64: 2>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @pool_c2(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{strides has 2 values between 1 and 65535}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.max_pool %x {kernel = array<i64: 1, 1>, strides = array<i64: 0, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @pool_c3(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{pads has 4 values between 0 and 65535}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.max_pool %x {kernel = array<i64: 1, 1>, pads = array<i64: 0, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @pool_c4(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{pads are smaller than the kernel}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.max_pool %x {kernel = array<i64: 2, 3>, pads = array<i64: 0, 0, 2, 0>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @pool_c1(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{kernel has 2 values between 1 and 65535}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.avg_pool %x {kernel = array<i64: 2>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @pool_c2(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{strides has 2 values between 1 and 65535}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.avg_pool %x {kernel = array<i64: 1, 1>, strides = array<i64: 0, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @pool_c3(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{pads has 4 values between 0 and 65535}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.avg_pool %x {kernel = array<i64: 1, 1>, pads = array<i64: 0, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

func.func @pool_c4(%x: tensor<1x4x8x8xf32>) {
  // expected-error@+2 {{pads are smaller than the kernel}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = sr.avg_pool %x {kernel = array<i64: 2, 3>, pads = array<i64: 0, 0, 2, 0>} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return
}

// -----

// expected-error@+1 {{scale is between 1 and 16, not 0}}
module @io_c1 attributes {sr.io = #sr.io<scale = 0, color = rgb, range = 0.0 : 1.0>} {}

// -----

// expected-error@+1 {{scale is between 1 and 16, not 17}}
module @io_c1 attributes {sr.io = #sr.io<scale = 17, color = rgb, range = 0.0 : 1.0>} {}

// -----

// expected-error@+1 {{range needs two finite values, the lower first}}
module @io_c2 attributes {sr.io = #sr.io<scale = 2, color = rgb, range = 1.0 : 1.0>} {}

// -----

// expected-error@+1 {{sr.io belongs to a module}}
func.func private @io_c3() attributes {sr.io = #sr.io<scale = 2, color = rgb, range = 0.0 : 1.0>}

// -----

// expected-error@+1 {{sr.io is #sr.io<scale = .., color = .., range = .. : ..>}}
module @io_c4 attributes {sr.io = 2 : i64} {}
