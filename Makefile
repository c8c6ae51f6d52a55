# The commands of the project; `make help` lists them. The work is done by Go programs: see qemu/ and gen/.

# Guest architecture, by its Go name.
ARCH ?= amd64

# DEBUG=1 selects the second kernel configuration; KSRC=DIR a kernel tree of yours, which is only read.
DEBUG ?=
KSRC ?=

BUILD := build/$(ARCH)
DEBUG_FLAG := $(if $(filter-out 0,$(DEBUG)),-debug)

GO ?= go
export KSRC

# The steps of make test, in this order. The debug kernel is apart (make kernel-debug test-debug): building and testing it
# takes longer than all of these.
TEST_STEPS := generate-check check unit kernel tools sparse selftests series-check

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' Makefile | expand -t 20
	@echo
	@echo "  ARCH=amd64  DEBUG=1  KSRC=DIR  ACCEL=kvm  KERNEL=IMAGE  SELFTEST_RUN=PATTERN"

.PHONY: demo
demo: deps kernel tools ## boot the kernel and show a program that survives its death
	@$(GO) run ./qemu/cmd/vm -arch $(ARCH) -go ./qemu/demo -append quiet -timeout 5m -- demo

.PHONY: test
test: deps ## everything that CI checks
	@passed=0; start=$$(date +%s); \
	for step in $(TEST_STEPS); do \
		echo "== make $$step"; \
		if ! $(MAKE) --no-print-directory $$step; then \
			echo "$$passed passed, 1 failed: make $$step"; \
			exit 1; \
		fi; \
		passed=$$((passed + 1)); \
		echo "== make $$step: ok, $$((($$(date +%s) - start) / 60)) minutes so far"; \
	done; \
	echo "$$passed passed, 0 failed"

.PHONY: deps
deps: ## install the Debian packages that are missing
	@sh qemu/deps.sh

.PHONY: kernel
kernel: deps ## build the kernel, or with DEBUG=1 the one with the kernel's checkers
	@$(GO) run ./qemu/cmd/kbuild -arch $(ARCH) $(DEBUG_FLAG)

.PHONY: kernel-debug
kernel-debug: deps
	@$(GO) run ./qemu/cmd/kbuild -arch $(ARCH) -debug

.PHONY: tools
tools: ## build the static commands into build/<arch>/bin
	@mkdir -p $(BUILD)/bin
	@CGO_ENABLED=0 GOOS=linux GOARCH=$(ARCH) $(GO) build -trimpath -o $(BUILD)/bin/ ./tools/...
	@echo "$(BUILD)/bin: $$(ls $(BUILD)/bin | tr '\n' ' ')"

.PHONY: generate
generate: ## write the generated files anew
	@$(GO) generate ./...

.PHONY: generate-check
generate-check: # generate must not change anything; this compares before and after, so it works in a changed checkout too
	@mkdir -p build
	@git ls-files -coz --exclude-standard | sort -z | xargs -0 sha256sum 2>/dev/null >build/generate.before || :
	@$(MAKE) --no-print-directory generate
	@git ls-files -coz --exclude-standard | sort -z | xargs -0 sha256sum 2>/dev/null >build/generate.after || :
	@diff build/generate.before build/generate.after | sed -n 's/^> [0-9a-f]*  \(.*\)/\1:1:1: was not up to date, commit what `make generate` made/p' | grep . && exit 1 || :

.PHONY: check
check: # format and vet
	@unformatted=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); \
	if [ -n "$$unformatted" ]; then echo "run gofmt -w on:" $$unformatted; exit 1; fi
	@$(GO) vet ./...

.PHONY: unit
unit: # the tests that need no virtual machine
	@$(GO) test -short ./...

.PHONY: selftests
selftests: ## run the guest tests in a virtual machine, and the harness's tests of itself
	@$(GO) test -p 1 -count 1 -timeout 60m ./qemu/suite ./selftests

.PHONY: test-debug
test-debug: ## run the guest tests on the debug kernel, and prove that its checkers are heard
	@SELFTEST_DEBUG=1 $(GO) test -count 1 -run TestCheckers ./qemu/suite
	@SELFTEST_DEBUG=1 $(GO) test -count 1 -timeout 170m ./selftests

.PHONY: sparse
sparse: deps # what sparse says about our files, in the objects of make kernel
	@$(GO) run ./gen/series -sparse -src "$(KSRC)"

.PHONY: series
series: ## write the patch series as it would be mailed into build/series
	@$(GO) run ./gen/series -o build/series

.PHONY: series-check
series-check: # the series applies to the untouched source and gives the tree of make kernel
	@$(GO) run ./gen/series -o build/series -check -checkpatch

.PHONY: series-build
series-build: deps ## build a small kernel after each patch of the series
	@$(GO) run ./gen/series -build -src "$(KSRC)"

.PHONY: bench
bench: ## measure in a virtual machine, beside write(2), fork and memcpy
	@$(GO) run ./qemu/cmd/vm -arch $(ARCH) -mem 6144 -go ./selftests/bench -append "quiet clearcpuid=erms" -timeout 60m -- bench

.PHONY: shell
shell: ## boot the kernel and give a shell in it
	@$(GO) run ./qemu/cmd/vm -arch $(ARCH) $(DEBUG_FLAG) -shell

.PHONY: clean
clean: ## remove build/; kernels and objects stay in the cache directory
	@rm -rf build

.PHONY: clean-cache
clean-cache: ## remove the cache directory too: the next kernel takes its full time
	@rm -rf build "$${XDG_CACHE_HOME:-$$HOME/.cache}/linux-cr"
