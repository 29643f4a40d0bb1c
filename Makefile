# The front door.  Every target installs what it needs (tools/setup), configures what is not yet
# configured and builds only what changed.
#
#   build/debug    AddressSanitizer and UBSan, every test
#   build/tsan     ThreadSanitizer, the concurrent tests
#   build/release  the binary that is shipped
#   build/bench    the same with benchmarks
#   build/lint     how clang-tidy sees each source alone; nothing is built there

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

JOBS ?= $(shell nproc)

# $(call compile,PRESET,TARGET...): a line that rewrites itself on a terminal, silence elsewhere.
compile = \
  run=(cmake --build build/$(1) --parallel $(JOBS) --target $(2)); \
  if [ -t 1 ]; then "$${run[@]}"; \
  else "$${run[@]}" -- --quiet | sed '/^ninja: no work to do/d'; fi

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

.PHONY: up
up: build ## build and serve; LISTEN=address:port and VAMS_HOME=folder change where
	@exec build/vams up --demo $(if $(LISTEN),--listen $(LISTEN))

.PHONY: build
build: build/release/build.ninja ## build/vams, the release binary
	@echo "Building build/vams"
	@$(call compile,release,vams)
	@if [ ! build/vams -nt build/release/src/vams ]; then \
	  strip -o build/vams.new build/release/src/vams && mv build/vams.new build/vams; \
	fi

# One run of CTest covers both sanitizer builds: build/tests has their two folders as its parts.
.PHONY: test-programs
test-programs: build/debug/build.ninja build/tsan/build.ninja
	@echo "Building with AddressSanitizer and UBSan"
	@$(call compile,debug,all)
	@echo "Building the concurrent tests with ThreadSanitizer"
	@$(call compile,tsan,test_programs)
	@mkdir -p build/tests
	@printf 'subdirs("%s/build/debug" "%s/build/tsan")\n' "$(CURDIR)" "$(CURDIR)" \
	  >build/tests/CTestTestfile.cmake

.PHONY: test
test: test-programs ## every test but the slow ones; ONLY=regex chooses by name
	@echo "Testing"
	@tools/run_tests --parallel $(JOBS) --label-exclude '^slow$$' $(if $(ONLY),--tests-regex '$(ONLY)')

.PHONY: test-slow
test-slow: test-programs ## the slow tests
	@echo "Testing what is slow"
	@tools/run_tests --parallel $(JOBS) --label-regex '^slow$$' $(if $(ONLY),--tests-regex '$(ONLY)')

.PHONY: bench
bench: build/bench/build.ninja ## every benchmark at its real size; ONLY=regex chooses by name
	@echo "Building the benchmarks"
	@$(call compile,bench,bench_programs vams)
	@tools/run_benches '$(ONLY)'

.PHONY: format
format: setup ## clang-format everything
	@echo "Formatting"
	@tools/format

.PHONY: lint
lint: build/lint/build.ninja ## format, includes, clang-tidy, syntax of the scripts
	@tools/lint

.PHONY: package
package: build ## build/vams_VERSION_ARCH.deb with the systemd unit
	@echo "Packaging"
	@tools/package build/vams build

.PHONY: clean
clean: ## remove everything that was built
	@echo "Removing build"
	@rm -rf build

.PHONY: setup
setup:
	@tools/setup

# Ninja configures again by itself when a CMakeLists.txt changes, but not when the presets do.
build/%/build.ninja: CMakePresets.json | setup
	@echo "Configuring $(@D)"
	@mkdir -p build
	@cmake --preset $* >build/$*.log 2>&1 || { cat build/$*.log; exit 1; }
	@touch $@
