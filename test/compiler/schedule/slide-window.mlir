// A stage computed row by row ahead of its reader, in a ring of rows that each work-group has.
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds | FileCheck %s --check-prefix=BOUNDS
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-slide-window --canonicalize | FileCheck %s --check-prefix=SLIDE
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-slide-window --sched-fold-storage | FileCheck %s --check-prefix=FOLD
// RUN: srcc-opt %s --sched-to-loops --sched-infer-bounds --sched-slide-window --sched-fold-storage --sched-flatten-storage | FileCheck %s --check-prefix=FLAT
// RUN: srcc %s --print-loop-nest | FileCheck %s --check-prefix=NEST

#whole = affine_map<()[s0, s1] -> (1, s0, s1)>
sched.pipeline @blur {
  sched.input @in dims ["c", "y", "x"] extents #whole format f32_planar
  sched.stage @twice dims ["c", "y", "x"] extents #whole : f32 pure {
  ^bb0(%c: index, %y: index, %x: index):
    %v = sched.read @in[%c, %y, %x] : f32
    %w = arith.addf %v, %v : f32
    sched.yield %w : f32
  }
  sched.stage @out dims ["c", "y", "x"] extents #whole : f32 output f32_planar pure {
  ^bb0(%c: index, %y: index, %x: index):
    %one = arith.constant 1 : index
    %above = arith.subi %y, %one : index
    %below = arith.addi %y, %one : index
    %a = sched.read @twice[%c, %above, %x] exterior constant 0.0 : f32
    %b = sched.read @twice[%c, %below, %x] exterior constant 0.0 : f32
    %s = arith.addf %a, %b : f32
    sched.yield %s : f32
  }
}
sched.schedule @blur {
  sched.compute_root @out
  sched.split @out "y" into "band", "row" by affine_map<()[s0, s1] -> (16)>
  sched.reorder @out ["x", "c", "row", "band"]
  sched.gpu_blocks @out ["band"]
  sched.compute_at @twice at @out "row"
  sched.store_at @twice at @out "band"
  sched.fold_storage @twice "y" by 4
  sched.store_in @twice global layout ["y", "c", "x"] align 16 odd
}

// Stored outside the loop over rows, computed inside it. The last band has fewer rows.
// BOUNDS: sched.for "band" gpu_block
// BOUNDS: sched.realize @twice bounds
// BOUNDS: arith.minsi
// BOUNDS: sched.for "row" serial
// BOUNDS: sched.produce @twice
// BOUNDS: sched.required @twice 1 is

// The loop begins two rows before the first: rows above and below it are there when it is their turn.
// SLIDE: sched.for "row" serial(%c-2,
// SLIDE-NEXT: ^bb0(%[[ROW:.*]]: index):
// SLIDE: sched.produce @twice
// SLIDE: sched.required @twice 1 is %{{.*}}, %c1
// SLIDE: %[[REACHED:.*]] = arith.cmpi sge, %[[ROW]], %c0
// SLIDE-NEXT: scf.if %[[REACHED]]
// SLIDE: sched.store %{{.*}}, @out

// Four rows are stored, row y at y mod 4.
// FOLD: arith.constant 4 : index
// FOLD: sched.realize @twice bounds(%{{.*}}, %{{.*}}, %{{.*}}) (%{{.*}}, %c4{{.*}}, %{{.*}})
// FOLD: sched.for "row"
// FOLD: arith.andi %{{.*}}, %c3
// FOLD: sched.store %{{.*}}, @twice

// One buffer holds the rings of all bands: 4 rows of an odd number of 16 elements for each of
// ceil(H / 16) work-groups.
// FLAT: #[[SIZE:.*]] = affine_map<()[s0, s1] -> (((((s1 + 15) floordiv 16) floordiv 2) * ((s0 + 15) floordiv 16)) * 128 + ((s0 + 15) floordiv 16) * 64)>
// FLAT: ocl.buffer @twice temp f32 elements #[[SIZE]]
// FLAT: ocl.launch @kernels::@blur_out {{.*}} args [@in, @twice, @out]

// NEST: produce out:
// NEST-NEXT:   gpu_block band:
// NEST-NEXT:     store twice:
// NEST-NEXT:       for row:
// NEST-NEXT:         produce twice:
// NEST-NEXT:           for x:
// NEST-NEXT:             twice(...) = ...
// NEST-NEXT:         if inside:
// NEST-NEXT:           for x:
// NEST-NEXT:             out(...) = ...
