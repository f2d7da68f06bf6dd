//===- PackageWriter.cpp - Writes model.srp -------------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/emit/PackageWriter.h"

#include "dialects/ocl/OCL.h"
#include "dialects/sr/SR.h"
#include "format/package_generated.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace srcc;

static_assert(llvm::endianness::native == llvm::endianness::little,
              "constants are written as they lie in memory");

namespace {

constexpr size_t headerSize = 16, alignment = 64;
/// What a FlatBuffer can hold, less some room for all that is no constant.
constexpr size_t mostConstants = (size_t(1) << 31) - (size_t(1) << 26);
/// What the runtime accepts of a size expression.
constexpr size_t mostNodes = 4096, mostDepth = 32;

template <typename T> using Offset = flatbuffers::Offset<T>;
template <typename T> using OffsetVector = Offset<flatbuffers::Vector<Offset<T>>>;

/// An affine expression as the package writes it: operands, then operator. Returns how many values
/// its evaluation holds at once.
size_t postfix(AffineExpr expr, std::vector<format::ExprNode> &nodes) {
  using Op = format::ExprOp;
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    nodes.emplace_back(Op::Const, constant.getValue());
    return 1;
  }
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    nodes.emplace_back(symbol.getPosition() == 0 ? Op::H : Op::W, 0);
    return 1;
  }
  auto binary = cast<AffineBinaryOpExpr>(expr);
  size_t lhs = postfix(binary.getLHS(), nodes), rhs = postfix(binary.getRHS(), nodes);
  Op op = Op::Add;
  if (expr.getKind() == AffineExprKind::Mul)
    op = Op::Mul;
  else if (expr.getKind() == AffineExprKind::FloorDiv)
    op = Op::FloorDiv;
  else if (expr.getKind() == AffineExprKind::CeilDiv)
    op = Op::CeilDiv;
  else if (expr.getKind() == AffineExprKind::Mod)
    op = Op::Mod;
  nodes.emplace_back(op, 0);
  return std::max(lhs, rhs + 1);
}

/// How many elements a buffer has for each pixel of a picture, whose sides most models can take.
int64_t elementsOfPixel(ocl::BufferOp op) {
  constexpr int64_t side = 240;
  AffineExpr size = getAffineConstantExpr(side, op.getContext());
  AffineExpr count = op.getElements().getResult(0).replaceSymbols({size, size});
  auto constant = dyn_cast<AffineConstantExpr>(simplifyAffineExpr(count, 0, 0));
  return constant ? constant.getValue() / (side * side) : 0;
}

/// The bytes of a constant's elements, in order; `storage` holds them if nothing else does.
FailureOr<ArrayRef<char>> constantBytes(ocl::BufferOp op, std::vector<char> &storage) {
  ElementsAttr value = *op.getValue();
  auto type = cast<ShapedType>(value.getType());
  size_t elementBytes = type.getElementTypeBitWidth() / 8;
  size_t size = type.getNumElements() * elementBytes;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return op.emitOpError("the resource ") << resource.getRawHandle().getKey() << " has no data";
    if (blob->getData().size() != size)
      return op.emitOpError("the resource ")
             << resource.getRawHandle().getKey() << " has " << blob->getData().size()
             << " bytes, but its elements take " << size;
    return blob->getData();
  }
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (!dense)
    return op.emitOpError("a value in a package is dense, but this is ") << value;
  ArrayRef<char> raw = dense.getRawData();
  if (!dense.isSplat())
    return raw;
  storage.reserve(size);
  while (storage.size() < size)
    storage.insert(storage.end(), raw.begin(), raw.begin() + elementBytes);
  return ArrayRef<char>(storage);
}

/// Builds the FlatBuffer of one package.
class Writer {
public:
  Writer(ModuleOp module, const PackageInfo &info) : module(module), info(info) {}
  LogicalResult build();
  ArrayRef<uint8_t> content() const { return {builder.GetBufferPointer(), builder.GetSize()}; }

private:
  FailureOr<Offset<format::Expr>> expr(Operation *op, AffineExpr affine);
  FailureOr<OffsetVector<format::Expr>> exprs(Operation *op, AffineMap map);
  FailureOr<Offset<format::Buffer>> buffer(ocl::BufferOp op);
  FailureOr<Offset<format::Launch>> launch(ocl::LaunchOp op);
  FailureOr<Offset<format::Program>> program(gpu::GPUModuleOp op);

  ModuleOp module;
  const PackageInfo &info;
  flatbuffers::FlatBufferBuilder builder;
  llvm::StringMap<uint32_t> bufferIndex, programIndex;
  size_t constants = 0; ///< bytes of constants so far
};

} // namespace

FailureOr<Offset<format::Expr>> Writer::expr(Operation *op, AffineExpr affine) {
  std::vector<format::ExprNode> nodes;
  if (postfix(affine, nodes) > mostDepth || nodes.size() > mostNodes)
    return op->emitOpError("a size expression is too long for a package");
  return format::CreateExpr(builder, builder.CreateVectorOfStructs(nodes));
}

FailureOr<OffsetVector<format::Expr>> Writer::exprs(Operation *op, AffineMap map) {
  std::vector<Offset<format::Expr>> offsets;
  for (AffineExpr result : map.getResults()) {
    FailureOr<Offset<format::Expr>> offset = expr(op, result);
    if (failed(offset))
      return failure();
    offsets.push_back(*offset);
  }
  return builder.CreateVector(offsets);
}

FailureOr<Offset<format::Buffer>> Writer::buffer(ocl::BufferOp op) {
  Offset<flatbuffers::Vector<uint8_t>> data;
  if (op.getKind() == ocl::BufferKind::Constant) {
    std::vector<char> storage;
    FailureOr<ArrayRef<char>> bytes = constantBytes(op, storage);
    if (failed(bytes))
      return failure();
    constants += bytes->size() + alignment;
    if (constants > mostConstants)
      return op.emitOpError("the constants of a package take at most 2 GB");
    // The FlatBuffer begins `headerSize` bytes into the file and is a multiple of `alignment` long;
    // positions in it are counted from its end.
    builder.ForceVectorAlignment(bytes->size() + alignment - headerSize, 1, alignment);
    data = builder.CreateVector(reinterpret_cast<const uint8_t *>(bytes->data()), bytes->size());
  }
  FailureOr<Offset<format::Expr>> elements = expr(op, op.getElements().getResult(0));
  if (failed(elements))
    return failure();
  format::ElementType type = op.getType().isF32()                 ? format::ElementType::F32
                             : op.getType().isF16()               ? format::ElementType::F16
                             : op.getType().isSignlessInteger(32) ? format::ElementType::I32
                                                                  : format::ElementType::U8;
  bufferIndex.try_emplace(op.getSymName(), bufferIndex.size());
  return format::CreateBuffer(builder, builder.CreateString(op.getSymName().str()),
                              static_cast<format::BufferKind>(op.getKind()), type, *elements,
                              static_cast<format::PixelFormat>(op.getFormat()), data,
                              op.getImage2d());
}

FailureOr<Offset<format::Launch>> Writer::launch(ocl::LaunchOp op) {
  FailureOr<OffsetVector<format::Expr>> blocks = exprs(op, op.getBlocks());
  FailureOr<OffsetVector<format::Expr>> threads = exprs(op, op.getThreads());
  if (failed(blocks) || failed(threads))
    return failure();
  std::vector<uint32_t> arguments, reads, writes;
  for (auto arg : op.getArgs().getAsRange<FlatSymbolRefAttr>())
    arguments.push_back(bufferIndex.lookup(arg.getValue()));
  for (int32_t i : op.getReads())
    reads.push_back(arguments[i]);
  for (int32_t i : op.getWrites())
    writes.push_back(arguments[i]);
  std::vector<std::string> layers;
  if (op.getLayers())
    for (auto layer : op.getLayers()->getAsRange<StringAttr>())
      layers.push_back(layer.str());
  Offset<format::Expr> counts[2];
  for (auto [count, map] :
       {std::pair(&counts[0], op.getMacs()), std::pair(&counts[1], op.getBytes())})
    if (map) {
      FailureOr<Offset<format::Expr>> offset = expr(op, map->getResult(0));
      if (failed(offset))
        return failure();
      *count = *offset;
    }
  auto program = programIndex.find(op.getKernel().getRootReference().getValue());
  if (program == programIndex.end())
    return op.emitOpError("launches ") << op.getKernel() << ", which is in no gpu.module";
  return format::CreateLaunch(
      builder, builder.CreateString(op.getKernel().getLeafReference().str()), program->second,
      *blocks, *threads, builder.CreateVector(arguments), builder.CreateVector(reads),
      builder.CreateVector(writes), static_cast<format::PixelFormat>(op.getInput()),
      static_cast<format::PixelFormat>(op.getOutput()), builder.CreateVectorOfStrings(layers),
      counts[0], counts[1]);
}

FailureOr<Offset<format::Program>> Writer::program(gpu::GPUModuleOp op) {
  std::string source;
  llvm::raw_string_ostream stream(source);
  if (failed(printOpenCL(op, stream, info.printer)))
    return failure();
  programIndex.try_emplace(op.getName(), programIndex.size());
  return format::CreateProgram(builder, builder.CreateString(op.getName().str()),
                               builder.CreateString(source),
                               builder.CreateString(info.buildOptions));
}

LogicalResult Writer::build() {
  auto io = module->getAttrOfType<sr::IOAttr>("sr.io");
  if (!io)
    return module.emitError("a package needs the module's attribute sr.io");
  auto plans = llvm::to_vector(module.getOps<ocl::ProgramOp>());
  if (plans.size() != 1)
    return module.emitError("a package needs one ocl.program, but there are ") << plans.size();

  std::vector<Offset<format::Program>> programs;
  bool half = false;
  for (auto op : module.getOps<gpu::GPUModuleOp>()) {
    FailureOr<Offset<format::Program>> offset = program(op);
    if (failed(offset))
      return failure();
    programs.push_back(*offset);
    half |= usesHalf(op);
  }
  std::vector<Offset<format::Buffer>> buffers;
  for (auto op : plans[0].getOps<ocl::BufferOp>()) {
    FailureOr<Offset<format::Buffer>> offset = buffer(op);
    if (failed(offset))
      return failure();
    buffers.push_back(*offset);
  }
  std::vector<Offset<format::Launch>> launches;
  for (auto op : plans[0].getOps<ocl::LaunchOp>()) {
    FailureOr<Offset<format::Launch>> offset = launch(op);
    if (failed(offset))
      return failure();
    launches.push_back(*offset);
  }
  Offset<format::Golden> golden;
  if (info.golden)
    golden = format::CreateGolden(
        builder, info.golden->height, info.golden->width, builder.CreateVector(info.golden->input),
        builder.CreateVector(info.golden->output), info.golden->tolerance);

  // Planes have one element a channel and pixel in, scale x scale out.
  auto channels = [&](ocl::BufferKind kind) -> int64_t {
    for (auto buffer : plans[0].getOps<ocl::BufferOp>())
      if (buffer.getKind() == kind && buffer.getFormat() == ocl::PixelFormat::F32Planar)
        return elementsOfPixel(buffer);
    return 0; // the runtime refuses it
  };
  auto producer = builder.CreateString(info.producer);
  auto model = builder.CreateString(plans[0].getSymName().str());
  auto target = builder.CreateString(info.target);
  auto bufferVector = builder.CreateVector(buffers);
  auto programVector = builder.CreateVector(programs);
  auto launchVector = builder.CreateVector(launches);
  format::PackageBuilder package(builder);
  package.add_producer(producer);
  package.add_model(model);
  package.add_scale(io.getScale());
  package.add_color(static_cast<format::Color>(io.getColor()));
  package.add_low(io.getLow());
  package.add_high(io.getHigh());
  package.add_in_channels(channels(ocl::BufferKind::Input));
  package.add_out_channels(channels(ocl::BufferKind::Output) / (io.getScale() * io.getScale()));
  package.add_precision(static_cast<format::Precision>(info.precision));
  package.add_target(target);
  package.add_needs_fp16(half);
  package.add_halo(info.halo);
  package.add_alignment(info.alignment);
  package.add_buffers(bufferVector);
  package.add_programs(programVector);
  package.add_launches(launchVector);
  package.add_golden(golden);
  format::FinishPackageBuffer(builder, package.Finish());
  return success();
}

static void writeFile(ArrayRef<uint8_t> content, raw_ostream &os) {
  char header[headerSize] = {'S', 'R', 'P', '1'};
  llvm::support::endian::write64le(header + 8, llvm::xxHash64(content));
  os.write(header, headerSize);
  os.write(reinterpret_cast<const char *>(content.data()), content.size());
}

LogicalResult srcc::writePackage(ModuleOp module, const PackageInfo &info, raw_ostream &os) {
  Writer writer(module, info);
  if (failed(writer.build()))
    return failure();
  writeFile(writer.content(), os);
  return success();
}

LogicalResult srcc::writePackage(ModuleOp module, const PackageInfo &info, StringRef path) {
  namespace fs = llvm::sys::fs;
  Writer writer(module, info);
  if (failed(writer.build()))
    return failure();
  auto problem = [&](const Twine &reason) {
    return emitError(FileLineColLoc::get(module.getContext(), path, 0, 0))
           << "cannot write: " << reason;
  };

  // What is there already and no file (a device, a pipe) is written to, not replaced.
  fs::file_status status;
  if (!fs::status(path, status) && status.type() != fs::file_type::regular_file) {
    std::error_code error;
    llvm::raw_fd_ostream os(path, error);
    if (!error)
      writeFile(writer.content(), os);
    os.close();
    if (error || (error = os.error())) {
      os.clear_error();
      return problem(error.message());
    }
    return success();
  }

  auto file = fs::TempFile::create(path + ".%%%%%%%%.tmp");
  if (!file)
    return problem(llvm::toString(file.takeError()));
  std::error_code error;
  {
    llvm::raw_fd_ostream os(file->FD, /*shouldClose=*/false);
    writeFile(writer.content(), os);
    os.flush();
    error = os.error();
    os.clear_error();
  }
  if (error) {
    llvm::consumeError(file->discard());
    return problem(error.message());
  }
  if (llvm::Error failed = file->keep(path))
    return problem(llvm::toString(std::move(failed)));
  return success();
}

void srcc::registerPackageEmission() {
  static TranslateFromMLIRRegistration registration(
      "emit-package", "write kernels and plan as a package (model.srp)",
      [](Operation *op, raw_ostream &os) -> LogicalResult {
        auto module = dyn_cast<ModuleOp>(op);
        if (!module)
          return op->emitError("--emit-package needs a module");
        PackageInfo info;
        info.producer = "srcc-translate";
        info.target = "any";
        return writePackage(module, info, os);
      },
      [](DialectRegistry &registry) {
        registry.insert<arith::ArithDialect, gpu::GPUDialect, math::MathDialect,
                        memref::MemRefDialect, ocl::OCLDialect, scf::SCFDialect, sr::SRDialect,
                        ub::UBDialect, vector::VectorDialect>();
      });
}
