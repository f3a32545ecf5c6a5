"""The grounding gate: what a draft claims of its team must be in its brief or in the library, or a person confirms it.

What only the team can know is looked up letter by letter: its programs, places, tools, roles, documents and limits.
What is not there is not taken out, because it may be right; it becomes an open question that says where it is. What
the trade knows is no question: an option of a command, a product, a name in a program.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate, chain, combinations
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from procauthor.authoring.brief import Brief
from procauthor.authoring.claim import (
    FENCED,
    MORE,
    Kind,
    Particular,
    find_claims,
    find_minutes,
    find_quantities,
    minutes_of,
    names_of_unit,
    spellings,
)
from procauthor.authoring.public import find_places, find_programs, is_public_host, is_public_path, is_public_port
from procauthor.authoring.update.operation import Operation
from procauthor.authoring.update.outline import EditOutline
from procauthor.character import strip_hidden
from procauthor.data import OnDemand, grouped, texts_in, ungrouped
from procauthor.library.library import Library, Procedure
from procauthor.library.status import PROPOSED, UNVERIFIED, read_questions, told_first, without_proposals
from procauthor.naming import title_key
from procauthor.regex import lazy
from procauthor.retrieval.chunk import chunk_document
from procauthor.template.spec import Template

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
_LETTERS = lazy(rb"[a-z0-9]+")
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


class Evidence(Struct, frozen=True):
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
        # A long piece is in few documents.
        pieces = sorted(_LETTERS.findall(_HOLE.sub(" ", words.lower()).encode()), key=len, reverse=True)
        texts = self._holding(lambda letters: all(piece in letters for piece in pieces))
        return any(text.states(words, folded=folded) for text in texts)

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


def gather_evidence(brief: Brief, library: Library, texts: DocumentTexts) -> Evidence:
    """Return what the brief and the library say; ``texts`` may remember documents from one brief to the next.

    Comments do not count, because a reader does not see them. Nor does what an earlier draft claimed and no person has
    confirmed yet: an invention must not become evidence by being accepted.
    """
    titles = [brief.request.title, *brief.titles, *(p.title for p in library.procedures)]
    said = Evidence.of(texts_in(brief.as_json()), titles)
    roles = tuple(map(str.casefold, brief.roles))
    return replace(said, roles=roles, procedures=library.procedures, texts=texts)


def document_texts(library: Library) -> Iterator[str]:
    """Yield the sections of all documents without comments, secrets and unconfirmed claims."""
    for procedure in library.procedures:
        yield from _document_texts(procedure)


def _document_texts(procedure: Procedure) -> Iterator[str]:
    claims = list(open_claims(procedure.document.metadata.get("open_questions")))
    proposals = [q.value for q in procedure.questions if q.kind == "proposal"]
    for chunk in chunk_document(procedure.path, procedure.source, procedure.outline):
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


_MANY: Mapping[Kind, str] = {"command": "commands", "number": "numbers", "role": "roles"}
"""What is asked together: what is tried, who does it, and what is decided; all else is looked up."""
_FUNCTION = lazy(r"\b(\w+)\s*\(\)")
# A time on the clock of the work: "T + 70 minutes".
_CLOCK = lazy(r"\b[A-Z]\w?\s?\+\s?\d[\d.,]*\s?[a-z]+")
_PROPOSED_VALUE = lazy(rf"{re.escape(PROPOSED)}([^;)]*)")
# An example claims nothing, and a card only what the steps say.
_NO_CLAIMS = frozenset(("example", "card"))


def unverified(
    template: Template, fields: Mapping[str, Any], evidence: Evidence, asked: Sequence[str]
) -> tuple[str, ...]:
    """Return open questions about the claims of a draft that the evidence does not hold, with where they are.

    The times that its steps set themselves are the author's, and no claims. ``asked`` are its other questions.
    """
    doers = [each for each in _doers(template, fields) if each[1].text]
    return doubt(_placed(template, fields), evidence, asked, list(_limits(template, fields)), doers)


def unverified_changes(
    outline: EditOutline, operations: Iterable[Operation], evidence: Evidence, asked: Sequence[str]
) -> tuple[str, ...]:
    """Return open questions about the claims in what operations write that the evidence does not hold.

    ``asked`` are the questions that are asked beside them. What the document asks is not asked again either.
    """
    own = (question.text for question in read_questions(outline.document, None) if question.kind == "question")
    return doubt(_written(outline, operations), evidence, (*asked, *own))


def _limits(template: Template, fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the part of each step says that holds who does it, and within what time."""
    workflow = template.of_role("workflow")
    parts = [part.name for part in workflow.parts if part.role == "who"] if workflow else []
    for row in (workflow and fields.get(workflow.name)) or ():
        yield " ".join(chain.from_iterable(texts_in(row.get(name)) for name in parts))


def _written(outline: EditOutline, operations: Iterable[Operation]) -> Iterator[tuple[str, str]]:
    for operation in operations:
        # Of words that are exchanged, the new ones are written.
        values = operation.values[1:] if operation.action == "substitute" else operation.values
        place = f'"{outline.title(outline.targets[operation.target].section)}"'
        yield from ((place, text) for text in texts_in(list(values)))


def doubt(
    placed: Iterable[tuple[str, str]],
    evidence: Evidence,
    asked: Sequence[str] = (),
    limits: Sequence[str] = (),
    doers: Iterable[tuple[str, Particular]] = (),
) -> tuple[str, ...]:
    """Return an open question about what texts claim of the team and the evidence does not hold: one for all of it.

    Args:
        placed: Each text with its place, as the question names it.
        evidence: What the texts may rest on.
        asked: Questions that are open already: what they name is not asked again.
        limits: What the steps say of their own times, in order.
        doers: The roles of the steps, each with its place.
    """
    given = [(place, told_first(text)) for place, text in placed]
    texts = [(place, without_proposals(text)) for place, text in given]
    claimed = frozenset(open_claims(list(asked)))
    functions = frozenset(chain.from_iterable(_FUNCTION.findall(text) for _, text in texts))
    times = _own_times([text for _, text in given], limits)
    claims = ungrouped((place, find_claims(text)) for place, text in texts)
    known = OnDemand[Particular, bool](lambda each: evidence.holds(each) or each.quoted[1:-1] in claimed)
    places: dict[Particular, list[str]] = {}
    programs: dict[str, Particular] = {}
    for place, claim in chain(doers, claims):
        if known[claim]:
            continue
        for each in _of_team(claim, functions, times):
            # A program is asked about once, with the first command of it.
            part = programs.get(each.text.split()[0], each) if each.kind == "command" else each
            if known[part]:
                continue
            if part.kind == "command":
                programs[part.text.split()[0]] = part
            if place not in places.setdefault(part, []):
                places[part].append(place)
    return tuple(_together(places))


def _of_team(claim: Particular, functions: frozenset[str], times: frozenset[float]) -> Iterator[Particular]:
    """Yield what of a claim only a team can know: its programs, places, roles, tools, documents and limits."""
    if claim.kind in ("command", "name"):
        programs = find_programs(claim.text, functions) if claim.kind == "command" else ()
        yield from (Particular("command", program) for program in programs)
        yield from (Particular("place", place) for place in find_places(claim.text))
    elif claim.kind == "path":
        yield from () if is_public_path(claim.text) else (claim,)
    elif not claim.quantities or any(minutes_of(quantity) not in times for quantity in claim.quantities):
        yield claim


def _own_times(texts: Iterable[str], limits: Sequence[str]) -> frozenset[float]:
    """Return the times in minutes that a draft sets or proposes, and what comes out when they are added."""
    steps = [max(find_minutes(limit), default=0) for limit in limits]
    said = chain.from_iterable((*_CLOCK.findall(text), *_PROPOSED_VALUE.findall(text)) for text in texts)
    single = set(chain.from_iterable(map(find_minutes, (*limits, *said))))
    pairs = {one + other for one, other in combinations(sorted(single), 2)}
    # A quantity that is no time has no minutes either, and is none of them.
    return frozenset(single | pairs | set(accumulate(steps))) - {0}


def _together(places: Mapping[Particular, Sequence[str]]) -> Iterator[str]:
    """Yield one question for all that is open: commands, then names and places, then numbers, as they come."""
    groups = grouped((_MANY.get(claim.kind, OTHERS), claim) for claim in places)
    listed: list[str] = []
    for group, claims in groups.items():
        kind = claims[0].kind if len(places) == 1 else group
        said = (f"{claim.quoted} in {' and '.join(places[claim])}" for claim in claims)
        listed.append(f"{kind} {'; '.join(dict.fromkeys(said))}")
    if listed:
        yield UNVERIFIED + "; ".join(listed)


def _placed(template: Template, fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each text with its place: ``step 3``, or the heading of its section."""
    for spec in template.sections:
        value = fields.get(spec.name)
        if spec.role in _NO_CLAIMS:
            continue
        if spec.kind == "steps" and isinstance(value, Sequence):
            for number, row in enumerate(value, start=1):
                yield from ((f"step {number}", text) for text in texts_in(row))
        else:
            yield from ((f'"{spec.heading}"', text) for text in texts_in(value))


def _doers(template: Template, fields: Mapping[str, Any]) -> Iterator[tuple[str, Particular]]:
    """Yield the role of each step with its place, where the part that says who does it has a field for a role."""
    workflow = template.of_role("workflow")
    part = next((part for part in workflow.parts if part.role == "who"), None) if workflow else None
    slots = part.pattern.slots if part and part.pattern else ()
    rows = (workflow and fields.get(workflow.name)) or () if slots else ()
    for number, row in enumerate(rows, start=1):
        who = row.get(part.name) if part else None
        role = who.get(slots[0].name) if isinstance(who, Mapping) else None
        if role:
            # Behind a comma is who else is there, or what the role is.
            name, _, _ = without_proposals(str(role)).partition(",")
            yield f"step {number}", Particular("role", " ".join(name.split()))
