//===- Network.h - Networks as graphs of convolutions ---------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What training, pruning, latency queries, checkpoints and emission share; free of LibTorch and
// MLIR. A supernet is such a graph, too: its choices name the results they choose among.
//
//===----------------------------------------------------------------------===//
#ifndef SRCC_SEARCH_NETWORK_H
#define SRCC_SEARCH_NETWORK_H

#include "compiler/passes/Sparsity.h"

#include <cstdint>
#include <string>
#include <vector>

namespace srcc::search {

/// One convolution, stride 1, zeros around that keep the size: name, filters, input channels,
/// kernel side.
struct ConvShape {
  std::string name;
  int64_t out = 1, in = 1, kernel = 1;
  /// The gain of each filter at the start, under weight normalisation.
  double gain = 1;
  /// While it learns from random weights: 0 under weight normalisation; else it is a collapsible
  /// linear block (SESR, Bhardwaj et al. 2022), a convolution to so many channels and a 1x1 behind
  /// it, whose product the weights are.
  int64_t hidden = 0;
  int64_t weights() const { return out * in * kernel * kernel; }
  /// Numbers that learn, from random weights: directions, gains and biases, or those of the linear
  /// block and biases.
  int64_t parameters() const {
    return hidden ? hidden * (in * kernel * kernel + out) + out : weights() + 2 * out;
  }
  sparsity::Shape shape() const { return {out, in, kernel, kernel, 1}; }
};

/// What a node computes of its inputs.
enum class Op {
  Input,     ///< the picture
  Conv,      ///< Node::conv
  Relu,      ///< max(x, 0)
  LeakyRelu, ///< x where x >= 0, else low x
  Clamp,     ///< min(max(x, low), high)
  Scale,     ///< high x + low
  Add,       ///< the sum of two
  Concat,    ///< channels of all inputs, in turn
  Shuffle,   ///< pixel shuffle by Network::scale, PyTorch's order of channels
  Choice,    ///< one of its inputs, all of one width; supernets alone have it
};

/// A node: its inputs are nodes before it.
struct Node {
  Op op = Op::Input;
  std::string name;
  std::vector<int> inputs = {};
  int conv = -1; ///< into Network::convs; Op::Conv alone
  float low = 0, high = 1;
};

/// Nodes in the order of computation; the first is the picture, the last the result.
struct Network {
  std::string name = "network";
  int64_t scale = 2;
  int64_t channels = 3;        ///< of the picture: 3, RGB
  double black = 0, white = 1; ///< values of the picture
  std::vector<Node> nodes;
  std::vector<ConvShape> convs;

  /// The channels of a node's result.
  int64_t width(int node) const;
  /// The choices in order.
  std::vector<int> choices() const;
  /// Of each convolution, whether pruning may touch it: not those that read the picture, nor those
  /// whose result reaches the output through additions, scalings and shuffles alone.
  std::vector<bool> prunable() const;
  /// The network in which every choice takes the input that \p chosen names (as many as choices());
  /// what is not needed is left out. \p kept gets the index that each convolution had here.
  Network select(const std::vector<int> &chosen, std::vector<int> *kept = nullptr) const;
  /// Multiply-adds of a pixel of the input, no choice left.
  int64_t macs() const;
  /// JSON, and back. Errors: std::runtime_error that says what is wrong.
  std::string toJson() const;
  static Network fromJson(const std::string &text);
};

/// Adds nodes at the end of a network; each returns its node. Names must differ.
class NetworkBuilder {
public:
  explicit NetworkBuilder(Network &network) : network(network) {}
  /// ConvShape::hidden of the convolutions wider than 1x1 that follow.
  int64_t hidden = 0;
  /// The picture, 3 channels.
  int input();
  /// A convolution with as many filters as \p out and a bias, zero padding that keeps the size;
  /// \p gain is what weight normalisation's g starts from.
  int conv(const std::string &name, int input, int64_t out, int64_t kernel, double gain = 1);
  int relu(const std::string &name, int input);
  /// input * factor + addend
  int scale(const std::string &name, int input, float factor, float addend);
  int add(const std::string &name, int a, int b);
  /// Pixel shuffle by the network's scale.
  int shuffle(const std::string &name, int input);
  /// One of the inputs: what a supernet chooses.
  int choice(const std::string &name, const std::vector<int> &inputs);
  /// Any other.
  int node(Node node);
  const Network &get() const { return network; }

private:
  Network &network;
};

/// A convolution with its weights, weight normalisation folded: OIHW and [O].
struct ConvWeights {
  std::vector<float> weight, bias;
  /// What the zeros of the weight promise.
  sparsity::Structure structure = {};
};
/// The weights of a network, one entry per convolution.
using Weights = std::vector<ConvWeights>;

/// Folds weight normalisation, W = g v / |v| per filter (Salimans and Kingma, 2016). \p parameters:
/// a direction v per filter (OIHW), a gain g per filter, a bias per filter; \p weight: OIHW.
void foldNorm(const ConvShape &conv, const float *parameters, float *weight);
/// The chain rule through foldNorm: from the gradients by the weight and the bias to the
/// gradient by the parameters, which is overwritten.
void foldNormGradient(const ConvShape &conv, const float *parameters, const float *weightGradient,
                      const float *biasGradient, float *gradient);

} // namespace srcc::search
#endif // SRCC_SEARCH_NETWORK_H
