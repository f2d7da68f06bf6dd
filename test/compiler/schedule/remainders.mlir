// Indices in which a quotient and its remainder make a whole, m n floor(e / n) + m (e mod n) = m e. Here e = x + x mod p, and the
// index is e + x = 2 x + x mod p: what one sum leaves may be a part of the other.
// RUN: srcc %s --emit=opencl --target=pocl-cpu | FileCheck %s
// RUN: sed -e 's/constant 8/constant 4/; s/constant 3/constant 8/' %s > %t.mlir
// RUN: srcc %t.mlir --emit=opencl --target=pocl-cpu | FileCheck %s --check-prefix=OTHER
// CHECK: f[{{.*}} + x + (int)((uint)x / 8) * 8 + (x & 7) * 2];
// OTHER: f[{{.*}} + x * 2 + (x & 3)];

#out = affine_map<()[s0, s1] -> (1, s0, s1)>
#big = affine_map<()[s0, s1] -> (1, s0, s1 * 8)>
module attributes {sr.io = #sr.io<scale = 1, color = y, range = 0.0 : 1.0>} {
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #out format f32_planar
  sched.stage @f dims ["c", "y", "x"] extents #big : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %k = arith.constant 8 : index
    %q = arith.floordivsi %x, %k : index
    %v = sched.read @in[%c, %y, %q] : f32
    sched.yield %v : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #out : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %n = arith.constant 3 : index
    %m = arith.constant 8 : index
    %r = arith.remui %x, %m : index
    %d = arith.floordivsi %x, %m : index
    %e = arith.addi %x, %r : index
    %er = arith.remui %e, %n : index
    %ed = arith.floordivsi %e, %n : index
    %a = arith.muli %ed, %n : index
    %b = arith.muli %d, %m : index
    %s1 = arith.addi %a, %er : index
    %s2 = arith.addi %b, %r : index
    %s = arith.addi %s1, %s2 : index
    %v = sched.read @f[%c, %y, %s] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.compute_root @f
  sched.compute_root @out
}
}
