"""Asks for the numbers in overviews that are not the counted ones, and remembers the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b

import msgspec

from procauthor.checking.survey import Surveyed, decode_findings
from procauthor.finding import Finding, Report
from procauthor.library.library import Library
from procauthor.settings import Settings

Count = Callable[[Library, Report, Settings], Iterable[Finding]]
"""Counts a library that was checked, and returns a finding for each number in its overviews that is wrong."""
_NOTE = "claims"
_KEY = 16
_encode = msgspec.msgpack.Encoder().encode
# What lists titles, and states numbers of them.
_OVERVIEWS = ("index", "readme", "orchestration")


def count_claims(
    count: Count, library: Library, report: Report, settings: Settings, survey: Surveyed | None
) -> list[Finding]:
    """Return a finding for each wrong number; the same library is not counted twice.

    Args:
        count: Who counts.
        library: The library as it is on disk.
        report: All other findings.
        settings: The settings.
        survey: Where to remember; None for nowhere.
    """
    if survey is None:
        return list(count(library, report, settings))
    key = _key(library, report)
    known = survey.memory.notes.get(_NOTE, b"")
    if known[:_KEY] == key:
        return decode_findings(known[_KEY:])
    findings = list(count(library, report, settings))
    survey.memory.write((), (), {_NOTE: key + _encode(findings)})
    return findings


def _key(library: Library, report: Report) -> bytes:
    """Return a digest of all that a count rests on: overviews, documents with their status, and errors."""
    overviews = [(p.path, p.stamp) for p in library.procedures if p.kind in _OVERVIEWS]
    counted = [(p.path, p.title, p.lifecycle, p.text_status, p.status) for p in library.counted]
    errors = [(f.path, f.rule) for f in report.findings if f.severity == "error"]
    return blake2b(_encode((overviews, counted, errors)), digest_size=_KEY).digest()
