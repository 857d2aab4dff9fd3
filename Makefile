# Everything a person or CI runs. Needs Python 3.11 to 3.13 and make, nothing else.
SHELL := /bin/sh
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
LOCKS := requirements.lock requirements-demo.lock
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
FILE ?=
PROFILE ?=

SECONDS ?= 60
SEED ?= 1
.PHONY: run dev test test-fast chart fuzz chaos check lint types contracts definitions bench doctor lock clean players page prometheus \
  examples test-openai-whisper images secrets up down smoke audit version scan publish sign verify deploy

run: $(INSTALLED)  ## process FILE, or a clip made for the demo
	@$(BIN)/media-pipeline process $(if $(PROFILE),--profile "$(PROFILE)") "$(or $(FILE),$$($(BIN)/media-pipeline demo))"

dev: $(INSTALLED)  ## Dagster's UI with the sensor on: drop files into the inbox
	@$(BIN)/media-pipeline dev

test: $(INSTALLED)  ## every test
	$(BIN)/pytest

test-fast: $(INSTALLED)  ## without what takes seconds: two minutes on two cores
	$(BIN)/pytest -m "not slow"

fuzz: $(INSTALLED)  ## break files and judge the answers: SECONDS=600 SEED=2; keeps what fails in fuzz-failures/
	$(BIN)/python -m media_pipeline_tests.fuzz --seconds $(SECONDS) --seed $(SEED)

chaos: $(INSTALLED)  ## kill, stop and fill up a whole deployment at work, and judge what is left: SECONDS=600 SEED=1
	$(BIN)/python -m media_pipeline_tests.chaos --seconds $(SECONDS) --seed $(SEED)

check: lint types contracts definitions test  ## what CI runs

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)
	$(BIN)/mypy

contracts: $(INSTALLED)
	$(BIN)/lint-imports

definitions: $(INSTALLED)
	$(BIN)/media-pipeline validate

BENCH ?= run ladder storyboard quality passthrough sandbox speech scale listing gateway uploads waiting chunks
bench: $(INSTALLED)  ## ratios against plain tools, all or one: BENCH=ladder; takes minutes each
	@set -e; for each in $(BENCH); do $(BIN)/python benchmarks/$$each.py; done

doctor: $(INSTALLED)
	@$(BIN)/media-pipeline doctor

chart:  ## Dagster's chart into build/, for the test that renders it with our values: needs helm and CHART_REPO=…
	helm pull dagster --repo "$(CHART_REPO)" --version 1.13.27 --destination build

players:  ## what the player tests need: Debian's Chromium and, from npm, the players
	@.ci/players

prometheus:  ## what the tests of the alerts need: Debian's Prometheus, unpacked
	@.ci/prometheus

examples:  ## what the tests of the examples need: from npm, what the one for Next.js is built with
	npm ci --prefix examples/nextjs --ignore-scripts --no-audit --no-fund --loglevel=error

PAGE := media_pipeline/gateway/page
page:  ## the gateway's page, from its sources into the bundle that is committed; needs Node 20 or newer
	@command -v npm >/dev/null || { \
	  echo "Node and npm are not installed: the page cannot be built. What is committed in $(PAGE)/dist works without." >&2; exit 1; }
	@npm ci --prefix $(PAGE) --ignore-scripts --no-audit --no-fund --loglevel=error
	@npm run build --prefix $(PAGE) --silent

OPENAI := .venv-openai-whisper
test-openai-whisper:  ## the second speech engine, in an environment of its own (2.9 GB)
	@test -x $(OPENAI)/bin/python || $(or $(PYTHON),python3) -m venv $(OPENAI)
	$(OPENAI)/bin/python -m pip install -q --no-deps --require-hashes -r requirements.lock -r requirements-demo.lock \
	  -r requirements-openai-whisper.lock
	$(OPENAI)/bin/python -m pip install -q --no-deps --no-build-isolation -e .
	$(OPENAI)/bin/pytest -m openai_whisper media_pipeline_tests/infrastructure/test_recogniser_contract.py

# The platform in containers: docs/operations.md. IMAGES is a registry's prefix, BASE the Python image to build on.
TAG ?= $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
IMAGES ?=
BUILD ?= DOCKER_BUILDKIT=1 docker build
BUILD_ARGS ?=
COMPOSE ?= docker compose
GATEWAY_PORT ?= 8080
export TAG IMAGES GATEWAY_PORT

TARGETS := dagster gateway worker code-server
EACH := set -e; for each in $(TARGETS); do image=$(IMAGES)media-pipeline-$$each:$(TAG);

images:  ## build the four images; BUILD_ARGS="--build-arg MODELS=" leaves the weights out
	@$(EACH) $(BUILD) -f deploy/docker/Dockerfile --target $$each -t $$image \
	    $(if $(BASE),--build-arg BASE=$(BASE)) --label org.opencontainers.image.version=$(TAG) \
	    --label org.opencontainers.image.revision="$$(git rev-parse HEAD)" \
	    --label org.opencontainers.image.created="$$(git log -1 --format=%cI)" \
	    $(if $(SOURCE),--label org.opencontainers.image.source="$(SOURCE)") $(BUILD_ARGS) .; done

secrets:  ## make what is missing in deploy/secrets
	@deploy/secrets.sh $(SECRETS)

up: secrets $(if $(IMAGES),,images)  ## the whole platform on this machine; PROFILES=observability: with dashboards
	$(COMPOSE) $(if $(PROFILES),--profile $(PROFILES)) up -d --wait --wait-timeout 600

down:  ## stop it; what is kept stays, unless DOWN=-v
	$(COMPOSE) --profile observability down $(DOWN)

smoke: $(INSTALLED)  ## whether a real upload through the gateway becomes playable; MEDIA=ID: whether that still plays
	@$(if $(MEDIA),,MEDIA_PIPELINE_HOME=$(CURDIR)/build/smoke $(BIN)/media-pipeline demo build/smoke/clip.mp4)
	@$(COMPOSE) exec -T gateway with-secrets media-pipeline keys create smoke --scope upload --scope read \
	  | $(BIN)/python deploy/smoke.py --gateway http://localhost:$(GATEWAY_PORT) \
	    $(if $(MEDIA),--media $(MEDIA),build/smoke/clip.mp4)

audit:  ## known holes in what is locked; asks the package index
	@test -x .venv-audit/bin/pip-audit || { $(or $(PYTHON),python3) -m venv .venv-audit \
	  && .venv-audit/bin/python -m pip install -q pip-audit==2.10.1; }
	@for lock in requirements.lock deploy/docker/locks/base.lock deploy/docker/locks/tools.lock \
	  deploy/docker/locks/worker.lock; do \
	  .venv-audit/bin/pip-audit --disable-pip --require-hashes -r $$lock || exit 1; done

version:  ## of the project
	@echo $(TAG)

# Of a release, by tools of their own: trivy, cosign, kubectl and helm. IMAGES is the registry's prefix.
scan:  ## known holes in the images that somebody has mended
	@$(EACH) trivy image --exit-code 1 --severity HIGH,CRITICAL --ignore-unfixed $$image; done

publish:
	@$(EACH) docker push -q $$image; done

sign:  ## by who we are, without a key; what is signed is the digest
	@$(EACH) cosign sign --yes "$$(docker inspect --format '{{index .RepoDigests 0}}' $$image)"; done

verify:  ## that the release workflow of this tag signed them: SIGNER, ISSUER
	@$(EACH) cosign verify --certificate-identity "$(SIGNER)" --certificate-oidc-issuer "$(ISSUER)" $$image >/dev/null; done

deploy:  ## this version into the cluster that kubectl means: OVERLAY=production CHART=…
	@deploy/deploy.sh

$(INSTALLED): $(LOCKS) pyproject.toml
	@test -x $(BIN)/python || { p=$$(for p in python3 python3.13 python3.12 python3.11; do \
	  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done); \
	  test -n "$$p" || { echo "Python 3.11, 3.12 or 3.13 is needed; none was found." >&2; exit 1; }; \
	  $$p -m venv $(VENV); }
	@echo "Installing the locked packages into $(VENV) (once; about a minute) …" >&2
	@$(PIP) install --require-hashes --no-deps -r requirements.lock
	@$(PIP) install --require-hashes --no-deps -r requirements-demo.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

lock:  ## write every lock anew; needs uv; UPGRADE=1 takes the newest of everything
	@.ci/lock

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
