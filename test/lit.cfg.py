# lit's configuration: tests are *.mlir and *.test files; see docs/testing.md.
#
# Substitutions beside lit's own: %{python} (has numpy, Pillow, onnx, onnxruntime if `make deps` ran), %{data} and
# %{tools} (SRCC_DATA and SRCC_TOOLS), %{source} (the repository).
# Features for REQUIRES: compiler, runtime, search (parts in this build); data, tools, mobile-clc (what lies beside the
# repository); halide (srcc-halide is in this build); numpy, pillow, onnx, onnxruntime (Python packages); opencl (a device to run on); oclgrind.
# SRCC_ROUND_TRIP=1 in the environment makes every srcc-opt also print, parse and compare what it reads.
import os
import shutil
import subprocess

import lit.formats
import lit.llvm
from lit.llvm.subst import ToolSubst

lit.llvm.initialize(lit_config, config)
from lit.llvm import llvm_config  # noqa: E402 (set by initialize)

config.name = "srcc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.join(config.srcc_source, "test")
config.test_exec_root = os.path.join(config.srcc_build, "test")

data = os.environ.get("SRCC_DATA") or config.srcc_data
tools = os.environ.get("SRCC_TOOLS") or config.srcc_tools
python = os.environ.get("SRCC_PYTHON") or config.python

bin_dir = os.path.join(config.srcc_build, "bin")
llvm_config.with_environment("PATH", [bin_dir, config.llvm_tools_dir], append_path=True)
llvm_config.with_environment("SRCC_DATA", data)
llvm_config.with_environment("SRCC_TOOLS", tools)
llvm_config.with_environment("PYTHONPATH", [os.path.join(config.test_source_root, "system")], append_path=True)
llvm_config.with_environment("PYTHONDONTWRITEBYTECODE", "1")
# Tests neither read nor fill the caches of the person who runs them.
cache = os.path.join(config.test_exec_root, "cache")
os.makedirs(os.path.join(cache, "pocl"), exist_ok=True)
llvm_config.with_environment("XDG_CACHE_HOME", cache)
llvm_config.with_environment("POCL_CACHE_DIR", os.path.join(cache, "pocl"))
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "OCL_ICD_VENDORS", "POCL_DEVICES"):
    if name in os.environ:
        llvm_config.with_environment(name, os.environ[name])

config.substitutions += [
    ("%{python}", python), ("%{data}", data), ("%{tools}", tools), ("%{source}", config.srcc_source)]
round_trip = ["--verify-roundtrip"] if os.environ.get("SRCC_ROUND_TRIP") else []
llvm_config.add_tool_substitutions(
    [ToolSubst("srcc-opt", extra_args=round_trip, unresolved="ignore")]
    + [ToolSubst(name, unresolved="ignore") for name in
       ["srcc", "srcc-cost", "srcc-halide", "srcc-translate", "srcc-reduce", "srcc-run", "srcc-eval", "srcc-bench", "srcc-search"]], [bin_dir])
llvm_config.add_tool_substitutions(
    ["FileCheck", "not", "count", "split-file", "clang-22"], [config.llvm_tools_dir])


def runs(command):
    """Whether a command can be started and ends with exit code 0."""
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def python_packages(names):
    """Those of the packages that the tests' Python finds."""
    code = "import importlib.util,sys\nfor n in sys.argv[1:]:\n  print(n if importlib.util.find_spec(n) else '')"
    try:
        return subprocess.run([python, "-c", code] + names, capture_output=True, text=True, timeout=60).stdout.split()
    except (OSError, subprocess.TimeoutExpired):
        return []


HAS_DEVICE = """
import ctypes, sys
count = ctypes.c_uint(0)
sys.exit(ctypes.CDLL("libOpenCL.so.1").clGetPlatformIDs(0, None, ctypes.byref(count)) != 0 or count.value == 0)
"""

features = config.available_features
features.update(config.srcc_parts)
features.update(name.lower().replace("pil", "pillow") for name in python_packages(["numpy", "PIL", "onnx", "onnxruntime"]))
if data and os.path.isdir(os.path.join(data, "images")):
    features.add("data")
if tools and os.path.isdir(tools):
    features.add("tools")
if os.path.exists(os.path.join(bin_dir, "srcc-halide")):
    features.add("halide")
# The phone compilers need packages of their own (their README names them): whether they run is tried.
mobile_clc = os.path.join(tools or "", "mobile-clc", "mobile-clc.sh")
if os.path.exists(mobile_clc):
    probe = os.path.join(config.test_exec_root, "probe.cl")
    with open(probe, "w") as file:
        file.write("kernel void probe(global float *x) { x[get_global_id(0)] = 1.0f; }\n")
    if runs([mobile_clc, "adreno650", probe]):
        features.add("mobile-clc")
if runs([python, "-c", HAS_DEVICE]):
    features.add("opencl")
if shutil.which("oclgrind"):
    features.add("oclgrind")
