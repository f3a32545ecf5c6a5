"""Looks at a whole draft: at the page that its reader gets, by its author or by a second model."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from procauthor.authoring.brief import AskForm
from procauthor.authoring.claim import find_minutes
from procauthor.authoring.draft import QUESTION_RULES
from procauthor.authoring.outline import AIM
from procauthor.authoring.page import Action, DraftPage, PageEdit
from procauthor.authoring.passage import Lead
from procauthor.finding import Finding
from procauthor.library.status import list_proposals
from procauthor.markdown.document import write_link
from procauthor.template.render import Names, is_left_out
from procauthor.template.spec import SectionSpec, Template

MOST_OPEN = 8
"""The proposals and questions that a draft may have: more is not decided in one sitting."""
_MOST_EDITS = 80
_LONGEST, _LONG = 8, 60
"""So many long passages are named, of so many words at least."""
# What is asked beside the page, and what another procedure has to correct: that it takes an output of this one.
_NOT_HERE = frozenset((*QUESTION_RULES, "contract-not-reciprocal"))
# A time of day, or one on the clock of the work.
_CLOCK = re.compile(r"\+\s?\d|\d:\d\d")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
# Steps with such parts are done at the same time, or more than once.
_NOT_ONCE = ("beside", "repeat")
_CLOSED = ConfigDict(extra="forbid")


class LookEdit(BaseModel):
    """An edit of one passage of the page."""

    model_config = _CLOSED
    passage: int = Field(description="The number in front of the passage.")
    action: Action
    text: str = Field(description="Lines of the page as they shall read; empty to delete.")


class LookReply(BaseModel):
    """What a last look changes."""

    model_config = _CLOSED
    edits: list[LookEdit] = Field(description="At most eighty, the gravest first.")
    settled: list[int] = Field(description="Numbers of questions that are answered.")


@dataclass(frozen=True, slots=True)
class LookState:
    """What is shown for a look, besides the page: ``proposals`` are counted in it, and ``first`` is the first look."""

    findings: Sequence[Finding]
    questions: Sequence[str]
    leads: Sequence[Lead]
    doubts: Sequence[str]
    proposals: int
    times: str
    first: bool = True


def look_form(mark: str, title: str, page: DraftPage, seen: LookState) -> AskForm:
    """Return what a model is asked when it looks at a draft for the last time."""
    questions = [
        {
            "number": number,
            "question": question,
            "places": [
                f"{lead.title}, {lead.heading}: {lead.text}" for lead in seen.leads if lead.question == question
            ],
        }
        for number, question in enumerate(seen.questions, start=1)
    ]
    words = {
        "mark": mark,
        "title": title,
        "page": page.numbered(),
        "labels": page.labels,
        "unset": page.unset,
        "words": page.words,
        "least": AIM[0],
        "most": AIM[1],
        "longest": [f"[{number}] {count}" for number, count in page.longest(_LONGEST, _LONG).items()],
        "times": seen.times,
        "findings": [finding.message for finding in seen.findings if finding.rule not in _NOT_HERE],
        "doubts": list(seen.doubts),
        "questions": questions,
        "proposals": seen.proposals,
        "open": seen.proposals + len(seen.questions) + bool(seen.doubts),
        "room": MOST_OPEN,
        "edits": _MOST_EDITS,
        "first": seen.first,
    }
    return AskForm(LookReply, (("look/ask", words),), briefed=seen.first)


def read_edits(edits: Sequence[Mapping[str, Any]], links: Mapping[str, str]) -> list[PageEdit]:
    """Return the edits of a reply, as many as count; where one names a document, it is linked as on the page."""
    names = Names(title for title, path in links.items() if path)
    texts = (names.replace(edit["text"], lambda title: write_link(title, links[title])) for edit in edits)
    return [PageEdit(e["passage"], e["action"], text) for e, text in zip(edits[:_MOST_EDITS], texts, strict=False)]


def take_fitting(
    edits: Sequence[PageEdit], fits: Callable[[Sequence[PageEdit]], bool], taken: Sequence[PageEdit] = ()
) -> list[PageEdit]:
    """Return the edits that fit together, without those that do not.

    Args:
        edits: What is wanted, in order.
        fits: Says whether some edits can be made together.
        taken: Edits before them that do fit.
    """
    if not edits or fits([*taken, *edits]):
        return [*taken, *edits]
    if len(edits) == 1:
        return list(taken)
    half = len(edits) // 2
    return take_fitting(edits[half:], fits, take_fitting(edits[:half], fits, taken))


def add_times(template: Template, fields: Mapping[str, Any]) -> str:
    """Return the limits of the steps as they are written, and their sum where it is certain; empty without any.

    A limit is what the second field of the part that says who does a step holds. The sum is that of steps that are
    done once, one after the other, each within one duration. Two durations are two ways through a step ("1 day, urgent
    2 hours"), "1 day for each 20 pages" depends on the case, and a time on a clock ("T + 20 minutes") counts from
    elsewhere.
    """
    workflow = template.of_role("workflow")
    who = next((part for part in workflow.parts if part.role == "who"), None) if workflow else None
    if workflow is None or who is None or who.pattern is None or len(who.pattern.slots) < 2:  # noqa: PLR2004
        return ""
    slot, rows = who.pattern.slots[1].name, list(fields.get(workflow.name) or ())
    others = [part.name for part in workflow.parts if part.role in _NOT_ONCE]
    given = (row.get(who.name) for row in rows)
    limits = [list_proposals(each.get(slot) or "")[0] if isinstance(each, Mapping) else "" for each in given]
    said = [f"step {number}: {limit}" for number, limit in enumerate(limits, start=1) if limit]
    durations = list(chain.from_iterable(map(_duration, limits)))
    once = not any(any(map(row.get, others)) for row in rows)
    if said and once and len(durations) == len(rows):
        said.insert(0, f"together {_spell(sum(durations))}")
    return "; ".join(said)


def _duration(limit: str) -> list[float]:
    """Return the minutes of a limit that is one duration, and holds no second number and no time on a clock."""
    minutes = find_minutes(limit)
    single = len(minutes) == 1 and len(_NUMBER.findall(limit)) <= 1 and not _CLOCK.search(limit)
    return minutes if single else []


def _spell(minutes: float) -> str:
    days, rest = divmod(round(minutes * 60), 24 * 60 * 60)
    hours, rest = divmod(rest, 60 * 60)
    units = ((days, "d"), (hours, "h"), (rest // 60, "min"), (rest % 60, "s"))
    return " ".join(f"{number} {unit}" for number, unit in units if number)


def carry(kept: Any, old: Any, new: Any) -> Any:
    """Return a value of an edited page, in which all that the edits left alone is as it was before it became a page.

    Args:
        kept: The value that was rendered.
        old: What the page before its edits is read as.
        new: What the page after them is read as.
    """
    if new == old:
        return kept
    if isinstance(kept, Mapping) and isinstance(old, Mapping) and isinstance(new, Mapping):
        return {name: carry(kept.get(name), old.get(name), value) for name, value in new.items()}
    if isinstance(kept, list) and isinstance(old, list) and isinstance(new, list) and len(kept) == len(old):
        return list(_carried(kept, old, new))
    return new


def _carried(kept: Sequence[Any], old: Sequence[Any], new: Sequence[Any]) -> Iterator[Any]:
    """Yield the items of an edited list; one that took the place of another keeps of it what is the same."""
    before, after = ([json.dumps(each, sort_keys=True) for each in side] for side in (old, new))
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            yield from kept[a:b]
        elif b - a == d - c:
            yield from map(carry, kept[a:b], old[a:b], new[c:d])
        else:
            yield from new[c:d]


def without_empty(template: Template, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a page without the optional sections and parts that hold nothing any more."""
    return dict(_filled(template, fields))


def _filled(template: Template, fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    specs = {spec.name: spec for spec in template.sections}
    for name, value in fields.items():
        parts = {part.name: part for part in specs[name].parts}
        if is_left_out(specs[name], value):
            yield name, None
        elif parts:
            yield name, [_without_left_out(parts, row) for row in value]
        else:
            yield name, value


def _without_left_out(parts: Mapping[str, SectionSpec], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a step without its empty optional parts: where an edit took the last decision, no word of it is left."""
    optional = {name for name, part in parts.items() if part.constraint.optional}
    return {
        name: value
        for name, value in row.items()
        if not (name in optional and value == []) and not (name in parts and is_left_out(parts[name], value))
    }
