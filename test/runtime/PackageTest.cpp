//===- PackageTest.cpp - The package reader: every rule, and damage of every kind
//--------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#include "runtime/Package.h"
#include "runtime/Plan.h"
#include "runtime/Status.h"
#include "test/runtime/PackageBuilder.h"

#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <random>

using namespace srcc;
using namespace srcc::runtime;
using namespace srcc::test;
using testing::HasSubstr;

namespace {

const Limits amplitude{uint64_t(1) << 31, uint64_t(1) << 33, {4096, 4096, 4096}};

PackageBuilder sample(bool bytes = true) {
  PackageBuilder builder = nearestModel(2, format::Color::RGB, 0, 1, {1, 1, 1}, {0, 0, 0}, bytes);
  builder.package.golden = std::make_unique<format::GoldenT>();
  builder.package.golden->height = builder.package.golden->width = 1;
  builder.package.golden->input.assign(3, 0.5f);
  builder.package.golden->output.assign(12, 0.5f);
  builder.package.golden->tolerance = 1e-5f;
  return builder;
}

/// Opens `file` from a heap block of exactly its size, so that a sanitizer sees every read beyond
/// it; returns the error, or "" after evaluating the plan at a few sizes.
std::string problem(const std::vector<uint8_t> &file, srrt_status *status = nullptr) {
  std::unique_ptr<uint64_t[]> block(new uint64_t[(file.size() + 7) / 8]);
  // The end of the data is the end of the block, as far as alignment allows.
  std::memcpy(block.get(), file.data(), file.size());
  try {
    Package package = Package::fromMemory(block.get(), file.size(), "p");
    for (auto [h, w] : {std::pair{1, 1}, {7, 5}, {360, 640}})
      Plan plan(package, h, w, amplitude);
    return "";
  } catch (const Failure &failure) {
    if (status)
      *status = failure.status;
    return failure.what();
  }
}

/// The error of a package changed by `change`.
std::string problemAfter(const std::function<void(format::PackageT &)> &change) {
  PackageBuilder builder = sample();
  change(builder.package);
  srrt_status status = SRRT_OK;
  std::string text = problem(builder.file(), &status);
  EXPECT_EQ(status, SRRT_BAD_PACKAGE) << text;
  return text;
}

int64_t valueOf(const Size &size, int64_t h, int64_t w) {
  flatbuffers::FlatBufferBuilder builder;
  auto expr = size.make();
  builder.Finish(format::Expr::Pack(builder, expr.get()));
  return evaluate(*flatbuffers::GetRoot<format::Expr>(builder.GetBufferPointer()), h, w, "it");
}

TEST(Expression, Values) {
  EXPECT_EQ(valueOf(3 * height() * width() + 1, 4, 5), 61);
  EXPECT_EQ(valueOf(floorDiv(width(), 8), 1, 17), 2);
  EXPECT_EQ(valueOf(ceilDiv(width(), 8), 1, 17), 3);
  EXPECT_EQ(valueOf(ceilDiv(width(), 8), 1, 16), 2);
  EXPECT_EQ(valueOf(mod(width(), 8), 1, 17), 1);
  EXPECT_EQ(valueOf(min(height(), width()), 3, 9), 3);
  EXPECT_EQ(valueOf(max(height(), width()), 3, 9), 9);
}

TEST(Expression, NegativeNumeratorsRoundAsNamed) {
  Size n = height() + -10; // -7
  EXPECT_EQ(valueOf(floorDiv(n, 4), 3, 1), -2);
  EXPECT_EQ(valueOf(ceilDiv(n, 4), 3, 1), -1);
  EXPECT_EQ(valueOf(mod(n, 4), 3, 1), 1);
}

TEST(Expression, OverflowAndDivisionFail) {
  int64_t big = std::numeric_limits<int64_t>::max();
  EXPECT_THROW(valueOf(height() + big, 1, 1), Failure);
  EXPECT_THROW(valueOf(height() * big, 2, 1), Failure);
  EXPECT_THROW(valueOf(floorDiv(height(), width() + -1), 1, 1), Failure);
  EXPECT_THROW(valueOf(mod(height(), width() + -2), 1, 1), Failure);
  int64_t least = std::numeric_limits<int64_t>::min();
  EXPECT_THROW(valueOf(floorDiv(least, -1), 1, 1), Failure);
}

TEST(Package, GoodOnesOpen) {
  EXPECT_EQ(problem(sample().file()), "");
  EXPECT_EQ(problem(sample(false).file()), "");
  EXPECT_EQ(problem(chainModel(5).file()), "");
}

TEST(Package, Header) {
  std::vector<uint8_t> file = sample().file();
  EXPECT_THAT(problem({}), HasSubstr("not a package"));
  auto changed = [&](size_t at) {
    std::vector<uint8_t> copy = file;
    copy[at] ^= 1;
    return problem(copy);
  };
  EXPECT_THAT(changed(0), HasSubstr("SRP1"));
  EXPECT_THAT(changed(5), HasSubstr("reserved"));
  EXPECT_THAT(changed(8), HasSubstr("checksum"));
  EXPECT_THAT(changed(file.size() - 1), HasSubstr("checksum"));
}

TEST(Package, WrongIdentifier) {
  std::vector<uint8_t> content = sample().content();
  content[4] ^= 1;
  EXPECT_THAT(problem(withHeader(content)), HasSubstr("SRPK"));
}

TEST(Package, ModelRules) {
  using P = format::PackageT;
  EXPECT_THAT(problemAfter([](P &p) { p.version = 2; }), HasSubstr("version 2"));
  EXPECT_THAT(problemAfter([](P &p) { p.scale = 0; }), HasSubstr("scale 0"));
  EXPECT_THAT(problemAfter([](P &p) { p.color = format::Color(7); }), HasSubstr("colour space 7"));
  EXPECT_THAT(problemAfter([](P &p) { p.color = format::Color::None; }), // and takes bytes
              HasSubstr("8 bits, but the model has no colours"));
  EXPECT_THAT(problemAfter([](P &p) { p.color = format::Color::None, p.in_channels = 0; }),
              HasSubstr("channels 0 and 3"));
  EXPECT_THAT(problemAfter([](P &p) { p.precision = format::Precision(9); }),
              HasSubstr("precision 9"));
  EXPECT_THAT(problemAfter([](P &p) { p.high = p.low; }), HasSubstr("range"));
  EXPECT_THAT(problemAfter([](P &p) { p.high = NAN; }), HasSubstr("range"));
  EXPECT_THAT(problemAfter([](P &p) { p.in_channels = 4; }), HasSubstr("channels"));
  EXPECT_THAT(problemAfter([](P &p) { p.halo = -1; }), HasSubstr("halo"));
  EXPECT_THAT(problemAfter([](P &p) { p.alignment = -1; }), HasSubstr("alignment"));
}

TEST(Package, BufferRules) {
  using P = format::PackageT; // buffers: 0 gain, 1 bias, 2 input, 3 output, 4 u8 output, 5 u8 input
  EXPECT_THAT(problemAfter([](P &p) { p.buffers[0]->kind = BufferKind(9); }), HasSubstr("kind 9"));
  EXPECT_THAT(problemAfter([](P &p) { p.buffers[0]->type = ElementType(9); }), HasSubstr("type 9"));
  EXPECT_THAT(problemAfter([](P &p) { p.buffers[0]->data.pop_back(); }),
              HasSubstr("11 bytes of data"));
  EXPECT_THAT(problemAfter([](P &p) { p.buffers[0]->data.clear(); }), HasSubstr("0 bytes of data"));
  EXPECT_THAT(problemAfter([](P &p) { p.buffers[0]->elements = height().make(); }),
              HasSubstr("depends on the picture's size"));
  EXPECT_THAT(problemAfter([](P &p) {
                p.buffers[0]->elements = Size(std::numeric_limits<int64_t>::max()).make();
              }),
              HasSubstr("bytes of data"));
  EXPECT_THAT(problemAfter([](P &p) { p.buffers[2]->data = {1}; }), HasSubstr("no constant"));
  EXPECT_THAT(problemAfter([](P &p) { p.buffers[0]->format = PixelFormat::F32Planar; }),
              HasSubstr("neither input nor output"));
  EXPECT_THAT(problemAfter([](P &p) { p.buffers[2]->format = PixelFormat::None; }),
              HasSubstr("do not go together"));
  EXPECT_THAT(problemAfter([](P &p) { p.buffers[2]->type = ElementType::U8; }),
              HasSubstr("do not go together"));
  EXPECT_THAT(problemAfter([](P &p) { p.buffers[3]->kind = BufferKind::Input; }),
              HasSubstr("second input"));
  EXPECT_THAT(problemAfter([](P &p) { p.buffers[3]->elements = (height() * width()).make(); }),
              HasSubstr("but the picture has 12"));
  EXPECT_THAT(problemAfter([](P &p) {
                p.buffers[2]->elements = (3 * height() * width() + -5 * width()).make();
              }),
              HasSubstr("-2 elements"));
}

TEST(Package, ExpressionRules) {
  using P = format::PackageT;
  using Op = format::ExprOp;
  auto with = [](std::vector<format::ExprNode> nodes) {
    return problemAfter([&](P &p) { p.buffers[2]->elements->nodes = nodes; });
  };
  EXPECT_THAT(with({}), HasSubstr("leaves 0 values"));
  EXPECT_THAT(with({{Op::Const, 1}, {Op::Const, 1}}), HasSubstr("leaves 2 values"));
  EXPECT_THAT(with({{Op::Const, 1}, {Op::Add, 0}}), HasSubstr("lacks an operand"));
  EXPECT_THAT(with({{Op(99), 1}}), HasSubstr("unknown operator 99"));
  EXPECT_THAT(with(std::vector<format::ExprNode>(100, {Op::Const, 1})), HasSubstr("stack"));
  EXPECT_THAT(with(std::vector<format::ExprNode>(100000, {Op::Const, 1})), HasSubstr("nodes"));
}

TEST(Package, LaunchRules) {
  using P = format::PackageT;
  EXPECT_THAT(problemAfter([](P &p) { p.launches[0]->kernel = "a b"; }), HasSubstr("identifier"));
  EXPECT_THAT(problemAfter([](P &p) { p.launches[0]->kernel = ""; }), HasSubstr("identifier"));
  EXPECT_THAT(problemAfter([](P &p) { p.launches[0]->program = 1; }), HasSubstr("program 1 of 1"));
  EXPECT_THAT(problemAfter([](P &p) { p.launches[0]->threads.pop_back(); }),
              HasSubstr("dimensions"));
  EXPECT_THAT(problemAfter([](P &p) {
                p.launches[0]->threads.clear();
                p.launches[0]->blocks.clear();
              }),
              HasSubstr("dimensions"));
  EXPECT_THAT(problemAfter([](P &p) {
                while (p.launches[0]->blocks.size() < 4) {
                  p.launches[0]->blocks.push_back(Size(1).make());
                  p.launches[0]->threads.push_back(Size(1).make());
                }
              }),
              HasSubstr("dimensions"));
  EXPECT_THAT(problemAfter([](P &p) { p.launches[0]->blocks[0]->nodes.clear(); }),
              HasSubstr("launch size"));
  EXPECT_THAT(problemAfter([](P &p) { p.launches[0]->macs->nodes.clear(); }), HasSubstr("cost"));
  EXPECT_THAT(problemAfter([](P &p) { p.launches[0]->input = PixelFormat(9); }),
              HasSubstr("pixel format"));
  EXPECT_THAT(problemAfter([](P &p) { p.launches[0]->buffers[0] = 6; }),
              HasSubstr("buffer 6 of 6"));
  EXPECT_THAT(problemAfter([](P &p) { p.launches[0]->buffers.resize(5000); }),
              HasSubstr("arguments"));
  EXPECT_THAT(problemAfter([](P &p) { p.launches[0]->reads.push_back(5); }),
              HasSubstr("not its argument"));
  EXPECT_THAT(problemAfter([](P &p) { p.launches[0]->writes.push_back(0); }),
              HasSubstr("a constant or an input"));
  EXPECT_THAT(problemAfter([](P &p) { p.launches[0]->reads.clear(); }), HasSubstr("neither reads"));
  EXPECT_THAT(problemAfter([](P &p) { p.launches[0]->threads[0] = Size(0).make(); }),
              HasSubstr("work-items"));
  EXPECT_THAT(problemAfter([](P &p) { p.launches[0]->blocks[0] = Size(-1).make(); }),
              HasSubstr("-1 work-groups"));
  EXPECT_THAT(problemAfter([](P &p) { p.launches.clear(); }), HasSubstr("no launches lead"));
  EXPECT_THAT(problemAfter([](P &p) { p.programs.clear(); }), HasSubstr("program 0 of 0"));
}

TEST(Package, GoldenRules) {
  using P = format::PackageT;
  EXPECT_THAT(problemAfter([](P &p) { p.golden->height = 0; }), HasSubstr("recorded picture"));
  EXPECT_THAT(problemAfter([](P &p) { p.golden->input.pop_back(); }),
              HasSubstr("recorded picture"));
  EXPECT_THAT(problemAfter([](P &p) { p.golden->output.pop_back(); }),
              HasSubstr("recorded picture"));
  EXPECT_THAT(problemAfter([](P &p) { p.golden->height = p.golden->width = 1 << 30; }),
              HasSubstr("recorded picture"));
  EXPECT_THAT(problemAfter([](P &p) { p.golden->tolerance = NAN; }), HasSubstr("tolerance"));
}

TEST(Package, RoutesFollowThePixelFormats) {
  std::vector<uint8_t> file = sample().file();
  Package package = Package::fromMemory(file.data(), file.size(), "p");
  ASSERT_EQ(package.routes().size(), 4u);
  for (const Route &route : package.routes()) {
    ASSERT_EQ(route.launches.size(), 1u);
    EXPECT_EQ(package.root().launches()->Get(route.launches[0])->input(), route.input);
    EXPECT_EQ(package.root().launches()->Get(route.launches[0])->output(), route.output);
  }
}

TEST(Package, ReadBeforeWriteIsRefused) {
  PackageBuilder builder = chainModel(3);
  std::swap(builder.package.launches[0], builder.package.launches[1]);
  EXPECT_THAT(problem(builder.file()), HasSubstr("\"stage0\", which no earlier launch writes"));
}

TEST(Package, Files) {
  auto open = [](const std::string &path) -> std::string {
    try {
      Package::open(path);
    } catch (const Failure &failure) {
      return failure.what();
    }
    return "";
  };
  EXPECT_THAT(open("/nonexistent/model.srp"), HasSubstr("No such file"));
  EXPECT_THAT(open("/"), HasSubstr("folder"));
  EXPECT_THAT(open("/dev/null"), HasSubstr("regular file"));
}

TEST(Damage, EveryTruncation) {
  std::vector<uint8_t> file = sample().file();
  for (size_t size = 0; size < file.size(); ++size)
    ASSERT_NE(problem({file.begin(), file.begin() + size}), "") << size;
  std::vector<uint8_t> content = sample().content();
  for (size_t size = 0; size < content.size(); ++size)
    problem(withHeader({content.begin(), content.begin() + size}));
}

TEST(Damage, EveryBitIsNoticed) {
  std::vector<uint8_t> file = sample().file();
  for (size_t bit = 0; bit < file.size() * 8; ++bit) {
    file[bit / 8] ^= 1 << bit % 8;
    ASSERT_NE(problem(file), "") << bit;
    file[bit / 8] ^= 1 << bit % 8;
  }
}

// With a checksum that fits, a damaged package may be a valid one; it must only never crash.
TEST(Damage, EveryBitWithAFittingChecksum) {
  std::vector<uint8_t> content = sample().content();
  size_t refused = 0;
  for (size_t bit = 0; bit < content.size() * 8; ++bit) {
    content[bit / 8] ^= 1 << bit % 8;
    refused += !problem(withHeader(content)).empty();
    content[bit / 8] ^= 1 << bit % 8;
  }
  EXPECT_GT(refused, 0u);
}

TEST(Damage, RandomBytesWithAFittingChecksum) {
  const unsigned seed = 20240607;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  std::vector<uint8_t> original = chainModel(4).content();
  for (int round = 0; round < 20000; ++round) {
    std::vector<uint8_t> content = original;
    for (unsigned changes = 1 + random() % 6; changes > 0; --changes) {
      static const uint8_t values[] = {0, 1, 4, 0x7f, 0x80, 0xff};
      content[random() % content.size()] = values[random() % sizeof values];
    }
    problem(withHeader(content));
  }
}

} // namespace
