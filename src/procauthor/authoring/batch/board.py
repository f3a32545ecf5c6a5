"""How far each item of a batch is, and who works on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from typing import Protocol

from procauthor.authoring.batch.allowance import LocalPurse, Purse
from procauthor.authoring.batch.schedule import State
from procauthor.authoring.store.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Item:
    """How far one item is. ``path`` is where its document stands or will stand; ``reason`` says why it is not there.

    ``seconds`` is how long it was worked on, by all processes; ``exit_code`` that of the error that stopped it.
    """

    number: int
    title: str
    state: State = "waiting"
    path: str = ""
    outcome: str = ""
    reason: str = ""
    seconds: float = 0.0
    exit_code: int = 0

    def dump(self) -> bytes:
        """Return what is stored."""
        return json.dumps(asdict(self), ensure_ascii=False).encode()


Files = Mapping[str, bytes]
"""What is stored together with the state of an item, by name on the batch's shelf."""


class Board(Protocol):
    """Who does what in a batch: workers join, claim items, and keep how far these are."""

    @property
    def shared(self) -> bool:
        """Whether other workers may be at it."""

    def items(self) -> dict[int, Item]:
        """Return the stored items by number. An item in the hands of nobody alive is never ``working``."""

    def keep(self, item: Item, files: Files) -> bool:
        """Store how far an item is, with its files; False where another worker has it by now, and nothing is stored."""

    def claim(self, item: Item) -> bool:
        """Take an item that waits; False where another worker was faster."""

    def purse(self, ceiling: int | None, spent: int) -> Purse:
        """Return the tokens: of ``ceiling`` so many were spent by earlier sessions."""

    def joined(self, *, home: bool, lost: Callable[[str], None]) -> AbstractContextManager[bool]:
        """Be a worker; yields whether there is no other.

        Args:
            home: Be the worker that accepts drafts into the library, of which there is one.
            lost: Is told why, if this worker may not go on.

        Raises:
            LockedError: Another process is what this one wants to be.
        """


@dataclass(frozen=True)
class SoleBoard:
    """The board of a batch that one process works on, beside the library."""

    name: str
    shelf: Shelf
    numbers: tuple[int, ...]

    shared = False

    def items(self) -> dict[int, Item]:
        """Return the stored items by number."""
        found = {number: self._read(number) for number in self.numbers}
        return {number: item for number, item in found.items() if item is not None}

    def _read(self, number: int) -> Item | None:
        try:
            return Item(**json.loads(self.shelf.read(_file(number)) or b""))
        except (ValueError, TypeError):
            # A power cut may take a state: what was paid for is in the calls of its run, and nothing is paid again.
            return None

    def keep(self, item: Item, files: Files) -> bool:
        """Store the files, then the state that speaks of them."""
        for name, raw in files.items():
            self.shelf.write(name, raw, flush=False)
        self.shelf.write(_file(item.number), item.dump(), flush=False)
        return True

    def claim(self, item: Item) -> bool:
        """Take an item; nobody else can."""
        return self.keep(item, {})

    def purse(self, ceiling: int | None, spent: int) -> Purse:
        """Return the tokens of this process."""
        return LocalPurse(ceiling, spent)

    @contextmanager
    def joined(self, *, home: bool, lost: Callable[[str], None]) -> Iterator[bool]:  # noqa: ARG002 - a flock cannot be lost
        """Hold the folder of the batch."""
        with self.shelf.hold(f"batch {self.name!r}"):
            yield True


def _file(number: int) -> str:
    return f"items/{number:03}.json"
