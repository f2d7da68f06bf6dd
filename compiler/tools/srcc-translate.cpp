//===- srcc-translate.cpp - Importers, emitters and the interpreter -------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/emit/OpenCLPrinter.h"
#include "compiler/emit/PackageWriter.h"
#include "compiler/tools/Pictures.h"
#include "compiler/tools/Registration.h"
#include "dialects/sr/Interpreter.h"
#include "dialects/sr/ModelFile.h"
#include "frontend/Onnx.h"

#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;
using namespace srcc;
using namespace srcc::sr;

//===----------------------------------------------------------------------===//
// --interpret
//===----------------------------------------------------------------------===//

namespace {
llvm::cl::OptionCategory interpretCategory("--interpret: the reference interpreter");
llvm::cl::opt<std::string> input("input", llvm::cl::cat(interpretCategory),
                                 llvm::cl::desc("Picture to upscale: .npy (float32, CxHxW, in the "
                                                "model's own range) or .png"));
llvm::cl::opt<std::string> output("output", llvm::cl::cat(interpretCategory),
                                  llvm::cl::desc("Where the result goes: .npy or .png"));
llvm::cl::opt<std::string>
    windowText("window", llvm::cl::cat(interpretCategory),
               llvm::cl::desc("Compute only these pixels of the output: x,y,width,height"));
llvm::cl::opt<Precision> precision(
    "precision", llvm::cl::cat(interpretCategory), llvm::cl::init(Precision::F32),
    llvm::cl::desc("Where values are rounded"),
    llvm::cl::values(clEnumValN(Precision::F32, "f32", "single precision throughout"),
                     clEnumValN(Precision::F16S, "f16s", "feature maps are stored in f16"),
                     clEnumValN(Precision::F16, "f16",
                                "f16 arithmetic, as compiled code does it")));
} // namespace

static FailureOr<Window> parseWindow(StringRef text) {
  Window window;
  int64_t *fields[] = {&window.x, &window.y, &window.width, &window.height};
  for (int i = 0; i < 4; ++i)
    if ((i && !text.consume_front(",")) || text.consumeInteger(10, *fields[i]))
      return failure();
  if (!text.empty())
    return failure();
  return window;
}

static Map selectChannels(const Map &map, ArrayRef<int64_t> channels) {
  Map result(channels.size(), map.height, map.width);
  for (auto [i, c] : llvm::enumerate(channels))
    std::copy_n(map.values.begin() + c * map.height * map.width, map.height * map.width,
                result.values.begin() + i * map.height * map.width);
  return result;
}

static Map scaleValues(Map map, double factor, double offset) {
  for (float &value : map.values)
    value = float(value * factor + offset);
  return map;
}

/// Bicubic interpolation (a = -0.5) by the dialect's own resize.
static FailureOr<Map> upscaleBicubic(MLIRContext *context, const Map &map, int64_t scale,
                                     const InterpreterOptions &options) {
  OpBuilder builder(context);
  Location loc = builder.getUnknownLoc();
  auto type = getMapType(context, {map.channels, map.height, map.width});
  auto result = getMapType(context, {map.channels, map.height * scale, map.width * scale});
  OwningOpRef<func::FuncOp> function =
      func::FuncOp::create(loc, "bicubic", builder.getFunctionType({type}, {result}));
  builder.setInsertionPointToStart(function->addEntryBlock());
  Value upscaled = ResizeOp::create(builder, loc, function->getArgument(0), ResizeMode::Bicubic,
                                    ArrayRef<int64_t>{scale, 1}, ArrayRef<int64_t>{scale, 1},
                                    CoordinateMode::HalfPixel, NearestMode::RoundPreferFloor,
                                    llvm::APFloat(-0.5f), false);
  func::ReturnOp::create(builder, loc, upscaled);
  return interpret(*function, map, options);
}

static LogicalResult interpretModel(ModuleOp module) {
  auto error = [&](const Twine &message) {
    llvm::WithColor::error(llvm::errs(), "srcc-translate") << message << "\n";
    return failure();
  };
  if (input.empty() || output.empty())
    return error("--interpret needs --input and --output");
  InterpreterOptions options;
  options.precision = precision;
  if (!windowText.empty()) {
    auto window = parseWindow(windowText);
    if (failed(window))
      return error("--window is x,y,width,height, not " + windowText);
    options.window = *window;
  }
  func::FuncOp function = getModelFunction(module);
  if (!function)
    return error("--interpret needs a module of one function");
  bool pngIn = StringRef(input).ends_with(".png"), pngOut = StringRef(output).ends_with(".png");
  if ((!pngIn && !StringRef(input).ends_with(".npy")) ||
      (!pngOut && !StringRef(output).ends_with(".npy")))
    return error("--input and --output are .npy or .png files");
  auto io = module->getAttrOfType<IOAttr>("sr.io");
  if (pngIn || pngOut)
    if (failed(verifyModel(module)))
      return failure();
  if ((pngIn || pngOut) && !io.hasColor())
    return error("the model's channels are no colours: --input and --output are .npy files");

  llvm::Expected<Map> picture = pngIn ? readPng(input) : readNpy(input);
  if (!picture)
    return error(llvm::toString(picture.takeError()));
  // 0 to 255 becomes low to high.
  double step = io ? (io.getHigh() - io.getLow()) / 255 : 0;
  Map in = *picture, chroma;
  if (pngIn) {
    if (io.getColor() == Color::BGR) {
      in = selectChannels(in, {2, 1, 0});
    } else if (io.getColor() == Color::Y) {
      Map ycbcr = rgbToYcbcr(in);
      in = selectChannels(ycbcr, {0});
      chroma = selectChannels(ycbcr, {1, 2});
    }
    in = scaleValues(std::move(in), step, io.getLow());
  }
  FailureOr<Map> out = interpret(function, in, options);
  if (failed(out))
    return failure();
  if (pngOut) {
    *out = scaleValues(std::move(*out), 1 / step, -io.getLow() / step);
    if (io.getColor() == Color::BGR) {
      *out = selectChannels(*out, {2, 1, 0});
    } else if (io.getColor() == Color::Y && pngIn) {
      auto upscaled = upscaleBicubic(module.getContext(), chroma, io.getScale(), options);
      if (failed(upscaled))
        return failure();
      Map ycbcr(3, out->height, out->width);
      std::copy(upscaled->values.begin(), upscaled->values.end(),
                std::copy(out->values.begin(), out->values.end(), ycbcr.values.begin()));
      *out = ycbcrToRgb(ycbcr);
    } else if (io.getColor() == Color::Y) {
      *out = selectChannels(*out, {0, 0, 0}); // luma alone: gray
    }
  }
  if (llvm::Error failure = pngOut ? writePng(output, *out) : writeNpy(output, *out))
    return error("cannot write " + llvm::toString(std::move(failure)));
  return success();
}

int main(int argc, char **argv) {
  hideLLVMOptions(interpretCategory);
  onnx::registerOnnxImport();
  registerOpenCLEmission();
  registerPackageEmission();
  TranslateFromMLIRRegistration registerInterpret(
      "interpret", "run a model of sr operations on a picture: the reference for every lowering",
      [](Operation *op, raw_ostream &) -> LogicalResult {
        auto module = dyn_cast<ModuleOp>(op);
        if (!module)
          return op->emitError("--interpret needs a module");
        return interpretModel(module);
      },
      [](DialectRegistry &registry) { registerDialects(registry); });
  TranslateFromMLIRRegistration registerCheck(
      "check-model", "verify the rules of a whole model (docs/spec.md)",
      [](Operation *op, raw_ostream &) -> LogicalResult {
        auto module = dyn_cast<ModuleOp>(op);
        return module ? verifyModel(module) : op->emitError("a model is a module");
      },
      [](DialectRegistry &registry) { registerDialects(registry); });
  return failed(mlirTranslateMain(
      argc, argv,
      "Importers, emitters and the reference interpreter, one by one.\n\n"
      "  srcc-translate --import-onnx model.onnx -o model.mlir\n"
      "  srcc-translate --check-model model.mlir\n"
      "  srcc-translate --interpret model.mlir --input=photo.png --output=large.png\n"));
}
