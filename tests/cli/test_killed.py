"""Commands that are killed while they write leave the library as it was or as it should be."""

import json
import os
import subprocess
import sys
from pathlib import Path

from procauthor import Project

ROOT = Path(__file__).parents[2]
ROUNDS = int(os.environ.get("PROCAUTHOR_KILLS", "8"))


def test_sync_rename_and_accept_survive_a_kill(root: Path) -> None:
    Project.open(root).author().create("Threat Check Procedure")
    index = root / "index.md"
    index.write_text(index.read_text().replace("| 1 | Defined |", "| 1 | Missing |"))
    command = [sys.executable, "-m", "tests.cli.killed", str(root), str(ROUNDS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert all(each["old"] + each["new"] == ROUNDS for each in counts.values())
    assert sum(each["taken back"] for each in counts.values()) > 0
