// A window of the output has the values of the whole output, wherever it lies.
// REQUIRES: numpy
// RUN: %{python} %S/Inputs/npy.py random %t.in.npy 3x20x14 7
// RUN: srcc-translate --interpret %s --input=%t.in.npy --output=%t.npy
// RUN: srcc-translate --interpret %s --input=%t.in.npy --output=%t.win.npy --window=0,0,28,40
// RUN: %{python} %S/Inputs/npy.py near %t.win.npy %t.npy 0
// RUN: srcc-translate --interpret %s --input=%t.in.npy --output=%t.win.npy --window=5,3,2,9
// RUN: %{python} %S/Inputs/npy.py crop %t.npy 5,3,2,9 %t.crop.npy
// RUN: %{python} %S/Inputs/npy.py near %t.win.npy %t.crop.npy 0
// RUN: srcc-translate --interpret %s --input=%t.in.npy --output=%t.win.npy --window=27,39,1,1
// RUN: %{python} %S/Inputs/npy.py crop %t.npy 27,39,1,1 %t.crop.npy
// RUN: %{python} %S/Inputs/npy.py near %t.win.npy %t.crop.npy 0
// RUN: srcc-translate --interpret %s --input=%t.in.npy --output=%t.win.npy --window=0,17,28,1
// RUN: %{python} %S/Inputs/npy.py crop %t.npy 0,17,28,1 %t.crop.npy
// RUN: %{python} %S/Inputs/npy.py near %t.win.npy %t.crop.npy 0
// RUN: not srcc-translate --interpret %s --input=%t.in.npy --output=%t.win.npy --window=27,39,2,1 2>&1 | FileCheck %s
// CHECK: window 27,39,2,1 does not lie in the output of 28 x 40

// Every kind of dependence between output and input positions.
func.func @net(%x: tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32> {
  %w = sr.constant dense_resource<w> : tensor<3x3x3x3xf32>
  %t = sr.constant dense<[[[[0.5, -1.0], [2.0, 0.25]]], [[[1.0, 3.0], [-2.0, 0.5]]], [[[0.1, 0.2], [0.3, 0.4]]]]> : tensor<3x1x2x2xf32>
  %0 = sr.conv2d %x, %w {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x3x?x?xf32>, tensor<3x3x3x3xf32>) -> tensor<1x3x?x?xf32>
  %1 = sr.conv2d %0, %w {pads = array<i64: 2, 4, 2, 4>, dilations = array<i64: 2, 4>} : (tensor<1x3x?x?xf32>, tensor<3x3x3x3xf32>) -> tensor<1x3x?x?xf32>
  %2 = sr.pad %1 {pads = array<i64: 1, 2, 1, 2>, mode = #sr.pad_mode<reflect>} : (tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32>
  %3 = sr.max_pool %2 {kernel = array<i64: 3, 5>} : (tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32>
  %4 = sr.conv_transpose2d %3, %t {strides = array<i64: 2, 2>, groups = 3} : (tensor<1x3x?x?xf32>, tensor<3x1x2x2xf32>) -> tensor<1x3x?x?xf32>
  %5 = sr.pixel_unshuffle %4 {scale = 2} : (tensor<1x3x?x?xf32>) -> tensor<1x12x?x?xf32>
  %6 = sr.pixel_shuffle %5 {scale = 2, order = #sr.shuffle_order<dcr>} : (tensor<1x12x?x?xf32>) -> tensor<1x3x?x?xf32>
  %7 = sr.resize %x {mode = #sr.resize_mode<bicubic>, scale_h = array<i64: 2, 1>, scale_w = array<i64: 2, 1>} : (tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32>
  %8 = sr.add %6, %7 : (tensor<1x3x?x?xf32>, tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32>
  %9 = sr.global_avg_pool %0 : (tensor<1x3x?x?xf32>) -> tensor<1x3x1x1xf32>
  %10 = sr.mul %8, %9 : (tensor<1x3x?x?xf32>, tensor<1x3x1x1xf32>) -> tensor<1x3x?x?xf32>
  return %10 : tensor<1x3x?x?xf32>
}

{-#
  dialect_resources: {
    builtin: {
      w: "0x04000000B81E05BFEC51B83DB81E85BE3D0A573E0000803E52B85EBFEC5178BF1F852B3F8FC2F5BE14AE07BFA4707D3F8FC275BD1F852B3FCDCC4CBD295C8F3E333333BF713D8A3EA4703D3FCDCC4C3D8FC2F53E7B14AE3E52B85EBFB81E053FEC51383ECDCCCCBED7A370BF48E13A3FCDCC4CBDAE47E13E5C8F423FF628DC3E3D0A573F3D0A57BE9A99193FAE47E1BD52B85E3F5C8F423F295C4FBF48E13ABF85EB11BF7B146E3FB81E05BE0000803ECDCCCCBE0AD7233C1F856BBE9A9999BE7B142E3E7B142E3E295C4F3FEC51B83EF6285C3F8FC2353F48E17A3F7B14AE3E1F852BBFEC51383F7B146E3F295C4F3F295C0F3EF628DC3EE17A14BFC3F5283F9A99193EF628DCBE52B85EBF8FC2353F48E17A3F85EB51BF9A99193FEC5138BE333333BF85EBD1BE713D0A3F0000403FC3F568BF1F856B3EC3F568BFAE47E13E7B14AEBE5C8F423F"
    }
  }
#-}
