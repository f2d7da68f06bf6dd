//===- Package.cpp - Reads and checks model.srp -----------------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===------------------------------------------------------------------------------------------===//
#include "runtime/Package.h"
#include "runtime/Status.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace srcc::runtime {

namespace {

constexpr size_t headerSize = 16;
constexpr size_t maxStack = 32;       ///< values an expression may hold at once
constexpr size_t maxNodes = 4096;     ///< length of an expression
constexpr size_t maxArguments = 1024; ///< of a kernel
constexpr uint32_t knownVersion = 1;  ///< of the format
constexpr int mostChannels = 65535;   ///< of a picture

using format::BufferKind;
using format::ElementType;
using format::ExprOp;
using format::PixelFormat;

template <typename... Parts> std::string text(const Parts &...parts) {
  std::ostringstream stream;
  (stream << ... << parts);
  return stream.str();
}

/// What is wrong with `expr`, if anything; `constant`: it must not depend on H and W.
std::optional<std::string> checkExpr(const format::Expr &expr, bool constant) {
  if (expr.nodes()->size() > maxNodes)
    return text("has more than ", maxNodes, " nodes");
  size_t depth = 0;
  for (const format::ExprNode *node : *expr.nodes()) {
    switch (node->op()) {
    case ExprOp::H:
    case ExprOp::W:
      if (constant)
        return "depends on the picture's size";
      [[fallthrough]];
    case ExprOp::Const:
      if (++depth > maxStack)
        return text("needs a stack of more than ", maxStack, " values");
      break;
    case ExprOp::Add:
    case ExprOp::Mul:
    case ExprOp::FloorDiv:
    case ExprOp::CeilDiv:
    case ExprOp::Mod:
    case ExprOp::Min:
    case ExprOp::Max:
      if (depth < 2)
        return "lacks an operand";
      --depth;
      break;
    default:
      return text("has the unknown operator ", int(node->op()));
    }
  }
  if (depth != 1)
    return text("leaves ", depth, " values instead of one");
  return std::nullopt;
}

bool isIdentifier(const flatbuffers::String *name) {
  if (!name || name->size() == 0 || name->size() > 1000)
    return false;
  for (char c : *name)
    if (!(c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
      return false;
  return !(name->Get(0) >= '0' && name->Get(0) <= '9');
}

} // namespace

int64_t evaluate(const format::Expr &expr, int64_t height, int64_t width, const std::string &what) {
  std::array<int64_t, maxStack> stack;
  size_t depth = 0;
  for (const format::ExprNode *node : *expr.nodes()) {
    switch (node->op()) {
    case ExprOp::Const:
      stack[depth++] = node->value();
      continue;
    case ExprOp::H:
      stack[depth++] = height;
      continue;
    case ExprOp::W:
      stack[depth++] = width;
      continue;
    default:
      break;
    }
    int64_t b = stack[--depth], a = stack[depth - 1], result = 0;
    bool overflow = false;
    switch (node->op()) {
    case ExprOp::Add:
      overflow = __builtin_add_overflow(a, b, &result);
      break;
    case ExprOp::Mul:
      overflow = __builtin_mul_overflow(a, b, &result);
      break;
    case ExprOp::Min:
      result = std::min(a, b);
      break;
    case ExprOp::Max:
      result = std::max(a, b);
      break;
    default: {
      if (b <= 0)
        fail(SRRT_BAD_PACKAGE, what, ": its size expression divides by ", b, " at height ", height,
             ", width ", width);
      int64_t quotient = a / b, remainder = a % b;
      if (node->op() == ExprOp::FloorDiv)
        result = quotient - (remainder < 0);
      else if (node->op() == ExprOp::CeilDiv)
        result = quotient + (remainder > 0);
      else
        result = remainder + (remainder < 0 ? b : 0);
      break;
    }
    }
    if (overflow)
      fail(SRRT_TOO_LARGE, what, ": its size exceeds 64 bits at height ", height, ", width ",
           width);
    stack[depth - 1] = result;
  }
  return stack[0];
}

size_t elementSize(ElementType type) {
  switch (type) {
  case ElementType::F32:
  case ElementType::I32:
    return 4;
  case ElementType::F16:
    return 2;
  case ElementType::U8:
    break;
  }
  return 1;
}

Package Package::open(const std::string &path) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0)
    fail(SRRT_FILE_ERROR, path, ": cannot be opened: ", std::strerror(errno));
  struct stat status;
  const char *reason = nullptr;
  void *address = nullptr;
  if (fstat(file, &status) != 0)
    reason = std::strerror(errno);
  else if (S_ISDIR(status.st_mode))
    reason = "it is a folder";
  else if (!S_ISREG(status.st_mode))
    reason = "it is not a regular file";
  else if (status.st_size > 0) {
    address = mmap(nullptr, size_t(status.st_size), PROT_READ, MAP_PRIVATE, file, 0);
    if (address == MAP_FAILED)
      reason = std::strerror(errno);
  }
  ::close(file);
  if (reason)
    fail(SRRT_FILE_ERROR, path, ": cannot be read: ", reason);
  Package package;
  package.fileName = path;
  package.bytes = static_cast<const uint8_t *>(address);
  package.size = size_t(status.st_size);
  package.mapped = address != nullptr;
  package.validate();
  return package;
}

Package Package::fromMemory(const void *data, size_t size, const std::string &name) {
  if (reinterpret_cast<uintptr_t>(data) % 8)
    fail(SRRT_INVALID_ARGUMENT, name, ": a package in memory must be aligned to 8 bytes");
  Package package;
  package.fileName = name;
  package.bytes = static_cast<const uint8_t *>(data);
  package.size = size;
  package.validate();
  return package;
}

Package::Package(Package &&other) noexcept
    : fileName(std::move(other.fileName)), bytes(other.bytes), size(other.size),
      mapped(std::exchange(other.mapped, false)), package(other.package),
      allRoutes(std::move(other.allRoutes)) {}

Package::~Package() {
  if (mapped)
    munmap(const_cast<uint8_t *>(bytes), size);
}

const Route *Package::route(PixelFormat input, PixelFormat output) const {
  for (const Route &route : allRoutes)
    if (route.input == input && route.output == output)
      return &route;
  return nullptr;
}

void Package::damaged(const std::string &reason) const {
  fail(SRRT_BAD_PACKAGE, fileName, ": ", reason);
}

void Package::validate() {
  // The file as a whole.
  if (size < headerSize || std::memcmp(bytes, "SRP1", 4) != 0)
    damaged("not a package of srcc (it does not begin with \"SRP1\")");
  uint32_t reserved;
  uint64_t checksum;
  std::memcpy(&reserved, bytes + 4, 4);
  std::memcpy(&checksum, bytes + 8, 8);
  if (reserved != 0)
    damaged("the header's reserved bytes are not 0");
  const uint8_t *content = bytes + headerSize;
  if (XXH64(content, size - headerSize, 0) != checksum)
    damaged("the checksum does not match: the file is cut off or damaged");
  if (size - headerSize < 8 || !format::PackageBufferHasIdentifier(content))
    damaged("the content is not a package (identifier SRPK)");
  flatbuffers::Verifier verifier(content, size - headerSize);
  if (!format::VerifyPackageBuffer(verifier))
    damaged("the content is not a well-formed FlatBuffer");
  package = format::GetPackage(content);
  const format::Package &root = *package;
  if (root.version() != knownVersion)
    damaged(
        text("format version ", root.version(), ", but this library reads version ", knownVersion));

  // The network.
  if (root.scale() < 1 || root.scale() > 64)
    damaged(text("scale ", root.scale(), " is not in 1..64"));
  if (root.color() > format::Color::MAX)
    damaged(text("unknown colour space ", int(root.color())));
  if (root.precision() > format::Precision::MAX)
    damaged(text("unknown precision ", int(root.precision())));
  if (!std::isfinite(root.low()) || !std::isfinite(root.high()) || !(root.low() < root.high()))
    damaged(text("value range ", root.low(), ":", root.high(), " is not a range"));
  bool colors = root.color() != format::Color::None;
  int channels = root.color() == format::Color::Y ? 1 : 3;
  if (colors && (root.in_channels() != channels || root.out_channels() != channels))
    damaged(text("a model on ", channels == 1 ? "y" : "rgb", " takes and gives ", channels,
                 " channels, not ", root.in_channels(), " and ", root.out_channels()));
  if (root.in_channels() < 1 || root.out_channels() < 1 || root.in_channels() > mostChannels ||
      root.out_channels() > mostChannels)
    damaged(text("channels ", root.in_channels(), " and ", root.out_channels(), " are not in 1..",
                 mostChannels));
  if (root.halo() < 0)
    damaged(text("halo ", root.halo(), " is negative"));
  if (root.alignment() < 0)
    damaged(text("alignment ", root.alignment(), " is negative"));

  // Buffers.
  auto &buffers = *root.buffers();
  for (uint32_t i = 0; i < buffers.size(); ++i) {
    const format::Buffer &buffer = *buffers[i];
    std::string what = text("buffer ", i, " \"", buffer.name()->c_str(), "\"");
    if (buffer.kind() > BufferKind::MAX)
      damaged(text(what, " is of unknown kind ", int(buffer.kind())));
    if (buffer.type() > ElementType::MAX)
      damaged(text(what, " is of unknown type ", int(buffer.type())));
    bool constant = buffer.kind() == BufferKind::Constant;
    if (auto reason = checkExpr(*buffer.elements(), constant))
      damaged(text(what, ": its size ", *reason));
    if (constant) {
      int64_t elements = evaluate(*buffer.elements(), 1, 1, text(fileName, ": ", what)), expected;
      uint64_t length = buffer.data() ? buffer.data()->size() : 0;
      if (elements < 0 ||
          __builtin_mul_overflow(elements, int64_t(elementSize(buffer.type())), &expected) ||
          length != uint64_t(expected))
        damaged(text(what, " has ", length, " bytes of data, but ", elements, " elements of ",
                     elementSize(buffer.type()), " bytes"));
    } else if (buffer.data()) {
      damaged(text(what, " has data but is no constant"));
    }
    bool picture = buffer.kind() == BufferKind::Input || buffer.kind() == BufferKind::Output;
    if (!picture) {
      if (buffer.format() != PixelFormat::None)
        damaged(text(what, " has a pixel format but is neither input nor output"));
    } else if (buffer.format() == PixelFormat::F32Planar
                   ? buffer.type() != ElementType::F32
                   : buffer.format() != PixelFormat::U8Interleaved ||
                         buffer.type() != ElementType::U8) {
      damaged(text(what, ": pixel format ", int(buffer.format()), " and type ", int(buffer.type()),
                   " do not go together"));
    }
    if (!colors && buffer.format() == PixelFormat::U8Interleaved)
      damaged(text(what, " has pixels of 8 bits, but the model has no colours"));
    if (buffer.image2d() &&
        (picture || (buffer.type() != ElementType::F32 && buffer.type() != ElementType::F16)))
      damaged(text(what, " is an image, but no intermediate or constant of F32 or F16"));
    for (uint32_t j = 0; picture && j < i; ++j)
      if (buffers[j]->kind() == buffer.kind() && buffers[j]->format() == buffer.format())
        damaged(text(what, " is a second ", buffer.kind() == BufferKind::Input ? "input" : "output",
                     " of the same format"));
  }

  // Launches.
  auto &launches = *root.launches();
  for (uint32_t i = 0; i < launches.size(); ++i) {
    const format::Launch &launch = *launches[i];
    if (!isIdentifier(launch.kernel()))
      damaged(text("launch ", i, ": its kernel's name is not an identifier"));
    std::string what = text("launch ", i, " of ", launch.kernel()->c_str());
    if (launch.program() >= root.programs()->size())
      damaged(text(what, " names program ", launch.program(), " of ", root.programs()->size()));
    uint32_t dimensions = launch.blocks()->size();
    if (dimensions < 1 || dimensions > 3 || launch.threads()->size() != dimensions)
      damaged(text(what, " has ", dimensions, " block and ", launch.threads()->size(),
                   " thread dimensions; 1 to 3 of each are possible"));
    for (auto *sizes : {launch.blocks(), launch.threads()})
      for (const format::Expr *expr : *sizes)
        if (auto reason = checkExpr(*expr, false))
          damaged(text(what, ": a launch size ", *reason));
    for (const format::Expr *expr : {launch.macs(), launch.bytes()})
      if (expr)
        if (auto reason = checkExpr(*expr, false))
          damaged(text(what, ": a cost ", *reason));
    if (launch.input() > PixelFormat::MAX || launch.output() > PixelFormat::MAX)
      damaged(text(what, " asks for an unknown pixel format"));
    auto &arguments = *launch.buffers();
    if (arguments.size() > maxArguments)
      damaged(text(what, " has more than ", maxArguments, " arguments"));
    for (uint32_t index : arguments)
      if (index >= buffers.size())
        damaged(text(what, " names buffer ", index, " of ", buffers.size()));
    auto isArgument = [&](uint32_t index) {
      return std::find(arguments.begin(), arguments.end(), index) != arguments.end();
    };
    std::vector<bool> used(buffers.size());
    for (auto *accesses : {launch.reads(), launch.writes()}) {
      if (!accesses)
        continue;
      for (uint32_t index : *accesses) {
        if (!isArgument(index))
          damaged(text(what, " reads or writes buffer ", index, ", which is not its argument"));
        BufferKind kind = buffers[index]->kind();
        if (accesses == launch.writes() &&
            (kind == BufferKind::Constant || kind == BufferKind::Input))
          damaged(text(what, " writes \"", buffers[index]->name()->c_str(),
                       "\", which is a constant or an input"));
        used[index] = true;
      }
    }
    for (uint32_t index : arguments)
      if (!used[index])
        damaged(text(what, " neither reads nor writes its argument \"",
                     buffers[index]->name()->c_str(), "\""));
  }

  // The recorded picture.
  if (const format::Golden *golden = root.golden()) {
    int64_t area = 0, scale = root.scale();
    if (golden->height() < 1 || golden->width() < 1 ||
        __builtin_mul_overflow(int64_t(golden->height()), int64_t(golden->width()), &area) ||
        area > (int64_t(1) << 24) ||
        golden->input()->size() != uint64_t(area * root.in_channels()) ||
        golden->output()->size() != uint64_t(area * root.out_channels() * scale * scale))
      damaged("the recorded picture's sizes do not fit together");
    if (!(golden->tolerance() >= 0) || !std::isfinite(golden->tolerance()))
      damaged("the recorded picture's tolerance is not a number");
  }
  findRoutes();
}

void Package::findRoutes() {
  auto &buffers = *package->buffers();
  auto &launches = *package->launches();
  std::string reason = "there is no input or no output buffer";
  for (PixelFormat in : {PixelFormat::F32Planar, PixelFormat::U8Interleaved})
    for (PixelFormat out : {PixelFormat::F32Planar, PixelFormat::U8Interleaved}) {
      Route route{in, out, UINT32_MAX, UINT32_MAX, {}};
      for (uint32_t i = 0; i < buffers.size(); ++i) {
        if (buffers[i]->kind() == BufferKind::Input && buffers[i]->format() == in)
          route.inputBuffer = i;
        if (buffers[i]->kind() == BufferKind::Output && buffers[i]->format() == out)
          route.outputBuffer = i;
      }
      if (route.inputBuffer == UINT32_MAX || route.outputBuffer == UINT32_MAX)
        continue;
      std::vector<bool> written(buffers.size());
      bool inputRead = false, possible = true;
      auto check = [&](uint32_t i, uint32_t index, bool write) {
        const format::Buffer &buffer = *buffers[index];
        auto refuse = [&](const char *why) {
          possible = false;
          reason = text("launch ", i, " of ", launches[i]->kernel()->c_str(),
                        write ? " writes \"" : " reads \"", buffer.name()->c_str(), "\", ", why);
        };
        if ((buffer.kind() == BufferKind::Input && index != route.inputBuffer) ||
            (buffer.kind() == BufferKind::Output && index != route.outputBuffer))
          return refuse("which is of another pixel format than the launch runs for");
        inputRead |= index == route.inputBuffer;
        if (write)
          written[index] = true;
        else if ((buffer.kind() == BufferKind::Temp || buffer.kind() == BufferKind::Output) &&
                 !written[index])
          refuse("which no earlier launch writes");
      };
      for (uint32_t i = 0; i < launches.size() && possible; ++i) {
        const format::Launch &launch = *launches[i];
        if ((launch.input() != PixelFormat::None && launch.input() != in) ||
            (launch.output() != PixelFormat::None && launch.output() != out))
          continue;
        route.launches.push_back(i);
        if (launch.reads())
          for (uint32_t index : *launch.reads())
            check(i, index, false);
        if (launch.writes())
          for (uint32_t index : *launch.writes())
            check(i, index, true);
      }
      if (possible && !inputRead)
        reason = "no launch reads the input", possible = false;
      if (possible && !written[route.outputBuffer])
        reason = "no launch writes the output", possible = false;
      if (possible)
        allRoutes.push_back(std::move(route));
    }
  if (allRoutes.empty())
    damaged("no launches lead from an input to an output: " + reason);
}

} // namespace srcc::runtime
