"""Numbers that people wrote into READMEs and the index, held against the count."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from procauthor.convention.word import lifecycle_name, words
from procauthor.evaluation.value import Claim, Lifecycle, Tally
from procauthor.evaluation.value import Row as Counted
from procauthor.library.index import entries
from procauthor.library.library import Library, Procedure
from procauthor.markdown.document import Block, Document, TableRow
from procauthor.markdown.passage import read_passages
from procauthor.naming import title_key
from procauthor.regex import lazy
from procauthor.template.spec import section_key

_REMARK = lazy(r"\s*(?:[(\[:]|\s[-–—]\s).*$")
_NUMBER = lazy(r"^(\d+(?:\.\d+)?)\s*(%?)$")


@lru_cache(maxsize=1)
def _patterns() -> dict[str, re.Pattern[str]]:
    """Return how numbers are stated in a text, by the words that ship."""
    told = words()["claims"]
    word = {name: f"(?:{'|'.join(map(re.escape, told[name]))})" for name in told}
    of, procedures, done, states = (word[name] for name in ("of", "procedures", "done", "states"))
    said = rf"(?:{procedures}\s+)?(?:{word['verbs']}\s+)?"
    percent = r"(?P<percent>\d+(?:\.\d+)?)\s?%"
    patterns = {
        "part": rf"(?P<part>\d+)\s*{of}\s*(?P<whole>\d+)",
        "of": rf"(?P<part>\d+)\s*{of}\s*(?P<whole>\d+)\s*{said}(?P<state>{done}\b)"
        rf"(?:\s*[(,–-]\s*{percent}(?!\s+{done}\b))?",
        "percent": rf"(?:\b(?P<lead>{word['completion']})\W{{1,40}}|\b){percent}(?P<behind>\s+{done}\b)?",
        "count": rf"(?<![\d/⁄∕.])\b(?P<count>\d+)\s+{said}(?P<state>{states}|{procedures})\b"
        rf"(?=\s*(?:[,;.)|]|{word['and']}\b|$))",
        "label": rf"^(?P<state>{states}|{word['total']})(?:\s+{procedures})?\s*:\s*(?P<count>\d+)$",
    }
    return {name: re.compile(pattern, re.IGNORECASE) for name, pattern in patterns.items()}


class _Scope(Struct, frozen=True):
    """What numbers are said of, and its count."""

    name: str
    tally: Tally

    def count(self, word: str) -> int | None:
        """Return the number of documents that a word counts; None for a word that counts nothing."""
        told = words()["claims"]
        if word in told["everything"]:
            return self.tally.total
        return sum(map(self.tally.count, told["states"][word])) if word in told["states"] else None


class _ClaimPlace(Struct, frozen=True):
    """Where numbers are stated, and of what."""

    path: str
    line: int
    scope: _Scope

    def of(self, text: str, match: re.Match[str]) -> Claim:
        """Hold "4 of 7" against the count."""
        done = self.scope.tally.completion
        stated, counted = f"{match['part']} of {match['whole']}", f"{done.part} of {done.whole}"
        holds = (int(match["part"]), int(match["whole"])) == (done.part, done.whole)
        return Claim(self.path, self.line, text, self.scope.name, stated, counted, holds)

    def percent(self, text: str, stated: str) -> Claim:
        """Hold a percentage against the count, as exactly as it is written."""
        places = len(stated.partition(".")[2])
        ratio = self.scope.tally.completion.ratio
        counted = "nothing to count" if ratio is None else f"{ratio * 100:.{places}f}%"
        holds = ratio is not None and abs(ratio * 100 - float(stated)) <= 0.5 * 10**-places + 1e-9
        return Claim(self.path, self.line, text, self.scope.name, f"{stated}%", counted, holds)

    def number(self, text: str, stated: str, counted: int) -> Claim:
        """Hold a plain number against the count."""
        holds = float(stated) == counted
        return Claim(self.path, self.line, text, self.scope.name, stated, str(counted), holds)


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
        start = passage.offset(0)
        scope = _scope(document, start, known) or own
        if scope:
            yield from _in_text(_ClaimPlace(host.path, document.source.line(start), scope), passage.text)
    for block in document.blocks:
        yield from _in_table(host.path, block, known, library)


def _scope(document: Document, offset: int, known: Mapping[str, _Scope]) -> _Scope | None:
    """Return the lifecycle that the nearest heading above a text names."""
    for title in reversed(document.path(document.section_at(offset))):
        for text in (title, _REMARK.sub("", title)):
            name = lifecycle_name(text)
            if title_key(name) in known:
                return known[title_key(name)]
    return None


def _in_text(place: _ClaimPlace, text: str) -> Iterator[Claim]:
    patterns = _patterns()
    for match in patterns["of"].finditer(text):
        yield place.of(text[match.start() : match.end("state")], match)
        if match["percent"]:
            yield place.percent(f"{match['percent']}%", match["percent"])
    for match in patterns["percent"].finditer(text):
        if match["behind"] or match["lead"]:
            yield place.percent(match[0], match["percent"])
    yield from _counts(place, text)


def _counts(place: _ClaimPlace, text: str) -> Iterator[Claim]:
    """Yield counts by status: "Defined: 5" alone, and "4 defined, 3 placeholders", where one count backs the other.

    One count in a sentence ("3 missing pages") may speak of anything.
    """
    label = _patterns()["label"].match(text.strip())
    listed = list(_patterns()["count"].finditer(text))
    several = len({match["state"].casefold() for match in listed}) > 1
    counts = listed if several else []
    for match in [label] if label else counts:
        counted = place.scope.count(match["state"].casefold())
        if counted is not None:
            yield place.number(match[0], match["count"], counted)


def _in_table(path: str, block: Block, known: Mapping[str, _Scope], library: _Scope) -> Iterator[Claim]:
    """Yield the numbers of a table with a column of lifecycles."""
    if block.kind != "table" or block.header is None:
        return
    keys = [section_key(cell.text) for cell in block.header.cells]
    home = next((keys.index(name) for name in words()["claims"]["homes"] if name in keys), None)
    if home is None:
        return
    for row in block.rows:
        scope = _row_scope(row, home, known, library)
        if scope:
            yield from _in_row(_ClaimPlace(path, row.line, scope), row, keys)


def _row_scope(row: TableRow, home: int, known: Mapping[str, _Scope], library: _Scope) -> _Scope | None:
    if home >= len(row.cells):
        return None
    key = title_key(lifecycle_name(row.cells[home].text))
    return library if key in words()["claims"]["library"] else known.get(key)


def _in_row(place: _ClaimPlace, row: TableRow, keys: list[str]) -> Iterator[Claim]:
    told = words()["claims"]
    for key, cell in zip(keys, row.cells, strict=False):
        text = cell.text.strip(" *_")
        number, part = _NUMBER.match(text), _patterns()["part"].fullmatch(text)
        completed = key in told["completion"] or key in told["done"]
        counted = place.scope.count(key)
        if number and number[2] and completed:
            yield place.percent(f"{key}: {text}", number[1])
        elif number and not number[2] and counted is not None:
            yield place.number(f"{key}: {text}", text, counted)
        elif part and completed:
            yield place.of(text, part)
