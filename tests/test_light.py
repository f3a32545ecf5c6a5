"""The light distribution: the same package without chat models and Chroma."""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.cli.test_handoff import answer
from tests.test_packaging import tracked

ROOT = Path(__file__).parents[1]
HEAVY = ("chromadb", "langchain", "langchain-core", "watchfiles")
TITLE = "Threat Check Procedure"
# Runs commands in one process where LangChain and Chroma cannot be imported; each says how it ended.
SCRIPT = """
import json, sys
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("langchain", "langchain_core", "langgraph", "langsmith", "chromadb", "watchfiles"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None

sys.meta_path.insert(0, Absent())
from typer.testing import CliRunner
from procauthor.cli.app import app

for words in json.loads(sys.argv[1]):
    done = CliRunner().invoke(app, words)
    print(json.dumps([words, done.exit_code, done.stderr[-400:], repr(done.exception)]))
"""


def settings(folder: str) -> dict[str, object]:
    found: dict[str, object] = tomllib.loads((ROOT / folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return found


def names(dependencies: object) -> dict[str, str]:
    assert isinstance(dependencies, list)
    return {re.split(r"[<>=~!]", each)[0]: each for each in dependencies}


def run_light(root: Path, *commands: tuple[str, ...]) -> list[tuple[list[str], int, str, str]]:
    words = [["-C", str(root), *command] for command in commands]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(words)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def test_it_asks_for_the_same_packages_but_for_the_heavy_ones() -> None:
    whole, light = settings("."), settings("light")
    wanted = {name: said for name, said in names(whole["dependencies"]).items() if name not in HEAVY}
    assert names(light["dependencies"]) == wanted
    extras, others = light["optional-dependencies"], whole["optional-dependencies"]
    assert isinstance(extras, dict)
    assert isinstance(others, dict)
    assert extras == {name: said for name, said in others.items() if not any("langchain" in each for each in said)}
    assert light["scripts"] == whole["scripts"]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs the list of files that git keeps")
def test_its_wheel_holds_the_same_files_and_has_the_same_version(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT / "light"), "--installer", "uv"],
        capture_output=True,
        check=True,
    )
    wheel = next(tmp_path.glob("*.whl"))
    assert wheel.name.startswith(f"procauthor_light-{settings('.')['version']}-")
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    wanted = {f"procauthor/{name}" for name in tracked("prompts", "templates")}
    assert held == wanted | {name.removeprefix("src/") for name in tracked("src")}


def test_commands_run_where_langchain_and_chroma_are_absent(root: Path, tmp_path: Path) -> None:
    (tmp_path / "answer.json").write_text(json.dumps({"title": TITLE, "fields": answer()}))
    done = run_light(
        root,
        ("check",),
        ("evaluate",),
        ("plan",),
        ("sync", "--check"),
        ("refs", "Design Review Procedure"),
        ("search", "who decides"),
        ("brief", TITLE),
        ("submit", str(tmp_path / "answer.json"), "--by", "Ada"),
        ("reject",),
        ("create", "Release Check Procedure"),
        ("reject",),
        ("update", "Design Review Procedure", "add trigger: a law changes"),
        ("accept",),
        ("rename", "Design Review Procedure", "Structure Review Procedure"),
        ("undo",),
        ("approve", "Design Review Procedure", "--by", "Ada"),
        ("due",),
        ("site", str(tmp_path / "site")),
        ("export", "Design Review Procedure", "--to", "agent-sop", "--out", str(tmp_path / "sop")),
    )
    assert [(words, told, error) for words, code, told, error in done if code] == []


def test_what_is_not_there_says_how_it_is_installed(root: Path) -> None:
    (done,) = run_light(root, ("create", TITLE, "--model", "openai:any"))
    assert done[1] == 2, done
    assert "a chat model needs LangChain, which is not installed" in done[2]
    assert "pip install" in done[2]
    (root / "procauthor.toml").write_text('[retrieval]\nembedding = "langchain:openai:any"\n')
    (done,) = run_light(root, ("search", "who"))
    assert done[1] == 2, done
    assert "needs LangChain" in done[2]
    (root / "procauthor.toml").write_text('[retrieval]\nserver = "http://127.0.0.1:9"\n')
    (done,) = run_light(root, ("search", "who"))
    assert done[1] == 2, done
    assert "needs the package 'chromadb'" in done[2]
