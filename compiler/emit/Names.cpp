//===- Names.cpp - Identifiers of printed OpenCL C ------------------------===//
// Part of srcc, under the Apache License v2.0 with LLVM Exceptions. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/emit/Names.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace llvm;
using namespace srcc;

/// Keywords of C99 and OpenCL C, and those built-in functions and macros that are likely names.
static const StringSet<> &reservedWords() {
  static const StringSet<> words = [] {
    StringSet<> set;
    const char *lists[] = {
        "auto break case const continue default do else enum extern for goto if inline register "
        "restrict return signed sizeof static struct switch typedef union unsigned volatile while",
        "kernel global local constant private generic read_only write_only read_write pipe uniform "
        "sampler_t event_t queue_t size_t ptrdiff_t intptr_t uintptr_t true false main",
        "acos acosh acospi asin asinh asinpi atan atan2 atanh atanpi atan2pi cbrt ceil copysign "
        "cos "
        "cosh cospi erfc erf exp exp2 exp10 expm1 fabs fdim floor fma fmax fmin fmod fract frexp "
        "hypot ilogb ldexp lgamma lgamma_r log log2 log10 log1p logb mad maxmag minmag modf nan "
        "nextafter pow pown powr remainder remquo rint rootn round rsqrt sin sincos sinh sinpi "
        "sqrt "
        "tan tanh tanpi tgamma trunc abs abs_diff add_sat hadd rhadd clamp clz ctz mad24 mad_hi "
        "mad_sat max min mul_hi mul24 rotate sub_sat upsample popcount degrees mix radians step "
        "smoothstep sign cross dot distance length normalize fast_distance fast_length isequal "
        "isnotequal isgreater isgreaterequal isless islessequal islessgreater isfinite isinf isnan "
        "isnormal isordered isunordered signbit any all bitselect select barrier mem_fence "
        "prefetch "
        "shuffle shuffle2 printf vec_step kernel_exec",
        "half_cos half_divide half_exp half_exp2 half_exp10 half_log half_log2 half_log10 "
        "half_powr "
        "half_recip half_rsqrt half_sin half_sqrt half_tan",
        "INFINITY NAN MAXFLOAT HUGE_VAL HUGE_VALF INT_MAX INT_MIN UINT_MAX CHAR_BIT M_E M_PI NULL "
        "FLT_MAX FLT_MIN FLT_EPSILON quad complex imaginary bool void"};
    for (StringRef list : lists) {
      SmallVector<StringRef> split;
      list.split(split, ' ');
      for (StringRef word : split)
        set.insert(word);
    }
    for (StringRef scalar : {"char", "uchar", "short", "ushort", "int", "uint", "long", "ulong",
                             "half", "float", "double", "bool", "quad"})
      for (StringRef lanes : {"", "2", "3", "4", "8", "16"})
        for (StringRef prefix : {"", "unaligned_"}) // the second are the printer's own
          set.insert((prefix + scalar + lanes).str());
    return set;
  }();
  return words;
}

/// Built-in functions whose names make a family.
static bool isReservedFamily(StringRef name) {
  constexpr StringLiteral prefixes =
      "__ as_ convert_ vload vstore get_ native_ read_image write_image atomic_ atom_ "
      "async_work_group_ work_group_ sub_group_ CLK_ CL_ cl_ image1d_ image2d_ image3d_";
  SmallVector<StringRef> families;
  prefixes.split(families, ' ');
  return any_of(families, [&](StringRef prefix) { return name.starts_with(prefix); });
}

std::string srcc::cIdentifier(StringRef text) {
  std::string name;
  for (char c : text)
    name += isAlnum(c) ? c : '_';
  if (StringRef(name).trim('_').empty())
    name = "value";
  if (isDigit(name.front()) || isReservedFamily(name))
    name.insert(0, "x");
  if (reservedWords().contains(name))
    name += '_';
  return name;
}

std::string Names::unique(StringRef wanted) {
  std::string name = cIdentifier(wanted);
  auto place = next.find(name);
  if (place != next.end()) {
    std::string base = isDigit(name.back()) ? name + "_" : name;
    unsigned number = place->second;
    do {
      name = base + utostr(number++);
    } while (next.contains(name));
    place->second = number;
  }
  next[name] = 1;
  taken.push_back(name);
  return name;
}

Names::Scope::~Scope() {
  for (size_t i = start; i < names.taken.size(); ++i)
    names.next.erase(names.taken[i]);
  names.taken.resize(start);
}
