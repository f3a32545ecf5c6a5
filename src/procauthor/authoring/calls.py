"""The calls of one run: what each said and cost. A repeated ask is answered from here and costs nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from procauthor.authoring.brief import Usage
from procauthor.authoring.memory import FileMemory, Row, WorkMemory, readable
from procauthor.authoring.reply import Reply

_MOST = 2_000
"""So many replies of deleted runs are kept, the newest."""
_USAGE = """
select coalesce(sum(calls), 0) as calls, coalesce(sum(input_tokens), 0) as input_tokens,
    coalesce(sum(output_tokens), 0) as output_tokens
from call where run in ({})
"""
_KEEP = """
insert into call (run, key, step, fields, reply, calls, input_tokens, output_tokens, reused, state)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_MINE = "select * from call where run = ? and key = ? and state != 'void' order by number limit 1"
_GOOD = "select * from call where key = ? and state = 'good' order by number desc limit 1"


def call_key(model: str, messages: tuple[str, ...], schema: Mapping[str, Any], attempt: int, bounds: str = "") -> str:
    """Return the key of one exact call.

    The attempt belongs to it: to ask the same thing again after an empty reply must not repeat that reply. So do the
    ``bounds``, as server and length of the reply: a run that is resumed with other ones asks again.
    """
    text = json.dumps([model, messages, schema, attempt, bounds], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class CallLog:
    """The paid calls of one run, each on the disk before its reply is used.

    Args:
        memory: Where they are kept; without one they are forgotten with the object.
        run: The id of the run.
        fresh: Do not answer from what other runs were told.
    """

    def __init__(self, memory: WorkMemory | None = None, run: str = "", *, fresh: bool = False) -> None:
        self._memory = memory or FileMemory()
        self._run = run
        self._fresh = fresh

    @property
    def usage(self) -> Usage:
        """What all calls of the run have cost, whichever process made them."""
        return usage_of(self._memory, [self._run])

    @property
    def last(self) -> Reply | None:
        """The reply to the last call, which tells the form that worked."""
        rows = self._memory.rows("select * from call where run = ? order by number desc limit 1", self._run)
        return _reply(rows[0]) if rows else None

    def by_step(self) -> tuple[dict[str, Any], ...]:
        """Return the usage of each step, and of the fields that it asked for, by step and then by the first call."""
        rows = self._memory.rows(
            """select step, fields, sum(reused) as reused, sum(calls) as calls, sum(input_tokens) as input_tokens,
            sum(output_tokens) as output_tokens from call where run = ? group by step, fields
            order by step, min(number)""",
            self._run,
        )
        return tuple({**dict(row), "fields": json.loads(row["fields"])} for row in rows)

    def find(self, key: str, *, step: int = 0, fields: tuple[str, ...] = ()) -> Reply | None:
        """Return the reply to a call: that of this run, else one that was of use to another run, which costs nothing.

        Args:
            key: What was asked, by `call_key`.
            step: The step that asks.
            fields: What it asks for.
        """
        rows = self._memory.rows(_MINE, self._run, key)
        if rows:
            return _reply(rows[0])
        good = [] if self._fresh else self._memory.rows(_GOOD, key)
        if not good:
            return None
        reply = replace(_reply(good[0]), usage=Usage())
        return self._keep(key, reply, step, fields, reused=True)

    def keep(self, key: str, reply: Reply, *, step: int = 0, fields: tuple[str, ...] = ()) -> Reply:
        """Keep the reply to a paid call, and return the one to use: of two to the same call, the first."""
        return self._keep(key, reply, step, fields, reused=False)

    def judge(self, keys: Iterable[str], *, good: bool) -> None:
        """Say what replies were worth: good ones are of use to other runs, others are asked for again, at full cost."""
        state = "good" if good else "void"
        with self._memory.writing(flushed=False) as connection:
            for key in keys:
                connection.execute(
                    "update call set state = ? where run = ? and key = ? and state = 'kept' and reused <= ?",
                    (state, self._run, key, int(not good)),
                )

    def _keep(self, key: str, reply: Reply, step: int, fields: tuple[str, ...], *, reused: bool) -> Reply:
        usage = reply.usage
        values = (self._run, key, step, json.dumps(fields), _dump(reply))
        costs = (usage.calls, usage.input_tokens, usage.output_tokens)
        with self._memory.writing(flushed=not reused) as connection:
            first = connection.execute(_MINE, (self._run, key)).fetchone()
            connection.execute(_KEEP, (*values, *costs, int(reused), "void" if first else "kept"))
        return _reply(first) if first else reply


def usage_of(memory: WorkMemory, runs: Sequence[str]) -> Usage:
    """Return what all calls of some runs have cost, whichever process made them."""
    rows = memory.rows(_USAGE.format(", ".join("?" * len(runs))), *runs) if runs else []
    return Usage(**dict(rows[0])) if rows else Usage()


def forget_calls(memory: WorkMemory, run: str) -> None:
    """Forget the calls of a run that is deleted, but for the replies that were of use: these may be again."""
    with memory.writing(flushed=False) as connection:
        connection.execute("delete from call where run = ? and state != 'good'", (run,))
        connection.execute("update call set run = '' where run = ?", (run,))
        connection.execute(
            """delete from call where run = '' and number <= (
            select number from call where run = '' order by number desc limit 1 offset ?)""",
            (_MOST,),
        )


def _dump(reply: Reply) -> str:
    # A reply may hold half a surrogate pair, which SQLite does not take but as an escape.
    return json.dumps({"text": reply.text, "finish": reply.finish, "form": reply.form, "spelled": reply.spelled})


def _reply(row: Row) -> Reply:
    usage = Usage(row["calls"], row["input_tokens"], row["output_tokens"])
    with readable(f"a reply of run {row['run']!r}"):
        return Reply(**json.loads(row["reply"]), usage=usage)
