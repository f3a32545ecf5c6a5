"""Numbers the steps and sections of a document in order, and all that refers to them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from procauthor.checking.scope import Scope
from procauthor.convention.word import words
from procauthor.data import grouped
from procauthor.errors import ConflictError
from procauthor.library.change import Change
from procauthor.library.library import Procedure
from procauthor.library.reference import resolve
from procauthor.markdown.document import Document, Heading, Replacement, Section, heading_span
from procauthor.markdown.target import read_text
from procauthor.refactoring.relocation import Relocation
from procauthor.refactoring.rewrite import Rewriting
from procauthor.regex import any_of, lazy
from procauthor.template.spec import meaning_of

_NUMBER = lazy(r"\d+(?:\.\d+)*")
_SECTION = "section"


@lru_cache(maxsize=64)
def _heading(steps: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of a heading with a number, be it that of a step."""
    return re.compile(
        rf"(?P<word>(?:{any_of(steps)})\s+)?(?P<number>{_NUMBER.pattern})(?P<stop>[.):\s-]|$)", re.IGNORECASE
    )


@lru_cache(maxsize=64)
def _reference(steps: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of a mention of steps or sections, of one or of several."""
    joined = rf"(?:\s*[,&–-]\s*|\s+(?:{any_of(words()['flow']['joins'])})\s+)"
    series = rf"{_NUMBER.pattern}(?:{joined}{_NUMBER.pattern})*"
    return re.compile(
        rf"\b(?P<word>{any_of((*steps, _SECTION))})(?:[^\W\d_]{{1,2}})?\s+(?P<series>{series})", re.IGNORECASE
    )


class NumberedHeading(Struct, frozen=True):
    """A heading with a number: ``word`` is what a step is called, or "section"; the span is that of the number."""

    word: str
    old: str
    new: str
    start: int
    end: int
    line: int


def renumber(scope: Scope, procedure: Procedure) -> Change:
    """Return the change of `Refactoring.renumber`; an empty one where all is in order."""
    numbered = read_numbers(procedure.document, steps_of(procedure))
    changed = [n for n in numbered if n.old != n.new]
    if not changed:
        return Change((), f"renumber {procedure.title}")
    own = [Replacement(n.start, n.end, n.new) for n in changed]
    own += renumber_references(procedure, numbered)
    edits = {procedure.path: tuple(own)} | _link_edits(scope, procedure, numbered, own)
    changes = Rewriting(scope, Relocation(), edits).run()
    return Change(tuple(sorted(changes, key=lambda e: e.path != procedure.path)), f"renumber {procedure.title}")


def steps_of(procedure: Procedure) -> tuple[str, ...]:
    """Return what the steps of a document are called, without case."""
    return meaning_of(procedure.template).steps


def read_numbers(document: Document, steps: tuple[str, ...]) -> list[NumberedHeading]:
    """Return the numbered headings with the numbers that they should have: counted among those of one parent.

    Args:
        document: The document.
        steps: What its steps are called.
    """
    headings: list[NumberedHeading] = []
    counts: Counter[tuple[int | None, int, str]] = Counter()
    last: dict[str, int] = {}
    prefixes: dict[int, str] = {}
    for section in document.sections:
        match = _match(document, section, steps)
        if match is None or section.heading is None:
            continue
        word = (match["word"] or _SECTION).strip().casefold()
        *above, number = match["number"].split(".")
        key = (section.parent, section.level, word)
        if key not in counts:
            counts[key] = _first(int(number), last.get(word, 0), word) - 1
        counts[key] += 1
        last[word] = counts[key]
        prefix = prefixes.get(section.parent or 0, ".".join(above)) if above else ""
        new = f"{prefix}.{counts[key]}" if prefix else str(counts[key])
        prefixes[section.index] = new
        start, _ = heading_span(document, section.heading)
        start += len(match.string[: match.start("number")].encode())
        headings.append(NumberedHeading(word, match["number"], new, start, start + len(match["number"]), section.line))
    return headings


def _match(document: Document, section: Section, steps: tuple[str, ...]) -> re.Match[str] | None:
    heading = section.heading
    if heading is None or heading.level == 1 or heading.nested:
        return None
    match = _heading(steps).match(_written(document, heading))
    # "3 ways to deploy" is a title; "3. Deploy" and "Step 3" are numbered.
    plain = match is not None and not match["word"] and not match["stop"].strip() and "." not in match["number"]
    return None if plain else match


def _written(document: Document, heading: Heading) -> str:
    start, end = heading_span(document, heading)
    return document.source.raw[start:end].decode()


def _first(number: int, last: int, word: str) -> int:
    """Return where a series starts: at 0 or 1, or steps go on from the part before."""
    if number in (0, 1):
        return number
    return last + 1 if word != _SECTION else 1


# References


def renumber_references(procedure: Procedure, numbered: Sequence[NumberedHeading]) -> list[Replacement]:
    """Return replacements of "Step 2" and the like in running text of the document itself."""
    document = procedure.document
    news = _by_old(numbered)
    edits: list[Replacement] = []
    for run in document.runs:
        if run.heading or document.source.raw[run.start : run.end] != run.text.encode():
            continue
        edits += _references(procedure, run.text, run.start, news)
    return edits


def _by_old(numbered: Sequence[NumberedHeading]) -> dict[tuple[str, str], set[str]]:
    groups = grouped(((each.word, each.old), each.new) for each in numbered)
    return {old: set(news) for old, news in groups.items()}


def _references(
    procedure: Procedure, text: str, offset: int, news: Mapping[tuple[str, str], set[str]]
) -> Iterator[Replacement]:
    for match in _reference(steps_of(procedure)).finditer(text):
        for number in _NUMBER.finditer(text, match.start("series"), match.end("series")):
            known = news.get((match["word"].casefold(), number[0]), set())
            start = offset + len(text[: number.start()].encode())
            if len(known) > 1:
                line = procedure.document.source.line(start)
                message = f"{procedure.path}:{line}: {match[0]!r} may mean several, because the number appears twice"
                raise ConflictError(message, "nothing was changed; correct this reference by hand first")
            if known and (new := next(iter(known))) != number[0]:
                yield Replacement(start, start + len(number[0]), new)


def _link_edits(
    scope: Scope, procedure: Procedure, numbered: Sequence[NumberedHeading], own: list[Replacement]
) -> dict[str, tuple[Replacement, ...]]:
    """Return replacements of numbers in texts of links that lead to the document, by the path of their host."""
    news = _by_old(numbered)
    by_path: dict[str, tuple[Replacement, ...]] = {}
    for host in scope.library.procedures:
        edits: list[Replacement] = []
        for link in host.document.links:
            target = resolve(host.path, link.target)
            place = read_text(host.document, link) if target.path == procedure.path and target.anchor else None
            if place and not place.label:
                text = host.document.source.raw[place.start : place.end].decode()
                edits += _references(procedure, text, place.start, news)
        if host.path == procedure.path:
            by_path[host.path] = (*own, *edits)
        elif edits:
            by_path[host.path] = tuple(edits)
    return by_path
