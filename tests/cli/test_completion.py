"""Completion in shells."""

import os
import subprocess
import sys

import pytest

MAIN = "import sys; sys.argv[0] = 'procauthor'; from procauthor.cli.app import main; main()"


@pytest.mark.parametrize(
    ("words", "place", "wanted"),
    [
        ("procauthor che", "1", "check"),
        ("procauthor init --wi", "2", "--with"),
        ("procauthor check --form", "2", "--format"),
    ],
)
def test_commands_and_options_are_completed(words: str, place: str, wanted: str) -> None:
    told = {"_PROCAUTHOR_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": place}
    done = subprocess.run(
        [sys.executable, "-c", MAIN],
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert wanted in done.stdout.split()
    assert done.stderr == ""
