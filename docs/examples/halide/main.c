/* upscale IN OUT WIDTH HEIGHT: float planes in a file, [3][HEIGHT][WIDTH], to planes at SCALE.
 * Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 */
#include "HalideRuntime.h"
#include MODEL_HEADER

#include <stdio.h>
#include <stdlib.h>

enum { CHANNELS = 3 };

/* A dense picture of float planes; `dims` holds its sizes. */
static halide_buffer_t picture(halide_dimension_t dims[3], float *data, int width, int height) {
  halide_buffer_t buffer = {0};
  dims[0] = (halide_dimension_t){0, width, 1, 0};
  dims[1] = (halide_dimension_t){0, height, width, 0};
  dims[2] = (halide_dimension_t){0, CHANNELS, width * height, 0};
  buffer.host = (uint8_t *)data;
  buffer.type.code = halide_type_float;
  buffer.type.bits = 32;
  buffer.type.lanes = 1;
  buffer.dimensions = 3;
  buffer.dim = dims;
  return buffer;
}

int main(int argc, char **argv) {
  int width = argc == 5 ? atoi(argv[3]) : 0, height = argc == 5 ? atoi(argv[4]) : 0;
  if (width < 1 || height < 1 || width > 8192 || height > 8192) {
    fprintf(stderr, "usage: upscale IN OUT WIDTH HEIGHT\n");
    return 1;
  }
  size_t in_size = (size_t)CHANNELS * width * height, out_size = in_size * SCALE * SCALE;
  float *in = malloc(in_size * sizeof(float)), *out = malloc(out_size * sizeof(float));
  FILE *file = fopen(argv[1], "rb");
  if (!in || !out || !file || fread(in, sizeof(float), in_size, file) != in_size) {
    fprintf(stderr, "upscale: cannot read %zu floats from %s\n", in_size, argv[1]);
    return 1;
  }
  fclose(file);

  halide_dimension_t in_dims[3], out_dims[3];
  halide_buffer_t input = picture(in_dims, in, width, height);
  halide_buffer_t output = picture(out_dims, out, width * SCALE, height * SCALE);
  input.flags |= halide_buffer_flag_host_dirty; /* for code that runs on a device */
  if (FUNCTION(&input, &output) || halide_copy_to_host(NULL, &output))
    return 1; /* Halide has said why */
  halide_device_free(NULL, &input);
  halide_device_free(NULL, &output);

  file = fopen(argv[2], "wb");
  if (!file || fwrite(out, sizeof(float), out_size, file) != out_size || fclose(file)) {
    fprintf(stderr, "upscale: cannot write %s\n", argv[2]);
    return 1;
  }
  free(in);
  free(out);
  return 0;
}
