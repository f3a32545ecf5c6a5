"""What a draft may rest on: its brief, and the documents of the library as a reader sees them."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain

from procauthor.authoring.brief import Brief
from procauthor.authoring.claim import FENCED, MORE, Kind, Particular, find_quantities, names_of_unit, spellings
from procauthor.authoring.public import is_public_host, is_public_port
from procauthor.character import strip_hidden
from procauthor.library.library import Library, Procedure
from procauthor.library.status import UNVERIFIED, without_proposals
from procauthor.naming import title_key
from procauthor.regex import lazy
from procauthor.retrieval.chunk import chunk_document

OTHERS = "names and places"
"""What is asked together beside commands, roles and numbers."""
_CLAIMED = lazy(rf"^{UNVERIFIED}\w[\w ]+ [`\"](.+)[`\"] in ")
# Older documents have a question for the paths, and one for the names, of each place.
_SEVERAL = lazy(rf"^{UNVERIFIED}(?:commands|paths|names|numbers|roles|{OTHERS}) ")
_QUOTED = lazy(r"`([^`]+)`|\"([^\"]+)\"")
_CONTINUED = lazy(r"\\\r?\n")
_MARKUP = lazy(r"[`*]+|\\(?=[|_*#<>-])")
_HOLE = lazy(r"<[\w .-]+>|\{\{?[\w .-]+\}?\}|\$\{?[A-Za-z_]\w*\}?|\[[\w .-]+\]|\.\.\.|…")
_COMMENT = lazy(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_LETTERS = lazy(r"[a-z0-9]+")
_WINDOW = 60
_ROUGHLY = 240


class SourceText:
    """One text without marks, in which claims are looked up."""

    def __init__(self, plain: str) -> None:
        self._plain = plain

    @cached_property
    def _folded(self) -> str:
        return self._plain.casefold()

    def states(self, words: str, *, folded: bool) -> bool:
        """Say whether words are in the text as wholes; ``folded`` in any case."""
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
        self._texts: dict[tuple[str, str], SourceText] = {}

    def holding(self, procedures: Iterable[Procedure], may_hold: Callable[[bytes], object]) -> Iterator[SourceText]:
        """Yield the documents that may hold something, as their letters and digits tell."""
        return (self._text(procedure) for procedure in procedures if may_hold(self._letters_of(procedure)))

    def _letters_of(self, procedure: Procedure) -> bytes:
        key = (procedure.path, procedure.stamp)
        if key not in self._letters:
            self._letters[key] = _letters(procedure.source.raw)
        return self._letters[key]

    def _text(self, procedure: Procedure) -> SourceText:
        key = (procedure.path, procedure.stamp)
        if key not in self._texts:
            self._texts[key] = SourceText("\n".join(map(plain_of, _document_texts(procedure))))
        return self._texts[key]


# Names of days and months are written as those of tools are.
_CALENDAR = frozenset(chain(calendar.day_name, calendar.month_name))
# What the trade knows of each kind.
_PUBLIC: Mapping[Kind, Callable[[str], bool]] = {
    "URL": is_public_host,
    "address": is_public_host,
    "number": is_public_port,
    "tool": _CALENDAR.__contains__,
}


@dataclass(frozen=True)
class Evidence:
    """Everything that a draft may rest on: a text, and documents, which are read as far as claims need it."""

    own: SourceText
    titles: frozenset[str]
    procedures: Sequence[Procedure] = ()
    texts: DocumentTexts = field(default_factory=DocumentTexts)
    roles: tuple[str, ...] = ()

    @classmethod
    def of(cls, texts: Iterable[str], titles: Iterable[str] = ()) -> Evidence:
        """Take texts as evidence. Titles are names that may be used, whatever the texts say."""
        return cls(SourceText("\n".join(map(plain_of, texts))), frozenset(map(title_key, titles)))

    def holds(self, claim: Particular) -> bool:
        """Say whether a claim is here."""
        if claim.kind == "procedure":
            return any(title_key(name) in self.titles or self._is_written(name, folded=True) for name in claim.names)
        known = _PUBLIC.get(claim.kind)
        if known and known(claim.text):
            return True
        if claim.quantities:
            return all(self._measures(*each) for each in claim.quantities)
        if claim.kind == "role" and any(role in claim.text.casefold() for role in self.roles):
            return True
        # Case matters to a command and to a path; a tool, a role or a host has one name in any case.
        if self._is_written(plain_of(claim.text), folded=claim.kind in ("tool", "role", "address", "URL", "number")):
            return True
        return claim.kind == "URL" and self._is_written(claim.text.rstrip("/"), folded=True)

    def _is_written(self, words: str, *, folded: bool) -> bool:
        piece = max(_LETTERS.findall(_HOLE.sub(" ", words.lower())), key=len, default="").encode()
        return any(text.states(words, folded=folded) for text in self._holding(lambda letters: piece in letters))

    def _measures(self, number: str, unit: str) -> bool:
        pattern = re.compile(_roughly(number, unit).encode(), re.DOTALL)
        return any(text.measures(number, unit) for text in self._holding(pattern.search))

    def _holding(self, may_hold: Callable[[bytes], object]) -> Iterator[SourceText]:
        yield self.own
        yield from self.texts.holding(self.procedures, may_hold)


def _roughly(number: str, unit: str) -> str:
    """Return a pattern for a number with its unit not far behind, with what a reader does not see between them."""
    last = unit.partition(" per ")[0].rpartition(" ")[2]
    names = names_of_unit(last)
    names |= {"per"} if unit == "%" else set()
    # A single letter is a unit only at the number itself.
    signs = "|".join(name for name in names if len(name) == 1 and name.isalpha())
    far = "|".join(re.escape(name) for name in names if len(name) > 1 or not name.isalpha())
    numbers = "|".join(map(re.escape, _written_numbers(number)))
    behind = [rf".{{0,{_ROUGHLY}}}?(?:{far})", *([rf"(?:{signs})(?![a-z])"] if signs else [])]
    return rf"(?<![a-z0-9])(?:{numbers})(?:{'|'.join(behind)})"


def _letters(raw: bytes) -> bytes:
    """Return a document as the letters and digits that a reader may see side by side; what is between stays."""
    letters = raw.lower() if raw.isascii() else strip_hidden(raw.decode(errors="replace")).casefold().encode()
    if b"<!--" in letters:
        letters += b"\n" + _COMMENT.sub(b"", letters)
    return letters.translate(None, b"`*\\_~")


def _written_numbers(number: str) -> set[str]:
    """Return how a number may be written."""
    return set(chain.from_iterable((spelling, _grouped(spelling)) for spelling in spellings(number)))


def _grouped(number: str) -> str:
    return f"{int(number):,}" if number.isdigit() else number


def plain_of(text: str) -> str:
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

    Comments do not count, because a reader does not see them. Nor does what an earlier draft claimed and no person has
    confirmed yet: an invention must not become evidence by being accepted.
    """
    titles = [brief.request.title, *brief.titles, *(p.title for p in library.procedures)]
    said = Evidence.of(texts_of(brief.as_json()), titles)
    roles = tuple(map(str.casefold, brief.roles))
    return replace(said, roles=roles, procedures=library.procedures, texts=texts or DocumentTexts())


def document_texts(library: Library) -> Iterator[str]:
    """Yield the sections of all documents without comments, secrets and unconfirmed claims."""
    for procedure in library.procedures:
        yield from _document_texts(procedure)


def _document_texts(procedure: Procedure) -> Iterator[str]:
    claims = list(open_claims(procedure.document.metadata.get("open_questions")))
    proposals = [q.value for q in procedure.questions if q.kind == "proposal"]
    for chunk in chunk_document(procedure.path, procedure.document):
        text = without_proposals(f"{chunk.heading}\n{chunk.text}", proposals)
        for claim in claims:
            text = _without(text, claim)
        yield text


def open_claims(questions: object) -> Iterator[str]:
    """Yield the claims that the questions of a document doubt."""
    for item in map(str, questions if isinstance(questions, list) else []):
        match = _CLAIMED.match(item)
        if match and _SEVERAL.match(item):
            yield from (one or other for one, other in _QUOTED.findall(item))
        elif match:
            yield match[1]


def _without(text: str, claim: str) -> str:
    """Return a text without a claim that is open. One in a block of code speaks for the whole block."""
    words = claim.removesuffix(MORE)
    return FENCED.sub(lambda block: "" if words in plain_of(block[0]) else block[0], text).replace(words, "\u2022")


def texts_of(value: object) -> Iterator[str]:
    """Yield the texts of a field, or of anything else that JSON can hold."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from texts_of(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts_of(each)
