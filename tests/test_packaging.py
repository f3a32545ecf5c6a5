"""The wheel holds what the checkout holds."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def tracked(*folders: str) -> set[str]:
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    return {name for name in names.stdout.splitlines() if (ROOT / name).is_file()}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs the list of files that git keeps")
def test_a_wheel_built_from_the_sdist_holds_every_file(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--outdir", str(tmp_path), str(ROOT), "--installer", "uv"],
        capture_output=True,
        check=True,
    )
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    wanted = {f"procauthor/{name}" for name in tracked("prompts", "templates")}
    wanted |= {name.removeprefix("src/") for name in tracked("src")}
    assert held == wanted
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert tracked("procedures", "tests", "prompts", "templates") <= names
