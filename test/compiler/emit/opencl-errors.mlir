// RUN: srcc-translate --emit-opencl --fp16 %s --split-input-file --verify-diagnostics -o /dev/null

gpu.module @k {
  // expected-error@+1 {{kernel name is no free identifier of OpenCL C; conv_0 is one}}
  gpu.func @"conv.0"(%h: i32, %w: i32) kernel { gpu.return }
}

// -----
gpu.module @k {
  // expected-error@+1 {{kernel name is no free identifier of OpenCL C; mix_ is one}}
  gpu.func @mix(%h: i32, %w: i32) kernel { gpu.return }
}

// -----
gpu.module @k {
  // expected-error@+1 {{has no form in OpenCL C: functions are kernels}}
  gpu.func @f(%h: i32, %w: i32) { gpu.return }
}

// -----
gpu.module @k {
  // expected-error@+1 {{has no form in OpenCL C: parameters are memrefs, i32 or f32}}
  gpu.func @f(%h: i64, %w: i32) kernel { gpu.return }
}

// -----
gpu.module @k {
  // expected-error@+1 {{memory has rank 0 or 1 and no layout in OpenCL C, but this is 'memref<?x?xf32>'}}
  gpu.func @f(%m: memref<?x?xf32>, %h: i32, %w: i32) kernel { gpu.return }
}

// -----
gpu.module @k {
  // expected-error@+1 {{has no form in OpenCL C: elements are f32, f16, index, i32, i8 or i1}}
  gpu.func @f(%m: memref<?xf64>, %h: i32, %w: i32) kernel { gpu.return }
}

// -----
gpu.module @k {
  gpu.func @f(%m: memref<?xf32>, %h: i32, %w: i32) kernel {
    %i = arith.constant 0 : index
    // expected-error@+1 {{'vector.load' op has no form in OpenCL C: vectors have 2, 4, 8 or 16 lanes in OpenCL C}}
    %0 = vector.load %m[%i] : memref<?xf32>, vector<6xf32>
    vector.store %0, %m[%i] : memref<?xf32>, vector<6xf32>
    gpu.return
  }
}

// -----
gpu.module @k {
  gpu.func @f(%m: memref<?xf32>, %h: i32, %w: i32) kernel {
    %i = arith.constant 0 : index
    // expected-error@+1 {{'memref.dim' op has no form in OpenCL C}}
    %0 = memref.dim %m, %i : memref<?xf32>
    %f = arith.constant 0.0 : f32
    memref.store %f, %m[%0] : memref<?xf32>
    gpu.return
  }
}

// -----
gpu.module @k {
  gpu.func @f(%m: memref<?xf32>, %h: i32, %w: i32) kernel {
    // expected-error@+1 {{'scf.while' op has no form in OpenCL C}}
    scf.while : () -> () {
      %c = arith.cmpi slt, %h, %w : i32
      scf.condition(%c)
    } do {
      scf.yield
    }
    gpu.return
  }
}

// -----
gpu.module @k {
  gpu.func @f(%m: memref<?xf32>, %h: i32, %w: i32) kernel {
    %i = arith.index_cast %h : i32 to index
    %v = vector.load %m[%i] : memref<?xf32>, vector<8xf32>
    // expected-error@+1 {{'vector.reduction' op has no form in OpenCL C}}
    %s = vector.reduction <add>, %v : vector<8xf32> into f32
    memref.store %s, %m[%i] : memref<?xf32>
    gpu.return
  }
}

// -----
gpu.module @k {
  gpu.func @f(%m: memref<?xf32>, %h: i32, %w: i32) kernel {
    %i = arith.index_cast %h : i32 to index
    %v = vector.load %m[%i] : memref<?xf32>, vector<8xf32>
    // expected-error@+1 {{'vector.extract' op has no form in OpenCL C: at other than one constant position}}
    %s = vector.extract %v[%i] : f32 from vector<8xf32>
    memref.store %s, %m[%i] : memref<?xf32>
    gpu.return
  }
}

// -----
gpu.module @k {
  gpu.func @f(%m: memref<?xi8>, %h: i32, %w: i32) kernel {
    %i = arith.index_cast %h : i32 to index
    %a = memref.load %m[%i] : memref<?xi8>
    // expected-error@+1 {{'arith.divsi' op has no form in OpenCL C: i8 is uchar there; extend it first}}
    %s = arith.divsi %a, %a : i8
    memref.store %s, %m[%i] : memref<?xi8>
    gpu.return
  }
}

// -----
gpu.module @k {
  gpu.func @f(%m: memref<?xf32>, %h: i32, %w: i32) kernel {
    // expected-error@+1 {{'arith.constant' op has no form in OpenCL C: int has 32 bits}}
    %i = arith.constant 4294967296 : index
    %f = arith.constant 0.0 : f32
    memref.store %f, %m[%i] : memref<?xf32>
    gpu.return
  }
}

// -----
gpu.module @k {
  gpu.func @f(%n: index, %h: i32, %w: i32) kernel { // expected-error {{has no form in OpenCL C: parameters are memrefs, i32 or f32}}
    gpu.return
  }
}

// -----
gpu.module @k {
  gpu.func @f(%m: memref<?xf32>, %h: i32, %w: i32) kernel {
    %n = arith.index_cast %h : i32 to index
    // expected-error@+1 {{'memref.alloca' op has no form in OpenCL C: private memory has a static size and no memory space}}
    %a = memref.alloca(%n) : memref<?xf32>
    %f = arith.constant 0.0 : f32
    memref.store %f, %a[%n] : memref<?xf32>
    gpu.return
  }
}

// -----
gpu.module @k {
  // expected-error@+1 {{has no form in OpenCL C: local memory is of rank 1, static size, and not of f16}}
  gpu.func @f(%h: i32, %w: i32) workgroup(%t : memref<4x4xf32, #gpu.address_space<workgroup>>) kernel { gpu.return }
}

// -----
// expected-error@+1 {{has no form in OpenCL C: a module holds kernels}}
gpu.module @k { memref.global "private" constant @table : memref<4xf32> = dense<0.0> }

// -----
gpu.module @k {
  gpu.func @f(%h: i32, %w: i32) kernel {
    %i = gpu.block_id x
    %m = memref.alloca() : memref<4xf32>
    // expected-error@+1 {{has no form in OpenCL C: outside a row of global memory}}
    memref.prefetch %m[%i], read, locality<3>, data : memref<4xf32>
    gpu.return
  }
}
