//===- Emit.cpp - What Halide's code is written as ------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/halide/Emit.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

using namespace mlir;
using namespace srcc::halide;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

/// Texts of compiled.h and library.c.
static const std::pair<const char *, const char *> sources[] = {
#include "compiler/halide/Sources.inc"
};

static llvm::Error problem(const Twine &text) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), text);
}

/// A folder for the files on their way; removed with what is in it.
namespace {
class Scratch {
public:
  ~Scratch() {
    if (!folder.empty())
      (void)fs::remove_directories(folder);
  }
  llvm::Error make() {
    if (std::error_code error = fs::createUniqueDirectory("srcc-halide", folder))
      return problem("cannot make a temporary folder: " + error.message());
    return llvm::Error::success();
  }
  std::string file(const Twine &name) const { return (folder + "/" + name).str(); }

private:
  SmallString<128> folder;
};
} // namespace

static llvm::Expected<std::string> readFile(const std::string &name) {
  auto buffer = llvm::MemoryBuffer::getFile(name);
  if (!buffer)
    return problem("cannot read " + name + ": " + buffer.getError().message());
  return (*buffer)->getBuffer().str();
}

static llvm::Error writeFile(StringRef name, StringRef content) {
  llvm::Error error = llvm::writeToOutput(name, [&](llvm::raw_ostream &os) -> llvm::Error {
    os << content;
    return llvm::Error::success();
  });
  if (error)
    return problem("cannot write " + llvm::toString(std::move(error)));
  return llvm::Error::success();
}

/// A file made elsewhere takes its place whole.
static llvm::Error moveFile(const std::string &from, StringRef to, bool executable = false) {
  auto content = readFile(from);
  if (!content)
    return content.takeError();
  if (llvm::Error error = writeFile(to, *content))
    return error;
  if (executable)
    if (auto permissions = fs::getPermissions(to))
      (void)fs::setPermissions(to, *permissions | fs::owner_exe | fs::group_exe | fs::others_exe);
  return llvm::Error::success();
}

namespace {
/// Loads and stores of three elements are never aligned. Where Halide finds the index to be a
/// multiple of three, it writes ((float3 *)p)[index / 3], but a float3 of OpenCL takes as much
/// memory as a float4. Without alignment it writes vload3 and vstore3.
class TriplesUnaligned : public Halide::Internal::IRMutator {
  using Halide::Internal::IRMutator::visit;

  Halide::Expr visit(const Halide::Internal::Load *load) override {
    Halide::Expr same = IRMutator::visit(load);
    load = same.as<Halide::Internal::Load>();
    if (!load || load->type.lanes() != 3)
      return same;
    return Halide::Internal::Load::make(load->type, load->name, load->index, load->image,
                                        load->param, load->predicate, {});
  }

  Halide::Internal::Stmt visit(const Halide::Internal::Store *store) override {
    Halide::Internal::Stmt same = IRMutator::visit(store);
    store = same.as<Halide::Internal::Store>();
    if (!store || store->value.type().lanes() != 3)
      return same;
    return Halide::Internal::Store::make(store->name, store->value, store->index, store->param,
                                         store->predicate, {});
  }
};
} // namespace

static void compileTo(Replayed &replayed, std::map<Halide::OutputFileType, std::string> files,
                      StringRef function, const Halide::Target &target) {
  Halide::Pipeline pipeline(replayed.output);
  if (target.has_gpu_feature())
    pipeline.add_custom_lowering_pass(new TriplesUnaligned);
  pipeline.compile_to(files, {replayed.input}, function.str(), target);
}

llvm::Error srcc::halide::writeObject(Replayed &replayed, StringRef function,
                                      const Halide::Target &target, StringRef name) {
  Scratch scratch;
  if (llvm::Error error = scratch.make())
    return error;
  std::string object = scratch.file("model.o"), header = scratch.file("model.h");
  compileTo(replayed,
            {{Halide::OutputFileType::object, object}, {Halide::OutputFileType::c_header, header}},
            function, target);
  SmallString<128> headerName(name);
  path::replace_extension(headerName, "h");
  if (llvm::Error error = moveFile(header, headerName))
    return error;
  return moveFile(object, name);
}

/// The affine expression in C, over H and W.
static std::string inC(AffineExpr e) {
  if (auto constant = dyn_cast<AffineConstantExpr>(e))
    return std::to_string(constant.getValue());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(e))
    return symbol.getPosition() ? "(W)" : "(H)";
  auto binary = cast<AffineBinaryOpExpr>(e);
  std::string a = inC(binary.getLHS()), b = inC(binary.getRHS());
  switch (e.getKind()) {
  case AffineExprKind::Add:
    return "(" + a + " + " + b + ")";
  case AffineExprKind::Mul:
    return "(" + a + " * " + b + ")";
  case AffineExprKind::FloorDiv:
    return "(" + a + " / " + b + ")";
  case AffineExprKind::CeilDiv:
    return "((" + a + " + " + b + " - 1) / " + b + ")";
  default:
    return "(" + a + " % " + b + ")";
  }
}

static std::string quoted(StringRef text) {
  std::string result = "\"";
  llvm::raw_string_ostream os(result);
  for (char c : text)
    if (llvm::isPrint(c) && c != '"' && c != '\\' && c != '?')
      os << c;
    else
      os << '\\' << llvm::format("%03o", static_cast<unsigned char>(c));
  return result + "\"";
}

/// Where Halide's headers are: beside the library that this process runs with.
static std::string halideHeaders() {
  Dl_info info;
  std::string folder;
  if (dladdr(reinterpret_cast<void *>(&Halide::get_host_target), &info) && info.dli_fname) {
    SmallString<256> real;
    if (!fs::real_path(info.dli_fname, real))
      folder = (path::parent_path(path::parent_path(real)) + "/include").str();
  }
  return folder;
}

static llvm::Expected<std::string> cCompiler() {
  std::vector<std::string> names{"cc", "clang-22", "clang", "gcc"};
  if (auto given = llvm::sys::Process::GetEnv("CC"); given && !given->empty())
    names = {*given};
  for (const std::string &name : names)
    if (auto found = llvm::sys::findProgramByName(name))
      return *found;
  return problem("a shared library needs a C compiler, and there is no " + llvm::join(names, ", ") +
                 " in PATH; install one, set CC, or write an object (-o model.o)");
}

llvm::Error srcc::halide::writeLibrary(Replayed &replayed, sched::PipelineOp pipeline,
                                       StringRef function, const Halide::Target &target,
                                       const ModelInfo &info, StringRef name) {
  auto compiler = cCompiler();
  if (!compiler)
    return compiler.takeError();
  Scratch scratch;
  if (llvm::Error error = scratch.make())
    return error;
  std::string object = scratch.file("model.o"), library = scratch.file("model.so");
  compileTo(replayed, {{Halide::OutputFileType::object, object}}, function,
            target.with_feature(Halide::Target::UserContext));

  AffineExpr macs = getAffineConstantExpr(0, pipeline.getContext());
  for (auto stage : pipeline.getOps<sched::StageOp>())
    if (auto map = stage.getMacs())
      macs = macs + map->getResult(0);
  std::string producer =
      "srcc " SRCC_VERSION " with Halide " + std::to_string(HALIDE_VERSION_MAJOR) + "." +
      std::to_string(HALIDE_VERSION_MINOR) + "." + std::to_string(HALIDE_VERSION_PATCH);
  std::string text;
  llvm::raw_string_ostream os(text);
  auto number = [](double v) {
    std::string text;
    llvm::raw_string_ostream(text) << llvm::format("%.9ef", v);
    return text;
  };
  os << "#define SRCC_FUNCTION " << function << "\n#define SRCC_NAME "
     << quoted(pipeline.getSymName()) << "\n#define SRCC_PRODUCER " << quoted(producer)
     << "\n#define SRCC_TARGET " << quoted(target.to_string()) << "\n#define SRCC_SCALE "
     << info.io.getScale() << "\n#define SRCC_COLOR " << int(info.io.getColor())
     << "\n#define SRCC_LOW " << number(info.io.getLow()) << "\n#define SRCC_HIGH "
     << number(info.io.getHigh()) << "\n#define SRCC_CHANNELS_IN " << replayed.inputChannels
     << "\n#define SRCC_CHANNELS_OUT " << replayed.outputChannels << "\n#define SRCC_PRECISION "
     << info.precision << "\n#define SRCC_HALO " << (info.field ? info.field->radius : 0)
     << "\n#define SRCC_ALIGNMENT " << (info.field ? info.field->alignment : 0)
     << "\n#define SRCC_OUTPUT_HEIGHT(H, W) " << inC(replayed.outputExtents.getResult(1))
     << "\n#define SRCC_OUTPUT_WIDTH(H, W) " << inC(replayed.outputExtents.getResult(2))
     << "\n#define SRCC_MACS(H, W) ((double)" << inC(macs) << ")\n";
  for (auto [file, content] : sources) {
    bool isSource = StringRef(file) == "library";
    if (llvm::Error error = writeFile(scratch.file(Twine(file) + (isSource ? ".c" : ".h")),
                                      (isSource ? text : std::string()) + content))
      return error;
  }
  if (llvm::Error error =
          writeFile(scratch.file("exports"), "{ global: srcc_compiled_model; local: *; };\n"))
    return error;

  std::string include = "-I" + halideHeaders(),
              exports = "-Wl,--version-script=" + scratch.file("exports"),
              source = scratch.file("library.c"), log = scratch.file("log");
  SmallVector<StringRef> command{*compiler, "-O2",   "-fPIC", "-shared",   include, source, object,
                                 "-o",      library, exports, "-lpthread", "-ldl",  "-lm"};
  std::string failure;
  std::optional<StringRef> streams[] = {StringRef(), StringRef(log), StringRef(log)};
  if (llvm::sys::ExecuteAndWait(*compiler, command, std::nullopt, streams, 0, 0, &failure)) {
    auto said = readFile(log);
    if (!said)
      return said.takeError();
    return problem(*compiler + " does not make a shared library: " +
                   (failure.empty() ? StringRef(*said).rtrim().str() : failure));
  }
  return moveFile(library, name, true);
}

llvm::Expected<std::string> srcc::halide::textOf(Replayed &replayed, StringRef function,
                                                 const Halide::Target &target,
                                                 Halide::OutputFileType type) {
  Scratch scratch;
  if (llvm::Error error = scratch.make())
    return error;
  std::string name = scratch.file("text");
  compileTo(replayed, {{type, name}}, function, target);
  return readFile(name);
}

/// Halide prints it to standard error, which therefore goes to a file meanwhile.
llvm::Expected<std::string> srcc::halide::loopNestOf(Replayed &replayed) {
  Scratch scratch;
  if (llvm::Error error = scratch.make())
    return error;
  std::string name = scratch.file("nest");
  llvm::errs().flush();
  int kept = dup(STDERR_FILENO), file = open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (kept < 0 || file < 0)
    return problem("cannot write " + name);
  llvm::scope_exit restore([&] {
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(file);
  });
  dup2(file, STDERR_FILENO);
  Halide::Pipeline(replayed.output).print_loop_nest();
  return readFile(name);
}

llvm::Expected<std::string> srcc::halide::autoschedule(Replayed &replayed, StringRef words,
                                                       const Halide::Target &target, int height,
                                                       int width) {
  auto [name, settings] = words.split(' ');
  Halide::AutoschedulerParams parameters(name.str());
  for (StringRef setting : llvm::split(settings, ' ')) {
    auto [key, value] = setting.split('=');
    if (!setting.empty() && (key.empty() || value.empty()))
      return problem("the parameters of an autoscheduler are KEY=VALUE, but one is '" + setting +
                     "'");
    if (!setting.empty())
      parameters.extra[key.str()] = value.str();
  }
  Dl_info info;
  if (!dladdr(reinterpret_cast<void *>(&Halide::get_host_target), &info) || !info.dli_fname)
    return problem("cannot tell where libHalide lies, whose autoschedulers are beside it");
  SmallString<256> plugin(path::parent_path(info.dli_fname));
  path::append(plugin, "libautoschedule_" + name.lower() + ".so");
  if (!fs::exists(plugin))
    return problem("there is no autoscheduler " + name + " (" + plugin +
                   "); legal: Adams2019, Anderson2021, Li2018, Mullapudi2016");
  Halide::load_plugin(std::string(plugin));
  auto scale = [&](unsigned dim) {
    AffineExpr e = replayed.outputExtents.getResult(dim);
    MLIRContext *context = e.getContext();
    AffineMap sizes = AffineMap::get(0, 2, e);
    SmallVector<Attribute> given{IntegerAttr::get(IndexType::get(context), height),
                                 IntegerAttr::get(IndexType::get(context), width)};
    SmallVector<Attribute> value;
    if (failed(sizes.constantFold(given, value)))
      return 1;
    return int(cast<IntegerAttr>(value[0]).getInt());
  };
  replayed.input.set_estimates({{0, width}, {0, height}, {0, int(replayed.inputChannels)}});
  replayed.output.set_estimates({{0, scale(2)}, {0, scale(1)}, {0, int(replayed.outputChannels)}});
  return Halide::Pipeline(replayed.output).apply_autoscheduler(target, parameters).schedule_source;
}
