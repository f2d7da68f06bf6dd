/* library.c - What makes a Halide function a model in a shared library (format/compiled.h). srcc-halide
 * keeps this file's text, and compiles it with the macros of the model in front: SRCC_FUNCTION,
 * SRCC_NAME, SRCC_PRODUCER, SRCC_TARGET, SRCC_SCALE, SRCC_COLOR, SRCC_LOW, SRCC_HIGH, SRCC_CHANNELS_IN,
 * SRCC_CHANNELS_OUT, SRCC_PRECISION, SRCC_HALO, SRCC_ALIGNMENT, SRCC_OUTPUT_HEIGHT(H, W),
 * SRCC_OUTPUT_WIDTH(H, W), SRCC_MACS(H, W).
 * Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 */
#include "HalideRuntime.h"
#include "compiled.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int SRCC_FUNCTION(void *user_context, struct halide_buffer_t *input, struct halide_buffer_t *output);

/* Where an error of one call goes. Halide hands it to the handler on whatever thread it occurs; the
 * first one counts. */
struct call {
  char *problem;
  size_t room;
  int failed;
};

static void on_error(void *user_context, const char *text) {
  struct call *call = user_context;
  if (!call || __atomic_exchange_n(&call->failed, 1, __ATOMIC_RELAXED) || !call->room)
    return;
  snprintf(call->problem, call->room, "%s", text);
  size_t length = strlen(call->problem);
  if (length && call->problem[length - 1] == '\n')
    call->problem[length - 1] = 0;
}

/* Memory that Halide's code gives back is kept for the next run, as libsrrt keeps a package's: what
 * comes from the system costs a page fault for every 4 KB, a third of the time of a layer. At its end
 * a run frees what was kept before it and fits nothing any more. */
enum { HEADER = 128 }; /* bytes in front of what Halide gets, which is aligned to as many */
struct block {
  struct block *next; /* of those kept */
  size_t size;        /* without the header */
  uint64_t used;      /* the latest run when it was handed out */
};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct block *kept;
static uint64_t runs;

/* The smallest kept block that is large enough, and not more than twice so; or a new one. */
static void *allocate(void *user_context, size_t size) {
  (void)user_context;
  pthread_mutex_lock(&lock);
  struct block **best = NULL;
  for (struct block **at = &kept; *at; at = &(*at)->next)
    if ((*at)->size >= size && (*at)->size / 2 <= size && (!best || (*at)->size < (*best)->size))
      best = at;
  struct block *block = NULL;
  if (best) {
    block = *best;
    *best = block->next;
  }
  uint64_t run = runs;
  pthread_mutex_unlock(&lock);
  if (!block) {
    size_t whole = (size + HEADER - 1) / HEADER * HEADER;
    if (whole < size || !(block = aligned_alloc(HEADER, whole + HEADER)))
      return NULL;
    block->size = whole;
  }
  block->used = run;
  return (char *)block + HEADER;
}

static void release(void *user_context, void *memory) {
  (void)user_context;
  if (!memory)
    return;
  struct block *block = (struct block *)((char *)memory - HEADER);
  pthread_mutex_lock(&lock);
  block->next = kept;
  kept = block;
  pthread_mutex_unlock(&lock);
}

/* Frees the kept blocks that no run since `run` has used. */
static void forget(uint64_t run) {
  pthread_mutex_lock(&lock);
  for (struct block **at = &kept; *at;) {
    struct block *block = *at;
    if (block->used >= run) {
      at = &block->next;
      continue;
    }
    *at = block->next;
    free(block);
  }
  pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void set_handlers(void) {
  halide_set_error_handler(on_error);
  halide_set_custom_malloc(allocate);
  halide_set_custom_free(release);
}

__attribute__((destructor)) static void free_all(void) { forget(UINT64_MAX); }

/* A dense picture of float planes; 0 if its indices leave 31 bits. */
static int describe(struct halide_buffer_t *buffer, halide_dimension_t *dims, const float *data,
                    int64_t height, int64_t width, int64_t channels) {
  if (height < 1 || width < 1 || height > INT32_MAX / width ||
      height * width > INT32_MAX / 4 / channels)
    return 0;
  memset(buffer, 0, sizeof *buffer);
  memset(dims, 0, 3 * sizeof *dims);
  dims[0].extent = (int32_t)width, dims[0].stride = 1;
  dims[1].extent = (int32_t)height, dims[1].stride = (int32_t)width;
  dims[2].extent = (int32_t)channels, dims[2].stride = (int32_t)(height * width);
  buffer->host = (uint8_t *)data;
  buffer->type.code = halide_type_float;
  buffer->type.bits = 32;
  buffer->type.lanes = 1;
  buffer->dimensions = 3;
  buffer->dim = dims;
  return 1;
}

static int run(const float *input, float *output, int height, int width, char *problem,
               size_t room) {
  struct call call = {problem, room, 0};
  halide_buffer_t in, out;
  halide_dimension_t in_dims[3], out_dims[3];
  if (!input || !output) {
    on_error(&call, "input and output must not be null");
    return 1;
  }
  if (!describe(&in, in_dims, input, height, width, SRCC_CHANNELS_IN) ||
      !describe(&out, out_dims, output, SRCC_OUTPUT_HEIGHT((int64_t)height, (int64_t)width),
                SRCC_OUTPUT_WIDTH((int64_t)height, (int64_t)width), SRCC_CHANNELS_OUT)) {
    on_error(&call, "the picture is too large for 32-bit indexing, or empty");
    return 1;
  }
  in.flags |= halide_buffer_flag_host_dirty;
  pthread_mutex_lock(&lock);
  uint64_t number = ++runs;
  pthread_mutex_unlock(&lock);
  int status = SRCC_FUNCTION(&call, &in, &out);
  if (!status)
    status = halide_copy_to_host(&call, &out);
  halide_device_free(&call, &in);
  halide_device_free(&call, &out);
  forget(number);
  if (status && !call.failed)
    on_error(&call, "Halide's code failed without saying why");
  return status != 0;
}

static double macs(double h, double w) { return SRCC_MACS(h, w); }

const srcc_compiled *srcc_compiled_model(void) {
  static const srcc_compiled model = {
      SRCC_COMPILED_VERSION, sizeof model, SRCC_NAME, SRCC_PRODUCER, SRCC_TARGET, SRCC_SCALE,
      SRCC_COLOR, SRCC_LOW, SRCC_HIGH, SRCC_CHANNELS_IN, SRCC_CHANNELS_OUT, SRCC_PRECISION,
      SRCC_HALO, SRCC_ALIGNMENT, run, macs};
  return &model;
}
