/*===- compiled.h - The one function of a model that is a shared library
 * --------------------------=== Part of srcc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * `srcc --codegen=halide -o model.so` writes a shared library with one visible function:
 *
 *   const srcc_compiled *srcc_compiled_model(void);
 *
 * libsrrt loads such a file wherever it takes a package. A program of its own can as well:
 *
 *   void *library = dlopen("./model.so", RTLD_NOW | RTLD_LOCAL);
 *   const srcc_compiled *model =
 *       ((const srcc_compiled *(*)(void))dlsym(library, "srcc_compiled_model"))();
 *   char problem[256];
 *   if (model->run(in, out, 360, 640, problem, sizeof problem)) puts(problem);
 *===----------------------------------------------------------------------------------------------===*/
#ifndef SRCC_FORMAT_COMPILED_H
#define SRCC_FORMAT_COMPILED_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Changes with every change of srcc_compiled that is no addition at its end. */
#define SRCC_COMPILED_VERSION 1

/* A model. All of it is constant and lives as long as the library is loaded. */
typedef struct srcc_compiled {
  uint32_t version;     /* SRCC_COMPILED_VERSION */
  uint32_t size;        /* sizeof(srcc_compiled) of the writer: what lies beyond is not there */
  const char *name;     /* of the network */
  const char *producer; /* "srcc 0.1.0 with Halide 21.0.0" */
  const char *target;   /* what the code is for, "x86-64-linux-avx2-opencl" */
  int32_t scale;        /* output height / input height */
  int32_t color;        /* 0 rgb, 1 bgr, 2 y, 3 none */
  float low, high;      /* values of black and white */
  int32_t in_channels, out_channels;
  int32_t precision; /* 0 f32, 1 f16 in memory, 2 f16 */
  int32_t halo;      /* radius of the receptive field in input pixels, if alignment > 0 */
  int32_t alignment; /* of parts of a picture that can be computed alone; 0: only the whole */

  /* Upscales float planes in host memory, dense, [channel][y][x]: in_channels * height * width
   * floats into out_channels * (scale * height) * (scale * width); they must not overlap. Returns 0
   * when the output is complete; otherwise a sentence about what was wrong is in `problem` (room
   * for `room` bytes, zero at its end; may be NULL if that is 0). Several threads may call it at
   * the same time. */
  int (*run)(const float *input, float *output, int height, int width, char *problem, size_t room);

  /* Non-zero multiply-adds of the model at that size. */
  double (*macs)(double height, double width);
} srcc_compiled;

__attribute__((visibility("default"))) const srcc_compiled *srcc_compiled_model(void);

#ifdef __cplusplus
}
#endif

#endif /* SRCC_FORMAT_COMPILED_H */
