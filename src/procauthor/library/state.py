"""The one door to the state of a library, the folder ``.procauthor/``.

State counts only where it was written. A copy of the folder, or one that came with a clone, is set aside: nothing of
it is believed, and nothing is lost. So is a link. A file that says what to write into the library carries a seal,
because a pull can lay files into a folder that is our own.

When the folder is made, it gets a secret, and beside it what the disk says of the file that holds the secret. These
numbers cannot be chosen for a file of a clone. They stay the same when the library is moved on its disk.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from procauthor.errors import LibraryError
from procauthor.regex import lazy

FOLDER = ".procauthor"
_ORIGIN = "origin"
_FACTS = "origin.json"
_ASIDE = f"{FOLDER}.foreign"
_MOST_BYTES = 4096
_LONGEST_NAME = 200
_NAME = 16
_SEAL = lazy(rb'\{"seal": "([0-9a-f]{64})", ')


def open_state(root: Path) -> tuple[Path, list[str]]:
    """Return the state folder of a library, which may not exist yet, and a sentence on each thing that was set aside.

    Where a foreign folder cannot be set aside, such as on a read-only disk, the path is one where nothing is.
    """
    folder = root / FOLDER
    if not _is_free(folder) and not _counts(folder):
        said = f"{FOLDER}/ was not written here, so nothing in it counts"
        try:
            return folder, [f"{said}; it is kept as {set_aside(folder)}"]
        except OSError:
            # Another process may have set it aside meanwhile.
            if _is_free(folder) or _counts(folder):
                return folder, []
            return root / f"{FOLDER}.{os.urandom(8).hex()}", [said]
    return folder, [_set_link_aside(folder, link) for link in list(_links(folder))]


def make_folder(folder: Path) -> None:
    """Make a folder of the state. The state folder itself is made with its secret, and so that git ignores it.

    A state folder that does not count is set aside first.

    Raises:
        OSError: The disk refuses.
    """
    state = _state_of(folder)
    if state is not None and not _counts(state):
        if not _is_free(state):
            with suppress(FileNotFoundError):
                set_aside(state)
        _begin(state)
    folder.mkdir(parents=True, exist_ok=True)


def set_aside(place: Path) -> str:
    """Move a state folder, or something in it, out of the way; return where it is kept, relative to the library.

    Raises:
        OSError: The disk refuses.
    """
    state = _state_of(place)
    assert state is not None, place
    taken = {name for name in os.listdir(state.parent) if name.startswith(_ASIDE)}
    name = next(name for number in range(1, len(taken) + 2) if (name := f"{_ASIDE}-{number}") not in taken)
    aside = state.parent / name
    aside.mkdir()
    try:
        # A status of git that shows it would make people commit it.
        (aside / ".gitignore").write_text("*\n", encoding="utf-8")
        os.rename(place, aside / place.name)
    except OSError:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return f"{name}/{place.name}"


def is_id(text: object) -> bool:
    """Say whether something may be the id of a draft, a run or a batch: a name, and never a path."""
    return (
        isinstance(text, str)
        and 0 < len(os.fsencode(text)) <= _LONGEST_NAME
        and text.isprintable()
        and not text.startswith(".")
        and not any(c in text for c in "/\\")
    )


def seal(place: Path, kind: str, raw: bytes) -> bytes:
    """Return a JSON object with the seal of the state folder that a place is in, as its first member.

    Args:
        place: A path in the state folder.
        kind: What the object is, so that one kind cannot be taken for another.
        raw: The object, with at least one member.

    Raises:
        OSError: The state folder has no secret.
    """
    return b'{"seal": "%s", ' % _sign(place, kind, raw).encode() + raw.removeprefix(b"{")


def unseal(place: Path, kind: str, raw: bytes) -> bytes | None:
    """Return a sealed JSON object without its seal, or None if it was not written here, or has changed since."""
    match = _SEAL.match(raw)
    if match is None:
        return None
    plain = b"{" + raw[match.end() :]
    try:
        return plain if hmac.compare_digest(match[1], _sign(place, kind, plain).encode()) else None
    except OSError:
        return None


def database(place: Path) -> Path:
    """Return where a database of the state is: ``work.db`` is ``work.3f9a8c2e1b7d4605.db``.

    SQLite plays back into a database what is beside it under names that begin with its own. Nobody can know the name
    without reading this state folder, so no pull can lay anything there. Outside of any state folder it is the place
    itself.

    Raises:
        OSError: The state folder has no secret, so there is no database in it.
    """
    if _state_of(place) is None:
        return place
    return place.with_name(f"{place.stem}.{_sign(place, 'database', place.name.encode())[:_NAME]}{place.suffix}")


def _sign(place: Path, kind: str, raw: bytes) -> str:
    state = _state_of(place)
    key = b"" if state is None else _read(state / _ORIGIN)
    return hmac.new(key, f"{kind}\0".encode() + raw, hashlib.sha256).hexdigest()


def _state_of(place: Path) -> Path | None:
    return next((path for path in (place, *place.parents) if path.name == FOLDER), None)


def _is_free(folder: Path) -> bool:
    """Say whether nothing is there yet; an empty folder is nothing."""
    try:
        return not folder.is_symlink() and not os.listdir(folder)
    except FileNotFoundError:
        return True
    except OSError:
        return False


# Where the folder was written


def _counts(folder: Path) -> bool:
    """Say whether a state folder was written where it is."""
    try:
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            return False
        told = json.loads(_read(folder / _FACTS))
        facts = _facts(folder)
        # Only the disk sets the time of the last change, so it is proof. A chmod sets it too: then the rest must do.
        proofs = (("inode", "changed"), ("inode", "modified", "device", "path"))
        if not any(all(told[name] == facts[name] for name in proof) for proof in proofs):
            return False
    except (OSError, ValueError, KeyError, TypeError):
        return False
    if told != facts:
        with suppress(OSError):
            _write_facts(folder, facts)
    return True


def _facts(folder: Path) -> dict[str, Any]:
    status = os.lstat(folder / _ORIGIN)
    return {
        "path": _shown(folder),
        "device": status.st_dev,
        "inode": status.st_ino,
        "changed": status.st_ctime_ns,
        "modified": status.st_mtime_ns,
    }


def _shown(folder: Path) -> str:
    return os.path.join(os.path.realpath(folder.parent), folder.name)


def _read(file: Path) -> bytes:
    """Return the bytes of a small regular file.

    Raises:
        OSError: It is none, or cannot be read.
    """
    status = os.lstat(file)
    if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
        message = f"{file} is no small file"
        raise OSError(message)
    return file.read_bytes()


def _begin(state: Path) -> None:
    """Make the state folder under another name first, so that no other process sees it half made."""
    state.parent.mkdir(parents=True, exist_ok=True)
    new = state.with_name(f"{FOLDER}.new-{os.getpid()}-{os.urandom(4).hex()}")
    new.mkdir()
    try:
        (new / ".gitignore").write_text("*\n", encoding="utf-8")
        (new / _ORIGIN).write_text(os.urandom(32).hex(), encoding="ascii")
        _write_facts(new, _facts(new) | {"path": _shown(state)})
        os.rename(new, state)
    except OSError:
        # Another process may have made it meanwhile.
        if not _counts(state):
            raise
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _write_facts(folder: Path, facts: dict[str, Any]) -> None:
    temporary = folder / f"{_FACTS}.{os.getpid()}"
    temporary.write_text(json.dumps(facts), encoding="utf-8")
    os.replace(temporary, folder / _FACTS)


# Links


def _links(folder: Path) -> Iterator[Path]:
    waiting = [folder]
    while waiting:
        try:
            entries = list(os.scandir(waiting.pop()))
        except OSError:
            continue
        for entry in entries:
            if entry.is_symlink():
                yield Path(entry.path)
            elif entry.is_dir():
                waiting.append(Path(entry.path))


def _set_link_aside(folder: Path, link: Path) -> str:
    shown = link.relative_to(folder.parent).as_posix()
    try:
        kept = set_aside(link)
    except OSError as error:
        message = f"{shown!r} is a link, and state is never one"
        raise LibraryError(message, "delete it; nothing was read or written through it") from error
    return f"{shown!r} is a link, and state is never one; it is kept as {kept}"
