//===- Video.cpp - Upscaling of video files -------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "runtime/tools/Video.h"
#include "runtime/imaging/AtomicFile.h"
#include "runtime/tools/Progress.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <stdexcept>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

using namespace srcc::tools;

namespace {
struct Release {
  void operator()(AVFormatContext *context) const {
    if (context->iformat) {
      avformat_close_input(&context);
      return;
    }
    avio_closep(&context->pb);
    avformat_free_context(context);
  }
  void operator()(AVCodecContext *context) const { avcodec_free_context(&context); }
  void operator()(AVFrame *frame) const { av_frame_free(&frame); }
  void operator()(AVPacket *packet) const { av_packet_free(&packet); }
  void operator()(SwsContext *context) const { sws_freeContext(context); }
};
template <typename T> using Owned = std::unique_ptr<T, Release>;
} // namespace

[[noreturn]] static void fail(const std::string &path, const std::string &why) {
  throw std::runtime_error(path + ": " + why);
}

static int check(int code, const std::string &path, const char *what) {
  if (code >= 0)
    return code;
  char text[AV_ERROR_MAX_STRING_SIZE] = "";
  av_strerror(code, text, sizeof(text));
  fail(path, std::string(what) + ": " + text);
}

static Owned<AVFrame> newFrame(AVPixelFormat format, int width, int height) {
  Owned<AVFrame> frame(av_frame_alloc());
  frame->format = format;
  frame->width = width;
  frame->height = height;
  if (av_frame_get_buffer(frame.get(), 0) < 0)
    throw std::bad_alloc();
  return frame;
}

//===----------------------------------------------------------------------===//
// Frames
//===----------------------------------------------------------------------===//

/// The colour matrix of a stream. Where it does not say, players go by the size; so does this, and
/// it is written down in the output, whose size would tell otherwise.
static AVColorSpace matrixOf(const AVCodecParameters &stream) {
  if (stream.color_space != AVCOL_SPC_UNSPECIFIED && stream.color_space != AVCOL_SPC_RGB)
    return stream.color_space;
  return stream.height > 576 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
}

namespace {
/// Takes decoded frames of one size and format to frames of 4:2:0, scale times as large.
class FrameUpscaler {
public:
  FrameUpscaler(Upscaler &upscaler, const AVCodecParameters &stream);

  int width() const { return before->width * upscaler.scale(); }
  int height() const { return before->height * upscaler.scale(); }
  bool accepts(const AVFrame &frame) const {
    return frame.width == before->width && frame.height == before->height && frame.format == format;
  }
  /// The result has no time stamp; its pixels belong to the caller.
  Owned<AVFrame> operator()(const AVFrame &frame);

private:
  Upscaler &upscaler;
  int format; // of the decoded frames
  // A model on colours works between conversions to and from RGB (after: unused otherwise). For a
  // model on luma frames become 4:2:0 in studio swing; chroma is enlarged by swscale, with luma
  // that is then replaced.
  Owned<AVFrame> before, after;
  Owned<SwsContext> in, out;
};
} // namespace

/// RGB is in full swing, everything it is converted to or from is in studio swing unless said
/// otherwise.
static Owned<SwsContext> converter(AVColorSpace matrix, int fromWidth, int fromHeight,
                                   AVPixelFormat from, bool fromFullRange, int toWidth,
                                   int toHeight, AVPixelFormat to) {
  int flags = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP;
  Owned<SwsContext> context(sws_getContext(fromWidth, fromHeight, from, toWidth, toHeight, to,
                                           flags, nullptr, nullptr, nullptr));
  if (!context)
    throw std::runtime_error(std::string("frames in ") + av_get_pix_fmt_name(from) +
                             " cannot be converted to " + av_get_pix_fmt_name(to));
  const int *coefficients = sws_getCoefficients(matrix);
  sws_setColorspaceDetails(context.get(), coefficients, fromFullRange, coefficients,
                           to == AV_PIX_FMT_RGB24, 0, 1 << 16, 1 << 16);
  return context;
}

FrameUpscaler::FrameUpscaler(Upscaler &upscaler, const AVCodecParameters &stream)
    : upscaler(upscaler), format(stream.format) {
  auto source = AVPixelFormat(stream.format);
  AVPixelFormat inner = upscaler.isLuma() ? AV_PIX_FMT_YUV420P : AV_PIX_FMT_RGB24;
  const AVPixFmtDescriptor *description = av_pix_fmt_desc_get(source);
  bool fullRange = stream.color_range == AVCOL_RANGE_JPEG ||
                   std::string(description->name).compare(0, 4, "yuvj") == 0 ||
                   description->flags & AV_PIX_FMT_FLAG_RGB;
  AVColorSpace matrix = matrixOf(stream);
  before = newFrame(inner, stream.width, stream.height);
  after = newFrame(inner, width(), height());
  in = converter(matrix, stream.width, stream.height, source, fullRange, stream.width,
                 stream.height, inner);
  const AVFrame &from = upscaler.isLuma() ? *before : *after;
  out = converter(matrix, from.width, from.height, inner, inner == AV_PIX_FMT_RGB24, width(),
                  height(), AV_PIX_FMT_YUV420P);
}

Owned<AVFrame> FrameUpscaler::operator()(const AVFrame &frame) {
  auto convert = [](SwsContext *context, const AVFrame &from, AVFrame &to) {
    sws_scale(context, from.data, from.linesize, 0, from.height, to.data, to.linesize);
  };
  auto upscale = [this](srrt_pixels pixels, const AVFrame &from, AVFrame &to) {
    upscaler.upscale(
        {pixels, from.width, from.height, from.data[0], size_t(from.linesize[0]), nullptr, 0},
        {pixels, to.width, to.height, to.data[0], size_t(to.linesize[0]), nullptr, 0});
  };
  // The encoder may still hold former frames: each gets its own memory.
  Owned<AVFrame> large = newFrame(AV_PIX_FMT_YUV420P, width(), height());
  convert(in.get(), frame, *before);
  if (upscaler.isLuma()) {
    convert(out.get(), *before, *large);
    upscale(SRRT_GRAY8, *before, *large);
  } else {
    upscale(SRRT_RGB8, *before, *after);
    convert(out.get(), *after, *large);
  }
  return large;
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

namespace {
class VideoJob {
public:
  VideoJob(Upscaler &upscaler, const std::string &input, const std::string &output);
  VideoResult run(bool quiet);

private:
  void openInput();
  void openOutput();
  void openEncoder();
  void copySound();
  void decode(const AVPacket *packet, Progress &progress);
  void encode(AVFrame *frame);

  Upscaler &upscaler;
  std::string inputPath, outputPath;
  srcc::imaging::AtomicFile file;
  Owned<AVFormatContext> input, output;
  AVStream *video = nullptr, *largeVideo = nullptr;
  Owned<AVCodecContext> decoder, encoder;
  std::unique_ptr<FrameUpscaler> upscaleFrame;
  std::vector<AVStream *> copies; // output stream by input stream; nullptr: left out
  AVRational rate = {0, 1};       // frames per second; 0: unknown
  Owned<AVPacket> packet{av_packet_alloc()};
  Owned<AVFrame> frame{av_frame_alloc()};
  int64_t lastTime = AV_NOPTS_VALUE; // of the encoder, in its time base
  VideoResult result = {};
};
} // namespace

static std::string extensionOf(const std::string &path) {
  std::string extension = std::filesystem::path(path).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return char(std::tolower(c)); });
  return extension;
}

bool srcc::tools::hasVideoExtension(const std::string &path) {
  std::string extension = extensionOf(path);
  return extension == ".mp4" || extension == ".mkv";
}

VideoJob::VideoJob(Upscaler &upscaler, const std::string &input, const std::string &output)
    : upscaler(upscaler), inputPath(input), outputPath(output), file(output) {
  av_log_set_level(AV_LOG_QUIET);
  openInput();
  openOutput();
}

void VideoJob::openInput() {
  AVFormatContext *context = nullptr;
  // "file:" keeps FFmpeg from taking a name for an address.
  check(avformat_open_input(&context, ("file:" + inputPath).c_str(), nullptr, nullptr), inputPath,
        "is not a video that can be read");
  input.reset(context);
  check(avformat_find_stream_info(context, nullptr), inputPath, "is not a video that can be read");
  const AVCodec *codec = nullptr;
  int index = check(av_find_best_stream(context, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0), inputPath,
                    "no video in it can be decoded");
  video = context->streams[index];
  if (video->codecpar->width < 1 || video->codecpar->height < 1 || video->codecpar->format < 0)
    fail(inputPath, "the video's size or pixel format is unknown; the file may be damaged");
  decoder.reset(avcodec_alloc_context3(codec));
  check(avcodec_parameters_to_context(decoder.get(), video->codecpar), inputPath,
        "the decoder refuses the video");
  decoder->thread_count = 0;
  decoder->pkt_timebase = video->time_base;
  check(avcodec_open2(decoder.get(), codec, nullptr), inputPath, "the decoder refuses the video");
  rate = av_guess_frame_rate(context, video, nullptr);
  upscaleFrame = std::make_unique<FrameUpscaler>(upscaler, *video->codecpar);
}

void VideoJob::openOutput() {
  AVFormatContext *context = nullptr;
  check(avformat_alloc_output_context2(
            &context, nullptr, extensionOf(outputPath) == ".mkv" ? "matroska" : "mp4", nullptr),
        outputPath, "cannot be written");
  output.reset(context);
  av_dict_copy(&context->metadata, input->metadata, 0);
  openEncoder();
  copySound();
  check(avio_open(&context->pb, ("file:" + file.temporary()).c_str(), AVIO_FLAG_WRITE), outputPath,
        "cannot be written");
  check(avformat_write_header(context, nullptr), outputPath, "cannot be written");
}

void VideoJob::openEncoder() {
  const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
  if (!codec)
    codec = avcodec_find_encoder(AV_CODEC_ID_MPEG4);
  if (!codec)
    fail(outputPath, "FFmpeg was built without an encoder for H.264 or MPEG-4");
  encoder.reset(avcodec_alloc_context3(codec));
  // 4:2:0 needs even sizes.
  encoder->width = result.width = upscaleFrame->width() & ~1;
  encoder->height = result.height = upscaleFrame->height() & ~1;
  encoder->pix_fmt = AV_PIX_FMT_YUV420P;
  encoder->time_base = video->time_base;
  encoder->framerate = rate;
  encoder->sample_aspect_ratio = av_guess_sample_aspect_ratio(input.get(), video, nullptr);
  encoder->colorspace = matrixOf(*video->codecpar);
  encoder->color_range = AVCOL_RANGE_MPEG;
  encoder->color_primaries = video->codecpar->color_primaries;
  encoder->color_trc = video->codecpar->color_trc;
  if (output->oformat->flags & AVFMT_GLOBALHEADER)
    encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  if (codec->id == AV_CODEC_ID_H264) {
    av_opt_set(encoder->priv_data, "preset", "veryfast", 0);
    av_opt_set(encoder->priv_data, "crf", "17", 0);
  } else {
    encoder->flags |= AV_CODEC_FLAG_QSCALE;
    encoder->global_quality = 2 * FF_QP2LAMBDA;
    if (encoder->time_base.den > 65535) // more does not fit into its headers
      encoder->time_base = rate.num ? av_inv_q(rate) : AVRational{1, 1000};
  }
  check(avcodec_open2(encoder.get(), codec, nullptr), outputPath, "the encoder refuses the video");
  result.codec = codec->name;

  largeVideo = avformat_new_stream(output.get(), nullptr);
  check(avcodec_parameters_from_context(largeVideo->codecpar, encoder.get()), outputPath,
        "the encoder refuses the video");
  largeVideo->time_base = encoder->time_base;
  largeVideo->avg_frame_rate = video->avg_frame_rate;
  largeVideo->sample_aspect_ratio = encoder->sample_aspect_ratio;
  av_dict_copy(&largeVideo->metadata, video->metadata, 0);
  size_t size = 0;
  if (const uint8_t *rotation = av_stream_get_side_data(video, AV_PKT_DATA_DISPLAYMATRIX, &size))
    if (uint8_t *copy = av_stream_new_side_data(largeVideo, AV_PKT_DATA_DISPLAYMATRIX, size))
      std::copy_n(rotation, size, copy);
}

void VideoJob::copySound() {
  copies.assign(input->nb_streams, nullptr);
  for (unsigned i = 0; i < input->nb_streams; ++i) {
    const AVStream *from = input->streams[i];
    if (from->codecpar->codec_type != AVMEDIA_TYPE_AUDIO)
      continue;
    if (avformat_query_codec(output->oformat, from->codecpar->codec_id, FF_COMPLIANCE_NORMAL) == 0)
      fail(outputPath, std::string("sound in ") + avcodec_get_name(from->codecpar->codec_id) +
                           " does not fit into this format; name the output .mkv");
    AVStream *to = avformat_new_stream(output.get(), nullptr);
    check(avcodec_parameters_copy(to->codecpar, from->codecpar), outputPath,
          "the sound cannot be copied");
    to->codecpar->codec_tag = 0; // the output format chooses its own
    to->time_base = from->time_base;
    av_dict_copy(&to->metadata, from->metadata, 0);
    copies[i] = to;
  }
}

void VideoJob::encode(AVFrame *large) {
  check(avcodec_send_frame(encoder.get(), large), outputPath, "a frame cannot be encoded");
  Owned<AVPacket> coded(av_packet_alloc());
  while (true) {
    int code = avcodec_receive_packet(encoder.get(), coded.get());
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
      return;
    check(code, outputPath, "a frame cannot be encoded");
    if (coded->duration == 0 && rate.num)
      coded->duration = av_rescale_q(1, av_inv_q(rate), encoder->time_base);
    av_packet_rescale_ts(coded.get(), encoder->time_base, largeVideo->time_base);
    coded->stream_index = largeVideo->index;
    check(av_interleaved_write_frame(output.get(), coded.get()), outputPath, "cannot be written");
  }
}

void VideoJob::decode(const AVPacket *coded, Progress &progress) {
  int code = avcodec_send_packet(decoder.get(), coded);
  if (code == AVERROR_INVALIDDATA) {
    ++result.damagedPackets;
    return;
  }
  if (code != AVERROR_EOF)
    check(code, inputPath, "a frame cannot be decoded");
  while (true) {
    code = avcodec_receive_frame(decoder.get(), frame.get());
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
      return;
    if (code == AVERROR_INVALIDDATA) {
      ++result.damagedPackets;
      continue;
    }
    check(code, inputPath, "a frame cannot be decoded");
    if (!upscaleFrame->accepts(*frame))
      fail(inputPath, "the size or the pixel format changes at frame " +
                          std::to_string(result.frames + 1) + "; split the video there");
    Owned<AVFrame> large = (*upscaleFrame)(*frame);
    large->width = encoder->width;
    large->height = encoder->height;
    int64_t next = lastTime == AV_NOPTS_VALUE ? 0 : lastTime + 1;
    if (frame->best_effort_timestamp != AV_NOPTS_VALUE) {
      large->pts = av_rescale_q(frame->best_effort_timestamp, video->time_base, encoder->time_base);
      if (lastTime != AV_NOPTS_VALUE)
        large->pts = std::max(large->pts, next);
    } else if (rate.num && lastTime != AV_NOPTS_VALUE) {
      large->pts =
          lastTime + std::max<int64_t>(1, av_rescale_q(1, av_inv_q(rate), encoder->time_base));
    } else {
      large->pts = next;
    }
    lastTime = large->pts;
    large->pict_type = AV_PICTURE_TYPE_NONE;
    encode(large.get());
    ++result.frames;
    progress.step();
  }
}

VideoResult VideoJob::run(bool quiet) {
  int64_t total = video->nb_frames;
  if (total <= 0 && input->duration > 0 && rate.num)
    total = av_rescale_q(input->duration, AV_TIME_BASE_Q, av_inv_q(rate));
  Progress progress("frames", std::max<int64_t>(total, 0), quiet);
  while (true) {
    int code = av_read_frame(input.get(), packet.get());
    if (code == AVERROR_EOF)
      break;
    check(code, inputPath, "cannot be read to its end");
    AVStream *copy =
        size_t(packet->stream_index) < copies.size() ? copies[packet->stream_index] : nullptr;
    if (packet->stream_index == video->index) {
      decode(packet.get(), progress);
    } else if (copy) {
      av_packet_rescale_ts(packet.get(), input->streams[packet->stream_index]->time_base,
                           copy->time_base);
      packet->stream_index = copy->index;
      packet->pos = -1;
      check(av_interleaved_write_frame(output.get(), packet.get()), outputPath,
            "cannot be written");
    }
    av_packet_unref(packet.get());
  }
  decode(nullptr, progress);
  if (result.frames == 0)
    fail(inputPath, "no frame of the video can be decoded");
  encode(nullptr);
  check(av_write_trailer(output.get()), outputPath, "cannot be written");
  check(avio_closep(&output->pb), outputPath, "cannot be written");
  file.commit();
  return result;
}

VideoResult srcc::tools::upscaleVideo(Upscaler &upscaler, const std::string &input,
                                      const std::string &output, bool quiet) {
  if (!hasVideoExtension(output))
    fail(output, "videos are written as .mp4 or .mkv, but the name ends otherwise");
  return VideoJob(upscaler, input, output).run(quiet);
}
