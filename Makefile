# What people and CI run. `make` lists the targets.

GO      ?= go
LINT     = $(GO) tool -modfile=tools/go.mod golangci-lint
CASES   ?= ../shared/cases/run
FUZZTIME ?= 30s
BENCH   ?= .
EXAMPLES ?= @octokit/webhooks-examples@7.6.1
CHAOS   ?= 10
SEED    ?= 0
# What does several things at once, and is therefore run with the race detector.
RACE    ?= ./internal/queue/... ./internal/github/... ./internal/server/... ./internal/review/... ./internal/deployment/... ./cmd/bot/...

.DEFAULT_GOAL := help
.PHONY: help check fmt fmt-check lint arrows generate generated test webhooks race fuzz bench chaos load cover build cases e2e clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

check: fmt-check lint generated test ## everything that must hold before a commit: format, lint, generated files, tests

fmt: ## format the Go files
	@$(LINT) fmt

fmt-check: ## fail if a Go file is not formatted
	@$(LINT) fmt --diff

lint: ## run the linters, the arrows between the rooms among them
	@$(LINT) run

arrows: ## show that imports against the arrows are refused
	@GO='$(GO)' sh tools/arrows.sh

generate: ## write the generated files
	@GO='$(GO)' sh tools/generated.sh write

generated: ## fail if a generated file, go.mod or go.sum is out of date
	@GO='$(GO)' sh tools/generated.sh check

test: ## run all tests
	@$(GO) test ./...

webhooks: ## take in the webhooks of @octokit/webhooks-examples, fetched with npm
	@tmp=$$(mktemp -d) && trap 'rm -rf "$$tmp"' EXIT && \
	npm install --silent --ignore-scripts --no-audit --no-fund --prefix "$$tmp" '$(EXAMPLES)' && \
	WEBHOOK_EXAMPLES="$$tmp/node_modules/@octokit/webhooks-examples" $(GO) test -count 1 -run '^TestExamples$$' -v ./internal/github ./internal/server

race: ## run the tests of what is concurrent with the race detector (RACE=packages)
	@$(GO) test -race $(RACE)

fuzz: ## run every fuzz target for FUZZTIME (30s)
	@GO='$(GO)' FUZZTIME='$(FUZZTIME)' sh tools/fuzz.sh

bench: ## run the benchmarks into bench.out, and compare with OLD=file if given (BENCH=pattern)
	@$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -count 6 ./... > bench.out || { cat bench.out; exit 1; }
	@$(GO) tool -modfile=tools/go.mod benchstat $(OLD) bench.out

chaos: ## go through CHAOS (10) random histories with a process that is killed (SEED=first)
	@$(GO) test ./cmd/bot -run '^TestChaos$$' -count 1 -v -timeout 60m -chaos $(CHAOS) -chaos.steps 40 -chaos.seed $(SEED)

load: ## measure intake, review, memory and start; fails when a figure is missed (on an idle machine)
	@$(GO) test ./cmd/bot -run '^$$' -bench '^BenchmarkLoadReview$$' -benchtime 5x
	@$(GO) test ./cmd/bot -run '^$$' -bench '^BenchmarkLoadMemory$$' -benchtime 3x
	@$(GO) test ./cmd/bot -run '^$$' -bench '^BenchmarkLoadIntake$$' -benchtime 20000x -count 3

cover: ## measure what the tests cover, into cover.out
	@$(GO) test -coverpkg=./internal/...,./cmd/... -coverprofile=cover.out ./... > /dev/null
	@$(GO) tool cover -func=cover.out | tail -n 1

build: ## build the static binary ./bot
	@CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o bot ./cmd/bot

cases: build ## run the acceptance cases, if they are beside this repository (CASES=program)
	@if [ -x '$(CASES)' ]; then '$(CASES)' --bot ./bot; else echo 'no acceptance cases at $(CASES): skipped'; fi

e2e: ## run the whole loop, from the webhook to the green check, offline
	@$(GO) run ./cmd/bot demo

clean: ## remove what the targets above make
	@rm -rf bot dist bench.out cover.out
