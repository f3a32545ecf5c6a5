"""The board of a batch that several workers share, on one machine or on many, and its purse.

Every decision is one short transaction that holds the row of the batch, so decisions come one after the other. A worker
says every third of its lease that it lives; by the clock of the database alone it is decided who is dead.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from procauthor.authoring.batch.allowance import Purse
from procauthor.authoring.batch.board import Files, Item
from procauthor.authoring.store.postgres.database import Database
from procauthor.authoring.store.postgres.shelf import TableShelf
from procauthor.errors import HaltError, LockedError, StoreError

if TYPE_CHECKING:
    from psycopg import Connection

_HOLD = "select ceiling, spent from procauthor_batch where number = %s for update"
_ALIVE = "seen > now() - make_interval(secs => %(lease)s)"
_ITEMS = f"""
select i.number, i.state, i.data, i.worker, w.id is not null as held
from procauthor_item i left join procauthor_worker w on w.id = i.worker and w.{_ALIVE}
where i.batch = %(batch)s
"""  # noqa: S608 - ours
_KEEP = """
insert into procauthor_item (batch, number, state, data, worker)
values (%(batch)s, %(number)s, %(state)s, %(data)s, %(worker)s)
on conflict (batch, number) do update set state = excluded.state, data = excluded.data, worker = excluded.worker
"""
_JOIN = "insert into procauthor_worker (id, batch, home) values (%(worker)s, %(batch)s, %(home)s)"
_OTHERS = f"select home from procauthor_worker where batch = %(batch)s and {_ALIVE}"  # noqa: S608 - ours
_BURY = f"delete from procauthor_worker where batch = %(batch)s and not {_ALIVE}"  # noqa: S608 - ours
_BEAT = f"update procauthor_worker set seen = now() where id = %(worker)s and {_ALIVE}"  # noqa: S608 - ours
_LEAVE = "delete from procauthor_worker where id = %(worker)s"
_RESERVED = f"""
select coalesce(sum(reserved), 0)::bigint as tokens from procauthor_worker where batch = %(batch)s and {_ALIVE}
"""  # noqa: S608 - ours
_RESERVE = "update procauthor_worker set reserved = reserved + %(tokens)s where id = %(worker)s"
_SPEND = "update procauthor_batch set spent = spent + %(cost)s where number = %(batch)s"
_LOST = "this worker was silent for longer than its lease, so others go on with its items"


@dataclass(frozen=True)
class SharedBoard:
    """Who does what in a batch, as rows. One worker is this process."""

    database: Database
    shelf: TableShelf
    worker: str = field(default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}")
    _mine: set[int] = field(default_factory=set)

    shared = True

    def items(self) -> dict[int, Item]:
        """Return the stored items by number. What a dead worker had in hand waits again."""
        rows = self.database.run(lambda connection: connection.execute(_ITEMS, self._values()).fetchall())
        return {row["number"]: _item(row) for row in rows}

    def keep(self, item: Item, files: Files) -> bool:
        """Store how far an item is, with its files, all or nothing; False where another worker has it by now."""

        def store(connection: Connection[Any]) -> bool:
            row = self._held(connection, item.number)
            if item.number in self._mine:
                kept = row is not None and row["worker"] == self.worker
            else:
                kept = (row is None or not row["held"]) and self._is_alive(connection)
            if kept:
                self._put(connection, item)
                for name, raw in files.items():
                    self.shelf.put(connection, name, raw)
            return kept

        stored = self.database.run(store)
        if item.state != "working":
            self._mine.discard(item.number)
        return stored

    def claim(self, item: Item) -> bool:
        """Take an item that waits, or that a dead worker had in hand; False where somebody else was faster."""

        def take(connection: Connection[Any]) -> bool:
            row = self._held(connection, item.number)
            if row is not None and (row["held"] or row["state"] not in {"waiting", "working"}):
                return False
            if not self._is_alive(connection):
                return False
            self._put(connection, item)
            return True

        taken = self.database.run(take)
        if taken:
            self._mine.add(item.number)
        return taken

    def purse(self, ceiling: int | None, spent: int) -> Purse:  # noqa: ARG002 - both are with the batch
        """Return the tokens that all workers have together."""
        return SharedPurse(self)

    @contextmanager
    def joined(self, *, home: bool, lost: Callable[[str], None]) -> Iterator[bool]:
        """Be a worker, and say so again and again."""
        alone = self.database.run(lambda connection: self._join(connection, home=home))
        ended = threading.Event()
        beating = threading.Thread(target=self._beat, args=(ended, lost), daemon=True, name="procauthor-lease")
        beating.start()
        try:
            yield alone
        finally:
            ended.set()
            beating.join()
            # Without the database nobody can be told; the lease ends by itself.
            with suppress(StoreError):
                self.database.run(lambda connection: connection.execute(_LEAVE, self._values()))

    def _join(self, connection: Connection[Any], *, home: bool) -> bool:
        values = self._values(home=home)
        connection.execute(_HOLD, (self.shelf.batch,))
        connection.execute(_BURY, values)
        others = connection.execute(_OTHERS, values).fetchall()
        if home and any(row["home"] for row in others):
            message = f"batch 'shared-{self.shelf.batch}' is being worked on by another process"
            seconds = f"{self.database.lease:g} seconds"
            raise LockedError(message, f"wait until it has ended; if it was killed, its lease ends within {seconds}")
        connection.execute(_JOIN, values)
        return not others

    def _beat(self, ended: threading.Event, lost: Callable[[str], None]) -> None:
        """Keep the lease. Whoever could not for so long has to take itself for dead, as the others do."""
        last = time.monotonic()
        while not ended.wait(self.database.lease / 3):
            asked, alive = time.monotonic(), True
            with suppress(StoreError):
                alive = self.database.run(self._is_alive)
                last = asked if alive else last
            if not alive or time.monotonic() - last > self.database.lease:
                lost(_LOST)
                return

    def _held(self, connection: Connection[Any], number: int) -> dict[str, Any] | None:
        connection.execute(_HOLD, (self.shelf.batch,))
        query = f"{_ITEMS} and i.number = %(number)s"
        row: dict[str, Any] | None = connection.execute(query.encode(), self._values(number=number)).fetchone()
        return row

    def _is_alive(self, connection: Connection[Any]) -> bool:
        """Say that this worker lives; False where it counts as dead, and must not take anything."""
        return bool(connection.execute(_BEAT, self._values()).rowcount)

    def _put(self, connection: Connection[Any], item: Item) -> None:
        values = self._values(number=item.number, state=item.state, data=item.dump())
        connection.execute(_KEEP, values | {"worker": self.worker if item.state == "working" else None})

    def _values(self, **more: Any) -> dict[str, Any]:
        return {"batch": self.shelf.batch, "worker": self.worker, "lease": self.database.lease, **more}

    # Tokens

    def reserve(self, need: int) -> bool:
        """Reserve tokens for a call if the ceiling of the batch leaves so many.

        Raises:
            HaltError: This worker counts as dead.
        """

        def take(connection: Connection[Any]) -> bool:
            ceiling, taken = self._spent(connection)
            if ceiling is not None and taken + need > ceiling:
                return False
            if not self._is_alive(connection):
                raise HaltError(_LOST, "no call was made")
            connection.execute(_RESERVE, self._values(tokens=need))
            return True

        return self.database.run(take)

    def settle(self, need: int, cost: int) -> None:
        """Give a reservation back, and put what the call has cost on the bill of the batch."""

        def give(connection: Connection[Any]) -> None:
            connection.execute(_HOLD, (self.shelf.batch,))
            connection.execute(_RESERVE, self._values(tokens=-need))
            connection.execute(_SPEND, self._values(cost=cost))

        self.database.run(give)

    def left(self) -> int | None:
        """Return what is neither spent nor reserved by anybody alive."""
        ceiling, taken = self.database.run(self._spent)
        return None if ceiling is None else ceiling - taken

    def reserved(self) -> int:
        """Return what workers have reserved that live."""
        rows = self.database.run(lambda connection: connection.execute(_RESERVED, self._values()).fetchall())
        return int(rows[0]["tokens"])

    def _spent(self, connection: Connection[Any]) -> tuple[int | None, int]:
        batch: Any = connection.execute(_HOLD, (self.shelf.batch,)).fetchone()
        reserved: Any = connection.execute(_RESERVED, self._values()).fetchone()
        return batch["ceiling"], batch["spent"] + reserved["tokens"]


@dataclass(frozen=True, slots=True)
class SharedPurse:
    """The tokens of a batch, of which every worker takes."""

    board: SharedBoard

    def take(self, need: int) -> bool:
        """Reserve tokens if there are so many left."""
        return self.board.reserve(need)

    def put_back(self, need: int, cost: int) -> None:
        """Give a reservation back, less what the call has cost."""
        self.board.settle(need, cost)

    @property
    def left(self) -> int | None:
        """What is neither spent nor reserved."""
        return self.board.left()

    @property
    def reserved(self) -> int:
        """What is reserved by all workers."""
        return self.board.reserved()


def _item(row: dict[str, Any]) -> Item:
    item = Item(**json.loads(bytes(row["data"])))
    return replace(item, state="waiting") if item.state == "working" and not row["held"] else item
