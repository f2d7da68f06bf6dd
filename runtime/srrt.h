//===- srrt.h - libsrrt: runs compiled super-resolution models --------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//
// A model.srp, written by srcc, holds OpenCL kernels, weights and a launch plan whose sizes are
// expressions of the input's height and width: one file serves every picture size.
//
//   srrt_model *model;
//   if (srrt_open("model.srp", NULL, &model) != SRRT_OK) { puts(srrt_error()); return 1; }
//   srrt_prepare(model, 360, 640);
//   srrt_run_f32(model, in, out);           // 3 x 360 x 640 floats -> 3 x 720 x 1280 floats
//   srrt_close(model);
//
// Errors. Every function that can fail returns a status; srrt_error() then says in a sentence what
// was wrong and what would work. No input (file, size, pixels, broken cache) makes the library
// abort. After SRRT_DEVICE_LOST or SRRT_OUT_OF_MEMORY a model can still be closed.
//
// Trust. A package is a program: its structure is checked in full, but its kernels run on the
// device as they are. A shared library runs as soon as it is opened. Open models from where you
// would take code.
//
// Threads. Different models may be used by different threads at the same time. One model serves one
// call at a time: the caller locks. The error text belongs to the calling thread.
//
// OpenCL is loaded when the first package is opened (dlopen); the library links neither OpenCL nor
// anything else beyond the C and C++ run-time libraries.
//
// A model may also be a shared library, which `srcc --codegen=halide -o model.so` writes
// (format/compiled.h): srrt_open takes its file as well. It runs on host memory, so srrt_run_cl
// takes null only, and options name no device, queue or memory limit.
//
// Sizes are height before width, as in tensors. H and W are those of the input; the output has
// scale*H rows of scale*W pixels.
//===------------------------------------------------------------------------------------------===//
#ifndef SRCC_RUNTIME_SRRT_H
#define SRCC_RUNTIME_SRRT_H

#include <stddef.h>
#include <stdint.h>

#define SRRT_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/* The types behind cl_context, cl_command_queue and cl_mem, so that this header needs no OpenCL. */
struct _cl_context;
struct _cl_command_queue;
struct _cl_mem;

/* ---- Status ---- */

typedef enum srrt_status {
  SRRT_OK = 0,
  SRRT_INVALID_ARGUMENT = 1, /* null pointer, size out of range, wrong pixel format for the call */
  SRRT_FILE_ERROR = 2,       /* the file cannot be opened or read */
  SRRT_BAD_PACKAGE = 3,      /* not a package, damaged, or of an unknown version */
  SRRT_NO_OPENCL = 4,        /* no OpenCL library, or no platform behind it */
  SRRT_NO_DEVICE = 5,        /* no device, or none that options.device names */
  SRRT_UNSUPPORTED = 6,      /* the device or the package lacks what is asked for */
  SRRT_TOO_LARGE = 7,        /* the size exceeds a limit of the device or of 32-bit indexing */
  SRRT_OUT_OF_MEMORY = 8,    /* host or device ran out of memory */
  SRRT_BUILD_FAILED = 9,     /* the driver's compiler refused a program; the text has its log */
  SRRT_OPENCL_ERROR = 10,    /* any other OpenCL error; the text names call and error */
  SRRT_DEVICE_LOST = 11,     /* the device went away or was reset */
  SRRT_BAD_DRIVER = 12,      /* the driver computes wrong pixels: the package's self-check failed */
  SRRT_NOT_PREPARED = 13,    /* srrt_prepare has not succeeded yet */
  SRRT_INTERNAL_ERROR = 14   /* a fault of libsrrt itself */
} srrt_status;

/* The status as a word, "bad package". Static text, never freed; any int is accepted. */
SRRT_API const char *srrt_status_name(int status);

/* What went wrong in this thread's last failing call, one sentence (SRRT_BUILD_FAILED: several
 * lines). Owned by the library, valid until this thread's next failing call; "" before the first.
 */
SRRT_API const char *srrt_error(void);

/* The library's version, "0.1.0". Static text. */
SRRT_API const char *srrt_version(void);

/* ---- Devices ---- */

typedef struct srrt_device_info {
  char name[256];
  char platform[256];
  char driver[128];        /* driver version */
  uint64_t global_memory;  /* bytes */
  uint64_t max_allocation; /* bytes of the largest single buffer */
  unsigned compute_units;
  int is_gpu;   /* 0: CPU or other */
  int has_fp16; /* cl_khr_fp16 */
} srrt_device_info;

/* Lists the OpenCL devices: platforms in the loader's order, each platform's devices in its order.
 * The position in this list is the index that srrt_options.device takes.
 * opencl_library: as in srrt_options. devices: room for `capacity` entries, filled up to there, may
 * be NULL if capacity is 0. *count: how many devices there are, which may exceed capacity. */
SRRT_API srrt_status srrt_list_devices(const char *opencl_library, srrt_device_info *devices,
                                       size_t capacity, size_t *count);

/* ---- Models ---- */

typedef struct srrt_model srrt_model;

/* All zeros means defaults: `srrt_options options = {0};`. Strings are copied. */
typedef struct srrt_options {
  /* Index in srrt_list_devices ("0"), or part of "platform: name" in any case ("adreno").
   * NULL or "": the first device. Ignored with `queue`. */
  const char *device;

  /* The OpenCL library to load; NULL: libOpenCL.so.1 (on Android libOpenCL.so). The first model or
   * list of a process decides for libraries of the same name; different names can live side by
   * side. */
  const char *opencl_library;

  /* Folder of compiled programs, created if missing. NULL: $XDG_CACHE_HOME/srcc or ~/.cache/srcc.
   * "": no cache. A folder that cannot be written only costs time (see srrt_cache_info). */
  const char *cache_folder;

  /* Run on the caller's in-order command queue and in its context, so that the caller's cl_mem can
   * be passed to srrt_run_cl. Both or neither; the model retains them. The queue must come from the
   * same OpenCL library. */
  struct _cl_context *context;
  struct _cl_command_queue *queue;

  /* Bytes of device memory that a picture may take, with intermediates and constants. A larger one
   * is computed in strips of rows, which overlap by the receptive field (srrt_model_info.halo): the
   * same pixels, with some work done twice. Models whose output depends on the whole picture are
   * then SRRT_TOO_LARGE. 0: 500 MB, or as much as the picture takes where strips cannot help.
   * Whole pictures in device memory come on top: the caller's, and those of srrt_write_input and
   * srrt_run_cl with NULL. */
  uint64_t memory_limit;

  /* Non-zero: skip the self-check that follows a fresh build (see srrt_open). */
  int skip_self_check;
} srrt_options;

/* Opens a package and builds its programs for a device.
 * The file is mapped and must not change while the model is open. options may be NULL. On success
 * *model owns everything and is freed by srrt_close; on failure *model is NULL. Programs come from
 * the cache when device, driver, source and options are the same. After a fresh build the package's
 * recorded picture, if it has one, is run and compared: some drivers return black, NaN or shifted
 * pictures. A mismatch is SRRT_BAD_DRIVER and nothing is cached. */
SRRT_API srrt_status srrt_open(const char *path, const srrt_options *options, srrt_model **model);

/* The same for a package in memory. `data` is borrowed: it must stay unchanged until srrt_close.
 * Alignment of 8 bytes is enough (64 is better). `name` stands for the file in error texts, may be
 * NULL. */
SRRT_API srrt_status srrt_open_memory(const void *data, size_t size, const char *name,
                                      const srrt_options *options, srrt_model **model);

/* Waits for the device and frees the model. NULL is allowed. Drivers that compile a kernel at its
 * first run (PoCL) hand out complete binaries only at a price: after runs of freshly built programs
 * this call then takes about as long again as compiling did, to fill the cache. */
SRRT_API void srrt_close(srrt_model *model);

typedef enum srrt_color {
  SRRT_COLOR_RGB = 0,
  SRRT_COLOR_BGR = 1,
  SRRT_COLOR_Y = 2,
  SRRT_COLOR_NONE = 3 /* the channels are no colours, and any number: float planes only */
} srrt_color;
typedef enum srrt_precision {
  SRRT_PRECISION_F32 = 0,
  SRRT_PRECISION_F16_STORAGE = 1, /* stored in 16 bits, computed in 32 */
  SRRT_PRECISION_F16 = 2
} srrt_precision;

/* What the package says about itself. The texts belong to the model and live as long as it. */
typedef struct srrt_model_info {
  const char *name;     /* of the network; "" if unnamed */
  const char *producer; /* "srcc 0.1.0" */
  const char *target;   /* device the schedules were chosen for, "adreno650" */
  const char *device;   /* device it runs on */
  const char *platform; /* OpenCL platform of that device */
  int scale;            /* output height / input height */
  srrt_color color;     /* order of the float planes; Y: luma only (BT.601, studio swing);
                         * NONE: they are no colours */
  float low, high;      /* value range of the float planes, black and white; same at both ends */
  int in_channels, out_channels;
  srrt_precision precision;
  int kernels;   /* launches of one float-to-float picture */
  int halo;      /* radius of the receptive field in input pixels, if alignment > 0 */
  int alignment; /* strips begin at multiples of so many pixels; 0: output pixels depend on
                  * the whole picture or on its size, and there are no strips */
  int u8_input, u8_output; /* 1: 8-bit pixels are read or written by the kernels themselves */
} srrt_model_info;

SRRT_API srrt_status srrt_query(const srrt_model *model, srrt_model_info *info);

/* Fixes the input size: evaluates the plan, checks every limit and allocates device memory.
 * height, width >= 1. Cheap if the size is the present one; otherwise the former buffers are freed.
 * On failure the model is unprepared, and may be prepared for another size. */
SRRT_API srrt_status srrt_prepare(srrt_model *model, int height, int width);

/* ---- Pictures ---- */

/* Float planes in host memory, dense, [channel][y][x], in the model's own channel order and range.
 * input: in_channels * H * W floats; output: out_channels * scale*H * scale*W floats; they must not
 * overlap. Returns when output is complete. Values are neither clipped nor rounded. On CPU devices
 * memory aligned to 64 bytes is used in place; otherwise it is copied. */
SRRT_API srrt_status srrt_run_f32(srrt_model *model, const float *input, float *output);

typedef enum srrt_pixels {
  SRRT_RGB8 = 0,  /* [y][x][R, G, B] */
  SRRT_RGBA8 = 1, /* [y][x][R, G, B, A], straight alpha */
  SRRT_NV12 = 2,  /* luma plane, then a plane of Cb, Cr pairs at half size; even sizes only */
  SRRT_GRAY8 = 3  /* one plane; for models on luma: Y in studio swing, 16..235 */
} srrt_pixels;

/* An 8-bit picture in the caller's memory; as input it is only read. */
typedef struct srrt_picture {
  srrt_pixels format;
  int width, height;
  void *data;    /* first row; the luma plane of NV12 */
  size_t stride; /* bytes from row to row; 0: dense */
  void *chroma;  /* NV12 only; NULL: directly behind the luma plane, at data + height*stride */
  size_t chroma_stride; /* bytes; 0: the stride of the luma plane */
} srrt_picture;

/* Upscales an 8-bit picture of the prepared size into one scale times as large. Input and output
 * may be of different formats, except that GRAY8 goes with GRAY8 only, and must not overlap.
 *
 * Models on rgb or bgr: RGB8, RGBA8 and NV12; channels are put in the model's order. 0..255 maps to
 * low..high; the result is rounded to nearest and clipped.
 * Models on y: GRAY8 and NV12 luma go through the model as they are; RGB8 and RGBA8 are converted
 * to YCbCr (BT.601, studio swing), chroma is enlarged by bicubic interpolation (a = -0.5,
 * half-pixel centres, edges repeated), and both are converted back. NV12 is BT.601 in studio swing,
 * chroma sited left (MPEG-2): enlarged bilinearly on the way in, filtered by 1-2-1 across and 1-1
 * down on the way out. Alpha is enlarged bilinearly if both pictures are RGBA8; alpha of the output
 * is 255 if only it is. Conversions that no kernel of the package does happen on the host. Returns
 * when output is complete.
 * Models of no colour: SRRT_UNSUPPORTED. */
SRRT_API srrt_status srrt_run_u8(srrt_model *model, const srrt_picture *input,
                                 const srrt_picture *output);

/* Float planes in device memory, laid out as for srrt_run_f32, of the model's context. NULL for
 * either: the library's own buffer (see srrt_write_input). A buffer made with CL_MEM_USE_HOST_PTR
 * must use memory aligned to 64 bytes. Only enqueues: the buffers, which must
 * be two, have to live until srrt_finish, or, with the caller's own queue, until the caller has
 * waited for it. */
SRRT_API srrt_status srrt_run_cl(srrt_model *model, struct _cl_mem *input, struct _cl_mem *output);

/* Copies float planes, as for srrt_run_f32, into the library's own input buffer. Before the first
 * of these calls at a size it holds zeros, or what an earlier call left there. */
SRRT_API srrt_status srrt_write_input(srrt_model *model, const float *input);

/* Waits for everything enqueued, and reports errors of the device that came up meanwhile. */
SRRT_API srrt_status srrt_finish(srrt_model *model);

/* ---- Measurement ---- */

/* Switches OpenCL event profiling of later runs on or off; they then go to a queue of the library's
 * own in the same context. Costs a little per launch. */
SRRT_API srrt_status srrt_set_profiling(srrt_model *model, int on);

typedef struct srrt_launch_info {
  const char *kernel; /* kernel name; lives as long as the model, like all texts here */
  const char *layers; /* the model's layers it computes, comma-separated; "" if not recorded */
  double ms;          /* on the device's clock, of the last profiled run, all strips; 0 before */
  double macs;        /* non-zero multiply-adds at the prepared size, those done twice included */
  double bytes;       /* distinct bytes of global memory read and written, sum over the strips */
} srrt_launch_info;

/* The launches of the last run in order; before the first run those of a float-to-float picture.
 * Waits for the device. launches: room for `capacity` entries, may be NULL if that is 0; *count:
 * how many there are. Needs a prepared model. */
SRRT_API srrt_status srrt_launches(srrt_model *model, srrt_launch_info *launches, size_t capacity,
                                   size_t *count);

/* Device memory of a prepared model, bytes, as allocated so far (8-bit and float runs of one model
 * may use different buffers, allocated at their first use). */
typedef struct srrt_memory_info {
  uint64_t constants;           /* weights and tables */
  uint64_t pictures;            /* the library's own input and output buffers */
  uint64_t intermediates;       /* feature maps, sharing memory by liveness */
  uint64_t intermediates_apart; /* what they would take without sharing */
  int strips; /* in which the picture is computed, see srrt_options.memory_limit */
} srrt_memory_info;
SRRT_API srrt_status srrt_memory(const srrt_model *model, srrt_memory_info *info);

/* What the program cache did for this model. */
typedef struct srrt_cache_info {
  const char *folder;    /* "" if there is none; lives as long as the model */
  unsigned programs;     /* of the package */
  unsigned hits;         /* programs taken from the cache */
  unsigned damaged;      /* entries found stale or damaged, and rebuilt */
  unsigned stored;       /* entries written */
  unsigned store_errors; /* entries that could not be written; the model works all the same */
} srrt_cache_info;
SRRT_API srrt_status srrt_cache(const srrt_model *model, srrt_cache_info *info);

#ifdef __cplusplus
}
#endif

#endif /* SRCC_RUNTIME_SRRT_H */
