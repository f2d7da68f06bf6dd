// 15 channels in vectors of 4: the last one loads three biases, from an index that is a multiple of three.
module attributes {sr.io = #sr.io<scale = 2, color = y, range = 0.0 : 1.0>} {
  func.func @triple(%in: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
    %wide = sr.constant dense<0.5> : tensor<15x1x1x1xf32>
    %bias = sr.constant dense<[0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4]> : tensor<15xf32>
    %a = sr.conv2d %in, %wide, %bias : (tensor<1x1x?x?xf32>, tensor<15x1x1x1xf32>, tensor<15xf32>) -> tensor<1x15x?x?xf32>
    %b = sr.relu %a : tensor<1x15x?x?xf32>
    %narrow = sr.constant dense<0.125> : tensor<4x15x1x1xf32>
    %c = sr.conv2d %b, %narrow : (tensor<1x15x?x?xf32>, tensor<4x15x1x1xf32>) -> tensor<1x4x?x?xf32>
    %d = sr.pixel_shuffle %c {scale = 2 : i64} : (tensor<1x4x?x?xf32>) -> tensor<1x1x?x?xf32>
    return %d : tensor<1x1x?x?xf32>
  }
}
