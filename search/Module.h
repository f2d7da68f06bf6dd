//===- Module.h - Networks for LibTorch -----------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_MODULE_H
#define SRCC_SEARCH_MODULE_H

#include "search/Network.h"

#include <torch/torch.h>

namespace srcc::search {

/// A network with parameters that learn. A parameter is one float32 vector per convolution: from
/// random weights those of ConvShape::parameters, else weights and biases; so few tensors keep
/// the optimiser and the checkpoints quick. Weights outside a mask are zero and stay so.
class Module {
public:
  /// From random weights, under weight normalisation or in collapsible linear blocks, as each
  /// convolution says. Uniform, fan-in scaled, from torch's generator; the norms of filters are the
  /// gains that the network has, biases 0.
  explicit Module(Network network);
  /// Plain weights. Where a structure is not dense, the zeros of the weight are the mask; a filter
  /// that #sr.filter removes loses its bias, too.
  Module(Network network, const Weights &weights);

  const Network &network() const { return net; }
  bool reparameterised() const { return scratch; }
  /// Leaves that require gradients, one per convolution: [weights + filters] of plain ones, else
  /// [ConvShape::parameters].
  const std::vector<torch::Tensor> &parameters() const { return values; }
  const sparsity::Structure &structure(int conv) const { return layers[conv].structure; }
  /// Float32 [weights], 1 where a weight is kept; undefined without a mask.
  const torch::Tensor &mask(int conv) const { return layers[conv].mask; }

  /// [N, channels, H, W] in [0, 1] -> [N, channels, sH, sW]; \p chosen as in Network::select.
  torch::Tensor forward(const torch::Tensor &input, const std::vector<int> &chosen = {}) const;

  /// Computes one node from the results of its inputs; Op::Input from the picture in [0, 1]. Not
  /// for Op::Choice.
  torch::Tensor apply(int node, const std::vector<torch::Tensor> &inputs) const;

  /// The weights, normalisation folded, with \p values in place of the parameters (a moving
  /// average, for instance). Weights within a mask are not zero.
  Weights fold(const std::vector<torch::Tensor> &values) const;

private:
  struct Layer {
    ConvShape conv;
    bool scratch = false;
    torch::Tensor mask, biasMask; // undefined: all is kept
    sparsity::Structure structure;
  };
  struct FoldFunction;
  void findPairs();
  torch::autograd::variable_list foldedOf(int node) const; // weight and bias of a convolution

  Network net;
  bool scratch; // reparameterised, from random weights
  std::vector<Layer> layers;
  std::vector<torch::Tensor> values;
  // of a 1x1 convolution that can be computed together with the one before it: that one, else -1
  std::vector<int> pairs;
  std::vector<torch::Tensor> alive; // of a pair: the channels between that are not zero
};

} // namespace srcc::search
#endif // SRCC_SEARCH_MODULE_H
