//===- Onnx.cpp - The graph of an ONNX file -------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Reads the file, finds out which nodes the output needs and in which order, imports them, and says
// what the result is: scale, colour, range.
#include "frontend/OnnxImporter.h"

#include "mlir/IR/Remarks.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"

#include "onnx/onnx_pb.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace srcc;
using namespace srcc::onnx;

static constexpr int64_t minOpset = 7, maxOpset = 26;
static constexpr uint64_t maxFileBytes = uint64_t(1) << 30;
static constexpr int maxNodes = 1 << 17;

FailureOr<sr::Color> srcc::onnx::parseColor(StringRef text) {
  std::optional<sr::Color> color = sr::symbolizeColor(text);
  if (!color)
    return failure();
  return *color;
}

FailureOr<std::pair<double, double>> srcc::onnx::parseRange(StringRef text) {
  auto [low, high] = text.split(':');
  std::pair<double, double> range;
  if (low.getAsDouble(range.first) || high.getAsDouble(range.second) ||
      !std::isfinite(range.first) || !std::isfinite(range.second) || range.first >= range.second)
    return failure();
  return range;
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

Node::Node(const ::onnx::NodeProto &proto, int64_t opset, Location location)
    : proto(proto), opset(opset), location(location) {}

StringRef Node::op() const { return proto.op_type(); }
StringRef Node::name() const {
  if (!proto.name().empty())
    return proto.name();
  return proto.output_size() ? StringRef(proto.output(0)) : StringRef("?");
}
unsigned Node::inputs() const { return proto.input_size(); }
unsigned Node::outputs() const { return proto.output_size(); }
StringRef Node::input(unsigned i) const { return i < inputs() ? proto.input(i) : StringRef(); }
StringRef Node::output(unsigned i) const { return i < outputs() ? proto.output(i) : StringRef(); }

InFlightDiagnostic Node::error() const {
  return emitError(location) << "node '" << name() << "' (" << op() << ", opset " << opset << "): ";
}

bool Node::has(StringRef attribute) const {
  return llvm::any_of(proto.attribute(), [&](const auto &a) { return a.name() == attribute; });
}

const ::onnx::AttributeProto *Node::find(StringRef attribute, int kind) {
  for (const ::onnx::AttributeProto &a : proto.attribute()) {
    if (a.name() != attribute)
      continue;
    understood.insert(attribute);
    if (int(a.type()) == kind)
      return &a;
    // Files of the first IR versions leave the type out.
    if (a.type() == ::onnx::AttributeProto::UNDEFINED)
      return &a;
    mistyped = attribute.str();
  }
  return nullptr;
}

int64_t Node::getInt(StringRef attribute, int64_t otherwise) {
  auto *a = find(attribute, ::onnx::AttributeProto::INT);
  return a ? a->i() : otherwise;
}
float Node::getFloat(StringRef attribute, float otherwise) {
  auto *a = find(attribute, ::onnx::AttributeProto::FLOAT);
  return a ? a->f() : otherwise;
}
std::string Node::getString(StringRef attribute, StringRef otherwise) {
  auto *a = find(attribute, ::onnx::AttributeProto::STRING);
  return a ? a->s() : otherwise.str();
}
std::optional<SmallVector<int64_t>> Node::getInts(StringRef attribute) {
  auto *a = find(attribute, ::onnx::AttributeProto::INTS);
  if (!a)
    return std::nullopt;
  return SmallVector<int64_t>(a->ints().begin(), a->ints().end());
}
std::optional<SmallVector<float>> Node::getFloats(StringRef attribute) {
  auto *a = find(attribute, ::onnx::AttributeProto::FLOATS);
  if (!a)
    return std::nullopt;
  return SmallVector<float>(a->floats().begin(), a->floats().end());
}
const ::onnx::TensorProto *Node::getTensor(StringRef attribute) {
  auto *a = find(attribute, ::onnx::AttributeProto::TENSOR);
  return a ? &a->t() : nullptr;
}
void Node::ignore(std::initializer_list<StringRef> attributes) {
  for (StringRef attribute : attributes)
    understood.insert(attribute);
}

LogicalResult Node::checkAttributes() {
  if (!mistyped.empty())
    return error() << "attribute '" << mistyped << "' has a value of the wrong kind";
  for (const ::onnx::AttributeProto &a : proto.attribute())
    if (!understood.contains(a.name()))
      return error() << "attribute '" << a.name() << "' is not supported";
  return success();
}

//===----------------------------------------------------------------------===//
// The graph
//===----------------------------------------------------------------------===//

Importer::Importer(const ::onnx::ModelProto &model, StringRef path, MLIRContext *context,
                   const OnnxOptions &options, int64_t multiple, std::vector<std::string> &notes)
    : model(model), graph(model.graph()), path(path.str()), context(context), options(options),
      notes(notes), builder(context), sizes(context, multiple) {}

InFlightDiagnostic Importer::error() const {
  return emitError(FileLineColLoc::get(context, path, 0, 0));
}

void Importer::note(std::string text) {
  if (!llvm::is_contained(notes, text))
    notes.push_back(std::move(text));
}

LogicalResult Importer::checkModel() {
  bool found = false;
  for (const auto &import : model.opset_import())
    if (import.domain().empty() || import.domain() == "ai.onnx") {
      opset = import.version();
      found = true;
    }
  if (!model.has_graph() || graph.node_size() == 0)
    return error() << "the file holds no ONNX graph with nodes";
  if (!found)
    return error() << "the file names no opset of the standard operators";
  if (opset < minOpset || opset > maxOpset)
    return error() << "opset " << opset << " is not supported; export with opset " << minOpset
                   << " to " << maxOpset;
  if (graph.node_size() > maxNodes)
    return error() << "the graph has " << graph.node_size() << " nodes, at most " << maxNodes
                   << " are supported";
  if (graph.sparse_initializer_size())
    return error() << "sparse initializers are not supported; store the weights densely, zeros are "
                      "found again";
  if (graph.output_size() != 1)
    return error() << "a network has one output, this graph has " << graph.output_size();
  return success();
}

/// Indexes initialisers and nodes by the tensors they define; every name is defined once.
LogicalResult Importer::indexNodes() {
  for (const ::onnx::TensorProto &tensor : graph.initializer()) {
    if (tensor.name().empty())
      return error() << "an initializer has no name";
    if (!initialisers.try_emplace(tensor.name(), &tensor).second)
      return error() << "the name '" << tensor.name() << "' belongs to two initializers";
  }
  for (int i = 0; i < graph.node_size(); ++i)
    for (const std::string &output : graph.node(i).output()) {
      if (output.empty())
        continue;
      if (initialisers.contains(output) || tensors.contains(output))
        return error() << "the name '" << output
                       << "' belongs to a node and to an input or initializer";
      if (!producers.try_emplace(output, i).second)
        return error() << "the name '" << output << "' is the output of two nodes";
    }
  return success();
}

LogicalResult Importer::declareInput(func::FuncOp function) {
  const ::onnx::ValueInfoProto *input = nullptr;
  std::string names;
  int count = 0;
  for (const ::onnx::ValueInfoProto &info : graph.input()) {
    if (llvm::any_of(graph.initializer(),
                     [&](const auto &tensor) { return tensor.name() == info.name(); }))
      continue;
    input = &info;
    names += (count++ ? ", '" : "'") + info.name() + "'";
  }
  if (count != 1)
    return error() << "a network has one input besides its weights, this graph has " << count
                   << (count ? ": " + names : std::string())
                   << (count ? "; weights have to be initializers or constants" : "");

  using ::onnx::TensorProto;
  auto fail = [&]() -> InFlightDiagnostic {
    return error() << "input '" << input->name() << "': ";
  };
  const auto &type = input->type().tensor_type();
  switch (type.elem_type()) {
  case TensorProto::FLOAT:
    break;
  case TensorProto::FLOAT16:
  case TensorProto::BFLOAT16:
    hasHalf = true;
    break;
  case TensorProto::DOUBLE:
    hasDouble = true;
    break;
  default:
    return fail() << "elements are floating-point numbers, not ONNX type " << type.elem_type()
                  << "; pictures of bytes are converted by the runtime, not by the network";
  }
  if (!type.has_shape() || type.shape().dim_size() != 4)
    return fail() << "a picture has the shape 1 x channels x height x width, this input has rank "
                  << type.shape().dim_size();
  auto dim = [&](int i) -> std::optional<int64_t> {
    const auto &d = type.shape().dim(i);
    return d.has_dim_value() && d.dim_value() > 0 ? std::optional<int64_t>(d.dim_value())
                                                  : std::nullopt;
  };
  for (int i = 0; i < 4; ++i)
    if (dim(i) && *dim(i) > std::numeric_limits<int32_t>::max())
      return fail() << "dimension " << i << " is " << *dim(i) << ", sizes are below 2^31";
  if (!dim(0))
    note("the batch size is dynamic in the file and is taken as 1");
  else if (*dim(0) != 1)
    return fail() << "batch size " << *dim(0)
                  << " is not supported; export with batch size 1 or a dynamic batch";
  if (!dim(1))
    return fail() << "the number of channels has to be fixed";
  for (int i : {2, 3})
    if (dim(i) && *dim(i) % sizes.multiple)
      return fail() << "dimension " << i << " is " << *dim(i)
                    << ", the network needs a multiple of " << sizes.multiple;
  sizes.declaredHeight = dim(2);
  sizes.declaredWidth = dim(3);
  if (dim(2) || dim(3)) {
    auto text = [&](int i) { return dim(i) ? std::to_string(*dim(i)) : std::string("any"); };
    note("the file fixes the input's height x width to " + text(2) + " x " + text(3) +
         "; nothing in the network depends on it, so it is imported for any size");
  }

  Type map = sr::getMapType(context, {*dim(1), ShapedType::kDynamic, ShapedType::kDynamic});
  function.setFunctionType(builder.getFunctionType({map}, {map}));
  Location location = NameLoc::get(builder.getStringAttr(input->name()), function.getLoc());
  Block *block = builder.createBlock(&function.getBody(), {}, {map}, {location});
  builder.setInsertionPointToStart(block);
  tensors[input->name()] = makeMap(block->getArgument(0), sizes.height(), sizes.width());
  return success();
}

/// The nodes the output needs, producers first, otherwise in the order of the file.
LogicalResult Importer::orderNodes(std::vector<int> &order) {
  const std::string &output = graph.output(0).name();
  if (!producers.contains(output))
    return error() << "no node makes the output '" << output << "'";

  auto inputsOf = [&](int index) {
    SmallVector<StringRef> names;
    if (auto activation = findActivation(index))
      names.push_back(activation->input);
    else
      for (const std::string &input : graph.node(index).input())
        names.push_back(input);
    return names;
  };
  auto missing = [&](int index, StringRef input) -> LogicalResult {
    Node node(graph.node(index), opset, FileLineColLoc::get(context, path, 0, 0));
    return node.error() << "input '" << input << "' is made by no node";
  };

  // What is needed...
  std::vector<char> needed(graph.node_size(), false);
  std::vector<int> open = {producers[output]};
  needed[open.back()] = true;
  while (!open.empty()) {
    int index = open.back();
    open.pop_back();
    for (StringRef input : inputsOf(index)) {
      if (input.empty() || tensors.contains(input) || initialisers.contains(input))
        continue;
      auto producer = producers.find(input);
      if (producer == producers.end())
        return missing(index, input);
      if (!needed[producer->second]) {
        needed[producer->second] = true;
        open.push_back(producer->second);
      }
    }
  }
  // ... and in which order: depth first with a stack of its own, since chains are long.
  enum : char { New, Entered, Done };
  std::vector<char> state(graph.node_size(), New);
  for (int root = 0; root < graph.node_size(); ++root) {
    if (!needed[root] || state[root] != New)
      continue;
    open.push_back(root);
    while (!open.empty()) {
      int index = open.back();
      if (state[index] != New) {
        if (state[index] == Entered)
          order.push_back(index);
        state[index] = Done;
        open.pop_back();
        continue;
      }
      state[index] = Entered;
      for (StringRef input : inputsOf(index)) {
        auto producer = producers.find(input);
        if (producer == producers.end() || state[producer->second] == Done)
          continue;
        if (state[producer->second] == Entered)
          return error() << "the graph has a cycle through node '"
                         << Node(graph.node(index), opset, builder.getUnknownLoc()).name() << "'";
        open.push_back(producer->second);
      }
    }
  }
  return success();
}

/// True if the value is bounded by 255 through operations that only move pixels.
static bool isClippedTo255(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto clamp = dyn_cast<sr::ClampOp>(op))
      return clamp.getHigh().convertToFloat() == 255.0f;
    if (!isa<sr::PixelShuffleOp, sr::PixelUnshuffleOp, sr::SliceOp, sr::SplitOp>(op))
      return false;
    value = op->getOperand(0);
  }
  return false;
}

static std::string print(double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%g", value);
  return text;
}

LogicalResult Importer::finish(ModuleOp module, func::FuncOp function) {
  const std::string &name = graph.output(0).name();
  ::onnx::NodeProto output;
  output.set_op_type("output");
  output.set_name(name);
  output.add_input(name);
  Node node(output, opset, function.getLoc());
  auto map = getMap(node, 0);
  if (failed(map))
    return failure();
  auto inputType = cast<RankedTensorType>(function.getArgumentTypes()[0]);
  int64_t channels = inputType.getDimSize(1);
  func::ReturnOp::create(builder, function.getLoc(), map->value);
  function.setFunctionType(builder.getFunctionType({inputType}, {map->value.getType()}));
  // Exporters leave nodes behind, and patterns that were recognised leave their parts.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(function.front())))
    if (isOpTriviallyDead(&op))
      op.erase();

  std::optional<Ratio> scaleH = sizes.ratio(map->height, sizes.height());
  std::optional<Ratio> scaleW = sizes.ratio(map->width, sizes.width());
  if (!scaleH || !scaleW || scaleH->bottom != 1 || scaleW->bottom != 1 ||
      scaleH->top != scaleW->top)
    return error() << "an input of height h and width w gives an output of height "
                   << sizes.print(map->height) << " and width " << sizes.print(map->width)
                   << "; both have to be the same whole multiple (1 or more) of h and w";
  int64_t scale = scaleH->top;

  sr::Color color = channels == 1 ? sr::Color::Y : sr::Color::RGB;
  if (options.color)
    color = *options.color;
  else if (channels != 1 && channels != 3)
    return error() << "a picture has 1 channel (y) or 3 (rgb), the input has " << channels
                   << "; if they are no colours, say so: --color=none";
  bool clips = isClippedTo255(map->value);
  auto range = options.range.value_or(std::make_pair(0.0, clips ? 255.0 : 1.0));
  auto io = sr::IOAttr::getChecked([&] { return error(); }, context, scale, color,
                                   llvm::APFloat(range.first), llvm::APFloat(range.second));
  if (!io)
    return failure();
  if (!io.takesChannels(channels) || !io.takesChannels(map->channels))
    return error() << io.describeColor() << ", the input has " << channels << " and the output "
                   << map->channels << "; if they are no colours, say so: --color=none";
  module->setAttr("sr.io", io);
  note("scale " + std::to_string(scale) + ", from the sizes of input and output");
  note("color " + sr::stringifyColor(color).str() +
       (options.color ? ", as asked for"
                      : ", since the input has " + std::to_string(channels) +
                            (channels == 1 ? " channel" : " channels")));
  note("range " + print(range.first) + ":" + print(range.second) +
       (options.range ? ", as asked for"
        : clips       ? ", since the output is clipped at 255"
                      : ", since the output is not clipped at 255"));
  if (sizes.multiple > 1)
    note("height and width of the picture have to be multiples of " +
         std::to_string(sizes.multiple) + ", since the network splits them");
  if (hasHalf)
    note("16-bit floating-point numbers were converted to f32");
  if (hasDouble)
    note("64-bit floating-point numbers were converted to f32");
  return verify(module);
}

OwningOpRef<ModuleOp> Importer::run() {
  if (failed(checkModel()))
    return nullptr;
  Location location = FileLineColLoc::get(context, path, 0, 0);
  OwningOpRef<ModuleOp> module(ModuleOp::create(location));
  builder.setInsertionPointToStart(module->getBody());
  std::string name = options.name.empty() ? llvm::sys::path::stem(path).str() : options.name;
  if (name.empty() || name == "-")
    name = "net";
  for (char &c : name)
    if (!llvm::isAlnum(c) && c != '_')
      c = '_';
  auto function = func::FuncOp::create(builder, location, name, builder.getFunctionType({}, {}));
  std::vector<int> order;
  if (failed(declareInput(function)) || failed(indexNodes()) || failed(orderNodes(order)))
    return nullptr;
  for (int index : order)
    if (failed(importNode(index)))
      return nullptr;
  if (failed(finish(*module, function)))
    return nullptr;
  return module;
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

OwningOpRef<ModuleOp> srcc::onnx::importOnnx(StringRef bytes, StringRef path, MLIRContext *context,
                                             const OnnxOptions &options,
                                             std::vector<std::string> *notes) {
  context->loadDialect<sr::SRDialect, func::FuncDialect>();
  Location location = FileLineColLoc::get(context, path, 0, 0);
  if (bytes.size() > maxFileBytes) {
    emitError(location) << "the file has " << bytes.size() << " bytes, at most " << maxFileBytes
                        << " are supported";
    return nullptr;
  }
  ::onnx::ModelProto model;
  if (!model.ParseFromArray(bytes.data(), int(bytes.size()))) {
    emitError(location) << "the file is not an ONNX model, or it is damaged";
    return nullptr;
  }
  // A network that begins with pixel unshuffle is not for every size: the import is tried again
  // for sizes that are multiples of what did not divide. The first message is the one that helps.
  std::vector<std::string> taken;
  OwningOpRef<ModuleOp> module;
  std::vector<Diagnostic> messages;
  for (int64_t multiple = 1; !module;) {
    std::vector<Diagnostic> latest;
    ScopedDiagnosticHandler collect(context, [&](Diagnostic &diagnostic) {
      latest.push_back(std::move(diagnostic));
      return success();
    });
    taken.clear();
    Importer importer(model, path, context, options, multiple, taken);
    module = importer.run();
    if (messages.empty())
      messages = std::move(latest);
    int64_t next = std::lcm(multiple, importer.getMissedDivisor());
    if (next == multiple || next > maxMultiple)
      break;
    multiple = next;
  }
  if (!module) {
    for (Diagnostic &message : messages)
      context->getDiagEngine().emit(std::move(message));
    return nullptr;
  }
  for (const std::string &note : taken)
    remark::analysis(location, remark::RemarkOpts::name("Model").category("import")) << note;
  if (notes)
    *notes = std::move(taken);
  else
    for (const std::string &note : taken)
      emitRemark(location) << note;
  return module;
}

OwningOpRef<ModuleOp> srcc::onnx::importOnnx(StringRef path, MLIRContext *context,
                                             const OnnxOptions &options,
                                             std::vector<std::string> *notes) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file) {
    emitError(FileLineColLoc::get(context, path, 0, 0))
        << "cannot read the file: " << file.getError().message();
    return nullptr;
  }
  return importOnnx((*file)->getBuffer(), path, context, options, notes);
}

void srcc::onnx::registerOnnxImport() {
  namespace cl = llvm::cl;
  static cl::opt<std::string> color("onnx-color", cl::value_desc("rgb|bgr|y|none"),
                                    cl::desc("meaning of the channels of an imported network"));
  static cl::opt<std::string> range("onnx-range", cl::value_desc("LO:HI"),
                                    cl::desc("values of black and white of an imported network"));
  static cl::opt<std::string> name("onnx-name", cl::value_desc("name"),
                                   cl::desc("function name of an imported network"));
  TranslateToMLIRRegistration registration(
      "import-onnx", "import an ONNX network into the sr dialect",
      [](llvm::SourceMgr &sources, MLIRContext *context) -> OwningOpRef<Operation *> {
        const llvm::MemoryBuffer *file = sources.getMemoryBuffer(sources.getMainFileID());
        Location location = FileLineColLoc::get(context, file->getBufferIdentifier(), 0, 0);
        OnnxOptions options;
        options.name = name;
        if (!color.empty()) {
          auto parsed = parseColor(color);
          if (failed(parsed)) {
            emitError(location) << "--onnx-color is rgb, bgr, y or none, not '" << color << "'";
            return nullptr;
          }
          options.color = *parsed;
        }
        if (!range.empty()) {
          auto parsed = parseRange(range);
          if (failed(parsed)) {
            emitError(location) << "--onnx-range is LO:HI with LO below HI, not '" << range << "'";
            return nullptr;
          }
          options.range = *parsed;
        }
        auto module = importOnnx(file->getBuffer(), file->getBufferIdentifier(), context, options);
        return OwningOpRef<Operation *>(module.release());
      },
      [](DialectRegistry &registry) { registry.insert<sr::SRDialect, func::FuncDialect>(); });
}
