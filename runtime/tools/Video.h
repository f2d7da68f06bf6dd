//===- Video.h - Upscaling of video files -----------------------*- C++ -*-===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_RUNTIME_TOOLS_VIDEO_H
#define SRCC_RUNTIME_TOOLS_VIDEO_H

#include "runtime/tools/Upscaler.h"

namespace srcc::tools {

struct VideoResult {
  int64_t frames;         // written
  int64_t damagedPackets; // that the decoder refused
  int width, height;      // of the output
  std::string codec;      // encoder of the output
};

/// Whether a video can be written under this name: .mp4 or .mkv.
bool hasVideoExtension(const std::string &path);

/// Upscales the first video stream of a file with the model. Anything FFmpeg decodes is read;
/// written is H.264 (libx264, near-lossless by eye, 8 bits, 4:2:0) or, where that encoder is
/// missing, MPEG-4 part 2, in MP4 or Matroska by the name's extension. Frames keep their times,
/// sound is copied as it is, tags and rotation are kept, and the colour matrix of the input is used
/// and recorded. Odd sizes lose their last row or column. Memory does not grow with the length. The
/// file appears complete or not at all. Errors are std::runtime_error, "PATH: what is wrong".
VideoResult upscaleVideo(Upscaler &upscaler, const std::string &input, const std::string &output,
                         bool quiet);

} // namespace srcc::tools

#endif // SRCC_RUNTIME_TOOLS_VIDEO_H
