"""Replies that earlier runs paid for, by the exact call. To ask the same thing again costs nothing."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from procauthor.authoring.calls import read_reply
from procauthor.authoring.reply import Reply
from procauthor.library.state import make_folder

_MOST = 2_000
"""The oldest replies beyond this number are dropped."""


class ReplyCache:
    """Replies in a folder, one file each. Losing it costs money at most, so it never fails."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, key: str) -> Reply | None:
        """Return the reply to a call; a file that cannot be read is none."""
        try:
            return read_reply(json.loads((self._folder / f"{key}.json").read_text(encoding="ascii")))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def save(self, key: str, reply: Reply) -> None:
        """Keep a reply that was of use."""
        data = {"text": reply.text, "finish": reply.finish, "form": reply.form, "spelled": reply.spelled}
        place = self._folder / f"{key}.json"
        with suppress(OSError):
            make_folder(self._folder)
            temporary = place.with_suffix(f".{os.getpid()}.tmp")
            temporary.write_text(json.dumps({**data, "usage": reply.usage.as_json()}), encoding="ascii")
            temporary.replace(place)
            self._trim()

    def _trim(self) -> None:
        files = list(self._folder.glob("*.json"))
        if len(files) > _MOST:
            for file in sorted(files, key=lambda f: f.stat().st_mtime_ns)[: len(files) - _MOST]:
                file.unlink(missing_ok=True)
