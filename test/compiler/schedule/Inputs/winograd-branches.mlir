// Two layers, each with a rest of its own, that are added, and a third that is the output.
module attributes {sr.io = #sr.io<scale = 1, color = rgb, range = 0.0 : 1.0>} {
  func.func @net(%x: tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32> {
    %w0 = sr.constant dense<0.5> : tensor<8x3x1x1xf32>
    %w1 = sr.constant dense<0.25> : tensor<8x8x3x3xf32>
    %w2 = sr.constant dense<0.5> : tensor<8x8x3x3xf32>
    %w3 = sr.constant dense<0.5> : tensor<3x8x3x3xf32>
    %0 = sr.conv2d %x, %w0 : (tensor<1x3x?x?xf32>, tensor<8x3x1x1xf32>) -> tensor<1x8x?x?xf32> loc("point")
    %1 = sr.conv2d %0, %w1 {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x8x?x?xf32>, tensor<8x8x3x3xf32>) -> tensor<1x8x?x?xf32> loc("first")
    %2 = sr.relu %1 : tensor<1x8x?x?xf32> loc("relu1")
    %3 = sr.conv2d %0, %w2 {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x8x?x?xf32>, tensor<8x8x3x3xf32>) -> tensor<1x8x?x?xf32> loc("second")
    %4 = sr.relu %3 : tensor<1x8x?x?xf32> loc("relu2")
    %5 = sr.add %2, %4 : (tensor<1x8x?x?xf32>, tensor<1x8x?x?xf32>) -> tensor<1x8x?x?xf32> loc("both")
    %6 = sr.conv2d %5, %w3 {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x8x?x?xf32>, tensor<3x8x3x3xf32>) -> tensor<1x3x?x?xf32> loc("third")
    return %6 : tensor<1x3x?x?xf32>
  }
}
