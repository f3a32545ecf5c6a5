"""Results as files: a small table to read, and JSON with all figures to compare."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from evals.figure import Figure
from procauthor.system import shipped

RESULTS = Path(__file__).parent / "results"


def describe_setup() -> dict[str, str]:
    """Return what results depend on besides the cases: the version, and hashes of prompts and templates."""
    return {
        "version": version("procauthor"),
        "prompts_sha256": hash_files(sorted(shipped("prompts").rglob("*.j2"))),
        "templates_sha256": hash_files(sorted(shipped("templates").rglob("*.md"))),
    }


def hash_files(files: Iterable[Path]) -> str:
    """Return one hash of the names and bytes of files."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


def write_result(name: str, result: Mapping[str, Any], text: str, folder: Path = RESULTS) -> None:
    """Write a result as ``name.json`` and ``name.md``."""
    folder.mkdir(parents=True, exist_ok=True)
    setup = describe_setup()
    head = "\n".join(f"- {key.replace('_', ' ')}: `{value}`" for key, value in setup.items())
    (folder / f"{name}.md").write_text(f"# {name.capitalize()}\n\n{text}\nMade with:\n\n{head}\n", encoding="utf-8")
    data = json.dumps({"setup": setup, **result}, indent=1, sort_keys=True, ensure_ascii=False)
    (folder / f"{name}.json").write_text(data + "\n", encoding="utf-8")


def figure_json(figure: Figure) -> dict[str, float]:
    """Return a figure as data, rounded so that a change in a file is a change in a result."""
    return {"mean": round(figure.mean, 4), "low": round(figure.low, 4), "high": round(figure.high, 4)}


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
