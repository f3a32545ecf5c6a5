"""Passages that could hold the name of another document: all that the rules on names need of a text."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from procauthor.checking.phrase import may_name
from procauthor.library.library import Procedure
from procauthor.library.stored import Stored
from procauthor.markdown.passage import Passage, read_passages

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[Passage, ...]).decode


def read_notes(procedure: Procedure) -> Sequence[Passage]:
    """Return the passages of a document, from what was kept of it or from its text."""
    if isinstance(procedure, Stored):
        return _decode(procedure.notes) if procedure.notes else ()
    return [p for p in read_passages(procedure.document) if not p.heading and may_name(p.text)]


def write_notes(procedure: Procedure) -> bytes:
    """Return the passages of a document as they are kept."""
    found = read_notes(procedure)
    return _encode(tuple(found)) if found else b""
