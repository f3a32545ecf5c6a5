"""Settings, prompts and templates that cannot be used: one sentence with the file, and what is allowed instead."""

import shutil
from pathlib import Path

import pytest

from tests.cli.inside import run

SETTINGS = {
    "a number without end": ("[authoring]\ntemperature = inf\n", "procauthor.toml:2:", "a number"),
    "no number": ("[run]\nlease = nan\n", "procauthor.toml:2:", "a number"),
    "a key of no table": ("library = 3", "procauthor.toml:1:", "index, plan"),
    "a key that is not known": ('[library]\nindx = "a"', "procauthor.toml:2:", "did you mean 'index'?"),
    "a table that is not known": ("tool = 3", "procauthor.toml:1:", "known keys are: library"),
    "a number for a text": ("[authoring]\nmodel = 3", "procauthor.toml:2:", "'offline'"),
    "a text for a number": ('[authoring]\nretries = "many"', "procauthor.toml:2:", "0 or more, 10 or less"),
    "a number out of bounds": ("[authoring]\nretries = 99", "procauthor.toml:2:", "0 or more, 10 or less"),
    "a word of no list": ('[links]\nslugs = "x"', "procauthor.toml:2:", "'github' or 'gitlab' or 'mkdocs'"),
    "a path outside": ('[check]\nbaseline = "../x"', "procauthor.toml:2:", "a path below the library's folder"),
    "a level of no rule": ('[rules]\nbroken-link = "loud"', "procauthor.toml:2:", "'error' or 'warning'"),
    "a text for a list": ('[library]\nexclude = "x"', "procauthor.toml:2:", "a list of texts"),
    "a list for a table": ("templates = []", "procauthor.toml:1:", "a table of texts"),
    "brackets": ("x = " + "[" * 5000, "procauthor.toml", "nothing deeper"),
    "a long number": ("x = 1" + "0" * 5000, "procauthor.toml", "nothing deeper"),
    "no TOML": ("[library\n", "line 1", "correct the line"),
    "a template of no name": ('[templates]\n"x/*.md" = "procedur"', "'procedur'", "did you mean 'procedure'?"),
}
PROMPTS = {
    "division by zero": (b"{{ 1 / 0 }}", ":1:"),
    "a huge range": (b"\n{% for i in range(1000 ** 3) %}{% endfor %}", ":2:"),
    "a text without end": (b"{{ 'a' * 10 ** 10 }}", ":1:"),
    "a number without end": (b"{{ 9 ** 999999999 }}", ":1:"),
    "loops in loops": (
        b"{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}",
        "1,000,000 steps",
    ),
    "macros that branch": (
        b"{% macro m(n) %}{% if n %}{{ m(n-1) }}{{ m(n-1) }}{% endif %}{% endmacro %}{{ m(60) }}",
        ":1:",
    ),
    "a text that doubles": (
        b"{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "larger than 8,000,000",
    ),
    "a list that doubles": (
        b"{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "larger than 8,000,000",
    ),
    "a text that grows by a filter": (
        b"{% set n = namespace(x='a') %}{% for i in range(99) %}{% set n.x = n.x|replace('a', 'aaaa') %}{% endfor %}",
        "larger than 8,000,000",
    ),
    "spaces without end": (b"{{ 'x'|center(2000000000) }}", "'center'"),
    "a macro without end": (b"{% macro x() %}{{ x() }}{% endmacro %}{{ x() }}", "without an end"),
    "a file that takes in itself": (b"{% include 'hand-off.md.j2' %}", "without an end"),
    "other bytes": (b"fine\n\xff", ":2:"),
    "a missing variable": (b"a\nb\n{{ nothing }}", ":3:"),
    "no syntax": (b"\n{% if %}", ":2:"),
    "no filter": (b"{{ 1 | nosuch }}", ":1:"),
    "an unsafe name": (b"{{ [].pop() }}", ":1:"),
    "an import of nothing": (b"{% import 'none' as x %}", ":1:"),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "procauthor.toml").write_text("", encoding="utf-8")
    (tmp_path / "a.md").write_text("# A\n\nWords.\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_say_where_and_what_is_allowed(name: str, root: Path) -> None:
    text, where, allowed = SETTINGS[name]
    (root / "procauthor.toml").write_text(text, encoding="utf-8")
    first, _, hint = run("-C", root, "check", code=2).stderr.partition("hint: ")
    assert where in first
    assert allowed in hint


@pytest.mark.parametrize(
    "text", ["tool = 3", "[tool]\nprocauthor = 3", "[tool.procauthor]\nx = 1", "[tool.procauthor\n"]
)
def test_settings_in_a_pyproject_are_refused_as_well(text: str, root: Path) -> None:
    (root / "procauthor.toml").unlink()
    (root / "pyproject.toml").write_text(text, encoding="utf-8")
    assert "pyproject.toml" in run("-C", root, "check", code=2).stderr


def test_a_broken_pyproject_of_somebody_else_is_no_matter(root: Path) -> None:
    (root / "procauthor.toml").unlink()
    (root / "pyproject.toml").write_text("[build\n", encoding="utf-8")
    run("-C", root, "check")


def test_a_folder_or_other_bytes_in_the_place_of_settings(root: Path) -> None:
    file = root / "procauthor.toml"
    file.write_bytes(b'[library]\nindex = "\xff"')
    assert "line 2" in run("-C", root, "check", code=2).stderr
    file.unlink()
    file.mkdir()
    assert "cannot be read" in run("-C", root, "check", code=2).stderr
    shutil.rmtree(file)
    file.symlink_to("nowhere")
    assert "cannot be read" in run("-C", root, "check", code=2).stderr


@pytest.mark.parametrize("name", PROMPTS)
def test_a_prompt_that_cannot_be_used_names_file_and_line(name: str, root: Path) -> None:
    raw, what = PROMPTS[name]
    (root / "prompts").mkdir()
    (root / "prompts/hand-off.md.j2").write_bytes(raw)
    error = run("-C", root, "brief", "New Procedure", "--lifecycle", "Ops", code=2).stderr
    assert "prompts/hand-off.md.j2" in error
    assert what in error
    assert "hint:" in error
