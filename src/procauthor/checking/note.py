"""Passages that could hold the name of another document or of a rule: all that the rules on names need of a text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain

import msgspec

from procauthor.checking.phrase import find_hints
from procauthor.library.library import Procedure
from procauthor.library.stored import Stored
from procauthor.markdown.passage import PlainText, read_prose

# In every id of a rule; two digits and a dash are rare, and quickly found.
_NUMBER = re.compile(r"-\d\d")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[PlainText, ...]).decode


def read_notes(procedure: Procedure) -> Sequence[PlainText]:
    """Return the passages of a document, from what was kept of it or from its text."""
    if isinstance(procedure, Stored):
        return decode_notes(procedure.notes)
    prose = read_prose(procedure.document)
    places = chain(find_hints(prose.text), (match.start() for match in _NUMBER.finditer(prose.text)))
    return [p for p in prose.around(places) if not p.heading]


def decode_notes(notes: bytes) -> Sequence[PlainText]:
    """Return the passages of a document as they were written."""
    return _decode(notes) if notes else ()


def write_notes(procedure: Procedure) -> bytes:
    """Return the passages of a document as they are kept."""
    found = read_notes(procedure)
    return _encode(tuple(found)) if found else b""
