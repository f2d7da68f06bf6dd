//===- WidePair.cpp - The two 1x1 convolutions of a WDSR-B block ----------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "search/WidePair.h"

#include <algorithm>
#include <cstring>

// Compiled for each of these instruction sets; the loader chooses.
#define SRCC_CLONES [[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]]
#define SRCC_INLINE [[gnu::always_inline]] static inline

namespace srcc::search {
namespace {

typedef float Vector __attribute__((vector_size(32), aligned(4)));
constexpr int64_t lanes = 8;
constexpr int64_t tile = 24; // pixels

int64_t roundUp(int64_t n) { return (n + lanes - 1) / lanes * lanes; }

/// c[Rows x 8 Columns] += a b, where a is read at a[i * aRow + k * aStep].
template <int Rows, int Columns>
SRCC_INLINE void block(int64_t depth, const float *a, int64_t aRow, int64_t aStep, const float *b,
                       int64_t bRow, float *c, int64_t cRow) {
  Vector sum[Rows][Columns];
  for (int i = 0; i < Rows; ++i)
    for (int j = 0; j < Columns; ++j)
      sum[i][j] = *(const Vector *)(c + i * cRow + j * lanes);
  for (int64_t k = 0; k < depth; ++k) {
    Vector row[Columns];
    for (int j = 0; j < Columns; ++j)
      row[j] = *(const Vector *)(b + k * bRow + j * lanes);
    for (int i = 0; i < Rows; ++i) {
      float factor = a[i * aRow + k * aStep];
      for (int j = 0; j < Columns; ++j)
        sum[i][j] += factor * row[j];
    }
  }
  for (int i = 0; i < Rows; ++i)
    for (int j = 0; j < Columns; ++j)
      *(Vector *)(c + i * cRow + j * lanes) = sum[i][j];
}

template <int Columns>
SRCC_INLINE void columns(int64_t rows, int64_t depth, const float *a, int64_t aRow, int64_t aStep,
                         const float *b, int64_t bRow, float *c, int64_t cRow) {
  int64_t i = 0;
  for (; i + 6 <= rows; i += 6)
    block<6, Columns>(depth, a + i * aRow, aRow, aStep, b, bRow, c + i * cRow, cRow);
  for (; i + 2 <= rows; i += 2)
    block<2, Columns>(depth, a + i * aRow, aRow, aStep, b, bRow, c + i * cRow, cRow);
  for (; i < rows; ++i)
    block<1, Columns>(depth, a + i * aRow, aRow, aStep, b, bRow, c + i * cRow, cRow);
}

/// c[rows x cRow] += a b; the rows of b and c are cRow long, a multiple of the lanes.
SRCC_INLINE void product(int64_t rows, int64_t depth, const float *a, int64_t aRow, int64_t aStep,
                         const float *b, float *c, int64_t cRow) {
  int64_t j = 0;
  for (; j + 2 * lanes <= cRow; j += 2 * lanes)
    columns<2>(rows, depth, a, aRow, aStep, b + j, cRow, c + j, cRow);
  if (j < cRow)
    columns<1>(rows, depth, a, aRow, aStep, b + j, cRow, c + j, cRow);
}

/// Copies rows of n values into rows of another length, the rest being 0, or cut off.
void copyRows(int64_t rows, const float *from, int64_t fromRow, float *to, int64_t toRow) {
  int64_t n = std::min(fromRow, toRow);
  for (int64_t i = 0; i < rows; ++i) {
    std::memcpy(to + i * toRow, from + i * fromRow, n * sizeof(float));
    std::fill(to + i * toRow + n, to + (i + 1) * toRow, 0.0f);
  }
}

std::vector<float> padded(int64_t rows, const float *values, int64_t row, int64_t paddedRow) {
  std::vector<float> result(rows * paddedRow);
  copyRows(rows, values, row, result.data(), paddedRow);
  return result;
}

std::vector<float> transposed(int64_t rows, int64_t row, const float *values, int64_t paddedRow) {
  std::vector<float> result(row * paddedRow);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < row; ++j)
      result[j * paddedRow + i] = values[i * row + j];
  return result;
}

/// The wide vectors of a tile: relu(A x + a).
SRCC_INLINE void widen(int64_t n, int64_t in, int64_t wideRow, const float *x, const float *aT,
                       const float *biasA, float *h) {
  for (int64_t p = 0; p < n; ++p)
    std::memcpy(h + p * wideRow, biasA, wideRow * sizeof(float));
  product(n, in, x, in, 1, aT, h, wideRow);
  for (int64_t i = 0; i < n * wideRow; ++i)
    h[i] = h[i] > 0 ? h[i] : 0;
}

SRCC_INLINE void addRows(int64_t n, int64_t row, const float *values, float *sum) {
  for (int64_t p = 0; p < n; ++p)
    for (int64_t i = 0; i < row; ++i)
      sum[i] += values[p * row + i];
}

SRCC_CLONES
void forwardTile(int64_t n, int64_t in, int64_t wide, int64_t wideRow, int64_t outRow,
                 const float *x, const float *aT, const float *biasA, const float *bT,
                 const float *biasB, float *h, float *y) {
  widen(n, in, wideRow, x, aT, biasA, h);
  for (int64_t p = 0; p < n; ++p)
    std::memcpy(y + p * outRow, biasB, outRow * sizeof(float));
  product(n, wide, h, wideRow, 1, bT, y, outRow);
}

SRCC_CLONES
void backwardTile(int64_t n, int64_t in, int64_t wide, int64_t out, int64_t inRow, int64_t wideRow,
                  int64_t outRow, const float *x, const float *dy, const float *a, const float *aT,
                  const float *biasA, const float *b, float *h, float *dh, float *dx, float *daT,
                  float *dBiasA, float *dbT, float *dBiasB) {
  widen(n, in, wideRow, x, aT, biasA, h);
  product(wide, n, h, 1, wideRow, dy, dbT, outRow);
  addRows(n, outRow, dy, dBiasB);
  std::fill(dh, dh + n * wideRow, 0.0f);
  product(n, out, dy, outRow, 1, b, dh, wideRow);
  for (int64_t i = 0; i < n * wideRow; ++i)
    dh[i] = h[i] > 0 ? dh[i] : 0;
  product(in, n, x, 1, in, dh, daT, wideRow);
  addRows(n, wideRow, dh, dBiasA);
  std::fill(dx, dx + n * inRow, 0.0f);
  product(n, wide, dh, wideRow, 1, a, dx, inRow);
}

} // namespace

WidePair::WidePair(int64_t in, int64_t wide, int64_t out, const float *a, const float *biasA,
                   const float *b, const float *biasB)
    : in(in), wide(wide), out(out), inRow(roundUp(in)), wideRow(roundUp(wide)),
      outRow(roundUp(out)), a(padded(wide, a, in, inRow)),
      aTransposed(transposed(wide, in, a, wideRow)), biasA(padded(1, biasA, wide, wideRow)),
      b(padded(out, b, wide, wideRow)), bTransposed(transposed(out, wide, b, outRow)),
      biasB(padded(1, biasB, out, outRow)) {}

void WidePair::forward(int64_t pixels, const float *x, float *y) const {
  std::vector<float> h(tile * wideRow), rows(tile * outRow);
  for (int64_t p = 0; p < pixels; p += tile) {
    int64_t n = std::min(tile, pixels - p);
    forwardTile(n, in, wide, wideRow, outRow, x + p * in, aTransposed.data(), biasA.data(),
                bTransposed.data(), biasB.data(), h.data(), rows.data());
    copyRows(n, rows.data(), outRow, y + p * out, out);
  }
}

WidePair::Gradients WidePair::backward(int64_t pixels, const float *x, const float *dy,
                                       float *dx) const {
  std::vector<float> h(tile * wideRow), dh(tile * wideRow), dyRows(tile * outRow),
      dxRows(tile * inRow);
  std::vector<float> daT(in * wideRow), dBiasA(wideRow), dbT(wide * outRow), dBiasB(outRow);
  for (int64_t p = 0; p < pixels; p += tile) {
    int64_t n = std::min(tile, pixels - p);
    copyRows(n, dy + p * out, out, dyRows.data(), outRow);
    backwardTile(n, in, wide, out, inRow, wideRow, outRow, x + p * in, dyRows.data(), a.data(),
                 aTransposed.data(), biasA.data(), b.data(), h.data(), dh.data(), dxRows.data(),
                 daT.data(), dBiasA.data(), dbT.data(), dBiasB.data());
    copyRows(n, dxRows.data(), inRow, dx + p * in, in);
  }
  auto gradient = [](int64_t rows, int64_t row, const std::vector<float> &columns, int64_t length) {
    std::vector<float> full = transposed(row, length, columns.data(), row);
    full.resize(rows * row);
    return full;
  };
  dBiasA.resize(wide);
  dBiasB.resize(out);
  return {gradient(wide, in, daT, wideRow), dBiasA, gradient(out, wide, dbT, outRow), dBiasB};
}

} // namespace srcc::search
