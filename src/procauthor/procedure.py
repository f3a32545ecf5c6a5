"""What a procedure says about itself: steps, artifacts, contract. Frozen values, read from a document elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Literal, NewType

from msgspec import Struct

Stamp = NewType("Stamp", str)
Status = Literal[
    "missing", "alias", "deprecated", "rejected", "placeholder", "proposed", "in progress", "defined", "approved"
]
DONE: frozenset[Status] = frozenset({"defined", "approved"})
"""What counts as finished."""
UNCOUNTED: frozenset[Status] = frozenset({"alias", "deprecated", "rejected"})
"""What is no longer kept, or never was in force, so that no total counts it."""
Kind = Literal["procedure", "orchestration", "standard", "index", "readme", "plan", "template", "other"]


def stamp(raw: bytes) -> Stamp:
    """Return the content hash of a file: SHA-256, in hexadecimal."""
    return Stamp(hashlib.sha256(raw).hexdigest())


class Artifact(Struct, frozen=True, array_like=True):
    """Something that a step or a procedure needs or makes.

    ``source`` is what is behind ``From:``; ``target`` is the path that a link in it leads to, as written.
    """

    name: str
    text: str
    line: int
    source: str = ""
    target: str = ""
    start: int = 0
    end: int = 0
    origin: int = -1
    """Offset of ``From:`` in the document, or -1."""
    condition: str = ""
    """When it is there or needed, where that is not always: what the template calls ``condition``."""
    change: str = ""
    """What becomes of an input: what the template calls ``change``."""

    @property
    def remark(self) -> str:
        """What is said of it behind its name, if anything is."""
        return self.text.removeprefix(self.name).lstrip(" :–—-").strip()

    @property
    def with_source(self) -> str:
        """The name, and where it comes from if the document says so."""
        return f"{self.name} (from {self.source})" if self.source else self.name


class Part(Struct, frozen=True, array_like=True):
    """A part of a step: its items, or its text where it has none."""

    key: str
    items: tuple[str, ...]
    text: str
    line: int

    @property
    def texts(self) -> tuple[str, ...]:
        """What it says: item by item, or as a whole."""
        return self.items or (self.text,)


class Step(Struct, frozen=True, array_like=True):
    """A step of the workflow."""

    number: int | None
    name: str
    line: int
    start: int
    parts: Mapping[str, Part]
    inputs: tuple[Artifact, ...] = ()
    outputs: tuple[Artifact, ...] = ()


class Consumer(Struct, frozen=True, array_like=True):
    """A line of Downstream Dependencies: who uses which output."""

    artifact: str
    title: str
    target: str
    line: int


class Contract(Struct, frozen=True, array_like=True):
    """What a procedure needs, guarantees, and who relies on it."""

    inputs: tuple[Artifact, ...] = ()
    outputs: tuple[Artifact, ...] = ()
    consumers: tuple[Consumer, ...] = ()
    steps: tuple[Step, ...] = ()
    downstream: tuple[str, ...] = ()
    """Every line of Downstream Dependencies, also those without a link."""
    exits: tuple[Artifact, ...] = ()
    """The states in which the procedure can end."""
    signals: tuple[Artifact, ...] = ()
    """What it tells others while it runs or when it ends."""
