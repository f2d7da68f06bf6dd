//===- HeaderTest.c - srrt.h is C99 -----------------------------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
// Built as strict C99 against the shared library, so that a symbol missing from its exports does
// not link.
#include "runtime/srrt.h"

#include <string.h>

int main(void) {
  srrt_options options = {0};
  srrt_model *model = NULL;
  size_t count = 0;
  if (srrt_open("/nonexistent/model.srp", &options, &model) != SRRT_FILE_ERROR || model ||
      !strstr(srrt_error(), "/nonexistent/model.srp"))
    return 1;
  srrt_close(model);
  if (srrt_open_memory("", 0, NULL, NULL, &model) == SRRT_OK ||
      srrt_list_devices("/nonexistent/libOpenCL.so", NULL, 0, &count) != SRRT_NO_OPENCL)
    return 2;
  // A null model is an error of every call.
  srrt_status refused[] = {srrt_query(NULL, NULL),
                           srrt_prepare(NULL, 1, 1),
                           srrt_run_f32(NULL, NULL, NULL),
                           srrt_run_u8(NULL, NULL, NULL),
                           srrt_write_input(NULL, NULL),
                           srrt_run_cl(NULL, NULL, NULL),
                           srrt_finish(NULL),
                           srrt_set_profiling(NULL, 1),
                           srrt_launches(NULL, NULL, 0, &count),
                           srrt_memory(NULL, NULL),
                           srrt_cache(NULL, NULL)};
  for (size_t i = 0; i < sizeof refused / sizeof *refused; ++i)
    if (refused[i] != SRRT_INVALID_ARGUMENT)
      return 3;
  return strcmp(srrt_status_name(SRRT_BAD_PACKAGE), "bad package") || !*srrt_version() ? 4 : 0;
}
