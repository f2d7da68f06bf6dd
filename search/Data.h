//===- Data.h - Training pictures -----------------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Picture folders held decoded in memory, with their low-resolution versions, and the
// random patches cut from them.
//
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_DATA_H
#define SRCC_SEARCH_DATA_H

#include "runtime/imaging/Image.h"

namespace srcc::search {

/// An RGB picture, its sides multiples of the scale, and its reduction by the scale.
struct PicturePair {
  imaging::Image high, low;
};

/// The pictures (PNG, JPEG) of the folders, ordered by folder and name, reduced as Matlab's
/// imresize does (imaging::downscale). Of a folder that holds DIV2K_train_HR or DIV2K_valid_HR, the
/// first of them that is there is read; the reductions of such a folder are taken from
/// DIV2K_train_LR_bicubic/X2 (0001x2.png of 0001.png; X3, X4 likewise) beside it, if that is there.
/// Throws std::runtime_error when a folder is missing or holds no picture, when a picture or a
/// reduction cannot be read or has another size, or when a side of its reduction is shorter than
/// \p leastLow.
std::vector<PicturePair> loadPictures(const std::vector<std::string> &folders, int scale,
                                      int leastLow);

/// Cuts random patches, each turned by one of the eight symmetries of the square. A batch depends
/// only on the seed and the step, so that a resumed training sees the batches it would have seen.
class PatchSampler {
public:
  /// \p pictures must outlive the sampler; both sides of each reduction are at least \p patch.
  PatchSampler(const std::vector<PicturePair> &pictures, int scale, int patch, int batch,
               uint64_t seed)
      : pictures(pictures), scale(scale), patch(patch), batch(batch), seed(seed) {}

  /// Fills \p low with batch x patch x patch x 3 values and \p high with
  /// batch x patch x patch x 3s^2 values in [0, 1]. A pixel of high holds what pixel shuffle
  /// spreads: channel c s^2 + dy s + dx is colour c at the offset (dy, dx); \p high may be
  /// null. \p taught, if given, is filled like high with the same places of the pictures given by
  /// teach().
  void sample(uint64_t step, float *low, float *high, float *taught = nullptr) const;
  /// What a teacher makes of the reductions, one picture of the size of PicturePair::high each;
  /// must outlive the sampler.
  void teach(const std::vector<imaging::Image> &pictures) { lessons = &pictures; }

private:
  const std::vector<PicturePair> &pictures;
  const std::vector<imaging::Image> *lessons = nullptr;
  int scale, patch, batch;
  uint64_t seed;
};

} // namespace srcc::search
#endif // SRCC_SEARCH_DATA_H
