# Short names for the usual commands; python3 run.py help lists all of them.
.PHONY: help demo up stop status test soak lint format requirements image

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

demo: ## the whole job against the sandbox, then serve
	python3 run.py demo

up: ## serve until Ctrl-C
	python3 run.py up

stop: ## stop what runs
	python3 run.py stop

status: ## what runs
	python3 run.py status

test: ## every check and test
	python3 run.py test

soak: ## the long tests
	python3 run.py test --soak

lint: ## rules, layout, types, contracts
	.data/venv/bin/python -m ruff check . && .data/venv/bin/python -m ruff format --check . && \
	.data/venv/bin/python -m mypy && .data/venv/bin/python -m backend.cli.lint_imports

format: ## put the code in order
	.data/venv/bin/python -m ruff check --fix . ; .data/venv/bin/python -m ruff format .

requirements: ## compile requirements*.in to exact pins
	for set in requirements requirements-embedded requirements-fast requirements-dev; do \
	  .data/venv/bin/uv pip compile -q --no-emit-index-url $$set.in -o $$set.txt || exit 1; done

image: ## the container image
	docker build -t campaignwizard .
