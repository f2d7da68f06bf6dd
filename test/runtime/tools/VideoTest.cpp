//===- VideoTest.cpp - Videos through a model -----------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "runtime/tools/Video.h"
#include "test/runtime/tools/NearestFile.h"

#include <cmath>
#include <memory>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
}

using namespace srcc;
using namespace srcc::tools;

namespace {
/// What a file holds, as FFmpeg decodes it.
struct Contents {
  AVCodecID codec = AV_CODEC_ID_NONE, soundCodec = AV_CODEC_ID_NONE;
  int width = 0, height = 0;
  AVColorSpace matrix = AVCOL_SPC_UNSPECIFIED;
  std::vector<double> times;              // of the frames, seconds
  std::vector<std::vector<uint8_t>> luma; // of the frames, dense
  std::vector<double> meanCb;             // of the frames
  std::vector<std::vector<uint8_t>> sound;
  std::vector<double> soundTimes;
};

class VideoTest : public test::DeviceTest {
protected:
  /// Frame `index` of the test video: a brighter square wanders over a ramp; all chroma is 110,
  /// inside RGB.
  static uint8_t luma(int index, int x, int y) {
    bool inside = x >= 4 * index && x < 4 * index + 16 && y >= 8 && y < 24;
    return uint8_t(inside ? 200 : 60 + x);
  }

  /// 12 frames, the fifth and sixth twice as long, with `sound` if it is not AV_CODEC_ID_NONE.
  void write(const std::string &name, int width, int height, AVCodecID sound) const;
  static Contents read(const std::string &name);

  static constexpr int frames = 12;
  /// Start of a frame in steps of 1/25 s.
  static int64_t start(int index) { return index + (index > 4) + (index > 5); }
};
} // namespace

void VideoTest::write(const std::string &name, int width, int height, AVCodecID sound) const {
  AVFormatContext *file = nullptr;
  ASSERT_GE(avformat_alloc_output_context2(&file, nullptr, nullptr, name.c_str()), 0);
  auto addEncoder = [file](AVCodecID id, auto prepare) {
    const AVCodec *codec = avcodec_find_encoder(id);
    AVCodecContext *encoder = avcodec_alloc_context3(codec);
    prepare(encoder);
    if (file->oformat->flags & AVFMT_GLOBALHEADER)
      encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    EXPECT_GE(avcodec_open2(encoder, codec, nullptr), 0);
    AVStream *stream = avformat_new_stream(file, nullptr);
    avcodec_parameters_from_context(stream->codecpar, encoder);
    stream->time_base = encoder->time_base;
    return std::pair(encoder, stream);
  };
  auto [video, videoStream] = addEncoder(AV_CODEC_ID_MPEG4, [=](AVCodecContext *encoder) {
    encoder->width = width;
    encoder->height = height;
    encoder->pix_fmt = AV_PIX_FMT_YUV420P;
    encoder->time_base = {1, 25};
    encoder->flags |= AV_CODEC_FLAG_QSCALE;
    encoder->global_quality = FF_QP2LAMBDA;
    encoder->max_b_frames = 2;
  });
  AVCodecContext *audio = nullptr;
  AVStream *audioStream = nullptr;
  if (sound != AV_CODEC_ID_NONE)
    std::tie(audio, audioStream) = addEncoder(sound, [](AVCodecContext *encoder) {
      encoder->sample_rate = 8000;
      encoder->bit_rate = 24000;
      av_channel_layout_default(&encoder->ch_layout, 1);
      encoder->sample_fmt = encoder->codec->sample_fmts[0];
      encoder->time_base = {1, 8000};
    });
  ASSERT_GE(avio_open(&file->pb, name.c_str(), AVIO_FLAG_WRITE), 0);
  ASSERT_GE(avformat_write_header(file, nullptr), 0);
  AVPacket *packet = av_packet_alloc();
  auto encode = [&](AVCodecContext *encoder, AVStream *stream, AVFrame *frame) {
    ASSERT_GE(avcodec_send_frame(encoder, frame), 0);
    while (avcodec_receive_packet(encoder, packet) >= 0) {
      if (encoder->codec_type == AVMEDIA_TYPE_VIDEO)
        packet->duration = 1;
      av_packet_rescale_ts(packet, encoder->time_base, stream->time_base);
      packet->stream_index = stream->index;
      ASSERT_GE(av_interleaved_write_frame(file, packet), 0);
    }
  };
  AVFrame *frame = av_frame_alloc();
  for (int i = 0; i < frames; ++i) {
    frame->format = AV_PIX_FMT_YUV420P;
    frame->width = width;
    frame->height = height;
    ASSERT_GE(av_frame_get_buffer(frame, 0), 0);
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) {
        frame->data[0][y * frame->linesize[0] + x] = luma(i, x, y);
        for (int plane : {1, 2})
          frame->data[plane][y / 2 * frame->linesize[plane] + x / 2] = 110;
      }
    frame->pts = start(i);
    encode(video, videoStream, frame);
    av_frame_unref(frame);
  }
  encode(video, videoStream, nullptr);
  if (audio) {
    int size = audio->frame_size ? audio->frame_size : 800;
    for (int64_t at = 0; at + size <= 4000; at += size) {
      frame->format = audio->sample_fmt;
      frame->nb_samples = size;
      av_channel_layout_default(&frame->ch_layout, 1);
      ASSERT_GE(av_frame_get_buffer(frame, 0), 0);
      for (int s = 0; s < size; ++s) {
        double value = 0.5 * std::sin(double(at + s) * 0.3);
        if (audio->sample_fmt == AV_SAMPLE_FMT_FLTP)
          reinterpret_cast<float *>(frame->data[0])[s] = float(value);
        else
          reinterpret_cast<int16_t *>(frame->data[0])[s] = int16_t(value * 32767);
      }
      frame->pts = at;
      encode(audio, audioStream, frame);
      av_frame_unref(frame);
    }
    encode(audio, audioStream, nullptr);
  }
  ASSERT_GE(av_write_trailer(file), 0);
  av_frame_free(&frame);
  av_packet_free(&packet);
  avcodec_free_context(&video);
  avcodec_free_context(&audio);
  avio_closep(&file->pb);
  avformat_free_context(file);
}

Contents VideoTest::read(const std::string &name) {
  Contents contents;
  AVFormatContext *file = nullptr;
  EXPECT_GE(avformat_open_input(&file, name.c_str(), nullptr, nullptr), 0) << name;
  if (!file)
    return contents;
  avformat_find_stream_info(file, nullptr);
  const AVCodec *codec = nullptr;
  int index = av_find_best_stream(file, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
  AVStream *stream = file->streams[index];
  AVCodecContext *decoder = avcodec_alloc_context3(codec);
  avcodec_parameters_to_context(decoder, stream->codecpar);
  EXPECT_GE(avcodec_open2(decoder, codec, nullptr), 0);
  contents.codec = codec->id;
  contents.width = stream->codecpar->width;
  contents.height = stream->codecpar->height;
  contents.matrix = stream->codecpar->color_space;
  AVPacket *packet = av_packet_alloc();
  AVFrame *frame = av_frame_alloc();
  auto decode = [&](AVPacket *coded) {
    avcodec_send_packet(decoder, coded);
    while (avcodec_receive_frame(decoder, frame) >= 0) {
      contents.times.push_back(double(frame->best_effort_timestamp) * av_q2d(stream->time_base));
      std::vector<uint8_t> plane;
      for (int y = 0; y < frame->height; ++y)
        plane.insert(plane.end(), frame->data[0] + y * frame->linesize[0],
                     frame->data[0] + y * frame->linesize[0] + frame->width);
      contents.luma.push_back(plane);
      double sum = 0;
      for (int y = 0; y < frame->height / 2; ++y)
        for (int x = 0; x < frame->width / 2; ++x)
          sum += frame->data[1][y * frame->linesize[1] + x];
      contents.meanCb.push_back(sum / (frame->height / 2) / (frame->width / 2));
    }
  };
  while (av_read_frame(file, packet) >= 0) {
    AVStream *from = file->streams[packet->stream_index];
    if (packet->stream_index == index) {
      decode(packet);
    } else if (from->codecpar->codec_type == AVMEDIA_TYPE_AUDIO) {
      contents.soundCodec = from->codecpar->codec_id;
      contents.sound.emplace_back(packet->data, packet->data + packet->size);
      contents.soundTimes.push_back(double(packet->pts) * av_q2d(from->time_base));
    }
    av_packet_unref(packet);
  }
  decode(nullptr);
  av_frame_free(&frame);
  av_packet_free(&packet);
  avcodec_free_context(&decoder);
  avformat_close_input(&file);
  return contents;
}

/// Frames, times and sound of a video whose model repeats pixels.
static void expectUpscaled(const Contents &small, const Contents &large, int scale) {
  ASSERT_EQ(large.width, small.width * scale);
  ASSERT_EQ(large.height, small.height * scale);
  ASSERT_EQ(large.times.size(), small.times.size());
  for (size_t i = 0; i < small.times.size(); ++i)
    EXPECT_NEAR(large.times[i], small.times[i], 0.0011) << "frame " << i; // Matroska counts in ms
  EXPECT_EQ(large.soundCodec, small.soundCodec);
  EXPECT_EQ(large.sound, small.sound);
  ASSERT_EQ(large.soundTimes.size(), small.soundTimes.size());
  for (size_t i = 0; i < small.soundTimes.size(); ++i)
    EXPECT_NEAR(large.soundTimes[i], small.soundTimes[i], 0.0011);
  // The encoder loses a little: 40 dB are a mean square of 6.5. RGB has no room for luma above 235.
  for (size_t i = 0; i < small.luma.size(); ++i) {
    double sum = 0;
    for (int y = 0; y < large.height; ++y)
      for (int x = 0; x < large.width; ++x) {
        double difference =
            double(large.luma[i][size_t(y * large.width + x)]) -
            std::min<int>(235, small.luma[i][size_t(y / scale * small.width + x / scale)]);
        sum += difference * difference;
      }
    EXPECT_LT(sum / (large.width * large.height), 6.5) << "frame " << i;
    EXPECT_NEAR(large.meanCb[i], small.meanCb[i], 1.5) << "frame " << i;
  }
}

TEST_F(VideoTest, KeepsTimesAndSoundInMp4) {
  write(path("in.mp4"), 64, 48, AV_CODEC_ID_AAC);
  Contents small = read(path("in.mp4"));
  ASSERT_EQ(small.times.size(), size_t(frames));
  ASSERT_GT(small.sound.size(), 2u);
  Upscaler upscaler(nearest(2, format::Color::RGB, 0, 1, {1, 1, 1}), {}, "");
  VideoResult result = upscaleVideo(upscaler, path("in.mp4"), path("out.mp4"), true);
  EXPECT_EQ(result.frames, frames);
  EXPECT_EQ(result.damagedPackets, 0);
  Contents large = read(path("out.mp4"));
  expectUpscaled(small, large, 2);
  EXPECT_EQ(large.matrix, AVCOL_SPC_SMPTE170M);
}

TEST_F(VideoTest, LumaModel) {
  write(path("in.mkv"), 64, 48, AV_CODEC_ID_PCM_S16LE);
  Upscaler upscaler(nearest(3, format::Color::Y, 0, 1, {1}), {}, "");
  upscaleVideo(upscaler, path("in.mkv"), path("out.mkv"), true);
  expectUpscaled(read(path("in.mkv")), read(path("out.mkv")), 3);
}

TEST_F(VideoTest, SilentVideo) {
  write(path("in.mp4"), 64, 48, AV_CODEC_ID_NONE);
  Upscaler upscaler(nearest(2, format::Color::BGR, 0, 1, {1, 1, 1}), {}, "");
  upscaleVideo(upscaler, path("in.mp4"), path("out.mkv"), true);
  expectUpscaled(read(path("in.mp4")), read(path("out.mkv")), 2);
}

TEST_F(VideoTest, OddSizesLoseARow) {
  write(path("in.mkv"), 65, 47, AV_CODEC_ID_NONE);
  for (auto [color, gain] : {std::pair(format::Color::RGB, std::vector<float>{1, 1, 1}),
                             std::pair(format::Color::Y, std::vector<float>{1})}) {
    Upscaler upscaler(nearest(3, color, 0, 1, gain), {}, "");
    VideoResult result = upscaleVideo(upscaler, path("in.mkv"), path("out.mp4"), true);
    EXPECT_EQ(result.width, 194);
    EXPECT_EQ(result.height, 140);
    Contents large = read(path("out.mp4"));
    EXPECT_EQ(large.width, 194);
    EXPECT_EQ(large.height, 140);
    EXPECT_EQ(large.times.size(), size_t(frames));
  }
}

TEST_F(VideoTest, SharedVideos) {
  const char *data = std::getenv("SRCC_DATA");
  std::string videos = data ? std::string(data) + "/images/video/" : std::string();
  if (!std::filesystem::is_directory(videos))
    GTEST_SKIP() << "no test videos: set SRCC_DATA";
  Upscaler upscaler(nearest(2, format::Color::RGB, 0, 1, {1, 1, 1}), {}, "");
  for (auto [name, frames] : {std::pair("carphone_pristine.mp4", 120u),
                              {"carphone_qcif_30f.y4m", 30u},
                              {"realshort.mp4", 36u}}) {
    SCOPED_TRACE(name);
    upscaleVideo(upscaler, videos + name, path("out.mp4"), true);
    Contents small = read(videos + name), large = read(path("out.mp4"));
    EXPECT_EQ(large.times.size(), frames);
    expectUpscaled(small, large, 2);
  }
}

static std::string errorOf(Upscaler &upscaler, const std::string &in, const std::string &out) {
  try {
    upscaleVideo(upscaler, in, out, true);
  } catch (const std::runtime_error &error) {
    return error.what();
  }
  return "";
}

TEST_F(VideoTest, ErrorsLeaveNothingBehind) {
  write(path("in.mkv"), 64, 48, AV_CODEC_ID_PCM_S16LE);
  std::ofstream(path("text.mp4")) << "no video";
  Upscaler upscaler(nearest(2, format::Color::RGB, 0, 1, {1, 1, 1}), {}, "");
  EXPECT_NE(errorOf(upscaler, path("in.mkv"), path("out.mp4")).find("name the output .mkv"),
            std::string::npos);
  EXPECT_NE(errorOf(upscaler, path("in.mkv"), path("out.gif")).find(".mp4 or .mkv"),
            std::string::npos);
  EXPECT_NE(errorOf(upscaler, path("in.mkv"), path("none/out.mp4")).find("cannot be written"),
            std::string::npos);
  EXPECT_NE(errorOf(upscaler, path("text.mp4"), path("out.mp4")).find("text.mp4: is not a video"),
            std::string::npos);
  EXPECT_NE(errorOf(upscaler, path("missing.mp4"), path("out.mp4")).find("missing.mp4: "),
            std::string::npos);
  size_t files = 0;
  for (const auto &entry : std::filesystem::directory_iterator(folder)) {
    EXPECT_TRUE(entry.path().filename() == "in.mkv" || entry.path().filename() == "text.mp4" ||
                entry.path().filename() == "model.srp")
        << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 3u);
}

/// Whatever a damaged file makes the decoder do, it ends, and a result is a whole file or none.
TEST_F(VideoTest, DamagedVideosEnd) {
  write(path("in.mkv"), 64, 48, AV_CODEC_ID_NONE);
  std::ifstream whole(path("in.mkv"), std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(whole), {}};
  Upscaler upscaler(nearest(1, format::Color::RGB, 0, 1, {1, 1, 1}), {}, "");
  uint32_t state = 7;
  for (int round = 0; round < 12; ++round) {
    std::string damaged = bytes;
    if (round < 4)
      damaged.resize(bytes.size() * size_t(round + 1) / 5);
    for (int i = 0; round >= 4 && i < 40; ++i)
      damaged[400 + (state = state * 1664525 + 1013904223) % (bytes.size() - 400)] ^=
          char(state >> 24);
    std::ofstream(path("damaged.mkv"), std::ios::binary) << damaged;
    std::filesystem::remove(path("out.mkv"));
    bool written = errorOf(upscaler, path("damaged.mkv"), path("out.mkv")).empty();
    EXPECT_EQ(std::filesystem::exists(path("out.mkv")), written);
    if (written)
      EXPECT_GT(read(path("out.mkv")).times.size(), 0u);
  }
}
