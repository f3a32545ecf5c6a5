"""The grounding gate: what a draft claims must stand in its brief or in the library, or a person has to confirm it.

Commands, paths, addresses, tools, procedure names and quantities are looked up letter by letter. What is not found is
not taken out, because it may be right; it becomes an open question that says where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from procauthor.authoring.brief import Brief
from procauthor.authoring.claim import Particular, find_claims, find_quantities, spellings
from procauthor.authoring.public import is_public
from procauthor.authoring.update.operation import Operation
from procauthor.authoring.update.outline import Outline
from procauthor.character import strip_hidden
from procauthor.library.library import Library, Procedure
from procauthor.library.question import UNVERIFIED, without_proposals
from procauthor.naming import title_key
from procauthor.retrieval.chunk import chunk_document
from procauthor.template.spec import Template

_CLAIMED = re.compile(rf"^{UNVERIFIED}\w+ [`\"](.+)[`\"] in ")
_CONTINUED = re.compile(r"\\\r?\n")
_MARKUP = re.compile(r"[`*]+|\\(?=[|_*#<>-])")
_HOLE = re.compile(r"<[\w .-]+>|\{\{?[\w .-]+\}?\}|\$\{?[A-Za-z_]\w*\}?|\[[\w .-]+\]|\.\.\.|…")
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_LETTERS = re.compile(r"[a-z0-9]+")
_WINDOW = 60


class _Text:
    """One text without marks, in which claims are looked up."""

    def __init__(self, plain: str) -> None:
        self._plain = plain

    @cached_property
    def _folded(self) -> str:
        return self._plain.casefold()

    def states(self, words: str, *, folded: bool) -> bool:
        """Say whether words stand in the text as wholes; ``folded`` in any case."""
        text, words = (self._folded, words.casefold()) if folded else (self._plain, words)
        if _HOLE.search(words) and _pattern(words).search(text):
            return True
        position = text.find(words)
        while position != -1:
            if _is_whole(text, position, position + len(words)):
                return True
            position = text.find(words, position + 1)
        return False

    def measures(self, number: str, unit: str) -> bool:
        """Say whether the text has a quantity, in any spelling."""
        for written in _written_numbers(number):
            for match in re.finditer(rf"(?<!\w){re.escape(written)}", self._folded):
                around = self._folded[max(0, match.start() - _WINDOW) : match.end() + _WINDOW]
                if (number, unit) in find_quantities(around):
                    return True
        return False


class DocumentTexts:
    """Documents as evidence. One is read closely only where it may hold what is looked for, and then remembered."""

    def __init__(self) -> None:
        self._letters: dict[tuple[str, str], bytes] = {}
        self._texts: dict[tuple[str, str], _Text] = {}

    def holding(self, procedures: Iterable[Procedure], pieces: Iterable[str]) -> Iterator[_Text]:
        """Yield the documents that may hold one of some pieces of words, which are letters and digits only."""
        sought = [piece.encode() for piece in pieces]
        for procedure in procedures:
            letters = self._letters_of(procedure)
            if any(piece in letters for piece in sought):
                yield self._text(procedure)

    def _letters_of(self, procedure: Procedure) -> bytes:
        key = (procedure.path, procedure.stamp)
        if key not in self._letters:
            self._letters[key] = _letters(procedure.source.raw)
        return self._letters[key]

    def _text(self, procedure: Procedure) -> _Text:
        key = (procedure.path, procedure.stamp)
        if key not in self._texts:
            self._texts[key] = _Text("\n".join(map(_plain, _document_texts(procedure))))
        return self._texts[key]


@dataclass(frozen=True)
class Evidence:
    """Everything that a draft may rest on: a text, and documents, which are read as far as claims need it."""

    own: _Text
    titles: frozenset[str]
    procedures: Sequence[Procedure] = ()
    texts: DocumentTexts = field(default_factory=DocumentTexts)

    @classmethod
    def of(cls, texts: Iterable[str], titles: Iterable[str] = ()) -> Evidence:
        """Take texts as evidence. Titles are names that may be used, whatever the texts say."""
        return cls(_Text("\n".join(map(_plain, texts))), frozenset(map(title_key, titles)))

    def holds(self, claim: Particular) -> bool:
        """Say whether a claim stands here."""
        if claim.kind == "procedure":
            return any(title_key(name) in self.titles or self._stands(name, folded=True) for name in claim.names)
        if claim.kind == "command" and is_public(claim.text):
            return True
        if claim.quantities:
            return all(self._measures(*each) for each in claim.quantities)
        # Case matters to a command and to a path; a tool or a host has one name in any case.
        if self._stands(_plain(claim.text), folded=claim.kind in ("tool", "address", "URL", "number")):
            return True
        return claim.kind == "URL" and self._stands(claim.text.rstrip("/"), folded=True)

    def _stands(self, words: str, *, folded: bool) -> bool:
        piece = max(_LETTERS.findall(_HOLE.sub(" ", words.lower())), key=len, default="")
        return any(text.states(words, folded=folded) for text in self._holding(piece))

    def _measures(self, number: str, unit: str) -> bool:
        pieces = (_LETTERS.findall(written)[0] for written in _written_numbers(number))
        return any(text.measures(number, unit) for text in self._holding(*pieces))

    def _holding(self, *pieces: str) -> Iterator[_Text]:
        yield self.own
        yield from self.texts.holding(self.procedures, pieces)


def _letters(raw: bytes) -> bytes:
    """Return a document as the letters and digits that a reader may see side by side; what is between stays."""
    letters = raw.lower() if raw.isascii() else strip_hidden(raw.decode(errors="replace")).casefold().encode()
    if b"<!--" in letters:
        letters += b"\n" + _COMMENT.sub(b"", letters)
    return letters.translate(None, b"`*\\_~")


def _written_numbers(number: str) -> set[str]:
    """Return how a number may be written."""
    return {written for spelling in spellings(number) for written in (spelling, _grouped(spelling))}


def _grouped(number: str) -> str:
    return f"{int(number):,}" if number.isdigit() else number


def _plain(text: str) -> str:
    """Return a text without the marks of inline code and emphasis, its spaces folded."""
    return " ".join(_MARKUP.sub("", _CONTINUED.sub(" ", text)).split())


def _is_whole(text: str, start: int, end: int) -> bool:
    """Say whether a match is no piece of a longer word, file name or option."""
    before, after = text[start - 1 : start], text[end : end + 2]
    if re.match(r"[\w-]", before) and re.match(r"[\w-]", text[start]):
        return False
    if before == "." and text[start].isalnum() and re.match(r"\w", text[start - 2 : start - 1]):
        return False
    return not re.match(r"[\w-]|\.\w", after) or not re.match(r"[\w-]", text[end - 1])


def _pattern(words: str) -> re.Pattern[str]:
    """Return a pattern in which a hole such as ``<name>`` takes one word."""
    inside = r"\S+".join(re.escape(piece) for piece in _HOLE.split(words))
    return re.compile(rf"(?<![\w-]){inside}(?![\w-])")


def gather_evidence(brief: Brief, library: Library, texts: DocumentTexts | None = None) -> Evidence:
    """Return what the brief and the library say; ``texts`` may remember documents from one brief to the next.

    Comments do not count, because a reader does not see them. Nor does what an earlier draft claimed and nobody has
    confirmed yet: an invention must not become evidence by being accepted.
    """
    titles = [brief.request.title, *brief.titles, *(p.title for p in library.procedures)]
    said = Evidence.of(_texts(brief.as_json()), titles)
    return replace(said, procedures=library.procedures, texts=texts or DocumentTexts())


def document_texts(library: Library) -> Iterator[str]:
    """Yield the sections of all documents without comments, secrets and claims that nobody has confirmed."""
    for procedure in library.procedures:
        yield from _document_texts(procedure)


def _document_texts(procedure: Procedure) -> Iterator[str]:
    open_claims = _open_claims(procedure.document.metadata.get("open_questions"))
    for chunk in chunk_document(procedure.path, procedure.document):
        text = without_proposals(f"{chunk.heading}\n{chunk.text}")
        for claim in open_claims:
            text = text.replace(claim, "\u2022")
        yield text


def _open_claims(questions: object) -> list[str]:
    items = questions if isinstance(questions, list) else []
    matches = (_CLAIMED.match(str(item)) for item in items)
    return [match[1] for match in matches if match]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def unverified(template: Template, fields: Mapping[str, Any], evidence: Evidence) -> tuple[str, ...]:
    """Return an open question for each claim of a draft that the evidence does not hold, with where it stands."""
    return doubt(_placed(template, fields), evidence)


def unverified_changes(outline: Outline, operations: Iterable[Operation], evidence: Evidence) -> tuple[str, ...]:
    """Return an open question for each claim in what operations write that the evidence does not hold."""
    return doubt(_written(outline, operations), evidence)


def _written(outline: Outline, operations: Iterable[Operation]) -> Iterator[tuple[str, str]]:
    for operation in operations:
        # Of words that are exchanged, the new ones are written.
        values = operation.values[1:] if operation.action == "substitute" else operation.values
        place = f'"{outline.title(outline.targets[operation.target].section)}"'
        yield from ((place, text) for text in _texts(list(values)))


def doubt(placed: Iterable[tuple[str, str]], evidence: Evidence) -> tuple[str, ...]:
    """Return an open question for each claim in texts that the evidence does not hold.

    Args:
        placed: Each text with its place, as the question names it.
        evidence: What the texts may rest on.
    """
    places: dict[str, list[str]] = {}
    for place, text in placed:
        for claim in find_claims(without_proposals(text)):
            known = places.get(str(claim))
            if known is None and evidence.holds(claim):
                continue
            known = places.setdefault(str(claim), [])
            if place not in known:
                known.append(place)
    return tuple(f"{UNVERIFIED}{claim} in {' and '.join(found)}" for claim, found in places.items())


def _placed(template: Template, fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each text of a draft with its place: ``step 3``, or the heading of its section."""
    for spec in template.sections:
        value = fields.get(spec.name)
        if spec.kind == "steps" and isinstance(value, Sequence):
            for number, row in enumerate(value, start=1):
                yield from ((f"step {number}", text) for text in _texts(row))
        else:
            yield from ((f'"{spec.heading}"', text) for text in _texts(value))
