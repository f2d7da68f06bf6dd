// REQUIRES: numpy
// RUN: rm -rf %t && %{python} %S/Inputs/damage.py %t

// RUN: srcc-translate --interpret %s --input=%t/good.npy --output=%t/v1.npy
// RUN: srcc-translate --interpret %s --input=%t/v2.npy --output=%t/v2.out.npy
// RUN: cmp %t/v1.npy %t/v2.out.npy

// RUN: not srcc-translate --interpret %s --input=%t/version.npy --output=%t/x.npy 2>&1 | FileCheck %s -check-prefix=VERSION
// VERSION: version.npy: has NumPy format version 9, 1 to 3 are known
// RUN: not srcc-translate --interpret %s --input=%t/header.npy --output=%t/x.npy 2>&1 | FileCheck %s -check-prefix=HEADER
// HEADER: header.npy: ends inside its header
// RUN: not srcc-translate --interpret %s --input=%t/fields.npy --output=%t/x.npy 2>&1 | FileCheck %s -check-prefix=FIELDS
// FIELDS: fields.npy: has a header without descr, fortran_order and shape
// RUN: not srcc-translate --interpret %s --input=%t/double.npy --output=%t/x.npy 2>&1 | FileCheck %s -check-prefix=DOUBLE
// DOUBLE: double.npy: holds no little-endian float32
// RUN: not srcc-translate --interpret %s --input=%t/fortran.npy --output=%t/x.npy 2>&1 | FileCheck %s -check-prefix=FORTRAN
// FORTRAN: fortran.npy: is in Fortran order
// RUN: not srcc-translate --interpret %s --input=%t/rank.npy --output=%t/x.npy 2>&1 | FileCheck %s -check-prefix=SHAPE
// RUN: not srcc-translate --interpret %s --input=%t/batch.npy --output=%t/x.npy 2>&1 | FileCheck %s -check-prefix=SHAPE
// RUN: not srcc-translate --interpret %s --input=%t/negative.npy --output=%t/x.npy 2>&1 | FileCheck %s -check-prefix=SHAPE
// RUN: not srcc-translate --interpret %s --input=%t/unclosed.npy --output=%t/x.npy 2>&1 | FileCheck %s -check-prefix=SHAPE
// SHAPE: .npy: {{must have the shape CxHxW or 1xCxHxW|has a damaged shape}}
// RUN: not srcc-translate --interpret %s --input=%t/huge.npy --output=%t/x.npy 2>&1 | FileCheck %s -check-prefix=HUGE
// HUGE: huge.npy: is too large
// RUN: not srcc-translate --interpret %s --input=%t/short.npy --output=%t/x.npy 2>&1 | FileCheck %s -check-prefix=SHORT
// SHORT: short.npy: has 7 bytes of data instead of 8
// RUN: not srcc-translate --interpret %s --input=%t/long.npy --output=%t/x.npy 2>&1 | FileCheck %s -check-prefix=LONG
// LONG: long.npy: has 12 bytes of data instead of 8
// RUN: not srcc-translate --interpret %s --input=%t/empty.npy --output=%t/x.npy 2>&1 | FileCheck %s -check-prefix=MAGIC
// RUN: not srcc-translate --interpret %s --input=%t/text.npy --output=%t/x.npy 2>&1 | FileCheck %s -check-prefix=MAGIC
// MAGIC: .npy: is not a NumPy file
// RUN: not srcc-translate --interpret %s --input=%t/missing.npy --output=%t/x.npy 2>&1 | FileCheck %s -check-prefix=MISSING
// MISSING: missing.npy: cannot read: No such file or directory
// RUN: not srcc-translate --interpret %s --input=%t/short.png --output=%t/x.npy 2>&1 | FileCheck %s -check-prefix=PNG
// RUN: not srcc-translate --interpret %s --input=%t/text.png --output=%t/x.npy 2>&1 | FileCheck %s -check-prefix=PNG
// RUN: not srcc-translate --interpret %s --input=%t/huge.png --output=%t/x.npy 2>&1 | FileCheck %s -check-prefix=PNG
// PNG: .png: {{.+}}
// RUN: not srcc-translate --interpret %s --input=%t/good.npy --output=%t/missing/x.npy 2>&1 | FileCheck %s -check-prefix=WRITE
// WRITE: cannot write {{.*}}x.npy': No such file or directory
// RUN: not srcc-translate --interpret %s --input=%t/good.npy --output=%t/x.jpeg 2>&1 | FileCheck %s -check-prefix=KIND
// KIND: --input and --output are .npy or .png files
// RUN: not srcc-translate --interpret %s --input=%t/good.npy --output=%t/x.npy --window=1,2 2>&1 | FileCheck %s -check-prefix=WINDOW
// WINDOW: --window is x,y,width,height, not 1,2
// None of them left a file, nor a part of one.
// RUN: ls %t | FileCheck %s -check-prefix=LEFT
// LEFT-NOT: {{^x|tmp}}

// Black, dark and light values of a luma model: (16 + 65.481 R + 128.553 G + 24.966 B) / 255.
// RUN: srcc-translate --interpret %s --input=%t/good.png --output=%t/luma.npy
// RUN: %{python} %S/Inputs/npy.py print %t/luma.npy | FileCheck %s -check-prefix=LUMA
// LUMA: 1x1x2
// LUMA-NEXT: 0.261477 0.521185

module attributes {sr.io = #sr.io<scale = 1, color = y, range = 0.0 : 1.0>} {
  func.func @net(%x: tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xf32> {
    return %x : tensor<1x1x?x?xf32>
  }
}
