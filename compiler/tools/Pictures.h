//===- Pictures.h - Pictures in and out of the interpreter ----------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_COMPILER_TOOLS_PICTURES_H
#define SRCC_COMPILER_TOOLS_PICTURES_H

#include "dialects/sr/Interpreter.h"

namespace srcc {

/// Reads a NumPy file: little-endian float32, C order, of shape CxHxW or 1xCxHxW.
llvm::Expected<sr::Map> readNpy(llvm::StringRef path);
/// Writes a NumPy file of shape CxHxW; whole or not at all.
llvm::Error writeNpy(llvm::StringRef path, const sr::Map &map);

/// Reads a PNG file of any kind as 3 channels R, G, B from 0 to 255; alpha is laid over black.
llvm::Expected<sr::Map> readPng(llvm::StringRef path);
/// Writes 3 channels R, G, B from 0 to 255 (rounded and clipped) as a PNG file; whole or not at
/// all.
llvm::Error writePng(llvm::StringRef path, const sr::Map &rgb);

/// BT.601 with studio swing: R, G, B from 0 to 255 to Y, Cb, Cr (Y from 16 to 235, the others
/// around 128), unrounded; and back.
sr::Map rgbToYcbcr(const sr::Map &rgb);
sr::Map ycbcrToRgb(const sr::Map &ycbcr);

} // namespace srcc

#endif // SRCC_COMPILER_TOOLS_PICTURES_H
