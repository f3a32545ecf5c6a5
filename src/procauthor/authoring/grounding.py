"""The grounding gate: what a draft claims of its team must be in its brief or in the library, or a person confirms it.

What only the team can know is looked up letter by letter: its programs, places, tools, roles, documents and limits.
What is not there is not taken out, because it may be right; it becomes an open question that says where it is. What
the trade knows is no question: an option of a command, a product, a name in a program.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, combinations
from typing import Any

from procauthor.authoring.claim import Kind, Particular, find_claims, find_minutes, minutes_of
from procauthor.authoring.evidence import OTHERS, Evidence, open_claims, texts_of
from procauthor.authoring.public import find_places, find_programs, is_public_path
from procauthor.authoring.update.operation import Operation
from procauthor.authoring.update.outline import Outline
from procauthor.data import grouped, ungrouped
from procauthor.library.status import PROPOSED, UNVERIFIED, read_questions, told_first, without_proposals
from procauthor.regex import lazy
from procauthor.template.spec import Template

_MANY: Mapping[Kind, str] = {"command": "commands", "number": "numbers", "role": "roles"}
"""What is asked together: what is tried, who does it, and what is decided; all else is looked up."""
_FUNCTION = lazy(r"\b(\w+)\s*\(\)")
# A time on the clock of the work: "T + 70 minutes".
_CLOCK = lazy(r"\b[A-Z]\w?\s?\+\s?\d[\d.,]*\s?[a-z]+")
_PROPOSED_VALUE = lazy(rf"{re.escape(PROPOSED)}([^;)]*)")
# An example claims nothing, and a card only what the steps say.
_NO_CLAIMS = frozenset(("example", "card"))


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
    places: dict[Particular, list[str]] = {}
    programs: dict[str, Particular] = {}
    for place, claim in chain(doers, claims):
        if evidence.holds(claim) or claim.quoted[1:-1] in claimed:
            continue
        for each in _of_team(claim, functions, times):
            # A program is asked about once, with the first command of it.
            part = programs.get(each.text.split()[0], each) if each.kind == "command" else each
            asked_for = part in places or not (evidence.holds(part) or part.quoted[1:-1] in claimed)
            if asked_for and part.kind == "command":
                programs[part.text.split()[0]] = part
            if asked_for and place not in places.setdefault(part, []):
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
            # Behind a comma is who else is there, or what the role is.
            name, _, _ = without_proposals(str(role)).partition(",")
            yield f"step {number}", Particular("role", " ".join(name.split()))
