"""Numbers that people wrote into READMEs and the index, held against the count."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from procauthor.convention.word import lifecycle_name
from procauthor.evaluation.value import Claim, Lifecycle, Tally
from procauthor.evaluation.value import Row as Counted
from procauthor.library.index import entries
from procauthor.library.library import Library, Procedure
from procauthor.markdown.document import Block, Document, Section, TableRow
from procauthor.markdown.passage import read_passages
from procauthor.naming import title_key
from procauthor.procedure import DONE, Status
from procauthor.regex import lazy
from procauthor.template.spec import section_key

_OF = lazy(
    r"(?P<part>\d+)\s*(?:[/⁄∕]|of|out of)\s*(?P<whole>\d+)\s*(?:procedures?\s+)?(?:(?:are|is)\s+)?"
    r"(?P<state>(?:defined|completed?|done)\b)(?:\s*[(,–-]\s*(?P<percent>\d+(?:\.\d+)?)\s?%(?!\s+(?:completed?|defined|done)\b))?",
    re.IGNORECASE,
)
_PERCENT = lazy(
    r"(?:\b(?:completion|progress)\W{1,40}|\b)(?P<percent>\d+(?:\.\d+)?)\s?%(?P<behind>\s+(?:complete[d]?|defined|done)\b)?",
    re.IGNORECASE,
)
_WORDS = r"defined|approved|placeholders?|missing|in progress|aliases|deprecated"
_COUNT = lazy(
    rf"(?<![\d/⁄∕.])\b(?P<count>\d+)\s+(?:procedures?\s+)?(?:(?:are|is)\s+)?(?P<state>{_WORDS}|procedures?)\b(?=\s*(?:[,;.)|]|and\b|$))",
    re.IGNORECASE,
)
_LABEL = lazy(rf"^(?P<state>{_WORDS}|total)(?:\s+procedures?)?\s*:\s*(?P<count>\d+)$", re.IGNORECASE)
_COMPLETION = lazy(r"^(?:completion|progress)\b", re.IGNORECASE)
_REMARK = lazy(r"\s*(?:[(\[:]|\s[-–—]\s).*$")
_NUMBER = lazy(r"^(\d+(?:\.\d+)?)\s*(%?)$")
_SCOPES = ("lifecycle", "area", "folder")
_TOTALS = frozenset({"total", "overall", "all", "sum", "library"})
_STATES: dict[str, frozenset[Status]] = {
    "defined": DONE,
    "approved": frozenset({"approved"}),
    "placeholder": frozenset({"placeholder"}),
    "placeholders": frozenset({"placeholder"}),
    "missing": frozenset({"missing"}),
    "aliases": frozenset({"alias"}),
    "in progress": frozenset({"in progress"}),
    "alias": frozenset({"alias"}),
    "deprecated": frozenset({"deprecated"}),
    "proposed": frozenset({"proposed"}),
    "rejected": frozenset({"rejected"}),
}
_WHOLE = ("total", "procedures", "procedure", "count")


@dataclass(frozen=True, slots=True)
class _Scope:
    name: str
    tally: Tally


def read_claims(
    library: Library, rows: Sequence[Counted], lifecycles: Mapping[str, Lifecycle], total: Tally
) -> tuple[Claim, ...]:
    """Return the claims of the index and of all READMEs; ``lifecycles`` by the key of their name."""
    known = {key: _Scope(scope.name, scope.tally) for key, scope in lifecycles.items()}
    read: list[Claim] = []
    for host in library.procedures:
        if host.kind in ("index", "readme"):
            claims = list(_of_document(host, known, _Scope("the library", total)))
            read += _by_own_table(library, host, claims, rows) if host.kind == "readme" else claims
    return tuple(sorted(read, key=lambda claim: (claim.path, claim.line, claim.text)))


def _by_own_table(
    library: Library, host: Procedure, claims: Iterable[Claim], rows: Sequence[Counted]
) -> Iterator[Claim]:
    """Let a claim hold that is right for what the README itself lists, where the index announces more."""
    own: Tally | None = None
    for claim in claims:
        if claim.holds:
            yield claim
            continue
        own = own or _listed_by(library, host, rows)
        done = own.completion
        right = claim.stated == f"{done.part} of {done.whole}"
        note = f"right for the {done.whole} procedures that this README lists" if right else ""
        yield replace(claim, holds=right, note=note)


def _listed_by(library: Library, host: Procedure, rows: Sequence[Counted]) -> Tally:
    """Count the rows of a README's tables, and the documents beside it."""
    listed = list(entries(library, host))
    titles = {entry.key for entry in listed}
    paths = {entry.path for entry in listed if entry.path}
    folder = PurePosixPath(host.path).parent
    return Tally.of(
        row.status
        for row in rows
        if (
            row.path in paths or PurePosixPath(row.path).parent == folder
            if row.path
            else title_key(row.title) in titles
        )
    )


def _of_document(host: Procedure, known: Mapping[str, _Scope], library: _Scope) -> Iterator[Claim]:
    root = "/" not in host.path
    own = library if root else known.get(title_key(host.lifecycle))
    document = host.document
    for passage in read_passages(document):
        line = document.source.line(passage.offset(0))
        scope = _scope(document, passage.offset(0), known) or own
        if scope:
            yield from _in_text(host.path, line, passage.text, scope)
    for section in document.sections:
        for block in section.blocks:
            yield from _in_table(host.path, block, known, library)


def _scope(document: Document, offset: int, known: Mapping[str, _Scope]) -> _Scope | None:
    """Return the lifecycle that the nearest heading above a text names."""
    section: Section | None = next((s for s in document.sections if s.start <= offset < s.end), None)
    for title in reversed(document.path(section) if section else ()):
        for text in (title, _REMARK.sub("", title)):
            name = lifecycle_name(text)
            if title_key(name) in known:
                return known[title_key(name)]
    return None


def _in_text(path: str, line: int, text: str, scope: _Scope) -> Iterator[Claim]:
    for match in _OF.finditer(text):
        done = scope.tally.completion
        counted = f"{done.part} of {done.whole}"
        holds = (int(match["part"]), int(match["whole"])) == (done.part, done.whole)
        said = text[match.start() : match.end("state")]
        yield Claim(path, line, said, scope.name, f"{match['part']} of {match['whole']}", counted, holds)
        if match["percent"]:
            yield _percent(path, line, f"{match['percent']}%", scope, match["percent"])
    for match in _PERCENT.finditer(text):
        if match["behind"] or _COMPLETION.match(match[0]):
            yield _percent(path, line, match[0], scope, match["percent"])
    yield from _counts(path, line, text, scope)


def _counts(path: str, line: int, text: str, scope: _Scope) -> Iterator[Claim]:
    """Yield counts by status: "Defined: 5" alone, and "4 defined, 3 placeholders", where one count backs the other.

    One count in a sentence ("3 missing pages") may speak of anything.
    """
    label = _LABEL.match(text.strip())
    listed = list(_COUNT.finditer(text))
    several = len({match["state"].casefold() for match in listed}) > 1
    counts = listed if several else []
    for match in [label] if label else counts:
        state = match["state"].casefold()
        whole = state in _WHOLE
        counted = scope.tally.total if whole else sum(scope.tally.count(s) for s in _STATES[state])
        stated = match["count"]
        yield Claim(path, line, match[0], scope.name, stated, str(counted), int(stated) == counted)


def _percent(path: str, line: int, text: str, scope: _Scope, stated: str) -> Claim:
    """Hold a percentage against the count, as exactly as it is written."""
    places = len(stated.partition(".")[2])
    ratio = scope.tally.completion.ratio
    counted = "nothing to count" if ratio is None else f"{ratio * 100:.{places}f}%"
    holds = ratio is not None and abs(ratio * 100 - float(stated)) <= 0.5 * 10**-places + 1e-9
    return Claim(path, line, text, scope.name, f"{stated}%", counted, holds)


def _in_table(path: str, block: Block, known: Mapping[str, _Scope], library: _Scope) -> Iterator[Claim]:
    """Yield the numbers of a table with a column of lifecycles."""
    if block.kind != "table" or block.header is None:
        return
    keys = [section_key(cell.text) for cell in block.header.cells]
    home = next((keys.index(name) for name in _SCOPES if name in keys), None)
    if home is None:
        return
    for row in block.rows:
        scope = _row_scope(row, home, known, library)
        if scope:
            yield from _in_row(path, row, keys, scope)


def _row_scope(row: TableRow, home: int, known: Mapping[str, _Scope], library: _Scope) -> _Scope | None:
    if home >= len(row.cells):
        return None
    key = title_key(lifecycle_name(row.cells[home].text))
    return library if key in _TOTALS else known.get(key)


def _in_row(path: str, row: TableRow, keys: list[str], scope: _Scope) -> Iterator[Claim]:
    for key, cell in zip(keys, row.cells, strict=False):
        text = cell.text.strip(" *_")
        match = _NUMBER.match(text)
        if match and match[2] and key in ("completion", "complete", "defined"):
            yield _percent(path, row.line, f"{key}: {text}", scope, match[1])
        elif match and not match[2] and (key in _STATES or key in _WHOLE):
            counted = scope.tally.total if key in _WHOLE else sum(scope.tally.count(s) for s in _STATES[key])
            holds = text == str(counted)
            yield Claim(path, row.line, f"{key}: {text}", scope.name, text, str(counted), holds)
        elif key in ("completion", "defined") and not match:
            yield from _bare_of(path, row.line, text, scope)


def _bare_of(path: str, line: int, text: str, scope: _Scope) -> Iterator[Claim]:
    """Yield a cell such as ``4/7``, where the column's head says what is counted."""
    match = re.fullmatch(r"(\d+)\s*(?:/|of)\s*(\d+)", text)
    if match:
        done = scope.tally.completion
        holds = (int(match[1]), int(match[2])) == (done.part, done.whole)
        yield Claim(path, line, text, scope.name, f"{match[1]} of {match[2]}", f"{done.part} of {done.whole}", holds)
