"""The everyday lines of the README, one after another in a library that was just made."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.inside import run

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def everyday() -> Iterator[list[str]]:
    """Yield the commands of the block below "Everyday use"."""
    block = README.partition("\n## Everyday use\n")[2].partition("```sh\n")[2].partition("\n```")[0]
    for line in block.splitlines():
        for command in re.split(r"\s&&\s", line.partition("   #")[0].split(" # ")[0]):
            yield shlex.split(command)


def test_every_line_ends_well_and_leads_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    commands = list(everyday())
    assert commands[0][:2] == ["procauthor", "init"]
    assert len(commands) > 18
    for program, *words in commands:
        if program == "cd":
            monkeypatch.chdir(tmp_path / words[0])
            continue
        assert program == "procauthor"
        run(*words)
    assert (tmp_path / "my-procedures/report.html").is_file()
    run("check")
    run("sync", "--check")
