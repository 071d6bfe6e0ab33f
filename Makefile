# Everything that can be done in this repository. Needs make and Python 3.11 or newer with venv;
# the rest is installed into .venv from the lock file, on first use and whenever it is stale.
# Written for GNU make 3.81 and later.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Which Python makes the .venv; left empty, the first of these that is new enough.
PYTHON ?=
PYTHONS := $(if $(PYTHON),$(PYTHON),python3 python3.13 python3.12 python3.11 python)
# Handed on to the program that a target starts.
ARGS ?=
# The embedded exchange's dialect, where `make conformance` or `make states` is to use another than
# its usual one.
DIALECT ?=
# What `make watch` shows.
FEED ?= price
SYMBOLS ?= BTCUSDT ETHUSDT SOLUSDT

BIN := .venv/bin
READY := .venv/.ready

.PHONY: help setup run watch test states lint lint-style lint-types lint-arrows lint-proto docker-steps audit format \
	proto proto-check contract bench bench-check lock clean build/proto.binpb

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s%s\n", $$1, $$2 }' Makefile

setup: $(READY) ## Install everything into .venv (PYTHON=python3.12 picks the interpreter).

# pip checks every file against the lock's hashes; the lock holds the build backend too, so that
# the last step needs nothing from outside.
$(READY): requirements-dev.lock pyproject.toml
	@found=; for python in $(PYTHONS); do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
			found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Python 3.11 or newer is needed, and none of these is: $(PYTHONS)." >&2; \
		echo "Name one that is, for example: make setup PYTHON=python3.12" >&2; \
		exit 1; \
	fi; \
	echo "installing into .venv with $$($$found --version)"; \
	$$found -m venv .venv || { \
		echo "$$found can make no venv; Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

# Ctrl-C reaches the program as well as this shell: let the program end first, then end quietly.
quietly = trap : INT; $(1); status=$$?; [ $$status -eq 130 ] || exit $$status

run: $(READY) ## Serve the embedded exchange, no keys needed (ARGS="--config my.toml" for a real one).
	@$(call quietly,$(BIN)/connector serve $(ARGS))

# Streams of the account are asked for without symbols.
watch: $(READY) ## Show what `make run` streams (SYMBOLS="BTCUSDT ETHUSDT", FEED=klines, ARGS=…).
	@$(call quietly,$(BIN)/connector watch $(FEED) \
		$(if $(filter price klines funding,$(FEED)),$(SYMBOLS)) $(ARGS))

# Most tests wait for sockets and processes rather than compute.
WORKERS ?= 4
test: $(READY) ## Run the tests (ARGS="-k name tests/marbles"; WORKERS=0 for one process).
	$(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=worksteal $(ARGS)

STEPS ?= 10000
states: $(READY) ## Play random orders and faults (STEPS=10000, DIALECT=bybit, ARGS="--hypothesis-seed=7").
	STEPS=$(STEPS) DIALECT='$(DIALECT)' $(BIN)/python -m pytest --show-capture=no tests/rpc/test_order_states.py $(ARGS)

.PHONY: chaos
chaos: $(READY) ## Try every fault during live streams and trading; write docs/reliability.md.
	CHAOS=all $(BIN)/python -m pytest --show-capture=no tests/chaos $(ARGS)

.PHONY: capabilities metrics
metrics: $(READY) ## Write docs/metrics.md: every series, what it tells, its labels.
	@mkdir -p build
	@$(BIN)/python -m connector.metrics.paper > build/metrics.md
	@mv build/metrics.md docs/metrics.md

capabilities: $(READY) ## Write docs/capabilities.md: what each exchange can serve.
	@mkdir -p build
	@$(BIN)/connector capabilities --markdown > build/capabilities.md
	@mv build/capabilities.md docs/capabilities.md

.PHONY: fuzz fuzz-parsers
COUNT ?= 50000
fuzz: $(READY) ## Ask COUNT generated calls; break COUNT frames of each exchange, and answers (COUNT=50000).
	COUNT=$(COUNT) $(BIN)/python -m pytest --show-capture=no \
		tests/rpc/test_fuzzed_calls.py tests/rpc/test_fuzzed_answers.py \
		tests/rpc/test_fuzzed_private_frames.py tests/exchange/lane/test_mutated_frames.py

fuzz-parsers: $(READY) ## Put COUNT generated dictionaries through every parser.
	COUNT=$(COUNT) $(BIN)/python -m pytest --durations=1 \
		tests/exchange/test_parse_laws.py::test_a_parser_gives_a_value_or_malformed_and_nothing_else

lint: lint-style lint-types lint-arrows lint-proto ## Check style, types, arrows between rooms, and proto.

lint-style: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

lint-types: $(READY)
	$(BIN)/basedpyright --pythonpath $(BIN)/python

lint-arrows: $(READY)
	$(BIN)/lint-imports --no-logo

docker-steps: $(READY) ## Try the Dockerfile's steps without a container engine (a minute, and the registry).
	@rm -rf build/docker && mkdir -p build/docker
	$(BIN)/python -m tests.deploy.steps build/docker

audit: $(READY) ## Look for known weaknesses in what is locked; asks PyPI's list of advisories.
	$(BIN)/uv tool run pip-audit==2.10.1 --strict --disable-pip --require-hashes -r requirements.lock

format: $(READY) ## Rewrite the code as `make lint` wants it.
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# google/type/decimal.proto comes with googleapis-common-protos.
PROTOS = $(shell cd proto && find opensqt -name '*.proto' | LC_ALL=C sort)
SERVICES = opensqt/market_maker/v1/exchange.proto
PROTOC = $(BIN)/python -m grpc_tools.protoc -I proto \
	-I "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
	--plugin=$(BIN)/protoc-gen-mypy --plugin=$(BIN)/protoc-gen-mypy_grpc

# $(1): the folder that gets the generated package. gRPC stubs only where there is a service, and
# typed for grpc.aio only.
define generate
	@$(PROTOC) --python_out=$(1) --mypy_out=quiet:$(1) $(PROTOS)
	@$(PROTOC) --grpc_python_out=$(1) --mypy_grpc_out=quiet,only_async:$(1) $(SERVICES)
	@find $(1)/opensqt -type d -exec touch {}/__init__.py \;
	@touch $(1)/opensqt/py.typed
endef

proto: $(READY) ## Generate Python code and stubs from proto/ into generated/.
	@rm -rf build/proto && mkdir -p build/proto
	$(call generate,build/proto)
	@rm -rf generated/opensqt && mv build/proto/opensqt generated/opensqt
	@echo "generated/opensqt renewed"

proto-check: $(READY) ## Is the committed generated code what proto/ gives?
	@rm -rf build/proto-check && mkdir -p build/proto-check
	$(call generate,build/proto-check)
	@diff -r -u -x __pycache__ generated build/proto-check || { \
		echo "generated/ is not what proto/ gives: run \`make proto\` and commit" >&2; exit 1; }
	@echo "generated/ is what proto/ gives"

build/proto.binpb: $(READY)
	@mkdir -p build
	@$(PROTOC) --include_imports --include_source_info --descriptor_set_out=$@ $(PROTOS)

lint-proto: build/proto.binpb
	$(BIN)/buf lint build/proto.binpb --path opensqt
	$(BIN)/buf breaking build/proto.binpb --against proto/contract.txtpb --path opensqt
	@$(BIN)/buf build build/proto.binpb --exclude-source-info -o build/contract.txtpb
	@diff -u proto/contract.txtpb build/contract.txtpb || { \
		echo "proto/contract.txtpb doesn't guard this yet: run \`make contract\` and commit" >&2; exit 1; }

contract: build/proto.binpb ## Take proto/ as it stands for the contract that must not break.
	$(BIN)/buf build build/proto.binpb --exclude-source-info -o proto/contract.txtpb

.PHONY: conformance conformance-ready conformance-proto conformance-proto-check

# The engine's side, in Go. GOTOOLCHAIN: no other toolchain is fetched than the one that is here.
GO = cd conformance && GOTOOLCHAIN=local GOFLAGS=-mod=readonly go
GO_PACKAGE := github.com/opensqt/connector/conformance
GO_OPTIONS = $(foreach plugin,go go-grpc,--$(plugin)_opt=module=$(GO_PACKAGE) \
	$(foreach proto,$(PROTOS),--$(plugin)_opt=M$(proto)=$(GO_PACKAGE)/marketmakerv1))

# $(1): the folder that gets marketmakerv1/. The plugins' versions are those of conformance/go.mod.
define generate-go
	@mkdir -p build/go-plugins $(1)
	@$(GO) build -o ../build/go-plugins/ google.golang.org/protobuf/cmd/protoc-gen-go \
		google.golang.org/grpc/cmd/protoc-gen-go-grpc
	@$(PROTOC) --plugin=build/go-plugins/protoc-gen-go --plugin=build/go-plugins/protoc-gen-go-grpc \
		--go_out=$(1) --go-grpc_out=$(1) $(GO_OPTIONS) $(PROTOS)
endef

conformance: $(READY) conformance-ready conformance-proto-check ## Prove the contract by a Go client as the engine's (ARGS="-run TestCards/3.16", DIALECT=…).
	@$(GO) vet ./...
	@report="$$PWD/build/conformance.md"; rm -f "$$report"; status=0; \
	( $(GO) test ./engine && REPORT="$$report" DIALECT='$(DIALECT)' go test -count=1 -timeout 300s ./cards $(ARGS) ) \
		|| status=$$?; \
	test ! -f "$$report" || sed '/^## /,$$d' "$$report"; exit $$status

# Whether it can run here: 1 and the reason on stderr when it can't.
conformance-ready:
	@command -v go >/dev/null 2>&1 || { echo "Go is not installed" >&2; exit 1; }
	@$(GO) mod download >/dev/null 2>&1 || { \
		echo "the modules of conformance/go.mod could not be had (no network, or a Go older than go.mod asks for)" >&2; exit 1; }

# Generate the Go code from proto/; the check asks whether what is committed is that.
conformance-proto: $(READY) conformance-ready
	@rm -rf conformance/marketmakerv1
	$(call generate-go,conformance)
	@echo "conformance/marketmakerv1 renewed"

conformance-proto-check: $(READY) conformance-ready
	@rm -rf build/go-check
	$(call generate-go,build/go-check)
	@diff -r -u conformance/marketmakerv1 build/go-check/marketmakerv1 || { \
		echo "conformance/ is not what proto/ gives: run \`make conformance-proto\` and commit" >&2; exit 1; }
	@echo "conformance/marketmakerv1 is what proto/ gives"

.PHONY: docs
docs: $(READY) ## Write the documents as a site into build/site; a dead link fails it.
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --clean
	@echo "build/site/index.html"

bench: $(READY) ## Measure whole processes; ARGS=quick, ARGS="blast many", ARGS=--keep (bench/README.md).
	$(BIN)/python -m bench $(ARGS)

bench-check: $(READY) ## Measure shortly; fail if a ratio is a quarter worse than in docs/bench.json.
	$(BIN)/python -m bench --check $(or $(ARGS),quick)

.PHONY: soak
MINUTES ?= 30
soak: $(READY) ## Trade under faults for MINUTES=30; does anything grow? Writes docs/reliability.md.
	$(BIN)/python -m bench.soak --minutes $(MINUTES) --write $(ARGS)

# Hashes of every platform's wheels, for Python 3.11 and newer; pins move only as far as
# pyproject.toml asks, or with ARGS=--upgrade all the way.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

lock: $(READY) ## Renew the lock files (ARGS=--upgrade for newest versions).
	$(COMPILE) $(ARGS) --extra dev -o requirements-dev.lock pyproject.toml
	$(COMPILE) -c requirements-dev.lock -o requirements.lock pyproject.toml
	echo hatchling | $(COMPILE) -c requirements-dev.lock -o requirements-build.lock -

clean: ## Remove .venv and everything that is built or cached.
	rm -rf .venv build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
