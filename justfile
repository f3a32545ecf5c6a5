# The front door for work on procauthor. `just` lists the recipes.

default:
    @just --list

# Format, lint, types, layers, tests, and the repository's own library
check:
    .ci/run

test *args:
    uv run pytest {{args}}

fmt:
    uv run ruff format .
    uv run ruff check --fix .

# Write the pages of docs/ that follow from the code: rules, settings, the Python interface
pages:
    uv run python -m pages

# Measure quality on our own cases: `just eval retrieval`, `just eval drafting --author offline`
eval *args:
    uv run python -m evals {{args}}

# Time and memory of the commands, the search among them, in libraries of several sizes
bench-command *args:
    uv run python benchmarks/command.py {{args}}

# Speed of check beside other checkers, which are installed into a folder of their own
bench-check *args:
    uv run python benchmarks/check.py {{args}}

build:
    uv build
