// A schedule for Halide on a CPU by hand, of the network layer_3x3_32 of bench/halide.py: each convolution a root,
// bands of rows in parallel, 4 channels x 3 vectors of 8 pixels summed in registers with the taps of a channel unrolled;
// the last one at the tiles of the 1x1 behind it.
sched.schedule @layer {
  sched.compute_root @conv2d
  sched.split @conv2d "y" into "band", "row" by affine_map<()[s0, s1] -> (24)>
  sched.split @conv2d "x" into "xt", "xp" by affine_map<()[s0, s1] -> (24)> tail round_up
  sched.split @conv2d "xp" into "xv", "xl" by affine_map<()[s0, s1] -> (8)>
  sched.split @conv2d "c" into "co", "ci" by affine_map<()[s0, s1] -> (4)>
  sched.reorder @conv2d ["xl", "xv", "ci", "co", "xt", "row", "band"]
  sched.vectorize @conv2d ["xl"]
  sched.unroll @conv2d ["xv", "ci"]
  sched.gpu_blocks @conv2d ["band"]
  sched.store_in @conv2d global layout ["y", "c", "x"] align 16
  sched.compute_at @conv2d.sum at @conv2d "co"
  sched.split @conv2d.sum "x" into "xv", "xl" by affine_map<()[s0, s1] -> (8)> tail round_up
  sched.vectorize @conv2d.sum ["xl"]
  sched.unroll @conv2d.sum ["xv", "c"]
  sched.reorder @conv2d.sum ["xl", "xv", "c", "y"]
  sched.split @conv2d.sum update 0 "x" into "xv", "xl" by affine_map<()[s0, s1] -> (8)> tail round_up
  sched.vectorize @conv2d.sum update 0 ["xl"]
  sched.unroll @conv2d.sum update 0 ["xv", "c"]
  sched.unroll @conv2d.sum update 0 ["rc"]
  sched.reorder @conv2d.sum update 0 ["xl", "xv", "c", "rc", "y"]
  sched.store_in @table global layout ["d0/4", "d1", "d2", "d3", "d0%4"]
  sched.compute_root @relu
  sched.split @relu "y" into "band", "row" by affine_map<()[s0, s1] -> (24)>
  sched.split @relu "x" into "xt", "xp" by affine_map<()[s0, s1] -> (24)> tail round_up
  sched.split @relu "xp" into "xv", "xl" by affine_map<()[s0, s1] -> (8)>
  sched.split @relu "c" into "co", "ci" by affine_map<()[s0, s1] -> (4)>
  sched.reorder @relu ["xl", "xv", "ci", "co", "xt", "row", "band"]
  sched.vectorize @relu ["xl"]
  sched.unroll @relu ["xv", "ci"]
  sched.gpu_blocks @relu ["band"]
  sched.store_in @relu global layout ["y", "c", "x"] align 16
  sched.compute_at @conv2d_1.sum at @relu "co"
  sched.split @conv2d_1.sum "x" into "xv", "xl" by affine_map<()[s0, s1] -> (8)> tail round_up
  sched.vectorize @conv2d_1.sum ["xl"]
  sched.unroll @conv2d_1.sum ["xv", "c"]
  sched.reorder @conv2d_1.sum ["xl", "xv", "c", "y"]
  sched.split @conv2d_1.sum update 0 "x" into "xv", "xl" by affine_map<()[s0, s1] -> (8)> tail round_up
  sched.vectorize @conv2d_1.sum update 0 ["xl"]
  sched.unroll @conv2d_1.sum update 0 ["xv", "c"]
  sched.unroll @conv2d_1.sum update 0 ["kx", "ky"]
  sched.reorder @conv2d_1.sum update 0 ["xl", "xv", "c", "kx", "ky", "rc", "y"]
  sched.store_in @table_1 global layout ["d0/4", "d1", "d2", "d3", "d0%4"]
  sched.compute_root @relu_1
  sched.split @relu_1 "y" into "band", "row" by affine_map<()[s0, s1] -> (24)>
  sched.split @relu_1 "x" into "xt", "xp" by affine_map<()[s0, s1] -> (24)> tail round_up
  sched.split @relu_1 "xp" into "xv", "xl" by affine_map<()[s0, s1] -> (8)>
  sched.split @relu_1 "c" into "co", "ci" by affine_map<()[s0, s1] -> (4)>
  sched.reorder @relu_1 ["xl", "xv", "ci", "co", "xt", "row", "band"]
  sched.vectorize @relu_1 ["xl"]
  sched.unroll @relu_1 ["xv", "ci"]
  sched.gpu_blocks @relu_1 ["band"]
  sched.store_in @relu_1 global layout ["y", "c", "x"] align 16
  sched.compute_at @conv2d_2.sum at @relu_1 "co"
  sched.split @conv2d_2.sum "x" into "xv", "xl" by affine_map<()[s0, s1] -> (8)> tail round_up
  sched.vectorize @conv2d_2.sum ["xl"]
  sched.unroll @conv2d_2.sum ["xv", "c"]
  sched.reorder @conv2d_2.sum ["xl", "xv", "c", "y"]
  sched.split @conv2d_2.sum update 0 "x" into "xv", "xl" by affine_map<()[s0, s1] -> (8)> tail round_up
  sched.vectorize @conv2d_2.sum update 0 ["xl"]
  sched.unroll @conv2d_2.sum update 0 ["xv", "c"]
  sched.unroll @conv2d_2.sum update 0 ["kx", "ky"]
  sched.reorder @conv2d_2.sum update 0 ["xl", "xv", "c", "kx", "ky", "rc", "y"]
  sched.store_in @table_2 global layout ["d0/4", "d1", "d2", "d3", "d0%4"]
  sched.compute_root @relu_2
  sched.split @relu_2 "y" into "band", "row" by affine_map<()[s0, s1] -> (24)>
  sched.split @relu_2 "x" into "xt", "xp" by affine_map<()[s0, s1] -> (24)> tail round_up
  sched.split @relu_2 "xp" into "xv", "xl" by affine_map<()[s0, s1] -> (8)>
  sched.split @relu_2 "c" into "co", "ci" by affine_map<()[s0, s1] -> (4)>
  sched.reorder @relu_2 ["xl", "xv", "ci", "co", "xt", "row", "band"]
  sched.vectorize @relu_2 ["xl"]
  sched.unroll @relu_2 ["xv", "ci"]
  sched.gpu_blocks @relu_2 ["band"]
  sched.store_in @relu_2 global layout ["y", "c", "x"] align 16
  sched.compute_at @conv2d_3.sum at @relu_2 "co"
  sched.split @conv2d_3.sum "x" into "xv", "xl" by affine_map<()[s0, s1] -> (8)> tail round_up
  sched.vectorize @conv2d_3.sum ["xl"]
  sched.unroll @conv2d_3.sum ["xv", "c"]
  sched.reorder @conv2d_3.sum ["xl", "xv", "c", "y"]
  sched.split @conv2d_3.sum update 0 "x" into "xv", "xl" by affine_map<()[s0, s1] -> (8)> tail round_up
  sched.vectorize @conv2d_3.sum update 0 ["xl"]
  sched.unroll @conv2d_3.sum update 0 ["xv", "c"]
  sched.unroll @conv2d_3.sum update 0 ["kx", "ky"]
  sched.reorder @conv2d_3.sum update 0 ["xl", "xv", "c", "kx", "ky", "rc", "y"]
  sched.store_in @table_3 global layout ["d0/4", "d1", "d2", "d3", "d0%4"]
  sched.compute_root @output
  sched.split @output "y" into "band", "row" by affine_map<()[s0, s1] -> (24)>
  sched.split @output "x" into "xt", "xp" by affine_map<()[s0, s1] -> (24)>
  sched.split @output "xp" into "xv", "xl" by affine_map<()[s0, s1] -> (8)>
  sched.reorder @output ["xl", "xv", "c", "xt", "row", "band"]
  sched.vectorize @output ["xl"]
  sched.unroll @output ["xv", "c"]
  sched.gpu_blocks @output ["band"]
  sched.compute_at @relu_3 at @output "xt"
  sched.compute_at @conv2d_5.sum at @output "xt"
  sched.compute_root @output_u8
  sched.split @output_u8 "y" into "band", "row" by affine_map<()[s0, s1] -> (24)>
  sched.split @output_u8 "x" into "xt", "xp" by affine_map<()[s0, s1] -> (24)>
  sched.split @output_u8 "xp" into "xv", "xl" by affine_map<()[s0, s1] -> (8)>
  sched.reorder @output_u8 ["xl", "xv", "c", "xt", "row", "band"]
  sched.vectorize @output_u8 ["xl"]
  sched.unroll @output_u8 ["xv", "c"]
  sched.gpu_blocks @output_u8 ["band"]
  sched.compute_at @relu_3 at @output_u8 "xt"
  sched.compute_at @conv2d_5.sum at @output_u8 "xt"
  sched.split @relu_3 "x" into "xv", "xl" by affine_map<()[s0, s1] -> (8)> tail round_up
  sched.split @relu_3 "c" into "co", "ci" by affine_map<()[s0, s1] -> (4)>
  sched.reorder @relu_3 ["xl", "xv", "ci", "co", "y"]
  sched.vectorize @relu_3 ["xl"]
  sched.unroll @relu_3 ["xv", "ci"]
  sched.compute_at @conv2d_4.sum at @relu_3 "co"
  sched.split @conv2d_4.sum "x" into "xv", "xl" by affine_map<()[s0, s1] -> (8)> tail round_up
  sched.vectorize @conv2d_4.sum ["xl"]
  sched.unroll @conv2d_4.sum ["xv", "c"]
  sched.reorder @conv2d_4.sum ["xl", "xv", "c", "y"]
  sched.split @conv2d_4.sum update 0 "x" into "xv", "xl" by affine_map<()[s0, s1] -> (8)> tail round_up
  sched.vectorize @conv2d_4.sum update 0 ["xl"]
  sched.unroll @conv2d_4.sum update 0 ["xv", "c"]
  sched.unroll @conv2d_4.sum update 0 ["kx", "ky"]
  sched.reorder @conv2d_4.sum update 0 ["xl", "xv", "c", "kx", "ky", "rc", "y"]
  sched.store_in @table_4 global layout ["d0/4", "d1", "d2", "d3", "d0%4"]
  sched.split @conv2d_5.sum "x" into "xv", "xl" by affine_map<()[s0, s1] -> (8)> tail round_up
  sched.vectorize @conv2d_5.sum ["xl"]
  sched.unroll @conv2d_5.sum ["xv", "c"]
  sched.reorder @conv2d_5.sum ["xl", "xv", "c", "y"]
  sched.split @conv2d_5.sum update 0 "x" into "xv", "xl" by affine_map<()[s0, s1] -> (8)> tail round_up
  sched.vectorize @conv2d_5.sum update 0 ["xl"]
  sched.unroll @conv2d_5.sum update 0 ["xv", "c"]
  sched.split @conv2d_5.sum update 0 "rc" into "ro", "ri" by affine_map<()[s0, s1] -> (8)>
  sched.unroll @conv2d_5.sum update 0 ["ri"]
  sched.reorder @conv2d_5.sum update 0 ["xl", "xv", "c", "ri", "ro", "y"]
  sched.store_in @table_5 global layout ["d1", "d2", "d3", "d0"]
}
