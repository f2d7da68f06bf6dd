// A sum in memory that the work-items of a group share is not added to by each of them.
// RUN: srcc-opt %s --verify-diagnostics --sched-to-loops --sched-infer-bounds --sched-synchronize-threads
// RUN: sed -e 's/sched.store_in @sum local/sched.store_in @sum private/' -e '/expected-error/d' %s | srcc-opt - --sched-to-loops --sched-infer-bounds --sched-synchronize-threads | FileCheck %s
// CHECK: sched.produce @sum

#picture = affine_map<()[s0, s1] -> (1, s0, s1)>
#three = affine_map<()[s0, s1] -> (3)>
sched.pipeline @p {
  sched.input @in dims ["c", "y", "x"] extents #picture format f32_planar
  sched.stage @f dims ["c", "y", "x"] extents #picture : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    sched.yield %v : f32
  }
  // expected-error @+1 {{sum @sum would be computed by each work-item of the group, in memory that they share; legal: gpu_threads among its loops, or store_in private}}
  sched.stage @sum dims ["c", "y", "x"] extents #picture : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %zero = arith.constant 0.0 : f32
    sched.yield %zero : f32
  } updates {
    sched.update ["k"] extents #three {
    ^bb0(%c: index, %y: index, %x: index, %k: index, %self: f32):
      %at = arith.addi %x, %k : index
      %v = sched.read @f[%c, %y, %at] exterior constant 0.0 : f32
      %s = arith.addf %self, %v : f32
      sched.yield %s : f32
    }
  }
  sched.stage @out dims ["c", "y", "x"] extents #picture : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @sum[%c, %y, %x] : f32
    sched.yield %v : f32
  }
}
sched.schedule @p {
  sched.compute_root @out
  sched.compute_at @sum at @out "x"
  sched.store_in @sum local
  sched.compute_at @f at @out "x"
  sched.store_in @f local
  sched.gpu_threads @f ["x"]
}
