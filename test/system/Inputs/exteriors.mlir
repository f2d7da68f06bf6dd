// A map that a convolution reads with zeros around it and a maximum with the least value: no one value can be stored
// around it.
module attributes {sr.io = #sr.io<scale = 1, color = rgb, range = 0.0 : 1.0>} {
  func.func @exteriors(%in: tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32> {
    %wa = sr.constant dense<-0.25> : tensor<4x3x3x3xf32>
    %a = sr.conv2d %in, %wa {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x3x?x?xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x?x?xf32>
    %wb = sr.constant dense<0.125> : tensor<3x4x3x3xf32>
    %b = sr.conv2d %a, %wb {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x4x?x?xf32>, tensor<3x4x3x3xf32>) -> tensor<1x3x?x?xf32>
    %m = sr.max_pool %a {kernel = array<i64: 3, 3>, pads = array<i64: 1, 1, 1, 1>} : (tensor<1x4x?x?xf32>) -> tensor<1x4x?x?xf32>
    %wc = sr.constant dense<0.5> : tensor<3x4x1x1xf32>
    %c = sr.conv2d %m, %wc {pads = array<i64: 0, 0, 0, 0>} : (tensor<1x4x?x?xf32>, tensor<3x4x1x1xf32>) -> tensor<1x3x?x?xf32>
    %out = sr.add %b, %c : (tensor<1x3x?x?xf32>, tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32>
    return %out : tensor<1x3x?x?xf32>
  }
}
