"""Every command that a page shows is one, with options that it has."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from pages import ROOT
from procauthor.cli.app import app

TOP = ROOT.parent
PAGES = [TOP / "README.md", TOP / "light/README.md", TOP / "CONTRIBUTING.md", *sorted(ROOT.glob("*.md"))]
EVERYWHERE = {"-C", "--project", "--help", "-h"}
GROUP: Any = typer.main.get_command(app)


def shown(text: str) -> Iterator[str]:
    """Yield the commands of a page: those in blocks for a shell, and those in code within a sentence."""
    for block in re.findall(r"^ *```sh\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            yield from (part for part in re.split(r"&&|\|", re.sub(r"\s#\s.*", "", line)) if "procauthor " in part)
    text = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)
    yield from (code for code in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text) if code.startswith("procauthor "))


def find(words: list[str]) -> tuple[Any, list[str]]:
    """Return the command that some words name, and the words behind its name."""
    command, rest = GROUP, words
    while hasattr(command, "get_command") and rest:
        places = [n for n, word in enumerate(rest) if not word.startswith("-") and (n == 0 or rest[n - 1] != "-C")]
        if not places or (rest is not words and command.get_command(None, rest[places[0]]) is None):
            return command, rest
        name = rest[places[0]]
        command, rest = command.get_command(None, name), [*rest[: places[0]], *rest[places[0] + 1 :]]
        assert command is not None, name
    return command, rest


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_can_be_typed(page: Any) -> None:
    for code in shown(page.read_text(encoding="utf-8")):
        words = shlex.split(code.partition("procauthor ")[2].replace("...", "X").replace("'X", "X"))
        if words[:1] in (["--version"], ["--install-completion"], ["--help"]):
            continue
        command, rest = find(words)
        known = EVERYWHERE.union(*(parameter.opts for parameter in command.params))
        options = {word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)}
        assert options <= known | {">"}, code
