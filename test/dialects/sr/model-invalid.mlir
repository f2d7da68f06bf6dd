// RUN: srcc-translate %s -check-model -split-input-file -verify-diagnostics
// Every function breaks the rule of docs/spec.md that it is named after, but for the first.

module attributes {sr.io = #sr.io<scale = 2, color = rgb, range = 0.0 : 255.0>} {
  func.func @good(%x: tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32> {
    %w = sr.constant dense<1.0> : tensor<12x3x1x1xf32>
    %0 = sr.conv2d %x, %w : (tensor<1x3x?x?xf32>, tensor<12x3x1x1xf32>) -> tensor<1x12x?x?xf32>
    %1 = sr.pixel_shuffle %0 {scale = 2} : (tensor<1x12x?x?xf32>) -> tensor<1x3x?x?xf32>
    return %1 : tensor<1x3x?x?xf32>
  }
}

// -----

// expected-error@+1 {{a model has the module attribute sr.io}}
module {
  func.func @model_c1(%x: tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32> {
    return %x : tensor<1x3x?x?xf32>
  }
}

// -----

// expected-error@+1 {{a model is one public function with one block}}
module attributes {sr.io = #sr.io<scale = 1, color = rgb, range = 0.0 : 255.0>} {
  func.func @model_c2(%x: tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32> {
    return %x : tensor<1x3x?x?xf32>
  }
  func.func @second(%x: tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32> {
    return %x : tensor<1x3x?x?xf32>
  }
}

// -----

// expected-error@+1 {{a model is one public function with one block}}
module attributes {sr.io = #sr.io<scale = 1, color = rgb, range = 0.0 : 255.0>} {
  func.func private @model_c2(tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32>
}

// -----

module attributes {sr.io = #sr.io<scale = 1, color = rgb, range = 0.0 : 255.0>} {
  // expected-error@+1 {{a model maps one picture 1xCxHxWxf32 to one picture}}
  func.func @model_c3(%x: tensor<1x3x?x?xf32>, %y: tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32> {
    return %x : tensor<1x3x?x?xf32>
  }
}

// -----

module attributes {sr.io = #sr.io<scale = 1, color = y, range = 0.0 : 255.0>} {
  // expected-error@+1 {{color = y means 1 channel, but the model has 3 in and 3 out}}
  func.func @model_c4(%x: tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32> {
    return %x : tensor<1x3x?x?xf32>
  }
}

// -----

module attributes {sr.io = #sr.io<scale = 1, color = rgb, range = 0.0 : 255.0>} {
  func.func @model_c5(%x: tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32> {
    // expected-error@+1 {{is not an operation of sr, of which a model consists}}
    %0 = arith.addf %x, %x : tensor<1x3x?x?xf32>
    return %0 : tensor<1x3x?x?xf32>
  }
}

// -----

module attributes {sr.io = #sr.io<scale = 1, color = y, range = 0.0 : 255.0>} {
  func.func @model_c6(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
    %w = sr.global_avg_pool %x : (tensor<1x1x?x?xf32>) -> tensor<1x1x1x1xf32>
    // expected-error@+1 {{takes weights that are no sr.constant}}
    %0 = sr.conv2d %x, %w : (tensor<1x1x?x?xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x?x?xf32>
    return %0 : tensor<1x1x?x?xf32>
  }
}

// -----

module attributes {sr.io = #sr.io<scale = 2, color = rgb, range = 0.0 : 255.0>} {
  // expected-error@+1 {{scale = 2, but a picture of 240 x 240 becomes 720 x 720}}
  func.func @model_c7(%x: tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32> {
    %w = sr.constant dense<1.0> : tensor<27x3x1x1xf32>
    %0 = sr.conv2d %x, %w : (tensor<1x3x?x?xf32>, tensor<27x3x1x1xf32>) -> tensor<1x27x?x?xf32>
    %1 = sr.pixel_shuffle %0 {scale = 3} : (tensor<1x27x?x?xf32>) -> tensor<1x3x?x?xf32>
    return %1 : tensor<1x3x?x?xf32>
  }
}

// -----

module attributes {sr.io = #sr.io<scale = 1, color = rgb, range = 0.0 : 255.0>} {
  func.func @model_c7(%x: tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32> {
    %0 = sr.pad %x {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32>
    // expected-error@+1 {{height 242 and width 242 are not multiples of 4}}
    %1 = sr.pixel_unshuffle %0 {scale = 4} : (tensor<1x3x?x?xf32>) -> tensor<1x48x?x?xf32>
    %2 = sr.slice %1 {offset = 0, size = 3} : (tensor<1x48x?x?xf32>) -> tensor<1x3x?x?xf32>
    return %2 : tensor<1x3x?x?xf32>
  }
}
