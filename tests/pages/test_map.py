"""ARCHITECTURE.md is a map: every command, every room and every file on it is there."""

import ast
import re
import tomllib
from collections.abc import Iterator
from itertools import chain

import pytest

from pages import ROOT
from procauthor.cli.app import _MODULES
from procauthor.data import ungrouped
from procauthor.markdown.parse import parse

TOP = ROOT.parent
PACKAGE = TOP / "src/procauthor"
MAP = (TOP / "ARCHITECTURE.md").read_text(encoding="utf-8")
MAPS = ("ARCHITECTURE.md", "AGENTS.md", "CONTRIBUTING.md", "docs/README.md", "docs/decisions.md", "docs/extend.md")
PAGES = sorted({"README.md", *MAPS, *(f"docs/{page.name}" for page in ROOT.glob("*.md"))})
# Folders of a library, and the file of an example.
ELSEWHERE = {"receipts/", "provenance/", ".procauthor/", "tests/data/rules/title-with-period.md"}


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading."""
    part = MAP.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [line.strip("|").split("|") for line in part.splitlines() if line.startswith("| `")]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_command_is_on_the_map_with_its_module() -> None:
    listed = {command: names(row[1])[0] for row in rows("Which command is where") for command in names(row[0])}
    assert listed == {command: f"cli/{module}.py" for module, commands in _MODULES.items() for command in commands}


def test_every_room_is_on_the_map_in_the_order_of_the_layers() -> None:
    contracts = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    layers = [set(layer.split(" | ")) for layer in contracts[0]["layers"] if layer != "__main__"]
    assert [set(names(row[0])) for row in rows("The rooms")] == layers


@pytest.mark.parametrize("file", MAPS)
def test_every_file_that_is_named_is_there(file: str) -> None:
    text = (TOP / file).read_text(encoding="utf-8").partition("\n## Where state lives")[0]
    for name in re.findall(r"`([\w-]+/[\w./-]*|[\w-]+\.(?:py|md))`", text):
        assert any((folder / name).exists() for folder in (TOP, PACKAGE, ROOT)) or name in ELSEWHERE, name


@pytest.mark.parametrize("file", PAGES)
def test_every_link_between_pages_leads_somewhere(file: str) -> None:
    for link in parse((TOP / file).read_bytes()).links:
        path, _, anchor = link.target.partition("#")
        if not path.startswith(("https:", "http:")):
            page = (TOP / file).parent / path if path else TOP / file
            assert page.exists(), link.target
            assert not anchor or anchor in {h.slug for h in parse(page.read_bytes()).headings}, link.target


LOOPS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def dense(tree: ast.AST) -> Iterator[int]:
    """Yield the lines of comprehensions with two loops, and of conditional expressions within others."""
    for node in ast.walk(tree):
        inside = chain.from_iterable(map(ast.walk, ast.iter_child_nodes(node)))
        if isinstance(node, LOOPS):
            yield from [node.lineno] if len(node.generators) > 1 else ()
        elif isinstance(node, ast.IfExp) and any(isinstance(part, ast.IfExp) for part in inside):
            yield node.lineno


def test_every_loop_and_every_condition_is_read_by_itself() -> None:
    places = ungrouped((file, dense(ast.parse(file.read_bytes()))) for file in PACKAGE.rglob("*.py"))
    assert [f"{file.relative_to(PACKAGE)}:{line}" for file, line in places] == []
