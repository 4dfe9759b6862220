.DEFAULT_GOAL := help
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
CARGO ?= cargo
# What CI runs must be what Cargo.lock says.
LOCKED ?= --locked
# Tests mostly wait for other processes: more of them than cores is faster.
TEST_THREADS ?= 8

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

.PHONY: tools
tools: ## Get etcd, kube-apiserver, kubectl, helm, moto, ... (built once, about 10 CPU-minutes; cached)
	@tests/tools/build.sh

.PHONY: build
build: ## Build every binary of the workspace
	$(CARGO) build $(LOCKED) --workspace --bins

.PHONY: lint
lint: ## Formatting and clippy
	$(CARGO) fmt --all --check
	$(CARGO) clippy $(LOCKED) --workspace --all-targets -- --deny warnings

.PHONY: test
test: lint tools build ## Everything that CI runs
	RUST_TEST_THREADS=$(TEST_THREADS) $(CARGO) test $(LOCKED) --workspace

.PHONY: demo
demo: tools build ## Start a cluster, a simulated AWS and the operator; tamper with the trail; watch the repair; a whole organization
	@tests/demo.sh

.PHONY: bench
bench: tools ## Measure AWS calls per pass, time to Ready, memory and start-up; lint on 10,000 manifests
	$(CARGO) build $(LOCKED) --release --workspace --bins
	$(CARGO) bench $(LOCKED)

.PHONY: fuzz
fuzz: ## Fuzz what reads other people's bytes, FUZZ_SECONDS for each target (default 60)
	@fuzz/run.sh $(FUZZ_SECONDS)

.PHONY: compare
compare: tools build ## Judge the same accounts as Prowler and Checkov, and write docs/comparison.md
	@tests/compare/run.sh

.PHONY: compare-integrity
compare-integrity: tools build ## Tamper with archives, judge them with verify and validate-logs, and write docs/integrity-comparison.md
	TRAILKEEPER_UPDATE=1 $(CARGO) test $(LOCKED) --workspace --test integrity

.PHONY: generate
generate: build ## Write the CRDs from the Rust types into crds/ and the chart, and docs/rules from the catalogue
	target/debug/trailkeeper crds --dir crds
	target/debug/trailkeeper crds --dir charts/trailkeeper/crds
	target/debug/trailkeeper rule-docs --dir docs/rules
