// RUN: not srcc-translate --emit-package %s --split-input-file -o /dev/null 2>&1 | FileCheck %s

// CHECK: error: a package needs the module's attribute sr.io
ocl.program @net {}

// -----
// CHECK: error: a package needs one ocl.program, but there are 2
module attributes {sr.io = #sr.io<scale = 2, color = y, range = 0.0 : 255.0>} {
  ocl.program @net {}
  ocl.program @other {}
}

// -----
// CHECK: error: 'ocl.buffer' op the resource blob has 4 bytes, but its elements take 8
module attributes {sr.io = #sr.io<scale = 2, color = y, range = 0.0 : 255.0>} {
  ocl.program @net {
    ocl.buffer @b constant f16 elements affine_map<()[s0, s1] -> (4)> value dense_resource<blob> : tensor<4xf16>
  }
}
{-#
  dialect_resources: {
    builtin: {
      blob: "0x04000000003C0038"
    }
  }
#-}

// -----
// CHECK: error: 'ocl.buffer' op the resource none has no data
module attributes {sr.io = #sr.io<scale = 2, color = y, range = 0.0 : 255.0>} {
  ocl.program @net {
    ocl.buffer @b constant f16 elements affine_map<()[s0, s1] -> (4)> value dense_resource<none> : tensor<4xf16>
  }
}

// -----
// The kernels' errors are the package's.
// CHECK: error: 'gpu.func' op kernel name is no free identifier of OpenCL C; half_ is one
module attributes {sr.io = #sr.io<scale = 2, color = y, range = 0.0 : 255.0>} {
  gpu.module @kernels { gpu.func @half(%h: i32, %w: i32) kernel { gpu.return } }
  ocl.program @net {}
}
