// RUN: srcc-opt %s -split-input-file -verify-diagnostics
// Every function breaks the rule of docs/spec.md that it is named after.

// expected-error@+1 {{a sparsity encoding belongs to static weights FxCxKHxKWxf32}}
func.func private @encoding_c1(tensor<4x4x3xf32, #sr.filter>)

// -----

// expected-error@+1 {{a sparsity encoding belongs to static weights FxCxKHxKWxf32}}
func.func private @encoding_c1(tensor<4x?x3x3xf32, #sr.block<2x2>>)

// -----

// expected-error@+1 {{a sparsity encoding belongs to static weights FxCxKHxKWxf32}}
func.func private @encoding_c1(tensor<4x4x3x3xf16, #sr.channel>)

// -----

// expected-error@+1 {{a sparsity encoding belongs to static weights FxCxKHxKWxf32}}
func.func private @encoding_c1(tensor<4x4x3xf32, #sr.unstructured>)

// -----

// expected-error@+1 {{a sparsity encoding belongs to static weights FxCxKHxKWxf32}}
func.func private @encoding_c1(tensor<4xf32, #sr.bcr<2x2>>)

// -----

// expected-error@+1 {{a sparsity encoding belongs to static weights FxCxKHxKWxf32}}
func.func private @encoding_c1(tensor<4xf32, #sr.pattern<["xx./xx./..."], keep = 4>>)

// -----

func.func @encoding_c2() {
  // expected-error@+1 {{encoding "other" is not a sparsity encoding of sr}}
  %0 = sr.constant dense<1.0> : tensor<2xf32, "other">
  return
}

// -----

func.func @filter_c1() {
  // expected-error@+1 {{#sr.filter: filter 1 is neither zero nor free of zeros}}
  %0 = sr.constant dense<[[[[0.0]], [[0.0]]], [[[1.0]], [[0.0]]]]> : tensor<2x2x1x1xf32, #sr.filter>
  return
}

// -----

func.func @channel_c1() {
  // expected-error@+1 {{#sr.channel: channel 1 is neither zero nor free of zeros}}
  %0 = sr.constant dense<[[[[1.0]], [[0.0]]], [[[1.0]], [[2.0]]]]> : tensor<2x2x1x1xf32, #sr.channel>
  return
}

// -----

// expected-error@+1 {{a block has at least 1 filter and 1 channel, not 0x4}}
func.func private @block_c1(tensor<4x4x3x3xf32, #sr.block<0x4>>)

// -----

func.func @block_c2() {
  // expected-error@+1 {{#sr.block: in the block of filters 2 to 2, channels 0 to 1, position (0, 1) is neither zero nor free of zeros}}
  %0 = sr.constant dense<[[[[1.0, 0.0]], [[1.0, 0.0]]], [[[1.0, 0.0]], [[1.0, 0.0]]], [[[1.0, 0.0]], [[1.0, 1.0]]]]> : tensor<3x2x1x2xf32, #sr.block<2x2>>
  return
}

// -----

// expected-error@+1 {{a block has at least 1 filter and 1 channel, not 4x0}}
func.func private @bcr_c1(tensor<4x4x1x1xf32, #sr.bcr<4x0>>)

// -----

// expected-error@+1 {{#sr.bcr belongs to 1x1 kernels, not 3x3}}
func.func private @bcr_c2(tensor<4x4x3x3xf32, #sr.bcr<4x4>>)

// -----

func.func @bcr_c3() {
  // expected-error@+1 {{#sr.bcr: in the block of filters 0 to 1, channels 2 to 3, entry (1, 3) is zero, but neither its row nor its column is}}
  %0 = sr.constant dense<[[[[1.0]], [[0.0]], [[1.0]], [[1.0]]], [[[0.0]], [[0.0]], [[1.0]], [[0.0]]]]> : tensor<2x4x1x1xf32, #sr.bcr<2x2>>
  return
}

// -----

// expected-error@+1 {{a pattern library has at least one pattern}}
func.func private @pattern_c1(tensor<4x4x3x3xf32, #sr.pattern<[], keep = 4>>)

// -----

// expected-error@+1 {{keep is between 1 and 9, not 10}}
func.func private @pattern_c2(tensor<4x4x3x3xf32, #sr.pattern<["xxx/xxx/xxx"], keep = 10>>)

// -----

// expected-error@+1 {{shared is at least 1, not 0}}
func.func private @pattern_c3(tensor<4x4x3x3xf32, #sr.pattern<["xxx/xxx/xxx"], keep = 9, shared = 0>>)

// -----

// expected-error@+1 {{pattern xx./xx./... keeps 4 entries, not 5}}
func.func private @pattern_c4(tensor<4x4x3x3xf32, #sr.pattern<["xx./xx./..."], keep = 5>>)

// -----

// expected-error@+1 {{pattern xxx/x../... does not keep the centre}}
func.func private @pattern_c5(tensor<4x4x3x3xf32, #sr.pattern<["xxx/x../..."], keep = 4>>)

// -----

// expected-error@+1 {{pattern xx./xx./... is twice in the library}}
func.func private @pattern_c6(tensor<4x4x3x3xf32, #sr.pattern<["xx./xx./...", "xx./xx./..."], keep = 4>>)

// -----

// expected-error@+1 {{#sr.pattern belongs to 3x3 kernels, not 1x1}}
func.func private @pattern_c7(tensor<4x4x1x1xf32, #sr.pattern<["xx./xx./..."], keep = 4>>)

// -----

func.func @pattern_c8() {
  // expected-error@+1 {{#sr.pattern: kernel (1, 0) keeps xx./x../..., which is not in the library}}
  %0 = sr.constant dense<[[[[1.0, 2.0, 0.0], [3.0, 4.0, 0.0], [0.0, 0.0, 0.0]]], [[[1.0, 2.0, 0.0], [3.0, 0.0, 0.0], [0.0, 0.0, 0.0]]]]> : tensor<2x1x3x3xf32, #sr.pattern<["xx./xx./..."], keep = 4>>
  return
}

// -----

func.func @pattern_c9() {
  // expected-error@+1 {{#sr.pattern: filters 2 and 3 differ in channel 0, but 2 consecutive filters share their patterns}}
  %0 = sr.constant dense<[[[[1.0, 2.0, 0.0], [3.0, 4.0, 0.0], [0.0, 0.0, 0.0]]], [[[1.0, 2.0, 0.0], [3.0, 4.0, 0.0], [0.0, 0.0, 0.0]]], [[[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]], [[[0.0, 1.0, 2.0], [0.0, 3.0, 4.0], [0.0, 0.0, 0.0]]]]> : tensor<4x1x3x3xf32, #sr.pattern<["xx./xx./...", ".xx/.xx/..."], keep = 4, shared = 2>>
  return
}

// -----

// expected-error@+1 {{a block is <filters x channels>}}
func.func private @syntax(tensor<4x4x1x1xf32, #sr.block<4>>)

// -----

// expected-error@+1 {{a pattern is three rows of x and ., as "xx./xx./..."}}
func.func private @syntax(tensor<4x4x3x3xf32, #sr.pattern<["xx.xx...."], keep = 4>>)
