"""Asks for the numbers in overviews that are not the counted ones, and remembers the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from procauthor.checking.survey import Surveyed, decode_findings
from procauthor.finding import Finding, Report
from procauthor.library.library import Library
from procauthor.settings import Settings

Count = Callable[[Library, Report, Settings], Iterable[Finding]]
"""Counts a library that was checked, and returns a finding for each number in its overviews that is wrong."""
_NOTE = "claims"
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

    def find() -> list[Finding]:
        return list(count(library, report, settings))

    if survey is None:
        return find()
    return decode_findings(survey.memory.once(_NOTE, _grounds(library, report), lambda: _encode(find())))


def _grounds(library: Library, report: Report) -> bytes:
    """Return all that a count rests on: overviews, documents with their status, and errors."""
    overviews = [(p.path, p.stamp) for p in library.procedures if p.kind in _OVERVIEWS]
    counted = [(p.path, p.title, p.lifecycle, p.text_status, p.status) for p in library.counted]
    errors = [(f.path, f.rule) for f in report.findings if f.severity == "error"]
    return _encode((overviews, counted, errors))
