# The everyday commands; `make help` lists them. Everything real is in CMake, this only strings it together.
.DEFAULT_GOAL := help
.PHONY: help deps build demo test fuzz bench bench-ablation bench-cost bench-halide bench-peers bench-phones bench-prototypes bench-rank bench-search bench-tune format clean
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
JOBS ?= $(shell nproc)
BUILD := build
PHOTO := $(firstword $(wildcard docs/demo/*.png))
PYTHON := $(BUILD)/venv/bin/python
export PATH := $(PATH):/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin

# Compiler and driver caches need a home to write to.
ifneq ($(shell test -n "$$HOME" -a -w "$$HOME" && echo yes),yes)
export HOME := $(CURDIR)/$(BUILD)/home
$(shell mkdir -p "$(HOME)")
endif

# Debian 12 packages, bookworm-security included (it carries LLVM 22).
APT_PACKAGES := g++ make cmake ninja-build ccache lld-22 clang-22 llvm-22-dev llvm-22-tools libmlir-22-dev \
  mlir-22-tools zlib1g-dev libzstd-dev libxml2-dev libffi-dev libz3-dev libonnx-dev libprotobuf-dev protobuf-compiler \
  flatbuffers-compiler libflatbuffers-dev libxxhash-dev libcli11-dev nlohmann-json3-dev libspdlog-dev libstb-dev \
  libjpeg-dev libpng-dev libavcodec-dev libavformat-dev libavutil-dev libswscale-dev opencl-headers \
  ocl-icd-libopencl1 pocl-opencl-icd libtorch-dev libgloo-dev libtomlplusplus-dev gnuplot-nox libsqlite3-dev libeigen3-dev libgtest-dev oclgrind python3 python3-venv python3-psutil

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## install what is needed on Debian 12 (apt as root or through sudo; Python packages into build/venv)
	@set -eu; missing=; \
	if ! command -v dpkg-query >/dev/null; then \
	  echo "deps: not a Debian system; install the equivalents of: $(APT_PACKAGES)"; \
	else \
	  for p in $(APT_PACKAGES); do \
	    dpkg-query -W -f='$${Status}' "$$p" 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; \
	  done; \
	fi; \
	if [ -n "$$missing" ]; then \
	  echo "deps: installing$$missing"; \
	  root=; \
	  if [ "$$(id -u)" != 0 ]; then \
	    root=sudo; \
	    command -v sudo >/dev/null || { echo "deps: run as root: apt-get install$$missing" >&2; exit 1; }; \
	  fi; \
	  mkdir -p $(BUILD); log=$(BUILD)/deps.log; \
	  if ! { $$root apt-get update -q && $$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
	         --no-install-recommends $$missing; } </dev/null >$$log 2>&1; then \
	    tail -20 $$log >&2; \
	    echo "deps: apt-get failed (whole output: $$log); LLVM 22 is in Debian 12's bookworm-security" >&2; exit 1; \
	  fi; \
	fi
	@set -eu; if ! cmp -s test/requirements.txt $(BUILD)/venv/requirements.txt; then \
	  echo "deps: Python packages into $(BUILD)/venv"; \
	  mkdir -p $(BUILD); /usr/bin/python3 -m venv --clear $(BUILD)/venv; \
	  $(PYTHON) -m pip install -q --disable-pip-version-check -r test/requirements.txt </dev/null; \
	  cp test/requirements.txt $(BUILD)/venv/requirements.txt; \
	fi
	@if ! cmp -s compiler/halide/requirements.txt $(BUILD)/venv-halide/requirements.txt; then \
	  echo "deps: Halide into $(BUILD)/venv-halide (optional: srcc --codegen=halide)"; \
	  mkdir -p $(BUILD); \
	  if /usr/bin/python3 -m venv --clear $(BUILD)/venv-halide && $(BUILD)/venv-halide/bin/python -m pip install -q \
	       --disable-pip-version-check --no-deps -r compiler/halide/requirements.txt </dev/null; then \
	    cp compiler/halide/requirements.txt $(BUILD)/venv-halide/requirements.txt; rm -f $(BUILD)/build.ninja; \
	  else echo "deps: Halide cannot be installed; everything else is built without it"; fi; \
	fi

build: deps ## build everything into build/ (programs: build/bin)
	@test -f $(BUILD)/build.ninja || cmake --preset release -DPython3_EXECUTABLE=/usr/bin/python3 >$(BUILD)/configure.log \
	  || { cat $(BUILD)/configure.log; exit 1; }
	@cmake --build $(BUILD) -j $(JOBS)

demo: build ## compile the demo network and upscale the bundled photo with it
	@mkdir -p $(BUILD)/demo
	@echo "demo: srcc compiles docs/demo/demo.mlirbc"
	@$(BUILD)/bin/srcc docs/demo/demo.mlirbc -o $(BUILD)/demo/demo.srp
	@echo "demo: srcc-run halves $(PHOTO) and upscales it again"
	@$(BUILD)/bin/srcc-run $(BUILD)/demo/demo.srp $(PHOTO) $(BUILD)/demo/upscaled.png --downscale
	@echo "demo: the picture is $(abspath $(BUILD)/demo/upscaled.png), beside the original $(abspath $(PHOTO))"

test: build ## run every test; the last line counts them
	@test/run.sh $(BUILD) $(JOBS)

CASES ?= 2000
SEED ?= 1
fuzz: build ## random networks under random schedules: CASES=2000 from SEED=1 on; failing ones are left in build/fuzz
	@PATH="$(abspath $(BUILD))/bin:$$PATH" $(PYTHON) test/system/fuzz.py --cases=$(CASES) --seed=$(SEED) \
	  --folder=$(BUILD)/fuzz

bench: build ## time whole networks: dense, unfused, pruned (BENCH_FLAGS="--quick"; docs/benchmarks.md)
	@$(PYTHON) bench/models.py $(BENCH_FLAGS)

bench-cost: build ## how well the cost model predicts, on kernels its fit never saw (docs/cost.md)
	@$(PYTHON) bench/cost.py $(BENCH_FLAGS)

bench-rank: build ## how well the cost model ranks schedules of one kernel (docs/cost.md)
	@$(PYTHON) bench/rank.py $(BENCH_FLAGS)

bench-phones: build ## predicted latencies on phones beside published ones (docs/cost.md)
	@$(PYTHON) bench/phones.py $(BENCH_FLAGS)

bench-tune: build ## time tuned schedules beside the default ones (docs/tune.md)
	@$(PYTHON) bench/tune.py $(BENCH_FLAGS)

bench-search: build ## whether networks that the search emits are as fast as their targets (docs/search.md)
	@$(PYTHON) bench/search.py $(BENCH_FLAGS)

bench-peers: build $(BUILD)/venv-peers/requirements.txt $(BUILD)/venv-deepsparse/requirements.txt ## time srcc beside other engines, which it installs
	@$(BUILD)/venv-peers/bin/python bench/peers.py $(BENCH_FLAGS)

bench-prototypes: build ## time srcc beside kernels written by hand (docs/benchmarks.md)
	@$(PYTHON) bench/prototypes.py $(BENCH_FLAGS)

bench-ablation: build ## search architectures, pruning and both for the same targets (docs/search.md)
	@$(PYTHON) bench/ablation.py $(BENCH_FLAGS)

bench-halide: build ## time srcc beside Halide: the same schedule, and Halide's autoschedulers
	@PATH="$(abspath $(BUILD))/bin:$$PATH" $(PYTHON) bench/halide.py $(BENCH_FLAGS)

# What cannot be installed is a row of the table, and is tried again the next time.
$(BUILD)/venv-%/requirements.txt: bench/requirements-%.txt
	@echo "bench: Python packages into $(@D)"
	@mkdir -p $(BUILD); /usr/bin/python3 -m venv --clear $(@D)
	@pip="$(@D)/bin/python -m pip install -q --disable-pip-version-check --no-deps"; \
	if $$pip -r $< </dev/null; then cp $< $@; else grep -v '^#' $< | xargs -n 1 $$pip || true; fi

format: ## check format and spelling as pre-commit does
	@git ls-files '*.h' '*.cpp' | xargs -r clang-format-22 --dry-run -Werror
	@git ls-files | grep -v -E '\.(png|mlirbc|srp)$$' | xargs -r codespell -q 3

clean: ## remove what build made (not the Python packages)
	@test ! -d $(BUILD) || find $(BUILD) -mindepth 1 -maxdepth 1 ! -name 'venv*' -exec rm -rf {} +
