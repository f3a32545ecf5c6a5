"""What a procedure says about itself: steps, artifacts, contract. Frozen values, read from a document elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NewType

Stamp = NewType("Stamp", str)
Status = Literal["missing", "alias", "deprecated", "placeholder", "in progress", "defined", "approved"]
Kind = Literal["procedure", "orchestration", "standard", "index", "readme", "plan", "template", "other"]


def stamp(raw: bytes) -> Stamp:
    """Return the content hash of a file: SHA-256, in hexadecimal."""
    return Stamp(hashlib.sha256(raw).hexdigest())


@dataclass(frozen=True, slots=True)
class Artifact:
    """Something that a step or a procedure needs or makes.

    ``source`` is what stands behind ``From:``; ``target`` is the path that a link in it leads to, as written.
    """

    name: str
    text: str
    line: int
    source: str = ""
    target: str = ""
    start: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a step: its items, or its text where it has none."""

    key: str
    items: tuple[str, ...]
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the workflow."""

    number: int | None
    name: str
    line: int
    start: int
    parts: Mapping[str, Part]
    inputs: tuple[Artifact, ...] = ()
    outputs: tuple[Artifact, ...] = ()


@dataclass(frozen=True, slots=True)
class Consumer:
    """A line of Downstream Dependencies: who uses which output."""

    artifact: str
    title: str
    target: str
    line: int


@dataclass(frozen=True, slots=True)
class Contract:
    """What a procedure needs, guarantees, and who relies on it."""

    inputs: tuple[Artifact, ...] = ()
    outputs: tuple[Artifact, ...] = ()
    consumers: tuple[Consumer, ...] = ()
    steps: tuple[Step, ...] = ()
