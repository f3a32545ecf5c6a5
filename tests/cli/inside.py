"""The command line within this process: the same parsing and printing, without the time that a process needs."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from procauthor.cli.app import app


def run(*args: str | Path, code: int = 0) -> Result:
    done = CliRunner().invoke(app, [str(arg) for arg in args], catch_exceptions=False)
    assert done.exit_code == code, (done.exit_code, done.stdout[-800:], done.stderr[-800:])
    return done


def run_json(*args: str | Path, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*args, "--json", code=code).stdout)
    assert found["schema_version"] == 1
    return found
