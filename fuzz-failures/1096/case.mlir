#map = affine_map<()[s0, s1] -> (16)>
#map1 = affine_map<()[s0, s1] -> (8)>
#map2 = affine_map<()[s0, s1] -> (4)>
#map3 = affine_map<()[s0, s1] -> (64)>
#map4 = affine_map<()[s0, s1] -> (3)>
#map5 = affine_map<()[s0, s1] -> (1)>
#map6 = affine_map<()[s0, s1] -> (1, s0, s1)>
#map7 = affine_map<()[s0, s1] -> (4, s0, s1)>
#map8 = affine_map<()[s0, s1] -> (0)>
#map9 = affine_map<()[s0, s1] -> (1, 3, 3)>
#map10 = affine_map<()[s0, s1] -> (9, s0, s1)>
#map11 = affine_map<()[s0, s1] -> ((s0 * s1) * 324)>
#map12 = affine_map<()[s0, s1] -> (4, 3, 3)>
#map13 = affine_map<()[s0, s1] -> (1, s0 * 3, s1 * 3)>
module attributes {sr.io = #sr.io<scale = 3, color = y, range = 0.0 : 1.0>, sr.receptive_field = array<i64: 3, 1>} {
  sched.schedule @net {
    sched.compute_root @conv2d.sum
    sched.compute_root @input
    sched.split @input_from_u8 "y" into "yb", "ty" by affine_map<()[s0, s1] -> (8)> tail round_up
    sched.compute_root @leaky_relu
    sched.split @leaky_relu "c" into "co", "ci" by affine_map<()[s0, s1] -> (4)>
    sched.split @leaky_relu "x" into "xb", "xt" by affine_map<()[s0, s1] -> (64)> tail round_up
    sched.split @leaky_relu "xt" into "tx", "xp" by affine_map<()[s0, s1] -> (4)>
    sched.split @leaky_relu "y" into "yb", "ty" by affine_map<()[s0, s1] -> (8)> tail round_up
    sched.reorder @leaky_relu ["ci", "xp", "tx", "ty", "co", "xb", "yb"]
    sched.vectorize @leaky_relu ["ci"]
    sched.reorder @conv2d.sum ["c", "x", "y"]
    sched.store_in @leaky_relu image2d layout ["c/4", "y", "x", "c%4"]
    sched.split @output "y" into "ys", "yi" by affine_map<()[s0, s1] -> (3)>
    sched.split @output "x" into "xs", "xi" by affine_map<()[s0, s1] -> (3)>
    sched.split @output "xs" into "xb", "xt" by affine_map<()[s0, s1] -> (16)>
    sched.split @output "xt" into "tx", "xp" by affine_map<()[s0, s1] -> (1)>
    sched.compute_at @conv2d_1.sum at @output "tx"
    sched.unroll @conv2d_1.sum ["x"]
    sched.reorder @conv2d_1.sum ["c", "x", "y"]
    sched.unroll @conv2d_1.sum update 0 ["x"]
    sched.split @conv2d_1.sum update 0 "rc" into "ro", "ri" by affine_map<()[s0, s1] -> (4)>
    sched.unroll @conv2d_1.sum update 0 ["ri"]
    sched.reorder @conv2d_1.sum update 0 ["c", "x", "ri", "kx", "ky", "ro", "y"]
    sched.split @output_u8 "y" into "ys", "yi" by affine_map<()[s0, s1] -> (3)>
    sched.split @output_u8 "x" into "xs", "xi" by affine_map<()[s0, s1] -> (3)>
    sched.split @output_u8 "xs" into "xb", "xt" by affine_map<()[s0, s1] -> (16)>
    sched.split @output_u8 "xt" into "tx", "xp" by affine_map<()[s0, s1] -> (1)>
    sched.split @output_u8 "ys" into "yb", "ty" by affine_map<()[s0, s1] -> (8)>
    sched.reorder @output_u8 ["xi", "yi", "xp", "tx", "ty", "c", "xb", "yb"]
    sched.gpu_blocks @output_u8 ["c", "xb", "yb"]
    sched.unroll @output_u8 ["xi", "yi", "xp"]
    sched.gpu_threads @output_u8 ["tx", "ty"]
    sched.compute_at @conv2d_1.sum at @output_u8 "tx"
  }
  sched.pipeline @net {
    sched.input @input_f32 dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (1, s0, s1)> format  f32_planar
    sched.input @input_u8 dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (1, s0, s1)> format  u8_interleaved
    sched.stage @input dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (1, s0, s1)> : f32 pure {
    ^bb0(%arg0: index, %arg1: index, %arg2: index):
      %0 = sched.read @input_f32[%arg0, %arg1, %arg2] : f32
      sched.yield %0 : f32
    }
    sched.stage @input_from_u8 dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (1, s0, s1)> : f32 instead_of @input pure {
    ^bb0(%arg0: index, %arg1: index, %arg2: index):
      %0 = sched.read @input_u8[%arg0, %arg1, %arg2] : i8
      %1 = arith.extui %0 : i8 to i32
      %2 = arith.sitofp %1 : i32 to f32
      %cst = arith.constant 0.00392156886 : f32
      %3 = arith.mulf %2, %cst : f32
      sched.yield %3 : f32
    }
    sched.table @weight_1_1 = dense_resource<weight_1_1_1> : tensor<4x1x3x3xf32>
    sched.table @table = dense<[-0.676999986, -0.145000011, -6.270000e-01, 3.020000e-01]> : tensor<4xf32>
    sched.stage @conv2d.sum dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (4, s0, s1)> : f32 macs affine_map<()[s0, s1] -> (0)> pure {
    ^bb0(%arg0: index, %arg1: index, %arg2: index):
      %0 = sched.read @table[%arg0] : f32
      sched.yield %0 : f32
    } updates {
      sched.update ["rc", "ky", "kx"] extents affine_map<()[s0, s1] -> (1, 3, 3)> {
      ^bb0(%arg0: index, %arg1: index, %arg2: index, %arg3: index, %arg4: index, %arg5: index, %arg6: f32):
        %0 = arith.addi %arg1, %arg4 : index
        %c-1 = arith.constant -1 : index
        %1 = arith.addi %0, %c-1 : index
        %2 = arith.addi %arg2, %arg5 : index
        %c-1_0 = arith.constant -1 : index
        %3 = arith.addi %2, %c-1_0 : index
        %4 = sched.read @weight_1_1[%arg0, %arg3, %arg4, %arg5] : f32
        %5 = sched.read @input[%arg3, %1, %3] exterior  constant 0.000000e+00 : f32
        %6 = math.fma %4, %5, %arg6 : f32
        sched.yield %6 : f32
      }
    }
    sched.stage @conv2d dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (4, s0, s1)> : f32 layers ["conv2d"] pure {
    ^bb0(%arg0: index, %arg1: index, %arg2: index):
      %0 = sched.read @conv2d.sum[%arg0, %arg1, %arg2] : f32
      sched.yield %0 : f32
    }
    sched.stage @leaky_relu dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (4, s0, s1)> : f32 layers ["leaky_relu"] pure {
    ^bb0(%arg0: index, %arg1: index, %arg2: index):
      %0 = sched.read @conv2d[%arg0, %arg1, %arg2] : f32
      %cst = arith.constant -1.390000e-01 : f32
      %1 = arith.mulf %0, %cst : f32
      %cst_0 = arith.constant 0.000000e+00 : f32
      %2 = arith.cmpf oge, %0, %cst_0 : f32
      %3 = arith.select %2, %0, %1 : f32
      sched.yield %3 : f32
    }
    sched.table @table_1 = dense_resource<table_1> : tensor<9x4x3x3xf32>
    sched.table @table_2 = dense<[-3.120000e-01, 2.750000e-01, -4.910000e-01, -2.070000e-01, -4.000000e-01, 2.050000e-01, -4.620000e-01, 3.790000e-01, -4.740000e-01]> : tensor<9xf32>
    sched.stage @conv2d_1.sum dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (9, s0, s1)> : f32 macs affine_map<()[s0, s1] -> ((s0 * s1) * 324)> pure {
    ^bb0(%arg0: index, %arg1: index, %arg2: index):
      %0 = sched.read @table_2[%arg0] : f32
      sched.yield %0 : f32
    } updates {
      sched.update ["rc", "ky", "kx"] extents affine_map<()[s0, s1] -> (4, 3, 3)> {
      ^bb0(%arg0: index, %arg1: index, %arg2: index, %arg3: index, %arg4: index, %arg5: index, %arg6: f32):
        %0 = arith.addi %arg1, %arg4 : index
        %c-1 = arith.constant -1 : index
        %1 = arith.addi %0, %c-1 : index
        %2 = arith.addi %arg2, %arg5 : index
        %c-1_0 = arith.constant -1 : index
        %3 = arith.addi %2, %c-1_0 : index
        %4 = sched.read @table_1[%arg0, %arg3, %arg4, %arg5] : f32
        %5 = sched.read @leaky_relu[%arg3, %1, %3] exterior  constant 0.000000e+00 : f32
        %6 = math.fma %4, %5, %arg6 : f32
        sched.yield %6 : f32
      }
    }
    sched.stage @conv2d_1 dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (9, s0, s1)> : f32 layers ["conv2d_1"] pure {
    ^bb0(%arg0: index, %arg1: index, %arg2: index):
      %0 = sched.read @conv2d_1.sum[%arg0, %arg1, %arg2] : f32
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
      %8 = sched.read @conv2d_1[%5, %6, %7] : f32
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
    sched.stage @output_u8 dims ["c", "y", "x"] extents affine_map<()[s0, s1] -> (1, s0 * 3, s1 * 3)> : i8 output  u8_interleaved pure {
    ^bb0(%arg0: index, %arg1: index, %arg2: index):
      %0 = sched.read @clamp[%arg0, %arg1, %arg2] : f32
      %cst = arith.constant 2.550000e+02 : f32
      %1 = arith.mulf %0, %cst : f32
      %cst_0 = arith.constant 5.000000e-01 : f32
      %2 = arith.addf %1, %cst_0 : f32
      %cst_1 = arith.constant 0.000000e+00 : f32
      %3 = arith.maxnumf %2, %cst_1 : f32
      %cst_2 = arith.constant 2.550000e+02 : f32
      %4 = arith.minnumf %3, %cst_2 : f32
      %5 = arith.fptoui %4 : f32 to i8
      sched.yield %5 : i8
    }
  }
}

{-#
  dialect_resources: {
    builtin: {
      weight_1_1_1: "0x04000000000000000000000000000000000000800000008000000000000000000000008000000000000000000000000000000000000000000000008000000000000000000000008000000080000000800000008000000000000000000000008000000080000000000000008000000080000000000000008000000000000000000000008000000000000000800000008000000080",
      table_1: "0x0400000052B81E3E1B2FDDBC508D17BDE7FBA93D1B2FDDBDCDCC4CBDB6F37D3D736811BE128340BD0AD7233E250681BD52B81EBEBC7493BD6F12033D986E123E250681BDE3A51B3D7F6ABCBC4C3789BD8FC2F5BCE17A14BE128340BD0E2DB23D8FC275BD9A99993D0000003E0AD7A33D1B2FDDBD96438B3C508D17BE8FC2F5BCAE47613D31082C3D9EEFA73DF4FD54BDC3F5283EE3A51BBE8FC2F5BCAE47E13DEC51B83D96438B3C9CC420BE2B8716BEFCA9F1BD52B81EBEF0A7C6BD5C8FC23D0681953D1B2FDD3D1283403DCDCCCC3CFCA9F13D1B2FDDBCF0A7C63D9CC420BE022B07BD295C8FBD508D173DB6F37D3DF4FD543D39B4C8BD0AD723BED578693D5839B4BD4A0C023E4C37893D5839B43D60E5D03D022B073DC520303DB81E053EE3A51B3EAAF1D2BDAAF1D23D6F1203BEEC51383D5839B43C1B2FDD3C77BE9FBD5C8FC2BDAE47E1BD250681BDBA490C3E39B4C83D6F1203BD8FC275BD295C0F3E0C022B3E295C0F3EB6F37DBD23DBF93D2B8716BEBA490CBE0E2DB23DEC51B83D4A0C023E39B4C83D068195BD736811BE2DB29D3D000000BE54E3253E7368113E4260E53CBC7493BD1F85EB3DC3F5283EB29DEF3D79E9263E6F12033DC520303D52B81EBE128340BD6DE7FB3D2B87163E1F85EBBD2731083EBC7493BDB81E053EB81E053EC1CA213E8FC2753D713D0A3E0AD7A33D08AC1CBE9A99993D0AD7A3BC6F12033EAE47E1BD7F6ABCBDD122DB3D068195BD0000003E8FC2F53DB81E85BD8FC2F5BDC1CA21BE68916D3DF4FD543D713D0A3EE3A51BBD8B6CE73DF4FD54BDDF4F0DBEA69B443D4260E53D5839B4BD39B4C83DE7FBA9BD4260E53CD122DBBD7B14AE3D60E5D0BD9EEFA73D23DBF9BD0AD7A3BD79E926BE0AD723BDA69B44BD3D0AD7BD8716593D1283403DB81E853D7F6ABCBCBA490C3E77BE9FBD3D0AD73D9CC420BE250681BD23DBF93D068195BD986E12BE022B073D1283403DC976BEBD8B6CE7BD2506813D5839B4BDAE47E1BD8B6CE7BD6DE7FBBDB6F37DBD6DE7FB3D1B2FDD3CFCA9F13D7F6ABC3CAAF1D2BD5839B4BCE17A143EC520303DDF4F0DBEB81E853D08AC1CBEA69B44BDF0A7C63DE3A51BBE5839B43CEC5138BDFCA9F13D6F12033E7B14AEBDC1CA213E128340BD8FC2F53DB6F37DBD54E325BEDF4F0D3EC520303DEC51383D068195BD08AC1CBE0000003E6F12033E022B073D4C37893D4A0C02BEC520303D295C8FBD08AC1CBEEC51B8BD8FC2F5BD250681BDD578693D295C8F3DE3A51BBD0E2DB23D022B073D508D173D0000003E4260E53CC1CA21BE295C0F3EB29DEFBD986E12BE6F1203BE0AD7A33DC976BE3D022B07BDE3A51BBE77BE9FBDCDCC4C3DAAF1D2BD508D173EE3A51B3E54E325BE68916D3DE3A51B3E2506813DA69B443D5C8FC23D8B6CE73D9CC4203E8FC2F53CBA490CBE3D0AD73D6F12033D9CC4203E8FC2F5BD713D0ABE986E123E3D0AD7BDCDCCCC3CCDCCCC3CA69B44BDB6F37DBD1F85EB3D52B81E3E022B073DB29DEF3DAAF1D2BD1F85EB3DAE47E13DB81E853DEC51B8BD295C0FBDE3A51BBE96438BBD7368113EBC74933DE3A51BBDE7FBA93D6DE7FB3DC3F528BEE3A51BBD4260E5BDEC51383D7B14AEBDB6F37DBD713D0A3E7F6ABC3C295C0F3E508D173D508D173E871659BDAAF1D2BDE17A143EE3A51BBE5C8FC2BD9CC420BE4260E5BD022B073D23DBF9BD4A0C02BEDF4F0D3EB81E053E022B07BEBC74933CB81E05BE713D0ABE60E5D0BD0AD723BE8FC2753DBC7493BC295C8F3D068195BD2DB29DBD1283403D5C8FC2BD0AD7A33DBC7493BD0AD7233ECDCC4CBDB29DEFBDE17A143E"
    }
  }
#-}

