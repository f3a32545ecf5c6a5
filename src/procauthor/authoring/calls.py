"""The calls that a run has paid for. A repeated ask is answered from here and costs nothing."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from procauthor.authoring.brief import Usage
from procauthor.authoring.reply import Reply


def call_key(model: str, messages: tuple[str, ...], schema: Mapping[str, Any], attempt: int) -> str:
    """Return the key of one exact call.

    The attempt belongs to it: to ask the same thing again after an empty reply must not repeat that reply.
    """
    text = json.dumps([model, messages, schema, attempt], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class CallLog:
    """Replies of one run in a file of JSON lines, each on disk before it is used.

    Args:
        path: The file; without one, replies are kept in memory only.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._replies: dict[str, Reply] = {}
        self._whole = True
        if path is not None and path.is_file():
            self._load(path.read_bytes())

    @property
    def usage(self) -> Usage:
        """What all recorded calls have cost, whichever process made them."""
        with self._lock:
            return sum((reply.usage for reply in self._replies.values()), Usage())

    def find(self, key: str) -> Reply | None:
        """Return the recorded reply to a call."""
        with self._lock:
            return self._replies.get(key)

    def append(self, key: str, reply: Reply) -> None:
        """Record a paid call."""
        line = json.dumps(
            {"key": key, "text": reply.text, "finish": reply.finish, "usage": reply.usage.as_json()},
        )
        with self._lock:
            self._replies[key] = reply
            if self._path is not None:
                self._write(self._path, line)

    def _write(self, path: Path, line: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            # A crash can leave half a line: the next one must not continue it.
            file.write((("" if self._whole else "\n") + line + "\n").encode("ascii"))
            file.flush()
            os.fsync(file.fileno())
        self._whole = True

    def _load(self, raw: bytes) -> None:
        self._whole = not raw or raw.endswith(b"\n")
        for line in raw.split(b"\n"):
            entry = _entry(line)
            if entry:
                self._replies[entry[0]] = entry[1]


def _entry(line: bytes) -> tuple[str, Reply] | None:
    """Return a recorded call; a line that a crash cut off is none."""
    try:
        data = json.loads(line)
        return str(data["key"]), Reply(data["text"], data["finish"], Usage(**data["usage"]))
    except (ValueError, KeyError, TypeError):
        return None
