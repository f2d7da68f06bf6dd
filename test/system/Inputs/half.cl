// OpenCL C's built-in functions on a CPU, for clang-22 -x cl: those that kernels of half arithmetic call. Each returns
// what the OpenCL specification says, a half with one rounding. The caller sets srcc_ids, the work-item's place.
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <opencl-c.h>
#pragma OPENCL EXTENSION cl_khr_fp16 : enable
#pragma OPENCL EXTENSION cl_khr_fp64 : enable

#define FUNCTION __attribute__((overloadable))

global uint srcc_ids[6]; // group x, y, z, item x, y, z
size_t FUNCTION get_group_id(uint axis) { return srcc_ids[axis]; }
size_t FUNCTION get_local_id(uint axis) { return srcc_ids[3 + axis]; }

int FUNCTION max(int a, int b) { return a > b ? a : b; }
int FUNCTION min(int a, int b) { return a < b ? a : b; }

half FUNCTION fma(half a, half b, half c) { return (half)((double)a * b + c); }
float FUNCTION fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
float FUNCTION exp(float x) { return __builtin_expf(x); }
float FUNCTION tanh(float x) { return __builtin_tanhf(x); }
float FUNCTION erf(float x) { return __builtin_erff(x); }
float FUNCTION sqrt(float x) { return __builtin_sqrtf(x); }

// A number that is none gives way to the other operand.
#define SCALAR(T)                                                                                                      \
  T FUNCTION fmax(T a, T b) { return a != a || a < b ? b : a; }                                                        \
  T FUNCTION fmin(T a, T b) { return a != a || b < a ? b : a; }
SCALAR(half)
SCALAR(float)

// Lane by lane.
#define LANES(R, expression)                                                                                           \
  {                                                                                                                    \
    R r;                                                                                                               \
    for (int i = 0; i < sizeof(r) / sizeof(r[0]); ++i)                                                                 \
      r[i] = expression;                                                                                               \
    return r;                                                                                                          \
  }
#define ELEMENT(T, N)                                                                                                  \
  T##N FUNCTION fma(T##N a, T##N b, T##N c) LANES(T##N, fma(a[i], b[i], c[i]))                                         \
  T##N FUNCTION fmax(T##N a, T##N b) LANES(T##N, fmax(a[i], b[i]))                                                     \
  T##N FUNCTION fmin(T##N a, T##N b) LANES(T##N, fmin(a[i], b[i]))                                                     \
  T##N FUNCTION fmax(T##N a, T b) LANES(T##N, fmax(a[i], b))                                                           \
  T##N FUNCTION fmin(T##N a, T b) LANES(T##N, fmin(a[i], b))                                                           \
  T##N FUNCTION vload##N(size_t at, const T *from) LANES(T##N, from[at * N + i])                                       \
  void FUNCTION vstore##N(T##N value, size_t at, T *to) {                                                              \
    for (int i = 0; i < N; ++i)                                                                                        \
      to[at * N + i] = value[i];                                                                                       \
  }
#define WIDTH(N)                                                                                                       \
  ELEMENT(half, N)                                                                                                     \
  ELEMENT(float, N)                                                                                                    \
  float##N FUNCTION exp(float##N x) LANES(float##N, exp(x[i]))                                                         \
  float##N FUNCTION tanh(float##N x) LANES(float##N, tanh(x[i]))                                                       \
  float##N FUNCTION erf(float##N x) LANES(float##N, erf(x[i]))                                                         \
  float##N FUNCTION sqrt(float##N x) LANES(float##N, sqrt(x[i]))                                                       \
  half##N FUNCTION convert_half##N(float##N x) { return __builtin_convertvector(x, half##N); }                         \
  float##N FUNCTION convert_float##N(half##N x) { return __builtin_convertvector(x, float##N); }                       \
  float##N FUNCTION convert_float##N(int##N x) { return __builtin_convertvector(x, float##N); }                        \
  short##N FUNCTION convert_short##N(int##N x) { return __builtin_convertvector(x, short##N); }                        \
  int##N FUNCTION convert_int##N(short##N x) { return __builtin_convertvector(x, int##N); }                            \
  half##N FUNCTION select(half##N a, half##N b, short##N c) LANES(half##N, c[i] < 0 ? b[i] : a[i])                     \
  float##N FUNCTION select(float##N a, float##N b, int##N c) LANES(float##N, c[i] < 0 ? b[i] : a[i])
WIDTH(2)
WIDTH(4)
WIDTH(8)
WIDTH(16)
