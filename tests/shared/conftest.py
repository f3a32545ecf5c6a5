"""A library whose checkpoints and batches are in Postgres, each test with a schema of its own."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.batch import write_batch_library
from tests.postgres import Server, running

LEASE = 1.0


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    with running() as found:
        yield found


@pytest.fixture(autouse=True)
def url(server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    found = server.new_schema()
    monkeypatch.setenv("PROCAUTHOR_POSTGRES", found)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-0123456789")
    return found


def write(folder: Path, needs: list[list[int]], model: str, lease: float = LEASE, **settings: object) -> Path:
    root = write_batch_library(folder, needs, model, **settings)
    with (root / "procauthor.toml").open("a") as file:
        file.write(f'[run]\ncheckpoints = "postgres"\nlease = {lease}\n')
    return root


def rows(url: str, query: str, *values: object) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode(), values).fetchall()
