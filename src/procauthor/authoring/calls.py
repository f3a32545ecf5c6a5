"""The calls of one run: what each said and cost. A repeated ask is answered from here and costs nothing."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from procauthor.authoring.brief import Usage
from procauthor.authoring.reply import Reply
from procauthor.authoring.store.shelf import FileJournal, Journal


def call_key(model: str, messages: tuple[str, ...], schema: Mapping[str, Any], attempt: int, bounds: str = "") -> str:
    """Return the key of one exact call.

    The attempt belongs to it: to ask the same thing again after an empty reply must not repeat that reply. So do the
    ``bounds``, as server and length of the reply: a run that is resumed with other ones asks anew.
    """
    text = json.dumps([model, messages, schema, attempt, bounds], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its reply, and what it was for. ``reused`` says that an earlier run had paid for it."""

    reply: Reply
    step: int = 0
    fields: tuple[str, ...] = ()
    reused: bool = False


class CallLog:
    """The calls of one run as JSON lines, each safe before its reply is used.

    Args:
        place: The file or journal; without one, calls are kept in memory only.
    """

    def __init__(self, place: Path | Journal | None = None) -> None:
        self._journal = FileJournal(place) if isinstance(place, Path) else place
        self._lock = threading.Lock()
        self._calls: list[Call] = []
        self._replies: dict[str, Reply] = {}
        if self._journal is not None:
            self._load(self._journal.read())

    @property
    def usage(self) -> Usage:
        """What all calls of the run have cost, whichever process made them."""
        with self._lock:
            return sum((call.reply.usage for call in self._calls), Usage())

    @property
    def reused(self) -> int:
        """How many replies were taken from earlier runs."""
        with self._lock:
            return sum(call.reused for call in self._calls)

    @property
    def last(self) -> Reply | None:
        """The reply to the last call, which tells the form that worked."""
        with self._lock:
            return self._calls[-1].reply if self._calls else None

    def by_step(self) -> tuple[dict[str, Any], ...]:
        """Return the usage of each step, and of the fields that it asked for, by step and then by the first call."""
        rows: dict[tuple[int, tuple[str, ...]], list[Call]] = {}
        with self._lock:
            for call in self._calls:
                rows.setdefault((call.step, call.fields), []).append(call)
        return tuple(
            {
                "step": step,
                "fields": list(fields),
                "reused": sum(call.reused for call in calls),
                **sum((call.reply.usage for call in calls), Usage()).as_json(),
            }
            for (step, fields), calls in sorted(rows.items(), key=lambda row: row[0][0])
        )

    def find(self, key: str) -> Reply | None:
        """Return the recorded reply to a call."""
        with self._lock:
            return self._replies.get(key)

    def append(self, key: str, reply: Reply, *, step: int = 0, fields: tuple[str, ...] = ()) -> None:
        """Record a paid call."""
        self._record(key, Call(reply, step, fields))

    def reuse(self, key: str, reply: Reply, *, step: int = 0, fields: tuple[str, ...] = ()) -> None:
        """Record a call that an earlier run had paid for."""
        self._record(key, Call(replace(reply, usage=Usage()), step, fields, reused=True))

    def forget(self, keys: Iterable[str]) -> None:
        """Have calls made anew: their replies were of no use. What they cost stays on the bill."""
        with self._lock:
            for key in keys:
                if self._replies.pop(key, None) is not None:
                    self._write({"forget": key})

    def _record(self, key: str, call: Call) -> None:
        reply = call.reply
        line = {
            "key": key,
            "step": call.step,
            "fields": call.fields,
            "text": reply.text,
            "finish": reply.finish,
            "form": reply.form,
            "spelled": reply.spelled,
            "reused": call.reused,
            "usage": reply.usage.as_json(),
        }
        with self._lock:
            self._calls.append(call)
            self._replies[key] = reply
            self._write(line)

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._journal is not None:
            self._journal.append(json.dumps(line).encode("ascii"))

    def _load(self, raw: bytes) -> None:
        for line in raw.split(b"\n"):
            try:
                data = json.loads(line)
                if "forget" in data:
                    self._replies.pop(data["forget"], None)
                    continue
                call = Call(read_reply(data), data["step"], tuple(data["fields"]), data["reused"])
                self._calls.append(call)
                self._replies[str(data["key"])] = call.reply
            except (ValueError, KeyError, TypeError):
                # A line that a crash cut off is no call.
                continue


def read_reply(data: Mapping[str, Any]) -> Reply:
    """Read a recorded reply.

    Raises:
        KeyError: A part of it is missing.
        TypeError: It is none.
    """
    return Reply(str(data["text"]), data["finish"], Usage(**data["usage"]), data["form"], bool(data["spelled"]))
