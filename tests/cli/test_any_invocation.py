"""Every command and option, with values that nobody should type: an answer or one sentence, and never a traceback.

``PROCAUTHOR_INVOCATIONS`` sets how many are tried.
"""

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import typer
from typer.testing import CliRunner

from procauthor.cli.app import app

COUNT = int(os.environ.get("PROCAUTHOR_INVOCATIONS", "300"))
CODES = {0, 1, 2, 3, 130}
# These wait for a client or for changes of files, so they have no end of their own.
ENDLESS = {"mcp", "lsp"}
WAITING = {"--watch"}
VALUES = (
    *("", " ", "\0", "a\nb", "\t", "-", "--", "-1", "0", "1", "99999999999999999999", "1e999", "nan", "x" * 5000),
    *("目的", "e\u0301\u202e", "😀", "\udcff", "../outside.md", "/etc/passwd", "/dev/null", "/dev/zero/x", "folder"),
    *(
        "missing.md",
        "work/start.md",
        "index.md",
        "Start Procedure",
        "no-such-id",
        "[",
        "*",
        "{x}",
        "%s",
        "$(id)",
        "=",
        ",",
    ),
    *(
        "last",
        "all",
        "error",
        "json",
        "offline",
        "skeleton",
        "openai:",
        ":x",
        "a:b:c",
        "2h",
        "2027-13-45",
        "HEAD",
        "C1",
    ),
)
SOUND = ("work/start.md", "Start Procedure", "Next Procedure", "index.md", "unused-output", "Other Procedure")
DOCUMENT = "# Start Procedure\n\n## Purpose\n\nSay how work starts.\n\n## Trigger\n\n- Somebody asks.\n"
INDEX = (
    "# Index\n\n## Work Lifecycle\n\n| Procedure | Phase | Status |\n|---|---|---|\n| Next Procedure | - | Missing |\n"
)


def commands() -> Iterator[tuple[str, click.Command]]:
    group: Any = typer.main.get_command(app)
    context = click.Context(group)
    for name in group.list_commands(context):
        if name not in ENDLESS:
            yield name, group.get_command(context, name)


def invocation(rnd: random.Random, command: click.Command) -> list[str]:
    words: list[str] = []
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            if parameter.required or rnd.random() < 0.7:
                count = rnd.choice((1, 1, 2)) if parameter.nargs == -1 else 1
                words += [rnd.choice(SOUND if rnd.random() < 0.5 else VALUES) for _ in range(count)]
        elif rnd.random() < 0.25 and not WAITING & set(parameter.opts):
            flag = getattr(parameter, "is_flag", False)
            words += [rnd.choice(parameter.opts)] if flag else [rnd.choice(parameter.opts), rnd.choice(VALUES)]
    return words if rnd.random() < 0.9 else [*words, rnd.choice(VALUES)]


@pytest.fixture(scope="module")
def known() -> list[tuple[str, click.Command]]:
    return list(commands())


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    library = tmp_path / "library"
    (library / "work").mkdir(parents=True)
    (library / "folder").mkdir()
    (library / "procauthor.toml").write_text("", encoding="utf-8")
    (library / "work/start.md").write_text(DOCUMENT, encoding="utf-8")
    (library / "index.md").write_text(INDEX, encoding="utf-8")
    monkeypatch.chdir(library)
    return library


@pytest.mark.parametrize("part", range(10))
def test_no_invocation_ends_in_a_traceback(part: int, place: Path, known: list[tuple[str, click.Command]]) -> None:
    rnd = random.Random(part)
    wrong: list[str] = []
    for number in range(COUNT // 10):
        name, command = known[(part * (COUNT // 10) + number) % len(known)]
        words = [name, *invocation(rnd, command)]
        done = CliRunner().invoke(app, words, env={"OPENAI_API_KEY": "", "ANTHROPIC_API_KEY": ""})
        wrong += [f"{words!r}: {fault}" for fault in faults(done)]
        if number % 20 == 0:
            shutil.rmtree(place / ".procauthor", ignore_errors=True)
    assert not wrong, "\n".join(wrong)


def faults(done: Any) -> Iterator[str]:
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        yield f"{type(done.exception).__name__}: {done.exception}"[:300]
    elif done.exit_code not in CODES:
        yield f"exit code {done.exit_code}"
    elif done.exit_code == 2 and not done.stderr.strip():
        yield "exit code 2 without a word"
    elif "Traceback" in done.stderr:
        yield "a traceback is printed"
