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

# Retrieval quality on a file of questions
bench-retrieval questions corpus:
    uv run python benchmarks/retrieval.py --questions {{questions}} --corpus {{corpus}}

# Speed of check beside other checkers, which are installed into a folder of their own
bench-check *args:
    uv run python benchmarks/check.py {{args}}

build:
    uv build
