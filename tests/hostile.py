"""A library that came from somebody who means harm: tricks to plant in it, and what may never come of them.

A trick is a function that gets the library and a folder of the user outside of it. What it plants for people or models
to read says `PLANTED`; what it tries to reach is in the files of the folder, which say `PRIVATE`. To add a trick, add
its function to `TRICKS`, or to `SETTINGS` what the settings say.
"""

import base64
import json
import os
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

from procauthor.library.state import database
from tests.conftest import SETTINGS as PLAIN
from tests.conftest import write_library

PLANTED = "xylophonic"
PRIVATE = "harpsichordal"
HOOK = f"#!/bin/sh\necho {PLANTED}\n".encode()
Trick = Callable[[Path, Path], None]


def write_outside(folder: Path) -> Path:
    """Files of the user that no command may read out, change or delete."""
    files = (
        "notes.md",
        "precious.json",
        "stage/data.txt",
        "templates/procedure.md",
        "prompts/head.md.j2",
        "skills/x.md",
    )
    for path in files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(f"# A {PRIVATE} text\n\n## 1. Purpose\n\nThreats are {PRIVATE}.\n", encoding="utf-8")
    (folder / "empty").mkdir()
    return folder


def write_hostile(root: Path, settings: str = "") -> Path:
    """A library in a repository, with nothing planted yet."""
    write_library(root, **{"procauthor.toml": settings + PLAIN})
    for words in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    return root


def put(file: Path, content: bytes | str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)


def link(place: Path, target: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to(target)


# State


def record(root: Path, outside: Path, *, before: bytes | None) -> bytes:
    """A change to take back that reaches for everything that no change may write."""
    away = os.path.relpath(outside, root)
    link(root / "way.md", outside / "notes.md")
    paths = (".git/hooks/post-checkout", f"{away}/precious.json", str(outside / "stage/data.txt"), "way.md", "Makefile")
    content = None if before is None else base64.b64encode(before).decode()
    files = [{"path": p, "before": content, "after": None, "mode": 0o755, "origin": None} for p in paths]
    head = {"version": 1, "title": PLANTED, "time": "2026-01-01T00:00:00+00:00", "undone": False}
    return json.dumps({**head, "folders": [f"{away}/empty"], "files": files}).encode()


def plant_journal(root: Path, outside: Path) -> None:
    put(root / ".procauthor/journal.json", record(root, outside, before=HOOK))


def plant_sealed_journal(root: Path, outside: Path) -> None:
    raw = record(root, outside, before=HOOK)
    put(root / ".procauthor/journal.json", b'{"seal": "%s", ' % (b"0" * 64) + raw[1:])


def plant_history(root: Path, outside: Path) -> None:
    put(root / ".procauthor/history/000900.json", record(root, outside, before=HOOK))
    put(root / ".procauthor/history/000901.json", record(root, outside, before=None))
    put(root / ".procauthor/history/000902.json", "{")


def plant_drafts(root: Path, outside: Path) -> None:
    away = os.path.relpath(outside, root / ".procauthor/drafts")
    draft = {"title": PLANTED, "author": "offline", "outcome": "Awaiting review", "text": f"# {PLANTED}\n"}
    more = {"usage": {"calls": 0, "input_tokens": 0, "output_tokens": 0}, "sources": {}}
    names = {"d": f"{away}/precious", "e": "e", "f": "../../README"}
    for name, id_ in names.items():
        raw = {**draft, **more, "id": id_, "path": f"{os.path.relpath(outside, root)}/notes.md"}
        put(root / f".procauthor/drafts/{name}.json", json.dumps(raw))
    put(root / ".procauthor/drafts/damaged.json", "")


def _database(root: Path, name: str) -> Path:
    """Return where a database of the state is or, where there is no state yet, the name that others know of it."""
    try:
        return database(root / ".procauthor" / name)
    except OSError:
        return root / ".procauthor" / name


def plant_index(root: Path, _: Path) -> None:
    file = _database(root, "index/index.sqlite")
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        file.write_bytes(b"")
    with sqlite3.connect(file) as connection:
        connection.execute("create table if not exists chunk(id text, path text, value text)")
        connection.execute("update chunk set value = replace(value, 'threat', ?)", (PLANTED,))
    connection.close()


def plant_memory(root: Path, _: Path) -> None:
    put(_database(root, "check.db"), b"SQLite format 3\0" + PLANTED.encode())


def plant_links(root: Path, outside: Path) -> None:
    for name in ("stage", "conflicts", "replies", "lock", "index/vectors-0"):
        place = root / ".procauthor" / name
        if not os.path.lexists(place) or place.is_file():
            link(place, outside / ("precious.json" if name == "lock" else "stage"))


def plant_state_link(root: Path, outside: Path) -> None:
    link(root / ".procauthor", outside)


# Documents and files of the library


def plant_document_link(root: Path, outside: Path) -> None:
    link(root / "feature/rollback-notes.md", outside / "notes.md")
    link(root / "feature/folder", outside)


def plant_template_link(root: Path, outside: Path) -> None:
    link(root / "templates", outside / "templates")


def plant_prompt_link(root: Path, outside: Path) -> None:
    link(root / "prompts", outside / "prompts")


def plant_sidecar_links(root: Path, outside: Path) -> None:
    link(root / "receipts", outside / "stage")
    link(root / "provenance", outside / "stage")
    link(root / "evaluations", outside / "stage")


def plant_baseline_link(root: Path, outside: Path) -> None:
    link(root / ".procauthor-baseline.json", outside / "precious.json")


def plant_export_link(root: Path, outside: Path) -> None:
    link(root / ".agents/skills", outside / "skills")


TRICKS: tuple[Trick, ...] = (
    plant_journal,
    plant_sealed_journal,
    plant_history,
    plant_drafts,
    plant_index,
    plant_memory,
    plant_links,
    plant_document_link,
    plant_template_link,
    plant_prompt_link,
    plant_sidecar_links,
    plant_baseline_link,
    plant_export_link,
)
SETTINGS: tuple[str, ...] = (
    '[check]\nbaseline = "../outside/precious.json"\n',
    '[check]\nbaseline = "feature/../../outside/precious.json"\n',
    '[library]\nplan = "../outside/notes.md"\n',
    '[library]\nindex = "/etc/hostname"\n',
)
