"""The examples of the page about extending are code that works as it is written there."""

import re
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import typer
from typer.testing import CliRunner

import procauthor.authoring.offline
import procauthor.checking.rules.structure
import procauthor.cli.library
import procauthor.mcp.tool
from pages import ROOT
from procauthor import Project
from procauthor.authoring.brief import Ask, Author
from procauthor.checking.rule import FAMILIES, RULES

TEXT = (ROOT / "extend.md").read_text(encoding="utf-8")
EXAMPLES = [dedent(block) for block in re.findall(r"^ *```python\n(.*?)^ *```$", TEXT, re.DOTALL | re.MULTILINE)]


def example(start: str, module: object) -> dict[str, Any]:
    """Run the example that begins so, in the names of a module; return all names."""
    (code,) = [each for each in EXAMPLES if each.startswith(start)]
    names = dict(vars(module))
    exec(code, names)  # noqa: S102 - what the page tells people to write
    return names


def test_the_rule_finds_what_its_page_says(tmp_path: Path) -> None:
    names = example("TITLE_WITH_PERIOD", procauthor.checking.rules.structure)
    rule = names["TITLE_WITH_PERIOD"]
    assert rule.name not in RULES
    assert rule.code not in {known.code for known in RULES.values()}
    assert any(family.reach == "document" for family in FAMILIES)
    (code,) = [each for each in EXAMPLES if each.startswith("if procedure.title")]
    exec(f"def check(procedure):\n{indent(code, '    ')}", names)  # noqa: S102 - the same
    (tmp_path / "a.md").write_text("# A Procedure.\n")
    (tmp_path / "b.md").write_text("# B Procedure\n")
    found = [finding for each in Project.open(tmp_path).library().procedures for finding in names["check"](each)]
    assert [(each.path, each.line, each.rule) for each in found] == [("a.md", 1, "title-with-period")]


def test_the_command_prints_titles(root: Path) -> None:
    names = example("def titles", procauthor.cli.library)
    app = typer.Typer()
    app.command()(names["titles"])
    assert "Design Review Procedure\n" in CliRunner().invoke(app, obj=root).stdout


def test_the_author_is_one() -> None:
    names = example("class BlankAuthor", procauthor.authoring.offline)
    author: Author = names["BlankAuthor"]()
    fill: Callable[[Ask | None], Any] = author.fill  # type: ignore[assignment] - it looks at nothing
    assert (author.id, fill(None).values) == ("blank", {})


def test_the_tool_lists_titles(root: Path) -> None:
    tool = example('@_tool("List titles"', procauthor.mcp.tool)["list_titles"]
    assert (tool.name, tool.description) == ("list_titles", "Return the titles of all procedures.")
    outcome = tool.call(Project.open(root), None)
    assert "Design Review Procedure" in outcome.data["titles"]
    assert outcome.rows == ("titles",)
