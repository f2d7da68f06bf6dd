//===- Onnx.h - ONNX networks into the sr dialect -------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_FRONTEND_ONNX_H
#define SRCC_FRONTEND_ONNX_H

#include "dialects/sr/SR.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace srcc::onnx {

/// What an ONNX file does not say about a network, or says in a way the user wants otherwise.
struct OnnxOptions {
  /// Meaning of the channels; by default 1 channel is y and 3 are rgb.
  std::optional<sr::Color> color;
  /// Values of black and white; by default 0:255 if the network ends in a clip at 255, else 0:1.
  std::optional<std::pair<double, double>> range;
  /// Name of the function; by default the file's name without folder and extension.
  std::string name;
};

/// "rgb", "bgr" or "y"; failure for anything else.
mlir::FailureOr<sr::Color> parseColor(llvm::StringRef text);
/// "LO:HI", two finite numbers with LO < HI; failure for anything else.
mlir::FailureOr<std::pair<double, double>> parseRange(llvm::StringRef text);

/// Reads the ONNX file at `path` (opset 7 to 26, up to 1 GiB, external weights only from the file's
/// own folder) into a module with the attribute `sr.io` and one function on tensors 1xCxHxW with
/// dynamic H and W. Loads the sr and func dialects into `context`.
///
/// `notes` receives what was assumed, one sentence each: colour, range, scale, sizes declared fixed
/// but taken as dynamic, weights converted to f32. Without it they are emitted as remarks.
///
/// Errors (unreadable or damaged file, operator or attribute without equivalent, batch above 1,
/// scale that is not an integer of 1 or more) are diagnostics that name file, node, operator, opset
/// and the nearest supported form; the result is then null.
mlir::OwningOpRef<mlir::ModuleOp> importOnnx(llvm::StringRef path, mlir::MLIRContext *context,
                                             const OnnxOptions &options = {},
                                             std::vector<std::string> *notes = nullptr);

/// The same for a file that is already in memory; `path` is used for messages, for the default name
/// and to find external weights.
mlir::OwningOpRef<mlir::ModuleOp> importOnnx(llvm::StringRef bytes, llvm::StringRef path,
                                             mlir::MLIRContext *context,
                                             const OnnxOptions &options = {},
                                             std::vector<std::string> *notes = nullptr);

/// Registers the translation `--import-onnx` with its options `--onnx-color`, `--onnx-range` and
/// `--onnx-name` (LLVM has a `--color` of its own).
void registerOnnxImport();

} // namespace srcc::onnx

#endif // SRCC_FRONTEND_ONNX_H
