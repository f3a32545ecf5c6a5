"""The grounding gate: what a draft claims must be in its brief or in the library, or a person has to confirm it.

Commands, paths, addresses, tools, roles, procedure names and quantities are looked up letter by letter. What is not
there is not taken out, because it may be right; it becomes an open question that says where it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, chain, combinations
from typing import Any

from procauthor.authoring.claim import (
    FENCED,
    WORDED_LANGUAGES,
    Kind,
    Particular,
    Quantity,
    find_claims,
    find_minutes,
    language_of,
    minutes_of,
    names_product,
)
from procauthor.authoring.evidence import OTHERS, Evidence, SourceText, open_claims, plain_of, texts_of
from procauthor.authoring.public import find_strange, is_name_of_program, is_option, names_place, names_suite
from procauthor.authoring.update.operation import Operation
from procauthor.authoring.update.outline import Outline
from procauthor.data import grouped
from procauthor.library.status import PROPOSED, UNVERIFIED, read_questions, told_first, without_proposals
from procauthor.regex import lazy
from procauthor.template.spec import Template

_MANY: Mapping[Kind, str] = {"command": "commands", "number": "numbers", "role": "roles"}
"""What is asked together: what is tried, who does it, and what is decided; all else is looked up."""
# Words with a capital inside a sentence: of a question they name the products that it is about.
_CAPITALISED = lazy(r"(?<=[\w,;/(] )(?P<word>[A-Z][A-Za-z]{2,})(?![\w-])")
# A product of so many letters may go on in the name of its program: RabbitMQ, rabbitmqctl.
_LONG_NAME = 4
_FUNCTION = lazy(r"^\s*(?:function\s+)?(\w+)\s*\(\)", re.MULTILINE)
# A time on the clock of the work: "T + 70 minutes".
_CLOCK = lazy(r"\b[A-Z]\w?\s?\+\s?\d[\d.,]*\s?[a-z]+")
_PROPOSED_VALUE = lazy(rf"{re.escape(PROPOSED)}([^;)]*)")
_LETTERS = lazy(r"[a-z0-9]+")


def unverified(
    template: Template, fields: Mapping[str, Any], evidence: Evidence, asked: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return open questions about the claims of a draft that the evidence does not hold, with where they are.

    The times that its steps set themselves are the author's, and no claims. ``asked`` are its other questions.
    """
    doers = [each for each in _doers(template, fields) if each[1].text]
    return doubt(_placed(template, fields), evidence, asked, list(_limits(template, fields)), doers)


def unverified_changes(
    outline: Outline, operations: Iterable[Operation], evidence: Evidence, asked: Sequence[str] = ()
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
        yield " ".join(chain.from_iterable(texts_of(row.get(name)) for name in parts))


def _written(outline: Outline, operations: Iterable[Operation]) -> Iterator[tuple[str, str]]:
    for operation in operations:
        # Of words that are exchanged, the new ones are written.
        values = operation.values[1:] if operation.action == "substitute" else operation.values
        place = f'"{outline.title(outline.targets[operation.target].section)}"'
        yield from ((place, text) for text in texts_of(list(values)))


def doubt(
    placed: Iterable[tuple[str, str]],
    evidence: Evidence,
    asked: Sequence[str] = (),
    limits: Sequence[str] = (),
    doers: Iterable[tuple[str, Particular]] = (),
) -> tuple[str, ...]:
    """Return an open question about the claims in texts that the evidence does not hold: one for all of them.

    A block of code is asked about once, and what it uses is asked about with it.

    Args:
        placed: Each text with its place, as the question names it.
        evidence: What the texts may rest on.
        asked: Questions that are open already: what they name is not asked again.
        limits: What the steps say of their own times, in order.
        doers: The roles of the steps, each with its place.
    """
    given = [(place, told_first(text)) for place, text in placed]
    texts = [(place, without_proposals(text)) for place, text in given]
    own = _Own(
        [text for _, text in texts],
        asked,
        frozenset(_products(asked, evidence)),
        _own_times([text for _, text in given], limits),
    )
    claims = chain(((0, *doer) for doer in doers), _claims(texts, own, evidence))
    places: dict[Particular, list[str]] = {}
    blocks: set[tuple[int, int]] = set()
    for number, place, claim in claims:
        bare = replace(claim, block=0)
        told = claim.kind == "command" and (number, claim.block) in blocks
        if told or (bare not in places and (own.explains(claim) or evidence.holds(claim))):
            continue
        if claim.kind == "command" and claim.block:
            blocks.add((number, claim.block))
        if place not in places.setdefault(bare, []):
            places[bare].append(place)
    return tuple(_together(places))


def _claims(texts: Iterable[tuple[str, str]], own: _Own, evidence: Evidence) -> Iterator[tuple[int, str, Particular]]:
    """Yield what texts claim, each with the number of its text and its place."""
    for number, (place, text) in enumerate(texts, start=1):
        for claim in find_claims(text):
            yield from ((number, place, part) for part in own.parts(claim, evidence))


@dataclass(frozen=True)
class _Own:
    """What a draft says of itself: its texts, what it asks, the products that it asks about, and its own times."""

    texts: Sequence[str]
    asked: Sequence[str]
    products: frozenset[str]
    times: frozenset[float]

    @cached_property
    def _code(self) -> SourceText:
        """The code in its blocks."""
        blocks = chain.from_iterable(map(FENCED.finditer, self.texts))
        return SourceText("\n".join(plain_of(b["body"]) for b in blocks if language_of(b) not in WORDED_LANGUAGES))

    @cached_property
    def _names(self) -> frozenset[str]:
        """Names that are a whole field, such as exit states."""
        return frozenset(map(str.strip, self.texts))

    @cached_property
    def _functions(self) -> frozenset[str]:
        return frozenset(chain.from_iterable(map(_FUNCTION.findall, self.texts)))

    @cached_property
    def _claimed(self) -> frozenset[str]:
        """What its questions, or those of its document, already doubt."""
        return frozenset(open_claims(list(self.asked)))

    @cached_property
    def _has_product(self) -> bool:
        """Whether it names a product, whose names are looked up in a manual."""
        return bool(self.products) or any(names_product(text) or names_suite(text) for text in self.texts)

    def parts(self, claim: Particular, evidence: Evidence) -> Iterator[Particular]:
        """Yield what of a claim only a team can know: of a command that nothing holds its own programs and names."""
        if claim.kind != "command" or is_option(claim.text) or evidence.holds(claim) or self._is_asked(claim):
            yield claim
            return
        for kind, text in find_strange(claim.text, self._functions):
            yield replace(claim, kind=kind, text=text)

    def _is_asked(self, claim: Particular) -> bool:
        return claim.quoted[1:-1] in self._claimed

    def explains(self, claim: Particular) -> bool:
        """Say whether a claim is asked about already, or is no fact of its own."""
        if self._is_asked(claim) or self._covers(claim):
            return True
        if claim.kind == "tool":
            return claim.text in self._names
        if claim.kind == "number":
            return bool(claim.quantities) and all(map(self._sets, claim.quantities))
        if claim.kind == "command" and is_option(claim.text):
            return True
        if claim.kind == "name" and self._has_product and is_name_of_program(claim.text):
            return True
        used = claim.kind in ("name", "path", "command") and "/" not in claim.text
        return used and not claim.block and self._code.states(plain_of(claim.text), folded=False)

    def _covers(self, claim: Particular) -> bool:
        """Say whether a question about a product covers a claim; a place of the team is asked for in any case."""
        if claim.kind not in ("command", "name", "tool") or names_place(claim.text):
            return False
        pieces = _LETTERS.findall(claim.text.casefold())
        return any(self._is_of_product(piece) for piece in pieces)

    def _is_of_product(self, piece: str) -> bool:
        beginnings = tuple(product for product in self.products if len(product) >= _LONG_NAME)
        return piece in self.products or piece.startswith(beginnings)

    def _sets(self, quantity: Quantity) -> bool:
        return minutes_of(quantity) in self.times


def _products(questions: Iterable[str], evidence: Evidence) -> set[str]:
    """Return the names of products in some questions: capitalised words that are no ordinary word of the library."""
    asked = (question for question in questions if not question.startswith(UNVERIFIED))
    words = chain.from_iterable(map(_CAPITALISED.finditer, asked))
    return evidence.strange(match["word"].casefold() for match in words)


def _own_times(texts: Iterable[str], limits: Sequence[str]) -> frozenset[float]:
    """Return the times in minutes that a draft sets or proposes, and what comes out when they are added."""
    steps = [max(find_minutes(limit), default=0) for limit in limits]
    said = chain.from_iterable((*_CLOCK.findall(text), *_PROPOSED_VALUE.findall(text)) for text in texts)
    single = set(chain.from_iterable(map(find_minutes, (*limits, *said))))
    pairs = {one + other for one, other in combinations(sorted(single), 2)}
    return frozenset(single | pairs | set(accumulate(steps)))


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
    """Yield each text with its place: ``step 3``, or the heading of its section. An example claims nothing."""
    for spec in template.sections:
        value = fields.get(spec.name)
        if spec.role == "example":
            continue
        if spec.kind == "steps" and isinstance(value, Sequence):
            for number, row in enumerate(value, start=1):
                yield from ((f"step {number}", text) for text in texts_of(row))
        else:
            yield from ((f'"{spec.heading}"', text) for text in texts_of(value))


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
            yield f"step {number}", Particular("role", " ".join(without_proposals(told_first(str(role))).split()))
