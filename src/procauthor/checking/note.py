"""Passages that could hold the name of another document: all that the rules on names need of a text."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from procauthor.checking.phrase import find_hints
from procauthor.library.library import Procedure
from procauthor.library.stored import Stored
from procauthor.markdown.passage import Passage, read_prose

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[Passage, ...]).decode


def read_notes(procedure: Procedure) -> Sequence[Passage]:
    """Return the passages of a document, from what was kept of it or from its text."""
    if isinstance(procedure, Stored):
        return _decode(procedure.notes) if procedure.notes else ()
    prose = read_prose(procedure.document)
    return [p for p in prose.around(find_hints(prose.text)) if not p.heading]


def write_notes(procedure: Procedure) -> bytes:
    """Return the passages of a document as they are kept."""
    found = read_notes(procedure)
    return _encode(tuple(found)) if found else b""
