"""Nothing that came with a library is believed, and nothing outside of it is touched."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from procauthor.cli.app import app
from tests.cli.inside import run, run_json
from tests.hostile import (
    PLANTED,
    PRIVATE,
    SETTINGS,
    TRICKS,
    plant_document_link,
    plant_drafts,
    plant_history,
    plant_index,
    plant_journal,
    plant_links,
    plant_state_link,
    put,
    write_hostile,
    write_outside,
)
from tests.mcp.test_server import call, talk

COMMANDS = (
    "check",
    "check feature/rollback-notes.md",
    "check --update-baseline",
    "check --fix",
    "evaluate",
    "evaluate --save",
    "refs design-review",
    "search threats",
    "brief {title}",
    "plan",
    "plan --write",
    "create {title}",
    "drafts",
    "diff",
    "sync",
    "export design-review --as agent-skill",
    "undo --list",
    "undo",
    "redo",
    "undo 900",
    "runs",
    "runs prune --keep 0",
    "resume",
    "reject d",
    "reject",
    "accept e",
    "rename design-review {other}",
)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    return write_outside(tmp_path / "outside")


@pytest.fixture
def clone(tmp_path: Path, outside: Path) -> Path:
    return write_hostile(tmp_path / "library")


def everything(folder: Path) -> dict[str, tuple[int, bytes]]:
    """All that is in a folder, with modes; links are not followed."""
    return {place: (os.lstat(place).st_mode, _content(place)) for place in _places(folder)}


def _places(folder: Path) -> Iterator[str]:
    for base, folders, files in os.walk(folder):
        yield from (os.path.join(base, name) for name in (*folders, *files))


def _content(place: str) -> bytes:
    if os.path.islink(place):
        return os.readlink(place).encode()
    return b"" if os.path.isdir(place) else Path(place).read_bytes()


def obey_nothing(root: Path, outside: Path) -> None:
    """Run many commands: each ends with a sentence, tells no planted or private word, and touches nothing outside."""
    before, git = everything(outside), everything(root / ".git")
    for line in COMMANDS:
        words = [
            part.format(title="Threat Check Procedure", other="Structure Choice Procedure") for part in line.split(" ")
        ]
        done = CliRunner().invoke(app, ["-C", str(root), *words])
        assert done.exception is None or isinstance(done.exception, SystemExit), (line, done.exception)
        assert done.exit_code in {0, 1, 2}, (line, done.output)
        assert PLANTED not in done.stdout.replace(f"template {PLANTED}", ""), (line, done.stdout)
        assert PRIVATE not in done.output, (line, done.output)
        assert everything(outside) == before, line
        assert everything(root / ".git") == git, line


def own_state(root: Path) -> None:
    """A library in which something was written here before."""
    run("-C", root, "move", "threat-check", "feature/sub", "--no-alias")


def plant(root: Path, outside: Path) -> None:
    for trick in TRICKS:
        trick(root, outside)


def test_what_came_with_a_clone_is_not_believed(clone: Path, outside: Path) -> None:
    plant(clone, outside)
    obey_nothing(clone, outside)


def test_what_a_pull_laid_into_our_own_state_is_not_believed(clone: Path, outside: Path) -> None:
    own_state(clone)
    run("-C", clone, "search", "threats")
    plant(clone, outside)
    obey_nothing(clone, outside)
    assert run_json("-C", clone, "undo", "--list")["history"]


def test_state_is_never_a_link(clone: Path, outside: Path) -> None:
    plant_state_link(clone, outside)
    obey_nothing(clone, outside)
    assert not (clone / ".procauthor").is_symlink()


@pytest.mark.parametrize("settings", SETTINGS)
def test_settings_lead_nowhere_else(tmp_path: Path, outside: Path, settings: str) -> None:
    root = write_hostile(tmp_path / "library", settings)
    before = everything(outside)
    for words in ("check --update-baseline", "plan", "sync", "evaluate"):
        assert "leads out of the library" in run("-C", root, *words.split(" "), code=2).stderr
    assert everything(outside) == before
    assert "leads out of the library" in run("-C", root, "check", code=2).stderr


def test_a_client_of_the_server_sees_nothing_planted(clone: Path, outside: Path) -> None:
    plant(clone, outside)
    before, git = everything(outside), everything(clone / ".git")
    seen: list[object] = []

    async def work(client: object) -> None:
        for tool, words in (
            ("search", {"query": "threats"}),
            ("check", {}),
            ("get_brief", {"title": "Threat Check Procedure"}),
        ):
            seen.append(await call(client, tool, **words))  # type: ignore[arg-type]

    talk(clone, work)
    assert PLANTED not in json.dumps(seen)
    assert PRIVATE not in json.dumps(seen)
    assert (everything(outside), everything(clone / ".git")) == (before, git)


# What is said of it


def test_foreign_state_is_said_once_and_kept(clone: Path, outside: Path) -> None:
    plant_journal(clone, outside)
    planted = (clone / ".procauthor/journal.json").read_bytes()
    said = run("-C", clone, "refs", "design-review").stderr
    assert (
        ".procauthor/ was not written here, so nothing in it counts; it is kept as .procauthor.foreign-1/.procauthor"
        in said
    )
    assert (clone / ".procauthor.foreign-1/.procauthor/journal.json").read_bytes() == planted
    status = subprocess.run(["git", "status", "--short"], cwd=clone, check=True, capture_output=True, text=True)
    assert "foreign" not in status.stdout
    assert "foreign" not in run("-C", clone, "refs", "design-review").stderr


def test_a_planted_file_is_named_and_blocks_nothing(clone: Path, outside: Path) -> None:
    own_state(clone)
    made = run_json("-C", clone, "create", "Threat Check Procedure")["draft"]
    plant_drafts(clone, outside)
    plant_history(clone, outside)
    done = run("-C", clone, "drafts")
    assert made in done.stdout
    assert "draft 'd' was not written here, or is damaged" in done.stderr
    assert "draft 'damaged' was not written here, or is damaged" in done.stderr
    run("-C", clone, "accept")
    assert "000900.json was not written here, or is damaged" in run("-C", clone, "undo").stderr


def test_a_draft_of_our_own_does_not_count_once_somebody_changed_it(root: Path) -> None:
    made = run_json("-C", root, "create", "Threat Check Procedure")["draft"]
    file = root / f".procauthor/drafts/{made}.json"
    file.write_bytes(file.read_bytes().replace(b"Threat Check", b"Treats Check"))
    assert "no draft waits" in run("-C", root, "accept", code=2).stderr
    run("-C", root, "create", "Threat Check Procedure", "--fresh")
    assert b"Treats Check" not in file.read_bytes() or len(list(file.parent.glob("*.json"))) == 2


def test_a_planted_link_in_the_state_is_said_and_kept(clone: Path, outside: Path) -> None:
    own_state(clone)
    plant_links(clone, outside)
    said = run("-C", clone, "drafts").stderr
    assert "'.procauthor/stage' is a link, and state is never one" in said
    assert "link" not in run("-C", clone, "drafts").stderr


def test_an_index_counts_only_with_the_words_of_the_documents(clone: Path, outside: Path) -> None:
    run("-C", clone, "search", "threat")
    plant_index(clone, outside)
    done = run("-C", clone, "search", "what can go wrong with a design")
    assert PLANTED not in done.output
    assert "feature/threat-check.md" in done.stdout


def test_no_database_plays_back_what_a_pull_can_lay_beside_it(clone: Path, tmp_path: Path) -> None:
    theirs = shutil.copytree(clone, tmp_path / "theirs")
    for root, word in ((clone, "Threats."), (theirs, "XXXXX.")):
        for number in range(64):
            put(root / f"feature/thing-{number}.md", f"# Thing {number} Procedure\n\n## 1. Purpose\n\n{word}\n")
        for line in ("create|Threat Check Procedure", "search|thing", "check"):
            run("-C", root, *line.split("|"), code=None)
    state = theirs / ".procauthor"
    planted = [file.relative_to(state) for file in state.rglob("*.*") if file.suffix in (".db", ".sqlite")]
    assert {path.name.partition(".")[0] for path in planted} == {"work", "index", "check"}
    for path in planted:
        for name in (path.name, f"{path.name.partition('.')[0]}{path.suffix}"):
            for end in ("", "-wal", "-shm", "-journal"):
                shutil.copy2(state / path, clone / ".procauthor" / path.parent / (name + end))
    for line in ("runs", "search|thing", "check", "refs|Thing 3 Procedure"):
        done = run("-C", clone, *line.split("|"), code=None)
        assert "XXXXX" not in done.output
        assert "set aside" not in done.output


def test_a_link_that_leaves_the_library_is_no_document_in_any_command(clone: Path, outside: Path) -> None:
    plant_document_link(clone, outside)
    path, reason = "feature/rollback-notes.md", "a link that leads out of the library"
    for words in (["check"], ["check", path]):
        (found,) = [f for f in run_json("-C", clone, *words, code=1)["findings"] if f["path"] == path]
        assert reason in found["message"]
    assert reason in run("-C", clone, "refs", path, code=2).stderr
    for words in (["search", "threats"], ["brief", "Threat Check Procedure"]):
        assert f"{path!r} is no document of the library" in run("-C", clone, *words).stderr


def test_a_link_inside_of_the_library_is_a_document(root: Path) -> None:
    (root / "feature/copy.md").symlink_to("design-review.md")
    assert run_json("-C", root, "check", code=1)["summary"]["documents"] == 6


def test_a_file_that_is_no_baseline_is_not_overwritten(root: Path) -> None:
    put(root / "notes.json", '{"mine": true}')
    put(root / "procauthor.toml", '[check]\nbaseline = "notes.json"\n')
    assert "holds no baseline" in run("-C", root, "check", "--update-baseline", code=2).stderr
    assert (root / "notes.json").read_text() == '{"mine": true}'
    (root / "notes.json").unlink()
    run("-C", root, "check", "--update-baseline")
    run("-C", root, "check", "--update-baseline")


# Our own state


@pytest.mark.parametrize(
    "words", ["search x", "rename design-review Structure", "create {title}", "brief {title}", "run"]
)
def test_git_ignores_the_state_as_soon_as_it_is_there(root: Path, words: str) -> None:
    run("-C", root, *(word.format(title="Threat Check Procedure") for word in words.split(" ")))
    assert (root / ".procauthor/.gitignore").read_text() == "*\n"


def test_init_makes_state_that_git_ignores(tmp_path: Path) -> None:
    run("init", tmp_path / "new")
    assert (tmp_path / "new/.procauthor/.gitignore").read_text() == "*\n"


def test_state_goes_along_when_the_library_is_moved(root: Path, tmp_path: Path) -> None:
    run("-C", root, "create", "Threat Check Procedure")
    moved = root.rename(tmp_path / "moved")
    done = run("-C", moved, "accept")
    assert "foreign" not in done.stderr
    for place in (moved / ".procauthor").rglob("*"):
        place.chmod(0o700)
    assert run_json("-C", moved, "undo", "--list")["history"]


def test_state_does_not_count_in_a_copy(root: Path, tmp_path: Path) -> None:
    run("-C", root, "create", "Threat Check Procedure")
    shutil.copytree(root, tmp_path / "copy", symlinks=True)
    assert "was not written here" in run("-C", tmp_path / "copy", "drafts").stderr
    assert "no draft waits" in run("-C", tmp_path / "copy", "accept", code=2).stderr
    run("-C", root, "accept")
