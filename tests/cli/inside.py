"""The command line within this process: what a user types, without a start of Python each time."""

import json
from pathlib import Path
from typing import Any

from click.testing import Result
from typer.testing import CliRunner

from procauthor.cli.app import app


def run(*args: str | Path, code: int | None = 0, **env: str) -> Result:
    """Run a command; without a code, it may end with any."""
    done = CliRunner().invoke(app, [str(arg) for arg in args], env=env)
    assert code is None or done.exit_code == code, (done.exit_code, done.stdout[-800:], done.stderr[-800:])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done


def run_json(*args: str | Path, code: int = 0, **env: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*args, "--json", code=code, **env).stdout)
    assert found["schema_version"] == 1
    return found
