//===- OnnxViews.cpp - Reshape and transpose ------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A reshaped or transposed map is kept as a view: per dimension the pieces of channels, height and
// width it runs over. When the view is used as a map again, its pieces tell what it is: the map
// itself, a pixel shuffle, a pixel unshuffle, or reordered channels.
#include "frontend/OnnxImporter.h"

#include "onnx/onnx_pb.h"

using namespace mlir;
using namespace srcc;
using namespace srcc::onnx;

AffineExpr Importer::getSize(ArrayRef<Piece> pieces) {
  AffineExpr size = sizes.constant(1);
  for (const Piece &piece : pieces)
    size = size * piece.size;
  return sizes.simplify(size);
}

SmallVector<AffineExpr> Importer::getDims(const Tensor &tensor) {
  AffineExpr one = sizes.constant(1);
  if (tensor.kind == Tensor::View) {
    SmallVector<AffineExpr> dims;
    for (const auto &pieces : tensor.pieces)
      dims.push_back(getSize(pieces));
    return dims;
  }
  SmallVector<AffineExpr> dims = {one, sizes.constant(tensor.channels), tensor.height,
                                  tensor.width};
  if (tensor.kind == Tensor::Moment || tensor.kind == Tensor::Squares) {
    bool rows = tensor.overRows || tensor.kind == Tensor::Squares;
    bool columns = tensor.overColumns || tensor.kind == Tensor::Squares;
    if (rows)
      dims[2] = one;
    if (columns)
      dims[3] = one;
    if (!tensor.keptDims) {
      if (columns)
        dims.erase(dims.begin() + 3);
      if (rows)
        dims.erase(dims.begin() + 2);
    }
  }
  return dims;
}

Tensor Importer::toView(const Tensor &map) {
  if (map.kind == Tensor::View)
    return map;
  Tensor view = map;
  view.kind = Tensor::View;
  AffineExpr one = sizes.constant(1);
  view.pieces.resize(4);
  auto add = [&](int d, Piece::Source source, AffineExpr size) {
    if (size != one)
      view.pieces[d].push_back({source, size, one});
  };
  add(1, Piece::Channels, sizes.constant(map.channels));
  add(2, Piece::Height, map.height);
  add(3, Piece::Width, map.width);
  return view;
}

/// Shape with the attributes start and end of opset 15.
LogicalResult Importer::importShape(Node &node) {
  auto input = getInput(node, 0);
  if (failed(input))
    return failure();
  SmallVector<AffineExpr> dims = getDims(*input);
  int64_t rank = dims.size(), start = node.getInt("start", 0), end = node.getInt("end", rank);
  auto clamp = [&](int64_t i) {
    return std::min(std::max<int64_t>(i < 0 ? i + rank : i, 0), rank);
  };
  start = clamp(start);
  end = std::max(start, clamp(end));
  std::vector<Number> numbers;
  for (int64_t d = start; d < end; ++d)
    numbers.push_back({dims[d], 1});
  return define(node, 0, makeNumbers(std::move(numbers), {end - start}, false));
}

//===----------------------------------------------------------------------===//
// Building views
//===----------------------------------------------------------------------===//

/// Takes the most significant `size` indices off a piece, which keeps the rest.
std::optional<Piece> Importer::splitMajor(Piece &piece, AffineExpr size) {
  // A constant size next to a symbolic piece: h = 224 as 224 / r x r keeps the symbol in front.
  if (auto declared = sizes.getDeclared(piece.size), wanted = sizes.getConstant(size);
      wanted && !sizes.getConstant(piece.size)) {
    if (declared && *wanted > 0 && *declared % *wanted == 0) {
      if (auto front = sizes.divide(piece.size, sizes.constant(*declared / *wanted)))
        size = *front;
    }
  }
  auto rest = sizes.divide(piece.size, size);
  if (!rest)
    return std::nullopt;
  Piece front = {piece.source, size, sizes.simplify(piece.stride * *rest)};
  piece.size = *rest;
  return front;
}

/// Takes the least significant `size` indices off a piece, which keeps the rest.
std::optional<Piece> Importer::splitMinor(Piece &piece, AffineExpr size) {
  auto rest = sizes.divide(piece.size, size);
  if (!rest)
    return std::nullopt;
  Piece back = {piece.source, size, piece.stride};
  piece.size = *rest;
  piece.stride = sizes.simplify(piece.stride * size);
  return back;
}

LogicalResult Importer::reshapeView(Node &node, Tensor view, std::vector<Number> target,
                                    bool allowZero) {
  AffineExpr one = sizes.constant(1);
  SmallVector<Piece> open;
  for (const auto &pieces : view.pieces)
    open.append(pieces.begin(), pieces.end());
  SmallVector<AffineExpr> dims = getDims(view), wanted;
  std::string text;
  std::optional<size_t> rest;
  for (auto [d, number] : llvm::enumerate(target)) {
    text += (d ? " x " : "") + sizes.print(number);
    AffineExpr size = number.top;
    if (number.bottom != 1)
      return node.error() << "size " << sizes.print(number) << " is not a whole number";
    if (auto value = sizes.getConstant(size)) {
      if (*value == 0 && !allowZero && d < dims.size())
        size = dims[d];
      else if (*value == -1 && !rest)
        rest = d;
      else if (*value < 1)
        return node.error() << "shape " << text << " is not possible";
    }
    wanted.push_back(size);
  }
  auto fail = [&]() -> LogicalResult {
    std::string from;
    for (auto [d, size] : llvm::enumerate(dims))
      from += (d ? " x " : "") + sizes.print(size);
    return node.error()
           << "reshaping " << from << " to " << text
           << " does not split and join whole dimensions; pixel shuffle (DepthToSpace) "
              "and its reverse are supported";
  };

  // Sizes before the open one take pieces from the front, sizes after it from the back.
  SmallVector<SmallVector<Piece>> result(wanted.size());
  size_t front = 0;
  auto take = [&](SmallVector<Piece> &pieces, AffineExpr size, bool fromBack) {
    while (!sizes.equal(size, one)) {
      if (front == open.size())
        return false;
      Piece &piece = fromBack ? open.back() : open[front];
      if (auto left = sizes.divide(size, piece.size); left || sizes.equal(size, piece.size)) {
        pieces.insert(fromBack ? pieces.begin() : pieces.end(), piece);
        size = left ? *left : one;
        if (fromBack)
          open.pop_back();
        else
          ++front;
        continue;
      }
      // A constant of the file that covers a symbolic piece and more: both at the declared size.
      auto value = sizes.getConstant(size), declared = sizes.getDeclared(piece.size);
      if (value && declared && !sizes.getConstant(piece.size) && *value % *declared == 0) {
        pieces.insert(fromBack ? pieces.begin() : pieces.end(), piece);
        size = sizes.constant(*value / *declared);
        if (fromBack)
          open.pop_back();
        else
          ++front;
        continue;
      }
      auto part = fromBack ? splitMinor(piece, size) : splitMajor(piece, size);
      if (!part)
        return false;
      pieces.insert(fromBack ? pieces.begin() : pieces.end(), *part);
      return true;
    }
    return true;
  };
  for (size_t d = 0; d < (rest ? *rest : wanted.size()); ++d)
    if (!take(result[d], wanted[d], false))
      return fail();
  if (rest) {
    for (size_t d = wanted.size(); --d > *rest;)
      if (!take(result[d], wanted[d], true))
        return fail();
    result[*rest].assign(open.begin() + front, open.end());
  } else if (front != open.size()) {
    return fail();
  }
  view.pieces = std::move(result);
  return define(node, 0, std::move(view));
}

LogicalResult Importer::importReshape(Node &node) {
  auto input = getInput(node, 0);
  if (failed(input))
    return failure();
  if (input->kind == Tensor::Moment || input->kind == Tensor::Squares) {
    auto map = getMap(node, 0);
    if (failed(map))
      return failure();
    *input = *map;
  }
  Tensor view = toView(*input);
  if (node.op() == "Flatten") {
    int64_t rank = view.pieces.size(), axis = node.getInt("axis", 1);
    if (axis < 0)
      axis += rank;
    if (axis < 0 || axis > rank)
      return node.error() << "axis is out of range";
    SmallVector<SmallVector<Piece>> pieces(2);
    for (int64_t d = 0; d < rank; ++d)
      pieces[d >= axis].append(view.pieces[d].begin(), view.pieces[d].end());
    view.pieces = std::move(pieces);
    return define(node, 0, std::move(view));
  }
  auto shape = getInput(node, 1);
  if (failed(shape))
    return failure();
  auto target = toNumbers(*shape);
  if (!target || target->size() > 16)
    return node.error()
           << "the shape has to be computed from constants and the sizes of the picture";
  return reshapeView(node, view, *target, node.getInt("allowzero", 0));
}

LogicalResult Importer::importTranspose(Node &node) {
  auto input = getInput(node, 0);
  if (failed(input))
    return failure();
  if (input->kind == Tensor::Moment || input->kind == Tensor::Squares)
    return node.error() << "transposing a partial mean is not supported";
  Tensor view = toView(*input);
  int64_t rank = view.pieces.size();
  auto perm = node.getInts("perm");
  if (!perm) {
    perm.emplace();
    for (int64_t d = rank - 1; d >= 0; --d)
      perm->push_back(d);
  }
  SmallVector<SmallVector<Piece>> pieces;
  SmallVector<bool> seen(rank, false);
  for (int64_t d : *perm) {
    if (d < 0 || d >= rank || seen[d])
      return node.error() << "perm is not a permutation of the " << rank << " dimensions";
    seen[d] = true;
    pieces.push_back(view.pieces[d]);
  }
  if (int64_t(pieces.size()) != rank)
    return node.error() << "perm is not a permutation of the " << rank << " dimensions";
  view.pieces = std::move(pieces);
  return define(node, 0, std::move(view));
}

LogicalResult Importer::importSqueeze(Node &node) {
  auto input = getInput(node, 0);
  if (failed(input))
    return failure();
  if (input->kind == Tensor::Moment || input->kind == Tensor::Squares) {
    if (!input->keptDims) {
      // torch writes mean(3, keepdim=False) ... unsqueeze: back to the kept form.
      auto axes = node.getInts("axes");
      if (!axes && !node.input(1).empty()) {
        auto values = getConstantInts(node, 1, "axes");
        if (failed(values))
          return failure();
        axes = *values;
      }
      Tensor kept = *input;
      kept.keptDims = true;
      SmallVector<AffineExpr> from = getDims(*input), to = getDims(kept);
      if (node.op() == "Unsqueeze" && axes && from.size() + axes->size() == to.size() &&
          llvm::all_of(*axes, [&](int64_t a) { return a < 0 ? a >= -2 : a >= 2; }))
        return define(node, 0, std::move(kept));
    }
    auto map = getMap(node, 0);
    if (failed(map))
      return failure();
    *input = *map;
  }
  Tensor view = toView(*input);
  int64_t rank = view.pieces.size();
  auto axes = node.getInts("axes");
  if (!axes && !node.input(1).empty()) {
    auto values = getConstantInts(node, 1, "axes");
    if (failed(values))
      return failure();
    axes = *values;
  }
  SmallVector<SmallVector<Piece>> pieces;
  if (node.op() == "Squeeze") {
    SmallVector<bool> drop(rank, false);
    for (int64_t d = 0; d < rank; ++d)
      drop[d] = !axes && view.pieces[d].empty();
    if (axes)
      for (int64_t axis : *axes) {
        auto d = getAxis(node, axis, rank);
        if (failed(d))
          return failure();
        if (!view.pieces[*d].empty())
          return node.error() << "dimension " << *d << " is "
                              << sizes.print(getSize(view.pieces[*d]))
                              << ", only 1 can be squeezed";
        drop[*d] = true;
      }
    for (int64_t d = 0; d < rank; ++d)
      if (!drop[d])
        pieces.push_back(view.pieces[d]);
  } else {
    if (!axes || rank + axes->size() > 16)
      return node.error() << "needs axes, and up to 16 dimensions";
    int64_t newRank = rank + axes->size(), old = 0;
    SmallVector<bool> isNew(newRank, false);
    for (int64_t axis : *axes) {
      auto d = getAxis(node, axis, newRank);
      if (failed(d))
        return failure();
      if (isNew[*d])
        return node.error() << "axis " << axis << " is there twice";
      isNew[*d] = true;
    }
    for (int64_t d = 0; d < newRank; ++d)
      pieces.push_back(isNew[d] ? SmallVector<Piece>() : view.pieces[old++]);
  }
  view.pieces = std::move(pieces);
  return define(node, 0, std::move(view));
}

//===----------------------------------------------------------------------===//
// Recognising views
//===----------------------------------------------------------------------===//

FailureOr<Tensor> Importer::permuteChannels(Node &node, const Tensor &map, ArrayRef<int64_t> from) {
  if (from.empty() || from.size() > 4096) {
    node.error() << "reorders " << from.size() << " channels, 1 to 4096 are supported";
    return failure();
  }
  SmallVector<Value> parts;
  for (size_t i = 0; i < from.size();) {
    size_t end = i + 1;
    while (end < from.size() && from[end] == from[end - 1] + 1)
      ++end;
    auto part = make<sr::SliceOp>(node, map.value,
                                  {attr("offset", from[i]), attr("size", int64_t(end - i))});
    if (failed(part))
      return failure();
    parts.push_back(*part);
    i = end;
  }
  if (parts.size() == 1)
    return makeMap(parts[0], map.height, map.width);
  auto value = make<sr::ConcatOp>(node, parts);
  if (failed(value))
    return failure();
  return makeMap(*value, map.height, map.width);
}

FailureOr<Tensor> Importer::materialise(Node &node, const Tensor &view) {
  AffineExpr one = sizes.constant(1);
  // Pieces that lie side by side in the map as well are one piece.
  SmallVector<SmallVector<Piece>> dims;
  for (const auto &pieces : view.pieces) {
    SmallVector<Piece> joined;
    for (const Piece &piece : pieces) {
      if (piece.size == one)
        continue;
      if (!joined.empty() && joined.back().source == piece.source &&
          sizes.equal(joined.back().stride, piece.stride * piece.size)) {
        joined.back().size = sizes.simplify(joined.back().size * piece.size);
        joined.back().stride = piece.stride;
        continue;
      }
      joined.push_back(piece);
    }
    dims.push_back(std::move(joined));
  }
  auto fail = [&]() -> FailureOr<Tensor> {
    std::string text;
    for (auto [d, pieces] : llvm::enumerate(view.pieces)) {
      text += d ? " x " : "";
      if (pieces.empty())
        text += "1";
      for (auto [i, piece] : llvm::enumerate(pieces))
        text += (i ? "*" : "") + sizes.print(piece.size) +
                (piece.source == Piece::Channels ? "(c)"
                 : piece.source == Piece::Height ? "(h)"
                                                 : "(w)");
    }
    node.error() << "reads a rearranged map of shape " << text
                 << ", which is no picture 1 x channels x height x width; supported are pixel "
                    "shuffle, its reverse (both in CRD and DCR order) and reordered channels";
    return failure();
  };
  // A vector 1 x C is a picture of one pixel.
  while (dims.size() < 4 && dims.size() >= 2)
    dims.emplace_back();
  if (dims.size() != 4 || !dims[0].empty())
    return fail();
  Tensor map = view;
  map.kind = Tensor::Map;
  map.pieces.clear();

  auto isWhole = [&](ArrayRef<Piece> pieces, Piece::Source source, AffineExpr size) {
    if (pieces.empty())
      return sizes.equal(size, one);
    return pieces.size() == 1 && pieces[0].source == source && sizes.equal(pieces[0].size, size);
  };
  ArrayRef<Piece> c = dims[1], h = dims[2], w = dims[3];
  bool wholeH = isWhole(h, Piece::Height, map.height);
  bool wholeW = isWhole(w, Piece::Width, map.width);
  auto isChannels = [&](ArrayRef<Piece> pieces) {
    return llvm::all_of(pieces, [&](const Piece &p) {
      return p.source == Piece::Channels && sizes.getConstant(p.size) &&
             sizes.getConstant(p.stride);
    });
  };
  auto constant = [&](AffineExpr e) { return *sizes.getConstant(e); };

  if (wholeH && wholeW && isChannels(c)) {
    if (isWhole(c, Piece::Channels, sizes.constant(map.channels)))
      return map;
    int64_t count = 1;
    for (const Piece &piece : c)
      count *= constant(piece.size);
    if (count != map.channels)
      return fail();
    SmallVector<int64_t> from;
    for (int64_t i = 0; i < count; ++i) {
      int64_t rest = i, at = 0;
      for (const Piece &piece : llvm::reverse(c)) {
        at += rest % constant(piece.size) * constant(piece.stride);
        rest /= constant(piece.size);
      }
      from.push_back(at);
    }
    return permuteChannels(node, map, from);
  }

  // Pixel shuffle: rows are (height, piece of r), columns (width, piece of r), both from channels.
  auto splitTail = [&](ArrayRef<Piece> pieces, Piece::Source source,
                       AffineExpr size) -> std::optional<Piece> {
    if (pieces.empty() || !isChannels(pieces.back()) || !isWhole(pieces.drop_back(), source, size))
      return std::nullopt;
    return pieces.back();
  };
  auto rows = splitTail(h, Piece::Height, map.height);
  auto columns = splitTail(w, Piece::Width, map.width);
  if (rows && columns && isChannels(c) && c.size() <= 1) {
    int64_t r = constant(rows->size), depth = c.empty() ? 1 : constant(c[0].size);
    int64_t strideC = c.empty() ? 0 : constant(c[0].stride);
    int64_t strideH = constant(rows->stride), strideW = constant(columns->stride);
    bool isCRD = strideW == 1 && strideH == r && (depth == 1 || strideC == r * r);
    bool isDCR = strideW == depth && strideH == r * depth && (depth == 1 || strideC == 1);
    if (constant(columns->size) != r || depth * r * r != map.channels || (!isCRD && !isDCR))
      return fail();
    auto order = isCRD ? sr::ShuffleOrder::CRD : sr::ShuffleOrder::DCR;
    auto value = make<sr::PixelShuffleOp>(
        node, map.value,
        {attr("scale", r), attr("order", sr::ShuffleOrderAttr::get(context, order))});
    if (failed(value))
      return failure();
    return makeMap(*value, sizes.simplify(map.height * r), sizes.simplify(map.width * r));
  }

  // PyTorch 1.1 exported the pixel shuffle of one channel with its pieces in the wrong order, so
  // that the r x r sub-pictures lie side by side instead of interleaved. The network stands for the
  // shuffle it was trained with; no upscaler yields tiles.
  if (c.empty() && h.size() == 2 && w.size() == 2 && isChannels(h[0]) && isChannels(w[0]) &&
      isWhole(h.drop_front(), Piece::Height, map.height) &&
      isWhole(w.drop_front(), Piece::Width, map.width)) {
    int64_t r = constant(h[0].size);
    if (constant(w[0].size) == r && r * r == map.channels && constant(h[0].stride) == r &&
        constant(w[0].stride) == 1) {
      auto value = make<sr::PixelShuffleOp>(node, map.value, attr("scale", r));
      if (failed(value))
        return failure();
      note("the file's Reshape and Transpose put " + std::to_string(r * r) +
           " sub-pictures side by side, a defect of PyTorch 1.1's exporter; they are taken as the "
           "pixel shuffle they stand for");
      return makeMap(*value, sizes.simplify(map.height * r), sizes.simplify(map.width * r));
    }
  }

  // Pixel unshuffle: rows and columns lost their least significant pieces to the channels.
  auto isHead = [&](ArrayRef<Piece> pieces, Piece::Source source, AffineExpr size, int64_t r) {
    auto divided = sizes.divide(size, sizes.constant(r));
    if (!divided)
      return false;
    if (pieces.empty())
      return sizes.equal(*divided, one);
    return pieces.size() == 1 && pieces[0].source == source &&
           sizes.equal(pieces[0].size, *divided);
  };
  auto isTail = [&](const Piece &piece, Piece::Source source) {
    return piece.source == source && piece.stride == one && sizes.getConstant(piece.size);
  };
  for (bool isCRD : {true, false}) {
    ArrayRef<Piece> tail = c;
    AffineExpr whole = sizes.constant(map.channels);
    size_t depths = map.channels == 1 ? 0 : 1;
    if (tail.size() != depths + 2)
      continue;
    ArrayRef<Piece> depth = isCRD ? tail.take_front(depths) : tail.take_back(depths);
    ArrayRef<Piece> cell = isCRD ? tail.drop_front(depths) : tail.drop_back(depths);
    if (!isWhole(depth, Piece::Channels, whole) || !isTail(cell[0], Piece::Height) ||
        !isTail(cell[1], Piece::Width))
      continue;
    int64_t r = constant(cell[0].size);
    if (constant(cell[1].size) != r || !isHead(h, Piece::Height, map.height, r) ||
        !isHead(w, Piece::Width, map.width, r))
      continue;
    auto order = isCRD ? sr::ShuffleOrder::CRD : sr::ShuffleOrder::DCR;
    auto value = make<sr::PixelUnshuffleOp>(
        node, map.value,
        {attr("scale", r), attr("order", sr::ShuffleOrderAttr::get(context, order))});
    if (failed(value))
      return failure();
    AffineExpr divisor = sizes.constant(r);
    return makeMap(*value, *sizes.divide(map.height, divisor), *sizes.divide(map.width, divisor));
  }
  return fail();
}
