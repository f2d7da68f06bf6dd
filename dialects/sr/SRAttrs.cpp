//===- SRAttrs.cpp - sr.io and the sparsity encodings ---------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/sr/SR.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace srcc::sr;

#define GET_ATTRDEF_CLASSES
#include "dialects/sr/SRAttrs.cpp.inc"

void SRDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/sr/SRAttrs.cpp.inc"
      >();
}

using EmitError = function_ref<InFlightDiagnostic()>;

//===----------------------------------------------------------------------===//
// sr.io
//===----------------------------------------------------------------------===//

/// The shortest text that reads back as this value, in the syntax of MLIR's float literals.
static std::string formatDouble(double value) {
  char text[40];
  for (int digits = 1; digits <= 17; ++digits) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    if (std::strtod(text, nullptr) == value)
      break;
  }
  StringRef shortest(text);
  if (shortest.contains('.'))
    return shortest.str();
  size_t exponent = std::min(shortest.find('e'), shortest.size());
  return (shortest.take_front(exponent) + ".0" + shortest.drop_front(exponent)).str();
}

Attribute IOAttr::parse(AsmParser &parser, Type) {
  int64_t scale = 0;
  double low = 0, high = 0;
  FailureOr<Color> color = failure();
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseKeyword("scale") || parser.parseEqual() ||
      parser.parseInteger(scale) || parser.parseComma() || parser.parseKeyword("color") ||
      parser.parseEqual())
    return {};
  color = FieldParser<Color>::parse(parser);
  if (failed(color) || parser.parseComma() || parser.parseKeyword("range") || parser.parseEqual() ||
      parser.parseFloat(low) || parser.parseColon() || parser.parseFloat(high) ||
      parser.parseGreater())
    return {};
  return parser.getChecked<IOAttr>(loc, parser.getContext(), scale, *color, APFloat(low),
                                   APFloat(high));
}

void IOAttr::print(AsmPrinter &printer) const {
  printer << "<scale = " << getScale() << ", color = " << stringifyColor(getColor())
          << ", range = " << formatDouble(getLow()) << " : " << formatDouble(getHigh()) << ">";
}

std::string IOAttr::describeColor() const {
  return ("color = " + stringifyColor(getColor()) + " means " +
          (!hasColor()              ? "any number of channels"
           : getColor() == Color::Y ? "1 channel"
                                    : "3 channels"))
      .str();
}

LogicalResult IOAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t scale, Color,
                             APFloat low, APFloat high) {
  if (scale < 1 || scale > 16) // io_c1
    return emitError() << "scale is between 1 and 16, not " << scale;
  if (!low.isFinite() || !high.isFinite() || !(low < high)) // io_c2
    return emitError() << "range needs two finite values, the lower first";
  return success();
}

//===----------------------------------------------------------------------===//
// Encodings: syntax and parameters
//===----------------------------------------------------------------------===//

/// `<` filters `x` channels `>`
static ParseResult parseBlock(AsmParser &parser, int64_t &filters, int64_t &channels) {
  SmallVector<int64_t> sizes;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() ||
      parser.parseDimensionList(sizes, /*allowDynamic=*/false, /*withTrailingX=*/false) ||
      parser.parseGreater())
    return failure();
  if (sizes.size() != 2)
    return parser.emitError(loc, "a block is <filters x channels>");
  filters = sizes[0];
  channels = sizes[1];
  return success();
}

static LogicalResult verifyBlock(EmitError emitError, int64_t filters, int64_t channels) {
  if (filters < 1 || channels < 1)
    return emitError() << "a block has at least 1 filter and 1 channel, not " << filters << "x"
                       << channels;
  return success();
}

Attribute BlockAttr::parse(AsmParser &parser, Type) {
  int64_t filters, channels;
  SMLoc loc = parser.getCurrentLocation();
  if (parseBlock(parser, filters, channels))
    return {};
  return parser.getChecked<BlockAttr>(loc, parser.getContext(), filters, channels);
}
void BlockAttr::print(AsmPrinter &printer) const {
  printer << "<" << getFilters() << "x" << getChannels() << ">";
}
LogicalResult BlockAttr::verify(EmitError emitError, int64_t filters, int64_t channels) {
  return verifyBlock(emitError, filters, channels); // block_c1
}

Attribute BCRAttr::parse(AsmParser &parser, Type) {
  int64_t filters, channels;
  SMLoc loc = parser.getCurrentLocation();
  if (parseBlock(parser, filters, channels))
    return {};
  return parser.getChecked<BCRAttr>(loc, parser.getContext(), filters, channels);
}
void BCRAttr::print(AsmPrinter &printer) const {
  printer << "<" << getFilters() << "x" << getChannels() << ">";
}
LogicalResult BCRAttr::verify(EmitError emitError, int64_t filters, int64_t channels) {
  return verifyBlock(emitError, filters, channels); // bcr_c1
}

/// A pattern as text: three rows of `x` (kept) and `.`, separated by `/`.
static std::string patternText(uint32_t pattern) {
  std::string text;
  for (int i = 0; i < 9; ++i) {
    if (i == 3 || i == 6)
      text += '/';
    text += pattern >> i & 1 ? 'x' : '.';
  }
  return text;
}

Attribute PatternAttr::parse(AsmParser &parser, Type) {
  SmallVector<uint32_t> library;
  int64_t keep = 0, shared = 1;
  SMLoc loc = parser.getCurrentLocation();
  auto parsePattern = [&]() -> ParseResult {
    std::string text;
    SMLoc at = parser.getCurrentLocation();
    if (parser.parseString(&text))
      return failure();
    uint32_t pattern = 0;
    bool good = text.size() == 11;
    for (size_t i = 0, bit = 0; good && i < text.size(); ++i) {
      if (i == 3 || i == 7)
        good = text[i] == '/';
      else if (text[i] == 'x')
        pattern |= 1u << bit++;
      else if (text[i] == '.')
        ++bit;
      else
        good = false;
    }
    if (!good)
      return parser.emitError(at, "a pattern is three rows of x and ., as \"xx./xx./...\"");
    library.push_back(pattern);
    return success();
  };
  if (parser.parseLess() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parsePattern) ||
      parser.parseComma() || parser.parseKeyword("keep") || parser.parseEqual() ||
      parser.parseInteger(keep))
    return {};
  if (succeeded(parser.parseOptionalComma()) &&
      (parser.parseKeyword("shared") || parser.parseEqual() || parser.parseInteger(shared)))
    return {};
  if (parser.parseGreater())
    return {};
  return parser.getChecked<PatternAttr>(loc, parser.getContext(), library, keep, shared);
}

void PatternAttr::print(AsmPrinter &printer) const {
  printer << "<[";
  llvm::interleaveComma(getLibrary(), printer,
                        [&](uint32_t pattern) { printer << '"' << patternText(pattern) << '"'; });
  printer << "], keep = " << getKeep() << ", shared = " << getShared() << ">";
}

LogicalResult PatternAttr::verify(EmitError emitError, ArrayRef<uint32_t> library, int64_t keep,
                                  int64_t shared) {
  if (library.empty()) // pattern_c1
    return emitError() << "a pattern library has at least one pattern";
  if (keep < 1 || keep > 9) // pattern_c2
    return emitError() << "keep is between 1 and 9, not " << keep;
  if (shared < 1) // pattern_c3
    return emitError() << "shared is at least 1, not " << shared;
  for (size_t i = 0; i < library.size(); ++i) {
    if (llvm::popcount(library[i]) != keep) // pattern_c4
      return emitError() << "pattern " << patternText(library[i]) << " keeps "
                         << llvm::popcount(library[i]) << " entries, not " << keep;
    if (!(library[i] >> 4 & 1)) // pattern_c5
      return emitError() << "pattern " << patternText(library[i]) << " does not keep the centre";
    if (llvm::is_contained(library.take_front(i), library[i])) // pattern_c6
      return emitError() << "pattern " << patternText(library[i]) << " is twice in the library";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Encodings: shape
//===----------------------------------------------------------------------===//

static LogicalResult verifyWeightShape(EmitError emitError, ArrayRef<int64_t> shape, Type element) {
  if (shape.size() != 4 || ShapedType::isDynamicShape(shape) || !element.isF32()) // encoding_c1
    return emitError() << "a sparsity encoding belongs to static weights FxCxKHxKWxf32";
  return success();
}

LogicalResult FilterAttr::verifyEncoding(ArrayRef<int64_t> shape, Type element,
                                         EmitError emitError) const {
  return verifyWeightShape(emitError, shape, element);
}
LogicalResult ChannelAttr::verifyEncoding(ArrayRef<int64_t> shape, Type element,
                                          EmitError emitError) const {
  return verifyWeightShape(emitError, shape, element);
}
LogicalResult BlockAttr::verifyEncoding(ArrayRef<int64_t> shape, Type element,
                                        EmitError emitError) const {
  return verifyWeightShape(emitError, shape, element);
}
LogicalResult BCRAttr::verifyEncoding(ArrayRef<int64_t> shape, Type element,
                                      EmitError emitError) const {
  if (failed(verifyWeightShape(emitError, shape, element)))
    return failure();
  if (shape[2] != 1 || shape[3] != 1) // bcr_c2
    return emitError() << "#sr.bcr belongs to 1x1 kernels, not " << shape[2] << "x" << shape[3];
  return success();
}
LogicalResult PatternAttr::verifyEncoding(ArrayRef<int64_t> shape, Type element,
                                          EmitError emitError) const {
  if (failed(verifyWeightShape(emitError, shape, element)))
    return failure();
  if (shape[2] != 3 || shape[3] != 3) // pattern_c7
    return emitError() << "#sr.pattern belongs to 3x3 kernels, not " << shape[2] << "x" << shape[3];
  return success();
}
LogicalResult UnstructuredAttr::verifyEncoding(ArrayRef<int64_t> shape, Type element,
                                               EmitError emitError) const {
  return verifyWeightShape(emitError, shape, element);
}

//===----------------------------------------------------------------------===//
// Encodings: content
//===----------------------------------------------------------------------===//

namespace {
/// Weights [F, C, kh, kw] seen as zeros and others.
struct Mask {
  ArrayRef<float> values;
  int64_t filters, channels, kh, kw;

  bool operator()(int64_t f, int64_t c, int64_t k) const {
    return values[(f * channels + c) * kh * kw + k] != 0.0f;
  }
  /// The kept entries of a kernel as bits; kernels of up to 32 entries.
  uint32_t kernel(int64_t f, int64_t c) const {
    uint32_t bits = 0;
    for (int64_t k = 0; k < kh * kw; ++k)
      bits |= uint32_t((*this)(f, c, k)) << k;
    return bits;
  }
};
} // namespace

static LogicalResult verifyFilters(EmitError emitError, const Mask &mask) {
  for (int64_t f = 0; f < mask.filters; ++f)
    for (int64_t c = 0; c < mask.channels; ++c)
      for (int64_t k = 0; k < mask.kh * mask.kw; ++k)
        if (mask(f, c, k) != mask(f, 0, 0)) // filter_c1
          return emitError() << "#sr.filter: filter " << f << " is neither zero nor free of zeros";
  return success();
}

static LogicalResult verifyChannels(EmitError emitError, const Mask &mask) {
  for (int64_t c = 0; c < mask.channels; ++c)
    for (int64_t f = 0; f < mask.filters; ++f)
      for (int64_t k = 0; k < mask.kh * mask.kw; ++k)
        if (mask(f, c, k) != mask(0, c, 0)) // channel_c1
          return emitError() << "#sr.channel: channel " << c
                             << " is neither zero nor free of zeros";
  return success();
}

/// Calls `verify(f0, f1, c0, c1)` for each block until one fails.
static LogicalResult
forEachBlock(const Mask &mask, int64_t filters, int64_t channels,
             function_ref<LogicalResult(int64_t, int64_t, int64_t, int64_t)> verify) {
  // Compared by remainder: a size near 2^63 does not overflow.
  for (int64_t f0 = 0; f0 < mask.filters;) {
    int64_t f1 = f0 + std::min(filters, mask.filters - f0);
    for (int64_t c0 = 0; c0 < mask.channels;) {
      int64_t c1 = c0 + std::min(channels, mask.channels - c0);
      if (failed(verify(f0, f1, c0, c1)))
        return failure();
      c0 = c1;
    }
    f0 = f1;
  }
  return success();
}

static LogicalResult verifyBlocks(EmitError emitError, const Mask &mask, BlockAttr encoding) {
  return forEachBlock(mask, encoding.getFilters(), encoding.getChannels(),
                      [&](int64_t f0, int64_t f1, int64_t c0, int64_t c1) -> LogicalResult {
                        for (int64_t k = 0; k < mask.kh * mask.kw; ++k)
                          for (int64_t f = f0; f < f1; ++f)
                            for (int64_t c = c0; c < c1; ++c)
                              if (mask(f, c, k) != mask(f0, c0, k)) // block_c2
                                return emitError()
                                       << "#sr.block: in the block of filters " << f0 << " to "
                                       << f1 - 1 << ", channels " << c0 << " to " << c1 - 1
                                       << ", position (" << k / mask.kw << ", " << k % mask.kw
                                       << ") is neither zero nor free of zeros";
                        return success();
                      });
}

static LogicalResult verifyColumnsRows(EmitError emitError, const Mask &mask, BCRAttr encoding) {
  return forEachBlock(mask, encoding.getFilters(), encoding.getChannels(),
                      [&](int64_t f0, int64_t f1, int64_t c0, int64_t c1) -> LogicalResult {
                        SmallVector<bool> rows(f1 - f0), columns(c1 - c0);
                        for (int64_t f = f0; f < f1; ++f)
                          for (int64_t c = c0; c < c1; ++c)
                            if (mask(f, c, 0))
                              rows[f - f0] = columns[c - c0] = true;
                        for (int64_t f = f0; f < f1; ++f)
                          for (int64_t c = c0; c < c1; ++c)
                            if (mask(f, c, 0) != (rows[f - f0] && columns[c - c0])) // bcr_c3
                              return emitError()
                                     << "#sr.bcr: in the block of filters " << f0 << " to "
                                     << f1 - 1 << ", channels " << c0 << " to " << c1 - 1
                                     << ", entry (" << f << ", " << c
                                     << ") is zero, but neither its row nor its column is";
                        return success();
                      });
}

static LogicalResult verifyPatterns(EmitError emitError, const Mask &mask, PatternAttr encoding) {
  int64_t shared = encoding.getShared();
  for (int64_t f = 0; f < mask.filters; ++f)
    for (int64_t c = 0; c < mask.channels; ++c) {
      uint32_t kernel = mask.kernel(f, c);
      if (kernel && !llvm::is_contained(encoding.getLibrary(), kernel)) // pattern_c8
        return emitError() << "#sr.pattern: kernel (" << f << ", " << c << ") keeps "
                           << patternText(kernel) << ", which is not in the library";
      int64_t first = f - f % shared;
      if (kernel != mask.kernel(first, c)) // pattern_c9
        return emitError() << "#sr.pattern: filters " << first << " and " << f
                           << " differ in channel " << c << ", but " << shared
                           << " consecutive filters share their patterns";
    }
  return success();
}

LogicalResult srcc::sr::verifyContent(EmitError emitError, RankedTensorType type,
                                      ArrayRef<float> values) {
  Attribute encoding = type.getEncoding();
  if (!encoding)
    return success();
  if (!isa<FilterAttr, ChannelAttr, BlockAttr, BCRAttr, PatternAttr, UnstructuredAttr>(
          encoding)) // encoding_c2
    return emitError() << "encoding " << encoding << " is not a sparsity encoding of sr";
  ArrayRef<int64_t> shape = type.getShape();
  Mask mask{values, shape[0], shape[1], shape[2], shape[3]};
  return llvm::TypeSwitch<Attribute, LogicalResult>(encoding)
      .Case([&](FilterAttr) { return verifyFilters(emitError, mask); })
      .Case([&](ChannelAttr) { return verifyChannels(emitError, mask); })
      .Case([&](BlockAttr block) { return verifyBlocks(emitError, mask, block); })
      .Case([&](BCRAttr bcr) { return verifyColumnsRows(emitError, mask, bcr); })
      .Case([&](PatternAttr pattern) { return verifyPatterns(emitError, mask, pattern); })
      .Default([](Attribute) { return success(); }); // unstructured
}
