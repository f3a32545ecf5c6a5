"""Runs that are cut off and go on."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from procauthor import Project

TITLE = "Threat Check Procedure"


def test_a_run_goes_on_from_a_checkpoint_whose_next_step_had_ended(root: Path, tmp_path: Path) -> None:
    """A kill between the end of a step and its checkpoint leaves what the step wrote, and no checkpoint of it."""
    whole = Project.open(root).author("offline").create(TITLE).draft
    with closing(sqlite3.connect(root / ".procauthor/runs/checkpoints.sqlite")) as connection:
        ids = [row[0] for row in connection.execute("select checkpoint_id from checkpoints order by checkpoint_id")]
    assert len(ids) > 8
    runs = root / ".procauthor/runs"
    shutil.copytree(runs, tmp_path / "runs")
    for last in ids[:7:3]:
        shutil.rmtree(runs)
        shutil.copytree(tmp_path / "runs", runs)
        with closing(sqlite3.connect(runs / "checkpoints.sqlite")) as connection, connection:
            connection.execute("delete from checkpoints where checkpoint_id > ?", (last,))
        found = Project.open(root).author("offline").resume(whole.id).draft
        assert (found.text, found.outcome) == (whole.text, whole.outcome)
