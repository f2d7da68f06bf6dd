// One convolution, from the picture to the output.
module attributes {sr.io = #sr.io<scale = 1, color = none, range = 0.0 : 1.0>} {
  func.func @net(%x: tensor<1x8x?x?xf32>) -> tensor<1x8x?x?xf32> {
    %w = sr.constant dense<0.5> : tensor<8x8x3x3xf32>
    %0 = sr.conv2d %x, %w {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x8x?x?xf32>, tensor<8x8x3x3xf32>) -> tensor<1x8x?x?xf32> loc("conv")
    return %0 : tensor<1x8x?x?xf32>
  }
}
