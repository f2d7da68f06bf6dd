// RUN: srcc-opt %s --split-input-file --verify-diagnostics

ocl.program @program_c1 {
  // expected-error@+1 {{'ub.poison' op stands in an ocl.program, which takes ocl.buffer and ocl.launch}}
  %0 = ub.poison : f32
}

// -----
ocl.program @buffer_c1 {
  // expected-error@+1 {{elements takes a map ()[H, W] -> (n), but got affine_map<()[s0] -> (s0)>}}
  ocl.buffer @b temp f32 elements affine_map<()[s0] -> (s0)>
}

// -----
ocl.program @buffer_c1_two_results {
  // expected-error@+1 {{elements takes a map ()[H, W] -> (n), but got affine_map<()[s0, s1] -> (s0, s1)>}}
  ocl.buffer @b temp f32 elements affine_map<()[s0, s1] -> (s0, s1)>
}

// -----
ocl.program @buffer_c2 {
  // expected-error@+1 {{elements are f32, f16, i32 or i8, but the type is 'i16'}}
  ocl.buffer @b temp i16 elements affine_map<()[s0, s1] -> (s0)>
}

// -----
ocl.program @buffer_c3 {
  // expected-error@+1 {{a constant needs a value}}
  ocl.buffer @b constant f32 elements affine_map<()[s0, s1] -> (1)>
}

// -----
ocl.program @buffer_c3_temp {
  // expected-error@+1 {{only a constant has a value, but this is of kind temp}}
  ocl.buffer @b temp f32 elements affine_map<()[s0, s1] -> (1)> value dense<1.0> : tensor<1xf32>
}

// -----
ocl.program @buffer_c4 {
  // expected-error@+1 {{elements are 'f16', but the value's are 'f32'}}
  ocl.buffer @b constant f16 elements affine_map<()[s0, s1] -> (1)> value dense<1.0> : tensor<1xf32>
}

// -----
ocl.program @buffer_c4_count {
  // expected-error@+1 {{the value has 4 elements, but the buffer takes affine_map<()[s0, s1] -> (5)>}}
  ocl.buffer @b constant f32 elements affine_map<()[s0, s1] -> (5)> value dense<1.0> : tensor<4xf32>
}

// -----
ocl.program @buffer_c4_symbolic {
  // expected-error@+1 {{the value has 4 elements, but the buffer takes affine_map<()[s0, s1] -> (s0)>}}
  ocl.buffer @b constant f32 elements affine_map<()[s0, s1] -> (s0)> value dense<1.0> : tensor<4xf32>
}

// -----
ocl.program @buffer_c5 {
  // expected-error@+1 {{an input or output needs a pixel format}}
  ocl.buffer @b output f32 elements affine_map<()[s0, s1] -> (s0)>
}

// -----
ocl.program @buffer_c5_temp {
  // expected-error@+1 {{only inputs and outputs have a pixel format, but this is of kind temp}}
  ocl.buffer @b temp f32 elements affine_map<()[s0, s1] -> (s0)> format f32_planar
}

// -----
ocl.program @buffer_c6 {
  // expected-error@+1 {{pixel format u8_interleaved takes i8, but the type is 'f32'}}
  ocl.buffer @b input f32 elements affine_map<()[s0, s1] -> (s0)> format u8_interleaved
}

// -----
ocl.program @buffer_c6_planar {
  // expected-error@+1 {{pixel format f32_planar takes f32, but the type is 'i8'}}
  ocl.buffer @b input i8 elements affine_map<()[s0, s1] -> (s0)> format f32_planar
}

// -----
ocl.program @launch_c1 {
  // expected-error@+1 {{blocks and threads take maps ()[H, W] -> (1 to 3 results), equally many}}
  ocl.launch @k::@f blocks affine_map<()[s0, s1] -> (s0, s1)> threads affine_map<()[s0, s1] -> (1)>
    args [] reads [] writes []
}

// -----
ocl.program @launch_c1_dims {
  // expected-error@+1 {{blocks and threads take maps ()[H, W] -> (1 to 3 results), equally many}}
  ocl.launch @k::@f blocks affine_map<(d0)[s0] -> (s0)> threads affine_map<()[s0, s1] -> (1)>
    args [] reads [] writes []
}

// -----
ocl.program @launch_c2 {
  // expected-error@+1 {{macs takes a map ()[H, W] -> (n)}}
  ocl.launch @k::@f blocks affine_map<()[s0, s1] -> (s0)> threads affine_map<()[s0, s1] -> (1)>
    args [] reads [] writes [] macs affine_map<()[s0] -> (s0)>
}

// -----
ocl.program @launch_c2_bytes {
  // expected-error@+1 {{bytes takes a map ()[H, W] -> (n)}}
  ocl.launch @k::@f blocks affine_map<()[s0, s1] -> (s0)> threads affine_map<()[s0, s1] -> (1)>
    args [] reads [] writes [] bytes affine_map<()[s0, s1] -> (s0, s1)>
}

// -----
ocl.program @launch_c3 {
  // expected-error@+1 {{writes position 1, but there are 1 arguments}}
  ocl.launch @k::@f blocks affine_map<()[s0, s1] -> (s0)> threads affine_map<()[s0, s1] -> (1)>
    args [@a] reads [0] writes [1]
}

// -----
ocl.program @launch_c3_twice {
  // expected-error@+1 {{reads position 0 twice}}
  ocl.launch @k::@f blocks affine_map<()[s0, s1] -> (s0)> threads affine_map<()[s0, s1] -> (1)>
    args [@a] reads [0, 0] writes []
}

// -----
ocl.program @launch_c4 {
  // expected-error@+1 {{argument 1 is neither read nor written}}
  ocl.launch @k::@f blocks affine_map<()[s0, s1] -> (s0)> threads affine_map<()[s0, s1] -> (1)>
    args [@a, @b] reads [0] writes []
}

// -----
ocl.program @launch_c5 {
  // expected-error@+1 {{launches @k::@f, which is no gpu.func kernel beside the program}}
  ocl.launch @k::@f blocks affine_map<()[s0, s1] -> (s0)> threads affine_map<()[s0, s1] -> (1)>
    args [] reads [] writes []
}

// -----
gpu.module @k { gpu.func @f(%h: i32, %w: i32) { gpu.return } }
ocl.program @launch_c5_no_kernel {
  // expected-error@+1 {{launches @k::@f, which is no gpu.func kernel beside the program}}
  ocl.launch @k::@f blocks affine_map<()[s0, s1] -> (s0)> threads affine_map<()[s0, s1] -> (1)>
    args [] reads [] writes []
}

// -----
gpu.module @k { gpu.func @f(%a: memref<?xf32>, %h: i32, %w: i32) kernel { gpu.return } }
ocl.program @launch_c6 {
  // expected-error@+1 {{argument @a is no buffer of the program}}
  ocl.launch @k::@f blocks affine_map<()[s0, s1] -> (s0)> threads affine_map<()[s0, s1] -> (1)>
    args [@a] reads [0] writes []
}

// -----
gpu.module @k {
  // expected-note@+1 {{the kernel's type is '(memref<?xf32>, i32, i32) -> ()'}}
  gpu.func @f(%a: memref<?xf32>, %h: i32, %w: i32) kernel { gpu.return }
}
ocl.program @launch_c7 {
  // expected-error@+1 {{passes 0 buffers, H and W, but the kernel takes 3 parameters}}
  ocl.launch @k::@f blocks affine_map<()[s0, s1] -> (s0)> threads affine_map<()[s0, s1] -> (1)>
    args [] reads [] writes []
}

// -----
gpu.module @k {
  // expected-note@+1 {{the kernel's type is '(memref<?xf32>, i32, i32) -> ()'}}
  gpu.func @f(%a: memref<?xf32>, %h: i32, %w: i32) kernel { gpu.return }
}
ocl.program @launch_c7_element {
  ocl.buffer @a temp f16 elements affine_map<()[s0, s1] -> (s0)>
  // expected-error@+1 {{argument 0 and the kernel's parameter differ in type}}
  ocl.launch @k::@f blocks affine_map<()[s0, s1] -> (s0)> threads affine_map<()[s0, s1] -> (1)>
    args [@a] reads [0] writes []
}

// -----
gpu.module @k {
  // expected-note@+1 {{the kernel's type is '(i32, index) -> ()'}}
  gpu.func @f(%h: i32, %w: index) kernel { gpu.return }
}
ocl.program @launch_c7_size {
  // expected-error@+1 {{passes H and W as i32 last}}
  ocl.launch @k::@f blocks affine_map<()[s0, s1] -> (s0)> threads affine_map<()[s0, s1] -> (1)>
    args [] reads [] writes []
}

// -----
gpu.module @k { gpu.func @f(%a: memref<?xf32>, %h: i32, %w: i32) kernel { gpu.return } }
ocl.program @launch_c8 {
  ocl.buffer @a input f32 elements affine_map<()[s0, s1] -> (s0)> format f32_planar
  // expected-error@+1 {{writes @a, which is of kind input}}
  ocl.launch @k::@f blocks affine_map<()[s0, s1] -> (s0)> threads affine_map<()[s0, s1] -> (1)>
    args [@a] reads [] writes [0]
}

// -----
gpu.module @k {
  gpu.func @f(%h: i32, %w: i32) kernel attributes {known_block_size = array<i32: 8, 2, 1>} { gpu.return }
}
ocl.program @launch_c9 {
  // expected-error@+1 {{threads is affine_map<()[s0, s1] -> (8, 1)>, but the kernel is for groups of 8 x 2 x 1}}
  ocl.launch @k::@f blocks affine_map<()[s0, s1] -> (s0, s1)> threads affine_map<()[s0, s1] -> (8, 1)>
    args [] reads [] writes []
}

// -----
func.func @vload_half_c1(%m: memref<?x?xf16>, %i: index) {
  // expected-error@+1 {{operand #0 must be 1D memref of 16-bit float values, but got 'memref<?x?xf16>'}}
  %0 = ocl.vload_half %m[%i] : memref<?x?xf16>, f32
  return
}

// -----
func.func @vload_half_c2(%m: memref<?xf16>, %i: index) {
  // expected-error@+1 {{result #0 must be f32 or a vector of 2, 4, 8 or 16 f32, but got 'vector<3xf32>'}}
  %0 = ocl.vload_half %m[%i] : memref<?xf16>, vector<3xf32>
  return
}

// -----
func.func @vstore_half_c1(%m: memref<?xf32>, %i: index, %v: f32) {
  // expected-error@+1 {{operand #1 must be 1D memref of 16-bit float values, but got 'memref<?xf32>'}}
  ocl.vstore_half %v, %m[%i] : f32, memref<?xf32>
  return
}

// -----
func.func @vstore_half_c2(%m: memref<?xf16>, %i: index, %v: f16) {
  // expected-error@+1 {{operand #0 must be f32 or a vector of 2, 4, 8 or 16 f32, but got 'f16'}}
  ocl.vstore_half %v, %m[%i] : f16, memref<?xf16>
  return
}

// -----
// expected-error@+1 {{ocl.comment takes a string, but got 1 : i64}}
func.func private @attribute_c1() attributes {ocl.comment = 1}

// -----
// expected-error@+1 {{ocl.unroll is a unit attribute of scf.for}}
func.func private @attribute_c2() attributes {ocl.unroll}

// -----
// expected-error@+1 {{ocl.name takes a string, but got 1 : i64}}
func.func private @attribute_c3(f32 {ocl.name = 1})

// -----
// expected-error@+1 {{operations take ocl.comment and ocl.unroll, not "ocl.color"}}
func.func private @attribute_c5() attributes {ocl.color = 1}

// -----
func.func @attribute_c4(%a: f32 {ocl.read_only}) // expected-error {{ocl.read_only is a unit attribute of memref parameters}}
{ return }

// -----
// expected-error@+1 {{parameters take ocl.name and ocl.read_only, not "ocl.color"}}
func.func @attribute_c6(%a: f32 {ocl.color}) { return }
