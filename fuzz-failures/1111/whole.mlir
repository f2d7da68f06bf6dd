#map = affine_map<()[s0, s1] -> (16)>
#map1 = affine_map<()[s0, s1] -> (8)>
#map2 = affine_map<()[s0, s1] -> (4)>
#map3 = affine_map<()[s0, s1] -> (64)>
#map4 = affine_map<()[s0, s1] -> (3)>
#map5 = affine_map<()[s0, s1] -> (1)>
#map6 = affine_map<()[s0, s1] -> (1, s0, s1)>
#map7 = affine_map<()[s0, s1] -> (8, s0, s1)>
#map8 = affine_map<()[s0, s1] -> ((s0 * s1) * 8)>
#map9 = affine_map<()[s0, s1] -> (6, s0, s1)>
#map10 = affine_map<()[s0, s1] -> ((s0 * s1) * 48)>
#map11 = affine_map<()[s0, s1] -> (9, s0, s1)>
#map12 = affine_map<()[s0, s1] -> ((s0 * s1) * 54)>
#map13 = affine_map<()[s0, s1] -> (6)>
#map14 = affine_map<()[s0, s1] -> (1, s0 * 3, s1 * 3)>
module attributes {sr.io = #sr.io<scale = 3, color = y, range = 0.0 : 1.0>, sr.receptive_field = array<i64: 1, 1>} {
  sched.schedule @net {
    sched.compute_root @conv2d_2.sum
    sched.compute_root @input
    sched.split @input "x" into "xb", "tx" by affine_map<()[s0, s1] -> (16)> tail round_up
    sched.split @input "y" into "yb", "ty" by affine_map<()[s0, s1] -> (8)> tail round_up
    sched.reorder @input ["tx", "ty", "xb", "yb", "c"]
    sched.gpu_threads @input ["tx", "ty"]
    sched.gpu_blocks @input ["xb", "yb", "c"]
    sched.store_in @input global layout ["c", "y", "x"]
    sched.compute_root @conv2d
    sched.split @conv2d "c" into "co", "ci" by affine_map<()[s0, s1] -> (4)>
    sched.split @conv2d "x" into "xb", "xt" by affine_map<()[s0, s1] -> (64)> tail round_up
    sched.split @conv2d "xt" into "tx", "xp" by affine_map<()[s0, s1] -> (4)>
    sched.split @conv2d "y" into "yb", "ty" by affine_map<()[s0, s1] -> (8)> tail round_up
    sched.reorder @conv2d ["ci", "xp", "tx", "ty", "co", "xb", "yb"]
    sched.vectorize @conv2d ["ci"]
    sched.gpu_threads @conv2d ["tx", "ty"]
    sched.gpu_blocks @conv2d ["co", "xb", "yb"]
    sched.compute_at @conv2d.sum at @conv2d "tx"
    sched.store_in @conv2d.sum private layout ["y", "x", "c"]
    sched.store_in @table global layout ["d0/4", "d1", "d2", "d3", "d0%4"]
    sched.vectorize @conv2d.sum ["c"]
    sched.unroll @conv2d.sum ["x"]
    sched.reorder @conv2d.sum ["c", "x", "y"]
    sched.vectorize @conv2d.sum update 0 ["c"]
    sched.unroll @conv2d.sum update 0 ["x"]
    sched.reorder @conv2d.sum update 0 ["c", "x", "rc", "y"]
    sched.store_in @conv2d image2d layout ["c/4", "y", "x", "c%4"]
    sched.compute_root @conv2d_1
    sched.split @conv2d_1 "c" into "co", "ci" by affine_map<()[s0, s1] -> (4)> tail round_up
    sched.split @conv2d_1 "x" into "xb", "xt" by affine_map<()[s0, s1] -> (64)> tail round_up
    sched.split @conv2d_1 "xt" into "tx", "xp" by affine_map<()[s0, s1] -> (4)>
    sched.split @conv2d_1 "y" into "yb", "ty" by affine_map<()[s0, s1] -> (8)> tail round_up
    sched.reorder @conv2d_1 ["ci", "xp", "tx", "ty", "co", "xb", "yb"]
    sched.vectorize @conv2d_1 ["ci"]
    sched.unroll @conv2d_1 ["xp"]
    sched.gpu_threads @conv2d_1 ["tx", "ty"]
    sched.gpu_blocks @conv2d_1 ["co", "xb", "yb"]
    sched.compute_at @conv2d_1.sum at @conv2d_1 "tx"
    sched.store_in @conv2d_1.sum private layout ["y", "x", "c"]
    sched.store_in @table_2 global layout ["d0/4", "d1", "d2", "d3", "d0%4"]
    sched.vectorize @conv2d_1.sum ["c"]
    sched.unroll @conv2d_1.sum ["x"]
    sched.reorder @conv2d_1.sum ["c", "x", "y"]
    sched.vectorize @conv2d_1.sum update 0 ["c"]
    sched.unroll @conv2d_1.sum update 0 ["x"]
    sched.split @conv2d_1.sum update 0 "rc" into "ro", "ri" by affine_map<()[s0, s1] -> (4)>
    sched.reorder @conv2d_1.sum update 0 ["c", "x", "ri", "ro", "y"]
    sched.store_in @conv2d_1 global layout ["c/4", "y", "x", "c%4"]
    sched.compute_root @output
    sched.split @output "y" into "ys", "yi" by affine_map<()[s0, s1] -> (3)>
    sched.split @output "x" into "xs", "xi" by affine_map<()[s0, s1] -> (3)>
    sched.split @output "xs" into "xb", "xt" by affine_map<()[s0, s1] -> (16)>
    sched.split @output "xt" into "tx", "xp" by affine_map<()[s0, s1] -> (1)>
    sched.split @output "ys" into "yb", "ty" by affine_map<()[s0, s1] -> (8)>
    sched.reorder @output ["xi", "yi", "xp", "tx", "ty", "xb", "yb"]
    sched.reorder @output ["xi", "yi", "xp", "tx", "ty", "c", "xb", "yb"]
    sched.gpu_blocks @output ["c", "xb", "yb"]
    sched.unroll @output ["xi", "yi", "xp"]
    sched.gpu_threads @output ["tx", "ty"]
    sched.reorder @conv2d_2.sum ["c", "x", "y"]
    sched.reorder @conv2d_2.sum update 0 ["c", "x", "rc", "y"]
    sched.store_in @clamp global layout ["x", "y", "c"] align 3
  }
  sched.pipeline @net {
    sched.input @input_f32 dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (1, s0, s1)> format  f32_planar
    sched.stage @input dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (1, s0, s1)> : f32 pure {
    ^bb0(%arg0: index, %arg1: index, %arg2: index):
      %0 = sched.read @input_f32[%arg0, %arg1, %arg2] : f32
      sched.yield %0 : f32
    }
    sched.table @table = dense<[[[[-0.879999995]]], [[[-2.700000e-01]]], [[[3.500000e-01]]], [[[0.939999997]]], [[[-0.699999988]]], [[[7.800000e-01]]], [[[9.100000e-01]]], [[[-7.200000e-01]]]]> : tensor<8x1x1x1xf32>
    sched.table @table_1 = dense<[2.000000e-01, 1.700000e-02, 2.230000e-01, 4.560000e-01, -1.000000e-03, -1.100000e-01, -3.390000e-01, 3.440000e-01]> : tensor<8xf32>
    sched.stage @conv2d.sum dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (8, s0, s1)> : f32 macs affine_map<()[s0, s1] -> ((s0 * s1) * 8)> pure {
    ^bb0(%arg0: index, %arg1: index, %arg2: index):
      %0 = sched.read @table_1[%arg0] : f32
      sched.yield %0 : f32
    } updates {
      sched.update ["rc"] extents affine_map<()[s0, s1] -> (1)> {
      ^bb0(%arg0: index, %arg1: index, %arg2: index, %arg3: index, %arg4: f32):
        %c0 = arith.constant 0 : index
        %c0_0 = arith.constant 0 : index
        %0 = arith.addi %arg1, %c0 : index
        %1 = arith.addi %arg2, %c0_0 : index
        %2 = sched.read @table[%arg0, %arg3, %c0, %c0_0] : f32
        %3 = sched.read @input[%arg3, %0, %1] exterior  constant 0.000000e+00 : f32
        %4 = math.fma %2, %3, %arg4 : f32
        sched.yield %4 : f32
      }
    }
    sched.stage @conv2d dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (8, s0, s1)> : f32 layers ["conv2d"] pure {
    ^bb0(%arg0: index, %arg1: index, %arg2: index):
      %0 = sched.read @conv2d.sum[%arg0, %arg1, %arg2] : f32
      sched.yield %0 : f32
    }
    sched.table @table_2 = dense_resource<table_2> : tensor<6x8x1x1xf32>
    sched.table @table_3 = dense<[1.890000e-01, 1.700000e-01, -6.500000e-02, 0.0839999988, -3.050000e-01, 3.440000e-01]> : tensor<6xf32>
    sched.stage @conv2d_1.sum dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (6, s0, s1)> : f32 macs affine_map<()[s0, s1] -> ((s0 * s1) * 48)> pure {
    ^bb0(%arg0: index, %arg1: index, %arg2: index):
      %0 = sched.read @table_3[%arg0] : f32
      sched.yield %0 : f32
    } updates {
      sched.update ["rc"] extents affine_map<()[s0, s1] -> (8)> {
      ^bb0(%arg0: index, %arg1: index, %arg2: index, %arg3: index, %arg4: f32):
        %c0 = arith.constant 0 : index
        %c0_0 = arith.constant 0 : index
        %0 = arith.addi %arg1, %c0 : index
        %1 = arith.addi %arg2, %c0_0 : index
        %2 = sched.read @table_2[%arg0, %arg3, %c0, %c0_0] : f32
        %3 = sched.read @conv2d[%arg3, %0, %1] exterior  constant 0.000000e+00 : f32
        %4 = math.fma %2, %3, %arg4 : f32
        sched.yield %4 : f32
      }
    }
    sched.stage @conv2d_1 dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (6, s0, s1)> : f32 layers ["conv2d_1"] pure {
    ^bb0(%arg0: index, %arg1: index, %arg2: index):
      %0 = sched.read @conv2d_1.sum[%arg0, %arg1, %arg2] : f32
      sched.yield %0 : f32
    }
    sched.table @table_4 = dense_resource<table_4> : tensor<9x6x1x1xf32>
    sched.table @table_5 = dense<[1.950000e-01, -5.500000e-02, 3.850000e-01, -4.530000e-01, -2.630000e-01, 2.000000e-03, -4.740000e-01, -1.470000e-01, 6.000000e-02]> : tensor<9xf32>
    sched.stage @conv2d_2.sum dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (9, s0, s1)> : f32 macs affine_map<()[s0, s1] -> ((s0 * s1) * 54)> pure {
    ^bb0(%arg0: index, %arg1: index, %arg2: index):
      %0 = sched.read @table_5[%arg0] : f32
      sched.yield %0 : f32
    } updates {
      sched.update ["rc"] extents affine_map<()[s0, s1] -> (6)> {
      ^bb0(%arg0: index, %arg1: index, %arg2: index, %arg3: index, %arg4: f32):
        %c0 = arith.constant 0 : index
        %c0_0 = arith.constant 0 : index
        %0 = arith.addi %arg1, %c0 : index
        %1 = arith.addi %arg2, %c0_0 : index
        %2 = sched.read @table_4[%arg0, %arg3, %c0, %c0_0] : f32
        %3 = sched.read @conv2d_1[%arg3, %0, %1] exterior  constant 0.000000e+00 : f32
        %4 = math.fma %2, %3, %arg4 : f32
        sched.yield %4 : f32
      }
    }
    sched.stage @conv2d_2 dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (9, s0, s1)> : f32 layers ["conv2d_2"] pure {
    ^bb0(%arg0: index, %arg1: index, %arg2: index):
      %0 = sched.read @conv2d_2.sum[%arg0, %arg1, %arg2] : f32
      sched.yield %0 : f32
    }
    sched.stage @pixel_shuffle dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (1, s0 * 3, s1 * 3)> : f32 layers ["pixel_shuffle"] pure {
    ^bb0(%arg0: index, %arg1: index, %arg2: index):
      %c3 = arith.constant 3 : index
      %0 = arith.remui %arg1, %c3 : index
      %c3_0 = arith.constant 3 : index
      %1 = arith.remui %arg2, %c3_0 : index
      %c9 = arith.constant 9 : index
      %2 = arith.muli %arg0, %c9 : index
      %c3_1 = arith.constant 3 : index
      %3 = arith.muli %0, %c3_1 : index
      %4 = arith.addi %3, %1 : index
      %5 = arith.addi %2, %4 : index
      %c3_2 = arith.constant 3 : index
      %6 = arith.floordivsi %arg1, %c3_2 : index
      %c3_3 = arith.constant 3 : index
      %7 = arith.floordivsi %arg2, %c3_3 : index
      %8 = sched.read @conv2d_2[%5, %6, %7] : f32
      sched.yield %8 : f32
    }
    sched.stage @clamp dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (1, s0 * 3, s1 * 3)> : f32 layers ["clamp"] pure {
    ^bb0(%arg0: index, %arg1: index, %arg2: index):
      %0 = sched.read @pixel_shuffle[%arg0, %arg1, %arg2] : f32
      %cst = arith.constant 0.000000e+00 : f32
      %1 = arith.maxnumf %0, %cst : f32
      %cst_0 = arith.constant 1.000000e+00 : f32
      %2 = arith.minnumf %1, %cst_0 : f32
      sched.yield %2 : f32
    }
    sched.stage @output dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (1, s0 * 3, s1 * 3)> : f32 output  f32_planar pure {
    ^bb0(%arg0: index, %arg1: index, %arg2: index):
      %0 = sched.read @clamp[%arg0, %arg1, %arg2] : f32
      sched.yield %0 : f32
    }
  }
}

{-#
  dialect_resources: {
    builtin: {
      table_2: "0x0400000031082CBDF0A746BEB29DAF3EE17A94BE508D17BEDF4F0D3E190456BE91ED7C3E5EBA893E7B14AE3DF0A7463E2DB29D3E5C8F82BE5C8FC23D6666A63EE7FB293E8B6CE73DEC51383E4E62103EE5D0223E21B0723E508D973D79E9263E8716593D1D5A64BEAE47A13EE7FBA93E2DB29D3EE17A143E9318843E8716D9BD21B0723E91ED7CBEE7FBA9BEE926B1BE91ED7CBE8716593D8B6CE7BDB6F3FD3D17D94EBE5EBA89BE54E3A53D508D17BE85EB51BEAE47E1BD8D976E3E6210983E7B14AE3D",
      table_4: "0x04000000DD24063E8716D9BDDD24063E1F85AB3EE5D0A2BEF0A7C63E23DBB93E5EBA893ED578E93DCDCCCC3E8D976E3E77BE9FBD7F6A3CBED578E93DB81E853D5EBA893E17D9CEBE0C022BBE6DE7BBBEB29DAFBE8716593E7593983E4260A53EDF4F8D3D4A0C02BE46B6B3BE068195BD23DB79BD583934BE6891AD3ED9CEB7BE3789813E713D0A3EDD2406BEBA498C3E21B0723E8716593E08AC9CBE60E5D0BEB29DAFBE5839343E60E5D03EBE9F9ABEEC5138BE8716D93D1B2F5D3EDF4F8DBD23DB793D08AC9CBEC520B0BD986E92BE1B2F5DBEB81E853D5C8FC2BE"
    }
  }
#-}

