// A schedule for Halide on a CPU by hand, of the network layer_3x3_32 of bench/halide.py: 3x3, 32 to 32 channels, between
// 1x1. Bands of rows in parallel; CHANNELS x PIXELS are summed in registers, in vectors of VECTOR pixels, the taps of a
// channel unrolled; the 1x1 in front is computed row by row, in a window that slides along the band and stays in the
// second-level cache. bench/halide.py puts numbers for the CPU's registers in place of the words; srcc takes what it writes, too.
sched.schedule @layer {
  sched.compute_root @conv2d_1
  sched.compute_root @output
  sched.compute_root @output_u8
  sched.split @conv2d_1 "y" into "band", "row" by affine_map<()[s0, s1] -> (18)>
  sched.split @output "x" into "xt", "xp" by affine_map<()[s0, s1] -> (PIXELS)>
  sched.split @output_u8 "x" into "xt", "xp" by affine_map<()[s0, s1] -> (PIXELS)>
  sched.split @output "xp" into "xv", "xl" by affine_map<()[s0, s1] -> (VECTOR)>
  sched.split @output_u8 "xp" into "xv", "xl" by affine_map<()[s0, s1] -> (VECTOR)>
  sched.reorder @output ["xl", "xv", "c", "xt", "y"]
  sched.reorder @output_u8 ["xl", "xv", "c", "xt", "y"]
  sched.vectorize @output ["xl"]
  sched.vectorize @output_u8 ["xl"]
  sched.unroll @output ["xv", "c"]
  sched.unroll @output_u8 ["xv", "c"]
  sched.gpu_blocks @output ["y"]
  sched.gpu_blocks @output_u8 ["y"]

  sched.compute_at @conv2d_2.sum at @output "xt"
  sched.compute_at @conv2d_2.sum at @output_u8 "xt"
  sched.split @conv2d_2.sum "x" into "xv", "xl" by affine_map<()[s0, s1] -> (VECTOR)> tail round_up
  sched.vectorize @conv2d_2.sum ["xl"]
  sched.unroll @conv2d_2.sum ["xv", "c"]
  sched.reorder @conv2d_2.sum ["xl", "xv", "c", "y"]
  sched.split @conv2d_2.sum update 0 "x" into "xv", "xl" by affine_map<()[s0, s1] -> (VECTOR)> tail round_up
  sched.vectorize @conv2d_2.sum update 0 ["xl"]
  sched.unroll @conv2d_2.sum update 0 ["xv", "c"]
  sched.split @conv2d_2.sum update 0 "rc" into "ro", "ri" by affine_map<()[s0, s1] -> (8)>
  sched.unroll @conv2d_2.sum update 0 ["ri"]
  sched.reorder @conv2d_2.sum update 0 ["xl", "xv", "c", "ri", "ro", "y"]
  sched.store_in @table_2 global layout ["d1", "d2", "d3", "d0"]

  sched.split @conv2d_1 "x" into "xt", "xp" by affine_map<()[s0, s1] -> (PIXELS)> tail round_up
  sched.split @conv2d_1 "xp" into "xv", "xl" by affine_map<()[s0, s1] -> (VECTOR)>
  sched.split @conv2d_1 "c" into "co", "ci" by affine_map<()[s0, s1] -> (CHANNELS)>
  sched.reorder @conv2d_1 ["xl", "xv", "ci", "co", "xt", "row", "band"]
  sched.vectorize @conv2d_1 ["xl"]
  sched.unroll @conv2d_1 ["xv", "ci"]
  sched.gpu_blocks @conv2d_1 ["band"]
  sched.store_in @conv2d_1 global layout ["y", "c", "x"] align VECTOR
  sched.compute_at @conv2d_1.sum at @conv2d_1 "co"
  sched.split @conv2d_1.sum "x" into "xv", "xl" by affine_map<()[s0, s1] -> (VECTOR)> tail round_up
  sched.vectorize @conv2d_1.sum ["xl"]
  sched.unroll @conv2d_1.sum ["xv", "c"]
  sched.reorder @conv2d_1.sum ["xl", "xv", "c", "y"]
  sched.split @conv2d_1.sum update 0 "x" into "xv", "xl" by affine_map<()[s0, s1] -> (VECTOR)> tail round_up
  sched.vectorize @conv2d_1.sum update 0 ["xl"]
  sched.unroll @conv2d_1.sum update 0 ["xv", "c", "kx", "ky"]
  sched.reorder @conv2d_1.sum update 0 ["xl", "xv", "c", "kx", "ky", "rc", "y"]
  sched.store_in @table_1 global layout ["d0/CHANNELS", "d1", "d2", "d3", "d0%CHANNELS"]

  sched.compute_at @conv2d at @conv2d_1 "row"
  sched.store_at @conv2d at @conv2d_1 "band"
  sched.fold_storage @conv2d "y" by 4
  sched.store_in @conv2d global layout ["y", "c", "x"] align 16 odd
  sched.split @conv2d "x" into "xt", "xp" by affine_map<()[s0, s1] -> (PIXELS)> tail round_up
  sched.split @conv2d "xp" into "xv", "xl" by affine_map<()[s0, s1] -> (VECTOR)>
  sched.split @conv2d "c" into "co", "ci" by affine_map<()[s0, s1] -> (CHANNELS)>
  sched.reorder @conv2d ["xl", "xv", "ci", "co", "xt", "y"]
  sched.vectorize @conv2d ["xl"]
  sched.unroll @conv2d ["xv", "ci"]
  sched.compute_at @conv2d.sum at @conv2d "co"
  sched.store_in @table global layout ["d0/CHANNELS", "d1", "d2", "d3", "d0%CHANNELS"]
  sched.split @conv2d.sum "x" into "xv", "xl" by affine_map<()[s0, s1] -> (VECTOR)> tail round_up
  sched.vectorize @conv2d.sum ["xl"]
  sched.unroll @conv2d.sum ["xv", "c"]
  sched.reorder @conv2d.sum ["xl", "xv", "c", "y"]
  sched.split @conv2d.sum update 0 "x" into "xv", "xl" by affine_map<()[s0, s1] -> (VECTOR)> tail round_up
  sched.vectorize @conv2d.sum update 0 ["xl"]
  sched.unroll @conv2d.sum update 0 ["xv", "c", "rc"]
  sched.reorder @conv2d.sum update 0 ["xl", "xv", "c", "rc", "y"]
}

