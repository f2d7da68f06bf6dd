// A schedule for Halide on a CPU by hand, of the network layer_3x3_32 of bench/halide.py: 3x3, 32 channels in and out. Bands
// of rows in parallel; CHANNELS x PIXELS are summed in registers, in vectors of VECTOR pixels, the taps of a channel
// unrolled; a row is gone through with the weights of CHANNELS, which stay in the first-level cache, before those of the
// next; the picture, with zeros around it, is copied row by row into a window that slides along the band and stays in the
// second-level cache. bench/halide.py puts numbers for the CPU's registers in place of the words; srcc takes what it writes,
// too.
sched.schedule @layer {
  sched.compute_root @output
  sched.split @output "y" into "band", "row" by affine_map<()[s0, s1] -> (18)>
  sched.split @output "x" into "xt", "xp" by affine_map<()[s0, s1] -> (PIXELS)>
  sched.split @output "xp" into "xv", "xl" by affine_map<()[s0, s1] -> (VECTOR)>
  sched.split @output "c" into "co", "ci" by affine_map<()[s0, s1] -> (CHANNELS)>
  sched.reorder @output ["xl", "xv", "ci", "xt", "co", "row", "band"]
  sched.vectorize @output ["xl"]
  sched.unroll @output ["xv", "ci"]
  sched.gpu_blocks @output ["band"]

  sched.compute_at @conv.sum at @output "xt"
  sched.split @conv.sum "x" into "xv", "xl" by affine_map<()[s0, s1] -> (VECTOR)> tail round_up
  sched.vectorize @conv.sum ["xl"]
  sched.unroll @conv.sum ["xv", "c"]
  sched.reorder @conv.sum ["xl", "xv", "c", "y"]
  sched.split @conv.sum update 0 "x" into "xv", "xl" by affine_map<()[s0, s1] -> (VECTOR)> tail round_up
  sched.vectorize @conv.sum update 0 ["xl"]
  sched.unroll @conv.sum update 0 ["xv", "c", "kx", "ky"]
  sched.reorder @conv.sum update 0 ["xl", "xv", "c", "kx", "ky", "rc", "y"]
  sched.store_in @table global layout ["d0/CHANNELS", "d1", "d2", "d3", "d0%CHANNELS"]

  sched.compute_at @input at @output "row"
  sched.store_at @input at @output "band"
  sched.fold_storage @input "y" by 4
  sched.store_in @input global layout ["y", "c", "x"] align 16 odd
  sched.split @input "x" into "xv", "xl" by affine_map<()[s0, s1] -> (VECTOR)> tail round_up
  sched.reorder @input ["xl", "xv", "c", "y"]
  sched.vectorize @input ["xl"]
}
