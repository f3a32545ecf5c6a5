"""One worker at one item, where several machines share a batch: what it pays and what it stores."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from procauthor.authoring.allowance import too_much
from procauthor.authoring.memory import Connection, WorkMemory, usage_of
from procauthor.authoring.reply import Reply
from procauthor.batch.record import Batch, BatchItem
from procauthor.errors import LockedError


@dataclass(frozen=True, slots=True)
class Hold:
    """An item that is written by one worker. Who began it last has it; the word of an earlier one does not count.

    Args:
        batch: The batch.
        number: The item.
        holder: What tells this worker from others.
    """

    batch: Batch
    number: int
    holder: str

    @classmethod
    def begin(cls, batch: Batch, item: BatchItem) -> Hold:
        """Take an item from whichever worker had it, and store that it is in work."""
        hold = cls(batch, item.number, secrets.token_hex(8))
        with batch.memory.writing(flushed=False) as connection:
            release(batch.memory, batch.id, item.number)
            values = (batch.id, item.number, hold.holder)
            connection.execute("insert into hold (job, number, holder) values (?, ?, ?)", values)
            batch.keep(item)
        return hold

    def keep(self, item: BatchItem, document: bytes | None, draft: bytes | None) -> bool:
        """Store how far the item is, its document and its draft; return whether this worker still had it."""
        with self.batch.memory.writing() as connection:
            mine = self._is_mine(connection)
            if mine and draft is not None:
                self.batch.memory.keep_part(self.batch.run_id(self.number), DRAFT, draft)
            if mine:
                self.batch.keep(item, document)
        return mine

    def pay(self, need: int, call: Callable[[], Reply], pause: Callable[[], None]) -> Reply:
        """Reserve tokens under the ceiling of all workers, make a call, and give the reservation back.

        Args:
            need: The tokens.
            call: Makes the call, and stores what it has cost.
            pause: Waits a moment, while calls are on their way that may cost less than was reserved for them.

        Raises:
            BudgetError: So many tokens are not left.
            LockedError: Another worker has taken the item over.
        """
        mark = secrets.token_hex(8)
        while not self._reserve(mark, need):
            pause()
        try:
            return call()
        finally:
            self.batch.memory.write("delete from reservation where id = ?", mark)

    def _reserve(self, mark: str, need: int) -> bool:
        """Reserve tokens; return False where it depends on calls that are on their way."""
        memory, job = self.batch.memory, self.batch.id
        with memory.writing(flushed=False) as connection:
            if not self._is_mine(connection):
                message = f"item {self.number} of {job} was taken over by another worker"
                raise LockedError(message, "this one was silent for longer than its lease")
            ceiling = _ceiling(memory, job)
            if ceiling is not None:
                query = "select coalesce(sum(tokens), 0) as tokens from reservation where job = ?"
                reserved = memory.rows(query, job)[0]["tokens"]
                left = ceiling - usage_of(memory, self.batch.runs).tokens - reserved
                if need > left and reserved:
                    return False
                if need > left:
                    raise too_much(need, left)
            values = (mark, job, self.number, need)
            connection.execute("insert into reservation (id, job, number, tokens) values (?, ?, ?, ?)", values)
        return True

    def _is_mine(self, connection: Connection) -> bool:
        query = "select holder from hold where job = ? and number = ?"
        return [row["holder"] for row in connection.execute(query, (self.batch.id, self.number))] == [self.holder]


DRAFT = "draft"
"""The part of a run that holds its draft, until that comes to where it is accepted."""


def release(memory: WorkMemory, job: str, number: int) -> None:
    """Give back what a worker had that is dead, or counts as dead."""
    for table in ("hold", "reservation"):
        memory.write(f"delete from {table} where job = ? and number = ?", job, number)  # noqa: S608 - ours


def _ceiling(memory: WorkMemory, job: str) -> int | None:
    """Return the ceiling of a batch as it is now: a resumed one may have another."""
    rows = memory.rows("select terms from job where id = ?", job)
    ceiling: int | None = json.loads(rows[0]["terms"])["max_tokens"] if rows else 0
    return ceiling
